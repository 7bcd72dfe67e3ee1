/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How sessions begin: three-way and four-way handshake, data in the SYN (RFC 7413), connections
 * picked up in the middle, and those of which we see one side.
 */
#include "ips/stream/reass.h"
#include "ips/stream/state.h"

#include "lib/util.h"

static uint32_t now_s(const struct tcp_ctx *c)
{
	return (uint32_t)(c->p->ts_us / 1000000);
}

static struct half *client(const struct tcp_ctx *c)
{
	return &c->t->half[IPS_TOSERVER];
}

static struct half *server(const struct tcp_ctx *c)
{
	return &c->t->half[IPS_TOCLIENT];
}

/* ---- no session yet ------------------------------------------------------------------------- */

static void midstream(struct tcp_ctx *c, uint32_t flags)
{
	c->t->flags = TCPF_MIDSTREAM | flags | (c->s->cfg.async_oneside ? TCPF_ASYNC : 0);
	c->f->flags |= IPS_FLOW_MIDSTREAM;
	c->s->stats.midstream++;
}

/* Timestamps of both sides from one segment. */
static void learn_ts(struct tcp_ctx *c)
{
	if (!c->p->tcp.has_ts)
		return;
	c->snd->last_ts = c->p->tcp.ts_val;
	c->rcv->last_ts = c->p->tcp.ts_ecr;
	c->snd->last_pkt_s = now_s(c);
	c->t->flags |= TCPF_TS;
	c->snd->flags |= c->snd->last_ts ? 0 : HALF_ZERO_TS;
	c->rcv->flags |= c->rcv->last_ts ? 0 : HALF_ZERO_TS;
}

/* Of a connection whose beginning was not seen, who listens on a low port is the server. */
static bool looks_reversed(const struct tcp_ctx *c)
{
	return c->f->pkts[0] + c->f->pkts[1] == 1 && c->p->dir == IPS_TOSERVER &&
		c->p->sport < 1024 && c->p->dport >= 1024;
}

static int pick_up(struct tcp_ctx *c, enum tcp_state state)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	uint32_t fin = state == TCP_FIN_WAIT1;

	if (looks_reversed(c))
		ips_flow_swap(c->f, c->p);
	if (!tcp_new(c))
		return -1;
	midstream(c, TCPF_MIDSTREAM_EST);
	tcp_set_state(c, state);
	/* The scale was said in the handshake: assume the greatest. */
	c->snd->wscale = c->rcv->wscale = WSCALE_MAX;
	half_set_isn(c->s, c->snd, tcp->seq - 1);
	c->snd->next_seq = tcp->seq + c->p->payload.len + fin;
	c->snd->window = (uint32_t)tcp->win << WSCALE_MAX;
	c->snd->last_ack = tcp->seq;
	c->snd->next_win = c->snd->last_ack + c->snd->window;
	half_set_isn(c->s, c->rcv, tcp->ack - 1);
	c->rcv->next_seq = c->rcv->last_ack = c->rcv->next_win = tcp->ack;
	learn_ts(c);
	if (c->p->payload.len)
		c->p->flags |= IPS_PKT_ESTABLISHED;
	tcp_segment(c);
	return 0;
}

static int pick_up_syn_ack(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	if (c->p->dir == IPS_TOSERVER)
		ips_flow_swap(c->f, c->p);
	if (!tcp_new(c))
		return -1;
	midstream(c, TCPF_MIDSTREAM_SYNACK);
	tcp_set_state(c, TCP_SYN_RECV);
	half_set_isn(c->s, server(c), tcp->seq);
	server(c)->next_seq = tcp->seq + 1;
	server(c)->window = tcp->win;
	server(c)->last_ack = tcp->seq;
	server(c)->next_win = server(c)->last_ack + server(c)->window;
	half_set_isn(c->s, client(c), tcp->ack - 1);
	client(c)->next_seq = client(c)->last_ack = tcp->ack;
	/* Who answers with a scale was offered one. */
	if (tcp->wscale != 255) {
		client(c)->wscale = SK_MIN(tcp->wscale, WSCALE_MAX);
		server(c)->wscale = WSCALE_MAX;
	}
	learn_ts(c);
	return 0;
}

static void syn_ts(struct tcp_ctx *c, struct half *h)
{
	if (!c->p->tcp.has_ts)
		return;
	h->last_ts = c->p->tcp.ts_val;
	h->last_pkt_s = now_s(c);
	h->flags |= HALF_TS | (h->last_ts ? 0 : HALF_ZERO_TS);
}

/* The window a SYN offers is that of the data sent the other way. */
static void syn_window(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	c->rcv->window = tcp->win;
	c->rcv->wscale = tcp->wscale != 255 ? SK_MIN(tcp->wscale, WSCALE_MAX) : 0;
	c->t->flags &= ~(uint32_t)TCPF_WSCALE;
	c->t->flags |= tcp->wscale != 255 ? TCPF_WSCALE : 0;
}

static int first_syn(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	if (!tcp_new(c))
		return -1;
	tcp_set_state(c, TCP_SYN_SENT);
	c->t->flags |= c->s->cfg.async_oneside ? TCPF_ASYNC : 0;
	c->f->syn_seq = tcp->seq;
	half_set_isn(c->s, c->snd, tcp->seq);
	c->snd->next_seq = tcp->seq + 1;
	syn_ts(c, c->snd);
	syn_window(c);
	if (tcp_options(c->p) & TCP_OPT_TFO) {
		c->t->flags |= TCPF_TFO;
		if (c->p->payload.len) {
			half_next(c->t, c->snd, c->snd->next_seq + c->p->payload.len);
			tcp_segment(c);
		}
	}
	return 0;
}

int tcp_none(struct tcp_ctx *c)
{
	bool midstream_ok = c->s->cfg.midstream;

	if (tcp_is(c, IPS_TCP_RST))
		return tcp_refuse(c, IPS_EV_STREAM_RST_BUT_NO_SESSION);
	if (tcp_is(c, IPS_TCP_FIN)) {
		if (!midstream_ok || c->p->payload.len == 0)
			return tcp_refuse(c, IPS_EV_STREAM_FIN_BUT_NO_SESSION);
		return pick_up(c, TCP_FIN_WAIT1);
	}
	if (tcp_is(c, IPS_TCP_SYN) && tcp_is(c, IPS_TCP_ACK))
		return midstream_ok || c->s->cfg.async_oneside ? pick_up_syn_ack(c) : 0;
	if (tcp_is(c, IPS_TCP_SYN))
		return first_syn(c);
	if (tcp_is(c, IPS_TCP_ACK) && midstream_ok)
		return pick_up(c, TCP_ESTABLISHED);
	return 0;
}

/* ---- SYN seen ---------------------------------------------------------------------------------
 */

/* The session stands on this SYN+ACK from now on. */
static void take_syn_ack(struct tcp_ctx *c, const struct hello *e)
{
	struct half *cl = client(c), *sv = server(c);

	tcp_set_state(c, TCP_SYN_RECV);
	half_set_isn(c->s, sv, e->seq);
	sv->next_seq = e->seq + 1;
	sv->last_ack = e->seq + 1;
	cl->window = e->win;
	cl->last_ack = e->ack;
	if (e->has_ts && (cl->flags & HALF_TS)) {
		sv->last_ts = e->ts;
		sv->last_pkt_s = e->pkt_s;
		sv->flags |= sv->last_ts ? 0 : HALF_ZERO_TS;
		c->t->flags |= TCPF_TS;
	} else {
		cl->last_ts = sv->last_ts = 0;
		cl->flags &= ~(uint32_t)HALF_ZERO_TS;
	}
	cl->wscale = 0;
	if ((c->t->flags & TCPF_WSCALE) && e->has_wscale)
		cl->wscale = SK_MIN(e->wscale, WSCALE_MAX);
	sv->next_win = sv->last_ack + sv->window;
	cl->next_win = cl->last_ack + cl->window;
	c->t->flags &= ~(uint32_t)TCPF_4WHS;
}

/* Stand on another SYN than the one before. */
static void take_syn(struct tcp_ctx *c, const struct hello *e)
{
	struct half *cl = client(c), *sv = server(c);

	if (e->has_ts) {
		cl->last_pkt_s = e->pkt_s;
		cl->last_ts = e->ts;
		cl->flags |= HALF_TS;
	}
	c->t->flags &= ~(uint32_t)TCPF_WSCALE;
	c->t->flags |= e->has_wscale ? TCPF_WSCALE : 0;
	sv->wscale = e->has_wscale ? SK_MIN(e->wscale, WSCALE_MAX) : 0;
	sv->window = e->win;
	if (cl->isn != e->seq)
		half_set_isn(c->s, cl, e->seq);
	cl->next_seq = e->seq + 1;
	c->f->syn_seq = e->seq;
}

/* Does a SYN+ACK answer our SYN, or one sent before? */
static bool answers_syn(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	struct half *cl = client(c);
	bool tfo = (c->t->flags & TCPF_TFO) || (tcp_options(c->p) & TCP_OPT_TFO);
	bool echo = tcp_ts_echo_ok(c), nodata = tcp->ack == cl->isn + 1;
	const struct hello *e;

	if (tfo)
		c->t->flags |= TCPF_TFO;
	if (echo && (tfo ? tcp->ack == cl->next_seq : nodata))
		return true;
	if (echo && tfo && nodata) {
		/* The data comes again after the handshake. */
		cl->next_seq = cl->isn;
		c->t->flags |= TCPF_TFO_IGNORED;
		c->f->flags |= IPS_FLOW_TFO_IGNORED;
		tcp_event(c, IPS_EV_STREAM_3WHS_SYNACK_TFO_DATA_IGNORED);
		return true;
	}
	e = hello_answered_syn(c);
	if (!e) {
		tcp_event(c,
			nodata || (tfo && tcp->ack == cl->next_seq)
				? IPS_EV_STREAM_PKT_INVALID_TIMESTAMP
				: IPS_EV_STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
		return false;
	}
	take_syn(c, e);
	return true;
}

static int syn_ack_to_client(struct tcp_ctx *c)
{
	struct hello e;

	if (!answers_syn(c))
		return -1;
	hello_forget(c->s, c->t);
	hello_of_syn_ack(c, &e);
	take_syn_ack(c, &e);
	return 0;
}

/* Both sent a SYN: the first one's sender answers the second (RFC 9293 3.5, simultaneous open). */
static int syn_ack_to_server(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	struct half *cl = client(c), *sv = server(c);

	if (!(c->t->flags & TCPF_4WHS))
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_SYNACK_IN_WRONG_DIRECTION);
	if (tcp->ack != sv->isn + 1)
		return tcp_refuse(c, IPS_EV_STREAM_4WHS_SYNACK_WITH_WRONG_ACK);
	if (tcp->seq != cl->isn)
		return tcp_refuse(c, IPS_EV_STREAM_4WHS_SYNACK_WITH_WRONG_SYN);
	tcp_set_state(c, TCP_SYN_RECV);
	cl->next_seq = cl->isn + 1;
	sv->window = tcp->win;
	if (tcp->has_ts && (sv->flags & HALF_TS)) {
		cl->last_ts = tcp->ts_val;
		cl->last_pkt_s = now_s(c);
		cl->flags |= cl->last_ts ? 0 : HALF_ZERO_TS;
		c->t->flags |= TCPF_TS;
	} else {
		cl->last_ts = sv->last_ts = 0;
		sv->flags &= ~(uint32_t)HALF_ZERO_TS;
	}
	sv->last_ack = tcp->ack;
	cl->last_ack = cl->isn + 1;
	sv->wscale = 0;
	if ((c->t->flags & TCPF_WSCALE) && tcp->wscale != 255)
		sv->wscale = SK_MIN(tcp->wscale, WSCALE_MAX);
	cl->next_win = cl->last_ack + cl->window;
	sv->next_win = sv->last_ack + sv->window;
	return 0;
}

static int syn_again(struct tcp_ctx *c)
{
	struct hello now;

	if (!c->to_server) {
		c->t->flags |= TCPF_4WHS;
		half_set_isn(c->s, c->snd, c->p->tcp.seq);
		c->snd->next_seq = c->p->tcp.seq + 1;
		syn_ts(c, c->snd);
		server(c)->window = c->p->tcp.win;
		server(c)->wscale = c->p->tcp.wscale != 255 ? SK_MIN(c->p->tcp.wscale, 14) : 0;
		c->t->flags &= ~(uint32_t)TCPF_WSCALE;
		c->t->flags |= c->p->tcp.wscale != 255 ? TCPF_WSCALE : 0;
		return 0;
	}
	/* The latest counts, most likely; the answer may still be to another. */
	hello_of_syn(c, &now);
	hello_keep_syn(c);
	take_syn(c, &now);
	return 0;
}

/* An ACK where a SYN+ACK was expected: the other side is out of our sight. */
static int one_side_only(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	struct half *cl = client(c), *sv = server(c);

	if (!c->s->cfg.async_oneside || !c->to_server)
		return 0;
	if (tcp->seq != cl->next_seq)
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_ASYNC_WRONG_SEQ);
	c->t->flags |= TCPF_ASYNC;
	tcp_set_state(c, TCP_ESTABLISHED);
	hello_forget(c->s, c->t);
	cl->window = tcp->win;
	cl->last_ack = tcp->seq;
	cl->next_win = cl->last_ack + cl->window;
	half_set_isn(c->s, sv, tcp->ack - 1);
	sv->next_seq = sv->last_ack = sv->next_win = tcp->ack;
	if (c->t->flags & TCPF_WSCALE)
		cl->wscale = WSCALE_MAX;
	if (tcp->has_ts && (cl->flags & HALF_TS)) {
		c->t->flags |= TCPF_TS;
		cl->last_pkt_s = now_s(c);
	} else {
		cl->last_ts = 0;
		cl->flags &= ~(uint32_t)HALF_ZERO_TS;
	}
	half_next(c->t, cl, tcp->seq + c->p->payload.len);
	tcp_segment(c);
	return 0;
}

int tcp_syn_sent(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	bool closes;

	if (tcp_is(c, IPS_TCP_SYN) && tcp_is(c, IPS_TCP_ACK) && !tcp_is(c, IPS_TCP_RST))
		return c->to_server ? syn_ack_to_server(c) : syn_ack_to_client(c);
	if (!tcp_ts_echo_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_PKT_INVALID_TIMESTAMP);
	if (tcp_is(c, IPS_TCP_RST)) {
		if (!tcp_rst_ok(c))
			return -1;
		closes = !c->to_server ||
			(tcp->seq == client(c)->isn && tcp->win == 0 &&
				tcp->ack == client(c)->isn + 1);
		if (!closes)
			return 0;
		c->rcv->flags |= HALF_RST_RECV;
		c->t->flags |= TCPF_BY_RST;
		tcp_set_state(c, TCP_CLOSED);
		hello_forget(c->s, c->t);
		return 0;
	}
	if (tcp_is(c, IPS_TCP_FIN))
		return 0;
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_again(c);
	return tcp_is(c, IPS_TCP_ACK) ? one_side_only(c) : 0;
}

/* ---- SYN+ACK seen -------------------------------------------------------------------------------
 */

static int syn_ack_again(struct tcp_ctx *c)
{
	if (c->to_server)
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_SYNACK_TOSERVER_ON_SYN_RECV);
	if (c->p->tcp.ack != client(c)->last_ack)
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_ACK);
	if (c->p->tcp.seq != server(c)->isn)
		return hello_keep_syn_ack(c);
	return 0;
}

static int ack_of_4whs(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	struct half *cl = client(c), *sv = server(c);

	if (tcp->seq != sv->next_seq)
		return tcp_refuse(c, IPS_EV_STREAM_4WHS_WRONG_SEQ);
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_4WHS_INVALID_ACK);
	tcp_ts_update(c);
	half_ack(cl, tcp->ack);
	half_next(c->t, sv, sv->next_seq + c->p->payload.len);
	cl->window = (uint32_t)tcp->win << cl->wscale;
	cl->next_win = cl->last_ack + cl->window;
	tcp_set_state(c, TCP_ESTABLISHED);
	tcp_segment(c);
	return 0;
}

static void midstream_windows(struct tcp_ctx *c)
{
	if (!(c->t->flags & TCPF_MIDSTREAM))
		return;
	client(c)->window = (uint32_t)c->p->tcp.win << client(c)->wscale;
	client(c)->next_win = client(c)->last_ack + client(c)->window;
	if (!(c->t->flags & TCPF_MIDSTREAM_SYNACK))
		client(c)->wscale = server(c)->wscale = WSCALE_MAX;
}

/* The handshake's last ACK (or what stands for it), next_seq of the sender being `next`. */
static int now_established(struct tcp_ctx *c, uint32_t next)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	tcp_ts_update(c);
	half_ack(c->rcv, tcp->ack);
	half_next(c->t, c->snd, next);
	c->rcv->window = (uint32_t)tcp->win << c->rcv->wscale;
	c->rcv->next_win = c->rcv->last_ack + c->rcv->window;
	midstream_windows(c);
	tcp_set_state(c, TCP_ESTABLISHED);
	tcp_segment(c);
	return 0;
}

static int ack_from_client(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	struct half *cl = client(c), *sv = server(c);
	uint32_t end = tcp->seq + c->p->payload.len;

	if (tcp->seq == cl->next_seq && tcp->ack == sv->next_seq) {
		/* The ACK before it may be lost. */
		if (c->p->payload.len)
			c->p->flags |= IPS_PKT_ESTABLISHED;
		return now_established(c, end);
	}
	if (tcp->seq == cl->next_seq)
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
	/* Something between was missed. */
	if (seq_lt(cl->next_seq, tcp->seq) && seq_leq(tcp->seq, cl->next_win) &&
		tcp->ack == sv->next_seq)
		return now_established(c, end);
	return tcp_refuse(c, IPS_EV_STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
}

/* The server goes on, and the client's ACK was not seen. */
static int ack_from_server(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	struct half *cl = client(c), *sv = server(c);
	uint32_t end = tcp->seq + c->p->payload.len;
	bool early = c->t->flags & (TCPF_MIDSTREAM_SYNACK | TCPF_TFO);

	if (c->s->cfg.inline_mode && !early) {
		/* We see everything: who sends data now may want to be first. */
		if (c->p->payload.len && tcp->ack == cl->last_ack && tcp->seq == sv->next_seq)
			return tcp_refuse(c, IPS_EV_STREAM_3WHS_ACK_DATA_INJECT);
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_ACK_IN_WRONG_DIR);
	}
	if (c->s->cfg.async_oneside && tcp->seq == sv->next_seq) {
		c->t->flags |= TCPF_ASYNC;
		return now_established(c, end);
	}
	if (tcp->seq == cl->next_seq && tcp->ack != sv->next_seq && tcp->seq != sv->next_seq)
		return tcp_refuse(c, IPS_EV_STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
	if (!c->s->cfg.inline_mode && seq_lt(cl->next_seq, tcp->seq) &&
		seq_lt(cl->last_ack, tcp->ack))
		return now_established(c, end);
	if (tcp->ack == cl->last_ack && tcp->seq == sv->next_seq)
		return now_established(c, end);
	return tcp_refuse(c, IPS_EV_STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
}

static int ack_in_syn_recv(struct tcp_ctx *c)
{
	const struct hello *e = c->to_server ? hello_answered_syn_ack(c) : NULL;

	if (e) {
		struct hello copy = *e;

		take_syn_ack(c, &copy);
	}
	if (!tcp_ts_ok(c))
		return -1;
	if ((c->t->flags & TCPF_4WHS) && !c->to_server)
		return ack_of_4whs(c);
	return c->to_server ? ack_from_client(c) : ack_from_server(c);
}

int tcp_syn_recv(struct tcp_ctx *c)
{
	int r;

	if (tcp_is(c, IPS_TCP_RST)) {
		if (!tcp_rst_ok(c))
			return -1;
		c->t->flags |= TCPF_BY_RST;
		tcp_set_state(c, TCP_CLOSED);
		tcp_ts_update(c);
		hello_forget(c->s, c->t);
		return 0;
	}
	if (tcp_is(c, IPS_TCP_FIN))
		return tcp_ts_ok(c) ? tcp_fin(c) : -1;
	if (tcp_is(c, IPS_TCP_SYN) && tcp_is(c, IPS_TCP_ACK))
		return syn_ack_again(c);
	if (tcp_is(c, IPS_TCP_SYN)) {
		if (!c->to_server)
			return tcp_refuse(c, IPS_EV_STREAM_3WHS_SYN_TOCLIENT_ON_SYN_RECV);
		if (c->p->tcp.seq != client(c)->isn)
			return tcp_refuse(c, IPS_EV_STREAM_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV);
		return 0;
	}
	r = tcp_is(c, IPS_TCP_ACK) ? ack_in_syn_recv(c) : 0;
	if (c->t->state == TCP_ESTABLISHED)
		hello_forget(c->s, c->t);
	return r;
}
