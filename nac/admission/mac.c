/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hardware addresses as text: one reader for all the ways people and switches write them. */
#include "nac/admission/mac.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Digits between separators: ":" and "-" every two, "." every four, or none at all. */
static unsigned group_of(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	if (s[n] == ':' || s[n] == '-')
		return n == 2 ? 2 : 0;
	if (s[n] == '.')
		return n == 4 ? 4 : 0;
	return n == 12 && s[n] == '\0' ? 12 : 0;
}

int nac_mac_parse(const char *s, struct nac_mac *ret)
{
	struct nac_mac m = {{0}};
	unsigned group, sep = 0;

	if (!s)
		return -EINVAL;
	group = group_of(s);
	if (group == 0)
		return -EINVAL;
	if (group < 12)
		sep = (unsigned char)s[group];
	for (unsigned i = 0; i < 12; i++) {
		int v;

		if (i > 0 && i % group == 0 && (unsigned char)*s++ != sep)
			return -EINVAL;
		v = digit(*s);
		if (v < 0)
			return -EINVAL;
		s++;
		m.b[i / 2] = (uint8_t)(m.b[i / 2] << 4 | v);
	}
	if (*s)
		return -EINVAL;
	*ret = m;
	return 0;
}

char *nac_mac_text(const struct nac_mac *m, char dst[NAC_MAC_TEXT])
{
	snprintf(dst, NAC_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m->b[0], m->b[1], m->b[2],
		m->b[3], m->b[4], m->b[5]);
	return dst;
}

bool nac_mac_equal(const struct nac_mac *a, const struct nac_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

int nac_mac_compare(const struct nac_mac *a, const struct nac_mac *b)
{
	return memcmp(a->b, b->b, sizeof(a->b));
}

bool nac_mac_usable(const struct nac_mac *m)
{
	static const struct nac_mac zero = {{0}};

	return !(m->b[0] & 1) && !nac_mac_equal(m, &zero);
}

bool nac_mac_randomised(const struct nac_mac *m)
{
	return (m->b[0] & 3) == 2;
}
