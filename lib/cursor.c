/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checked reader. All getters go through sk_cur_take(), the one place that compares with the
 * end.
 */
#include "lib/cursor.h"

void sk_cur_init(struct sk_cursor *c, const void *p, size_t len)
{
	/* A valid address even for "nothing at NULL", so that taking 0 bytes is no error. */
	*c = (struct sk_cursor){.p = p ? p : (const uint8_t *)"", .len = p ? len : 0};
}

bool sk_cur_ok(const struct sk_cursor *c)
{
	return !c->bad;
}

size_t sk_cur_left(const struct sk_cursor *c)
{
	return c->bad ? 0 : c->len - c->off;
}

const uint8_t *sk_cur_take(struct sk_cursor *c, size_t n)
{
	const uint8_t *p;

	if (c->bad || n > c->len - c->off) {
		c->bad = true;
		return NULL;
	}
	p = c->p + c->off;
	c->off += n;
	return p;
}

void sk_cur_skip(struct sk_cursor *c, size_t n)
{
	sk_cur_take(c, n);
}

struct sk_cursor sk_cur_sub(struct sk_cursor *c, size_t n)
{
	struct sk_cursor sub;
	const uint8_t *p = sk_cur_take(c, n);

	sk_cur_init(&sub, p, n);
	sub.bad = !p;
	return sub;
}

static uint64_t get_be(struct sk_cursor *c, size_t n)
{
	const uint8_t *p = sk_cur_take(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t sk_cur_u8(struct sk_cursor *c)
{
	return (uint8_t)get_be(c, 1);
}

uint16_t sk_cur_be16(struct sk_cursor *c)
{
	return (uint16_t)get_be(c, 2);
}

uint32_t sk_cur_be32(struct sk_cursor *c)
{
	return (uint32_t)get_be(c, 4);
}

uint64_t sk_cur_be64(struct sk_cursor *c)
{
	return get_be(c, 8);
}

uint32_t sk_cur_le32(struct sk_cursor *c)
{
	return __builtin_bswap32(sk_cur_be32(c));
}
