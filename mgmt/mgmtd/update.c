// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How updates stand: sekisho-update is asked at start, now and then, and after each command; what
 * became of an update is told once, to the audit log, the events and by mail. Once a day it looks
 * for a newer version.
 */
#include "mgmt/mgmtd/update.h"

#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/older.h"
#include "mgmt/update/health.h"
#include "mgmt/update/update.h"

#define FIRST_S 3
#define TRIAL_S 10
#define STATUS_S 3600
#define ABSENT_S 600
#define CHECK_S 86400
#define CHECK_RETRY_S 3600
#define PATIENCE_S 60
#define RETURN_SHOWN_S (30 * 86400)

struct mg_update *mg_update_of(struct mg_daemon *d)
{
	if (!d->update)
		d->update = calloc(1, sizeof(*d->update));
	return d->update;
}

void mg_update_free(struct mg_update *u)
{
	if (!u)
		return;
	json_decref(u->status);
	json_decref(u->check);
	free(u);
}

void mg_update_dirty(struct mg_daemon *d)
{
	struct mg_update *u = mg_update_of(d);

	if (u)
		u->next_status = 0;
}

static const char *str(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

/* ---- what became of it ------------------------------------------------------------------------
 */
void mg_update_why(const json_t *last, char *en, char *ja, size_t cap)
{
	static const struct sk_text silent = {
		"it did not start, or not so far that its health was known",
		"起動しなかったか、正常性の確認まで至りませんでした"};
	const json_t *h = json_object_get(last, "health"), *list = json_object_get(h, "failed");
	enum mg_health_check c;
	size_t n_en = 0, n_ja = 0;

	en[0] = ja[0] = '\0';
	/* Of another slot's start it says nothing. */
	if (!sk_streq(str(h, "slot"), str(last, "slot")) || !sk_streq(str(h, "result"), "return"))
		list = NULL;
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (mg_health_parse(json_string_value(json_array_get(list, i)), &c) < 0)
			continue;
		n_en += (size_t)snprintf(
			en + n_en, cap - n_en, "%s%s", n_en ? "; " : "", mg_health_text(c)->en);
		n_ja += (size_t)snprintf(
			ja + n_ja, cap - n_ja, "%s%s", n_ja ? "、" : "", mg_health_text(c)->ja);
		n_en = SK_MIN(n_en, cap - 1);
		n_ja = SK_MIN(n_ja, cap - 1);
	}
	if (!en[0]) {
		snprintf(en, cap, "%s", silent.en);
		snprintf(ja, cap, "%s", silent.ja);
	}
}

static void audit_system(
	struct mg_daemon *d, const char *op, const char *target, json_t *after, const char *result)
{
	struct mg_audit_entry a;
	struct mg_txn t = {0};
	struct sk_err err = {0};

	mg_daemon_audit_system(d, op, &a);
	a.target = target;
	a.after = after;
	a.result = result;
	if (mg_txn_begin(&t, d->store, &err) < 0 || mg_txn_commit(&t, &a, &err) < 0)
		sk_log_err(LOG_ERR, "audit", &err);
	mg_txn_abort(&t);
	json_decref(after);
}

static void event(struct mg_daemon *d, const char *action, const char *version, json_t *more)
{
	json_t *s = json_pack("{s:s, s:s}", "action", action, "version", version);
	struct sk_err err = {0};

	if (s && more)
		json_object_update(s, more);
	json_decref(more);
	if (mg_daemon_event(
		    d, json_pack("{s:s, s:o}", "event_type", "update", "sekisho", s), &err) < 0)
		sk_log_err(LOG_ERR, "storing events", &err);
}

/* Once for each update; sekisho-update forgets it then. */
static void tell_outcome(struct mg_daemon *d, const json_t *status)
{
	const char *outcome = str(status, "outcome");
	const json_t *p = json_object_get(status, "pending");
	bool kept = sk_streq(outcome, "kept"), returned = sk_streq(outcome, "returned");
	char en[400] = "", ja[600] = "", target[100];
	json_t *last, *more;

	if (!p || d->update->settle || (!kept && !returned && !sk_streq(outcome, "interrupted")))
		return;
	last = json_pack(
		"{s:s, s:O*}", "slot", str(p, "slot"), "health", json_object_get(status, "health"));
	if (returned)
		mg_update_why(last, en, ja, sizeof(en));
	json_decref(last);
	snprintf(target, sizeof(target), "version %.60s", str(p, "version"));
	more = json_pack("{s:s, s:s, s:s, s:s}", "slot", str(p, "slot"), "from", str(p, "from"),
		"who", str(p, "who"), "running", str(status, "version"));
	if (en[0]) {
		json_object_set_new(more, "message", json_string(en));
		json_object_set_new(more, "message_ja", json_string(ja));
	}
	if (!kept)
		json_object_set_new(more, "urgent", json_true());
	sk_log(kept ? LOG_NOTICE : LOG_ERR, "update to version %s: %s%s%s", str(p, "version"),
		outcome, en[0] ? ": " : "", en);
	audit_system(d, "update.outcome", target, json_incref(more), outcome);
	event(d, outcome, str(p, "version"), more);
	d->update->settle = true;
}

/* Once, until another slot is to start: sekisho-update remembers it. */
static void tell_missed(struct mg_daemon *d, const json_t *status)
{
	const json_t *m = json_object_get(status, "missed");
	char en[400], ja[400], target[32];
	json_t *more;

	if (!m || d->update->settle || json_is_true(json_object_get(m, "told")))
		return;
	mg_update_why(m, en, ja, sizeof(en));
	snprintf(target, sizeof(target), "slot %.8s", str(m, "slot"));
	more = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "slot", str(m, "slot"), "running_slot",
		str(status, "slot"), "running", str(status, "version"), "message", en, "message_ja",
		ja, "urgent", true);
	sk_log(LOG_ERR, "slot %s was to start, slot %s runs: %s", str(m, "slot"),
		str(status, "slot"), en);
	audit_system(d, "update.fallback", target, json_incref(more), "fallback");
	event(d, "fallback", str(status, "version"), more);
	snprintf(d->update->missed, sizeof(d->update->missed), "%s", str(m, "slot"));
	d->update->settle = true;
}

/* ---- asking -----------------------------------------------------------------------------------
 */
static int took_status(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	struct mg_update *u = c->d->update;

	u->next_status = c->now + (code < 0 ? ABSENT_S : STATUS_S);
	if (code < 0)
		return 0; /* logged by who answers; nothing is known of it */
	json_decref(u->status);
	u->status = json_deep_copy(end);
	tell_outcome(c->d, u->status);
	tell_missed(c->d, u->status);
	if (sk_streq(str(u->status, "outcome"), "trial"))
		u->next_status = c->now + TRIAL_S;
	if (u->settle)
		u->next_status = c->now;
	return 0;
}

static int took_check(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	if (code == 0)
		mg_update_checked(c->d, end, c->now);
	else
		c->d->update->next_check = c->now + CHECK_RETRY_S;
	return code;
}

static int took_settled(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	/* Another command is at it: later, and without telling it again. */
	if (code < 0)
		c->d->update->settle = true;
	return code;
}

/* command: whose name stands in the log. */
static int ask(struct mg_daemon *d, const char *command, struct mg_oneshot_ask *q, int64_t now)
{
	struct mg_call c;
	struct sk_err err = {0};

	mg_oneshot_own_call(d, command, NULL, now, &c);
	q->name = "update";
	q->passfd = -1;
	q->patience = PATIENCE_S;
	q->beside = true;
	return mg_oneshot_ask(&c, q, &err);
}

static void ask_status(struct mg_daemon *d, struct mg_update *u, int64_t now)
{
	struct mg_oneshot_ask q = {.op = u->settle ? "settle" : "status",
		.args = u->settle ? json_pack("{s:s}", "missed", u->missed) : json_object(),
		.answer = u->settle ? took_settled : took_status};
	bool settle = u->settle;

	u->next_status = now + ABSENT_S;
	if (ask(d, "update.status", &q, now) == 0 && settle) {
		u->settle = false;
		u->next_status = now + 1;
	}
}

static void ask_check(struct mg_daemon *d, struct mg_update *u, int64_t now)
{
	struct mg_oneshot_ask q = {.op = "check", .answer = took_check};
	char url[1024] = "";

	u->next_check = now + CHECK_RETRY_S;
	mg_setting_get(d->store, "update.source", url, sizeof(url));
	if (!url[0] || !mg_setting_int(d->store, "update.check"))
		return;
	q.args = json_pack("{s:s}", "url", url);
	ask(d, "update.check", &q, now);
}

/* The registry's own history must say that it is not the newest. */
static void tell_set_aside(struct mg_daemon *d, struct mg_update *u)
{
	int64_t newer = mg_store_set_aside(d->store);

	u->said_aside = true;
	if (!newer)
		return;
	sk_log(LOG_ERR,
		"the registry was of schema %lld, newer than this version knows: it was set aside, "
		"the "
		"copy made before the update is used",
		(long long)newer);
	audit_system(d, "registry.returned", "registry",
		json_pack("{s:I, s:s}", "schema", (json_int_t)newer, "kept", "registry.db.newer-*"),
		"ok");
	event(d, "registry_returned", SK_VERSION, json_pack("{s:b}", "urgent", true));
}

void mg_update_tick(struct mg_daemon *d, int64_t now)
{
	struct mg_update *u = mg_update_of(d);

	if (u && !u->said_aside)
		tell_set_aside(d, u);
	if (!u || mg_oneshot_busy(d, "update"))
		return;
	if (!u->next_check)
		u->next_check = now + CHECK_RETRY_S;
	if (now - d->started >= FIRST_S && now >= u->next_status)
		ask_status(d, u, now);
	else if (now >= u->next_check)
		ask_check(d, u, now);
}

void mg_update_checked(struct mg_daemon *d, const json_t *end, int64_t now)
{
	struct mg_update *u = mg_update_of(d);
	const char *version = str(end, "available");

	if (!u)
		return;
	json_decref(u->check);
	u->check = json_deep_copy(end);
	u->checked = now;
	u->next_check = now + CHECK_S;
	if (!json_is_true(json_object_get(end, "newer")) || sk_streq(u->told, version))
		return;
	snprintf(u->told, sizeof(u->told), "%s", version);
	event(d, "available", version,
		json_pack("{s:s, s:b, s:b}", "running", str(end, "running"), "security",
			json_is_true(json_object_get(end, "security")), "urgent",
			json_is_true(json_object_get(end, "security"))));
}

/* ---- status -----------------------------------------------------------------------------------
 */
static void warn_outcome(struct mg_call *c, json_t *v, const struct mg_update *u,
	void (*warn)(struct mg_call *, json_t *, const struct sk_text *))
{
	static const struct sk_text waiting = {
		"an update is installed and waits for a restart (sekisho system reboot)",
		"更新が書き込み済みで、再起動を待っています (sekisho system reboot)"};
	static const struct sk_text trial = {
		"this version runs on trial: its health is being checked",
		"現在の版は試行中です。正常性を確認しています"};
	static const struct sk_text returned = {"the last update was not kept (see: update status)",
		"前回の更新は確定されませんでした (update status で確認)"};
	const json_t *last = json_object_get(u->status, "last");
	const char *outcome = str(u->status, "outcome");

	if (sk_streq(outcome, "waiting"))
		warn(c, v, &waiting);
	else if (sk_streq(outcome, "trial"))
		warn(c, v, &trial);
	else if (last && !sk_streq(str(last, "outcome"), "kept") &&
		c->now - json_integer_value(json_object_get(last, "settled")) < RETURN_SHOWN_S)
		warn(c, v, &returned);
}

static void warn_missed(struct mg_call *c, json_t *v, const struct mg_update *u,
	void (*warn)(struct mg_call *, json_t *, const struct sk_text *))
{
	const char *slot = str(json_object_get(u->status, "missed"), "slot");
	const char *runs = str(u->status, "slot");
	char en[160], ja[200];

	if (!slot[0])
		return;
	snprintf(en, sizeof(en), "slot %s did not start, slot %s runs instead (see: update status)",
		slot, runs);
	snprintf(ja, sizeof(ja),
		"スロット %s が起動せず、スロット %s で動作しています (update status で確認)", slot,
		runs);
	warn(c, v, &(struct sk_text){en, ja});
}

static void warn_versions(struct mg_call *c, json_t *v, const struct mg_update *u,
	void (*warn)(struct mg_call *, json_t *, const struct sk_text *))
{
	static const struct sk_text newer = {"a newer version is available (see: update check)",
		"新しい版があります (update check で確認)"};
	static const struct sk_text mends = {
		"a newer version that mends security flaws is available: sekisho update apply",
		"セキュリティ修正を含む新しい版があります: sekisho update apply"};
	static const struct sk_text stale = {
		"the update source says nothing new although it should have: is it still kept?",
		"更新元の情報の期限が切れています。更新元が維持されているか確認してください"};
	const struct sk_text *support = mg_base_support(str(u->status, "os_version"), c->now);

	if (json_is_true(json_object_get(u->check, "newer")))
		warn(c, v, json_is_true(json_object_get(u->check, "security")) ? &mends : &newer);
	if (json_is_true(json_object_get(u->check, "expired")))
		warn(c, v, &stale);
	if (support)
		warn(c, v, support);
}

void mg_update_status(struct mg_call *c, json_t *v,
	void (*warn)(struct mg_call *c, json_t *v, const struct sk_text *text))
{
	const struct mg_update *u = c->d->update;
	json_t *o;

	if (!u || !u->status)
		return;
	o = json_pack("{s:s}", "outcome", str(u->status, "outcome"));
	if (str(u->status, "slot")[0])
		json_object_set(o, "slot", json_object_get(u->status, "slot"));
	if (json_is_true(json_object_get(u->check, "newer")))
		json_object_set(o, "available", json_object_get(u->check, "available"));
	json_object_set_new(v, "update", o);
	warn_outcome(c, v, u, warn);
	warn_missed(c, v, u, warn);
	warn_versions(c, v, u, warn);
}
