// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a report counted, as rows for people: addresses and reasons as text. The command table's
 * columns pick from them. Pure.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/command/command.h"
#include "mgmt/report/query.h"

/* A connection that was let through has the rule, not a reason. */
static const char *words(
	const struct mg_query *q, const char *reason, uint32_t rule, char *dst, size_t cap)
{
	static const struct sk_text one = {"allowed by rule %u", "ルール %u により許可"},
				    any = {"allowed by a rule", "許可ルールによる"};

	if (q->kind == MG_KIND_DROP || strcmp(reason, "blocklist") == 0)
		return mg_reason_text(reason, rule, q->q->lang, dst, cap);
	snprintf(dst, cap, sk_text(rule ? &one : &any, q->q->lang), rule);
	return dst;
}

static void set_text(json_t *row, const char *key, const char *v)
{
	json_object_set_new(row, key, json_string(v));
}

static void set_int(json_t *row, const char *key, int64_t v)
{
	json_object_set_new(row, key, json_integer(v));
}

static void set_addr(json_t *row, const char *name, const struct mg_key *key)
{
	char text[INET6_ADDRSTRLEN];
	struct mg_addr a;

	memcpy(a.b, key->b, sizeof(a.b));
	mg_addr_text(&a, text);
	set_text(row, "key", text);
	set_text(row, name, text);
}

static void set_port(struct mg_query *q, json_t *row, const struct mg_key *key)
{
	uint32_t proto, port;
	char text[MG_CLASS_TEXT_MAX + 16];

	mg_key_unpair(key, &proto, &port);
	set_text(row, "proto", mg_query_text(q, proto));
	if (port == UINT32_MAX) {
		set_text(row, "key", mg_query_text(q, proto));
		return;
	}
	snprintf(text, sizeof(text), "%s/%u", mg_query_text(q, proto), port);
	set_text(row, "key", text);
	set_int(row, "port", port);
}

static void set_class(struct mg_query *q, json_t *row, const struct mg_key *key)
{
	char text[2 * MG_CLASS_TEXT_MAX + 200];
	uint32_t a, b;

	mg_key_unpair(key, &a, &b);
	if (q->q->by == MG_BY_RULE) {
		snprintf(text, sizeof(text), "%u", b);
		set_text(row, "key", b ? text : "-");
		if (b)
			set_int(row, "rule", b);
	} else if (q->q->by == MG_BY_ZONES) {
		snprintf(text, sizeof(text), "%s > %s", mg_query_text(q, a), mg_query_text(q, b));
		set_text(row, "key", text);
		set_text(row, "zone_in", mg_query_text(q, a));
		set_text(row, "zone_out", mg_query_text(q, b));
	} else if (q->q->by == MG_BY_FEED) {
		set_text(row, "key", mg_query_text(q, a));
		set_text(row, "feed", mg_query_text(q, a));
	} else {
		set_text(row, "key", mg_query_text(q, a));
		set_text(row, "reason", mg_query_text(q, a));
		set_text(row, "reason_text", words(q, mg_query_text(q, a), 0, text, sizeof(text)));
	}
}

static void set_time(struct mg_query *q, json_t *row, int64_t t)
{
	char date[16], time[40], text[32];

	sk_date_format(t, date, sizeof(date));
	if (q->q->by == MG_BY_DAY) {
		set_text(row, "key", date);
		set_text(row, "day", date);
		return;
	}
	/* "yyyy-mm-ddThh:mm…" */
	sk_time_format(t, time, sizeof(time));
	snprintf(text, sizeof(text), "%.10s %.5s", time, strlen(time) > 16 ? time + 11 : "");
	set_text(row, "key", text);
	set_text(row, "hour", text);
}

static void set_entry(struct mg_query *q, json_t *row, const struct mg_key *key)
{
	const char *feed, *entry;

	mg_names_get(q->names, key, &feed, &entry);
	set_text(row, "key", entry);
	set_text(row, "entry", entry);
	set_text(row, "feed", feed);
}

static void set_device(json_t *row, const struct mg_result *r)
{
	struct mg_addr a;
	char text[48];

	mg_key_device_text(&r->key, text);
	set_text(row, "key", text);
	set_text(row, "device", text);
	memcpy(a.b, r->seen.b, sizeof(a.b));
	set_text(row, "address", mg_addr_text(&a, text));
}

json_t *mg_result_row(struct mg_query *q, const struct mg_result *r)
{
	json_t *row = json_object();

	if (!row)
		return NULL;
	switch (q->q->by) {
	case MG_BY_SOURCE: set_addr(row, "source", &r->key); break;
	case MG_BY_DESTINATION: set_addr(row, "destination", &r->key); break;
	case MG_BY_PORT: set_port(q, row, &r->key); break;
	case MG_BY_ENTRY: set_entry(q, row, &r->key); break;
	case MG_BY_DEVICE: set_device(row, r); break;
	case MG_BY_DAY:
	case MG_BY_HOUR: set_time(q, row, mg_key_to_time(&r->key)); break;
	default: set_class(q, row, &r->key); break;
	}
	set_int(row, "count", (int64_t)r->count);
	set_int(row, "peers", (int64_t)r->peers);
	set_int(row,
		q->q->by == MG_BY_SOURCE || q->q->by == MG_BY_DEVICE ? "destinations" : "sources",
		(int64_t)r->peers);
	set_int(row, "first", r->first / MG_US);
	set_int(row, "last", r->last / MG_US);
	return row;
}

static void set_mac(json_t *row, int64_t mac)
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", (unsigned)(mac >> 40 & 255),
		(unsigned)(mac >> 32 & 255), (unsigned)(mac >> 24 & 255),
		(unsigned)(mac >> 16 & 255), (unsigned)(mac >> 8 & 255), (unsigned)(mac & 255));
	set_text(row, "mac", text);
}

/* What the inspection says of the packet it stopped: which signature, in its own words. */
static void set_signature(const struct mg_query *q, json_t *row, const char *extra)
{
	static const struct sk_text why = {"detected as malicious (signature %lld: %s)",
		"不正な通信として検知 (シグネチャ %lld: %s)"};
	json_t *v = extra ? json_loads(extra, 0, NULL) : NULL;
	const json_t *alert = json_object_get(v, "alert");
	const json_t *sid = json_object_get(alert, "signature_id");
	const char *msg = json_string_value(json_object_get(alert, "signature"));
	char text[512];

	if (json_is_integer(sid)) {
		set_int(row, "sid", json_integer_value(sid));
		snprintf(text, sizeof(text), sk_text(&why, q->q->lang),
			(long long)json_integer_value(sid), msg ? msg : "");
		set_text(row, "reason_text", text);
	}
	json_decref(v);
}

/* Which list, which entry, and what was seen where that is more than the entry. */
static void set_listed(
	const struct mg_query *q, json_t *row, const struct mg_flow *f, const struct mg_class *c)
{
	const char *feed = c->text[MG_FEED], *entry = f->entry ? f->entry : "";
	const char *what[3] = {feed, entry, f->name};
	char text[3 * MG_ENTRY_MAX];

	if (!feed[0])
		return;
	set_text(row, "feed", feed);
	set_text(row, "entry", entry);
	if (f->name)
		set_text(row, "name", f->name);
	set_text(row, "reason_text",
		mg_listed_text(what, c->kind == MG_KIND_ALLOW, q->q->lang, text, sizeof(text)));
}

json_t *mg_detail_row(struct mg_query *q, const struct mg_flow *f, const struct mg_class *c)
{
	char addr[INET6_ADDRSTRLEN], proto[MG_CLASS_TEXT_MAX + 1], text[300];
	json_t *row = json_object();

	if (!row)
		return NULL;
	mg_query_proto(proto, c->text[MG_PROTO]);
	set_int(row, "time", f->ts / MG_US);
	set_text(row, "source", mg_addr_text(&f->src, addr));
	set_text(row, "destination", mg_addr_text(&f->dst, addr));
	set_text(row, "proto", proto);
	if (f->sport >= 0)
		set_int(row, "sport", f->sport);
	if (f->dport >= 0)
		set_int(row, "port", f->dport);
	if (f->icmp >= 0) {
		set_int(row, "icmp_type", f->icmp >> 8);
		set_int(row, "icmp_code", f->icmp & 255);
	}
	if (f->mac >= 0)
		set_mac(row, f->mac);
	set_text(row, "zone_in", c->text[MG_ZONE_IN]);
	set_text(row, "zone_out", c->text[MG_ZONE_OUT]);
	set_text(row, "reason", c->text[MG_REASON]);
	set_text(row, "reason_text", words(q, c->text[MG_REASON], c->rule, text, sizeof(text)));
	if (strcmp(c->text[MG_REASON], "ips") == 0)
		set_signature(q, row, f->extra);
	set_listed(q, row, f, c);
	if (c->rule)
		set_int(row, "rule", c->rule);
	set_int(row, "count", (int64_t)f->count);
	set_int(row, "first", (f->ts - f->span) / MG_US);
	set_int(row, "last", f->ts / MG_US);
	return row;
}
