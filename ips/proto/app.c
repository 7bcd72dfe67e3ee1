/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of transactions of a flow and its end. Called by parsers (add, event) and by the engine
 * (reap, done); never looks into a protocol.
 */
#include "ips/proto/app.h"

#include <string.h>

#include "ips/proto/recognise.h"

void ips_app_config_default(struct ips_app_config *cfg)
{
	*cfg = (struct ips_app_config){
		.body_limit = {100 * 1024, 100 * 1024},
		.decompress_max = 1024 * 1024,
		.decompress_layers = 2,
		.headers_max = 1024,
		.line_max = 18 * 1024,
	};
}

void ips_app_tx_add(struct ips_app *a, struct ips_tx *tx)
{
	if (a->tx_now >= IPS_APP_TX_MAX)
		for (struct ips_tx *t = a->first; t; t = t->next)
			if (!t->complete[IPS_TOSERVER] || !t->complete[IPS_TOCLIENT]) {
				t->complete[IPS_TOSERVER] = t->complete[IPS_TOCLIENT] = true;
				t->changed[IPS_TOSERVER] = t->changed[IPS_TOCLIENT] = true;
				break;
			}
	tx->id = a->tx_made++;
	tx->next = NULL;
	if (a->last)
		a->last->next = tx;
	else
		a->first = tx;
	a->last = tx;
	a->tx_now++;
}

void ips_tx_event(struct ips_app *a, struct ips_tx *tx, unsigned event)
{
	uint64_t *set = tx ? tx->events : a->events;

	if (event >= IPS_APP_EVENTS)
		return;
	set[event / 64] |= 1ULL << (event % 64);
	if (tx)
		tx->changed[IPS_TOSERVER] = tx->changed[IPS_TOCLIENT] = true;
}

static bool finished(const struct ips_tx *tx)
{
	const uint32_t all = IPS_TX_LOGGED | IPS_TX_DONE_TOSERVER | IPS_TX_DONE_TOCLIENT;

	return tx->complete[IPS_TOSERVER] && tx->complete[IPS_TOCLIENT] && (tx->flags & all) == all;
}

static void drop_tx(struct ips_app *a, struct ips_app_ctx *c, struct ips_tx *tx)
{
	if (c->tx_gone)
		c->tx_gone(tx, c->arg);
	a->proto->tx_free(a, tx, c->mem);
	a->tx_now--;
}

void ips_app_reap(struct ips_app *a, struct ips_app_ctx *c)
{
	struct ips_tx **link = &a->first, *prev = NULL, *tx;

	while ((tx = *link)) {
		if (!finished(tx)) {
			prev = tx;
			link = &tx->next;
			continue;
		}
		*link = tx->next;
		if (a->last == tx)
			a->last = prev;
		drop_tx(a, c, tx);
	}
}

void ips_app_done(struct ips_app *a, struct ips_app_ctx *c)
{
	if (a->proto) {
		if (c->tx_gone)
			for (struct ips_tx *tx = a->first; tx; tx = tx->next)
				c->tx_gone(tx, c->arg);
		a->proto->close(a, c->mem);
	}
	ips_app_held_free(a, c->mem);
	memset(a, 0, sizeof(*a));
}

void ips_app_ctx_done(struct ips_app_ctx *c)
{
	for (int i = 0; i < IPS_P_COUNT; i++)
		if (c->shared[i] && ips_protos[i] && ips_protos[i]->shared_free) {
			ips_protos[i]->shared_free(c->shared[i]);
			c->shared[i] = NULL;
		}
}
