// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of an exception of the inspection, and what the database refuses whoever asks. */
#include "tests/unit/store/fixture.h"

#include "mgmt/store/exceptions.h"
#include "mgmt/store/sets.h"

static int ask(struct fixture *f, struct mg_exception *x, const char *who)
{
	struct sk_err err = {0};
	struct mg_audit_entry a = fx_who(who, "ips.exception.request", NOW);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	snprintf(x->applicant, sizeof(x->applicant), "%s", who);
	if (r == 0)
		r = mg_exception_request(&t, x, NOW, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &a, &err);
	mg_txn_abort(&t);
	return r;
}

static struct mg_exception fresh(uint32_t sid, const char *source)
{
	struct mg_exception x = {.intent = MG_NEW, .gid = 1, .sid = sid, .expiry = NOW + 10 * DAY};

	snprintf(x.source, sizeof(x.source), "%s", source);
	snprintf(x.destination, sizeof(x.destination), "any");
	snprintf(x.action, sizeof(x.action), "alert");
	x.purpose = strdup("false alarm");
	return x;
}

typedef int step_fn(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err);

static int step(struct fixture *f, step_fn *fn, uint32_t number, struct mg_actor a)
{
	struct sk_err err = {0};
	struct mg_audit_entry who = fx_who(a.who.name, "test", a.now);
	struct mg_exception x = {0};
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	if (r == 0)
		r = fn(&t, number, &a, &x, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &who, &err);
	mg_txn_abort(&t);
	mg_exception_done(&x);
	return r;
}

static void state_is(struct fixture *f, uint32_t number, const char *want)
{
	struct mg_exception x;

	assert_int_equal(mg_exception_get(f->s, number, &x, NULL), 0);
	assert_string_equal(x.state, want);
	mg_exception_done(&x);
}

static void life(void **state)
{
	struct fixture *f = *state;
	struct mg_exception x = fresh(7, "192.168.1.77/24");
	size_t n = 0;

	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_true(x.number >= 1001);
	assert_string_equal(x.source, "192.168.1.77/24");
	state_is(f, x.number, "requested");
	assert_int_equal(step(f, mg_exception_approve, x.number, ALICE), -EPERM);
	assert_int_equal(step(f, mg_exception_approve, x.number, DAVE), -EPERM);
	assert_int_equal(step(f, mg_exception_approve, x.number, BOB), 0);
	state_is(f, x.number, "active");
	assert_int_equal(step(f, mg_exception_approve, x.number, BOB), -EPERM);
	/* A rule's number is never an exception's, nor the other way about. */
	assert_int_not_equal(fx_request(f, "443"), x.number);
	/* Extended: the old one stays until the new one is approved. */
	x.intent = MG_EXTEND;
	x.expiry = NOW + 20 * DAY;
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(x.revision, 2);
	state_is(f, x.number, "active");
	assert_int_equal(ask(f, &x, "alice"), -EEXIST);
	assert_int_equal(step(f, mg_exception_approve, x.number, CAROL), 0);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM exception_rev WHERE state='active'"), 1);
	assert_int_equal(fx_int(f, "SELECT revision FROM exception_rev WHERE state='active'"), 2);
	/* Reminders, then the end. */
	assert_int_equal(mg_store_notices_due(f->s, NOW + 14 * DAY, &n, NULL), 0);
	assert_int_equal(n, 2);
	n = 0;
	assert_int_equal(mg_store_exceptions_expire(f->s, NOW + 20 * DAY, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(mg_store_exceptions_expire(f->s, NOW + 20 * DAY + 1, &n, NULL), 0);
	assert_int_equal(n, 1);
	state_is(f, x.number, "expired");
	mg_exception_done(&x);
	fx_assert_verified(f);
}

static void removal_and_withdrawal(void **state)
{
	struct fixture *f = *state;
	struct mg_exception x = fresh(7, "any");
	struct mg_actor bob = BOB;

	assert_int_equal(ask(f, &x, "alice"), 0);
	bob.text = "which device?";
	assert_int_equal(step(f, mg_exception_return, x.number, bob), 0);
	state_is(f, x.number, "returned");
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(step(f, mg_exception_withdraw, x.number, CAROL), -EPERM);
	assert_int_equal(step(f, mg_exception_withdraw, x.number, ALICE), 0);
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(step(f, mg_exception_approve, x.number, BOB), 0);
	x.intent = MG_REMOVAL;
	assert_int_equal(ask(f, &x, "alice"), 0);
	state_is(f, x.number, "active");
	assert_int_equal(step(f, mg_exception_approve, x.number, BOB), 0);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM exception_rev WHERE state='active'"), 0);
	x.intent = MG_MODIFY;
	assert_int_equal(ask(f, &x, "alice"), -EPERM);
	mg_exception_done(&x);
}

static void what_is_refused(void **state)
{
	struct fixture *f = *state;
	struct mg_exception x = fresh(0, "any");

	assert_int_equal(ask(f, &x, "alice"), -EINVAL); /* everything for everybody */
	snprintf(x.source, sizeof(x.source), "192.168.1.300");
	assert_int_equal(ask(f, &x, "alice"), -EINVAL);
	snprintf(x.source, sizeof(x.source), "0.0.0.0/0");
	assert_int_equal(ask(f, &x, "alice"), -EINVAL);
	snprintf(x.source, sizeof(x.source), "2001:DB8::0001");
	x.expiry = NOW - 1;
	assert_int_equal(ask(f, &x, "alice"), -EINVAL);
	x.expiry = NOW + 400 * DAY;
	assert_int_equal(ask(f, &x, "alice"), -EINVAL);
	x.expiry = NOW + DAY;
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_string_equal(x.source, "2001:db8::1");
	/* Whoever writes to the file itself. */
	assert_int_not_equal(fx_sql(f, "DELETE FROM exception_rev"), 0);
	assert_int_not_equal(fx_sql(f, "UPDATE exception_rev SET sid = 9"), 0);
	assert_int_not_equal(fx_sql(f, "UPDATE exception_rev SET state = 'active'"), 0);
	assert_int_not_equal(
		fx_sql(f,
			"UPDATE exception_rev SET state = 'active', approver = 'alice',"
			" approved_at = 1"),
		0);
	assert_int_not_equal(fx_sql(f,
				     "UPDATE exception_rev SET state = 'active', approver = 'dave',"
				     " approved_at = 1"),
		0);
	mg_exception_done(&x);
}

static int note_version(uint32_t version, void *arg)
{
	*(uint32_t *)arg = version;
	return 0;
}

static void insert_set(struct fixture *f, const char *sha, uint32_t *ret_gone)
{
	struct mg_set v = {.files = json_array(), .rules = 2};
	struct mg_audit_entry who = fx_who("dave", "ips.rules.import", NOW);
	struct mg_txn t = {0};

	snprintf(v.sha256, sizeof(v.sha256), "%s", sha);
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_set_insert(&t, &v, NULL), 0);
	assert_int_equal(mg_set_prune(&t, note_version, ret_gone, NULL), 0);
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	mg_set_done(&v);
}

static void rule_sets(void **state)
{
	static const char *const shas[] = {"a", "b", "c", "d", "e", "f", "g"};
	struct fixture *f = *state;
	struct mg_audit_entry who = fx_who("dave", "ips.rules.restore", NOW);
	struct mg_txn t = {0};
	struct mg_set v;
	uint32_t gone = 0;

	assert_int_equal(mg_set_get(f->s, 0, &v, NULL), -ENOENT);
	for (size_t i = 0; i < SK_ARRAY_SIZE(shas); i++)
		insert_set(f, shas[i], &gone);
	assert_int_equal(gone, 2);
	assert_int_equal(
		fx_int(f, "SELECT count(*) FROM ips_set WHERE state <> 'deleted'"), MG_SETS_KEPT);
	assert_int_equal(mg_set_by_sha(f->s, "a", &v, NULL), -ENOENT);
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_set_activate(&t, 1, NULL), -ENOENT);
	assert_int_equal(mg_set_activate(&t, 7, NULL), -EEXIST);
	assert_int_equal(mg_set_activate(&t, 4, NULL), 0);
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	assert_int_equal(mg_set_get(f->s, 0, &v, NULL), 0);
	assert_int_equal(v.version, 4);
	mg_set_done(&v);
	assert_int_not_equal(fx_sql(f, "UPDATE ips_set SET sha256 = 'x'"), 0);
	assert_int_not_equal(fx_sql(f, "DELETE FROM ips_set"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(life, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(removal_and_withdrawal, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(what_is_refused, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(rule_sets, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
