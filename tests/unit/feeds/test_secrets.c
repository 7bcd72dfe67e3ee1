// SPDX-License-Identifier: GPL-2.0-or-later
/* API keys: found by the feed's whole name, and never one that could not stand in a header. */
#include "tests/unit/lib/unit.h"

#include "mgmt/feeds/fetch/fetch.h"

static const char text[] = "# a comment = none\n"
			   "urlhaus=abc\n"
			   "  urlhaus-rpz =  with-blanks-around \r\n"
			   "empty =\n"
			   "inner = a b\n"
			   "control = a\x01\n"
			   "#urlhaus2 = commented\n"
			   "long = 0123456789012345678901234567890123456789\n"
			   "nothing\n"
			   "last = at=the=end";

static void keys(void **state)
{
	char dst[32] = "before";

	assert_int_equal(mg_fetch_secret(text, "urlhaus", dst, sizeof(dst)), 3);
	assert_string_equal(dst, "abc");
	assert_int_equal(mg_fetch_secret(text, "urlhaus-rpz", dst, sizeof(dst)), 18);
	assert_string_equal(dst, "with-blanks-around");
	assert_int_equal(mg_fetch_secret(text, "last", dst, sizeof(dst)), 10);
	assert_string_equal(dst, "at=the=end");
	for (const char *const *n = (const char *const[]){"url", "urlhaus2", "empty", "nothing",
		     "none", "", "a comment", NULL};
		*n; n++)
		assert_int_equal(mg_fetch_secret(text, *n, dst, sizeof(dst)), -ENOENT);
	assert_int_equal(mg_fetch_secret(text, "inner", dst, sizeof(dst)), -EINVAL);
	assert_int_equal(mg_fetch_secret(text, "control", dst, sizeof(dst)), -EINVAL);
	assert_int_equal(mg_fetch_secret(text, "long", dst, sizeof(dst)), -EINVAL);
	assert_int_equal(mg_fetch_secret(NULL, "urlhaus", dst, sizeof(dst)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(keys)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
