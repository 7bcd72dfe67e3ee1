/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files and parts of files answer a query, and how: from a rollup, or by reading rows. The
 * list of units is then worked through, by threads where it is long.
 */
#ifndef MG_REPORT_PLAN_H
#define MG_REPORT_PLAN_H

#include <limits.h>

#include "mgmt/report/query.h"

struct mg_unit {
	char path[PATH_MAX];
	bool rollup;
	int64_t from, to; /* microseconds, of rows */
};

struct mg_plan {
	struct mg_query *q;
	struct mg_unit *units;
	size_t n, cap;
	pthread_mutex_t lock;  /* damaged */
	struct sk_buf damaged; /* names, ", " between */
};

int mg_plan_make(struct mg_plan *p, struct mg_query *q, const char *dir, struct sk_err *err);
void mg_plan_done(struct mg_plan *p);
/* Note a file that could not be read. Thread-safe. */
void mg_plan_damaged(struct mg_plan *p, const char *path);

/* Count all units: *ret (owned) in order, at most the query's limit. */
int mg_plan_count(struct mg_plan *p, struct mg_result **ret, size_t *n, struct sk_err *err);

#endif
