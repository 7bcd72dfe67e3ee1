/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists in the registry: the feeds with what happened to their last fetch, a log of what was
 * taken and refused, and the entries this site made itself. The lists are files beside it.
 */
#ifndef MG_STORE_FEEDS_H
#define MG_STORE_FEEDS_H

#include "lib/blocklist.h"
#include "mgmt/store/store.h"

#define MG_FEED_LOCAL "local"        /* the site's own entries; always there */
#define MG_FEEDS_MAX SK_BL_FEEDS_MAX /* that are not removed */
#define MG_FEED_LOG_KEPT 500         /* of each feed */
#define MG_ENTRIES_MAX 20000         /* of the site's own, in force */

struct mg_feed {
	char name[SK_BL_NAME_MAX];
	json_t *definition; /* as configs/feeds has it; owned */
	bool shipped, enabled, block;
	int64_t ord, mode_since, added, removed;
	char added_by[64];
	/* of the fetches */
	char etag[256], last_modified[64];
	int64_t fetched, tried, next, failures; /* fetched: last time it was had, new or not */
	char result[16];                        /* none ok refused unreachable */
	char why_en[320], why_ja[480];
	int64_t entries; /* of the accepted list */
	char sha256[65]; /* likewise; "" there is none */
	char staged[65]; /* of a list that waits for an administrator's word; "" none */
	/* packets and look-ups it blocked, or would have, since that first day of a month */
	int64_t month, hits, would;
};
void mg_feed_done(struct mg_feed *f);
json_t *mg_feed_to_json(const struct mg_feed *f); /* for the audit log: what people decided */

/* -ENOENT with a message, also for one that was removed. */
int mg_feed_get(struct mg_store *s, const char *name, struct mg_feed *ret, struct sk_err *err);
/* In their order; all: removed ones too. fn non-zero stops. */
int mg_feed_each(struct mg_store *s, bool all, int (*fn)(const struct mg_feed *f, void *arg),
	void *arg, struct sk_err *err);
/*
 * A new one, or one that was removed, with name, definition, shipped, enabled, block, added,
 * added_by; -EEXIST, -ENOSPC. It takes the last place in the order.
 */
int mg_feed_add(struct mg_txn *t, struct mg_feed *f, struct sk_err *err);
/* What people decide: definition, enabled, block, mode_since, removed. */
int mg_feed_update(struct mg_txn *t, const struct mg_feed *f, struct sk_err *err);
/* What the fetches change (the rest of the struct). No transaction, no audit row. */
int mg_feed_state(struct mg_store *s, const struct mg_feed *f, struct sk_err *err);

/* Add to what the feed blocked and would have blocked in the month that began at month. */
int mg_feed_hits(struct mg_store *s, const char *name, int64_t month, int64_t hits, int64_t would,
	struct sk_err *err);

/* A hash of all in the registry that the blocklist document is made from, but the lists' content,
 * of which it has their hashes. */
int mg_blocklist_stamp(struct mg_store *s, char ret[65], struct sk_err *err);

/* ---- what was fetched and what became of it ---- */
/*
 * result: ok, refused, unreachable, accepted (by a person). detail is borrowed. The same failure
 * again only counts in the row there is. Keeps MG_FEED_LOG_KEPT rows. No transaction.
 */
int mg_feed_log_add(struct mg_store *s, const char *feed, const char *result, const json_t *detail,
	int64_t now, struct sk_err *err);
/* Newest first; {"time", "last", "count", "result", and what detail has}. */
int mg_feed_log_each(struct mg_store *s, const char *feed, int64_t limit,
	int (*fn)(json_t *row, void *arg), void *arg, struct sk_err *err);

/* ---- the site's own entries ---- */
struct mg_entry {
	int64_t number;
	enum sk_bl_kind kind;
	char value[SK_BL_VALUE_MAX + 1];
	char purpose[1024], who[64];
	int64_t since, removed; /* removed 0: in force */
	char removed_by[64], reason[1024];
};
json_t *mg_entry_to_json(const struct mg_entry *e);
/* By kind and value; all: removed ones too. */
int mg_entry_each(struct mg_store *s, bool all, int (*fn)(const struct mg_entry *e, void *arg),
	void *arg, struct sk_err *err);
int mg_entry_add(struct mg_txn *t, struct mg_entry *e, struct sk_err *err); /* -EEXIST, -ENOSPC */
/* Needs kind, value, removed, removed_by, reason; fills the rest. -ENOENT. */
int mg_entry_remove(struct mg_txn *t, struct mg_entry *e, struct sk_err *err);

#endif
