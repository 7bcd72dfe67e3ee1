/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 (RFC 791): header, options, fragments to be put together, and on to layer 4 or a tunnel.
 */
#include <netinet/in.h>

#include "ips/packet/int.h"

#define HDR_LEN 20u
#define LEN_MAX 65535u
#define FRAG_MF 0x2000
#define FRAG_OFFSET 0x1fff

enum {
	OPT_EOL = 0x00,
	OPT_NOP = 0x01,
	OPT_RR = 0x07,
	OPT_QS = 0x19,
	OPT_TS = 0x44,
	OPT_SEC = 0x82,
	OPT_LSRR = 0x83,
	OPT_ESEC = 0x85,
	OPT_CIPSO = 0x86,
	OPT_SATID = 0x88,
	OPT_SSRR = 0x89,
	OPT_RTRALT = 0x94,
};

/* An option whose first two bytes (type and length) are gone. IPS_EV_NONE: it is in order. */
typedef enum ips_event check_fn(struct ips_view v);

static enum ips_event check_route(struct ips_view v)
{
	uint8_t ptr;

	if (v.len < 1)
		return IPS_EV_IPV4_OPT_INVALID_LEN;
	ptr = v.data[0];
	/* Counted from 1 at the type; addresses of 4 bytes. */
	if (ptr < 4 || ptr % 4 || ptr > v.len + 3)
		return IPS_EV_IPV4_OPT_MALFORMED;
	return IPS_EV_NONE;
}

static enum ips_event check_timestamp(struct ips_view v)
{
	unsigned flag, record;

	if (v.len < 3)
		return IPS_EV_IPV4_OPT_INVALID_LEN;
	if (v.data[0] < 5)
		return IPS_EV_IPV4_OPT_MALFORMED;
	flag = v.len > 3 ? v.data[3] : 0;
	record = flag == 1 || flag == 3 ? 8 : 4;
	if ((v.data[0] - 5) % record || v.data[0] > v.len + 3)
		return IPS_EV_IPV4_OPT_MALFORMED;
	return IPS_EV_NONE;
}

/* FIPS 188: domain of interpretation, then tags of type, length, data. */
static enum ips_event check_cipso(struct ips_view v)
{
	if (v.len < 8)
		return IPS_EV_IPV4_OPT_INVALID_LEN;
	ips_take(&v, 4);
	while (v.len) {
		const uint8_t *tag = v.data;
		uint8_t type, len;

		if (v.len < 2)
			return IPS_EV_IPV4_OPT_MALFORMED;
		type = tag[0];
		len = tag[1];
		if (type != 1 && type != 2 && (type < 5 || type > 7))
			return IPS_EV_IPV4_OPT_MALFORMED;
		if (len < 4 || len > v.len || (type != 7 && tag[2] != 0))
			return IPS_EV_IPV4_OPT_MALFORMED;
		ips_take(&v, len);
	}
	return IPS_EV_NONE;
}

static enum ips_event len_is(struct ips_view v, uint32_t len)
{
	return v.len + 2 == len ? IPS_EV_NONE : IPS_EV_IPV4_OPT_INVALID_LEN;
}

static enum ips_event check_quick_start(struct ips_view v)
{
	return v.len + 2 >= 8 ? IPS_EV_NONE : IPS_EV_IPV4_OPT_INVALID_LEN;
}

static enum ips_event check_security(struct ips_view v)
{
	return len_is(v, 11);
}

static enum ips_event check_esecurity(struct ips_view v)
{
	return v.len + 2 >= 3 ? IPS_EV_NONE : IPS_EV_IPV4_OPT_INVALID_LEN;
}

static enum ips_event check_4(struct ips_view v)
{
	return len_is(v, 4);
}

static const struct option {
	uint8_t type;
	enum ips_ipopt bit;
	check_fn *check;
} options[] = {
	{OPT_TS, IPS_IPOPT_TS, check_timestamp},
	{OPT_RR, IPS_IPOPT_RR, check_route},
	{OPT_QS, IPS_IPOPT_QS, check_quick_start},
	{OPT_SEC, IPS_IPOPT_SEC, check_security},
	{OPT_LSRR, IPS_IPOPT_LSRR, check_route},
	{OPT_ESEC, IPS_IPOPT_ESEC, check_esecurity},
	{OPT_CIPSO, IPS_IPOPT_CIPSO, check_cipso},
	{OPT_SATID, IPS_IPOPT_SATID, check_4},
	{OPT_SSRR, IPS_IPOPT_SSRR, check_route},
	{OPT_RTRALT, IPS_IPOPT_RTRALT, check_4},
};

static const struct option *option_of(uint8_t type)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].type == type)
			return &options[i];
	return NULL;
}

static void one_option(struct ips_dec *x, uint8_t type, struct ips_view v)
{
	const struct option *o = option_of(type);
	enum ips_event ev;

	if (!o) {
		ips_dec_event(x, IPS_EV_IPV4_OPT_INVALID);
		return;
	}
	if (x->p->ip_options & o->bit) {
		ips_dec_event(x, IPS_EV_IPV4_OPT_DUPLICATE);
		return;
	}
	ev = o->check(v);
	if (ev == IPS_EV_NONE)
		x->p->ip_options |= o->bit;
	else
		ips_dec_invalid(x, ev);
}

/* false: options that cannot be told apart; no host takes such a packet */
static bool read_options(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;

	if (v.len % 8)
		ips_dec_event(x, IPS_EV_IPV4_OPT_PAD_REQUIRED);
	while (v.len) {
		const uint8_t *o = v.data;
		struct ips_view body;

		if (o[0] == OPT_EOL) {
			p->ip_options |= IPS_IPOPT_EOL;
			return true;
		}
		if (o[0] == OPT_NOP) {
			p->ip_options |= IPS_IPOPT_NOP;
			ips_take(&v, 1);
			continue;
		}
		if (v.len < 2) {
			ips_dec_event(x, IPS_EV_IPV4_OPT_EOL_REQUIRED);
			return true;
		}
		if (o[1] < 2 || o[1] > v.len)
			return ips_dec_invalid(x, IPS_EV_IPV4_OPT_INVALID_LEN);
		ips_take(&v, o[1]);
		body = (struct ips_view){o + 2, o[1] - 2u};
		one_option(x, o[0], body);
	}
	return true;
}

/* *ret_len: of the packet as its header says, or all of v for a super-packet. */
static bool read_header(struct ips_dec *x, struct ips_view v, uint32_t *ret_len)
{
	struct ips_packet *p = x->p;
	const uint8_t *h = v.data;
	uint32_t hlen, len;

	if (v.len < HDR_LEN)
		return ips_dec_invalid(x, IPS_EV_IPV4_PKT_TOO_SMALL);
	if (h[0] >> 4 != 4)
		return ips_dec_invalid(x, IPS_EV_IPV4_WRONG_IP_VERSION);
	hlen = (h[0] & 0x0f) * 4u;
	if (hlen < HDR_LEN)
		return ips_dec_invalid(x, IPS_EV_IPV4_HLEN_TOO_SMALL);
	len = ips_be16(h + 2);
	if (x->d->cfg.gso && (len == 0 || v.len > LEN_MAX))
		len = v.len;
	if (len < hlen)
		return ips_dec_invalid(x, IPS_EV_IPV4_IPLEN_SMALLER_THAN_HLEN);
	if (v.len < len)
		return ips_dec_invalid(x, IPS_EV_IPV4_TRUNC_PKT);
	if (hlen > HDR_LEN && !read_options(x, (struct ips_view){h + HDR_LEN, hlen - HDR_LEN}))
		return false;
	p->family = 4;
	p->proto = h[9];
	p->l3 = (struct ips_view){h, len};
	p->ip_hlen = (uint8_t)hlen;
	p->tos = h[1];
	p->ip_id = ips_be16(h + 4);
	p->ip_frag = ips_be16(h + 6);
	p->ttl = h[8];
	memcpy(p->src.w, h + 12, 4);
	memcpy(p->dst.w, h + 16, 4);
	*ret_len = len;
	return true;
}

static void fragment(struct ips_dec *x, struct ips_view head, struct ips_view data)
{
	struct ips_packet *p = x->p;
	const struct ips_fragment f = {
		.id = p->ip_id,
		.offset = (p->ip_frag & FRAG_OFFSET) * 8u,
		.more = p->ip_frag & FRAG_MF,
		.head = head,
		.data = data,
	};

	ips_dec_fragment(x, &f);
}

static void upper(struct ips_dec *x, struct ips_view v)
{
	switch (x->p->proto) {
	case IPPROTO_TCP: ips_dec_tcp(x, v); break;
	case IPPROTO_UDP: ips_dec_udp(x, v); break;
	case IPPROTO_ICMP: ips_dec_icmp4(x, v); break;
	case IPPROTO_SCTP: ips_dec_sctp(x, v); break;
	case IPPROTO_ESP: ips_dec_esp(x, v); break;
	case IPPROTO_GRE: ips_dec_gre(x, v); break;
	case IPPROTO_IPIP:
		x->p->l4 = v;
		ips_dec_inner(x, IPS_INNER_IPV4, v);
		break;
	case IPPROTO_IPV6:
		x->p->l4 = v;
		ips_dec_inner(x, IPS_INNER_IPV6, v);
		break;
	case IPPROTO_ICMPV6: ips_dec_invalid(x, IPS_EV_IPV4_ICMPV6); break;
	case IPPROTO_IP:
		if (x->vj)
			ips_dec_tcp(x, v);
		break;
	default: x->p->l4 = v;
	}
}

bool ips_dec_ipv4(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_view head;
	uint32_t len;

	if (!ips_dec_layer(x) || !read_header(x, v, &len))
		return false;
	v.len = len;
	head.data = ips_take(&v, p->ip_hlen);
	head.len = p->ip_hlen;
	if (p->ip_frag & (FRAG_MF | FRAG_OFFSET))
		fragment(x, head, v);
	else
		upper(x, v);
	return true;
}
