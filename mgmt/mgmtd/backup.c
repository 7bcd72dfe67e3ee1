// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Backups as the manager sees them: its file of what was done, the schedule, the lines in status.
 * The file is part of each backup, so that a restored gateway goes on with the same key.
 */
#include "mgmt/mgmtd/backup.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/private.h"

#define STATE_MAX 65536
#define AGAIN_S 3600 /* after one that failed */

static void state_path(const struct mg_daemon *d, char dst[512])
{
	snprintf(dst, 512, "%.480s/backup.json", d->o.state_dir);
}

json_t *mg_backup_state(const struct mg_daemon *d)
{
	json_t *v = NULL;
	char path[512];
	struct sk_buf b;

	state_path(d, path);
	sk_buf_init(&b, STATE_MAX);
	if (sk_file_read(path, &b, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	if (json_is_object(v))
		return v;
	json_decref(v);
	return json_object();
}

int mg_backup_note(const struct mg_daemon *d, const char *part, json_t *value, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = mg_backup_state(d);
	char path[512];
	struct sk_buf b;
	int r;

	if (!v || json_object_set_new(v, part, value) < 0)
		return sk_err_nomem(err);
	state_path(d, path);
	sk_buf_init(&b, STATE_MAX);
	sk_json_put(&b, v);
	r = sk_buf_error(&b);
	if (r == 0)
		r = sk_file_replace(path, b.data, b.len, 0600, err);
	sk_buf_done(&b);
	return r;
}

int mg_backup_known(const struct mg_daemon *d, const json_t *about, struct sk_err *err)
{
	json_t *sum = json_object_get(about, "sha256");
	_cleanup_(sk_json_decrefp) json_t *state = mg_backup_state(d);
	json_t *made = json_copy(json_object_get(state, "made"));

	if (!json_is_array(made)) {
		json_decref(made);
		made = json_array();
	}
	if (!made || !json_is_string(sum) || json_array_append(made, sum) < 0) {
		json_decref(made);
		return sk_err_en(err, -EINVAL, NULL, "the backup's SHA-256 is not known");
	}
	while (json_array_size(made) > MG_BACKUP_KNOWN)
		json_array_remove(made, 0);
	return mg_backup_note(d, "made", made, err);
}

static int64_t when(const json_t *state, const char *part)
{
	return json_integer_value(json_object_get(json_object_get(state, part), "time"));
}

static const char *public_key(const json_t *state)
{
	return json_string_value(json_object_get(json_object_get(state, "key"), "public"));
}

/* ---- making them ------------------------------------------------------------------------------
 */
json_t *mg_backup_args(struct mg_daemon *d, const char *place)
{
	_cleanup_(sk_json_decrefp) json_t *state = mg_backup_state(d);
	char site[128] = "", setting[1024] = "";
	const char *pub = public_key(state);

	mg_setting_get(d->store, "site.name", site, sizeof(site));
	mg_setting_get(d->store, "backup.place", setting, sizeof(setting));
	return json_pack("{s:s, s:s, s:s, s:I}", "place", place ? place : setting, "site", site,
		"public", pub ? pub : "", "keep",
		(json_int_t)mg_setting_int(d->store, "backup.keep"));
}

void mg_backup_made(struct mg_call *c, int code, const json_t *end, const struct sk_err *why)
{
	struct mg_daemon *d = c->d;
	const bool automatic = sk_streq(c->who.name, "system");
	json_t *v = code < 0 ? json_pack("{s:I, s:s, s:s}", "time", (json_int_t)sk_now(), "en",
				       why->en, "ja", why->ja)
			     : json_copy((json_t *)end);
	struct sk_err err = {0};
	int r;

	json_object_set_new(v, "automatic", json_boolean(automatic));
	if (v && code == 0) {
		json_object_del(v, "code");
		json_object_set_new(v, "time", json_integer(sk_now()));
	}
	r = mg_backup_note(d, "last", json_incref(v), &err);
	if (r == 0 && code == 0)
		r = mg_backup_note(d, "last_ok", json_incref(v), &err);
	if (r == 0 && code == 0)
		r = mg_backup_known(d, v, &err);
	json_decref(v);
	if (r < 0)
		sk_log_err(LOG_ERR, "backup.json", &err);
}

/* ---- the schedule -----------------------------------------------------------------------------
 */
int64_t mg_backup_next(struct mg_daemon *d, const json_t *state, int64_t now)
{
	const int64_t every = mg_setting_int(d->store, "backup.every_days");
	const int64_t hour = mg_setting_int(d->store, "backup.hour");
	const json_t *last = json_object_get(state, "last");
	const int64_t tried =
		json_is_true(json_object_get(last, "automatic")) ? when(state, "last") : 0;
	const int64_t made = when(state, "last_ok");
	int64_t next;

	if (every <= 0 || !public_key(state))
		return 0;
	/* The first one is due at once: a key without a backup protects nothing. */
	next = made ? sk_day_add(sk_day_start(made), (int)every) + hour * 3600 : now;
	return tried > made ? SK_MAX(next, tried + AGAIN_S) : next;
}

static int automatic_done(
	struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	mg_backup_made(c, code, end, err);
	return code;
}

void mg_backup_tick(struct mg_daemon *d, int64_t now)
{
	_cleanup_(sk_json_decrefp) json_t *state = mg_backup_state(d);
	const int64_t next = mg_backup_next(d, state, now);
	_cleanup_(sk_json_decrefp) json_t *none = json_object();
	struct mg_oneshot_ask ask = {.name = MG_BACKUP_NAME,
		.op = "backup.create",
		.passfd = -1,
		.patience = MG_BACKUP_PATIENCE,
		.audit = true,
		.target = "backup",
		.answer = automatic_done};
	struct sk_err err = {0};
	struct mg_call c;

	if (!next || now < next || mg_oneshot_busy(d, MG_BACKUP_NAME))
		return;
	mg_oneshot_own_call(d, "backup.create", none, now, &c);
	ask.args = mg_backup_args(d, NULL);
	json_object_set_new(ask.args, "automatic", json_true());
	if (mg_oneshot_ask(&c, &ask, &err) == 0)
		return;
	sk_log_err(LOG_WARNING, "backup", &err);
	mg_backup_made(&c, err.code, NULL, &err);
}

/* ---- status -----------------------------------------------------------------------------------
 */
static void set_time(json_t *v, const char *key, int64_t t)
{
	if (t)
		json_object_set_new(v, key, json_integer(t));
}

void mg_backup_status(struct mg_call *c, json_t *v, void (*warn)(json_t *v, const char *text))
{
	static const struct sk_text old = {
		"the last backup is too old, or there is none (see: backup status)",
		"バックアップがないか、古くなっています (backup status で確認)"};
	static const struct sk_text undrilled = {
		"no restore was rehearsed for too long (see: backup drill)",
		"復元訓練が長期間行われていません (backup drill)"};
	static const struct sk_text failed = {"the last backup failed (see: backup status)",
		"直近のバックアップに失敗しています (backup status で確認)"};
	_cleanup_(sk_json_decrefp) json_t *state = mg_backup_state(c->d);
	const int64_t made = when(state, "last_ok"), drilled = when(state, "drill_ok");
	const int64_t warn_days = mg_setting_int(c->d->store, "backup.warn_days");
	const int64_t drill_days = mg_setting_int(c->d->store, "backup.drill_days");
	/* A gateway that was put up today has nothing to reproach itself with. */
	const int64_t since = SK_MAX(made, c->d->started);
	json_t *b = json_object();

	set_time(b, "last_backup", made);
	set_time(b, "last_drill", drilled);
	set_time(b, "next_backup", mg_backup_next(c->d, state, c->now));
	if (made)
		json_object_set(
			b, "bytes", json_object_get(json_object_get(state, "last_ok"), "bytes"));
	json_object_set_new(v, "backup", b);
	if (when(state, "last") > made)
		warn(v, sk_text(&failed, c->lang));
	else if (c->now - (made ? made : since) > warn_days * 86400)
		warn(v, sk_text(&old, c->lang));
	if (made && drill_days && c->now - SK_MAX(drilled, c->d->started) > drill_days * 86400)
		warn(v, sk_text(&undrilled, c->lang));
}
