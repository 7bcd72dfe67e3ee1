/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address and port lists: what is in a set after nesting, ranges, negation and variables. */
#include "tests/unit/ips-rules/rig.h"

static bool src_has(const char *list, const char *addr)
{
	char header[512];
	struct ips_rules *r;
	uint8_t family;
	struct ips_addr a = rig_addr(addr, &family);
	bool has;

	snprintf(header, sizeof(header), "alert ip %s any -> any any", list);
	r = rig_rule(header, "");
	has = ips_addr_set_has(&rig_only(r)->src, family, &a);
	ips_rules_free(r);
	return has;
}

static bool port_in(const char *list, uint16_t port)
{
	char header[512];
	struct ips_rules *r;
	bool has;

	snprintf(header, sizeof(header), "alert tcp any %s -> any any", list);
	r = rig_rule(header, "");
	has = ips_port_set_has(&rig_only(r)->sport, port);
	ips_rules_free(r);
	return has;
}

static void addresses(void **state)
{
	static const struct {
		const char *list, *addr;
		bool in;
	} rows[] = {
		{"any", "1.2.3.4", true},
		{"any", "2001:db8::1", true},
		{"10.0.0.0/8", "10.255.255.255", true},
		{"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/8", "::1", false},
		{"10.1.2.3/8", "10.0.0.0", true},
		{"10.0.0.0/255.255.0.0", "10.0.255.1", true},
		{"10.0.0.0/255.255.0.0", "10.1.0.1", false},
		{"0.0.0.0/0", "255.255.255.255", true},
		{"0.0.0.0/0", "::", false},
		{"1.2.3.4-1.2.3.9", "1.2.3.9", true},
		{"1.2.3.4-1.2.3.9", "1.2.3.10", false},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::", false},
		{"2001:db8::1-2001:db8::5", "2001:db8::5", true},
		{"2001:db8::1-2001:db8::5", "2001:db8::6", false},
		{"!10.0.0.0/8", "11.0.0.1", true},
		{"!10.0.0.0/8", "10.0.0.1", false},
		{"!10.0.0.0/8", "::1", true},
		{"[10.0.0.0/8,!10.1.0.0/16]", "10.2.0.1", true},
		{"[10.0.0.0/8,!10.1.0.0/16]", "10.1.0.1", false},
		{"[10.0.0.0/8,!10.1.0.0/16]", "12.1.0.1", false},
		/* Every unwanted range goes out, whatever its level. */
		{"[10.0.0.0/8,[10.1.0.0/16,!10.1.1.0/24]]", "10.1.1.5", false},
		{"[10.0.0.0/8,![10.1.0.0/16,!10.1.1.0/24]]", "10.1.2.5", false},
		{"[10.0.0.0/8,![10.1.0.0/16,!10.2.1.0/24]]", "10.2.1.5", true},
		{"![1.1.1.1,2.2.2.2]", "3.3.3.3", true},
		{"![1.1.1.1,2.2.2.2]", "2.2.2.2", false},
		{"[ 1.1.1.1 , 2.2.2.2 ]", "2.2.2.2", true},
		{"[0.0.0.0/1,128.0.0.0/1]", "200.1.1.1", true},
		{"[1.1.1.1,1.1.1.2,1.1.1.3]", "1.1.1.2", true},
		{"[255.255.255.255,0.0.0.0]", "255.255.255.255", true},
		{"$HOME_NET", "8.8.8.8", true},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (src_has(rows[i].list, rows[i].addr) != rows[i].in)
			fail_msg("%s, %s", rows[i].list, rows[i].addr);
}

static void ports(void **state)
{
	static const struct {
		const char *list;
		uint16_t port;
		bool in;
	} rows[] = {
		{"any", 0, true},
		{"80", 80, true},
		{"80", 81, false},
		{"!80", 80, false},
		{"!80", 65535, true},
		{"[80,443,8000:8080]", 8080, true},
		{"[80,443,8000:8080]", 8081, false},
		{"[1:100,!50:60]", 55, false},
		{"[1:100,!50:60]", 61, true},
		{"1024:", 65535, true},
		{":1024", 1025, false},
		{"[80,!$HTTP_PORTS,443]", 443, true},
		{"[80,!$HTTP_PORTS,443]", 80, false},
		{"$HTTP_PORTS", 80, true},
		{"!$SHELLCODE_PORTS", 80, true},
		{"!$SHELLCODE_PORTS", 81, false},
		{"$FILE_DATA_PORTS", 143, true},
		{"[1,2,3,4,5,6,7]", 7, true},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		if (port_in(rows[i].list, rows[i].port) != rows[i].in)
			fail_msg("%s, %u", rows[i].list, rows[i].port);
}

/* Sorted, joined and as few as possible: detection searches them. */
static void compact(void **state)
{
	struct ips_rules *r =
		rig_rule("alert tcp [10.0.0.4/30,10.0.0.8/29,1.1.1.1,10.0.0.2-10.0.0.5]"
			 " [90,80:85,86,84:89] -> any any",
			"");
	const struct ips_rule *rule = rig_only(r);
	uint8_t family;
	struct ips_addr lo = rig_addr("10.0.0.2", &family), hi = rig_addr("10.0.0.15", &family);

	assert_int_equal(rule->src.v4_n, 2);
	assert_memory_equal(&rule->src.v4[1].lo, &lo, sizeof(lo));
	assert_memory_equal(&rule->src.v4[1].hi, &hi, sizeof(hi));
	assert_int_equal(rule->src.v6_n, 0);
	assert_int_equal(rule->sport.n, 1);
	assert_int_equal(rule->sport.r[0].lo, 80);
	assert_int_equal(rule->sport.r[0].hi, 90);
	assert_true(rule->dst.any && rule->dport.any);
	assert_int_equal(rule->flags & IPS_RULE_ADDR_NEG, 0);
	ips_rules_free(r);
	r = rig_rule("alert ip any any -> !10.0.0.0/8 any", "");
	assert_true(rig_only(r)->flags & IPS_RULE_ADDR_NEG);
	ips_rules_free(r);
}

static void variables(void **state)
{
	struct ips_rules *r = ips_rules_new();
	struct sk_err err = {0};
	const char *text = "alert ip $HOME_NET any -> $EXTERNAL_NET any (sid:1;)\n"
			   "alert ip $NOWHERE any -> any any (sid:2;)\n"
			   "alert ip $LOOP any -> any any (sid:3;)\n"
			   "alert tcp $HOME_NET $MY_PORTS -> any any (sid:4;)\n";
	uint8_t family;
	struct ips_addr in = rig_addr("192.168.7.7", &family), out = rig_addr("8.8.8.8", &family);

	assert_int_equal(ips_rules_var(r, "HOME_NET", "[192.168.0.0/16,10.0.0.0/8]", &err), 0);
	assert_int_equal(ips_rules_var(r, "EXTERNAL_NET", "!$HOME_NET", &err), 0);
	assert_int_equal(ips_rules_var(r, "LOOP", "[$LOOP]", &err), 0);
	assert_int_equal(ips_rules_var(r, "MY_PORTS", "[1,2]", &err), 0);
	assert_int_equal(ips_rules_var(r, "BAD NAME", "any", &err), -EINVAL);
	assert_int_equal(ips_rules_var(r, "BAD", "300.1.1.1", &err), -EINVAL);
	assert_string_equal(err.path, "BAD");
	assert_int_equal(ips_rules_parse(r, "f", text, strlen(text)), 0);
	assert_int_equal(ips_rules_count(r), 2);
	assert_true(ips_addr_set_has(&ips_rules_at(r, 0)->src, 4, &in));
	assert_false(ips_addr_set_has(&ips_rules_at(r, 0)->src, 4, &out));
	assert_true(ips_addr_set_has(&ips_rules_at(r, 0)->dst, 4, &out));
	assert_false(ips_addr_set_has(&ips_rules_at(r, 0)->dst, 4, &in));
	assert_int_equal(ips_rules_refused_count(r), 2);
	assert_int_equal(ips_rules_refused(r, 0)->sid, 2);
	assert_non_null(strstr(ips_rules_refused(r, 0)->why, "NOWHERE"));
	assert_non_null(strstr(ips_rules_refused(r, 1)->why, "nested"));
	/* Set anew, it holds for what is parsed from now on. */
	assert_int_equal(ips_rules_var(r, "HOME_NET", "8.8.0.0/16", &err), 0);
	text = "alert ip $HOME_NET any -> any any (sid:5;)\n";
	assert_int_equal(ips_rules_parse(r, "f", text, strlen(text)), 0);
	assert_true(ips_addr_set_has(&ips_rules_find(r, 1, 5)->src, 4, &out));
	ips_rules_free(r);
}

/* Variables that double each time end at a number of ranges, not in hours. */
static void explosion(void **state)
{
	struct ips_rules *r = ips_rules_new();
	struct sk_err err;
	const char *text = "alert ip $V20 any -> any any (sid:1;)\n";
	char name[16], value[48];

	assert_int_equal(ips_rules_var(r, "V0", "1.1.1.1", &err), 0);
	for (int i = 1; i <= 20; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		snprintf(value, sizeof(value), "[$V%d,$V%d]", i - 1, i - 1);
		assert_int_equal(ips_rules_var(r, name, value, &err), 0);
	}
	assert_int_equal(ips_rules_parse(r, "f", text, strlen(text)), 0);
	assert_int_equal(ips_rules_refused_count(r), 1);
	assert_non_null(strstr(ips_rules_refused(r, 0)->why, "ranges"));
	ips_rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(ports),
		cmocka_unit_test(compact),
		cmocka_unit_test(variables),
		cmocka_unit_test(explosion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
