/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy into the kernel, by the recipe of docs/kernel.md: fill what is new, exchange all rules
 * in one transaction that fails if anybody else changed the rule set, collect what is no longer
 * used. No packet is lost and nothing forbidden opens. Called by fwd through nft.h and by check.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libmnl/libmnl.h>

#include "fw/nft/int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TRIES 12
/* Unreferenced things may go in pieces: keeps the memory of a million addresses bounded. */
#define FILL_PIECE (4u * 1024u * 1024u)
/* Sequence numbers of the three segments of the exchange. */
#define SEQ_HEAD 1u
#define SEQ_TAIL 0x10000000u
#define SEQ_RULES 0x20000000u
/* Elements of sets up to this size are read back where the kernel does not keep others out. */
#define READ_BACK_MAX 4096

struct apply {
	struct fw_nft *n;
	const struct fw_policy *p;
	const struct fw_nft_counter *start; /* sorted by number */
	size_t n_start;
	struct fw_nft_counter *sorted; /* owned */
	struct fw_nft_plan plan;
	struct fw_nft_batch rules;
	struct fw_nft_snap before;
	uint32_t gen; /* what the next transaction builds on */
	struct fw_nft_stats st;
	struct sk_err *err;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- transactions
 * ----------------------------------------------------------------------------------- */

static uint32_t ref_of(struct fw_nft_batch *const *segs, size_t n, uint32_t seq)
{
	for (size_t i = 0; i < n; i++) {
		if (seq >= segs[i]->seq0 && seq - segs[i]->seq0 < segs[i]->n)
			return segs[i]->refs[seq - segs[i]->seq0];
	}
	return 0;
}

/* 0, -ERESTART if the generation was lost, else -errno with err set. */
static int commit(struct apply *a, struct fw_nft_batch *const *segs, size_t n)
{
	struct fw_nft_answer ans;
	size_t messages = 0;

	for (size_t i = 0; i < n; i++) {
		messages += segs[i]->n;
		a->st.batch_bytes += segs[i]->bytes;
	}
	if (!messages)
		return segs[0]->err;
	int ret = fw_nft_sock_commit(&a->n->sock, segs, n, a->n->scratch ? 0 : a->gen, &ans);
	if (ret < 0)
		return fw_nft_io_error(ret, a->err);
	if (ans.restart)
		return -ERESTART;
	if (ans.errors)
		return fw_nft_refused(&ans, ref_of(segs, n, ans.seq), a->err);
	if (!ans.acked) {
		/* The answer did not fit the buffer: the generation tells. */
		uint32_t gen = a->gen;
		ret = fw_nft_sock_genid(&a->n->sock, &gen);
		if (ret < 0 || gen == a->gen)
			return fw_nft_io_error(ret < 0 ? ret : -ENOBUFS, a->err);
	}
	if (++a->gen == 0)
		a->gen = 1;
	return 0;
}

/* Send b if it grew past the limit (or always) and start it again. */
static int flush(struct apply *a, struct fw_nft_batch *b, bool always)
{
	const size_t limit = SK_MIN((size_t)FILL_PIECE, a->n->sock.send_max / 2);
	int ret = b->err;

	if (ret == 0 && (always || fw_nft_batch_full(b, limit)))
		ret = commit(a, &b, 1);
	else if (ret == 0)
		return 0;
	if (ret == -ENOMEM || ret == -EMSGSIZE)
		fw_nft_io_error(ret, a->err);
	fw_nft_batch_done(b);
	return ret;
}

static void put_named(struct fw_nft_batch *b, int type, unsigned flags, uint16_t table_attr,
	uint16_t name_attr, const char *name)
{
	fw_nft_msg_begin(b, type, flags, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, table_attr, FW_NFT_TABLE);
	fw_nft_put_str(b, name_attr, name);
}

/* ---- A: fill
 * ---------------------------------------------------------------------------------------- */

static void put_chain(struct apply *a, struct fw_nft_batch *b, const char *name)
{
	if (fw_nft_snap_chain(&a->before, name))
		return;
	put_named(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, name);
	fw_nft_msg_end(b);
}

static void put_map(struct apply *a, struct fw_nft_batch *b, enum fw_nft_map m)
{
	const struct fw_nft_map_info *i = fw_nft_map(m);
	const bool pair = i->in && i->out;
	uint32_t type = FW_NFT_TYPE_IFNAME, flags = NFT_SET_MAP;

	if (fw_nft_snap_set(&a->before, i->name))
		return;
	if (pair) {
		type = type << FW_NFT_TYPE_BITS | FW_NFT_TYPE_IFNAME;
		flags |= FW_NFT_SET_CONCAT;
	}
	put_named(b, NFT_MSG_NEWSET, NLM_F_CREATE, NFTA_SET_TABLE, NFTA_SET_NAME, i->name);
	fw_nft_put_be32(b, NFTA_SET_FLAGS, flags);
	fw_nft_put_be32(b, NFTA_SET_KEY_TYPE, type);
	fw_nft_put_be32(b, NFTA_SET_KEY_LEN, IFNAMSIZ * (pair ? 2u : 1u));
	fw_nft_put_be32(b, NFTA_SET_DATA_TYPE, FW_NFT_TYPE_VERDICT);
	fw_nft_put_be32(b, NFTA_SET_DATA_LEN, 0);
	fw_nft_put_be32(b, NFTA_SET_ID, (uint32_t)b->n);
	if (pair) {
		struct nlattr *desc = fw_nft_nest(b, NFTA_SET_DESC);
		struct nlattr *list = fw_nft_nest(b, NFTA_SET_DESC_CONCAT);
		for (int k = 0; k < 2; k++) {
			struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
			fw_nft_put_be32(b, NFTA_SET_FIELD_LEN, IFNAMSIZ);
			fw_nft_nest_end(b, e);
		}
		fw_nft_nest_end(b, list);
		fw_nft_nest_end(b, desc);
	} else {
		fw_nft_set_put_byteorder(b, true);
	}
	fw_nft_msg_end(b);
}

static const struct fw_nft_counter *start_of(const struct apply *a, uint32_t number)
{
	size_t lo = 0, hi = a->n_start;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (a->start[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < a->n_start && a->start[lo].number == number ? &a->start[lo] : NULL;
}

static void put_counter(struct apply *a, struct fw_nft_batch *b, uint32_t number)
{
	const struct fw_nft_counter *s = start_of(a, number);
	char name[FW_NFT_NAME_MAX];

	if (fw_nft_snap_counter(&a->before, number))
		return;
	fw_nft_counter_name(name, number);
	put_named(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	struct nlattr *data = fw_nft_nest(b, NFTA_OBJ_DATA);
	fw_nft_put_be64(b, NFTA_COUNTER_BYTES, s ? s->bytes : 0);
	fw_nft_put_be64(b, NFTA_COUNTER_PACKETS, s ? s->packets : 0);
	fw_nft_nest_end(b, data);
	fw_nft_msg_end(b);
}

static int fill_sets(struct apply *a, struct fw_nft_batch *b)
{
	const size_t limit = SK_MIN((size_t)FILL_PIECE, a->n->sock.send_max / 2);

	for (size_t i = 0; i < a->plan.sets.n; i++) {
		const struct fw_nft_set *s = a->plan.sets.v[i];
		size_t pos = 0;
		if (fw_nft_snap_set(&a->before, s->name))
			continue;
		fw_nft_set_put(b, s);
		while (!fw_nft_set_put_items(b, s, &pos, limit)) {
			int ret = flush(a, b, true);
			if (ret < 0)
				return ret;
		}
		int ret = flush(a, b, false);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int fill(struct apply *a)
{
	static const char *const fixed[] = {FW_NFT_DENY, FW_NFT_DENY_REJECT, FW_NFT_REFUSE};
	const uint64_t t = now_us();
	struct fw_nft_batch b;
	int ret = 0;

	fw_nft_batch_init(&b, SEQ_HEAD);
	for (size_t i = 0; i < SK_ARRAY_SIZE(fixed); i++)
		put_chain(a, &b, fixed[i]);
	for (size_t i = 0; i < a->plan.n_chains; i++)
		put_chain(a, &b, a->plan.chains[i].name);
	for (unsigned m = 0; m < FW_NFT_MAPS; m++)
		put_map(a, &b, m);
	for (uint32_t i = 1; i <= FW_B_DEFAULT_DENY; i++)
		put_counter(a, &b, i);
	for (size_t i = 0; i < a->p->n_rules && ret == 0; i++) {
		put_counter(a, &b, a->p->rules[i].rec.number);
		ret = flush(a, &b, false);
	}
	if (ret == 0)
		ret = fill_sets(a, &b);
	if (ret == 0)
		ret = flush(a, &b, true);
	fw_nft_batch_done(&b);
	a->st.fill_us += now_us() - t;
	return ret;
}

/* ---- B: exchange
 * ------------------------------------------------------------------------------------ */

static bool base_fits(const struct fw_nft_snap_chain *c, const struct fw_nft_base_info *i)
{
	return c->base && c->hook == i->hook && c->priority == i->priority &&
		strcmp(c->type, i->type) == 0;
}

/* Base chains are made once. One that somebody bent to another hook is the only one ever deleted.
 */
static void put_base(struct apply *a, struct fw_nft_batch *b, enum fw_nft_base base)
{
	const struct fw_nft_base_info *i = fw_nft_base(base);
	const struct fw_nft_snap_chain *c = fw_nft_snap_chain(&a->before, i->name);

	if (c && base_fits(c, i) && c->policy == i->policy)
		return;
	if (c && !base_fits(c, i)) {
		put_named(b, NFT_MSG_DELCHAIN, 0, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, i->name);
		fw_nft_msg_end(b);
	}
	put_named(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, i->name);
	struct nlattr *hook = fw_nft_nest(b, NFTA_CHAIN_HOOK);
	fw_nft_put_be32(b, NFTA_HOOK_HOOKNUM, i->hook);
	fw_nft_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)i->priority);
	fw_nft_nest_end(b, hook);
	fw_nft_put_be32(b, NFTA_CHAIN_POLICY, i->policy);
	fw_nft_put_str(b, NFTA_CHAIN_TYPE, i->type);
	fw_nft_msg_end(b);
}

static void put_head(struct apply *a, struct fw_nft_batch *b)
{
	fw_nft_msg_begin(b, NFT_MSG_DELRULE, 0, 0, FW_NFT_MSG_SMALL); /* all of the table */
	fw_nft_put_str(b, NFTA_RULE_TABLE, FW_NFT_TABLE);
	fw_nft_msg_end(b);
	for (unsigned i = 0; i < FW_NFT_BASES; i++)
		put_base(a, b, i);
}

static void put_elem(struct fw_nft_batch *b, int type, enum fw_nft_map m, const char *key,
	size_t len, const char *target)
{
	put_named(b, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, NFTA_SET_ELEM_LIST_TABLE,
		NFTA_SET_ELEM_LIST_SET, fw_nft_map(m)->name);
	struct nlattr *list = fw_nft_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
	struct nlattr *k = fw_nft_nest(b, NFTA_SET_ELEM_KEY);
	fw_nft_put(b, NFTA_DATA_VALUE, key, len);
	fw_nft_nest_end(b, k);
	if (target) {
		struct nlattr *d = fw_nft_nest(b, NFTA_SET_ELEM_DATA);
		struct nlattr *v = fw_nft_nest(b, NFTA_DATA_VERDICT);
		fw_nft_put_be32(b, NFTA_VERDICT_CODE, (uint32_t)NFT_GOTO);
		fw_nft_put_str(b, NFTA_VERDICT_CHAIN, target);
		fw_nft_nest_end(b, v);
		fw_nft_nest_end(b, d);
	}
	fw_nft_nest_end(b, e);
	fw_nft_nest_end(b, list);
	fw_nft_msg_end(b);
}

static bool same_elem(const struct fw_nft_snap_elem *x, const struct fw_nft_elem *y)
{
	return x->code == (uint32_t)NFT_GOTO && strcmp(x->e.target, y->target) == 0;
}

/* Bring one verdict map from what it holds to what it should, both sorted: removals before
 * additions. */
static void put_map_changes(struct apply *a, struct fw_nft_batch *b, enum fw_nft_map m, bool add)
{
	const struct fw_nft_map_info *info = fw_nft_map(m);
	const size_t len = IFNAMSIZ * (info->in && info->out ? 2u : 1u);
	const struct fw_nft_snap_elem *have = a->before.maps[m].v;
	const struct fw_nft_elem *want = a->plan.maps[m].v;
	size_t nh = a->before.maps[m].n, nw = a->plan.maps[m].n, h = 0, w = 0;

	while (h < nh || w < nw) {
		int c = h == nh   ? 1
			: w == nw ? -1
				  : memcmp(have[h].e.key, want[w].key, sizeof(want[w].key));
		bool same = c == 0 && same_elem(&have[h], &want[w]);
		if (c <= 0 && !same && !add)
			put_elem(b, NFT_MSG_DELSETELEM, m, have[h].e.key, have[h].key_len, NULL);
		if (c >= 0 && !same && add)
			put_elem(b, NFT_MSG_NEWSETELEM, m, want[w].key, len, want[w].target);
		h += c <= 0;
		w += c >= 0;
	}
}

/* In a throw-away namespace with small buffers nothing watches: rules may go in pieces. */
static int commit_pieces(struct apply *a)
{
	for (size_t i = 0; i < a->rules.n_chunks; i++) {
		struct fw_nft_batch part = a->rules, *seg = &part;
		part.chunks = &a->rules.chunks[i];
		part.n_chunks = 1;
		part.bytes = part.chunks->iov_len;
		int ret = commit(a, &seg, 1);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int exchange(struct apply *a)
{
	const uint64_t t = now_us();
	struct fw_nft_batch head, tail;
	struct fw_nft_batch *segs[] = {&head, &tail, &a->rules};
	int ret;

	fw_nft_batch_init(&head, SEQ_HEAD);
	fw_nft_batch_init(&tail, SEQ_TAIL);
	put_head(a, &head);
	for (int add = 0; add <= 1; add++) {
		for (unsigned m = 0; m < FW_NFT_MAPS; m++)
			put_map_changes(a, &tail, m, add);
	}
	if (a->n->hook)
		a->n->hook(FW_NFT_STAGE_SWITCH, &a->rules, a->n->hook_arg);
	if (a->n->scratch && a->rules.bytes > a->n->sock.send_max / 2) {
		ret = commit(a, segs, 2);
		if (ret == 0)
			ret = commit_pieces(a);
	} else {
		ret = commit(a, segs, SK_ARRAY_SIZE(segs));
	}
	fw_nft_batch_done(&head);
	fw_nft_batch_done(&tail);
	a->st.switch_us += now_us() - t;
	return ret;
}

/* ---- C: collect
 * ------------------------------------------------------------------------------------- */

static bool planned_set(const struct fw_nft_plan *pl, const char *name)
{
	for (unsigned m = 0; m < FW_NFT_MAPS; m++) {
		if (strcmp(fw_nft_map(m)->name, name) == 0)
			return true;
	}
	return fw_nft_sets_find(&pl->sets, name) != NULL;
}

static bool planned_counter(const struct apply *a, uint32_t number)
{
	return number <= FW_B_DEFAULT_DENY || fw_policy_find(a->p, number);
}

static void put_del_counter(struct fw_nft_batch *b, const char *name)
{
	put_named(b, NFT_MSG_DELOBJ, 0, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	fw_nft_msg_end(b);
}

/* What was there and is not part of the plan. Elements of foreign maps may point at chains: sets
 * first. */
static void put_unused(struct apply *a, struct fw_nft_batch *b)
{
	const struct fw_nft_snap *s = &a->before;
	char name[FW_NFT_NAME_MAX];

	for (size_t i = 0; i < s->n_sets; i++) {
		if (planned_set(&a->plan, s->sets[i].name))
			continue;
		put_named(b, NFT_MSG_DELSET, 0, NFTA_SET_TABLE, NFTA_SET_NAME, s->sets[i].name);
		fw_nft_msg_end(b);
	}
	for (size_t i = 0; i < s->n_chains; i++) {
		if (fw_nft_plan_has_chain(&a->plan, s->chains[i].name))
			continue;
		put_named(b, NFT_MSG_DELCHAIN, 0, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME,
			s->chains[i].name);
		fw_nft_msg_end(b);
	}
	for (size_t i = 0; i < s->n_counters; i++) {
		if (planned_counter(a, s->counters[i].number))
			continue;
		fw_nft_counter_name(name, s->counters[i].number);
		put_del_counter(b, name);
	}
	for (size_t i = 0; i < s->n_objects; i++)
		put_del_counter(b, s->objects[i]);
}

/* Failure leaves garbage that the next apply collects; the policy is in force. */
static void collect(struct apply *a)
{
	const uint64_t t = now_us();
	struct fw_nft_batch b, *seg = &b;
	struct sk_err ignored;

	fw_nft_batch_init(&b, SEQ_HEAD);
	put_unused(a, &b);
	a->err = &ignored;
	commit(a, &seg, 1);
	fw_nft_batch_done(&b);
	a->st.collect_us += now_us() - t;
}

/* The exchange failed: what the fill made is not used by anything. */
static void undo_fill(struct apply *a)
{
	struct fw_nft_snap now;
	struct fw_nft_batch b, *seg = &b;
	struct sk_err ignored;
	char name[FW_NFT_NAME_MAX];

	if (fw_nft_snap_read(&a->n->sock,
		    FW_NFT_SNAP_CHAINS | FW_NFT_SNAP_SETS | FW_NFT_SNAP_COUNTERS, NULL, NULL,
		    &now) < 0)
		goto out;
	fw_nft_batch_init(&b, SEQ_HEAD);
	for (size_t i = 0; i < now.n_sets; i++) {
		const char *s = now.sets[i].name;
		if (fw_nft_snap_set(&a->before, s) || !planned_set(&a->plan, s))
			continue;
		put_named(&b, NFT_MSG_DELSET, 0, NFTA_SET_TABLE, NFTA_SET_NAME, s);
		fw_nft_msg_end(&b);
	}
	for (size_t i = 0; i < now.n_chains; i++) {
		const char *s = now.chains[i].name;
		if (fw_nft_snap_chain(&a->before, s) || !fw_nft_plan_has_chain(&a->plan, s))
			continue;
		put_named(&b, NFT_MSG_DELCHAIN, 0, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, s);
		fw_nft_msg_end(&b);
	}
	for (size_t i = 0; i < now.n_counters; i++) {
		if (fw_nft_snap_counter(&a->before, now.counters[i].number))
			continue;
		fw_nft_counter_name(name, now.counters[i].number);
		put_del_counter(&b, name);
	}
	a->gen = 0;
	a->err = &ignored;
	commit(a, &seg, 1);
	fw_nft_batch_done(&b);
out:
	fw_nft_snap_done(&now);
}

/* ---- read back
 * -------------------------------------------------------------------------------------- */

static bool small_set(const char *name, void *arg)
{
	const struct apply *a = arg;
	const struct fw_nft_set *s = fw_nft_sets_find(&a->plan.sets, name);

	return !a->n->owned && s && s->n <= READ_BACK_MAX;
}

static uint64_t number_mix(uint32_t number)
{
	uint64_t h = (number + 0x9e3779b97f4a7c15u) * 0xff51afd7ed558ccdu;
	return h ^ (h >> 32);
}

/* What the kernel shows now is what drift compares with, if it is what we wrote. */
static int read_back(struct apply *a, uint64_t numbers)
{
	const unsigned parts =
		FW_NFT_SNAP_CHAINS | FW_NFT_SNAP_SETS | FW_NFT_SNAP_MAPS | FW_NFT_SNAP_RULES;
	const uint64_t t = now_us();
	struct fw_nft *n = a->n;

	n->expect_set = false;
	fw_nft_snap_done(&n->expect);
	int ret = fw_nft_snap_read(&n->sock, parts, small_set, a, &n->expect);
	uint64_t sum = 0;
	for (size_t i = 0; i < n->expect.n_rules; i++)
		sum += number_mix(n->expect.numbers[i]);
	n->expect_set =
		ret == 0 && n->expect.exists && n->expect.n_rules == a->st.rules && sum == numbers;
	a->st.read_back_us += now_us() - t;
	return ret;
}

/* ---- the whole
 * -------------------------------------------------------------------------------------- */

static void emit_rule(const struct fw_nft_rule *r, void *arg)
{
	fw_nft_rule_put(arg, r);
}

static int counter_cmp(const void *x, const void *y)
{
	const struct fw_nft_counter *p = x, *q = y;
	return p->number < q->number ? -1 : p->number > q->number;
}

static int prepare(
	struct apply *a, const struct fw_nft_counter *start, size_t n_start, unsigned epoch)
{
	int ret = fw_nft_plan_init(&a->plan, a->p, epoch);

	fw_nft_batch_init(&a->rules, SEQ_RULES);
	if (ret < 0)
		return ret;
	if (n_start) {
		a->sorted = malloc(n_start * sizeof(*start));
		if (!a->sorted)
			return -ENOMEM;
		memcpy(a->sorted, start, n_start * sizeof(*start));
		qsort(a->sorted, n_start, sizeof(*start), counter_cmp);
		a->start = a->sorted;
		a->n_start = n_start;
	}
	ret = fw_nft_plan_rules(&a->plan, emit_rule, &a->rules);
	if (ret == 0)
		ret = a->rules.err;
	a->st.rules = a->rules.n;
	a->st.sets = a->plan.sets.n;
	return ret;
}

/* One attempt: everything that depends on what the kernel holds. */
static int attempt(struct apply *a)
{
	const unsigned parts =
		FW_NFT_SNAP_CHAINS | FW_NFT_SNAP_SETS | FW_NFT_SNAP_MAPS | FW_NFT_SNAP_COUNTERS;

	fw_nft_snap_done(&a->before);
	int ret = fw_nft_sock_genid(&a->n->sock, &a->gen);
	if (ret == 0)
		ret = fw_nft_snap_read(&a->n->sock, parts, NULL, NULL, &a->before);
	if (ret < 0)
		return fw_nft_io_error(ret, a->err);
	if (!a->before.exists) {
		ret = fw_nft_ensure_table(a->n, a->err);
		return ret < 0 ? ret : -ERESTART;
	}
	if (a->n->hook)
		a->n->hook(FW_NFT_STAGE_FILL, &a->rules, a->n->hook_arg);
	ret = fill(a);
	if (ret == 0)
		ret = exchange(a);
	if (ret < 0 && ret != -ERESTART)
		undo_fill(a);
	return ret;
}

/* Names for sets that nothing in the kernel has. */
static int fresh_epoch(struct fw_nft *n, unsigned *ret)
{
	struct fw_nft_snap s;
	unsigned max = 0;
	bool some = false;

	int r = fw_nft_snap_read(&n->sock, FW_NFT_SNAP_SETS, NULL, NULL, &s);
	for (size_t i = 0; r == 0 && i < s.n_sets; i++) {
		max = SK_MAX(max, fw_nft_set_epoch(s.sets[i].name));
		some = true;
	}
	fw_nft_snap_done(&s);
	if (r == 0)
		*ret = some ? max + 1 : 0;
	return r;
}

static int run(struct apply *a)
{
	int ret = -ERESTART;

	for (int i = 0; i < TRIES && ret == -ERESTART; i++) {
		a->st.retries = i;
		ret = attempt(a);
	}
	if (ret == -ERESTART) {
		undo_fill(a);
		ret = fw_nft_io_error(-EAGAIN, a->err);
	}
	return ret;
}

static void finish(struct apply *a, struct fw_nft_stats *ret)
{
	uint64_t numbers = 0;

	for (size_t i = 0; i < a->rules.n; i++)
		numbers += number_mix(a->rules.refs[i]);
	fw_nft_batch_done(&a->rules);
	collect(a);
	a->n->genid = a->st.genid = a->gen;
	if (!a->n->scratch)
		read_back(a, numbers);
	if (ret)
		*ret = a->st;
}

int fw_nft_apply(struct fw_nft *n, const struct fw_policy *p, const struct fw_nft_counter *start,
	size_t n_start, struct fw_nft_stats *ret, struct sk_err *err)
{
	struct apply a = {.n = n, .p = p, .err = err};
	unsigned epoch = n->epoch;
	int r = n->distrust ? fresh_epoch(n, &epoch) : 0;

	if (r == 0)
		r = prepare(&a, start, n_start, epoch);
	if (r < 0)
		fw_nft_io_error(r, err);
	else
		r = run(&a);
	if (r == 0) {
		n->epoch = epoch;
		n->distrust = false;
		finish(&a, ret);
	}
	fw_nft_batch_done(&a.rules);
	fw_nft_snap_done(&a.before);
	fw_nft_plan_done(&a.plan);
	free(a.sorted);
	return r;
}
