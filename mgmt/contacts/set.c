// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contacts in memory, sorted, for a look-up of each entry of a fetched list. Loaded in a process
 * that never had the file open for writing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/contacts/private.h"
#include "mgmt/events/sql.h"

#define COVERED_MAX 10000 /* counted of one entry: beyond, it is too wide anyhow */

struct item {
	uint32_t at; /* of its value in bytes */
	uint16_t len;
	uint32_t devices, days;
	uint64_t count;
	int64_t last;
};

/* One kind's, sorted by the bytes of the value. */
struct list {
	struct item *v;
	size_t n, cap;
};

struct mg_contacts_set {
	struct list lists[3]; /* '4', '6', 'd' */
	uint8_t *bytes;
	size_t n_bytes, cap_bytes;
};

static int index_of(int kind)
{
	return kind == '4' ? 0 : kind == '6' ? 1 : 2;
}

static int add(struct mg_contacts_set *s, sqlite3_stmt *st)
{
	int kind = sqlite3_column_int(st, 0);
	const void *value = sqlite3_column_blob(st, 1);
	int len = sqlite3_column_bytes(st, 1);
	struct list *l = &s->lists[index_of(kind)];
	size_t want = kind == '4' ? 4 : kind == '6' ? 16 : 0;

	if (!value || len > MG_NAME_MAX || (want && (size_t)len != want) ||
		(!want && kind != 'd') || s->n_bytes > UINT32_MAX - MG_NAME_MAX)
		return -EUCLEAN;
	if (sk_grow(&l->v, &l->cap, l->n + 1, sizeof(*l->v)) < 0 ||
		sk_grow(&s->bytes, &s->cap_bytes, s->n_bytes + (size_t)len, 1) < 0)
		return -ENOMEM;
	memcpy(s->bytes + s->n_bytes, value, (size_t)len);
	l->v[l->n++] = (struct item){.at = (uint32_t)s->n_bytes,
		.len = (uint16_t)len,
		.devices = (uint32_t)sqlite3_column_int64(st, 2),
		.count = (uint64_t)sqlite3_column_int64(st, 3),
		.days = (uint32_t)sqlite3_column_int64(st, 4),
		.last = sqlite3_column_int64(st, 5)};
	s->n_bytes += (size_t)len;
	return 0;
}

static int load(struct mg_contacts_set *s, const char *path, int64_t since, struct sk_err *err)
{
	_cleanup_(mg_sql_closep) sqlite3 *db = NULL;
	_cleanup_(mg_sql_finalizep) sqlite3_stmt *st = NULL;
	int64_t version = 0;
	int rc = SQLITE_DONE, r;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) !=
		SQLITE_OK)
		return mg_sql_fail(db, path, err);
	sqlite3_busy_timeout(db, 5000);
	r = mg_sql_int(db, path, "PRAGMA user_version", &version, err);
	if (r < 0 || version == 0)
		return r; /* made this moment: nothing in it yet */
	r = mg_sql_prepare(db, path,
		"SELECT kind, value, count(*), sum(count), max(days), max(last) FROM contact"
		" WHERE last>=?1 GROUP BY kind, value ORDER BY kind, value",
		&st, err);
	if (r < 0)
		return r;
	sqlite3_bind_int64(st, 1, since);
	while (r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		r = add(s, st);
	if (r == -ENOMEM)
		return sk_err_nomem(err);
	if (r < 0)
		return sk_err_set(err, r, NULL, "%s: damaged row", "%s: 壊れた行があります", path);
	return rc == SQLITE_DONE ? 0 : mg_sql_fail(db, path, err);
}

int mg_contacts_load(
	struct mg_contacts_set **ret, const char *path, int64_t since, struct sk_err *err)
{
	struct mg_contacts_set *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return sk_err_nomem(err);
	if (access(path, F_OK) == 0)
		r = load(s, path, since, err);
	if (r < 0) {
		mg_contacts_unload(s);
		return r;
	}
	*ret = s;
	return 0;
}

void mg_contacts_unload(struct mg_contacts_set *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SK_ARRAY_SIZE(s->lists); i++)
		free(s->lists[i].v);
	free(s->bytes);
	free(s);
}

size_t mg_contacts_count(const struct mg_contacts_set *s)
{
	return s->lists[0].n + s->lists[1].n + s->lists[2].n;
}

/* ---- looking up ---- */

struct search {
	const struct mg_contacts_set *s;
	const struct list *l;
	struct mg_contacts_hit *hit;
	const struct item *newest;
};

static int compare(const struct mg_contacts_set *s, const struct item *a, const void *b, size_t n)
{
	int r = memcmp(s->bytes + a->at, b, SK_MIN((size_t)a->len, n));

	return r ? r : (int)a->len - (int)n;
}

/* The first item that is not before the value. */
static size_t lower(const struct search *q, const void *b, size_t n)
{
	size_t lo = 0, hi = q->l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare(q->s, &q->l->v[mid], b, n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void count(struct search *q, const struct item *it)
{
	q->hit->contacts++;
	if (!q->newest || it->last > q->newest->last)
		q->newest = it;
}

/* Those from lo up to and with hi. */
static void cover_range(struct search *q, const void *lo, const void *hi, size_t n)
{
	for (size_t i = lower(q, lo, n); i < q->l->n && q->hit->contacts < COVERED_MAX &&
		compare(q->s, &q->l->v[i], hi, n) <= 0;
		i++)
		count(q, &q->l->v[i]);
}

static void cover_name(struct search *q, const struct sk_bl_entry *e)
{
	uint8_t rev[MG_NAME_MAX + 1];
	size_t i;

	if (e->len == 0 || e->len > MG_NAME_MAX)
		return;
	mg_name_reverse(e->value, e->len, rev);
	i = lower(q, rev, e->len);
	if (i < q->l->n && compare(q->s, &q->l->v[i], rev, e->len) == 0)
		count(q, &q->l->v[i]);
	if (e->kind != SK_BL_SUFFIX)
		return;
	rev[e->len] = '.';
	for (i = lower(q, rev, e->len + 1);
		i < q->l->n && q->hit->contacts < COVERED_MAX && q->l->v[i].len > e->len + 1 &&
		memcmp(q->s->bytes + q->l->v[i].at, rev, e->len + 1) == 0;
		i++)
		count(q, &q->l->v[i]);
}

bool mg_contacts_hit(
	const struct mg_contacts_set *s, const struct sk_bl_entry *e, struct mg_contacts_hit *ret)
{
	struct mg_contacts_hit hit = {0};
	struct search q = {.s = s, .hit = &hit};
	uint8_t lo[16], hi[16];

	if (e->kind == SK_BL_ADDR4 || e->kind == SK_BL_ADDR6) {
		q.l = &s->lists[e->kind == SK_BL_ADDR4 ? 0 : 1];
		mg_contact_put_addr(e->kind, e->hi, hi);
		cover_range(&q, lo, hi, mg_contact_put_addr(e->kind, e->lo, lo));
	} else if (e->kind == SK_BL_DOMAIN || e->kind == SK_BL_SUFFIX) {
		q.l = &s->lists[2];
		cover_name(&q, e);
	}
	if (!q.newest)
		return false;
	if (ret) {
		mg_contact_text(q.l == &s->lists[0]   ? '4'
				: q.l == &s->lists[1] ? '6'
						      : 'd',
			s->bytes + q.newest->at, q.newest->len, hit.value);
		hit.count = q.newest->count;
		hit.devices = q.newest->devices;
		hit.days = q.newest->days;
		hit.last = q.newest->last;
		*ret = hit;
	}
	return true;
}
