/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/2: one transaction a stream, and one for each frame of the whole connection. Streams are
 * bounded by the flow's transaction limit, header lists and bodies by theirs, and all memory is
 * counted, the decoders' as well.
 */
#include "ips/proto/http2.h"

#include <netinet/in.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/libmem.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

#define TABLE_START 4096 /* RFC 9113 section 6.5.2 */

static const char *const events[H2_EV_COUNT + 1] = {
#define X(id, name) [H2_EV_##id] = name,
	H2_EVENTS(X)
#undef X
};

void h2_event(struct ips_http2 *h, struct h2_tx *tx, enum h2_event e)
{
	ips_tx_event(h->app, tx ? &tx->base : h->app->last, e);
}

void h2_touch(struct h2_tx *tx, enum ips_dir dir)
{
	tx->base.started[dir] = true;
	tx->base.changed[dir] = true;
}

void h2_end(struct h2_tx *tx, enum ips_dir dir)
{
	struct ips_app_ctx *c = tx->h2->ctx;

	if (tx->base.complete[dir])
		return;
	tx->base.complete[dir] = true;
	tx->base.changed[dir] = true;
	ips_body_end(&tx->side[dir].body);
	ips_unpack_free(tx->side[dir].unpack);
	tx->side[dir].unpack = NULL;
	if (c && c->trigger && tx->stream)
		c->trigger(c->flow, dir, c->arg);
}

struct h2_tx *h2_find(struct ips_http2 *h, uint32_t stream)
{
	if (h->recent && h->recent->stream == stream)
		return h->recent;
	for (struct ips_tx *t = h->app->first; t; t = t->next)
		if (((struct h2_tx *)t)->stream == stream)
			return h->recent = (struct h2_tx *)t;
	return NULL;
}

struct h2_tx *h2_open(struct ips_http2 *h, uint32_t stream)
{
	struct h2_tx *tx = ips_mem_alloc(h->mem, sizeof(*tx));

	if (!tx) {
		h->failed = true;
		return NULL;
	}
	tx->h2 = h;
	tx->stream = stream;
	for (int d = 0; d < 2; d++)
		ips_body_init(&tx->side[d].body, h->ctx->cfg->body_limit[d]);
	if (h->app->tx_now >= IPS_APP_TX_MAX)
		h2_event(h, NULL, H2_EV_STREAMS);
	ips_app_tx_add(h->app, &tx->base);
	if (stream)
		h->recent = tx;
	else /* settings and the like are no request to report */
		tx->base.flags |= IPS_TX_LOGGED;
	return tx;
}

static void h2_tx_free(struct ips_app *a, struct ips_tx *t, struct ips_mem *m)
{
	struct h2_tx *tx = (struct h2_tx *)t;
	struct ips_http2 *h = tx->h2;

	for (int d = 0; d < 2; d++) {
		struct h2_side *s = &tx->side[d];

		ips_body_free(&s->body, m);
		ips_unpack_free(s->unpack);
		ips_mem_free(m, s->text, s->text_cap);
		ips_mem_free(m, s->field, s->cap * sizeof(*s->field));
		if (h->dir[d].tx == tx)
			h->dir[d].tx = NULL;
		if (h->dir[d].block_tx == tx)
			h->dir[d].block_tx = NULL;
	}
	while (tx->made) {
		struct h2_made *made = tx->made;

		tx->made = made->next;
		ips_mem_free(m, made, sizeof(*made) + made->len);
	}
	if (h->recent == tx)
		h->recent = NULL;
	ips_mem_free(m, tx, sizeof(*tx));
}

static void *hd_malloc(size_t n, void *m)
{
	return ips_libmem_alloc(m, n);
}

static void hd_free(void *p, void *m)
{
	ips_libmem_free(m, p);
}

static void *hd_calloc(size_t n, size_t size, void *m)
{
	return ips_libmem_calloc(m, n, size);
}

static void *hd_realloc(void *p, size_t n, void *m)
{
	return ips_libmem_realloc(m, p, n);
}

static void h2_close(struct ips_app *a, struct ips_mem *m)
{
	struct ips_http2 *h = a->state;

	while (a->first) {
		struct ips_tx *tx = a->first;

		a->first = tx->next;
		h2_tx_free(a, tx, m);
	}
	a->last = NULL;
	a->tx_now = 0;
	if (!h)
		return;
	for (int d = 0; d < 2; d++)
		if (h->dir[d].hd)
			nghttp2_hd_inflate_del(h->dir[d].hd);
	ips_mem_free(m, h, sizeof(*h));
	a->state = NULL;
}

static bool h2_open_flow(struct ips_app *a, struct ips_app_ctx *c)
{
	struct ips_http2 *h = ips_mem_alloc(c->mem, sizeof(*h));

	if (!h)
		return false;
	a->state = h;
	h->app = a;
	h->mem = c->mem;
	h->alloc = (nghttp2_mem){c->mem, hd_malloc, hd_free, hd_calloc, hd_realloc};
	for (int d = 0; d < 2; d++) {
		h->dir[d].table_max = TABLE_START;
		if (nghttp2_hd_inflate_new2(&h->dir[d].hd, &h->alloc) != 0) {
			h2_close(a, c->mem);
			return false;
		}
	}
	return true;
}

static void h2_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *data,
	uint32_t len, bool eof)
{
	struct ips_http2 *h = a->state;

	h->ctx = c;
	if (len > 0 && !data)
		h->failed = true; /* without those bytes neither frames nor the table are right */
	else if (len > 0)
		h2_frames(h, dir, data, len);
	for (struct ips_tx *t = a->first; t && (eof || h->failed); t = t->next) {
		if (h->failed || dir == IPS_TOSERVER)
			h2_end((struct h2_tx *)t, IPS_TOSERVER);
		if (h->failed || dir == IPS_TOCLIENT)
			h2_end((struct h2_tx *)t, IPS_TOCLIENT);
	}
	if (h->failed)
		a->flags |= IPS_APP_FAILED;
	h->ctx = NULL;
}

const struct ips_proto ips_http2_proto = {
	.id = IPS_P_HTTP2,
	.open = h2_open_flow,
	.close = h2_close,
	.data = h2_data,
	.tx_free = h2_tx_free,
	.buffer = h2_buffer,
	.number = h2_number,
	.log = h2_log,
	.log_when_complete = true,
	.events = events,
};

static enum ips_probe preface(const uint8_t *data, uint32_t len, enum ips_dir dir, bool port_hint)
{
	static const char text[] = "PRI * HTTP/2.0\r\n";
	uint32_t n = SK_MIN(len, (uint32_t)sizeof(text) - 1);

	if (memcmp(data, text, n) != 0)
		return IPS_PROBE_NO;
	return n == sizeof(text) - 1 ? IPS_PROBE_YES : IPS_PROBE_MORE;
}

/* A server begins with SETTINGS on stream 0 (RFC 9113 section 3.4). */
static enum ips_probe settings(const uint8_t *data, uint32_t len, enum ips_dir dir, bool port_hint)
{
	static const uint8_t mask[9] = {0xff, 0xc0, 0, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t want[9] = {0, 0, 0, H2_SETTINGS, 0, 0, 0, 0, 0};
	uint32_t n = SK_MIN(len, 9u);

	for (uint32_t i = 0; i < n; i++)
		if ((data[i] & mask[i]) != want[i])
			return IPS_PROBE_NO;
	if (n < 9)
		return IPS_PROBE_MORE;
	return (data[1] << 8 | data[2]) % 6 == 0 ? IPS_PROBE_YES : IPS_PROBE_NO;
}

const struct ips_probe_row ips_http2_probes[] = {
	{.id = IPS_P_HTTP2, .ipproto = IPPROTO_TCP, .dirs = IPS_BUF_TOSERVER, .probe = preface},
	{.id = IPS_P_HTTP2, .ipproto = IPPROTO_TCP, .dirs = IPS_BUF_TOCLIENT, .probe = settings},
	{0},
};
