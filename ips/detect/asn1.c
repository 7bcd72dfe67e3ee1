/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `asn1` option: a walk over BER (ITU-T X.690) that looks for three known ways to overrun a
 * careless decoder. Depth and number of elements are limited; what is not BER does not match.
 */
#include "ips/detect/inspect_int.h"
#include "lib/cursor.h"

#define FRAMES 30
#define ELEMENTS 4096
#define TAG_BIT_STRING 3
#define TAG_REAL 9

struct element {
	uint8_t class;
	bool constructed, indefinite;
	uint32_t tag;
	uint64_t len;
};

static bool read_header(struct sk_cursor *c, struct element *e)
{
	uint8_t b = sk_cur_u8(c), n;

	e->class = b >> 6;
	e->constructed = b & 0x20;
	e->tag = b & 0x1f;
	e->indefinite = false;
	if (e->tag == 0x1f) {
		e->tag = 0;
		do {
			b = sk_cur_u8(c);
			if (e->tag >> 24)
				return false;
			e->tag = e->tag << 7 | (b & 0x7f);
		} while (b & 0x80 && sk_cur_ok(c));
	}
	b = sk_cur_u8(c);
	e->len = b;
	if (b == 0x80) {
		e->indefinite = true;
		e->len = sk_cur_left(c);
	} else if (b & 0x80) {
		n = b & 0x7f;
		if (n > 8)
			return false;
		for (e->len = 0; n; n--)
			e->len = e->len << 8 | sk_cur_u8(c);
	}
	return sk_cur_ok(c);
}

/* One element's own check; first: its first byte of content or -1. */
static bool suspicious(const struct ips_opt *o, const struct element *e, int first)
{
	if (o->asn1.oversize && e->len > o->asn1.oversize)
		return true;
	if (e->class != 0 || e->constructed || first < 0)
		return false;
	/* More unused bits than the string has bytes. */
	if (o->asn1.bitstring && e->tag == TAG_BIT_STRING && (uint64_t)(first >> 3) > e->len)
		return true;
	/* A REAL in ASCII form longer than any sensible one. */
	return o->asn1.dbl && e->tag == TAG_REAL && (first & 0xc0) == 0 && e->len > 256;
}

/* Elements from c to its end, into constructed ones as far as FRAMES. */
static bool walk(const struct ips_opt *o, struct sk_cursor *c, unsigned depth, uint32_t *budget)
{
	struct sk_cursor in;
	struct element e;
	uint64_t left;
	int first;

	while (sk_cur_left(c) && *budget) {
		(*budget)--;
		if (!read_header(c, &e))
			return false;
		left = sk_cur_left(c);
		first = left && e.len ? c->p[c->off] : -1;
		if (suspicious(o, &e, first))
			return true;
		/* A length beyond the data: look at what is there. */
		in = sk_cur_sub(c, (size_t)(e.len < left ? e.len : left));
		if (e.constructed && depth + 1 < FRAMES && walk(o, &in, depth + 1, budget))
			return true;
	}
	return false;
}

bool ips_asn1(const struct ips_opt *o, struct ips_view v, uint32_t pos)
{
	int64_t at = o->asn1.absolute_offset;
	uint32_t budget = ELEMENTS;
	struct sk_cursor c;

	if (o->asn1.relative && __builtin_add_overflow(o->asn1.relative_offset, (int64_t)pos, &at))
		return false;
	if (at < 0 || at >= v.len)
		return false;
	sk_cur_init(&c, v.data + at, v.len - (size_t)at);
	return walk(o, &c, 0, &budget);
}
