/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware addresses; see mac.h. Pure. */
#include "fw/gate/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int fw_mac_parse(const char *s, uint8_t ret[FW_MAC_LEN])
{
	uint8_t mac[FW_MAC_LEN];

	if (strnlen(s, FW_MAC_TEXT) != FW_MAC_TEXT - 1)
		return -EINVAL;
	for (int i = 0; i < FW_MAC_LEN; i++, s += 3) {
		const int hi = digit(s[0]), lo = digit(s[1]);

		if (hi < 0 || lo < 0 || (i < FW_MAC_LEN - 1 && s[2] != ':' && s[2] != '-'))
			return -EINVAL;
		mac[i] = (uint8_t)(hi << 4 | lo);
	}
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

char *fw_mac_text(const uint8_t mac[FW_MAC_LEN], char dst[FW_MAC_TEXT])
{
	snprintf(dst, FW_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		mac[4], mac[5]);
	return dst;
}

bool fw_mac_single(const uint8_t mac[FW_MAC_LEN])
{
	static const uint8_t none[FW_MAC_LEN];

	return !(mac[0] & 1) && memcmp(mac, none, sizeof(none)) != 0;
}
