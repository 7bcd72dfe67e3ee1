/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the rules of a policy to products of 32-bit range sets: IPv4 ranges are used as they are,
 * IPv6 ranges are replaced by ranks, services are laid out on one line.
 */
#include <errno.h>
#include <string.h>

#include "fw/policy/analyze_int.h"
#include "lib/util.h"

/* A set of IPv6 ranges that one or many rules use, and where its ranks begin. */
struct used6 {
	const struct fw_range6 *v;
	size_t n, at;
};

struct ranker {
	struct used6 *used; /* sorted by v, unique */
	size_t n_used;
	unsigned __int128 *ends; /* sorted, unique: where a range begins, or one past its end */
	size_t n_ends;
};

static int used_cmp(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const struct used6 *)a)->v,
		  y = (uintptr_t)((const struct used6 *)b)->v;

	return x < y ? -1 : x > y;
}

static int end_cmp(const void *a, const void *b)
{
	unsigned __int128 x = *(const unsigned __int128 *)a, y = *(const unsigned __int128 *)b;

	return x < y ? -1 : x > y;
}

static int collect_used(struct ranker *r, const struct fw_policy *p, size_t *ret_ranges)
{
	size_t n = 0, kept = 0, ranges = 0;

	r->used = malloc((2 * p->n_rules + 1) * sizeof(*r->used));
	if (!r->used)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct fw_addrs *set[] = {&p->rules[i].match.src, &p->rules[i].match.dst};

		for (size_t k = 0; k < 2; k++) {
			if (set[k]->n6)
				r->used[n++] = (struct used6){.v = set[k]->v6, .n = set[k]->n6};
		}
	}
	if (n)
		qsort(r->used, n, sizeof(*r->used), used_cmp);
	for (size_t i = 0; i < n; i++) {
		if (kept && r->used[kept - 1].v == r->used[i].v)
			continue;
		r->used[kept] = r->used[i];
		r->used[kept++].at = ranges;
		ranges += r->used[i].n;
	}
	r->n_used = kept;
	*ret_ranges = ranges;
	return 0;
}

static int collect_ends(struct ranker *r, size_t ranges)
{
	size_t n = 0, kept = 0;

	r->ends = malloc((2 * ranges + 1) * sizeof(*r->ends));
	if (!r->ends)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_used; i++) {
		for (size_t k = 0; k < r->used[i].n; k++) {
			r->ends[n++] = r->used[i].v[k].lo;
			if (r->used[i].v[k].hi != ~(unsigned __int128)0)
				r->ends[n++] = r->used[i].v[k].hi + 1;
		}
	}
	if (n)
		qsort(r->ends, n, sizeof(*r->ends), end_cmp);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || r->ends[kept - 1] != r->ends[i])
			r->ends[kept++] = r->ends[i];
	}
	r->n_ends = kept;
	return 0;
}

static uint32_t rank(const struct ranker *r, unsigned __int128 x)
{
	const unsigned __int128 *e = bsearch(&x, r->ends, r->n_ends, sizeof(*r->ends), end_cmp);

	return (uint32_t)(e - r->ends);
}

static void write_ranks(const struct ranker *r, struct fw_range4 *dst)
{
	for (size_t i = 0; i < r->n_used; i++) {
		const struct used6 *u = &r->used[i];

		for (size_t k = 0; k < u->n; k++) {
			unsigned __int128 hi = u->v[k].hi;

			dst[u->at + k].lo = rank(r, u->v[k].lo);
			dst[u->at + k].hi = (hi == ~(unsigned __int128)0 ? (uint32_t)r->n_ends
									 : rank(r, hi + 1)) -
				1;
		}
	}
}

static struct fw_rset set6(
	const struct ranker *r, const struct fw_space *s, const struct fw_addrs *a)
{
	const struct used6 key = {.v = a->v6}, *u;

	if (a->n6 == 0)
		return (struct fw_rset){0};
	u = bsearch(&key, r->used, r->n_used, sizeof(key), used_cmp);
	return (struct fw_rset){s->ranks6 + u->at, (uint32_t)u->n};
}

/* ---- services ---------------------------------------------------------------------------------
 */

static bool whole_protocol(const struct fw_svc *v)
{
	return v->lo == 0 && v->hi == 65535;
}

static size_t svc_room(const struct fw_svcs *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += whole_protocol(&s->v[i]) ? 1
					      : (size_t)(s->v[i].proto_hi - s->v[i].proto_lo) + 1;
	return n;
}

static int range_cmp(const void *a, const void *b)
{
	const struct fw_range4 *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Lay s out on the line protocol << 16 | port. Returns the number of ranges. */
static uint32_t svc_line(const struct fw_svcs *s, struct fw_range4 *dst)
{
	uint32_t n = 0, kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		const struct fw_svc *v = &s->v[i];

		if (whole_protocol(v)) {
			dst[n++] = (struct fw_range4){
				(uint32_t)v->proto_lo << 16, (uint32_t)v->proto_hi << 16 | 65535};
			continue;
		}
		for (uint32_t proto = v->proto_lo; proto <= v->proto_hi; proto++)
			dst[n++] = (struct fw_range4){proto << 16 | v->lo, proto << 16 | v->hi};
	}
	if (n)
		qsort(dst, n, sizeof(*dst), range_cmp);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && dst[i].lo <= dst[kept - 1].hi + 1)
			dst[kept - 1].hi = SK_MAX(dst[kept - 1].hi, dst[i].hi);
		else
			dst[kept++] = dst[i];
	}
	return kept;
}

static int lay_services(struct fw_space *s, const struct fw_policy *p)
{
	size_t room = 0, at = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		room += svc_room(&p->rules[i].match.svc);
	s->svcs = malloc((room + 1) * sizeof(*s->svcs));
	if (!s->svcs)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct fw_svcs *v = &p->rules[i].match.svc;
		struct fw_rset set = {s->svcs + at, svc_line(v, s->svcs + at)};

		s->prod[i].dim[0][DIM_SVC] = s->prod[i].dim[1][DIM_SVC] = set;
		at += svc_room(v);
	}
	return 0;
}

/* ---- products ---------------------------------------------------------------------------------
 */

/*
 * A product with an empty side is empty: clear all of it, and make the hull. No service reaches
 * UINT32_MAX, so the hull of nothing meets nothing.
 */
static void settle(struct fw_prod *p, struct fw_hull *h)
{
	static const struct fw_range4 none = {UINT32_MAX, 0};

	h->simple = true;
	for (int f = 0; f < 2; f++) {
		bool empty = false;

		for (int d = 0; d < DIMS; d++)
			empty = empty || p->dim[f][d].n == 0;
		for (int d = 0; d < DIMS; d++) {
			struct fw_rset *s = &p->dim[f][d];

			if (empty)
				*s = (struct fw_rset){0};
			h->dim[f][d] =
				empty ? none : (struct fw_range4){s->v[0].lo, s->v[s->n - 1].hi};
			h->simple = h->simple && s->n <= 1;
		}
	}
}

static int fill(struct fw_space *s, struct ranker *r, const struct fw_policy *p)
{
	size_t ranges = 0;

	if (collect_used(r, p, &ranges) < 0 || collect_ends(r, ranges) < 0)
		return -ENOMEM;
	s->ranks6 = malloc((ranges + 1) * sizeof(*s->ranks6));
	if (!s->ranks6 || lay_services(s, p) < 0)
		return -ENOMEM;
	write_ranks(r, s->ranks6);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct fw_match *m = &p->rules[i].match;
		struct fw_prod *d = &s->prod[i];

		d->dim[0][DIM_SRC] = (struct fw_rset){m->src.v4, (uint32_t)m->src.n4};
		d->dim[0][DIM_DST] = (struct fw_rset){m->dst.v4, (uint32_t)m->dst.n4};
		d->dim[1][DIM_SRC] = set6(r, s, &m->src);
		d->dim[1][DIM_DST] = set6(r, s, &m->dst);
		settle(d, &s->hull[i]);
	}
	return 0;
}

int fw_space_init(struct fw_space *s, const struct fw_policy *p)
{
	struct ranker r = {0};
	int ret = -ENOMEM;

	*s = (struct fw_space){.n = p->n_rules};
	s->prod = calloc(p->n_rules + 1, sizeof(*s->prod));
	s->hull = calloc(p->n_rules + 1, sizeof(*s->hull));
	if (s->prod && s->hull)
		ret = fill(s, &r, p);
	free(r.used);
	free(r.ends);
	if (ret < 0)
		fw_space_done(s);
	return ret;
}

void fw_space_done(struct fw_space *s)
{
	free(s->prod);
	free(s->hull);
	free(s->ranks6);
	free(s->svcs);
	*s = (struct fw_space){0};
}
