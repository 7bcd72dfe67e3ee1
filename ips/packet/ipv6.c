/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv6 (RFC 8200): header, all extension headers, fragments to be put together, and on to layer 4
 * or a tunnel. Every extension header is at least eight bytes, so their number is bounded by the
 * frame.
 */
#include <netinet/in.h>

#include "ips/packet/int.h"

#ifndef IPPROTO_MH
#define IPPROTO_MH 135
#endif
#define PROTO_HIP 139   /* RFC 7401 */
#define PROTO_SHIM6 140 /* RFC 5533 */
#define HDR_LEN 40u
#define LEN_MAX 65535u
#define FRAG_LEN 8u
#define AH_LEN 12u

enum {
	OPT_PAD1 = 0x00,
	OPT_PADN = 0x01,
	OPT_RA = 0x05,    /* router alert, RFC 2711 */
	OPT_JUMBO = 0xc2, /* RFC 2675 */
	OPT_HAO = 0xc9,   /* home address, RFC 6275 */
};

/* The chain of extension headers as far as it is read. */
struct chain {
	const uint8_t *start; /* of the IPv6 header */
	uint32_t next_at;     /* where from start the next header is named */
	uint8_t next;
	bool hop, routing, ah, fragment; /* seen */
	uint8_t dst;                     /* how many */
	bool upper;                      /* next is the upper layer */
};

/* How many bytes an option must have of those that are known; 0xff: an unknown one */
static uint8_t option_min(uint8_t type)
{
	switch (type) {
	case OPT_RA: return 2;
	case OPT_JUMBO: return 4;
	case OPT_HAO: return 16;
	default: return 0xff;
	}
}

/* Options of a hop-by-hop or destination header. */
static void read_options(struct ips_dec *x, bool hop, struct ips_view v)
{
	bool padding = false, other = false;

	while (v.len) {
		uint8_t type = v.data[0], len, min;
		const uint8_t *o;

		if (type == OPT_PAD1) {
			ips_take(&v, 1);
			padding = true;
			continue;
		}
		o = ips_take(&v, 2);
		if (!o || o[1] > v.len) {
			ips_dec_invalid(x, IPS_EV_IPV6_EXTHDR_INVALID_OPTLEN);
			break;
		}
		len = o[1];
		if (type == OPT_PADN) {
			padding = true;
			if (len == 0)
				ips_dec_event(x, IPS_EV_IPV6_ZERO_LEN_PADN);
		} else {
			min = option_min(type);
			if (min == 0xff) {
				ips_dec_event(x,
					hop ? IPS_EV_IPV6_HOPOPTS_UNKNOWN_OPT
					    : IPS_EV_IPV6_DSTOPTS_UNKNOWN_OPT);
			} else if (len < min) {
				ips_dec_invalid(x, IPS_EV_IPV6_EXTHDR_INVALID_OPTLEN);
				break;
			}
			other |= type != OPT_JUMBO;
		}
		ips_take(&v, len);
	}
	if (padding && !other)
		ips_dec_event(x,
			hop ? IPS_EV_IPV6_HOPOPTS_ONLY_PADDING : IPS_EV_IPV6_DSTOPTS_ONLY_PADDING);
}

/* The header's bytes, stepped over; NULL: cut. */
static const uint8_t *take_header(
	struct ips_dec *x, struct chain *c, struct ips_view *v, uint32_t len)
{
	const uint8_t *h = ips_take(v, len);

	if (!h) {
		ips_dec_invalid(x, IPS_EV_IPV6_TRUNC_EXTHDR);
		return NULL;
	}
	c->next_at = (uint32_t)(h - c->start);
	c->next = h[0];
	return h;
}

static bool options_header(struct ips_dec *x, struct chain *c, struct ips_view *v)
{
	bool hop = c->next == IPPROTO_HOPOPTS, again;
	uint32_t len = (v->data[1] + 1u) * 8u;
	const uint8_t *h = take_header(x, c, v, len);

	if (!h)
		return false;
	again = hop ? c->hop : c->dst == 2; /* two are in order: RFC 8200, 4.1 */
	if (again) {
		ips_dec_event(x, hop ? IPS_EV_IPV6_EXTHDR_DUPL_HH : IPS_EV_IPV6_EXTHDR_DUPL_DH);
		return true;
	}
	if (hop)
		c->hop = true;
	else
		c->dst++;
	read_options(x, hop, (struct ips_view){h + 2, len - 2});
	return true;
}

static bool routing_header(struct ips_dec *x, struct chain *c, struct ips_view *v)
{
	const uint8_t *h = take_header(x, c, v, 8 + v->data[1] * 8u);

	if (!h)
		return false;
	if (c->routing)
		ips_dec_event(x, IPS_EV_IPV6_EXTHDR_DUPL_RH);
	else if (h[2] == 0)
		ips_dec_event(x, IPS_EV_IPV6_RH_TYPE_0);
	c->routing = true;
	return true;
}

static bool auth_header(struct ips_dec *x, struct chain *c, struct ips_view *v)
{
	uint32_t words = v->data[1]; /* beyond the first two, RFC 4302 2.2 */
	const uint8_t *h = take_header(x, c, v, AH_LEN + (words ? (words - 1) * 4 : 0));

	if (!h)
		return false;
	if (ips_be16(h + 2) != 0)
		ips_dec_event(x, IPS_EV_IPV6_EXTHDR_AH_RES_NOT_NULL);
	if (c->ah)
		ips_dec_event(x, IPS_EV_IPV6_EXTHDR_DUPL_AH);
	c->ah = true;
	return true;
}

static bool fragment_header(struct ips_dec *x, struct chain *c, struct ips_view *v)
{
	uint32_t named_at = c->next_at, left = v->len;
	const uint8_t *h = take_header(x, c, v, FRAG_LEN);
	struct ips_fragment f;

	if (!h)
		return false;
	if (h[1] != 0)
		ips_dec_event(x, IPS_EV_IPV6_FH_NON_ZERO_RESERVED_FIELD);
	if (c->fragment) {
		ips_dec_event(x, IPS_EV_IPV6_EXTHDR_DUPL_FH);
		return true;
	}
	c->fragment = true;
	f = (struct ips_fragment){
		.id = ips_be32(h + 4),
		.offset = ips_be16(h + 2) & 0xfff8,
		.more = h[3] & 1,
		.head = {c->start, (uint32_t)(h - c->start)},
		.data = *v,
		.next_at = named_at,
		.next = h[0],
	};
	if (!f.more && f.offset == 0) {
		ips_dec_event(x, IPS_EV_IPV6_EXTHDR_USELESS_FH); /* an atomic one: RFC 6946 */
		return true;
	}
	if (f.more && left % 8)
		ips_dec_event(x, IPS_EV_IPV6_FRAG_INVALID_LENGTH);
	x->p->ip_frag = (uint16_t)(f.offset / 8 | (f.more ? 0x2000 : 0));
	ips_dec_fragment(x, &f);
	return false;
}

/* One extension header; false: the chain ends here. */
static bool extension(struct ips_dec *x, struct chain *c, struct ips_view *v)
{
	if (c->next == IPPROTO_NONE) {
		if (v->len)
			ips_dec_event(x, IPS_EV_IPV6_DATA_AFTER_NONE_HEADER);
		return false;
	}
	if (v->len < 2) {
		ips_dec_invalid(x, IPS_EV_IPV6_TRUNC_EXTHDR);
		return false;
	}
	x->p->proto = c->next;
	switch (c->next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS: return options_header(x, c, v);
	case IPPROTO_ROUTING: return routing_header(x, c, v);
	case IPPROTO_FRAGMENT: return fragment_header(x, c, v);
	case IPPROTO_AH: return auth_header(x, c, v);
	case IPPROTO_MH:
	case PROTO_HIP:
	case PROTO_SHIM6: return take_header(x, c, v, 8 + v->data[1] * 8u) != NULL;
	default: c->upper = true; return false;
	}
}

static bool is_extension(uint8_t next)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_NONE:
	case IPPROTO_MH:
	case PROTO_HIP:
	case PROTO_SHIM6: return true;
	default: return false;
	}
}

static void in_ipv4(struct ips_dec *x, struct ips_view v)
{
	x->p->l4 = v;
	if (v.len < 20)
		ips_dec_invalid(x, IPS_EV_IPV6_IPV4_IN_IPV6_TOO_SMALL);
	else if (v.data[0] >> 4 != 4)
		ips_dec_invalid(x, IPS_EV_IPV6_IPV4_IN_IPV6_WRONG_VERSION);
	else
		ips_dec_inner(x, IPS_INNER_IPV4, v);
}

static void in_ipv6(struct ips_dec *x, struct ips_view v)
{
	x->p->l4 = v;
	if (v.len < HDR_LEN)
		ips_dec_invalid(x, IPS_EV_IPV6_IPV6_IN_IPV6_TOO_SMALL);
	else if (v.data[0] >> 4 != 6)
		ips_dec_invalid(x, IPS_EV_IPV6_IPV6_IN_IPV6_WRONG_VERSION);
	else
		ips_dec_inner(x, IPS_INNER_IPV6, v);
}

static void upper(struct ips_dec *x, uint8_t next, struct ips_view v)
{
	x->p->proto = next;
	switch (next) {
	case IPPROTO_TCP: ips_dec_tcp(x, v); break;
	case IPPROTO_UDP: ips_dec_udp(x, v); break;
	case IPPROTO_ICMPV6: ips_dec_icmp6(x, v); break;
	case IPPROTO_SCTP: ips_dec_sctp(x, v); break;
	case IPPROTO_ESP: ips_dec_esp(x, v); break;
	case IPPROTO_GRE: ips_dec_gre(x, v); break;
	case IPPROTO_IPIP: in_ipv4(x, v); break;
	case IPPROTO_IPV6: in_ipv6(x, v); break;
	case IPPROTO_ICMP: ips_dec_event(x, IPS_EV_IPV6_ICMPV4); break;
	default: ips_dec_event(x, IPS_EV_IPV6_UNKNOWN_NEXT_HEADER); x->p->l4 = v;
	}
}

/*
 * The payload length; of a super-packet or a jumbogram, whose field holds 0 (RFC 2675) or not all
 * of it, what the frame has.
 */
static uint32_t payload_len(const struct ips_dec *x, struct ips_view v)
{
	uint32_t len = ips_be16(v.data + 4);

	if (x->d->cfg.gso && ((len == 0 && v.data[6] != IPPROTO_NONE) || v.len > LEN_MAX + HDR_LEN))
		return v.len - HDR_LEN;
	return len;
}

bool ips_dec_ipv6(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct chain c = {.start = v.data, .next_at = 6};
	const uint8_t *h = v.data;
	uint32_t len;

	if (!ips_dec_layer(x))
		return false;
	if (v.len < HDR_LEN)
		return ips_dec_invalid(x, IPS_EV_IPV6_PKT_TOO_SMALL);
	if (h[0] >> 4 != 6)
		return ips_dec_invalid(x, IPS_EV_IPV6_WRONG_IP_VERSION);
	len = payload_len(x, v);
	if (v.len - HDR_LEN < len)
		return ips_dec_invalid(x, IPS_EV_IPV6_TRUNC_PKT);
	v.len = HDR_LEN + len;
	p->family = 6;
	p->l3 = v;
	p->tos = (uint8_t)(h[0] << 4 | h[1] >> 4);
	p->ttl = h[7];
	p->proto = c.next = h[6];
	memcpy(p->src.w, h + 8, 16);
	memcpy(p->dst.w, h + 24, 16);
	ips_take(&v, HDR_LEN);
	if (is_extension(c.next)) {
		while (extension(x, &c, &v))
			;
		if (!c.upper)
			return true;
	}
	upper(x, c.next, v);
	return true;
}
