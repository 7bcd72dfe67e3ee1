/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a logged packet says to the guard: signs of the kernel, and attempts that make a scan. */
#include "tests/unit/policy/build.h"

#include "fw/fwd/guard_see.h"
#include "fw/policy/builtin.h"

static struct fwd_event event(char verdict, uint32_t rule, const char *reason)
{
	struct fwd_event e = {.verdict = verdict, .rule = rule};

	snprintf(e.reason, sizeof(e.reason), "%s", reason);
	e.pkt = (struct fwd_packet){.family = 4,
		.proto = 6,
		.has_ports = true,
		.opens = true,
		.sport = 40000,
		.dport = 445,
		.src = {203, 0, 113, 9},
		.dst = {192, 168, 1, 5}};
	return e;
}

static void signs(void **state)
{
	static const struct {
		uint32_t rule;
		const char *reason;
		enum fwd_sign what;
		enum fw_guard_kind kind;
	} cases[] = {
		{FW_B_GUARD, "guard", FWD_SIGN_BLOCKED, 0},
		{FW_B_FLOOD, "syn_flood", FWD_SIGN_SOURCE, FW_GUARD_SYN},
		{FW_B_FLOOD, "udp_flood", FWD_SIGN_SOURCE, FW_GUARD_UDP},
		{FW_B_FLOOD, "icmp_flood_to", FWD_SIGN_DEST, FW_GUARD_ICMP},
		{FW_B_FLOOD, "login", FWD_SIGN_SOURCE, FW_GUARD_LOGIN},
		{FW_B_FLOOD, "conn_rate", FWD_SIGN_SOURCE, FW_GUARD_CONN},
		{FW_B_FLOOD, "syn_flood_too", FWD_SIGN_NONE, 0},
		{FW_B_FLOOD, "syn", FWD_SIGN_NONE, 0},
		{FW_B_DEFAULT_DENY, "no_rule", FWD_SIGN_NONE, 0},
		{1042, "guard", FWD_SIGN_NONE, 0},
		{1042, "syn_flood", FWD_SIGN_NONE, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct fwd_event e = event(FW_LOG_DROP, cases[i].rule, cases[i].reason);
		struct fwd_guard_sign s;

		fwd_guard_read(&e, &s);
		if (s.what != cases[i].what ||
			(s.what > FWD_SIGN_BLOCKED && s.kind != cases[i].kind))
			fail_msg("%s: %d %d", cases[i].reason, s.what, s.kind);
		assert_true(s.src.a == t_ip("203.0.113.9").a && s.dst.a == t_ip("192.168.1.5").a);
	}
}

struct change {
	const char *zone;
	char verdict;
	const char *reason, *direction;
	uint8_t proto;
	uint16_t sport, dport;
	bool closed; /* does not open a connection */
	bool attempt;
};

static void attempts(void **state)
{
	static const struct change cases[] = {
		{"wan", 'D', "no_rule", "inbound", 6, 40000, 445, false, true},
		{"wan", 'D', "rule", "inbound", 6, 40000, 80, false, true},
		{"lan", 'R', "no_rule", "outbound", 6, 40000, 445, false, true},
		/* what nobody sends who wants an answer */
		{"wan", 'D', "invalid", "inbound", 6, 40000, 445, false, true},
		{"wan", 'D', "stray", "inbound", 6, 40000, 445, false, true},
		/* the rest of a connection that is gone */
		{"wan", 'D', "stray", "inbound", 6, 443, 50000, true, false},
		{"wan", 'D', "no_rule", "inbound", 6, 443, 50000, true, false},
		/* a server that answers late */
		{"wan", 'D', "no_rule", "inbound", 17, 53, 50000, false, false},
		{"wan", 'D', "no_rule", "inbound", 17, 5000, 161, false, true},
		/* browsers do that */
		{"lan", 'D', "no_rule", "outbound", 17, 50000, 443, false, false},
		{"lan", 'D', "no_rule", "outbound", 6, 50000, 80, false, false},
		{"wan", 'D', "no_rule", "inbound", 6, 50000, 80, false, true},
		/* let in: from outside it counts, inside it is what the rule is for */
		{"wan", 'A', "rule", "inbound", 6, 50000, 25, false, true},
		{"lan", 'A', "rule", "outbound", 6, 50000, 25, false, false},
		{"wan", 'N', "rule", "inbound", 6, 50000, 25, false, false},
		/* spoofed, or not of any zone */
		{"wan", 'D', "bogon", "inbound", 6, 50000, 25, false, false},
		{"wan", 'D', "reverse_path", "inbound", 6, 50000, 25, false, false},
		{NULL, 'D', "no_rule", NULL, 6, 50000, 25, false, false},
		{"wan", 'D', "no_rule", "inbound", 47, 0, 0, false, false},
	};
	struct fw_policy *p = t_policy();

	t_finish(p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct change *c = &cases[i];
		struct fwd_event e = event(c->verdict, 13, c->reason);
		const struct fwd_event_names n = {.zone_in = c->zone, .direction = c->direction};
		struct fw_scan_try t;

		e.pkt.proto = c->proto;
		e.pkt.sport = c->sport;
		e.pkt.dport = c->dport;
		e.pkt.opens = !c->closed;
		if (fwd_guard_try(&e, &n, p, &t) != c->attempt)
			fail_msg("case %zu", i);
		if (c->attempt)
			assert_true(t.has_port && t.port == c->dport && t.proto == c->proto);
	}
	fw_policy_free(p);
}

/* Who has one address of an IPv6 network outside has all of them. */
static void ipv6_networks(void **state)
{
	struct fwd_event_names n = {.zone_in = "wan"};
	struct fwd_event e = event(FW_LOG_DROP, 13, "no_rule");
	struct fw_policy *p = t_policy();
	struct fw_scan_try t;

	t_finish(p);
	e.pkt.family = 6;
	memset(e.pkt.src, 0x24, 16);
	memset(e.pkt.dst, 0x25, 16);
	assert_true(fwd_guard_try(&e, &n, p, &t));
	assert_true(t.src.a == t_ip("2424:2424:2424:2424::").a);
	n.zone_in = "lan";
	assert_true(fwd_guard_try(&e, &n, p, &t));
	assert_true(t.src.a == t_ip("2424:2424:2424:2424:2424:2424:2424:2424").a);
	fw_policy_free(p);
}

static void pings(void **state)
{
	const struct fwd_event_names n = {.zone_in = "wan"};
	struct fwd_event e = event(FW_LOG_DROP, 13, "no_rule");
	struct fw_policy *p = t_policy();
	struct fw_scan_try t;

	t_finish(p);
	e.pkt.proto = 1;
	e.pkt.has_ports = false;
	e.pkt.has_icmp = true;
	e.pkt.icmp_type = 8;
	assert_true(fwd_guard_try(&e, &n, p, &t));
	assert_false(t.has_port);
	e.pkt.icmp_type = 3; /* an error about something */
	assert_false(fwd_guard_try(&e, &n, p, &t));
	e.pkt.icmp_type = 8;
	e.pkt.dst[0] = 224;
	assert_false(fwd_guard_try(&e, &n, p, &t));
	fw_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs),
		cmocka_unit_test(attempts),
		cmocka_unit_test(ipv6_networks),
		cmocka_unit_test(pings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
