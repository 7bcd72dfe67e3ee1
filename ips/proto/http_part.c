/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files sent to a server: the whole body of a POST or PUT, or the parts of a multipart/form-data
 * body that have a file name (RFC 7578). Parts are places in the kept body, nothing is copied.
 * Bytes from outside are reached through memmem and lengths only.
 */
#include "ips/proto/http.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"

#define BOUNDARY_MAX 200 /* RFC 2046 allows 70 */
#define FILE_NAME_MAX 4096

static void event(struct http_tx *tx, enum http_event e)
{
	ips_tx_event(tx->http->app, &tx->base, e);
}

static struct ips_view trim(struct ips_view v)
{
	while (v.len &&
		(v.data[0] == ' ' || v.data[0] == '\t' || v.data[0] == '\r' || v.data[0] == '\n')) {
		v.data++;
		v.len--;
	}
	return v;
}

/* Length up to a semicolon outside quotes. */
static uint32_t param_len(struct ips_view v)
{
	bool quoted = false;

	for (uint32_t i = 0; i < v.len; i++) {
		bool escaped = i > 0 && v.data[i - 1] == '\\';

		if (v.data[i] == '"' && !escaped)
			quoted = !quoted;
		else if (v.data[i] == ';' && !escaped && !quoted)
			return i;
	}
	return v.len;
}

bool http_param(const uint8_t *p, size_t n, const char *name, struct ips_view *ret)
{
	struct ips_view v = {p, (uint32_t)n};
	size_t name_len = strlen(name);

	while (v.len) {
		uint32_t len;

		v = trim(v);
		len = param_len(v);
		if (len > name_len && strncasecmp((const char *)v.data, name, name_len) == 0) {
			*ret = (struct ips_view){v.data + name_len, len - (uint32_t)name_len};
			if (ret->data[0] == '"') {
				ret->data++;
				ret->len--;
			}
			if (ret->len && ret->data[ret->len - 1] == '"')
				ret->len--;
			return true;
		}
		len = SK_MIN(len + 1, v.len);
		v.data += len;
		v.len -= len;
	}
	return false;
}

static bool set_boundary(struct http_tx *tx)
{
	const htp_header_t *ct = htp_table_get_c(tx->htx->request_headers, "content-type");
	struct ips_view v;

	if (!ct || !http_param(bstr_ptr(ct->value), bstr_len(ct->value), "boundary=", &v) ||
		v.len == 0)
		return false;
	if (v.len > BOUNDARY_MAX)
		return true;
	tx->parts.boundary = ips_mem_alloc(tx->http->mem, v.len + 2);
	if (tx->parts.boundary) {
		tx->parts.boundary_len = v.len + 2;
		memcpy(tx->parts.boundary, "--", 2);
		memcpy(tx->parts.boundary + 2, v.data, v.len);
	}
	return true;
}

void http_upload_start(struct http_tx *tx)
{
	const htp_tx_t *x = tx->htx;

	tx->upload = HTTP_UPLOAD_NONE;
	if (x->request_method_number == HTP_M_POST)
		tx->upload = set_boundary(tx) ? HTTP_UPLOAD_MULTIPART : HTTP_UPLOAD_WHOLE;
	else if (x->request_method_number == HTP_M_PUT)
		tx->upload = HTTP_UPLOAD_WHOLE;
	if (tx->upload == HTTP_UPLOAD_WHOLE && x->parsed_uri && x->parsed_uri->path &&
		bstr_len(x->parsed_uri->path) > FILE_NAME_MAX)
		event(tx, HTTP_EV_FILE_NAME);
}

/* A decimal number and the character after it. False: none, too large, or another character. */
static bool number_then(struct ips_view *v, const char *after, uint64_t *ret)
{
	uint64_t n = 0;
	uint32_t i = 0;

	for (; i < v->len && v->data[i] >= '0' && v->data[i] <= '9'; i++) {
		n = n * 10 + (v->data[i] - '0');
		if (n > INT64_MAX)
			return false;
	}
	if (i == 0 || (*after ? i == v->len || v->data[i] != (uint8_t)*after : i != v->len))
		return false;
	i += *after ? 1 : 0;
	v->data += i;
	v->len -= i;
	*ret = n;
	return true;
}

/* RFC 9110 section 14.4: "bytes 0-9/10", "bytes 0-9/" and a star, "bytes" star "/10". */
static bool range_ok(struct ips_view v)
{
	uint64_t from, to, size;

	v = trim(v);
	if (v.len < 5 || strncasecmp((const char *)v.data, "bytes", 5) != 0)
		return false;
	v = trim((struct ips_view){v.data + 5, v.len - 5});
	if (v.len >= 2 && memcmp(v.data, "*/", 2) == 0) {
		v = (struct ips_view){v.data + 2, v.len - 2};
		return number_then(&v, "", &size);
	}
	if (!number_then(&v, "-", &from) || !number_then(&v, "/", &to))
		return false;
	if (v.len == 1 && v.data[0] == '*')
		return true;
	return number_then(&v, "", &size) && from <= to && to < size;
}

void http_answer_start(struct http_tx *tx)
{
	const htp_header_t *h = htp_table_get_c(tx->htx->response_headers, "content-range");
	const htp_uri_t *u = tx->htx->parsed_uri;

	tx->answer_named = u && u->path;
	if (h && !range_ok(http_view(h->value)))
		event(tx, HTTP_EV_RANGE);
}

static struct http_part *open_part(struct http_tx *tx)
{
	struct http_parts *p = &tx->parts;
	uint32_t cap = p->cap ? p->cap * 2 : 2;
	void *q;

	if (p->n == p->cap) {
		q = p->cap < IPS_FILES_MAX
			? ips_mem_grow(tx->http->mem, p->part, p->cap * sizeof(*p->part),
				  cap * sizeof(*p->part))
			: NULL;
		if (!q) {
			event(tx, HTTP_EV_PART_ERROR);
			return NULL;
		}
		p->part = q;
		p->cap = cap;
	}
	p->part[p->n] = (struct http_part){0};
	return &p->part[p->n++];
}

static const uint8_t *find(const struct ips_body *b, uint32_t from, const void *what, size_t n)
{
	return from < b->len ? memmem(b->data + from, b->len - from, what, n) : NULL;
}

/* Let the scan go on at most to where what is searched might begin in the next bytes. */
static void wait_at(struct http_parts *p, const struct ips_body *b, uint32_t keep)
{
	uint32_t to = b->len > keep ? b->len - keep : 0;

	p->scan = SK_MAX(p->scan, to);
}

/* One header line of a part; the file name if it has one. */
static bool part_line(struct http_tx *tx, const uint8_t *line, size_t n, struct ips_view *ret)
{
	static const char cd[] = "content-disposition:";
	const uint8_t *colon = memchr(line, ':', n);

	if (!colon || colon == line + n - 1) {
		event(tx, HTTP_EV_PART_HEADER);
		return false;
	}
	return n > sizeof(cd) - 1 && strncasecmp((const char *)line, cd, sizeof(cd) - 1) == 0 &&
		http_param(line + sizeof(cd) - 1, n - (sizeof(cd) - 1), "filename=", ret);
}

static void part_head(struct http_tx *tx, uint32_t from, uint32_t to)
{
	const struct ips_body *b = &tx->side[IPS_TOSERVER].body;
	struct http_parts *p = &tx->parts;
	struct http_part *part;
	struct ips_view name = {0};
	bool file = false;

	while (from < to) {
		const uint8_t *eol = memmem(b->data + from, to - from, "\r\n", 2);
		uint32_t len = eol ? (uint32_t)(eol - b->data) - from : to - from;

		if (len)
			file |= part_line(tx, b->data + from, len, &name);
		from += len + 2;
	}
	p->state = HTTP_PART_SEARCH;
	part = file && name.len ? open_part(tx) : NULL;
	if (!part)
		return;
	if (name.len > FILE_NAME_MAX) {
		event(tx, HTTP_EV_FILE_NAME);
		name.len = FILE_NAME_MAX;
	}
	part->name = (uint32_t)(name.data - b->data);
	part->name_len = name.len;
	part->start = part->end = p->scan;
	p->state = HTTP_PART_DATA;
}

/* A boundary was found at place at. */
static void at_boundary(struct http_tx *tx, uint32_t at)
{
	struct http_parts *p = &tx->parts;

	if (p->state == HTTP_PART_DATA) {
		struct http_part *part = &p->part[p->n - 1];

		/* The line break before a boundary is not the file's. */
		part->end = at >= part->start + 2 ? at - 2 : part->start;
		part->done = true;
		if (at == part->start)
			event(tx, HTTP_EV_PART_EMPTY);
	}
	p->scan = at + p->boundary_len;
	p->state = HTTP_PART_HEAD;
}

/* One step of the scan; false: wait for more. */
static bool scan_step(struct http_tx *tx)
{
	const struct ips_body *b = &tx->side[IPS_TOSERVER].body;
	struct http_parts *p = &tx->parts;
	const uint8_t *found;

	if (p->state == HTTP_PART_HEAD) {
		uint32_t from = p->scan;

		if (b->len - from < 2)
			return false;
		if (memcmp(b->data + from, "--", 2) == 0) {
			p->state = HTTP_PART_END;
			return false;
		}
		/* The line break after the boundary is the first of two around an empty head. */
		found = find(b, from, "\r\n\r\n", 4);
		if (!found)
			return false;
		p->scan = (uint32_t)(found - b->data) + 4;
		part_head(tx, from, p->scan - 4);
		return true;
	}
	found = find(b, p->scan, p->boundary, p->boundary_len);
	if (found) {
		at_boundary(tx, (uint32_t)(found - b->data));
		return true;
	}
	wait_at(p, b, p->boundary_len - 1);
	return false;
}

void http_upload_scan(struct http_tx *tx, bool end)
{
	const struct ips_body *b = &tx->side[IPS_TOSERVER].body;
	struct http_parts *p = &tx->parts;
	struct http_part *part;

	if (tx->upload != HTTP_UPLOAD_MULTIPART || !p->boundary)
		return;
	while (p->state != HTTP_PART_END && p->scan < b->len && scan_step(tx))
		;
	if (p->state != HTTP_PART_DATA)
		return;
	/* A file still open: what cannot be the beginning of its end. */
	part = &p->part[p->n - 1];
	if (end || ips_body_final(b))
		part->end = b->len;
	else if (p->scan >= part->start + 2)
		part->end = p->scan - 2;
	part->done = end || ips_body_final(b);
}

static enum ips_buf_state part_view(
	const struct http_tx *tx, unsigned index, bool name, struct ips_buf_view *ret)
{
	const struct ips_body *b = &tx->side[IPS_TOSERVER].body;
	const struct http_part *part;

	if (index >= tx->parts.n)
		return tx->parts.state == HTTP_PART_END || ips_body_final(b) ||
				tx->base.complete[IPS_TOSERVER]
			? IPS_BUF_ABSENT
			: IPS_BUF_WAIT;
	part = &tx->parts.part[index];
	if (name) {
		*ret = (struct ips_buf_view){.data = b->data + part->name, .len = part->name_len};
		return IPS_BUF_FULL;
	}
	*ret = (struct ips_buf_view){
		.data = b->data + part->start,
		.len = part->end - part->start,
		.cut = part->end == b->len && b->total > b->len,
	};
	if (part->done || tx->base.complete[IPS_TOSERVER])
		return IPS_BUF_FULL;
	return ret->len ? IPS_BUF_PART : IPS_BUF_WAIT;
}

enum ips_buf_state http_upload_view(
	struct http_tx *tx, unsigned index, bool name, struct ips_buf_view *ret)
{
	const struct ips_body *b = &tx->side[IPS_TOSERVER].body;
	const htp_uri_t *u = tx->htx->parsed_uri;

	if (tx->upload == HTTP_UPLOAD_UNKNOWN)
		return tx->base.complete[IPS_TOSERVER] ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	if (tx->upload == HTTP_UPLOAD_MULTIPART)
		return part_view(tx, index, name, ret);
	if (tx->upload == HTTP_UPLOAD_NONE || index > 0 || !u || !u->path)
		return IPS_BUF_ABSENT;
	if (!name)
		return ips_body_view_of(b, tx->base.complete[IPS_TOSERVER], ret);
	*ret = (struct ips_buf_view){
		.data = bstr_ptr(u->path),
		.len = (uint32_t)SK_MIN(bstr_len(u->path), (size_t)FILE_NAME_MAX),
	};
	return IPS_BUF_FULL;
}
