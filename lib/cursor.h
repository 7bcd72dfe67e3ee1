/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way to read bytes from outside. Every getter checks; the first read past the end sets a
 * sticky error after which all getters return zero, so a parser may read a header and check once.
 */
#ifndef SK_CURSOR_H
#define SK_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_cursor {
	const uint8_t *p;
	size_t len, off;
	bool bad;
};

void sk_cur_init(struct sk_cursor *c, const void *p, size_t len);
bool sk_cur_ok(const struct sk_cursor *c);
size_t sk_cur_left(const struct sk_cursor *c);

uint8_t sk_cur_u8(struct sk_cursor *c);
uint16_t sk_cur_be16(struct sk_cursor *c);
uint32_t sk_cur_be32(struct sk_cursor *c);
uint64_t sk_cur_be64(struct sk_cursor *c);
uint32_t sk_cur_le32(struct sk_cursor *c);

/* Borrow n bytes and step over them, or NULL (sticky error). */
const uint8_t *sk_cur_take(struct sk_cursor *c, size_t n);
void sk_cur_skip(struct sk_cursor *c, size_t n);
/* A cursor over the next n bytes, stepped over in c. */
struct sk_cursor sk_cur_sub(struct sk_cursor *c, size_t n);

#endif
