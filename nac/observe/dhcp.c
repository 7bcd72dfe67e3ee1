/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP for IPv4 (RFC 2131, 2132, 4702) and IPv6 (RFC 8415, 4704): who asks, who answers, and the
 * traits by which operating systems are told apart. See sight.h.
 */
#include <string.h>

#include "nac/observe/sight.h"

enum {
	OPT_PAD = 0,
	OPT_ROUTER = 3,
	OPT_HOSTNAME = 12,
	OPT_REQUESTED = 50,
	OPT_OVERLOAD = 52,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_PARAMS = 55,
	OPT_VENDOR = 60,
	OPT_CLIENT_ID = 61,
	OPT_FQDN = 81,
	OPT_END = 255,
	OPTIONS_MAX = 128,
};

static void one_ip(struct sk_cursor *v, struct nac_ip *ret)
{
	nac_cur_ip(v, 4, ret);
	if (!nac_ip_is_host(ret))
		memset(ret, 0, sizeof(*ret));
}

/* RFC 4702: flags, two obsolete bytes, then DNS labels (E bit) or text. The first label counts. */
static void fqdn4(struct nac_dhcp4 *d, struct sk_cursor *v)
{
	uint8_t flags = sk_cur_u8(v);
	const uint8_t *p;
	size_t len;

	sk_cur_skip(v, 2);
	len = sk_cur_left(v);
	if (flags & 0x04) {
		uint8_t label = sk_cur_u8(v);

		len = sk_cur_left(v);
		if (label < len)
			len = label;
	}
	p = sk_cur_take(v, len);
	if (!p || d->hostname[0])
		return;
	if (memchr(p, '.', len))
		len = (size_t)((const uint8_t *)memchr(p, '.', len) - p);
	nac_text(d->hostname, sizeof(d->hostname), p, len);
}

static void option4(struct nac_dhcp4 *d, uint8_t code, struct sk_cursor *v)
{
	size_t len = sk_cur_left(v);
	const uint8_t *p;

	switch (code) {
	case OPT_ROUTER: one_ip(v, &d->router); break;
	case OPT_REQUESTED: one_ip(v, &d->requested); break;
	case OPT_SERVER: one_ip(v, &d->server); break;
	case OPT_TYPE: d->type = sk_cur_u8(v); break;
	case OPT_FQDN: fqdn4(d, v); break;
	case OPT_HOSTNAME:
		p = sk_cur_take(v, len);
		nac_text(d->hostname, sizeof(d->hostname), p, len);
		break;
	case OPT_VENDOR:
		p = sk_cur_take(v, len);
		nac_text(d->vendor, sizeof(d->vendor), p, len);
		break;
	case OPT_PARAMS:
		d->params[0] = '\0';
		while (sk_cur_left(v) > 0)
			nac_text_number(d->params, sizeof(d->params), sk_cur_u8(v));
		break;
	case OPT_CLIENT_ID:
		d->client_id_len =
			(uint8_t)(len < sizeof(d->client_id) ? len : sizeof(d->client_id));
		memcpy(d->client_id, sk_cur_take(v, len), d->client_id_len);
		break;
	default: break;
	}
}

/* false: an option reaches past the end. overload: value of option 52, if it comes. */
static bool options4(struct nac_dhcp4 *d, struct sk_cursor *c, uint8_t *overload)
{
	for (int i = 0; i < OPTIONS_MAX && sk_cur_left(c) > 0; i++) {
		uint8_t code = sk_cur_u8(c), len;
		struct sk_cursor v;

		if (code == OPT_PAD)
			continue;
		if (code == OPT_END)
			return true;
		len = sk_cur_u8(c);
		v = sk_cur_sub(c, len);
		if (!sk_cur_ok(c))
			return false;
		if (code == OPT_OVERLOAD && overload)
			*overload = sk_cur_u8(&v) & 3;
		else
			option4(d, code, &v);
	}
	return true;
}

bool nac_parse_dhcp4(struct sk_cursor *c, struct nac_dhcp4 *ret)
{
	uint8_t op = sk_cur_u8(c), htype = sk_cur_u8(c), hlen = sk_cur_u8(c), overload = 0;
	struct sk_cursor sname, file;

	sk_cur_skip(c, 9); /* hops, xid, secs, flags */
	one_ip(c, &ret->ciaddr);
	one_ip(c, &ret->yiaddr);
	sk_cur_skip(c, 8); /* siaddr, giaddr */
	nac_cur_mac(c, &ret->chaddr);
	sk_cur_skip(c, 10);
	sname = sk_cur_sub(c, 64);
	file = sk_cur_sub(c, 128);
	if (!sk_cur_ok(c) || op < 1 || op > 2 || htype != 1 || hlen != 6) {
		memset(ret, 0, sizeof(*ret));
		return false;
	}
	ret->reply = op == 2;
	if (sk_cur_left(c) == 0)
		return true; /* BOOTP without options */
	if (sk_cur_be32(c) != 0x63825363)
		return false;
	if (!options4(ret, c, &overload))
		return false;
	/* RFC 2132, 9.3: options go on in the file field, then in the server name's. */
	if ((overload & 1) && !options4(ret, &file, NULL))
		return false;
	return !(overload & 2) || options4(ret, &sname, NULL);
}

enum {
	D6_RELAY_FORW = 12,
	D6_RELAY_REPL = 13,
	O6_CLIENT = 1,
	O6_ORO = 6,
	O6_RELAY = 9,
	O6_VENDOR_CLASS = 16,
	O6_FQDN = 39,
	D6_RELAYS_MAX = 4,
};

static void option6(struct nac_dhcp6 *d, uint16_t code, struct sk_cursor *v)
{
	size_t len = sk_cur_left(v);
	const uint8_t *p;

	switch (code) {
	case O6_CLIENT:
		d->duid_len = (uint8_t)(len < sizeof(d->duid) ? len : sizeof(d->duid));
		memcpy(d->duid, sk_cur_take(v, len), d->duid_len);
		break;
	case O6_ORO:
		d->oro[0] = '\0';
		while (sk_cur_left(v) >= 2)
			nac_text_number(d->oro, sizeof(d->oro), sk_cur_be16(v));
		break;
	case O6_VENDOR_CLASS: d->enterprise = sk_cur_be32(v); break;
	case O6_FQDN:
		sk_cur_skip(v, 1);
		len = sk_cur_u8(v);
		p = sk_cur_take(v, len);
		if (p)
			nac_text(d->hostname, sizeof(d->hostname), p, len);
		break;
	default: break;
	}
}

bool nac_parse_dhcp6(struct sk_cursor *c, struct nac_dhcp6 *ret)
{
	struct sk_cursor in = *c;

	for (int depth = 0; depth <= D6_RELAYS_MAX; depth++) {
		struct sk_cursor inner = {0};
		bool relayed;

		ret->type = sk_cur_u8(&in);
		relayed = ret->type == D6_RELAY_FORW || ret->type == D6_RELAY_REPL;
		sk_cur_skip(&in, relayed ? 33 : 3);
		for (int i = 0; i < OPTIONS_MAX && sk_cur_left(&in) > 0; i++) {
			uint16_t code = sk_cur_be16(&in), len = sk_cur_be16(&in);
			struct sk_cursor v = sk_cur_sub(&in, len);

			if (!sk_cur_ok(&in))
				break;
			if (relayed && code == O6_RELAY)
				inner = v;
			else if (!relayed)
				option6(ret, code, &v);
		}
		if (!sk_cur_ok(&in))
			return false;
		if (!relayed) {
			ret->reply = ret->type == 2 || ret->type == 7 || ret->type == 10;
			return true;
		}
		if (!inner.p)
			return false;
		in = inner;
	}
	return false;
}
