/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of fw/list share. Not for use outside. */
#ifndef FW_LIST_INT_H
#define FW_LIST_INT_H

#include "fw/list/list.h"

typedef unsigned __int128 u128;

/* Packed: a million of them are there twice while one list replaces another. */
struct fw_list_entry4 {
	uint32_t lo, hi;
	uint16_t feed;
} __attribute__((packed, aligned(2)));

struct fw_list_entry6 {
	u128 lo, hi;
	uint16_t feed;
} __attribute__((packed, aligned(2)));

struct fw_list_range {
	u128 lo, hi;
};

#define FW_LIST_FAN_BITS 4 /* entries below one maximum: 16 */
#define FW_LIST_MAX_LEVELS 6

struct fw_list_family {
	bool v6;
	struct fw_list_entry4 *v4; /* one of the two; sorted by lo, then hi; no value twice */
	struct fw_list_entry6 *e6;
	size_t n, cap;
	struct fw_list_range *allow; /* as they were written, sorted */
	size_t n_allow, cap_allow;
	struct fw_list_range *gaps; /* the same merged */
	size_t n_gaps, cap_gaps;
	uint32_t run_max; /* longer runs become ranges */
	/* The highest end of every 16, 256… entries, for look-ups; made when first asked for. */
	u128 *max[FW_LIST_MAX_LEVELS];
	size_t n_max[FW_LIST_MAX_LEVELS];
	size_t max_n; /* entries when they were made */
	bool max_ready;
};

struct fw_list {
	uint64_t generation;
	char sha256[65];
	struct sk_bl_feed *feeds;
	size_t n_feeds;
	struct fw_list_family f4, f6;
	size_t counts[FW_LIST_SETS];
};

static inline struct fw_list_range fw_list_at(const struct fw_list_family *f, size_t i)
{
	if (f->v6)
		return (struct fw_list_range){f->e6[i].lo, f->e6[i].hi};
	return (struct fw_list_range){f->v4[i].lo, f->v4[i].hi};
}

static inline uint16_t fw_list_feed_at(const struct fw_list_family *f, size_t i)
{
	return f->v6 ? f->e6[i].feed : f->v4[i].feed;
}

static inline struct fw_list_family *fw_list_family(struct fw_list *l, bool v6)
{
	return v6 ? &l->f6 : &l->f4;
}

/* ---- list.c ---- */
size_t fw_list_lower(const struct fw_list_family *f, u128 lo, u128 hi); /* first not before */
int fw_list_gaps(struct fw_list_family *f);                             /* allow → gaps */

/* ---- find.c ---- */
void fw_list_forget_max(struct fw_list_family *f);
void fw_list_moved(struct fw_list_family *f, size_t at, bool came);
/* The last entry before *pos that reaches x; *pos is set to it. False: there is none. */
bool fw_list_reaching(const struct fw_list_family *f, size_t *pos, u128 x);

/* ---- sweep.c: what is listed for one verdict, merged, without what is allowed ---- */
#define FW_LIST_PIECES 16
struct fw_list_piece {
	u128 lo, hi, step; /* step 0: one; else as many as there are steps */
};

struct fw_list_sweep {
	const struct fw_list *l;
	const struct fw_list_family *f;
	bool monitor;
	size_t at, gap;
	u128 end;
	bool held;
	u128 lo, hi;
	/* elements of one set, taken from the ranges */
	uint8_t set;
	struct fw_list_piece q[FW_LIST_PIECES];
	size_t n_q, at_q;
};

/* Listed ranges that meet lo to hi, cut to it. */
void fw_list_sweep_init(struct fw_list_sweep *s, const struct fw_list *l, size_t set,
	const struct fw_list_range *window);
/* The next range; false: no more. */
bool fw_list_sweep_range(struct fw_list_sweep *s, struct fw_list_range *ret);
/* The next run of the set's elements. */
bool fw_list_sweep_run(struct fw_list_sweep *s, struct fw_list_range *ret);
/* Cut one range; fn gets each piece with its set, ordered within the set. */
typedef void fw_list_piece_fn(size_t set, const struct fw_list_piece *p, void *arg);
void fw_list_cut(const struct fw_list_family *f, bool monitor, const struct fw_list_range *r,
	fw_list_piece_fn *fn, void *arg);
/* Fill counts, choosing run_max such that they stay within the budget. */
void fw_list_measure(struct fw_list *l);
size_t fw_list_run_elements(size_t set, const struct fw_list_range *r);
/* What window must be looked at again when an entry from lo to hi comes or goes. */
struct fw_list_range fw_list_hull(bool v6, u128 lo, u128 hi);

/* ---- diff.c ---- */
struct fw_list_source {
	bool (*next)(void *arg, struct fw_list_range *ret);
	void *arg;
};
/* Difference of two ordered sources of runs of one set. */
int fw_list_compare(size_t set, const struct fw_list_source *from, const struct fw_list_source *to,
	fw_list_run_fn *fn, void *arg);

#endif
