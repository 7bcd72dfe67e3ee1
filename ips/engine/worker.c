/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The path of a packet: decoder, flow, stream, parser, detection, verdict. Called by the queue's
 * thread and by the reader of captures; one instance belongs to one thread.
 */
#include "ips/engine/worker.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/util.h"

#define EVENT_MAX (128 * 1024)
#define EXPECTS 4096
#define EXPIRE_BUDGET 4 /* flows that may end for each packet */
#define TICK_BUDGET 4096
#define RAW_VIEWS 64        /* of one packet: as many holes are looked behind at once */
#define PRESSURE_US 1000000 /* at most one event a second about lack of memory */

/* A passed flow is still held against the blocklists. */
static bool parsed(const struct ips_worker *w, const struct ips_flow *f)
{
	return !(f->flags & IPS_FLOW_DROP) && (w->lists || !(f->flags & IPS_FLOW_PASS));
}

static void on_chunk(struct ips_flow *f, const struct ips_chunk *c, void *arg)
{
	struct ips_worker *w = arg;

	if (!parsed(w, f))
		return;
	w->app.flow = f;
	w->app.now_us = w->now_us;
	if (f->app.id == IPS_P_UNKNOWN && !f->app.held)
		ips_expects_meet(w->expects, f, w->now_us);
	ips_app_data(&f->app, &w->app, c->dir, c->data, c->len, c->flags & IPS_CHUNK_EOF);
}

static void on_expect(const struct ips_app_expect *x, void *arg)
{
	struct ips_worker *w = arg;

	ips_expects_add(w->expects, x, w->now_us);
}

static void on_trigger(struct ips_flow *f, enum ips_dir dir, void *arg)
{
	if (f->tcp)
		ips_stream_raw_trigger(f, dir);
}

static void on_tx_gone(struct ips_tx *tx, void *arg)
{
	struct ips_worker *w = arg;

	ips_detect_tx_gone(w->detect, tx);
}

static bool wants_log(const struct ips_worker *w, const struct ips_flow *f)
{
	return (w->cfg.log & IPS_LOG_TX) && (w->cfg.log_tx_protos >> f->app.id & 1) &&
		f->app.proto->log && !(f->flags & IPS_FLOW_PASS);
}

/* Events of transactions that are ready, or of all when the flow ends; then free what is done. */
static void log_txs(struct ips_worker *w, struct ips_packet *p, struct ips_flow *f, bool ending)
{
	struct ips_app *a = &f->app;
	bool wanted;

	if (!a->proto || !a->first)
		return;
	wanted = wants_log(w, f);
	for (struct ips_tx *tx = a->first; tx; tx = tx->next) {
		bool both = tx->complete[IPS_TOSERVER] && tx->complete[IPS_TOCLIENT];

		if (tx->flags & IPS_TX_LOGGED)
			continue;
		if (!wanted) {
			tx->flags |= IPS_TX_LOGGED;
			continue;
		}
		if (!both && !ending &&
			(a->proto->log_when_complete || !a->proto->log_ready ||
				!a->proto->log_ready(a, tx)))
			continue;
		tx->flags |= IPS_TX_LOGGED;
		ips_eve_tx(&w->out, &w->cfg.eve, p, f, tx);
		ips_worker_emit(w, IPS_LOG_TX, NULL, NULL);
	}
	ips_app_reap(a, &w->app);
}

static void anomalies(struct ips_worker *w, struct ips_packet *p)
{
	if (!(w->cfg.log & IPS_LOG_ANOMALY) || !ips_events_any(&p->events))
		return;
	for (unsigned e = 1; e < IPS_EV_COUNT; e++) {
		const char *name;

		if (!ips_event_is_set(&p->events, e))
			continue;
		name = ips_event_name(e);
		ips_eve_anomaly(&w->out, &w->cfg.eve, p,
			strncmp(name, "stream.", 7) == 0 ? "stream" : "decode", name);
		ips_worker_emit(w, IPS_LOG_ANOMALY, NULL, NULL);
	}
}

static void detect_view(struct ips_worker *w, struct ips_packet *p, const struct ips_raw *raw,
	bool again, struct ips_verdict *v)
{
	const struct ips_alert *alerts;
	unsigned n;

	raw = raw && raw->len ? raw : NULL;
	n = again ? ips_detect_again(w->detect, p, raw, &alerts)
		  : ips_detect_packet(w->detect, p, raw, &alerts);
	if (n)
		ips_worker_alerts(w, p, alerts, n, v);
}

/* The packet with what of its stream waits; what waits beyond a hole follows, without the packet.
 */
static void detect(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	bool stream = p->flow && p->flow->tcp && !(p->flow->app.flags & IPS_APP_NO_RAW);
	struct ips_raw raw;

	for (unsigned i = 0; i < RAW_VIEWS; i++) {
		memset(&raw, 0, sizeof(raw));
		if (stream)
			ips_stream_raw(w->streams, p, &raw);
		if (i && !raw.len)
			break;
		detect_view(w, p, &raw, i > 0, v);
		if (!raw.len)
			break;
		ips_stream_raw_done(w->streams, p->flow, p->dir);
		if (!raw.more)
			break;
	}
}

/* Bytes of a protocol that followed within the packet. */
static void go_on(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	w->app.flow = p->flow;
	if (!ips_app_continue(&p->flow->app, &w->app))
		return;
	ips_worker_listed(w, p, v);
	detect_view(w, p, NULL, true, v);
}

/* The last look at a flow: what was held back in either direction is delivered and inspected. */
static void finish_flow(struct ips_worker *w, struct ips_flow *f)
{
	struct ips_packet p = {
		.ts_us = w->now_us,
		.num = w->frames,
		.family = f->family,
		.proto = f->proto,
		.flow = f,
		.in_dev = f->in_dev,
		.out_dev = f->out_dev,
	};
	struct ips_verdict v = {0};

	memcpy(p.hw_src, f->hw_src, 6);
	for (enum ips_dir dir = IPS_TOSERVER; dir <= IPS_TOCLIENT; dir++) {
		p.dir = dir;
		p.src = f->addr[dir];
		p.dst = f->addr[!dir];
		p.sport = f->port[dir];
		p.dport = f->port[!dir];
		p.flags = IPS_PKT_PSEUDO | IPS_PKT_STREAM_EOF;
		if (ips_stream_established(f))
			p.flags |= IPS_PKT_ESTABLISHED;
		memset(&p.events, 0, sizeof(p.events));
		if (!ips_stream_unfinished(w->streams, f, dir) && !f->app.first)
			continue;
		ips_stream_flush(w->streams, f, dir);
		ips_worker_listed(w, &p, &v);
		detect(w, &p, &v);
		go_on(w, &p, &v);
	}
	log_txs(w, &p, f, true);
}

static void on_flow_gone(struct ips_flow *f, void *arg)
{
	struct ips_worker *w = arg;

	if (f->tcp && parsed(w, f) && !(f->flags & IPS_FLOW_BYPASS))
		finish_flow(w, f);
	if ((w->cfg.log & IPS_LOG_FLOW) && f->pkts[0] + f->pkts[1]) {
		ips_eve_flow(&w->out, &w->cfg.eve, f, w->now_us,
			f->state == IPS_FLOW_CLOSED ? "closed" : "timeout");
		ips_worker_emit(w, IPS_LOG_FLOW, NULL, NULL);
	}
	w->app.flow = f;
	ips_app_done(&f->app, &w->app);
	ips_detect_flow_gone(w->detect, f);
	ips_stream_gone(w->streams, f);
}

/* Every direction that carries data is past its depth: nothing more will be reassembled. */
static bool depth_over(const struct ips_flow *f)
{
	bool any = false;

	for (enum ips_dir dir = IPS_TOSERVER; dir <= IPS_TOCLIENT; dir++) {
		if (ips_stream_size(f, dir) <= 1)
			continue;
		if (!ips_stream_depth_reached(f, dir))
			return false;
		any = true;
	}
	return any;
}

static bool may_bypass(const struct ips_worker *w, const struct ips_flow *f)
{
	if (!w->cfg.bypass || f->pkts[0] + f->pkts[1] < w->cfg.bypass_packets ||
		(f->flags & IPS_FLOW_DROP))
		return false;
	if (f->app.flags & IPS_APP_OPAQUE)
		return !f->app.first;
	if (f->tcp && depth_over(f))
		return true;
	return ips_worker_listed_done(w, f) && ips_detect_flow_done(w->detect, f);
}

static void udp_data(struct ips_worker *w, struct ips_packet *p)
{
	if (p->payload.len == 0)
		return;
	w->app.flow = p->flow;
	w->app.now_us = p->ts_us;
	ips_app_data(&p->flow->app, &w->app, p->dir, p->payload.data, p->payload.len, false);
}

static uint64_t shortages(const struct ips_worker *w)
{
	const struct ips_stream_stats *st = ips_stream_stats(w->streams);

	return st->no_session + st->no_pool + w->app_mem.refused;
}

/* No memory to inspect this packet: by policy it passes unseen or dies; said once a second. */
static void pressure(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	bool drop = w->cfg.inline_mode && w->cfg.pressure_drop && !v->drop;

	w->stats.pressure++;
	v->drop |= drop;
	if (w->now_us - w->last_pressure_us < PRESSURE_US)
		return;
	w->last_pressure_us = w->now_us;
	if (drop)
		ips_worker_drop(w, p, "ips_pressure", v);
	else if (w->cfg.inline_mode)
		ips_worker_notice(w, p, "no_memory");
}

static bool wants_flow(const struct ips_packet *p)
{
	return p->family && !(p->flags & IPS_PKT_FRAGMENT);
}

/* A packet of a flow whose fate is known: true if that is all. */
static bool decided(struct ips_flow *f, struct ips_verdict *v)
{
	if (f->flags & IPS_FLOW_DROP) {
		v->drop = true;
		v->reject |= f->flags & IPS_FLOW_REJECT;
		v->mark |= f->flags & IPS_FLOW_REJECT ? IPS_MARK_REJECT : IPS_MARK_DROP;
		return true;
	}
	if (f->flags & IPS_FLOW_BYPASS)
		v->mark |= IPS_MARK_BYPASS;
	return f->flags & IPS_FLOW_BYPASS;
}

static void flow_packet(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	uint64_t short_before = shortages(w);
	struct ips_flow *f = p->flow;

	if (decided(f, v))
		return;
	if (w->ring)
		ips_ring_put(w->ring, f->id, p->ts_us, p->l3);
	if (p->proto == IPPROTO_TCP)
		ips_stream_packet(w->streams, p);
	else if (p->proto == IPPROTO_UDP && parsed(w, f))
		udp_data(w, p);
	if (parsed(w, f)) {
		ips_worker_listed(w, p, v);
		detect(w, p, v);
		go_on(w, p, v);
		if (!(f->flags & IPS_FLOW_PASS))
			anomalies(w, p);
		/* Events of the flow as a whole are told with the packet that caused them. */
		memset(f->app.events, 0, sizeof(f->app.events));
		log_txs(w, p, f, false);
	}
	if (shortages(w) != short_before)
		pressure(w, p, v);
	else if (w->cfg.inline_mode && w->cfg.drop_invalid && (p->flags & IPS_PKT_STREAM_BAD) &&
		!v->drop)
		ips_worker_drop(w, p, "ips_stream", v);
	if (!v->drop && may_bypass(w, f)) {
		f->flags |= IPS_FLOW_BYPASS;
		v->mark |= IPS_MARK_BYPASS;
		w->stats.bypassed++;
	}
}

static void one(struct ips_worker *w, struct ips_packet *p, const struct ips_meta *meta,
	struct ips_verdict *v)
{
	p->num = w->frames;
	p->in_dev = meta->in_dev;
	p->out_dev = meta->out_dev;
	memcpy(p->hw_src, meta->hw_src ? meta->hw_src : p->eth_src, 6);
	w->current = p;
	if (wants_flow(p) && ips_flow_get(w->flows, p)) {
		flow_packet(w, p, v);
	} else {
		detect(w, p, v);
		anomalies(w, p);
	}
	w->current = NULL;
}

void ips_worker_packet(struct ips_worker *w, enum ips_link link, struct ips_view frame,
	const struct ips_meta *meta, struct ips_verdict *ret)
{
	struct ips_packet p;

	memset(ret, 0, sizeof(*ret));
	if (meta->ts_us > w->now_us)
		w->now_us = meta->ts_us;
	w->frames++;
	w->stats.packets++;
	w->stats.bytes += frame.len;
	w->stats.own += !meta->in_dev != !meta->out_dev;
	ips_decode(w->decoder, link, frame, meta->ts_us, &p);
	one(w, &p, meta, ret);
	while (ips_decode_next(w->decoder, &p))
		one(w, &p, meta, ret);
	w->stats.dropped += ret->drop;
	w->stats.rejected += ret->reject || ret->reject_dst;
	ips_flow_expire(w->flows, w->now_us, EXPIRE_BUDGET);
}

static void tell_contacts(const char *text, size_t len, void *arg)
{
	const struct ips_event_key none = {.kind = IPS_LOG_NOTICE};
	struct ips_worker *w = arg;

	sk_buf_reset(&w->out);
	sk_buf_put(&w->out, text, len);
	ips_worker_send(w, IPS_LOG_NOTICE, &none);
}

void ips_worker_tick(struct ips_worker *w, uint64_t now_us)
{
	if (now_us > w->now_us)
		w->now_us = now_us;
	ips_flow_expire(w->flows, w->now_us, TICK_BUDGET);
	if (w->contacts)
		ips_contacts_tell(w->contacts, &w->cfg.eve, w->now_us, tell_contacts, w);
}

void ips_worker_finish(struct ips_worker *w)
{
	ips_flow_end_all(w->flows);
}

int ips_worker_rules(struct ips_worker *w, struct ips_ruleset *rs, struct sk_err *err)
{
	return ips_detect_rules(w->detect, rs, err);
}

void ips_worker_lists(struct ips_worker *w, struct ips_lists *l, struct ips_learned *learned)
{
	struct ips_lists *old = w->lists;

	w->lists = ips_lists_ref(l);
	w->learned = learned;
	ips_lists_unref(old);
}

void ips_worker_stats(const struct ips_worker *w, struct ips_worker_stats *ret)
{
	*ret = w->stats;
	ret->decoder = ips_decoder_stats(w->decoder);
	ret->flow = ips_flow_stats(w->flows);
	ret->stream = ips_stream_stats(w->streams);
	ret->detect = ips_detect_stats(w->detect);
	ret->app = &w->app_mem;
}

int ips_worker_new(struct ips_worker **ret, const struct ips_engine_config *cfg,
	struct ips_state *state, const uint8_t seed[16], const struct ips_worker_ops *ops,
	void *arg, struct sk_err *err)
{
	struct ips_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return sk_err_nomem(err);
	w->cfg = *cfg;
	w->cfg.eve.inline_mode = cfg->inline_mode;
	w->cfg.stream.inline_mode = cfg->inline_mode;
	w->cfg.detect.inline_mode = cfg->inline_mode;
	w->ops = *ops;
	w->arg = arg;
	sk_buf_init(&w->out, EVENT_MAX);
	w->app_mem.max = cfg->app_memory;
	w->app = (struct ips_app_ctx){
		.mem = &w->app_mem,
		.cfg = &w->cfg.app,
		.expect = on_expect,
		.trigger = on_trigger,
		.tx_gone = on_tx_gone,
		.arg = w,
	};
	w->decoder = ips_decoder_new(&w->cfg.decoder, seed);
	w->streams = ips_streams_new(&w->cfg.stream, on_chunk, w);
	w->flows = ips_flow_table_new(&w->cfg.flow, seed, on_flow_gone, w);
	w->expects = ips_expects_new(EXPECTS, seed);
	w->detect = ips_detect_new(&w->cfg.detect, state, err);
	if (cfg->ring_bytes)
		w->ring = ips_ring_new(cfg->ring_bytes);
	if (cfg->inline_mode)
		w->contacts = ips_contacts_new(IPS_CONTACTS_CAP, seed);
	if ((cfg->inline_mode && !w->contacts) || !w->decoder || !w->streams || !w->flows ||
		!w->expects || !w->detect || (cfg->ring_bytes && !w->ring)) {
		ips_worker_free(w);
		return sk_err_nomem(err);
	}
	*ret = w;
	return 0;
}

void ips_worker_free(struct ips_worker *w)
{
	if (!w)
		return;
	ips_flow_table_free(w->flows);
	ips_app_ctx_done(&w->app);
	ips_streams_free(w->streams);
	ips_detect_free(w->detect);
	ips_decoder_free(w->decoder);
	ips_expects_free(w->expects);
	ips_ring_free(w->ring);
	ips_contacts_free(w->contacts);
	ips_lists_unref(w->lists);
	sk_buf_done(&w->out);
	free(w);
}
