/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps of the gate's tables; see gate_read.h. */
#include "fw/nft/gate_read.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/udata.h>

#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TRIES 10

static const uint8_t families[2] = {NFPROTO_NETDEV, NFPROTO_INET};

static const struct nlattr *top(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested (a, nest) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static uint32_t be32_of(const struct nlattr *a, uint32_t otherwise)
{
	return a && mnl_attr_get_payload_len(a) == sizeof(uint32_t) ? ntohl(mnl_attr_get_u32(a))
								    : otherwise;
}

static uint64_t be64_of(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) == sizeof(uint64_t) ? be64toh(mnl_attr_get_u64(a))
								    : 0;
}

static void copy_str(char *dst, size_t cap, const struct nlattr *a)
{
	const size_t n = a ? strnlen(mnl_attr_get_str(a), mnl_attr_get_payload_len(a)) : 0;

	memset(dst, 0, cap);
	if (n)
		memcpy(dst, mnl_attr_get_str(a), SK_MIN(n, cap - 1));
}

/* 0 netdev, 1 inet, -1 not ours. */
static int whose(const struct nlmsghdr *h, uint16_t table_attr)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);
	char table[64];

	copy_str(table, sizeof(table), top(h, table_attr));
	if (strcmp(table, FW_GATE_TABLE) != 0)
		return -1;
	return g->nfgen_family == NFPROTO_NETDEV ? 0 : g->nfgen_family == NFPROTO_INET ? 1 : -1;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *c = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ c[i]) * 0x100000001b3u; /* FNV-1a */
	return h;
}

/* ---- dumps ---- */

struct request {
	struct fw_nft_sock *s;
	bool inet;
	int type;
	const char *name; /* of a set, or of a chain */
};

static int dump(const struct request *q, fw_nft_dump_fn *fn, void *arg)
{
	char buf[512];
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(buf, (uint16_t)q->type, families[q->inet], NLM_F_DUMP, 0);

	/* The table is attribute 1 of every kind, and 2 the set or the rule's chain. */
	mnl_attr_put_strz(h, NFTA_RULE_TABLE, FW_GATE_TABLE);
	if (q->name && !mnl_attr_put_strz_check(h, sizeof(buf), NFTA_RULE_CHAIN, q->name))
		return -ENAMETOOLONG;
	return fw_nft_sock_dump(q->s, h, fn, arg);
}

static int table_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_gate_have *have = arg;
	const int i = whose(h, NFTA_TABLE_NAME);

	if (i < 0)
		return 0;
	have->exists[i] = true;
	have->flags[i] = be32_of(top(h, NFTA_TABLE_FLAGS), 0);
	have->owner[i] = be32_of(top(h, NFTA_TABLE_OWNER), 0);
	return 0;
}

static int read_table(struct fw_nft_sock *s, bool inet, struct fw_gate_have *have)
{
	char buf[512];
	struct nlmsghdr *h =
		nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETTABLE, families[inet], NLM_F_ACK, 0);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_GATE_TABLE);
	int r = fw_nft_sock_dump(s, h, table_fn, have);
	return r == -ENOENT ? 0 : r;
}

/* One device is told as such or as a list of one, as the kernel's age is. */
static void copy_device(char dst[IFNAMSIZ], const struct nlattr *hook)
{
	const struct nlattr *dev = find(hook, NFTA_HOOK_DEV);

	if (!dev)
		dev = find(find(hook, NFTA_HOOK_DEVS), NFTA_DEVICE_NAME);
	copy_str(dst, IFNAMSIZ, dev);
}

static int chain_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_gate_have *have = arg;
	const struct nlattr *hook = top(h, NFTA_CHAIN_HOOK);
	const int i = whose(h, NFTA_CHAIN_TABLE);

	if (i < 0)
		return 0;
	if (sk_grow(&have->chains, &have->cap_chains, have->n_chains + 1, sizeof(*have->chains)) <
		0)
		return -ENOMEM;
	struct fw_gate_have_chain *c = &have->chains[have->n_chains++];
	memset(c, 0, sizeof(*c));
	c->inet = i == 1;
	copy_str(c->name, sizeof(c->name), top(h, NFTA_CHAIN_NAME));
	if (!hook)
		return 0;
	c->base = true;
	c->hook = be32_of(find(hook, NFTA_HOOK_HOOKNUM), UINT32_MAX);
	c->priority = (int32_t)be32_of(find(hook, NFTA_HOOK_PRIORITY), 0);
	c->policy = be32_of(top(h, NFTA_CHAIN_POLICY), NF_ACCEPT);
	copy_device(c->device, hook);
	return 0;
}

static int set_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_gate_have *have = arg;

	if (whose(h, NFTA_SET_TABLE) != 0)
		return 0;
	if (sk_grow(&have->sets, &have->cap_sets, have->n_sets + 1, sizeof(*have->sets)) < 0)
		return -ENOMEM;
	struct fw_gate_have_set *s = &have->sets[have->n_sets++];
	memset(s, 0, sizeof(*s));
	copy_str(s->name, sizeof(s->name), top(h, NFTA_SET_NAME));
	s->flags = be32_of(top(h, NFTA_SET_FLAGS), 0);
	s->key_len = be32_of(top(h, NFTA_SET_KEY_LEN), 0);
	return 0;
}

static int counter_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_gate_have *have = arg;

	if (whose(h, NFTA_OBJ_TABLE) != 0 ||
		be32_of(top(h, NFTA_OBJ_TYPE), 0) != NFT_OBJECT_COUNTER)
		return 0;
	if (sk_grow(&have->counters, &have->cap_counters, have->n_counters + 1, FW_GATE_NAME_MAX) <
			0 ||
		sk_grow(&have->packets, &have->cap_packets, have->n_counters + 1,
			sizeof(uint64_t)) < 0)
		return -ENOMEM;
	copy_str(have->counters[have->n_counters], FW_GATE_NAME_MAX, top(h, NFTA_OBJ_NAME));
	have->packets[have->n_counters++] =
		be64_of(find(top(h, NFTA_OBJ_DATA), NFTA_COUNTER_PACKETS));
	return 0;
}

/* Handles change with every apply, what the rule says does not. */
static int rule_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_gate_have *have = arg;
	const struct nlattr *chain = top(h, NFTA_RULE_CHAIN);
	const struct nlattr *expr = top(h, NFTA_RULE_EXPRESSIONS);
	uint64_t x = 0xcbf29ce484222325u;

	if (whose(h, NFTA_RULE_TABLE) < 0)
		return 0;
	have->n_rules++;
	if (chain)
		x = mix(x, mnl_attr_get_payload(chain), mnl_attr_get_payload_len(chain));
	if (expr)
		x = mix(x, mnl_attr_get_payload(expr), mnl_attr_get_payload_len(expr));
	have->digest = mix(have->digest, &x, sizeof(x));
	return 0;
}

/* ---- elements ---- */

static bool quarantined(const struct nlattr *data)
{
	static const char text[] = FW_GATE_COMMENT_QUARANTINED;
	const uint8_t *p;

	if (!data || mnl_attr_get_payload_len(data) < 2 + sizeof(text))
		return false;
	p = mnl_attr_get_payload(data);
	return p[0] == NFTNL_UDATA_SET_ELEM_COMMENT && memcmp(p + 2, text, sizeof(text)) == 0;
}

static bool read_verdict(const struct nlattr *data, enum fw_gate_verdict *ret)
{
	const struct nlattr *v = find(data, NFTA_DATA_VERDICT);
	const uint32_t code = be32_of(find(v, NFTA_VERDICT_CODE), UINT32_MAX);
	char chain[64];

	copy_str(chain, sizeof(chain), find(v, NFTA_VERDICT_CHAIN));
	if (code == NF_ACCEPT)
		*ret = FW_GATE_V_ACCEPT;
	else if (code == NF_DROP)
		*ret = FW_GATE_V_DROP;
	else if (code == (uint32_t)NFT_GOTO && strcmp(chain, FW_GATE_CHAIN_IN) == 0)
		*ret = FW_GATE_V_IN;
	else if (code == (uint32_t)NFT_GOTO && strcmp(chain, FW_GATE_CHAIN_OUT) == 0)
		*ret = FW_GATE_V_OUT;
	else
		return false;
	return true;
}

struct reading {
	struct fw_gate_have_list *l;
	const struct fw_gate_list_info *i;
};

static int element(const struct reading *r, const struct nlattr *e)
{
	const struct nlattr *value = find(find(e, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
	const struct nlattr *left = find(e, NFTA_SET_ELEM_EXPIRATION);
	struct fw_gate_elem x = {.verdict = FW_GATE_V_ACCEPT};

	if (!value || mnl_attr_get_payload_len(value) != r->i->key_len ||
		(r->i->verdicts && !read_verdict(find(e, NFTA_SET_ELEM_DATA), &x.verdict)) ||
		(r->i->timed && !left)) {
		r->l->strange = true;
		if (!value || mnl_attr_get_payload_len(value) != r->i->key_len)
			return 0; /* one for everything else: the whole set is made anew */
		x.ms = UINT64_MAX;
	} else {
		x.ms = r->i->timed ? be64_of(left) : 0;
	}
	memcpy(x.key, mnl_attr_get_payload(value), r->i->key_len);
	x.quarantined = quarantined(find(e, NFTA_SET_ELEM_USERDATA));
	if (sk_grow(&r->l->v, &r->l->cap, r->l->n + 1, sizeof(x)) < 0)
		return -ENOMEM;
	r->l->v[r->l->n++] = x;
	return 0;
}

static int elements_fn(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *list = top(h, NFTA_SET_ELEM_LIST_ELEMENTS), *e;
	int r = 0;

	if (!list)
		return 0;
	mnl_attr_for_each_nested (e, list) {
		if (r == 0)
			r = element(arg, e);
	}
	return r;
}

static int elem_cmp(const void *a, const void *b)
{
	const struct fw_gate_elem *x = a, *y = b;

	return memcmp(x->key, y->key, sizeof(x->key));
}

static int read_list(struct fw_nft_sock *s, enum fw_gate_list l, struct fw_gate_have *have)
{
	const struct fw_gate_list_info *i = fw_gate_list(l);
	const struct fw_gate_have_set *set = fw_gate_have_set(have, i->name);
	struct reading r = {&have->lists[l], i};
	const struct request q = {s, false, NFT_MSG_GETSETELEM, i->name};

	if (!set || set->key_len != i->key_len)
		return 0;
	int ret = dump(&q, elements_fn, &r);
	if (r.l->n)
		qsort(r.l->v, r.l->n, sizeof(*r.l->v), elem_cmp);
	return ret;
}

/* ---- the whole ---- */

const struct fw_gate_have_chain *fw_gate_have_chain(
	const struct fw_gate_have *h, bool inet, const char *name)
{
	for (size_t i = 0; i < h->n_chains; i++)
		if (h->chains[i].inet == inet && strcmp(h->chains[i].name, name) == 0)
			return &h->chains[i];
	return NULL;
}

const struct fw_gate_have_set *fw_gate_have_set(const struct fw_gate_have *h, const char *name)
{
	for (size_t i = 0; i < h->n_sets; i++)
		if (strcmp(h->sets[i].name, name) == 0)
			return &h->sets[i];
	return NULL;
}

bool fw_gate_have_counter(const struct fw_gate_have *h, const char *name)
{
	for (size_t i = 0; i < h->n_counters; i++)
		if (strcmp(h->counters[i], name) == 0)
			return true;
	return false;
}

void fw_gate_have_done(struct fw_gate_have *h)
{
	free(h->chains);
	free(h->sets);
	free(h->counters);
	free(h->packets);
	for (size_t i = 0; i < FW_GATE_LISTS; i++)
		free(h->lists[i].v);
	memset(h, 0, sizeof(*h));
}

static int read_rules(struct fw_nft_sock *s, struct fw_gate_have *have)
{
	int r = 0;

	for (size_t i = 0; i < have->n_chains && r == 0; i++) {
		const struct request q = {
			s, have->chains[i].inet, NFT_MSG_GETRULE, have->chains[i].name};
		r = dump(&q, rule_fn, have);
	}
	return r;
}

static int chain_cmp(const void *a, const void *b)
{
	const struct fw_gate_have_chain *x = a, *y = b;

	return x->inet != y->inet ? (x->inet ? 1 : -1) : strcmp(x->name, y->name);
}

static int read_structure(struct fw_nft_sock *s, struct fw_gate_have *have)
{
	int r = 0;

	for (int i = 0; i < 2 && r == 0; i++) {
		const struct request q = {s, i == 1, NFT_MSG_GETCHAIN, NULL};
		if (have->exists[i])
			r = dump(&q, chain_fn, have);
	}
	if (have->n_chains)
		qsort(have->chains, have->n_chains, sizeof(*have->chains), chain_cmp);
	if (r < 0 || !have->exists[0])
		return r;
	const struct request sets = {s, false, NFT_MSG_GETSET, NULL};
	const struct request objects = {s, false, NFT_MSG_GETOBJ, NULL};
	r = dump(&sets, set_fn, have);
	return r == 0 ? dump(&objects, counter_fn, have) : r;
}

static int read_once(struct fw_nft_sock *s, unsigned parts, struct fw_gate_have *have)
{
	int r = read_table(s, false, have);

	if (r == 0)
		r = read_table(s, true, have);
	if (r == 0)
		r = read_structure(s, have);
	if (r == 0 && (parts & FW_GATE_HAVE_RULES))
		r = read_rules(s, have);
	for (unsigned l = 0; l < FW_GATE_LISTS && r == 0 && have->exists[0]; l++) {
		const unsigned part = l == FW_GATE_L_KNOWN ? FW_GATE_HAVE_KNOWN : FW_GATE_HAVE_ROWS;
		if (parts & part)
			r = read_list(s, l, have);
	}
	return r;
}

int fw_gate_have_read(struct fw_nft_sock *s, unsigned parts, struct fw_gate_have *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < TRIES; i++) {
		uint32_t before = 0, after = 0;
		int r = fw_nft_sock_genid(s, &before);
		if (r == 0)
			r = read_once(s, parts, ret);
		if (r == 0)
			r = fw_nft_sock_genid(s, &after);
		ret->genid = after;
		if (r == 0 && before == after)
			return 0;
		fw_gate_have_done(ret);
		if (r < 0 && r != -EINTR && r != -ENOENT)
			return r;
	}
	return -EAGAIN;
}
