/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Personal accounts: who may be added, changed, disabled. The workflow decides; this file asks it.
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

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
	const struct mg_account *after, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, NULL);
	struct mg_account_step st = {.name = after->name,
		.roles_before = before ? before->roles : 0,
		.roles_after = after->roles,
		.enabled_before = before && before->enabled,
		.enabled_after = after->enabled,
		.is_new = before == NULL};
	int r = mg_account_count(mg_h_store(c), MG_ADMIN, &st.admins, err);

	return r < 0 ? r : mg_wf_account(&st, &a.who, err);
}

static int store(struct mg_call *c, const struct mg_account *before, const struct mg_account *after,
	struct sk_err *err)
{
	const char *reason = mg_arg_str(c, "reason");
	struct mg_txn t = {0};
	json_t *v = NULL;
	char target[96];
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = allowed(c, before, after, err);
	if (r == 0)
		r = before ? mg_account_update(&t, after, err) : mg_account_add(&t, after, err);
	if (r == 0) {
		v = mg_account_to_json(after);
		if (v && reason)
			json_object_set_new(v, "reason", json_string(reason));
		snprintf(target, sizeof(target), "account %s", after->name);
		r = mg_h_commit(c, &t, target, before ? mg_account_to_json(before) : NULL, v, err);
	}
	mg_txn_abort(&t);
	if (r < 0)
		return r;
	v = row(after);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

int mg_h_account_add(struct mg_call *c, struct sk_err *err)
{
	struct mg_account a = {.uid = -1, .enabled = true, .created = c->now};
	int r = copy("name", mg_arg_str(c, "name"), a.name, sizeof(a.name), err);

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
