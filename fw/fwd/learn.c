/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that inspection saw listed names to have, blocked for as long as the answer said. The
 * kernel forgets them by itself; this table knows why they are there, and puts them in again when
 * the kernel's table was lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "fw/fwd/fwd.h"
#include "fw/fwd/own.h"
#include "fw/nft/block.h"
#include "fw/nft/dynset.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/table.h"
#include "lib/util.h"

#define US 1000000ull
#define LINGER_US (60 * US) /* packets of a while ago are still to be explained */

struct key {
	uint8_t family, addr[16];
};
_Static_assert(sizeof(struct key) == 17, "key has no padding");

struct entry {
	uint64_t until_us; /* boot time */
	char feed[SK_BL_NAME_MAX];
	char name[];
};

struct fwd_learned {
	struct sk_table *table; /* key → struct entry * */
};

static struct key key_of(const struct fw_ip *ip)
{
	struct key k = {.family = ip->family};
	unsigned __int128 a = ip->a;

	for (int i = 15; i >= 0; i--, a >>= 8)
		k.addr[i] = (uint8_t)a;
	return k;
}

static struct fw_ip ip_of(const struct key *k)
{
	struct fw_ip ip = {.family = k->family};

	for (int i = 0; i < 16; i++)
		ip.a = ip.a << 8 | k->addr[i];
	return ip;
}

struct fwd_learned *fwd_learned_new(void)
{
	struct fwd_learned *l = calloc(1, sizeof(*l));
	uint8_t seed[16];

	if (l && getrandom(seed, sizeof(seed), 0) == sizeof(seed))
		l->table = sk_table_new(
			FW_NFT_LEARN_MAX, sizeof(struct key), sizeof(struct entry *), seed);
	if (l && !l->table) {
		free(l);
		return NULL;
	}
	return l;
}

static bool drop_one(const void *key, void *val, void *arg)
{
	free(*(struct entry **)val);
	return true;
}

void fwd_learned_free(struct fwd_learned *l)
{
	if (!l)
		return;
	sk_table_walk(l->table, drop_one, NULL);
	sk_table_free(l->table);
	free(l);
}

size_t fwd_learned_count(const struct fwd_learned *l)
{
	return sk_table_count(l->table);
}

static bool find(struct fwd_learned *l, const struct fw_ip *ip, uint64_t after_us,
	const char **name, const char **feed)
{
	const struct key k = key_of(ip);
	struct entry **e = sk_table_get(l->table, &k);

	if (!e || (*e)->until_us <= after_us)
		return false;
	*name = (*e)->name;
	*feed = (*e)->feed;
	return true;
}

bool fwd_learned_blocks(
	struct fwd_learned *l, const struct fw_ip *ip, const char **name, const char **feed)
{
	return find(l, ip, sk_boot_us(), name, feed);
}

bool fwd_learned_find(
	struct fwd_learned *l, const struct fw_ip *ip, const char **name, const char **feed)
{
	return find(l, ip, 0, name, feed);
}

/* ---- learning ---- */

static bool must_not(const struct fwd *d, const struct fw_ip *ip)
{
	struct fw_list_hit hit;

	fw_list_find(fwd_list_current(d), ip, &hit);
	return hit.verdict == FW_LIST_ALLOWED || fwd_no_source(ip) || fwd_own_address(ip, false);
}

static struct entry *entry_new(const struct fwd_learn_row *row, uint64_t now)
{
	const size_t n = strlen(row->name) + 1;
	struct entry *e = calloc(1, sizeof(*e) + n);

	if (!e)
		return NULL;
	e->until_us = now + row->ttl * US;
	snprintf(e->feed, sizeof(e->feed), "%s", row->feed);
	memcpy(e->name, row->name, n);
	return e;
}

/* 0 new, 1 known and good for longer now, 2 known and no news, 3 no room. -ENOMEM. */
static int remember(struct fwd_learned *l, const struct fwd_learn_row *row, uint64_t now)
{
	const struct key k = key_of(&row->ip);
	struct entry **slot = sk_table_get(l->table, &k), *e;
	const bool known = slot != NULL;
	const bool over = known && (*slot)->until_us <= now;

	if (known && !over && (*slot)->until_us >= now + row->ttl * US)
		return 2;
	e = entry_new(row, now);
	if (!e)
		return -ENOMEM;
	if (!slot)
		slot = sk_table_put(l->table, &k);
	if (!slot) {
		free(e);
		return 3;
	}
	free(*slot);
	*slot = e;
	return known && !over ? 1 : 0;
}

static int into_kernel(
	struct fwd *d, const struct fwd_learn_row *row, bool again, struct sk_err *err)
{
	const struct fw_nft_blocked b = {.ip = row->ip, .learned = true, .seconds = row->ttl};
	int r = 0;

	/* One that is in keeps the time it was given. */
	if (again)
		r = fw_nft_unblock(d->nft, &b, err);
	return r < 0 ? r : fw_nft_block(d->nft, &b, 1, err);
}

int fwd_learn(struct fwd *d, const struct fwd_learn_row *v, size_t n, size_t ret_counts[3],
	struct sk_err *err)
{
	struct fwd_learned *l = fwd_list_learned(d);
	size_t counts[3] = {0};
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		if (must_not(d, &v[i].ip)) {
			counts[1]++;
			continue;
		}
		r = remember(l, &v[i], sk_boot_us());
		if (r == -ENOMEM)
			return sk_err_nomem(err);
		counts[0] += r == 0;
		counts[2] += r == 3;
		if (r < 2 && !d->adopted)
			r = into_kernel(d, &v[i], r == 1, err);
	}
	if (r < 0)
		return r;
	if (counts[0])
		fwd_list_cut_later(d);
	memcpy(ret_counts, counts, sizeof(counts));
	return 0;
}

bool fwd_learn_forget(struct fwd *d, const struct fw_ip *ip)
{
	const struct fw_nft_blocked b = {.ip = *ip, .learned = true};
	struct fwd_learned *l = fwd_list_learned(d);
	const struct key k = key_of(ip);
	struct entry **e = sk_table_get(l->table, &k);
	struct sk_err err = {0};

	if (!e)
		return false;
	free(*e);
	sk_table_del(l->table, &k);
	if (!d->adopted && fw_nft_unblock(d->nft, &b, &err) < 0)
		sk_log_err(LOG_ERR, "learned addresses", &err);
	return true;
}

/* ---- allowed by now ---- */

struct search {
	struct fwd *d;
	struct fw_ip *v;
	size_t n;
};

static bool find_allowed(const void *key, void *val, void *arg)
{
	struct search *s = arg;
	const struct fw_ip ip = ip_of(key);
	struct fw_list_hit hit;

	fw_list_find(fwd_list_current(s->d), &ip, &hit);
	if (hit.verdict == FW_LIST_ALLOWED)
		s->v[s->n++] = ip;
	return false;
}

void fwd_learned_allowed(struct fwd *d)
{
	struct fwd_learned *l = fwd_list_learned(d);
	struct search s = {.d = d};

	if (sk_table_count(l->table) == 0)
		return;
	s.v = calloc(sk_table_count(l->table), sizeof(*s.v));
	if (!s.v)
		return;
	sk_table_walk(l->table, find_allowed, &s);
	for (size_t i = 0; i < s.n; i++)
		fwd_learn_forget(d, &s.v[i]);
	free(s.v);
}

/* ---- again ---- */

struct sweep {
	uint64_t now;
	struct fw_nft_blocked *v; /* NULL: only forget */
	size_t n;
};

static bool sweep_one(const void *key, void *val, void *arg)
{
	struct entry *e = *(struct entry **)val;
	struct sweep *s = arg;

	if (e->until_us + LINGER_US <= s->now) {
		free(e);
		return true;
	}
	if (s->v && e->until_us > s->now)
		s->v[s->n++] = (struct fw_nft_blocked){.ip = ip_of(key),
			.learned = true,
			.seconds = (e->until_us - s->now + US - 1) / US};
	return false;
}

void fwd_learned_sweep(struct fwd *d, struct fwd_learned *l, bool refill)
{
	const size_t count = sk_table_count(l->table);
	struct sweep s = {.now = sk_boot_us()};
	struct sk_err err = {0};

	if (count == 0)
		return;
	if (refill && !d->adopted)
		s.v = calloc(count, sizeof(*s.v));
	sk_table_walk(l->table, sweep_one, &s);
	if (s.n && fw_nft_block(d->nft, s.v, s.n, &err) < 0)
		sk_log_err(LOG_ERR, "learned addresses", &err);
	free(s.v);
}
