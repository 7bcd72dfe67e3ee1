// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Blocklists changed: added, switched on and off, from monitor to block, fetched, removed; and the
 * entries that this site makes itself. Administrators do it alone; who, when and why is audited.
 */
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"
#include "mgmt/mgmtd/h_blocklist.h"
#include "mgmt/mgmtd/why_registry.h"
#include "mgmt/store/allow.h"

static int answer(struct mg_call *c, const char *name, struct sk_err *err)
{
	struct mg_feed f;
	json_t *v;
	int r = mg_feed_get(mg_h_store(c), name, &f, err);

	if (r < 0)
		return c->dry_run ? 0 : r; /* it would have been added */
	v = mg_h_feed_row(c, &f);
	mg_feed_done(&f);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

static void target_of(const char *name, char dst[80])
{
	snprintf(dst, 80, "blocklist %s", name);
}

/* ---- a new one --------------------------------------------------------------------------------
 */
static const char *kind_of(const char *format)
{
	static const struct {
		const char *prefix, *kind;
	} kinds[] = {{"addresses", "address"}, {"spamhaus", "address"}, {"feodo", "address"},
		{"sslbl-ip", "address"}, {"iprep", "address"}, {"hosts", "name"},
		{"domains", "name"}, {"rpz", "name"}, {"url", "url"}, {"sslbl", "fingerprint"}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(kinds); i++)
		if (!strncmp(format, kinds[i].prefix, strlen(kinds[i].prefix)))
			return kinds[i].kind;
	return "mixed";
}

/* From the arguments; NULL with err. */
static json_t *definition_of(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name"), *format = mg_arg_str(c, "format");
	const char *title = mg_arg_has(c, "title") ? mg_arg_str(c, "title") : name;
	char path[512];
	json_t *v;

	if (!format) {
		sk_err_set(err, -EINVAL, "format", "is required: how the list is written",
			"一覧の形式を指定してください");
		return NULL;
	}
	v = json_pack("{ss s{ss ss} ss ss sI}", "name", name, "title", "en", title, "ja", title,
		"kind", kind_of(format), "format", format, "interval",
		(json_int_t)(mg_arg_has(c, "interval") ? mg_arg_uint(c, "interval") : 3600));
	if (!v) {
		sk_err_nomem(err);
		return NULL;
	}
	if (mg_arg_has(c, "url"))
		json_object_set_new(v, "url", json_string(mg_arg_str(c, "url")));
	if (mg_arg_has(c, "path"))
		json_object_set_new(v, "path", json_string(mg_arg_str(c, "path")));
	if (mg_arg_has(c, "file") && mg_lists_path(c->d, name, "upload", path, sizeof(path)) == 0)
		json_object_set_new(v, "path", json_string(path));
	if (mg_arg_flag(c, "suffix"))
		json_object_set_new(v, "options", json_pack("{sb}", "suffix", 1));
	return v;
}

static json_t *given_definition(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	const void *p;
	json_t *v;
	size_t n;

	if (mg_arg_file(c, "definition", &p, &n, NULL, err) < 0)
		return NULL;
	v = sk_json_parse(p, n, err);
	if (v && !json_is_object(v)) {
		sk_err_set(err, -EINVAL, "definition", "is no JSON object",
			"は JSON オブジェクトではありません");
		json_decref(v);
		return NULL;
	}
	if (v) {
		json_object_set_new(v, "name", json_string(name));
		/* It is used because somebody said so, and begins by watching. */
		json_object_del(v, "enabled");
		json_object_del(v, "mode");
	}
	return v;
}

static int parse_new(struct mg_call *c, struct mg_feed_def *def, struct sk_err *err)
{
	static const char *const sources[] = {"url", "path", "file", "definition"};
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	size_t n = 0;

	*def = (struct mg_feed_def){.json = NULL};
	for (size_t i = 0; i < SK_ARRAY_SIZE(sources); i++)
		n += mg_arg_has(c, sources[i]);
	if (n != 1)
		return sk_err_set(err, -EINVAL, "url",
			"one of --url, --path, --file and --definition is needed (one that comes "
			"with Sekisho is switched on with blocklist enable)",
			"--url、--path、--file、--definition のいずれか 1 つを指定してください "
			"(付属の"
			"一覧は blocklist enable で使用開始)");
	v = mg_arg_has(c, "definition") ? given_definition(c, err) : definition_of(c, err);
	return v ? mg_feed_def_parse(def, v, err) : err->code;
}

static int begin_use(struct mg_call *c, const char *name, struct sk_err *err)
{
	struct mg_feed f;
	const void *p;
	size_t n;
	int r;

	if (c->dry_run)
		return 0;
	if (!mg_arg_has(c, "file"))
		return mg_lists_fetch_now(c->d, name, err);
	r = mg_arg_file(c, "file", &p, &n, NULL, err);
	if (r == 0)
		r = mg_feed_get(mg_h_store(c), name, &f, err);
	if (r == 0) {
		r = mg_lists_upload(c->d, &f, p, n, err);
		mg_feed_done(&f);
	}
	return r;
}

int mg_h_blocklist_add(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name"), *purpose = mg_arg_str(c, "purpose");
	struct mg_feed_def def;
	struct mg_feed f = {.enabled = true, .added = c->now};
	struct mg_txn t = {0};
	char target[80];
	json_t *after;
	int r = parse_new(c, &def, err);

	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0) {
		f.definition = def.json;
		snprintf(f.name, sizeof(f.name), "%s", name);
		snprintf(f.added_by, sizeof(f.added_by), "%s", c->who.name);
		r = mg_feed_add(&t, &f, err);
	}
	if (r == 0) {
		target_of(name, target);
		after = mg_feed_to_json(&f);
		if (purpose)
			json_object_set_new(after, "purpose", json_string(purpose));
		r = mg_h_commit(c, &t, target, NULL, after, err);
	}
	mg_txn_abort(&t);
	mg_feed_def_done(&def);
	if (r == 0)
		r = begin_use(c, name, err);
	if (r == 0)
		r = answer(c, name, err);
	return r < 0
		? r
		: mg_reply_note(c,
			  "it only reports for now (monitor); see blocklist list and blocklist "
			  "mode",
			  "まず監視モードで始まります。blocklist list で確認し、blocklist mode で"
			  "遮断に切り替えてください");
}

/* ---- what there is ----------------------------------------------------------------------------
 */
/* f changed from what it was: stored with its audit row. f is freed. */
static int update(struct mg_call *c, struct mg_feed *f, json_t *before, struct sk_err *err)
{
	const char *reason = mg_arg_str(c, "reason");
	struct mg_txn t = {0};
	char target[80];
	json_t *after = mg_feed_to_json(f);
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	json_object_del(before, "definition");
	json_object_del(after, "definition");
	if (reason)
		json_object_set_new(after, "reason", json_string(reason));
	if (f->removed)
		json_object_set_new(after, "removed", json_true());
	target_of(f->name, target);
	if (r == 0)
		r = mg_feed_update(&t, f, err);
	if (r == 0) {
		r = mg_h_commit(c, &t, target, before, after, err);
	} else {
		json_decref(before);
		json_decref(after);
	}
	mg_txn_abort(&t);
	mg_feed_done(f);
	return r;
}

static int get(struct mg_call *c, struct mg_feed *f, json_t **ret_before, struct sk_err *err)
{
	int r = mg_feed_get(mg_h_store(c), mg_arg_str(c, "name"), f, err);

	if (r == 0)
		*ret_before = mg_feed_to_json(f);
	return r;
}

static void report(struct mg_call *c, const char *action, const char *mode)
{
	const char *reason = mg_arg_str(c, "reason");
	json_t *s = json_pack("{ss ss ss ss? ss?}", "action", action, "feed", mg_arg_str(c, "name"),
		"account", c->who.name, "mode", mode, "message", reason);
	struct sk_err err = {0};

	/* An event that cannot be stored is told in the log; the change stands. */
	if (!c->dry_run)
		mg_daemon_event(
			c->d, json_pack("{ss, so}", "event_type", "blocklist", "sekisho", s), &err);
	else
		json_decref(s);
}

static int set_enabled(struct mg_call *c, bool on, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	struct mg_feed f;
	json_t *before = NULL;
	int r = get(c, &f, &before, err);

	if (r < 0)
		return r;
	f.enabled = on;
	r = update(c, &f, before, err);
	if (r == 0)
		report(c, on ? "enabled" : "disabled", NULL);
	if (r == 0 && on && !c->dry_run && strcmp(name, MG_FEED_LOCAL))
		r = mg_lists_fetch_now(c->d, name, err);
	return r < 0 ? r : answer(c, name, err);
}

/* What its licence says is told to whoever switches it on, in their language. */
static int tell_licence(struct mg_call *c)
{
	struct mg_feed_def def;
	struct mg_feed f;
	int r = 0;

	if (mg_feed_get(mg_h_store(c), mg_arg_str(c, "name"), &f, NULL) < 0)
		return 0;
	if (mg_feed_def_parse(&def, f.definition, NULL) == 0 && def.licence.name) {
		const struct sk_text *t = mg_feed_companies_text(def.licence.companies);
		const struct sk_text none = {"", ""};
		const struct sk_text *n = def.licence.note.en ? &def.licence.note : &none;

		r = mg_reply_note(c, "licence: %s; %s%.0s%.0s %s%.0s",
			"利用条件: %s、%.0s%s %.0s%.0s%s", def.licence.name, t->en, t->ja, n->en,
			n->en, n->ja);
	}
	mg_feed_def_done(&def);
	mg_feed_done(&f);
	return r;
}

int mg_h_blocklist_enable(struct mg_call *c, struct sk_err *err)
{
	int r = set_enabled(c, true, err);

	return r < 0 ? r : tell_licence(c);
}

int mg_h_blocklist_disable(struct mg_call *c, struct sk_err *err)
{
	return set_enabled(c, false, err);
}

int mg_h_blocklist_mode(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name"), *mode = mg_arg_str(c, "mode");
	struct mg_feed f;
	json_t *before = NULL;
	int r = get(c, &f, &before, err);

	if (r < 0)
		return r;
	if (f.block != sk_streq(mode, "block"))
		f.mode_since = c->now;
	f.block = sk_streq(mode, "block");
	r = update(c, &f, before, err);
	if (r == 0)
		report(c, "mode", mode);
	return r < 0 ? r : answer(c, name, err);
}

int mg_h_blocklist_remove(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	struct mg_feed f;
	json_t *before = NULL;
	int r = get(c, &f, &before, err);

	if (r < 0)
		return r;
	if (sk_streq(name, MG_FEED_LOCAL)) {
		mg_feed_done(&f);
		json_decref(before);
		return sk_err_set(err, -EPERM, "name",
			"is this site's own: its entries are removed with blocklist entry remove",
			"は本装置の登録です。項目は blocklist entry remove で削除してください");
	}
	f.removed = c->now;
	r = update(c, &f, before, err);
	if (r < 0 || c->dry_run)
		return r;
	report(c, "removed", NULL);
	mg_lists_forget(c->d, name);
	return mg_reply_note(
		c, "the blocklist %s is removed", "不正サイト一覧 %s を削除しました", name);
}

/* ---- fetching ---------------------------------------------------------------------------------
 */
static int accept_staged(struct mg_call *c, struct mg_feed *f, struct sk_err *err)
{
	const char *reason = mg_arg_str(c, "reason");
	struct mg_txn t = {0};
	char target[80];
	int r = 0;

	if (!reason || !reason[0])
		r = sk_err_set(err, -EINVAL, "reason", "is required: what was looked at",
			"確認した内容を理由として指定してください");
	else if (!f->staged[0])
		r = sk_err_set(err, -ENOENT, "accept", "no list of %s waits for a decision",
			"%s に確認待ちの一覧はありません", f->name);
	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	target_of(f->name, target);
	if (r == 0)
		r = mg_h_commit(c, &t, target, NULL,
			json_pack("{ss ss ss}", "accepted", f->staged, "why", f->why_en, "reason",
				reason),
			err);
	mg_txn_abort(&t);
	return r < 0 ? r : mg_lists_accept(c->d, f, c->who.name, reason, err);
}

/* That somebody had it fetched, or handed a file over. */
static int audit(struct mg_call *c, const struct mg_feed *f, const char *what, struct sk_err *err)
{
	struct mg_txn t = {0};
	char target[80];
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	target_of(f->name, target);
	if (r == 0)
		r = mg_h_commit(c, &t, target, NULL, json_pack("{ss}", "from", what), err);
	mg_txn_abort(&t);
	return r;
}

static int fetch(struct mg_call *c, struct mg_feed *f, struct sk_err *err)
{
	const char *name = NULL;
	const void *p;
	size_t n;
	int r;

	if (mg_arg_has(c, "file")) {
		r = mg_arg_file(c, "file", &p, &n, &name, err);
		if (r == 0)
			r = audit(c, f, name, err);
		return r < 0 ? r : mg_lists_upload(c->d, f, p, n, err);
	}
	if (mg_lists_is_upload(c->d, f->definition))
		return sk_err_set(err, -EINVAL, "file", "is required: this list is handed over",
			"が必要です。この一覧はファイルで更新します");
	if (!f->enabled)
		return sk_err_set(err, -EINVAL, "name", "is not in use: blocklist enable %s",
			"は使用していません: blocklist enable %s", f->name);
	r = audit(c, f, "its source", err);
	return r < 0 ? r : mg_lists_fetch_now(c->d, f->name, err);
}

int mg_h_blocklist_update(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	struct mg_feed f;
	int r = mg_feed_get(mg_h_store(c), name, &f, err);

	if (r < 0)
		return r;
	if (sk_streq(name, MG_FEED_LOCAL))
		r = sk_err_set(err, -EINVAL, "name", "is this site's own: there is no source",
			"は本装置の登録で、取得元はありません");
	else if (mg_arg_flag(c, "accept"))
		r = accept_staged(c, &f, err);
	else
		r = fetch(c, &f, err);
	mg_feed_done(&f);
	if (r == 0)
		r = answer(c, name, err);
	if (r == 0 && !mg_arg_flag(c, "accept"))
		r = mg_reply_note(c, "it is being fetched: see blocklist list in a moment",
			"取得中です。結果は blocklist list で確認してください");
	return r;
}

/* ---- the site's own entries -------------------------------------------------------------------
 */
static int list_entry(const struct mg_entry *e, void *arg)
{
	return mg_reply_row(arg, mg_entry_to_json(e));
}

int mg_h_blocklist_entry_list(struct mg_call *c, struct sk_err *err)
{
	return mg_entry_each(mg_h_store(c), mg_arg_flag(c, "all"), list_entry, c, err);
}

static int take_entry(struct mg_call *c, struct mg_entry *e, struct sk_err *err)
{
	*e = (struct mg_entry){.since = c->now};
	return mg_bl_typed(mg_arg_str(c, "kind"), mg_arg_str(c, "value"), &e->kind, e->value, err);
}

/* Its list is made anew at once, whatever else waits for the next second. */
static int commit_entry(
	struct mg_call *c, struct mg_txn *t, struct mg_entry *e, bool add, struct sk_err *err)
{
	char target[80];
	json_t *v = mg_entry_to_json(e);
	int r;

	snprintf(target, sizeof(target), "%s %.60s", sk_bl_kind_name(e->kind), e->value);
	r = mg_h_commit(
		c, t, target, add ? NULL : json_incref(v), add ? json_incref(v) : NULL, err);
	if (r == 0)
		r = mg_reply_row(c, json_incref(v));
	json_decref(v);
	return r;
}

static void report_entry(struct mg_call *c, const struct mg_entry *e, const char *action)
{
	struct sk_err err = {0};

	mg_daemon_event(c->d,
		json_pack("{ss, s{ss ss ss ss ss}}", "event_type", "blocklist", "sekisho", "action",
			action, "feed", MG_FEED_LOCAL, "kind", sk_bl_kind_name(e->kind), "entry",
			e->value, "account", c->who.name),
		&err);
}

static int on_allowed(json_t *row, void *arg)
{
	if (sk_streq(json_string_value(json_object_get(row, "state")), "active"))
		*(json_int_t *)arg = json_integer_value(json_object_get(row, "number"));
	json_decref(row);
	return 0;
}

/* What becomes of it: blocked at once (now), in a moment, or not at all. */
static int tell_added(struct mg_call *c, const struct mg_entry *e, bool now)
{
	char typed[SK_BL_VALUE_MAX + 2];
	json_int_t number = 0;
	struct mg_subject s;
	struct sk_err err = {0};

	snprintf(typed, sizeof(typed), "%s%s", e->kind == SK_BL_SUFFIX ? "." : "", e->value);
	if (mg_subject_parse(&s, typed, NULL) == 0 &&
		mg_why_allowed(c, &s, on_allowed, &number, &err) < 0)
		sk_log_err(LOG_ERR, "allow-list", &err);
	if (number)
		return mg_reply_note(c,
			"it is not blocked: number %" JSON_INTEGER_FORMAT
			" of the allow-list goes before it",
			"除外リスト (番号 %" JSON_INTEGER_FORMAT ") が優先するため、遮断されません",
			number);
	if (e->kind != SK_BL_ADDR4 && e->kind != SK_BL_ADDR6 && !mg_h_inspecting(c))
		return mg_h_note_inspection(c);
	return now ? mg_reply_note(c, "it is blocked from now on", "直ちに遮断しました")
		   : mg_reply_note(c, "it is blocked in a moment (see: blocklist test)",
			     "まもなく遮断されます (確認: blocklist test)");
}

int mg_h_blocklist_entry_add(struct mg_call *c, struct sk_err *err)
{
	struct mg_entry e;
	struct mg_txn t = {0};
	int r = take_entry(c, &e, err);

	if (r == 0)
		r = mg_bl_width(e.kind, e.value, err);
	if (r == 0)
		r = mg_wf_text("purpose", mg_arg_str(c, "purpose"), 1000, true, err);
	if (r == 0)
		r = mg_wf_reason("purpose", mg_arg_str(c, "purpose"), err);
	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r < 0)
		return r;
	snprintf(e.purpose, sizeof(e.purpose), "%s", mg_arg_str(c, "purpose"));
	snprintf(e.who, sizeof(e.who), "%s", c->who.name);
	r = mg_entry_add(&t, &e, err);
	if (r == 0)
		r = commit_entry(c, &t, &e, true, err);
	mg_txn_abort(&t);
	if (r < 0 || c->dry_run)
		return r;
	report_entry(c, &e, "added");
	return tell_added(c, &e, mg_lists_block_now(c->d, &e));
}

int mg_h_blocklist_entry_remove(struct mg_call *c, struct sk_err *err)
{
	struct mg_entry e;
	struct mg_txn t = {0};
	int r = take_entry(c, &e, err);

	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r < 0)
		return r;
	e.removed = c->now;
	snprintf(e.removed_by, sizeof(e.removed_by), "%s", c->who.name);
	snprintf(e.reason, sizeof(e.reason), "%s", mg_arg_str(c, "reason"));
	r = mg_entry_remove(&t, &e, err);
	if (r == 0)
		r = commit_entry(c, &t, &e, false, err);
	mg_txn_abort(&t);
	if (r == 0 && !c->dry_run)
		report_entry(c, &e, "removed");
	return r;
}
