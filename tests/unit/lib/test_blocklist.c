/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of blocklists in their canonical form, and the document from writing to reading. */
#include "tests/unit/lib/unit.h"

#include "lib/blocklist.h"
#include "lib/json.h"
#include "lib/util.h"

static void same(enum sk_bl_kind k, const char *in, const char *want)
{
	char dst[SK_BL_VALUE_MAX + 1];
	int n = sk_bl_canonical(k, in, strlen(in), dst, sizeof(dst));

	if (!want) {
		if (n >= 0)
			fail_msg("\"%s\" became \"%s\"", in, dst);
		return;
	}
	if (n < 0)
		fail_msg("\"%s\" was refused", in);
	assert_string_equal(dst, want);
	assert_int_equal(n, strlen(want));
	/* Once more changes nothing. */
	n = sk_bl_canonical(k, want, strlen(want), dst, sizeof(dst));
	assert_int_equal(n, strlen(want));
	assert_string_equal(dst, want);
}

static void test_addresses(void **state)
{
	same(SK_BL_ADDR4, "192.0.2.1", "192.0.2.1");
	same(SK_BL_ADDR4, "192.0.2.1/32", "192.0.2.1");
	same(SK_BL_ADDR4, "192.0.2.77/24", "192.0.2.0/24");
	same(SK_BL_ADDR4, "0.0.0.0/0", "0.0.0.0/0");
	same(SK_BL_ADDR4, "192.0.2.0-192.0.2.255", "192.0.2.0/24");
	same(SK_BL_ADDR4, "192.0.2.1-192.0.2.7", "192.0.2.1-192.0.2.7");
	same(SK_BL_ADDR4, "255.255.255.254-255.255.255.255", "255.255.255.254/31");
	same(SK_BL_ADDR4, "192.0.2.9-192.0.2.1", NULL);
	same(SK_BL_ADDR4, "192.0.2.010", NULL);
	same(SK_BL_ADDR4, "192.0.2.256", NULL);
	same(SK_BL_ADDR4, "192.0.2", NULL);
	same(SK_BL_ADDR4, "192.0.2.1/33", NULL);
	same(SK_BL_ADDR4, "192.0.2.1/", NULL);
	same(SK_BL_ADDR4, "192.0.2.1 ", NULL);
	same(SK_BL_ADDR6, "2001:DB8:0:0::1", "2001:db8::1");
	same(SK_BL_ADDR6, "2001:db8::5/32", "2001:db8::/32");
	same(SK_BL_ADDR6, "::/0", "::/0");
	same(SK_BL_ADDR6, "2001:db8::1-2001:db8::2", "2001:db8::1-2001:db8::2");
	same(SK_BL_ADDR6, "2001:db8::g", NULL);
	same(SK_BL_ADDR6, "192.0.2.1", NULL);
}

static void test_names(void **state)
{
	char longest[300];

	same(SK_BL_DOMAIN, "Bad.Example.", "bad.example");
	same(SK_BL_SUFFIX, "_dmarc.bad.example", "_dmarc.bad.example");
	same(SK_BL_DOMAIN, "xn--fiq228c.example", "xn--fiq228c.example");
	same(SK_BL_DOMAIN, "example", NULL);
	same(SK_BL_DOMAIN, "a..example", NULL);
	same(SK_BL_DOMAIN, ".example", NULL);
	same(SK_BL_DOMAIN, "-a.example", NULL);
	same(SK_BL_DOMAIN, "a-.example", NULL);
	same(SK_BL_DOMAIN, "a b.example", NULL);
	same(SK_BL_DOMAIN, "192.0.2.1", NULL);
	same(SK_BL_DOMAIN, "悪い.example", NULL);
	memset(longest, 'a', sizeof(longest));
	longest[63] = '.';
	longest[64] = 'b';
	longest[65] = '\0';
	same(SK_BL_DOMAIN, longest, longest);
	longest[63] = 'a';
	longest[64] = '.';
	same(SK_BL_DOMAIN, longest, NULL);
}

static void test_urls(void **state)
{
	same(SK_BL_URL, "http://Bad.Example/Load.exe", "bad.example/Load.exe");
	same(SK_BL_URL, "https://bad.example:443/a?b=1#c", "bad.example/a?b=1");
	same(SK_BL_URL, "http://bad.example:443/a", "bad.example:443/a");
	same(SK_BL_URL, "http://user:pw@bad.example", "bad.example/");
	same(SK_BL_URL, "http://192.0.2.1:8080/x", "192.0.2.1:8080/x");
	same(SK_BL_URL, "http://[2001:DB8::1]/x", "[2001:db8::1]/x");
	same(SK_BL_URL, "bad.example?x", "bad.example/?x");
	same(SK_BL_URL, "http://bad.example/a b", NULL);
	same(SK_BL_URL, "http://bad.example/a\nb", NULL);
	same(SK_BL_URL, "http://bad.example:99999/", NULL);
	same(SK_BL_URL, "http:///x", NULL);
}

static void test_fingerprints(void **state)
{
	same(SK_BL_JA3, "E7D705A3286E19EA42F587B344EE6865", "e7d705a3286e19ea42f587b344ee6865");
	same(SK_BL_JA3, "e7d705a3286e19ea42f587b344ee686", NULL);
	same(SK_BL_JA3, "g7d705a3286e19ea42f587b344ee6865", NULL);
	same(SK_BL_CERT, "0123456789ABCDEF0123456789abcdef01234567",
		"0123456789abcdef0123456789abcdef01234567");
	same(SK_BL_CERT, "0123456789abcdef0123456789abcdef", NULL);
	same(SK_BL_JA4, "t13d1516h2_8daaf6152771_E5627EFA2AB1",
		"t13d1516h2_8daaf6152771_e5627efa2ab1");
	same(SK_BL_JA4, "t13d1516h2_8daaf6152771_e5627efa2ab", NULL);
}

static void test_guess(void **state)
{
	static const struct {
		const char *s;
		enum sk_bl_kind k;
	} cases[] = {
		{"192.0.2.0/24", SK_BL_ADDR4},
		{"2001:db8::/32", SK_BL_ADDR6},
		{"bad.example", SK_BL_DOMAIN},
		{"http://bad.example/x", SK_BL_URL},
		{"bad.example/x", SK_BL_URL},
		{"e7d705a3286e19ea42f587b344ee6865", SK_BL_JA3},
		{"0123456789abcdef0123456789abcdef01234567", SK_BL_CERT},
		{"t13d1516h2_8daaf6152771_e5627efa2ab1", SK_BL_JA4},
	};
	enum sk_bl_kind k;

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		assert_int_equal(sk_bl_guess(cases[i].s, &k), 0);
		assert_int_equal(k, cases[i].k);
	}
	assert_int_equal(sk_bl_guess("nonsense", &k), -EINVAL);
}

/* ---- the document ---- */

static json_t *head(void)
{
	return json_pack("{s:i, s:[{s:s, s:b}, {s:s, s:b}]}", "generation", 7, "feeds", "name",
		"drop", "block", 1, "name", "trial", "block", 0);
}

static void build(struct sk_buf *b, char sha[65])
{
	_cleanup_(sk_json_decrefp) json_t *h = head();
	struct sk_bl_writer w;

	sk_buf_init(b, 1 << 20);
	assert_int_equal(sk_bl_write_begin(&w, b, h), 0);
	sk_bl_write(&w, SK_BL_ADDR4, "192.0.2.1", 9, 1);
	sk_bl_write(&w, SK_BL_ADDR4, "203.0.113.0/24", 14, 0);
	sk_bl_write(&w, SK_BL_ADDR4, "203.0.113.0/24", 14, SK_BL_ALLOW);
	sk_bl_write(&w, SK_BL_SUFFIX, "bad.example", 11, 0);
	assert_int_equal(sk_bl_write_end(&w, sha), 0);
}

struct seen {
	size_t n, allowed, blocked;
	unsigned __int128 hi;
};

static int see(const struct sk_bl_entry *e, void *arg)
{
	struct seen *s = arg;

	s->n++;
	s->allowed += e->feed == SK_BL_ALLOW;
	s->blocked += e->feed == 0;
	s->hi = e->hi > s->hi ? e->hi : s->hi;
	return 0;
}

static void test_document(void **state)
{
	struct seen s = {0};
	struct sk_bl_head h;
	char sha[65];
	struct sk_buf b;

	build(&b, sha);
	assert_int_equal(sk_bl_parse(b.data, b.len, &h, see, &s, NULL), 0);
	assert_int_equal(s.n, 4);
	assert_int_equal(s.allowed, 1);
	assert_int_equal(s.blocked, 2);
	assert_true(s.hi == 0xcb0071ff);
	assert_int_equal(h.generation, 7);
	assert_int_equal(h.n_feeds, 2);
	assert_string_equal(h.feeds[1].name, "trial");
	assert_false(h.feeds[1].block);
	assert_string_equal(h.sha256, sha);
	assert_int_equal(h.entries, 4);
	sk_bl_head_done(&h);
	/* Cut anywhere it is refused, whole, and says where. */
	for (size_t n = 0; n < b.len; n++) {
		struct sk_err err = {0};
		assert_int_equal(sk_bl_parse(b.data, n, &h, NULL, NULL, &err), -EINVAL);
		assert_true(err.en[0]);
		assert_null(h.json);
	}
	/* So it is with any byte changed. */
	for (size_t n = 0; n < b.len - 1; n++) {
		b.data[n] ^= 0x01;
		assert_true(sk_bl_parse(b.data, b.len, &h, NULL, NULL, NULL) < 0);
		b.data[n] ^= 0x01;
	}
	sk_buf_done(&b);
}

static void refused(const char *lines, const char *path)
{
	_cleanup_(sk_json_decrefp) json_t *h = head();
	struct sk_err err = {0};
	struct sk_bl_head got;
	struct sk_bl_writer w;
	struct sk_buf b;
	char sha[65];

	sk_buf_init(&b, 1 << 20);
	assert_int_equal(sk_bl_write_begin(&w, &b, h), 0);
	sk_buf_puts(&b, lines);
	for (const char *p = lines; *p; p++)
		w.entries += *p == '\n';
	assert_int_equal(sk_bl_write_end(&w, sha), 0);
	assert_int_equal(sk_bl_parse(b.data, b.len, &got, NULL, NULL, &err), -EINVAL);
	assert_string_equal(err.path, path);
	sk_buf_done(&b);
}

static void test_refused(void **state)
{
	refused("4 192.0.2.1 0\n4 192.0.2.1 1\n", "line[3]"); /* twice */
	refused("4 192.0.2.1 -\n4 192.0.2.1 1\n", "line[3]");
	refused("4 192.0.2.2 0\n4 192.0.2.1 0\n", "line[3]"); /* not in order */
	refused("s bad.example 0\n4 192.0.2.1 0\n", "line[3]");
	refused("4 192.0.2.1/32 0\n", "line[2]"); /* not canonical */
	refused("4 192.0.2.0-192.0.2.255 0\n", "line[2]");
	refused("d Bad.example 0\n", "line[2]");
	refused("d bad.example 2\n", "line[2]"); /* no such feed */
	refused("d bad.example 00\n", "line[2]");
	refused("x bad.example 0\n", "line[2]");
	refused("d bad.example\n", "line[2]");
	refused("\n", "line[2]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_fingerprints),
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
