/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP/1 bodies: growth, limits, chunks, compression and its bombs, uploads and their names. */
#include "tests/unit/ips-http/talk.h"

#include <zlib.h>

#include "lib/buf.h"

static size_t deflate_to(struct sk_buf *out, const void *p, size_t n, int window)
{
	z_stream z = {0};
	uint8_t *room;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)p;
	z.avail_in = (uInt)n;
	room = malloc(deflateBound(&z, n) + 64);
	assert_non_null(room);
	z.next_out = room;
	z.avail_out = (uInt)(deflateBound(&z, n) + 64);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	sk_buf_put(out, room, z.total_out);
	deflateEnd(&z);
	free(room);
	return z.total_out;
}

static void answer(struct talk *t, const char *headers, const void *body, size_t n)
{
	char head[256];

	snprintf(
		head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n", n, headers);
	talk_server(t, head);
	talk_bytes(t, S2C, body, n);
}

static void ask(struct talk *t)
{
	talk_begin(t, &ips_http1_proto);
	talk_client(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

static void test_grows(void **state)
{
	struct talk t;
	struct ips_buf_view v;

	ask(&t);
	talk_server(&t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n");
	talk_waits(&t, 0, IPS_BUF_FILE_DATA, S2C);
	talk_server(&t, "01234");
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 0, &v), IPS_BUF_PART);
	assert_int_equal(v.len, 5);
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 1, &v), IPS_BUF_ABSENT);
	talk_server(&t, "56789");
	talk_is(&t, 0, IPS_BUF_HTTP_RESPONSE_BODY, S2C, "0123456789");
	talk_end(&t);
}

static void test_limit(void **state)
{
	struct talk t;
	struct ips_buf_view v;
	static char big[300000];

	memset(big, 'B', sizeof(big));
	ask(&t);
	answer(&t, "", big, sizeof(big));
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 0, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 102400);
	assert_true(v.cut);
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

static void test_counted_bytes_are_no_news(void **state)
{
	static char big[110000];
	struct talk t;

	memset(big, 'B', sizeof(big));
	ask(&t);
	talk_server(&t, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
	talk_bytes(&t, S2C, big, 1000);
	talk_tx(&t, 0)->changed[S2C] = false;
	talk_bytes(&t, S2C, big, sizeof(big));
	assert_true(talk_tx(&t, 0)->changed[S2C]);
	talk_tx(&t, 0)->changed[S2C] = false;
	talk_bytes(&t, S2C, big, 1000);
	assert_false(talk_tx(&t, 0)->changed[S2C]);
	talk_end(&t);
}

static void test_until_close(void **state)
{
	struct talk t;
	struct ips_buf_view v;

	ask(&t);
	talk_server(&t, "HTTP/1.0 200 OK\r\n\r\nabc");
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 0, &v), IPS_BUF_PART);
	talk_eof(&t, C2S);
	talk_eof(&t, S2C);
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "abc");
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

static void test_compressed(void **state)
{
	static const struct {
		const char *name;
		int window;
	} kinds[] = {{"gzip", 15 + 16}, {"deflate", 15}, {"deflate", -15}};
	static const char text[] = "the text under the compression, the text, the text";

	for (size_t i = 0; i < 3; i++)
		for (size_t cut = 0; cut < (kinds[i].window > 15 ? 3 : 1); cut++) {
			struct talk t;
			struct sk_buf z;
			char header[64];

			sk_buf_init(&z, 1 << 16);
			deflate_to(&z, text, sizeof(text) - 1, kinds[i].window);
			snprintf(header, sizeof(header), "Content-Encoding: %s\r\n", kinds[i].name);
			ask(&t);
			t.cut = cut;
			answer(&t, header, z.data, z.len);
			talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, text);
			talk_is(&t, 0, IPS_BUF_HTTP_RESPONSE_BODY, S2C, text);
			talk_end(&t);
			sk_buf_done(&z);
		}
}

static void test_two_layers(void **state)
{
	struct talk t;
	struct sk_buf one, two;

	sk_buf_init(&one, 1 << 16);
	sk_buf_init(&two, 1 << 16);
	deflate_to(&one, "twice", 5, 31);
	deflate_to(&two, one.data, one.len, 31);
	ask(&t);
	answer(&t, "Content-Encoding: gzip, gzip\r\n", two.data, two.len);
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "twice");
	talk_end(&t);
	sk_buf_done(&one);
	sk_buf_done(&two);
}

/* 64 MiB of zeros in 64 kB: bounded work, an event, and the flow goes on or is given up. */
static void test_bomb(void **state)
{
	static uint8_t zeros[16 << 20];
	struct talk t;
	struct ips_buf_view v;
	struct sk_buf z;

	sk_buf_init(&z, 1 << 20);
	deflate_to(&z, zeros, sizeof(zeros), 31);
	ask(&t);
	t.cut = 1400;
	answer(&t, "Content-Encoding: gzip\r\n", z.data, z.len);
	assert_true(talk_event(&t, 0, "compression_bomb"));
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 0, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 102400);
	assert_true(v.cut);
	assert_true(t.mem.used < 1 << 20);
	talk_end(&t);
	sk_buf_done(&z);
}

static void test_bomb_in_a_bomb(void **state)
{
	static uint8_t zeros[64 << 20];
	struct talk t;
	struct sk_buf one, two;

	sk_buf_init(&one, 1 << 20);
	sk_buf_init(&two, 1 << 20);
	deflate_to(&one, zeros, sizeof(zeros), 31);
	deflate_to(&two, one.data, one.len, 31);
	ask(&t);
	answer(&t, "Content-Encoding: gzip, gzip\r\n", two.data, two.len);
	assert_true(talk_event(&t, 0, "compression_bomb"));
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
	sk_buf_done(&one);
	sk_buf_done(&two);
}

static void test_large_ordinary_text_is_no_bomb(void **state)
{
	static char text[4 << 20];
	struct talk t;
	struct ips_buf_view v;
	struct sk_buf z;
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (char)('a' + (seed >> 16) % 16);
	}
	sk_buf_init(&z, 8 << 20);
	deflate_to(&z, text, sizeof(text), 31);
	ask(&t);
	t.cut = 1400;
	answer(&t, "Content-Encoding: gzip\r\n", z.data, z.len);
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 0, &v), IPS_BUF_FULL);
	assert_memory_equal(v.data, text, v.len);
	assert_int_equal(talk_events(&t, 0), 0);
	assert_false(t.flow.app.flags & IPS_APP_FAILED);
	talk_client(&t, "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
	answer(&t, "", "ok", 2);
	talk_is(&t, 1, IPS_BUF_FILE_DATA, S2C, "ok");
	talk_end(&t);
	sk_buf_done(&z);
}

static void test_gap_in_body(void **state)
{
	struct talk t;
	struct ips_buf_view v;

	ask(&t);
	talk_server(&t, "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n0123456789");
	t.proto->data(&t.flow.app, &t.ctx, S2C, NULL, 10, false);
	talk_server(&t, "abcdefghij");
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, S2C, 0, &v), IPS_BUF_FULL);
	assert_int_equal(v.len, 10);
	assert_true(v.cut);
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	talk_end(&t);
}

static void test_put_is_a_file(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "PUT /up/x.bin?y HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nDATA");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "DATA");
	talk_is(&t, 0, IPS_BUF_FILE_NAME, C2S, "/up/x.bin");
	talk_end(&t);
}

static void test_get_with_body_is_none(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t, "GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nDATA");
	talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, "DATA");
	talk_absent(&t, 0, IPS_BUF_FILE_DATA, C2S);
	talk_end(&t);
}

static const char form[] = "--BB\r\n"
			   "Content-Disposition: form-data; name=\"t\"\r\n\r\n"
			   "no file\r\n"
			   "--BB\r\n"
			   "Content-Disposition: form-data; name=\"f\"; filename=\"a;b.exe\"\r\n"
			   "Content-Type: application/x\r\n\r\n"
			   "MZ first\r\n--B not yet\r\n"
			   "--BB\r\n"
			   "Content-Disposition: form-data; filename=second.txt\r\n\r\n"
			   "second\r\n"
			   "--BB--\r\n";

static void test_multipart(void **state)
{
	for (size_t cut = 0; cut < 40; cut++) {
		struct talk t;
		struct ips_buf_view v;
		char head[200];

		talk_begin(&t, &ips_http1_proto);
		t.cut = cut;
		snprintf(head, sizeof(head),
			"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n"
			"Content-Type: multipart/form-data; boundary=\"BB\"\r\n\r\n",
			sizeof(form) - 1);
		talk_client(&t, head);
		talk_client(&t, form);
		talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, "MZ first\r\n--B not yet");
		talk_is_at(&t, 0, IPS_BUF_FILE_NAME, C2S, 0, "a;b.exe");
		talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 1, "second");
		talk_is_at(&t, 0, IPS_BUF_FILE_NAME, C2S, 1, "second.txt");
		assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, C2S, 2, &v), IPS_BUF_ABSENT);
		talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, form);
		assert_int_equal(talk_events(&t, 0), 0);
		talk_end(&t);
	}
}

static void test_multipart_grows(void **state)
{
	struct talk t;
	struct ips_buf_view v;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n"
		"Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
		"--XX\r\nContent-Disposition: a; filename=f\r\n\r\n");
	talk_waits(&t, 0, IPS_BUF_FILE_DATA, C2S);
	talk_client(&t, "0123456789\r\n--X");
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, &v), IPS_BUF_PART);
	assert_int_equal(v.len, 10);
	talk_client(&t, "Y");
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, &v), IPS_BUF_PART);
	assert_memory_equal(v.data, "0123456789\r", v.len);
	talk_eof(&t, C2S);
	talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "0123456789\r\n--XY");
	talk_end(&t);
}

static void test_multipart_odd(void **state)
{
	struct talk t;
	struct ips_buf_view v;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 137\r\n"
		"Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
		"--XX\r\nno colon here\r\nContent-Disposition: a; filename=f\r\n\r\n"
		"--XX\r\nContent-Disposition: a; filename=\"\"\r\n\r\nnameless\r\n"
		"--XX\r\n\r\n\r\nplain\r\n--XX--");
	assert_true(talk_tx(&t, 0)->complete[C2S]);
	assert_true(talk_event(&t, 0, "multipart_invalid_header"));
	assert_true(talk_event(&t, 0, "multipart_no_filedata"));
	talk_is_at(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, "");
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, C2S, 1, &v), IPS_BUF_ABSENT);
	talk_end(&t);
}

static void test_multipart_empty_file(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_http1_proto);
	talk_client(&t,
		"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 52\r\n"
		"Content-Type: multipart/form-data; boundary=XX\r\n\r\n"
		"--XX\r\nContent-Disposition: a; filename=f\r\n\r\n\r\n--XX--");
	talk_is(&t, 0, IPS_BUF_FILE_DATA, C2S, "");
	assert_int_equal(talk_events(&t, 0), 0);
	talk_end(&t);
}

static void test_name_of_answer(void **state)
{
	struct talk t;

	ask(&t);
	answer(&t, "Content-Disposition: attachment; filename=\"evil name.scr\"\r\n", "MZ", 2);
	talk_is(&t, 0, IPS_BUF_FILE_NAME, S2C, "evil name.scr");
	talk_end(&t);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *header;
		bool bad;
	} cases[] = {
		{"Content-Range: bytes 0-1/10\r\n", false},
		{"Content-Range: bytes 0-1/*\r\n", false},
		{"Content-Range: bytes */10\r\n", false},
		{"Content-Range: bytes 10-5/*\r\n", false},
		{"Content-Range: bytes 10-5/20\r\n", true},
		{"Content-Range: bytes 0-10/10\r\n", true},
		{"Content-Range: bytes 0--5/*\r\n", true},
		{"Content-Range: bytes foo-bar/baz\r\n", true},
		{"Content-Range: bytes 0-9223372036854775807/9223372036854775808\r\n", true},
		{"Content-Range: lines 0-1/10\r\n", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk t;

		ask(&t);
		answer(&t, cases[i].header, "ok", 2);
		if (talk_event(&t, 0, "range_invalid") != cases[i].bad)
			fail_msg("%s", cases[i].header);
		talk_end(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_counted_bytes_are_no_news),
		cmocka_unit_test(test_until_close),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_two_layers),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_bomb_in_a_bomb),
		cmocka_unit_test(test_large_ordinary_text_is_no_bomb),
		cmocka_unit_test(test_gap_in_body),
		cmocka_unit_test(test_put_is_a_file),
		cmocka_unit_test(test_get_with_body_is_none),
		cmocka_unit_test(test_multipart),
		cmocka_unit_test(test_multipart_grows),
		cmocka_unit_test(test_multipart_odd),
		cmocka_unit_test(test_multipart_empty_file),
		cmocka_unit_test(test_name_of_answer),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
