/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames run through the plan, step by step as the kernel would: what becomes of them, for each
 * kind of device and each mode. And the plan itself: nothing it names is missing, nothing loops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fw/nft/gate_plan.h"
#include "lib/util.h"

/* A frame names what is special about it; the rest is as usual. */
#pragma GCC diagnostic ignored "-Woverride-init"

#define DEPTH_MAX 8
#define LOCAL 2u /* RTN_LOCAL */

static const uint8_t ADMITTED[6] = {2, 1}, QUARANTINED[6] = {2, 2}, UNKNOWN[6] = {2, 3},
		     KNOWN[6] = {2, 4}, GATEWAY[6] = {2, 9},
		     ALL[6] = {255, 255, 255, 255, 255, 255}, PAE[6] = {1, 0x80, 0xc2, 0, 0, 3};

struct frame {
	const uint8_t *src, *dst;
	uint16_t etype;
	uint8_t proto, icmp, hops;
	uint16_t sport, dport;
	bool fib_local, socket;
	uint32_t mark;
	/* what the sets hold */
	bool seen, eapol_known_source, full;
	/* what happened */
	unsigned logged, added, dropped;
};

struct sim {
	const struct fw_gate_plan *pl;
	const struct fw_gate_port *port;
};

enum result { NEXT, ACCEPT, DROP, RETURN };

static bool is(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, 6) == 0;
}

static uint32_t value32(const struct fw_gate_step *s)
{
	uint32_t v;

	memcpy(&v, s->value, sizeof(v));
	return v;
}

static size_t field(const struct frame *f, enum fw_gate_field x, uint8_t out[8])
{
	const uint16_t be[] = {f->etype, f->sport, f->dport};
	const int i = x == FW_GATE_F_ETYPE ? 0 : x == FW_GATE_F_SPORT ? 1 : 2;
	const uint32_t type = f->fib_local ? LOCAL : 1;

	memset(out, 0, 8);
	switch (x) {
	case FW_GATE_F_DMAC: memcpy(out, f->dst, 6); return 6;
	case FW_GATE_F_SMAC: memcpy(out, f->src, 6); return 6;
	case FW_GATE_F_ETYPE:
	case FW_GATE_F_SPORT:
	case FW_GATE_F_DPORT:
		out[0] = (uint8_t)(be[i] >> 8);
		out[1] = (uint8_t)be[i];
		return 2;
	case FW_GATE_F_L4PROTO: out[0] = f->proto; return 1;
	case FW_GATE_F_HOPLIMIT: out[0] = f->hops; return 1;
	case FW_GATE_F_ICMP_TYPE: out[0] = f->icmp; return 1;
	case FW_GATE_F_MARK: memcpy(out, &f->mark, 4); return 4;
	case FW_GATE_F_FIB_DADDR: memcpy(out, &type, 4); return 4;
	default: fail(); return 0;
	}
}

static bool in_set(const struct frame *f, const struct fw_gate_step *s)
{
	if (strcmp(s->name, FW_GATE_SET_SEEN) == 0)
		return f->seen;
	if (strcmp(s->name, FW_GATE_SET_KNOWN) == 0)
		return is(f->src, KNOWN);
	if (strcmp(s->name, FW_GATE_SET_GATEWAY) == 0)
		return is(s->keys == FW_GATE_K_IN_DMAC ? f->dst : f->src, GATEWAY);
	assert_memory_equal(s->name, "e_", 2);
	return f->eapol_known_source;
}

static const char *chain_of(enum fw_gate_verdict v)
{
	return v == FW_GATE_V_IN ? FW_GATE_CHAIN_IN : v == FW_GATE_V_OUT ? FW_GATE_CHAIN_OUT : NULL;
}

/* The map's verdict, as the elements of the adapter would have it. */
static bool lookup(const struct sim *m, const struct frame *f, const struct fw_gate_step *s,
	enum fw_gate_verdict *ret)
{
	const bool in = s->keys == FW_GATE_K_IN_SMAC;
	const uint8_t *mac = in ? f->src : f->dst;
	const enum fw_gate_state state = is(mac, ADMITTED) ? FW_GATE_ADMITTED : FW_GATE_QUARANTINED;
	const struct fw_gate_tally alone = {.quarantined = 1};
	uint64_t until;

	if (s->keys == FW_GATE_K_OUT)
		return fw_gate_verdict_group(m->port, &alone, ret, &until);
	if (!is(mac, ADMITTED) && !is(mac, QUARANTINED))
		return false;
	*ret = in ? fw_gate_verdict_in(m->port, state) : fw_gate_verdict_out(m->port, state);
	return true;
}

static enum result run(const struct sim *m, const char *chain, struct frame *f, int depth);

/* NEXT: goes on in the rule; *broke: the rule does not match. */
static enum result one(
	const struct sim *m, const struct fw_gate_step *s, struct frame *f, int depth, bool *broke)
{
	uint8_t have[8], bits = 0;
	enum fw_gate_verdict v;
	enum result r;
	size_t n;

	switch (s->op) {
	case FW_GATE_EQ:
		n = field(f, s->field, have);
		*broke = memcmp(have, s->value, n) != 0;
		return NEXT;
	case FW_GATE_BITS:
		n = field(f, s->field, have);
		for (size_t i = 0; i < n; i++)
			bits |= have[i] & s->value[i];
		*broke = !bits;
		return NEXT;
	case FW_GATE_BELOW: *broke = !f->socket; return NEXT;
	case FW_GATE_IN: *broke = !in_set(f, s); return NEXT;
	case FW_GATE_VMAP:
		if (!lookup(m, f, s, &v))
			return NEXT;
		if (chain_of(v)) {
			r = run(m, chain_of(v), f, depth + 1);
			return r == RETURN ? DROP : r;
		}
		return v == FW_GATE_V_ACCEPT ? ACCEPT : DROP;
	case FW_GATE_ADD:
	case FW_GATE_UPDATE:
		*broke = f->full;
		f->added += !f->full;
		return NEXT;
	case FW_GATE_LOG: f->logged++; return NEXT;
	case FW_GATE_SET_MARK: f->mark |= value32(s); return NEXT;
	case FW_GATE_ACCEPT: return ACCEPT;
	case FW_GATE_DROP: f->dropped++; return DROP;
	case FW_GATE_RETURN: return RETURN;
	case FW_GATE_GOTO: return run(m, s->name, f, depth + 1);
	case FW_GATE_JUMP: r = run(m, s->name, f, depth + 1); return r == RETURN ? NEXT : r;
	default: return NEXT; /* limits pass, counters count */
	}
}

static enum result run(const struct sim *m, const char *chain, struct frame *f, int depth)
{
	assert_true(depth < DEPTH_MAX);
	for (size_t i = 0; i < m->pl->n_rules; i++) {
		const struct fw_gate_rule *rule = &m->pl->rules[i];
		bool broke = false;

		if (rule->inet || strcmp(rule->chain, chain) != 0)
			continue;
		for (size_t k = 0; k < rule->n && !broke; k++) {
			enum result r = one(m, &rule->steps[k], f, depth, &broke);

			if (!broke && r != NEXT)
				return r;
		}
	}
	return RETURN;
}

static enum result through(const struct sim *m, const char *way, struct frame *f)
{
	char chain[FW_GATE_NAME_MAX];
	enum result r;

	snprintf(chain, sizeof(chain), "%s_lan1", way);
	r = run(m, chain, f, 0);
	if (r != RETURN)
		return r;
	return m->port->mode == FW_GATE_ENFORCE ? DROP : ACCEPT; /* the policy */
}

static void make(struct fw_gate_conf *c, struct fw_gate_plan *pl, enum fw_gate_mode mode, bool q)
{
	*c = (struct fw_gate_conf){.n = 1,
		.ports = {{.name = "lan1",
			.mode = mode,
			.quarantine = q,
			.page_port = 8099,
			.eapol = true}}};
	assert_int_equal(fw_gate_plan_init(pl, c, NULL), 0);
}

#define IN(...)                                                                                    \
	through(&m, "in",                                                                          \
		&(struct frame){.src = UNKNOWN, .dst = GATEWAY, .etype = 0x800, __VA_ARGS__})
#define OUT(...)                                                                                   \
	through(&m, "out",                                                                         \
		&(struct frame){.src = GATEWAY, .dst = UNKNOWN, .etype = 0x800, __VA_ARGS__})

static void enforced(void **state)
{
	struct fw_gate_conf c;
	struct fw_gate_plan pl;
	const struct sim m = {&pl, &c.ports[0]};

	make(&c, &pl, FW_GATE_ENFORCE, true);
	assert_int_equal(IN(), DROP);
	assert_int_equal(IN(.dst = ALL, .etype = 0x806), DROP);
	assert_int_equal(IN(.etype = 0x8100), DROP);
	assert_int_equal(IN(.src = ADMITTED), ACCEPT);
	assert_int_equal(IN(.src = ADMITTED, .dst = ALL, .etype = 0x9999), ACCEPT);
	assert_int_equal(OUT(), DROP);
	assert_int_equal(OUT(.dst = ADMITTED, .src = ADMITTED), ACCEPT);
	/* EAPOL: to the group address alone, from whoever is within the rates */
	assert_int_equal(IN(.dst = PAE, .etype = 0x888e), ACCEPT);
	assert_int_equal(IN(.dst = PAE, .etype = 0x888e, .full = true), DROP);
	assert_int_equal(IN(.dst = ALL, .etype = 0x888e), DROP);
	assert_int_equal(IN(.dst = ADMITTED, .etype = 0x888e), DROP);
	assert_int_equal(IN(.dst = PAE, .etype = 0x8100), DROP);
	assert_int_equal(IN(.src = KNOWN, .dst = PAE, .etype = 0x888e), ACCEPT);
	assert_int_equal(OUT(.etype = 0x888e, .socket = true), ACCEPT);
	assert_int_equal(OUT(.etype = 0x888e, .src = ADMITTED), DROP);
	/* what comes from a quarantined device goes out nowhere */
	assert_int_equal(OUT(.dst = ADMITTED, .mark = FW_GATE_MARK_QUARANTINE), DROP);
	fw_gate_plan_done(&pl);
}

static void reported(void **state)
{
	struct fw_gate_conf c;
	struct fw_gate_plan pl;
	const struct sim m = {&pl, &c.ports[0]};
	struct frame f;

	for (int mode = FW_GATE_OFF; mode <= FW_GATE_ENFORCE; mode++) {
		make(&c, &pl, mode, true);
		f = (struct frame){.src = UNKNOWN, .dst = ALL, .etype = 0x806};
		assert_int_equal(through(&m, "in", &f), mode == FW_GATE_ENFORCE ? DROP : ACCEPT);
		assert_int_equal(f.logged, mode != FW_GATE_OFF);
		f = (struct frame){.src = UNKNOWN, .dst = ALL, .etype = 0x806, .seen = true};
		through(&m, "in", &f);
		assert_int_equal(f.logged, 0);
		f = (struct frame){.src = ALL, .dst = ALL, .etype = 0x806}; /* no source */
		through(&m, "in", &f);
		assert_int_equal(f.logged, 0);
		f = (struct frame){.src = ADMITTED, .dst = ALL, .etype = 0x806};
		assert_int_equal(through(&m, "in", &f), ACCEPT);
		assert_int_equal(f.logged, 0);
		fw_gate_plan_done(&pl);
	}
}

static void quarantined(void **state)
{
	struct fw_gate_conf c;
	struct fw_gate_plan pl;
	const struct sim m = {&pl, &c.ports[0]};
	const uint32_t page = FW_GATE_MARK_QUARANTINE | FW_GATE_MARK_PAGE;
	struct frame f;

	make(&c, &pl, FW_GATE_ENFORCE, true);
#define Q .src = QUARANTINED
	assert_int_equal(IN(Q, .etype = 0x806), ACCEPT);
	assert_int_equal(IN(Q, .dst = ALL, .etype = 0x806), ACCEPT);
	assert_int_equal(IN(Q, .dst = ADMITTED, .etype = 0x806), DROP);
	assert_int_equal(IN(Q, .proto = 17, .dport = 53, .fib_local = true), ACCEPT);
	assert_int_equal(IN(Q, .proto = 17, .dport = 53), DROP); /* somebody else's */
	assert_int_equal(IN(Q, .proto = 17, .dport = 123, .fib_local = true), DROP);
	assert_int_equal(IN(Q, .dst = ALL, .proto = 17, .dport = 67), ACCEPT);
	assert_int_equal(IN(Q, .dst = ALL, .proto = 17, .dport = 68), DROP); /* as a server */
	assert_int_equal(IN(Q, .proto = 6, .dport = 443), DROP);
	assert_int_equal(IN(Q, .proto = 1), DROP);
	assert_int_equal(IN(Q, .etype = 0x86dd, .proto = 58, .hops = 255, .icmp = 135), ACCEPT);
	assert_int_equal(IN(Q, .etype = 0x86dd, .proto = 58, .hops = 64, .icmp = 135), DROP);
	assert_int_equal(IN(Q, .etype = 0x86dd, .proto = 58, .hops = 255, .icmp = 134), DROP);
	assert_int_equal(IN(Q, .etype = 0x8100, .proto = 6, .dport = 80), DROP);
	f = (struct frame){Q, .dst = GATEWAY, .etype = 0x800, .proto = 6, .dport = 80};
	assert_int_equal(through(&m, "in", &f), ACCEPT);
	assert_int_equal(f.mark, page);
	f = (struct frame){Q, .dst = ALL, .etype = 0x806};
	through(&m, "in", &f);
	assert_int_equal(f.mark, FW_GATE_MARK_QUARANTINE);
#define TO_Q .dst = QUARANTINED
	assert_int_equal(OUT(TO_Q, .proto = 6, .sport = 80), ACCEPT);
	assert_int_equal(OUT(TO_Q, .proto = 6, .sport = 22), DROP);
	assert_int_equal(OUT(TO_Q, .src = ADMITTED, .proto = 6, .sport = 80), DROP);
	assert_int_equal(OUT(TO_Q, .src = ADMITTED, .etype = 0x806), DROP);
	assert_int_equal(OUT(.dst = ALL, .etype = 0x806), ACCEPT);
	assert_int_equal(OUT(.dst = ALL, .src = ADMITTED, .etype = 0x806), DROP);
	fw_gate_plan_done(&pl);
	make(&c, &pl, FW_GATE_ENFORCE, false);
	assert_int_equal(IN(Q, .etype = 0x806), DROP);
	assert_int_equal(OUT(TO_Q, .etype = 0x806), DROP);
	fw_gate_plan_done(&pl);
	make(&c, &pl, FW_GATE_OBSERVE, true);
	assert_int_equal(IN(Q, .proto = 6, .dport = 443), ACCEPT);
	assert_int_equal(OUT(TO_Q, .src = ADMITTED), ACCEPT);
	fw_gate_plan_done(&pl);
}

static bool has_chain(const struct fw_gate_plan *pl, bool inet, const char *name)
{
	for (size_t i = 0; i < pl->n_chains; i++)
		if (pl->chains[i].inet == inet && strcmp(pl->chains[i].name, name) == 0)
			return true;
	return false;
}

static bool has_set(const struct fw_gate_plan *pl, const struct fw_gate_step *s)
{
	for (size_t i = 0; i < pl->n_sets; i++)
		if (strcmp(pl->sets[i].name, s->name) == 0)
			return pl->sets[i].verdicts == (s->op == FW_GATE_VMAP);
	return false;
}

static bool has_counter(const struct fw_gate_plan *pl, const char *name)
{
	for (size_t i = 0; i < pl->n_counters; i++)
		if (strcmp(pl->counters[i], name) == 0)
			return true;
	return false;
}

/* All that is named exists; the last rule of a base chain says what its policy says. */
static void complete(void **state)
{
	static const bool absent[FW_GATE_PORTS_MAX] = {false, true};
	struct fw_gate_conf c = {.n = 3};
	struct fw_gate_plan pl;

	for (size_t i = 0; i < c.n; i++)
		c.ports[i] = (struct fw_gate_port){.name = "a-port-with-15c",
			.mode = (enum fw_gate_mode)i,
			.eapol = true,
			.quarantine = true,
			.page_port = 80};
	for (size_t i = 0; i < c.n; i++)
		c.ports[i].name[0] = (char)('a' + i);
	assert_int_equal(fw_gate_plan_init(&pl, &c, absent), 0);
	assert_true(pl.page);
	assert_true(has_chain(&pl, false, "in_b-port-with-15c"));
	assert_false(has_chain(&pl, false, "in_a-port-with-15c"));
	for (size_t i = 0; i < pl.n_rules; i++) {
		const struct fw_gate_rule *r = &pl.rules[i];

		assert_true(r->n > 0 && r->n < FW_GATE_STEPS_MAX);
		assert_true(has_chain(&pl, r->inet, r->chain));
		for (size_t k = 0; k < r->n; k++) {
			const struct fw_gate_step *s = &r->steps[k];

			if (s->op == FW_GATE_GOTO || s->op == FW_GATE_JUMP)
				assert_true(has_chain(&pl, r->inet, s->name));
			if (s->op == FW_GATE_IN || s->op == FW_GATE_VMAP || s->op == FW_GATE_ADD ||
				s->op == FW_GATE_UPDATE)
				assert_true(has_set(&pl, s));
			if (s->op == FW_GATE_COUNT)
				assert_true(has_counter(&pl, s->name));
		}
	}
	for (size_t i = 0; i < pl.n_chains; i++) {
		const struct fw_gate_rule *last = NULL;

		if (pl.chains[i].hook != FW_GATE_INGRESS && pl.chains[i].hook != FW_GATE_EGRESS)
			continue;
		for (size_t k = 0; k < pl.n_rules; k++)
			if (!pl.rules[k].inet && strcmp(pl.rules[k].chain, pl.chains[i].name) == 0)
				last = &pl.rules[k];
		assert_non_null(last);
		assert_int_equal(last->steps[last->n - 1].op,
			pl.chains[i].drop ? FW_GATE_DROP : FW_GATE_ACCEPT);
	}
	fw_gate_plan_done(&pl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enforced),
		cmocka_unit_test(reported),
		cmocka_unit_test(quarantined),
		cmocka_unit_test(complete),
	};

	return cmocka_run_group_tests_name("gate-plan", tests, NULL, NULL);
}
