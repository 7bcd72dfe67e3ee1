/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules remember and ask of each other: flowbits, xbits, hostbits, flowint. Asking is a
 * condition, changing happens when the rule matched.
 */
#include <errno.h>

#include "ips/rules/kw.h"
#include "lib/util.h"

#define NAMES_MAX 32

static bool bits_cmd(struct ips_text t, int *ret)
{
	static const struct {
		const char *name;
		int cmd;
	} cmds[] = {{"set", IPS_BIT_SET}, {"unset", IPS_BIT_UNSET}, {"isset", IPS_BIT_ISSET},
		{"isnotset", IPS_BIT_ISNOTSET}, {"toggle", IPS_BIT_TOGGLE}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cmds); i++)
		if (ips_text_eq(t, cmds[i].name)) {
			*ret = cmds[i].cmd;
			return true;
		}
	return false;
}

/* One name, or several with '|' between them. */
static int bits_names(struct ips_build *b, struct ips_text v, bool several, struct ips_bits *ret)
{
	struct ips_text t, rest = v;
	const char *names[NAMES_MAX];
	uint32_t n = 0;

	while (ips_text_cut(&rest, '|', &t)) {
		if (t.n == 0)
			return ips_refuse(b, "the name is missing");
		if (n >= (several ? NAMES_MAX : 1))
			return ips_refuse(b,
				several ? "more than 32 names" : "only asking takes several names");
		if (memchr(t.p, ' ', t.n))
			return ips_refuse(b, "a blank in a name");
		if (memchr(t.p, '&', t.n))
			return ips_refuse(b, "names cannot be joined by '&'");
		names[n] = ips_build_str(b, t);
		if (!names[n++])
			return -ENOMEM;
	}
	ret->names = ips_arena_get(&b->r->mem, n * sizeof(*ret->names));
	ret->ids = ips_arena_get(&b->r->mem, n * sizeof(*ret->ids));
	if (!ret->names || !ret->ids)
		return -ENOMEM;
	memcpy(ret->names, names, n * sizeof(*names));
	ret->n = n;
	return 0;
}

static int bits_put(struct ips_build *b, enum ips_opt_kind kind, const struct ips_bits *bits)
{
	bool asks = bits->cmd == IPS_BIT_ISSET || bits->cmd == IPS_BIT_ISNOTSET;
	struct ips_opt *o;
	int e;

	o = asks ? ips_build_cond(b, kind, &e) : ips_build_action(b, kind, &e);
	if (o)
		o->bits = *bits;
	return e;
}

static int read_flowbits(struct ips_build *b, struct ips_text v)
{
	struct ips_bits bits = {.track = IPS_TRACK_FLOW};
	struct ips_text cmd;
	int c, e;

	ips_text_cut(&v, ',', &cmd);
	v = ips_text_trim(v);
	if (ips_text_eq(cmd, "noalert")) {
		if (v.n > 0)
			return ips_refuse(b, "noalert takes no name");
		b->rule->flags |= IPS_RULE_NOALERT;
		return 0;
	}
	if (!bits_cmd(cmd, &c))
		return ips_refuse(b, "unknown command '%.*s'", IPS_T(cmd));
	if (v.n == 0)
		return ips_refuse(b, "the name is missing");
	bits.cmd = c;
	e = bits_names(b, v, c == IPS_BIT_ISSET || c == IPS_BIT_ISNOTSET, &bits);
	return e < 0 ? e : bits_put(b, IPS_O_FLOWBITS, &bits);
}

static int xbits_word(struct ips_build *b, struct ips_text t, struct ips_bits *bits)
{
	struct ips_text word, arg;
	uint64_t n;

	ips_text_word(&t, &word);
	arg = ips_text_trim(t);
	if (ips_text_eq(word, "track") && ips_text_eq(arg, "ip_src"))
		bits->track = IPS_TRACK_SRC;
	else if (ips_text_eq(word, "track") && ips_text_eq(arg, "ip_dst"))
		bits->track = IPS_TRACK_DST;
	else if (ips_text_eq(word, "track") && ips_text_eq(arg, "ip_pair"))
		bits->track = IPS_TRACK_PAIR;
	else if (ips_text_eq(word, "expire") && ips_text_u64(arg, UINT32_MAX, &n) && n > 0)
		bits->expire_s = (uint32_t)n;
	else
		return ips_refuse(b, "'%.*s %.*s' is not understood", IPS_T(word), IPS_T(arg));
	return 0;
}

static int read_xbits(struct ips_build *b, struct ips_text v)
{
	struct ips_bits bits = {.track = IPS_TRACK_FLOW, .expire_s = 30};
	struct ips_text cmd, name, t;
	int c, e;

	ips_text_cut(&v, ',', &cmd);
	if (ips_text_eq(cmd, "noalert")) {
		if (v.p)
			return ips_refuse(b, "noalert takes no name");
		b->rule->flags |= IPS_RULE_NOALERT;
		return 0;
	}
	if (!bits_cmd(cmd, &c))
		return ips_refuse(b, "unknown command '%.*s'", IPS_T(cmd));
	if (!ips_text_cut(&v, ',', &name))
		return ips_refuse(b, "the name is missing");
	bits.cmd = c;
	e = bits_names(b, name, false, &bits);
	while (e == 0 && ips_text_cut(&v, ',', &t))
		e = t.n == 0 ? ips_refuse(b, "an empty part") : xbits_word(b, t, &bits);
	if (e == 0 && bits.track == IPS_TRACK_FLOW)
		return ips_refuse(b, "track ip_src, ip_dst or ip_pair is missing");
	return e < 0 ? e : bits_put(b, IPS_O_XBITS, &bits);
}

/* hostbits:command,name[,src|dst|both] */
static int read_hostbits(struct ips_build *b, struct ips_text v)
{
	struct ips_bits bits = {.track = IPS_TRACK_SRC, .expire_s = 300};
	struct ips_text cmd, name, side;
	int c, e;

	ips_text_cut(&v, ',', &cmd);
	if (ips_text_eq(cmd, "noalert") && !v.p) {
		b->rule->flags |= IPS_RULE_NOALERT;
		return 0;
	}
	if (!bits_cmd(cmd, &c))
		return ips_refuse(b, "unknown command '%.*s'", IPS_T(cmd));
	if (!ips_text_cut(&v, ',', &name))
		return ips_refuse(b, "the name is missing");
	if (ips_text_cut(&v, ',', &side)) {
		if (ips_text_eq(side, "dst"))
			bits.track = IPS_TRACK_DST;
		else if (ips_text_eq(side, "both"))
			bits.track = IPS_TRACK_BOTH;
		else if (!ips_text_eq(side, "src"))
			return ips_refuse(b, "'%.*s' is none of src, dst, both", IPS_T(side));
	}
	bits.cmd = c;
	e = bits_names(b, name, false, &bits);
	return e < 0 ? e : bits_put(b, IPS_O_HOSTBITS, &bits);
}

static int flowint_op(struct ips_text t, bool *ret_changes)
{
	static const struct {
		const char *text;
		char op;
		bool changes;
	} ops[] = {{"=", '=', true}, {"+", '+', true}, {"-", '-', true}, {"<", '<', false},
		{"<=", 'l', false}, {">", '>', false}, {">=", 'g', false}, {"==", 'e', false},
		{"!=", 'n', false}, {"isset", 's', false}, {"notset", 'u', false},
		{"isnotset", 'u', false}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(ops); i++)
		if (ips_text_eq(t, ops[i].text)) {
			*ret_changes = ops[i].changes;
			return ops[i].op;
		}
	return 0;
}

/* flowint:name,operator[,number or name] */
static int read_flowint(struct ips_build *b, struct ips_text v)
{
	struct ips_text name, op, value;
	bool changes = false;
	struct ips_opt *o;
	uint32_t n = 0;
	int c, e;

	ips_text_cut(&v, ',', &name);
	if (name.n == 0 || !ips_text_cut(&v, ',', &op))
		return ips_refuse(b, "is written name,operator,value");
	c = flowint_op(op, &changes);
	if (!c)
		return ips_refuse(b, "unknown operator '%.*s'", IPS_T(op));
	value = ips_text_trim(v);
	if ((c == 's' || c == 'u') != (value.n == 0))
		return ips_refuse(b, value.n ? "takes no value" : "the value is missing");
	o = changes ? ips_build_action(b, IPS_O_FLOWINT, &e) : ips_build_cond(b, IPS_O_FLOWINT, &e);
	if (!o)
		return e;
	o->flowint.op = (uint8_t)c;
	o->flowint.name = ips_build_str(b, name);
	if (value.n > 0 && !ips_text_u32(value, &n)) {
		if (ips_hex_digit(value.p[0]) >= 0 && ips_hex_digit(value.p[0]) < 10)
			return ips_refuse(b, "'%.*s' is not a number of 32 bits", IPS_T(value));
		o->flowint.other = ips_build_str(b, value);
		if (!o->flowint.other)
			return -ENOMEM;
	}
	o->flowint.value = n;
	return o->flowint.name ? 0 : -ENOMEM;
}

const struct ips_kw ips_kw_bits[] = {
	{"flowbits", read_flowbits, 0, 0},
	{"xbits", read_xbits, 0, 0},
	{"hostbits", read_hostbits, 0, 0},
	{"flowint", read_flowint, 0, 0},
	{NULL, NULL, 0, 0},
};
