/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows with two faces, wanted and present, in a keyed table; those that differ are in a list. */
#include "nac/port/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "lib/table.h"

struct key {
	char port[NAC_GATE_PORT];
	struct nac_mac mac;
};

struct face {
	enum nac_gate_state state;
	int64_t until;
};

struct cell {
	struct key key;
	struct face want, have;
	bool listed; /* in the gate's own list that is being read */
	bool queued;
	TAILQ_ENTRY(cell) link;
};

struct nac_gate {
	struct sk_table *t; /* of pointers: a queue needs places that stay */
	TAILQ_HEAD(cells, cell) changed;
	size_t wanted;
};

struct nac_gate *nac_gate_new(const uint8_t seed[16])
{
	struct nac_gate *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	TAILQ_INIT(&g->changed);
	g->t = sk_table_new(NAC_GATE_ROWS, sizeof(struct key), sizeof(struct cell *), seed);
	if (!g->t) {
		free(g);
		return NULL;
	}
	return g;
}

static bool drop(const void *key, void *val, void *arg)
{
	free(*(struct cell **)val);
	return true;
}

void nac_gate_free(struct nac_gate *g)
{
	if (!g)
		return;
	sk_table_walk(g->t, drop, NULL);
	sk_table_free(g->t);
	free(g);
}

static struct key key_of(const char *port, const struct nac_mac *mac)
{
	struct key k = {.mac = *mac};
	size_t n = strnlen(port, sizeof(k.port) - 1);

	memcpy(k.port, port, n);
	return k;
}

static struct cell *find(const struct nac_gate *g, const struct key *k)
{
	struct cell **c = sk_table_get(g->t, k);

	return c ? *c : NULL;
}

static struct cell *make(struct nac_gate *g, const struct key *k)
{
	struct cell *c = find(g, k), **slot;

	if (c)
		return c;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	slot = sk_table_put(g->t, k);
	if (!slot) {
		free(c);
		return NULL;
	}
	c->key = *k;
	*slot = c;
	return c;
}

static bool differs(const struct cell *c)
{
	if (c->want.state != c->have.state)
		return true;
	return c->want.state != NAC_GATE_CLOSED &&
		(c->want.until > c->have.until + NAC_GATE_SLACK ||
			c->want.until < c->have.until - NAC_GATE_SLACK);
}

/* Into the queue or out of it; a cell that says nothing any more goes. */
static void settle(struct nac_gate *g, struct cell *c)
{
	bool d = differs(c);

	if (d && !c->queued)
		TAILQ_INSERT_TAIL(&g->changed, c, link);
	if (!d && c->queued)
		TAILQ_REMOVE(&g->changed, c, link);
	c->queued = d;
	if (d || c->want.state != NAC_GATE_CLOSED)
		return;
	sk_table_del(g->t, &c->key);
	free(c);
}

int nac_gate_want(struct nac_gate *g, const struct nac_gate_row *row)
{
	struct key k = key_of(row->port, &row->mac);
	struct cell *c;

	c = row->state == NAC_GATE_CLOSED ? find(g, &k) : make(g, &k);
	if (!c)
		return row->state == NAC_GATE_CLOSED ? 0 : -ENOSPC;
	g->wanted -= c->want.state != NAC_GATE_CLOSED;
	g->wanted += row->state != NAC_GATE_CLOSED;
	c->want = (struct face){.state = row->state, .until = row->until};
	settle(g, c);
	return 0;
}

enum nac_gate_state nac_gate_wanted(
	const struct nac_gate *g, const char *port, const struct nac_mac *mac)
{
	struct key k = key_of(port, mac);
	const struct cell *c = find(g, &k);

	return c ? c->want.state : NAC_GATE_CLOSED;
}

size_t nac_gate_count(const struct nac_gate *g)
{
	return g->wanted;
}

size_t nac_gate_changes(struct nac_gate *g, size_t max,
	void (*fn)(const struct nac_gate_row *row, void *arg), void *arg)
{
	struct cell *c;
	size_t n = 0;

	while (n < max && (c = TAILQ_FIRST(&g->changed))) {
		struct nac_gate_row row = {
			.mac = c->key.mac, .state = c->want.state, .until = c->want.until};

		memcpy(row.port, c->key.port, sizeof(row.port));
		c->have = c->want;
		settle(g, c);
		fn(&row, arg);
		n++;
	}
	return n;
}

static bool forget_have(const void *key, void *val, void *arg)
{
	struct cell *c = *(struct cell **)val;

	c->listed = false;
	return false;
}

void nac_gate_list_begin(struct nac_gate *g)
{
	sk_table_walk(g->t, forget_have, NULL);
}

void nac_gate_list_row(struct nac_gate *g, const struct nac_gate_row *row)
{
	struct key k = key_of(row->port, &row->mac);
	struct cell *c = make(g, &k);

	if (!c)
		return;
	c->listed = true;
	c->have = (struct face){.state = row->state, .until = row->until};
	settle(g, c);
}

struct walk {
	struct nac_gate *g;
	int64_t now;
	struct cell **list; /* settled after the walk, which must not delete others */
	size_t n;
};

static bool collect_unlisted(const void *key, void *val, void *arg)
{
	struct walk *w = arg;
	struct cell *c = *(struct cell **)val;

	if (!c->listed)
		w->list[w->n++] = c;
	return false;
}

static bool collect_over(const void *key, void *val, void *arg)
{
	struct walk *w = arg;
	struct cell *c = *(struct cell **)val;

	if (c->want.state != NAC_GATE_CLOSED && c->want.until <= w->now)
		w->list[w->n++] = c;
	return false;
}

void nac_gate_list_end(struct nac_gate *g)
{
	struct walk w = {.g = g};

	w.list = calloc(sk_table_count(g->t) + 1, sizeof(struct cell *));
	if (!w.list)
		return;
	sk_table_walk(g->t, collect_unlisted, &w);
	for (size_t i = 0; i < w.n; i++) {
		w.list[i]->have = (struct face){.state = NAC_GATE_CLOSED};
		settle(g, w.list[i]);
	}
	free(w.list);
}

void nac_gate_expire(struct nac_gate *g, int64_t now)
{
	struct walk w = {.g = g, .now = now};

	w.list = calloc(sk_table_count(g->t) + 1, sizeof(struct cell *));
	if (!w.list)
		return;
	sk_table_walk(g->t, collect_over, &w);
	for (size_t i = 0; i < w.n; i++) {
		g->wanted--;
		w.list[i]->want = (struct face){.state = NAC_GATE_CLOSED};
		if (w.list[i]->have.until <= now + NAC_GATE_SLACK)
			w.list[i]->have = w.list[i]->want;
		settle(g, w.list[i]);
	}
	free(w.list);
}
