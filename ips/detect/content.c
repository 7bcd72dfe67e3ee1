/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a content may stand: depth, offset, distance, within, startswith, endswith, each possibly a
 * variable. Follows Suricata 7 to the letter, oddities included, because rules are written and
 * tested against it.
 */
#include "ips/detect/inspect_int.h"
#include "ips/detect/search.h"

/* distance and within: a window behind the last match, in 32-bit arithmetic as the reference's. */
static bool relative_bounds(
	const struct ips_run *r, const struct ips_content *c, uint32_t *from, uint32_t *to)
{
	int32_t distance = c->has_distance ? (int32_t)ips_var_get(r, &c->distance) : 0;
	uint32_t end;

	*from = r->pos;
	if (distance < 0 && (uint32_t) - (int64_t)distance > r->pos)
		*from = 0;
	else
		*from += (uint32_t)distance;
	if (c->has_within) {
		end = r->pos + (uint32_t)ips_var_get(r, &c->within) + (uint32_t)distance;
		if ((int32_t)*to > (int32_t)end)
			*to = end;
		/* A window of a long body: before the first match it counts from its start. */
		if (r->offset && r->pos == 0) {
			if (*to <= r->offset)
				return false;
			if (*to < r->offset + r->len)
				*to -= (uint32_t)r->offset;
		}
	}
	return true;
}

static bool absolute_bounds(
	const struct ips_run *r, const struct ips_content *c, uint32_t *from, uint32_t *to)
{
	uint32_t offset = c->has_offset ? (uint32_t)ips_var_get(r, &c->offset) : 0;
	bool limited = c->has_depth || c->startswith;
	uint64_t end = r->len;

	/* depth counts from offset */
	if (limited)
		end = (c->has_depth ? (uint32_t)ips_var_get(r, &c->depth) : c->len) +
			(uint64_t)offset;
	if (r->offset && limited) {
		if (end <= r->offset)
			return false;
		if (end < r->offset + r->len)
			end -= r->offset;
	}
	*from = offset;
	*to = end > r->len ? r->len : (uint32_t)end;
	return true;
}

enum ips_run_result ips_content_bounds(
	const struct ips_run *r, const struct ips_opt *o, struct ips_place *ret)
{
	const struct ips_content *c = &o->content;
	uint32_t from, to = r->len;
	bool ok;

	if (c->has_distance || c->has_within)
		ok = relative_bounds(r, c, &from, &to);
	else
		ok = absolute_bounds(r, c, &from, &to);
	if (!ok)
		return IPS_RUN_NO;
	if (to > r->len)
		to = r->len;
	if (from > to || to == 0)
		return o->negated ? IPS_RUN_YES : IPS_RUN_NO;
	ret->from = from;
	ret->to = to;
	return IPS_RUN_YES;
}

bool ips_content_find(
	const struct ips_run *r, const struct ips_content *c, struct ips_place in, uint32_t *ret)
{
	const uint8_t *at;

	if (in.from > in.to || c->len > in.to - in.from)
		return false;
	if (c->endswith) {
		/* Only the last place can do. */
		if (in.to < r->len || !ips_search_at(c, r->data + r->len - c->len))
			return false;
		*ret = r->len - c->len;
		return true;
	}
	at = ips_search(c, r->data + in.from, in.to - in.from);
	if (!at)
		return false;
	*ret = (uint32_t)(at - r->data);
	return true;
}

/*
 * The end of a negated content with endswith: only the first occurrence is looked at, and its end
 * is compared with the length of the searched part.
 */
static bool ends_with(const struct ips_run *r, const struct ips_content *c, struct ips_place in)
{
	const uint8_t *at;

	if (in.to < r->len)
		return false;
	at = ips_search(c, r->data + in.from, in.to - in.from);
	return at && (uint32_t)(at - r->data) + c->len == in.to - in.from;
}

/* A negated content: YES if it is not there. */
enum ips_run_result ips_content_absent(const struct ips_run *r, const struct ips_opt *o)
{
	const struct ips_content *c = &o->content;
	bool alone = !(c->has_distance || c->has_within || c->has_depth || c->has_offset ||
		c->startswith || c->relative_next);
	struct ips_place in = {1, 0};
	uint32_t at;
	enum ips_run_result res = ips_content_bounds(r, o, &in);

	if (res != IPS_RUN_YES)
		return IPS_RUN_NO;
	if (c->endswith)
		return ends_with(r, c, in) ? (alone ? IPS_RUN_STOP : IPS_RUN_NO) : IPS_RUN_YES;
	if (!ips_content_find(r, c, in, &at))
		return IPS_RUN_YES;
	return alone ? IPS_RUN_STOP : IPS_RUN_NO;
}
