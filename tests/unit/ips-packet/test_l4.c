/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP, UDP, ICMP, ICMPv6, SCTP and ESP. */
#include <netinet/in.h>

#include "tests/unit/ips-packet/build.h"

static struct build b;
static struct ips_packet p;
static struct ips_decoder *d;

static int setup(void **state)
{
	d = t_decoder(false);
	b_init(&b);
	return 0;
}

static int teardown(void **state)
{
	ips_decoder_free(d);
	return 0;
}

static void raw(void)
{
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
}

static void test_tcp(void **state)
{
	static const uint8_t syn[20] = {
		2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8, 1, 3, 3, 7};

	b_tcp(&b, 40000, 443, IPS_TCP_SYN, syn, sizeof(syn));
	b_ip4_plain(&b, IPPROTO_TCP);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_false(p.flags & IPS_PKT_CSUM_BAD);
	assert_int_equal(p.sport, 40000);
	assert_int_equal(p.dport, 443);
	assert_int_equal(p.tcp.seq, 1000);
	assert_int_equal(p.tcp.ack, 2000);
	assert_int_equal(p.tcp.win, 512);
	assert_int_equal(p.tcp.flags, IPS_TCP_SYN);
	assert_int_equal(p.tcp.hlen, 40);
	assert_int_equal(p.tcp.mss, 1460);
	assert_int_equal(p.tcp.wscale, 7);
	assert_true(p.tcp.sack_ok);
	assert_true(p.tcp.has_ts);
	assert_int_equal(p.tcp.ts_val, 9);
	assert_int_equal(p.tcp.ts_ecr, 8);
	assert_int_equal(p.payload.len, 0);
	assert_int_equal(p.l4.len, 40);
}

static void options(const void *o, uint32_t n, enum ips_event ev)
{
	b_init(&b);
	b_text(&b, "data");
	b_tcp(&b, 1, 2, IPS_TCP_ACK, o, n);
	b_ip4_plain(&b, IPPROTO_TCP);
	raw();
	t_only_event(&p, ev);
	t_payload_is(&p, "data");
}

static void test_tcp_options(void **state)
{
	static const uint8_t usual[12] = {1, 1, 8, 10, 0, 0, 1, 2, 0, 0, 3, 4};
	static const uint8_t mss3[4] = {2, 3, 5, 0}, mss_twice[8] = {2, 4, 1, 0, 2, 4, 2, 0};
	static const uint8_t beyond[4] = {8, 10, 0, 0}, zero[4] = {3, 0, 0, 0};
	static const uint8_t ends[4] = {0, 2, 9, 9}, last[4] = {1, 1, 1, 3};
	static const uint8_t scale[4] = {3, 3, 200, 0};
	static const uint8_t tfo[4] = {254, 4, 0xf9, 0x89}, sack[12] = {5, 9};
	static const uint8_t unknown[4] = {77, 4, 1, 2};

	options(usual, 12, IPS_EV_NONE);
	assert_int_equal(p.tcp.ts_val, 0x102);
	assert_int_equal(p.tcp.ts_ecr, 0x304);
	assert_int_equal(p.tcp.wscale, 255);
	assert_int_equal(p.tcp.mss, 0);
	options(mss3, 4, IPS_EV_TCP_OPT_INVALID_LEN);
	assert_int_equal(p.tcp.mss, 0);
	options(mss_twice, 8, IPS_EV_TCP_OPT_DUPLICATE);
	assert_int_equal(p.tcp.mss, 256);
	options(beyond, 4, IPS_EV_TCP_OPT_INVALID_LEN);
	assert_false(p.tcp.has_ts);
	options(zero, 4, IPS_EV_TCP_OPT_INVALID_LEN);
	options(ends, 4, IPS_EV_NONE);
	options(last, 4, IPS_EV_NONE);
	options(scale, 4, IPS_EV_NONE);
	assert_int_equal(p.tcp.wscale, 14);
	options(tfo, 4, IPS_EV_NONE);
	options(sack, 12, IPS_EV_TCP_OPT_INVALID_LEN);
	options(unknown, 4, IPS_EV_NONE);
}

static void malformed(enum ips_event ev)
{
	raw();
	t_only_event(&p, ev);
	assert_true(p.flags & IPS_PKT_INVALID);
	assert_int_equal(p.family, 4);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.dport, 0);
	assert_int_equal(p.l4.len, 0);
	assert_int_equal(p.payload.len, 0);
}

static void test_tcp_wrong(void **state)
{
	b_fill(&b, 1, 19);
	b_ip4_plain(&b, IPPROTO_TCP);
	malformed(IPS_EV_TCP_PKT_TOO_SMALL);
	b_init(&b);
	b_tcp(&b, 1, 2, 0, NULL, 0);
	b.room[b.at + 12] = 0x60;
	b_ip4_plain(&b, IPPROTO_TCP);
	malformed(IPS_EV_TCP_HLEN_TOO_SMALL);
	b_init(&b);
	b_tcp(&b, 1, 2, 0, NULL, 0);
	b.room[b.at + 12] = 0x40;
	b_ip4_plain(&b, IPPROTO_TCP);
	malformed(IPS_EV_TCP_INVALID_OPTLEN);
}

static void test_udp(void **state)
{
	b_fill(&b, 1, 7);
	b_ip4_plain(&b, IPPROTO_UDP);
	malformed(IPS_EV_UDP_HLEN_TOO_SMALL);
	b_init(&b);
	b_text(&b, "four");
	b_udp(&b, 1, 2);
	b.room[b.at + 5] = 13;
	b_ip4_plain(&b, IPPROTO_UDP);
	malformed(IPS_EV_UDP_PKT_TOO_SMALL);

	/* Bytes after the datagram are no part of it. */
	b_init(&b);
	b_text(&b, "fourmore");
	b_udp(&b, 1, 2);
	b.room[b.at + 5] = 12;
	b_ip4_plain(&b, IPPROTO_UDP);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	t_payload_is(&p, "four");
	assert_int_equal(p.l4_len_claimed, 12);
	b_init(&b);
	b_udp(&b, 1, 2);
	b.room[b.at + 5] = 7;
	b_ip4_plain(&b, IPPROTO_UDP);
	malformed(IPS_EV_UDP_LEN_INVALID);
}

static void test_icmp_echo(void **state)
{
	b_text(&b, "ping");
	b_icmp(&b, 8, 0, 0x1234, 7);
	b_ip4_plain(&b, IPPROTO_ICMP);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_false(p.flags & IPS_PKT_CSUM_BAD);
	assert_int_equal(p.icmp.type, 8);
	assert_true(p.icmp.has_id);
	assert_int_equal(p.icmp.id, 0x1234);
	assert_int_equal(p.icmp.seq, 7);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.icmp.inner.len, 0);
	t_payload_is(&p, "ping");

	b_init(&b);
	b_icmp(&b, 8, 1, 0, 0);
	b_ip4_plain(&b, IPPROTO_ICMP);
	raw();
	t_only_event(&p, IPS_EV_ICMPV4_UNKNOWN_CODE);
	b_init(&b);
	b_icmp(&b, 99, 0, 0, 0);
	b_ip4_plain(&b, IPPROTO_ICMP);
	raw();
	t_only_event(&p, IPS_EV_ICMPV4_UNKNOWN_TYPE);
	b_init(&b);
	b_fill(&b, 8, 7);
	b_ip4_plain(&b, IPPROTO_ICMP);
	malformed(IPS_EV_ICMPV4_PKT_TOO_SMALL);
}

static void test_icmp_error(void **state)
{
	b_udp(&b, 5, 6);
	b_ip4_plain(&b, IPPROTO_UDP);
	b_icmp(&b, 3, 3, 0, 0);
	b.done_csum = false;
	b_ip4_plain(&b, IPPROTO_ICMP);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_false(p.icmp.has_id);
	assert_int_equal(p.icmp.inner.len, 28);
	assert_int_equal(p.icmp.inner.data[9], IPPROTO_UDP);

	b_init(&b);
	b_fill(&b, 0x45, 19);
	b_icmp(&b, 11, 0, 0, 0);
	b_ip4_plain(&b, IPPROTO_ICMP);
	raw();
	t_only_event(&p, IPS_EV_ICMPV4_IPV4_TRUNC_PKT);
	assert_int_equal(p.icmp.inner.len, 0);
	b_init(&b);
	b_fill(&b, 0x65, 28);
	b_icmp(&b, 3, 1, 0, 0);
	b_ip4_plain(&b, IPPROTO_ICMP);
	raw();
	t_only_event(&p, IPS_EV_ICMPV4_IPV4_UNKNOWN_VER);
}

static void test_icmp6(void **state)
{
	b_text(&b, "ping");
	b_icmp(&b, 128, 0, 0x1234, 7);
	b_ip6_plain(&b, IPPROTO_ICMPV6);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_false(p.flags & IPS_PKT_CSUM_BAD);
	assert_int_equal(p.icmp.id, 0x1234);
	t_payload_is(&p, "ping");

	/* neighbour solicitation: all that follows the checksum is its own */
	b_init(&b);
	b_fill(&b, 0, 16);
	b_icmp(&b, 135, 0, 0, 0);
	b_ip6_plain(&b, IPPROTO_ICMPV6);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.payload.len, 20);

	b_init(&b);
	b_ip6_plain(&b, IPPROTO_NONE);
	b_icmp(&b, 1, 4, 0, 0);
	b_ip6(&b, IPPROTO_ICMPV6, 0);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.icmp.inner.len, 40);
}

static void icmp6_event(uint8_t type, uint8_t code, enum ips_event ev)
{
	b_init(&b);
	b_icmp(&b, type, code, 0, 0);
	b_ip6_plain(&b, IPPROTO_ICMPV6);
	raw();
	t_only_event(&p, ev);
}

static void test_icmp6_events(void **state)
{
	icmp6_event(1, 7, IPS_EV_ICMPV6_UNKNOWN_CODE);
	icmp6_event(1, 0, IPS_EV_ICMPV6_IPV6_TRUNC_PKT);
	icmp6_event(135, 1, IPS_EV_ICMPV6_UNKNOWN_CODE);
	icmp6_event(138, 255, IPS_EV_NONE);
	icmp6_event(155, 4, IPS_EV_ICMPV6_UNKNOWN_CODE);
	icmp6_event(155, 130, IPS_EV_NONE);
	icmp6_event(127, 0, IPS_EV_ICMPV6_UNKNOWN_TYPE);
	icmp6_event(5, 0, IPS_EV_ICMPV6_UNASSIGNED_TYPE);
	icmp6_event(200, 0, IPS_EV_ICMPV6_EXPERIMENTATION_TYPE);
	icmp6_event(131, 0, IPS_EV_ICMPV6_MLD_MESSAGE_WITH_INVALID_HL);
}

static void test_sctp(void **state)
{
	static const uint8_t init[8] = {1, 0, 0, 6, 'i', 'n', 0, 0};
	static const uint8_t data[20] = {
		0, 3, 0, 18, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 'h', 'i', 0, 0};
	static const uint8_t head[12] = {0x0b, 0x59, 0x0b, 0x5a, 1, 2, 3, 4};

	b_put(&b, data, sizeof(data));
	b_put(&b, init, sizeof(init));
	b_put(&b, head, sizeof(head));
	b_ip4_plain(&b, IPPROTO_SCTP);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.sport, 2905);
	assert_int_equal(p.dport, 2906);
	assert_int_equal(p.sctp.vtag, 0x01020304);
	assert_int_equal(p.payload.len, 28);
	assert_int_equal(p.sctp.data.len, 2);
	assert_memory_equal(p.sctp.data.data, "hi", 2);

	b_init(&b);
	b_put(&b, head, 11);
	b_ip4_plain(&b, IPPROTO_SCTP);
	malformed(IPS_EV_SCTP_PKT_TOO_SMALL);
}

static void test_esp(void **state)
{
	b_fill(&b, 1, 20);
	b_ip4_plain(&b, IPPROTO_ESP);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.payload.len, 12);
	b_init(&b);
	b_fill(&b, 1, 7);
	b_ip4_plain(&b, IPPROTO_ESP);
	malformed(IPS_EV_ESP_PKT_TOO_SMALL);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_tcp),
		T(test_tcp_options),
		T(test_tcp_wrong),
		T(test_udp),
		T(test_icmp_echo),
		T(test_icmp_error),
		T(test_icmp6),
		T(test_icmp6_events),
		T(test_sctp),
		T(test_esp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
