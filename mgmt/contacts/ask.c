// SPDX-License-Identifier: GPL-2.0-or-later
/* Who of ours was in touch with one address or name: read from the file, without loading it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/contacts/private.h"
#include "mgmt/events/sql.h"

/* What of the file an entry covers: one value, or from lo up to and with hi. */
struct span {
	int kind;
	uint8_t lo[MG_NAME_MAX + 2], hi[MG_NAME_MAX + 2], one[MG_NAME_MAX];
	size_t lo_len, hi_len, one_len;
};

static int make_span(const struct sk_bl_entry *e, struct span *s)
{
	*s = (struct span){.kind = 'd'};
	if (e->kind == SK_BL_ADDR4 || e->kind == SK_BL_ADDR6) {
		s->kind = e->kind == SK_BL_ADDR4 ? '4' : '6';
		s->lo_len = mg_contact_put_addr(e->kind, e->lo, s->lo);
		s->hi_len = mg_contact_put_addr(e->kind, e->hi, s->hi);
		return 0;
	}
	if ((e->kind != SK_BL_DOMAIN && e->kind != SK_BL_SUFFIX) || e->len == 0 ||
		e->len > MG_NAME_MAX)
		return -EINVAL;
	mg_name_reverse(e->value, e->len, s->one);
	s->one_len = e->len;
	if (e->kind == SK_BL_SUFFIX) {
		memcpy(s->lo, s->one, e->len);
		memcpy(s->hi, s->one, e->len);
		s->lo[e->len] = '.';
		s->hi[e->len] = '.' + 1;
		s->lo_len = s->hi_len = e->len + 1;
	}
	return 0;
}

static int give(sqlite3_stmt *st, int (*fn)(const struct mg_contact *c, void *arg), void *arg)
{
	char text[MG_NAME_MAX + 1];
	int kind = sqlite3_column_int(st, 0);
	struct mg_contact c = {.kind = mg_contact_kind(kind),
		.value = text,
		.device = (const char *)sqlite3_column_text(st, 2),
		.first = sqlite3_column_int64(st, 3),
		.last = sqlite3_column_int64(st, 4),
		.days = (uint32_t)sqlite3_column_int64(st, 5),
		.count = (uint64_t)sqlite3_column_int64(st, 6)};

	if (!c.device ||
		mg_contact_text(kind, sqlite3_column_blob(st, 1),
			(size_t)sqlite3_column_bytes(st, 1), text) < 0)
		return -EUCLEAN;
	return fn(&c, arg);
}

int mg_contacts_each(const char *path, const struct sk_bl_entry *e, size_t limit,
	int (*fn)(const struct mg_contact *c, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_sql_closep) sqlite3 *db = NULL;
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int64_t version = 0;
	struct span s;
	int rc = SQLITE_DONE, r;

	if (make_span(e, &s) < 0 || access(path, F_OK) < 0)
		return 0;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return mg_sql_fail(db, path, err);
	sqlite3_busy_timeout(db, 5000);
	r = mg_sql_int(db, path, "PRAGMA user_version", &version, err);
	if (r < 0 || version == 0)
		return r;
	r = mg_sql_prepare(db, path,
		"SELECT kind, value, device, first, last, days, count FROM contact WHERE kind=?1"
		" AND (value=?2 OR (value>=?3 AND value<=?4)) ORDER BY last DESC LIMIT ?5",
		&st, err);
	if (r < 0)
		return r;
	sqlite3_bind_int(st, 1, s.kind);
	if (s.one_len)
		sqlite3_bind_blob(st, 2, s.one, (int)s.one_len, SQLITE_STATIC);
	if (s.lo_len) {
		sqlite3_bind_blob(st, 3, s.lo, (int)s.lo_len, SQLITE_STATIC);
		sqlite3_bind_blob(st, 4, s.hi, (int)s.hi_len, SQLITE_STATIC);
	}
	sqlite3_bind_int64(st, 5, (int64_t)SK_MIN(limit, (size_t)MG_CONTACTS_ROWS));
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = give(st, fn, arg);
	if (r == -EUCLEAN)
		return sk_err_set(err, r, NULL, "%s: damaged row", "%s: 壊れた行があります", path);
	return r == 0 && rc != SQLITE_DONE ? mg_sql_fail(db, path, err) : r;
}
