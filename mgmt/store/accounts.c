/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Personal accounts: reading, adding, changing. Whether somebody may is mgmt/workflow's question.
 */
#include <errno.h>
#include <string.h>

#include "mgmt/command/command.h"
#include "mgmt/store/accounts.h"
#include "mgmt/store/db.h"
#include "mgmt/workflow/workflow.h"

#define COLS "name, display, mail, coalesce(uid, -1), roles, enabled, created, reviewed"
#define ROLES (MG_REQUESTER | MG_APPROVER | MG_ADMIN | MG_AUDITOR | MG_SECURITY)

static void read_row(sqlite3_stmt *st, struct mg_account *a)
{
	*a = (struct mg_account){.uid = sqlite3_column_int64(st, 3),
		.roles = (unsigned)sqlite3_column_int64(st, 4),
		.enabled = sqlite3_column_int(st, 5) != 0,
		.created = sqlite3_column_int64(st, 6),
		.reviewed = sqlite3_column_int64(st, 7)};
	mg_col_copy(st, 0, a->name, sizeof(a->name));
	mg_col_copy(st, 1, a->display, sizeof(a->display));
	mg_col_copy(st, 2, a->mail, sizeof(a->mail));
}

static int read_one(
	struct mg_store *s, sqlite3_stmt *st, struct mg_account *ret, struct sk_err *err)
{
	int r = mg_db_step(s, st, err);

	if (r == 0)
		return -ENOENT;
	if (r < 0)
		return r;
	read_row(st, ret);
	return 0;
}

int mg_account_get(struct mg_store *s, const char *name, struct mg_account *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(
		s, &st, err, "SELECT " COLS " FROM account WHERE name = ?1", MG_S(name));

	return r < 0 ? r : read_one(s, st, ret, err);
}

int mg_account_by_uid(struct mg_store *s, int64_t uid, struct mg_account *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r;

	if (uid < 0)
		return -ENOENT;
	r = mg_db_query(s, &st, err, "SELECT " COLS " FROM account WHERE uid = ?1", MG_I(uid));
	return r < 0 ? r : read_one(s, st, ret, err);
}

int mg_account_each(struct mg_store *s, int (*fn)(const struct mg_account *a, void *arg), void *arg,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	struct mg_account a;
	int r = mg_db_query(s, &st, err, "SELECT " COLS " FROM account ORDER BY name");

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		read_row(st, &a);
		r = fn(&a, arg);
		if (r)
			break;
	}
	return r;
}

int mg_account_count(struct mg_store *s, unsigned roles, size_t *ret, struct sk_err *err)
{
	int64_t n = 0;
	int r = mg_db_int(s, &n, err,
		"SELECT count(*) FROM account WHERE enabled = 1 AND (roles & ?1) = ?1",
		MG_I(roles));

	if (r == 0)
		*ret = (size_t)n;
	return r;
}

int mg_account_valid(const struct mg_account *a, struct sk_err *err)
{
	int r = 0;

	if (!mg_wf_account_name(a->name))
		r = sk_err_set(err, -EINVAL, "name",
			"a name begins with a-z and has a-z, 0-9, '.', '_', '-', at most 63 "
			"characters",
			"アカウント名は英小文字で始まり、英小文字・数字・「.」「_」「-」のみ、63 "
			"文字以内です");
	if (r == 0 && a->display[0] == '\0')
		r = sk_err_set(err, -EINVAL, "display", "the person's name is missing",
			"氏名を入力してください");
	if (r == 0)
		r = mg_wf_text("display", a->display, sizeof(a->display) - 1, false, err);
	if (r == 0)
		r = mg_wf_text("mail", a->mail, sizeof(a->mail) - 1, false, err);
	if (r == 0 && a->mail[0] && (strchr(a->mail, '@') == NULL || strpbrk(a->mail, " ,;<>\"\t")))
		r = sk_err_set(err, -EINVAL, "mail", "not a mail address: %s",
			"メールアドレスの形式が正しくありません: %s", a->mail);
	if (r == 0 && (a->roles == 0 || (a->roles & ~(unsigned)ROLES)))
		r = sk_err_set(err, -EINVAL, "roles", "at least one role is needed",
			"役割を一つ以上指定してください");
	if (r == 0 && (a->uid == 0 || a->uid < -1 || a->uid > (int64_t)UINT32_MAX - 1))
		r = sk_err_set(err, -EINVAL, "uid",
			"uid %lld cannot be a person's (root stays the console)",
			"uid %lld は個人のアカウントに使用できません (root は設置・復旧用です)",
			(long long)a->uid);
	return r;
}

static int taken(int r, const struct mg_account *a, struct sk_err *err)
{
	if (r != -EEXIST)
		return r;
	return sk_err_set(err, -EEXIST, "name",
		"the account %s or the uid %lld exists already: accounts are personal",
		"アカウント %s または uid %lld は既に登録されています (アカウントは個人ごとです)",
		a->name, (long long)a->uid);
}

int mg_account_add(struct mg_txn *t, const struct mg_account *a, struct sk_err *err)
{
	int r = mg_account_valid(a, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	r = mg_db_run(t->s, err,
		"INSERT INTO account(name, display, mail, uid, roles, enabled, created, reviewed)"
		" VALUES (?1, ?2, ?3, nullif(?4, -1), ?5, ?6, ?7, ?8)",
		MG_S(a->name), MG_S(a->display), MG_S(a->mail), MG_I(a->uid), MG_I(a->roles),
		MG_I(a->enabled), MG_I(a->created), MG_I(a->reviewed));
	return taken(r, a, err);
}

int mg_account_update(struct mg_txn *t, const struct mg_account *a, struct sk_err *err)
{
	int r = mg_account_valid(a, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	r = mg_db_run(t->s, err,
		"UPDATE account SET display = ?2, mail = ?3, uid = nullif(?4, -1), roles = ?5,"
		" enabled = ?6, reviewed = ?7 WHERE name = ?1",
		MG_S(a->name), MG_S(a->display), MG_S(a->mail), MG_I(a->uid), MG_I(a->roles),
		MG_I(a->enabled), MG_I(a->reviewed));
	if (r == 0 && sqlite3_changes(t->s->db) != 1)
		r = -ENOENT;
	return taken(r, a, err);
}

json_t *mg_account_to_json(const struct mg_account *a)
{
	json_t *v = json_pack("{ss ss ss sb sI}", "name", a->name, "display", a->display, "mail",
		a->mail, "enabled", a->enabled, "created", (json_int_t)a->created);
	json_t *roles = json_array();

	for (unsigned bit = 1; v && bit <= ROLES; bit <<= 1)
		if (a->roles & bit)
			json_array_append_new(roles, json_string(mg_role_name((enum mg_role)bit)));
	if (v && a->uid >= 0)
		json_object_set_new(v, "uid", json_integer(a->uid));
	if (v && a->reviewed)
		json_object_set_new(v, "reviewed", json_integer(a->reviewed));
	if (v == NULL || json_object_set_new(v, "roles", roles) < 0) {
		json_decref(v);
		return NULL;
	}
	return v;
}

json_t *mg_account_value(const struct mg_account *a)
{
	json_t *v = mg_account_to_json(a);

	json_object_del(v, "name");
	json_object_del(v, "created");
	json_object_del(v, "reviewed");
	return v;
}
