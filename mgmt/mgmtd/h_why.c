// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * why: all that is known of an address, a name or a URL: which blocklists have it and since when,
 * what the gateway does with it, which devices of ours were in touch with it, how to ask for an
 * exception. Runs in a forked reader; what a daemon cannot say is said to be unknown.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fw/policy/explain.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/contacts/contacts.h"
#include "mgmt/geo/geo.h"
#include "mgmt/mgmtd/h_blocklist.h"
#include "mgmt/mgmtd/h_device.h"
#include "mgmt/mgmtd/why_registry.h"
#include "mgmt/report/report.h"
#include "mgmt/store/feeds.h"
#include "mgmt/why/lists.h"

#define DAY 86400
#define NEAR_MAX 20
#define ROWS_MAX 50
#define RULES_MAX 10
#define LISTS_DIR "lists" /* in the state directory */

/* The order says which of two answers counts. */
enum verdict { UNKNOWN, NONE, OFF, ALLOWED, MONITOR, BLOCK };
static const char *const verdicts[] = {
	[UNKNOWN] = "unknown",
	[NONE] = "none",
	[OFF] = "off",
	[ALLOWED] = "allowed",
	[MONITOR] = "monitor",
	[BLOCK] = "block",
};

struct why {
	struct mg_call *c;
	struct mg_subject s;
	char address[INET6_ADDRSTRLEN]; /* empty: it is none, and leads to none */
	json_t *record;
	enum verdict verdict;
	char feed[SK_BL_NAME_MAX], entry[SK_BL_VALUE_MAX + 1];
	bool guarded;
	size_t listed;
};

static void set(struct why *w, const char *key, json_t *v)
{
	json_object_set_new(w->record, key, v);
}

static void append(struct why *w, const char *key, json_t *row)
{
	json_t *list = json_object_get(w->record, key);

	if (!list) {
		list = json_array();
		set(w, key, list);
	}
	json_array_append_new(list, row);
}

/* ---- what the gateway does with it ------------------------------------------------------------
 */
static enum verdict verdict_of(const char *name)
{
	for (size_t i = 0; name && i < SK_ARRAY_SIZE(verdicts); i++)
		if (strcmp(verdicts[i], name) == 0)
			return (enum verdict)i;
	return UNKNOWN;
}

/* A daemon's END: {verdict, feed, entry}. key: under which it stands in the record; off: what it
 * says is not put into practice. */
static void take_answer(struct why *w, const char *key, const json_t *end, bool off)
{
	const char *feed = json_string_value(json_object_get(end, "feed"));
	const char *entry = json_string_value(json_object_get(end, "entry"));
	enum verdict v = verdict_of(json_string_value(json_object_get(end, "verdict")));

	if (off && (v == BLOCK || v == MONITOR))
		v = OFF;
	/* The stronger of two answers of one daemon stands. */
	if (json_object_get(w->record, key) && v <= w->verdict)
		return;
	set(w, key,
		json_pack(
			"{s:s, s:s*, s:s*}", "verdict", verdicts[v], "feed", feed, "entry", entry));
	if (v <= w->verdict)
		return;
	w->verdict = v;
	snprintf(w->feed, sizeof(w->feed), "%s", feed ? feed : "");
	snprintf(w->entry, sizeof(w->entry), "%s", entry ? entry : "");
}

/* Away, or older than blocklists: everything else is answered all the same. */
static int no_answer(struct why *w, const char *key, int r, const struct sk_err *err)
{
	set(w, key, json_pack("{s:s}", "verdict", verdicts[UNKNOWN]));
	if (r == -EOPNOTSUPP)
		return mg_reply_note(w->c,
			strcmp(key, "firewall") ? "the inspection does not know blocklists yet"
						: "the firewall does not know blocklists yet",
			strcmp(key, "firewall")
				? "検査エンジンは不正サイト一覧に対応していません"
				: "ファイアウォールは不正サイト一覧に対応していません");
	return mg_reply_note(w->c, "%s", "%s", sk_err_text(err, w->c->lang));
}

static int ask_firewall(struct why *w)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	struct sk_err err = {0};
	int r;

	if (!w->address[0])
		return 0;
	r = mg_daemon_fw_call(w->c->d, "blocklist.test", json_pack("{s:s}", "address", w->address),
		-1, &end, &err);
	if (r < 0)
		return no_answer(w, "firewall", r, &err);
	take_answer(w, "firewall", end, json_is_false(json_object_get(end, "enabled")));
	return 0;
}

static int lists_test(struct why *w, const char *value, enum sk_bl_kind kind, json_t **ret_end,
	struct sk_err *err)
{
	return mg_daemon_ips_call(w->c->d, "lists.test",
		json_pack("{s:s, s:s}", "value", value, "kind", sk_bl_kind_name(kind)), NULL, NULL,
		ret_end, err);
}

static int ask_inspection(struct why *w)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL, *host = NULL;
	const bool address = w->s.kind == SK_BL_ADDR4 || w->s.kind == SK_BL_ADDR6;
	const bool off = !mg_h_inspecting(w->c);
	struct sk_err err = {0};
	int r;

	if (address && !w->address[0])
		return 0;
	r = lists_test(w, w->s.value, w->s.kind, &end, &err);
	/* Of addresses it knows those it learned; the firewall knows them all. */
	if (r < 0)
		return address ? 0 : no_answer(w, "inspection", r, &err);
	take_answer(w, "inspection", end, off);
	/* A URL is held against URLs; where it leads to, against names. */
	if (w->s.kind == SK_BL_URL && w->s.host_len && w->s.host_kind == SK_BL_DOMAIN &&
		lists_test(w, w->s.host, SK_BL_DOMAIN, &host, &err) == 0)
		take_answer(w, "inspection", host, off);
	return 0;
}

/* ---- the guard --------------------------------------------------------------------------------
 */
static int on_guard(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows");
	struct why *w = arg;

	for (size_t i = 0; i < json_array_size(rows); i++) {
		const json_t *row = json_array_get(rows, i);
		const char *text = json_string_value(json_object_get(row, "address"));
		unsigned __int128 lo, hi;
		enum sk_bl_kind k = w->s.kind;

		if (!text || (k != SK_BL_ADDR4 && k != SK_BL_ADDR6) ||
			sk_bl_range(k, text, strlen(text), &lo, &hi) < 0 || w->s.lo > hi ||
			w->s.hi < lo)
			continue;
		w->guarded = true;
		append(w, "guard_blocks", json_deep_copy(row));
	}
	return 0;
}

static void ask_guard(struct why *w)
{
	if (w->address[0])
		mg_daemon_fw_stream(w->c->d, "guard.list", NULL, -1, on_guard, w, NULL);
}

/* ---- rules ------------------------------------------------------------------------------------
 */
static bool is_outside(const struct fw_policy *p, uint8_t zone)
{
	return zone < p->n_zones && p->zones[zone].kind == FW_ZONE_OUTSIDE;
}

/* Records by which ours may reach the address at all. */
static int find_rules(struct why *w, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	struct fw_ip ip;
	size_t n = 0;
	int r;

	if (!w->address[0] || fw_ip_parse(w->address, &ip, NULL) < 0)
		return 0;
	r = mg_store_build_policy(mg_h_store(w->c), MG_BUILD_ACTIVE, 0, w->c->now, &p, err);
	for (size_t i = 0; r == 0 && i < p->n_rules && n < RULES_MAX; i++) {
		const struct fw_policy_rule *rule = &p->rules[i];

		if ((rule->rec.kind != FW_ALLOW && rule->rec.kind != FW_DENY) ||
			!is_outside(p, rule->to) || !fw_addrs_has(&rule->match.dst, &ip))
			continue;
		append(w, "rules_to_it",
			json_pack("{s:I, s:s, s:s, s:s}", "number", (json_int_t)rule->rec.number,
				"kind", rule->rec.kind == FW_ALLOW ? "allow" : "deny", "from",
				fw_policy_zone_name(p, rule->from), "purpose",
				rule->rec.purpose ? rule->rec.purpose : ""));
		n++;
	}
	return r;
}

/* ---- lists ------------------------------------------------------------------------------------
 */
static int on_hit(const struct mg_why_hit *h, void *arg)
{
	struct why *w = arg;
	json_t *row;

	/* The registry has them, with who entered them, before their file is written. */
	if (h->covers && sk_streq(h->feed, MG_FEED_LOCAL))
		return 0;
	row = json_pack("{s:s}", "feed", h->feed);
	if (!row)
		return -ENOMEM;
	mg_why_feed(w->c, h->feed, row);
	json_object_update_new(row,
		json_pack("{s:s, s:s, s:I, s:s}", "kind", sk_bl_kind_name(h->kind), "entry",
			h->value, "since", (json_int_t)h->since, "note", h->note));
	if (!sk_streq(h->feed, MG_FEED_LOCAL))
		json_object_set_new(row, "fetched", json_integer(h->fetched));
	w->listed += h->covers;
	append(w, h->covers ? "listed" : "listed_near", row);
	return 0;
}

static int on_own(json_t *row, void *arg)
{
	struct why *w = arg;

	w->listed++;
	append(w, "listed", row);
	return 0;
}

static int on_allowed(json_t *row, void *arg)
{
	append(arg, "allow_list", row);
	return 0;
}

static int search_lists(struct why *w, struct sk_err *err)
{
	char dir[PATH_MAX];
	struct sk_buf bad;
	int r;

	snprintf(dir, sizeof(dir), "%s/" LISTS_DIR, mg_daemon_state_dir(w->c->d));
	sk_buf_init(&bad, 4096);
	r = mg_why_lists(dir, &w->s, NEAR_MAX, on_hit, w, &bad);
	if (r < 0)
		r = sk_err_set(err, r, NULL, "%s: %s", "%s: 読み込めません(%s)", dir, strerror(-r));
	else if (bad.len)
		r = mg_reply_note(w->c, "these lists could not be read: %s",
			"次の一覧は読み込めませんでした: %s", sk_buf_str(&bad));
	sk_buf_done(&bad);
	return r;
}

/* ---- our devices ------------------------------------------------------------------------------
 */
static int on_contact(const struct mg_contact *k, void *arg)
{
	append(arg, "contacts",
		json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "address", k->device, "contact",
			k->value, "count", (json_int_t)k->count, "days_seen", (json_int_t)k->days,
			"first_seen", (json_int_t)k->first, "last_seen", (json_int_t)k->last));
	return 0;
}

static int find_contacts(struct why *w, struct sk_err *err)
{
	struct sk_bl_entry e;

	mg_subject_entry(&w->s, &e);
	return mg_contacts_each(mg_daemon_contacts(w->c->d), &e, ROWS_MAX, on_contact, w, err);
}

static int on_blocked(const json_t *row, void *arg)
{
	static const char *const keys[][2] = {{"device", "device"}, {"address", "address"},
		{"count", "count"}, {"first", "first_seen"}, {"last", "last_seen"}};
	json_t *v = json_object();

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (json_object_get(row, keys[i][0]))
			json_object_set(v, keys[i][1], json_object_get(row, keys[i][0]));
	mg_h_device_name(mg_h_store(((struct why **)arg)[0]->c),
		json_string_value(json_object_get(v, "device")), v);
	append(((struct why **)arg)[0], ((const char **)arg)[1], v);
	return 0;
}

/* Blocked (or only reported) connections with it in the last 30 days, by device of ours. */
static int find_blocked(struct why *w, const char *type, const char *key, struct sk_err *err)
{
	const bool address = w->s.kind == SK_BL_ADDR4 || w->s.kind == SK_BL_ADDR6;
	struct mg_report_query q = {.event_type = type,
		.from = sk_day_add(w->c->now, -30),
		.to = w->c->now + 1,
		.by = MG_BY_DEVICE,
		.port = -1,
		.limit = ROWS_MAX,
		.destination = address ? w->s.value : NULL,
		.seen = address ? NULL : w->s.value,
		.monitored = sk_streq(type, "allow"),
		.lang = w->c->lang};
	const void *arg[2] = {w, key};
	int r;

	/* A range that is no prefix cannot be asked for; its entry can. */
	if (address && strchr(w->s.value, '-'))
		return 0;
	r = mg_report_run(mg_daemon_events_dir(w->c->d), &q, on_blocked, arg, err);
	return r == -EUCLEAN ? mg_reply_note(w->c, "%s", "%s", sk_err_text(err, w->c->lang)) : r;
}

/* ---- the answer in words ----------------------------------------------------------------------
 */
static const struct sk_text explanations[] = {
	[UNKNOWN] = {"what the gateway does with %s is not known now",
		"%s に対する動作は、現在確認できません"},
	[NONE] = {"no blocklist in use has %s", "%s は使用中の不正サイト一覧に登録されていません"},
	[OFF] = {"%s is on the blocklist %s (%s), but nothing stops it: the inspection "
		 "(inspection.mode) or the blocklists (blocklist.enabled) are switched off",
		"%s は不正サイト一覧 %s (%s) に登録されていますが、検査エンジン (inspection.mode) "
		"または不正サイト一覧 (blocklist.enabled) が無効のため遮断されません"},
	[ALLOWED] = {"%s is on the allow-list (%.0s%s): no blocklist blocks it",
		"%s は除外リスト (%.0s%s) により、不正サイト一覧では遮断されません"},
	[MONITOR] = {"%s is on the blocklist %s (%s), which only reports",
		"%s は不正サイト一覧 %s (%s) に登録されていますが、監視のみで遮断されません"},
	[BLOCK] = {"%s is blocked: on the blocklist %s (%s)",
		"%s は不正サイト一覧 %s (%s) に登録されているため遮断されます"},
};
static const struct sk_text guard_too = {"; the gateway also blocks it for a time (guard)",
	"。また、攻撃元として一時的に遮断中です"};

static void explain(struct why *w)
{
	enum sk_lang lang = w->c->lang;
	struct sk_buf b;

	sk_buf_init(&b, 8192);
	sk_buf_printf(&b, sk_text(&explanations[w->verdict], lang), w->s.value, w->feed, w->entry);
	if (w->guarded)
		sk_buf_puts(&b, sk_text(&guard_too, lang));
	set(w, "verdict", json_string(verdicts[w->verdict]));
	set(w, "explanation", json_string(sk_buf_str(&b)));
	sk_buf_done(&b);
}

/* The value as one word of a shell, whatever is in it: a URL may hold a quote. */
static void put_quoted(struct sk_buf *b, const char *s)
{
	sk_buf_putc(b, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			sk_buf_puts(b, "'\\'");
		sk_buf_putc(b, *s);
	}
	sk_buf_putc(b, '\'');
}

/* The command that asks for an exception, ready to be typed. */
static void put_exception(struct why *w)
{
	char value[SK_BL_VALUE_MAX + 2];
	struct sk_buf b;

	snprintf(value, sizeof(value), "%s%s", w->s.kind == SK_BL_SUFFIX ? "." : "", w->s.value);
	sk_buf_init(&b, 4 * sizeof(value));
	sk_buf_puts(&b, "sekisho blocklist allow request ");
	put_quoted(&b, value);
	sk_buf_puts(&b, " --purpose '…' --expiry yyyy-mm-dd");
	set(w, "exception", json_string(sk_buf_str(&b)));
	sk_buf_done(&b);
}

static void exceptions(struct why *w)
{

	if (w->verdict == BLOCK || w->verdict == MONITOR || (w->listed && w->verdict != ALLOWED))
		put_exception(w);
	if (w->guarded)
		set(w, "release", json_sprintf("sekisho guard release %s", w->address));
}

static void place(struct why *w)
{
	struct mg_geo *g = mg_geo_open(mg_daemon_geoip_dir(w->c->d));
	struct mg_geo_info info;

	if (mg_geo_look(g, w->address, w->c->lang, &info)) {
		mg_geo_row(g, w->address, w->record);
		if (info.name[0])
			set(w, "country_name", json_string(info.name));
	}
	mg_geo_close(g);
}

static int ask_all(struct why *w, struct sk_err *err)
{
	int r = ask_firewall(w);

	if (r == 0)
		r = ask_inspection(w);
	if (r == 0)
		ask_guard(w);
	if (r == 0)
		r = mg_why_entries(w->c, &w->s, on_own, w, err);
	if (r == 0)
		r = search_lists(w, err);
	if (r == 0)
		r = mg_why_allowed(w->c, &w->s, on_allowed, w, err);
	if (r == 0)
		r = find_rules(w, err);
	if (r == 0)
		r = find_contacts(w, err);
	if (r == 0)
		r = find_blocked(w, "drop", "blocked", err);
	if (r == 0)
		r = find_blocked(w, "allow", "monitored_devices", err);
	return r;
}

int mg_h_why(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_freep) struct why *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return sk_err_nomem(err);
	w->c = c;
	r = mg_subject_parse(&w->s, mg_arg_str(c, "subject"), err);
	if (r < 0)
		return r;
	mg_subject_address(&w->s, w->address);
	w->record =
		json_pack("{s:s, s:s}", "subject", w->s.value, "kind", sk_bl_kind_name(w->s.kind));
	if (!w->record)
		return sk_err_nomem(err);
	r = ask_all(w, err);
	if (r < 0) {
		json_decref(w->record);
		return r;
	}
	explain(w);
	exceptions(w);
	place(w);
	return mg_reply_record(c, w->record);
}
