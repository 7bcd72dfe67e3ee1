/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of options on one piece of bytes. A content or pcre that others are relative to is tried
 * at each of its places until the rest holds; what nothing depends on is found once. Steps are
 * counted, so that no data can make a list run long.
 */
#include <stdlib.h>
#include <string.h>

#include "ips/detect/inspect_int.h"
#include "ips/detect/transform.h"

static enum ips_run_result run_from(struct ips_run *r, uint32_t i);

struct ips_inspect *ips_inspect_new(uint32_t max_transform_bytes)
{
	struct ips_inspect *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->cap = max_transform_bytes < 4096 ? 4096 : max_transform_bytes;
	in->buf[0] = malloc(in->cap);
	in->buf[1] = malloc(in->cap);
	in->base64 = malloc(IPS_BASE64_MAX);
	if (!in->buf[0] || !in->buf[1] || !in->base64 || !ips_pcre_init(in)) {
		ips_inspect_free(in);
		return NULL;
	}
	return in;
}

void ips_inspect_free(struct ips_inspect *in)
{
	if (!in)
		return;
	ips_pcre_done(in);
	free(in->base64);
	free(in->buf[0]);
	free(in->buf[1]);
	free(in);
}

const struct ips_inspect_stats *ips_inspect_stats(const struct ips_inspect *in)
{
	return &in->stats;
}

/* A content others are relative to: the rest at each of its places. */
static enum ips_run_result content_chain(struct ips_run *r, uint32_t i, struct ips_place in)
{
	const struct ips_content *c = &r->opts[i].content;
	bool free_standing = !c->has_distance && !c->has_within;
	enum ips_run_result res;
	uint32_t at;

	while (ips_content_find(r, c, in, &at)) {
		r->pos = at + c->len;
		res = run_from(r, i + 1);
		if (res != IPS_RUN_NO)
			return res;
		in.from = at + 1;
		if (c->endswith)
			break;
	}
	return free_standing ? IPS_RUN_STOP : IPS_RUN_NO;
}

static enum ips_run_result pcre_chain(struct ips_run *r, uint32_t i)
{
	const struct ips_pcre *p = &r->opts[i].pcre;
	uint32_t base = p->relative ? r->pos : 0, start = 0;
	struct ips_view v = {r->data + base, r->len - base};
	enum ips_run_result res;
	struct ips_place at;

	while (ips_pcre_run(r->in, p->code, v, start, &at) == 1) {
		r->pos = base + at.to;
		start = at.from + 1;
		res = run_from(r, i + 1);
		if (res != IPS_RUN_NO)
			return res;
	}
	return IPS_RUN_NO;
}

static enum ips_run_result pcre_once(struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_pcre *p = &o->pcre;
	uint32_t base = p->relative ? r->pos : 0;
	struct ips_place at;
	int n;

	n = ips_pcre_run(r->in, p->code, (struct ips_view){r->data + base, r->len - base}, 0, &at);
	if (n < 0)
		return IPS_RUN_NO;
	if (n == 1 && !o->negated)
		r->pos = base + at.to;
	return (n == 1) != o->negated ? IPS_RUN_YES : IPS_RUN_NO;
}

/* What base64_data says ends the list, whatever its outcome. */
static enum ips_run_result base64(struct ips_run *r, const struct ips_opt *o)
{
	int64_t skip = ips_var_get(r, &o->base64.offset);
	uint32_t base = o->base64.relative ? r->pos : 0;
	struct ips_view v = {r->data + base, r->len - base};
	struct ips_run sub = *r;
	enum ips_run_result res;

	if (skip < 0 || (skip && skip >= v.len) || !o->base64.sub)
		return IPS_RUN_NO;
	v.data += skip;
	v.len -= (uint32_t)skip;
	if (o->base64.bytes && o->base64.bytes < v.len)
		v.len = o->base64.bytes;
	sub.len = ips_base64_decode(r->in->base64, IPS_BASE64_MAX, v);
	if (!sub.len)
		return IPS_RUN_NO;
	sub.data = r->in->base64;
	sub.opts = o->base64.sub->opts;
	sub.n = o->base64.sub->n;
	sub.pos = 0;
	sub.offset = 0;
	sub.flags = IPS_INSPECT_START | IPS_INSPECT_END;
	res = run_from(&sub, 0);
	r->steps = sub.steps;
	return res == IPS_RUN_YES ? IPS_RUN_YES : IPS_RUN_NO;
}

static enum ips_run_result dataset(const struct ips_run *r, const struct ips_opt *o)
{
	struct ips_view v = {r->data, r->len};
	struct ips_state *s = r->env->state;
	uint32_t rep;
	bool there;

	if (!s || r->len == 0)
		return IPS_RUN_STOP;
	if (o->kind == IPS_O_DATAREP)
		return ips_dataset_rep(s, o->set.name, o->set.type, v, &rep) &&
				ips_cmp_u64(&o->set.cmp, rep)
			? IPS_RUN_YES
			: IPS_RUN_STOP;
	switch (o->set.op) {
	case IPS_BIT_SET:
		return ips_dataset_put(s, o->set.name, o->set.type, v) ? IPS_RUN_YES : IPS_RUN_STOP;
	case IPS_BIT_UNSET:
		return ips_dataset_take(s, o->set.name, o->set.type, v) ? IPS_RUN_YES
									: IPS_RUN_STOP;
	default: break;
	}
	there = ips_dataset_has(s, o->set.name, o->set.type, v);
	return there == (o->set.op == IPS_BIT_ISSET) ? IPS_RUN_YES : IPS_RUN_STOP;
}

/* Options that answer at once, without places to try. */
static enum ips_run_result plain(struct ips_run *r, const struct ips_opt *o)
{
	switch (o->kind) {
	case IPS_O_ISDATAAT: return ips_isdataat(r, o);
	case IPS_O_BYTE_TEST: return ips_byte_test(r, o);
	case IPS_O_BYTE_JUMP: return ips_byte_jump(r, o);
	case IPS_O_BYTE_EXTRACT: return ips_byte_extract(r, o);
	case IPS_O_BYTE_MATH: return ips_byte_math(r, o);
	case IPS_O_BSIZE: return ips_bsize(r, o);
	case IPS_O_DATASET:
	case IPS_O_DATAREP: return dataset(r, o);
	case IPS_O_PCRE: return pcre_once(r, o);
	case IPS_O_ASN1:
		/* Of packets only, as in the reference. */
		if (r->flags & IPS_INSPECT_STREAM ||
			!ips_asn1(o, (struct ips_view){r->data, r->len}, r->pos))
			return IPS_RUN_NO;
		return IPS_RUN_YES;
	default: return IPS_RUN_NO;
	}
}

/*
 * Options i and on. After a content that nothing is relative to, no other place of it can help:
 * what fails from there on fails for good.
 */
static enum ips_run_result run_from(struct ips_run *r, uint32_t i)
{
	enum ips_run_result res, no = IPS_RUN_NO;
	struct ips_place in = {1, 0};
	const struct ips_opt *o;
	uint32_t at;

	for (; i < r->n; i++) {
		o = &r->opts[i];
		if (++r->steps >= IPS_STEPS_MAX) {
			r->in->stats.recursion_limit += r->steps == IPS_STEPS_MAX;
			return IPS_RUN_STOP;
		}
		if (o->kind == IPS_O_CONTENT && o->negated) {
			res = ips_content_absent(r, o);
		} else if (o->kind == IPS_O_CONTENT) {
			res = ips_content_bounds(r, o, &in);
			if (res == IPS_RUN_YES && o->content.relative_next && i + 1 < r->n) {
				res = content_chain(r, i, in);
				return res == IPS_RUN_NO ? no : res;
			}
			if (res == IPS_RUN_YES && !ips_content_find(r, &o->content, in, &at)) {
				res = o->content.has_distance || o->content.has_within
					? IPS_RUN_NO
					: IPS_RUN_STOP;
			} else if (res == IPS_RUN_YES) {
				r->pos = at + o->content.len;
				no = IPS_RUN_STOP;
			}
		} else if (o->kind == IPS_O_BASE64_DECODE) {
			res = base64(r, o);
			return res == IPS_RUN_NO ? no : res;
		} else if (o->kind == IPS_O_PCRE && o->pcre.relative_next && !o->negated &&
			i + 1 < r->n) {
			res = pcre_chain(r, i);
			return res == IPS_RUN_NO ? no : res;
		} else {
			res = plain(r, o);
		}
		if (res != IPS_RUN_YES)
			return res == IPS_RUN_NO ? no : res;
	}
	return IPS_RUN_YES;
}

bool ips_inspect_list(struct ips_inspect *in, const struct ips_match_list *list,
	const uint8_t *data, uint32_t len, uint64_t offset, unsigned flags,
	struct ips_inspect_env *env)
{
	struct ips_view v = {data ? data : (const uint8_t *)"", data ? len : 0};
	struct ips_run r = {.in = in, .env = env, .opts = list->opts, .n = list->n};

	in->stats.lists++;
	if (list->transforms_n && !(flags & IPS_INSPECT_TRANSFORMED))
		v = ips_inspect_transform(in, list->transforms, list->transforms_n, v);
	r.data = v.data;
	r.len = v.len;
	/* Places in the stream's pieces are counted from the piece, as the reference does. */
	r.offset = flags & IPS_INSPECT_STREAM ? 0 : offset;
	r.flags = flags;
	return run_from(&r, 0) == IPS_RUN_YES;
}
