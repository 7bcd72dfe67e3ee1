/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports over the event store: counts of blocked (or logged allowed) connections by any of the
 * dimensions, from rollups where they suffice and day files where detail is asked. Readers only:
 * opens the files of mgmt/events read-only, so it can run in a forked child while events keep
 * coming.
 */
#ifndef MG_REPORT_H
#define MG_REPORT_H

#include <stdint.h>

#include "lib/json.h"

enum mg_report_by {
	MG_BY_SOURCE,
	MG_BY_DESTINATION,
	MG_BY_PORT,
	MG_BY_REASON,
	MG_BY_RULE,
	MG_BY_ZONES,
	MG_BY_DAY,
	MG_BY_HOUR,
	MG_BY_FEED,   /* of the blocklist */
	MG_BY_ENTRY,  /* of the blocklist */
	MG_BY_DEVICE, /* of ours: by its MAC where it is known, else its address */
	MG_BY_DETAIL
};

struct mg_report_query {
	const char *event_type; /* "drop" or "allow" */
	int64_t from, to;       /* [from, to) seconds */
	enum mg_report_by by;
	/* filters; NULL or 0: all */
	const char *source, *destination; /* address or CIDR */
	const char *proto;
	int port; /* -1 all */
	const char *reason, *zone_in, *zone_out;
	const char *feed, *entry; /* of a blocklist */
	bool monitored;   /* of allow: what blocklists would have blocked; else all but that */
	const char *seen; /* of a blocklist: the entry, or what was seen of it, is this */
	uint32_t rule;
	size_t limit;      /* rows; 0: 1,000 */
	enum sk_lang lang; /* of reason_text */
};

/*
 * fn gets each row (borrowed), ordered by count (days and hours by time, detail newest first);
 * non-zero stops and is returned. -EINVAL: a filter that is none. -EUCLEAN, after all rows: some
 * files could not be read and err names them; the rows are without what they hold.
 *
 * Keys of a row: "key" (a word for what is counted) and, as far as they apply, "source",
 * "destination", "proto", "port", "reason", "reason_text", "rule", "zone_in", "zone_out", "day",
 * "hour", "feed", "entry", "device", "address" (of a device, seen last); "count", "sources" or
 * "destinations" (different peers, also as "peers"; exact up to 128, then within some 3 %),
 * "first", "last". Of detail: "time", "sport", "mac", "name" as well.
 */
int mg_report_run(const char *events_dir, const struct mg_report_query *q,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err);
int mg_report_by_parse(const char *s, enum mg_report_by *ret);

/*
 * Devices of ours that look infected: those whose outbound connections a blocklist or the
 * inspection stopped (or a monitored blocklist would have), most blocked first. Keys of a row:
 * "device", "address", "count" (blocked), "monitored", "entries" (different entries and
 * signatures), "days" (different days), "first", "last", "example" (newest entry or signature),
 * "feed". Errors as mg_report_run.
 */
struct mg_infected_query {
	int64_t from, to; /* [from, to) seconds */
	size_t limit;     /* 0: 1,000 */
};
int mg_report_infected(const char *events_dir, const struct mg_infected_query *q,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err);

#endif
