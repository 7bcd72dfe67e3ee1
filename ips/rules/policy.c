/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inspection policy at work: which of a profile's criteria a rule meets, and what becomes of
 * one match. Exceptions go before the profile; a noalert rule is never made to drop.
 */
#include "ips/rules/policy.h"

#include <string.h>

#include "ips/rules/policy_int.h"
#include "ips/rules/text.h"

static bool among(const struct ips_words *w, struct ips_text t)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (ips_text_is(t, w->v[i]))
			return true;
	return false;
}

/* The rule's metadata has the key with one of the words. */
static bool meta(const struct ips_words *w, const struct ips_rule *r, const char *key)
{
	if (w->n == 0)
		return true;
	for (uint32_t i = 0; i < r->metadata_n; i++)
		if (ips_text_is(ips_text_of(r->metadata[i].key), key) &&
			among(w, ips_text_of(r->metadata[i].value)))
			return true;
	return false;
}

/* "ET EXPLOIT_KIT Some text": the second word tells the rule's family. */
static bool category(const struct ips_words *w, const struct ips_rule *r)
{
	struct ips_text rest, word;

	if (w->n == 0)
		return true;
	if (!r->msg)
		return false;
	rest = ips_text_of(r->msg);
	return ips_text_word(&rest, &word) && ips_text_word(&rest, &word) && among(w, word);
}

/* "2024_05_31" to days since 1970. */
static bool day_of(const char *s, int64_t *ret)
{
	struct ips_text rest = ips_text_of(s), part;
	uint64_t f[3];

	for (int i = 0; i < 3; i++)
		if (!ips_text_cut(&rest, '_', &part) || !ips_text_u64(part, 9999, &f[i]))
			return false;
	if (f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > 31)
		return false;
	*ret = ips_days((int64_t)f[0], (unsigned)f[1], (unsigned)f[2]);
	return true;
}

/* By the day of the last change, else of its making. A rule without a date is of no age. */
static bool young(uint32_t max_days, const struct ips_rule *r, int64_t now_s)
{
	int64_t made = 0, changed = 0;
	bool has_made = false, has_changed = false;

	if (max_days == 0)
		return true;
	for (uint32_t i = 0; i < r->metadata_n; i++) {
		const struct ips_rule_ref *m = &r->metadata[i];

		if (strcmp(m->key, "updated_at") == 0)
			has_changed |= day_of(m->value, &changed);
		else if (strcmp(m->key, "created_at") == 0)
			has_made |= day_of(m->value, &made);
	}
	if (!has_made && !has_changed)
		return false;
	return now_s / 86400 - (has_changed ? changed : made) <= max_days;
}

static bool meets(const struct ips_criterion *c, const struct ips_rule *r, int64_t now_s)
{
	uint32_t severity = r->severity < 31 ? r->severity : 31;

	return (!c->severities || c->severities >> severity & 1) &&
		(!c->written || c->written >> r->action & 1) &&
		(c->class.n == 0 ||
			(r->classtype && among(&c->class, ips_text_of(r->classtype)))) &&
		meta(&c->confidence, r, "confidence") && meta(&c->deployment, r, "deployment") &&
		meta(&c->signature_severity, r, "signature_severity") &&
		category(&c->category, r) && young(c->max_age_days, r, now_s);
}

static const struct ips_criterion *criterion(
	const struct ips_policy *p, const struct ips_rule *r, int64_t now_s)
{
	for (uint32_t i = 0; i < p->criteria_n; i++)
		if (meets(&p->criteria[i], r, now_s))
			return &p->criteria[i];
	return NULL;
}

/* A reject keeps the side it was written for. */
static enum ips_action chosen(const struct ips_policy *p, const struct ips_rule *r, int64_t now_s)
{
	const struct ips_criterion *c;

	if (r->action == IPS_PASS || !p || !p->has_criteria)
		return r->action;
	c = criterion(p, r, now_s);
	if (!c || c->action == IPS_ALERT || (r->flags & (IPS_RULE_NOALERT | IPS_RULE_DISABLED)))
		return IPS_ALERT;
	if (c->action == IPS_REJECT &&
		(r->action == IPS_REJECT_DST || r->action == IPS_REJECT_BOTH))
		return r->action;
	return c->action;
}

void ips_policy_apply(const struct ips_policy *p, struct ips_rules *rules, int64_t now_s)
{
	for (uint32_t i = 0; i < ips_rules_count(rules); i++) {
		struct ips_rule *r = ips_rules_at(rules, i);

		r->effective = chosen(p, r, now_s);
	}
}

static bool in_prefix(uint8_t family, uint8_t len, const struct ips_addr *net, uint8_t have,
	const struct ips_addr *a)
{
	const uint8_t *x = (const uint8_t *)net->w, *y = (const uint8_t *)a->w;

	if (family == 0)
		return true;
	if (family != have || memcmp(x, y, len / 8) != 0)
		return false;
	return len % 8 == 0 || ((x[len / 8] ^ y[len / 8]) & (uint8_t)(0xff << (8 - len % 8))) == 0;
}

static bool between(const struct ips_exception *x, uint8_t family, const struct ips_addr *a,
	const struct ips_addr *b)
{
	return in_prefix(x->src.family, x->src.len, &x->src.addr, family, a) &&
		in_prefix(x->dst.family, x->dst.len, &x->dst.addr, family, b);
}

static const struct ips_exception *exception(const struct ips_policy *p, const struct ips_rule *r,
	uint8_t family, const struct ips_addr *const ends[2], int64_t now_s)
{
	for (uint32_t i = 0; i < p->exceptions_n; i++) {
		const struct ips_exception *x = &p->exceptions[i];

		if (x->sid != 0 && (x->sid != r->sid || x->gid != r->gid))
			continue;
		if (x->expires != 0 && now_s >= x->expires)
			continue;
		if (between(x, family, ends[0], ends[1]) || between(x, family, ends[1], ends[0]))
			return x;
	}
	return NULL;
}

/* Rules of this file only report for now. */
static bool on_trial(const struct ips_policy *p, const struct ips_rule *r, int64_t now_s)
{
	for (uint32_t i = 0; i < p->files_n; i++)
		if (now_s < p->files[i].monitor_until && r->file &&
			strcmp(p->files[i].path, r->file) == 0)
			return true;
	return false;
}

static enum ips_decision decision_of(enum ips_action a)
{
	switch (a) {
	case IPS_DROP: return IPS_DECIDE_DROP;
	case IPS_REJECT:
	case IPS_REJECT_DST:
	case IPS_REJECT_BOTH: return IPS_DECIDE_REJECT;
	case IPS_PASS: return IPS_DECIDE_IGNORE;
	default: return IPS_DECIDE_ALERT;
	}
}

enum ips_decision ips_policy_decide(const struct ips_policy *p, const struct ips_rule *r,
	uint8_t family, const struct ips_addr *src, const struct ips_addr *dst, int64_t now_s,
	uint32_t *ret_exception)
{
	const struct ips_addr *const ends[2] = {src, dst};
	const struct ips_exception *x;
	enum ips_decision d;

	*ret_exception = 0;
	if (!p || r->action == IPS_PASS)
		return decision_of(p ? r->effective : r->action);
	x = exception(p, r, family, ends, now_s);
	d = x ? x->decision : decision_of(r->effective);
	if (x)
		*ret_exception = x->number;
	if (d != IPS_DECIDE_DROP && d != IPS_DECIDE_REJECT)
		return d;
	if ((x || p->has_criteria) && (r->flags & (IPS_RULE_NOALERT | IPS_RULE_DISABLED)))
		return IPS_DECIDE_ALERT;
	return !x && on_trial(p, r, now_s) ? IPS_DECIDE_WOULD_DROP : d;
}

bool ips_policy_urgent(const struct ips_policy *p, const struct ips_rule *r)
{
	/* Age does not make a difference here: the match has just happened. */
	const struct ips_criterion *c = p ? criterion(p, r, 0) : NULL;

	return c && c->urgent;
}
