// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices as commands: requested by one person, approved by another; quarantined and revoked at
 * once. The life of a record is h_record.c's.
 */
#include "mgmt/mgmtd/h_device.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/store/changes.h"
#include "nac/observe/mac.h"

static int take(struct mg_call *c, struct mg_record *rec, bool *ret_changes, struct sk_err *err)
{
	struct mg_device *x = (struct mg_device *)rec;

	/* Another revision has no quarantine of its own. */
	x->held_by[0] = x->held_reason[0] = '\0';
	x->held_at = 0;
	for (unsigned f = 0; f < MG_DEV_FIELDS; f++) {
		const char *name = mg_device_field_name(f);
		int r;

		if (!mg_arg_has(c, name))
			continue;
		*ret_changes = true;
		r = mg_device_set(&x->info, f, mg_arg_str(c, name), err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const struct mg_h_record h = {&mg_device_kind, NULL, take};

int mg_h_device_push(struct mg_call *c)
{
	struct sk_err err = {0};
	int r;

	if (c->dry_run)
		return 0;
	r = mg_daemon_admission(c->d, &err);
	if (r == 0)
		return mg_reply_note(c,
			"sekisho-nacd is not reachable: the gateway's ports follow when it is back",
			"sekisho-nacd に接続できません。本装置のポートには復旧後に反映されます");
	if (r < 0)
		return mg_reply_note(c, "sekisho-nacd does not use it: %s",
			"sekisho-nacd に反映できません: %s", sk_err_text(&err, c->lang));
	return 0;
}

json_t *mg_h_device_row(struct mg_call *c, const struct mg_record *x)
{
	int64_t days = mg_setting_int(mg_h_store(c), "rule.expiring_days");
	json_t *v = mg_record_to_json(&mg_device_kind, x);

	if (v && sk_streq(x->state, "active") && x->expiry <= c->now + days * 86400)
		json_object_set_new(v, "state", json_string("expiring"));
	return v;
}

bool mg_h_device_state_is(const json_t *row, const char *state)
{
	const char *is = json_string_value(json_object_get(row, "state"));

	/* Those that soon expire are in force as well. */
	return !state || sk_streq(is, state) ||
		(sk_streq(state, "active") && sk_streq(is, "expiring"));
}

void mg_h_device_name(struct mg_store *s, const char *mac, json_t *row)
{
	struct mg_device *x = (struct mg_device *)mg_record_new(&mg_device_kind);
	char text[NAC_MAC_TEXT];
	struct nac_mac m;
	uint32_t number = 0;

	if (x && mac && nac_mac_parse(mac, &m) == 0 &&
		mg_device_by_mac(s, nac_mac_format(&m, text), &number, NULL) == 0 && number &&
		mg_record_get(&mg_device_kind, s, number, &x->rec, NULL) == 0) {
		json_object_set_new(row, "device_number", json_integer(number));
		json_object_set_new(row, "device_name", json_string(x->info.name));
		json_object_set_new(row, "device_owner", json_string(x->info.owner));
	}
	mg_record_free(&mg_device_kind, x ? &x->rec : NULL);
}

/* ---- reading ----------------------------------------------------------------------------------
 */
struct listing {
	struct mg_call *c;
	const char *state, *owner, *department, *kind;
	char mac[NAC_MAC_TEXT];
};

static bool wanted(const struct listing *l, const struct mg_device *x)
{
	return (!l->owner || !strcmp(l->owner, x->info.owner)) &&
		(!l->department || !strcmp(l->department, x->info.department)) &&
		(!l->kind || !strcmp(l->kind, x->info.kind)) &&
		(!l->mac[0] || strstr(x->info.mac, l->mac));
}

static int list_one(const struct mg_record *x, void *arg)
{
	const struct listing *l = arg;
	json_t *row;

	if (!wanted(l, (const struct mg_device *)x))
		return 0;
	row = mg_h_device_row(l->c, x);
	if (row && !mg_h_device_state_is(row, l->state)) {
		json_decref(row);
		return 0;
	}
	return row ? mg_reply_row(l->c, row) : -ENOMEM;
}

int mg_h_device_list(struct mg_call *c, struct sk_err *err)
{
	struct listing l = {.c = c,
		.state = mg_arg_str(c, "state"),
		.owner = mg_arg_str(c, "owner"),
		.department = mg_arg_str(c, "department"),
		.kind = mg_arg_str(c, "kind")};
	const struct mg_record_filter f = {
		.state = sk_streq(l.state, "expiring") ? "active" : l.state,
		.all = mg_arg_flag(c, "all"),
		.fn = list_one,
		.arg = &l};
	struct nac_mac m;

	if (mg_arg_has(c, "mac") && nac_mac_parse(mg_arg_str(c, "mac"), &m) < 0)
		return sk_err_set(err, -EINVAL, "mac", "is not a MAC address",
			"は MAC アドレスではありません");
	if (mg_arg_has(c, "mac"))
		nac_mac_format(&m, l.mac);
	return mg_record_each(&mg_device_kind, mg_h_store(c), &f, err);
}

int mg_h_device_history(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_history(c, &h, err);
}

struct certificates {
	size_t valid;
	int64_t expires, now;
};

static int count_certificate(const struct mg_certificate *cert, void *arg)
{
	struct certificates *k = arg;

	if (cert->revoked || cert->expires <= k->now)
		return 0;
	k->valid++;
	k->expires = SK_MAX(k->expires, cert->expires);
	return 0;
}

/* Where it is now, if nacd can say. */
static void add_presence(struct mg_call *c, const struct mg_device *x, json_t *v)
{
	static const char *const copied[] = {
		"connected", "vendor", "addresses", "hostname", "last"};
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	char mac[NAC_MAC_TEXT];

	if (!mg_device_item(x->info.mac, mac, sizeof(mac)) ||
		mg_daemon_nac_call(c->d, "explain", json_pack("{s:s}", "mac", mac), NULL, NULL,
			&end, NULL) < 0)
		return;
	for (size_t i = 0; i < SK_ARRAY_SIZE(copied); i++)
		if (json_object_get(end, copied[i]))
			json_object_set(v, copied[i], json_object_get(end, copied[i]));
	if (json_object_get(end, "where"))
		json_object_set(v, "seen_at", json_object_get(end, "where"));
}

int mg_h_device_show(struct mg_call *c, struct sk_err *err)
{
	struct mg_device *x = (struct mg_device *)mg_record_new(&mg_device_kind);
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	struct certificates k = {.now = c->now};
	json_t *v = NULL, *print = NULL;
	int r = x ? mg_record_get(&mg_device_kind, mg_h_store(c), number, &x->rec, err)
		  : sk_err_nomem(err);

	if (r == 0)
		r = mg_certificate_each(mg_h_store(c), number, false, count_certificate, &k, err);
	if (r == 0)
		r = mg_device_print_get(mg_h_store(c), number, &print, err);
	v = r == 0 ? mg_h_device_row(c, &x->rec) : NULL;
	if (v && print)
		json_object_set(v, "fingerprint", print);
	json_decref(print);
	if (v && k.valid) {
		json_object_set_new(v, "certificates", json_integer((json_int_t)k.valid));
		json_object_set_new(v, "certificate_expires", json_integer(k.expires));
	}
	if (v) {
		add_presence(c, x, v);
		r = mg_reply_record(c, v);
	}
	if (r == 0 && mg_device_randomised(&x->info))
		mg_reply_note(c,
			"its MAC address is one that phones and notebooks make up for each network:"
			" switch that off on the device",
			"この MAC "
			"アドレスは端末がネットワークごとに作るものです。端末の設定で「プライベート"
			"アドレス」「ランダムな MAC」を無効にしてください");
	mg_record_free(&mg_device_kind, x ? &x->rec : NULL);
	return r;
}

/* ---- requesting and deciding ------------------------------------------------------------------
 */
int mg_h_device_request(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_request(c, &h, err);
}

int mg_h_device_remove(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_remove(c, &h, err);
}

int mg_h_device_approve(struct mg_call *c, struct sk_err *err)
{
	int r = mg_h_record_step(c, &h, MG_RECORD_APPROVE, err);

	return r < 0 ? r : mg_h_device_push(c);
}

int mg_h_device_return(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_RETURN, err);
}

int mg_h_device_withdraw(struct mg_call *c, struct sk_err *err)
{
	return mg_h_record_step(c, &h, MG_RECORD_WITHDRAW, err);
}

/* ---- at once ----------------------------------------------------------------------------------
 */
static int step_in(struct mg_call *c, struct mg_txn *t, enum nac_step step, struct mg_device *x,
	struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, mg_arg_str(c, "reason"));
	char target[64], was[16];
	size_t n = 0;
	int r = mg_record_get(&mg_device_kind, t->s, x->rec.number, &x->rec, err);

	if (r < 0)
		return r;
	snprintf(was, sizeof(was), "%s", x->rec.state);
	mg_record_done(&mg_device_kind, &x->rec);
	x->rec.number = (uint32_t)mg_arg_uint(c, "number");
	r = mg_device_step(t, step, &a, x, err);
	if (r == 0 && step == NAC_STEP_REVOKE)
		r = mg_certificate_revoke(t, x->rec.number, NULL, &a, &n, err);
	if (r == 0 && mg_arg_flag(c, "relearn"))
		r = mg_device_print_set(t, x->rec.number, NULL, NULL, c->now, err);
	if (r < 0)
		return r;
	snprintf(target, sizeof(target), "device %u r%u", x->rec.number, x->rec.revision);
	return mg_h_commit(
		c, t, target, mg_h_state(was), mg_record_to_json(&mg_device_kind, &x->rec), err);
}

/* The gate first, then the authority: who came in by a certificate is out already. */
static int after_step(struct mg_call *c, enum nac_step step, const struct mg_device *x)
{
	struct sk_err err = {0};
	int r = mg_h_device_push(c);

	if (r < 0 || c->dry_run || step != NAC_STEP_REVOKE)
		return r;
	r = mg_daemon_nac_call(c->d, "ca.revoke",
		json_pack("{s:I, s:s}", "device", (json_int_t)x->rec.number, "reason", "revoked"),
		NULL, NULL, NULL, &err);
	if (r < 0 && r != -ENOENT && r != -EHOSTDOWN)
		return mg_reply_note(c, "its certificates could not be revoked: %s",
			"証明書を失効できませんでした: %s", sk_err_text(&err, c->lang));
	return 0;
}

static int at_once(struct mg_call *c, enum nac_step step, struct sk_err *err)
{
	struct mg_device *x = (struct mg_device *)mg_record_new(&mg_device_kind);
	struct mg_txn t = {0};
	int r = x ? mg_txn_begin(&t, mg_h_store(c), err) : sk_err_nomem(err);

	if (r == 0) {
		x->rec.number = (uint32_t)mg_arg_uint(c, "number");
		r = step_in(c, &t, step, x, err);
	}
	if (r == 0)
		r = mg_reply_record(c, mg_h_device_row(c, &x->rec));
	mg_txn_abort(&t);
	if (r == 0)
		r = after_step(c, step, x);
	mg_record_free(&mg_device_kind, x ? &x->rec : NULL);
	return r;
}

int mg_h_device_quarantine(struct mg_call *c, struct sk_err *err)
{
	return at_once(c, NAC_STEP_QUARANTINE, err);
}

int mg_h_device_release(struct mg_call *c, struct sk_err *err)
{
	return at_once(c, NAC_STEP_RELEASE, err);
}

int mg_h_device_revoke(struct mg_call *c, struct sk_err *err)
{
	return at_once(c, NAC_STEP_REVOKE, err);
}
