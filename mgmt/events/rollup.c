// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sealing a day: one pass over its rows counts all dimensions, then one transaction replaces the
 * old rollup, provided no event came in between. Called by retention.c, hourly.
 */
#include "mgmt/events/rollup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/events/agg.h"
#include "mgmt/events/files.h"
#include "mgmt/events/reader.h"
#include "mgmt/events/sql.h"

#define US 1000000

struct seal {
	char path[PATH_MAX];
	struct mg_reader *reader;
	struct mg_agg *agg[MG_DIMS][MG_KINDS];
	unsigned dims; /* still counted */
	int64_t rows;  /* of the snapshot that is counted */
	sqlite3 *db;
};

static void seal_done(struct seal *s)
{
	for (int d = 0; d < MG_DIMS; d++)
		for (int k = 0; k < MG_KINDS; k++)
			mg_agg_free(s->agg[d][k]);
	mg_reader_close(s->reader);
	sqlite3_close_v2(s->db);
}

/* The port and the protocol's text in one key; false when the text does not fit. */
static bool port_key(struct mg_key *key, int32_t dport, const char *proto)
{
	size_t len = strlen(proto);

	memset(key, 0, sizeof(*key));
	if (len > sizeof(key->b) - sizeof(dport))
		return false;
	memcpy(key->b, &dport, sizeof(dport));
	memcpy(key->b + sizeof(dport), proto, len);
	return true;
}

static void number_key(struct mg_key *key, int64_t v)
{
	memset(key, 0, sizeof(*key));
	memcpy(key->b, &v, sizeof(v));
}

static int count_dim(struct seal *s, enum mg_dim dim, const struct mg_flow *f, uint64_t peer)
{
	const struct mg_class *c = mg_reader_class(s->reader, f->cls);
	struct mg_key key;
	bool fits = true;
	int r = -E2BIG;

	switch (dim) {
	case MG_DIM_SOURCE: memcpy(key.b, f->src.b, sizeof(key.b)); break;
	case MG_DIM_DESTINATION: memcpy(key.b, f->dst.b, sizeof(key.b)); break;
	case MG_DIM_PORT: fits = port_key(&key, f->dport, c->text[MG_PROTO]); break;
	case MG_DIM_CLASS: number_key(&key, f->cls); break;
	default: number_key(&key, f->ts / US / MG_SLOT_SECONDS * MG_SLOT_SECONDS); break;
	}
	if (fits)
		r = mg_agg_add(s->agg[dim][c->kind], &key, f->count, f->ts - f->span, f->ts, &peer);
	if (r == -E2BIG) {
		s->dims &= ~(1u << dim);
		r = 0;
	}
	return r;
}

static int count_row(const struct mg_flow *f, void *arg)
{
	struct seal *s = arg;
	uint64_t src = mg_peer_hash(f->src.b), dst = mg_peer_hash(f->dst.b);
	int r = 0;

	for (int d = 0; r == 0 && d < MG_DIMS; d++)
		if (s->dims & 1u << d)
			r = count_dim(s, (enum mg_dim)d, f, d == MG_DIM_SOURCE ? dst : src);
	return r;
}

static int count_all(struct seal *s, struct sk_err *err)
{
	struct mg_scan scan = {.from = 0,
		.to = INT64_MAX,
		.want = MG_WANT_SRC | MG_WANT_DST | MG_WANT_DPORT,
		.dport = -1};
	size_t cap = (size_t)SK_MIN(SK_MAX(s->rows / 4, MG_ROLLUP_KEYS_MIN), MG_ROLLUP_KEYS_MAX);
	int r;

	for (int d = 0; d < MG_DIMS; d++)
		for (int k = 0; k < MG_KINDS; k++)
			if (!(s->agg[d][k] = mg_agg_new(cap)))
				return sk_err_nomem(err);
	s->dims = (1u << MG_DIMS) - 1;
	r = mg_reader_scan(s->reader, &scan, count_row, s, err);
	return r == -ENOMEM ? sk_err_nomem(err) : r;
}

/* Near the order of the table, which makes the insertion fast. */
static int by_key(const void *a, const void *b)
{
	const struct mg_agg_entry *x = a, *y = b;

	return memcmp(x->key.b, y->key.b, sizeof(x->key.b));
}

static void bind_key(sqlite3_stmt *st, enum mg_dim dim, const struct mg_key *key)
{
	int64_t v;
	int32_t dport;
	char text[40];

	switch (dim) {
	case MG_DIM_SOURCE:
	case MG_DIM_DESTINATION:
		if (mg_addr_is_v4((const struct mg_addr *)key))
			sqlite3_bind_int64(st, 3,
				((int64_t)key->b[12] << 24 | key->b[13] << 16 | key->b[14] << 8 |
					key->b[15]) -
					2147483648);
		else /* "none" too, as all ones: the key cannot be NULL */
			sqlite3_bind_blob(st, 3, key->b, sizeof(key->b), SQLITE_TRANSIENT);
		return;
	case MG_DIM_PORT:
		memcpy(&dport, key->b, sizeof(dport));
		if (dport < 0)
			snprintf(
				text, sizeof(text), "%.12s/", (const char *)key->b + sizeof(dport));
		else
			snprintf(text, sizeof(text), "%.12s/%d",
				(const char *)key->b + sizeof(dport), dport);
		sqlite3_bind_text(st, 3, text, -1, SQLITE_TRANSIENT);
		return;
	default: memcpy(&v, key->b, sizeof(v)); sqlite3_bind_int64(st, 3, v);
	}
}

static int write_dim(
	struct seal *s, sqlite3_stmt *st, enum mg_dim dim, enum mg_kind kind, struct sk_err *err)
{
	struct sk_buf peers;
	size_t n;
	struct mg_agg_entry *e = mg_agg_entries(s->agg[dim][kind], &n);
	int r = 0;

	if (n > 0)
		qsort(e, n, sizeof(*e), by_key);
	sk_buf_init(&peers, 4096);
	for (size_t i = 0; r == 0 && i < n; i++) {
		sk_buf_reset(&peers);
		mg_sketch_encode(&e[i].peers, &peers);
		sqlite3_bind_int(st, 1, dim);
		sqlite3_bind_int(st, 2, kind);
		bind_key(st, dim, &e[i].key);
		sqlite3_bind_int64(st, 4, (int64_t)e[i].count);
		sqlite3_bind_int64(st, 5, e[i].first);
		sqlite3_bind_int64(st, 6, e[i].last);
		sqlite3_bind_blob(st, 7, sk_buf_str(&peers), (int)peers.len, SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_DONE)
			r = mg_sql_fail(s->db, s->path, err);
		sqlite3_reset(st);
		if (r == 0 && sk_buf_error(&peers))
			r = sk_err_nomem(err);
	}
	sk_buf_done(&peers);
	return r;
}

static int write_rows(struct seal *s, struct sk_err *err)
{
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	char sql[160];
	int r = mg_sql_prepare(
		s->db, s->path, "INSERT INTO roll VALUES(?1,?2,?3,?4,?5,?6,?7)", &st, err);

	for (int d = 0; r == 0 && d < MG_DIMS; d++)
		for (int k = 0; r == 0 && k < MG_KINDS; k++)
			if (s->dims & 1u << d)
				r = write_dim(s, st, (enum mg_dim)d, (enum mg_kind)k, err);
	if (r < 0)
		return r;
	snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO meta VALUES('dims',%u),('sealed',1)",
		s->dims);
	return mg_sql_exec(s->db, s->path, sql, err);
}

static int write_all(struct seal *s, struct sk_err *err)
{
	int64_t rows = 0;
	int r;

	if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return mg_sql_fail(s->db, s->path, err);
	sqlite3_busy_timeout(s->db, 1000);
	r = mg_sql_exec(s->db, s->path, "PRAGMA synchronous=FULL; BEGIN IMMEDIATE", err);
	if (r == 0)
		r = mg_sql_int(s->db, s->path, "SELECT v FROM meta WHERE k='flows'", &rows, err);
	if (r == 0 && rows != s->rows)
		return sk_err_set(err, -EAGAIN, NULL, "%s: events came while it was summed up",
			"%s: 集計中に事象が届きました", s->path);
	if (r == 0)
		r = mg_sql_exec(s->db, s->path, "DELETE FROM roll", err);
	if (r == 0)
		r = write_rows(s, err);
	if (r == 0)
		r = mg_sql_exec(s->db, s->path, "COMMIT", err);
	/* One plain file from now on. While a reader holds the log it stays, which harms nothing.
	 */
	if (r == 0 &&
		sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
			SQLITE_OK)
		sqlite3_exec(s->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
	return r;
}

int mg_rollup_seal(const char *dir, int date, struct sk_err *err)
{
	struct seal s = {.dims = 0};
	int r = mg_day_path(s.path, sizeof(s.path), dir, date);

	if (r < 0)
		return sk_err_set(err, r, NULL, "%s: too long", "%s: 長すぎます", dir);
	r = mg_reader_open(&s.reader, s.path, err);
	if (r == 0 && mg_reader_meta(s.reader, "sealed") != 1) {
		s.rows = mg_reader_meta(s.reader, "flows");
		r = count_all(&s, err);
		/* The snapshot is no longer needed and would hold the log's end. */
		mg_reader_close(s.reader);
		s.reader = NULL;
		if (r == 0)
			r = write_all(&s, err);
	}
	seal_done(&s);
	return r;
}
