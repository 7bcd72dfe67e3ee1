/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels: the packet inside follows its carrier; what is no tunnel stays an ordinary packet. */
#include <netinet/in.h>

#include "tests/unit/ips-packet/build.h"

static struct build b;
static struct ips_packet p, q;
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

static void inside4(void)
{
	b_init(&b);
	b_text(&b, "inside");
	b_udp(&b, 1111, 53);
	b_ip4_plain(&b, IPPROTO_UDP);
}

static void inside6(void)
{
	b_init(&b);
	b_text(&b, "inside");
	b_udp(&b, 1111, 53);
	b_ip6_plain(&b, IPPROTO_UDP);
}

static void raw(void)
{
	t_decode(d, IPS_LINK_RAW, b_view(&b), &p);
}

/* p carries q, and q alone. */
static void tunnel_of(uint8_t family, unsigned depth)
{
	raw();
	assert_true(p.flags & IPS_PKT_NO_PAYLOAD);
	assert_int_equal(p.tunnel_depth, 0);
	for (unsigned i = 1; i <= depth; i++) {
		assert_true(ips_decode_next(d, &q));
		assert_int_equal(q.tunnel_depth, i);
		assert_true(q.flags & IPS_PKT_TUNNELED);
		assert_int_equal(q.num, p.num);
	}
	assert_false(ips_decode_next(d, &p));
	assert_int_equal(q.family, family);
	assert_int_equal(q.dport, 53);
	t_payload_is(&q, "inside");
	assert_false(q.flags & (IPS_PKT_NO_PAYLOAD | IPS_PKT_INVALID));
}

static void no_tunnel(void)
{
	raw();
	assert_false(p.flags & IPS_PKT_NO_PAYLOAD);
	assert_false(ips_decode_next(d, &q));
}

static void test_ip_in_ip(void **state)
{
	inside4();
	b_ip4_plain(&b, IPPROTO_IPIP);
	tunnel_of(4, 1);
	inside6();
	b_ip4_plain(&b, IPPROTO_IPV6);
	tunnel_of(6, 1);
	inside4();
	b_ip6_plain(&b, IPPROTO_IPIP);
	tunnel_of(4, 1);
	inside6();
	b_ip6_plain(&b, IPPROTO_IPV6);
	tunnel_of(6, 1);
	inside4();
	b_ip4_plain(&b, IPPROTO_IPIP);
	b_ip6_plain(&b, IPPROTO_IPIP);
	tunnel_of(4, 2);
}

static void test_ip_in_ip_wrong(void **state)
{
	b_fill(&b, 0x45, 19);
	b_ip6_plain(&b, IPPROTO_IPIP);
	no_tunnel();
	t_only_event(&p, IPS_EV_IPV6_IPV4_IN_IPV6_TOO_SMALL);
	b_init(&b);
	b_fill(&b, 0x45, 40);
	b_ip6_plain(&b, IPPROTO_IPV6);
	no_tunnel();
	t_only_event(&p, IPS_EV_IPV6_IPV6_IN_IPV6_WRONG_VERSION);
	b_init(&b);
	b_text(&b, "no packet at all");
	b_ip4_plain(&b, IPPROTO_IPIP);
	no_tunnel();
	assert_int_equal(p.proto, IPPROTO_IPIP);
}

/* Nesting ends, with an event on the packet that is one too many. */
static void test_depth(void **state)
{
	unsigned n = 0;

	inside4();
	for (int i = 0; i < 40; i++)
		b_ip4_plain(&b, IPPROTO_IPIP);
	raw();
	q = p;
	while (ips_decode_next(d, &q))
		n++;
	assert_int_equal(n, 7); /* two layers each of 16: the carrier's and the packet's */
	assert_true(t_has(&q, IPS_EV_TOO_MANY_LAYERS));
	assert_int_equal(q.tunnel_depth, n);
}

static void gre(uint8_t f0, uint8_t f1, uint16_t type, const void *more, uint32_t n)
{
	uint8_t h[4] = {f0, f1, (uint8_t)(type >> 8), (uint8_t)type};

	b_put(&b, more, n);
	b_put(&b, h, 4);
	b_ip4_plain(&b, IPPROTO_GRE);
}

static void test_gre(void **state)
{
	static const uint8_t all[12] = {0}, ppp[2] = {0, 0x21}, route[8] = {0};
	static const uint8_t route_one[16] = {0, 0, 0, 0, 8, 0, 0, 4, 1, 2, 3, 4};
	static const uint8_t vlan[4] = {0, 5, 8, 0};

	inside4();
	gre(0, 0, 0x0800, NULL, 0);
	tunnel_of(4, 1);
	inside6();
	gre(0xb0, 0, 0x86dd, all, 12); /* checksum, key, sequence */
	tunnel_of(6, 1);
	inside4();
	b_eth(&b, 0x0800);
	gre(0, 0, 0x6558, NULL, 0);
	tunnel_of(4, 1);
	inside4();
	b_put(&b, vlan, 4);
	gre(0, 0, 0x8100, NULL, 0);
	tunnel_of(4, 1);
	inside4();
	b_put(&b, ppp, 2);
	gre(0, 0, 0x880b, NULL, 0);
	tunnel_of(4, 1);
	inside4();
	gre(0x40, 0, 0x0800, route, 8);
	tunnel_of(4, 1);
	inside4();
	gre(0x40, 0, 0x0800, route_one, 16);
	tunnel_of(4, 1);
}

static void test_gre_pptp(void **state)
{
	static const uint8_t key[8] = {0, 40, 0, 1, 0, 0, 0, 9}, ppp[4] = {0xff, 3, 0, 0x21};
	static const uint8_t ack[8] = {0, 0, 0, 1, 0, 0, 0, 9};

	inside4();
	b_put(&b, ppp, 4);
	gre(0x30, 0x01, 0x880b, key, 8);
	tunnel_of(4, 1);
	b_init(&b);
	gre(0x20, 0x81, 0x880b, ack, 8);
	no_tunnel();
	t_only_event(&p, IPS_EV_NONE);
}

static void gre_event(uint8_t f0, uint8_t f1, uint16_t type, enum ips_event ev)
{
	inside4();
	gre(f0, f1, type, NULL, 0);
	no_tunnel();
	t_only_event(&p, ev);
}

static void test_gre_events(void **state)
{
	gre_event(0, 2, 0x0800, IPS_EV_GRE_WRONG_VERSION);
	gre_event(0x01, 0, 0x0800, IPS_EV_GRE_VERSION0_RECUR);
	gre_event(0, 0x08, 0x0800, IPS_EV_GRE_VERSION0_FLAGS);
	gre_event(0xa0, 1, 0x880b, IPS_EV_GRE_VERSION1_CHKSUM);
	gre_event(0x60, 1, 0x880b, IPS_EV_GRE_VERSION1_ROUTE);
	gre_event(0x28, 1, 0x880b, IPS_EV_GRE_VERSION1_SSR);
	gre_event(0x21, 1, 0x880b, IPS_EV_GRE_VERSION1_RECUR);
	gre_event(0x20, 0x11, 0x880b, IPS_EV_GRE_VERSION1_FLAGS);
	gre_event(0x20, 1, 0x0800, IPS_EV_GRE_VERSION1_WRONG_PROTOCOL);
	gre_event(0, 1, 0x880b, IPS_EV_GRE_VERSION1_NO_KEY);
	b_init(&b);
	gre(0xb0, 0, 0x0800, "\0\0\0\0", 4);
	no_tunnel();
	t_only_event(&p, IPS_EV_GRE_VERSION0_HDR_TOO_BIG);
	b_init(&b);
	gre(0x40, 0, 0x0800, "\0\0\0\0\0\1\0\11", 8);
	no_tunnel();
	t_only_event(&p, IPS_EV_GRE_VERSION0_MALFORMED_SRE_HDR);
	b_init(&b);
	b_fill(&b, 0, 3);
	b_ip4_plain(&b, IPPROTO_GRE);
	no_tunnel();
	t_only_event(&p, IPS_EV_GRE_PKT_TOO_SMALL);
}

static void test_vxlan(void **state)
{
	static const uint8_t h[8] = {8, 0, 0, 0, 0, 0, 7, 0}, flag[8] = {0};

	inside4();
	b_eth(&b, 0x0800);
	b_put(&b, h, 8);
	b_udp(&b, 50000, 4789);
	b_ip4_plain(&b, IPPROTO_UDP);
	tunnel_of(4, 1);
	inside4();
	b_eth(&b, 0x0800);
	b_put(&b, flag, 8);
	b_udp(&b, 50000, 4789);
	b_ip4_plain(&b, IPPROTO_UDP);
	no_tunnel();
	t_only_event(&p, IPS_EV_NONE);
	inside4();
	b_eth(&b, 0x0800);
	b_put(&b, h, 8);
	b_udp(&b, 50000, 4790);
	b_ip4_plain(&b, IPPROTO_UDP);
	no_tunnel();
}

static void test_geneve(void **state)
{
	static const uint8_t h[8] = {2, 0, 0x65, 0x58, 0, 0, 7, 0},
			     opt[8] = {1, 8, 0, 1, 9, 9, 9, 9};
	static const uint8_t off[8] = {1, 8, 0, 2, 9, 9, 9, 9};

	inside6();
	b_eth(&b, 0x86dd);
	b_put(&b, opt, 8);
	b_put(&b, h, 8);
	b_udp(&b, 50000, 6081);
	b_ip4_plain(&b, IPPROTO_UDP);
	tunnel_of(6, 1);
	inside6();
	b_eth(&b, 0x86dd);
	b_put(&b, off, 8);
	b_put(&b, h, 8);
	b_udp(&b, 50000, 6081);
	b_ip4_plain(&b, IPPROTO_UDP);
	no_tunnel();
}

static void test_teredo(void **state)
{
	static const uint8_t origin[8] = {0, 0, 1, 2, 3, 4, 5, 6}, auth[8] = {0, 1};

	inside6();
	b_udp(&b, 50000, 3544);
	b_ip4_plain(&b, IPPROTO_UDP);
	tunnel_of(6, 1);
	inside6();
	b_put(&b, origin, 8);
	b_udp(&b, 3544, 50000);
	b_ip4_plain(&b, IPPROTO_UDP);
	tunnel_of(6, 1);
	inside6();
	b_put(&b, auth, 8);
	b_udp(&b, 3544, 50000);
	b_ip4_plain(&b, IPPROTO_UDP);
	no_tunnel();
	/* only nearly an IPv6 packet: its UDP length is wrong */
	inside6();
	b.room[b.at + 45]++;
	b_udp(&b, 3544, 50000);
	b_ip4_plain(&b, IPPROTO_UDP);
	no_tunnel();
	assert_int_equal(p.sport, 3544);
}

static void test_erspan(void **state)
{
	static const uint8_t seq[4] = {0, 0, 0, 1}, h[8] = {0x10, 5}, v2[8] = {0x20, 5};

	inside4();
	b_eth(&b, 0x0800);
	b_put(&b, h, 8);
	gre(0x10, 0, 0x88be, seq, 4);
	tunnel_of(4, 1);
	assert_int_equal(q.vlan[0], 5);
	inside4();
	b_eth(&b, 0x0800);
	gre(0, 0, 0x88be, NULL, 0);
	tunnel_of(4, 1);
	inside4();
	b_eth(&b, 0x0800);
	b_put(&b, v2, 8);
	gre(0x10, 0, 0x88be, seq, 4);
	no_tunnel();
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_ip_in_ip),
		T(test_ip_in_ip_wrong),
		T(test_depth),
		T(test_gre),
		T(test_gre_pptp),
		T(test_gre_events),
		T(test_vxlan),
		T(test_geneve),
		T(test_teredo),
		T(test_erspan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
