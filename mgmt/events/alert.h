/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alerts of the inspection in the day files: a row each with what is asked about, the event itself
 * and its small capture. An alert is named "20270331-42": its day, and its number in that day.
 */
#ifndef MG_EVENTS_ALERT_H
#define MG_EVENTS_ALERT_H

#include "mgmt/events/agg.h"
#include "mgmt/events/flow.h"
#include "mgmt/events/reader.h"

#define MG_ALERT_NAME 32 /* bytes of a name */
#define MG_ALERT_PCAP_MAX (64u << 10)
#define MG_ALERT_PCAP_DAY (512u << 20) /* bytes of captures a day file takes */

#define MG_ALERT_SCHEMA                                                                            \
	"CREATE TABLE IF NOT EXISTS alert(n INTEGER PRIMARY KEY, ts INTEGER NOT NULL,"             \
	" count INTEGER NOT NULL, gid INTEGER NOT NULL, sid INTEGER NOT NULL,"                     \
	" severity INTEGER NOT NULL, decision TEXT NOT NULL, class TEXT NOT NULL, src ANY,"        \
	" dst ANY, msg TEXT NOT NULL, json TEXT NOT NULL, pcap BLOB) STRICT;"                      \
	"CREATE INDEX IF NOT EXISTS alert_ts ON alert(ts);"

/* What an event says for the columns; texts are borrowed from it. -ENOENT: it is no alert. */
struct mg_alert_cols {
	int64_t gid, sid, severity;
	uint64_t count;
	const char *decision, *class, *msg;
	struct mg_addr src, dst;
	const char *pcap; /* base64, NULL none */
};
int mg_alert_decode(const json_t *ev, struct mg_alert_cols *ret);
/* Base64 to bytes (owned, free); NULL if it is none or longer than MG_ALERT_PCAP_MAX. */
void *mg_alert_unbase64(const char *text, size_t *ret_len);

struct mg_alert_filter {
	int64_t from, to; /* microseconds, [from, to); both 0: all */
	int64_t severity; /* at least as severe (1 is worst); 0 all */
	int64_t gid, sid; /* 0 all */
	const char *decision;
	const struct mg_range *src, *dst; /* either end's address, whoever began; NULL all */
	size_t limit;
};

struct mg_alert {
	char name[MG_ALERT_NAME];
	int64_t ts;
	bool has_pcap;
	json_t *event; /* borrowed */
};
/* Newest first. fn non-zero stops. -EUCLEAN after all: files that could not be read, err names one.
 */
int mg_alert_each(const char *dir, const struct mg_alert_filter *f,
	int (*fn)(const struct mg_alert *a, void *arg), void *arg, struct sk_err *err);
/* *ret_event new reference; *ret_pcap (may be NULL) owned, NULL if there is none. -ENOENT. */
int mg_alert_get(const char *dir, const char *name, json_t **ret_event, void **ret_pcap,
	size_t *ret_len, struct sk_err *err);

enum mg_alert_by {
	MG_ALERT_BY_RULE,
	MG_ALERT_BY_SOURCE,
	MG_ALERT_BY_DESTINATION,
	MG_ALERT_BY_CLASS,
	MG_ALERT_BY_SEVERITY,
	MG_ALERT_BY_DAY,
	MG_ALERT_BYS
};
/* One group: key as text; gid, sid and msg of a rule; peers are sources (destinations by source).
 */
struct mg_alert_sum {
	char key[64];
	char msg[256], class[64];
	int64_t gid, sid, severity;
	uint64_t count, peers;
	int64_t first, last;
	char hosts[200]; /* some of the peers */
};
/* Most frequent first (days by date), at most f->limit. -E2BIG: more than 200,000 groups. */
int mg_alert_sums(const char *dir, const struct mg_alert_filter *f, enum mg_alert_by by,
	int (*fn)(const struct mg_alert_sum *s, void *arg), void *arg, struct sk_err *err);

#endif
