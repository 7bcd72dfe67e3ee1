// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * events.follow and events.stat: events as they are stored, and what is kept of them, for how long
 * and at what cost of disk.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/mgmtd/daemon.h"
#include "mgmt/mgmtd/handlers.h"

int mg_h_events_follow(struct mg_call *c, struct sk_err *err)
{
	return mg_daemon_follow(c, mg_arg_str(c, "type"), err);
}

/* "1.4 GB" as disks are sold: powers of ten. dst: 24 bytes. */
static const char *size_text(uint64_t bytes, char *dst)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	size_t u = 0;
	double v = (double)bytes;

	for (; v >= 1000 && u + 1 < SK_ARRAY_SIZE(units); u++)
		v /= 1000;
	snprintf(dst, 24, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[u]);
	return dst;
}

static json_t *record(const struct mg_events_stat *s)
{
	json_t *o = json_pack("{s:i,s:i,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i}", "retention_days",
		s->retention_days, "days", s->days, "bytes", (json_int_t)s->bytes, "disk_free",
		(json_int_t)s->disk_free, "bytes_per_day", (json_int_t)s->bytes_per_day,
		"bytes_needed", (json_int_t)s->bytes_needed, "events_today",
		(json_int_t)s->events_today, "blocked_today", (json_int_t)s->drops_today, "lost",
		(json_int_t)s->lost_total, "eve_lost", (json_int_t)s->eve_lost, "damaged_files",
		s->damaged);
	char text[40];

	if (o && s->oldest)
		json_object_set_new(
			o, "oldest", json_string(sk_date_format(s->oldest, text, sizeof(text))));
	if (o && s->full_at)
		json_object_set_new(
			o, "full_at", json_string(sk_time_format(s->full_at, text, sizeof(text))));
	return o;
}

static int note_forecast(struct mg_call *c, const struct mg_events_stat *s)
{
	char rate[24], need[24], avail[24], date[16];

	size_text(s->bytes_per_day, rate);
	size_text(s->bytes_needed, need);
	size_text(s->disk_free, avail);
	if (!s->full_at)
		return mg_reply_note(c,
			"at %s a day the %d days kept take %s; the disk (%s free) will do",
			"1日 %s の割合で、保存期間 %d 日分に %s 必要です。ディスク(空き "
			"%s)は足ります",
			rate, s->retention_days, need, avail);
	return mg_reply_note(c,
		"at %s a day the %d days kept take %s: the disk (%s free) will be full on %s",
		"1日 %s の割合で、保存期間 %d 日分に %s 必要です。ディスク(空き %s)は %s "
		"に一杯になります",
		rate, s->retention_days, need, avail,
		sk_date_format(s->full_at, date, sizeof(date)));
}

static int notes(struct mg_call *c, const struct mg_events_stat *s)
{
	int r = note_forecast(c, s);

	if (r == 0 && s->lost_total)
		r = mg_reply_note(c, "%" PRIu64 " events could not be recorded and are lost",
			"記録できずに失われた事象が %" PRIu64 " 件あります", s->lost_total);
	if (r == 0 && s->damaged)
		r = mg_reply_note(c, "%d files of events are damaged; reports do without them",
			"壊れた事象ファイルが %d 個あります。報告書には含まれません", s->damaged);
	if (r == 0 && s->eve_lost)
		r = mg_reply_note(c,
			"eve.json could not be written: it lacks %" PRIu64
			" events, which are stored here all the same",
			"eve.json に書き込めず %" PRIu64
			" 件が欠けています(事象そのものは保存済みです)",
			s->eve_lost);
	return r;
}

int mg_h_events_stat(struct mg_call *c, struct sk_err *err)
{
	struct mg_events *e = mg_daemon_events(c->d);
	struct mg_events_stat s;
	int r;

	if (!e)
		return sk_err_set(err, -ENODEV, NULL, "events are not being stored",
			"事象は保存されていません");
	r = mg_events_stat(e, c->now, &s, err);
	if (r == 0)
		r = mg_reply_record(c, record(&s));
	return r == 0 ? notes(c, &s) : r;
}
