/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of 32-bit coordinates as sorted, disjoint ranges. A small set against a large one is looked
 * up by binary search, two of a size are walked together.
 */
#include "fw/policy/analyze_int.h"

/* First range of s whose end is not before x. */
static uint32_t first_from(struct fw_rset s, uint32_t x)
{
	uint32_t lo = 0, hi = s.n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s.v[mid].hi < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool fw_rset_overlap(struct fw_rset a, struct fw_rset b)
{
	if (a.n == 0 || b.n == 0 || a.v[0].lo > b.v[b.n - 1].hi || b.v[0].lo > a.v[a.n - 1].hi)
		return false;
	if (a.v == b.v)
		return true;
	if (a.n > b.n) {
		struct fw_rset t = a;

		a = b;
		b = t;
	}
	for (uint32_t i = 0; i < a.n; i++) {
		uint32_t k = first_from(b, a.v[i].lo);

		if (k == b.n)
			return false;
		if (b.v[k].lo <= a.v[i].hi)
			return true;
	}
	return false;
}

bool fw_rset_covers(struct fw_rset outer, struct fw_rset inner)
{
	if (inner.n == 0 || (outer.v == inner.v && outer.n == inner.n))
		return true;
	if (outer.n == 0 || inner.v[0].lo < outer.v[0].lo ||
		inner.v[inner.n - 1].hi > outer.v[outer.n - 1].hi)
		return false;
	for (uint32_t i = 0; i < inner.n; i++) {
		/* Ranges are not adjacent, so each inner one lies in one outer one or is not
		 * covered. */
		uint32_t k = first_from(outer, inner.v[i].lo);

		if (k == outer.n || outer.v[k].lo > inner.v[i].lo || outer.v[k].hi < inner.v[i].hi)
			return false;
	}
	return true;
}

uint32_t fw_rset_and(struct fw_rset a, struct fw_rset b, struct fw_range4 *dst)
{
	uint32_t i = 0, k = 0, n = 0;

	if (a.n && b.n) {
		i = first_from(a, b.v[0].lo);
		k = first_from(b, a.v[0].lo);
	}
	while (i < a.n && k < b.n) {
		uint32_t lo = a.v[i].lo > b.v[k].lo ? a.v[i].lo : b.v[k].lo;
		uint32_t hi = a.v[i].hi < b.v[k].hi ? a.v[i].hi : b.v[k].hi;

		if (lo <= hi)
			dst[n++] = (struct fw_range4){lo, hi};
		if (a.v[i].hi < b.v[k].hi)
			i++;
		else
			k++;
	}
	return n;
}

uint32_t fw_rset_minus(struct fw_rset a, struct fw_rset b, struct fw_range4 *dst)
{
	uint32_t n = 0, k = a.n ? first_from(b, a.v[0].lo) : 0;

	for (uint32_t i = 0; i < a.n; i++) {
		uint32_t lo = a.v[i].lo, hi = a.v[i].hi;
		bool left = true;

		while (left && k < b.n && b.v[k].lo <= hi) {
			if (b.v[k].lo > lo)
				dst[n++] = (struct fw_range4){lo, b.v[k].lo - 1};
			if (b.v[k].hi >= hi) {
				left = false;
			} else {
				if (b.v[k].hi >= lo)
					lo = b.v[k].hi + 1;
				k++;
			}
		}
		if (left)
			dst[n++] = (struct fw_range4){lo, hi};
	}
	return n;
}
