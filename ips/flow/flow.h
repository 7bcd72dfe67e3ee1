/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table of one worker: preallocated, keyed with SipHash, bounded. It knows who talks to
 * whom since when; TCP sessions, protocol states and detection states hang on it. Under pressure
 * the oldest flow of the weakest kind is given up first (unanswered, then closed, then
 * established idle longest) and the give-up is counted.
 */
#ifndef IPS_FLOW_H
#define IPS_FLOW_H

#include "ips/packet/packet.h"
#include "ips/proto/app.h"

enum ips_flow_state { IPS_FLOW_NEW, IPS_FLOW_ESTABLISHED, IPS_FLOW_CLOSED };

enum ips_flow_flag {
	IPS_FLOW_DROP = 1 << 0,            /* all further packets are dropped */
	IPS_FLOW_PASS = 1 << 1,            /* a pass rule let the flow go: no detection */
	IPS_FLOW_BYPASS = 1 << 2,          /* inspection is over; the kernel forwards the rest */
	IPS_FLOW_REJECT = 1 << 3,          /* with DROP: the sender is told */
	IPS_FLOW_IPONLY_TOSERVER = 1 << 4, /* address rules done for that direction */
	IPS_FLOW_IPONLY_TOCLIENT = 1 << 5,
	IPS_FLOW_PD_TOSERVER = 1 << 6, /* app-layer-protocol rules done */
	IPS_FLOW_PD_TOCLIENT = 1 << 7,
	IPS_FLOW_MIDSTREAM = 1 << 8,
	IPS_FLOW_ALERTED = 1 << 9,
	IPS_FLOW_LOGGED = 1 << 10,
	IPS_FLOW_TCP_OVER = 1 << 11,    /* stream: a new SYN may take the tuple over */
	IPS_FLOW_TFO_IGNORED = 1 << 12, /* stream: the server refused the data of the SYN */
	IPS_FLOW_NO_PAYLOAD = 1 << 13,  /* detection: encrypted from here on */
};

struct ips_tcp;      /* ips/stream */
struct ips_det_flow; /* ips/detect: flowbits, flowints, raw progress… */

/* Index 0 is the client (who sent the first packet, or SYN), 1 the server. */
struct ips_flow {
	/* What every packet touches, in one cache line. */
	uint64_t last_us;
	uint64_t pkts[2], bytes[2];
	uint32_t flags;
	uint16_t port[2]; /* ICMP: type << 8 | code, and the type that answers << 8 */
	uint8_t family, proto;
	uint8_t state;        /* enum ips_flow_state */
	uint8_t tcp_flags[2]; /* all flags seen */
	uint8_t seen;         /* bit 0, 1: a packet of that direction was seen (not TCP) */
	uint8_t tunnel_depth;

	/* The second one. */
	uint64_t id; /* never 0, unique in this process */
	struct ips_tcp *tcp;
	struct ips_det_flow *det;
	uint16_t vlan[2];
	uint32_t syn_seq; /* TCP: sequence number of the first packet; the stream keeps it */
	struct ips_addr addr[2];

	uint64_t first_us;
	void *user;               /* the engine's */
	uint32_t in_dev, out_dev; /* of the first packet */
	uint8_t hw_src[6];        /* MAC of the client's side, as first seen */
	struct ips_app app;
};

struct ips_flow_config {
	uint32_t max; /* flows of this worker; all preallocated */
	/* seconds without a packet, by state: new, established, closed */
	uint32_t tcp_s[3], udp_s[3], icmp_s[3], other_s[3];
};
void ips_flow_config_default(struct ips_flow_config *cfg); /* 60/600/60, 30/300/0, 30/300/0… */

struct ips_flow_table;
/* gone(flow) is called before a flow's slot is reused: free what hangs on it. */
struct ips_flow_table *ips_flow_table_new(const struct ips_flow_config *cfg, const uint8_t seed[16],
	void (*gone)(struct ips_flow *f, void *arg), void *arg);
void ips_flow_table_free(struct ips_flow_table *t); /* calls gone for each */

/*
 * The flow of p, made if need be; sets p->flow, p->dir and IPS_PKT_ESTABLISHED, updates counters,
 * times and state (for TCP the stream module moves the state). NULL: p has no flow: no IP, a
 * fragment, a protocol without flows, an ICMPv4 error; never for want of room, as another flow is
 * given up then. An ICMPv4 destination unreachable belongs to the flow it is about, if known: then
 * p->proto differs from the flow's. A flow past its time and a finished TCP flow whose tuple is
 * taken by a new SYN are ended and replaced.
 */
struct ips_flow *ips_flow_get(struct ips_flow_table *t, struct ips_packet *p);
/* p, the first packet, came from the server (a SYN+ACK picked up midstream): turn both round. */
void ips_flow_swap(struct ips_flow *f, struct ips_packet *p);
struct ips_flow *ips_flow_by_id(struct ips_flow_table *t, uint64_t id);

/* End at most budget flows that timed out at now_us; returns how many. */
uint32_t ips_flow_expire(struct ips_flow_table *t, uint64_t now_us, uint32_t budget);
void ips_flow_end_all(struct ips_flow_table *t);
void ips_flow_each(struct ips_flow_table *t, void (*fn)(struct ips_flow *f, void *arg), void *arg);

struct ips_flow_stats {
	uint32_t now, max;
	uint64_t made, timed_out, forced[3]; /* given up under pressure, by state */
};
const struct ips_flow_stats *ips_flow_stats(const struct ips_flow_table *t);

#endif
