/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See one.h. */
#include "tests/unit/ips-inspect/one.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const uint8_t seed[16] = "inspection tests";

void one_rule(struct one *o, const char *header, const char *options)
{
	struct sk_err err = {0};
	char text[4096];
	int n;

	ips_rules_free(o->rules);
	o->rules = ips_rules_new();
	assert_non_null(o->rules);
	n = snprintf(text, sizeof(text), "alert %s (msg:\"one\"; %s sid:1;)\n",
		header ? header : "udp any any -> any any", options);
	assert_true(n > 0 && (size_t)n < sizeof(text));
	assert_int_equal(ips_rules_parse(o->rules, "one.rules", text, (size_t)n), 0);
	if (ips_rules_refused_count(o->rules))
		fail_msg("refused: %s: %s: %s", options, ips_rules_refused(o->rules, 0)->option,
			ips_rules_refused(o->rules, 0)->why);
	ips_rules_finish(o->rules);
	assert_int_equal(ips_rules_count(o->rules), 1);
	o->rule = ips_rules_at(o->rules, 0);
	assert_int_equal(ips_state_bind(o->state, o->rule, &err), 0);
}

void one_open(struct one *o, const char *header, const char *options)
{
	struct ips_state_config cfg;

	memset(o, 0, sizeof(*o));
	ips_state_config_default(&cfg);
	cfg.hosts = cfg.thresholds = 1024;
	o->state = ips_state_new(&cfg, seed);
	o->pool = ips_det_flow_pool_new(16);
	o->in = ips_inspect_new(65536);
	assert_true(o->state && o->pool && o->in);
	o->p.family = o->flow.family = 4;
	o->p.proto = o->flow.proto = IPPROTO_UDP;
	o->p.src.w[0] = o->flow.addr[0].w[0] = htonl(0x0a000001);
	o->p.dst.w[0] = o->flow.addr[1].w[0] = htonl(0x0a000002);
	o->p.sport = o->flow.port[0] = 1000;
	o->p.dport = o->flow.port[1] = 2000;
	o->p.dir = IPS_TOSERVER;
	o->p.flow = &o->flow;
	o->flow.id = 1;
	o->env = (struct ips_inspect_env){
		.flow = &o->flow, .p = &o->p, .state = o->state, .pool = o->pool};
	one_rule(o, header, options);
}

void one_close(struct one *o)
{
	ips_det_flow_pool_gone(o->pool, &o->flow);
	ips_inspect_free(o->in);
	ips_det_flow_pool_free(o->pool);
	ips_rules_free(o->rules);
	ips_state_free(o->state);
}

/* A copy that ends where the data ends, so that a read behind it is noticed. */
bool one_list(struct one *o, const void *data, uint32_t n, uint64_t offset, unsigned flags)
{
	uint8_t *exact = malloc(n ? n : 1);
	bool yes;

	assert_non_null(exact);
	assert_true(o->rule->lists_n >= 1);
	if (n)
		memcpy(exact, data, n);
	yes = ips_inspect_list(o->in, &o->rule->lists[0], exact, n, offset, flags, &o->env);
	free(exact);
	return yes;
}

bool one_match(struct one *o, const void *payload, uint32_t n)
{
	unsigned whole = IPS_INSPECT_START | IPS_INSPECT_END;
	uint8_t *exact = malloc(n ? n : 1);
	bool yes;

	assert_non_null(exact);
	if (n)
		memcpy(exact, payload, n);
	o->p.payload = (struct ips_view){exact, n};
	yes = ips_inspect_flow_opt(o->rule, &o->p) &&
		ips_inspect_packet_conds(o->in, o->rule, &o->env);
	for (uint32_t i = 0; yes && i < o->rule->lists_n; i++)
		yes = ips_inspect_list(o->in, &o->rule->lists[i], exact, n, 0, whole, &o->env);
	o->p.payload = (struct ips_view){NULL, 0};
	free(exact);
	return yes;
}
