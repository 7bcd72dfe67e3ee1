/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The handle: opening and claiming the table, counters, drift, other tables. Changes are in
 * apply.c. */
#include "fw/nft/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

#include "fw/nft/gate_plan.h"
#include "fw/nft/int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

/* ---- errors ---- */

static const char *thing(uint16_t type)
{
	switch (type) {
	case NFT_MSG_NEWTABLE: return "table";
	case NFT_MSG_NEWCHAIN: return "chain";
	case NFT_MSG_NEWRULE: return "rule";
	case NFT_MSG_NEWSET: return "set";
	case NFT_MSG_NEWSETELEM: return "set element";
	case NFT_MSG_NEWOBJ: return "counter";
	default: return "change";
	}
}

int fw_nft_refused(const struct fw_nft_answer *a, uint32_t ref, struct sk_err *err)
{
	char path[32] = "kernel", more[32] = "";

	if (ref)
		snprintf(path, sizeof(path), "rule[%u]", ref);
	if (a->errors > 1)
		snprintf(more, sizeof(more), " (+%zu)", a->errors - 1);
	if (a->code == -EPERM && !a->type)
		return sk_err_set(err, a->code, path,
			"no permission to change the rules (another program holds the table, or "
			"CAP_NET_ADMIN is missing)",
			"ルールを変更する権限がありません (別のプログラムが使用中か、"
			"CAP_NET_ADMIN がありません)");
	return sk_err_set(err, a->code, path, "the kernel refused a %s: %s%s",
		"カーネルが拒否しました (%s): %s%s", thing(a->type), strerror(-a->code), more);
}

int fw_nft_io_error(int code, struct sk_err *err)
{
	if (code == -ENOMEM)
		return sk_err_nomem(err);
	if (code == -EMSGSIZE)
		return sk_err_set(err, code, "kernel",
			"the rule set is too large for the netlink socket's buffer",
			"ルールセットが netlink の送信バッファに収まりません");
	if (code == -EAGAIN)
		return sk_err_set(err, code, "kernel",
			"another program keeps changing the rules of the kernel",
			"別のプログラムがカーネルのルールを変更し続けています");
	return sk_err_set(err, code, "kernel", "talking to nf_tables: %s",
		"nf_tables との通信に失敗しました: %s", strerror(-code));
}

/* ---- the table ---- */

/* One of our tables, and whether we hold it. */
struct table {
	uint8_t nfproto;
	bool *owned;
};

static const char *family_name(uint8_t f)
{
	switch (f) {
	case NFPROTO_INET: return "inet";
	case NFPROTO_IPV4: return "ip";
	case NFPROTO_IPV6: return "ip6";
	case NFPROTO_BRIDGE: return "bridge";
	default: return NULL; /* arp, netdev: not our hooks */
	}
}

static int new_table(
	struct fw_nft *n, const struct table *t, uint32_t flags, struct fw_nft_answer *a)
{
	struct fw_nft_batch b, *seg = &b;

	fw_nft_batch_init(&b, 1);
	b.family = t->nfproto;
	fw_nft_msg_begin(&b, NFT_MSG_NEWTABLE, NLM_F_CREATE, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(&b, NFTA_TABLE_NAME, FW_NFT_TABLE);
	fw_nft_put_be32(&b, NFTA_TABLE_FLAGS, flags);
	fw_nft_msg_end(&b);
	int ret = fw_nft_sock_commit(&n->sock, &seg, 1, 0, a);
	fw_nft_batch_done(&b);
	if (ret == 0 && !a->acked && !a->errors)
		ret = -EPROTO;
	return ret;
}

/*
 * A table that is there. One whose owner is gone (PERSIST without OWNER) can be claimed; one that
 * never had an owner cannot, and stays as it is: to make it anew would cut all connections for a
 * moment.
 */
static int claim(
	struct fw_nft *n, const struct table *t, const struct fw_nft_snap *have, struct sk_err *err)
{
	struct fw_nft_answer a;

	*t->owned = false;
	if (have->flags & FW_NFT_TABLE_F_OWNER) {
		*t->owned = have->owner == n->sock.portid;
		if (*t->owned)
			return 0;
		return sk_err_set(err, -EBUSY, "kernel",
			"another process (netlink port %u) holds the table %s %s",
			"別のプロセス (netlink ポート %u) がテーブル %s %s を使用中です",
			have->owner, family_name(t->nfproto), FW_NFT_TABLE);
	}
	if (!n->want_owner)
		return 0;
	int ret = new_table(n, t, FW_NFT_TABLE_F_OWNER | FW_NFT_TABLE_F_PERSIST, &a);
	if (ret < 0)
		return fw_nft_io_error(ret, err);
	*t->owned = a.errors == 0;
	if (a.errors && a.code != -EOPNOTSUPP && a.code != -EINVAL)
		return fw_nft_refused(&a, 0, err);
	return 0;
}

/* *existed: it was there before. */
static int ensure(struct fw_nft *n, const struct table *t, bool *existed, struct sk_err *err)
{
	const uint32_t own = FW_NFT_TABLE_F_OWNER | FW_NFT_TABLE_F_PERSIST;
	struct fw_nft_snap have;
	struct fw_nft_answer a = {0};

	int ret = fw_nft_snap_read_of(&n->sock, t->nfproto, FW_NFT_SNAP_TABLE, &have);
	if (ret < 0)
		return fw_nft_io_error(ret, err);
	*existed = have.exists;
	if (have.exists) {
		ret = claim(n, t, &have, err);
		fw_nft_snap_done(&have);
		return ret;
	}
	*t->owned = n->want_owner;
	ret = new_table(n, t, *t->owned ? own : 0, &a);
	if (ret == 0 && *t->owned && (a.code == -EOPNOTSUPP || a.code == -EINVAL)) {
		*t->owned = false; /* before Linux 6.9 */
		ret = new_table(n, t, 0, &a);
	}
	if (ret < 0)
		return fw_nft_io_error(ret, err);
	return a.errors ? fw_nft_refused(&a, 0, err) : 0;
}

int fw_nft_ensure_table(struct fw_nft *n, struct sk_err *err)
{
	const struct table t = {NFPROTO_INET, &n->owned};
	bool existed = false;
	int ret = ensure(n, &t, &existed, err);

	n->distrust |= existed;
	return ret;
}

int fw_nft_ensure_bridge(struct fw_nft *n, struct sk_err *err)
{
	const struct table t = {NFPROTO_BRIDGE, &n->bridge_owned};
	bool existed;

	return ensure(n, &t, &existed, err);
}

int fw_nft_new(struct fw_nft **ret, int fd, struct sk_err *err)
{
	struct fw_nft *n = calloc(1, sizeof(*n));

	if (!n) {
		sk_closep(&fd);
		return sk_err_nomem(err);
	}
	int r = fw_nft_sock_open(&n->sock, fd, err);
	if (r < 0) {
		free(n);
		return r;
	}
	*ret = n;
	return 0;
}

int fw_nft_open(struct fw_nft **ret, const struct fw_nft_opts *o, struct sk_err *err)
{
	struct fw_nft *n;

	int r = fw_nft_new(&n, -1, err);
	if (r < 0)
		return r;
	n->want_owner = !o || !o->no_owner;
	r = fw_nft_ensure_table(n, err);
	if (r < 0) {
		fw_nft_close(n);
		return r;
	}
	*ret = n;
	return 0;
}

void fw_nft_close(struct fw_nft *n)
{
	if (!n)
		return;
	fw_nft_sock_close(&n->sock);
	fw_nft_snap_done(&n->expect);
	fw_nft_snap_done(&n->bridge);
	free(n);
}

bool fw_nft_owned(const struct fw_nft *n)
{
	return n->owned;
}

uint32_t fw_nft_genid(const struct fw_nft *n)
{
	return n->genid;
}

/* ---- reading ---- */

/* What the bridge's table counted; inet's has the number for what came before. */
static void add_bridge_counters(struct fw_nft *n, struct fw_nft_snap *s)
{
	struct fw_nft_snap b;

	if (fw_nft_snap_read_of(&n->sock, NFPROTO_BRIDGE, FW_NFT_SNAP_COUNTERS, &b) == 0)
		for (size_t i = 0; i < s->n_counters; i++)
			for (size_t k = 0; k < b.n_counters; k++)
				if (s->counters[i].number == b.counters[k].number) {
					s->counters[i].packets += b.counters[k].packets;
					s->counters[i].bytes += b.counters[k].bytes;
				}
	fw_nft_snap_done(&b);
}

int fw_nft_counters(
	struct fw_nft *n, struct fw_nft_counter **ret, size_t *ret_n, struct sk_err *err)
{
	struct fw_nft_snap s;

	int r = fw_nft_snap_read(&n->sock, FW_NFT_SNAP_COUNTERS, NULL, NULL, &s);
	if (r < 0) {
		fw_nft_snap_done(&s);
		return fw_nft_io_error(r, err);
	}
	add_bridge_counters(n, &s);
	*ret = s.counters;
	*ret_n = s.n_counters;
	s.counters = NULL;
	fw_nft_snap_done(&s);
	return 0;
}

/* ---- drift ---- */

/* Elements of sets up to this size are read back where the kernel does not keep others out. */
#define READ_BACK_MAX 4096
#define DRIFT_PARTS (FW_NFT_SNAP_CHAINS | FW_NFT_SNAP_SETS | FW_NFT_SNAP_MAPS | FW_NFT_SNAP_RULES)

static uint64_t number_mix(uint32_t number)
{
	uint64_t h = (number + 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;

	return h ^ (h >> 32);
}

void fw_nft_meant_set(struct fw_nft_meant *m, const struct fw_nft_batch *rules)
{
	m->rules = rules->n;
	m->numbers = 0;
	for (size_t i = 0; i < rules->n; i++)
		m->numbers += number_mix(rules->refs[i]);
}

static bool small_set(const char *name, void *arg)
{
	const struct fw_nft_plan *pl = arg;
	const struct fw_nft_set *s = fw_nft_sets_find(&pl->sets, name);

	return s && s->n <= READ_BACK_MAX;
}

int fw_nft_read_back(struct fw_nft *n, const struct fw_nft_plan *plan)
{
	uint64_t sum = 0;

	fw_nft_snap_done(&n->expect);
	int ret = fw_nft_snap_read(
		&n->sock, DRIFT_PARTS, plan ? small_set : NULL, (void *)plan, &n->expect);
	for (size_t i = 0; i < n->expect.n_rules; i++)
		sum += number_mix(n->expect.numbers[i]);
	n->expect_set = ret == 0 && n->expect.exists && n->expect.n_rules == n->meant.rules &&
		sum == n->meant.numbers;
	return ret;
}

static bool was_hashed(const char *set, void *arg)
{
	const struct fw_nft_snap_set *s = fw_nft_snap_set(arg, set);

	return s && s->hashed;
}

static int compare(struct fw_nft *n, struct fw_drift *ret)
{
	struct fw_nft_snap have;

	int r = fw_nft_snap_read(&n->sock, DRIFT_PARTS, was_hashed, &n->expect, &have);
	if (r == 0)
		fw_nft_snap_diff(&n->expect, &have, ret);
	fw_nft_snap_done(&have);
	return r;
}

int fw_nft_bridge_read_back(struct fw_nft *n)
{
	fw_nft_snap_done(&n->bridge);
	return fw_nft_snap_read_of(&n->sock, NFPROTO_BRIDGE, DRIFT_PARTS, &n->bridge);
}

static int compare_bridge(struct fw_nft *n, struct fw_drift *ret)
{
	struct fw_nft_snap have;
	int r = fw_nft_snap_read_of(&n->sock, NFPROTO_BRIDGE, DRIFT_PARTS, &have);
	char what[sizeof(ret->what)];

	if (r == 0)
		fw_nft_snap_diff(&n->bridge, &have, ret);
	fw_nft_snap_done(&have);
	if (r == 0 && ret->kind != FW_DRIFT_NONE && ret->kind != FW_DRIFT_TABLE_GONE) {
		snprintf(what, sizeof(what), "bridge, %.240s", ret->what);
		memcpy(ret->what, what, sizeof(what));
	}
	return r;
}

int fw_nft_drift(struct fw_nft *n, struct fw_drift *ret, struct sk_err *err)
{
	int r = 0;

	*ret = (struct fw_drift){.kind = FW_DRIFT_NONE};
	if (n->expect_set)
		r = compare(n, ret);
	else if (n->owned && n->meant.rules)
		r = fw_nft_read_back(n, NULL);
	if (r < 0)
		return fw_nft_io_error(r, err);
	if (!n->expect_set) {
		ret->kind = FW_DRIFT_RULES;
		snprintf(ret->what, sizeof(ret->what), "the rules are not those that were applied");
	}
	if (ret->kind == FW_DRIFT_SETS)
		n->distrust = true; /* the next apply builds all sets anew */
	if (ret->kind == FW_DRIFT_NONE && n->bridged)
		r = compare_bridge(n, ret);
	return r < 0 ? fw_nft_io_error(r, err) : 0;
}

static int read_digest(struct fw_nft *n, uint64_t *ret)
{
	struct fw_nft_snap s;
	int r = 0;

	if (n->expect_set) {
		*ret = fw_nft_snap_digest(&n->expect);
		return 0;
	}
	r = fw_nft_snap_read(&n->sock, DRIFT_PARTS, NULL, NULL, &s);
	if (r == 0)
		*ret = s.n_rules ? fw_nft_snap_digest(&s) : 0;
	fw_nft_snap_done(&s);
	return r;
}

/* Nothing where there is no such table. */
static int mix_bridge(struct fw_nft *n, uint64_t *digest)
{
	struct fw_nft_snap s;
	int r = fw_nft_snap_read_of(&n->sock, NFPROTO_BRIDGE, DRIFT_PARTS, &s);

	if (r == 0 && s.exists && *digest)
		*digest = (*digest ^ fw_nft_snap_digest(&s) * 0xff51afd7ed558ccdu) | 1;
	fw_nft_snap_done(&s);
	return r;
}

int fw_nft_digest(struct fw_nft *n, uint64_t *ret, struct sk_err *err)
{
	uint64_t digest = 0;
	int r = read_digest(n, &digest);

	if (r == 0)
		r = mix_bridge(n, &digest);
	if (r == 0)
		*ret = digest;
	return r < 0 ? fw_nft_io_error(r, err) : 0;
}

/* ---- other tables ---- */

#define FOREIGN_TEXT 320 /* room for one chain and the closing words */

struct foreign {
	struct sk_buf *b;
	bool bridged; /* the bridge's hooks are ours, too */
	bool some;
	size_t more; /* that did not fit */
};

static const char *hook_name(uint32_t hook)
{
	static const char *const names[] = {
		"prerouting", "input", "forward", "output", "postrouting"};

	return hook < SK_ARRAY_SIZE(names) ? names[hook] : "?";
}

static void put_name(struct sk_buf *b, const struct nlattr *a)
{
	char shown[80];

	sk_buf_puts(b,
		a ? sk_escape(shown, sizeof(shown), mnl_attr_get_str(a),
			    strnlen(mnl_attr_get_str(a), mnl_attr_get_payload_len(a)))
		  : "?");
}

static void put_foreign(struct foreign *f, const char *family, const struct nlattr *table,
	const struct nlattr *chain, const struct nlattr *hook)
{
	const struct nlattr *a;
	uint32_t num = UINT32_MAX, priority = 0;

	mnl_attr_for_each_nested (a, hook) {
		if (mnl_attr_get_payload_len(a) != sizeof(uint32_t))
			continue;
		if (mnl_attr_get_type(a) == NFTA_HOOK_HOOKNUM)
			num = ntohl(mnl_attr_get_u32(a));
		else if (mnl_attr_get_type(a) == NFTA_HOOK_PRIORITY)
			priority = ntohl(mnl_attr_get_u32(a));
	}
	sk_buf_printf(f->b, "%s%s ", f->some ? ", " : "", family);
	put_name(f->b, table);
	sk_buf_putc(f->b, ' ');
	put_name(f->b, chain);
	sk_buf_printf(f->b, " (%s %d)", hook_name(num), (int)priority);
	f->some = true;
}

static bool is_ours(const struct nlattr *table)
{
	static const char *const names[] = {FW_NFT_TABLE, FW_GATE_TABLE};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (strncmp(mnl_attr_get_str(table), names[i], mnl_attr_get_payload_len(table)) ==
			0)
			return true;
	return false;
}

static int foreign_fn(const struct nlmsghdr *h, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	const char *family = family_name(g->nfgen_family);
	const struct nlattr *a, *table = NULL, *chain = NULL, *hook = NULL;
	struct foreign *f = arg;

	mnl_attr_for_each (a, h, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_CHAIN_TABLE: table = a; break;
		case NFTA_CHAIN_NAME: chain = a; break;
		case NFTA_CHAIN_HOOK: hook = a; break;
		default: break;
		}
	}
	if (!family || !hook || !table || (g->nfgen_family == NFPROTO_BRIDGE && !f->bridged))
		return 0;
	if ((g->nfgen_family == NFPROTO_INET || g->nfgen_family == NFPROTO_BRIDGE) &&
		is_ours(table))
		return 0;
	if (f->b->len + FOREIGN_TEXT > f->b->max)
		f->more++;
	else
		put_foreign(f, family, table, chain, hook);
	return 0;
}

int fw_nft_foreign(struct fw_nft *n, struct sk_buf *b, struct sk_err *err)
{
	const size_t start = b->len;
	int ret = -EINTR;

	for (int i = 0; i < 10 && ret == -EINTR; i++) {
		char buf[256];
		struct foreign f = {.b = b, .bridged = n->bridged};
		struct nlmsghdr *h =
			nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETCHAIN, AF_UNSPEC, NLM_F_DUMP, 0);
		if (b->len > start) {
			b->len = start;
			b->data[start] = '\0';
		}
		ret = fw_nft_sock_dump(&n->sock, h, foreign_fn, &f);
		if (ret == 0 && f.more)
			sk_buf_printf(b, ", and %zu more", f.more);
	}
	if (ret == 0)
		ret = sk_buf_error(b);
	return ret < 0 ? fw_nft_io_error(ret, err) : 0;
}
