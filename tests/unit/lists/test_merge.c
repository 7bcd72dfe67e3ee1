// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists merged into the document: order, precedence, what is the same content. */
#include "tests/unit/lists/lists.h"

#include "lib/json.h"
#include "mgmt/feeds/merge.h"

/* The entries' lines alone. */
static void body_is(const struct sk_buf *doc, const char *want)
{
	const char *p = strchr(sk_buf_str(doc), '\n') + 1, *end = strstr(p, "{\"end\"");
	struct sk_bl_head head;

	assert_non_null(end);
	assert_int_equal(end - p, strlen(want));
	assert_memory_equal(p, want, strlen(want));
	assert_int_equal(sk_bl_parse(doc->data, doc->len, &head, NULL, NULL, NULL), 0);
	sk_bl_head_done(&head);
}

static void precedence(void **state)
{
	struct sk_buf a = lt_text("4 203.0.113.9\nd bad.example\ns worse.example");
	struct sk_buf b = lt_text("4 203.0.113.0/24\n4 203.0.113.9\nd bad.example");
	struct sk_buf c = lt_text("d bad.example\nd new.example");
	struct sk_buf allow = lt_text("4 198.51.100.1\nd bad.example");
	const struct mg_merge_feed feeds[] = {{"watch", false, a.data, a.len},
		{"none", true, NULL, 0}, {"first", true, b.data, b.len},
		{"second", true, c.data, c.len}};
	const struct mg_merge_in in = {.feeds = feeds,
		.n_feeds = 4,
		.allow = allow.data,
		.allow_n = allow.len,
		.generation = 7,
		.max_entries = 100};
	struct mg_merge_stat st;
	struct sk_bl_head head;
	struct sk_buf out;

	sk_buf_init(&out, 1u << 20);
	assert_int_equal(mg_merge(&in, &out, &st, NULL), 0);
	body_is(&out,
		"4 198.51.100.1 -\n4 203.0.113.0/24 1\n4 203.0.113.9 1\nd bad.example 1\n"
		"d bad.example -\nd new.example 2\ns worse.example 3\n");
	assert_int_equal(sk_bl_parse(out.data, out.len, &head, NULL, NULL, NULL), 0);
	assert_int_equal(head.generation, 7);
	assert_int_equal(head.n_feeds, 4);
	assert_string_equal(head.feeds[3].name, "watch");
	assert_false(head.feeds[3].block);
	assert_string_equal(head.feeds[1].name, "first");
	assert_string_equal(head.sha256, st.sha256);
	sk_bl_head_done(&head);
	assert_int_equal(mg_merge_index(&in, 0), 3);
	assert_int_equal(mg_merge_index(&in, 2), 1);
	assert_int_equal(st.entries, 5);
	assert_int_equal(st.allowed, 2);
	assert_int_equal(st.doubles, 3);
	assert_int_equal(st.by_kind[SK_BL_DOMAIN], 2);
	sk_buf_done(&out);
	sk_buf_done(&a);
	sk_buf_done(&b);
	sk_buf_done(&c);
	sk_buf_done(&allow);
}

static void the_same_content(void **state)
{
	struct sk_buf a = lt_text("4 203.0.113.9");
	struct mg_merge_feed feeds[] = {{"a", true, a.data, a.len}};
	_cleanup_(sk_json_decrefp) json_t *head = json_pack("{sb}", "learn", 1);
	struct mg_merge_in in = {
		.feeds = feeds, .n_feeds = 1, .generation = 1, .max_entries = 100, .head = head};
	struct mg_merge_stat one, two, three;
	struct sk_buf out;
	char found[65];

	sk_buf_init(&out, 1u << 20);
	assert_int_equal(mg_merge(&in, &out, &one, NULL), 0);
	assert_int_equal(mg_merge_content(out.data, out.len, found), 0);
	assert_string_equal(found, one.content);
	assert_int_equal(mg_merge_content(out.data, out.len - 1, found), -EINVAL);
	assert_int_equal(mg_merge_content("x\n", 2, found), -EINVAL);
	sk_buf_reset(&out);
	in.generation = 20;
	assert_int_equal(mg_merge(&in, &out, &two, NULL), 0);
	assert_string_equal(one.content, two.content);
	assert_string_not_equal(one.sha256, two.sha256);
	sk_buf_reset(&out);
	feeds[0].block = false;
	assert_int_equal(mg_merge(&in, &out, &three, NULL), 0);
	assert_string_not_equal(two.content, three.content);
	sk_buf_done(&out);
	sk_buf_done(&a);
}

static void what_is_refused(void **state)
{
	struct sk_buf a = lt_text("4 203.0.113.9"), b = lt_text("4 203.0.113.1\n4 203.0.113.2");
	struct mg_merge_feed feeds[] = {{"a", true, a.data, a.len}, {"b", false, b.data, b.len}};
	struct mg_merge_in in = {.feeds = feeds, .n_feeds = 2, .generation = 1, .max_entries = 3};
	struct mg_merge_stat st;
	struct sk_err err = {0};
	struct sk_buf out;

	sk_buf_init(&out, 1u << 20);
	assert_int_equal(mg_merge(&in, &out, &st, NULL), 0);
	in.max_entries = 2;
	sk_buf_reset(&out);
	assert_int_equal(mg_merge(&in, &out, &st, &err), -ENOSPC);
	in.max_entries = 3;
	/* A bit that fell over somewhere in the second list. */
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 4;
		sk_buf_reset(&out);
		assert_int_equal(mg_merge(&in, &out, &st, &err), -EINVAL);
		assert_int_equal(st.bad, 1);
		b.data[i] ^= 4;
	}
	feeds[1].n -= 3;
	sk_buf_reset(&out);
	assert_int_equal(mg_merge(&in, &out, &st, &err), -EINVAL);
	sk_buf_done(&out);
	sk_buf_done(&a);
	sk_buf_done(&b);
}

static void many_sources(void **state)
{
	struct sk_buf lists[40], out;
	struct mg_merge_feed feeds[40];
	struct mg_merge_in in = {
		.feeds = feeds, .n_feeds = 40, .generation = 1, .max_entries = 100000};
	struct mg_merge_stat st;
	char names[40][8];

	for (unsigned i = 0; i < 40; i++) {
		struct list_of l;

		lt_begin(&l);
		for (unsigned k = 0; k < 100; k++) {
			char value[32];

			snprintf(value, sizeof(value), "20.%u.%u.%u", (i * 7 + k * 13) % 50, k, i);
			lt_add(&l, '4', value);
			if (k % 10 == 0)
				lt_add(&l, '4', "21.0.0.1");
		}
		lists[i] = lt_end(&l);
		snprintf(names[i], sizeof(names[i]), "f%u", i);
		feeds[i] =
			(struct mg_merge_feed){names[i], i % 3 == 0, lists[i].data, lists[i].len};
	}
	sk_buf_init(&out, 1u << 24);
	assert_int_equal(mg_merge(&in, &out, &st, NULL), 0);
	assert_int_equal(st.entries, 4001);
	assert_int_equal(st.doubles, 39);
	assert_non_null(strstr(sk_buf_str(&out), "\n4 21.0.0.1 0\n"));
	for (unsigned i = 0; i < 40; i++)
		sk_buf_done(&lists[i]);
	sk_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(precedence),
		cmocka_unit_test(the_same_content),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(many_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
