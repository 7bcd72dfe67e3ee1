/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAC addresses as switches spell them. Pure. */
#ifndef MG_RADIUS_MAC_H
#define MG_RADIUS_MAC_H

#include <stddef.h>

#define MG_RADIUS_MAC 13 /* twelve lower-case digits with their NUL */

/*
 * "00:1A:2b:…", "00-1a-…", "001a.2b3c.4d5e", "001a-2b3c-4d5e", "001a2b-3c4d5e", "001A2B3C4D5E" and
 * the like: twelve digits, between any two pairs one of "-:." or nothing. 0, or -EINVAL, dst
 * untouched.
 */
int mg_radius_mac_parse(const char *s, size_t len, char dst[MG_RADIUS_MAC]);
/* Twelve digits as "00:1a:2b:…" (dst ≥ 18). Returns dst. */
char *mg_radius_mac_colons(const char *mac, char *dst);

#endif
