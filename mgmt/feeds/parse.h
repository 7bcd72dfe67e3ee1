/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What came from a feed, read into entries: one parser a format. A line that is wrong is counted
 * and passed over; what cannot be the list at all (a web page, half a document, another encoding)
 * is refused as a whole. Pure.
 */
#ifndef MG_FEEDS_PARSE_H
#define MG_FEEDS_PARSE_H

#include "mgmt/feeds/definition.h"
#include "mgmt/feeds/list.h"

#define MG_PARSE_FIRST 10
#define MG_PARSE_SAMPLE 64 /* bytes of the line shown, with its NUL */

struct mg_parse_error {
	uint64_t line; /* from 1; of JSON documents the object's number */
	const struct sk_text *why;
	char sample[MG_PARSE_SAMPLE]; /* escaped */
};

struct mg_parse_tally {
	uint64_t lines;   /* that say something: no comments, no empty ones */
	uint64_t entries; /* values taken, doubles counted */
	uint64_t errors;
	uint64_t ignored; /* right, but nothing for us: hashes of files, expired, too low a score */
	struct mg_parse_error first[MG_PARSE_FIRST];
	size_t n_first;
};

/*
 * Add what p holds to b and to the tally, which the caller sets to zero before the first file.
 * now: indicators past their end are passed over. -EBADMSG: is no such list, or not all of it;
 * -ENOSPC: more than max_entries; -ENOMEM. b and the tally are of no use then, but for the errors.
 */
int mg_feed_parse(const struct mg_feed_def *d, int64_t now, const void *p, size_t n,
	struct mg_list_builder *b, struct mg_parse_tally *t, struct sk_err *err);

/*
 * manifest.json of a MISP feed: the events to fetch, those changed last first, not older than
 * d->days, at most d->events. Each is called with the event's UUID. -EBADMSG; what fn returns < 0.
 */
int mg_feed_misp_manifest(const struct mg_feed_def *d, int64_t now, const void *p, size_t n,
	int (*fn)(const char *uuid, void *arg), void *arg, struct sk_err *err);

#endif
