/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The canonical list written: entries come in any order, are sorted, written once, and keep the
 * time at which the previous version first had them; see list.h. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/list.h"

#define KEY_MAX 32

/* In the arena: the numbers an address is sorted by, the value, the note. */
struct item {
	uint32_t number; /* in the order of coming: the first of two stays */
	uint16_t len;
	uint8_t key, note;
	size_t off;
};

struct items {
	struct item *v;
	size_t n, cap;
};

struct mg_list_builder {
	struct sk_buf arena;
	struct items kinds[SK_BL_KINDS];
	size_t n, max;
};

struct mg_list_builder *mg_list_builder_new(size_t max_entries)
{
	struct mg_list_builder *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->max = SK_MIN(max_entries, (size_t)UINT32_MAX);
	sk_buf_init(&b->arena, 2u * MG_LIST_BYTES_MAX);
	return b;
}

void mg_list_builder_free(struct mg_list_builder *b)
{
	if (!b)
		return;
	for (int k = 0; k < SK_BL_KINDS; k++)
		free(b->kinds[k].v);
	sk_buf_done(&b->arena);
	free(b);
}

size_t mg_list_builder_count(const struct mg_list_builder *b)
{
	return b->n;
}

/* ---- adding ----
 */
static size_t put_number(uint8_t *dst, unsigned __int128 v, size_t n)
{
	for (size_t i = n; i-- > 0; v >>= 8)
		dst[i] = (uint8_t)v;
	return n;
}

static size_t key_of(const struct mg_list_entry *e, uint8_t key[KEY_MAX])
{
	const size_t n = e->kind == SK_BL_ADDR4 ? 4 : e->kind == SK_BL_ADDR6 ? 16 : 0;

	if (!n)
		return 0;
	return put_number(key, e->lo, n) + put_number(key + n, e->hi, n);
}

/* As much as fits, on a character's boundary, without what would break the line. */
static size_t clean_note(const char *s, size_t n, char dst[MG_LIST_NOTE_MAX])
{
	size_t len = SK_MIN(n, (size_t)MG_LIST_NOTE_MAX);

	while (len && len < n && ((uint8_t)s[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++)
		dst[i] = (uint8_t)s[i] < 0x20 || s[i] == 0x7f ? ' ' : s[i];
	while (len && dst[len - 1] == ' ')
		len--;
	if (sk_utf8_valid(dst, len))
		return len;
	/* In some other encoding: what can be read in any. */
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)dst[i] >= 0x80)
			dst[i] = '?';
	return len;
}

int mg_list_add(struct mg_list_builder *b, const struct mg_list_entry *e)
{
	struct items *k = &b->kinds[e->kind];
	char note[MG_LIST_NOTE_MAX];
	uint8_t key[KEY_MAX];
	struct item it = {.number = (uint32_t)b->n, .len = (uint16_t)e->len};

	if (b->n >= b->max)
		return -ENOSPC;
	if (sk_grow(&k->v, &k->cap, k->n + 1, sizeof(*k->v)) < 0)
		return -ENOMEM;
	it.key = (uint8_t)key_of(e, key);
	it.note = (uint8_t)clean_note(e->note, e->note_len, note);
	it.off = b->arena.len;
	sk_buf_put(&b->arena, key, it.key);
	sk_buf_put(&b->arena, e->value, e->len);
	sk_buf_put(&b->arena, note, it.note);
	if (sk_buf_error(&b->arena))
		return sk_buf_error(&b->arena) == -ENOMEM ? -ENOMEM : -ENOSPC;
	k->v[k->n++] = it;
	b->n++;
	return 0;
}

/* ---- sorting ----
 */
static int cmp_value(const uint8_t *arena, const struct item *a, const struct item *b)
{
	const size_t na = a->key ? a->key : a->len, nb = b->key ? b->key : b->len;
	int c = memcmp(arena + a->off, arena + b->off, SK_MIN(na, nb));

	return c ? c : (na > nb) - (na < nb);
}

static int cmp_item(const void *x, const void *y, void *arena)
{
	const struct item *a = x, *b = y;
	int c = cmp_value(arena, a, b);

	return c ? c : (a->number > b->number) - (a->number < b->number);
}

static void sort(struct mg_list_builder *b, uint64_t by_kind[SK_BL_KINDS])
{
	for (int k = 0; k < SK_BL_KINDS; k++) {
		struct items *s = &b->kinds[k];
		size_t n = 0;

		if (s->n)
			qsort_r(s->v, s->n, sizeof(*s->v), cmp_item, b->arena.data);
		for (size_t i = 0; i < s->n; i++)
			if (n == 0 || cmp_value(b->arena.data, &s->v[n - 1], &s->v[i]) != 0)
				s->v[n++] = s->v[i];
		s->n = n;
		by_kind[k] = n;
	}
}

static unsigned __int128 get_number(const uint8_t *p, size_t n)
{
	unsigned __int128 v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static void entry_of(const struct mg_list_builder *b, enum sk_bl_kind kind, const struct item *it,
	struct mg_list_entry *ret)
{
	const uint8_t *p = b->arena.data + it->off;
	const size_t half = it->key / 2u;

	*ret = (struct mg_list_entry){.kind = kind,
		.lo = get_number(p, half),
		.hi = get_number(p + half, half),
		.value = (const char *)p + it->key,
		.len = it->len,
		.note = (const char *)p + it->key + it->len,
		.note_len = it->note};
}

/* ---- writing ----
 */
static int write_head(
	struct sk_buf *out, const struct mg_list_meta *m, const uint64_t by_kind[SK_BL_KINDS])
{
	json_t *kinds = json_object(), *v;
	json_int_t entries = 0;
	int r = kinds ? 0 : -1;

	for (int k = 0; k < SK_BL_KINDS; k++) {
		entries += (json_int_t)by_kind[k];
		if (by_kind[k])
			r |= json_object_set_new(kinds, sk_bl_kind_name((enum sk_bl_kind)k),
				json_integer((json_int_t)by_kind[k]));
	}
	v = json_pack("{s:s, s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "format",
		"sekisho-feed-list", "version", MG_LIST_VERSION, "feed", m->feed, "fetched",
		(json_int_t)m->fetched, "entries", entries, "lines", (json_int_t)m->lines, "errors",
		(json_int_t)m->errors, "ignored", (json_int_t)m->ignored, "by_kind", kinds);
	if (!v || r) {
		json_decref(v);
		return -ENOMEM;
	}
	sk_json_put(out, v);
	sk_buf_putc(out, '\n');
	json_decref(v);
	return sk_buf_error(out);
}

/* The version before, as long as it can be read. */
struct earlier {
	struct mg_list_reader *r;
	struct mg_list_entry e;
	bool have;
};

static void step(struct earlier *p)
{
	p->have = p->r && mg_list_next(p->r, &p->e, NULL) > 0;
}

static int64_t since_of(struct earlier *p, const struct mg_list_entry *e, int64_t fetched)
{
	int c = -1;

	while (p->have) {
		c = mg_list_cmp(&p->e, e);
		if (c >= 0)
			break;
		step(p);
	}
	/* A clock that was set back must not make it younger than it is. */
	return p->have && c == 0 ? SK_MIN(p->e.since, fetched) : fetched;
}

static void write_entries(struct mg_list_builder *b, const struct mg_list_meta *m,
	struct earlier *before, struct sk_buf *out)
{
	for (int k = 0; k < SK_BL_KINDS; k++) {
		for (size_t i = 0; i < b->kinds[k].n; i++) {
			struct mg_list_entry e;
			char text[32];
			int n;

			entry_of(b, (enum sk_bl_kind)k, &b->kinds[k].v[i], &e);
			n = snprintf(text, sizeof(text), "\t%lld\t",
				(long long)since_of(before, &e, m->fetched));
			sk_buf_putc(out, sk_bl_kind_char(e.kind));
			sk_buf_putc(out, '\t');
			sk_buf_put(out, e.value, e.len);
			sk_buf_put(out, text, (size_t)n);
			sk_buf_put(out, e.note, e.note_len);
			sk_buf_putc(out, '\n');
		}
	}
}

static void write_end(struct sk_buf *out, size_t start, uint64_t entries)
{
	uint8_t sum[32];
	char hex[65];

	if (sk_buf_error(out))
		return;
	sk_sha256(sum, out->data + start, out->len - start);
	sk_buf_printf(out, "{\"end\":{\"entries\":%llu,\"sha256\":\"%s\"}}\n",
		(unsigned long long)entries, sk_hex(hex, sum, sizeof(sum)));
}

int mg_list_write(struct mg_list_builder *b, const struct mg_list_meta *m, struct sk_buf *out,
	uint64_t by_kind[SK_BL_KINDS], struct sk_err *err)
{
	const size_t start = out->len;
	struct earlier before = {0};
	uint64_t entries = 0;
	int r;

	sort(b, by_kind);
	r = write_head(out, m, by_kind);
	if (r < 0)
		return r == -ENOMEM ? sk_err_nomem(err) : r;
	if (m->previous && mg_list_open(&before.r, m->previous, m->previous_len, NULL) == 0)
		step(&before);
	write_entries(b, m, &before, out);
	mg_list_close(before.r);
	for (int k = 0; k < SK_BL_KINDS; k++)
		entries += by_kind[k];
	write_end(out, start, entries);
	if (sk_buf_error(out) == -ENOMEM)
		return sk_err_nomem(err);
	if (sk_buf_error(out))
		return sk_err_set(err, -EFBIG, NULL, "the list is larger than %u MiB",
			"一覧が %u MiB を超えています", MG_LIST_BYTES_MAX >> 20);
	return 0;
}

static int add_again(const struct mg_list_entry *e, void *arg)
{
	return mg_list_add(arg, e);
}

int mg_list_inherit(const struct sk_buf *list, const struct sk_buf *previous, struct sk_buf *out,
	struct sk_err *err)
{
	struct mg_list_builder *b = mg_list_builder_new(SK_BL_ENTRIES_MAX);
	struct mg_list_meta m = {.previous = previous->data, .previous_len = previous->len};
	uint64_t kinds[SK_BL_KINDS];
	struct mg_list_head h = {0};
	int r;

	if (!b)
		return sk_err_nomem(err);
	r = mg_list_check(list->data, list->len, &h, add_again, b, err);
	if (r == 0) {
		m.feed = h.feed;
		m.fetched = h.fetched;
		m.lines = h.lines;
		m.errors = h.errors;
		m.ignored = h.ignored;
		r = mg_list_write(b, &m, out, kinds, err);
	} else if (r == -ENOMEM) {
		sk_err_nomem(err);
	}
	mg_list_head_done(&h);
	mg_list_builder_free(b);
	return r;
}
