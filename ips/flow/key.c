/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flow keys. The lower end (address, then port) always comes first, so both directions give the
 * same words. Called by the flow table once a packet.
 */
#include "ips/flow/key.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/cursor.h"

#define ICMP_UNREACH 3
#define NO_ANSWER 0

/* Request and answer find each other: the type a message of this type is answered with. */
static uint8_t icmp4_counterpart(uint8_t type)
{
	switch (type) {
	case 0: return 8; /* echo */
	case 8: return 0;
	case 9: return 10; /* router advertisement, solicitation */
	case 10: return 9;
	case 13: return 14; /* timestamp */
	case 14: return 13;
	case 15: return 16; /* information */
	case 16: return 15;
	case 17: return 18; /* address mask */
	case 18: return 17;
	default: return NO_ANSWER;
	}
}

static uint8_t icmp6_counterpart(uint8_t type)
{
	switch (type) {
	case 128: return 129; /* echo */
	case 129: return 128;
	case 133: return 134; /* router solicitation, advertisement */
	case 134: return 133;
	case 135: return 136; /* neighbour */
	case 136: return 135;
	case 139: return 140; /* node information */
	case 140: return 139;
	case 144: return 145; /* home agent address discovery */
	case 145: return 144;
	default: return NO_ANSWER;
	}
}

static bool icmp4_is_error(uint8_t type)
{
	/* Unreachable, source quench, redirect, time exceeded, parameter problem (RFC 1122). */
	return type == ICMP_UNREACH || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool ports_of(const struct ips_packet *p, struct ips_flow_end ends[2])
{
	switch (p->proto) {
	case IPPROTO_TCP:
		if (p->tcp.hlen < 20)
			return false;
		break;
	case IPPROTO_UDP:
		if (p->l4.len < 8)
			return false;
		break;
	case IPPROTO_SCTP:
		if (p->l4.len < 12)
			return false;
		break;
	case IPPROTO_ICMP:
		if (p->l4.len < 8 || icmp4_is_error(p->icmp.type))
			return false;
		ends[0].port = (uint16_t)(p->icmp.type << 8 | p->icmp.code);
		ends[1].port = (uint16_t)(icmp4_counterpart(p->icmp.type) << 8);
		return true;
	case IPPROTO_ICMPV6:
		if (p->l4.len < 8)
			return false;
		ends[0].port = (uint16_t)(p->icmp.type << 8 | p->icmp.code);
		ends[1].port = (uint16_t)(icmp6_counterpart(p->icmp.type) << 8);
		return true;
	case IPPROTO_ESP: ends[0].port = ends[1].port = 0; return true;
	default: return false;
	}
	ends[0].port = p->sport;
	ends[1].port = p->dport;
	return true;
}

static int compare_ends(const struct ips_flow_end *a, const struct ips_flow_end *b, uint8_t family)
{
	int d = memcmp(a->addr, b->addr, family == 4 ? 4 : 16);

	return d ? d : (int)a->port - (int)b->port;
}

static void fill(struct ips_flow_key *k, const struct ips_packet *p, uint8_t proto,
	const struct ips_flow_end ends[2])
{
	bool swap = compare_ends(&ends[0], &ends[1], p->family) > 0;
	const struct ips_flow_end *lo = &ends[swap], *hi = &ends[!swap];
	uint64_t vlans =
		(uint64_t)(p->vlan_n > 0 ? p->vlan[0] : 0) << 16 | (p->vlan_n > 1 ? p->vlan[1] : 0);
	uint64_t rest = (uint64_t)lo->port << 48 | (uint64_t)hi->port << 32 | vlans;

	k->w[0] = rest;
	k->w[1] = (uint64_t)proto | (uint64_t)p->family << 8 | (uint64_t)p->tunnel_depth << 16;
	if (p->family == 4) {
		k->w[2] = (uint64_t)lo->addr->w[0] << 32 | hi->addr->w[0];
		k->w[3] = k->w[4] = k->w[5] = 0;
		k->n = 3;
		return;
	}
	memcpy(&k->w[2], lo->addr, 16);
	memcpy(&k->w[4], hi->addr, 16);
	k->n = 6;
}

bool ips_flow_key_of(
	const struct ips_packet *p, struct ips_flow_key *ret, struct ips_flow_end ret_ends[2])
{
	if ((p->family != 4 && p->family != 6) || (p->flags & IPS_PKT_FRAGMENT) ||
		!ports_of(p, ret_ends))
		return false;
	ret_ends[0].addr = &p->src;
	ret_ends[1].addr = &p->dst;
	fill(ret, p, p->proto, ret_ends);
	return true;
}

bool ips_flow_key_quoted(const struct ips_packet *p, struct ips_flow_key *ret)
{
	struct ips_addr src = {{0}}, dst = {{0}};
	struct ips_flow_end ends[2] = {{.addr = &src}, {.addr = &dst}};
	struct sk_cursor c;
	const uint8_t *at;
	uint8_t version, proto;

	if (p->family != 4 || p->proto != IPPROTO_ICMP || p->l4.len < 8 ||
		(p->flags & IPS_PKT_FRAGMENT) || p->icmp.type != ICMP_UNREACH)
		return false;
	sk_cur_init(&c, p->icmp.inner.data, p->icmp.inner.len);
	version = sk_cur_u8(&c);
	sk_cur_skip(&c, 8);
	proto = sk_cur_u8(&c);
	sk_cur_skip(&c, 2);
	at = sk_cur_take(&c, 8);
	if (!at || version >> 4 != 4 || (version & 15) < 5 ||
		(proto != IPPROTO_TCP && proto != IPPROTO_UDP))
		return false;
	memcpy(src.w, at, 4);
	memcpy(dst.w, at + 4, 4);
	sk_cur_skip(&c, ((version & 15u) - 5) * 4);
	ends[0].port = sk_cur_be16(&c);
	ends[1].port = sk_cur_be16(&c);
	if (!sk_cur_ok(&c))
		return false;
	fill(ret, p, proto, ends);
	return true;
}
