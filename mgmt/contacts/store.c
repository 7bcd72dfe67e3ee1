// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The writer's side: contacts of an event batch in one transaction. It runs in mgmtd's loop, so it
 * never waits for the disk: a power cut may cost the last minutes, which come again by themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "mgmt/contacts/private.h"
#include "mgmt/events/files.h"
#include "mgmt/events/sql.h"

#define DAY 86400
#define SLACK 5000 /* rows beyond the limit before some go */

enum { UPDATE, INSERT, STMTS };
static const char *const stmt_sql[STMTS] = {
	[UPDATE] =
		("UPDATE contact SET days=days+(last<?7), first=min(first,?4), last=max(last,?5),"
		 " count=count+?6 WHERE kind=?1 AND value=?2 AND device=?3"),
	[INSERT] = "INSERT INTO contact VALUES(?1,?2,?3,?4,?5,1,?6)",
};

struct mg_contacts {
	char path[PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st[STMTS];
	struct mg_contacts_stat stat;
};

static int make_schema(struct mg_contacts *c, struct sk_err *err)
{
	int64_t version = 0;
	char sql[64];
	int r = mg_sql_int(c->db, c->path, "PRAGMA user_version", &version, err);

	if (r < 0 || version == MG_CONTACTS_VERSION)
		return r;
	if (version != 0)
		return sk_err_set(err, -EUCLEAN, NULL, "%s: format %d is not known here",
			"%s: 形式 %d には対応していません", c->path, (int)version);
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d; COMMIT", MG_CONTACTS_VERSION);
	r = mg_sql_exec(c->db, c->path, "BEGIN IMMEDIATE;" MG_CONTACTS_SCHEMA, err);
	return r < 0 ? r : mg_sql_exec(c->db, c->path, sql, err);
}

static void close_db(struct mg_contacts *c)
{
	for (int i = 0; i < STMTS; i++) {
		sqlite3_finalize(c->st[i]);
		c->st[i] = NULL;
	}
	sqlite3_close_v2(c->db);
	c->db = NULL;
}

static int open_db(struct mg_contacts *c, struct sk_err *err)
{
	int64_t rows = 0;
	int r = 0;

	if (sqlite3_open_v2(c->path, &c->db,
		    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		    NULL) != SQLITE_OK)
		r = mg_sql_fail(c->db, c->path, err);
	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_timeout(c->db, 1000);
	if (r == 0)
		r = mg_sql_exec(c->db, c->path,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
			"PRAGMA journal_size_limit=33554432; PRAGMA cache_size=-32000;"
			"PRAGMA wal_autocheckpoint=4000;"
			"PRAGMA trusted_schema=OFF",
			err);
	if (r == 0)
		r = make_schema(c, err);
	if (r == 0)
		r = mg_sql_int(c->db, c->path, "SELECT count(*) FROM contact", &rows, err);
	for (int i = 0; r == 0 && i < STMTS; i++)
		r = mg_sql_prepare(c->db, c->path, stmt_sql[i], &c->st[i], err);
	if (r < 0)
		close_db(c);
	c->stat.rows = (uint64_t)rows;
	return r;
}

int mg_contacts_open(struct mg_contacts **ret, const char *path, struct sk_err *err)
{
	struct mg_contacts *c = calloc(1, sizeof(*c));
	struct sk_err why = {0};
	int r = -ENAMETOOLONG;

	if (!c)
		return sk_err_nomem(err);
	if ((size_t)snprintf(c->path, sizeof(c->path), "%s", path) < sizeof(c->path) - 32)
		r = open_db(c, &why);
	if (r == -EUCLEAN) {
		sk_log_err(LOG_WARNING, "contacts begin anew", &why);
		r = mg_day_set_aside(c->path, &why);
		if (r == 0)
			r = open_db(c, &why);
	}
	if (r < 0) {
		if (err)
			*err = why;
		mg_contacts_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

void mg_contacts_close(struct mg_contacts *c)
{
	if (!c)
		return;
	close_db(c);
	free(c);
}

/* ---- taking ---- */

static int step(struct mg_contacts *c, int which, const struct mg_contact_row *row, int64_t day,
	struct sk_err *err)
{
	sqlite3_stmt *st = c->st[which];
	int rc;

	sqlite3_bind_int(st, 1, row->key.kind);
	sqlite3_bind_blob(st, 2, row->key.b, (int)row->key.len, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, row->device, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, row->first);
	sqlite3_bind_int64(st, 5, row->last);
	sqlite3_bind_int64(st, 6, (int64_t)row->count);
	if (which == UPDATE)
		sqlite3_bind_int64(st, 7, day);
	rc = sqlite3_step(st);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc == SQLITE_DONE ? sqlite3_changes(c->db) : mg_sql_fail(c->db, c->path, err);
}

static int put(struct mg_contacts *c, const struct mg_contact_row *row, struct sk_err *err)
{
	int r = step(c, UPDATE, row, sk_day_start(row->last), err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = step(c, INSERT, row, 0, err);
	if (r > 0)
		c->stat.rows++;
	return r < 0 ? r : 0;
}

static int put_event(struct mg_contacts *c, const json_t *ev, int64_t now, struct sk_err *err)
{
	const json_t *list = json_object_get(json_object_get(ev, "sekisho"), "contacts");
	int r = 0;

	if (!json_is_array(list))
		c->stat.strange++;
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		struct mg_contact_row row;

		if (mg_contact_decode(json_array_get(list, i), now, &row) < 0) {
			c->stat.strange++;
			continue;
		}
		r = put(c, &row, err);
		c->stat.taken += r == 0;
	}
	return r;
}

static bool is_contact(const json_t *ev)
{
	return sk_streq(json_string_value(json_object_get(ev, "event_type")), "contact");
}

/* Those seen on one day only go first: a device that tries out addresses must not push out what
 * the site talks to every day. */
static int prune(struct mg_contacts *c, int64_t goal, struct sk_err *err)
{
	static const char *const sql[] = {
		("DELETE FROM contact WHERE (kind, value, device) IN (SELECT kind, value, device"
		 " FROM contact WHERE days=1 ORDER BY last LIMIT %lld)"),
		("DELETE FROM contact WHERE (kind, value, device) IN (SELECT kind, value, device"
		 " FROM contact ORDER BY last LIMIT %lld)"),
	};
	int64_t rows = (int64_t)c->stat.rows;
	int r = 0;

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(sql) && rows > goal; i++) {
		char text[240];

		snprintf(text, sizeof(text), sql[i], (long long)(rows - goal));
		r = mg_sql_exec(c->db, c->path, text, err);
		if (r == 0)
			rows -= sqlite3_changes(c->db);
	}
	c->stat.rows = (uint64_t)rows;
	return r;
}

int mg_contacts_take(struct mg_contacts *c, const json_t *events, int64_t now, struct sk_err *err)
{
	const struct mg_contacts_stat before = c->stat;
	bool open = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(events); i++) {
		const json_t *ev = json_array_get(events, i);

		if (!is_contact(ev))
			continue;
		if (!open)
			r = mg_sql_exec(c->db, c->path, "BEGIN IMMEDIATE", err);
		open = open || r == 0;
		if (r == 0)
			r = put_event(c, ev, now, err);
	}
	if (r == 0 && c->stat.rows > MG_CONTACTS_ROWS + SLACK)
		r = prune(c, MG_CONTACTS_ROWS, err);
	if (r == 0 && open)
		r = mg_sql_exec(c->db, c->path, "COMMIT", err);
	if (r < 0 && open) {
		sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
		c->stat = before;
	}
	return r;
}

int mg_contacts_maintain(struct mg_contacts *c, int64_t now, struct sk_err *err)
{
	int64_t rows = 0;
	char sql[100];
	int r;

	snprintf(sql, sizeof(sql), "DELETE FROM contact WHERE last<%lld",
		(long long)(now - (MG_CONTACTS_DAYS + 1) * DAY));
	r = mg_sql_exec(c->db, c->path, sql, err);
	if (r == 0)
		r = mg_sql_int(c->db, c->path, "SELECT count(*) FROM contact", &rows, err);
	if (r < 0)
		return r;
	c->stat.rows = (uint64_t)rows;
	return prune(c, MG_CONTACTS_ROWS, err);
}

void mg_contacts_stat(const struct mg_contacts *c, struct mg_contacts_stat *ret)
{
	*ret = c->stat;
}
