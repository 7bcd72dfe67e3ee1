/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical list read, checked line by line, and two of them compared; see list.h. mgmtd reads
 * what sekisho-feed wrote with this: nothing is believed, not even that it ends. Pure.
 */
#include "mgmt/feeds/list.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

#define FORMAT "sekisho-feed-list"
#define HEAD_MAX 65536u
#define HASH_CHUNK (1u << 20)
/* A mark of time beyond which no list was ever made: 9999-12-31. */
#define TIME_MAX_S 253402300799

struct mg_list_reader {
	const char *begin, *p, *end;
	size_t number; /* of the line read last, from 1 */
	uint64_t entries;
	struct mg_list_head head;
	struct mg_list_entry last;
	bool any, finished;
	crypto_hash_sha256_state hash;
	const char *hashed; /* up to here */
};

struct line {
	const char *s;
	size_t n;
};

static int bad(const struct mg_list_reader *r, struct sk_err *err, const char *what)
{
	char path[32];

	snprintf(path, sizeof(path), "line[%zu]", r->number);
	return sk_err_en(err, -EINVAL, path, "%s", what);
}

static bool next_line(struct mg_list_reader *r, struct line *ret)
{
	const char *nl = memchr(r->p, '\n', (size_t)(r->end - r->p));

	if (!nl)
		return false;
	*ret = (struct line){r->p, (size_t)(nl - r->p)};
	r->p = nl + 1;
	r->number++;
	return true;
}

static void hash_to(struct mg_list_reader *r, const char *to)
{
	crypto_hash_sha256_update(
		&r->hash, (const uint8_t *)r->hashed, (unsigned long long)(to - r->hashed));
	r->hashed = to;
}

/* ---- the first line ----
 */
static int count_of(const json_t *v, const char *key, uint64_t *ret, struct sk_err *err)
{
	int64_t n;
	int r = sk_json_int(v, key, true, &n, err);

	if (r < 0)
		return r;
	if (n < 0)
		return sk_err_en(err, -EINVAL, key, "is negative");
	*ret = (uint64_t)n;
	return 0;
}

static int read_fields(struct mg_list_head *h, struct sk_err *err)
{
	const char *format, *feed;
	int64_t version;
	int r = sk_json_str(h->json, "format", true, &format, err);

	if (r == 0)
		r = sk_json_int(h->json, "version", true, &version, err);
	if (r == 0 && (strcmp(format, FORMAT) != 0 || version != MG_LIST_VERSION))
		r = sk_err_en(
			err, -EINVAL, "format", "is no " FORMAT " of version %d", MG_LIST_VERSION);
	if (r == 0)
		r = sk_json_str(h->json, "feed", true, &feed, err);
	if (r == 0 && (!feed[0] || strlen(feed) >= sizeof(h->feed)))
		r = sk_err_en(err, -EINVAL, "feed", "from 1 to %d bytes", SK_BL_NAME_MAX - 1);
	if (r == 0)
		r = sk_json_int(h->json, "fetched", true, &h->fetched, err);
	if (r == 0)
		r = count_of(h->json, "entries", &h->entries, err);
	if (r == 0)
		r = count_of(h->json, "lines", &h->lines, err);
	if (r == 0)
		r = count_of(h->json, "errors", &h->errors, err);
	if (r == 0)
		r = count_of(h->json, "ignored", &h->ignored, err);
	if (r < 0)
		return -EINVAL;
	if (h->fetched < 0 || h->fetched > TIME_MAX_S)
		return sk_err_en(err, -EINVAL, "fetched", "is no time");
	memcpy(h->feed, feed, strlen(feed) + 1);
	return 0;
}

static int read_head(struct mg_list_reader *r, struct sk_err *err)
{
	struct line l;

	if (!next_line(r, &l) || l.n > HEAD_MAX)
		return bad(r, err, "no first line of " FORMAT);
	r->head.json = sk_json_parse(l.s, l.n, err);
	if (!r->head.json)
		return -EINVAL;
	return read_fields(&r->head, err);
}

void mg_list_head_done(struct mg_list_head *h)
{
	if (!h)
		return;
	json_decref(h->json);
	h->json = NULL;
}

int mg_list_open(struct mg_list_reader **ret, const void *p, size_t n, struct sk_err *err)
{
	struct mg_list_reader *r;
	int code;

	if (n > MG_LIST_BYTES_MAX)
		return sk_err_en(err, -EFBIG, NULL, "the list is too large");
	r = calloc(1, sizeof(*r));
	if (!r)
		return sk_err_nomem(err);
	r->begin = r->p = r->hashed = n ? p : "";
	r->end = r->begin + n;
	crypto_hash_sha256_init(&r->hash);
	code = read_head(r, err);
	if (code < 0) {
		mg_list_close(r);
		return code;
	}
	*ret = r;
	return 0;
}

const struct mg_list_head *mg_list_head(const struct mg_list_reader *r)
{
	return &r->head;
}

void mg_list_close(struct mg_list_reader *r)
{
	if (!r)
		return;
	mg_list_head_done(&r->head);
	free(r);
}

/* ---- entries ----
 */
static bool is_addr(enum sk_bl_kind k)
{
	return k == SK_BL_ADDR4 || k == SK_BL_ADDR6;
}

int mg_list_cmp(const struct mg_list_entry *a, const struct mg_list_entry *b)
{
	int c;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (is_addr(a->kind)) {
		if (a->lo != b->lo)
			return a->lo < b->lo ? -1 : 1;
		return (a->hi > b->hi) - (a->hi < b->hi);
	}
	c = memcmp(a->value, b->value, SK_MIN(a->len, b->len));
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static bool kind_of(char c, enum sk_bl_kind *ret)
{
	for (unsigned k = 0; k < SK_BL_KINDS; k++) {
		if (sk_bl_kind_char((enum sk_bl_kind)k) == c) {
			*ret = (enum sk_bl_kind)k;
			return true;
		}
	}
	return false;
}

static bool time_of(const char *s, size_t n, int64_t *ret)
{
	int64_t v = 0;

	if (n == 0 || n > 12 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return v <= TIME_MAX_S;
}

static bool note_fits(const char *s, size_t n)
{
	if (n > MG_LIST_NOTE_MAX || !sk_utf8_valid(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((uint8_t)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

static bool canonical(struct mg_list_entry *e)
{
	char dst[SK_BL_VALUE_MAX + 1];
	int n;

	if (is_addr(e->kind)) {
		if (sk_bl_range(e->kind, e->value, e->len, &e->lo, &e->hi) < 0)
			return false;
		n = sk_bl_range_text(e->kind, e->lo, e->hi, dst, sizeof(dst));
	} else {
		n = sk_bl_canonical(e->kind, e->value, e->len, dst, sizeof(dst));
	}
	return n > 0 && (size_t)n == e->len && memcmp(dst, e->value, e->len) == 0;
}

static int read_entry(
	struct mg_list_reader *r, const struct line *l, struct mg_list_entry *e, struct sk_err *err)
{
	const char *end = l->s + l->n, *tab[3];
	const char *p = l->s;

	*e = (struct mg_list_entry){0};
	for (int i = 0; i < 3; i++) {
		tab[i] = p < end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
		if (!tab[i])
			return bad(r, err, "is no entry of four fields");
		p = tab[i] + 1;
	}
	if (tab[0] != l->s + 1 || !kind_of(l->s[0], &e->kind))
		return bad(r, err, "is of no known kind");
	e->value = tab[0] + 1;
	e->len = (size_t)(tab[1] - e->value);
	e->note = tab[2] + 1;
	e->note_len = (size_t)(end - e->note);
	if (!canonical(e))
		return bad(r, err, "the value is not in its canonical form");
	if (!time_of(tab[1] + 1, (size_t)(tab[2] - tab[1] - 1), &e->since))
		return bad(r, err, "the third field is no time");
	if (!note_fits(e->note, e->note_len))
		return bad(r, err, "the note is too long or no plain text");
	if (r->any && mg_list_cmp(&r->last, e) >= 0)
		return bad(r, err, "is not in order, or stands twice");
	return 0;
}

/* ---- the last line ----
 */
static int read_end(struct mg_list_reader *r, const struct line *l, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	uint8_t sum[crypto_hash_sha256_BYTES];
	char hex[2 * sizeof(sum) + 1];
	const char *want;
	int64_t entries;
	json_t *end;

	v = l->n <= HEAD_MAX ? sk_json_parse(l->s, l->n, NULL) : NULL;
	if (!v || sk_json_object(v, "end", true, &end, NULL) < 0 ||
		sk_json_int(end, "entries", true, &entries, NULL) < 0 ||
		sk_json_str(end, "sha256", true, &want, NULL) < 0)
		return bad(r, err, "no last line with count and hash");
	if (r->p != r->end)
		return bad(r, err, "something follows the last line");
	if (entries < 0 || (uint64_t)entries != r->entries || r->entries != r->head.entries)
		return bad(r, err, "the number of entries is another");
	hash_to(r, l->s);
	crypto_hash_sha256_final(&r->hash, sum);
	if (strcmp(sk_hex(hex, sum, sizeof(sum)), want) != 0)
		return bad(r, err, "the hash is another");
	r->finished = true;
	return 0;
}

int mg_list_next(struct mg_list_reader *r, struct mg_list_entry *ret, struct sk_err *err)
{
	struct mg_list_entry e;
	struct line l;
	int code;

	if (r->finished)
		return 0;
	if (!next_line(r, &l))
		return bad(r, err, "the last line is missing");
	if (l.n && l.s[0] == '{')
		return read_end(r, &l, err);
	code = read_entry(r, &l, &e, err);
	if (code < 0)
		return code;
	if (r->entries >= r->head.entries)
		return bad(r, err, "more entries than the first line says");
	r->entries++;
	r->last = e;
	r->any = true;
	/* While it is in the cache. */
	if (r->p - r->hashed > (ptrdiff_t)HASH_CHUNK)
		hash_to(r, r->p);
	*ret = e;
	return 1;
}

int mg_list_check(const void *p, size_t n, struct mg_list_head *ret,
	int (*fn)(const struct mg_list_entry *e, void *arg), void *arg, struct sk_err *err)
{
	struct mg_list_reader *r = NULL;
	struct mg_list_entry e;
	int code = mg_list_open(&r, p, n, err);

	while (code == 0) {
		code = mg_list_next(r, &e, err);
		if (code <= 0)
			break;
		code = fn ? fn(&e, arg) : 0;
		if (code > 0)
			code = 0;
	}
	if (code == 0 && ret) {
		*ret = r->head;
		r->head.json = NULL;
	}
	mg_list_close(r);
	return code;
}

int mg_list_sha256(const void *p, size_t n, char ret[65])
{
	const char *s = p, *last;
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	const char *sum;
	json_t *end;

	if (n < 2 || s[n - 1] != '\n')
		return -EINVAL;
	last = memrchr(s, '\n', n - 1);
	last = last ? last + 1 : s;
	if ((size_t)(s + n - last) > HEAD_MAX)
		return -EINVAL;
	v = sk_json_parse(last, (size_t)(s + n - last), NULL);
	if (!v || sk_json_object(v, "end", true, &end, NULL) < 0 ||
		sk_json_str(end, "sha256", true, &sum, NULL) < 0 || strlen(sum) != 64)
		return -EINVAL;
	memcpy(ret, sum, 65);
	return 0;
}

/* ---- two versions ----
 */
int mg_list_compare(struct mg_list_reader *before, struct mg_list_reader *after,
	struct mg_list_diff *ret, int (*fn)(const struct mg_list_entry *e, bool added, void *arg),
	void *arg, struct sk_err *err)
{
	struct mg_list_diff d = {0};
	struct mg_list_entry a, b;
	int more_a = before ? mg_list_next(before, &a, err) : 0;
	int more_b = more_a < 0 ? 0 : mg_list_next(after, &b, err);

	while (more_a > 0 || more_b > 0) {
		int c, r = 0;

		if (more_a < 0 || more_b < 0)
			break;
		c = !more_a ? 1 : !more_b ? -1 : mg_list_cmp(&a, &b);
		if (c != 0 && fn)
			r = fn(c > 0 ? &b : &a, c > 0, arg);
		if (r < 0)
			return r;
		d.added += c > 0;
		d.removed += c < 0;
		d.kept += c == 0;
		if (c <= 0)
			more_a = mg_list_next(before, &a, err);
		if (c >= 0 && more_a >= 0)
			more_b = mg_list_next(after, &b, err);
	}
	if (more_a < 0 || more_b < 0)
		return more_a < 0 ? more_a : more_b;
	*ret = d;
	return 0;
}
