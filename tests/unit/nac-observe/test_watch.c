/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a network's devices, servers and quarrels, and what is not. */
#include "tests/unit/nac-observe/frames.h"

#define SEC INT64_C(1000000)
#define PC "00:1b:21:00:00:10"
#define PRN "00:00:74:00:00:20"
#define SRV "00:25:90:00:00:05"
#define BAD "00:1b:21:00:00:66"
#define GW "02:00:00:00:00:01"

static const uint8_t seed[16] = {9};

enum { LOG = 4096 };

struct rig {
	struct nac_watch *w;
	int64_t now;
	struct nac_event ev[LOG];
	struct nac_device dev[LOG];
	size_t n;
	struct nac_ip bound; /* the last binding */
	struct nac_mac holder;
	bool bound_null;
	struct nac_ip asked;
};

static void on_event(void *arg, const struct nac_event *ev)
{
	struct rig *r = arg;

	if (r->n == LOG)
		return;
	r->ev[r->n] = *ev;
	if (ev->device)
		r->dev[r->n] = *ev->device;
	r->n++;
}

static void on_binding(void *arg, const struct nac_ip *ip, const struct nac_mac *mac)
{
	struct rig *r = arg;

	r->bound = *ip;
	r->bound_null = !mac;
	if (mac)
		r->holder = *mac;
}

static void on_asked(void *arg, const struct nac_mac *who, const struct nac_ip *ip)
{
	((struct rig *)arg)->asked = *ip;
}

static int setup(void **state)
{
	static struct rig r;
	struct nac_watch_config cfg = {.max_devices = 64,
		.new_per_s = 4,
		.arg = &r,
		.event = on_event,
		.binding = on_binding,
		.asked = on_asked};
	struct nac_own own[2] = {{.bits = 24}, {.bits = 64}};
	struct nac_ip dhcp = ip_of("192.168.10.5");
	struct nac_mac router = mac_of("00:00:0c:00:00:02"), gw = mac_of(GW);
	struct nac_trust t = {.dhcp_ips = &dhcp, .dhcp_ip_n = 1, .routers = &router, .router_n = 1};

	memset(&r, 0, sizeof(r));
	own[0].ip = ip_of("192.168.10.1");
	own[1].ip = ip_of("2001:db8:10::1");
	r.w = nac_watch_new(&cfg, seed);
	assert_non_null(r.w);
	assert_int_equal(nac_watch_trust(r.w, &t), 0);
	nac_watch_self(r.w, &gw, NULL, own, 2);
	r.now = 1000 * SEC;
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;

	nac_watch_free(r->w);
	return 0;
}

static void feed(struct rig *r, struct frame f)
{
	nac_watch_frame(r->w, f.b, f.len, r->now);
}

static void pass(struct rig *r, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		r->now += SEC;
		nac_watch_tick(r->w, r->now);
	}
}

static void garp(struct rig *r, const char *mac, const char *ip)
{
	feed(r, frame_arp(mac, 2, mac, ip, ip));
}

/* The last event of a kind, or NULL. */
static const struct nac_event *last(const struct rig *r, enum nac_ev_kind kind)
{
	for (size_t i = r->n; i > 0; i--) {
		if (r->ev[i - 1].kind == kind)
			return &r->ev[i - 1];
	}
	return NULL;
}

static size_t count(const struct rig *r, enum nac_ev_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->ev[i].kind == kind;
	return n;
}

static void expect(const struct rig *r, enum nac_ev_kind kind, const char *mac, const char *ip)
{
	const struct nac_event *ev = last(r, kind);
	char text[NAC_IP_TEXT];

	assert_non_null(ev);
	assert_string_equal(nac_mac_format(&ev->mac, text), mac);
	if (ip)
		assert_string_equal(nac_ip_format(&ev->ip, text), ip);
}

static void first_frame(void **state)
{
	struct rig *r = *state;
	struct nac_mac pc = mac_of(PC);

	feed(r, frame_dhcp(PC, "0.0.0.0", 1, PC, "350101 0c03 'pc1' 3703 010306 ff"));
	assert_int_equal(r->n, 1);
	expect(r, NAC_EV_NEW, PC, NULL);
	/* Told with what the frame itself said. */
	assert_string_equal(r->dev[0].print.hostname, "pc1");
	assert_string_equal(r->dev[0].print.dhcp_params, "1,3,6");
	assert_int_equal(r->dev[0].first_us, r->now);
	garp(r, PC, "192.168.10.10");
	assert_int_equal(r->n, 1); /* more within a second is told with the next */
	pass(r, 1);
	expect(r, NAC_EV_UPDATED, PC, NULL);
	assert_int_equal(r->ev[1].news, NAC_NEWS_ADDRESS);
	pass(r, 5);
	assert_int_equal(r->n, 2);
	assert_non_null(nac_watch_device(r->w, &pc));
	/* The gateway's own frames, come back in a loop, are nobody. */
	garp(r, GW, "192.168.10.1");
	assert_int_equal(r->n, 2);
}

static void names(void **state)
{
	struct rig *r = *state;
	struct nac_mac pc = mac_of(PC);
	static const char answer[] =
		"0000 8400 0000 0001 0000 0000 02 'm1' 05 'local' 00 0001 8001 "
		"00000078 0004 c0a80a0a";

	feed(r, frame_udp4(PC, "192.168.10.10", 5353, 5353, answer));
	assert_string_equal(nac_watch_device(r->w, &pc)->print.hostname, "m1");
	/* DHCP's name is the better one, and no change of the device. */
	feed(r, frame_dhcp(PC, "0.0.0.0", 1, PC, "350101 0c03 'pc1' ff"));
	assert_string_equal(nac_watch_device(r->w, &pc)->print.hostname, "pc1");
	assert_null(last(r, NAC_EV_FINGERPRINT));
	feed(r, frame_udp4(PC, "192.168.10.10", 5353, 5353, answer));
	assert_string_equal(nac_watch_device(r->w, &pc)->print.hostname, "pc1");
	/* A name from beyond the network is nobody's here. */
	feed(r, frame_udp4(PRN, "10.1.1.1", 5353, 5353, answer));
	pc = mac_of(PRN);
	assert_string_equal(nac_watch_device(r->w, &pc)->print.hostname, "");
}

static void another_system(void **state)
{
	struct rig *r = *state;

	feed(r, frame_dhcp(PRN, "0.0.0.0", 1, PRN, "350101 3c05 'RICOH' 3704 0103060c ff"));
	/* Booting from the network is not another system, nor is asking for more. */
	feed(r, frame_dhcp(PRN, "0.0.0.0", 1, PRN, "350101 3c09 'PXEClient' 3703 010203 ff"));
	feed(r, frame_dhcp(PRN, "192.168.10.20", 1, PRN, "350108 3703 0103fc ff"));
	assert_null(last(r, NAC_EV_FINGERPRINT));
	feed(r, frame_dhcp(PRN, "0.0.0.0", 1, PRN, "350101 3c08 'MSFT 5.0' 3704 0103060f ff"));
	assert_int_equal(count(r, NAC_EV_FINGERPRINT), 2);
	expect(r, NAC_EV_FINGERPRINT, PRN, NULL);
	assert_int_equal(last(r, NAC_EV_FINGERPRINT)->differs, NAC_PRINT_DHCP_VENDOR);
	assert_string_equal(
		last(r, NAC_EV_FINGERPRINT)->text, "dhcp_vendor: \"RICOH\" is now \"MSFT 5.0\"");
	/* To and fro is told once a minute. */
	for (int i = 0; i < 10; i++) {
		feed(r, frame_dhcp(PRN, "0.0.0.0", 1, PRN, "350101 3c05 'RICOH' ff"));
		feed(r, frame_dhcp(PRN, "0.0.0.0", 1, PRN, "350101 3c08 'MSFT 5.0' ff"));
	}
	assert_int_equal(count(r, NAC_EV_FINGERPRINT), 2);
	pass(r, 61);
	feed(r, frame_dhcp(PRN, "0.0.0.0", 1, PRN, "350101 3c05 'RICOH' ff"));
	assert_int_equal(count(r, NAC_EV_FINGERPRINT), 3);
	assert_int_equal(last(r, NAC_EV_FINGERPRINT)->count, 20);
}

static void stack(void **state)
{
	struct rig *r = *state;
	static const char mine[] = "c000 01bb 00000001 00000000 6002 faf0 0000 0000 020405b4";
	static const char other[] = "c000 01bb 00000001 00000000 7002 faf0 0000 0000 020405b4 "
				    "04020101";

	feed(r, frame_tcp4(PC, "192.168.10.10", mine));
	for (int i = 0; i < 6; i++) { /* a virtual machine's now and then is no change */
		feed(r, frame_tcp4(PC, "192.168.10.10", other));
		feed(r, frame_tcp4(PC, "192.168.10.10", other));
		feed(r, frame_tcp4(PC, "192.168.10.10", mine));
	}
	assert_null(last(r, NAC_EV_FINGERPRINT));
	for (int i = 0; i < 3; i++)
		feed(r, frame_tcp4(PC, "192.168.10.10", other));
	assert_int_equal(last(r, NAC_EV_FINGERPRINT)->differs, NAC_PRINT_TCP);
}

static void servers(void **state)
{
	struct rig *r = *state;
	static const char ack[] = "350105 3604c0a80a05 0304c0a80a02 ff";
	struct nac_mac prn = mac_of(PRN);

	feed(r, frame_dhcp(SRV, "192.168.10.5", 2, PC, ack));
	assert_null(last(r, NAC_EV_ROGUE_DHCP));
	feed(r, frame_dhcp(BAD, "192.168.10.66", 2, PC, "350102 3604c0a80a42 0304c0a80a42 ff"));
	expect(r, NAC_EV_ROGUE_DHCP, BAD, "192.168.10.66");
	assert_non_null(strstr(last(r, NAC_EV_ROGUE_DHCP)->text, "router 192.168.10.66"));
	/* The listed server's address in another's mouth. */
	garp(r, SRV, "192.168.10.5");
	feed(r, frame_dhcp(BAD, "192.168.10.5", 2, PC, ack));
	expect(r, NAC_EV_ROGUE_DHCP, BAD, "192.168.10.5");
	assert_int_equal(nac_watch_device(r->w, &prn) != NULL, 0);
	/* Whom a listed server names as the router is one. */
	garp(r, PRN, "192.168.10.2");
	feed(r, frame_dhcp(SRV, "192.168.10.5", 2, PC, ack));
	assert_true(nac_watch_device(r->w, &prn)->roles & NAC_ROLE_ROUTER);
}

/* Behind a switch the answer is not seen, only the client's choice. */
static void chosen_server(void **state)
{
	struct rig *r = *state;

	feed(r, frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 3604c0a80a05 ff"));
	feed(r, frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 3604c0a80a01 ff"));
	pass(r, 10);
	assert_null(last(r, NAC_EV_ROGUE_DHCP));
	feed(r, frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 3604c0a80a42 ff"));
	assert_null(last(r, NAC_EV_ROGUE_DHCP)); /* whose that is may be known soon */
	garp(r, BAD, "192.168.10.66");
	pass(r, 1);
	expect(r, NAC_EV_ROGUE_DHCP, BAD, "192.168.10.66");
	feed(r, frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 3604c0a80a43 ff"));
	pass(r, 6); /* or not */
	expect(r, NAC_EV_ROGUE_DHCP, "00:00:00:00:00:00", "192.168.10.67");
}

static void routers(void **state)
{
	struct rig *r = *state;
	static const char ra[] = "86000000 40800708 00*8 030440c0 00000e10 00000e10 00000000 "
				 "20010db8066600000000000000000000";
	struct nac_mac bad = mac_of(BAD);

	feed(r, frame_icmp6("00:00:0c:00:00:02", "fe80::2", ra));
	assert_null(last(r, NAC_EV_ROGUE_RA));
	feed(r, frame_icmp6(BAD, "fe80::66", ra));
	expect(r, NAC_EV_ROGUE_RA, BAD, "fe80::66");
	assert_non_null(strstr(last(r, NAC_EV_ROGUE_RA)->text, "2001:db8:666::/64"));
	assert_true(nac_watch_device(r->w, &bad)->roles & NAC_ROLE_ROUTER);
	/* One that ends the true router's time is no router, and rogue. */
	feed(r, frame_icmp6(PC, "fe80::10", "86000000 40800000 00*8"));
	expect(r, NAC_EV_ROGUE_RA, PC, "fe80::10");
	feed(r,
		frame_from(PRN, 0x88cc,
			"0207 04 000074000020 0403 05 'p1' 0602 0078 "
			"0e04 0028 0008 0000"));
	bad = mac_of(PRN);
	assert_int_equal(nac_watch_device(r->w, &bad)->roles, NAC_ROLE_ACCESS_POINT);
	/* One that forwards: foreign sources come from it. */
	for (unsigned i = 1; i < 6; i++) {
		char from[24];

		snprintf(from, sizeof(from), "10.0.0.%u", i);
		feed(r, frame_udp4(SRV, from, 1000, 1000, "00"));
	}
	bad = mac_of(SRV);
	assert_true(nac_watch_device(r->w, &bad)->roles & NAC_ROLE_ROUTER);
}

static void gateway_claimed(void **state)
{
	struct rig *r = *state;
	struct nac_ip ip = ip_of("192.168.10.1");
	struct nac_mac m;

	garp(r, BAD, "192.168.10.1");
	expect(r, NAC_EV_ARP_SPOOF, BAD, "192.168.10.1");
	assert_false(nac_watch_holder(r->w, &ip, &m));
	feed(r,
		frame_icmp6(BAD, "fe80::66",
			"88000000 20000000 20010db8001000000000000000000001 0201001b21000066"));
	expect(r, NAC_EV_ARP_SPOOF, BAD, "2001:db8:10::1");
	feed(r, frame_arp(BAD, 2, PRN, "192.168.10.20", "192.168.10.20"));
	expect(r, NAC_EV_ARP_SPOOF, BAD, "192.168.10.20");
	/* What is said in another's name, the gateway's too, is told and not believed. */
	ip = ip_of("192.168.10.20");
	assert_false(nac_watch_holder(r->w, &ip, &m));
	feed(r, frame_arp(BAD, 2, GW, "192.168.10.77", "192.168.10.77"));
	ip = ip_of("192.168.10.77");
	assert_false(nac_watch_holder(r->w, &ip, &m));
	for (int i = 0; i < 100; i++)
		garp(r, BAD, "192.168.10.1");
	assert_int_equal(count(r, NAC_EV_ARP_SPOOF), 4);
	pass(r, 61);
	garp(r, BAD, "192.168.10.1");
	assert_int_equal(last(r, NAC_EV_ARP_SPOOF)->count, 100);
}

static void quarrels(void **state)
{
	struct rig *r = *state;
	struct nac_ip ip = ip_of("192.168.10.20");
	struct nac_mac m, prn = mac_of(PRN);

	garp(r, PRN, "192.168.10.20");
	assert_true(nac_watch_holder(r->w, &ip, &m) && nac_mac_equal(&m, &prn));
	garp(r, BAD, "192.168.10.66");
	garp(r, BAD, "192.168.10.20");
	/* From the first claim on nobody is told anything of it. */
	assert_true(r->bound_null && nac_ip_equal(&r->bound, &ip));
	assert_false(nac_watch_holder(r->w, &ip, &m));
	assert_null(last(r, NAC_EV_ARP_SPOOF));
	garp(r, PRN, "192.168.10.20");
	expect(r, NAC_EV_ARP_SPOOF, BAD, "192.168.10.20");
	assert_true(nac_mac_equal(&last(r, NAC_EV_ARP_SPOOF)->other, &prn));
	/* Two machines set to one address, neither with another. */
	garp(r, PC, "192.168.10.30");
	garp(r, SRV, "192.168.10.30");
	garp(r, PC, "192.168.10.30");
	expect(r, NAC_EV_CONFLICT, SRV, "192.168.10.30");
}

static void quiet_moves(void **state)
{
	struct rig *r = *state;
	struct nac_ip ip = ip_of("192.168.10.99");
	struct nac_mac m, bad = mac_of(BAD), pc = mac_of(PC);

	/* By a lease of a listed server. */
	garp(r, BAD, "192.168.10.99");
	feed(r, frame_dhcp(SRV, "192.168.10.5", 2, PC, "350105 ff"));
	garp(r, PC, "192.168.10.99");
	assert_true(nac_watch_holder(r->w, &ip, &m) && nac_mac_equal(&m, &pc));
	/* After the former holder has been silent for long. */
	pass(r, 301);
	garp(r, BAD, "192.168.10.99");
	assert_true(nac_watch_holder(r->w, &ip, &m) && nac_mac_equal(&m, &bad));
	/* A probe takes nothing; data with another's source only makes it doubtful. */
	feed(r, frame_arp(PC, 1, PC, "0.0.0.0", "192.168.10.99"));
	assert_true(nac_watch_holder(r->w, &ip, &m) && nac_mac_equal(&m, &bad));
	feed(r, frame_arp(PC, 1, PC, "0.0.0.0", "192.168.10.77"));
	ip = ip_of("192.168.10.77");
	assert_true(nac_watch_holder(r->w, &ip, &m) && nac_mac_equal(&m, &pc));
	assert_true(nac_ip_equal(&r->asked, &ip));
	assert_null(last(r, NAC_EV_ARP_SPOOF));
	assert_null(last(r, NAC_EV_CONFLICT));
	pass(r, 3601);
	assert_false(nac_watch_holder(r->w, &ip, &m));
}

static void many(void **state)
{
	struct rig *r = *state;
	struct nac_mac bad = mac_of(BAD);

	for (unsigned i = 100; i < 120; i++) {
		char ip[24];

		snprintf(ip, sizeof(ip), "192.168.10.%u", i);
		garp(r, BAD, ip);
	}
	expect(r, NAC_EV_ARP_SPOOF, BAD, "");
	assert_true(nac_watch_device(r->w, &bad)->roles & NAC_ROLE_MANY_ADDRESSES);
}

static void flood(void **state)
{
	struct rig *r = *state;
	struct nac_watch_stats st;
	char mac[NAC_MAC_TEXT];

	garp(r, PC, "192.168.10.10");
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(mac, sizeof(mac), "02:11:00:00:%02x:%02x", i >> 8, i & 255);
		feed(r, frame_arp(mac, 1, mac, "0.0.0.0", "192.168.10.200"));
	}
	nac_watch_stats(r->w, &st);
	assert_int_equal(st.devices, 40); /* ten seconds' worth */
	assert_int_equal(st.flooded, 1961);
	assert_int_equal(count(r, NAC_EV_FLOOD), 1);
	pass(r, 11);
	assert_int_equal(last(r, NAC_EV_FLOOD)->count, 1960);
	/* A full list makes room for a newcomer by what came once and went. */
	for (unsigned i = 0; i < 40; i++) {
		snprintf(mac, sizeof(mac), "02:22:00:00:00:%02x", i);
		feed(r, frame_arp(mac, 1, mac, "0.0.0.0", "192.168.10.200"));
	}
	nac_watch_stats(r->w, &st);
	assert_int_equal(st.devices, 64);
	pass(r, 61);
	garp(r, PRN, "192.168.10.20");
	expect(r, NAC_EV_NEW, PRN, NULL);
	nac_watch_stats(r->w, &st);
	assert_int_equal(st.devices, 64);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(first_frame),
		TEST(names),
		TEST(another_system),
		TEST(stack),
		TEST(servers),
		TEST(chosen_server),
		TEST(routers),
		TEST(gateway_claimed),
		TEST(quarrels),
		TEST(quiet_moves),
		TEST(many),
		TEST(flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
