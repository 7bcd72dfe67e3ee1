/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet with VLAN tags, IPv4, IPv6 with its extension headers, UDP, TCP: down to the protocol
 * that tells something of the sender. See sight.h.
 */
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "nac/observe/sight.h"

enum { ETH_IPV4 = 0x0800, ETH_ARP = 0x0806, ETH_IPV6 = 0x86dd, ETH_LLDP = 0x88cc };
enum { IP_ICMP6 = 58, IP_TCP = 6, IP_UDP = 17 };
enum { EXT_HOP = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_DEST = 60, EXT_MAX = 8 };
enum { TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10, TCP_OPTIONS_MAX = 16 };

void nac_text(char *dst, size_t cap, const void *p, size_t len)
{
	const char *s = p;

	while (len > 0 && (s[len - 1] == '\0' || s[len - 1] == ' ' || s[len - 1] == '.'))
		len--;
	sk_escape(dst, cap, s ? s : "", len);
}

void nac_text_number(char *dst, size_t cap, unsigned n)
{
	size_t len = strlen(dst);
	char word[16];
	int w = snprintf(word, sizeof(word), "%s%u", len ? "," : "", n);

	if (len + (size_t)w < cap)
		memcpy(dst + len, word, (size_t)w + 1);
}

void nac_cur_ip(struct sk_cursor *c, uint8_t family, struct nac_ip *ret)
{
	const uint8_t *p = sk_cur_take(c, family == 4 ? 4 : 16);

	if (p)
		nac_ip_set(ret, family, p);
	else
		memset(ret, 0, sizeof(*ret));
}

void nac_cur_mac(struct sk_cursor *c, struct nac_mac *ret)
{
	const uint8_t *p = sk_cur_take(c, sizeof(ret->b));

	if (p)
		memcpy(ret->b, p, sizeof(ret->b));
	else
		memset(ret, 0, sizeof(*ret));
}

/* 0.0.0.0 says "none yet" in ARP and DHCP. */
static void none_if_zero(struct nac_ip *ip)
{
	static const uint8_t zero[16];

	if (memcmp(ip->a, zero, sizeof(zero)) == 0)
		ip->family = 0;
}

bool nac_parse_arp(struct sk_cursor *c, struct nac_arp *ret)
{
	uint16_t hw = sk_cur_be16(c), proto = sk_cur_be16(c);
	uint8_t hlen = sk_cur_u8(c), plen = sk_cur_u8(c);

	ret->op = sk_cur_be16(c);
	if (!sk_cur_ok(c) || hw != 1 || proto != ETH_IPV4 || hlen != 6 || plen != 4)
		return false;
	nac_cur_mac(c, &ret->sha);
	nac_cur_ip(c, 4, &ret->spa);
	nac_cur_mac(c, &ret->tha);
	nac_cur_ip(c, 4, &ret->tpa);
	none_if_zero(&ret->spa);
	none_if_zero(&ret->tpa);
	return sk_cur_ok(c);
}

static void udp(struct nac_sight *s, struct sk_cursor *c)
{
	uint16_t sport = sk_cur_be16(c), dport = sk_cur_be16(c);
	enum nac_sight_kind kind = NAC_SIGHT_NAME;
	bool fine = true;

	sk_cur_skip(c, 4);
	if (!sk_cur_ok(c))
		return;
	if ((sport == 67 || sport == 68) && (dport == 67 || dport == 68)) {
		kind = NAC_SIGHT_DHCP4;
		fine = nac_parse_dhcp4(c, &s->dhcp4);
	} else if ((sport == 546 || sport == 547) && (dport == 546 || dport == 547)) {
		kind = NAC_SIGHT_DHCP6;
		fine = nac_parse_dhcp6(c, &s->dhcp6);
	} else if (sport == 5353) {
		fine = nac_parse_mdns(c, &s->name);
	} else if (sport == 5355) {
		fine = nac_parse_llmnr(c, &s->name);
	} else if (sport == 137) {
		fine = nac_parse_nbns(c, &s->name);
	} else if (sport == 138) {
		fine = nac_parse_nbds(c, &s->name);
	} else if (sport == 1900 || dport == 1900) {
		fine = nac_parse_ssdp(c, &s->name);
	} else {
		return;
	}
	s->kind = kind;
	s->malformed = !fine;
}

static void append(char *dst, size_t cap, const char *word)
{
	size_t len = strlen(dst);

	snprintf(dst + len, cap - len, "%s", word);
}

/* The order of the options is the stack's; the values beside it are its builder's choice. */
static void tcp_options(struct nac_tcp *t, struct sk_cursor *o)
{
	for (int i = 0; i < TCP_OPTIONS_MAX && sk_cur_left(o) > 0; i++) {
		uint8_t kind = sk_cur_u8(o), len;
		char word[16] = "eol";
		struct sk_cursor v;

		if (kind == 1)
			snprintf(word, sizeof(word), "nop");
		if (kind > 1) {
			len = sk_cur_u8(o);
			if (!sk_cur_ok(o) || len < 2)
				return;
			v = sk_cur_sub(o, len - 2u);
			if (kind == 2)
				snprintf(word, sizeof(word), "mss");
			else if (kind == 3)
				snprintf(word, sizeof(word), "ws%u", sk_cur_u8(&v));
			else if (kind == 4)
				snprintf(word, sizeof(word), "sok");
			else if (kind == 8)
				snprintf(word, sizeof(word), "ts");
			else
				snprintf(word, sizeof(word), "%u", kind);
		}
		append(t->sig, sizeof(t->sig), i ? "," : "");
		append(t->sig, sizeof(t->sig), word);
		if (kind == 0)
			return;
	}
}

static void tcp(struct nac_sight *s, struct sk_cursor *c, bool df)
{
	uint8_t data, flags, hops = s->hops;
	struct sk_cursor o;
	struct nac_tcp t = {0};

	t.sport = sk_cur_be16(c);
	t.dport = sk_cur_be16(c);
	sk_cur_skip(c, 8);
	data = sk_cur_u8(c) >> 4;
	flags = sk_cur_u8(c);
	sk_cur_skip(c, 6);
	if (!sk_cur_ok(c) || data < 5 || !(flags & TCP_SYN) || (flags & TCP_RST))
		return;
	o = sk_cur_sub(c, (size_t)(data - 5) * 4);
	if (!sk_cur_ok(c))
		return;
	s->kind = flags & TCP_ACK ? NAC_SIGHT_SYNACK : NAC_SIGHT_SYN;
	/* The value the sender started from: stacks use 32, 64, 128 or 255. */
	snprintf(t.sig, sizeof(t.sig), "%d:",
		hops <= 32            ? 32
			: hops <= 64  ? 64
			: hops <= 128 ? 128
				      : 255);
	tcp_options(&t, &o);
	append(t.sig, sizeof(t.sig), df ? ":df" : ":");
	s->tcp = t;
}

static void ipv4(struct nac_sight *s, struct sk_cursor *c)
{
	size_t before = sk_cur_left(c), rest;
	uint8_t vhl = sk_cur_u8(c), proto;
	uint16_t total, frag;
	struct sk_cursor l4;

	sk_cur_skip(c, 1);
	total = sk_cur_be16(c);
	sk_cur_skip(c, 2);
	frag = sk_cur_be16(c);
	s->hops = sk_cur_u8(c);
	proto = sk_cur_u8(c);
	sk_cur_skip(c, 2);
	nac_cur_ip(c, 4, &s->from);
	nac_cur_ip(c, 4, &s->to);
	sk_cur_skip(c, ((vhl & 0xfu) > 5 ? (vhl & 0xfu) - 5 : 0) * 4);
	if (!sk_cur_ok(c) || vhl >> 4 != 4 || (vhl & 0xf) < 5) {
		s->malformed = true;
		s->from.family = s->to.family = 0;
		return;
	}
	if (frag & 0x3fff) /* a piece: more follow, or not the first */
		return;
	rest = sk_cur_left(c);
	if (total >= before - rest && total - (before - rest) < rest)
		rest = total - (before - rest); /* without Ethernet's padding */
	l4 = sk_cur_sub(c, rest);
	if (proto == IP_UDP)
		udp(s, &l4);
	else if (proto == IP_TCP)
		tcp(s, &l4, frag & 0x4000);
}

static void icmp6(struct nac_sight *s, struct sk_cursor *c)
{
	static const enum nac_sight_kind kinds[] = {
		NAC_SIGHT_RS, NAC_SIGHT_RA, NAC_SIGHT_NS, NAC_SIGHT_NA};
	uint8_t type = sk_cur_u8(c), code = sk_cur_u8(c);

	sk_cur_skip(c, 2);
	/* Routed ones are no neighbour's: hop limit 255, code 0 (RFC 4861, 6.1 and 7.1). */
	if (!sk_cur_ok(c) || type < 133 || type > 136 || code != 0 || s->hops != 255)
		return;
	s->kind = kinds[type - 133];
	s->malformed = !nac_parse_nd(c, type, &s->nd);
}

/* Step over extension headers; rogue advertisements hide behind them (RFC 7113). */
static bool ext_headers(struct sk_cursor *c, uint8_t *next)
{
	for (int i = 0; i < EXT_MAX; i++) {
		uint8_t this = *next, len;

		if (this != EXT_HOP && this != EXT_ROUTING && this != EXT_FRAGMENT &&
			this != EXT_DEST)
			return true;
		*next = sk_cur_u8(c);
		len = sk_cur_u8(c);
		if (this == EXT_FRAGMENT) {
			if (sk_cur_be16(c) & 0xfff8)
				return false; /* not the first piece */
			sk_cur_skip(c, 4);
		} else {
			sk_cur_skip(c, 6u + len * 8u);
		}
		if (!sk_cur_ok(c))
			return false;
	}
	return false;
}

static void ipv6(struct nac_sight *s, struct sk_cursor *c)
{
	uint32_t first = sk_cur_be32(c);
	uint16_t payload = sk_cur_be16(c);
	uint8_t next = sk_cur_u8(c);
	struct sk_cursor body;
	size_t rest;

	s->hops = sk_cur_u8(c);
	nac_cur_ip(c, 6, &s->from);
	nac_cur_ip(c, 6, &s->to);
	if (!sk_cur_ok(c) || first >> 28 != 6) {
		s->malformed = true;
		s->from.family = s->to.family = 0;
		return;
	}
	none_if_zero(&s->from);
	rest = sk_cur_left(c);
	body = sk_cur_sub(c, payload && payload < rest ? payload : rest);
	if (!ext_headers(&body, &next))
		return;
	if (next == IP_ICMP6)
		icmp6(s, &body);
	else if (next == IP_UDP)
		udp(s, &body);
	else if (next == IP_TCP)
		tcp(s, &body, true);
}

/* IEEE 802.3 length instead of a type: LLC, where spanning tree and CDP are. */
static void llc(struct nac_sight *s, struct sk_cursor *c)
{
	static const uint8_t cdp[] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00};
	static const uint8_t pvst[] = {0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x01, 0x0b};
	const uint8_t *p = sk_cur_take(c, 3);
	const uint8_t *q;

	if (!p)
		return;
	if (p[0] == 0x42 && p[1] == 0x42 && p[2] == 0x03) {
		s->kind = NAC_SIGHT_LINK;
		s->link.caps = NAC_LINK_BRIDGE;
		return;
	}
	q = sk_cur_take(c, 5);
	if (!q || memcmp(p, cdp, 3) != 0)
		return;
	if (memcmp(q, pvst + 3, 5) == 0) {
		s->kind = NAC_SIGHT_LINK;
		s->link.caps = NAC_LINK_BRIDGE;
	} else if (memcmp(q, cdp + 3, 5) == 0) {
		s->kind = NAC_SIGHT_LINK;
		s->malformed = !nac_parse_cdp(c, &s->link);
	}
}

bool nac_sight_parse(const uint8_t *p, size_t len, struct nac_sight *ret)
{
	struct sk_cursor c;

	memset(ret, 0, sizeof(*ret));
	sk_cur_init(&c, p, len);
	nac_cur_mac(&c, &ret->dst);
	nac_cur_mac(&c, &ret->src);
	ret->type = sk_cur_be16(&c);
	for (int i = 0; i < 2 && (ret->type == 0x8100 || ret->type == 0x88a8); i++) {
		uint16_t tag = sk_cur_be16(&c) & 0xfff;

		if (ret->vlan == 0)
			ret->vlan = tag;
		ret->type = sk_cur_be16(&c);
	}
	if (!sk_cur_ok(&c) || nac_mac_is_group(&ret->src) || nac_mac_is_zero(&ret->src)) {
		memset(ret, 0, sizeof(*ret));
		return false;
	}
	switch (ret->type) {
	case ETH_ARP:
		ret->kind = NAC_SIGHT_ARP;
		ret->malformed = !nac_parse_arp(&c, &ret->arp);
		break;
	case ETH_IPV4: ipv4(ret, &c); break;
	case ETH_IPV6: ipv6(ret, &c); break;
	case ETH_LLDP:
		ret->kind = NAC_SIGHT_LINK;
		ret->malformed = !nac_parse_lldp(&c, &ret->link);
		break;
	default:
		if (ret->type < 0x600)
			llc(ret, &c);
	}
	return true;
}
