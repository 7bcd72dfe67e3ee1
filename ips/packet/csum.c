/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum. Only used where checksums are to be verified or a packet is made: neither
 * captures nor the queue need it for each packet.
 */
#include "ips/packet/csum.h"

#include <netinet/in.h>
#include <string.h>

uint32_t ips_csum_add(uint32_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t s = sum;

	for (; n >= 2; n -= 2, b += 2)
		s += (uint32_t)(b[0] << 8 | b[1]);
	if (n)
		s += (uint32_t)(b[0] << 8);
	while (s >> 32)
		s = (s & UINT32_MAX) + (s >> 32);
	return (uint32_t)s;
}

uint16_t ips_csum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t ips_csum_pseudo(uint8_t family, const struct ips_addr *src, const struct ips_addr *dst,
	uint8_t proto, uint32_t n)
{
	size_t len = family == 6 ? 16 : 4;
	uint32_t sum = ips_csum_add(ips_csum_add(0, src->w, len), dst->w, len);
	uint8_t rest[8] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, 0,
		0, 0, proto};

	return ips_csum_add(sum, rest, sizeof(rest));
}

/* How many bytes of layer 4 its checksum covers; 0: it has none. */
static uint32_t covered(const struct ips_packet *p)
{
	switch (p->proto) {
	case IPPROTO_TCP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: return p->l4.len;
	case IPPROTO_UDP:
		/* IPv4: no checksum (RFC 768). */
		if (p->l4.len < 8 || (p->family == 4 && !p->l4.data[6] && !p->l4.data[7]))
			return 0;
		return p->l4_len_claimed && p->l4_len_claimed < p->l4.len ? p->l4_len_claimed
									  : p->l4.len;
	default: return 0;
	}
}

bool ips_csum_verify(const struct ips_packet *p)
{
	uint32_t n = covered(p), sum = 0;

	if (p->family == 4 && p->l3.len >= p->ip_hlen &&
		ips_csum_end(ips_csum_add(0, p->l3.data, p->ip_hlen)) != 0)
		return false;
	if (!n)
		return true;
	if (p->proto != IPPROTO_ICMP)
		sum = ips_csum_pseudo(p->family, &p->src, &p->dst, p->proto, n);
	return ips_csum_end(ips_csum_add(sum, p->l4.data, n)) == 0;
}
