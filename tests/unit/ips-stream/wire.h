/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection on paper: packets are said with offsets instead of sequence numbers, and what the
 * stream module delivers is gathered.
 */
#ifndef SK_TEST_STREAM_WIRE_H
#define SK_TEST_STREAM_WIRE_H

#include "ips/stream/stream.h"

#define WIRE_MAX (4u << 20)
#define CLIENT_ISN 1000u
#define SERVER_ISN 0xfffff000u /* wraps soon */

struct wire {
	struct ips_stream_config cfg;
	struct ips_streams *s;
	struct ips_flow flow;
	struct ips_packet p; /* the last one */
	uint64_t now_us, num;
	uint8_t *got[2]; /* what was delivered */
	uint32_t got_n[2];
	uint64_t next[2]; /* offset of the next chunk, holes counted */
	unsigned chunks[2], gaps[2], eofs[2], depths[2];
	uint64_t gap_bytes[2];
	uint16_t win, urg;
	uint8_t wscale;      /* of SYNs; 255: none */
	uint32_t ts[2];      /* timestamp of the next packet, 0: none */
	uint8_t options[20]; /* of the next packet, if options_n */
	uint8_t options_n;
	uint8_t family;
};

void wire_open(struct wire *w, bool inline_mode);
/* With w->cfg as changed by the test. */
void wire_reopen(struct wire *w);
void wire_close(struct wire *w);

/* A packet of dir: its data begins at off of its stream (0: after the SYN), ack counts alike. */
void wire_packet(struct wire *w, enum ips_dir dir, uint8_t flags, uint32_t off, uint32_t ack,
	const void *data, uint32_t len);
void wire_text(struct wire *w, enum ips_dir dir, uint32_t off, uint32_t ack, const char *text);
void wire_ack(struct wire *w, enum ips_dir dir, uint32_t off, uint32_t ack);
/* The three packets of the handshake. */
void wire_handshake(struct wire *w);
void wire_flush(struct wire *w);

bool wire_got(const struct wire *w, enum ips_dir dir, const char *text);
bool wire_event(const struct wire *w, enum ips_event ev);
bool wire_bad(const struct wire *w);

#endif
