/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PPP (RFC 1661, 1662) and PPPoE (RFC 2516): what carries IP is decoded, the rest is known by name
 * only. Called for links, for PPTP's GRE and for Ethernet.
 */
#include "ips/packet/int.h"

enum {
	PPPOE_LEN = 6,
	PPPOE_SESSION_MIN = 7, /* and one byte of protocol */
	PPPOE_TAG_LEN = 4,
};

enum ppp_protocol {
	PPP_IPV4 = 0x0021,
	PPP_VJ_UNCOMPRESSED = 0x002f,
	PPP_IPV6 = 0x0057,
};

enum ppp_kind {
	PPP_KIND_CONTROL,     /* PPP's own business: nothing to inspect */
	PPP_KIND_UNSUPPORTED, /* valid, but not read here */
	PPP_KIND_WRONG,
};

static enum ppp_kind kind_of(uint16_t protocol)
{
	switch (protocol) {
	case 0x8021: /* IPCP */
	case 0x8057: /* IPV6CP */
	case 0xc021: /* LCP */
	case 0xc023: /* PAP */
	case 0xc025: /* LQR */
	case 0xc029: /* CBCP */
	case 0xc223: /* CHAP */
	case 0x80fd: /* CCP */
	case 0x00fd: /* compressed datagram */
	case 0x8207: /* CDP */ return PPP_KIND_CONTROL;
	case 0x0023: /* OSI */
	case 0x0025: /* XNS IDP */
	case 0x0027: /* DECnet */
	case 0x0029: /* AppleTalk */
	case 0x002b: /* IPX */
	case 0x002d: /* VJ compressed */
	case 0x0031: /* bridging */
	case 0x0033: /* ST-II */
	case 0x0035: /* VINES */
	case 0x0201: /* 802.1D hello */
	case 0x0231: /* Luxcom */
	case 0x0233: /* Sigma */
	case 0x0281: /* MPLS */
	case 0x0283: /* MPLS multicast */
	case 0x8023:
	case 0x8025:
	case 0x8027:
	case 0x8029:
	case 0x802b:
	case 0x8033:
	case 0x8035:
	case 0x8281: return PPP_KIND_UNSUPPORTED;
	default: return PPP_KIND_WRONG;
	}
}

/* IP, if protocol is that: *ret tells whether it could be. */
static bool ip(struct ips_dec *x, uint16_t protocol, struct ips_view v, bool *ret)
{
	switch (protocol) {
	case PPP_IPV4:
		*ret = v.len >= 20 ? ips_dec_ipv4(x, v)
				   : ips_dec_invalid(x, IPS_EV_PPP_IP4_PKT_TOO_SMALL);
		return true;
	case PPP_IPV6:
		*ret = v.len >= 40 ? ips_dec_ipv6(x, v)
				   : ips_dec_invalid(x, IPS_EV_PPP_IP6_PKT_TOO_SMALL);
		return true;
	case PPP_VJ_UNCOMPRESSED:
		x->vj = true;
		if (v.len < 20)
			*ret = ips_dec_invalid(x, IPS_EV_PPP_VJU_PKT_TOO_SMALL);
		else
			*ret = v.data[0] >> 4 == 4 && ips_dec_ipv4(x, v);
		return true;
	default: return false;
	}
}

/* A protocol of one byte (RFC 1661, 6.5: low bit set) or two; false if it is cut. */
static bool take_protocol(struct ips_view *v, uint16_t *ret)
{
	const uint8_t *h;

	if (!v->len)
		return false;
	h = ips_take(v, v->data[0] & 1 ? 1 : 2);
	if (!h)
		return false;
	*ret = h[0] & 1 ? h[0] : ips_be16(h);
	return true;
}

bool ips_dec_ppp(struct ips_dec *x, struct ips_view v)
{
	bool done, one_byte;
	uint16_t protocol;

	/* Address and control (RFC 1662, 3.1) may have been left out. */
	if (v.len && v.data[0] == 0xff && !ips_take(&v, 2))
		return ips_dec_invalid(x, IPS_EV_PPP_PKT_TOO_SMALL);
	one_byte = v.len && v.data[0] & 1;
	if (!take_protocol(&v, &protocol))
		return ips_dec_invalid(x, IPS_EV_PPP_PKT_TOO_SMALL);
	if (!ips_dec_layer(x))
		return false;
	if (ip(x, protocol, v, &done))
		return done;
	switch (one_byte ? PPP_KIND_UNSUPPORTED : kind_of(protocol)) {
	case PPP_KIND_CONTROL: break;
	case PPP_KIND_UNSUPPORTED: ips_dec_event(x, IPS_EV_PPP_UNSUP_PROTO); break;
	case PPP_KIND_WRONG: ips_dec_invalid(x, IPS_EV_PPP_WRONG_TYPE); break;
	}
	return true;
}

bool ips_dec_pppoe_session(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h;
	uint16_t protocol;
	bool done;

	if (v.len < PPPOE_SESSION_MIN)
		return ips_dec_invalid(x, IPS_EV_PPPOE_PKT_TOO_SMALL);
	if (!ips_dec_layer(x))
		return false;
	h = ips_take(&v, PPPOE_LEN);
	if (ips_be16(h + 4) == 0) /* length */
		return true;
	if (!take_protocol(&v, &protocol))
		return ips_dec_invalid(x, IPS_EV_PPPOE_PKT_TOO_SMALL);
	if (ip(x, protocol, v, &done))
		return true;
	switch (kind_of(protocol)) {
	case PPP_KIND_CONTROL:
	case PPP_KIND_UNSUPPORTED: ips_dec_event(x, IPS_EV_PPP_UNSUP_PROTO); break;
	case PPP_KIND_WRONG: ips_dec_invalid(x, IPS_EV_PPP_WRONG_TYPE); break;
	}
	return true;
}

bool ips_dec_pppoe_discovery(struct ips_dec *x, struct ips_view v)
{
	const uint8_t *h = ips_take(&v, PPPOE_LEN);

	if (!h)
		return ips_dec_invalid(x, IPS_EV_PPPOE_PKT_TOO_SMALL);
	switch (h[1]) {
	case 0x07: /* PADO */
	case 0x09: /* PADI */
	case 0x19: /* PADR */
	case 0x65: /* PADS */
	case 0xa7: /* PADT */ break;
	default: return ips_dec_invalid(x, IPS_EV_PPPOE_WRONG_CODE);
	}
	if (ips_be16(h + 4) > v.len)
		return ips_dec_invalid(x, IPS_EV_PPPOE_MALFORMED_TAGS);
	return true;
}
