/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few things every SQLite user of this folder and of mgmt/contacts needs. */
#ifndef MG_EVENTS_SQL_H
#define MG_EVENTS_SQL_H

#include <sqlite3.h>
#include <stdint.h>

#include "lib/err.h"
#include "lib/util.h"

/* SQLite's last error as -errno (-ENOSPC full, -EUCLEAN damaged, -EAGAIN busy) naming the file. */
int mg_sql_fail(sqlite3 *db, const char *path, struct sk_err *err);
/* The errno alone, of a result code. */
int mg_sql_errno(int rc);
int mg_sql_exec(sqlite3 *db, const char *path, const char *sql, struct sk_err *err);
int mg_sql_prepare(
	sqlite3 *db, const char *path, const char *sql, sqlite3_stmt **ret, struct sk_err *err);
/* First column of the first row, 0 if there is none or it is NULL. */
int mg_sql_int(sqlite3 *db, const char *path, const char *sql, int64_t *ret, struct sk_err *err);

/* For _cleanup_. */
void mg_sql_finalizep(sqlite3_stmt **st);
void mg_sql_closep(sqlite3 **db);

#endif
