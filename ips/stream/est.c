/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Data flows: the established state, the first FIN, and resets. Order of the checks and what each
 * updates follow Suricata, so that its stream events come out the same.
 */
#include "ips/stream/reass.h"
#include "ips/stream/state.h"

static bool is_loose(const struct tcp_ctx *c)
{
	return c->t->flags & (TCPF_MIDSTREAM | TCPF_ASYNC);
}

/* A segment that ends before what is acknowledged. */
static bool before_ack_ok(struct tcp_ctx *c, uint32_t end)
{
	struct half *h = c->snd;
	uint32_t seq = c->p->tcp.seq;

	if (c->t->flags & TCPF_ASYNC) {
		half_ack(h, seq);
		return true;
	}
	if (c->to_server && c->s->cfg.async_oneside && (c->t->flags & TCPF_MIDSTREAM) &&
		(h->next_seq == seq || h->last_ack == h->isn + 1)) {
		half_ack(h, seq);
		c->t->flags |= TCPF_ASYNC;
		return true;
	}
	/* Acknowledged, but not seen before. */
	return seq_lt(h->next_seq, h->last_ack) && seq_lt(h->next_seq, end);
}

static void learn_server_window(struct tcp_ctx *c)
{
	if (c->to_server || !(c->t->flags & TCPF_MIDSTREAM_EST))
		return;
	c->snd->window = (uint32_t)c->p->tcp.win << c->snd->wscale;
	c->snd->next_win = c->snd->last_ack + c->snd->window;
	c->t->flags &= ~(uint32_t)TCPF_MIDSTREAM_EST;
}

static bool est_ack_ok(struct tcp_ctx *c)
{
	uint32_t probe = c->to_server ? TCPF_ZWP_TC : TCPF_ZWP_TS;

	if (!tcp_is(c, IPS_TCP_ACK))
		return true;
	if ((c->t->flags & probe) && c->p->tcp.ack == c->rcv->next_seq + 1) {
		tcp_event(c, IPS_EV_STREAM_EST_ACK_ZWP_DATA);
		return true;
	}
	return tcp_ack_ok(c);
}

static int est_ack(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	uint32_t len = c->p->payload.len, end = tcp->seq + len;
	struct half *h = c->snd;

	if (!est_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_EST_INVALID_ACK);
	learn_server_window(c);
	if (!(len <= 1 && tcp->seq == h->next_seq - 1) && seq_lt(end, h->last_ack) &&
		!before_ack_ok(c, end)) {
		/* The receiver has it all: nothing it would look at. */
		tcp_event(c, IPS_EV_STREAM_EST_PKT_BEFORE_LAST_ACK);
		return 0;
	}
	if (len == 1 && tcp->seq == h->next_seq && h->window == 0) {
		c->t->flags |= c->to_server ? TCPF_ZWP_TS : TCPF_ZWP_TC;
		tcp_segment(c);
		return 0;
	}
	if (seq_leq(h->next_seq, end))
		half_next(c->t, h, end);
	if (!seq_leq(end, h->next_win) && !is_loose(c))
		return tcp_refuse(c, IPS_EV_STREAM_EST_PACKET_OUT_OF_WINDOW);
	c->rcv->window = (uint32_t)tcp->win << c->rcv->wscale;
	if (tcp_is(c, IPS_TCP_ACK))
		half_ack(c->rcv, tcp->ack);
	tcp_ts_update(c);
	half_next_win(c->rcv);
	tcp_segment(c);
	return 0;
}

static int est_syn_ack(struct tcp_ctx *c)
{
	if (c->to_server)
		return tcp_refuse(c, IPS_EV_STREAM_EST_SYNACK_TOSERVER);
	if (c->p->tcp.ack != c->rcv->last_ack)
		return tcp_refuse(c, IPS_EV_STREAM_EST_SYNACK_RESEND_WITH_DIFF_ACK);
	if (c->p->tcp.seq != c->snd->isn)
		return tcp_refuse(c, IPS_EV_STREAM_EST_SYNACK_RESEND_WITH_DIFF_SEQ);
	if (c->t->flags & TCPF_3WHS_CONFIRMED)
		return tcp_refuse(c, IPS_EV_STREAM_EST_SYNACK_RESEND);
	return 0; /* the handshake's last ACK was lost on the way */
}

static int est_syn(struct tcp_ctx *c)
{
	if (!c->to_server)
		return tcp_refuse(c, IPS_EV_STREAM_EST_SYN_TOCLIENT);
	if (c->p->tcp.seq != c->snd->isn)
		return tcp_refuse(c, IPS_EV_STREAM_EST_SYN_RESEND_DIFF_SEQ);
	return tcp_refuse(c, IPS_EV_STREAM_EST_SYN_RESEND);
}

static void close_with_reset(struct tcp_ctx *c)
{
	c->t->flags |= TCPF_BY_RST;
	tcp_set_state(c, TCP_CLOSED);
}

static void reset_done(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_ACK) && tcp_ack_ok(c))
		half_ack(c->rcv, c->p->tcp.ack);
	/* Whatever was sent before the reset counts. */
	half_ack(c->snd, c->p->tcp.seq);
	tcp_ts_update(c);
	tcp_segment(c);
}

int tcp_reset(struct tcp_ctx *c)
{
	if (!tcp_rst_ok(c))
		return -1;
	close_with_reset(c);
	reset_done(c);
	return 0;
}

static int est_reset(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	if (!tcp_rst_ok(c))
		return -1;
	close_with_reset(c);
	c->rcv->next_seq = tcp->ack;
	c->snd->next_seq = tcp->seq + c->p->payload.len + !c->to_server;
	c->snd->window = (uint32_t)tcp->win << c->snd->wscale;
	reset_done(c);
	return 0;
}

int tcp_fin(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	uint32_t end = tcp->seq + c->p->payload.len;

	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_FIN_INVALID_ACK);
	if (seq_lt(tcp->seq, c->snd->last_ack) || !seq_leq(end, c->snd->next_win))
		return tcp_refuse(c, IPS_EV_STREAM_FIN_OUT_OF_WINDOW);
	if (tcp_is(c, IPS_TCP_SYN))
		return tcp_refuse(c, IPS_EV_STREAM_FIN_SYN);
	tcp_set_state(c, c->to_server ? TCP_CLOSE_WAIT : TCP_FIN_WAIT1);
	c->snd->next_seq = end + !c->to_server;
	c->rcv->window = (uint32_t)tcp->win << c->rcv->wscale;
	tcp_ts_update(c);
	if (seq_lt(c->rcv->next_seq, tcp->ack))
		c->rcv->next_seq = tcp->ack;
	if (tcp_is(c, IPS_TCP_ACK))
		half_ack(c->rcv, tcp->ack);
	tcp_segment(c);
	return 0;
}

int tcp_established(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return est_reset(c);
	if (tcp_is(c, IPS_TCP_FIN))
		return tcp_ts_ok(c) ? tcp_fin(c) : -1;
	if (tcp_is(c, IPS_TCP_SYN))
		return tcp_is(c, IPS_TCP_ACK) ? est_syn_ack(c) : est_syn(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return c->s->cfg.inline_mode ? -1
					     : 0; /* no receiver takes it (RFC 9293 3.10.7.4) */
	if (!tcp_ts_ok(c))
		return -1;
	if (!c->to_server)
		c->t->flags |= TCPF_3WHS_CONFIRMED;
	/* Suricata only notes what is wrong here; inline it must not arrive. */
	return est_ack(c) < 0 && c->s->cfg.inline_mode ? -1 : 0;
}
