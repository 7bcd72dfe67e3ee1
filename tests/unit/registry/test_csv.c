/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables as spreadsheets write them: quoting, line ends, delimiters, character sets, limits. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/csv.h"

/* Cells joined with | and rows with newline: what the table looks like. */
static void table_is(const void *p, size_t n, const char *want)
{
	struct sk_err err = {0};
	struct fw_csv csv;
	struct sk_buf b;

	if (fw_csv_parse(p, n, &csv, &err) < 0)
		fail_msg("%s", err.en);
	sk_buf_init(&b, 65536);
	for (size_t r = 0; r < csv.n; r++) {
		for (size_t c = 0; c < csv.cols; c++) {
			if (c > 0)
				sk_buf_putc(&b, '|');
			sk_buf_puts(&b, csv.rows[r][c]);
		}
		sk_buf_putc(&b, '/');
	}
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
	fw_csv_done(&csv);
}

static void tables(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"a", "a/"},
		{"a,b\r\nc,d\r\n", "a|b/c|d/"},
		{"a,b\nc,d", "a|b/c|d/"},
		{"a,b\rc,d\r", "a|b/c|d/"},
		{"a;b\nc,d;e\n", "a|b/c,d|e/"},
		{"a\tb\nc,d\te\n", "a|b/c,d|e/"},
		{"\"a;b\",c\n", "a;b|c/"},
		{"a,b,\n", "a|b|/"},
		{"a,b,", "a|b|/"},
		{"a,b,c\nd\n", "a|b|c/d||/"},
		{"a\nb,c\n", "a|/b|c/"},
		{"a\n\nb\n", "a//b/"},
		{"\"a\"\"b\",\"\"\n", "a\"b|/"},
		{"\"a\nb\",\"c\r\nd\"\r\n", "a\nb|c\nd/"},
		{"\"a,b\"", "a,b/"},
		{"a\"b,c\n", "a\"b|c/"},
		{" a , b \n", " a | b /"},
		{"\xef\xbb\xbf\x61,b\n", "a|b/"},
		{"番号,申請者\n", "番号|申請者/"},
		/* Shift_JIS 番号,表示: the second byte of 表 is a backslash */
		{"\x94\xd4\x8d\x86,\x95\x5c\x8e\xa6\n", "番号|表示/"},
		/* CP932 beyond JIS X 0208: ① and half-width katakana */
		{"\x87\x40,\xb1\xb2\n", "①|ｱｲ/"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		table_is(cases[i][0], strlen(cases[i][0]), cases[i][1]);
	table_is(NULL, 0, "");
}

static void lines_count_those_in_cells(void **state)
{
	static const char text[] = "a\r\n\"b\r\nb\"\r\nc\r\n";
	struct fw_csv csv;

	assert_int_equal(fw_csv_parse(text, strlen(text), &csv, NULL), 0);
	assert_int_equal(csv.n, 3);
	assert_int_equal(csv.lines[0], 1);
	assert_int_equal(csv.lines[1], 2);
	assert_int_equal(csv.lines[2], 4);
	fw_csv_done(&csv);
	fw_csv_done(NULL);
}

static void no_tables(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *want;
	} cases[] = {
		{"a\n\"b\n", 5, "line 2"},
		{"a\n\"b\"c\n", 7, "line 2"},
		{"a\nb\0c\n", 6, "line 2"},
		{"\xff\xfe\x61\0", 4, "UTF-16"},
		{"\xfe\xff\0\x61", 4, "UTF-16"},
		{"\xef\xbb\xbf\x94\xd4", 5, "UTF-8"},
		/* neither UTF-8 nor CP932 */
		{"a\nb\r\n\x94\xff\n", 8, "line 3"},
		{"a\n\x94", 3, "line 2"},
	};
	struct fw_csv keep = {.n = 77};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sk_err err = {0};

		assert_int_equal(fw_csv_parse(cases[i].text, cases[i].n, &keep, &err), -EINVAL);
		if (!strstr(err.en, cases[i].want))
			fail_msg("case %zu: %s", i, err.en);
		assert_true(err.ja[0]);
		assert_int_equal(keep.n, 77);
	}
}

static void limits(void **state)
{
	struct sk_err err = {0};
	struct fw_csv csv;
	struct sk_buf b;

	sk_buf_init(&b, 64u << 20);
	for (int i = 0; i < FW_CSV_CELL_MAX; i++)
		sk_buf_putc(&b, 'x');
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), 0);
	fw_csv_done(&csv);
	sk_buf_putc(&b, 'x');
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), -EINVAL);
	sk_buf_reset(&b);
	for (int i = 0; i < 63; i++)
		sk_buf_putc(&b, ',');
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), 0);
	assert_int_equal(csv.cols, 64);
	fw_csv_done(&csv);
	sk_buf_putc(&b, ',');
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), -EINVAL);
	sk_buf_reset(&b);
	for (int i = 0; i < FW_CSV_ROWS_MAX + 1; i++)
		sk_buf_puts(&b, "a\n");
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), 0);
	assert_int_equal(csv.n, FW_CSV_ROWS_MAX + 1);
	fw_csv_done(&csv);
	sk_buf_puts(&b, "a\n");
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), -EINVAL);
	assert_non_null(strstr(err.en, "line 20002"));
	sk_buf_reset(&b);
	assert_non_null(sk_buf_room(&b, (32u << 20) + 1));
	assert_int_equal(fw_csv_parse(b.data, b.len, &csv, &err), -E2BIG);
	sk_buf_done(&b);
}

static void cells_written(void **state)
{
	static const char *const cases[][2] = {
		{NULL, "x,"},
		{"", "x,"},
		{"a", "x,a"},
		{"a,b", "x,\"a,b\""},
		{"a\"b", "x,\"a\"\"b\""},
		{"a\nb", "x,\"a\nb\""},
		{"=1+1", "x,\"'=1+1\""},
		{"+1", "x,\"'+1\""},
		{"-1", "x,\"'-1\""},
		{"-", "x,-"},
		{"@a", "x,\"'@a\""},
		{"\ta", "x,\"'\ta\""},
		{"\ra", "x,\"'\ra\""},
		{"'a", "x,\"''a\""},
		{"a=b", "x,a=b"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sk_buf b;

		sk_buf_init(&b, 1000);
		fw_csv_put_cell(&b, "x", 1);
		fw_csv_put_cell(&b, cases[i][0], 0);
		assert_string_equal(sk_buf_str(&b), cases[i][1]);
		sk_buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(lines_count_those_in_cells),
		cmocka_unit_test(no_tables),
		cmocka_unit_test(limits),
		cmocka_unit_test(cells_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
