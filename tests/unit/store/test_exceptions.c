// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of an exception of the inspection, and what the database refuses whoever asks. */
#include "tests/unit/store/fixture.h"

#include "mgmt/store/allow.h"
#include "mgmt/store/exceptions.h"
#include "mgmt/store/sets.h"

static int ask_kind(
	struct fixture *f, const struct mg_record_kind *k, struct mg_record *x, const char *who)
{
	struct sk_err err = {0};
	struct mg_audit_entry a = fx_who(who, "test.request", NOW);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	snprintf(x->applicant, sizeof(x->applicant), "%s", who);
	if (r == 0)
		r = mg_record_request(k, &t, x, NOW, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &a, &err);
	mg_txn_abort(&t);
	return r;
}

static int ask(struct fixture *f, struct mg_exception *x, const char *who)
{
	return ask_kind(f, &mg_exception_kind, &x->rec, who);
}

static struct mg_exception fresh(uint32_t sid, const char *source)
{
	struct mg_exception x = {
		.rec = {.intent = MG_NEW, .expiry = NOW + 10 * DAY}, .gid = 1, .sid = sid};

	snprintf(x.source, sizeof(x.source), "%s", source);
	snprintf(x.destination, sizeof(x.destination), "any");
	snprintf(x.action, sizeof(x.action), "alert");
	x.rec.purpose = strdup("false alarm");
	return x;
}

static int step_kind(struct fixture *f, const struct mg_record_kind *k, enum mg_record_step step,
	uint32_t number, struct mg_actor a)
{
	struct sk_err err = {0};
	struct mg_audit_entry who = fx_who(a.who.name, "test", a.now);
	struct mg_record *x = mg_record_new(k);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	x->number = number;
	if (r == 0)
		r = mg_record_step(k, &t, step, &a, x, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &who, &err);
	mg_txn_abort(&t);
	mg_record_free(k, x);
	return r;
}

static int step(struct fixture *f, enum mg_record_step which, uint32_t number, struct mg_actor a)
{
	return step_kind(f, &mg_exception_kind, which, number, a);
}

static void state_of(
	struct fixture *f, const struct mg_record_kind *k, uint32_t number, const char *want)
{
	struct mg_record *x = mg_record_new(k);

	assert_int_equal(mg_record_get(k, f->s, number, x, NULL), 0);
	assert_string_equal(x->state, want);
	mg_record_free(k, x);
}

static void state_is(struct fixture *f, uint32_t number, const char *want)
{
	state_of(f, &mg_exception_kind, number, want);
}

static void life(void **state)
{
	struct fixture *f = *state;
	struct mg_exception x = fresh(7, "192.168.1.77/24");
	size_t n = 0;

	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_true(x.rec.number >= 1001);
	assert_string_equal(x.source, "192.168.1.77/24");
	state_is(f, x.rec.number, "requested");
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, ALICE), -EPERM);
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, DAVE), -EPERM);
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, BOB), 0);
	state_is(f, x.rec.number, "active");
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, BOB), -EPERM);
	/* A rule's number is never an exception's, nor the other way about. */
	assert_int_not_equal(fx_request(f, "443"), x.rec.number);
	/* Extended: the old one stays until the new one is approved. */
	x.rec.intent = MG_EXTEND;
	x.rec.expiry = NOW + 20 * DAY;
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(x.rec.revision, 2);
	state_is(f, x.rec.number, "active");
	assert_int_equal(ask(f, &x, "alice"), -EEXIST);
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, CAROL), 0);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM exception_rev WHERE state='active'"), 1);
	assert_int_equal(fx_int(f, "SELECT revision FROM exception_rev WHERE state='active'"), 2);
	/* Reminders, then the end. */
	assert_int_equal(mg_store_notices_due(f->s, NOW + 14 * DAY, &n, NULL), 0);
	assert_int_equal(n, 2);
	n = 0;
	assert_int_equal(
		mg_store_records_expire(&mg_exception_kind, f->s, NOW + 20 * DAY, &n, NULL), 0);
	assert_int_equal(n, 0);
	assert_int_equal(
		mg_store_records_expire(&mg_exception_kind, f->s, NOW + 20 * DAY + 1, &n, NULL), 0);
	assert_int_equal(n, 1);
	state_is(f, x.rec.number, "expired");
	mg_record_done(&mg_exception_kind, &x.rec);
	fx_assert_verified(f);
}

static void removal_and_withdrawal(void **state)
{
	struct fixture *f = *state;
	struct mg_exception x = fresh(7, "any");
	struct mg_actor bob = BOB;

	assert_int_equal(ask(f, &x, "alice"), 0);
	bob.text = "which device?";
	assert_int_equal(step(f, MG_RECORD_RETURN, x.rec.number, bob), 0);
	state_is(f, x.rec.number, "returned");
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(step(f, MG_RECORD_WITHDRAW, x.rec.number, CAROL), -EPERM);
	assert_int_equal(step(f, MG_RECORD_WITHDRAW, x.rec.number, ALICE), 0);
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, BOB), 0);
	x.rec.intent = MG_REMOVAL;
	assert_int_equal(ask(f, &x, "alice"), 0);
	state_is(f, x.rec.number, "active");
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, BOB), 0);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM exception_rev WHERE state='active'"), 0);
	x.rec.intent = MG_MODIFY;
	assert_int_equal(ask(f, &x, "alice"), -EPERM);
	mg_record_done(&mg_exception_kind, &x.rec);
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
	x.rec.expiry = NOW - 1;
	assert_int_equal(ask(f, &x, "alice"), -EINVAL);
	x.rec.expiry = NOW + 400 * DAY;
	assert_int_equal(ask(f, &x, "alice"), -EINVAL);
	x.rec.expiry = NOW + DAY;
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
	mg_record_done(&mg_exception_kind, &x.rec);
}

static struct mg_allow wanted(enum sk_bl_kind kind, const char *value)
{
	struct mg_allow x = {.rec = {.intent = MG_NEW, .expiry = NOW + 10 * DAY}, .kind = kind};

	snprintf(x.value, sizeof(x.value), "%s", value);
	x.rec.purpose = strdup("our supplier");
	return x;
}

static int ask_allow(struct fixture *f, enum sk_bl_kind kind, const char *value, uint32_t *ret)
{
	struct mg_allow x = wanted(kind, value);
	int r = ask_kind(f, &mg_allow_kind, &x.rec, "alice");

	*ret = x.rec.number;
	mg_record_done(&mg_allow_kind, &x.rec);
	return r;
}

static void allow_list(void **state)
{
	struct fixture *f = *state;
	const struct mg_record_kind *k = &mg_allow_kind;
	struct mg_allow x = wanted(SK_BL_DOMAIN, "Supplier.Example.");
	uint32_t other;
	size_t n = 0;

	assert_int_equal(ask_kind(f, k, &x.rec, "alice"), 0);
	assert_string_equal(x.value, "supplier.example");
	assert_int_equal(step_kind(f, k, MG_RECORD_APPROVE, x.rec.number, ALICE), -EPERM);
	/* One number is one record, of one kind. */
	assert_int_equal(step(f, MG_RECORD_APPROVE, x.rec.number, BOB), -ENOENT);
	assert_int_equal(step_kind(f, k, MG_RECORD_APPROVE, x.rec.number, BOB), 0);
	state_of(f, k, x.rec.number, "active");
	assert_int_equal(ask_allow(f, SK_BL_DOMAIN, "supplier.example", &other), -EEXIST);
	assert_int_equal(ask_allow(f, SK_BL_SUFFIX, "supplier.example", &other), 0);
	assert_int_equal(ask_allow(f, SK_BL_ADDR4, "0.0.0.0/7", &other), -EINVAL);
	assert_int_equal(ask_allow(f, SK_BL_ADDR6, "2000::/15", &other), -EINVAL);
	assert_int_equal(ask_allow(f, SK_BL_ADDR4, "supplier.example", &other), -EINVAL);
	assert_int_equal(ask_allow(f, SK_BL_ADDR4, "203.0.113.7/24", &other), 0);
	assert_int_equal(
		fx_int(f, "SELECT count(*) FROM allow_rev WHERE value = '203.0.113.0/24'"), 1);
	/* Reminded of, and gone to the second. */
	assert_int_equal(mg_store_notices_due(f->s, NOW + 4 * DAY, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_int_equal(mg_store_records_expire(k, f->s, NOW + 10 * DAY + 1, &n, NULL), 0);
	assert_int_equal(n, 1);
	state_of(f, k, x.rec.number, "expired");
	assert_int_not_equal(fx_sql(f, "DELETE FROM allow_rev"), 0);
	assert_int_not_equal(fx_sql(f, "UPDATE allow_rev SET value = 'evil.example'"), 0);
	assert_int_not_equal(fx_sql(f,
				     "UPDATE allow_rev SET state = 'active', approver = 'alice',"
				     " approved_at = 1 WHERE state = 'requested'"),
		0);
	mg_record_done(k, &x.rec);
	fx_assert_verified(f);
}

static void typed(const char *kind, const char *value, int want_kind, const char *want)
{
	enum sk_bl_kind k;
	char dst[SK_BL_VALUE_MAX + 1];
	int r = mg_bl_typed(kind, value, &k, dst, NULL);

	if (want_kind < 0) {
		assert_int_equal(r, -EINVAL);
		return;
	}
	assert_int_equal(r, 0);
	assert_int_equal(k, want_kind);
	assert_string_equal(dst, want);
}

static void what_people_type(void **state)
{
	typed(NULL, "203.0.113.9/32", SK_BL_ADDR4, "203.0.113.9");
	typed(NULL, "2001:DB8::/32", SK_BL_ADDR6, "2001:db8::/32");
	typed(NULL, "Bad.Example", SK_BL_DOMAIN, "bad.example");
	typed(NULL, ".bad.example", SK_BL_SUFFIX, "bad.example");
	typed(NULL, "*.bad.example", SK_BL_SUFFIX, "bad.example");
	typed("suffix", "bad.example", SK_BL_SUFFIX, "bad.example");
	typed(NULL, "https://bad.example/a?b", SK_BL_URL, "bad.example/a?b");
	typed(NULL, "E7D705A3286E19EA42F587B344EE6865", SK_BL_JA3,
		"e7d705a3286e19ea42f587b344ee6865");
	typed("domain", "203.0.113.9", -1, NULL);
	typed("nonsense", "bad.example", -1, NULL);
	typed(NULL, "not a thing", -1, NULL);
	typed(NULL, "", -1, NULL);
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
		cmocka_unit_test_setup_teardown(allow_list, fx_setup, fx_teardown),
		cmocka_unit_test(what_people_type),
		cmocka_unit_test_setup_teardown(rule_sets, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
