/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the stream module: a session with its two halves, the worker's pools, and what the
 * files of this folder offer each other. A half is one direction of data; offsets are 64 bits and
 * count from the byte after the SYN.
 */
#ifndef IPS_STREAM_INT_H
#define IPS_STREAM_INT_H

#include "ips/stream/pool.h"
#include "ips/stream/stream.h"

/* The order matters: Suricata compares states, and so do we. */
enum tcp_state {
	TCP_NONE,
	TCP_SYN_SENT = 2,
	TCP_SYN_RECV,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_LAST_ACK,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_CLOSED,
};

enum half_flag {
	HALF_TS = 1 << 0,        /* timestamps offered */
	HALF_ZERO_TS = 1 << 1,   /* with the value 0 in the handshake */
	HALF_RST_RECV = 1 << 2,  /* its sender may have been reset by a reset we cannot judge */
	HALF_KEEPALIVE = 1 << 3, /* its last segment was a keep-alive */
	HALF_DEPTH = 1 << 4,     /* depth reached: nothing more is taken */
	HALF_DEPTH_TOLD = 1 << 5,
	HALF_TRIGGER = 1 << 6, /* raw inspection at once */
	HALF_STOP = 1 << 7,    /* neither parser nor raw inspection want more */
	HALF_STARTED = 1 << 8, /* something was delivered */
	HALF_EOF_TOLD = 1 << 9,
	HALF_OVER = 1 << 10, /* captures: beyond the depth; packets are inspected one by one */
};

enum tcp_flag {
	TCPF_TS = 1 << 0, /* both sides use timestamps */
	TCPF_4WHS = 1 << 1,
	TCPF_MIDSTREAM = 1 << 2,
	TCPF_MIDSTREAM_SYNACK = 1 << 3,
	TCPF_MIDSTREAM_EST = 1 << 4, /* picked up; the other side's window is not known yet */
	TCPF_ASYNC = 1 << 5,
	TCPF_WSCALE = 1 << 6, /* offered in the SYN */
	TCPF_TFO = 1 << 7,
	TCPF_TFO_IGNORED = 1 << 8,
	TCPF_ZWP_TS = 1 << 9, /* zero window probe to the server was the last */
	TCPF_ZWP_TC = 1 << 10,
	TCPF_3WHS_CONFIRMED = 1 << 11,
	TCPF_BY_RST = 1 << 12,
};

struct half {
	uint32_t isn, next_seq, last_ack, window, next_win;
	uint32_t sent; /* next_seq before the packet being worked on: what the receiver expects */
	uint32_t last_ts, last_pkt_s;
	uint32_t flags;
	uint8_t wscale, tcp_flags;
	uint32_t base_seq; /* what lies before is forgotten … */
	uint64_t base;     /* … and its offset */
	uint64_t app;      /* delivered up to here */
	uint64_t raw;      /* inspected up to here … */
	uint64_t raw_to;   /* … and to here after ips_stream_raw_done() */
	struct store st;
};

struct ips_tcp {
	uint8_t state, prev_state;
	uint8_t queue_len;
	uint32_t queue; /* handshake packets that wait for their answer */
	uint32_t flags;
	uint32_t lru_prev, lru_next, lru_at; /* sessions that keep data, by last use */
	struct half half[2];
};

/* A SYN or SYN+ACK that differs from the one the session stands on. */
struct hello {
	uint32_t next;
	uint32_t seq, ack, ts, pkt_s;
	uint16_t win;
	uint8_t wscale;
	bool has_wscale, has_ts;
};

struct ips_streams {
	struct ips_stream_config cfg;
	ips_chunk_fn *fn;
	void *arg;
	struct ips_tcp *tcps;
	uint32_t tcp_free, tcp_fresh;
	struct hello *hellos;
	uint32_t hello_free, hello_fresh;
	struct pool pool;
	uint32_t lru_head, lru_tail, clock;
	uint8_t *scratch; /* what is delivered or inspected in one piece */
	uint8_t *seam;
	struct ips_stream_stats stats;
};

#define NONE UINT32_MAX
#define SCRATCH (128 * 1024)
#define WSCALE_MAX 14
#define IPS_STREAM_HELLOS 4096 /* handshake packets kept, of all sessions */

/* What the handling of one packet passes along. */
struct tcp_ctx {
	struct ips_streams *s;
	struct ips_packet *p;
	struct ips_flow *f;
	struct ips_tcp *t;
	struct half *snd, *rcv; /* the half p carries data of; the one it acknowledges */
	bool to_server;
	bool bad;   /* inline: the payload must not arrive */
	bool taken; /* the payload went into reassembly */
};

/* Sequence numbers, RFC 9293 3.4. */
static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

#endif
