/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's tables led from what they hold to what they should hold. Base chains are made once
 * (removing any flushes every packet queue of the namespace), rules are exchanged as a whole,
 * elements changed by difference: no frame of an admitted device is lost on the way.
 */
#include "fw/nft/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <linux/netlink.h>

#include "fw/nft/gate_read.h"
#include "fw/nft/int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TRIES 12
#define SLACK_MS 1500 /* by which the end of an element may differ from what is wanted */
#define OWN_FLAGS (FW_NFT_TABLE_F_OWNER | FW_NFT_TABLE_F_PERSIST)
#define TABLE_DORMANT 1u

struct fw_nft_gate {
	struct fw_nft *n;
	bool can_renew; /* elements get another time where they stand */
	bool no_absent; /* the kernel wants an interface to exist before it has a chain */
	bool digest_set;
	uint64_t digest; /* of the rules after our last apply */
};

/* An older kernel would accept a renewal and do nothing; there is nothing else to tell it by. */
static bool kernel_at_least(unsigned major, unsigned minor)
{
	unsigned have_major = 0, have_minor = 0;
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &have_major, &have_minor) != 2)
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}

struct fw_nft_gate *fw_nft_gate_new(struct fw_nft *n)
{
	struct fw_nft_gate *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->n = n;
	g->can_renew = kernel_at_least(6, 12);
	return g;
}

void fw_nft_gate_free(struct fw_nft_gate *g)
{
	free(g);
}

/* ---- the tables ---- */

static void put_table(struct fw_nft_batch *b, bool inet, uint32_t flags)
{
	fw_gate_begin(b, inet, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	fw_nft_put_str(b, NFTA_TABLE_NAME, FW_GATE_TABLE);
	fw_nft_put_be32(b, NFTA_TABLE_FLAGS, flags);
	fw_nft_msg_end(b);
}

static int commit(struct fw_nft_gate *g, struct fw_nft_batch *b, uint32_t genid,
	struct fw_nft_answer *a, struct sk_err *err)
{
	int r = fw_nft_sock_commit(&g->n->sock, &b, 1, genid, a);

	if (r < 0)
		return fw_nft_io_error(r, err);
	return a->errors && !a->restart ? fw_nft_refused(a, 0, err) : 0;
}

/* A table of its own transaction: whether the kernel has owners is known from the policy's table.
 */
static int ensure_table(
	struct fw_nft_gate *g, const struct fw_gate_have *have, bool inet, struct sk_err *err)
{
	const bool owned = g->n->owned;
	struct fw_nft_answer a;
	struct fw_nft_batch b;
	int r;

	if (have->exists[inet] && have->owner[inet] && have->owner[inet] != g->n->sock.portid)
		return sk_err_set(err, -EBUSY, "kernel",
			"another process (netlink port %u) holds a table %s",
			"別のプロセス (netlink ポート %u) がテーブル %s を使用中です",
			have->owner[inet], FW_GATE_TABLE);
	/* One without owner stays so; it cannot be claimed. */
	if (have->exists[inet] &&
		(!owned || have->owner[inet] || !(have->flags[inet] & FW_NFT_TABLE_F_PERSIST)))
		return 0;
	fw_nft_batch_init(&b, 1);
	put_table(&b, inet, owned ? OWN_FLAGS : 0);
	r = commit(g, &b, 0, &a, err);
	fw_nft_batch_done(&b);
	return r;
}

/* ---- elements wanted ---- */

struct list {
	struct fw_gate_elem *v;
	size_t n, cap;
	bool skip; /* stays as it is */
};

static int add(struct list *l, const struct fw_gate_elem *e)
{
	if (sk_grow(&l->v, &l->cap, l->n + 1, sizeof(*e)) < 0)
		return -ENOMEM;
	l->v[l->n++] = *e;
	return 0;
}

struct fw_gate_elem fw_nft_gate_elem(const struct fw_gate_port *p, const struct fw_gate_row *r,
	enum fw_gate_list l, uint64_t now)
{
	struct fw_gate_elem e = {.ms = r->until > now ? r->until - now : 1,
		.quarantined = r->state == FW_GATE_QUARANTINED,
		.verdict = l == FW_GATE_L_IN ? fw_gate_verdict_in(p, r->state)
					     : fw_gate_verdict_out(p, r->state)};

	memcpy(e.key, &r->key, sizeof(r->key));
	return e;
}

static void tally(const struct fw_nft_gate_want *w, const char *port, struct fw_gate_tally *t)
{
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < w->n_rows; i++) {
		const struct fw_gate_row *r = &w->rows[i];

		if (r->until <= w->now || strncmp(r->key.port, port, IFNAMSIZ) != 0)
			continue;
		if (r->state == FW_GATE_ADMITTED) {
			t->admitted++;
			t->admitted_until = SK_MAX(t->admitted_until, r->until);
		} else {
			t->quarantined++;
			t->quarantined_until = SK_MAX(t->quarantined_until, r->until);
		}
	}
}

static int want_groups(const struct fw_nft_gate_want *w, struct list *l)
{
	int r = 0;

	for (size_t i = 0; i < w->conf->n && r == 0; i++) {
		struct fw_gate_elem e = {0};
		struct fw_gate_tally t;
		uint64_t until;

		tally(w, w->conf->ports[i].name, &t);
		if (!fw_gate_verdict_group(&w->conf->ports[i], &t, &e.verdict, &until))
			continue;
		e.ms = until - w->now;
		memcpy(e.key, w->conf->ports[i].name, IFNAMSIZ);
		r = add(l, &e);
	}
	return r;
}

static int want_lists(const struct fw_nft_gate_want *w, struct list lists[FW_GATE_LISTS])
{
	int r = 0;

	for (size_t i = 0; i < w->n_rows && r == 0; i++) {
		const struct fw_gate_row *row = &w->rows[i];
		const struct fw_gate_port *p = fw_gate_conf_find(w->conf, row->key.port);

		if (!p || row->until <= w->now)
			continue;
		for (unsigned l = FW_GATE_L_IN; l <= FW_GATE_L_OUT && r == 0; l++) {
			struct fw_gate_elem e = fw_nft_gate_elem(p, row, l, w->now);
			r = add(&lists[l], &e);
		}
	}
	for (size_t i = 0; i < w->n_gateway && r == 0; i++) {
		struct fw_gate_elem e = {0};
		memcpy(e.key, &w->gateway[i], sizeof(w->gateway[i]));
		r = add(&lists[FW_GATE_L_GATEWAY], &e);
	}
	for (size_t i = 0; i < w->n_known && r == 0; i++) {
		struct fw_gate_elem e = {0};
		memcpy(e.key, w->known[i], FW_MAC_LEN);
		r = add(&lists[FW_GATE_L_KNOWN], &e);
	}
	lists[FW_GATE_L_KNOWN].skip = !w->known;
	return r == 0 ? want_groups(w, &lists[FW_GATE_L_GROUP]) : r;
}

static bool same(const struct fw_gate_list_info *i, const struct fw_gate_elem *a,
	const struct fw_gate_elem *b)
{
	const uint64_t gap = a->ms > b->ms ? a->ms - b->ms : b->ms - a->ms;

	return (!i->verdicts || a->verdict == b->verdict) && a->quarantined == b->quarantined &&
		(!i->timed || gap <= SLACK_MS);
}

struct diff {
	struct fw_nft_batch *b; /* NULL: only count */
	bool can_renew;
	size_t n;
	char first[96]; /* in words */
};

static void differ(struct diff *d, enum fw_gate_list l, const struct fw_gate_elem *e, bool is_add)
{
	char mac[FW_MAC_TEXT] = "";
	const bool pair = fw_gate_list(l)->key_len == sizeof(struct fw_gate_key);

	if (d->n++ == 0) {
		if (l != FW_GATE_L_GROUP)
			fw_mac_text(e->key + (pair ? IFNAMSIZ : 0), mac);
		snprintf(d->first, sizeof(d->first), "%s: element %.15s %s is %s",
			fw_gate_list(l)->name, l == FW_GATE_L_KNOWN ? "" : (const char *)e->key,
			mac, is_add ? "missing or other" : "too many");
	}
	if (d->b)
		fw_gate_put_elem(d->b, l, e, is_add ? FW_GATE_ADD_ELEM : FW_GATE_DEL_ELEM);
}

/*
 * To take an element out and put it in again is one transaction, but a packet that began its
 * look-up before the change may find neither. So one that only gets more time is renewed where it
 * stands.
 */
static bool renews(const struct diff *d, const struct fw_gate_list_info *i,
	const struct fw_gate_elem *h, const struct fw_gate_elem *w)
{
	return d->can_renew && i->timed && h->ms != UINT64_MAX && h->verdict == w->verdict &&
		h->quarantined == w->quarantined;
}

static void diff_list(struct diff *d, enum fw_gate_list l, const struct fw_gate_have_list *have,
	const struct list *want)
{
	const struct fw_gate_list_info *info = fw_gate_list(l);
	size_t i = 0, k = 0;

	while (i < have->n || k < want->n) {
		const struct fw_gate_elem *h = i < have->n ? &have->v[i] : NULL;
		const struct fw_gate_elem *w = k < want->n ? &want->v[k] : NULL;
		const int c = !h ? 1 : !w ? -1 : memcmp(h->key, w->key, sizeof(h->key));

		i += c <= 0;
		k += c >= 0;
		if (c == 0 && same(info, h, w))
			continue;
		if (c == 0 && d->b && renews(d, info, h, w)) {
			fw_gate_put_elem(d->b, l, w, FW_GATE_RENEW_ELEM);
			continue;
		}
		if (c <= 0)
			differ(d, l, h, false);
		if (c >= 0)
			differ(d, l, w, true);
	}
}

/* ---- the transaction ---- */

static bool base_fits(const struct fw_gate_have_chain *h, const struct fw_gate_chain *c)
{
	return h->base && h->hook == fw_gate_hook_num(c->hook) &&
		h->priority == fw_gate_hook_priority(c->hook) &&
		strncmp(h->device, c->device, IFNAMSIZ) == 0;
}

static bool chain_fits(const struct fw_gate_have_chain *h, const struct fw_gate_chain *c)
{
	return c->hook == FW_GATE_REGULAR ? !h->base : base_fits(h, c);
}

static bool set_fits(const struct fw_gate_have_set *h, const struct fw_gate_set *s)
{
	return h->flags == fw_gate_set_flags(s) && h->key_len == fw_gate_keys_len(s->keys);
}

static const struct fw_gate_chain *planned(
	const struct fw_gate_plan *pl, bool inet, const char *name)
{
	for (size_t i = 0; i < pl->n_chains; i++)
		if (pl->chains[i].inet == inet && strcmp(pl->chains[i].name, name) == 0)
			return &pl->chains[i];
	return NULL;
}

static void put_chains(
	struct fw_nft_batch *b, const struct fw_gate_have *have, const struct fw_gate_plan *pl)
{
	for (size_t i = 0; i < pl->n_chains; i++) {
		const struct fw_gate_chain *c = &pl->chains[i];
		const struct fw_gate_have_chain *h = fw_gate_have_chain(have, c->inet, c->name);

		if (h && !chain_fits(h, c)) {
			fw_gate_put_del(b, c->inet, NFT_MSG_DELCHAIN, c->name);
			h = NULL;
		}
		if (!h)
			fw_gate_put_chain(b, c);
		else if (c->hook != FW_GATE_REGULAR && h->policy != (c->drop ? NF_DROP : NF_ACCEPT))
			fw_gate_put_policy(b, c);
	}
}

static void put_sets(
	struct fw_nft_batch *b, struct fw_gate_have *have, const struct fw_gate_plan *pl)
{
	for (size_t i = 0; i < pl->n_sets; i++) {
		const struct fw_gate_set *s = &pl->sets[i];
		const struct fw_gate_have_set *h = fw_gate_have_set(have, s->name);
		bool strange = false;

		for (unsigned l = 0; l < FW_GATE_LISTS; l++) {
			if (strcmp(fw_gate_list(l)->name, s->name) != 0)
				continue;
			strange = have->lists[l].strange;
			if (h && (strange || !set_fits(h, s)))
				have->lists[l].n = 0; /* filled anew */
		}
		if (h && (strange || !set_fits(h, s))) {
			fw_gate_put_del(b, false, NFT_MSG_DELSET, s->name);
			h = NULL;
		}
		if (!h)
			fw_gate_put_set(b, s);
	}
	for (size_t i = 0; i < pl->n_counters; i++)
		if (!fw_gate_have_counter(have, pl->counters[i]))
			fw_gate_put_counter(b, pl->counters[i]);
}

static bool set_planned(const struct fw_gate_plan *pl, const char *name)
{
	for (size_t i = 0; i < pl->n_sets; i++)
		if (strcmp(pl->sets[i].name, name) == 0)
			return true;
	return false;
}

static bool counter_planned(const struct fw_gate_plan *pl, const char *name)
{
	for (size_t i = 0; i < pl->n_counters; i++)
		if (strcmp(pl->counters[i], name) == 0)
			return true;
	return false;
}

/* After the rules: nothing refers to these any more. */
static void put_unused(
	struct fw_nft_batch *b, const struct fw_gate_have *have, const struct fw_gate_plan *pl)
{
	for (size_t i = 0; i < have->n_chains; i++) {
		const struct fw_gate_have_chain *h = &have->chains[i];
		if (!planned(pl, h->inet, h->name))
			fw_gate_put_del(b, h->inet, NFT_MSG_DELCHAIN, h->name);
	}
	for (size_t i = 0; i < have->n_sets; i++)
		if (!set_planned(pl, have->sets[i].name))
			fw_gate_put_del(b, false, NFT_MSG_DELSET, have->sets[i].name);
	for (size_t i = 0; i < have->n_counters; i++)
		if (!counter_planned(pl, have->counters[i]))
			fw_gate_put_del(b, false, NFT_MSG_DELOBJ, have->counters[i]);
}

static void put_all(struct diff d, struct fw_gate_have *have, const struct fw_gate_plan *pl,
	const struct list lists[FW_GATE_LISTS])
{
	struct fw_nft_batch *b = d.b;

	for (int i = 0; i < 2; i++) {
		if (have->exists[i] && (have->flags[i] & TABLE_DORMANT))
			put_table(b, i == 1, have->flags[i] & OWN_FLAGS);
		if (have->exists[i])
			fw_gate_put_del(b, i == 1, NFT_MSG_DELRULE, NULL);
	}
	put_sets(b, have, pl);
	put_chains(b, have, pl);
	for (size_t i = 0; i < pl->n_rules; i++)
		fw_gate_put_rule(b, &pl->rules[i]);
	for (unsigned l = 0; l < FW_GATE_LISTS; l++) {
		if (!lists[l].skip)
			diff_list(&d, l, &have->lists[l], &lists[l]);
	}
	put_unused(b, have, pl);
}

static unsigned parts_of(const struct fw_nft_gate_want *w)
{
	return FW_GATE_HAVE_CHAINS | FW_GATE_HAVE_ROWS | (w->known ? FW_GATE_HAVE_KNOWN : 0);
}

/* 0 done, 1 again (somebody else changed the rule set meanwhile). */
static int try_once(struct fw_nft_gate *g, const struct fw_nft_gate_want *w,
	struct list lists[FW_GATE_LISTS], struct sk_err *err)
{
	struct fw_nft_answer a = {0};
	struct fw_gate_have have;
	struct fw_gate_plan pl;
	struct fw_nft_batch b;
	int r = fw_gate_have_read(&g->n->sock, parts_of(w), &have);

	if (r < 0)
		return fw_nft_io_error(r, err);
	fw_nft_batch_init(&b, 1);
	r = fw_gate_plan_init(&pl, w->conf, g->no_absent ? w->present : NULL);
	if (r < 0)
		r = sk_err_nomem(err);
	const bool missing = !have.exists[0] || (pl.page && !have.exists[1]) ||
		(g->n->owned && (!have.owner[0] || (pl.page && !have.owner[1])));
	if (r == 0 && missing) {
		r = ensure_table(g, &have, false, err);
		if (r == 0 && pl.page)
			r = ensure_table(g, &have, true, err);
		/* What was read is of before. */
		fw_gate_have_done(&have);
		if (r == 0 && fw_gate_have_read(&g->n->sock, parts_of(w), &have) < 0)
			r = fw_nft_io_error(-EAGAIN, err);
	}
	if (r == 0) {
		put_all((struct diff){.b = &b, .can_renew = g->can_renew}, &have, &pl, lists);
		r = commit(g, &b, have.genid, &a, err);
	}
	if (r < 0 && !g->no_absent && a.type == NFT_MSG_NEWCHAIN &&
		(a.code == -ENOENT || a.code == -ENODEV)) {
		g->no_absent = true; /* before Linux 6.16 */
		r = 1;
	} else if (r == 0 && a.restart) {
		r = 1;
	}
	fw_nft_batch_done(&b);
	fw_gate_plan_done(&pl);
	fw_gate_have_done(&have);
	return r;
}

static void remember(struct fw_nft_gate *g)
{
	struct fw_gate_have have;

	g->digest_set =
		fw_gate_have_read(&g->n->sock, FW_GATE_HAVE_RULES, &have) == 0 && have.n_rules;
	g->digest = have.digest;
	fw_gate_have_done(&have);
}

static void lists_done(struct list lists[FW_GATE_LISTS])
{
	for (unsigned l = 0; l < FW_GATE_LISTS; l++)
		free(lists[l].v);
}

int fw_nft_gate_apply(struct fw_nft_gate *g, const struct fw_nft_gate_want *w, struct sk_err *err)
{
	struct list lists[FW_GATE_LISTS] = {0};
	int r = want_lists(w, lists);

	if (r < 0) {
		lists_done(lists);
		return sk_err_nomem(err);
	}
	r = 1;
	for (int i = 0; i < TRIES && r == 1; i++)
		r = try_once(g, w, lists, err);
	lists_done(lists);
	if (r == 1)
		r = fw_nft_io_error(-EAGAIN, err);
	if (r == 0)
		remember(g);
	return r;
}

/* ---- single elements ---- */

int fw_nft_gate_edit(
	struct fw_nft_gate *g, const struct fw_nft_gate_edit *v, size_t n, struct sk_err *err)
{
	struct fw_nft_answer a = {0};
	struct fw_nft_batch b;

	fw_nft_batch_init(&b, 1);
	for (size_t i = 0; i < n; i++) {
		if (v[i].remove && v[i].add && v[i].same && g->can_renew) {
			fw_gate_put_elem(&b, v[i].list, &v[i].elem, FW_GATE_RENEW_ELEM);
			continue;
		}
		if (v[i].remove)
			fw_gate_put_elem(&b, v[i].list, &v[i].elem, FW_GATE_DEL_ELEM);
		if (v[i].add)
			fw_gate_put_elem(&b, v[i].list, &v[i].elem, FW_GATE_ADD_ELEM);
	}
	int r = commit(g, &b, 0, &a, err);
	fw_nft_batch_done(&b);
	if (r < 0 && a.errors && (a.code == -ENOENT || a.code == -EEXIST))
		return -EAGAIN;
	return r;
}

int fw_nft_gate_forget(struct fw_nft_gate *g, const struct fw_gate_key *key, struct sk_err *err)
{
	struct fw_nft_answer a = {0};
	struct fw_nft_batch b;

	fw_nft_batch_init(&b, 1);
	fw_gate_begin(&b, false, NFT_MSG_DELSETELEM, 0);
	fw_nft_put_str(&b, NFTA_SET_ELEM_LIST_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(&b, NFTA_SET_ELEM_LIST_SET, FW_GATE_SET_SEEN);
	if (key) {
		struct nlattr *list = fw_nft_nest(&b, NFTA_SET_ELEM_LIST_ELEMENTS);
		struct nlattr *x = fw_nft_nest(&b, NFTA_LIST_ELEM);
		struct nlattr *k = fw_nft_nest(&b, NFTA_SET_ELEM_KEY);
		fw_nft_put(&b, NFTA_DATA_VALUE, key, sizeof(*key));
		fw_nft_nest_end(&b, k);
		fw_nft_nest_end(&b, x);
		fw_nft_nest_end(&b, list);
	}
	fw_nft_msg_end(&b);
	int r = commit(g, &b, 0, &a, err);
	fw_nft_batch_done(&b);
	return r < 0 && a.errors && a.code == -ENOENT ? 0 : r;
}

/* ---- reading ---- */

int fw_nft_gate_rows(struct fw_nft_gate *g, uint64_t now, struct fw_gate_row **ret, size_t *ret_n,
	struct sk_err *err)
{
	struct fw_gate_have have;
	int r = fw_gate_have_read(&g->n->sock, FW_GATE_HAVE_ROWS, &have);

	if (r < 0)
		return fw_nft_io_error(r, err);
	const struct fw_gate_have_list *l = &have.lists[FW_GATE_L_IN];
	struct fw_gate_row *v = calloc(l->n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < l->n; i++) {
		const struct fw_gate_elem *e = &l->v[i];

		if (e->ms == UINT64_MAX)
			continue; /* never one of ours */
		memcpy(&v[n].key, e->key, sizeof(v[n].key));
		v[n].state = e->quarantined ? FW_GATE_QUARANTINED : FW_GATE_ADMITTED;
		v[n++].until = now + e->ms;
	}
	fw_gate_have_done(&have);
	if (!v)
		return sk_err_nomem(err);
	*ret = v;
	*ret_n = n;
	return 0;
}

int fw_nft_gate_known(
	struct fw_nft_gate *g, uint8_t (**ret)[FW_MAC_LEN], size_t *ret_n, struct sk_err *err)
{
	struct fw_gate_have have;
	int r = fw_gate_have_read(&g->n->sock, FW_GATE_HAVE_KNOWN, &have);

	if (r < 0)
		return fw_nft_io_error(r, err);
	const struct fw_gate_have_list *l = &have.lists[FW_GATE_L_KNOWN];
	uint8_t(*v)[FW_MAC_LEN] = calloc(l->n + 1, FW_MAC_LEN);

	for (size_t i = 0; v && i < l->n; i++)
		memcpy(v[i], l->v[i].key, FW_MAC_LEN);
	if (v) {
		*ret = v;
		*ret_n = l->n;
	}
	fw_gate_have_done(&have);
	return v ? 0 : sk_err_nomem(err);
}

int fw_nft_gate_counters(
	struct fw_nft_gate *g, struct fw_nft_gate_count **ret, size_t *ret_n, struct sk_err *err)
{
	struct fw_gate_have have;
	int r = fw_gate_have_read(&g->n->sock, FW_GATE_HAVE_CHAINS, &have);

	if (r < 0)
		return fw_nft_io_error(r, err);
	struct fw_nft_gate_count *v = calloc(have.n_counters + 1, sizeof(*v));

	for (size_t i = 0; v && i < have.n_counters; i++) {
		memcpy(v[i].name, have.counters[i], sizeof(v[i].name));
		v[i].packets = have.packets[i];
	}
	if (v) {
		*ret = v;
		*ret_n = have.n_counters;
	}
	fw_gate_have_done(&have);
	return v ? 0 : sk_err_nomem(err);
}

/* ---- drift ---- */

static void found(struct fw_drift *ret, enum fw_drift_kind kind, const char *what, const char *name)
{
	if (ret->kind != FW_DRIFT_NONE)
		return;
	ret->kind = kind;
	snprintf(ret->what, sizeof(ret->what), "%s%s%s", what, name[0] ? " " : "", name);
}

static void compare_structure(struct fw_nft_gate *g, const struct fw_gate_have *have,
	const struct fw_gate_plan *pl, struct fw_drift *ret)
{
	size_t sets = 0;

	if (!have->exists[0] || (pl->page && !have->exists[1]))
		found(ret, FW_DRIFT_TABLE_GONE, "the table is gone", "");
	if ((have->flags[0] | have->flags[1]) & TABLE_DORMANT)
		found(ret, FW_DRIFT_TABLE_GONE, "the table was put to sleep", "");
	for (size_t i = 0; i < pl->n_chains; i++) {
		const struct fw_gate_chain *c = &pl->chains[i];
		const struct fw_gate_have_chain *h = fw_gate_have_chain(have, c->inet, c->name);

		if (!h || !chain_fits(h, c))
			found(ret, FW_DRIFT_CHAINS, "missing or other: chain", c->name);
		else if (h->base && h->policy != (c->drop ? NF_DROP : NF_ACCEPT))
			found(ret, FW_DRIFT_CHAINS, "other policy: chain", c->name);
	}
	for (size_t i = 0; i < have->n_chains; i++)
		if (!planned(pl, have->chains[i].inet, have->chains[i].name))
			found(ret, FW_DRIFT_CHAINS, "not ours: chain", have->chains[i].name);
	for (size_t i = 0; i < pl->n_sets; i++) {
		const struct fw_gate_have_set *h = fw_gate_have_set(have, pl->sets[i].name);

		sets += h != NULL;
		if (!h || !set_fits(h, &pl->sets[i]))
			found(ret, FW_DRIFT_SETS, "missing or other: set", pl->sets[i].name);
	}
	if (sets < have->n_sets)
		found(ret, FW_DRIFT_SETS, "a set that is not ours", "");
	if (!g->digest_set || g->digest != have->digest)
		found(ret, FW_DRIFT_RULES, "the rules are not those that were applied", "");
}

int fw_nft_gate_drift(struct fw_nft_gate *g, const struct fw_nft_gate_want *w, struct fw_drift *ret,
	struct sk_err *err)
{
	struct list lists[FW_GATE_LISTS] = {0};
	struct fw_gate_have have;
	struct fw_gate_plan pl;
	struct diff d = {0};
	int r = fw_gate_have_read(&g->n->sock, parts_of(w) | FW_GATE_HAVE_RULES, &have);

	*ret = (struct fw_drift){.kind = FW_DRIFT_NONE};
	if (r < 0)
		return fw_nft_io_error(r, err);
	r = fw_gate_plan_init(&pl, w->conf, g->no_absent ? w->present : NULL);
	if (r == 0)
		r = want_lists(w, lists);
	if (r == 0) {
		compare_structure(g, &have, &pl, ret);
		for (unsigned l = 0; l < FW_GATE_LISTS; l++) {
			if (have.lists[l].strange)
				found(ret, FW_DRIFT_SETS, "strange element in",
					fw_gate_list(l)->name);
			if (!lists[l].skip)
				diff_list(&d, l, &have.lists[l], &lists[l]);
		}
		if (d.n)
			found(ret, FW_DRIFT_SETS, d.first, "");
	}
	lists_done(lists);
	fw_gate_plan_done(&pl);
	fw_gate_have_done(&have);
	return r < 0 ? sk_err_nomem(err) : 0;
}
