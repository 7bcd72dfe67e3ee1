/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One decoded packet: views into the caller's frame, no ownership. Multi-byte numbers are in host
 * order; addresses stay in network order. A super-packet (GSO) of up to 64 KiB is one packet.
 */
#ifndef IPS_PACKET_H
#define IPS_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "ips/packet/event.h"

/* Directions of a flow; index of every per-direction array. */
enum ips_dir { IPS_TOSERVER = 0, IPS_TOCLIENT = 1 };

/* IPv4 stands in w[0], the rest zero; the family is kept beside it. Network byte order. */
struct ips_addr {
	uint32_t w[4];
};

/* A borrowed piece of bytes. */
struct ips_view {
	const uint8_t *data;
	uint32_t len;
};

enum ips_packet_flag {
	IPS_PKT_PSEUDO = 1 << 0,      /* end of a flow: no packet on the wire */
	IPS_PKT_REASSEMBLED = 1 << 1, /* put together from IP fragments */
	IPS_PKT_TUNNELED = 1 << 2,    /* inner packet of a tunnel */
	IPS_PKT_FRAGMENT = 1 << 3,    /* a fragment: no layer 4 */
	IPS_PKT_CSUM_BAD = 1 << 4,    /* layer 3 or 4 checksum verified and wrong */
	IPS_PKT_STREAM = 1 << 5,      /* TCP payload went into reassembly (set by stream) */
	IPS_PKT_ESTABLISHED = 1 << 6, /* flow:established holds for this packet */
	IPS_PKT_NO_PAYLOAD =
		1 << 7, /* do not inspect the payload (retransmission, out of window) */
	IPS_PKT_STREAM_BAD = 1 << 8, /* TCP state machine refuses it; inline: drop */
	IPS_PKT_STREAM_EOF = 1 << 9, /* last packet of the flow for detection */
	IPS_PKT_INVALID =
		1 << 10, /* malformed, an event says how; what could not be read is empty */
};

struct ips_tcp_hdr {
	uint32_t seq, ack;
	uint16_t win, urg;
	uint8_t flags; /* FIN 01 SYN 02 RST 04 PSH 08 ACK 10 URG 20 ECE 40 CWR 80 */
	uint8_t hlen;
	uint8_t wscale; /* at most 14 (RFC 7323, 2.3); 255: option absent */
	bool has_ts, sack_ok;
	uint16_t mss; /* 0: option absent */
	uint32_t ts_val, ts_ecr;
};

struct ips_icmp_hdr {
	uint8_t type, code;
	bool has_id; /* echo and the like */
	uint16_t id, seq;
	struct ips_view inner; /* the packet an error message carries, else empty */
};

struct ips_sctp_hdr {
	uint32_t vtag;
	struct ips_view data; /* user data of the first DATA chunk, else empty */
};

struct ips_flow;

struct ips_packet {
	uint64_t ts_us; /* microseconds since 1970 */
	uint64_t num;   /* running number of the frame, from 1 */
	/*
	 * frame: as captured; of a tunnel's inner or a reassembled packet, that packet alone. l4
	 * includes its header; empty if there is none or it is malformed. SCTP's payload is all
	 * that follows the common header. Unknown protocols over IP have l4 and no payload.
	 */
	struct ips_view frame, l3, l4, payload;
	uint8_t eth_src[6], eth_dst[6];
	uint16_t eth_type;
	uint16_t vlan[2];
	uint8_t vlan_n;
	uint8_t family;   /* 4, 6; 0: no IP */
	uint8_t proto;    /* IPPROTO_*; the last header for IPv6; 0 with family 0 */
	uint8_t ttl, tos; /* hop limit, traffic class */
	uint8_t ip_hlen;  /* IPv4 header length */
	uint16_t ip_id;
	uint16_t ip_frag;        /* flags and offset as in the IPv4 header; IPv6: MF and offset */
	uint32_t ip_options;     /* bit set of enum ips_ipopt */
	uint16_t l4_len_claimed; /* UDP length field, else 0 */
	struct ips_addr src, dst;
	uint16_t sport, dport; /* TCP, UDP, SCTP */
	union {
		struct ips_tcp_hdr tcp;
		struct ips_icmp_hdr icmp; /* ICMP and ICMPv6 */
		struct ips_sctp_hdr sctp;
	};
	uint8_t tunnel_depth;
	enum ips_dir dir; /* set by the flow table */
	uint32_t flags;
	struct ips_events events;
	struct ips_flow *flow;    /* NULL: none */
	uint32_t in_dev, out_dev; /* interface indexes, 0 offline */
	uint8_t hw_src[6];        /* sender's MAC as the queue tells, else eth_src */
};

enum ips_ipopt {
	IPS_IPOPT_RR = 1 << 0,
	IPS_IPOPT_EOL = 1 << 1,
	IPS_IPOPT_NOP = 1 << 2,
	IPS_IPOPT_TS = 1 << 3,
	IPS_IPOPT_SEC = 1 << 4,
	IPS_IPOPT_ESEC = 1 << 5,
	IPS_IPOPT_LSRR = 1 << 6,
	IPS_IPOPT_SATID = 1 << 7,
	IPS_IPOPT_SSRR = 1 << 8,
	IPS_IPOPT_CIPSO = 1 << 9,
	IPS_IPOPT_RTRALT = 1 << 10,
	IPS_IPOPT_QS = 1 << 11,
};

#define IPS_TCP_FIN 0x01
#define IPS_TCP_SYN 0x02
#define IPS_TCP_RST 0x04
#define IPS_TCP_PSH 0x08
#define IPS_TCP_ACK 0x10
#define IPS_TCP_URG 0x20
#define IPS_TCP_ECE 0x40
#define IPS_TCP_CWR 0x80

#endif
