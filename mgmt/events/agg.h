/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting by a 16-byte key: count, first, last, different peers. Keys come from the network, so
 * the hash is keyed (SipHash-2-4). Grows up to a cap; beyond it add says -E2BIG and the caller
 * decides. Pure.
 */
#ifndef MG_EVENTS_AGG_H
#define MG_EVENTS_AGG_H

#include "mgmt/events/sketch.h"

struct mg_key {
	uint8_t b[16];
};

struct mg_agg_entry {
	struct mg_key key;
	uint64_t count;
	int64_t first, last; /* microseconds */
	struct mg_sketch peers;
	struct mg_key seen; /* something of the newest row, if the caller fills it in */
};

struct mg_agg;

struct mg_agg *mg_agg_new(size_t cap); /* NULL without memory */
void mg_agg_free(struct mg_agg *a);
/* The entry of key, a new one with count 0. -E2BIG when cap keys are there, -ENOMEM. */
int mg_agg_get(struct mg_agg *a, const struct mg_key *key, struct mg_agg_entry **ret);
/* Count one row. peer NULL: not counted. */
int mg_agg_add(struct mg_agg *a, const struct mg_key *key, uint64_t count, int64_t first,
	int64_t last, const uint64_t *peer_hash);
int mg_agg_merge(struct mg_agg *a, const struct mg_agg *from);
/* All entries, in no order; valid until the next get, add or merge. May be sorted in place only
 * when nothing more is added. */
struct mg_agg_entry *mg_agg_entries(struct mg_agg *a, size_t *n);

/* A peer's hash: the same in every process, since rollups keep it. */
uint64_t mg_peer_hash(const void *addr16);

#endif
