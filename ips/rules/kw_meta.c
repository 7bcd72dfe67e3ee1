/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule says about itself: number, revision, message, class, references, metadata. Nothing
 * here decides whether it matches, but policy chooses by it.
 */
#include <errno.h>

#include "ips/rules/kw.h"
#include "lib/util.h"

static int number(struct ips_build *b, struct ips_text v, uint32_t *ret)
{
	if (!ips_text_u32(v, ret))
		return ips_refuse(b, "'%.*s' is not a number", IPS_T(v));
	return 0;
}

static int read_sid(struct ips_build *b, struct ips_text v)
{
	if (b->has_sid)
		return ips_refuse(b, "given twice");
	b->has_sid = true;
	if (number(b, v, &b->rule->sid) < 0)
		return -EINVAL;
	return b->rule->sid ? 0 : ips_refuse(b, "0 is no rule number");
}

static int read_gid(struct ips_build *b, struct ips_text v)
{
	return number(b, v, &b->rule->gid);
}

static int read_rev(struct ips_build *b, struct ips_text v)
{
	if (b->has_rev)
		return ips_refuse(b, "given twice");
	b->has_rev = true;
	if (number(b, v, &b->rule->rev) < 0)
		return -EINVAL;
	return b->rule->rev ? 0 : ips_refuse(b, "0 is no revision");
}

static int read_msg(struct ips_build *b, struct ips_text v)
{
	char *to;
	size_t n = 0;

	if (b->rule->msg)
		return ips_refuse(b, "given twice");
	to = ips_arena_text(&b->r->mem, v.p, v.n);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] == '\\' && i + 1 < v.n && strchr(":;\"\\", v.p[i + 1]))
			i++;
		else if (v.p[i] == '"')
			return ips_refuse(b, "an unescaped double quote in the text");
		to[n++] = v.p[i];
	}
	to[n] = 0;
	b->rule->msg = to;
	return 0;
}

static int read_class(struct ips_build *b, struct ips_text v)
{
	const struct ips_rule_class *c = ips_rules_class(b->r, v);

	/* Of several the one with the highest priority stands. */
	if (b->has_class && (!c || c->priority >= b->rule->severity))
		return 0;
	b->has_class = true;
	if (c) {
		b->rule->classtype = c->name;
		b->rule->class_text = c->text;
		if (!b->has_prio)
			b->rule->severity = c->priority;
		return 0;
	}
	/* Unknown to classification.config: kept as it is, with the lowest priority. */
	b->rule->classtype = b->rule->class_text = ips_build_str(b, v);
	return b->rule->classtype ? 0 : -ENOMEM;
}

static int read_priority(struct ips_build *b, struct ips_text v)
{
	uint64_t n;

	if (!ips_text_u64(v, 255, &n) || n == 0)
		return ips_refuse(b, "'%.*s' is not a number from 1 to 255", IPS_T(v));
	b->rule->severity = (uint8_t)n;
	b->has_prio = true;
	return 0;
}

static int add_pair(struct ips_build *b, int which, struct ips_text key, struct ips_text value)
{
	struct ips_rule_ref p;

	if (sk_grow(&b->pairs[which], &b->pairs_cap[which], b->pairs_n[which] + 1, sizeof(p)) < 0)
		return -ENOMEM;
	p.key = ips_build_str(b, key);
	/* Links are as many as rules; the values of metadata are few. */
	p.value =
		which == 0 ? ips_arena_text(&b->r->mem, value.p, value.n) : ips_build_str(b, value);
	if (!p.key || !p.value)
		return -ENOMEM;
	b->pairs[which][b->pairs_n[which]++] = p;
	return 0;
}

static int read_reference(struct ips_build *b, struct ips_text v)
{
	struct ips_text key;

	if (!memchr(v.p, ',', v.n) || !ips_text_cut(&v, ',', &key) || key.n == 0 ||
		ips_text_trim(v).n == 0)
		return ips_refuse(b, "is written system,name");
	return add_pair(b, 0, key, ips_text_trim(v));
}

/* "key value, key value": a key alone has an empty value. */
static int read_metadata(struct ips_build *b, struct ips_text v)
{
	struct ips_text item, key;
	int e = 0;

	while (e == 0 && ips_text_cut(&v, ',', &item)) {
		if (!ips_text_word(&item, &key))
			continue;
		e = add_pair(b, 1, key, ips_text_trim(item));
	}
	return e;
}

/* The condition before it is to be the first looked at. */
static int read_prefilter(struct ips_build *b, struct ips_text v)
{
	struct ips_opt *last = b->n ? &b->opts[b->n - 1].o : NULL;

	if (!last)
		return ips_refuse(b, "needs a condition before it");
	if (last->kind == IPS_O_CONTENT)
		last->content.fast_pattern = true;
	b->rule->flags |= IPS_RULE_PREFILTER;
	return 0;
}

static int read_flag(struct ips_build *b, struct ips_text v)
{
	b->rule->flags |= (uint32_t)b->kw->arg;
	return 0;
}

static int read_alert(struct ips_build *b, struct ips_text v)
{
	if (b->rule->flags & IPS_RULE_NOALERT)
		return ips_refuse(b, "cannot undo noalert");
	return 0;
}

static int read_target(struct ips_build *b, struct ips_text v)
{
	uint32_t both = IPS_RULE_TARGET_SRC | IPS_RULE_TARGET_DST;

	if (ips_text_eq(v, "src_ip"))
		b->rule->flags |= IPS_RULE_TARGET_SRC;
	else if (ips_text_eq(v, "dest_ip"))
		b->rule->flags |= IPS_RULE_TARGET_DST;
	else
		return ips_refuse(b, "only src_ip and dest_ip are known");
	if ((b->rule->flags & both) == both)
		return ips_refuse(b, "both ends cannot be the target");
	return 0;
}

/* A version like 7.0.3 to one number; what is left out counts as 0. */
static bool version(struct ips_text t, uint32_t *ret)
{
	struct ips_text part;
	uint32_t v = 0;
	int n = 0;

	for (; n < 3 && ips_text_cut(&t, '.', &part); n++) {
		uint64_t x;

		if (!ips_text_u64(part, 999, &x))
			return false;
		v = v * 1000 + (uint32_t)x;
	}
	for (; n < 3; n++)
		v *= 1000;
	*ret = v;
	return t.p == NULL;
}

/* The release whose language this is. */
#define OUR_VERSION (7 * 1000000 + 0 * 1000 + 10)

static int requires_version(struct ips_build *b, struct ips_text t)
{
	struct ips_text op, v;
	uint32_t n;
	bool ok = true;

	while (ips_text_word(&t, &op)) {
		if (ips_text_eq(op, "|"))
			return ips_refuse(b, "alternatives are not supported");
		if (!ips_text_word(&t, &v) || !version(v, &n))
			return ips_refuse(b, "a version is missing after '%.*s'", IPS_T(op));
		if (ips_text_eq(op, ">="))
			ok = ok && OUR_VERSION >= n;
		else if (ips_text_eq(op, ">"))
			ok = ok && OUR_VERSION > n;
		else if (ips_text_eq(op, "<="))
			ok = ok && OUR_VERSION <= n;
		else if (ips_text_eq(op, "<"))
			ok = ok && OUR_VERSION < n;
		else
			return ips_refuse(b, "'%.*s' does not compare versions", IPS_T(op));
	}
	return ok ? 0 : ips_refuse(b, "the rule is for another version of the language");
}

static int read_requires(struct ips_build *b, struct ips_text v)
{
	struct ips_text item, word;
	int e = 0;

	while (e == 0 && ips_text_cut(&v, ',', &item)) {
		if (!ips_text_word(&item, &word))
			return ips_refuse(b, "an empty requirement");
		if (ips_text_eq(word, "version")) {
			e = requires_version(b, item);
		} else if (ips_text_eq(word, "keyword")) {
			item = ips_text_trim(item);
			if (!ips_keywords_find(&b->r->keywords, item))
				e = ips_refuse(b, "keyword %.*s is not known", IPS_T(item));
		} else {
			e = ips_refuse(b, "%.*s is not there", IPS_T(item));
		}
	}
	return e;
}

const struct ips_kw ips_kw_meta[] = {
	{"sid", read_sid, 0, 0},
	{"gid", read_gid, 0, 0},
	{"rev", read_rev, 0, 0},
	{"msg", read_msg, IPS_KW_QUOTED, 0},
	{"classtype", read_class, 0, 0},
	{"priority", read_priority, 0, 0},
	{"reference", read_reference, 0, 0},
	{"metadata", read_metadata, 0, 0},
	{"target", read_target, 0, 0},
	{"noalert", read_flag, IPS_KW_NONE, IPS_RULE_NOALERT},
	{"alert", read_alert, IPS_KW_NONE, 0},
	{"prefilter", read_prefilter, IPS_KW_NONE, 0},
	{"requires", read_requires, 0, 0},
	{NULL, NULL, 0, 0},
};
