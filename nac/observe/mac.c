/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC and IP addresses; see mac.h. */
#include "nac/observe/mac.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Digits between two separators: 2 with ':' or '-', 4 with '.', 12 without any. */
static unsigned group_of(const char *s)
{
	size_t n = strcspn(s, ":-.");

	if (s[n] == '\0')
		return n == 12 ? 12 : 0;
	if (s[n] == '.')
		return n == 4 ? 4 : 0;
	return n == 2 ? 2 : 0;
}

int nac_mac_parse(const char *s, struct nac_mac *ret)
{
	unsigned group = group_of(s), digits = 0;
	struct nac_mac m = {{0}};
	char sep = s[group];

	if (group == 0)
		return -EINVAL;
	while (digits < 12) {
		int d;

		if (digits > 0 && digits % group == 0 && *s++ != sep)
			return -EINVAL;
		d = hex_digit(*s++);
		if (d < 0)
			return -EINVAL;
		m.b[digits / 2] = (uint8_t)(m.b[digits / 2] << 4 | d);
		digits++;
	}
	if (*s)
		return -EINVAL;
	*ret = m;
	return 0;
}

char *nac_mac_format(const struct nac_mac *m, char *dst)
{
	snprintf(dst, NAC_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2],
		m->b[3], m->b[4], m->b[5]);
	return dst;
}

bool nac_mac_equal(const struct nac_mac *a, const struct nac_mac *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool nac_mac_is_zero(const struct nac_mac *m)
{
	static const struct nac_mac zero = {{0}};

	return nac_mac_equal(m, &zero);
}

bool nac_mac_is_group(const struct nac_mac *m)
{
	return m->b[0] & 1;
}

bool nac_mac_is_randomised(const struct nac_mac *m)
{
	return (m->b[0] & 3) == 2;
}

bool nac_mac_is_virtual_router(const struct nac_mac *m)
{
	static const struct {
		uint8_t b[5], len;
	} prefixes[] = {
		{{0x00, 0x00, 0x5e, 0x00, 0x01}, 5}, /* VRRP and CARP for IPv4 (RFC 9568) */
		{{0x00, 0x00, 0x5e, 0x00, 0x02}, 5}, /* for IPv6 */
		{{0x00, 0x00, 0x0c, 0x07, 0xac}, 5}, /* HSRP */
		{{0x00, 0x00, 0x0c, 0x9f, 0xf0}, 4}, /* HSRP version 2 */
		{{0x00, 0x05, 0x73, 0xa0, 0x00}, 4}, /* HSRP for IPv6 */
		{{0x00, 0x07, 0xb4, 0x00, 0x00}, 4}, /* GLBP */
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (memcmp(m->b, prefixes[i].b, prefixes[i].len) == 0)
			return true;
	}
	return false;
}

void nac_ip_set(struct nac_ip *ip, uint8_t family, const void *bytes)
{
	memset(ip, 0, sizeof(*ip));
	ip->family = family;
	memcpy(ip->a, bytes, family == 4 ? 4 : 16);
}

int nac_ip_parse(const char *s, struct nac_ip *ret)
{
	struct nac_ip ip = {.family = 4};

	if (inet_pton(AF_INET, s, ip.a) != 1) {
		ip.family = 6;
		if (inet_pton(AF_INET6, s, ip.a) != 1)
			return -EINVAL;
	}
	*ret = ip;
	return 0;
}

char *nac_ip_format(const struct nac_ip *ip, char *dst)
{
	dst[0] = '\0';
	if (ip->family)
		inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->a, dst, NAC_IP_TEXT);
	return dst;
}

bool nac_ip_equal(const struct nac_ip *a, const struct nac_ip *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool nac_ip_is_host(const struct nac_ip *ip)
{
	static const uint8_t zero[16], loopback6[16] = {[15] = 1};

	if (ip->family == 4)
		return ip->a[0] != 0 && ip->a[0] != 127 && ip->a[0] < 224;
	if (ip->family == 6)
		return ip->a[0] != 0xff && memcmp(ip->a, zero, 16) != 0 &&
			memcmp(ip->a, loopback6, 16) != 0;
	return false;
}

bool nac_ip_is_link_local(const struct nac_ip *ip)
{
	if (ip->family == 4)
		return ip->a[0] == 169 && ip->a[1] == 254;
	return ip->family == 6 && ip->a[0] == 0xfe && (ip->a[1] & 0xc0) == 0x80;
}

bool nac_ip_in(const struct nac_ip *ip, const struct nac_ip *net, unsigned bits)
{
	unsigned bytes = bits / 8, rest = bits % 8;

	if (ip->family != net->family || bits > (ip->family == 4 ? 32u : 128u))
		return false;
	if (memcmp(ip->a, net->a, bytes) != 0)
		return false;
	return rest == 0 || (ip->a[bytes] ^ net->a[bytes]) >> (8 - rest) == 0;
}
