/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inspection policy: what each profile does with a rule, exceptions, trial, wrong documents. */
#include "ips/rules/policy.h"

#include "lib/file.h"
#include "tests/unit/ips-rules/rig.h"

#define NOW 1767225600 /* 2026-01-01 */

static const char conf[] = "config classification: trojan-activity,A Trojan,1\n"
			   "config classification: misc-activity,Misc,3\n"
			   "config classification: attempted-admin,Attempt,1\n"
			   "config classification: pup-activity,Unwanted,2\n";

static const char rules[] =
	TCP " (msg:\"ET MALWARE Sure and severe\"; classtype:trojan-activity; sid:1; "
	    "metadata:confidence High, signature_severity Critical, deployment Perimeter, "
	    "updated_at 2025_12_01;)\n" TCP
	    " (msg:\"ET MALWARE Medium\"; classtype:trojan-activity; sid:2; "
	    "metadata:confidence Medium, signature_severity Minor;)\n" TCP
	    " (msg:\"ET HUNTING Sure\"; classtype:trojan-activity; sid:3; "
	    "metadata:confidence High, signature_severity Critical, deployment Perimeter;)\n" TCP
	    " (msg:\"ET INFO Something\"; classtype:misc-activity; sid:4; "
	    "metadata:confidence High, signature_severity Informational;)\n" TCP
	    " (msg:\"ET EXPLOIT Attempt\"; classtype:attempted-admin; sid:5; "
	    "metadata:confidence Medium, signature_severity Major, deployment Internal;)\n" TCP
	    " (msg:\"ET MALWARE Quiet\"; classtype:trojan-activity; sid:6; noalert; "
	    "metadata:confidence High, signature_severity Critical, deployment Perimeter;)\n"
	    "drop tcp any any -> any any (msg:\"Own rule\"; sid:7;)\n"
	    "pass tcp any any -> any any (msg:\"Own pass\"; sid:8;)\n"
	    "rejectboth tcp any any -> any any (msg:\"Own reject\"; sid:9;)\n"
	    "alert ip 192.0.2.1 any -> any any (msg:\"ET CINS Listed\"; "
	    "classtype:misc-activity; sid:10; metadata:signature_severity Major;)\n";

static struct ips_rules *load(void)
{
	struct ips_rules *r = ips_rules_new();
	struct sk_err err;

	assert_non_null(r);
	assert_int_equal(ips_rules_classification(r, conf, strlen(conf), &err), 0);
	assert_int_equal(ips_rules_parse(r, "main.rules", rules, strlen(rules)), 0);
	assert_int_equal(ips_rules_refused_count(r), 0);
	return r;
}

static struct ips_policy *policy(const char *json)
{
	struct ips_policy *p = NULL;
	struct sk_err err = {0};

	if (ips_policy_parse(&p, json, strlen(json), &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	return p;
}

/* One letter a rule: a alert, d drop, r reject (b to both), p pass. */
static void effective(struct ips_policy *p, const char *want)
{
	struct ips_rules *r = load();
	static const char letters[] = "apdrRb";
	char have[32] = "";

	ips_policy_apply(p, r, NOW);
	for (uint32_t i = 0; i < ips_rules_count(r); i++)
		have[i] = letters[ips_rules_at(r, i)->effective];
	assert_string_equal(have, want);
	ips_rules_free(r);
}

static struct ips_policy *profile(const char *name)
{
	struct ips_policy *p;
	struct sk_err err = {0};
	char path[64];
	struct sk_buf b;

	snprintf(path, sizeof(path), "configs/ips/%s.json", name);
	sk_buf_init(&b, 1 << 20);
	if (sk_file_read(path, &b, &err) < 0)
		fail_msg("%s: %s", path, err.en);
	p = policy(sk_buf_str(&b));
	sk_buf_done(&b);
	return p;
}

static void profiles(void **state)
{
	struct ips_policy *p;

	/* 1 2 3 hunting, 4 info, 5 attempt, 6 noalert, 7 drop, 8 pass, 9 reject, 10 listed. */
	effective(NULL, "aaaaaadpba");
	p = profile("monitor");
	effective(p, "aaaaaaapaa");
	ips_policy_free(p);
	p = profile("balanced");
	effective(p, "ddaaaadpba");
	ips_policy_free(p);
	p = profile("strict");
	effective(p, "ddaadadpbd");
	ips_policy_free(p);
	/* Without criteria rules act as written; with none of them, all only report. */
	p = policy("{\"profile\": \"own\"}");
	effective(p, "aaaaaadpba");
	ips_policy_free(p);
	p = policy("{\"criteria\": []}");
	effective(p, "aaaaaaapaa");
	ips_policy_free(p);
}

static void criteria(void **state)
{
	static const struct {
		const char *json, *want;
	} rows[] = {
		{"{\"action\": \"drop\"}", "dddddadpdd"},
		{"{\"action\": \"reject\"}", "rrrrrarpbr"},
		{"{\"severity\": [1], \"action\": \"drop\"}", "dddadaapaa"},
		{"{\"severity\": [2, 3], \"action\": \"drop\"}", "aaadaadpdd"},
		{"{\"class\": [\"TROJAN-activity\"], \"action\": \"drop\"}", "dddaaaapaa"},
		{"{\"deployment\": [\"Internal\", \"Datacenter\"], \"action\": \"drop\"}",
			"aaaadaapaa"},
		{"{\"confidence\": [\"Medium\"], \"signature_severity\": [\"Major\"], "
		 "\"action\": \"drop\"}",
			"aaaadaapaa"},
		{"{\"category\": [\"EXPLOIT\"], \"action\": \"drop\"}", "aaaadaapaa"},
		{"{\"written\": [\"reject\"], \"action\": \"drop\"}", "aaaaaaapda"},
		/* Only what tells its day has an age. */
		{"{\"max_age_days\": 60, \"action\": \"drop\"}", "daaaaaapaa"},
		{"{\"max_age_days\": 30, \"action\": \"drop\"}", "aaaaaaapaa"},
		/* The first that is met decides. */
		{"{\"class\": [\"trojan-activity\"], \"action\": \"alert\"}, "
		 "{\"action\": \"drop\"}",
			"aaaddadpdd"},
	};
	char json[512];

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_policy *p;

		snprintf(json, sizeof(json), "{\"criteria\": [%s]}", rows[i].json);
		p = policy(json);
		effective(p, rows[i].want);
		ips_policy_free(p);
	}
}

static enum ips_decision decide(struct ips_policy *p, struct ips_rules *r, uint32_t sid,
	const char *src, const char *dst, int64_t now, uint32_t *ret_number)
{
	uint8_t family;
	struct ips_addr a = rig_addr(src, &family), b = rig_addr(dst, &family);

	return ips_policy_decide(p, ips_rules_find(r, 1, sid), family, &a, &b, now, ret_number);
}

static void exceptions(void **state)
{
	struct ips_policy *p = policy(
		"{\"criteria\": [{\"action\": \"drop\"}], \"exceptions\": ["
		"{\"number\": 11, \"sid\": 1, \"src\": \"10.0.0.5\", \"action\": \"ignore\"},"
		"{\"number\": 12, \"sid\": 1, \"dst\": \"192.168.0.0/20\", \"action\": \"alert\", "
		"\"expires\": 1767225700},"
		"{\"number\": 13, \"sid\": 0, \"src\": \"2001:db8::/33\", \"action\": \"alert\"},"
		"{\"number\": 14, \"gid\": 2, \"sid\": 2, \"action\": \"ignore\"},"
		"{\"number\": 15, \"sid\": 6, \"action\": \"drop\"},"
		"{\"number\": 16, \"sid\": 4, \"action\": \"reject\"}]}");
	struct ips_rules *r = load();
	uint32_t n;

	ips_policy_apply(p, r, NOW);
	assert_int_equal(decide(p, r, 1, "10.0.0.4", "1.1.1.1", NOW, &n), IPS_DECIDE_DROP);
	assert_int_equal(n, 0);
	assert_int_equal(decide(p, r, 1, "10.0.0.5", "1.1.1.1", NOW, &n), IPS_DECIDE_IGNORE);
	assert_int_equal(n, 11);
	/* The answering side is the same host. */
	assert_int_equal(decide(p, r, 1, "1.1.1.1", "10.0.0.5", NOW, &n), IPS_DECIDE_IGNORE);
	assert_int_equal(decide(p, r, 2, "10.0.0.5", "1.1.1.1", NOW, &n), IPS_DECIDE_DROP);
	assert_int_equal(decide(p, r, 1, "1.1.1.1", "192.168.15.255", NOW, &n), IPS_DECIDE_ALERT);
	assert_int_equal(n, 12);
	assert_int_equal(decide(p, r, 1, "1.1.1.1", "192.168.16.0", NOW, &n), IPS_DECIDE_DROP);
	/* Past its expiry it is as if it were not there. */
	assert_int_equal(
		decide(p, r, 1, "1.1.1.1", "192.168.15.255", NOW + 100, &n), IPS_DECIDE_DROP);
	assert_int_equal(n, 0);
	assert_int_equal(decide(p, r, 2, "2001:db8:7fff::1", "::1", NOW, &n), IPS_DECIDE_ALERT);
	assert_int_equal(decide(p, r, 2, "2001:db8:8000::1", "::1", NOW, &n), IPS_DECIDE_DROP);
	/* Never a drop from a rule that is not to be heard of. */
	assert_int_equal(decide(p, r, 6, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_ALERT);
	assert_int_equal(decide(p, r, 4, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_REJECT);
	assert_int_equal(n, 16);
	ips_policy_free(p);
	/* No policy at all: as written. */
	assert_int_equal(decide(NULL, r, 7, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_DROP);
	assert_int_equal(decide(NULL, r, 9, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_REJECT);
	assert_int_equal(decide(NULL, r, 1, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_ALERT);
	ips_rules_free(r);
}

static void trial(void **state)
{
	struct ips_policy *p = policy(
		"{\"criteria\": [{\"action\": \"drop\"}], \"rules\": ["
		"{\"path\": \"other.rules\", \"monitor_until\": 9999999999},"
		"{\"path\": \"main.rules\", \"monitor_until\": 1767225700}], \"exceptions\": ["
		"{\"number\": 5, \"sid\": 2, \"action\": \"drop\"}]}");
	struct ips_rules *r = load();
	uint32_t n;

	ips_policy_apply(p, r, NOW);
	assert_int_equal(ips_rules_find(r, 1, 1)->effective, IPS_DROP);
	assert_int_equal(decide(p, r, 1, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_WOULD_DROP);
	assert_int_equal(decide(p, r, 1, "1.1.1.1", "2.2.2.2", NOW + 100, &n), IPS_DECIDE_DROP);
	/* What somebody asked for in a record does not wait. */
	assert_int_equal(decide(p, r, 2, "1.1.1.1", "2.2.2.2", NOW, &n), IPS_DECIDE_DROP);
	ips_policy_free(p);
	ips_rules_free(r);
}

static void urgent(void **state)
{
	struct ips_policy *p = profile("balanced");
	struct ips_rules *r = load();

	assert_true(ips_policy_urgent(p, ips_rules_find(r, 1, 1)));
	assert_false(ips_policy_urgent(p, ips_rules_find(r, 1, 3)));
	assert_false(ips_policy_urgent(NULL, ips_rules_find(r, 1, 1)));
	ips_policy_free(p);
	p = profile("monitor");
	assert_true(ips_policy_urgent(p, ips_rules_find(r, 1, 1)));
	assert_false(ips_policy_urgent(p, ips_rules_find(r, 1, 4)));
	ips_policy_free(p);
	ips_rules_free(r);
}

/* What is wrong is refused with the field's path. */
static void wrong(void **state)
{
	static const struct {
		const char *json, *path;
	} rows[] = {
		{"[]", ""},
		{"{\"format\": \"sekisho-ips-policy-2\"}", "format"},
		{"{\"profil\": \"x\"}", "profil"},
		{"{\"criteria\": {}}", "criteria"},
		{"{\"criteria\": [{}]}", "criteria[0].action"},
		{"{\"criteria\": [{\"action\": \"block\"}]}", "criteria[0].action"},
		{"{\"criteria\": [{\"action\": \"drop\"}, 5]}", "criteria[1]"},
		{"{\"criteria\": [{\"action\": \"drop\", \"severity\": [0]}]}",
			"criteria[0].severity"},
		{"{\"criteria\": [{\"action\": \"drop\", \"severity\": []}]}",
			"criteria[0].severity"},
		{"{\"criteria\": [{\"action\": \"drop\", \"class\": [1]}]}", "criteria[0].class"},
		{"{\"criteria\": [{\"action\": \"drop\", \"class\": []}]}", "criteria[0].class"},
		{"{\"criteria\": [{\"action\": \"drop\", \"klass\": [\"a\"]}]}",
			"criteria[0].klass"},
		{"{\"criteria\": [{\"action\": \"drop\", \"written\": [\"pass\"]}]}",
			"criteria[0].written"},
		{"{\"criteria\": [{\"action\": \"drop\", \"max_age_days\": 0}]}",
			"criteria[0].max_age_days"},
		{"{\"rules\": [{}]}", "rules[0].path"},
		{"{\"rules\": [{\"path\": \"a\", \"monitor_until\": -1}]}",
			"rules[0].monitor_until"},
		{"{\"exceptions\": [{\"sid\": 1}]}", "exceptions[0].action"},
		{"{\"exceptions\": [{\"action\": \"ignore\"}]}", "exceptions[0].sid"},
		{"{\"exceptions\": [{\"sid\": 1, \"action\": \"ignore\", \"src\": \"1.2.3\"}]}",
			"exceptions[0].src"},
		{"{\"exceptions\": [{\"sid\": 1, \"action\": \"ignore\", \"dst\": \"::/129\"}]}",
			"exceptions[0].dst"},
		{"{\"exceptions\": [{\"sid\": -1, \"action\": \"ignore\"}]}", "exceptions[0].sid"},
		{"{\"exceptions\": [{\"sid\": 1, \"action\": \"pass\"}]}", "exceptions[0].action"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_policy *p = (struct ips_policy *)&rows;
		struct sk_err err = {0};

		assert_int_equal(
			ips_policy_parse(&p, rows[i].json, strlen(rows[i].json), &err), -EINVAL);
		assert_ptr_equal(p, &rows);
		if (strcmp(err.path, rows[i].path) != 0)
			fail_msg("%s: path %s (%s)", rows[i].json, err.path, err.en);
		assert_true(err.en[0] && err.ja[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(profiles),
		cmocka_unit_test(criteria),
		cmocka_unit_test(exceptions),
		cmocka_unit_test(trial),
		cmocka_unit_test(urgent),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
