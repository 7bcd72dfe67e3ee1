/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events until the subscriber has stored them: numbered from 1, gathered into frames, bounded in
 * bytes. What does not fit is dropped from the oldest end and counted. Pure; the caller does the
 * sending.
 */
#ifndef SK_SPOOL_H
#define SK_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SK_SPOOL_BYTES (64u << 20)
#define SK_SPOOL_FRAME (100u << 10) /* of event text in one frame */
#define SK_SPOOL_EVENT (100u << 10) /* of one event */
#define SK_SPOOL_INFLIGHT (4u << 20)

struct sk_spool;

/* Events first…last as JSON objects joined by commas. */
struct sk_spool_frame {
	uint64_t first, last;
	const char *text;
	size_t len;
};

struct sk_spool *sk_spool_new(size_t max_bytes);
void sk_spool_free(struct sk_spool *s);

/* Append one event's text. 0, or -ENOMEM / -EMSGSIZE: not stored, and counted as lost. */
int sk_spool_put(struct sk_spool *s, const char *text, size_t len);

/* The subscriber has everything up to seq. Numbers never given out are ignored. */
void sk_spool_ack(struct sk_spool *s, uint64_t seq);
/* A subscriber came or went: all unacknowledged frames are to be sent (again). */
void sk_spool_rewind(struct sk_spool *s);
/*
 * The next frame to send, borrowed until the next call on s; it counts as in flight. false when
 * there is none or window bytes are in flight already.
 */
bool sk_spool_next(struct sk_spool *s, size_t window, struct sk_spool_frame *ret);
bool sk_spool_waiting(const struct sk_spool *s); /* is there anything not in flight */

uint64_t sk_spool_seq(const struct sk_spool *s); /* number of the last event */
size_t sk_spool_bytes(const struct sk_spool *s);
uint64_t sk_spool_events(const struct sk_spool *s); /* unacknowledged */
uint64_t sk_spool_lost(const struct sk_spool *s);   /* dropped since the start */

#endif
