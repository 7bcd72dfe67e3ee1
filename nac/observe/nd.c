/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Neighbour discovery for IPv6 (RFC 4861, 8106) behind the ICMPv6 header. See sight.h. */
#include <string.h>

#include "nac/observe/sight.h"

enum { RS = 133, RA = 134, NS = 135, NA = 136 };
enum { OPT_SOURCE = 1, OPT_TARGET = 2, OPT_PREFIX = 3, OPT_RDNSS = 25, OPTIONS_MAX = 64 };

static void prefix(struct nac_nd *nd, struct sk_cursor *v)
{
	uint8_t bits = sk_cur_u8(v);
	struct nac_ip ip;

	sk_cur_skip(v, 13); /* flags, lifetimes, reserved */
	nac_cur_ip(v, 6, &ip);
	if (!sk_cur_ok(v) || bits > 128 || nd->prefix_n >= NAC_RA_PREFIXES)
		return;
	nd->prefix_bits[nd->prefix_n] = bits;
	nd->prefixes[nd->prefix_n++] = ip;
}

static bool options(struct sk_cursor *c, uint8_t wanted, struct nac_nd *nd)
{
	for (int i = 0; i < OPTIONS_MAX && sk_cur_left(c) > 0; i++) {
		uint8_t kind = sk_cur_u8(c), len = sk_cur_u8(c);
		struct sk_cursor v;

		if (!sk_cur_ok(c) || len == 0)
			return false;
		v = sk_cur_sub(c, len * 8u - 2);
		if (!sk_cur_ok(c))
			return false;
		if (kind == wanted && !nd->has_mac) {
			nac_cur_mac(&v, &nd->mac);
			nd->has_mac = sk_cur_ok(&v);
		} else if (kind == OPT_PREFIX) {
			prefix(nd, &v);
		} else if (kind == OPT_RDNSS && nd->dns.family == 0) {
			sk_cur_skip(&v, 6);
			nac_cur_ip(&v, 6, &nd->dns);
		}
	}
	return true;
}

bool nac_parse_nd(struct sk_cursor *c, uint8_t icmp_type, struct nac_nd *ret)
{
	switch (icmp_type) {
	case RS: sk_cur_skip(c, 4); break;
	case RA:
		sk_cur_skip(c, 1);
		ret->flags = sk_cur_u8(c);
		ret->lifetime = sk_cur_be16(c);
		sk_cur_skip(c, 8);
		break;
	default:
		ret->flags = sk_cur_u8(c);
		sk_cur_skip(c, 3);
		nac_cur_ip(c, 6, &ret->target);
		if (ret->target.a[0] == 0xff)
			memset(&ret->target, 0, sizeof(ret->target));
	}
	return sk_cur_ok(c) && options(c, icmp_type == NA ? OPT_TARGET : OPT_SOURCE, ret);
}
