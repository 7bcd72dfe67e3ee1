/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object: both languages filled, cut between characters, prefixed with the path to the
 * field, and the choice of language from the environment.
 */
#include "tests/unit/lib/unit.h"

#include "lib/err.h"
#include "lib/util.h"

static void fills_both_languages(void **state)
{
	struct sk_err e;

	assert_int_equal(
		sk_err_set(&e, -EINVAL, "port", "%s is not %u", "%2$u ではない: %1$s", "x", 7u),
		-EINVAL);
	assert_int_equal(e.code, -EINVAL);
	assert_string_equal(e.path, "port");
	assert_string_equal(sk_err_text(&e, SK_EN), "x is not 7");
	assert_string_equal(sk_err_text(&e, SK_JA), "7 ではない: x");
}

static void english_where_no_japanese(void **state)
{
	struct sk_err e;

	assert_int_equal(sk_err_en(&e, -EIO, NULL, "disk %d", 3), -EIO);
	assert_string_equal(e.path, "");
	assert_string_equal(e.ja, "");
	assert_string_equal(sk_err_text(&e, SK_JA), "disk 3");
	sk_err_set(&e, -EIO, NULL, "again", NULL);
	assert_string_equal(sk_err_text(&e, SK_JA), "again");
}

static void null_error_returns_the_code(void **state)
{
	assert_int_equal(sk_err_set(NULL, -EPERM, "a", "b %d", "c %d", 1), -EPERM);
	assert_int_equal(sk_err_en(NULL, -EPERM, "a", "b %d", 1), -EPERM);
	assert_int_equal(sk_err_nomem(NULL), -ENOMEM);
	sk_err_prefix(NULL, "a");
}

static void long_text_is_cut_between_characters(void **state)
{
	char text[1024] = "";
	struct sk_err e;

	/* Every alignment of a three-byte character against the end of each field. */
	for (int shift = 0; shift < 4; shift++) {
		memset(text, 'x', (size_t)shift);
		for (int i = 0; i < 300; i++)
			memcpy(text + shift + 3 * i, "関", 4);
		sk_err_set(&e, -EINVAL, text, "%s", "%s", text);
		assert_true(sk_utf8_valid(e.path, strlen(e.path)));
		assert_true(sk_utf8_valid(e.en, strlen(e.en)));
		assert_true(sk_utf8_valid(e.ja, strlen(e.ja)));
		assert_in_range(strlen(e.path), sizeof(e.path) - 4, sizeof(e.path) - 1);
		assert_in_range(strlen(e.en), sizeof(e.en) - 4, sizeof(e.en) - 1);
		assert_in_range(strlen(e.ja), sizeof(e.ja) - 4, sizeof(e.ja) - 1);
	}
	/* A field filled to the last byte with whole characters loses nothing. */
	memset(text, 'x', sizeof(text));
	memcpy(text + sizeof(e.en) - 4, "関", 4);
	sk_err_en(&e, -EINVAL, NULL, "%s", text);
	assert_int_equal(strlen(e.en), sizeof(e.en) - 1);
	assert_string_equal(e.en + sizeof(e.en) - 4, "関");
}

static void wrapping_its_own_text(void **state)
{
	struct sk_err e;

	sk_err_set(&e, -ENOENT, "to", "no such zone", "ゾーンがありません");
	sk_err_set(&e, -EINVAL, e.path, "rule 7: %s", "ルール 7: %s", e.en);
	assert_string_equal(e.en, "rule 7: no such zone");
	assert_string_equal(e.path, "to");
}

static void prefixes_the_path(void **state)
{
	struct sk_err e;

	sk_err_set(&e, -EINVAL, "port", "bad", NULL);
	sk_err_prefix(&e, "destination");
	sk_err_prefix(&e, "rules[%d]", 7);
	assert_string_equal(e.path, "rules[7].destination.port");

	sk_err_set(&e, -EINVAL, "[3]", "bad", NULL);
	sk_err_prefix(&e, "hosts");
	assert_string_equal(e.path, "hosts[3]");

	sk_err_set(&e, -EINVAL, NULL, "bad", NULL);
	sk_err_prefix(&e, "rules");
	assert_string_equal(e.path, "rules");
	sk_err_prefix(&e, "%s", "");
	assert_string_equal(e.path, "rules");
	for (int i = 0; i < 50; i++)
		sk_err_prefix(&e, "階層");
	assert_true(strlen(e.path) < sizeof(e.path));
	assert_true(sk_utf8_valid(e.path, strlen(e.path)));
}

static void language_from_environment(void **state)
{
	unsetenv("LC_ALL");
	unsetenv("LC_MESSAGES");
	unsetenv("LANG");
	assert_int_equal(sk_lang_from_env(), SK_EN);
	setenv("LANG", "ja_JP.UTF-8", 1);
	assert_int_equal(sk_lang_from_env(), SK_JA);
	setenv("LC_MESSAGES", "C", 1);
	assert_int_equal(sk_lang_from_env(), SK_EN);
	setenv("LC_ALL", "ja", 1);
	assert_int_equal(sk_lang_from_env(), SK_JA);
	setenv("LC_ALL", "", 1);
	assert_int_equal(sk_lang_from_env(), SK_EN);
}

static void table_text(void **state)
{
	const struct sk_text t = {"zone", "ゾーン"}, en = {"zone", NULL};

	assert_string_equal(sk_text(&t, SK_JA), "ゾーン");
	assert_string_equal(sk_text(&t, SK_EN), "zone");
	assert_string_equal(sk_text(&en, SK_JA), "zone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fills_both_languages),
		cmocka_unit_test(english_where_no_japanese),
		cmocka_unit_test(null_error_returns_the_code),
		cmocka_unit_test(long_text_is_cut_between_characters),
		cmocka_unit_test(wrapping_its_own_text),
		cmocka_unit_test(prefixes_the_path),
		cmocka_unit_test(language_from_environment),
		cmocka_unit_test(table_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
