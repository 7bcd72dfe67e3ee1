/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Validity of segments (RFC 9293 3.10.7, RFC 7323 for timestamps). Receivers are taken for Windows
 * with IPv4 and BSD with IPv6, as Suricata's default configuration has it.
 */
#include "ips/stream/check.h"

#include "lib/cursor.h"
#include "lib/util.h"

#define PAWS_S 2073600u /* 24 days: a timestamp clock may have wrapped (RFC 7323 5.5) */

#define OPT_EOL 0
#define OPT_NOP 1
#define OPT_SACK 5
#define OPT_MD5 19 /* RFC 2385 */
#define OPT_AO 29  /* RFC 5925 */
#define OPT_TFO 34 /* RFC 7413 */
#define OPT_EXP1 253
#define OPT_EXP2 254
#define TFO_MAGIC 0xf989

unsigned tcp_options(const struct ips_packet *p)
{
	struct sk_cursor c, o;
	unsigned found = 0;

	if (p->tcp.hlen <= 20)
		return 0;
	sk_cur_init(&c, p->l4.data, SK_MIN(p->l4.len, p->tcp.hlen));
	sk_cur_skip(&c, 20);
	while (sk_cur_left(&c) > 0) {
		uint8_t kind = sk_cur_u8(&c), len;

		if (kind == OPT_EOL)
			break;
		if (kind == OPT_NOP)
			continue;
		len = sk_cur_u8(&c);
		if (len < 2)
			break;
		o = sk_cur_sub(&c, len - 2u);
		if (!sk_cur_ok(&o))
			break;
		if (kind == OPT_SACK)
			found |= TCP_OPT_SACK;
		else if (kind == OPT_MD5 || kind == OPT_AO)
			found |= TCP_OPT_SIGNED;
		else if (kind == OPT_TFO)
			found |= TCP_OPT_TFO;
		else if ((kind == OPT_EXP1 || kind == OPT_EXP2) && sk_cur_be16(&o) == TFO_MAGIC)
			found |= TCP_OPT_TFO;
	}
	return found;
}

bool tcp_ack_ok(struct tcp_ctx *c)
{
	const struct half *h = c->rcv;
	uint32_t ack = c->p->tcp.ack;

	if (!tcp_is(c, IPS_TCP_ACK) || ack == h->last_ack)
		return true;
	/* A SYN can only be answered as it was sent. */
	if (c->t->state == TCP_SYN_SENT && !c->to_server && ack != h->next_seq) {
		tcp_event(c, IPS_EV_STREAM_PKT_INVALID_ACK);
		return false;
	}
	if (seq_lt(h->last_ack, ack) && seq_leq(ack, h->next_win))
		return true;
	if (seq_lt(ack, h->last_ack)) {
		if (h->window == 0 || !seq_lt(ack, h->last_ack - h->window))
			return true;
	} else if (c->t->flags & TCPF_ASYNC) {
		return true;
	} else if (c->t->state == TCP_SYN_SENT && !c->to_server && tcp_is(c, IPS_TCP_RST) &&
		ack == h->isn + 1) {
		return true;
	}
	tcp_event(c, IPS_EV_STREAM_PKT_INVALID_ACK);
	return false;
}

static uint32_t now_s(const struct tcp_ctx *c)
{
	return (uint32_t)(c->p->ts_us / 1000000);
}

enum ts_verdict { TS_BAD, TS_GOOD, TS_WRAPPED };

static enum ts_verdict judge_ts(const struct tcp_ctx *c, uint32_t last_ts)
{
	const struct half *h = c->snd;
	uint32_t last_s = h->last_pkt_s;
	bool old;

	if (last_s == 0 && (c->t->flags & TCPF_MIDSTREAM))
		last_s = now_s(c);
	old = now_s(c) > (uint64_t)last_s + PAWS_S;
	/* Receivers let a clock be one behind. */
	if ((int32_t)(c->p->tcp.ts_val - last_ts + 1) >= 0 && !(h->last_ts != 0 && old))
		return TS_GOOD;
	return h->next_seq == c->p->tcp.seq && old ? TS_WRAPPED : TS_BAD;
}

/* The handshake said 0: Windows takes the next segment's value as the first. */
static bool ts_begins(const struct tcp_ctx *c)
{
	return (c->snd->flags & HALF_ZERO_TS) && c->p->family == 4 &&
		c->snd->next_seq == c->p->tcp.seq;
}

bool tcp_ts_ok(struct tcp_ctx *c)
{
	bool ok = true;

	if (!(c->t->flags & TCPF_TS) || !c->p->tcp.has_ts)
		return true;
	if (c->p->tcp.ts_val == 0 && c->p->family != 4)
		ok = false;
	else if (!ts_begins(c))
		ok = judge_ts(c, c->snd->last_ts) != TS_BAD;
	if (!ok)
		tcp_event(c, IPS_EV_STREAM_PKT_INVALID_TIMESTAMP);
	return ok;
}

void tcp_ts_update(struct tcp_ctx *c)
{
	struct half *h = c->snd;
	bool begins = ts_begins(c);

	if (!(c->t->flags & TCPF_TS) || !c->p->tcp.has_ts)
		return;
	if (c->p->family == 4)
		h->flags &= ~(uint32_t)HALF_ZERO_TS;
	if (begins) {
		h->last_ts = c->p->tcp.ts_val;
		return;
	}
	if (c->p->tcp.ts_val == 0 && c->p->family != 4)
		return;
	switch (judge_ts(c, h->last_ts)) {
	case TS_BAD: return;
	case TS_WRAPPED: h->last_ts = c->p->tcp.ts_val; break;
	case TS_GOOD:
		if (h->next_seq == c->p->tcp.seq)
			h->last_ts = c->p->tcp.ts_val;
		break;
	}
	h->last_pkt_s = now_s(c);
}

bool tcp_ts_echo_ok(const struct tcp_ctx *c)
{
	const struct half *h = c->rcv;
	uint32_t echo = c->p->tcp.ts_ecr;

	if (c->to_server || !c->p->tcp.has_ts || echo == 0)
		return true;
	if (h->flags & HALF_TS)
		return h->last_ts == 0 || echo == h->last_ts;
	return h->last_ts != 0;
}

bool tcp_rst_ok(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	if (!tcp_ts_ok(c))
		return false;
	if (c->p->payload.len)
		tcp_event(c, IPS_EV_STREAM_RST_WITH_DATA);
	if (tcp_is(c, IPS_TCP_ACK) && tcp->ack && !tcp_ack_ok(c)) {
		tcp_event(c, IPS_EV_STREAM_RST_INVALID_ACK);
		return false;
	}
	/* Signed with a key we do not have: it may be ignored, so the session is watched on. */
	if (tcp_options(c->p) & TCP_OPT_SIGNED)
		c->rcv->flags |= HALF_RST_RECV;
	if (c->t->flags & TCPF_ASYNC)
		return seq_leq(c->snd->next_seq, tcp->seq);
	return tcp->seq == c->snd->next_seq;
}

int tcp_is_retransmission(struct tcp_ctx *c)
{
	uint32_t end = c->p->tcp.seq + c->p->payload.len;
	int r = 0;

	if (c->p->payload.len == 0)
		return 0;
	if (seq_lt(c->p->tcp.seq, c->snd->last_ack) || seq_leq(end, c->snd->last_ack))
		r = 1;
	else if (seq_leq(end, c->snd->next_seq))
		r = 2;
	if (r)
		tcp_event(c, IPS_EV_STREAM_PKT_RETRANSMISSION);
	return r;
}

/* ---- segments that change nothing ---------------------------------------------------------------
 */

static bool is_plain(const struct tcp_ctx *c)
{
	return !tcp_is(c, IPS_TCP_SYN | IPS_TCP_FIN | IPS_TCP_RST);
}

/* RFC 1122 4.2.3.6: one byte before what is expected, with or without a byte of garbage. */
static bool is_keepalive(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	if (c->p->payload.len > 1 || !is_plain(c) || tcp->ack != c->rcv->last_ack ||
		tcp->seq != c->snd->next_seq - 1)
		return false;
	c->snd->flags |= HALF_KEEPALIVE;
	return true;
}

/* A window as c->rcv's sender may use it. */
static uint32_t window_of(const struct tcp_ctx *c)
{
	return (uint32_t)c->p->tcp.win << c->rcv->wscale;
}

/* Empty, expected, acknowledging what was acknowledged. */
static bool is_empty_repeat(const struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	return c->p->payload.len == 0 && is_plain(c) && tcp->ack == c->rcv->last_ack &&
		tcp->seq == c->snd->next_seq;
}

static bool is_keepalive_ack(struct tcp_ctx *c)
{
	if (!is_empty_repeat(c) || c->p->tcp.win == 0 || window_of(c) != c->rcv->window ||
		!(c->rcv->flags & HALF_KEEPALIVE))
		return false;
	c->rcv->flags &= ~(uint32_t)HALF_KEEPALIVE;
	return true;
}

static bool is_probe_ack(const struct tcp_ctx *c)
{
	uint32_t probed = c->to_server ? TCPF_ZWP_TC : TCPF_ZWP_TS;

	return c->t->state >= TCP_ESTABLISHED && (c->t->flags & probed) && tcp_is(c, IPS_TCP_ACK) &&
		is_empty_repeat(c) && window_of(c) == 0 && c->rcv->window == 0;
}

static bool is_last_ack_of_close(const struct tcp_ctx *c)
{
	const struct ips_tcp *t = c->t;
	const struct ips_tcp_hdr *tcp = &c->p->tcp;

	if (t->state != TCP_TIME_WAIT && t->state != TCP_CLOSE_WAIT && t->state != TCP_LAST_ACK)
		return false;
	return tcp->flags == IPS_TCP_ACK && c->p->payload.len == 0 &&
		tcp->seq == c->snd->next_seq + 1 && tcp->ack == c->rcv->next_seq + 1;
}

static bool is_window_update(const struct tcp_ctx *c)
{
	return c->t->state >= TCP_ESTABLISHED && c->p->tcp.win != 0 && is_empty_repeat(c) &&
		window_of(c) != c->rcv->window;
}

/*
 * A segment ahead of all others that acknowledges what was not sent and shrinks the window by more
 * than that explains: believed, it would make what comes next look out of window.
 */
static bool is_bad_window_update(struct tcp_ctx *c)
{
	const struct ips_tcp_hdr *tcp = &c->p->tcp;
	uint32_t win = window_of(c), shrinks, acked;

	if (c->t->state < TCP_ESTABLISHED || c->t->state == TCP_CLOSED || !is_plain(c) ||
		win >= c->rcv->window)
		return false;
	shrinks = c->rcv->window - win;
	if (shrinks <= c->p->payload.len || !seq_lt(c->rcv->next_seq, tcp->ack) ||
		!seq_lt(c->snd->next_seq, tcp->seq))
		return false;
	acked = tcp->ack - c->rcv->last_ack;
	if (shrinks <= (win > 1024 ? acked + 32 : acked))
		return false;
	tcp_event(c, IPS_EV_STREAM_PKT_BAD_WINDOW_UPDATE);
	c->bad |= c->p->payload.len > 0;
	return true;
}

/* Overtaken by a later acknowledgement. */
static bool is_outdated_ack(const struct tcp_ctx *c)
{
	return c->t->state >= TCP_ESTABLISHED && c->p->payload.len == 0 && is_plain(c) &&
		tcp_is(c, IPS_TCP_ACK) && c->p->tcp.seq == c->snd->next_seq &&
		seq_lt(c->p->tcp.ack, c->rcv->last_ack) && !(tcp_options(c->p) & TCP_OPT_SACK);
}

bool tcp_is_idle(struct tcp_ctx *c)
{
	bool probe_ack;

	if (is_keepalive(c))
		return true;
	if (is_keepalive_ack(c)) {
		c->snd->flags &= ~(uint32_t)HALF_KEEPALIVE;
		return true;
	}
	c->snd->flags &= ~(uint32_t)HALF_KEEPALIVE;
	probe_ack = is_probe_ack(c);
	c->t->flags &= ~(uint32_t)(c->to_server ? TCPF_ZWP_TC : TCPF_ZWP_TS);
	if (probe_ack)
		return true;
	if (is_last_ack_of_close(c) || is_window_update(c))
		return false;
	return is_bad_window_update(c) || is_outdated_ack(c);
}
