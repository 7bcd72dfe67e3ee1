/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The growing buffer. A put either happens whole or not at all; once one failed, none after it
 * does, so that what is in the buffer is never a text with a hole.
 */
#include "lib/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sk_buf_init(struct sk_buf *b, size_t max)
{
	/* One byte above max is always kept for the terminator. */
	*b = (struct sk_buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1};
}

void sk_buf_done(struct sk_buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct sk_buf){.max = b->max};
}

void sk_buf_reset(struct sk_buf *b)
{
	b->len = 0;
	b->err = 0;
	if (b->data)
		b->data[0] = '\0';
}

int sk_buf_error(const struct sk_buf *b)
{
	return b->err;
}

/* Make room for n more bytes and the terminator. */
static int reserve(struct sk_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 64, need;
	uint8_t *p;

	if (b->err)
		return b->err;
	if (n > b->max - b->len)
		return b->err = -EMSGSIZE;
	need = b->len + n + 1;
	if (b->data && need <= b->cap)
		return 0;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	p = realloc(b->data, cap);
	if (!p)
		return b->err = -ENOMEM;
	b->data = p;
	b->cap = cap;
	return 0;
}

void *sk_buf_room(struct sk_buf *b, size_t n)
{
	void *p;

	if (reserve(b, n) < 0)
		return NULL;
	p = b->data + b->len;
	b->len += n;
	b->data[b->len] = '\0';
	return p;
}

void sk_buf_put(struct sk_buf *b, const void *p, size_t n)
{
	void *room;

	if (n == 0)
		return;
	room = sk_buf_room(b, n);
	if (room)
		memcpy(room, p, n);
}

void sk_buf_puts(struct sk_buf *b, const char *s)
{
	sk_buf_put(b, s, strlen(s));
}

void sk_buf_putc(struct sk_buf *b, char c)
{
	sk_buf_put(b, &c, 1);
}

void sk_buf_vprintf(struct sk_buf *b, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;
	void *room;
	int n;

	if (b->err)
		return;
	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < 0) {
		b->err = -ENOMEM;
	} else if ((size_t)n < sizeof(small)) {
		sk_buf_put(b, small, (size_t)n);
	} else {
		room = sk_buf_room(b, (size_t)n);
		if (room)
			vsnprintf(room, (size_t)n + 1, fmt, again);
	}
	va_end(again);
}

void sk_buf_printf(struct sk_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sk_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *sk_buf_str(const struct sk_buf *b)
{
	return b->data ? (const char *)b->data : "";
}

char *sk_buf_take(struct sk_buf *b)
{
	char *p;

	if (b->err || (!b->data && reserve(b, 0) < 0))
		return NULL;
	p = (char *)b->data;
	p[b->len] = '\0';
	*b = (struct sk_buf){.max = b->max};
	return p;
}
