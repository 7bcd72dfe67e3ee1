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

#include "fw/nft/bridge.h"
#include "fw/nft/change.h"
#include "fw/nft/int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TRIES 12
/* Unreferenced things may go in pieces: keeps the memory of a million addresses bounded. */
#define FILL_PIECE (4u * 1024u * 1024u)
/* Sequence numbers of the segments of the exchange. */
#define SEQ_HEAD 1u
#define SEQ_TAIL 0x10000000u
#define SEQ_BRIDGE 0x18000000u
#define SEQ_RULES 0x20000000u

struct apply {
	struct fw_nft *n;
	const struct fw_policy *p;
	struct fw_nft_counter *start; /* sorted copy */
	size_t n_start;
	struct fw_nft_plan plan;
	struct fw_nft_layout layout; /* of the blocklists' sets */
	unsigned serial;             /* of those that are new */
	uint32_t filled;             /* bits: those this apply has filled */
	struct fw_nft_batch rules;
	struct fw_nft_snap before; /* what this attempt builds on */
	struct fw_nft_snap origin; /* what the first one found, once there is a second */
	bool bridged;
	struct fw_nft_snap bridge; /* of the bridge's table, as before */
	bool again;
	uint32_t gen; /* what the next transaction builds on */
	struct fw_nft_stats st;
	struct sk_err *err;
};

static struct fw_nft_change change_of(const struct apply *a)
{
	return (struct fw_nft_change){
		.before = &a->before, .plan = &a->plan, .start = a->start, .n_start = a->n_start};
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- transactions ---- */

static uint32_t ref_of(struct fw_nft_batch *const *segs, size_t n, uint32_t seq)
{
	for (size_t i = 0; i < n; i++) {
		if (seq >= segs[i]->seq0 && seq - segs[i]->seq0 < segs[i]->n)
			return segs[i]->refs[seq - segs[i]->seq0];
	}
	return 0;
}

/* The answer did not fit the buffer: the generation tells whether it was done. */
static int without_answer(struct apply *a)
{
	uint32_t gen = a->gen;
	int ret = fw_nft_sock_genid(&a->n->sock, &gen);

	if (ret == 0 && gen == a->gen)
		ret = -ENOBUFS;
	return ret < 0 ? fw_nft_io_error(ret, a->err) : 0;
}

/* 0, -ERESTART if the generation was lost, else -errno with err set. */
static int commit(struct apply *a, struct fw_nft_batch *const *segs, size_t n)
{
	struct fw_nft_answer ans;
	size_t messages = 0;

	for (size_t i = 0; i < n; i++) {
		messages += segs[i]->n;
		a->st.batch_bytes += segs[i]->bytes;
		if (segs[i]->err)
			return fw_nft_io_error(segs[i]->err, a->err);
	}
	if (!messages)
		return 0;
	int ret = fw_nft_sock_commit(&a->n->sock, segs, n, a->n->scratch ? 0 : a->gen, &ans);
	if (ret < 0)
		return fw_nft_io_error(ret, a->err);
	if (ans.restart)
		return -ERESTART;
	if (ans.errors)
		return fw_nft_refused(&ans, ref_of(segs, n, ans.seq), a->err);
	if (!ans.acked) {
		ret = without_answer(a);
		if (ret < 0)
			return ret;
	}
	if (++a->gen == 0)
		a->gen = 1;
	return 0;
}

static size_t piece(const struct apply *a)
{
	return SK_MIN((size_t)FILL_PIECE, a->n->sock.send_max / 2);
}

/* Send b if it grew large, or always, and start it again. */
static int flush(struct apply *a, struct fw_nft_batch *b, bool always)
{
	if (!always && !fw_nft_batch_full(b, piece(a)))
		return 0;
	int ret = commit(a, &b, 1);
	fw_nft_batch_done(b);
	return ret;
}

/* ---- A: fill ---- */

static int fill_set(struct apply *a, struct fw_nft_batch *b, const struct fw_nft_set *s)
{
	size_t pos = 0;

	if (fw_nft_snap_set(&a->before, s->name))
		return 0;
	fw_nft_set_put(b, s);
	while (!fw_nft_set_put_items(b, s, &pos, piece(a))) {
		int ret = flush(a, b, true);
		if (ret < 0)
			return ret;
	}
	return flush(a, b, false);
}

/* ---- A: the blocklists ---- */

struct list_fill {
	struct apply *a;
	struct fw_nft_batch *b;
	struct fw_nft_list_writer w;
};

static int fill_run(const struct fw_list_run *r, void *arg)
{
	struct list_fill *f = arg;

	fw_nft_list_put(&f->w, r->lo, r->hi);
	if (!fw_nft_batch_full(f->b, piece(f->a)))
		return 0;
	fw_nft_list_close(&f->w);
	return flush(f->a, f->b, true);
}

static int fill_list(struct apply *a, struct fw_nft_batch *b, size_t set)
{
	const char *name = a->layout.v[set].name;
	struct list_fill f = {.a = a, .b = b};
	int ret;

	/* One of this name that nobody has filled, or not to its end. */
	if (fw_nft_snap_set(&a->before, name))
		fw_nft_change_del_set(b, name);
	fw_nft_list_put_set(b, &a->layout, set);
	fw_nft_list_open(&f.w, b, &a->layout, set, true);
	ret = fw_list_runs(a->n->lists.list, set, fill_run, &f);
	fw_nft_list_close(&f.w);
	if (ret == 0)
		ret = flush(a, b, true);
	if (ret == 0)
		a->filled |= (uint32_t)1 << set;
	return ret;
}

static int fill_lists(struct apply *a, struct fw_nft_batch *b)
{
	int ret = 0;

	for (size_t i = 0; i < FW_LIST_SETS && ret == 0; i++) {
		const char *name = a->layout.v[i].name;
		const bool ready =
			strcmp(a->n->lists.layout.v[i].name, name) == 0 || (a->filled >> i & 1);

		if (name[0] && !(ready && fw_nft_snap_set(&a->before, name)))
			ret = fill_list(a, b, i);
	}
	return ret;
}

static int fill(struct apply *a)
{
	const struct fw_nft_change c = change_of(a);
	const uint64_t t = now_us();
	struct fw_nft_batch b;
	int ret = 0;

	fw_nft_batch_init(&b, SEQ_HEAD);
	fw_nft_change_chains(&c, &b);
	fw_nft_change_maps(&c, &b);
	fw_nft_change_dynsets(&c, &b);
	for (uint32_t i = 1; i <= fw_builtin_last(a->p); i++)
		fw_nft_change_counter(&c, &b, i);
	for (size_t i = 0; i < a->p->n_rules && ret == 0; i++) {
		fw_nft_change_counter(&c, &b, a->p->rules[i].rec.number);
		ret = flush(a, &b, false);
	}
	for (size_t i = 0; i < a->plan.sets.n && ret == 0; i++)
		ret = fill_set(a, &b, a->plan.sets.v[i]);
	if (ret == 0)
		ret = flush(a, &b, true);
	if (ret == 0)
		ret = fill_lists(a, &b);
	fw_nft_batch_done(&b);
	a->st.fill_us += now_us() - t;
	return ret;
}

/* ---- B: exchange ---- */

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
	const struct fw_nft_change c = change_of(a);
	const uint64_t t = now_us();
	struct fw_nft_batch head, tail, bridge;
	struct fw_nft_batch *segs[] = {&head, &tail, &bridge, &a->rules};
	int ret;

	fw_nft_batch_init(&head, SEQ_HEAD);
	fw_nft_batch_init(&tail, SEQ_TAIL);
	fw_nft_batch_init(&bridge, SEQ_BRIDGE);
	if (a->bridged)
		fw_nft_bridge_change(a->p, &a->bridge, &bridge);
	fw_nft_change_head(&c, &head);
	fw_nft_change_elems(&c, &tail);
	if (a->n->hook)
		a->n->hook(FW_NFT_STAGE_SWITCH, &a->rules, a->n->hook_arg);
	if (a->n->scratch && a->rules.bytes > a->n->sock.send_max / 2) {
		ret = commit(a, segs, 3);
		if (ret == 0)
			ret = commit_pieces(a);
	} else {
		ret = commit(a, segs, SK_ARRAY_SIZE(segs));
	}
	fw_nft_batch_done(&head);
	fw_nft_batch_done(&tail);
	fw_nft_batch_done(&bridge);
	a->st.switch_us += now_us() - t;
	return ret;
}

/* ---- C: collect ---- */

/* Failure leaves what the next apply collects; the policy is in force. */
static void collect(struct apply *a)
{
	const struct fw_nft_change c = change_of(a);
	const uint64_t t = now_us();
	struct fw_nft_batch b, *seg = &b;
	struct sk_err ignored;

	fw_nft_batch_init(&b, SEQ_HEAD);
	fw_nft_change_unused(&c, &b);
	a->err = &ignored;
	commit(a, &seg, 1);
	fw_nft_batch_done(&b);
	if (!a->bridged && a->bridge.exists) {
		fw_nft_bridge_remove(&b);
		commit(a, &seg, 1);
		fw_nft_batch_done(&b);
	}
	a->st.collect_us += now_us() - t;
}

/* The exchange failed: nothing uses what the fill made. */
static void undo_fill(struct apply *a)
{
	const unsigned parts = FW_NFT_SNAP_CHAINS | FW_NFT_SNAP_SETS | FW_NFT_SNAP_COUNTERS;
	const struct fw_nft_change c = change_of(a);
	struct fw_nft_batch b, *seg = &b;
	struct fw_nft_snap now;
	struct sk_err ignored, *err = a->err;

	if (fw_nft_snap_read(&a->n->sock, parts, NULL, NULL, &now) == 0) {
		fw_nft_batch_init(&b, SEQ_HEAD);
		fw_nft_change_undo(&c, a->again ? &a->origin : &a->before, &now, &b);
		a->gen = 0;
		a->err = &ignored;
		commit(a, &seg, 1);
		a->err = err;
		fw_nft_batch_done(&b);
	}
	fw_nft_snap_done(&now);
}

/* ---- the whole ---- */

static void emit_rule(const struct fw_nft_rule *r, void *arg)
{
	fw_nft_rule_put(arg, r);
}

static int counter_cmp(const void *x, const void *y)
{
	const struct fw_nft_counter *p = x, *q = y;
	return p->number < q->number ? -1 : p->number > q->number;
}

static void plan_lists(struct apply *a)
{
	const struct fw_nft_lists *l = &a->n->lists;

	if (a->p->blocklist && l->list)
		fw_nft_layout_next(&a->layout, &l->layout, l->list,
			a->n->distrust ? UINT32_MAX : l->replace, a->serial);
	a->plan.lists = &a->layout;
}

static int prepare(
	struct apply *a, const struct fw_nft_counter *start, size_t n_start, unsigned epoch)
{
	int ret = fw_nft_plan_init(&a->plan, a->p, epoch);

	fw_nft_batch_init(&a->rules, SEQ_RULES);
	if (ret < 0)
		return ret;
	a->plan.queue_xt = a->n->queue_form == FW_NFT_QUEUE_XT;
	plan_lists(a);
	if (n_start) {
		a->start = malloc(n_start * sizeof(*start));
		if (!a->start)
			return -ENOMEM;
		memcpy(a->start, start, n_start * sizeof(*start));
		qsort(a->start, n_start, sizeof(*start), counter_cmp);
		a->n_start = n_start;
	}
	ret = fw_nft_plan_rules(&a->plan, emit_rule, &a->rules);
	if (ret == 0)
		ret = a->rules.err;
	a->st.rules = a->rules.n;
	a->st.sets = a->plan.sets.n;
	return ret;
}

static int read_before(struct apply *a)
{
	const unsigned parts =
		FW_NFT_SNAP_CHAINS | FW_NFT_SNAP_SETS | FW_NFT_SNAP_MAPS | FW_NFT_SNAP_COUNTERS;

	if (a->st.retries > 0 && !a->again) {
		a->origin = a->before;
		a->again = true;
		memset(&a->before, 0, sizeof(a->before));
	}
	fw_nft_snap_done(&a->before);
	int ret = fw_nft_sock_genid(&a->n->sock, &a->gen);
	if (ret == 0)
		ret = fw_nft_snap_read(&a->n->sock, parts, NULL, NULL, &a->before);
	fw_nft_snap_done(&a->bridge);
	if (ret == 0)
		ret = fw_nft_snap_read_of(&a->n->sock, NFPROTO_BRIDGE, parts, &a->bridge);
	return ret;
}

/* One attempt: everything that depends on what the kernel holds. */
static int attempt(struct apply *a)
{
	int ret = read_before(a);

	if (ret < 0)
		return fw_nft_io_error(ret, a->err);
	if (!a->before.exists) {
		ret = fw_nft_ensure_table(a->n, a->err);
		return ret < 0 ? ret : -ERESTART;
	}
	if (a->bridged && !a->bridge.exists) {
		ret = fw_nft_ensure_bridge(a->n, a->err);
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

/* Names for sets that nothing in the kernel has. */
static int fresh_epoch(struct fw_nft *n, unsigned *ret, unsigned *ret_serial)
{
	struct fw_nft_snap s;
	unsigned max = 0, serial, next = 0;

	int r = fw_nft_snap_read(&n->sock, FW_NFT_SNAP_SETS, NULL, NULL, &s);
	for (size_t i = 0; r == 0 && i < s.n_sets; i++)
		max = SK_MAX(max, fw_nft_set_epoch(s.sets[i].name));
	for (size_t i = 0; r == 0 && i < s.n_sets; i++)
		if (fw_nft_list_name(s.sets[i].name, &serial))
			next = SK_MAX(next, serial + 1);
	if (r == 0)
		*ret_serial = SK_MAX(next, *ret_serial);
	if (r == 0)
		*ret = s.n_sets ? max + 1 : 0;
	fw_nft_snap_done(&s);
	return r;
}

/* The policy is in force. */
static void finish(struct apply *a, struct fw_nft_stats *ret)
{
	struct fw_nft *n = a->n;

	if (!fw_nft_layout_same(&n->lists.layout, &a->layout))
		n->lists.serial = a->serial + 1;
	n->lists.layout = a->layout;
	n->lists.on = a->p->blocklist;
	n->lists.replace = 0;
	if (n->lists.kept && n->distrust)
		n->lists.kept = 0;
	fw_nft_meant_set(&n->meant, &a->rules);
	fw_nft_batch_done(&a->rules);
	collect(a);
	n->genid = a->st.genid = a->gen;
	fw_nft_snap_done(&n->expect);
	n->expect_set = false;
	n->bridged = a->bridged;
	if (n->bridged)
		fw_nft_bridge_read_back(n);
	/* An owner may read back later: until then nobody else can have changed anything. */
	if (!n->owned && !n->scratch) {
		const uint64_t t = now_us();
		fw_nft_read_back(n, &a->plan);
		a->st.read_back_us = now_us() - t;
	}
	if (ret)
		*ret = a->st;
}

int fw_nft_apply(struct fw_nft *n, const struct fw_policy *p, const struct fw_nft_counter *start,
	size_t n_start, struct fw_nft_stats *ret, struct sk_err *err)
{
	struct apply a = {.n = n,
		.p = p,
		.serial = n->lists.serial,
		.bridged = fw_policy_bridge(p) != NULL,
		.err = err};
	unsigned epoch = n->epoch;

	if (p->inspect.on && fw_nft_queue_form(n) == FW_NFT_QUEUE_NONE)
		return sk_err_set(err, -EOPNOTSUPP, "inspection.mode",
			"this kernel cannot hand packets to inspection (it has neither nft_queue "
			"nor xt_NFQUEUE)",
			"このカーネルは通信内容の検査に対応していません "
			"(nft_queue も xt_NFQUEUE もありません)");
	int r = a.bridged && !n->bridged ? fw_nft_ensure_bridge(n, err) : 0;
	if (r < 0)
		return r;
	r = n->distrust ? fresh_epoch(n, &epoch, &a.serial) : 0;

	if (r == 0)
		r = prepare(&a, start, n_start, epoch);
	if (r < 0)
		fw_nft_io_error(r, err);
	else
		r = run(&a);
	if (r == 0) {
		n->epoch = epoch;
		finish(&a, ret);
		n->distrust = false;
	}
	fw_nft_batch_done(&a.rules);
	fw_nft_snap_done(&a.before);
	fw_nft_snap_done(&a.origin);
	fw_nft_snap_done(&a.bridge);
	fw_nft_plan_done(&a.plan);
	free(a.start);
	return r;
}
