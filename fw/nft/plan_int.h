/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make up the plan offer each other: rules of chains that always exist, of
 * blocks and of records. Not for use outside fw/nft.
 */
#ifndef FW_NFT_PLAN_INT_H
#define FW_NFT_PLAN_INT_H

#include "fw/nft/plan.h"

/* Does a record put a rule into this chain? */
bool fw_nft_plan_belongs(const struct fw_nft_zchain *c, const struct fw_policy_rule *r);
/* blocks.c: add the blocks of the newest zone chain. 0 or -ENOMEM. */
int fw_nft_plan_add_blocks(struct fw_nft_plan *pl);
/* The jump of zone chain c into its block b. */
void fw_nft_plan_guard(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_nft_zchain *b);
/* Rules of a base or deny chain. */
void fw_nft_plan_base(struct fw_nft_plan *pl, enum fw_nft_base b);
void fw_nft_plan_deny(struct fw_nft_plan *pl, const char *chain);
/* inspect_rules.c: rules of FW_NFT_IPS and FW_NFT_IPS_SAVE, and of the two chains behind them. */
void fw_nft_plan_ips(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_ips_save(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_ips_known(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_ips_verdict(struct fw_nft_plan *pl, const char *chain);
/* Names asked of the gateway and by it: its part of FW_NFT_IPS_IN or _OUT, and their chain. */
void fw_nft_plan_ips_own(struct fw_nft_plan *pl, const char *chain, bool in);
void fw_nft_plan_ips_names(struct fw_nft_plan *pl, const char *chain);
/* guard_rules.c: its sets; its part of "pre_raw", and of the chains of new connections. */
void fw_nft_plan_add_guard(struct fw_nft_plan *pl);
void fw_nft_plan_guard_raw(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_guard_new(struct fw_nft_plan *pl, const char *chain, bool out);
/* Condition "through an interface of an outside zone"; false: there is none. */
bool fw_nft_plan_outside(struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f);
/* Is there anything for "pre_raw" to do? */
bool fw_nft_plan_raw(const struct fw_policy *p);
/* list_rules.c: the lists of learned addresses; into the chains of what is listed, and those. */
void fw_nft_plan_add_learned(struct fw_nft_plan *pl);
void fw_nft_plan_list_from(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_list_to(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_list_watch(struct fw_nft_plan *pl, const char *chain, bool in, bool out);
void fw_nft_plan_list_chain(struct fw_nft_plan *pl, const char *chain);
/* bridge_rules.c: condition "in one of these zones" (bits), as the packet's mark has it. */
bool fw_nft_plan_bridged(
	struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f, uint32_t zones);
/* A packet of the gateway that goes on from here, or from chain c, is for these zones (bits). */
void fw_nft_plan_bridge_only(const struct fw_nft_plan *pl, struct fw_nft_rule *r,
	const struct fw_nft_zchain *c, uint32_t zones);
/* What a map does where interfaces tell zones. */
void fw_nft_plan_bridge_map(struct fw_nft_plan *pl, const char *chain, enum fw_nft_map m);
/* First in "forward", "output", "ips" and "ips_save"; nothing without a bridge. */
void fw_nft_plan_bridge_link(struct fw_nft_plan *pl);
/* DHCP from host to host, behind all that stops a new connection in "forward". */
void fw_nft_plan_bridge_renewal(struct fw_nft_plan *pl);
void fw_nft_plan_bridge_own(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_bridge_uninspected(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_bridge_passed(struct fw_nft_plan *pl, const char *chain);
/* Its chains: those that measure, and those for what is too much. */
enum fw_nft_guard_result { FW_NFT_G_OVER, FW_NFT_G_TO, FW_NFT_G_SEEN };
const char *fw_nft_guard_chain(enum fw_nft_guard_result what, enum fw_guard_kind k);
void fw_nft_plan_guard_chain(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_guard_back(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_guard_blocked(struct fw_nft_plan *pl, const char *chain);
void fw_nft_plan_guard_result(struct fw_nft_plan *pl, const char *chain);
/* Rules of one record in a chain of this kind. */
void fw_nft_plan_record(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r);
void fw_nft_plan_emit(struct fw_nft_plan *pl, const struct fw_nft_rule *r);
/* Condition "the interface is one of these"; no condition for n == 0. */
void fw_nft_plan_ifaces(struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f,
	const char (*names)[IFNAMSIZ], size_t n);

/* One way a record can match: one family, one protocol. */
struct fw_nft_variant {
	uint8_t family; /* 4, 6, 0: both */
	bool any_proto;
	uint8_t proto;
	const struct fw_nft_span *spans; /* n_spans 0: any port */
	size_t n_spans;
};
typedef void fw_nft_variant_fn(struct fw_nft_plan *pl, const struct fw_nft_variant *v,
	const struct fw_policy_rule *r, const struct fw_nft_zchain *c);
/* Call fn for each variant of the record; only_family 0: no restriction. */
void fw_nft_plan_variants(struct fw_nft_plan *pl, const struct fw_policy_rule *r,
	const struct fw_nft_zchain *c, uint8_t only_family, fw_nft_variant_fn *fn);
/* The conditions of a variant, cheap ones first. */
void fw_nft_plan_match(struct fw_nft_plan *pl, struct fw_nft_rule *k,
	const struct fw_nft_variant *v, const struct fw_addrs *src, const struct fw_addrs *dst);
/* nat.c */
void fw_nft_plan_dnat(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r);
void fw_nft_plan_dnat_forward(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r);
void fw_nft_plan_snat(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r);

#endif
