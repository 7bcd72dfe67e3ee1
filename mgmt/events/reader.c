// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading one day's file. Everything read is checked as input from outside: a damaged file gives an
 * error naming it, never a wrong row that looks right where SQLite can tell.
 */
#include "mgmt/events/reader.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/events/sql.h"

#define CLASS_MAX 1000000

struct mg_reader {
	char path[PATH_MAX];
	sqlite3 *db;
	struct mg_class *classes; /* by id */
	char **texts;             /* by id, MG_CLASS_TEXTS strings one after the other */
	size_t n_classes, cap_classes, cap_texts;
	int64_t first, last;
	int64_t dims;    /* 0 unless sealed */
	int64_t version; /* of its format */
	bool ready;      /* it has its tables */
};

static int add_class(struct mg_reader *r, sqlite3_stmt *st)
{
	int64_t id = sqlite3_column_int64(st, 0);
	struct mg_class *c;
	size_t len = 0;
	char *p;

	if (id < 1 || id > CLASS_MAX)
		return -EUCLEAN;
	if (sk_grow(&r->classes, &r->cap_classes, (size_t)id + 1, sizeof(*r->classes)) < 0 ||
		sk_grow(&r->texts, &r->cap_texts, (size_t)id + 1, sizeof(*r->texts)) < 0)
		return -ENOMEM;
	for (; r->n_classes <= (size_t)id; r->n_classes++) {
		r->classes[r->n_classes] = (struct mg_class){.text = {NULL}};
		r->texts[r->n_classes] = NULL;
	}
	/* A column that the file's version does not have yet is empty. */
	for (int i = 0; i < MG_CLASS_TEXTS; i++)
		len += (size_t)sqlite3_column_bytes(st, 5 + i) + 1;
	p = malloc(len);
	if (!p)
		return -ENOMEM;
	free(r->texts[id]);
	r->texts[id] = p;
	c = &r->classes[id];
	*c = (struct mg_class){.kind = (uint8_t)sqlite3_column_int(st, 1),
		.flags = (uint8_t)sqlite3_column_int(st, 2),
		.rule = (uint32_t)sqlite3_column_int64(st, 3),
		.revision = (uint32_t)sqlite3_column_int64(st, 4)};
	for (int i = 0; i < MG_CLASS_TEXTS; i++) {
		const char *s = (const char *)sqlite3_column_text(st, 5 + i);
		size_t n = (size_t)sqlite3_column_bytes(st, 5 + i);

		c->text[i] = p;
		if (n > 0)
			memcpy(p, s, n);
		p[n] = '\0';
		p += n + 1;
	}
	return c->kind < MG_KINDS ? 0 : -EUCLEAN;
}

static int load_classes(struct mg_reader *r, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int ret = mg_sql_prepare(r->db, r->path, "SELECT * FROM cls", &st, err), rc = SQLITE_DONE;

	while (ret == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		ret = add_class(r, st);
		if (ret < 0)
			return sk_err_set(
				err, ret, NULL, "%s: damaged class", "%s: 壊れています", r->path);
	}
	if (ret == 0 && rc != SQLITE_DONE)
		ret = mg_sql_fail(r->db, r->path, err);
	return ret;
}

static int load(struct mg_reader *r, struct sk_err *err)
{
	int ret = mg_sql_exec(r->db, r->path, "PRAGMA trusted_schema=OFF; BEGIN", err);

	if (ret == 0)
		ret = mg_sql_int(r->db, r->path, "PRAGMA user_version", &r->version, err);
	if (ret == 0 && r->version == 0)
		return -ENODATA; /* made this moment, or by a crash: nothing in it yet */
	if (ret == 0 && (r->version < 0 || r->version > MG_DAY_VERSION))
		return sk_err_set(err, -EUCLEAN, NULL, "%s: format %d is not known here",
			"%s: 形式 %d には対応していません", r->path, (int)r->version);
	if (ret == 0)
		ret = load_classes(r, err);
	if (ret == 0)
		ret = mg_sql_int(r->db, r->path, "SELECT min(ts) FROM flow", &r->first, err);
	if (ret == 0)
		ret = mg_sql_int(r->db, r->path, "SELECT max(ts) FROM flow", &r->last, err);
	r->ready = ret == 0;
	if (ret == 0 && mg_reader_meta(r, "sealed") == 1)
		r->dims = mg_reader_meta(r, "dims");
	return ret;
}

int mg_reader_open(struct mg_reader **ret, const char *path, struct sk_err *err)
{
	struct mg_reader *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return sk_err_nomem(err);
	snprintf(r->path, sizeof(r->path), "%s", path);
	if (sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK) {
		code = mg_sql_fail(r->db, path, err);
	} else {
		sqlite3_extended_result_codes(r->db, 1);
		sqlite3_busy_timeout(r->db, 5000);
		code = load(r, err);
	}
	if (code < 0 && code != -ENODATA) {
		mg_reader_close(r);
		return code;
	}
	*ret = r;
	return 0;
}

void mg_reader_close(struct mg_reader *r)
{
	if (!r)
		return;
	sqlite3_close_v2(r->db);
	for (size_t i = 0; i < r->n_classes; i++)
		free(r->texts[i]);
	free(r->texts);
	free(r->classes);
	free(r);
}

const struct mg_class *mg_reader_class(const struct mg_reader *r, uint32_t id)
{
	return id < r->n_classes && r->texts[id] ? &r->classes[id] : NULL;
}

uint32_t mg_reader_class_max(const struct mg_reader *r)
{
	return r->n_classes ? (uint32_t)r->n_classes - 1 : 0;
}

void mg_reader_range(const struct mg_reader *r, int64_t *first, int64_t *last)
{
	*first = r->first;
	*last = r->last;
}

int64_t mg_reader_meta(const struct mg_reader *r, const char *key)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;

	if (sqlite3_prepare_v2(r->db, "SELECT v FROM meta WHERE k=?1", -1, &st, NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_text(st, 1, key, -1, SQLITE_STATIC);
	return sqlite3_step(st) == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
}

bool mg_reader_rolled(const struct mg_reader *r, enum mg_dim dim)
{
	return (r->dims >> dim & 1) != 0;
}

int mg_reader_instances(struct mg_reader *r,
	int (*fn)(const char *instance, uint64_t done, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int rc = SQLITE_DONE, code;

	if (!r->ready)
		return 0;
	code = mg_sql_prepare(r->db, r->path, "SELECT instance, done FROM seq", &st, err);
	while (code == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *instance = (const char *)sqlite3_column_text(st, 0);

		code = fn(instance ? instance : "", (uint64_t)sqlite3_column_int64(st, 1), arg);
	}
	if (code == 0 && rc != SQLITE_DONE)
		code = mg_sql_fail(r->db, r->path, err);
	return code;
}

static int get_addr(sqlite3_stmt *st, int i, struct mg_addr *ret)
{
	static const struct mg_addr v4 = {{[10] = 0xff, [11] = 0xff}};
	int64_t v;

	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER:
		v = sqlite3_column_int64(st, i) + 2147483648;
		*ret = v4;
		for (int k = 0; k < 4; k++)
			ret->b[12 + k] = (uint8_t)(v >> (24 - 8 * k));
		return 0;
	case SQLITE_BLOB:
		if (sqlite3_column_bytes(st, i) != 16)
			return -EUCLEAN;
		memcpy(ret->b, sqlite3_column_blob(st, i), 16);
		return 0;
	case SQLITE_NULL: memset(ret->b, 0xff, 16); return 0;
	default: return -EUCLEAN;
	}
}

static void bind_addr(sqlite3_stmt *st, int i, const struct mg_addr *a)
{
	int64_t v = (int64_t)a->b[12] << 24 | a->b[13] << 16 | a->b[14] << 8 | a->b[15];

	if (mg_addr_is_v4(a))
		sqlite3_bind_int64(st, i, v - 2147483648);
	else
		sqlite3_bind_blob(st, i, a->b, 16, SQLITE_TRANSIENT);
}

static int32_t int_or_none(sqlite3_stmt *st, int i)
{
	return sqlite3_column_type(st, i) == SQLITE_NULL ? -1 : sqlite3_column_int(st, i);
}

/* The columns after ts, cls, count, span are those of want, in the order of the table. */
static int get_flow(sqlite3_stmt *st, unsigned want, struct mg_flow *f)
{
	int i = 4, r = 0;

	f->ts = sqlite3_column_int64(st, 0);
	f->cls = (uint32_t)sqlite3_column_int64(st, 1);
	f->count = (uint64_t)sqlite3_column_int64(st, 2);
	f->span = sqlite3_column_int64(st, 3);
	if (want & MG_WANT_DST)
		r = get_addr(st, i++, &f->dst);
	if (r == 0 && (want & MG_WANT_SRC))
		r = get_addr(st, i++, &f->src);
	if (want & MG_WANT_DPORT)
		f->dport = int_or_none(st, i++);
	if (want & MG_WANT_ALL) {
		f->sport = int_or_none(st, i);
		f->icmp = int_or_none(st, i + 1);
		f->len = int_or_none(st, i + 2);
		f->mac = sqlite3_column_type(st, i + 3) == SQLITE_NULL
			? -1
			: sqlite3_column_int64(st, i + 3);
		f->extra = (const char *)sqlite3_column_text(st, i + 4);
		i += 5;
	} else if (want & MG_WANT_MAC) {
		f->mac = sqlite3_column_type(st, i) == SQLITE_NULL ? -1
								   : sqlite3_column_int64(st, i);
		i++;
	}
	if (want & MG_WANT_LISTED) {
		f->entry = (const char *)sqlite3_column_text(st, i);
		f->name = (const char *)sqlite3_column_text(st, i + 1);
	}
	return r;
}

static int prepare_scan(struct mg_reader *r, const struct mg_scan *s, unsigned want,
	sqlite3_stmt **ret, struct sk_err *err)
{
	char sql[600];
	int code;

	snprintf(sql, sizeof(sql),
		"SELECT ts,cls,count,span%s%s%s%s%s FROM flow%s WHERE ts>=?1 AND ts<?2%s%s%s%s%s%s",
		want & MG_WANT_DST ? ",dst" : "", want & MG_WANT_SRC ? ",src" : "",
		want & MG_WANT_DPORT ? ",dport" : "",
		want & MG_WANT_ALL           ? ",sport,icmp,len,mac,extra"
			: want & MG_WANT_MAC ? ",mac"
					     : "",
		want & MG_WANT_LISTED ? ",entry,name" : "",
		s->listed ? " INDEXED BY flow_listed" : "",
		s->src ? " AND src BETWEEN ?3 AND ?4" : "",
		s->dst ? " AND dst BETWEEN ?5 AND ?6" : "", s->dport >= 0 ? " AND dport=?7" : "",
		s->entry            ? " AND entry=?8"
			: s->listed ? " AND entry IS NOT NULL"
				    : "",
		s->seen ? " AND (entry=?9 OR name=?9)" : "",
		s->newest_first ? " ORDER BY ts DESC" : "");
	code = mg_sql_prepare(r->db, r->path, sql, ret, err);
	if (code < 0)
		return code;
	sqlite3_bind_int64(*ret, 1, s->from);
	sqlite3_bind_int64(*ret, 2, s->to);
	if (s->src) {
		bind_addr(*ret, 3, &s->src->lo);
		bind_addr(*ret, 4, &s->src->hi);
	}
	if (s->dst) {
		bind_addr(*ret, 5, &s->dst->lo);
		bind_addr(*ret, 6, &s->dst->hi);
	}
	if (s->dport >= 0)
		sqlite3_bind_int(*ret, 7, s->dport);
	if (s->entry)
		sqlite3_bind_text(*ret, 8, s->entry, -1, SQLITE_TRANSIENT);
	if (s->seen)
		sqlite3_bind_text(*ret, 9, s->seen, -1, SQLITE_TRANSIENT);
	return 0;
}

static int damaged_row(const struct mg_reader *r, struct sk_err *err)
{
	return sk_err_set(
		err, -EUCLEAN, NULL, "%s: damaged row", "%s: 壊れた行があります", r->path);
}

int mg_reader_scan(struct mg_reader *r, const struct mg_scan *s,
	int (*fn)(const struct mg_flow *f, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	unsigned want = s->want;
	int rc = SQLITE_DONE, code;

	/* Before version 2 nothing was kept of blocklists. */
	if (r->n_classes == 0 || (s->listed && r->version < 2))
		return 0;
	if (want & MG_WANT_ALL)
		want |= MG_WANT_DST | MG_WANT_SRC | MG_WANT_DPORT | MG_WANT_LISTED;
	if (r->version < 2)
		want &= ~MG_WANT_LISTED;
	code = prepare_scan(r, s, want, &st, err);
	while (code == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct mg_flow f = {.mac = -1, .sport = -1, .dport = -1, .icmp = -1, .len = -1};

		f.cls = (uint32_t)sqlite3_column_int64(st, 1);
		if (!mg_reader_class(r, f.cls))
			return damaged_row(r, err);
		if (s->classes && !s->classes[f.cls])
			continue;
		if (get_flow(st, want, &f) < 0)
			return damaged_row(r, err);
		code = fn(&f, arg);
	}
	if (code == 0 && rc != SQLITE_DONE)
		code = mg_sql_fail(r->db, r->path, err);
	return code;
}

static int get_roll_row(sqlite3_stmt *st, enum mg_dim dim, struct mg_roll_row *row)
{
	*row = (struct mg_roll_row){.count = (uint64_t)sqlite3_column_int64(st, 1),
		.first = sqlite3_column_int64(st, 2),
		.last = sqlite3_column_int64(st, 3),
		.peers = sqlite3_column_blob(st, 4),
		.peers_len = (size_t)sqlite3_column_bytes(st, 4),
		.text = ""};
	if (dim == MG_DIM_SOURCE || dim == MG_DIM_DESTINATION)
		return get_addr(st, 0, &row->addr);
	if (dim == MG_DIM_PORT)
		row->text = (const char *)sqlite3_column_text(st, 0);
	else
		row->number = sqlite3_column_int64(st, 0);
	return row->text ? 0 : -EUCLEAN;
}

int mg_reader_rollup(struct mg_reader *r, enum mg_dim dim, enum mg_kind kind,
	const struct mg_range *addr, int (*fn)(const struct mg_roll_row *row, void *arg), void *arg,
	struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	char sql[200];
	int rc = SQLITE_DONE, code;

	snprintf(sql, sizeof(sql),
		"SELECT key,count,first,last,peers FROM roll WHERE dim=?1 AND kind=?2%s",
		addr ? " AND key BETWEEN ?3 AND ?4" : "");
	code = mg_sql_prepare(r->db, r->path, sql, &st, err);
	if (code < 0)
		return code;
	sqlite3_bind_int(st, 1, dim);
	sqlite3_bind_int(st, 2, kind);
	if (addr) {
		bind_addr(st, 3, &addr->lo);
		bind_addr(st, 4, &addr->hi);
	}
	while (code == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct mg_roll_row row;

		if (get_roll_row(st, dim, &row) < 0)
			return damaged_row(r, err);
		code = fn(&row, arg);
	}
	if (code == 0 && rc != SQLITE_DONE)
		code = mg_sql_fail(r->db, r->path, err);
	return code;
}
