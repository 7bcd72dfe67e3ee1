// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What `why` is asked about, and what of the lists is about it: covering entries, those only near,
 * since when; a damaged list is named and the others are searched all the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/why/lists.h"

#define NOW 1796000000ll

struct fixture {
	char dir[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/sekisho-why-XXXXXX");
	return mkdtemp(f->dir) ? 0 : -1;
}

static int teardown(void **state)
{
	static const char *const names[] = {"a", "b", "staged.a", "staged", "c"};
	struct fixture *f = *state;
	char path[128];

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "%s/%s.list", f->dir, names[i]);
		unlink(path);
	}
	rmdir(f->dir);
	free(f);
	return 0;
}

/* Entries as "kind value", e.g. "4 203.0.113.0/24". */
static void write_list(const struct fixture *f, const char *file, const char *feed,
	const char *const *entries, size_t cut)
{
	struct mg_list_builder *b = mg_list_builder_new(100);
	struct mg_list_meta meta = {.feed = feed, .fetched = NOW};
	uint64_t by_kind[SK_BL_KINDS];
	struct sk_err err = {0};
	struct sk_buf out;
	char path[128];

	sk_buf_init(&out, 1 << 20);
	for (; *entries; entries++) {
		struct mg_list_entry e = {.value = *entries + 2,
			.len = strlen(*entries + 2),
			.note = "SBL1",
			.note_len = 4};

		while (sk_bl_kind_char(e.kind) != **entries)
			e.kind++;
		if (e.kind <= SK_BL_ADDR6)
			assert_int_equal(sk_bl_range(e.kind, e.value, e.len, &e.lo, &e.hi), 0);
		assert_int_equal(mg_list_add(b, &e), 0);
	}
	if (mg_list_write(b, &meta, &out, by_kind, &err) < 0)
		fail_msg("%s", err.en);
	mg_list_builder_free(b);
	snprintf(path, sizeof(path), "%s/%s.list", f->dir, file);
	assert_int_equal(sk_file_replace(path, out.data, out.len - cut, 0600, &err), 0);
	sk_buf_done(&out);
}
#define LIST(f, file, feed, cut, ...)                                                              \
	write_list(f, file, feed, (const char *const[]){__VA_ARGS__, NULL}, cut)

static struct mg_subject subject(const char *typed)
{
	struct mg_subject s;
	struct sk_err err = {0};

	if (mg_subject_parse(&s, typed, &err) < 0)
		fail_msg("%s", err.en);
	return s;
}

struct found {
	char text[1000];
	int64_t since;
};

static int on_hit(const struct mg_why_hit *h, void *arg)
{
	struct found *f = arg;
	size_t n = strlen(f->text);

	snprintf(f->text + n, sizeof(f->text) - n, "%s%s:%s%s", n ? " " : "", h->feed, h->value,
		h->covers ? "" : "~");
	f->since = h->since;
	assert_string_equal(h->note, "SBL1");
	return 0;
}

static struct found search(const struct fixture *f, const char *typed, char *bad)
{
	struct mg_subject s = subject(typed);
	struct found ret = {.since = 0};
	struct sk_buf names;

	sk_buf_init(&names, 4096);
	assert_int_equal(mg_why_lists(f->dir, &s, 2, on_hit, &ret, &names), 0);
	snprintf(bad, 100, "%s", sk_buf_str(&names));
	sk_buf_done(&names);
	return ret;
}

static void expect(const struct fixture *f, const char *typed, const char *want)
{
	char bad[100];
	struct found got = search(f, typed, bad);

	if (strcmp(got.text, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", typed, got.text, want);
	assert_string_equal(bad, "");
}

static void test_search(void **state)
{
	struct fixture *f = *state;

	LIST(f, "a", "drop", 0, "4 203.0.113.0/24", "4 198.51.100.7", "6 2001:db8:bad::/48");
	LIST(f, "b", "names", 0, "4 203.0.113.128-203.0.113.200", "d exact.example",
		"s bad.example", "u shop.example/x?y", "u shop.example:8080/z",
		"c 0123456789012345678901234567890123456789");
	LIST(f, "staged.a", "drop", 0, "4 192.0.2.1");
	expect(f, "203.0.113.1", "drop:203.0.113.0/24");
	expect(f, "203.0.113.150", "drop:203.0.113.0/24 names:203.0.113.128-203.0.113.200");
	expect(f, "198.51.100.0/24", "drop:198.51.100.7~");
	expect(f, "198.51.100.8", "");
	expect(f, "192.0.2.1", ""); /* staged is not accepted */
	LIST(f, "staged", "staged", 0, "4 192.0.2.1");
	expect(f, "192.0.2.1", "staged:192.0.2.1"); /* a list of that name is */
	expect(f, "2001:DB8:BAD::1", "drop:2001:db8:bad::/48");
	expect(f, "exact.example", "names:exact.example");
	expect(f, "WWW.exact.example.", "");
	expect(f, "a.b.bad.example", "names:bad.example");
	expect(f, "notbad.example", "");
	expect(f, "*.exact.example", "names:exact.example~");
	expect(f, ".bad.example", "names:bad.example");
	expect(f, "shop.example", "names:shop.example/x?y~ names:shop.example:8080/z~");
	expect(f, "https://shop.example/x?y#frag", "names:shop.example/x?y");
	expect(f, "http://shop.example/other", "");
	expect(f, "http://x.bad.example/other", "names:bad.example");
	expect(f, "http://203.0.113.9:8080/a", "drop:203.0.113.0/24");
	expect(f, "http://[2001:db8:bad::9]/a", "drop:2001:db8:bad::/48");
	expect(f, "0123456789012345678901234567890123456789",
		"names:0123456789012345678901234567890123456789");
}

static void test_since(void **state)
{
	struct fixture *f = *state;
	char bad[100];

	LIST(f, "a", "drop", 0, "4 203.0.113.0/24");
	assert_int_equal(search(f, "203.0.113.1", bad).since, NOW);
}

static void test_damaged(void **state)
{
	struct fixture *f = *state;
	char bad[100];
	struct found got;

	LIST(f, "a", "drop", 30, "4 203.0.113.0/24");
	LIST(f, "b", "names", 0, "4 203.0.113.1");
	got = search(f, "203.0.113.1", bad);
	assert_string_equal(got.text, "names:203.0.113.1");
	assert_string_equal(bad, "a.list");
}

static void test_no_subject(void **state)
{
	static const char *const none[] = {
		"", "x", "256.1.1.1", "a b", "..", "*.", "-", "日本", "http://"};
	struct mg_subject s;
	struct sk_err err = {0};

	for (size_t i = 0; i < SK_ARRAY_SIZE(none); i++)
		if (mg_subject_parse(&s, none[i], &err) != -EINVAL)
			fail_msg("taken: \"%s\" as %s", none[i], s.value);
	assert_string_equal(err.path, "subject");
}

static void test_address(void **state)
{
	static const char *const all[][2] = {{"203.0.113.1", "203.0.113.1"}, {"203.0.113.0/24", ""},
		{"2001:DB8::1", "2001:db8::1"}, {"http://203.0.113.9:81/x", "203.0.113.9"},
		{"http://[2001:db8::9]/", "2001:db8::9"}, {"bad.example", ""},
		{"http://bad.example/", ""}};
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++) {
		struct mg_subject s = subject(all[i][0]);

		text[0] = '\0';
		assert_int_equal(mg_subject_address(&s, text), all[i][1][0] != '\0');
		assert_string_equal(text, all[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_search, setup, teardown),
		cmocka_unit_test_setup_teardown(test_since, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test(test_no_subject),
		cmocka_unit_test(test_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
