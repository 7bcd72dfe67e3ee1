/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report's question made ready: filters parsed, texts numbered, what each class of a file means
 * for it. Pure but for the lock: the reading threads share it.
 */
#ifndef MG_REPORT_QUERY_H
#define MG_REPORT_QUERY_H

#include <pthread.h>

#include "mgmt/events/reader.h"
#include "mgmt/report/names.h"
#include "mgmt/report/report.h"

#define MG_US 1000000

struct mg_query {
	const struct mg_report_query *q;
	enum mg_kind kind;
	int64_t from, to; /* microseconds */
	bool has_src, has_dst;
	struct mg_range src, dst;
	char proto[MG_CLASS_TEXT_MAX + 1]; /* as mg_query_proto() writes it; empty: all */
	/* Texts by number, the same in all files of this query. */
	pthread_mutex_t lock;
	char **texts;
	size_t n_texts, cap_texts;
	struct mg_names *names; /* of entries, by their keys */
};

/* An address or network as a range; name is the argument's, for the message. -EINVAL. */
int mg_query_range(const char *name, const char *text, struct mg_range *ret, struct sk_err *err);
int mg_query_init(struct mg_query *q, const struct mg_report_query *rq, struct sk_err *err);
void mg_query_done(struct mg_query *q);

/* The dimension that can answer the query without the rows; MG_DIMS: none. */
enum mg_dim mg_query_dim(const struct mg_query *q);

/* The number of a text; UINT32_MAX without memory. Thread-safe; the text stays valid. */
uint32_t mg_query_intern(struct mg_query *q, const char *text);
const char *mg_query_text(struct mg_query *q, uint32_t id);

/* A protocol as the registry writes it: "tcp", "icmpv6". dst: MG_CLASS_TEXT_MAX + 1 bytes. */
void mg_query_proto(char *dst, const char *proto);

/* Monitored connections when the others are asked for, or the other way round: a rollup that is not
 * by class has both. */
bool mg_query_other_sort(const struct mg_query *q, const struct mg_class *c);
/* Does a class pass the filters; and its part of the key (a reason, a rule, zones; a port's
 * protocol). */
bool mg_query_class_passes(const struct mg_query *q, const struct mg_class *c);
int mg_query_class_key(struct mg_query *q, const struct mg_class *c, struct mg_key *ret);

/* Keys: up to two numbers, an address, or a time. */
void mg_key_pair(struct mg_key *k, uint32_t a, uint32_t b);
void mg_key_unpair(const struct mg_key *k, uint32_t *a, uint32_t *b);
void mg_key_time(struct mg_key *k, int64_t t);
int64_t mg_key_to_time(const struct mg_key *k);

/* The device of ours that a connection is about, and its name: 48 bytes. */
void mg_key_device(struct mg_key *k, const struct mg_flow *f, const struct mg_class *c);
const char *mg_key_device_text(const struct mg_key *k, char *dst);

/* Only about blocklists: what other rows there are need not be read. */
bool mg_query_listed(const struct mg_query *q);

/* Start of the local day or hour of t (seconds). day: kept by the caller between calls, zeroed
 * first. */
struct mg_day_span {
	int64_t from, to;
};
int64_t mg_bucket(struct mg_day_span *day, bool hour, int64_t t);

/* One counted row. */
struct mg_result {
	struct mg_key key;
	uint64_t count, peers;
	int64_t first, last;
	struct mg_key seen;
};
json_t *mg_result_row(struct mg_query *q, const struct mg_result *r);
json_t *mg_detail_row(struct mg_query *q, const struct mg_flow *f, const struct mg_class *c);

#endif
