/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base64 (RFC 4648) as detection decodes it, from the beginning up to the first byte outside the
 * alphabet. What RFC 4648 leaves open is settled as Suricata 7 does, by experiment: padding inside
 * counts as zero bits and does not end anything, a cut last group yields its whole bytes.
 */
#include "ips/detect/inspect_int.h"

#define PADDING 64
#define OTHER 255

static uint8_t value(uint8_t b)
{
	if (b >= 'A' && b <= 'Z')
		return b - 'A';
	if (b >= 'a' && b <= 'z')
		return b - 'a' + 26;
	if (b >= '0' && b <= '9')
		return b - '0' + 52;
	if (b == '+')
		return 62;
	if (b == '/')
		return 63;
	return b == '=' ? PADDING : OTHER;
}

/* The first n bytes of a group of four values. */
static uint32_t group(uint8_t *dst, uint32_t room, uint32_t bits, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n && i < room; i++)
		dst[i] = (uint8_t)(bits >> (16 - 8 * i));
	return i;
}

uint32_t ips_base64_decode(uint8_t *dst, uint32_t cap, struct ips_view v)
{
	uint32_t n = 0, bits = 0, held = 0, padding = 0, i;

	for (i = 0; i < v.len && n < cap; i++) {
		uint8_t x = value(v.data[i]);

		if (x == OTHER)
			break;
		padding += x == PADDING;
		bits = bits << 6 | (x & 63);
		if (++held == 4) {
			n += group(dst + n, cap - n, bits, 3 - (padding < 3 ? padding : 3));
			held = padding = bits = 0;
		}
	}
	if (held) {
		/* A lone value at the end yields nothing, before another byte its six bits. */
		uint32_t whole = held > 1 ? held - 1 : i < v.len;

		n += group(dst + n, cap - n, bits << 6 * (4 - held), whole);
	}
	return n;
}
