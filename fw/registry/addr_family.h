/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set algebra of addr.c for one family. No include guard: addr.c includes it twice, with RANGE,
 * VALUE and FN(name) set, so that IPv4 and IPv6 cannot come to differ. Ranges are inclusive;
 * "sorted" means ascending, disjoint and not adjacent.
 */

static int FN(cmp)(const void *pa, const void *pb)
{
	const struct RANGE *a = pa, *b = pb;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->hi < b->hi ? -1 : a->hi > b->hi;
}

/* Sort and join; returns the new length. Lists mostly come sorted, so that is looked at first. */
static size_t FN(join)(struct RANGE *v, size_t n)
{
	size_t i, out = 0;

	for (i = 1; i < n && v[i - 1].lo <= v[i].lo; i++)
		;
	if (i < n)
		qsort(v, n, sizeof(*v), FN(cmp));
	for (i = 0; i < n; i++) {
		if (out > 0 && (v[out - 1].hi == (VALUE)-1 || v[i].lo <= v[out - 1].hi + 1)) {
			if (v[i].hi > v[out - 1].hi)
				v[out - 1].hi = v[i].hi;
			continue;
		}
		v[out++] = v[i];
	}
	return out;
}

/* The sorted range that holds x, or NULL. */
static const struct RANGE *FN(find)(const struct RANGE *v, size_t n, VALUE x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (x < v[mid].lo)
			hi = mid;
		else if (x > v[mid].hi)
			lo = mid + 1;
		else
			return &v[mid];
	}
	return NULL;
}

static bool FN(equal)(const struct RANGE *a, size_t na, const struct RANGE *b, size_t nb)
{
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (a[i].lo != b[i].lo || a[i].hi != b[i].hi)
			return false;
	return true;
}

/* Because neighbours are joined, a covered range lies in exactly one outer range. */
static bool FN(covers)(const struct RANGE *outer, size_t no, const struct RANGE *inner, size_t ni)
{
	size_t o = 0;

	for (size_t i = 0; i < ni; i++) {
		while (o < no && outer[o].hi < inner[i].lo)
			o++;
		if (o == no || outer[o].lo > inner[i].lo || outer[o].hi < inner[i].hi)
			return false;
	}
	return true;
}

/* a ∩ b; dst has room for na + nb ranges. The result is sorted. */
static size_t FN(cross)(
	const struct RANGE *a, size_t na, const struct RANGE *b, size_t nb, struct RANGE *dst)
{
	size_t i = 0, j = 0, n = 0;

	while (i < na && j < nb) {
		VALUE lo = a[i].lo > b[j].lo ? a[i].lo : b[j].lo;
		VALUE hi = a[i].hi < b[j].hi ? a[i].hi : b[j].hi;

		if (lo <= hi)
			dst[n++] = (struct RANGE){lo, hi};
		if (a[i].hi < b[j].hi)
			i++;
		else
			j++;
	}
	return n;
}

#undef RANGE
#undef VALUE
#undef FN
