/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists are sorted alike, so merging is taking the smallest of their next entries again and
 * again, from a heap. Pure.
 */
#include "mgmt/feeds/merge.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/list.h"

struct source {
	struct mg_list_reader *r;
	struct mg_list_entry e; /* the next one */
	uint16_t index;         /* in the document, or SK_BL_ALLOW */
	size_t feed;            /* in->feeds, n_feeds: the allow-list */
};

struct merging {
	const struct mg_merge_in *in;
	struct mg_merge_stat *stat;
	struct sk_bl_writer w;
	struct source *src;
	size_t n_src;
	struct source **heap; /* the smallest first */
	size_t n;
	struct mg_list_entry last; /* written last; kind SK_BL_KINDS: none */
};

size_t mg_merge_index(const struct mg_merge_in *in, size_t i)
{
	size_t n = 0;

	for (size_t k = 0; k < in->n_feeds; k++)
		if (in->feeds[k].block != in->feeds[i].block ? in->feeds[k].block : k < i)
			n++;
	return n;
}

/* ---- heap ---- */
static bool before(const struct source *a, const struct source *b)
{
	int c = mg_list_cmp(&a->e, &b->e);

	return c ? c < 0 : a->index < b->index;
}

static void sift_down(struct merging *m, size_t i)
{
	struct source *s = m->heap[i];

	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= m->n)
			break;
		if (c + 1 < m->n && before(m->heap[c + 1], m->heap[c]))
			c++;
		if (!before(m->heap[c], s))
			break;
		m->heap[i] = m->heap[c];
		i = c;
	}
	m->heap[i] = s;
}

/* The source's next entry: 1, 0 at its end. */
static int advance(struct merging *m, struct source *s, struct sk_err *err)
{
	int r = mg_list_next(s->r, &s->e, err);

	if (r < 0)
		m->stat->bad = s->feed;
	return r;
}

/* ---- sources ---- */
static int add_source(
	struct merging *m, size_t feed, const void *p, size_t n, uint16_t index, struct sk_err *err)
{
	struct source *s = &m->src[m->n_src];
	int r = mg_list_open(&s->r, p, n, err);

	if (r < 0) {
		m->stat->bad = feed;
		return r;
	}
	m->n_src++;
	s->index = index;
	s->feed = feed;
	r = advance(m, s, err);
	if (r > 0)
		m->heap[m->n++] = s;
	return r < 0 ? r : 0;
}

static int open_all(struct merging *m, struct sk_err *err)
{
	const struct mg_merge_in *in = m->in;
	int r = 0;

	m->src = calloc(in->n_feeds + 1, sizeof(*m->src));
	m->heap = calloc(in->n_feeds + 1, sizeof(*m->heap));
	if (!m->src || !m->heap)
		return sk_err_nomem(err);
	for (size_t i = 0; r == 0 && i < in->n_feeds; i++)
		if (in->feeds[i].p)
			r = add_source(m, i, in->feeds[i].p, in->feeds[i].n,
				(uint16_t)mg_merge_index(in, i), err);
	if (r == 0 && in->allow)
		r = add_source(m, in->n_feeds, in->allow, in->allow_n, SK_BL_ALLOW, err);
	for (size_t i = m->n / 2; i-- > 0;)
		sift_down(m, i);
	return r;
}

static void close_all(struct merging *m)
{
	for (size_t i = 0; i < m->n_src; i++)
		mg_list_close(m->src[i].r);
	free(m->src);
	free(m->heap);
}

/* ---- the document ---- */
static json_t *head_of(const struct mg_merge_in *in)
{
	json_t *v = in->head ? json_copy((json_t *)in->head) : json_object();
	json_t *feeds = json_array();

	for (int pass = 0; feeds && pass < 2; pass++)
		for (size_t i = 0; i < in->n_feeds; i++)
			if (in->feeds[i].block == !pass)
				json_array_append_new(feeds,
					json_pack("{ss, sb}", "name", in->feeds[i].name, "block",
						in->feeds[i].block));
	if (!v || !feeds || json_array_size(feeds) != in->n_feeds ||
		json_object_set_new(v, "feeds", feeds) < 0) {
		json_decref(v);
		return NULL;
	}
	return v;
}

static int write_one(struct merging *m, const struct source *s, struct sk_err *err)
{
	struct mg_merge_stat *st = m->stat;

	if (m->last.kind != SK_BL_KINDS && mg_list_cmp(&m->last, &s->e) == 0 &&
		s->index != SK_BL_ALLOW) {
		st->doubles++;
		return 0;
	}
	if (m->w.entries >= m->in->max_entries)
		return sk_err_set(err, -ENOSPC, NULL,
			"all blocklists together have more than %llu entries "
			"(blocklist.max_entries)",
			"不正サイト一覧の合計が %llu 件を超えています (blocklist.max_entries)",
			(unsigned long long)m->in->max_entries);
	sk_bl_write(&m->w, s->e.kind, s->e.value, s->e.len, s->index);
	if (s->index == SK_BL_ALLOW) {
		st->allowed++;
	} else {
		st->entries++;
		st->by_kind[s->e.kind]++;
	}
	m->last = s->e;
	return 0;
}

static int write_all(struct merging *m, struct sk_err *err)
{
	int r = 0;

	while (r == 0 && m->n) {
		struct source *s = m->heap[0];

		r = write_one(m, s, err);
		if (r == 0)
			r = advance(m, s, err);
		if (r == 0) /* its end */
			m->heap[0] = m->heap[--m->n];
		if (r >= 0 && m->n)
			sift_down(m, 0);
		r = SK_MIN(r, 0);
	}
	return r;
}

/* Everything but the generation: the first line without it, and the entries' lines. */
static int hash_content(const json_t *head, const char *lines, size_t n, char ret[65])
{
	uint8_t sums[64], sum[32];
	struct sk_buf text;
	int r;

	sk_buf_init(&text, 1u << 20);
	sk_json_put(&text, head);
	r = sk_buf_error(&text);
	sk_sha256(sums, text.data, text.len);
	sk_sha256(sums + 32, lines, n);
	sk_sha256(sum, sums, sizeof(sums));
	sk_hex(ret, sum, sizeof(sum));
	sk_buf_done(&text);
	return r;
}

int mg_merge_content(const void *doc, size_t n, char ret[65])
{
	static const char *const not_content[] = {"format", "version", "generation"};
	_cleanup_(sk_json_decrefp) json_t *head = NULL;
	const char *p = doc, *nl = memchr(p, '\n', n), *end;

	if (!nl || p[n - 1] != '\n')
		return -EINVAL;
	end = memrchr(p, '\n', n - 1); /* before the last line */
	head = sk_json_parse(p, (size_t)(nl - p), NULL);
	if (!head || !end || end < nl)
		return -EINVAL;
	for (size_t i = 0; i < SK_ARRAY_SIZE(not_content); i++)
		json_object_del(head, not_content[i]);
	return hash_content(head, nl + 1, (size_t)(end - nl), ret);
}

int mg_merge(const struct mg_merge_in *in, struct sk_buf *out, struct mg_merge_stat *ret,
	struct sk_err *err)
{
	struct merging m = {.in = in, .stat = ret, .last = {.kind = SK_BL_KINDS}};
	_cleanup_(sk_json_decrefp) json_t *plain = NULL, *head = NULL;
	size_t from, to;
	int r;

	*ret = (struct mg_merge_stat){.bad = SIZE_MAX};
	if (in->n_feeds > SK_BL_FEEDS_MAX)
		return sk_err_en(err, -E2BIG, NULL, "more than %d feeds", SK_BL_FEEDS_MAX);
	plain = head_of(in);
	head = plain ? json_copy(plain) : NULL;
	if (!head ||
		json_object_set_new(head, "generation", json_integer((json_int_t)in->generation)) <
			0)
		return sk_err_nomem(err);
	r = open_all(&m, err);
	if (r == 0 && sk_bl_write_begin(&m.w, out, head) < 0)
		r = sk_err_nomem(err);
	from = out->len;
	if (r == 0)
		r = write_all(&m, err);
	to = out->len;
	if (r == 0 &&
		(sk_bl_write_end(&m.w, ret->sha256) < 0 ||
			hash_content(plain, (const char *)out->data + from, to - from,
				ret->content) < 0))
		r = sk_err_nomem(err);
	close_all(&m);
	return r;
}
