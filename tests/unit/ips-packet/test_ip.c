/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 headers, options, extension headers, super-packets. */
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

static void udp4(const void *options, uint32_t n)
{
	b_init(&b);
	b_text(&b, "hello");
	b_udp(&b, 1111, 53);
	b_ip4(&b, &(struct b_ip4){.proto = IPPROTO_UDP, .options = options, .options_len = n});
}

static uint8_t *head(void)
{
	return b.room + b.at;
}

static void raw(void)
{
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
}

static void test_v4_fields(void **state)
{
	b_text(&b, "hello");
	b_udp(&b, 1111, 53);
	b_ip4(&b,
		&(struct b_ip4){
			.proto = IPPROTO_UDP, .ttl = 7, .tos = 0xb8, .id = 0x1234, .frag = 0x4000});
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.ttl, 7);
	assert_int_equal(p.tos, 0xb8);
	assert_int_equal(p.ip_id, 0x1234);
	assert_int_equal(p.ip_frag, 0x4000);
	assert_int_equal(p.ip_hlen, 20);
	assert_false(p.flags & (IPS_PKT_FRAGMENT | IPS_PKT_CSUM_BAD));
	t_payload_is(&p, "hello");
}

static void invalid_with(enum ips_event ev)
{
	raw();
	t_only_event(&p, ev);
	assert_true(p.flags & IPS_PKT_INVALID);
	assert_int_equal(p.family, 0);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.payload.len, 0);
}

static void test_v4_wrong(void **state)
{
	udp4(NULL, 0);
	head()[0] = 0x44;
	invalid_with(IPS_EV_IPV4_HLEN_TOO_SMALL);
	udp4(NULL, 0);
	head()[2] = 0;
	head()[3] = 19;
	invalid_with(IPS_EV_IPV4_IPLEN_SMALLER_THAN_HLEN);
	udp4(NULL, 0);
	head()[3] = 34;
	invalid_with(IPS_EV_IPV4_TRUNC_PKT);
	b_init(&b);
	b_fill(&b, 0x45, 19);
	invalid_with(IPS_EV_IPV4_PKT_TOO_SMALL);
	b_init(&b);
	b_fill(&b, 0x65, 40);
	b_eth(&b, 0x0800);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_IPV4_WRONG_IP_VERSION);
}

static void test_v4_checksum(void **state)
{
	udp4(NULL, 0);
	head()[10] ^= 1;
	raw();
	assert_true(p.flags & IPS_PKT_CSUM_BAD);
	udp4(NULL, 0);
	head()[32] ^= 1; /* payload */
	raw();
	assert_true(p.flags & IPS_PKT_CSUM_BAD);
	udp4(NULL, 0);
	head()[26] = head()[27] = 0; /* UDP without a checksum */
	raw();
	assert_false(p.flags & IPS_PKT_CSUM_BAD);
}

static void options(const void *o, uint32_t n, enum ips_event ev, uint32_t set)
{
	udp4(o, n);
	raw();
	t_only_event(&p, ev);
	assert_int_equal(p.ip_options, set);
	t_payload_is(&p, "hello");
}

static void test_v4_options(void **state)
{
	static const uint8_t rr[8] = {7, 7, 4, 10, 0, 0, 9, 0};
	static const uint8_t rr_ptr[8] = {7, 7, 5, 10, 0, 0, 9, 0};
	static const uint8_t ts[8] = {0x44, 8, 5, 0, 0, 0, 0, 0};
	static const uint8_t ts_ptr[8] = {0x44, 8, 4, 0, 0, 0, 0, 0};
	static const uint8_t alert[8] = {0x94, 4, 0, 0, 1, 1, 1, 1};
	static const uint8_t alert_len[8] = {0x94, 3, 0, 1, 1, 1, 1, 1};
	static const uint8_t sec[16] = {0x82, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0};
	static const uint8_t lsrr_ssrr[16] = {0x83, 7, 4, 1, 2, 3, 4, 0x89, 7, 4, 1, 2, 3, 4, 0, 0};
	static const uint8_t twice[16] = {0x83, 7, 4, 1, 2, 3, 4, 0x83, 7, 4, 1, 2, 3, 4, 0, 0};
	static const uint8_t satid[8] = {0x88, 4, 0, 0, 0, 0, 0, 0};
	static const uint8_t cipso[16] = {0x86, 10, 0, 0, 0, 1, 1, 4, 0, 0, 0};
	static const uint8_t cipso_tag[16] = {0x86, 10, 0, 0, 0, 1, 3, 4, 0, 0, 0};
	static const uint8_t unknown[8] = {0x9e, 4, 0, 0, 0, 0, 0, 0};
	static const uint8_t four[4] = {1, 1, 1, 0};
	static const uint8_t no_end[8] = {1, 1, 1, 1, 1, 1, 1, 7};

	options(rr, 8, IPS_EV_NONE, IPS_IPOPT_RR | IPS_IPOPT_EOL);
	options(rr_ptr, 8, IPS_EV_IPV4_OPT_MALFORMED, IPS_IPOPT_EOL);
	options(ts, 8, IPS_EV_NONE, IPS_IPOPT_TS);
	options(ts_ptr, 8, IPS_EV_IPV4_OPT_MALFORMED, 0);
	options(alert, 8, IPS_EV_NONE, IPS_IPOPT_RTRALT | IPS_IPOPT_NOP);
	options(alert_len, 8, IPS_EV_IPV4_OPT_INVALID_LEN, IPS_IPOPT_NOP);
	options(sec, 16, IPS_EV_NONE, IPS_IPOPT_SEC | IPS_IPOPT_NOP | IPS_IPOPT_EOL);
	options(lsrr_ssrr, 16, IPS_EV_NONE, IPS_IPOPT_LSRR | IPS_IPOPT_SSRR | IPS_IPOPT_EOL);
	options(twice, 16, IPS_EV_IPV4_OPT_DUPLICATE, IPS_IPOPT_LSRR | IPS_IPOPT_EOL);
	options(satid, 8, IPS_EV_NONE, IPS_IPOPT_SATID | IPS_IPOPT_EOL);
	options(cipso, 16, IPS_EV_NONE, IPS_IPOPT_CIPSO | IPS_IPOPT_EOL);
	options(cipso_tag, 16, IPS_EV_IPV4_OPT_MALFORMED, IPS_IPOPT_EOL);
	options(unknown, 8, IPS_EV_IPV4_OPT_INVALID, IPS_IPOPT_EOL);
	options(four, 4, IPS_EV_IPV4_OPT_PAD_REQUIRED, IPS_IPOPT_NOP | IPS_IPOPT_EOL);
	options(no_end, 8, IPS_EV_IPV4_OPT_EOL_REQUIRED, IPS_IPOPT_NOP);
}

/* Options whose lengths do not add up: there is no telling where they end. */
static void test_v4_options_wrong(void **state)
{
	static const uint8_t beyond[8] = {7, 9, 4, 10, 0, 0, 9, 0};
	static const uint8_t zero[8] = {7, 0};

	udp4(beyond, 8);
	invalid_with(IPS_EV_IPV4_OPT_INVALID_LEN);
	udp4(zero, 8);
	invalid_with(IPS_EV_IPV4_OPT_INVALID_LEN);
}

/* An unknown protocol over IP is a packet all the same. */
static void test_v4_other(void **state)
{
	b_text(&b, "ospf");
	b_ip4_plain(&b, 89);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.proto, 89);
	assert_int_equal(p.l4.len, 4);
	assert_int_equal(p.payload.len, 0);
	b_init(&b);
	b_ip4_plain(&b, IPPROTO_ICMPV6);
	raw();
	t_only_event(&p, IPS_EV_IPV4_ICMPV6);
}

/* ---- IPv6 ---- */

static void udp6(void)
{
	b_init(&b);
	b_text(&b, "hello");
	b_udp(&b, 1111, 53);
}

/* Hop-by-hop options and the like: header of n bytes with options that fill it. */
static void ext(const void *h, uint32_t n)
{
	b_put(&b, h, n);
}

static void v6_is_udp(enum ips_event ev)
{
	raw();
	t_only_event(&p, ev);
	assert_int_equal(p.family, 6);
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_int_equal(p.dport, 53);
	t_payload_is(&p, "hello");
}

static void test_v6_headers(void **state)
{
	static const uint8_t hop[8] = {43, 0, 5, 2, 0, 0, 0, 0};
	static const uint8_t routing[8] = {60, 0, 2, 0};
	static const uint8_t dst[8] = {51, 0, 0x1e, 4, 1, 2, 3, 4};
	static const uint8_t auth[12] = {17, 1};

	udp6();
	ext(auth, 12);
	ext(dst, 8);
	ext(routing, 8);
	ext(hop, 8);
	b_ip6(&b, IPPROTO_HOPOPTS, 0);
	head()[1] = 0xb8;
	raw();
	t_only_event(&p, IPS_EV_IPV6_DSTOPTS_UNKNOWN_OPT);
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.tos, 0x0b);
	t_payload_is(&p, "hello");
}

static void test_v6_header_events(void **state)
{
	static const uint8_t pad[8] = {17, 0, 1, 4, 0, 0, 0, 0};
	static const uint8_t pad0[8] = {17, 0, 1, 0, 5, 2, 0, 0};
	static const uint8_t longer[8] = {17, 0, 5, 5, 0, 0, 0, 0};
	static const uint8_t type0[8] = {17, 0, 0, 0};
	static const uint8_t twice[8] = {0, 0, 5, 2, 0, 0, 0, 0},
			     hop[8] = {17, 0, 5, 2, 0, 0, 0, 0};
	static const uint8_t reserved[12] = {17, 1, 0, 1};
	static const uint8_t atomic[8] = {17, 0, 0, 0, 0, 0, 0, 1};

	udp6();
	ext(pad, 8);
	b_ip6(&b, IPPROTO_HOPOPTS, 0);
	v6_is_udp(IPS_EV_IPV6_HOPOPTS_ONLY_PADDING);
	udp6();
	ext(pad0, 8);
	b_ip6(&b, IPPROTO_DSTOPTS, 0);
	v6_is_udp(IPS_EV_IPV6_ZERO_LEN_PADN);
	udp6();
	ext(longer, 8);
	b_ip6(&b, IPPROTO_DSTOPTS, 0);
	v6_is_udp(IPS_EV_IPV6_EXTHDR_INVALID_OPTLEN);
	udp6();
	ext(type0, 8);
	b_ip6(&b, IPPROTO_ROUTING, 0);
	v6_is_udp(IPS_EV_IPV6_RH_TYPE_0);
	udp6();
	ext(hop, 8);
	ext(twice, 8);
	b_ip6(&b, IPPROTO_HOPOPTS, 0);
	v6_is_udp(IPS_EV_IPV6_EXTHDR_DUPL_HH);
	udp6();
	ext(reserved, 12);
	b_ip6(&b, IPPROTO_AH, 0);
	v6_is_udp(IPS_EV_IPV6_EXTHDR_AH_RES_NOT_NULL);
	udp6();
	ext(atomic, 8);
	b_ip6(&b, IPPROTO_FRAGMENT, 0);
	v6_is_udp(IPS_EV_IPV6_EXTHDR_USELESS_FH);
}

static void test_v6_wrong(void **state)
{
	static const uint8_t cut[8] = {17, 1};

	b_fill(&b, 0x60, 39);
	invalid_with(IPS_EV_IPV6_PKT_TOO_SMALL);
	udp6();
	b_ip6_plain(&b, IPPROTO_UDP);
	head()[5]++;
	invalid_with(IPS_EV_IPV6_TRUNC_PKT);

	b_init(&b);
	ext(cut, 8);
	b_ip6(&b, IPPROTO_HOPOPTS, 0);
	raw();
	t_only_event(&p, IPS_EV_IPV6_TRUNC_EXTHDR);
	assert_int_equal(p.family, 6);
	assert_int_equal(p.l4.len, 0);

	b_init(&b);
	b_ip6_plain(&b, IPPROTO_NONE);
	raw();
	t_only_event(&p, IPS_EV_NONE);
	b_init(&b);
	b_text(&b, "x");
	b_ip6_plain(&b, IPPROTO_NONE);
	raw();
	t_only_event(&p, IPS_EV_IPV6_DATA_AFTER_NONE_HEADER);
	b_init(&b);
	b_text(&b, "x");
	b_ip6_plain(&b, 200);
	raw();
	t_only_event(&p, IPS_EV_IPV6_UNKNOWN_NEXT_HEADER);
	assert_int_equal(p.l4.len, 1);
	b_init(&b);
	b_icmp(&b, 8, 0, 1, 1);
	b_ip6(&b, IPPROTO_ICMP, 0);
	raw();
	t_only_event(&p, IPS_EV_IPV6_ICMPV4);
}

/* A chain of 8000 headers ends where the packet does, in linear time. */
static void test_v6_long_chain(void **state)
{
	static const uint8_t dst[8] = {60, 0, 1, 4};

	b_text(&b, "end");
	for (int i = 0; i < 8000; i++)
		ext(dst, 8);
	b_ip6(&b, IPPROTO_DSTOPTS, 0);
	raw();
	assert_true(t_has(&p, IPS_EV_IPV6_EXTHDR_DUPL_DH));
	assert_true(t_has(&p, IPS_EV_IPV6_TRUNC_EXTHDR));
	assert_int_equal(p.l4.len, 0);
}

/* ---- super-packets ---- */

static void gso_tcp(uint32_t payload)
{
	b_init(&b);
	b_fill(&b, 'x', payload);
	b_tcp(&b, 80, 4000, IPS_TCP_ACK, NULL, 0);
}

static void test_gso(void **state)
{
	struct ips_decoder *g = t_decoder(true);

	gso_tcp(65535 - 40);
	b_ip4_plain(&b, IPPROTO_TCP);
	t_decode(g, IPS_LINK_RAW, b_view(&b), &p);
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.payload.len, 65495);

	/* BIG TCP: more than the field can tell, so it is 0 or cut */
	gso_tcp(66000);
	b_ip4_plain(&b, IPPROTO_TCP);
	head()[2] = head()[3] = 0;
	t_decode(g, IPS_LINK_RAW, b_view(&b), &p);
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.payload.len, 66000);
	gso_tcp(66000);
	b_ip4_plain(&b, IPPROTO_TCP);
	t_decode(g, IPS_LINK_RAW, b_view(&b), &p);
	assert_int_equal(p.payload.len, 66000);
	gso_tcp(66000);
	b_ip6_plain(&b, IPPROTO_TCP);
	head()[4] = head()[5] = 0;
	t_decode(g, IPS_LINK_RAW, b_view(&b), &p);
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.payload.len, 66000);

	/* In captures such a packet is what its header says. */
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
	assert_int_equal(p.payload.len, 0);
	t_only_event(&p, IPS_EV_TCP_PKT_TOO_SMALL);
	ips_decoder_free(g);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_v4_fields),
		T(test_v4_wrong),
		T(test_v4_checksum),
		T(test_v4_options),
		T(test_v4_options_wrong),
		T(test_v4_other),
		T(test_v6_headers),
		T(test_v6_header_events),
		T(test_v6_wrong),
		T(test_v6_long_chain),
		T(test_gso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
