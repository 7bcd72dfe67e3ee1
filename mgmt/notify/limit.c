// SPDX-License-Identifier: GPL-2.0-or-later
/* Token buckets (RFC 2697's idea, one rate): they fill evenly and hold one hour's worth. */
#include "mgmt/notify/limit.h"

#include <stdlib.h>
#include <string.h>

#include "lib/table.h"
#include "lib/util.h"

#define HOUR 3600

struct bucket {
	bool begun;
	double tokens;
	int64_t at;
};

struct entry {
	struct bucket b;
	uint64_t held;
	int64_t used;
	char msg[MG_LIMIT_MSG];
};

struct key {
	uint32_t gid, sid;
};

struct mg_limit {
	unsigned all_rate, each_rate;
	struct bucket all;
	struct sk_table *t;
	struct entry rest; /* of signatures beyond the table */
	uint64_t held;
};

struct mg_limit *mg_limit_new(const uint8_t seed[16])
{
	struct mg_limit *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->t = sk_table_new(MG_LIMIT_KEYS, sizeof(struct key), sizeof(struct entry), seed);
	mg_limit_set(l, 30, 3);
	if (!l->t) {
		free(l);
		return NULL;
	}
	return l;
}

void mg_limit_free(struct mg_limit *l)
{
	if (!l)
		return;
	sk_table_free(l->t);
	free(l);
}

void mg_limit_set(struct mg_limit *l, unsigned all, unsigned each)
{
	l->all_rate = SK_MAX(all, 1u);
	l->each_rate = SK_MAX(each, 1u);
}

static void fill(struct bucket *b, unsigned rate, int64_t now)
{
	if (!b->begun)
		b->tokens = rate;
	else if (now > b->at)
		b->tokens += (double)(now - b->at) * rate / HOUR;
	b->tokens = SK_MIN(b->tokens, (double)rate);
	b->begun = true;
	b->at = now; /* also when the clock was set back */
}

/* A signature that was silent for an hour has a full bucket again: its place may go. */
struct sweep {
	int64_t now;
};

static bool idle(const void *key, void *val, void *arg)
{
	const struct entry *e = val;
	const struct sweep *s = arg;

	return !e->held && (s->now - e->used > HOUR || s->now < e->used);
}

static struct entry *entry_of(struct mg_limit *l, uint32_t gid, uint32_t sid, int64_t now)
{
	const struct key k = {gid, sid};
	struct entry *e = sk_table_get(l->t, &k);
	struct sweep s = {now};

	if (!e && sk_table_count(l->t) >= MG_LIMIT_KEYS)
		sk_table_walk(l->t, idle, &s);
	if (!e)
		e = sk_table_put(l->t, &k);
	return e ? e : &l->rest;
}

bool mg_limit_take(struct mg_limit *l, uint32_t gid, uint32_t sid, const char *msg, int64_t now)
{
	struct entry *e = entry_of(l, gid, sid, now);

	fill(&l->all, l->all_rate, now);
	fill(&e->b, l->each_rate, now);
	e->used = now;
	if (l->all.tokens >= 1 && e->b.tokens >= 1) {
		l->all.tokens -= 1;
		e->b.tokens -= 1;
		return true;
	}
	e->held++;
	l->held++;
	snprintf(e->msg, sizeof(e->msg), "%s", e == &l->rest ? "" : msg);
	return false;
}

uint64_t mg_limit_held(const struct mg_limit *l)
{
	return l->held;
}

struct telling {
	void (*fn)(const struct mg_limit_held *h, void *arg);
	void *arg;
};

static bool tell(const void *key, void *val, void *arg)
{
	const struct key *k = key;
	struct entry *e = val;
	struct telling *t = arg;

	if (e->held)
		t->fn(&(struct mg_limit_held){k->gid, k->sid, e->held, e->msg}, t->arg);
	e->held = 0;
	return false;
}

void mg_limit_summary(
	struct mg_limit *l, void (*fn)(const struct mg_limit_held *h, void *arg), void *arg)
{
	struct telling t = {fn, arg};

	sk_table_walk(l->t, tell, &t);
	if (l->rest.held)
		fn(&(struct mg_limit_held){0, 0, l->rest.held, ""}, arg);
	l->rest.held = 0;
	l->held = 0;
}
