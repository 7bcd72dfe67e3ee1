/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream as EVE's "http" object, with the field names of Suricata 7 and "http2" inside it. The
 * caller opens and closes the object.
 */
#include "ips/proto/http2.h"

static void str(
	struct h2_tx *tx, struct ips_json *j, const char *key, enum ips_buf buf, enum ips_dir dir)
{
	struct ips_buf_view v;

	if (h2_buffer(NULL, &tx->base, buf, dir, 0, &v) == IPS_BUF_FULL)
		ips_json_bytes(j, key, v.data, v.len);
}

void h2_log(struct ips_app *a, struct ips_tx *t, struct ips_json *j)
{
	struct h2_tx *tx = (struct h2_tx *)t;
	const struct h2_field *f = h2_field(&tx->side[IPS_TOCLIENT], ":status");
	uint64_t status = 0;

	ips_json_str(j, "version", "2");
	str(tx, j, "hostname", IPS_BUF_HTTP_HOST, IPS_TOSERVER);
	str(tx, j, "url", IPS_BUF_HTTP_URI, IPS_TOSERVER);
	str(tx, j, "http_user_agent", IPS_BUF_HTTP_USER_AGENT, IPS_TOSERVER);
	str(tx, j, "http_content_type", IPS_BUF_HTTP_CONTENT_TYPE, IPS_TOCLIENT);
	str(tx, j, "http_refer", IPS_BUF_HTTP_REFERER, IPS_TOSERVER);
	str(tx, j, "http_method", IPS_BUF_HTTP_METHOD, IPS_TOSERVER);
	ips_json_str(j, "protocol", "HTTP/2");
	for (uint32_t i = 0; f && i < f->value_len && i < 4; i++) {
		uint8_t c = h2_value(&tx->side[IPS_TOCLIENT], f).data[i];

		status = c >= '0' && c <= '9' ? status * 10 + (c - '0') : status;
	}
	if (status)
		ips_json_uint(j, "status", status);
	str(tx, j, "redirect", IPS_BUF_HTTP_LOCATION, IPS_TOCLIENT);
	ips_json_uint(j, "length", tx->side[IPS_TOCLIENT].body.total);
	ips_json_open(j, "http2");
	ips_json_uint(j, "stream_id", tx->stream);
	ips_json_close(j);
}
