/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of the blocklists: who is listed by which feed, and what that becomes in the
 * kernel. There, a lookup in a hash set costs a tenth of one in a set of ranges, so that what is
 * listed is written as prefixes of a few fixed lengths, one set for each, and only what would take
 * too many of them as ranges. How a listed range is cut depends on nothing but itself, so a change
 * of one entry is a change of few elements. What is allowed is taken out before. Pure.
 */
#ifndef FW_LIST_H
#define FW_LIST_H

#include "fw/registry/addr.h"
#include "lib/blocklist.h"

#define FW_LIST_SETS 18
/* A longer run of elements becomes one range. */
#define FW_LIST_RUN_MAX 256u
/* IPv6 entries are no wider than this prefix: a wider one is no address of anybody. */
#define FW_LIST_WIDEST6 16
/* Elements that entries may add by being cut; beyond, shorter runs become ranges, too. */
#define FW_LIST_BUDGET (2u << 20)

enum fw_list_verdict { FW_LIST_NONE, FW_LIST_ALLOWED, FW_LIST_BLOCK, FW_LIST_MONITOR };
const char *fw_list_verdict_name(enum fw_list_verdict v); /* "none" "allowed" "block" "monitor" */

struct fw_list;

/* An empty one: generation 0, no feeds. NULL without memory. */
struct fw_list *fw_list_new(void);
void fw_list_free(struct fw_list *l);
void fw_list_freep(struct fw_list **l);
/* From a document (lib/blocklist.h); entries that are no addresses are left out. */
int fw_list_parse(const void *p, size_t n, struct fw_list **ret, struct sk_err *err);

uint64_t fw_list_generation(const struct fw_list *l);
void fw_list_set_generation(struct fw_list *l, uint64_t generation);
const char *fw_list_sha256(const struct fw_list *l); /* of the document; "" for none */
size_t fw_list_entries(const struct fw_list *l);     /* addresses, allowed ones included */
size_t fw_list_feeds(const struct fw_list *l);
/* Index of the feed of this name, or -ENOENT. */
int fw_list_feed(const struct fw_list *l, const char *name);
const struct sk_bl_feed *fw_list_feed_at_index(const struct fw_list *l, size_t i); /* borrowed */

/* What the list says about an address. Allowed goes before block, block before monitor. */
struct fw_list_hit {
	enum fw_list_verdict verdict;
	const char *feed;         /* borrowed; NULL where nothing is listed, and for allowed */
	unsigned __int128 lo, hi; /* of the narrowest entry of that verdict */
};
void fw_list_find(const struct fw_list *l, const struct fw_ip *ip, struct fw_list_hit *ret);

/* ---- elements ---- */

/* One of the kernel's sets. */
struct fw_list_set {
	bool monitor;   /* else block */
	uint8_t family; /* 4, 6 */
	uint8_t prefix; /* length of all its elements; 0: ranges */
};
const struct fw_list_set *fw_list_set(size_t set);
size_t fw_list_count(const struct fw_list *l, size_t set); /* its elements; ranges count once */
size_t fw_list_elements(const struct fw_list *l);          /* of all sets */

/* Neighbouring elements of one set; of ranges always a single one. */
struct fw_list_run {
	uint8_t set;
	bool add; /* of a difference; else it goes */
	unsigned __int128 lo, hi;
};
/* Returning non-zero ends the walk, which returns it. */
typedef int fw_list_run_fn(const struct fw_list_run *r, void *arg);

/* All elements of a set, in their order. */
int fw_list_runs(const struct fw_list *l, size_t set, fw_list_run_fn *fn, void *arg);
/* What leads the set from one list to the other, ordered by address. */
int fw_list_diff(const struct fw_list *from, const struct fw_list *to, size_t set,
	fw_list_run_fn *fn, void *arg);

/* ---- single entries ---- */

struct fw_list_change {
	bool add;
	enum sk_bl_kind kind; /* SK_BL_ADDR4 or SK_BL_ADDR6 */
	uint16_t feed;        /* or SK_BL_ALLOW */
	unsigned __int128 lo, hi;
};

/* Elements that come and go, by set and address. */
struct fw_list_delta {
	struct fw_list_run *v;
	size_t n, cap;
};
void fw_list_delta_done(struct fw_list_delta *d);

/*
 * Do the changes one after the other, all or none; *ret: what they make of the elements. -EEXIST:
 * the value is listed already, -ENOENT: it is not, -EINVAL, -ERANGE; err.path "add[3]", "remove[0]"
 * counts the changes of its kind.
 */
int fw_list_edit(struct fw_list *l, const struct fw_list_change *v, size_t n,
	struct fw_list_delta *ret, struct sk_err *err);
/* Take the changes of a successful edit back; cannot fail. */
void fw_list_undo(
	struct fw_list *l, const struct fw_list_change *v, size_t n, const struct fw_list_delta *d);

#endif
