/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions on packets and flows, and what a rule does when it matched. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/unit/ips-inspect/one.h"

static const char TCP[] = "tcp any any -> any any";
static const char IP[] = "ip any any -> any any";

static bool holds(struct one *o, const char *header, const char *options)
{
	one_rule(o, header, options);
	return ips_inspect_flow_opt(o->rule, &o->p) &&
		ips_inspect_packet_conds(o->in, o->rule, &o->env);
}

static void tcp_packet(struct one *o, uint8_t flags)
{
	o->p.proto = o->flow.proto = IPPROTO_TCP;
	o->p.tcp = (struct ips_tcp_hdr){
		.seq = 7, .ack = 9, .win = 1024, .flags = flags, .hlen = 20, .mss = 1460};
}

static void tcp_flags(void **state)
{
	static const struct {
		const char *rule;
		uint8_t flags;
		bool yes;
	} t[] = {
		{"flags:S;", IPS_TCP_SYN, true},
		{"flags:S;", IPS_TCP_SYN | IPS_TCP_ACK, false},
		{"flags:+S;", IPS_TCP_SYN | IPS_TCP_ACK, true},
		{"flags:S+;", IPS_TCP_ACK, false},
		{"flags:*SF;", IPS_TCP_FIN | IPS_TCP_ACK, true},
		{"flags:*SF;", IPS_TCP_ACK, false},
		{"flags:!S;", IPS_TCP_ACK, true},
		{"flags:!S;", IPS_TCP_SYN, false},
		{"flags:S,CE;", IPS_TCP_SYN | IPS_TCP_ECE | IPS_TCP_CWR, true},
		{"flags:S,12;", IPS_TCP_SYN | IPS_TCP_PSH, false},
		{"flags:0;", 0, true},
		{"flags:0;", IPS_TCP_ACK, false},
		{"flags:SFRPAUEC;", 0xff, true},
	};
	struct one o;

	one_open(&o, TCP, t[0].rule);
	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++) {
		tcp_packet(&o, t[i].flags);
		if (holds(&o, TCP, t[i].rule) != t[i].yes)
			fail_msg("%s on %#x", t[i].rule, t[i].flags);
	}
	assert_false(holds(&o, TCP, "flags:S;"));
	o.p.tcp.flags = IPS_TCP_SYN;
	assert_true(holds(&o, TCP, "flags:S; seq:7; ack:9; window:1024; tcp.mss:>1000;"));
	assert_false(holds(&o, TCP, "window:!1024;"));
	o.p.flags |= IPS_PKT_PSEUDO;
	assert_false(holds(&o, TCP, "flags:S;"));
	one_close(&o);
}

static void ip_headers(void **state)
{
	struct one o;

	one_open(&o, IP, "ttl:5;");
	o.p.ttl = 5;
	o.p.tos = 8;
	o.p.ip_id = 1234;
	o.p.ip_frag = 0x4000 | 3;
	o.p.ip_options = IPS_IPOPT_RR;
	assert_true(holds(&o, IP, "ttl:5; tos:8; id:1234; fragoffset:3; fragbits:D; ipopts:rr;"));
	assert_true(holds(&o, IP, "ttl:<6; ip_proto:17;"));
	assert_true(holds(&o, IP, "ip_proto:udp; fragbits:!M;"));
	assert_false(holds(&o, IP, "ttl:>5;"));
	assert_false(holds(&o, IP, "tos:!8;"));
	assert_false(holds(&o, IP, "id:1;"));
	assert_false(holds(&o, IP, "fragbits:M;"));
	assert_true(holds(&o, IP, "fragbits:*MD;"));
	assert_false(holds(&o, IP, "ipopts:lsrr;"));
	assert_false(holds(&o, IP, "ipopts:any;"));
	assert_false(holds(&o, IP, "sameip;"));
	o.p.dst = o.p.src;
	assert_true(holds(&o, IP, "sameip;"));
	ips_event_set(&o.p.events, (enum ips_event)ips_event_by_name("ipv4.trunc_pkt"));
	assert_true(holds(&o, IP, "decode-event:ipv4.trunc_pkt;"));
	assert_false(holds(&o, IP, "decode-event:ipv4.pkt_too_small;"));
	one_close(&o);
}

/* A datagram of two bytes, its checksums right and then not. */
static void checksums(void **state)
{
	uint8_t b[] = {0x45, 0, 0, 30, 0, 7, 0, 0, 64, 17, 0x66, 0xc6, 10, 0, 0, 1, 10, 0, 0, 2,
		0x03, 0xe8, 0x07, 0xd0, 0, 10, 0x67, 0xa7, 'x', 'x'};
	struct one o;

	one_open(&o, IP, "ttl:5;");
	o.p.l3 = (struct ips_view){b, sizeof(b)};
	o.p.l4 = (struct ips_view){b + 20, 10};
	o.p.ip_hlen = 20;
	o.p.l4_len_claimed = 10;
	assert_true(holds(&o, IP, "ipv4-csum:valid; udpv4-csum:valid;"));
	assert_false(holds(&o, IP, "ipv4-csum:invalid;"));
	assert_false(holds(&o, IP, "udpv4-csum:invalid;"));
	assert_false(holds(&o, IP, "tcpv4-csum:valid;"));
	assert_false(holds(&o, IP, "udpv6-csum:valid;"));
	b[8]--;
	b[28]++;
	assert_true(holds(&o, IP, "ipv4-csum:invalid; udpv4-csum:invalid;"));
	assert_false(holds(&o, IP, "udpv4-csum:valid;"));
	b[26] = b[27] = 0; /* none */
	assert_false(holds(&o, IP, "udpv4-csum:invalid;"));
	o.p.l4.len = 7;
	assert_false(holds(&o, IP, "udpv4-csum:invalid;"));
	one_close(&o);
}

static void icmp(void **state)
{
	const char *h = "icmp any any -> any any";
	static const uint8_t mtu[] = {2, 0, 0, 0, 0, 0, 5, 0xdc};
	struct one o;

	one_open(&o, h, "itype:8;");
	o.p.proto = IPPROTO_ICMP;
	o.p.l4 = (struct ips_view){mtu, sizeof(mtu)};
	o.p.icmp = (struct ips_icmp_hdr){.type = 8, .code = 1, .has_id = true, .id = 77, .seq = 3};
	assert_true(holds(&o, h, "itype:8; icode:1; icmp_id:77; icmp_seq:3;"));
	assert_true(holds(&o, h, "itype:7<>9; icode:<2;"));
	assert_false(holds(&o, h, "itype:8<>10;"));
	assert_false(holds(&o, h, "icmp_id:78;"));
	o.p.icmp.has_id = false;
	assert_false(holds(&o, h, "icmp_id:77;"));
	o.p.proto = IPPROTO_ICMPV6;
	o.p.family = 6;
	o.p.icmp.type = 2;
	assert_true(holds(&o, "icmpv6 any any -> any any", "icmpv6.mtu:1500;"));
	assert_false(holds(&o, "icmpv6 any any -> any any", "icmpv6.mtu:<1500;"));
	o.p.l4.len = 7;
	assert_false(holds(&o, "icmpv6 any any -> any any", "icmpv6.mtu:1500;"));
	one_close(&o);
}

static void flow_options(void **state)
{
	struct one o;

	one_open(&o, NULL, "flow:to_server;");
	assert_true(holds(&o, NULL, "flow:to_server;"));
	assert_false(holds(&o, NULL, "flow:to_client;"));
	assert_false(holds(&o, NULL, "flow:established,to_server;"));
	assert_true(holds(&o, NULL, "flow:not_established;"));
	assert_true(holds(&o, NULL, "flow:stateless;"));
	o.p.flags |= IPS_PKT_ESTABLISHED;
	assert_true(holds(&o, NULL, "flow:established,to_server;"));
	assert_false(holds(&o, NULL, "flow:not_established;"));
	assert_true(holds(&o, NULL, "flow:no_frag;"));
	assert_false(holds(&o, NULL, "flow:only_frag;"));
	o.p.flags |= IPS_PKT_REASSEMBLED;
	assert_true(holds(&o, NULL, "flow:only_frag;"));
	o.p.dir = IPS_TOCLIENT;
	assert_true(holds(&o, NULL, "flow:from_server,established;"));
	assert_false(holds(&o, NULL, "flow:from_client,established;"));
	o.p.flow = NULL;
	assert_false(holds(&o, NULL, "flow:to_client;"));
	one_close(&o);
}

static void flows(void **state)
{
	struct one o;

	one_open(&o, NULL, "flow.age:>3;");
	o.flow.first_us = 1500000;
	o.flow.last_us = 5400000; /* whole seconds: 5 - 1 */
	o.flow.pkts[IPS_TOSERVER] = 3;
	o.flow.bytes[IPS_TOCLIENT] = 5000;
	assert_true(holds(&o, NULL, "flow.age:>3;"));
	assert_false(holds(&o, NULL, "flow.age:>4;"));
	assert_true(holds(&o, NULL, "flow.pkts_toserver:3; flow.bytes_toclient:>4999;"));
	assert_false(holds(&o, NULL, "flow.pkts_toclient:3;"));
	assert_false(holds(&o, NULL, "flow.bytes_toserver:>4999;"));
	o.p.flow = NULL;
	assert_false(holds(&o, NULL, "flow.age:<100;"));
	one_close(&o);
}

static void app_protocols(void **state)
{
	struct one o;

	one_open(&o, TCP, "app-layer-protocol:tls;");
	tcp_packet(&o, IPS_TCP_ACK);
	assert_false(holds(&o, TCP, "app-layer-protocol:tls;"));
	assert_false(holds(&o, TCP, "app-layer-protocol:!tls;")); /* not known yet */
	o.flow.app.dir_id[IPS_TOSERVER] = IPS_P_TLS;
	assert_true(holds(&o, TCP, "app-layer-protocol:tls;"));
	assert_false(holds(&o, TCP, "app-layer-protocol:!tls;"));
	assert_true(holds(&o, TCP, "app-layer-protocol:!http;"));
	o.p.dir = IPS_TOCLIENT;
	assert_false(holds(&o, TCP, "app-layer-protocol:tls;"));
	o.flow.app.dir_id[IPS_TOCLIENT] = IPS_P_FAILED;
	assert_true(holds(&o, TCP, "app-layer-protocol:failed;"));
	o.flow.app.dir_id[IPS_TOCLIENT] = IPS_P_HTTP2;
	assert_true(holds(&o, TCP, "app-layer-protocol:http;"));
	assert_false(holds(&o, TCP, "app-layer-protocol:http1;"));
	assert_true(holds(&o, TCP, "app-layer-protocol:http2;"));
	one_close(&o);
}

static void act(struct one *o, const char *options)
{
	one_rule(o, NULL, options);
	ips_inspect_actions(o->rule, &o->env);
}

static void flowbits(void **state)
{
	struct one o;

	one_open(&o, NULL, "flowbits:set,a;");
	assert_false(holds(&o, NULL, "flowbits:isset,a;"));
	assert_true(holds(&o, NULL, "flowbits:isnotset,a;"));
	act(&o, "flowbits:set,a;");
	assert_true(holds(&o, NULL, "flowbits:isset,a;"));
	assert_false(holds(&o, NULL, "flowbits:isset,b;"));
	assert_true(holds(&o, NULL, "flowbits:isset,b|a;"));
	assert_false(holds(&o, NULL, "flowbits:isnotset,b|a;"));
	act(&o, "flowbits:toggle,a;");
	assert_false(holds(&o, NULL, "flowbits:isset,a;"));
	act(&o, "flowbits:toggle,a; flowbits:set,b;");
	assert_true(holds(&o, NULL, "flowbits:isset,a; flowbits:isset,b;"));
	act(&o, "flowbits:unset,a;");
	assert_false(holds(&o, NULL, "flowbits:isset,a;"));
	assert_true(holds(&o, NULL, "flowbits:isset,b;"));
	o.p.flow = NULL; /* no flow: neither set nor not set */
	assert_false(holds(&o, NULL, "flowbits:isnotset,a;"));
	one_close(&o);
}

static void flowints(void **state)
{
	struct one o;

	one_open(&o, NULL, "flowint:cc,=,1;");
	assert_true(holds(&o, NULL, "flowint:cc,notset;"));
	assert_false(holds(&o, NULL, "flowint:cc,isset;"));
	assert_false(holds(&o, NULL, "flowint:cc,!=,5;")); /* nothing to compare */
	act(&o, "flowint:cc,-,1;");
	assert_true(holds(&o, NULL, "flowint:cc,notset;"));
	act(&o, "flowint:cc,+,5;");
	assert_true(holds(&o, NULL, "flowint:cc,==,5; flowint:cc,isset;"));
	act(&o, "flowint:cc,+,2;");
	assert_true(holds(&o, NULL, "flowint:cc,==,7; flowint:cc,>=,7; flowint:cc,<=,7;"));
	assert_false(holds(&o, NULL, "flowint:cc,>,7;"));
	assert_false(holds(&o, NULL, "flowint:cc,<,7;"));
	assert_true(holds(&o, NULL, "flowint:cc,>,dd;")); /* dd counts as 0 */
	act(&o, "flowint:dd,=,cc;");
	assert_true(holds(&o, NULL, "flowint:dd,==,cc; flowint:dd,!=,8;"));
	act(&o, "flowint:dd,-,8;"); /* 32 bits, wrapping */
	assert_true(holds(&o, NULL, "flowint:dd,==,4294967295;"));
	one_close(&o);
}

static void xbits(void **state)
{
	struct one o;

	one_open(&o, NULL, "xbits:set,q,track ip_src,expire 2;");
	o.env.now_us = 1000000000;
	act(&o, "xbits:set,q,track ip_src,expire 2; hostbits:set,h,dst;");
	assert_true(holds(&o, NULL, "xbits:isset,q,track ip_src;"));
	assert_false(holds(&o, NULL, "xbits:isset,q,track ip_dst;"));
	assert_false(holds(&o, NULL, "xbits:isset,q,track ip_pair;"));
	assert_true(holds(&o, NULL, "hostbits:isset,q,src;")); /* one space of names */
	assert_true(holds(&o, NULL, "hostbits:isset,h,dst;"));
	assert_false(holds(&o, NULL, "hostbits:isset,h,src;"));
	o.env.now_us = 1002999999;
	assert_true(holds(&o, NULL, "xbits:isset,q,track ip_src;"));
	o.env.now_us = 1003000000;
	assert_false(holds(&o, NULL, "xbits:isset,q,track ip_src;"));
	assert_true(holds(&o, NULL, "xbits:isnotset,q,track ip_src;"));
	/* A pair is the same in both directions. */
	act(&o, "xbits:set,p,track ip_pair,expire 20;");
	struct ips_addr src = o.p.src;

	o.p.src = o.p.dst;
	o.p.dst = src;
	assert_true(holds(&o, NULL, "xbits:isset,p,track ip_pair;"));
	act(&o, "xbits:toggle,p,track ip_pair;");
	assert_false(holds(&o, NULL, "xbits:isset,p,track ip_pair;"));
	act(&o, "xbits:toggle,p,track ip_pair;");
	assert_true(holds(&o, NULL, "xbits:isset,p,track ip_pair;"));
	act(&o, "xbits:unset,p,track ip_pair;");
	assert_true(holds(&o, NULL, "xbits:isnotset,p,track ip_pair;"));
	one_close(&o);
}

/* Seconds and letters as measured on the reference: x sets, t toggles, + and - what y then finds.
 */
static void xbits_are_not_prolonged(void **state)
{
	static const struct {
		unsigned s;
		char what;
	} t[] = {{0, 'x'}, {5, 'x'}, {9, '+'}, {11, '-'}, {12, 'x'}, {13, '+'}, {30, 'x'},
		{31, '-'}, {32, 't'}, {33, '+'}, {34, 't'}, {35, '-'}, {60, 't'}, {61, '+'}};
	struct one o;

	one_open(&o, NULL, "xbits:set,z,track ip_src,expire 10;");
	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++) {
		o.env.now_us = 1000000000ull + t[i].s * 1000000ull;
		if (t[i].what == 'x')
			act(&o, "xbits:set,z,track ip_src,expire 10;");
		else if (t[i].what == 't')
			act(&o, "xbits:toggle,z,track ip_src,expire 10;");
		else if (holds(&o, NULL, "xbits:isset,z,track ip_src;") != (t[i].what == '+'))
			fail_msg("at %u s", t[i].s);
	}
	act(&o, "hostbits:set,h;");
	o.env.now_us += 300000000;
	assert_true(holds(&o, NULL, "hostbits:isset,h;"));
	o.env.now_us += 1000000;
	assert_false(holds(&o, NULL, "hostbits:isset,h;"));
	one_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_flags),
		cmocka_unit_test(ip_headers),
		cmocka_unit_test(checksums),
		cmocka_unit_test(icmp),
		cmocka_unit_test(flow_options),
		cmocka_unit_test(flows),
		cmocka_unit_test(app_protocols),
		cmocka_unit_test(flowbits),
		cmocka_unit_test(flowints),
		cmocka_unit_test(xbits),
		cmocka_unit_test(xbits_are_not_prolonged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
