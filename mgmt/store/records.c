/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of exceptions and allow-list entries: reading, requesting, deciding, expiring. The
 * triggers of schema.c refuse the same things once more.
 */
#include "mgmt/store/records.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/records_db.h"
#include "mgmt/store/rules_db.h"

#define COLS                                                                                       \
	"number, revision, intent, state, applicant, approver, purpose, reason, comment,"          \
	" registered, expiry, requested_at, approved_at, decided_at, decided_by"
#define OWN_COL 15
/* The one in force (devices: also in quarantine), else the newest; what gave way only if there is
 * nothing else. */
#define RANK                                                                                       \
	" CASE state WHEN 'active' THEN 0 WHEN 'quarantined' THEN 0 WHEN 'superseded' THEN 2 "     \
	"ELSE 1 END"
#define SQL_MAX 1024

struct mg_record *mg_record_new(const struct mg_record_kind *k)
{
	return calloc(1, k->size);
}

void mg_record_done(const struct mg_record_kind *k, struct mg_record *x)
{
	if (!x)
		return;
	free(x->purpose);
	free(x->reason);
	free(x->comment);
	memset(x, 0, k->size);
}

void mg_record_free(const struct mg_record_kind *k, struct mg_record *x)
{
	mg_record_done(k, x);
	free(x);
}

const struct sk_text *mg_record_noun(const struct mg_record_kind *k)
{
	return &k->noun;
}

json_t *mg_record_to_json(const struct mg_record_kind *k, const struct mg_record *x)
{
	json_t *v = json_pack("{sI sI ss ss ss ss? ss ss? ss? sI sI sI}", "number",
		(json_int_t)x->number, "revision", (json_int_t)x->revision, "intent",
		mg_intent_name(x->intent), "state", x->state, "applicant", x->applicant, "approver",
		x->approver[0] ? x->approver : NULL, "purpose", x->purpose ? x->purpose : "",
		"reason", x->reason, "comment", x->comment, "registered", (json_int_t)x->registered,
		"expiry", (json_int_t)x->expiry, "requested_at", (json_int_t)x->requested_at);

	if (!v)
		return NULL;
	k->to_json(x, v);
	if (x->approved_at)
		json_object_set_new(v, "approved_at", json_integer(x->approved_at));
	if (x->decided_at)
		json_object_set_new(v, "decided_at", json_integer(x->decided_at));
	return v;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int read_row(
	const struct mg_record_kind *k, sqlite3_stmt *st, struct mg_record *x, struct sk_err *err)
{
	int r;

	memset(x, 0, k->size);
	*x = (struct mg_record){.number = (uint32_t)sqlite3_column_int64(st, 0),
		.revision = (uint32_t)sqlite3_column_int64(st, 1),
		.registered = sqlite3_column_int64(st, 9),
		.expiry = sqlite3_column_int64(st, 10),
		.requested_at = sqlite3_column_int64(st, 11),
		.approved_at = sqlite3_column_int64(st, 12),
		.decided_at = sqlite3_column_int64(st, 13)};
	mg_intent_parse(mg_col_str(st, 2), &x->intent);
	mg_col_copy(st, 3, x->state, sizeof(x->state));
	mg_col_copy(st, 4, x->applicant, sizeof(x->applicant));
	/* Whoever returned it decided, too. */
	mg_col_copy(st, mg_col_str(st, 5) ? 5 : 14, x->approver, sizeof(x->approver));
	k->read(st, OWN_COL, x);
	r = fw_str_set(&x->purpose, mg_col_str(st, 6));
	if (r == 0)
		r = fw_str_set(&x->reason, mg_col_str(st, 7));
	if (r == 0)
		r = fw_str_set(&x->comment, mg_col_str(st, 8));
	if (r < 0)
		mg_record_done(k, x);
	return r < 0 ? sk_err_nomem(err) : 0;
}

/* SELECT all columns FROM its table and what follows. */
static int select_v(const struct mg_record_kind *k, struct mg_store *s, sqlite3_stmt **ret,
	const char *rest, const struct mg_val *v, size_t n, struct sk_err *err)
{
	char sql[2 * SQL_MAX];

	snprintf(sql, sizeof(sql), "SELECT " COLS ", %s FROM %s %s", k->columns, k->table, rest);
	return mg_db_query_v(s, ret, sql, v, n, err);
}
#define SELECT(k, s, ret, err, rest, ...)                                                          \
	select_v(k, s, ret, rest, MG_VALS(__VA_ARGS__), MG_NVALS(__VA_ARGS__), err)

/* Statements about its table: fmt has one %s for its name. */
static int run_v(const struct mg_record_kind *k, struct mg_store *s, const char *fmt,
	const struct mg_val *v, size_t n, struct sk_err *err)
{
	char sql[SQL_MAX];

	snprintf(sql, sizeof(sql), fmt, k->table);
	return mg_db_run_v(s, sql, v, n, err);
}
#define RUN(k, s, err, fmt, ...) run_v(k, s, fmt, MG_VALS(__VA_ARGS__), MG_NVALS(__VA_ARGS__), err)

static int int_v(const struct mg_record_kind *k, struct mg_store *s, int64_t *ret, const char *fmt,
	int64_t number, struct sk_err *err)
{
	char sql[SQL_MAX];

	snprintf(sql, sizeof(sql), fmt, k->table);
	return mg_db_int(s, ret, err, sql, MG_I(number));
}

/* What is wrong with a number: %s%.0s, then the number. */
static int refuse(const struct mg_record_kind *k, int code, const char *en, const char *ja,
	uint32_t number, struct sk_err *err)
{
	return sk_err_set(err, code, "number", en, ja, k->noun.en, k->noun.ja, number);
}

int mg_record_get(const struct mg_record_kind *k, struct mg_store *s, uint32_t number,
	struct mg_record *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = SELECT(k, s, &st, err, "WHERE number = ?1 ORDER BY" RANK ", revision DESC LIMIT 1",
		MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0)
		return refuse(
			k, -ENOENT, "there is no %s%.0s %u", "%.0s%s %u はありません", number, err);
	return r < 0 ? r : read_row(k, st, ret, err);
}

static int get_open(const struct mg_record_kind *k, struct mg_store *s, uint32_t number,
	struct mg_record *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = SELECT(k, s, &st, err, "WHERE number = ?1 AND state = 'requested'", MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r != 0)
		return r < 0 ? r : read_row(k, st, ret, err);
	r = mg_record_get(k, s, number, ret, err);
	if (r < 0)
		return r;
	mg_record_done(k, ret);
	return refuse(k, -EPERM, "%s%.0s %u has no open request",
		"%.0s%s %u に処理待ちの申請はありません", number, err);
}

int mg_record_each(const struct mg_record_kind *k, struct mg_store *s,
	const struct mg_record_filter *f, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	struct mg_record *x = mg_record_new(k);
	char rest[SQL_MAX];
	int r;

	snprintf(rest, sizeof(rest),
		"v WHERE (?1 IS NULL OR state = ?1)"
		" AND (?2 = 0 OR number = ?2) AND (?1 IS NOT NULL OR ?2 <> 0 OR revision = ("
		"  SELECT revision FROM %s x WHERE x.number = v.number ORDER BY" RANK
		", revision DESC LIMIT 1))"
		" AND (?1 IS NOT NULL OR ?2 <> 0 OR ?3 OR state NOT IN ('expired', 'removed', "
		"'revoked'))"
		" ORDER BY number, revision",
		k->table);
	r = x ? SELECT(k, s, &st, err, rest, MG_S(f->state), MG_I(f->number), MG_I(f->all))
	      : sk_err_nomem(err);
	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		r = read_row(k, st, x, err);
		if (r == 0) {
			r = f->fn(x, f->arg);
			mg_record_done(k, x);
		}
		if (r)
			break;
	}
	mg_record_free(k, x);
	return r;
}

/* ---- requesting ---------------------------------------------------------------------------------
 */

static int check_expiry(
	struct mg_store *s, const struct mg_record *x, int64_t now, struct sk_err *err)
{
	int64_t days = mg_setting_int(s, "rule.expiry_days_max");

	if (x->expiry <= now)
		return sk_err_set(err, -EINVAL, "expiry", "is in the past", "が過去の日付です");
	if (x->expiry > sk_day_add(sk_day_start(now), (int)days + 1))
		return sk_err_set(err, -EINVAL, "expiry", "is more than %lld days away",
			"は %lld 日以内で指定してください", (long long)days);
	return 0;
}

static int check(const struct mg_record_kind *k, struct mg_store *s, struct mg_record *x,
	int64_t now, struct sk_err *err)
{
	int64_t active = 0;
	int r = k->check(s, x, err);

	if (r == 0)
		r = mg_wf_text("purpose", x->purpose ? x->purpose : "", 1000, true, err);
	if (r == 0)
		r = mg_wf_reason("purpose", x->purpose, err);
	if (r == 0 && x->reason)
		r = mg_wf_text("reason", x->reason, 1000, true, err);
	if (r == 0 && x->intent != MG_REMOVAL)
		r = check_expiry(s, x, now, err);
	if (r == 0 && x->intent == MG_NEW)
		r = int_v(k, s, &active,
			"SELECT count(*) FROM %s WHERE state IN ('active', 'quarantined', "
			"'requested') OR ?1 < 0",
			0, err);
	if (r == 0 && active >= k->max)
		r = sk_err_set(err, -ENOSPC, NULL, "there are %lld %s%.0s records already",
			"%3$sは %1$lld 件までです%2$.0s", (long long)k->max, k->noun.en,
			k->noun.ja);
	return r;
}

static int next_revision(
	const struct mg_record_kind *k, struct mg_txn *t, struct mg_record *x, struct sk_err *err)
{
	struct mg_record *cur = NULL;
	int64_t last = 0, open = 0;
	int r;

	if (x->number == 0) {
		r = mg_db_run(t->s, err, "INSERT INTO rule DEFAULT VALUES");
		x->number = r == 0 ? (uint32_t)sqlite3_last_insert_rowid(t->s->db) : 0;
		x->revision = 1;
		return r;
	}
	cur = mg_record_new(k);
	r = cur ? mg_record_get(k, t->s, x->number, cur, err) : sk_err_nomem(err);
	if (r == 0 && sk_streq(cur->state, "removed"))
		r = refuse(k, -EPERM, "%s%.0s %u is removed: request a new one",
			"%.0s%s %u は削除済みです。新しく申請してください", x->number, err);
	mg_record_free(k, cur);
	if (r == 0)
		r = int_v(k, t->s, &open,
			"SELECT count(*) FROM %s WHERE number = ?1 AND state = 'requested'",
			x->number, err);
	if (r == 0 && open)
		r = refuse(k, -EEXIST,
			"%s%.0s %u has an open request: it must be decided or withdrawn first",
			"%.0s%s %u には処理待ちの申請があります。先に承認・差し戻し・取下げを行っ"
			"てください",
			x->number, err);
	if (r == 0)
		r = int_v(k, t->s, &last, "SELECT max(revision) FROM %s WHERE number = ?1",
			x->number, err);
	x->revision = (uint32_t)last + 1;
	return r;
}

static int insert(const struct mg_record_kind *k, struct mg_txn *t, const struct mg_record *x,
	struct sk_err *err)
{
	struct mg_val v[9 + MG_RECORD_OWN_MAX] = {MG_I(x->number), MG_I(x->revision),
		MG_S(mg_intent_name(x->intent)), MG_S(x->applicant), MG_S(x->purpose),
		MG_S(x->reason), MG_I(x->registered), MG_I(x->expiry), MG_I(x->requested_at)};
	size_t n = k->bind(x, v + 9);
	struct sk_buf sql;
	int r;

	sk_buf_init(&sql, SQL_MAX);
	sk_buf_printf(&sql,
		"INSERT INTO %s(number, revision, intent, state, applicant, purpose, reason,"
		" registered, expiry, requested_at, %s) VALUES (?1, ?2, ?3, 'requested', ?4, ?5,"
		" ?6, ?7, ?8, ?9",
		k->table, k->columns);
	for (size_t i = 0; i < n; i++)
		sk_buf_printf(&sql, ", ?%zu", 10 + i);
	sk_buf_putc(&sql, ')');
	r = sk_buf_error(&sql) ? sk_err_nomem(err)
			       : mg_db_run_v(t->s, sk_buf_str(&sql), v, 9 + n, err);
	sk_buf_done(&sql);
	return r;
}

int mg_record_request(const struct mg_record_kind *k, struct mg_txn *t, struct mg_record *x,
	int64_t now, struct sk_err *err)
{
	int r = check(k, t->s, x, now, err);

	mg_txn_assert(t);
	if (r == 0)
		r = next_revision(k, t, x, err);
	if (r < 0)
		return r;
	snprintf(x->state, sizeof(x->state), "requested");
	x->registered = x->registered ? x->registered : now;
	x->requested_at = now;
	return insert(k, t, x, err);
}

/* ---- deciding -----------------------------------------------------------------------------------
 */

/* The open request becomes to. */
static int decide(const struct mg_record_kind *k, struct mg_txn *t, const struct mg_record *x,
	const struct mg_actor *a, const char *to, struct sk_err *err)
{
	bool approve = strcmp(to, "returned") != 0;

	return RUN(k, t->s, err,
		"UPDATE %s SET state = ?3, approver = ?4, approved_at = ?5, decided_by ="
		" ?6, decided_at = ?7, comment = ?8 WHERE number = ?1 AND revision = ?2",
		MG_I(x->number), MG_I(x->revision), MG_S(to), MG_S(approve ? a->who.name : NULL),
		MG_T(approve ? a->now : 0), MG_S(a->who.name), MG_I(a->now), MG_S(a->text));
}

static int approve(const struct mg_record_kind *k, struct mg_txn *t, const struct mg_actor *a,
	const struct mg_record *x, struct sk_err *err)
{
	bool removal = x->intent == MG_REMOVAL;
	int64_t held = 0;
	int r = mg_store_decider(t, x->applicant, a, err);

	if (r == 0 && !removal)
		r = check_expiry(t->s, x, a->now, err);
	/* A quarantine is not ended by the way. */
	if (r == 0 && !removal)
		r = int_v(k, t->s, &held,
			"SELECT count(*) FROM %s WHERE number = ?1 AND state = 'quarantined'",
			x->number, err);
	if (r == 0 && held)
		r = refuse(k, -EPERM, "%s%.0s %u is in quarantine: release it first",
			"%.0s%s %u は隔離中です。先に隔離を解除してください", x->number, err);
	/* What it takes the place of goes first: one may be in force. */
	if (r == 0)
		r = RUN(k, t->s, err,
			"UPDATE %s SET state = ?2 WHERE number = ?1 AND state IN ('active',"
			" 'quarantined')",
			MG_I(x->number), MG_S(removal ? "removed" : "superseded"));
	return r < 0 ? r : decide(k, t, x, a, removal ? "removed" : "active", err);
}

static int give_back(const struct mg_record_kind *k, struct mg_txn *t, const struct mg_actor *a,
	const struct mg_record *x, struct sk_err *err)
{
	int r = mg_store_decider(t, x->applicant, a, err);

	return r < 0 ? r : decide(k, t, x, a, "returned", err);
}

static int withdraw(const struct mg_record_kind *k, struct mg_txn *t, const struct mg_actor *a,
	const struct mg_record *x, struct sk_err *err)
{
	int r = mg_wf_own(x->applicant, &a->who, err);

	return r < 0 ? r
		     : RUN(k, t->s, err,
			       "UPDATE %s SET state = 'superseded' WHERE number = ?1 AND revision ="
			       " ?2",
			       MG_I(x->number), MG_I(x->revision));
}

static int read_again(
	const struct mg_record_kind *k, struct mg_txn *t, struct mg_record *x, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	uint32_t number = x->number, revision = x->revision;
	int r = SELECT(k, t->s, &st, err, "WHERE number = ?1 AND revision = ?2", MG_I(number),
		MG_I(revision));

	mg_record_done(k, x);
	if (r == 0)
		r = mg_db_step(t->s, st, err);
	return r <= 0 ? SK_MIN(r, -ENOENT) : read_row(k, st, x, err);
}

int mg_record_step(const struct mg_record_kind *k, struct mg_txn *t, enum mg_record_step step,
	const struct mg_actor *a, struct mg_record *x, struct sk_err *err)
{
	uint32_t number = x->number;
	int r = step == MG_RECORD_RETURN ? mg_wf_reason("reason", a->text, err) : 0;

	mg_txn_assert(t);
	if (r == 0)
		r = get_open(k, t->s, number, x, err);
	if (r < 0)
		return r;
	switch (step) {
	case MG_RECORD_APPROVE: r = approve(k, t, a, x, err); break;
	case MG_RECORD_RETURN: r = give_back(k, t, a, x, err); break;
	default: r = withdraw(k, t, a, x, err); break;
	}
	if (r == 0)
		r = read_again(k, t, x, err);
	if (r < 0)
		mg_record_done(k, x);
	return r;
}

/* ---- expiry -------------------------------------------------------------------------------------
 */

struct due {
	uint32_t number[64];
	uint32_t revision[64];
	size_t n;
};

/* At most as many as fit: the rest has its turn a second later. */
static int find_due(const struct mg_record_kind *k, struct mg_store *s, int64_t now, struct due *d,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = SELECT(k, s, &st, err,
		"WHERE state IN ('active', 'quarantined') AND expiry < ?1 ORDER BY number LIMIT "
		"64",
		MG_I(now));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		d->number[d->n] = (uint32_t)sqlite3_column_int64(st, 0);
		d->revision[d->n++] = (uint32_t)sqlite3_column_int64(st, 1);
	}
	return r;
}

static int expire_one(const struct mg_record_kind *k, struct mg_txn *t, const struct due *d,
	size_t i, const struct mg_audit_entry *each, struct sk_err *err)
{
	struct mg_audit_entry a = *each;
	char target[64];
	int r = RUN(k, t->s, err,
		"UPDATE %s SET state = 'expired' WHERE number = ?1 AND revision = ?2",
		MG_I(d->number[i]), MG_I(d->revision[i]));

	snprintf(target, sizeof(target), "%s %u r%u", k->noun.en, d->number[i], d->revision[i]);
	a.target = target;
	if (r < 0)
		return r;
	return i + 1 == d->n ? mg_txn_commit(t, &a, err) : mg_audit_add(t, &a, err);
}

int mg_store_records_expire(const struct mg_record_kind *k, struct mg_store *s, int64_t now,
	size_t *ret_n, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *before = json_pack("{ss}", "state", "active");
	_cleanup_(sk_json_decrefp) json_t *after = json_pack("{ss}", "state", "expired");
	struct mg_audit_entry a = {.time = now,
		.account = "system",
		.uid = -1,
		.op = k->expire_op,
		.before = before,
		.after = after};
	struct due d = {.n = 0};
	struct mg_txn t = {0};
	int r = find_due(k, s, now, &d, err);

	if (r < 0 || d.n == 0)
		return r;
	r = mg_txn_begin(&t, s, err);
	for (size_t i = 0; r == 0 && i < d.n; i++)
		r = expire_one(k, &t, &d, i, &a, err);
	mg_txn_abort(&t);
	if (r == 0)
		*ret_n = d.n;
	return r;
}
