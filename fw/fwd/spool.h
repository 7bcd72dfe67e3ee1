/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events until the subscriber has stored them: numbered from 1, gathered into frames, bounded in
 * bytes. What does not fit is dropped from the oldest end and counted. Pure; the caller does the
 * sending.
 */
#ifndef FW_FWD_SPOOL_H
#define FW_FWD_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FWD_SPOOL_BYTES (64u << 20)
#define FWD_FRAME_BYTES (100u << 10) /* of event text in one frame */
#define FWD_EVENT_BYTES (16u << 10)  /* of one event */
#define FWD_INFLIGHT_BYTES (4u << 20)

struct fwd_spool;

/* Events first…last as JSON objects joined by commas. */
struct fwd_frame {
	uint64_t first, last;
	const char *text;
	size_t len;
};

struct fwd_spool *fwd_spool_new(size_t max_bytes);
void fwd_spool_free(struct fwd_spool *s);

/* Append one event's text. 0, or -ENOMEM / -EMSGSIZE: not stored, and counted as lost. */
int fwd_spool_put(struct fwd_spool *s, const char *text, size_t len);

/* The subscriber has everything up to seq. Numbers never given out are ignored. */
void fwd_spool_ack(struct fwd_spool *s, uint64_t seq);
/* A subscriber came or went: all unacknowledged frames are to be sent (again). */
void fwd_spool_rewind(struct fwd_spool *s);
/*
 * The next frame to send, borrowed until the next call on s; it counts as in flight. false when
 * there is none or window bytes are in flight already.
 */
bool fwd_spool_next(struct fwd_spool *s, size_t window, struct fwd_frame *ret);
bool fwd_spool_waiting(const struct fwd_spool *s); /* is there anything not in flight */

uint64_t fwd_spool_seq(const struct fwd_spool *s); /* number of the last event */
size_t fwd_spool_bytes(const struct fwd_spool *s);
uint64_t fwd_spool_events(const struct fwd_spool *s); /* unacknowledged */
uint64_t fwd_spool_lost(const struct fwd_spool *s);   /* dropped since the start */

#endif
