/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link layers: each of them down to the same UDP packet, and what is wrong with them. */
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

static void udp4(void)
{
	b_text(&b, "hello");
	b_udp(&b, 1111, 53);
	b_ip4_plain(&b, IPPROTO_UDP);
}

static void is_udp(void)
{
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_int_equal(p.sport, 1111);
	assert_int_equal(p.dport, 53);
	t_payload_is(&p, "hello");
	assert_false(p.flags & (IPS_PKT_INVALID | IPS_PKT_CSUM_BAD));
	assert_false(ips_decode_next(d, &p));
}

static void test_ethernet(void **state)
{
	static const uint8_t src[6] = {2, 0, 0, 0, 0, 1}, dst[6] = {2, 0, 0, 0, 0, 2};

	udp4();
	b_eth(&b, 0x0800);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();
	assert_int_equal(p.family, 4);
	assert_memory_equal(p.eth_src, src, 6);
	assert_memory_equal(p.eth_dst, dst, 6);
	assert_memory_equal(p.hw_src, src, 6);
	assert_int_equal(p.eth_type, 0x0800);
	assert_int_equal(p.src.w[0], htonl(0x0a000001));
	assert_int_equal(p.dst.w[0], htonl(0x0a000002));
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.ts_us, 1000000);
	assert_int_equal(p.num, 1);
	assert_int_equal(p.frame.len, 14 + 20 + 8 + 5);
	assert_int_equal(p.l3.len, 33);
	assert_int_equal(p.l4.len, 13);
}

/* Padding to the 60 bytes of an Ethernet frame is no part of the packet. */
static void test_padding(void **state)
{
	b_fill(&b, 0xee, 13);
	struct build small;

	b_init(&small);
	b_text(&small, "hello");
	b_udp(&small, 1111, 53);
	b_ip4_plain(&small, IPPROTO_UDP);
	b_put(&b, b_view(&small).data, b_view(&small).len);
	b_eth(&b, 0x0800);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();
	assert_int_equal(p.l3.len, 33);
	t_only_event(&p, IPS_EV_NONE);
}

static void test_ethernet_cut(void **state)
{
	uint8_t frame[13] = {0};

	t_decode(d, IPS_LINK_ETHERNET, (struct ips_view){frame, sizeof(frame)}, &p);
	t_only_event(&p, IPS_EV_ETHERNET_PKT_TOO_SMALL);
	assert_true(p.flags & IPS_PKT_INVALID);
	assert_int_equal(p.family, 0);
	assert_int_equal(ips_decoder_stats(d)->invalid, 1);
}

static void test_not_ip(void **state)
{
	b_fill(&b, 0, 46);
	b_eth(&b, 0x0806);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_NONE);
	assert_int_equal(p.family, 0);
	assert_int_equal(p.proto, 0);
	assert_int_equal(p.eth_type, 0x0806);
}

static void test_vlan(void **state)
{
	udp4();
	b_vlan(&b, 200, 0x0800);
	b_vlan(&b, 100, 0x8100);
	b_eth(&b, 0x88a8);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();
	assert_int_equal(p.vlan_n, 2);
	assert_int_equal(p.vlan[0], 100);
	assert_int_equal(p.vlan[1], 200);
}

static void test_vlan_three(void **state)
{
	udp4();
	b_vlan(&b, 300, 0x0800);
	b_vlan(&b, 200, 0x8100);
	b_vlan(&b, 100, 0x8100);
	b_eth(&b, 0x8100);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();
	assert_int_equal(p.vlan_n, 2);
}

static void test_vlan_wrong(void **state)
{
	udp4();
	b_vlan(&b, 4, 0x0800);
	for (uint16_t i = 3; i > 0; i--)
		b_vlan(&b, i, 0x8100);
	b_eth(&b, 0x8100);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_VLAN_TOO_MANY_LAYERS);
	assert_int_equal(p.family, 0);

	b_init(&b);
	b_vlan(&b, 1, 0x1234);
	b_eth(&b, 0x8100);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_VLAN_UNKNOWN_TYPE);

	b_init(&b);
	b_fill(&b, 0, 3);
	b_eth(&b, 0x8100);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_VLAN_HEADER_TOO_SMALL);
}

static void test_raw(void **state)
{
	udp4();
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
	is_udp();

	b_init(&b);
	b_text(&b, "hello");
	b_udp(&b, 1111, 53);
	b_ip6_plain(&b, IPPROTO_UDP);
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
	is_udp();
	assert_int_equal(p.family, 6);
	assert_int_equal(p.src.w[0], htonl(0xfd000000));
	assert_int_equal(p.dst.w[3], htonl(2));

	b_init(&b);
	b_fill(&b, 0x50, 60);
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
	t_only_event(&p, IPS_EV_IPRAW_INVALID_IP_VERSION);
}

static void test_null(void **state)
{
	static const uint8_t little[4] = {2, 0, 0, 0}, big[4] = {0, 0, 0, 2};

	udp4();
	b_put(&b, little, 4);
	t_decode(d, IPS_LINK_NULL, b_view(&b), &p);
	is_udp();

	b_init(&b);
	udp4();
	b_put(&b, big, 4);
	t_decode(d, IPS_LINK_NULL, b_view(&b), &p);
	is_udp();

	b_init(&b);
	b_fill(&b, 9, 40);
	t_decode(d, IPS_LINK_NULL, b_view(&b), &p);
	t_only_event(&p, IPS_EV_LTNULL_UNSUPPORTED_TYPE);
	b_init(&b);
	b_fill(&b, 9, 3);
	t_decode(d, IPS_LINK_NULL, b_view(&b), &p);
	t_only_event(&p, IPS_EV_LTNULL_PKT_TOO_SMALL);
}

static void test_sll(void **state)
{
	static const uint8_t sll[16] = {0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 8, 0};
	static const uint8_t sll2[20] = {8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9};
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};

	udp4();
	b_put(&b, sll, sizeof(sll));
	t_decode(d, IPS_LINK_SLL, b_view(&b), &p);
	is_udp();
	assert_memory_equal(p.hw_src, mac, 6);

	b_init(&b);
	udp4();
	b_put(&b, sll2, sizeof(sll2));
	t_decode(d, IPS_LINK_SLL2, b_view(&b), &p);
	is_udp();
	assert_memory_equal(p.hw_src, mac, 6);

	t_decode(d, IPS_LINK_SLL, (struct ips_view){sll, 15}, &p);
	t_only_event(&p, IPS_EV_SLL_PKT_TOO_SMALL);
}

static void test_ppp(void **state)
{
	static const uint8_t full[4] = {0xff, 0x03, 0x00, 0x21}, bare[2] = {0, 0x21},
			     one[1] = {0x21};
	static const uint8_t lcp[4] = {0xff, 0x03, 0xc0, 0x21}, ipx[4] = {0xff, 0x03, 0x00, 0x2b};
	static const uint8_t wrong[4] = {0xff, 0x03, 0x12, 0x34};

	udp4();
	b_put(&b, full, 4);
	t_decode(d, IPS_LINK_PPP, b_view(&b), &p);
	is_udp();
	b_init(&b);
	udp4();
	b_put(&b, bare, 2);
	t_decode(d, IPS_LINK_PPP, b_view(&b), &p);
	is_udp();
	b_init(&b);
	udp4();
	b_put(&b, one, 1);
	t_decode(d, IPS_LINK_PPP, b_view(&b), &p);
	is_udp();

	t_decode(d, IPS_LINK_PPP, (struct ips_view){lcp, 4}, &p);
	t_only_event(&p, IPS_EV_NONE);
	t_decode(d, IPS_LINK_PPP, (struct ips_view){ipx, 4}, &p);
	t_only_event(&p, IPS_EV_PPP_UNSUP_PROTO);
	t_decode(d, IPS_LINK_PPP, (struct ips_view){wrong, 4}, &p);
	t_only_event(&p, IPS_EV_PPP_WRONG_TYPE);
	t_decode(d, IPS_LINK_PPP, (struct ips_view){full, 4}, &p);
	t_only_event(&p, IPS_EV_PPP_IP4_PKT_TOO_SMALL);
	t_decode(d, IPS_LINK_PPP, (struct ips_view){full, 1}, &p);
	t_only_event(&p, IPS_EV_PPP_PKT_TOO_SMALL);
}

static void test_pppoe(void **state)
{
	uint8_t h[8] = {0x11, 0, 0, 1, 0, 35, 0, 0x21};
	static const uint8_t padi[10] = {0x11, 0x09, 0, 0, 0, 4, 1, 1, 0, 0};
	static const uint8_t bad[10] = {0x11, 0x0a, 0, 0, 0, 4, 1, 1, 0, 0};
	static const uint8_t more[10] = {0x11, 0x09, 0, 0, 0, 5, 1, 1, 0, 0};

	udp4();
	b_put(&b, h, sizeof(h));
	b_eth(&b, 0x8864);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();

	b_init(&b);
	b_put(&b, padi, sizeof(padi));
	b_eth(&b, 0x8863);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_NONE);
	b_init(&b);
	b_put(&b, bad, sizeof(bad));
	b_eth(&b, 0x8863);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_PPPOE_WRONG_CODE);
	b_init(&b);
	b_put(&b, more, sizeof(more));
	b_eth(&b, 0x8863);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_PPPOE_MALFORMED_TAGS);
	b_init(&b);
	b_fill(&b, 1, 5);
	b_eth(&b, 0x8864);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_PPPOE_PKT_TOO_SMALL);
}

static void test_mpls(void **state)
{
	static const uint8_t stack[8] = {0, 1, 0x50, 64, 0, 1, 0x61, 64};
	static const uint8_t alert[8] = {0, 0, 0x11, 64}, reserved[8] = {0, 0, 0x51, 64};
	static const uint8_t endless[6] = {0, 1, 0x50, 64, 0, 0};

	udp4();
	b_put(&b, stack, sizeof(stack));
	b_eth(&b, 0x8847);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();

	/* a pseudo wire: control word, Ethernet */
	b_init(&b);
	udp4();
	b_eth(&b, 0x0800);
	b_fill(&b, 0, 4);
	b_put(&b, stack, sizeof(stack));
	b_eth(&b, 0x8847);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	is_udp();

	b_init(&b);
	b_put(&b, alert, sizeof(alert));
	b_eth(&b, 0x8847);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_MPLS_BAD_LABEL_ROUTER_ALERT);
	b_init(&b);
	b_put(&b, reserved, sizeof(reserved));
	b_eth(&b, 0x8847);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_MPLS_BAD_LABEL_RESERVED);
	b_init(&b);
	b_put(&b, endless, sizeof(endless));
	b_eth(&b, 0x8847);
	t_decode(d, IPS_LINK_ETHERNET, b_view(&b), &p);
	t_only_event(&p, IPS_EV_MPLS_HEADER_TOO_SMALL);
}

static void test_unknown(void **state)
{
	udp4();
	t_decode(d, IPS_LINK_UNKNOWN, b_view(&b), &p);
	t_only_event(&p, IPS_EV_LINK_UNKNOWN);
	assert_int_equal(p.family, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ethernet),
		T(test_padding),
		T(test_ethernet_cut),
		T(test_not_ip),
		T(test_vlan),
		T(test_vlan_three),
		T(test_vlan_wrong),
		T(test_raw),
		T(test_null),
		T(test_sll),
		T(test_ppp),
		T(test_pppoe),
		T(test_mpls),
		T(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
