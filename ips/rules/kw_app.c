/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keywords of single protocols that compare a number or bring their own match: TLS, DNS, DCERPC,
 * Modbus, HTTP/2.
 */
#include <errno.h>

#include "ips/rules/kw.h"
#include "lib/util.h"

int ips_kw_number(struct ips_build *b, enum ips_num num, uint64_t protos, struct ips_opt **ret)
{
	enum ips_buf same = num == IPS_NUM_URILEN ? IPS_BUF_HTTP_URI
		: num == IPS_NUM_URILEN_RAW       ? IPS_BUF_HTTP_URI_RAW
						  : IPS_BUF_PAYLOAD;
	int e = ips_build_app(b, protos);

	if (e == 0)
		e = ips_build_leave(b, same);
	if (e < 0)
		return e;
	*ret = ips_build_cond(b, IPS_O_NUMBER, &e);
	if (*ret)
		(*ret)->number.id = num;
	return e;
}

#define N(id, protos, max)                                                                         \
	{                                                                                          \
		IPS_NUM_##id, protos, max                                                          \
	}
static const struct number_row {
	enum ips_num id;
	uint64_t protos, max;
} numbers[] = {
	N(DNS_OPCODE, IPS_PB(DNS), 255),
	N(DNS_RRTYPE, IPS_PB(DNS), 65535),
	N(DNS_RCODE, IPS_PB(DNS), 65535),
	N(TLS_CHAIN_LEN, IPS_PB(TLS), UINT32_MAX),
};

static int read_number(struct ips_build *b, struct ips_text v)
{
	const struct number_row *row = NULL;
	struct ips_num_cmp cmp = {0};
	struct ips_opt *o;
	int e;

	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++)
		if ((int)numbers[i].id == b->kw->arg)
			row = &numbers[i];
	if (!row)
		return ips_refuse(b, "not supported");
	e = ips_kw_cmp(b, v, row->max, &cmp);
	if (e == 0)
		e = ips_kw_number(b, row->id, row->protos, &o);
	if (e == 0)
		o->number.cmp = cmp;
	return e;
}

/* urilen:[<>]n[<>m][,raw|norm]; without a word the normalised one. */
static int read_urilen(struct ips_build *b, struct ips_text v)
{
	struct ips_num_cmp cmp = {0};
	struct ips_text size, which;
	enum ips_num num = IPS_NUM_URILEN;
	struct ips_opt *o;
	int e;

	ips_text_cut(&v, ',', &size);
	if (ips_text_cut(&v, ',', &which)) {
		if (ips_text_is(which, "raw"))
			num = IPS_NUM_URILEN_RAW;
		else if (!ips_text_is(which, "norm"))
			return ips_refuse(b, "only raw and norm are known");
	}
	e = ips_kw_cmp(b, size, 65535, &cmp);
	if (e == 0)
		e = ips_kw_number(b, num, IPS_HTTP_ANY, &o);
	if (e == 0)
		o->number.cmp = cmp;
	return e;
}

static const struct {
	const char *name;
	uint64_t version;
} versions[] = {
	{"sslv2", 2},
	{"sslv3", 0x300},
	{"tls1.0", 0x301},
	{"tls1.1", 0x302},
	{"tls1.2", 0x303},
	{"tls1.3", 0x304},
};

static bool version_of(struct ips_text t, uint64_t *ret)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(versions); i++)
		if (ips_text_is(t, versions[i].name) ||
			(i > 1 && ips_text_eq(t, versions[i].name + 3))) {
			*ret = versions[i].version;
			return true;
		}
	return ips_text_starts(t, '0') && ips_text_u64(t, 0xffff, ret);
}

static int read_tls_version(struct ips_build *b, struct ips_text v)
{
	struct ips_opt *o;
	uint64_t n;
	int e;

	if (!version_of(v, &n))
		return ips_refuse(b, "unknown version '%.*s'", IPS_T(v));
	e = ips_kw_number(b, IPS_NUM_TLS_VERSION, IPS_PB(TLS), &o);
	if (e == 0)
		o->number.cmp = (struct ips_num_cmp){IPS_EQ, n, 0};
	return e;
}

/* Alternatives after the first go to the rules' memory. */
static int more(struct ips_build *b, struct ips_opt *o, const struct ips_num_cmp *c, uint32_t n)
{
	struct ips_num_cmp *to;

	o->number.cmp = c[0];
	if (n == 1)
		return 0;
	to = ips_arena_get(&b->r->mem, (n - 1) * sizeof(*to));
	if (!to)
		return -ENOMEM;
	memcpy(to, c + 1, (n - 1) * sizeof(*to));
	o->number.more = to;
	o->number.more_n = n - 1;
	return 0;
}

#define ALTERNATIVES 64

/* ssl_version: any of several, or none of several with '!'. */
static int read_ssl_version(struct ips_build *b, struct ips_text v)
{
	struct ips_num_cmp c[ALTERNATIVES];
	struct ips_text t;
	uint32_t n = 0;
	bool negated = false;
	struct ips_opt *o;
	int e;

	while (ips_text_cut(&v, ',', &t)) {
		bool neg = ips_text_starts(t, '!');

		if (neg)
			t = ips_text_skip(t, 1);
		if (n == ALTERNATIVES || (n > 0 && neg != negated))
			return ips_refuse(b, "'!' on some versions only");
		negated = neg;
		c[n].op = IPS_EQ;
		if (!version_of(t, &c[n].a))
			return ips_refuse(b, "unknown version '%.*s'", IPS_T(t));
		n++;
	}
	e = ips_kw_number(b, IPS_NUM_TLS_VERSION, IPS_PB(TLS), &o);
	if (e < 0)
		return e;
	o->negated = negated;
	return more(b, o, c, n);
}

/* ssl_state:a|b, any of them; or a single one with '!'. */
static int read_ssl_state(struct ips_build *b, struct ips_text v)
{
	static const char *const states[] = {
		"client_hello", "server_hello", "client_keyx", "server_keyx", "unknown"};
	struct ips_text t;
	uint64_t bits = 0;
	unsigned n = 0, negated = 0;
	struct ips_opt *o;
	int e;

	for (; ips_text_cut(&v, v.p && memchr(v.p, ',', v.n) ? ',' : '|', &t); n++) {
		size_t i;

		if (ips_text_starts(t, '!')) {
			negated++;
			t = ips_text_skip(t, 1);
		}
		for (i = 0; i < SK_ARRAY_SIZE(states) && !ips_text_is(t, states[i]); i++)
			;
		if (i == SK_ARRAY_SIZE(states))
			return ips_refuse(b, "unknown state '%.*s'", IPS_T(t));
		bits |= 1ULL << i;
	}
	if (negated && n > 1)
		return ips_refuse(b, "'!' goes with a single state");
	e = ips_kw_number(b, IPS_NUM_TLS_STATE, IPS_PB(TLS), &o);
	if (e < 0)
		return e;
	o->negated = negated > 0;
	o->number.cmp = (struct ips_num_cmp){IPS_EQ, bits, 0};
	return 0;
}

/* The old spellings bring their text with them. */
static int read_tls_text(struct ips_build *b, struct ips_text v)
{
	bool negated = b->negated;
	struct ips_opt *o;
	uint8_t *data;
	uint16_t n;
	int e = ips_build_app(b, IPS_PB(TLS));

	if (e == 0)
		e = ips_kw_bytes(b, v, &data, &n);
	if (e < 0)
		return e;
	o = ips_build_own(b, (enum ips_buf)b->kw->arg, IPS_O_CONTENT, &e);
	if (!o)
		return e;
	if (b->kw->arg == IPS_BUF_TLS_CERT_FINGERPRINT) {
		if (n != 59)
			return ips_refuse(b, "20 bytes in hexadecimal with colons between");
		for (uint16_t i = 0; i < n; i++)
			data[i] |= data[i] >= 'A' && data[i] <= 'F' ? 0x20 : 0;
		o->content.startswith = o->content.endswith = true;
	}
	o->negated = negated;
	o->content.data = data;
	o->content.len = n;
	o->content.depth.slot = o->content.offset.slot = -1;
	o->content.distance.slot = o->content.within.slot = -1;
	return 0;
}

static bool digits(struct ips_text t, size_t from, size_t n, unsigned *ret)
{
	unsigned v = 0;

	for (size_t i = from; i < from + n; i++) {
		if (i >= t.n || t.p[i] < '0' || t.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(t.p[i] - '0');
	}
	*ret = v;
	return true;
}

/* Seconds since 1970, or "2024-05", "2024-05-01", with " 12", " 12:30", " 12:30:05" or T between.
 */
static bool date(struct ips_text t, uint64_t *ret)
{
	unsigned f[6] = {0, 1, 1, 0, 0, 0};
	static const size_t at[6] = {0, 5, 8, 11, 14, 17};
	int64_t s;

	if (ips_text_u64(t, UINT32_MAX, ret))
		return true;
	for (int i = 0; i < 6; i++) {
		size_t len = i == 0 ? 4 : 2;

		if (i > 0 && t.n == at[i] - 1)
			break;
		if (i > 0 &&
			(t.n < at[i] ||
				!strchr(i < 3            ? "-"
						: i == 3 ? " T"
							 : ":",
					t.p[at[i] - 1])))
			return false;
		if (!digits(t, at[i], len, &f[i]))
			return false;
		if (i == 5 && t.n != at[i] + len)
			return false;
	}
	if (f[1] < 1 || f[1] > 12 || f[2] < 1 || f[2] > 31 || f[3] > 23 || f[4] > 59 || f[5] > 60)
		return false;
	s = ips_days(f[0], f[1], f[2]) * 86400 + f[3] * 3600 + f[4] * 60 + f[5];
	if (s < 0)
		return false;
	*ret = (uint64_t)s;
	return true;
}

static int read_tls_date(struct ips_build *b, struct ips_text v)
{
	const char *at = v.n ? memmem(v.p, v.n, "<>", 2) : NULL;
	struct ips_num_cmp c = {IPS_EQ, 0, 0};
	struct ips_text first = v;
	struct ips_opt *o;
	bool ok = true;
	int e;

	if (at && at > v.p) {
		c.op = IPS_RANGE;
		first = ips_text_trim((struct ips_text){v.p, at - v.p});
		ok = date(ips_text_skip(v, at - v.p + 2), &c.b);
	} else if (ips_text_starts(v, '<') || ips_text_starts(v, '>')) {
		c.op = v.p[0] == '<' ? IPS_LE : IPS_GE;
		first = ips_text_skip(v, 1);
	}
	if (!ok || !date(first, &c.a))
		return ips_refuse(b, "'%.*s' is not a date", IPS_T(v));
	if (c.op == IPS_RANGE && c.a >= c.b)
		return ips_refuse(b, "the range ends before it begins");
	/* Dates include their ends. */
	c.a -= c.op == IPS_RANGE && c.a > 0;
	c.b += c.op == IPS_RANGE;
	e = ips_kw_number(b, (enum ips_num)b->kw->arg, IPS_PB(TLS), &o);
	if (e == 0)
		o->number.cmp = c;
	return e;
}

/* tls_cert_expired, tls_cert_valid: the end of the first certificate and the packet's time. */
static int read_tls_today(struct ips_build *b, struct ips_text v)
{
	struct ips_opt *o;
	int e = ips_kw_number(b, IPS_NUM_TLS_NOT_AFTER, IPS_PB(TLS), &o);

	if (e < 0)
		return e;
	o->number.cmp.op = (enum ips_cmp)b->kw->arg;
	o->number.now = true;
	return 0;
}

/* "1,4-7": numbers and inclusive ranges. */
static int read_opnum(struct ips_build *b, struct ips_text v)
{
	struct ips_num_cmp c[ALTERNATIVES];
	struct ips_text t, lo;
	uint64_t from, to;
	uint32_t n = 0;
	struct ips_opt *o;
	int e;

	while (ips_text_cut(&v, ',', &t)) {
		if (n == ALTERNATIVES)
			return ips_refuse(b, "more than %d numbers", ALTERNATIVES);
		ips_text_cut(&t, '-', &lo);
		if (!ips_text_u64(lo, 65535, &from))
			return ips_refuse(b, "'%.*s' is not a number up to 65535", IPS_T(lo));
		to = from;
		if (t.p && (!ips_text_u64(ips_text_trim(t), 65535, &to) || to < from))
			return ips_refuse(b, "not a range of numbers");
		if (from == to)
			c[n++] = (struct ips_num_cmp){IPS_EQ, from, 0};
		else if (from == 0)
			c[n++] = (struct ips_num_cmp){IPS_LE, to, 0};
		else
			c[n++] = (struct ips_num_cmp){IPS_RANGE, from - 1, to + 1};
	}
	e = ips_kw_number(b, IPS_NUM_DCE_OPNUM, IPS_PB(DCERPC) | IPS_PB(SMB), &o);
	return e < 0 ? e : more(b, o, c, n);
}

static bool uuid(struct ips_text t, uint8_t ret[16])
{
	size_t n = 0;
	int high = -1;

	for (size_t i = 0; i < t.n; i++) {
		int d = ips_hex_digit(t.p[i]);

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (t.p[i] != '-')
				return false;
			continue;
		}
		if (d < 0 || n == 16)
			return false;
		if (high >= 0)
			ret[n++] = (uint8_t)(high << 4 | d);
		high = high >= 0 ? -1 : d;
	}
	return n == 16 && t.n == 36;
}

static int read_iface(struct ips_build *b, struct ips_text v)
{
	struct ips_text id, t;
	struct ips_opt *o;
	bool version = false;
	int e = ips_build_app(b, IPS_PB(DCERPC) | IPS_PB(SMB));

	if (e == 0)
		e = ips_build_leave(b, IPS_BUF_PAYLOAD);
	if (e < 0)
		return e;
	o = ips_build_cond(b, IPS_O_DCE_IFACE, &e);
	if (!o)
		return e;
	ips_text_cut(&v, ',', &id);
	if (!uuid(id, o->iface.uuid))
		return ips_refuse(b, "'%.*s' is not a UUID", IPS_T(id));
	o->iface.version.op = IPS_GE; /* any */
	while (e == 0 && ips_text_cut(&v, ',', &t)) {
		if (ips_text_eq(t, "any_frag"))
			o->iface.any_frag = true;
		else if (!version && t.n > 1 && strchr("<>=!", t.p[0]))
			e = ips_kw_cmp(b, t, 65535, &o->iface.version), version = true;
		else
			e = ips_refuse(b, "'%.*s' is not understood", IPS_T(t));
	}
	return e;
}

static const struct {
	const char *name;
	uint64_t bit;
} modbus_access[] = {
	{"read", IPS_MODBUS_READ},
	{"write", IPS_MODBUS_WRITE},
	{"discretes", IPS_MODBUS_DISCRETES},
	{"coils", IPS_MODBUS_COILS},
	{"input", IPS_MODBUS_INPUT},
	{"holding", IPS_MODBUS_HOLDING},
};

static int modbus_number(struct ips_build *b, enum ips_num num, struct ips_text t, uint64_t max)
{
	struct ips_num_cmp c = {0};
	struct ips_opt *o;
	int e;

	/* public, assigned…: classes of functions */
	if (t.n > 0 && ((t.p[0] | 0x20) >= 'a' || t.p[t.n - 1] >= 'a'))
		return ips_refuse(b, "classes of functions are not supported");
	e = ips_kw_cmp(b, t, max, &c);
	if (e == 0)
		e = ips_kw_number(b, num, IPS_PB(MODBUS), &o);
	if (e == 0)
		o->number.cmp = c;
	return e;
}

/* "access write coils": direction and kind of table each are a condition. */
static int modbus_access_words(struct ips_build *b, struct ips_text t)
{
	struct ips_text word;
	unsigned n = 0;
	uint64_t all = 0;

	for (; ips_text_word(&t, &word); n++) {
		struct ips_opt *o;
		size_t i;
		int e;

		for (i = 0; i < SK_ARRAY_SIZE(modbus_access); i++)
			if (ips_text_eq(word, modbus_access[i].name))
				break;
		if (i == SK_ARRAY_SIZE(modbus_access) || (n == 0) != (i < 2) || n > 1)
			return ips_refuse(b, "'%.*s' is not understood", IPS_T(word));
		all |= modbus_access[i].bit;
		e = ips_kw_number(b, IPS_NUM_MODBUS_ACCESS, IPS_PB(MODBUS), &o);
		if (e < 0)
			return e;
		o->number.cmp = (struct ips_num_cmp){IPS_EQ, modbus_access[i].bit, 0};
	}
	if ((all & IPS_MODBUS_WRITE) && (all & (IPS_MODBUS_DISCRETES | IPS_MODBUS_INPUT)))
		return ips_refuse(b, "discretes and input are only read");
	return n ? 0 : ips_refuse(b, "access: read or write is missing");
}

static int read_modbus(struct ips_build *b, struct ips_text v)
{
	struct ips_text part, word;
	int e = 0;

	while (e == 0 && ips_text_cut(&v, ',', &part)) {
		if (!ips_text_word(&part, &word))
			return ips_refuse(b, "an empty part");
		part = ips_text_trim(part);
		if (ips_text_eq(word, "function"))
			e = modbus_number(b, IPS_NUM_MODBUS_FUNCTION, part, 255);
		else if (ips_text_eq(word, "subfunction"))
			e = modbus_number(b, IPS_NUM_MODBUS_SUBFUNCTION, part, 65535);
		else if (ips_text_eq(word, "unit"))
			e = modbus_number(b, IPS_NUM_MODBUS_UNIT, part, 255);
		else if (ips_text_eq(word, "address"))
			e = modbus_number(b, IPS_NUM_MODBUS_ADDRESS, part, 65535);
		else if (ips_text_eq(word, "quantity"))
			e = modbus_number(b, IPS_NUM_MODBUS_QUANTITY, part, 65535);
		else if (ips_text_eq(word, "value"))
			e = modbus_number(b, IPS_NUM_MODBUS_VALUE, part, 65535);
		else if (ips_text_eq(word, "access"))
			e = modbus_access_words(b, part);
		else
			e = ips_refuse(b, "'%.*s' is not understood", IPS_T(word));
	}
	return e;
}

/* A name from RFC 9113, sections 6 and 7, or its number. */
static int read_http2(struct ips_build *b, struct ips_text v)
{
	static const char *const frames[] = {"DATA", "HEADERS", "PRIORITY", "RSTSTREAM", "SETTINGS",
		"PUSHPROMISE", "PING", "GOAWAY", "WINDOWUPDATE", "CONTINUATION"};
	static const char *const errors[] = {"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR",
		"FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR",
		"REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR",
		"ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};
	bool frame = b->kw->arg == IPS_NUM_HTTP2_FRAMETYPE;
	const char *const *names = frame ? frames : errors;
	size_t count = frame ? SK_ARRAY_SIZE(frames) : SK_ARRAY_SIZE(errors);
	struct ips_opt *o;
	uint64_t n = UINT64_MAX;
	int e;

	for (size_t i = 0; i < count; i++)
		if (ips_text_is(v, names[i]))
			n = i;
	if (n == UINT64_MAX && !ips_text_u64(v, frame ? 255 : UINT32_MAX, &n))
		return ips_refuse(b, "unknown name '%.*s'", IPS_T(v));
	e = ips_kw_number(b, (enum ips_num)b->kw->arg, IPS_PB(HTTP2), &o);
	if (e == 0)
		o->number.cmp = (struct ips_num_cmp){IPS_EQ, n, 0};
	return e;
}

const struct ips_kw ips_kw_app[] = {
	{"urilen", read_urilen, IPS_KW_QUOTES, 0},
	{"dns.opcode", read_number, 0, IPS_NUM_DNS_OPCODE},
	{"dns.rrtype", read_number, 0, IPS_NUM_DNS_RRTYPE},
	{"dns.rcode", read_number, 0, IPS_NUM_DNS_RCODE},
	{"tls.cert_chain_len", read_number, 0, IPS_NUM_TLS_CHAIN_LEN},
	{"http2.frametype", read_http2, 0, IPS_NUM_HTTP2_FRAMETYPE},
	{"http2.errorcode", read_http2, 0, IPS_NUM_HTTP2_ERRORCODE},
	{"tls.version", read_tls_version, 0, 0},
	{"ssl_version", read_ssl_version, 0, 0},
	{"ssl_state", read_ssl_state, 0, 0},
	{"tls.subject", read_tls_text, IPS_KW_QUOTES | IPS_KW_NEGATE, IPS_BUF_TLS_CERT_SUBJECT},
	{"tls.issuerdn", read_tls_text, IPS_KW_QUOTES | IPS_KW_NEGATE, IPS_BUF_TLS_CERT_ISSUER},
	{"tls.fingerprint", read_tls_text, IPS_KW_QUOTES | IPS_KW_NEGATE,
		IPS_BUF_TLS_CERT_FINGERPRINT},
	{"tls_cert_notbefore", read_tls_date, IPS_KW_QUOTES, IPS_NUM_TLS_NOT_BEFORE},
	{"tls_cert_notafter", read_tls_date, IPS_KW_QUOTES, IPS_NUM_TLS_NOT_AFTER},
	{"tls_cert_expired", read_tls_today, IPS_KW_NONE, IPS_LT},
	{"tls_cert_valid", read_tls_today, IPS_KW_NONE, IPS_GE},
	{"dcerpc.opnum", read_opnum, 0, 0},
	{"dce_opnum", read_opnum, 0, 0},
	{"dcerpc.iface", read_iface, 0, 0},
	{"dce_iface", read_iface, 0, 0},
	{"modbus", read_modbus, 0, 0},
	{NULL, NULL, 0, 0},
};
