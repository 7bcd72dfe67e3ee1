/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No.104: the review at least once a year, by somebody else, with a decision for every rule. */
#include "tests/unit/store/fixture.h"

static int start(struct fixture *f, int64_t now, uint32_t *ret)
{
	struct mg_audit_entry who = fx_who("dave", "review.start", now);
	struct mg_actor dave = fx_actor("dave", MG_ADMIN, now);
	struct mg_txn t = {0};
	int r;

	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	r = mg_review_start(&t, "2026年度", now + 30 * DAY, &dave, ret, NULL);
	if (r == 0)
		assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	mg_txn_abort(&t);
	return r;
}

static int decide(struct fixture *f, uint32_t rule, enum mg_decision d, int64_t expiry,
	struct mg_actor a, bool *ret_direct)
{
	struct mg_audit_entry who = fx_who(a.who.name, "review.decide", a.now);
	struct mg_review_decision dec = {.decision = d, .expiry = expiry};
	struct mg_txn t = {0};
	uint32_t result = 0;
	int r;

	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	r = mg_review_decide(&t, rule, &dec, &a, ret_direct, &result, NULL);
	if (r == 0)
		assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	mg_txn_abort(&t);
	return r < 0 ? r : (int)result;
}

static int finish(struct fixture *f, struct mg_actor a)
{
	struct mg_audit_entry who = fx_who(a.who.name, "review.finish", a.now);
	struct mg_txn t = {0};
	int r;

	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	r = mg_review_finish(&t, 0, &a, NULL);
	if (r == 0)
		assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	mg_txn_abort(&t);
	return r;
}

static int count(const struct mg_review_item *i, void *arg)
{
	int *n = arg;

	assert_non_null(i->record);
	if (i->builtin)
		assert_string_equal(i->decision, "certified");
	n[0] += !i->builtin;
	n[1] += i->builtin;
	return 0;
}

static void no104_every_rule_in_the_kernel_gets_a_decision(void **state)
{
	struct fixture *f = *state;
	uint32_t a = fx_request(f, "443"), b = fx_request(f, "80"), c = fx_request(f, "25"),
		 waiting = fx_request(f, "22"), review = 0;
	int n[2] = {0};
	struct mg_review rev;
	struct mg_rev rule;
	bool direct = false;

	fx_approve(f, a, BOB);
	fx_approve(f, b, BOB);
	fx_approve(f, c, BOB);
	fx_apply(f);
	assert_int_equal(start(f, NOW, &review), 0);
	assert_int_equal(start(f, NOW, &review), -EEXIST);
	assert_int_equal(mg_review_items(f->s, review, count, n, NULL), 0);
	assert_int_equal(n[0], 3);
	assert_true(n[1] > 0);
	assert_int_equal(mg_review_get(f->s, 0, &rev, NULL), 0);
	assert_int_equal(rev.open, 3);

	assert_int_equal(decide(f, a, MG_KEEP, 0, ALICE, NULL), -EPERM); /* her own rule */
	assert_int_equal(decide(f, waiting, MG_KEEP, 0, BOB, NULL), -ENOENT);
	assert_int_equal(decide(f, 1, MG_KEEP, 0, BOB, NULL), -EPERM); /* built in */
	assert_int_equal(finish(f, BOB), -EBUSY);

	/* An approver's word counts at once; the applicant stays who it was. */
	assert_int_equal(decide(f, a, MG_KEEP, NOW + 300 * DAY, BOB, &direct), 2);
	assert_true(direct);
	assert_int_equal(mg_rule_get(f->s, a, 2, &rule, NULL), 0);
	assert_string_equal(rule.rule.applicant, "alice");
	assert_string_equal(rule.rule.approver, "bob");
	assert_int_equal(rule.rule.expiry, NOW + 300 * DAY);
	assert_int_equal(rule.rule.last_reviewed, NOW);
	mg_rev_done(&rule);
	assert_true(decide(f, a, MG_KEEP, NOW + 900 * DAY, BOB, NULL) < 0); /* over the maximum */

	/* Somebody without that role asks, and another approves. */
	assert_int_equal(decide(f, b, MG_REMOVE, 0, DAVE, &direct), 2);
	assert_false(direct);
	assert_string_equal(fx_state(f, b, 2), "requested");

	/* A change stays open until it is asked for. */
	assert_int_equal(decide(f, c, MG_CHANGE, 0, BOB, NULL), 0);
	assert_int_equal(finish(f, BOB), -EBUSY);
	fx_change(f, c, "587", MG_MODIFY);
	assert_int_equal(mg_review_get(f->s, 0, &rev, NULL), 0);
	assert_int_equal(rev.open, 0);
	/* What is sent back is open again. */
	assert_int_equal(fx_do(f, mg_rule_return, b, BOB), 0);
	assert_int_equal(finish(f, BOB), -EBUSY);
	assert_int_equal(decide(f, b, MG_REMOVE, 0, BOB, &direct), 3);
	assert_true(direct);

	assert_int_equal(finish(f, DAVE), -EPERM);
	assert_int_equal(finish(f, BOB), 0);
	assert_int_equal(finish(f, BOB), -EPERM);
	assert_int_equal(decide(f, a, MG_KEEP, 0, BOB, NULL), -ENOENT);
	assert_int_equal(
		fx_sql(f, "UPDATE review_item SET decision = 'keep'") & 0xff, SQLITE_CONSTRAINT);
	assert_int_equal(fx_sql(f, "UPDATE review SET finished = 0") & 0xff, SQLITE_CONSTRAINT);
	fx_apply(f);
	assert_string_equal(fx_state(f, a, 2), "active");
	assert_string_equal(fx_state(f, b, 0), "removed");
	fx_assert_verified(f);
}

static void an_overdue_review_is_reported(void **state)
{
	struct fixture *f = *state;
	struct mg_review_status st;
	uint32_t n = fx_request(f, "443"), review;

	assert_int_equal(mg_store_review_status(f->s, NOW + 900 * DAY, &st, NULL), 0);
	assert_false(st.overdue); /* nothing to review yet */
	fx_approve(f, n, BOB);
	fx_apply(f);
	assert_int_equal(mg_store_review_status(f->s, NOW + 366 * DAY, &st, NULL), 0);
	assert_false(st.overdue);
	assert_int_equal(mg_store_review_status(f->s, NOW + 367 * DAY, &st, NULL), 0);
	assert_true(st.overdue);
	assert_int_equal(start(f, NOW, &review), 0);
	assert_int_equal(mg_store_review_status(f->s, NOW + 31 * DAY, &st, NULL), 0);
	assert_true(st.overdue);
	assert_int_equal(st.open_review, review);
	assert_int_equal(st.open_items, 1);
	assert_int_equal(decide(f, n, MG_KEEP, 0, CAROL, NULL), 0);
	assert_int_equal(finish(f, CAROL), 0);
	assert_int_equal(mg_store_review_status(f->s, NOW + 300 * DAY, &st, NULL), 0);
	assert_false(st.overdue);
	assert_int_equal(st.last_finished, NOW);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(no104_every_rule_in_the_kernel_gets_a_decision),
		T(an_overdue_review_is_reported),
	};

	return cmocka_run_group_tests_name("store reviews", tests, NULL, NULL);
}
