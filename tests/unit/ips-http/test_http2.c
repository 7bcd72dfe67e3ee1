/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/2: buffers of a stream, whatever way the frames are cut; padding, CONTINUATION, the
 * decoder's table, floods and broken frames.
 */
#include "tests/unit/ips-http/talk.h"

#include <nghttp2/nghttp2.h>
#include <zlib.h>

#include "lib/buf.h"
#include "lib/util.h"

enum { DATA, HEADERS, PRIORITY, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION };
#define END_STREAM 1
#define END_HEADERS 4
#define PADDED 8

static const char magic[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static void frame(
	struct sk_buf *b, unsigned type, unsigned flags, uint32_t stream, const void *p, size_t n)
{
	const uint8_t head[] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)type,
		(uint8_t)flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
		(uint8_t)(stream >> 8), (uint8_t)stream};

	sk_buf_put(b, head, sizeof(head));
	sk_buf_put(b, p, n);
}

/* A literal without indexing (RFC 7541 section 6.2.2), no Huffman. */
static void field(struct sk_buf *b, const char *name, const char *value)
{
	assert_true(strlen(name) < 127 && strlen(value) < 127);
	sk_buf_putc(b, 0);
	sk_buf_putc(b, (char)strlen(name));
	sk_buf_puts(b, name);
	sk_buf_putc(b, (char)strlen(value));
	sk_buf_puts(b, value);
}

/* Fields "name", "value", …, NULL as one block. */
static void block(struct sk_buf *b, const char *const *fields)
{
	sk_buf_init(b, 1 << 20);
	for (; *fields; fields += 2)
		field(b, fields[0], fields[1]);
}

static void headers(struct sk_buf *b, unsigned flags, uint32_t stream, const char *const *fields)
{
	struct sk_buf h;

	block(&h, fields);
	frame(b, HEADERS, END_HEADERS | flags, stream, h.data, h.len);
	sk_buf_done(&h);
}

static const char *const request[] = {":method", "GET", ":scheme", "http", ":path", "/a%20b?c",
	":authority", "WWW.Example.com:80", "user-agent", "ua1", "cookie", "a=1", "cookie", "b=2",
	"x-y", " sp ", NULL};
static const char *const answer[] = {":status", "200", "server", "nginx", "set-cookie", "s=1",
	"content-type", "text/html", NULL};

static void begin(struct talk *t, struct sk_buf *c, struct sk_buf *s)
{
	talk_begin(t, &ips_http2_proto);
	sk_buf_init(c, 32 << 20);
	sk_buf_init(s, 32 << 20);
	sk_buf_puts(c, magic);
}

static void send_all(struct talk *t, struct sk_buf *c, struct sk_buf *s)
{
	talk_bytes(t, C2S, c->data, c->len);
	talk_bytes(t, S2C, s->data, s->len);
	sk_buf_reset(c);
	sk_buf_reset(s);
}

static void finish(struct talk *t, struct sk_buf *c, struct sk_buf *s)
{
	talk_end(t);
	sk_buf_done(c);
	sk_buf_done(s);
}

static void check_exchange(struct talk *t, unsigned n)
{
	talk_is(t, n, IPS_BUF_HTTP_METHOD, C2S, "GET");
	talk_is(t, n, IPS_BUF_HTTP_URI, C2S, "/a%20b?c");
	talk_is(t, n, IPS_BUF_HTTP_URI_RAW, C2S, "/a%20b?c");
	talk_is(t, n, IPS_BUF_HTTP_HOST, C2S, "www.example.com");
	talk_is(t, n, IPS_BUF_HTTP_HOST_RAW, C2S, "WWW.Example.com:80");
	talk_is(t, n, IPS_BUF_HTTP_USER_AGENT, C2S, "ua1");
	talk_is(t, n, IPS_BUF_HTTP_COOKIE, C2S, "a=1, b=2");
	talk_is(t, n, IPS_BUF_HTTP_PROTOCOL, C2S, "HTTP/2");
	talk_is(t, n, IPS_BUF_HTTP_REQUEST_LINE, C2S, "GET /a%20b?c HTTP/2\r\n");
	talk_is(t, n, IPS_BUF_HTTP_HEADER, C2S,
		":method: GET\r\n:scheme: http\r\n:path: /a%20b?c\r\n"
		":authority: WWW.Example.com:80\r\nuser-agent: ua1\r\nx-y: sp\r\n");
	talk_is(t, n, IPS_BUF_HTTP_HEADER_RAW, C2S,
		":method: GET\r\n:scheme: http\r\n:path: /a%20b?c\r\n"
		":authority: WWW.Example.com:80\r\nuser-agent: ua1\r\ncookie: a=1\r\n"
		"cookie: b=2\r\nx-y:  sp \r\n");
	talk_is(t, n, IPS_BUF_HTTP_HEADER_NAMES, C2S,
		"\r\n:method\r\n:scheme\r\n:path\r\n:authority\r\nuser-agent\r\ncookie\r\n"
		"cookie\r\nx-y\r\n\r\n");
	talk_is_at(t, n, IPS_BUF_HTTP_REQUEST_HEADER, C2S, 6, "cookie: b=2");
	talk_is_at(t, n, IPS_BUF_HTTP2_HEADER_NAME, C2S, 2, ":path");
	talk_absent(t, n, IPS_BUF_HTTP_REFERER, C2S);
	talk_is(t, n, IPS_BUF_HTTP_STAT_CODE, S2C, "200");
	talk_is(t, n, IPS_BUF_HTTP_STAT_MSG, S2C, "");
	talk_is(t, n, IPS_BUF_HTTP_RESPONSE_LINE, S2C, "HTTP/2 200\r\n");
	talk_is(t, n, IPS_BUF_HTTP_SERVER, S2C, "nginx");
	talk_is(t, n, IPS_BUF_HTTP_COOKIE, S2C, "s=1");
	talk_is_at(t, n, IPS_BUF_HTTP_RESPONSE_HEADER, S2C, 3, "content-type: text/html");
	talk_is(t, n, IPS_BUF_HTTP_RESPONSE_BODY, S2C, "hello body");
	talk_is(t, n, IPS_BUF_FILE_DATA, S2C, "hello body");
	talk_is(t, n, IPS_BUF_FILE_NAME, S2C, "/a%20b");
	assert_true(talk_tx(t, n)->complete[C2S] && talk_tx(t, n)->complete[S2C]);
}

static void test_exchange(void **state)
{
	for (size_t cut = 0; cut < 30; cut++) {
		static const uint8_t window[] = {0, 4, 0, 0, 0xff, 0xff};
		struct talk t;
		struct sk_buf c, s;
		uint64_t n;

		begin(&t, &c, &s);
		t.cut = cut;
		frame(&c, SETTINGS, 0, 0, window, sizeof(window));
		headers(&c, END_STREAM, 1, request);
		frame(&s, SETTINGS, 1, 0, NULL, 0);
		headers(&s, 0, 1, answer);
		frame(&s, DATA, 0, 1, "hello ", 6);
		frame(&s, DATA, END_STREAM, 1, "body", 4);
		send_all(&t, &c, &s);
		check_exchange(&t, 1);
		assert_int_equal(t.triggered[C2S], 1);
		assert_int_equal(t.triggered[S2C], 1);
		/* The settings are a transaction of their own, the empty acknowledgement is not. */
		assert_true(talk_tx(&t, 0)->complete[C2S] && talk_tx(&t, 0)->complete[S2C]);
		assert_true(t.proto->number(
			&t.flow.app, talk_tx(&t, 0), IPS_NUM_HTTP2_FRAMETYPE, C2S, 0, &n));
		assert_int_equal(n, SETTINGS);
		assert_int_equal(talk_events(&t, 0) + talk_events(&t, 1), 0);
		assert_int_equal(t.flow.app.tx_now, 2);
		finish(&t, &c, &s);
	}
}

static void test_waits_for_its_part(void **state)
{
	struct talk t;
	struct sk_buf c, s, h;

	begin(&t, &c, &s);
	block(&h, request);
	frame(&c, HEADERS, END_STREAM, 1, h.data, 20);
	send_all(&t, &c, &s);
	talk_waits(&t, 0, IPS_BUF_HTTP_METHOD, C2S);
	frame(&c, CONTINUATION, 0, 1, h.data + 20, 1);
	frame(&c, CONTINUATION, END_HEADERS, 1, h.data + 21, h.len - 21);
	send_all(&t, &c, &s);
	talk_is(&t, 0, IPS_BUF_HTTP_METHOD, C2S, "GET");
	talk_is(&t, 0, IPS_BUF_HTTP_URI, C2S, "/a%20b?c");
	assert_true(talk_tx(&t, 0)->complete[C2S]);
	talk_waits(&t, 0, IPS_BUF_HTTP_STAT_CODE, S2C);
	sk_buf_done(&h);
	finish(&t, &c, &s);
}

static void test_padding_and_priority(void **state)
{
	for (size_t cut = 0; cut < 20; cut++) {
		struct talk t;
		struct sk_buf c, s, h, f;

		begin(&t, &c, &s);
		t.cut = cut;
		block(&h, request);
		sk_buf_init(&f, 1 << 16);
		sk_buf_put(&f, "\x07\0\0\0\0\x10", 6); /* pad length, dependency, weight */
		sk_buf_put(&f, h.data, h.len);
		sk_buf_put(&f, "PADDING", 7);
		frame(&c, HEADERS, END_HEADERS | END_STREAM | PADDED | 0x20, 1, f.data, f.len);
		headers(&s, 0, 1, answer);
		frame(&s, DATA, PADDED, 1, "\x03hello PAD", 10);
		frame(&s, DATA, PADDED | END_STREAM, 1,
			"\x02"
			"body\0\0",
			7);
		send_all(&t, &c, &s);
		check_exchange(&t, 0);
		sk_buf_done(&h);
		sk_buf_done(&f);
		finish(&t, &c, &s);
	}
}

/* A real encoder: Huffman codes and the dynamic table. */
static void test_dynamic_table(void **state)
{
	struct talk t;
	struct sk_buf c, s;
	nghttp2_hd_deflater *d;

	assert_int_equal(nghttp2_hd_deflate_new(&d, 4096), 0);
	begin(&t, &c, &s);
	for (uint32_t i = 0; i < 40; i++) {
		uint8_t out[1024];
		nghttp2_nv nv[8];
		ssize_t n;

		for (size_t k = 0; k < 8; k++)
			nv[k] = (nghttp2_nv){(uint8_t *)(uintptr_t)request[2 * k],
				(uint8_t *)(uintptr_t)request[2 * k + 1], strlen(request[2 * k]),
				strlen(request[2 * k + 1]), 0};
		n = nghttp2_hd_deflate_hd(d, out, sizeof(out), nv, 8);
		assert_true(n > 0);
		frame(&c, HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, out, (size_t)n);
		headers(&s, 0, 2 * i + 1, answer);
		frame(&s, DATA, END_STREAM, 2 * i + 1, "hello body", 10);
		send_all(&t, &c, &s);
		check_exchange(&t, 0);
		talk_reap(&t);
	}
	nghttp2_hd_deflate_del(d);
	finish(&t, &c, &s);
}

static void test_larger_table(void **state)
{
	static const uint8_t bigger[] = {0, 1, 0, 1, 0, 0};
	static const uint8_t update[] = {0x3f, 0xe1, 0xff, 0x03}; /* table size 65536 */
	struct talk t;
	struct sk_buf c, s, h;

	begin(&t, &c, &s);
	frame(&s, SETTINGS, 0, 0, bigger, sizeof(bigger));
	talk_bytes(&t, S2C, s.data, s.len);
	sk_buf_init(&h, 1 << 16);
	sk_buf_put(&h, update, sizeof(update));
	field(&h, ":method", "PUT");
	frame(&c, HEADERS, END_HEADERS | END_STREAM, 1, h.data, h.len);
	talk_bytes(&t, C2S, c.data, c.len);
	assert_false(t.flow.app.flags & IPS_APP_FAILED);
	talk_is(&t, 1, IPS_BUF_HTTP_METHOD, C2S, "PUT");
	sk_buf_done(&h);
	finish(&t, &c, &s);
}

static void test_upload(void **state)
{
	static const char *const post[] = {":method", "POST", ":path", "/up", NULL};
	struct talk t;
	struct sk_buf c, s;
	struct ips_buf_view v;

	begin(&t, &c, &s);
	headers(&c, 0, 1, post);
	frame(&c, DATA, 0, 1, "first ", 6);
	send_all(&t, &c, &s);
	assert_int_equal(talk_get(&t, 0, IPS_BUF_FILE_DATA, C2S, 0, &v), IPS_BUF_PART);
	frame(&c, DATA, END_STREAM, 1, "second", 6);
	send_all(&t, &c, &s);
	talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, "first second");
	talk_is(&t, 0, IPS_BUF_FILE_NAME, C2S, "/up");
	finish(&t, &c, &s);
}

static void test_compressed(void **state)
{
	static const char *const packed[] = {":status", "200", "content-encoding", "gzip", NULL};
	struct talk t;
	struct sk_buf c, s;
	uint8_t z[256];
	uLongf n = sizeof(z);
	z_stream d = {0};

	assert_int_equal(deflateInit2(&d, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
	d.next_in = (Bytef *)(uintptr_t) "compressed text";
	d.avail_in = 15;
	d.next_out = z;
	d.avail_out = (uInt)n;
	assert_int_equal(deflate(&d, Z_FINISH), Z_STREAM_END);
	begin(&t, &c, &s);
	t.cut = 5;
	headers(&c, END_STREAM, 1, request);
	headers(&s, 0, 1, packed);
	frame(&s, DATA, END_STREAM, 1, z, d.total_out);
	headers(&c, END_STREAM, 3, request);
	headers(&s, 0, 3, packed);
	frame(&s, DATA, END_STREAM, 3, "not compressed at all", 21);
	send_all(&t, &c, &s);
	talk_is(&t, 0, IPS_BUF_FILE_DATA, S2C, "compressed text");
	assert_int_equal(talk_events(&t, 0), 0);
	assert_true(talk_event(&t, 1, "failed_decompression"));
	deflateEnd(&d);
	finish(&t, &c, &s);
}

static void test_interim_and_trailers(void **state)
{
	static const char *const early[] = {":status", "103", "link", "x", NULL};
	static const char *const trailer[] = {"server", "evil", NULL};
	struct talk t;
	struct sk_buf c, s;

	begin(&t, &c, &s);
	headers(&c, END_STREAM, 1, request);
	headers(&s, 0, 1, early);
	send_all(&t, &c, &s);
	talk_waits(&t, 0, IPS_BUF_HTTP_STAT_CODE, S2C);
	headers(&s, 0, 1, answer);
	frame(&s, DATA, 0, 1, "hello body", 10);
	headers(&s, END_STREAM, 1, trailer);
	send_all(&t, &c, &s);
	check_exchange(&t, 0);
	finish(&t, &c, &s);
}

static void test_reset_and_goaway(void **state)
{
	struct talk t;
	struct sk_buf c, s;
	uint64_t n;

	begin(&t, &c, &s);
	headers(&c, 0, 1, request);
	frame(&s, RST, 0, 1, "\0\0\0\x08", 4);
	frame(&s, GOAWAY, 0, 0, "\0\0\0\x01\0\0\0\x0b", 8);
	send_all(&t, &c, &s);
	assert_true(talk_tx(&t, 0)->complete[C2S] && talk_tx(&t, 0)->complete[S2C]);
	assert_true(
		t.proto->number(&t.flow.app, talk_tx(&t, 0), IPS_NUM_HTTP2_ERRORCODE, S2C, 0, &n));
	assert_int_equal(n, 8);
	assert_true(
		t.proto->number(&t.flow.app, talk_tx(&t, 1), IPS_NUM_HTTP2_ERRORCODE, S2C, 0, &n));
	assert_int_equal(n, 11);
	assert_false(
		t.proto->number(&t.flow.app, talk_tx(&t, 1), IPS_NUM_HTTP2_ERRORCODE, S2C, 1, &n));
	finish(&t, &c, &s);
}

/* Thousands of streams opened and reset: nothing piles up. */
static void test_rapid_reset(void **state)
{
	struct talk t;
	struct sk_buf c, s;

	begin(&t, &c, &s);
	for (uint32_t i = 0; i < 5000; i++) {
		headers(&c, END_STREAM, 2 * i + 1, request);
		frame(&c, RST, 0, 2 * i + 1, "\0\0\0\x08", 4);
		send_all(&t, &c, &s);
		talk_reap(&t);
		assert_true(t.flow.app.tx_now == 0 && t.mem.used < 65536);
	}
	finish(&t, &c, &s);
}

static void test_many_open_streams(void **state)
{
	struct talk t;
	struct sk_buf c, s;

	begin(&t, &c, &s);
	for (uint32_t i = 0; i < 1000; i++) {
		headers(&c, 0, 2 * i + 1, request);
		send_all(&t, &c, &s);
		for (struct ips_tx *tx = t.flow.app.first; tx; tx = tx->next)
			if (tx->complete[C2S] && tx->complete[S2C])
				tx->flags |=
					IPS_TX_LOGGED | IPS_TX_DONE_TOSERVER | IPS_TX_DONE_TOCLIENT;
		ips_app_reap(&t.flow.app, &t.ctx);
		assert_true(t.flow.app.tx_now <= IPS_APP_TX_MAX + 1);
	}
	assert_true(talk_event(&t, t.flow.app.tx_now - 2, "too_many_streams"));
	finish(&t, &c, &s);
}

/* A header block without end, small fields and fields repeated from the table: bounded. */
static void test_continuation_flood(void **state)
{
	struct talk t;
	struct sk_buf c, s, h;

	begin(&t, &c, &s);
	sk_buf_init(&h, 1 << 20);
	/* Literal with indexing, then the table's first entry again and again. */
	sk_buf_putc(&h, 0x40);
	sk_buf_putc(&h, 1);
	sk_buf_putc(&h, 'n');
	sk_buf_putc(&h, 100);
	for (int i = 0; i < 100; i++)
		sk_buf_putc(&h, 'v');
	frame(&c, HEADERS, 0, 1, h.data, h.len);
	sk_buf_reset(&h);
	for (int i = 0; i < 4000; i++)
		sk_buf_putc(&h, (char)0xbe);
	for (int i = 0; i < 50; i++)
		frame(&c, CONTINUATION, 0, 1, h.data, h.len);
	send_all(&t, &c, &s);
	assert_true(talk_event(&t, 0, "reassembly_limit_reached"));
	assert_true(t.mem.used < 300000);
	talk_waits(&t, 0, IPS_BUF_HTTP_HEADER, C2S);
	frame(&c, CONTINUATION, END_HEADERS, 1, h.data, 1);
	send_all(&t, &c, &s);
	assert_false(t.flow.app.flags & IPS_APP_FAILED);
	sk_buf_done(&h);
	finish(&t, &c, &s);
}

static void test_broken(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *event;
		bool fails;
	} cases[] = {
		{"\0\0\x03\x03\0\0\0\0\x01"
		 "abc",
			12, "invalid_frame_length", false},
		{"\0\0\x05\x04\0\0\0\0\0"
		 "abcde",
			14, "invalid_frame_data", false},
		{"\0\0\x01\0\0\0\0\0\0x", 10, "data_stream_zero", false},
		{"\0\0\x01\x09\x04\0\0\0\x05\x82", 10, "invalid_frame_data", false},
		{"\0\0\x02\x01\x0c\0\0\0\x03\x09\x82", 11, "invalid_frame_data", true},
		{"\0\0\x01\x01\x04\0\0\0\x03\xff", 10, "invalid_header", true},
		{"\0\0\x02\x01\x04\0\0\0\x03\x80\x80", 11, "invalid_header", true},
		{"\0\0\0\x01\0\0\0\0\x05\0\0\0\x01\x04\0\0\0\x07", 18, "invalid_frame_data", true},
		{"\x01\0\x01\0\0\0\0\0\x01", 9, "long_frame_data", false},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct talk t;
		struct sk_buf c, s;
		bool there = false;

		begin(&t, &c, &s);
		headers(&c, 0, 1, request);
		sk_buf_put(&c, cases[i].bytes, cases[i].n);
		send_all(&t, &c, &s);
		for (unsigned n = 0; n < t.flow.app.tx_now; n++)
			there |= talk_event(&t, n, cases[i].event);
		if (!there || !!(t.flow.app.flags & IPS_APP_FAILED) != cases[i].fails)
			fail_msg("case %zu: %s", i, cases[i].event);
		talk_is(&t, 0, IPS_BUF_HTTP_METHOD, C2S, "GET");
		finish(&t, &c, &s);
	}
}

static void test_push(void **state)
{
	static const char *const promised[] = {":method", "GET", ":path", "/pushed", NULL};
	struct talk t;
	struct sk_buf c, s, h, f;

	begin(&t, &c, &s);
	headers(&c, END_STREAM, 1, request);
	block(&h, promised);
	sk_buf_init(&f, 1 << 16);
	sk_buf_put(&f, "\0\0\0\x02", 4);
	sk_buf_put(&f, h.data, h.len);
	frame(&s, PUSH, END_HEADERS, 1, f.data, f.len);
	headers(&s, 0, 2, answer);
	frame(&s, DATA, END_STREAM, 2, "pushed", 6);
	send_all(&t, &c, &s);
	talk_is(&t, 1, IPS_BUF_HTTP_URI, C2S, "/pushed");
	talk_is(&t, 1, IPS_BUF_FILE_DATA, S2C, "pushed");
	assert_true(talk_tx(&t, 1)->complete[C2S] && talk_tx(&t, 1)->complete[S2C]);
	sk_buf_done(&h);
	sk_buf_done(&f);
	finish(&t, &c, &s);
}

static void test_hosts_and_reuse(void **state)
{
	static const char *const two[] = {":authority", "u@a.example", "host", "b.example", NULL};
	static const char *const only_host[] = {":path", "/", "host", "[2001:db8::1]:8080", NULL};
	struct talk t;
	struct sk_buf c, s;

	begin(&t, &c, &s);
	headers(&c, END_STREAM, 1, two);
	headers(&c, END_STREAM, 3, only_host);
	headers(&c, END_STREAM, 3, only_host);
	send_all(&t, &c, &s);
	assert_true(talk_event(&t, 0, "authority_host_mismatch"));
	assert_true(talk_event(&t, 0, "userinfo_in_uri"));
	talk_is(&t, 1, IPS_BUF_HTTP_HOST, C2S, "[2001:db8::1]");
	assert_true(talk_event(&t, 1, "stream_id_reuse"));
	finish(&t, &c, &s);
}

static void test_without_memory(void **state)
{
	for (uint64_t max = 3000; max < 30000; max += 300) {
		struct talk t;
		struct sk_buf c, s;

		begin(&t, &c, &s);
		t.mem.max = SK_MAX(max, t.mem.used);
		for (uint32_t i = 0; i < 10; i++) {
			headers(&c, 0, 2 * i + 1, request);
			frame(&c, DATA, 0, 2 * i + 1, magic, sizeof(magic));
		}
		send_all(&t, &c, &s);
		if (t.flow.app.first) {
			struct ips_buf_view v;

			talk_get(&t, 0, IPS_BUF_HTTP_HEADER, C2S, 0, &v);
			talk_get(&t, 0, IPS_BUF_HTTP_HOST, C2S, 0, &v);
			talk_get(&t, 0, IPS_BUF_HTTP_COOKIE, C2S, 0, &v);
		}
		assert_true(t.mem.used <= t.mem.max);
		finish(&t, &c, &s);
	}
}

static void test_gap_and_end(void **state)
{
	struct talk t;
	struct sk_buf c, s;

	begin(&t, &c, &s);
	headers(&c, 0, 1, request);
	frame(&c, DATA, 0, 1, "part", 4);
	send_all(&t, &c, &s);
	t.proto->data(&t.flow.app, &t.ctx, C2S, NULL, 5, false);
	assert_true(t.flow.app.flags & IPS_APP_FAILED);
	talk_is(&t, 0, IPS_BUF_HTTP_REQUEST_BODY, C2S, "part");
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	finish(&t, &c, &s);
}

static void test_log(void **state)
{
	struct talk t;
	struct sk_buf c, s, b;
	struct ips_json j;

	begin(&t, &c, &s);
	headers(&c, END_STREAM, 1, request);
	headers(&s, 0, 1, answer);
	frame(&s, DATA, END_STREAM, 1, "hello body", 10);
	send_all(&t, &c, &s);
	sk_buf_init(&b, 65536);
	ips_json_init(&j, &b);
	ips_json_open(&j, NULL);
	t.proto->log(&t.flow.app, talk_tx(&t, 0), &j);
	ips_json_close(&j);
	assert_string_equal(sk_buf_str(&b),
		"{\"version\":\"2\",\"hostname\":\"www.example.com\",\"url\":\"/a%20b?c\","
		"\"http_user_agent\":\"ua1\",\"http_content_type\":\"text/html\","
		"\"http_method\":\"GET\",\"protocol\":\"HTTP/2\",\"status\":200,\"length\":10,"
		"\"http2\":{\"stream_id\":1}}");
	sk_buf_done(&b);
	finish(&t, &c, &s);
}

static void test_probes(void **state)
{
	const struct ips_probe_row *c = &ips_http2_probes[0], *s = &ips_http2_probes[1];

	assert_int_equal(c->probe((const uint8_t *)magic, 24, C2S, false), IPS_PROBE_YES);
	assert_int_equal(c->probe((const uint8_t *)magic, 5, C2S, false), IPS_PROBE_MORE);
	assert_int_equal(c->probe((const uint8_t *)"PRINT", 5, C2S, false), IPS_PROBE_NO);
	assert_int_equal(
		s->probe((const uint8_t *)"\0\0\x12\x04\0\0\0\0\0", 9, S2C, false), IPS_PROBE_YES);
	assert_int_equal(s->probe((const uint8_t *)"\0\0\x12\x04", 4, S2C, false), IPS_PROBE_MORE);
	assert_int_equal(
		s->probe((const uint8_t *)"\0\0\x11\x04\0\0\0\0\0", 9, S2C, false), IPS_PROBE_NO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_waits_for_its_part),
		cmocka_unit_test(test_padding_and_priority),
		cmocka_unit_test(test_dynamic_table),
		cmocka_unit_test(test_larger_table),
		cmocka_unit_test(test_upload),
		cmocka_unit_test(test_compressed),
		cmocka_unit_test(test_interim_and_trailers),
		cmocka_unit_test(test_reset_and_goaway),
		cmocka_unit_test(test_rapid_reset),
		cmocka_unit_test(test_many_open_streams),
		cmocka_unit_test(test_continuation_flood),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_hosts_and_reuse),
		cmocka_unit_test(test_without_memory),
		cmocka_unit_test(test_gap_and_end),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_probes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
