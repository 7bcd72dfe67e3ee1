/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats in JSON: Spamhaus DROP (a line an object), Feodo Tracker, ThreatFox (export and API), and
 * MISP events with the manifest of a MISP feed. Pure.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/parsing.h"

static const struct sk_text no_json = {"is no JSON object", "JSON オブジェクトではありません"};
static const struct sk_text no_field = {
	"the field with the value is missing", "値の項目がありません"};
static const struct sk_text other_document = {
	"is JSON, but no list of this format", "JSON ですが、この形式の一覧ではありません"};
static const struct sk_text query_failed = {
	"the server answered with an error instead of a list (is the API key right?)",
	"一覧ではなくエラーが返ってきました (API キーを確認してください)"};

/* The document, or refused with where it breaks. */
static json_t *document(struct mg_parsing *p, struct mg_part all)
{
	struct sk_err err = {0};
	json_t *v = sk_json_parse(all.s, all.n, &err);

	if (!v)
		p->code = sk_err_set(p->err, -EBADMSG, NULL, "is no whole JSON document: %.200s",
			"JSON として読めません: %.200s", err.en);
	return v;
}

static struct mg_part text_at(const json_t *v, const char *key)
{
	const json_t *s = json_object_get(v, key);

	return (struct mg_part){
		json_is_string(s) ? json_string_value(s) : "", json_string_length(s)};
}

/* A number, also one written as text. */
static uint64_t number_at(const json_t *v, const char *key)
{
	const json_t *n = json_object_get(v, key);
	uint64_t ret = 0;

	if (json_is_integer(n))
		return json_integer_value(n) > 0 ? (uint64_t)json_integer_value(n) : 0;
	mg_part_number(text_at(v, key), INT64_MAX, &ret);
	return ret;
}

static bool truth_at(const json_t *v, const char *key)
{
	const json_t *b = json_object_get(v, key);

	return json_is_true(b) || (json_is_string(b) && strcmp(json_string_value(b), "1") == 0) ||
		(json_is_integer(b) && json_integer_value(b) != 0);
}

/* ---- Spamhaus DROP ----
 * The last object is {"type":"metadata",…,"records":n}: what is cut short lacks it.
 */
struct drop {
	bool ended;
};

void mg_parse_drop_json(struct mg_parsing *p, struct mg_part line)
{
	_cleanup_(sk_json_decrefp) json_t *v = sk_json_parse(line.s, line.n, NULL);
	struct drop *d = p->state ? p->state : calloc(1, sizeof(*d));
	struct mg_part cidr;

	p->state = d;
	if (!d) {
		p->code = sk_err_nomem(p->err);
		return;
	}
	if (json_is_object(v) && mg_part_is(text_at(v, "type"), "metadata")) {
		d->ended = true;
		if (json_is_integer(json_object_get(v, "records")) &&
			number_at(v, "records") != p->t->lines - p->lines_before)
			mg_parse_refuse(p, &mg_parse_cut_short);
		return;
	}
	p->t->lines++;
	cidr = text_at(v, "cidr");
	if (!json_is_object(v))
		mg_parse_error(p, &no_json, line);
	else if (!cidr.n)
		mg_parse_error(p, &no_field, line);
	else
		mg_parse_put_address(p, cidr, text_at(v, "sblid"));
}

void mg_parse_drop_json_end(struct mg_parsing *p)
{
	const struct drop *d = p->state;

	if (!d || !d->ended)
		mg_parse_refuse(p, &mg_parse_cut_short);
}

/* ---- abuse.ch ----
 */
void mg_parse_feodo_json(struct mg_parsing *p, struct mg_part all)
{
	_cleanup_(sk_json_decrefp) json_t *v = document(p, all);

	if (v && !json_is_array(v))
		mg_parse_refuse(p, &other_document);
	for (size_t i = 0; i < json_array_size(v) && p->code == 0; i++) {
		const json_t *e = json_array_get(v, i);
		struct mg_part address = text_at(e, "ip_address");

		p->line = i + 1;
		p->t->lines++;
		if (!address.n)
			mg_parse_error(p, &no_field, mg_part_of(""));
		else
			mg_parse_put_address(p, address, text_at(e, "malware"));
	}
}

static void put_ioc(struct mg_parsing *p, const json_t *e)
{
	struct mg_part value = text_at(e, "ioc_value"), note = text_at(e, "malware_printable");

	p->line++;
	p->t->lines++;
	if (!value.n)
		value = text_at(e, "ioc"); /* the API's name for it */
	if (!value.n)
		mg_parse_error(p, &no_field, mg_part_of(""));
	else if (number_at(e, "confidence_level") < (uint64_t)p->d->min_score)
		p->t->ignored++;
	else
		mg_parse_threatfox_ioc(p, text_at(e, "ioc_type"), value,
			note.n ? note : text_at(e, "threat_type"));
}

static void put_iocs(struct mg_parsing *p, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && p->code == 0; i++)
		put_ioc(p, json_array_get(list, i));
}

/* The export is {"1234": [{…}], …}, the API's answer {"query_status": "ok", "data": [{…}]}. */
void mg_parse_threatfox_json(struct mg_parsing *p, struct mg_part all)
{
	_cleanup_(sk_json_decrefp) json_t *v = document(p, all);
	struct mg_part status = text_at(v, "query_status");
	const char *key;
	json_t *list;

	if (!v)
		return;
	if (!json_is_object(v)) {
		mg_parse_refuse(p, &other_document);
		return;
	}
	if (status.n && !mg_part_is(status, "ok") && !mg_part_is(status, "no_result")) {
		mg_parse_refuse(p, &query_failed);
		return;
	}
	if (status.n) {
		put_iocs(p, json_object_get(v, "data"));
		return;
	}
	json_object_foreach (v, key, list) {
		if (json_is_array(list))
			put_iocs(p, list);
		else
			mg_parse_refuse(p, &other_document);
	}
}

/* ---- MISP ----
 * misp-standard.org, "MISP core format": types of attributes; two values are joined by "|".
 */
static const struct {
	const char *type;
	enum { ADDRESS, NAME, URL, JA3, JA4, CERT } what;
	bool joined; /* the first of two */
} misp_types[] = {
	{"ip-dst", ADDRESS, false},
	{"ip-src", ADDRESS, false},
	{"ip-dst|port", ADDRESS, true},
	{"ip-src|port", ADDRESS, true},
	{"domain", NAME, false},
	{"hostname", NAME, false},
	{"domain|ip", NAME, true},
	{"hostname|port", NAME, true},
	{"url", URL, false},
	{"ja3-fingerprint-md5", JA3, false},
	{"ja4-plus", JA4, false},
	{"x509-fingerprint-sha1", CERT, false},
	{"x509-fingerprint-sha256", CERT, false},
};

static void put_attribute(struct mg_parsing *p, const json_t *a, struct mg_part title)
{
	struct mg_part type = text_at(a, "type"), value = mg_part_trim(text_at(a, "value"));
	struct mg_part note = text_at(a, "comment"), rest;
	size_t i = 0;

	p->line++;
	p->t->lines++;
	while (i < SK_ARRAY_SIZE(misp_types) && !mg_part_is(type, misp_types[i].type))
		i++;
	/* What is not meant for detection, was taken back, or says nothing about traffic. */
	if (i == SK_ARRAY_SIZE(misp_types) || !truth_at(a, "to_ids") || truth_at(a, "deleted")) {
		p->t->ignored++;
		return;
	}
	if (misp_types[i].joined)
		value = mg_part_until(value, "|", &rest);
	note = note.n ? note : title;
	switch (misp_types[i].what) {
	case ADDRESS: mg_parse_put_address(p, value, note); break;
	case NAME: mg_parse_put_host(p, SK_BL_DOMAIN, value, note); break;
	case URL: mg_parse_put(p, SK_BL_URL, value, note); break;
	case JA3: mg_parse_put(p, SK_BL_JA3, value, note); break;
	case JA4: mg_parse_put(p, SK_BL_JA4, value, note); break;
	default: mg_parse_put(p, SK_BL_CERT, value, note); break;
	}
}

static void put_attributes(struct mg_parsing *p, const json_t *list, struct mg_part title)
{
	for (size_t i = 0; i < json_array_size(list) && p->code == 0; i++)
		put_attribute(p, json_array_get(list, i), title);
}

static void put_event(struct mg_parsing *p, const json_t *event)
{
	struct mg_part title = text_at(event, "info");
	const json_t *objects = json_object_get(event, "Object");

	put_attributes(p, json_object_get(event, "Attribute"), title);
	for (size_t i = 0; i < json_array_size(objects) && p->code == 0; i++)
		if (!truth_at(json_array_get(objects, i), "deleted"))
			put_attributes(
				p, json_object_get(json_array_get(objects, i), "Attribute"), title);
}

/* One event of a feed, or what a MISP server exports: {"response": [{"Event": …}, …]}. */
void mg_parse_misp(struct mg_parsing *p, struct mg_part all)
{
	_cleanup_(sk_json_decrefp) json_t *v = document(p, all);
	const json_t *list = json_object_get(v, "response");

	if (!v)
		return;
	if (json_is_object(json_object_get(v, "Event")))
		put_event(p, json_object_get(v, "Event"));
	else if (!json_is_array(list))
		mg_parse_refuse(p, &other_document);
	for (size_t i = 0; i < json_array_size(list) && p->code == 0; i++)
		put_event(p, json_object_get(json_array_get(list, i), "Event"));
}

struct event {
	const char *uuid;
	uint64_t when;
};

static int later_first(const void *x, const void *y)
{
	const struct event *a = x, *b = y;

	if (a->when != b->when)
		return a->when > b->when ? -1 : 1;
	return strcmp(a->uuid, b->uuid);
}

static bool is_uuid(const char *s)
{
	return strlen(s) == 36 && strspn(s, "0123456789abcdefABCDEF-") == 36;
}

int mg_feed_misp_manifest(const struct mg_feed_def *d, int64_t now, const void *data, size_t n,
	int (*fn)(const char *uuid, void *arg), void *arg, struct sk_err *err)
{
	struct mg_parsing p = {.d = d, .err = err};
	_cleanup_(sk_json_decrefp) json_t *v = document(&p, (struct mg_part){n ? data : "", n});
	_cleanup_(sk_freep) struct event *events = NULL;
	size_t count = 0, cap = 0;
	const char *uuid;
	json_t *e;
	int r = 0;

	if (v && !json_is_object(v))
		mg_parse_refuse(&p, &other_document);
	if (p.code < 0)
		return p.code;
	json_object_foreach (v, uuid, e) {
		if (!is_uuid(uuid) || !json_is_object(e)) {
			mg_parse_refuse(&p, &other_document);
			return p.code;
		}
		if ((int64_t)number_at(e, "timestamp") < now - d->days * 86400)
			continue;
		if (sk_grow(&events, &cap, count + 1, sizeof(*events)) < 0)
			return sk_err_nomem(err);
		events[count++] = (struct event){uuid, number_at(e, "timestamp")};
	}
	if (count)
		qsort(events, count, sizeof(*events), later_first);
	for (size_t i = 0; r >= 0 && i < SK_MIN(count, (size_t)d->events); i++)
		r = fn(events[i].uuid, arg);
	return r < 0 ? r : 0;
}
