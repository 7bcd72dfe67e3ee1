/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded table of announced listeners. Called by parsers through the worker, and for the first
 * packet of each flow; an announcement serves one connection.
 */
#include "ips/engine/expect.h"

#include <string.h>

#include "lib/table.h"
#include "lib/util.h"

#define LIFE_US (30 * 1000000ULL)

struct key {
	struct ips_addr addr;
	uint16_t port;
	uint8_t family, pad;
};

struct value {
	uint64_t until_us;
	uint32_t token;
	uint32_t id;
};

struct ips_expects {
	struct sk_table *t;
	uint32_t max;
	uint64_t now_us;
};

struct ips_expects *ips_expects_new(uint32_t max, const uint8_t seed[16])
{
	struct ips_expects *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->max = max;
	e->t = sk_table_new(max, sizeof(struct key), sizeof(struct value), seed);
	if (!e->t) {
		free(e);
		return NULL;
	}
	return e;
}

void ips_expects_free(struct ips_expects *e)
{
	if (!e)
		return;
	sk_table_free(e->t);
	free(e);
}

static bool is_over(const void *key, void *val, void *arg)
{
	const struct value *v = val;
	const struct ips_expects *e = arg;

	return v->until_us < e->now_us;
}

static void make_key(struct key *k, uint8_t family, const struct ips_addr *a, uint16_t port)
{
	memset(k, 0, sizeof(*k));
	k->addr = *a;
	k->port = port;
	k->family = family;
}

void ips_expects_add(struct ips_expects *e, const struct ips_app_expect *x, uint64_t now_us)
{
	struct key k;
	struct value *v;

	e->now_us = now_us;
	make_key(&k, x->family, &x->addr, x->port);
	v = sk_table_put(e->t, &k);
	if (!v) {
		sk_table_walk(e->t, is_over, e);
		v = sk_table_put(e->t, &k);
	}
	if (!v)
		return;
	*v = (struct value){.until_us = now_us + LIFE_US, .token = x->token, .id = x->id};
}

void ips_expects_meet(struct ips_expects *e, struct ips_flow *f, uint64_t now_us)
{
	struct key k;
	struct value *v;

	if (sk_table_count(e->t) == 0)
		return;
	make_key(&k, f->family, &f->addr[1], f->port[1]);
	v = sk_table_get(e->t, &k);
	if (!v)
		return;
	if (v->until_us >= now_us) {
		f->app.expected = v->id;
		f->app.expected_token = v->token;
	}
	sk_table_del(e->t, &k);
}
