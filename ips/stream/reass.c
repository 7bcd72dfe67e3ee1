/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of a segment is taken. Captures: stored segment by segment, and of two versions of a byte
 * the one that the receiver keeps (Windows, BSD: the older, unless the newer segment began before
 * it). Inline: every byte that is there already must be the same, else the packet is refused.
 */
#include "ips/stream/reass.h"

#include <string.h>

#include "lib/util.h"

#define RECLAIM_TRIES 16

uint64_t half_edge(const struct ips_streams *s, const struct half *h)
{
	uint64_t end = h->st.seg_tail == NONE ? 0 : seg_end(&s->pool.seg[h->st.seg_tail]);

	return SK_MAX(end, h->app);
}

void half_set_isn(struct ips_streams *s, struct half *h, uint32_t isn)
{
	store_clear(&s->pool, &h->st);
	h->isn = isn;
	h->base_seq = h->last_ack = isn + 1;
	h->base = h->app = h->raw = h->raw_to = 0;
}

static void event(struct tcp_ctx *c, enum ips_event ev)
{
	if (c->p)
		ips_event_set(&c->p->events, ev);
}

/* ---- room ----------------------------------------------------------------------------------- */

void reass_untouch(struct ips_streams *s, struct ips_tcp *t)
{
	if (t->lru_at == 0)
		return;
	if (t->lru_prev == NONE)
		s->lru_head = t->lru_next;
	else
		s->tcps[t->lru_prev].lru_next = t->lru_next;
	if (t->lru_next == NONE)
		s->lru_tail = t->lru_prev;
	else
		s->tcps[t->lru_next].lru_prev = t->lru_prev;
	t->lru_at = 0;
}

void reass_touch(struct ips_streams *s, struct ips_tcp *t)
{
	uint32_t i = (uint32_t)(t - s->tcps);

	/* Not for each packet: a place in the last few hundred is as good as the last. */
	if (t->lru_at && s->clock - t->lru_at < 256)
		return;
	reass_untouch(s, t);
	t->lru_at = s->clock ? s->clock : 1;
	t->lru_next = NONE;
	t->lru_prev = s->lru_tail;
	if (s->lru_tail == NONE)
		s->lru_head = i;
	else
		s->tcps[s->lru_tail].lru_next = i;
	s->lru_tail = i;
}

/* The session idle longest gives up what it only keeps for raw inspection. */
static bool reclaim(struct ips_streams *s, struct ips_tcp *mine)
{
	uint32_t before = s->pool.pages_used;

	for (unsigned i = 0; i < RECLAIM_TRIES && s->lru_head != NONE; i++) {
		struct ips_tcp *t = &s->tcps[s->lru_head];

		reass_untouch(s, t);
		if (t == mine) {
			reass_touch(s, t);
			continue;
		}
		for (unsigned d = 0; d < 2; d++) {
			struct half *h = &t->half[d];
			uint64_t keep = h->app;

			if (s->cfg.inline_mode)
				keep = SK_MIN(keep, half_acked(h));
			else if (h->raw / PAGE > h->base / PAGE)
				keep = SK_MIN(keep, h->raw);
			if (keep <= h->base)
				continue;
			h->raw = SK_MAX(h->raw, keep);
			store_trim(&s->pool, &h->st, keep);
			h->base_seq += (uint32_t)(keep - h->base);
			h->base = keep;
			s->stats.tails_cut++;
		}
	}
	return s->pool.pages_used < before;
}

/* Pages one direction may hold: enough for any window, not enough to starve the others. */
static uint32_t quota(const struct ips_streams *s)
{
	return SK_MAX(s->pool.pages / 8, 64);
}

static bool reserve(struct tcp_ctx *c, struct half *h, uint64_t off, uint32_t len)
{
	struct ips_streams *s = c->s;

	if (h->st.pages + len / PAGE > quota(s)) {
		event(c, IPS_EV_STREAM_REASSEMBLY_INSERT_LIMIT);
		return false;
	}
	while (!store_reserve(&s->pool, &h->st, off, len)) {
		if (!reclaim(s, c->t)) {
			event(c, IPS_EV_STREAM_REASSEMBLY_INSERT_MEMCAP);
			return false;
		}
	}
	reass_touch(s, c->t);
	s->stats.pool_used = s->pool.pages_used * PAGE;
	return true;
}

/* Contiguous neighbours become one segment; what began where is forgotten. */
static void join(struct ips_streams *s, struct half *h, uint64_t until)
{
	uint32_t i = h->st.seg_head;

	while (i != NONE && s->pool.seg[i].off < until) {
		struct seg *g = &s->pool.seg[i];
		const struct seg *n = g->next == NONE ? NULL : &s->pool.seg[g->next];

		if (n && seg_end(g) == n->off && seg_end(n) <= until &&
			n->len < UINT32_MAX - g->len) {
			g->len += n->len;
			store_seg_del(&s->pool, &h->st, g->next);
			continue;
		}
		i = g->next;
	}
}

static bool may_add(struct tcp_ctx *c, struct half *h)
{
	if (h->st.segs < c->s->cfg.max_segments)
		return true;
	join(c->s, h, UINT64_MAX);
	if (h->st.segs < c->s->cfg.max_segments)
		return true;
	event(c, IPS_EV_STREAM_REASSEMBLY_INSERT_LIMIT);
	return false;
}

/* Bytes [off, end) where nothing is yet, before segment `before`. Pages are reserved. */
static bool put_new(struct tcp_ctx *c, struct half *h, uint32_t before, uint64_t off,
	const uint8_t *data, uint32_t len, uint32_t lead)
{
	struct ips_streams *s = c->s;

	if (store_seg_add(&s->pool, &h->st, before, off, len, lead) == NONE) {
		event(c, IPS_EV_STREAM_REASSEMBLY_NO_SEGMENT);
		return false;
	}
	store_write(&s->pool, &h->st, off, data, len);
	return true;
}

/* A piece of a segment on the wire: data lies at off, the segment began at start. */
struct piece {
	uint64_t off, end, start;
	const uint8_t *data; /* of off */
};

static const uint8_t *at(const struct piece *x, uint64_t off)
{
	return x->data + (off - x->off);
}

/*
 * Of two versions of a byte the receiver keeps the older, unless the newer segment began before
 * it. What was delivered stays as it is. The event is Suricata's, which overlooks exact repeats.
 */
static void settle(struct tcp_ctx *c, struct half *h, const struct piece *x, struct seg *g,
	uint64_t cur, uint64_t stop)
{
	struct ips_streams *s = c->s;
	uint64_t begin = g->off - g->lead, from = SK_MAX(cur, h->app);

	if (store_equal(&s->pool, &h->st, cur, at(x, cur), (uint32_t)(stop - cur)))
		return;
	if (begin != x->start || seg_end(g) != x->end)
		event(c, IPS_EV_STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	if (x->start >= begin || from >= stop)
		return;
	store_write(&s->pool, &h->st, from, at(x, from), (uint32_t)(stop - from));
	g->lead = (uint32_t)SK_MIN(g->off - x->start, UINT32_MAX);
}

/* Store of x what is not there yet; captures: settle what is (inline it was verified). */
static bool store_piece(struct tcp_ctx *c, struct half *h, const struct piece *x)
{
	struct ips_streams *s = c->s;
	uint64_t cur = x->off;
	uint32_t i;

	if (!may_add(c, h) || !reserve(c, h, x->off, (uint32_t)(x->end - x->off))) {
		s->stats.no_pool++;
		return false;
	}
	i = store_seg_after(&s->pool, &h->st, cur);
	while (cur < x->end) {
		struct seg *g = i == NONE ? NULL : &s->pool.seg[i];
		uint64_t hole = g ? SK_MIN(g->off, x->end) : x->end, stop;

		if (!g || hole > cur) {
			uint64_t from = SK_MAX(cur, h->app); /* a skipped hole stays one */

			if (from < hole &&
				!put_new(c, h, i, from, at(x, from), (uint32_t)(hole - from),
					(uint32_t)SK_MIN(from - x->start, UINT32_MAX))) {
				s->stats.no_pool++;
				return false;
			}
			cur = hole;
			continue;
		}
		stop = SK_MIN(seg_end(g), x->end);
		s->stats.overlaps++;
		if (!s->cfg.inline_mode)
			settle(c, h, x, g, cur, stop);
		cur = stop;
		i = g->next;
	}
	return true;
}

/* ---- captures ------------------------------------------------------------------------------- */

static enum reass_result data_captures(struct tcp_ctx *c, int64_t off, uint32_t len)
{
	struct half *h = c->snd;
	struct piece x = {.start = (uint64_t)SK_MAX(off, 0)};
	uint64_t from;

	if (off + (int64_t)len <= (int64_t)h->base) {
		event(c, IPS_EV_STREAM_REASSEMBLY_SEGMENT_BEFORE_BASE_SEQ);
		return REASS_OK;
	}
	x.end = (uint64_t)(off + (int64_t)len);
	/* As Suricata: the segment that would cross the depth is refused as a whole. */
	if (c->s->cfg.depth && x.end > c->s->cfg.depth) {
		h->flags |= HALF_DEPTH;
		event(c, IPS_EV_STREAM_REASSEMBLY_DEPTH_REACHED);
		return REASS_OK;
	}
	from = SK_MAX(x.start, h->base);
	x.data = c->p->payload.data + (int64_t)(from - (uint64_t)off);
	x.off = from;
	store_piece(c, h, &x);
	return x.off > h->app ? REASS_OUT_OF_ORDER : REASS_OK;
}

/* ---- inline --------------------------------------------------------------------------------- */

static enum reass_result ambiguous(struct tcp_ctx *c, bool known)
{
	c->s->stats.ambiguous++;
	c->s->stats.unverified += !known;
	event(c, IPS_EV_STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA);
	return REASS_BAD;
}

/*
 * What of x we have must be the same; what was acknowledged the receiver does not look at again.
 * What we delivered, did not keep and the receiver has not acknowledged cannot be judged: the
 * receiver might take this version of it.
 */
static enum reass_result verify(struct tcp_ctx *c, struct half *h, const struct piece *x)
{
	struct ips_streams *s = c->s;
	uint64_t cur = SK_MAX(x->off, half_acked(h));
	uint32_t i = store_seg_after(&s->pool, &h->st, cur);

	while (cur < x->end) {
		const struct seg *g = i == NONE ? NULL : &s->pool.seg[i];
		uint64_t hole = g ? SK_MIN(g->off, x->end) : x->end, stop;

		if (!g || hole > cur) {
			if (cur < SK_MIN(hole, h->app))
				return ambiguous(c, false);
			cur = hole;
			continue;
		}
		stop = SK_MIN(seg_end(g), x->end);
		s->stats.overlaps++;
		if (!store_equal(&s->pool, &h->st, cur, at(x, cur), (uint32_t)(stop - cur)))
			return ambiguous(c, true);
		cur = stop;
		i = g->next;
	}
	return REASS_OK;
}

/* In order: kept behind the delivered ones, most often by growing the last segment. */
static void keep_in_order(struct tcp_ctx *c, struct half *h, const struct piece *x)
{
	struct ips_streams *s = c->s;
	struct seg *last = h->st.seg_tail == NONE ? NULL : &s->pool.seg[h->st.seg_tail];
	uint32_t len = (uint32_t)(x->end - x->off);

	if (!last || seg_end(last) != x->off || last->len >= UINT32_MAX - len) {
		store_piece(c, h, x);
		return;
	}
	if (!reserve(c, h, x->off, len)) {
		s->stats.no_pool++;
		return;
	}
	store_write(&s->pool, &h->st, x->off, x->data, len);
	last->len += len;
}

static enum reass_result take_inline(struct tcp_ctx *c, struct half *h, struct piece *x)
{
	enum ips_dir dir = (enum ips_dir)(h - c->t->half);

	if (x->end <= h->app || half_is_dead(h))
		return REASS_OK;
	if (x->off > h->app)
		return store_piece(c, h, x) ? REASS_OUT_OF_ORDER : REASS_BAD;
	x->data = at(x, h->app);
	x->off = h->app;
	keep_in_order(c, h, x);
	reass_emit(c, dir, x->data, (uint32_t)(x->end - x->off));
	if (h->st.segs > 1) {
		reass_deliver(c, dir, UINT64_MAX);
		join(c->s, h, h->app);
	}
	return REASS_OK;
}

static enum reass_result data_inline(struct tcp_ctx *c, int64_t off, uint32_t len)
{
	struct half *h = c->snd;
	uint32_t depth = c->s->cfg.depth;
	struct piece x;
	enum reass_result r;

	/* Forgotten without having been acknowledged: cannot be judged any more. */
	if (seq_lt(h->last_ack, h->base_seq) && off < (int64_t)h->base &&
		off + (int64_t)len > half_off(h, h->last_ack))
		return ambiguous(c, false);
	if (off + (int64_t)len <= (int64_t)h->base)
		return REASS_OK;
	x.off = (uint64_t)SK_MAX(off, (int64_t)h->base);
	x.start = x.off;
	x.end = (uint64_t)(off + (int64_t)len);
	x.data = c->p->payload.data + ((int64_t)x.off - off);
	if (depth && x.end > depth) {
		if (!(h->flags & HALF_DEPTH))
			event(c, IPS_EV_STREAM_REASSEMBLY_DEPTH_REACHED);
		x.end = SK_MAX(x.off, depth);
	}
	r = verify(c, h, &x);
	if (r == REASS_OK)
		r = take_inline(c, h, &x);
	if (r != REASS_BAD && depth && off + (int64_t)len > (int64_t)depth && h->app >= depth)
		h->flags |= HALF_DEPTH;
	return r;
}

enum reass_result reass_data(struct tcp_ctx *c, uint32_t seq)
{
	struct half *h = c->snd;
	uint32_t len = c->p->payload.len;
	int64_t off = half_off(h, seq);

	if (len == 0)
		return REASS_OK;
	if (c->s->cfg.inline_mode)
		return data_inline(c, off, len);
	if (half_is_dead(h)) {
		if (h->flags & HALF_DEPTH)
			event(c, IPS_EV_STREAM_REASSEMBLY_DEPTH_REACHED);
		return REASS_OK;
	}
	return data_captures(c, off, len);
}
