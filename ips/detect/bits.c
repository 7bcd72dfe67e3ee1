/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xbits and hostbits: a bit of an address, or of two addresses in either order, until it expires.
 * One entry a (bit, address); the value is the second it ends. Times count in whole seconds and
 * setting a bit again does not prolong it, as in Suricata. A full table gives up what expired, then
 * refuses and counts.
 */
#include <string.h>

#include "ips/detect/state_int.h"

#define PURGE_US 1000000 /* a full shard is searched for expired entries that often at most */

struct host_key {
	uint32_t id;
	uint8_t family, pad[3];
	struct ips_addr a, b;
};
_Static_assert(sizeof(struct host_key) == 40, "see state.c");

static void make_key(struct host_key *k, uint32_t id, const struct ips_packet *p,
	const struct ips_addr *a, const struct ips_addr *b)
{
	memset(k, 0, sizeof(*k));
	k->id = id;
	k->family = p->family;
	if (b && memcmp(a, b, sizeof(*a)) > 0) {
		k->a = *b;
		k->b = *a;
		return;
	}
	k->a = *a;
	if (b)
		k->b = *b;
}

static bool expired(const void *key, void *val, void *arg)
{
	return *(uint64_t *)val < *(const uint64_t *)arg;
}

static bool get(struct ips_state *s, const struct host_key *k, uint64_t now_s)
{
	struct ips_shard *sh = ips_shard_lock(s, s->hosts, k, sizeof(*k));
	uint64_t *end = sk_table_get(sh->t, k);
	bool there = end && *end >= now_s;

	if (end && !there)
		sk_table_del(sh->t, k);
	ips_shard_unlock(sh);
	return there;
}

static void set(struct ips_state *s, const struct host_key *k, uint64_t now_s, uint64_t end)
{
	struct ips_shard *sh = ips_shard_lock(s, s->hosts, k, sizeof(*k));
	uint64_t *v = sk_table_get(sh->t, k);

	/* A bit that is there keeps its end, even one that ended and was not asked for since. */
	if (v)
		end = *v;
	else
		v = sk_table_put(sh->t, k);
	if (!v && sh->purged_us + PURGE_US <= now_s * 1000000) {
		sh->purged_us = now_s * 1000000;
		sk_table_walk(sh->t, expired, &now_s);
		v = sk_table_put(sh->t, k);
	}
	if (v)
		*v = end;
	else
		sh->full++;
	ips_shard_unlock(sh);
}

/* True if it was there. */
static bool unset(struct ips_state *s, const struct host_key *k)
{
	struct ips_shard *sh = ips_shard_lock(s, s->hosts, k, sizeof(*k));
	bool there = sk_table_get(sh->t, k);

	sk_table_del(sh->t, k);
	ips_shard_unlock(sh);
	return there;
}

/* The keys one name stands for: one, or the two of `both`. */
static unsigned keys(
	const struct ips_bits *b, uint32_t id, const struct ips_packet *p, struct host_key ret[2])
{
	switch (b->track) {
	case IPS_TRACK_SRC: make_key(&ret[0], id, p, &p->src, NULL); return 1;
	case IPS_TRACK_DST: make_key(&ret[0], id, p, &p->dst, NULL); return 1;
	case IPS_TRACK_PAIR: make_key(&ret[0], id, p, &p->src, &p->dst); return 1;
	case IPS_TRACK_BOTH:
		make_key(&ret[0], id, p, &p->src, NULL);
		make_key(&ret[1], id, p, &p->dst, NULL);
		return 2;
	default: return 0;
	}
}

bool ips_bits_check(
	struct ips_state *s, const struct ips_bits *b, const struct ips_packet *p, uint64_t now_us)
{
	uint64_t now_s = now_us / 1000000;
	struct host_key k[2];
	unsigned n;
	bool any = false;

	if (!p->family)
		return false;
	for (uint32_t i = 0; i < b->n && !any; i++) {
		n = keys(b, b->ids[i], p, k);
		any = n > 0;
		for (unsigned j = 0; j < n && any; j++)
			any = get(s, &k[j], now_s);
	}
	return b->cmd == IPS_BIT_ISNOTSET ? !any : any;
}

void ips_bits_act(
	struct ips_state *s, const struct ips_bits *b, const struct ips_packet *p, uint64_t now_us)
{
	uint64_t now_s = now_us / 1000000;
	struct host_key k[2];
	unsigned n;

	if (!p->family)
		return;
	for (uint32_t i = 0; i < b->n; i++) {
		n = keys(b, b->ids[i], p, k);
		for (unsigned j = 0; j < n; j++) {
			bool toggle = b->cmd == IPS_BIT_TOGGLE, was = false;

			if (b->cmd == IPS_BIT_UNSET || toggle)
				was = unset(s, &k[j]);
			if (b->cmd == IPS_BIT_SET || (toggle && !was))
				set(s, &k[j], now_s, now_s + b->expire_s);
		}
	}
}
