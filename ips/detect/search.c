/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See search.h. The C library's memchr and memmem do the work where case counts; a letter of either
 * case is looked for eight bytes at a time.
 */
#include "ips/detect/search.h"

#include <endian.h>
#include <string.h>

/* How common a byte is in what rules look at: headers, names, HTML, binary protocols. */
static unsigned commonness(uint8_t b)
{
	static const char letters[] = "zqjxkvbwyfgpmucdlhrnsioate";
	const char *at;

	if (b == 0 || b == ' ')
		return 60;
	if (b == '/' || b == '.' || b == '-')
		return 40;
	if (b == 0xff || b == '\n' || b == '\r' || (b >= '0' && b <= '9'))
		return 35;
	if (b >= 'a' && b <= 'z') {
		at = strchr(letters, b);
		return 14 + 3 * (unsigned)(at - letters) / 2;
	}
	if (b >= 'A' && b <= 'Z')
		return 15;
	if (strchr("=:,;\"<>&_", b))
		return 25;
	return b < 16 ? 20 : 8;
}

void ips_search_prepare(struct ips_content *c)
{
	unsigned best = ~0u;

	c->rare = 0;
	for (uint16_t i = 0; i < c->len; i++) {
		uint8_t low = ips_lower(c->data[i]);
		bool letter = low >= 'a' && low <= 'z';
		/* A letter of either case costs more to find than one byte. */
		unsigned cost = c->nocase && letter ? commonness(low) + 20 : commonness(c->data[i]);

		if (cost < best) {
			best = cost;
			c->rare = i;
		}
	}
}

bool ips_search_at(const struct ips_content *c, const uint8_t *p)
{
	if (!c->nocase)
		return memcmp(c->data, p, c->len) == 0;
	for (uint16_t i = 0; i < c->len; i++)
		if (c->data[i] != p[i] && ips_lower(c->data[i]) != ips_lower(p[i]))
			return false;
	return true;
}

/* A letter in either case; low is its lower form. */
static const uint8_t *find_letter(const uint8_t *p, size_t n, uint8_t low)
{
	const uint64_t ones = 0x0101010101010101u, want = ones * low;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t x;

		memcpy(&x, p, 8);
		x = (le64toh(x) | ones * 0x20) ^ want;
		x = (x - ones) & ~x & ones * 0x80;
		if (x)
			return p + __builtin_ctzll(x) / 8;
	}
	for (; n; p++, n--)
		if ((*p | 0x20) == low)
			return p;
	return NULL;
}

static const uint8_t *search_nocase(const struct ips_content *c, const uint8_t *hay, size_t n)
{
	uint8_t low = ips_lower(c->data[c->rare]);
	bool letter = low >= 'a' && low <= 'z';
	const uint8_t *p = hay + c->rare, *end = p + (n - c->len + 1);

	while (p < end) {
		p = letter ? find_letter(p, (size_t)(end - p), low)
			   : memchr(p, low, (size_t)(end - p));
		if (!p)
			return NULL;
		if (ips_search_at(c, p - c->rare))
			return p - c->rare;
		p++;
	}
	return NULL;
}

const uint8_t *ips_search(const struct ips_content *c, const uint8_t *hay, size_t n)
{
	const uint8_t *p, *end;
	unsigned misses = 0;

	if (n < c->len)
		return NULL;
	if (c->len == 0)
		return hay;
	if (c->nocase)
		return search_nocase(c, hay, n);
	p = hay + c->rare;
	end = p + (n - c->len + 1);
	while (p < end) {
		p = memchr(p, c->data[c->rare], (size_t)(end - p));
		if (!p)
			return NULL;
		if (memcmp(c->data, p - c->rare, c->len) == 0)
			return p - c->rare;
		/* The byte is common here after all: the library's algorithm is linear. */
		if (++misses == 16)
			return memmem(p + 1 - c->rare, (size_t)(end - p) - 1 + c->len - 1, c->data,
				c->len);
		p++;
	}
	return NULL;
}
