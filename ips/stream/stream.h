/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP: session tracking (RFC 9293, 7323) and reassembly. Two modes. Inline: a segment is delivered
 * for inspection in the packet that brings it, and what could be read in two ways (an overlap with
 * different bytes) marks the packet IPS_PKT_STREAM_BAD so that it never arrives. Captures: data is
 * delivered once the receiver acknowledged it, as the receiver's own stack would have taken it.
 * All memory is a pool of the worker's; without room a stream loses data (gap) and says so.
 */
#ifndef IPS_STREAM_H
#define IPS_STREAM_H

#include "ips/flow/flow.h"

struct ips_stream_config {
	bool inline_mode;
	bool midstream;        /* pick up connections whose start was not seen */
	bool async_oneside;    /* only one direction is visible */
	bool drop_urgent;      /* inline: refuse urgent data; receivers differ in what they read */
	uint32_t sessions;     /* TCP sessions at once; preallocated */
	uint32_t pool_bytes;   /* for segments and tails; preallocated */
	uint32_t depth;        /* bytes of each direction that are reassembled; 0: all. 1 MiB */
	uint32_t raw_chunk[2]; /* raw inspection waits for that much (captures): 2560 */
	uint32_t raw_window;   /* inline: bytes before the packet inspected again with it: 2560 */
	uint32_t raw_overlap;  /* captures: the same, of a chunk; 0, as Suricata has it */
	uint32_t max_segments; /* out-of-order pieces of one direction, 1024 */
};
void ips_stream_config_default(struct ips_stream_config *cfg, bool inline_mode);

enum ips_chunk_flag {
	IPS_CHUNK_GAP = 1,   /* len bytes are lost; data is NULL */
	IPS_CHUNK_EOF = 2,   /* nothing follows in this direction (len may be 0) */
	IPS_CHUNK_START = 4, /* first delivery of this direction */
	IPS_CHUNK_DEPTH = 8, /* depth reached with this chunk */
};

struct ips_chunk {
	enum ips_dir dir;
	const uint8_t *data; /* valid during the call */
	uint32_t len;
	uint64_t offset; /* of data in the direction's stream, from 0 */
	unsigned flags;
};

/* In-order data, called from within ips_stream_packet() and ips_stream_flush(). */
typedef void ips_chunk_fn(struct ips_flow *f, const struct ips_chunk *c, void *arg);

struct ips_streams; /* one worker's */
struct ips_streams *ips_streams_new(
	const struct ips_stream_config *cfg, ips_chunk_fn *fn, void *arg);
void ips_streams_free(struct ips_streams *s);

/*
 * Track p (TCP, p->flow set): makes f->tcp, sets IPS_PKT_STREAM, _ESTABLISHED, _NO_PAYLOAD,
 * _STREAM_BAD and stream events in p, moves f->state, delivers what became deliverable (in captures
 * mode that is mostly data of the other direction, acknowledged by p).
 *
 * IPS_PKT_STREAM: the payload is looked at as part of the stream, not alone. IPS_PKT_STREAM_BAD,
 * inline: it must not arrive (with _NO_PAYLOAD). Captures: as Suricata with a packet its stream
 * engine refuses, neither stream nor transactions are inspected with it; its payload is, alone.
 */
void ips_stream_packet(struct ips_streams *s, struct ips_packet *p);
/* End of the flow: deliver the rest of dir (acknowledged or not) and EOF. */
void ips_stream_flush(struct ips_streams *s, struct ips_flow *f, enum ips_dir dir);
void ips_stream_gone(struct ips_streams *s, struct ips_flow *f); /* frees f->tcp */

/*
 * Raw inspection: what of p->dir's stream waits to be inspected with packet p. Inline: p's payload
 * and what it made readable; nothing for a segment out of order, which is inspected with the one
 * that fills the hole. Captures: what is acknowledged and not yet inspected, once raw_chunk bytes
 * wait, or at once after ips_stream_raw_trigger() or at the end of the flow. len 0: nothing.
 *
 * data is contiguous: len - fresh bytes seen before, then fresh new ones; offset is its place in
 * the stream. Only for a large payload of an inline stream is data the payload alone, in place, and
 * `seam` a second view to scan as well: the bytes before data and, from data, the first
 * seam_len - seam_old bytes again. A match across the border lies in the seam, every other
 * in data; the seam begins at offset - seam_old.
 *
 * more: call again for p after ips_stream_raw_done (a hole in between, or too much at once).
 * The views are valid until the next call on s.
 */
struct ips_raw {
	const uint8_t *data;
	uint32_t len, fresh;
	uint64_t offset;
	bool from_start; /* data begins at the stream's first byte */
	bool more;
	const uint8_t *seam; /* NULL: none */
	uint32_t seam_len, seam_old;
};
void ips_stream_raw(struct ips_streams *s, const struct ips_packet *p, struct ips_raw *ret);
/* Inspection of what ips_stream_raw returned is done: progress moves to its end. */
void ips_stream_raw_done(struct ips_streams *s, struct ips_flow *f, enum ips_dir dir);
/* A protocol asks for inspection now (a request or answer is complete). */
void ips_stream_raw_trigger(struct ips_flow *f, enum ips_dir dir);
/* No raw inspection and no more app data of dir: reassembly stops there. */
void ips_stream_stop(struct ips_flow *f, enum ips_dir dir);

/* stream_size: bytes of dir by sequence numbers, since the SYN. */
uint64_t ips_stream_size(const struct ips_flow *f, enum ips_dir dir);
bool ips_stream_depth_reached(const struct ips_flow *f, enum ips_dir dir);
bool ips_stream_established(const struct ips_flow *f); /* three-way handshake done */
/* At the flow's end: something of dir was not inspected, or the connection never closed. */
bool ips_stream_unfinished(const struct ips_streams *s, const struct ips_flow *f, enum ips_dir dir);
/* Sequence and acknowledgement numbers for a reset sent to the receiver of dir. */
void ips_stream_reset_numbers(
	const struct ips_flow *f, enum ips_dir dir, uint32_t *ret_seq, uint32_t *ret_ack);

struct ips_stream_stats {
	uint32_t sessions, sessions_max;
	uint32_t pool_used, pool_max;
	uint64_t no_session, no_pool, gaps, gap_bytes, overlaps, midstream;
	uint64_t ambiguous;  /* inline: packets refused for a second version of their bytes */
	uint64_t unverified; /* of these: the first version was not kept, for want of room */
	uint64_t tails_cut;  /* idle streams that gave up what they kept for raw inspection */
};
const struct ips_stream_stats *ips_stream_stats(const struct ips_streams *s);

#endif
