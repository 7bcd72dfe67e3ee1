// SPDX-License-Identifier: GPL-2.0-or-later
/* Events without columns of their own, over the day files from the newest backwards. Read-only. */
#include "mgmt/events/other.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "lib/util.h"
#include "mgmt/events/files.h"
#include "mgmt/events/sql.h"

#define US 1000000

/* An event may be filed a day off at most. */
static bool in_period(const struct mg_day_file *d, const struct mg_other_filter *f)
{
	int64_t start = mg_date_start(d->date);

	return !d->damaged && start - 86400 < f->to / US && start + 2 * 86400 > f->from / US;
}

static int give(sqlite3_stmt *st, int (*fn)(int64_t ts, const json_t *event, void *arg), void *arg)
{
	const char *text = (const char *)sqlite3_column_text(st, 1);
	json_t *event = json_loads(text ? text : "", 0, NULL);
	int r = event ? fn(sqlite3_column_int64(st, 0), event, arg) : 0;

	json_decref(event);
	return r;
}

/* *ret_stop: what fn returned to end it all. */
static int read_file(const char *path, const struct mg_other_filter *f,
	int (*fn)(int64_t ts, const json_t *event, void *arg), void *arg, int *ret_stop,
	struct sk_err *err)
{
	_cleanup_(mg_sql_closep) sqlite3 *db = NULL;
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int rc = SQLITE_DONE, r;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return mg_sql_fail(db, path, err);
	sqlite3_busy_timeout(db, 5000);
	r = mg_sql_exec(db, path, "PRAGMA trusted_schema=OFF", err);
	if (r == 0)
		r = mg_sql_prepare(db, path,
			"SELECT ts, json FROM other WHERE ts >= ?1 AND ts < ?2 AND type = ?3"
			" ORDER BY ts DESC",
			&st, err);
	if (r < 0)
		return r;
	sqlite3_bind_int64(st, 1, f->from);
	sqlite3_bind_int64(st, 2, f->to);
	sqlite3_bind_text(st, 3, f->type, -1, SQLITE_STATIC);
	while (*ret_stop == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		*ret_stop = give(st, fn, arg);
	return *ret_stop || rc == SQLITE_DONE ? 0 : mg_sql_fail(db, path, err);
}

int mg_other_each(const char *dir, const struct mg_other_filter *f,
	int (*fn)(int64_t ts, const json_t *event, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	struct sk_err why = {0};
	size_t n = 0;
	int r = mg_files_list(dir, &files, &n, err), stop = 0;
	bool bad = false;

	for (size_t i = n; r == 0 && stop == 0 && i-- > 0;) {
		char path[PATH_MAX];

		if (!in_period(&files[i], f) ||
			mg_day_path(path, sizeof(path), dir, files[i].date) < 0)
			continue;
		if (read_file(path, f, fn, arg, &stop, &why) < 0)
			bad = true;
	}
	if (r == 0 && stop == 0 && bad) {
		if (err)
			*err = why;
		return -EUCLEAN;
	}
	return r ? r : stop;
}
