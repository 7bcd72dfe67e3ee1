/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks change where records stand in the kernel, never what they mean: putting every block where
 * its jump stands gives the policy's own order back, and no packet that a record of a block could
 * match is kept out by the block's guard.
 */
#include "tests/unit/policy/build.h"

#include "fw/nft/plan.h"
#include "lib/util.h"

#define RULES_MAX 4096

struct seen {
	struct {
		const char *chain, *target;
		uint32_t number;
		const struct fw_nft_set *guard;
		uint16_t one; /* a guard of a single port */
		bool jump;
	} v[RULES_MAX];
	size_t n;
};

static void see(const struct fw_nft_rule *r, void *arg)
{
	struct seen *s = arg;
	const bool record = r->number >= FW_NUMBER_FIRST;

	if (!record && (r->verdict != FW_NFT_JUMP || strncmp(r->chain, "f_", 2) != 0))
		return;
	assert_true(s->n < RULES_MAX);
	s->v[s->n].chain = r->chain;
	s->v[s->n].number = r->number;
	s->v[s->n].jump = !record;
	s->v[s->n].target = r->target;
	if (!record) {
		assert_int_equal(r->n, 1);
		assert_int_equal(r->m[0].field, FW_NFT_DPORT);
		s->v[s->n].guard = r->m[0].op == FW_NFT_IN ? r->m[0].set : NULL;
		s->v[s->n].one = (uint16_t)(r->m[0].lo[0] << 8 | r->m[0].lo[1]);
	}
	s->n++;
}

static bool lets_in(const struct seen *s, size_t guard, uint16_t lo, uint16_t hi)
{
	const struct fw_nft_set *set = s->v[guard].guard;

	if (!set)
		return s->v[guard].one == lo && lo == hi;
	for (size_t i = 0; i < set->n; i++) {
		const struct fw_nft_span *x = (const struct fw_nft_span *)set->items + i;
		if (x->lo <= lo && hi <= x->hi)
			return true;
	}
	return false;
}

/* Append the record numbers of a chain in the order a packet meets them; guard: SIZE_MAX none. */
static void walk(const struct fw_policy *p, const struct seen *s, const char *chain, size_t guard,
	uint32_t *out, size_t *n)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->v[i].chain, chain) != 0)
			continue;
		if (s->v[i].jump) {
			assert_true(guard == SIZE_MAX); /* blocks do not nest */
			walk(p, s, s->v[i].target, i, out, n);
			continue;
		}
		const struct fw_policy_rule *r = fw_policy_find(p, s->v[i].number);
		for (size_t k = 0; guard != SIZE_MAX && k < r->match.svc.n; k++)
			assert_true(lets_in(s, guard, r->match.svc.v[k].lo, r->match.svc.v[k].hi));
		if (*n == 0 || out[*n - 1] != s->v[i].number) /* families and protocols */
			out[(*n)++] = s->v[i].number;
	}
}

/* Returns how many blocks the plan has. */
static size_t same_order(struct fw_policy *p)
{
	struct seen *s = calloc(1, sizeof(*s));
	uint32_t got[RULES_MAX];
	struct fw_nft_plan pl;
	size_t n = 0, blocks = 0, want = 0;

	assert_non_null(s);
	assert_int_equal(fw_nft_plan_init(&pl, p, 0), 0);
	assert_int_equal(fw_nft_plan_rules(&pl, see, s), 0);
	walk(p, s, "f_lan.wan", SIZE_MAX, got, &n);
	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rules[i].from != T_LAN || p->rules[i].to != T_WAN)
			continue;
		assert_true(want < n);
		assert_int_equal(got[want++], p->rules[i].rec.number);
	}
	assert_int_equal(want, n);
	for (size_t i = 0; i < pl.n_chains; i++)
		blocks += pl.chains[i].block;
	fw_nft_plan_done(&pl);
	free(s);
	return blocks;
}

static void add(struct fw_policy *p, uint32_t number, const char *protocol, const char *port,
	enum fw_kind kind)
{
	t_add(p,
		&(struct t_rule){.number = number,
			.kind = kind,
			.from = "lan",
			.to = "wan",
			.protocol = protocol,
			.port = port,
			.order = 1000});
}

static void short_chain_has_no_block(void **state)
{
	struct fw_policy *p = t_policy();

	for (uint32_t i = 0; i < 7; i++)
		add(p, 1001 + i, "tcp", "443", FW_ALLOW);
	t_finish(p);
	assert_int_equal(same_order(p), 0);
	fw_policy_free(p);
}

static void one_port_for_all(void **state)
{
	struct fw_policy *p = t_policy();

	for (uint32_t i = 0; i < 70; i++)
		add(p, 1001 + i, "tcp", "443", FW_ALLOW);
	t_finish(p);
	assert_int_equal(same_order(p), 1); /* 64, and 6 that stay */
	fw_policy_free(p);
}

/* Wide records stay where they are and part the runs before and behind them. */
static void random_chains(void **state)
{
	static const char *const protocols[] = {"tcp", "udp", "tcp/udp", "sctp"};
	struct t_rng rng = {20261123};
	size_t blocks = 0;

	for (unsigned round = 0; round < 40; round++) {
		struct fw_policy *p = t_policy();
		const unsigned wide = 2 + t_random(&rng, 60);

		for (uint32_t i = 0; i < 400; i++) {
			enum fw_kind kind = t_random(&rng, 4) ? FW_ALLOW : FW_DENY;
			unsigned port = 1 + t_random(&rng, 60000);
			char text[64];

			snprintf(text, sizeof(text), "%u,%u-%u", port, port + 10,
				port + 10 + t_random(&rng, 13));
			if (t_random(&rng, wide) == 0)
				add(p, 1001 + i, t_random(&rng, 2) ? "any" : "icmp", "any", kind);
			else
				add(p, 1001 + i, protocols[t_random(&rng, 4)], text, kind);
		}
		t_finish(p);
		blocks += same_order(p);
		fw_policy_free(p);
	}
	assert_true(blocks > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_chain_has_no_block),
		cmocka_unit_test(one_port_for_all),
		cmocka_unit_test(random_chains),
	};

	return cmocka_run_group_tests_name("nft-blocks", tests, NULL, NULL);
}
