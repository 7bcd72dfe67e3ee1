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

static bool ports_of(const struct ips_packet *p, uint16_t port[2])
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
		port[0] = (uint16_t)(p->icmp.type << 8 | p->icmp.code);
		port[1] = (uint16_t)(icmp4_counterpart(p->icmp.type) << 8);
		return true;
	case IPPROTO_ICMPV6:
		if (p->l4.len < 8)
			return false;
		port[0] = (uint16_t)(p->icmp.type << 8 | p->icmp.code);
		port[1] = (uint16_t)(icmp6_counterpart(p->icmp.type) << 8);
		return true;
	case IPPROTO_ESP: port[0] = port[1] = 0; return true;
	default: return false;
	}
	port[0] = p->sport;
	port[1] = p->dport;
	return true;
}

static int compare_ends(const struct ips_flow_key *k)
{
	int d = memcmp(&k->addr[0], &k->addr[1], k->family == 4 ? 4 : 16);

	return d ? d : (int)k->port[0] - (int)k->port[1];
}

/* With ends and protocol set: the rest, which is the same for both directions. */
static void finish(struct ips_flow_key *k, const struct ips_packet *p)
{
	unsigned lo, hi;

	k->family = p->family;
	k->tunnel_depth = p->tunnel_depth;
	k->vlan[0] = p->vlan_n > 0 ? p->vlan[0] : 0;
	k->vlan[1] = p->vlan_n > 1 ? p->vlan[1] : 0;
	lo = compare_ends(k) > 0;
	hi = !lo;
	k->w[0] = (uint64_t)k->port[lo] << 48 | (uint64_t)k->port[hi] << 32 |
		(uint64_t)k->vlan[0] << 16 | k->vlan[1];
	k->w[1] = (uint64_t)k->proto | (uint64_t)k->family << 8 | (uint64_t)k->tunnel_depth << 16;
	if (k->family == 4) {
		k->w[2] = (uint64_t)k->addr[lo].w[0] << 32 | k->addr[hi].w[0];
		k->n = 3;
		return;
	}
	memcpy(&k->w[2], &k->addr[lo], 16);
	memcpy(&k->w[4], &k->addr[hi], 16);
	k->n = 6;
}

bool ips_flow_key_of(const struct ips_packet *p, struct ips_flow_key *ret)
{
	if ((p->family != 4 && p->family != 6) || (p->flags & IPS_PKT_FRAGMENT) ||
		!ports_of(p, ret->port))
		return false;
	ret->addr[0] = p->src;
	ret->addr[1] = p->dst;
	ret->proto = p->proto;
	finish(ret, p);
	return true;
}

bool ips_flow_key_quoted(const struct ips_packet *p, struct ips_flow_key *ret)
{
	struct sk_cursor c;
	const uint8_t *at;
	uint8_t version;

	if (p->family != 4 || p->proto != IPPROTO_ICMP || p->l4.len < 8 ||
		(p->flags & IPS_PKT_FRAGMENT) || p->icmp.type != ICMP_UNREACH)
		return false;
	sk_cur_init(&c, p->icmp.inner.data, p->icmp.inner.len);
	version = sk_cur_u8(&c);
	sk_cur_skip(&c, 8);
	ret->proto = sk_cur_u8(&c);
	sk_cur_skip(&c, 2);
	at = sk_cur_take(&c, 8);
	if (!at || version >> 4 != 4 || (version & 15) < 5 ||
		(ret->proto != IPPROTO_TCP && ret->proto != IPPROTO_UDP))
		return false;
	memset(ret->addr, 0, sizeof(ret->addr));
	memcpy(ret->addr[0].w, at, 4);
	memcpy(ret->addr[1].w, at + 4, 4);
	sk_cur_skip(&c, ((version & 15u) - 5) * 4);
	ret->port[0] = sk_cur_be16(&c);
	ret->port[1] = sk_cur_be16(&c);
	if (!sk_cur_ok(&c))
		return false;
	finish(ret, p);
	return true;
}
