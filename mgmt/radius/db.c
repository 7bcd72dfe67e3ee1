// SPDX-License-Identifier: GPL-2.0-or-later
/* SQLite for mgmt/radius: the export and the sessions. See db.h. */
#include "mgmt/radius/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"

int mg_radius_db_fail(sqlite3 *db, struct sk_err *err)
{
	int rc = sqlite3_errcode(db), e = sqlite3_system_errno(db);

	switch (rc & 0xff) {
	case SQLITE_NOMEM: return sk_err_nomem(err);
	case SQLITE_FULL: e = ENOSPC; break;
	case SQLITE_CONSTRAINT: e = EEXIST; break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED: e = EBUSY; break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: e = EUCLEAN; break;
	default: e = e > 0 ? e : EIO; break;
	}
	return sk_err_set(err, -e, NULL, "the file for the RADIUS server cannot be written: %s",
		"RADIUS サーバー用のファイルに書き込めません: %s", sqlite3_errmsg(db));
}

void mg_radius_stmtp(sqlite3_stmt **st)
{
	sqlite3_finalize(*st);
	*st = NULL;
}

int mg_radius_db_query(sqlite3 *db, sqlite3_stmt **ret, const char *sql,
	const struct mg_radius_arg *args, size_t n, struct sk_err *err)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
		rc = args[i].text
			? sqlite3_bind_text(st, (int)i + 1, args[i].text, -1, SQLITE_TRANSIENT)
			: sqlite3_bind_int64(st, (int)i + 1, args[i].number);
	if (rc != SQLITE_OK) {
		rc = mg_radius_db_fail(db, err);
		sqlite3_finalize(st);
		return rc;
	}
	*ret = st;
	return 0;
}

int mg_radius_db_step(sqlite3 *db, sqlite3_stmt *st, struct sk_err *err)
{
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : mg_radius_db_fail(db, err);
}

int mg_radius_db_run(sqlite3 *db, const char *sql, const struct mg_radius_arg *args, size_t n,
	struct sk_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = mg_radius_db_query(db, &st, sql, args, n, err);

	if (r == 0)
		while ((r = mg_radius_db_step(db, st, err)) > 0)
			;
	mg_radius_stmtp(&st);
	return r < 0 ? r : sqlite3_changes(db);
}

int mg_radius_db_exec(sqlite3 *db, const char *sql, struct sk_err *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								    : mg_radius_db_fail(db, err);
}

int mg_radius_db_end(sqlite3 *db, int r, struct sk_err *err)
{
	int e = r < 0 ? r : mg_radius_db_exec(db, "COMMIT", err);

	if (e < 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return e < 0 ? e : r;
}

void mg_radius_db_copy(sqlite3_stmt *st, int col, char *dst, size_t cap)
{
	const char *s = (const char *)sqlite3_column_text(st, col);

	snprintf(dst, cap, "%s", s ? s : "");
}

/* ---- opening ----------------------------------------------------------------------------------
 */
void mg_radius_db_close(sqlite3 *db)
{
	sqlite3_close(db);
}

/* SQLite gives its side files the rights of the main one: the folder's group may read them all. */
static int create(const char *path, struct sk_err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return sk_err_en(err, -errno, path, "%s", strerror(errno));
	/* Whatever the umask. Not chmod by name: it is ours since it was opened. */
	if (fchmod(fd, 0640) < 0) {
		int r = sk_err_en(err, -errno, path, "%s", strerror(errno));

		close(fd);
		return r;
	}
	close(fd);
	return 0;
}

static int version_of(sqlite3 *db, int64_t *ret, struct sk_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = mg_radius_db_query(db, &st, "PRAGMA user_version", NULL, 0, err);

	if (r == 0)
		r = mg_radius_db_step(db, st, err);
	if (r > 0)
		*ret = sqlite3_column_int64(st, 0);
	mg_radius_stmtp(&st);
	return r < 0 ? r : 0;
}

/* A quick look at every page costs less than a wrong answer at a switch. */
static int intact(sqlite3 *db, struct sk_err *err)
{
	sqlite3_stmt *st = NULL;
	int r = mg_radius_db_query(db, &st, "PRAGMA quick_check(1)", NULL, 0, err);

	if (r == 0)
		r = mg_radius_db_step(db, st, err);
	if (r > 0 && strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
		r = sk_err_en(err, -EUCLEAN, NULL, "%s", (const char *)sqlite3_column_text(st, 0));
	mg_radius_stmtp(&st);
	return r < 0 ? r : 0;
}

static int set_up(sqlite3 *db, int version, const char *schema, struct sk_err *err)
{
	int64_t is = 0;
	char sql[64];
	int r, keep = 1;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, 2000);
	/* Without its side files a reader that may write nothing could not open it. */
	sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	r = mg_radius_db_exec(db,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON", err);
	if (r == 0)
		r = version_of(db, &is, err);
	if (r < 0 || is == version)
		return r < 0 ? r : intact(db, err);
	if (is)
		return sk_err_en(err, -EUCLEAN, NULL, "version %lld", (long long)is);
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", version);
	r = mg_radius_db_exec(db, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = mg_radius_db_exec(db, schema, err);
	if (r == 0)
		r = mg_radius_db_exec(db, sql, err);
	return mg_radius_db_end(db, r, err);
}

static int open_once(
	sqlite3 **ret, const char *path, int version, const char *schema, struct sk_err *err)
{
	sqlite3 *db = NULL;
	int r = create(path, err);

	if (r < 0)
		return r;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) !=
		SQLITE_OK)
		r = db ? mg_radius_db_fail(db, err) : sk_err_nomem(err);
	if (r == 0)
		r = set_up(db, version, schema, err);
	if (r < 0) {
		sqlite3_close(db);
		return r;
	}
	*ret = db;
	return 0;
}

/* In place: whoever has it open goes on reading this file and must see what is written next. */
static int empty(const char *path)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, 2000);
		sqlite3_db_config(db, SQLITE_DBCONFIG_RESET_DATABASE, 1, NULL);
		rc = sqlite3_exec(db, "VACUUM", NULL, NULL, NULL);
		sqlite3_db_config(db, SQLITE_DBCONFIG_RESET_DATABASE, 0, NULL);
	}
	sqlite3_close(db);
	return rc == SQLITE_OK ? 0 : -EIO;
}

static void remove_all(const char *path)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char name[4096];

	for (size_t i = 0; i < 3; i++)
		if (snprintf(name, sizeof(name), "%s%s", path, ends[i]) < (int)sizeof(name))
			unlink(name);
}

int mg_radius_db_open(
	sqlite3 **ret, const char *path, int version, const char *schema, struct sk_err *err)
{
	struct sk_err e = {0};
	int r = open_once(ret, path, version, schema, &e);

	if (r == -EUCLEAN || r == -EEXIST) {
		sk_log(LOG_WARNING, "%s is made anew: %s", path, e.en);
		if (empty(path) < 0)
			remove_all(path);
		r = open_once(ret, path, version, schema, &e);
	}
	if (r < 0 && err)
		*err = e;
	return r;
}
