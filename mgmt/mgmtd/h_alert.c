// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * alert.list, alert.show and report.alerts: what the inspection detected. Runs in a forked reader
 * and reads the event files alone.
 */
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/events/alert.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/report/query.h"

static void set_copy(json_t *row, const char *key, const json_t *obj, const char *from)
{
	json_t *v = json_object_get(obj, from);

	if (v)
		json_object_set(row, key, v);
}

static const json_t *part(const json_t *ev, const char *key)
{
	return json_object_get(ev, key);
}

static json_t *alert_row(const struct mg_alert *a)
{
	const json_t *ev = a->event, *rule = part(ev, "alert"), *own = part(ev, "sekisho");
	json_t *row =
		json_pack("{s:s, s:I}", "number", a->name, "time", (json_int_t)(a->ts / MG_US));

	if (!row)
		return NULL;
	set_copy(row, "gid", rule, "gid");
	set_copy(row, "sid", rule, "signature_id");
	set_copy(row, "rev", rule, "rev");
	set_copy(row, "msg", rule, "signature");
	set_copy(row, "class", rule, "category");
	set_copy(row, "severity", rule, "severity");
	set_copy(row, "decision", own, "decision");
	set_copy(row, "exception", own, "exception");
	set_copy(row, "urgent", own, "urgent");
	set_copy(row, "zone_in", own, "zone_in");
	set_copy(row, "zone_out", own, "zone_out");
	set_copy(row, "source", ev, "src_ip");
	set_copy(row, "sport", ev, "src_port");
	set_copy(row, "destination", ev, "dest_ip");
	set_copy(row, "port", ev, "dest_port");
	set_copy(row, "proto", ev, "proto");
	set_copy(row, "app_proto", ev, "app_proto");
	set_copy(row, "mac", part(ev, "ether"), "src_mac");
	if (json_object_get(own, "count"))
		set_copy(row, "count", own, "count");
	else
		json_object_set_new(row, "count", json_integer(1));
	return row;
}

/* ---- filters ----------------------------------------------------------------------------------
 */
struct question {
	struct mg_call *c;
	struct mg_alert_filter f;
	struct mg_range src, dst;
	enum mg_alert_by by;
	size_t rows;
};

static int read_filter(struct question *q, struct sk_err *err)
{
	struct mg_call *c = q->c;
	int64_t from = 0, to = 0;
	int r = mg_h_period(c, &from, &to, err);

	q->f = (struct mg_alert_filter){.from = from * MG_US,
		.to = to * MG_US,
		.severity = (int64_t)mg_arg_uint(c, "severity"),
		.sid = (int64_t)mg_arg_uint(c, "sid"),
		.decision = mg_arg_str(c, "decision"),
		.limit = (size_t)mg_arg_uint(c, "limit")};
	if (r == 0 && mg_arg_has(c, "src")) {
		r = mg_query_range("src", mg_arg_str(c, "src"), &q->src, err);
		q->f.src = &q->src;
	}
	if (r == 0 && mg_arg_has(c, "dst")) {
		r = mg_query_range("dst", mg_arg_str(c, "dst"), &q->dst, err);
		q->f.dst = &q->dst;
	}
	return r;
}

static int finish(struct question *q, int r, struct sk_err *err)
{
	if (r == -EUCLEAN)
		return mg_reply_note(q->c, "not all could be read: %s",
			"一部を読み込めませんでした: %s", sk_err_text(err, q->c->lang));
	if (r == 0 && !q->rows)
		r = mg_reply_note(
			q->c, "nothing was detected in this period", "該当する検知はありません");
	return r;
}

static int give_alert(const struct mg_alert *a, void *arg)
{
	struct question *q = arg;

	q->rows++;
	return mg_reply_row(q->c, alert_row(a));
}

int mg_h_alert_list(struct mg_call *c, struct sk_err *err)
{
	struct question q = {.c = c};
	int r = read_filter(&q, err);

	if (r == 0)
		r = mg_alert_each(mg_daemon_events_dir(c->d), &q.f, give_alert, &q, err);
	return finish(&q, r, err);
}

/* ---- one --------------------------------------------------------------------------------------
 */
static int send_pcap(struct mg_call *c, const void *pcap, size_t len, struct sk_err *err)
{
	if (!pcap)
		return sk_err_set(err, -ENOENT, "pcap", "no packets were kept of this alert",
			"この検知のパケットは保存されていません");
	return mg_reply_file(c, pcap, len);
}

int mg_h_alert_show(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "number");
	_cleanup_(sk_freep) void *pcap = NULL;
	struct mg_alert a = {0};
	json_t *row;
	const char *key;
	json_t *v;
	size_t len = 0;
	int r = mg_alert_get(mg_daemon_events_dir(c->d), name, &a.event, &pcap, &len, err);

	if (r < 0)
		return r;
	snprintf(a.name, sizeof(a.name), "%s", name);
	a.ts = mg_event_ts(a.event);
	row = alert_row(&a);
	/* What the application said, under its own name: "http", "tls", "dns" … */
	json_object_foreach (a.event, key, v)
		if (json_is_object(v) && strcmp(key, "alert") != 0 && strcmp(key, "sekisho") != 0 &&
			strcmp(key, "ether") != 0)
			json_object_set(row, key, v);
	set_copy(row, "payload_printable", a.event, "payload_printable");
	set_copy(row, "in_iface", a.event, "in_iface");
	set_copy(row, "out_iface", a.event, "out_iface");
	set_copy(row, "flow_id", a.event, "flow_id");
	json_object_set_new(row, "pcap_bytes", json_integer((json_int_t)len));
	json_decref(a.event);
	if (mg_arg_has(c, "pcap"))
		r = send_pcap(c, pcap, len, err);
	if (r < 0) {
		json_decref(row);
		return r;
	}
	return mg_reply_record(c, row);
}

/* ---- sums -------------------------------------------------------------------------------------
 */
static void name_group(json_t *row, enum mg_alert_by by, const struct mg_alert_sum *s)
{
	static const char *const names[MG_ALERT_BYS] = {
		[MG_ALERT_BY_SOURCE] = "source",
		[MG_ALERT_BY_DESTINATION] = "destination",
		[MG_ALERT_BY_CLASS] = "class",
		[MG_ALERT_BY_DAY] = "day",
	};

	if (by == MG_ALERT_BY_RULE) {
		json_object_set_new(row, "gid", json_integer(s->gid));
		json_object_set_new(row, "sid", json_integer(s->sid));
		json_object_set_new(row, "msg", json_string(s->msg));
		json_object_set_new(row, "class", json_string(s->class));
		json_object_set_new(row, "severity", json_integer(s->severity));
	} else if (by == MG_ALERT_BY_SEVERITY) {
		json_object_set_new(row, "severity", json_integer(s->severity));
	} else {
		json_object_set_new(row, names[by], json_string(s->key));
	}
}

static int give_sum(const struct mg_alert_sum *s, void *arg)
{
	struct question *q = arg;
	json_t *row = json_pack("{s:s, s:I, s:I, s:I, s:I}", "key", s->key, "count",
		(json_int_t)s->count, q->by == MG_ALERT_BY_SOURCE ? "destinations" : "sources",
		(json_int_t)s->peers, "first", (json_int_t)(s->first / MG_US), "last",
		(json_int_t)(s->last / MG_US));

	if (!row)
		return -ENOMEM;
	name_group(row, q->by, s);
	q->rows++;
	return mg_reply_row(q->c, row);
}

int mg_h_report_alerts(struct mg_call *c, struct sk_err *err)
{
	static const char *const names[MG_ALERT_BYS] = {
		[MG_ALERT_BY_RULE] = "rule",
		[MG_ALERT_BY_SOURCE] = "source",
		[MG_ALERT_BY_DESTINATION] = "destination",
		[MG_ALERT_BY_CLASS] = "class",
		[MG_ALERT_BY_SEVERITY] = "severity",
		[MG_ALERT_BY_DAY] = "day",
	};
	struct question q = {.c = c};
	int r = read_filter(&q, err);

	for (int i = 0; i < MG_ALERT_BYS; i++)
		if (sk_streq(mg_arg_str(c, "by"), names[i]))
			q.by = (enum mg_alert_by)i;
	if (r == 0)
		r = mg_alert_sums(mg_daemon_events_dir(c->d), &q.f, q.by, give_sum, &q, err);
	return finish(&q, r, err);
}
