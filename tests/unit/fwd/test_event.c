/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events are valid JSON with Suricata's field names, whatever an interface is called. */
#include "tests/unit/fwd/unit.h"

#include "fw/fwd/event.h"
#include "lib/json.h"

static const struct fwd_event sample = {
	.ts_us = 1800000000123456,
	.verdict = FW_LOG_DROP,
	.reason = "no_rule",
	.rule = 13,
	.has_mac = true,
	.mac = {2, 0, 0, 0xab, 0xcd, 0xef},
	.pkt = {.family = 4,
		.proto = 6,
		.has_ports = true,
		.sport = 40000,
		.dport = 22,
		.len = 60,
		.src = {192, 168, 1, 5},
		.dst = {203, 0, 113, 9}},
};

static json_t *event(
	const struct fwd_event *e, const struct fwd_event_names *n, const struct fwd_fold_sum *sum)
{
	struct fwd_stamp st = {0};
	struct sk_err err = {0};
	struct sk_buf b;
	json_t *v;

	sk_buf_init(&b, 16384);
	fwd_event_put(&b, &st, e, n, sum);
	assert_int_equal(sk_buf_error(&b), 0);
	v = sk_json_parse(sk_buf_str(&b), b.len, &err);
	if (!v)
		fail_msg("%s in %s", err.en, sk_buf_str(&b));
	sk_buf_done(&b);
	return v;
}

static const char *str(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

static json_int_t num(const json_t *v, const char *key)
{
	assert_true(json_is_integer(json_object_get(v, key)));
	return json_integer_value(json_object_get(v, key));
}

static void drop(void **state)
{
	const struct fwd_event_names names = {.in_iface = "eth1",
		.out_iface = "eth0",
		.zone_in = "lan",
		.zone_out = "wan",
		.direction = "outbound"};
	json_t *v = event(&sample, &names, NULL), *s = json_object_get(v, "sekisho");

	assert_string_equal(str(v, "event_type"), "drop");
	assert_string_equal(str(v, "src_ip"), "192.168.1.5");
	assert_string_equal(str(v, "dest_ip"), "203.0.113.9");
	assert_string_equal(str(v, "proto"), "TCP");
	assert_int_equal(num(v, "src_port"), 40000);
	assert_int_equal(num(v, "dest_port"), 22);
	assert_int_equal(num(v, "ts"), 1800000000123456);
	assert_non_null(strstr(str(v, "timestamp"), ".123456"));
	assert_string_equal(str(json_object_get(v, "ether"), "src_mac"), "02:00:00:ab:cd:ef");
	assert_string_equal(str(s, "reason"), "no_rule");
	assert_string_equal(str(s, "direction"), "outbound");
	assert_int_equal(num(s, "rule"), 13);
	assert_null(json_object_get(s, "count"));
	json_decref(v);
}

/* Of the guard: one reason, and the kind beside it. */
static void by_the_guard(void **state)
{
	const struct fwd_event_names none = {0};
	struct fwd_event e = sample;
	json_t *v, *s;

	snprintf(e.reason, sizeof(e.reason), "syn_flood_to");
	e.guard = "syn_flood";
	v = event(&e, &none, NULL);
	s = json_object_get(v, "sekisho");
	assert_string_equal(str(s, "reason"), "guard");
	assert_string_equal(str(s, "guard"), "syn_flood");
	json_decref(v);
	e.guard = ""; /* nobody knows why its source is blocked */
	v = event(&e, &none, NULL);
	s = json_object_get(v, "sekisho");
	assert_string_equal(str(s, "reason"), "guard");
	assert_null(json_object_get(s, "guard"));
	json_decref(v);
}

/* By a blocklist: feed and entry; one that is only monitored let it pass. */
static void by_a_blocklist(void **state)
{
	const struct fwd_event_names names = {.feed = "drop", .entry = "203.0.113.0/24"};
	struct fwd_event e = sample;
	json_t *v, *s;

	snprintf(e.reason, sizeof(e.reason), FW_REASON_BLOCKLIST);
	e.rule = FW_B_BLOCKLIST;
	e.verdict = FW_LOG_REJECT;
	v = event(&e, &names, NULL);
	s = json_object_get(v, "sekisho");
	assert_string_equal(str(v, "event_type"), "drop");
	assert_string_equal(str(s, "reason"), "blocklist");
	assert_string_equal(str(s, "feed"), "drop");
	assert_string_equal(str(s, "entry"), "203.0.113.0/24");
	assert_true(json_is_true(json_object_get(s, "rejected")));
	assert_null(json_object_get(s, "would_drop"));
	json_decref(v);
	snprintf(e.reason, sizeof(e.reason), FW_REASON_BLOCKLIST_MONITOR);
	e.rule = FW_B_BLOCKLIST_MONITOR;
	e.verdict = FW_LOG_ALLOW;
	v = event(&e, &names, NULL);
	s = json_object_get(v, "sekisho");
	assert_string_equal(str(v, "event_type"), "allow");
	assert_string_equal(str(s, "reason"), "blocklist");
	assert_true(json_is_true(json_object_get(s, "would_drop")));
	json_decref(v);
}

static void summary(void **state)
{
	const struct fwd_fold_sum sum = {
		.count = 41, .first_us = 1800000001000000, .last_us = 1800000059000007};
	const struct fwd_event_names none = {0};
	json_t *v = event(&sample, &none, &sum), *s = json_object_get(v, "sekisho");

	assert_int_equal(num(s, "count"), 41);
	assert_int_equal(num(s, "first"), 1800000001000000);
	assert_int_equal(num(s, "last"), 1800000059000007);
	assert_int_equal(num(v, "ts"), 1800000059000007);
	assert_non_null(strstr(str(v, "timestamp"), ".000007"));
	assert_null(json_object_get(v, "in_iface"));
	json_decref(v);
}

static void allow_v6_icmp(void **state)
{
	const struct fwd_event_names names = {.in_iface = "a\"b\\\x01\xff"};
	struct fwd_event e = sample;
	json_t *v;

	e.verdict = FW_LOG_ALLOW;
	e.has_mac = false;
	e.pkt = (struct fwd_packet){
		.family = 6, .proto = 58, .has_icmp = true, .icmp_type = 128, .src = {0xfe, 0x80}};
	v = event(&e, &names, NULL);
	assert_string_equal(str(v, "event_type"), "allow");
	assert_string_equal(str(v, "proto"), "IPv6-ICMP");
	assert_string_equal(str(v, "src_ip"), "fe80::");
	assert_int_equal(num(v, "icmp_type"), 128);
	assert_string_equal(str(v, "in_iface"), "a\"b\\\x01\xef\xbf\xbd");
	assert_null(json_object_get(v, "ether"));
	assert_null(json_object_get(v, "src_port"));
	json_decref(v);
}

static void unnamed_protocol(void **state)
{
	const struct fwd_event_names none = {0};
	struct fwd_event e = sample;
	json_t *v;

	e.verdict = FW_LOG_REJECT;
	e.pkt.proto = 99;
	v = event(&e, &none, NULL);
	assert_string_equal(str(v, "proto"), "099");
	assert_true(json_is_true(json_object_get(json_object_get(v, "sekisho"), "rejected")));
	json_decref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drop),
		cmocka_unit_test(by_the_guard),
		cmocka_unit_test(by_a_blocklist),
		cmocka_unit_test(summary),
		cmocka_unit_test(allow_v6_icmp),
		cmocka_unit_test(unnamed_protocol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
