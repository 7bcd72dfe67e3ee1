/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From entries to elements: what a verdict's feeds list is merged, what is allowed taken out, and
 * each range that is left cut into whole prefixes, the widest first. A piece never crosses a
 * boundary of the next wider prefix, so that cutting a part of the address space gives the same
 * pieces as cutting all of it. Pure.
 */
#include "fw/list/list_int.h"

#include <assert.h>
#include <string.h>

#include "lib/util.h"

#define BUCKETS 10 /* runs of 1, 2, 4 … 512 elements */

static const struct fw_list_set sets[FW_LIST_SETS] = {
	{false, 4, 32},
	{false, 4, 24},
	{false, 4, 16},
	{false, 4, 0},
	{false, 6, 128},
	{false, 6, 64},
	{false, 6, 48},
	{false, 6, 32},
	{false, 6, 0},
	{true, 4, 32},
	{true, 4, 24},
	{true, 4, 16},
	{true, 4, 0},
	{true, 6, 128},
	{true, 6, 64},
	{true, 6, 48},
	{true, 6, 32},
	{true, 6, 0},
};

/* Host bits of the lengths, narrowest first. The last of IPv6 has no set: it always is a range. */
#define LEVELS 5
static const uint8_t shifts[2][LEVELS] = {{0, 8, 16}, {0, 64, 80, 96, 104}};
#define WIDEST4 2
#define WIDEST6 4

#define RANGES4 3u /* place of the set of ranges in its family */
#define RANGES6 4u
#define FIRST6 4u
#define PER_VERDICT (FW_LIST_SETS / 2)

const struct fw_list_set *fw_list_set(size_t set)
{
	assert(set < FW_LIST_SETS);
	return &sets[set];
}

static unsigned shift_of(size_t set)
{
	const struct fw_list_set *s = &sets[set];

	return (s->family == 6 ? 128u : 32u) - s->prefix;
}

size_t fw_list_run_elements(size_t set, const struct fw_list_range *r)
{
	return sets[set].prefix ? (size_t)((r->hi - r->lo) >> shift_of(set)) + 1 : 1;
}

struct fw_list_range fw_list_hull(bool v6, u128 lo, u128 hi)
{
	const unsigned shift = shifts[v6][v6 ? WIDEST6 : WIDEST4];

	return (struct fw_list_range){lo >> shift << shift, hi | (((u128)1 << shift) - 1)};
}

/* ---- cutting ---- */

struct cutter {
	const struct fw_list_family *f;
	size_t base; /* first set of this family and verdict */
	fw_list_piece_fn *fn;
	void *arg;
};

static void piece(const struct cutter *c, int level, u128 lo, u128 hi)
{
	const bool v6 = c->f->v6;
	const size_t ranges = c->base + (v6 ? RANGES6 : RANGES4);
	const unsigned shift = shifts[v6][level];
	struct fw_list_piece p = {lo, hi, 0};

	if (v6 && level == WIDEST6) {
		p.step = (u128)1 << shift;
		c->fn(ranges, &p, c->arg);
		return;
	}
	/* All of IPv4 is no more than 65,536 of the widest. */
	const bool widest4 = !v6 && level == WIDEST4;
	if (!widest4 && (hi - lo) >> shift >= c->f->run_max)
		c->fn(ranges, &p, c->arg);
	else
		c->fn(c->base + (size_t)level, &p, c->arg);
}

/* The part of a range from lo to hi that lies within one prefix of the next wider length. */
static void cut(const struct cutter *c, int level, u128 lo, u128 hi)
{
	for (; level >= 0; level--) {
		const unsigned shift = shifts[c->f->v6][level];
		const u128 host = ((u128)1 << shift) - 1;
		const u128 first = (lo >> shift) + ((lo & host) != 0);
		const u128 end = (hi >> shift) + ((hi & host) == host);

		if (first < end) {
			const u128 from = first << shift, to = (end << shift) - 1;

			if (lo < from)
				cut(c, level - 1, lo, from - 1);
			piece(c, level, from, to);
			if (to < hi)
				cut(c, level - 1, to + 1, hi);
			return;
		}
		if (lo >> shift != hi >> shift) {
			const u128 mid = hi >> shift << shift;

			cut(c, level - 1, lo, mid - 1);
			cut(c, level - 1, mid, hi);
			return;
		}
	}
}

void fw_list_cut(const struct fw_list_family *f, bool monitor, const struct fw_list_range *r,
	fw_list_piece_fn *fn, void *arg)
{
	const struct cutter c = {f, (monitor ? PER_VERDICT : 0u) + (f->v6 ? FIRST6 : 0u), fn, arg};

	cut(&c, f->v6 ? WIDEST6 : WIDEST4, r->lo, r->hi);
}

/* ---- ranges ---- */

static bool of_verdict(const struct fw_list_sweep *s, size_t i)
{
	return s->l->feeds[fw_list_feed_at(s->f, i)].block != s->monitor;
}

/* Entries that begin before the window and reach into it. */
static void hold_covering(struct fw_list_sweep *s, const struct fw_list_range *w)
{
	size_t pos = s->at;

	while (fw_list_reaching(s->f, &pos, w->lo)) {
		const u128 hi = fw_list_at(s->f, pos).hi;

		if (!of_verdict(s, pos))
			continue;
		s->hi = s->held ? SK_MAX(s->hi, hi) : hi;
		s->held = true;
	}
	s->lo = w->lo;
}

void fw_list_sweep_init(struct fw_list_sweep *s, const struct fw_list *l, size_t set,
	const struct fw_list_range *window)
{
	*s = (struct fw_list_sweep){.l = l,
		.f = sets[set].family == 6 ? &l->f6 : &l->f4,
		.monitor = sets[set].monitor,
		.set = (uint8_t)set,
		.end = ~(u128)0};
	if (!window)
		return;
	s->end = window->hi;
	s->at = fw_list_lower(s->f, window->lo, 0);
	hold_covering(s, window);
}

/* Entries that overlap or touch what is held become one with it. */
static bool merge(struct fw_list_sweep *s)
{
	while (s->at < s->f->n) {
		const struct fw_list_range r = fw_list_at(s->f, s->at);

		if (r.lo > s->end || (s->held && s->hi != ~(u128)0 && r.lo > s->hi + 1))
			break;
		if (of_verdict(s, s->at)) {
			if (!s->held)
				s->lo = s->hi = r.lo;
			s->held = true;
			s->hi = SK_MAX(s->hi, r.hi);
		}
		s->at++;
	}
	s->hi = SK_MIN(s->hi, s->end);
	return s->held;
}

bool fw_list_sweep_range(struct fw_list_sweep *s, struct fw_list_range *ret)
{
	const struct fw_list_family *f = s->f;

	for (;;) {
		/* What was held is merged already if a part of it was handed out. */
		if (!merge(s))
			return false;
		while (s->gap < f->n_gaps && f->gaps[s->gap].hi < s->lo)
			s->gap++;
		if (s->gap == f->n_gaps || f->gaps[s->gap].lo > s->hi) {
			*ret = (struct fw_list_range){s->lo, s->hi};
			s->held = false;
			return true;
		}
		const struct fw_list_range *g = &f->gaps[s->gap];
		*ret = (struct fw_list_range){s->lo, g->lo - 1};
		const bool some = g->lo > s->lo;
		s->held = g->hi < s->hi;
		s->lo = g->hi + 1;
		if (some)
			return true;
	}
}

/* ---- runs of one set ---- */

static void queue(size_t set, const struct fw_list_piece *p, void *arg)
{
	struct fw_list_sweep *s = arg;

	if (set != s->set)
		return;
	assert(s->n_q < FW_LIST_PIECES);
	s->q[s->n_q++] = *p;
}

bool fw_list_sweep_run(struct fw_list_sweep *s, struct fw_list_range *ret)
{
	struct fw_list_range r;

	while (s->at_q == s->n_q) {
		if (!fw_list_sweep_range(s, &r))
			return false;
		s->n_q = s->at_q = 0;
		fw_list_cut(s->f, s->monitor, &r, queue, s);
	}
	struct fw_list_piece *p = &s->q[s->at_q];
	*ret = (struct fw_list_range){p->lo, p->hi};
	if (p->step && p->hi - p->lo >= p->step) {
		ret->hi = p->lo + p->step - 1;
		p->lo += p->step;
	} else {
		s->at_q++;
	}
	return true;
}

int fw_list_runs(const struct fw_list *l, size_t set, fw_list_run_fn *fn, void *arg)
{
	struct fw_list_sweep s;
	struct fw_list_range r;

	if (l->counts[set] == 0)
		return 0;
	fw_list_sweep_init(&s, l, set, NULL);
	while (fw_list_sweep_run(&s, &r)) {
		const struct fw_list_run run = {(uint8_t)set, true, r.lo, r.hi};
		int ret = fn(&run, arg);

		if (ret)
			return ret;
	}
	return 0;
}

/* ---- measuring ---- */

struct measure {
	size_t counts[FW_LIST_SETS];
	size_t by_length[BUCKETS]; /* elements in runs of up to 1 << i */
};

static void measure_piece(size_t set, const struct fw_list_piece *p, void *arg)
{
	struct measure *m = arg;
	const struct fw_list_range r = {p->lo, p->hi};
	size_t n = fw_list_run_elements(set, &r), k = 0;

	if (p->step)
		n = (size_t)((p->hi - p->lo) / p->step) + 1;
	m->counts[set] += n;
	if (!sets[set].prefix)
		return;
	while (k + 1 < BUCKETS && (size_t)1 << k < n)
		k++;
	m->by_length[k] += n;
}

static void measure_family(const struct fw_list *l, bool v6, struct measure *m)
{
	memset(m, 0, sizeof(*m));
	for (int monitor = 0; monitor <= 1; monitor++) {
		const size_t set = (monitor ? PER_VERDICT : 0u) + (v6 ? FIRST6 : 0u);
		struct fw_list_sweep s;
		struct fw_list_range r;

		fw_list_sweep_init(&s, l, set, NULL);
		while (fw_list_sweep_range(&s, &r))
			fw_list_cut(s.f, monitor, &r, measure_piece, m);
	}
}

static void settle_family(struct fw_list *l, bool v6)
{
	struct fw_list_family *f = fw_list_family(l, v6);
	const size_t budget = SK_MAX((size_t)FW_LIST_BUDGET, 2 * f->n);
	struct measure m;
	size_t total = 0;
	int k = 0;

	f->run_max = FW_LIST_RUN_MAX;
	measure_family(l, v6, &m);
	for (; k < BUCKETS && total + m.by_length[k] <= budget; k++)
		total += m.by_length[k];
	if (k < BUCKETS) {
		f->run_max = k ? 1u << (k - 1) : 1;
		measure_family(l, v6, &m);
	}
	for (size_t i = 0; i < FW_LIST_SETS; i++)
		l->counts[i] += m.counts[i];
}

void fw_list_measure(struct fw_list *l)
{
	memset(l->counts, 0, sizeof(l->counts));
	settle_family(l, false);
	settle_family(l, true);
}
