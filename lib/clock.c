/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks for the daemons, and dates as people write them. Civil dates follow the process's TZ; all
 * arithmetic on days goes through mktime() so that it survives changes of the clock.
 */
#include "lib/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t sk_now(void)
{
	return read_us(CLOCK_REALTIME) / 1000000;
}

int64_t sk_now_us(void)
{
	return read_us(CLOCK_REALTIME);
}

uint64_t sk_mono_us(void)
{
	return (uint64_t)read_us(CLOCK_MONOTONIC);
}

uint64_t sk_boot_us(void)
{
	return (uint64_t)read_us(CLOCK_BOOTTIME);
}

/* min to max decimal digits at *s into *ret. */
static bool digits(const char **s, int min, int max, int *ret)
{
	int n = 0, v = 0;

	for (; n < max && **s >= '0' && **s <= '9'; n++)
		v = v * 10 + *(*s)++ - '0';
	*ret = v;
	return n >= min;
}

static bool literal(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool parse_date(const char **s, struct tm *tm)
{
	int year, month, day;
	char sep;

	if (!digits(s, 4, 4, &year))
		return false;
	sep = **s;
	if ((sep != '-' && sep != '/') || !literal(s, sep) || !digits(s, 1, 2, &month) ||
		!literal(s, sep) || !digits(s, 1, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
		return false;
	*tm = (struct tm){
		.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_isdst = -1};
	return true;
}

static bool parse_clock(const char **s, struct tm *tm)
{
	if (!digits(s, 1, 2, &tm->tm_hour) || !literal(s, ':') || !digits(s, 2, 2, &tm->tm_min))
		return false;
	if (literal(s, ':') && !digits(s, 2, 2, &tm->tm_sec))
		return false;
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec < 60;
}

/* "Z", "+hh:mm", "+hhmm"; seconds east of UTC. */
static bool parse_zone(const char **s, int *ret)
{
	int sign = **s == '-' ? -1 : 1, h, m;

	*ret = 0;
	if (literal(s, 'Z'))
		return true;
	if (!literal(s, '+') && !literal(s, '-'))
		return false;
	if (!digits(s, 2, 2, &h))
		return false;
	literal(s, ':');
	if (!digits(s, 2, 2, &m) || h > 14 || m > 59)
		return false;
	*ret = sign * (h * 3600 + m * 60);
	return true;
}

static int parse_instant(const char *s, bool end_of_day, int64_t *ret)
{
	struct tm tm;
	int east;

	if (!parse_date(&s, &tm))
		return -EINVAL;
	if (!*s) {
		if (end_of_day) {
			tm.tm_hour = 23;
			tm.tm_min = tm.tm_sec = 59;
		}
		*ret = mktime(&tm);
		return 0;
	}
	if ((!literal(&s, ' ') && !literal(&s, 'T')) || !parse_clock(&s, &tm))
		return -EINVAL;
	if (!*s) {
		*ret = mktime(&tm);
		return 0;
	}
	if (!parse_zone(&s, &east) || *s)
		return -EINVAL;
	*ret = timegm(&tm) - east;
	return 0;
}

int sk_time_parse(const char *s, bool end_of_day, int64_t *ret, struct sk_err *err)
{
	int64_t t;

	if (parse_instant(s, end_of_day, &t) < 0)
		return sk_err_set(err, -EINVAL, NULL,
			"not a date: write it as 2027-03-31 or 2027-03-31 18:00",
			"日付として読めません。2027-03-31 または 2027-03-31 18:00 "
			"の形で書いてください");
	*ret = t;
	return 0;
}

static char *format(int64_t t, const char *fmt, char *dst, size_t cap)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (!localtime_r(&tt, &tm) || strftime(dst, cap, fmt, &tm) == 0)
		snprintf(dst, cap, "-");
	return dst;
}

char *sk_date_format(int64_t t, char *dst, size_t cap)
{
	return format(t, "%Y-%m-%d", dst, cap);
}

char *sk_time_format(int64_t t, char *dst, size_t cap)
{
	return format(t, "%Y-%m-%dT%H:%M:%S%z", dst, cap);
}

char *sk_time_format_us(int64_t t_us, char *dst, size_t cap)
{
	int64_t t = t_us / 1000000, us = t_us % 1000000;
	char fmt[40];

	if (us < 0) {
		us += 1000000;
		t--;
	}
	snprintf(fmt, sizeof(fmt), "%%Y-%%m-%%dT%%H:%%M:%%S.%06d%%z", (int)us);
	return format(t, fmt, dst, cap);
}

static bool same_day(time_t t, const struct tm *day)
{
	struct tm tm;

	return localtime_r(&t, &tm) && tm.tm_mday == day->tm_mday && tm.tm_mon == day->tm_mon &&
		tm.tm_year == day->tm_year;
}

int64_t sk_day_start(int64_t t)
{
	time_t tt = (time_t)t, r;
	struct tm tm, day;

	if (!localtime_r(&tt, &tm))
		return t;
	day = tm;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	r = mktime(&tm);
	/* Where the clock jumps at midnight the day may begin at 01:00, or have two midnights. */
	for (int i = 0; i < 12 && !same_day(r, &day); i++)
		r += 900;
	for (int i = 0; i < 12 && same_day(r - 900, &day); i++)
		r -= 900;
	return r;
}

int64_t sk_day_add(int64_t t, int days)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (!localtime_r(&tt, &tm))
		return t + (int64_t)days * 86400;
	tm.tm_mday += days;
	tm.tm_isdst = -1;
	return mktime(&tm);
}
