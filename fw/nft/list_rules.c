/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains of the blocklists. What comes from an outside zone is looked up by its source before
 * connection tracking, what goes to one by its destination before connections that exist are let
 * through, so that these end, too. Of lists that are only monitored, new connections are reported.
 * Pure.
 */
#include <linux/netfilter.h>
#include <stdio.h>
#include <string.h>

#include "fw/nft/log_prefix.h"
#include "fw/nft/plan_int.h"
#include "lib/util.h"

void fw_nft_plan_add_learned(struct fw_nft_plan *pl)
{
	static const char *const names[] = {FW_NFT_LEARN4, FW_NFT_LEARN6};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		struct fw_nft_dynset *s = &pl->dyn[pl->n_dyn++];
		*s = (struct fw_nft_dynset){.v6 = i == 1, .size = FW_NFT_LEARN_MAX};
		snprintf(s->name, sizeof(s->name), "%s", names[i]);
	}
}

/* ---- where they are entered ---- */

static void enter(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id,
	enum fw_nft_field iface, const char *target)
{
	struct fw_nft_rule r;

	if (!pl->p->blocklist)
		return;
	fw_nft_rule_init(&r, chain, id, 0);
	if (!fw_nft_plan_outside(pl, &r, iface))
		return;
	r.verdict = FW_NFT_JUMP;
	r.target = target;
	fw_nft_plan_emit(pl, &r);
}

void fw_nft_plan_list_from(struct fw_nft_plan *pl, const char *chain)
{
	enter(pl, chain, FW_B_BLOCKLIST, FW_NFT_IIFNAME, FW_NFT_BL_IN);
}

void fw_nft_plan_list_to(struct fw_nft_plan *pl, const char *chain)
{
	enter(pl, chain, FW_B_BLOCKLIST, FW_NFT_OIFNAME, FW_NFT_BL_OUT);
}

void fw_nft_plan_list_watch(struct fw_nft_plan *pl, const char *chain, bool in, bool out)
{
	if (in)
		enter(pl, chain, FW_B_BLOCKLIST_MONITOR, FW_NFT_IIFNAME, FW_NFT_BLM_IN);
	if (out)
		enter(pl, chain, FW_B_BLOCKLIST_MONITOR, FW_NFT_OIFNAME, FW_NFT_BLM_OUT);
}

/* ---- the chains ---- */

struct look {
	enum fw_builtin_id id;
	bool dest;
	const char *target;
};

static void look_up(struct fw_nft_plan *pl, const char *chain, const struct look *k,
	const char *set, bool v6, uint8_t keep)
{
	static const enum fw_nft_field fields[2][2] = {
		{FW_NFT_SADDR4, FW_NFT_SADDR6}, {FW_NFT_DADDR4, FW_NFT_DADDR6}};
	struct fw_nft_match *m;
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, k->id, 0);
	fw_nft_rule_u8(&r, FW_NFT_NFPROTO, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	m = fw_nft_rule_add(&r, fields[k->dest][v6], FW_NFT_IN, NULL);
	m->dyn = set;
	m->keep = keep;
	r.verdict = FW_NFT_GOTO;
	r.target = k->target;
	fw_nft_plan_emit(pl, &r);
}

static void look_up_all(
	struct fw_nft_plan *pl, const char *chain, const struct look *k, bool monitor)
{
	for (size_t i = 0; pl->lists && i < FW_LIST_SETS; i++) {
		const struct fw_list_set *s = fw_list_set(i);
		const bool v6 = s->family == 6, whole = s->prefix == (v6 ? 128 : 32);

		if (s->monitor == monitor && pl->lists->v[i].name[0])
			look_up(pl, chain, k, pl->lists->v[i].name, v6, whole ? 0 : s->prefix);
	}
}

static void learned(struct fw_nft_plan *pl, const char *chain, const struct look *k)
{
	look_up(pl, chain, k, FW_NFT_LEARN4, false, 0);
	look_up(pl, chain, k, FW_NFT_LEARN6, true, 0);
}

static void result(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id, char log)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, id, 0);
	r.count = true;
	r.log = log;
	r.reason = log == FW_LOG_ALLOW ? FW_REASON_BLOCKLIST_MONITOR : FW_REASON_BLOCKLIST;
	if (log == FW_LOG_DROP)
		r.verdict = FW_NFT_DROP;
	if (log == FW_LOG_REJECT) {
		r.verdict = FW_NFT_GOTO;
		r.target = FW_NFT_REFUSE;
	}
	fw_nft_plan_emit(pl, &r);
}

/* Who sends from inside is told, so that programs need not wait; nobody outside is. */
static void refuse(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_BLOCKLIST, 0);
	if (fw_nft_plan_outside(pl, &r, FW_NFT_IIFNAME)) {
		r.verdict = FW_NFT_GOTO;
		r.target = FW_NFT_BL_DROP;
		fw_nft_plan_emit(pl, &r);
	}
	result(pl, chain, FW_B_BLOCKLIST, FW_LOG_REJECT);
}

void fw_nft_plan_list_chain(struct fw_nft_plan *pl, const char *chain)
{
	static const struct look in = {FW_B_BLOCKLIST, false, FW_NFT_BL_DROP},
				 out = {FW_B_BLOCKLIST, true, FW_NFT_BL_REFUSE},
				 seen_in = {FW_B_BLOCKLIST_MONITOR, false, FW_NFT_BLM_SEEN},
				 seen_out = {FW_B_BLOCKLIST_MONITOR, true, FW_NFT_BLM_SEEN};

	if (strcmp(chain, FW_NFT_BL_IN) == 0) {
		look_up_all(pl, chain, &in, false);
	} else if (strcmp(chain, FW_NFT_BL_OUT) == 0) {
		look_up_all(pl, chain, &out, false);
		learned(pl, chain, &out);
	} else if (strcmp(chain, FW_NFT_BLM_IN) == 0) {
		look_up_all(pl, chain, &seen_in, true);
	} else if (strcmp(chain, FW_NFT_BLM_OUT) == 0) {
		look_up_all(pl, chain, &seen_out, true);
	} else if (strcmp(chain, FW_NFT_BL_DROP) == 0) {
		result(pl, chain, FW_B_BLOCKLIST, FW_LOG_DROP);
	} else if (strcmp(chain, FW_NFT_BL_REFUSE) == 0) {
		refuse(pl, chain);
	} else {
		result(pl, chain, FW_B_BLOCKLIST_MONITOR, FW_LOG_ALLOW);
	}
}
