/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a matching rule is reported: threshold, detection_filter, suppress, rate_filter. One
 * entry a (rule, tracked address) in a locked shard; counting follows Suricata 7 (windows begin at
 * an entry's first match and include their last microsecond). Rules without any cost nothing.
 */
#include <string.h>

#include "ips/detect/state_int.h"

struct threshold_key {
	uint32_t gid, sid;
	uint8_t part, track, family, pad[5];
	struct ips_addr a, b;
	uint64_t flow;
};
_Static_assert(sizeof(struct threshold_key) == 56, "see state.c");

struct entry {
	uint64_t since_us;   /* begin of the window */
	uint64_t until_us;   /* rate_filter: its action holds till then; 0: it does not */
	uint64_t expires_us; /* for purging only */
	uint32_t count, next;
	bool used;
};
_Static_assert(sizeof(struct entry) <= 40, "see state.c");

/* Parts of a rule that count apart; those of filters[] follow. */
enum { PART_THRESHOLD, PART_DETECTION, PART_FILTERS };

static bool make_key(struct threshold_key *k, const struct ips_rule *r, uint8_t part, uint8_t track,
	const struct ips_packet *p)
{
	bool swap;

	memset(k, 0, sizeof(*k));
	k->gid = r->gid;
	k->sid = r->sid;
	k->part = part;
	switch (track) {
	case IPS_TRACK_SRC:
		k->track = 1;
		k->family = p->family;
		k->a = p->src;
		break;
	case IPS_TRACK_DST:
		/* An address has one entry, from whichever end it is looked at. */
		k->track = 1;
		k->family = p->family;
		k->a = p->dst;
		break;
	case IPS_TRACK_PAIR:
	case IPS_TRACK_BOTH:
		k->track = 2;
		k->family = p->family;
		swap = memcmp(&p->src, &p->dst, sizeof(p->src)) > 0;
		k->a = swap ? p->dst : p->src;
		k->b = swap ? p->src : p->dst;
		break;
	case IPS_TRACK_FLOW:
		if (!p->flow)
			return false;
		k->track = 3;
		memcpy(&k->flow, &p->flow->id, sizeof(k->flow));
		break;
	default: break;
	}
	return true;
}

struct purge {
	uint64_t now_us, sum, kept;
	uint64_t before_us; /* second pass: entries begun before that go */
};

static bool expired(const void *key, void *val, void *arg)
{
	const struct entry *e = val;
	struct purge *g = arg;

	if (e->expires_us < g->now_us)
		return true;
	g->sum += e->since_us / 1000;
	g->kept++;
	return false;
}

static bool elder(const void *key, void *val, void *arg)
{
	return ((const struct entry *)val)->since_us <= ((const struct purge *)arg)->before_us;
}

/* The entry of k; a full shard forgets what expired, and if nothing did, its elder half. */
static struct entry *entry(struct ips_shard *sh, const struct threshold_key *k, uint64_t now_us)
{
	struct entry *e = sk_table_put(sh->t, k);
	struct purge g = {.now_us = now_us};

	if (e)
		return e;
	sk_table_walk(sh->t, expired, &g);
	e = sk_table_put(sh->t, k);
	if (e)
		return e;
	sh->full++;
	g.before_us = g.kept ? g.sum / g.kept * 1000 + 999 : now_us;
	sk_table_walk(sh->t, elder, &g);
	return sk_table_put(sh->t, k);
}

static void start(struct entry *e, uint64_t now_us)
{
	e->since_us = now_us;
	e->count = 1;
}

/* TYPE by TYPE; e->used tells an entry just made. */
static enum ips_threshold_result count_limit(
	struct entry *e, const struct ips_threshold *t, bool fresh, uint64_t now_us)
{
	if (fresh) {
		start(e, now_us);
		return IPS_TH_REPORT;
	}
	return ++e->count <= t->count ? IPS_TH_REPORT : IPS_TH_SILENT;
}

static enum ips_threshold_result count_threshold(
	struct entry *e, const struct ips_threshold *t, bool fresh, uint64_t now_us)
{
	if (t->count <= 1)
		return IPS_TH_REPORT;
	if (fresh) {
		start(e, now_us);
		return IPS_TH_SUPPRESSED;
	}
	if (++e->count < t->count)
		return IPS_TH_SUPPRESSED;
	e->count = 0;
	return IPS_TH_REPORT;
}

static enum ips_threshold_result count_both(
	struct entry *e, const struct ips_threshold *t, bool fresh, uint64_t now_us)
{
	if (fresh)
		start(e, now_us);
	else if (e->count <= t->count)
		e->count++;
	if (e->count == t->count)
		return IPS_TH_REPORT;
	return e->count > t->count ? IPS_TH_SILENT : IPS_TH_SUPPRESSED;
}

static enum ips_threshold_result count_detection(
	struct entry *e, const struct ips_threshold *t, bool fresh, uint64_t now_us)
{
	if (fresh)
		start(e, now_us);
	else if (e->count <= t->count)
		e->count++;
	/* The first match only begins the count, even of 0. */
	return !fresh && e->count > t->count ? IPS_TH_REPORT : IPS_TH_SUPPRESSED;
}

/* Reported at count, count * multiplier, count * multiplier², … */
static enum ips_threshold_result count_backoff(
	struct entry *e, const struct ips_threshold *t, bool used)
{
	uint64_t next;

	if (!used)
		e->next = t->count ? t->count : 1;
	if (e->count < UINT32_MAX)
		e->count++;
	if (e->count != e->next)
		return e->count > e->next ? IPS_TH_SILENT : IPS_TH_SUPPRESSED;
	next = (uint64_t)e->next * (t->multiplier ? t->multiplier : 1);
	e->next = next > UINT32_MAX ? UINT32_MAX : (uint32_t)next;
	return IPS_TH_REPORT;
}

static enum ips_threshold_result count_rate(
	struct entry *e, const struct ips_threshold *t, bool fresh, bool used, uint64_t now_us)
{
	enum ips_threshold_result changed = IPS_TH_ACTION + (int)t->new_action;

	if (used && e->until_us) {
		if (now_us / 1000000 <= e->until_us / 1000000)
			return changed;
		e->until_us = 0;
		return IPS_TH_REPORT;
	}
	if (fresh) {
		start(e, now_us);
		return IPS_TH_REPORT;
	}
	if (++e->count <= t->count)
		return IPS_TH_REPORT;
	e->until_us = now_us + (uint64_t)t->timeout * 1000000;
	if (e->expires_us < e->until_us)
		e->expires_us = e->until_us;
	return changed;
}

static bool suppressed(const struct ips_threshold *t, const struct ips_packet *p)
{
	bool src, dst;

	if (!t->addr)
		return true;
	src = ips_addr_set_has(t->addr, p->family, &p->src);
	dst = ips_addr_set_has(t->addr, p->family, &p->dst);
	switch (t->track) {
	case IPS_TRACK_SRC: return src;
	case IPS_TRACK_DST: return dst;
	default: return src || dst;
	}
}

static enum ips_threshold_result apply(struct ips_state *s, const struct ips_rule *r,
	const struct ips_threshold *t, uint8_t part, const struct ips_packet *p, uint64_t now_us)
{
	enum ips_threshold_result res = IPS_TH_REPORT;
	uint64_t window = (uint64_t)t->seconds * 1000000;
	struct threshold_key k;
	struct ips_shard *sh;
	struct entry *e;
	bool fresh, used;

	if (t->type == IPS_TH_NONE)
		return IPS_TH_REPORT;
	if (t->type == IPS_TH_SUPPRESS)
		return suppressed(t, p) ? IPS_TH_SILENT : IPS_TH_REPORT;
	if (!make_key(&k, r, part, t->track, p))
		return IPS_TH_SUPPRESSED;
	sh = ips_shard_lock(s, s->thresholds, &k, sizeof(k));
	e = entry(sh, &k, now_us);
	if (e) {
		used = e->used;
		fresh = !used || (now_us > e->since_us && now_us - e->since_us > window);
		e->used = true;
		if (fresh || !used)
			e->expires_us = now_us + window;
		switch (t->type) {
		case IPS_TH_LIMIT: res = count_limit(e, t, fresh, now_us); break;
		case IPS_TH_THRESHOLD: res = count_threshold(e, t, fresh, now_us); break;
		case IPS_TH_BOTH: res = count_both(e, t, fresh, now_us); break;
		case IPS_TH_DETECTION: res = count_detection(e, t, fresh, now_us); break;
		case IPS_TH_RATE: res = count_rate(e, t, fresh, used, now_us); break;
		case IPS_TH_BACKOFF:
			e->expires_us = now_us + 3600u * 1000000ull;
			res = count_backoff(e, t, used);
			break;
		default: break;
		}
	}
	ips_shard_unlock(sh);
	return res;
}

enum ips_threshold_result ips_threshold_check(
	struct ips_state *s, const struct ips_rule *r, const struct ips_packet *p, uint64_t now_us)
{
	enum ips_threshold_result res, keep = IPS_TH_REPORT;

	/* Suppressions first: what they silence is not counted. */
	for (unsigned pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < r->filters_n; i++) {
			const struct ips_threshold *t = &r->filters[i];

			if ((t->type == IPS_TH_SUPPRESS) != (pass == 0))
				continue;
			res = apply(s, r, t, (uint8_t)(PART_FILTERS + i), p, now_us);
			if (res == IPS_TH_SILENT || res == IPS_TH_SUPPRESSED)
				return res;
			if (res != IPS_TH_REPORT)
				keep = res;
		}
	}
	res = apply(s, r, &r->threshold, PART_THRESHOLD, p, now_us);
	if (res == IPS_TH_REPORT || res >= IPS_TH_ACTION) {
		keep = res == IPS_TH_REPORT ? keep : res;
		res = apply(s, r, &r->detection, PART_DETECTION, p, now_us);
	}
	return res == IPS_TH_REPORT ? keep : res;
}

bool ips_detection_filter(
	struct ips_state *s, const struct ips_rule *r, const struct ips_packet *p, uint64_t now_us)
{
	return apply(s, r, &r->detection, PART_DETECTION, p, now_us) == IPS_TH_REPORT;
}
