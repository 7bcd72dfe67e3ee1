// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * status: one page about the gateway and what waits for whom. Answered by the daemon itself,
 * quickly, also when fwd is away. connections.list passes fwd's list on.
 */
#include <errno.h>
#include <string.h>

#include "fw/registry/svc.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/admission.h"
#include "mgmt/mgmtd/backup.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/notifier.h"
#include "mgmt/mgmtd/peer.h"
#include "mgmt/store/allow.h"
#include "mgmt/mgmtd/services.h"
#include "mgmt/mgmtd/switches.h"
#include "mgmt/mgmtd/trial.h"
#include "mgmt/mgmtd/update.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/devices.h"
#include "mgmt/store/reviews.h"
#include "mgmt/store/rules.h"

#define FW_STATUS_MS 1000
#define COUNTS_S 60

static void set_int(json_t *v, const char *key, int64_t n)
{
	json_object_set_new(v, key, json_integer(n));
}

static void warn(json_t *v, const char *text)
{
	json_t *list = json_object_get(v, "warnings");

	if (!list) {
		list = json_array();
		json_object_set_new(v, "warnings", list);
	}
	json_array_append_new(list, json_string(text));
}

static void warn_text(struct mg_call *c, json_t *v, const struct sk_text *t)
{
	warn(v, sk_text(t, c->lang));
}

/* ---- fwd --------------------------------------------------------------------------------------
 */
static void copy(json_t *dst, const json_t *src, const char *const *keys)
{
	for (size_t i = 0; keys[i]; i++) {
		json_t *one = json_object_get(src, keys[i]);

		if (one)
			json_object_set(dst, keys[i], one);
	}
}

static void add_fwd_state(struct mg_call *c, json_t *v, const json_t *s)
{
	static const char *const plain[] = {"generation", "state", "confirm_deadline", "rules",
		"owner", "loaded_from", "drift_count", "last_drift", "foreign", NULL};
	static const char *const lost[] = {"spooled", "folded", "lost_kernel", "lost_spool", NULL};
	static const struct sk_text not_owner = {
		"this kernel lets other root processes change the firewall's table; changes are "
		"detected and undone",
		"このカーネルでは他の root "
		"プロセスがファイアウォールの表を変更できます(検知して元に戻します)"};
	const json_t *confirmed = json_object_get(s, "confirmed");
	const char *version = json_string_value(json_object_get(s, "version"));
	const json_t *list = json_object_get(s, "warnings");

	copy(v, s, plain);
	copy(v, json_object_get(s, "events"), lost);
	set_int(v, "confirmed_generation",
		json_integer_value(json_object_get(confirmed, "generation")));
	json_object_set_new(v, "fwd",
		json_string(sk_streq(version, SK_VERSION) ? "reachable" : "incompatible"));
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)))
			warn(v, json_string_value(json_array_get(list, i)));
	if (json_is_false(json_object_get(s, "owner")))
		warn_text(c, v, &not_owner);
}

static void add_fwd(struct mg_call *c, json_t *v)
{
	static const struct sk_text down = {
		"sekisho-fwd cannot be reached: the kernel keeps filtering, but nothing can be "
		"applied and no events arrive",
		"sekisho-fwd "
		"に接続できません。フィルタリングは続いていますが、適用と事象の記録ができません"};
	_cleanup_(sk_json_decrefp) json_t *s = NULL;
	struct sk_err err = {0};

	/* While its connection is being tried again, every call would wait for it. */
	if (mg_fw_call_ms(c->d, "status", json_object(), -1, FW_STATUS_MS, NULL, NULL, &s, &err) ==
		0) {
		add_fwd_state(c, v, s);
		return;
	}
	json_object_set_new(v, "state", json_string("unreachable"));
	json_object_set_new(v, "fwd", json_string("unreachable"));
	warn_text(c, v, &down);
}

/* ---- registry ---------------------------------------------------------------------------------
 */
struct counting {
	struct mg_counts *n;
	int64_t now, soon;
};

static int count_rule(const struct mg_rule_row *row, void *arg)
{
	const struct fw_rule *r = &row->rev->rule;
	struct counting *c = arg;

	c->n->by_state[r->state]++;
	if (r->state == FW_REQUESTED || sk_streq(row->pending_state, "requested"))
		c->n->pending++;
	if (r->state == FW_ACTIVE && r->expiry > c->now && r->expiry <= c->soon)
		c->n->expiring++;
	return 0;
}

static int count_change(const struct mg_change *ch, void *arg)
{
	(*(int64_t *)arg)++;
	return 0;
}

/* Over ten thousand rules this takes a tenth of a second, so it is kept for a while. */
static int count(struct mg_call *c, struct sk_err *err)
{
	struct mg_rule_filter all = {.all = true};
	struct mg_change_filter changes = {.state = MG_CHS_REQUESTED, .kind = MG_CH_KINDS};
	int days = (int)mg_setting_int(c->d->store, "rule.expiring_days");
	struct mg_counts fresh = {.at = c->now};
	struct counting n = {.n = &fresh, .now = c->now, .soon = sk_day_add(c->now, days)};
	int r;

	if (c->d->counts.at && c->now >= c->d->counts.at && c->now - c->d->counts.at < COUNTS_S)
		return 0;
	r = mg_rule_each(c->d->store, &all, count_rule, &n, err);
	if (!r)
		r = mg_change_each(c->d->store, &changes, count_change, &fresh.pending, err);
	if (!r)
		c->d->counts = fresh;
	return r;
}

static int add_rules(struct mg_call *c, json_t *v, struct sk_err *err)
{
	const struct mg_counts *n = &c->d->counts;
	struct mg_waiting w = {0};
	json_t *states = json_object();
	int r = count(c, err);

	if (!r)
		r = mg_generation_waiting(c->d->store, &w, err);
	for (int i = 0; i < FW_STATES; i++)
		if (n->by_state[i])
			set_int(states, fw_state_name((enum fw_state)i), n->by_state[i]);
	json_object_set_new(v, "rules_by_state", states);
	set_int(v, "approvals_waiting", n->pending);
	set_int(v, "expiring", n->expiring);
	set_int(v, "waiting", w.rules + w.removals + w.changes);
	return r;
}

static int add_review(struct mg_call *c, json_t *v, struct sk_err *err)
{
	static const struct sk_text overdue = {"the yearly review of the rules is overdue",
		"ルールの棚卸し(年 1 回)の期限を過ぎています"};
	struct mg_review_status s = {0};
	int r = mg_store_review_status(c->d->store, c->now, &s, err);

	if (r < 0)
		return r;
	if (s.open_review) {
		set_int(v, "review_open", s.open_review);
		set_int(v, "review_items_open", s.open_items);
		set_int(v, "review_due", s.due);
	}
	if (s.last_finished)
		set_int(v, "review_last", s.last_finished);
	json_object_set_new(v, "review_overdue", json_boolean(s.overdue));
	if (s.overdue)
		warn_text(c, v, &overdue);
	return 0;
}

static int last_audit(const json_t *row, void *arg)
{
	*(int64_t *)arg = json_integer_value(json_object_get(row, "seq"));
	return 0;
}

static int add_audit(struct mg_call *c, json_t *v, struct sk_err *err)
{
	struct mg_audit_filter f = {.limit = 1};
	int64_t seq = 0;
	int r = mg_audit_each(c->d->store, &f, last_audit, &seq, err);

	set_int(v, "audit_rows", seq);
	return r;
}

/* ---- events -----------------------------------------------------------------------------------
 */
static void add_events(struct mg_call *c, json_t *v)
{
	static const struct sk_text full = {
		"the disk will be full before the retention of the logs is over",
		"ログの保存期間が終わる前にディスクが満杯になります"};
	static const struct sk_text broken = {
		"the event store cannot be read", "事象の保存先を読み取れません"};
	struct mg_events_stat s = {0};
	struct sk_err err = {0};

	if (!c->d->events || mg_events_stat(c->d->events, c->now, &s, &err) < 0) {
		warn_text(c, v, &broken);
		return;
	}
	set_int(v, "events_today", (int64_t)s.events_today);
	set_int(v, "drops_today", (int64_t)s.drops_today);
	set_int(v, "lost", (int64_t)s.lost_total);
	set_int(v, "retention_days", c->d->retention_days);
	set_int(v, "bytes", (int64_t)s.bytes);
	set_int(v, "disk_free", (int64_t)s.disk_free);
	if (s.oldest)
		set_int(v, "oldest", s.oldest);
	if (s.full_at) {
		set_int(v, "full_at", s.full_at);
		warn_text(c, v, &full);
	}
}

static void add_notification(struct mg_call *c, json_t *v)
{
	static const struct sk_text failing = {
		"notifications cannot be sent (see notification below)",
		"通知を送信できません (「通知」の項を参照)"};
	const json_t *n;
	const char *why;

	mg_notifier_status(c->d, v);
	n = json_object_get(v, "notification");
	why = json_string_value(json_object_get(n, "error"));
	if (n &&
		((why && why[0]) ||
			sk_streq(json_string_value(json_object_get(n, "state")), "failed")))
		warn_text(c, v, &failing);
}

struct feeds {
	int64_t used, blocking, failing;
};

static int count_feed(const struct mg_feed *f, void *arg)
{
	struct feeds *n = arg;

	if (!f->enabled || sk_streq(f->name, MG_FEED_LOCAL))
		return 0;
	n->used++;
	n->blocking += f->block;
	n->failing += sk_streq(f->result, "refused") || sk_streq(f->result, "unreachable");
	return 0;
}

static int count_waiting(const struct mg_record *x, void *arg)
{
	++*(int64_t *)arg;
	return 0;
}

static int add_blocklists(struct mg_call *c, json_t *v, struct sk_err *err)
{
	static const struct sk_text failing = {
		"a blocklist could not be fetched or was refused (see: blocklist list)",
		"取得できない、または取り込みを見送った不正サイト一覧があります (blocklist list "
		"で確認)"};
	static const struct sk_text refused = {
		"the blocklists as a whole are not in use (see blocklist below)",
		"不正サイト一覧が反映されていません (「不正サイト一覧」の項を参照)"};
	int64_t waiting = 0;
	const struct mg_record_filter asked = {
		.state = "requested", .fn = count_waiting, .arg = &waiting};
	struct feeds n = {0};
	json_t *b = json_object();
	int r = mg_feed_each(c->d->store, false, count_feed, &n, err);

	if (r == 0)
		r = mg_record_each(&mg_allow_kind, c->d->store, &asked, err);
	set_int(b, "feeds", n.used);
	set_int(b, "feeds_blocking", n.blocking);
	if (n.failing) {
		set_int(b, "feeds_failing", n.failing);
		warn_text(c, v, &failing);
	}
	if (waiting)
		set_int(b, "allow_waiting", waiting);
	mg_lists_status(c->d, b);
	if (json_object_get(b, "error"))
		warn_text(c, v, &refused);
	json_object_set_new(v, "blocklist", b);
	return r;
}

/* ---- admission --------------------------------------------------------------------------------
 */
struct devices {
	int64_t active, waiting, expiring, quarantined, soon;
};

static int count_device(const struct mg_record *x, void *arg)
{
	struct devices *n = arg;

	n->waiting += sk_streq(x->state, "requested");
	n->quarantined += sk_streq(x->state, "quarantined");
	if (!sk_streq(x->state, "active"))
		return 0;
	n->active++;
	n->expiring += x->expiry <= n->soon;
	return 0;
}

static int count_item(const char *name, const json_t *value, void *arg)
{
	++*(int64_t *)arg;
	return 0;
}

static int count_devices(struct mg_call *c, struct devices *n, struct sk_err *err)
{
	static const char *const states[] = {"active", "quarantined", "requested"};
	struct mg_record_filter f = {.fn = count_device, .arg = n};
	int r = 0;

	n->soon = c->now + mg_setting_int(c->d->store, "rule.expiring_days") * 86400;
	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(states); i++) {
		f.state = states[i];
		r = mg_record_each(&mg_device_kind, c->d->store, &f, err);
	}
	return r;
}

static int add_admission(struct mg_call *c, json_t *v, struct sk_err *err)
{
	static const struct sk_text away = {
		"the admission daemon is not reachable: the ports keep what they have",
		"接続許可デーモンに接続できません。ポートは現在の状態を保っています"};
	static const struct sk_text refused = {
		"the admission document is not in use (see: nac status)",
		"端末の接続許可が反映されていません (nac status で確認)"};
	struct devices n = {0};
	int64_t ports = 0;
	const char *state;
	json_t *a = json_object();
	int r = count_devices(c, &n, err);

	if (r == 0)
		r = mg_item_each(c->d->store, MG_ITEM_PORT, count_item, &ports, err);
	/* Where nobody uses it, it is no news. */
	if (r < 0 || (!ports && !n.active && !n.waiting && !n.quarantined)) {
		json_decref(a);
		return r;
	}
	mg_admission_status(c->d, a);
	state = json_string_value(json_object_get(a, "document_state"));
	if (ports && sk_streq(state, "unreachable"))
		warn_text(c, v, &away);
	if (sk_streq(state, "refused"))
		warn_text(c, v, &refused);
	json_object_del(a, "refused_en");
	json_object_del(a, "refused_ja");
	set_int(a, "ports_admitting", ports);
	set_int(a, "devices_active", n.active);
	set_int(a, "devices_waiting", n.waiting);
	set_int(a, "devices_expiring", n.expiring);
	set_int(a, "devices_quarantined", n.quarantined);
	json_object_set_new(v, "admission", a);
	return 0;
}

int mg_h_status(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = json_object();
	char site[128] = "";
	int r;

	if (!v)
		return sk_err_nomem(err);
	mg_setting_get(c->d->store, "site.name", site, sizeof(site));
	if (site[0])
		json_object_set_new(v, "site", json_string(site));
	json_object_set_new(v, "version", json_string(SK_VERSION));
	set_int(v, "started", c->d->started);
	add_fwd(c, v);
	if ((r = add_rules(c, v, err)) < 0 || (r = add_review(c, v, err)) < 0 ||
		(r = add_audit(c, v, err)) < 0 || (r = add_blocklists(c, v, err)) < 0 ||
		(r = add_admission(c, v, err)) < 0)
		return r;
	add_events(c, v);
	add_notification(c, v);
	mg_switches_status(c, v);
	mg_services_status(c, v, warn);
	mg_backup_status(c, v, warn);
	mg_trial_status(c, v, warn_text);
	mg_update_status(c, v, warn_text);
	return mg_reply_record(c, json_incref(v));
}

/* ---- connections ------------------------------------------------------------------------------
 */
static int pass_rows(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows");
	struct mg_call *c = arg;
	int r = 0;

	for (size_t i = 0; !r && i < json_array_size(rows); i++) {
		json_t *row = json_array_get(rows, i);
		const json_t *proto = json_object_get(row, "proto");
		const char *name = json_is_integer(proto)
			? fw_proto_name((uint8_t)json_integer_value(proto))
			: NULL;

		if (name)
			json_object_set_new(row, "proto", json_string(name));
		r = mg_reply_row(c, json_incref(row));
	}
	return r;
}

int mg_h_connections_list(struct mg_call *c, struct sk_err *err)
{
	uint64_t limit = mg_arg_has(c, "limit") ? mg_arg_uint(c, "limit") : 1000;

	return mg_daemon_fw_stream(c->d, "ct.list",
		json_pack("{s:I, s:I}", "number", (json_int_t)mg_arg_uint(c, "number"), "limit",
			(json_int_t)limit),
		-1, pass_rows, c, err);
}
