/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datasets: what files hold, what rules put in, limits, and the text they are saved as. */
#include "ips/detect/state.h"
#include "lib/util.h"
#include "tests/unit/lib/unit.h"

static const uint8_t seed[16] = "dataset tests...";

#define V(text) ((struct ips_view){(const uint8_t *)(text), sizeof(text) - 1})

static struct ips_state *new_state(uint64_t bytes)
{
	struct ips_state_config cfg;
	struct ips_state *s;

	ips_state_config_default(&cfg);
	cfg.hosts = cfg.thresholds = 16;
	cfg.dataset_bytes = bytes;
	s = ips_state_new(&cfg, seed);
	assert_non_null(s);
	return s;
}

static int load(struct ips_state *s, const char *name, char type, const char *text)
{
	struct sk_err err = {0};
	int ret = ips_dataset_load(s, name, (uint8_t)type, text, strlen(text), &err);

	assert_int_equal(ret, err.code);
	return ret;
}

static void strings(void **state)
{
	struct ips_state *s = new_state(1 << 20);
	uint32_t rep = 0;

	/* "abc", "de,f" with reputation 7, "g" */
	assert_int_equal(load(s, "x", 's', "YWJj\nZGUsZg==,7\r\n# note\n\nZw=="), 0);
	assert_true(ips_dataset_has(s, "x", 's', V("abc")));
	assert_true(ips_dataset_has(s, "x", 's', V("g")));
	assert_false(ips_dataset_has(s, "x", 's', V("ab")));
	assert_false(ips_dataset_has(s, "y", 's', V("abc")));
	assert_false(ips_dataset_has(s, "x", 'm', V("abc")));
	assert_true(ips_dataset_rep(s, "x", 's', V("de,f"), &rep));
	assert_int_equal(rep, 7);
	assert_true(ips_dataset_rep(s, "x", 's', V("abc"), &rep));
	assert_int_equal(rep, 0);
	assert_true(ips_dataset_put(s, "x", 's', V("new")));
	assert_false(ips_dataset_put(s, "x", 's', V("new")));
	assert_true(ips_dataset_has(s, "x", 's', V("new")));
	assert_true(ips_dataset_take(s, "x", 's', V("new")));
	assert_false(ips_dataset_take(s, "x", 's', V("new")));
	assert_false(ips_dataset_has(s, "x", 's', V("new")));
	assert_false(ips_dataset_put(s, "x", 's', V(""))); /* nothing is no value */
	ips_state_free(s);
}

static void digests_and_addresses(void **state)
{
	static const uint8_t v6[16] = {0x20, 1, 0xd, 0xb8, [15] = 1};
	struct ips_state *s = new_state(1 << 20);

	assert_int_equal(load(s, "m", 'm', "30313233343536373839414243444546\n"), 0);
	assert_true(ips_dataset_has(s, "m", 'm', V("0123456789ABCDEF")));
	assert_false(ips_dataset_has(s, "m", 'm', V("0123456789ABCDE")));
	assert_int_equal(load(s, "h", 'h',
				 "30313233343536373839414243444546"
				 "30313233343536373839414243444546,3\n"),
		0);
	assert_true(ips_dataset_has(s, "h", 'h', V("0123456789ABCDEF0123456789ABCDEF")));
	assert_int_equal(load(s, "a", 'i', "10.0.0.1\n2001:db8::1\n"), 0);
	assert_true(ips_dataset_has(s, "a", 'i', V("\x0a\0\0\1")));
	assert_true(ips_dataset_has(s, "a", 'i', (struct ips_view){v6, 16}));
	assert_false(ips_dataset_has(s, "a", 'i', V("\x0a\0\0\2")));
	assert_int_equal(load(s, "4", '4', "10.0.0.1\n"), 0);
	assert_true(ips_dataset_has(s, "4", '4', V("\x0a\0\0\1")));
	assert_false(ips_dataset_has(s, "4", '4', (struct ips_view){v6, 16}));
	ips_state_free(s);
}

static void unreadable(void **state)
{
	static const struct {
		char type;
		const char *text;
	} bad[] = {{'s', "YWJj!\n"}, {'s', "YWJj,\n"}, {'s', "YWJj,70000\n"}, {'s', "YWJj,x\n"},
		{'s', ",5\n"}, {'m', "3031\n"}, {'m', "zz\n"},
		{'h', "30313233343536373839414243444546"}, {'4', "::1\n"}, {'i', "10.0.0\n"},
		{'i', "10.0.0.0/8\n"}, {'q', "abc\n"}};
	struct ips_state *s = new_state(1 << 20);
	struct sk_err err = {0};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		if (load(s, "bad", bad[i].type, bad[i].text) != -EINVAL)
			fail_msg("%c %s", bad[i].type, bad[i].text);
	assert_int_equal(ips_dataset_load(s, "n", 's', "YWJj\n\n!!\n", 9, &err), -EINVAL);
	assert_non_null(strstr(err.en, "line 3"));
	ips_state_free(s);
}

/* Many values, through several growths of the table; then the limit. */
static void many(void **state)
{
	struct ips_state *s = new_state(100000);
	struct ips_state_stats st;
	uint32_t n;

	for (n = 0; n < 100000; n++)
		if (!ips_dataset_put(s, "m", 's', (struct ips_view){(const uint8_t *)&n, 4}))
			break;
	assert_true(n > 1000 && n < 100000);
	for (uint32_t i = 0; i < n; i++)
		assert_true(
			ips_dataset_has(s, "m", 's', (struct ips_view){(const uint8_t *)&i, 4}));
	assert_false(ips_dataset_has(s, "m", 's', (struct ips_view){(const uint8_t *)&n, 4}));
	ips_state_stats(s, &st);
	assert_int_equal(st.full, 1);
	assert_int_equal(load(s, "m", 's', "YWJj\n"), -ENOSPC);
	assert_true(ips_dataset_take(s, "m", 's', (struct ips_view){(const uint8_t *)"\0\0\0", 4}));
	assert_int_equal(load(s, "m", 's', "YWJj\n"), 0);
	ips_state_free(s);
}

/* What is saved loads again and is the same. */
static void saved(void **state)
{
	static const struct {
		char type;
		const char *text;
	} t[] = {{'s', "YWJj\n"}, {'s', "ZGUsZg==,7\n"},
		{'m', "30313233343536373839414243444546\n"}, {'4', "10.0.0.1,9\n"},
		{'i', "10.0.0.1\n"}, {'i', "2001:db8::1\n"}};
	struct ips_state *s = new_state(1 << 20);
	struct sk_buf b;
	char name[8];

	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++) {
		snprintf(name, sizeof(name), "n%zu", i);
		assert_int_equal(load(s, name, t[i].type, t[i].text), 0);
		sk_buf_reset(&b);
		assert_int_equal(ips_dataset_save(s, name, (uint8_t)t[i].type, &b), 0);
		assert_string_equal(sk_buf_str(&b), t[i].text);
	}
	assert_int_equal(ips_dataset_save(s, "none", 's', &b), -ENOENT);
	sk_buf_done(&b);
	ips_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings),
		cmocka_unit_test(digests_and_addresses),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(many),
		cmocka_unit_test(saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
