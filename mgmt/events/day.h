/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One day's file as the writer holds it. A batch's events of one day are one transaction, and with
 * them the sequence number they reach, so a batch is stored once whatever happens in between.
 */
#ifndef MG_EVENTS_DAY_H
#define MG_EVENTS_DAY_H

#include "mgmt/events/flow.h"

struct mg_day;

/* Open or create; the directory is synced when the file is new. -EUCLEAN: damaged or a newer
 * format. */
int mg_day_open(struct mg_day **ret, const char *dir, int date, struct sk_err *err);
void mg_day_close(struct mg_day *d); /* rolls an open transaction back */
int mg_day_date(const struct mg_day *d);
const char *mg_day_name(const struct mg_day *d); /* its path */

int mg_day_begin(struct mg_day *d, struct sk_err *err);
/* Add one event; ts where it has none of its own. */
int mg_day_put(struct mg_day *d, const json_t *ev, int64_t ts, struct sk_err *err);
/* The events of instance up to mark that belong to this day are here. */
int mg_day_mark(const struct mg_day *d, const char *instance, uint64_t *ret, struct sk_err *err);
/* done: everything up to mark is stored, in whichever files. instance may be NULL. Durable on
 * return. */
int mg_day_commit(
	struct mg_day *d, const char *instance, uint64_t mark, bool done, struct sk_err *err);
void mg_day_rollback(struct mg_day *d);

struct mg_day_counts {
	uint64_t flows, others; /* rows */
	uint64_t blocked;       /* connections, folded ones counted */
	uint64_t lost;          /* that fwd reported as lost */
	uint64_t alerts, pcap_bytes, pcaps_left_out;
	uint64_t ips_drops; /* of blocked, those by the inspection */
};
/* Of the transaction committed last. */
const struct mg_day_counts *mg_day_added(const struct mg_day *d);

#endif
