/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of IPv4 and IPv6 addresses as sorted, merged, inclusive ranges in host byte order: what
 * every address field of a rule becomes. Text syntax (RFC 4632, RFC 4291, RFC 5952 on output):
 *   192.0.2.1   192.0.2.0/24   192.0.2.10-192.0.2.20   2001:db8::/32   2001:db8::1-2001:db8::ff
 * A network with host bits set (192.0.2.1/24) is refused: it is usually a typing error.
 */
#ifndef FW_ADDR_H
#define FW_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

struct fw_range4 {
	uint32_t lo, hi;
};

struct fw_range6 {
	unsigned __int128 lo, hi;
};

struct fw_addrs {
	bool any; /* both families whole; v4 and v6 then hold one full range each */
	struct fw_range4 *v4;
	size_t n4, cap4;
	struct fw_range6 *v6;
	size_t n6, cap6;
};

/* One address of either family: v4 in the low 32 bits. */
struct fw_ip {
	uint8_t family; /* 4 or 6 */
	unsigned __int128 a;
};

void fw_addrs_done(struct fw_addrs *a);
int fw_addrs_any(struct fw_addrs *a);
/* Add one item of the syntax above (not a list, not a name). Call fw_addrs_normalise after the
 * last. */
int fw_addrs_add(struct fw_addrs *a, const char *item, struct sk_err *err);
int fw_addrs_add4(struct fw_addrs *a, uint32_t lo, uint32_t hi);
int fw_addrs_add6(struct fw_addrs *a, unsigned __int128 lo, unsigned __int128 hi);
int fw_addrs_merge(struct fw_addrs *dst, const struct fw_addrs *src); /* union */
/* The ranges of src behind those of dst, not yet normalised: for many sources in a row. */
int fw_addrs_append(struct fw_addrs *dst, const struct fw_addrs *src);
/* Sort, join overlapping and adjacent; sets any when both families are whole. */
void fw_addrs_normalise(struct fw_addrs *a);
/* dst is overwritten, not freed; untouched on failure. */
int fw_addrs_copy(struct fw_addrs *dst, const struct fw_addrs *src);

bool fw_addrs_empty(const struct fw_addrs *a);
bool fw_addrs_has(const struct fw_addrs *a, const struct fw_ip *ip); /* binary search */
bool fw_addrs_equal(const struct fw_addrs *a, const struct fw_addrs *b);
bool fw_addrs_covers(const struct fw_addrs *outer, const struct fw_addrs *inner);
bool fw_addrs_whole4(const struct fw_addrs *a); /* every IPv4 address, and the same for IPv6 */
bool fw_addrs_whole6(const struct fw_addrs *a);
/* a ∩ b into ret (normalised; overwritten, not freed). */
int fw_addrs_intersect(const struct fw_addrs *a, const struct fw_addrs *b, struct fw_addrs *ret);

int fw_ip_parse(const char *s, struct fw_ip *ret, struct sk_err *err);
void fw_ip_format(const struct fw_ip *ip, char *dst, size_t cap); /* cap >= 46 */
void fw_ip_put(struct sk_buf *b, const struct fw_ip *ip);
/* "any", or the ranges, each as address, CIDR where it is one, or lo-hi, joined with ",". */
void fw_addrs_put(struct sk_buf *b, const struct fw_addrs *a);

#endif
