// SPDX-License-Identifier: GPL-2.0-or-later
/* Blocklists as people see them: state, history, what is done with an address or a name. */
#include "mgmt/mgmtd/h_blocklist.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"
#include "mgmt/store/allow.h"

bool mg_h_inspecting(struct mg_call *c)
{
	char mode[16] = "";

	mg_setting_get(mg_h_store(c), "inspection.mode", mode, sizeof(mode));
	return sk_streq(mode, "on");
}

int mg_h_note_inspection(struct mg_call *c)
{
	if (mg_h_inspecting(c))
		return 0;
	return mg_reply_note(c,
		"names, URLs and fingerprints are not looked at: the inspection is off "
		"(inspection.mode)",
		"検査エンジンが無効 (inspection.mode) のため、ドメイン名・URL・フィンガープリントは"
		"検査されません");
}

/* ---- rows -------------------------------------------------------------------------------------
 */
static void set_text(json_t *v, const char *key, const char *text)
{
	if (text && text[0])
		json_object_set_new(v, key, json_string(text));
}

static void add_definition(struct mg_call *c, const struct mg_feed *f, json_t *v)
{
	static const struct sk_text own = {
		"what this site itself blocks (blocklist entry)", "本装置に登録した遮断対象"};
	struct mg_feed_def def;

	if (sk_streq(f->name, MG_FEED_LOCAL)) {
		set_text(v, "title", sk_text(&own, c->lang));
		set_text(v, "kind", "mixed");
		return;
	}
	if (mg_feed_def_parse(&def, f->definition, NULL) == 0) {
		set_text(v, "title", sk_text(&def.title, c->lang));
		set_text(v, "kind", def.kind);
		set_text(v, "companies", mg_feed_companies_name(def.licence.companies));
		if (def.licence.note.en)
			set_text(v, "licence", sk_text(&def.licence.note, c->lang));
	}
	mg_feed_def_done(&def);
}

static int count_entry(const struct mg_entry *e, void *arg)
{
	++*(int64_t *)arg;
	return 0;
}

json_t *mg_h_feed_row(struct mg_call *c, const struct mg_feed *f)
{
	bool local = sk_streq(f->name, MG_FEED_LOCAL);
	bool now = f->month == mg_lists_month(c->now);
	int64_t entries = f->entries;
	json_t *v;

	if (local)
		entries = 0;
	if (local && mg_entry_each(mg_h_store(c), false, count_entry, &entries, NULL) < 0)
		return NULL;
	v = json_pack("{ss ss sI sI sI}", "name", f->name, "mode",
		!f->enabled        ? "off"
			: f->block ? "block"
				   : "monitor",
		"entries", (json_int_t)entries, "blocked_month", (json_int_t)(now ? f->hits : 0),
		"would_month", (json_int_t)(now ? f->would : 0));
	if (!v)
		return NULL;
	add_definition(c, f, v);
	if (f->fetched)
		json_object_set_new(v, "fetched", json_integer(f->fetched));
	if (!local)
		set_text(v, "result", f->result);
	if (f->enabled && !local && !mg_lists_is_upload(c->d, f->definition))
		json_object_set_new(v, "next", json_integer(SK_MAX(f->next, c->now)));
	set_text(v, "why", c->lang == SK_JA ? f->why_ja : f->why_en);
	return v;
}

struct listing {
	struct mg_call *c;
	bool all, names;
	size_t hidden;
};

static int list_one(const struct mg_feed *f, void *arg)
{
	struct listing *l = arg;
	json_t *v;

	if (!f->enabled && !l->all) {
		l->hidden++;
		return 0;
	}
	v = mg_h_feed_row(l->c, f);
	if (v && f->enabled && f->entries &&
		!sk_streq(json_string_value(json_object_get(v, "kind")), "address"))
		l->names = true;
	/* What its licence says matters where somebody chooses. */
	if (v && !l->all)
		json_object_del(v, "companies");
	return v ? mg_reply_row(l->c, v) : -ENOMEM;
}

int mg_h_blocklist_list(struct mg_call *c, struct sk_err *err)
{
	struct listing l = {.c = c, .all = mg_arg_flag(c, "all")};
	int r;

	mg_lists_flush(c->d, c->now);
	r = mg_feed_each(mg_h_store(c), false, list_one, &l, err);
	if (r == 0 && l.hidden)
		r = mg_reply_note(c, "%zu more are not in use: blocklist list --all",
			"ほかに使用していない一覧が %zu 件あります: blocklist list --all",
			l.hidden);
	if (r == 0 && l.names)
		r = mg_h_note_inspection(c);
	return r;
}

int mg_h_blocklist_show(struct mg_call *c, struct sk_err *err)
{
	struct mg_feed f;
	json_t *v;
	int r;

	mg_lists_flush(c->d, c->now);
	r = mg_feed_get(mg_h_store(c), mg_arg_str(c, "name"), &f, err);
	if (r < 0)
		return r;
	v = mg_h_feed_row(c, &f);
	if (v) {
		json_object_set_new(v, "mode_since", json_integer(f.mode_since));
		json_object_set_new(v, "added_by", json_string(f.added_by));
		json_object_set(v, "definition", f.definition);
		if (f.tried)
			json_object_set_new(v, "tried", json_integer(f.tried));
		if (f.failures)
			json_object_set_new(v, "failures", json_integer(f.failures));
		if (f.staged[0])
			json_object_set_new(
				v, "waits", json_sprintf("blocklist update %s --accept", f.name));
		if (f.sha256[0])
			json_object_set_new(v, "sha256", json_string(f.sha256));
	}
	mg_feed_done(&f);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

/* ---- history ----------------------------------------------------------------------------------
 */
static int history_one(json_t *row, void *arg)
{
	struct mg_call *c = arg;
	const char *lang = c->lang == SK_JA ? "ja" : "en";
	const json_t *list = json_object_get(row, "examples");
	json_t *why = json_object_get(row, c->lang == SK_JA ? "why_ja" : "why_en");
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *x = json_array_get(list, i);
		const char *value = json_string_value(json_object_get(x, "value"));
		const char *fault = json_string_value(json_object_get(x, lang));

		sk_buf_printf(
			&b, "%s%s (%s)", i ? ", " : "", value ? value : "", fault ? fault : "");
	}
	if (why && json_string_length(why))
		json_object_set(row, "why", why);
	json_object_del(row, "why_en");
	json_object_del(row, "why_ja");
	json_object_del(row, "examples");
	set_text(row, "examples", sk_buf_str(&b));
	sk_buf_done(&b);
	return mg_reply_row(c, json_incref(row));
}

int mg_h_blocklist_history(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	int64_t limit = mg_arg_has(c, "limit") ? (int64_t)mg_arg_uint(c, "limit") : 50;
	struct mg_feed f;
	int r = mg_feed_get(mg_h_store(c), name, &f, err);

	if (r < 0)
		return r;
	mg_feed_done(&f);
	return mg_feed_log_each(mg_h_store(c), name, limit, history_one, c, err);
}

/* ---- test -------------------------------------------------------------------------------------
 */
static int give(struct mg_call *c, const char *where, const json_t *end, const struct sk_err *why)
{
	static const char *const keys[] = {"verdict", "feed", "entry"};
	json_t *v = json_pack("{ss}", "where", where);

	for (size_t i = 0; end && i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(end, keys[i]) && !json_is_null(json_object_get(end, keys[i])))
			json_object_set(v, keys[i], json_object_get(end, keys[i]));
	if (!end) {
		json_object_set_new(v, "verdict", json_string("unknown"));
		mg_reply_note(c, "%s%.0s", "%.0s%s", why->en, why->ja[0] ? why->ja : why->en);
	}
	return mg_reply_row(c, v);
}

int mg_h_blocklist_test(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *fw = NULL, *ips = NULL;
	unsigned __int128 lo = 0, hi = 0;
	char value[SK_BL_VALUE_MAX + 1];
	enum sk_bl_kind kind;
	struct sk_err why = {0};
	int r = mg_bl_typed(mg_arg_str(c, "kind"), mg_arg_str(c, "value"), &kind, value, err);

	if (r < 0)
		return r;
	if (sk_bl_range(kind, value, strlen(value), &lo, &hi) == 0) {
		if (lo != hi)
			return sk_err_set(err, -EINVAL, "value",
				"is a network: give one address of it",
				"はネットワークです。アドレスを 1 つ指定してください");
		mg_daemon_fw_call(
			c->d, "blocklist.test", json_pack("{ss}", "address", value), -1, &fw, &why);
		r = give(c, "firewall", fw, &why);
		return r < 0 || !json_is_false(json_object_get(fw, "enabled"))
			? r
			: mg_reply_note(c, "the blocklists are switched off (blocklist.enabled)",
				  "不正サイト一覧は無効です (blocklist.enabled)");
	}
	mg_daemon_ips_call(c->d, "lists.test",
		json_pack("{ss ss}", "value", value, "kind", sk_bl_kind_name(kind)), NULL, NULL,
		&ips, &why);
	r = give(c, "inspection", ips, &why);
	return r < 0 ? r : mg_h_note_inspection(c);
}
