// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report.blocked and report.allowed: the arguments as a query, its rows as the answer. Runs in a
 * forked reader and reads the event files alone.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/geo/geo.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/h_device.h"
#include "mgmt/report/report.h"

#define DAY 86400

/* First second of the month of t. */
static int64_t month_start(int64_t t)
{
	char date[16];
	int64_t ret = sk_day_start(t);

	sk_date_format(t, date, sizeof(date));
	if (strlen(date) == 10)
		memcpy(date + 8, "01", 2);
	sk_time_parse(date, false, &ret, NULL);
	return ret;
}

struct period {
	int64_t from, to;
};

/* A named period, up to and with the present second. */
static void named_period(const char *name, int64_t now, struct period *q)
{
	int64_t today = sk_day_start(now);

	q->to = now + 1;
	if (sk_streq(name, "today")) {
		q->from = today;
	} else if (sk_streq(name, "yesterday")) {
		q->from = sk_day_add(today, -1);
		q->to = today;
	} else if (sk_streq(name, "7d")) {
		q->from = sk_day_add(now, -7);
	} else if (sk_streq(name, "30d")) {
		q->from = sk_day_add(now, -30);
	} else if (sk_streq(name, "month")) {
		q->from = month_start(now);
	} else {
		q->from = now + 1 - DAY;
	}
}

int mg_h_period(struct mg_call *c, int64_t *ret_from, int64_t *ret_to, struct sk_err *err)
{
	bool from = mg_arg_has(c, "from"), to = mg_arg_has(c, "to");
	struct period q = {0};
	int r = 0;

	if (!from && !to) {
		named_period(mg_arg_str(c, "period"), c->now, &q);
	} else if (mg_arg_has(c, "period")) {
		return sk_err_set(err, -EINVAL, "period", "give either a period, or from and to",
			"period と from・to は同時に指定できません");
	} else {
		q.to = c->now;
		if (to)
			r = mg_arg_time(c, "to", true, &q.to, err);
		q.to++; /* that second is still meant */
		q.from = q.to - DAY;
		if (r == 0 && from)
			r = mg_arg_time(c, "from", false, &q.from, err);
	}
	if (r == 0 && q.from >= q.to)
		return sk_err_set(err, -EINVAL, "from", "the period ends before it begins",
			"期間の終わりが始まりより前です");
	*ret_from = q.from;
	*ret_to = q.to;
	return r;
}

struct answer {
	struct mg_call *c;
	struct mg_geo *geo;
	size_t rows;
};

/* Where the far end is: of a connection to the outside its destination, from there its source. */
static void add_place(struct answer *a, json_t *row)
{
	const char *dst = json_string_value(json_object_get(row, "destination"));
	const char *src = json_string_value(json_object_get(row, "source"));

	if (!mg_geo_any(a->geo))
		return;
	mg_geo_row(a->geo, dst, row);
	if (!json_object_get(row, "country") && !json_object_get(row, "asn"))
		mg_geo_row(a->geo, src, row);
}

static int give(const json_t *row, void *arg)
{
	struct answer *a = arg;

	const char *mac = json_string_value(json_object_get(row, "mac"));

	if (!mac)
		mac = json_string_value(json_object_get(row, "device"));
	a->rows++;
	mg_h_device_name(mg_h_store(a->c), mac, (json_t *)row);
	add_place(a, (json_t *)row);
	return mg_reply_row(a->c, json_incref((json_t *)row));
}

static const char *text_or_null(struct mg_call *c, const char *name)
{
	const char *s = mg_arg_str(c, name);

	return s && s[0] ? s : NULL;
}

static int report(struct mg_call *c, const char *event_type, struct sk_err *err)
{
	struct mg_report_query q = {.event_type = event_type,
		.by = MG_BY_DESTINATION,
		.source = text_or_null(c, "source"),
		.destination = text_or_null(c, "destination"),
		.proto = text_or_null(c, "proto"),
		.port = mg_arg_has(c, "port") ? (int)mg_arg_uint(c, "port") : -1,
		.reason = text_or_null(c, "reason"),
		.feed = text_or_null(c, "feed"),
		.monitored = mg_arg_flag(c, "monitored"),
		.entry = text_or_null(c, "entry"),
		.zone_in = text_or_null(c, "zone_in"),
		.zone_out = text_or_null(c, "zone_out"),
		.rule = (uint32_t)mg_arg_uint(c, "rule"),
		.limit = (size_t)mg_arg_uint(c, "limit"),
		.lang = c->lang};
	const char *by = mg_arg_str(c, "by");
	struct answer a = {.c = c};
	struct sk_err damaged = {0};
	int r = mg_h_period(c, &q.from, &q.to, err);

	if (r < 0)
		return r;
	if (q.reason && !mg_value_text("reason", q.reason))
		return sk_err_set(err, -EINVAL, "reason", "\"%.40s\" is no reason (see: help)",
			"「%.40s」という理由はありません (help を参照)", q.reason);
	if (by && mg_report_by_parse(by, &q.by) < 0)
		return sk_err_set(err, -EINVAL, "by", "\"%s\" cannot be counted by",
			"「%s」では集計できません", by);
	a.geo = mg_geo_open(mg_daemon_geoip_dir(c->d));
	r = mg_report_run(mg_daemon_events_dir(c->d), &q, give, &a, &damaged);
	mg_geo_close(a.geo);
	if (r == -EUCLEAN)
		return mg_reply_note(c, "%s", "%s", sk_err_text(&damaged, c->lang));
	if (r < 0 && err)
		*err = damaged;
	if (r == 0 && a.rows == 0)
		r = mg_reply_note(c, "none in this period", "該当する通信はありません");
	return r;
}

int mg_h_report_blocked(struct mg_call *c, struct sk_err *err)
{
	return report(c, mg_arg_flag(c, "monitored") ? "allow" : "drop", err);
}

int mg_h_report_allowed(struct mg_call *c, struct sk_err *err)
{
	return report(c, "allow", err);
}

int mg_h_report_infected(struct mg_call *c, struct sk_err *err)
{
	struct mg_infected_query q = {.limit = (size_t)mg_arg_uint(c, "limit")};
	struct answer a = {.c = c};
	struct sk_err damaged = {0};
	int r = mg_h_period(c, &q.from, &q.to, err);

	if (r < 0)
		return r;
	r = mg_report_infected(mg_daemon_events_dir(c->d), &q, give, &a, &damaged);
	if (r == -EUCLEAN)
		return mg_reply_note(c, "%s", "%s", sk_err_text(&damaged, c->lang));
	if (r < 0 && err)
		*err = damaged;
	if (r == 0 && a.rows == 0)
		r = mg_reply_note(c, "no device looks infected", "感染が疑われる端末はありません");
	return r;
}
