// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A person is added at the console's menu, by an administrator: where nobody is root this is the
 * only way to a new Unix user. The account is asked of the manager as that administrator, so that
 * another person has to approve it; without the manager's yes no Unix user stays.
 */
#include "mgmt/cli/person.h"

#include <errno.h>
#include <grp.h>
#include <shadow.h>
#include <string.h>
#include <syslog.h>

#include "lib/util.h"
#include "mgmt/cli/query.h"
#include "mgmt/command/command.h"
#include "mgmt/gateway/box/box.h"

static const struct mg_box box = {.root = ""};

struct person {
	struct mg_box_person p;
	char roles[128], purpose[256];
};

/* What the registry knows: accounts, and all that was ever asked for about accounts. */
struct registry {
	json_t *accounts, *changes;
};

static void registry_done(struct registry *v)
{
	json_decref(v->accounts);
	json_decref(v->changes);
}

static int registry_read(const char *socket, struct registry *ret, struct sk_err *err)
{
	int r = cli_query(socket, "account.list", json_object(), &ret->accounts, err);

	return r < 0 ? r : cli_query(socket, "change.list", json_object(), &ret->changes, err);
}

static bool is(const json_t *row, const char *key, const char *value)
{
	return sk_streq(json_string_value(json_object_get(row, key)), value);
}

static bool has_uid(const json_t *row, unsigned uid)
{
	const json_t *v = json_object_get(row, "uid");

	return json_is_integer(v) && json_integer_value(v) == uid;
}

static bool administrator(const struct registry *v, unsigned uid)
{
	const json_t *row;
	size_t i;

	json_array_foreach (v->accounts, i, row) {
		const char *names = json_string_value(json_object_get(row, "roles"));
		unsigned roles = 0;

		if (has_uid(row, uid) && json_is_true(json_object_get(row, "enabled")) && names &&
			mg_roles_parse(names, &roles, NULL) == 0)
			return roles & MG_ADMIN;
	}
	return false;
}

/* An account, or a request for one that is not decided. */
static int name_free(const struct registry *v, const char *name, struct sk_err *err)
{
	const json_t *row;
	size_t i;

	json_array_foreach (v->accounts, i, row)
		if (is(row, "name", name))
			return sk_err_set(err, -EEXIST, "name",
				"the account %s exists already: accounts are personal. Entry 4 "
				"gives it a new password, and a Unix user if it has none",
				"アカウント %s は既に登録されています (アカウントは個人ごとです)。"
				"パスワードと Unix ユーザーは 4 で設定できます",
				name);
	json_array_foreach (v->changes, i, row)
		if (is(row, "kind", "account") && is(row, "name", name) &&
			is(row, "state", "requested"))
			return sk_err_set(err, -EEXIST, "name",
				"change %lld, for the account %s, waits for approval",
				"アカウント %2$s の変更 %1$lld が承認待ちです",
				json_integer_value(json_object_get(row, "number")), name);
	return 0;
}

/* Nobody gets a number that is somebody's in a record, or could become it by an approval. */
static bool number_free(const struct registry *v, unsigned uid)
{
	const json_t *row;
	size_t i;

	json_array_foreach (v->accounts, i, row)
		if (has_uid(row, uid))
			return false;
	json_array_foreach (v->changes, i, row)
		if (is(row, "kind", "account") &&
			(has_uid(json_object_get(row, "value"), uid) ||
				has_uid(json_object_get(row, "before"), uid)))
			return false;
	return !getpwuid(uid) && !getgrgid(uid);
}

/*
 * A Unix user without an account, whose request was returned or who was cut off in the middle,
 * keeps the number; mg_box_people_check() knows whether it is one of ours.
 */
static int number_for(const struct registry *v, struct mg_box_person *p, struct sk_err *err)
{
	const struct passwd *pw = getpwnam(p->name);

	p->uid = pw ? pw->pw_uid : MG_GW_UID_FIRST;
	while (!pw && p->uid < MG_GW_UID_LAST && !number_free(v, p->uid))
		p->uid++;
	return mg_box_people_check(&box, p, 1, err);
}

/* ---- questions --------------------------------------------------------------------------------
 */
/* Again until check, if there is one, has nothing against it. */
static int ask(struct wiz *w, const struct sk_text *q, char *dst, size_t cap,
	int (*check)(const char *value, struct sk_err *err))
{
	for (;;) {
		struct sk_err err = {0};
		int r = wiz_text(w, q, NULL, dst, cap);

		if (r < 0 || !check || check(dst, &err) == 0)
			return r;
		wiz_fault(w, "  ", &err);
	}
}

static int check_roles(const char *value, struct sk_err *err)
{
	unsigned roles = 0;

	return mg_roles_parse(value, &roles, err);
}

static int ask_password(struct wiz *w, struct mg_box_person *p, struct sk_err *err)
{
	char password[128];
	int r = wiz_new_password(w, p->name, password, sizeof(password));

	if (r == 0)
		r = mg_box_hash(password, p->hash, sizeof(p->hash), err);
	explicit_bzero(password, sizeof(password));
	return r;
}

/* -ECANCELED: not confirmed. */
static int questions(struct wiz *w, const struct registry *v, struct person *p, struct sk_err *err)
{
	struct mg_box_person *u = &p->p;
	int r = ask(w,
		&(struct sk_text){"User name of the new person (small letters)",
			"追加する人の利用者名 (英小文字)"},
		u->name, sizeof(u->name), mg_gateway_check_name);

	if (r == 0)
		r = name_free(v, u->name, err);
	if (r == 0)
		r = number_for(v, u, err);
	if (r == 0)
		r = ask(w, &(struct sk_text){"Full name", "氏名"}, u->display, sizeof(u->display),
			mg_gateway_check_display);
	if (r == 0)
		r = ask(w,
			&(struct sk_text){"Roles, of requester,approver,admin,auditor,security",
				"役割 (requester 申請者、approver 承認者、admin 管理者、auditor "
				"監査者、security セキュリティ担当。複数は「,」で区切る)"},
			p->roles, sizeof(p->roles), check_roles);
	if (r == 0)
		r = ask(w,
			&(struct sk_text){
				"Purpose (goes into the audit log)", "目的 (操作記録に残ります)"},
			p->purpose, sizeof(p->purpose), NULL);
	if (r == 0)
		r = ask_password(w, u, err);
	if (r < 0)
		return r;
	wiz_say(w, "%s (%s), roles %s\n", "%s (%s)、役割 %s\n", u->name, u->display, p->roles);
	r = wiz_yes(w, &(struct sk_text){"Add this person?", "この人を追加しますか?"}, false);
	return r < 0 ? r : r ? 0 : -ECANCELED;
}

/* ---- doing it ---------------------------------------------------------------------------------
 */
static int account(struct wiz *w, const struct person *p, const struct passwd *as)
{
	char uid[16];

	snprintf(uid, sizeof(uid), "%u", p->p.uid);
	return cli_console_run(w,
		(const char *const[]){"account", "add", p->p.name, "--display", p->p.display,
			"--uid", uid, "--roles", p->roles, "--purpose", p->purpose, NULL},
		as);
}

/* The Unix user first: an approval that comes at once finds it. */
static void make(struct wiz *w, const struct person *p, const struct passwd *as)
{
	struct mg_box_person before = {.uid = p->p.uid};
	const struct spwd *sp = getspnam(p->p.name);
	const struct passwd *pw = getpwnam(p->p.name);
	struct sk_err err = {0}, why = {0};
	int r;

	if (sp && pw) {
		snprintf(before.name, sizeof(before.name), "%.31s", pw->pw_name);
		snprintf(before.display, sizeof(before.display), "%.127s", pw->pw_gecos);
		snprintf(before.hash, sizeof(before.hash), "%.255s", sp->sp_pwdp);
	}
	r = mg_box_people_set(&box, &p->p, 1, &err);
	if (r < 0)
		wiz_fault(w, "", &err);
	else if (account(w, p, as) == 0) {
		cli_console_note(LOG_NOTICE, "a new Unix user", p->p.name);
		wiz_say(w,
			"Done. %s can sign in; Sekisho knows them once another person has approved "
			"it (sekisho change approve).\n",
			"完了しました。%s でサインインできます。関所を使えるのは、別の人が承認 "
			"(sekisho change approve) した後です。\n",
			p->p.name);
		return;
	}
	r = before.name[0] ? mg_box_people_set(&box, &before, 1, &why)
			   : mg_box_people_remove(&box, p->p.name, &why);
	if (r < 0)
		wiz_fault(w, "", &why);
	wiz_say(w, "Nobody was added.\n", "追加していません。\n");
}

void cli_person_add(struct wiz *w, const char *socket, const struct passwd *who)
{
	struct registry v = {0};
	struct passwd as = *who;
	struct person p = {0};
	struct sk_err err = {0};
	char name[64];
	int r;

	/* The C library's own copy is overwritten by the next look-up. */
	snprintf(name, sizeof(name), "%s", who->pw_name);
	as.pw_name = name;
	r = registry_read(socket, &v, &err);
	if (r == 0 && !administrator(&v, as.pw_uid)) {
		cli_console_note(LOG_WARNING, "no administrator, adding a person", name);
		r = sk_err_set(&err, -EPERM, NULL, "%s is no administrator",
			"%s は管理者ではありません", name);
	}
	if (r == 0)
		r = questions(w, &v, &p, &err);
	if (r == 0)
		make(w, &p, &as);
	else if (err.code)
		wiz_fault(w, "", &err);
	explicit_bzero(&p, sizeof(p));
	registry_done(&v);
}
