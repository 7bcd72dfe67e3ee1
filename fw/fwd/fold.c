/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folding table. Called for every logged drop; constant time, no allocation. */
#include "fw/fwd/fold.h"

#include <stdlib.h>
#include <string.h>

#include "lib/table.h"

/* No padding: it is hashed and compared as bytes. */
struct key {
	uint8_t src[16], dst[16];
	char reason[FW_LOG_REASON_MAX];
	uint32_t rule;
	uint16_t port; /* or ICMP type and code */
	uint8_t proto, family;
};
_Static_assert(sizeof(struct key) == 64, "key has no padding");

struct window {
	uint64_t end_us;
	struct fwd_fold_sum sum;
	struct fwd_event first;
};

struct fwd_fold {
	struct sk_table *table;
	uint64_t window_us, folded, full;
};

struct fwd_fold *fwd_fold_new(size_t cap, uint64_t window_us, const uint8_t seed[16])
{
	struct fwd_fold *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->window_us = window_us;
	f->table = sk_table_new(cap, sizeof(struct key), sizeof(struct window), seed);
	if (!f->table) {
		free(f);
		return NULL;
	}
	return f;
}

void fwd_fold_free(struct fwd_fold *f)
{
	if (!f)
		return;
	sk_table_free(f->table);
	free(f);
}

static void key_of(struct key *k, const struct fwd_event *e)
{
	const struct fwd_packet *p = &e->pkt;

	memset(k, 0, sizeof(*k));
	memcpy(k->src, p->src, sizeof(k->src));
	memcpy(k->dst, p->dst, sizeof(k->dst));
	memcpy(k->reason, e->reason, strnlen(e->reason, sizeof(k->reason)));
	k->rule = e->rule;
	k->proto = p->proto;
	k->family = p->family;
	if (p->has_ports)
		k->port = p->dport;
	else if (p->has_icmp)
		k->port = (uint16_t)(p->icmp_type << 8 | p->icmp_code);
}

enum fwd_fold_result fwd_fold_add(struct fwd_fold *f, const struct fwd_event *e, uint64_t now_us)
{
	struct window *w;
	struct key k;

	key_of(&k, e);
	w = sk_table_get(f->table, &k);
	if (w) {
		/* A window past its end still counts until the sweep closes it. */
		if (w->sum.count++ == 0)
			w->sum.first_us = e->ts_us;
		w->sum.last_us = e->ts_us;
		f->folded++;
		return FWD_FOLD_COUNTED;
	}
	w = sk_table_put(f->table, &k);
	if (!w) {
		f->full++;
		return FWD_FOLD_FULL;
	}
	w->end_us = now_us + f->window_us;
	w->first = *e;
	return FWD_FOLD_FIRST;
}

struct sweep {
	uint64_t now_us;
	bool (*pick)(const struct fwd_event *first); /* NULL: by time */
	void (*emit)(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg);
	void *arg;
};

static bool sweep_one(const void *key, void *val, void *arg)
{
	const struct window *w = val;
	const struct sweep *s = arg;

	if (s->pick ? !s->pick(&w->first) : w->end_us > s->now_us && s->now_us != UINT64_MAX)
		return false;
	if (w->sum.count > 0)
		s->emit(&w->first, &w->sum, s->arg);
	return true;
}

void fwd_fold_sweep(struct fwd_fold *f, uint64_t now_us,
	void (*emit)(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg),
	void *arg)
{
	struct sweep s = {.now_us = now_us, .emit = emit, .arg = arg};

	if (sk_table_count(f->table) > 0)
		sk_table_walk(f->table, sweep_one, &s);
}

void fwd_fold_close(struct fwd_fold *f, bool (*pick)(const struct fwd_event *first),
	void (*emit)(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg),
	void *arg)
{
	struct sweep s = {.pick = pick, .emit = emit, .arg = arg};

	if (sk_table_count(f->table) > 0)
		sk_table_walk(f->table, sweep_one, &s);
}

size_t fwd_fold_windows(const struct fwd_fold *f)
{
	return sk_table_count(f->table);
}

uint64_t fwd_fold_folded(const struct fwd_fold *f)
{
	return f->folded;
}

uint64_t fwd_fold_full(const struct fwd_fold *f)
{
	return f->full;
}
