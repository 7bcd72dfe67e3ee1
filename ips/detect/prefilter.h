/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One set of literal patterns in a vectorscan block database, each leading to the rules whose fast
 * pattern it is. Built once, then immutable; scanning needs a scratch of the worker.
 */
#ifndef IPS_DETECT_PREFILTER_H
#define IPS_DETECT_PREFILTER_H

#include <hs/hs.h>

#include "ips/detect/crule.h"
#include "lib/buf.h"

struct ips_pf {
	hs_database_t *db; /* NULL: no pattern */
	uint32_t n;        /* patterns */
	uint32_t max_len;  /* longest pattern */
	uint32_t *first;   /* n + 1; rules[first[i]] … rules[first[i + 1] - 1] */
	uint32_t *rules;   /* ranks, ascending within a pattern */
	uint64_t bytes;    /* of the database */
};

/* While building. */
struct ips_pf_pattern {
	const uint8_t *data; /* the rule's */
	uint16_t len;
	bool nocase;
	uint32_t first, last; /* chain through pairs, last appended */
};
struct ips_pf_pair {
	uint32_t rule, next;
};
struct ips_pf_build {
	struct ips_pf_pattern *pats;
	size_t n, cap;
	struct ips_pf_pair *pairs;
	size_t pairs_n, pairs_cap;
	uint32_t *hash; /* index + 1 into pats; power of two */
	size_t hash_n;
};

/* Rules must be added by ascending rank. */
int ips_pf_add(struct ips_pf_build *b, const struct ips_fast *f, uint32_t rule);
void ips_pf_build_done(struct ips_pf_build *b);
/* The part that needs no compiling: the lists of rules. */
int ips_pf_link(struct ips_pf *pf, const struct ips_pf_build *b);
/* What the database is made from, for the cache's key. */
void ips_pf_describe(const struct ips_pf_build *b, struct sk_buf *out);
int ips_pf_compile(struct ips_pf *pf, const struct ips_pf_build *b);
int ips_pf_restore(struct ips_pf *pf, struct ips_view v);
int ips_pf_save(const struct ips_pf *pf, struct sk_buf *out);
void ips_pf_done(struct ips_pf *pf);

#endif
