/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's lists of blocked sources: elements with a timeout, put in and taken out one by one
 * while the rules stay. The lists are made by fw_nft_apply.
 */
#ifndef FW_NFT_BLOCK_H
#define FW_NFT_BLOCK_H

#include "fw/nft/nft.h"

struct fw_nft_blocked {
	struct fw_ip ip;
	bool net64;       /* IPv6: its first 64 bits, the rest is zero */
	uint64_t seconds; /* that are left */
	bool learned;     /* in the lists of learned addresses, not in those of blocked sources */
};

/* Those that are in already stay as they are. */
int fw_nft_block(
	struct fw_nft *n, const struct fw_nft_blocked *v, size_t count, struct sk_err *err);
/* One that is not in is no error. */
int fw_nft_unblock(struct fw_nft *n, const struct fw_nft_blocked *v, struct sk_err *err);
/* The lists of learned addresses become empty. */
int fw_nft_learned_flush(struct fw_nft *n, struct sk_err *err);
/* Blocked sources that the kernel holds; the array is the caller's (free). */
int fw_nft_blocked_read(
	struct fw_nft *n, struct fw_nft_blocked **ret, size_t *ret_n, struct sk_err *err);

#endif
