/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MIME as attackers send it: tolerant in what it takes, strict in what it keeps. Called by SMTP
 * with each line of a message.
 */
#include "ips/proto/mime.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"

/* ---- decoding ---- */

static int digit64(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static uint32_t quad_out(const uint8_t q[4], uint32_t n, uint8_t out[3])
{
	uint32_t v = (uint32_t)q[0] << 18 | (uint32_t)q[1] << 12 |
		(n > 2 ? (uint32_t)q[2] << 6 : 0) | (n > 3 ? q[3] : 0);

	out[0] = (uint8_t)(v >> 16);
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)v;
	return n - 1;
}

static bool base64_line(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t len)
{
	uint8_t out[3 * 256];
	uint32_t n = 0;
	bool grew = false;

	for (uint32_t i = 0; i < len; i++) {
		int d = digit64(p[i]);

		if (p[i] == '=') {
			if (m->quad_n >= 2)
				n += quad_out(m->quad, m->quad_n, out + n);
			m->quad_n = 0;
		} else if (d < 0) {
			if (p[i] != ' ' && p[i] != '\t')
				m->flags |= MIME_INVALID_BASE64;
			continue;
		} else {
			m->quad[m->quad_n++] = (uint8_t)d;
			if (m->quad_n == 4) {
				n += quad_out(m->quad, 4, out + n);
				m->quad_n = 0;
			}
		}
		if (n > sizeof(out) - 3) {
			grew |= ips_body_add(&m->file->body, mem, out, n);
			n = 0;
		}
	}
	if (n)
		grew |= ips_body_add(&m->file->body, mem, out, n);
	return grew;
}

static int hexdigit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool qp_line(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t len)
{
	struct ips_body *b = &m->file->body;
	uint32_t start = 0;
	bool grew = false, soft = false;

	for (uint32_t i = 0; i < len; i++) {
		uint8_t c;

		if (p[i] != '=')
			continue;
		grew |= i > start && ips_body_add(b, mem, p + start, i - start);
		soft = i + 1 == len;
		if (soft) {
			start = len;
			break;
		}
		if (i + 2 < len && hexdigit(p[i + 1]) >= 0 && hexdigit(p[i + 2]) >= 0) {
			c = (uint8_t)(hexdigit(p[i + 1]) << 4 | hexdigit(p[i + 2]));
			grew |= ips_body_add(b, mem, &c, 1);
			i += 2;
			start = i + 1;
		} else {
			m->flags |= MIME_INVALID_QP;
			start = i;
		}
	}
	if (start < len)
		grew |= ips_body_add(b, mem, p + start, len - start);
	if (!soft && !m->open)
		grew |= ips_body_add(b, mem, "\r\n", 2);
	return grew;
}

static bool plain_line(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t len)
{
	bool grew = false;

	if (m->after_line && !m->middle)
		grew = ips_body_add(&m->file->body, mem, "\r\n", 2);
	m->after_line = true;
	return (len && ips_body_add(&m->file->body, mem, p, len)) || grew;
}

/* ---- headers ---- */

/* The parameter `key` of a structured field ("name", "filename", "boundary"), unquoted. */
static uint32_t parameter(const char *s, const char *key, char *dst, uint32_t cap)
{
	size_t k = strlen(key);
	uint32_t n = 0;

	for (const char *p = strchr(s, ';'); p; p = strchr(p, ';')) {
		p++;
		p += strspn(p, " \t");
		if (strncasecmp(p, key, k) != 0)
			continue;
		p += k;
		/* RFC 2231: charset'lang'value, the first of several pieces: taken as it is. */
		if (p[0] == '*' && p[1] == '0')
			p++;
		if (*p == '*' || (*p == '0' && p[-1] == '*'))
			p++;
		if (*p == '*')
			p++;
		p += strspn(p, " \t");
		if (*p != '=')
			continue;
		p++;
		p += strspn(p, " \t");
		if (*p == '"') {
			for (p++; *p && *p != '"' && n < cap - 1; p++)
				dst[n++] = *p == '\\' && p[1] ? *++p : *p;
		} else {
			while (*p && !strchr("; \t", *p) && n < cap - 1)
				dst[n++] = *p++;
		}
		dst[n] = '\0';
		return n;
	}
	return 0;
}

static void take_field(char dst[MIME_FIELD], const char *value)
{
	size_t n;

	if (dst[0])
		return;
	n = strnlen(value, MIME_FIELD - 1);
	memcpy(dst, value, n);
	dst[n] = '\0';
}

static bool field(const char *line, const char *name, const char **value)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0)
		return false;
	line += n;
	line += strspn(line, " \t");
	if (*line != ':')
		return false;
	*value = line + 1 + strspn(line + 1, " \t");
	return true;
}

static void content_type(struct mime *m, const char *v)
{
	uint32_t n;

	if (!m->name_len)
		m->name_len = parameter(v, "name", m->name, sizeof(m->name));
	m->message = strncasecmp(v, "message/rfc822", 14) == 0;
	if (strncasecmp(v, "multipart/", 10) != 0)
		return;
	n = parameter(v, "boundary", m->next_boundary, sizeof(m->next_boundary));
	if (n >= MIME_BOUNDARY - 1)
		m->flags |= MIME_LONG_BOUNDARY;
}

static void header_done(struct mime *m)
{
	const char *v;

	m->header[m->header_len] = '\0';
	if (field(m->header, "Content-Type", &v)) {
		content_type(m, v);
	} else if (field(m->header, "Content-Disposition", &v)) {
		char name[sizeof(m->name)];
		uint32_t n = parameter(v, "filename", name, sizeof(name));

		if (n) {
			memcpy(m->name, name, n + 1);
			m->name_len = n;
		}
	} else if (field(m->header, "Content-Transfer-Encoding", &v)) {
		if (strncasecmp(v, "base64", 6) == 0)
			m->encoding = MIME_BASE64;
		else if (strncasecmp(v, "quoted-printable", 16) == 0)
			m->encoding = MIME_QP;
	} else if (m->depth == 0 && field(m->header, "From", &v)) {
		take_field(m->from, v);
	} else if (m->depth == 0 && field(m->header, "To", &v)) {
		take_field(m->to, v);
	} else if (m->depth == 0 && field(m->header, "Subject", &v)) {
		take_field(m->subject, v);
	}
	m->header_len = 0;
}

static void header_line(struct mime *m, const uint8_t *p, uint32_t len)
{
	bool folded = m->middle || (len && (p[0] == ' ' || p[0] == '\t'));
	uint32_t fits;

	if (m->header_len && !folded)
		header_done(m);
	fits = SK_MIN(len, MIME_HEADER - 1 - m->header_len);
	if (fits < len)
		m->flags |= MIME_LONG_HEADER;
	for (uint32_t i = 0; i < fits; i++)
		m->header[m->header_len++] = p[i] ? (char)p[i] : ' ';
}

/* ---- parts ---- */

static void part_begin(struct mime *m)
{
	m->in_body = false;
	m->header_len = 0;
	m->name_len = 0;
	m->name[0] = '\0';
	m->encoding = MIME_PLAIN;
	m->next_boundary[0] = '\0';
	m->quad_n = 0;
	m->after_line = false;
	m->message = false;
}

static void part_end(struct mime *m, struct ips_mem *mem)
{
	uint8_t out[3];

	if (!m->file)
		return;
	if (m->encoding == MIME_BASE64 && m->quad_n >= 2)
		ips_body_add(&m->file->body, mem, out, quad_out(m->quad, m->quad_n, out));
	ips_body_end(&m->file->body);
	m->file = NULL;
}

/* The empty line: the part's body begins. */
static void headers_end(struct mime *m, struct ips_mem *mem)
{
	if (m->header_len)
		header_done(m);
	m->in_body = true;
	if (m->next_boundary[0]) {
		if (m->depth == MIME_DEPTH) {
			m->flags |= MIME_TOO_DEEP;
			return;
		}
		memcpy(m->boundary[m->depth++], m->next_boundary, MIME_BOUNDARY);
		return;
	}
	if (m->name_len)
		m->file = ips_files_open(m->files, mem, m->name, m->name_len, m->limit);
	else if (m->message)
		part_begin(m);
}

/* A delimiter of any open level: 1 next part, 2 the level's end, 0 none. */
static int delimiter(struct mime *m, const uint8_t *p, uint32_t len)
{
	if (len < 3 || p[0] != '-' || p[1] != '-')
		return 0;
	for (uint32_t d = m->depth; d > 0; d--) {
		size_t n = strlen(m->boundary[d - 1]);

		if (len < n + 2 || memcmp(p + 2, m->boundary[d - 1], n) != 0)
			continue;
		m->depth = d;
		if (len >= n + 4 && p[n + 2] == '-' && p[n + 3] == '-') {
			m->depth = d - 1;
			return 2;
		}
		return 1;
	}
	return 0;
}

void mime_begin(struct mime *m, struct ips_files *files, uint32_t limit)
{
	m->files = files;
	m->limit = limit;
}

static bool body_piece(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t len)
{
	if (!m->file)
		return false;
	switch (m->encoding) {
	case MIME_BASE64: return base64_line(m, mem, p, len);
	case MIME_QP: return qp_line(m, mem, p, len);
	default: return plain_line(m, mem, p, len);
	}
}

bool mime_piece(struct mime *m, struct ips_mem *mem, const uint8_t *line, uint32_t len, bool ended)
{
	int end;

	m->middle = m->open;
	m->open = !ended;
	end = m->middle ? 0 : delimiter(m, line, len);
	if (end) {
		part_end(m, mem);
		part_begin(m);
		m->in_body = end == 2;
		return true;
	}
	if (m->in_body)
		return body_piece(m, mem, line, len);
	if (len)
		header_line(m, line, len);
	else if (!m->middle)
		headers_end(m, mem);
	return false;
}

/* The same with its line end. */
static bool whole(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t n)
{
	n--;
	if (n && p[n - 1] == '\r')
		n--;
	return mime_piece(m, mem, p, n, true);
}

bool mime_bytes(struct mime *m, struct ips_mem *mem, const uint8_t *p, uint32_t n)
{
	bool grew = false;

	while (n) {
		const uint8_t *lf = memchr(p, '\n', n);
		uint32_t k = lf ? (uint32_t)(lf - p) + 1 : n;

		if (lf && m->part_len == 0) {
			grew |= whole(m, mem, p, k);
		} else {
			bool ends = lf && k <= MIME_PART - m->part_len;

			k = SK_MIN(k, MIME_PART - m->part_len);
			memcpy(m->part + m->part_len, p, k);
			m->part_len += k;
			if (ends)
				grew |= whole(m, mem, m->part, m->part_len);
			else if (m->part_len == MIME_PART)
				grew |= mime_piece(m, mem, m->part, m->part_len, false);
			if (ends || m->part_len == MIME_PART)
				m->part_len = 0;
		}
		p += k;
		n -= k;
	}
	return grew;
}

void mime_gap(struct mime *m, uint32_t n)
{
	if (m->file)
		ips_body_gap(&m->file->body, n);
	m->part_len = 0;
	m->open = true;
}

void mime_end(struct mime *m, struct ips_mem *mem)
{
	if (m->part_len)
		mime_piece(m, mem, m->part, m->part_len, true);
	m->part_len = 0;
	if (!m->in_body && m->header_len)
		header_done(m);
	part_end(m, mem);
}
