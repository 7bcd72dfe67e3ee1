/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing byte buffer with a hard cap and a sticky error, for everything that is built piece by
 * piece. After the cap or memory is exhausted all further puts do nothing and sk_buf_error() tells.
 */
#ifndef SK_BUF_H
#define SK_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_buf {
	uint8_t *data; /* NUL-terminated one past len whenever data is not NULL */
	size_t len, cap, max;
	int err; /* 0, -ENOMEM, -EMSGSIZE */
};

void sk_buf_init(struct sk_buf *b, size_t max);
void sk_buf_done(struct sk_buf *b);  /* NULL-safe; reusable after another init */
void sk_buf_reset(struct sk_buf *b); /* empties, keeps memory, clears the error */
int sk_buf_error(const struct sk_buf *b);

void sk_buf_put(struct sk_buf *b, const void *p, size_t n);
void sk_buf_puts(struct sk_buf *b, const char *s);
void sk_buf_putc(struct sk_buf *b, char c);
void sk_buf_printf(struct sk_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sk_buf_vprintf(struct sk_buf *b, const char *fmt, va_list ap);

/* Uninitialised room of n bytes counted into len, or NULL after an error. */
void *sk_buf_room(struct sk_buf *b, size_t n);

/* The data as a string ("" when empty). Borrowed. */
const char *sk_buf_str(const struct sk_buf *b);
/* Hand the memory to the caller (free), leaving b empty; NULL after an error. */
char *sk_buf_take(struct sk_buf *b);

#endif
