/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SYNs and SYN+ACKs that came again with other numbers: which of them counts, the answer tells.
 * Kept in a bounded pool of the worker, few a session.
 */
#include "ips/stream/state.h"

#define SYNS_MAX 10 /* as Suricata's max-syn-queued and max-synack-queued */
#define SYN_ACKS_MAX 5

void hello_of_syn(const struct tcp_ctx *c, struct hello *ret)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	*ret = (struct hello){
		.next = NONE,
		.seq = tcp->seq,
		.win = tcp->win,
		.pkt_s = (uint32_t)(c->p->ts_us / 1000000),
		.has_wscale = tcp->wscale != 255,
		.wscale = tcp->wscale != 255 ? tcp->wscale : 0,
		.has_ts = tcp->has_ts,
		.ts = tcp->has_ts ? tcp->ts_val : 0,
	};
}

void hello_of_syn_ack(const struct tcp_ctx *c, struct hello *ret)
{
	hello_of_syn(c, ret);
	ret->ack = c->p->tcp.ack;
}

static void hello_of_session(const struct ips_tcp *t, struct hello *ret)
{
	const struct half *h = &t->half[IPS_TOSERVER];

	*ret = (struct hello){
		.next = NONE,
		.seq = h->isn,
		.win = (uint16_t)t->half[IPS_TOCLIENT].window,
		.pkt_s = h->last_pkt_s,
		.has_wscale = t->flags & TCPF_WSCALE,
		.wscale = t->half[IPS_TOCLIENT].wscale,
		.has_ts = h->flags & HALF_TS,
		.ts = h->last_ts,
	};
}

static bool same(const struct hello *a, const struct hello *b)
{
	return a->seq == b->seq && a->ack == b->ack && a->win == b->win && a->ts == b->ts &&
		a->has_ts == b->has_ts && a->has_wscale == b->has_wscale && a->wscale == b->wscale;
}

static uint32_t take(struct ips_streams *s)
{
	uint32_t i = s->hello_free;

	if (i != NONE)
		s->hello_free = s->hellos[i].next;
	else if (s->hello_fresh < IPS_STREAM_HELLOS)
		i = s->hello_fresh++;
	return i;
}

static uint32_t *last_link(struct ips_streams *s, struct ips_tcp *t)
{
	uint32_t *link = &t->queue;

	while (*link != NONE)
		link = &s->hellos[*link].next;
	return link;
}

static int append(struct tcp_ctx *c, const struct hello *e)
{
	uint32_t i = take(c->s);

	if (i == NONE)
		return -1;
	*last_link(c->s, c->t) = i;
	c->s->hellos[i] = *e;
	c->s->hellos[i].next = NONE;
	c->t->queue_len++;
	return 0;
}

static void drop_first(struct ips_streams *s, struct ips_tcp *t)
{
	uint32_t i = t->queue;

	t->queue = s->hellos[i].next;
	s->hellos[i].next = s->hello_free;
	s->hello_free = i;
	t->queue_len--;
}

static bool is_kept(const struct tcp_ctx *c, const struct hello *e)
{
	for (uint32_t i = c->t->queue; i != NONE; i = c->s->hellos[i].next)
		if (same(&c->s->hellos[i], e))
			return true;
	return false;
}

/* SYNs without a timestamp cannot be told apart: each is kept. */
static bool is_syn_kept(const struct tcp_ctx *c, const struct hello *e)
{
	for (uint32_t i = c->t->queue; i != NONE; i = c->s->hellos[i].next) {
		const struct hello *k = &c->s->hellos[i];

		if (e->has_ts && k->has_ts && k->ts == e->ts && k->seq == e->seq)
			return true;
	}
	return false;
}

void hello_keep_syn(struct tcp_ctx *c)
{
	struct hello e, now;

	hello_of_syn(c, &now);
	hello_of_session(c->t, &e);
	if ((same(&now, &e) && now.pkt_s == e.pkt_s) || is_syn_kept(c, &e))
		return;
	if (c->t->queue_len >= SYNS_MAX) {
		tcp_event(c, IPS_EV_STREAM_3WHS_SYN_FLOOD);
		drop_first(c->s, c->t);
	}
	append(c, &e);
}

int hello_keep_syn_ack(struct tcp_ctx *c)
{
	struct hello e;

	hello_of_syn_ack(c, &e);
	if (is_kept(c, &e))
		return 0;
	if (c->t->queue_len >= SYN_ACKS_MAX)
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_SYNACK_FLOOD);
	return append(c, &e);
}

const struct hello *hello_answered_syn(const struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	for (uint32_t i = c->t->queue; i != NONE; i = c->s->hellos[i].next) {
		const struct hello *e = &c->s->hellos[i];

		if (e->seq != tcp->ack - 1)
			continue;
		/* With timestamps, the answer echoes that of its SYN. */
		if (tcp->has_ts == e->has_ts && (!e->has_ts || e->ts == tcp->ts_ecr))
			return e;
	}
	return NULL;
}

const struct hello *hello_answered_syn_ack(const struct tcp_ctx *c)
{
	for (uint32_t i = c->t->queue; i != NONE; i = c->s->hellos[i].next) {
		const struct hello *e = &c->s->hellos[i];

		if (e->seq == c->p->tcp.ack - 1 && e->ack == c->p->tcp.seq)
			return e;
	}
	return NULL;
}

void hello_forget(struct ips_streams *s, struct ips_tcp *t)
{
	while (t->queue != NONE)
		drop_first(s, t);
}
