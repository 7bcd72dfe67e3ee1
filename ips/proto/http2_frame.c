/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of HTTP/2 (RFC 9113 section 4 and 6), read as they come: nothing but a frame's fixed
 * fields is buffered, header blocks and bodies stream through.
 */
#include "ips/proto/http2.h"

#include <string.h>

#include "lib/cursor.h"
#include "lib/util.h"

#define LONG_FRAME 65536
#define TABLE_MAX (1u << 20) /* more than any known peer asks for; counted memory decides */

static const uint8_t magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define MAGIC_LEN (sizeof(magic) - 1)

static uint32_t be32(const uint8_t *p)
{
	struct sk_cursor c;

	sk_cur_init(&c, p, 4);
	return sk_cur_be32(&c);
}

/* Fixed fields before the content, by type. */
static uint8_t fixed_len(const struct h2_dir *d)
{
	uint8_t padded = d->flags & H2_PADDED ? 1 : 0;

	switch (d->type) {
	case H2_DATA: return padded;
	case H2_HEADERS: return padded + (d->flags & H2_PRIORITY_FLAG ? 5 : 0);
	case H2_PUSH_PROMISE: return padded + 4;
	case H2_PRIORITY: return 5;
	case H2_RST_STREAM:
	case H2_WINDOW_UPDATE: return 4;
	case H2_GOAWAY: return 8;
	case H2_SETTINGS: return 6;
	default: return 0;
	}
}

static bool length_fits(const struct h2_dir *d)
{
	switch (d->type) {
	case H2_PRIORITY: return d->left == 5;
	case H2_RST_STREAM:
	case H2_WINDOW_UPDATE: return d->left == 4;
	case H2_PING: return d->left == 8;
	case H2_SETTINGS: return d->left % 6 == 0;
	default: return d->left >= fixed_len(d);
	}
}

/* The transaction a frame belongs to; NULL: of none (a closed stream, or no memory). */
static struct h2_tx *frame_tx(struct ips_http2 *h, enum ips_dir dir)
{
	const struct h2_dir *d = &h->dir[dir];
	/* Odd numbers are the client's (RFC 9113 section 5.1.1). */
	uint32_t *last = &h->last_stream[d->stream & 1 ? IPS_TOSERVER : IPS_TOCLIENT];
	struct h2_tx *tx;

	if (d->stream == 0) {
		bool whole = d->type == H2_SETTINGS || d->type == H2_PING || d->type == H2_GOAWAY ||
			d->type == H2_WINDOW_UPDATE;

		return whole ? h2_open(h, 0) : NULL;
	}
	tx = h2_find(h, d->stream);
	if (tx && d->type == H2_HEADERS && tx->base.complete[dir])
		h2_event(h, tx, H2_EV_REUSE);
	if (tx || (d->type != H2_HEADERS && d->type != H2_PRIORITY))
		return tx;
	if (d->stream <= *last && (d->type == H2_PRIORITY || dir == IPS_TOCLIENT))
		return NULL;
	tx = h2_open(h, d->stream);
	if (tx && d->type == H2_HEADERS && d->stream <= *last)
		h2_event(h, tx, H2_EV_REUSE);
	if (d->type == H2_HEADERS)
		*last = SK_MAX(*last, d->stream);
	return tx;
}

static void note_frame(struct ips_http2 *h, struct h2_tx *tx, enum ips_dir dir)
{
	tx->side[dir].frames |= (uint16_t)(1u << h->dir[dir].type);
	if (++tx->frames == H2_FRAMES_MAX)
		h2_event(h, tx, H2_EV_FRAMES);
	h2_touch(tx, dir);
	if (tx->stream == 0) {
		/* Nothing follows it, and both sides may look at it. */
		h2_end(tx, IPS_TOSERVER);
		h2_end(tx, IPS_TOCLIENT);
	}
}

static void open_block(struct ips_http2 *h, enum ips_dir dir)
{
	struct h2_dir *d = &h->dir[dir];

	if (d->block) {
		/* RFC 9113 section 6.10: nothing may come between a block's frames. */
		h2_event(h, d->tx, H2_EV_FRAME_DATA);
		h->failed = true;
	}
	d->block = d->stream;
	d->promise = d->type == H2_PUSH_PROMISE;
	d->block_ends = d->type == H2_HEADERS && (d->flags & H2_END_STREAM);
	d->block_tx = d->tx;
}

/* RFC 7541 section 4.2: what one side announces bounds the other side's encoder. */
static void setting(struct ips_http2 *h, enum ips_dir dir)
{
	const struct h2_dir *d = &h->dir[dir];
	struct h2_dir *other = &h->dir[!dir];
	uint32_t value = SK_MIN(be32(d->prefix + 2), TABLE_MAX);

	/* A lower one holds once the other side has acknowledged it, and its encoder says so. */
	if (d->prefix[0] != 0 || d->prefix[1] != 1 || value <= other->table_max)
		return;
	other->table_max = value;
	if (nghttp2_hd_inflate_change_table_size(other->hd, value) != 0)
		h->failed = true;
}

static void error_code(struct h2_tx *tx, enum ips_dir dir, uint32_t code)
{
	if (tx && code < H2_ERRORS)
		tx->side[dir].errors |= (uint16_t)(1u << code);
}

static void promise(struct ips_http2 *h, enum ips_dir dir, uint32_t stream)
{
	struct h2_dir *d = &h->dir[dir];

	stream &= 0x7fffffff;
	if (dir == IPS_TOCLIENT && stream && !h2_find(h, stream)) {
		d->tx = h2_open(h, stream);
		h->last_stream[IPS_TOCLIENT] = SK_MAX(h->last_stream[IPS_TOCLIENT], stream);
	}
	if (d->tx)
		note_frame(h, d->tx, dir);
	open_block(h, dir);
}

/* The fixed fields are there. False: skip the rest. */
static bool prefix_done(struct ips_http2 *h, enum ips_dir dir)
{
	struct h2_dir *d = &h->dir[dir];
	const uint8_t *p = d->prefix;

	if ((d->flags & H2_PADDED) &&
		(d->type == H2_DATA || d->type == H2_HEADERS || d->type == H2_PUSH_PROMISE)) {
		d->pad = *p++;
		if (d->pad > d->left) {
			h2_event(h, d->tx, H2_EV_FRAME_DATA);
			/* The decoder's table would be wrong from here on. */
			h->failed = d->type != H2_DATA;
			return false;
		}
	}
	switch (d->type) {
	case H2_HEADERS: open_block(h, dir); break;
	case H2_PUSH_PROMISE: promise(h, dir, be32(p)); break;
	case H2_RST_STREAM:
		error_code(d->tx, dir, be32(p));
		if (d->tx) {
			h2_end(d->tx, IPS_TOSERVER);
			h2_end(d->tx, IPS_TOCLIENT);
		}
		break;
	case H2_GOAWAY: error_code(d->tx, dir, be32(p + 4)); break;
	case H2_SETTINGS:
		if (!(d->flags & H2_END_STREAM)) /* as a flag of SETTINGS: ACK */
			setting(h, dir);
		/* The next one. */
		d->prefix_n = 0;
		d->prefix_want = d->left >= 6 ? 6 : 0;
		break;
	default: break;
	}
	return true;
}

/* A frame's nine bytes are there. */
static void begin(struct ips_http2 *h, enum ips_dir dir)
{
	struct h2_dir *d = &h->dir[dir];

	d->left = be32(d->head) >> 8;
	d->type = d->head[3];
	d->flags = d->head[4];
	d->stream = be32(d->head + 5) & 0x7fffffff;
	d->in_frame = true;
	d->head_n = d->prefix_n = 0;
	d->prefix_want = 0;
	d->pad = 0;
	d->tx = NULL;
	d->skip = d->type >= H2_TYPES;
	if (d->skip || (d->type == H2_SETTINGS && d->left == 0))
		return;
	if (d->left > LONG_FRAME)
		h2_event(h, NULL, H2_EV_LONG_FRAME);
	if (d->type == H2_CONTINUATION) {
		d->skip = d->block == 0 || d->block != d->stream;
		if (d->skip)
			h2_event(h, NULL, H2_EV_FRAME_DATA);
		d->tx = d->skip ? NULL : d->block_tx;
	} else if (d->type != H2_PUSH_PROMISE) {
		d->tx = frame_tx(h, dir);
	}
	if (d->tx)
		note_frame(h, d->tx, dir);
	if (d->type == H2_DATA && d->stream == 0)
		h2_event(h, NULL, H2_EV_DATA_ZERO);
	if (!length_fits(d)) {
		h2_event(h, d->tx, d->type == H2_SETTINGS ? H2_EV_FRAME_DATA : H2_EV_FRAME_LENGTH);
		d->skip = true;
	}
	d->prefix_want = fixed_len(d);
	if (!d->skip && d->prefix_want == 0)
		d->skip = !prefix_done(h, dir);
}

struct sink {
	struct ips_body *body;
	struct ips_mem *mem;
};

static bool keep_body(const uint8_t *p, size_t n, void *arg)
{
	const struct sink *to = arg;

	ips_body_add(to->body, to->mem, p, n);
	return !ips_body_final(to->body);
}

static void body(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n)
{
	struct h2_tx *tx = h->dir[dir].tx;
	struct h2_side *s = &tx->side[dir];
	struct sink to = {&s->body, h->mem};
	enum ips_unpack_result r = IPS_UNPACK_OK;

	if (tx->base.complete[dir])
		return;
	/* What is only counted is nothing new to look at. */
	if (ips_body_final(&s->body)) {
		s->body.total += n;
		return;
	}
	h2_touch(tx, dir);
	if (s->unpack)
		r = ips_unpack_feed(s->unpack, p, n, keep_body, &to);
	if (r == IPS_UNPACK_BAD) {
		/* What is no compressed content after all is looked at as it is. */
		h2_event(h, tx, H2_EV_UNPACK);
		ips_unpack_free(s->unpack);
		s->unpack = NULL;
	}
	if (!s->unpack)
		ips_body_add(&s->body, h->mem, p, n);
}

/* A piece of the frame after its fixed fields, without padding; last: its end. */
static void content(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n, bool last)
{
	struct h2_dir *d = &h->dir[dir];

	switch (d->type) {
	case H2_DATA:
		if (d->tx && n)
			body(h, dir, p, n);
		if (d->tx && last && (d->flags & H2_END_STREAM))
			h2_end(d->tx, dir);
		break;
	case H2_HEADERS:
	case H2_PUSH_PROMISE:
	case H2_CONTINUATION:
		last = last && (d->flags & H2_END_HEADERS);
		h2_block(h, dir, p, n, last);
		if (last) {
			d->block = 0;
			d->block_tx = NULL;
		}
		break;
	default: break;
	}
}

/* Bytes of the frame's fixed fields. */
static size_t take_prefix(struct h2_dir *d, const uint8_t *p, size_t n)
{
	size_t take = SK_MIN(n, (size_t)(d->prefix_want - d->prefix_n));

	take = SK_MIN(take, (size_t)d->left);
	memcpy(d->prefix + d->prefix_n, p, take);
	d->prefix_n += (uint8_t)take;
	d->left -= (uint32_t)take;
	return take;
}

/* Part of a frame after its nine bytes; returns what was used. */
static size_t inside(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n)
{
	struct h2_dir *d = &h->dir[dir];
	size_t used = 0, rest;

	while (!d->skip && d->prefix_n < d->prefix_want && used < n) {
		used += take_prefix(d, p + used, n - used);
		if (d->prefix_n == d->prefix_want)
			d->skip = !prefix_done(h, dir);
	}
	if (d->prefix_n < d->prefix_want && !d->skip)
		return used;
	rest = d->left > d->pad ? SK_MIN(n - used, (size_t)(d->left - d->pad)) : 0;
	d->left -= (uint32_t)rest;
	if (!d->skip)
		content(h, dir, p + used, rest, d->left == d->pad);
	used += rest;
	if (d->left <= d->pad) {
		/* Padding; content() is not called again. */
		d->skip = true;
		rest = SK_MIN(n - used, (size_t)d->left);
		d->left -= (uint32_t)rest;
		d->pad = SK_MIN(d->pad, d->left);
		used += rest;
	}
	return used;
}

static size_t preface(struct ips_http2 *h, const uint8_t *p, size_t n)
{
	struct h2_dir *d = &h->dir[IPS_TOSERVER];
	size_t take = SK_MIN(n, MAGIC_LEN - d->magic);

	if (memcmp(p, magic + d->magic, take) == 0) {
		d->magic += (uint8_t)take;
		return take;
	}
	/* Frames without a preface, perhaps joined late; of a broken one nothing is sure. */
	h2_event(h, NULL, H2_EV_MAGIC);
	h->failed = d->magic > 0;
	d->magic = MAGIC_LEN;
	return 0;
}

void h2_frames(struct ips_http2 *h, enum ips_dir dir, const uint8_t *p, size_t n)
{
	struct h2_dir *d = &h->dir[dir];

	while (n > 0 && !h->failed) {
		size_t used;

		if (dir == IPS_TOSERVER && d->magic < MAGIC_LEN) {
			used = preface(h, p, n);
		} else if (!d->in_frame) {
			used = SK_MIN(n, sizeof(d->head) - d->head_n);
			memcpy(d->head + d->head_n, p, used);
			d->head_n += (uint8_t)used;
			if (d->head_n == sizeof(d->head))
				begin(h, dir);
		} else {
			used = inside(h, dir, p, n);
		}
		p += used;
		n -= used;
		/* A frame without content ends with its nine bytes. */
		if (d->in_frame && d->left == 0 && !h->failed) {
			if (!d->skip)
				content(h, dir, p, 0, true);
			d->in_frame = false;
		}
	}
}
