/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See feed_drive.h. */
#include "tests/fuzz/feed_drive.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/parse.h"

#define NOW 1796000000
#define ENTRIES_MAX 5000

static void define(struct mg_feed_def *d, const struct feed_variant *v)
{
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	sk_buf_printf(&b,
		"{\"name\":\"x\",\"title\":{\"en\":\"x\"},\"kind\":\"mixed\",\"path\":\"/x\","
		"\"format\":\"%s\"%s%s}",
		v->format, v->options ? ",\"options\":" : "", v->options ? v->options : "");
	assert(mg_feed_def_parse_text(d, sk_buf_str(&b), b.len, NULL) == 0);
	sk_buf_done(&b);
}

static void check_tally(const struct mg_parse_tally *t)
{
	assert(t->n_first <= MG_PARSE_FIRST && t->n_first <= t->errors);
	assert(t->entries <= ENTRIES_MAX);
	for (size_t i = 0; i < t->n_first; i++) {
		assert(t->first[i].why && t->first[i].why->ja);
		assert(sk_utf8_valid(t->first[i].sample, strlen(t->first[i].sample)));
	}
}

static void check_list(struct mg_list_builder *b, const struct mg_parse_tally *t)
{
	const struct mg_list_meta m = {.feed = "x", .fetched = NOW, .lines = t->lines};
	struct mg_list_head h;
	uint64_t kinds[SK_BL_KINDS], sum = 0;
	struct sk_buf out;

	sk_buf_init(&out, MG_LIST_BYTES_MAX);
	assert(mg_list_builder_count(b) == t->entries);
	assert(mg_list_write(b, &m, &out, kinds, NULL) == 0);
	assert(mg_list_check(out.data, out.len, &h, NULL, NULL, NULL) == 0);
	for (int k = 0; k < SK_BL_KINDS; k++)
		sum += kinds[k];
	assert(h.entries == sum && sum <= t->entries);
	mg_list_head_done(&h);
	sk_buf_done(&out);
}

void feed_drive(const struct feed_variant *v, size_t n, const uint8_t *data, size_t size)
{
	struct mg_list_builder *b = mg_list_builder_new(ENTRIES_MAX);
	struct mg_parse_tally t = {0};
	struct sk_err err = {0};
	struct mg_feed_def d;
	int r;

	if (size == 0) {
		mg_list_builder_free(b);
		return;
	}
	define(&d, &v[data[0] % n]);
	r = mg_feed_parse(&d, NOW, data + 1, size - 1, b, &t, &err);
	assert(r == 0 || r == -EBADMSG || r == -ENOSPC);
	assert(r == 0 || (err.en[0] && err.ja[0] && sk_utf8_valid(err.en, strlen(err.en))));
	check_tally(&t);
	if (r == 0)
		check_list(b, &t);
	mg_list_builder_free(b);
	mg_feed_def_done(&d);
}
