/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 and IPv6 headers down to the ports. Called for every logged packet; never allocates, never
 * follows more than FWD_PACKET_EXT_MAX headers.
 */
#include "fw/fwd/packet.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/cursor.h"

#ifndef IPPROTO_MH
#define IPPROTO_MH 135
#endif
#define FLAG_FIN 0x01
#define FLAG_SYN 0x02
#define FLAG_RST 0x04
#define FLAG_ACK 0x10
#define PROTO_HIP 139   /* RFC 7401 */
#define PROTO_SHIM6 140 /* RFC 5533 */

/* SYN without ACK, RST, FIN opens a connection; all else goes on with one. */
static void tcp_flags(struct sk_cursor *c, struct fwd_packet *p)
{
	uint8_t flags;

	sk_cur_skip(c, 9); /* sequence, acknowledgement, data offset */
	flags = sk_cur_u8(c);
	if (!sk_cur_ok(c))
		return;
	p->opens = (flags & (FLAG_SYN | FLAG_RST | FLAG_ACK)) == 0 ||
		(flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) == FLAG_SYN;
	p->midstream = (flags & (FLAG_FIN | FLAG_SYN | FLAG_RST | FLAG_ACK)) != FLAG_SYN;
}

static void upper_layer(struct sk_cursor *c, struct fwd_packet *p)
{
	uint16_t a, b;

	switch (p->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
		a = sk_cur_be16(c);
		b = sk_cur_be16(c);
		if (!sk_cur_ok(c))
			return;
		p->has_ports = true;
		p->sport = a;
		p->dport = b;
		if (p->proto == IPPROTO_TCP)
			tcp_flags(c, p);
		return;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		a = sk_cur_be16(c);
		if (!sk_cur_ok(c))
			return;
		p->has_icmp = true;
		p->icmp_type = (uint8_t)(a >> 8);
		p->icmp_code = (uint8_t)(a & 0xff);
		return;
	default: return;
	}
}

static int parse4(struct sk_cursor *c, struct fwd_packet *p)
{
	uint8_t vihl = sk_cur_u8(c);
	size_t hlen = (size_t)(vihl & 0x0f) * 4;
	const uint8_t *src, *dst;
	uint16_t frag;

	sk_cur_skip(c, 1);
	p->len = sk_cur_be16(c);
	sk_cur_skip(c, 2);
	frag = sk_cur_be16(c);
	sk_cur_skip(c, 1);
	p->proto = sk_cur_u8(c);
	sk_cur_skip(c, 2);
	src = sk_cur_take(c, 4);
	dst = sk_cur_take(c, 4);
	if (!sk_cur_ok(c) || hlen < 20)
		return -EBADMSG;
	p->family = 4;
	memcpy(p->src, src, 4);
	memcpy(p->dst, dst, 4);
	p->fragment = (frag & 0x3fff) != 0; /* more fragments, or an offset */
	if ((frag & 0x1fff) != 0)
		return 0;
	sk_cur_skip(c, hlen - 20);
	upper_layer(c, p);
	return 0;
}

static bool is_extension(uint8_t next)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_MH:
	case PROTO_HIP:
	case PROTO_SHIM6: return true;
	default: return false;
	}
}

/* One extension header; false when the chain ends here (cut, or a later fragment). */
static bool extension(struct sk_cursor *c, struct fwd_packet *p)
{
	uint8_t kind = p->proto, next = sk_cur_u8(c), units = sk_cur_u8(c);

	if (kind == IPPROTO_FRAGMENT) {
		uint16_t off = sk_cur_be16(c);

		sk_cur_skip(c, 4);
		if (!sk_cur_ok(c))
			return false;
		p->fragment = (off & 0xfff9) != 0; /* "atomic" fragments are whole (RFC 6946) */
		p->proto = next;
		return (off & 0xfff8) == 0;
	}
	/* AH counts 4-byte units less 2 (RFC 4302), all others 8-byte units less 1. */
	if (kind == IPPROTO_AH)
		sk_cur_skip(c, ((size_t)units + 2) * 4 - 2);
	else
		sk_cur_skip(c, ((size_t)units + 1) * 8 - 2);
	if (!sk_cur_ok(c))
		return false;
	p->proto = next;
	return true;
}

static int parse6(struct sk_cursor *c, struct fwd_packet *p)
{
	const uint8_t *src, *dst;

	sk_cur_skip(c, 4);
	p->len = 40u + sk_cur_be16(c);
	p->proto = sk_cur_u8(c);
	sk_cur_skip(c, 1);
	src = sk_cur_take(c, 16);
	dst = sk_cur_take(c, 16);
	if (!sk_cur_ok(c))
		return -EBADMSG;
	p->family = 6;
	memcpy(p->src, src, 16);
	memcpy(p->dst, dst, 16);
	for (int i = 0; is_extension(p->proto); i++)
		if (i >= FWD_PACKET_EXT_MAX || !extension(c, p))
			return 0;
	upper_layer(c, p);
	return 0;
}

int fwd_packet_parse(const void *data, size_t n, struct fwd_packet *ret)
{
	struct fwd_packet p = {0};
	struct sk_cursor c, peek;
	int r;

	sk_cur_init(&c, data, n);
	peek = c;
	switch (sk_cur_u8(&peek) >> 4) {
	case 4: r = parse4(&c, &p); break;
	case 6: r = parse6(&c, &p); break;
	default: r = -EBADMSG; break;
	}
	if (r == 0)
		*ret = p;
	return r;
}
