/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1 that is not as it should be: events, tunnels, missing halves, limits on lines and memory.
 */
#include "tests/unit/ips-http/talk.h"

#include "lib/util.h"

static const char end[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/* One exchange gives exactly these events (first transaction). */
static void test_events(void **state)
{
	static const struct {
		const char *client, *server, *event;
	} cases[] = {
		{"GET / HTTP/1.1\r\n\r\n", end, "missing_host_header"},
		{"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", end, "request_header_host_invalid"},
		{"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", end, "host_header_ambiguous"},
		{"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", end,
			"request_field_missing_colon"},
		{"GET / HTTP/1.1\r\nHost: a\r\nb c: d\r\n\r\n", end, "request_header_invalid"},
		{" GET / HTTP/1.1\r\nHost: a\r\n\r\n", end, "request_line_leading_whitespace"},
		{"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", end, "method_delim_non_compliant"},
		{"GET /\tx HTTP/1.1\r\nHost: a\r\n\r\n", end, "uri_delim_non_compliant"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", end,
			"invalid_content_length_field_in_request"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
			end, "duplicate_content_length_field_in_request"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: odd\r\n\r\n", end,
			"invalid_transfer_encoding_value_in_request"},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "",
			"invalid_request_chunk_len"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
			"invalid_response_chunk_len"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"response_chunked_old_proto"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nno colon\r\n\r\n",
			"response_field_missing_colon"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 xx OK\r\nContent-Length: 0\r\n\r\n",
			"response_invalid_status"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Type: multipart/byteranges\r\n\r\n",
			"response_multipart_byteranges"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip, gzip\r\n"
			"Content-Length: 0\r\n\r\n",
			"too_many_encoding_layers"},
		{"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Odd x\r\n\r\n", end,
			"request_auth_unrecognized"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct talk t;

		talk_begin(&t, &ips_http1_proto);
		talk_client(&t, cases[i].client);
		talk_server(&t, cases[i].server);
		if (!talk_event(&t, 0, cases[i].event))
			fail_msg("%s does not come", cases[i].event);
		talk_end(&t);
	}
}

static void test_response_first(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_server(&t, "HTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 2\r\n\r\nhi");
	talk_is(&t, 0, IPS_BUF_HTTP_SERVER, S2C, "s");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "hi");
	talk_waits(&t, 0, IPS_BUF_HTTP_URI, C2S);
	assert_true(talk_event(&t, 0, "unable_to_match_response_to_request"));
	talk_eof(&t, C2S);
	talk_eof(&t, S2C);
	talk_absent(&t, 0, IPS_BUF_HTTP_URI, C2S);
	talk_absent(&t, 0, IPS_BUF_HTTP_METHOD, C2S);
	talk_is(&t, 0, IPS_BUF_HTTP_URI_RAW, C2S, "/libhtp::request_uri_not_seen");
	assert_true(talk_tx(&t, 0)->complete[C2S]);
	talk_end(&t);
}

static void test_trailers_change_nothing(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	talk_server(&t,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: s\r\n\r\n"
		"2\r\nhi\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_SERVER, S2C, "s");
	talk_server(&t, "0\r\nServer: evil\r\nX-New: 1\r\n\r\n");
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	talk_is(&t, 0, IPS_BUF_HTTP_SERVER, S2C, "s");
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER, S2C, "Transfer-Encoding: chunked\r\nServer: s\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER_NAMES, S2C, "\r\nTransfer-Encoding\r\nServer\r\n\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER_RAW, S2C,
		"Transfer-Encoding: chunked\r\nServer: s\r\n\r\n");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "hi");
	talk_end(&t);
}

static void test_http_0_9(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET /old\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_URI, C2S, "/old");
	talk_absent(&t, 0, IPS_BUF_HTTP_PROTOCOL, C2S);
	talk_server(&t, "<html>");
	talk_eof(&t, S2C);
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "<html>");
	talk_end(&t);
}

static void test_ends_in_the_middle(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET /cut HTTP/1.1\r\nHost: a\r\nUser-Ag");
	talk_waits(&t, 0, IPS_BUF_HTTP_HEADER, C2S);
	talk_eof(&t, C2S);
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER, C2S, "Host: a\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER_NAMES, C2S, "\r\nHost\r\n\r\n");
	talk_absent(&t, 0, IPS_BUF_HTTP_HOST, C2S);
	talk_eof(&t, S2C);
	talk_absent(&t, 0, IPS_BUF_HTTP_STAT_CODE, S2C);
	assert_true(talk_tx(&t, 0)->complete[C2S] && talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

static void test_connect(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
	talk_server(&t, "HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n");
	assert_false(t.flow.app.flags & IPS_APP_CHANGED);
	talk_client(&t, "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n");
	talk_server(&t, "HTTP/1.1 200 Connected\r\n\r\n");
	assert_true(t.flow.app.flags & IPS_APP_CHANGED);
	assert_int_equal(t.flow.app.expected, IPS_P_UNKNOWN);
	talk_is(&t, 1, IPS_BUF_HTTP_STAT_MSG, S2C, "Connected");
	assert_true(talk_tx(&t, 1)->complete[C2S] && talk_tx(&t, 1)->complete[S2C]);
	talk_end(&t);
}

static void test_h2c(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
		"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n");
	talk_server(&t,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
		"Upgrade: h2c\r\n\r\nFRAMES");
	assert_true(t.flow.app.flags & IPS_APP_CHANGED);
	assert_int_equal(t.flow.app.expected, IPS_P_HTTP2);
	assert_int_equal(t.flow.app.left, 6);
	talk_end(&t);
}

static void test_websocket(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\n\r\n");
	talk_server(&t,
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\n\r\n\x81\x05hello");
	talk_is(&t, 0, IPS_BUF_HTTP_STAT_CODE, S2C, "101");
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER, S2C, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	assert_true(talk_tx(&t, 0)->complete[C2S] && talk_tx(&t, 0)->complete[S2C]);
	assert_false(t.flow.app.flags & (IPS_APP_CHANGED | IPS_APP_FAILED));
	talk_client(&t, "\x81\x85....");
	assert_int_equal(t.flow.app.tx_now, 1);
	talk_end(&t);
}

static void test_early_answer(void **state)
{
	struct talk t;

	/* The server answers before the request ended. */
	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
	talk_server(&t, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
	talk_client(&t, "56789GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
	talk_server(&t, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
	talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, "0123456789");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "no");
	talk_is(&t, 1, IPS_BUF_FILE_DATA, S2C, "yes");
	talk_end(&t);
}

static void test_many_headers(void **state)
{
	struct talk t;
	struct ips_buf_view v;
	char line[64];

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (int i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "X-%d: %d\r\n", i, i);
		talk_client(&t, line);
	}
	talk_client(&t, "\r\n");
	assert_true(t.mem.used < 4 << 20);
	if (!(t.flow.app.flags & IPS_APP_FAILED)) {
		/* Some versions of libhtp go on without the rest. */
		assert_int_equal(talk_get(&t, 0, IPS_BUF_HTTP_REQUEST_HEADER, C2S, 1025, &v),
			IPS_BUF_ABSENT);
	}
	assert_true(talk_event(&t, 0, "request_too_many_headers"));
	talk_end(&t);
}

static void test_long_line(void **state)
{
	struct talk t;
	static char line[40000];

	memset(line, 'u', sizeof(line) - 1);
	talk_begin(&t, &ips_http1_proto);
	t.cut = 1000;
	talk_client(&t, "GET /");
	talk_client(&t, line);
	assert_true(t.flow.app.flags & IPS_APP_FAILED);
	assert_true(talk_event(&t, 0, "request_field_too_long"));
	assert_true(talk_tx(&t, 0)->complete[C2S] && talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

static void test_unfinished_lines_are_counted(void **state)
{
	struct talk t;
	static char line[15000];
	uint64_t before;

	memset(line, 'u', sizeof(line) - 1);
	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET /");
	before = t.mem.used;
	talk_client(&t, line);
	assert_true(t.mem.used >= before + 14000);
	talk_end(&t);
}

static void test_without_memory(void **state)
{
	/* Whatever the limit, the parser ends in good order. */
	for (uint64_t max = 4096; max < 40000; max += 512) {
		struct talk t;

		talk_begin(&t, &ips_http1_proto);
		t.mem.max = max;
		talk_client(&t,
			"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n"
			"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
			"--b\r\nContent-Disposition: x; filename=y\r\n\r\n");
		for (int i = 0; i < 100; i++)
			talk_client(&t, "01234567890123456789012345678901234567890123456789");
		talk_server(&t, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
		for (int i = 0; i < 100; i++)
			talk_server(&t, "01234567890123456789012345678901234567890123456789");
		if (t.flow.app.first) {
			struct ips_buf_view v;

			talk_get(&t, 0, IPS_BUF_HTTP_HEADER, C2S, 0, &v);
			talk_get(&t, 0, IPS_BUF_HTTP_START, C2S, 0, &v);
			talk_get(&t, 0, IPS_BUF_HTTP_URI, C2S, 0, &v);
			talk_get(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, &v);
		}
		assert_true(t.mem.used <= max);
		talk_end(&t);
	}
}

static void test_too_many_open(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	for (int i = 0; i < 3000; i++) {
		talk_client(&t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		/* The engine reaps what was given up. */
		for (struct ips_tx *tx = t.flow.app.first; tx; tx = tx->next)
			if (tx->complete[C2S] && tx->complete[S2C])
				tx->flags |=
					IPS_TX_LOGGED | IPS_TX_DONE_TOSERVER | IPS_TX_DONE_TOCLIENT;
		ips_app_reap(&t.flow.app, &t.ctx);
		assert_true(t.flow.app.tx_now <= IPS_APP_TX_MAX + 1);
	}
	talk_end(&t);
}

static void test_gap_between_messages(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET / HTTP/1.1\r\nHost: a\r\n");
	t.proto->data(&t.flow.app, &t.ctx, C2S, NULL, 100, false);
	talk_eof(&t, C2S);
	talk_eof(&t, S2C);
	assert_true(talk_tx(&t, 0)->complete[C2S] && talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_response_first),
		cmocka_unit_test(test_trailers_change_nothing),
		cmocka_unit_test(test_http_0_9),
		cmocka_unit_test(test_ends_in_the_middle),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_h2c),
		cmocka_unit_test(test_websocket),
		cmocka_unit_test(test_early_answer),
		cmocka_unit_test(test_many_headers),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_unfinished_lines_are_counted),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_too_many_open),
		cmocka_unit_test(test_gap_between_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
