/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reassembly of one half: what of a segment's data is taken, kept, delivered and forgotten. Called
 * by the state machine and by the public entry points; never judges sequence numbers.
 */
#ifndef IPS_STREAM_REASS_H
#define IPS_STREAM_REASS_H

#include "ips/stream/int.h"

/* The place of seq in the stream; negative before its first byte. Right within 2 GiB of base. */
static inline int64_t half_off(const struct half *h, uint32_t seq)
{
	return (int64_t)h->base + (int32_t)(seq - h->base_seq);
}

/* What is acknowledged, as a place in the stream; never before base. */
static inline uint64_t half_acked(const struct half *h)
{
	return seq_lt(h->base_seq, h->last_ack) ? h->base + (h->last_ack - h->base_seq) : h->base;
}

/* Where the stored bytes end, holes or not; app when nothing is stored beyond. */
uint64_t half_edge(const struct ips_streams *s, const struct half *h);

static inline bool half_is_dead(const struct half *h)
{
	return h->flags & (HALF_STOP | HALF_DEPTH);
}

/* A new beginning: isn is the sequence number before the first byte. */
void half_set_isn(struct ips_streams *s, struct half *h, uint32_t isn);

enum reass_result {
	REASS_OK,
	REASS_OUT_OF_ORDER, /* kept, not readable yet */
	REASS_BAD,          /* inline: must not reach the receiver */
};

/* Take p's payload (at sequence number seq) into snd: captures store, inline verifies, delivers. */
enum reass_result reass_data(struct tcp_ctx *c, uint32_t seq);

/* Deliver what is readable of dir up to limit; a hole is skipped if what follows was acknowledged.
 */
void reass_deliver(struct tcp_ctx *c, enum ips_dir dir, uint64_t limit);
/* Hand over bytes in place; moves app. */
void reass_emit(struct tcp_ctx *c, enum ips_dir dir, const uint8_t *data, uint32_t len);
void reass_eof(struct tcp_ctx *c, enum ips_dir dir);

/* Captures: will detection be shown stream bytes with p? (It may still be none.) */
bool raw_is_ready(const struct ips_streams *s, const struct ips_packet *p);

/* Forget what nobody needs any more. */
void reass_trim(struct ips_streams *s, struct ips_flow *f, enum ips_dir dir);
/* The session goes to the end of those that may be asked to give up their tails. */
void reass_touch(struct ips_streams *s, struct ips_tcp *t);
void reass_untouch(struct ips_streams *s, struct ips_tcp *t);

#endif
