/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * STIX 2.1 bundles (OASIS, stix-v2.1): indicators whose pattern is nothing but equalities joined by
 * OR. Anything more (AND, FOLLOWEDBY, qualifiers, ranges in time) means more than a value and is
 * counted as ignored: half of it would block what nobody meant. Pure.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/parsing.h"

#define VALUES_MAX 64 /* of one pattern */

static const struct sk_text no_bundle = {
	"is JSON, but no STIX bundle", "JSON ですが、STIX バンドルではありません"};
static const struct sk_text no_pattern = {
	"the indicator has no pattern", "インジケーターにパターンがありません"};
static const struct sk_text broken = {"the pattern cannot be read", "パターンを解釈できません"};

struct value {
	enum sk_bl_kind kind;
	bool host; /* an address is possible, too */
	char text[SK_BL_VALUE_MAX + 1];
	size_t n;
};

struct pattern {
	struct mg_part rest;
	struct value *values;
	size_t n;
};

/* OK: go on; OTHER: right, but nothing for us; WRONG: no pattern. */
enum outcome { OK, OTHER, WRONG };

static void skip(struct pattern *t)
{
	while (t->rest.n && strchr(" \t\r\n", t->rest.s[0]) && t->rest.s[0])
		t->rest.s++, t->rest.n--;
}

static bool eat(struct pattern *t, const char *s)
{
	skip(t);
	if (!mg_part_starts(t->rest, s))
		return false;
	t->rest.s += strlen(s);
	t->rest.n -= strlen(s);
	return true;
}

static bool eat_word(struct pattern *t, const char *word)
{
	const size_t n = strlen(word);

	skip(t);
	if (t->rest.n < n || strncmp(t->rest.s, word, n) != 0 ||
		(t->rest.n > n && !strchr(" \t\r\n('[", t->rest.s[n])))
		return false;
	return eat(t, word);
}

/* 'text' with \' and \\ inside. */
static enum outcome literal(struct pattern *t, struct value *v)
{
	if (!eat(t, "'"))
		return OTHER; /* a number, a time, a set of bytes */
	v->n = 0;
	while (t->rest.n && t->rest.s[0] != '\'') {
		if (t->rest.s[0] == '\\' && t->rest.n > 1)
			t->rest.s++, t->rest.n--;
		if (v->n >= SK_BL_VALUE_MAX)
			return OTHER;
		v->text[v->n++] = t->rest.s[0];
		t->rest.s++, t->rest.n--;
	}
	v->text[v->n] = '\0';
	return eat(t, "'") ? OK : WRONG;
}

static const struct {
	const char *path;
	enum sk_bl_kind kind;
} paths[] = {
	{"ipv4-addr:value", SK_BL_ADDR4},
	{"ipv6-addr:value", SK_BL_ADDR6},
	{"network-traffic:dst_ref.value", SK_BL_ADDR4},
	{"domain-name:value", SK_BL_DOMAIN},
	{"url:value", SK_BL_URL},
	{"x509-certificate:hashes.'SHA-1'", SK_BL_CERT},
	{"x509-certificate:hashes.'SHA-256'", SK_BL_CERT},
	{"x509-certificate:hashes.SHA1", SK_BL_CERT},
	{"x509-certificate:hashes.SHA256", SK_BL_CERT},
};

/* An object path up to the operator; OTHER: of something that no packet shows us. */
static enum outcome object_path(struct pattern *t, enum sk_bl_kind *ret)
{
	struct mg_part path;
	size_t n = 0;
	bool quoted = false;

	skip(t);
	while (n < t->rest.n && (quoted || !strchr(" \t\r\n=!<>[]()", t->rest.s[n]))) {
		quoted ^= t->rest.s[n] == '\'';
		n++;
	}
	path = (struct mg_part){t->rest.s, n};
	t->rest.s += n;
	t->rest.n -= n;
	if (!n || !memchr(path.s, ':', n))
		return WRONG;
	for (size_t i = 0; i < SK_ARRAY_SIZE(paths); i++) {
		if (mg_part_is(path, paths[i].path)) {
			*ret = paths[i].kind;
			return OK;
		}
	}
	return OTHER;
}

static enum outcome one_value(struct pattern *t, enum sk_bl_kind kind)
{
	enum outcome o;

	if (t->n >= VALUES_MAX)
		return OTHER;
	t->values[t->n].kind = kind;
	o = literal(t, &t->values[t->n]);
	t->n += o == OK;
	return o;
}

/* path = 'a', or path IN ('a', 'b') */
static enum outcome comparison(struct pattern *t)
{
	enum sk_bl_kind kind = SK_BL_ADDR4;
	enum outcome o = object_path(t, &kind);

	if (o != OK)
		return o;
	if (eat(t, "="))
		return one_value(t, kind);
	if (!eat_word(t, "IN") || !eat(t, "("))
		return OTHER;
	do {
		o = one_value(t, kind);
	} while (o == OK && eat(t, ","));
	return o != OK ? o : eat(t, ")") ? OK : WRONG;
}

static enum outcome observation(struct pattern *t)
{
	enum outcome o;

	if (!eat(t, "["))
		return t->rest.n && t->rest.s[0] == '(' ? OTHER : WRONG;
	do {
		o = comparison(t);
		if (o != OK)
			return o;
	} while (eat_word(t, "OR"));
	return eat(t, "]") ? OK : eat_word(t, "AND") ? OTHER : WRONG;
}

static enum outcome read_pattern(struct pattern *t)
{
	enum outcome o;

	do {
		o = observation(t);
		if (o != OK)
			return o;
	} while (eat_word(t, "OR"));
	skip(t);
	return t->rest.n ? OTHER : OK;
}

static void put_values(struct mg_parsing *p, const struct pattern *t, struct mg_part note)
{
	for (size_t i = 0; i < t->n && p->code == 0; i++) {
		struct mg_part v = {t->values[i].text, t->values[i].n};

		if (t->values[i].kind == SK_BL_ADDR4 || t->values[i].kind == SK_BL_ADDR6)
			mg_parse_put_address(p, v, note);
		else
			mg_parse_put(p, t->values[i].kind, v, note);
	}
}

/* Its time is over, or its maker took it back. */
static bool is_over(const struct mg_parsing *p, const json_t *o)
{
	const char *until = json_string_value(json_object_get(o, "valid_until"));
	char text[40];
	int64_t t;

	if (json_is_true(json_object_get(o, "revoked")))
		return true;
	if (!until || strlen(until) < 19)
		return false;
	/* "2026-01-02T03:04:05.678Z": RFC 3339, always UTC (stix-v2.1, 2.16). */
	snprintf(text, sizeof(text), "%.19sZ", until);
	return sk_time_parse(text, false, &t, NULL) == 0 && t <= p->now;
}

static void put_indicator(struct mg_parsing *p, const json_t *o, struct value *values)
{
	const char *pattern = json_string_value(json_object_get(o, "pattern"));
	const char *type = json_string_value(json_object_get(o, "pattern_type"));
	struct mg_part note = mg_part_of(json_string_value(json_object_get(o, "name")));
	struct pattern t = {.values = values};

	p->t->lines++;
	if (!pattern) {
		mg_parse_error(p, &no_pattern, note);
		return;
	}
	if ((type && strcmp(type, "stix") != 0) || is_over(p, o)) {
		p->t->ignored++;
		return;
	}
	t.rest = mg_part_of(pattern);
	switch (read_pattern(&t)) {
	case OK: put_values(p, &t, note); break;
	case OTHER: p->t->ignored++; break;
	default: mg_parse_error(p, &broken, mg_part_of(pattern)); break;
	}
}

static void put_bundle(struct mg_parsing *p, const json_t *list, struct value *values)
{
	for (size_t i = 0; i < json_array_size(list) && p->code == 0; i++) {
		const json_t *o = json_array_get(list, i);

		p->line = i + 1;
		if (sk_streq(json_string_value(json_object_get(o, "type")), "indicator"))
			put_indicator(p, o, values);
	}
}

void mg_parse_stix(struct mg_parsing *p, struct mg_part all)
{
	struct sk_err err = {0};
	_cleanup_(sk_json_decrefp) json_t *v = sk_json_parse(all.s, all.n, &err);
	struct value *values;

	if (!v) {
		p->code = sk_err_set(p->err, -EBADMSG, NULL, "is no whole JSON document: %.200s",
			"JSON として読めません: %.200s", err.en);
		return;
	}
	if (!mg_part_is(mg_part_of(json_string_value(json_object_get(v, "type"))), "bundle")) {
		mg_parse_refuse(p, &no_bundle);
		return;
	}
	values = calloc(VALUES_MAX, sizeof(*values));
	if (values)
		put_bundle(p, json_object_get(v, "objects"), values);
	else
		p->code = sk_err_nomem(p->err);
	free(values);
}
