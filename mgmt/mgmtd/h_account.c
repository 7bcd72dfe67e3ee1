/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Personal accounts: who may be added, changed, disabled, reviewed. The workflow decides; this file
 * asks it. What gives somebody more than they had becomes a request, except at the console.
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/h_object.h"

static json_t *row(const struct mg_account *a)
{
	json_t *v = mg_account_to_json(a);
	const json_t *roles = json_object_get(v, "roles");
	struct sk_buf b;

	if (v == NULL)
		return NULL;
	sk_buf_init(&b, 256);
	for (size_t i = 0; i < json_array_size(roles); i++)
		sk_buf_printf(
			&b, "%s%s", i ? "," : "", json_string_value(json_array_get(roles, i)));
	json_object_set_new(v, "roles", json_string(sk_buf_str(&b)));
	sk_buf_done(&b);
	return v;
}

static int list_row(const struct mg_account *a, void *arg)
{
	json_t *v = row(a);

	return v ? mg_reply_row(arg, v) : -ENOMEM;
}

int mg_h_account_list(struct mg_call *c, struct sk_err *err)
{
	return mg_account_each(mg_h_store(c), list_row, c, err);
}

static int get(struct mg_call *c, struct mg_account *ret, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	int r = mg_account_get(mg_h_store(c), name, ret, err);

	return r == -ENOENT ? sk_err_set(err, r, "name", "there is no account %s",
				      "アカウント %s はありません", name)
			    : r;
}

int mg_h_account_show(struct mg_call *c, struct sk_err *err)
{
	struct mg_account a;
	json_t *v;
	int r = get(c, &a, err);

	if (r < 0)
		return r;
	v = row(&a);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

/* ---- writing ------------------------------------------------------------------------------------
 */

static int copy(const char *field, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	if (v == NULL)
		return 0;
	if (strlen(v) >= cap)
		return sk_err_set(err, -EINVAL, field, "longer than %zu bytes",
			"%zu バイトを超えています", cap - 1);
	snprintf(dst, cap, "%s", v);
	return 0;
}

static int take_user(struct mg_call *c, struct mg_account *a, struct sk_err *err)
{
	const char *user = mg_arg_str(c, "user");
	struct passwd pw, *found = NULL;
	char buf[4096];

	if (mg_arg_has(c, "uid"))
		a->uid = (int64_t)mg_arg_uint(c, "uid");
	if (user == NULL)
		return 0;
	if (getpwnam_r(user, &pw, buf, sizeof(buf), &found) != 0 || found == NULL)
		return sk_err_set(err, -ENOENT, "user", "there is no Unix user %s",
			"Unix ユーザー %s は存在しません", user);
	a->uid = (int64_t)found->pw_uid;
	return 0;
}

static int take_args(struct mg_call *c, struct mg_account *a, struct sk_err *err)
{
	int r = copy("display", mg_arg_str(c, "display"), a->display, sizeof(a->display), err);

	if (r == 0)
		r = copy("mail", mg_arg_str(c, "mail"), a->mail, sizeof(a->mail), err);
	if (r == 0 && mg_arg_has(c, "roles"))
		r = mg_roles_parse(mg_arg_str(c, "roles"), &a->roles, err);
	if (r == 0 && (a->roles & MG_CONSOLE))
		r = sk_err_set(err, -EINVAL, "roles", "console is no role of a person",
			"console は個人に割り当てる役割ではありません");
	return r < 0 ? r : take_user(c, a, err);
}

/* Ask the workflow inside the transaction, so that the count of administrators holds. */
static int allowed(struct mg_call *c, const struct mg_account *before,
	const struct mg_account *after, bool *ret_grants, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, NULL);
	struct mg_account_step st = {.name = after->name,
		.roles_before = before ? before->roles : 0,
		.roles_after = after->roles,
		.enabled_before = before && before->enabled,
		.enabled_after = after->enabled,
		.is_new = before == NULL,
		.uid_before = before ? before->uid : -1,
		.uid_after = after->uid};
	int r = mg_account_count(mg_h_store(c), MG_ADMIN, &st.admins, err);

	*ret_grants = mg_wf_account_grants(&st);
	return r < 0 ? r : mg_wf_account(&st, &a.who, err);
}

/* Somebody gets more than they had: another person has to agree. */
static int ask(struct mg_call *c, const struct mg_account *after, struct sk_err *err)
{
	const char *reason = mg_arg_str(c, "reason");
	struct mg_change ch = {.kind = MG_CH_ACCOUNT, .value = mg_account_value(after)};

	if (ch.value == NULL)
		return sk_err_nomem(err);
	snprintf(ch.name, sizeof(ch.name), "%s", after->name);
	return mg_h_change_request(c, &ch, reason ? reason : mg_arg_str(c, "purpose"), err);
}

static int write_row(struct mg_call *c, struct mg_txn *t, const struct mg_account *before,
	const struct mg_account *after, struct sk_err *err)
{
	const char *reason = mg_arg_str(c, "reason");
	char target[96];
	json_t *v;
	int r = before ? mg_account_update(t, after, err) : mg_account_add(t, after, err);

	if (r < 0)
		return r;
	v = mg_account_to_json(after);
	reason = reason ? reason : mg_arg_str(c, "purpose");
	if (v && reason)
		json_object_set_new(v, "reason", json_string(reason));
	snprintf(target, sizeof(target), "account %s", after->name);
	r = mg_h_commit(c, t, target, before ? mg_account_to_json(before) : NULL, v, err);
	if (r < 0)
		return r;
	v = row(after);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

static int store(struct mg_call *c, const struct mg_account *before, const struct mg_account *after,
	struct sk_err *err)
{
	struct mg_txn t = {0};
	bool grants = false;
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = allowed(c, before, after, &grants, err);
	/* The console sets up and recovers: there may be nobody left who could approve. */
	if (r == 0 && grants && !(c->who.roles & MG_CONSOLE)) {
		mg_txn_abort(&t);
		return ask(c, after, err);
	}
	if (r == 0)
		r = write_row(c, &t, before, after, err);
	mg_txn_abort(&t);
	return r;
}

int mg_h_account_add(struct mg_call *c, struct sk_err *err)
{
	struct mg_account old, a = {.uid = -1, .enabled = true, .created = c->now};
	int r = copy("name", mg_arg_str(c, "name"), a.name, sizeof(a.name), err);

	if (r == 0 && mg_account_get(mg_h_store(c), a.name, &old, NULL) == 0)
		r = sk_err_set(err, -EEXIST, "name",
			"the account %s exists already: accounts are personal",
			"アカウント %s は既に登録されています (アカウントは個人ごとです)", a.name);
	if (r == 0)
		r = take_args(c, &a, err);
	return r < 0 ? r : store(c, NULL, &a, err);
}

int mg_h_account_set(struct mg_call *c, struct sk_err *err)
{
	struct mg_account before, after;
	int r = get(c, &before, err);

	if (r < 0)
		return r;
	after = before;
	r = take_args(c, &after, err);
	return r < 0 ? r : store(c, &before, &after, err);
}

static int enable(struct mg_call *c, bool on, struct sk_err *err)
{
	struct mg_account before, after;
	int r = mg_wf_reason("reason", mg_arg_str(c, "reason"), err);

	if (r == 0)
		r = mg_wf_text("reason", mg_arg_str(c, "reason"), 1000, true, err);
	if (r == 0)
		r = get(c, &before, err);
	if (r < 0)
		return r;
	if (before.enabled == on)
		return sk_err_set(err, -EEXIST, "name", "the account %s is so already",
			"アカウント %s は既にその状態です", before.name);
	after = before;
	after.enabled = on;
	return store(c, &before, &after, err);
}

int mg_h_account_disable(struct mg_call *c, struct sk_err *err)
{
	return enable(c, false, err);
}

int mg_h_account_enable(struct mg_call *c, struct sk_err *err)
{
	return enable(c, true, err);
}

/* No.105: somebody else looks once a year whether the person still needs the account as it is. */
int mg_h_account_review(struct mg_call *c, struct sk_err *err)
{
	struct mg_account before, after;
	struct mg_txn t = {0};
	int r = get(c, &before, err);

	if (r < 0)
		return r;
	if (strcmp(before.name, c->who.name) == 0)
		return sk_err_set(err, -EPERM, "name",
			"this is your own account: somebody else has to review it",
			"ご自身のアカウントです。別の担当者が点検する必要があります");
	after = before;
	after.reviewed = c->now;
	r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = write_row(c, &t, &before, &after, err);
	mg_txn_abort(&t);
	return r;
}
