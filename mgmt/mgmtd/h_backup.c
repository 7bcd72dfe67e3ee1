// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * backup.*: who may, what is written to the audit log, and sekisho-backup's answers for people. A
 * passphrase or key passes through in a sealed memfd; neither is logged or kept.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/backup/container.h"
#include "mgmt/mgmtd/backup.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/trial.h"

/* ---- asking -----------------------------------------------------------------------------------
 */
/* The secret that came with the call: its kind and a memfd, -1 none. */
static int secret_of(struct mg_call *c, const char **kind, struct sk_err *err)
{
	const bool pass = mg_arg_has(c, "passphrase"), key = mg_arg_has(c, "key");
	const char *which = key ? "key" : "passphrase";
	const void *p;
	size_t n;
	int r;

	*kind = which;
	if (pass && key)
		return sk_err_set(err, -EINVAL, "passphrase", "give one of --key and --passphrase",
			"--key と --passphrase はどちらか一方を指定してください");
	if (!pass && !key)
		return -1;
	r = mg_arg_file(c, which, &p, &n, NULL, err);
	if (r < 0)
		return r;
	r = sk_memfd("backup-secret", p, n);
	return r < 0 ? sk_err_nomem(err) : r;
}

static int ask(struct mg_call *c, struct mg_oneshot_ask *q, json_t *args, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = -1;
	const char *kind = "";

	fd = secret_of(c, &kind, err);
	if (!args || fd < -1) {
		json_decref(args);
		return !args ? sk_err_nomem(err) : fd;
	}
	json_object_set_new(args, "secret", json_string(kind));
	q->name = MG_BACKUP_NAME;
	q->shared = true;
	q->op = c->cmd->op;
	q->args = args;
	q->passfd = fd;
	q->patience = MG_BACKUP_PATIENCE;
	return mg_oneshot_ask(c, q, err);
}

static int give(struct mg_call *c, const json_t *end)
{
	json_t *v = json_copy((json_t *)end);

	json_object_del(v, "code");
	return v ? mg_reply_record(c, v) : -ENOMEM;
}

static json_t *opened(struct mg_call *c)
{
	const char *from = mg_arg_str(c, "from");

	return json_pack("{s:s, s:s, s:s}", "name", mg_arg_str(c, "name"), "place",
		from ? from : "", "who", c->who.name);
}

/* ---- create, list -----------------------------------------------------------------------------
 */
static int created(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	mg_backup_made(c, code, end, err);
	return code < 0 ? code : give(c, end);
}

int mg_h_backup_create(struct mg_call *c, struct sk_err *err)
{
	json_t *args = mg_backup_args(c->d, mg_arg_str(c, "to"));
	struct mg_oneshot_ask q = {.audit = true, .target = "backup", .answer = created};
	json_t *detail;
	int r;

	if (!args)
		return sk_err_nomem(err);
	json_object_set_new(args, "events", json_boolean(mg_arg_flag(c, "events")));
	json_object_set_new(args, "lists", json_boolean(mg_arg_flag(c, "lists")));
	detail = json_pack("{s:O, s:b}", "place", json_object_get(args, "place"), "passphrase",
		mg_arg_has(c, "passphrase"));
	q.detail = detail;
	r = ask(c, &q, args, err);
	json_decref(detail);
	return r;
}

static int listed(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	const char *ja = c->lang == SK_JA ? "ja" : "en";
	const json_t *rows = json_object_get(end, "rows");
	int r = code;

	for (size_t i = 0; r == 0 && i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		char from[32];

		for (int k = 0; k < 2; k++) {
			const char *key = k ? "error" : "locks";
			json_t *text;

			snprintf(from, sizeof(from), "%s_%s", key, ja);
			text = json_object_get(row, from);
			if (text)
				json_object_set(row, key, text);
			snprintf(from, sizeof(from), "%s_en", key);
			json_object_del(row, from);
			snprintf(from, sizeof(from), "%s_ja", key);
			json_object_del(row, from);
		}
		r = mg_reply_row(c, json_incref(row));
	}
	if (r == 0 && json_object_get(end, "free"))
		r = mg_reply_note(c, "%s: %lld MiB free", "%s: 空き %lld MiB",
			json_string_value(json_object_get(end, "place")),
			(long long)(json_integer_value(json_object_get(end, "free")) >> 20));
	return r;
}

int mg_h_backup_list(struct mg_call *c, struct sk_err *err)
{
	const char *from = mg_arg_str(c, "from");
	struct mg_oneshot_ask q = {.answer = listed};

	return ask(c, &q, json_pack("{s:s}", "place", from ? from : ""), err);
}

/* ---- verify, drill, restore -------------------------------------------------------------------
 */
int mg_h_backup_verify(struct mg_call *c, struct sk_err *err)
{
	struct mg_oneshot_ask q = {.audit = true, .target = mg_arg_str(c, "name")};

	return ask(c, &q, opened(c), err);
}

static bool as_it_should(const json_t *end)
{
	return !json_integer_value(json_object_get(end, "audit_faults")) &&
		!sk_streq(json_string_value(json_object_get(end, "policy")), "differs");
}

static int drilled(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	json_t *v = code < 0 ? json_pack("{s:s, s:s}", "en", err->en, "ja", err->ja)
			     : json_copy((json_t *)end);
	bool good = code == 0 && as_it_should(end);
	struct sk_err later = {0};
	int r;

	if (!v)
		return sk_err_nomem(err);
	json_object_del(v, "code");
	json_object_set_new(v, "time", json_integer(c->now));
	json_object_set_new(v, "name", json_string(mg_arg_str(c, "name")));
	json_object_set_new(v, "by", json_string(c->who.name));
	r = mg_backup_note(c->d, "drill", json_incref(v), &later);
	if (r == 0 && good)
		r = mg_backup_note(c->d, "drill_ok", json_incref(v), &later);
	json_decref(v);
	if (code < 0)
		return code;
	if (r == 0)
		r = give(c, end);
	if (r == 0 && !good)
		return sk_err_set(err, -EBADMSG, NULL,
			"the backup can be restored, but its audit log has faults or its policy is "
			"not the one that was in force",
			"復元はできますが、操作記録に異常があるか、ポリシーが適用中だったものと一致"
			"しません");
	return r;
}

int mg_h_backup_drill(struct mg_call *c, struct sk_err *err)
{
	struct mg_oneshot_ask q = {
		.audit = true, .target = mg_arg_str(c, "name"), .answer = drilled};

	return ask(c, &q, opened(c), err);
}

int mg_h_backup_restore(struct mg_call *c, struct sk_err *err)
{
	struct mg_oneshot_ask q = {.audit = true, .target = mg_arg_str(c, "name")};
	json_t *args;
	int r;

	/* Its mark would go with the folder that is replaced, and nobody would take it back. */
	if (mg_trial_busy(c->d))
		return sk_err_set(err, -EBUSY, NULL,
			"a set-up is on trial: confirm it (sekisho setup confirm) or take it back "
			"(sekisho setup revert) first",
			"試行中の設定があります。先に確定 (sekisho setup confirm) または取り消し "
			"(sekisho setup revert) を行ってください");
	if (!mg_arg_flag(c, "yes"))
		return sk_err_set(err, -EINVAL, "yes",
			"what is here will be replaced, and changes since the backup are lost: "
			"repeat with --yes",
			"現在の状態は置き換えられ、バックアップ以降の変更は失われます。よければ "
			"--yes を付けて再度実行してください");
	args = opened(c);
	if (args)
		json_object_set_new(args, "any", json_boolean(c->who.roles & MG_CONSOLE));
	r = ask(c, &q, args, err);
	if (r < 0)
		return r;
	return mg_reply_note(c,
		"the backup is read and checked first; then the daemons restart, and the kernel "
		"goes on filtering; addresses and ports of the gateway itself are those of the "
		"backup after a reboot",
		"最初にバックアップを検査し、その後デーモンを再起動します "
		"(カーネルのフィルタリングは続きます)。本装置自身のアドレスやポートの設定は、"
		"再起動後にバックアップの内容になります");
}

/* sekisho-backup's word after a restore, to the manager that came up with the restored registry. */
int mg_h_backup_restored(struct mg_call *c, struct sk_err *err)
{
	const char *text = mg_arg_str(c, "result");
	json_t *v = sk_json_parse(text, strlen(text), err);
	struct mg_txn t = {0};
	int r;

	if (c->uid != 0) {
		json_decref(v);
		return sk_err_set(err, -EACCES, NULL, "only sekisho-backup says this",
			"sekisho-backup 専用の操作です");
	}
	if (!json_is_object(v)) {
		json_decref(v);
		return sk_err_en(err, -EINVAL, "result", "is no object");
	}
	json_object_set_new(v, "time", json_integer(c->now));
	r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = mg_backup_note(c->d, "restore", json_incref(v), err);
	/* What is in force now may come again. */
	if (r == 0 && json_integer_value(json_object_get(v, "code")) == 0)
		r = mg_backup_known(c->d, json_object_get(v, "about"), err);
	if (r == 0)
		r = mg_h_commit(c, &t, "restore", NULL, json_incref(v), err);
	mg_txn_abort(&t);
	json_decref(v);
	return r;
}

/* ---- keys -------------------------------------------------------------------------------------
 */
static int keep_key(struct mg_call *c, const struct mg_bk_keyfile *k, struct sk_err *err)
{
	char fingerprint[MG_BK_FINGERPRINT], target[64];
	struct mg_txn t = {0};
	struct sk_buf pub;
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	mg_bk_fingerprint(k->pub, fingerprint);
	snprintf(target, sizeof(target), "backup key %s", fingerprint);
	sk_buf_init(&pub, 512);
	mg_bk_key_format(k, false, NULL, &pub);
	if (r == 0)
		r = mg_backup_note(c->d, "key",
			json_pack("{s:s, s:s, s:I, s:s}", "public", sk_buf_str(&pub), "fingerprint",
				fingerprint, "created", (json_int_t)c->now, "by", c->who.name),
			err);
	if (r == 0)
		r = mg_h_commit(c, &t, target, NULL, json_pack("{s:s}", "key", fingerprint), err);
	mg_txn_abort(&t);
	sk_buf_done(&pub);
	return r;
}

/*
 * Given away and forgotten: a key that nobody has must not lock anything. Whoever has it on a disk
 * says so with backup.key.set, and then it is in force.
 */
int mg_h_backup_key_new(struct mg_call *c, struct sk_err *err)
{
	char site[128] = "", date[32], comment[512], fingerprint[MG_BK_FINGERPRINT];
	struct mg_bk_keyfile k;
	struct sk_buf b;
	int r;

	mg_bk_key_new(&k);
	mg_bk_fingerprint(k.pub, fingerprint);
	mg_setting_get(mg_h_store(c), "site.name", site, sizeof(site));
	snprintf(comment, sizeof(comment),
		"Key of Sekisho's backups: %s, made %s, fingerprint %s\n"
		"Whoever has this file can read the backups. Without it nobody can.\n"
		"このファイルがないとバックアップを復元できません。安全な場所に保管してください。",
		site, sk_date_format(c->now, date, sizeof(date)), fingerprint);
	sk_buf_init(&b, 4096);
	mg_bk_key_format(&k, true, comment, &b);
	r = mg_reply_file(c, b.data, b.len);
	if (b.data)
		sodium_memzero(b.data, b.cap);
	sodium_memzero(&k, sizeof(k));
	sk_buf_done(&b);
	return r;
}

int mg_h_backup_key_set(struct mg_call *c, struct sk_err *err)
{
	struct mg_bk_keyfile k;
	const void *p;
	size_t n;
	int r = mg_arg_file(c, "key", &p, &n, NULL, err);

	if (r == 0)
		r = mg_bk_key_parse(p, n, &k, err);
	if (r == 0)
		r = keep_key(c, &k, err);
	sodium_memzero(&k, sizeof(k));
	return r < 0 ? r : mg_h_backup_key_show(c, err);
}

static void copy(json_t *v, const char *to, const json_t *from, const char *key)
{
	json_t *x = json_object_get(from, key);

	if (x && !json_is_null(x))
		json_object_set(v, to, x);
}

static void add_key(const struct mg_call *c, json_t *v, const json_t *state)
{
	const json_t *k = json_object_get(state, "key");
	const int64_t created = json_integer_value(json_object_get(k, "created"));

	copy(v, "key", k, "fingerprint");
	copy(v, "key_created", k, "created");
	copy(v, "key_by", k, "by");
	if (k)
		json_object_set_new(v, "key_age_days", json_integer((c->now - created) / 86400));
}

int mg_h_backup_key_show(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *state = mg_backup_state(c->d);
	json_t *v;

	if (!json_object_get(state, "key"))
		return sk_err_set(err, -ENOENT, NULL,
			"there is no key yet: `sekisho backup key new --output FILE` makes one",
			"鍵がありません。sekisho backup key new --output FILE で作成してください");
	v = json_object();
	if (v)
		add_key(c, v, state);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

int mg_h_backup_status(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *state = mg_backup_state(c->d);
	const char *lang = c->lang == SK_JA ? "ja" : "en";
	const json_t *ok = json_object_get(state, "last_ok"),
		     *last = json_object_get(state, "last");
	const json_t *drill = json_object_get(state, "drill");
	const json_t *restore = json_object_get(state, "restore");
	const json_t *about = json_object_get(restore, "about");
	int64_t next = mg_backup_next(c->d, state, c->now);
	json_t *v = json_object();

	if (!v)
		return sk_err_nomem(err);
	add_key(c, v, state);
	copy(v, "last_backup", ok, "time");
	copy(v, "name", ok, "name");
	copy(v, "place", ok, "place");
	copy(v, "bytes", ok, "bytes");
	copy(v, "backup_error", last, lang);
	if (next)
		json_object_set_new(v, "next_backup", json_integer(next));
	copy(v, "last_drill", drill, "time");
	copy(v, "drill_name", drill, "name");
	copy(v, "drill_policy", drill, "policy");
	copy(v, "drill_ms", drill, "took_ms");
	copy(v, "drill_error", drill, lang);
	copy(v, "last_restore", restore, "time");
	copy(v, "restore_name", about, "name");
	copy(v, "restore_by", restore, "who");
	copy(v, "restore_ms", about, "took_ms");
	if (json_integer_value(json_object_get(restore, "code")) < 0)
		copy(v, "restore_error", restore, lang);
	return mg_reply_record(c, v);
}
