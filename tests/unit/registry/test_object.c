/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named objects: names, groups, loops, limits, and that large ones stay fast. */
#include "rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"

static int address(struct fw_objects *o, const char *name, const char *items, struct sk_err *err)
{
	return fw_objects_add(o, FW_OBJECT_ADDRESS, name, items, err);
}

static void resolves_to(const struct fw_objects *o, const char *spec, const char *want)
{
	struct sk_err err = {0};
	struct fw_addrs a;
	struct sk_buf b;

	if (fw_addrs_parse(spec, o, &a, &err) < 0)
		fail_msg("%s: %s", spec, err.en);
	sk_buf_init(&b, 65536);
	fw_addrs_put(&b, &a);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
	fw_addrs_done(&a);
}

static void groups_resolve_through_names(void **state)
{
	struct fw_objects *o = fw_objects_new();
	enum fw_object_kind kind;
	const char *name, *items;
	struct sk_err err = {0};

	/* A group may be written before its members. */
	assert_int_equal(address(o, "社内すべて", "本社,工場\n10.9.0.1\r\n", &err), 0);
	assert_int_equal(address(o, "本社", "10.1.0.0/16", &err), 0);
	assert_int_equal(address(o, "工場", "10.2.0.0/16, 2001:db8:2::/48,10.0.0.0/16", &err), 0);
	assert_int_equal(fw_objects_check(o, &err), 0);
	resolves_to(o, "社内すべて", "10.0.0.0-10.2.255.255,10.9.0.1,2001:db8:2::/48");
	resolves_to(o, "本社,192.0.2.1", "10.1.0.0/16,192.0.2.1");
	assert_true(fw_objects_has(o, FW_OBJECT_ADDRESS, "本社"));
	assert_false(fw_objects_has(o, FW_OBJECT_SERVICE, "本社"));
	assert_int_equal(fw_objects_count(o), 3);
	assert_true(fw_objects_get(o, 1, &kind, &name, &items));
	assert_int_equal(kind, FW_OBJECT_ADDRESS);
	assert_string_equal(name, "本社");
	assert_string_equal(items, "10.1.0.0/16");
	assert_false(fw_objects_get(o, 3, &kind, &name, &items));
	fw_objects_free(o);
	fw_objects_free(NULL);
}

static void lazily_without_check(void **state)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};

	assert_int_equal(address(o, "group", "later", &err), 0);
	assert_null(fw_objects_address(o, "group", &err));
	assert_int_equal(err.code, -ENOENT);
	assert_non_null(strstr(err.en, "later"));
	assert_int_equal(address(o, "later", "192.0.2.1", &err), 0);
	assert_non_null(fw_objects_address(o, "group", &err));
	resolves_to(o, "group", "192.0.2.1");
	fw_objects_free(o);
}

static void services_and_addresses_have_names_of_their_own(void **state)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};
	struct fw_svcs s;

	assert_int_equal(address(o, "erp", "192.0.2.1", &err), 0);
	assert_int_equal(fw_objects_add(o, FW_OBJECT_SERVICE, "erp", "tcp/8443", &err), 0);
	assert_int_equal(address(o, "erp", "192.0.2.2", &err), -EEXIST);
	assert_string_equal(err.path, "name");
	assert_int_equal(fw_objects_service(o, "erp", &s, &err), 0);
	assert_int_equal(s.n, 1);
	fw_svcs_done(&s);
	assert_int_equal(fw_objects_service(o, "nosuch", &s, &err), -ENOENT);
	assert_string_equal(err.path, "port");
	assert_int_equal(fw_objects_add(o, FW_OBJECT_SERVICE, "https", "tcp/8443", &err), -EEXIST);
	assert_int_equal(fw_objects_add(o, FW_OBJECT_SERVICE, "HTTPS", "tcp/8443", &err), -EEXIST);
	/* An address may be called like a service. */
	assert_int_equal(address(o, "https", "192.0.2.3", &err), 0);
	fw_objects_free(o);
}

static void service_items(void **state)
{
	static const char *const good[] = {"tcp/80", "udp/1024-2047", "icmp/echo-request",
		"icmpv6/128", "esp", "esp/-", "tcp/udp/53", "tcp/any", "icmp/any", "https",
		"dns,ntp\ntcp/1", "TCP/80", "47/-", "other-object"};
	static const char *const bad[] = {"", " , ", "80", "tcp", "icmp", "any", "any/any", "tcp/",
		"/80", "tcp/0", "tcp/65536", "tcp/80-", "foo/80", "tcp/80;81", "esp/80", "tcp/ntp",
		"a b", "echo-request", "tcp/any,any"};
	struct fw_objects *o = fw_objects_new();
	char name[16];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct sk_err err = {0};

		snprintf(name, sizeof(name), "good%zu", i);
		if (fw_objects_add(o, FW_OBJECT_SERVICE, name, good[i], &err) < 0)
			fail_msg("%s: %s", good[i], err.en);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sk_err err = {0};

		snprintf(name, sizeof(name), "bad%zu", i);
		if (fw_objects_add(o, FW_OBJECT_SERVICE, name, bad[i], &err) == 0)
			fail_msg("accepted: '%s'", bad[i]);
		assert_string_equal(err.path, "items");
		assert_true(err.en[0] && err.ja[0]);
		assert_false(fw_objects_has(o, FW_OBJECT_SERVICE, name));
	}
	fw_objects_free(o);
}

static void address_items(void **state)
{
	static const char *const bad[] = {"", ",", "\n\n", "any", "10.0.0.1,any", "self",
		"10.0.0.1/24", "a b", "10.0.0.x", "10.0.0.1 10.0.0.2"};
	struct fw_objects *o = fw_objects_new();

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sk_err err = {0};

		if (address(o, "x", bad[i], &err) == 0)
			fail_msg("accepted: '%s'", bad[i]);
		assert_string_equal(err.path, "items");
	}
	assert_int_equal(address(o, "x", NULL, NULL), -EINVAL);
	assert_int_equal(fw_objects_count(o), 0);
	fw_objects_free(o);
}

static void names_valid(void **state)
{
	static const char *const good[] = {"a", "server-1", "Web_Server.2", "本社", "工場LAN",
		"ＡＢ", "サーバー１号", "é", "ｻｰﾊﾞ", "a;b", "dead.beef",
		"a23456789012345678901234567890123456789012345678901234567890123"};
	static const char *const bad[] = {"", "1a", "-a", "_a", "any", "ANY", "self", "a,b", "a:b",
		"a/b", "a@b", "a\"b", "a b", "a\tb", "a\nb", "本社　1", "本社、工場", "１号",
		"\xff", "a\xc0\x80",
		"a\xe2\x80\xae"
		"b",
		"a\xe2\x80\x8b", "a234567890123456789012345678901234567890123456789012345678901234",
		"🏭"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!fw_object_name_valid(good[i]))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fw_objects *o = fw_objects_new();
		struct sk_err err = {0};

		if (fw_object_name_valid(bad[i]))
			fail_msg("accepted: %s", bad[i]);
		assert_true(address(o, bad[i], "192.0.2.1", &err) < 0);
		assert_string_equal(err.path, "name");
		fw_objects_free(o);
	}
}

static void loops_are_shown(void **state)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};
	struct fw_addrs a;

	assert_int_equal(address(o, "a", "b,192.0.2.1", &err), 0);
	assert_int_equal(address(o, "b", "a", &err), 0);
	assert_int_equal(address(o, "outer", "192.0.2.9,a", &err), 0);
	assert_int_equal(address(o, "own", "own", &err), 0);
	assert_int_equal(fw_objects_check(o, &err), -ELOOP);
	assert_string_equal(err.path, "objects[a]");
	assert_non_null(strstr(err.en, "a → b → a"));
	assert_non_null(strstr(err.ja, "a → b → a"));
	assert_int_equal(fw_addrs_parse("outer", o, &a, &err), -ELOOP);
	assert_non_null(strstr(err.en, ": a → b → a"));
	assert_int_equal(fw_addrs_parse("own", o, &a, &err), -ELOOP);
	assert_non_null(strstr(err.en, "own → own"));
	fw_objects_free(o);
}

static void chain(struct fw_objects *o, const char *prefix, int n)
{
	char name[32], next[32];

	for (int i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "%s%d", prefix, i);
		snprintf(next, sizeof(next), "%s%d", prefix, i + 1);
		assert_int_equal(address(o, name, i == n ? "192.0.2.1" : next, NULL), 0);
	}
}

static void depth_is_limited(void **state)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};
	struct fw_addrs a;

	chain(o, "ok", FW_OBJECT_DEPTH_MAX);
	chain(o, "deep", FW_OBJECT_DEPTH_MAX + 1);
	chain(o, "deeper", 100);
	resolves_to(o, "ok1", "192.0.2.1");
	resolves_to(o, "deep2", "192.0.2.1");
	/* deep2 is resolved already: its depth still counts. */
	assert_int_equal(fw_addrs_parse("deep1", o, &a, &err), -ELOOP);
	assert_non_null(strstr(err.en, "deep1 → deep2"));
	assert_int_equal(fw_addrs_parse("deeper1", o, &a, &err), -ELOOP);
	assert_int_equal(fw_objects_check(o, &err), -ELOOP);
	fw_objects_free(o);
}

static void size_is_limited(void **state)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};
	struct fw_addrs a;
	struct sk_buf b;
	uint64_t t;

	sk_buf_init(&b, 64u << 20);
	for (unsigned i = 0; i < 100000; i++)
		sk_buf_printf(&b, "10.%u.%u.%u\n", i >> 14, i >> 6 & 255, (i & 63) * 4);
	t = sk_mono_us();
	assert_int_equal(address(o, "list1", sk_buf_str(&b), &err), 0);
	assert_int_equal(address(o, "pair", "list1,192.0.2.1", &err), 0);
	assert_int_equal(fw_addrs_parse("pair", o, &a, &err), 0);
	t = sk_mono_us() - t;
	print_message("100,000 entries: %llu us\n", (unsigned long long)t);
	assert_int_equal(a.n4, 100001);
	fw_addrs_done(&a);
	assert_int_equal(address(o, "list2", sk_buf_str(&b), &err), 0);
	assert_int_equal(address(o, "both", "list1,list2,192.0.2.1", &err), 0);
	assert_int_equal(fw_addrs_parse("both", o, &a, &err), -E2BIG);
	assert_non_null(strstr(err.en, "both"));
	/* The same with more than the limit in one object. */
	for (unsigned i = 0; i <= 100000; i++)
		sk_buf_puts(&b, "192.0.2.1\n");
	assert_int_equal(address(o, "list3", sk_buf_str(&b), &err), -E2BIG);
	assert_string_equal(err.path, "items");
	sk_buf_done(&b);
	fw_objects_free(o);
}

static void many_objects(void **state)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};
	char name[32], items[64];

	for (unsigned i = 0; i < 50000; i++) {
		snprintf(name, sizeof(name), "host%u", i);
		snprintf(items, sizeof(items), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		assert_int_equal(address(o, name, items, &err), 0);
	}
	assert_int_equal(fw_objects_check(o, &err), 0);
	assert_non_null(fw_objects_address(o, "host49999", &err));
	fw_objects_free(o);
}

static void kinds(void **state)
{
	enum fw_object_kind k;

	assert_int_equal(fw_object_kind_parse("address", &k), 0);
	assert_int_equal(k, FW_OBJECT_ADDRESS);
	assert_int_equal(fw_object_kind_parse("service", &k), 0);
	assert_int_equal(k, FW_OBJECT_SERVICE);
	assert_int_equal(fw_object_kind_parse("x", &k), -EINVAL);
	assert_int_equal(fw_object_kind_parse(NULL, &k), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_resolve_through_names),
		cmocka_unit_test(lazily_without_check),
		cmocka_unit_test(services_and_addresses_have_names_of_their_own),
		cmocka_unit_test(service_items),
		cmocka_unit_test(address_items),
		cmocka_unit_test(names_valid),
		cmocka_unit_test(loops_are_shown),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(many_objects),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
