/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocklists' sets led from list to list; see list.h. */
#include "fw/nft/list.h"

#include <errno.h>
#include <string.h>

#include "fw/nft/int.h"
#include "lib/util.h"

#define SEQ_DEL 1u
#define SEQ_ADD 0x10000000u
#define FEW_CHANGES 10000 /* are never too many */

/* ---- writing a difference ---- */

enum part { ADDS = 1, DELS = 2, UNDO = 4 /* what was added goes */ };

struct writing {
	struct fw_nft_batch del, add;
	struct fw_nft_list_writer w_del, w_add;
	unsigned parts;
	struct fw_nft_list_stats st;
};

static int put_run(const struct fw_list_run *r, void *arg)
{
	struct writing *w = arg;

	if (r->add && (w->parts & UNDO))
		fw_nft_list_put(&w->w_del, r->lo, r->hi);
	else if (r->add && (w->parts & ADDS))
		fw_nft_list_put(&w->w_add, r->lo, r->hi);
	else if (!r->add && (w->parts & DELS))
		fw_nft_list_put(&w->w_del, r->lo, r->hi);
	return w->del.err ? w->del.err : w->add.err;
}

static int walk(const struct fw_nft_list_step *s, size_t set, fw_list_run_fn *fn, void *arg)
{
	int r = 0;

	if (!s->delta)
		return fw_list_diff(s->from, s->to, set, fn, arg);
	for (size_t i = 0; i < s->delta->n && r == 0; i++)
		if (s->delta->v[i].set == set)
			r = fn(&s->delta->v[i], arg);
	return r;
}

static int write_sets(
	struct fw_nft *n, const struct fw_nft_list_step *s, uint32_t sets, struct writing *w)
{
	int r = 0;

	for (size_t i = 0; i < FW_LIST_SETS && r == 0; i++) {
		if (!(sets >> i & 1))
			continue;
		fw_nft_list_open(&w->w_del, &w->del, &n->lists.layout, i, false);
		fw_nft_list_open(&w->w_add, &w->add, &n->lists.layout, i, true);
		r = walk(s, i, put_run, w);
		fw_nft_list_close(&w->w_del);
		fw_nft_list_close(&w->w_add);
		w->st.removed += w->w_del.elements;
		w->st.added += w->w_add.elements;
	}
	if (r == 0)
		r = w->del.err ? w->del.err : w->add.err;
	return r;
}

/*
 * In one transaction what goes and what comes, in this order, so that the new has room. 1: the
 * kernel's sets are not what we think they are.
 */
static int commit(struct fw_nft *n, struct writing *w, struct sk_err *err)
{
	struct fw_nft_batch *segs[] = {&w->del, &w->add};
	struct fw_nft_answer a = {0};
	int r = fw_nft_sock_commit(&n->sock, segs, SK_ARRAY_SIZE(segs), 0, &a);

	if (r < 0)
		return fw_nft_io_error(r, err);
	if (a.errors && (a.code == -ENOMEM || a.code == -EPERM))
		return fw_nft_refused(&a, 0, err);
	return a.errors || !a.acked;
}

static int change(struct fw_nft *n, const struct fw_nft_list_step *s, uint32_t sets, unsigned parts,
	struct fw_nft_list_stats *st, struct sk_err *err)
{
	struct writing w = {.parts = parts};
	int r;

	fw_nft_batch_init(&w.del, SEQ_DEL);
	fw_nft_batch_init(&w.add, SEQ_ADD);
	r = write_sets(n, s, sets, &w);
	r = r < 0 ? fw_nft_io_error(r, err) : commit(n, &w, err);
	fw_nft_batch_done(&w.del);
	fw_nft_batch_done(&w.add);
	if (r == 0) {
		st->added += w.st.added;
		st->removed += w.st.removed;
	}
	return r;
}

/* ---- what drift compares with ---- */

static void expect_counts(struct fw_nft *n)
{
	struct fw_nft_snap now = {0};
	bool have = false;

	for (size_t i = 0; n->expect_set && i < FW_LIST_SETS; i++) {
		const struct fw_nft_list_set *s = &n->lists.layout.v[i];
		struct fw_nft_snap_set *x = (struct fw_nft_snap_set *)fw_nft_snap_set(
			&n->expect, s->name[0] ? s->name : "-");

		if (!x)
			continue;
		if (s->size) {
			x->count = (uint32_t)fw_list_count(n->lists.list, i);
			continue;
		}
		/* How the kernel counts ranges is its own business. */
		if (!have && fw_nft_snap_read(&n->sock, FW_NFT_SNAP_SETS, NULL, NULL, &now) == 0)
			have = true;
		const struct fw_nft_snap_set *y = have ? fw_nft_snap_set(&now, s->name) : NULL;
		if (y)
			x->count = y->count;
	}
	fw_nft_snap_done(&now);
}

/* ---- the steps ---- */

void fw_nft_list_use(struct fw_nft *n, const struct fw_list *l)
{
	n->lists.list = l;
}

static uint32_t sets_there(const struct fw_nft *n)
{
	uint32_t there = 0;

	for (size_t i = 0; i < FW_LIST_SETS; i++)
		there |= (uint32_t)(n->lists.layout.v[i].name[0] != '\0') << i;
	return there;
}

struct tally {
	const struct fw_list_set *set;
	size_t added, removed;
	size_t limit; /* 0: none */
};

static int tally_run(const struct fw_list_run *r, void *arg)
{
	struct tally *t = arg;
	size_t k = 1;

	if (t->set->prefix)
		k += (size_t)((r->hi - r->lo) >>
			((t->set->family == 6 ? 128u : 32u) - t->set->prefix));
	if (r->add)
		t->added += k;
	else
		t->removed += k;
	return t->limit && t->added + t->removed > t->limit;
}

/*
 * Sets that are better made anew: those without room for the list, and those of which so much
 * changes that filling another one takes the kernel less time.
 */
static uint32_t too_different(const struct fw_nft *n, const struct fw_nft_list_step *s)
{
	uint32_t replace = 0;

	for (size_t i = 0; i < FW_LIST_SETS; i++) {
		const size_t count = fw_list_count(s->to, i);
		struct tally t = {.set = fw_list_set(i), .limit = FEW_CHANGES + count};

		if (!fw_nft_layout_fits(&n->lists.layout, i, count) ||
			(!s->delta && n->lists.layout.v[i].size && walk(s, i, tally_run, &t)))
			replace |= (uint32_t)1 << i;
	}
	return replace;
}

/* When others are made anew: those where what comes has no room beside what goes. */
static uint32_t without_room(const struct fw_nft *n, const struct fw_nft_list_step *s)
{
	uint32_t replace = 0;

	for (size_t i = 0; i < FW_LIST_SETS; i++) {
		const struct fw_nft_list_set *set = &n->lists.layout.v[i];
		struct tally t = {.set = fw_list_set(i)};

		walk(s, i, tally_run, &t);
		if (t.added + t.removed &&
			!(set->size && fw_list_count(s->to, i) + t.removed <= set->size))
			replace |= (uint32_t)1 << i;
	}
	return replace;
}

/* All of it is made anew by the next apply. */
static int anew(struct fw_nft *n, const struct fw_nft_list_step *step)
{
	n->distrust = true;
	n->lists.list = step->to;
	n->lists.kept = 0;
	return 1;
}

/* Before the rules are exchanged: what comes into the sets that stay. */
static int prepare(struct fw_nft *n, const struct fw_nft_list_step *step, uint32_t replace,
	struct fw_nft_list_stats *st, struct sk_err *err)
{
	int r;

	replace |= without_room(n, step);
	n->lists.replace = replace;
	n->lists.kept = sets_there(n) & ~replace;
	r = change(n, step, n->lists.kept, ADDS, st, err);
	for (size_t i = 0; r == 0 && !step->delta && i < FW_LIST_SETS; i++) {
		if (!(replace >> i & 1))
			continue;
		st->added += fw_list_count(step->to, i);
		st->removed += fw_list_count(step->from, i);
	}
	return r;
}

int fw_nft_list_begin(struct fw_nft *n, const struct fw_nft_list_step *step,
	struct fw_nft_list_stats *ret, struct sk_err *err)
{
	struct fw_nft_list_stats st = {0};
	uint32_t replace;
	int r;

	*ret = st;
	n->lists.replace = n->lists.kept = 0;
	if (!n->lists.on) {
		n->lists.list = step->to;
		return 0;
	}
	if (n->distrust)
		return anew(n, step);
	replace = too_different(n, step);
	r = replace ? prepare(n, step, replace, &st, err)
		    : change(n, step, sets_there(n), ADDS | DELS, &st, err);
	if (r > 0)
		return anew(n, step);
	if (r < 0)
		return r;
	n->lists.list = step->to;
	*ret = st;
	if (replace)
		return 1;
	expect_counts(n);
	return 0;
}

int fw_nft_list_end(
	struct fw_nft *n, const struct fw_nft_list_step *step, bool applied, struct sk_err *err)
{
	struct fw_nft_list_stats st = {0};
	int r = 0;

	if (!applied)
		n->lists.list = step->from;
	if (n->lists.kept)
		r = change(n, step, n->lists.kept, applied ? DELS : UNDO, &st, err);
	n->lists.replace = n->lists.kept = 0;
	if (r == 0) {
		expect_counts(n);
		return 0;
	}
	n->distrust = true;
	return r < 0 ? r
		     : sk_err_set(err, -ESTALE, "kernel",
			       "the sets of the blocklists were changed by another program",
			       "不正サイト一覧のセットが別のプログラムに変更されました");
}

/* ---- looking ---- */

const struct fw_nft_layout *fw_nft_list_layout(const struct fw_nft *n)
{
	return &n->lists.layout;
}

size_t fw_nft_list_sets(const struct fw_nft *n)
{
	return (size_t)__builtin_popcount(sets_there(n));
}

/* The set of this kind among those the kernel has. */
static bool is_kind(const char *name, size_t set)
{
	const struct fw_list_set *s = fw_list_set(set);
	char want[FW_NFT_LIST_NAME_MAX];

	snprintf(want, sizeof(want), "bl%s%u_%u_", s->monitor ? "m" : "", s->family, s->prefix);
	return strncmp(name, want, strlen(want)) == 0;
}

bool fw_nft_list_matches(struct fw_nft *n, const struct fw_list *l)
{
	struct fw_nft_snap s = {0};
	bool same = true;

	if (fw_nft_snap_read(&n->sock, FW_NFT_SNAP_SETS, NULL, NULL, &s) < 0)
		same = false;
	for (size_t i = 0; same && i < s.n_sets; i++) {
		for (size_t k = 0; k < FW_LIST_SETS; k++)
			if (s.sets[i].counted && fw_list_set(k)->prefix &&
				is_kind(s.sets[i].name, k))
				same = same && s.sets[i].count == fw_list_count(l, k);
	}
	fw_nft_snap_done(&s);
	return same;
}
