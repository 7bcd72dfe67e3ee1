// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events that concern the blocklists: what each of them blocked, or would have, is counted by
 * month.
 */
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/lists_private.h"

static struct mg_list_hits *hits_of(struct mg_lists *l, const char *feed)
{
	for (size_t i = 0; i < l->n_hits; i++)
		if (!strcmp(l->hits[i].feed, feed))
			return &l->hits[i];
	if (l->n_hits == SK_BL_FEEDS_MAX || strlen(feed) >= SK_BL_NAME_MAX)
		return NULL;
	l->hits[l->n_hits] = (struct mg_list_hits){.hits = 0};
	snprintf(l->hits[l->n_hits].feed, SK_BL_NAME_MAX, "%s", feed);
	return &l->hits[l->n_hits++];
}

/* A summary stands for as many packets as it says. */
static void count(struct mg_lists *l, const char *type, const json_t *s)
{
	const char *feed = json_string_value(json_object_get(s, "feed"));
	const json_t *n = json_object_get(s, "count");
	struct mg_list_hits *h = feed ? hits_of(l, feed) : NULL;
	int64_t add = json_is_integer(n) ? json_integer_value(n) : 1;

	if (!h)
		return;
	if (sk_streq(type, "drop"))
		h->hits += add;
	else if (json_is_true(json_object_get(s, "would_drop")))
		h->would += add;
}

void mg_lists_events(struct mg_daemon *d, const json_t *events)
{
	for (size_t i = 0; d->lists && i < json_array_size(events); i++) {
		const json_t *e = json_array_get(events, i), *s = json_object_get(e, "sekisho");
		const char *type = json_string_value(json_object_get(e, "event_type"));

		if (sk_streq(json_string_value(json_object_get(s, "reason")), "blocklist") ||
			sk_streq(json_string_value(json_object_get(s, "reason")),
				"blocklist_monitor"))
			count(d->lists, type, s);
	}
	if (d->lists)
		mg_lists_learned(d->lists, events);
}

int64_t mg_lists_month(int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;

	localtime_r(&t, &tm);
	tm.tm_mday = 1;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

void mg_lists_flush_hits(struct mg_lists *l, int64_t now)
{
	int64_t month = mg_lists_month(now);
	struct sk_err err = {0};

	for (size_t i = 0; i < l->n_hits; i++)
		if (mg_feed_hits(l->d->store, l->hits[i].feed, month, l->hits[i].hits,
			    l->hits[i].would, &err) < 0) {
			sk_log_err(LOG_ERR, "blocklists", &err);
			return;
		}
	l->n_hits = 0;
}

void mg_lists_flush(struct mg_daemon *d, int64_t now)
{
	if (d->lists)
		mg_lists_flush_hits(d->lists, now);
}
