// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An open-addressing index over an array of entries. The hot loop of reports and rollups: one
 * SipHash and about one cache miss a row.
 */
#include "mgmt/events/agg.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

struct mg_agg {
	struct mg_agg_entry *list;
	size_t n, list_cap, max;
	uint32_t *slots; /* index + 1 into list, 0 free; a power of two of them */
	size_t n_slots;
	uint8_t seed[crypto_shorthash_KEYBYTES];
};

struct mg_agg *mg_agg_new(size_t cap)
{
	struct mg_agg *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->max = SK_MIN(cap, (size_t)UINT32_MAX / 4);
	a->n_slots = 1024;
	a->slots = calloc(a->n_slots, sizeof(*a->slots));
	if (!a->slots) {
		free(a);
		return NULL;
	}
	randombytes_buf(a->seed, sizeof(a->seed));
	return a;
}

void mg_agg_free(struct mg_agg *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n; i++)
		mg_sketch_done(&a->list[i].peers);
	free(a->list);
	free(a->slots);
	free(a);
}

static uint64_t hash_of(const struct mg_agg *a, const struct mg_key *key)
{
	uint64_t h;

	_Static_assert(sizeof(h) == crypto_shorthash_BYTES, "one 64-bit hash");
	crypto_shorthash((uint8_t *)&h, key->b, sizeof(key->b), a->seed);
	return h;
}

/* The slot that holds key, or the free one where it belongs. */
static uint32_t *find(const struct mg_agg *a, const struct mg_key *key)
{
	size_t mask = a->n_slots - 1, i = hash_of(a, key) & mask;

	while (a->slots[i] && memcmp(a->list[a->slots[i] - 1].key.b, key->b, sizeof(key->b)) != 0)
		i = (i + 1) & mask;
	return &a->slots[i];
}

static int double_slots(struct mg_agg *a)
{
	uint32_t *slots = calloc(a->n_slots * 2, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	free(a->slots);
	a->slots = slots;
	a->n_slots *= 2;
	for (size_t i = 0; i < a->n; i++)
		*find(a, &a->list[i].key) = (uint32_t)(i + 1);
	return 0;
}

int mg_agg_get(struct mg_agg *a, const struct mg_key *key, struct mg_agg_entry **ret)
{
	uint32_t *slot = find(a, key);
	int r;

	if (*slot) {
		*ret = &a->list[*slot - 1];
		return 0;
	}
	if (a->n >= a->max)
		return -E2BIG;
	if (a->n + 1 > a->n_slots / 2) {
		r = double_slots(a);
		if (r < 0)
			return r;
		slot = find(a, key);
	}
	r = sk_grow(&a->list, &a->list_cap, a->n + 1, sizeof(*a->list));
	if (r < 0)
		return r;
	a->list[a->n] = (struct mg_agg_entry){.key = *key};
	*ret = &a->list[a->n++];
	*slot = (uint32_t)a->n;
	return 0;
}

static void widen(struct mg_agg_entry *e, uint64_t count, int64_t first, int64_t last)
{
	if (e->count == 0 || first < e->first)
		e->first = first;
	if (e->count == 0 || last > e->last)
		e->last = last;
	e->count += count;
}

int mg_agg_add(struct mg_agg *a, const struct mg_key *key, uint64_t count, int64_t first,
	int64_t last, const uint64_t *peer_hash)
{
	struct mg_agg_entry *e;
	int r = mg_agg_get(a, key, &e);

	if (r < 0)
		return r;
	widen(e, count, first, last);
	return peer_hash ? mg_sketch_add(&e->peers, *peer_hash) : 0;
}

int mg_agg_merge(struct mg_agg *a, const struct mg_agg *from)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct mg_agg_entry *f = &from->list[i];
		struct mg_agg_entry *e;
		int r = mg_agg_get(a, &f->key, &e);

		if (r < 0)
			return r;
		if (e->count == 0 || f->last >= e->last)
			e->seen = f->seen;
		widen(e, f->count, f->first, f->last);
		r = mg_sketch_merge(&e->peers, &f->peers);
		if (r < 0)
			return r;
	}
	return 0;
}

struct mg_agg_entry *mg_agg_entries(struct mg_agg *a, size_t *n)
{
	*n = a->n;
	return a->list;
}

uint64_t mg_peer_hash(const void *addr16)
{
	/* Fixed: the hashes are stored. Whoever finds collisions can only make a count of peers
	 * wrong. */
	static const uint8_t key[crypto_shorthash_KEYBYTES] = "sekisho peers 1";
	uint64_t h;

	crypto_shorthash((uint8_t *)&h, addr16, 16, key);
	return h;
}
