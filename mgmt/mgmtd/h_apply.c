// SPDX-License-Identifier: GPL-2.0-or-later
/* apply, confirm, rollback: what was approved into the kernel, on trial until somebody confirms. */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/audit.h"

static struct mg_audit_entry actor(const struct mg_call *c)
{
	return (struct mg_audit_entry){.time = c->now,
		.account = c->who.name,
		.uid = c->uid,
		.pid = c->pid,
		.op = c->cmd->op};
}

static long long int_of(const json_t *v, const char *key)
{
	return json_integer_value(json_object_get(v, key));
}

/* fwd's refusal names the rule by its number; that is all a person needs. */
static int check_only(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	_cleanup_(sk_closep) int fd = -1;
	uint64_t n = 0;
	int r;

	if ((r = mg_generation_next(c->d->store, &n, err)) < 0 ||
		(r = mg_gen_document(c->d, MG_BUILD_WITH_APPROVED, n, c->now, NULL, &fd, err)) <
			0 ||
		(r = mg_daemon_fw_call(c->d, "policy.check", NULL, fd, &end, err)) < 0)
		return r;
	json_object_del(end, "code");
	json_object_del(end, "generation");
	json_object_set_new(end, "result", json_string("ok"));
	r = mg_reply_record(c, json_incref(end));
	if (r < 0)
		return r;
	return mg_reply_note(c, "The kernel would accept it. Nothing was changed.",
		"カーネルは受け入れます。何も変更していません。");
}

static int report_applied(struct mg_call *c, const json_t *end, int confirm)
{
	json_t *v = json_pack("{s:I, s:s, s:I, s:I, s:I, s:I}", "generation",
		(json_int_t)int_of(end, "generation"), "state", confirm ? "trial" : "confirmed",
		"kernel_rules", (json_int_t)int_of(end, "rules"), "cut",
		(json_int_t)int_of(end, "cut"), "confirm_deadline",
		(json_int_t)int_of(end, "confirm_deadline"), "apply_ms",
		(json_int_t)((int_of(end, "fill_us") + int_of(end, "switch_us") +
				     int_of(end, "collect_us") + int_of(end, "read_back_us")) /
			1000));
	int r = v ? mg_reply_record(c, v) : -ENOMEM;

	if (r < 0 || !confirm)
		return r;
	return mg_reply_note(c,
		"It is in force on trial. Keep it within %d seconds with: sekisho confirm\n"
		"Without that the gateway returns by itself to what ran before.",
		"試行として適用しました。%d 秒以内に sekisho confirm で確定してください。\n"
		"確定しなければ自動で適用前に戻ります。",
		confirm);
}

static int confirm_seconds(const struct mg_call *c)
{
	if (mg_arg_has(c, "confirm"))
		return (int)mg_arg_uint(c, "confirm");
	return (int)mg_setting_int(c->d->store, "apply.confirm_seconds");
}

int mg_h_apply(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	struct mg_audit_entry who = actor(c);
	int confirm = confirm_seconds(c);
	struct mg_gen_step step = {
		.what = MG_BUILD_WITH_APPROVED, .kind = "apply", .confirm = confirm, .who = &who};
	int r;

	if (c->dry_run)
		return check_only(c, err);
	r = mg_gen_send(c->d, &step, &end, err);
	return r < 0 ? r : report_applied(c, end, confirm);
}

/* The generation on trial; -ESTALE with the reason when there is none. */
static int on_trial(struct mg_call *c, uint64_t *ret, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *status = NULL;
	int r = mg_daemon_fw_call(c->d, "status", NULL, -1, &status, err);

	if (r < 0)
		return r;
	/* Settle first what a crash may have left: the answer below is about what is. */
	r = mg_reconcile(c->d, status, err);
	if (r < 0)
		return r;
	if (!sk_streq(json_string_value(json_object_get(status, "state")), "confirming"))
		return sk_err_set(err, -ESTALE, NULL,
			"nothing is on trial: there is nothing to confirm or to take back",
			"試行中の内容はありません。確定も取り消しもする必要がありません");
	*ret = (uint64_t)int_of(status, "generation");
	return 0;
}

static int reply_state(struct mg_call *c, uint64_t generation, const char *state)
{
	json_t *v = json_pack("{s:I, s:s}", "generation", (json_int_t)generation, "state", state);

	return v ? mg_reply_record(c, v) : -ENOMEM;
}

int mg_h_confirm(struct mg_call *c, struct sk_err *err)
{
	struct mg_audit_entry who = actor(c);
	struct sk_err later = {0};
	uint64_t n = 0;
	int r = on_trial(c, &n, err);

	if (!r)
		r = mg_daemon_fw_call(c->d, "policy.confirm",
			json_pack("{s:I}", "generation", (json_int_t)n), -1, NULL, err);
	if (!r)
		r = mg_generation_confirm(c->d->store, n, &who, err);
	if (r < 0)
		return r;
	/* What was suspended during the trial. */
	if (c->d->tighten)
		mg_daemon_tighten(c->d, &later);
	return reply_state(c, n, "confirmed");
}

int mg_h_rollback(struct mg_call *c, struct sk_err *err)
{
	struct mg_audit_entry who = actor(c);
	struct sk_err later = {0};
	uint64_t n = 0;
	int r = on_trial(c, &n, err);

	if (!r)
		r = mg_daemon_fw_call(c->d, "policy.rollback", NULL, -1, NULL, err);
	if (!r)
		r = mg_generation_rollback(c->d->store, n, &who, err);
	if (r < 0)
		return r;
	if (c->d->tighten)
		mg_daemon_tighten(c->d, &later);
	return reply_state(c, n, "rolled-back");
}
