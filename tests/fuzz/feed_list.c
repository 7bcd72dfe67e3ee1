/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a feed's canonical list. The hash is made right first, so that the lines are
 * reached. What is accepted must come out the same when it is written again, and be its own equal.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int again(const struct mg_list_entry *e, void *arg)
{
	assert(e->len > 0 && e->len <= SK_BL_VALUE_MAX && e->note_len <= MG_LIST_NOTE_MAX);
	assert(mg_list_add(arg, e) == 0);
	return 0;
}

static int none(const struct mg_list_entry *e, bool added, void *arg)
{
	abort();
}

/* The last line anew, with the hash of what stands before it. */
static void repair(struct sk_buf *b)
{
	const char *s = sk_buf_str(b), *last;
	uint8_t sum[32];
	char hex[65];
	long entries;

	if (b->len < 3 || s[b->len - 1] != '\n')
		return;
	last = memrchr(s, '\n', b->len - 1);
	last = last ? strstr(last, "\"entries\":") : NULL;
	if (!last)
		return;
	entries = strtol(last + 10, NULL, 10);
	last = memrchr(s, '\n', b->len - 1);
	b->len = (size_t)(last + 1 - s);
	sk_sha256(sum, b->data, b->len);
	sk_buf_printf(b, "{\"end\":{\"entries\":%ld,\"sha256\":\"%s\"}}\n", entries,
		sk_hex(hex, sum, sizeof(sum)));
}

static void accepted(
	const struct sk_buf *in, const struct mg_list_head *h, struct mg_list_builder *b)
{
	const struct mg_list_meta m = {.feed = h->feed,
		.fetched = h->fetched,
		.previous = in->data,
		.previous_len = in->len};
	struct mg_list_reader *one = NULL, *two = NULL;
	uint64_t kinds[SK_BL_KINDS];
	struct mg_list_diff d;
	struct sk_buf out;

	sk_buf_init(&out, MG_LIST_BYTES_MAX);
	assert(mg_list_write(b, &m, &out, kinds, NULL) == 0);
	assert(mg_list_open(&one, in->data, in->len, NULL) == 0);
	assert(mg_list_open(&two, out.data, out.len, NULL) == 0);
	assert(mg_list_compare(one, two, &d, none, NULL, NULL) == 0);
	assert(d.added == 0 && d.removed == 0 && d.kept == h->entries);
	mg_list_close(one);
	mg_list_close(two);
	sk_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mg_list_builder *b = mg_list_builder_new(100000);
	struct mg_list_head h;
	struct sk_err err = {0};
	struct sk_buf in;
	char sum[65];

	sk_buf_init(&in, MG_LIST_BYTES_MAX);
	sk_buf_put(&in, data, size);
	repair(&in);
	mg_list_sha256(sk_buf_str(&in), in.len, sum);
	if (mg_list_check(sk_buf_str(&in), in.len, &h, again, b, &err) == 0) {
		accepted(&in, &h, b);
		mg_list_head_done(&h);
	} else {
		assert(err.en[0]);
	}
	mg_list_builder_free(b);
	sk_buf_done(&in);
	return 0;
}
