/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table: what a name, URL or fingerprint is to a list, and who wins. */
#include "tests/unit/ips-lists/doc.h"

#include <arpa/inet.h>
#include <string.h>

static const char *const words[] = {"none", "monitor", "block", "allowed"};

static void expect(enum ips_lists_verdict got, const struct ips_lists_hit *hit,
	enum ips_lists_verdict want, const char *entry, const char *what)
{
	if (got != want)
		fail_msg("%s: %s, not %s", what, words[got], words[want]);
	if (!entry)
		return;
	if (hit->len != strlen(entry) || memcmp(hit->entry, entry, hit->len) != 0)
		fail_msg("%s: entry %.*s, not %s", what, (int)hit->len, hit->entry, entry);
}

static void name(
	const struct ips_lists *l, const char *s, enum ips_lists_verdict want, const char *entry)
{
	struct ips_lists_hit hit = {0};

	expect(ips_lists_name(l, s, strlen(s), &hit), &hit, want, entry, s);
}

static void url(
	const struct ips_lists *l, const char *s, enum ips_lists_verdict want, const char *entry)
{
	struct ips_lists_hit hit = {0};

	expect(ips_lists_url(l, s, strlen(s), &hit), &hit, want, entry, s);
}

static void test_names(void **state)
{
	static const struct doc_entry e[] = {
		{SK_BL_DOMAIN, "a.exact.example", MALWARE},
		{SK_BL_DOMAIN, "fine.bad.example", ALLOW},
		{SK_BL_DOMAIN, "one.trial.example", MALWARE},
		{SK_BL_SUFFIX, "bad.example", MALWARE},
		{SK_BL_SUFFIX, "deep.bad.example", TRIAL},
		{SK_BL_SUFFIX, "good.bad.example", ALLOW},
		{SK_BL_SUFFIX, "ours.example", MALWARE},
		{SK_BL_SUFFIX, "ours.example", ALLOW},
		{SK_BL_SUFFIX, "trial.example", TRIAL},
		{0},
	};
	struct ips_lists *l = doc_lists(NULL, e);
	char longest[400];

	name(l, "a.exact.example", IPS_LISTS_BLOCK, "a.exact.example");
	name(l, "A.Exact.EXAMPLE.", IPS_LISTS_BLOCK, "a.exact.example");
	name(l, "b.a.exact.example", IPS_LISTS_NONE, NULL);
	name(l, "exact.example", IPS_LISTS_NONE, NULL);
	name(l, "bad.example", IPS_LISTS_BLOCK, "bad.example");
	name(l, "x.y.z.bad.example", IPS_LISTS_BLOCK, "bad.example");
	name(l, "notbad.example", IPS_LISTS_NONE, NULL);
	name(l, "bad.example.org", IPS_LISTS_NONE, NULL);
	/* A feed that blocks goes before a more specific one on trial; the allow-list before all.
	 */
	name(l, "x.deep.bad.example", IPS_LISTS_BLOCK, "bad.example");
	name(l, "x.trial.example", IPS_LISTS_MONITOR, "trial.example");
	name(l, "one.trial.example", IPS_LISTS_BLOCK, "one.trial.example");
	name(l, "fine.bad.example", IPS_LISTS_ALLOWED, "fine.bad.example");
	name(l, "x.fine.bad.example", IPS_LISTS_ALLOWED, "fine.bad.example");
	name(l, "x.good.bad.example", IPS_LISTS_ALLOWED, "good.bad.example");
	name(l, "notgood.bad.example", IPS_LISTS_BLOCK, "bad.example");
	name(l, "www.ours.example", IPS_LISTS_ALLOWED, "ours.example");
	/* No names. */
	name(l, "", IPS_LISTS_NONE, NULL);
	name(l, ".", IPS_LISTS_NONE, NULL);
	name(l, ".bad.example", IPS_LISTS_NONE, NULL);
	name(l, "x..bad.example", IPS_LISTS_NONE, NULL);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + sizeof(longest) - 13, ".bad.example", 13);
	name(l, longest, IPS_LISTS_NONE, NULL);
	/* As many labels as a name can have. */
	for (unsigned i = 0; i < 240; i += 2)
		memcpy(longest + i, "b.", 2);
	memcpy(longest + 240, "bad.example", 12);
	name(l, longest, IPS_LISTS_BLOCK, "bad.example");
	assert_string_equal(ips_lists_feed(l, TRIAL), "trial");
	assert_string_equal(ips_lists_feed(l, ALLOW), "");
	assert_int_equal(ips_lists_info(l)->entries[SK_BL_SUFFIX], 6);
	assert_int_equal(ips_lists_info(l)->allowed, 3);
	ips_lists_unref(l);
}

static void test_urls(void **state)
{
	static const struct doc_entry e[] = {
		{SK_BL_DOMAIN, "host.example", MALWARE},
		{SK_BL_SUFFIX, "fine.example", ALLOW},
		{SK_BL_URL, "192.0.2.1:8080/bins/x", MALWARE},
		{SK_BL_URL, "a.fine.example/x", MALWARE},
		{SK_BL_URL, "bad.example/", TRIAL},
		{SK_BL_URL, "bad.example/%2Fp%61th/a.exe", MALWARE},
		{SK_BL_URL, "bad.example/q?x=1", MALWARE},
		{SK_BL_URL, "bad.example/q?x=2", ALLOW},
		{0},
	};
	struct ips_lists *l = doc_lists(NULL, e);

	url(l, "192.0.2.1:8080/bins/x", IPS_LISTS_BLOCK, "192.0.2.1:8080/bins/x");
	url(l, "192.0.2.1/bins/x", IPS_LISTS_NONE, NULL);
	url(l, "bad.example/%2fpath/a.exe", IPS_LISTS_BLOCK, "bad.example/%2Fp%61th/a.exe");
	url(l, "BAD.example/%2Fp%61t%68/a.exe?id=9", IPS_LISTS_BLOCK,
		"bad.example/%2Fp%61th/a.exe");
	url(l, "bad.example//path/a.exe", IPS_LISTS_NONE, NULL);
	url(l, "bad.example/%2fPATH/a.exe", IPS_LISTS_NONE, NULL);
	url(l, "bad.example/", IPS_LISTS_MONITOR, "bad.example/");
	url(l, "bad.example/q?x=1", IPS_LISTS_BLOCK, "bad.example/q?x=1");
	url(l, "bad.example/q?x=3", IPS_LISTS_NONE, NULL);
	url(l, "bad.example/q", IPS_LISTS_NONE, NULL);
	url(l, "bad.example/q?x=2", IPS_LISTS_ALLOWED, "bad.example/q?x=2");
	url(l, "a.fine.example/x", IPS_LISTS_ALLOWED, "fine.example");
	url(l, "host.example/x", IPS_LISTS_NONE, NULL);
	url(l, "%", IPS_LISTS_NONE, NULL);
	url(l, "bad.example/%4", IPS_LISTS_NONE, NULL);
	ips_lists_unref(l);
}

static void test_prints(void **state)
{
	static const char ja3[] = "e7d705a3286e19ea42f587b344ee6865";
	static const char sha1[] = "0123456789abcdef0123456789abcdef01234567";
	static const struct doc_entry e[] = {
		{SK_BL_JA3, ja3, MALWARE},
		{SK_BL_JA4, "t13d1516h2_8daaf6152771_e5627efa2ab1", TRIAL},
		{SK_BL_CERT, sha1, MALWARE},
		{SK_BL_CERT, sha1, ALLOW},
		{0},
	};
	struct ips_lists *l = doc_lists(NULL, e);
	struct ips_lists_hit hit = {0};

	assert_int_equal(ips_lists_print(l, SK_BL_JA3, ja3, 32, &hit), IPS_LISTS_BLOCK);
	assert_int_equal(hit.kind, SK_BL_JA3);
	assert_int_equal(ips_lists_print(l, SK_BL_JA4, e[1].value, 36, &hit), IPS_LISTS_MONITOR);
	assert_int_equal(ips_lists_print(l, SK_BL_CERT, sha1, 40, &hit), IPS_LISTS_ALLOWED);
	assert_int_equal(ips_lists_print(l, SK_BL_CERT, ja3, 32, &hit), IPS_LISTS_NONE);
	assert_int_equal(ips_lists_print(l, SK_BL_JA3, NULL, 0, &hit), IPS_LISTS_NONE);
	name(l, ja3, IPS_LISTS_NONE, NULL);
	ips_lists_unref(l);
}

static bool allows(const struct ips_lists *l, int family, const char *text)
{
	struct ips_addr a = {{0}};

	assert_int_equal(inet_pton(family, text, a.w), 1);
	return ips_lists_allows(l, family == AF_INET ? 4 : 6, &a);
}

static void test_head(void **state)
{
	static const struct doc_entry e[] = {
		{SK_BL_ADDR4, "198.51.100.0/24", ALLOW},
		{SK_BL_ADDR4, "203.0.113.7", MALWARE},
		{SK_BL_ADDR6, "2001:db8::/32", ALLOW},
		{0},
	};
	struct ips_lists *l =
		doc_lists("{\"dns\":{\"answer\":\"address\",\"a\":\"192.0.2.1\"}}", e);
	const struct ips_lists_info *i = ips_lists_info(l);

	assert_true(allows(l, AF_INET, "198.51.100.255"));
	assert_false(allows(l, AF_INET, "198.51.101.0"));
	assert_false(allows(l, AF_INET, "203.0.113.7"));
	assert_true(allows(l, AF_INET6, "2001:db8:ffff::1"));
	assert_false(allows(l, AF_INET6, "2001:db9::"));
	assert_int_equal(i->entries[SK_BL_ADDR4], 2);
	assert_int_equal(i->generation, 7);
	assert_true(i->learn);
	assert_true(i->dns.address && i->dns.has_a && !i->dns.has_aaaa);
	assert_int_equal(i->dns.a.w[0], htonl(0xc0000201));
	name(l, "x.example", IPS_LISTS_NONE, NULL);
	ips_lists_unref(l);
	l = doc_lists("{\"learn\":false,\"dns\":{\"answer\":\"nxdomain\"}}", e);
	assert_false(ips_lists_info(l)->learn);
	assert_false(ips_lists_info(l)->dns.address);
	ips_lists_unref(l);
}

/* Each is there, its neighbours are not; also with a table that is quite full. */
static void test_many(void **state)
{
	enum { N = 20000 };
	struct doc_entry *e = calloc(N + 1, sizeof(*e));
	char(*text)[32] = calloc(N, sizeof(*text));
	struct ips_lists *l;

	assert_non_null(e);
	assert_non_null(text);
	for (int i = 0; i < N; i++) {
		snprintf(text[i], sizeof(text[i]), "n%06d.many.example", 2 * i);
		e[i] = (struct doc_entry){SK_BL_DOMAIN, text[i], i % 2 ? MALWARE : TRIAL};
	}
	l = doc_lists(NULL, e);
	for (int i = 0; i < N; i++) {
		char other[32];

		name(l, text[i], i % 2 ? IPS_LISTS_BLOCK : IPS_LISTS_MONITOR, text[i]);
		snprintf(other, sizeof(other), "n%06d.many.example", 2 * i + 1);
		name(l, other, IPS_LISTS_NONE, NULL);
	}
	ips_lists_unref(l);
	free(e);
	free(text);
}

static void test_bad(void **state)
{
	static const uint8_t seed[16];
	struct ips_lists *l = NULL;
	struct sk_err err = {0};
	static const char text[] = "{\"format\":\"sekisho-blocklist\",\"version\":1}\n";

	assert_true(ips_lists_new(&l, text, sizeof(text) - 1, seed, &err) < 0);
	assert_null(l);
	assert_true(err.en[0]);
	assert_true(ips_lists_new(&l, "", 0, seed, NULL) < 0);
	ips_lists_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_prints),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
