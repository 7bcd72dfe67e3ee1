/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From alerts to verdicts and events. Called by the worker once a packet; what a rule decided here
 * is what the kernel is told and what the event says.
 */
#include <string.h>

#include "ips/engine/worker.h"
#include "ips/rules/policy.h"

static void make_key(struct ips_event_key *k, enum ips_event_kind kind, const struct ips_packet *p,
	const struct ips_alert *a)
{
	memset(k, 0, sizeof(*k));
	k->kind = kind;
	if (!(kind & (IPS_LOG_ALERT | IPS_LOG_DROP)) || !p)
		return;
	if (a) {
		k->sid = a->rule->sid;
		k->gid = a->rule->gid;
		k->decision = a->decision;
	}
	k->family = p->family;
	k->proto = p->proto;
	k->src = p->src;
	k->dst = p->dst;
	k->port = p->dir == IPS_TOSERVER ? p->dport : p->sport;
}

void ips_worker_emit(struct ips_worker *w, enum ips_event_kind kind, const struct ips_packet *p,
	const struct ips_alert *a)
{
	struct ips_event_key key;

	make_key(&key, kind, p, a);
	ips_worker_send(w, kind, &key);
}

void ips_worker_send(
	struct ips_worker *w, enum ips_event_kind kind, const struct ips_event_key *key)
{
	if (sk_buf_error(&w->out) == 0 && w->out.len) {
		w->stats.events++;
		w->ops.event(kind, key, sk_buf_str(&w->out), w->out.len, w->arg);
	}
	sk_buf_reset(&w->out);
}

static void report(struct ips_worker *w, struct ips_packet *p, const struct ips_alert *a)
{
	struct ips_view pcap = {NULL, 0};
	struct sk_buf b;

	if (!(w->cfg.log & IPS_LOG_ALERT))
		return;
	sk_buf_init(&b, IPS_RING_CAPTURE + 4096);
	if (w->ring && p->flow && ips_ring_capture(w->ring, p->flow->id, w->now_us, &b))
		pcap = (struct ips_view){b.data, (uint32_t)b.len};
	ips_eve_alert(&w->out, &w->cfg.eve, p, a, pcap);
	sk_buf_done(&b);
	ips_worker_emit(w, IPS_LOG_ALERT, p, a);
}

static void drop_event(
	struct ips_worker *w, struct ips_packet *p, const struct ips_alert *a, const char *reason)
{
	if (!(w->cfg.log & IPS_LOG_DROP))
		return;
	ips_eve_drop(&w->out, &w->cfg.eve, p, a, reason);
	ips_worker_emit(w, IPS_LOG_DROP, p, a);
}

/* The whole flow ends here: remembered by us and, through the mark, by the kernel. */
static void drop_flow(
	struct ips_worker *w, struct ips_packet *p, bool reject, struct ips_verdict *v)
{
	struct ips_flow *f = p->flow;

	if (!f)
		return;
	f->flags |= IPS_FLOW_DROP | (reject ? IPS_FLOW_REJECT : 0);
	/* Both sides are reset: who takes the ports again begins another connection. */
	if (reject && f->tcp)
		f->flags |= IPS_FLOW_TCP_OVER;
	v->mark |= reject ? IPS_MARK_REJECT : IPS_MARK_DROP;
}

static void reset_receiver(struct ips_worker *w, struct ips_packet *p)
{
	uint32_t seq, ack;

	if (!w->ops.reset || !p->flow || !p->flow->tcp)
		return;
	ips_stream_reset_numbers(p->flow, p->dir, &seq, &ack);
	w->ops.reset(p->flow, p->dir, seq, ack, w->arg);
}

static void act(struct ips_worker *w, struct ips_packet *p, const struct ips_alert *a,
	struct ips_verdict *v)
{
	bool reject = a->decision == IPS_DECIDE_REJECT;
	if (!w->cfg.inline_mode)
		return;
	v->drop = true;
	/* Rules may name one side (rejectsrc, rejectdst): with the flow gone, both are told. */
	v->reject |= reject;
	v->reject_dst |= reject;
	if (a->state || reject)
		drop_flow(w, p, reject, v);
	if (reject)
		reset_receiver(w, p);
}

void ips_worker_alerts(struct ips_worker *w, struct ips_packet *p, const struct ips_alert *alerts,
	unsigned n, struct ips_verdict *v)
{
	bool told = v->drop;

	for (unsigned i = 0; i < n; i++) {
		const struct ips_alert *a = &alerts[i];

		if (a->rule->action == IPS_PASS) {
			if (a->state && p->flow)
				p->flow->flags |= IPS_FLOW_PASS;
			continue;
		}
		if (a->decision == IPS_DECIDE_IGNORE)
			continue;
		if (p->flow)
			p->flow->flags |= IPS_FLOW_ALERTED;
		if (!a->silent)
			report(w, p, a);
		if (a->decision != IPS_DECIDE_DROP && a->decision != IPS_DECIDE_REJECT)
			continue;
		act(w, p, a, v);
		if (w->cfg.inline_mode && !told && !(p->flags & IPS_PKT_PSEUDO)) {
			drop_event(w, p, a, "ips");
			told = true;
		}
	}
}

void ips_worker_reject(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v)
{
	v->drop = v->reject = v->reject_dst = true;
	drop_flow(w, p, true, v);
	if (!(p->flags & IPS_PKT_PSEUDO))
		reset_receiver(w, p);
}

void ips_worker_drop(
	struct ips_worker *w, struct ips_packet *p, const char *reason, struct ips_verdict *v)
{
	v->drop = true;
	drop_event(w, p, NULL, reason);
}

void ips_worker_notice(struct ips_worker *w, struct ips_packet *p, const char *what)
{
	ips_eve_anomaly(&w->out, &w->cfg.eve, p, "engine", what);
	ips_worker_emit(w, IPS_LOG_ANOMALY, NULL, NULL);
}
