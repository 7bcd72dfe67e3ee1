/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kind of inspection a rule needs, told from its parts as Suricata 7 tells it, because how
 * often a rule alerts follows from that. Called when rules are compiled; the header check also for
 * every candidate.
 */
#include "ips/detect/crule.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/util.h"

bool ips_buf_is_tx(enum ips_buf b)
{
	return b != IPS_BUF_PAYLOAD && !(ips_buf_info(b)->flags & IPS_BUF_PACKET);
}

static bool tx_cond(const struct ips_opt *o)
{
	switch (o->kind) {
	case IPS_O_NUMBER:
	case IPS_O_DCE_IFACE:
	case IPS_O_FILENAME:
	case IPS_O_FTPBOUNCE: return true;
	case IPS_O_APP_EVENT: return o->app.id != IPS_P_UNKNOWN;
	default: return false;
	}
}

/* Conditions that address rules may have. */
static bool ip_compatible(const struct ips_opt *o)
{
	return o->kind == IPS_O_XBITS || o->kind == IPS_O_HOSTBITS || o->kind == IPS_O_IPREP ||
		o->kind == IPS_O_IP_PROTO;
}

/* Options on header fields: a rule that has one looks at packets. */
static bool header_cond(const struct ips_opt *o)
{
	switch (o->kind) {
	case IPS_O_DSIZE:
	case IPS_O_TCP_FLAGS:
	case IPS_O_TCP_SEQ:
	case IPS_O_TCP_ACK:
	case IPS_O_TCP_WINDOW:
	case IPS_O_TCP_MSS:
	case IPS_O_ITYPE:
	case IPS_O_ICODE:
	case IPS_O_ICMP_ID:
	case IPS_O_ICMP_SEQ:
	case IPS_O_ICMPV6_MTU:
	case IPS_O_TTL:
	case IPS_O_TOS:
	case IPS_O_IP_ID:
	case IPS_O_IP_PROTO:
	case IPS_O_IPOPTS:
	case IPS_O_FRAGBITS:
	case IPS_O_FRAGOFFSET:
	case IPS_O_SAMEIP:
	case IPS_O_FLOW_AGE:
	case IPS_O_L3_CSUM: return true;
	default: return false;
	}
}

static bool flow_is_cond(const struct ips_flow_opt *f)
{
	return f->established || f->not_established || f->stateless || f->only_stream ||
		f->no_stream || f->only_frag || f->no_frag;
}

/* What the conditions of a rule amount to. */
struct seen {
	bool any, header, stream_size, proto, event, tx, flow;
	bool ip_only, proto_only, event_only; /* nothing else */
};

static void look(struct seen *s, const struct ips_rule *r)
{
	s->flow = flow_is_cond(&r->flow);
	s->any = r->conds_n || s->flow;
	s->ip_only = s->event_only = s->proto_only = !s->flow;
	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		s->header |= header_cond(o);
		s->stream_size |= o->kind == IPS_O_STREAM_SIZE;
		s->proto |= o->kind == IPS_O_APP_PROTOCOL;
		s->event |= o->kind == IPS_O_EVENT && !o->negated;
		s->tx |= tx_cond(o);
		s->ip_only &= ip_compatible(o);
		s->proto_only &= o->kind == IPS_O_APP_PROTOCOL || ip_compatible(o);
		s->event_only &= o->kind == IPS_O_EVENT;
	}
	for (uint32_t i = 0; i < r->actions_n; i++) {
		const struct ips_opt *o = &r->actions[i];

		if (o->kind == IPS_O_FLOWBITS)
			s->ip_only &= o->bits.cmd == IPS_BIT_SET;
		else if (o->kind == IPS_O_FLOWINT || o->kind == IPS_O_BYPASS)
			s->ip_only = false;
	}
}

/* Payload options on TCP: packets, stream or both (user guide, "tcp-pkt", "depth"). */
static void payload_views(struct ips_crule *c, const struct ips_rule *r, const struct seen *s)
{
	bool pkt = s->header || (r->hdr_proto & IPS_HP_TCP_PKT) || r->flow.no_stream;
	bool stream = (r->hdr_proto & IPS_HP_TCP_STREAM) || r->flow.only_stream;

	if (stream)
		c->flags |= IPS_CR_STREAM_ONLY;
	if (!pkt && !stream && (r->hdr_proto & IPS_HP_TCP)) {
		stream = true;
		pkt = s->stream_size;
		for (uint32_t i = 0; i < r->lists_n && !pkt; i++) {
			const struct ips_match_list *l = &r->lists[i];

			if (l->buf != IPS_BUF_PAYLOAD)
				continue;
			for (uint32_t j = 0; j < l->n; j++) {
				const struct ips_opt *o = &l->opts[j];

				pkt |= o->kind == IPS_O_CONTENT &&
					(o->content.has_depth || o->content.has_offset ||
						o->content.startswith);
			}
		}
	}
	c->flags |= (pkt || !stream ? IPS_CR_PKT : 0) | (stream ? IPS_CR_STREAM : 0);
}

static uint8_t type_of(const struct ips_crule *c, const struct ips_rule *r, const struct seen *s)
{
	bool one_way = r->flow.to_server != r->flow.to_client;
	bool bare = !(c->flags & (IPS_CR_PAYLOAD | IPS_CR_HDR_BUF)) && !s->tx;

	if (bare && r->app == IPS_P_UNKNOWN) {
		if (s->proto && s->proto_only)
			return IPS_RT_PROTO;
		if (s->ip_only && !one_way)
			return r->flags & IPS_RULE_ADDR_NEG ? IPS_RT_LIKE_IP : IPS_RT_IP_ONLY;
	}
	if (bare && s->event)
		return IPS_RT_EVENT;
	if (c->flags & IPS_CR_HDR_BUF)
		return IPS_RT_PACKET;
	if (s->tx)
		return IPS_RT_TX;
	if (c->flags & IPS_CR_PAYLOAD) {
		if (!(c->flags & IPS_CR_STREAM))
			return IPS_RT_PACKET;
		return c->flags & IPS_CR_PKT ? IPS_RT_PKTSTREAM : IPS_RT_STREAM;
	}
	return !s->any && r->app != IPS_P_UNKNOWN ? IPS_RT_APP : IPS_RT_PACKET;
}

static uint16_t need_of_dsize(const struct ips_opt *o)
{
	if (o->negated)
		return 0;
	switch (o->num.op) {
	case IPS_GT:
	case IPS_RANGE: return IPS_NEED_PAYLOAD;
	case IPS_GE:
	case IPS_EQ:
		if (o->num.a > 0)
			return IPS_NEED_PAYLOAD;
		return o->num.op == IPS_EQ ? IPS_NEED_EMPTY : 0;
	default: return 0;
	}
}

static uint16_t need_of_flags(const struct ips_opt *o)
{
	const uint8_t init = IPS_TCP_SYN | IPS_TCP_FIN | IPS_TCP_RST;
	const uint8_t odd = IPS_TCP_URG | IPS_TCP_ECE | IPS_TCP_CWR;
	uint16_t need = 0;

	if (o->negated || o->flags.mode == IPS_FL_NOT || !o->flags.want)
		return 0;
	if (o->flags.mode == IPS_FL_ANY) {
		if (!(o->flags.want & ~init))
			need |= IPS_NEED_SYN;
		if (!(o->flags.want & ~odd))
			need |= IPS_NEED_ODD;
		return need;
	}
	return (o->flags.want & init ? IPS_NEED_SYN : 0) | (o->flags.want & odd ? IPS_NEED_ODD : 0);
}

static uint16_t need_of(const struct ips_crule *c, const struct ips_rule *r, const struct seen *s)
{
	uint16_t need = c->flags & IPS_CR_PAYLOAD ? IPS_NEED_PAYLOAD : 0;

	if (s->flow || r->app != IPS_P_UNKNOWN || s->tx || s->proto)
		need |= IPS_NEED_FLOW;
	if (r->flow.established)
		need |= IPS_NEED_EST;
	if (s->event)
		need |= IPS_NEED_EVENT;
	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		if (o->kind == IPS_O_FLOWBITS || o->kind == IPS_O_FLOWINT)
			need |= IPS_NEED_FLOW;
		if (o->kind == IPS_O_FLOWBITS && o->bits.cmd == IPS_BIT_ISSET)
			need |= IPS_NEED_BITS;
		if (o->kind == IPS_O_DSIZE)
			need |= need_of_dsize(o);
		if (o->kind == IPS_O_TCP_FLAGS)
			need |= need_of_flags(o);
	}
	return need;
}

static bool end_matters(const struct ips_match_list *l)
{
	if (l->transforms_n)
		return true;
	for (uint32_t i = 0; i < l->n; i++) {
		const struct ips_opt *o = &l->opts[i];

		if (o->negated || o->kind == IPS_O_BSIZE || o->kind == IPS_O_DATASET ||
			o->kind == IPS_O_DATAREP)
			return true;
		if (o->kind == IPS_O_CONTENT && o->content.endswith)
			return true;
		if (o->kind == IPS_O_PCRE && o->pcre.pattern && strchr(o->pcre.pattern, '$'))
			return true;
	}
	return false;
}

/* Conditions that only one side of a transaction can answer. */
static uint8_t dirs_of_cond(const struct ips_rule *r, const struct ips_opt *o)
{
	const uint8_t ts = 1 << IPS_TOSERVER, tc = 1 << IPS_TOCLIENT;

	if (o->kind == IPS_O_FTPBOUNCE || (o->kind == IPS_O_FILENAME && r->app == IPS_P_SMTP))
		return ts;
	if (o->kind != IPS_O_NUMBER)
		return ts | tc;
	switch (o->number.id) {
	case IPS_NUM_URILEN:
	case IPS_NUM_URILEN_RAW: return ts;
	case IPS_NUM_TLS_NOT_BEFORE:
	case IPS_NUM_TLS_NOT_AFTER:
	case IPS_NUM_TLS_CHAIN_LEN: return tc;
	default: return ts | tc;
	}
}

static uint8_t dirs_of(const struct ips_rule *r)
{
	uint8_t dirs = 3;

	if (r->flow.to_server != r->flow.to_client)
		dirs = r->flow.to_server ? 1 << IPS_TOSERVER : 1 << IPS_TOCLIENT;
	for (uint32_t i = 0; i < r->lists_n; i++) {
		const struct ips_match_list *l = &r->lists[i];

		if (ips_buf_is_tx(l->buf) && !l->dir_both)
			dirs &= (uint8_t)(1 << l->dir);
	}
	for (uint32_t i = 0; i < r->conds_n; i++)
		dirs &= dirs_of_cond(r, &r->conds[i]);
	return dirs;
}

/* The only event a transaction rule could be waiting for. */
static bool waits_for_event(const struct ips_rule *r)
{
	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		if (o->kind == IPS_O_APP_EVENT && !o->negated && o->app.id != IPS_P_UNKNOWN)
			return true;
	}
	return false;
}

/* Contents, all of them negated, and one in a field that is complete before the message is. */
static bool only_negated(const struct ips_rule *r)
{
	bool field = false;

	for (uint32_t i = 0; i < r->lists_n; i++) {
		const struct ips_match_list *l = &r->lists[i];
		uint32_t flags = ips_buf_info(l->buf)->flags;

		for (uint32_t j = 0; j < l->n; j++) {
			if (l->opts[j].kind != IPS_O_CONTENT)
				continue;
			if (!l->opts[j].negated)
				return false;
			field |= ips_buf_is_tx(l->buf) && !(flags & IPS_BUF_BODY);
		}
	}
	return field;
}

void ips_crule_make(struct ips_crule *c, const struct ips_rule *r)
{
	struct seen s = {0};

	*c = (struct ips_crule){
		.rule = r,
		.hdr_proto = r->hdr_proto,
		.app = r->app,
		.any_http = r->app_any_http,
		.dirs = dirs_of(r),
		.flags = r->flags & IPS_RULE_BIDIR ? IPS_CR_BIDIR : 0,
	};
	look(&s, r);
	for (uint32_t i = 0; i < r->lists_n; i++) {
		const struct ips_match_list *l = &r->lists[i];

		if (l->buf == IPS_BUF_PAYLOAD)
			c->flags |= IPS_CR_PAYLOAD;
		else if (ips_buf_is_tx(l->buf))
			s.tx = true;
		else
			c->flags |= IPS_CR_HDR_BUF;
		if (end_matters(l))
			c->needs_end |= 1u << SK_MIN(i, 31u);
	}
	if (c->flags & IPS_CR_PAYLOAD)
		payload_views(c, r, &s);
	c->type = type_of(c, r, &s);
	c->need = need_of(c, r, &s);
	if (c->type == IPS_RT_PROTO) {
		c->flags |= IPS_CR_PROTO_COND;
		c->need |= IPS_NEED_PROTO;
	}
	if (c->type == IPS_RT_TX && waits_for_event(r))
		c->flags |= IPS_CR_TX_EVENT;
	if (c->type == IPS_RT_TX && only_negated(r))
		c->flags |= IPS_CR_TX_NEGATED;
}

static uint32_t proto_bit(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP: return IPS_HP_TCP;
	case IPPROTO_UDP: return IPS_HP_UDP;
	case IPPROTO_ICMP: return IPS_HP_ICMP;
	case IPPROTO_ICMPV6: return IPS_HP_ICMPV6;
	case IPPROTO_SCTP: return IPS_HP_SCTP;
	default: return IPS_HP_OTHER;
	}
}

static bool ports_fit(const struct ips_rule *r, const struct ips_packet *p, bool swap)
{
	const struct ips_port_set *s = swap ? &r->dport : &r->sport;
	const struct ips_port_set *d = swap ? &r->sport : &r->dport;

	if (s->any && d->any)
		return true;
	if ((p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP && p->proto != IPPROTO_SCTP) ||
		(p->flags & IPS_PKT_FRAGMENT))
		return false;
	return (d->any || ips_port_set_has(d, p->dport)) &&
		(s->any || ips_port_set_has(s, p->sport));
}

static bool addrs_fit(const struct ips_rule *r, const struct ips_packet *p, bool swap)
{
	const struct ips_addr_set *s = swap ? &r->dst : &r->src;
	const struct ips_addr_set *d = swap ? &r->src : &r->dst;

	if (p->family == 0)
		return true;
	return (d->any || ips_addr_set_has(d, p->family, &p->dst)) &&
		(s->any || ips_addr_set_has(s, p->family, &p->src));
}

bool ips_crule_header(const struct ips_crule *c, const struct ips_packet *p)
{
	const struct ips_rule *r = c->rule;

	if (!(c->dirs >> p->dir & 1))
		return false;
	if (!(c->hdr_proto & (IPS_HP_PKTHDR | proto_bit(p->proto))))
		return false;
	if (((c->hdr_proto & IPS_HP_IPV4_ONLY) && p->family != 4) ||
		((c->hdr_proto & IPS_HP_IPV6_ONLY) && p->family != 6))
		return false;
	if (ports_fit(r, p, false) && addrs_fit(r, p, false))
		return true;
	return (c->flags & IPS_CR_BIDIR) && ports_fit(r, p, true) && addrs_fit(r, p, true);
}

bool ips_crule_app(const struct ips_crule *c, const struct ips_flow *f)
{
	if (c->app == IPS_P_UNKNOWN)
		return true;
	if (!f)
		return false;
	if (f->app.id == c->app)
		return true;
	if (c->any_http)
		return f->app.id == IPS_P_HTTP1 || f->app.id == IPS_P_HTTP2;
	return c->app == IPS_P_DCERPC && f->app.id == IPS_P_SMB;
}

/* ---- order ------------------------------------------------------------------------------- */

static int action_order(enum ips_action a)
{
	switch (a) {
	case IPS_PASS: return 0;
	case IPS_DROP: return 1;
	case IPS_ALERT: return 3;
	default: return 2;
	}
}

/* What the reference orders rules by, one after the other. */
enum use { USE_FLOWBITS, USE_FLOWINT, USE_CAPTURES, USE_HOST, USE_PAIR, USES };

static bool reads_for(const struct ips_opt *o, enum use use)
{
	bool pair = o->kind == IPS_O_XBITS && o->bits.track == IPS_TRACK_PAIR;

	switch (use) {
	case USE_FLOWBITS: return o->kind == IPS_O_FLOWBITS;
	case USE_FLOWINT: return o->kind == IPS_O_FLOWINT;
	case USE_HOST: return o->kind == IPS_O_XBITS && !pair;
	case USE_PAIR: return pair;
	default: return false;
	}
}

static bool sets_for(const struct ips_opt *o, enum use use)
{
	switch (use) {
	case USE_FLOWBITS: return o->kind == IPS_O_FLOWBITS;
	case USE_FLOWINT: return o->kind == IPS_O_FLOWINT;
	case USE_HOST: return o->kind == IPS_O_HOSTBITS;
	default: return false;
	}
}

static bool captures(const struct ips_rule *r)
{
	for (uint32_t i = 0; i < r->lists_n; i++) {
		for (uint32_t j = 0; j < r->lists[i].n; j++) {
			const struct ips_opt *o = &r->lists[i].opts[j];

			if (o->kind == IPS_O_PCRE && o->pcre.captures)
				return true;
		}
	}
	return false;
}

/* 4 only sets, 3 sets and reads, 2 only reads, 1 neither: who sets goes first. */
static int state_use(const struct ips_rule *r, enum use use)
{
	bool reads = false, sets = use == USE_CAPTURES && captures(r);

	for (uint32_t i = 0; i < r->conds_n; i++)
		reads |= reads_for(&r->conds[i], use);
	for (uint32_t i = 0; i < r->actions_n; i++)
		sets |= sets_for(&r->actions[i], use);
	if (sets)
		return reads ? 3 : 4;
	return reads ? 2 : 1;
}

int ips_rule_order(const struct ips_rule *a, const struct ips_rule *b, bool effective)
{
	int d = action_order(effective && a->action != IPS_PASS ? a->effective : a->action) -
		action_order(effective && b->action != IPS_PASS ? b->effective : b->action);

	for (enum use use = 0; use < USES && d == 0; use++)
		d = state_use(b, use) - state_use(a, use);
	if (d == 0)
		d = (int)a->severity - (int)b->severity;
	if (d == 0)
		d = a->sid < b->sid ? -1 : a->sid > b->sid;
	return d ? d : (a->gid < b->gid ? -1 : a->gid > b->gid);
}
