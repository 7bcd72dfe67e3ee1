/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel holds of our table: structure for an apply, and hashes of everything for drift.
 * Two snapshots of an unchanged table are equal.
 */
#ifndef FW_NFT_SNAP_H
#define FW_NFT_SNAP_H

#include "fw/nft/nft.h"
#include "fw/nft/plan.h"
#include "fw/nft/sock.h"

struct fw_nft_snap_chain {
	char *name;
	bool base;
	uint32_t hook, policy;
	int32_t priority;
	char type[16];
	size_t first, n; /* its rules, in their order */
};

struct fw_nft_snap_set {
	char *name;
	uint32_t flags, key_len, data_type, timeout; /* timeout: 1 if elements get one */
	bool counted;                                /* the kernel told count */
	uint32_t count;
	bool hashed; /* elements were read */
	uint64_t hash;
};

/* An element of one of our verdict maps. */
struct fw_nft_snap_elem {
	struct fw_nft_elem e;
	uint32_t code; /* NFT_GOTO in ours */
	size_t key_len;
};

struct fw_nft_snap {
	uint8_t nfproto; /* of the table: NFPROTO_INET, NFPROTO_BRIDGE */
	bool exists;
	uint32_t flags, owner;            /* of the table; owner: port id or 0 */
	struct fw_nft_snap_chain *chains; /* sorted by name */
	size_t n_chains, cap_chains;
	struct fw_nft_snap_set *sets; /* sorted by name; verdict maps too */
	size_t n_sets, cap_sets;
	struct fw_nft_counter *counters; /* sorted by number */
	size_t n_counters, cap_counters;
	char **objects; /* named objects that are not ours */
	size_t n_objects, cap_objects;
	struct {
		struct fw_nft_snap_elem *v; /* sorted by key */
		size_t n, cap;
		bool strange; /* holds an element that has no key: "everything else" */
	} maps[FW_NFT_MAPS];
	uint64_t *hashes;  /* of rules */
	uint32_t *numbers; /* of the records in their comments, 0 for none */
	size_t n_rules, cap_hashes, cap_numbers;
};

enum fw_nft_snap_parts {
	FW_NFT_SNAP_TABLE = 0, /* always */
	FW_NFT_SNAP_CHAINS = 1 << 0,
	FW_NFT_SNAP_SETS = 1 << 1,
	FW_NFT_SNAP_MAPS = 1 << 2, /* needs SETS */
	FW_NFT_SNAP_COUNTERS = 1 << 3,
	FW_NFT_SNAP_RULES = 1 << 4, /* needs CHAINS */
};

/* Should this set's elements be read? Large sets must not be: the kernel takes minutes. */
typedef bool fw_nft_snap_want(const char *set, void *arg);

/*
 * Read parts of the table; a table that does not exist is no error. want may be NULL: no set is
 * read. 0, -EAGAIN if the rule set kept changing, else -errno. The caller calls done in any case.
 */
int fw_nft_snap_read(struct fw_nft_sock *s, unsigned parts, fw_nft_snap_want *want, void *arg,
	struct fw_nft_snap *ret);
/* The same of the table of that family; no maps. */
int fw_nft_snap_read_of(
	struct fw_nft_sock *s, uint8_t nfproto, unsigned parts, struct fw_nft_snap *ret);
void fw_nft_snap_done(struct fw_nft_snap *s);

const struct fw_nft_snap_chain *fw_nft_snap_chain(const struct fw_nft_snap *s, const char *name);
const struct fw_nft_snap_set *fw_nft_snap_set(const struct fw_nft_snap *s, const char *name);
bool fw_nft_snap_counter(const struct fw_nft_snap *s, uint32_t number);

/* Of all that was read but the counters' values and the table's owner; never 0. */
uint64_t fw_nft_snap_digest(const struct fw_nft_snap *s);
/* The first difference of have against want, in words. */
void fw_nft_snap_diff(
	const struct fw_nft_snap *want, const struct fw_nft_snap *have, struct fw_drift *ret);

#endif
