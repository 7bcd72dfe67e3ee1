/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules on transactions. Each buffer is searched once, as soon as it is there, bodies as they grow;
 * a rule found by its pattern is then tried, and waits in the transaction while one of its buffers
 * is still to come. A rule matches once a transaction and direction.
 */
#include <netinet/in.h>
#include <string.h>

#include "ips/detect/detect_int.h"
#include "lib/util.h"

#define INSTANCES_MAX 4096 /* of one buffer in one transaction */

struct run {
	struct ips_detect *d;
	struct ips_app *app;
	struct ips_tx *tx;
	struct ips_det_tx *state; /* NULL: no memory, everything is tried in one go */
	enum ips_dir dir;
};

static enum ips_buf_state view_of(
	const struct run *r, enum ips_buf buf, unsigned index, struct ips_buf_view *ret)
{
	*ret = (struct ips_buf_view){0};
	return r->app->proto->buffer(r->app, r->tx, buf, r->dir, index, ret);
}

/* ---- searching buffers ------------------------------------------------------------------- */

static void search(
	const struct run *r, const struct ips_slot *s, const struct ips_buf_view *v, uint32_t from)
{
	struct ips_view b = {v->data + from, v->len - from};

	if (s->transforms_n)
		b = ips_inspect_transform(r->d->in, s->transforms, s->transforms_n,
			(struct ips_view){v->data, v->len});
	r->d->stats.buffer_scans++;
	ips_scan(r->d, &s->pf, b);
}

/* The new part of a growing body, and before it as much as a pattern could reach back. */
static void search_part(const struct run *r, const struct ips_slot *s, const struct ips_buf_view *v,
	struct ips_tx_mark *m, bool full)
{
	uint64_t end = v->offset + v->len;
	uint64_t from = m->scanned > s->pf.max_len ? m->scanned - s->pf.max_len : 0;

	if (s->transforms_n) {
		if (full)
			search(r, s, v, 0);
		return;
	}
	if (end <= m->scanned && m->scanned)
		return;
	from = from > v->offset ? from - v->offset : 0;
	search(r, s, v, (uint32_t)SK_MIN(from, (uint64_t)v->len));
	m->scanned = (uint32_t)SK_MIN(end, (uint64_t)UINT32_MAX);
}

static void search_slot(const struct run *r, const struct ips_slot *s, struct ips_tx_mark *m)
{
	while (m->index < INSTANCES_MAX) {
		struct ips_buf_view v;
		enum ips_buf_state st = view_of(r, s->buf, m->index, &v);

		if (st == IPS_BUF_ABSENT && !s->multi)
			m->index = IPS_TX_SCANNED;
		if (st == IPS_BUF_WAIT || st == IPS_BUF_ABSENT)
			return;
		search_part(r, s, &v, m, st == IPS_BUF_FULL);
		if (st == IPS_BUF_PART)
			return;
		m->scanned = 0;
		m->index = s->multi ? m->index + 1 : IPS_TX_SCANNED;
	}
}

static void search_all(const struct run *r, const struct ips_app_rules *a)
{
	for (uint32_t i = 0; i < a->slots_n; i++) {
		const struct ips_slot *s = &r->d->rs->slots[a->slots[i]];
		struct ips_tx_mark once = {0};
		struct ips_tx_mark *m = r->state ? &r->state->mark[i] : &once;

		if (m->index != IPS_TX_SCANNED)
			search_slot(r, s, m);
	}
}

/* ---- one rule ---------------------------------------------------------------------------- */

/* Payload options of a transaction rule. */
static enum ips_tri try_payload(const struct run *r, const struct ips_match_list *l)
{
	struct ips_detect *d = r->d;
	const struct ips_packet *p = d->p;
	const struct ips_raw *raw = d->raw;
	unsigned flags = IPS_INSPECT_START;

	if (p->proto != IPPROTO_TCP)
		return p->payload.len &&
				ips_inspect_list(d->in, l, p->payload.data, p->payload.len, 0,
					flags | IPS_INSPECT_END, &d->env)
			? IPS_TRI_YES
			: IPS_TRI_NO;
	if (!raw)
		return IPS_TRI_WAIT;
	if (d->cfg.inline_mode)
		flags = raw->offset == 0 ? IPS_INSPECT_START : 0;
	else
		flags |= IPS_INSPECT_STREAM;
	if (ips_inspect_list(d->in, l, raw->data, raw->len, raw->offset, flags, &d->env))
		return IPS_TRI_YES;
	if (raw->seam &&
		ips_inspect_list(d->in, l, raw->seam, raw->seam_len, raw->offset - raw->seam_old, 0,
			&d->env))
		return IPS_TRI_YES;
	return IPS_TRI_WAIT;
}

static bool try_view(const struct run *r, const struct ips_match_list *l,
	const struct ips_buf_view *v, bool full)
{
	unsigned flags = (v->offset == 0 ? IPS_INSPECT_START : 0) | (full ? IPS_INSPECT_END : 0);

	r->d->stats.confirmed++;
	return ips_inspect_list(r->d->in, l, v->data, v->len, v->offset, flags, &r->d->env);
}

/* e->inst: the first instance not yet seen whole. */
static enum ips_tri try_list(
	const struct run *r, const struct ips_crule *c, uint32_t i, uint16_t *inst)
{
	const struct ips_match_list *l = &c->rule->lists[i];
	bool multi = ips_buf_info(l->buf)->flags & IPS_BUF_MULTI;
	bool at_end = c->needs_end >> SK_MIN(i, 31u) & 1;
	enum ips_buf_state st = IPS_BUF_ABSENT;
	struct ips_buf_view v;

	if (l->buf == IPS_BUF_PAYLOAD)
		return try_payload(r, l);
	for (; *inst < INSTANCES_MAX; (*inst)++) {
		st = view_of(r, l->buf, *inst, &v);
		if (st == IPS_BUF_WAIT || st == IPS_BUF_ABSENT)
			break;
		if ((st == IPS_BUF_FULL || !at_end) && try_view(r, l, &v, st == IPS_BUF_FULL))
			return IPS_TRI_YES;
		if (st == IPS_BUF_PART || !multi)
			break;
	}
	if (!multi && (st == IPS_BUF_FULL || st == IPS_BUF_ABSENT))
		return IPS_TRI_NO;
	return r->tx->complete[r->dir] ? IPS_TRI_NO : IPS_TRI_WAIT;
}

/* NO for good, YES, or WAIT with e brought up to date. */
static enum ips_tri try_rule(const struct run *r, const struct ips_crule *c, struct ips_tx_entry *e)
{
	const struct ips_rule *rule = c->rule;
	enum ips_tri all = IPS_TRI_YES, one;

	for (uint32_t i = 0; i < rule->lists_n; i++) {
		const struct ips_match_list *l = &rule->lists[i];
		uint16_t start = e->inst_list == i ? e->inst : 0, inst = start;

		if (i < IPS_TX_LISTS && (e->done >> i & 1))
			continue;
		if (l->buf != IPS_BUF_PAYLOAD && !l->dir_both && l->dir != r->dir)
			continue;
		one = try_list(r, c, i, &inst);
		if (one == IPS_TRI_NO)
			return IPS_TRI_NO;
		if (one == IPS_TRI_YES && i < IPS_TX_LISTS)
			e->done |= 1u << i;
		if (one == IPS_TRI_WAIT && all == IPS_TRI_YES) {
			e->inst = inst;
			e->inst_list = (uint8_t)i;
		}
		if (one == IPS_TRI_WAIT)
			all = IPS_TRI_WAIT;
	}
	if (!(e->done & IPS_TX_COND)) {
		one = ips_inspect_tx_conds(r->d->in, rule, &r->d->env);
		if (one == IPS_TRI_NO)
			return IPS_TRI_NO;
		if (one == IPS_TRI_YES)
			e->done |= IPS_TX_COND;
		else
			all = IPS_TRI_WAIT;
	}
	return all == IPS_TRI_WAIT && r->tx->complete[r->dir] ? IPS_TRI_NO : all;
}

static void matched(const struct run *r, uint32_t rank)
{
	ips_inspect_actions(r->d->rs->rules[rank].rule, &r->d->env);
	ips_match_add(r->d, rank, r->tx, false);
}

static void start(const struct run *r, uint32_t rank)
{
	const struct ips_crule *c = &r->d->rs->rules[rank];
	struct ips_tx_entry e = {.rank = rank}, *kept;
	enum ips_tri res;

	if (!ips_rule_fits(r->d, c))
		return;
	res = try_rule(r, c, &e);
	if (res == IPS_TRI_YES)
		matched(r, rank);
	/* The reference alerts again with each packet of such a message. */
	if (res == IPS_TRI_YES && (c->flags & IPS_CR_TX_NEGATED) && !r->d->cfg.inline_mode)
		return;
	/* What is over is kept so that its pattern does not start it again. */
	e.over = res != IPS_TRI_WAIT;
	if (r->tx->complete[r->dir] || !r->state)
		return;
	kept = ips_det_tx_entry(r->d, r->state);
	if (kept)
		*kept = e;
}

static void resume(const struct run *r, struct ips_tx_entry *e)
{
	enum ips_tri res = try_rule(r, &r->d->rs->rules[e->rank], e);

	if (res == IPS_TRI_YES)
		matched(r, e->rank);
	e->over = res != IPS_TRI_WAIT;
}

/* ---- one transaction --------------------------------------------------------------------- */

static bool has_event(const struct ips_tx *tx)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(tx->events); i++) {
		if (tx->events[i])
			return true;
	}
	return false;
}

static void add_work(struct ips_detect *d, uint32_t rank, struct ips_tx_entry *e)
{
	d->stamp[rank] = d->stamp_now;
	d->work[d->work_n++] = (struct ips_work){rank, e};
}

static int by_rank(const void *a, const void *b)
{
	const struct ips_work *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* Those whose packet conditions did not hold yet get another chance. */
static void collect_plain(const struct run *r, const struct ips_app_rules *a)
{
	struct ips_detect *d = r->d;
	bool event = has_event(r->tx);

	for (uint32_t i = 0; i < a->plain_n; i++) {
		uint32_t rank = a->plain[i];

		if ((event || !(d->rs->rules[rank].flags & IPS_CR_TX_EVENT)) &&
			d->stamp[rank] != d->stamp_now)
			add_work(d, rank, NULL);
	}
}

/* Everything that is to be tried now, each rule once. */
static void collect(const struct run *r, const struct ips_app_rules *a)
{
	struct ips_detect *d = r->d;

	d->work_n = 0;
	ips_round_start(d);
	for (struct ips_tx_chunk *c = r->state ? r->state->chunks : NULL; c; c = c->next) {
		for (uint32_t i = 0; i < c->n; i++) {
			d->stamp[c->e[i].rank] = d->stamp_now;
			if (!c->e[i].over)
				add_work(d, c->e[i].rank, &c->e[i]);
		}
	}
	search_all(r, a);
	for (uint32_t i = 0; i < d->cand_n; i++)
		add_work(d, d->cand[i], NULL);
	for (uint32_t i = 0; i < d->tx_cand_n; i++) {
		if (d->stamp[d->tx_cand[i]] != d->stamp_now)
			add_work(d, d->tx_cand[i], NULL);
	}
	collect_plain(r, a);
	if (d->work_n > 1)
		qsort(d->work, d->work_n, sizeof(d->work[0]), by_rank);
}

static void inspect(struct ips_detect *d, struct ips_tx *tx, const struct ips_app_rules *a)
{
	struct run r = {d, &d->p->flow->app, tx, NULL, d->p->dir};

	r.state = ips_det_tx_get(d, tx, r.dir);
	if (!r.state && !tx->complete[r.dir])
		return;
	if (r.state)
		r.state->fed = r.app->fed[r.dir];
	d->env.tx = tx;
	collect(&r, a);
	for (uint32_t i = 0; i < d->work_n; i++) {
		memset(d->env.vars, 0, sizeof(d->env.vars));
		if (d->work[i].e)
			resume(&r, d->work[i].e);
		else
			start(&r, d->work[i].rank);
	}
	d->env.tx = NULL;
	tx->changed[r.dir] = false;
}

/*
 * Something to look at since the last time? In captures rules without a pattern are tried again
 * whenever the parser got bytes, as the reference does.
 */
static bool due(const struct ips_detect *d, const struct ips_app_rules *a, const struct ips_tx *tx)
{
	const struct ips_app *app = &d->p->flow->app;
	enum ips_dir dir = d->p->dir;
	const struct ips_det_tx *t = tx->det[dir];

	if (tx->changed[dir] || tx->complete[dir] || d->tx_cand_n)
		return true;
	if (!t)
		return tx->started[dir];
	return d->raw || (a->plain_n && !d->cfg.inline_mode && t->fed != app->fed[dir]);
}

void ips_run_transactions(struct ips_detect *d)
{
	struct ips_app *app = &d->p->flow->app;
	enum ips_dir dir = d->p->dir;
	const uint32_t done = dir == IPS_TOSERVER ? IPS_TX_DONE_TOSERVER : IPS_TX_DONE_TOCLIENT;
	const uint32_t skip = dir == IPS_TOSERVER ? IPS_TX_SKIP_TOSERVER : IPS_TX_SKIP_TOCLIENT;
	const struct ips_app_rules *a = &d->rs->tx[app->id][dir];

	for (struct ips_tx *tx = app->first; tx; tx = tx->next) {
		if (tx->flags & (done | IPS_TX_PASS))
			continue;
		if (a->any && !(tx->flags & skip) && due(d, a, tx))
			inspect(d, tx, a);
		if (tx->complete[dir] || (tx->flags & skip)) {
			tx->flags |= done;
			ips_det_tx_put(d, tx, dir);
		}
	}
}
