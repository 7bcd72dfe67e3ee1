/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The http.* buffers of a transaction, read from libhtp's structures. What needs joining is made at
 * the first ask and kept with the transaction; most rules never ask for most of them. Trailers,
 * which libhtp merges into the headers, are left out: what was final stays as it was.
 */
#include "ips/proto/http.h"

#include <string.h>

/* Also when the message ended among its headers: what there was counts. */
static bool headers_parsed(const struct http_tx *tx, enum ips_dir dir)
{
	if (tx->base.complete[dir])
		return true;
	if (dir == IPS_TOSERVER)
		return tx->htx->request_progress > HTP_REQUEST_HEADERS;
	return tx->htx->response_progress > HTP_RESPONSE_HEADERS;
}

static bool line_parsed(const struct http_tx *tx, enum ips_dir dir)
{
	/* For an answer without a request libhtp makes one up; it has a URI, no line. */
	if (dir == IPS_TOSERVER)
		return tx->line_seen || tx->base.complete[dir];
	if (tx->htx->response_progress == HTP_RESPONSE_HEADERS)
		/* 100 Continue: another line follows, and only that counts. */
		return tx->htx->response_status_number != 100;
	return tx->htx->response_progress > HTP_RESPONSE_LINE;
}

static htp_table_t *headers(const struct http_tx *tx, enum ips_dir dir)
{
	return dir == IPS_TOSERVER ? tx->htx->request_headers : tx->htx->response_headers;
}

/* What to say when there is nothing: it may still come, or not. */
static enum ips_buf_state none(const struct http_tx *tx, enum ips_dir dir, bool parsed)
{
	return parsed || tx->base.complete[dir] ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
}

static enum ips_buf_state give(const uint8_t *p, uint32_t n, struct ips_buf_view *ret)
{
	*ret = (struct ips_buf_view){.data = p, .len = n};
	return IPS_BUF_FULL;
}

static enum ips_buf_state give_str(const bstr *b, struct ips_buf_view *ret)
{
	return give(bstr_ptr(b), (uint32_t)bstr_len(b), ret);
}

static enum ips_buf_state give_blob(const struct http_blob *b, struct ips_buf_view *ret)
{
	return b->len ? give(b->data, b->len, ret) : IPS_BUF_ABSENT;
}

/* A part of the first line. */
static enum ips_buf_state of_line(
	const struct http_tx *tx, enum ips_dir dir, const bstr *b, struct ips_buf_view *ret)
{
	bool parsed = line_parsed(tx, dir);

	return parsed && b ? give_str(b, ret) : none(tx, dir, parsed);
}

/* Headers that came before the body. */
static size_t header_count(const struct http_tx *tx, enum ips_dir dir)
{
	const struct http_blob *at = &tx->side[dir].at;

	return at->len ? at->len / sizeof(uint32_t) - 1 : htp_table_size(headers(tx, dir));
}

/* Value of a header as it was when the headers ended, once side->start is made. */
static enum ips_buf_state frozen(
	const struct http_tx *tx, enum ips_dir dir, const char *name, struct ips_buf_view *ret)
{
	const struct http_side *s = &tx->side[dir];
	const uint32_t *at = (const uint32_t *)(const void *)s->at.data;
	size_t n = header_count(tx, dir), len;

	for (size_t i = 0; i < n; i++) {
		const htp_header_t *h = htp_table_get_index(headers(tx, dir), i, NULL);

		if (bstr_cmp_c_nocase(h->name, name) != 0)
			continue;
		len = bstr_len(h->name) + 2;
		return give(
			s->start.data + at[i] + len, at[i + 1] - at[i] - 2 - (uint32_t)len, ret);
	}
	return IPS_BUF_ABSENT;
}

static enum ips_buf_state of_header(
	const struct http_tx *tx, enum ips_dir dir, const char *name, struct ips_buf_view *ret)
{
	bool parsed = headers_parsed(tx, dir);
	const htp_header_t *h;

	if (parsed && tx->side[dir].start.len)
		return frozen(tx, dir, name, ret);
	h = parsed ? htp_table_get_c(headers(tx, dir), name) : NULL;
	return h && h->value ? give_str(h->value, ret) : none(tx, dir, parsed);
}

static uint8_t *put(uint8_t *p, const void *s, size_t n)
{
	memcpy(p, s, n);
	return p + n;
}

/* Path, "?" and the decoded query, "#" and fragment. */
static void make_uri(struct http_tx *tx)
{
	const htp_uri_t *u = tx->htx->parsed_uri;
	bstr *query = u->query ? bstr_dup(u->query) : NULL;
	size_t n =
		(u->path ? bstr_len(u->path) : 0) + (u->fragment ? 1 + bstr_len(u->fragment) : 0);
	uint64_t flags = 0;
	uint8_t *p;

	if (query) {
		htp_urldecode_inplace(tx->htx->cfg, HTP_DECODER_URLENCODED, query, &flags);
		n += 1 + bstr_len(query);
	}
	p = n ? http_blob_room(tx->http->mem, &tx->uri, (uint32_t)n) : NULL;
	if (p && u->path)
		p = put(p, bstr_ptr(u->path), bstr_len(u->path));
	if (p && query) {
		*p++ = '?';
		p = put(p, bstr_ptr(query), bstr_len(query));
	}
	if (p && u->fragment) {
		*p++ = '#';
		put(p, bstr_ptr(u->fragment), bstr_len(u->fragment));
	}
	bstr_free(query);
	tx->uri.made = true;
}

static enum ips_buf_state uri(struct http_tx *tx, struct ips_buf_view *ret)
{
	if (!tx->line_seen || !tx->htx->parsed_uri)
		return none(tx, IPS_TOSERVER, tx->line_seen);
	if (!tx->uri.made)
		make_uri(tx);
	/* Without path and query, as of CONNECT, it is there and empty. */
	return give(tx->uri.data, tx->uri.len, ret);
}

static bool is_cookie(const bstr *name, enum ips_dir dir)
{
	return bstr_cmp_c_nocase(name, dir == IPS_TOSERVER ? "cookie" : "set-cookie") == 0;
}

/* side->start with side->at: first line and all header lines. False without memory. */
static bool make_start(struct http_tx *tx, enum ips_dir dir)
{
	struct http_side *s = &tx->side[dir];
	htp_table_t *t = headers(tx, dir);
	const bstr *line = dir == IPS_TOSERVER ? tx->htx->request_line : tx->htx->response_line;
	size_t n = htp_table_size(t), len = line ? bstr_len(line) + 2 : 0;
	uint32_t *at;
	uint8_t *p, *begin;

	if (s->start.made)
		return s->start.len > 0;
	s->start.made = true;
	for (size_t i = 0; i < n; i++) {
		const htp_header_t *h = htp_table_get_index(t, i, NULL);

		len += bstr_len(h->name) + bstr_len(h->value) + 4;
	}
	at = (uint32_t *)(void *)http_blob_room(
		tx->http->mem, &s->at, (uint32_t)((n + 1) * sizeof(*at)));
	p = begin = http_blob_room(tx->http->mem, &s->start, (uint32_t)len + 2);
	if (!at || !p) {
		s->start.len = 0;
		return false;
	}
	if (line)
		p = put(put(p, bstr_ptr(line), bstr_len(line)), "\r\n", 2);
	for (size_t i = 0; i < n; i++) {
		const htp_header_t *h = htp_table_get_index(t, i, NULL);

		at[i] = (uint32_t)(p - begin);
		p = put(put(p, bstr_ptr(h->name), bstr_len(h->name)), ": ", 2);
		p = put(put(p, bstr_ptr(h->value), bstr_len(h->value)), "\r\n", 2);
	}
	at[n] = (uint32_t)(p - begin);
	put(p, "\r\n", 2);
	return true;
}

void http_freeze(struct http_tx *tx, enum ips_dir dir)
{
	make_start(tx, dir);
}

static enum ips_buf_state start(struct http_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	const struct http_side *s = &tx->side[dir];
	const bstr *line = dir == IPS_TOSERVER ? tx->htx->request_line : tx->htx->response_line;

	if (!headers_parsed(tx, dir))
		return none(tx, dir, false);
	if (!line || !make_start(tx, dir))
		return IPS_BUF_ABSENT;
	/* The empty line belongs to the last header. */
	return give(s->start.data, s->start.len - (s->at.len > sizeof(uint32_t) ? 0 : 2), ret);
}

/* Header lines without the cookie's. */
static bool without_cookie(struct http_tx *tx, enum ips_dir dir)
{
	struct http_side *s = &tx->side[dir];
	const uint32_t *at = (const uint32_t *)(const void *)s->at.data;
	htp_table_t *t = headers(tx, dir);
	size_t n = header_count(tx, dir);
	uint8_t *p;

	s->header.made = true;
	p = http_blob_room(tx->http->mem, &s->header, at[n] - at[0]);
	if (!p)
		return false;
	for (size_t i = 0; i < n; i++) {
		const htp_header_t *h = htp_table_get_index(t, i, NULL);

		if (is_cookie(h->name, dir))
			s->header.len -= at[i + 1] - at[i];
		else
			p = put(p, s->start.data + at[i], at[i + 1] - at[i]);
	}
	return true;
}

static enum ips_buf_state header(struct http_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	struct http_side *s = &tx->side[dir];
	const uint32_t *at;
	size_t n;

	if (!headers_parsed(tx, dir))
		return none(tx, dir, false);
	if (!make_start(tx, dir))
		return IPS_BUF_ABSENT;
	n = header_count(tx, dir);
	at = (const uint32_t *)(const void *)s->at.data;
	if (n == 0)
		return IPS_BUF_ABSENT;
	if (frozen(tx, dir, dir == IPS_TOSERVER ? "cookie" : "set-cookie", ret) == IPS_BUF_ABSENT)
		return give(s->start.data + at[0], at[n] - at[0], ret);
	if (!s->header.made && !without_cookie(tx, dir))
		return IPS_BUF_ABSENT;
	return give_blob(&s->header, ret);
}

/* "name: value" of one header, cookies too. */
static enum ips_buf_state header_line(
	struct http_tx *tx, enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct http_side *s = &tx->side[dir];
	const uint32_t *at;

	if (!headers_parsed(tx, dir))
		return none(tx, dir, false);
	if (!make_start(tx, dir) || index >= header_count(tx, dir))
		return IPS_BUF_ABSENT;
	at = (const uint32_t *)(const void *)s->at.data;
	return give(s->start.data + at[index], at[index + 1] - at[index] - 2, ret);
}

static void make_names(struct http_tx *tx, enum ips_dir dir)
{
	struct http_blob *b = &tx->side[dir].names;
	htp_table_t *t = headers(tx, dir);
	size_t n = header_count(tx, dir), len = 4;
	uint8_t *p;

	b->made = true;
	for (size_t i = 0; i < n; i++)
		len += bstr_len(((htp_header_t *)htp_table_get_index(t, i, NULL))->name) + 2;
	p = n ? http_blob_room(tx->http->mem, b, (uint32_t)len) : NULL;
	if (!p)
		return;
	p = put(p, "\r\n", 2);
	for (size_t i = 0; i < n; i++) {
		const htp_header_t *h = htp_table_get_index(t, i, NULL);

		p = put(put(p, bstr_ptr(h->name), bstr_len(h->name)), "\r\n", 2);
	}
	put(p, "\r\n", 2);
}

static enum ips_buf_state names(struct http_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	if (!headers_parsed(tx, dir))
		return none(tx, dir, false);
	if (!tx->side[dir].names.made)
		make_names(tx, dir);
	return give_blob(&tx->side[dir].names, ret);
}

static enum ips_buf_state raw(struct http_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	if (!headers_parsed(tx, dir))
		return none(tx, dir, false);
	return give_blob(&tx->side[dir].raw, ret);
}

static enum ips_buf_state host(struct http_tx *tx, bool as_sent, struct ips_buf_view *ret)
{
	const htp_uri_t *u = tx->htx->parsed_uri;
	bool parsed = headers_parsed(tx, IPS_TOSERVER);

	if (!parsed)
		return none(tx, IPS_TOSERVER, false);
	if (!as_sent)
		return tx->htx->request_hostname ? give_str(tx->htx->request_hostname, ret)
						 : IPS_BUF_ABSENT;
	if (u && u->hostname)
		return give_str(u->hostname, ret);
	return of_header(tx, IPS_TOSERVER, "host", ret);
}

/* Name of the file an answer carries: Content-Disposition's, else the path. */
static enum ips_buf_state answer_name(struct http_tx *tx, struct ips_buf_view *ret)
{
	const struct ips_body *b = &tx->side[IPS_TOCLIENT].body;
	const htp_uri_t *u = tx->htx->parsed_uri;
	struct ips_buf_view cd;
	struct ips_view v;

	if (b->total == 0)
		return none(tx, IPS_TOCLIENT, false);
	if (of_header(tx, IPS_TOCLIENT, "content-disposition", &cd) == IPS_BUF_FULL &&
		http_param(cd.data, cd.len, "filename=", &v))
		return give(v.data, v.len, ret);
	if (tx->answer_named && u && u->path)
		return give_str(u->path, ret);
	return IPS_BUF_ABSENT;
}

static enum ips_buf_state body(struct http_tx *tx, enum ips_dir dir, struct ips_buf_view *ret)
{
	return ips_body_view_of(&tx->side[dir].body, tx->base.complete[dir], ret);
}

static enum ips_buf_state file(
	struct http_tx *tx, enum ips_dir dir, unsigned index, bool name, struct ips_buf_view *ret)
{
	if (dir == IPS_TOSERVER)
		return http_upload_view(tx, index, name, ret);
	if (index > 0)
		return IPS_BUF_ABSENT;
	return name ? answer_name(tx, ret) : body(tx, dir, ret);
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

static enum ips_buf_state line_buffer(
	struct http_tx *tx, enum ips_buf buf, enum ips_dir dir, struct ips_buf_view *ret)
{
	const htp_tx_t *x = tx->htx;
	bool req = dir == IPS_TOSERVER;

	switch (buf) {
	case IPS_BUF_HTTP_METHOD: return of_line(tx, dir, x->request_method, ret);
	case IPS_BUF_HTTP_URI_RAW: return of_line(tx, dir, x->request_uri, ret);
	case IPS_BUF_HTTP_PROTOCOL:
		return of_line(tx, dir, req ? x->request_protocol : x->response_protocol, ret);
	case IPS_BUF_HTTP_REQUEST_LINE: return of_line(tx, dir, x->request_line, ret);
	case IPS_BUF_HTTP_RESPONSE_LINE: return of_line(tx, dir, x->response_line, ret);
	case IPS_BUF_HTTP_STAT_CODE: return of_line(tx, dir, x->response_status, ret);
	case IPS_BUF_HTTP_STAT_MSG: return of_line(tx, dir, x->response_message, ret);
	default: return IPS_BUF_ABSENT;
	}
}

enum ips_buf_state http_buffer(struct ips_app *a, struct ips_tx *t, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	struct http_tx *tx = (struct http_tx *)t;

	if (header_of[buf])
		return index ? IPS_BUF_ABSENT : of_header(tx, dir, header_of[buf], ret);
	switch (buf) {
	case IPS_BUF_HTTP_REQUEST_HEADER:
	case IPS_BUF_HTTP_RESPONSE_HEADER: return header_line(tx, dir, index, ret);
	case IPS_BUF_FILE_DATA: return file(tx, dir, index, false, ret);
	case IPS_BUF_FILE_NAME: return file(tx, dir, index, true, ret);
	default: break;
	}
	if (index > 0)
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_HTTP_URI: return uri(tx, ret);
	case IPS_BUF_HTTP_HOST: return host(tx, false, ret);
	case IPS_BUF_HTTP_HOST_RAW: return host(tx, true, ret);
	case IPS_BUF_HTTP_COOKIE:
		return of_header(tx, dir, dir == IPS_TOSERVER ? "cookie" : "set-cookie", ret);
	case IPS_BUF_HTTP_HEADER: return header(tx, dir, ret);
	case IPS_BUF_HTTP_HEADER_RAW: return raw(tx, dir, ret);
	case IPS_BUF_HTTP_HEADER_NAMES: return names(tx, dir, ret);
	case IPS_BUF_HTTP_START: return start(tx, dir, ret);
	case IPS_BUF_HTTP_REQUEST_BODY:
	case IPS_BUF_HTTP_RESPONSE_BODY: return body(tx, dir, ret);
	default: return line_buffer(tx, buf, dir, ret);
	}
}

/* Of a file that is complete; no bytes are no file. */
static bool file_size(struct http_tx *tx, enum ips_dir dir, unsigned index, uint64_t *ret)
{
	const struct ips_body *b = &tx->side[dir].body;
	struct ips_buf_view v;

	if (!b->done || b->total == 0)
		return false;
	*ret = b->total;
	if (dir == IPS_TOCLIENT)
		return index == 0;
	if (http_upload_view(tx, index, false, &v) != IPS_BUF_FULL)
		return false;
	if (tx->upload == HTTP_UPLOAD_MULTIPART)
		*ret = v.len;
	return true;
}

bool http_number(struct ips_app *a, struct ips_tx *t, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	struct http_tx *tx = (struct http_tx *)t;
	struct ips_buf_view v;

	switch (num) {
	case IPS_NUM_URILEN:
		if (index || uri(tx, &v) != IPS_BUF_FULL)
			return false;
		*ret = v.len;
		return true;
	case IPS_NUM_URILEN_RAW:
		if (index || of_line(tx, IPS_TOSERVER, tx->htx->request_uri, &v) != IPS_BUF_FULL)
			return false;
		*ret = v.len;
		return true;
	case IPS_NUM_FILE_SIZE: return file_size(tx, dir, index, ret);
	default: return false;
	}
}
