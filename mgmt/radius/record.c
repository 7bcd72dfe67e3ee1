// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of the RADIUS server's spool. Whoever writes them reads strangers' packets. */
#include "mgmt/radius/record.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"

#define FIELDS 23

enum field {
	F_VERSION,
	F_TIME,
	F_KIND,
	F_SOURCE,
	F_NAS_IP,
	F_NAS_ID,
	F_PORT,
	F_PORT_ID,
	F_CALLER,
	F_USER,
	F_METHOD,
	F_IDENTITY,
	F_ANSWER,
	F_SESSION,
	F_IPV4,
	F_IPV6,
	F_DURATION,
	F_IN,
	F_IN_GIGA,
	F_OUT,
	F_OUT_GIGA,
	F_CAUSE,
	F_DETAIL,
};

struct text {
	const char *s;
	size_t n;
};

static const char *const kinds[MG_RADIUS_KINDS] = {
	"accept", "reject", "start", "update", "stop", "on", "off"};

static int bad(struct sk_err *err, enum field f, const char *what)
{
	return sk_err_en(err, -EBADMSG, NULL, "field %d: %s", (int)f + 1, what);
}

/* ---- fields -----------------------------------------------------------------------------------
 */
static int split(const char *s, size_t n, struct text f[FIELDS], struct sk_err *err)
{
	size_t k = 0;

	f[0] = (struct text){s, 0};
	for (size_t i = 0; i < n; i++) {
		if (s[i] != '|') {
			f[k].n++;
			continue;
		}
		if (++k == FIELDS)
			return bad(err, F_DETAIL, "more follow");
		f[k] = (struct text){s + i + 1, 0};
	}
	return k + 1 == FIELDS ? 0 : bad(err, (enum field)k, "is the last");
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Longer texts than an attribute can hold are cut: only the server's own words can be. */
static int bytes(
	const struct text *f, enum field at, struct mg_radius_bytes *ret, struct sk_err *err)
{
	size_t n = SK_MIN(f[at].n / 2, sizeof(ret->b));

	if (f[at].n % 2)
		return bad(err, at, "half a byte");
	for (size_t i = 0; i < n; i++) {
		int hi = nibble(f[at].s[2 * i]), lo = nibble(f[at].s[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return bad(err, at, "is not in hex");
		ret->b[i] = (uint8_t)(hi << 4 | lo);
	}
	ret->n = (uint8_t)n;
	return 0;
}

/* max inclusive; none: the value of an empty field. */
static int number(const struct text *f, enum field at, uint64_t max, int64_t none, int64_t *ret,
	struct sk_err *err)
{
	char text[24];
	uint64_t v;

	if (f[at].n == 0) {
		*ret = none;
		return 0;
	}
	if (f[at].n >= sizeof(text))
		return bad(err, at, "is too long");
	memcpy(text, f[at].s, f[at].n);
	text[f[at].n] = '\0';
	if (strlen(text) != f[at].n || sk_parse_u64(text, max, &v) < 0)
		return bad(err, at, "is no number");
	*ret = (int64_t)v;
	return 0;
}

/* A word of few letters; longer or other ones are an error. */
static int word(const struct text *f, enum field at, const char *extra, char *dst, size_t cap,
	struct sk_err *err)
{
	if (f[at].n >= cap)
		return bad(err, at, "is too long");
	for (size_t i = 0; i < f[at].n; i++) {
		char c = f[at].s[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c && strchr(extra, c))))
			return bad(err, at, "has strange letters");
	}
	memcpy(dst, f[at].s, f[at].n);
	dst[f[at].n] = '\0';
	return 0;
}

/* ---- what is made of them ---------------------------------------------------------------------
 */
static int counters(const struct text *f, struct mg_radius_record *r, struct sk_err *err)
{
	int64_t v[4];
	int e = number(f, F_DURATION, UINT32_MAX, -1, &r->duration, err);

	for (int i = 0; e == 0 && i < 4; i++)
		e = number(f, (enum field)(F_IN + i), UINT32_MAX, 0, &v[i], err);
	if (e < 0)
		return e;
	r->in = (uint64_t)v[1] << 32 | (uint64_t)v[0];
	r->out = (uint64_t)v[3] << 32 | (uint64_t)v[2];
	return 0;
}

/* "VERDICT;NUMBER;SECONDS;VLAN", empty for accounting. */
static int answer(const struct text *f, struct mg_radius_record *r, struct sk_err *err)
{
	struct mg_radius_bytes raw;
	struct text part[4];
	size_t k = 0;
	int e = bytes(f, F_ANSWER, &raw, err);

	r->verdict[0] = r->vlan[0] = '\0';
	r->number = r->seconds = 0;
	if (e < 0 || raw.n == 0)
		return e;
	part[0] = (struct text){(const char *)raw.b, 0};
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.b[i] != ';') {
			part[k].n++;
			continue;
		}
		if (++k == 4)
			return bad(err, F_ANSWER, "has too many parts");
		part[k] = (struct text){(const char *)raw.b + i + 1, 0};
	}
	if (k != 3)
		return bad(err, F_ANSWER, "has too few parts");
	/* Their own numbering: only the words' rules matter here. */
	if (word(part, 0, "_", r->verdict, sizeof(r->verdict), err) < 0 ||
		number(part, 1, INT64_MAX, 0, &r->number, err) < 0 ||
		number(part, 2, UINT32_MAX, 0, &r->seconds, err) < 0 ||
		word(part, 3, "-_.", r->vlan, sizeof(r->vlan), err) < 0)
		return bad(err, F_ANSWER, "is no answer of ours");
	return 0;
}

static int method(const struct text *f, struct mg_radius_record *r, struct sk_err *err)
{
	struct mg_radius_bytes raw;
	struct text t;
	int e = bytes(f, F_METHOD, &raw, err);

	t = (struct text){(const char *)raw.b, raw.n};
	return e < 0 ? e : word(&t, 0, "-_", r->method, sizeof(r->method), err);
}

static int kind(const struct text *f, struct mg_radius_record *r, struct sk_err *err)
{
	for (int i = 0; i < MG_RADIUS_KINDS; i++)
		if (f[F_KIND].n == strlen(kinds[i]) &&
			memcmp(f[F_KIND].s, kinds[i], f[F_KIND].n) == 0) {
			r->kind = (enum mg_radius_kind)i;
			return 0;
		}
	return bad(err, F_KIND, "is unknown");
}

static int addresses(const struct text *f, struct mg_radius_record *r, struct sk_err *err)
{
	if (f[F_SOURCE].n == 0)
		return bad(err, F_SOURCE, "is missing");
	if (word(f, F_SOURCE, ".:", r->source, sizeof(r->source), err) < 0 ||
		word(f, F_NAS_IP, ".:", r->nas_ip, sizeof(r->nas_ip), err) < 0 ||
		word(f, F_IPV4, ".:", r->ipv4, sizeof(r->ipv4), err) < 0 ||
		word(f, F_IPV6, ".:", r->ipv6, sizeof(r->ipv6), err) < 0)
		return -EBADMSG;
	return 0;
}

static int others(const struct text *f, struct mg_radius_record *r, struct sk_err *err)
{
	if (bytes(f, F_NAS_ID, &r->nas_id, err) < 0 || bytes(f, F_PORT_ID, &r->port_id, err) < 0 ||
		bytes(f, F_CALLER, &r->caller, err) < 0 || bytes(f, F_USER, &r->user, err) < 0 ||
		bytes(f, F_IDENTITY, &r->identity, err) < 0 ||
		bytes(f, F_SESSION, &r->session, err) < 0 ||
		bytes(f, F_DETAIL, &r->detail, err) < 0 ||
		number(f, F_PORT, UINT32_MAX, -1, &r->port, err) < 0 ||
		word(f, F_CAUSE, "-_ ", r->cause, sizeof(r->cause), err) < 0)
		return -EBADMSG;
	return 0;
}

int mg_radius_record_parse(
	const char *s, size_t n, struct mg_radius_record *ret, struct sk_err *err)
{
	struct text f[FIELDS];
	int r = n > MG_RADIUS_LINE_MAX ? bad(err, F_VERSION, "the line is too long")
				       : split(s, n, f, err);

	if (r == 0 && (f[F_VERSION].n != 1 || f[F_VERSION].s[0] != '1'))
		r = bad(err, F_VERSION, "is unknown");
	if (r == 0)
		r = number(f, F_TIME, INT32_MAX * INT64_C(16), 0, &ret->time, err);
	if (r == 0 && (r = kind(f, ret, err)) == 0 && (r = addresses(f, ret, err)) == 0 &&
		(r = others(f, ret, err)) == 0 && (r = method(f, ret, err)) == 0 &&
		(r = answer(f, ret, err)) == 0)
		r = counters(f, ret, err);
	if (r < 0)
		return r;
	ret->mac[0] = '\0';
	if (mg_radius_mac_parse((const char *)ret->caller.b, ret->caller.n, ret->mac) < 0)
		mg_radius_mac_parse((const char *)ret->user.b, ret->user.n, ret->mac);
	return 0;
}

/* ---- events -----------------------------------------------------------------------------------
 */
bool mg_radius_record_tells(const struct mg_radius_record *r)
{
	return r->kind != MG_RADIUS_UPDATE;
}

static void set(json_t *o, const char *key, const char *value)
{
	if (value[0])
		json_object_set_new(o, key, json_string(value));
}

static void set_bytes(json_t *o, const char *key, const struct mg_radius_bytes *b)
{
	char text[4 * sizeof(b->b) + 1];

	if (b->n)
		set(o, key, sk_escape(text, sizeof(text), (const char *)b->b, b->n));
}

static void set_number(json_t *o, const char *key, int64_t n)
{
	json_object_set_new(o, key, json_integer((json_int_t)n));
}

static void add_session(json_t *o, const struct mg_radius_record *r)
{
	set_bytes(o, "session", &r->session);
	if (r->kind != MG_RADIUS_STOP)
		return;
	if (r->duration >= 0)
		set_number(o, "seconds", r->duration);
	set_number(o, "bytes_in", (int64_t)(r->in & INT64_MAX));
	set_number(o, "bytes_out", (int64_t)(r->out & INT64_MAX));
	set(o, "why", r->cause);
}

static void add_place(json_t *o, const struct mg_radius_record *r, const char *switch_name)
{
	char mac[18], port[24];

	set(o, "switch", switch_name);
	set(o, "switch_ip", r->source);
	if (r->port_id.n) {
		set_bytes(o, "port", &r->port_id);
	} else if (r->port >= 0) {
		snprintf(port, sizeof(port), "%lld", (long long)r->port);
		set(o, "port", port);
	}
	if (r->mac[0])
		set(o, "mac", mg_radius_mac_colons(r->mac, mac));
}

static void add_device(json_t *o, const struct mg_radius_record *r, const char *device_name)
{
	json_t *addresses = json_array();

	if (r->ipv4[0])
		json_array_append_new(addresses, json_string(r->ipv4));
	if (r->ipv6[0])
		json_array_append_new(addresses, json_string(r->ipv6));
	if (json_array_size(addresses))
		json_object_set(o, "addresses", addresses);
	json_decref(addresses);
	set_bytes(o, "user", &r->user);
	set_bytes(o, "identity", &r->identity);
	set(o, "method", r->method);
	if (r->number)
		set_number(o, "device", r->number);
	set(o, "name", device_name);
}

json_t *mg_radius_record_event(
	const struct mg_radius_record *r, const char *switch_name, const char *device_name)
{
	int64_t ts = r->time * 1000000;
	char stamp[40], action[24];
	json_t *o = json_object(), *e;

	snprintf(action, sizeof(action), "radius_%s", kinds[r->kind]);
	set(o, "action", action);
	add_place(o, r, switch_name);
	add_device(o, r, device_name);
	add_session(o, r);
	if (r->kind == MG_RADIUS_ACCEPT)
		set(o, "vlan", r->vlan);
	if (r->kind == MG_RADIUS_REJECT) {
		set(o, "reason", r->verdict[0] ? r->verdict : "not_proven");
		set_bytes(o, "detail", &r->detail);
	}
	e = json_pack("{s:I, s:s, s:s, s:o}", "ts", (json_int_t)ts, "timestamp",
		sk_time_format_us(ts, stamp, sizeof(stamp)), "event_type", "admission", "sekisho",
		o);
	return e;
}
