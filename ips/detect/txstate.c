/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What detection keeps with a transaction and direction: how far its buffers were searched and
 * which rules wait for more. Blocks come from lists of freed ones; all of a worker's together stay
 * below a limit. Progress made with another ruleset is forgotten when it is met.
 */
#include <stdlib.h>
#include <string.h>

#include "ips/detect/detect_int.h"

/* Freed blocks stay counted: they are kept for the next use. */
void *ips_det_take(struct ips_detect *d, size_t n)
{
	void *p;

	if (d->stats.mem_used + n > d->cfg.mem_max) {
		d->stats.mem_refused++;
		return NULL;
	}
	p = malloc(n);
	if (p)
		d->stats.mem_used += n;
	else
		d->stats.mem_refused++;
	return p;
}

static void drop_chunks(struct ips_detect *d, struct ips_det_tx *t)
{
	while (t->chunks) {
		struct ips_tx_chunk *c = t->chunks;

		t->chunks = c->next;
		c->next = d->free_chunks;
		d->free_chunks = c;
	}
}

static void drop(struct ips_detect *d, struct ips_det_tx *t)
{
	drop_chunks(d, t);
	if (t->size != d->tx_size) {
		d->stats.mem_used -= t->size;
		free(t);
		return;
	}
	t->free = d->free_tx;
	d->free_tx = t;
}

struct ips_det_tx *ips_det_tx_get(struct ips_detect *d, struct ips_tx *tx, enum ips_dir dir)
{
	struct ips_det_tx *t = tx->det[dir];

	if (t && t->gen == d->gen)
		return t;
	if (t)
		drop(d, t);
	tx->det[dir] = NULL;
	t = d->free_tx;
	if (t)
		d->free_tx = t->free;
	else
		t = ips_det_take(d, d->tx_size);
	if (!t)
		return NULL;
	memset(t, 0, d->tx_size);
	t->size = d->tx_size;
	t->gen = d->gen;
	tx->det[dir] = t;
	return t;
}

void ips_det_tx_put(struct ips_detect *d, struct ips_tx *tx, enum ips_dir dir)
{
	if (!tx->det[dir])
		return;
	drop(d, tx->det[dir]);
	tx->det[dir] = NULL;
}

struct ips_tx_entry *ips_det_tx_entry(struct ips_detect *d, struct ips_det_tx *t)
{
	struct ips_tx_chunk *c = t->chunks;

	if (!c || c->n == IPS_TX_CHUNK) {
		c = d->free_chunks;
		if (c)
			d->free_chunks = c->next;
		else
			c = ips_det_take(d, sizeof(*c));
		if (!c)
			return NULL;
		c->n = 0;
		c->next = t->chunks;
		t->chunks = c;
	}
	memset(&c->e[c->n], 0, sizeof(c->e[0]));
	return &c->e[c->n++];
}

void ips_det_tx_drain(struct ips_detect *d)
{
	while (d->free_tx) {
		struct ips_det_tx *t = d->free_tx;

		d->free_tx = t->free;
		d->stats.mem_used -= t->size;
		free(t);
	}
	while (d->free_chunks) {
		struct ips_tx_chunk *c = d->free_chunks;

		d->free_chunks = c->next;
		d->stats.mem_used -= sizeof(*c);
		free(c);
	}
	while (d->free_raw) {
		struct ips_det_raw *r = d->free_raw;

		d->free_raw = r->free;
		d->stats.mem_used -= sizeof(*r);
		free(r);
	}
}
