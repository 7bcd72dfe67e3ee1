/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Relations between products of sets, and the union test: a rule is cut into pieces by the earlier
 * rules in their order, depth first, until a piece is left over (not covered) or none is. A product
 * minus a product is at most three products, however many ranges their sets have.
 */
#include <errno.h>
#include <string.h>

#include "fw/policy/analyze_int.h"
#include "lib/util.h"

#define ARENA_MAX ((size_t)8 << 20)
#define SHARE_PER_RULE 4  /* times the list, and */
#define SHARE_FIXED 20000 /* operations that every rule may cost */

static bool hull_meets(const struct fw_range4 *a, const struct fw_range4 *b)
{
	return a->lo <= b->hi && b->lo <= a->hi;
}

static bool hulls_meet(const struct fw_range4 a[DIMS], const struct fw_range4 b[DIMS])
{
	return hull_meets(&a[DIM_SVC], &b[DIM_SVC]) && hull_meets(&a[DIM_SRC], &b[DIM_SRC]) &&
		hull_meets(&a[DIM_DST], &b[DIM_DST]);
}

static bool hull_within(const struct fw_range4 outer[DIMS], const struct fw_range4 inner[DIMS])
{
	for (int d = 0; d < DIMS; d++) {
		if (inner[d].lo < outer[d].lo || inner[d].hi > outer[d].hi)
			return false;
	}
	return true;
}

static bool sets_meet(const struct fw_rset a[DIMS], const struct fw_rset b[DIMS])
{
	return fw_rset_overlap(a[DIM_SVC], b[DIM_SVC]) && fw_rset_overlap(a[DIM_SRC], b[DIM_SRC]) &&
		fw_rset_overlap(a[DIM_DST], b[DIM_DST]);
}

bool fw_prod_overlap(const struct fw_space *s, uint32_t a, uint32_t b)
{
	const struct fw_hull *x = &s->hull[a], *y = &s->hull[b];

	for (int f = 0; f < 2; f++) {
		if (hulls_meet(x->dim[f], y->dim[f]) &&
			((x->simple && y->simple) ||
				sets_meet(s->prod[a].dim[f], s->prod[b].dim[f])))
			return true;
	}
	return false;
}

bool fw_prod_covers(const struct fw_space *s, uint32_t outer, uint32_t inner)
{
	const struct fw_hull *o = &s->hull[outer], *i = &s->hull[inner];

	for (int f = 0; f < 2; f++) {
		if (s->prod[inner].dim[f][DIM_SVC].n == 0)
			continue;
		if (!hull_within(o->dim[f], i->dim[f]))
			return false;
		for (int d = 0; d < DIMS && !o->simple; d++) {
			if (!fw_rset_covers(s->prod[outer].dim[f][d], s->prod[inner].dim[f][d]))
				return false;
		}
	}
	return true;
}

/* ---- the union test ---------------------------------------------------------------------------
 */

struct fw_piece {
	struct {
		const struct fw_range4 *own; /* the rule's own ranges, or NULL: in the arena */
		size_t at;
		uint32_t n;
	} dim[DIMS];
	struct fw_range4 hull[DIMS];
	size_t mark;   /* the arena above this belongs to pieces done before this one is taken */
	uint32_t next; /* position in the list from which it must still be compared */
};

static struct fw_rset piece_set(const struct fw_cover *c, const struct fw_piece *p, int d)
{
	const struct fw_range4 *v = p->dim[d].own ? p->dim[d].own : c->arena + p->dim[d].at;

	return (struct fw_rset){v, p->dim[d].n};
}

static bool meets(const struct fw_cover *c, const struct fw_piece *p, uint32_t rule, int f)
{
	const struct fw_prod *r = &c->space->prod[rule];

	if (!hulls_meet(p->hull, c->space->hull[rule].dim[f]))
		return false;
	for (int d = 0; d < DIMS; d++) {
		if ((p->dim[d].n > 1 || r->dim[f][d].n > 1) &&
			!fw_rset_overlap(piece_set(c, p, d), r->dim[f][d]))
			return false;
	}
	return true;
}

/* Record what the last operation wrote at c->top as dimension d of p. */
static void take(struct fw_cover *c, struct fw_piece *p, int d, uint32_t n)
{
	const struct fw_range4 *v = c->arena + c->top;

	p->dim[d].own = NULL;
	p->dim[d].at = c->top;
	p->dim[d].n = n;
	if (n)
		p->hull[d] = (struct fw_range4){v[0].lo, v[n - 1].hi};
	c->top += n;
}

static int push(struct fw_cover *c, const struct fw_piece *p)
{
	if (sk_grow(&c->stack, &c->cap_stack, c->n_stack + 1, sizeof(*c->stack)) < 0)
		return -ENOMEM;
	c->stack[c->n_stack++] = *p;
	return 0;
}

static int reserve(struct fw_cover *c, size_t n)
{
	if (c->top + n > ARENA_MAX)
		return -ENOBUFS;
	return sk_grow(&c->arena, &c->cap_arena, c->top + n, sizeof(*c->arena));
}

/* Take operations from the rule's share, then from the common pool. */
static bool spend(struct fw_cover *c, uint64_t n)
{
	uint64_t own = SK_MIN(c->share, n);

	c->share -= own;
	n -= own;
	if (n > c->pool)
		return false;
	c->pool -= n;
	return true;
}

/*
 * Cut p along dimension d: what lies outside rule is *out (false: nothing does), and p keeps the
 * inside. A dimension within the rule's stays as it is, which costs nothing.
 */
static int cut(
	struct fw_cover *c, struct fw_piece *p, struct fw_rset by, int d, struct fw_piece *out)
{
	struct fw_rset mine = piece_set(c, p, d);
	size_t room = 2 * ((size_t)mine.n + by.n);
	int ret;

	if (fw_rset_covers(by, mine))
		return 0;
	if (!spend(c, room))
		return -ENOBUFS;
	ret = reserve(c, room);
	if (ret < 0)
		return ret;
	mine = piece_set(c, p, d); /* the arena may have moved */
	*out = *p;
	take(c, out, d, fw_rset_minus(mine, by, c->arena + c->top));
	take(c, p, d, fw_rset_and(mine, by, c->arena + c->top));
	return 1;
}

/* What rule leaves of p, as up to three disjoint pieces on the stack. */
static int split(struct fw_cover *c, const struct fw_piece *p, uint32_t rule, int f)
{
	struct fw_piece inside = *p, out[DIMS];
	size_t n = 0;

	for (int d = 0; d < DIMS; d++) {
		int ret = cut(c, &inside, c->space->prod[rule].dim[f][d], d, &out[n]);

		if (ret < 0)
			return ret;
		n += (size_t)ret;
	}
	for (size_t i = 0; i < n; i++) {
		out[i].mark = c->top;
		if (push(c, &out[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int push_whole(struct fw_cover *c, uint32_t rule, int f)
{
	const struct fw_prod *r = &c->space->prod[rule];
	struct fw_piece p = {0};

	c->top = c->n_stack = 0;
	for (int d = 0; d < DIMS; d++) {
		p.dim[d].own = r->dim[f][d].v;
		p.dim[d].n = r->dim[f][d].n;
		p.hull[d] = c->space->hull[rule].dim[f][d];
	}
	return push(c, &p);
}

static int cover_family(struct fw_cover *c, uint32_t rule, int f, const uint32_t *list, size_t n)
{
	size_t pieces = 0;
	int ret = push_whole(c, rule, f);

	while (ret == 0 && c->n_stack) {
		struct fw_piece p = c->stack[--c->n_stack];
		uint32_t k = p.next;

		c->top = p.mark;
		while (k < n && !meets(c, &p, list[k], f))
			k++;
		if (k == n)
			return FW_UNCOVERED;
		if (++pieces > c->budget || !spend(c, k - p.next + 1))
			return FW_COVER_CUT;
		c->decides[k] = true;
		p.next = k + 1;
		ret = split(c, &p, list[k], f);
	}
	return ret == -ENOBUFS ? FW_COVER_CUT : ret;
}

static bool holds(const struct fw_space *s, uint32_t rule, int f, const uint32_t x[DIMS])
{
	const struct fw_range4 *h = s->hull[rule].dim[f];

	for (int d = 0; d < DIMS; d++) {
		const struct fw_range4 point = {x[d], x[d]};

		if (x[d] < h[d].lo || x[d] > h[d].hi)
			return false;
		if (!s->hull[rule].simple &&
			!fw_rset_covers(s->prod[rule].dim[f][d], (struct fw_rset){&point, 1}))
			return false;
	}
	return true;
}

/* A corner of the rule that no other holds: most rules that are not covered show it there. */
static bool free_corner(
	const struct fw_cover *c, uint32_t rule, int f, const uint32_t *list, size_t n)
{
	const struct fw_range4 *h = c->space->hull[rule].dim[f];

	for (unsigned corner = 0; corner < 1u << DIMS; corner++) {
		uint32_t x[DIMS];
		size_t k = 0;

		for (int d = 0; d < DIMS; d++)
			x[d] = corner >> d & 1 ? h[d].hi : h[d].lo;
		while (k < n && !holds(c->space, list[k], f, x))
			k++;
		if (k == n)
			return true;
	}
	return false;
}

int fw_cover(struct fw_cover *c, uint32_t rule, const uint32_t *list, size_t n)
{
	int all = FW_COVERED;

	if (sk_grow(&c->decides, &c->cap_decides, n, sizeof(*c->decides)) < 0)
		return -ENOMEM;
	if (n)
		memset(c->decides, 0, n * sizeof(*c->decides));
	c->share = SHARE_PER_RULE * (uint64_t)n + SHARE_FIXED;
	for (int f = 0; f < 2; f++) {
		if (c->space->prod[rule].dim[f][DIM_SVC].n && free_corner(c, rule, f, list, n))
			return FW_UNCOVERED;
	}
	for (int f = 0; f < 2; f++) {
		int ret;

		if (c->space->prod[rule].dim[f][DIM_SVC].n == 0)
			continue;
		ret = cover_family(c, rule, f, list, n);
		if (ret < 0 || ret == FW_UNCOVERED)
			return ret;
		if (ret == FW_COVER_CUT)
			all = FW_COVER_CUT;
	}
	return all;
}

void fw_cover_done(struct fw_cover *c)
{
	free(c->arena);
	free(c->stack);
	free(c->decides);
}
