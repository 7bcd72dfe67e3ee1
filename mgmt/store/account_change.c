/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of accounts that give somebody more than they had (No.105): asked for by an
 * administrator, in force when an approver who is neither the applicant nor the account's owner
 * approves.
 */
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "mgmt/command/command.h"
#include "mgmt/store/accounts.h"
#include "mgmt/store/changes_db.h"
#include "mgmt/store/db.h"

static int read_roles(const json_t *list, unsigned *ret, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, 256);
	for (size_t i = 0; i < json_array_size(list); i++)
		sk_buf_printf(&b, "%s,", json_string_value(json_array_get(list, i)) ?: "?");
	r = mg_roles_parse(sk_buf_str(&b), ret, err);
	sk_buf_done(&b);
	return r;
}

/* The account as it would be; of an existing one name, created and reviewed stay. */
static int read_value(const struct mg_change *c, struct mg_account *a, struct sk_err *err)
{
	const char *display = NULL, *mail = "";
	json_t *roles = NULL;
	int64_t uid = -1;
	int r = sk_json_str(c->value, "display", true, &display, err);

	if (r == 0)
		r = sk_json_str(c->value, "mail", false, &mail, err);
	if (r == 0)
		r = sk_json_int(c->value, "uid", false, &uid, err);
	if (r == 0)
		r = sk_json_array(c->value, "roles", true, &roles, err);
	if (r == 0)
		r = read_roles(roles, &a->roles, err);
	if (r == 0 && (strlen(display) >= sizeof(a->display) || strlen(mail) >= sizeof(a->mail)))
		r = sk_err_set(err, -EINVAL, "display", "longer than %zu bytes",
			"%zu バイトを超えています", sizeof(a->display) - 1);
	if (r < 0)
		return r;
	snprintf(a->name, sizeof(a->name), "%.*s", (int)sizeof(a->name) - 1, c->name);
	snprintf(a->display, sizeof(a->display), "%s", display);
	snprintf(a->mail, sizeof(a->mail), "%s", mail);
	a->uid = uid;
	a->enabled = json_is_true(json_object_get(c->value, "enabled"));
	return 0;
}

/* Before: as it is now (is_new: not at all); after: as it would be. */
struct step {
	struct mg_account before, after;
	bool is_new;
};

static int read_step(
	struct mg_store *s, const struct mg_change *c, struct step *st, struct sk_err *err)
{
	int r = mg_account_get(s, c->name, &st->before, err);

	st->is_new = r == -ENOENT;
	if (st->is_new)
		st->before = (struct mg_account){.uid = -1};
	else if (r < 0)
		return r;
	st->after = st->before;
	r = read_value(c, &st->after, err);
	return r < 0 ? r : mg_account_valid(&st->after, err);
}

static int check_uid(struct mg_store *s, const struct mg_account *a, struct sk_err *err)
{
	struct mg_account other;
	int r = mg_account_by_uid(s, a->uid, &other, err);

	if (r == -ENOENT || (r == 0 && strcmp(other.name, a->name) == 0))
		return 0;
	return r < 0 ? r
		     : sk_err_set(err, -EEXIST, "uid",
			       "the uid %lld belongs to %s: accounts are personal",
			       "uid %lld は %s のものです (アカウントは個人ごとです)",
			       (long long)a->uid, other.name);
}

int mg_account_change_check(struct mg_txn *t, struct mg_change *c, struct sk_err *err)
{
	struct step st;
	int r = read_step(t->s, c, &st, err);

	if (r == 0)
		r = check_uid(t->s, &st.after, err);
	if (r < 0 || st.is_new)
		return r;
	c->before = mg_account_value(&st.before);
	return c->before ? 0 : sk_err_nomem(err);
}

/* What the approver saw is what is there. */
static int check_same(const struct mg_change *c, const struct step *st, struct sk_err *err)
{
	json_t *now = st->is_new ? NULL : mg_account_value(&st->before);
	bool same = c->before ? now && json_equal(now, c->before) : st->is_new;

	json_decref(now);
	if (same)
		return 0;
	return sk_err_set(err, -ESTALE, "number",
		"the account %s was changed since this was requested: return it, to be requested "
		"anew",
		"アカウント %s は申請後に変更されています。差し戻して、再申請を依頼してください",
		c->name);
}

int mg_account_change_enact(
	struct mg_txn *t, const struct mg_change *c, const struct mg_actor *a, struct sk_err *err)
{
	struct mg_account_step w = {.name = c->name};
	struct step st;
	int r = read_step(t->s, c, &st, err);

	if (r == 0)
		r = check_same(c, &st, err);
	if (r == 0)
		r = mg_account_count(t->s, MG_ADMIN, &w.admins, err);
	if (r < 0)
		return r;
	w.is_new = st.is_new;
	w.roles_before = st.before.roles;
	w.roles_after = st.after.roles;
	w.enabled_before = st.before.enabled;
	w.enabled_after = st.after.enabled;
	r = mg_wf_account_approve(&w, c->applicant, &a->who, err);
	if (r < 0)
		return r;
	if (!st.is_new)
		return mg_account_update(t, &st.after, err);
	st.after.created = a->now;
	return mg_account_add(t, &st.after, err);
}
