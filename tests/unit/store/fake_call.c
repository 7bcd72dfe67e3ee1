/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The call layer of the handlers' tests. */
#include "tests/unit/store/fake_call.h"

#include <stdio.h>

struct mg_daemon {
	struct mg_store *s;
};

static struct answer last;
static const char *last_file;

static const struct {
	const char *op;
	mg_handler *fn;
} handlers[] = {
	{"account.add", mg_h_account_add},
	{"account.disable", mg_h_account_disable},
	{"account.enable", mg_h_account_enable},
	{"account.list", mg_h_account_list},
	{"account.review", mg_h_account_review},
	{"account.set", mg_h_account_set},
	{"account.show", mg_h_account_show},
	{"audit.list", mg_h_audit_list},
	{"audit.verify", mg_h_audit_verify},
	{"change.approve", mg_h_change_approve},
	{"change.list", mg_h_change_list},
	{"change.return", mg_h_change_return},
	{"change.show", mg_h_change_show},
	{"notice.list", mg_h_notice_list},
	{"object.history", mg_h_object_history},
	{"object.list", mg_h_object_list},
	{"object.remove", mg_h_object_remove},
	{"object.set", mg_h_object_set},
	{"object.show", mg_h_object_show},
	{"review.decide", mg_h_review_decide},
	{"review.export", mg_h_review_export},
	{"review.finish", mg_h_review_finish},
	{"review.list", mg_h_review_list},
	{"review.show", mg_h_review_show},
	{"review.start", mg_h_review_start},
	{"rule.approve", mg_h_rule_approve},
	{"rule.export", mg_h_rule_export},
	{"rule.extend", mg_h_rule_extend},
	{"rule.history", mg_h_rule_history},
	{"rule.import", mg_h_rule_import},
	{"rule.list", mg_h_rule_list},
	{"rule.remove", mg_h_rule_remove},
	{"rule.request", mg_h_rule_request},
	{"rule.resume", mg_h_rule_resume},
	{"rule.return", mg_h_rule_return},
	{"rule.show", mg_h_rule_show},
	{"rule.submit", mg_h_rule_submit},
	{"rule.suspend", mg_h_rule_suspend},
	{"rule.withdraw", mg_h_rule_withdraw},
	{"setting.list", mg_h_setting_list},
	{"setting.set", mg_h_setting_set},
	{"site.import", mg_h_site_import},
	{"zone.list", mg_h_zone_list},
	{"zone.remove", mg_h_zone_remove},
	{"zone.set", mg_h_zone_set},
	{"zone.show", mg_h_zone_show},
};

struct answer *fk_call_lang(struct fixture *f, const char *who, const char *op, json_t *args,
	const char *file, enum sk_lang lang)
{
	struct mg_daemon d = {f->s};
	struct mg_call c = {
		.d = &d, .cmd = mg_command_find(op), .args = args, .lang = lang, .now = NOW};

	fk_done();
	last.rows = json_array();
	last.records = json_array();
	last_file = file;
	assert_non_null(args);
	assert_non_null(c.cmd);
	if (strcmp(who, "console") == 0) {
		snprintf(c.who.name, sizeof(c.who.name), "console");
		c.who.roles = MG_CONSOLE;
		c.who.enabled = true;
	} else {
		assert_int_equal(mg_account_get(f->s, who, &c.who, NULL), 0);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(handlers); i++)
		if (strcmp(handlers[i].op, op) == 0)
			last.code = handlers[i].fn(&c, &last.err);
	json_decref(args);
	if (last.code < 0) { /* what a person reads, in both languages */
		assert_int_equal(last.err.code, last.code);
		assert_true(last.err.en[0] != '\0' && last.err.ja[0] != '\0');
	}
	return &last;
}

struct answer *fk_call(
	struct fixture *f, const char *who, const char *op, json_t *args, const char *file)
{
	return fk_call_lang(f, who, op, args, file, SK_EN);
}

void fk_done(void)
{
	json_decref(last.rows);
	json_decref(last.records);
	last = (struct answer){0};
}

static const char *text_of(const json_t *v)
{
	static char text[64];

	if (json_is_string(v))
		return json_string_value(v);
	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(v));
	return v ? text : "";
}

const char *fk_row(const struct answer *a, size_t i, const char *key)
{
	return text_of(json_object_get(json_array_get(a->rows, i), key));
}

const char *fk_record(const struct answer *a, size_t i, const char *key)
{
	return text_of(json_object_get(json_array_get(a->records, i), key));
}

/* ---- what the daemon provides -------------------------------------------------------------------
 */

struct mg_store *mg_daemon_store(struct mg_daemon *d)
{
	return d->s;
}

int mg_daemon_tighten(struct mg_daemon *d, struct sk_err *err)
{
	last.tightened++;
	return 0;
}

void mg_daemon_registry_changed(struct mg_daemon *d)
{
}

int mg_reply_row(struct mg_call *c, json_t *v)
{
	return json_array_append_new(last.rows, v);
}

int mg_reply_record(struct mg_call *c, json_t *v)
{
	return json_array_append_new(last.records, v);
}

int mg_reply_text(struct mg_call *c, const char *text)
{
	snprintf(last.text, sizeof(last.text), "%s", text);
	return 0;
}

int mg_reply_note(struct mg_call *c, const char *en, const char *ja, ...)
{
	size_t len = strlen(last.notes);
	va_list ap;

	va_start(ap, ja);
	vsnprintf(last.notes + len, sizeof(last.notes) - len, c->lang == SK_JA ? ja : en, ap);
	va_end(ap);
	len = strlen(last.notes);
	snprintf(last.notes + len, sizeof(last.notes) - len, "\n");
	return 0;
}

const char *mg_arg_str(const struct mg_call *c, const char *name)
{
	return json_string_value(json_object_get(c->args, name));
}

uint64_t mg_arg_uint(const struct mg_call *c, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(c->args, name));
}

bool mg_arg_flag(const struct mg_call *c, const char *name)
{
	return json_is_true(json_object_get(c->args, name));
}

bool mg_arg_has(const struct mg_call *c, const char *name)
{
	return json_object_get(c->args, name) != NULL;
}

int mg_arg_file(const struct mg_call *c, const char *name, const void **ret, size_t *ret_len,
	const char **ret_name, struct sk_err *err)
{
	assert_non_null(last_file);
	*ret = last_file;
	*ret_len = strlen(last_file);
	return 0;
}

int mg_arg_time(const struct mg_call *c, const char *name, bool end_of_day, int64_t *ret,
	struct sk_err *err)
{
	return sk_time_parse(mg_arg_str(c, name), end_of_day, ret, err);
}
