/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Header blocks of HTTP/2: nghttp2's HPACK decoder (RFC 7541) makes fields, which are kept as
 * header lines. Every block must be decoded, because it changes the decoder's table; what is beyond
 * the limits, of nobody's stream or a trailer is decoded and let go.
 */
#include "ips/proto/http2.h"

#include <string.h>
#include <strings.h>

#include "lib/util.h"

const struct h2_field *h2_field(const struct h2_side *s, const char *name)
{
	size_t n = strlen(name);

	for (uint32_t i = 0; i < s->n; i++)
		if (s->field[i].name_len == n &&
			strncasecmp((const char *)s->text + s->field[i].at, name, n) == 0)
			return &s->field[i];
	return NULL;
}

struct ips_view h2_value(const struct h2_side *s, const struct h2_field *f)
{
	return (struct ips_view){s->text + f->at + f->name_len + 2, f->value_len};
}

static bool make_room(struct ips_http2 *h, struct h2_side *s, uint32_t need)
{
	uint32_t cap;
	void *p;

	if (s->text_len + need > s->text_cap) {
		cap = SK_MAX(SK_MAX(s->text_cap * 2, 512u), s->text_len + need);
		p = ips_mem_grow(h->mem, s->text, s->text_cap, cap);
		if (!p)
			return false;
		s->text = p;
		s->text_cap = cap;
	}
	if (s->n == s->cap) {
		cap = s->cap ? s->cap * 2 : 16;
		p = ips_mem_grow(
			h->mem, s->field, s->cap * sizeof(*s->field), cap * sizeof(*s->field));
		if (!p)
			return false;
		s->field = p;
		s->cap = cap;
	}
	return true;
}

static void add_field(struct ips_http2 *h, struct h2_tx *tx, enum ips_dir dir, const nghttp2_nv *nv)
{
	struct h2_side *s = &tx->side[dir];
	size_t need = nv->namelen + nv->valuelen + 4;
	uint8_t *p;

	if (s->text_len + need > H2_TEXT_MAX || s->n >= h->ctx->cfg->headers_max) {
		h2_event(h, tx, H2_EV_REASSEMBLY);
		return;
	}
	if (!make_room(h, s, (uint32_t)need)) {
		h->failed = true;
		return;
	}
	p = s->text + s->text_len;
	s->field[s->n++] =
		(struct h2_field){s->text_len, (uint32_t)nv->namelen, (uint32_t)nv->valuelen};
	memcpy(p, nv->name, nv->namelen);
	memcpy(p + nv->namelen, ": ", 2);
	memcpy(p + nv->namelen + 2, nv->value, nv->valuelen);
	memcpy(p + nv->namelen + 2 + nv->valuelen, "\r\n", 2);
	s->text_len += (uint32_t)need;
}

/* RFC 9113 section 8.1: answers 1xx come before the real one. */
static bool is_interim(const struct h2_side *s)
{
	const struct h2_field *f = h2_field(s, ":status");

	return f && f->value_len == 3 && h2_value(s, f).data[0] == '1';
}

static void check_request(struct ips_http2 *h, struct h2_tx *tx)
{
	const struct h2_side *s = &tx->side[IPS_TOSERVER];
	const struct h2_field *a = h2_field(s, ":authority"), *b = h2_field(s, "host");
	struct ips_view av, bv;

	if (!a)
		return;
	av = h2_value(s, a);
	if (memchr(av.data, '@', av.len))
		h2_event(h, tx, H2_EV_USERINFO);
	if (!b)
		return;
	bv = h2_value(s, b);
	if (av.len != bv.len ||
		strncasecmp((const char *)av.data, (const char *)bv.data, av.len) != 0)
		h2_event(h, tx, H2_EV_HOST_DIFFERS);
}

static void start_body(struct ips_http2 *h, struct h2_side *s)
{
	const struct h2_field *f = h2_field(s, "content-encoding");
	struct ips_view v;
	int kind;

	if (!f)
		return;
	v = h2_value(s, f);
	kind = ips_unpack_kind(v.data, v.len);
	if (kind < 0 || h->ctx->cfg->decompress_layers == 0)
		return;
	s->unpack = ips_unpack_new(h->mem, (enum ips_unpack_kind)kind);
	if (!s->unpack)
		h->failed = true;
}

static void block_done(struct ips_http2 *h, enum ips_dir dir)
{
	struct h2_dir *d = &h->dir[dir];
	struct h2_tx *tx = d->block_tx;
	struct h2_side *s;

	if (!tx)
		return;
	if (d->promise)
		dir = IPS_TOSERVER;
	s = &tx->side[dir];
	if (tx->base.complete[dir])
		return;
	if (!s->ready && dir == IPS_TOCLIENT && !d->block_ends && is_interim(s)) {
		s->text_len = s->n = 0;
	} else if (!s->ready) {
		s->ready = true;
		if (s == &tx->side[IPS_TOSERVER])
			check_request(h, tx);
		start_body(h, s);
	}
	h2_touch(tx, dir);
	if (d->block_ends || d->promise)
		h2_end(tx, dir);
}

void h2_block(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n, bool last)
{
	struct h2_dir *d = &h->dir[dir];
	/* A promised request is the client's, although the server sends it. */
	enum ips_dir side = d->promise ? IPS_TOSERVER : dir;
	bool keep =
		d->block_tx && !d->block_tx->side[side].ready && !d->block_tx->base.complete[side];

	while (!h->failed && (n > 0 || last)) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t r = nghttp2_hd_inflate_hd2(d->hd, &nv, &flags, p, n, last);

		if (r < 0) {
			h2_event(h, d->block_tx, H2_EV_HEADER);
			h->failed = true;
			return;
		}
		p += r;
		n -= (size_t)r;
		if ((flags & NGHTTP2_HD_INFLATE_EMIT) && keep)
			add_field(h, d->block_tx, side, &nv);
		if (flags & NGHTTP2_HD_INFLATE_FINAL) {
			nghttp2_hd_inflate_end_headers(d->hd);
			break;
		}
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && n == 0)
			break;
	}
	if (last && !h->failed)
		block_done(h, dir);
}
