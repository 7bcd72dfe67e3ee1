/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Arithmetic on ranges for the address and port lists of rules. Everything is bounded by the number
 * of ranges written.
 */
#include "ips/rules/span.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

int ips_wide_cmp(struct ips_wide a, struct ips_wide b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	return a.lo < b.lo ? -1 : a.lo > b.lo;
}

/* The number before and after; callers know that there is one. */
static struct ips_wide before(struct ips_wide a)
{
	return (struct ips_wide){a.hi - (a.lo == 0), a.lo - 1};
}

static struct ips_wide after(struct ips_wide a)
{
	return (struct ips_wide){a.hi + (a.lo == UINT64_MAX), a.lo + 1};
}

static bool is_max(struct ips_wide a)
{
	return a.hi == UINT64_MAX && a.lo == UINT64_MAX;
}

int ips_spans_add(struct ips_spans *v, struct ips_wide lo, struct ips_wide hi)
{
	if (v->n >= IPS_SPANS_MAX)
		return -E2BIG;
	if (sk_grow(&v->s, &v->cap, v->n + 1, sizeof(*v->s)) < 0)
		return -ENOMEM;
	v->s[v->n++] = (struct ips_span){lo, hi};
	return 0;
}

static int by_low(const void *a, const void *b)
{
	const struct ips_span *x = a, *y = b;

	return ips_wide_cmp(x->lo, y->lo);
}

void ips_spans_join(struct ips_spans *v)
{
	size_t out = 0;

	if (v->n < 2)
		return;
	qsort(v->s, v->n, sizeof(*v->s), by_low);
	for (size_t i = 1; i < v->n; i++) {
		struct ips_span *last = &v->s[out];

		if (!is_max(last->hi) && ips_wide_cmp(v->s[i].lo, after(last->hi)) > 0)
			v->s[++out] = v->s[i];
		else if (ips_wide_cmp(v->s[i].hi, last->hi) > 0)
			last->hi = v->s[i].hi;
	}
	v->n = out + 1;
}

int ips_spans_minus(struct ips_spans *a, const struct ips_spans *b)
{
	struct ips_spans out = {0};
	size_t j = 0;
	int r = 0;

	for (size_t i = 0; i < a->n && r == 0; i++) {
		struct ips_span left = a->s[i];
		bool gone = false;

		while (j < b->n && ips_wide_cmp(b->s[j].hi, left.lo) < 0)
			j++;
		for (size_t k = j; k < b->n && ips_wide_cmp(b->s[k].lo, left.hi) <= 0; k++) {
			if (ips_wide_cmp(b->s[k].lo, left.lo) > 0)
				r = ips_spans_add(&out, left.lo, before(b->s[k].lo));
			if (r < 0 || ips_wide_cmp(b->s[k].hi, left.hi) >= 0) {
				gone = true;
				break;
			}
			left.lo = after(b->s[k].hi);
		}
		if (!gone && r == 0)
			r = ips_spans_add(&out, left.lo, left.hi);
	}
	if (r < 0) {
		ips_spans_done(&out);
		return r;
	}
	ips_spans_done(a);
	*a = out;
	return 0;
}

void ips_spans_done(struct ips_spans *v)
{
	free(v->s);
	memset(v, 0, sizeof(*v));
}
