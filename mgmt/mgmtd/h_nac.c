// SPDX-License-Identifier: GPL-2.0-or-later
/* What nacd knows, for people: its state, one device explained, the devices that were seen. */
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_device.h"
#include "nac/observe/mac.h"

static int mac_arg(struct mg_call *c, char dst[NAC_MAC_TEXT], struct sk_err *err)
{
	struct nac_mac m;

	if (nac_mac_parse(mg_arg_str(c, "mac"), &m) < 0)
		return sk_err_set(err, -EINVAL, "mac", "is not a MAC address",
			"は MAC アドレスではありません");
	nac_mac_format(&m, dst);
	return 0;
}

/* In the caller's language, of an object with key_en and key_ja. */
static const char *text_of(const struct mg_call *c, const json_t *o, const char *en, const char *ja)
{
	const char *s = json_string_value(json_object_get(o, c->lang == SK_JA ? ja : en));

	return s ? s : "";
}

/* ---- explain ----------------------------------------------------------------------------------
 */
static int explain_port(struct mg_call *c, const json_t *port)
{
	const json_t *checks = json_object_get(port, "checks"), *one;
	const char *name = json_string_value(json_object_get(port, "port"));
	size_t i;
	int r = 0;

	json_array_foreach (checks, i, one) {
		json_t *row = json_pack("{s:s, s:s, s:O, s:s}", "port", name ? name : "", "check",
			text_of(c, one, "en", "ja"), "check_result", json_object_get(one, "result"),
			"why", text_of(c, one, "why_en", "why_ja"));

		r = row ? mg_reply_row(c, row) : -ENOMEM;
		if (r < 0)
			return r;
	}
	return mg_reply_note(c, "%s: %s: %s", "%s: %s: %s", name ? name : "",
		json_string_value(json_object_get(port, "verdict")), text_of(c, port, "en", "ja"));
}

/* Whose it is, or who asked for it. */
static int explain_owner(struct mg_call *c, const char *mac)
{
	struct mg_device *x = (struct mg_device *)mg_record_new(&mg_device_kind);
	uint32_t number = 0;
	int r = x ? mg_device_by_mac(mg_h_store(c), mac, &number, NULL) : -ENOMEM;

	if (r == 0 && !number)
		r = mg_reply_note(c, "nobody has registered this address",
			"この MAC アドレスは登録されていません");
	else if (r == 0 &&
		mg_record_get(&mg_device_kind, mg_h_store(c), number, &x->rec, NULL) == 0)
		r = mg_reply_note(c, "device %u: %s (%s, %s): %s", "端末 %u: %s (%s、%s): %s",
			number, x->info.name, x->info.owner, x->info.department, x->rec.state);
	mg_record_free(&mg_device_kind, x ? &x->rec : NULL);
	return r;
}

int mg_h_nac_explain(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	char mac[NAC_MAC_TEXT];
	const json_t *ports, *one;
	size_t i;
	int r = mac_arg(c, mac, err);

	if (r == 0)
		r = mg_daemon_nac_call(
			c->d, "explain", json_pack("{s:s}", "mac", mac), NULL, NULL, &end, err);
	ports = json_object_get(end, "ports");
	json_array_foreach (ports, i, one)
		if (r == 0)
			r = explain_port(c, one);
	if (r == 0)
		r = explain_owner(c, mac);
	if (r == 0 && json_is_true(json_object_get(end, "randomised")))
		r = mg_reply_note(c,
			"this address is one that phones and notebooks make up for each network:"
			" switch that off on the device, or register this address",
			"この MAC "
			"アドレスは端末がネットワークごとに作るものです。端末の「プライベートアドレ"
			"ス」"
			"「ランダムな MAC」を無効にするか、このアドレスを登録してください");
	if (r == 0 && !json_array_size(ports))
		r = mg_reply_note(c, "no port is controlled (see: port set)",
			"制御しているポートはありません (port set で追加)");
	return r;
}

/* ---- one device -------------------------------------------------------------------------------
 */
static int order(struct mg_call *c, const char *op, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	char mac[NAC_MAC_TEXT], target[64];
	struct mg_txn t = {0};
	int r = mac_arg(c, mac, err);

	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = mg_daemon_nac_call(
			c->d, op, json_pack("{s:s}", "mac", mac), NULL, NULL, &end, err);
	if (r == 0) {
		snprintf(target, sizeof(target), "mac %s", mac);
		r = mg_h_commit(c, &t, target, NULL,
			json_pack("{s:s?}", "reason", mg_arg_str(c, "reason")), err);
	}
	mg_txn_abort(&t);
	return r;
}

int mg_h_nac_close(struct mg_call *c, struct sk_err *err)
{
	return order(c, "close", err);
}

int mg_h_nac_reauth(struct mg_call *c, struct sk_err *err)
{
	return order(c, "reauth", err);
}

/* ---- devices seen -----------------------------------------------------------------------------
 */
struct seen {
	struct mg_call *c;
	bool unknown, cut_off;
	size_t rows;
};

static int seen_row(struct seen *s, const json_t *v)
{
	static const char *const copied[] = {"mac", "vendor", "hostname", "name", "state",
		"would_cut", "first", "last", "owner", "department", "location", "identity"};
	const char *would = json_string_value(json_object_get(v, "would"));
	const json_t *where = json_object_get(v, "port");
	const json_t *address = json_array_get(json_object_get(v, "addresses"), 0);
	json_t *row;

	if ((s->unknown && json_object_get(v, "device")) ||
		(s->cut_off && !sk_streq(would, "cut off")))
		return 0;
	row = json_object();
	for (size_t i = 0; i < SK_ARRAY_SIZE(copied); i++)
		if (json_object_get(v, copied[i]))
			json_object_set(row, copied[i], json_object_get(v, copied[i]));
	json_object_set(row, "where", where ? (json_t *)where : json_object_get(v, "interface"));
	if (json_object_get(v, "device"))
		json_object_set(row, "number", json_object_get(v, "device"));
	if (address)
		json_object_set(row, "address", (json_t *)address);
	if (would)
		json_object_set_new(
			row, "would", json_string(sk_streq(would, "cut off") ? "cut_off" : would));
	json_object_set_new(row, "randomised",
		json_string(json_is_true(json_object_get(v, "randomised")) ? "yes" : "no"));
	s->rows++;
	return mg_reply_row(s->c, row);
}

static int take_seen(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows"), *v;
	size_t i;
	int r = 0;

	json_array_foreach (rows, i, v)
		if (r == 0)
			r = seen_row(arg, v);
	return r;
}

int mg_h_device_seen(struct mg_call *c, struct sk_err *err)
{
	struct seen s = {
		.c = c, .unknown = mg_arg_flag(c, "unknown"), .cut_off = mg_arg_flag(c, "cut_off")};
	int r = mg_daemon_nac_call(c->d, "devices.seen", NULL, take_seen, &s, NULL, err);

	if (r == 0 && !s.rows)
		r = mg_reply_note(c, "no such device was seen", "該当する端末は検出されていません");
	return r;
}

/* ---- status -----------------------------------------------------------------------------------
 */
struct tally {
	json_int_t ports, enforcing, rehearsing, learning, admitted, quarantined, refused, down;
};

static void add_port(struct tally *t, const json_t *p)
{
	const char *mode = json_string_value(json_object_get(p, "mode"));
	const char *hostapd = json_string_value(json_object_get(p, "hostapd"));

	t->ports++;
	t->enforcing += sk_streq(mode, "enforce");
	t->rehearsing += sk_streq(mode, "rehearse");
	t->learning += sk_streq(mode, "learn");
	t->admitted += json_integer_value(json_object_get(p, "admitted"));
	t->quarantined += json_integer_value(json_object_get(p, "quarantined"));
	t->refused += json_integer_value(json_object_get(p, "refused"));
	t->down += sk_streq(hostapd, "restarting");
}

static void add_tally(json_t *v, const json_t *ports)
{
	struct tally t = {0};
	const json_t *p;
	size_t i;

	json_array_foreach (ports, i, p)
		add_port(&t, p);
	json_object_set_new(v, "ports_controlled", json_integer(t.ports));
	json_object_set_new(v, "ports_enforcing", json_integer(t.enforcing));
	json_object_set_new(v, "ports_rehearsing", json_integer(t.rehearsing));
	json_object_set_new(v, "ports_learning", json_integer(t.learning));
	json_object_set_new(v, "admitted", json_integer(t.admitted));
	json_object_set_new(v, "quarantined", json_integer(t.quarantined));
	json_object_set_new(v, "turned_away", json_integer(t.refused));
	if (t.down)
		json_object_set_new(v, "authenticators_restarting", json_integer(t.down));
}

int mg_h_nac_status(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	const json_t *radius;
	json_t *v = json_object();
	struct sk_err why = {0};
	int r;

	if (!v)
		return sk_err_nomem(err);
	mg_daemon_admission_status(c->d, v);
	if (json_object_get(v, "refused_en"))
		json_object_set_new(
			v, "refused_why", json_string(text_of(c, v, "refused_en", "refused_ja")));
	json_object_del(v, "refused_en");
	json_object_del(v, "refused_ja");
	r = mg_daemon_nac_call(c->d, "status", NULL, NULL, NULL, &end, &why);
	if (r < 0) {
		r = mg_reply_record(c, v);
		return r < 0 ? r : mg_reply_note(c, "%s", "%s", sk_err_text(&why, c->lang));
	}
	add_tally(v, json_object_get(end, "ports"));
	json_object_set_new(v, "gate",
		json_string(json_is_true(json_object_get(end, "gate")) ? "in_step" : "waiting"));
	json_object_set(v, "devices", json_object_get(end, "devices"));
	radius = json_object_get(end, "radius");
	if (!sk_streq(json_string_value(json_object_get(radius, "state")), "off"))
		json_object_set(v, "radius", json_object_get(radius, "state"));
	json_object_set(v, "version", json_object_get(end, "version"));
	json_object_set(v, "started", json_object_get(end, "started"));
	json_object_set(v, "memory", json_object_get(end, "memory"));
	return mg_reply_record(c, v);
}
