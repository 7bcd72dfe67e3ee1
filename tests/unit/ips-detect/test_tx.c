/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules on transactions: buffers that come one after the other, bodies, several instances. */
#include "ips/detect/detect_int.h"
#include "tests/unit/ips-detect/rig.h"

#define TS IPS_TOSERVER
#define TC IPS_TOCLIENT

static void one_buffer(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"u\"; http.uri; content:\"/evil\"; sid:1;)\n"
		"alert http any any -> any any (msg:\"h\"; http.host; content:\"/evil\"; sid:2;)\n"
		"alert tcp any any -> any any (msg:\"t\"; http.uri; content:\"/evil\"; sid:3;)\n"
		"alert http any any -> any any (msg:\"p\"; http.uri; pcre:\"/^.ev/\"; sid:4;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/evil");
	/* The other side's packets do not inspect it. */
	assert_string_equal(rig_packet(&r, TC, NULL, NULL), "");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~,3~,4~");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	tx.tx.changed[TS] = true;
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	assert_int_equal(tx.tx.flags & IPS_TX_DONE_TOSERVER, IPS_TX_DONE_TOSERVER);
	assert_null(tx.tx.det[TS]);
	rig_done(&r);
}

/* A rule waits for the rest of its buffers, whichever comes first. */
static void buffers_in_turn(void **state)
{
	static const char *const rules =
		"alert http any any -> any any (msg:\"u\"; http.uri; content:\"/a\"; "
		"http.user_agent; content:\"agent\"; http.request_body; content:\"body\"; sid:1;)\n"
		"alert http any any -> any any (msg:\"n\"; http.uri; content:\"/a\"; "
		"http.user_agent; content:\"nobody\"; sid:2;)\n";
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false, rules);
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/a");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_set(&tx, IPS_BUF_HTTP_USER_AGENT, TS, IPS_BUF_FULL, "an agent");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_set(&tx, IPS_BUF_HTTP_REQUEST_BODY, TS, IPS_BUF_PART, "some bo");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_set(&tx, IPS_BUF_HTTP_REQUEST_BODY, TS, IPS_BUF_PART, "some body");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	rig_set(&tx, IPS_BUF_HTTP_REQUEST_BODY, TS, IPS_BUF_FULL, "some body of body");
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_done(&r);
}

/* What depends on the end of a body waits for it. */
static void body_end(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, true,
		"alert http any any -> any any (msg:\"n\"; http.request_body; content:\"yes\"; "
		"content:!\"not\"; sid:1;)\n"
		"alert http any any -> any any (msg:\"e\"; http.request_body; content:\"end\"; "
		"endswith; sid:2;)\n"
		"alert http any any -> any any (msg:\"l\"; http.request_body; "
		"to_lowercase; content:\"lower\"; sid:3;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_REQUEST_BODY, TS, IPS_BUF_PART, "yes end");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_set(&tx, IPS_BUF_HTTP_REQUEST_BODY, TS, IPS_BUF_PART, "yes end LOWER not end");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_set(&tx, IPS_BUF_HTTP_REQUEST_BODY, TS, IPS_BUF_FULL, "yes end LOWER not end");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "2~,3~");
	rig_done(&r);
}

static void instances(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert dns any any -> any any (msg:\"q\"; dns.query; content:\"evil\"; "
		"content:\".example\"; endswith; sid:1;)\n"
		"alert dns any any -> any any (msg:\"d\"; dns.query; dotprefix; "
		"content:\".evil.example\"; endswith; sid:2;)\n"
		"alert dns any any -> any any (msg:\"two\"; dns.query; content:\"one\"; "
		"dns.query; content:\"two\"; sid:3;)\n"
		"alert dns any any -> any any (msg:\"plain\"; dns.query; bsize:3; sid:4;)\n");
	rig_udp(&r);
	rig_app(&r, IPS_P_DNS);
	rig_tx_add(&r, &tx);
	rig_set_at(&tx, IPS_BUF_DNS_QUERY, 0, IPS_BUF_FULL, "evil.test");
	rig_set_at(&tx, IPS_BUF_DNS_QUERY, 1, IPS_BUF_FULL, "one");
	rig_set_at(&tx, IPS_BUF_DNS_QUERY, 2, IPS_BUF_FULL, "evil.example");
	rig_set_at(&tx, IPS_BUF_DNS_QUERY, 3, IPS_BUF_FULL, "a.two");
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1~,2~,3~,4~");
	rig_done(&r);
}

/* Numbers and events of the transaction. */
static void conditions(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"len\"; flow:to_server; urilen:5; sid:1;)\n"
		"alert http any any -> any any (msg:\"both\"; http.uri; content:\"/evil\"; "
		"urilen:>5; sid:2;)\n"
		"alert http any any -> any any (msg:\"bit\"; http.uri; content:\"/evil\"; "
		"flowbits:isset,nope; sid:3;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/evil");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	tx.numbers[IPS_NUM_URILEN] = 5;
	tx.has_number[IPS_NUM_URILEN] = true;
	tx.tx.changed[TS] = true;
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	rig_done(&r);
}

/*
 * A rule of negated contents alone has no pattern; the reference reports it with every packet of
 * the message, and so do captures. In the path once is enough.
 */
static void negated_field(void **state)
{
	static const char rules[] =
		"alert http any any -> any any (msg:\"n\"; http.user_agent; content:!\"x\"; "
		"sid:1;)\n"
		"alert http any any -> any any (msg:\"p\"; http.user_agent; pcre:!\"/x/\"; "
		"sid:2;)\n"
		"alert http any any -> any any (msg:\"b\"; flow:to_server; http.user_agent; "
		"content:!\"x\"; http.uri; content:\"/\"; sid:3;)\n";

	for (int inl = 0; inl < 2; inl++) {
		struct rig_tx tx;
		struct rig r;

		rig_init(&r, inl, rules);
		rig_app(&r, IPS_P_HTTP1);
		rig_tx_add(&r, &tx);
		rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/");
		rig_set(&tx, IPS_BUF_HTTP_USER_AGENT, TS, IPS_BUF_FULL, "agent");
		assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~,2~,3~");
		assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
		r.flow.app.fed[TS] += 100;
		assert_string_equal(rig_packet(&r, TS, NULL, NULL), inl ? "" : "1~");
		rig_complete(&tx, TS);
		assert_string_equal(rig_packet(&r, TS, NULL, NULL), inl ? "" : "1~");
		assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
		rig_done(&r);
	}
}

/* A buffer that never comes is no match, negated or not. */
static void absent(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"n\"; http.user_agent; content:!\"x\"; "
		"sid:1;)\n"
		"alert http any any -> any any (msg:\"b\"; http.uri; content:\"/\"; "
		"http.user_agent; content:!\"x\"; sid:2;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/");
	rig_set(&tx, IPS_BUF_HTTP_USER_AGENT, TS, IPS_BUF_ABSENT, NULL);
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_done(&r);
}

/* A condition of the packet that does not hold yet may hold with a later one. */
static void later_bit(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"b\"; flowbits:isset,x; http.uri; "
		"pcre:\"/a/\"; sid:1;)\n"
		"alert tcp any any -> any any (msg:\"s\"; dsize:3; flowbits:set,x; noalert; "
		"sid:2;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/a");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	r.flow.app.fed[TS] += 3;
	assert_string_equal(rig_packet(&r, TS, "bit", NULL), "1~");
	r.flow.app.fed[TS] += 3;
	assert_string_equal(rig_packet(&r, TS, "bit", NULL), "");
	rig_done(&r);
}

/* Payload and a buffer in one rule. */
static void with_payload(void **state)
{
	struct ips_raw raw = rig_raw("GET /evil HTTP/1.1 marker", 0, 0);
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"a\"; content:\"marker\"; http.uri; "
		"content:\"/evil\"; sid:1;)\n"
		"alert http any any -> any any (msg:\"b\"; content:\"marker\"; fast_pattern; "
		"http.uri; content:\"/evil\"; sid:2;)\n"
		"alert http any any -> any any (msg:\"c\"; content:\"absent\"; http.uri; "
		"content:\"/evil\"; sid:3;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/evil");
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, NULL, &raw), "1~,2~");
	rig_done(&r);
}

static void versions(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"any\"; http.uri; content:\"/x\"; sid:1;)\n"
		"alert http1 any any -> any any (msg:\"1\"; http.uri; content:\"/x\"; sid:2;)\n");
	rig_app(&r, IPS_P_HTTP2);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/x");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	rig_done(&r);
}

/* Both sides of one transaction: a rule may alert for each. */
static void both_sides(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"any\"; http.header; content:\"X-E\"; "
		"sid:1;)\n"
		"alert http any any -> any any (msg:\"c\"; flow:to_client; http.header; "
		"content:\"X-E\"; sid:2;)\n");
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_HEADER, TS, IPS_BUF_FULL, "X-E: 1\r\n");
	rig_set(&tx, IPS_BUF_HTTP_HEADER, TC, IPS_BUF_FULL, "X-E: 2\r\n");
	rig_complete(&tx, TS);
	rig_complete(&tx, TC);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	assert_string_equal(rig_packet(&r, TC, NULL, NULL), "1~,2~");
	rig_done(&r);
}

/* Without memory for progress the complete transaction is still inspected. */
static void no_memory(void **state)
{
	struct rig_tx tx;
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"u\"; http.uri; content:\"/evil\"; sid:1;)\n");
	r.d->cfg.mem_max = 0;
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/evil");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	assert_true(ips_detect_stats(r.d)->mem_refused > 0);
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_buffer),
		cmocka_unit_test(buffers_in_turn),
		cmocka_unit_test(body_end),
		cmocka_unit_test(instances),
		cmocka_unit_test(conditions),
		cmocka_unit_test(negated_field),
		cmocka_unit_test(absent),
		cmocka_unit_test(later_bit),
		cmocka_unit_test(with_payload),
		cmocka_unit_test(versions),
		cmocka_unit_test(both_sides),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
