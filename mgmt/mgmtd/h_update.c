// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * update.*, system.*: which version runs, a newer one into the other slot, back again; restart,
 * power and factory reset. sekisho-update and sekisho-system do it; here is who may, what is asked
 * back, and what people are told.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/h_object.h"
#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/update.h"
#include "mgmt/store/older.h"

#define ASK_S 60
#define WORK_S 600
#define RESET_S 120

static const char *str(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

static void set(json_t *v, const char *key, const char *text)
{
	if (text && text[0])
		json_object_set_new(v, key, json_string(text));
}

static void source(struct mg_call *c, char *dst, size_t cap)
{
	dst[0] = '\0';
	mg_setting_get(mg_h_store(c), "update.source", dst, cap);
}

/* ---- status -----------------------------------------------------------------------------------
 */
static void add_slots(json_t *v, const json_t *end)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(end, "slots"), i, row) {
		if (sk_streq(str(row, "slot"), str(end, "slot"))) {
			set(v, "signer", str(row, "signer"));
			set(v, "signer_sha256", str(row, "signer_sha256"));
			set(v, "root_sha256", str(row, "root_sha256"));
		} else {
			set(v, "other_version", str(row, "version")[0] ? str(row, "version") : "-");
			set(v, "other_state", str(row, "boot"));
		}
	}
}

static void add_last(struct mg_call *c, json_t *v, const json_t *end)
{
	const json_t *last = json_object_get(end, "last");
	char en[400], ja[400];

	if (!last)
		return;
	set(v, "last_update", str(last, "outcome"));
	set(v, "last_version", str(last, "version"));
	json_object_set(v, "last_time", json_object_get(last, "settled"));
	if (!sk_streq(str(last, "outcome"), "returned"))
		return;
	mg_update_why(last, en, ja, sizeof(en));
	set(v, "last_why", c->lang == SK_JA ? ja : en);
}

static void add_missed(struct mg_call *c, json_t *v, const json_t *end)
{
	const json_t *m = json_object_get(end, "missed");
	char en[400], ja[400];

	if (!m)
		return;
	mg_update_why(m, en, ja, sizeof(en));
	set(v, "failed_slot", str(m, "slot"));
	json_object_set(v, "failed_since", json_object_get(m, "since"));
	set(v, "failed_why", c->lang == SK_JA ? ja : en);
}

static void add_source(struct mg_call *c, json_t *v)
{
	const struct mg_update *u = c->d->update;
	char url[1024];

	source(c, url, sizeof(url));
	set(v, "update_source", url);
	if (!u || !u->check)
		return;
	json_object_set_new(v, "checked", json_integer(u->checked));
	set(v, "available", str(u->check, "available"));
}

static int show_status(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	json_t *v;
	int r;

	if (code < 0)
		return code;
	v = json_object();
	set(v, "version", str(end, "version"));
	set(v, "slot", str(end, "slot"));
	set(v, "hash", str(end, "hash"));
	if (str(end, "os_version")[0])
		json_object_set_new(
			v, "base_system", json_sprintf("Debian %s", str(end, "os_version")));
	set(v, "outcome", str(end, "outcome"));
	add_slots(v, end);
	add_missed(c, v, end);
	add_last(c, v, end);
	add_source(c, v);
	r = v ? mg_reply_record(c, v) : sk_err_nomem(err);
	if (r == 0 && str(end, "slots_en")[0])
		r = mg_reply_note(c, "%s", "%s",
			c->lang == SK_JA ? str(end, "slots_ja") : str(end, "slots_en"));
	if (r == 0 && json_object_get(end, "missed"))
		r = mg_reply_note(c,
			"slot %s was to start, slot %s runs: the next update writes slot %s anew",
			"スロット %s が起動せず、スロット %s で動作しています。次の更新でスロット "
			"%s が書き直されます",
			str(json_object_get(end, "missed"), "slot"), str(end, "slot"),
			str(json_object_get(end, "missed"), "slot"));
	if (r == 0 && !json_is_true(json_object_get(end, "image")))
		r = mg_reply_note(c,
			"This machine is not the gateway's image: it is updated by its Debian "
			"packages.",
			"本装置はゲートウェイ用イメージではありません。Debian "
			"パッケージで更新してください。");
	return r;
}

int mg_h_update_status(struct mg_call *c, struct sk_err *err)
{
	const struct mg_oneshot_ask q = {.name = "update",
		.op = "status",
		.args = json_object(),
		.passfd = -1,
		.patience = ASK_S,
		.beside = true,
		.answer = show_status};

	return mg_oneshot_ask(c, &q, err);
}

/* ---- check ------------------------------------------------------------------------------------
 */
static int need_source(struct mg_call *c, char *dst, size_t cap, struct sk_err *err)
{
	source(c, dst, cap);
	return dst[0]
		? 0
		: sk_err_set(err, -ENODEV, "update.source",
			  "no update source is set: name a file, or set one (sekisho update source "
			  "https://… --purpose …)",
			  "更新元が設定されていません。ファイルを指定するか、更新元を設定してくださ"
			  "い "
			  "(sekisho update source https://… --purpose …)");
}

/* Whoever plays an old index back keeps the gateway from what mends it. */
static int tell_expired(struct mg_call *c, const json_t *end)
{
	if (!json_is_true(json_object_get(end, "expired")))
		return 0;
	return mg_reply_note(c,
		"what the update source says is out of date: it may hold back newer versions",
		"更新元の情報は期限切れです。新しい版が隠されている可能性があります");
}

static int show_check(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	json_t *v;
	int r;

	if (code < 0)
		return code;
	mg_update_checked(c->d, end, c->now);
	v = json_object();
	set(v, "running", str(end, "running"));
	set(v, "available", str(end, "available"));
	for (const char *const *k = (const char *const[]){"newer", "security", "published", NULL};
		*k; k++)
		if (json_object_get(end, *k))
			json_object_set(v, *k, json_object_get(end, *k));
	set(v, "signer", str(end, "signer"));
	set(v, "notes", c->lang == SK_JA ? str(end, "notes_ja") : str(end, "notes_en"));
	r = v ? mg_reply_record(c, v) : sk_err_nomem(err);
	if (r == 0)
		r = tell_expired(c, end);
	if (r == 0 && json_is_true(json_object_get(end, "newer")))
		r = mg_reply_note(c, "to install it: sekisho update apply",
			"書き込むには: sekisho update apply");
	return r;
}

int mg_h_update_check(struct mg_call *c, struct sk_err *err)
{
	struct mg_oneshot_ask q = {.name = "update",
		.op = "check",
		.passfd = -1,
		.patience = ASK_S * 3,
		.beside = true,
		.answer = show_check};
	char url[1024];
	int r = need_source(c, url, sizeof(url), err);

	if (r < 0)
		return r;
	q.args = json_pack("{s:s}", "url", url);
	return mg_oneshot_ask(c, &q, err);
}

/* ---- restart and power ------------------------------------------------------------------------
 */
static int ask_system(struct mg_call *c, const char *op, struct sk_err *err)
{
	const struct mg_oneshot_ask q = {.name = "system",
		.op = op,
		.args = json_pack("{s:s}", "who", c->who.name),
		.passfd = -1,
		.patience = ASK_S,
		.audit = true,
		.target = "gateway"};

	return mg_oneshot_ask(c, &q, err);
}

int mg_h_system_reboot(struct mg_call *c, struct sk_err *err)
{
	return ask_system(c, "reboot", err);
}

int mg_h_system_poweroff(struct mg_call *c, struct sk_err *err)
{
	return ask_system(c, "poweroff", err);
}

/* After another command of the same person, which has its answer. */
static int restart_after(struct mg_call *c, struct sk_err *err)
{
	struct mg_call again = *c;

	again.cmd = mg_command_find("system.reboot");
	again.reply = NULL;
	return ask_system(&again, "reboot", err);
}

static int tell_applied(struct mg_call *c, json_t *v, const json_t *end)
{
	int r = mg_reply_record(c, v);

	if (r == 0)
		r = tell_expired(c, end);
	if (r == 0 && str(end, "note_en")[0])
		r = mg_reply_note(c, "%s", "%s",
			c->lang == SK_JA && str(end, "note_ja")[0] ? str(end, "note_ja")
								   : str(end, "note_en"));
	if (r == 0 && !mg_arg_flag(c, "restart"))
		r = mg_reply_note(c, "it runs from the next start: sekisho system reboot",
			"次の起動から動作します: sekisho system reboot");
	else if (r == 0)
		r = mg_reply_note(c, "the gateway starts again now", "本装置を再起動します");
	return r;
}

/* ---- factory reset ----------------------------------------------------------------------------
 */
static int reset_asked(struct mg_call *c, struct mg_update *u, struct sk_err *err)
{
	struct mg_txn t = {0};
	int r;

	snprintf(u->reset_code, sizeof(u->reset_code), "%06u", randombytes_uniform(1000000));
	snprintf(u->reset_who, sizeof(u->reset_who), "%s", c->who.name);
	u->reset_until = c->now + RESET_S;
	r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = mg_h_commit(c, &t, "gateway", NULL, json_pack("{s:s}", "step", "asked"), err);
	mg_txn_abort(&t);
	if (r == 0)
		r = mg_reply_record(c, json_pack("{s:s}", "code", u->reset_code));
	return r < 0
		? r
		: mg_reply_note(c,
			  "ALL DATA AND KEYS of this gateway will be erased for good: registry, "
			  "logs, certificates, settings, people. Nothing passes afterwards until "
			  "it is set up again at its console.\nIf that is what you want, within "
			  "%d seconds: sekisho system reset --code %s",
			  "本装置のデータと鍵 (台帳・ログ・証明書・設定・利用者) "
			  "をすべて消去します。元に"
			  "戻せません。その後、コンソールで初期設定を行うまで一切の通信ができません"
			  "。\n"
			  "実行する場合は %d 秒以内に: sekisho system reset --code %s",
			  RESET_S, u->reset_code);
}

int mg_h_system_reset(struct mg_call *c, struct sk_err *err)
{
	struct mg_update *u = mg_update_of(c->d);
	const char *code = mg_arg_str(c, "code");
	bool right;

	if (!u)
		return sk_err_nomem(err);
	if (!code)
		return reset_asked(c, u, err);
	right = u->reset_code[0] && sk_streq(code, u->reset_code) &&
		sk_streq(c->who.name, u->reset_who) && c->now <= u->reset_until;
	/* One try. */
	u->reset_code[0] = '\0';
	if (!right)
		return sk_err_set(err, -EPERM, "code",
			"this code is not valid (any more): nothing was erased; ask for a new one "
			"with: "
			"sekisho system reset",
			"確認コードが正しくないか、期限切れです。何も消去していません。sekisho "
			"system "
			"reset をもう一度実行してください");
	return ask_system(c, "reset", err);
}

/* ---- apply, rollback --------------------------------------------------------------------------
 */
static int show_applied(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	static const char *const keys[] = {
		"version", "slot", "signer", "signer_sha256", "root_sha256", "running", NULL};
	json_t *v = json_object(), *more;
	int r = 0;

	mg_update_dirty(c->d);
	if (code < 0 || !v) {
		json_decref(v);
		return code < 0 ? code : sk_err_nomem(err);
	}
	for (const char *const *k = keys; *k; k++)
		set(v, *k, str(end, *k));
	/* The slot that held an older system has just been written over. */
	if (sk_streq(c->cmd->op, "update.apply") && !mg_arg_flag(c, "downgrade"))
		mg_older_forget(&c->d->paths);
	more = json_pack("{s:s, s:o}", "event_type", "update", "sekisho", json_copy(v));
	json_object_set_new(json_object_get(more, "sekisho"), "action",
		json_string(sk_streq(c->cmd->op, "update.apply") ? "installed" : "rollback"));
	json_object_set_new(json_object_get(more, "sekisho"), "who", json_string(c->who.name));
	mg_daemon_event(c->d, more, NULL);
	/* First: whoever asked may have left meanwhile. */
	if (mg_arg_flag(c, "restart"))
		r = restart_after(c, err);
	if (r == 0)
		return tell_applied(c, v, end);
	mg_reply_record(c, v);
	return r;
}

int mg_h_update_apply(struct mg_call *c, struct sk_err *err)
{
	struct mg_oneshot_ask q = {.name = "update",
		.op = "apply",
		.passfd = -1,
		.patience = WORK_S,
		.audit = true,
		.answer = show_applied};
	const char *file = mg_arg_str(c, "file");
	bool downgrade = mg_arg_flag(c, "downgrade");
	json_t *detail;
	char url[1024];
	int r = file ? 0 : need_source(c, url, sizeof(url), err);

	if (r < 0)
		return r;
	detail = json_pack(
		"{s:s, s:b}", file ? "file" : "url", file ? file : url, "downgrade", downgrade);
	q.args = json_copy(detail);
	json_object_set_new(q.args, "who", json_string(c->who.name));
	q.detail = detail;
	q.target = "system";
	r = mg_oneshot_ask(c, &q, err);
	json_decref(detail);
	return r;
}

/* The other slot may hold a system that cannot read the registry as it is now. */
static int allow_loss(struct mg_call *c, struct sk_err *err)
{
	int64_t since = mg_older_time(&c->d->paths);
	char date[40];

	if (!since || mg_arg_flag(c, "lose_changes"))
		return 0;
	sk_time_format(since, date, sizeof(date));
	return sk_err_set(err, -EINVAL, "lose_changes",
		"the version in the other slot goes on with the registry as it was on %s: what was "
		"recorded since is set aside; if that is what you want: --lose-changes",
		"もう一方のスロットの版は %s "
		"時点の台帳で動作し、それ以降の記録は使われなくなります。"
		"それでも戻す場合は --lose-changes を付けてください",
		date);
}

int mg_h_update_rollback(struct mg_call *c, struct sk_err *err)
{
	struct mg_oneshot_ask q = {.name = "update",
		.op = "rollback",
		.passfd = -1,
		.patience = ASK_S,
		.audit = true,
		.target = "system",
		.answer = show_applied};
	json_t *detail = json_pack("{s:b}", "lose_changes", mg_arg_flag(c, "lose_changes"));
	int r;

	r = allow_loss(c, err);
	if (r < 0) {
		json_decref(detail);
		return r;
	}
	q.args = json_pack("{s:s}", "who", c->who.name);
	q.detail = detail;
	r = mg_oneshot_ask(c, &q, err);
	json_decref(detail);
	return r;
}

/* ---- source -----------------------------------------------------------------------------------
 */
static int show_source(struct mg_call *c)
{
	json_t *v = json_object();
	char url[1024];
	int r;

	source(c, url, sizeof(url));
	json_object_set_new(v, "update_source", json_string(url[0] ? url : "-"));
	r = mg_reply_record(c, v);
	if (r == 0 && !url[0])
		r = mg_reply_note(c, "updates come from files only: sekisho update apply FILE",
			"更新はファイルからのみ行います: sekisho update apply ファイル");
	return r;
}

int mg_h_update_source(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {.kind = MG_CH_SETTING};
	const char *url = mg_arg_str(c, "url"), *purpose = mg_arg_str(c, "purpose");
	int r;

	if (!url)
		return show_source(c);
	if (!(c->who.roles & MG_ADMIN))
		return sk_err_set(err, -EACCES, NULL,
			"only an administrator may ask to change the update source",
			"更新元の変更を申請できるのは管理者だけです");
	if (!purpose)
		return sk_err_set(err, -EINVAL, "purpose", "say why: --purpose TEXT",
			"目的を指定してください: --purpose 内容");
	snprintf(ch.name, sizeof(ch.name), "update.source");
	ch.value = json_string(sk_streq(url, "none") ? "" : url);
	r = ch.value ? mg_h_change_request(c, &ch, purpose, err) : sk_err_nomem(err);
	if (r == 0 && !c->dry_run)
		mg_dispatch_publish(c, r, err);
	return r;
}
