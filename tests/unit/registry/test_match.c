/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule means: which packets fit, and which risk marks it carries. */
#include "rules.h"

#include <errno.h>
#include <string.h>

static struct fw_ip ip(const char *s)
{
	struct fw_ip a;

	assert_int_equal(fw_ip_parse(s, &a, NULL), 0);
	return a;
}

static bool hit(const struct fw_match *m, const char *src, const char *dst, int proto, int port)
{
	struct fw_ip s = ip(src), d = ip(dst);

	return fw_match_hit(m, &s, &d, (uint8_t)proto, (uint16_t)port);
}

static void compile(struct fw_rule *r, const char *src, const char *dst, const char *proto,
	const char *port, struct fw_match *m)
{
	struct sk_err err = {0};

	assert_int_equal(fw_str_set(&r->source, src), 0);
	assert_int_equal(fw_str_set(&r->destination, dst), 0);
	assert_int_equal(fw_str_set(&r->protocol, proto), 0);
	assert_int_equal(fw_str_set(&r->port, port), 0);
	if (fw_match_compile(r, NULL, m, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
}

static void no103_address_and_port_must_fit(void **state)
{
	struct fw_match m;
	struct fw_rule r;

	sample_rule(&r);
	compile(&r, "192.168.1.0/24", "203.0.113.10", "tcp", "80,443", &m);
	assert_true(hit(&m, "192.168.1.0", "203.0.113.10", 6, 443));
	assert_true(hit(&m, "192.168.1.255", "203.0.113.10", 6, 80));
	assert_false(hit(&m, "192.168.2.0", "203.0.113.10", 6, 443));
	assert_false(hit(&m, "192.168.1.1", "203.0.113.11", 6, 443));
	assert_false(hit(&m, "192.168.1.1", "203.0.113.10", 6, 81));
	assert_false(hit(&m, "192.168.1.1", "203.0.113.10", 17, 443));
	assert_false(hit(&m, "2001:db8::1", "203.0.113.10", 6, 443));
	fw_match_done(&m);
	compile(&r, "any", "any", "icmp", "echo-request", &m);
	assert_true(hit(&m, "10.0.0.1", "10.0.0.2", 1, 8));
	assert_false(hit(&m, "10.0.0.1", "10.0.0.2", 1, 0));
	assert_false(hit(&m, "2001:db8::1", "2001:db8::2", 58, 8));
	fw_match_done(&m);
	compile(&r, "any", "any", "any", "any", &m);
	assert_true(hit(&m, "2001:db8::1", "2001:db8::2", 132, 1));
	fw_match_done(&m);
	fw_match_done(NULL);
	fw_rule_done(&r);
}

static void a_rule_past_its_expiry_still_compiles(void **state)
{
	struct fw_match m;
	struct fw_rule r;

	sample_rule(&r);
	r.expiry = 5;
	assert_int_equal(fw_match_compile(&r, NULL, &m, NULL), 0);
	fw_match_done(&m);
	fw_rule_done(&r);
}

static void translation_targets(void **state)
{
	static const struct {
		enum fw_kind kind;
		const char *nat_to, *addr;
		int port;
	} cases[] = {
		{FW_DNAT, "192.168.10.5", "192.168.10.5", 0},
		{FW_DNAT, "192.168.10.5:8443", "192.168.10.5", 8443},
		{FW_DNAT, "2001:db8::5", "2001:db8::5", 0},
		{FW_DNAT, "[2001:db8::5]:443", "2001:db8::5", 443},
		{FW_SNAT, "203.0.113.9", "203.0.113.9", 0},
	};
	struct fw_match m;
	struct fw_rule r;

	sample_rule(&r);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_ip want = ip(cases[i].addr);

		r.kind = cases[i].kind;
		assert_int_equal(fw_str_set(&r.nat_to, cases[i].nat_to), 0);
		compile(&r, "any", "any", "tcp", "443", &m);
		assert_int_equal(m.nat_addr.family, want.family);
		assert_true(m.nat_addr.a == want.a);
		assert_int_equal(m.nat_port, cases[i].port);
		assert_false(m.masquerade);
		fw_match_done(&m);
	}
	r.kind = FW_SNAT;
	assert_int_equal(fw_str_set(&r.nat_to, "masquerade"), 0);
	compile(&r, "any", "any", "any", "any", &m);
	assert_true(m.masquerade);
	assert_int_equal(m.nat_addr.family, 0);
	fw_match_done(&m);
	fw_rule_done(&r);
}

static void risk_marks(void **state)
{
	static const struct {
		const char *src, *dst, *proto, *port;
		bool outside;
		unsigned want;
	} cases[] = {
		{"10.0.0.1", "192.0.2.1", "tcp", "443", false, 0},
		{"10.0.0.1", "192.0.2.1", "tcp", "443", true, FW_RISK_INBOUND},
		{"any", "192.0.2.1", "tcp", "443", true, FW_RISK_INBOUND | FW_RISK_ANY_SOURCE},
		{"10.0.0.1", "any", "tcp", "443", false, FW_RISK_ANY_DESTINATION},
		{"10.0.0.1", "0.0.0.0/0", "tcp", "443", false, FW_RISK_ANY_DESTINATION},
		{"::/0", "2001:db8::1", "tcp", "443", false, FW_RISK_ANY_SOURCE},
		{"10.0.0.1", "192.0.2.1", "tcp", "any", false, FW_RISK_ANY_PORT},
		{"10.0.0.1", "192.0.2.1", "tcp", "1-65535", false, FW_RISK_ANY_PORT},
		{"10.0.0.1", "192.0.2.1", "any", "any", false,
			FW_RISK_ANY_PORT | FW_RISK_ANY_PROTOCOL},
		{"10.0.0.1", "192.0.2.1", "esp", "-", false, 0},
		{"10.0.0.1", "192.0.2.1", "icmp", "any", false, FW_RISK_ANY_PORT},
		{"10.0.0.1", "192.0.2.1", "icmp", "8", false, 0},
		{"10.0.0.0/16", "192.0.2.1", "tcp", "443", false, 0},
		{"10.0.0.0/15", "192.0.2.1", "tcp", "443", false, FW_RISK_WIDE},
		{"10.0.0.1", "10.1.0.0/16,10.3.0.0/31", "tcp", "443", false, FW_RISK_WIDE},
		{"2001:db8::/48", "2001:db8:1::1", "tcp", "443", false, 0},
		{"2001:db8::/47", "2001:db8:2::1", "tcp", "443", false, FW_RISK_WIDE},
		{"10.0.0.1", "192.0.2.1", "tcp", "30000-31023", false, 0},
		{"10.0.0.1", "192.0.2.1", "tcp", "30000-31024", false, FW_RISK_WIDE},
		{"10.0.0.1", "192.0.2.1", "tcp", "telnet", false, FW_RISK_CLEARTEXT},
		{"10.0.0.1", "192.0.2.1", "tcp", "20-22", false, FW_RISK_CLEARTEXT},
		{"10.0.0.1", "192.0.2.1", "tcp", "smb", false, FW_RISK_CLEARTEXT},
		{"10.0.0.1", "192.0.2.1", "tcp", "rdp", false, FW_RISK_CLEARTEXT},
		{"10.0.0.1", "192.0.2.1", "tcp", "5901", false, FW_RISK_CLEARTEXT},
		{"10.0.0.1", "192.0.2.1", "udp", "23", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_match m;
		struct fw_rule r;
		unsigned got;

		sample_rule(&r);
		compile(&r, cases[i].src, cases[i].dst, cases[i].proto, cases[i].port, &m);
		got = fw_rule_risk(&r, &m, cases[i].outside);
		if (got != cases[i].want)
			fail_msg("case %zu: %#x instead of %#x", i, got, cases[i].want);
		/* What opens nothing is no risk. */
		r.kind = FW_DENY;
		assert_int_equal(fw_rule_risk(&r, &m, cases[i].outside), 0);
		fw_match_done(&m);
		fw_rule_done(&r);
	}
}

static void risk_of_forwarding_is_its_source(void **state)
{
	struct fw_match m;
	struct fw_rule r;

	sample_rule(&r);
	r.kind = FW_DNAT;
	assert_int_equal(fw_str_set(&r.nat_to, "192.168.10.5"), 0);
	compile(&r, "any", "any", "tcp", "443", &m);
	assert_int_equal(fw_rule_risk(&r, &m, true), FW_RISK_ANY_SOURCE | FW_RISK_INBOUND);
	fw_match_done(&m);
	fw_rule_done(&r);
}

/* Its own side of such a rule has to be "any". */
static void risk_leaves_out_the_gateway(void **state)
{
	struct fw_match m;
	struct fw_rule r;

	sample_rule(&r);
	compile(&r, "any", "any", "tcp", "443", &m);
	assert_int_equal(fw_str_set(&r.to, FW_ZONE_SELF), 0);
	assert_int_equal(fw_rule_risk(&r, &m, false), FW_RISK_ANY_SOURCE);
	assert_int_equal(fw_str_set(&r.to, "wan"), 0);
	assert_int_equal(fw_str_set(&r.from, FW_ZONE_SELF), 0);
	assert_int_equal(fw_rule_risk(&r, &m, false), FW_RISK_ANY_DESTINATION);
	fw_match_done(&m);
	fw_rule_done(&r);
}

static void risk_words(void **state)
{
	for (unsigned i = 0; i < FW_RISK_BITS; i++) {
		assert_non_null(fw_risk_name(i));
		assert_true(fw_risk_text(i)->en[0] && fw_risk_text(i)->ja[0]);
	}
	assert_string_equal(fw_risk_name(0), "any-source");
	assert_null(fw_risk_name(FW_RISK_BITS));
	assert_null(fw_risk_text(FW_RISK_BITS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no103_address_and_port_must_fit),
		cmocka_unit_test(a_rule_past_its_expiry_still_compiles),
		cmocka_unit_test(translation_targets),
		cmocka_unit_test(risk_marks),
		cmocka_unit_test(risk_of_forwarding_is_its_source),
		cmocka_unit_test(risk_leaves_out_the_gateway),
		cmocka_unit_test(risk_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
