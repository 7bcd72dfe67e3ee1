/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One day's file read-only, in one snapshot: events may keep coming meanwhile. Used by the rollups
 * and the reports.
 */
#ifndef MG_EVENTS_READER_H
#define MG_EVENTS_READER_H

#include <stddef.h>

#include "mgmt/events/agg.h"
#include "mgmt/events/flow.h"
#include "mgmt/events/schema.h"

struct mg_reader;

/* -EUCLEAN: damaged. Holds a read transaction until close. */
int mg_reader_open(struct mg_reader **ret, const char *path, struct sk_err *err);
void mg_reader_close(struct mg_reader *r);

/* Class ids run from 1 to max; NULL where there is none. Borrowed. */
const struct mg_class *mg_reader_class(const struct mg_reader *r, uint32_t id);
uint32_t mg_reader_class_max(const struct mg_reader *r);
/* First and last flow in microseconds; both 0 when the file has none. */
void mg_reader_range(const struct mg_reader *r, int64_t *first, int64_t *last);
int64_t mg_reader_meta(const struct mg_reader *r, const char *key); /* 0 if not there */
/* Is the dimension's rollup there and up to date? */
bool mg_reader_rolled(const struct mg_reader *r, enum mg_dim dim);

/* Each instance whose events are here, with the number up to which all is stored. */
int mg_reader_instances(struct mg_reader *r,
	int (*fn)(const char *instance, uint64_t done, void *arg), void *arg, struct sk_err *err);

/* An address range, both ends included and of one family. */
struct mg_range {
	struct mg_addr lo, hi;
};

#define MG_WANT_DST 1u
#define MG_WANT_SRC 2u
#define MG_WANT_DPORT 4u
#define MG_WANT_ALL 8u /* every field, extra too */
#define MG_WANT_MAC 16u
#define MG_WANT_LISTED 32u /* entry and name */

struct mg_scan {
	int64_t from, to;    /* microseconds, [from, to) */
	unsigned want;       /* the fields of mg_flow filled beside ts, span, count, cls */
	const bool *classes; /* by id, those wanted; NULL: all */
	const struct mg_range *src, *dst; /* NULL: all */
	int dport;                        /* -1 all */
	bool listed; /* only what a blocklist stopped or reported; costs what there is of it */
	const char *entry; /* with listed: only by this entry; NULL all */
	const char *seen;  /* with listed: only with this entry or name; NULL all */
	bool newest_first;
};

/* fn returns 0, or something else to stop, which is then returned. */
int mg_reader_scan(struct mg_reader *r, const struct mg_scan *s,
	int (*fn)(const struct mg_flow *f, void *arg), void *arg, struct sk_err *err);

/* One row of a rollup. key: address, text ("TCP/443") or number, as the dimension has it. */
struct mg_roll_row {
	struct mg_addr addr;
	const char *text;
	int64_t number;
	uint64_t count;
	int64_t first, last;
	const void *peers;
	size_t peers_len;
};
/* addr: only keys in this range; NULL all (the address dimensions only). */
int mg_reader_rollup(struct mg_reader *r, enum mg_dim dim, enum mg_kind kind,
	const struct mg_range *addr, int (*fn)(const struct mg_roll_row *row, void *arg), void *arg,
	struct sk_err *err);

#endif
