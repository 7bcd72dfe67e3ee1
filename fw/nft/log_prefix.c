/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Encode and parse the NFLOG prefix; see log_prefix.h. Pure. */
#include "fw/nft/log_prefix.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fw/registry/rule.h"

void fw_log_prefix_encode(char dst[FW_LOG_PREFIX_MAX], char verdict, uint32_t number,
	uint32_t revision, const char *reason)
{
	snprintf(dst, FW_LOG_PREFIX_MAX, "%c %u %u %.*s", verdict, number, revision,
		FW_LOG_REASON_MAX - 1, reason);
}

/* A decimal number without sign or leading zero, then a space. */
static bool number(const char **s, const char *end, uint32_t max, uint32_t *ret)
{
	const char *p = *s;
	uint64_t v = 0;

	if (p == end || *p < '0' || *p > '9' || (*p == '0' && p + 1 != end && p[1] != ' '))
		return false;
	for (; p != end && *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (uint64_t)(*p - '0');
		if (v > max)
			return false;
	}
	if (p == end || *p != ' ')
		return false;
	*s = p + 1;
	*ret = (uint32_t)v;
	return true;
}

int fw_log_prefix_parse(const char *s, size_t n, struct fw_log_prefix *ret)
{
	struct fw_log_prefix r = {0};
	const char *end = s + strnlen(s, n);

	if (end - s < 2 || !strchr("ADRN", *s) || s[1] != ' ')
		return -EINVAL;
	r.verdict = *s;
	s += 2;
	if (!number(&s, end, FW_NUMBER_MAX, &r.number) ||
		!number(&s, end, UINT32_MAX, &r.revision) || r.number == 0)
		return -EINVAL;
	size_t len = (size_t)(end - s);
	if (len == 0 || len >= sizeof(r.reason))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '_' && (s[i] < 'a' || s[i] > 'z'))
			return -EINVAL;
		r.reason[i] = s[i];
	}
	*ret = r;
	return 0;
}
