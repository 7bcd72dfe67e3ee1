/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One worker's detection: its rules, scratch memory and what is kept with flows and transactions.
 * Called for every packet after flow, stream and parsers took it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/detect_int.h"
#include "lib/util.h"

#define TRANSFORM_MAX (1024 * 1024)

struct ips_detect *ips_detect_new(
	const struct ips_detect_config *cfg, struct ips_state *state, struct sk_err *err)
{
	struct ips_detect *d = calloc(1, sizeof(*d));

	if (!d) {
		sk_err_nomem(err);
		return NULL;
	}
	d->cfg = *cfg;
	d->state = state;
	d->pool = ips_det_flow_pool_new(cfg->flows);
	d->in = ips_inspect_new(TRANSFORM_MAX);
	if (!d->pool || !d->in) {
		sk_err_nomem(err);
		ips_detect_free(d);
		return NULL;
	}
	return d;
}

static void free_arrays(struct ips_detect *d)
{
	free(d->stamp);
	free(d->cand);
	free(d->tx_cand);
	free(d->work);
}

void ips_detect_free(struct ips_detect *d)
{
	if (!d)
		return;
	ips_det_tx_drain(d);
	free_arrays(d);
	hs_free_scratch(d->scratch);
	ips_ruleset_unref(d->rs);
	ips_inspect_free(d->in);
	ips_det_flow_pool_free(d->pool);
	free(d);
}

/* ---- rules ------------------------------------------------------------------------------- */

static bool scratch_pf(const struct ips_pf *pf, hs_scratch_t **s)
{
	return !pf->db || hs_alloc_scratch(pf->db, s) == HS_SUCCESS;
}

static bool scratch_group(const struct ips_group *g, hs_scratch_t **s)
{
	return scratch_pf(&g->all, s) && scratch_pf(&g->pkt, s) && scratch_pf(&g->head, s);
}

static bool scratch_ports(const struct ips_ports *p, hs_scratch_t **s)
{
	bool ok = scratch_group(&p->base, s);

	for (unsigned k = 0; k < IPS_PORT_CLASSES && ok; k++)
		ok = scratch_group(&p->cls[k], s);
	return ok;
}

/* One scratch that serves all databases. */
static bool scratch_all(const struct ips_ruleset *rs, hs_scratch_t **s)
{
	bool ok = true;

	for (unsigned dir = 0; dir < 2; dir++) {
		for (unsigned tr = 0; tr < IPS_TR_COUNT && ok; tr++)
			ok = scratch_ports(&rs->ports[tr][dir], s);
		for (unsigned id = 0; id < IPS_P_COUNT && ok; id++)
			ok = !rs->app[id][dir] || scratch_group(rs->app[id][dir], s);
	}
	for (uint32_t i = 0; i < rs->slots_n && ok; i++)
		ok = scratch_pf(&rs->slots[i].pf, s);
	return ok;
}

int ips_detect_rules(struct ips_detect *d, struct ips_ruleset *rs, struct sk_err *err)
{
	struct ips_detect n = {
		.stamp = calloc(rs->n + 1, sizeof(*n.stamp)),
		.cand = calloc(rs->n + 1, sizeof(*n.cand)),
		.tx_cand = calloc(rs->n + 1, sizeof(*n.tx_cand)),
		.work = calloc(rs->n + 1, sizeof(*n.work)),
	};

	if (!n.stamp || !n.cand || !n.tx_cand || !n.work || !scratch_all(rs, &n.scratch)) {
		free_arrays(&n);
		hs_free_scratch(n.scratch);
		return sk_err_nomem(err);
	}
	free_arrays(d);
	hs_free_scratch(d->scratch);
	d->stamp = n.stamp;
	d->cand = n.cand;
	d->tx_cand = n.tx_cand;
	d->work = n.work;
	d->scratch = n.scratch;
	d->stamp_now = 0;
	ips_ruleset_ref(rs);
	ips_ruleset_unref(d->rs);
	d->rs = rs;
	if (++d->gen == 0)
		d->gen = 1;
	ips_det_tx_drain(d);
	d->tx_size = (uint32_t)(sizeof(struct ips_det_tx) +
		rs->tx_slots_max * sizeof(struct ips_tx_mark));
	return 0;
}

/* ---- packets ----------------------------------------------------------------------------- */

static void mark_inspected(struct ips_detect *d, struct ips_flow *f, enum ips_dir dir)
{
	const uint32_t done = dir == IPS_TOSERVER ? IPS_TX_DONE_TOSERVER : IPS_TX_DONE_TOCLIENT;

	for (struct ips_tx *tx = f->app.first; tx; tx = tx->next) {
		tx->changed[dir] = false;
		ips_det_tx_put(d, tx, dir);
		if (tx->complete[dir])
			tx->flags |= done;
	}
}

static unsigned run(struct ips_detect *d, struct ips_packet *p, const struct ips_raw *raw,
	bool again, const struct ips_alert **ret)
{
	struct ips_flow *f = p->flow;

	*ret = d->alerts;
	d->matched_n = d->alerts_n = d->tx_cand_n = 0;
	if (!d->rs || (f && (f->flags & IPS_FLOW_PASS))) {
		if (f)
			mark_inspected(d, f, p->dir);
		return 0;
	}
	d->p = p;
	d->raw = raw && raw->len ? raw : NULL;
	d->env.flow = f;
	d->env.p = p;
	d->env.tx = NULL;
	d->env.dir = p->dir;
	d->env.state = d->state;
	d->env.pool = d->pool;
	d->env.now_us = p->ts_us;
	ips_run_packet(d, again);
	if (f && f->app.proto && f->proto == p->proto)
		ips_run_transactions(d);
	/* Packets after the one that told the rest is encrypted. */
	if (f && (f->app.flags & IPS_APP_NO_RAW))
		f->flags |= IPS_FLOW_NO_PAYLOAD;
	ips_match_finish(d);
	return d->alerts_n;
}

unsigned ips_detect_packet(struct ips_detect *d, struct ips_packet *p, const struct ips_raw *raw,
	const struct ips_alert **ret)
{
	d->stats.packets++;
	return run(d, p, raw, false, ret);
}

unsigned ips_detect_again(struct ips_detect *d, struct ips_packet *p, const struct ips_raw *raw,
	const struct ips_alert **ret)
{
	return run(d, p, raw, true, ret);
}

void ips_detect_flow_gone(struct ips_detect *d, struct ips_flow *f)
{
	if (f->det) {
		ips_raw_free(d, f->det->run);
		f->det->run = NULL;
	}
	ips_det_flow_pool_gone(d->pool, f);
}

void ips_detect_tx_gone(struct ips_detect *d, struct ips_tx *tx)
{
	ips_det_tx_put(d, tx, IPS_TOSERVER);
	ips_det_tx_put(d, tx, IPS_TOCLIENT);
}

bool ips_detect_flow_done(const struct ips_detect *d, const struct ips_flow *f)
{
	const struct ips_app *a = &f->app;
	bool quiet = !a->first && ((a->flags & IPS_APP_OPAQUE) || (a->flags & IPS_APP_FAILED));

	if (!d->rs || d->rs->n == 0 || (f->flags & IPS_FLOW_PASS))
		return true;
	if (!f->tcp)
		return quiet && (a->flags & IPS_APP_OPAQUE);
	for (enum ips_dir dir = IPS_TOSERVER; dir <= IPS_TOCLIENT; dir++) {
		if (!(a->flags & IPS_APP_NO_RAW) && !ips_stream_depth_reached(f, dir))
			return false;
	}
	return quiet || !a->proto ||
		(ips_stream_depth_reached(f, IPS_TOSERVER) &&
			ips_stream_depth_reached(f, IPS_TOCLIENT));
}

const struct ips_detect_stats *ips_detect_stats(const struct ips_detect *d)
{
	return &d->stats;
}
