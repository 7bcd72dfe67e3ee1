/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands about records as people use them: from request to removal, import, review, set-up.
 */
#include "tests/unit/store/fake_call.h"

static json_t *request(const char *port)
{
	return json_pack("{ss ss ss ss ss ss}", "source", "192.168.1.0/24", "destination",
		"203.0.113.10", "direction", "lan->wan", "protocol", "tcp", "port", port, "purpose",
		"受発注システム");
}

static json_t *number(int n)
{
	return json_pack("{si}", "number", n);
}

static json_t *numbers(int n)
{
	return json_pack("{s[i]}", "numbers", n);
}

static json_t *reason(int n)
{
	return json_pack("{si ss}", "number", n, "reason", "because");
}

static void ok(const struct answer *a)
{
	if (a->code < 0)
		print_error("%d %s: %s\n", a->code, a->err.path, a->err.en);
	assert_int_equal(a->code, 0);
}

static void no104_a_rule_from_request_to_removal(void **state)
{
	struct fixture *f = *state;
	struct answer *a = fk_call(f, "alice", "rule.request", request("443"), NULL);

	ok(a);
	assert_string_equal(fk_record(a, 0, "number"), "1001");
	assert_string_equal(fk_record(a, 0, "state"), "requested");
	assert_string_equal(fk_record(a, 0, "direction"), "lan->wan");
	assert_true(json_integer_value(json_object_get(json_array_get(a->records, 0), "expiry")) >
		NOW + 364 * DAY);
	assert_int_equal(fk_call(f, "alice", "rule.approve", numbers(1001), NULL)->code, -EPERM);
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);

	/* a change names only what changes */
	assert_int_equal(fk_call(f, "carol", "rule.request", number(1001), NULL)->code, -EINVAL);
	a = fk_call(f, "carol", "rule.request",
		json_pack("{si ss}", "number", 1001, "port", "443,8443"), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "revision"), "2");
	assert_string_equal(fk_record(a, 0, "applicant"), "carol");
	assert_string_equal(fk_record(a, 0, "source"), "192.168.1.0/24");
	assert_int_equal(fk_call(f, "carol", "rule.approve", numbers(1001), NULL)->code, -EPERM);
	a = fk_call(f, "alice", "rule.list", json_object(), NULL);
	ok(a);
	{
		size_t n = json_array_size(a->rows) - 1;

		assert_true(n > 5); /* the built-ins first */
		assert_non_null(json_object_get(json_array_get(a->rows, 0), "builtin"));
		assert_string_equal(fk_row(a, n, "number"), "1001");
		assert_string_equal(fk_row(a, n, "state"), "active");
		assert_string_equal(fk_row(a, n, "pending"), "r2 change requested");
	}
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);
	a = fk_call(f, "alice", "rule.history", number(1001), NULL);
	ok(a);
	assert_string_equal(fk_row(a, 0, "state"), "superseded");
	assert_string_equal(fk_row(a, 1, "state"), "active");
	assert_string_equal(fk_row(a, 1, "changed"), "port: 443 → 443,8443");

	a = fk_call(f, "dave", "rule.suspend", reason(1001), NULL);
	ok(a);
	assert_int_equal(a->tightened, 1);
	ok(fk_call(f, "dave", "rule.resume", reason(1001), NULL));
	fx_apply(f);
	ok(fk_call(f, "alice", "rule.extend",
		json_pack(
			"{si ss ss}", "number", 1001, "reason", "renewed", "expiry", "2027-06-30"),
		NULL));
	ok(fk_call(f, "bob", "rule.return", reason(1001), NULL));
	ok(fk_call(f, "alice", "rule.remove", reason(1001), NULL));
	assert_string_equal(fx_state(f, 1001, 0), "active");
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);
	a = fk_call(f, "alice", "rule.show", number(1001), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "state"), "removed");
	assert_int_equal(fk_call(f, "alice", "rule.remove", reason(1001), NULL)->code, -EPERM);
	ok(fk_call(f, "dave", "audit.verify", json_object(), NULL));
	a = fk_call(f, "dave", "audit.list", json_pack("{ss}", "target", "rule 1001"), NULL);
	ok(a);
	assert_true(json_array_size(a->rows) >= 9);
}

static void risks_are_named_in_the_callers_language(void **state)
{
	struct fixture *f = *state;
	json_t *args = request("any");
	struct answer *a;

	json_object_set_new(args, "destination", json_string("any"));
	a = fk_call_lang(f, "alice", "rule.request", args, NULL, SK_JA);
	ok(a);
	assert_non_null(strstr(fk_record(a, 0, "risk"), "any-destination"));
	{
		const json_t *texts = json_object_get(json_array_get(a->records, 0), "risk_texts");
		unsigned bit = 1; /* any destination */

		assert_true(json_array_size(texts) >= 2);
		assert_string_equal(json_string_value(json_array_get(texts, 0)),
			sk_text(fw_risk_text(bit), SK_JA));
	}
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	/* The second one is covered by the first. */
	a = fk_call(f, "alice", "rule.request", request("443"), NULL);
	ok(a);
	assert_non_null(strstr(a->notes, "1001"));
}

static void drafts_may_have_gaps(void **state)
{
	struct fixture *f = *state;
	struct answer *a = fk_call(f, "alice", "rule.request",
		json_pack("{ss sb}", "purpose", "まだ途中", "draft", 1), NULL);

	ok(a);
	assert_string_equal(fk_record(a, 0, "state"), "draft");
	assert_int_equal(fk_call(f, "alice", "rule.submit", number(1001), NULL)->code, -EINVAL);
	a = fk_call(f, "carol", "rule.request", number(1001), NULL);
	assert_true(a->code < 0);
	{
		json_t *args = request("443");

		json_object_set_new(args, "number", json_integer(1001));
		a = fk_call(f, "alice", "rule.request", args, NULL);
	}
	ok(a);
	assert_string_equal(fk_record(a, 0, "revision"), "2");
	assert_string_equal(fk_record(a, 0, "intent"), "new");
	ok(fk_call(f, "alice", "rule.withdraw", number(1001), NULL));
	ok(fk_call(f, "alice", "rule.submit", number(1001), NULL));
	ok(fk_call(f, "alice", "rule.remove", reason(1001), NULL)); /* never approved: at once */
	assert_string_equal(fx_state(f, 1001, 0), "removed");
}

static void faulty_requests_name_their_field(void **state)
{
	static const struct {
		const char *key, *value, *path;
	} cases[] = {{"source", "192.168.1.1/24", "source"}, {"port", "99999", "port"},
		{"direction", "lan->nowhere", "direction"}, {"purpose", "", "purpose"},
		{"expiry", "2031-01-01", "expiry"}, {"expiry", "2020-01-01", "expiry"},
		{"ticket", "a\x1b[31m", "ticket"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		json_t *args = request("443");
		struct answer *a;

		json_object_set_new(args, cases[i].key, json_string(cases[i].value));
		a = fk_call(f, "alice", "rule.request", args, NULL);
		assert_true(a->code < 0);
		assert_string_equal(a->err.path, cases[i].path);
	}
	assert_int_equal(fx_int(f, "SELECT count(*) FROM rule"), 0);
}

static void a_list_is_approved_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;

	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	ok(fk_call(f, "carol", "rule.request", request("80"), NULL));
	assert_int_equal(fk_call(f, "carol", "rule.approve",
				 json_pack("{s[ii]}", "numbers", 1001, 1002), NULL)
				 ->code,
		-EPERM);
	assert_string_equal(fx_state(f, 1001, 0), "requested");
	ok(fk_call(f, "bob", "rule.approve", json_pack("{s[ii]}", "numbers", 1001, 1002), NULL));
	assert_string_equal(fx_state(f, 1002, 0), "approved");
	fx_assert_verified(f);
}

/* ---- import -------------------------------------------------------------------------------------
 */

#define HEAD                                                                                       \
	"number,kind,applicant,source,destination,direction,protocol,port,purpose,registered,"     \
	"expiry\r\n"

static void an_import_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	static const char good[] = HEAD
		",allow,,192.168.1.0/24,203.0.113.1,lan->wan,tcp,443,web service,2026-09-01,\r\n"
		",allow,alice,192.168.1.0/24,203.0.113.2,lan->wan,tcp,25,mail "
		"service,2026-09-01,\r\n";
	static const char bad[] = HEAD
		",allow,,192.168.1.0/24,203.0.113.1,lan->wan,tcp,443,web service,2026-09-01,\r\n"
		",allow,,192.168.1.0/33,203.0.113.1,lan->wan,tcp,443,wrong mask,2026-09-01,\r\n"
		",allow,bob,192.168.1.0/24,203.0.113.1,lan->wan,tcp,443,wrong "
		"person,2026-09-01,\r\n"
		",allow,,192.168.1.0/24,203.0.113.1,lan->moon,tcp,443,wrong zone,2026-09-01,\r\n";
	struct answer *a = fk_call(f, "alice", "rule.import", json_object(), good);

	ok(a);
	assert_int_equal(json_array_size(a->rows), 2);
	assert_string_equal(fk_row(a, 0, "result"), "new");
	assert_int_equal(fx_int(f, "SELECT count(*) FROM rule"), 0); /* only a look */
	a = fk_call(f, "alice", "rule.import", json_pack("{sb}", "apply", 1), bad);
	assert_int_equal(a->code, -EINVAL);
	assert_int_equal(json_array_size(a->rows), 4);
	assert_string_equal(fk_row(a, 1, "result"), "error");
	assert_string_equal(fk_row(a, 1, "line"), "3");
	assert_string_equal(fk_row(a, 2, "field"), "applicant");
	assert_string_equal(fk_row(a, 3, "field"), "direction");
	assert_int_equal(fx_int(f, "SELECT count(*) FROM rule"), 0);
	ok(fk_call(f, "alice", "rule.import", json_pack("{sb}", "apply", 1), good));
	assert_int_equal(fx_int(f,
				 "SELECT count(*) FROM rule_rev WHERE state = 'requested'"
				 " AND applicant = 'alice' AND intent = 'import'"),
		2);
	fx_assert_verified(f);
}

static void an_exported_list_imports_unchanged(void **state)
{
	struct fixture *f = *state;
	static char csv[65536];
	struct answer *a;
	char *port;

	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);
	for (int lang = SK_EN; lang <= SK_JA; lang++) {
		a = fk_call_lang(
			f, "carol", "rule.export", json_object(), NULL, (enum sk_lang)lang);
		ok(a);
		snprintf(csv, sizeof(csv), "%s", a->text);
		a = fk_call(f, "carol", "rule.import", json_pack("{sb}", "apply", 1), csv);
		ok(a);
		assert_string_equal(fk_row(a, 0, "result"), "unchanged");
	}
	port = strstr(csv, ",443,");
	assert_non_null(port);
	memcpy(port, ",444,", 5);
	a = fk_call(f, "carol", "rule.import", json_pack("{sb}", "apply", 1), csv);
	ok(a);
	assert_string_equal(fk_row(a, 0, "result"), "changed");
	assert_string_equal(fk_row(a, 0, "field"), "port");
	assert_string_equal(fk_row(a, 0, "before"), "443");
	assert_string_equal(fk_row(a, 0, "after"), "444");
	assert_string_equal(fx_state(f, 1001, 2), "requested");
	/* Again: the open request is in the way. */
	assert_int_equal(
		fk_call(f, "carol", "rule.import", json_pack("{sb}", "apply", 1), csv)->code,
		-EINVAL);
}

/* ---- accounts -----------------------------------------------------------------------------------
 */

static json_t *account(const char *name, int uid, const char *roles)
{
	return json_pack("{ss ss si ss ss}", "name", name, "display", "山田", "uid", uid, "roles",
		roles, "purpose", "new task");
}

static void no113_accounts_are_personal(void **state)
{
	struct fixture *f = *state;
	struct answer *a;

	ok(fk_call(f, "console", "account.add", account("eve", 2001, "requester,auditor"), NULL));
	assert_int_equal(
		fk_call(f, "dave", "account.add", account("eve", 2002, "admin"), NULL)->code,
		-EEXIST);
	assert_int_equal(
		fk_call(f, "dave", "account.add", account("mallory", 2001, "admin"), NULL)->code,
		-EEXIST);
	assert_int_equal(
		fk_call(f, "dave", "account.add", account("mallory", 0, "admin"), NULL)->code,
		-EINVAL);
	assert_int_equal(
		fk_call(f, "dave", "account.add", account("root", 2003, "admin"), NULL)->code,
		-EINVAL);
	assert_true(
		fk_call(f, "dave", "account.add", account("m", 2003, "wizard"), NULL)->code < 0);
	assert_int_equal(
		fk_call(f, "bob", "account.add", account("m", 2003, "admin"), NULL)->code, -EPERM);
	/* Nobody grants themselves approval, nobody disables the last administrator. */
	assert_int_equal(
		fk_call(f, "dave", "account.set",
			json_pack("{ss ss}", "name", "dave", "roles", "admin,approver"), NULL)
			->code,
		-EPERM);
	assert_int_equal(fk_call(f, "console", "account.disable",
				 json_pack("{ss ss}", "name", "dave", "reason", "left"), NULL)
				 ->code,
		-EPERM);
	ok(fk_call(f, "dave", "account.set",
		json_pack("{ss ss}", "name", "dave", "mail", "d@example.jp"), NULL));
	ok(fk_call(f, "dave", "account.disable",
		json_pack("{ss ss}", "name", "bob", "reason", "left"), NULL));
	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	assert_int_equal(fk_call(f, "bob", "rule.approve", numbers(1001), NULL)->code, -EPERM);
	a = fk_call(f, "alice", "account.show", json_pack("{ss}", "name", "eve"), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "roles"), "requester,auditor");
	assert_int_equal(
		fk_call(f, "alice", "account.show", json_pack("{ss}", "name", "x"), NULL)->code,
		-ENOENT);
	ok(fk_call(f, "alice", "account.list", json_object(), NULL));
}

/* ---- zones, objects, settings -------------------------------------------------------------------
 */

static void no119_changes_are_approved_by_another_person(void **state)
{
	struct fixture *f = *state;
	struct answer *a = fk_call(f, "dave", "object.set",
		json_pack("{ss ss}", "name", "取引先", "purpose", "new partner"),
		"# partner\r\n192.0.2.0/24 # office\r\n\r\n198.51.100.1, 198.51.100.2\n");

	assert_int_equal(a->code, -EINVAL); /* neither items nor file */
	a = fk_call(f, "dave", "object.set",
		json_pack("{ss ss ss}", "name", "取引先", "purpose", "new partner", "file", "x"),
		"# partner\r\n192.0.2.0/24 # office\r\n\r\n198.51.100.1, 198.51.100.2\n");
	ok(a);
	assert_string_equal(fk_record(a, 0, "value"), "192.0.2.0/24,198.51.100.1,198.51.100.2");
	ok(fk_call(f, "dave", "zone.set",
		json_pack("{ss ss ss ss ss}", "name", "dmz", "kind", "dmz", "interfaces",
			"eth2, eth3", "ping", "yes", "purpose", "servers"),
		NULL));
	ok(fk_call(f, "dave", "setting.set",
		json_pack("{ss ss ss}", "key", "site.name", "value", "本社", "purpose", "name"),
		NULL));
	assert_int_equal(
		fk_call(f, "dave", "setting.set",
			json_pack("{ss ss ss}", "key", "nope", "value", "1", "purpose", "x"), NULL)
			->code,
		-ENOENT);
	assert_true(fk_call(f, "dave", "zone.set",
			    json_pack("{ss ss ss ss}", "name", "guest", "kind", "guest",
				    "interfaces", "eth1", "purpose", "taken"),
			    NULL)
			    ->code < 0);
	a = fk_call(f, "bob", "change.list", json_pack("{ss}", "state", "requested"), NULL);
	ok(a);
	assert_int_equal(json_array_size(a->rows), 3);
	assert_int_equal(
		fk_call(f, "dave", "change.approve", json_pack("{s[i]}", "numbers", 3), NULL)->code,
		-EPERM);
	ok(fk_call(f, "bob", "change.approve", json_pack("{s[ii]}", "numbers", 3, 4), NULL));
	ok(fk_call(f, "bob", "change.return", json_pack("{si ss}", "number", 5, "reason", "no"),
		NULL));
	ok(fk_call(f, "bob", "change.show", number(5), NULL));
	fx_apply(f);
	a = fk_call(f, "bob", "object.list", json_object(), NULL);
	ok(a);
	assert_string_equal(fk_row(a, 0, "count"), "3");
	a = fk_call(f, "bob", "zone.show", json_pack("{ss}", "name", "dmz"), NULL);
	ok(a);
	assert_string_equal(fk_record(a, 0, "interfaces"), "eth2,eth3");
	ok(fk_call(f, "bob", "object.show", json_pack("{ss}", "name", "取引先"), NULL));
	ok(fk_call(f, "bob", "object.history", json_pack("{ss}", "name", "取引先"), NULL));
	a = fk_call_lang(f, "bob", "setting.list", json_object(), NULL, SK_JA);
	ok(a);
	assert_true(json_array_size(a->rows) >= 10);
	ok(fk_call(f, "bob", "zone.list", json_object(), NULL));
	ok(fk_call(f, "dave", "object.remove",
		json_pack("{ss ss}", "name", "取引先", "reason", "left"), NULL));
	ok(fk_call(f, "dave", "zone.remove", json_pack("{ss ss}", "name", "dmz", "reason", "gone"),
		NULL));
	fx_assert_verified(f);
}

static void a_new_gateway_is_set_up_by_the_console_once(void **state)
{
	struct fixture *f = *state;
	static const char site[] =
		"{\"site\":{\"site.name\":\"サンプル\",\"manage_ports\":[22,443],\"reverse_path\":"
		"true},"
		"\"zones\":[{\"name\":\"factory\",\"label\":\"工場\",\"kind\":\"factory\","
		"\"interfaces\":[\"eth3\"]}],"
		"\"objects\":[{\"kind\":\"address\",\"name\":\"PC\",\"items\":[\"192.168.1.2\"]},"
		"{\"kind\":\"service\",\"name\":\"web\",\"items\":\"tcp/80,tcp/443\"}]}";
	static const char broken[] = "{\"objects\":[{\"name\":\"A\",\"items\":\"B\"}]}";
	struct answer *a;
	struct fw_policy *p;

	assert_int_equal(fk_call(f, "dave", "site.import", json_object(), site)->code, -EPERM);
	assert_true(fk_call(f, "console", "site.import", json_object(), broken)->code < 0);
	assert_true(fk_call(f, "console", "site.import", json_object(), "{\"x\":1}")->code < 0);
	a = fk_call(f, "console", "site.import", json_object(), site);
	ok(a);
	ok(fk_call(f, "console", "site.import", json_object(), site)); /* again: nothing new */
	p = fx_build(f, MG_BUILD_ACTIVE, NOW);
	assert_int_equal(p->n_zones, 3);
	assert_int_equal(fw_objects_count(p->objects), 2);
	assert_string_equal(p->site.name, "サンプル");
	fw_policy_free(p);
	fx_apply(f);
	assert_int_equal(fk_call(f, "console", "site.import", json_object(), site)->code, -EPERM);
	fx_assert_verified(f);
}

/* ---- review -------------------------------------------------------------------------------------
 */

static void a_review_and_its_record(void **state)
{
	struct fixture *f = *state;
	struct answer *a;

	ok(fk_call(f, "alice", "rule.request", request("443"), NULL));
	ok(fk_call(f, "bob", "rule.approve", numbers(1001), NULL));
	fx_apply(f);
	ok(fk_call(f, "dave", "review.start",
		json_pack("{ss ss}", "title", "2026", "due", "2026-12-25"), NULL));
	assert_int_equal(fk_call(f, "alice", "review.decide",
				 json_pack("{s[i] ss ss}", "numbers", 1001, "decision", "keep",
					 "reason", "needed"),
				 NULL)
				 ->code,
		-EPERM);
	ok(fk_call(f, "bob", "review.decide",
		json_pack("{s[i] ss ss}", "numbers", 1001, "decision", "keep", "reason", "needed"),
		NULL));
	a = fk_call_lang(f, "dave", "review.show", json_object(), NULL, SK_JA);
	ok(a);
	assert_true(json_array_size(a->rows) > 5);
	a = fk_call_lang(f, "dave", "review.export", json_object(), NULL, SK_JA);
	ok(a);
	assert_non_null(strstr(a->text, "申請者"));
	assert_non_null(strstr(a->text, "継続"));
	assert_null(strstr(a->text, "certified"));
	ok(fk_call(f, "bob", "review.finish", json_object(), NULL));
	a = fk_call(f, "bob", "review.list", json_object(), NULL);
	ok(a);
	assert_string_equal(fk_row(a, 0, "state"), "finished");
	ok(fk_call(f, "alice", "notice.list", json_object(), NULL));
}

static int teardown(void **state)
{
	fk_done();
	return fx_teardown(state);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fx_setup, teardown)
	const struct CMUnitTest tests[] = {
		T(no104_a_rule_from_request_to_removal),
		T(risks_are_named_in_the_callers_language),
		T(drafts_may_have_gaps),
		T(faulty_requests_name_their_field),
		T(a_list_is_approved_whole_or_not_at_all),
		T(an_import_is_all_or_nothing),
		T(an_exported_list_imports_unchanged),
		T(no113_accounts_are_personal),
		T(no119_changes_are_approved_by_another_person),
		T(a_new_gateway_is_set_up_by_the_console_once),
		T(a_review_and_its_record),
	};

	return cmocka_run_group_tests_name("store handlers", tests, NULL, NULL);
}
