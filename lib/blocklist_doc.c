/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocklist document read and written; see blocklist.h. Reading checks every line before
 * anybody acts on it: a million of them take a fraction of a second. Pure.
 */
#include <errno.h>
#include <string.h>

#include "lib/blocklist.h"
#include "lib/json.h"
#include "lib/util.h"

#define FORMAT "sekisho-blocklist"
#define HEAD_MAX (256u * 1024)
#define SHA_BYTES 32

struct line {
	const char *s;
	size_t n;
};

struct reading {
	const char *p;
	size_t left;
	size_t number; /* of the line read last, from 1 */
	struct sk_bl_entry last;
};

static int bad(const struct reading *r, struct sk_err *err, const char *what)
{
	char path[32];

	snprintf(path, sizeof(path), "line[%zu]", r->number);
	return sk_err_en(err, -EINVAL, path, "%s", what);
}

static bool next_line(struct reading *r, struct line *ret)
{
	const char *end = memchr(r->p, '\n', r->left);

	if (!end)
		return false;
	*ret = (struct line){r->p, (size_t)(end - r->p)};
	r->left -= ret->n + 1;
	r->p = end + 1;
	r->number++;
	return true;
}

/* ---- the first line ---- */

static int read_feed(struct sk_bl_head *h, const json_t *v, struct sk_err *err)
{
	struct sk_bl_feed *f = &h->feeds[h->n_feeds];
	const char *name;
	int r = sk_json_str(v, "name", true, &name, err);

	if (r == 0)
		r = sk_json_bool(v, "block", true, &f->block, err);
	if (r < 0)
		return r;
	if (!name[0] || strlen(name) >= sizeof(f->name))
		return sk_err_en(err, -EINVAL, "name", "from 1 to %d bytes", SK_BL_NAME_MAX - 1);
	memcpy(f->name, name, strlen(name) + 1);
	h->n_feeds++;
	return 0;
}

static int read_feeds(struct sk_bl_head *h, struct sk_err *err)
{
	json_t *feeds;
	int r = sk_json_array(h->json, "feeds", true, &feeds, err);

	if (r < 0)
		return r;
	if (json_array_size(feeds) > SK_BL_FEEDS_MAX)
		return sk_err_en(err, -EINVAL, "feeds", "more than %d feeds", SK_BL_FEEDS_MAX);
	for (size_t i = 0; i < json_array_size(feeds); i++) {
		r = read_feed(h, json_array_get(feeds, i), err);
		if (r < 0) {
			sk_err_prefix(err, "feeds[%zu]", i);
			return r;
		}
	}
	return 0;
}

static int read_head(struct reading *r, struct sk_bl_head *h, struct sk_err *err)
{
	const char *format;
	int64_t version, generation;
	struct line l;
	int ret;

	if (!next_line(r, &l) || l.n > HEAD_MAX)
		return bad(r, err, "no first line of " FORMAT);
	h->json = sk_json_parse(l.s, l.n, err);
	if (!h->json)
		return -EINVAL;
	ret = sk_json_str(h->json, "format", true, &format, err);
	if (ret == 0)
		ret = sk_json_int(h->json, "version", true, &version, err);
	if (ret == 0)
		ret = sk_json_int(h->json, "generation", true, &generation, err);
	if (ret < 0)
		return -EINVAL;
	if (strcmp(format, FORMAT) != 0 || version != SK_BL_VERSION || generation < 0)
		return sk_err_en(
			err, -EINVAL, "format", "is no " FORMAT " of version %d", SK_BL_VERSION);
	h->generation = (uint64_t)generation;
	return read_feeds(h, err) < 0 ? -EINVAL : 0;
}

/* ---- entries ---- */

static int kind_of(char c)
{
	for (int k = 0; k < SK_BL_KINDS; k++)
		if (sk_bl_kind_char((enum sk_bl_kind)k) == c)
			return k;
	return -1;
}

static bool is_addr(enum sk_bl_kind k)
{
	return k == SK_BL_ADDR4 || k == SK_BL_ADDR6;
}

/* Is the value what sk_bl_canonical would have made of it? */
static bool read_value(struct sk_bl_entry *e)
{
	char dst[SK_BL_VALUE_MAX + 1];
	int n;

	if (is_addr(e->kind)) {
		if (sk_bl_range(e->kind, e->value, e->len, &e->lo, &e->hi) < 0)
			return false;
		/* A single address is its own canonical form for IPv4. */
		if (e->kind == SK_BL_ADDR4 && e->lo == e->hi)
			return !memchr(e->value, '/', e->len) && !memchr(e->value, '-', e->len);
		n = sk_bl_range_text(e->kind, e->lo, e->hi, dst, sizeof(dst));
	} else {
		n = sk_bl_canonical(e->kind, e->value, e->len, dst, sizeof(dst));
	}
	return n > 0 && (size_t)n == e->len && memcmp(dst, e->value, e->len) == 0;
}

static bool read_index(const char *s, size_t n, size_t feeds, uint16_t *ret)
{
	unsigned v = 0;

	if (n == 1 && s[0] == '-') {
		*ret = SK_BL_ALLOW;
		return true;
	}
	if (n == 0 || n > 3 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	*ret = (uint16_t)v;
	return v < feeds;
}

static int compare_bytes(const struct sk_bl_entry *a, const struct sk_bl_entry *b)
{
	int c = memcmp(a->value, b->value, SK_MIN(a->len, b->len));

	return c ? c : (a->len > b->len) - (a->len < b->len);
}

/* Before, the same value, or after. */
static int compare(const struct sk_bl_entry *a, const struct sk_bl_entry *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (!is_addr(a->kind))
		return compare_bytes(a, b);
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return (a->hi > b->hi) - (a->hi < b->hi);
}

static int read_entry(struct reading *r, const struct line *l, size_t feeds, struct sk_bl_entry *e,
	struct sk_err *err)
{
	const char *space = l->n > 2 ? memrchr(l->s + 2, ' ', l->n - 2) : NULL;
	int k = l->n ? kind_of(l->s[0]) : -1, c;

	if (k < 0 || !space || l->s[1] != ' ')
		return bad(r, err, "is no entry");
	*e = (struct sk_bl_entry){
		.kind = (enum sk_bl_kind)k, .value = l->s + 2, .len = (size_t)(space - l->s - 2)};
	if (!read_value(e))
		return bad(r, err, "the value is not in its canonical form");
	if (!read_index(space + 1, (size_t)(l->s + l->n - space - 1), feeds, &e->feed))
		return bad(r, err, "there is no such feed");
	c = r->last.value ? compare(&r->last, e) : -1;
	if (c > 0 || (c == 0 && (r->last.feed == SK_BL_ALLOW || e->feed != SK_BL_ALLOW)))
		return bad(r, err, "is not in order, or stands twice");
	r->last = *e;
	return 0;
}

/* ---- the last line ---- */

static void hash(const void *p, size_t n, char hex[65])
{
	uint8_t sum[SHA_BYTES];

	sk_sha256(sum, p, n);
	sk_hex(hex, sum, sizeof(sum));
}

static int read_end(struct reading *r, const struct line *l, struct sk_bl_head *h,
	const char *begin, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = sk_json_parse(l->s, l->n, err);
	int64_t entries;
	const char *sum;
	json_t *end;

	if (!v || sk_json_object(v, "end", true, &end, err) < 0 ||
		sk_json_int(end, "entries", true, &entries, err) < 0 ||
		sk_json_str(end, "sha256", true, &sum, err) < 0)
		return bad(r, err, "no last line with count and hash");
	if (r->left)
		return bad(r, err, "something follows the last line");
	if (entries < 0 || (uint64_t)entries != h->entries)
		return bad(r, err, "the number of entries is another");
	hash(begin, (size_t)(l->s - begin), h->sha256);
	return strcmp(h->sha256, sum) ? bad(r, err, "the hash is another") : 0;
}

static int read_all(struct reading *r, struct sk_bl_head *h,
	int (*fn)(const struct sk_bl_entry *e, void *arg), void *arg, struct sk_err *err)
{
	const char *begin = r->p;
	int ret = read_head(r, h, err);
	struct sk_bl_entry e;
	struct line l;

	while (ret == 0) {
		if (!next_line(r, &l))
			return bad(r, err, "the last line is missing");
		if (l.n && l.s[0] == '{')
			return read_end(r, &l, h, begin, err);
		ret = read_entry(r, &l, h->n_feeds, &e, err);
		if (ret == 0 && h->entries >= SK_BL_ENTRIES_MAX)
			ret = bad(r, err, "too many entries");
		if (ret == 0 && fn)
			ret = fn(&e, arg);
		h->entries++;
	}
	return ret;
}

int sk_bl_parse(const void *p, size_t n, struct sk_bl_head *ret,
	int (*fn)(const struct sk_bl_entry *e, void *arg), void *arg, struct sk_err *err)
{
	struct reading r = {.p = p, .left = n};
	int code;

	*ret = (struct sk_bl_head){0};
	if (n > SK_BL_BYTES_MAX)
		return sk_err_en(err, -EFBIG, NULL, "the blocklist is too large");
	code = read_all(&r, ret, fn, arg, err);
	if (code < 0)
		sk_bl_head_done(ret);
	return code;
}

void sk_bl_head_done(struct sk_bl_head *h)
{
	if (h && h->json)
		json_decref(h->json);
	if (h)
		h->json = NULL;
}

/* ---- writing ---- */

int sk_bl_write_begin(struct sk_bl_writer *w, struct sk_buf *b, const json_t *head)
{
	_cleanup_(sk_json_decrefp) json_t *v = json_copy((json_t *)head);

	*w = (struct sk_bl_writer){.b = b};
	if (!v || json_object_set_new(v, "format", json_string(FORMAT)) < 0 ||
		json_object_set_new(v, "version", json_integer(SK_BL_VERSION)) < 0)
		return -ENOMEM;
	sk_json_put(b, v);
	sk_buf_putc(b, '\n');
	return sk_buf_error(b);
}

void sk_bl_write(
	struct sk_bl_writer *w, enum sk_bl_kind k, const char *value, size_t len, uint16_t feed)
{
	const char kind[2] = {sk_bl_kind_char(k), ' '};
	char index[8];
	int n = 2;

	if (feed == SK_BL_ALLOW)
		memcpy(index, " -", 2);
	else
		n = snprintf(index, sizeof(index), " %u", feed);
	index[n++] = '\n';
	sk_buf_put(w->b, kind, sizeof(kind));
	sk_buf_put(w->b, value, len);
	sk_buf_put(w->b, index, (size_t)n);
	w->entries++;
}

int sk_bl_write_end(struct sk_bl_writer *w, char ret_sha256[65])
{
	if (sk_buf_error(w->b))
		return sk_buf_error(w->b);
	hash(w->b->data, w->b->len, ret_sha256);
	sk_buf_printf(
		w->b, "{\"end\":{\"entries\":%zu,\"sha256\":\"%s\"}}\n", w->entries, ret_sha256);
	return sk_buf_error(w->b);
}
