/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklists in the kernel. An apply makes and fills the sets that are missing; from then on
 * they are led from list to list by the difference, in one transaction. If a set becomes too small
 * another one is filled, the rules are exchanged by an apply, and only then what is no longer
 * listed is taken out: at no moment is an address open that both lists hold.
 */
#ifndef FW_NFT_LIST_H
#define FW_NFT_LIST_H

#include "fw/nft/layout.h"
#include "fw/nft/nft.h"

/* From one list to another, or what single changes have made of one. All borrowed. */
struct fw_nft_list_step {
	const struct fw_list *from, *to;
	const struct fw_list_delta *delta; /* from and to are the same; NULL: they are two */
};

struct fw_nft_list_stats {
	size_t added, removed; /* elements */
};

/* What applies fill into the sets from now on; NULL: nothing. Borrowed until another one is. */
void fw_nft_list_use(struct fw_nft *n, const struct fw_list *l);

/*
 * Lead the kernel to step->to, which is used from now on. 0: done. 1: the rules have to be
 * exchanged, by an fw_nft_apply that must be followed by fw_nft_list_end. Else -errno, and all is
 * as it was.
 */
int fw_nft_list_begin(struct fw_nft *n, const struct fw_nft_list_step *step,
	struct fw_nft_list_stats *ret, struct sk_err *err);
/*
 * applied: the rules are exchanged, what is no longer listed goes. Else the way back to step->from
 * (for single changes: the caller has taken them back, too). On failure the next apply makes all
 * sets anew.
 */
int fw_nft_list_end(
	struct fw_nft *n, const struct fw_nft_list_step *step, bool applied, struct sk_err *err);

/* The sets as they are; their number. */
const struct fw_nft_layout *fw_nft_list_layout(const struct fw_nft *n);
size_t fw_nft_list_sets(const struct fw_nft *n);
/*
 * Does the kernel hold of a list what this one makes of it, as far as it tells? Before the first
 * apply: sets of another run. True where there are none.
 */
bool fw_nft_list_matches(struct fw_nft *n, const struct fw_list *l);

#endif
