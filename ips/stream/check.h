/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judging one TCP segment against a session: acknowledgement, timestamp, reset, and the segments
 * that carry nothing (keep-alives, window updates, outdated acknowledgements). Used by the states.
 */
#ifndef IPS_STREAM_CHECK_H
#define IPS_STREAM_CHECK_H

#include "ips/stream/int.h"

static inline void tcp_event(struct tcp_ctx *c, enum ips_event ev)
{
	ips_event_set(&c->p->events, ev);
}

/* Say ev and refuse. */
static inline int tcp_refuse(struct tcp_ctx *c, enum ips_event ev)
{
	tcp_event(c, ev);
	return -1;
}

static inline bool tcp_is(const struct tcp_ctx *c, uint8_t flag)
{
	return c->p->tcp.flags & flag;
}

bool tcp_ack_ok(struct tcp_ctx *c); /* of c->rcv; else the event is set */
bool tcp_ts_ok(struct tcp_ctx *c);  /* always, where timestamps are not in use */
bool tcp_rst_ok(struct tcp_ctx *c);
void tcp_ts_update(struct tcp_ctx *c);
/* SYN+ACK to a SYN: does it echo the SYN's timestamp? */
bool tcp_ts_echo_ok(const struct tcp_ctx *c);
/* Sets the event; 0: no. 1: acknowledged before. 2: to this half's next_seq. */
int tcp_is_retransmission(struct tcp_ctx *c);

/* Segments that change nothing; true: no state looks at it. */
bool tcp_is_idle(struct tcp_ctx *c);

/* Options that matter here and are not in struct ips_tcp_hdr. */
enum tcp_opt { TCP_OPT_SACK = 1, TCP_OPT_TFO = 2, TCP_OPT_SIGNED = 4 };
unsigned tcp_options(const struct ips_packet *p);

/* ---- updates, as RFC 9293 and Suricata have them ----------------------------------------------
 */

static inline void half_ack(struct half *h, uint32_t ack)
{
	if (seq_lt(h->last_ack, ack) && seq_lt(h->base_seq, ack))
		h->last_ack = ack;
}

static inline void half_next(const struct ips_tcp *t, struct half *h, uint32_t seq)
{
	h->next_seq = seq;
	/* Nobody acknowledges what we see one side of. */
	if ((t->flags & TCPF_ASYNC) && seq_lt(h->last_ack, seq))
		h->last_ack = seq;
}

static inline void half_next_win(struct half *h)
{
	if (seq_lt(h->next_win, h->last_ack + h->window))
		h->next_win = h->last_ack + h->window;
}

#endif
