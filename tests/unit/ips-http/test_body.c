/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bodies and files: limits, gaps, memory refused. */
#include "tests/unit/lib/unit.h"

#include "ips/proto/body.h"

static void test_grows_and_ends(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	struct ips_body b;
	struct ips_buf_view v;

	ips_body_init(&b, 5000);
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_WAIT);
	assert_true(ips_body_add(&b, &m, "hello ", 6));
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_PART);
	assert_true(ips_body_add(&b, &m, "world", 5));
	ips_body_end(&b);
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 11);
	assert_memory_equal(v.data, "hello world", 11);
	assert_false(v.cut);
	assert_false(ips_body_add(&b, &m, "late", 4));
	ips_body_free(&b, &m);
	assert_int_equal(m.used, 0);
}

static void test_limit(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	uint8_t piece[700];
	struct ips_body b;
	struct ips_buf_view v;

	memset(piece, 'x', sizeof(piece));
	ips_body_init(&b, 2500);
	for (int i = 0; i < 3; i++)
		assert_true(ips_body_add(&b, &m, piece, sizeof(piece)));
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_PART);
	assert_true(ips_body_add(&b, &m, piece, sizeof(piece)));
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 2500);
	assert_true(v.cut);
	assert_false(ips_body_add(&b, &m, piece, sizeof(piece)));
	assert_int_equal(b.total, 3500);
	assert_true(m.used <= 2500);
	ips_body_free(&b, &m);
	assert_int_equal(m.used, 0);
}

static void test_empty_is_absent(void **state)
{
	struct ips_body b;
	struct ips_buf_view v;

	ips_body_init(&b, 100);
	ips_body_end(&b);
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_ABSENT);
}

static void test_gap(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	struct ips_body b;
	struct ips_buf_view v;

	ips_body_init(&b, 100);
	ips_body_add(&b, &m, "abc", 3);
	ips_body_gap(&b, 10);
	assert_false(ips_body_add(&b, &m, "def", 3));
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 3);
	assert_true(v.cut);
	assert_int_equal(b.total, 16);
	ips_body_free(&b, &m);
}

static void test_no_memory(void **state)
{
	struct ips_mem m = {.max = 2000};
	uint8_t piece[1500] = {0};
	struct ips_body b;
	struct ips_buf_view v;

	ips_body_init(&b, 100000);
	assert_true(ips_body_add(&b, &m, piece, sizeof(piece)));
	assert_false(ips_body_add(&b, &m, piece, sizeof(piece)));
	assert_int_equal(ips_body_view(&b, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 1500);
	assert_true(v.cut);
	assert_true(m.refused > 0);
	ips_body_free(&b, &m);
	assert_int_equal(m.used, 0);
}

static void test_files(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	struct ips_files f = {0};
	struct ips_file *file;

	for (int i = 0; i < IPS_FILES_MAX; i++) {
		char name[] = {'f', (char)('0' + i % 10)};

		file = ips_files_open(&f, &m, name, sizeof(name), 100);
		assert_non_null(file);
		assert_true(ips_body_add(&file->body, &m, name, 2));
	}
	assert_null(ips_files_open(&f, &m, "x", 1, 100));
	assert_int_equal(f.refused, 1);
	assert_memory_equal(ips_files_at(&f, 12)->name, "f2", 2);
	assert_null(ips_files_at(&f, IPS_FILES_MAX));
	ips_files_free(&f, &m);
	assert_int_equal(m.used, 0);
}

static void test_long_name_is_cut(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	struct ips_files f = {0};
	char name[IPS_FILE_NAME_MAX + 100];

	memset(name, 'n', sizeof(name));
	assert_int_equal(
		ips_files_open(&f, &m, name, sizeof(name), 1)->name_len, IPS_FILE_NAME_MAX);
	ips_files_free(&f, &m);
	assert_int_equal(m.used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows_and_ends),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_empty_is_absent),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_long_name_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
