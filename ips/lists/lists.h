/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklist as the engine asks it: names, URLs and fingerprints of the document in
 * lib/blocklist.h, in one compact table that never changes once made and is shared by all workers.
 * Look-ups cost the same however long the list is; the hash is keyed. Pure.
 *
 * Who wins: an allowed entry, then one of a feed that blocks, then one that only reports; among
 * equals the most specific. An allowed name stands for the names below it and for URLs on it.
 */
#ifndef IPS_LISTS_LISTS_H
#define IPS_LISTS_LISTS_H

#include "ips/packet/packet.h"
#include "lib/blocklist.h"

#define IPS_LISTS_NAME_MAX 253
#define IPS_LISTS_URL_MAX SK_BL_VALUE_MAX /* longer ones are on no list */

enum ips_lists_verdict {
	IPS_LISTS_NONE,
	IPS_LISTS_MONITOR,
	IPS_LISTS_BLOCK,
	IPS_LISTS_ALLOWED, /* on the allow-list, whatever else lists it */
};
struct ips_lists_hit {
	enum sk_bl_kind kind;
	uint16_t feed;     /* SK_BL_ALLOW with IPS_LISTS_ALLOWED */
	const char *entry; /* as the feed has it; of the list, not terminated */
	uint32_t len;
};

/* How a blocked query of DNS is answered; in the document's head. */
struct ips_lists_dns {
	bool address; /* else "no such name" */
	bool has_a, has_aaaa;
	struct ips_addr a, aaaa;
};

struct ips_lists;
/* seed must come from a random source. Errors are those of the document, with its line. */
int ips_lists_new(struct ips_lists **ret, const void *doc, size_t n, const uint8_t seed[16],
	struct sk_err *err);
struct ips_lists *ips_lists_ref(struct ips_lists *l); /* NULL-safe, any thread */
void ips_lists_unref(struct ips_lists *l);

/*
 * A host name: any case, a trailing dot does not matter. *ret is set unless the verdict is NONE;
 * what is no name is on no list.
 */
enum ips_lists_verdict ips_lists_name(
	const struct ips_lists *l, const char *name, size_t n, struct ips_lists_hit *ret);
/*
 * A URL as "host[:port]/path?query", port 80 left out. Percent-encoding that needs not be makes no
 * difference (RFC 3986, 6.2.2); a listed URL without query stands for all queries. Looks only at
 * URLs and, for the allow-list, at the host.
 */
enum ips_lists_verdict ips_lists_url(
	const struct ips_lists *l, const char *url, size_t n, struct ips_lists_hit *ret);
/* JA3, JA4 or certificate hash in canonical form. */
enum ips_lists_verdict ips_lists_print(const struct ips_lists *l, enum sk_bl_kind kind,
	const char *text, size_t n, struct ips_lists_hit *ret);
/* An address the allow-list covers; family 4 or 6. */
bool ips_lists_allows(const struct ips_lists *l, uint8_t family, const struct ips_addr *a);

const char *ips_lists_feed(const struct ips_lists *l, uint16_t feed);

struct ips_lists_info {
	uint64_t generation, bytes; /* bytes: of memory */
	const char *sha256;
	size_t entries[SK_BL_KINDS]; /* addresses are counted as well, and not kept */
	size_t allowed;
	bool learn;
	struct ips_lists_dns dns;
};
const struct ips_lists_info *ips_lists_info(const struct ips_lists *l);

#endif
