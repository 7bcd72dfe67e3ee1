/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work is bounded: retries, regular expressions; and windows of long bodies, whose places count. */
#include "tests/unit/ips-inspect/one.h"

static uint8_t room[70000];

/* The reference gives up at its 3000th step; so at the same place here. */
static void retries(void **state)
{
	static const char *const rules[] = {"content:\"a\"; content:\"b\"; within:1;",
		"pcre:\"/a/\"; content:\"b\"; within:1;", "content:\"a\"; pcre:\"/^b/R\";"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++) {
		struct one o;

		one_open(&o, NULL, rules[i]);
		memset(room, 'a', sizeof(room));
		room[2998] = 'b';
		assert_true(one_match(&o, room, 2999));
		assert_int_equal(ips_inspect_stats(o.in)->recursion_limit, 0);
		room[2998] = 'a';
		room[2999] = 'b';
		assert_false(one_match(&o, room, 3000));
		assert_int_equal(ips_inspect_stats(o.in)->recursion_limit, 1);
		one_close(&o);
	}
}

/* Three letters, each everywhere: combinations without end, but not without limit. */
static void combinations(void **state)
{
	struct one o;

	one_open(&o, NULL,
		"content:\"a\"; content:\"b\"; distance:0; content:\"c\"; distance:0; "
		"content:\"d\"; distance:0;");
	for (unsigned i = 0; i < 3000; i++)
		room[i] = "abc"[i / 1000];
	assert_false(one_match(&o, room, 3000));
	assert_int_equal(ips_inspect_stats(o.in)->recursion_limit, 1);
	one_close(&o);
}

/* Exponential expressions stop, are counted, and neither match nor, negated, count as absent. */
static void expressions(void **state)
{
	static const char *const rules[] = {"content:\"x\"; pcre:\"/x(a|aa)+[cd]/\";",
		"content:\"x\"; pcre:!\"/x(a|aa)+[cd]/\";"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++) {
		struct one o;

		one_open(&o, NULL, rules[i]);
		memset(room, 'a', sizeof(room));
		room[0] = 'x';
		for (unsigned n = 1; n <= 12; n++) {
			assert_false(one_match(&o, room, 60));
			assert_int_equal(ips_inspect_stats(o.in)->pcre_limit, n);
		}
		one_close(&o);
	}
}

/* Ordinary expressions over long texts are far from any limit. */
static void long_texts(void **state)
{
	struct one o;

	one_open(&o, NULL, "pcre:\"/x[^&]+&end$/\";");
	memset(room, 'y', sizeof(room));
	room[0] = 'x';
	memcpy(room + 60000, "&end", 4);
	for (unsigned n = 0; n < 12; n++)
		assert_true(one_match(&o, room, 60004));
	assert_int_equal(ips_inspect_stats(o.in)->pcre_limit, 0);
	one_close(&o);
}

/* data stands at offset in its buffer: depth is counted from the buffer's begin. */
static void windows(void **state)
{
	const unsigned mid = 0, all = IPS_INSPECT_START | IPS_INSPECT_END;
	struct one o;

	one_open(&o, NULL, "content:\"abc\"; depth:10;");
	assert_true(one_list(&o, "xxabc", 5, 0, all));
	assert_true(one_list(&o, "xxabc", 5, 5, mid));
	assert_false(one_list(&o, "xxabc", 5, 6, mid));
	assert_false(one_list(&o, "xxabc", 5, 10, mid));
	/* in pieces of the stream, from the piece's begin */
	assert_true(one_list(&o, "xxabc", 5, 100, IPS_INSPECT_STREAM));
	one_rule(&o, NULL, "content:\"abc\"; startswith;");
	assert_true(one_list(&o, "abcx", 4, 0, mid));
	assert_false(one_list(&o, "abcx", 4, 3, mid));
	one_close(&o);
}

static void sizes(void **state)
{
	struct one o;
	static const struct {
		const char *rule;
		uint32_t len, offset;
		unsigned flags;
		bool yes;
	} t[] = {
		{"http.uri; bsize:5;", 5, 0, IPS_INSPECT_END, true},
		{"http.uri; bsize:5;", 4, 0, IPS_INSPECT_END, false},
		{"http.uri; bsize:5;", 5, 0, 0, false},
		{"http.uri; bsize:5;", 3, 2, IPS_INSPECT_END, true},
		{"http.uri; bsize:>5;", 6, 0, 0, true},
		{"http.uri; bsize:>5;", 5, 0, IPS_INSPECT_END, false},
		{"http.uri; bsize:<5;", 4, 0, IPS_INSPECT_END, true},
		{"http.uri; bsize:<5;", 4, 0, 0, false},
		{"http.uri; bsize:<5;", 0, 0, IPS_INSPECT_END, true},
		{"http.uri; bsize:4<>8;", 5, 0, IPS_INSPECT_END, true},
		{"http.uri; bsize:4<>8;", 4, 0, IPS_INSPECT_END, false},
		{"http.uri; bsize:4<>8;", 8, 0, IPS_INSPECT_END, false},
		{"http.uri; bsize:0;", 0, 0, IPS_INSPECT_END, true},
	};

	one_open(&o, "http any any -> any any", t[0].rule);
	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++) {
		one_rule(&o, "http any any -> any any", t[i].rule);
		if (one_list(&o, "01234567", t[i].len, t[i].offset, t[i].flags) != t[i].yes)
			fail_msg("%s, row %zu", t[i].rule, i);
	}
	one_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retries),
		cmocka_unit_test(combinations),
		cmocka_unit_test(expressions),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(windows),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
