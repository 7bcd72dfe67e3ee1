/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Learned addresses in a table of their own; the addresses of unlisted names as keyed hashes in a
 * cache of four places a row, where the oldest gives way. Workers ask for every new flow: while
 * nothing is learned that takes no lock.
 */
#include "ips/lists/learned.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ips/flow/siphash.h"
#include "lib/table.h"
#include "lib/util.h"

#define ROWS 32768u
#define PLACES 4u
#define SHARED_S 3600u
#define SWEEP_US 1000000u

struct key {
	struct ips_addr addr;
	uint64_t family;
};

struct value {
	uint64_t until_us;
	uint8_t len;
	char name[IPS_LISTS_NAME_MAX];
};

struct seen {
	uint64_t hash;
	uint64_t second;
};

struct ips_learned {
	pthread_mutex_t lock;
	struct sk_table *t;
	struct seen (*seen)[PLACES];
	struct ips_sipkey key;
	_Atomic uint32_t count;
	uint64_t now_us, swept_us;
};

struct ips_learned *ips_learned_new(const uint8_t seed[16])
{
	struct ips_learned *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	pthread_mutex_init(&t->lock, NULL);
	memcpy(&t->key, seed, sizeof(t->key));
	t->t = sk_table_new(IPS_LEARNED_MAX, sizeof(struct key), sizeof(struct value), seed);
	t->seen = calloc(ROWS, sizeof(*t->seen));
	if (!t->t || !t->seen) {
		ips_learned_free(t);
		return NULL;
	}
	return t;
}

void ips_learned_free(struct ips_learned *t)
{
	if (!t)
		return;
	sk_table_free(t->t);
	free(t->seen);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct key key_of(uint8_t family, const struct ips_addr *a)
{
	struct key k = {.addr = *a, .family = family};

	if (family == 4)
		k.addr.w[1] = k.addr.w[2] = k.addr.w[3] = 0;
	return k;
}

/* ---- special addresses ------------------------------------------------------------------- */

struct prefix {
	uint32_t w[4];
	uint8_t len;
};

static const struct prefix special4[] = {
	{{0x00000000}, 8}, {{0x0a000000}, 8}, {{0x64400000}, 10}, {{0x7f000000}, 8},
	{{0xa9fe0000}, 16}, {{0xac100000}, 12}, {{0xc0000000}, 24}, {{0xc0000200}, 24},
	{{0xc0586300}, 24}, {{0xc0a80000}, 16}, {{0xc6120000}, 15}, {{0xc6336400}, 24},
	{{0xcb007100}, 24}, {{0xe0000000}, 3}, /* groups, reserved, broadcast */
};

/* All outside 2000::/3 is special as well; in it: Teredo, benchmarks, ORCHID, documentation. */
static const struct prefix special6[] = {
	{{0x20010000}, 23},
	{{0x20010db8}, 32},
	{{0x3fff0000}, 20},
};

static bool covers(const struct prefix *p, uint32_t first)
{
	return (first ^ p->w[0]) >> (32 - p->len) == 0;
}

bool ips_addr_special(uint8_t family, const struct ips_addr *a)
{
	uint32_t first = ntohl(a->w[0]);

	if (family == 4) {
		for (size_t i = 0; i < SK_ARRAY_SIZE(special4); i++)
			if (covers(&special4[i], first))
				return true;
		return false;
	}
	/* 6to4: what counts is the IPv4 address inside. */
	if (first >> 16 == 0x2002) {
		struct ips_addr v4 = {{htonl(first << 16 | ntohl(a->w[1]) >> 16)}};

		return ips_addr_special(4, &v4);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(special6); i++)
		if (covers(&special6[i], first))
			return true;
	return first >> 29 != 1;
}

/* ---- unlisted names ---------------------------------------------------------------------- */

static uint64_t seen_hash(const struct ips_learned *t, const struct key *k)
{
	uint64_t w[3];

	memcpy(w, k, sizeof(w));
	return ips_siphash(&t->key, w, SK_ARRAY_SIZE(w));
}

static bool is_shared(const struct ips_learned *t, const struct key *k, uint64_t now_us)
{
	uint64_t hash = seen_hash(t, k), second = now_us / 1000000;
	const struct seen *row = t->seen[hash % ROWS];

	for (unsigned i = 0; i < PLACES; i++)
		if (row[i].hash == hash && row[i].second && row[i].second + SHARED_S >= second)
			return true;
	return false;
}

static void note_seen(struct ips_learned *t, const struct key *k, uint64_t now_us)
{
	uint64_t hash = seen_hash(t, k);
	struct seen *row = t->seen[hash % ROWS], *oldest = row;

	for (unsigned i = 0; i < PLACES; i++) {
		if (row[i].hash == hash) {
			oldest = &row[i];
			break;
		}
		if (row[i].second < oldest->second)
			oldest = &row[i];
	}
	*oldest = (struct seen){hash, SK_MAX(now_us / 1000000, 1)};
}

/* ---- learned ----------------------------------------------------------------------------- */

static bool is_over(const void *key, void *val, void *arg)
{
	const struct value *v = val;
	const struct ips_learned *t = arg;

	return v->until_us <= t->now_us;
}

static void recount(struct ips_learned *t)
{
	atomic_store(&t->count, (uint32_t)sk_table_count(t->t));
}

/* At most once a second: whoever fills the table must not make us walk it for every address. */
static void sweep(struct ips_learned *t, uint64_t now_us)
{
	if (now_us - t->swept_us < SWEEP_US)
		return;
	t->swept_us = t->now_us = now_us;
	sk_table_walk(t->t, is_over, t);
}

static enum ips_learned_result add(struct ips_learned *t, const struct key *k, struct ips_view name,
	uint32_t ttl, uint64_t now_us)
{
	uint64_t until = now_us + ttl * 1000000ull;
	struct value *v = sk_table_get(t->t, k);
	bool known = v && v->until_us > now_us;

	if (is_shared(t, k, now_us))
		return IPS_LEARNED_SHARED;
	if (!v)
		v = sk_table_put(t->t, k);
	if (!v) {
		sweep(t, now_us);
		v = sk_table_put(t->t, k);
	}
	if (!v)
		return IPS_LEARNED_FULL;
	if (known && until < v->until_us + ttl * 250000ull)
		return IPS_LEARNED_KNOWN;
	v->until_us = until;
	v->len = (uint8_t)SK_MIN(name.len, (uint32_t)sizeof(v->name));
	memcpy(v->name, name.data, v->len);
	return known ? IPS_LEARNED_LONGER : IPS_LEARNED_NEW;
}

enum ips_learned_result ips_learned_add(struct ips_learned *t, uint8_t family,
	const struct ips_addr *a, struct ips_view name, uint32_t ttl, uint64_t now_us,
	uint32_t *ret_ttl)
{
	struct key k = key_of(family, a);
	enum ips_learned_result r;

	if (ips_addr_special(family, a) || name.len == 0)
		return IPS_LEARNED_NEVER;
	ttl = SK_MIN(SK_MAX(ttl, IPS_LEARNED_TTL_MIN), IPS_LEARNED_TTL_MAX);
	pthread_mutex_lock(&t->lock);
	r = add(t, &k, name, ttl, now_us);
	recount(t);
	pthread_mutex_unlock(&t->lock);
	*ret_ttl = ttl;
	return r;
}

bool ips_learned_unlisted(
	struct ips_learned *t, uint8_t family, const struct ips_addr *a, uint64_t now_us)
{
	struct key k = key_of(family, a);
	const struct value *v;
	bool was;

	pthread_mutex_lock(&t->lock);
	note_seen(t, &k, now_us);
	v = atomic_load(&t->count) ? sk_table_get(t->t, &k) : NULL;
	was = v && v->until_us > now_us;
	if (v)
		sk_table_del(t->t, &k);
	recount(t);
	pthread_mutex_unlock(&t->lock);
	return was;
}

uint32_t ips_learned_get(struct ips_learned *t, uint8_t family, const struct ips_addr *a,
	uint64_t now_us, char dst[IPS_LISTS_NAME_MAX])
{
	struct key k = key_of(family, a);
	const struct value *v;
	uint32_t n = 0;

	if (atomic_load_explicit(&t->count, memory_order_relaxed) == 0)
		return 0;
	pthread_mutex_lock(&t->lock);
	v = sk_table_get(t->t, &k);
	if (v && v->until_us > now_us) {
		n = v->len;
		memcpy(dst, v->name, n);
	}
	pthread_mutex_unlock(&t->lock);
	return n;
}

/* ---- another list ------------------------------------------------------------------------ */

struct review {
	const struct ips_lists *l;
	void (*fn)(uint8_t family, const struct ips_addr *a, void *arg);
	void *arg;
};

static bool review_one(const void *key, void *val, void *arg)
{
	const struct review *r = arg;
	const struct value *v = val;
	const struct key *k = key;
	struct ips_lists_hit hit;

	if (ips_lists_name(r->l, v->name, v->len, &hit) == IPS_LISTS_BLOCK &&
		!ips_lists_allows(r->l, (uint8_t)k->family, &k->addr))
		return false;
	r->fn((uint8_t)k->family, &k->addr, r->arg);
	return true;
}

void ips_learned_review(struct ips_learned *t, const struct ips_lists *l,
	void (*fn)(uint8_t family, const struct ips_addr *a, void *arg), void *arg)
{
	struct review r = {l, fn, arg};

	if (ips_learned_count(t) == 0)
		return;
	pthread_mutex_lock(&t->lock);
	sk_table_walk(t->t, review_one, &r);
	recount(t);
	pthread_mutex_unlock(&t->lock);
}

uint32_t ips_learned_count(const struct ips_learned *t)
{
	return atomic_load_explicit(&t->count, memory_order_relaxed);
}
