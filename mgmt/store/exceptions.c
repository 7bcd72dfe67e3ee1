/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of the inspection: reading, requesting, deciding, expiring. The triggers of schema.c
 * refuse the same things once more.
 */
#include "mgmt/store/exceptions.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/db.h"
#include "mgmt/store/rules_db.h"

#define COLS                                                                                       \
	"number, revision, intent, state, gid, sid, source, destination, action, applicant,"       \
	" approver, purpose, reason, comment, registered, expiry, requested_at, approved_at,"      \
	" decided_at, decided_by"
/* The one in force, else the newest; what gave way only if there is nothing else. */
#define RANK " CASE state WHEN 'active' THEN 0 WHEN 'superseded' THEN 2 ELSE 1 END"

void mg_exception_done(struct mg_exception *x)
{
	if (!x)
		return;
	free(x->purpose);
	free(x->reason);
	free(x->comment);
	*x = (struct mg_exception){0};
}

json_t *mg_exception_to_json(const struct mg_exception *x)
{
	json_t *v = json_pack("{sI sI ss ss sI sI ss ss ss ss ss? ss ss? ss? sI sI sI}", "number",
		(json_int_t)x->number, "revision", (json_int_t)x->revision, "intent",
		mg_intent_name(x->intent), "state", x->state, "gid", (json_int_t)x->gid, "sid",
		(json_int_t)x->sid, "source", x->source, "destination", x->destination, "action",
		x->action, "applicant", x->applicant, "approver",
		x->approver[0] ? x->approver : NULL, "purpose", x->purpose ? x->purpose : "",
		"reason", x->reason, "comment", x->comment, "registered", (json_int_t)x->registered,
		"expiry", (json_int_t)x->expiry, "requested_at", (json_int_t)x->requested_at);

	if (v && x->approved_at)
		json_object_set_new(v, "approved_at", json_integer(x->approved_at));
	if (v && x->decided_at)
		json_object_set_new(v, "decided_at", json_integer(x->decided_at));
	return v;
}

static int read_row(sqlite3_stmt *st, struct mg_exception *x, struct sk_err *err)
{
	int r;

	*x = (struct mg_exception){.number = (uint32_t)sqlite3_column_int64(st, 0),
		.revision = (uint32_t)sqlite3_column_int64(st, 1),
		.gid = (uint32_t)sqlite3_column_int64(st, 4),
		.sid = (uint32_t)sqlite3_column_int64(st, 5),
		.registered = sqlite3_column_int64(st, 14),
		.expiry = sqlite3_column_int64(st, 15),
		.requested_at = sqlite3_column_int64(st, 16),
		.approved_at = sqlite3_column_int64(st, 17),
		.decided_at = sqlite3_column_int64(st, 18)};
	mg_intent_parse(mg_col_str(st, 2), &x->intent);
	mg_col_copy(st, 3, x->state, sizeof(x->state));
	mg_col_copy(st, 6, x->source, sizeof(x->source));
	mg_col_copy(st, 7, x->destination, sizeof(x->destination));
	mg_col_copy(st, 8, x->action, sizeof(x->action));
	mg_col_copy(st, 9, x->applicant, sizeof(x->applicant));
	/* Whoever returned it decided, too. */
	mg_col_copy(st, mg_col_str(st, 10) ? 10 : 19, x->approver, sizeof(x->approver));
	r = fw_str_set(&x->purpose, mg_col_str(st, 11));
	if (r == 0)
		r = fw_str_set(&x->reason, mg_col_str(st, 12));
	if (r == 0)
		r = fw_str_set(&x->comment, mg_col_str(st, 13));
	if (r < 0)
		mg_exception_done(x);
	return r < 0 ? sk_err_nomem(err) : 0;
}

static int no_such(uint32_t number, struct sk_err *err)
{
	return sk_err_set(
		err, -ENOENT, "number", "there is no exception %u", "例外 %u はありません", number);
}

int mg_exception_get(
	struct mg_store *s, uint32_t number, struct mg_exception *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM exception_rev WHERE number = ?1 ORDER BY" RANK
		", revision DESC LIMIT 1",
		MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0)
		return no_such(number, err);
	return r < 0 ? r : read_row(st, ret, err);
}

static int get_open(
	struct mg_store *s, uint32_t number, struct mg_exception *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM exception_rev WHERE number = ?1 AND state = 'requested'",
		MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r != 0)
		return r < 0 ? r : read_row(st, ret, err);
	r = mg_exception_get(s, number, ret, err);
	if (r < 0)
		return r;
	mg_exception_done(ret);
	return sk_err_set(err, -EPERM, "number", "exception %u has no open request",
		"例外 %u に処理待ちの申請はありません", number);
}

int mg_exception_each(struct mg_store *s, const struct mg_exception_filter *f,
	int (*fn)(const struct mg_exception *x, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM exception_rev v WHERE (?1 IS NULL OR state = ?1)"
		" AND (?2 = 0 OR number = ?2) AND (?1 IS NOT NULL OR ?2 <> 0 OR revision = ("
		"  SELECT revision FROM exception_rev x WHERE x.number = v.number ORDER BY" RANK
		", revision DESC LIMIT 1))"
		" AND (?1 IS NOT NULL OR ?2 <> 0 OR ?3 OR state NOT IN ('expired', 'removed'))"
		" ORDER BY number, revision",
		MG_S(f->state), MG_I(f->number), MG_I(f->all));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_exception x;

		r = read_row(st, &x, err);
		if (r == 0) {
			r = fn(&x, arg);
			mg_exception_done(&x);
		}
		if (r)
			break;
	}
	return r;
}

/* ---- requesting ---------------------------------------------------------------------------------
 */

/* "any", an address or a prefix, written in the one way it is kept in. */
static int canonical_host(const char *field, char *text, size_t cap, struct sk_err *err)
{
	char addr[64];
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	struct fw_ip ip;
	uint64_t bits = 0;

	if (text[0] == '\0')
		snprintf(text, cap, "any");
	if (strcmp(text, "any") == 0)
		return 0;
	snprintf(addr, sizeof(addr), "%.*s", (int)SK_MIN(n, sizeof(addr) - 1), text);
	if (fw_ip_parse(addr, &ip, NULL) < 0 ||
		(slash && sk_parse_u64(slash + 1, ip.family == 4 ? 32 : 128, &bits) < 0) ||
		(slash && bits == 0))
		return sk_err_set(err, -EINVAL, field,
			"is an address, a network such as 192.168.10.0/24, or any",
			"はアドレス、192.168.10.0/24 のようなネットワーク、または any です");
	fw_ip_format(&ip, addr, sizeof(addr));
	if (slash)
		snprintf(text, cap, "%.45s/%u", addr, (unsigned)bits);
	else
		snprintf(text, cap, "%.45s", addr);
	return 0;
}

static int check_expiry(
	struct mg_store *s, const struct mg_exception *x, int64_t now, struct sk_err *err)
{
	int64_t days = mg_setting_int(s, "rule.expiry_days_max");

	if (x->expiry <= now)
		return sk_err_set(err, -EINVAL, "expiry", "is in the past", "が過去の日付です");
	if (x->expiry > sk_day_add(sk_day_start(now), (int)days + 1))
		return sk_err_set(err, -EINVAL, "expiry", "is more than %lld days away",
			"は %lld 日以内で指定してください", (long long)days);
	return 0;
}

static int check(struct mg_store *s, struct mg_exception *x, int64_t now, struct sk_err *err)
{
	int64_t active = 0;
	int r = canonical_host("source", x->source, sizeof(x->source), err);

	if (r == 0)
		r = canonical_host("destination", x->destination, sizeof(x->destination), err);
	if (r == 0 && x->sid == 0 && sk_streq(x->source, "any") && sk_streq(x->destination, "any"))
		r = sk_err_set(err, -EINVAL, "sid",
			"an exception for all signatures needs a source or a destination",
			"すべてのシグネチャに対する例外には接続元か接続先が必要です");
	if (r == 0)
		r = mg_wf_text("purpose", x->purpose ? x->purpose : "", 1000, true, err);
	if (r == 0)
		r = mg_wf_reason("purpose", x->purpose, err);
	if (r == 0 && x->reason)
		r = mg_wf_text("reason", x->reason, 1000, true, err);
	if (r == 0 && x->intent != MG_REMOVAL)
		r = check_expiry(s, x, now, err);
	if (r == 0 && x->intent == MG_NEW)
		r = mg_db_int(s, &active, err,
			"SELECT count(*) FROM exception_rev WHERE state IN ('active', "
			"'requested')");
	if (r == 0 && active >= MG_EXCEPTIONS_MAX)
		r = sk_err_set(err, -ENOSPC, NULL, "there are %d exceptions already",
			"例外は %d 件までです", MG_EXCEPTIONS_MAX);
	return r;
}

static int next_revision(struct mg_txn *t, struct mg_exception *x, struct sk_err *err)
{
	struct mg_exception cur;
	int64_t last = 0, open = 0;
	int r;

	if (x->number == 0) {
		r = mg_db_run(t->s, err, "INSERT INTO rule DEFAULT VALUES");
		x->number = r == 0 ? (uint32_t)sqlite3_last_insert_rowid(t->s->db) : 0;
		x->revision = 1;
		return r;
	}
	r = mg_exception_get(t->s, x->number, &cur, err);
	if (r < 0)
		return r;
	if (sk_streq(cur.state, "removed"))
		r = sk_err_set(err, -EPERM, "number", "exception %u is removed: request a new one",
			"例外 %u は削除済みです。新しく申請してください", x->number);
	mg_exception_done(&cur);
	if (r == 0)
		r = mg_db_int(t->s, &open, err,
			"SELECT count(*) FROM exception_rev WHERE number = ?1 AND state = "
			"'requested'",
			MG_I(x->number));
	if (r == 0 && open)
		r = sk_err_set(err, -EEXIST, "number",
			"exception %u has an open request: it must be decided or withdrawn first",
			"例外 %u には処理待ちの申請があります。先に承認・差し戻し・取下げを行"
			"ってください",
			x->number);
	if (r == 0)
		r = mg_db_int(t->s, &last, err,
			"SELECT max(revision) FROM exception_rev WHERE number = ?1",
			MG_I(x->number));
	x->revision = (uint32_t)last + 1;
	return r;
}

int mg_exception_request(struct mg_txn *t, struct mg_exception *x, int64_t now, struct sk_err *err)
{
	int r = check(t->s, x, now, err);

	mg_txn_assert(t);
	if (r == 0)
		r = next_revision(t, x, err);
	if (r < 0)
		return r;
	snprintf(x->state, sizeof(x->state), "requested");
	x->registered = x->registered ? x->registered : now;
	x->requested_at = now;
	return mg_db_run(t->s, err,
		"INSERT INTO exception_rev(number, revision, intent, state, gid, sid, source,"
		" destination, action, applicant, purpose, reason, registered, expiry, "
		"requested_at) VALUES (?1, ?2, ?3, 'requested', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
		" ?12, ?13, ?14)",
		MG_I(x->number), MG_I(x->revision), MG_S(mg_intent_name(x->intent)), MG_I(x->gid),
		MG_I(x->sid), MG_S(x->source), MG_S(x->destination), MG_S(x->action),
		MG_S(x->applicant), MG_S(x->purpose), MG_S(x->reason), MG_I(x->registered),
		MG_I(x->expiry), MG_I(now));
}

/* ---- deciding -----------------------------------------------------------------------------------
 */

static int give(struct mg_txn *t, struct mg_exception *x, int r, struct mg_exception *ret,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	uint32_t number = x->number, revision = x->revision;

	mg_exception_done(x);
	if (r < 0 || !ret)
		return r;
	r = mg_db_query(t->s, &st, err,
		"SELECT " COLS " FROM exception_rev WHERE number = ?1 AND revision = ?2",
		MG_I(number), MG_I(revision));
	if (r == 0)
		r = mg_db_step(t->s, st, err);
	return r <= 0 ? SK_MIN(r, -ENOENT) : read_row(st, ret, err);
}

static int decide(struct mg_txn *t, const struct mg_exception *x, const struct mg_actor *a,
	const char *to, struct sk_err *err)
{
	bool approve = strcmp(to, "returned") != 0;

	return mg_db_run(t->s, err,
		"UPDATE exception_rev SET state = ?3, approver = ?4, approved_at = ?5, decided_by ="
		" ?6, decided_at = ?7, comment = ?8 WHERE number = ?1 AND revision = ?2",
		MG_I(x->number), MG_I(x->revision), MG_S(to), MG_S(approve ? a->who.name : NULL),
		MG_T(approve ? a->now : 0), MG_S(a->who.name), MG_I(a->now), MG_S(a->text));
}

int mg_exception_approve(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err)
{
	struct mg_exception x;
	bool removal;
	int r = get_open(t->s, number, &x, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	removal = x.intent == MG_REMOVAL;
	r = mg_store_decider(t, x.applicant, a, err);
	if (r == 0 && !removal)
		r = check_expiry(t->s, &x, a->now, err);
	/* What it takes the place of goes first: one may be in force. */
	if (r == 0)
		r = mg_db_run(t->s, err,
			"UPDATE exception_rev SET state = ?2 WHERE number = ?1 AND state = "
			"'active'",
			MG_I(number), MG_S(removal ? "removed" : "superseded"));
	if (r == 0)
		r = decide(t, &x, a, removal ? "removed" : "active", err);
	return give(t, &x, r, ret, err);
}

int mg_exception_return(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err)
{
	struct mg_exception x;
	int r = mg_wf_reason("reason", a->text, err);

	mg_txn_assert(t);
	if (r == 0)
		r = get_open(t->s, number, &x, err);
	if (r < 0)
		return r;
	r = mg_store_decider(t, x.applicant, a, err);
	if (r == 0)
		r = decide(t, &x, a, "returned", err);
	return give(t, &x, r, ret, err);
}

int mg_exception_withdraw(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err)
{
	struct mg_exception x;
	int r = get_open(t->s, number, &x, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	r = mg_wf_own(x.applicant, &a->who, err);
	if (r == 0)
		r = mg_db_run(t->s, err,
			"UPDATE exception_rev SET state = 'superseded' WHERE number = ?1 AND "
			"revision = ?2",
			MG_I(number), MG_I(x.revision));
	return give(t, &x, r, ret, err);
}

/* ---- expiry -------------------------------------------------------------------------------------
 */

struct due {
	uint32_t number[64];
	uint32_t revision[64];
	size_t n;
};

/* At most as many as fit: the rest has its turn a second later. */
static int find_due(struct mg_store *s, int64_t now, struct due *d, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT number, revision FROM exception_rev WHERE state = 'active' AND expiry < ?1"
		" ORDER BY number LIMIT 64",
		MG_I(now));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		d->number[d->n] = (uint32_t)sqlite3_column_int64(st, 0);
		d->revision[d->n++] = (uint32_t)sqlite3_column_int64(st, 1);
	}
	return r;
}

static int expire_one(
	struct mg_txn *t, const struct due *d, size_t i, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *before = json_pack("{ss}", "state", "active");
	_cleanup_(sk_json_decrefp) json_t *after = json_pack("{ss}", "state", "expired");
	char target[48];
	struct mg_audit_entry a = {.time = now,
		.account = "system",
		.uid = -1,
		.op = "ips.exception.expire",
		.target = target,
		.before = before,
		.after = after};
	int r = mg_db_run(t->s, err,
		"UPDATE exception_rev SET state = 'expired' WHERE number = ?1 AND revision = ?2",
		MG_I(d->number[i]), MG_I(d->revision[i]));

	snprintf(target, sizeof(target), "exception %u r%u", d->number[i], d->revision[i]);
	if (r < 0)
		return r;
	return i + 1 == d->n ? mg_txn_commit(t, &a, err) : mg_audit_add(t, &a, err);
}

int mg_store_exceptions_expire(struct mg_store *s, int64_t now, size_t *ret_n, struct sk_err *err)
{
	struct due d = {.n = 0};
	struct mg_txn t = {0};
	int r = find_due(s, now, &d, err);

	if (r < 0 || d.n == 0)
		return r;
	r = mg_txn_begin(&t, s, err);
	for (size_t i = 0; r == 0 && i < d.n; i++)
		r = expire_one(&t, &d, i, now, err);
	mg_txn_abort(&t);
	if (r == 0)
		*ret_n = d.n;
	return r;
}
