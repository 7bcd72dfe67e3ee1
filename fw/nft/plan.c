/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains, verdict maps and the order of rules; see plan.h. Pure. */
#include "fw/nft/plan_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/nft/uapi.h"
#include "fw/policy/bridge.h"
#include "lib/util.h"

static const struct fw_nft_base_info bases[FW_NFT_BASES] = {
	[FW_NFT_PRE_RAW] = {"pre_raw", "filter", "prerouting", NF_INET_PRE_ROUTING, NF_ACCEPT,
		-300},
	[FW_NFT_NAT_PRE] = {"nat_pre", "nat", "prerouting", NF_INET_PRE_ROUTING, NF_ACCEPT, -100},
	[FW_NFT_INPUT] = {"input", "filter", "input", NF_INET_LOCAL_IN, NF_DROP, 0},
	[FW_NFT_FORWARD] = {"forward", "filter", "forward", NF_INET_FORWARD, NF_DROP, 0},
	[FW_NFT_OUTPUT] = {"output", "filter", "output", NF_INET_LOCAL_OUT, NF_DROP, 0},
	[FW_NFT_NAT_POST] = {"nat_post", "nat", "postrouting", NF_INET_POST_ROUTING, NF_ACCEPT,
		100},
	[FW_NFT_IPS] = {"ips", "filter", "forward", NF_INET_FORWARD, NF_ACCEPT, 10},
	[FW_NFT_IPS_SAVE] = {"ips_save", "filter", "forward", NF_INET_FORWARD, NF_ACCEPT, 20},
	[FW_NFT_IPS_IN] = {"ips_in", "filter", "input", NF_INET_LOCAL_IN, NF_ACCEPT, 10},
	[FW_NFT_IPS_IN_SAVE] = {"ips_in_save", "filter", "input", NF_INET_LOCAL_IN, NF_ACCEPT, 20},
	[FW_NFT_IPS_OUT] = {"ips_out", "filter", "output", NF_INET_LOCAL_OUT, NF_ACCEPT, 10},
	[FW_NFT_IPS_OUT_SAVE] = {"ips_out_save", "filter", "output", NF_INET_LOCAL_OUT, NF_ACCEPT,
		20},
};

static const struct fixed {
	const char *name;
	void (*rules)(struct fw_nft_plan *pl, const char *chain);
	enum { ALWAYS, GUARD, LIST } with;
} fixed[] = {
	{FW_NFT_REFUSE, fw_nft_plan_deny, ALWAYS},
	{FW_NFT_DENY, fw_nft_plan_deny, ALWAYS},
	{FW_NFT_DENY_REJECT, fw_nft_plan_deny, ALWAYS},
	{FW_NFT_IPS_KNOWN, fw_nft_plan_ips_known, ALWAYS},
	{FW_NFT_IPS_VERDICT, fw_nft_plan_ips_verdict, ALWAYS},
	{FW_NFT_IPS_NAMES, fw_nft_plan_ips_names, ALWAYS},
	{FW_NFT_G_BLOCKED, fw_nft_plan_guard_blocked, GUARD},
	{"g_over_syn", fw_nft_plan_guard_result, GUARD},
	{"g_over_udp", fw_nft_plan_guard_result, GUARD},
	{"g_over_icmp", fw_nft_plan_guard_result, GUARD},
	{"g_over_conn", fw_nft_plan_guard_result, GUARD},
	{"g_over_login", fw_nft_plan_guard_result, GUARD},
	{"g_to_syn", fw_nft_plan_guard_result, GUARD},
	{"g_to_udp", fw_nft_plan_guard_result, GUARD},
	{"g_to_icmp", fw_nft_plan_guard_result, GUARD},
	{"g_seen_syn", fw_nft_plan_guard_result, GUARD},
	{"g_seen_udp", fw_nft_plan_guard_result, GUARD},
	{"g_seen_icmp", fw_nft_plan_guard_result, GUARD},
	{"g_seen_conn", fw_nft_plan_guard_result, GUARD},
	{"g_seen_login", fw_nft_plan_guard_result, GUARD},
	{FW_NFT_G_SYN, fw_nft_plan_guard_chain, GUARD},
	{FW_NFT_G_SYN_OUT, fw_nft_plan_guard_chain, GUARD},
	{FW_NFT_G_ICMP, fw_nft_plan_guard_chain, GUARD},
	{FW_NFT_G_ICMP_OUT, fw_nft_plan_guard_chain, GUARD},
	{FW_NFT_G_NEW, fw_nft_plan_guard_chain, GUARD},
	{FW_NFT_G_NEW_OUT, fw_nft_plan_guard_chain, GUARD},
	{FW_NFT_G_BACK, fw_nft_plan_guard_back, GUARD},
	{FW_NFT_BL_DROP, fw_nft_plan_list_chain, LIST},
	{FW_NFT_BL_REFUSE, fw_nft_plan_list_chain, LIST},
	{FW_NFT_BL_IN, fw_nft_plan_list_chain, LIST},
	{FW_NFT_BL_OUT, fw_nft_plan_list_chain, LIST},
	{FW_NFT_BLM_SEEN, fw_nft_plan_list_chain, LIST},
	{FW_NFT_BLM_IN, fw_nft_plan_list_chain, LIST},
	{FW_NFT_BLM_OUT, fw_nft_plan_list_chain, LIST},
};

static const struct fw_nft_map_info map_infos[FW_NFT_MAPS] = {
	[FW_NFT_MAP_FORWARD] = {"d_forward", true, true},
	[FW_NFT_MAP_INPUT] = {"d_input", true, false},
	[FW_NFT_MAP_OUTPUT] = {"d_output", false, true},
	[FW_NFT_MAP_NAT_PRE] = {"d_nat_pre", true, false},
	[FW_NFT_MAP_NAT_POST] = {"d_nat_post", false, true},
	[FW_NFT_MAP_DENY] = {"d_deny", true, false},
};

const struct fw_nft_base_info *fw_nft_base(enum fw_nft_base b)
{
	assert(b < FW_NFT_BASES);
	return &bases[b];
}

const struct fw_nft_map_info *fw_nft_map(enum fw_nft_map m)
{
	assert(m < FW_NFT_MAPS);
	return &map_infos[m];
}

static bool is_there(const struct fw_policy *p, const struct fixed *f)
{
	return f->with == ALWAYS || (f->with == GUARD ? p->guard.enabled : p->blocklist);
}

static const struct fixed *fixed_at(const struct fw_nft_plan *pl, size_t n)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(fixed); i++) {
		if (is_there(pl->p, &fixed[i]) && n-- == 0)
			return &fixed[i];
	}
	return NULL;
}

const char *fw_nft_plan_fixed(const struct fw_nft_plan *pl, size_t n)
{
	const struct fixed *f = fixed_at(pl, n);

	return f ? f->name : NULL;
}

_Static_assert(SK_ARRAY_SIZE(fixed) <= 64, "a bit for each in fw_nft_plan.empty");

/* ---- zone chains ---- */

/* The dot keeps zones "a" and "b_c" apart from "a_b" and "c": zone names have underscores, no dots.
 */
static void name_chain(const struct fw_policy *p, struct fw_nft_zchain *c)
{
	const char *from = c->from == FW_SELF ? "" : p->zones[c->from].name;
	const char *to = c->to == FW_SELF ? "" : p->zones[c->to].name;

	switch (c->kind) {
	case FW_NFT_Z_FORWARD: snprintf(c->name, sizeof(c->name), "f_%s.%s", from, to); break;
	case FW_NFT_Z_INPUT: snprintf(c->name, sizeof(c->name), "i_%s", from); break;
	case FW_NFT_Z_OUTPUT: snprintf(c->name, sizeof(c->name), "o_%s", to); break;
	case FW_NFT_Z_DNAT: snprintf(c->name, sizeof(c->name), "n_%s", from); break;
	case FW_NFT_Z_SNAT: snprintf(c->name, sizeof(c->name), "s_%s", to); break;
	}
}

static int add_chain(struct fw_nft_plan *pl, enum fw_nft_zone_chain kind, uint8_t from, uint8_t to)
{
	if (sk_grow(&pl->chains, &pl->cap_chains, pl->n_chains + 1, sizeof(*pl->chains)) < 0)
		return -ENOMEM;
	struct fw_nft_zchain *c = &pl->chains[pl->n_chains++];
	*c = (struct fw_nft_zchain){.kind = kind, .from = from, .to = to};
	name_chain(pl->p, c);
	return fw_nft_plan_add_blocks(pl);
}

bool fw_nft_plan_belongs(const struct fw_nft_zchain *c, const struct fw_policy_rule *r)
{
	const bool snat = r->rec.kind == FW_SNAT;

	switch (c->kind) {
	case FW_NFT_Z_DNAT: return r->rec.kind == FW_DNAT && r->from == c->from;
	case FW_NFT_Z_SNAT: return snat && r->to == c->to;
	default: break;
	}
	if (snat || r->from != c->from)
		return false;
	/* A translation "to the gateway" leaves open where its address is. */
	return r->to == c->to || (r->rec.kind == FW_DNAT && r->to == FW_SELF);
}

#define ZONES (FW_ZONES_MAX + 1) /* the last is the gateway */

static unsigned zone_index(uint8_t z)
{
	return z == FW_SELF ? FW_ZONES_MAX : z;
}

static uint8_t index_zone(unsigned i)
{
	return i == FW_ZONES_MAX ? FW_SELF : (uint8_t)i;
}

static int add_filter_chains(struct fw_nft_plan *pl, bool (*pairs)[ZONES])
{
	int ret = 0;

	for (unsigned f = 0; f < ZONES; f++) {
		for (unsigned t = 0; t < ZONES; t++) {
			enum fw_nft_zone_chain kind = FW_NFT_Z_FORWARD;
			if (!pairs[f][t] || (f == FW_ZONES_MAX && t == FW_ZONES_MAX))
				continue;
			if (t == FW_ZONES_MAX)
				kind = FW_NFT_Z_INPUT;
			else if (f == FW_ZONES_MAX)
				kind = FW_NFT_Z_OUTPUT;
			ret |= add_chain(pl, kind, index_zone(f), index_zone(t));
		}
	}
	return ret ? -ENOMEM : 0;
}

static int add_chains(struct fw_nft_plan *pl)
{
	bool pairs[ZONES][ZONES] = {0}, dnat[ZONES] = {0}, snat[ZONES] = {0};
	int ret = 0;

	for (size_t i = 0; i < pl->p->n_rules; i++) {
		const struct fw_policy_rule *r = &pl->p->rules[i];
		unsigned f = zone_index(r->from), t = zone_index(r->to);
		if (r->rec.kind == FW_SNAT) {
			snat[t] = true;
			continue;
		}
		pairs[f][t] = true;
		if (r->rec.kind != FW_DNAT)
			continue;
		dnat[f] = true;
		for (size_t z = 0; r->to == FW_SELF && z < pl->p->n_zones; z++)
			pairs[f][z] = true;
	}
	for (unsigned z = 0; z < FW_ZONES_MAX; z++) {
		if (dnat[z])
			ret |= add_chain(pl, FW_NFT_Z_DNAT, (uint8_t)z, FW_SELF);
		if (snat[z])
			ret |= add_chain(pl, FW_NFT_Z_SNAT, FW_SELF, (uint8_t)z);
	}
	return ret ? -ENOMEM : add_filter_chains(pl, pairs);
}

/* ---- verdict maps ---- */

static int add_elem(
	struct fw_nft_plan *pl, enum fw_nft_map m, const char *a, const char *b, const char *target)
{
	struct fw_nft_elems *e = &pl->maps[m];

	if (sk_grow(&e->v, &e->cap, e->n + 1, sizeof(*e->v)) < 0)
		return -ENOMEM;
	struct fw_nft_elem *x = &e->v[e->n++];
	memset(x, 0, sizeof(*x));
	memcpy(x->key, a, strnlen(a, IFNAMSIZ - 1));
	if (b)
		memcpy(x->key + IFNAMSIZ, b, strnlen(b, IFNAMSIZ - 1));
	snprintf(x->target, sizeof(x->target), "%s", target);
	return 0;
}

static int add_zone_elems(
	struct fw_nft_plan *pl, enum fw_nft_map m, uint8_t zone, const char *target)
{
	const struct fw_zone *z = &pl->p->zones[zone];
	int ret = 0;

	for (size_t i = 0; i < z->n_ifaces; i++)
		ret |= add_elem(pl, m, z->ifaces[i], NULL, target);
	return ret;
}

static int add_pair_elems(struct fw_nft_plan *pl, const struct fw_nft_zchain *c)
{
	const struct fw_zone *f = &pl->p->zones[c->from], *t = &pl->p->zones[c->to];
	int ret = 0;

	for (size_t i = 0; i < f->n_ifaces; i++) {
		for (size_t k = 0; k < t->n_ifaces; k++)
			ret |= add_elem(
				pl, FW_NFT_MAP_FORWARD, f->ifaces[i], t->ifaces[k], c->name);
	}
	return ret;
}

static int add_chain_elems(struct fw_nft_plan *pl, const struct fw_nft_zchain *c)
{
	switch (c->kind) {
	case FW_NFT_Z_FORWARD: return add_pair_elems(pl, c);
	case FW_NFT_Z_INPUT: return add_zone_elems(pl, FW_NFT_MAP_INPUT, c->from, c->name);
	case FW_NFT_Z_OUTPUT: return add_zone_elems(pl, FW_NFT_MAP_OUTPUT, c->to, c->name);
	case FW_NFT_Z_DNAT: return add_zone_elems(pl, FW_NFT_MAP_NAT_PRE, c->from, c->name);
	default: return add_zone_elems(pl, FW_NFT_MAP_NAT_POST, c->to, c->name);
	}
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(((struct fw_nft_elem *)0)->key));
}

static int add_maps(struct fw_nft_plan *pl)
{
	int ret = 0;

	if (pl->bridge)
		return 0; /* the packet's mark tells the zones */
	for (size_t i = 0; i < pl->n_chains; i++) {
		if (!pl->chains[i].block)
			ret |= add_chain_elems(pl, &pl->chains[i]);
	}
	for (size_t z = 0; z < pl->p->n_zones; z++) {
		if (pl->p->zones[z].reject)
			ret |= add_zone_elems(pl, FW_NFT_MAP_DENY, (uint8_t)z, FW_NFT_DENY_REJECT);
	}
	for (size_t m = 0; m < FW_NFT_MAPS; m++) {
		if (pl->maps[m].n)
			qsort(pl->maps[m].v, pl->maps[m].n, sizeof(*pl->maps[m].v), by_key);
	}
	return ret ? -ENOMEM : 0;
}

/* ---- the plan ---- */

int fw_nft_plan_init(struct fw_nft_plan *pl, const struct fw_policy *p, unsigned epoch)
{
	memset(pl, 0, sizeof(*pl));
	pl->p = p;
	pl->bridge = fw_policy_bridge(p);
	fw_nft_sets_init(&pl->sets, epoch);
	fw_nft_plan_add_guard(pl);
	fw_nft_plan_add_learned(pl);
	int ret = add_chains(pl);
	if (ret == 0)
		ret = add_maps(pl);
	if (ret < 0)
		fw_nft_plan_done(pl);
	return ret;
}

void fw_nft_plan_done(struct fw_nft_plan *pl)
{
	fw_nft_sets_done(&pl->sets);
	free(pl->chains);
	for (size_t m = 0; m < FW_NFT_MAPS; m++)
		free(pl->maps[m].v);
	free(pl->spans);
	memset(pl, 0, sizeof(*pl));
}

void fw_nft_plan_emit(struct fw_nft_plan *pl, const struct fw_nft_rule *r)
{
	if (pl->err)
		return;
	pl->emitted++;
	pl->emit(r, pl->arg);
}

static int name_cmp(const void *a, const void *b)
{
	return strncmp(a, b, IFNAMSIZ);
}

void fw_nft_plan_ifaces(struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f,
	const char (*names)[IFNAMSIZ], size_t n)
{
	const struct fw_nft_set *set = NULL;

	if (n == 0)
		return;
	char(*v)[IFNAMSIZ] = calloc(n, IFNAMSIZ); /* padded with NULs, whatever the source holds */
	if (!v) {
		pl->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n; i++)
		memcpy(v[i], names[i], strnlen(names[i], IFNAMSIZ - 1));
	if (n == 1) {
		fw_nft_rule_add(r, f, FW_NFT_EQ, v[0]);
	} else {
		qsort(v, n, IFNAMSIZ, name_cmp);
		if (fw_nft_sets_get(&pl->sets, FW_NFT_SET_IFNAME, v, n, r->number, &set) < 0)
			pl->err = -ENOMEM;
		else
			fw_nft_rule_in(r, f, set);
	}
	free(v);
}

/* A packet of our own to the bridge may be for any of its zones: what the first does not know goes
 * to the next. */
static const struct fw_nft_zchain *next_output(
	const struct fw_nft_plan *pl, const struct fw_nft_zchain *c)
{
	const struct fw_nft_zchain *end = pl->chains + pl->n_chains;

	if (!pl->bridge || c->kind != FW_NFT_Z_OUTPUT)
		return NULL;
	for (c++; c < end; c++)
		if (c->kind == FW_NFT_Z_OUTPUT && !c->block)
			return c;
	return NULL;
}

/* After the last rule of a zone's filter chain: its own default deny. */
static void close_chain(struct fw_nft_plan *pl, const struct fw_nft_zchain *c)
{
	const struct fw_nft_zchain *next = next_output(pl, c);
	struct fw_nft_rule r;

	if (c->block || c->kind == FW_NFT_Z_DNAT || c->kind == FW_NFT_Z_SNAT)
		return;
	fw_nft_rule_init(&r, c->name, FW_B_DEFAULT_DENY, 0);
	r.verdict = FW_NFT_GOTO;
	r.target = FW_NFT_DENY;
	if (c->from != FW_SELF && pl->p->zones[c->from].reject)
		r.target = FW_NFT_DENY_REJECT;
	if (next) {
		fw_nft_plan_bridge_only(pl, &r, next, 1u << next->to);
		r.target = next->name;
	}
	fw_nft_plan_emit(pl, &r);
}

/* The records of the i-th chain in their order; where a block stands, the jump into it. */
static void chain_rules(struct fw_nft_plan *pl, size_t i)
{
	const struct fw_nft_zchain *c = &pl->chains[i];
	size_t k = c->block ? c->first : 0;
	const size_t end = c->block ? c->last + 1 : pl->p->n_rules;
	size_t next = i + 1; /* its next block */

	for (; k < end && !pl->err; k++) {
		const bool jump = !c->block && next < pl->n_chains && pl->chains[next].block &&
			pl->chains[next].first == k;
		if (jump) {
			fw_nft_plan_guard(pl, c, &pl->chains[next]);
			k = pl->chains[next++].last;
		} else if (fw_nft_plan_belongs(c, &pl->p->rules[k])) {
			fw_nft_plan_record(pl, c, &pl->p->rules[k]);
		}
	}
}

int fw_nft_plan_rules(struct fw_nft_plan *pl, fw_nft_emit_fn *emit, void *arg)
{
	const struct fixed *f;

	pl->emit = emit;
	pl->arg = arg;
	pl->err = 0;
	pl->emitted = 0;
	pl->empty = 0;
	for (size_t i = 0; (f = fixed_at(pl, i)); i++) {
		const size_t before = pl->emitted;
		f->rules(pl, f->name);
		if (pl->emitted == before)
			pl->empty |= (uint64_t)1 << i;
	}
	for (size_t i = 0; i < pl->n_chains; i++) {
		const size_t before = pl->emitted;
		chain_rules(pl, i);
		close_chain(pl, &pl->chains[i]);
		pl->chains[i].n_rules = pl->emitted - before;
	}
	for (unsigned b = 0; b < FW_NFT_BASES; b++)
		fw_nft_plan_base(pl, b);
	return pl->err;
}

bool fw_nft_plan_has_chain(const struct fw_nft_plan *pl, const char *name)
{
	const char *fixed_name;

	for (size_t i = 0; (fixed_name = fw_nft_plan_fixed(pl, i)); i++) {
		if (strcmp(fixed_name, name) == 0)
			return true;
	}
	for (size_t b = 0; b < FW_NFT_BASES; b++) {
		if (strcmp(bases[b].name, name) == 0)
			return true;
	}
	for (size_t i = 0; i < pl->n_chains; i++) {
		if (strcmp(pl->chains[i].name, name) == 0)
			return true;
	}
	return false;
}
