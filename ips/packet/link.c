/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link layers down to IP. A frame of a protocol that is not IP is a packet of family 0; what is cut
 * or names no protocol at all is an event. PPP and PPPoE are in ppp.c.
 */
#include <netinet/in.h>

#include "ips/packet/int.h"

enum {
	ETH_LEN = 14,
	VLAN_LEN = 4,
	VLANS_MAX = 3,
	VNTAG_LEN = 6,
	PBB_LEN = 18, /* 802.1ah: flags, two addresses, type */
	DCE_LEN = 16, /* a tag of 2, and at least an Ethernet header */
	SLL_LEN = 16,
	SLL2_LEN = 20,
	NULL_LEN = 4,
	ERSPAN_LEN = 8,
	MPLS_LEN = 4,
};

enum ethertype {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_MULTICAST = 0x8848,
	TYPE_PPPOE_DISCOVERY = 0x8863,
	TYPE_PPPOE_SESSION = 0x8864,
	TYPE_QINQ = 0x88a8,
	TYPE_PBB = 0x88e7,
	TYPE_DCE = 0x8903,
	TYPE_VNTAG = 0x8926,
	TYPE_QINQ_OLD = 0x9100,
};

bool ips_dec_ethernet(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	const uint8_t *h = ips_take(&v, ETH_LEN);

	if (!h)
		return ips_dec_invalid(x, IPS_EV_ETHERNET_PKT_TOO_SMALL);
	if (!ips_dec_layer(x))
		return false;
	/* Of frames within frames the outermost one tells who sent it. */
	if (!p->eth_type && !p->tunnel_depth) {
		memcpy(p->eth_dst, h, 6);
		memcpy(p->eth_src, h + 6, 6);
		memcpy(p->hw_src, h + 6, 6);
	}
	p->eth_type = ips_be16(h + 12);
	ips_dec_ethertype(x, p->eth_type, v);
	return true;
}

bool ips_dec_vlan(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	const uint8_t *h = ips_take(&v, VLAN_LEN);

	if (!h)
		return ips_dec_invalid(x, IPS_EV_VLAN_HEADER_TOO_SMALL);
	if (!ips_dec_layer(x))
		return false;
	if (x->vlans++ == VLANS_MAX) {
		ips_dec_event(x, IPS_EV_VLAN_TOO_MANY_LAYERS);
		return false;
	}
	if (p->vlan_n < 2)
		p->vlan[p->vlan_n++] = ips_be16(h) & 0x0fff;
	p->eth_type = ips_be16(h + 2);
	if (!ips_dec_ethertype(x, p->eth_type, v))
		return ips_dec_invalid(x, IPS_EV_VLAN_UNKNOWN_TYPE);
	return true;
}

static void vntag(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h = ips_take(&v, VNTAG_LEN);

	if (!h)
		ips_dec_invalid(x, IPS_EV_VNTAG_HEADER_TOO_SMALL);
	else if (ips_dec_layer(x) && !ips_dec_ethertype(x, ips_be16(h + 4), v))
		ips_dec_invalid(x, IPS_EV_VNTAG_UNKNOWN_TYPE);
}

static void pbb(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h = ips_take(&v, PBB_LEN);

	if (!h)
		ips_dec_invalid(x, IPS_EV_IEEE8021AH_HEADER_TOO_SMALL);
	else if (ips_dec_layer(x))
		ips_dec_ethertype(x, ips_be16(h + 16), v);
}

static void dce(struct ips_dec *x, struct ips_view v)
{
	if (v.len < DCE_LEN) {
		ips_dec_invalid(x, IPS_EV_DCE_PKT_TOO_SMALL);
		return;
	}
	ips_take(&v, 2);
	ips_dec_ethernet(x, v);
}

/* The label at the bottom of the stack (RFC 3032); IPS_EV_NONE: an ordinary one. */
static enum ips_event mpls_label_event(uint32_t label)
{
	switch (label) {
	case 1: return IPS_EV_MPLS_BAD_LABEL_ROUTER_ALERT;
	case 3: return IPS_EV_MPLS_BAD_LABEL_IMPLICIT_NULL;
	default: return label < 15 ? IPS_EV_MPLS_BAD_LABEL_RESERVED : IPS_EV_NONE;
	}
}

/* Labels do not say what follows; its first four bits do (RFC 4928, 3). */
bool ips_dec_mpls(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h;
	enum ips_event ev;
	uint32_t label;

	if (!ips_dec_layer(x))
		return false;
	do {
		h = ips_take(&v, MPLS_LEN);
		if (!h)
			return ips_dec_invalid(x, IPS_EV_MPLS_HEADER_TOO_SMALL);
	} while (!(h[2] & 1));
	label = ips_be32(h) >> 12;
	if (label == 0)
		return ips_dec_ipv4(x, v);
	if (label == 2)
		return ips_dec_ipv6(x, v);
	ev = mpls_label_event(label);
	if (ev != IPS_EV_NONE) {
		ips_dec_event(x, ev);
		return true;
	}
	if (v.len < MPLS_LEN)
		return ips_dec_invalid(x, IPS_EV_MPLS_PKT_TOO_SMALL);
	switch (v.data[0] >> 4) {
	case 4: ips_dec_ipv4(x, v); break;
	case 6: ips_dec_ipv6(x, v); break;
	case 0: /* a pseudo wire's control word (RFC 4448) */
		ips_take(&v, 4);
		ips_dec_ethernet(x, v);
		break;
	default: ips_dec_invalid(x, IPS_EV_MPLS_UNKNOWN_PAYLOAD_TYPE);
	}
	return true;
}

bool ips_dec_erspan(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	const uint8_t *h = ips_take(&v, ERSPAN_LEN);
	uint16_t vlan;

	if (!h) {
		ips_dec_event(x, IPS_EV_ERSPAN_HEADER_TOO_SMALL);
		return false;
	}
	if (!ips_dec_layer(x))
		return false;
	if (h[0] >> 4 != 1) {
		ips_dec_event(x, IPS_EV_ERSPAN_UNSUPPORTED_VERSION);
		return false;
	}
	vlan = ips_be16(h) & 0x0fff;
	if (vlan && x->vlans++ < VLANS_MAX && p->vlan_n < 2)
		p->vlan[p->vlan_n++] = vlan;
	return ips_dec_ethernet(x, v);
}

bool ips_dec_ethertype(struct ips_dec *x, uint16_t type, struct ips_view v)
{
	switch (type) {
	case TYPE_IPV4: ips_dec_ipv4(x, v); break;
	case TYPE_IPV6: ips_dec_ipv6(x, v); break;
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_OLD: ips_dec_vlan(x, v); break;
	case TYPE_PPPOE_SESSION: ips_dec_pppoe_session(x, v); break;
	case TYPE_PPPOE_DISCOVERY: ips_dec_pppoe_discovery(x, v); break;
	case TYPE_MPLS:
	case TYPE_MPLS_MULTICAST: ips_dec_mpls(x, v); break;
	case TYPE_VNTAG: vntag(x, v); break;
	case TYPE_PBB: pbb(x, v); break;
	case TYPE_DCE: dce(x, v); break;
	case TYPE_ARP: break;
	default: return false;
	}
	return true;
}

static bool raw(struct ips_dec *x, struct ips_view v)
{
	if (v.len < 20)
		return ips_dec_invalid(x, IPS_EV_IPV4_PKT_TOO_SMALL);
	switch (v.data[0] >> 4) {
	case 4: return ips_dec_ipv4(x, v);
	case 6: return ips_dec_ipv6(x, v);
	default: ips_dec_event(x, IPS_EV_IPRAW_INVALID_IP_VERSION); return false;
	}
}

/* The address family stands in the byte order of whoever captured. */
static bool bsd_null(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h = ips_take(&v, NULL_LEN);
	uint32_t family;

	if (!h)
		return ips_dec_invalid(x, IPS_EV_LTNULL_PKT_TOO_SMALL);
	family = ips_be32(h);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2: return ips_dec_ipv4(x, v);
	case 10: /* Linux */
	case 23: /* Windows */
	case 24: /* NetBSD, OpenBSD */
	case 26: /* Solaris */
	case 28: /* FreeBSD */
	case 30: /* macOS */ return ips_dec_ipv6(x, v);
	default: ips_dec_event(x, IPS_EV_LTNULL_UNSUPPORTED_TYPE); return false;
	}
}

/* Linux cooked captures: the ethertype's and a hardware address' place differ. */
static bool sll(struct ips_dec *x, struct ips_view v, uint32_t len, uint32_t type_at, uint32_t hw)
{
	const uint8_t *h = ips_take(&v, len);

	if (!h)
		return ips_dec_invalid(x, IPS_EV_SLL_PKT_TOO_SMALL);
	memcpy(x->p->eth_src, h + hw, 6);
	memcpy(x->p->hw_src, h + hw, 6);
	x->p->eth_type = ips_be16(h + type_at);
	return ips_dec_ethertype(x, x->p->eth_type, v);
}

bool ips_dec_link(struct ips_dec *x, enum ips_link link, struct ips_view v)
{
	switch (link) {
	case IPS_LINK_RAW: return raw(x, v);
	case IPS_LINK_ETHERNET: return ips_dec_ethernet(x, v);
	case IPS_LINK_NULL: return bsd_null(x, v);
	case IPS_LINK_PPP: return ips_dec_ppp(x, v);
	case IPS_LINK_SLL: return sll(x, v, SLL_LEN, 14, 6);
	case IPS_LINK_SLL2: return sll(x, v, SLL2_LEN, 0, 12);
	case IPS_LINK_UNKNOWN: break;
	}
	return ips_dec_invalid(x, IPS_EV_LINK_UNKNOWN);
}
