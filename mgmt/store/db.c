/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite for the store: binding by type, stepping, and every failure as one of our errors. */
#include <errno.h>
#include <string.h>

#include "mgmt/store/db.h"

static int fail_space(struct sk_err *err)
{
	return sk_err_set(err, -ENOSPC, NULL,
		"the disk is full: nothing was changed; free space and try again",
		"ディスクの空き容量がありません。何も変更していません。空き容量を確保してから再度実"
		"行してください");
}

static int fail_constraint(struct mg_store *s, struct sk_err *err)
{
	const char *msg = sqlite3_errmsg(s->db);

	switch (sqlite3_extended_errcode(s->db)) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
		return sk_err_set(
			err, -EEXIST, NULL, "it exists already (%s)", "既に存在します (%s)", msg);
	case SQLITE_CONSTRAINT_TRIGGER:
		return sk_err_set(err, -EPERM, NULL, "the registry refuses this: %s",
			"台帳がこの操作を拒否しました: %s", msg);
	default:
		return sk_err_set(err, -EINVAL, NULL, "the registry refuses this value (%s)",
			"台帳がこの値を受け付けません (%s)", msg);
	}
}

int mg_db_fail(struct mg_store *s, struct sk_err *err)
{
	int rc = sqlite3_errcode(s->db), e = sqlite3_system_errno(s->db);
	const char *msg = sqlite3_errmsg(s->db);

	switch (rc & 0xff) {
	case SQLITE_FULL: return fail_space(err);
	case SQLITE_CONSTRAINT: return fail_constraint(s, err);
	case SQLITE_NOMEM: return sk_err_nomem(err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return sk_err_set(err, -EBUSY, NULL,
			"the registry is in use by another process: try again in a moment",
			"台帳が他の処理で使用中です。しばらくしてから再度実行してください");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return sk_err_set(err, -EUCLEAN, NULL,
			"the registry file is damaged (%s): restore it from a backup",
			"台帳のファイルが破損しています (%s)。バックアップから復元してください",
			msg);
	case SQLITE_READONLY:
		return sk_err_set(err, -EROFS, NULL, "the registry cannot be written (%s)",
			"台帳に書き込めません (%s)", msg);
	case SQLITE_CANTOPEN:
		return sk_err_set(err, e > 0 ? -e : -EIO, NULL, "cannot open the registry (%s)",
			"台帳を開けません (%s)", e > 0 ? strerror(e) : msg);
	default:
		if (e == ENOSPC || e == EDQUOT)
			return fail_space(err);
		return sk_err_set(err, -EIO, NULL, "the registry failed: %s (%d)",
			"台帳の処理に失敗しました: %s (%d)", msg, sqlite3_extended_errcode(s->db));
	}
}

void mg_stmtp(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
	*st = NULL;
}

static int bind_all(sqlite3_stmt *st, const struct mg_val *v, size_t n)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; i < n && rc == SQLITE_OK; i++) {
		int at = (int)i + 1;

		switch (v[i].t) {
		case MG_VINT: rc = sqlite3_bind_int64(st, at, v[i].i); break;
		case MG_VTEXT: rc = sqlite3_bind_text(st, at, v[i].p, -1, SQLITE_TRANSIENT); break;
		case MG_VBLOB:
			rc = sqlite3_bind_blob(st, at, v[i].p, (int)v[i].n, SQLITE_TRANSIENT);
			break;
		default: rc = sqlite3_bind_null(st, at); break;
		}
	}
	return rc;
}

int mg_db_query_v(struct mg_store *s, sqlite3_stmt **ret, const char *sql, const struct mg_val *v,
	size_t n, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return mg_db_fail(s, err);
	if (bind_all(st, v, n) != SQLITE_OK)
		return mg_db_fail(s, err);
	*ret = st;
	st = NULL;
	return 0;
}

int mg_db_step(struct mg_store *s, sqlite3_stmt *st, struct sk_err *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : mg_db_fail(s, err);
}

int mg_db_run_v(
	struct mg_store *s, const char *sql, const struct mg_val *v, size_t n, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query_v(s, &st, sql, v, n, err);

	if (r < 0)
		return r;
	while ((r = mg_db_step(s, st, err)) > 0)
		;
	return r;
}

int mg_db_exec(struct mg_store *s, const char *sql, struct sk_err *err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : mg_db_fail(s, err);
}

int mg_db_int_v(struct mg_store *s, int64_t *ret, const char *sql, const struct mg_val *v, size_t n,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query_v(s, &st, sql, v, n, err);

	if (r < 0)
		return r;
	r = mg_db_step(s, st, err);
	if (r > 0 && sqlite3_column_type(st, 0) != SQLITE_NULL)
		*ret = sqlite3_column_int64(st, 0);
	return r < 0 ? r : 0;
}

const char *mg_col_str(sqlite3_stmt *st, int col)
{
	return (const char *)sqlite3_column_text(st, col);
}

void mg_col_copy(sqlite3_stmt *st, int col, char *dst, size_t cap)
{
	const char *p = mg_col_str(st, col);

	snprintf(dst, cap, "%s", p ? p : "");
}

int mg_col_json(sqlite3_stmt *st, int col, json_t **ret, struct sk_err *err)
{
	const char *p = mg_col_str(st, col);
	json_t *v;

	if (p == NULL) {
		*ret = NULL;
		return 0;
	}
	v = sk_json_parse(p, (size_t)sqlite3_column_bytes(st, col), err);
	if (v == NULL)
		return -EUCLEAN;
	*ret = v;
	return 0;
}

char *mg_json_text(const json_t *v)
{
	struct sk_buf b;

	if (v == NULL)
		return NULL;
	sk_buf_init(&b, 64u << 20);
	sk_json_put(&b, v);
	if (sk_buf_error(&b)) {
		sk_buf_done(&b);
		return NULL;
	}
	return sk_buf_take(&b);
}
