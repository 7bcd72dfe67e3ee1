/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From libhtp's messages (texts of 0.5.42 to 0.5.50; it has no codes) and flags to events. Called
 * after each piece of input and when parts of a request are complete.
 */
#include "ips/proto/http.h"

#include <string.h>

#include "lib/util.h"

const char *const http_events[HTTP_EV_COUNT + 1] = {
#define X(id, name) [HTTP_EV_##id] = name,
	HTTP_EVENTS(X)
#undef X
};

struct message {
	const char *prefix;
	enum http_event event;
};

static const struct message messages[] = {
	{"Request field invalid: colon missing", HTTP_EV_REQ_NO_COLON},
	{"Response field invalid: missing colon", HTTP_EV_RES_NO_COLON},
	{"Request field invalid", HTTP_EV_REQ_HEADER},
	{"Response field invalid", HTTP_EV_RES_HEADER},
	{"Request header name is not a token", HTTP_EV_REQ_HEADER},
	{"Response header name is not a token", HTTP_EV_RES_HEADER},
	{"Request chunk encoding: Invalid chunk length", HTTP_EV_REQ_CHUNK_LEN},
	{"Response chunk encoding: Invalid chunk length", HTTP_EV_RES_CHUNK_LEN},
	{"Request chunk extension", HTTP_EV_CHUNK_EXT},
	{"Request line: URI contains non-compliant delimiter", HTTP_EV_URI_DELIM},
	{"Request line: non-compliant delimiter between Method and URI", HTTP_EV_METHOD_DELIM},
	{"Request line: leading whitespace", HTTP_EV_LEADING_SPACE},
	{"Request line: missing protocol", HTTP_EV_NO_PROTO},
	{"Request line incomplete", HTTP_EV_REQ_LINE_CUT},
	{"Request server port=", HTTP_EV_PORT_DIFFERS},
	{"Request buffer over", HTTP_EV_REQ_LONG},
	{"Response buffer over", HTTP_EV_RES_LONG},
	{"Response the buffer limit", HTTP_EV_RES_LONG},
	{"Already seen 100-Continue", HTTP_EV_CONTINUE_TWICE},
	{"Unable to match response to request", HTTP_EV_NO_REQUEST},
	{"Invalid server port information in request", HTTP_EV_SERVER_PORT},
	{"Invalid C-L field in response", HTTP_EV_RES_CL},
	{"Invalid request field folding", HTTP_EV_REQ_FOLDING},
	{"Invalid response field folding", HTTP_EV_RES_FOLDING},
	{"Invalid response line: invalid protocol", HTTP_EV_RES_PROTO},
	{"Invalid response line: invalid response status", HTTP_EV_RES_STATUS},
	{"Ambiguous request C-L value", HTTP_EV_REQ_CL_TWICE},
	{"Ambiguous response C-L value", HTTP_EV_RES_CL_TWICE},
	{"Unexpected request body", HTTP_EV_REQ_BODY},
	{"Excessive request header repetitions", HTTP_EV_REQ_REPEAT},
	{"Excessive response header repetitions", HTTP_EV_RES_REPEAT},
	{"Too many request headers", HTTP_EV_REQ_HEADERS},
	{"Too many response headers", HTTP_EV_RES_HEADERS},
	{"Too many response content encoding layers", HTTP_EV_LAYERS},
	{"C-E gzip has abnormal value", HTTP_EV_CE},
	{"C-E deflate has abnormal value", HTTP_EV_CE},
	{"C-E unknown setting", HTTP_EV_CE},
	{"C-T multipart/byteranges in responses not supported", HTTP_EV_BYTERANGES},
	{"Transfer-encoding has abnormal chunked value", HTTP_EV_RES_TE_ODD},
	{"Chunked transfer-encoding on HTTP/0.9 or HTTP/1.0", HTTP_EV_CHUNKED_OLD},
	{"GZip decompressor:", HTTP_EV_GZIP},
	{"LZMA decompressor: memory limit reached", HTTP_EV_LZMA},
	{"Compression bomb:", HTTP_EV_BOMB},
};

enum http_event http_event_of_message(const char *msg)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(messages); i++)
		if (strncmp(messages[i].prefix, msg, strlen(messages[i].prefix)) == 0)
			return messages[i].event;
	return HTTP_EV_COUNT;
}

/* Where an event goes that libhtp did not tell the transaction of. */
static struct ips_tx *current(const struct ips_http *h, enum ips_dir dir)
{
	struct ips_tx *tx = dir == IPS_TOSERVER ? h->app->last : h->app->first;

	while (dir == IPS_TOCLIENT && tx && tx->complete[dir] && tx->next)
		tx = tx->next;
	return tx;
}

void http_event_messages(struct ips_http *h, enum ips_dir dir)
{
	size_t n = htp_list_size(h->conn->messages);
	enum http_event e;

	for (; h->messages < n; h->messages++) {
		const htp_log_t *log = htp_list_get(h->conn->messages, h->messages);
		struct http_tx *tx = log && log->tx ? htp_tx_get_user_data(log->tx) : NULL;
		struct ips_tx *t = tx ? &tx->base : current(h, dir);

		/* libhtp keeps the texts until the connection ends. */
		if (!log || !http_charge(h, &h->charge, sizeof(*log) + strlen(log->msg) + 64))
			break;
		if (h->messages > HTTP_MESSAGES_MAX)
			continue;
		e = h->messages == HTTP_MESSAGES_MAX ? HTTP_EV_WARNINGS
						     : http_event_of_message(log->msg);
		if (e != HTTP_EV_COUNT)
			ips_tx_event(h->app, t, e);
	}
}

void http_event_flags(struct http_tx *tx)
{
	static const struct {
		uint64_t flag;
		enum http_event event;
	} flags[] = {
		{HTP_REQUEST_INVALID_T_E, HTTP_EV_REQ_TE},
		{HTP_REQUEST_INVALID_C_L, HTTP_EV_REQ_CL},
		{HTP_HOST_MISSING, HTTP_EV_NO_HOST},
		{HTP_HOST_AMBIGUOUS, HTTP_EV_TWO_HOSTS},
		{HTP_HOSTU_INVALID, HTTP_EV_URI_HOST},
		{HTP_HOSTH_INVALID, HTTP_EV_HEADER_HOST},
	};
	struct ips_app *a = tx->http->app;
	const htp_tx_t *htx = tx->htx;

	for (size_t i = 0; i < SK_ARRAY_SIZE(flags); i++)
		if (htx->flags & flags[i].flag)
			ips_tx_event(a, &tx->base, flags[i].event);
	if (htx->request_auth_type == HTP_AUTH_UNRECOGNIZED)
		ips_tx_event(a, &tx->base, HTTP_EV_AUTH);
	if (htx->is_protocol_0_9 && htx->request_method_number == HTP_M_UNKNOWN &&
		(htx->request_protocol_number == HTP_PROTOCOL_INVALID ||
			htx->request_protocol_number == HTP_PROTOCOL_UNKNOWN))
		ips_tx_event(a, &tx->base, HTTP_EV_REQ_LINE);
}
