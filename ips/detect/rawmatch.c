/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Payload options on stream data. Inline, every packet is inspected together with what came before
 * it: a rule whose pattern was seen waits here for the rest of it, and what already matched is not
 * matched again.
 */
#include <stdlib.h>
#include <string.h>

#include "ips/detect/detect_int.h"

#define LOST_US 10000000 /* how long tails are searched again after memory was short */

bool ips_payload_lists(struct ips_detect *d, const struct ips_crule *c, struct ips_view v,
	uint64_t offset, unsigned flags)
{
	const struct ips_rule *r = c->rule;

	for (uint32_t i = 0; i < r->lists_n; i++) {
		if (r->lists[i].buf != IPS_BUF_PAYLOAD)
			continue;
		d->stats.confirmed++;
		if (!ips_inspect_list(d->in, &r->lists[i], v.data, v.len, offset, flags, &d->env))
			return false;
	}
	return true;
}

static struct ips_det_raw *raw_of(const struct ips_detect *d)
{
	const struct ips_flow *f = d->p->flow;
	struct ips_det_raw *r = f && f->det ? f->det->run : NULL;

	return r && r->gen == d->gen ? r : NULL;
}

static struct ips_det_raw *raw_make(struct ips_detect *d)
{
	struct ips_det_flow *df = ips_det_flow(d->pool, d->p->flow);
	struct ips_det_raw *r;

	if (!df)
		return NULL;
	r = df->run;
	if (!r) {
		r = d->free_raw;
		if (r)
			d->free_raw = r->free;
		else
			r = ips_det_take(d, sizeof(*r));
		if (!r)
			return NULL;
		df->run = r;
		r->gen = 0;
	}
	if (r->gen != d->gen) {
		memset(r, 0, sizeof(*r));
		r->gen = d->gen;
	}
	return r;
}

void ips_raw_free(struct ips_detect *d, struct ips_det_raw *r)
{
	if (!r)
		return;
	r->free = d->free_raw;
	d->free_raw = r;
}

/* Where in the stream what can be seen now begins. */
static uint64_t window_start(const struct ips_raw *raw)
{
	return raw->seam ? raw->offset - raw->seam_old : raw->offset;
}

static void remember(struct ips_detect *d, uint32_t rank, bool matched)
{
	struct ips_det_raw *r = raw_make(d);
	enum ips_dir dir = d->p->dir;
	struct ips_pending *e, *old;

	if (!r) {
		d->lost_us = d->env.now_us + LOST_US;
		return;
	}
	old = e = &r->p[dir][0];
	for (uint8_t i = 0; i < r->n[dir] && e->rank != rank; i++, e++) {
		if (e->end < old->end)
			old = e;
	}
	if (e == &r->p[dir][r->n[dir]]) {
		if (r->n[dir] < IPS_PENDING) {
			r->n[dir]++;
		} else {
			e = old;
			r->lost[dir] = d->raw->offset + d->raw->len;
		}
	}
	*e = (struct ips_pending){rank, matched, d->raw->offset + d->raw->len};
}

void ips_raw_defer(struct ips_detect *d, uint32_t rank)
{
	if (d->cfg.inline_mode && d->raw && (d->rs->rules[rank].flags & IPS_CR_RAW_FAST))
		remember(d, rank, false);
}

bool ips_raw_lost(const struct ips_detect *d)
{
	const struct ips_det_raw *r = raw_of(d);

	return d->env.now_us < d->lost_us || (r && r->lost[d->p->dir] > window_start(d->raw));
}

void ips_raw_pending(struct ips_detect *d)
{
	struct ips_det_raw *r = d->raw ? raw_of(d) : NULL;
	enum ips_dir dir = d->p->dir;
	uint8_t k = 0;

	if (!r)
		return;
	for (uint8_t i = 0; i < r->n[dir]; i++) {
		struct ips_pending e = r->p[dir][i];

		if (e.end <= window_start(d->raw))
			continue;
		if (!e.matched)
			ips_candidate(d, e.rank);
		r->p[dir][k++] = e;
	}
	r->n[dir] = k;
}

/* Up to where in the stream the rule matched before; 0: nowhere. */
static uint64_t matched_until(const struct ips_detect *d, uint32_t rank)
{
	const struct ips_det_raw *r = raw_of(d);
	enum ips_dir dir = d->p->dir;

	for (uint8_t i = 0; r && i < r->n[dir]; i++) {
		if (r->p[dir][i].rank == rank && r->p[dir][i].matched)
			return r->p[dir][i].end;
	}
	return 0;
}

static bool match_from(struct ips_detect *d, const struct ips_crule *c, struct ips_view v,
	uint64_t offset, uint64_t from)
{
	uint64_t skip = from > offset ? from - offset : 0;

	if (skip >= v.len)
		return false;
	v.data += skip;
	v.len -= (uint32_t)skip;
	offset += skip;
	return ips_payload_lists(d, c, v, offset, offset == 0 ? IPS_INSPECT_START : 0);
}

bool ips_raw_match(struct ips_detect *d, uint32_t rank)
{
	const struct ips_crule *c = &d->rs->rules[rank];
	const struct ips_raw *raw = d->raw;
	uint64_t from;
	bool yes;

	if (!d->cfg.inline_mode)
		return ips_payload_lists(d, c, (struct ips_view){raw->data, raw->len}, raw->offset,
			IPS_INSPECT_START | IPS_INSPECT_STREAM);
	from = matched_until(d, rank);
	yes = match_from(d, c, (struct ips_view){raw->data, raw->len}, raw->offset, from);
	if (!yes && raw->seam)
		yes = match_from(
			d, c, (struct ips_view){raw->seam, raw->seam_len}, window_start(raw), from);
	if (yes)
		remember(d, rank, true);
	else
		ips_raw_defer(d, rank);
	return yes;
}
