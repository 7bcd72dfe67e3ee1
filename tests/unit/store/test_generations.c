/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generations: what they contain is what is confirmed, once, whatever happened meanwhile. */
#include "tests/unit/store/fixture.h"

static struct mg_audit_entry dave(void)
{
	return fx_who("dave", "confirm", NOW);
}

static void confirm_is_idempotent(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	uint32_t n = fx_request(f, "443");
	struct mg_generation g;
	uint64_t gen;
	int64_t rows;

	fx_approve(f, n, BOB);
	gen = fx_send(f, MG_BUILD_WITH_APPROVED, NOW);
	assert_int_equal(mg_generation_trial(f->s, gen, &who, NULL), 0);
	assert_int_equal(mg_generation_trial(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, n, 1), "approved");
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, n, 1), "active");
	rows = fx_int(f, "SELECT count(*) FROM audit");
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_int_equal(mg_generation_trial(f->s, gen, &who, NULL), 0);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM audit"), rows);
	assert_int_equal(mg_generation_rollback(f->s, gen, &who, NULL), -EPERM);
	assert_int_equal(mg_generation_fail(f->s, gen, NULL, &who, NULL), -EPERM);
	assert_int_equal(mg_generation_confirm(f->s, 99, &who, NULL), -ENOENT);
	assert_int_equal(mg_generation_latest(f->s, MG_GEN_CONFIRMED, &g, NULL), 0);
	assert_int_equal(g.generation, gen);
	assert_int_equal(g.rules, 1);
	assert_int_equal(strlen(g.sha256), 64);
	fx_assert_verified(f);
}

static void rollback_leaves_everything_approved(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	uint32_t n = fx_request(f, "443");
	struct mg_waiting w;
	uint64_t gen, next;

	fx_approve(f, n, BOB);
	gen = fx_send(f, MG_BUILD_WITH_APPROVED, NOW);
	assert_int_equal(mg_generation_rollback(f->s, gen, &who, NULL), 0);
	assert_int_equal(mg_generation_rollback(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, n, 1), "approved");
	assert_int_equal(mg_generation_waiting(f->s, &w, NULL), 0);
	assert_int_equal(w.rules, 1);
	assert_int_equal(w.changes, 0);
	/* Its number is spent. */
	assert_int_equal(mg_generation_next(f->s, &next, NULL), 0);
	assert_int_equal(next, gen + 1);
	/* fwd's answer is the truth, also when it comes late. */
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, n, 1), "active");
}

/* What fwd refused leaves the gateway as it was: never set up. */
static void refused_was_never_in_force(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	bool any = true;
	uint64_t gen;

	gen = fx_send(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(mg_generation_any(f->s, &any, NULL), 0);
	assert_true(any);
	assert_int_equal(mg_generation_fail(f->s, gen, NULL, &who, NULL), 0);
	assert_int_equal(mg_generation_any(f->s, &any, NULL), 0);
	assert_false(any);
	gen = fx_send(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(mg_generation_rollback(f->s, gen, &who, NULL), 0);
	assert_int_equal(mg_generation_any(f->s, &any, NULL), 0);
	assert_false(any);
	gen = fx_send(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_int_equal(mg_generation_any(f->s, &any, NULL), 0);
	assert_true(any);
}

static void only_what_was_sent_is_confirmed(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	uint32_t a = fx_request(f, "443"), b;
	uint64_t gen;

	fx_approve(f, a, BOB);
	gen = fx_send(f, MG_BUILD_WITH_APPROVED, NOW);
	b = fx_request(f, "80");
	fx_approve(f, b, BOB);
	fx_change(f, a, "8443", MG_MODIFY);
	fx_approve(f, a, BOB);
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, a, 1), "active");
	assert_string_equal(fx_state(f, a, 2), "approved");
	assert_string_equal(fx_state(f, b, 1), "approved");
}

static void suspended_during_the_trial_stays_suspended(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	uint32_t n = fx_request(f, "443");
	uint64_t gen;

	fx_approve(f, n, BOB);
	gen = fx_send(f, MG_BUILD_WITH_APPROVED, NOW);
	assert_int_equal(fx_do(f, mg_rule_suspend, n, DAVE), 0);
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, n, 1), "suspended");
}

static void a_content_approved_after_a_sent_removal_survives(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	uint32_t n = fx_request(f, "443");
	struct fw_policy *p;
	uint64_t gen;

	fx_approve(f, n, BOB);
	fx_apply(f);
	fx_change(f, n, "443", MG_REMOVAL);
	fx_approve(f, n, BOB);
	gen = fx_send(f, MG_BUILD_WITH_APPROVED, NOW);
	fx_change(f, n, "8443", MG_MODIFY);
	fx_approve(f, n, BOB);
	assert_int_equal(mg_generation_confirm(f->s, gen, &who, NULL), 0);
	assert_string_equal(fx_state(f, n, 1), "removed");
	assert_string_equal(fx_state(f, n, 3), "approved");
	p = fx_build(f, MG_BUILD_WITH_APPROVED, NOW);
	assert_int_equal(p->n_rules, 1);
	fw_policy_free(p);
}

static void an_older_generation_is_not_confirmed_after_a_newer(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = dave();
	uint64_t one = fx_send(f, MG_BUILD_ACTIVE, NOW), two = fx_send(f, MG_BUILD_ACTIVE, NOW);

	assert_int_equal(mg_generation_confirm(f->s, two, &who, NULL), 0);
	assert_int_equal(mg_generation_confirm(f->s, one, &who, NULL), -ESTALE);
}

/* ---- changes ------------------------------------------------------------------------------------
 */

static int request(struct fixture *f, enum mg_change_kind kind, const char *name, json_t *value,
	const char *applicant, uint32_t *ret)
{
	struct mg_audit_entry who = fx_who(applicant, "change", NOW);
	struct mg_change ch = {.kind = kind, .value = value};
	struct mg_txn t = {0};
	struct sk_err err = {0};
	int r;

	snprintf(ch.name, sizeof(ch.name), "%s", name);
	snprintf(ch.applicant, sizeof(ch.applicant), "%s", applicant);
	assert_int_equal(fw_str_set(&ch.purpose, "why"), 0);
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	r = mg_change_request(&t, &ch, NOW, &err);
	if (r == 0)
		assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	else
		assert_true(err.en[0] && err.ja[0]);
	mg_txn_abort(&t);
	if (ret)
		*ret = ch.number;
	mg_change_done(&ch);
	return r;
}

static int decide(struct fixture *f, uint32_t number, struct mg_actor a)
{
	struct mg_audit_entry who = fx_who(a.who.name, "change.approve", NOW);
	struct mg_txn t = {0};
	int r;

	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	r = mg_change_approve(&t, number, &a, NULL, NULL);
	if (r == 0)
		assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	mg_txn_abort(&t);
	return r;
}

static json_t *items(const char *text)
{
	return json_pack("{ss}", "items", text);
}

static void objects_take_effect_with_the_rules_that_use_them(void **state)
{
	struct fixture *f = *state;
	struct fw_policy *p;
	uint32_t ch, gone, n;

	assert_int_equal(
		request(f, MG_CH_SERVICE, "業務ポート", items("tcp/443,tcp/8443"), "dave", &ch), 0);
	assert_int_equal(decide(f, ch, DAVE), -EPERM);
	assert_int_equal(decide(f, ch, BOB), 0);
	assert_int_equal(decide(f, ch, CAROL), -ESTALE);
	n = fx_request(f, "業務ポート");
	fx_approve(f, n, BOB);
	p = fx_build(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(fw_objects_count(p->objects), 0);
	fw_policy_free(p);
	p = fx_build(f, MG_BUILD_WITH_APPROVED, NOW);
	assert_int_equal(fw_objects_count(p->objects), 1);
	assert_int_equal(p->n_rules, 1);
	assert_int_equal(p->n_zones, 2);
	fw_policy_free(p);
	fx_apply(f);
	/* In use: it cannot be taken away. */
	assert_true(request(f, MG_CH_SERVICE, "業務ポート", NULL, "dave", NULL) < 0);
	assert_true(request(f, MG_CH_ZONE, "lan", NULL, "dave", NULL) < 0);
	/* Not in use any more once the rule's removal is approved. */
	fx_change(f, n, "業務ポート", MG_REMOVAL);
	fx_approve(f, n, BOB);
	assert_int_equal(request(f, MG_CH_SERVICE, "業務ポート", NULL, "dave", &gone), 0);
	assert_int_equal(decide(f, gone, BOB), 0);
	fx_apply(f);
	p = fx_build(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(fw_objects_count(p->objects), 0);
	fw_policy_free(p);
	fx_assert_verified(f);
}

static void the_second_change_of_the_same_target_is_stale(void **state)
{
	struct fixture *f = *state;
	uint32_t one, two;

	assert_int_equal(request(f, MG_CH_ADDRESS, "server", items("192.0.2.1"), "dave", &one), 0);
	assert_int_equal(request(f, MG_CH_ADDRESS, "server", items("192.0.2.2"), "dave", &two), 0);
	assert_int_equal(decide(f, two, BOB), 0);
	assert_int_equal(decide(f, one, BOB), -ESTALE);
	assert_true(request(f, MG_CH_ADDRESS, "server", items("no address!"), "dave", NULL) < 0);
	assert_int_equal(
		request(f, MG_CH_ADDRESS, "server", items("192.0.2.2"), "dave", NULL), -EEXIST);
	assert_int_equal(request(f, MG_CH_ADDRESS, "nothing", NULL, "dave", NULL), -ENOENT);
}

static void a_group_may_be_asked_for_together_with_its_members(void **state)
{
	struct fixture *f = *state;
	uint32_t member, group;

	assert_int_equal(
		request(f, MG_CH_ADDRESS, "member", items("192.0.2.1"), "dave", &member), 0);
	assert_int_equal(request(f, MG_CH_ADDRESS, "group", items("member"), "dave", &group), 0);
	assert_true(decide(f, group, BOB) < 0); /* not without its member */
	assert_int_equal(decide(f, member, BOB), 0);
	assert_int_equal(decide(f, group, BOB), 0);
	assert_true(
		request(f, MG_CH_ADDRESS, "member", items("group"), "dave", NULL) < 0); /* a loop */
}

static void settings_outside_the_policy_act_at_once(void **state)
{
	struct fixture *f = *state;
	uint32_t ch;

	assert_int_equal(mg_setting_int(f->s, "events.retention_days"), 190);
	assert_true(request(f, MG_CH_SETTING, "events.retention_days", json_string("30"), "dave",
			    NULL) < 0); /* under six months */
	assert_true(request(f, MG_CH_SETTING, "no.such", json_string("1"), "dave", NULL) < 0);
	assert_int_equal(
		request(f, MG_CH_SETTING, "events.retention_days", json_string("400"), "dave", &ch),
		0);
	assert_int_equal(mg_setting_int(f->s, "events.retention_days"), 190);
	assert_int_equal(decide(f, ch, BOB), 0);
	assert_int_equal(mg_setting_int(f->s, "events.retention_days"), 400);
	assert_int_equal(
		request(f, MG_CH_SETTING, "site.manage_ports", json_string("22, 443"), "dave", &ch),
		-EINVAL);
	assert_int_equal(
		request(f, MG_CH_SETTING, "site.manage_ports", json_string("22,443"), "dave", &ch),
		0);
	assert_int_equal(decide(f, ch, BOB), 0);
	fx_apply(f);
	{
		struct fw_policy *p = fx_build(f, MG_BUILD_ACTIVE, NOW);

		assert_int_equal(p->site.n_manage_ports, 2);
		assert_int_equal(p->site.manage_ports[1], 443);
		assert_true(p->site.reverse_path);
		fw_policy_free(p);
	}
}

static void initial_values_end_with_the_first_generation(void **state)
{
	struct fixture *f = *state;

	fx_apply(f);
	assert_int_equal(
		fx_sql(f,
			"INSERT INTO change(kind, name, value, base, state, initial, applicant,"
			" purpose, requested_at) VALUES ('setting', 'site.name', '\"x\"', 0,"
			" 'active', 1, 'console', 'p', 5)") &
			0xff,
		SQLITE_CONSTRAINT);
}

static void ten_thousand_rules_build_in_time(void **state)
{
	struct fixture *f = *state;
	struct fw_policy *p;
	uint64_t start, took;

	assert_int_equal(fx_sql(f,
				 "WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n"
				 " WHERE i < 11000) INSERT INTO rule(number) SELECT i FROM n;"
				 "INSERT INTO rule_rev(number, revision, intent, state, ord, kind, "
				 "log, applicant,"
				 " source, destination, zone_from, zone_to, protocol, port, "
				 "purpose, registered,"
				 " expiry, requested_at) SELECT number, 1, 'new', 'requested', "
				 "1000, 'allow', 0,"
				 " 'alice', '192.168.' || (number % 200) || '.0/24', '203.0.113.' "
				 "|| (number % 250),"
				 " 'lan', 'wan', 'tcp', number, 'purpose', 1790000000, 1798000000, "
				 "5 FROM rule;"
				 "UPDATE rule_rev SET state = 'approved', approver = 'bob', "
				 "approved_at = 5"),
		SQLITE_OK);
	start = sk_mono_us();
	p = fx_build(f, MG_BUILD_WITH_APPROVED, NOW);
	took = sk_mono_us() - start;
	assert_int_equal(p->n_rules, 10000);
	fw_policy_free(p);
	print_message("10,000 rules: %llu ms\n", (unsigned long long)(took / 1000));
	assert_true(took <
		10 * 1000 * 1000); /* sanitizers and a busy machine; a release build: < 1 s */
	fx_apply(f);
	assert_string_equal(fx_state(f, 11000, 0), "active");
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(confirm_is_idempotent),
		T(rollback_leaves_everything_approved),
		T(refused_was_never_in_force),
		T(only_what_was_sent_is_confirmed),
		T(suspended_during_the_trial_stays_suspended),
		T(a_content_approved_after_a_sent_removal_survives),
		T(an_older_generation_is_not_confirmed_after_a_newer),
		T(objects_take_effect_with_the_rules_that_use_them),
		T(the_second_change_of_the_same_target_is_stale),
		T(a_group_may_be_asked_for_together_with_its_members),
		T(settings_outside_the_policy_act_at_once),
		T(initial_values_end_with_the_first_generation),
		T(ten_thousand_rules_build_in_time),
	};

	return cmocka_run_group_tests_name("store generations", tests, NULL, NULL);
}
