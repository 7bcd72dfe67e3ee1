/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditions on the packet's headers: IP, TCP, ICMP, sizes, checksums, decoder events. Also the
 * reading of numbers with an operator, which many keywords share.
 */
#include <errno.h>
#include <netinet/in.h>

#include "ips/rules/kw.h"

bool ips_kw_size(struct ips_text t, uint64_t max, uint64_t *ret)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = {{"kib", 10}, {"mib", 20}, {"gib", 30}, {"kb", 10}, {"mb", 20}, {"gb", 30}};
	size_t n = 0;
	uint64_t v;

	if (ips_text_u64(t, max, ret))
		return true;
	while (n < t.n && t.p[n] >= '0' && t.p[n] <= '9')
		n++;
	if (!ips_text_u64((struct ips_text){t.p, n}, max, &v))
		return false;
	t = ips_text_skip(t, n);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ips_text_is(t, units[i].name) && v <= max >> units[i].shift) {
			*ret = v << units[i].shift;
			return true;
		}
	return false;
}

static int cmp_range(struct ips_build *b, struct ips_text v, const char *at, size_t len,
	uint64_t max, struct ips_num_cmp *ret)
{
	struct ips_text lo = ips_text_trim((struct ips_text){v.p, at - v.p});
	struct ips_text hi = ips_text_skip(v, at - v.p + len);

	if (!ips_kw_size(lo, max, &ret->a) || !ips_kw_size(hi, max, &ret->b))
		return ips_refuse(b, "'%.*s' is not a range of numbers", IPS_T(v));
	if (ret->a >= ret->b || ret->b - ret->a < 2)
		return ips_refuse(b, "no number lies between %llu and %llu",
			(unsigned long long)ret->a, (unsigned long long)ret->b);
	ret->op = IPS_RANGE;
	return 0;
}

int ips_kw_cmp(struct ips_build *b, struct ips_text v, uint64_t max, struct ips_num_cmp *ret)
{
	static const struct {
		const char *text;
		enum ips_cmp op;
	} ops[] = {{"<=", IPS_LE}, {">=", IPS_GE}, {"!=", IPS_NE}, {"<", IPS_LT}, {">", IPS_GT},
		{"!", IPS_NE}, {"=", IPS_EQ}};
	const char *at = v.n ? memmem(v.p, v.n, "<>", 2) : NULL;

	if (at && at > v.p)
		return cmp_range(b, v, at, 2, max, ret);
	at = v.n ? memchr(v.p, '-', v.n) : NULL;
	if (at && at > v.p)
		return cmp_range(b, v, at, 1, max, ret);
	ret->op = IPS_EQ;
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t n = strlen(ops[i].text);

		if (v.n >= n && memcmp(v.p, ops[i].text, n) == 0) {
			ret->op = ops[i].op;
			v = ips_text_skip(v, n);
			break;
		}
	}
	if (!ips_kw_size(v, max, &ret->a))
		return ips_refuse(
			b, "'%.*s' is not a number up to %llu", IPS_T(v), (unsigned long long)max);
	if ((ret->op == IPS_LT && ret->a == 0) || (ret->op == IPS_GT && ret->a == max))
		return ips_refuse(b, "no number is that");
	return 0;
}

/* A condition that is one comparison. The width follows from the field. */
static int read_cmp(struct ips_build *b, struct ips_text v)
{
	uint64_t max = 65535;
	struct ips_num_cmp cmp = {0};
	struct ips_opt *o;
	int e;

	switch (b->kw->arg) {
	case IPS_O_ITYPE:
	case IPS_O_ICODE:
	case IPS_O_TTL: max = 255; break;
	case IPS_O_TCP_SEQ:
	case IPS_O_TCP_ACK:
	case IPS_O_ICMPV6_MTU:
	case IPS_O_FLOW_AGE: max = UINT32_MAX; break;
	default: break;
	}
	for (size_t i = 0; i < b->n; i++)
		if (b->kw->arg == IPS_O_DSIZE && b->opts[i].o.kind == IPS_O_DSIZE)
			return ips_refuse(b, "given twice");
	e = ips_kw_cmp(b, v, max, &cmp);
	if (e < 0)
		return e;
	o = ips_build_cond(b, (enum ips_opt_kind)b->kw->arg, &e);
	if (o)
		o->num = cmp;
	return e;
}

/* The same for fields that only compare equal, perhaps negated. */
static int read_equal(struct ips_build *b, struct ips_text v)
{
	uint64_t max = 65535, n;
	bool negated = b->negated;
	struct ips_opt *o;
	int e;

	if (b->kw->arg == IPS_O_TCP_SEQ || b->kw->arg == IPS_O_TCP_ACK)
		max = UINT32_MAX;
	else if (b->kw->arg == IPS_O_TOS)
		max = 255;
	if (b->kw->arg == IPS_O_TOS && ips_text_starts(v, 'x')) {
		char hex[16] = "0";

		ips_text_copy(hex + 1, sizeof(hex) - 1, v);
		if (!ips_text_u64(ips_text_of(hex), max, &n))
			return ips_refuse(b, "'%.*s' is not a number up to 255", IPS_T(v));
	} else if (!ips_text_u64(v, max, &n)) {
		return ips_refuse(
			b, "'%.*s' is not a number up to %llu", IPS_T(v), (unsigned long long)max);
	}
	o = ips_build_cond(b, (enum ips_opt_kind)b->kw->arg, &e);
	if (o)
		o->num = (struct ips_num_cmp){negated ? IPS_NE : IPS_EQ, n, 0};
	return e;
}

/* A protocol by number, by the usual names, with <, > or !. */
static int read_ip_proto(struct ips_build *b, struct ips_text v)
{
	static const struct {
		const char *name;
		uint8_t number;
	} names[] = {{"icmp", IPPROTO_ICMP}, {"igmp", IPPROTO_IGMP}, {"ipip", 4}, {"tcp", 6},
		{"egp", 8}, {"igp", 9}, {"udp", 17}, {"ipv6", 41}, {"rsvp", 46}, {"gre", 47},
		{"esp", 50}, {"ah", 51}, {"icmpv6", 58}, {"ipv6-icmp", 58}, {"eigrp", 88},
		{"ospf", 89}, {"pim", 103}, {"vrrp", 112}, {"l2tp", 115}, {"sctp", 132}};
	struct ips_num_cmp cmp = {IPS_EQ, 0, 0};
	struct ips_opt *o;
	int e;

	if (ips_text_starts(v, '<') || ips_text_starts(v, '>') || ips_text_starts(v, '!')) {
		cmp.op = v.p[0] == '<' ? IPS_LT : v.p[0] == '>' ? IPS_GT : IPS_NE;
		v = ips_text_skip(v, 1);
	}
	if (!ips_text_u64(v, 255, &cmp.a)) {
		size_t i;

		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if (ips_text_is(v, names[i].name))
				break;
		if (i == sizeof(names) / sizeof(names[0]))
			return ips_refuse(b, "unknown protocol '%.*s'", IPS_T(v));
		cmp.a = names[i].number;
	}
	o = ips_build_cond(b, IPS_O_IP_PROTO, &e);
	if (o)
		o->num = cmp;
	return e;
}

static int tcp_flag(char c)
{
	switch (c) {
	case 'F': return IPS_TCP_FIN;
	case 'S': return IPS_TCP_SYN;
	case 'R': return IPS_TCP_RST;
	case 'P': return IPS_TCP_PSH;
	case 'A': return IPS_TCP_ACK;
	case 'U': return IPS_TCP_URG;
	case 'E':
	case '2': return IPS_TCP_ECE;
	case 'C':
	case '1': return IPS_TCP_CWR;
	case '0': return 0;
	default: return -1;
	}
}

/* "flags:[!*+]SA,12": what comes after the comma does not count. */
static int read_flags(struct ips_build *b, struct ips_text v)
{
	struct ips_text want;
	uint8_t set = 0, ignore = 0;
	char mode = 0;
	struct ips_opt *o;
	int e, f;

	ips_text_cut(&v, ',', &want);
	for (size_t i = 0; i < want.n; i++) {
		if (strchr("!*+", want.p[i])) {
			if (mode)
				return ips_refuse(b, "two of ! * +");
			mode = want.p[i];
		} else if ((f = tcp_flag(want.p[i])) >= 0) {
			set |= (uint8_t)f;
		} else if (want.p[i] != ' ') {
			return ips_refuse(b, "unknown flag '%c'", want.p[i]);
		}
	}
	for (size_t i = 0; v.p && i < v.n; i++) {
		f = tcp_flag(v.p[i]);
		if (f < 0 && v.p[i] != ' ')
			return ips_refuse(b, "unknown flag '%c'", v.p[i]);
		ignore |= f > 0 ? (uint8_t)f : 0;
	}
	if (want.n == 0)
		return ips_refuse(b, "no flags");
	o = ips_build_cond(b, IPS_O_TCP_FLAGS, &e);
	if (!o)
		return e;
	o->flags.want = set;
	o->flags.mask = (uint8_t)~ignore;
	o->flags.mode = mode == '+' ? IPS_FL_ALL
		: mode == '*'       ? IPS_FL_ANY
		: mode == '!'       ? IPS_FL_NOT
				    : IPS_FL_EXACT;
	return 0;
}

static int read_fragbits(struct ips_build *b, struct ips_text v)
{
	uint8_t set = 0;
	char mode = 0;
	struct ips_opt *o;
	int e;

	for (size_t i = 0; i < v.n; i++) {
		switch (v.p[i]) {
		case 'M': set |= 1; break;
		case 'D': set |= 2; break;
		case 'R': set |= 4; break;
		case ' ': break;
		case '!':
		case '*':
		case '+':
			if (mode)
				return ips_refuse(b, "two of ! * +");
			mode = v.p[i];
			break;
		default: return ips_refuse(b, "unknown bit '%c'", v.p[i]);
		}
	}
	o = ips_build_cond(b, IPS_O_FRAGBITS, &e);
	if (!o)
		return e;
	o->flags.want = set;
	o->flags.mask = 7;
	o->flags.mode = mode == '+' ? IPS_FL_ALL
		: mode == '*'       ? IPS_FL_ANY
		: mode == '!'       ? IPS_FL_NOT
				    : IPS_FL_EXACT;
	return 0;
}

static int read_ipopts(struct ips_build *b, struct ips_text v)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} names[] = {{"rr", IPS_IPOPT_RR}, {"lsrr", IPS_IPOPT_LSRR}, {"eol", IPS_IPOPT_EOL},
		{"nop", IPS_IPOPT_NOP}, {"ts", IPS_IPOPT_TS}, {"sec", IPS_IPOPT_SEC},
		{"esec", IPS_IPOPT_ESEC}, {"ssrr", IPS_IPOPT_SSRR}, {"satid", IPS_IPOPT_SATID},
		{"cipso", IPS_IPOPT_CIPSO}, {"rtralt", IPS_IPOPT_RTRALT}, {"any", 0}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ips_opt *o;
		int e;

		if (!ips_text_is(v, names[i].name))
			continue;
		o = ips_build_cond(b, IPS_O_IPOPTS, &e);
		if (o)
			o->num = (struct ips_num_cmp){IPS_EQ, names[i].bit, 0};
		return e;
	}
	return ips_refuse(b, "unknown IP option '%.*s'", IPS_T(v));
}

static int read_sameip(struct ips_build *b, struct ips_text v)
{
	int e;

	ips_build_cond(b, IPS_O_SAMEIP, &e);
	return e;
}

static int read_csum(struct ips_build *b, struct ips_text v)
{
	struct ips_opt *o;
	int e;

	if (!ips_text_is(v, "valid") && !ips_text_is(v, "invalid"))
		return ips_refuse(b, "only valid and invalid are known");
	o = ips_build_cond(b, IPS_O_L3_CSUM, &e);
	if (!o)
		return e;
	o->negated = ips_text_is(v, "invalid");
	o->num = (struct ips_num_cmp){
		IPS_EQ, (uint64_t)b->kw->arg & 0xff, (uint64_t)b->kw->arg >> 8};
	return 0;
}

/* decode-event:name, stream-event:name (or reassembly…), engine-event as the first. */
static int read_event(struct ips_build *b, struct ips_text v)
{
	char name[80] = "stream.";
	size_t at = b->kw->arg == 's' ? strlen(name) : 0;
	struct ips_opt *o;
	int e, event;

	ips_text_copy(name + at, sizeof(name) - at, v);
	event = ips_event_by_name(name);
	if (event < 0)
		return ips_refuse(b, "unknown event '%.*s'", IPS_T(v));
	o = ips_build_cond(b, IPS_O_EVENT, &e);
	if (o)
		o->app.event = event;
	return e;
}

/* ipv4 or ipv6 in the header may also be a keyword. */
static int read_l3_proto(struct ips_build *b, struct ips_text v)
{
	if (ips_text_is(v, "ipv4") || ips_text_is(v, "ip4"))
		b->rule->hdr_proto |= IPS_HP_IPV4_ONLY;
	else if (ips_text_is(v, "ipv6") || ips_text_is(v, "ip6"))
		b->rule->hdr_proto |= IPS_HP_IPV6_ONLY;
	else
		return ips_refuse(b, "only ipv4 and ipv6 are known");
	if ((b->rule->hdr_proto & IPS_HP_IPV4_ONLY) && (b->rule->hdr_proto & IPS_HP_IPV6_ONLY))
		return ips_refuse(b, "both IPv4 and IPv6");
	return 0;
}

#define CSUM(name, proto, family)                                                                  \
	{                                                                                          \
		name, read_csum, IPS_KW_QUOTES, (proto) | (family) << 8                            \
	}
const struct ips_kw ips_kw_packet[] = {
	{"dsize", read_cmp, 0, IPS_O_DSIZE},
	{"ttl", read_cmp, 0, IPS_O_TTL},
	{"itype", read_cmp, 0, IPS_O_ITYPE},
	{"icode", read_cmp, 0, IPS_O_ICODE},
	{"fragoffset", read_cmp, 0, IPS_O_FRAGOFFSET},
	{"tcp.mss", read_cmp, 0, IPS_O_TCP_MSS},
	{"icmpv6.mtu", read_cmp, 0, IPS_O_ICMPV6_MTU},
	{"flow.age", read_cmp, 0, IPS_O_FLOW_AGE},
	{"id", read_equal, 0, IPS_O_IP_ID},
	{"tos", read_equal, IPS_KW_NEGATE | IPS_KW_QUOTES, IPS_O_TOS},
	{"icmp_id", read_equal, IPS_KW_QUOTES, IPS_O_ICMP_ID},
	{"icmp_seq", read_equal, IPS_KW_QUOTES, IPS_O_ICMP_SEQ},
	{"seq", read_equal, 0, IPS_O_TCP_SEQ},
	{"tcp.seq", read_equal, 0, IPS_O_TCP_SEQ},
	{"ack", read_equal, 0, IPS_O_TCP_ACK},
	{"tcp.ack", read_equal, 0, IPS_O_TCP_ACK},
	{"window", read_equal, IPS_KW_NEGATE, IPS_O_TCP_WINDOW},
	{"tcp.window", read_equal, IPS_KW_NEGATE, IPS_O_TCP_WINDOW},
	{"flags", read_flags, 0, 0},
	{"tcp.flags", read_flags, 0, 0},
	{"fragbits", read_fragbits, 0, 0},
	{"ip_proto", read_ip_proto, IPS_KW_QUOTES, 0},
	{"ipopts", read_ipopts, 0, 0},
	{"sameip", read_sameip, IPS_KW_NONE, 0},
	{"l3_proto", read_l3_proto, 0, 0},
	CSUM("ipv4-csum", 0, 4),
	CSUM("tcpv4-csum", IPPROTO_TCP, 4),
	CSUM("tcpv6-csum", IPPROTO_TCP, 6),
	CSUM("udpv4-csum", IPPROTO_UDP, 4),
	CSUM("udpv6-csum", IPPROTO_UDP, 6),
	CSUM("icmpv4-csum", IPPROTO_ICMP, 4),
	CSUM("icmpv6-csum", IPPROTO_ICMPV6, 6),
	{"decode-event", read_event, 0, 0},
	{"engine-event", read_event, 0, 0},
	{"stream-event", read_event, 0, 's'},
	{NULL, NULL, 0, 0},
};
