/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that people typed. The character classes are fixed tables, not the locale's, so that a
 * record means the same on every machine.
 */
#include "fw/registry/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/utf8.h"
#include "lib/util.h"

const char *fw_quote(char dst[FW_QUOTE_MAX], const char *s)
{
	return sk_escape(dst, FW_QUOTE_MAX, s, strlen(s));
}

int fw_item_next(const char **p, const char *seps, char dst[FW_ITEM_MAX], struct sk_err *err)
{
	static const char blanks[] = " \t\r";
	char q[FW_QUOTE_MAX];
	const char *s = *p;
	size_t len;

	if (!s)
		return 0;
	len = strcspn(s, seps);
	*p = s[len] ? s + len + 1 : NULL;
	while (len > 0 && strchr(blanks, s[0])) {
		s++;
		len--;
	}
	while (len > 0 && strchr(blanks, s[len - 1]))
		len--;
	if (len >= FW_ITEM_MAX)
		return sk_err_set(err, -E2BIG, NULL,
			"the item that begins with '%s' is too long; separate items with commas",
			"「%s」で始まる項目が長すぎます。項目はカンマで区切ってください",
			fw_quote(q, s));
	memcpy(dst, s, len);
	dst[len] = '\0';
	return 1;
}

bool fw_text_blank(uint32_t c)
{
	return c == ' ' || (c >= 0x09 && c <= 0x0d) || c == 0xa0 || c == 0x1680 ||
		(c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool fw_text_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0x180e ||
		(c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
		(c & 0xfffe) == 0xfffe || (c >= 0xe0000 && c <= 0xe0fff);
}

/* Letters and ideographs: what is left of Unicode after blanks, controls, signs and digits. */
bool fw_text_letter(uint32_t c)
{
	static const struct {
		uint32_t lo, hi;
	} not_letter[] = {{0x00, 0x40}, {0x5b, 0x60}, {0x7b, 0xa9}, {0xab, 0xb4}, {0xb6, 0xb9},
		{0xbb, 0xbf}, {0xd7, 0xd7}, {0xf7, 0xf7}, {0x300, 0x36f}, {0x660, 0x669},
		{0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x2000, 0x206f}, {0x20d0, 0x20ff},
		{0x2190, 0x245f}, {0x249c, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3004},
		{0x3007, 0x3020}, {0x302a, 0x3030}, {0x3099, 0x309c}, {0x30fb, 0x30fb},
		{0xe000, 0xf8ff}, {0xfe00, 0xfe6f}, {0xff00, 0xff20}, {0xff3b, 0xff40},
		{0xff5b, 0xff65}, {0xffe0, 0xffff}, {0x1f000, 0x1faff}, {0xe0000, 0x10ffff}};

	if (fw_text_control(c) || fw_text_blank(c))
		return false;
	for (size_t i = 0; i < SK_ARRAY_SIZE(not_letter); i++)
		if (c >= not_letter[i].lo && c <= not_letter[i].hi)
			return false;
	return true;
}

/* Visible characters of s, or -EILSEQ (no UTF-8), -EINVAL (a control character). */
static long count_visible(const char *s, size_t len)
{
	long visible = 0;
	uint32_t c;
	size_t n;

	for (size_t i = 0; i < len; i += n) {
		n = sk_utf8_next(s + i, len - i, &c);
		if (n == 0)
			return -EILSEQ;
		if (fw_text_control(c))
			return -EINVAL;
		if (!fw_text_blank(c))
			visible++;
	}
	return visible;
}

int fw_text_check(
	const char *field, const char *s, size_t min_visible, size_t max, struct sk_err *err)
{
	size_t len = strlen(s);
	long visible;

	if (len > max)
		return sk_err_set(err, -EINVAL, field, "too long: write at most %zu bytes",
			"長すぎます。%zu バイト以内で書いてください", max);
	visible = count_visible(s, len);
	if (visible == -EILSEQ)
		return sk_err_set(err, -EINVAL, field,
			"contains bytes that are not UTF-8 text; write it again as text",
			"文字として読めないバイトがあります。文字を入力し直してください");
	if (visible < 0)
		return sk_err_set(err, -EINVAL, field,
			"contains a control character or a line break; write it in one line of "
			"text",
			"制御文字または改行が含まれています。1行の文字で書いてください");
	if ((size_t)visible < min_visible)
		return sk_err_set(err, -EINVAL, field, "write at least %zu visible characters",
			"空白を除いて %zu 文字以上で書いてください", min_visible);
	return 0;
}

/* The ASCII character a Japanese keyboard meant, or 0. */
static char narrow(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5d)
		return (char)(c - 0xff01 + '!');
	switch (c) {
	case 0xa0:
	case 0x3000: return ' ';
	case 0x3001: /* 、 */
	case 0xff64: return ',';
	case 0x3002: /* 。 */
	case 0xff61: return '.';
	case 0x2010:
	case 0x2011:
	case 0x2012:
	case 0x2013:
	case 0x2014:
	case 0x2015:
	case 0x2212: /* − */
	case 0x30fc: /* ー */
	case 0xff70:
	case 0x301c: /* 〜 */
	case 0xff5e: /* ~, what CP932 has for it */ return '-';
	default: return 0;
	}
}

char *fw_text_narrow(const char *s)
{
	size_t len = strlen(s), out = 0, n;
	char *dst = malloc(len + 1);

	if (!dst)
		return NULL;
	for (size_t i = 0; i < len; i += n) {
		uint32_t c = 0;
		char a;

		n = sk_utf8_next(s + i, len - i, &c);
		a = n > 1 ? narrow(c) : 0;
		if (a) {
			dst[out++] = a;
			continue;
		}
		if (n == 0)
			n = 1;
		memcpy(dst + out, s + i, n);
		out += n;
	}
	dst[out] = '\0';
	return dst;
}

char *fw_text_lower(char *dst, size_t cap, const char *s)
{
	size_t i;

	for (i = 0; s[i] && i + 1 < cap; i++)
		dst[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] - 'A' + 'a' : s[i]);
	dst[i] = '\0';
	return dst;
}
