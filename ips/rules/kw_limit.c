/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a matching rule is reported or matches at all: threshold, detection_filter; and tag.
 */
#include <errno.h>

#include "ips/rules/kw.h"
#include "lib/util.h"

enum { L_TYPE = 1, L_TRACK = 2, L_COUNT = 4, L_SECONDS = 8, L_MULTIPLIER = 16 };

static int track(struct ips_build *b, struct ips_text t, uint8_t *ret)
{
	static const struct {
		const char *name;
		uint8_t track;
	} tracks[] = {{"by_src", IPS_TRACK_SRC}, {"by_dst", IPS_TRACK_DST},
		{"by_both", IPS_TRACK_BOTH}, {"by_rule", IPS_TRACK_RULE},
		{"by_flow", IPS_TRACK_FLOW}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(tracks); i++)
		if (ips_text_is(t, tracks[i].name)) {
			*ret = tracks[i].track;
			return 0;
		}
	return ips_refuse(b, "unknown track '%.*s'", IPS_T(t));
}

static int type(struct ips_build *b, struct ips_text t, enum ips_threshold_type *ret)
{
	static const struct {
		const char *name;
		enum ips_threshold_type type;
	} types[] = {{"limit", IPS_TH_LIMIT}, {"threshold", IPS_TH_THRESHOLD},
		{"both", IPS_TH_BOTH}, {"backoff", IPS_TH_BACKOFF}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(types); i++)
		if (ips_text_is(t, types[i].name)) {
			*ret = types[i].type;
			return 0;
		}
	return ips_refuse(b, "unknown type '%.*s'", IPS_T(t));
}

static int part(struct ips_build *b, struct ips_text t, unsigned *seen, struct ips_threshold *th)
{
	struct ips_text word, arg;
	unsigned what = 0;
	uint32_t *number = NULL;
	int e = 0;

	if (!ips_text_word(&t, &word))
		return ips_refuse(b, "an empty part");
	arg = ips_text_trim(t);
	if (ips_text_eq(word, "type")) {
		what = L_TYPE;
		e = type(b, arg, &th->type);
	} else if (ips_text_eq(word, "track")) {
		what = L_TRACK;
		e = track(b, arg, &th->track);
	} else if (ips_text_eq(word, "count")) {
		what = L_COUNT;
		number = &th->count;
	} else if (ips_text_eq(word, "seconds")) {
		what = L_SECONDS;
		number = &th->seconds;
	} else if (ips_text_eq(word, "multiplier")) {
		what = L_MULTIPLIER;
		number = &th->multiplier;
	} else {
		return ips_refuse(b, "'%.*s' is not understood", IPS_T(word));
	}
	if (number && (!ips_text_u32(arg, number) || *number == 0))
		return ips_refuse(b, "%.*s needs a number above 0", IPS_T(word));
	if (*seen & what)
		return ips_refuse(b, "%.*s is given twice", IPS_T(word));
	*seen |= what;
	return e;
}

static int parts(struct ips_build *b, struct ips_text v, unsigned *seen, struct ips_threshold *th)
{
	struct ips_text t;
	int e = 0;

	while (e == 0 && ips_text_cut(&v, ',', &t))
		e = part(b, t, seen, th);
	return e;
}

static int read_threshold(struct ips_build *b, struct ips_text v)
{
	struct ips_threshold *th = &b->rule->threshold;
	unsigned seen = 0, want;
	int e;

	if (th->type != IPS_TH_NONE)
		return ips_refuse(b, "given twice");
	if (b->rule->detection.type != IPS_TH_NONE)
		return ips_refuse(b, "not together with detection_filter");
	e = parts(b, v, &seen, th);
	if (e < 0)
		return e;
	want = th->type == IPS_TH_BACKOFF ? L_TYPE | L_TRACK | L_COUNT | L_MULTIPLIER
					  : L_TYPE | L_TRACK | L_COUNT | L_SECONDS;
	return seen == want ? 0
			    : ips_refuse(b, "needs type, track, count and %s",
				      th->type == IPS_TH_BACKOFF ? "multiplier" : "seconds");
}

static int read_filter(struct ips_build *b, struct ips_text v)
{
	struct ips_threshold *th = &b->rule->detection;
	unsigned seen = 0;
	int e;

	if (th->type != IPS_TH_NONE)
		return ips_refuse(b, "given twice");
	if (b->rule->threshold.type != IPS_TH_NONE)
		return ips_refuse(b, "not together with threshold");
	e = parts(b, v, &seen, th);
	if (e < 0)
		return e;
	if (seen != (L_TRACK | L_COUNT | L_SECONDS))
		return ips_refuse(b, "needs track, count and seconds");
	th->type = IPS_TH_DETECTION;
	return 0;
}

/* tag:session|host[,count,packets|bytes|seconds][,src|dst] */
static int read_tag(struct ips_build *b, struct ips_text v)
{
	struct ips_text scope, count, metric, side;
	struct ips_opt *o;
	int e;

	o = ips_build_action(b, IPS_O_TAG, &e);
	if (!o)
		return e;
	ips_text_cut(&v, ',', &scope);
	if (!ips_text_is(scope, "host") && !ips_text_is(scope, "session"))
		return ips_refuse(b, "only session and host are known");
	o->tag.scope = (uint8_t)(scope.p[0] | 0x20);
	o->tag.metric = 'p';
	o->tag.side = 's';
	if (ips_text_cut(&v, ',', &count)) {
		if (!ips_text_u32(count, &o->tag.count) || !ips_text_cut(&v, ',', &metric) ||
			(!ips_text_is(metric, "packets") && !ips_text_is(metric, "bytes") &&
				!ips_text_is(metric, "seconds")))
			return ips_refuse(b, "is written session,number,packets|bytes|seconds");
		o->tag.metric = (uint8_t)(metric.p[0] | 0x20);
	}
	if (ips_text_cut(&v, ',', &side)) {
		if (!ips_text_is(side, "src") && !ips_text_is(side, "dst"))
			return ips_refuse(b, "'%.*s' is neither src nor dst", IPS_T(side));
		o->tag.side = (uint8_t)(side.p[0] | 0x20);
	}
	return 0;
}

const struct ips_kw ips_kw_limit[] = {
	{"threshold", read_threshold, 0, 0},
	{"detection_filter", read_filter, 0, 0},
	{"tag", read_tag, 0, 0},
	{NULL, NULL, 0, 0},
};
