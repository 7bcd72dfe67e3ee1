/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one person alone must not reach: accounts, exchanged requests, misnamed ones. */
#include "tests/unit/store/fake_call.h"

static json_t *numbers(int n)
{
	return json_pack("{s[i]}", "numbers", n);
}

static void ok(const struct answer *a)
{
	if (a->code < 0)
		print_error("%d %s: %s\n", a->code, a->err.path, a->err.en);
	assert_int_equal(a->code, 0);
}

static json_t *request(const char *port)
{
	return json_pack("{ss ss ss ss ss ss}", "source", "192.168.1.0/24", "destination",
		"203.0.113.10", "direction", "lan->wan", "protocol", "tcp", "port", port, "purpose",
		"受発注システム");
}

static json_t *account(const char *name, int uid, const char *roles)
{
	return json_pack("{ss ss si ss ss}", "name", name, "display", "山田", "uid", uid, "roles",
		roles, "purpose", "new task");
}

/* An administrator alone gives nobody more: through such an account he could approve for himself.
 */
static void no105_accounts_are_approved_by_another_person(void **state)
{
	struct fixture *f = *state;
	json_t *args = account("eve", 2001, "approver");
	struct answer *a;

	/* The registry asks why. */
	json_object_del(args, "purpose");
	assert_int_equal(fk_call(f, "dave", "account.add", args, NULL)->code, -EINVAL);
	args = account("eve", 2001, "approver");
	a = fk_call(f, "dave", "account.add", args, NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "kind"), "account");
	assert_string_equal(fk_record(a, 0, "state"), "requested");
	assert_int_equal(
		fk_call(f, "alice", "account.show", json_pack("{ss}", "name", "eve"), NULL)->code,
		-ENOENT);
	assert_int_equal(fk_call(f, "dave", "change.approve",
				 numbers(fx_int(f, "SELECT max(number) FROM change")), NULL)
				 ->code,
		-EPERM);
	a = fk_call(f, "bob", "change.approve",
		numbers(fx_int(f, "SELECT max(number) FROM change")), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "state"), "active");
	a = fk_call(f, "alice", "account.show", json_pack("{ss}", "name", "eve"), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "roles"), "approver");
	fx_assert_verified(f);
}

static uint32_t ask_account(struct fixture *f, const char *op, json_t *args)
{
	json_object_set_new(
		args, strcmp(op, "account.enable") ? "purpose" : "reason", json_string("new task"));
	ok(fk_call(f, "dave", op, args, NULL));
	return (uint32_t)fx_int(f, "SELECT max(number) FROM change WHERE state = 'requested'");
}

static void no105_what_gives_more_waits(void **state)
{
	struct fixture *f = *state;
	uint32_t n;

	/* A role, another Unix user (so that dave could become bob), an account enabled again. */
	n = ask_account(f, "account.set",
		json_pack("{ss ss}", "name", "bob", "roles", "approver,requester"));
	assert_int_equal(fx_int(f, "SELECT roles FROM account WHERE name = 'bob'"), MG_APPROVER);
	/* It is bob's own: carol has to. */
	assert_int_equal(fk_call(f, "bob", "change.approve", numbers(n), NULL)->code, -EPERM);
	ok(fk_call(f, "carol", "change.approve", numbers(n), NULL));
	assert_int_equal(fx_int(f, "SELECT roles FROM account WHERE name = 'bob'"),
		MG_APPROVER | MG_REQUESTER);
	n = ask_account(f, "account.set", json_pack("{ss si}", "name", "carol", "uid", 4004));
	assert_int_equal(fx_int(f, "SELECT uid FROM account WHERE name = 'carol'"), 1003);
	/* Somebody took roles away in the meantime: nothing comes back by the old request. */
	ok(fk_call(f, "dave", "account.set",
		json_pack("{ss ss}", "name", "carol", "roles", "requester"), NULL));
	assert_int_equal(fx_int(f, "SELECT roles FROM account WHERE name = 'carol'"), MG_REQUESTER);
	assert_int_equal(fk_call(f, "bob", "change.approve", numbers(n), NULL)->code, -ESTALE);
	ok(fk_call(f, "dave", "account.disable",
		json_pack("{ss ss}", "name", "carol", "reason", "leave"), NULL));
	n = ask_account(f, "account.enable", json_pack("{ss}", "name", "carol"));
	assert_int_equal(fx_int(f, "SELECT enabled FROM account WHERE name = 'carol'"), 0);
	ok(fk_call(f, "bob", "change.approve", numbers(n), NULL));
	assert_int_equal(fx_int(f, "SELECT enabled FROM account WHERE name = 'carol'"), 1);
	/* Of one's own account, too: a free uid could be given to a second account of the same
	 * person. */
	n = ask_account(f, "account.set", json_pack("{ss si}", "name", "dave", "uid", 4005));
	assert_int_equal(fx_int(f, "SELECT uid FROM account WHERE name = 'dave'"), 1004);
	assert_true(n > 0);
	/* Root recovers alone. */
	ok(fk_call(f, "console", "account.set",
		json_pack("{ss ss}", "name", "carol", "roles", "approver"), NULL));
	assert_int_equal(fx_int(f, "SELECT roles FROM account WHERE name = 'carol'"), MG_APPROVER);
	fx_assert_verified(f);
}

static void no105_accounts_are_reviewed(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(
		fk_call(f, "dave", "account.review", json_pack("{ss}", "name", "dave"), NULL)->code,
		-EPERM);
	ok(fk_call(f, "bob", "account.review", json_pack("{ss}", "name", "dave"), NULL));
	ok(fk_call(f, "dave", "account.review", json_pack("{ss}", "name", "alice"), NULL));
	assert_int_equal(fx_int(f, "SELECT count(*) FROM account WHERE reviewed > 0"), 2);
	assert_int_equal(fx_int(f,
				 "SELECT count(*) FROM audit WHERE op = 'account.review' AND "
				 "before <> after"),
		2);
}

/* The applicant exchanges the request between reading and approving. */
static void no119_what_was_read_is_approved(void **state)
{
	struct fixture *f = *state;

	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	ok(fk_call(f, "alice", "rule.withdraw", json_pack("{si}", "number", 1001), NULL));
	ok(fk_call(f, "alice", "rule.request",
		json_pack("{si ss}", "number", 1001, "port", "1-65535"), NULL));
	assert_int_equal(fk_call(f, "bob", "rule.approve",
				 json_pack("{s[i] si}", "numbers", 1001, "revision", 1), NULL)
				 ->code,
		-ESTALE);
	assert_string_equal(fx_state(f, 1001, 2), "requested");
	ok(fk_call(f, "bob", "rule.approve", json_pack("{s[i] si}", "numbers", 1001, "revision", 2),
		NULL));
}

/* What is called an extension changes nothing but the date. */
static void no104_an_extension_smuggles_nothing(void **state)
{
	struct fixture *f = *state;
	struct answer *a;

	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);
	ok(fk_call(f, "alice", "rule.extend",
		json_pack(
			"{si ss ss}", "number", 1001, "expiry", "2027-03-31", "reason", "contract"),
		NULL));
	ok(fk_call(f, "alice", "rule.withdraw", json_pack("{si}", "number", 1001), NULL));
	a = fk_call(f, "alice", "rule.request",
		json_pack("{si ss}", "number", 1001, "port", "1-65535"), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "intent"), "change");
	/* Nor does it say that somebody decided about it already. */
	assert_string_equal(fk_record(a, 0, "decided_by"), "");
}

/* A review prolongs what runs; what has expired since is asked for and approved like anything else.
 */
static void no104_a_review_revives_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t *numbers_due = NULL;
	size_t n = 0;

	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);
	ok(fk_call(f, "bob", "review.start",
		json_pack("{ss ss}", "title", "2026", "due", "2026-12-25"), NULL));
	assert_int_equal(mg_store_expire_due(f->s, NOW + 400 * DAY, &numbers_due, &n, NULL), 0);
	free(numbers_due);
	assert_int_equal(n, 1);
	ok(fk_call(f, "bob", "review.decide",
		json_pack("{s[i] ss ss ss}", "numbers", 1001, "decision", "keep", "expiry",
			"2027-01-31", "reason", "needed"),
		NULL));
	assert_string_equal(fx_state(f, 1001, 1), "expired");
	assert_string_equal(fx_state(f, 1001, 2), "requested");
	assert_int_equal(fk_call(f, "bob", "rule.approve", numbers(1001), NULL)->code, -EPERM);
	ok(fk_call(f, "carol", "rule.approve", numbers(1001), NULL));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(no105_accounts_are_approved_by_another_person),
		T(no105_what_gives_more_waits),
		T(no105_accounts_are_reviewed),
		T(no119_what_was_read_is_approved),
		T(no104_a_review_revives_nothing),
		T(no104_an_extension_smuggles_nothing),
	};

	return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}
