/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading rules: the list with the built-ins first, one record, its history; reminders. */
#include <errno.h>
#include <string.h>

#include "fw/policy/builtin.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

struct list {
	struct mg_call *c;
	struct fw_policy *base;
	struct mg_rev prev; /* of history */
	bool has_prev;
};

static int reply(struct mg_call *c, json_t *row)
{
	return row ? mg_reply_row(c, row) : -ENOMEM;
}

static int list_row(const struct mg_rule_row *row, void *arg)
{
	struct list *l = arg;
	json_t *v = mg_h_rev_row(row->rev, l->base);

	if (v == NULL)
		return -ENOMEM;
	if (row->pending)
		json_object_set_new(v, "pending",
			json_sprintf("r%u %s %s", row->pending, row->pending_intent,
				row->pending_state));
	json_object_set_new(v, "hits", json_integer((json_int_t)row->packets));
	return reply(l->c, v);
}

static int list_builtins(struct mg_call *c, const struct fw_policy *p)
{
	struct fw_builtin b;
	int r = 0;

	for (size_t i = 0; r == 0 && fw_builtin_get(p, i, &b); i++)
		if (b.enabled)
			r = reply(c, mg_h_builtin_row(&b, c->lang));
	return r;
}

int mg_h_rule_list(struct mg_call *c, struct sk_err *err)
{
	const struct mg_rule_filter f = {.state = mg_arg_str(c, "state"),
		.applicant = mg_arg_str(c, "applicant"),
		.zone = mg_arg_str(c, "zone"),
		.text = mg_arg_str(c, "text"),
		.all = mg_arg_flag(c, "all")};
	struct list l = {.c = c};
	int r = mg_store_build_base(mg_h_store(c), MG_VIEW_REQUESTED, &l.base, NULL);

	if (r < 0) /* requests that exclude each other: what is in force always builds */
		r = mg_store_build_base(mg_h_store(c), MG_VIEW_ACTIVE, &l.base, err);
	if (r == 0 && !f.applicant && !f.zone && !f.text &&
		(!f.state || sk_streq(f.state, "active")))
		r = list_builtins(c, l.base);
	if (r == 0)
		r = mg_rule_each(mg_h_store(c), &f, list_row, &l, err);
	fw_policy_free(l.base);
	return r;
}

static int show_builtin(struct mg_call *c, uint32_t number, struct sk_err *err)
{
	struct fw_policy *p = NULL;
	struct fw_builtin b;
	int r = mg_store_build_base(mg_h_store(c), MG_VIEW_ACTIVE, &p, err);

	for (size_t i = 0; r == 0 && fw_builtin_get(p, i, &b); i++) {
		if ((uint32_t)b.id != number)
			continue;
		r = mg_reply_record(c, mg_h_builtin_row(&b, c->lang));
		fw_policy_free(p);
		return r;
	}
	fw_policy_free(p);
	return r < 0 ? r
		     : sk_err_set(err, -ENOENT, "number", "there is no rule %u",
			       "ルール %u はありません", number);
}

int mg_h_rule_show(struct mg_call *c, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	struct fw_policy *base = NULL;
	struct mg_rev rev, open;
	json_t *v;
	int r;

	if (number < FW_NUMBER_FIRST)
		return show_builtin(c, number, err);
	r = mg_rule_get(mg_h_store(c), number, (uint32_t)mg_arg_uint(c, "revision"), &rev, err);
	if (r < 0)
		return r;
	if (mg_store_build_base(mg_h_store(c), MG_VIEW_REQUESTED, &base, NULL) < 0)
		mg_store_build_base(mg_h_store(c), MG_VIEW_ACTIVE, &base, NULL);
	v = mg_h_rev_row(&rev, base);
	fw_policy_free(base);
	r = mg_rule_pending(mg_h_store(c), number, &open, err);
	if (r == 0 && open.rule.revision != rev.rule.revision && v)
		json_object_set_new(v, "pending",
			json_sprintf("r%u %s %s", open.rule.revision, mg_intent_name(open.intent),
				mg_rev_state_name(&open)));
	if (r == 0)
		mg_rev_done(&open);
	mg_rev_done(&rev);
	if (r < 0 && r != -ENOENT) {
		json_decref(v);
		return r;
	}
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

static int history_row(const struct mg_rev *rev, void *arg)
{
	struct list *l = arg;
	json_t *v = mg_h_rev_row(rev, NULL);
	char *diff = l->has_prev ? mg_h_diff_text(&l->prev.rule, &rev->rule) : NULL;
	int r;

	if (v == NULL) {
		free(diff);
		return -ENOMEM;
	}
	if (rev->note && !rev->reason)
		json_object_set_new(v, "reason", json_string(rev->note));
	if (diff)
		json_object_set_new(v, "changed", json_string(diff));
	free(diff);
	mg_rev_done(&l->prev);
	mg_rev_init(&l->prev);
	r = fw_rule_copy(&l->prev.rule, &rev->rule);
	l->has_prev = r == 0;
	return reply(l->c, v);
}

int mg_h_rule_history(struct mg_call *c, struct sk_err *err)
{
	struct list l = {.c = c};
	int r = mg_rule_history(
		mg_h_store(c), (uint32_t)mg_arg_uint(c, "number"), history_row, &l, err);

	mg_rev_done(&l.prev);
	return r;
}

static int notice_row(const json_t *row, void *arg)
{
	return reply(arg, json_deep_copy(row));
}

int mg_h_notice_list(struct mg_call *c, struct sk_err *err)
{
	/* Auditors and the console see everybody's; people see their own. */
	bool all = c->who.roles & (MG_AUDITOR | MG_CONSOLE);

	return mg_notice_each(mg_h_store(c), all ? NULL : c->who.name, c->now, notice_row, c, err);
}
