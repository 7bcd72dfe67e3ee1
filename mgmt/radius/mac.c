// SPDX-License-Identifier: GPL-2.0-or-later
/* MAC addresses as switches spell them; the server's policy.conf knows the same spellings. */
#include "mgmt/radius/mac.h"

#include <errno.h>
#include <string.h>

static char digit(char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))
		return c;
	return c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : '\0';
}

int mg_radius_mac_parse(const char *s, size_t len, char dst[MG_RADIUS_MAC])
{
	char mac[MG_RADIUS_MAC] = "";
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = digit(s[i]);

		if (c && n < 12)
			mac[n++] = c;
		/* One separator, behind a pair, and not the last. */
		else if (c || !s[i] || !strchr("-:.", s[i]) || n == 0 || n % 2 || i + 1 == len ||
			!digit(s[i + 1]))
			return -EINVAL;
	}
	if (n != 12)
		return -EINVAL;
	memcpy(dst, mac, sizeof(mac));
	return 0;
}

char *mg_radius_mac_colons(const char *mac, char *dst)
{
	size_t n = 0;

	for (size_t i = 0; i < 12; i++) {
		if (i && i % 2 == 0)
			dst[n++] = ':';
		dst[n++] = mac[i];
	}
	dst[n] = '\0';
	return dst;
}
