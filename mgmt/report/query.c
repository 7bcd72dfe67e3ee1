// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The filters and keys of a report. Decides which rollup may stand for the rows: only one whose
 * keys carry every field the filters ask about.
 */
#include "mgmt/report/query.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"

static int bad_filter(struct sk_err *err, const char *name, const char *value)
{
	return sk_err_set(err, -EINVAL, name,
		"\"%s\" is not an address or network, such as 192.168.1.10 or 192.168.0.0/16",
		"「%s」はアドレスまたはネットワーク(例: "
		"192.168.1.10、192.168.0.0/16)ではありません",
		value);
}

int mg_query_range(const char *name, const char *text, struct mg_range *ret, struct sk_err *err)
{
	const char *slash = strchr(text, '/');
	char addr[INET6_ADDRSTRLEN + 1];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct mg_range r;
	uint64_t bits;
	unsigned max, skip;

	if (len >= sizeof(addr))
		return bad_filter(err, name, text);
	memcpy(addr, text, len);
	addr[len] = '\0';
	if (mg_addr_parse(addr, &r.lo) < 0)
		return bad_filter(err, name, text);
	max = strchr(addr, ':') ? 128 : 32;
	bits = max;
	if (slash && sk_parse_u64(slash + 1, max, &bits) < 0)
		return bad_filter(err, name, text);
	skip = 128 - max + (unsigned)bits;
	r.hi = r.lo;
	for (unsigned i = skip; i < 128; i++) {
		r.lo.b[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
		r.hi.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	/* A network around ::ffff:0:0/96 would mix both families. */
	if (mg_addr_is_v4(&r.lo) != mg_addr_is_v4(&r.hi))
		return bad_filter(err, name, text);
	*ret = r;
	return 0;
}

static int parse_filters(struct mg_query *q, struct sk_err *err)
{
	const struct mg_report_query *rq = q->q;
	int r = 0;

	if (rq->source && rq->source[0]) {
		q->has_src = true;
		r = mg_query_range("source", rq->source, &q->src, err);
	}
	if (r == 0 && rq->destination && rq->destination[0]) {
		q->has_dst = true;
		r = mg_query_range("destination", rq->destination, &q->dst, err);
	}
	if (r == 0 && rq->proto)
		mg_query_proto(q->proto, rq->proto);
	return r;
}

static int64_t to_us(int64_t s)
{
	if (s <= 0)
		return 0;
	return s > INT64_MAX / MG_US ? INT64_MAX : s * MG_US;
}

int mg_query_init(struct mg_query *q, const struct mg_report_query *rq, struct sk_err *err)
{
	*q = (struct mg_query){.q = rq, .from = to_us(rq->from), .to = to_us(rq->to)};
	if (pthread_mutex_init(&q->lock, NULL) != 0)
		return sk_err_nomem(err);
	q->names = mg_names_new();
	if (!q->names)
		return sk_err_nomem(err);
	if (sk_streq(rq->event_type, "allow"))
		q->kind = MG_KIND_ALLOW;
	else if (!sk_streq(rq->event_type, "drop"))
		return sk_err_set(err, -EINVAL, "event_type", "drop or allow",
			"drop または allow を指定してください");
	return parse_filters(q, err);
}

void mg_query_done(struct mg_query *q)
{
	for (size_t i = 0; i < q->n_texts; i++)
		free(q->texts[i]);
	free(q->texts);
	mg_names_free(q->names);
	pthread_mutex_destroy(&q->lock);
}

enum mg_dim mg_query_dim(const struct mg_query *q)
{
	const struct mg_report_query *rq = q->q;
	bool class_only =
		rq->reason || rq->rule || rq->zone_in || rq->zone_out || rq->feed || rq->monitored;

	if (rq->entry || rq->seen)
		return MG_DIMS;
	switch (rq->by) {
	case MG_BY_SOURCE:
		if (q->has_dst || rq->port >= 0 || q->proto[0] || class_only)
			return MG_DIMS;
		return MG_DIM_SOURCE;
	case MG_BY_DESTINATION:
		if (q->has_src || rq->port >= 0 || q->proto[0] || class_only)
			return MG_DIMS;
		return MG_DIM_DESTINATION;
	case MG_BY_PORT: return q->has_src || q->has_dst || class_only ? MG_DIMS : MG_DIM_PORT;
	case MG_BY_REASON:
	case MG_BY_RULE:
	case MG_BY_FEED:
	case MG_BY_ZONES: return q->has_src || q->has_dst || rq->port >= 0 ? MG_DIMS : MG_DIM_CLASS;
	case MG_BY_DAY:
	case MG_BY_HOUR:
		if (q->has_src || q->has_dst || rq->port >= 0 || q->proto[0] || class_only)
			return MG_DIMS;
		return MG_DIM_SLOT;
	default: return MG_DIMS;
	}
}

uint32_t mg_query_intern(struct mg_query *q, const char *text)
{
	uint32_t id = UINT32_MAX;
	size_t i;

	pthread_mutex_lock(&q->lock);
	for (i = 0; i < q->n_texts && strcmp(q->texts[i], text) != 0; i++)
		;
	if (i < q->n_texts) {
		id = (uint32_t)i;
	} else if (sk_grow(&q->texts, &q->cap_texts, i + 1, sizeof(*q->texts)) == 0 &&
		(q->texts[i] = strdup(text))) {
		q->n_texts++;
		id = (uint32_t)i;
	}
	pthread_mutex_unlock(&q->lock);
	return id;
}

const char *mg_query_text(struct mg_query *q, uint32_t id)
{
	const char *text;

	pthread_mutex_lock(&q->lock);
	text = id < q->n_texts ? q->texts[id] : "";
	pthread_mutex_unlock(&q->lock);
	return text;
}

void mg_query_proto(char *dst, const char *proto)
{
	size_t i;

	for (i = 0; i < MG_CLASS_TEXT_MAX && proto[i]; i++)
		dst[i] = proto[i] >= 'A' && proto[i] <= 'Z' ? (char)(proto[i] + 'a' - 'A')
							    : proto[i];
	dst[i] = '\0';
	if (strcmp(dst, "ipv6-icmp") == 0)
		memcpy(dst, "icmpv6", sizeof("icmpv6"));
}

bool mg_query_listed(const struct mg_query *q)
{
	return q->q->feed || q->q->entry || q->q->seen || q->q->by == MG_BY_FEED ||
		q->q->by == MG_BY_ENTRY;
}

bool mg_query_other_sort(const struct mg_query *q, const struct mg_class *c)
{
	bool monitored = c->kind == MG_KIND_ALLOW && strcmp(c->text[MG_REASON], "blocklist") == 0;

	return c->kind == q->kind && monitored != q->q->monitored;
}

bool mg_query_class_passes(const struct mg_query *q, const struct mg_class *c)
{
	const struct mg_report_query *rq = q->q;
	char proto[MG_CLASS_TEXT_MAX + 1];

	if (c->kind != q->kind || mg_query_other_sort(q, c) || (rq->rule && rq->rule != c->rule) ||
		(rq->reason && strcmp(rq->reason, c->text[MG_REASON]) != 0) ||
		(rq->zone_in && strcmp(rq->zone_in, c->text[MG_ZONE_IN]) != 0) ||
		(rq->zone_out && strcmp(rq->zone_out, c->text[MG_ZONE_OUT]) != 0) ||
		(rq->feed && strcmp(rq->feed, c->text[MG_FEED]) != 0) ||
		(mg_query_listed(q) && !c->text[MG_FEED][0]))
		return false;
	mg_query_proto(proto, c->text[MG_PROTO]);
	return !q->proto[0] || strcmp(q->proto, proto) == 0;
}

int mg_query_class_key(struct mg_query *q, const struct mg_class *c, struct mg_key *ret)
{
	char proto[MG_CLASS_TEXT_MAX + 1];
	uint32_t a = 0, b = 0;

	switch (q->q->by) {
	case MG_BY_REASON: a = mg_query_intern(q, c->text[MG_REASON]); break;
	case MG_BY_FEED: a = mg_query_intern(q, c->text[MG_FEED]); break;
	case MG_BY_RULE: b = c->rule; break;
	case MG_BY_ZONES:
		a = mg_query_intern(q, c->text[MG_ZONE_IN]);
		b = mg_query_intern(q, c->text[MG_ZONE_OUT]);
		break;
	case MG_BY_PORT:
		mg_query_proto(proto, c->text[MG_PROTO]);
		a = mg_query_intern(q, proto);
		break;
	default: break;
	}
	if (a == UINT32_MAX || (q->q->by == MG_BY_ZONES && b == UINT32_MAX))
		return -ENOMEM;
	mg_key_pair(ret, a, b);
	return 0;
}

void mg_key_pair(struct mg_key *k, uint32_t a, uint32_t b)
{
	memset(k, 0, sizeof(*k));
	memcpy(k->b, &a, sizeof(a));
	memcpy(k->b + sizeof(a), &b, sizeof(b));
}

void mg_key_unpair(const struct mg_key *k, uint32_t *a, uint32_t *b)
{
	memcpy(a, k->b, sizeof(*a));
	memcpy(b, k->b + sizeof(*a), sizeof(*b));
}

/* A MAC as a key that is no address: ff00::/8 is multicast, which nobody sends from. */
static const uint8_t mac_key[10] = {0xff, 0xff, 0xfe, 'M', 'A', 'C'};

void mg_key_device(struct mg_key *k, const struct mg_flow *f, const struct mg_class *c)
{
	/* From outside the MAC is the next router's: what it was sent to is ours. */
	if (strcmp(c->text[MG_DIRECTION], "inbound") == 0) {
		memcpy(k->b, f->dst.b, sizeof(k->b));
	} else if (f->mac < 0) {
		memcpy(k->b, f->src.b, sizeof(k->b));
	} else {
		memcpy(k->b, mac_key, sizeof(mac_key));
		for (int i = 0; i < 6; i++)
			k->b[10 + i] = (uint8_t)(f->mac >> (40 - 8 * i));
	}
}

const char *mg_key_device_text(const struct mg_key *k, char *dst)
{
	struct mg_addr a;

	if (memcmp(k->b, mac_key, sizeof(mac_key)) == 0) {
		snprintf(dst, 18, "%02x:%02x:%02x:%02x:%02x:%02x", k->b[10], k->b[11], k->b[12],
			k->b[13], k->b[14], k->b[15]);
		return dst;
	}
	memcpy(a.b, k->b, sizeof(a.b));
	return mg_addr_text(&a, dst);
}

void mg_key_time(struct mg_key *k, int64_t t)
{
	memset(k, 0, sizeof(*k));
	memcpy(k->b, &t, sizeof(t));
}

int64_t mg_key_to_time(const struct mg_key *k)
{
	int64_t t;

	memcpy(&t, k->b, sizeof(t));
	return t;
}

int64_t mg_bucket(struct mg_day_span *day, bool hour, int64_t t)
{
	if (t < day->from || t >= day->to) {
		day->from = sk_day_start(t);
		day->to = sk_day_add(day->from, 1);
	}
	return hour ? t - (t - day->from) % 3600 : day->from;
}
