/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing rule records: the next revision, and each step of its life, driven by fw_state_next and
 * mgmt/workflow. The triggers of schema.c refuse the same things once more.
 */
#include <errno.h>
#include <string.h>

#include "mgmt/store/accounts.h"
#include "mgmt/store/db.h"
#include "mgmt/store/rules_db.h"

#define MG_RULE_REASON_MAX 1000

/* ---- steps --------------------------------------------------------------------------------------
 */

static int changed_one(struct mg_store *s, const struct mg_rev *r, struct sk_err *err)
{
	if (sqlite3_changes(s->db) == 1)
		return 0;
	return sk_err_set(err, -ESTALE, "number", "rule %u r%u was changed in the meantime",
		"ルール %u r%u は他の操作で変更されています", r->rule.number, r->rule.revision);
}

int mg_rule_step(struct mg_txn *t, struct mg_rev *r, enum fw_event ev, struct sk_err *err)
{
	enum fw_state to;
	int e = fw_state_next(r->rule.state, ev, &to, err);

	mg_txn_assert(t);
	if (e == 0)
		e = mg_db_run(t->s, err,
			"UPDATE rule_rev SET state = ?3 WHERE number = ?1 AND revision = ?2 AND "
			"state = ?4",
			MG_I(r->rule.number), MG_I(r->rule.revision), MG_S(fw_state_name(to)),
			MG_S(fw_state_name(r->rule.state)));
	if (e == 0)
		e = changed_one(t->s, r, err);
	if (e == 0)
		r->rule.state = to;
	return e;
}

int mg_rule_supersede(
	struct mg_txn *t, uint32_t number, uint32_t revision, int64_t now, struct sk_err *err)
{
	return mg_db_run(t->s, err,
		"UPDATE rule_rev SET state = 'superseded', superseded_at = ?3"
		" WHERE number = ?1 AND revision = ?2",
		MG_I(number), MG_I(revision), MG_I(now));
}

static int note(struct mg_txn *t, const struct mg_rev *r, const char *text, struct sk_err *err)
{
	return mg_db_run(t->s, err,
		"UPDATE rule_rev SET note = ?3 WHERE number = ?1 AND revision = ?2",
		MG_I(r->rule.number), MG_I(r->rule.revision), MG_S(text));
}

/* The revision as it is now, if the caller wants it; frees *r in any case. */
static int give(struct mg_txn *t, struct mg_rev *r, int e, struct mg_rev *ret, struct sk_err *err)
{
	uint32_t number = r->rule.number, revision = r->rule.revision;

	mg_rev_done(r);
	return e < 0 || ret == NULL ? e : mg_rule_get(t->s, number, revision, ret, err);
}

static int check_text(const char *field, const char *text, struct sk_err *err)
{
	return text ? mg_wf_text(field, text, MG_RULE_REASON_MAX, true, err) : 0;
}

static int open_one(struct mg_txn *t, uint32_t number, struct mg_rev *ret, struct sk_err *err)
{
	struct mg_rev any;
	int r = mg_rule_pending(t->s, number, ret, err);

	if (r != -ENOENT)
		return r;
	r = mg_rule_get(t->s, number, 0, &any, err);
	if (r < 0)
		return r;
	mg_rev_done(&any);
	return sk_err_set(err, -EPERM, "number", "rule %u has no open request",
		"ルール %u に処理待ちの申請はありません", number);
}

/* ---- the next revision --------------------------------------------------------------------------
 */

static int check_texts(const struct mg_rev *r, struct sk_err *err)
{
	const struct {
		const char *field, *text;
		size_t max;
	} texts[] = {{"source", r->rule.source, 8192}, {"destination", r->rule.destination, 8192},
		{"protocol", r->rule.protocol, 64}, {"port", r->rule.port, 8192},
		{"purpose", r->rule.purpose, 1000}, {"nat_to", r->rule.nat_to, 128},
		{"partner", r->rule.partner, 200}, {"ticket", r->rule.ticket, 200},
		{"reason", r->reason, MG_RULE_REASON_MAX}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++) {
		int e = texts[i].text
			? mg_wf_text(texts[i].field, texts[i].text, texts[i].max, true, err)
			: 0;
		if (e < 0)
			return e;
	}
	return 0;
}

/* Make room for a new revision of r's number: what is open steps aside, if it may. */
static int take_over(struct mg_txn *t, const struct mg_rev *r, int64_t now, struct sk_err *err)
{
	uint32_t number = r->rule.number;
	struct mg_rev cur, open;
	bool new_draft, mine;
	int e = mg_rule_get(t->s, number, 0, &cur, err);

	if (e < 0)
		return e;
	if (cur.rule.state == FW_REMOVED)
		e = sk_err_set(err, -EPERM, "number",
			"rule %u is removed: request a new rule instead",
			"ルール %u は削除済みです。新しいルールとして申請してください", number);
	mg_rev_done(&cur);
	if (e < 0)
		return e;
	e = mg_rule_pending(t->s, number, &open, err);
	if (e < 0)
		return e == -ENOENT ? 0 : e;
	new_draft = open.rule.state == FW_DRAFT;
	mine = sk_streq(open.rule.applicant, r->rule.applicant);
	if (open.rule.state == FW_REQUESTED)
		e = sk_err_set(err, -EEXIST, "number",
			"rule %u has an open request (r%u by %s): it must be decided or withdrawn "
			"first",
			"ルール %u には処理待ちの申請があります (r%u、申請者 "
			"%s)。先に承認・差し戻し・取下げを行ってください",
			number, open.rule.revision, open.rule.applicant);
	else if (new_draft && !mine)
		e = sk_err_set(err, -EPERM, "number", "rule %u is being edited by %s (draft r%u)",
			"ルール %u は %s が編集中です (下書き r%u)", number, open.rule.applicant,
			open.rule.revision);
	else
		e = mg_rule_supersede(t, number, open.rule.revision, now, err);
	mg_rev_done(&open);
	return e;
}

static int new_number(struct mg_txn *t, uint32_t *ret, struct sk_err *err)
{
	int e = mg_db_run(t->s, err, "INSERT INTO rule DEFAULT VALUES");

	if (e == -EINVAL)
		return sk_err_set(err, -ENOSPC, "number", "all rule numbers are used up",
			"ルール番号をすべて使い切りました");
	if (e == 0)
		*ret = (uint32_t)sqlite3_last_insert_rowid(t->s->db);
	return e;
}

/* A draft may have gaps; reading makes them NULL again. */
static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static int store_rev(struct mg_txn *t, const struct mg_rev *r, struct sk_err *err)
{
	const struct fw_rule *u = &r->rule;

	return mg_db_run(t->s, err,
		"INSERT INTO rule_rev(number, revision, intent, state, ord, kind, log, applicant, "
		"source,"
		" destination, zone_from, zone_to, protocol, port, purpose, registered, expiry, "
		"nat_to,"
		" partner, ticket, reason, requested_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
		"?9, ?10,"
		" ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22)",
		MG_I(u->number), MG_I(u->revision), MG_S(mg_intent_name(r->intent)),
		MG_S(fw_state_name(u->state)), MG_I(u->order), MG_S(fw_kind_name(u->kind)),
		MG_I(u->log), MG_S(u->applicant), MG_S(or_empty(u->source)),
		MG_S(or_empty(u->destination)), MG_S(or_empty(u->from)), MG_S(or_empty(u->to)),
		MG_S(or_empty(u->protocol)), MG_S(or_empty(u->port)), MG_S(or_empty(u->purpose)),
		MG_I(u->registered), MG_I(u->expiry), MG_S(u->nat_to), MG_S(u->partner),
		MG_S(u->ticket), MG_S(r->reason), MG_I(r->requested_at));
}

int mg_rule_insert(struct mg_txn *t, struct mg_rev *r, bool draft, int64_t now, struct sk_err *err)
{
	int64_t last = 0;
	int e = check_texts(r, err);

	mg_txn_assert(t);
	if (e == 0)
		e = r->rule.number ? take_over(t, r, now, err)
				   : new_number(t, &r->rule.number, err);
	if (e == 0)
		e = mg_db_int(t->s, &last, err,
			"SELECT max(revision) FROM rule_rev WHERE number = ?1",
			MG_I(r->rule.number));
	if (e < 0)
		return e;
	r->rule.revision = (uint32_t)last + 1;
	r->rule.state = draft ? FW_DRAFT : FW_REQUESTED;
	r->requested_at = now;
	if (r->rule.registered == 0)
		r->rule.registered = now;
	fw_str_set(&r->rule.approver, NULL);
	r->rule.approved_at = 0;
	/* What was decided about the revision it starts from is not decided about this one. */
	fw_str_set(&r->decided_by, NULL);
	fw_str_set(&r->comment, NULL);
	fw_str_set(&r->note, NULL);
	r->decided_at = r->superseded_at = 0;
	r->superseded = false;
	return store_rev(t, r, err);
}

int mg_rule_check(struct mg_store *s, const struct fw_policy *base, const struct fw_rule *r,
	int64_t now, struct fw_match *ret_match, struct sk_err *err)
{
	const struct fw_rule_limits lim = {
		.now = now, .expiry_days_max = (int)mg_setting_int(s, "rule.expiry_days_max")};
	const char *const zones[] = {r->from, r->to};

	for (size_t i = 0; i < SK_ARRAY_SIZE(zones); i++)
		if (zones[i] && !sk_streq(zones[i], FW_ZONE_SELF) &&
			!fw_zone_find(base->zones, base->n_zones, zones[i]))
			return sk_err_set(err, -ENOENT, "direction",
				"there is no zone %s (see: zone list)",
				"ゾーン %s はありません (一覧: zone list)", zones[i]);
	/* A document with such a rule would be refused whole. */
	if (r->registered > 0 &&
		r->expiry - r->registered > (int64_t)FW_POLICY_EXPIRY_DAYS_MAX * 86400)
		return sk_err_set(err, -EINVAL, "expiry",
			"the rule was registered over %d days before: request a new rule instead",
			"登録日から %d 日を超えています。新しいルールとして申請してください",
			FW_POLICY_EXPIRY_DAYS_MAX);
	return fw_rule_validate(r, base->objects, &lim, ret_match, err);
}

/* ---- what the applicant does --------------------------------------------------------------------
 */

int mg_rule_submit(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	struct mg_rev r;
	int e = open_one(t, number, &r, err);

	if (e < 0)
		return e;
	e = mg_wf_own(r.rule.applicant, &a->who, err);
	if (e == 0)
		e = mg_rule_step(t, &r, FW_EV_SUBMIT, err);
	if (e == 0)
		e = mg_db_run(t->s, err,
			"UPDATE rule_rev SET requested_at = ?3 WHERE number = ?1 AND revision = ?2",
			MG_I(number), MG_I(r.rule.revision), MG_I(a->now));
	return give(t, &r, e, ret, err);
}

int mg_rule_withdraw(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_rev *ret, struct sk_err *err)
{
	struct mg_rev r, force;
	int e = open_one(t, number, &r, err);

	if (e < 0)
		return e;
	e = mg_wf_own(r.rule.applicant, &a->who, err);
	if (e == 0 && r.rule.state == FW_REQUESTED) {
		e = mg_rule_step(t, &r, FW_EV_WITHDRAW, err);
		return give(t, &r, e, ret, err);
	}
	if (e == 0) {
		e = mg_rule_in_state(t->s, number, MG_ST_IN_FORCE, &force, err);
		if (e == 0)
			mg_rev_done(&force);
		if (e == -ENOENT)
			e = sk_err_set(err, -EPERM, "number",
				"rule %u is only a draft: use rule remove to give it up",
				"ルール %u は下書きです。不要な場合は rule remove "
				"で削除してください",
				number);
	}
	if (e == 0)
		e = mg_rule_supersede(t, number, r.rule.revision, a->now, err);
	return give(t, &r, e, ret, err);
}

int mg_rule_discard(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	struct mg_rev r;
	int e = open_one(t, number, &r, err);

	if (e < 0)
		return e;
	e = mg_wf_own(r.rule.applicant, &a->who, err);
	if (e == 0)
		e = check_text("reason", a->text, err);
	if (e == 0)
		e = mg_rule_step(t, &r, FW_EV_REMOVE, err);
	if (e == 0)
		e = note(t, &r, a->text, err);
	return give(t, &r, e, ret, err);
}

/* ---- what the approver does ---------------------------------------------------------------------
 */

/* The account as the registry has it inside this very transaction, not as the caller remembers it.
 */
static int decider(struct mg_txn *t, const char *applicant, const struct mg_actor *a,
	struct mg_account *ret, struct sk_err *err)
{
	struct mg_person who;
	int e = mg_account_get(t->s, a->who.name, ret, err);

	if (e == -ENOENT)
		return sk_err_set(err, -EPERM, NULL, "%s has no account",
			"%s のアカウントがありません", a->who.name);
	if (e < 0)
		return e;
	who = (struct mg_person){.name = ret->name, .roles = ret->roles, .enabled = ret->enabled};
	return mg_wf_decide(applicant, &who, err);
}

int mg_store_decider(
	struct mg_txn *t, const char *applicant, const struct mg_actor *a, struct sk_err *err)
{
	struct mg_account acc;
	int e = check_text("comment", a->text, err);

	return e < 0 ? e : decider(t, applicant, a, &acc, err);
}

static int suspended_now(struct mg_txn *t, uint32_t number, bool *ret, struct sk_err *err)
{
	int64_t n = 0;
	int e = mg_db_int(t->s, &n, err,
		"SELECT count(*) FILTER (WHERE state = 'suspended') > 0"
		" AND count(*) FILTER (WHERE state = 'active') = 0 FROM rule_rev WHERE number = ?1",
		MG_I(number));

	*ret = n != 0;
	return e;
}

/* An expired rule comes back, a suspended one stays suspended with its new content. */
static int after_approval(struct mg_txn *t, struct mg_rev *r, struct sk_err *err)
{
	struct mg_rev old;
	enum fw_state to;
	bool suspended;
	int e;

	if (r->intent == MG_REMOVAL)
		return 0;
	e = mg_rule_in_state(t->s, r->rule.number, " expired ", &old, err);
	if (e == 0) {
		e = fw_state_next(old.rule.state, FW_EV_RENEW, &to, err);
		mg_rev_done(&old);
	} else if (e == -ENOENT) {
		e = 0;
	}
	if (e == 0)
		e = suspended_now(t, r->rule.number, &suspended, err);
	return e == 0 && suspended ? mg_rule_step(t, r, FW_EV_SUSPEND, err) : e;
}

int mg_rule_approve(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	enum fw_state to;
	struct mg_rev r;
	int e = open_one(t, number, &r, err);

	mg_txn_assert(t);
	if (e < 0)
		return e;
	e = fw_state_next(r.rule.state, FW_EV_APPROVE, &to, err);
	if (e == 0)
		e = mg_store_decider(t, r.rule.applicant, a, err);
	if (e == 0)
		e = mg_db_run(t->s, err,
			"UPDATE rule_rev SET state = ?3, approver = ?4, approved_at = ?5, "
			"decided_by = ?4,"
			" decided_at = ?5, comment = ?6 WHERE number = ?1 AND revision = ?2",
			MG_I(number), MG_I(r.rule.revision), MG_S(fw_state_name(to)),
			MG_S(a->who.name), MG_I(a->now), MG_S(a->text));
	if (e == 0)
		r.rule.state = to;
	if (e == 0)
		e = after_approval(t, &r, err);
	return give(t, &r, e, ret, err);
}

int mg_rule_return(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	struct mg_rev r;
	int e = mg_wf_reason("reason", a->text, err);

	if (e == 0)
		e = open_one(t, number, &r, err);
	if (e < 0)
		return e;
	e = mg_store_decider(t, r.rule.applicant, a, err);
	if (e == 0)
		e = mg_rule_step(t, &r, FW_EV_RETURN, err);
	if (e == 0)
		e = mg_db_run(t->s, err,
			"UPDATE rule_rev SET decided_by = ?3, decided_at = ?4, comment = ?5"
			" WHERE number = ?1 AND revision = ?2",
			MG_I(number), MG_I(r.rule.revision), MG_S(a->who.name), MG_I(a->now),
			MG_S(a->text));
	return give(t, &r, e, ret, err);
}

/* ---- suspension ---------------------------------------------------------------------------------
 */

int mg_rule_suspend(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	struct mg_rev r, last = {0};
	int e = mg_wf_reason("reason", a->text, err), n = 0;

	if (e == 0)
		e = check_text("reason", a->text, err);
	if (e == 0)
		e = mg_rule_get(t->s, number, 0, &last, err);
	if (e < 0)
		return e;
	/* Both the active revision and an approved one behind it leave the next policy. */
	while ((e = mg_rule_in_kernel(t->s, number, &r, err)) == 0) {
		e = mg_wf_suspend(r.rule.kind, err);
		if (e == 0)
			e = mg_rule_step(t, &r, FW_EV_SUSPEND, err);
		if (e == 0)
			e = note(t, &r, a->text, err);
		mg_rev_done(&r);
		if (e < 0)
			break;
		n++;
	}
	if (e == -ENOENT && n == 0)
		e = mg_rule_step(t, &last, FW_EV_SUSPEND, err); /* says what is possible */
	else if (e == -ENOENT)
		e = 0;
	mg_rev_done(&last);
	return e < 0 || ret == NULL ? e : mg_rule_get(t->s, number, 0, ret, err);
}

int mg_rule_resume(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err)
{
	struct mg_rev r;
	int e = mg_wf_reason("reason", a->text, err);

	if (e == 0)
		e = check_text("reason", a->text, err);
	if (e == 0)
		e = mg_rule_get(t->s, number, 0, &r, err);
	if (e < 0)
		return e;
	if (r.rule.state == FW_SUSPENDED && r.rule.expiry < a->now)
		e = sk_err_set(err, -EPERM, "expiry",
			"rule %u is past its expiry: request an extension",
			"ルール %u は有効期限を過ぎています。延長を申請してください", number);
	if (e == 0)
		e = mg_rule_step(t, &r, FW_EV_RESUME, err);
	if (e == 0)
		e = note(t, &r, a->text, err);
	if (e == 0)
		e = mg_db_run(t->s, err,
			"UPDATE rule_rev SET state = 'superseded', superseded_at = ?3"
			" WHERE number = ?1 AND revision < ?2 AND state = 'suspended'",
			MG_I(number), MG_I(r.rule.revision), MG_I(a->now));
	return give(t, &r, e, ret, err);
}
