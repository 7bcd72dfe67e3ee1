/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that come with rules: classification.config, reference.config, threshold.config. A line
 * that is not understood is skipped and remarked upon; it never stops the others.
 */
#include <errno.h>

#include "ips/rules/kw.h"
#include "ips/rules/report.h"
#include "lib/util.h"

const struct ips_rule_class *ips_rules_class(const struct ips_rules *r, struct ips_text name)
{
	for (size_t i = 0; i < r->classes_n; i++)
		if (ips_text_is(name, r->classes[i].name))
			return &r->classes[i];
	return NULL;
}

/* The next line that is not empty and no comment. */
static bool next_line(struct ips_text *t, uint32_t *number, struct ips_text *ret)
{
	while (ips_text_cut(t, '\n', ret)) {
		(*number)++;
		if (ret->n > 0 && ret->p[0] != '#')
			return true;
	}
	return false;
}

/* "config WHAT: rest" */
static bool config_line(struct ips_text line, const char *what, struct ips_text *ret)
{
	struct ips_text word;

	if (!ips_text_word(&line, &word) || !ips_text_is(word, "config") ||
		!ips_text_cut(&line, ':', &word) || !ips_text_is(word, what) || !line.p)
		return false;
	*ret = ips_text_trim(line);
	return true;
}

static int add_class(struct ips_rules *r, struct ips_text line)
{
	struct ips_text rest, name, text;
	struct ips_rule_class c;
	uint64_t prio;

	if (!config_line(line, "classification", &rest) || !ips_text_cut(&rest, ',', &name) ||
		name.n == 0 || !ips_text_cut(&rest, ',', &text) || !rest.p ||
		!ips_text_u64(ips_text_trim(rest), 255, &prio) || prio == 0)
		return -EINVAL;
	if (ips_rules_class(r, name))
		return 0;
	c.name = ips_strings_get(&r->strings, name.p, name.n);
	c.text = ips_strings_get(&r->strings, text.p, text.n);
	c.priority = (uint8_t)prio;
	if (!c.name || !c.text ||
		sk_grow(&r->classes, &r->classes_cap, r->classes_n + 1, sizeof(c)) < 0)
		return -ENOMEM;
	r->classes[r->classes_n++] = c;
	return 0;
}

static int add_reference(struct ips_rules *r, struct ips_text line)
{
	struct ips_text url, key;
	struct ips_rule_ref v;

	if (!config_line(line, "reference", &url) || !ips_text_word(&url, &key))
		return -EINVAL;
	url = ips_text_trim(url);
	if (url.n == 0)
		return -EINVAL;
	v.key = ips_strings_get(&r->strings, key.p, key.n);
	v.value = ips_strings_get(&r->strings, url.p, url.n);
	if (!v.key || !v.value ||
		sk_grow(&r->references, &r->references_cap, r->references_n + 1, sizeof(v)) < 0)
		return -ENOMEM;
	r->references[r->references_n++] = v;
	return 0;
}

static int each_line(struct ips_rules *r, const char *text, size_t n,
	int (*fn)(struct ips_rules *r, struct ips_text line), struct sk_err *err)
{
	struct ips_text t = {text, n}, line;
	uint32_t number = 0;

	while (next_line(&t, &number, &line)) {
		int e = fn(r, line);

		if (e == -ENOMEM)
			return sk_err_nomem(err);
		r->skipped_lines += e < 0;
	}
	return 0;
}

int ips_rules_classification(struct ips_rules *r, const char *text, size_t n, struct sk_err *err)
{
	return each_line(r, text, n, add_class, err);
}

int ips_rules_references(struct ips_rules *r, const char *text, size_t n, struct sk_err *err)
{
	return each_line(r, text, n, add_reference, err);
}

const char *ips_rules_reference_url(const struct ips_rules *r, const char *key)
{
	for (size_t i = 0; i < r->references_n; i++)
		if (ips_text_is(ips_text_of(key), r->references[i].key))
			return r->references[i].value;
	return NULL;
}

/* A line of threshold.config, read. */
struct limit_line {
	struct ips_threshold th;
	uint32_t gid, sid;
	bool has_gid, has_sid, replaces; /* threshold, event_filter */
	bool has_type, has_track, has_count, has_seconds, has_timeout, has_action, has_ip;
};

static int limit_action(struct ips_text t)
{
	static const struct {
		const char *name;
		enum ips_action action;
	} names[] = {{"alert", IPS_ALERT}, {"drop", IPS_DROP}, {"pass", IPS_PASS},
		{"reject", IPS_REJECT}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (ips_text_is(t, names[i].name))
			return names[i].action;
	return -1;
}

static bool limit_track(struct ips_text t, uint8_t *ret)
{
	*ret = ips_text_is(t, "by_src")     ? IPS_TRACK_SRC
		: ips_text_is(t, "by_dst")  ? IPS_TRACK_DST
		: ips_text_is(t, "by_both") ? IPS_TRACK_BOTH
		: ips_text_is(t, "by_rule") ? IPS_TRACK_RULE
					    : IPS_TRACK_FLOW;
	/* by_either: of suppress, the one or the other. */
	return *ret != IPS_TRACK_FLOW || ips_text_is(t, "by_either");
}

static int limit_ip(struct ips_rules *r, struct ips_text t, struct limit_line *l, char *why)
{
	bool negated;
	struct ips_addr_set *set = ips_arena_get(&r->strings.arena, sizeof(*set));
	int e = set ? ips_addr_parse(r, t, set, &negated, why) : -ENOMEM;

	l->th.addr = set;
	l->has_ip = true;
	return e;
}

static int limit_word(struct ips_rules *r, struct ips_text t, struct limit_line *l, char *why)
{
	struct ips_text word, arg;
	int a;

	if (!ips_text_word(&t, &word))
		return -EINVAL;
	arg = ips_text_trim(t);
	if (ips_text_eq(word, "gen_id"))
		return (l->has_gid = ips_text_u32(arg, &l->gid)) ? 0 : -EINVAL;
	if (ips_text_eq(word, "sig_id"))
		return (l->has_sid = ips_text_u32(arg, &l->sid)) ? 0 : -EINVAL;
	if (ips_text_eq(word, "track"))
		return (l->has_track = limit_track(arg, &l->th.track)) ? 0 : -EINVAL;
	if (ips_text_eq(word, "count"))
		return (l->has_count = ips_text_u32(arg, &l->th.count)) ? 0 : -EINVAL;
	if (ips_text_eq(word, "seconds"))
		return (l->has_seconds = ips_text_u32(arg, &l->th.seconds)) ? 0 : -EINVAL;
	if (ips_text_eq(word, "timeout"))
		return (l->has_timeout = ips_text_u32(arg, &l->th.timeout)) ? 0 : -EINVAL;
	if (ips_text_eq(word, "ip"))
		return limit_ip(r, arg, l, why);
	if (ips_text_eq(word, "new_action")) {
		a = limit_action(arg);
		l->th.new_action = (uint8_t)(a < 0 ? 0 : a);
		return (l->has_action = a >= 0) ? 0 : -EINVAL;
	}
	if (ips_text_eq(word, "type") && l->replaces) {
		l->has_type = true;
		l->th.type = ips_text_is(arg, "limit")  ? IPS_TH_LIMIT
			: ips_text_is(arg, "threshold") ? IPS_TH_THRESHOLD
			: ips_text_is(arg, "both")      ? IPS_TH_BOTH
							: IPS_TH_NONE;
		return l->th.type != IPS_TH_NONE ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/* Words are separated by commas, but not within a list of addresses. */
static bool limit_cut(struct ips_text *rest, struct ips_text *ret)
{
	int depth = 0;

	if (!rest->p)
		return false;
	for (size_t i = 0; i <= rest->n; i++) {
		if (i < rest->n && (rest->p[i] != ',' || depth > 0)) {
			depth += rest->p[i] == '[';
			depth -= rest->p[i] == ']';
			continue;
		}
		*ret = ips_text_trim((struct ips_text){rest->p, i});
		if (i == rest->n)
			*rest = (struct ips_text){NULL, 0};
		else
			*rest = (struct ips_text){rest->p + i + 1, rest->n - i - 1};
		return true;
	}
	return false;
}

static int limit_read(struct ips_rules *r, struct ips_text line, struct limit_line *l, char *why)
{
	struct ips_text kind, part;
	bool whole;
	int e = 0;

	memset(l, 0, sizeof(*l));
	ips_text_word(&line, &kind);
	l->replaces = ips_text_is(kind, "threshold") || ips_text_is(kind, "event_filter");
	if (ips_text_is(kind, "rate_filter"))
		l->th.type = IPS_TH_RATE;
	else if (ips_text_is(kind, "suppress"))
		l->th.type = IPS_TH_SUPPRESS;
	else if (!l->replaces)
		return -EINVAL;
	line = ips_text_trim(line);
	while (e == 0 && limit_cut(&line, &part))
		e = limit_word(r, part, l, why);
	if (e < 0)
		return e;
	whole = l->has_gid && l->has_sid;
	if (l->th.type == IPS_TH_SUPPRESS)
		whole = whole && l->has_track == l->has_ip;
	else
		whole = whole && l->has_track && l->has_count && l->has_seconds && l->th.count > 0;
	if (l->th.type == IPS_TH_RATE)
		whole = whole && l->has_timeout && l->has_action;
	else if (l->replaces)
		whole = whole && l->has_type;
	return whole ? 0 : -EINVAL;
}

static int limit_put(struct ips_rules *r, struct ips_rule *rule, const struct limit_line *l)
{
	struct ips_threshold *f;

	if (l->replaces) {
		/* What the rule itself says goes before what is said about all. */
		if (l->sid != 0 || rule->threshold.type == IPS_TH_NONE)
			rule->threshold = l->th;
		return 0;
	}
	f = ips_arena_get(&r->mem, (rule->filters_n + 1) * sizeof(*f));
	if (!f)
		return -ENOMEM;
	if (rule->filters_n > 0)
		memcpy(f, rule->filters, rule->filters_n * sizeof(*f));
	f[rule->filters_n++] = l->th;
	rule->filters = f;
	return 0;
}

/* Line to rules: one, all of a generator (sid 0), or all (gid 0 too). */
static int limit_apply(struct ips_rules *r, const struct limit_line *l, bool *ret_found)
{
	struct ips_rule *one = l->sid ? ips_rules_find(r, l->gid, l->sid) : NULL;
	int e = 0;

	*ret_found = one || !l->sid;
	if (one)
		return limit_put(r, one, l);
	if (l->sid)
		return 0;
	for (size_t i = 0; i < r->n && e == 0; i++)
		if (l->gid == 0 || r->rules[i]->gid == l->gid)
			e = limit_put(r, r->rules[i], l);
	return e;
}

int ips_rules_thresholds(
	struct ips_rules *r, const char *file, const char *text, size_t n, struct sk_err *err)
{
	struct ips_text t = {text, n}, line;
	uint32_t number = 0;
	const char *name = ips_strings_get(&r->strings, file, strlen(file));

	while (name && next_line(&t, &number, &line)) {
		char why[IPS_WHY_MAX] = "the line is not understood or incomplete";
		struct limit_line l;
		bool found = true;
		int e = limit_read(r, line, &l, why);

		if (e == 0)
			e = limit_apply(r, &l, &found);
		if (e == 0 && !found)
			snprintf(why, sizeof(why), "no rule %u:%u is loaded", l.gid, l.sid);
		if (e == -ENOMEM)
			return sk_err_nomem(err);
		if (e < 0 || !found) {
			struct ips_refused what = {.file = name,
				.line = number,
				.gid = l.gid,
				.sid = l.sid,
				.option = "",
				.why = why};

			if (ips_remark_add(r, &r->warnings, &what) < 0)
				return sk_err_nomem(err);
		}
	}
	return name ? 0 : sk_err_nomem(err);
}
