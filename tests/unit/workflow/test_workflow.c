/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every decision of the workflow, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/command/command.h"
#include "mgmt/workflow/workflow.h"

#define DAY INT64_C(86400)

static void another_enabled_approver_decides(void **state)
{
	static const struct {
		const char *applicant, *who;
		unsigned roles;
		bool enabled;
		int want;
	} cases[] = {
		{"alice", "bob", MG_APPROVER, true, 0},
		{"alice", "bob", MG_APPROVER | MG_REQUESTER, true, 0},
		{"alice", "bob", MG_APPROVER, false, -EPERM},
		{"alice", "bob", MG_ADMIN | MG_REQUESTER | MG_AUDITOR | MG_SECURITY | MG_CONSOLE,
			true, -EPERM},
		{"alice", "alice", MG_APPROVER, true, -EPERM},
		{"alice", "Alice", MG_APPROVER | MG_ADMIN, true, -EPERM},
		{NULL, "bob", MG_APPROVER, true, -EPERM},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		const struct mg_person who = {cases[i].who, cases[i].roles, cases[i].enabled};
		struct sk_err err = {0};

		assert_int_equal(mg_wf_decide(cases[i].applicant, &who, &err), cases[i].want);
		assert_int_equal(mg_wf_review_direct(cases[i].applicant, &who), cases[i].want == 0);
		assert_int_equal(err.code, cases[i].want);
		if (cases[i].want)
			assert_true(err.en[0] && err.ja[0]);
	}
}

static void only_the_applicant_withdraws(void **state)
{
	const struct mg_person alice = {"alice", MG_REQUESTER, true}, gone = {"alice", 1, false},
			       bob = {"bob", MG_ADMIN, true};

	assert_int_equal(mg_wf_own("alice", &alice, NULL), 0);
	assert_int_equal(mg_wf_own("alice", &gone, NULL), -EPERM);
	assert_int_equal(mg_wf_own("alice", &bob, NULL), -EPERM);
	assert_int_equal(mg_wf_review("alice", &alice, NULL), -EPERM);
	assert_int_equal(mg_wf_review("alice", &bob, NULL), 0);
	assert_int_equal(mg_wf_suspend(FW_ALLOW, NULL), 0);
	assert_int_equal(mg_wf_suspend(FW_DNAT, NULL), 0);
	assert_int_equal(mg_wf_suspend(FW_DENY, NULL), -EPERM);
	assert_int_equal(mg_wf_reason("reason", " \n", NULL), -EINVAL);
	assert_int_equal(mg_wf_reason("reason", NULL, NULL), -EINVAL);
	assert_int_equal(mg_wf_reason("reason", "理由", NULL), 0);
}

static void reminders_30_7_and_1_days_before(void **state)
{
	static const struct {
		int64_t left;
		int last, want;
	} cases[] = {{31 * DAY, 0, 0}, {30 * DAY + 1, 0, 0}, {30 * DAY, 0, 30}, {30 * DAY, 30, 0},
		{8 * DAY, 30, 0}, {7 * DAY, 30, 7}, {7 * DAY, 0, 7}, {7 * DAY, 7, 0},
		{2 * DAY, 7, 0}, {DAY, 7, 1}, {DAY, 30, 1}, {1, 0, 1}, {0, 1, 0}, {0, 0, 1},
		{-1, 0, 0}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++)
		assert_int_equal(mg_wf_notice(1000000, 1000000 + cases[i].left, cases[i].last),
			cases[i].want);
}

static void review_once_a_year(void **state)
{
	assert_false(mg_wf_review_overdue(0, 0, 500 * DAY));
	assert_false(mg_wf_review_overdue(0, DAY, 367 * DAY));
	assert_true(mg_wf_review_overdue(0, DAY, 367 * DAY + 1));
	assert_false(mg_wf_review_overdue(300 * DAY, DAY, 600 * DAY));
	assert_true(mg_wf_review_overdue(300 * DAY, DAY, 700 * DAY));
}

static void accounts_are_managed_by_others(void **state)
{
	const struct mg_person root = {"console", MG_CONSOLE, true},
			       dave = {"dave", MG_ADMIN, true}, bob = {"bob", MG_APPROVER, true};
	struct mg_account_step step = {
		.name = "eve", .roles_after = MG_REQUESTER, .enabled_after = true, .is_new = true};

	assert_int_equal(mg_wf_account(&step, &root, NULL), 0);
	assert_int_equal(mg_wf_account(&step, &dave, NULL), 0);
	assert_int_equal(mg_wf_account(&step, &bob, NULL), -EPERM);
	step = (struct mg_account_step){
		"dave", MG_ADMIN, MG_ADMIN | MG_APPROVER, true, true, false, 2, -1, -1};
	assert_int_equal(mg_wf_account(&step, &dave, NULL), -EPERM); /* grants itself approval */
	assert_int_equal(mg_wf_account(&step, &root, NULL), 0);
	step = (struct mg_account_step){"dave", MG_ADMIN, MG_ADMIN, true, false, false, 2, -1, -1};
	assert_int_equal(mg_wf_account(&step, &dave, NULL), -EPERM); /* disables itself */
	assert_int_equal(mg_wf_account(&step, &root, NULL), 0);
	step.admins = 1;
	assert_int_equal(mg_wf_account(&step, &root, NULL), -EPERM); /* the last one */
	step = (struct mg_account_step){
		"dave", MG_ADMIN, MG_REQUESTER, true, true, false, 1, -1, -1};
	assert_int_equal(mg_wf_account(&step, &root, NULL), -EPERM);
	step = (struct mg_account_step){"dave", MG_ADMIN, MG_ADMIN, true, true, false, 1, -1, -1};
	assert_int_equal(mg_wf_account(&step, &dave, NULL), 0); /* its own mail address */
}

static void what_gives_more_is_approved(void **state)
{
	const unsigned r = MG_REQUESTER, ra = MG_REQUESTER | MG_APPROVER;
	static const struct mg_person bob = {"bob", MG_APPROVER, true},
				      dave = {"dave", MG_ADMIN | MG_APPROVER, true};
	const struct {
		struct mg_account_step step;
		bool grants;
	} cases[] = {
		{{"eve", 0, r, false, true, true, 2, -1, 7}, true},
		{{"eve", r, ra, true, true, false, 2, 7, 7}, true},
		{{"eve", r, r, true, true, false, 2, 7, 8}, true},
		{{"eve", r, r, true, true, false, 2, 7, 7}, false},
		{{"eve", ra, MG_ADMIN, true, true, false, 2, 7, 7}, true},
		{{"eve", r, r, false, true, false, 2, 7, 7}, true},
		{{"eve", ra, r, true, true, false, 2, 7, 7}, false},
		{{"eve", ra, ra, true, false, false, 2, 7, 7}, false},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		assert_int_equal(mg_wf_account_grants(&cases[i].step), cases[i].grants);
		assert_int_equal(mg_wf_account_approve(&cases[i].step, "dave", &bob, NULL), 0);
		/* neither who asked nor whose account it is */
		assert_int_equal(
			mg_wf_account_approve(&cases[i].step, "dave", &dave, NULL), -EPERM);
	}
	assert_int_equal(mg_wf_account_approve(&(struct mg_account_step){"bob", r, ra, true, true,
						       false, 2, 7, 7},
				 "dave", &bob, NULL),
		-EPERM);
}

static void names_and_texts(void **state)
{
	static const char *const good[] = {"a", "tanaka", "t.suzuki", "user-1_b"};
	static const char *const bad[] = {"", "1a", "Tanaka", "a b", "a/b", "system", "console",
		"root", "田中", "a\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++)
		assert_true(mg_wf_account_name(good[i]));
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_false(mg_wf_account_name(bad[i]));
	assert_int_equal(mg_wf_text("x", "受発注\n二行目", 100, true, NULL), 0);
	assert_int_equal(mg_wf_text("x", "受発注\n二行目", 100, false, NULL), -EINVAL);
	assert_int_equal(mg_wf_text("x", "\x1b[31m", 100, true, NULL), -EINVAL);
	assert_int_equal(
		mg_wf_text("x", "a\xe2\x80\xae", 100, true, NULL), -EINVAL); /* bidi override */
	assert_int_equal(mg_wf_text("x", "\xff", 100, true, NULL), -EINVAL);
	assert_int_equal(mg_wf_text("x", "あ", 2, true, NULL), -EINVAL);
}

static void the_life_of_a_change(void **state)
{
	static const struct {
		enum mg_change_state from;
		enum mg_change_event ev;
		int to;
	} possible[] = {{MG_CHS_REQUESTED, MG_CHE_APPROVE, MG_CHS_APPROVED},
		{MG_CHS_REQUESTED, MG_CHE_RETURN, MG_CHS_RETURNED},
		{MG_CHS_APPROVED, MG_CHE_APPLY, MG_CHS_ACTIVE},
		{MG_CHS_APPROVED, MG_CHE_SUPERSEDE, MG_CHS_SUPERSEDED},
		{MG_CHS_ACTIVE, MG_CHE_SUPERSEDE, MG_CHS_SUPERSEDED}};
	size_t n = 0;

	for (int s = 0; s < MG_CHANGE_STATES; s++) {
		enum mg_change_state back;

		assert_int_equal(
			mg_change_state_parse(mg_change_state_name((enum mg_change_state)s), &back),
			0);
		assert_int_equal(back, s);
		for (int e = 0; e < MG_CHE_EVENTS; e++) {
			enum mg_change_state to = MG_CHANGE_STATES;
			struct sk_err err = {0};
			int r = mg_change_next(
				(enum mg_change_state)s, (enum mg_change_event)e, &to, &err);

			if (n < SK_ARRAY_SIZE(possible) && (int)possible[n].from == s &&
				(int)possible[n].ev == e) {
				assert_int_equal(r, 0);
				assert_int_equal(to, possible[n++].to);
				continue;
			}
			assert_int_equal(r, -ESTALE);
			assert_true(err.en[0] && err.ja[0]);
		}
	}
	assert_int_equal(n, SK_ARRAY_SIZE(possible));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_enabled_approver_decides),
		cmocka_unit_test(only_the_applicant_withdraws),
		cmocka_unit_test(reminders_30_7_and_1_days_before),
		cmocka_unit_test(review_once_a_year),
		cmocka_unit_test(accounts_are_managed_by_others),
		cmocka_unit_test(what_gives_more_is_approved),
		cmocka_unit_test(names_and_texts),
		cmocka_unit_test(the_life_of_a_change),
	};

	return cmocka_run_group_tests_name("workflow", tests, NULL, NULL);
}
