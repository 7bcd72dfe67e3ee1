/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address text in and out, and the set algebra against a bitmap over a small universe. */
#include "rules.h"

#include <errno.h>
#include <string.h>

#include "fw/registry/object.h"

static void put_is(const struct fw_addrs *a, const char *want)
{
	struct sk_buf b;

	sk_buf_init(&b, 65536);
	fw_addrs_put(&b, a);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
}

static void good_specs(void **state)
{
	static const char *const cases[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{" 192.0.2.1 ", "192.0.2.1"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"192.0.2.1/32", "192.0.2.1"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::/0", "::/0"},
		{"0.0.0.0/0,::/0", "any"},
		{"any", "any"},
		{"ANY", "any"},
		{"192.0.2.10-192.0.2.20", "192.0.2.10-192.0.2.20"},
		{"192.0.2.10 - 192.0.2.20", "192.0.2.10-192.0.2.20"},
		{"192.0.2.0-192.0.2.255", "192.0.2.0/24"},
		{"192.0.2.7-192.0.2.7", "192.0.2.7"},
		{"10.0.0.1,10.0.0.0", "10.0.0.0/31"},
		{"10.0.0.0/25,10.0.0.128/25", "10.0.0.0/24"},
		{"10.0.0.0/24,10.0.0.7", "10.0.0.0/24"},
		{"10.0.0.5-10.0.0.9,10.0.0.7-10.0.0.12,10.0.0.1", "10.0.0.1,10.0.0.5-10.0.0.12"},
		{"2001:DB8::/32", "2001:db8::/32"},
		{"2001:db8::1-2001:db8::ff", "2001:db8::1-2001:db8::ff"},
		{"2001:db8::1", "2001:db8::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8::,10.0.0.1", "10.0.0.1,2001:db8::"},
		{"255.255.255.255", "255.255.255.255"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
			"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127"},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_addrs a, again;
		struct sk_err err = {0};
		struct sk_buf b;

		if (fw_addrs_parse(cases[i][0], NULL, &a, &err) < 0)
			fail_msg("%s: %s", cases[i][0], err.en);
		put_is(&a, cases[i][1]);
		sk_buf_init(&b, 65536);
		fw_addrs_put(&b, &a);
		assert_int_equal(fw_addrs_parse(sk_buf_str(&b), NULL, &again, &err), 0);
		assert_true(fw_addrs_equal(&a, &again));
		assert_int_equal(a.any, again.any);
		sk_buf_done(&b);
		fw_addrs_done(&a);
		fw_addrs_done(&again);
	}
}

static void bad_specs(void **state)
{
	static const char *const cases[] = {"", " ", ",", "10.0.0.1,", ",10.0.0.1",
		"10.0.0.1,,10.0.0.2", "any,10.0.0.1", "10.0.0.1,any", "10.0.0", "10.0.0.256",
		"010.0.0.1", "10.0.0.1.1", "192.0.2.1/24", "2001:db8::1/32", "10.0.0.0/33",
		"10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "::/129", "10.0.0.0/24/24",
		"10.0.0.9-10.0.0.1", "10.0.0.1-2001:db8::1", "10.0.0.1-20", "10.0.0.1-",
		"-10.0.0.1", "fe80::1%eth0", "unknown-object", "10.0.0.0/255.255.255.0",
		"10.0.0.1 10.0.0.2", "*", "10.0.0.1\n10.0.0.2", "１０.0.0.1", "0x7f.0.0.1", "[::1]",
		"self", "10.0.0.1-10.0.0.2-10.0.0.3"};
	struct fw_addrs keep = {.n4 = 77};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sk_err err = {0};

		if (fw_addrs_parse(cases[i], NULL, &keep, &err) == 0)
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(keep.n4, 77);
		assert_true(err.code < 0 && err.en[0] && err.ja[0]);
		assert_string_equal(err.path, "");
	}
	assert_int_equal(fw_addrs_parse(NULL, NULL, &keep, NULL), -EINVAL);
}

static void host_bits_message_offers_both(void **state)
{
	struct fw_addrs a = {0};
	struct sk_err err = {0};

	assert_int_equal(fw_addrs_add(&a, "192.0.2.77/24", &err), -EINVAL);
	assert_non_null(strstr(err.en, "192.0.2.0/24"));
	assert_non_null(strstr(err.en, "192.0.2.77 "));
	assert_non_null(strstr(err.ja, "192.0.2.0/24"));
	fw_addrs_done(&a);
}

static void refused_input_is_escaped_in_messages(void **state)
{
	struct fw_addrs a = {0};
	struct sk_err err = {0};

	assert_int_equal(fw_addrs_add(&a, "1\x1b[31m", &err), -EINVAL);
	assert_null(strchr(err.en, 0x1b));
	fw_addrs_done(&a);
}

static void ip_both_families(void **state)
{
	struct fw_ip ip = {0};
	struct sk_buf b;

	sk_buf_init(&b, 100);
	assert_int_equal(fw_ip_parse("192.0.2.1", &ip, NULL), 0);
	assert_int_equal(ip.family, 4);
	assert_true(ip.a == 0xc0000201);
	fw_ip_put(&b, &ip);
	assert_string_equal(sk_buf_str(&b), "192.0.2.1");
	sk_buf_reset(&b);
	assert_int_equal(fw_ip_parse("2001:db8::1", &ip, NULL), 0);
	assert_int_equal(ip.family, 6);
	fw_ip_put(&b, &ip);
	assert_string_equal(sk_buf_str(&b), "2001:db8::1");
	assert_int_equal(fw_ip_parse("192.0.2.0/24", &ip, NULL), -EINVAL);
	assert_int_equal(fw_ip_parse("", &ip, NULL), -EINVAL);
	sk_buf_done(&b);
}

static void any_holds_everything(void **state)
{
	struct fw_addrs any = {0}, some = {0};
	struct fw_ip ip;

	assert_int_equal(fw_addrs_any(&any), 0);
	assert_int_equal(fw_addrs_add4(&some, 1, 5), 0);
	assert_int_equal(fw_addrs_add4(&some, 5, 1), -EINVAL);
	assert_int_equal(fw_addrs_add6(&some, 5, 1), -EINVAL);
	assert_int_equal(fw_ip_parse("::", &ip, NULL), 0);
	assert_true(fw_addrs_has(&any, &ip));
	assert_int_equal(fw_ip_parse("255.255.255.255", &ip, NULL), 0);
	assert_true(fw_addrs_has(&any, &ip));
	ip.family = 0;
	assert_false(fw_addrs_has(&any, &ip));
	assert_true(fw_addrs_covers(&any, &some));
	assert_false(fw_addrs_covers(&some, &any));
	assert_int_equal(fw_addrs_merge(&any, &some), 0);
	assert_true(any.any);
	put_is(&any, "any");
	fw_addrs_done(&any);
	fw_addrs_done(&some);
	fw_addrs_done(NULL);
	assert_true(fw_addrs_empty(&some));
}

/* 64 addresses a family, at both ends of its range, so that overflows would show. */
#define UNIVERSE 64

static unsigned __int128 at(int family, int i)
{
	unsigned __int128 max = family == 4 ? UINT32_MAX : (unsigned __int128)-1;

	return i < UNIVERSE / 2 ? (unsigned __int128)i : max - (UNIVERSE - 1 - (unsigned)i);
}

struct model {
	uint64_t v4, v6;
};

static void add_span(struct fw_addrs *a, struct model *m, int family, int lo, int hi)
{
	uint64_t *bits = family == 4 ? &m->v4 : &m->v6;

	if ((lo < UNIVERSE / 2) != (hi < UNIVERSE / 2))
		return;
	for (int i = lo; i <= hi; i++)
		*bits |= UINT64_C(1) << i;
	if (family == 4)
		assert_int_equal(fw_addrs_add4(a, (uint32_t)at(4, lo), (uint32_t)at(4, hi)), 0);
	else
		assert_int_equal(fw_addrs_add6(a, at(6, lo), at(6, hi)), 0);
}

static void random_set(uint64_t *seed, struct fw_addrs *a, struct model *m)
{
	int n = (int)(next_random(seed) % 9);

	*a = (struct fw_addrs){0};
	*m = (struct model){0};
	for (int i = 0; i < n; i++) {
		int x = (int)(next_random(seed) % UNIVERSE), y = x + (int)(next_random(seed) % 9);

		add_span(a, m, next_random(seed) % 2 ? 4 : 6, x, y < UNIVERSE ? y : UNIVERSE - 1);
	}
	fw_addrs_normalise(a);
}

static size_t runs(uint64_t bits)
{
	size_t n = 0;

	for (int i = 0; i < UNIVERSE; i++)
		if ((bits >> i & 1) && (i == 0 || i == UNIVERSE / 2 || !(bits >> (i - 1) & 1)))
			n++;
	return n;
}

static void same_as_model(const struct fw_addrs *a, const struct model *m)
{
	for (int i = 0; i < UNIVERSE; i++) {
		struct fw_ip ip4 = {4, at(4, i)}, ip6 = {6, at(6, i)};

		assert_int_equal(fw_addrs_has(a, &ip4), m->v4 >> i & 1);
		assert_int_equal(fw_addrs_has(a, &ip6), m->v6 >> i & 1);
	}
	assert_int_equal(a->n4, runs(m->v4));
	assert_int_equal(a->n6, runs(m->v6));
	assert_int_equal(fw_addrs_empty(a), !m->v4 && !m->v6);
	for (size_t i = 1; i < a->n4; i++)
		assert_true(a->v4[i].lo > a->v4[i - 1].hi + 1);
	for (size_t i = 1; i < a->n6; i++)
		assert_true(a->v6[i].lo > a->v6[i - 1].hi + 1);
}

static void algebra_agrees_with_a_bitmap(void **state)
{
	uint64_t seed = 103;

	for (int round = 0; round < 3000; round++) {
		struct fw_addrs a, b, both, merged;
		struct model ma, mb, m;

		random_set(&seed, &a, &ma);
		random_set(&seed, &b, &mb);
		same_as_model(&a, &ma);
		assert_int_equal(fw_addrs_intersect(&a, &b, &both), 0);
		m = (struct model){ma.v4 & mb.v4, ma.v6 & mb.v6};
		same_as_model(&both, &m);
		assert_true(fw_addrs_covers(&a, &both) && fw_addrs_covers(&b, &both));
		assert_int_equal(fw_addrs_covers(&a, &b), !(mb.v4 & ~ma.v4) && !(mb.v6 & ~ma.v6));
		assert_int_equal(fw_addrs_equal(&a, &b), ma.v4 == mb.v4 && ma.v6 == mb.v6);
		assert_int_equal(fw_addrs_copy(&merged, &a), 0);
		assert_true(fw_addrs_equal(&merged, &a));
		assert_int_equal(fw_addrs_merge(&merged, &b), 0);
		m = (struct model){ma.v4 | mb.v4, ma.v6 | mb.v6};
		same_as_model(&merged, &m);
		fw_addrs_done(&a);
		fw_addrs_done(&b);
		fw_addrs_done(&both);
		fw_addrs_done(&merged);
	}
}

static void random_ranges_survive_text(void **state)
{
	uint64_t seed = 104;

	for (int round = 0; round < 2000; round++) {
		struct fw_addrs a = {0}, again;
		struct sk_buf b;

		for (int i = 0; i < 5; i++) {
			uint32_t lo = (uint32_t)next_random(&seed);
			uint64_t size = UINT64_C(1) << (next_random(&seed) % 20);
			unsigned __int128 lo6 = (unsigned __int128)next_random(&seed) << 64;

			if (round % 2)
				lo &= ~(uint32_t)(size - 1);
			if (lo + size - 1 <= UINT32_MAX)
				assert_int_equal(
					fw_addrs_add4(&a, lo, (uint32_t)(lo + size - 1)), 0);
			assert_int_equal(fw_addrs_add6(&a, lo6, lo6 + size - (round % 3 == 0)), 0);
		}
		fw_addrs_normalise(&a);
		sk_buf_init(&b, 65536);
		fw_addrs_put(&b, &a);
		assert_int_equal(fw_addrs_parse(sk_buf_str(&b), NULL, &again, NULL), 0);
		assert_true(fw_addrs_equal(&a, &again));
		sk_buf_done(&b);
		fw_addrs_done(&a);
		fw_addrs_done(&again);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_specs),
		cmocka_unit_test(bad_specs),
		cmocka_unit_test(host_bits_message_offers_both),
		cmocka_unit_test(refused_input_is_escaped_in_messages),
		cmocka_unit_test(ip_both_families),
		cmocka_unit_test(any_holds_everything),
		cmocka_unit_test(algebra_agrees_with_a_bitmap),
		cmocka_unit_test(random_ranges_survive_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
