/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One literal in a piece of bytes, with or without regard to ASCII case. For confirmation: short
 * texts and patterns that are there, so no table is built; the pattern's rarest byte leads.
 */
#ifndef IPS_DETECT_SEARCH_H
#define IPS_DETECT_SEARCH_H

#include <stddef.h>

#include "ips/rules/opt_parts.h"

/* Choose the byte that leads the search; at load. */
void ips_search_prepare(struct ips_content *c);
/* The first occurrence of c in n bytes at hay, or NULL. */
const uint8_t *ips_search(const struct ips_content *c, const uint8_t *hay, size_t n);
/* Is c at p? c->len bytes must be readable. */
bool ips_search_at(const struct ips_content *c, const uint8_t *p);

static inline uint8_t ips_lower(uint8_t b)
{
	return (uint8_t)(b - 'A') < 26 ? b | 0x20 : b;
}

#endif
