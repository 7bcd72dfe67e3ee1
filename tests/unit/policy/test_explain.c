/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which rule decides: cases that an administrator would ask about, and random policies against a
 * plain reading of the same rules. */
#include "tests/unit/policy/build.h"

#include "fw/policy/explain.h"
#include "lib/util.h"

/* The routing table of the tests: 192.168.1/24 lan, .9/24 dmz, .1.1 and 198.51.100.1 ours, rest
 * wan. */
static uint8_t route(const struct fw_ip *ip, void *arg)
{
	if (ip->family == 6)
		return ip->a >> 64 == t_ip("2001:db8:1::").a >> 64 ? T_LAN : T_WAN;
	if (ip->a == 0xc0a80101 || ip->a == 0xc6336401)
		return FW_SELF;
	return ip->a >> 8 == 0xc0a801 ? T_LAN : ip->a >> 8 == 0xc0a809 ? T_DMZ : T_WAN;
}

static const struct t_rule rules[] = {
	{1001, FW_ALLOW, "lan", "wan", "192.168.1.0/24", "any", "tcp", "80,443", NULL, 0},
	{1002, FW_DENY, "lan", "wan", "any", "203.0.114.0/24", "any", "any", NULL, 0},
	{1003, FW_DNAT, "wan", "dmz", "any", "any", "tcp", "443", "192.168.9.2:8443", 0},
	{1004, FW_DENY, "wan", "dmz", "9.9.9.0/24", "any", "any", "any", NULL, 0},
	{1005, FW_SNAT, "lan", "wan", "any", "any", "any", "any", "masquerade", 0},
	{1006, FW_ALLOW, "gateway", "wan", "any", "8.8.8.8", "udp", "53", NULL, 0},
	{1007, FW_ALLOW, "lan", "gateway", "192.168.1.0/24", "any", "udp", "53", NULL, 0},
	{1008, FW_DNAT, "wan", "dmz", "any", "198.51.100.7", "tcp", "25", "192.168.9.3", 0},
	{1009, FW_ALLOW, "lan", "wan", "192.168.1.5", "any", "icmp", "echo-request", NULL, 0},
	{1010, FW_DENY, "wan", "dmz", "7.7.7.7", "any", "any", "any", NULL, 5000},
};

static struct fw_policy *sample(void)
{
	struct fw_policy *p = t_policy();

	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++)
		t_add(p, &rules[i]);
	t_finish(p);
	return p;
}

static struct fw_flow flow(uint8_t from, uint8_t to, const char *src, const char *dst)
{
	return (struct fw_flow){.src = t_ip(src), .dst = t_ip(dst), .from = from, .to = to};
}

#define SELF FW_SELF
#define V6LL "fe80::1"

static const struct {
	uint8_t from, to;
	const char *src, *dst;
	uint8_t proto;
	uint16_t port;
	enum fw_verdict verdict;
	uint32_t number, dnat, snat;
} cases[] = {
	/* records */
	{T_LAN, T_WAN, "192.168.1.5", "8.8.8.8", 6, 443, FW_V_ACCEPT, 1001, 0, 1005},
	{T_LAN, T_WAN, "192.168.1.5", "8.8.8.8", 6, 25, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{T_LAN, T_WAN, "192.168.1.5", "203.0.114.9", 6, 443, FW_V_REJECT, 1002, 0, 0},
	{T_LAN, T_WAN, "192.168.1.5", "8.8.8.8", 1, 8, FW_V_ACCEPT, 1009, 0, 1005},
	{T_LAN, T_DMZ, "192.168.1.5", "192.168.9.2", 6, 443, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{T_GUEST, T_WAN, "192.168.7.5", "8.8.8.8", 6, 443, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_LAN, T_WAN, "2001:db8:1::5", "2400::1", 6, 443, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	/* translation: to the gateway's own address, to a named one, and not */
	{T_WAN, SELF, "8.8.8.8", "198.51.100.1", 6, 443, FW_V_ACCEPT, 1003, 1003, 0},
	{T_WAN, T_DMZ, "8.8.8.8", "198.51.100.8", 6, 443, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_WAN, SELF, "8.8.8.8", "198.51.100.7", 6, 25, FW_V_ACCEPT, 1008, 1008, 0},
	{T_WAN, T_DMZ, "8.8.8.8", "192.168.9.2", 6, 8443, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	/* a deny before the translation's place holds, one after it comes too late */
	{T_WAN, SELF, "9.9.9.9", "198.51.100.1", 6, 443, FW_V_DROP, 1004, 1003, 0},
	{T_WAN, SELF, "7.7.7.7", "198.51.100.1", 6, 443, FW_V_ACCEPT, 1003, 1003, 0},
	/* the gateway itself: nothing goes out but what a record allows */
	{SELF, T_WAN, "198.51.100.1", "8.8.8.8", 17, 53, FW_V_ACCEPT, 1006, 0, 0},
	{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 17, 53, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{SELF, SELF, "127.0.0.1", "127.0.0.1", 6, 5432, FW_V_ACCEPT, FW_B_LOOPBACK, 0, 0},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 17, 53, FW_V_ACCEPT, 1007, 0, 0},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 6, 22, FW_V_ACCEPT, FW_B_MANAGE, 0, 0},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 6, 23, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 17, 443, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{T_WAN, SELF, "8.8.8.8", "198.51.100.1", 6, 22, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 1, 8, FW_V_ACCEPT, FW_B_PING, 0, 0},
	{T_LAN, SELF, "2001:db8:1::5", "2001:db8:1::1", 58, 128, FW_V_ACCEPT, FW_B_PING, 0, 0},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 58, 128, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{T_WAN, SELF, "8.8.8.8", "198.51.100.1", 1, 8, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	/* what a network needs */
	{T_WAN, SELF, V6LL, "ff02::1:ff00:1", 58, 135, FW_V_ACCEPT, FW_B_ND, 0, 0},
	{SELF, T_WAN, V6LL, "ff02::2", 58, 133, FW_V_ACCEPT, FW_B_ND, 0, 0},
	{T_WAN, T_LAN, "2400::1", "2001:db8:1::5", 58, 135, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_WAN, SELF, V6LL, "ff02::1", 58, 134, FW_V_ACCEPT, FW_B_RA_CLIENT, 0, 0},
	{T_WAN, SELF, "2400::1", "ff02::1", 58, 134, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_LAN, SELF, V6LL, "ff02::1", 58, 134, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{SELF, T_LAN, V6LL, "ff02::1", 58, 134, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_LAN, SELF, V6LL, "ff02::16", 58, 143, FW_V_ACCEPT, FW_B_MLD, 0, 0},
	{T_LAN, SELF, "2001:db8:1::5", "ff02::16", 58, 143, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
	{SELF, T_LAN, "::", "ff02::16", 58, 143, FW_V_ACCEPT, FW_B_MLD, 0, 0},
	{SELF, T_WAN, "0.0.0.0", "255.255.255.255", 17, 67, FW_V_ACCEPT, FW_B_DHCP_CLIENT, 0, 0},
	{T_WAN, SELF, "8.8.8.8", "255.255.255.255", 17, 68, FW_V_ACCEPT, FW_B_DHCP_CLIENT, 0, 0},
	{SELF, T_WAN, V6LL, "ff02::1:2", 17, 547, FW_V_ACCEPT, FW_B_DHCP_CLIENT, 0, 0},
	{T_WAN, SELF, V6LL, "fe80::2", 17, 546, FW_V_ACCEPT, FW_B_DHCP_CLIENT, 0, 0},
	{T_WAN, SELF, "2400::1", "fe80::2", 17, 546, FW_V_ACCEPT, FW_B_DHCP_CLIENT, 0, 0},
	{T_WAN, SELF, V6LL, "2400::2", 17, 546, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{SELF, T_LAN, "0.0.0.0", "255.255.255.255", 17, 67, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	{T_WAN, SELF, V6LL, "fe80::2", 17, 68, FW_V_DROP, FW_B_DEFAULT_DENY, 0, 0},
	/* before anything else */
	{T_WAN, SELF, "10.0.0.1", "198.51.100.1", 6, 443, FW_V_DROP, FW_B_BOGONS, 0, 0},
	{T_WAN, SELF, "2001:db8::1", "2400::1", 6, 443, FW_V_DROP, FW_B_BOGONS, 0, 0},
	{T_LAN, T_WAN, "8.8.4.4", "8.8.8.8", 6, 443, FW_V_DROP, FW_B_REVERSE_PATH, 0, 0},
	/* the gateway's own address, from outside */
	{T_LAN, SELF, "192.168.1.1", "192.168.1.1", 6, 22, FW_V_DROP, FW_B_REVERSE_PATH, 0, 0},
	{T_LAN, SELF, "0.0.0.0", "255.255.255.255", 17, 67, FW_V_REJECT, FW_B_DEFAULT_DENY, 0, 0},
};

/* The zones of the services: lan is served, the resolver asks in wan, which is no DHCP client. */
static const struct {
	uint8_t from, to;
	const char *src, *dst;
	uint8_t proto;
	uint16_t port;
	uint32_t number;
} service_cases[] = {
	{T_LAN, SELF, "0.0.0.0", "255.255.255.255", 17, 67, FW_B_SERVE_DHCP},
	{SELF, T_LAN, "192.168.1.1", "192.168.1.5", 17, 68, FW_B_SERVE_DHCP},
	{T_LAN, SELF, V6LL, "ff02::1:2", 17, 547, FW_B_SERVE_DHCP},
	{T_LAN, SELF, "2001:db8:1::5", "2001:db8:1::1", 17, 547, FW_B_DEFAULT_DENY},
	{SELF, T_LAN, V6LL, "fe80::2", 17, 546, FW_B_SERVE_DHCP},
	{SELF, T_LAN, V6LL, "ff02::1", 58, 134, FW_B_SERVE_DHCP},
	{SELF, T_LAN, "192.168.1.1", "192.168.1.5", 1, 8, FW_B_SERVE_DHCP},
	{SELF, T_LAN, "192.168.1.1", "192.168.1.5", 17, 67, FW_B_DEFAULT_DENY},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 17, 68, FW_B_DEFAULT_DENY},
	{T_LAN, SELF, V6LL, "ff02::1", 58, 134, FW_B_DEFAULT_DENY},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 17, 53, FW_B_SERVE_DNS},
	{T_LAN, SELF, "2001:db8:1::5", "2001:db8:1::1", 6, 53, FW_B_SERVE_DNS},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 17, 123, FW_B_SERVE_NTP},
	{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 6, 123, FW_B_DEFAULT_DENY},
	{T_WAN, SELF, "8.8.8.8", "198.51.100.1", 17, 53, FW_B_DEFAULT_DENY},
	{T_WAN, SELF, "8.8.8.8", "198.51.100.1", 17, 123, FW_B_DEFAULT_DENY},
	{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 17, 53, FW_B_USE_DNS},
	{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 6, 53, FW_B_USE_DNS},
	{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 17, 123, FW_B_USE_NTP},
	{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 6, 443, FW_B_USE_HTTPS},
	{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 17, 443, FW_B_DEFAULT_DENY},
	{SELF, T_LAN, "192.168.1.1", "192.168.1.5", 6, 443, FW_B_DEFAULT_DENY},
	{SELF, T_WAN, V6LL, "ff02::1:2", 17, 547, FW_B_USE_DHCPV6},
	{T_WAN, SELF, V6LL, "fe80::2", 17, 546, FW_B_USE_DHCPV6},
	{T_WAN, SELF, V6LL, "ff02::1", 58, 134, FW_B_RA_CLIENT},
	{SELF, T_WAN, "0.0.0.0", "255.255.255.255", 17, 67, FW_B_DEFAULT_DENY},
	{T_WAN, SELF, "8.8.8.8", "255.255.255.255", 17, 68, FW_B_DEFAULT_DENY},
};

static void served(void **state)
{
	struct fw_policy *p = t_policy();

	p->zones[T_LAN].serve = FW_SERVE_DHCP | FW_SERVE_DNS | FW_SERVE_NTP;
	p->zones[T_WAN].use = FW_USE_DNS | FW_USE_NTP | FW_USE_HTTPS | FW_USE_DHCPV6;
	p->zones[T_WAN].dhcp_client = false;
	t_finish(p);
	for (size_t i = 0; i < SK_ARRAY_SIZE(service_cases); i++) {
		struct fw_flow f = flow(service_cases[i].from, service_cases[i].to,
			service_cases[i].src, service_cases[i].dst);
		struct fw_decision d;

		f.proto = service_cases[i].proto;
		f.port = service_cases[i].port;
		fw_explain(p, &f, route, NULL, &d);
		if (d.number != service_cases[i].number)
			fail_msg("case %zu: decided by %u", i, d.number);
	}
	fw_policy_free(p);
}

/* wan and lan on one bridge: DHCP crosses it, inspected unless it cannot leave the link. */
static const struct {
	uint8_t from, to;
	const char *src, *dst;
	uint16_t port;
	bool crosses, inspected;
} bridge_cases[] = {
	{T_LAN, T_WAN, "0.0.0.0", "255.255.255.255", 67, true, false},
	{T_WAN, T_LAN, "192.168.1.1", "255.255.255.255", 68, true, false},
	{T_LAN, T_WAN, "192.168.1.5", "192.168.1.1", 67, true, true},
	{T_WAN, T_LAN, "192.168.1.1", "192.168.1.5", 68, true, true},
	{T_WAN, T_LAN, "0.0.0.0", "255.255.255.255", 67, false, false},
	{T_LAN, T_WAN, "192.168.1.5", "255.255.255.255", 68, false, false},
	{T_LAN, T_WAN, V6LL, "ff02::1:2", 547, true, false},
	{T_LAN, T_WAN, V6LL, "fe80::2", 547, true, false},
	{T_WAN, T_LAN, V6LL, "fe80::2", 546, true, false},
	{T_LAN, T_WAN, V6LL, "2400::1", 547, false, false},
	{T_LAN, T_WAN, "2001:db8:1::5", "ff02::1:2", 547, false, false},
	{T_LAN, T_WAN, "2001:db8:1::5", "2400::1", 547, false, false},
	{T_WAN, T_LAN, "2400::1", "2001:db8:1::5", 546, false, false},
	{T_WAN, T_LAN, V6LL, "2001:db8:1::5", 546, false, false},
	{T_WAN, T_LAN, "2400::1", "fe80::2", 546, true, false},
	{T_WAN, T_LAN, V6LL, "ff02::1:2", 546, false, false},
	{T_WAN, T_LAN, V6LL, "fe80::2", 547, false, false},
};

static void across_a_bridge(void **state)
{
	struct fw_policy *p = t_policy();

	p->n_zones = 2;
	p->site.reverse_path = p->zones[T_WAN].bogons = false;
	p->inspect.on = true;
	for (size_t i = 0; i < p->n_zones; i++)
		snprintf(p->zones[i].bridge, IFNAMSIZ, "br-gate");
	t_finish(p);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bridge_cases); i++) {
		struct fw_flow f = flow(bridge_cases[i].from, bridge_cases[i].to,
			bridge_cases[i].src, bridge_cases[i].dst);
		struct fw_decision d;

		f.proto = 17;
		f.port = bridge_cases[i].port;
		fw_explain(p, &f, NULL, NULL, &d);
		if ((d.number == FW_B_BRIDGE_DHCP) != bridge_cases[i].crosses ||
			(d.verdict == FW_V_ACCEPT) != bridge_cases[i].crosses ||
			d.inspected != bridge_cases[i].inspected)
			fail_msg("case %zu: verdict %d by %u, inspected %d", i, d.verdict, d.number,
				d.inspected);
	}
	fw_policy_free(p);
}

static void decisions(void **state)
{
	struct fw_policy *p = sample();

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct fw_flow f = flow(cases[i].from, cases[i].to, cases[i].src, cases[i].dst);
		struct fw_decision d;

		f.proto = cases[i].proto;
		f.port = cases[i].port;
		/* The guests' network has no route in the table above. */
		fw_explain(p, &f, f.from == T_GUEST ? NULL : route, NULL, &d);
		if (d.verdict != cases[i].verdict || d.number != cases[i].number ||
			d.dnat != cases[i].dnat || d.snat != cases[i].snat)
			fail_msg("case %zu: verdict %d by %u, dnat %u, snat %u", i, d.verdict,
				d.number, d.dnat, d.snat);
		assert_int_equal(d.revision, d.number >= FW_NUMBER_FIRST ? 3 : 0);
	}
	fw_policy_free(p);
}

static void translated_destination(void **state)
{
	struct fw_policy *p = sample();
	struct fw_flow f = flow(T_WAN, FW_SELF, "8.8.8.8", "198.51.100.1");
	struct fw_decision d;

	f.proto = 6;
	f.port = 443;
	for (int with = 0; with < 2; with++) {
		fw_explain(p, &f, with ? route : NULL, NULL, &d);
		assert_true(d.dst.a == t_ip("192.168.9.2").a);
		assert_int_equal(d.port, 8443);
		assert_int_equal(d.to, T_DMZ);
	}
	/* Without a port of its own the translation keeps the port. */
	f.dst = t_ip("198.51.100.7");
	f.port = 25;
	fw_explain(p, &f, route, NULL, &d);
	assert_int_equal(d.port, 25);
	fw_policy_free(p);
}

/* What the rules allow through the gateway is looked at; of what is to or from it, names. */
static void inspection(void **state)
{
	static const struct {
		uint8_t from, to;
		const char *src, *dst;
		uint16_t port;
		bool inspected;
	} flows[] = {
		{T_LAN, T_WAN, "192.168.1.5", "8.8.8.8", 443, true},
		{T_LAN, T_WAN, "192.168.1.5", "8.8.8.8", 25, false},     /* dropped */
		{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 443, false}, /* administration */
		{T_LAN, SELF, "192.168.1.5", "192.168.1.1", 53, true},
		{SELF, T_WAN, "198.51.100.1", "8.8.4.4", 53, true},
		{SELF, SELF, "127.0.0.1", "127.0.0.1", 53, false},
	};
	struct fw_policy *p = sample();
	struct fw_decision d;
	struct sk_buf b;

	p->zones[T_LAN].serve = FW_SERVE_DNS;
	p->zones[T_WAN].use = FW_USE_DNS;
	for (int on = 0; on < 2; on++) {
		p->inspect.on = on;
		for (size_t i = 0; i < SK_ARRAY_SIZE(flows); i++) {
			struct fw_flow f =
				flow(flows[i].from, flows[i].to, flows[i].src, flows[i].dst);

			f.proto = 6;
			f.port = flows[i].port;
			fw_explain(p, &f, NULL, NULL, &d);
			assert_int_equal(d.inspected, on && flows[i].inspected);
			sk_buf_init(&b, 4096);
			fw_explain_put(&b, p, &f, &d, SK_JA);
			assert_int_equal(
				strstr(sk_buf_str(&b), "通信内容を検査") != NULL, d.inspected);
			sk_buf_done(&b);
		}
	}
	fw_policy_free(p);
}

static void near_misses(void **state)
{
	static const struct {
		const char *src, *dst;
		uint8_t proto;
		uint16_t port;
		const char *field; /* in which 1001 differs, NULL: in more than one */
	} near[] = {
		{"192.168.2.5", "8.8.8.8", 6, 443, "source"},
		{"192.168.1.5", "8.8.8.8", 6, 8080, "port"},
		{"192.168.1.5", "8.8.8.8", 17, 443, "protocol"},
		{"192.168.2.5", "8.8.8.8", 17, 443, NULL},
		{"192.168.1.5", "8.8.8.8", 17, 53, NULL},
	};
	struct fw_policy *p = t_policy();

	t_add(p, &rules[0]);
	t_add(p,
		&(struct t_rule){
			2000, FW_ALLOW, "lan", "wan", "any", "10.0.0.1", "gre", "-", NULL, 0});
	t_finish(p);
	for (size_t i = 0; i < SK_ARRAY_SIZE(near); i++) {
		struct fw_flow f = flow(T_LAN, T_WAN, near[i].src, near[i].dst);
		struct fw_decision d;

		f.proto = near[i].proto;
		f.port = near[i].port;
		fw_explain(p, &f, NULL, NULL, &d);
		assert_int_equal(d.number, FW_B_DEFAULT_DENY);
		assert_int_equal(d.n_near, near[i].field ? 1 : 0);
		if (near[i].field) {
			assert_int_equal(d.near[0].number, 1001);
			assert_string_equal(d.near[0].field, near[i].field);
		}
	}
	fw_policy_free(p);
}

static void near_misses_are_few(void **state)
{
	struct fw_flow f = flow(T_LAN, T_WAN, "192.168.1.5", "8.8.8.8");
	struct fw_policy *p = t_policy();
	struct fw_decision d;

	for (uint32_t i = 0; i < 20; i++)
		t_add(p, &(struct t_rule){.number = 1001 + i, .port = "80"});
	t_finish(p);
	f.proto = 6;
	f.port = 81;
	fw_explain(p, &f, NULL, NULL, &d);
	assert_int_equal(d.n_near, 5);
	assert_int_equal(d.near[4].number, 1005);
	fw_policy_free(p);
}

static void one_line(void **state)
{
	static const struct {
		uint16_t port;
		enum sk_lang lang;
		const char *want;
	} lines[] = {
		{443, SK_EN,
			"rule 1001 (受発注システム) allows lan->wan tcp/443 192.168.1.5 -> "
			"8.8.8.8; "
			"rule 1005 translates its source"},
		{443, SK_JA,
			"ルール1001「受発注システム」により許可します: lan->wan tcp/443 "
			"192.168.1.5 -> "
			"8.8.8.8; ルール1005で接続元アドレスを変換"},
		{25, SK_EN,
			"no rule allows lan->wan tcp/25 192.168.1.5 -> 8.8.8.8: refused; close: "
			"rule 1001 "
			"differs in port only"},
		{25, SK_JA,
			"許可ルールがないため遮断します: lan->wan tcp/25 192.168.1.5 -> 8.8.8.8 "
			"(接続元に拒否を通知); 近いルール: ルール1001 "
			"(ポート番号だけが異なります)"},
	};
	struct fw_policy *p = sample();

	for (size_t i = 0; i < SK_ARRAY_SIZE(lines); i++) {
		struct fw_flow f = flow(T_LAN, T_WAN, "192.168.1.5", "8.8.8.8");
		struct fw_decision d;
		struct sk_buf b;

		f.proto = 6;
		f.port = lines[i].port;
		fw_explain(p, &f, NULL, NULL, &d);
		sk_buf_init(&b, 4096);
		fw_explain_put(&b, p, &f, &d, lines[i].lang);
		assert_string_equal(sk_buf_str(&b), lines[i].want);
		sk_buf_done(&b);
	}
	fw_policy_free(p);
}

/* A purpose that would write to the reader's terminal. */
static void texts_are_escaped(void **state)
{
	struct fw_policy *p = sample();
	struct fw_flow f = flow(T_LAN, T_WAN, "192.168.1.5", "8.8.8.8");
	static char hostile[] = "\033]0;x\007 mail";
	struct fw_decision d;
	struct sk_buf b;

	for (size_t i = 0; i < p->n_rules; i++) {
		if (p->rules[i].rec.number == 1001)
			p->rules[i].rec.purpose = hostile;
	}
	f.proto = 6;
	f.port = 443;
	fw_explain(p, &f, NULL, NULL, &d);
	sk_buf_init(&b, 4096);
	fw_explain_put(&b, p, &f, &d, SK_EN);
	assert_null(strchr(sk_buf_str(&b), '\033'));
	assert_non_null(strstr(sk_buf_str(&b), "mail"));
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* ---- random policies against a plain reading
 * ----------------------------------------------------- */

struct plain {
	enum fw_kind kind;
	uint32_t number, order;
	uint8_t from, to;
	uint32_t src_lo, src_hi, dst_lo, dst_hi, port_lo, port_hi, nat;
	uint8_t proto; /* 6, 17 */
	bool any_dst;
};

static void plain_random(struct plain *r, uint32_t number, struct t_rng *rng)
{
	static const enum fw_kind kinds[] = {FW_ALLOW, FW_ALLOW, FW_DENY, FW_DNAT, FW_SNAT};

	*r = (struct plain){.kind = kinds[t_random(rng, 5)],
		.number = number,
		.order = 1 + t_random(rng, 4),
		.proto = t_random(rng, 2) ? 6 : 17};
	r->from = r->kind == FW_DNAT ? T_WAN : (uint8_t)(T_WAN + t_random(rng, 2));
	r->to = T_DMZ;
	r->src_lo = t_random(rng, 8);
	r->src_hi = r->src_lo + t_random(rng, 8);
	r->dst_lo = t_random(rng, 8);
	r->dst_hi = r->dst_lo + t_random(rng, 8);
	r->port_lo = 80 + t_random(rng, 4);
	r->port_hi = r->port_lo + t_random(rng, 4);
	r->any_dst = t_random(rng, 4) == 0;
	r->nat = t_random(rng, 8);
}

#define NET 0x05050500u /* 5.5.5.0/24: neither reserved nor link-local */

static void plain_add(struct fw_policy *p, const struct plain *r)
{
	static const char *const zones[] = {"wan", "lan", "dmz", "guest"};
	char src[40], dst[40], port[16], nat[24];

	snprintf(src, sizeof(src), "5.5.5.%u-5.5.5.%u", r->src_lo, r->src_hi);
	snprintf(dst, sizeof(dst), "5.5.5.%u-5.5.5.%u", r->dst_lo, r->dst_hi);
	snprintf(port, sizeof(port), "%u-%u", r->port_lo, r->port_hi);
	snprintf(nat, sizeof(nat), r->kind == FW_SNAT ? "masquerade" : "5.5.5.%u:85", r->nat);
	t_add(p,
		&(struct t_rule){r->number, r->kind, zones[r->from], zones[r->to], src,
			r->any_dst ? "any" : dst, r->proto == 6 ? "tcp" : "udp", port,
			r->kind >= FW_DNAT ? nat : NULL, r->order});
}

static bool plain_hit(const struct plain *r, const struct fw_flow *f, uint32_t dst, uint16_t port)
{
	uint32_t src = (uint32_t)f->src.a - NET;

	return f->proto == r->proto && src >= r->src_lo && src <= r->src_hi && port >= r->port_lo &&
		port <= r->port_hi && (r->any_dst || (dst >= r->dst_lo && dst <= r->dst_hi));
}

/* v is sorted by (order, number). The decision as the manual says it. */
static void plain_explain(
	const struct plain *v, size_t n, const struct fw_flow *f, struct fw_decision *d)
{
	uint32_t dst = (uint32_t)f->dst.a - NET;
	uint16_t port = f->port;
	uint8_t to = f->to;

	*d = (struct fw_decision){.verdict = FW_V_DROP, .number = FW_B_DEFAULT_DENY};
	for (size_t i = 0; i < n && !d->dnat; i++) {
		if (v[i].kind == FW_DNAT && v[i].from == f->from &&
			plain_hit(&v[i], f, dst, port) && (!v[i].any_dst || f->to == FW_SELF)) {
			d->dnat = v[i].number;
			dst = v[i].nat;
			port = 85;
			to = v[i].to;
		}
	}
	for (size_t i = 0; i < n; i++) {
		bool mine = v[i].from == f->from && v[i].to == to;

		if (v[i].number != d->dnat &&
			(!mine || v[i].kind >= FW_DNAT || !plain_hit(&v[i], f, dst, port)))
			continue;
		d->number = v[i].number;
		if (v[i].kind != FW_DENY)
			d->verdict = FW_V_ACCEPT;
		else
			d->verdict = f->from == T_LAN ? FW_V_REJECT : FW_V_DROP;
		break;
	}
	if (d->number == FW_B_DEFAULT_DENY && f->from == T_LAN)
		d->verdict = FW_V_REJECT;
	for (size_t i = 0; i < n && !d->snat && d->verdict == FW_V_ACCEPT; i++) {
		if (v[i].kind == FW_SNAT && v[i].from == f->from && v[i].to == to &&
			plain_hit(&v[i], f, dst, port))
			d->snat = v[i].number;
	}
}

static void plain_sort(struct plain *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k && v[k].order < v[k - 1].order; k--) {
			struct plain t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	}
}

static void compare_all(
	const struct fw_policy *p, const struct plain *v, size_t n, struct t_rng *rng)
{
	for (int i = 0; i < 400; i++) {
		struct fw_flow f = {.src = {4, NET + t_random(rng, 16)},
			.dst = {4, NET + t_random(rng, 16)},
			.proto = t_random(rng, 2) ? 6 : 17,
			.port = (uint16_t)(79 + t_random(rng, 9)),
			.from = (uint8_t)(T_WAN + t_random(rng, 2)),
			.to = t_random(rng, 3) ? T_DMZ : FW_SELF};
		struct fw_decision got, want;

		fw_explain(p, &f, NULL, NULL, &got);
		plain_explain(v, n, &f, &want);
		if (got.verdict != want.verdict || got.number != want.number ||
			got.dnat != want.dnat || got.snat != want.snat)
			fail_msg("got %d by %u dnat %u snat %u, want %d by %u dnat %u snat %u",
				got.verdict, got.number, got.dnat, got.snat, want.verdict,
				want.number, want.dnat, want.snat);
	}
}

static void random_policies(void **state)
{
	struct t_rng rng = {0x12345};

	for (int round = 0; round < 200; round++) {
		struct fw_policy *p = t_policy();
		struct plain v[12];
		size_t n = 1 + t_random(&rng, SK_ARRAY_SIZE(v));

		for (size_t i = 0; i < n; i++) {
			plain_random(&v[i], 1001 + (uint32_t)i, &rng);
			plain_add(p, &v[i]);
		}
		t_finish(p);
		plain_sort(v, n);
		compare_all(p, v, n, &rng);
		fw_policy_free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(served),
		cmocka_unit_test(across_a_bridge),
		cmocka_unit_test(decisions),
		cmocka_unit_test(translated_destination),
		cmocka_unit_test(inspection),
		cmocka_unit_test(near_misses),
		cmocka_unit_test(near_misses_are_few),
		cmocka_unit_test(one_line),
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(random_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
