/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dates as people write them, and days where the clock changes. Expected values are from the tz
 * database by way of date(1).
 */
#include "tests/unit/lib/unit.h"

#include <time.h>

#include "lib/clock.h"
#include "lib/util.h"

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

static int64_t parse(const char *s, bool end)
{
	struct sk_err e;
	int64_t t = -1;

	assert_int_equal(sk_time_parse(s, end, &t, &e), 0);
	return t;
}

static void accepts_what_people_write(void **state)
{
	zone("Asia/Tokyo");
	/* 2027-03-31 00:00 JST = 2027-03-30 15:00 UTC */
	assert_int_equal(parse("2027-03-31", false), 1806418800);
	assert_int_equal(parse("2027-3-31", false), 1806418800);
	assert_int_equal(parse("2027/3/31", false), 1806418800);
	assert_int_equal(parse("2027/03/31", true), 1806418800 + 86399);
	assert_int_equal(parse("2027-03-31 18:00", false), 1806418800 + 18 * 3600);
	/* A time of day is meant as it stands, whatever end_of_day says. */
	assert_int_equal(parse("2027-03-31 18:00", true), 1806418800 + 18 * 3600);
	assert_int_equal(parse("2027-03-31T18:00:30", false), 1806418800 + 18 * 3600 + 30);
	assert_int_equal(parse("2027-03-31T18:00Z", false), 1806418800 + 27 * 3600);
	assert_int_equal(parse("2027-03-31T18:00+09:00", false), 1806418800 + 18 * 3600);
	assert_int_equal(parse("2027-03-31T18:00+0900", false), 1806418800 + 18 * 3600);
	assert_int_equal(parse("2027-03-31T18:00-05:30", false), 1806418800 + 27 * 3600 + 19800);
	assert_int_equal(parse("2028-02-29", false), parse("2028-03-01", false) - 86400);
	assert_int_equal(parse("2000-02-29", false), parse("2000-03-01", false) - 86400);
}

static void refuses_the_rest(void **state)
{
	static const char *const bad[] = {"", " ", "2027", "2027-03", "27-03-31", "2027-03/31",
		"2027.03.31", "2027-00-01", "2027-13-01", "2027-04-31", "2027-02-29", "2100-02-29",
		"2027-03-00", "2027-03-31 ", " 2027-03-31", "2027-03-31 24:00", "2027-03-31 12:60",
		"2027-03-31 12:00:60", "2027-03-31 12", "2027-03-31 12:0", "2027-03-31T12:00+9",
		"2027-03-31T12:00+15:00", "2027-03-31T12:00Zx", "2027-03-31Z", "2027-03-31x",
		"1969-12-31", "-2027-03-31", "２０２７-03-31", "0x7e-1-1", "20270331",
		"2027-003-31"};
	struct sk_err e;

	zone("Asia/Tokyo");
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		int64_t t = 42;

		memset(&e, 0, sizeof(e));
		if (sk_time_parse(bad[i], false, &t, &e) != -EINVAL)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(t, 42);
		assert_int_equal(e.code, -EINVAL);
		assert_true(e.en[0] && e.ja[0]);
	}
}

static void formats_with_the_offset(void **state)
{
	char s[40];

	zone("Asia/Tokyo");
	assert_string_equal(sk_date_format(1806418800, s, sizeof(s)), "2027-03-31");
	assert_string_equal(sk_date_format(1806418799, s, sizeof(s)), "2027-03-30");
	assert_string_equal(sk_time_format(1806418800, s, sizeof(s)), "2027-03-31T00:00:00+0900");
	assert_string_equal(sk_time_format_us(1806418800000042, s, sizeof(s)),
		"2027-03-31T00:00:00.000042+0900");
	assert_string_equal(sk_time_format_us(-1, s, sizeof(s)), "1970-01-01T08:59:59.999999+0900");
	zone("America/St_Johns");
	assert_string_equal(sk_time_format(1806418800, s, sizeof(s)), "2027-03-30T12:30:00-0230");
	/* Out of what a calendar can say. */
	assert_string_equal(sk_time_format(INT64_MAX, s, sizeof(s)), "-");
	assert_string_equal(sk_date_format(0, s, 3), "-");
}

static void what_is_written_reads_back(void **state)
{
	static const char *const zones[] = {
		"Asia/Tokyo", "UTC", "America/Sao_Paulo", "Asia/Kathmandu"};
	char s[40];

	for (size_t z = 0; z < SK_ARRAY_SIZE(zones); z++) {
		zone(zones[z]);
		for (int64_t t = 86400; t < 4102444800; t += 7654321)
			assert_int_equal(parse(sk_time_format(t, s, sizeof(s)), false), t);
	}
}

static void days_begin_at_local_midnight(void **state)
{
	zone("Asia/Tokyo");
	assert_int_equal(sk_day_start(1806418800), 1806418800);
	assert_int_equal(sk_day_start(1806418800 + 86399), 1806418800);
	assert_int_equal(sk_day_start(1806418799), 1806418800 - 86400);
	assert_int_equal(sk_day_add(1806418800, 7), 1806418800 + 7 * 86400);
	assert_int_equal(sk_day_add(1806418800, -30), 1806418800 - 30 * 86400);
}

static void days_survive_clock_changes(void **state)
{
	int64_t t, next;

	zone("Europe/Berlin"); /* 2027-03-28: 23 hours, 2027-10-31: 25 hours */
	t = parse("2027-03-28", false);
	assert_int_equal(sk_day_add(t, 1) - t, 23 * 3600);
	assert_int_equal(sk_day_start(t + 22 * 3600), t);
	t = parse("2027-10-31", false);
	assert_int_equal(sk_day_add(t, 1) - t, 25 * 3600);
	assert_int_equal(sk_day_start(t + 24 * 3600 + 1800), t);

	/* 2018-11-04 had no midnight in Sao Paulo: it began at 01:00 (-02:00). */
	zone("America/Sao_Paulo");
	t = parse("2018-11-04 12:00", false);
	assert_int_equal(sk_day_start(t), 1541300400);
	/* 2018-02-18 at 00:00 the clock went back to 23:00: one midnight, a 25-hour 17th. */
	t = parse("2018-02-18 12:00", false);
	next = sk_day_start(t);
	assert_int_equal(next, 1518922800);
	assert_int_equal(sk_day_start(next - 1), next - 25 * 3600);

	/* 2027-11-07 01:00 → 00:00 in Havana: two midnights, the first one counts. */
	zone("America/Havana");
	t = parse("2027-11-07 12:00", false);
	assert_int_equal(t - sk_day_start(t), 13 * 3600);
}

static void clocks_run(void **state)
{
	uint64_t a = sk_mono_us(), b = sk_mono_us();

	assert_true(b >= a);
	assert_true(sk_boot_us() >= b - 1000000);
	assert_in_range(sk_now(), 1700000000, 4102444800);
	assert_in_range(sk_now_us() / 1000000, sk_now() - 1, sk_now() + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_people_write),
		cmocka_unit_test(refuses_the_rest),
		cmocka_unit_test(formats_with_the_offset),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(days_begin_at_local_midnight),
		cmocka_unit_test(days_survive_clock_changes),
		cmocka_unit_test(clocks_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
