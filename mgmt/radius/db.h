/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite for the files of mgmt/radius: bind by type, step, failures as ours. Not for others. */
#ifndef MG_RADIUS_DB_H
#define MG_RADIUS_DB_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

struct mg_radius_arg {
	const char *text; /* NULL: the number */
	int64_t number;
};
#define MG_RT(s) ((struct mg_radius_arg){.text = (s)})
#define MG_RI(n) ((struct mg_radius_arg){.number = (int64_t)(n)})
#define MG_RARGS(...)                                                                              \
	(const struct mg_radius_arg[]){__VA_ARGS__},                                               \
		sizeof((const struct mg_radius_arg[]){__VA_ARGS__}) / sizeof(struct mg_radius_arg)

/*
 * Open or create path with schema at version (PRAGMA user_version), in WAL mode, its -wal and -shm
 * kept when it is closed; a file that is damaged or of another version is deleted and made anew.
 */
int mg_radius_db_open(
	sqlite3 **ret, const char *path, int version, const char *schema, struct sk_err *err);
void mg_radius_db_close(sqlite3 *db); /* NULL: nothing */
int mg_radius_db_fail(sqlite3 *db, struct sk_err *err);
/* Prepare and bind; finalise with mg_radius_stmtp. */
int mg_radius_db_query(sqlite3 *db, sqlite3_stmt **ret, const char *sql,
	const struct mg_radius_arg *args, size_t n, struct sk_err *err);
/* 1: a row, 0: no more, -errno. */
int mg_radius_db_step(sqlite3 *db, sqlite3_stmt *st, struct sk_err *err);
/* A statement without rows: how many rows it changed, or -errno. */
int mg_radius_db_run(sqlite3 *db, const char *sql, const struct mg_radius_arg *args, size_t n,
	struct sk_err *err);
int mg_radius_db_exec(sqlite3 *db, const char *sql, struct sk_err *err);
void mg_radius_stmtp(sqlite3_stmt **st);
/* Column as text, "" for NULL; cut to cap. */
void mg_radius_db_copy(sqlite3_stmt *st, int col, char *dst, size_t cap);
/* End a transaction: COMMIT if r is not negative, else (or if that fails) ROLLBACK. */
int mg_radius_db_end(sqlite3 *db, int r, struct sk_err *err);

#endif
