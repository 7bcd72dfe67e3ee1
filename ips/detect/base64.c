/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base64 as detection decodes it (RFC 4648): from the beginning as far as it is base64. The first
 * byte outside the alphabet ends it; what is complete before that counts.
 */
#include "ips/detect/inspect_int.h"

/* 0..63, 64: padding, 255: neither */
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
	return b == '=' ? 64 : 255;
}

uint32_t ips_base64_decode(uint8_t *dst, uint32_t cap, struct ips_view v)
{
	uint32_t n = 0, bits = 0, held = 0;

	for (uint32_t i = 0; i < v.len; i++) {
		uint8_t x = value(v.data[i]);

		if (x > 63)
			break;
		held = held << 6 | x;
		bits += 6;
		if (bits >= 8) {
			if (n == cap)
				break;
			bits -= 8;
			dst[n++] = (uint8_t)(held >> bits);
		}
	}
	return n;
}
