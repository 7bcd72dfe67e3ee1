/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The `asn1` option: a walk over BER (ITU-T X.690) that looks for three known ways to overrun a
 * careless decoder. What an element says counts once it and all within it turned out well-formed;
 * the first that is not ends the walk. Depth and number of elements are limited.
 */
#include "ips/detect/inspect_int.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define FRAMES 128
#define ELEMENTS 4096
#define LENGTH_BYTES 8

enum { /* universal tags, X.680 8.4 */
	TAG_BOOLEAN = 1,
	TAG_BIT_STRING = 3,
	TAG_REAL = 9,
	TAG_UTF8 = 12,
	TAG_SEQUENCE = 16,
	TAG_SET = 17,
	TAG_NUMERIC = 18,
	TAG_PRINTABLE = 19,
	TAG_IA5 = 22,
	TAG_UTC_TIME = 23,
	TAG_GENERAL_TIME = 24,
	TAG_VISIBLE = 26,
};

struct element {
	uint8_t class;
	bool constructed, indefinite;
	uint32_t tag;
	uint64_t len;
};

struct walk {
	const struct ips_opt *o;
	uint32_t budget;
	bool hit;
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
		e->len = 0;
	} else if (b & 0x80) {
		n = b & 0x7f;
		if (n > LENGTH_BYTES)
			return false;
		for (e->len = 0; n; n--)
			e->len = e->len << 8 | sk_cur_u8(c);
	}
	/* A sequence is one even where its header says otherwise. */
	if (e->class == 0 && (e->tag == TAG_SEQUENCE || e->tag == TAG_SET))
		e->constructed = true;
	if (e->indefinite &&
		(!e->constructed || (e->class == 0 && e->tag != TAG_SEQUENCE && e->tag != TAG_SET)))
		return false;
	return sk_cur_ok(c);
}

static bool only(const uint8_t *p, size_t n, const char *set)
{
	for (size_t i = 0; i < n; i++) {
		bool digit = p[i] >= '0' && p[i] <= '9';
		bool letter = (p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z';
		bool ok = digit || (letter && set[0] == 'a');

		for (const char *s = set + 1; *s && !ok; s++)
			ok = (uint8_t)*s == p[i];
		if (!ok)
			return false;
	}
	return true;
}

static bool ascii(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] & 0x80)
			return false;
	return true;
}

/* Content of a primitive universal type; those not named may hold anything. */
static bool content_ok(uint32_t tag, const uint8_t *p, size_t n)
{
	switch (tag) {
	case TAG_BOOLEAN: return n == 1;
	case TAG_UTF8: return sk_utf8_valid((const char *)p, n);
	case TAG_NUMERIC: return only(p, n, "0 ");
	case TAG_PRINTABLE: return only(p, n, "a '()+,-./:=?");
	case TAG_IA5:
	case TAG_VISIBLE: return ascii(p, n);
	case TAG_UTC_TIME:
	case TAG_GENERAL_TIME: return n >= 10 && only(p, n, "0Z+-.");
	default: return true;
	}
}

static bool suspicious(const struct ips_opt *o, const struct element *e, const uint8_t *p)
{
	if (o->asn1.oversize && !e->indefinite && e->len > o->asn1.oversize)
		return true;
	if (e->class != 0 || e->constructed || e->len == 0)
		return false;
	/* More unused bits than the string has. */
	if (o->asn1.bitstring && e->tag == TAG_BIT_STRING && p[0] > e->len * 8)
		return true;
	/* A REAL in text form longer than any sensible one. */
	return o->asn1.dbl && e->tag == TAG_REAL && (p[0] & 0xc0) == 0 && e->len > 256;
}

/* One element and all in it: true if well-formed. */
static bool walk(struct walk *w, struct sk_cursor *c, unsigned depth)
{
	struct element e;
	struct sk_cursor in;
	const uint8_t *p;

	if (!w->budget || depth >= FRAMES)
		return false;
	w->budget--;
	if (!read_header(c, &e) || e.len > sk_cur_left(c))
		return false;
	p = c->p + c->off;
	if (suspicious(w->o, &e, p))
		w->hit = true;
	if (e.indefinite) {
		while (sk_cur_left(c) >= 2 && (c->p[c->off] || c->p[c->off + 1]))
			if (!walk(w, c, depth + 1))
				return false;
		sk_cur_skip(c, 2); /* end of contents */
		return sk_cur_ok(c);
	}
	if (!e.constructed && e.class == 0 && !content_ok(e.tag, p, (size_t)e.len))
		return false;
	in = sk_cur_sub(c, (size_t)e.len);
	while (e.constructed && sk_cur_left(&in))
		if (!walk(w, &in, depth + 1))
			return false;
	return true;
}

bool ips_asn1(const struct ips_opt *o, struct ips_view v, uint32_t pos)
{
	int64_t at = o->asn1.absolute_offset;
	struct walk w = {.o = o, .budget = ELEMENTS};
	struct sk_cursor c;

	if (o->asn1.relative && __builtin_add_overflow(o->asn1.relative_offset, (int64_t)pos, &at))
		return false;
	if (at < 0 || at >= v.len)
		return false;
	sk_cur_init(&c, v.data + at, v.len - (size_t)at);
	while (sk_cur_left(&c)) {
		if (!walk(&w, &c, 0))
			return false;
		if (w.hit)
			return true;
	}
	return false;
}
