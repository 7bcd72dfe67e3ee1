/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time as numbers and words. Model code takes times as arguments; only the daemons ask the clock.
 * Instants are seconds (or microseconds where named so) since 1970 UTC. Civil dates are in the
 * process's time zone (TZ).
 */
#ifndef SK_CLOCK_H
#define SK_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

int64_t sk_now(void);      /* CLOCK_REALTIME, seconds */
int64_t sk_now_us(void);   /* CLOCK_REALTIME, microseconds */
uint64_t sk_mono_us(void); /* CLOCK_MONOTONIC, microseconds */
uint64_t sk_boot_us(void); /* CLOCK_BOOTTIME, microseconds */

/*
 * "2027-03-31", "2027/3/31" (as Excel writes it), "2027-03-31 18:00", "2027-03-31T18:00[:30]" or
 * with a zone ("Z", "+09:00"). A bare date means its first second, or with end_of_day its last
 * (23:59:59), so an expiry date is valid through that day. -EINVAL with a message.
 */
int sk_time_parse(const char *s, bool end_of_day, int64_t *ret, struct sk_err *err);

/* "yyyy-mm-dd" (dst >= 11). */
char *sk_date_format(int64_t t, char *dst, size_t cap);
/* "yyyy-mm-ddThh:mm:ss+0900", local with its offset (dst >= 32). */
char *sk_time_format(int64_t t, char *dst, size_t cap);
/* EVE's timestamp, "yyyy-mm-ddThh:mm:ss.uuuuuu+0900" (dst >= 40). */
char *sk_time_format_us(int64_t t_us, char *dst, size_t cap);
/* Local midnight at or before t; the same civil time n days later (DST safe). */
int64_t sk_day_start(int64_t t);
int64_t sk_day_add(int64_t t, int days);

#endif
