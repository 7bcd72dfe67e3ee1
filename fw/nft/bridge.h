/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transparent operation in the kernel. Packets that cross a bridge pass the hooks of `inet sekisho`
 * by br_netfilter, with the bridge as their interface. So `table bridge sekisho`, which sees the
 * ports, writes the zones into the packet's mark before, and lets go on behind only what inet's
 * last chain has marked: without br_netfilter, or without the policy, nothing crosses. Pure.
 */
#ifndef FW_NFT_BRIDGE_H
#define FW_NFT_BRIDGE_H

#include "fw/nft/plan.h"
#include "fw/nft/snap.h"
#include "fw/policy/bridge.h"

/* Bits of a packet's mark between the two tables; z is the zone's place in the policy. */
#define FW_MARK_BRIDGE_IN(z) (0x00010000u << (z))
#define FW_MARK_BRIDGE_OUT(z) (0x00100000u << (z))
#define FW_MARK_BRIDGE_ALL_IN 0x000f0000u
#define FW_MARK_BRIDGE_ALL_OUT 0x00f00000u
#define FW_MARK_BRIDGE_LINK 0x01000000u   /* keeps the link itself working: not inspected */
#define FW_MARK_BRIDGE_ASKED 0x02000000u  /* inet's "forward" was asked, and has not dropped it */
#define FW_MARK_BRIDGE_PASSED 0x04000000u /* all of inet's forward chains let it through */
#define FW_MARK_BRIDGE 0x07ff0000u

_Static_assert(FW_BRIDGE_ZONES_MAX == 4, "bits of FW_MARK_BRIDGE");

struct fw_nft_bridge_chain {
	const char *name;
	bool base;
	const char *hook_name;
	uint32_t hook;
	int32_t priority;
};
/* The n-th chain of the table, NULL past the last. */
const struct fw_nft_bridge_chain *fw_nft_bridge_chain(size_t n);
/* The table's rules, in their chains' order. */
void fw_nft_bridge_rules(const struct fw_policy *p, fw_nft_emit_fn *emit, void *arg);
/* As nft(8) text. */
void fw_nft_bridge_text(const struct fw_policy *p, struct sk_buf *b);
/* What leads the kernel's table, which exists, to p's, into b. */
void fw_nft_bridge_change(
	const struct fw_policy *p, const struct fw_nft_snap *before, struct fw_nft_batch *b);

/* Remove the table. */
void fw_nft_bridge_remove(struct fw_nft_batch *b);

#endif
