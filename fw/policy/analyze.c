/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The analysis of a policy: sorts its rules into the groups that compete with each other, has each
 * group compared, and adds what can be said of a rule alone (width, expiry, use).
 */
#include "fw/policy/analyze.h"

#include <errno.h>
#include <string.h>

#include "fw/policy/analyze_int.h"
#include "lib/util.h"

#define DAY 86400
#define PIECES_DEFAULT 4096
#define OPERATIONS_POOL                                                                            \
	100000000ull /* for all rules that need more than their share, about 0.5 s */

/* ---- groups -----------------------------------------------------------------------------------
 */

/* Allow and deny compete; a translation with others of its kind. */
static unsigned family(const struct fw_policy_rule *r)
{
	return r->rec.kind == FW_DNAT ? 1 : r->rec.kind == FW_SNAT ? 2 : 0;
}

/* DNAT is decided before routing: by the source zone alone. */
static int group_cmp(const struct fw_policy_rule *x, const struct fw_policy_rule *y)
{
	int c = (int)family(x) - (int)family(y);

	if (c == 0)
		c = (int)x->from - (int)y->from;
	if (c == 0 && x->rec.kind != FW_DNAT)
		c = (int)x->to - (int)y->to;
	return c;
}

static int sort_cmp(const void *a, const void *b, void *arg)
{
	const struct fw_policy *p = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int c = group_cmp(&p->rules[i], &p->rules[j]);

	return c ? c : i < j ? -1 : i > j;
}

/* Two translations have the same effect if they lead to the same place. */
static int effect_cmp(const struct fw_policy_rule *x, const struct fw_policy_rule *y)
{
	const struct fw_match *m = &x->match, *n = &y->match;
	int c = (int)x->rec.kind - (int)y->rec.kind;

	if (c == 0)
		c = (int)m->masquerade - (int)n->masquerade;
	if (c == 0)
		c = (int)m->nat_addr.family - (int)n->nat_addr.family;
	if (c == 0)
		c = m->nat_addr.a < n->nat_addr.a ? -1 : m->nat_addr.a > n->nat_addr.a;
	if (c == 0)
		c = (int)m->nat_port - (int)n->nat_port;
	return c ? c : (int)x->to - (int)y->to;
}

static int effect_sort_cmp(const void *a, const void *b, void *arg)
{
	const struct fw_policy *p = arg;

	return effect_cmp(&p->rules[*(const uint32_t *)a], &p->rules[*(const uint32_t *)b]);
}

/* Number the effects of a group, so that the pair loop compares integers. */
static void number_effects(struct fw_analysis *a, const uint32_t *rules, size_t n)
{
	uint32_t effect = 0;

	memcpy(a->list, rules, n * sizeof(*rules));
	qsort_r(a->list, n, sizeof(*a->list), effect_sort_cmp, (void *)a->p);
	for (size_t k = 0; k < n; k++) {
		if (k && effect_cmp(&a->p->rules[a->list[k - 1]], &a->p->rules[a->list[k]]) != 0)
			effect++;
		a->action[a->list[k]] = effect;
	}
}

static int one_group(struct fw_analysis *a, const uint32_t *rules, size_t n)
{
	int r;

	number_effects(a, rules, n);
	r = fw_analyze_group(a, rules, n);
	return r < 0 ? r : fw_analyze_merge(a, rules, n);
}

static int all_groups(struct fw_analysis *a, uint32_t *sorted)
{
	size_t n = 0, start = 0;
	int r = 0;

	for (size_t i = 0; i < a->p->n_rules; i++) {
		if (a->p->rules[i].rec.expiry >= a->o->now)
			sorted[n++] = (uint32_t)i;
	}
	if (n)
		qsort_r(sorted, n, sizeof(*sorted), sort_cmp, (void *)a->p);
	for (size_t k = 1; r == 0 && k <= n; k++) {
		if (k < n && group_cmp(&a->p->rules[sorted[k - 1]], &a->p->rules[sorted[k]]) == 0)
			continue;
		r = one_group(a, sorted + start, k - start);
		start = k;
	}
	return r;
}

/* ---- a rule alone -----------------------------------------------------------------------------
 */

static bool from_outside(const struct fw_policy *p, const struct fw_policy_rule *r)
{
	return r->from < p->n_zones && p->zones[r->from].kind == FW_ZONE_OUTSIDE;
}

static bool too_wide(const struct fw_policy *p, const struct fw_policy_rule *r)
{
	const unsigned wide = FW_RISK_ANY_SOURCE | FW_RISK_ANY_DESTINATION | FW_RISK_ANY_PORT |
		FW_RISK_ANY_PROTOCOL | FW_RISK_WIDE;

	return r->rec.kind == FW_ALLOW &&
		(fw_rule_risk(&r->rec, &r->match, from_outside(p, r)) & wide) != 0;
}

/* -1 for nothing to say. Deny rules are never called unused: their use is that nothing comes. */
static int use_kind(const struct fw_analyze_opts *o, const struct fw_rule *r)
{
	int64_t since = o->now - (int64_t)o->unused_days * DAY;

	if (o->unused_days <= 0 || (r->kind != FW_ALLOW && r->kind != FW_DNAT))
		return -1;
	if (r->last_hit == 0)
		return r->registered < since ? FW_F_NEVER_HIT : -1;
	return r->last_hit < since ? FW_F_UNUSED : -1;
}

static int expiry_kind(const struct fw_analyze_opts *o, const struct fw_rule *r)
{
	if (r->expiry < o->now)
		return FW_F_EXPIRED;
	return r->expiry - o->now < (int64_t)o->expiring_days * DAY ? FW_F_EXPIRING : -1;
}

static int each_alone(struct fw_analysis *a)
{
	for (uint32_t i = 0; i < a->p->n_rules; i++) {
		const struct fw_policy_rule *r = &a->p->rules[i];
		int kinds[] = {too_wide(a->p, r) ? FW_F_TOO_WIDE : -1, expiry_kind(a->o, &r->rec),
			use_kind(a->o, &r->rec)};

		for (size_t k = 0; k < SK_ARRAY_SIZE(kinds); k++) {
			if (kinds[k] >= 0 && !fw_finding_add(a, kinds[k], i))
				return -ENOMEM;
		}
	}
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int finding_cmp(const void *a, const void *b)
{
	const struct fw_finding *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->others[0] < y->others[0] ? -1 : x->others[0] > y->others[0];
}

static int prepare(struct fw_analysis *a)
{
	size_t n = a->p->n_rules + 1;

	a->action = calloc(n, sizeof(*a->action));
	a->diff_before = malloc(n * sizeof(*a->diff_before));
	a->diff_after = malloc(n * sizeof(*a->diff_after));
	a->status = calloc(n, sizeof(*a->status));
	a->list = malloc(n * sizeof(*a->list));
	if (!a->action || !a->diff_before || !a->diff_after || !a->status || !a->list)
		return -ENOMEM;
	memset(a->diff_before, 0xff, n * sizeof(*a->diff_before));
	memset(a->diff_after, 0xff, n * sizeof(*a->diff_after));
	return fw_space_init(&a->space, a->p);
}

static void release(struct fw_analysis *a)
{
	fw_cover_done(&a->cover);
	fw_space_done(&a->space);
	free(a->action);
	free(a->diff_before);
	free(a->diff_after);
	free(a->status);
	free(a->list);
}

int fw_analyze(const struct fw_policy *p, const struct fw_analyze_opts *o, struct fw_findings *ret,
	struct sk_err *err)
{
	struct fw_findings out = {0};
	struct fw_analysis a = {.p = p, .o = o, .out = &out};
	uint32_t *sorted = malloc((p->n_rules + 1) * sizeof(*sorted));
	int r = sorted ? prepare(&a) : -ENOMEM;

	a.cover.space = &a.space;
	a.cover.budget = o->budget ? o->budget : PIECES_DEFAULT;
	a.cover.pool = OPERATIONS_POOL;
	if (r == 0)
		r = all_groups(&a, sorted);
	if (r == 0)
		r = each_alone(&a);
	if (r == 0) {
		if (out.n)
			qsort(out.v, out.n, sizeof(*out.v), finding_cmp);
		*ret = out;
	} else {
		fw_findings_done(&out);
		sk_err_nomem(err);
	}
	release(&a);
	free(sorted);
	return r;
}
