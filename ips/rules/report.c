/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judgement of rule files for `sekisho-ipsd --check`, and what is only known once all rules are
 * there: flowbits that nobody sets.
 */
#include "ips/rules/report.h"

#include <errno.h>

#include "ips/output/json.h"
#include "ips/rules/int.h"
#include "lib/util.h"

static void remark_text(struct sk_buf *b, const struct ips_refused *v, const char *kind)
{
	sk_buf_printf(b, "%s:%u: %s", v->file, v->line, kind);
	if (v->sid)
		sk_buf_printf(b, " %u:%u", v->gid, v->sid);
	if (v->option[0])
		sk_buf_printf(b, ": %s", v->option);
	sk_buf_printf(b, ": %s\n", v->why);
}

static void report_text(const struct ips_rules *r, struct sk_buf *b)
{
	const struct ips_rules_tally *t = &r->tally;
	double share = t->seen ? 100.0 * (t->seen - t->refused) / t->seen : 100.0;

	for (size_t i = 0; i < r->refused.n; i++)
		remark_text(b, &r->refused.v[i], "refused");
	for (size_t i = 0; i < r->warnings.n; i++)
		remark_text(b, &r->warnings.v[i], "warning");
	sk_buf_printf(b,
		"%u rules: %u loaded (%u by address alone), %u refused, %u replaced by a newer "
		"revision; %.2f %% accepted; %u disabled in their files\n",
		t->seen, t->loaded, t->ip_only, t->refused, t->replaced, share, t->disabled);
}

static void remarks_json(struct ips_json *j, const char *key, const struct ips_remark *m)
{
	ips_json_open_array(j, key);
	for (size_t i = 0; i < m->n; i++) {
		const struct ips_refused *v = &m->v[i];

		ips_json_open(j, NULL);
		ips_json_str(j, "file", v->file);
		ips_json_uint(j, "line", v->line);
		ips_json_uint(j, "gid", v->gid);
		ips_json_uint(j, "sid", v->sid);
		ips_json_str(j, "option", v->option);
		ips_json_str(j, "why", v->why);
		ips_json_close(j);
	}
	ips_json_close_array(j);
}

static void report_json(const struct ips_rules *r, struct sk_buf *b)
{
	const struct ips_rules_tally *t = &r->tally;
	struct ips_json j;

	ips_json_init(&j, b);
	ips_json_open(&j, NULL);
	ips_json_open(&j, "tally");
	ips_json_uint(&j, "seen", t->seen);
	ips_json_uint(&j, "loaded", t->loaded);
	ips_json_uint(&j, "refused", t->refused);
	ips_json_uint(&j, "disabled", t->disabled);
	ips_json_uint(&j, "replaced", t->replaced);
	ips_json_uint(&j, "ip_only", t->ip_only);
	ips_json_close(&j);
	remarks_json(&j, "refused", &r->refused);
	remarks_json(&j, "warnings", &r->warnings);
	ips_json_close(&j);
	sk_buf_putc(b, '\n');
}

void ips_rules_report(const struct ips_rules *r, bool json, struct sk_buf *b)
{
	if (json)
		report_json(r, b);
	else
		report_text(r, b);
}

/* Names of flowbits somebody sets; interned, so that pointers compare. */
static int by_pointer(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return *x < *y ? -1 : *x > *y;
}

struct names {
	const char **v;
	size_t n, cap;
};

static int collect(struct names *to, const struct ips_rule *r)
{
	for (uint32_t i = 0; i < r->actions_n; i++) {
		const struct ips_opt *o = &r->actions[i];

		if (o->kind != IPS_O_FLOWBITS || o->bits.cmd == IPS_BIT_UNSET)
			continue;
		if (sk_grow(&to->v, &to->cap, to->n + 1, sizeof(char *)) < 0)
			return -ENOMEM;
		to->v[to->n++] = o->bits.names[0];
	}
	return 0;
}

static void warn_unset(struct ips_rules *r, const struct ips_rule *rule, const struct names *set)
{
	for (uint32_t i = 0; i < rule->conds_n; i++) {
		const struct ips_opt *o = &rule->conds[i];
		char why[IPS_WHY_MAX];
		bool any = o->kind != IPS_O_FLOWBITS || o->bits.cmd != IPS_BIT_ISSET;
		struct ips_refused what = {
			rule->file, rule->line, rule->gid, rule->sid, "flowbits", why};

		for (uint32_t k = 0; !any && set->n && k < o->bits.n; k++)
			any = bsearch(
				&o->bits.names[k], set->v, set->n, sizeof(char *), by_pointer);
		if (any)
			continue;
		snprintf(why, sizeof(why), "no loaded rule sets %s: this one never matches",
			o->bits.names[0]);
		ips_remark_add(r, &r->warnings, &what);
	}
}

/* Sets that rules fill live as long as the process. */
static void warn_save(struct ips_rules *r, const struct ips_rule *rule)
{
	struct ips_refused what = {rule->file, rule->line, rule->gid, rule->sid, "dataset",
		"what the set learns is kept in memory only, not saved"};

	for (uint32_t l = 0; l < rule->lists_n; l++)
		for (uint32_t i = 0; i < rule->lists[l].n; i++)
			if (rule->lists[l].opts[i].kind == IPS_O_DATASET &&
				rule->lists[l].opts[i].set.save)
				ips_remark_add(r, &r->warnings, &what);
}

/* Only addresses: looked up once a flow and direction. */
static bool ip_only(const struct ips_rule *r)
{
	const struct ips_flow_opt *f = &r->flow;

	return r->lists_n == 0 && r->conds_n == 0 && r->app == IPS_P_UNKNOWN && r->sport.any &&
		r->dport.any && !(r->flags & IPS_RULE_ADDR_NEG) && f->to_server == f->to_client &&
		!f->established && !f->not_established && !f->stateless && !f->only_stream &&
		!f->no_stream && !f->only_frag && !f->no_frag;
}

void ips_rules_finish(struct ips_rules *r)
{
	struct names set = {0};
	int e = 0;

	r->tally.ip_only = 0;
	for (size_t i = 0; i < r->n && e == 0; i++) {
		r->tally.ip_only += ip_only(r->rules[i]);
		e = collect(&set, r->rules[i]);
	}
	if (e == 0 && set.n > 0)
		qsort(set.v, set.n, sizeof(char *), by_pointer);
	for (size_t i = 0; i < r->n && e == 0; i++) {
		warn_unset(r, r->rules[i], &set);
		warn_save(r, r->rules[i]);
	}
	free(set.v);
	r->tally.loaded = (uint32_t)r->n;
}
