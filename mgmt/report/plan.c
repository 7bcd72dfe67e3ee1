// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Choosing the files of a report. A rollup stands for a whole day's file only; of days that begin
 * or end within the period, and of the unfinished one, the rows are read.
 */
#include "mgmt/report/plan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/events/files.h"

/* A file's rows carry times of its date, give or take a changed time zone. */
#define SLACK (2 * 86400)
#define PART_ROWS 150000
#define PARTS_MAX 16

void mg_plan_done(struct mg_plan *p)
{
	free(p->units);
	sk_buf_done(&p->damaged);
	pthread_mutex_destroy(&p->lock);
}

void mg_plan_damaged(struct mg_plan *p, const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	pthread_mutex_lock(&p->lock);
	if (!strstr(sk_buf_str(&p->damaged), name)) {
		if (p->damaged.len > 0)
			sk_buf_puts(&p->damaged, ", ");
		sk_buf_puts(&p->damaged, name);
	}
	pthread_mutex_unlock(&p->lock);
}

static int add_unit(struct mg_plan *p, const char *path, bool rollup, int64_t from, int64_t to)
{
	struct mg_unit *u;

	if (sk_grow(&p->units, &p->cap, p->n + 1, sizeof(*p->units)) < 0)
		return -ENOMEM;
	u = &p->units[p->n++];
	*u = (struct mg_unit){.rollup = rollup, .from = from, .to = to};
	memcpy(u->path, path, strlen(path) + 1);
	return 0;
}

/* A long stretch of rows in several parts, so that threads share it. */
static int add_rows(struct mg_plan *p, const char *path, int64_t from, int64_t to, int64_t rows)
{
	int64_t parts = SK_MIN(SK_MAX(rows / PART_ROWS, 1), PARTS_MAX), step;
	int r = 0;

	if (p->q->q->by == MG_BY_DETAIL)
		parts = 1;
	step = (to - from) / parts + 1;
	for (int64_t at = from; r == 0 && at < to; at += step)
		r = add_unit(p, path, false, at, SK_MIN(at + step, to));
	return r;
}

static int found(const struct mg_roll_row *row, void *arg)
{
	return 1;
}

/* Does a sealed file say that an address asked for is not in it? */
static bool can_skip(struct mg_reader *r, const struct mg_query *q)
{
	if (q->has_src && mg_reader_rolled(r, MG_DIM_SOURCE) &&
		mg_reader_rollup(r, MG_DIM_SOURCE, q->kind, &q->src, found, NULL, NULL) == 0)
		return true;
	return q->has_dst && mg_reader_rolled(r, MG_DIM_DESTINATION) &&
		mg_reader_rollup(r, MG_DIM_DESTINATION, q->kind, &q->dst, found, NULL, NULL) == 0;
}

/* A rule, a feed, a reason that a day never had: nothing of it need be read. */
static bool has_class(const struct mg_reader *r, const struct mg_query *q, bool *ret_mixed)
{
	bool any = false;

	*ret_mixed = false;
	for (uint32_t id = 1; id <= mg_reader_class_max(r); id++) {
		const struct mg_class *c = mg_reader_class(r, id);

		any = any || (c && mg_query_class_passes(q, c));
		*ret_mixed = *ret_mixed || (c && mg_query_other_sort(q, c));
	}
	return any;
}

static int plan_file(struct mg_plan *p, const char *path)
{
	struct mg_query *q = p->q;
	enum mg_dim dim = mg_query_dim(q);
	struct mg_reader *r = NULL;
	int64_t first, last;
	bool mixed = false;
	int code = mg_reader_open(&r, path, NULL);

	/* Removed by the retention just now, or damaged. */
	if (code < 0) {
		if (code != -ENOMEM && access(path, F_OK) == 0)
			mg_plan_damaged(p, path);
		return code == -ENOMEM ? code : 0;
	}
	mg_reader_range(r, &first, &last);
	if (last == 0 || first >= q->to || last < q->from || !has_class(r, q, &mixed))
		code = 0;
	else if (first >= q->from && last < q->to && dim != MG_DIMS &&
		(dim == MG_DIM_CLASS || !mixed) && mg_reader_rolled(r, dim))
		code = add_unit(p, path, true, 0, 0);
	else if (!can_skip(r, q))
		code = add_rows(p, path, SK_MAX(first, q->from), SK_MIN(last + 1, q->to),
			mg_reader_meta(r, "flows"));
	mg_reader_close(r);
	return code;
}

static bool in_period(const struct mg_query *q, int date)
{
	int64_t start = mg_date_start(date) * MG_US;

	return start - (int64_t)SLACK * MG_US < q->to && q->from - (int64_t)SLACK * MG_US < start;
}

int mg_plan_make(struct mg_plan *p, struct mg_query *q, const char *dir, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *files = NULL;
	size_t n = 0;
	int r;

	*p = (struct mg_plan){.q = q};
	sk_buf_init(&p->damaged, 4096);
	if (pthread_mutex_init(&p->lock, NULL) != 0)
		return sk_err_nomem(err);
	r = mg_files_list(dir, &files, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		char path[PATH_MAX];

		if (!in_period(q, files[i].date))
			continue;
		if (files[i].damaged)
			mg_plan_damaged(p, files[i].name);
		else if (mg_day_path(path, sizeof(path), dir, files[i].date) == 0)
			r = plan_file(p, path);
		if (r < 0)
			return sk_err_nomem(err);
	}
	return r;
}
