/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashing for the blocklist's table: SipHash-2-4 with the table's key over text, and over names
 * label by label from the right, so that all suffixes of a name cost no more than the name.
 */
#ifndef IPS_LISTS_HASH_H
#define IPS_LISTS_HASH_H

#include <string.h>

#include "ips/flow/siphash.h"
#include "ips/lists/lists.h"

#define LISTS_LABELS_MAX 127

static inline uint64_t lists_hash(
	const struct ips_sipkey *key, uint64_t start, const char *s, size_t n)
{
	uint64_t w[IPS_LISTS_URL_MAX / 8 + 2];
	unsigned words = (unsigned)(n / 8) + 2;

	/* The last word has the odd bytes and the length: no two texts give the same words. */
	w[0] = start;
	w[words - 1] = 0;
	memcpy(w + 1, s, n);
	w[words - 1] |= (uint64_t)n << 56;
	return ips_siphash(key, w, words);
}

/* A name's labels from the right: at[k] is where the suffix of k + 1 labels begins. */
struct lists_labels {
	unsigned n;
	uint8_t at[LISTS_LABELS_MAX];
	uint64_t hash[LISTS_LABELS_MAX];
};

/* False: no name (empty label, too long). s is in lower case, without trailing dot. */
static inline bool lists_labels(
	struct lists_labels *l, const struct ips_sipkey *key, const char *s, size_t n)
{
	size_t end = n;
	uint64_t h = 1;

	l->n = 0;
	if (n == 0 || n > IPS_LISTS_NAME_MAX)
		return false;
	for (size_t i = n; i-- > 0;) {
		size_t from = s[i] == '.' ? i + 1 : i;

		if (s[i] != '.' && i > 0)
			continue;
		if (from == end || end - from > 63 || l->n == LISTS_LABELS_MAX)
			return false;
		h = lists_hash(key, h, s + from, end - from);
		l->at[l->n] = (uint8_t)from;
		l->hash[l->n++] = h;
		if (s[i] == '.' && i == 0)
			return false;
		end = i;
	}
	return true;
}

#endif
