// SPDX-License-Identifier: GPL-2.0-or-later
/* The canonical list: written, read back, compared, and refused in every wrong form. */
#include "tests/unit/lib/unit.h"

#include "lib/util.h"
#include "mgmt/feeds/list.h"

static void add(
	struct mg_list_builder *b, enum sk_bl_kind kind, const char *value, const char *note)
{
	char dst[SK_BL_VALUE_MAX + 1];
	struct mg_list_entry e = {
		.kind = kind, .value = dst, .note = note, .note_len = strlen(note)};
	int n = sk_bl_canonical(kind, value, strlen(value), dst, sizeof(dst));

	assert_true(n > 0);
	e.len = (size_t)n;
	if (kind <= SK_BL_ADDR6)
		assert_int_equal(sk_bl_range(kind, dst, e.len, &e.lo, &e.hi), 0);
	assert_int_equal(mg_list_add(b, &e), 0);
}

static void write_list(
	struct mg_list_builder *b, int64_t when, const struct sk_buf *before, struct sk_buf *out)
{
	struct mg_list_meta m = {.feed = "drop", .fetched = when, .lines = 9, .errors = 2};
	uint64_t kinds[SK_BL_KINDS];

	if (before) {
		m.previous = before->data;
		m.previous_len = before->len;
	}
	sk_buf_init(out, MG_LIST_BYTES_MAX);
	assert_int_equal(mg_list_write(b, &m, out, kinds, NULL), 0);
	mg_list_builder_free(b);
}

static void first(struct sk_buf *out)
{
	struct mg_list_builder *b = mg_list_builder_new(100);

	add(b, SK_BL_URL, "http://evil.test/a\x80", "");
	add(b, SK_BL_ADDR4, "198.51.100.0/24", "late");
	add(b, SK_BL_ADDR4, "192.0.2.9", "early\tand\nbroken");
	add(b, SK_BL_ADDR4, "9.255.255.255", "");
	add(b, SK_BL_ADDR4, "198.51.100.0", "");
	add(b, SK_BL_ADDR4, "192.0.2.9", "a second time");
	add(b, SK_BL_ADDR6, "2001:db8::1-2001:db8::3", "");
	add(b, SK_BL_SUFFIX, "evil.test", "");
	write_list(b, 1000, NULL, out);
}

static void written(void **state)
{
	struct sk_buf out;
	char sum[65];

	first(&out);
	assert_non_null(strstr(sk_buf_str(&out),
		"\n4\t9.255.255.255\t1000\t\n4\t192.0.2.9\t1000\tearly and broken\n"
		"4\t198.51.100.0\t1000\t\n4\t198.51.100.0/24\t1000\tlate\n"
		"6\t2001:db8::1-2001:db8::3\t1000\t\ns\tevil.test\t1000\t\nu\tevil.test/a\x80"
		"\t1000\t\n{\"end\":{\"entries\":7,"));
	assert_int_equal(mg_list_sha256(out.data, out.len, sum), 0);
	assert_non_null(strstr(sk_buf_str(&out), sum));
	sk_buf_done(&out);
}

static int count(const struct mg_list_entry *e, void *arg)
{
	++*(int *)arg;
	return 0;
}

static int stop(const struct mg_list_entry *e, void *arg)
{
	return -ECANCELED;
}

static void read_back(void **state)
{
	struct mg_list_head h;
	struct sk_buf out;
	struct sk_err err = {0};
	int n = 0;

	first(&out);
	assert_int_equal(mg_list_check(out.data, out.len, &h, count, &n, &err), 0);
	assert_int_equal(n, 7);
	assert_string_equal(h.feed, "drop");
	assert_int_equal(h.fetched, 1000);
	assert_int_equal(h.entries, 7);
	assert_int_equal(h.lines, 9);
	assert_int_equal(h.errors, 2);
	mg_list_head_done(&h);
	assert_int_equal(mg_list_check(out.data, out.len, NULL, stop, NULL, &err), -ECANCELED);
	/* Cut anywhere, or with a byte changed anywhere, it is refused. */
	for (size_t i = 0; i < out.len; i++)
		assert_int_equal(mg_list_check(out.data, i, NULL, NULL, NULL, &err), -EINVAL);
	for (size_t i = 0; i < out.len - 1; i++) {
		out.data[i] ^= 0x01;
		assert_int_equal(mg_list_check(out.data, out.len, NULL, NULL, NULL, &err), -EINVAL);
		out.data[i] ^= 0x01;
	}
	sk_buf_done(&out);
}

/* Bodies whose hash is right and whose lines are not. */
static void wrong_lines(void **state)
{
	static const struct {
		const char *body, *path;
		int entries;
	} bad[] = {
		{"4\t192.0.2.1\t1\t\n4\t192.0.2.1\t1\t\n", "line[3]", 2},
		{"4\t192.0.2.2\t1\t\n4\t192.0.2.1\t1\t\n", "line[3]", 2},
		{"4\t192.0.2.0/24\t1\t\n4\t192.0.2.0\t1\t\n", "line[3]", 2},
		{"d\ta.test\t1\t\n4\t192.0.2.1\t1\t\n", "line[3]", 2},
		{"4\t192.0.2.1/32\t1\t\n", "line[2]", 1},
		{"4\t192.0.2.1/24\t1\t\n", "line[2]", 1},
		{"4\t192.0.2.0-192.0.2.255\t1\t\n", "line[2]", 1},
		{"4\t0192.0.2.1\t1\t\n", "line[2]", 1},
		{"6\t2001:DB8::1\t1\t\n", "line[2]", 1},
		{"d\tA.test\t1\t\n", "line[2]", 1},
		{"d\ta.test.\t1\t\n", "line[2]", 1},
		{"d\t192.0.2.1\t1\t\n", "line[2]", 1},
		{"u\thttp://a.test/\t1\t\n", "line[2]", 1},
		{"j\tB386946a5a44d1ddcc843bc75336dfce\t1\t\n", "line[2]", 1},
		{"x\ta.test\t1\t\n", "line[2]", 1},
		{"d a.test 1 \n", "line[2]", 1},
		{"d\ta.test\t1\n", "line[2]", 1},
		{"d\ta.test\t-1\t\n", "line[2]", 1},
		{"d\ta.test\t01\t\n", "line[2]", 1},
		{"d\ta.test\t999999999999\t\n", "line[2]", 1},
		{"d\ta.test\t1\tb\x01\n", "line[2]", 1},
		{"d\ta.test\t1\tb\tc\n", "line[2]", 1},
		{"d\ta.test\t1\t\xff\n", "line[2]", 1},
		{"d\ta.test\t1\t\n", "line[3]", 2},
		{"d\ta.test\t1\t\nd\tb.test\t1\t\n", "line[3]", 1},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		struct sk_err err = {0};
		struct sk_buf b;
		uint8_t sum[32];
		char hex[65];

		sk_buf_init(&b, 4096);
		sk_buf_printf(&b,
			"{\"entries\":%d,\"errors\":0,\"feed\":\"x\",\"fetched\":1,\"format\":"
			"\"sekisho-feed-list\",\"ignored\":0,\"lines\":1,\"version\":1}\n%s",
			bad[i].entries, bad[i].body);
		sk_sha256(sum, b.data, b.len);
		sk_buf_printf(&b, "{\"end\":{\"entries\":%d,\"sha256\":\"%s\"}}\n", bad[i].entries,
			sk_hex(hex, sum, 32));
		if (mg_list_check(b.data, b.len, NULL, NULL, NULL, &err) != -EINVAL ||
			strcmp(err.path, bad[i].path) != 0)
			fail_msg("%s: %s: %s", bad[i].body, err.path, err.en);
		sk_buf_done(&b);
	}
}

static void since_is_kept(void **state)
{
	struct sk_buf one, two, three, four;
	struct mg_list_builder *b = mg_list_builder_new(100);

	first(&one);
	add(b, SK_BL_ADDR4, "192.0.2.9", "");
	add(b, SK_BL_ADDR4, "192.0.2.10", "");
	add(b, SK_BL_SUFFIX, "evil.test", "");
	add(b, SK_BL_DOMAIN, "evil.test", "");
	write_list(b, 2000, &one, &two);
	assert_non_null(strstr(sk_buf_str(&two),
		"4\t192.0.2.9\t1000\t\n4\t192.0.2.10\t2000\t\nd\tevil.test\t2000\t\n"
		"s\tevil.test\t1000\t\n"));
	/* The same afterwards, for a list that was made without. */
	b = mg_list_builder_new(100);
	add(b, SK_BL_ADDR4, "192.0.2.9", "note");
	add(b, SK_BL_ADDR4, "192.0.2.10", "");
	write_list(b, 2000, NULL, &four);
	sk_buf_init(&three, 4096);
	assert_int_equal(mg_list_inherit(&four, &one, &three, NULL), 0);
	assert_non_null(
		strstr(sk_buf_str(&three), "4\t192.0.2.9\t1000\tnote\n4\t192.0.2.10\t2000\t\n"));
	assert_int_equal(mg_list_check(three.data, three.len, NULL, NULL, NULL, NULL), 0);
	sk_buf_done(&three);
	sk_buf_init(&three, 4096);
	assert_int_equal(mg_list_inherit(&three, &one, &three, NULL), -EINVAL);
	sk_buf_done(&three);
	sk_buf_done(&four);
	/* A damaged version before counts as none. */
	one.data[0] = '#';
	b = mg_list_builder_new(100);
	add(b, SK_BL_ADDR4, "192.0.2.9", "");
	write_list(b, 3000, &one, &three);
	assert_non_null(strstr(sk_buf_str(&three), "4\t192.0.2.9\t3000\t\n"));
	sk_buf_done(&one);
	sk_buf_done(&two);
	sk_buf_done(&three);
}

static int note_change(const struct mg_list_entry *e, bool added, void *arg)
{
	sk_buf_printf(arg, "%c%.*s ", added ? '+' : '-', (int)e->len, e->value);
	return 0;
}

static void compared(void **state)
{
	struct mg_list_builder *b = mg_list_builder_new(100);
	struct mg_list_reader *before, *after;
	struct sk_buf one, two, out;
	struct mg_list_diff d;

	first(&one);
	add(b, SK_BL_ADDR4, "192.0.2.9", "another note");
	add(b, SK_BL_ADDR4, "192.0.2.10", "");
	add(b, SK_BL_SUFFIX, "evil.test", "");
	add(b, SK_BL_CERT, "0123456789abcdef0123456789abcdef01234567", "");
	write_list(b, 2000, &one, &two);
	sk_buf_init(&out, 4096);
	assert_int_equal(mg_list_open(&before, one.data, one.len, NULL), 0);
	assert_int_equal(mg_list_open(&after, two.data, two.len, NULL), 0);
	assert_int_equal(mg_list_compare(before, after, &d, note_change, &out, NULL), 0);
	assert_string_equal(sk_buf_str(&out),
		"-9.255.255.255 +192.0.2.10 -198.51.100.0 -198.51.100.0/24 "
		"-2001:db8::1-2001:db8::3 -evil.test/a\x80 "
		"+0123456789abcdef0123456789abcdef01234567 ");
	assert_int_equal(d.added, 2);
	assert_int_equal(d.removed, 5);
	assert_int_equal(d.kept, 2);
	mg_list_close(before);
	mg_list_close(after);
	assert_int_equal(mg_list_open(&after, two.data, two.len, NULL), 0);
	assert_int_equal(mg_list_compare(NULL, after, &d, NULL, NULL, NULL), 0);
	assert_int_equal(d.added, 4);
	mg_list_close(after);
	sk_buf_done(&one);
	sk_buf_done(&two);
	sk_buf_done(&out);
}

static void notes(void **state)
{
	struct mg_list_builder *b = mg_list_builder_new(10);
	struct sk_buf out;
	char longest[400] = "";

	/* Cut between characters, never inside one. */
	for (int i = 0; i < 100; i++)
		memcpy(longest + 3 * i, "関", 4);
	add(b, SK_BL_DOMAIN, "a.test", longest);
	add(b, SK_BL_DOMAIN, "b.test", "caf\xe9");
	write_list(b, 1, NULL, &out);
	assert_int_equal(mg_list_check(out.data, out.len, NULL, NULL, NULL, NULL), 0);
	assert_non_null(strstr(sk_buf_str(&out), "b.test\t1\tcaf?\n"));
	sk_buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(written), cmocka_unit_test(read_back),
		cmocka_unit_test(wrong_lines), cmocka_unit_test(since_is_kept),
		cmocka_unit_test(compared), cmocka_unit_test(notes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
