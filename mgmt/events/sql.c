// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SQLite's result codes as ours, and its everyday calls with a message for people. Used by the
 * writer, the reader and the rollups of the event store.
 */
#include "mgmt/events/sql.h"

#include <errno.h>

int mg_sql_errno(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW: return 0;
	case SQLITE_FULL: return -ENOSPC;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return -EUCLEAN;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return -EAGAIN;
	case SQLITE_NOMEM: return -ENOMEM;
	case SQLITE_READONLY: return -EROFS;
	default: return -EIO;
	}
}

int mg_sql_fail(sqlite3 *db, const char *path, struct sk_err *err)
{
	int code = mg_sql_errno(db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM);

	if (code == 0)
		code = -EIO;
	if (code == -ENOSPC)
		return sk_err_set(err, code, NULL, "%s: the disk is full",
			"%s: ディスクの空きがありません", path);
	if (code == -EUCLEAN)
		return sk_err_set(err, code, NULL, "%s: the file is damaged (%s)",
			"%s: ファイルが壊れています(%s)", path, sqlite3_errmsg(db));
	return sk_err_set(err, code, NULL, "%s: %s", "%s: 読み書きできません(%s)", path,
		db ? sqlite3_errmsg(db) : "out of memory");
}

int mg_sql_exec(sqlite3 *db, const char *path, const char *sql, struct sk_err *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return mg_sql_fail(db, path, err);
	return 0;
}

int mg_sql_prepare(
	sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **ret, struct sk_err *err)
{
	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) != SQLITE_OK)
		return mg_sql_fail(db, path, err);
	return 0;
}

int mg_sql_int(sqlite3 *db, const char *path, const char *sql, int64_t *ret, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int r = mg_sql_prepare(db, path, sql, &st, err);

	if (r < 0)
		return r;
	switch (sqlite3_step(st)) {
	case SQLITE_ROW: *ret = sqlite3_column_int64(st, 0); return 0;
	case SQLITE_DONE: *ret = 0; return 0;
	default: return mg_sql_fail(db, path, err);
	}
}

void mg_sql_finalizep(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
}

void mg_sql_closep(sqlite3 **db)
{
	sqlite3_close_v2(*db);
}
