/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests for rules and the decisions about them. Each handler is one transaction with its audit
 * rows; what the registry refuses, the person reads.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fw/policy/analyze.h"
#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

#define ANALYSE_RULES_MAX 2000

/* ---- answers ------------------------------------------------------------------------------------
 */

static int reply_rev(struct mg_call *c, const struct mg_rev *rev, const struct fw_policy *base,
	struct sk_err *err)
{
	json_t *v = mg_h_rev_row(rev, base);
	json_t *texts = json_array();
	unsigned bits = base && rev->rule.kind != FW_DENY ? mg_h_risk(&rev->rule, base) : 0;

	for (unsigned i = 0; i < FW_RISK_BITS; i++)
		if (bits & 1u << i)
			json_array_append_new(
				texts, json_string(sk_text(fw_risk_text(i), c->lang)));
	if (v == NULL || json_object_set_new(v, "risk_texts", texts) < 0) {
		json_decref(v);
		return sk_err_nomem(err);
	}
	return mg_reply_record(c, v);
}

static void note_finding(struct mg_call *c, const struct fw_finding *f)
{
	char others[128] = "";
	size_t len = 0;

	for (size_t i = 0; i < f->n_others && len < sizeof(others); i++)
		len += (size_t)snprintf(
			others + len, sizeof(others) - len, "%s%u", i ? ", " : "", f->others[i]);
	mg_reply_note(c, "%s (rules %s) %s", "%s (ルール %s) %s",
		sk_text(fw_finding_text(f->kind), c->lang), others, f->space);
}

/* Hints only: whatever does not work here is no fault of the request. */
static void analyse(struct mg_call *c, const struct fw_rule *r)
{
	const struct fw_analyze_opts o = {.now = c->now, .expiring_days = 30, .unused_days = 90};
	struct fw_findings found = {0};
	struct fw_policy *p = NULL;
	struct fw_rule copy;

	fw_rule_init(&copy);
	if (mg_store_build_rules(
		    mg_h_store(c), MG_BUILD_WITH_APPROVED, r->number, c->now, &p, NULL) < 0)
		return;
	if (p->n_rules > ANALYSE_RULES_MAX || fw_rule_copy(&copy, r) < 0)
		goto out;
	/* As if it were approved: a policy has no other rules. */
	copy.state = FW_APPROVED;
	copy.approved_at = c->now;
	if (fw_str_set(&copy.approver, "analysis") < 0 || fw_policy_add_rule(p, &copy, NULL) < 0 ||
		fw_policy_finish(p, NULL) < 0 || fw_analyze(p, &o, &found, NULL) < 0)
		goto out;
	for (size_t i = 0; i < found.n; i++)
		if (found.v[i].number == r->number && found.v[i].kind <= FW_F_CONFLICT)
			note_finding(c, &found.v[i]);
	fw_findings_done(&found);
out:
	fw_rule_done(&copy);
	fw_policy_free(p);
}

static int commit_rev(struct mg_call *c, struct mg_txn *t, const struct mg_rev *rev, json_t *before,
	struct sk_err *err)
{
	char target[48];

	snprintf(target, sizeof(target), "rule %u r%u", rev->rule.number, rev->rule.revision);
	return mg_h_commit(c, t, target, before, mg_rev_to_json(rev), err);
}

/* ---- rule.request -------------------------------------------------------------------------------
 */

static int take_texts(struct mg_call *c, struct fw_rule *r, struct sk_err *err)
{
	static const struct {
		const char *name;
		size_t at;
	} fields[] = {{"source", offsetof(struct fw_rule, source)},
		{"destination", offsetof(struct fw_rule, destination)},
		{"protocol", offsetof(struct fw_rule, protocol)},
		{"port", offsetof(struct fw_rule, port)},
		{"purpose", offsetof(struct fw_rule, purpose)},
		{"nat_to", offsetof(struct fw_rule, nat_to)},
		{"partner", offsetof(struct fw_rule, partner)},
		{"ticket", offsetof(struct fw_rule, ticket)}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(fields); i++) {
		char **field = (char **)((char *)r + fields[i].at);

		if (mg_arg_has(c, fields[i].name) &&
			fw_str_set(field, mg_arg_str(c, fields[i].name)) < 0)
			return sk_err_nomem(err);
	}
	return 0;
}

static int take_direction(struct mg_call *c, struct fw_rule *r, struct sk_err *err)
{
	char *from = NULL, *to = NULL;
	int e;

	if (!mg_arg_has(c, "direction"))
		return 0;
	e = fw_direction_parse(mg_arg_str(c, "direction"), &from, &to, err);
	if (e < 0)
		return e;
	free(r->from);
	free(r->to);
	r->from = from;
	r->to = to;
	return 0;
}

/* The last second of the last day that the site allows. */
static int64_t expiry_max(struct mg_call *c)
{
	int days = (int)mg_setting_int(mg_h_store(c), "rule.expiry_days_max");

	return sk_day_add(sk_day_start(c->now), days) - 1;
}

static int take_args(struct mg_call *c, struct mg_rev *rev, struct sk_err *err)
{
	struct fw_rule *r = &rev->rule;
	enum fw_kind kind = r->kind;
	int e = take_texts(c, r, err);

	if (e == 0)
		e = take_direction(c, r, err);
	if (e == 0 && mg_arg_has(c, "kind"))
		e = fw_kind_parse(mg_arg_str(c, "kind"), &r->kind);
	if (e == 0 && mg_arg_has(c, "expiry"))
		e = mg_arg_time(c, "expiry", true, &r->expiry, err);
	if (e < 0)
		return e;
	if (mg_arg_has(c, "log"))
		r->log = sk_streq(mg_arg_str(c, "log"), "yes");
	else if (r->number == 0 || kind != r->kind)
		r->log = r->kind ==
			FW_DENY; /* what is blocked is reported unless somebody says no */
	if (mg_arg_has(c, "order"))
		r->order = (uint32_t)mg_arg_uint(c, "order");
	else if (r->order == 0 || r->number == 0 || kind != r->kind)
		r->order = r->kind == FW_DENY ? 500 : 1000;
	if (r->expiry == 0)
		r->expiry = expiry_max(c);
	return 0;
}

/* What the request starts from: nothing, the caller's open draft, or the rule as it is. */
static int start_from(struct mg_call *c, struct mg_rev *rev, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	int e;

	if (number == 0) {
		mg_rev_init(rev);
		rev->intent = MG_NEW;
		return 0;
	}
	if (number < FW_NUMBER_FIRST)
		return sk_err_set(err, -EPERM, "number",
			"%u is a built-in record: it cannot be changed",
			"%u は組み込みのルールです。変更できません", number);
	e = mg_rule_pending(mg_h_store(c), number, rev, err);
	if (e == 0 && rev->rule.state != FW_REQUESTED && rev->intent != MG_REMOVAL) {
		/* Who approves an extension must find nothing but a new date in it. */
		if (rev->intent == MG_EXTEND)
			rev->intent = MG_MODIFY;
		return 0;
	}
	if (e == 0)
		mg_rev_done(rev);
	if (e < 0 && e != -ENOENT)
		return e;
	e = mg_rule_base(mg_h_store(c), number, rev, err);
	if (e == 0 && rev->rule.approver)
		rev->intent = MG_MODIFY;
	return e;
}

static int check_request(struct mg_call *c, const struct mg_rev *rev, const struct fw_rule *start,
	const struct fw_policy *base, struct sk_err *err)
{
	char *diff;

	if (mg_arg_flag(c, "draft"))
		return 0;
	diff = rev->rule.number ? mg_h_diff_text(start, &rev->rule) : NULL;
	if (rev->rule.number && diff == NULL)
		return sk_err_set(err, -EINVAL, NULL,
			"nothing would change: name at least one field with a new value",
			"変更がありません。変更する項目を指定してください");
	free(diff);
	return mg_rule_check(mg_h_store(c), base, &rev->rule, c->now, NULL, err);
}

static int store_request(
	struct mg_call *c, struct mg_rev *rev, const struct fw_rule *start, struct sk_err *err)
{
	json_t *before = rev->rule.number ? fw_rule_to_json(start) : NULL;
	struct mg_txn t = {0};
	int e = mg_txn_begin(&t, mg_h_store(c), err);

	if (e == 0)
		e = mg_rule_insert(&t, rev, mg_arg_flag(c, "draft"), c->now, err);
	if (e == 0)
		e = commit_rev(c, &t, rev, before, err);
	else
		json_decref(before);
	mg_txn_abort(&t);
	return e;
}

int mg_h_rule_request(struct mg_call *c, struct sk_err *err)
{
	struct fw_policy *base = NULL;
	struct fw_rule start;
	struct mg_rev rev;
	int e = start_from(c, &rev, err);

	if (e < 0)
		return e;
	fw_rule_init(&start);
	e = fw_rule_copy(&start, &rev.rule) < 0 ? sk_err_nomem(err) : take_args(c, &rev, err);
	if (e == 0)
		e = fw_str_set(&rev.rule.applicant, c->who.name);
	if (e == 0 && rev.rule.registered == 0)
		rev.rule.registered = c->now;
	if (e == 0)
		e = fw_str_set(&rev.reason, NULL);
	if (e == 0)
		e = mg_store_build_base(mg_h_store(c), MG_VIEW_REQUESTED, &base, err);
	if (e == 0)
		e = check_request(c, &rev, &start, base, err);
	if (e == 0)
		e = store_request(c, &rev, &start, err);
	if (e == 0)
		e = reply_rev(c, &rev, base, err);
	if (e == 0 && rev.rule.state == FW_REQUESTED)
		analyse(c, &rev.rule);
	fw_policy_free(base);
	fw_rule_done(&start);
	mg_rev_done(&rev);
	return e;
}

/* ---- steps of one number ------------------------------------------------------------------------
 */

typedef int step_fn(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);

static json_t *state_before(struct mg_store *s, uint32_t number)
{
	struct mg_rev r;
	json_t *v;

	if (mg_rule_pending(s, number, &r, NULL) < 0 && mg_rule_get(s, number, 0, &r, NULL) < 0)
		return NULL;
	v = json_pack("{ss si}", "state", mg_rev_state_name(&r), "revision", (int)r.rule.revision);
	mg_rev_done(&r);
	return v;
}

static int step(struct mg_call *c, step_fn *fn, const char *text, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, text);
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	json_t *before = state_before(mg_h_store(c), number);
	struct mg_txn t = {0};
	struct mg_rev rev;
	int e = mg_txn_begin(&t, mg_h_store(c), err);

	if (e == 0)
		e = fn(&t, number, &a, &rev, err);
	if (e < 0) {
		json_decref(before);
		mg_txn_abort(&t);
		return e;
	}
	e = commit_rev(c, &t, &rev, before, err);
	if (e == 0)
		e = reply_rev(c, &rev, NULL, err);
	mg_rev_done(&rev);
	mg_txn_abort(&t);
	return e;
}

/* Is the open request (or, with resumed, the suspended rule) still meaningful? */
static int check_open(struct mg_call *c, uint32_t number, enum mg_view view,
	const struct fw_policy *given, struct sk_err *err)
{
	struct fw_policy *own = NULL;
	struct mg_rev rev;
	int e = mg_rule_pending(mg_h_store(c), number, &rev, err);

	if (e < 0) /* none: the step itself says so */
		return e == -ENOENT ? 0 : e;
	if (rev.intent != MG_REMOVAL) {
		if (given == NULL)
			e = mg_store_build_base(mg_h_store(c), view, &own, err);
		if (e == 0)
			e = mg_rule_check(
				mg_h_store(c), given ? given : own, &rev.rule, c->now, NULL, err);
	}
	fw_policy_free(own);
	mg_rev_done(&rev);
	return e;
}

int mg_h_rule_submit(struct mg_call *c, struct sk_err *err)
{
	int e = check_open(c, (uint32_t)mg_arg_uint(c, "number"), MG_VIEW_REQUESTED, NULL, err);

	return e < 0 ? e : step(c, mg_rule_submit, NULL, err);
}

int mg_h_rule_withdraw(struct mg_call *c, struct sk_err *err)
{
	return step(c, mg_rule_withdraw, NULL, err);
}

int mg_h_rule_return(struct mg_call *c, struct sk_err *err)
{
	return step(c, mg_rule_return, mg_arg_str(c, "reason"), err);
}

int mg_h_rule_suspend(struct mg_call *c, struct sk_err *err)
{
	struct sk_err why = {0};
	int e = step(c, mg_rule_suspend, mg_arg_str(c, "reason"), err);

	if (e < 0 || c->dry_run)
		return e;
	e = mg_daemon_tighten(c->d, &why);
	if (e == 0)
		mg_reply_note(c,
			"the gateway will stop it as soon as it can: the firewall is busy or away",
			"ファイアウォールが応答可能になりしだい停止します");
	else if (e < 0)
		mg_reply_note(c, "recorded, but not in force yet: %s",
			"記録しましたが、まだ反映されていません: %s", sk_err_text(&why, c->lang));
	return 0;
}

/* A resumed rule must still compile, or the next apply would fail for all. */
static int resume(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	struct fw_policy *p = NULL;
	int e = mg_rule_resume(t, number, a, ret, err);

	if (e < 0)
		return e;
	e = mg_store_build_policy(t->s, MG_BUILD_WITH_APPROVED, 1, a->now, &p, err);
	fw_policy_free(p);
	if (e < 0)
		mg_rev_done(ret);
	return e;
}

int mg_h_rule_resume(struct mg_call *c, struct sk_err *err)
{
	return step(c, resume, mg_arg_str(c, "reason"), err);
}

/* ---- rule.approve -------------------------------------------------------------------------------
 */

struct approval {
	struct mg_call *c;
	struct mg_txn t;
	struct fw_policy *base;
	json_t *answers; /* sent once everything is committed */
};

/* What was read is what is approved: the applicant may have asked for something else since. */
static int check_revision(struct mg_call *c, const struct mg_rev *rev, struct sk_err *err)
{
	uint32_t want = (uint32_t)mg_arg_uint(c, "revision"), second;

	if (want == 0)
		return 0;
	if (mg_h_number(c, 1, &second))
		return sk_err_set(err, -EINVAL, "revision", "goes with one rule only",
			"ルールが 1 件のときだけ指定できます");
	if (want == rev->rule.revision)
		return 0;
	return sk_err_set(err, -ESTALE, "revision",
		"the request is r%u by now: read it again (rule show)",
		"申請は現在 r%u です。内容を確認し直してください (rule show)", rev->rule.revision);
}

static int approve_one(struct approval *ap, uint32_t number, bool last, struct sk_err *err)
{
	struct mg_call *c = ap->c;
	const struct mg_actor a = mg_h_actor(c, mg_arg_str(c, "comment"));
	json_t *before = state_before(mg_h_store(c), number);
	char target[48];
	struct mg_rev rev = {0};
	int e = check_open(c, number, MG_VIEW_APPROVED, ap->base, err);

	if (e == 0)
		e = mg_rule_approve(&ap->t, number, &a, &rev, err);
	if (e == 0 && (e = check_revision(c, &rev, err)) < 0)
		mg_rev_done(&rev);
	if (e < 0) {
		json_decref(before);
		sk_err_prefix(err, "rule[%u]", number);
		return e;
	}
	snprintf(target, sizeof(target), "rule %u r%u", number, rev.rule.revision);
	json_array_append_new(ap->answers, mg_h_rev_row(&rev, ap->base));
	e = last ? mg_h_commit(c, &ap->t, target, before, mg_rev_to_json(&rev), err)
		 : mg_h_audit(c, &ap->t, target, before, mg_rev_to_json(&rev), err);
	mg_rev_done(&rev);
	return e;
}

static int reply_approved(struct approval *ap)
{
	struct mg_call *c = ap->c;
	int e = 0;

	for (size_t i = 0; i < json_array_size(ap->answers) && e == 0; i++) {
		json_t *v = json_array_get(ap->answers, i);
		const char *state = json_string_value(json_object_get(v, "state"));
		int number = (int)json_integer_value(json_object_get(v, "number"));

		e = mg_reply_record(c, json_incref(v));
		if (sk_streq(state, "suspended"))
			mg_reply_note(c, "rule %d stays suspended until it is resumed",
				"ルール %d は再開されるまで停止のままです", number);
	}
	if (!c->dry_run)
		mg_reply_note(c, "in force after the next apply", "次の適用から有効になります");
	return e;
}

/* One transaction for the whole list: all are approved, or none. */
int mg_h_rule_approve(struct mg_call *c, struct sk_err *err)
{
	struct approval ap = {.c = c, .answers = json_array()};
	uint32_t number, next;
	int e = mg_store_build_base(mg_h_store(c), MG_VIEW_APPROVED, &ap.base, err);

	if (e == 0)
		e = mg_txn_begin(&ap.t, mg_h_store(c), err);
	for (size_t i = 0; e == 0 && mg_h_number(c, i, &number); i++)
		e = approve_one(&ap, number, !mg_h_number(c, i + 1, &next), err);
	if (e == 0)
		e = reply_approved(&ap);
	mg_txn_abort(&ap.t);
	fw_policy_free(ap.base);
	json_decref(ap.answers);
	return e;
}

/* ---- rule.extend, rule.remove -------------------------------------------------------------------
 */

static int insert_request(
	struct mg_call *c, struct mg_rev *rev, enum mg_intent intent, struct sk_err *err)
{
	json_t *before = json_pack(
		"{ss sI}", "state", mg_rev_state_name(rev), "expiry", (json_int_t)rev->rule.expiry);
	struct fw_policy *base = NULL;
	struct mg_txn t = {0};
	int e = 0;

	rev->intent = intent;
	if (intent == MG_EXTEND)
		e = mg_arg_time(c, "expiry", true, &rev->rule.expiry, err);
	if (e == 0)
		e = fw_str_set(&rev->rule.applicant, c->who.name);
	if (e == 0)
		e = fw_str_set(&rev->reason, mg_arg_str(c, "reason"));
	if (e == 0)
		e = mg_store_build_base(mg_h_store(c), MG_VIEW_REQUESTED, &base, err);
	if (e == 0 && intent == MG_EXTEND)
		e = mg_rule_check(mg_h_store(c), base, &rev->rule, c->now, NULL, err);
	if (e == 0)
		e = mg_txn_begin(&t, mg_h_store(c), err);
	if (e == 0)
		e = mg_rule_insert(&t, rev, false, c->now, err);
	if (e == 0) {
		e = commit_rev(c, &t, rev, before, err);
		before = NULL;
	}
	if (e == 0)
		e = reply_rev(c, rev, base, err);
	json_decref(before);
	mg_txn_abort(&t);
	fw_policy_free(base);
	return e;
}

static int in_force(struct mg_call *c, struct mg_rev *rev, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");

	if (number < FW_NUMBER_FIRST)
		return sk_err_set(err, -EPERM, "number",
			"%u is a built-in record: it cannot be changed",
			"%u は組み込みのルールです。変更できません", number);
	return mg_rule_base(mg_h_store(c), number, rev, err);
}

int mg_h_rule_extend(struct mg_call *c, struct sk_err *err)
{
	struct mg_rev rev;
	int e = mg_wf_reason("reason", mg_arg_str(c, "reason"), err);

	if (e == 0)
		e = in_force(c, &rev, err);
	if (e < 0)
		return e;
	if (rev.rule.approver == NULL)
		e = sk_err_set(err, -EPERM, "number",
			"the rule was never approved: change the request instead",
			"まだ承認されていないルールです。申請の内容を変更してください");
	else
		e = insert_request(c, &rev, MG_EXTEND, err);
	mg_rev_done(&rev);
	return e;
}

int mg_h_rule_remove(struct mg_call *c, struct sk_err *err)
{
	struct mg_rev rev;
	bool known;
	int e = mg_wf_reason("reason", mg_arg_str(c, "reason"), err);

	if (e == 0)
		e = in_force(c, &rev, err);
	if (e < 0)
		return e;
	known = rev.rule.approver || rev.rule.state == FW_REMOVED;
	if (known)
		e = insert_request(c, &rev, MG_REMOVAL, err);
	mg_rev_done(&rev);
	return known ? e : step(c, mg_rule_discard, mg_arg_str(c, "reason"), err);
}
