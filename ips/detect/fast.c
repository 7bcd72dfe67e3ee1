/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The content by which a rule is found: the one its author marked, else the one least likely to
 * occur by chance. Any choice is correct, because every candidate is confirmed in full; it decides
 * speed alone.
 */
#include "ips/detect/crule.h"

#include <string.h>

#include "lib/util.h"

#define HEAD_MAX 256 /* patterns that must end this early are looked for only there */
#define WEAK_LEN 4   /* shorter ones occur everywhere */
#define LEN_MAX 32   /* of a long one the most telling piece will do */

/* How much a byte tells: common filler little, letters some, the rest more. */
static uint32_t byte_weight(uint8_t b)
{
	if (b == 0 || b == 0xff || b == ' ')
		return 2;
	if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9'))
		return 4;
	return b > ' ' && b < 0x7f ? 5 : 6;
}

static uint32_t strength(const uint8_t *data, uint16_t len)
{
	uint8_t seen[32] = {0};
	uint32_t sum = 0;

	for (uint16_t i = 0; i < len; i++) {
		bool again = seen[data[i] / 8] >> (data[i] % 8) & 1;

		sum += again ? 1 : byte_weight(data[i]);
		seen[data[i] / 8] |= (uint8_t)(1 << (data[i] % 8));
	}
	return sum;
}

/* Buffers with few values, found in nearly every transaction. */
static bool dull(enum ips_buf b)
{
	switch (b) {
	case IPS_BUF_HTTP_METHOD:
	case IPS_BUF_HTTP_PROTOCOL:
	case IPS_BUF_HTTP_STAT_CODE:
	case IPS_BUF_HTTP_STAT_MSG:
	case IPS_BUF_HTTP_ACCEPT:
	case IPS_BUF_HTTP_ACCEPT_ENC:
	case IPS_BUF_HTTP_ACCEPT_LANG:
	case IPS_BUF_HTTP_CONNECTION:
	case IPS_BUF_HTTP_CONTENT_LEN:
	case IPS_BUF_HTTP_CONTENT_TYPE:
	case IPS_BUF_HTTP_HEADER_NAMES:
	case IPS_BUF_TLS_RANDOM: return true;
	default: return false;
	}
}

/* The largest payload dsize allows, or 0. */
static uint32_t dsize_max(const struct ips_rule *r)
{
	for (uint32_t i = 0; i < r->conds_n; i++) {
		const struct ips_opt *o = &r->conds[i];

		if (o->kind != IPS_O_DSIZE || o->negated)
			continue;
		if (o->num.op == IPS_EQ || o->num.op == IPS_LT || o->num.op == IPS_LE)
			return (uint32_t)SK_MIN(o->num.a, (uint64_t)UINT16_MAX);
		if (o->num.op == IPS_RANGE)
			return (uint32_t)SK_MIN(o->num.b, (uint64_t)UINT16_MAX);
	}
	return 0;
}

/* Where an absolute content ends at the latest; 0 if it may be anywhere. */
static uint16_t head_of(
	const struct ips_rule *r, const struct ips_crule *c, const struct ips_content *o)
{
	uint64_t end = 0;

	if (o->startswith)
		end = o->len;
	else if (o->has_depth && !o->relative && o->depth.slot < 0 &&
		(!o->has_offset || o->offset.slot < 0))
		end = (uint64_t)(o->depth.value + (o->has_offset ? o->offset.value : 0));
	if (!(c->flags & IPS_CR_STREAM) && (end == 0 || end > HEAD_MAX))
		end = dsize_max(r);
	return end <= HEAD_MAX && end >= o->len ? (uint16_t)end : 0;
}

static uint32_t score(const struct ips_crule *c, const struct ips_match_list *l,
	const struct ips_fast *f, bool marked)
{
	uint32_t s = strength(f->data, f->len) * 8;
	bool weak = f->len < WEAK_LEN && !f->head;

	if (l->buf == IPS_BUF_PAYLOAD) {
		/* Bytes on the wire are many: short patterns there cost most. */
		if (c->type == IPS_RT_TX)
			s /= 8;
		if (weak)
			s /= 8;
		else if (f->head)
			s += s / 2;
	} else {
		if (dull(l->buf))
			s /= 4;
		if (!(ips_buf_info(l->buf)->flags & IPS_BUF_BODY))
			s += s / 2;
		else if (l->transforms_n)
			s /= 4;
	}
	return s + (marked && !weak ? 1u << 24 : 0) + 1;
}

/* The compiler of literals takes none that begins with NUL; what follows finds the rule as well. */
static bool skip_zeros(struct ips_fast *f)
{
	while (f->len && *f->data == 0) {
		f->data++;
		f->len--;
	}
	return f->len > 0;
}

static void cut(struct ips_fast *f)
{
	uint32_t best = 0;
	uint16_t at = 0;

	for (uint16_t i = 0; f->len > LEN_MAX && i + LEN_MAX <= f->len; i++) {
		uint32_t s = strength(f->data + i, LEN_MAX);

		if (s > best && f->data[i]) {
			best = s;
			at = i;
		}
	}
	if (f->len > LEN_MAX) {
		f->data += at;
		f->len = LEN_MAX;
	}
}

void ips_fast_choose(const struct ips_rule *r, const struct ips_crule *c, struct ips_fast *ret)
{
	uint32_t best = 0;

	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < r->lists_n; i++) {
		const struct ips_match_list *l = &r->lists[i];

		if (l->buf != IPS_BUF_PAYLOAD && !ips_buf_is_tx(l->buf))
			continue;
		for (uint32_t j = 0; j < l->n; j++) {
			const struct ips_content *o = &l->opts[j].content;
			struct ips_fast f = {.list = l};
			uint32_t s;

			if (l->opts[j].kind != IPS_O_CONTENT || l->opts[j].negated || o->len == 0)
				continue;
			f.data = o->data;
			f.len = o->len;
			f.nocase = o->nocase;
			if (l->buf == IPS_BUF_PAYLOAD && c->type != IPS_RT_TX)
				f.head = head_of(r, c, o);
			if (o->fast_pattern && o->fp_len && o->fp_off + o->fp_len <= o->len) {
				f.data += o->fp_off;
				f.len = o->fp_len;
			}
			if (!skip_zeros(&f))
				continue;
			s = score(c, l, &f, o->fast_pattern);
			if (s > best) {
				best = s;
				*ret = f;
			}
		}
	}
	cut(ret);
}
