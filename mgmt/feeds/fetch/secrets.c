/* SPDX-License-Identifier: GPL-2.0-or-later */
/* API keys of feeds, a line each; see fetch.h. They are sent to the feed's own host and never
 * shown. */
#include <errno.h>
#include <string.h>

#include "mgmt/feeds/fetch/fetch.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static int copy(const char *s, size_t n, char *dst, size_t cap)
{
	while (n && blank(s[0]))
		s++, n--;
	while (n && blank(s[n - 1]))
		n--;
	if (n >= cap)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f)
			return -EINVAL;
	memcpy(dst, s, n);
	dst[n] = '\0';
	return n ? (int)n : -ENOENT;
}

int mg_fetch_secret(const char *secrets, const char *name, char *dst, size_t cap)
{
	const size_t len = strlen(name);

	while (secrets && *secrets) {
		const size_t n = strcspn(secrets, "\n");
		const char *s = secrets, *end = secrets + n, *eq = memchr(secrets, '=', n);
		size_t k = eq ? (size_t)(eq - s) : 0;

		secrets += n + (secrets[n] == '\n');
		while (k && blank(s[0]))
			s++, k--;
		while (k && blank(s[k - 1]))
			k--;
		if (!eq || s[0] == '#' || k != len || memcmp(s, name, len) != 0)
			continue;
		return copy(eq + 1, (size_t)(end - eq - 1), dst, cap);
	}
	return -ENOENT;
}
