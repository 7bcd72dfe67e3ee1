// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * EVE objects to rows of the day files. Called for every blocked connection, up to 20,000 a second.
 * No field is lost: what the columns cannot hold exactly stays as JSON.
 */
#include "mgmt/events/flow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/util.h"

/* One object being emptied: a bit for each key of names that a column holds. */
struct take {
	const json_t *obj;
	const char *const *names;
	size_t n_names, taken;
	uint32_t mask;
};

enum {
	T_TYPE,
	T_TS,
	T_STAMP,
	T_SRC,
	T_DST,
	T_SPORT,
	T_DPORT,
	T_PROTO,
	T_IIF,
	T_OIF,
	T_ICMP_TYPE,
	T_ICMP_CODE,
	T_LEN,
	T_ETHER,
	T_SEKISHO
};
static const char *const top_names[] = {"event_type", "ts", "timestamp", "src_ip", "dest_ip",
	"src_port", "dest_port", "proto", "in_iface", "out_iface", "icmp_type", "icmp_code",
	"pkt_len", "ether", "sekisho"};

enum {
	S_REASON,
	S_RULE,
	S_REVISION,
	S_ZONE_IN,
	S_ZONE_OUT,
	S_DIRECTION,
	S_COUNT,
	S_FIRST,
	S_LAST,
	S_REJECTED,
	S_NAT,
	S_FEED,
	S_ENTRY,
	S_NAME
};
static const char *const sekisho_names[] = {"reason", "rule", "revision", "zone_in", "zone_out",
	"direction", "count", "first", "last", "rejected", "nat", "feed", "entry", "name"};

static const char *const ether_names[] = {"src_mac"};

static void took(struct take *t, unsigned i)
{
	t->mask |= 1u << i;
	t->taken++;
}

static const json_t *peek(const struct take *t, unsigned i)
{
	return json_object_get(t->obj, t->names[i]);
}

static void take_text(struct take *t, unsigned i, const char **ret)
{
	const json_t *v = peek(t, i);

	if (!json_is_string(v) || json_string_length(v) > MG_CLASS_TEXT_MAX)
		return;
	*ret = json_string_value(v);
	took(t, i);
}

/* The columns of a blocklist hold nothing of other events. */
static void take_listed(struct take *t, struct mg_flow *f, struct mg_class *c)
{
	const json_t *entry = peek(t, S_ENTRY), *name = peek(t, S_NAME);

	take_text(t, S_FEED, &c->text[MG_FEED]);
	if (!c->text[MG_FEED][0])
		return;
	f->entry = "";
	if (json_is_string(entry) && json_string_length(entry) <= MG_ENTRY_MAX) {
		f->entry = json_string_value(entry);
		took(t, S_ENTRY);
	}
	if (json_is_string(name) && json_string_length(name) <= MG_ENTRY_MAX) {
		f->name = json_string_value(name);
		took(t, S_NAME);
	}
}

static bool take_int(struct take *t, unsigned i, int64_t min, int64_t max, int64_t *ret)
{
	const json_t *v = peek(t, i);

	if (!json_is_integer(v) || json_integer_value(v) < min || json_integer_value(v) > max)
		return false;
	*ret = json_integer_value(v);
	took(t, i);
	return true;
}

static void take_int32(struct take *t, unsigned i, int32_t max, int32_t *ret)
{
	int64_t v;

	if (take_int(t, i, 0, max, &v))
		*ret = (int32_t)v;
}

static void take_addr(struct take *t, unsigned i, struct mg_addr *ret)
{
	const json_t *v = peek(t, i);
	char text[INET6_ADDRSTRLEN];
	struct mg_addr a;

	memset(ret, 0xff, sizeof(*ret));
	if (!json_is_string(v) || mg_addr_parse(json_string_value(v), &a) < 0)
		return;
	/* A spelling that would not come back as it was stays in the extra fields as well. */
	if (strchr(json_string_value(v), ':') &&
		strcmp(mg_addr_text(&a, text), json_string_value(v)) != 0) {
		*ret = a;
		return;
	}
	*ret = a;
	took(t, i);
}

static void take_flag(struct take *t, unsigned i, uint8_t flag, uint8_t *flags)
{
	if (!json_is_true(peek(t, i)))
		return;
	*flags |= flag;
	took(t, i);
}

static void take_icmp(struct take *t, int32_t *ret)
{
	const json_t *type = peek(t, T_ICMP_TYPE), *code = peek(t, T_ICMP_CODE);

	if (!json_is_integer(type) || !json_is_integer(code) || json_integer_value(type) < 0 ||
		json_integer_value(type) > 255 || json_integer_value(code) < 0 ||
		json_integer_value(code) > 255)
		return;
	*ret = (int32_t)(json_integer_value(type) << 8 | json_integer_value(code));
	took(t, T_ICMP_TYPE);
	took(t, T_ICMP_CODE);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_mac(struct take *t, int64_t *ret)
{
	const char *s = json_string_value(peek(t, 0));
	int64_t mac = 0;

	if (!s || strlen(s) != 17)
		return;
	for (int i = 0; i < 17; i++) {
		int d = hex_digit(s[i]);

		if (i % 3 == 2 ? s[i] != ':' : d < 0)
			return;
		if (i % 3 != 2)
			mac = mac << 4 | d;
	}
	*ret = mac;
	took(t, 0);
}

/* Put what no column took into *extra (made when needed), under key or (NULL) at its top. */
static int leftover(const struct take *t, const char *key, json_t **extra)
{
	json_t *into;
	const char *k;
	json_t *v;

	if (t->taken == json_object_size(t->obj))
		return 0;
	if (!*extra && !(*extra = json_object()))
		return -ENOMEM;
	into = key ? json_object() : json_incref(*extra);
	if (!into)
		return -ENOMEM;
	json_object_foreach ((json_t *)t->obj, k, v) {
		bool have = false;

		for (size_t i = 0; i < t->n_names && !have; i++)
			have = (t->mask & 1u << i) && strcmp(k, t->names[i]) == 0;
		if (!have && json_object_set(into, k, v) < 0) {
			json_decref(into);
			return -ENOMEM;
		}
	}
	if (key)
		return json_object_set_new(*extra, key, into) < 0 ? -ENOMEM : 0;
	json_decref(into);
	return 0;
}

static void take_sekisho(struct take *s, struct mg_flow *f, struct mg_class *c)
{
	int64_t v;

	take_text(s, S_REASON, &c->text[MG_REASON]);
	take_text(s, S_ZONE_IN, &c->text[MG_ZONE_IN]);
	take_text(s, S_ZONE_OUT, &c->text[MG_ZONE_OUT]);
	take_text(s, S_DIRECTION, &c->text[MG_DIRECTION]);
	if (take_int(s, S_RULE, 0, UINT32_MAX, &v))
		c->rule = (uint32_t)v;
	if (take_int(s, S_REVISION, 0, UINT32_MAX, &v))
		c->revision = (uint32_t)v;
	if (take_int(s, S_COUNT, 1, INT64_MAX >> 16, &v))
		f->count = (uint64_t)v;
	if (take_int(s, S_FIRST, 1, f->ts, &v))
		f->span = f->ts - v;
	if (take_int(s, S_LAST, f->ts, f->ts, &v))
		(void)v; /* the event's own time says it */
	take_flag(s, S_REJECTED, MG_CLASS_REJECTED, &c->flags);
	take_flag(s, S_NAT, MG_CLASS_NAT, &c->flags);
	take_listed(s, f, c);
}

static int kind_of(struct take *t, uint8_t *ret)
{
	const char *type = json_string_value(peek(t, T_TYPE));

	if (sk_streq(type, "drop"))
		*ret = MG_KIND_DROP;
	else if (sk_streq(type, "allow"))
		*ret = MG_KIND_ALLOW;
	else
		return -ENOENT;
	took(t, T_TYPE);
	return 0;
}

static int take_nested(struct take *t, struct mg_flow *f, struct mg_class *c, json_t **extra)
{
	const json_t *sekisho = peek(t, T_SEKISHO), *ether = peek(t, T_ETHER);
	int r = 0;

	if (json_is_object(sekisho)) {
		struct take s = {.obj = sekisho,
			.names = sekisho_names,
			.n_names = SK_ARRAY_SIZE(sekisho_names)};

		took(t, T_SEKISHO);
		take_sekisho(&s, f, c);
		r = leftover(&s, "sekisho", extra);
	}
	if (r == 0 && json_is_object(ether)) {
		struct take e = {.obj = ether, .names = ether_names, .n_names = 1};

		took(t, T_ETHER);
		take_mac(&e, &f->mac);
		r = leftover(&e, "ether", extra);
	}
	return r;
}

int mg_flow_decode(const json_t *ev, struct mg_flow *f, struct mg_class *c, json_t **ret_extra)
{
	struct take t = {.obj = ev, .names = top_names, .n_names = SK_ARRAY_SIZE(top_names)};
	json_t *extra = NULL;
	int r;

	*c = (struct mg_class){0};
	for (size_t i = 0; i < MG_CLASS_TEXTS; i++)
		c->text[i] = "";
	*f = (struct mg_flow){
		.count = 1, .mac = -1, .sport = -1, .dport = -1, .icmp = -1, .len = -1};
	r = kind_of(&t, &c->kind);
	if (r < 0)
		return r;
	f->ts = mg_event_ts(ev);
	if (f->ts > 0)
		took(&t, T_TS);
	if (peek(&t, T_STAMP))
		took(&t, T_STAMP); /* ts in words */
	take_addr(&t, T_SRC, &f->src);
	take_addr(&t, T_DST, &f->dst);
	take_int32(&t, T_SPORT, 65535, &f->sport);
	take_int32(&t, T_DPORT, 65535, &f->dport);
	take_int32(&t, T_LEN, INT32_MAX, &f->len);
	take_text(&t, T_PROTO, &c->text[MG_PROTO]);
	take_text(&t, T_IIF, &c->text[MG_IN_IFACE]);
	take_text(&t, T_OIF, &c->text[MG_OUT_IFACE]);
	take_icmp(&t, &f->icmp);
	r = take_nested(&t, f, c, &extra);
	if (r == 0)
		r = leftover(&t, NULL, &extra);
	if (r < 0) {
		json_decref(extra);
		return r;
	}
	*ret_extra = extra;
	return 0;
}

int64_t mg_event_ts(const json_t *ev)
{
	const json_t *v = json_object_get(ev, "ts");
	int64_t ts = json_is_integer(v) ? json_integer_value(v) : 0;

	/* The year 2100: beyond, the arithmetic on days would have no end. */
	return ts > 0 && ts < 4102444800000000 ? ts : 0;
}

int mg_addr_parse(const char *s, struct mg_addr *ret)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct mg_addr a;

	if (strchr(s, ':')) {
		if (inet_pton(AF_INET6, s, a.b) != 1)
			return -EINVAL;
	} else {
		memcpy(a.b, mapped, sizeof(mapped));
		if (inet_pton(AF_INET, s, a.b + 12) != 1)
			return -EINVAL;
	}
	*ret = a;
	return 0;
}

const char *mg_addr_text(const struct mg_addr *a, char *dst)
{
	dst[0] = '\0';
	if (mg_addr_is_none(a))
		return dst;
	if (mg_addr_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, dst, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, a->b, dst, INET6_ADDRSTRLEN);
	return dst;
}

bool mg_addr_is_v4(const struct mg_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

bool mg_addr_is_none(const struct mg_addr *a)
{
	static const uint8_t ones[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return memcmp(a->b, ones, sizeof(ones)) == 0;
}
