/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule records: reading revisions, the list, histories; counters. Writing is in rules_write.c. */
#include <errno.h>
#include <string.h>

#include "mgmt/store/db.h"
#include "mgmt/store/rules_db.h"

#define COLS                                                                                       \
	"v.number, v.revision, v.intent, v.state, v.ord, v.kind, v.log, v.applicant, v.source,"    \
	" v.destination, v.zone_from, v.zone_to, v.protocol, v.port, v.purpose, v.registered,"     \
	" v.expiry, v.nat_to, v.partner, v.ticket, v.reason, v.requested_at, v.approver,"          \
	" v.approved_at, v.decided_by, v.decided_at, v.comment, v.note, v.superseded_at,"          \
	" r.last_hit, r.last_reviewed"
#define N_COLS 31
#define FROM " FROM rule_rev v JOIN rule r ON r.number = v.number "
/* In force first; then what was approved; an open request only where there is nothing else. */
#define RANK                                                                                       \
	" CASE x.state WHEN 'active' THEN 0 WHEN 'suspended' THEN 1 WHEN 'expired' THEN 2"         \
	" WHEN 'approved' THEN CASE x.intent WHEN 'remove' THEN 5 ELSE 3 END"                      \
	" WHEN 'removed' THEN 4 WHEN 'superseded' THEN 9 ELSE 5 END"

void mg_rev_init(struct mg_rev *r)
{
	*r = (struct mg_rev){0};
	fw_rule_init(&r->rule);
}

void mg_rev_done(struct mg_rev *r)
{
	if (r == NULL)
		return;
	fw_rule_done(&r->rule);
	free(r->reason);
	free(r->decided_by);
	free(r->comment);
	free(r->note);
	*r = (struct mg_rev){0};
}

static const struct sk_text superseded = {"superseded", "置き換え済み"};

const char *mg_rev_state_name(const struct mg_rev *r)
{
	return r->superseded ? "superseded" : fw_state_name(r->rule.state);
}

const struct sk_text *mg_rev_state_text(const struct mg_rev *r)
{
	return r->superseded ? &superseded : fw_state_text(r->rule.state);
}

static int put_str(json_t *v, const char *key, const char *s)
{
	return s ? json_object_set_new(v, key, json_string(s)) : 0;
}

static int put_time(json_t *v, const char *key, int64_t t)
{
	return t ? json_object_set_new(v, key, json_integer(t)) : 0;
}

json_t *mg_rev_to_json(const struct mg_rev *r)
{
	json_t *v = fw_rule_to_json(&r->rule);

	if (v == NULL)
		return NULL;
	if (put_str(v, "state", mg_rev_state_name(r)) < 0 ||
		put_str(v, "intent", mg_intent_name(r->intent)) < 0 ||
		put_str(v, "reason", r->reason) < 0 ||
		put_time(v, "requested_at", r->requested_at) < 0 ||
		put_str(v, "decided_by", r->decided_by) < 0 ||
		put_time(v, "decided_at", r->decided_at) < 0 ||
		put_str(v, "comment", r->comment) < 0 || put_str(v, "note", r->note) < 0 ||
		put_time(v, "superseded_at", r->superseded_at) < 0) {
		json_decref(v);
		return NULL;
	}
	return v;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int read_words(sqlite3_stmt *st, struct mg_rev *r, struct sk_err *err)
{
	const char *state = mg_col_str(st, 3);

	r->superseded = sk_streq(state, "superseded");
	r->rule.state = FW_REMOVED;
	if (mg_intent_parse(mg_col_str(st, 2), &r->intent) < 0 ||
		fw_kind_parse(mg_col_str(st, 5), &r->rule.kind) < 0 ||
		(!r->superseded && fw_state_parse(state, &r->rule.state) < 0))
		return sk_err_set(err, -EUCLEAN, NULL, "rule %u r%u is damaged in the registry",
			"台帳のルール %u r%u が破損しています", r->rule.number, r->rule.revision);
	return 0;
}

/* r is freed by the caller in any case. */
static int read_rev(sqlite3_stmt *st, struct mg_rev *r, struct sk_err *err)
{
	struct fw_rule *u = &r->rule;
	const struct {
		char **field;
		int col;
	} texts[] = {{&u->applicant, 7}, {&u->source, 8}, {&u->destination, 9}, {&u->from, 10},
		{&u->to, 11}, {&u->protocol, 12}, {&u->port, 13}, {&u->purpose, 14},
		{&u->nat_to, 17}, {&u->partner, 18}, {&u->ticket, 19}, {&r->reason, 20},
		{&u->approver, 22}, {&r->decided_by, 24}, {&r->comment, 26}, {&r->note, 27}};

	mg_rev_init(r);
	u->number = (uint32_t)sqlite3_column_int64(st, 0);
	u->revision = (uint32_t)sqlite3_column_int64(st, 1);
	u->order = (uint32_t)sqlite3_column_int64(st, 4);
	u->log = sqlite3_column_int(st, 6) != 0;
	u->registered = sqlite3_column_int64(st, 15);
	u->expiry = sqlite3_column_int64(st, 16);
	r->requested_at = sqlite3_column_int64(st, 21);
	u->approved_at = sqlite3_column_int64(st, 23);
	r->decided_at = sqlite3_column_int64(st, 25);
	r->superseded_at = sqlite3_column_int64(st, 28);
	u->last_hit = sqlite3_column_int64(st, 29);
	u->last_reviewed = sqlite3_column_int64(st, 30);
	for (size_t i = 0; i < SK_ARRAY_SIZE(texts); i++)
		if (fw_str_set(texts[i].field, mg_col_str(st, texts[i].col)) < 0)
			return sk_err_nomem(err);
	return read_words(st, r, err);
}

static int read_one(struct mg_store *s, sqlite3_stmt *st, struct mg_rev *ret, struct sk_err *err)
{
	struct mg_rev rev;
	int r = mg_db_step(s, st, err);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = read_rev(st, &rev, err);
	if (r < 0)
		mg_rev_done(&rev);
	else
		*ret = rev;
	return r;
}

int mg_rule_no(uint32_t number, struct sk_err *err)
{
	return sk_err_set(
		err, -ENOENT, "number", "there is no rule %u", "ルール %u はありません", number);
}

int mg_rule_get(struct mg_store *s, uint32_t number, uint32_t revision, struct mg_rev *ret,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS FROM
		"WHERE v.number = ?1 AND v.revision = CASE WHEN ?2 THEN ?2 ELSE (SELECT revision"
		" FROM rule_rev x WHERE x.number = ?1 ORDER BY" RANK ", revision DESC LIMIT 1) END",
		MG_I(number), MG_I(revision));

	if (r == 0)
		r = read_one(s, st, ret, err);
	if (r != -ENOENT)
		return r;
	if (revision)
		return sk_err_set(err, -ENOENT, "revision", "there is no rule %u revision %u",
			"ルール %u の版 %u はありません", number, revision);
	return mg_rule_no(number, err);
}

int mg_rule_in_state(struct mg_store *s, uint32_t number, const char *states, struct mg_rev *ret,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS FROM "WHERE v.number = ?1 AND instr(?2, ' ' || v.state || ' ') > 0"
		" ORDER BY v.revision DESC LIMIT 1",
		MG_I(number), MG_S(states));

	return r < 0 ? r : read_one(s, st, ret, err);
}

int mg_rule_in_kernel(struct mg_store *s, uint32_t number, struct mg_rev *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS FROM "WHERE v.number = ?1 AND v.state IN ('approved', 'active')"
		" AND v.intent <> 'remove' ORDER BY v.revision DESC LIMIT 1",
		MG_I(number));

	return r < 0 ? r : read_one(s, st, ret, err);
}

int mg_rule_pending(struct mg_store *s, uint32_t number, struct mg_rev *ret, struct sk_err *err)
{
	return mg_rule_in_state(s, number, MG_ST_OPEN, ret, err);
}

int mg_rule_base(struct mg_store *s, uint32_t number, struct mg_rev *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS FROM
		"WHERE v.number = ?1 AND v.state <> 'superseded' ORDER BY v.state NOT IN"
		" ('approved','active','suspended','expired','removed') OR v.intent = 'remove',"
		" v.revision DESC LIMIT 1",
		MG_I(number));

	if (r == 0)
		r = read_one(s, st, ret, err);
	return r == -ENOENT ? mg_rule_no(number, err) : r;
}

static int walk_revs(struct mg_store *s, sqlite3_stmt *st,
	int (*fn)(const struct mg_rule_row *row, void *arg), void *arg, struct sk_err *err)
{
	int r;

	while ((r = mg_db_step(s, st, err)) > 0) {
		struct mg_rev rev;
		struct mg_rule_row row = {.rev = &rev};

		r = read_rev(st, &rev, err);
		if (r == 0) {
			row.pending = (uint32_t)sqlite3_column_int64(st, N_COLS);
			row.pending_state = mg_col_str(st, N_COLS + 1);
			row.pending_intent = mg_col_str(st, N_COLS + 2);
			row.packets = (uint64_t)sqlite3_column_int64(st, N_COLS + 3);
			row.bytes = (uint64_t)sqlite3_column_int64(st, N_COLS + 4);
			r = fn(&row, arg);
		}
		mg_rev_done(&rev);
		if (r)
			break;
	}
	return r;
}

int mg_rule_each(struct mg_store *s, const struct mg_rule_filter *f,
	int (*fn)(const struct mg_rule_row *row, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS ", p.revision, p.state, p.intent, r.packets, r.bytes" FROM
		"LEFT JOIN rule_rev p ON p.number = v.number AND p.revision = (SELECT "
		"max(q.revision)"
		" FROM rule_rev q WHERE q.number = v.number AND q.revision > v.revision"
		" AND q.state IN ('draft','requested','returned','approved')) "
		"WHERE v.revision = (SELECT x.revision FROM rule_rev x WHERE x.number = v.number"
		" AND (?1 IS NULL OR x.state = ?1) ORDER BY" RANK ", x.revision DESC LIMIT 1)"
		" AND (?5 OR v.state <> 'removed' OR ?1 = 'removed')"
		" AND (?2 IS NULL OR v.applicant = ?2)"
		" AND (?3 IS NULL OR v.zone_from = ?3 OR v.zone_to = ?3)"
		" AND (?4 IS NULL OR instr(lower(v.number || ' ' || v.applicant || ' ' || v.source"
		" || ' ' || v.destination || ' ' || v.zone_from || '->' || v.zone_to || ' ' ||"
		" v.protocol || ' ' || v.port || ' ' || v.purpose || ' ' || coalesce(v.nat_to, '')"
		" || ' ' || coalesce(v.partner, '') || ' ' || coalesce(v.ticket, '')), lower(?4)))"
		" ORDER BY v.number",
		MG_S(f->state), MG_S(f->applicant), MG_S(f->zone), MG_S(f->text), MG_I(f->all));

	return r < 0 ? r : walk_revs(s, st, fn, arg, err);
}

struct history {
	int (*fn)(const struct mg_rev *r, void *arg);
	void *arg;
};

static int history_row(const struct mg_rule_row *row, void *arg)
{
	struct history *h = arg;

	return h->fn(row->rev, h->arg);
}

int mg_rule_history(struct mg_store *s, uint32_t number,
	int (*fn)(const struct mg_rev *r, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	struct history h = {fn, arg};
	int64_t n = 0;
	int r = mg_db_int(s, &n, err, "SELECT 1 FROM rule WHERE number = ?1", MG_I(number));

	if (r == 0 && n == 0)
		return mg_rule_no(number, err);
	if (r == 0)
		r = mg_db_query(s, &st, err,
			"SELECT " COLS ", 0, NULL, NULL, 0, 0" FROM
			"WHERE v.number = ?1 ORDER BY v.revision",
			MG_I(number));
	return r < 0 ? r : walk_revs(s, st, history_row, &h, err);
}

int mg_rule_for_build(struct mg_store *s, enum mg_build what, int64_t now,
	int (*fn)(const struct mg_rule_row *row, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r;

	/* Resumed: approved without an active revision, or one that is not newer than it. */
	if (what == MG_BUILD_ACTIVE)
		r = mg_db_query(s, &st, err,
			"SELECT " COLS ", 0, NULL, NULL, 0, 0" FROM
			"WHERE v.state = 'active' AND v.expiry >= ?1 ORDER BY v.number",
			MG_I(now));
	else
		r = mg_db_query(s, &st, err,
			"SELECT " COLS ", 0, NULL, NULL, 0, 0" FROM
			"WHERE v.state IN ('approved', 'active') AND v.intent <> 'remove'"
			" AND v.expiry >= ?1 AND NOT EXISTS (SELECT 1 FROM rule_rev n"
			"  WHERE n.number = v.number AND n.revision > v.revision"
			"  AND n.state IN ('approved', 'active') AND (n.intent = 'remove'"
			"   OR n.expiry >= ?1)) ORDER BY v.number",
			MG_I(now));
	return r < 0 ? r : walk_revs(s, st, fn, arg, err);
}

/* ---- counters -----------------------------------------------------------------------------------
 */

static int hits_all(struct mg_store *s, const struct mg_hit *v, size_t n, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"UPDATE rule SET packets = ?2, bytes = ?3, last_hit = max(last_hit, ?4)"
		" WHERE number = ?1");

	for (size_t i = 0; i < n && r >= 0; i++) {
		sqlite3_bind_int64(st, 1, v[i].number);
		sqlite3_bind_int64(st, 2, (int64_t)SK_MIN(v[i].packets, (uint64_t)INT64_MAX));
		sqlite3_bind_int64(st, 3, (int64_t)SK_MIN(v[i].bytes, (uint64_t)INT64_MAX));
		sqlite3_bind_int64(st, 4, v[i].last_hit);
		r = mg_db_step(s, st, err);
		sqlite3_reset(st);
	}
	return r;
}

int mg_store_hits_update(struct mg_store *s, const struct mg_hit *v, size_t n, struct sk_err *err)
{
	int r;

	if (n == 0)
		return 0;
	if (s->in_txn)
		return sk_err_en(err, -EBUSY, NULL, "a transaction is open already");
	r = mg_db_exec(s, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = hits_all(s, v, n, err);
	if (r == 0)
		r = mg_db_exec(s, "COMMIT", err);
	if (r < 0)
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
