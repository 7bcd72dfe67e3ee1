/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Differences between kernel and plan as messages; see change.h. */
#include "fw/nft/change.h"

#include <string.h>

#include <libmnl/libmnl.h>

#include "fw/nft/uapi.h"
#include "lib/util.h"

static void put_named(struct fw_nft_batch *b, int type, unsigned flags, uint16_t table_attr,
	uint16_t name_attr, const char *name)
{
	fw_nft_msg_begin(b, type, flags, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, table_attr, FW_NFT_TABLE);
	fw_nft_put_str(b, name_attr, name);
}

/* ---- new things ---- */

static void put_chain(const struct fw_nft_change *c, struct fw_nft_batch *b, const char *name)
{
	if (fw_nft_snap_chain(c->before, name))
		return;
	put_named(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, name);
	fw_nft_msg_end(b);
}

void fw_nft_change_chains(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	const char *name;

	for (size_t i = 0; (name = fw_nft_plan_fixed(c->plan, i)); i++)
		put_chain(c, b, name);
	for (size_t i = 0; i < c->plan->n_chains; i++)
		put_chain(c, b, c->plan->chains[i].name);
}

static bool is_pair(enum fw_nft_map m)
{
	return fw_nft_map(m)->in && fw_nft_map(m)->out;
}

static uint32_t map_flags(enum fw_nft_map m)
{
	return NFT_SET_MAP | (is_pair(m) ? FW_NFT_SET_CONCAT : 0);
}

static uint32_t map_key_len(enum fw_nft_map m)
{
	return IFNAMSIZ * (is_pair(m) ? 2u : 1u);
}

/*
 * Can the kernel's map be led to what it should hold by changing single elements? Not if somebody
 * made one of another kind, or one that also answers for all keys that it does not hold.
 */
static bool map_fits(const struct fw_nft_snap *s, enum fw_nft_map m)
{
	const struct fw_nft_snap_set *x = fw_nft_snap_set(s, fw_nft_map(m)->name);

	return x && x->flags == map_flags(m) && x->key_len == map_key_len(m) &&
		x->data_type == FW_NFT_TYPE_VERDICT && !x->timeout && !s->maps[m].strange;
}

static void put_map(struct fw_nft_batch *b, enum fw_nft_map m)
{
	const struct fw_nft_map_info *i = fw_nft_map(m);
	const bool pair = is_pair(m);
	uint32_t type = FW_NFT_TYPE_IFNAME;

	if (pair)
		type = type << FW_NFT_TYPE_BITS | FW_NFT_TYPE_IFNAME;
	put_named(b, NFT_MSG_NEWSET, NLM_F_CREATE, NFTA_SET_TABLE, NFTA_SET_NAME, i->name);
	fw_nft_put_be32(b, NFTA_SET_FLAGS, map_flags(m));
	fw_nft_put_be32(b, NFTA_SET_KEY_TYPE, type);
	fw_nft_put_be32(b, NFTA_SET_KEY_LEN, map_key_len(m));
	fw_nft_put_be32(b, NFTA_SET_DATA_TYPE, FW_NFT_TYPE_VERDICT);
	fw_nft_put_be32(b, NFTA_SET_DATA_LEN, 0);
	fw_nft_put_be32(b, NFTA_SET_ID, (uint32_t)b->n);
	if (pair) {
		struct nlattr *desc = fw_nft_nest(b, NFTA_SET_DESC);
		struct nlattr *list = fw_nft_nest(b, NFTA_SET_DESC_CONCAT);
		for (int k = 0; k < 2; k++) {
			struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
			fw_nft_put_be32(b, NFTA_SET_FIELD_LEN, IFNAMSIZ);
			fw_nft_nest_end(b, e);
		}
		fw_nft_nest_end(b, list);
		fw_nft_nest_end(b, desc);
	} else {
		fw_nft_set_put_byteorder(b, true);
	}
	fw_nft_msg_end(b);
}

void fw_nft_change_maps(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	for (unsigned m = 0; m < FW_NFT_MAPS; m++) {
		if (!fw_nft_snap_set(c->before, fw_nft_map(m)->name))
			put_map(b, m);
	}
}

void fw_nft_change_dynsets(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	for (size_t i = 0; i < c->plan->n_dyn; i++) {
		if (!fw_nft_snap_set(c->before, c->plan->dyn[i].name))
			fw_nft_dynset_put(b, &c->plan->dyn[i]);
	}
}

static const struct fw_nft_counter *start_of(const struct fw_nft_change *c, uint32_t number)
{
	size_t lo = 0, hi = c->n_start;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->start[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < c->n_start && c->start[lo].number == number ? &c->start[lo] : NULL;
}

void fw_nft_change_counter(const struct fw_nft_change *c, struct fw_nft_batch *b, uint32_t number)
{
	const struct fw_nft_counter *s = start_of(c, number);
	char name[FW_NFT_NAME_MAX];

	if (fw_nft_snap_counter(c->before, number))
		return;
	fw_nft_counter_name(name, number);
	put_named(b, NFT_MSG_NEWOBJ, NLM_F_CREATE, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	struct nlattr *data = fw_nft_nest(b, NFTA_OBJ_DATA);
	fw_nft_put_be64(b, NFTA_COUNTER_BYTES, s ? s->bytes : 0);
	fw_nft_put_be64(b, NFTA_COUNTER_PACKETS, s ? s->packets : 0);
	fw_nft_nest_end(b, data);
	fw_nft_msg_end(b);
}

/* ---- the exchange ---- */

void fw_nft_change_del_set(struct fw_nft_batch *b, const char *name)
{
	put_named(b, NFT_MSG_DELSET, 0, NFTA_SET_TABLE, NFTA_SET_NAME, name);
	fw_nft_msg_end(b);
}

static bool base_fits(const struct fw_nft_snap_chain *c, const struct fw_nft_base_info *i)
{
	return c->base && c->hook == i->hook && c->priority == i->priority &&
		strcmp(c->type, i->type) == 0;
}

/*
 * Base chains are made once: deleting one flushes every NFQUEUE of the namespace. Only one that
 * somebody bent to another hook is made anew.
 */
static void put_base(const struct fw_nft_change *c, struct fw_nft_batch *b, enum fw_nft_base base)
{
	const struct fw_nft_base_info *i = fw_nft_base(base);
	const struct fw_nft_snap_chain *have = fw_nft_snap_chain(c->before, i->name);

	if (have && base_fits(have, i) && have->policy == i->policy)
		return;
	if (have && !base_fits(have, i)) {
		put_named(b, NFT_MSG_DELCHAIN, 0, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, i->name);
		fw_nft_msg_end(b);
	}
	put_named(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, i->name);
	struct nlattr *hook = fw_nft_nest(b, NFTA_CHAIN_HOOK);
	fw_nft_put_be32(b, NFTA_HOOK_HOOKNUM, i->hook);
	fw_nft_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)i->priority);
	fw_nft_nest_end(b, hook);
	fw_nft_put_be32(b, NFTA_CHAIN_POLICY, i->policy);
	fw_nft_put_str(b, NFTA_CHAIN_TYPE, i->type);
	fw_nft_msg_end(b);
}

/* Of another kind than ours: somebody else's work. What it held is put in again by fwd. */
static void put_dynsets(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	for (size_t i = 0; i < c->plan->n_dyn; i++) {
		const struct fw_nft_dynset *s = &c->plan->dyn[i];
		const struct fw_nft_snap_set *have = fw_nft_snap_set(c->before, s->name);
		if (!have ||
			(have->flags == fw_nft_dynset_flags(s) &&
				have->key_len == fw_nft_dynset_key_len(s) &&
				have->timeout == (s->timeout != 0)))
			continue;
		fw_nft_change_del_set(b, s->name);
		fw_nft_dynset_put(b, s);
	}
}

/* A table that sleeps has no hook: all packets pass. */
static void put_awake(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	if (!(c->before->flags & NFT_TABLE_F_DORMANT))
		return;
	fw_nft_msg_begin(b, NFT_MSG_NEWTABLE, 0, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_TABLE_NAME, FW_NFT_TABLE);
	fw_nft_put_be32(b, NFTA_TABLE_FLAGS, c->before->flags & ~(uint32_t)NFT_TABLE_F_DORMANT);
	fw_nft_msg_end(b);
}

void fw_nft_change_head(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	put_awake(c, b);
	fw_nft_msg_begin(b, NFT_MSG_DELRULE, 0, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_RULE_TABLE, FW_NFT_TABLE); /* no chain: all of them */
	fw_nft_msg_end(b);
	for (unsigned i = 0; i < FW_NFT_BASES; i++)
		put_base(c, b, i);
	/* No rule refers to them now. */
	put_dynsets(c, b);
	for (unsigned m = 0; m < FW_NFT_MAPS; m++) {
		if (!fw_nft_snap_set(c->before, fw_nft_map(m)->name) || map_fits(c->before, m))
			continue;
		fw_nft_change_del_set(b, fw_nft_map(m)->name);
		put_map(b, m);
	}
}

static void put_elem(struct fw_nft_batch *b, int type, enum fw_nft_map m, const char *key,
	size_t len, const char *target)
{
	put_named(b, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, NFTA_SET_ELEM_LIST_TABLE,
		NFTA_SET_ELEM_LIST_SET, fw_nft_map(m)->name);
	struct nlattr *list = fw_nft_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
	struct nlattr *k = fw_nft_nest(b, NFTA_SET_ELEM_KEY);
	fw_nft_put(b, NFTA_DATA_VALUE, key, len);
	fw_nft_nest_end(b, k);
	if (target) {
		struct nlattr *d = fw_nft_nest(b, NFTA_SET_ELEM_DATA);
		struct nlattr *v = fw_nft_nest(b, NFTA_DATA_VERDICT);
		fw_nft_put_be32(b, NFTA_VERDICT_CODE, (uint32_t)NFT_GOTO);
		fw_nft_put_str(b, NFTA_VERDICT_CHAIN, target);
		fw_nft_nest_end(b, v);
		fw_nft_nest_end(b, d);
	}
	fw_nft_nest_end(b, e);
	fw_nft_nest_end(b, list);
	fw_nft_msg_end(b);
}

static bool same_elem(const struct fw_nft_snap_elem *x, const struct fw_nft_elem *y)
{
	return x->code == (uint32_t)NFT_GOTO && strcmp(x->e.target, y->target) == 0;
}

/* Walk both, sorted: what is only here goes, what is only wanted comes, what differs does both. */
static void put_elems(
	const struct fw_nft_change *c, struct fw_nft_batch *b, enum fw_nft_map m, bool add)
{
	const size_t len = map_key_len(m);
	const struct fw_nft_snap_elem *have = c->before->maps[m].v;
	const struct fw_nft_elem *want = c->plan->maps[m].v;
	/* One that is made anew is empty. */
	const size_t nh = map_fits(c->before, m) ? c->before->maps[m].n : 0;
	const size_t nw = c->plan->maps[m].n;

	for (size_t h = 0, w = 0; h < nh || w < nw;) {
		int d = h == nh ? 1 : -1;
		if (h < nh && w < nw)
			d = memcmp(have[h].e.key, want[w].key, sizeof(want[w].key));
		const bool same = d == 0 && same_elem(&have[h], &want[w]);
		if (d <= 0 && !same && !add)
			put_elem(b, NFT_MSG_DELSETELEM, m, have[h].e.key, have[h].key_len, NULL);
		if (d >= 0 && !same && add)
			put_elem(b, NFT_MSG_NEWSETELEM, m, want[w].key, len, want[w].target);
		h += d <= 0;
		w += d >= 0;
	}
}

void fw_nft_change_elems(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	for (int add = 0; add <= 1; add++) {
		for (unsigned m = 0; m < FW_NFT_MAPS; m++)
			put_elems(c, b, m, add);
	}
}

/* ---- removals ---- */

static bool planned_set(const struct fw_nft_plan *pl, const char *name)
{
	for (unsigned m = 0; m < FW_NFT_MAPS; m++) {
		if (strcmp(fw_nft_map(m)->name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < pl->n_dyn; i++) {
		if (strcmp(pl->dyn[i].name, name) == 0)
			return true;
	}
	if (pl->lists && fw_nft_layout_find(pl->lists, name) >= 0)
		return true;
	return fw_nft_sets_find(&pl->sets, name) != NULL;
}

static bool planned_counter(const struct fw_nft_plan *pl, uint32_t number)
{
	return number <= fw_builtin_last(pl->p) || fw_policy_find(pl->p, number);
}

static void put_del_chain(struct fw_nft_batch *b, const char *name)
{
	put_named(b, NFT_MSG_DELCHAIN, 0, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, name);
	fw_nft_msg_end(b);
}

static void put_del_counter(struct fw_nft_batch *b, const char *name)
{
	put_named(b, NFT_MSG_DELOBJ, 0, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	fw_nft_msg_end(b);
}

void fw_nft_change_unused(const struct fw_nft_change *c, struct fw_nft_batch *b)
{
	const struct fw_nft_snap *s = c->before;
	char name[FW_NFT_NAME_MAX];

	/* Elements of a foreign map may point at chains: sets first. */
	for (size_t i = 0; i < s->n_sets; i++) {
		if (!planned_set(c->plan, s->sets[i].name))
			fw_nft_change_del_set(b, s->sets[i].name);
	}
	for (size_t i = 0; i < s->n_chains; i++) {
		if (!fw_nft_plan_has_chain(c->plan, s->chains[i].name))
			put_del_chain(b, s->chains[i].name);
	}
	for (size_t i = 0; i < s->n_counters; i++) {
		if (planned_counter(c->plan, s->counters[i].number))
			continue;
		fw_nft_counter_name(name, s->counters[i].number);
		put_del_counter(b, name);
	}
	for (size_t i = 0; i < s->n_objects; i++)
		put_del_counter(b, s->objects[i]);
}

void fw_nft_change_undo(const struct fw_nft_change *c, const struct fw_nft_snap *origin,
	const struct fw_nft_snap *now, struct fw_nft_batch *b)
{
	char name[FW_NFT_NAME_MAX];

	for (size_t i = 0; i < now->n_sets; i++) {
		const char *s = now->sets[i].name;
		if (!fw_nft_snap_set(origin, s) && planned_set(c->plan, s))
			fw_nft_change_del_set(b, s);
	}
	for (size_t i = 0; i < now->n_chains; i++) {
		const char *s = now->chains[i].name;
		if (!fw_nft_snap_chain(origin, s) && fw_nft_plan_has_chain(c->plan, s))
			put_del_chain(b, s);
	}
	for (size_t i = 0; i < now->n_counters; i++) {
		const uint32_t number = now->counters[i].number;
		if (fw_nft_snap_counter(origin, number) || !planned_counter(c->plan, number))
			continue;
		fw_nft_counter_name(name, number);
		put_del_counter(b, name);
	}
}
