/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libhtp as Suricata 7 sets it up by default (IDS personality), so that normalised names and values
 * are the ones rules were written for; and the callbacks that turn its progress into transactions.
 */
#include "ips/proto/http.h"

#include <string.h>

/* An output this much larger than the limit ends the parser: no more work for a bomb. */
#define BOMB_FACTOR 8
#define UNPACK_CHARGE 57344 /* zlib's window and libhtp's output buffer */

/* Never an error from here: libhtp would ask again for ever. The next callback says it. */
static int on_request_start(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (tx)
		http_touch(tx, IPS_TOSERVER);
	return HTP_OK;
}

static int on_request_line(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (!tx)
		return HTP_ERROR;
	tx->line_seen = true;
	http_touch(tx, IPS_TOSERVER);
	http_event_flags(tx);
	return HTP_OK;
}

static int header_data(htp_tx_data_t *d, enum ips_dir dir)
{
	struct http_tx *tx = http_tx_get(d->tx);
	uint8_t *p;

	if (!tx)
		return HTP_ERROR;
	if (!d->data || !d->len)
		return HTP_OK;
	/* Names and values once more inside libhtp, with their bookkeeping: as measured. */
	if (!http_charge(tx->http, &tx->charge, 10 * d->len))
		return HTP_ERROR;
	p = http_blob_room(tx->http->mem, &tx->side[dir].raw, (uint32_t)d->len);
	if (!p)
		return HTP_ERROR;
	memcpy(p, d->data, d->len);
	http_touch(tx, dir);
	return HTP_OK;
}

static int on_request_header(htp_tx_data_t *d)
{
	return header_data(d, IPS_TOSERVER);
}

static int on_response_header(htp_tx_data_t *d)
{
	return header_data(d, IPS_TOCLIENT);
}

static int on_request_headers(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (!tx)
		return HTP_ERROR;
	/* libhtp leaves the case of a name with a port as it is. */
	if (htx->request_hostname)
		bstr_to_lowercase(htx->request_hostname);
	if (htx->request_transfer_coding == HTP_CODING_CHUNKED)
		http_freeze(tx, IPS_TOSERVER);
	http_touch(tx, IPS_TOSERVER);
	http_event_flags(tx);
	return HTP_OK;
}

static int on_response_headers(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (!tx)
		return HTP_ERROR;
	if (htx->response_transfer_coding == HTP_CODING_CHUNKED)
		http_freeze(tx, IPS_TOCLIENT);
	http_touch(tx, IPS_TOCLIENT);
	return HTP_OK;
}

/* False: a bomb, stop libhtp. */
static bool unpacked(struct http_tx *tx, enum ips_dir dir)
{
	struct ips_body *b = &tx->side[dir].body;
	uint64_t max = tx->http->ctx->cfg->decompress_max;

	if (!ips_body_final(b))
		return true;
	/* Nobody looks at more: let libhtp pass the rest on as it is. */
	if (dir == IPS_TOSERVER)
		tx->htx->request_content_encoding = HTP_COMPRESSION_NONE;
	else
		tx->htx->response_content_encoding_processing = HTP_COMPRESSION_NONE;
	if (b->total <= max)
		return true;
	ips_tx_event(tx->http->app, &tx->base, HTTP_EV_BOMB);
	return b->total <= BOMB_FACTOR * max;
}

/* Bytes of the input are passed on in place, what was decompressed is not. */
static bool is_input(const struct ips_http *h, const uint8_t *p)
{
	uintptr_t begin = (uintptr_t)h->input.data, at = (uintptr_t)p;

	return at >= begin && at - begin < h->input.len;
}

static int body_data(htp_tx_data_t *d, enum ips_dir dir)
{
	struct http_tx *tx = http_tx_get(d->tx);
	bool raw, final, grew = false;
	struct http_side *s;

	if (!tx)
		return HTP_ERROR;
	/* Closed from outside, when there were too many: nobody looks any more. */
	if (!d->len || tx->base.complete[dir])
		return HTP_OK;
	s = &tx->side[dir];
	raw = !d->data || is_input(tx->http, d->data);
	if (!raw && !s->packed && !http_charge(tx->http, &tx->charge, UNPACK_CHARGE))
		return HTP_ERROR;
	s->packed |= !raw;
	if (raw && s->packed)
		return HTP_OK;
	if (s->body.total == 0 && dir == IPS_TOSERVER)
		http_upload_start(tx);
	else if (s->body.total == 0)
		http_answer_start(tx);
	final = ips_body_final(&s->body);
	if (!d->data)
		ips_body_gap(&s->body, d->len);
	else if (ips_body_add(&s->body, tx->http->mem, d->data, d->len))
		grew = true;
	if (grew && dir == IPS_TOSERVER)
		http_upload_scan(tx, false);
	/* What is only counted is nothing new to look at. */
	if (grew || final != ips_body_final(&s->body))
		http_touch(tx, dir);
	return !s->packed || unpacked(tx, dir) ? HTP_OK : HTP_ERROR;
}

static int on_request_body(htp_tx_data_t *d)
{
	return body_data(d, IPS_TOSERVER);
}

static int on_response_body(htp_tx_data_t *d)
{
	return body_data(d, IPS_TOCLIENT);
}

static void complete(struct http_tx *tx, enum ips_dir dir)
{
	struct ips_app_ctx *c = tx->http->ctx;

	http_touch(tx, dir);
	http_tx_end(tx, dir);
	if (c && c->trigger)
		c->trigger(c->flow, dir, c->arg);
}

static int on_request_complete(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (!tx)
		return HTP_ERROR;
	http_event_flags(tx);
	complete(tx, IPS_TOSERVER);
	return HTP_OK;
}

static int on_response_start(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (tx)
		http_touch(tx, IPS_TOCLIENT);
	return HTP_OK;
}

/* After 100 Continue the real answer begins; its headers are not the interim ones. */
static int on_response_line(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (!tx)
		return HTP_ERROR;
	tx->side[IPS_TOCLIENT].raw.len = 0;
	http_touch(tx, IPS_TOCLIENT);
	return HTP_OK;
}

static int on_response_complete(htp_tx_t *htx)
{
	struct http_tx *tx = http_tx_get(htx);

	if (!tx)
		return HTP_ERROR;
	complete(tx, IPS_TOCLIENT);
	/* RFC 9110 section 9.3.6: any 2xx answer to CONNECT makes a tunnel. */
	if (htx->request_method_number == HTP_M_CONNECT && htx->response_status_number >= 200 &&
		htx->response_status_number < 300)
		tx->http->tunnel = true;
	return HTP_OK;
}

static void callbacks(htp_cfg_t *cfg)
{
	htp_config_register_request_start(cfg, on_request_start);
	htp_config_register_request_line(cfg, on_request_line);
	htp_config_register_request_header_data(cfg, on_request_header);
	htp_config_register_request_headers(cfg, on_request_headers);
	htp_config_register_request_body_data(cfg, on_request_body);
	htp_config_register_request_complete(cfg, on_request_complete);
	htp_config_register_response_start(cfg, on_response_start);
	htp_config_register_response_line(cfg, on_response_line);
	htp_config_register_response_header_data(cfg, on_response_header);
	htp_config_register_response_headers(cfg, on_response_headers);
	htp_config_register_response_body_data(cfg, on_response_body);
	htp_config_register_response_complete(cfg, on_response_complete);
}

htp_cfg_t *http_config_new(const struct ips_app_config *app)
{
	htp_cfg_t *cfg = htp_config_create();

	if (!cfg)
		return NULL;
	htp_config_set_server_personality(cfg, HTP_SERVER_IDS);
	/* The personality would make paths lower case, which rules do not expect. */
	htp_config_set_convert_lowercase(cfg, HTP_DECODER_URL_PATH, 0);
	htp_config_set_parse_request_cookies(cfg, 0);
	htp_config_set_allow_space_uri(cfg, 0);
	htp_config_set_plusspace_decode(cfg, HTP_DECODER_URLENCODED, 0);
	htp_config_set_request_decompression(cfg, 1);
	htp_config_set_response_decompression(cfg, app->decompress_layers > 0);
	htp_config_set_response_decompression_layer_limit(cfg, app->decompress_layers);
	htp_config_set_lzma_layers(cfg, 0);
	htp_config_set_lzma_memlimit(cfg, 1024 * 1024);
	htp_config_set_compression_bomb_limit(cfg, app->decompress_max);
	htp_config_set_compression_time_limit(cfg, 100000);
	htp_config_set_number_headers_limit(cfg, app->headers_max);
	htp_config_set_field_limits(cfg, app->line_max / 2, app->line_max);
	callbacks(cfg);
	return cfg;
}
