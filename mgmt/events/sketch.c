// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The distinct count of sketch.h. Most keys of a report have a handful of peers, so the first one
 * needs no memory and few need the registers.
 */
#include "mgmt/events/sketch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/util.h"

#define REGS UINT32_MAX
#define INDEX_BITS 10
#define TAG_REGS 0x48

void mg_sketch_done(struct mg_sketch *s)
{
	if (s->n > 1)
		free(s->u.list);
	*s = (struct mg_sketch){0};
}

static void regs_add(uint8_t *regs, uint64_t hash)
{
	uint64_t rest = hash << INDEX_BITS | 1ull << (INDEX_BITS - 1);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
	uint8_t *r = &regs[hash >> (64 - INDEX_BITS)];

	if (rank > *r)
		*r = rank;
}

static int to_regs(struct mg_sketch *s)
{
	uint8_t *regs = calloc(1, MG_SKETCH_REGS);

	if (!regs)
		return -ENOMEM;
	if (s->n == 1)
		regs_add(regs, s->u.one);
	for (uint32_t i = 0; s->n > 1 && i < s->n; i++)
		regs_add(regs, s->u.list[i]);
	if (s->n > 1)
		free(s->u.list);
	s->u.regs = regs;
	s->n = REGS;
	return 0;
}

static int list_add(struct mg_sketch *s, uint64_t hash)
{
	if (s->n == 1) {
		uint64_t one = s->u.one, *list = malloc(4 * sizeof(*list));

		if (!list)
			return -ENOMEM;
		list[0] = one;
		s->u.list = list;
		s->cap = 4;
	} else if (s->n == s->cap) {
		uint64_t *list = reallocarray(s->u.list, s->cap * 2, sizeof(*list));

		if (!list)
			return -ENOMEM;
		s->u.list = list;
		s->cap *= 2;
	}
	s->u.list[s->n++] = hash;
	return 0;
}

int mg_sketch_add(struct mg_sketch *s, uint64_t hash)
{
	int r;

	if (s->n == REGS) {
		regs_add(s->u.regs, hash);
		return 0;
	}
	if (s->n == 0) {
		s->u.one = hash;
		s->n = 1;
		return 0;
	}
	if (s->n == 1 && s->u.one == hash)
		return 0;
	for (uint32_t i = 0; s->n > 1 && i < s->n; i++)
		if (s->u.list[i] == hash)
			return 0;
	if (s->n < MG_SKETCH_EXACT)
		return list_add(s, hash);
	r = to_regs(s);
	if (r == 0)
		regs_add(s->u.regs, hash);
	return r;
}

int mg_sketch_merge(struct mg_sketch *s, const struct mg_sketch *from)
{
	int r = 0;

	if (from->n == 1)
		return mg_sketch_add(s, from->u.one);
	if (from->n != REGS) {
		for (uint32_t i = 0; r == 0 && i < from->n; i++)
			r = mg_sketch_add(s, from->u.list[i]);
		return r;
	}
	if (s->n != REGS)
		r = to_regs(s);
	for (int i = 0; r == 0 && i < MG_SKETCH_REGS; i++)
		s->u.regs[i] = SK_MAX(s->u.regs[i], from->u.regs[i]);
	return r;
}

uint64_t mg_sketch_count(const struct mg_sketch *s)
{
	const double m = MG_SKETCH_REGS, alpha = 0.7213 / (1 + 1.079 / m);
	double sum = 0, e;
	int empty = 0;

	if (s->n != REGS)
		return s->n;
	for (int i = 0; i < MG_SKETCH_REGS; i++) {
		sum += 1.0 / (double)(1ull << s->u.regs[i]);
		empty += s->u.regs[i] == 0;
	}
	e = alpha * m * m / sum;
	if (e <= 2.5 * m && empty > 0) {
		/* Linear counting; ln(m/empty) as a difference of harmonic numbers. */
		e = 0;
		for (int k = empty + 1; k <= MG_SKETCH_REGS; k++)
			e += m / k;
	}
	return (uint64_t)(e + 0.5);
}

void mg_sketch_encode(const struct mg_sketch *s, struct sk_buf *b)
{
	const uint64_t *list = s->n == 1 ? &s->u.one : s->u.list;

	if (s->n == REGS) {
		sk_buf_putc(b, TAG_REGS);
		sk_buf_put(b, s->u.regs, MG_SKETCH_REGS);
		return;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		uint8_t be[8];

		for (int k = 0; k < 8; k++)
			be[k] = (uint8_t)(list[i] >> (56 - 8 * k));
		sk_buf_put(b, be, sizeof(be));
	}
}

int mg_sketch_decode(struct mg_sketch *s, const void *p, size_t n)
{
	struct sk_cursor c;
	int r = 0;

	sk_cur_init(&c, p, n);
	if (n == 1 + MG_SKETCH_REGS && sk_cur_u8(&c) == TAG_REGS) {
		const uint8_t *regs = sk_cur_take(&c, MG_SKETCH_REGS);

		if (s->n != REGS)
			r = to_regs(s);
		for (int i = 0; r == 0 && i < MG_SKETCH_REGS; i++)
			if (regs[i] <= 64 - INDEX_BITS + 1)
				s->u.regs[i] = SK_MAX(s->u.regs[i], regs[i]);
		return r;
	}
	if (n % 8 != 0 || n > 8 * MG_SKETCH_EXACT)
		return -EUCLEAN;
	while (r == 0 && sk_cur_left(&c) > 0)
		r = mg_sketch_add(s, sk_cur_be64(&c));
	return r;
}
