// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists checked and merged: the bytes as they are, which the readers must refuse or read, and lines
 * "N kind value" put into list N, whose document must then be one.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/check.h"
#include "mgmt/feeds/merge.h"

#define LISTS 4 /* the last one is the allow-list */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool odd(const struct mg_list_entry *e, void *arg)
{
	return e->len & 1;
}

static void add(struct mg_list_builder *b, const char *s, size_t n)
{
	char dst[SK_BL_VALUE_MAX + 1];
	struct mg_list_entry e = {.value = dst, .note = "", .since = 1};
	int len;

	for (unsigned k = 0; k < SK_BL_KINDS; k++)
		if (sk_bl_kind_char((enum sk_bl_kind)k) == s[0]) {
			e.kind = (enum sk_bl_kind)k;
			len = sk_bl_canonical(e.kind, s + 1, n - 1, dst, sizeof(dst));
			if (len <= 0)
				return;
			e.len = (size_t)len;
			sk_bl_range(e.kind, dst, e.len, &e.lo, &e.hi);
			mg_list_add(b, &e);
		}
}

static void write_lists(const uint8_t *data, size_t size, struct sk_buf lists[LISTS])
{
	struct mg_list_builder *b[LISTS];
	const char *p = (const char *)data;
	uint64_t kinds[SK_BL_KINDS];

	for (int i = 0; i < LISTS; i++)
		b[i] = mg_list_builder_new(1000);
	while (size) {
		const char *nl = memchr(p, '\n', size);
		size_t n = nl ? (size_t)(nl - p) : size;

		if (n > 2)
			add(b[(uint8_t)p[0] % LISTS], p + 1, n - 1);
		n += nl != NULL;
		p += n;
		size -= n;
	}
	for (int i = 0; i < LISTS; i++) {
		const struct mg_list_meta m = {
			.feed = "fuzz", .fetched = 2, .lines = 3, .errors = 1};

		sk_buf_init(&lists[i], MG_LIST_BYTES_MAX);
		if (mg_list_write(b[i], &m, &lists[i], kinds, NULL) < 0)
			abort();
		mg_list_builder_free(b[i]);
	}
}

static void merge(struct sk_buf lists[LISTS])
{
	const struct mg_merge_feed feeds[] = {{"a", false, lists[0].data, lists[0].len},
		{"b", true, lists[1].data, lists[1].len}, {"c", true, lists[2].data, lists[2].len}};
	const struct mg_merge_in in = {.feeds = feeds,
		.n_feeds = 3,
		.allow = lists[3].data,
		.allow_n = lists[3].len,
		.generation = 1,
		.max_entries = 10000};
	struct mg_merge_stat st;
	struct sk_bl_head head;
	struct sk_buf out;

	sk_buf_init(&out, SK_BL_BYTES_MAX);
	if (mg_merge(&in, &out, &st, NULL) < 0 ||
		sk_bl_parse(out.data, out.len, &head, NULL, NULL, NULL) < 0 ||
		head.entries != st.entries + st.allowed)
		abort();
	sk_bl_head_done(&head);
	sk_buf_done(&out);
}

static void check(const void *p, size_t n, struct sk_buf lists[LISTS])
{
	const struct mg_check_net own = {SK_BL_ADDR4, 0x14000000, 0x14ffffff};
	const struct mg_check_in in = {.limits = {5, 5, 50, 4, 2, 8, 16, true, 900},
		.before = lists[0].data,
		.before_n = lists[0].len,
		.allow = lists[3].data,
		.allow_n = lists[3].len,
		.own = &own,
		.n_own = 1,
		.contacted = odd};
	struct mg_check_result r;

	if (mg_check(&in, p, n, &r, NULL) == 0 && r.accept == (r.n_reasons > 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sk_buf lists[LISTS];

	write_lists(data, size, lists);
	merge(lists);
	check(lists[1].data, lists[1].len, lists);
	check(data, size, lists);
	for (int i = 0; i < LISTS; i++)
		sk_buf_done(&lists[i]);
	return 0;
}
