/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a rule (first line) on any bytes (the rest): conditions, every list with its
 * transforms, what follows a match. The answer must not depend on how often it was asked, and steps
 * and expressions must stay within their limits.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/inspect.h"
#include "ips/rules/parse.h"
#include "lib/util.h"

#define RULE_MAX 2048
#define DATA_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[16] = "inspection fuzz.";

struct world {
	struct ips_state *state;
	struct ips_det_flow_pool *pool;
	struct ips_inspect *in;
	struct ips_flow flow;
	struct ips_packet p;
};

static bool lists(struct world *w, const struct ips_rule *r, struct ips_inspect_env *env)
{
	static const unsigned flags[] = {IPS_INSPECT_START | IPS_INSPECT_END, 0, IPS_INSPECT_STREAM,
		IPS_INSPECT_TRANSFORMED | IPS_INSPECT_DCE_LE};
	struct ips_view v = w->p.payload;
	bool all = true;

	for (uint32_t i = 0; i < r->lists_n; i++) {
		all &= ips_inspect_list(w->in, &r->lists[i], v.data, v.len, 0, flags[0], env);
		for (unsigned f = 1; f < SK_ARRAY_SIZE(flags); f++)
			ips_inspect_list(w->in, &r->lists[i], v.data, v.len, 7, flags[f], env);
	}
	return all;
}

static void run(struct world *w, const struct ips_rule *r)
{
	struct ips_inspect_env env = {.flow = &w->flow,
		.p = &w->p,
		.state = w->state,
		.pool = w->pool,
		.now_us = 1000000};
	bool sets = false, first = false;

	for (uint32_t i = 0; i < r->lists_n; i++)
		for (uint32_t o = 0; o < r->lists[i].n; o++)
			sets |= r->lists[i].opts[o].kind == IPS_O_DATASET;
	for (unsigned n = 0; n < 3; n++) {
		uint64_t limits = ips_inspect_stats(w->in)->pcre_limit;
		bool yes;

		memset(env.vars, 0, sizeof(env.vars));
		ips_inspect_flow_opt(r, &w->p);
		ips_inspect_packet_conds(w->in, r, &env);
		ips_inspect_tx_conds(w->in, r, &env);
		yes = lists(w, r, &env);
		if (n == 0)
			first = yes;
		else if (!sets && limits == 0 && ips_inspect_stats(w->in)->pcre_limit == 0)
			assert(yes == first);
		ips_inspect_actions(r, &env);
		ips_threshold_check(w->state, r, &w->p, env.now_us + n);
	}
}

static struct ips_rules *parse(const uint8_t *data, size_t n)
{
	struct ips_rules *rules = ips_rules_new();
	char text[RULE_MAX + 128];
	int len;

	if (!rules)
		return NULL;
	len = snprintf(text, sizeof(text),
		"alert ip any any -> any any (msg:\"f\"; ttl:>0; %.*s sid:1;)\n", (int)n,
		(const char *)data);
	if (len > 0 && (size_t)len < sizeof(text))
		ips_rules_parse(rules, "fuzz", text, (size_t)len);
	return rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nl = memchr(data, '\n', size);
	size_t rule_len = nl ? (size_t)(nl - data) : size, rest = nl ? size - rule_len - 1 : 0;
	struct ips_state_config cfg = {64, 64, 64, 65536};
	struct world w = {0};
	struct ips_rules *rules;
	uint8_t *exact;

	if (rule_len > RULE_MAX || rest > DATA_MAX)
		return 0;
	rules = parse(data, rule_len);
	w.state = ips_state_new(&cfg, seed);
	w.pool = ips_det_flow_pool_new(4);
	w.in = ips_inspect_new(4096);
	exact = malloc(rest ? rest : 1);
	assert(rules && w.state && w.pool && w.in && exact);
	if (rest)
		memcpy(exact, nl + 1, rest);
	w.p = (struct ips_packet){.family = 4,
		.proto = 6,
		.tcp = {.hlen = 20, .flags = 0x12},
		.payload = {exact, (uint32_t)rest},
		.flow = &w.flow};
	w.flow = (struct ips_flow){.id = 1, .family = 4, .proto = 6};
	for (uint32_t i = 0; i < ips_rules_count(rules); i++)
		if (ips_state_bind(w.state, ips_rules_at(rules, i), NULL) == 0)
			run(&w, ips_rules_at(rules, i));
	ips_det_flow_pool_gone(w.pool, &w.flow);
	ips_det_flow_pool_free(w.pool);
	ips_inspect_free(w.in);
	ips_state_free(w.state);
	ips_rules_free(rules);
	free(exact);
	return 0;
}
