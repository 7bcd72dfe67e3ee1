/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The growing buffer at its cap, and the checked cursor at the end of its bytes.
 */
#include "tests/unit/lib/unit.h"

#include "lib/buf.h"
#include "lib/cursor.h"

static void builds_text(void **state)
{
	struct sk_buf b;
	char *s;

	sk_buf_init(&b, 1000);
	assert_string_equal(sk_buf_str(&b), "");
	sk_buf_puts(&b, "ab");
	sk_buf_putc(&b, 'c');
	sk_buf_put(&b, "de", 2);
	sk_buf_put(&b, NULL, 0);
	sk_buf_printf(&b, "%d-%s", 12, "x");
	assert_string_equal(sk_buf_str(&b), "abcde12-x");
	assert_int_equal(b.len, 9);
	/* Longer than what fits on the stack. */
	sk_buf_printf(&b, "%0500d", 7);
	assert_int_equal(b.len, 509);
	assert_int_equal(b.data[508], '7');
	assert_int_equal(b.data[509], 0);
	s = sk_buf_take(&b);
	assert_int_equal(strlen(s), 509);
	assert_int_equal(b.len, 0);
	assert_null(b.data);
	free(s);
	s = sk_buf_take(&b);
	assert_string_equal(s, "");
	free(s);
	sk_buf_done(&b);
	sk_buf_done(NULL);
}

static void cap_is_exact_and_sticky(void **state)
{
	struct sk_buf b;

	sk_buf_init(&b, 5);
	sk_buf_puts(&b, "12345");
	assert_int_equal(sk_buf_error(&b), 0);
	sk_buf_putc(&b, '6');
	assert_int_equal(sk_buf_error(&b), -EMSGSIZE);
	assert_string_equal(sk_buf_str(&b), "12345");
	assert_null(sk_buf_room(&b, 0));
	assert_null(sk_buf_take(&b));
	sk_buf_reset(&b);
	assert_int_equal(sk_buf_error(&b), 0);
	assert_string_equal(sk_buf_str(&b), "");
	/* All or nothing. */
	sk_buf_puts(&b, "123");
	sk_buf_puts(&b, "456");
	sk_buf_puts(&b, "7");
	assert_string_equal(sk_buf_str(&b), "123");
	sk_buf_reset(&b);
	sk_buf_printf(&b, "%s", "123456");
	assert_int_equal(sk_buf_error(&b), -EMSGSIZE);
	assert_int_equal(b.len, 0);
	sk_buf_done(&b);

	sk_buf_init(&b, 0);
	sk_buf_put(&b, "", 0);
	assert_int_equal(sk_buf_error(&b), 0);
	sk_buf_putc(&b, 'a');
	assert_int_equal(sk_buf_error(&b), -EMSGSIZE);
	sk_buf_done(&b);
}

static void huge_sizes_do_not_wrap(void **state)
{
	struct sk_buf b;

	sk_buf_init(&b, SIZE_MAX);
	sk_buf_putc(&b, 'a');
	assert_null(sk_buf_room(&b, SIZE_MAX - 1));
	assert_true(sk_buf_error(&b) < 0);
	assert_string_equal(sk_buf_str(&b), "a");
	sk_buf_reset(&b);
	sk_buf_putc(&b, 'a');
	assert_null(sk_buf_room(&b, SIZE_MAX / 4));
	assert_int_equal(sk_buf_error(&b), -ENOMEM);
	sk_buf_done(&b);
}

static void cursor_reads_in_order(void **state)
{
	static const uint8_t bytes[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19};
	struct sk_cursor c;

	sk_cur_init(&c, bytes, sizeof(bytes));
	assert_int_equal(sk_cur_u8(&c), 1);
	assert_int_equal(sk_cur_be16(&c), 0x0203);
	assert_int_equal(sk_cur_be32(&c), 0x04050607);
	assert_true(sk_cur_be64(&c) == 0x08090a0b0c0d0e0fULL);
	assert_int_equal(sk_cur_le32(&c), 0x13121110);
	assert_int_equal(sk_cur_left(&c), 0);
	assert_true(sk_cur_ok(&c));
	assert_non_null(sk_cur_take(&c, 0));
	assert_int_equal(sk_cur_u8(&c), 0);
	assert_false(sk_cur_ok(&c));
}

static void cursor_error_is_sticky(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4};
	struct sk_cursor c, sub;

	sk_cur_init(&c, bytes, 3);
	assert_int_equal(sk_cur_be32(&c), 0);
	assert_false(sk_cur_ok(&c));
	assert_int_equal(sk_cur_u8(&c), 0); /* though a byte is there */
	assert_int_equal(sk_cur_left(&c), 0);
	assert_null(sk_cur_take(&c, 0));
	sub = sk_cur_sub(&c, 0);
	assert_false(sk_cur_ok(&sub));

	sk_cur_init(&c, bytes, 4);
	sk_cur_skip(&c, SIZE_MAX);
	assert_false(sk_cur_ok(&c));
	sk_cur_init(&c, NULL, 0);
	assert_true(sk_cur_ok(&c));
	assert_non_null(sk_cur_take(&c, 0));
	assert_null(sk_cur_take(&c, 1));
}

static void cursor_sub_is_bounded(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4};
	struct sk_cursor c, sub;

	sk_cur_init(&c, bytes, 4);
	sub = sk_cur_sub(&c, 2);
	assert_int_equal(sk_cur_be16(&sub), 0x0102);
	assert_int_equal(sk_cur_u8(&sub), 0);
	assert_false(sk_cur_ok(&sub));
	assert_true(sk_cur_ok(&c));
	assert_int_equal(sk_cur_be16(&c), 0x0304);
	sub = sk_cur_sub(&c, 1);
	assert_false(sk_cur_ok(&sub));
	assert_false(sk_cur_ok(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_text),
		cmocka_unit_test(cap_is_exact_and_sticky),
		cmocka_unit_test(huge_sizes_do_not_wrap),
		cmocka_unit_test(cursor_reads_in_order),
		cmocka_unit_test(cursor_error_is_sticky),
		cmocka_unit_test(cursor_sub_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
