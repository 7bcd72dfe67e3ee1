/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event store: one SQLite file a day (events-yyyymmdd.db, UTC+site day) without secondary indexes,
 * hourly rollups beside it, eve.json for a SIEM, retention and disk forecast. One writer (mgmtd), many
 * readers (forked report children).
 */
#ifndef MG_EVENTS_H
#define MG_EVENTS_H

#include <stdint.h>

#include "lib/json.h"

#define MG_RETENTION_DAYS_MIN 184 /* guideline No.143: six months */

struct mg_events;

struct mg_events_opts {
	const char *dir;	 /* day files and rollups */
	const char *eve_path;	 /* NULL: no eve.json */
	uint64_t eve_bytes_max;	 /* rotate to eve.json.1…; 0: 256 MiB */
	int retention_days;	 /* ≥ MG_RETENTION_DAYS_MIN or -EINVAL */
};

int mg_events_open(struct mg_events **ret, const struct mg_events_opts *o, struct sk_err *err);
void mg_events_close(struct mg_events *e);

/*
 * Store a batch (array of event objects with "ts"): durable when this returns 0, exactly once for each
 * (instance, seq), where seq is the number of the batch's last event; a batch already stored returns 0
 * and does nothing. instance may be NULL for mgmtd's own events.
 */
int mg_events_append(struct mg_events *e, const char *instance, uint64_t seq, const json_t *events,
	struct sk_err *err);
/* Last stored sequence number of an instance (0: none). */
uint64_t mg_events_last_seq(struct mg_events *e, const char *instance);

struct mg_events_stat {
	uint64_t bytes, disk_free, events_today, drops_today, lost_total;
	int64_t oldest; /* start of the oldest day kept, 0 none */
	int days;
	int64_t full_at; /* forecast: when the disk is full at the present rate; 0 not within retention */
	uint64_t bytes_needed; /* for the whole retention at the present rate */
};
int mg_events_stat(struct mg_events *e, int64_t now, struct mg_events_stat *ret, struct sk_err *err);
/* Seal finished days, drop days older than the retention; called hourly. */
int mg_events_maintain(struct mg_events *e, int64_t now, struct sk_err *err);

#endif
