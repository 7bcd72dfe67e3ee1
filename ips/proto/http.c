/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1: one libhtp parser a flow, its transactions, and an end to what it may use. libhtp
 * allocates by itself, so its memory is estimated and counted here; without room the parser stops.
 */
#include "ips/proto/http.h"

#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

#define CONN_CHARGE 2048 /* a connection parser, its lists */
#define TX_CHARGE 3072   /* a transaction with its empty tables */
#define HELD_MAX (128 * 1024)
#define RENEW_AFTER 512  /* transactions or messages: libhtp's lists only grow */
#define UNPACK_STEP 4096 /* compressed bytes between two looks at what came out */

bool http_charge(struct ips_http *h, uint64_t *total, uint64_t n)
{
	if (!ips_mem_charge(h->mem, n)) {
		h->failed = true;
		return false;
	}
	*total += n;
	return true;
}

uint8_t *http_blob_room(struct ips_mem *m, struct http_blob *b, uint32_t n)
{
	uint32_t need = b->len + n;
	uint8_t *p;

	if (need > b->cap) {
		p = ips_mem_grow(m, b->data, b->cap, need);
		if (!p)
			return NULL;
		b->data = p;
		b->cap = need;
	}
	p = b->data + b->len;
	b->len = need;
	return p;
}

static void blob_free(struct ips_mem *m, struct http_blob *b)
{
	ips_mem_free(m, b->data, b->cap);
	*b = (struct http_blob){0};
}

void http_touch(struct http_tx *tx, enum ips_dir dir)
{
	tx->base.started[dir] = true;
	tx->base.changed[dir] = true;
}

struct http_tx *http_tx_get(htp_tx_t *htx)
{
	struct http_tx *tx = htp_tx_get_user_data(htx);
	struct ips_http *h = htp_connp_get_user_data(htx->connp);

	if (tx)
		return tx;
	if (!h->ctx || h->failed || !http_charge(h, &h->charge, TX_CHARGE))
		return NULL;
	tx = ips_mem_alloc(h->mem, sizeof(*tx));
	if (!tx) {
		h->failed = true;
		return NULL;
	}
	h->charge -= TX_CHARGE;
	tx->charge = TX_CHARGE;
	tx->http = h;
	tx->htx = htx;
	for (int d = 0; d < 2; d++)
		ips_body_init(&tx->side[d].body, h->ctx->cfg->body_limit[d]);
	htp_tx_set_user_data(htx, tx);
	ips_app_tx_add(h->app, &tx->base);
	h->made++;
	return tx;
}

void http_tx_end(struct http_tx *tx, enum ips_dir dir)
{
	tx->base.changed[dir] |= !tx->base.complete[dir];
	tx->base.complete[dir] = true;
	ips_body_end(&tx->side[dir].body);
	if (dir == IPS_TOSERVER)
		http_upload_scan(tx, true);
}

static void http_tx_free(struct ips_app *a, struct ips_tx *t, struct ips_mem *m)
{
	struct http_tx *tx = (struct http_tx *)t;
	htp_tx_t *htx = tx->htx;

	for (int d = 0; d < 2; d++) {
		struct http_side *s = &tx->side[d];

		ips_body_free(&s->body, m);
		blob_free(m, &s->raw);
		blob_free(m, &s->start);
		blob_free(m, &s->at);
		blob_free(m, &s->header);
		blob_free(m, &s->names);
	}
	blob_free(m, &tx->uri);
	ips_mem_free(m, tx->parts.boundary, tx->parts.boundary_len);
	ips_mem_free(m, tx->parts.part, tx->parts.cap * sizeof(*tx->parts.part));
	htp_tx_set_user_data(htx, NULL);
	/* libhtp may still point to one that is unfinished: it goes with the connection. */
	if (htx->request_progress == HTP_REQUEST_COMPLETE &&
		htx->response_progress == HTP_RESPONSE_COMPLETE && htp_tx_destroy(htx) == HTP_OK)
		ips_mem_uncharge(m, tx->charge);
	else
		tx->http->charge += tx->charge;
	ips_mem_free(m, tx, sizeof(*tx));
}

static bool connect_parser(struct ips_http *h, const struct ips_flow *f)
{
	if (!http_charge(h, &h->charge, CONN_CHARGE))
		return false;
	h->connp = htp_connp_create(h->cfg);
	if (!h->connp)
		return false;
	h->conn = htp_connp_get_connection(h->connp);
	htp_connp_set_user_data(h->connp, h);
	htp_connp_open(h->connp, NULL, f ? f->port[0] : 0, NULL, f ? f->port[1] : 0, NULL);
	return true;
}

static void http_close(struct ips_app *a, struct ips_mem *m)
{
	struct ips_http *h = a->state;

	while (a->first) {
		struct ips_tx *tx = a->first;

		a->first = tx->next;
		http_tx_free(a, tx, m);
	}
	a->last = NULL;
	a->tx_now = 0;
	if (!h)
		return;
	h->ctx = NULL;
	if (h->connp)
		htp_connp_destroy_all(h->connp);
	for (int d = 0; d < 2; d++)
		ips_mem_free(m, h->held[d].data, h->held[d].cap);
	ips_mem_uncharge(m, h->charge + h->line_charge[0] + h->line_charge[1]);
	ips_mem_free(m, h, sizeof(*h));
	a->state = NULL;
}

static bool http_open(struct ips_app *a, struct ips_app_ctx *c)
{
	struct ips_http *h;

	if (!c->shared[IPS_P_HTTP1])
		c->shared[IPS_P_HTTP1] = http_config_new(c->cfg);
	if (!c->shared[IPS_P_HTTP1])
		return false;
	h = ips_mem_alloc(c->mem, sizeof(*h));
	if (!h)
		return false;
	a->state = h;
	h->app = a;
	h->mem = c->mem;
	h->cfg = c->shared[IPS_P_HTTP1];
	if (connect_parser(h, c->flow))
		return true;
	http_close(a, c->mem);
	return false;
}

static void http_shared_free(void *cfg)
{
	htp_config_destroy(cfg);
}

/* The parser gives up: what is there is final, and detection is told so. */
static void fail(struct ips_http *h)
{
	h->app->flags |= IPS_APP_FAILED;
	for (struct ips_tx *t = h->app->first; t; t = t->next) {
		http_tx_end((struct http_tx *)t, IPS_TOSERVER);
		http_tx_end((struct http_tx *)t, IPS_TOCLIENT);
	}
}

static void hold(struct ips_http *h, enum ips_dir dir, const uint8_t *p, size_t n)
{
	struct http_held *held = &h->held[dir];
	uint8_t *q;

	if (n > HELD_MAX || held->len + n > HELD_MAX) {
		h->failed = true;
		return;
	}
	if (held->len + n > held->cap) {
		q = ips_mem_grow(h->mem, held->data, held->cap, held->len + n);
		if (!q) {
			h->failed = true;
			return;
		}
		held->data = q;
		held->cap = held->len + (uint32_t)n;
	}
	memcpy(held->data + held->len, p, n);
	held->len += (uint32_t)n;
}

static htp_tx_t *now(const struct ips_http *h, enum ips_dir dir)
{
	return dir == IPS_TOSERVER ? htp_connp_get_in_tx(h->connp) : htp_connp_get_out_tx(h->connp);
}

static bool unpacking(const struct ips_http *h, enum ips_dir dir)
{
	const htp_tx_t *tx = now(h, dir);

	if (!tx)
		return false;
	return (dir == IPS_TOSERVER
			       ? tx->request_content_encoding
			       : tx->response_content_encoding_processing) > HTP_COMPRESSION_NONE;
}

static bool in_headers(const struct ips_http *h, enum ips_dir dir)
{
	const htp_tx_t *tx = now(h, dir);

	if (!tx)
		return false;
	return dir == IPS_TOSERVER ? tx->request_progress <= HTP_REQUEST_HEADERS
				   : tx->response_progress <= HTP_RESPONSE_HEADERS;
}

/* An unfinished line waits inside libhtp: at most what came since, at most its field limit twice.
 */
static void charge_line(struct ips_http *h, enum ips_dir dir, size_t n)
{
	uint32_t *now_charged = &h->line_charge[dir];
	size_t max = 2 * (size_t)h->ctx->cfg->line_max, want = 0;

	if (in_headers(h, dir))
		want = SK_MIN(*now_charged + n, max);
	if (want > *now_charged && !ips_mem_charge(h->mem, want - *now_charged)) {
		h->failed = true;
		return;
	}
	if (want < *now_charged)
		ips_mem_uncharge(h->mem, *now_charged - want);
	*now_charged = (uint32_t)want;
}

/* One call of libhtp. Returns the bytes it took. */
static size_t step(struct ips_http *h, enum ips_dir dir, const uint8_t *p, size_t n)
{
	int r;

	h->input = (struct ips_view){p, (uint32_t)n};
	r = dir == IPS_TOSERVER ? htp_connp_req_data(h->connp, NULL, p, n)
				: htp_connp_res_data(h->connp, NULL, p, n);
	http_event_messages(h, dir);
	charge_line(h, dir, n);
	if (r == HTP_STREAM_ERROR)
		h->failed = true;
	if (r == HTP_STREAM_TUNNEL && dir == IPS_TOCLIENT)
		h->tunnel = true;
	if (r != HTP_STREAM_DATA_OTHER && !h->tunnel)
		return n;
	return dir == IPS_TOSERVER ? htp_connp_req_data_consumed(h->connp)
				   : htp_connp_res_data_consumed(h->connp);
}

/* Feed what libhtp takes; what it does not take before it has seen the other side, is held. */
static void feed(struct ips_http *h, enum ips_dir dir, const uint8_t *p, size_t n)
{
	while (n > 0 && !h->failed) {
		size_t k = unpacking(h, dir) ? SK_MIN(n, (size_t)UNPACK_STEP) : n;
		size_t took = step(h, dir, p, k);

		p = p ? p + took : NULL;
		n -= took;
		if (took < k || h->tunnel) {
			if (n > 0 && p)
				hold(h, dir, p, n);
			return;
		}
	}
}

static void feed_held(struct ips_http *h, enum ips_dir dir)
{
	struct http_held held = h->held[dir];

	if (!held.len || h->failed || h->tunnel)
		return;
	h->held[dir] = (struct http_held){0};
	feed(h, dir, held.data, held.len);
	ips_mem_free(h->mem, held.data, held.cap);
}

static bool upgraded_to_http2(const struct ips_http *h)
{
	const htp_tx_t *tx = htp_connp_get_out_tx(h->connp);
	const htp_header_t *up;

	if (!tx || tx->response_status_number != 101)
		return false;
	up = htp_table_get_c(tx->response_headers, "upgrade");
	return up && bstr_cmp_c_nocase(up->value, "h2c") == 0;
}

/* libhtp sees a tunnel: the next protocol is recognised anew, or is unknown to us (WebSocket). */
static void tunnel(struct ips_http *h, enum ips_dir dir, uint32_t len)
{
	const htp_tx_t *tx = htp_connp_get_out_tx(h->connp);
	bool http2 = upgraded_to_http2(h);

	/* libhtp leaves the request and the answer that opened it unfinished. */
	for (struct ips_tx *t = h->app->first; t; t = t->next) {
		http_tx_end((struct http_tx *)t, IPS_TOSERVER);
		http_tx_end((struct http_tx *)t, IPS_TOCLIENT);
	}
	if (tx && tx->response_status_number == 101 && !http2)
		return;
	h->app->flags |= IPS_APP_CHANGED;
	h->app->expected = http2 ? IPS_P_HTTP2 : IPS_P_UNKNOWN;
	h->app->left = SK_MIN(h->held[dir].len, len);
}

/* libhtp keeps a pointer for each transaction and message of a connection: start afresh in time. */
static void renew(struct ips_http *h)
{
	if ((h->made < RENEW_AFTER && h->messages < RENEW_AFTER) || h->app->first || h->tunnel ||
		h->closed[0] || h->closed[1] || now(h, IPS_TOSERVER) || now(h, IPS_TOCLIENT) ||
		h->held[0].len || h->held[1].len)
		return;
	htp_connp_destroy_all(h->connp);
	h->connp = NULL;
	ips_mem_uncharge(h->mem, h->charge);
	h->charge = 0;
	h->made = h->messages = 0;
	if (!connect_parser(h, h->ctx->flow))
		h->failed = true;
}

static void end(struct ips_http *h, enum ips_dir dir)
{
	if (h->closed[dir] || h->tunnel)
		return;
	h->closed[dir] = true;
	h->held[dir].len = 0;
	if (dir == IPS_TOSERVER)
		htp_connp_req_close(h->connp, NULL);
	else
		htp_connp_close(h->connp, NULL);
	http_event_messages(h, dir);
	for (struct ips_tx *t = h->app->first; t; t = t->next)
		http_tx_end((struct http_tx *)t, dir);
}

static void http_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct ips_http *h = a->state;

	h->ctx = c;
	if (len > 0 && !h->tunnel && !h->failed) {
		renew(h);
		if (!h->held[dir].len)
			feed(h, dir, data, len);
		else if (data)
			hold(h, dir, data, len);
		else
			h->failed = true;
		feed_held(h, (enum ips_dir) !dir);
		feed_held(h, dir);
		if (h->tunnel)
			tunnel(h, dir, len);
	}
	if (eof && !h->failed)
		end(h, dir);
	if (h->failed)
		fail(h);
	h->ctx = NULL;
}

const struct ips_proto ips_http1_proto = {
	.id = IPS_P_HTTP1,
	.open = http_open,
	.close = http_close,
	.data = http_data,
	.tx_free = http_tx_free,
	.buffer = http_buffer,
	.number = http_number,
	.log = http_log_tx,
	.log_when_complete = true,
	.events = http_events,
	.shared_free = http_shared_free,
};
