/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule files and what comes with them: lines, comments, revisions, the report, classification,
 * references, thresholds.
 */
#include <jansson.h>

#include "tests/unit/ips-rules/rig.h"

static void lines(void **state)
{
	struct ips_rules *r =
		rig_rules("# a comment\n"
			  "\n"
			  "alert tcp any any -> any any (msg:\"one\"; sid:1; rev:3;)\r\n"
			  "#alert tcp any any -> any any (msg:\"off\"; sid:2;)\n"
			  "# alert tcp any any -> any any (msg:\"off\"; sid:3;)\n"
			  "alert tcp any any -> any any \\\n"
			  "  (msg:\"two \\\n"
			  "lines\"; sid:4;)\n"
			  "  alert tcp any any -> any any (sid:5;)  \n"
			  "alert tcp any any -> any any (foo; sid:6;)\n"
			  "alert tcp any any -> any any (sid:7;)");
	const struct ips_rules_tally *t = ips_rules_tally(r);
	const struct ips_refused *bad;

	assert_int_equal(t->seen, 5);
	assert_int_equal(t->loaded, 4);
	assert_int_equal(t->refused, 1);
	assert_int_equal(t->disabled, 2);
	assert_string_equal(ips_rules_at(r, 0)->msg, "one");
	assert_int_equal(ips_rules_at(r, 0)->rev, 3);
	assert_int_equal(ips_rules_at(r, 0)->line, 3);
	assert_string_equal(ips_rules_at(r, 1)->msg, "two lines");
	assert_int_equal(ips_rules_at(r, 1)->line, 6);
	assert_int_equal(ips_rules_at(r, 2)->line, 9);
	assert_string_equal(ips_rules_at(r, 2)->text, "alert tcp any any -> any any (sid:5;)");
	bad = ips_rules_refused(r, 0);
	assert_string_equal(bad->file, "test.rules");
	assert_int_equal(bad->line, 10);
	assert_int_equal(bad->sid, 6);
	assert_string_equal(bad->option, "foo");
	ips_rules_free(r);
}

/* The newest revision wins, wherever it stands; the same or an older one is refused. */
static void revisions(void **state)
{
	struct ips_rules *r =
		rig_rules("alert tcp any any -> any any (msg:\"a\"; sid:1; rev:1;)\n"
			  "alert tcp any any -> any any (msg:\"b\"; sid:1; rev:3;)\n"
			  "alert tcp any any -> any any (msg:\"c\"; sid:1; rev:2;)\n"
			  "alert tcp any any -> any any (msg:\"d\"; sid:1; rev:3;)\n"
			  "alert tcp any any -> any any (msg:\"e\"; gid:2; sid:1;)\n");

	assert_int_equal(ips_rules_count(r), 2);
	assert_string_equal(ips_rules_find(r, 1, 1)->msg, "b");
	assert_string_equal(ips_rules_find(r, 2, 1)->msg, "e");
	assert_null(ips_rules_find(r, 3, 1));
	assert_int_equal(ips_rules_tally(r)->replaced, 1);
	assert_int_equal(ips_rules_refused_count(r), 2);
	assert_non_null(strstr(ips_rules_refused(r, 0)->why, "revision 3"));
	ips_rules_free(r);
}

/* Refusals name the option, and text from a file cannot play tricks on a terminal. */
static void reasons(void **state)
{
	struct ips_rules *r;

	assert_non_null(strstr(rig_refusal(TCP, "content:\"a\"; depth:x;"), "depth: 'x'"));
	assert_non_null(strstr(rig_refusal(TCP, "filemagic:\"x\";"), "filemagic: the type"));
	assert_non_null(strstr(rig_refusal(TCP, "lua:x;"), "lua: scripts"));
	assert_non_null(strstr(rig_refusal("alert tcp [1.2.3.4 any -> any any", ""), "header"));
	assert_non_null(strstr(rig_refusal("alert tcp 1.2.3 any -> any any", ""), ": '1.2.3'"));
	r = rig_rules("alert tcp any any -> any any (\033[31m:x; sid:9;)\n"
		      "alert tcp any any -> any any (content:\"a\")\n"
		      "nonsense\n");
	assert_int_equal(ips_rules_refused_count(r), 3);
	assert_null(strchr(ips_rules_refused(r, 0)->option, '\033'));
	assert_int_equal(ips_rules_refused(r, 0)->sid, 9);
	assert_int_equal(ips_rules_refused(r, 2)->sid, 0);
	ips_rules_free(r);
}

static void limits(void **state)
{
	static char text[200000];
	struct ips_rules *r;
	size_t n = 0;

	/* Longer than a rule may be, in one line and in many. */
	n = (size_t)snprintf(text, sizeof(text), TCP " (content:\"");
	memset(text + n, 'a', 70000);
	snprintf(text + n + 70000, sizeof(text) - n - 70000, "\"; sid:1;)\n" TCP " (sid:2;)\n");
	r = rig_rules(text);
	assert_int_equal(ips_rules_count(r), 1);
	assert_non_null(strstr(ips_rules_refused(r, 0)->why, "longer"));
	ips_rules_free(r);
	n = (size_t)snprintf(text, sizeof(text), TCP " (");
	for (int i = 0; i < 9000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "content:\"a\";\\\n");
	snprintf(text + n, sizeof(text) - n, "sid:1;)\n" TCP " (sid:2;)\n");
	r = rig_rules(text);
	assert_int_equal(ips_rules_count(r), 1);
	assert_int_equal(ips_rules_at(r, 0)->sid, 2);
	assert_non_null(strstr(ips_rules_refused(r, 0)->why, "longer"));
	ips_rules_free(r);
	/* Options and lists are bounded. */
	n = 0;
	for (int i = 0; i < 1100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "content:\"a\";");
	assert_non_null(strstr(rig_refusal(TCP, text), "more than 1024 options"));
	n = 0;
	for (int i = 0; i < 70; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "dns.query; content:\"a\";");
	assert_non_null(strstr(rig_refusal(DNS, text), "more than 64 buffers"));
}

static void zero_bytes(void **state)
{
	static const char text[] = TCP " (msg:\"a\0b\"; sid:1;)\n" TCP " (sid:2;)\n\0";
	struct ips_rules *r = ips_rules_new();

	assert_int_equal(ips_rules_parse(r, "f", text, sizeof(text) - 1), 0);
	assert_int_equal(ips_rules_count(r), 1);
	assert_non_null(strstr(ips_rules_refused(r, 0)->why, "zero byte"));
	ips_rules_free(r);
}

static void classes(void **state)
{
	static const char conf[] = "# comment\n"
				   "config classification: trojan-activity,A Trojan, 1\n"
				   "config classification: misc-activity,Misc activity,3\n"
				   "config classification: broken\n"
				   "nonsense\n";
	static const char rules[] =
		TCP " (classtype:trojan-activity; sid:1;)\n" TCP
		    " (classtype:misc-activity; priority:2; sid:2;)\n" TCP
		    " (priority:2; classtype:trojan-activity; sid:3;)\n" TCP
		    " (classtype:nonesuch; sid:4;)\n" TCP " (sid:5;)\n" TCP
		    " (classtype:misc-activity; classtype:trojan-activity; sid:6;)\n";
	struct ips_rules *r = ips_rules_new();
	struct sk_err err;
	static const uint8_t severity[] = {1, 2, 2, 3, 3, 1};

	assert_int_equal(ips_rules_classification(r, conf, strlen(conf), &err), 0);
	assert_int_equal(ips_rules_parse(r, "f", rules, strlen(rules)), 0);
	assert_int_equal(ips_rules_count(r), 6);
	for (uint32_t i = 0; i < 6; i++)
		assert_int_equal(ips_rules_at(r, i)->severity, severity[i]);
	assert_string_equal(ips_rules_at(r, 0)->class_text, "A Trojan");
	assert_string_equal(ips_rules_at(r, 3)->classtype, "nonesuch");
	assert_null(ips_rules_at(r, 4)->classtype);
	assert_string_equal(ips_rules_at(r, 5)->classtype, "trojan-activity");
	ips_rules_free(r);
}

static void about_itself(void **state)
{
	static const char refs[] = "config reference: cve http://cve.example/?name=\n";
	struct ips_rules *r = rig_rule(HTTP,
		"msg:\"It\\; says \\\"x\\\": y\"; reference:cve,2021-44228;"
		" reference:url,example.com/a?b=c,d; "
		"metadata:a b c, confidence High,flag; rev:7; gid:3; "
		"target:dest_ip; noalert;");
	const struct ips_rule *rule = rig_only(r);
	struct sk_err err;

	assert_string_equal(rule->msg, "It; says \"x\": y");
	assert_int_equal(rule->refs_n, 2);
	assert_string_equal(rule->refs[0].key, "cve");
	assert_string_equal(rule->refs[1].value, "example.com/a?b=c,d");
	assert_int_equal(rule->metadata_n, 3);
	assert_string_equal(rule->metadata[0].value, "b c");
	assert_string_equal(rule->metadata[1].key, "confidence");
	assert_string_equal(rule->metadata[2].value, "");
	assert_int_equal(rule->rev, 7);
	assert_int_equal(rule->gid, 3);
	assert_int_equal(rule->flags, IPS_RULE_TARGET_DST | IPS_RULE_NOALERT);
	assert_int_equal(ips_rules_references(r, refs, strlen(refs), &err), 0);
	assert_string_equal(ips_rules_reference_url(r, "CVE"), "http://cve.example/?name=");
	assert_null(ips_rules_reference_url(r, "nonesuch"));
	ips_rules_free(r);
}

static void thresholds(void **state)
{
	static const char conf[] =
		"# comment\n"
		"threshold gen_id 1, sig_id 1, type limit, track by_src, count 1, seconds 60\n"
		"event_filter gen_id 1, sig_id 0, type both, track by_dst, count 5, seconds 10\n"
		"suppress gen_id 1, sig_id 2\n"
		"suppress gen_id 1, sig_id 2, track by_src, ip [10.0.0.0/8,!10.1.0.0/16]\n"
		"rate_filter gen_id 1, sig_id 3, track by_rule, count 10, seconds 60, "
		"new_action drop, timeout 30\n"
		"suppress gen_id 1, sig_id 77\n"
		"suppress gen_id 1, sig_id 2, track by_src\n"
		"nonsense\n";
	struct ips_rules *r = rig_rules(
		TCP " (threshold:type both, track by_src, count 3, seconds 4; sid:1;)\n" TCP
		    " (threshold:type threshold, track by_src, count 3, seconds 4; sid:2;)\n" TCP
		    " (sid:3;)\n");
	struct ips_rule *rule;
	uint8_t family;
	struct ips_addr in = rig_addr("10.2.0.1", &family), out = rig_addr("10.1.0.1", &family);
	struct sk_err err;

	assert_int_equal(ips_rules_thresholds(r, "threshold.config", conf, strlen(conf), &err), 0);
	/* A line for the rule replaces its own; one for all does not. */
	rule = ips_rules_find(r, 1, 1);
	assert_int_equal(rule->threshold.type, IPS_TH_LIMIT);
	assert_int_equal(rule->threshold.seconds, 60);
	rule = ips_rules_find(r, 1, 2);
	assert_int_equal(rule->threshold.type, IPS_TH_THRESHOLD);
	assert_int_equal(rule->filters_n, 2);
	assert_int_equal(rule->filters[0].type, IPS_TH_SUPPRESS);
	assert_null(rule->filters[0].addr);
	assert_true(ips_addr_set_has(rule->filters[1].addr, 4, &in));
	assert_false(ips_addr_set_has(rule->filters[1].addr, 4, &out));
	rule = ips_rules_find(r, 1, 3);
	assert_int_equal(rule->threshold.type, IPS_TH_BOTH);
	assert_int_equal(rule->threshold.track, IPS_TRACK_DST);
	assert_int_equal(rule->filters[0].type, IPS_TH_RATE);
	assert_int_equal(rule->filters[0].new_action, IPS_DROP);
	assert_int_equal(rule->filters[0].timeout, 30);
	assert_int_equal(rule->filters[0].track, IPS_TRACK_RULE);
	/* Said about nothing, or not understood: remarked upon with file and line. */
	assert_int_equal(ips_rules_warning_count(r), 3);
	assert_int_equal(ips_rules_warning(r, 0)->line, 7);
	assert_int_equal(ips_rules_warning(r, 0)->sid, 77);
	assert_int_equal(ips_rules_warning(r, 2)->line, 9);
	ips_rules_free(r);
}

static void report(void **state)
{
	struct ips_rules *r = rig_rules(
		TCP " (flowbits:isset,never; content:\"a\"; sid:1;)\n" TCP
		    " (flowbits:set,yes; sid:2;)\n" TCP " (flowbits:isset,no|yes; sid:3;)\n"
		    "alert ip 1.2.3.4 any -> any any (msg:\"list\"; sid:4;)\n" TCP
		    " (geoip:src,JP; sid:5;)\n");
	struct sk_buf b;
	json_t *v;

	ips_rules_finish(r);
	assert_int_equal(ips_rules_warning_count(r), 1);
	assert_int_equal(ips_rules_warning(r, 0)->sid, 1);
	/* 2 as well: nothing but addresses to look at. */
	assert_int_equal(ips_rules_tally(r)->ip_only, 2);
	sk_buf_init(&b, 1 << 20);
	ips_rules_report(r, false, &b);
	assert_non_null(strstr(sk_buf_str(&b), "test.rules:5: refused 1:5: geoip: there is no"));
	assert_non_null(
		strstr(sk_buf_str(&b), "5 rules: 4 loaded (2 by address alone), 1 refused"));
	sk_buf_reset(&b);
	ips_rules_report(r, true, &b);
	v = json_loads(sk_buf_str(&b), 0, NULL);
	assert_non_null(v);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(v, "tally"), "seen")), 5);
	assert_int_equal(json_array_size(json_object_get(v, "refused")), 1);
	assert_int_equal(json_array_size(json_object_get(v, "warnings")), 1);
	json_decref(v);
	sk_buf_done(&b);
	ips_rules_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(revisions),
		cmocka_unit_test(reasons),
		cmocka_unit_test(limits),
		cmocka_unit_test(zero_bytes),
		cmocka_unit_test(classes),
		cmocka_unit_test(about_itself),
		cmocka_unit_test(thresholds),
		cmocka_unit_test(report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
