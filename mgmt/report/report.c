// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Running a report: summaries through the plan and its counting, detail row by row from the newest
 * file backwards. Called in a forked child of mgmtd; writes nothing.
 */
#include "mgmt/report/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/report/plan.h"

static const char *const by_names[] = {
	[MG_BY_SOURCE] = "source",
	[MG_BY_DESTINATION] = "destination",
	[MG_BY_PORT] = "port",
	[MG_BY_REASON] = "reason",
	[MG_BY_RULE] = "rule",
	[MG_BY_ZONES] = "zones",
	[MG_BY_DAY] = "day",
	[MG_BY_HOUR] = "hour",
	[MG_BY_FEED] = "feed",
	[MG_BY_ENTRY] = "entry",
	[MG_BY_DEVICE] = "device",
	[MG_BY_DETAIL] = "detail",
};

int mg_report_by_parse(const char *s, enum mg_report_by *ret)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(by_names); i++) {
		if (strcmp(by_names[i], s) != 0)
			continue;
		*ret = (enum mg_report_by)i;
		return 0;
	}
	return -EINVAL;
}

struct detail {
	struct mg_query *q;
	struct mg_reader *reader;
	size_t left;
	int (*fn)(const json_t *row, void *arg);
	void *arg;
	int stopped; /* what fn returned, or -ENOMEM */
};

#define ENOUGH 1 /* the limit is reached, or fn wants no more */

static int give_row(const struct mg_flow *f, void *arg)
{
	struct detail *d = arg;
	json_t *row = mg_detail_row(d->q, f, mg_reader_class(d->reader, f->cls));

	d->stopped = row ? d->fn(row, d->arg) : -ENOMEM;
	json_decref(row);
	return d->stopped || --d->left == 0 ? ENOUGH : 0;
}

static int detail_unit(struct detail *d, const struct mg_unit *u)
{
	struct mg_query *q = d->q;
	struct mg_scan scan = {.from = u->from,
		.to = u->to,
		.want = MG_WANT_ALL,
		.src = q->has_src ? &q->src : NULL,
		.dst = q->has_dst ? &q->dst : NULL,
		.dport = q->q->port,
		.listed = mg_query_listed(q),
		.entry = q->q->entry,
		.seen = q->q->seen,
		.newest_first = true};
	_cleanup_(sk_freep) bool *classes = NULL;
	uint32_t max;
	int r = mg_reader_open(&d->reader, u->path, NULL);

	if (r < 0)
		return r;
	max = mg_reader_class_max(d->reader);
	classes = calloc(max + 1, sizeof(*classes));
	for (uint32_t id = 1; classes && id <= max; id++) {
		const struct mg_class *c = mg_reader_class(d->reader, id);

		classes[id] = c && mg_query_class_passes(q, c);
	}
	scan.classes = classes;
	r = classes ? mg_reader_scan(d->reader, &scan, give_row, d, NULL) : -ENOMEM;
	mg_reader_close(d->reader);
	d->reader = NULL;
	return r;
}

static int run_detail(
	struct mg_plan *p, int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err)
{
	struct detail d = {.q = p->q, .fn = fn, .arg = arg};

	d.left = p->q->q->limit ? p->q->q->limit : 1000;
	for (size_t i = p->n; i > 0; i--) {
		const struct mg_unit *u = &p->units[i - 1];
		int r = detail_unit(&d, u);

		if (r == ENOUGH)
			break;
		if (r == -ENOMEM)
			return sk_err_nomem(err);
		if (r < 0 && access(u->path, F_OK) == 0)
			mg_plan_damaged(p, u->path);
	}
	return d.stopped == -ENOMEM ? sk_err_nomem(err) : d.stopped;
}

static int run_summary(
	struct mg_plan *p, int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_result *list = NULL;
	size_t n = 0;
	int r = mg_plan_count(p, &list, &n, err);

	for (size_t i = 0; r == 0 && i < n; i++) {
		json_t *row = mg_result_row(p->q, &list[i]);

		if (!row)
			return sk_err_nomem(err);
		r = fn(row, arg);
		json_decref(row);
	}
	return r;
}

int mg_report_run(const char *events_dir, const struct mg_report_query *rq,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err)
{
	struct mg_query q;
	struct mg_plan p = {.n = 0};
	int r = mg_query_init(&q, rq, err);

	if (r == 0) {
		r = mg_plan_make(&p, &q, events_dir, err);
		if (r == 0)
			r = rq->by == MG_BY_DETAIL ? run_detail(&p, fn, arg, err)
						   : run_summary(&p, fn, arg, err);
		if (r == 0 && p.damaged.len > 0)
			r = sk_err_set(err, -EUCLEAN, NULL,
				"not all could be read; without what is in the damaged %s",
				"一部を読み込めませんでした。壊れたファイル %s "
				"の分は含まれていません",
				sk_buf_str(&p.damaged));
		mg_plan_done(&p);
	}
	mg_query_done(&q);
	return r;
}
