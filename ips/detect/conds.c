/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on packets and flows. All that a rule asks outside of its buffers; cheap ones, asked
 * in the rule's order. A pseudo packet at a flow's end has no header to compare.
 */
#include <netinet/in.h>
#include <string.h>

#include "ips/detect/conds.h"
#include "ips/detect/inspect_int.h"
#include "ips/packet/csum.h"
#include "ips/proto/recognise.h"
#include "lib/cursor.h"

#define IPOPTS_ALL (IPS_IPOPT_RTRALT * 2 - 1)

bool ips_inspect_flow_opt(const struct ips_rule *r, const struct ips_packet *p)
{
	const struct ips_flow_opt *f = &r->flow;
	bool established = p->flags & IPS_PKT_ESTABLISHED, whole = p->flags & IPS_PKT_REASSEMBLED;

	if (f->to_server && (!p->flow || p->dir != IPS_TOSERVER))
		return false;
	if (f->to_client && (!p->flow || p->dir != IPS_TOCLIENT))
		return false;
	if ((f->established && !established) || (f->not_established && established))
		return false;
	return !((f->only_frag && !whole) || (f->no_frag && whole));
}

static bool flags_match(const struct ips_opt *o, unsigned have)
{
	unsigned want = o->flags.want;

	if (!want && have)
		return o->flags.mode == IPS_FL_NOT;
	switch (o->flags.mode) {
	case IPS_FL_EXACT: return have == want;
	case IPS_FL_ALL: return (have & want) == want;
	case IPS_FL_ANY: return have & want;
	case IPS_FL_NOT: return (have & want) != want;
	}
	return false;
}

static bool on_tcp(const struct ips_opt *o, const struct ips_packet *p)
{
	const struct ips_tcp_hdr *t = &p->tcp;

	if (p->proto != IPPROTO_TCP || !t->hlen || p->flags & (IPS_PKT_PSEUDO | IPS_PKT_FRAGMENT))
		return false;
	switch (o->kind) {
	case IPS_O_TCP_FLAGS: return flags_match(o, t->flags & o->flags.mask);
	case IPS_O_TCP_SEQ: return ips_cmp_u64(&o->num, t->seq) != o->negated;
	case IPS_O_TCP_ACK: return ips_cmp_u64(&o->num, t->ack) != o->negated;
	case IPS_O_TCP_WINDOW: return ips_cmp_u64(&o->num, t->win) != o->negated;
	case IPS_O_TCP_MSS: return t->mss && ips_cmp_u64(&o->num, t->mss) != o->negated;
	default: return false;
	}
}

static bool icmpv6_mtu(const struct ips_packet *p, uint64_t *ret)
{
	struct sk_cursor c;

	if (p->proto != IPPROTO_ICMPV6 || p->icmp.type != 2)
		return false;
	sk_cur_init(&c, p->l4.data, p->l4.len);
	sk_cur_skip(&c, 4);
	*ret = sk_cur_be32(&c);
	return sk_cur_ok(&c);
}

static bool on_icmp(const struct ips_opt *o, const struct ips_packet *p)
{
	const struct ips_icmp_hdr *h = &p->icmp;
	uint64_t v;

	if ((p->proto != IPPROTO_ICMP && p->proto != IPPROTO_ICMPV6) ||
		p->flags & (IPS_PKT_PSEUDO | IPS_PKT_FRAGMENT) || p->l4.len < 4)
		return false;
	switch (o->kind) {
	case IPS_O_ITYPE: v = h->type; break;
	case IPS_O_ICODE: v = h->code; break;
	case IPS_O_ICMP_ID:
	case IPS_O_ICMP_SEQ:
		if (!h->has_id)
			return false;
		v = o->kind == IPS_O_ICMP_ID ? h->id : h->seq;
		break;
	default:
		if (!icmpv6_mtu(p, &v))
			return false;
	}
	return ips_cmp_u64(&o->num, v) != o->negated;
}

/* ipv4-csum, tcpv4-csum and so on, negated: invalid. Computed for the rules that ask. */
static bool checksum(const struct ips_opt *o, const struct ips_packet *p)
{
	uint32_t sum = 0, need, n = p->l4.len;
	bool right;

	if (p->family != o->num.b || (o->num.a && p->proto != o->num.a))
		return false;
	if (!o->num.a) {
		if (p->ip_hlen < 20 || p->l3.len < p->ip_hlen)
			return false;
		right = ips_csum_end(ips_csum_add(0, p->l3.data, p->ip_hlen)) == 0;
		return right != o->negated;
	}
	need = o->num.a == IPPROTO_TCP ? 20 : o->num.a == IPPROTO_UDP ? 8 : 4;
	if (p->flags & IPS_PKT_FRAGMENT || p->l4.len < need)
		return false;
	/* A datagram may go without (RFC 768); then neither holds. */
	if (o->num.a == IPPROTO_UDP && !p->l4.data[6] && !p->l4.data[7])
		return false;
	if (o->num.a == IPPROTO_UDP && p->l4_len_claimed >= need && p->l4_len_claimed < n)
		n = p->l4_len_claimed;
	if (o->num.a != IPPROTO_ICMP)
		sum = ips_csum_pseudo(p->family, &p->src, &p->dst, p->proto, n);
	right = ips_csum_end(ips_csum_add(sum, p->l4.data, n)) == 0;
	return right != o->negated;
}

static bool on_ip(const struct ips_opt *o, const struct ips_packet *p)
{
	uint64_t v;

	if (!p->family || p->flags & IPS_PKT_PSEUDO)
		return false;
	switch (o->kind) {
	case IPS_O_TTL: v = p->ttl; break;
	case IPS_O_TOS: v = p->tos; break;
	case IPS_O_IP_PROTO: v = p->proto; break;
	case IPS_O_IP_ID:
		if (p->family != 4)
			return false;
		v = p->ip_id;
		break;
	case IPS_O_FRAGOFFSET: v = p->ip_frag & 0x1fff; break;
	case IPS_O_FRAGBITS: return p->family == 4 && flags_match(o, p->ip_frag >> 13);
	case IPS_O_IPOPTS: /* any (0) asks for all of them at once, as in the reference */
		v = o->num.a ? o->num.a : IPOPTS_ALL;
		return p->family == 4 && ((p->ip_options & v) == v) != o->negated;
	case IPS_O_SAMEIP: return memcmp(&p->src, &p->dst, sizeof(p->src)) == 0;
	case IPS_O_L3_CSUM: return checksum(o, p);
	default: return false;
	}
	return ips_cmp_u64(&o->num, v) != o->negated;
}

/* A number of each direction, asked of one, either or both. */
static bool two_sided(const struct ips_opt *o, uint64_t server, uint64_t client)
{
	/* Index: the direction whose sender is meant; toserver is sent by the client. */
	bool s = ips_cmp_u64(&o->stream_size.cmp, server);
	bool c = ips_cmp_u64(&o->stream_size.cmp, client);

	if (o->stream_size.both)
		return s && c;
	if (o->stream_size.either)
		return s || c;
	return o->stream_size.dir == IPS_TOSERVER ? c : s;
}

static bool app_protocol(const struct ips_opt *o, const struct ips_packet *p)
{
	enum ips_proto_id have = p->flow->app.dir_id[p->dir], want = o->app.id;
	bool is;

	if (want != IPS_P_UNKNOWN && have == IPS_P_UNKNOWN)
		return false;
	is = have == want || (want == IPS_P_DCERPC && have == IPS_P_SMB) ||
		(want == IPS_P_HTTP1 && o->app.event && have == IPS_P_HTTP2);
	return is != o->negated;
}

static bool on_flow(const struct ips_opt *o, const struct ips_packet *p)
{
	const struct ips_flow *f = p->flow;

	if (!f)
		return false;
	switch (o->kind) {
	case IPS_O_STREAM_SIZE:
		return f->tcp &&
			two_sided(o, ips_stream_size(f, IPS_TOCLIENT),
				ips_stream_size(f, IPS_TOSERVER));
	case IPS_O_FLOW_AGE:
		return ips_cmp_u64(&o->num, f->last_us / 1000000 - f->first_us / 1000000);
	case IPS_O_FLOW_PKTS: return two_sided(o, f->pkts[IPS_TOCLIENT], f->pkts[IPS_TOSERVER]);
	case IPS_O_FLOW_BYTES: return two_sided(o, f->bytes[IPS_TOCLIENT], f->bytes[IPS_TOSERVER]);
	case IPS_O_APP_PROTOCOL: return app_protocol(o, p);
	default: return false;
	}
}

static bool flowbits(const struct ips_bits *b, const struct ips_flow *f)
{
	bool any = false;

	if (!f)
		return false;
	for (uint32_t i = 0; i < b->n && !any; i++)
		any = ips_flowbit_get(f, b->ids[i]);
	return b->cmd == IPS_BIT_ISNOTSET ? !any : any;
}

/* A variable that was never set compares with nothing; as an operand it is 0. */
static bool flowint(const struct ips_opt *o, const struct ips_flow *f)
{
	uint32_t v = 0, w = o->flowint.value;
	bool set;

	if (!f)
		return false;
	set = ips_flowint_get(f, o->flowint.id, &v);
	if (o->flowint.other) {
		w = 0;
		ips_flowint_get(f, o->flowint.other_id, &w);
	}
	switch (o->flowint.op) {
	case 's': return set;
	case 'u': return !set;
	case '<': return set && v < w;
	case 'l': return set && v <= w;
	case '>': return set && v > w;
	case 'g': return set && v >= w;
	case 'e': return set && v == w;
	case 'n': return set && v != w;
	default: return false;
	}
}

static bool iprep(const struct ips_opt *o, struct ips_inspect_env *env)
{
	const struct ips_packet *p = env->p;
	uint8_t src, dst;
	bool s, d;

	if (!env->state || !p->family)
		return false;
	src = o->set.side == 'd' ? 0 : ips_iprep_get(env->state, o->set.name, p->family, &p->src);
	dst = o->set.side == 's' ? 0 : ips_iprep_get(env->state, o->set.name, p->family, &p->dst);
	s = src && ips_cmp_u64(&o->set.cmp, src);
	d = dst && ips_cmp_u64(&o->set.cmp, dst);
	return o->set.side == 'b' ? s && d : s || d;
}

static bool holds(const struct ips_opt *o, struct ips_inspect_env *env)
{
	const struct ips_packet *p = env->p;

	switch (o->kind) {
	case IPS_O_DSIZE:
		return !(p->flags & IPS_PKT_PSEUDO) &&
			ips_cmp_u64(&o->num, p->payload.len) != o->negated;
	case IPS_O_TCP_FLAGS:
	case IPS_O_TCP_SEQ:
	case IPS_O_TCP_ACK:
	case IPS_O_TCP_WINDOW:
	case IPS_O_TCP_MSS: return on_tcp(o, p);
	case IPS_O_ITYPE:
	case IPS_O_ICODE:
	case IPS_O_ICMP_ID:
	case IPS_O_ICMP_SEQ:
	case IPS_O_ICMPV6_MTU: return on_icmp(o, p);
	case IPS_O_STREAM_SIZE:
	case IPS_O_FLOW_AGE:
	case IPS_O_FLOW_PKTS:
	case IPS_O_FLOW_BYTES:
	case IPS_O_APP_PROTOCOL: return on_flow(o, p);
	case IPS_O_FLOWBITS: return flowbits(&o->bits, p->flow);
	case IPS_O_FLOWINT: return flowint(o, p->flow);
	case IPS_O_XBITS:
	case IPS_O_HOSTBITS:
		return env->state && ips_bits_check(env->state, &o->bits, p, env->now_us);
	case IPS_O_IPREP: return iprep(o, env);
	case IPS_O_EVENT:
		return ips_event_is_set(&p->events, (enum ips_event)o->app.event) != o->negated;
	default: return on_ip(o, p);
	}
}

bool ips_inspect_packet_conds(
	struct ips_inspect *in, const struct ips_rule *r, struct ips_inspect_env *env)
{
	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		if (ips_cond_of_tx(o) ? ips_cond_flow_event(o) && !ips_flow_event(o, env->p->flow)
				      : !holds(o, env))
			return false;
	}
	return true;
}
