/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The difference of two lists in the kernel's elements; see list.h. Pure. */
#include "fw/list/list_int.h"

#include "lib/util.h"

struct side {
	const struct fw_list_source *src;
	struct fw_list_range r;
	bool some;
};

static void advance(struct side *s)
{
	s->some = s->src->next(s->src->arg, &s->r);
}

static int tell(size_t set, bool add, const struct fw_list_range *r, fw_list_run_fn *fn, void *arg)
{
	const struct fw_list_run run = {(uint8_t)set, add, r->lo, r->hi};

	return fn(&run, arg);
}

/* The part of s before the address end (exclusive) stands on this side alone. */
static int only(struct side *s, u128 end, size_t set, bool add, fw_list_run_fn *fn, void *arg)
{
	const struct fw_list_range part = {s->r.lo, end - 1};

	s->r.lo = end;
	return tell(set, add, &part, fn, arg);
}

/* Ranges are elements as they are: the same one, or another. */
static int compare_ranges(
	size_t set, struct side *from, struct side *to, fw_list_run_fn *fn, void *arg)
{
	int r = 0;

	while (r == 0 && (from->some || to->some)) {
		if (from->some && to->some && from->r.lo == to->r.lo && from->r.hi == to->r.hi) {
			advance(from);
			advance(to);
			continue;
		}
		const bool old = from->some && (!to->some || from->r.lo <= to->r.lo);
		struct side *s = old ? from : to;

		r = tell(set, !old, &s->r, fn, arg);
		advance(s);
	}
	return r;
}

/* Both runs begin with the same elements: these stay. */
static void drop_common(struct side *from, struct side *to)
{
	const u128 hi = SK_MIN(from->r.hi, to->r.hi);
	struct side *const both[] = {from, to};

	for (int i = 0; i < 2; i++) {
		if (both[i]->r.hi == hi)
			advance(both[i]);
		else
			both[i]->r.lo = hi + 1;
	}
}

int fw_list_compare(size_t set, const struct fw_list_source *from, const struct fw_list_source *to,
	fw_list_run_fn *fn, void *arg)
{
	struct side a = {.src = from}, b = {.src = to};
	int r = 0;

	advance(&a);
	advance(&b);
	if (!fw_list_set(set)->prefix)
		return compare_ranges(set, &a, &b, fn, arg);
	while (r == 0 && (a.some || b.some)) {
		if (a.some && b.some && a.r.lo == b.r.lo) {
			drop_common(&a, &b);
			continue;
		}
		const bool old = a.some && (!b.some || a.r.lo < b.r.lo);
		struct side *s = old ? &a : &b;
		const struct side *o = old ? &b : &a;

		if (o->some && o->r.lo <= s->r.hi) {
			r = only(s, o->r.lo, set, !old, fn, arg);
		} else {
			r = tell(set, !old, &s->r, fn, arg);
			advance(s);
		}
	}
	return r;
}

static bool next_run(void *arg, struct fw_list_range *ret)
{
	return fw_list_sweep_run(arg, ret);
}

static bool nothing(void *arg, struct fw_list_range *ret)
{
	return false;
}

int fw_list_diff(const struct fw_list *from, const struct fw_list *to, size_t set,
	fw_list_run_fn *fn, void *arg)
{
	struct fw_list_sweep a, b;
	const bool some_a = from->counts[set] > 0, some_b = to->counts[set] > 0;
	const struct fw_list_source sa = {some_a ? next_run : nothing, &a};
	const struct fw_list_source sb = {some_b ? next_run : nothing, &b};

	fw_list_sweep_init(&a, from, set, NULL);
	fw_list_sweep_init(&b, to, set, NULL);
	return some_a || some_b ? fw_list_compare(set, &sa, &sb, fn, arg) : 0;
}
