/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a policy looks like in the kernel: chains, verdict maps, sets, and the rules handed out one
 * by one. Pure. Jumps go from base chains over maps to zone chains, from there to their blocks and
 * to the deny chains, from there to "refuse", and never back: no loop can be written.
 */
#ifndef FW_NFT_PLAN_H
#define FW_NFT_PLAN_H

#include "fw/nft/layout.h"
#include "fw/nft/rule.h"
#include "fw/nft/sets.h"
#include "fw/policy/builtin.h"
#include "fw/policy/policy.h"

#define FW_NFT_DENY "deny"
#define FW_NFT_DENY_REJECT "deny_reject"
#define FW_NFT_REFUSE "refuse"           /* the answer itself: TCP reset or ICMP */
#define FW_NFT_IPS_KNOWN "ips_known"     /* connections with a verdict of inspection */
#define FW_NFT_IPS_VERDICT "ips_verdict" /* packets that came back with one */
#define FW_NFT_IPS_NAMES "ips_names"     /* questions to and from the gateway, and their answers */
#define FW_NFT_G_SYN "g_syn"             /* the guard's: packets that open TCP connections */
#define FW_NFT_G_SYN_OUT "g_syn_out"
#define FW_NFT_G_ICMP "g_icmp"
#define FW_NFT_G_ICMP_OUT "g_icmp_out"
#define FW_NFT_G_NEW "g_new" /* of no connection that is known */
#define FW_NFT_G_NEW_OUT "g_new_out"
#define FW_NFT_G_BACK "g_back" /* the gateway's own answers */
#define FW_NFT_BL_IN "bl_in"   /* listed sources */
#define FW_NFT_BL_OUT "bl_out" /* listed destinations */
#define FW_NFT_BL_DROP "bl_drop"
#define FW_NFT_BL_REFUSE "bl_refuse" /* dropped, and whoever sends is told */
#define FW_NFT_BLM_IN "blm_in"       /* the same of lists that are only monitored */
#define FW_NFT_BLM_OUT "blm_out"
#define FW_NFT_BLM_SEEN "blm_seen"
#define FW_NFT_G_BLOCKED "g_blocked" /* from blocked sources */

enum fw_nft_base {
	FW_NFT_PRE_RAW,
	FW_NFT_NAT_PRE,
	FW_NFT_INPUT,
	FW_NFT_FORWARD,
	FW_NFT_OUTPUT,
	FW_NFT_NAT_POST,
	FW_NFT_IPS,      /* behind "forward": hand over to inspection */
	FW_NFT_IPS_SAVE, /* what came back from it */
	FW_NFT_IPS_IN,   /* the same behind "input" and "output", for names */
	FW_NFT_IPS_IN_SAVE,
	FW_NFT_IPS_OUT,
	FW_NFT_IPS_OUT_SAVE,
	FW_NFT_BASES
};

struct fw_nft_base_info {
	const char *name, *type, *hook_name;
	uint32_t hook, policy;
	int32_t priority;
};

const struct fw_nft_base_info *fw_nft_base(enum fw_nft_base b);

enum fw_nft_map {
	FW_NFT_MAP_FORWARD,  /* iifname . oifname → f_ */
	FW_NFT_MAP_INPUT,    /* iifname → i_ */
	FW_NFT_MAP_OUTPUT,   /* oifname → o_ */
	FW_NFT_MAP_NAT_PRE,  /* iifname → n_ */
	FW_NFT_MAP_NAT_POST, /* oifname → s_ */
	FW_NFT_MAP_DENY,     /* iifname of zones that refuse → deny_reject */
	FW_NFT_MAPS
};

struct fw_nft_map_info {
	const char *name;
	bool in, out; /* what it is keyed by */
};

const struct fw_nft_map_info *fw_nft_map(enum fw_nft_map m);

/* One element; all verdicts are "goto target". */
struct fw_nft_elem {
	char key[2 * IFNAMSIZ]; /* one or two names, NUL-padded */
	char target[FW_NFT_CHAIN_MAX];
};

struct fw_nft_elems {
	struct fw_nft_elem *v;
	size_t n, cap;
};

enum fw_nft_zone_chain {
	FW_NFT_Z_FORWARD,
	FW_NFT_Z_INPUT,
	FW_NFT_Z_OUTPUT,
	FW_NFT_Z_DNAT,
	FW_NFT_Z_SNAT
};

struct fw_nft_zchain {
	enum fw_nft_zone_chain kind;
	uint8_t from, to; /* FW_SELF where the kind has none */
	char name[FW_NFT_CHAIN_MAX];
	/* A block is a chain of its own for the records rules[first] to rules[last] of its zone
	 * chain, which jumps there for their ports alone. Blocks stand behind their zone chain. */
	bool block;
	size_t first, last;
	size_t n_rules; /* once handed out */
};

typedef void fw_nft_emit_fn(const struct fw_nft_rule *r, void *arg);

struct fw_nft_plan {
	const struct fw_policy *p;
	const char *bridge;                       /* of transparent operation, else NULL */
	struct fw_nft_dynset dyn[FW_NFT_DYN_MAX]; /* always there, or not at all */
	size_t n_dyn;
	uint64_t empty; /* which of fw_nft_plan_fixed have no rule; once handed out */
	const struct fw_nft_layout *lists; /* sets of the blocklists; NULL: none; borrowed */
	struct fw_nft_sets sets;
	struct fw_nft_zchain *chains; /* zone chains; base and deny chains always exist */
	size_t n_chains, cap_chains;
	struct fw_nft_elems maps[FW_NFT_MAPS]; /* sorted by key */
	fw_nft_emit_fn *emit;
	void *arg;
	size_t emitted;
	bool queue_xt;             /* queue rules as the xtables target */
	struct fw_nft_span *spans; /* scratch */
	size_t cap_spans;
	int err; /* -ENOMEM */
};

/* The n-th of the chains without hook that belong to no zone, NULL past the last. */
const char *fw_nft_plan_fixed(const struct fw_nft_plan *pl, size_t n);
/* Chains and maps. The policy is borrowed. 0 or -ENOMEM. */
int fw_nft_plan_init(struct fw_nft_plan *pl, const struct fw_policy *p, unsigned epoch);
void fw_nft_plan_done(struct fw_nft_plan *pl);
/* Hand out every rule, chain by chain in chain order, filling pl->sets on the way. 0 or -ENOMEM. */
int fw_nft_plan_rules(struct fw_nft_plan *pl, fw_nft_emit_fn *emit, void *arg);
bool fw_nft_plan_has_chain(const struct fw_nft_plan *pl, const char *name);

#endif
