// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices in the registry: their life, what the database refuses whoever asks, the document. */
#include "tests/unit/store/fixture.h"

#include "mgmt/store/admission.h"
#include "mgmt/store/devices.h"

static int ask(struct fixture *f, struct mg_device *x, const char *who)
{
	struct sk_err err = {0};
	struct mg_audit_entry a = fx_who(who, "device.request", NOW);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	snprintf(x->rec.applicant, sizeof(x->rec.applicant), "%s", who);
	if (r == 0)
		r = mg_record_request(&mg_device_kind, &t, &x->rec, NOW, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &a, &err);
	mg_txn_abort(&t);
	return r;
}

static struct mg_device fresh(const char *name, const char *mac, const char *identity)
{
	struct mg_device x = {.rec = {.intent = MG_NEW, .expiry = NOW + 100 * DAY}};

	snprintf(x.info.name, sizeof(x.info.name), "%s", name);
	snprintf(x.info.owner, sizeof(x.info.owner), "owner");
	snprintf(x.info.mac, sizeof(x.info.mac), "%s", mac);
	snprintf(x.info.identity, sizeof(x.info.identity), "%s", identity);
	x.rec.purpose = strdup("work");
	return x;
}

static uint32_t request(struct fixture *f, const char *name, const char *mac, const char *identity)
{
	struct mg_device x = fresh(name, mac, identity);
	uint32_t number;

	assert_int_equal(ask(f, &x, "alice"), 0);
	number = x.rec.number;
	mg_record_done(&mg_device_kind, &x.rec);
	return number;
}

static int decide(struct fixture *f, enum mg_record_step step, uint32_t number, struct mg_actor a)
{
	struct sk_err err = {0};
	struct mg_audit_entry who = fx_who(a.who.name, "device.step", a.now);
	struct mg_record *x = mg_record_new(&mg_device_kind);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	x->number = number;
	if (r == 0)
		r = mg_record_step(&mg_device_kind, &t, step, &a, x, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &who, &err);
	mg_txn_abort(&t);
	mg_record_free(&mg_device_kind, x);
	return r;
}

static int at_once(struct fixture *f, enum nac_step step, uint32_t number, const char *why)
{
	struct sk_err err = {0};
	struct mg_actor a = DAVE;
	struct mg_audit_entry who = fx_who("dave", "device.step", NOW);
	struct mg_device *x = (struct mg_device *)mg_record_new(&mg_device_kind);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	a.text = why;
	x->rec.number = number;
	if (r == 0)
		r = mg_device_step(&t, step, &a, x, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &who, &err);
	mg_txn_abort(&t);
	mg_record_free(&mg_device_kind, &x->rec);
	return r;
}

static void state_is(struct fixture *f, uint32_t number, const char *want)
{
	struct mg_record *x = mg_record_new(&mg_device_kind);

	assert_int_equal(mg_record_get(&mg_device_kind, f->s, number, x, NULL), 0);
	assert_string_equal(x->state, want);
	mg_record_free(&mg_device_kind, x);
}

static void life(void **state)
{
	struct fixture *f = *state;
	uint32_t n = request(f, "printer", "00:1b:21:00:00:01", "");
	struct mg_device twin = fresh("twin", "00:1b:21:00:00:01", "");

	state_is(f, n, "requested");
	assert_int_equal(decide(f, MG_RECORD_APPROVE, n, ALICE), -EPERM);
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, n, "odd"), -ESTALE);
	assert_int_equal(decide(f, MG_RECORD_APPROVE, n, BOB), 0);
	state_is(f, n, "active");
	/* Nobody else has its address. */
	assert_int_equal(ask(f, &twin, "alice"), -EEXIST);
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, n, " "), -EINVAL);
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, n, "odd"), 0);
	state_is(f, n, "quarantined");
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, n, "odd"), -ESTALE);
	assert_int_equal(at_once(f, NAC_STEP_RELEASE, n, "clean"), 0);
	state_is(f, n, "active");
	assert_int_equal(at_once(f, NAC_STEP_RELEASE, n, "clean"), -ESTALE);
	assert_int_equal(at_once(f, NAC_STEP_REVOKE, n, "lost"), 0);
	state_is(f, n, "revoked");
	assert_int_equal(at_once(f, NAC_STEP_REVOKE, n, "lost"), -ESTALE);
	assert_int_equal(at_once(f, NAC_STEP_RELEASE, n, "found"), -ESTALE);
	/* Its address is free again. */
	assert_int_equal(ask(f, &twin, "alice"), 0);
	mg_record_done(&mg_device_kind, &twin.rec);
	fx_assert_verified(f);
}

/* An approved change does not end a quarantine by the way. */
static void quarantine_holds(void **state)
{
	struct fixture *f = *state;
	uint32_t n = request(f, "pc", "00:1b:21:00:00:02", "host/PC");
	struct mg_device x = fresh("pc", "00:1b:21:00:00:02", "host/PC");

	assert_int_equal(decide(f, MG_RECORD_APPROVE, n, BOB), 0);
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, n, "odd"), 0);
	x.rec.number = n;
	x.rec.intent = MG_MODIFY;
	assert_int_equal(ask(f, &x, "alice"), 0);
	assert_int_equal(decide(f, MG_RECORD_APPROVE, n, BOB), -EPERM);
	state_is(f, n, "quarantined");
	assert_int_equal(at_once(f, NAC_STEP_RELEASE, n, "clean"), 0);
	assert_int_equal(decide(f, MG_RECORD_APPROVE, n, BOB), 0);
	state_is(f, n, "active");
	mg_record_done(&mg_device_kind, &x.rec);
	/* An identity, too, whatever its case. */
	x = fresh("other", "", "HOST/pc");
	assert_int_equal(ask(f, &x, "alice"), -EEXIST);
	mg_record_done(&mg_device_kind, &x.rec);
}

static void expiry(void **state)
{
	struct fixture *f = *state;
	uint32_t a = request(f, "a", "00:1b:21:00:00:03", ""), b;
	size_t n = 0;

	b = request(f, "b", "00:1b:21:00:00:04", "");
	assert_int_equal(decide(f, MG_RECORD_APPROVE, a, BOB), 0);
	assert_int_equal(decide(f, MG_RECORD_APPROVE, b, BOB), 0);
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, b, "odd"), 0);
	assert_int_equal(mg_store_notices_due(f->s, NOW + 75 * DAY, &n, NULL), 0);
	assert_int_equal(n, 2); /* applicant and approver of the one in force */
	assert_int_equal(
		mg_store_records_expire(&mg_device_kind, f->s, NOW + 101 * DAY, &n, NULL), 0);
	assert_int_equal(n, 2);
	state_is(f, a, "expired");
	state_is(f, b, "expired");
	fx_assert_verified(f);
}

/* What no programme may do to the file. */
static void database_refuses(void **state)
{
	static const char *const bad[] = {
		"UPDATE device_rev SET mac = '00:1b:21:ff:ff:ff'",
		"UPDATE device_rev SET state = 'active', approver = 'alice', approved_at = 1",
		"UPDATE device_rev SET state = 'active'",
		"UPDATE device_rev SET state = 'quarantined'",
		"DELETE FROM device_rev",
		"DELETE FROM device_key",
		"UPDATE device_key SET key = 'x'",
		"INSERT INTO device_rev(number, revision, intent, state, name, kind, owner, "
		"department, location, serial, os, mac, method, identity, ports, zones, vlan, "
		"infrastructure, applicant, purpose, registered, expiry, requested_at) VALUES "
		"(1001, 9, 'new', 'active', 'n', 'pc', 'o', '', '', '', '', '', 'mac', '', '', '', "
		"'', 'no', 'alice', 'p', 1, 2, 1)",
	};
	struct fixture *f = *state;

	request(f, "pc", "00:1b:21:00:00:05", "");
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_not_equal(fx_sql(f, bad[i]), SQLITE_OK);
}

static int set_item(struct fixture *f, enum mg_item_kind k, const char *name, const char *json)
{
	struct sk_err err = {0};
	struct mg_actor a = DAVE;
	struct mg_audit_entry who = fx_who("dave", "port.set", NOW);
	json_t *v = json_loads(json, 0, NULL);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, &err);

	if (r == 0)
		r = mg_item_set(&t, k, name, v, &a, &err);
	if (r == 0)
		r = mg_txn_commit(&t, &who, &err);
	mg_txn_abort(&t);
	json_decref(v);
	return r;
}

static const char *state_in(const json_t *doc, const char *name)
{
	const json_t *v;
	size_t i;

	json_array_foreach (json_object_get(doc, "devices"), i, v)
		if (!strcmp(json_string_value(json_object_get(v, "name")), name))
			return json_string_value(json_object_get(v, "state"));
	return "";
}

/* Approved ones alone; what is over is told by name unless somebody else has its address. */
static void document(void **state)
{
	struct fixture *f = *state;
	uint32_t a = request(f, "a", "00:1b:21:00:00:06", ""), b, old;
	struct sk_err err = {0};
	json_t *doc;

	b = request(f, "b", "00:1b:21:00:00:07", "");
	old = request(f, "old", "00:1b:21:00:00:08", "");
	request(f, "asked", "00:1b:21:00:00:09", "");
	assert_int_equal(decide(f, MG_RECORD_APPROVE, a, BOB), 0);
	assert_int_equal(decide(f, MG_RECORD_APPROVE, b, BOB), 0);
	assert_int_equal(decide(f, MG_RECORD_APPROVE, old, BOB), 0);
	assert_int_equal(at_once(f, NAC_STEP_QUARANTINE, b, "odd"), 0);
	assert_int_equal(at_once(f, NAC_STEP_REVOKE, old, "lost"), 0);
	assert_int_equal(set_item(f, MG_ITEM_PORT, "lan1",
				 "{\"mode\": \"enforce\", \"dot1x\": true, \"mac\": true}"),
		0);
	doc = mg_admission_document(f->s, &err);
	assert_non_null(doc);
	assert_int_equal(mg_admission_check(doc, &err), 0);
	assert_string_equal(state_in(doc, "a"), "active");
	assert_string_equal(state_in(doc, "b"), "quarantined");
	assert_string_equal(state_in(doc, "old"), "revoked");
	assert_string_equal(state_in(doc, "asked"), "");
	json_decref(doc);
	/* Its address again, for another device. */
	b = request(f, "new", "00:1b:21:00:00:08", "");
	assert_int_equal(decide(f, MG_RECORD_APPROVE, b, BOB), 0);
	doc = mg_admission_document(f->s, &err);
	assert_non_null(doc);
	assert_string_equal(state_in(doc, "new"), "active");
	assert_string_equal(state_in(doc, "old"), "");
	assert_int_equal(mg_admission_check(doc, &err), 0);
	json_decref(doc);
	/* A port that nacd would refuse makes no document. */
	assert_int_equal(set_item(f, MG_ITEM_PORT, "lan2", "{\"mode\": \"sleep\"}"), 0);
	doc = mg_admission_document(f->s, &err);
	assert_int_equal(mg_admission_check(doc, &err), -EINVAL);
	assert_non_null(strstr(err.path, "mode"));
	json_decref(doc);
}

static void certificates(void **state)
{
	struct fixture *f = *state;
	struct mg_certificate c = {.issued = NOW, .expires = NOW + DAY};
	struct mg_audit_entry who = fx_who("dave", "device.certificate.issue", NOW);
	struct mg_actor a = DAVE;
	struct mg_txn t = {0};
	size_t n = 0;

	c.number = request(f, "pc", "", "host/c");
	snprintf(c.serial, sizeof(c.serial), "ab12");
	snprintf(c.name, sizeof(c.name), "host/c");
	snprintf(c.issued_by, sizeof(c.issued_by), "dave");
	a.text = "lost";
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_certificate_add(&t, &c, NULL), 0);
	assert_int_equal(mg_certificate_revoke(&t, c.number, "AB12", &a, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	assert_int_not_equal(fx_sql(f, "UPDATE device_certificate SET revoked = 0"), SQLITE_OK);
	assert_int_not_equal(fx_sql(f, "DELETE FROM device_certificate"), SQLITE_OK);
}

static int count_item(const struct mg_review_item *i, void *arg)
{
	++*(int *)arg;
	return 0;
}

static void stock_taking(void **state)
{
	struct fixture *f = *state;
	uint32_t a = request(f, "a", "00:1b:21:00:00:0a", ""), review = 0, result = 0;
	const struct mg_review_decision keep = {.decision = MG_KEEP, .expiry = NOW + 200 * DAY};
	const struct mg_review_decision remove = {.decision = MG_REMOVE};
	struct mg_audit_entry who = fx_who("bob", "review.decide", NOW);
	struct mg_actor bob = BOB, alice = ALICE, dave = DAVE;
	struct mg_txn t = {0};
	bool direct = false;
	int n = 0;

	assert_int_equal(decide(f, MG_RECORD_APPROVE, a, BOB), 0);
	bob.text = "still there";
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(
		mg_review_start_devices(&t, "2026", NOW + 30 * DAY, &dave, &review, NULL), 0);
	assert_int_equal(mg_review_items(f->s, review, count_item, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(mg_review_decide(&t, a, &keep, &alice, NULL, NULL, NULL), -EPERM);
	assert_int_equal(mg_review_finish(&t, review, &bob, NULL), -EBUSY);
	assert_int_equal(mg_review_decide(&t, a, &keep, &bob, &direct, &result, NULL), 0);
	assert_true(direct);
	assert_int_equal(result, 2);
	assert_int_equal(mg_review_decide(&t, a, &remove, &bob, &direct, &result, NULL), 0);
	assert_int_equal(mg_review_finish(&t, review, &bob, NULL), 0);
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	state_is(f, a, "removed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(life, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(quarantine_holds, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(expiry, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(database_refuses, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(document, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(certificates, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(stock_taking, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests_name("store devices", tests, NULL, NULL);
}
