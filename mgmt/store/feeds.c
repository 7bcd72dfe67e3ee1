/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The feeds, their log and the site's own entries, read and written. */
#include "mgmt/store/feeds.h"

#include <errno.h>
#include <string.h>

#include "mgmt/store/db.h"

#define COLS                                                                                       \
	"name, definition, shipped, enabled, mode, ord, mode_since, added, removed, added_by,"     \
	" etag, last_modified, fetched, tried, next, failures, result, why_en, why_ja, entries,"   \
	" sha256, staged, month, hits, would"

void mg_feed_done(struct mg_feed *f)
{
	if (!f)
		return;
	json_decref(f->definition);
	*f = (struct mg_feed){.definition = NULL};
}

json_t *mg_feed_to_json(const struct mg_feed *f)
{
	return json_pack("{ss, sb, ss, sO}", "name", f->name, "enabled", f->enabled, "mode",
		f->block ? "block" : "monitor", "definition", f->definition);
}

static int read_row(struct mg_store *s, sqlite3_stmt *st, struct mg_feed *f, struct sk_err *err)
{
	*f = (struct mg_feed){.shipped = sqlite3_column_int(st, 2),
		.enabled = sqlite3_column_int(st, 3),
		.block = sk_streq(mg_col_str(st, 4), "block"),
		.ord = sqlite3_column_int64(st, 5),
		.mode_since = sqlite3_column_int64(st, 6),
		.added = sqlite3_column_int64(st, 7),
		.removed = sqlite3_column_int64(st, 8),
		.fetched = sqlite3_column_int64(st, 12),
		.tried = sqlite3_column_int64(st, 13),
		.next = sqlite3_column_int64(st, 14),
		.failures = sqlite3_column_int64(st, 15),
		.entries = sqlite3_column_int64(st, 19),
		.month = sqlite3_column_int64(st, 22),
		.hits = sqlite3_column_int64(st, 23),
		.would = sqlite3_column_int64(st, 24)};
	mg_col_copy(st, 0, f->name, sizeof(f->name));
	mg_col_copy(st, 9, f->added_by, sizeof(f->added_by));
	mg_col_copy(st, 10, f->etag, sizeof(f->etag));
	mg_col_copy(st, 11, f->last_modified, sizeof(f->last_modified));
	mg_col_copy(st, 16, f->result, sizeof(f->result));
	mg_col_copy(st, 17, f->why_en, sizeof(f->why_en));
	mg_col_copy(st, 18, f->why_ja, sizeof(f->why_ja));
	mg_col_copy(st, 20, f->sha256, sizeof(f->sha256));
	mg_col_copy(st, 21, f->staged, sizeof(f->staged));
	return mg_col_json(st, 1, &f->definition, err);
}

int mg_feed_get(struct mg_store *s, const char *name, struct mg_feed *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM feed WHERE name = ?1 AND removed IS NULL", MG_S(name));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0)
		return sk_err_set(err, -ENOENT, "name",
			"there is no blocklist %.60s (see: blocklist list --all)",
			"不正サイト一覧 %.60s はありません (一覧: blocklist list --all)", name);
	return r < 0 ? r : read_row(s, st, ret, err);
}

int mg_feed_each(struct mg_store *s, bool all, int (*fn)(const struct mg_feed *f, void *arg),
	void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM feed WHERE ?1 OR removed IS NULL ORDER BY ord, name",
		MG_I(all));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_feed f;

		r = read_row(s, st, &f, err);
		if (r == 0)
			r = fn(&f, arg);
		mg_feed_done(&f);
		if (r)
			break;
	}
	return r;
}

int mg_feed_add(struct mg_txn *t, struct mg_feed *f, struct sk_err *err)
{
	_cleanup_(sk_freep) char *definition = mg_json_text(f->definition);
	int64_t there = 0, n = 0;
	int r;

	mg_txn_assert(t);
	if (!definition)
		return sk_err_nomem(err);
	r = mg_db_int(t->s, &there, err,
		"SELECT count(*) FROM feed WHERE name = ?1 AND removed IS NULL", MG_S(f->name));
	if (r == 0 && there)
		return sk_err_set(err, -EEXIST, "name", "there is a blocklist %s already",
			"不正サイト一覧 %s はすでにあります", f->name);
	if (r == 0)
		r = mg_db_int(t->s, &n, err,
			"SELECT count(*) FROM feed WHERE removed IS NULL AND length(?1)",
			MG_S(f->name));
	if (r == 0 && n >= MG_FEEDS_MAX)
		return sk_err_set(err, -ENOSPC, NULL, "there are %d blocklists already",
			"不正サイト一覧は %d 件までです", MG_FEEDS_MAX);
	if (r == 0)
		r = mg_db_int(t->s, &f->ord, err,
			"SELECT coalesce(max(ord), 0) + 1 FROM feed WHERE ?1", MG_I(1));
	if (r < 0)
		return r;
	f->mode_since = f->added;
	return mg_db_run(t->s, err,
		"INSERT INTO feed(name, ord, definition, shipped, enabled, mode, mode_since,"
		" added_by, added) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?7)"
		" ON CONFLICT (name) DO UPDATE SET ord = ?2, definition = ?3, shipped = ?4,"
		" enabled = ?5, mode = ?6, mode_since = ?7, added_by = ?8, added = ?7,"
		" removed = NULL, etag = '', last_modified = '', fetched = 0, tried = 0, next = 0,"
		" failures = 0, result = 'none', why_en = '', why_ja = '', entries = 0,"
		" sha256 = '', staged = ''",
		MG_S(f->name), MG_I(f->ord), MG_S(definition), MG_I(f->shipped), MG_I(f->enabled),
		MG_S(f->block ? "block" : "monitor"), MG_I(f->added), MG_S(f->added_by));
}

int mg_feed_update(struct mg_txn *t, const struct mg_feed *f, struct sk_err *err)
{
	_cleanup_(sk_freep) char *definition = mg_json_text(f->definition);

	mg_txn_assert(t);
	if (!definition)
		return sk_err_nomem(err);
	return mg_db_run(t->s, err,
		"UPDATE feed SET definition = ?2, enabled = ?3, mode = ?4, mode_since = ?5,"
		" removed = ?6 WHERE name = ?1",
		MG_S(f->name), MG_S(definition), MG_I(f->enabled),
		MG_S(f->block ? "block" : "monitor"), MG_I(f->mode_since), MG_T(f->removed));
}

int mg_feed_state(struct mg_store *s, const struct mg_feed *f, struct sk_err *err)
{
	return mg_db_run(s, err,
		"UPDATE feed SET etag = ?2, last_modified = ?3, fetched = ?4, tried = ?5, next = "
		"?6,"
		" failures = ?7, result = ?8, why_en = ?9, why_ja = ?10, entries = ?11,"
		" sha256 = ?12, staged = ?13 WHERE name = ?1",
		MG_S(f->name), MG_S(f->etag), MG_S(f->last_modified), MG_I(f->fetched),
		MG_I(f->tried), MG_I(f->next), MG_I(f->failures), MG_S(f->result), MG_S(f->why_en),
		MG_S(f->why_ja), MG_I(f->entries), MG_S(f->sha256), MG_S(f->staged));
}

int mg_feed_hits(struct mg_store *s, const char *name, int64_t month, int64_t hits, int64_t would,
	struct sk_err *err)
{
	return mg_db_run(s, err,
		"UPDATE feed SET hits = CASE month WHEN ?2 THEN hits ELSE 0 END + ?3,"
		" would = CASE month WHEN ?2 THEN would ELSE 0 END + ?4, month = ?2 WHERE name = "
		"?1",
		MG_S(name), MG_I(month), MG_I(hits), MG_I(would));
}

static int put_rows(struct mg_store *s, const char *sql, struct sk_buf *b, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err, sql, MG_I(1));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		for (int i = 0; i < sqlite3_column_count(st); i++) {
			const char *text = mg_col_str(st, i);

			sk_buf_printf(b, "%s|", text ? text : "");
		}
		sk_buf_putc(b, '\n');
	}
	return r;
}

int mg_blocklist_stamp(struct mg_store *s, char ret[65], struct sk_err *err)
{
	static const char *const settings[] = {"blocklist.dns_a", "blocklist.dns_aaaa",
		"blocklist.dns_answer", "blocklist.learn", "blocklist.max_entries"};
	uint8_t sum[32];
	struct sk_buf b;
	char text[128];
	int r;

	sk_buf_init(&b, 1u << 20);
	r = put_rows(s,
		"SELECT name, mode, sha256 FROM feed WHERE enabled = ?1 AND removed IS NULL"
		" ORDER BY ord, name",
		&b, err);
	if (r == 0)
		r = put_rows(s,
			"SELECT count(*), max(number), count(removed) FROM blocklist_entry WHERE "
			"?1",
			&b, err);
	if (r == 0)
		r = put_rows(s,
			"SELECT count(*), sum(number), sum(revision), max(number * 1000 + revision)"
			" FROM allow_rev WHERE state = 'active' AND ?1",
			&b, err);
	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(settings); i++) {
		r = mg_setting_get(s, settings[i], text, sizeof(text));
		sk_buf_printf(&b, "%s\n", text);
	}
	if (r == 0 && sk_buf_error(&b))
		r = sk_err_nomem(err);
	sk_sha256(sum, b.data, b.len);
	sk_hex(ret, sum, sizeof(sum));
	sk_buf_done(&b);
	return r;
}

/* ---- log ----------------------------------------------------------------------------------------
 */

/* The newest row, if it says the same failure: its number, else 0. */
static int same_failure(struct mg_store *s, const char *feed, const char *result,
	const char *detail, int64_t *ret, struct sk_err *err)
{
	*ret = 0;
	if (!sk_streq(result, "unreachable") && !sk_streq(result, "refused"))
		return 0;
	return mg_db_int(s, ret, err,
		"SELECT seq FROM feed_log WHERE seq = (SELECT max(seq) FROM feed_log WHERE feed ="
		" ?1) AND result = ?2 AND detail = ?3",
		MG_S(feed), MG_S(result), MG_S(detail));
}

int mg_feed_log_add(struct mg_store *s, const char *feed, const char *result, const json_t *detail,
	int64_t now, struct sk_err *err)
{
	_cleanup_(sk_freep) char *text = mg_json_text(detail);
	int64_t seq = 0;
	int r = text ? same_failure(s, feed, result, text, &seq, err) : sk_err_nomem(err);

	if (r < 0)
		return r;
	if (seq)
		return mg_db_run(s, err,
			"UPDATE feed_log SET last = ?2, count = count + 1 WHERE seq = ?1",
			MG_I(seq), MG_I(now));
	r = mg_db_run(s, err,
		"INSERT INTO feed_log(feed, time, last, count, result, detail)"
		" VALUES (?1, ?2, ?2, 1, ?3, ?4)",
		MG_S(feed), MG_I(now), MG_S(result), MG_S(text));
	if (r == 0)
		r = mg_db_run(s, err,
			"DELETE FROM feed_log WHERE feed = ?1 AND seq <= (SELECT seq FROM feed_log"
			" WHERE feed = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
			MG_S(feed), MG_I(MG_FEED_LOG_KEPT));
	return r;
}

int mg_feed_log_each(struct mg_store *s, const char *feed, int64_t limit,
	int (*fn)(json_t *row, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT time, last, count, result, detail FROM feed_log WHERE feed = ?1"
		" ORDER BY seq DESC LIMIT ?2",
		MG_S(feed), MG_I(limit));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		json_t *row = NULL;

		r = mg_col_json(st, 4, &row, err);
		if (r < 0)
			break;
		json_object_set_new(row, "time", json_integer(sqlite3_column_int64(st, 0)));
		json_object_set_new(row, "last", json_integer(sqlite3_column_int64(st, 1)));
		json_object_set_new(row, "count", json_integer(sqlite3_column_int64(st, 2)));
		json_object_set_new(row, "result", json_string(mg_col_str(st, 3)));
		r = fn(row, arg);
		json_decref(row);
		if (r)
			break;
	}
	return r;
}

/* ---- the site's own entries ---------------------------------------------------------------------
 */

json_t *mg_entry_to_json(const struct mg_entry *e)
{
	json_t *v = json_pack("{ss ss ss ss sI}", "kind", sk_bl_kind_name(e->kind), "value",
		e->value, "purpose", e->purpose, "who", e->who, "since", (json_int_t)e->since);

	if (v && e->removed) {
		json_object_set_new(v, "removed", json_integer(e->removed));
		json_object_set_new(v, "removed_by", json_string(e->removed_by));
		json_object_set_new(v, "reason", json_string(e->reason));
	}
	return v;
}

static void read_entry(sqlite3_stmt *st, struct mg_entry *e)
{
	e->number = sqlite3_column_int64(st, 0);
	if (sk_bl_kind_parse(mg_col_str(st, 1), &e->kind) < 0)
		e->kind = SK_BL_ADDR4; /* nobody wrote such a row */
	mg_col_copy(st, 2, e->value, sizeof(e->value));
	mg_col_copy(st, 3, e->purpose, sizeof(e->purpose));
	mg_col_copy(st, 4, e->who, sizeof(e->who));
	e->since = sqlite3_column_int64(st, 5);
	e->removed = sqlite3_column_int64(st, 6);
	mg_col_copy(st, 7, e->removed_by, sizeof(e->removed_by));
	mg_col_copy(st, 8, e->reason, sizeof(e->reason));
}

#define ENTRY_COLS "number, kind, value, purpose, who, since, removed, removed_by, reason"

int mg_entry_each(struct mg_store *s, bool all, int (*fn)(const struct mg_entry *e, void *arg),
	void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	struct mg_entry e;
	int r = mg_db_query(s, &st, err,
		"SELECT " ENTRY_COLS " FROM blocklist_entry WHERE ?1 OR removed IS NULL"
		" ORDER BY kind, value, number",
		MG_I(all));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		read_entry(st, &e);
		r = fn(&e, arg);
		if (r)
			break;
	}
	return r;
}

static int find_entry(
	struct mg_store *s, const struct mg_entry *e, sqlite3_stmt **st, struct sk_err *err)
{
	int r = mg_db_query(s, st, err,
		"SELECT " ENTRY_COLS " FROM blocklist_entry WHERE kind = ?1 AND value = ?2"
		" AND removed IS NULL",
		MG_S(sk_bl_kind_name(e->kind)), MG_S(e->value));

	return r < 0 ? r : mg_db_step(s, *st, err);
}

int mg_entry_add(struct mg_txn *t, struct mg_entry *e, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int64_t n = 0;
	int r = find_entry(t->s, e, &st, err);

	mg_txn_assert(t);
	if (r > 0)
		return sk_err_set(err, -EEXIST, "value",
			"is blocked by an entry of this site already",
			"はすでに本装置の登録で遮断しています");
	if (r == 0)
		r = mg_db_int(t->s, &n, err,
			"SELECT count(*) FROM blocklist_entry WHERE removed IS NULL AND ?1",
			MG_I(1));
	if (r == 0 && n >= MG_ENTRIES_MAX)
		return sk_err_set(err, -ENOSPC, NULL,
			"there are %d entries already: more belong in a list of their own "
			"(blocklist add --path)",
			"登録は %d 件までです。多数の場合は一覧ファイルとして追加してください "
			"(blocklist add --path)",
			MG_ENTRIES_MAX);
	if (r == 0)
		r = mg_db_run(t->s, err,
			"INSERT INTO blocklist_entry(kind, value, purpose, who, since)"
			" VALUES (?1, ?2, ?3, ?4, ?5)",
			MG_S(sk_bl_kind_name(e->kind)), MG_S(e->value), MG_S(e->purpose),
			MG_S(e->who), MG_I(e->since));
	if (r == 0)
		e->number = sqlite3_last_insert_rowid(t->s->db);
	return r;
}

int mg_entry_remove(struct mg_txn *t, struct mg_entry *e, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	struct mg_entry found;
	int r = find_entry(t->s, e, &st, err);

	mg_txn_assert(t);
	if (r == 0)
		return sk_err_set(err, -ENOENT, "value",
			"is no entry of this site (see: blocklist entry list)",
			"は本装置の登録にありません (一覧: blocklist entry list)");
	if (r < 0)
		return r;
	read_entry(st, &found);
	found.removed = e->removed;
	snprintf(found.removed_by, sizeof(found.removed_by), "%s", e->removed_by);
	snprintf(found.reason, sizeof(found.reason), "%s", e->reason);
	*e = found;
	return mg_db_run(t->s, err,
		"UPDATE blocklist_entry SET removed = ?2, removed_by = ?3, reason = ?4"
		" WHERE number = ?1",
		MG_I(e->number), MG_I(e->removed), MG_S(e->removed_by), MG_S(e->reason));
}
