// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rule sets, profile and state of the inspection: what is in use, what could not be loaded, what
 * one signature does here, what a trial would have blocked.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/events/alert.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/h_object.h"
#include "mgmt/mgmtd/inspect.h"
#include "mgmt/mgmtd/peer.h"
#include "mgmt/store/exceptions.h"
#include "mgmt/store/sets.h"

#define FILE_BYTES_MAX (256u << 20)

/* ---- rule sets --------------------------------------------------------------------------------
 */
static int list_set(const struct mg_set *v, void *arg)
{
	return mg_reply_row(arg, mg_set_to_json(v));
}

int mg_h_ips_rules_list(struct mg_call *c, struct sk_err *err)
{
	return mg_set_each(mg_h_store(c), mg_arg_flag(c, "all"), list_set, c, err);
}

int mg_h_ips_rules_restore(struct mg_call *c, struct sk_err *err)
{
	uint32_t version = (uint32_t)mg_arg_uint(c, "version");
	struct mg_set before = {0}, after;
	struct mg_txn t = {0};
	json_t *note;
	char target[48];
	int r = mg_set_get(mg_h_store(c), 0, &before, err);

	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = mg_set_activate(&t, version, err);
	if (r == 0)
		r = mg_set_get(mg_h_store(c), version, &after, err);
	if (r == 0) {
		snprintf(target, sizeof(target), "rule set %u", version);
		note = mg_set_to_json(&after);
		json_object_set_new(note, "reason", json_string(mg_arg_str(c, "reason")));
		r = mg_h_commit(
			c, &t, target, before.version ? mg_set_to_json(&before) : NULL, note, err);
		if (r == 0)
			r = mg_reply_record(c, mg_set_to_json(&after));
		mg_set_done(&after);
	}
	mg_txn_abort(&t);
	mg_set_done(&before);
	return r;
}

/* ---- single rules -----------------------------------------------------------------------------
 */
struct rules {
	struct mg_call *c;
	struct mg_set set;
	char path[1024]; /* of the group whose files are in the buffers */
	struct sk_buf rules, index;
	bool text; /* the rule itself, too */
	size_t n;
};

/* The line-th line of text, counted from 1; NULL past its end. */
static const char *line_of(const struct sk_buf *b, int64_t line, size_t *ret_len)
{
	const char *p = sk_buf_str(b), *nl;

	for (int64_t i = 1; i < line && p; i++) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (!p || !*p)
		return NULL;
	nl = strchr(p, '\n');
	*ret_len = nl ? (size_t)(nl - p) : strlen(p);
	return p;
}

static void load_group(struct rules *w, const char *path)
{
	size_t n = strlen(path);
	char index[1024];

	if (!strcmp(path, w->path) || n < 6 || n >= sizeof(index))
		return;
	snprintf(w->path, sizeof(w->path), "%s", path);
	snprintf(index, sizeof(index), "%.*s.index", (int)(n - 6), path);
	sk_buf_reset(&w->rules);
	sk_buf_reset(&w->index);
	sk_file_read(path, &w->rules, NULL);
	sk_file_read(index, &w->index, NULL);
}

/* ipsd names the file it was given; people know the one that they imported. */
static void say_origin(struct rules *w, json_t *row)
{
	const char *path = json_string_value(json_object_get(row, "file"));
	int64_t line = json_integer_value(json_object_get(row, "line"));
	const char *base = path ? strrchr(path, '/') : NULL, *p, *colon;
	char number[16];
	uint64_t origin;
	size_t len;

	if (!base)
		return;
	load_group(w, path);
	p = line_of(&w->index, line, &len);
	colon = p ? memrchr(p, ':', len) : NULL;
	if (colon) {
		snprintf(number, sizeof(number), "%.*s", (int)SK_MIN(p + len - colon - 1, 15),
			colon + 1);
		json_object_set_new(row, "file", json_stringn(p, (size_t)(colon - p)));
		if (sk_parse_u64(number, INT32_MAX, &origin) == 0)
			json_object_set_new(row, "line", json_integer((json_int_t)origin));
	}
	p = line_of(&w->rules, line, &len);
	if (p && w->text)
		json_object_set_new(row, "text", json_stringn(p, len));
	for (size_t i = 0; w->text && i < json_array_size(w->set.files); i++) {
		const json_t *f = json_array_get(w->set.files, i);
		json_t *until = json_object_get(f, "monitor_until");

		if (sk_streq(json_string_value(json_object_get(f, "name")), base + 1) &&
			json_integer_value(until) > w->c->now)
			json_object_set(row, "trial_until", until);
	}
}

static int give_rules(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows");
	struct rules *w = arg;
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i), *action = json_object_get(row, "action");

		if (action)
			json_object_set(row, "written", action);
		json_object_del(row, "action");
		say_origin(w, row);
		w->n++;
		r = mg_reply_row(w->c, json_incref(row));
	}
	return r;
}

static int ask_rules(struct mg_call *c, json_t *args, bool text, size_t *ret_n, struct sk_err *err)
{
	struct rules w = {.c = c, .text = text};
	int r = mg_set_get(mg_h_store(c), 0, &w.set, err);

	sk_buf_init(&w.rules, FILE_BYTES_MAX);
	sk_buf_init(&w.index, FILE_BYTES_MAX);
	if (r < 0 && r != -ENOENT)
		json_decref(args);
	else
		r = mg_daemon_ips_call(c->d, "rules.list", args, give_rules, &w, NULL, err);
	*ret_n = w.n;
	sk_buf_done(&w.rules);
	sk_buf_done(&w.index);
	mg_set_done(&w.set);
	return r;
}

int mg_h_ips_rules_refused(struct mg_call *c, struct sk_err *err)
{
	uint64_t limit = mg_arg_has(c, "limit") ? mg_arg_uint(c, "limit") : 1000;
	size_t n;
	int r = ask_rules(c,
		json_pack("{s:s, s:I}", "state", "refused", "limit", (json_int_t)limit), false, &n,
		err);

	return r == 0 && !n
		? mg_reply_note(c, "every rule was loaded", "すべてのシグネチャを読み込みました")
		: r;
}

int mg_h_ips_rules_show(struct mg_call *c, struct sk_err *err)
{
	static const char *const states[] = {"all", "refused"};
	uint64_t sid = mg_arg_uint(c, "sid");
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && n == 0 && i < SK_ARRAY_SIZE(states); i++)
		r = ask_rules(c,
			json_pack("{s:s, s:I}", "state", states[i], "sid", (json_int_t)sid), true,
			&n, err);
	if (r == 0 && n == 0)
		return sk_err_set(err, -ENOENT, "sid", "there is no signature %" PRIu64 " in use",
			"シグネチャ %" PRIu64 " は使用されていません", sid);
	return r;
}

/* ---- profile ----------------------------------------------------------------------------------
 */
int mg_h_ips_profile_set(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch = {.kind = MG_CH_SETTING, .name = "ips.profile"};

	ch.value = json_string(mg_arg_str(c, "name"));
	return ch.value ? mg_h_change_request(c, &ch, mg_arg_str(c, "purpose"), err)
			: sk_err_nomem(err);
}

/* ---- trial ------------------------------------------------------------------------------------
 */
struct trial {
	struct mg_call *c;
	size_t n;
};

static int give_trial(const struct mg_alert_sum *s, void *arg)
{
	struct trial *t = arg;

	t->n++;
	return mg_reply_row(t->c,
		json_pack("{s:I, s:I, s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:I}", "gid",
			(json_int_t)s->gid, "sid", (json_int_t)s->sid, "msg", s->msg, "class",
			s->class, "severity", (json_int_t)s->severity, "count",
			(json_int_t)s->count, "sources", (json_int_t)s->peers, "hosts", s->hosts,
			"first", (json_int_t)(s->first / 1000000), "last",
			(json_int_t)(s->last / 1000000)));
}

/* Without a period: since the set in use was imported. */
static int trial_from(struct mg_call *c, struct mg_alert_filter *f, struct sk_err *err)
{
	int64_t from = 0, to = c->now + 1;
	struct mg_set set = {0};
	int r = 0;

	if (mg_arg_has(c, "period") || mg_arg_has(c, "from") || mg_arg_has(c, "to"))
		r = mg_h_period(c, &from, &to, err);
	else if (mg_set_get(mg_h_store(c), 0, &set, NULL) == 0)
		from = set.imported_at;
	mg_set_done(&set);
	f->from = from * 1000000;
	f->to = to * 1000000;
	return r;
}

int mg_h_ips_trial(struct mg_call *c, struct sk_err *err)
{
	struct mg_alert_filter f = {
		.decision = "would_drop", .limit = (size_t)mg_arg_uint(c, "limit")};
	struct trial t = {.c = c};
	int r = trial_from(c, &f, err);

	if (r == 0)
		r = mg_alert_sums(
			mg_daemon_events_dir(c->d), &f, MG_ALERT_BY_RULE, give_trial, &t, err);
	if (r == -EUCLEAN)
		return mg_reply_note(c, "%s", "%s", sk_err_text(err, c->lang));
	if (r == 0 && !t.n)
		r = mg_reply_note(c, "the trial would have blocked nothing",
			"試行中のシグネチャで遮断の対象となった通信はありません");
	return r;
}

/* ---- status -----------------------------------------------------------------------------------
 */
static int count_one(const struct mg_record *x, void *arg)
{
	int64_t *n = arg;

	n[0] += sk_streq(x->state, "active");
	n[1] += sk_streq(x->state, "requested");
	return 0;
}

/* Those of this import, and those of earlier ones whose trial is not over. */
static void add_trial(struct mg_call *c, json_t *v, const struct mg_set *set)
{
	int64_t until = 0, n = 0;

	for (size_t i = 0; i < json_array_size(set->files); i++) {
		const json_t *f = json_array_get(set->files, i);
		int64_t t = json_integer_value(json_object_get(f, "monitor_until"));

		if (t <= c->now)
			continue;
		until = SK_MAX(until, t);
		n += json_integer_value(json_object_get(f, "rules"));
	}
	if (!n)
		return;
	json_object_set_new(v, "trial_until", json_integer(until));
	json_object_set_new(v, "trial_signatures", json_integer(n));
}

static int add_registry(struct mg_call *c, json_t *v, struct sk_err *err)
{
	static const char *const settings[][2] = {{"inspection", "inspection.mode"},
		{"fail_mode", "inspection.fail"}, {"profile", "ips.profile"}};
	int64_t n[2] = {0};
	const struct mg_record_filter all = {.fn = count_one, .arg = n};
	struct mg_set set;
	char text[32];
	int r = mg_record_each(&mg_exception_kind, mg_h_store(c), &all, err);

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(settings); i++) {
		r = mg_setting_get(mg_h_store(c), settings[i][1], text, sizeof(text));
		json_object_set_new(v, settings[i][0], json_string(text));
	}
	if (r < 0)
		return r;
	json_object_set_new(v, "exceptions", json_integer(n[0]));
	json_object_set_new(v, "exceptions_waiting", json_integer(n[1]));
	r = mg_set_get(mg_h_store(c), 0, &set, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	json_object_set_new(v, "rule_set",
		json_pack("{s:I, s:s, s:I}", "version", (json_int_t)set.version, "name", set.name,
			"imported_at", (json_int_t)set.imported_at));
	add_trial(c, v, &set);
	mg_set_done(&set);
	return 0;
}

static void add_engine(struct mg_call *c, json_t *v)
{
	static const char *const keys[] = {"state", "tally", "started", "version"};
	_cleanup_(sk_json_decrefp) json_t *s = NULL;
	struct sk_err e = {0};
	json_t *list = json_array();
	const json_t *workers;

	if (mg_daemon_ips_call(c->d, "status", NULL, NULL, NULL, &s, &e) < 0) {
		json_object_set_new(v, "state", json_string("unreachable_ips"));
		json_decref(list);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(s, keys[i]))
			json_object_set(v, keys[i], json_object_get(s, keys[i]));
	workers = json_object_get(s, "workers");
	for (size_t i = 0; i < json_array_size(workers); i++) {
		static const char *const some[] = {"queue", "packets", "bytes", "dropped",
			"bypassed", "own_packets", "alerts", "flows", "pressure", "overruns"};
		const json_t *w = json_array_get(workers, i);
		json_t *one = json_object();

		for (size_t k = 0; one && k < SK_ARRAY_SIZE(some); k++)
			if (json_object_get(w, some[k]))
				json_object_set(one, some[k], json_object_get(w, some[k]));
		json_array_append_new(list, one);
	}
	json_object_set_new(v, "workers", list);
}

static void add_alerts(struct mg_call *c, json_t *v)
{
	struct mg_events *e = mg_daemon_events(c->d);
	struct mg_events_stat s;

	if (!e || mg_events_stat(e, c->now, &s, NULL) < 0)
		return;
	json_object_set_new(v, "alerts_today", json_integer((json_int_t)s.alerts_today));
	json_object_set_new(v, "ips_blocked_today", json_integer((json_int_t)s.ips_drops_today));
	if (s.pcaps_left_out)
		json_object_set_new(
			v, "pcaps_left_out", json_integer((json_int_t)s.pcaps_left_out));
}

int mg_h_ips_status(struct mg_call *c, struct sk_err *err)
{
	json_t *v = json_object();
	const json_t *why;
	int r = v ? add_registry(c, v, err) : sk_err_nomem(err);

	if (r < 0) {
		json_decref(v);
		return r;
	}
	add_engine(c, v);
	mg_inspect_status(c->d, v);
	why = json_object_get(v, c->lang == SK_JA ? "refused_ja" : "refused_en");
	if (why)
		json_object_set(v, "refused_why", (json_t *)why);
	json_object_del(v, "refused_ja");
	json_object_del(v, "refused_en");
	add_alerts(c, v);
	return mg_reply_record(c, v);
}
