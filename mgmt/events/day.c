// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing one day's file. WAL with synchronous=FULL: a commit that returned survives a power cut.
 * Only events.c uses this; the file's readers have reader.h.
 */
#include "mgmt/events/day.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/events/alert.h"
#include "mgmt/events/files.h"
#include "mgmt/events/schema.h"
#include "mgmt/events/sql.h"

#define TAKEN_MAX 1000000 /* tries to find a free microsecond */

/* Times known to be taken: [from, next). */
struct run {
	int64_t from, next;
};

enum { FLOW, OTHER, CLS, SEQ, MARK, META, ALERT, STMTS };
static const char *const stmt_sql[STMTS] = {
	[FLOW] = "INSERT INTO flow VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)",
	[OTHER] = "INSERT INTO other VALUES(?1,?2,?3)",
	[CLS] = "INSERT INTO cls VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
	[SEQ] = ("INSERT INTO seq VALUES(?1,?2,?3) ON CONFLICT(instance)"
		 " DO UPDATE SET mark=max(mark,?2), done=max(done,?3)"),
	[MARK] = "SELECT mark FROM seq WHERE instance=?1",
	[META] = "INSERT INTO meta VALUES(?1,?2) ON CONFLICT(k) DO UPDATE SET v=v+?2",
	[ALERT] = "INSERT INTO alert VALUES(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
};

struct mg_day {
	int date;
	char path[PATH_MAX];
	sqlite3 *db;
	sqlite3_stmt *st[STMTS];
	json_t *classes; /* text of the class → id */
	struct run flow_run, other_run;
	struct mg_day_counts add; /* of the open transaction */
	int64_t pcap_bytes;       /* of captures, with the open transaction's */
	bool open, new_class;
};

static int create_file(const char *dir, const char *path, struct sk_err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), r;

	if (fd < 0 && errno == EEXIST)
		return 0;
	if (fd < 0)
		return sk_err_set(err, -errno, NULL, "%s: cannot create: %s",
			"%s: 作成できません(%s)", path, strerror(errno));
	close(fd);
	r = mg_dir_sync(dir);
	if (r < 0)
		return sk_err_set(err, r, NULL, "%s: %s", "%s: %s", dir, strerror(-r));
	return 0;
}

static int make_schema(struct mg_day *d, struct sk_err *err)
{
	int64_t version = 0;
	char sql[64];
	int r = mg_sql_int(d->db, d->path, "PRAGMA user_version", &version, err);

	if (r < 0)
		return r;
	if (version == MG_DAY_VERSION)
		return 0;
	if (version != 0 && version != 1)
		return sk_err_set(err, -EUCLEAN, NULL, "%s: format %d is not known here",
			"%s: 形式 %d には対応していません", d->path, (int)version);
	snprintf(sql, sizeof(sql), "PRAGMA user_version=%d", MG_DAY_VERSION);
	r = mg_sql_exec(d->db, d->path,
		version == 1 ? "BEGIN IMMEDIATE;" MG_DAY_FROM_1 : "BEGIN IMMEDIATE;" MG_DAY_SCHEMA,
		err);
	if (r == 0)
		r = mg_sql_exec(d->db, d->path, sql, err);
	if (r == 0)
		r = mg_sql_exec(d->db, d->path, "COMMIT", err);
	return r;
}

static int class_text(char *dst, size_t cap, const struct mg_class *c)
{
	/* Texts are names from our own daemons; none holds the separator. */
	int n = snprintf(dst, cap, "%u\x1f%u\x1f%u\x1f%u", c->kind, c->flags, c->rule, c->revision);

	for (size_t i = 0; i < MG_CLASS_TEXTS && n >= 0 && (size_t)n < cap; i++) {
		size_t len = strlen(c->text[i]);

		if ((size_t)n + len + 2 > cap)
			return -EMSGSIZE;
		dst[n++] = '\x1f';
		memcpy(dst + n, c->text[i], len + 1);
		n += (int)len;
	}
	return 0;
}

static int load_classes(struct mg_day *d, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int r = mg_sql_prepare(d->db, d->path, "SELECT * FROM cls", &st, err), rc = SQLITE_DONE;

	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct mg_class c = {.kind = (uint8_t)sqlite3_column_int(st, 1),
			.flags = (uint8_t)sqlite3_column_int(st, 2),
			.rule = (uint32_t)sqlite3_column_int64(st, 3),
			.revision = (uint32_t)sqlite3_column_int64(st, 4)};
		char key[640];

		for (int i = 0; i < MG_CLASS_TEXTS; i++) {
			c.text[i] = (const char *)sqlite3_column_text(st, 5 + i);
			if (!c.text[i])
				c.text[i] = "";
		}
		if (class_text(key, sizeof(key), &c) == 0 &&
			json_object_set_new_nocheck(
				d->classes, key, json_integer(sqlite3_column_int64(st, 0))) < 0)
			r = sk_err_nomem(err);
	}
	if (r == 0 && rc != SQLITE_DONE)
		r = mg_sql_fail(d->db, d->path, err);
	return r;
}

static int open_db(struct mg_day *d, const char *dir, struct sk_err *err)
{
	int r = mg_day_path(d->path, sizeof(d->path), dir, d->date);

	if (r < 0)
		return sk_err_set(err, r, NULL, "%s: too long", "%s: 長すぎます", dir);
	r = create_file(dir, d->path, err);
	if (r < 0)
		return r;
	if (sqlite3_open_v2(d->path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return mg_sql_fail(d->db, d->path, err);
	sqlite3_extended_result_codes(d->db, 1);
	sqlite3_busy_timeout(d->db, 3000);
	r = mg_sql_exec(d->db, d->path,
		"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000;"
		"PRAGMA journal_size_limit=33554432; PRAGMA cache_size=-4000;"
		"PRAGMA trusted_schema=OFF",
		err);
	if (r == 0)
		r = make_schema(d, err);
	/* A part that came later: a reader finds it or does without. */
	if (r == 0)
		r = mg_sql_exec(d->db, d->path, MG_ALERT_SCHEMA, err);
	if (r == 0)
		r = mg_sql_int(d->db, d->path, "SELECT v FROM meta WHERE k='pcap_bytes'",
			&d->pcap_bytes, err);
	if (r == 0)
		r = load_classes(d, err);
	for (int i = 0; r == 0 && i < STMTS; i++)
		r = mg_sql_prepare(d->db, d->path, stmt_sql[i], &d->st[i], err);
	return r;
}

int mg_day_open(struct mg_day **ret, const char *dir, int date, struct sk_err *err)
{
	struct mg_day *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return sk_err_nomem(err);
	d->date = date;
	d->classes = json_object();
	r = d->classes ? open_db(d, dir, err) : sk_err_nomem(err);
	if (r < 0) {
		mg_day_close(d);
		return r;
	}
	*ret = d;
	return 0;
}

void mg_day_close(struct mg_day *d)
{
	if (!d)
		return;
	if (d->open)
		mg_day_rollback(d);
	for (int i = 0; i < STMTS; i++)
		sqlite3_finalize(d->st[i]);
	sqlite3_close_v2(d->db);
	json_decref(d->classes);
	free(d);
}

int mg_day_date(const struct mg_day *d)
{
	return d->date;
}

const char *mg_day_name(const struct mg_day *d)
{
	return d->path;
}

int mg_day_begin(struct mg_day *d, struct sk_err *err)
{
	int r = mg_sql_exec(d->db, d->path, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	d->open = true;
	d->new_class = false;
	d->add = (struct mg_day_counts){0};
	return 0;
}

static int step(struct mg_day *d, int which, struct sk_err *err)
{
	sqlite3_stmt *st = d->st[which];
	int rc = sqlite3_step(st), r = 0;

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		r = mg_sql_fail(d->db, d->path, err);
	sqlite3_reset(st);
	return r;
}

/*
 * Insert at ts or the next free microsecond. A thousand packets of one instant cost a try each, not
 * a thousand: the run of taken times found last is remembered.
 */
static int insert_at(struct mg_day *d, int which, struct run *run, int64_t ts, struct sk_err *err)
{
	sqlite3_stmt *st = d->st[which];
	int64_t t = ts >= run->from && ts < run->next ? run->next : ts;

	for (int tries = 0; tries < TAKEN_MAX; tries++, t++) {
		int rc;

		sqlite3_bind_int64(st, 1, t);
		rc = sqlite3_step(st);
		sqlite3_reset(st);
		if (rc == SQLITE_DONE) {
			if (ts < run->from || ts > run->next)
				run->from = ts;
			run->next = t + 1;
			return 0;
		}
		if ((rc & 0xff) != SQLITE_CONSTRAINT)
			return mg_sql_fail(d->db, d->path, err);
	}
	return sk_err_set(err, -EEXIST, NULL, "%s: too many events at one time",
		"%s: 同一時刻の事象が多すぎます", d->path);
}

static int class_id(struct mg_day *d, const struct mg_class *c, uint32_t *ret, struct sk_err *err)
{
	sqlite3_stmt *st = d->st[CLS];
	const json_t *known;
	char key[640];
	int r = class_text(key, sizeof(key), c);

	if (r < 0)
		return sk_err_set(err, r, NULL, "event with too long texts", NULL);
	known = json_object_get(d->classes, key);
	if (known) {
		*ret = (uint32_t)json_integer_value(known);
		return 0;
	}
	sqlite3_bind_int(st, 1, c->kind);
	sqlite3_bind_int(st, 2, c->flags);
	sqlite3_bind_int64(st, 3, c->rule);
	sqlite3_bind_int64(st, 4, c->revision);
	for (int i = 0; i < MG_CLASS_TEXTS; i++)
		sqlite3_bind_text(st, 5 + i, c->text[i], -1, SQLITE_TRANSIENT);
	r = step(d, CLS, err);
	if (r < 0)
		return r;
	d->new_class = true;
	*ret = (uint32_t)sqlite3_last_insert_rowid(d->db);
	if (json_object_set_new_nocheck(d->classes, key, json_integer(*ret)) < 0)
		return sk_err_nomem(err);
	return 0;
}

static void bind_addr(sqlite3_stmt *st, int i, const struct mg_addr *a)
{
	if (mg_addr_is_none(a))
		sqlite3_bind_null(st, i);
	else if (mg_addr_is_v4(a))
		sqlite3_bind_int64(st, i,
			((int64_t)a->b[12] << 24 | a->b[13] << 16 | a->b[14] << 8 | a->b[15]) -
				2147483648);
	else
		sqlite3_bind_blob(st, i, a->b, sizeof(a->b), SQLITE_STATIC);
}

static void bind_or_null(sqlite3_stmt *st, int i, int64_t v)
{
	if (v < 0)
		sqlite3_bind_null(st, i);
	else
		sqlite3_bind_int64(st, i, v);
}

static void bind_text_or_null(sqlite3_stmt *st, int i, const char *s)
{
	if (s)
		sqlite3_bind_text(st, i, s, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(st, i);
}

static int put_flow(struct mg_day *d, struct mg_flow *f, const struct mg_class *c,
	const json_t *extra, struct sk_err *err)
{
	sqlite3_stmt *st = d->st[FLOW];
	char *text = NULL;
	int r = class_id(d, c, &f->cls, err);

	if (r < 0)
		return r;
	if (extra && !(text = json_dumps(extra, JSON_COMPACT | JSON_SORT_KEYS)))
		return sk_err_nomem(err);
	sqlite3_bind_int64(st, 2, f->cls);
	sqlite3_bind_int64(st, 3, (int64_t)f->count);
	sqlite3_bind_int64(st, 4, f->span);
	bind_addr(st, 5, &f->dst);
	bind_addr(st, 6, &f->src);
	bind_or_null(st, 7, f->dport);
	bind_or_null(st, 8, f->sport);
	bind_or_null(st, 9, f->icmp);
	bind_or_null(st, 10, f->len);
	bind_or_null(st, 11, f->mac);
	if (text)
		sqlite3_bind_text(st, 12, text, -1, free);
	else
		sqlite3_bind_null(st, 12);
	bind_text_or_null(st, 13, f->entry);
	bind_text_or_null(st, 14, f->name);
	r = insert_at(d, FLOW, &d->flow_run, f->ts, err);
	if (r == 0) {
		d->add.flows++;
		d->add.blocked += c->kind == MG_KIND_DROP ? f->count : 0;
		if (c->kind == MG_KIND_DROP && !strncmp(c->text[MG_REASON], "ips", 3))
			d->add.ips_drops += f->count;
	}
	return r;
}

/* What fwd says it could not record: every number of a "lost" event. */
static uint64_t lost_in(const json_t *ev)
{
	const json_t *s = json_object_get(ev, "sekisho");
	const char *action = json_string_value(json_object_get(s, "action"));
	const json_t *count = json_object_get(s, "count");

	if (!sk_streq(action, "lost"))
		return 0;
	return json_is_integer(count) && json_integer_value(count) > 0
		? (uint64_t)json_integer_value(count)
		: 1;
}

static int put_other(struct mg_day *d, const json_t *ev, int64_t ts, struct sk_err *err)
{
	const char *type = json_string_value(json_object_get(ev, "event_type"));
	sqlite3_stmt *st = d->st[OTHER];
	char *text = json_dumps(ev, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	int r;

	if (!text)
		return sk_err_nomem(err);
	sqlite3_bind_text(st, 2, type ? type : "unknown", -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, 3, text, -1, free);
	r = insert_at(d, OTHER, &d->other_run, ts, err);
	if (r == 0) {
		d->add.others++;
		d->add.lost += lost_in(ev);
	}
	return r;
}

/* The event without its capture, which is a column of its own. */
static char *alert_text(const json_t *ev)
{
	json_t *s = json_object_get(ev, "sekisho"), *copy, *own;
	char *text;

	if (!json_object_get(s, "pcap"))
		return json_dumps(ev, JSON_COMPACT | JSON_SORT_KEYS);
	copy = json_copy((json_t *)ev);
	own = json_copy(s);
	if (own)
		json_object_del(own, "pcap");
	if (!copy || !own || json_object_set_new(copy, "sekisho", own) < 0) {
		json_decref(copy);
		return NULL;
	}
	text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(copy);
	return text;
}

/* The capture, if the day still takes it. */
static void bind_pcap(struct mg_day *d, sqlite3_stmt *st, const char *base64)
{
	size_t len = 0;
	void *p = NULL;

	sqlite3_bind_null(st, 12);
	if (!base64)
		return;
	if (d->pcap_bytes < MG_ALERT_PCAP_DAY)
		p = mg_alert_unbase64(base64, &len);
	if (!p) {
		d->add.pcaps_left_out++;
		return;
	}
	sqlite3_bind_blob(st, 12, p, (int)len, free);
	d->add.pcap_bytes += len;
	d->pcap_bytes += (int64_t)len;
}

static int put_alert(struct mg_day *d, const json_t *ev, const struct mg_alert_cols *c, int64_t ts,
	struct sk_err *err)
{
	sqlite3_stmt *st = d->st[ALERT];
	char *text = alert_text(ev);
	int r;

	if (!text)
		return sk_err_nomem(err);
	sqlite3_bind_int64(st, 1, ts);
	sqlite3_bind_int64(st, 2, (int64_t)c->count);
	sqlite3_bind_int64(st, 3, c->gid);
	sqlite3_bind_int64(st, 4, c->sid);
	sqlite3_bind_int64(st, 5, c->severity);
	sqlite3_bind_text(st, 6, c->decision, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, 7, c->class, -1, SQLITE_TRANSIENT);
	bind_addr(st, 8, &c->src);
	bind_addr(st, 9, &c->dst);
	sqlite3_bind_text(st, 10, c->msg, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(st, 11, text, -1, free);
	bind_pcap(d, st, c->pcap);
	r = step(d, ALERT, err);
	if (r == 0)
		d->add.alerts++;
	sqlite3_clear_bindings(st);
	return r;
}

int mg_day_put(struct mg_day *d, const json_t *ev, int64_t ts, struct sk_err *err)
{
	struct mg_alert_cols alert;
	struct mg_flow f;
	struct mg_class c;
	json_t *extra = NULL;
	int r = mg_flow_decode(ev, &f, &c, &extra);

	if (r == -ENOENT && mg_alert_decode(ev, &alert) == 0)
		return put_alert(d, ev, &alert, ts, err);
	if (r == -ENOENT)
		return put_other(d, ev, ts, err);
	if (r < 0)
		return sk_err_nomem(err);
	if (f.ts != ts) {
		/* Filed under another time; what it said itself is kept. */
		if (f.ts > 0 && !extra)
			extra = json_object();
		if (f.ts > 0 && json_object_set_new(extra, "ts", json_integer(f.ts)) < 0)
			return sk_err_nomem(err);
		f.ts = ts;
		f.span = 0;
	}
	r = put_flow(d, &f, &c, extra, err);
	json_decref(extra);
	return r;
}

int mg_day_mark(const struct mg_day *d, const char *instance, uint64_t *ret, struct sk_err *err)
{
	sqlite3_stmt *st = d->st[MARK];
	int rc;

	sqlite3_bind_text(st, 1, instance, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	*ret = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : mg_sql_fail(d->db, d->path, err);
}

static int add_meta(struct mg_day *d, const char *key, uint64_t v, struct sk_err *err)
{
	if (v == 0)
		return 0;
	sqlite3_bind_text(d->st[META], 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_int64(d->st[META], 2, (int64_t)v);
	return step(d, META, err);
}

int mg_day_commit(
	struct mg_day *d, const char *instance, uint64_t mark, bool done, struct sk_err *err)
{
	int r = 0;

	if (instance) {
		sqlite3_bind_text(d->st[SEQ], 1, instance, -1, SQLITE_STATIC);
		sqlite3_bind_int64(d->st[SEQ], 2, (int64_t)mark);
		sqlite3_bind_int64(d->st[SEQ], 3, done ? (int64_t)mark : 0);
		r = step(d, SEQ, err);
	}
	if (r == 0)
		r = add_meta(d, "flows", d->add.flows, err);
	if (r == 0)
		r = add_meta(d, "others", d->add.others, err);
	if (r == 0)
		r = add_meta(d, "blocked", d->add.blocked, err);
	if (r == 0)
		r = add_meta(d, "lost", d->add.lost, err);
	if (r == 0)
		r = add_meta(d, "alerts", d->add.alerts, err);
	if (r == 0)
		r = add_meta(d, "ips_drops", d->add.ips_drops, err);
	if (r == 0)
		r = add_meta(d, "pcap_bytes", d->add.pcap_bytes, err);
	if (r == 0)
		r = add_meta(d, "pcaps_left_out", d->add.pcaps_left_out, err);
	/* Late events make the rollups of a finished day wrong until it is sealed again. */
	if (r == 0 && d->add.flows > 0)
		r = mg_sql_exec(
			d->db, d->path, "UPDATE meta SET v=0 WHERE k='sealed' AND v<>0", err);
	if (r == 0)
		r = mg_sql_exec(d->db, d->path, "COMMIT", err);
	if (r == 0)
		d->open = false;
	return r;
}

void mg_day_rollback(struct mg_day *d)
{
	if (!d->open)
		return;
	sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	d->open = false;
	d->pcap_bytes -= (int64_t)d->add.pcap_bytes;
	d->flow_run = d->other_run = (struct run){0};
	if (d->new_class) {
		json_object_clear(d->classes);
		load_classes(d, NULL);
	}
}

const struct mg_day_counts *mg_day_added(const struct mg_day *d)
{
	return &d->add;
}
