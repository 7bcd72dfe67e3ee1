// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions about alerts, over the day files from the newest backwards. Read-only; runs in a forked
 * reader. A file without the table (older, or of a day without alerts) has none.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/events/alert.h"
#include "mgmt/events/files.h"
#include "mgmt/events/sql.h"

#define GROUPS_MAX 200000
#define US 1000000

/* Of a family other than the bounds' nothing compares as within: integers sort before blobs. */
#define WITHIN(col, lo, hi) "(" lo " IS NULL OR " col " BETWEEN " lo " AND " hi ")"
#define WHERE                                                                                      \
	" FROM alert WHERE ts >= ?1 AND ts < ?2 AND (?3 = 0 OR severity <= ?3)"                    \
	" AND (?4 = 0 OR gid = ?4) AND (?5 = 0 OR sid = ?5) AND (?6 IS NULL OR decision = ?6)"     \
	" AND " WITHIN("src", "?7", "?8") " AND " WITHIN("dst", "?9", "?10")

static int open_file(const char *path, sqlite3 **ret, bool *has, struct sk_err *err)
{
	int64_t n = 0;
	int r;

	if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return mg_sql_fail(*ret, path, err);
	sqlite3_busy_timeout(*ret, 5000);
	r = mg_sql_exec(*ret, path, "PRAGMA trusted_schema=OFF", err);
	if (r == 0)
		r = mg_sql_int(*ret, path,
			"SELECT count(*) FROM sqlite_schema WHERE type='table' AND name='alert'",
			&n, err);
	*has = n == 1;
	return r;
}

static void bind_end(sqlite3_stmt *st, int i, const struct mg_addr *a)
{
	if (mg_addr_is_v4(a))
		sqlite3_bind_int64(st, i,
			((int64_t)a->b[12] << 24 | a->b[13] << 16 | a->b[14] << 8 | a->b[15]) -
				2147483648);
	else
		sqlite3_bind_blob(st, i, a->b, sizeof(a->b), SQLITE_STATIC);
}

static void bind_filter(sqlite3_stmt *st, const struct mg_alert_filter *f)
{
	sqlite3_bind_int64(st, 1, f->from);
	sqlite3_bind_int64(st, 2, f->to ? f->to : INT64_MAX);
	sqlite3_bind_int64(st, 3, f->severity);
	sqlite3_bind_int64(st, 4, f->gid);
	sqlite3_bind_int64(st, 5, f->sid);
	if (f->decision)
		sqlite3_bind_text(st, 6, f->decision, -1, SQLITE_STATIC);
	if (f->src) {
		bind_end(st, 7, &f->src->lo);
		bind_end(st, 8, &f->src->hi);
	}
	if (f->dst) {
		bind_end(st, 9, &f->dst->lo);
		bind_end(st, 10, &f->dst->hi);
	}
}

/* The files that may hold something of the period. An event may be filed a day off at most. */
static bool in_period(const struct mg_day_file *d, const struct mg_alert_filter *f)
{
	int64_t start = mg_date_start(d->date);

	return !d->damaged && (!f->to || start - 86400 < f->to / US) &&
		start + 2 * 86400 > f->from / US;
}

struct walk {
	const struct mg_alert_filter *f;
	int (*file)(struct walk *w, int date, sqlite3 *db, const char *path, struct sk_err *err);
	void *arg;
};

static int walk_files(struct walk *w, const char *dir, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	struct sk_err why = {0};
	size_t n = 0;
	int r = mg_files_list(dir, &files, &n, err), bad = 0;

	for (size_t i = n; r == 0 && i-- > 0;) {
		_cleanup_(mg_sql_closep) sqlite3 *db = NULL;
		char path[PATH_MAX];
		bool has = false;

		if (!in_period(&files[i], w->f) ||
			mg_day_path(path, sizeof(path), dir, files[i].date) < 0)
			continue;
		if (open_file(path, &db, &has, &why) < 0)
			bad = -EUCLEAN;
		else if (has)
			r = w->file(w, files[i].date, db, path, err);
	}
	if (r == 0 && bad && err)
		*err = why;
	return r ? r : bad;
}

/* ---- one by one -------------------------------------------------------------------------------
 */
struct each {
	int (*fn)(const struct mg_alert *a, void *arg);
	void *arg;
	size_t left;
};

static int give(struct each *e, int date, sqlite3_stmt *st)
{
	struct mg_alert a = {
		.ts = sqlite3_column_int64(st, 1), .has_pcap = sqlite3_column_int(st, 3) != 0};
	int r = 0;

	snprintf(a.name, sizeof(a.name), "%d-%lld", date, (long long)sqlite3_column_int64(st, 0));
	a.event = json_loads((const char *)sqlite3_column_text(st, 2) ?: "", 0, NULL);
	if (a.event)
		r = e->fn(&a, e->arg);
	json_decref(a.event);
	e->left--;
	return r;
}

#define ENOUGH 1

static int each_file(struct walk *w, int date, sqlite3 *db, const char *path, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	struct each *e = w->arg;
	int rc = SQLITE_DONE;
	int r = mg_sql_prepare(db, path,
		"SELECT n, ts, json, pcap IS NOT NULL" WHERE " ORDER BY ts DESC, n DESC LIMIT ?11",
		&st, err);

	if (r < 0)
		return r;
	bind_filter(st, w->f);
	sqlite3_bind_int64(st, 11, (int64_t)e->left);
	while (r == 0 && e->left && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = give(e, date, st);
	if (r == 0 && e->left && rc != SQLITE_DONE)
		r = mg_sql_fail(db, path, err);
	return r ? r : e->left ? 0 : ENOUGH;
}

int mg_alert_each(const char *dir, const struct mg_alert_filter *f,
	int (*fn)(const struct mg_alert *a, void *arg), void *arg, struct sk_err *err)
{
	struct each e = {.fn = fn, .arg = arg, .left = f->limit ? f->limit : 1000};
	struct walk w = {.f = f, .file = each_file, .arg = &e};
	int r = walk_files(&w, dir, err);

	return r == ENOUGH ? 0 : r;
}

/* ---- one --------------------------------------------------------------------------------------
 */
static int bad_name(const char *name, struct sk_err *err)
{
	return sk_err_set(err, -ENOENT, "number", "there is no alert \"%.40s\" (see: alert list)",
		"検知 %.40s はありません (一覧: alert list)", name);
}

static int read_one(
	sqlite3_stmt *st, json_t **ret_event, void **ret_pcap, size_t *ret_len, struct sk_err *err)
{
	int n = sqlite3_column_bytes(st, 1);
	json_t *ev = json_loads((const char *)sqlite3_column_text(st, 0) ?: "", 0, NULL);

	if (!ev)
		return sk_err_set(
			err, -EUCLEAN, NULL, "the alert is damaged", "検知の記録が壊れています");
	if (ret_pcap && n > 0) {
		*ret_pcap = malloc((size_t)n);
		if (!*ret_pcap) {
			json_decref(ev);
			return sk_err_nomem(err);
		}
		memcpy(*ret_pcap, sqlite3_column_blob(st, 1), (size_t)n);
		*ret_len = (size_t)n;
	}
	*ret_event = ev;
	return 0;
}

int mg_alert_get(const char *dir, const char *name, json_t **ret_event, void **ret_pcap,
	size_t *ret_len, struct sk_err *err)
{
	_cleanup_(mg_sql_closep) sqlite3 *db = NULL;
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	char path[PATH_MAX], day[16];
	const char *dash = strchr(name, '-');
	uint64_t date, n;
	bool has = false;
	int r;

	if (!dash || dash - name != 8)
		return bad_name(name, err);
	snprintf(day, sizeof(day), "%.8s", name);
	if (sk_parse_u64(day, 99999999, &date) < 0 || sk_parse_u64(dash + 1, INT64_MAX, &n) < 0 ||
		mg_day_path(path, sizeof(path), dir, (int)date) < 0)
		return bad_name(name, err);
	if (open_file(path, &db, &has, NULL) < 0 || !has)
		return bad_name(name, err);
	r = mg_sql_prepare(db, path, "SELECT json, pcap FROM alert WHERE n = ?1", &st, err);
	if (r < 0)
		return r;
	sqlite3_bind_int64(st, 1, (int64_t)n);
	if (sqlite3_step(st) != SQLITE_ROW)
		return bad_name(name, err);
	return read_one(st, ret_event, ret_pcap, ret_len, err);
}

/* ---- sums -------------------------------------------------------------------------------------
 */
struct sums {
	enum mg_alert_by by;
	struct mg_agg *agg;
	json_t *about; /* key → {"key", "msg", "class", "severity", "gid", "sid", "hosts"} */
};

/* The group's key and the peer that is counted, from the columns of the question below. */
static const char *const columns[MG_ALERT_BYS] = {
	[MG_ALERT_BY_RULE] = "gid || ':' || sid, src",
	[MG_ALERT_BY_SOURCE] = "src, dst",
	[MG_ALERT_BY_DESTINATION] = "dst, src",
	[MG_ALERT_BY_CLASS] = "class, src",
	[MG_ALERT_BY_SEVERITY] = "severity, src",
	[MG_ALERT_BY_DAY] = "NULL, src",
};

static void addr_text(sqlite3_stmt *st, int col, char *dst)
{
	struct mg_addr a = {{[10] = 0xff, [11] = 0xff}};
	int64_t v;

	dst[0] = '\0';
	if (sqlite3_column_type(st, col) == SQLITE_BLOB && sqlite3_column_bytes(st, col) == 16) {
		memcpy(a.b, sqlite3_column_blob(st, col), 16);
	} else if (sqlite3_column_type(st, col) == SQLITE_INTEGER) {
		v = sqlite3_column_int64(st, col) + 2147483648;
		for (int k = 0; k < 4; k++)
			a.b[12 + k] = (uint8_t)(v >> (24 - 8 * k));
	} else {
		return;
	}
	mg_addr_text(&a, dst);
}

static void key_text(const struct sums *s, int date, sqlite3_stmt *st, char *dst, size_t cap)
{
	const char *t;

	switch (s->by) {
	case MG_ALERT_BY_SOURCE:
	case MG_ALERT_BY_DESTINATION: addr_text(st, 0, dst); return;
	case MG_ALERT_BY_DAY:
		snprintf(dst, cap, "%04d-%02d-%02d", date / 10000, date / 100 % 100, date % 100);
		return;
	default: t = (const char *)sqlite3_column_text(st, 0); snprintf(dst, cap, "%s", t ? t : "");
	}
}

static void add_host(json_t *about, const char *peer)
{
	const char *hosts = json_string_value(json_object_get(about, "hosts"));

	if (!peer[0] || (hosts && (strlen(hosts) > 120 || strstr(hosts, peer))))
		return;
	json_object_set_new(about, "hosts",
		json_sprintf("%s%s%s", hosts ? hosts : "", hosts ? ", " : "", peer));
}

/* The agg's key is a hash of the text; what the text was is kept beside it. */
static int add_row(struct sums *s, int date, sqlite3_stmt *st)
{
	char key[64], peer[64];
	uint8_t sum[32], addr[16] = {0};
	struct mg_key k;
	uint64_t hash;
	json_t *about;

	key_text(s, date, st, key, sizeof(key));
	addr_text(st, 1, peer);
	sk_sha256(sum, key, strlen(key));
	memcpy(k.b, sum, sizeof(k.b));
	sk_sha256(sum, peer, strlen(peer));
	memcpy(addr, sum, sizeof(addr));
	hash = mg_peer_hash(addr);
	sk_hex(key, k.b, sizeof(k.b));
	about = json_object_get(s->about, key);
	if (!about) {
		char text[64];

		key_text(s, date, st, text, sizeof(text));
		about = json_pack("{s:s, s:s?, s:s?, s:I, s:I, s:I}", "key", text, "msg",
			(const char *)sqlite3_column_text(st, 5), "class",
			(const char *)sqlite3_column_text(st, 6), "severity",
			(json_int_t)sqlite3_column_int64(st, 7), "gid",
			(json_int_t)sqlite3_column_int64(st, 8), "sid",
			(json_int_t)sqlite3_column_int64(st, 9));
		if (!about || json_object_set_new(s->about, key, about) < 0)
			return -ENOMEM;
	}
	add_host(about, peer);
	return mg_agg_add(s->agg, &k, (uint64_t)sqlite3_column_int64(st, 2),
		sqlite3_column_int64(st, 3), sqlite3_column_int64(st, 4), &hash);
}

static int sum_file(struct walk *w, int date, sqlite3 *db, const char *path, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	struct sums *s = w->arg;
	char sql[1024];
	int r, rc = SQLITE_DONE;

	snprintf(sql, sizeof(sql),
		"SELECT %s, sum(count), min(ts), max(ts), msg, class, severity, gid, sid" WHERE
		" GROUP BY 1, 2",
		columns[s->by]);
	r = mg_sql_prepare(db, path, sql, &st, err);
	if (r < 0)
		return r;
	bind_filter(st, w->f);
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = add_row(s, date, st);
	if (r == -ENOMEM)
		return sk_err_nomem(err);
	if (r == -E2BIG)
		return sk_err_set(err, r, NULL, "more than %d groups: choose a shorter period",
			"集計の単位が %d を超えています。期間を短くしてください", GROUPS_MAX);
	return r == 0 && rc != SQLITE_DONE ? mg_sql_fail(db, path, err) : r;
}

static int by_count(const void *a, const void *b)
{
	const struct mg_alert_sum *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->key, y->key);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct mg_alert_sum *)a)->key, ((const struct mg_alert_sum *)b)->key);
}

static void take_text(char *dst, size_t cap, const json_t *about, const char *key)
{
	const char *s = json_string_value(json_object_get(about, key));

	snprintf(dst, cap, "%s", s ? s : "");
}

static void fill(struct mg_alert_sum *v, const struct mg_agg_entry *e, const json_t *all)
{
	char key[64];
	const json_t *about = json_object_get(all, sk_hex(key, e->key.b, sizeof(e->key.b)));

	*v = (struct mg_alert_sum){.count = e->count,
		.peers = mg_sketch_count(&e->peers),
		.first = e->first,
		.last = e->last,
		.gid = json_integer_value(json_object_get(about, "gid")),
		.sid = json_integer_value(json_object_get(about, "sid")),
		.severity = json_integer_value(json_object_get(about, "severity"))};
	take_text(v->key, sizeof(v->key), about, "key");
	take_text(v->msg, sizeof(v->msg), about, "msg");
	take_text(v->class, sizeof(v->class), about, "class");
	take_text(v->hosts, sizeof(v->hosts), about, "hosts");
}

int mg_alert_sums(const char *dir, const struct mg_alert_filter *f, enum mg_alert_by by,
	int (*fn)(const struct mg_alert_sum *s, void *arg), void *arg, struct sk_err *err)
{
	struct sums s = {.by = by, .agg = mg_agg_new(GROUPS_MAX), .about = json_object()};
	struct walk w = {.f = f, .file = sum_file, .arg = &s};
	struct mg_alert_sum *list = NULL;
	const struct mg_agg_entry *e;
	size_t n = 0;
	int r = s.agg && s.about ? walk_files(&w, dir, err) : sk_err_nomem(err), bad = 0;

	if (r == -EUCLEAN) { /* the rest is told all the same */
		bad = r;
		r = 0;
	}
	if (r == 0) {
		e = mg_agg_entries(s.agg, &n);
		list = calloc(n + 1, sizeof(*list));
		r = list ? 0 : sk_err_nomem(err);
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		fill(&list[i], &e[i], s.about);
	if (r == 0)
		qsort(list, n, sizeof(*list), by == MG_ALERT_BY_DAY ? by_key : by_count);
	for (size_t i = 0; r == 0 && i < n && i < (f->limit ? f->limit : 1000); i++)
		r = fn(&list[i], arg);
	free(list);
	mg_agg_free(s.agg);
	json_decref(s.about);
	return r ? r : bad;
}
