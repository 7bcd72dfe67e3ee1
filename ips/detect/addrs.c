/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address rules by address: the ranges of all rules cut the address space into intervals, each with
 * the rules that cover it, so that a thousand lists of addresses cost two binary searches a flow.
 * A rule is filed under one of its two sets only; its other conditions are checked when found.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "ips/detect/group.h"
#include "lib/util.h"

/* Rules whose set covers more than that are tried always: they would be in most intervals. */
#define WIDE_V4 (1u << 22)
#define WIDE_RANGES_V6 4096

struct piece { /* a range, words in host order */
	struct ips_addr lo, hi;
	uint32_t rank;
};

struct pieces {
	struct piece *v;
	size_t n, cap;
};

struct ips_addr_build {
	struct pieces p[2][2]; /* [source, destination][IPv4, IPv6] */
	uint32_t *wide;
	size_t wide_n, wide_cap;
};

static struct ips_addr host_order(const struct ips_addr *a)
{
	struct ips_addr r;

	for (int i = 0; i < 4; i++)
		r.w[i] = ntohl(a->w[i]);
	return r;
}

static int cmp(const struct ips_addr *a, const struct ips_addr *b)
{
	for (int i = 0; i < 4; i++) {
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i] ? -1 : 1;
	}
	return 0;
}

/* The address after a; false if there is none (v4: the first word counts). */
static bool next(struct ips_addr *a, bool v6)
{
	int last = v6 ? 3 : 0;

	for (int i = last; i >= 0; i--) {
		if (++a->w[i])
			return true;
	}
	return false;
}

struct ips_addr_build *ips_addr_build_new(void)
{
	return calloc(1, sizeof(struct ips_addr_build));
}

void ips_addr_build_free(struct ips_addr_build *b)
{
	if (!b)
		return;
	for (int i = 0; i < 4; i++)
		free(b->p[i / 2][i % 2].v);
	free(b->wide);
	free(b);
}

/* Addresses a set covers, as far as it matters. */
static uint64_t cover(const struct ips_addr_set *s)
{
	uint64_t n = 0;

	if (s->any)
		return UINT64_MAX;
	for (uint32_t i = 0; i < s->v4_n; i++)
		n += (uint64_t)ntohl(s->v4[i].hi.w[0]) - ntohl(s->v4[i].lo.w[0]) + 1;
	for (uint32_t i = 0; i < s->v6_n; i++) {
		/* A prefix longer than 32 bits is narrow. */
		bool narrow = s->v6[i].lo.w[0] == s->v6[i].hi.w[0];

		n += narrow ? 1 : WIDE_V4;
	}
	return n;
}

static int add_ranges(struct pieces *p, const struct ips_addr_range *r, uint32_t n, uint32_t rank)
{
	int err = sk_grow(&p->v, &p->cap, p->n + n, sizeof(*p->v));

	if (err)
		return err;
	for (uint32_t i = 0; i < n; i++)
		p->v[p->n++] = (struct piece){host_order(&r[i].lo), host_order(&r[i].hi), rank};
	return 0;
}

int ips_addr_build_add(struct ips_addr_build *b, const struct ips_rule *r, uint32_t rank)
{
	uint64_t src = cover(&r->src), dst = cover(&r->dst);
	int side = dst < src;
	const struct ips_addr_set *s = side ? &r->dst : &r->src;
	int err;

	if (SK_MIN(src, dst) > WIDE_V4 || s->v6_n > WIDE_RANGES_V6 || (r->flags & IPS_RULE_BIDIR)) {
		err = sk_grow(&b->wide, &b->wide_cap, b->wide_n + 1, sizeof(*b->wide));
		if (!err)
			b->wide[b->wide_n++] = rank;
		return err;
	}
	err = add_ranges(&b->p[side][0], s->v4, s->v4_n, rank);
	return err ? err : add_ranges(&b->p[side][1], s->v6, s->v6_n, rank);
}

static int by_addr(const void *a, const void *b)
{
	return cmp(a, b);
}

/* All beginnings of intervals, sorted, without repetition. */
static int cut(struct ips_addr_tree *t, const struct pieces *p, bool v6)
{
	uint32_t k = 0;

	t->lo = calloc(p->n * 2, sizeof(*t->lo));
	if (!t->lo)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		struct ips_addr end = p->v[i].hi;

		t->lo[k++] = p->v[i].lo;
		if (next(&end, v6))
			t->lo[k++] = end;
	}
	qsort(t->lo, k, sizeof(*t->lo), by_addr);
	t->n = 0;
	for (uint32_t i = 0; i < k; i++) {
		if (i == 0 || cmp(&t->lo[i], &t->lo[t->n - 1]) != 0)
			t->lo[t->n++] = t->lo[i];
	}
	return 0;
}

/* Index of the last interval that begins at or before a; -1 if a lies before all. */
static int64_t interval(const struct ips_addr_tree *t, const struct ips_addr *a)
{
	uint32_t lo = 0, hi = t->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cmp(&t->lo[mid], a) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return (int64_t)lo - 1;
}

static int fill(struct ips_addr_tree *t, const struct pieces *p)
{
	uint64_t total = 0;
	uint32_t *at;

	t->first = calloc(t->n + 2, sizeof(*t->first));
	if (!t->first)
		return -ENOMEM;
	for (size_t i = 0; i < p->n; i++) {
		int64_t k = interval(t, &p->v[i].lo), end = interval(t, &p->v[i].hi);

		for (; k <= end; k++, total++)
			t->first[k + 2]++;
	}
	if (total > UINT32_MAX)
		return -E2BIG;
	t->rules = calloc(total ? total : 1, sizeof(*t->rules));
	if (!t->rules)
		return -ENOMEM;
	for (uint32_t i = 1; i < t->n + 2; i++)
		t->first[i] += t->first[i - 1];
	/* first[k + 1] is now where interval k begins, and moves to its end while filling. */
	at = t->first + 1;
	for (size_t i = 0; i < p->n; i++) {
		int64_t k = interval(t, &p->v[i].lo), end = interval(t, &p->v[i].hi);

		for (; k <= end; k++)
			t->rules[at[k]++] = p->v[i].rank;
	}
	return 0;
}

int ips_addr_build_finish(struct ips_addr_build *b, struct ips_addr_index *ret)
{
	for (int side = 0; side < 2; side++) {
		for (int v6 = 0; v6 < 2; v6++) {
			struct ips_addr_tree *t = &ret->tree[side][v6];
			int err;

			if (b->p[side][v6].n == 0)
				continue;
			err = cut(t, &b->p[side][v6], v6);
			if (!err)
				err = fill(t, &b->p[side][v6]);
			if (err)
				return err;
		}
	}
	ret->wide = b->wide;
	ret->wide_n = (uint32_t)b->wide_n;
	b->wide = NULL;
	return 0;
}

void ips_addr_index_done(struct ips_addr_index *x)
{
	for (int i = 0; i < 4; i++) {
		struct ips_addr_tree *t = &x->tree[i / 2][i % 2];

		free(t->lo);
		free(t->first);
		free(t->rules);
	}
	free(x->wide);
	memset(x, 0, sizeof(*x));
}

uint32_t ips_addr_tree_find(const struct ips_addr_tree *t, uint8_t family, const struct ips_addr *a,
	const uint32_t **ret)
{
	struct ips_addr h = host_order(a);
	int64_t k;

	if (t->n == 0 || family == 0)
		return 0;
	k = interval(t, &h);
	if (k < 0)
		return 0;
	*ret = t->rules + t->first[k];
	return t->first[k + 1] - t->first[k];
}
