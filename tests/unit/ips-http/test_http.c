/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1: the buffers of ordinary requests and answers, when they are there, and what is logged. */
#include "tests/unit/ips-http/talk.h"

static const char get[] = "GET /a%20b/../C?x=%41&y=1#frag HTTP/1.1\r\n"
			  "Host: WWW.Example.COM:8080\r\n"
			  "User-Agent: curl/8\r\n"
			  "Cookie: a=1; b=2\r\n"
			  "Accept: */*\r\n"
			  "Accept-Encoding: gzip\r\n"
			  "Accept-Language: ja\r\n"
			  "Referer: http://r/\r\n"
			  "Connection: keep-alive\r\n"
			  "X-Twice: one\r\n"
			  "X-Twice: two\r\n"
			  "\r\n";
static const char ok[] = "HTTP/1.1 200 Very OK\r\n"
			 "Server: nginx\r\n"
			 "Set-Cookie: s=1\r\n"
			 "Content-Type: text/html; charset=utf-8\r\n"
			 "Location: /there\r\n"
			 "Content-Length: 5\r\n"
			 "\r\n"
			 "hello";

static void check_request(struct talk *t)
{
	talk_is(t, 0, IPS_BUF_HTTP_METHOD, C2S, "GET");
	talk_is(t, 0, IPS_BUF_HTTP_URI, C2S, "/C?x=A&y=1#frag");
	talk_is(t, 0, IPS_BUF_HTTP_URI_RAW, C2S, "/a%20b/../C?x=%41&y=1#frag");
	talk_is(t, 0, IPS_BUF_HTTP_PROTOCOL, C2S, "HTTP/1.1");
	talk_is(t, 0, IPS_BUF_HTTP_REQUEST_LINE, C2S, "GET /a%20b/../C?x=%41&y=1#frag HTTP/1.1");
	talk_is(t, 0, IPS_BUF_HTTP_HOST, C2S, "www.example.com");
	talk_is(t, 0, IPS_BUF_HTTP_HOST_RAW, C2S, "WWW.Example.COM:8080");
	talk_is(t, 0, IPS_BUF_HTTP_USER_AGENT, C2S, "curl/8");
	talk_is(t, 0, IPS_BUF_HTTP_COOKIE, C2S, "a=1; b=2");
	talk_is(t, 0, IPS_BUF_HTTP_ACCEPT, C2S, "*/*");
	talk_is(t, 0, IPS_BUF_HTTP_ACCEPT_ENC, C2S, "gzip");
	talk_is(t, 0, IPS_BUF_HTTP_ACCEPT_LANG, C2S, "ja");
	talk_is(t, 0, IPS_BUF_HTTP_REFERER, C2S, "http://r/");
	talk_is(t, 0, IPS_BUF_HTTP_CONNECTION, C2S, "keep-alive");
	talk_absent(t, 0, IPS_BUF_HTTP_CONTENT_LEN, C2S);
	talk_absent(t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S);
	talk_is(t, 0, IPS_BUF_HTTP_HEADER, C2S,
		"Host: WWW.Example.COM:8080\r\nUser-Agent: curl/8\r\nAccept: */*\r\n"
		"Accept-Encoding: gzip\r\nAccept-Language: ja\r\nReferer: http://r/\r\n"
		"Connection: keep-alive\r\nX-Twice: one, two\r\n");
	talk_is(t, 0, IPS_BUF_HTTP_HEADER_NAMES, C2S,
		"\r\nHost\r\nUser-Agent\r\nCookie\r\nAccept\r\nAccept-Encoding\r\n"
		"Accept-Language\r\nReferer\r\nConnection\r\nX-Twice\r\n\r\n");
	talk_is(t, 0, IPS_BUF_HTTP_HEADER_RAW, C2S, strchr(get, '\n') + 1);
	talk_is(t, 0, IPS_BUF_HTTP_START, C2S,
		"GET /a%20b/../C?x=%41&y=1#frag HTTP/1.1\r\nHost: WWW.Example.COM:8080\r\n"
		"User-Agent: curl/8\r\nCookie: a=1; b=2\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n"
		"Accept-Language: ja\r\nReferer: http://r/\r\nConnection: keep-alive\r\n"
		"X-Twice: one, two\r\n\r\n");
	talk_is_at(t, 0, IPS_BUF_HTTP_REQUEST_HEADER, C2S, 2, "Cookie: a=1; b=2");
	talk_is_at(t, 0, IPS_BUF_HTTP_REQUEST_HEADER, C2S, 8, "X-Twice: one, two");
}

static void check_answer(struct talk *t)
{
	talk_is(t, 0, IPS_BUF_HTTP_STAT_CODE, S2C, "200");
	talk_is(t, 0, IPS_BUF_HTTP_STAT_MSG, S2C, "Very OK");
	talk_is(t, 0, IPS_BUF_HTTP_RESPONSE_LINE, S2C, "HTTP/1.1 200 Very OK");
	talk_is(t, 0, IPS_BUF_HTTP_PROTOCOL, S2C, "HTTP/1.1");
	talk_is(t, 0, IPS_BUF_HTTP_SERVER, S2C, "nginx");
	talk_is(t, 0, IPS_BUF_HTTP_COOKIE, S2C, "s=1");
	talk_is(t, 0, IPS_BUF_HTTP_CONTENT_TYPE, S2C, "text/html; charset=utf-8");
	talk_is(t, 0, IPS_BUF_HTTP_CONTENT_LEN, S2C, "5");
	talk_is(t, 0, IPS_BUF_HTTP_LOCATION, S2C, "/there");
	talk_is(t, 0, IPS_BUF_HTTP_HEADER, S2C,
		"Server: nginx\r\nContent-Type: text/html; charset=utf-8\r\nLocation: /there\r\n"
		"Content-Length: 5\r\n");
	talk_is_at(t, 0, IPS_BUF_HTTP_RESPONSE_HEADER, S2C, 1, "Set-Cookie: s=1");
	talk_is(t, 0, IPS_BUF_HTTP_RESPONSE_BODY, S2C, "hello");
	talk_is(t, 0, IPS_BUF_FILE_DATA, S2C, "hello");
	talk_is(t, 0, IPS_BUF_FILE_NAME, S2C, "/C");
}

static void test_buffers(void **state)
{
	/* At once, byte by byte, and in odd pieces: the same. */
	static const size_t cuts[] = {0, 1, 7};

	for (size_t i = 0; i < 3; i++) {
		struct talk t;
		struct ips_buf_view v;

		talk_begin(&t, &ips_http1_proto);
		t.cut = cuts[i];
		talk_client(&t, get);
		check_request(&t);
		assert_int_equal(
			talk_get(&t, 0, IPS_BUF_HTTP_REQUEST_HEADER, C2S, 9, &v), IPS_BUF_ABSENT);
		assert_true(talk_tx(&t, 0)->complete[C2S]);
		assert_int_equal(t.triggered[C2S], 1);
		assert_false(talk_tx(&t, 0)->started[S2C]);
		talk_waits(&t, 0, IPS_BUF_HTTP_STAT_CODE, S2C);
		talk_server(&t, ok);
		check_answer(&t);
		assert_true(talk_tx(&t, 0)->complete[S2C]);
		assert_int_equal(t.triggered[S2C], 1);
		assert_int_equal(talk_events(&t, 0), 0);
		talk_end(&t);
	}
}

static void test_buffers_come_with_their_part(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "POST /x HT");
	talk_waits(&t, 0, IPS_BUF_HTTP_URI, C2S);
	talk_client(&t, "TP/1.1\r\nHost: a\r\nContent-Le");
	talk_is(&t, 0, IPS_BUF_HTTP_URI, C2S, "/x");
	talk_is(&t, 0, IPS_BUF_HTTP_METHOD, C2S, "POST");
	talk_waits(&t, 0, IPS_BUF_HTTP_HOST, C2S);
	talk_waits(&t, 0, IPS_BUF_HTTP_HEADER, C2S);
	talk_client(&t, "ngth: 6\r\n\r\nab");
	talk_is(&t, 0, IPS_BUF_HTTP_HOST, C2S, "a");
	talk_is(&t, 0, IPS_BUF_HTTP_HEADER, C2S, "Host: a\r\nContent-Length: 6\r\n");
	assert_false(talk_tx(&t, 0)->complete[C2S]);
	talk_client(&t, "cdef");
	talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, "abcdef");
	assert_true(talk_tx(&t, 0)->complete[C2S]);
	talk_end(&t);
}

static void test_changed_and_started(void **state)
{
	struct talk t;
	struct ips_tx *tx;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET / HTTP/1.0\r\n");
	tx = talk_tx(&t, 0);
	assert_true(tx->started[C2S] && tx->changed[C2S] && !tx->changed[S2C]);
	tx->changed[C2S] = false;
	talk_client(&t, "\r\n");
	assert_true(tx->changed[C2S]);
	talk_server(&t, "HTTP/1.0 404 No\r\n");
	assert_true(tx->started[S2C] && tx->changed[S2C]);
	talk_end(&t);
}

static void test_keep_alive_and_reuse(void **state)
{
	struct talk t;
	char req[64];

	talk_begin(&t, &ips_http1_proto);
	for (int i = 0; i < 2000; i++) {
		snprintf(req, sizeof(req), "GET /%d HTTP/1.1\r\nHost: h\r\n\r\n", i);
		talk_client(&t, req);
		talk_is(&t, 0, IPS_BUF_HTTP_HOST, C2S, "h");
		talk_server(&t, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
		talk_is(&t, 0, IPS_BUF_HTTP_RESPONSE_BODY, S2C, "hi");
		assert_int_equal(talk_tx(&t, 0)->id, i);
		talk_reap(&t);
		assert_null(t.flow.app.first);
		/* What a long connection costs does not grow. */
		assert_true(t.mem.used < 16384);
	}
	talk_end(&t);
}

static void test_pipelining(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\n"
		"GET /3 HTTP/1.1\r\nHost: c\r\n\r\n");
	talk_is(&t, 2, IPS_BUF_HTTP_URI, C2S, "/3");
	talk_server(&t,
		"HTTP/1.1 200 A\r\nContent-Length: 1\r\n\r\n1HTTP/1.1 201 B\r\n"
		"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
		"HTTP/1.1 304 C\r\n\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_RESPONSE_BODY, S2C, "1");
	talk_is(&t, 1, IPS_BUF_HTTP_RESPONSE_BODY, S2C, "abc");
	talk_is(&t, 2, IPS_BUF_HTTP_STAT_CODE, S2C, "304");
	talk_absent(&t, 2, IPS_BUF_HTTP_RESPONSE_BODY, S2C);
	talk_end(&t);
}

static void test_100_continue(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
		"Content-Length: 2\r\n\r\n");
	talk_server(&t, "HTTP/1.1 100 Continue\r\n\r\n");
	talk_client(&t, "ok");
	talk_server(&t, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n");
	talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, "ok");
	talk_is(&t, 0, IPS_BUF_HTTP_STAT_CODE, S2C, "200");
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

static void test_numbers(void **state)
{
	struct talk t;
	uint64_t n;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET /%41%42 ");
	assert_false(t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_URILEN, C2S, 0, &n));
	talk_client(&t, "HTTP/1.0\r\n\r\n");
	assert_true(
		t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_URILEN, C2S, 0, &n) && n == 3);
	assert_true(t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_URILEN_RAW, C2S, 0, &n) &&
		n == 7);
	talk_server(&t, "HTTP/1.0 200 OK\r\n\r\nhello");
	assert_false(t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_FILE_SIZE, S2C, 0, &n));
	talk_eof(&t, S2C);
	assert_true(t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_FILE_SIZE, S2C, 0, &n) &&
		n == 5);
	talk_end(&t);
}

static void test_log(void **state)
{
	struct talk t;
	struct sk_buf b;
	struct ips_json j;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, get);
	talk_server(&t, ok);
	sk_buf_init(&b, 65536);
	ips_json_init(&j, &b);
	ips_json_open(&j, NULL);
	t.proto->log(&t.flow.app, talk_tx(&t, 0), &j);
	ips_json_close(&j);
	assert_string_equal(sk_buf_str(&b),
		"{\"hostname\":\"www.example.com\",\"http_port\":8080,"
		"\"url\":\"/a%20b/../C?x=%41&y=1#frag\",\"http_user_agent\":\"curl/8\","
		"\"http_content_type\":\"text/html\",\"http_refer\":\"http://r/\","
		"\"http_method\":\"GET\",\"protocol\":\"HTTP/1.1\",\"status\":200,"
		"\"redirect\":\"/there\",\"length\":5}");
	sk_buf_done(&b);
	talk_end(&t);
}

static void test_probes(void **state)
{
	const struct ips_probe_row *to_server = &ips_http_probes[0],
				   *to_client = &ips_http_probes[1];
#define REQ(s) to_server->probe((const uint8_t *)(s), sizeof(s) - 1, C2S, false)
#define RES(s) to_client->probe((const uint8_t *)(s), sizeof(s) - 1, S2C, false)
	assert_int_equal(REQ("GET "), IPS_PROBE_YES);
	assert_int_equal(REQ("get\t/"), IPS_PROBE_YES);
	assert_int_equal(REQ("GE"), IPS_PROBE_MORE);
	assert_int_equal(REQ("GETX /\r\n"), IPS_PROBE_NO);
	assert_int_equal(REQ("UNSEEN /x HTTP/1.1\r\n"), IPS_PROBE_YES);
	assert_int_equal(REQ("UNSEEN /x HTT"), IPS_PROBE_MORE);
	assert_int_equal(REQ("INVITE sip:a SIP/2.0\r\n"), IPS_PROBE_NO);
	assert_int_equal(REQ("USER anonymous\r\n"), IPS_PROBE_NO);
	assert_int_equal(REQ("\x16\x03\x01"), IPS_PROBE_NO);
	assert_int_equal(RES("HTTP/1.1 200"), IPS_PROBE_YES);
	assert_int_equal(RES("HTTP/"), IPS_PROBE_MORE);
	assert_int_equal(RES("HTTP/2.0"), IPS_PROBE_NO);
	assert_int_equal(RES("220 hello"), IPS_PROBE_NO);
#undef REQ
#undef RES
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_buffers_come_with_their_part),
		cmocka_unit_test(test_changed_and_started),
		cmocka_unit_test(test_keep_alive_and_reuse),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_100_continue),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
