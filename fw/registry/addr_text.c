/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses as text, in and out. Errors leave err->path empty: the caller knows the field.
 * Addresses are digits, never names to be looked up.
 */
#include "fw/registry/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fw/registry/text.h"
#include "lib/util.h"

#define ADDR_TEXT_MAX 64

static unsigned __int128 load6(const uint8_t b[16])
{
	unsigned __int128 v = 0;

	for (int i = 0; i < 16; i++)
		v = v << 8 | b[i];
	return v;
}

/* Without a message: for trying. */
static int ip_parse(const char *s, struct fw_ip *ret)
{
	struct in6_addr a6;
	struct in_addr a4;

	if (inet_pton(AF_INET, s, &a4) == 1) {
		*ret = (struct fw_ip){4, ntohl(a4.s_addr)};
		return 0;
	}
	if (inet_pton(AF_INET6, s, &a6) == 1) {
		*ret = (struct fw_ip){6, load6(a6.s6_addr)};
		return 0;
	}
	return -EINVAL;
}

int fw_ip_parse(const char *s, struct fw_ip *ret, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	if (ip_parse(s, ret) == 0)
		return 0;
	return sk_err_set(err, -EINVAL, NULL,
		"'%s' is not an address; write one such as 192.0.2.1 or 2001:db8::1",
		"「%s」はIPアドレスではありません。192.0.2.1 や 2001:db8::1 のように書いてください",
		fw_quote(q, s));
}

static int bad_item(const char *item, struct sk_err *err)
{
	char q[FW_QUOTE_MAX];

	return sk_err_set(err, -EINVAL, NULL,
		"'%s' is not an address; write 192.0.2.1, 192.0.2.0/24, 192.0.2.10-192.0.2.20, "
		"2001:db8::/32 or the name of an object",
		"「%s」はIPアドレスとして読めません。192.0.2.1、192.0.2.0/"
		"24、192.0.2.10-192.0.2.20、"
		"2001:db8::/32 またはオブジェクト名を書いてください",
		fw_quote(q, item));
}

static unsigned __int128 host_mask(const struct fw_ip *ip, unsigned prefix)
{
	unsigned bits = ip->family == 4 ? 32 : 128, host = bits - prefix;

	if (host == 128)
		return (unsigned __int128)-1;
	return ((unsigned __int128)1 << host) - 1;
}

static int add_range(struct fw_addrs *a, const struct fw_ip *lo, const struct fw_ip *hi)
{
	if (lo->family == 4)
		return fw_addrs_add4(a, (uint32_t)lo->a, (uint32_t)hi->a);
	return fw_addrs_add6(a, lo->a, hi->a);
}

static int host_bits(const char *item, const struct fw_ip *ip, unsigned prefix, struct sk_err *err)
{
	struct fw_ip net = {ip->family, ip->a & ~host_mask(ip, prefix)};
	char q[FW_QUOTE_MAX], qnet[ADDR_TEXT_MAX], qhost[ADDR_TEXT_MAX];

	fw_ip_format(&net, qnet, sizeof(qnet));
	fw_ip_format(ip, qhost, sizeof(qhost));
	return sk_err_set(err, -EINVAL, NULL,
		"'%s' names a host and a network; write %s/%u for the network or %s for the host",
		"「%s」はネットワークとホストの混同です。ネットワークなら %s/%u、1台なら %s "
		"と書いてください",
		fw_quote(q, item), qnet, prefix, qhost);
}

static int add_cidr(
	struct fw_addrs *a, const char *item, const char *addr, const char *len, struct sk_err *err)
{
	struct fw_ip lo, hi;
	uint64_t prefix;

	if (ip_parse(addr, &lo) < 0)
		return bad_item(item, err);
	if (sk_parse_u64(len, lo.family == 4 ? 32 : 128, &prefix) < 0 || strlen(len) > 3 ||
		(len[0] == '0' && len[1])) {
		char q[FW_QUOTE_MAX];

		return sk_err_set(err, -EINVAL, NULL,
			"'%s': the prefix length must be a number from 0 to %d",
			"「%s」: プレフィックス長は 0 から %d の数字で書いてください",
			fw_quote(q, item), lo.family == 4 ? 32 : 128);
	}
	if (lo.a & host_mask(&lo, (unsigned)prefix))
		return host_bits(item, &lo, (unsigned)prefix, err);
	hi = (struct fw_ip){lo.family, lo.a | host_mask(&lo, (unsigned)prefix)};
	return add_range(a, &lo, &hi) < 0 ? sk_err_nomem(err) : 0;
}

static int add_span(struct fw_addrs *a, const char *item, const char *first, const char *last,
	struct sk_err *err)
{
	struct fw_ip lo, hi;
	char q[FW_QUOTE_MAX];

	if (ip_parse(first, &lo) < 0 || ip_parse(last, &hi) < 0 || lo.family != hi.family)
		return bad_item(item, err);
	if (lo.a > hi.a)
		return sk_err_set(err, -EINVAL, NULL,
			"'%s': the range ends before it begins; write the lower address first",
			"「%s」: 範囲の順序が逆です。小さいアドレスを先に書いてください",
			fw_quote(q, item));
	return add_range(a, &lo, &hi) < 0 ? sk_err_nomem(err) : 0;
}

int fw_addrs_add(struct fw_addrs *a, const char *item, struct sk_err *err)
{
	char text[2 * ADDR_TEXT_MAX], *sep, *second;
	struct fw_ip ip;

	if (strlen(item) >= sizeof(text))
		return bad_item(item, err);
	memcpy(text, item, strlen(item) + 1);
	sep = strpbrk(text, "/-");
	if (!sep) {
		if (ip_parse(text, &ip) < 0)
			return bad_item(item, err);
		return add_range(a, &ip, &ip) < 0 ? sk_err_nomem(err) : 0;
	}
	second = sep + 1;
	if (*sep == '/') {
		*sep = '\0';
		return add_cidr(a, item, text, second, err);
	}
	second += strspn(second, " ");
	*sep = '\0';
	while (sep > text && sep[-1] == ' ')
		*--sep = '\0';
	return add_span(a, item, text, second, err);
}

void fw_ip_format(const struct fw_ip *ip, char *dst, size_t cap)
{
	struct in6_addr a6;
	uint32_t a = (uint32_t)ip->a;

	if (ip->family == 4) {
		snprintf(dst, cap, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255);
		return;
	}
	for (int i = 0; i < 16; i++)
		a6.s6_addr[i] = (uint8_t)(ip->a >> (8 * (15 - i)));
	/* glibc's output is the canonical form of RFC 5952. */
	if (!inet_ntop(AF_INET6, &a6, dst, (socklen_t)cap))
		snprintf(dst, cap, "?");
}

void fw_ip_put(struct sk_buf *b, const struct fw_ip *ip)
{
	char text[ADDR_TEXT_MAX];

	fw_ip_format(ip, text, sizeof(text));
	sk_buf_puts(b, text);
}

/* Prefix length if lo-hi is one network, else -1. */
static int prefix_of(const struct fw_ip *lo, const struct fw_ip *hi)
{
	unsigned bits = lo->family == 4 ? 32 : 128;
	unsigned __int128 size = hi->a - lo->a, one = 1;
	unsigned host = 0;

	while (host < bits && (size >> host & 1))
		host++;
	if (host < 128 && size != (one << host) - 1)
		return -1;
	if (lo->a & size)
		return -1;
	return (int)(bits - host);
}

static void put_range(struct sk_buf *b, const struct fw_ip *lo, const struct fw_ip *hi, bool comma)
{
	int prefix = prefix_of(lo, hi);

	if (comma)
		sk_buf_putc(b, ',');
	fw_ip_put(b, lo);
	if (lo->a == hi->a)
		return;
	if (prefix >= 0) {
		sk_buf_printf(b, "/%d", prefix);
		return;
	}
	sk_buf_putc(b, '-');
	fw_ip_put(b, hi);
}

void fw_addrs_put(struct sk_buf *b, const struct fw_addrs *a)
{
	if (a->any) {
		sk_buf_puts(b, "any");
		return;
	}
	for (size_t i = 0; i < a->n4; i++)
		put_range(
			b, &(struct fw_ip){4, a->v4[i].lo}, &(struct fw_ip){4, a->v4[i].hi}, i > 0);
	for (size_t i = 0; i < a->n6; i++)
		put_range(b, &(struct fw_ip){6, a->v6[i].lo}, &(struct fw_ip){6, a->v6[i].hi},
			i > 0 || a->n4 > 0);
}
