/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that listed names were seen to have, for as long as DNS said, and addresses that
 * unlisted names have had lately, which are shared (by a CDN, say) and never blocked. One for all
 * workers, locked inside; bounded. Time is microseconds since 1970.
 */
#ifndef IPS_LISTS_LEARNED_H
#define IPS_LISTS_LEARNED_H

#include "ips/lists/lists.h"

#define IPS_LEARNED_MAX 65536
#define IPS_LEARNED_TTL_MIN 60u
#define IPS_LEARNED_TTL_MAX 86400u

struct ips_learned;
struct ips_learned *ips_learned_new(const uint8_t seed[16]);
void ips_learned_free(struct ips_learned *t);

enum ips_learned_result {
	IPS_LEARNED_NEW,
	IPS_LEARNED_LONGER, /* known; its time was extended */
	IPS_LEARNED_KNOWN,  /* and would not have been by much: left as it was */
	IPS_LEARNED_SHARED,
	IPS_LEARNED_NEVER, /* not an address of the internet (RFC 6890) */
	IPS_LEARNED_FULL,
};
/* A listed name has this address for ttl seconds (bounded as above; *ret_ttl is what counts). */
enum ips_learned_result ips_learned_add(struct ips_learned *t, uint8_t family,
	const struct ips_addr *a, struct ips_view name, uint32_t ttl, uint64_t now_us,
	uint32_t *ret_ttl);
/* A name that is not listed has this address. True: it was learned, and is not any more. */
bool ips_learned_unlisted(
	struct ips_learned *t, uint8_t family, const struct ips_addr *a, uint64_t now_us);
/* The name through which the address was learned: its length in dst, 0 if it is not. */
uint32_t ips_learned_get(struct ips_learned *t, uint8_t family, const struct ips_addr *a,
	uint64_t now_us, char dst[IPS_LISTS_NAME_MAX]);
/* Another list: those that it does not block, or that it allows, are forgotten and told to fn. */
void ips_learned_review(struct ips_learned *t, const struct ips_lists *l,
	void (*fn)(uint8_t family, const struct ips_addr *a, void *arg), void *arg);
uint32_t ips_learned_count(const struct ips_learned *t);

/* Not an address of the internet: private, own, reserved, group (RFC 6890 and its registry). */
bool ips_addr_special(uint8_t family, const struct ips_addr *a);

#endif
