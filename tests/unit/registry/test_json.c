/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record as JSON: exact both ways, and strict on the way in. */
#include "rules.h"

#include <errno.h>
#include <string.h>

static void full_rule(struct fw_rule *r)
{
	sample_rule(r);
	r->number = 1042;
	r->revision = 3;
	r->order = 77;
	r->kind = FW_DNAT;
	r->state = FW_ACTIVE;
	r->log = true;
	assert_int_equal(fw_str_set(&r->nat_to, "192.168.10.5:8443"), 0);
	assert_int_equal(fw_str_set(&r->approver, "部長 \"鈴木\""), 0);
	assert_int_equal(fw_str_set(&r->partner, "A社"), 0);
	assert_int_equal(fw_str_set(&r->ticket, "REQ-7"), 0);
	r->approved_at = NOW;
	r->last_reviewed = NOW + 1;
	r->last_hit = NOW + 2;
}

static void put_is(json_t *v, const char *want)
{
	struct sk_buf b;

	assert_non_null(v);
	sk_buf_init(&b, 65536);
	sk_json_put(&b, v);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
}

static void same(const struct fw_rule *a, const struct fw_rule *b)
{
	json_t *d = fw_rule_diff(a, b);

	put_is(d, "{}");
	json_decref(d);
}

static void canonical_form(void **state)
{
	struct fw_rule r;
	json_t *v;

	full_rule(&r);
	v = fw_rule_to_json(&r);
	put_is(v,
		"{\"applicant\":\"製造部 山田\",\"approved_at\":1775008800,"
		"\"approver\":\"部長 \\\"鈴木\\\"\",\"destination\":\"203.0.113.10\","
		"\"expiry\":1800928800,\"from\":\"lan\",\"kind\":\"dnat\",\"last_hit\":1775008802,"
		"\"last_reviewed\":1775008801,\"log\":true,\"nat_to\":\"192.168.10.5:8443\","
		"\"number\":1042,\"order\":77,\"partner\":\"A社\",\"port\":\"443\","
		"\"protocol\":\"tcp\",\"purpose\":\"受発注システムの利用\",\"registered\":"
		"1774922400,"
		"\"revision\":3,\"source\":\"192.168.1.0/24\",\"state\":\"active\","
		"\"ticket\":\"REQ-7\",\"to\":\"wan\"}");
	json_decref(v);
	fw_rule_done(&r);
}

static void round_trip(void **state)
{
	for (int full = 0; full < 3; full++) {
		struct sk_err err = {0};
		struct fw_rule a, b;
		json_t *v;

		if (full == 2)
			full_rule(&a);
		else if (full == 1)
			sample_rule(&a);
		else
			fw_rule_init(&a);
		v = fw_rule_to_json(&a);
		assert_non_null(v);
		if (fw_rule_from_json(v, &b, &err) < 0)
			fail_msg("%s: %s", err.path, err.en);
		same(&a, &b);
		assert_int_equal(a.number, b.number);
		assert_int_equal(a.revision, b.revision);
		assert_int_equal(a.order, b.order);
		assert_int_equal(a.kind, b.kind);
		assert_int_equal(a.state, b.state);
		assert_int_equal(a.log, b.log);
		assert_true(a.last_hit == b.last_hit && a.expiry == b.expiry);
		json_decref(v);
		fw_rule_done(&a);
		fw_rule_done(&b);
	}
}

static void refused(void **state)
{
	static const char *const cases[][2] = {
		{"[]", ""},
		{"{}", "kind"},
		{"{\"kind\":\"permit\"}", "kind"},
		{"{\"kind\":7}", "kind"},
		{"{\"kind\":\"allow\",\"colour\":\"red\"}", "colour"},
		{"{\"kind\":\"allow\",\"state\":\"happy\"}", "state"},
		{"{\"kind\":\"allow\",\"number\":-1}", "number"},
		{"{\"kind\":\"allow\",\"number\":16777216}", "number"},
		{"{\"kind\":\"allow\",\"number\":\"5\"}", "number"},
		{"{\"kind\":\"allow\",\"number\":1.5}", "number"},
		{"{\"kind\":\"allow\",\"revision\":4294967296}", "revision"},
		{"{\"kind\":\"allow\",\"order\":10000}", "order"},
		{"{\"kind\":\"allow\",\"log\":1}", "log"},
		{"{\"kind\":\"allow\",\"purpose\":null}", "purpose"},
		{"{\"kind\":\"allow\",\"source\":[\"10.0.0.1\"]}", "source"},
		{"{\"kind\":\"allow\",\"expiry\":-1}", "expiry"},
		{"{\"kind\":\"allow\",\"expiry\":253402300800}", "expiry"},
		{"{\"kind\":\"allow\",\"registered\":\"2026-04-01\"}", "registered"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *v = sk_json_parse(cases[i][0], strlen(cases[i][0]), NULL);
		struct fw_rule keep = {.number = 99};
		struct sk_err err = {0};

		assert_non_null(v);
		if (fw_rule_from_json(v, &keep, &err) == 0)
			fail_msg("accepted: %s", cases[i][0]);
		assert_string_equal(err.path, cases[i][1]);
		assert_int_equal(keep.number, 99);
		json_decref(v);
	}
}

static void defaults_by_kind(void **state)
{
	json_t *v = sk_json_parse("{\"kind\":\"deny\",\"ticket\":\"\"}", 27, NULL);
	struct fw_rule r;

	assert_int_equal(fw_rule_from_json(v, &r, NULL), 0);
	assert_int_equal(r.order, 500);
	assert_int_equal(r.state, FW_DRAFT);
	assert_null(r.ticket);
	json_decref(v);
	fw_rule_done(&r);
}

static void text_that_is_not_utf8_is_not_encoded(void **state)
{
	struct fw_rule r;

	sample_rule(&r);
	assert_int_equal(fw_str_set(&r.purpose, "\xff\xfe"), 0);
	assert_null(fw_rule_to_json(&r));
	fw_rule_done(&r);
}

static void diff_names_what_changed(void **state)
{
	struct fw_rule a, b;
	json_t *d;

	sample_rule(&a);
	assert_int_equal(fw_rule_copy(&b, &a), 0);
	assert_int_equal(fw_str_set(&b.port, "80,443"), 0);
	assert_int_equal(fw_str_set(&b.ticket, "REQ-8"), 0);
	assert_int_equal(fw_str_set(&b.applicant, NULL), 0);
	b.log = true;
	d = fw_rule_diff(&a, &b);
	put_is(d,
		"{\"applicant\":[\"製造部 山田\",null],\"log\":[false,true],"
		"\"port\":[\"443\",\"80,443\"],\"ticket\":[null,\"REQ-8\"]}");
	json_decref(d);
	fw_rule_done(&a);
	fw_rule_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(canonical_form),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(refused),
		cmocka_unit_test(defaults_by_kind),
		cmocka_unit_test(text_that_is_not_utf8_is_not_encoded),
		cmocka_unit_test(diff_names_what_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
