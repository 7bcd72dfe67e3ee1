/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker's sessions and what is done with each packet and at each flow's end: the public face
 * of the module. Called by the engine, from one thread.
 */
#include "ips/stream/reass.h"
#include "ips/stream/state.h"

#include <string.h>

#include "lib/util.h"

#define SESSIONS_MIN 16

void ips_stream_config_default(struct ips_stream_config *cfg, bool inline_mode)
{
	*cfg = (struct ips_stream_config){
		.inline_mode = inline_mode,
		.midstream = inline_mode,
		.sessions = 65536,
		.pool_bytes = 64u << 20,
		.depth = 1u << 20,
		.raw_chunk = {2560, 2560},
		.raw_window = 2560,
		.max_segments = 1024,
	};
}

struct ips_streams *ips_streams_new(
	const struct ips_stream_config *cfg, ips_chunk_fn *fn, void *arg)
{
	struct ips_streams *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->cfg = *cfg;
	s->cfg.sessions = SK_MAX(cfg->sessions, SESSIONS_MIN);
	s->cfg.max_segments = SK_MAX(cfg->max_segments, 2);
	s->cfg.raw_window = SK_MIN(cfg->raw_window, SCRATCH / 4);
	s->cfg.raw_overlap = SK_MIN(cfg->raw_overlap, SCRATCH / 4);
	s->fn = fn;
	s->arg = arg;
	s->tcp_free = s->hello_free = s->lru_head = s->lru_tail = NONE;
	s->tcps = malloc((size_t)s->cfg.sessions * sizeof(*s->tcps));
	s->hellos = malloc(IPS_STREAM_HELLOS * sizeof(*s->hellos));
	s->scratch = malloc(SCRATCH);
	s->seam = malloc(2 * (size_t)s->cfg.raw_window + 1);
	s->stats.sessions_max = s->cfg.sessions;
	if (!s->tcps || !s->hellos || !s->scratch || !s->seam ||
		pool_init(&s->pool, cfg->pool_bytes) < 0) {
		ips_streams_free(s);
		return NULL;
	}
	s->stats.pool_max = s->pool.pages * PAGE;
	return s;
}

void ips_streams_free(struct ips_streams *s)
{
	if (!s)
		return;
	pool_done(&s->pool);
	free(s->tcps);
	free(s->hellos);
	free(s->scratch);
	free(s->seam);
	free(s);
}

static void set_ctx(struct tcp_ctx *c)
{
	enum ips_dir d = c->p->dir;

	c->t = c->f->tcp;
	c->to_server = d == IPS_TOSERVER;
	if (!c->t)
		return;
	c->snd = &c->t->half[d];
	c->rcv = &c->t->half[!d];
}

struct ips_tcp *tcp_new(struct tcp_ctx *c)
{
	struct ips_streams *s = c->s;
	struct ips_tcp *t = c->f->tcp;
	uint32_t i = s->tcp_free;

	if (!t) {
		if (i != NONE)
			s->tcp_free = s->tcps[i].lru_next;
		else if (s->tcp_fresh < s->cfg.sessions)
			i = s->tcp_fresh++;
		else {
			s->stats.no_session++;
			return NULL;
		}
		t = &s->tcps[i];
		memset(t, 0, sizeof(*t));
		t->queue = NONE;
		store_init(&t->half[0].st);
		store_init(&t->half[1].st);
		c->f->tcp = t;
		s->stats.sessions++;
	}
	set_ctx(c);
	c->snd->tcp_flags |= c->p->tcp.flags;
	return t;
}

void ips_stream_gone(struct ips_streams *s, struct ips_flow *f)
{
	struct ips_tcp *t = f->tcp;

	if (!t)
		return;
	hello_forget(s, t);
	reass_untouch(s, t);
	for (unsigned d = 0; d < 2; d++)
		store_clear(&s->pool, &t->half[d].st);
	t->lru_next = s->tcp_free;
	s->tcp_free = (uint32_t)(t - s->tcps);
	s->stats.sessions--;
	s->stats.pool_used = s->pool.pages_used * PAGE;
	f->tcp = NULL;
}

void tcp_set_state(struct tcp_ctx *c, enum tcp_state state)
{
	if (state == c->t->state)
		return;
	c->t->prev_state = c->t->state;
	c->t->state = (uint8_t)state;
	switch (state) {
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSING:
	case TCP_CLOSE_WAIT: c->f->state = IPS_FLOW_ESTABLISHED; break;
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT:
	case TCP_CLOSED: c->f->state = IPS_FLOW_CLOSED; break;
	default: break;
	}
}

/* ---- an accepted segment ------------------------------------------------------------------------
 */

static void take_payload(struct tcp_ctx *c)
{
	bool syn = tcp_is(c, IPS_TCP_SYN);

	c->taken = true;
	/* What a reset carries is for people (RFC 1122 4.2.2.12): no receiver delivers it. */
	if (c->p->payload.len == 0 || tcp_is(c, IPS_TCP_RST) ||
		(!c->s->cfg.inline_mode && (c->snd->flags & HALF_OVER)))
		return;
	if (c->s->cfg.inline_mode && c->s->cfg.drop_urgent && tcp_is(c, IPS_TCP_URG) &&
		c->p->tcp.urg != 0)
		c->bad = true;
	else if (reass_data(c, c->p->tcp.seq + syn) == REASS_BAD)
		c->bad = true;
	c->p->flags |= IPS_PKT_STREAM;
}

static void deliver(struct tcp_ctx *c, enum ips_dir dir)
{
	struct half *h = &c->t->half[dir];

	reass_deliver(c, dir, c->s->cfg.inline_mode ? UINT64_MAX : half_acked(h));
	/* Closed by a reset that may have been ignored: the parsers are not told yet. */
	if ((c->snd->flags | c->rcv->flags) & HALF_RST_RECV)
		return;
	if (c->t->state == TCP_CLOSED && half_edge(c->s, h) <= h->app)
		reass_eof(c, dir);
}

/* Captures: a segment mostly acknowledges; only at the end does its own direction matter. */
static void segment_captures(struct tcp_ctx *c)
{
	bool own = false, other = true;

	if (tcp_is(c, IPS_TCP_RST)) {
		own = true;
		other = false;
	} else if (tcp_is(c, IPS_TCP_FIN) && c->t->state > TCP_TIME_WAIT) {
		own = true;
		other = tcp_is(c, IPS_TCP_ACK);
	} else if (c->t->state == TCP_CLOSED) {
		own = true;
	}
	if (other)
		deliver(c, !c->p->dir);
	take_payload(c);
	if (own || ((c->snd->flags & HALF_DEPTH) && !(c->snd->flags & HALF_DEPTH_TOLD)))
		deliver(c, c->p->dir);
}

void tcp_segment(struct tcp_ctx *c)
{
	if (!c->s->cfg.inline_mode) {
		segment_captures(c);
		return;
	}
	take_payload(c);
	/* Both: an acknowledgement may tell that a hole will not be filled in our sight. */
	if (half_edge(c->s, c->rcv) > c->rcv->app || c->t->state == TCP_CLOSED)
		deliver(c, !c->p->dir);
	if (c->t->state == TCP_CLOSED)
		deliver(c, c->p->dir);
}

/* ---- one packet ---------------------------------------------------------------------------------
 */

static int dispatch(struct tcp_ctx *c, enum tcp_state state);

/* After a reset that may have been ignored, the one it was meant for goes on. */
static int in_closed(struct tcp_ctx *c)
{
	int r;

	if (tcp_is(c, IPS_TCP_RST) || (c->snd->flags & HALF_RST_RECV) ||
		!(c->rcv->flags & HALF_RST_RECV))
		return 0;
	r = dispatch(c, c->t->prev_state);
	if (r == 0 && c->t->state == TCP_CLOSED)
		c->t->state = c->t->prev_state;
	return r;
}

static int dispatch(struct tcp_ctx *c, enum tcp_state state)
{
	switch (state) {
	case TCP_SYN_SENT: return tcp_syn_sent(c);
	case TCP_SYN_RECV: return tcp_syn_recv(c);
	case TCP_ESTABLISHED: return tcp_established(c);
	case TCP_FIN_WAIT1: return tcp_fin_wait1(c);
	case TCP_FIN_WAIT2: return tcp_fin_wait2(c);
	case TCP_CLOSING: return tcp_closing(c);
	case TCP_CLOSE_WAIT: return tcp_close_wait(c);
	case TCP_LAST_ACK: return tcp_last_ack(c);
	case TCP_TIME_WAIT: return tcp_time_wait(c);
	case TCP_NONE:
	case TCP_CLOSED: break;
	}
	return 0;
}

/* The sender of a reset does not go on: somebody else sent it. */
static void suspect_reset(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST) || !(c->rcv->flags & HALF_RST_RECV))
		return;
	c->rcv->flags &= ~(uint32_t)HALF_RST_RECV;
	c->t->flags &= ~(uint32_t)TCPF_BY_RST;
	tcp_event(c, IPS_EV_STREAM_SUSPECTED_RST_INJECT);
}

/* 0, 1: entirely before what is acknowledged; 2: and forgotten. */
static int is_spurious(struct tcp_ctx *c)
{
	uint32_t end = c->p->tcp.seq + c->p->payload.len;
	int r = 0;

	if (c->p->payload.len == 0)
		return 0;
	if (!(c->snd->flags & HALF_STOP) && seq_leq(end, c->snd->base_seq))
		r = 2;
	else if (seq_leq(end, c->snd->last_ack))
		r = 1;
	if (r)
		tcp_event(c, IPS_EV_STREAM_PKT_SPURIOUS_RETRANSMISSION);
	return r;
}

static int track(struct tcp_ctx *c)
{
	int r = 0;

	c->snd->tcp_flags |= c->p->tcp.flags;
	if (c->snd->tcp_flags && c->rcv->tcp_flags)
		c->t->flags &= ~(uint32_t)TCPF_ASYNC;
	if (!tcp_is_idle(c) && is_spurious(c) != 2)
		r = c->t->state == TCP_CLOSED ? in_closed(c) : dispatch(c, c->t->state);
	suspect_reset(c);
	return r;
}

/*
 * Inline: bytes that nobody looked at must not arrive. What a state ignored is taken after all if
 * it is part of the stream; what is acknowledged no receiver looks at again.
 */
static void leave_nothing_unseen(struct tcp_ctx *c, int r)
{
	struct ips_packet *p = c->p;

	if (p->payload.len && !c->taken && !c->bad) {
		if (!c->t || r < 0 || c->t->state < TCP_ESTABLISHED)
			c->bad = true;
		else if (c->t->state == TCP_CLOSED &&
			half_off(c->snd, p->tcp.seq + p->payload.len) > (int64_t)c->snd->app)
			c->bad = true;
		else
			take_payload(c);
	}
	/* A reset nobody would accept is not worth the risk that somebody does. */
	if (r < 0 && c->t && tcp_is(c, IPS_TCP_RST) && c->t->state != TCP_CLOSED)
		c->bad = true;
	if (c->bad)
		p->flags |= IPS_PKT_STREAM_BAD | IPS_PKT_NO_PAYLOAD;
}

void ips_stream_packet(struct ips_streams *s, struct ips_packet *p)
{
	struct tcp_ctx c = {.s = s, .p = p, .f = p->flow};
	int r;

	s->clock++;
	set_ctx(&c);
	if (!tcp_is(&c, IPS_TCP_ACK) && p->tcp.ack != 0)
		tcp_event(&c, IPS_EV_STREAM_PKT_BROKEN_ACK);
	if (c.t && c.t->state != TCP_NONE) {
		c.snd->sent = c.snd->next_seq;
		c.rcv->sent = c.rcv->next_seq;
		/* What the last packet showed was looked at: what nobody needs now goes. */
		reass_trim(s, c.f, IPS_TOSERVER);
		reass_trim(s, c.f, IPS_TOCLIENT);
		r = track(&c);
	} else {
		r = tcp_none(&c);
	}
	if (s->cfg.inline_mode)
		leave_nothing_unseen(&c, r);
	else if (r < 0)
		p->flags |= IPS_PKT_STREAM_BAD;
	if (!c.t)
		return;
	/* Suricata looks at the payload alone only if there is no stream to look at instead. */
	if (!s->cfg.inline_mode && r == 0 && p->payload.len && raw_is_ready(s, p))
		p->flags |= IPS_PKT_STREAM;
	if (c.t->state >= TCP_LAST_ACK)
		c.f->flags |= IPS_FLOW_TCP_OVER;
	else
		c.f->flags &= ~(uint32_t)IPS_FLOW_TCP_OVER;
}

/* ---- the flow's end, and questions
 * ---------------------------------------------------------------- */

void ips_stream_flush(struct ips_streams *s, struct ips_flow *f, enum ips_dir dir)
{
	struct tcp_ctx c = {.s = s, .f = f, .t = f->tcp};
	struct half *h;

	if (!f->tcp)
		return;
	h = &c.t->half[dir];
	/* After a proper close what was not acknowledged never arrived. */
	if (s->cfg.inline_mode || c.t->state < TCP_CLOSED || (c.t->flags & TCPF_BY_RST))
		reass_deliver(&c, dir, UINT64_MAX);
	else
		reass_deliver(&c, dir, half_acked(h));
	reass_eof(&c, dir);
}

uint64_t ips_stream_size(const struct ips_flow *f, enum ips_dir dir)
{
	const struct half *h;
	int64_t off;

	if (!f->tcp)
		return 0;
	h = &f->tcp->half[dir];
	if (h->next_seq == 0 && h->isn == 0)
		return 0; /* its SYN was not seen */
	off = half_off(h, h->next_seq);
	/* A reset may have set it back: then as Suricata counts. */
	return off >= 0 ? (uint64_t)off + 1 : h->next_seq - h->isn;
}

bool ips_stream_depth_reached(const struct ips_flow *f, enum ips_dir dir)
{
	return f->tcp && (f->tcp->half[dir].flags & HALF_DEPTH);
}

bool ips_stream_established(const struct ips_flow *f)
{
	return f->tcp && f->tcp->state >= TCP_ESTABLISHED;
}

bool ips_stream_unfinished(const struct ips_streams *s, const struct ips_flow *f, enum ips_dir dir)
{
	const struct half *h;
	uint64_t edge;

	if (!f->tcp)
		return false;
	if (f->tcp->state >= TCP_ESTABLISHED && f->tcp->state != TCP_CLOSED)
		return true;
	h = &f->tcp->half[dir];
	edge = half_edge(s, h);
	return edge > h->app || (!(f->app.flags & IPS_APP_NO_RAW) && edge > h->raw);
}

void ips_stream_reset_numbers(
	const struct ips_flow *f, enum ips_dir dir, uint32_t *ret_seq, uint32_t *ret_ack)
{
	*ret_seq = *ret_ack = 0;
	if (!f->tcp)
		return;
	*ret_seq = f->tcp->half[dir].sent;
	*ret_ack = f->tcp->half[!dir].next_seq;
}

const struct ips_stream_stats *ips_stream_stats(const struct ips_streams *s)
{
	return &s->stats;
}
