/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Chained hash table over one preallocated array of entries. Entries never move, so a value's
 * address stays good until its key is deleted. SipHash-2-4 comes from libsodium (crypto_shorthash).
 */
#include "lib/table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define ALIGN sizeof(uint64_t)

/* An entry: this, the key padded to ALIGN, the value padded to ALIGN. */
struct entry {
	uint32_t next; /* in its chain, or in the free list */
	uint32_t used;
};

struct sk_table {
	size_t cap, count, key_len, val_len, val_off, entry_size;
	size_t fresh; /* entries from here on were never used */
	uint32_t free_list;
	uint64_t mask;
	uint8_t seed[crypto_shorthash_KEYBYTES];
	uint32_t *heads;
	uint8_t *entries;
};

static struct entry *entry_at(const struct sk_table *t, uint32_t i)
{
	return (struct entry *)(void *)(t->entries + t->entry_size * i);
}

static uint8_t *key_of(struct entry *e)
{
	return (uint8_t *)(e + 1);
}

static void *val_of(const struct sk_table *t, struct entry *e)
{
	return (uint8_t *)e + t->val_off;
}

static size_t pad(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

struct sk_table *sk_table_new(size_t cap, size_t key_len, size_t val_len, const uint8_t seed[16])
{
	struct sk_table *t;
	size_t buckets = 8;

	_Static_assert(crypto_shorthash_KEYBYTES == 16, "SipHash key");
	if (cap == 0 || cap >= NONE || key_len == 0 || key_len > SIZE_MAX / 4 ||
		val_len > SIZE_MAX / 4)
		return NULL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	while (buckets < cap)
		buckets *= 2;
	t->cap = cap;
	t->key_len = key_len;
	t->val_len = val_len;
	t->val_off = sizeof(struct entry) + pad(key_len);
	t->entry_size = t->val_off + pad(val_len);
	t->free_list = NONE;
	t->mask = buckets - 1;
	memcpy(t->seed, seed, sizeof(t->seed));
	t->heads = calloc(buckets, sizeof(*t->heads));
	t->entries = calloc(cap, t->entry_size);
	if (!t->heads || !t->entries) {
		sk_table_free(t);
		return NULL;
	}
	memset(t->heads, 0xff, buckets * sizeof(*t->heads));
	return t;
}

void sk_table_free(struct sk_table *t)
{
	if (!t)
		return;
	free(t->heads);
	free(t->entries);
	free(t);
}

static uint32_t *chain(struct sk_table *t, const void *key)
{
	uint8_t h[crypto_shorthash_BYTES];
	uint64_t v;

	crypto_shorthash(h, key, t->key_len, t->seed);
	memcpy(&v, h, sizeof(v));
	return &t->heads[v & t->mask];
}

/* The link that points at key's entry, or at the end of its chain. */
static uint32_t *find(struct sk_table *t, const void *key)
{
	uint32_t *link = chain(t, key);

	while (*link != NONE) {
		struct entry *e = entry_at(t, *link);

		if (memcmp(key_of(e), key, t->key_len) == 0)
			break;
		link = &e->next;
	}
	return link;
}

void *sk_table_get(struct sk_table *t, const void *key)
{
	uint32_t i = *find(t, key);

	return i == NONE ? NULL : val_of(t, entry_at(t, i));
}

void *sk_table_put(struct sk_table *t, const void *key)
{
	uint32_t *link = find(t, key), i;
	struct entry *e;

	if (*link != NONE)
		return val_of(t, entry_at(t, *link));
	if (t->free_list != NONE) {
		i = t->free_list;
		e = entry_at(t, i);
		t->free_list = e->next;
	} else if (t->fresh < t->cap) {
		i = (uint32_t)t->fresh++;
		e = entry_at(t, i);
	} else {
		return NULL;
	}
	e->next = NONE;
	e->used = 1;
	memcpy(key_of(e), key, t->key_len);
	memset(val_of(t, e), 0, t->val_len);
	*link = i;
	t->count++;
	return val_of(t, e);
}

static void unlink_entry(struct sk_table *t, uint32_t *link)
{
	uint32_t i = *link;
	struct entry *e = entry_at(t, i);

	*link = e->next;
	e->used = 0;
	e->next = t->free_list;
	t->free_list = i;
	t->count--;
}

void sk_table_del(struct sk_table *t, const void *key)
{
	uint32_t *link = find(t, key);

	if (*link != NONE)
		unlink_entry(t, link);
}

size_t sk_table_count(const struct sk_table *t)
{
	return t->count;
}

void sk_table_walk(struct sk_table *t, bool (*fn)(const void *key, void *val, void *arg), void *arg)
{
	/* fn may itself put or delete: entries do not move, and one deleted is skipped. */
	for (uint32_t i = 0; i < t->fresh; i++) {
		struct entry *e = entry_at(t, i);

		if (e->used && fn(key_of(e), val_of(t, e), arg) && e->used)
			unlink_entry(t, find(t, key_of(e)));
	}
}
