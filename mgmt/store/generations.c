/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations: recording what was sent, and following fwd's answer. Confirmation works from the
 * recorded contents, never from what happens to be approved by then.
 */
#include <errno.h>
#include <string.h>

#include "mgmt/store/audit.h"
#include "mgmt/store/changes_db.h"
#include "mgmt/store/db.h"
#include "mgmt/store/generations.h"
#include "mgmt/store/rules_db.h"

#define COLS                                                                                       \
	"generation, sha256, kind, created_by, created, decided, state, rules, removals, changes," \
	" message"

static const struct {
	const char *name;
	struct sk_text text;
} states[MG_GEN_STATES] = {
	[MG_GEN_SENT] = {"sent", {"sent", "送信済み"}},
	[MG_GEN_TRIAL] = {"trial", {"waiting for confirmation", "確認待ち"}},
	[MG_GEN_CONFIRMED] = {"confirmed", {"confirmed", "確定"}},
	[MG_GEN_ROLLED_BACK] = {"rolled-back", {"taken back", "元に戻した"}},
	[MG_GEN_FAILED] = {"failed", {"failed", "失敗"}},
};

const char *mg_gen_state_name(enum mg_gen_state st)
{
	return states[st].name;
}

const struct sk_text *mg_gen_state_text(enum mg_gen_state st)
{
	return &states[st].text;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static void read_row(sqlite3_stmt *st, struct mg_generation *g)
{
	*g = (struct mg_generation){.generation = (uint64_t)sqlite3_column_int64(st, 0),
		.created = sqlite3_column_int64(st, 4),
		.decided = sqlite3_column_int64(st, 5),
		.rules = sqlite3_column_int64(st, 7),
		.removals = sqlite3_column_int64(st, 8),
		.changes = sqlite3_column_int64(st, 9)};
	mg_col_copy(st, 1, g->sha256, sizeof(g->sha256));
	mg_col_copy(st, 2, g->kind, sizeof(g->kind));
	mg_col_copy(st, 3, g->created_by, sizeof(g->created_by));
	mg_col_copy(st, 10, g->message, sizeof(g->message));
	for (size_t i = 0; i < MG_GEN_STATES; i++)
		if (sk_streq(states[i].name, mg_col_str(st, 6)))
			g->state = (enum mg_gen_state)i;
}

static int read_one(
	struct mg_store *s, sqlite3_stmt *st, struct mg_generation *ret, struct sk_err *err)
{
	int r = mg_db_step(s, st, err);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(st, ret);
	return 0;
}

int mg_generation_get(struct mg_store *s, uint64_t n, struct mg_generation *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(
		s, &st, err, "SELECT " COLS " FROM generation WHERE generation = ?1", MG_I(n));

	return r < 0 ? r : read_one(s, st, ret, err);
}

int mg_generation_latest(
	struct mg_store *s, enum mg_gen_state state, struct mg_generation *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM generation WHERE ?1 IS NULL OR state = ?1"
		" ORDER BY generation DESC LIMIT 1",
		MG_S(state < MG_GEN_STATES ? states[state].name : NULL));

	return r < 0 ? r : read_one(s, st, ret, err);
}

int mg_generation_each(struct mg_store *s, size_t limit,
	int (*fn)(const struct mg_generation *g, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM generation ORDER BY generation DESC LIMIT ?1",
		MG_I(limit ? (int64_t)limit : -1));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_generation g;

		read_row(st, &g);
		r = fn(&g, arg);
		if (r)
			break;
	}
	return r;
}

int mg_generation_any(struct mg_store *s, bool *ret, struct sk_err *err)
{
	int64_t n = 0;
	int r = mg_db_int(s, &n, err,
		"SELECT 1 FROM generation WHERE state IN ('sent', 'trial', 'confirmed') LIMIT 1");

	if (r == 0)
		*ret = n != 0;
	return r;
}

int mg_generation_stale(struct mg_store *s, uint64_t n, bool *ret, struct sk_err *err)
{
	int64_t found = 0;
	int r = mg_db_int(s, &found, err,
		"SELECT EXISTS (SELECT 1 FROM generation_rule g JOIN rule_rev v"
		"  ON v.number = g.number AND v.revision = g.revision"
		" WHERE g.generation = ?1 AND g.removal = 0"
		"  AND v.state IN ('suspended','expired','removed'))",
		MG_I(n));

	if (r == 0)
		*ret = found != 0;
	return r;
}

int mg_generation_next(struct mg_store *s, uint64_t *ret, struct sk_err *err)
{
	int64_t n = 0;
	int r = mg_db_int(s, &n, err, "SELECT max(generation) FROM generation");

	if (r == 0)
		*ret = (uint64_t)n + 1;
	return r;
}

/* The newest approved revision of each number, and approved changes that nothing newer replaced. */
#define WAITING                                                                                    \
	" FROM rule_rev v WHERE v.state = 'approved' AND NOT EXISTS (SELECT 1 FROM rule_rev n"     \
	" WHERE n.number = v.number AND n.revision > v.revision"                                   \
	" AND n.state IN ('approved', 'active')) AND "
#define WAITING_CHANGES                                                                            \
	" FROM change c WHERE c.state = 'approved' AND NOT EXISTS (SELECT 1 FROM change n"         \
	" WHERE n.kind = c.kind AND n.name = c.name AND n.number > c.number"                       \
	" AND n.state IN ('approved', 'active'))"

int mg_generation_waiting(struct mg_store *s, struct mg_waiting *ret, struct sk_err *err)
{
	struct mg_waiting w = {0};
	int r = mg_db_int(s, &w.rules, err, "SELECT count(*)" WAITING "v.intent <> 'remove'");

	if (r == 0)
		r = mg_db_int(s, &w.removals, err, "SELECT count(*)" WAITING "v.intent = 'remove'");
	if (r == 0)
		r = mg_db_int(s, &w.changes, err, "SELECT count(*)" WAITING_CHANGES);
	if (r == 0)
		*ret = w;
	return r;
}

/* ---- creating -----------------------------------------------------------------------------------
 */

static int record_rules(struct mg_store *s, const struct fw_policy *p, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"INSERT INTO generation_rule(generation, number, revision, removal)"
		" VALUES (?1, ?2, ?3, 0)");

	for (size_t i = 0; i < p->n_rules && r >= 0; i++) {
		sqlite3_bind_int64(st, 1, (int64_t)p->generation);
		sqlite3_bind_int64(st, 2, p->rules[i].rec.number);
		sqlite3_bind_int64(st, 3, p->rules[i].rec.revision);
		r = mg_db_step(s, st, err);
		sqlite3_reset(st);
	}
	return r;
}

static int record_rest(struct mg_store *s, uint64_t n, struct sk_err *err)
{
	int r = mg_db_run(s, err,
		"INSERT INTO generation_rule(generation, number, revision, removal)"
		" SELECT ?1, v.number, v.revision, 1" WAITING "v.intent = 'remove'",
		MG_I(n));

	if (r == 0)
		r = mg_db_run(s, err,
			"INSERT INTO generation_change(generation, change) SELECT ?1, "
			"c.number" WAITING_CHANGES,
			MG_I(n));
	if (r == 0)
		r = mg_db_run(s, err,
			"UPDATE generation SET removals = (SELECT count(*) FROM generation_rule"
			" WHERE generation = ?1 AND removal = 1), changes = (SELECT count(*)"
			" FROM generation_change WHERE generation = ?1) WHERE generation = ?1",
			MG_I(n));
	return r;
}

static json_t *gen_json(const struct mg_generation *g)
{
	json_t *v = json_pack("{sI ss ss ss sI sI sI}", "generation", (json_int_t)g->generation,
		"state", states[g->state].name, "kind", g->kind, "sha256", g->sha256, "rules",
		(json_int_t)g->rules, "removals", (json_int_t)g->removals, "changes",
		(json_int_t)g->changes);

	if (v && g->message[0])
		json_object_set_new(v, "message", json_string(g->message));
	return v;
}

/* Commit with the state before and after; json NULL means no row of its own (a new generation). */
static int commit(struct mg_txn *t, uint64_t n, const struct mg_generation *before,
	const struct mg_audit_entry *who, struct sk_err *err)
{
	struct mg_audit_entry a = *who;
	struct mg_generation after;
	json_t *b = NULL, *f = NULL;
	char target[48];
	int r = mg_generation_get(t->s, n, &after, err);

	if (r < 0)
		return r;
	snprintf(target, sizeof(target), "generation %llu", (unsigned long long)n);
	b = before ? json_pack("{ss}", "state", states[before->state].name) : NULL;
	f = gen_json(&after);
	a.target = target;
	a.before = b;
	a.after = f;
	a.result = "ok";
	r = f ? mg_txn_commit(t, &a, err) : sk_err_nomem(err);
	json_decref(b);
	json_decref(f);
	return r;
}

int mg_generation_create(struct mg_store *s, const struct fw_policy *p, enum mg_build what,
	const char *kind, const struct mg_audit_entry *who, struct sk_err *err)
{
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, s, err);

	if (r < 0)
		return r;
	r = mg_db_run(s, err,
		"INSERT INTO generation(generation, sha256, kind, created_by, created, state, "
		"rules,"
		" removals, changes) VALUES (?1, ?2, ?3, ?4, ?5, 'sent', ?6, 0, 0)",
		MG_I(p->generation), MG_S(p->sha256), MG_S(kind), MG_S(who->account),
		MG_I(who->time), MG_I(p->n_rules));
	if (r == 0)
		r = record_rules(s, p, err);
	if (r == 0 && what == MG_BUILD_WITH_APPROVED)
		r = record_rest(s, p->generation, err);
	if (r == 0)
		r = commit(&t, p->generation, NULL, who, err);
	mg_txn_abort(&t);
	return r;
}

/* ---- following fwd ------------------------------------------------------------------------------
 */

static int refuse(const struct mg_generation *g, struct sk_err *err)
{
	return sk_err_set(err, -EPERM, "generation", "generation %llu is in state %s",
		"世代 %llu は状態 %s のため、この操作はできません",
		(unsigned long long)g->generation, states[g->state].name);
}

static int begin(struct mg_txn *t, struct mg_store *s, uint64_t n, struct mg_generation *ret,
	struct sk_err *err)
{
	int r = mg_txn_begin(t, s, err);

	if (r < 0)
		return r;
	r = mg_generation_get(s, n, ret, err);
	if (r == -ENOENT)
		r = sk_err_set(err, -ENOENT, "generation", "there is no generation %llu",
			"世代 %llu はありません", (unsigned long long)n);
	if (r < 0)
		mg_txn_abort(t);
	return r;
}

static int set_state(struct mg_store *s, uint64_t n, enum mg_gen_state to, int64_t now,
	const char *message, struct sk_err *err)
{
	return mg_db_run(s, err,
		"UPDATE generation SET state = ?2, decided = ?3, message = ?4 WHERE generation = "
		"?1",
		MG_I(n), MG_S(states[to].name), MG_I(to == MG_GEN_TRIAL ? 0 : now),
		MG_S(message ? message : ""));
}

int mg_generation_trial(
	struct mg_store *s, uint64_t n, const struct mg_audit_entry *who, struct sk_err *err)
{
	struct mg_txn t = {0};
	struct mg_generation g;
	int r = begin(&t, s, n, &g, err);

	if (r < 0)
		return r;
	if (g.state == MG_GEN_SENT) {
		r = set_state(s, n, MG_GEN_TRIAL, who->time, NULL, err);
		if (r == 0)
			r = commit(&t, n, &g, who, err);
	} else if (g.state != MG_GEN_TRIAL && g.state != MG_GEN_CONFIRMED) {
		r = refuse(&g, err);
	}
	mg_txn_abort(&t);
	return r;
}

/* Order matters: only one revision of a number may be active at any time. */
static int confirm_rules(struct mg_store *s, uint64_t n, int64_t now, struct sk_err *err)
{
	static const char *const steps[] = {
		"UPDATE rule_rev SET state = 'superseded', superseded_at = ?2"
		" WHERE state IN ('active', 'approved', 'expired') AND EXISTS (SELECT 1"
		"  FROM generation_rule g JOIN rule_rev v ON v.number = g.number"
		"  AND v.revision = g.revision AND v.state = 'approved' WHERE g.generation = ?1"
		"  AND g.removal = 0 AND g.number = rule_rev.number AND g.revision > "
		"rule_rev.revision)",
		"UPDATE rule_rev SET state = 'active' WHERE state = 'approved' AND ?2 > 0"
		" AND EXISTS (SELECT 1 FROM generation_rule g WHERE g.generation = ?1 AND "
		"g.removal = 0"
		"  AND g.number = rule_rev.number AND g.revision = rule_rev.revision)",
		"UPDATE rule_rev SET state = 'removed', superseded_at = ?2"
		/* what is open dies with the rule, unless a newer content is approved already */
		" WHERE state NOT IN ('removed', 'superseded') AND EXISTS (SELECT 1"
		"  FROM generation_rule g JOIN rule_rev v ON v.number = g.number"
		"  AND v.revision = g.revision AND v.state = 'approved' WHERE g.generation = ?1"
		"  AND g.removal = 1 AND g.number = rule_rev.number AND (g.revision > "
		"rule_rev.revision"
		"   OR (rule_rev.state IN ('draft', 'requested', 'returned') AND NOT EXISTS "
		"(SELECT 1"
		"    FROM rule_rev n WHERE n.number = g.number AND n.revision > g.revision"
		"    AND n.state = 'approved'))))",
		"UPDATE rule_rev SET state = 'removed', superseded_at = ?2 WHERE state = 'approved'"
		" AND EXISTS (SELECT 1 FROM generation_rule g WHERE g.generation = ?1 AND "
		"g.removal = 1"
		"  AND g.number = rule_rev.number AND g.revision = rule_rev.revision)",
	};
	int r = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(steps) && r == 0; i++)
		r = mg_db_run(s, err, steps[i], MG_I(n), MG_I(now));
	return r;
}

static int confirm_changes(struct mg_txn *t, uint64_t n, int64_t now, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(t->s, &st, err,
		"SELECT c.number FROM generation_change g JOIN change c ON c.number = g.change"
		" WHERE g.generation = ?1 AND c.state = 'approved' ORDER BY c.number",
		MG_I(n));

	while (r >= 0 && (r = mg_db_step(t->s, st, err)) > 0) {
		r = mg_change_activate(t, (uint32_t)sqlite3_column_int64(st, 0), now, err);
		if (r < 0)
			break;
	}
	return r;
}

static int check_newer(struct mg_store *s, uint64_t n, struct sk_err *err)
{
	struct mg_generation last;
	int r = mg_generation_latest(s, MG_GEN_CONFIRMED, &last, err);

	if (r == -ENOENT || (r == 0 && last.generation <= n))
		return 0;
	if (r < 0)
		return r;
	return sk_err_set(err, -ESTALE, "generation", "generation %llu is confirmed already",
		"より新しい世代 %llu が既に確定しています", (unsigned long long)last.generation);
}

int mg_generation_confirm(
	struct mg_store *s, uint64_t n, const struct mg_audit_entry *who, struct sk_err *err)
{
	struct mg_txn t = {0};
	struct mg_generation g;
	int r = begin(&t, s, n, &g, err);

	if (r < 0)
		return r;
	if (g.state != MG_GEN_CONFIRMED) {
		r = check_newer(s, n, err);
		if (r == 0)
			r = confirm_rules(s, n, who->time, err);
		if (r == 0)
			r = confirm_changes(&t, n, who->time, err);
		if (r == 0)
			r = set_state(s, n, MG_GEN_CONFIRMED, who->time, NULL, err);
		if (r == 0)
			r = commit(&t, n, &g, who, err);
	}
	mg_txn_abort(&t);
	return r;
}

static int end_unconfirmed(struct mg_store *s, uint64_t n, enum mg_gen_state to, const char *why,
	const struct mg_audit_entry *who, struct sk_err *err)
{
	struct mg_txn t = {0};
	struct mg_generation g;
	int r = begin(&t, s, n, &g, err);

	if (r < 0)
		return r;
	if (g.state == MG_GEN_CONFIRMED) {
		r = refuse(&g, err);
	} else if (g.state == MG_GEN_SENT || g.state == MG_GEN_TRIAL) {
		r = set_state(s, n, to, who->time, why, err);
		if (r == 0)
			r = commit(&t, n, &g, who, err);
	}
	mg_txn_abort(&t);
	return r;
}

int mg_generation_rollback(
	struct mg_store *s, uint64_t n, const struct mg_audit_entry *who, struct sk_err *err)
{
	return end_unconfirmed(s, n, MG_GEN_ROLLED_BACK, NULL, who, err);
}

int mg_generation_fail(struct mg_store *s, uint64_t n, const struct sk_err *why,
	const struct mg_audit_entry *who, struct sk_err *err)
{
	char message[256] = "";

	if (why)
		snprintf(message, sizeof(message), "%.100s%s%.150s", why->path,
			why->path[0] ? ": " : "", why->en);
	/* Cutting may have split a character. */
	if (!sk_utf8_valid(message, strlen(message)))
		message[0] = '\0';
	return end_unconfirmed(s, n, MG_GEN_FAILED, message, who, err);
}
