/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many messages go out: a token bucket for all together and one for each signature. What is
 * held back is counted by signature for a summary, so nobody is flooded and nothing is forgotten.
 * Pure.
 */
#ifndef MG_NOTIFY_LIMIT_H
#define MG_NOTIFY_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MG_LIMIT_KEYS 1024 /* signatures with a bucket of their own; others share one */
#define MG_LIMIT_MSG 160

struct mg_limit;

struct mg_limit *mg_limit_new(const uint8_t seed[16]); /* NULL without memory */
void mg_limit_free(struct mg_limit *l);
/* Messages an hour, at least 1 each; what was counted stays. */
void mg_limit_set(struct mg_limit *l, unsigned all, unsigned each);
/* May a message about this signature go out now (seconds)? Else it is counted as held back. */
bool mg_limit_take(struct mg_limit *l, uint32_t gid, uint32_t sid, const char *msg, int64_t now);

struct mg_limit_held {
	uint32_t gid, sid; /* sid 0: of several signatures */
	uint64_t count;
	const char *msg;
};
uint64_t mg_limit_held(const struct mg_limit *l); /* since the last summary */
/* Each signature with something held back, in no order; the counts begin anew. */
void mg_limit_summary(
	struct mg_limit *l, void (*fn)(const struct mg_limit_held *h, void *arg), void *arg);

#endif
