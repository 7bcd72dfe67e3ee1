/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Review campaigns: the snapshot, the decisions, the sign-off. A decision acts on the registry
 * through the same revisions and approvals as any request.
 */
#include <errno.h>
#include <string.h>

#include "fw/policy/builtin.h"
#include "mgmt/command/command.h"
#include "mgmt/store/accounts.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/db.h"
#include "mgmt/store/devices.h"
#include "mgmt/store/reviews.h"
#include "mgmt/store/rules_db.h"

/* Still to do: no decision; a change nobody asked for yet; a request that was sent back. i: the
 * item. */
#define REVS                                                                                       \
	"(SELECT number, revision, state, approver FROM rule_rev UNION ALL"                        \
	" SELECT number, revision, state, approver FROM device_rev)"
#define OPEN                                                                                       \
	"(i.decision IS NULL OR (i.decision = 'change' AND NOT EXISTS (SELECT 1 FROM " REVS " v"   \
	" WHERE v.number = i.rule AND v.revision > i.revision AND (v.approver IS NOT NULL"         \
	" OR v.state IN ('requested', 'removed')))) OR (i.result > 0 AND i.decision <> 'change'"   \
	" AND EXISTS (SELECT 1 FROM " REVS " v WHERE v.number = i.rule AND v.revision = i.result"  \
	" AND v.approver IS NULL AND v.state <> 'requested' AND v.state <> 'removed')))"

json_t *mg_builtin_to_json(const struct fw_builtin *b)
{
	return json_pack("{si ss ss s{ss ss} ss ss ss ss ss ss}", "number", (int)b->id, "builtin",
		b->name, "state", b->enabled ? "active" : "suspended", "purpose", "en",
		b->purpose.en, "ja", b->purpose.ja ? b->purpose.ja : b->purpose.en, "kind",
		b->allow ? "allow" : "deny", "source", b->source, "destination", b->destination,
		"direction", b->direction, "protocol", b->protocol, "port", b->port);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

#define REVIEW_COLS                                                                                \
	"r.number, r.title, r.started_by, r.finished_by, r.started, r.due, r.finished,"            \
	" (SELECT count(*) FROM review_item i WHERE i.review = r.number),"                         \
	" (SELECT count(*) FROM review_item i WHERE i.review = r.number AND r.finished = 0"        \
	"  AND " OPEN "), r.kind"

static void read_review(sqlite3_stmt *st, struct mg_review *r)
{
	*r = (struct mg_review){.number = (uint32_t)sqlite3_column_int64(st, 0),
		.started = sqlite3_column_int64(st, 4),
		.due = sqlite3_column_int64(st, 5),
		.finished = sqlite3_column_int64(st, 6),
		.items = sqlite3_column_int64(st, 7),
		.open = sqlite3_column_int64(st, 8)};
	mg_col_copy(st, 1, r->title, sizeof(r->title));
	mg_col_copy(st, 2, r->started_by, sizeof(r->started_by));
	mg_col_copy(st, 3, r->finished_by, sizeof(r->finished_by));
	mg_col_copy(st, 9, r->kind, sizeof(r->kind));
}

int mg_review_newest(
	struct mg_store *s, const char *kind, struct mg_review *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " REVIEW_COLS " FROM review r WHERE r.kind = ?1 ORDER BY r.number DESC"
		" LIMIT 1",
		MG_S(kind));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0)
		return sk_err_set(err, -ENOENT, "review", "no such review was started yet",
			"この棚卸しはまだ開始されていません");
	if (r > 0)
		read_review(st, ret);
	return r < 0 ? r : 0;
}

int mg_review_get(struct mg_store *s, uint32_t number, struct mg_review *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " REVIEW_COLS " FROM review r WHERE ?1 = 0 OR r.number = ?1"
		" ORDER BY r.number DESC LIMIT 1",
		MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0 && number == 0)
		return sk_err_set(err, -ENOENT, "review", "no review was started yet",
			"棚卸しはまだ開始されていません");
	if (r == 0)
		return sk_err_set(err, -ENOENT, "review", "there is no review %u",
			"棚卸し %u はありません", number);
	if (r > 0)
		read_review(st, ret);
	return r < 0 ? r : 0;
}

int mg_review_each(struct mg_store *s, int (*fn)(const struct mg_review *r, void *arg), void *arg,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err, "SELECT " REVIEW_COLS " FROM review r ORDER BY r.number");

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_review rev;

		read_review(st, &rev);
		r = fn(&rev, arg);
		if (r)
			break;
	}
	return r;
}

#define ITEM_COLS                                                                                  \
	"i.review, i.rule, i.revision, i.builtin, i.record, i.applicant, i.decision, i.reviewer,"  \
	" i.reason, i.decided_at, i.expiry, i.result, " OPEN

int mg_review_items(struct mg_store *s, uint32_t review,
	int (*fn)(const struct mg_review_item *i, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " ITEM_COLS " FROM review_item i WHERE i.review = ?1 ORDER BY i.rule",
		MG_I(review));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		json_t *record = NULL;
		struct mg_review_item i = {.review = (uint32_t)sqlite3_column_int64(st, 0),
			.rule = (uint32_t)sqlite3_column_int64(st, 1),
			.revision = (uint32_t)sqlite3_column_int64(st, 2),
			.builtin = sqlite3_column_int(st, 3) != 0,
			.applicant = mg_col_str(st, 5),
			.decision = mg_col_str(st, 6),
			.reviewer = mg_col_str(st, 7),
			.reason = mg_col_str(st, 8),
			.decided_at = sqlite3_column_int64(st, 9),
			.expiry = sqlite3_column_int64(st, 10),
			.result = (uint32_t)sqlite3_column_int64(st, 11),
			.open = sqlite3_column_int(st, 12) != 0};

		r = mg_col_json(st, 4, &record, err);
		i.record = record;
		if (r == 0)
			r = fn(&i, arg);
		json_decref(record);
		if (r)
			break;
	}
	return r;
}

/* ---- starting -----------------------------------------------------------------------------------
 */

struct snapshot {
	struct mg_store *s;
	struct sk_err *err;
	uint32_t review;
	int64_t now;
};

static int store_item(struct snapshot *sn, const struct mg_review_item *i)
{
	_cleanup_(sk_freep) char *record = mg_json_text(i->record);

	if (record == NULL)
		return sk_err_nomem(sn->err);
	return mg_db_run(sn->s, sn->err,
		"INSERT INTO review_item(review, rule, revision, builtin, record, applicant, "
		"decision,"
		" decided_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
		MG_I(sn->review), MG_I(i->rule), MG_I(i->revision), MG_I(i->builtin), MG_S(record),
		MG_S(i->applicant), MG_S(i->decision), MG_T(i->decided_at));
}

static int snapshot_rule(const struct mg_rule_row *row, void *arg)
{
	json_t *record = mg_rev_to_json(row->rev);
	const struct mg_review_item i = {.rule = row->rev->rule.number,
		.revision = row->rev->rule.revision,
		.record = record,
		.applicant = row->rev->rule.applicant};
	int r = store_item(arg, &i);

	json_decref(record);
	return r;
}

static int snapshot_builtins(struct snapshot *sn)
{
	struct fw_policy *p = NULL;
	struct fw_builtin b;
	int r = mg_store_build_base(sn->s, MG_VIEW_ACTIVE, &p, sn->err);

	for (size_t n = 0; r == 0 && fw_builtin_get(p, n, &b); n++) {
		struct mg_review_item i = {.rule = (uint32_t)b.id,
			.builtin = true,
			.decision = "certified",
			.decided_at = sn->now};
		json_t *record;

		if (!b.enabled)
			continue;
		i.record = record = mg_builtin_to_json(&b);
		r = store_item(sn, &i);
		json_decref(record);
	}
	fw_policy_free(p);
	return r;
}

static int snapshot_device(const struct mg_record *x, void *arg)
{
	json_t *record = mg_record_to_json(&mg_device_kind, x);
	const struct mg_review_item i = {.rule = x->number,
		.revision = x->revision,
		.record = record,
		.applicant = x->applicant};
	int r = record ? store_item(arg, &i) : -ENOMEM;

	json_decref(record);
	return r;
}

static int snapshot_devices(struct snapshot *sn)
{
	struct mg_record_filter f = {.state = "active", .fn = snapshot_device, .arg = sn};
	int r = mg_record_each(&mg_device_kind, sn->s, &f, sn->err);

	f.state = "quarantined";
	return r < 0 ? r : mg_record_each(&mg_device_kind, sn->s, &f, sn->err);
}

static int start(struct mg_txn *t, const char *kind, const char *title, int64_t due,
	const struct mg_actor *a, struct sk_err *err)
{
	int64_t open = 0;
	int r = mg_wf_text("title", title, 200, false, err);

	mg_txn_assert(t);
	if (r == 0)
		r = mg_wf_reason("title", title, err);
	if (r == 0 && due <= a->now)
		r = sk_err_set(
			err, -EINVAL, "due", "the due date has passed", "期日が過去の日付です");
	if (r == 0)
		r = mg_db_int(t->s, &open, err,
			"SELECT number FROM review WHERE finished = 0 AND kind = ?1", MG_S(kind));
	if (r == 0 && open)
		r = sk_err_set(err, -EEXIST, "review", "review %u is still open",
			"棚卸し %u がまだ完了していません", (unsigned)open);
	if (r == 0)
		r = mg_db_run(t->s, err,
			"INSERT INTO review(title, started, started_by, due, kind) VALUES (?1, ?2, "
			"?3, ?4, ?5)",
			MG_S(title), MG_I(a->now), MG_S(a->who.name), MG_I(due), MG_S(kind));
	return r;
}

int mg_review_start_devices(struct mg_txn *t, const char *title, int64_t due,
	const struct mg_actor *a, uint32_t *ret, struct sk_err *err)
{
	struct snapshot sn = {.s = t->s, .err = err, .now = a->now};
	int r = start(t, "device", title, due, a, err);

	sn.review = (uint32_t)sqlite3_last_insert_rowid(t->s->db);
	if (r == 0)
		r = snapshot_devices(&sn);
	if (r == 0)
		*ret = sn.review;
	return r;
}

int mg_review_start(struct mg_txn *t, const char *title, int64_t due, const struct mg_actor *a,
	uint32_t *ret, struct sk_err *err)
{
	struct snapshot sn = {.s = t->s, .err = err, .now = a->now};
	int r = start(t, "rule", title, due, a, err);

	sn.review = (uint32_t)sqlite3_last_insert_rowid(t->s->db);
	if (r == 0)
		r = snapshot_builtins(&sn);
	if (r == 0)
		r = mg_rule_for_build(t->s, MG_BUILD_ACTIVE, a->now, snapshot_rule, &sn, err);
	if (r == 0)
		*ret = sn.review;
	return r;
}

/* ---- deciding -----------------------------------------------------------------------------------
 */

static const char *const decisions[] = {
	[MG_KEEP] = "keep", [MG_CHANGE] = "change", [MG_REMOVE] = "remove"};

struct item {
	uint32_t review;
	char applicant[64];
	bool device;
};

static int find_item(struct mg_store *s, uint32_t rule, struct item *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT r.number, i.builtin, i.applicant, r.kind FROM review r LEFT JOIN "
		"review_item i"
		" ON i.review = r.number AND i.rule = ?1 WHERE r.finished = 0"
		" ORDER BY i.builtin IS NULL LIMIT 1",
		MG_I(rule));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return sk_err_set(err, -ENOENT, "review", "no review is open (see: review start)",
			"実施中の棚卸しはありません (開始: review start)");
	ret->review = (uint32_t)sqlite3_column_int64(st, 0);
	if (sqlite3_column_type(st, 1) == SQLITE_NULL)
		return sk_err_set(err, -ENOENT, "number", "rule %u is not in review %u",
			"ルール %u は棚卸し %u の対象外です", rule, ret->review);
	if (sqlite3_column_int(st, 1))
		return sk_err_set(err, -EPERM, "number",
			"%u is a built-in record: it needs no decision",
			"%u は組み込みのルールです。判定は不要です", rule);
	mg_col_copy(st, 2, ret->applicant, sizeof(ret->applicant));
	ret->device = sk_streq(mg_col_str(st, 3), "device");
	return 0;
}

static int reviewer(struct mg_txn *t, const struct item *i, const struct mg_actor *a,
	struct mg_account *ret, struct sk_err *err)
{
	struct mg_person who;
	int r = mg_account_get(t->s, a->who.name, ret, err);

	if (r == -ENOENT)
		return sk_err_set(err, -EPERM, NULL, "%s has no account",
			"%s のアカウントがありません", a->who.name);
	who = (struct mg_person){ret->name, ret->roles, ret->enabled};
	return r < 0 ? r : mg_wf_review(i->applicant, &who, err);
}

/* The revision a decision asks for: of the reviewer, or approved by them at once. */
static int follow_up(struct mg_txn *t, struct mg_rev *rev, const struct mg_account *acc,
	const struct mg_actor *a, bool *ret_direct, struct sk_err *err)
{
	const struct mg_person who = {acc->name, acc->roles, acc->enabled};
	/* A rule that has expired in the meantime is dead: one person alone does not revive it. */
	bool direct =
		rev->rule.state != FW_EXPIRED && mg_wf_review_direct(rev->rule.applicant, &who);
	struct fw_policy *base = NULL;
	int r = 0;

	if (rev->intent == MG_EXTEND) {
		r = mg_store_build_base(t->s, MG_VIEW_APPROVED, &base, err);
		if (r == 0)
			r = mg_rule_check(t->s, base, &rev->rule, a->now, NULL, err);
		fw_policy_free(base);
	}
	if (r == 0 && !direct)
		r = fw_str_set(&rev->rule.applicant, acc->name);
	if (r == 0)
		r = mg_rule_insert(t, rev, false, a->now, err);
	if (r == 0 && direct)
		r = mg_rule_approve(t, rev->rule.number, a, NULL, err);
	if (r == 0)
		*ret_direct = direct;
	return r;
}

static int act(struct mg_txn *t, uint32_t rule, const struct mg_review_decision *d,
	const struct mg_account *acc, const struct mg_actor *a, bool *ret_direct,
	uint32_t *ret_result, struct sk_err *err)
{
	struct mg_rev rev;
	int r = mg_rule_base(t->s, rule, &rev, err);

	if (r < 0)
		return r;
	if (rev.rule.state == FW_REMOVED && d->decision == MG_KEEP)
		r = sk_err_set(err, -EPERM, "decision", "rule %u is removed already",
			"ルール %u は既に削除されています", rule);
	if (rev.rule.state == FW_REMOVED || (d->decision == MG_KEEP && d->expiry == 0))
		goto out;
	if (d->decision == MG_KEEP && d->expiry == rev.rule.expiry)
		goto out;
	rev.intent = d->decision == MG_KEEP ? MG_EXTEND : MG_REMOVAL;
	if (d->decision == MG_KEEP)
		rev.rule.expiry = d->expiry;
	r = fw_str_set(&rev.reason, a->text);
	if (r == 0)
		r = follow_up(t, &rev, acc, a, ret_direct, err);
	if (r == 0)
		*ret_result = rev.rule.revision;
out:
	mg_rev_done(&rev);
	return r;
}

/* The same of a device: a request of the reviewer, or approved by them at once. */
static int request_device(struct mg_txn *t, struct mg_record *x, const struct mg_account *acc,
	const struct mg_actor *a, bool *ret_direct, struct sk_err *err)
{
	const struct mg_person who = {acc->name, acc->roles, acc->enabled};
	bool direct = !sk_streq(x->state, "expired") && mg_wf_review_direct(x->applicant, &who);
	int r;

	if (!direct)
		snprintf(x->applicant, sizeof(x->applicant), "%s", acc->name);
	x->approver[0] = '\0';
	x->approved_at = x->decided_at = 0;
	r = mg_record_request(&mg_device_kind, t, x, a->now, err);
	if (r == 0 && direct) {
		uint32_t number = x->number;

		mg_record_done(&mg_device_kind, x);
		x->number = number;
		r = mg_record_step(&mg_device_kind, t, MG_RECORD_APPROVE, a, x, err);
	}
	if (r == 0)
		*ret_direct = direct;
	return r;
}

static int act_device(struct mg_txn *t, uint32_t number, const struct mg_review_decision *d,
	const struct mg_account *acc, const struct mg_actor *a, bool *ret_direct,
	uint32_t *ret_result, struct sk_err *err)
{
	struct mg_record *x = mg_record_new(&mg_device_kind);
	int r = x ? mg_record_get(&mg_device_kind, t->s, number, x, err) : sk_err_nomem(err);

	if (r < 0 || (d->decision == MG_KEEP && (!d->expiry || d->expiry == x->expiry)))
		goto out;
	if (d->decision == MG_REMOVE && sk_streq(x->state, "removed"))
		goto out;
	x->intent = d->decision == MG_KEEP ? MG_EXTEND : MG_REMOVAL;
	if (d->decision == MG_KEEP)
		x->expiry = d->expiry;
	fw_str_set(&x->comment, NULL);
	r = fw_str_set(&x->reason, a->text) < 0 ? sk_err_nomem(err) : 0;
	if (r == 0)
		r = request_device(t, x, acc, a, ret_direct, err);
	if (r == 0)
		*ret_result = x->revision;
out:
	mg_record_free(&mg_device_kind, x);
	return r;
}

int mg_review_decide(struct mg_txn *t, uint32_t rule, const struct mg_review_decision *d,
	const struct mg_actor *a, bool *ret_direct, uint32_t *ret_result, struct sk_err *err)
{
	struct mg_account acc;
	struct item item;
	bool direct = false;
	uint32_t result = 0;
	int r = find_item(t->s, rule, &item, err);

	mg_txn_assert(t);
	if (r == 0)
		r = reviewer(t, &item, a, &acc, err);
	if (r == 0 && d->decision != MG_KEEP)
		r = mg_wf_reason("reason", a->text, err);
	if (r == 0 && a->text)
		r = mg_wf_text("reason", a->text, 1000, true, err);
	if (r == 0 && d->decision != MG_CHANGE)
		r = (item.device ? act_device : act)(t, rule, d, &acc, a, &direct, &result, err);
	if (r == 0)
		r = mg_db_run(t->s, err,
			"UPDATE review_item SET decision = ?3, reviewer = ?4, decided_at = ?5, "
			"reason = ?6,"
			" expiry = ?7, result = ?8 WHERE review = ?1 AND rule = ?2",
			MG_I(item.review), MG_I(rule), MG_S(decisions[d->decision]), MG_S(acc.name),
			MG_I(a->now), MG_S(a->text), MG_I(d->decision == MG_KEEP ? d->expiry : 0),
			MG_I(result));
	if (r == 0 && d->decision == MG_KEEP)
		r = mg_db_run(t->s, err, "UPDATE rule SET last_reviewed = ?2 WHERE number = ?1",
			MG_I(rule), MG_I(a->now));
	if (r == 0 && ret_direct)
		*ret_direct = direct;
	if (r == 0 && ret_result)
		*ret_result = result;
	return r;
}

int mg_review_finish(
	struct mg_txn *t, uint32_t review, const struct mg_actor *a, struct sk_err *err)
{
	struct mg_review rev;
	int r = mg_review_get(t->s, review, &rev, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	if (rev.finished)
		return sk_err_set(err, -EPERM, "review", "review %u is finished already",
			"棚卸し %u は既に完了しています", rev.number);
	/* Signing off is an approver's act; nobody's own request is decided by it. */
	r = mg_store_decider(t, "", a, err);
	if (r < 0)
		return r;
	if (rev.open)
		return sk_err_set(err, -EBUSY, "review", "%lld rules are still open",
			"判定が終わっていないルールが %lld 件あります", (long long)rev.open);
	return mg_db_run(t->s, err,
		"UPDATE review SET finished = ?2, finished_by = ?3 WHERE number = ?1",
		MG_I(rev.number), MG_I(a->now), MG_S(a->who.name));
}

int mg_store_review_status(
	struct mg_store *s, int64_t now, struct mg_review_status *ret, struct sk_err *err)
{
	struct mg_review_status st = {0};
	struct mg_review rev;
	int64_t first = 0;
	int r = mg_review_newest(s, "rule", &rev, err);

	if (r == 0 && !rev.finished) {
		st.open_review = rev.number;
		st.open_items = rev.open;
		st.due = rev.due;
	}
	if (r == -ENOENT && err)
		*err = (struct sk_err){0};
	if (r == 0 || r == -ENOENT)
		r = mg_db_int(s, &st.last_finished, err,
			"SELECT max(finished) FROM review WHERE kind = 'rule'");
	if (r == 0)
		r = mg_db_int(s, &first, err,
			"SELECT min(decided) FROM generation WHERE state = 'confirmed' AND rules > "
			"0");
	if (r < 0)
		return r;
	st.overdue = mg_wf_review_overdue(st.last_finished, first, now) ||
		(st.open_review && st.due < now);
	*ret = st;
	return 0;
}
