/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The http.* and http2.* buffers of a stream, with the contents Suricata 7 gives them: pseudo
 * headers are headers, the path is not normalised, headers of one name are joined. What needs
 * joining is made at the first ask and kept with the transaction.
 */
#include <string.h>
#include <strings.h>

#include "ips/proto/http.h"
#include "ips/proto/http2.h"
#include "lib/util.h"

static enum ips_buf_state none(const struct h2_tx *tx, enum ips_dir dir)
{
	return tx->side[dir].ready || tx->base.complete[dir] ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
}

static enum ips_buf_state give(const void *p, uint32_t n, struct ips_buf_view *ret)
{
	*ret = (struct ips_buf_view){.data = p, .len = n};
	return IPS_BUF_FULL;
}

static struct h2_made *find_made(const struct h2_tx *tx, enum ips_dir dir, const char *key)
{
	struct h2_made *m = tx->made;

	while (m && (m->dir != dir || strcmp(m->key, key) != 0))
		m = m->next;
	return m;
}

/* Room of n bytes kept under a key; NULL without memory. */
static struct h2_made *make(struct h2_tx *tx, enum ips_dir dir, const char *key, size_t n)
{
	struct h2_made *m = ips_mem_alloc(tx->h2->mem, sizeof(*m) + n);

	if (!m)
		return NULL;
	m->next = tx->made;
	m->key = key;
	m->dir = dir;
	m->len = (uint32_t)n;
	tx->made = m;
	return m;
}

static uint8_t *put(uint8_t *p, const void *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

static bool is(const struct h2_side *s, const struct h2_field *f, const char *name)
{
	return f->name_len == strlen(name) &&
		strncasecmp((const char *)s->text + f->at, name, f->name_len) == 0;
}

static struct h2_made *join(struct h2_tx *tx, enum ips_dir dir, const char *name, size_t len)
{
	const struct h2_side *s = &tx->side[dir];
	struct h2_made *m = make(tx, dir, name, len);
	uint8_t *p = m ? m->data : NULL;

	for (uint32_t i = 0; m && i < s->n; i++) {
		struct ips_view v = h2_value(s, &s->field[i]);

		if (!is(s, &s->field[i], name))
			continue;
		if (p != m->data)
			p = put(p, ", ", 2);
		p = put(p, v.data, v.len);
	}
	return m;
}

static enum ips_buf_state of_header(
	struct h2_tx *tx, enum ips_dir dir, const char *name, struct ips_buf_view *ret)
{
	const struct h2_side *s = &tx->side[dir];
	const struct h2_field *first = NULL;
	struct h2_made *m;
	size_t len = 0;
	uint32_t n = 0;

	if (!s->ready)
		return none(tx, dir);
	for (uint32_t i = 0; i < s->n; i++)
		if (is(s, &s->field[i], name)) {
			first = first ? first : &s->field[i];
			len += (n ? 2 : 0) + s->field[i].value_len;
			n++;
		}
	if (n == 0)
		return IPS_BUF_ABSENT;
	if (n == 1)
		return give(h2_value(s, first).data, first->value_len, ret);
	m = find_made(tx, dir, name);
	if (!m)
		m = join(tx, dir, name, len);
	return m ? give(m->data, m->len, ret) : IPS_BUF_ABSENT;
}

/* A pseudo header: the first one counts. */
static enum ips_buf_state of_first(
	struct h2_tx *tx, enum ips_dir dir, const char *name, struct ips_buf_view *ret)
{
	const struct h2_side *s = &tx->side[dir];
	const struct h2_field *f = s->ready ? h2_field(s, name) : NULL;

	return f ? give(h2_value(s, f).data, f->value_len, ret) : none(tx, dir);
}

static enum ips_buf_state host_raw(struct h2_tx *tx, struct ips_buf_view *ret)
{
	enum ips_buf_state r = of_first(tx, IPS_TOSERVER, ":authority", ret);

	return r == IPS_BUF_ABSENT ? of_header(tx, IPS_TOSERVER, "host", ret) : r;
}

/* Without port, in lower case. */
static enum ips_buf_state host(struct h2_tx *tx, struct ips_buf_view *ret)
{
	enum ips_buf_state r = host_raw(tx, ret);
	struct h2_made *m = find_made(tx, IPS_TOSERVER, "*host");
	const uint8_t *end;

	if (r != IPS_BUF_FULL)
		return r;
	if (m)
		return give(m->data, m->len, ret);
	end = ret->len && ret->data[0] == '[' ? memchr(ret->data, ']', ret->len) : NULL;
	end = end ? end + 1 : ret->len ? memchr(ret->data, ':', ret->len) : NULL;
	if (end)
		ret->len = (uint32_t)(end - ret->data);
	m = make(tx, IPS_TOSERVER, "*host", ret->len);
	if (!m)
		return IPS_BUF_ABSENT;
	for (uint32_t i = 0; i < ret->len; i++) {
		uint8_t c = ret->data[i];

		m->data[i] = c >= 'A' && c <= 'Z' ? c + 32 : c;
	}
	return give(m->data, m->len, ret);
}

static bool is_cookie(const struct h2_side *s, const struct h2_field *f, enum ips_dir dir)
{
	return is(s, f, dir == IPS_TOSERVER ? "cookie" : "set-cookie");
}

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct ips_view trimmed(const struct h2_side *s, const struct h2_field *f)
{
	struct ips_view v = h2_value(s, f);

	while (v.len && blank(v.data[0])) {
		v.data++;
		v.len--;
	}
	while (v.len && blank(v.data[v.len - 1]))
		v.len--;
	return v;
}

static bool make_header(struct h2_tx *tx, enum ips_dir dir)
{
	const struct h2_side *s = &tx->side[dir];
	struct h2_made *m = make(tx, dir, "*header", s->text_len);
	uint8_t *p = m ? m->data : NULL;

	if (!m)
		return false;
	for (uint32_t i = 0; i < s->n; i++) {
		const struct h2_field *f = &s->field[i];
		struct ips_view v = trimmed(s, f);

		if (is_cookie(s, f, dir))
			continue;
		p = put(p, s->text + f->at, f->name_len + 2);
		p = put(put(p, v.data, v.len), "\r\n", 2);
	}
	/* The block keeps its size, for the day it is freed; what is shown ends here. */
	memset(p, 0, (size_t)(m->data + m->len - p));
	return true;
}

static enum ips_buf_state header(struct h2_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	const struct h2_side *s = &tx->side[dir];
	uint32_t len = s->text_len;

	if (!s->ready || s->n == 0)
		return none(tx, dir);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct h2_field *f = &s->field[i];

		if (is_cookie(s, f, dir))
			len -= f->name_len + f->value_len + 4;
		else
			len -= f->value_len - trimmed(s, f).len;
	}
	if (len == s->text_len)
		return give(s->text, len, ret);
	if (len == 0 || (!find_made(tx, dir, "*header") && !make_header(tx, dir)))
		return IPS_BUF_ABSENT;
	return give(find_made(tx, dir, "*header")->data, len, ret);
}

static enum ips_buf_state names(struct h2_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	const struct h2_side *s = &tx->side[dir];
	struct h2_made *m = find_made(tx, dir, "*names");
	size_t len = 4;
	uint8_t *p;

	if (!s->ready || s->n == 0)
		return none(tx, dir);
	if (m)
		return give(m->data, m->len, ret);
	for (uint32_t i = 0; i < s->n; i++)
		len += s->field[i].name_len + 2;
	m = make(tx, dir, "*names", len);
	if (!m)
		return IPS_BUF_ABSENT;
	p = put(m->data, "\r\n", 2);
	for (uint32_t i = 0; i < s->n; i++)
		p = put(put(p, s->text + s->field[i].at, s->field[i].name_len), "\r\n", 2);
	put(p, "\r\n", 2);
	return give(m->data, m->len, ret);
}

/* "METHOD PATH HTTP/2\r\n", "HTTP/2 CODE\r\n". */
static enum ips_buf_state line(struct h2_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	struct h2_made *m = find_made(tx, dir, "*line");
	struct ips_buf_view a = {0}, b = {0};
	uint8_t *p;

	if (!tx->side[dir].ready)
		return none(tx, dir);
	if (m)
		return give(m->data, m->len, ret);
	if (dir == IPS_TOCLIENT) {
		if (of_first(tx, dir, ":status", &a) != IPS_BUF_FULL)
			return IPS_BUF_ABSENT;
		m = make(tx, dir, "*line", a.len + 9);
		if (m)
			put(put(put(m->data, "HTTP/2 ", 7), a.data, a.len), "\r\n", 2);
	} else {
		if (of_first(tx, dir, ":method", &a) != IPS_BUF_FULL ||
			of_first(tx, dir, ":path", &b) != IPS_BUF_FULL)
			return IPS_BUF_ABSENT;
		m = make(tx, dir, "*line", a.len + b.len + 10);
		if (m) {
			p = put(put(m->data, a.data, a.len), " ", 1);
			put(put(p, b.data, b.len), " HTTP/2\r\n", 9);
		}
	}
	return m ? give(m->data, m->len, ret) : IPS_BUF_ABSENT;
}

static enum ips_buf_state field(const struct h2_tx *tx, enum ips_dir dir, unsigned index,
	bool name_only, struct ips_buf_view *ret)
{
	const struct h2_side *s = &tx->side[dir];
	const struct h2_field *f;

	if (!s->ready || index >= s->n)
		return none(tx, dir);
	f = &s->field[index];
	return give(s->text + f->at, f->name_len + (name_only ? 0 : 2 + f->value_len), ret);
}

/* Content-Disposition's, else the path. */
static enum ips_buf_state file_name(struct h2_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	const struct ips_body *b = &tx->side[dir].body;
	struct ips_view v;
	const uint8_t *end;

	if (b->total == 0)
		return tx->base.complete[dir] ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	if (dir == IPS_TOCLIENT && tx->side[dir].ready &&
		of_header(tx, dir, "content-disposition", ret) == IPS_BUF_FULL &&
		http_param(ret->data, ret->len, "filename=", &v))
		return give(v.data, v.len, ret);
	if (!tx->side[IPS_TOSERVER].ready ||
		of_first(tx, IPS_TOSERVER, ":path", ret) != IPS_BUF_FULL)
		return IPS_BUF_ABSENT;
	end = ret->len ? memchr(ret->data, '?', ret->len) : NULL;
	return give(ret->data, end ? (uint32_t)(end - ret->data) : ret->len, ret);
}

/* Keywords that are one header's value. */
static const char *const header_of[IPS_BUF_COUNT] = {
	[IPS_BUF_HTTP_USER_AGENT] = "user-agent",
	[IPS_BUF_HTTP_REFERER] = "referer",
	[IPS_BUF_HTTP_SERVER] = "server",
	[IPS_BUF_HTTP_LOCATION] = "location",
	[IPS_BUF_HTTP_CONTENT_TYPE] = "content-type",
	[IPS_BUF_HTTP_CONTENT_LEN] = "content-length",
	[IPS_BUF_HTTP_CONNECTION] = "connection",
	[IPS_BUF_HTTP_ACCEPT] = "accept",
	[IPS_BUF_HTTP_ACCEPT_ENC] = "accept-encoding",
	[IPS_BUF_HTTP_ACCEPT_LANG] = "accept-language",
};

static enum ips_buf_state single(
	struct h2_tx *tx, enum ips_buf buf, enum ips_dir dir, struct ips_buf_view *ret)
{
	const struct h2_side *s = &tx->side[dir];

	switch (buf) {
	case IPS_BUF_HTTP_METHOD: return of_first(tx, dir, ":method", ret);
	case IPS_BUF_HTTP_URI:
	case IPS_BUF_HTTP_URI_RAW: return of_first(tx, dir, ":path", ret);
	case IPS_BUF_HTTP_HOST: return host(tx, ret);
	case IPS_BUF_HTTP_HOST_RAW: return host_raw(tx, ret);
	case IPS_BUF_HTTP_COOKIE:
		return of_header(tx, dir, dir == IPS_TOSERVER ? "cookie" : "set-cookie", ret);
	case IPS_BUF_HTTP_HEADER: return header(tx, dir, ret);
	case IPS_BUF_HTTP_HEADER_RAW:
		return s->ready && s->n ? give(s->text, s->text_len, ret) : none(tx, dir);
	case IPS_BUF_HTTP_HEADER_NAMES: return names(tx, dir, ret);
	case IPS_BUF_HTTP_PROTOCOL: return give("HTTP/2", 6, ret);
	case IPS_BUF_HTTP_REQUEST_LINE:
	case IPS_BUF_HTTP_RESPONSE_LINE: return line(tx, dir, ret);
	case IPS_BUF_HTTP_STAT_CODE: return of_first(tx, dir, ":status", ret);
	case IPS_BUF_HTTP_STAT_MSG: return give("", 0, ret); /* HTTP/2 has none */
	case IPS_BUF_HTTP_REQUEST_BODY:
	case IPS_BUF_HTTP_RESPONSE_BODY:
	case IPS_BUF_FILE_DATA: return ips_body_view_of(&s->body, tx->base.complete[dir], ret);
	case IPS_BUF_FILE_NAME: return file_name(tx, dir, ret);
	default: return IPS_BUF_ABSENT;
	}
}

enum ips_buf_state h2_buffer(struct ips_app *a, struct ips_tx *t, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	struct h2_tx *tx = (struct h2_tx *)t;

	if (buf == IPS_BUF_HTTP_REQUEST_HEADER || buf == IPS_BUF_HTTP_RESPONSE_HEADER)
		return field(tx, dir, index, false, ret);
	if (buf == IPS_BUF_HTTP2_HEADER_NAME)
		return field(tx, dir, index, true, ret);
	if (index > 0)
		return IPS_BUF_ABSENT;
	if (header_of[buf])
		return of_header(tx, dir, header_of[buf], ret);
	return single(tx, buf, dir, ret);
}

/* The index-th bit that is set. */
static bool nth(uint32_t set, unsigned index, uint64_t *ret)
{
	for (unsigned i = 0; i < 32; i++)
		if ((set >> i & 1) && index-- == 0) {
			*ret = i;
			return true;
		}
	return false;
}

bool h2_number(struct ips_app *a, struct ips_tx *t, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	struct h2_tx *tx = (struct h2_tx *)t;
	const struct h2_side *s = &tx->side[dir];
	struct ips_buf_view v;

	switch (num) {
	case IPS_NUM_URILEN:
	case IPS_NUM_URILEN_RAW:
		if (index || of_first(tx, IPS_TOSERVER, ":path", &v) != IPS_BUF_FULL)
			return false;
		*ret = v.len;
		return true;
	case IPS_NUM_HTTP2_FRAMETYPE: return nth(s->frames, index, ret);
	case IPS_NUM_HTTP2_ERRORCODE: return nth(s->errors, index, ret);
	case IPS_NUM_FILE_SIZE:
		if (index || !s->body.done || s->body.total == 0)
			return false;
		*ret = s->body.total;
		return true;
	default: return false;
	}
}
