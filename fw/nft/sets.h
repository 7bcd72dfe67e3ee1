/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The named sets a policy needs: immutable, shared by all rules with the same list, named by a hash
 * of what they hold. A new list is a new set, filled before any rule refers to it: a set that
 * changed in place, or an anonymous one, would be empty to the packets for a moment.
 */
#ifndef FW_NFT_SETS_H
#define FW_NFT_SETS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/registry/addr.h"
#include "lib/buf.h"

struct fw_nft_batch;

#define FW_NFT_SET_NAME_MAX 48

enum fw_nft_set_type {
	FW_NFT_SET_ADDR4, /* struct fw_range4 */
	FW_NFT_SET_ADDR6, /* struct fw_range6 */
	FW_NFT_SET_PORT,  /* struct fw_nft_span */
	FW_NFT_SET_ICMP,
	FW_NFT_SET_ICMP6,
	FW_NFT_SET_IFNAME, /* char[IFNAMSIZ], NUL-padded */
	FW_NFT_SET_TYPES
};

/* Ports or ICMP types, inclusive, in host order. */
struct fw_nft_span {
	uint16_t lo, hi;
};

struct fw_nft_set {
	char name[FW_NFT_SET_NAME_MAX];
	enum fw_nft_set_type type;
	bool interval; /* an rbtree of ranges; else a hash set of values */
	uint32_t ref;  /* first record that uses it */
	uint64_t hash;
	const void *items; /* sorted, not adjacent */
	size_t n, values;  /* values: of a hash set */
	void *owned;       /* items, if the set owns them */
};

struct fw_nft_sets {
	struct fw_nft_set **v;
	size_t n, cap;
	uint32_t *slots; /* index + 1, open addressing */
	size_t n_slots;
	unsigned epoch;
};

/*
 * epoch: sets of another epoch have other names even with the same content. Used when what the
 * kernel holds under a name cannot be trusted.
 */
void fw_nft_sets_init(struct fw_nft_sets *s, unsigned epoch);
void fw_nft_sets_done(struct fw_nft_sets *s);

/*
 * The set that holds these items, made if there is none. Addresses are borrowed (the policy
 * outlives the sets); all else is copied. Items are sorted, merged and in host order. 0 or -ENOMEM.
 * *ret is valid until done.
 */
int fw_nft_sets_get(struct fw_nft_sets *s, enum fw_nft_set_type type, const void *items, size_t n,
	uint32_t ref, const struct fw_nft_set **ret);

/* By name; NULL if there is none. */
const struct fw_nft_set *fw_nft_sets_find(const struct fw_nft_sets *s, const char *name);

/* Epoch in a set's name, 0 if it has none or the name is not one of ours. */
unsigned fw_nft_set_epoch(const char *name);

/* Tell nft(8) the byte order of the keys: it shows interface names only then. */
void fw_nft_set_put_byteorder(struct fw_nft_batch *b, bool host);
void fw_nft_set_put(struct fw_nft_batch *b, const struct fw_nft_set *s); /* NFT_MSG_NEWSET */
/*
 * Append the elements from *pos on, as many as fit into max bytes; *pos is 0 at first and the set
 * is complete when it returns true.
 */
bool fw_nft_set_put_items(
	struct fw_nft_batch *b, const struct fw_nft_set *s, size_t *pos, size_t max);
void fw_nft_set_text(struct sk_buf *b, const struct fw_nft_set *s);

#endif
