/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of one packet: address rules at a flow's first packet in each direction, then the
 * candidates its payload and stream data brought up and the rules without a pattern, by rank.
 */
#include <netinet/in.h>
#include <string.h>

#include "ips/detect/detect_int.h"
#include "lib/util.h"

static bool inspects_payload(const struct ips_packet *p)
{
	return p->payload.len > 0 && !(p->flags & IPS_PKT_NO_PAYLOAD) &&
		!(p->flow && (p->flow->flags & IPS_FLOW_NO_PAYLOAD));
}

static bool proto_just_known(const struct ips_packet *p)
{
	enum ips_proto_id id = p->flow->app.dir_id[p->dir];
	const uint32_t done = p->dir == IPS_TOSERVER ? IPS_APP_DETECT_DONE_TOSERVER
						     : IPS_APP_DETECT_DONE_TOCLIENT;
	const uint32_t told = p->dir == IPS_TOSERVER ? IPS_FLOW_PD_TOSERVER : IPS_FLOW_PD_TOCLIENT;

	return !(p->flags & IPS_PKT_PSEUDO) && id != IPS_P_UNKNOWN && id != IPS_P_FAILED &&
		(p->flow->app.flags & done) && !(p->flow->flags & told);
}

static void take_stock(struct ips_detect *d)
{
	const struct ips_packet *p = d->p;
	uint16_t have = inspects_payload(p) || d->raw ? IPS_NEED_PAYLOAD : IPS_NEED_EMPTY;

	if (p->flow) {
		have |= IPS_NEED_FLOW;
		if (p->flow->det && p->flow->det->slots)
			have |= IPS_NEED_BITS;
		if (proto_just_known(p))
			have |= IPS_NEED_PROTO;
	}
	if (p->flags & IPS_PKT_ESTABLISHED)
		have |= IPS_NEED_EST;
	if (p->proto == IPPROTO_TCP && !(p->flags & IPS_PKT_PSEUDO)) {
		if (p->tcp.flags & (IPS_TCP_SYN | IPS_TCP_FIN | IPS_TCP_RST))
			have |= IPS_NEED_SYN;
		if (p->tcp.flags & (IPS_TCP_URG | IPS_TCP_ECE | IPS_TCP_CWR))
			have |= IPS_NEED_ODD;
	}
	if (ips_events_any(&p->events))
		have |= IPS_NEED_EVENT;
	d->have = have;
}

/* The flow's protocol counts once the connection stands, and only for its own packets. */
static bool app_counts(const struct ips_packet *p)
{
	return p->flow && p->proto == p->flow->proto &&
		(p->proto != IPPROTO_TCP || (p->flags & IPS_PKT_ESTABLISHED));
}

/* This flow is one the rule is about. */
static bool applies(const struct ips_detect *d, const struct ips_crule *c)
{
	const struct ips_packet *p = d->p;

	if (c->app != IPS_P_UNKNOWN && (!app_counts(p) || !ips_crule_app(c, p->flow)))
		return false;
	return ips_crule_header(c, p);
}

bool ips_rule_fits(struct ips_detect *d, const struct ips_crule *c)
{
	struct ips_tx *tx = d->env.tx;
	bool yes;

	if (!applies(d, c) || !ips_inspect_flow_opt(c->rule, d->p))
		return false;
	d->env.tx = NULL;
	yes = ips_inspect_packet_conds(d->in, c->rule, &d->env);
	d->env.tx = tx;
	return yes;
}

/* ---- address rules ----------------------------------------------------------------------- */

static void add_all(struct ips_detect *d, const uint32_t *rules, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ips_candidate(d, rules[i]);
}

static bool addresses_due(const struct ips_packet *p)
{
	const uint32_t told =
		p->dir == IPS_TOSERVER ? IPS_FLOW_IPONLY_TOSERVER : IPS_FLOW_IPONLY_TOCLIENT;

	if (p->family == 0)
		return false;
	if (!p->flow)
		return true;
	if (p->flow->flags & told)
		return false;
	p->flow->flags |= told;
	return true;
}

static void run_addresses(struct ips_detect *d)
{
	const struct ips_addr_index *x = &d->rs->addrs;
	const struct ips_packet *p = d->p;
	const uint32_t *rules = NULL;
	int v6 = p->family == 6;
	uint32_t n;

	if (!addresses_due(p))
		return;
	ips_round_start(d);
	n = ips_addr_tree_find(&x->tree[0][v6], p->family, &p->src, &rules);
	add_all(d, rules, n);
	n = ips_addr_tree_find(&x->tree[1][v6], p->family, &p->dst, &rules);
	add_all(d, rules, n);
	add_all(d, x->wide, x->wide_n);
	ips_sort_ranks(d->cand, d->cand_n);
	for (uint32_t i = 0; i < d->cand_n; i++) {
		const struct ips_crule *c = &d->rs->rules[d->cand[i]];

		if (!ips_rule_fits(d, c))
			continue;
		ips_inspect_actions(c->rule, &d->env);
		ips_match_add(d, d->cand[i], NULL, false);
	}
}

/* ---- candidates -------------------------------------------------------------------------- */

struct groups {
	const struct ips_group *g[3];
	unsigned n;
};

static void groups_of(const struct ips_detect *d, struct groups *ret)
{
	const struct ips_packet *p = d->p;
	enum ips_dir dir = p->flow ? p->dir : IPS_TOSERVER;
	enum ips_transport tr = p->proto == IPPROTO_TCP ? IPS_TR_TCP
		: p->proto == IPPROTO_UDP               ? IPS_TR_UDP
							: IPS_TR_OTHER;
	const struct ips_ports *ports = &d->rs->ports[tr][dir];

	ret->n = 0;
	ret->g[ret->n++] = &ports->base;
	if (ports->map) {
		uint8_t k = ports->map[dir == IPS_TOSERVER ? p->dport : p->sport];

		if (k)
			ret->g[ret->n++] = &ports->cls[k - 1];
	}
	if (app_counts(p) && d->rs->app[p->flow->app.id][dir])
		ret->g[ret->n++] = d->rs->app[p->flow->app.id][dir];
}

static struct ips_view first_of(struct ips_view v, uint32_t n)
{
	v.len = SK_MIN(v.len, n);
	return v;
}

/* Does the stream data begin its new part with this packet's payload? */
static bool raw_has_payload(const struct ips_detect *d)
{
	const struct ips_view *v = &d->p->payload;
	const struct ips_raw *raw = d->raw;
	const uint8_t *fresh;

	if (!d->cfg.inline_mode || raw->fresh < v->len)
		return false;
	fresh = raw->data + raw->len - raw->fresh;
	return fresh == v->data || memcmp(fresh, v->data, v->len) == 0;
}

static void scan_raw(struct ips_detect *d, const struct ips_group *g, bool lost)
{
	const struct ips_raw *raw = d->raw;
	uint32_t old = raw->len - raw->fresh;
	/* What lies before, as far as a pattern could reach into the new part. */
	uint32_t back = g->all.max_len ? SK_MIN(old, g->all.max_len - 1) : 0;

	if (lost)
		back = old;
	ips_scan(d, &g->all, (struct ips_view){raw->data + old - back, raw->fresh + back});
	if (raw->seam)
		ips_scan(d, &g->all, (struct ips_view){raw->seam, raw->seam_len});
	if (!d->cfg.inline_mode || raw->offset == 0)
		ips_scan(d, &g->head, first_of((struct ips_view){raw->data, raw->len}, IPS_HEAD));
	else if (raw->seam && raw->offset == raw->seam_old)
		ips_scan(d, &g->head,
			first_of((struct ips_view){raw->seam, raw->seam_len}, IPS_HEAD));
}

static void scan_payload(struct ips_detect *d, const struct ips_group *g, bool again)
{
	const struct ips_packet *p = d->p;

	if (!again)
		ips_scan(d, p->flags & IPS_PKT_STREAM ? &g->pkt : &g->all, p->payload);
	ips_scan(d, &g->head, first_of(p->payload, IPS_HEAD));
}

/* must: of the needs, those that count now. */
static void add_plain(struct ips_detect *d, const struct ips_runs *r, uint16_t must)
{
	for (uint32_t i = 0; i < r->runs_n; i++) {
		const struct ips_need_run *run = &r->runs[i];

		if ((run->need & d->have) == run->need && (run->need & must) == must)
			add_all(d, r->rules + run->first, run->n);
	}
}

static void add_events(struct ips_detect *d)
{
	const struct ips_events *e = &d->p->events;

	for (unsigned w = 0; w < IPS_EVENT_WORDS; w++) {
		for (uint64_t bits = e->w[w]; bits; bits &= bits - 1) {
			unsigned ev = w * 64 + (unsigned)__builtin_ctzll(bits);

			if (ev < IPS_EV_COUNT)
				add_all(d, d->rs->event_rules + d->rs->event_first[ev],
					d->rs->event_first[ev + 1] - d->rs->event_first[ev]);
		}
	}
}

static void collect(struct ips_detect *d, bool again)
{
	bool payload = inspects_payload(d->p) && !again;
	bool covered = payload && d->raw && raw_has_payload(d);
	bool lost = d->raw && d->cfg.inline_mode && ips_raw_lost(d);
	struct groups gs;

	groups_of(d, &gs);
	for (unsigned i = 0; i < gs.n; i++) {
		if (d->raw)
			scan_raw(d, gs.g[i], lost);
		if (payload)
			scan_payload(d, gs.g[i], covered);
		if (!again || d->raw)
			add_plain(d, &gs.g[i]->plain, 0);
	}
	d->stats.payload_scans += payload || d->raw;
	if (!again && (d->have & IPS_NEED_EVENT))
		add_events(d);
	if (d->cfg.inline_mode)
		ips_raw_pending(d);
}

/* ---- confirmation ------------------------------------------------------------------------ */

/* ret_stream: it was the stream that matched. */
static bool payload_holds(struct ips_detect *d, uint32_t rank, bool again, bool *ret_stream)
{
	const struct ips_crule *c = &d->rs->rules[rank];
	const struct ips_packet *p = d->p;

	if (c->flags & IPS_CR_STREAM) {
		if (d->raw && ips_raw_match(d, rank)) {
			*ret_stream = true;
			return true;
		}
		if (c->flags & IPS_CR_STREAM_ONLY)
			return false;
		if (!(c->flags & IPS_CR_PKT) && (p->flags & IPS_PKT_STREAM))
			return false;
	}
	return !again && inspects_payload(p) &&
		ips_payload_lists(d, c, p->payload, 0, IPS_INSPECT_START | IPS_INSPECT_END);
}

static struct ips_view header_view(const struct ips_packet *p, enum ips_buf buf)
{
	uint32_t n = p->l3.len - p->l4.len;

	switch (buf) {
	case IPS_BUF_IPV4_HDR:
		return p->family == 4 ? first_of(p->l3, p->ip_hlen) : (struct ips_view){0};
	case IPS_BUF_IPV6_HDR:
		return p->family == 6 && p->l3.len >= p->l4.len ? first_of(p->l3, n)
								: (struct ips_view){0};
	case IPS_BUF_TCP_HDR:
		return p->proto == IPPROTO_TCP ? first_of(p->l4, p->tcp.hlen)
					       : (struct ips_view){0};
	case IPS_BUF_UDP_HDR:
		return p->proto == IPPROTO_UDP ? first_of(p->l4, 8) : (struct ips_view){0};
	case IPS_BUF_ICMPV4_HDR:
		return p->proto == IPPROTO_ICMP ? first_of(p->l4, 8) : (struct ips_view){0};
	case IPS_BUF_ICMPV6_HDR: return p->proto == IPPROTO_ICMPV6 ? p->l4 : (struct ips_view){0};
	default: return (struct ips_view){0};
	}
}

static bool headers_hold(struct ips_detect *d, const struct ips_rule *r)
{
	for (uint32_t i = 0; i < r->lists_n; i++) {
		const struct ips_match_list *l = &r->lists[i];
		struct ips_view v;

		if (l->buf == IPS_BUF_PAYLOAD || ips_buf_is_tx(l->buf))
			continue;
		v = header_view(d->p, l->buf);
		if (v.len == 0 ||
			!ips_inspect_list(d->in, l, v.data, v.len, 0,
				IPS_INSPECT_START | IPS_INSPECT_END, &d->env))
			return false;
	}
	return true;
}

static void try_rule(struct ips_detect *d, uint32_t rank, bool again)
{
	const struct ips_crule *c = &d->rs->rules[rank];
	bool stream = false;

	if ((c->need & d->have) != c->need || (again && !(c->flags & IPS_CR_STREAM)))
		return;
	memset(d->env.vars, 0, sizeof(d->env.vars));
	if (!ips_rule_fits(d, c)) {
		if (applies(d, c))
			ips_raw_defer(d, rank);
		return;
	}
	if ((c->flags & IPS_CR_HDR_BUF) && !headers_hold(d, c->rule))
		return;
	if ((c->flags & IPS_CR_PAYLOAD) && !payload_holds(d, rank, again, &stream))
		return;
	ips_inspect_actions(c->rule, &d->env);
	ips_match_add(d, rank, NULL, stream);
}

static void try_all(struct ips_detect *d, bool again)
{
	ips_sort_ranks(d->cand, d->cand_n);
	for (uint32_t i = 0; i < d->cand_n; i++) {
		try_rule(d, d->cand[i], again);
		/* A bit just set may be what a later rule waits for. */
		if (d->p->flow && d->p->flow->det && d->p->flow->det->slots)
			d->have |= IPS_NEED_BITS;
	}
}

/* The flow got its first bits with this packet: rules without a pattern that ask for some. */
static void try_late(struct ips_detect *d, bool again)
{
	struct groups gs;

	groups_of(d, &gs);
	d->cand_n = 0;
	for (unsigned i = 0; i < gs.n; i++)
		add_plain(d, &gs.g[i]->plain, IPS_NEED_BITS);
	try_all(d, again);
}

void ips_run_packet(struct ips_detect *d, bool again)
{
	const struct ips_packet *p = d->p;
	uint16_t before;

	if (!again)
		run_addresses(d);
	take_stock(d);
	before = d->have;
	ips_round_start(d);
	collect(d, again);
	try_all(d, again);
	if (d->have != before && (!again || d->raw))
		try_late(d, again);
	if (d->have & IPS_NEED_PROTO)
		p->flow->flags |=
			p->dir == IPS_TOSERVER ? IPS_FLOW_PD_TOSERVER : IPS_FLOW_PD_TOCLIENT;
}
