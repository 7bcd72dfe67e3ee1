/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers in the data: byte_test, byte_jump, byte_extract, byte_math, isdataat, bsize. All reading
 * goes through fetch(), which checks.
 */
#include <string.h>

#include "ips/detect/inspect_int.h"
#include "ips/detect/search.h"

#define STRING_DIGITS 23 /* most bytes of a number written as text */

int64_t ips_var_get(const struct ips_run *r, const struct ips_var *v)
{
	return v->slot < 0 || v->slot >= IPS_VAR_SLOTS ? v->value : r->env->vars[v->slot];
}

bool ips_cmp_u64(const struct ips_num_cmp *c, uint64_t v)
{
	switch (c->op) {
	case IPS_EQ: return v == c->a;
	case IPS_NE: return v != c->a;
	case IPS_LT: return v < c->a;
	case IPS_LE: return v <= c->a;
	case IPS_GT: return v > c->a;
	case IPS_GE: return v >= c->a;
	case IPS_RANGE: return v > c->a && v < c->b;
	case IPS_NOT_RANGE: return !(v > c->a && v < c->b);
	}
	return false;
}

static unsigned digit(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	b = ips_lower(b);
	return b >= 'a' && b <= 'f' ? b - 'a' + 10u : 99;
}

/* Text to number as strtoull reads it: blanks, sign, 0x for base 16. Bytes taken; 0: no number. */
static uint32_t read_text(const uint8_t *p, uint32_t n, unsigned base, uint64_t *ret)
{
	uint32_t i = 0, digits = 0;
	bool minus = false;
	uint64_t v = 0;

	while (i < n && (p[i] == ' ' || (p[i] >= '\t' && p[i] <= '\r')))
		i++;
	if (i < n && (p[i] == '-' || p[i] == '+'))
		minus = p[i++] == '-';
	if (base == 16 && i + 2 < n && p[i] == '0' && (p[i + 1] | 0x20) == 'x' &&
		digit(p[i + 2]) < 16)
		i += 2;
	for (; i < n && digit(p[i]) < base; i++, digits++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
			__builtin_add_overflow(v, (uint64_t)digit(p[i]), &v))
			return 0;
	if (!digits)
		return 0;
	*ret = minus ? 0 - v : v;
	return i;
}

static bool little(const struct ips_run *r, const struct ips_byte *b)
{
	if (b->endian < 0 || b->dce)
		return r->flags & IPS_INSPECT_DCE_LE;
	return b->endian == 0;
}

/*
 * The number an option speaks of. *ret_at: where it stands, *ret_taken: bytes it takes. A relative
 * option needs at least one byte behind its place.
 */
static bool fetch(const struct ips_run *r, const struct ips_byte *b, uint64_t *ret, int64_t *ret_at,
	uint32_t *ret_taken)
{
	int64_t at = (int32_t)ips_var_get(r, &b->offset);
	int64_t n = ips_var_get(r, &b->nbytes);
	uint64_t v = 0;

	if (r->len == 0 || n < 0 || n > (b->base ? STRING_DIGITS : 8))
		return false;
	if (b->relative) {
		at += r->pos;
		if (at >= r->len)
			return false;
	}
	if (at < 0 || at + n > r->len)
		return false;
	/* Text of no stated length: as many digits as there are. */
	if (b->base && n == 0)
		n = r->len - at < STRING_DIGITS ? r->len - at : STRING_DIGITS;
	*ret_at = at;
	*ret_taken = (uint32_t)n;
	if (b->base) {
		*ret_taken = read_text(r->data + at, (uint32_t)n, b->base, &v);
		if (!*ret_taken)
			return false;
	} else if (little(r, b)) {
		for (int64_t i = n; i-- > 0;)
			v = v << 8 | r->data[at + i];
	} else {
		for (int64_t i = 0; i < n; i++)
			v = v << 8 | r->data[at + i];
	}
	*ret = v;
	return true;
}

static uint64_t masked(const struct ips_byte *b, uint64_t v)
{
	return b->bitmask ? (v & b->bitmask) >> (b->mask_shift & 63) : v;
}

enum ips_run_result ips_byte_test(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_byte *b = &o->byte;
	uint64_t v, want = (uint64_t)ips_var_get(r, &b->value);
	uint32_t taken;
	int64_t at;
	bool yes = false;

	if (!fetch(r, b, &v, &at, &taken))
		return IPS_RUN_NO;
	v = masked(b, v);
	switch (b->op) {
	case '=': yes = v == want; break;
	case '<': yes = v < want; break;
	case '>': yes = v > want; break;
	case 'l': yes = v <= want; break;
	case 'g': yes = v >= want; break;
	case '&': yes = v & want; break;
	case '^': yes = v ^ want; break;
	default: return IPS_RUN_NO;
	}
	return yes != o->negated ? IPS_RUN_YES : IPS_RUN_NO;
}

enum ips_run_result ips_byte_jump(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_byte *b = &o->byte;
	uint32_t taken;
	int64_t at, to;
	uint64_t v;

	if (!fetch(r, b, &v, &at, &taken))
		return IPS_RUN_NO;
	v = masked(b, v);
	if (b->multiplier)
		v *= b->multiplier;
	if (b->align && v % 4)
		v += 4 - v % 4;
	v += (uint64_t)b->post_offset;
	if (b->from_beginning)
		at = 0;
	else if (b->from_end)
		at = r->len;
	else
		at += taken;
	if (__builtin_add_overflow(at, (int64_t)v, &to) || to > r->len)
		return IPS_RUN_NO;
	r->pos = to < 0 ? 0 : (uint32_t)to;
	return IPS_RUN_YES;
}

static void put(struct ips_run *r, int16_t slot, uint64_t v)
{
	if (slot >= 0 && slot < IPS_VAR_SLOTS)
		r->env->vars[slot] = (int64_t)v;
}

enum ips_run_result ips_byte_extract(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_byte *b = &o->byte;
	uint32_t taken;
	uint64_t v;
	int64_t at;

	if (!fetch(r, b, &v, &at, &taken))
		return IPS_RUN_NO;
	v = masked(b, v);
	if (b->multiplier)
		v *= b->multiplier;
	if (b->align && b->align_to && v % b->align_to)
		v += b->align_to - v % b->align_to;
	put(r, b->slot, v);
	r->pos = (uint32_t)at + taken;
	return IPS_RUN_YES;
}

enum ips_run_result ips_byte_math(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_byte *b = &o->byte;
	uint64_t v, w = (uint64_t)ips_var_get(r, &b->value);
	uint32_t taken;
	int64_t at;

	if (!fetch(r, b, &v, &at, &taken))
		return IPS_RUN_NO;
	switch (b->op) {
	case '+': v += w; break;
	case '-': v -= w; break;
	case '*': v *= w; break;
	case '/':
		if (!w)
			return IPS_RUN_NO;
		v /= w;
		break;
	case '<': v = w < 64 ? v << w : 0; break;
	case '>': v = w < 64 ? v >> w : 0; break;
	default: return IPS_RUN_NO;
	}
	put(r, b->slot, masked(b, v));
	r->pos = (uint32_t)at + taken;
	return IPS_RUN_YES;
}

/* Failing for good only where no retry of what stands before could change the outcome. */
enum ips_run_result ips_isdataat(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_var *v = &o->byte.value;
	bool variable = v->slot >= 0, there;
	uint64_t at = (uint64_t)ips_var_get(r, v);

	if (variable && at >= 100000000)
		return o->negated ? IPS_RUN_YES : IPS_RUN_NO;
	there = o->byte.relative ? r->pos + at <= r->len : at < r->len;
	if (there != o->negated)
		return IPS_RUN_YES;
	if (variable || (o->byte.relative && o->negated))
		return IPS_RUN_NO;
	return IPS_RUN_STOP;
}

enum ips_run_result ips_bsize(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_num_cmp *c = &o->num;
	uint64_t size = r->offset + r->len;

	/* What may still grow is neither final nor, above the bound, in doubt. */
	if (!(r->flags & IPS_INSPECT_END)) {
		if (c->op != IPS_GT && c->op != IPS_GE && c->op != IPS_NE)
			return IPS_RUN_STOP;
		if (c->op == IPS_NE && size <= c->a)
			return IPS_RUN_STOP;
	}
	return ips_cmp_u64(c, size) != o->negated ? IPS_RUN_YES : IPS_RUN_STOP;
}
