/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks: a long zone chain costs every new connection a comparison for each of its rules. Runs of
 * records that name their ports therefore move to chains of their own, entered only by packets to
 * one of the run's ports. The order of the records, and so the meaning, stays what it was. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/nft/plan_int.h"
#include "lib/util.h"

#define BLOCK 64     /* records of a block */
#define BLOCK_MIN 8  /* a shorter run stays where it is */
#define PORTS_MAX 16 /* of one record, for the block's set to stay a small hash set */

/* Does every packet that the record can match go to one of a few ports? */
static bool guardable(const struct fw_policy_rule *r)
{
	const struct fw_svcs *s = &r->match.svc;
	size_t ports = 0;

	if (s->any || (r->rec.kind != FW_ALLOW && r->rec.kind != FW_DENY))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (!fw_proto_has_ports(s->v[i].proto_lo))
			return false;
		ports += (size_t)s->v[i].hi - s->v[i].lo + 1;
	}
	return ports <= PORTS_MAX;
}

static int add_block(struct fw_nft_plan *pl, size_t parent, size_t first, size_t last)
{
	if (sk_grow(&pl->chains, &pl->cap_chains, pl->n_chains + 1, sizeof(*pl->chains)) < 0)
		return -ENOMEM;
	struct fw_nft_zchain b = pl->chains[parent];
	char number[24];
	size_t len = strlen(b.name);

	b.block = true;
	b.first = first;
	b.last = last;
	snprintf(number, sizeof(number), ".%zu", pl->n_chains - parent);
	if (len + strlen(number) >= sizeof(b.name))
		return -ENAMETOOLONG; /* cannot be: see FW_NFT_CHAIN_MAX */
	memcpy(b.name + len, number, strlen(number) + 1);
	pl->chains[pl->n_chains] = b;
	pl->n_chains++;
	return 0;
}

int fw_nft_plan_add_blocks(struct fw_nft_plan *pl)
{
	const size_t parent = pl->n_chains - 1;
	const struct fw_nft_zchain c = pl->chains[parent];
	size_t run = 0, first = 0, last = 0;
	int ret = 0;

	if (c.kind == FW_NFT_Z_DNAT || c.kind == FW_NFT_Z_SNAT)
		return 0;
	for (size_t k = 0; k < pl->p->n_rules && ret == 0; k++) {
		if (!fw_nft_plan_belongs(&c, &pl->p->rules[k]))
			continue;
		const bool fits = guardable(&pl->p->rules[k]);
		if (run >= BLOCK_MIN && (!fits || run == BLOCK))
			ret = add_block(pl, parent, first, last);
		if (!fits || run == BLOCK)
			run = 0;
		if (!fits)
			continue;
		if (run++ == 0)
			first = k;
		last = k;
	}
	if (ret == 0 && run >= BLOCK_MIN)
		ret = add_block(pl, parent, first, last);
	return ret;
}

static int by_port(const void *a, const void *b)
{
	const struct fw_nft_span *x = a, *y = b;

	return (x->lo > y->lo) - (x->lo < y->lo);
}

/* Sort and join; returns how many are left. */
static size_t merge(struct fw_nft_span *v, size_t n)
{
	size_t out = 0;

	qsort(v, n, sizeof(*v), by_port);
	for (size_t i = 1; i < n; i++) {
		if (v[i].lo <= (unsigned)v[out].hi + 1)
			v[out].hi = SK_MAX(v[out].hi, v[i].hi);
		else
			v[++out] = v[i];
	}
	return out + 1;
}

void fw_nft_plan_guard(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_nft_zchain *b)
{
	struct fw_nft_span v[BLOCK * PORTS_MAX];
	const struct fw_nft_set *set;
	struct fw_nft_rule r;
	size_t n = 0;

	for (size_t k = b->first; k <= b->last; k++) {
		const struct fw_policy_rule *p = &pl->p->rules[k];
		if (!fw_nft_plan_belongs(c, p))
			continue;
		for (size_t i = 0; i < p->match.svc.n; i++)
			v[n++] = (struct fw_nft_span){p->match.svc.v[i].lo, p->match.svc.v[i].hi};
	}
	n = merge(v, n);
	if (fw_nft_sets_get(&pl->sets, FW_NFT_SET_PORT, v, n, FW_B_DEFAULT_DENY, &set) < 0) {
		pl->err = -ENOMEM;
		return;
	}
	fw_nft_rule_init(&r, c->name, FW_B_DEFAULT_DENY, 0);
	fw_nft_rule_in(&r, FW_NFT_DPORT, set);
	r.verdict = FW_NFT_JUMP;
	r.target = b->name;
	fw_nft_plan_emit(pl, &r);
}
