/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule records: numbers, revisions, approval by another person, also against whoever writes SQL. */
#include "tests/unit/store/fixture.h"

static void numbers_begin_at_1001_and_are_never_reused(void **state)
{
	struct fixture *f = *state;
	struct mg_txn t = {0};
	uint32_t first = fx_request(f, "443");

	assert_int_equal(first, 1001);
	assert_int_equal(fx_do(f, mg_rule_discard, first, ALICE), 0);
	assert_string_equal(fx_state(f, first, 0), "removed");
	assert_int_equal(fx_request(f, "80"), 1002);
	/* Not even over the database's own back. */
	assert_int_equal(
		fx_sql(f, "DELETE FROM rule WHERE number = 1002") & 0xff, SQLITE_CONSTRAINT);
	assert_int_equal(
		fx_sql(f, "DELETE FROM rule_rev WHERE number = 1002") & 0xff, SQLITE_CONSTRAINT);
	/* A request that fails gives its number back to nobody else's harm. */
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	mg_txn_abort(&t);
	assert_int_equal(fx_request(f, "81"), 1003);
}

static void nobody_approves_their_own_request(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");

	assert_int_equal(fx_approve(f, n, ALICE), -EPERM); /* no approver */
	assert_int_equal(fx_approve(f, n, DAVE), -EPERM);
	/* Who claims a role the registry does not know of */
	assert_int_equal(fx_approve(f, n, fx_actor("alice", MG_APPROVER, NOW)), -EPERM);
	assert_int_equal(fx_sql(f, "UPDATE account SET roles = 3 WHERE name = 'alice'"), SQLITE_OK);
	assert_int_equal(fx_approve(f, n, fx_actor("alice", 3, NOW)), -EPERM);
	assert_string_equal(fx_state(f, n, 1), "requested");
	assert_int_equal(fx_approve(f, n, BOB), 0);
	assert_string_equal(fx_state(f, n, 1), "approved");
	assert_int_equal(fx_approve(f, n, CAROL), -EPERM); /* nothing waits any more */
}

static void a_disabled_approver_approves_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");

	assert_int_equal(fx_sql(f, "UPDATE account SET enabled = 0 WHERE name = 'bob'"), SQLITE_OK);
	assert_int_equal(fx_approve(f, n, BOB), -EPERM);
	assert_int_equal(fx_sql(f,
				 "UPDATE rule_rev SET state = 'approved', approver = 'bob',"
				 " approved_at = 5 WHERE number = 1001") &
			0xff,
		SQLITE_CONSTRAINT);
}

static void the_database_itself_refuses(void **state)
{
	static const char *const statements[] = {
		"UPDATE rule_rev SET state='approved', approver='alice', approved_at=5",
		"UPDATE rule_rev SET state='approved', approver='ALICE', approved_at=5",
		"UPDATE rule_rev SET state='approved'",
		"UPDATE rule_rev SET state='approved', approver='bob'",
		"UPDATE rule_rev SET state='approved', approver='dave', approved_at=5",
		"UPDATE rule_rev SET state='approved', approver='nobody', approved_at=5",
		"UPDATE rule_rev SET state='active'",
		"UPDATE rule_rev SET approver='bob', approved_at=5",
		"UPDATE rule_rev SET port='any'",
		"UPDATE rule_rev SET applicant='bob'",
		"UPDATE rule_rev SET expiry=expiry+1",
		"UPDATE rule_rev SET revision=9",
		"UPDATE rule SET number=9999",
		"DELETE FROM account",
		"UPDATE account SET name='eve' WHERE name='bob'",
		"INSERT INTO rule_rev(number, revision, intent, state, ord, kind, log, applicant, "
		"source,"
		" destination, zone_from, zone_to, protocol, port, purpose, registered, expiry,"
		" requested_at, approver, approved_at) SELECT number, 2, 'change', 'approved', "
		"ord, kind,"
		" log, 'alice', source, destination, zone_from, zone_to, protocol, port, purpose,"
		" registered, expiry, 5, 'alice', 5 FROM rule_rev",
		"INSERT OR REPLACE INTO rule_rev(number, revision, intent, state, ord, kind, log,"
		" applicant, source, destination, zone_from, zone_to, protocol, port, purpose, "
		"registered,"
		" expiry, requested_at) SELECT number, 1, 'new', 'requested', ord, kind, log, "
		"'carol',"
		" 'any', destination, zone_from, zone_to, protocol, port, purpose, registered, "
		"expiry, 5"
		" FROM rule_rev",
		"INSERT INTO change(kind, name, value, base, state, applicant, purpose, "
		"requested_at,"
		" approver) VALUES ('zone', 'x', '{}', 0, 'approved', 'alice', 'p', 5, 'alice')",
		"UPDATE change SET value='{}'",
		"DELETE FROM change",
		"DELETE FROM audit",
		"UPDATE audit SET account='eve'",
	};
	struct fixture *f = *state;

	fx_request(f, "443");
	for (size_t i = 0; i < SK_ARRAY_SIZE(statements); i++) {
		int r = fx_sql(f, statements[i]);

		if ((r & 0xff) != SQLITE_CONSTRAINT)
			print_error("accepted: %s\n", statements[i]);
		assert_int_equal(r & 0xff, SQLITE_CONSTRAINT);
	}
	assert_string_equal(fx_state(f, 1001, 0), "requested");
	fx_assert_verified(f);
}

static void a_change_leaves_the_active_revision_until_confirmed(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	struct fw_policy *p;

	fx_approve(f, n, BOB);
	fx_apply(f);
	assert_string_equal(fx_state(f, n, 1), "active");
	fx_change(f, n, "8443", MG_MODIFY);
	assert_string_equal(fx_state(f, n, 1), "active");
	assert_string_equal(fx_state(f, n, 2), "requested");
	assert_int_equal(fx_approve(f, n, BOB), 0);
	p = fx_build(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(p->n_rules, 1);
	assert_string_equal(p->rules[0].rec.port, "443");
	fw_policy_free(p);
	p = fx_build(f, MG_BUILD_WITH_APPROVED, NOW);
	assert_int_equal(p->n_rules, 1);
	assert_string_equal(p->rules[0].rec.port, "8443");
	assert_int_equal(p->rules[0].rec.revision, 2);
	fw_policy_free(p);
	fx_apply(f);
	assert_string_equal(fx_state(f, n, 1), "superseded");
	assert_string_equal(fx_state(f, n, 2), "active");
}

static void one_open_request_at_a_time(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	struct mg_txn t = {0};
	struct mg_rev r;

	fx_approve(f, n, BOB);
	fx_apply(f);
	fx_change(f, n, "8443", MG_MODIFY);
	assert_int_equal(mg_rule_base(f->s, n, &r, NULL), 0);
	assert_string_equal(r.rule.port, "443");
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_rule_insert(&t, &r, false, NOW, NULL), -EEXIST);
	mg_txn_abort(&t);
	mg_rev_done(&r);
	/* Sent back, it makes room, and stays on record. */
	assert_int_equal(fx_do(f, mg_rule_return, n, BOB), 0);
	assert_string_equal(fx_state(f, n, 2), "returned");
	assert_int_equal(fx_do(f, mg_rule_submit, n, BOB), -EPERM);
	fx_change(f, n, "9443", MG_MODIFY);
	assert_string_equal(fx_state(f, n, 2), "superseded");
	assert_string_equal(fx_state(f, n, 3), "requested");
	assert_int_equal(fx_do(f, mg_rule_withdraw, n, BOB), -EPERM);
	assert_int_equal(fx_do(f, mg_rule_withdraw, n, ALICE), 0);
	assert_string_equal(fx_state(f, n, 3), "draft");
	assert_int_equal(fx_do(f, mg_rule_withdraw, n, ALICE), 0);
	assert_string_equal(fx_state(f, n, 3), "superseded");
	assert_string_equal(fx_state(f, n, 0), "active");
}

static void suspension_takes_both_revisions_out(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	struct fw_policy *p;

	fx_approve(f, n, BOB);
	fx_apply(f);
	fx_change(f, n, "8443", MG_MODIFY);
	fx_approve(f, n, BOB);
	assert_int_equal(fx_do(f, mg_rule_suspend, n, DAVE), 0);
	for (int what = MG_BUILD_ACTIVE; what <= MG_BUILD_WITH_APPROVED; what++) {
		p = fx_build(f, (enum mg_build)what, NOW);
		assert_int_equal(p->n_rules, 0);
		fw_policy_free(p);
	}
	assert_int_equal(fx_do(f, mg_rule_suspend, n, DAVE), -ESTALE);
	/* A change approved meanwhile does not wake it. */
	fx_change(f, n, "9443", MG_MODIFY);
	assert_int_equal(fx_approve(f, n, BOB), 0);
	assert_string_equal(fx_state(f, n, 3), "suspended");
	assert_int_equal(fx_do(f, mg_rule_resume, n, DAVE), 0);
	assert_string_equal(fx_state(f, n, 3), "approved");
	assert_string_equal(fx_state(f, n, 1), "superseded");
	fx_apply(f);
	assert_string_equal(fx_state(f, n, 0), "active");
	p = fx_build(f, MG_BUILD_ACTIVE, NOW);
	assert_string_equal(p->rules[0].rec.port, "9443");
	fw_policy_free(p);
}

static void removal_is_approved_applied_and_final(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	struct fw_policy *p;
	struct mg_txn t = {0};
	struct mg_rev r;

	fx_approve(f, n, BOB);
	fx_apply(f);
	fx_change(f, n, "443", MG_REMOVAL);
	fx_approve(f, n, BOB);
	p = fx_build(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(p->n_rules, 1);
	fw_policy_free(p);
	fx_apply(f);
	assert_string_equal(fx_state(f, n, 1), "removed");
	assert_string_equal(fx_state(f, n, 2), "removed");
	assert_int_equal(mg_rule_get(f->s, n, 0, &r, NULL), 0);
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_rule_insert(&t, &r, false, NOW, NULL), -EPERM);
	mg_txn_abort(&t);
	mg_rev_done(&r);
}

static void expiry_leaves_the_record(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443"), *numbers = NULL;
	size_t count = 9;
	struct mg_txn t = {0};
	struct mg_audit_entry who = fx_who("alice", "rule.extend", NOW);
	struct mg_rev r;

	fx_approve(f, n, BOB);
	fx_apply(f);
	assert_int_equal(mg_store_expire_due(f->s, NOW + 100 * DAY, &numbers, &count, NULL), 0);
	assert_int_equal(count, 0);
	assert_int_equal(mg_store_expire_due(f->s, NOW + 100 * DAY + 1, &numbers, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(numbers[0], n);
	free(numbers);
	assert_string_equal(fx_state(f, n, 0), "expired");
	assert_int_equal(fx_int(f,
				 "SELECT count(*) FROM audit WHERE op = 'rule.expire'"
				 " AND account = 'system' AND target = 'rule 1001 r1'"),
		1);
	/* Renewed through an approved revision, in force after the next apply. */
	assert_int_equal(mg_rule_base(f->s, n, &r, NULL), 0);
	r.intent = MG_EXTEND;
	r.rule.expiry = NOW + 300 * DAY;
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_rule_insert(&t, &r, false, NOW + 101 * DAY, NULL), 0);
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	mg_rev_done(&r);
	assert_int_equal(fx_approve(f, n, BOB), 0);
	assert_string_equal(fx_state(f, n, 0), "expired");
	fx_apply(f);
	assert_string_equal(fx_state(f, n, 0), "active");
	assert_string_equal(fx_state(f, n, 1), "superseded");
	fx_assert_verified(f);
}

static int count_notice(const json_t *row, void *arg)
{
	int *n = arg;

	(*n)++;
	return 0;
}

static void reminders_go_out_once(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	int64_t expiry = NOW + 100 * DAY;
	static const struct {
		int days;
		size_t sent;
	} steps[] = {{40, 0}, {30, 2}, {29, 0}, {7, 2}, {6, 0}, {1, 2}, {0, 0}};
	size_t sent;
	int mine = 0, other = 0;

	fx_approve(f, n, BOB);
	fx_apply(f);
	for (size_t i = 0; i < SK_ARRAY_SIZE(steps); i++) {
		sent = 99;
		assert_int_equal(
			mg_store_notices_due(f->s, expiry - steps[i].days * DAY, &sent, NULL), 0);
		assert_int_equal(sent, steps[i].sent);
	}
	assert_int_equal(mg_notice_each(f->s, "bob", expiry, count_notice, &mine, NULL), 0);
	assert_int_equal(mg_notice_each(f->s, "carol", expiry, count_notice, &other, NULL), 0);
	assert_int_equal(mine, 1);
	assert_int_equal(other, 0);
}

static void hits_are_no_revision(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	const struct mg_hit hits[] = {{n, 10, 1000, NOW + 5}, {4242, 1, 1, 1}};
	int64_t rows = fx_int(f, "SELECT count(*) FROM audit");
	struct mg_rev r;

	assert_int_equal(mg_store_hits_update(f->s, hits, 2, NULL), 0);
	assert_int_equal(mg_rule_get(f->s, n, 0, &r, NULL), 0);
	assert_int_equal(r.rule.last_hit, NOW + 5);
	assert_int_equal(r.rule.revision, 1);
	mg_rev_done(&r);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM audit"), rows);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(numbers_begin_at_1001_and_are_never_reused),
		T(nobody_approves_their_own_request),
		T(a_disabled_approver_approves_nothing),
		T(the_database_itself_refuses),
		T(a_change_leaves_the_active_revision_until_confirmed),
		T(one_open_request_at_a_time),
		T(suspension_takes_both_revisions_out),
		T(removal_is_approved_applied_and_final),
		T(expiry_leaves_the_record),
		T(reminders_go_out_once),
		T(hits_are_no_revision),
	};

	return cmocka_run_group_tests_name("store rules", tests, NULL, NULL);
}
