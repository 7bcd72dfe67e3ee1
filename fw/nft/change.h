/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages that lead from what the kernel holds to what the plan says: differences only. Pure:
 * apply.c decides when they are sent.
 */
#ifndef FW_NFT_CHANGE_H
#define FW_NFT_CHANGE_H

#include "fw/nft/batch.h"
#include "fw/nft/plan.h"
#include "fw/nft/snap.h"

struct fw_nft_change {
	const struct fw_nft_snap *before;
	const struct fw_nft_plan *plan;
	const struct fw_nft_counter *start; /* sorted by number */
	size_t n_start;
};

/* Chains without hook, verdict maps and counters that are not there yet; not referenced by
 * anything. */
void fw_nft_change_chains(const struct fw_nft_change *c, struct fw_nft_batch *b);
void fw_nft_change_maps(const struct fw_nft_change *c, struct fw_nft_batch *b);
void fw_nft_change_dynsets(const struct fw_nft_change *c, struct fw_nft_batch *b);
void fw_nft_change_del_set(struct fw_nft_batch *b, const char *name);
void fw_nft_change_counter(const struct fw_nft_change *c, struct fw_nft_batch *b, uint32_t number);
/* Wake the table; remove all its rules; base chains that are missing or wrong, maps that are wrong.
 */
void fw_nft_change_head(const struct fw_nft_change *c, struct fw_nft_batch *b);
/* Elements of the verdict maps. */
void fw_nft_change_elems(const struct fw_nft_change *c, struct fw_nft_batch *b);
/* Remove what was there and is not planned. */
void fw_nft_change_unused(const struct fw_nft_change *c, struct fw_nft_batch *b);
/* Remove what is planned and was not in origin, but is there now: the undoing of a fill. */
void fw_nft_change_undo(const struct fw_nft_change *c, const struct fw_nft_snap *origin,
	const struct fw_nft_snap *now, struct fw_nft_batch *b);

#endif
