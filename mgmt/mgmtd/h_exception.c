// SPDX-License-Identifier: GPL-2.0-or-later
/* Exceptions of the inspection: requested by one person, approved by another, in force at once. */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/store/exceptions.h"

static int list_one(const struct mg_exception *x, void *arg)
{
	return mg_reply_row(arg, mg_exception_to_json(x));
}

int mg_h_ips_exception_list(struct mg_call *c, struct sk_err *err)
{
	const struct mg_exception_filter f = {
		.state = mg_arg_str(c, "state"), .all = mg_arg_flag(c, "all")};

	return mg_exception_each(mg_h_store(c), &f, list_one, c, err);
}

int mg_h_ips_exception_history(struct mg_call *c, struct sk_err *err)
{
	const struct mg_exception_filter f = {.number = (uint32_t)mg_arg_uint(c, "number")};
	struct mg_exception x;
	int r = mg_exception_get(mg_h_store(c), f.number, &x, err);

	if (r < 0)
		return r;
	mg_exception_done(&x);
	return mg_exception_each(mg_h_store(c), &f, list_one, c, err);
}

int mg_h_ips_exception_show(struct mg_call *c, struct sk_err *err)
{
	struct mg_exception x;
	int r = mg_exception_get(mg_h_store(c), (uint32_t)mg_arg_uint(c, "number"), &x, err);

	if (r == 0)
		r = mg_reply_record(c, mg_exception_to_json(&x));
	if (r == 0)
		mg_exception_done(&x);
	return r;
}

/* ---- requesting -------------------------------------------------------------------------------
 */
static void take_word(struct mg_call *c, const char *arg, char *dst, size_t cap)
{
	if (mg_arg_has(c, arg))
		snprintf(dst, cap, "%s", mg_arg_str(c, arg));
}

static int take_args(struct mg_call *c, struct mg_exception *x, struct sk_err *err)
{
	int days = (int)mg_setting_int(mg_h_store(c), "rule.expiry_days_max");

	if (mg_arg_has(c, "sid"))
		x->sid = (uint32_t)mg_arg_uint(c, "sid");
	if (mg_arg_has(c, "gid"))
		x->gid = (uint32_t)mg_arg_uint(c, "gid");
	take_word(c, "source", x->source, sizeof(x->source));
	take_word(c, "destination", x->destination, sizeof(x->destination));
	take_word(c, "action", x->action, sizeof(x->action));
	if (!x->action[0])
		return sk_err_set(err, -EINVAL, "action", "is required", "必ず指定してください");
	if (mg_arg_has(c, "purpose") && fw_str_set(&x->purpose, mg_arg_str(c, "purpose")) < 0)
		return sk_err_nomem(err);
	if (mg_arg_has(c, "expiry"))
		return mg_arg_time(c, "expiry", true, &x->expiry, err);
	if (!x->expiry)
		x->expiry = sk_day_add(sk_day_start(c->now), days) - 1;
	return 0;
}

/* What a new revision starts from: who asks and what was decided are its own. */
static int start_from(
	struct mg_call *c, uint32_t number, struct mg_exception *x, struct sk_err *err)
{
	*x = (struct mg_exception){.gid = 1, .source = "any", .destination = "any"};
	if (number) {
		int r = mg_exception_get(mg_h_store(c), number, x, err);

		if (r < 0)
			return r;
		fw_str_set(&x->comment, NULL);
		fw_str_set(&x->reason, NULL);
	}
	snprintf(x->applicant, sizeof(x->applicant), "%s", c->who.name);
	x->approver[0] = '\0';
	x->approved_at = x->decided_at = 0;
	return 0;
}

static int request(struct mg_call *c, struct mg_exception *x, json_t *before, struct sk_err *err)
{
	struct mg_txn t = {0};
	char target[48];
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = mg_exception_request(&t, x, c->now, err);
	if (r < 0) {
		json_decref(before);
		mg_txn_abort(&t);
		return r;
	}
	snprintf(target, sizeof(target), "exception %u r%u", x->number, x->revision);
	r = mg_h_commit(c, &t, target, before, mg_exception_to_json(x), err);
	if (r == 0)
		r = mg_reply_record(c, mg_exception_to_json(x));
	if (r == 0)
		mg_reply_note(c, "exception %u waits for approval by another person",
			"例外 %u は別の人の承認待ちです", x->number);
	mg_txn_abort(&t);
	return r;
}

int mg_h_ips_exception_request(struct mg_call *c, struct sk_err *err)
{
	static const char *const content[] = {
		"sid", "gid", "source", "destination", "action", "purpose"};
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	struct mg_exception x;
	json_t *before;
	bool changes = false;
	int r = start_from(c, number, &x, err);

	if (r < 0)
		return r;
	before = number ? mg_exception_to_json(&x) : NULL;
	for (size_t i = 0; i < SK_ARRAY_SIZE(content); i++)
		changes |= mg_arg_has(c, content[i]);
	x.intent = !number ? MG_NEW : changes ? MG_MODIFY : MG_EXTEND;
	r = take_args(c, &x, err);
	if (r == 0)
		r = request(c, &x, before, err);
	else
		json_decref(before);
	mg_exception_done(&x);
	return r;
}

int mg_h_ips_exception_remove(struct mg_call *c, struct sk_err *err)
{
	struct mg_exception x;
	int r = start_from(c, (uint32_t)mg_arg_uint(c, "number"), &x, err);

	if (r < 0)
		return r;
	x.intent = MG_REMOVAL;
	r = fw_str_set(&x.reason, mg_arg_str(c, "reason")) < 0 ? sk_err_nomem(err) : 0;
	if (r == 0)
		r = request(c, &x, mg_exception_to_json(&x), err);
	mg_exception_done(&x);
	return r;
}

/* ---- deciding ---------------------------------------------------------------------------------
 */
typedef int step_fn(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err);

struct step {
	struct mg_call *c;
	struct mg_txn t;
	step_fn *fn;
	const char *text;
	json_t *answers;
};

static int step_one(struct step *s, uint32_t number, bool last, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(s->c, s->text);
	struct mg_exception x;
	char target[48];
	int r = s->fn(&s->t, number, &a, &x, err);

	if (r < 0) {
		sk_err_prefix(err, "exception[%u]", number);
		return r;
	}
	json_array_append_new(s->answers, mg_exception_to_json(&x));
	snprintf(target, sizeof(target), "exception %u r%u", number, x.revision);
	r = last ? mg_h_commit(s->c, &s->t, target, mg_h_state("requested"),
			   mg_exception_to_json(&x), err)
		 : mg_h_audit(s->c, &s->t, target, mg_h_state("requested"),
			   mg_exception_to_json(&x), err);
	mg_exception_done(&x);
	return r;
}

static int finish(struct step *s, int r)
{
	for (size_t i = 0; i < json_array_size(s->answers) && r == 0; i++)
		r = mg_reply_record(s->c, json_incref(json_array_get(s->answers, i)));
	mg_txn_abort(&s->t);
	json_decref(s->answers);
	return r;
}

int mg_h_ips_exception_approve(struct mg_call *c, struct sk_err *err)
{
	struct step s = {.c = c,
		.fn = mg_exception_approve,
		.text = mg_arg_str(c, "comment"),
		.answers = json_array()};
	uint32_t number, next;
	int r = mg_txn_begin(&s.t, mg_h_store(c), err);

	for (size_t i = 0; r == 0 && mg_h_number(c, i, &number); i++)
		r = step_one(&s, number, !mg_h_number(c, i + 1, &next), err);
	return finish(&s, r);
}

static int one(struct mg_call *c, step_fn *fn, struct sk_err *err)
{
	struct step s = {
		.c = c, .fn = fn, .text = mg_arg_str(c, "reason"), .answers = json_array()};
	int r = mg_txn_begin(&s.t, mg_h_store(c), err);

	if (r == 0)
		r = step_one(&s, (uint32_t)mg_arg_uint(c, "number"), true, err);
	return finish(&s, r);
}

int mg_h_ips_exception_return(struct mg_call *c, struct sk_err *err)
{
	return one(c, mg_exception_return, err);
}

int mg_h_ips_exception_withdraw(struct mg_call *c, struct sk_err *err)
{
	return one(c, mg_exception_withdraw, err);
}
