/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transaction as EVE's "http" object, with the field names of Suricata 7. The caller opens and
 * closes the object.
 */
#include "ips/proto/http.h"

static void str(struct ips_json *j, const char *key, const bstr *b)
{
	if (b && bstr_len(b) > 0)
		ips_json_bytes(j, key, bstr_ptr(b), bstr_len(b));
}

static void header(struct ips_json *j, const char *key, const htp_table_t *t, const char *name)
{
	const htp_header_t *h = htp_table_get_c(t, name);

	if (h)
		str(j, key, h->value);
}

/* EVE's content type ends before its parameters. */
static void content_type(struct ips_json *j, const htp_tx_t *x)
{
	const htp_header_t *h = htp_table_get_c(x->response_headers, "content-type");
	size_t n = 0;

	if (!h)
		return;
	while (n < bstr_len(h->value) && bstr_ptr(h->value)[n] != ';')
		n++;
	ips_json_bytes(j, "http_content_type", bstr_ptr(h->value), n);
}

void http_log_tx(struct ips_app *a, struct ips_tx *t, struct ips_json *j)
{
	const htp_tx_t *x = ((struct http_tx *)t)->htx;

	str(j, "hostname", x->request_hostname);
	if (x->request_port_number >= 0)
		ips_json_uint(j, "http_port", (uint64_t)x->request_port_number);
	str(j, "url", x->request_uri);
	header(j, "http_user_agent", x->request_headers, "user-agent");
	header(j, "xff", x->request_headers, "x-forwarded-for");
	content_type(j, x);
	header(j, "http_refer", x->request_headers, "referer");
	str(j, "http_method", x->request_method);
	str(j, "protocol", x->request_protocol);
	if (x->response_status_number > 0)
		ips_json_uint(j, "status", (uint64_t)x->response_status_number);
	else
		str(j, "status_string", x->response_status);
	header(j, "redirect", x->response_headers, "location");
	ips_json_uint(j, "length", (uint64_t)x->response_message_len);
}
