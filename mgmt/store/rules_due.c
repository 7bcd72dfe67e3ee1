/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What time does to rules: reminders before the expiry, and the expiry itself. Nothing is removed
 * silently and nothing is prolonged silently: each step has its audit row or its notice.
 */
#include <errno.h>

#include "mgmt/store/audit.h"
#include "mgmt/store/db.h"
#include "mgmt/store/rules_db.h"

struct due {
	uint32_t number, revision;
	enum fw_state state;
};

struct due_list {
	struct due *v;
	size_t n, cap;
};

static int due_find(struct mg_store *s, int64_t now, struct due_list *l, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT number, revision, state FROM rule_rev WHERE expiry < ?1"
		" AND state IN ('active', 'suspended', 'approved')"
		" AND NOT (state = 'approved' AND intent = 'remove') ORDER BY number, revision",
		MG_I(now));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct due d = {.number = (uint32_t)sqlite3_column_int64(st, 0),
			.revision = (uint32_t)sqlite3_column_int64(st, 1)};

		if (fw_state_parse(mg_col_str(st, 2), &d.state) < 0)
			continue;
		if (sk_grow(&l->v, &l->cap, l->n + 1, sizeof(d)) < 0)
			return sk_err_nomem(err);
		l->v[l->n++] = d;
	}
	return r;
}

/* Audit rows of all but the last; the last one is the commit's. */
static int due_expire(
	struct mg_txn *t, const struct due *d, bool last, int64_t now, struct sk_err *err)
{
	struct mg_rev rev = {
		.rule = {.number = d->number, .revision = d->revision, .state = d->state}};
	char target[48];
	json_t *before = json_pack("{ss}", "state", fw_state_name(d->state)), *after;
	struct mg_audit_entry a = {
		.time = now, .account = "system", .uid = -1, .op = "rule.expire", .target = target};
	int r = mg_rule_step(t, &rev, FW_EV_EXPIRE, err);

	after = json_pack("{ss}", "state", fw_state_name(rev.rule.state));
	a.before = before;
	a.after = after;
	snprintf(target, sizeof(target), "rule %u r%u", d->number, d->revision);
	if (r == 0 && (!before || !after))
		r = sk_err_nomem(err);
	if (r == 0)
		r = last ? mg_txn_commit(t, &a, err) : mg_audit_add(t, &a, err);
	json_decref(before);
	json_decref(after);
	return r;
}

static int due_numbers(const struct due_list *l, uint32_t **ret, size_t *ret_n, struct sk_err *err)
{
	uint32_t *v = calloc(l->n, sizeof(*v));
	size_t n = 0;

	if (v == NULL)
		return sk_err_nomem(err);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || v[n - 1] != l->v[i].number)
			v[n++] = l->v[i].number;
	*ret = v;
	*ret_n = n;
	return 0;
}

int mg_store_expire_due(
	struct mg_store *s, int64_t now, uint32_t **ret_numbers, size_t *ret_n, struct sk_err *err)
{
	struct due_list l = {0};
	uint32_t *numbers = NULL;
	size_t n = 0;
	struct mg_txn t = {0};
	int r = due_find(s, now, &l, err);

	if (r == 0 && l.n > 0)
		r = due_numbers(&l, &numbers, &n, err);
	if (r == 0 && l.n > 0)
		r = mg_txn_begin(&t, s, err);
	for (size_t i = 0; i < l.n && r == 0; i++)
		r = due_expire(&t, &l.v[i], i + 1 == l.n, now, err);
	mg_txn_abort(&t);
	free(l.v);
	if (r < 0) {
		free(numbers);
		return r;
	}
	*ret_numbers = numbers;
	*ret_n = n;
	return 0;
}

/* ---- reminders ----------------------------------------------------------------------------------
 */

static int notice_add(
	struct mg_store *s, sqlite3_stmt *st, int64_t now, size_t *ret_new, struct sk_err *err)
{
	int64_t number = sqlite3_column_int64(st, 0), expiry = sqlite3_column_int64(st, 1);
	int days = mg_wf_notice(now, expiry, sqlite3_column_int(st, 4));
	int r = 0;

	for (int col = 2; days && col <= 3 && r == 0; col++) {
		const char *account = mg_col_str(st, col);

		if (account == NULL)
			continue;
		r = mg_db_run(s, err,
			"INSERT OR IGNORE INTO notice(number, expiry, days, account, created)"
			" VALUES (?1, ?2, ?3, ?4, ?5)",
			MG_I(number), MG_I(expiry), MG_I(days), MG_S(account), MG_I(now));
		*ret_new += r == 0 ? (size_t)sqlite3_changes(s->db) : 0;
	}
	return r;
}

/* A rule whose extension is approved already needs no reminder; nor one that goes anyway. */
static const char expiring[] =
	"SELECT v.number, v.expiry, v.applicant, v.approver, (SELECT coalesce(min(days), 0)"
	" FROM notice n WHERE n.number = v.number AND n.expiry = v.expiry) FROM rule_rev v"
	" WHERE v.state IN ('active', 'approved', 'suspended') AND v.intent <> 'remove'"
	" AND v.expiry BETWEEN ?1 AND ?1 + 30 * 86400 AND NOT EXISTS (SELECT 1 FROM rule_rev n"
	"  WHERE n.number = v.number AND n.revision > v.revision"
	"  AND n.state IN ('approved', 'active', 'suspended')) ORDER BY v.number";

/* The same for exceptions of the inspection, the allow-list and devices, which share the numbers.
 */
#define EXPIRING(table)                                                                            \
	"SELECT v.number, v.expiry, v.applicant, v.approver, (SELECT coalesce(min(days), 0)"       \
	" FROM notice n WHERE n.number = v.number AND n.expiry = v.expiry) FROM " table " v"       \
	" WHERE v.state = 'active' AND v.expiry BETWEEN ?1 AND ?1 + 30 * 86400 ORDER BY v.number"
static const char expiring_exceptions[] = EXPIRING("exception_rev");
static const char expiring_allow[] = EXPIRING("allow_rev");
static const char expiring_devices[] = EXPIRING("device_rev");

static int notices_of(
	struct mg_store *s, const char *sql, int64_t now, size_t *ret_new, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err, sql, MG_I(now));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		r = notice_add(s, st, now, ret_new, err);
		if (r < 0)
			break;
	}
	return r;
}

int mg_store_notices_due(struct mg_store *s, int64_t now, size_t *ret_new, struct sk_err *err)
{
	size_t n = 0;
	int r;

	if (s->in_txn)
		return sk_err_en(err, -EBUSY, NULL, "a transaction is open already");
	r = mg_db_exec(s, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = notices_of(s, expiring, now, &n, err);
	if (r == 0)
		r = notices_of(s, expiring_exceptions, now, &n, err);
	if (r == 0)
		r = notices_of(s, expiring_allow, now, &n, err);
	if (r == 0)
		r = notices_of(s, expiring_devices, now, &n, err);
	if (r == 0)
		r = mg_db_exec(s, "COMMIT", err);
	if (r < 0) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return r;
	}
	*ret_new = n;
	return 0;
}

/* All records as one list of revisions: each number belongs to one of the four. */
#define REVS                                                                                       \
	"(SELECT number, revision, state, expiry, applicant, approver, purpose FROM rule_rev"      \
	" UNION ALL SELECT number, revision, state, expiry, applicant, approver, purpose"          \
	" FROM exception_rev UNION ALL SELECT number, revision, state, expiry, applicant,"         \
	" approver, purpose FROM allow_rev UNION ALL SELECT number, revision, state, expiry,"      \
	" applicant, approver, name || ': ' || purpose FROM device_rev)"

int mg_notice_each(struct mg_store *s, const char *account, int64_t now,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	/* Only the latest reminder of each rule, and only while it still expires then. */
	int r = mg_db_query(s, &st, err,
		"SELECT v.number, v.expiry, v.applicant, v.approver, v.purpose, max(n.created), "
		"v.state"
		" FROM notice n JOIN " REVS " v ON v.number = n.number AND v.expiry = n.expiry"
		" AND v.state IN ('active', 'approved', 'suspended', 'expired')"
		" WHERE (?1 IS NULL OR n.account = ?1) AND NOT EXISTS (SELECT 1 FROM " REVS " w"
		"  WHERE w.number = v.number AND w.revision > v.revision"
		"  AND w.state IN ('approved', 'active', 'suspended'))"
		" GROUP BY v.number ORDER BY v.expiry, v.number",
		MG_S(account));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		int64_t expiry = sqlite3_column_int64(st, 1);
		int64_t left = expiry > now ? (expiry - now + 86399) / 86400 : 0;
		json_t *row = json_pack("{sI sI sI ss ss? ss sI ss}", "number",
			(json_int_t)sqlite3_column_int64(st, 0), "expiry", (json_int_t)expiry,
			"days", (json_int_t)left, "applicant", mg_col_str(st, 2), "approver",
			mg_col_str(st, 3), "purpose", mg_col_str(st, 4), "created",
			(json_int_t)sqlite3_column_int64(st, 5), "state", mg_col_str(st, 6));

		r = row ? fn(row, arg) : sk_err_nomem(err);
		json_decref(row);
		if (r)
			break;
	}
	return r;
}
