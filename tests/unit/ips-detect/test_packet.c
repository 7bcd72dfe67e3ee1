/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often and on which packets rules match that look at packets. */
#include "tests/unit/ips-detect/rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define TS IPS_TOSERVER
#define TC IPS_TOCLIENT

/* A rule without options is an address rule: once a flow and direction. */
static void address_rules(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert tcp any any -> any any (msg:\"any\"; sid:1;)\n"
		"alert ip 10.0.0.0/8 any -> any any (msg:\"src\"; sid:2;)\n"
		"alert ip any any -> [192.0.2.1,192.0.2.9] any (msg:\"dst\"; sid:3;)\n"
		"alert ip 10.0.0.2 any -> any any (msg:\"other\"; sid:4;)\n"
		"alert tcp any any -> any 4444 (msg:\"port\"; sid:5;)\n"
		"alert udp any any -> any any (msg:\"udp\"; sid:6;)\n");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~,2~,3~,5~");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	assert_string_equal(rig_packet(&r, TC, NULL, NULL), "1~");
	assert_string_equal(rig_packet(&r, TC, "x", NULL), "");
	/* Without a flow: every packet. */
	rig_fill(&r, TS, NULL);
	r.p.flow = NULL;
	assert_string_equal(rig_run(&r, NULL), "1~,2~,3~,5~");
	assert_string_equal(rig_run(&r, NULL), "1~,2~,3~,5~");
	rig_done(&r);
}

/* Negated addresses make it an ordinary rule. */
static void like_address_rules(void **state)
{
	struct rig r;

	rig_init(&r, false, "alert tcp !10.0.0.9 any -> any any (msg:\"n\"; sid:1;)\n");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	rig_done(&r);
}

static void every_packet(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert tcp any any -> any any (msg:\"e\"; flow:established; sid:1;)\n"
		"alert tcp any any -> any any (msg:\"s\"; flow:to_server; sid:2;)\n"
		"alert tcp any any -> any any (msg:\"syn\"; flags:S; sid:3;)\n"
		"alert http any any -> any any (msg:\"h\"; sid:4;)\n");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1,2");
	assert_string_equal(rig_packet(&r, TC, "abc", NULL), "1");
	rig_app(&r, IPS_P_HTTP1);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1,2,4~");
	assert_string_equal(rig_packet(&r, TC, NULL, NULL), "1,4~");
	rig_fill(&r, TS, NULL);
	r.p.flags = 0;
	r.p.tcp.flags = IPS_TCP_SYN;
	assert_string_equal(rig_run(&r, NULL), "2,3");
	rig_done(&r);
}

/* A payload in the stream is not looked at by rules that look at the stream. */
static void payload_and_stream(void **state)
{
	struct ips_raw raw = rig_raw("say evil things", 0, 0);
	struct rig r;

	rig_init(&r, false,
		"alert tcp any any -> any any (msg:\"stream\"; content:\"evil\"; sid:1;)\n"
		"alert tcp any any -> any any (msg:\"both\"; content:\"say\"; depth:3; sid:2;)\n"
		"alert tcp any any -> any any (msg:\"size\"; content:\"evil\"; dsize:>3; sid:3;)\n"
		"alert tcp-pkt any any -> any any (msg:\"pkt\"; content:\"evil\"; sid:4;)\n"
		"alert tcp-stream any any -> any any (msg:\"st\"; content:\"evil\"; sid:5;)\n"
		"alert tcp any any -> any any (msg:\"pcre\"; pcre:\"/ev.l/\"; sid:6;)\n");
	assert_string_equal(rig_packet(&r, TS, "say evil things", NULL), "2,3,4");
	assert_string_equal(rig_packet(&r, TS, NULL, &raw), "1~,2~,5~,6~");
	/* Not part of a stream: the payload stands for it. */
	rig_fill(&r, TS, "say evil things");
	r.p.flags = 0;
	assert_string_equal(rig_run(&r, NULL), "1,2,3,4,6");
	rig_fill(&r, TS, "say evil things");
	r.p.flags |= IPS_PKT_NO_PAYLOAD;
	assert_string_equal(rig_run(&r, NULL), "");
	rig_done(&r);
}

static void udp(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert udp any any -> any 4444 (msg:\"a\"; content:\"evil\"; sid:1;)\n"
		"alert udp any any -> any 53 (msg:\"b\"; content:\"evil\"; sid:2;)\n"
		"alert udp any 4444 -> any any (msg:\"c\"; content:\"evil\"; sid:3;)\n"
		"alert ip any any -> any any (msg:\"d\"; content:\"evil\"; nocase; sid:4;)\n"
		"alert udp any any <> any 4444 (msg:\"e\"; content:\"evil\"; sid:5;)\n"
		"alert udp any any -> any any (msg:\"f\"; content:!\"evil\"; dsize:>1; sid:6;)\n"
		"alert udp any any -> any any (msg:\"g\"; dsize:0; sid:7;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "evil", NULL), "1,4,5");
	assert_string_equal(rig_packet(&r, TC, "evil", NULL), "3,4,5");
	assert_string_equal(rig_packet(&r, TS, "EVIL", NULL), "4,6");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "7");
	rig_done(&r);
}

static void icmp(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert icmp any any -> any any (msg:\"a\"; itype:8; content:\"ping\"; sid:1;)\n"
		"alert icmp any any -> any any (msg:\"b\"; itype:0; sid:2;)\n"
		"alert tcp any any -> any any (msg:\"c\"; content:\"ping\"; sid:3;)\n");
	r.flow.proto = IPPROTO_ICMP;
	rig_fill(&r, TS, "ping");
	r.p.icmp.type = 8;
	assert_string_equal(rig_run(&r, NULL), "1");
	rig_fill(&r, TC, "ping");
	r.p.icmp.type = 0;
	assert_string_equal(rig_run(&r, NULL), "2");
	rig_done(&r);
}

/* Who sets a bit goes before who asks for it; later packets see it as well. */
static void flowbits(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert udp any any -> any any (msg:\"is\"; flowbits:isset,x; sid:1;)\n"
		"alert udp any any -> any any (msg:\"set\"; content:\"go\"; flowbits:set,x; "
		"flowbits:noalert; sid:2;)\n"
		"alert udp any any -> any any (msg:\"not\"; flowbits:isnotset,x; sid:3;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "no", NULL), "3");
	assert_string_equal(rig_packet(&r, TS, "go", NULL), "1");
	assert_string_equal(rig_packet(&r, TC, NULL, NULL), "1");
	rig_done(&r);
}

/* Once a direction, when recognition of it is over. */
static void protocol_rules(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert tcp any any -> any any (msg:\"p\"; app-layer-protocol:tls; sid:1;)\n"
		"alert tcp any any -> any any (msg:\"n\"; app-layer-protocol:!tls; sid:2;)\n");
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "");
	rig_app(&r, IPS_P_TLS);
	r.flow.app.flags |= IPS_APP_DETECT_DONE_TOSERVER;
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1~");
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "");
	assert_string_equal(rig_packet(&r, TC, "x", NULL), "");
	r.flow.app.flags |= IPS_APP_DETECT_DONE_TOCLIENT;
	assert_string_equal(rig_packet(&r, TC, "x", NULL), "1~");
	rig_done(&r);
}

/* Recognition that failed is no protocol, and the end of a flow no packet. */
static void no_protocol(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert tcp any any -> any any (msg:\"n\"; app-layer-protocol:!tls; sid:1;)\n");
	rig_app(&r, IPS_P_FAILED);
	r.flow.app.flags |= IPS_APP_DETECT_DONE_TOSERVER;
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "");
	rig_app(&r, IPS_P_SSH);
	rig_fill(&r, TS, NULL);
	r.p.flags |= IPS_PKT_PSEUDO;
	assert_string_equal(rig_run(&r, NULL), "");
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1~");
	rig_done(&r);
}

/* Once the parser says the rest is encrypted, later payloads are not looked at. */
static void encrypted(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert tcp-pkt any any -> any any (msg:\"p\"; content:\"evil\"; sid:1;)\n"
		"alert tcp any any -> any any (msg:\"e\"; flow:established; sid:2;)\n");
	rig_app(&r, IPS_P_TLS);
	r.flow.app.flags |= IPS_APP_NO_RAW;
	assert_string_equal(rig_packet(&r, TS, "evil", NULL), "1,2");
	assert_string_equal(rig_packet(&r, TS, "evil", NULL), "2");
	rig_done(&r);
}

static void events(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert pkthdr any any -> any any (msg:\"d\"; decode-event:ipv4.pkt_too_small; "
		"sid:1;)\n"
		"alert tcp any any -> any any (msg:\"s\"; "
		"stream-event:3whs_synack_in_wrong_direction; sid:2;)\n");
	memset(&r.p, 0, sizeof(r.p));
	r.p.ts_us = r.now_us;
	ips_event_set(&r.p.events, IPS_EV_IPV4_PKT_TOO_SMALL);
	assert_string_equal(rig_run(&r, NULL), "1");
	rig_fill(&r, TS, NULL);
	assert_string_equal(rig_run(&r, NULL), "");
	ips_event_set(&r.p.events,
		(enum ips_event)ips_event_by_name("stream.3whs_synack_in_wrong_direction"));
	assert_string_equal(rig_run(&r, NULL), "2");
	rig_done(&r);
}

/* Payload rules of a protocol are for its flows alone. */
static void app_payload(void **state)
{
	struct ips_raw raw = rig_raw("say evil things", 0, 0);
	struct rig r;

	rig_init(&r, false,
		"alert tls any any -> any any (msg:\"t\"; content:\"evil\"; sid:1;)\n"
		"alert http any any -> any any (msg:\"h\"; content:\"evil\"; sid:2;)\n"
		"alert tls any any -> any 443 (msg:\"p\"; content:\"evil\"; sid:3;)\n");
	assert_string_equal(rig_packet(&r, TS, NULL, &raw), "");
	rig_app(&r, IPS_P_TLS);
	assert_string_equal(rig_packet(&r, TS, NULL, &raw), "1~");
	rig_app(&r, IPS_P_HTTP2);
	assert_string_equal(rig_packet(&r, TS, NULL, &raw), "2~");
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_rules),
		cmocka_unit_test(like_address_rules),
		cmocka_unit_test(every_packet),
		cmocka_unit_test(payload_and_stream),
		cmocka_unit_test(udp),
		cmocka_unit_test(icmp),
		cmocka_unit_test(flowbits),
		cmocka_unit_test(protocol_rules),
		cmocka_unit_test(no_protocol),
		cmocka_unit_test(encrypted),
		cmocka_unit_test(events),
		cmocka_unit_test(app_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
