/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of sealed frames and one open frame at the end:
 *
 *   head … (in flight) … | send … sealed … | open
 *
 * Frames in flight are never dropped for space: the subscriber may have stored them already, so a
 * loss would be counted that is none. They are bounded by the window.
 */
#include "lib/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

#define FRAME_COST 96 /* memory of a frame besides its text */

struct frame {
	struct frame *next;
	uint64_t first, last;
	size_t len;
	char *text;
};

struct sk_spool {
	size_t max, bytes, inflight;
	uint64_t seq, lost, events;
	struct frame *head, *tail;
	struct frame *sent; /* last frame in flight, NULL if none */
	struct sk_buf open;
	uint64_t open_first;
};

struct sk_spool *sk_spool_new(size_t max_bytes)
{
	struct sk_spool *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->max = max_bytes;
	sk_buf_init(&s->open, SK_SPOOL_FRAME + SK_SPOOL_EVENT);
	return s;
}

static size_t cost(const struct frame *f)
{
	return f->len + FRAME_COST;
}

/* Unlink the frame behind prev (NULL: the head) and free it. */
static void drop_after(struct sk_spool *s, struct frame *prev)
{
	struct frame *f = prev ? prev->next : s->head;

	if (prev)
		prev->next = f->next;
	else
		s->head = f->next;
	if (s->tail == f)
		s->tail = prev;
	s->bytes -= cost(f);
	s->events -= f->last - f->first + 1;
	free(f->text);
	free(f);
}

void sk_spool_free(struct sk_spool *s)
{
	if (!s)
		return;
	while (s->head)
		drop_after(s, NULL);
	sk_buf_done(&s->open);
	free(s);
}

/* Close the open frame. Without memory its events are lost, and counted. */
static void seal(struct sk_spool *s)
{
	struct frame *f;
	size_t len = s->open.len;

	if (len == 0)
		return;
	f = calloc(1, sizeof(*f));
	if (f)
		f->text = malloc(len);
	if (!f || !f->text) {
		free(f);
		s->lost += s->seq - s->open_first + 1;
		s->events -= s->seq - s->open_first + 1;
		sk_buf_reset(&s->open);
		return;
	}
	memcpy(f->text, s->open.data, len);
	f->len = len;
	f->first = s->open_first;
	f->last = s->seq;
	if (s->tail)
		s->tail->next = f;
	else
		s->head = f;
	s->tail = f;
	s->bytes += cost(f);
	sk_buf_reset(&s->open);
}

static void make_room(struct sk_spool *s)
{
	while (s->bytes > s->max) {
		const struct frame *victim = s->sent ? s->sent->next : s->head;

		if (!victim)
			return;
		s->lost += victim->last - victim->first + 1;
		drop_after(s, s->sent);
	}
}

int sk_spool_put(struct sk_spool *s, const char *text, size_t len)
{
	if (len == 0 || len > SK_SPOOL_EVENT - 1) {
		s->lost++;
		return -EMSGSIZE;
	}
	if (s->open.len > 0 && s->open.len + 1 + len > SK_SPOOL_FRAME) {
		seal(s);
		make_room(s);
	}
	if (s->open.len == 0)
		s->open_first = s->seq + 1;
	else
		sk_buf_putc(&s->open, ',');
	sk_buf_put(&s->open, text, len);
	if (sk_buf_error(&s->open)) {
		/* A comma may dangle: nothing of this frame can be used. */
		s->lost += s->seq + 1 - s->open_first + 1;
		s->events -= s->seq + 1 - s->open_first;
		sk_buf_reset(&s->open);
		return -ENOMEM;
	}
	s->seq++;
	s->events++;
	return 0;
}

void sk_spool_ack(struct sk_spool *s, uint64_t seq)
{
	if (seq > s->seq)
		return;
	while (s->head && s->head->last <= seq) {
		if (s->sent) {
			s->inflight -= cost(s->head);
			if (s->sent == s->head)
				s->sent = NULL;
		}
		drop_after(s, NULL);
	}
}

void sk_spool_rewind(struct sk_spool *s)
{
	s->sent = NULL;
	s->inflight = 0;
	make_room(s);
}

bool sk_spool_waiting(const struct sk_spool *s)
{
	return s->open.len > 0 || (s->sent ? s->sent->next : s->head) != NULL;
}

bool sk_spool_next(struct sk_spool *s, size_t window, struct sk_spool_frame *ret)
{
	struct frame *f;

	if (s->inflight >= window)
		return false;
	f = s->sent ? s->sent->next : s->head;
	if (!f) {
		seal(s);
		make_room(s);
		f = s->sent ? s->sent->next : s->head;
	}
	if (!f)
		return false;
	s->sent = f;
	s->inflight += cost(f);
	*ret = (struct sk_spool_frame){
		.first = f->first, .last = f->last, .text = f->text, .len = f->len};
	return true;
}

uint64_t sk_spool_seq(const struct sk_spool *s)
{
	return s->seq;
}

size_t sk_spool_bytes(const struct sk_spool *s)
{
	return s->bytes + s->open.len;
}

uint64_t sk_spool_events(const struct sk_spool *s)
{
	return s->events;
}

uint64_t sk_spool_lost(const struct sk_spool *s)
{
	return s->lost;
}
