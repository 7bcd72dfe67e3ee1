// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exceptions and allow-list entries as commands: requested by one person, approved by another, in
 * force at once. What they are about is h_exception.c's and h_allow.c's.
 */
#include "mgmt/mgmtd/h_record.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"

struct listing {
	struct mg_call *c;
	const struct mg_record_kind *kind;
};

static int list_one(const struct mg_record *x, void *arg)
{
	const struct listing *l = arg;

	return mg_reply_row(l->c, mg_record_to_json(l->kind, x));
}

int mg_h_record_list(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err)
{
	struct listing l = {c, h->kind};
	const struct mg_record_filter f = {.state = mg_arg_str(c, "state"),
		.all = mg_arg_flag(c, "all"),
		.fn = list_one,
		.arg = &l};

	return mg_record_each(h->kind, mg_h_store(c), &f, err);
}

int mg_h_record_history(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err)
{
	struct listing l = {c, h->kind};
	const struct mg_record_filter f = {
		.number = (uint32_t)mg_arg_uint(c, "number"), .fn = list_one, .arg = &l};
	struct mg_record *x = mg_record_new(h->kind);
	int r = x ? mg_record_get(h->kind, mg_h_store(c), f.number, x, err) : sk_err_nomem(err);

	mg_record_free(h->kind, x);
	return r < 0 ? r : mg_record_each(h->kind, mg_h_store(c), &f, err);
}

int mg_h_record_show(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	struct mg_record *x = mg_record_new(h->kind);
	int r = x ? mg_record_get(h->kind, mg_h_store(c), number, x, err) : sk_err_nomem(err);

	if (r == 0)
		r = mg_reply_record(c, mg_record_to_json(h->kind, x));
	mg_record_free(h->kind, x);
	return r;
}

/* ---- requesting -------------------------------------------------------------------------------
 */
/* What a new revision starts from: who asks and what was decided are its own. NULL with err. */
static struct mg_record *start_from(
	struct mg_call *c, const struct mg_h_record *h, uint32_t number, struct sk_err *err)
{
	struct mg_record *x = mg_record_new(h->kind);

	if (!x) {
		sk_err_nomem(err);
		return NULL;
	}
	if (number && mg_record_get(h->kind, mg_h_store(c), number, x, err) < 0) {
		mg_record_free(h->kind, x);
		return NULL;
	}
	if (!number && h->begin)
		h->begin(x);
	fw_str_set(&x->comment, NULL);
	fw_str_set(&x->reason, NULL);
	snprintf(x->applicant, sizeof(x->applicant), "%s", c->who.name);
	x->approver[0] = '\0';
	x->approved_at = x->decided_at = 0;
	return x;
}

static int take_common(struct mg_call *c, struct mg_record *x, bool *changes, struct sk_err *err)
{
	int days = (int)mg_setting_int(mg_h_store(c), "rule.expiry_days_max");

	*changes |= mg_arg_has(c, "purpose");
	if (mg_arg_has(c, "purpose") && fw_str_set(&x->purpose, mg_arg_str(c, "purpose")) < 0)
		return sk_err_nomem(err);
	if (mg_arg_has(c, "expiry"))
		return mg_arg_time(c, "expiry", true, &x->expiry, err);
	if (!x->expiry)
		x->expiry = sk_day_add(sk_day_start(c->now), days) - 1;
	return 0;
}

static void target_of(const struct mg_record_kind *k, const struct mg_record *x, char dst[64])
{
	snprintf(dst, 64, "%s %u r%u", mg_record_noun(k)->en, x->number, x->revision);
}

static int request(struct mg_call *c, const struct mg_record_kind *k, struct mg_record *x,
	json_t *before, struct sk_err *err)
{
	const struct sk_text *noun = mg_record_noun(k);
	struct mg_txn t = {0};
	char target[64];
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = mg_record_request(k, &t, x, c->now, err);
	if (r < 0) {
		json_decref(before);
		mg_txn_abort(&t);
		return r;
	}
	target_of(k, x, target);
	r = mg_h_commit(c, &t, target, before, mg_record_to_json(k, x), err);
	if (r == 0)
		r = mg_reply_record(c, mg_record_to_json(k, x));
	if (r == 0)
		mg_reply_note(c, "%s%.0s %u waits for approval by another person",
			"%.0s%s %u は別の人の承認待ちです", noun->en, noun->ja, x->number);
	mg_txn_abort(&t);
	return r;
}

int mg_h_record_request(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	struct mg_record *x = start_from(c, h, number, err);
	json_t *before;
	bool changes = false;
	int r;

	if (!x)
		return err->code;
	before = number ? mg_record_to_json(h->kind, x) : NULL;
	r = h->take(c, x, &changes, err);
	if (r == 0)
		r = take_common(c, x, &changes, err);
	x->intent = !number ? MG_NEW : changes ? MG_MODIFY : MG_EXTEND;
	if (r == 0)
		r = request(c, h->kind, x, before, err);
	else
		json_decref(before);
	mg_record_free(h->kind, x);
	return r;
}

int mg_h_record_remove(struct mg_call *c, const struct mg_h_record *h, struct sk_err *err)
{
	struct mg_record *x = start_from(c, h, (uint32_t)mg_arg_uint(c, "number"), err);
	int r;

	if (!x)
		return err->code;
	x->intent = MG_REMOVAL;
	r = fw_str_set(&x->reason, mg_arg_str(c, "reason")) < 0 ? sk_err_nomem(err) : 0;
	if (r == 0)
		r = request(c, h->kind, x, mg_record_to_json(h->kind, x), err);
	mg_record_free(h->kind, x);
	return r;
}

/* ---- deciding ---------------------------------------------------------------------------------
 */
struct stepping {
	struct mg_call *c;
	const struct mg_record_kind *kind;
	enum mg_record_step step;
	struct mg_txn t;
	json_t *answers;
};

static int step_one(struct stepping *s, uint32_t number, bool last, struct sk_err *err)
{
	const char *text = mg_arg_str(s->c, s->step == MG_RECORD_APPROVE ? "comment" : "reason");
	const struct mg_actor a = mg_h_actor(s->c, text);
	struct mg_record *x = mg_record_new(s->kind);
	json_t *after;
	char target[64];
	int r;

	if (!x)
		return sk_err_nomem(err);
	x->number = number;
	r = mg_record_step(s->kind, &s->t, s->step, &a, x, err);
	if (r < 0) {
		sk_err_prefix(err, "%s[%u]", mg_record_noun(s->kind)->en, number);
		mg_record_free(s->kind, x);
		return r;
	}
	after = mg_record_to_json(s->kind, x);
	json_array_append(s->answers, after);
	target_of(s->kind, x, target);
	r = last ? mg_h_commit(s->c, &s->t, target, mg_h_state("requested"), after, err)
		 : mg_h_audit(s->c, &s->t, target, mg_h_state("requested"), after, err);
	mg_record_free(s->kind, x);
	return r;
}

int mg_h_record_step(struct mg_call *c, const struct mg_h_record *h, enum mg_record_step step,
	struct sk_err *err)
{
	struct stepping s = {.c = c, .kind = h->kind, .step = step, .answers = json_array()};
	uint32_t number, next;
	int r = mg_txn_begin(&s.t, mg_h_store(c), err);

	if (r == 0 && mg_arg_has(c, "number"))
		r = step_one(&s, (uint32_t)mg_arg_uint(c, "number"), true, err);
	for (size_t i = 0; r == 0 && mg_h_number(c, i, &number); i++)
		r = step_one(&s, number, !mg_h_number(c, i + 1, &next), err);
	for (size_t i = 0; i < json_array_size(s.answers) && r == 0; i++)
		r = mg_reply_record(c, json_incref(json_array_get(s.answers, i)));
	mg_txn_abort(&s.t);
	json_decref(s.answers);
	return r;
}
