// SPDX-License-Identifier: GPL-2.0-or-later
/* The command table's invariants, and its argument checker with good and bad input. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "lib/util.h"
#include "mgmt/command/command.h"

/* A text is there in both languages, and the Japanese one is not the English one copied. */
static void text_is_complete(const struct sk_text *t)
{
	assert_non_null(t->en);
	assert_non_null(t->ja);
	assert_true(strlen(t->en) > 0);
	assert_true(strlen(t->ja) > 0);
	assert_true(sk_utf8_valid(t->ja, strlen(t->ja)));
	for (const char *s = t->en; *s; s++)
		assert_true((unsigned char)*s < 0x80);
}

static bool has_japanese(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0xe3)
			return true;
	return false;
}

static void check_arg(const struct mg_command *c, const struct mg_arg *a)
{
	text_is_complete(&a->help);
	assert_true(has_japanese(a->help.ja));
	assert_true((a->type == MG_CHOICE) == (a->choices != NULL));
	if (a->type == MG_CHOICE)
		assert_non_null(a->choices[0]);
	else if (a->type != MG_FLAG)
		assert_non_null(a->meta);
	if (a->type == MG_FLAG)
		assert_false(a->required || a->positional);
	if (a->list)
		assert_true(a->positional);
	if (a->type == MG_UINT)
		assert_true(a->max >= a->min);
	for (const struct mg_arg *b = c->args; b != a; b++)
		assert_string_not_equal(b->name, a->name);
}

/* A command that can be tried first says so in both places. */
static void check_dry_run(const struct mg_command *c)
{
	bool found = false;

	for (const struct mg_arg *a = c->args; a && a->name; a++)
		found = found || (!strcmp(a->name, "dry_run") && a->type == MG_FLAG);
	assert_int_equal(found, (c->flags & MG_F_DRY_RUN) != 0);
}

static void table_is_sound(void **state)
{
	size_t n = 0;

	for (const struct mg_command *c = mg_commands; c->op; c++, n++) {
		bool optional = false;

		if (n)
			assert_true(strcmp(c[-1].op, c->op) < 0);
		assert_ptr_equal(mg_command_find(c->op), c);
		text_is_complete(&c->help);
		assert_true(has_japanese(c->help.ja));
		if (c->detail.en || c->detail.ja)
			text_is_complete(&c->detail);
		assert_true((c->roles == 0) == ((c->flags & MG_F_LOCAL) != 0));
		for (const struct mg_arg *a = c->args; a && a->name; a++) {
			check_arg(c, a);
			/* A required word after an optional one could never be told apart. */
			if (a->positional) {
				assert_false(optional && a->required);
				optional = optional || !a->required;
			}
			if (a->list)
				for (const struct mg_arg *b = a + 1; b->name; b++)
					assert_false(b->positional);
		}
		check_dry_run(c);
		for (const struct mg_column *col = c->columns; col && col->key; col++)
			text_is_complete(&col->title);
	}
	assert_int_equal(n, mg_command_count());
	assert_null(mg_command_find("rule.lis"));
	assert_null(mg_command_find(""));
}

/* Who may only look must not find a command that changes something. */
static void roles_are_separate(void **state)
{
	for (const struct mg_command *c = mg_commands; c->op; c++) {
		if (c->flags & MG_F_WRITE) {
			assert_false(c->roles & (MG_AUDITOR | MG_SECURITY));
			assert_false(c->flags & (MG_F_HEAVY | MG_F_FOLLOW));
		}
		if (strstr(c->op, ".approve") || strstr(c->op, ".return"))
			assert_int_equal(c->roles, MG_APPROVER);
		if (!strcmp(c->op, "site.import"))
			assert_int_equal(c->roles, MG_CONSOLE);
	}
}

static int check(const char *op, const char *json, struct sk_err *err)
{
	json_t *args = json_loads(json, 0, NULL);
	int ret;

	assert_non_null(args);
	memset(err, 0, sizeof(*err));
	ret = mg_command_check_args(mg_command_find(op), args, err);
	json_decref(args);
	return ret;
}

static void good_arguments(void **state)
{
	static const char *const good[][2] = {
		{"rule.show", "{\"number\": 1042}"},
		{"rule.show", "{\"number\": 1042, \"revision\": 3}"},
		{"rule.approve", "{\"numbers\": [1001, 1002], \"comment\": \"確認した\"}"},
		{"rule.request", "{\"source\": \"any\", \"draft\": true, \"order\": 9999}"},
		{"rule.request",
			"{\"expiry\": \"2027/3/31\", \"kind\": \"dnat\", \"log\": \"yes\"}"},
		{"rule.request", "{\"purpose\": \"line one\\nline two\"}"},
		{"apply", "{}"},
		{"apply", "{\"confirm\": 0}"},
		{"apply", "{\"confirm\": 3600, \"dry_run\": true}"},
		{"rule.import", "{\"data\": \"rules.csv\"}"},
		{"report.blocked", "{\"port\": 0, \"period\": \"7d\"}"},
		{"status", "{}"},
	};
	struct sk_err err;

	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++)
		assert_int_equal(check(good[i][0], good[i][1], &err), 0);
	assert_int_equal(mg_command_check_args(mg_command_find("status"), NULL, &err), 0);
}

static void bad_arguments(void **state)
{
	static const struct {
		const char *op, *json, *path;
	} bad[] = {
		{"rule.show", "{}", "number"},
		{"rule.show", "{\"number\": \"1042\"}", "number"},
		{"rule.show", "{\"number\": 0}", "number"},
		{"rule.show", "{\"number\": -1}", "number"},
		{"rule.show", "{\"number\": 16777216}", "number"},
		{"rule.show", "{\"number\": 1, \"sql\": 1}", "args"},
		{"rule.approve", "{\"numbers\": []}", "numbers"},
		{"rule.approve", "{\"numbers\": 1001}", "numbers"},
		{"rule.approve", "{\"numbers\": [1001, \"x\"]}", "numbers"},
		{"rule.request", "{\"kind\": \"permit\"}", "kind"},
		{"rule.request", "{\"kind\": null}", "kind"},
		{"rule.request", "{\"draft\": 1}", "draft"},
		{"rule.request", "{\"expiry\": \"soon\"}", "expiry"},
		{"rule.request", "{\"expiry\": 20270331}", "expiry"},
		{"rule.request", "{\"source\": [\"any\"]}", "source"},
		{"rule.request", "{\"purpose\": \"a\\u001b[2Jb\"}", "purpose"},
		{"rule.request", "{\"order\": 10000}", "order"},
		{"rule.return", "{\"number\": 1001}", "reason"},
		{"apply", "{\"confirm\": 3601}", "confirm"},
		{"apply", "{\"confirm\": 1.5}", "confirm"},
		{"report.blocked", "{\"port\": 65536}", "port"},
		{"status", "{\"x\": true}", "args"},
		{"status", "[]", "args"},
	};
	struct sk_err err;

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		assert_int_equal(check(bad[i].op, bad[i].json, &err), -EINVAL);
		assert_string_equal(err.path, bad[i].path);
		assert_true(err.en[0]);
	}
}

static void long_text_is_refused(void **state)
{
	char json[1200] = "{\"number\": 1001, \"reason\": \"";
	size_t at = strlen(json);
	struct sk_err err;

	memset(json + at, 'x', 1001);
	memcpy(json + at + 1001, "\"}", 3);
	assert_int_equal(check("rule.return", json, &err), -EINVAL);
	assert_string_equal(err.path, "reason");
	memcpy(json + at + 1000, "\"}", 3);
	assert_int_equal(check("rule.return", json, &err), 0);
}

static void roles_parse(void **state)
{
	struct sk_err err;
	unsigned r = 0;

	assert_int_equal(mg_roles_parse("requester,admin", &r, &err), 0);
	assert_int_equal(r, MG_REQUESTER | MG_ADMIN);
	assert_int_equal(mg_roles_parse("auditor, security", &r, &err), 0);
	assert_int_equal(r, MG_AUDITOR | MG_SECURITY);
	assert_int_equal(mg_roles_parse("console", &r, &err), -EINVAL);
	assert_int_equal(mg_roles_parse("root", &r, &err), -EINVAL);
	assert_int_equal(mg_roles_parse("admin2", &r, &err), -EINVAL);
	assert_int_equal(mg_roles_parse(" ,", &r, &err), -EINVAL);
	assert_int_equal(r, MG_AUDITOR | MG_SECURITY);
	for (int i = 0; i < MG_ROLES; i++) {
		assert_non_null(mg_role_name(1u << i));
		text_is_complete(mg_role_text(1u << i));
	}
	assert_null(mg_role_name(3));
}

static void exit_codes(void **state)
{
	assert_int_equal(mg_exit_code(0), 0);
	assert_int_equal(mg_exit_code(-EIO), 1);
	assert_int_equal(mg_exit_code(-ENOENT), 3);
	assert_int_equal(mg_exit_code(-EINVAL), 4);
	assert_int_equal(mg_exit_code(-ESTALE), 4);
	assert_int_equal(mg_exit_code(-EPERM), 5);
	assert_int_equal(mg_exit_code(-ECONNREFUSED), 6);
	assert_int_equal(mg_exit_code(-EHOSTDOWN), 6);
}

static void words(void **state)
{
	char text[128];

	assert_string_equal(mg_key_text("applicant")->ja, "申請者");
	assert_string_equal(mg_key_text("expiry")->ja, "有効期限");
	assert_null(mg_key_text("no-such-key"));
	assert_string_equal(mg_value_text("state", "requested")->ja, "承認待ち");
	assert_string_equal(mg_value_text("reason", "no_rule")->en, "no rule allows it");
	assert_string_equal(
		mg_reason_text("no_rule", 7, SK_JA, text, sizeof(text)), "許可ルールがない");
	assert_string_equal(
		mg_reason_text("rule", 1042, SK_JA, text, sizeof(text)), "ルール 1042 により遮断");
	assert_string_equal(mg_reason_text("new%s", 3, SK_EN, text, sizeof(text)), "new%s");
	assert_null(mg_value_text("purpose", "active"));
	assert_true(mg_key_is_time("expiry"));
	assert_false(mg_key_is_time("number"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_sound),
		cmocka_unit_test(roles_are_separate),
		cmocka_unit_test(good_arguments),
		cmocka_unit_test(bad_arguments),
		cmocka_unit_test(long_text_is_refused),
		cmocka_unit_test(roles_parse),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
