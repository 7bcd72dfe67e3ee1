/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UTF-8 text that somebody else wrote: validity, escaping for logs and terminals, and the columns
 * it takes on a terminal. Independent of the locale, since a daemon runs in "C".
 */
#include <string.h>

#include "lib/utf8.h"
#include "lib/util.h"

struct range {
	uint32_t first, last;
};

/* East_Asian_Width W and F of Unicode 14 (UAX #11), unassigned code points in between included. */
static const struct range wide[] = {
	{0x1100, 0x115f},
	{0x231a, 0x231b},
	{0x2329, 0x232a},
	{0x23e9, 0x23ec},
	{0x23f0, 0x23f0},
	{0x23f3, 0x23f3},
	{0x25fd, 0x25fe},
	{0x2614, 0x2615},
	{0x2648, 0x2653},
	{0x267f, 0x267f},
	{0x2693, 0x2693},
	{0x26a1, 0x26a1},
	{0x26aa, 0x26ab},
	{0x26bd, 0x26be},
	{0x26c4, 0x26c5},
	{0x26ce, 0x26ce},
	{0x26d4, 0x26d4},
	{0x26ea, 0x26ea},
	{0x26f2, 0x26f3},
	{0x26f5, 0x26f5},
	{0x26fa, 0x26fa},
	{0x26fd, 0x26fd},
	{0x2705, 0x2705},
	{0x270a, 0x270b},
	{0x2728, 0x2728},
	{0x274c, 0x274c},
	{0x274e, 0x274e},
	{0x2753, 0x2755},
	{0x2757, 0x2757},
	{0x2795, 0x2797},
	{0x27b0, 0x27b0},
	{0x27bf, 0x27bf},
	{0x2b1b, 0x2b1c},
	{0x2b50, 0x2b50},
	{0x2b55, 0x2b55},
	{0x2e80, 0x303e},
	{0x3041, 0x3247},
	{0x3250, 0x4dbf},
	{0x4e00, 0xa4c6},
	{0xa960, 0xa97c},
	{0xac00, 0xd7a3},
	{0xf900, 0xfad9},
	{0xfe10, 0xfe19},
	{0xfe30, 0xfe6b},
	{0xff01, 0xff60},
	{0xffe0, 0xffe6},
	{0x16fe0, 0x1b2fb},
	{0x1f004, 0x1f004},
	{0x1f0cf, 0x1f0cf},
	{0x1f18e, 0x1f18e},
	{0x1f191, 0x1f19a},
	{0x1f200, 0x1f320},
	{0x1f32d, 0x1f335},
	{0x1f337, 0x1f37c},
	{0x1f37e, 0x1f393},
	{0x1f3a0, 0x1f3ca},
	{0x1f3cf, 0x1f3d3},
	{0x1f3e0, 0x1f3f0},
	{0x1f3f4, 0x1f3f4},
	{0x1f3f8, 0x1f43e},
	{0x1f440, 0x1f440},
	{0x1f442, 0x1f4fc},
	{0x1f4ff, 0x1f53d},
	{0x1f54b, 0x1f54e},
	{0x1f550, 0x1f567},
	{0x1f57a, 0x1f57a},
	{0x1f595, 0x1f596},
	{0x1f5a4, 0x1f5a4},
	{0x1f5fb, 0x1f64f},
	{0x1f680, 0x1f6c5},
	{0x1f6cc, 0x1f6cc},
	{0x1f6d0, 0x1f6d2},
	{0x1f6d5, 0x1f6df},
	{0x1f6eb, 0x1f6ec},
	{0x1f6f4, 0x1f6fc},
	{0x1f7e0, 0x1f7f0},
	{0x1f90c, 0x1f93a},
	{0x1f93c, 0x1f945},
	{0x1f947, 0x1f9ff},
	{0x1fa70, 0x1faf6},
	{0x20000, 0x3fffd},
};

/* Combining marks and format characters that turn up beside Japanese and Latin text. */
static const struct range zero[] = {
	{0x0300, 0x036f},
	{0x0483, 0x0489},
	{0x1ab0, 0x1aff},
	{0x1dc0, 0x1dff},
	{0x200b, 0x200f},
	{0x2028, 0x202e},
	{0x2060, 0x2064},
	{0x2066, 0x206f},
	{0x20d0, 0x20f0},
	{0x302a, 0x302d},
	{0x3099, 0x309a},
	{0xfe00, 0xfe0f},
	{0xfe20, 0xfe2f},
	{0xfeff, 0xfeff},
	{0xe0100, 0xe01ef},
};

/* What a terminal or a reader could be deceived with: C0, DEL, C1, line and bidi controls. */
static const struct range unsafe[] = {
	{0x0000, 0x001f},
	{0x007f, 0x009f},
	{0x061c, 0x061c},
	{0x200e, 0x200f},
	{0x2028, 0x202e},
	{0x2066, 0x2069},
	{0xfeff, 0xfeff},
	{0xfff9, 0xfffb},
	{0xe0000, 0xe007f},
};

static bool in_ranges(const struct range *r, size_t n, uint32_t c)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c > r[mid].last)
			lo = mid + 1;
		else if (c < r[mid].first)
			hi = mid;
		else
			return true;
	}
	return false;
}

size_t sk_utf8_next(const char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c = p[0];
	size_t n;

	if (c < 0x80) {
		*ret = c;
		return 1;
	}
	if ((c & 0xe0) == 0xc0) {
		n = 2;
		c &= 0x1f;
	} else if ((c & 0xf0) == 0xe0) {
		n = 3;
		c &= 0x0f;
	} else if ((c & 0xf8) == 0xf0) {
		n = 4;
		c &= 0x07;
	} else {
		return 0;
	}
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

bool sk_utf8_valid(const char *s, size_t len)
{
	uint32_t c;

	for (size_t off = 0, n; off < len; off += n) {
		n = sk_utf8_next(s + off, len - off, &c);
		if (n == 0)
			return false;
	}
	return true;
}

char *sk_escape(char *dst, size_t cap, const char *s, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	size_t out = 0;

	if (cap == 0)
		return dst;
	for (size_t off = 0, n; off < len; off += n) {
		uint32_t c = 0;
		bool plain;

		n = sk_utf8_next(s + off, len - off, &c);
		plain = n && !in_ranges(unsafe, SK_ARRAY_SIZE(unsafe), c);
		if (n == 0)
			n = 1;
		/* A character goes in whole or the text ends before it. */
		if (cap - out <= (plain ? n : 4 * n))
			break;
		for (size_t i = 0; i < n; i++) {
			unsigned char b = (unsigned char)s[off + i];

			if (plain) {
				dst[out++] = (char)b;
				continue;
			}
			dst[out++] = '\\';
			dst[out++] = 'x';
			dst[out++] = digits[b >> 4];
			dst[out++] = digits[b & 15];
		}
	}
	dst[out] = '\0';
	return dst;
}

size_t sk_width(const char *s)
{
	size_t len = strlen(s), cols = 0;

	for (size_t off = 0, n; off < len; off += n) {
		uint32_t c = 0;

		n = sk_utf8_next(s + off, len - off, &c);
		if (n == 0) {
			/* Terminals show one replacement character for a broken byte. */
			n = 1;
			cols++;
		} else if (c < 0x20 || in_ranges(zero, SK_ARRAY_SIZE(zero), c)) {
			continue;
		} else {
			cols += in_ranges(wide, SK_ARRAY_SIZE(wide), c) ? 2 : 1;
		}
	}
	return cols;
}
