/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers inside the data: byte_test, byte_jump, byte_extract, byte_math, isdataat. Their values
 * may be variables that byte_extract or byte_math made earlier in the rule.
 */
#include <errno.h>

#include "ips/rules/kw.h"

#define OFFSET_MAX 16777215
#define BINARY_MAX 8 /* bytes of a number that is not text */

/* Which of the options that come in any order the keyword knows. */
enum byte_words {
	W_ALIGN = 1,
	W_JUMP = 2, /* from_beginning, from_end, post_offset */
	W_MULTIPLY = 4,
	W_BITMASK = 8,
	W_DCE = 16,
	W_ALIGN_TO = 32,
};

struct byte_read {
	struct ips_byte *o;
	unsigned words;
	bool string, base, endian;
};

/* Room for the new option, and where its parts go. */
static struct ips_byte *byte_new(struct ips_build *b, enum ips_opt_kind kind, int *ret_err)
{
	bool negated = b->negated;
	struct ips_opt *o = ips_build_opt(b, kind, ret_err);

	if (!o)
		return NULL;
	o->negated = negated;
	o->byte.nbytes.slot = o->byte.offset.slot = o->byte.value.slot = o->byte.slot = -1;
	o->byte.endian = 1;
	o->byte.multiplier = 1;
	return &o->byte;
}

/* The pieces between commas; positional ones must be there. */
static int next(struct ips_build *b, struct ips_text *v, const char *what, struct ips_text *ret)
{
	if (ips_text_cut(v, ',', ret) && ret->n > 0)
		return 0;
	return ips_refuse(b, "%s is missing", what);
}

/* A word and what follows it: "multiplier 4". */
static bool valued(struct ips_text t, const char *word, struct ips_text *ret)
{
	size_t n = strlen(word);

	if (t.n <= n || memcmp(t.p, word, n) != 0 || !ips_is_blank(t.p[n]))
		return false;
	*ret = ips_text_skip(t, n);
	return true;
}

static int set_bitmask(struct ips_build *b, struct byte_read *r, struct ips_text t)
{
	uint64_t mask = 0;
	size_t i = t.n > 2 && t.p[0] == '0' && (t.p[1] | 0x20) == 'x' ? 2 : 0;

	if (t.n - i == 0 || t.n - i > 8)
		return ips_refuse(b, "bitmask is 1 to 8 hexadecimal digits");
	for (; i < t.n; i++) {
		int d = ips_hex_digit(t.p[i]);

		if (d < 0)
			return ips_refuse(b, "bitmask is 1 to 8 hexadecimal digits");
		mask = mask << 4 | (unsigned)d;
	}
	if (mask == 0)
		return ips_refuse(b, "bitmask 0 leaves nothing");
	r->o->bitmask = mask;
	r->o->mask_shift = (uint8_t)__builtin_ctzll(mask);
	return 0;
}

static int set_endian(struct ips_build *b, struct byte_read *r, int8_t endian)
{
	if (r->endian)
		return ips_refuse(b, "byte order given twice");
	r->endian = true;
	r->o->endian = endian;
	r->o->dce = endian < 0;
	return endian < 0 ? ips_build_app(b, IPS_PB(DCERPC) | IPS_PB(SMB)) : 0;
}

static int set_base(struct ips_build *b, struct byte_read *r, uint8_t base)
{
	if (r->base)
		return ips_refuse(b, "number base given twice");
	r->base = true;
	r->o->base = base;
	return 0;
}

static int jump_word(struct ips_build *b, struct byte_read *r, struct ips_text t)
{
	struct ips_text arg;

	if (ips_text_eq(t, "from_beginning"))
		r->o->from_beginning = true;
	else if (ips_text_eq(t, "from_end"))
		r->o->from_end = true;
	else if (!valued(t, "post_offset", &arg) ||
		!ips_text_i64(arg, -OFFSET_MAX, OFFSET_MAX, &r->o->post_offset))
		return ips_refuse(b, "'%.*s' is not understood", IPS_T(t));
	return 0;
}

static int number_word(struct ips_build *b, struct byte_read *r, struct ips_text t)
{
	struct ips_text arg;
	uint64_t n;

	if ((r->words & W_MULTIPLY) && valued(t, "multiplier", &arg)) {
		if (!ips_text_u64(arg, 65535, &n) || n == 0)
			return ips_refuse(b, "multiplier is a number from 1 to 65535");
		r->o->multiplier = (uint32_t)n;
		return 0;
	}
	if ((r->words & W_ALIGN_TO) && valued(t, "align", &arg)) {
		if (!ips_text_u64(arg, 4, &n) || (n != 2 && n != 4))
			return ips_refuse(b, "align is 2 or 4");
		r->o->align = true;
		r->o->align_to = (uint8_t)n;
		return 0;
	}
	if ((r->words & W_BITMASK) && valued(t, "bitmask", &arg))
		return set_bitmask(b, r, arg);
	/* "string hex" and "string, hex" are the same. */
	if (valued(t, "string", &arg) && !r->string) {
		r->string = true;
		t = arg;
	} else if (valued(t, "endian", &arg)) {
		t = arg;
	}
	if (ips_text_eq(t, "big"))
		return set_endian(b, r, 1);
	if (ips_text_eq(t, "little"))
		return set_endian(b, r, 0);
	if (ips_text_eq(t, "dec"))
		return set_base(b, r, 10);
	if (ips_text_eq(t, "hex"))
		return set_base(b, r, 16);
	if (ips_text_eq(t, "oct"))
		return set_base(b, r, 8);
	return (r->words & W_JUMP) ? jump_word(b, r, t)
				   : ips_refuse(b, "'%.*s' is not understood", IPS_T(t));
}

static int words(struct ips_build *b, struct byte_read *r, struct ips_text v)
{
	struct ips_text t;
	int e = 0;

	while (e == 0 && ips_text_cut(&v, ',', &t)) {
		if (ips_text_eq(t, "relative")) {
			r->o->relative = true;
		} else if (ips_text_eq(t, "string")) {
			r->string = true;
		} else if (ips_text_eq(t, "dce") && (r->words & W_DCE)) {
			e = set_endian(b, r, -1);
		} else if (ips_text_eq(t, "align") && (r->words & W_ALIGN)) {
			r->o->align = true;
			r->o->align_to = 4;
		} else if (ips_text_eq(t, "rawbytes")) {
			r->o->rawbytes = true;
		} else {
			e = number_word(b, r, t);
		}
	}
	return e;
}

/* What the words mean together. */
static int sane(struct ips_build *b, struct byte_read *r)
{
	static const uint8_t text_max[17] = {[8] = 23, [10] = 23, [16] = 23};
	struct ips_byte *o = r->o;

	if (r->base && !r->string)
		return ips_refuse(b, "a number base needs string");
	if (r->string && !r->base)
		o->base = 10;
	if (o->dce && r->string)
		return ips_refuse(b, "dce and string exclude each other");
	if (o->from_beginning && o->from_end)
		return ips_refuse(b, "from_beginning and from_end exclude each other");
	if (o->nbytes.slot >= 0)
		return 0;
	if (r->string && o->nbytes.value > text_max[o->base])
		return ips_refuse(b, "at most %u digits of that base", text_max[o->base]);
	if (!r->string && o->nbytes.value == 0 && b->kw->arg != 'j')
		return ips_refuse(b, "0 bytes are only for text: as many digits as there are");
	if (!r->string && o->nbytes.value > BINARY_MAX)
		return ips_refuse(b, "at most %d bytes", BINARY_MAX);
	return 0;
}

/* Unsigned, 64 bits: 0xffffffffffffffff too. */
static int value_or_var(struct ips_build *b, struct ips_text t, struct ips_var *ret)
{
	uint64_t n;

	if (ips_text_u64(t, UINT64_MAX, &n)) {
		ret->value = (int64_t)n;
		ret->slot = -1;
		return 0;
	}
	return ips_build_var(b, t, 0, INT64_MAX, ret);
}

static int test_op(struct ips_build *b, struct ips_text t, bool *negated, uint8_t *ret)
{
	static const struct {
		const char *text;
		uint8_t op;
	} ops[] = {{"<", '<'}, {">", '>'}, {"=", '='}, {"<=", 'l'}, {">=", 'g'}, {"&", '&'},
		{"^", '^'}};

	if (ips_text_starts(t, '!')) {
		*negated = true;
		t = ips_text_skip(t, 1);
		if (t.n == 0) {
			*ret = '=';
			return 0;
		}
	}
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ips_text_eq(t, ops[i].text)) {
			*ret = ops[i].op;
			return 0;
		}
	return ips_refuse(b, "unknown operator '%.*s'", IPS_T(t));
}

static int read_test(struct ips_build *b, struct ips_text v)
{
	struct byte_read r = {.words = W_DCE | W_BITMASK};
	struct ips_text t[4];
	bool negated = false;
	int e;

	r.o = byte_new(b, IPS_O_BYTE_TEST, &e);
	if (!r.o)
		return e;
	e = next(b, &v, "the number of bytes", &t[0]);
	if (e == 0)
		e = next(b, &v, "the operator", &t[1]);
	if (e == 0)
		e = next(b, &v, "the value", &t[2]);
	if (e == 0)
		e = next(b, &v, "the offset", &t[3]);
	if (e == 0)
		e = ips_build_var(b, t[0], 0, 23, &r.o->nbytes);
	if (e == 0)
		e = test_op(b, t[1], &negated, &r.o->op);
	if (e == 0)
		e = value_or_var(b, t[2], &r.o->value);
	if (e == 0)
		e = ips_build_var(b, t[3], -OFFSET_MAX, OFFSET_MAX, &r.o->offset);
	if (e == 0)
		e = words(b, &r, v);
	if (e < 0)
		return e;
	b->opts[b->n - 1].o.negated = negated;
	return sane(b, &r);
}

static int read_jump(struct ips_build *b, struct ips_text v)
{
	struct byte_read r = {.words = W_DCE | W_BITMASK | W_JUMP | W_MULTIPLY | W_ALIGN};
	struct ips_text n, off;
	int e;

	r.o = byte_new(b, IPS_O_BYTE_JUMP, &e);
	if (!r.o)
		return e;
	e = next(b, &v, "the number of bytes", &n);
	if (e == 0)
		e = next(b, &v, "the offset", &off);
	if (e == 0)
		e = ips_build_var(b, n, 0, 23, &r.o->nbytes);
	if (e == 0)
		e = ips_build_var(b, off, -OFFSET_MAX, OFFSET_MAX, &r.o->offset);
	if (e == 0)
		e = words(b, &r, v);
	return e < 0 ? e : sane(b, &r);
}

static int read_extract(struct ips_build *b, struct ips_text v)
{
	struct byte_read r = {.words = W_DCE | W_BITMASK | W_MULTIPLY | W_ALIGN_TO};
	struct ips_text n, off, name;
	int e;

	r.o = byte_new(b, IPS_O_BYTE_EXTRACT, &e);
	if (!r.o)
		return e;
	e = next(b, &v, "the number of bytes", &n);
	if (e == 0)
		e = next(b, &v, "the offset", &off);
	if (e == 0)
		e = next(b, &v, "the variable's name", &name);
	if (e == 0)
		e = ips_build_var(b, n, 1, 23, &r.o->nbytes);
	if (e == 0)
		e = ips_build_var(b, off, -OFFSET_MAX, OFFSET_MAX, &r.o->offset);
	if (e == 0)
		e = words(b, &r, v);
	if (e == 0)
		e = sane(b, &r);
	return e < 0 ? e : ips_build_var_new(b, name, &r.o->slot);
}

static int math_op(struct ips_build *b, struct ips_text t, uint8_t *ret)
{
	if (ips_text_eq(t, "<<") || ips_text_eq(t, ">>") || (t.n == 1 && strchr("+-*/", t.p[0]))) {
		*ret = (uint8_t)t.p[0];
		return 0;
	}
	return ips_refuse(b, "unknown operator '%.*s'", IPS_T(t));
}

enum { M_BYTES = 1, M_OFFSET = 2, M_OPER = 4, M_RVALUE = 8, M_RESULT = 16, M_ALL = 31 };

/* byte_math names its parts: "bytes 2, offset 0, oper +, rvalue 1, result x". */
static int math_word(struct ips_build *b, struct byte_read *r, struct ips_text t, unsigned *seen,
	struct ips_text *result)
{
	struct ips_text arg;
	unsigned what = 0;
	int e = 0;

	if (valued(t, "bytes", &arg)) {
		what = M_BYTES;
		e = ips_build_var(b, arg, 1, 10, &r->o->nbytes);
	} else if (valued(t, "offset", &arg)) {
		what = M_OFFSET;
		e = ips_build_var(b, arg, -OFFSET_MAX, OFFSET_MAX, &r->o->offset);
	} else if (valued(t, "oper", &arg)) {
		what = M_OPER;
		e = math_op(b, arg, &r->o->op);
	} else if (valued(t, "rvalue", &arg)) {
		what = M_RVALUE;
		e = ips_build_var(b, arg, 0, UINT32_MAX, &r->o->value);
	} else if (valued(t, "result", &arg)) {
		what = M_RESULT;
		*result = arg;
	} else {
		return words(b, r, t);
	}
	if (e == 0 && (*seen & what))
		return ips_refuse(b, "'%.*s' is given twice", IPS_T(t));
	*seen |= what;
	return e;
}

static int read_math(struct ips_build *b, struct ips_text v)
{
	struct byte_read r = {.words = W_DCE | W_BITMASK};
	struct ips_text t, result = {NULL, 0};
	unsigned seen = 0;
	int e;

	r.o = byte_new(b, IPS_O_BYTE_MATH, &e);
	if (!r.o)
		return e;
	while (e == 0 && ips_text_cut(&v, ',', &t))
		e = math_word(b, &r, t, &seen, &result);
	if (e == 0 && seen != M_ALL)
		return ips_refuse(b, "needs bytes, offset, oper, rvalue and result");
	if (e == 0 && r.o->op == '/' && r.o->value.slot < 0 && r.o->value.value == 0)
		return ips_refuse(b, "division by 0");
	if (e == 0)
		e = sane(b, &r);
	return e < 0 ? e : ips_build_var_new(b, result, &r.o->slot);
}

/* "Not one byte behind the content before" is endswith, which can be looked for faster. */
static void no_more(struct ips_build *b)
{
	struct ips_build_opt *this = &b->opts[b->n - 1], *before;
	uint64_t kinds = IPS_KIND(CONTENT) | IPS_KIND(PCRE) | IPS_KIND(BYTE_TEST) |
		IPS_KIND(BYTE_JUMP) | IPS_KIND(BYTE_EXTRACT) | IPS_KIND(BYTE_MATH);
	const struct ips_byte *o = &this->o.byte;

	if (!this->o.negated || !o->relative || o->value.slot >= 0 || o->value.value != 1)
		return;
	this->place = IPS_IN_NOTHING;
	before = ips_build_last(b, kinds | IPS_KIND(ISDATAAT));
	if (!before || before->list != this->list || before->o.kind != IPS_O_CONTENT) {
		this->place = IPS_IN_LIST;
		return;
	}
	before->o.content.endswith = true;
	b->lists[this->list].opts--;
	b->n--;
}

static int read_isdataat(struct ips_build *b, struct ips_text v)
{
	struct byte_read r = {0};
	struct ips_text n;
	int e;

	r.o = byte_new(b, IPS_O_ISDATAAT, &e);
	if (!r.o)
		return e;
	e = next(b, &v, "the position", &n);
	if (e == 0)
		e = ips_build_var(b, n, 0, 65535, &r.o->value);
	while (e == 0 && ips_text_cut(&v, ',', &n)) {
		if (ips_text_eq(n, "relative"))
			r.o->relative = true;
		else if (ips_text_eq(n, "rawbytes"))
			r.o->rawbytes = true;
		else
			e = ips_refuse(b, "'%.*s' is not understood", IPS_T(n));
	}
	if (e == 0)
		no_more(b);
	return e;
}

const struct ips_kw ips_kw_byte[] = {
	{"byte_test", read_test, 0, 0},
	{"byte_jump", read_jump, 0, 'j'},
	{"byte_extract", read_extract, 0, 0},
	{"byte_math", read_math, 0, 0},
	{"isdataat", read_isdataat, IPS_KW_NEGATE, 0},
	{NULL, NULL, 0, 0},
};
