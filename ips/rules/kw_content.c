/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * content and its modifiers. Refuses what Suricata refuses: places that contradict each other, a
 * window smaller than the pattern, fast patterns that cannot be fast.
 */
#include <errno.h>

#include "ips/rules/kw.h"

static bool escapable(char c)
{
	return c == '\\' || c == '"' || c == ':' || c == ';';
}

int ips_kw_bytes(struct ips_build *b, struct ips_text v, uint8_t **ret, uint16_t *ret_n)
{
	bool hex = false;
	uint8_t *to;
	int high = -1;
	size_t n = 0;

	if (v.n > UINT16_MAX)
		return ips_refuse(b, "longer than %d bytes", UINT16_MAX);
	to = (uint8_t *)ips_arena_text(&b->r->mem, v.p, v.n);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];

		if (c == '|') {
			if (high >= 0)
				return ips_refuse(b, "half a byte in hexadecimal");
			hex = !hex;
		} else if (hex) {
			int d = ips_hex_digit(c);

			if (c == ' ')
				continue;
			if (d < 0)
				return ips_refuse(b, "'%c' is not hexadecimal", c);
			if (high >= 0)
				to[n++] = (uint8_t)(high << 4 | d);
			high = high >= 0 ? -1 : d;
		} else if (c == '\\') {
			if (i + 1 >= v.n || !escapable(v.p[i + 1]))
				return ips_refuse(b, "only \\ \" : ; can be escaped");
			to[n++] = (uint8_t)v.p[++i];
		} else if (c == '"') {
			return ips_refuse(b, "an unescaped double quote");
		} else {
			to[n++] = (uint8_t)c;
		}
	}
	if (hex)
		return ips_refuse(b, "a '|' is not closed");
	if (n == 0)
		return ips_refuse(b, "nothing to match");
	to[n] = 0;
	*ret = to;
	*ret_n = (uint16_t)n;
	return 0;
}

static int read_content(struct ips_build *b, struct ips_text v)
{
	bool negated = b->negated;
	uint8_t *data;
	struct ips_opt *o;
	uint16_t n;
	int e = ips_kw_bytes(b, v, &data, &n);

	if (e < 0)
		return e;
	o = ips_build_opt(b, IPS_O_CONTENT, &e);
	if (!o)
		return e;
	o->negated = negated;
	o->content.data = data;
	o->content.len = n;
	o->content.depth.slot = o->content.offset.slot = -1;
	o->content.distance.slot = o->content.within.slot = -1;
	return 0;
}

/* The content a modifier belongs to. */
static struct ips_opt *modified(struct ips_build *b, int *ret_err)
{
	struct ips_build_opt *o = ips_build_last(b, IPS_KIND(CONTENT));

	*ret_err = o ? 0 : ips_refuse(b, "needs a content before it");
	return o ? &o->o : NULL;
}

static bool placed(const struct ips_content *c)
{
	return c->has_depth || c->has_offset || c->has_distance || c->has_within;
}

static int read_nocase(struct ips_build *b, struct ips_text v)
{
	int e;
	struct ips_opt *o = modified(b, &e);

	if (!o)
		return e;
	if (o->content.nocase)
		return ips_refuse(b, "given twice for one content");
	o->content.nocase = true;
	return 0;
}

static int read_rawbytes(struct ips_build *b, struct ips_text v)
{
	struct ips_build_opt *o = ips_build_last(b, IPS_KIND(CONTENT));

	if (b->list != IPS_LIST_PAYLOAD)
		return ips_refuse(b, "cannot be used with a sticky buffer");
	if (!o || b->lists[o->list].buf != IPS_BUF_PAYLOAD)
		return ips_refuse(b, "needs a content of the payload before it");
	if (o->o.content.rawbytes)
		return ips_refuse(b, "given twice for one content");
	o->o.content.rawbytes = true;
	return 0;
}

static int read_startswith(struct ips_build *b, struct ips_text v)
{
	int e;
	struct ips_opt *o = modified(b, &e);

	if (!o)
		return e;
	if (o->content.startswith || placed(&o->content))
		return ips_refuse(b, "the content already has a place");
	o->content.startswith = true;
	/* Same meaning, and what looks at depth alone understands it. */
	o->content.has_depth = true;
	o->content.depth.value = o->content.len;
	return 0;
}

static int read_endswith(struct ips_build *b, struct ips_text v)
{
	int e;
	struct ips_opt *o = modified(b, &e);

	if (!o)
		return e;
	o->content.endswith = true;
	return 0;
}

/* depth and offset count from the beginning, distance and within from the match before. */
static int read_place(struct ips_build *b, struct ips_text v)
{
	struct ips_content *c;
	struct ips_var n;
	bool *has;
	int e;
	struct ips_opt *o = modified(b, &e);

	if (!o)
		return e;
	c = &o->content;
	if (c->startswith)
		return ips_refuse(b, "the content has startswith");
	if (b->kw->arg == 'd' || b->kw->arg == 'o') {
		if (c->has_distance || c->has_within)
			return ips_refuse(b, "the content already is relative");
		has = b->kw->arg == 'd' ? &c->has_depth : &c->has_offset;
		e = ips_build_var(b, v, 0, UINT16_MAX, &n);
	} else {
		if (c->has_depth || c->has_offset)
			return ips_refuse(b, "the content already has an absolute place");
		has = b->kw->arg == 'D' ? &c->has_distance : &c->has_within;
		e = ips_build_var(b, v, -(1 << 20), 1 << 20, &n);
	}
	if (e < 0)
		return e;
	if (*has)
		return ips_refuse(b, "given twice for one content");
	*has = true;
	if (b->kw->arg == 'd' || b->kw->arg == 'W') {
		if (n.slot < 0 && n.value < c->len)
			return ips_refuse(b, "%lld is less than the pattern's %u bytes",
				(long long)n.value, c->len);
		*(b->kw->arg == 'd' ? &c->depth : &c->within) = n;
	} else {
		*(b->kw->arg == 'o' ? &c->offset : &c->distance) = n;
	}
	c->relative = c->has_distance || c->has_within;
	return 0;
}

static int fast_part(struct ips_build *b, struct ips_text v, struct ips_content *c)
{
	struct ips_text off;
	uint64_t a, n;

	if (!memchr(v.p, ',', v.n))
		return ips_refuse(b, "is written fast_pattern, :only or :offset,length");
	ips_text_cut(&v, ',', &off);
	if (!ips_text_u64(off, UINT16_MAX, &a) || !ips_text_u64(ips_text_trim(v), UINT16_MAX, &n) ||
		n == 0)
		return ips_refuse(b, "offset and length must be numbers");
	if (a + n > c->len)
		return ips_refuse(b, "offset and length reach past the pattern");
	c->fp_off = (uint16_t)a;
	c->fp_len = (uint16_t)n;
	return 0;
}

static int read_fast(struct ips_build *b, struct ips_text v)
{
	struct ips_content *c;
	int e;
	struct ips_opt *o = modified(b, &e);

	if (!o)
		return e;
	c = &o->content;
	for (size_t i = 0; i < b->n; i++)
		if (b->opts[i].o.kind == IPS_O_CONTENT && b->opts[i].o.content.fast_pattern &&
			b->lists[b->opts[i].list].buf == IPS_BUF_PAYLOAD && &b->opts[i].o != o)
			return ips_refuse(b, "another content is the fast pattern already");
	/* With a value it may be said again; ips_build_check looks at what came of it. */
	if (c->fast_pattern && v.n == 0)
		return ips_refuse(b, "given twice for one content");
	c->fast_pattern = true;
	if (v.n == 0)
		return 0;
	if (!ips_text_eq(v, "only"))
		return fast_part(b, v, c);
	c->fast_only = true;
	return 0;
}

/* Old spelling: the buffer is named after the content. */
static int read_modifier(struct ips_build *b, struct ips_text v)
{
	struct ips_build_opt *o;
	enum ips_buf buf = (enum ips_buf)b->kw->arg;
	int e;

	if (b->list != IPS_LIST_PAYLOAD)
		return ips_refuse(b, "cannot be used after a sticky buffer");
	o = ips_build_last(b, IPS_KIND(CONTENT));
	if (!o || b->lists[o->list].buf != IPS_BUF_PAYLOAD)
		return ips_refuse(b, "needs a content before it");
	if (o->o.content.rawbytes)
		return ips_refuse(b, "the content has rawbytes");
	/* The old spellings only know the old protocol. */
	e = ips_build_app(b, IPS_PB(HTTP1));
	return e < 0 ? e : ips_build_move(b, o, buf);
}

static int read_uricontent(struct ips_build *b, struct ips_text v)
{
	int e = read_content(b, v);

	if (e < 0)
		return e;
	if (b->list != IPS_LIST_PAYLOAD)
		return ips_refuse(b, "cannot be used after a sticky buffer");
	e = ips_build_app(b, IPS_PB(HTTP1));
	return e < 0 ? e : ips_build_move(b, &b->opts[b->n - 1], IPS_BUF_HTTP_URI);
}

#define MOD(name, buf)                                                                             \
	{                                                                                          \
		name, read_modifier, IPS_KW_NONE, IPS_BUF_##buf                                    \
	}
const struct ips_kw ips_kw_content[] = {
	{"content", read_content, IPS_KW_QUOTED | IPS_KW_NEGATE, 0},
	{"uricontent", read_uricontent, IPS_KW_QUOTED | IPS_KW_NEGATE, 0},
	{"nocase", read_nocase, IPS_KW_NONE, 0},
	{"rawbytes", read_rawbytes, IPS_KW_NONE, 0},
	{"startswith", read_startswith, IPS_KW_NONE, 0},
	{"endswith", read_endswith, IPS_KW_NONE, 0},
	{"depth", read_place, 0, 'd'},
	{"offset", read_place, 0, 'o'},
	{"distance", read_place, 0, 'D'},
	{"within", read_place, 0, 'W'},
	{"fast_pattern", read_fast, IPS_KW_OPTIONAL, 0},
	MOD("http_method", HTTP_METHOD),
	MOD("http_uri", HTTP_URI),
	MOD("http_raw_uri", HTTP_URI_RAW),
	MOD("http_header", HTTP_HEADER),
	MOD("http_raw_header", HTTP_HEADER_RAW),
	MOD("http_cookie", HTTP_COOKIE),
	MOD("http_client_body", HTTP_REQUEST_BODY),
	MOD("http_server_body", FILE_DATA), /* as Suricata: the same bytes */
	MOD("http_stat_code", HTTP_STAT_CODE),
	MOD("http_stat_msg", HTTP_STAT_MSG),
	MOD("http_user_agent", HTTP_USER_AGENT),
	MOD("http_host", HTTP_HOST),
	MOD("http_raw_host", HTTP_HOST_RAW),
	{NULL, NULL, 0, 0},
};
