/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a rule file and as the files beside it. The first byte chooses: 'T' threshold.config
 * (for two rules), 'C' classification.config, 'E' reference.config, 'P' inspection policy, anything
 * else rules. What is loaded must be whole, what is refused must have a reason.
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "ips/rules/policy.h"
#include "ips/rules/report.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_addrs(const struct ips_addr_range *r, uint32_t n, size_t bytes)
{
	for (uint32_t i = 0; i < n; i++) {
		assert(memcmp(r[i].lo.w, r[i].hi.w, bytes) <= 0);
		assert(i == 0 || memcmp(r[i - 1].hi.w, r[i].lo.w, bytes) < 0);
	}
}

static void check_set(const struct ips_addr_set *s)
{
	check_addrs(s->v4, s->v4_n, 4);
	check_addrs(s->v6, s->v6_n, 16);
	assert(s->any || s->v4_n + s->v6_n > 0);
}

static void check_ports(const struct ips_port_set *s)
{
	assert(s->any || s->n > 0);
	for (uint32_t i = 0; i < s->n; i++) {
		assert(s->r[i].lo <= s->r[i].hi);
		assert(i == 0 || s->r[i - 1].hi < s->r[i].lo);
	}
}

static void check_var(const struct ips_var *v)
{
	assert(v->slot >= -1 && v->slot < IPS_VAR_SLOTS);
}

static void check_list(const struct ips_match_list *l);

static void check_opt(const struct ips_opt *o)
{
	const struct ips_content *c = &o->content;

	switch (o->kind) {
	case IPS_O_CONTENT:
		assert(c->len > 0 && c->data);
		assert(c->fp_off + c->fp_len <= c->len);
		check_var(&c->depth);
		check_var(&c->offset);
		check_var(&c->distance);
		check_var(&c->within);
		assert(!(c->relative && (c->has_depth || c->has_offset)));
		break;
	case IPS_O_PCRE: assert(o->pcre.code && o->pcre.pattern); break;
	case IPS_O_BYTE_TEST:
	case IPS_O_BYTE_JUMP:
	case IPS_O_BYTE_EXTRACT:
	case IPS_O_BYTE_MATH:
	case IPS_O_ISDATAAT:
		check_var(&o->byte.nbytes);
		check_var(&o->byte.offset);
		check_var(&o->byte.value);
		assert(o->byte.slot >= -1 && o->byte.slot < IPS_VAR_SLOTS);
		break;
	case IPS_O_BASE64_DECODE:
		if (o->base64.sub)
			check_list(o->base64.sub);
		break;
	case IPS_O_FLOWBITS:
		for (uint32_t i = 0; i < o->bits.n; i++)
			assert(o->bits.names[i][0]);
		assert(o->bits.n > 0 && o->bits.ids);
		break;
	default: break;
	}
}

static void check_list(const struct ips_match_list *l)
{
	assert(l->n > 0 && l->buf < IPS_BUF_COUNT);
	for (uint32_t i = 0; i < l->n; i++)
		check_opt(&l->opts[i]);
}

static void check_rule(const struct ips_rule *r)
{
	assert(r->sid > 0 && r->file && r->line > 0 && r->text && r->severity > 0);
	assert(r->app < IPS_P_COUNT && r->hdr_proto != 0);
	assert(!(r->flow.to_server && r->flow.to_client));
	check_set(&r->src);
	check_set(&r->dst);
	check_ports(&r->sport);
	check_ports(&r->dport);
	for (uint32_t i = 0; i < r->lists_n; i++)
		check_list(&r->lists[i]);
	for (uint32_t i = 0; i < r->conds_n; i++)
		check_opt(&r->conds[i]);
	for (uint32_t i = 0; i < r->actions_n; i++)
		check_opt(&r->actions[i]);
}

static void check_all(struct ips_rules *r)
{
	const struct ips_rules_tally *t = ips_rules_tally(r);
	struct sk_buf b;

	ips_rules_finish(r);
	assert(t->loaded == ips_rules_count(r) && t->refused == ips_rules_refused_count(r));
	assert(t->seen == t->loaded + t->refused + t->replaced);
	for (uint32_t i = 0; i < ips_rules_count(r); i++)
		check_rule(ips_rules_at(r, i));
	for (uint32_t i = 0; i < ips_rules_refused_count(r); i++)
		assert(ips_rules_refused(r, i)->why[0]);
	for (int json = 0; json < 2; json++) {
		sk_buf_init(&b, 64u << 20);
		ips_rules_report(r, json, &b);
		assert(sk_buf_error(&b) == 0);
		sk_buf_done(&b);
	}
}

static const char two[] = "alert tcp any any -> any any (content:\"a\"; sid:1;)\n"
			  "alert udp any any -> any any (threshold:type limit, track by_src, "
			  "count 1, seconds 60; metadata:created_at 2024_01_01; sid:2;)\n";

static void run_policy(const char *text, size_t n, struct ips_rules *r)
{
	struct ips_addr a = {{1}}, b = {{2}};
	struct ips_policy *p = NULL;
	struct sk_err err = {0};
	uint32_t number;

	if (ips_policy_parse(&p, text, n, &err) < 0) {
		assert(err.code == -EINVAL && sk_utf8_valid(err.en, strlen(err.en)));
		return;
	}
	ips_policy_apply(p, r, 1700000000);
	for (uint32_t i = 0; i < ips_rules_count(r); i++) {
		ips_policy_decide(p, ips_rules_at(r, i), 4, &a, &b, 1700000000, &number);
		ips_policy_urgent(p, ips_rules_at(r, i));
	}
	ips_policy_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct ips_rules *r;
	struct sk_err err;

	if (size == 0)
		return 0;
	size--;
	r = ips_rules_new();
	assert(r);
	assert(ips_rules_var(r, "HOME_NET", "[192.168.0.0/16,fe80::/10]", &err) == 0);
	switch (data[0]) {
	case 'T':
		assert(ips_rules_parse(r, "two", two, strlen(two)) == 0);
		assert(ips_rules_thresholds(r, "t", text, size, &err) == 0);
		break;
	case 'C': assert(ips_rules_classification(r, text, size, &err) == 0); break;
	case 'E': assert(ips_rules_references(r, text, size, &err) == 0); break;
	case 'P':
		assert(ips_rules_parse(r, "two", two, strlen(two)) == 0);
		run_policy(text, size, r);
		break;
	default: assert(ips_rules_parse(r, "f", text, size) == 0);
	}
	check_all(r);
	ips_rules_free(r);
	return 0;
}
