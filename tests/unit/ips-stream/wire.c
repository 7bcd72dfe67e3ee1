/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See wire.h. A callback that gets bytes out of order or after the end fails the test at once. */
#include "tests/unit/ips-stream/wire.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static void on_chunk(struct ips_flow *f, const struct ips_chunk *c, void *arg)
{
	struct wire *w = arg;

	assert(f == &w->flow);
	assert(c->offset == w->next[c->dir]);
	assert(w->eofs[c->dir] == 0);
	assert(!(c->flags & IPS_CHUNK_START) == (w->chunks[c->dir] > 0));
	w->chunks[c->dir]++;
	w->next[c->dir] += c->len;
	w->eofs[c->dir] += !!(c->flags & IPS_CHUNK_EOF);
	w->depths[c->dir] += !!(c->flags & IPS_CHUNK_DEPTH);
	if (c->flags & IPS_CHUNK_GAP) {
		assert(!c->data && c->len);
		w->gaps[c->dir]++;
		w->gap_bytes[c->dir] += c->len;
		return;
	}
	assert(w->got_n[c->dir] + c->len <= WIRE_MAX);
	if (c->len)
		memcpy(w->got[c->dir] + w->got_n[c->dir], c->data, c->len);
	w->got_n[c->dir] += c->len;
}

static void begin(struct wire *w)
{
	w->s = ips_streams_new(&w->cfg, on_chunk, w);
	assert(w->s);
	memset(&w->flow, 0, sizeof(w->flow));
	w->flow.id = 1;
	w->flow.family = w->family;
	w->flow.proto = IPPROTO_TCP;
	w->flow.port[0] = 40000;
	w->flow.port[1] = 80;
	for (unsigned d = 0; d < 2; d++) {
		w->got_n[d] = 0;
		w->next[d] = 0;
		w->chunks[d] = w->gaps[d] = w->eofs[d] = w->depths[d] = 0;
		w->gap_bytes[d] = 0;
	}
}

void wire_open(struct wire *w, bool inline_mode)
{
	memset(w, 0, sizeof(*w));
	ips_stream_config_default(&w->cfg, inline_mode);
	w->cfg.midstream = false;
	w->cfg.sessions = 16;
	w->cfg.pool_bytes = 8u << 20;
	w->now_us = 1700000000ULL * 1000000;
	w->win = 65535;
	w->wscale = 255;
	w->family = 4;
	for (unsigned d = 0; d < 2; d++) {
		w->got[d] = malloc(WIRE_MAX);
		assert(w->got[d]);
	}
	begin(w);
}

void wire_reopen(struct wire *w)
{
	ips_stream_gone(w->s, &w->flow);
	ips_streams_free(w->s);
	begin(w);
}

void wire_close(struct wire *w)
{
	ips_stream_gone(w->s, &w->flow);
	assert(ips_stream_stats(w->s)->sessions == 0);
	assert(ips_stream_stats(w->s)->pool_used == 0);
	ips_streams_free(w->s);
	free(w->got[0]);
	free(w->got[1]);
}

void wire_packet(struct wire *w, enum ips_dir dir, uint8_t flags, uint32_t off, uint32_t ack,
	const void *data, uint32_t len)
{
	static const uint32_t isn[2] = {CLIENT_ISN, SERVER_ISN};
	struct ips_packet *p = &w->p;
	static uint8_t header[40];

	memset(p, 0, sizeof(*p));
	w->now_us += 1000;
	p->ts_us = w->now_us;
	p->num = ++w->num;
	p->family = w->family;
	p->proto = IPPROTO_TCP;
	p->dir = dir;
	p->sport = w->flow.port[dir];
	p->dport = w->flow.port[!dir];
	p->flow = &w->flow;
	p->payload.data = data;
	p->payload.len = len;
	p->tcp.hlen = 20;
	p->tcp.flags = flags;
	p->tcp.win = w->win;
	p->tcp.urg = w->urg;
	w->urg = 0;
	p->tcp.wscale = flags & IPS_TCP_SYN ? w->wscale : 255;
	p->tcp.has_ts = w->ts[dir] != 0;
	p->tcp.ts_val = w->ts[dir];
	p->tcp.ts_ecr = flags & IPS_TCP_ACK ? w->ts[!dir] : 0;
	p->tcp.seq = isn[dir] + off + !(flags & IPS_TCP_SYN);
	p->tcp.ack = flags & IPS_TCP_ACK ? isn[!dir] + 1 + ack : 0;
	if (w->flow.state != IPS_FLOW_NEW)
		p->flags |= IPS_PKT_ESTABLISHED; /* as the flow table does */
	if (w->options_n) {
		memcpy(header + 20, w->options, w->options_n);
		p->tcp.hlen = 20 + w->options_n;
		p->l4 = (struct ips_view){header, p->tcp.hlen};
		w->options_n = 0;
	}
	w->flow.pkts[dir]++;
	ips_stream_packet(w->s, p);
}

void wire_text(struct wire *w, enum ips_dir dir, uint32_t off, uint32_t ack, const char *text)
{
	/* A copy of exactly that size: a read past it is seen. */
	uint32_t len = (uint32_t)strlen(text);
	static uint8_t *last;

	free(last);
	last = malloc(len ? len : 1);
	assert(last);
	memcpy(last, text, len);
	wire_packet(w, dir, IPS_TCP_ACK | IPS_TCP_PSH, off, ack, last, len);
}

void wire_ack(struct wire *w, enum ips_dir dir, uint32_t off, uint32_t ack)
{
	wire_packet(w, dir, IPS_TCP_ACK, off, ack, NULL, 0);
}

void wire_handshake(struct wire *w)
{
	wire_packet(w, IPS_TOSERVER, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_packet(w, IPS_TOCLIENT, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	wire_ack(w, IPS_TOSERVER, 0, 0);
}

void wire_flush(struct wire *w)
{
	ips_stream_flush(w->s, &w->flow, IPS_TOSERVER);
	ips_stream_flush(w->s, &w->flow, IPS_TOCLIENT);
}

bool wire_got(const struct wire *w, enum ips_dir dir, const char *text)
{
	return w->got_n[dir] == strlen(text) && memcmp(w->got[dir], text, w->got_n[dir]) == 0;
}

bool wire_event(const struct wire *w, enum ips_event ev)
{
	return ips_event_is_set(&w->p.events, ev);
}

bool wire_bad(const struct wire *w)
{
	return w->p.flags & IPS_PKT_STREAM_BAD;
}
