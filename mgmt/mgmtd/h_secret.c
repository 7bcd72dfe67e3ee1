// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * secret.*: passwords and keys that only root's programs keep. The content passes through here in a
 * sealed memfd; the audit log gets whose are in it, and whose are new, others or gone: a hash of it
 * would let anybody who reads the log try guesses. sekisho-setup checks it again, writes it, and
 * has its readers started again, of which this daemon is one.
 */
#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/trial.h"
#include "mgmt/secret/secret.h"

#define PATIENCE_S 30

/* ---- list -------------------------------------------------------------------------------------
 */
static int listed(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	const json_t *row;
	size_t i;
	int r = code;

	json_array_foreach (json_object_get(end, "secrets"), i, row) {
		json_t *v = json_copy((json_t *)row);
		json_t *why = json_object_get(row, c->lang == SK_JA ? "error_ja" : "error_en");

		if (!v || r < 0) {
			json_decref(v);
			break;
		}
		if (why)
			json_object_set(v, "error", why);
		json_object_del(v, "error_en");
		json_object_del(v, "error_ja");
		r = mg_reply_row(c, v);
	}
	return r;
}

int mg_h_secret_list(struct mg_call *c, struct sk_err *err)
{
	const struct mg_oneshot_ask q = {.name = "setup",
		.op = "secret.list",
		.args = json_object(),
		.passfd = -1,
		.patience = PATIENCE_S,
		.beside = true,
		.answer = listed};

	return mg_oneshot_ask(c, &q, err);
}

/* ---- set --------------------------------------------------------------------------------------
 */
static int activated(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	if (code < 0)
		sk_log_err(LOG_ERR, "taking up secrets", err);
	return code;
}

/* This daemon may end by it, once it has answered. */
static void activate(struct mg_daemon *d, const char *secret, int64_t now)
{
	const struct mg_oneshot_ask q = {.name = "setup",
		.op = "secret.activate",
		.args = json_pack("{s:s}", "secret", secret),
		.passfd = -1,
		.patience = PATIENCE_S,
		.beside = true,
		.answer = activated};
	struct sk_err err = {0};
	struct mg_call own;

	mg_oneshot_own_call(d, "secret.set", NULL, now, &own);
	if (mg_oneshot_ask(&own, &q, &err) < 0)
		sk_log_err(LOG_ERR, "taking up secrets", &err);
}

static bool has(const json_t *names, const char *name)
{
	const json_t *v;
	size_t i;

	json_array_foreach (names, i, v)
		if (sk_streq(json_string_value(v), name))
			return true;
	return false;
}

static int say_reader(struct mg_call *c, enum mg_secret s)
{
	switch (s) {
	case MG_SECRET_NOTIFY:
		return mg_reply_note(c,
			"sekisho-mgmtd starts again with it now; to try it: sekisho notify test",
			"sekisho-mgmtd を再起動して反映します。確認するには: sekisho notify test");
	case MG_SECRET_USERS:
		return mg_reply_note(c,
			"the RADIUS server starts again with it now, if it runs; a name counts "
			"once a device is registered with it as identity",
			"RADIUS サーバーが動作していれば、再起動して反映します。名前は、端末の識別"
			"名として登録されている場合に有効です");
	case MG_SECRET_RADIUS:
		return mg_reply_note(c,
			"sekisho-mgmtd and the RADIUS server start again with it now; sekisho "
			"status shows whether it answers",
			"sekisho-mgmtd と RADIUS サーバーを再起動して反映します。応答は sekisho "
			"status で確認できます");
	default:
		return mg_reply_note(c, "used from the next fetch on: sekisho blocklist update",
			"次回の取得から使用します: sekisho blocklist update");
	}
}

/* Who is started again is this daemon, too. */
static bool restarts_us(enum mg_secret s)
{
	return s == MG_SECRET_NOTIFY || s == MG_SECRET_RADIUS;
}

static int written(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "secret");
	json_t *names = json_object_get(end, "names");
	enum mg_secret s;
	int r = code < 0 ? code : mg_secret_find(name, &s, err);

	if (r == 0)
		r = mg_reply_record(c,
			json_pack("{s:s, s:O?, s:O?, s:O?, s:O?}", "secret", name, "names", names,
				"added", json_object_get(end, "added"), "changed",
				json_object_get(end, "changed"), "removed",
				json_object_get(end, "removed")));
	if (r == 0 && s == MG_SECRET_RADIUS && json_array_size(names) && !has(names, "gateway"))
		r = mg_reply_note(c,
			"there is no line gateway:SECRET: whether the RADIUS server lives cannot "
			"be "
			"told",
			"「gateway:共有鍵」の行がないため、RADIUS "
			"サーバーの動作を確認できません");
	if (code < 0)
		return r;
	if (s != MG_SECRET_FEEDS && !json_is_true(json_object_get(end, "manager")))
		return mg_reply_note(c,
			"it is written, but the service manager cannot be reached: it counts from "
			"the next restart",
			"書き込みましたが、サービスマネージャーに接続できません。次の再起動から有効"
			"に"
			"なります");
	if (s != MG_SECRET_FEEDS)
		activate(c->d, name, c->now);
	return r < 0 ? r : say_reader(c, s);
}

/* What is at work would lose its end in the audit log. */
static int idle(const struct mg_daemon *d, enum mg_secret s, struct sk_err *err)
{
	static const char *const others[] = {"backup", "update", "system"};

	if (restarts_us(s) && mg_trial_busy(d))
		return sk_err_set(err, -EBUSY, NULL,
			"a set-up is on trial, and sekisho-mgmtd would have to start again: "
			"confirm it first (sekisho setup confirm)",
			"設定の試行中は sekisho-mgmtd を再起動できません。先に確定してください "
			"(sekisho setup confirm)");

	for (size_t i = 0; restarts_us(s) && i < SK_ARRAY_SIZE(others); i++)
		if (mg_oneshot_busy(d, others[i]))
			return sk_err_set(err, -EBUSY, NULL,
				"sekisho-%s is at work, and sekisho-mgmtd would have to start "
				"again: try later",
				"sekisho-%s が動作中のため、sekisho-mgmtd "
				"を再起動できません。後で再度実行してください",
				others[i]);
	return 0;
}

/* What was mapped has no end of its own. */
static int check(enum mg_secret s, const void *p, size_t n, json_t **ret, struct sk_err *err)
{
	char *text = malloc(n + 1);
	int r;

	if (!text)
		return sk_err_nomem(err);
	memcpy(text, p, n);
	text[n] = '\0';
	r = mg_secret_check(s, text, n, ret, err);
	explicit_bzero(text, n);
	free(text);
	return r;
}

static const char *const became[] = {"added", "changed", "removed", NULL};

int mg_h_secret_remove(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *detail = NULL;
	struct mg_oneshot_ask q = {.name = "setup",
		.op = "secret.remove",
		.passfd = -1,
		.patience = PATIENCE_S,
		.audit = true,
		.result = became,
		.answer = written};
	json_t *names = json_object_get(c->args, "names");
	const char *secret = mg_arg_str(c, "secret");
	char target[48];
	enum mg_secret s;
	int r = mg_secret_find(secret, &s, err);

	if (r == 0)
		r = idle(c->d, s, err);
	if (r < 0)
		return r;
	detail = json_pack("{s:s, s:O}", "secret", secret, "remove", names);
	if (!detail)
		return sk_err_nomem(err);
	snprintf(target, sizeof(target), "secrets %s", secret);
	q.args = json_pack("{s:s, s:O}", "secret", secret, "names", names);
	q.target = target;
	q.detail = detail;
	return mg_oneshot_ask(c, &q, err);
}

int mg_h_secret_set(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *names = NULL;
	_cleanup_(sk_json_decrefp) json_t *detail = NULL;
	_cleanup_(sk_closep) int fd = -1;
	struct mg_oneshot_ask q = {.name = "setup",
		.op = "secret.write",
		.patience = PATIENCE_S,
		.audit = true,
		.result = became,
		.answer = written};
	const char *secret = mg_arg_str(c, "secret");
	char target[48];
	enum mg_secret s;
	const void *p;
	size_t n;
	int r = mg_secret_find(secret, &s, err);

	if (r == 0)
		r = mg_arg_file(c, "file", &p, &n, NULL, err);
	if (r == 0)
		r = check(s, p, n, &names, err);
	if (r == 0)
		r = idle(c->d, s, err);
	if (r < 0)
		return r;
	detail = json_pack(
		"{s:s, s:O, s:b}", "secret", secret, "names", names, "add", mg_arg_flag(c, "add"));
	fd = sk_memfd("secrets", p, n);
	if (!detail || fd < 0)
		return sk_err_nomem(err);
	snprintf(target, sizeof(target), "secrets %s", secret);
	q.args = json_pack("{s:s, s:b}", "secret", secret, "add", mg_arg_flag(c, "add"));
	q.passfd = fd;
	q.target = target;
	q.detail = detail;
	return mg_oneshot_ask(c, &q, err);
}
