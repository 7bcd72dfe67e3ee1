// SPDX-License-Identifier: GPL-2.0-or-later
/* The screen's terminal: what programs write, and what is then to be seen. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/util.h"
#include "mgmt/screen/draw.h"
#include "mgmt/screen/keys.h"
#include "mgmt/screen/vt.h"

static size_t utf8(char *dst, uint32_t c)
{
	if (c < 0x80) {
		dst[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		dst[0] = (char)(0xc0 | c >> 6);
		dst[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	dst[0] = (char)(0xe0 | c >> 12);
	dst[1] = (char)(0x80 | (c >> 6 & 63));
	dst[2] = (char)(0x80 | (c & 63));
	return 3;
}

/* The row as text without the blanks at its end. */
static const char *line(const struct scr_vt *vt, size_t row)
{
	static char s[4096];
	const struct scr_cell *c = scr_vt_row(vt, row);
	size_t n = 0;

	for (size_t i = 0; i < scr_vt_cols(vt); i++)
		if (c[i].ch)
			n += utf8(s + n, c[i].ch);
	while (n && s[n - 1] == ' ')
		n--;
	s[n] = '\0';
	return s;
}

static void write_text(struct scr_vt *vt, const char *s)
{
	scr_vt_feed(vt, s, strlen(s));
}

static void cursor_at(const struct scr_vt *vt, size_t row, size_t col)
{
	size_t r, c;

	scr_vt_cursor(vt, &r, &c);
	assert_int_equal(r, row);
	assert_int_equal(c, col);
}

/* Text on a screen of 4 rows and 10 columns, and its rows, joined by "|". */
static void shows(const char *text, const char *rows)
{
	struct scr_vt *whole = scr_vt_new(4, 10), *cut = scr_vt_new(4, 10);
	char all[4096] = "";

	write_text(whole, text);
	for (size_t i = 0; i < strlen(text); i++)
		scr_vt_feed(cut, text + i, 1);
	for (size_t i = 0; i < 4; i++) {
		char one[512];

		snprintf(one, sizeof(one), "%s", line(whole, i));
		assert_string_equal(line(cut, i), one);
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? "|" : "", one);
	}
	assert_string_equal(all, rows);
	scr_vt_free(whole);
	scr_vt_free(cut);
}

static void test_text(void **state)
{
	shows("login: tanaka\r\n", "login: tan|aka||");
	shows("1) 装置の状態\r\n2) 終了", "1) 装置の|状態|2) 終了|");
	/* A wide character does not fit into the last column. */
	shows("123456789関", "123456789|関||");
	shows("12345678関", "12345678関|||");
	/* Full only when something more comes. */
	shows("0123456789\r\nx", "0123456789|x||");
	shows("1\r\n2\r\n3\r\n4\r\n5", "2|3|4|5");
	shows("a\tb\rc", "c       b|||");
	shows("ab\b\bX", "Xb|||");
	/* Bytes that are no UTF-8, and one that is cut off. */
	shows("a\xff"
	      "b\xe9\x96"
	      "c",
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd"
		"c|||");
	shows("e\xcc\x81\x1b(0lqk\x1b(Bq", "e┌─┐q|||");
}

static void test_halves(void **state)
{
	shows("関所\r\033[1CX", " X所|||");
	shows("関所\rX", "X 所|||");
	shows("関所\r\033[C\033[K", "|||");
	shows("関所か\r\033[2P", "所か|||");
	shows("関所か\r\033[C\033[P", " 所か|||");
	shows("関所\r\033[@x", "x関所|||");
}

static void test_moves(void **state)
{
	shows("\033[2;3Hx\033[Ay\033[3Dz\033[10;40Hw", " z y|  x||         w");
	shows("a\r\nb\r\nc\033[1;1H\033[L1", "1|a|b|c");
	shows("a\r\nb\r\nc\033[1;1H\033[M1", "1|c||");
	shows("a\r\nb\r\nc\r\nd\033[2;3r\033[3;1H\n1", "a|c|1|d");
	shows("a\r\nb\r\nc\r\nd\033[2;3r\033[2;1H\033M1", "a|1|b|d");
	shows("abcdef\033[1;3H\033[1K", "   def|||");
	shows("abc\r\ndef\033[1;2H\033[J", "a|||");
	shows("abc\033[2J", "|||");
	shows("abc\r\033[2X", "  c|||");
	shows("a\0337\033[3;3Hb\0338c", "ac||  b|");
	shows("ab\r\033[4hX\033[4lY", "XYb|||");
	shows("\033[?7l0123456789ab", "012345678b|||");
	shows("x\033[3b", "xxxx|||");
	shows("junk\033cok", "ok|||");
}

/* What a terminal does not know is not on the screen. */
static void test_unknown(void **state)
{
	shows("a\033]0;title\ab\033]2;t\033\\c", "abc|||");
	shows("a\033]P1aabbccb\033]Rc", "abc|||");
	shows("a\033Pq#1\033\\b\033_x\033\\c\033#8d\033%Ge", "abcde|||");
	shows("a\033[>4;1mb\033[?1049hc\033[1$xd\033[999zf", "abcdf|||");
	shows("a\033[3\nm\033[31mb", "a| b||");
	shows("a\033[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18mb", "ab|||");
}

static void test_colours(void **state)
{
	struct scr_vt *vt = scr_vt_new(2, 10);
	const struct scr_cell *c;

	write_text(vt, "\033[1;31ma\033[0;7mb\033[m\033[38;5;196;48;2;0;0;255mc\033[97;44md");
	c = scr_vt_row(vt, 0);
	assert_int_equal(c[0].fg, 1);
	assert_int_equal(c[0].attr, SCR_BOLD);
	assert_int_equal(c[1].attr, SCR_REVERSE);
	assert_int_equal(c[1].fg, SCR_FG);
	assert_int_equal(c[2].fg, 9);
	assert_int_equal(c[2].bg, 12);
	assert_int_equal(c[3].fg, 15);
	assert_int_equal(c[3].bg, 4);
	assert_int_equal(c[4].bg, SCR_BG);
	scr_vt_free(vt);
}

static void test_answers(void **state)
{
	struct scr_vt *vt = scr_vt_new(4, 10);
	char s[64];

	write_text(vt, "\033[2;5H\033[6n");
	assert_int_equal(scr_vt_answer(vt, s, sizeof(s)), 6);
	assert_memory_equal(s, "\033[2;5R", 6);
	assert_int_equal(scr_vt_answer(vt, s, sizeof(s)), 0);
	/* Who asks without ever reading gets no more than there is room for. */
	for (int i = 0; i < 1000; i++)
		write_text(vt, "\033[c");
	assert_in_range(scr_vt_answer(vt, s, sizeof(s)), 5, sizeof(s));
	scr_vt_free(vt);
}

static void test_cursor(void **state)
{
	struct scr_vt *vt = scr_vt_new(4, 10);
	size_t row, col;

	for (size_t i = 0; i < 4; i++)
		assert_true(scr_vt_changed(vt, i));
	for (size_t i = 0; i < 4; i++)
		assert_false(scr_vt_changed(vt, i));
	write_text(vt, "\033[3;4H");
	cursor_at(vt, 2, 3);
	/* Where it was is drawn again, too. */
	assert_true(scr_vt_changed(vt, 0));
	assert_false(scr_vt_changed(vt, 1));
	assert_true(scr_vt_changed(vt, 2));
	write_text(vt, "\033[?25l");
	assert_false(scr_vt_cursor(vt, &row, &col));
	write_text(vt, "\033[?25h");
	assert_true(scr_vt_cursor(vt, &row, &col));
	write_text(vt, "0123456789");
	cursor_at(vt, 3, 3);
	scr_vt_free(vt);
}

static void test_layout(void **state)
{
	static const struct {
		size_t w, h;
	} sizes[] = {{640, 480}, {800, 600}, {1024, 768}, {1280, 1024}, {1920, 1080}, {3840, 2160},
		{1080, 1920}};
	struct scr_layout l;

	for (size_t i = 0; i < SK_ARRAY_SIZE(sizes); i++) {
		assert_true(scr_layout(sizes[i].w, sizes[i].h, &l));
		assert_true(l.cols >= 80 && l.rows >= 25);
		assert_true(l.cols * l.width <= sizes[i].w && l.rows * l.height <= sizes[i].h);
	}
	assert_false(scr_layout(320, 200, &l));
	assert_false(scr_layout(0, 0, &l));
}

/* Ink of a cell, per kind of pixel: the same picture whatever the layout of a pixel. */
static void test_pixels(void **state)
{
	static const char *const fonts[] = {
		"/usr/share/fonts/truetype/vlgothic/VL-Gothic-Regular.ttf", NULL};
	static const struct scr_format formats[] = {{4, {16, 8}, {8, 8}, {0, 8}},
		{3, {16, 8}, {8, 8}, {0, 8}}, {2, {11, 5}, {5, 6}, {0, 5}}};
	struct scr_layout l;
	struct scr_font *font = NULL;
	struct scr_vt *vt;
	struct sk_err err = {0};

	assert_true(scr_layout(1024, 768, &l));
	assert_int_equal(scr_font_new("/nowhere.ttf", &l, &font, &err), -ENOENT);
	assert_non_null(strstr(err.ja, "/nowhere.ttf"));
	assert_int_equal(scr_font_new(fonts[0], &l, &font, &err), 0);
	vt = scr_vt_new(l.rows, l.cols);
	write_text(vt, "関 \033[41m \033[m\033[4m \033[m→\033[?25l");
	for (size_t i = 0; i < SK_ARRAY_SIZE(formats); i++) {
		const size_t px = formats[i].bytes, stride = l.cols * l.width * px;
		uint8_t *dst = calloc(l.height, stride);
		size_t ink = 0, red = 0, under = 0, arrow = 0;

		scr_draw_row(font, &formats[i], vt, 0, dst, stride);
		for (size_t y = 0; y < l.height; y++) {
			const uint8_t *p = dst + y * stride;

			for (size_t x = 0; x < l.width * 2; x++)
				ink += p[x * px] > 100;
			for (size_t x = l.width * 3; x < l.width * 4; x++)
				red += p[x * px + px - 1 - (px == 4)] > 100 && p[x * px] == 0;
			for (size_t x = l.width * 4; x < l.width * 5; x++)
				under += p[x * px] > 15;
			for (size_t x = l.width * 5; x < l.width * 6; x++)
				arrow += p[x * px] > 15;
		}
		assert_in_range(ink, l.width * l.width / 2, l.width * l.height);
		assert_int_equal(red, l.width * l.height);
		assert_int_equal(under, l.width);
		assert_in_range(arrow, 5, l.width * l.height / 2);
		free(dst);
	}
	scr_vt_free(vt);
	scr_font_free(font);
}

/* Each layout says of every key what it is, that the other one says something of; and all of ASCII
 * that is no letter can be typed with either, as passwords need. */
static void test_keys(void **state)
{
	size_t n, m;
	const struct scr_key *jp = scr_keys_table(SCR_KEYS_JP, &n),
			     *us = scr_keys_table(SCR_KEYS_US, &m);
	const char *const same = "1234567890!#$%,.</>?";

	assert_int_equal(n, m);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(jp[i].code, us[i].code);
	for (char c = '!'; c < 127; c++) {
		bool in_jp = strchr(same, c) != NULL, in_us = in_jp;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			continue;
		for (size_t i = 0; i < n; i++) {
			in_jp = in_jp || jp[i].plain == c || jp[i].shift == c;
			in_us = in_us || us[i].plain == c || us[i].shift == c;
		}
		assert_true(in_jp && in_us);
	}
}

/* A few bytes may ask for much: what they cost is known, and a repetition fills one line at most.
 */
static void test_work(void **state)
{
	struct scr_vt *vt = scr_vt_new(4, 10);
	size_t n = 0;

	assert_non_null(vt);
	scr_vt_work(vt);
	write_text(vt, "x\033[9999b");
	assert_string_equal(line(vt, 0), "xxxxxxxxxx");
	assert_string_equal(line(vt, 1), "x");
	cursor_at(vt, 1, 1);
	assert_int_equal(scr_vt_work(vt), 11);
	assert_int_equal(scr_vt_work(vt), 0);
	/* In the last row each line moves the others. */
	write_text(vt, "\033[4;1H");
	for (int i = 0; i < 100; i++) {
		write_text(vt, "\033[9999b");
		n += scr_vt_work(vt);
	}
	assert_in_range(n, 100 * 10, 100 * (10 + 4 * 10));
	/* Every character moves the rest of its line. */
	write_text(vt, "\033[4h\r");
	scr_vt_work(vt);
	write_text(vt, "y");
	assert_int_equal(scr_vt_work(vt), 9 + 1 + 1);
	write_text(vt, "\033[2L");
	assert_in_range(scr_vt_work(vt), 1, 40);
	write_text(vt, "\033[2J");
	assert_int_equal(scr_vt_work(vt), 40);
	scr_vt_free(vt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_pixels),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
