/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each source has two short lists of what it tried, with the second of the last try: what counts is
 * how many of them are younger than the window. Called for every blocked packet; no allocation.
 */
#include "fw/guard/scan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/table.h"

/* No padding: it is hashed and compared as bytes. */
struct key {
	uint8_t addr[16];
	uint8_t family, zero[7];
};
_Static_assert(sizeof(struct key) == 24, "key has no padding");

struct seen {
	uint32_t what, at;
};

struct list {
	size_t n;
	struct seen v[FW_GUARD_DISTINCT_MAX];
};

struct source {
	struct key key;
	struct source *newer, *older;
	struct list ports, hosts;
};

struct fw_scan {
	struct sk_table *table;
	struct source *newest, *oldest;
	uint32_t mix; /* of addresses too long for a list's entry */
	uint64_t evicted;
};

struct fw_scan *fw_scan_new(size_t sources, const uint8_t seed[16])
{
	struct fw_scan *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	memcpy(&s->mix, seed, sizeof(s->mix));
	s->table = sk_table_new(sources, sizeof(struct key), sizeof(struct source), seed);
	if (!s->table) {
		free(s);
		return NULL;
	}
	return s;
}

void fw_scan_free(struct fw_scan *s)
{
	if (!s)
		return;
	sk_table_free(s->table);
	free(s);
}

static void key_of(struct key *k, const struct fw_ip *ip)
{
	memset(k, 0, sizeof(*k));
	memcpy(k->addr, &ip->a, sizeof(k->addr));
	k->family = ip->family;
}

/* ---- who was heard last ---- */

static void take_out(struct fw_scan *s, struct source *e)
{
	if (e->newer)
		e->newer->older = e->older;
	else
		s->newest = e->older;
	if (e->older)
		e->older->newer = e->newer;
	else
		s->oldest = e->newer;
	e->newer = e->older = NULL;
}

static void put_first(struct fw_scan *s, struct source *e)
{
	e->older = s->newest;
	e->newer = NULL;
	if (s->newest)
		s->newest->newer = e;
	s->newest = e;
	if (!s->oldest)
		s->oldest = e;
}

static void forget(struct fw_scan *s, struct source *e)
{
	const struct key k = e->key;

	take_out(s, e);
	sk_table_del(s->table, &k);
}

static struct source *source_of(struct fw_scan *s, const struct fw_ip *ip)
{
	struct source *e;
	struct key k;

	key_of(&k, ip);
	e = sk_table_get(s->table, &k);
	if (e) {
		take_out(s, e);
	} else {
		e = sk_table_put(s->table, &k);
		if (!e && s->oldest) {
			forget(s, s->oldest);
			s->evicted++;
			e = sk_table_put(s->table, &k);
		}
		if (!e)
			return NULL;
		e->key = k;
	}
	put_first(s, e);
	return e;
}

/* ---- counting ---- */

/* Remember what, and say how many different ones the window holds. */
static uint32_t count(struct list *l, uint32_t what, uint32_t now, uint32_t window)
{
	struct seen *place = NULL, *oldest = &l->v[0];
	uint32_t live = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct seen *e = &l->v[i];

		if (e->what == what)
			place = e;
		else if (now - e->at < window)
			live++;
		if (e->at < oldest->at)
			oldest = e;
	}
	if (!place && l->n < FW_GUARD_DISTINCT_MAX)
		place = &l->v[l->n++];
	else if (!place)
		place = oldest;
	*place = (struct seen){.what = what, .at = now};
	return live + 1;
}

/* An IPv4 address as it is, an IPv6 one mixed: two that meet count as one, nothing worse. */
static uint32_t host_of(const struct fw_scan *s, const struct fw_ip *ip)
{
	uint32_t h = s->mix;
	unsigned __int128 a = ip->a;

	if (ip->family == 4)
		return (uint32_t)a;
	for (int i = 0; i < 4; i++, a >>= 32) {
		h = (h ^ (uint32_t)a) * 0x9e3779b1u;
		h ^= h >> 15;
	}
	return h;
}

enum fw_scan_result fw_scan_add(
	struct fw_scan *s, const struct fw_scan_try *t, const struct fw_guard *g, uint32_t now_s)
{
	struct source *e;
	uint32_t ports = 0, hosts;

	if (!g->scan_ports && !g->scan_hosts)
		return FW_SCAN_NOTHING;
	e = source_of(s, &t->src);
	if (!e)
		return FW_SCAN_NOTHING;
	if (t->has_port)
		ports = count(&e->ports, (uint32_t)t->proto << 16 | t->port, now_s, g->window);
	hosts = count(&e->hosts, host_of(s, &t->dst), now_s, g->window);
	if (g->scan_ports && ports >= g->scan_ports) {
		forget(s, e);
		return FW_SCAN_PORTS;
	}
	if (g->scan_hosts && hosts >= g->scan_hosts) {
		forget(s, e);
		return FW_SCAN_HOSTS;
	}
	return FW_SCAN_NOTHING;
}

void fw_scan_forget(struct fw_scan *s, const struct fw_ip *src)
{
	struct source *e;
	struct key k;

	key_of(&k, src);
	e = sk_table_get(s->table, &k);
	if (e)
		forget(s, e);
}

size_t fw_scan_sources(const struct fw_scan *s)
{
	return sk_table_count(s->table);
}

uint64_t fw_scan_evicted(const struct fw_scan *s)
{
	return s->evicted;
}
