/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of listed names: for how long, which never, and what sharing does. */
#include "ips/lists/learned.h"
#include "tests/unit/ips-lists/doc.h"

#include <arpa/inet.h>
#include <string.h>

#define S 1000000ull
#define T0 (1800000000 * S)

static const uint8_t seed[16] = "fedcba987654321";
static const struct ips_view evil = {(const uint8_t *)"evil.example", 12};

static struct ips_addr addr(const char *text)
{
	struct ips_addr a = {{0}};

	assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, a.w), 1);
	return a;
}

static uint8_t family(const char *text)
{
	return strchr(text, ':') ? 6 : 4;
}

static enum ips_learned_result add(
	struct ips_learned *t, const char *text, uint32_t ttl, uint64_t now, uint32_t *ret_ttl)
{
	struct ips_addr a = addr(text);

	return ips_learned_add(t, family(text), &a, evil, ttl, now, ret_ttl);
}

static bool known(struct ips_learned *t, const char *text, uint64_t now)
{
	struct ips_addr a = addr(text);
	char name[IPS_LISTS_NAME_MAX];
	uint32_t n = ips_learned_get(t, family(text), &a, now, name);

	assert_true(n == 0 || (n == evil.len && memcmp(name, evil.data, n) == 0));
	return n;
}

static void test_time(void **state)
{
	struct ips_learned *t = ips_learned_new(seed);
	uint32_t ttl = 0;

	assert_int_equal(add(t, "93.184.216.34", 300, T0, &ttl), IPS_LEARNED_NEW);
	assert_int_equal(ttl, 300);
	assert_true(known(t, "93.184.216.34", T0 + 299 * S));
	assert_false(known(t, "93.184.216.34", T0 + 300 * S));
	assert_false(known(t, "93.184.216.35", T0));
	/* Bounds; and a shorter time does not take away what was promised. */
	assert_int_equal(add(t, "2600::1", 0, T0, &ttl), IPS_LEARNED_NEW);
	assert_int_equal(ttl, 60);
	assert_int_equal(add(t, "2600::2", 4000000000u, T0, &ttl), IPS_LEARNED_NEW);
	assert_int_equal(ttl, 86400);
	assert_int_equal(add(t, "2600::2", 60, T0, &ttl), IPS_LEARNED_KNOWN);
	assert_true(known(t, "2600::2", T0 + 86000 * S));
	/* Said again every second, its time moves on in steps. */
	assert_int_equal(add(t, "93.184.216.34", 300, T0 + S, &ttl), IPS_LEARNED_KNOWN);
	assert_false(known(t, "93.184.216.34", T0 + 300 * S));
	assert_int_equal(add(t, "93.184.216.34", 300, T0 + 75 * S, &ttl), IPS_LEARNED_LONGER);
	assert_true(known(t, "93.184.216.34", T0 + 374 * S));
	assert_true(known(t, "2600::1", T0 + 59 * S));
	assert_false(known(t, "2600::1", T0 + 61 * S));
	assert_int_equal(add(t, "2600::1", 60, T0 + 61 * S, &ttl), IPS_LEARNED_NEW);
	assert_int_equal(ips_learned_count(t), 3);
	ips_learned_free(t);
}

static void test_never(void **state)
{
	static const char *const special[] = {"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1",
		"169.254.1.1", "172.31.255.255", "192.168.1.1", "192.0.2.1", "198.19.0.1",
		"203.0.113.5", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:8.8.8.8",
		"64:ff9b::808:808", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1", "2001::1",
		"2002:a00:1::1", "3fff::1"};
	static const char *const usual[] = {"8.8.8.8", "11.0.0.0", "172.32.0.1", "100.128.0.0",
		"192.0.1.0", "223.255.255.255", "2600::", "2001:4860:4860::8888", "2a00::1",
		"2002:808:808::1"};
	struct ips_learned *t = ips_learned_new(seed);
	uint32_t ttl = 0;

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (add(t, special[i], 60, T0, &ttl) != IPS_LEARNED_NEVER)
			fail_msg("%s was learned", special[i]);
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (add(t, usual[i], 60, T0, &ttl) != IPS_LEARNED_NEW)
			fail_msg("%s was not learned", usual[i]);
	ips_learned_free(t);
}

static void test_shared(void **state)
{
	struct ips_learned *t = ips_learned_new(seed);
	struct ips_addr cdn = addr("93.184.216.34"), other = addr("93.184.216.35");
	uint32_t ttl = 0;

	assert_false(ips_learned_unlisted(t, 4, &cdn, T0));
	assert_int_equal(add(t, "93.184.216.34", 60, T0 + 3599 * S, &ttl), IPS_LEARNED_SHARED);
	assert_false(known(t, "93.184.216.34", T0 + 3599 * S));
	assert_int_equal(add(t, "93.184.216.34", 60, T0 + 3602 * S, &ttl), IPS_LEARNED_NEW);
	/* Learned first, and then seen with another name. */
	assert_int_equal(add(t, "93.184.216.35", 600, T0, &ttl), IPS_LEARNED_NEW);
	assert_true(ips_learned_unlisted(t, 4, &other, T0 + S));
	assert_false(known(t, "93.184.216.35", T0 + S));
	assert_false(ips_learned_unlisted(t, 4, &other, T0 + 2 * S));
	ips_learned_free(t);
}

/* ---- another list ---- */

static void count_gone(uint8_t f, const struct ips_addr *a, void *arg)
{
	unsigned *n = arg;

	assert_int_equal(f, 4);
	n[ntohl(a->w[0]) == 0x5db8d822]++;
}

static unsigned review(struct ips_learned *t, const struct doc_entry *entries, unsigned *gone)
{
	struct ips_lists *l = doc_lists(NULL, entries);

	gone[0] = gone[1] = 0;
	ips_learned_review(t, l, count_gone, gone);
	ips_lists_unref(l);
	return gone[0] + gone[1];
}

static void test_review(void **state)
{
	static const struct doc_entry as_before[] = {
		{SK_BL_SUFFIX, "evil.example", MALWARE}, {0, NULL, 0}};
	static const struct doc_entry address_allowed[] = {{SK_BL_ADDR4, "93.184.216.34", ALLOW},
		{SK_BL_SUFFIX, "evil.example", MALWARE}, {0, NULL, 0}};
	static const struct doc_entry name_allowed[] = {{SK_BL_DOMAIN, "evil.example", ALLOW},
		{SK_BL_SUFFIX, "evil.example", MALWARE}, {0, NULL, 0}};
	static const struct doc_entry only_reported[] = {
		{SK_BL_SUFFIX, "evil.example", TRIAL}, {0, NULL, 0}};
	static const struct doc_entry gone_from_list[] = {
		{SK_BL_DOMAIN, "other.example", MALWARE}, {0, NULL, 0}};
	struct ips_learned *t = ips_learned_new(seed);
	unsigned gone[2];
	uint32_t ttl = 0;

	add(t, "93.184.216.34", 600, T0, &ttl);
	add(t, "93.184.216.35", 600, T0, &ttl);
	assert_int_equal(review(t, as_before, gone), 0);
	assert_int_equal(review(t, address_allowed, gone), 1);
	assert_int_equal(gone[1], 1);
	assert_false(known(t, "93.184.216.34", T0));
	assert_true(known(t, "93.184.216.35", T0));
	assert_int_equal(review(t, name_allowed, gone), 1);
	assert_int_equal(ips_learned_count(t), 0);
	add(t, "93.184.216.34", 600, T0, &ttl);
	assert_int_equal(review(t, only_reported, gone), 1);
	add(t, "93.184.216.34", 600, T0, &ttl);
	assert_int_equal(review(t, gone_from_list, gone), 1);
	ips_learned_free(t);
}

static void test_full(void **state)
{
	struct ips_learned *t = ips_learned_new(seed);
	uint32_t ttl = 0;

	for (uint32_t i = 0; i <= IPS_LEARNED_MAX; i++) {
		struct ips_addr a = {{htonl(0x08000000 + i)}};
		enum ips_learned_result r = ips_learned_add(t, 4, &a, evil, 60, T0, &ttl);

		assert_int_equal(r, i < IPS_LEARNED_MAX ? IPS_LEARNED_NEW : IPS_LEARNED_FULL);
	}
	/* What is over makes room. */
	assert_int_equal(add(t, "9.9.9.9", 60, T0 + 61 * S, &ttl), IPS_LEARNED_NEW);
	assert_int_equal(ips_learned_count(t), 1);
	ips_learned_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_review),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
