/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is handed to the parsers, in which pieces, and what is forgotten afterwards. The callback
 * may ask for raw inspection or stop a direction; it changes no stored byte.
 */
#include <netinet/in.h>

#include "ips/stream/reass.h"
#include "lib/util.h"

#define RAW_LAG (256 * 1024)  /* bytes that may wait for an inspection nobody asks for */
#define KEEP_MAX (256 * 1024) /* captures: of a window, what is kept to compare */

static void call(struct tcp_ctx *c, struct ips_chunk *k)
{
	struct half *h = &c->t->half[k->dir];

	if (!(h->flags & HALF_STARTED))
		k->flags |= IPS_CHUNK_START;
	h->flags |= HALF_STARTED;
	if (c->s->fn)
		c->s->fn(c->f, k, c->s->arg);
}

static unsigned depth_flag(const struct tcp_ctx *c, struct half *h, uint64_t end)
{
	if (!c->s->cfg.depth || end < c->s->cfg.depth || (h->flags & HALF_DEPTH_TOLD))
		return 0;
	h->flags |= HALF_DEPTH_TOLD;
	return IPS_CHUNK_DEPTH;
}

void reass_emit(struct tcp_ctx *c, enum ips_dir dir, const uint8_t *data, uint32_t len)
{
	struct half *h = &c->t->half[dir];
	struct ips_chunk k = {.dir = dir, .data = data, .len = len, .offset = h->app};

	h->app += len;
	k.flags = depth_flag(c, h, h->app);
	call(c, &k);
}

/* Nobody misses what no parser waits for; the first bytes of all everybody does. */
static bool is_missed(const struct tcp_ctx *c, const struct half *h)
{
	const struct ips_app *a = &c->f->app;

	if (a->flags & IPS_APP_FAILED)
		return false;
	return h->app == 0 || (a->id != IPS_P_UNKNOWN && a->id != IPS_P_FAILED);
}

static void emit_gap(struct tcp_ctx *c, enum ips_dir dir, uint64_t to)
{
	struct half *h = &c->t->half[dir];
	struct ips_chunk k = {.dir = dir, .offset = h->app, .flags = IPS_CHUNK_GAP};

	k.len = (uint32_t)SK_MIN(to - h->app, UINT32_MAX);
	c->s->stats.gaps++;
	c->s->stats.gap_bytes += to - h->app;
	if (c->p && is_missed(c, h))
		ips_event_set(&c->p->events, IPS_EV_STREAM_REASSEMBLY_SEQ_GAP);
	h->app = to;
	call(c, &k);
}

void reass_eof(struct tcp_ctx *c, enum ips_dir dir)
{
	struct half *h = &c->t->half[dir];
	struct ips_chunk k = {.dir = dir, .offset = h->app, .flags = IPS_CHUNK_EOF};

	if (h->flags & HALF_EOF_TOLD)
		return;
	h->flags |= HALF_EOF_TOLD;
	call(c, &k);
}

/* The stored bytes [app, end), in place where one page holds them all. */
static void emit_stored(struct tcp_ctx *c, enum ips_dir dir, uint64_t end)
{
	struct ips_streams *s = c->s;
	struct half *h = &c->t->half[dir];

	while (h->app < end) {
		uint32_t n = (uint32_t)SK_MIN(end - h->app, SCRATCH), in_page;
		const uint8_t *data = store_at(&s->pool, &h->st, h->app, &in_page);

		if (in_page < n) {
			store_read(&s->pool, &h->st, h->app, s->scratch, n);
			data = s->scratch;
		}
		reass_emit(c, dir, data, n);
	}
}

/* Suricata: an acknowledged FIN is no acknowledged data. */
static uint64_t acked_data(const struct ips_tcp *t, const struct half *h)
{
	uint64_t acked = half_acked(h);

	return t->state >= TCP_FIN_WAIT1 && acked > 0 ? acked - 1 : acked;
}

void reass_deliver(struct tcp_ctx *c, enum ips_dir dir, uint64_t limit)
{
	struct ips_streams *s = c->s;
	struct half *h = &c->t->half[dir];

	for (;;) {
		uint32_t i;
		uint64_t end;

		if (h->flags & (HALF_STOP | HALF_EOF_TOLD))
			return;
		end = store_run(&s->pool, &h->st, h->app, limit);
		if (end > h->app) {
			emit_stored(c, dir, end);
			continue;
		}
		if (h->app >= limit)
			return;
		i = store_seg_after(&s->pool, &h->st, h->app);
		if (i == NONE || acked_data(c->t, h) <= h->app)
			return;
		end = s->pool.seg[i].off;
		/* Inline the rest of the hole may still come past us. */
		emit_gap(c, dir, s->cfg.inline_mode ? SK_MIN(end, acked_data(c->t, h)) : end);
	}
}

/* Will anybody inspect the raw bytes of f? */
static bool raw_wanted(const struct ips_flow *f)
{
	return !(f->app.flags & IPS_APP_NO_RAW) &&
		!(f->flags & (IPS_FLOW_PASS | IPS_FLOW_DROP | IPS_FLOW_BYPASS));
}

static uint64_t keep_inline(const struct ips_streams *s, const struct half *h, bool raw)
{
	uint64_t acked = half_acked(h), keep = SK_MIN(h->app, acked);
	uint64_t most = (uint64_t)SK_MAX(s->pool.pages / 8, 64) * PAGE / 2;

	if (raw && !half_is_dead(h)) {
		uint64_t window = h->app > s->cfg.raw_window ? h->app - s->cfg.raw_window : 0;

		keep = SK_MIN(keep, window);
	}
	/* Never acknowledged (we see one side only): the oldest is let go. */
	if (h->app > most)
		keep = SK_MAX(keep, h->app - most);
	return keep;
}

/* Suricata keeps a window of what is done with, to compare what comes again. */
static uint64_t keep_captures(const struct ips_streams *s, struct half *h, bool raw)
{
	uint64_t keep, before = h->window ? SK_MIN(h->window, KEEP_MAX) : 4096;

	if (!raw || h->app - SK_MIN(h->raw, h->app) > RAW_LAG)
		h->raw = SK_MAX(h->raw, h->app);
	keep = SK_MIN(h->app, h->raw);
	return keep - SK_MIN(keep, SK_MAX(before, s->cfg.raw_overlap));
}

void reass_trim(struct ips_streams *s, struct ips_flow *f, enum ips_dir dir)
{
	struct half *h = &f->tcp->half[dir];
	uint64_t keep;

	/* As Suricata: what was not acknowledged by then is let go. */
	if (!s->cfg.inline_mode && (h->flags & HALF_DEPTH) && !(h->flags & HALF_OVER)) {
		h->flags |= HALF_OVER | HALF_STOP;
		store_clear(&s->pool, &h->st);
		h->raw = SK_MAX(h->raw, h->app);
	}
	/* Nothing is taken any more: the place follows what is acknowledged. */
	if (half_is_dead(h) && half_acked(h) > h->app) {
		h->app = half_acked(h);
		if (store_seg_after(&s->pool, &h->st, h->raw) == NONE)
			h->raw = h->app;
	}
	if (h->base == h->app && h->st.seg_head == NONE)
		return;
	keep = s->cfg.inline_mode ? keep_inline(s, h, raw_wanted(f))
				  : keep_captures(s, h, raw_wanted(f));
	if (keep <= h->base)
		return;
	store_trim(&s->pool, &h->st, keep);
	h->base_seq += (uint32_t)(keep - h->base);
	h->base = keep;
	h->raw = SK_MAX(h->raw, s->cfg.inline_mode ? keep : h->raw);
	s->stats.pool_used = s->pool.pages_used * PAGE;
}
