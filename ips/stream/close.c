/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way down: states after the first FIN. FIN_WAIT1 stands for a server that closed first,
 * CLOSE_WAIT for a client, as in Suricata; its unequal treatment of both is kept, since events
 * depend on it.
 */
#include "ips/stream/state.h"

/* What was not seen but is acknowledged moves the other side's next_seq. */
static void missed(struct tcp_ctx *c, uint32_t back)
{
	if (seq_lt(c->rcv->next_seq - back, c->p->tcp.ack))
		c->rcv->next_seq = c->p->tcp.ack;
}

static void grow(struct tcp_ctx *c, uint32_t expected)
{
	if (expected == c->p->tcp.seq)
		half_next(c->t, c->snd, c->p->tcp.seq + c->p->payload.len);
}

static void new_window(struct tcp_ctx *c)
{
	c->rcv->window = (uint32_t)c->p->tcp.win << c->rcv->wscale;
}

static void ack_if_any(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_ACK))
		half_ack(c->rcv, c->p->tcp.ack);
}

static bool in_window(const struct tcp_ctx *c)
{
	return seq_leq(c->p->tcp.seq + c->p->payload.len, c->snd->next_win) ||
		(c->t->flags & (TCPF_MIDSTREAM | TCPF_ASYNC));
}

static bool beyond_window(const struct tcp_ctx *c)
{
	return seq_lt(c->snd->last_ack + c->snd->window, c->p->tcp.seq);
}

static int syn_refused(struct tcp_ctx *c)
{
	return tcp_refuse(c, IPS_EV_STREAM_SHUTDOWN_SYN_RESEND);
}

/* ---- FIN_WAIT1 ----------------------------------------------------------------------------------
 */

static int fin1_fin_ack(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	bool again = tcp_is_retransmission(c);

	again |= !c->to_server && c->snd->next_seq - 1 == tcp->seq && c->rcv->last_ack == tcp->ack;
	if (!again && (seq_lt(tcp->seq, c->snd->next_seq - 1) || beyond_window(c)))
		return tcp_refuse(c, IPS_EV_STREAM_FIN1_FIN_WRONG_SEQ);
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_FIN1_INVALID_ACK);
	if (!again) {
		tcp_set_state(c, TCP_TIME_WAIT);
		new_window(c);
	}
	tcp_ts_update(c);
	if (c->to_server || !again) {
		missed(c, 1);
		grow(c, c->to_server ? c->snd->next_seq : c->snd->next_seq - 1);
		half_ack(c->rcv, tcp->ack);
	}
	tcp_segment(c);
	return 0;
}

static int fin1_fin(struct tcp_ctx *c)
{
	bool again = tcp_is_retransmission(c);

	if (!again && (seq_lt(c->p->tcp.seq, c->snd->next_seq - 1) || beyond_window(c)))
		return tcp_refuse(c, IPS_EV_STREAM_FIN1_FIN_WRONG_SEQ);
	if (!again) {
		tcp_set_state(c, TCP_CLOSING);
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 1);
	grow(c, c->snd->next_seq - 1);
	tcp_segment(c);
	return 0;
}

static int fin1_ack(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	uint32_t expected = c->to_server ? c->snd->next_seq : c->snd->next_seq - 1;
	bool again = tcp_is_retransmission(c);

	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_FIN1_INVALID_ACK);
	/* To the server only what acknowledges its FIN moves on. */
	if (!again && (!c->to_server || tcp->ack == c->rcv->next_seq)) {
		if (!in_window(c))
			return tcp_refuse(c, IPS_EV_STREAM_FIN1_ACK_WRONG_SEQ);
		if (tcp->seq == expected)
			tcp_set_state(c, TCP_FIN_WAIT2);
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 1);
	grow(c, expected);
	half_ack(c->rcv, tcp->ack);
	half_next_win(c->rcv);
	tcp_segment(c);
	return 0;
}

int tcp_fin_wait1(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return tcp_reset(c);
	if (tcp_is(c, IPS_TCP_FIN)) {
		if (!tcp_ts_ok(c))
			return -1;
		return tcp_is(c, IPS_TCP_ACK) ? fin1_fin_ack(c) : fin1_fin(c);
	}
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_refused(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return 0;
	return tcp_ts_ok(c) ? fin1_ack(c) : -1;
}

/* ---- FIN_WAIT2 ----------------------------------------------------------------------------------
 */

static int fin2_fin(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	bool again = tcp->seq == c->snd->next_seq - 1 && tcp->ack == c->rcv->last_ack;

	again = again || tcp_is_retransmission(c);
	if (!again && (seq_lt(tcp->seq, c->snd->next_seq) || beyond_window(c)))
		return tcp_refuse(c, IPS_EV_STREAM_FIN2_FIN_WRONG_SEQ);
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_FIN2_INVALID_ACK);
	if (!again) {
		tcp_set_state(c, TCP_TIME_WAIT);
		if (c->to_server)
			grow(c, c->snd->next_seq);
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 0);
	ack_if_any(c);
	tcp_segment(c);
	return 0;
}

static int fin2_ack(struct tcp_ctx *c)
{
	bool again = tcp_is_retransmission(c);

	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_FIN2_INVALID_ACK);
	if (!again) {
		if (!in_window(c))
			return tcp_refuse(c, IPS_EV_STREAM_FIN2_ACK_WRONG_SEQ);
		new_window(c);
	}
	tcp_ts_update(c);
	grow(c, c->snd->next_seq);
	half_ack(c->rcv, c->p->tcp.ack);
	half_next_win(c->rcv);
	tcp_segment(c);
	return 0;
}

int tcp_fin_wait2(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return tcp_reset(c);
	if (tcp_is(c, IPS_TCP_FIN))
		return tcp_ts_ok(c) ? fin2_fin(c) : -1;
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_refused(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return 0;
	return tcp_ts_ok(c) ? fin2_ack(c) : -1;
}

/* ---- CLOSING ------------------------------------------------------------------------------------
 */

static int closing_ack(struct tcp_ctx *c)
{
	bool again = tcp_is_retransmission(c);

	if (c->p->tcp.seq != c->snd->next_seq)
		return tcp_refuse(c, IPS_EV_STREAM_CLOSING_ACK_WRONG_SEQ);
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_CLOSING_INVALID_ACK);
	if (!again) {
		tcp_set_state(c, TCP_TIME_WAIT);
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 0);
	half_ack(c->rcv, c->p->tcp.ack);
	tcp_segment(c);
	return 0;
}

int tcp_closing(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return tcp_reset(c);
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_refused(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return 0;
	return tcp_ts_ok(c) ? closing_ack(c) : -1;
}

/* ---- CLOSE_WAIT ---------------------------------------------------------------------------------
 */

static int close_wait_fin(struct tcp_ctx *c)
{
	bool again = tcp_is_retransmission(c);

	if (!again && (seq_lt(c->p->tcp.seq, c->snd->next_seq) || beyond_window(c)))
		return tcp_refuse(c, IPS_EV_STREAM_CLOSEWAIT_FIN_OUT_OF_WINDOW);
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_CLOSEWAIT_INVALID_ACK);
	if (!again) {
		if (!c->to_server)
			tcp_set_state(c, TCP_LAST_ACK);
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 0);
	ack_if_any(c);
	tcp_segment(c);
	return 0;
}

static int close_wait_ack(struct tcp_ctx *c)
{
	uint32_t len = c->p->payload.len;
	bool again = tcp_is_retransmission(c);

	if (len && seq_leq(c->p->tcp.seq + len, c->snd->last_ack))
		return tcp_refuse(c, IPS_EV_STREAM_CLOSEWAIT_PKT_BEFORE_LAST_ACK);
	if (beyond_window(c))
		return tcp_refuse(c, IPS_EV_STREAM_CLOSEWAIT_ACK_OUT_OF_WINDOW);
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_CLOSEWAIT_INVALID_ACK);
	if (!again)
		new_window(c);
	tcp_ts_update(c);
	missed(c, 0);
	grow(c, c->snd->next_seq);
	half_ack(c->rcv, c->p->tcp.ack);
	tcp_segment(c);
	return 0;
}

int tcp_close_wait(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return tcp_reset(c);
	if (tcp_is(c, IPS_TCP_FIN))
		return tcp_ts_ok(c) ? close_wait_fin(c) : -1;
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_refused(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return 0;
	return tcp_ts_ok(c) ? close_wait_ack(c) : -1;
}

/* ---- LAST_ACK -----------------------------------------------------------------------------------
 */

static int last_ack_ack(struct tcp_ctx *c)
{
	uint32_t seq = c->p->tcp.seq;
	bool again = tcp_is_retransmission(c);

	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_LASTACK_INVALID_ACK);
	if (!again) {
		if (!seq_lt(seq, c->snd->next_seq)) {
			if (seq != c->snd->next_seq && seq != c->snd->next_seq + 1)
				return tcp_refuse(c, IPS_EV_STREAM_LASTACK_ACK_WRONG_SEQ);
			tcp_set_state(c, TCP_CLOSED);
		}
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 0);
	half_ack(c->rcv, c->p->tcp.ack);
	tcp_segment(c);
	return 0;
}

int tcp_last_ack(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return tcp_reset(c);
	if (tcp_is(c, IPS_TCP_FIN))
		return 0;
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_refused(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return 0;
	if (!tcp_ts_ok(c))
		return -1;
	return c->to_server ? last_ack_ack(c) : 0;
}

/* ---- TIME_WAIT ----------------------------------------------------------------------------------
 */

static int time_wait_ack(struct tcp_ctx *c)
{
	uint32_t seq = c->p->tcp.seq, next = c->snd->next_seq;
	bool again = tcp_is_retransmission(c);

	if (!again && seq != next && seq != (c->to_server ? next + 1 : next - 1)) {
		if (!c->to_server && c->p->payload.len && seq == c->snd->last_ack)
			return 0;
		return tcp_refuse(c, IPS_EV_STREAM_TIMEWAIT_ACK_WRONG_SEQ);
	}
	if (!tcp_ack_ok(c))
		return tcp_refuse(c, IPS_EV_STREAM_TIMEWAIT_INVALID_ACK);
	if (!again) {
		tcp_set_state(c, TCP_CLOSED);
		new_window(c);
	}
	tcp_ts_update(c);
	missed(c, 0);
	half_ack(c->rcv, c->p->tcp.ack);
	tcp_segment(c);
	return 0;
}

int tcp_time_wait(struct tcp_ctx *c)
{
	if (tcp_is(c, IPS_TCP_RST))
		return tcp_reset(c);
	if (tcp_is(c, IPS_TCP_FIN))
		return 0;
	if (tcp_is(c, IPS_TCP_SYN))
		return syn_refused(c);
	if (!tcp_is(c, IPS_TCP_ACK))
		return 0;
	return tcp_ts_ok(c) ? time_wait_ack(c) : -1;
}
