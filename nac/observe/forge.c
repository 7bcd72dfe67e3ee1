/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP (RFC 826) and ICMPv6 (RFC 4443, 4861) frames; see forge.h. */
#include "nac/observe/forge.h"

#include <string.h>

enum { ETH = 14, ARP_LEN = 28, ETH_MIN = 60, IP6 = 40, NA_LEN = 32, ECHO_LEN = 8 };

static void ethernet(
	uint8_t *p, const struct nac_mac *to, const struct nac_mac *from, uint16_t type)
{
	memcpy(p, to->b, 6);
	memcpy(p + 6, from->b, 6);
	p[12] = (uint8_t)(type >> 8);
	p[13] = (uint8_t)type;
}

static size_t arp(uint8_t *dst, uint8_t op, const struct nac_mac *sha, const struct nac_ip *spa)
{
	static const uint8_t head[] = {0, 1, 8, 0, 6, 4, 0};
	uint8_t *p = dst + ETH;

	memset(p, 0, ETH_MIN - ETH);
	memcpy(p, head, sizeof(head));
	p[7] = op;
	memcpy(p + 8, sha->b, 6);
	memcpy(p + 14, spa->a, 4);
	return ETH_MIN;
}

/* Over the pseudo-header (RFC 8200, 8.1) and the message, its checksum field being zero. */
static void checksum(uint8_t *ip6, size_t len)
{
	uint32_t sum = (uint32_t)len + 58;
	uint8_t *m = ip6 + IP6;

	for (size_t i = 8; i < IP6; i += 2)
		sum += (uint32_t)ip6[i] << 8 | ip6[i + 1];
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)m[i] << 8 | m[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	m[2] = (uint8_t)(~sum >> 8);
	m[3] = (uint8_t)~sum;
}

static uint8_t *ip6_header(uint8_t *dst, size_t len, const uint8_t src[16], const uint8_t to[16])
{
	uint8_t *p = dst + ETH;

	memset(p, 0, IP6 + len);
	p[0] = 0x60;
	p[5] = (uint8_t)len;
	p[6] = 58;
	p[7] = 255;
	memcpy(p + 8, src, 16);
	memcpy(p + 24, to, 16);
	return p + IP6;
}

/* All nodes, but to one device's MAC: nobody's link-local address need be known. */
static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};

size_t nac_forge(const struct nac_forge *f, uint8_t *dst)
{
	uint8_t *m;

	if (f->ip.family == 4) {
		ethernet(dst, &f->to, &f->from, 0x0806);
		arp(dst, 2, &f->mac, &f->ip);
		memcpy(dst + ETH + 18, f->mac.b, 6);
		memcpy(dst + ETH + 24, f->ip.a, 4);
		return ETH_MIN;
	}
	ethernet(dst, &f->to, &f->from, 0x86dd);
	m = ip6_header(dst, NA_LEN, f->ip.a, all_nodes);
	m[0] = 136;
	m[4] = f->router ? 0xa0 : 0x20;
	memcpy(m + 8, f->ip.a, 16);
	m[24] = 2;
	m[25] = 1;
	memcpy(m + 26, f->mac.b, 6);
	checksum(dst + ETH, NA_LEN);
	return ETH + IP6 + NA_LEN;
}

size_t nac_forge_arp_ask(const struct nac_mac *own_mac, const struct nac_ip *own,
	const struct nac_ip *ip, uint8_t *dst)
{
	static const struct nac_mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	ethernet(dst, &everybody, own_mac, 0x0806);
	arp(dst, 1, own_mac, own);
	memcpy(dst + ETH + 24, ip->a, 4);
	return ETH_MIN;
}

size_t nac_forge_echo_all(const struct nac_mac *own_mac, const struct nac_ip *own, uint8_t *dst)
{
	static const struct nac_mac group = {{0x33, 0x33, 0, 0, 0, 1}};
	uint8_t *m;

	ethernet(dst, &group, own_mac, 0x86dd);
	m = ip6_header(dst, ECHO_LEN, own->a, all_nodes);
	dst[ETH + 7] = 1; /* hop limit */
	m[0] = 128;
	m[5] = 0x5e;
	checksum(dst + ETH, ECHO_LEN);
	return ETH + IP6 + ECHO_LEN;
}
