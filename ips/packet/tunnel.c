/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels: GRE (RFC 2784, 1701, PPTP's RFC 2637), VXLAN (RFC 7348), Geneve (RFC 8926) and Teredo
 * (RFC 4380). What is inside becomes a packet of its own.
 */
#include "ips/packet/int.h"

enum {
	GRE_LEN = 4,
	GRE_SRE_LEN = 4,
	VXLAN_LEN = 8,
	ETH_LEN = 14,
	GENEVE_LEN = 8,
	TEREDO_ORIGIN_LEN = 8,
	TEREDO_PORT = 3544,
};

/* First byte of a GRE header… */
enum {
	GRE_CSUM = 0x80,
	GRE_ROUTE = 0x40,
	GRE_KEY = 0x20,
	GRE_SEQ = 0x10,
	GRE_STRICT = 0x08,
	GRE_RECUR = 0x07,
};
/* …and second. */
enum { GRE_ACK = 0x80, GRE_FLAGS = 0x78, GRE_VERSION = 0x07 };

enum {
	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_VLAN = 0x8100,
	TYPE_BRIDGE = 0x6558,
	TYPE_IPV6 = 0x86dd,
	TYPE_PPP = 0x880b,
	TYPE_QINQ = 0x88a8,
	TYPE_ERSPAN = 0x88be,
};

/* The source route of RFC 1701 ends with an entry of nothing. */
static bool skip_routes(struct ips_dec *x, struct ips_view *v)
{
	for (;;) {
		const uint8_t *e = ips_take(v, GRE_SRE_LEN);

		if (!e)
			break;
		if (ips_be16(e) == 0 && e[3] == 0)
			return true;
		if (!ips_take(v, e[3]))
			break;
	}
	return ips_dec_invalid(x, IPS_EV_GRE_VERSION0_MALFORMED_SRE_HDR);
}

static bool gre0(struct ips_dec *x, const uint8_t *h, struct ips_view *v)
{
	uint32_t more = 0;

	if (h[0] & GRE_RECUR)
		return ips_dec_invalid(x, IPS_EV_GRE_VERSION0_RECUR);
	if (h[1] & GRE_FLAGS)
		return ips_dec_invalid(x, IPS_EV_GRE_VERSION0_FLAGS);
	if (h[0] & GRE_KEY)
		more += 4;
	if (h[0] & GRE_SEQ)
		more += 4;
	if (h[0] & (GRE_CSUM | GRE_ROUTE))
		more += 4;
	if (!ips_take(v, more))
		return ips_dec_invalid(x, IPS_EV_GRE_VERSION0_HDR_TOO_BIG);
	return !(h[0] & GRE_ROUTE) || skip_routes(x, v);
}

/* What version 1 may not have; IPS_EV_NONE: nothing of it is there. */
static enum ips_event gre1_fault(const uint8_t *h)
{
	if (h[0] & GRE_CSUM)
		return IPS_EV_GRE_VERSION1_CHKSUM;
	if (h[0] & GRE_ROUTE)
		return IPS_EV_GRE_VERSION1_ROUTE;
	if (h[0] & GRE_STRICT)
		return IPS_EV_GRE_VERSION1_SSR;
	if (h[0] & GRE_RECUR)
		return IPS_EV_GRE_VERSION1_RECUR;
	if (h[1] & GRE_FLAGS)
		return IPS_EV_GRE_VERSION1_FLAGS;
	if (ips_be16(h + 2) != TYPE_PPP)
		return IPS_EV_GRE_VERSION1_WRONG_PROTOCOL;
	if (!(h[0] & GRE_KEY))
		return IPS_EV_GRE_VERSION1_NO_KEY;
	return IPS_EV_NONE;
}

/* *ret_empty: a mere acknowledgement. */
static bool gre1(struct ips_dec *x, const uint8_t *h, struct ips_view *v, bool *ret_empty)
{
	enum ips_event ev = gre1_fault(h);
	uint32_t more = 4;
	const uint8_t *key;

	if (ev != IPS_EV_NONE)
		return ips_dec_invalid(x, ev);
	if (h[0] & GRE_SEQ)
		more += 4;
	if (h[1] & GRE_ACK)
		more += 4;
	key = ips_take(v, more);
	if (!key)
		return ips_dec_invalid(x, IPS_EV_GRE_VERSION1_HDR_TOO_BIG);
	*ret_empty = ips_be16(key) == 0; /* payload length and call id stand in the key's place */
	return true;
}

static void gre_payload(struct ips_dec *x, const uint8_t *h, struct ips_view v)
{
	switch (ips_be16(h + 2)) {
	case TYPE_IPV4: ips_dec_inner(x, IPS_INNER_IPV4, v); break;
	case TYPE_IPV6: ips_dec_inner(x, IPS_INNER_IPV6, v); break;
	case TYPE_PPP: ips_dec_inner(x, IPS_INNER_PPP, v); break;
	case TYPE_VLAN: ips_dec_inner(x, IPS_INNER_VLAN, v); break;
	case TYPE_BRIDGE: ips_dec_inner(x, IPS_INNER_ETHERNET, v); break;
	case TYPE_ARP: ips_dec_inner(x, IPS_INNER_ARP, v); break;
	case TYPE_ERSPAN: /* type II has a sequence number */
		ips_dec_inner(x, h[0] & GRE_SEQ ? IPS_INNER_ERSPAN : IPS_INNER_ETHERNET, v);
		break;
	default: break;
	}
}

void ips_dec_gre(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h;
	bool empty = false;

	x->p->l4 = v;
	h = ips_take(&v, GRE_LEN);
	if (!h) {
		ips_dec_invalid(x, IPS_EV_GRE_PKT_TOO_SMALL);
		return;
	}
	if (!ips_dec_layer(x))
		return;
	switch (h[1] & GRE_VERSION) {
	case 0:
		if (!gre0(x, h, &v))
			return;
		break;
	case 1:
		if (!gre1(x, h, &v, &empty))
			return;
		break;
	default: ips_dec_invalid(x, IPS_EV_GRE_WRONG_VERSION); return;
	}
	if (!empty)
		gre_payload(x, h, v);
}

static bool vxlan(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h = ips_take(&v, VXLAN_LEN), *eth;

	if (!h || v.len < ETH_LEN || !(h[0] & 0x08) || h[7] != 0 || !ips_dec_layer(x))
		return false;
	eth = ips_take(&v, ETH_LEN);
	switch (ips_be16(eth + 12)) {
	case TYPE_ARP: break;
	case TYPE_IPV4: ips_dec_inner(x, IPS_INNER_IPV4, v); break;
	case TYPE_IPV6: ips_dec_inner(x, IPS_INNER_IPV6, v); break;
	case TYPE_VLAN:
	case TYPE_QINQ: ips_dec_inner(x, IPS_INNER_VLAN, v); break;
	default: ips_dec_invalid(x, IPS_EV_VXLAN_UNKNOWN_PAYLOAD_TYPE);
	}
	return true;
}

/* Options must fill exactly the room that the header gives them. */
static bool geneve_options_ok(struct ips_view v)
{
	while (v.len) {
		if (v.len < 4 || !ips_take(&v, 4 + (v.data[3] & 0x1f) * 4u))
			return false;
	}
	return true;
}

static bool geneve(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h = ips_take(&v, GENEVE_LEN), *options;
	uint32_t len;

	if (!h || !ips_dec_layer(x))
		return false;
	len = (h[0] & 0x3f) * 4u;
	options = ips_take(&v, len);
	/* version 0, nothing reserved in use */
	if (!options || h[0] >> 6 || h[1] & 0x3f || h[7])
		return false;
	if (!geneve_options_ok((struct ips_view){options, len}))
		return false;
	switch (ips_be16(h + 2)) {
	case TYPE_IPV4: ips_dec_inner(x, IPS_INNER_IPV4, v); break;
	case TYPE_IPV6: ips_dec_inner(x, IPS_INNER_IPV6, v); break;
	case TYPE_BRIDGE: ips_dec_inner(x, IPS_INNER_ETHERNET, v); break;
	case TYPE_ARP: break;
	default: ips_dec_invalid(x, IPS_EV_GENEVE_UNKNOWN_PAYLOAD_TYPE);
	}
	return true;
}

/* Nothing names it: an IPv6 packet that fills the payload, perhaps after an origin indication. */
static bool teredo(struct ips_dec *x, struct ips_view v)
{
	if (v.len < 40)
		return false;
	if (v.data[0] == 0 && (v.data[1] != 0 || !ips_take(&v, TEREDO_ORIGIN_LEN)))
		return false;
	if (v.len < 40 || v.data[0] >> 4 != 6 || ips_be16(v.data + 4) != v.len - 40)
		return false;
	return ips_dec_inner(x, IPS_INNER_TEREDO, v);
}

static bool port_is(const struct ips_packet *p, uint16_t port)
{
	return port && (p->sport == port || p->dport == port);
}

bool ips_dec_udp_tunnel(struct ips_dec *x, struct ips_view v)
{
	const struct ips_decoder_config *cfg = &x->d->cfg;

	if (cfg->teredo && port_is(x->p, TEREDO_PORT) && teredo(x, v))
		return true;
	if (port_is(x->p, cfg->geneve_port) && geneve(x, v))
		return true;
	return port_is(x->p, cfg->vxlan_port) && vxlan(x, v);
}
