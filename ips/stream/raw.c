/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Raw inspection: which bytes of a stream detection looks at with a packet. Called by the engine
 * once a packet. Nothing is copied but seams, chunks of captures and what a late segment released.
 */
#include "ips/stream/reass.h"

#include <string.h>

#include "lib/util.h"

#define IN_PLACE 4096 /* payloads from that size on are not copied behind their tail */

static struct half *half_of(const struct ips_flow *f, enum ips_dir dir)
{
	return &f->tcp->half[dir];
}

static uint32_t tail_of(
	const struct ips_streams *s, const struct half *h, uint64_t off, uint32_t max)
{
	uint64_t min = off > max ? off - max : 0;

	min = SK_MAX(min, h->base);
	return (uint32_t)(off - store_run_back(&s->pool, &h->st, off, min));
}

/* Stored bytes: up to max old ones before off, and [off, end). */
static void view_stored(struct ips_streams *s, struct half *h, uint64_t off, uint64_t end,
	uint32_t old, struct ips_raw *ret)
{
	uint32_t tail = tail_of(s, h, off, old), in_page;

	end = SK_MIN(end, off + SCRATCH - tail);
	ret->offset = off - tail;
	ret->len = (uint32_t)(end - ret->offset);
	ret->fresh = (uint32_t)(end - off);
	ret->from_start = ret->offset == 0;
	ret->data = store_at(&s->pool, &h->st, ret->offset, &in_page);
	if (in_page < ret->len) {
		store_read(&s->pool, &h->st, ret->offset, s->scratch, ret->len);
		ret->data = s->scratch;
	}
	h->raw_to = end;
}

/* The packet's own bytes from off on, in place where they are many. */
static void view_payload(struct ips_streams *s, struct half *h, uint64_t off, const uint8_t *data,
	uint32_t len, struct ips_raw *ret)
{
	uint32_t tail = tail_of(s, h, off, s->cfg.raw_window), again;

	*ret = (struct ips_raw){.data = data, .len = len, .fresh = len, .offset = off};
	ret->from_start = off == 0;
	h->raw_to = off + len;
	if (tail == 0)
		return;
	if (len < IN_PLACE) {
		store_read(&s->pool, &h->st, off - tail, s->scratch, tail);
		memcpy(s->scratch + tail, data, len);
		ret->data = s->scratch;
		ret->len = tail + len;
		ret->offset = off - tail;
		ret->from_start = ret->offset == 0;
		return;
	}
	again = SK_MIN(len, s->cfg.raw_window);
	store_read(&s->pool, &h->st, off - tail, s->seam, tail);
	memcpy(s->seam + tail, data, again);
	ret->seam = s->seam;
	ret->seam_old = tail;
	ret->seam_len = tail + again;
}

/* A late segment made more readable than itself brings; or an earlier packet was never looked at.
 */
static void raw_released(struct ips_streams *s, struct half *h, struct ips_raw *ret)
{
	uint32_t i = store_seg_after(&s->pool, &h->st, h->raw);

	/* What was not kept for want of room cannot be shown. */
	if (i == NONE || s->pool.seg[i].off > h->raw)
		h->raw = i == NONE ? h->app : SK_MIN(h->app, s->pool.seg[i].off);
	if (h->raw == h->app)
		return;
	view_stored(
		s, h, h->raw, store_run(&s->pool, &h->st, h->raw, h->app), s->cfg.raw_window, ret);
	ret->more = h->raw_to < h->app;
}

static void raw_inline(struct ips_streams *s, const struct ips_packet *p, struct ips_raw *ret)
{
	struct half *h = half_of(p->flow, p->dir);
	uint32_t seq = p->tcp.seq + !!(p->tcp.flags & IPS_TCP_SYN);
	int64_t from = half_off(h, seq), to = from + p->payload.len;
	uint64_t raw = h->raw;

	if ((p->flags & IPS_PKT_STREAM_BAD) || !(p->flags & IPS_PKT_STREAM))
		return;
	if (raw < h->app) {
		if (from <= (int64_t)raw && to >= (int64_t)h->app) {
			view_payload(s, h, raw, p->payload.data + ((int64_t)raw - from),
				(uint32_t)(h->app - raw), ret);
			return;
		}
		raw_released(s, h, ret);
		return;
	}
	/* Sent again: what was dropped for its content must not pass the second time. */
	if (from >= 0 && to <= (int64_t)h->app && p->payload.len && !half_is_dead(h))
		view_payload(s, h, (uint64_t)from, p->payload.data, p->payload.len, ret);
}

/* Suricata's conditions for looking at less than a chunk. */
static bool is_due(const struct ips_streams *s, const struct ips_packet *p, const struct half *h)
{
	const struct ips_tcp *t = p->flow->tcp;
	uint64_t acked = half_acked(h);

	return (h->flags & (HALF_TRIGGER | HALF_DEPTH | HALF_STOP)) || t->state > TCP_TIME_WAIT ||
		(p->flags & IPS_PKT_PSEUDO) ||
		(acked > h->raw && acked - h->raw >= s->cfg.raw_chunk[p->dir]);
}

bool raw_is_ready(const struct ips_streams *s, const struct ips_packet *p)
{
	const struct half *h = half_of(p->flow, p->dir);

	return half_edge(s, h) > h->raw && is_due(s, p, h);
}

static void raw_captures(struct ips_streams *s, const struct ips_packet *p, struct ips_raw *ret)
{
	struct half *h = half_of(p->flow, p->dir);
	bool all = p->flags & IPS_PKT_PSEUDO;
	uint64_t limit, end;
	uint32_t i;

	if ((p->flags & IPS_PKT_STREAM_BAD) || !raw_is_ready(s, p))
		return;
	limit = all ? UINT64_MAX : half_acked(h);
	i = store_seg_after(&s->pool, &h->st, h->raw);
	if (i != NONE && s->pool.seg[i].off > h->raw && (all || s->pool.seg[i].off < limit))
		h->raw = s->pool.seg[i].off;
	end = store_run(&s->pool, &h->st, h->raw, limit);
	if (end <= h->raw)
		return;
	view_stored(s, h, h->raw, end, s->cfg.raw_overlap, ret);
	i = store_seg_after(&s->pool, &h->st, h->raw_to);
	if (i == NONE || s->pool.seg[i].off >= limit)
		return;
	/* Behind a hole: at the end now, else with a later packet, and then from there on. */
	if (all || s->pool.seg[i].off <= h->raw_to)
		ret->more = true;
	else
		h->raw_to = s->pool.seg[i].off;
}

void ips_stream_raw(struct ips_streams *s, const struct ips_packet *p, struct ips_raw *ret)
{
	*ret = (struct ips_raw){.data = NULL};
	if (!p->flow || !p->flow->tcp || p->proto != p->flow->proto)
		return;
	if (s->cfg.inline_mode && !(p->flags & IPS_PKT_PSEUDO))
		raw_inline(s, p, ret);
	else if (!s->cfg.inline_mode)
		raw_captures(s, p, ret);
}

void ips_stream_raw_done(struct ips_streams *s, struct ips_flow *f, enum ips_dir dir)
{
	struct half *h;

	if (!f->tcp)
		return;
	h = half_of(f, dir);
	h->raw = SK_MAX(h->raw, h->raw_to);
	if (h->raw >= half_acked(h) || store_seg_after(&s->pool, &h->st, h->raw) == NONE)
		h->flags &= ~(uint32_t)HALF_TRIGGER;
}

void ips_stream_raw_trigger(struct ips_flow *f, enum ips_dir dir)
{
	if (f->tcp)
		half_of(f, dir)->flags |= HALF_TRIGGER;
}

void ips_stream_stop(struct ips_flow *f, enum ips_dir dir)
{
	if (f->tcp)
		half_of(f, dir)->flags |= HALF_STOP;
}
