/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443): type, code, identifier, and the packet that an error
 * carries. What is odd about a message is an event; the message itself stays readable.
 */
#include "ips/packet/int.h"

enum {
	ICMP_LEN = 8,
	ICMP6_INFO_LEN = 4, /* type, code, checksum: all that neighbour discovery has in common */
	TIMESTAMPS_LEN = 12,
};

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACH = 3,
	ICMP_QUENCH = 4,
	ICMP_REDIRECT = 5,
	ICMP_ECHO = 8,
	ICMP_ROUTER_ADVERT = 9,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER = 12,
	ICMP_TIMESTAMP = 13,
	ICMP_TIMESTAMP_REPLY = 14,
	ICMP_INFO = 15,
	ICMP_INFO_REPLY = 16,
	ICMP_MASK = 17,
	ICMP_MASK_REPLY = 18,
};

/* The packet within an error message, as far as it is there. */
static void inner4(struct ips_dec *x, struct ips_view v)
{
	if (v.len < 20)
		ips_dec_invalid(x, IPS_EV_ICMPV4_IPV4_TRUNC_PKT);
	else if (v.data[0] >> 4 != 4)
		ips_dec_invalid(x, IPS_EV_ICMPV4_IPV4_UNKNOWN_VER);
	else
		x->p->icmp.inner = v;
}

static void error4(struct ips_dec *x, unsigned code_max, struct ips_view v)
{
	if (x->p->icmp.code > code_max)
		ips_dec_event(x, IPS_EV_ICMPV4_UNKNOWN_CODE);
	else if (v.len || x->p->icmp.type == ICMP_QUENCH)
		inner4(x, v);
}

static void query4(struct ips_dec *x, const uint8_t *h)
{
	struct ips_icmp_hdr *i = &x->p->icmp;

	i->has_id = true;
	i->id = ips_be16(h + 4);
	i->seq = ips_be16(h + 6);
	if (i->code != 0)
		ips_dec_event(x, IPS_EV_ICMPV4_UNKNOWN_CODE);
}

/* More header that a message has; what of it is cut is an event. */
static void more_header(struct ips_dec *x, uint32_t len, struct ips_view *v)
{
	if (!ips_take(v, len))
		ips_dec_event(x, IPS_EV_ICMPV4_IPV4_TRUNC_PKT);
}

void ips_dec_icmp4(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_icmp_hdr *i = &p->icmp;
	struct ips_view l4 = v;
	const uint8_t *h = ips_take(&v, ICMP_LEN);

	if (!h) {
		ips_dec_invalid(x, IPS_EV_ICMPV4_PKT_TOO_SMALL);
		return;
	}
	i->type = h[0];
	i->code = h[1];
	switch (i->type) {
	case ICMP_UNREACH: error4(x, 15, v); break;
	case ICMP_QUENCH: error4(x, 0, v); break;
	case ICMP_REDIRECT: error4(x, 3, v); break;
	case ICMP_TIME_EXCEEDED: error4(x, 1, v); break;
	case ICMP_PARAMETER: error4(x, 0, v); break;
	case ICMP_ROUTER_ADVERT: more_header(x, h[4] * (h[5] * 4u), &v); break;
	case ICMP_TIMESTAMP:
	case ICMP_TIMESTAMP_REPLY:
		query4(x, h);
		more_header(x, TIMESTAMPS_LEN, &v);
		break;
	case ICMP_ECHO_REPLY:
	case ICMP_ECHO:
	case ICMP_INFO:
	case ICMP_INFO_REPLY:
	case ICMP_MASK:
	case ICMP_MASK_REPLY: query4(x, h); break;
	default: ips_dec_event(x, IPS_EV_ICMPV4_UNKNOWN_TYPE);
	}
	p->l4 = l4;
	p->payload = v;
}

static void inner6(struct ips_dec *x, struct ips_view v)
{
	if (v.len < 40)
		ips_dec_invalid(x, IPS_EV_ICMPV6_IPV6_TRUNC_PKT);
	else if (v.data[0] >> 4 != 6)
		ips_dec_invalid(x, IPS_EV_ICMPV6_IPV6_UNKNOWN_VERSION);
	else
		x->p->icmp.inner = v;
}

/* Codes of the types that have a list of them; 0xff: any. RFC 4443 and the registry of IANA. */
static bool code6_known(uint8_t type, uint8_t code)
{
	switch (type) {
	case 1: return code <= 6; /* unreachable */
	case 2: return code == 0; /* too big */
	case 3: return code <= 1; /* time exceeded */
	case 4: return code <= 2; /* parameter */
	case 138: return code <= 2 || code == 255;
	case 139:
	case 140: return code <= 2;
	case 155: return code <= 3 || (code >= 128 && code <= 132); /* RPL */
	case 150:                                                   /* experimental mobility */
	case 151:
	case 152:
	case 153: return true;
	default: return code == 0;
	}
}

static enum ips_event type6_event(uint8_t type)
{
	if ((type >= 128 && type <= 159) || (type >= 1 && type <= 4))
		return IPS_EV_NONE;
	if (type == 100 || type == 101 || type == 200 || type == 201)
		return IPS_EV_ICMPV6_EXPERIMENTATION_TYPE;
	if ((type > 4 && type < 127) || type >= 160)
		return IPS_EV_ICMPV6_UNASSIGNED_TYPE;
	return IPS_EV_ICMPV6_UNKNOWN_TYPE;
}

void ips_dec_icmp6(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_icmp_hdr *i = &p->icmp;
	struct ips_view l4 = v, info = v;
	const uint8_t *h = ips_take(&v, ICMP_LEN);
	enum ips_event ev;
	bool full = false;

	if (!h) {
		ips_dec_invalid(x, IPS_EV_ICMPV6_PKT_TOO_SMALL);
		return;
	}
	i->type = h[0];
	i->code = h[1];
	ev = type6_event(i->type);
	if (ev != IPS_EV_NONE) {
		ips_dec_event(x, ev);
	} else if (!code6_known(i->type, i->code)) {
		ips_dec_event(x, IPS_EV_ICMPV6_UNKNOWN_CODE);
	} else if (i->type <= 4) {
		inner6(x, v);
		full = true;
	} else if (i->type == 128 || i->type == 129) {
		i->has_id = full = true;
		i->id = ips_be16(h + 4);
		i->seq = ips_be16(h + 6);
	}
	if (i->type >= 130 && i->type <= 132 && p->ttl != 1) /* RFC 2710, 3 */
		ips_dec_event(x, IPS_EV_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL);
	ips_take(&info, ICMP6_INFO_LEN);
	p->l4 = l4;
	p->payload = full ? v : info;
}
