/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cutting a rule's text into pieces and reading numbers. Knows nothing of rules; never reads past a
 * piece's length.
 */
#include "ips/rules/text.h"

#include <strings.h>

struct ips_text ips_text_trim(struct ips_text t)
{
	while (t.n > 0 && ips_is_blank(t.p[0])) {
		t.p++;
		t.n--;
	}
	while (t.n > 0 && ips_is_blank(t.p[t.n - 1]))
		t.n--;
	return t;
}

struct ips_text ips_text_skip(struct ips_text t, size_t n)
{
	n = n < t.n ? n : t.n;
	return ips_text_trim((struct ips_text){t.p + n, t.n - n});
}

bool ips_text_eq(struct ips_text t, const char *s)
{
	return strlen(s) == t.n && memcmp(t.p, s, t.n) == 0;
}

bool ips_text_is(struct ips_text t, const char *s)
{
	return strlen(s) == t.n && strncasecmp(t.p, s, t.n) == 0;
}

bool ips_text_cut(struct ips_text *rest, char sep, struct ips_text *ret)
{
	const char *at;

	if (!rest->p)
		return false;
	at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	if (!at) {
		*ret = ips_text_trim(*rest);
		*rest = (struct ips_text){NULL, 0};
		return true;
	}
	*ret = ips_text_trim((struct ips_text){rest->p, at - rest->p});
	rest->n -= at + 1 - rest->p;
	rest->p = at + 1;
	return true;
}

bool ips_text_word(struct ips_text *rest, struct ips_text *ret)
{
	size_t n = 0;

	*rest = ips_text_trim(*rest);
	if (rest->n == 0)
		return false;
	while (n < rest->n && !ips_is_blank(rest->p[n]))
		n++;
	*ret = (struct ips_text){rest->p, n};
	rest->p += n;
	rest->n -= n;
	return true;
}

int ips_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool ips_text_u64(struct ips_text t, uint64_t max, uint64_t *ret)
{
	unsigned base = 10;
	uint64_t v = 0;

	if (t.n > 2 && t.p[0] == '0' && (t.p[1] | 0x20) == 'x') {
		base = 16;
		t.p += 2;
		t.n -= 2;
	}
	if (t.n == 0)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		int d = ips_hex_digit(t.p[i]);

		if (d < 0 || (unsigned)d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool ips_text_i64(struct ips_text t, int64_t min, int64_t max, int64_t *ret)
{
	bool neg = ips_text_starts(t, '-');
	uint64_t v;
	int64_t s;

	if (neg || ips_text_starts(t, '+')) {
		t.p++;
		t.n--;
	}
	if (!ips_text_u64(t, INT64_MAX, &v))
		return false;
	s = neg ? -(int64_t)v : (int64_t)v;
	if (s < min || s > max)
		return false;
	*ret = s;
	return true;
}

bool ips_text_u32(struct ips_text t, uint32_t *ret)
{
	uint64_t v;

	if (!ips_text_u64(t, UINT32_MAX, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

char *ips_text_copy(char *dst, size_t cap, struct ips_text t)
{
	size_t n = t.n < cap ? t.n : cap - 1;

	if (n > 0)
		memcpy(dst, t.p, n);
	dst[n] = 0;
	return dst;
}

/* Days since 1970 of a Gregorian date (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
int64_t ips_days(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m + (m > 2 ? -3u : 9u)) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719468;
}
