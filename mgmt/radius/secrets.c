// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets of switches, by name: what the agent signs with and the server verifies with. */
#include "mgmt/radius/secrets.h"

#include <errno.h>
#include <string.h>

#define SECRET_MIN 8

static int copy(const char *s, size_t n, char *dst, size_t cap)
{
	if (n < SECRET_MIN || n >= cap)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || s[i] == ':')
			return -EINVAL;
	memcpy(dst, s, n);
	dst[n] = '\0';
	return 0;
}

int mg_radius_secret(const char *text, const char *name, char *dst, size_t cap)
{
	const size_t len = strlen(name);

	while (text && *text) {
		const size_t n = strcspn(text, "\n");

		if (text[0] != '#' && n > len && memcmp(text, name, len) == 0 && text[len] == ':')
			return copy(text + len + 1, n - len - 1, dst, cap);
		text += n + (text[n] == '\n');
	}
	return -ENOENT;
}
