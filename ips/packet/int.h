/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the decoder share. Bytes are taken from views whose getter checks the length
 * (the same promise as lib/cursor.h, inline because this runs for every packet); a header taken as
 * a block of n bytes is then read at constant places below n.
 */
#ifndef IPS_PACKET_INT_H
#define IPS_PACKET_INT_H

#include <stddef.h>
#include <string.h>

#include "ips/packet/decode.h"

#define IPS_INNER_MAX 20 /* packets that one frame may hold: max_tunnels and reassembled ones */
#define IPS_TUNNELS_MAX 16

struct ips_frags;

struct ips_decoder {
	struct ips_decoder_config cfg;
	struct ips_decoder_stats stats;
	struct ips_frags *frags;
	unsigned inner_n, inner_at;
	struct ips_packet inner[IPS_INNER_MAX]; /* decoded with the frame, not yet handed out */
};

/* One packet being decoded. */
struct ips_dec {
	struct ips_decoder *d;
	struct ips_packet *p;
	unsigned layers; /* links, networks and tunnels so far, of the packets around it too */
	unsigned vlans;
	bool vj; /* PPP's uncompressed VJ header: protocol 0 is TCP */
};

/* The first n bytes of v, stepped over; NULL when there are fewer. */
static inline const uint8_t *ips_take(struct ips_view *v, uint32_t n)
{
	const uint8_t *p = v->data;

	if (v->len < n)
		return NULL;
	v->data += n;
	v->len -= n;
	return p;
}

static inline uint16_t ips_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t ips_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void ips_dec_event(struct ips_dec *x, enum ips_event ev)
{
	ips_event_set(&x->p->events, ev);
}

/* The packet is malformed. Returns false, what decoders return when there is no such packet. */
static inline bool ips_dec_invalid(struct ips_dec *x, enum ips_event ev)
{
	ips_event_set(&x->p->events, ev);
	x->p->flags |= IPS_PKT_INVALID;
	return false;
}

/*
 * Decoders: of a packet's part that starts with v. They return false if v is no such thing at all,
 * so that what carried it is an ordinary packet.
 */
bool ips_dec_layer(struct ips_dec *x); /* one more layer; false: too many, event set */
bool ips_dec_link(struct ips_dec *x, enum ips_link link, struct ips_view v);
bool ips_dec_ethernet(struct ips_dec *x, struct ips_view v);
bool ips_dec_vlan(struct ips_dec *x, struct ips_view v);
bool ips_dec_erspan(struct ips_dec *x, struct ips_view v); /* type II */
bool ips_dec_ppp(struct ips_dec *x, struct ips_view v);
bool ips_dec_mpls(struct ips_dec *x, struct ips_view v);
bool ips_dec_pppoe_session(struct ips_dec *x, struct ips_view v);
bool ips_dec_pppoe_discovery(struct ips_dec *x, struct ips_view v);
bool ips_dec_ethertype(struct ips_dec *x, uint16_t type, struct ips_view v); /* false: unknown */
bool ips_dec_ipv4(struct ips_dec *x, struct ips_view v);
bool ips_dec_ipv6(struct ips_dec *x, struct ips_view v);

/* Layer 4: sets l4, ports and payload of x->p. */
void ips_dec_tcp(struct ips_dec *x, struct ips_view v);
void ips_dec_udp(struct ips_dec *x, struct ips_view v);
void ips_dec_icmp4(struct ips_dec *x, struct ips_view v);
void ips_dec_icmp6(struct ips_dec *x, struct ips_view v);
void ips_dec_sctp(struct ips_dec *x, struct ips_view v);
void ips_dec_esp(struct ips_dec *x, struct ips_view v);
void ips_dec_gre(struct ips_dec *x, struct ips_view v);
/* Whether the UDP payload v is a tunnel of a port that carries such; then its packet is queued. */
bool ips_dec_udp_tunnel(struct ips_dec *x, struct ips_view v);

enum ips_inner {
	IPS_INNER_IPV4,
	IPS_INNER_IPV6,
	IPS_INNER_TEREDO, /* IPv6 without a single flaw, for there is nothing else to know it by */
	IPS_INNER_ETHERNET,
	IPS_INNER_VLAN,
	IPS_INNER_PPP,
	IPS_INNER_ERSPAN, /* type II */
	IPS_INNER_ARP,    /* counted as a tunnel, but never a packet of IP */
};
/* Decode the packet v within x->p; false if it is none, then x->p is no tunnel. */
bool ips_dec_inner(struct ips_dec *x, enum ips_inner kind, struct ips_view v);

/* A fragment of x->p (its addresses and family are set). */
struct ips_fragment {
	uint32_t id, offset;
	bool more;
	struct ips_view
		head; /* what precedes the fragmentable part, without IPv6's fragment header */
	struct ips_view data;
	uint32_t next_at; /* IPv6: where in head the next header is named… */
	uint8_t next;     /* …and which follows the fragment header */
};
void ips_dec_fragment(struct ips_dec *x, const struct ips_fragment *f);

#endif
