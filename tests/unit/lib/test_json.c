/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the JSON parser must refuse, the canonical form, the getters' errors, and running out of
 * memory at every single allocation.
 */
#include "tests/unit/lib/unit.h"

#include "lib/json.h"
#include "lib/util.h"

static json_t *parse(const char *s)
{
	return sk_json_parse(s, strlen(s), NULL);
}

static void canonical(const char *in, const char *want)
{
	json_t *v = parse(in);
	struct sk_buf b;

	assert_non_null(v);
	sk_buf_init(&b, 10000);
	sk_json_put(&b, v);
	assert_int_equal(sk_buf_error(&b), 0);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
	json_decref(v);
}

static void canonical_form(void **state)
{
	canonical(" { \"b\" : 1 , \"a\" : [ true , null , { } ] } ",
		"{\"a\":[true,null,{}],\"b\":1}");
	canonical("\"\\u95a2\\u6240 \\/ \\n\"", "\"関所 / \\n\"");
	canonical("\"\\ud83d\\ude00\"", "\"😀\"");
	canonical("-9223372036854775808", "-9223372036854775808");
	canonical("0.5", "0.5");
	canonical("{\"Z\":1,\"a\":1,\"A\":1}", "{\"A\":1,\"Z\":1,\"a\":1}");
	canonical("{\"\":\"\"}", "{\"\":\"\"}");
}

/* Wherever it breaks, nothing of the text is in the error. */
static void secret_text(void **state)
{
	static const char *const bad[] = {"{\"a\" \"hush\"}", "{\"a\":hush}", "{\"a\":\"hush",
		"{\"a\":\"hush\\q\"}", "{\"a\":\"hush\n\"}", "\"hush\" near end of file",
		"{\"hush\":1,\"hush\":2}", "[\"hush\xff\"]", "\"\\uhush\"", "{\"a\":1} hush",
		"{\"a\":\" near hush"};
	struct sk_err e;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		memset(&e, 0, sizeof(e));
		assert_null(sk_json_parse_secret(bad[i], strlen(bad[i]), &e));
		assert_non_null(strstr(e.en, "JSON, line"));
		assert_null(strstr(e.en, "hush"));
		assert_null(strstr(e.ja, "hush"));
	}
	sk_json_parse_secret("{", 1, &e);
	assert_non_null(strstr(e.en, "end of file"));
}

static void refuses_bad_text(void **state)
{
	static const char *const bad[] = {"", " ", "{", "}", "[1,]", "{\"a\"}", "{\"a\":1,}", "nul",
		"'a'", "{a:1}", "01", "+1", "1 2", "[1] x", "\"\\ud800\"", "\"\n\"", "\"abc",
		"1e999", "9223372036854775808", "// c\n1", "\xef\xbb\xbf{}", "NaN",
		"{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "\"\\u0000\"", "{\"\\u0000\":1}",
		"[\"\xff\"]", "[\"\xc0\xaf\"]", "[\"\xed\xa0\x80\"]"};
	struct sk_err e;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		memset(&e, 0, sizeof(e));
		if (sk_json_parse(bad[i], strlen(bad[i]), &e))
			fail_msg("accepted %s", bad[i]);
		assert_int_equal(e.code, -EINVAL);
		assert_true(e.en[0] && e.ja[0]);
		assert_true(sk_utf8_valid(e.en, strlen(e.en)));
	}
	assert_null(sk_json_parse("[1]\0", 4, &e));
	assert_null(sk_json_parse("[\"a\0b\"]", 7, &e));
	assert_null(sk_json_parse("[1, 2", 2, &e)); /* the length counts, not the terminator */
	assert_null(sk_json_parse("{\n\"a\": x}", 9, &e));
	assert_non_null(strstr(e.en, "line 2"));
	/* What jansson quotes cannot reach a terminal. */
	assert_null(sk_json_parse("[\"\x1b[2J\"]", 8, &e));
	assert_null(strchr(e.en, 0x1b));
}

static void nest(char *s, int depth, const char *inner)
{
	*s = '\0';
	for (int i = 0; i < depth; i++)
		strncat(s, i % 2 ? "{\"a\":" : "[", 8);
	strncat(s, inner, 100);
	for (int i = depth; i-- > 0;)
		strncat(s, i % 2 ? "}" : "]", 2);
}

static void depth_is_capped(void **state)
{
	char s[1000], *deep;
	struct sk_err e;
	json_t *v;

	nest(s, 16, "1");
	v = parse(s);
	assert_non_null(v);
	json_decref(v);
	nest(s, 17, "1");
	assert_null(sk_json_parse(s, strlen(s), &e));
	assert_non_null(strstr(e.en, "16"));
	/* Brackets in strings are not nesting, also behind escapes. */
	nest(s, 16, "\"[[[[{{{{\\\"[[[[\\\\\"");
	v = parse(s);
	assert_non_null(v);
	json_decref(v);
	/* Siblings do not add up. */
	v = parse("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]");
	assert_non_null(v);
	json_decref(v);
	/* Closing brackets must not lend depth to what follows. */
	s[0] = '\0';
	strncat(s, "]]]]]]]]]]]]]]]]]]]][[[[[[[[[[[[[[[[[[[[", sizeof(s) - 1);
	assert_null(parse(s));
	/* A million brackets are turned down before anything recurses. */
	deep = malloc(1000000);
	memset(deep, '[', 1000000);
	assert_null(sk_json_parse(deep, 1000000, &e));
	free(deep);
}

static void getters(void **state)
{
	json_t *o = parse("{\"s\":\"x\",\"i\":-5,\"b\":false,\"a\":[1],\"o\":{\"k\":1},\"n\":null,"
			  "\"r\":1.0}");
	const char *s = NULL;
	int64_t i = 0;
	bool b = true;
	json_t *v = NULL;

	assert_int_equal(sk_json_str(o, "s", true, &s, NULL), 0);
	assert_string_equal(s, "x");
	assert_int_equal(sk_json_int(o, "i", true, &i, NULL), 0);
	assert_int_equal(i, -5);
	assert_int_equal(sk_json_bool(o, "b", true, &b, NULL), 0);
	assert_false(b);
	assert_int_equal(sk_json_array(o, "a", true, &v, NULL), 0);
	assert_int_equal(json_array_size(v), 1);
	assert_int_equal(sk_json_object(o, "o", true, &v, NULL), 0);
	assert_int_equal(json_object_size(v), 1);
	json_decref(o);
}

static void getters_refuse(void **state)
{
	json_t *o = parse("{\"s\":\"x\",\"i\":1,\"n\":null,\"r\":1.0}");
	const char *s = "kept";
	int64_t i = 77;
	bool b = true;
	json_t *v = o;
	struct sk_err e;

	assert_int_equal(sk_json_str(o, "none", false, &s, &e), 0);
	assert_int_equal(sk_json_str(o, "none", true, &s, &e), -ENOENT);
	assert_string_equal(e.path, "none");
	assert_true(e.en[0] && e.ja[0]);
	assert_int_equal(sk_json_str(o, "i", false, &s, &e), -EINVAL);
	assert_string_equal(e.path, "i");
	assert_string_equal(e.en, "must be text");
	assert_string_equal(e.ja, "は文字列で指定してください");
	assert_int_equal(sk_json_str(o, "n", false, &s, &e), -EINVAL);
	assert_int_equal(sk_json_int(o, "r", true, &i, &e), -EINVAL);
	assert_int_equal(sk_json_int(o, "s", true, &i, &e), -EINVAL);
	assert_int_equal(sk_json_bool(o, "i", true, &b, &e), -EINVAL);
	assert_int_equal(sk_json_array(o, "s", true, &v, &e), -EINVAL);
	assert_int_equal(sk_json_object(o, "s", true, &v, &e), -EINVAL);
	assert_int_equal(sk_json_object(o, "none", true, &v, &e), -ENOENT);
	assert_int_equal(sk_json_array(NULL, "s", true, &v, &e), -ENOENT);
	assert_string_equal(s, "kept");
	assert_int_equal(i, 77);
	assert_ptr_equal(v, o);
	json_decref(o);
}

static void only_known_keys(void **state)
{
	static const char *const keys[] = {"a", "b", NULL};
	json_t *o = parse("{\"b\":1}"), *bad = parse("{\"a\":1,\"\\u001b[2J\":2}");
	struct sk_err e;

	assert_int_equal(sk_json_only(o, keys, &e), 0);
	assert_int_equal(sk_json_only(bad, keys, &e), -EINVAL);
	assert_string_equal(e.path, "\\x1b[2J");
	json_decref(o);
	json_decref(bad);
}

static void put_stops_at_the_cap(void **state)
{
	json_t *v = parse("[1,2,3,4,5,6,7,8,9,10]");
	struct sk_buf b;

	sk_buf_init(&b, 10);
	sk_json_put(&b, v);
	assert_int_equal(sk_buf_error(&b), -EMSGSIZE);
	assert_true(b.len <= 10);
	sk_buf_done(&b);
	json_decref(v);
}

/* Fails the allocation number fail_at and all after it. */
static int allocations, fail_at;

static void *failing_malloc(size_t n)
{
	return ++allocations >= fail_at ? NULL : malloc(n);
}

static void parse_survives_no_memory(void **state)
{
	static const char s[] =
		"{\"a\":[1,2.5,\"x\",{\"b\":null,\"c\":\"\\u95a2\"}],\"d\":true,\"e\":-1}";
	json_t *v = NULL;
	int tries = 0;

	json_set_alloc_funcs(failing_malloc, free);
	for (fail_at = 1; !v; fail_at++, tries++) {
		allocations = 0;
		v = sk_json_parse(s, sizeof(s) - 1, NULL);
	}
	json_decref(v);
	json_set_alloc_funcs(malloc, free);
	assert_true(tries > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(refuses_bad_text),
		cmocka_unit_test(secret_text),
		cmocka_unit_test(depth_is_capped),
		cmocka_unit_test(getters),
		cmocka_unit_test(getters_refuse),
		cmocka_unit_test(only_known_keys),
		cmocka_unit_test(put_stops_at_the_cap),
		cmocka_unit_test(parse_survives_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
