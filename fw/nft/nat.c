/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Translation records as kernel rules. A DNAT record is two: the translation, which also writes the
 * record's number into the conntrack mark, and the permission in the zone pair's chain, which asks
 * for that mark, so that the record that translated is the one that is counted. Pure.
 */
#include <linux/rtnetlink.h>
#include <string.h>

#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"

static void dnat_rule(struct fw_nft_plan *pl, const struct fw_nft_variant *v,
	const struct fw_policy_rule *r, const struct fw_nft_zchain *c)
{
	struct fw_nft_rule k;

	fw_nft_rule_init(&k, c->name, r->rec.number, r->rec.revision);
	fw_nft_plan_match(pl, &k, v, &r->match.src, &r->match.dst);
	/* "any" destination means an address of the gateway, not the whole Internet. */
	if (r->match.dst.any)
		fw_nft_rule_u32(&k, FW_NFT_FIB_DADDR_TYPE, FW_NFT_EQ, RTN_LOCAL);
	k.mark = true;
	k.nat = FW_NFT_NAT_DST;
	k.nat_addr = r->match.nat_addr;
	k.nat_port = r->match.nat_port;
	fw_nft_plan_emit(pl, &k);
}

void fw_nft_plan_dnat(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r)
{
	if (r->match.nat_addr.family)
		fw_nft_plan_variants(pl, r, c, r->match.nat_addr.family, dnat_rule);
}

/* The packet as it is after translation. */
static void dnat_forward_rule(struct fw_nft_plan *pl, const struct fw_nft_variant *v,
	const struct fw_policy_rule *r, const struct fw_nft_zchain *c)
{
	const struct fw_ip *ip = &r->match.nat_addr;
	struct fw_range4 r4 = {(uint32_t)ip->a, (uint32_t)ip->a};
	struct fw_range6 r6 = {ip->a, ip->a};
	const struct fw_addrs dst = {
		.v4 = &r4, .n4 = ip->family == 4, .v6 = &r6, .n6 = ip->family == 6};
	const struct fw_nft_span port = {r->match.nat_port, r->match.nat_port};
	struct fw_nft_variant after = *v;
	struct fw_nft_rule k;

	if (r->match.nat_port && !v->any_proto) {
		after.spans = &port;
		after.n_spans = 1;
	}
	fw_nft_rule_init(&k, c->name, r->rec.number, r->rec.revision);
	fw_nft_plan_match(pl, &k, &after, &r->match.src, &dst);
	fw_nft_rule_u32(&k, FW_NFT_CT_STATUS, FW_NFT_BITS, FW_CT_STATUS_DNAT);
	const uint32_t mask = FW_MARK_MASK, mark = r->rec.number << FW_MARK_SHIFT;
	memcpy(fw_nft_rule_add(&k, FW_NFT_CT_MARK, FW_NFT_MASKED, &mark)->hi, &mask, sizeof(mask));
	k.count = true;
	k.log = r->rec.log ? FW_LOG_ALLOW : 0;
	k.reason = FW_REASON_RULE;
	k.verdict = FW_NFT_ACCEPT;
	fw_nft_plan_emit(pl, &k);
}

void fw_nft_plan_dnat_forward(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r)
{
	if (r->match.nat_addr.family && c->kind != FW_NFT_Z_OUTPUT)
		fw_nft_plan_variants(pl, r, c, r->match.nat_addr.family, dnat_forward_rule);
}

static void snat_rule(struct fw_nft_plan *pl, const struct fw_nft_variant *v,
	const struct fw_policy_rule *r, const struct fw_nft_zchain *c)
{
	struct fw_nft_rule k;

	fw_nft_rule_init(&k, c->name, r->rec.number, r->rec.revision);
	if (r->from == FW_SELF) {
		/* No arriving interface: the connection is the gateway's own. */
		fw_nft_rule_u32(&k, FW_NFT_FIB_SADDR_TYPE, FW_NFT_EQ, RTN_LOCAL);
	} else {
		const struct fw_zone *z = &pl->p->zones[r->from];
		if (z->n_ifaces == 0)
			return;
		fw_nft_plan_ifaces(pl, &k, FW_NFT_IIFNAME, z->ifaces, z->n_ifaces);
	}
	fw_nft_plan_match(pl, &k, v, &r->match.src, &r->match.dst);
	k.count = true;
	k.log = r->rec.log ? FW_LOG_NAT : 0;
	k.reason = FW_REASON_RULE;
	k.nat = r->match.nat_addr.family ? FW_NFT_NAT_SRC : FW_NFT_NAT_MASQUERADE;
	k.nat_addr = r->match.nat_addr;
	k.nat_port = r->match.nat_port;
	fw_nft_plan_emit(pl, &k);
}

void fw_nft_plan_snat(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r)
{
	fw_nft_plan_variants(pl, r, c, r->match.nat_addr.family, snat_rule);
}
