/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of imported rule sets. Their files are the business of mgmtd. */
#include "mgmt/store/sets.h"

#include <errno.h>
#include <string.h>

#include "mgmt/store/db.h"

#define COLS                                                                                       \
	"version, sha256, name, imported_by, imported_at, rules, fresh, trial_until, files, state"

void mg_set_done(struct mg_set *v)
{
	if (!v)
		return;
	json_decref(v->files);
	*v = (struct mg_set){0};
}

json_t *mg_set_to_json(const struct mg_set *v)
{
	return json_pack("{sI ss ss ss sI sI sI sI ss}", "version", (json_int_t)v->version,
		"sha256", v->sha256, "name", v->name, "imported_by", v->imported_by, "imported_at",
		(json_int_t)v->imported_at, "signatures", (json_int_t)v->rules, "fresh",
		(json_int_t)v->fresh, "trial_until", (json_int_t)v->trial_until, "state", v->state);
}

static int read_row(sqlite3_stmt *st, struct mg_set *v, struct sk_err *err)
{
	*v = (struct mg_set){.version = (uint32_t)sqlite3_column_int64(st, 0),
		.imported_at = sqlite3_column_int64(st, 4),
		.rules = (uint32_t)sqlite3_column_int64(st, 5),
		.fresh = (uint32_t)sqlite3_column_int64(st, 6),
		.trial_until = sqlite3_column_int64(st, 7)};
	mg_col_copy(st, 1, v->sha256, sizeof(v->sha256));
	mg_col_copy(st, 2, v->name, sizeof(v->name));
	mg_col_copy(st, 3, v->imported_by, sizeof(v->imported_by));
	mg_col_copy(st, 9, v->state, sizeof(v->state));
	return mg_col_json(st, 8, &v->files, err);
}

static int one(struct mg_store *s, sqlite3_stmt *st, struct mg_set *ret, struct sk_err *err)
{
	int r = mg_db_step(s, st, err);

	return r <= 0 ? (r < 0 ? r : -ENOENT) : read_row(st, ret, err);
}

int mg_set_get(struct mg_store *s, uint32_t version, struct mg_set *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM ips_set WHERE CASE WHEN ?1 THEN version = ?1 ELSE state ="
		" 'active' END",
		MG_I(version));

	if (r == 0)
		r = one(s, st, ret, err);
	if (r == -ENOENT && version)
		return sk_err_set(err, r, "version", "there is no rule set %u",
			"シグネチャセット %u はありません", version);
	return r;
}

int mg_set_by_sha(struct mg_store *s, const char *sha256, struct mg_set *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM ips_set WHERE sha256 = ?1 AND state <> 'deleted'"
		" ORDER BY version DESC LIMIT 1",
		MG_S(sha256));

	return r < 0 ? r : one(s, st, ret, err);
}

int mg_set_each(struct mg_store *s, bool all, int (*fn)(const struct mg_set *v, void *arg),
	void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM ips_set WHERE ?1 OR state <> 'deleted' ORDER BY version DESC",
		MG_I(all));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_set v;

		r = read_row(st, &v, err);
		if (r == 0)
			r = fn(&v, arg);
		mg_set_done(&v);
		if (r)
			break;
	}
	return r;
}

int mg_set_next(struct mg_store *s, uint32_t *ret, struct sk_err *err)
{
	int64_t last = 0;
	int r = mg_db_int(s, &last, err, "SELECT max(version) FROM ips_set");

	if (r == 0)
		*ret = (uint32_t)last + 1;
	return r;
}

int mg_set_insert(struct mg_txn *t, struct mg_set *v, struct sk_err *err)
{
	_cleanup_(sk_freep) char *files = mg_json_text(v->files);
	int r;

	mg_txn_assert(t);
	if (!files)
		return sk_err_nomem(err);
	r = mg_db_run(t->s, err, "UPDATE ips_set SET state = 'kept' WHERE state = 'active'");
	if (r == 0)
		r = mg_db_run(t->s, err,
			"INSERT INTO ips_set(sha256, name, imported_by, imported_at, rules, fresh,"
			" trial_until, files, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
			"'active')",
			MG_S(v->sha256), MG_S(v->name), MG_S(v->imported_by), MG_I(v->imported_at),
			MG_I(v->rules), MG_I(v->fresh), MG_I(v->trial_until), MG_S(files));
	if (r == 0) {
		v->version = (uint32_t)sqlite3_last_insert_rowid(t->s->db);
		snprintf(v->state, sizeof(v->state), "active");
	}
	return r;
}

int mg_set_activate(struct mg_txn *t, uint32_t version, struct sk_err *err)
{
	struct mg_set v;
	int r = mg_set_get(t->s, version, &v, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	if (strcmp(v.state, "kept") != 0)
		r = strcmp(v.state, "active") == 0
			? sk_err_set(err, -EEXIST, "version", "rule set %u is in use already",
				  "シグネチャセット %u は使用中です", version)
			: sk_err_set(err, -ENOENT, "version",
				  "the files of rule set %u are no longer kept",
				  "シグネチャセット %u のファイルは保存期間を過ぎています",
				  version);
	mg_set_done(&v);
	if (r == 0)
		r = mg_db_run(
			t->s, err, "UPDATE ips_set SET state = 'kept' WHERE state = 'active'");
	if (r == 0)
		r = mg_db_run(t->s, err, "UPDATE ips_set SET state = 'active' WHERE version = ?1",
			MG_I(version));
	return r;
}

int mg_set_prune(
	struct mg_txn *t, int (*fn)(uint32_t version, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r;

	mg_txn_assert(t);
	/* The set in use counts as one of those kept, however old it is. */
	r = mg_db_query(t->s, &st, err,
		"SELECT version FROM ips_set WHERE state = 'kept' ORDER BY version DESC"
		" LIMIT -1 OFFSET ?1",
		MG_I(MG_SETS_KEPT - 1));
	while (r >= 0 && (r = mg_db_step(t->s, st, err)) > 0) {
		uint32_t version = (uint32_t)sqlite3_column_int64(st, 0);

		r = mg_db_run(t->s, err, "UPDATE ips_set SET state = 'deleted' WHERE version = ?1",
			MG_I(version));
		if (r == 0)
			r = fn(version, arg);
		if (r)
			break;
	}
	return r;
}
