/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Matches against lists from outside (dataset, datarep, iprep) and decoded data (base64, ASN.1).
 * The lists themselves are read by the caller; here are only their names.
 */
#include <errno.h>

#include "ips/rules/kw.h"
#include "lib/util.h"

static const char *copy(struct ips_build *b, struct ips_text t)
{
	return ips_build_str(b, t);
}

static int set_type(struct ips_text t)
{
	static const struct {
		const char *name;
		char type;
	} types[] = {{"string", 's'}, {"md5", 'm'}, {"sha256", 'h'}, {"ipv4", '4'}, {"ip", 'i'}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(types); i++)
		if (ips_text_is(t, types[i].name))
			return types[i].type;
	return 0;
}

/* A file named by a rule stays inside the folder of data sets. */
static bool safe_path(struct ips_text t)
{
	if (t.n == 0 || t.p[0] == '/')
		return false;
	for (size_t i = 0; i + 1 < t.n; i++)
		if (t.p[i] == '.' && t.p[i + 1] == '.')
			return false;
	return true;
}

static int set_word(struct ips_build *b, struct ips_text t, struct ips_opt *o)
{
	struct ips_text word, arg;
	uint64_t n;

	if (!ips_text_word(&t, &word))
		return ips_refuse(b, "an empty part");
	arg = ips_text_trim(t);
	if (ips_text_eq(word, "type")) {
		o->set.type = (uint8_t)set_type(arg);
		return o->set.type ? 0 : ips_refuse(b, "unknown type '%.*s'", IPS_T(arg));
	}
	if (ips_text_eq(word, "load") || ips_text_eq(word, "save") || ips_text_eq(word, "state")) {
		if (!safe_path(arg))
			return ips_refuse(b, "'%.*s' leaves the folder of data sets", IPS_T(arg));
		if (word.p[0] == 'l' || ips_text_eq(word, "state"))
			o->set.load = copy(b, arg);
		if (word.p[0] == 's')
			o->set.save = copy(b, arg);
		return b->r->strings.arena.failed ? -ENOMEM : 0;
	}
	if (ips_text_eq(word, "memcap") && ips_kw_size(arg, UINT32_MAX, &n)) {
		o->set.memcap = (uint32_t)n;
		return 0;
	}
	if (ips_text_eq(word, "hashsize") && ips_text_u64(arg, UINT32_MAX, &n)) {
		o->set.hashsize = (uint32_t)n;
		return 0;
	}
	return ips_refuse(b, "'%.*s %.*s' is not understood", IPS_T(word), IPS_T(arg));
}

static int set_words(struct ips_build *b, struct ips_text v, struct ips_opt *o)
{
	struct ips_text t;
	int e = 0;

	while (e == 0 && ips_text_cut(&v, ',', &t))
		e = set_word(b, t, o);
	if (e == 0 && !o->set.type)
		return ips_refuse(b, "the type is missing");
	return e;
}

static int read_dataset(struct ips_build *b, struct ips_text v)
{
	static const struct {
		const char *name;
		uint8_t op;
	} cmds[] = {{"set", IPS_BIT_SET}, {"unset", IPS_BIT_UNSET}, {"isset", IPS_BIT_ISSET},
		{"isnotset", IPS_BIT_ISNOTSET}};
	struct ips_text cmd, name;
	struct ips_opt *o;
	size_t i;
	int e;

	if (b->list == IPS_LIST_PAYLOAD)
		return ips_refuse(b, "needs a sticky buffer");
	ips_text_cut(&v, ',', &cmd);
	for (i = 0; i < SK_ARRAY_SIZE(cmds) && !ips_text_eq(cmd, cmds[i].name); i++)
		;
	if (i == SK_ARRAY_SIZE(cmds))
		return ips_refuse(b, "unknown command '%.*s'", IPS_T(cmd));
	if (!ips_text_cut(&v, ',', &name) || name.n == 0 || name.n > 63)
		return ips_refuse(b, "the name is missing or longer than 63");
	o = ips_build_opt(b, IPS_O_DATASET, &e);
	if (!o)
		return e;
	o->set.op = cmds[i].op;
	o->set.name = copy(b, name);
	return o->set.name ? set_words(b, v, o) : -ENOMEM;
}

static int read_datarep(struct ips_build *b, struct ips_text v)
{
	struct ips_text name, op, value;
	struct ips_opt *o;
	char joined[32];
	int e;

	if (b->list == IPS_LIST_PAYLOAD)
		return ips_refuse(b, "needs a sticky buffer");
	if (!ips_text_cut(&v, ',', &name) || name.n == 0 || name.n > 63 ||
		!ips_text_cut(&v, ',', &op) || !ips_text_cut(&v, ',', &value))
		return ips_refuse(b, "is written name,operator,value,…");
	o = ips_build_opt(b, IPS_O_DATAREP, &e);
	if (!o)
		return e;
	snprintf(joined, sizeof(joined), "%.*s%.*s",
		IPS_T(ips_text_eq(op, "==") ? IPS_TEXT("=") : op), IPS_T(value));
	e = ips_kw_cmp(b, ips_text_of(joined), 65535, &o->set.cmp);
	if (e < 0)
		return e;
	o->set.name = copy(b, name);
	return o->set.name ? set_words(b, v, o) : -ENOMEM;
}

/* iprep:side,category,operator,value */
static int read_iprep(struct ips_build *b, struct ips_text v)
{
	struct ips_text side, name, op, value;
	struct ips_opt *o;
	char joined[32];
	int e;

	if (!ips_text_cut(&v, ',', &side) || !ips_text_cut(&v, ',', &name) || name.n == 0 ||
		!ips_text_cut(&v, ',', &op) || !ips_text_cut(&v, ',', &value) || v.p)
		return ips_refuse(b, "is written side,category,operator,value");
	if (!ips_text_eq(side, "any") && !ips_text_eq(side, "src") && !ips_text_eq(side, "dst") &&
		!ips_text_eq(side, "both"))
		return ips_refuse(b, "'%.*s' is none of any, src, dst, both", IPS_T(side));
	o = ips_build_cond(b, IPS_O_IPREP, &e);
	if (!o)
		return e;
	snprintf(joined, sizeof(joined), "%.*s%.*s", IPS_T(op), IPS_T(value));
	e = ips_kw_cmp(b, ips_text_of(joined), 127, &o->set.cmp);
	if (e < 0)
		return e;
	o->set.side = (uint8_t)side.p[0];
	o->set.name = copy(b, name);
	return o->set.name ? 0 : -ENOMEM;
}

static int read_base64_decode(struct ips_build *b, struct ips_text v)
{
	struct ips_text t, word;
	struct ips_opt *o;
	int e;

	o = ips_build_opt(b, IPS_O_BASE64_DECODE, &e);
	if (!o)
		return e;
	o->base64.offset.slot = -1;
	while (e == 0 && v.n > 0 && ips_text_cut(&v, ',', &t)) {
		if (!ips_text_word(&t, &word))
			return ips_refuse(b, "an empty part");
		t = ips_text_trim(t);
		if (ips_text_eq(word, "relative"))
			o->base64.relative = true;
		else if (ips_text_eq(word, "bytes") && ips_text_u32(t, &o->base64.bytes) &&
			o->base64.bytes > 0)
			continue;
		else if (ips_text_eq(word, "offset"))
			e = ips_build_var(b, t, 0, 65535, &o->base64.offset);
		else
			e = ips_refuse(b, "'%.*s %.*s' is not understood", IPS_T(word), IPS_T(t));
	}
	return e;
}

/* What follows looks at the decoded bytes: a list of its own, below the base64_decode. */
static int read_base64_data(struct ips_build *b, struct ips_text v)
{
	struct ips_build_opt *decode = NULL;

	for (size_t i = 0; i < b->n; i++)
		if (b->opts[i].o.kind == IPS_O_BASE64_DECODE)
			decode = &b->opts[i];
	if (!decode)
		return ips_refuse(b, "needs a base64_decode before it");
	for (uint32_t i = 0; i < b->lists_n; i++)
		if (b->lists[i].base64 == (int)decode->seq)
			return ips_refuse(b, "given twice");
	return ips_build_base64(b, decode);
}

/* asn1: words and "word number", separated by commas or blanks. */
static int read_asn1(struct ips_build *b, struct ips_text v)
{
	struct ips_text t, word, arg;
	struct ips_opt *o;
	int e, list = b->list;
	uint64_t n;

	/* Always about the payload, whatever buffer is set. */
	b->list = IPS_LIST_PAYLOAD;
	o = ips_build_opt(b, IPS_O_ASN1, &e);
	b->list = list;
	if (!o)
		return e;
	while (ips_text_cut(&v, ',', &t)) {
		while (ips_text_word(&t, &word)) {
			if (ips_text_eq(word, "bitstring_overflow")) {
				o->asn1.bitstring = true;
			} else if (ips_text_eq(word, "double_overflow")) {
				o->asn1.dbl = true;
			} else if (!ips_text_word(&t, &arg)) {
				return ips_refuse(b, "'%.*s' needs a number", IPS_T(word));
			} else if (ips_text_eq(word, "oversize_length") &&
				ips_text_u64(arg, UINT32_MAX, &n) && n > 0) {
				o->asn1.oversize = (uint32_t)n;
			} else if (ips_text_eq(word, "absolute_offset") &&
				ips_text_i64(arg, 0, 65535, &o->asn1.absolute_offset)) {
				continue;
			} else if (ips_text_eq(word, "relative_offset") &&
				ips_text_i64(arg, -65535, 65535, &o->asn1.relative_offset)) {
				o->asn1.relative = true;
			} else {
				return ips_refuse(b, "'%.*s' is not understood", IPS_T(word));
			}
		}
	}
	return 0;
}

const struct ips_kw ips_kw_data[] = {
	{"dataset", read_dataset, 0, 0},
	{"datarep", read_datarep, 0, 0},
	{"iprep", read_iprep, 0, 0},
	{"base64_decode", read_base64_decode, IPS_KW_OPTIONAL, 0},
	{"base64_data", read_base64_data, IPS_KW_NONE, 0},
	{"asn1", read_asn1, 0, 0},
	{NULL, NULL, 0, 0},
};
