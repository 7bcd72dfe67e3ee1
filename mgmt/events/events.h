/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event store: one SQLite file a local day (events-yyyymmdd.db) without secondary indexes, with
 * the rollups of a finished day inside, eve.json for a SIEM, retention and disk forecast. One
 * writer (mgmtd), many readers. A process forked from the writer must not read: what SQLite knows
 * of locks does not cross a fork. Readers come from a process that never opened the store.
 */
#ifndef MG_EVENTS_H
#define MG_EVENTS_H

#include <stdint.h>

#include "lib/json.h"

#define MG_RETENTION_DAYS_MIN 184 /* guideline No.143: six months */

struct mg_events;

struct mg_events_opts {
	const char *dir;        /* day files and rollups */
	const char *eve_path;   /* NULL: no eve.json */
	uint64_t eve_bytes_max; /* rotate to eve.json.1…; 0: 256 MiB */
	int retention_days;     /* ≥ MG_RETENTION_DAYS_MIN or -EINVAL */
};

int mg_events_open(struct mg_events **ret, const struct mg_events_opts *o, struct sk_err *err);
void mg_events_close(struct mg_events *e);

/*
 * Store a batch (array of event objects with "ts"): durable when this returns 0, exactly once for
 * each (instance, seq), where seq is the number of the batch's last event; a batch already stored
 * returns 0 and does nothing. The n events of a batch are numbers seq-n+1…seq, so frames cut
 * differently when sent again are recognised too. instance may be NULL for mgmtd's own events.
 * -ENOSPC: too little disk is left; nothing is stored and nothing is deleted for it. -EAGAIN: try
 * again.
 */
int mg_events_append(struct mg_events *e, const char *instance, uint64_t seq, const json_t *events,
	struct sk_err *err);
/* Last stored sequence number of an instance (0: none). */
uint64_t mg_events_last_seq(struct mg_events *e, const char *instance);

/* fn is told each event once it is stored, in order; it must not append. -ENOSPC: too many. */
int mg_events_subscribe(struct mg_events *e, void (*fn)(const json_t *event, void *arg), void *arg,
	struct sk_err *err);
void mg_events_unsubscribe(
	struct mg_events *e, void (*fn)(const json_t *event, void *arg), void *arg);

struct mg_events_stat {
	uint64_t bytes, disk_free;
	uint64_t events_today;    /* rows of today's file */
	uint64_t drops_today;     /* connections blocked today, folded ones counted */
	uint64_t ips_drops_today; /* of drops_today, those by the inspection */
	uint64_t alerts_today;    /* of the inspection, repeats folded */
	uint64_t pcaps_left_out;  /* captures of today's alerts beyond what a day may take */
	uint64_t lost_total;      /* reported as lost by fwd, over all days kept */
	uint64_t eve_lost;        /* lines eve.json does not have, since the start */
	int damaged;              /* files that cannot be read or were set aside */
	int retention_days;
	int64_t oldest; /* start of the oldest day kept, 0 none */
	int days;
	uint64_t bytes_per_day; /* the present rate: mean of the last seven finished days */
	uint64_t bytes_needed;  /* for the whole retention at the present rate */
	int64_t full_at;        /* forecast: when the disk is full at the present rate; 0 not within
				   retention */
};
int mg_events_stat(
	struct mg_events *e, int64_t now, struct mg_events_stat *ret, struct sk_err *err);
/*
 * Seal finished days (big ones in a forked child), drop days older than the retention; called
 * hourly. After a jump of the clock nothing is dropped until a week of newer days exists.
 */
int mg_events_maintain(struct mg_events *e, int64_t now, struct sk_err *err);

#endif
