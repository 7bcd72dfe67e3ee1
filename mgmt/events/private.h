/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of the event store, shared by events.c, append.c and retention.c alone. */
#ifndef MG_EVENTS_PRIVATE_H
#define MG_EVENTS_PRIVATE_H

#include <limits.h>

#include "mgmt/events/day.h"
#include "mgmt/events/eve.h"
#include "mgmt/events/events.h"

#define MG_OPEN_DAYS 2 /* today's file, and yesterday's around midnight */
#define MG_SUBSCRIBERS 16

struct mg_subscriber {
	void (*fn)(const json_t *event, void *arg); /* NULL: free */
	void *arg;
};

struct mg_events {
	char dir[PATH_MAX];
	int retention_days;
	int lock_fd;
	struct mg_day *days[MG_OPEN_DAYS]; /* most recently used first */
	struct mg_eve *eve;
	json_t *done;   /* instance → number up to which all is stored */
	json_t *sealed; /* "yyyymmdd" known to be sealed → true */
	struct mg_subscriber subs[MG_SUBSCRIBERS];
	uint64_t lost_total;
	/* The local day of the event seen last, in microseconds. */
	int64_t day_from, day_to;
	int day_date;
};

/* The opened file of a date; a damaged one is set aside and begun anew. Borrowed. */
int mg_events_day(struct mg_events *e, int date, struct mg_day **ret, struct sk_err *err);
void mg_events_close_day(struct mg_events *e, int date); /* 0: all */
int mg_events_set_aside(struct mg_events *e, int date, struct sk_err *err);

/* Bytes of the file system kept free: appending stops before. */
uint64_t mg_events_reserve(uint64_t disk_bytes);
int mg_events_disk(
	const struct mg_events *e, uint64_t *ret_free, uint64_t *ret_reserve, struct sk_err *err);

#endif
