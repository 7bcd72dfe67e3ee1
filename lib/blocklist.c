/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of blocklists: what is one, in which form, and what two of them have in common. Used
 * by the document (blocklist_doc.c), by the parsers of feeds and by what people type. Pure.
 */
#include "lib/blocklist.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"

#define LABEL_MAX 63 /* RFC 1035, 2.3.4 */
#define NAME_LEN_MAX 253
#define ADDR_TEXT_MAX 64 /* longer is no address */
#define JA4_PART 12

typedef unsigned __int128 u128;

static const struct {
	char c;
	const char *name;
} kinds[SK_BL_KINDS] = {
	[SK_BL_ADDR4] = {'4', "ipv4"},
	[SK_BL_ADDR6] = {'6', "ipv6"},
	[SK_BL_DOMAIN] = {'d', "domain"},
	[SK_BL_SUFFIX] = {'s', "suffix"},
	[SK_BL_URL] = {'u', "url"},
	[SK_BL_JA3] = {'j', "ja3"},
	[SK_BL_JA4] = {'k', "ja4"},
	[SK_BL_CERT] = {'c', "certificate"},
};

char sk_bl_kind_char(enum sk_bl_kind k)
{
	return kinds[k].c;
}

const char *sk_bl_kind_name(enum sk_bl_kind k)
{
	return kinds[k].name;
}

int sk_bl_kind_parse(const char *name, enum sk_bl_kind *ret)
{
	for (unsigned k = 0; k < SK_BL_KINDS; k++) {
		if (strcmp(kinds[k].name, name) == 0) {
			*ret = k;
			return 0;
		}
	}
	return -EINVAL;
}

/* ---- addresses ----
 */
/* Four decimal numbers without leading zeros: "010" is octal to some and decimal to others. */
static bool parse4(const char *s, size_t n, u128 *ret)
{
	uint32_t a = 0;
	size_t i = 0;

	for (int part = 0; part < 4; part++) {
		unsigned v = 0, digits = 0;

		if (part && (i >= n || s[i++] != '.'))
			return false;
		for (; i < n && s[i] >= '0' && s[i] <= '9' && digits < 4; i++, digits++)
			v = v * 10 + (unsigned)(s[i] - '0');
		if (digits == 0 || digits > 3 || v > 255 || (digits > 1 && s[i - digits] == '0'))
			return false;
		a = a << 8 | v;
	}
	*ret = a;
	return i == n;
}

static bool parse6(const char *s, size_t n, u128 *ret)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in;
	u128 a = 0;

	if (n >= sizeof(text) || memchr(s, '\0', n))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	if (inet_pton(AF_INET6, text, &in) != 1)
		return false;
	for (int i = 0; i < 16; i++)
		a = a << 8 | in.s6_addr[i];
	*ret = a;
	return true;
}

static bool parse_addr(enum sk_bl_kind k, const char *s, size_t n, u128 *ret)
{
	return k == SK_BL_ADDR4 ? parse4(s, n, ret) : parse6(s, n, ret);
}

static int prefix_len(const char *s, size_t n, unsigned max)
{
	unsigned v = 0;

	if (n == 0 || n > 3 || (n > 1 && s[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	return v <= max ? (int)v : -EINVAL;
}

/* All bits below the first n of max, in place. */
static u128 host_bits(unsigned n, unsigned max)
{
	return n == 0 ? (max == 128 ? ~(u128)0 : ((u128)1 << max) - 1) : ((u128)1 << (max - n)) - 1;
}

int sk_bl_range(enum sk_bl_kind k, const char *s, size_t n, u128 *ret_lo, u128 *ret_hi)
{
	const unsigned max = k == SK_BL_ADDR4 ? 32 : 128;
	const char *slash, *dash;
	u128 lo, hi;

	if ((k != SK_BL_ADDR4 && k != SK_BL_ADDR6) || n == 0 || n > 2 * ADDR_TEXT_MAX)
		return -EINVAL;
	slash = memchr(s, '/', n);
	dash = memchr(s, '-', n);
	if (dash) {
		if (!parse_addr(k, s, (size_t)(dash - s), &lo) ||
			!parse_addr(k, dash + 1, (size_t)(s + n - dash - 1), &hi) || lo > hi)
			return -EINVAL;
	} else if (slash) {
		int len = prefix_len(slash + 1, (size_t)(s + n - slash - 1), max);

		if (len < 0 || !parse_addr(k, s, (size_t)(slash - s), &lo))
			return -EINVAL;
		/* Lists do hold "192.0.2.1/24": the network is meant. */
		lo &= ~host_bits((unsigned)len, max);
		hi = lo | host_bits((unsigned)len, max);
	} else {
		if (!parse_addr(k, s, n, &lo))
			return -EINVAL;
		hi = lo;
	}
	*ret_lo = lo;
	*ret_hi = hi;
	return 0;
}

static size_t addr_text(enum sk_bl_kind k, u128 a, char *dst, size_t cap)
{
	uint8_t b[16];

	for (int i = 15; i >= 0; i--, a >>= 8)
		b[i] = (uint8_t)a;
	if (k == SK_BL_ADDR4)
		return (size_t)snprintf(dst, cap, "%u.%u.%u.%u", b[12], b[13], b[14], b[15]);
	return inet_ntop(AF_INET6, b, dst, (socklen_t)cap) ? strlen(dst) : 0;
}

int sk_bl_range_text(enum sk_bl_kind k, u128 lo, u128 hi, char *dst, size_t cap)
{
	const unsigned max = k == SK_BL_ADDR4 ? 32 : 128;
	size_t n = addr_text(k, lo, dst, cap);

	if (lo == hi)
		return (int)n;
	for (unsigned len = 0; len < max; len++) {
		u128 bits = host_bits(len, max);

		if ((lo & bits) == 0 && (lo | bits) == hi)
			return (int)(n + (size_t)snprintf(dst + n, cap - n, "/%u", len));
	}
	dst[n++] = '-';
	return (int)(n + addr_text(k, hi, dst + n, cap - n));
}

/* ---- names ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/*
 * RFC 1035, 2.3.1, with the underscore that names of services have; the top label is not all
 * digits (RFC 3696, 2), so no address is taken for a name.
 */
static int name_canonical(const char *s, size_t n, char *dst)
{
	size_t label = 0, labels = 1;
	bool digits = true;

	if (n && s[n - 1] == '.')
		n--;
	if (n == 0 || n > NAME_LEN_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		char c = lower(s[i]);

		dst[i] = c;
		if (c == '.') {
			if (label == 0 || dst[i - 1] == '-')
				return -EINVAL;
			label = 0;
			digits = true;
			labels++;
			continue;
		}
		if (!name_char(c) || (c == '-' && label == 0) || ++label > LABEL_MAX)
			return -EINVAL;
		digits = digits && c >= '0' && c <= '9';
	}
	if (label == 0 || digits || labels < 2 || dst[n - 1] == '-')
		return -EINVAL;
	dst[n] = '\0';
	return (int)n;
}

/* ---- URLs ---- */

static bool has_prefix(const char *s, size_t n, const char *prefix)
{
	size_t len = strlen(prefix);

	for (size_t i = 0; i < len; i++)
		if (i >= n || lower(s[i]) != prefix[i])
			return false;
	return true;
}

/* "host" or "host:port", a default port left out; returns its length in dst. */
static int authority_canonical(const char *s, size_t n, unsigned port_default, char *dst)
{
	size_t host = n;
	unsigned port = 0;
	u128 a;
	int len;

	for (size_t i = n; i-- > 0 && s[i] != ']';) {
		if (s[i] == ':') {
			host = i;
			break;
		}
	}
	for (size_t i = host + 1; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' || n - host > 6)
			return -EINVAL;
		port = port * 10 + (unsigned)(s[i] - '0');
	}
	if (port > 65535)
		return -EINVAL;
	if (host > 2 && s[0] == '[' && s[host - 1] == ']') {
		if (!parse6(s + 1, host - 2, &a))
			return -EINVAL;
		dst[0] = '[';
		len = (int)addr_text(SK_BL_ADDR6, a, dst + 1, ADDR_TEXT_MAX) + 1;
		dst[len++] = ']';
	} else if (parse4(s, host, &a)) {
		len = (int)addr_text(SK_BL_ADDR4, a, dst, ADDR_TEXT_MAX);
	} else {
		len = name_canonical(s, host, dst);
	}
	if (len > 0 && port && port != port_default)
		len += snprintf(dst + len, 8, ":%u", port);
	return len;
}

static int url_canonical(const char *s, size_t n, char *dst)
{
	unsigned port = 80;
	size_t host = 0, at;
	int len;

	if (has_prefix(s, n, "http://")) {
		s += 7, n -= 7;
	} else if (has_prefix(s, n, "https://")) {
		s += 8, n -= 8;
		port = 443;
	}
	while (host < n && s[host] != '/' && s[host] != '?' && s[host] != '#')
		host++;
	at = host;
	while (at > 0 && s[at - 1] != '@')
		at--;
	len = authority_canonical(s + at, host - at, port, dst);
	if (len < 0)
		return len;
	if (host >= n || s[host] != '/')
		dst[len++] = '/';
	for (size_t i = host; i < n && s[i] != '#'; i++) {
		/* What no URL may hold (RFC 3986, 2) and would break the line it stands in. */
		if ((uint8_t)s[i] <= 0x20 || s[i] == 0x7f || len >= SK_BL_VALUE_MAX)
			return -EINVAL;
		dst[len++] = s[i];
	}
	dst[len] = '\0';
	return len;
}

/* ---- fingerprints ---- */

static int hex_canonical(const char *s, size_t n, char *dst)
{
	for (size_t i = 0; i < n; i++) {
		dst[i] = lower(s[i]);
		if (!((dst[i] >= '0' && dst[i] <= '9') || (dst[i] >= 'a' && dst[i] <= 'f')))
			return -EINVAL;
	}
	dst[n] = '\0';
	return (int)n;
}

/* a_b_c: ten characters that say what the hello was, then twelve hex digits twice. */
static int ja4_canonical(const char *s, size_t n, char *dst)
{
	if (n != 10 + 2 * (JA4_PART + 1) || s[10] != '_' || s[11 + JA4_PART] != '_')
		return -EINVAL;
	for (size_t i = 0; i < 10; i++) {
		dst[i] = lower(s[i]);
		if (!((dst[i] >= '0' && dst[i] <= '9') || (dst[i] >= 'a' && dst[i] <= 'z')))
			return -EINVAL;
	}
	if (hex_canonical(s + 11, JA4_PART, dst + 11) < 0 ||
		hex_canonical(s + 12 + JA4_PART, JA4_PART, dst + 12 + JA4_PART) < 0)
		return -EINVAL;
	dst[10] = dst[11 + JA4_PART] = '_';
	return (int)n;
}

int sk_bl_canonical(enum sk_bl_kind k, const char *s, size_t n, char *dst, size_t cap)
{
	u128 lo, hi;

	if (n == 0 || n > SK_BL_VALUE_MAX || cap <= SK_BL_VALUE_MAX)
		return -EINVAL;
	switch (k) {
	case SK_BL_ADDR4:
	case SK_BL_ADDR6:
		return sk_bl_range(k, s, n, &lo, &hi) < 0 ? -EINVAL
							  : sk_bl_range_text(k, lo, hi, dst, cap);
	case SK_BL_DOMAIN:
	case SK_BL_SUFFIX: return name_canonical(s, n, dst);
	case SK_BL_URL: return url_canonical(s, n, dst);
	case SK_BL_JA3: return n == 32 ? hex_canonical(s, n, dst) : -EINVAL;
	case SK_BL_JA4: return ja4_canonical(s, n, dst);
	case SK_BL_CERT: return n == 40 || n == 64 ? hex_canonical(s, n, dst) : -EINVAL;
	default: return -EINVAL;
	}
}

int sk_bl_guess(const char *s, enum sk_bl_kind *ret)
{
	static const enum sk_bl_kind order[] = {SK_BL_ADDR4, SK_BL_ADDR6, SK_BL_JA3, SK_BL_CERT,
		SK_BL_JA4, SK_BL_DOMAIN, SK_BL_URL};
	char dst[SK_BL_VALUE_MAX + 1];

	for (size_t i = 0; i < SK_ARRAY_SIZE(order); i++) {
		if (sk_bl_canonical(order[i], s, strlen(s), dst, sizeof(dst)) > 0) {
			*ret = order[i];
			return 0;
		}
	}
	return -EINVAL;
}
