/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util.h: text nobody has checked, numbers, hexadecimal, hashes, growing arrays.
 */
#include "tests/unit/lib/unit.h"

#include "lib/util.h"

static bool valid(const char *s)
{
	return sk_utf8_valid(s, strlen(s));
}

static void utf8_follows_rfc3629(void **state)
{
	assert_true(valid(""));
	assert_true(valid("plain"));
	assert_true(valid(
		"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	assert_true(valid("\xed\x9f\xbf\xee\x80\x80"));
	assert_false(valid("\xc0\xaf"));         /* overlong '/' */
	assert_false(valid("\xe0\x9f\xbf"));     /* overlong, three bytes */
	assert_false(valid("\xf0\x8f\xbf\xbf")); /* overlong, four bytes */
	assert_false(valid("\xed\xa0\x80"));     /* surrogate */
	assert_false(valid("\xed\xbf\xbf"));
	assert_false(valid("\xf4\x90\x80\x80")); /* above U+10FFFF */
	assert_false(valid("\xf8\x88\x80\x80\x80"));
	assert_false(valid("\x80"));
	assert_false(valid("\xff"));
	assert_false(valid("\xe3\x81"));     /* ends early */
	assert_false(valid("\xe3\x81x"));    /* broken off */
	assert_false(valid("\xc3\xc3\xa9")); /* lead after lead */
	assert_true(sk_utf8_valid("a\0b", 3));
}

static const char *escape(const char *s)
{
	static char dst[256];

	return sk_escape(dst, sizeof(dst), s, strlen(s));
}

static void escape_leaves_plain_text(void **state)
{
	assert_string_equal(escape("10.0.0.1 → 関所 'ok'"), "10.0.0.1 → 関所 'ok'");
	assert_string_equal(escape(""), "");
}

static void escape_disarms(void **state)
{
	assert_string_equal(escape("a\nb\r\t"), "a\\x0ab\\x0d\\x09");
	assert_string_equal(escape("\x1b[2J"), "\\x1b[2J");
	assert_string_equal(escape("\x7f"), "\\x7f");
	assert_string_equal(escape("\xc2\x9b"
				   "31m"),
		"\\xc2\\x9b31m"); /* C1 CSI */
	assert_string_equal(escape("\xe2\x80\xae"
				   "exe"),
		"\\xe2\\x80\\xae"
		"exe");                                                 /* RLO */
	assert_string_equal(escape("\xe2\x80\xa8"), "\\xe2\\x80\\xa8"); /* line separator */
	assert_string_equal(escape("\xff\xe3\x81"), "\\xff\\xe3\\x81");
	assert_string_equal(escape("\xc0\xaf"), "\\xc0\\xaf");

	char dst[32];
	assert_string_equal(sk_escape(dst, sizeof(dst), "a\0b", 3), "a\\x00b");
}

static void escape_never_splits(void **state)
{
	char dst[16];

	memset(dst, 'z', sizeof(dst));
	assert_string_equal(sk_escape(dst, 3, "関", 3), "");
	assert_string_equal(sk_escape(dst, 4, "関", 3), "関");
	assert_string_equal(sk_escape(dst, 4, "\n", 1), "");
	assert_string_equal(sk_escape(dst, 5, "\n", 1), "\\x0a");
	assert_string_equal(sk_escape(dst, 1, "abc", 3), "");
	assert_string_equal(sk_escape(dst, 4, "abcdef", 6), "abc");
	assert_int_equal(dst[6], 'z');
	dst[0] = 'k';
	sk_escape(dst, 0, "abc", 3);
	assert_int_equal(dst[0], 'k');
}

static void width_counts_columns(void **state)
{
	assert_int_equal(sk_width(""), 0);
	assert_int_equal(sk_width("abc"), 3);
	assert_int_equal(sk_width("関所"), 4);
	assert_int_equal(sk_width("ア、。「Ａ"), 10); /* full-width forms */
	assert_int_equal(sk_width("ｱｲｳ"), 3);         /* half-width katakana */
	assert_int_equal(sk_width("か\u3099"), 2);    /* combining voiced mark */
	assert_int_equal(sk_width("e\u0301"), 1);
	assert_int_equal(sk_width("é°→"), 3); /* ambiguous counts one */
	assert_int_equal(sk_width("한글"), 4);
	assert_int_equal(sk_width("😀"), 2);
	assert_int_equal(sk_width("𠮷"), 2);
	assert_int_equal(sk_width("a\xff"), 2);
}

static void parses_numbers_strictly(void **state)
{
	uint64_t v = 77;

	assert_int_equal(sk_parse_u64("0", 0, &v), 0);
	assert_int_equal(v, 0);
	assert_int_equal(sk_parse_u64("65535", 65535, &v), 0);
	assert_int_equal(v, 65535);
	assert_int_equal(sk_parse_u64("18446744073709551615", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(sk_parse_u64("007", 10, &v), 0);
	assert_int_equal(v, 7);

	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "0x10", "1e3", "1.0", "１", "a"};
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(sk_parse_u64(bad[i], UINT64_MAX, &v), -EINVAL);
	assert_int_equal(sk_parse_u64(NULL, 1, &v), -EINVAL);
	assert_int_equal(sk_parse_u64("65536", 65535, &v), -ERANGE);
	assert_int_equal(sk_parse_u64("18446744073709551616", UINT64_MAX, &v), -ERANGE);
	assert_int_equal(sk_parse_u64("99999999999999999999999999999", UINT64_MAX, &v), -ERANGE);
	assert_int_equal(sk_parse_u64("99999999999999999999999999999x", UINT64_MAX, &v), -EINVAL);
	assert_int_equal(v, 7);
}

static void grows_arrays(void **state)
{
	uint32_t *a = NULL;
	size_t cap = 0, before;

	assert_int_equal(sk_grow(&a, &cap, 1, sizeof(*a)), 0);
	assert_true(cap >= 1);
	a[0] = 42;
	assert_int_equal(sk_grow(&a, &cap, 1000, sizeof(*a)), 0);
	assert_true(cap >= 1000);
	assert_int_equal(a[0], 42);
	before = cap;
	assert_int_equal(sk_grow(&a, &cap, 1000, sizeof(*a)), 0);
	assert_int_equal(cap, before);
	/* A size that overflows is refused and nothing changes. */
	assert_int_equal(sk_grow(&a, &cap, SIZE_MAX / 2, sizeof(*a)), -ENOMEM);
	assert_int_equal(sk_grow(&a, &cap, SIZE_MAX, sizeof(*a)), -ENOMEM);
	assert_int_equal(cap, before);
	assert_int_equal(a[0], 42);
	free(a);
}

static void compares_strings(void **state)
{
	assert_true(sk_streq("a", "a"));
	assert_false(sk_streq("a", "b"));
	assert_true(sk_streq(NULL, NULL));
	assert_false(sk_streq(NULL, ""));
	assert_false(sk_streq("", NULL));
}

static void hashes_and_hex(void **state)
{
	uint8_t sum[32];
	char hex[65];

	/* FIPS 180-4 examples. */
	sk_sha256(sum, "abc", 3);
	assert_string_equal(sk_hex(hex, sum, 32),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sk_sha256(sum, "", 0);
	assert_string_equal(sk_hex(hex, sum, 32),
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(sk_hex(hex, NULL, 0), "");
}

static void cleanup_helpers(void **state)
{
	int fd = -1;
	FILE *f = NULL;
	char *p = NULL;

	sk_closep(&fd);
	sk_fclosep(&f);
	sk_freep(&p);
	fd = fileno(tmpfile());
	errno = EXDEV;
	sk_closep(&fd);
	assert_int_equal(errno, EXDEV);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_follows_rfc3629),
		cmocka_unit_test(escape_leaves_plain_text),
		cmocka_unit_test(escape_disarms),
		cmocka_unit_test(escape_never_splits),
		cmocka_unit_test(width_counts_columns),
		cmocka_unit_test(parses_numbers_strictly),
		cmocka_unit_test(grows_arrays),
		cmocka_unit_test(compares_strings),
		cmocka_unit_test(hashes_and_hex),
		cmocka_unit_test(cleanup_helpers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
