// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ports, networks and managed switches: set by an administrator, in force at once, in the audit log
 * with before and after. What nacd would refuse is refused here first.
 */
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_device.h"
#include "mgmt/store/admission.h"

/* An argument, and the key it becomes in the stored value. */
enum how { TEXT, YES, NUMBER, LIST };
struct field {
	const char *arg, *key;
	enum how how;
};
static const struct field port_fields[] = {
	{"mode", "mode", TEXT},
	{"zone", "zone", TEXT},
	{"dot1x", "dot1x", YES},
	{"by_mac", "mac", YES},
	{"quarantine", "quarantine", YES},
	{"guest", "guest", YES},
	{"reauth", "reauth", NUMBER},
	{"hold", "hold", NUMBER},
	{"max_devices", "max_devices", NUMBER},
};
static const struct field network_fields[] = {
	{"zone", "zone", TEXT},
	{"sensor", "sensor", YES},
	{"isolation", "isolation", TEXT},
	{"dhcp_servers", "dhcp_servers", LIST},
	{"routers", "routers", LIST},
};
static const struct field switch_fields[] = {
	{"address", "address", TEXT},
	{"secret", "secret", TEXT},
	{"coa_port", "coa_port", NUMBER},
};
static const struct {
	const struct field *v;
	size_t n;
} kinds[MG_ITEM_KINDS] = {
	[MG_ITEM_PORT] = {port_fields, SK_ARRAY_SIZE(port_fields)},
	[MG_ITEM_NETWORK] = {network_fields, SK_ARRAY_SIZE(network_fields)},
	[MG_ITEM_SWITCH] = {switch_fields, SK_ARRAY_SIZE(switch_fields)},
};

static json_t *list_of(const char *text)
{
	json_t *list = json_array();
	char one[64];

	for (const char *p = text; (p = mg_device_item(p, one, sizeof(one)));)
		if (one[strspn(one, " ")])
			json_array_append_new(list, json_string(one + strspn(one, " ")));
	return list;
}

static json_t *value_of(const struct mg_call *c, const struct field *f)
{
	const char *text = mg_arg_str(c, f->arg);

	switch (f->how) {
	case YES: return json_boolean(sk_streq(text, "yes"));
	case NUMBER: return json_integer((json_int_t)mg_arg_uint(c, f->arg));
	case LIST: return list_of(text ? text : "");
	default: return json_string(text ? text : "");
	}
}

static void take_args(const struct mg_call *c, enum mg_item_kind k, json_t *value)
{
	for (size_t i = 0; i < kinds[k].n; i++) {
		const struct field *f = &kinds[k].v[i];

		if (!mg_arg_has(c, f->arg))
			continue;
		if (f->how == TEXT && !mg_arg_str(c, f->arg)[0])
			json_object_del(value, f->key);
		else
			json_object_set_new(value, f->key, value_of(c, f));
	}
}

/* As people see it. */
static json_t *shown(enum mg_item_kind k, const char *name, const json_t *value)
{
	json_t *row = json_pack("{s:s}", "name", name), *one;
	size_t n;

	for (size_t i = 0; row && i < kinds[k].n; i++) {
		const struct field *f = &kinds[k].v[i];
		const json_t *v = json_object_get(value, f->key);
		struct sk_buf b;

		if (f->how == YES)
			json_object_set_new(
				row, f->arg, json_string(json_is_true(v) ? "yes" : "no"));
		else if (v && f->how != LIST)
			json_object_set(row, f->arg, (json_t *)v);
		if (f->how != LIST)
			continue;
		sk_buf_init(&b, 4096);
		json_array_foreach (v, n, one)
			sk_buf_printf(&b, "%s%s", n ? ", " : "", json_string_value(one));
		json_object_set_new(row, f->arg, json_string(sk_buf_str(&b)));
		sk_buf_done(&b);
	}
	return row;
}

/* ---- checking ---------------------------------------------------------------------------------
 */
static int check_switch(const json_t *value, struct sk_err *err)
{
	const char *address = json_string_value(json_object_get(value, "address"));
	struct nac_ip ip;

	if (!address || nac_ip_parse(address, &ip) < 0 || ip.family != 4)
		return sk_err_set(err, -EINVAL, "address", "is the IPv4 address of the switch",
			"にはスイッチの IPv4 アドレスを指定してください");
	return 0;
}

/* The document as it would be now. */
static int check_document(struct mg_txn *t, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *doc = mg_admission_document(t->s, err);

	return doc ? mg_admission_check(doc, err) : err->code;
}

/* ---- changing ---------------------------------------------------------------------------------
 */
static int store(struct mg_call *c, enum mg_item_kind k, const char *name, json_t *value,
	json_t *before, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, mg_arg_str(c, "reason"));
	struct mg_txn t = {0};
	char target[64];
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = mg_item_set(&t, k, name, value, &a, err);
	if (r == 0 && k == MG_ITEM_SWITCH)
		r = value ? check_switch(value, err) : 0;
	else if (r == 0)
		r = check_document(&t, err);
	snprintf(target, sizeof(target), "%s %.40s", mg_item_kind_name(k), name);
	if (r == 0) {
		r = mg_h_commit(c, &t, target, before, json_incref(value), err);
		before = NULL;
	}
	json_decref(before);
	mg_txn_abort(&t);
	return r;
}

/* NULL with err: not there and not to be made; *ret_old: as it was, NULL if it is new. */
static json_t *start_from(struct mg_call *c, enum mg_item_kind k, const char *name, bool make,
	json_t **ret_old, struct sk_err *err)
{
	struct sk_err e = {0};
	int r = mg_item_get(mg_h_store(c), k, name, ret_old, &e);

	if (r == 0)
		return json_deep_copy(*ret_old);
	if (r == -ENOENT && make)
		return mg_item_new(k);
	*err = e;
	return NULL;
}

static int set(struct mg_call *c, enum mg_item_kind k, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	json_t *before = NULL;
	_cleanup_(sk_json_decrefp) json_t *value = start_from(c, k, name, true, &before, err);
	int r;

	if (!value)
		return err->code < 0 ? err->code : sk_err_nomem(err);
	take_args(c, k, value);
	r = store(c, k, name, value, before, err);
	if (r == 0)
		r = mg_reply_row(c, shown(k, name, value));
	return r < 0 ? r : mg_h_device_push(c);
}

static int remove_item(struct mg_call *c, enum mg_item_kind k, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	json_t *before = NULL;
	_cleanup_(sk_json_decrefp) json_t *value = start_from(c, k, name, false, &before, err);
	int r = value ? store(c, k, name, NULL, before, err) : err->code;

	return r < 0 ? r : mg_h_device_push(c);
}

int mg_h_port_set(struct mg_call *c, struct sk_err *err)
{
	return set(c, MG_ITEM_PORT, err);
}

int mg_h_port_remove(struct mg_call *c, struct sk_err *err)
{
	return remove_item(c, MG_ITEM_PORT, err);
}

int mg_h_network_set(struct mg_call *c, struct sk_err *err)
{
	return set(c, MG_ITEM_NETWORK, err);
}

int mg_h_network_remove(struct mg_call *c, struct sk_err *err)
{
	return remove_item(c, MG_ITEM_NETWORK, err);
}

int mg_h_switch_set(struct mg_call *c, struct sk_err *err)
{
	return set(c, MG_ITEM_SWITCH, err);
}

int mg_h_switch_remove(struct mg_call *c, struct sk_err *err)
{
	return remove_item(c, MG_ITEM_SWITCH, err);
}

/* ---- modes ------------------------------------------------------------------------------------
 */
struct switching {
	struct mg_call *c;
	const char *port, *mode;
	json_t *found; /* name → value */
};

static int find_port(const char *name, const json_t *value, void *arg)
{
	struct switching *s = arg;

	if (!strcmp(s->port, "all") || !strcmp(s->port, name))
		json_object_set_new(s->found, name, json_deep_copy(value));
	return 0;
}

static int switch_all(struct switching *s, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(s->c, mg_arg_str(s->c, "reason"));
	json_t *before = json_object(), *value;
	struct mg_txn t = {0};
	const char *name;
	char target[64];
	int r = mg_txn_begin(&t, mg_h_store(s->c), err);

	json_object_foreach (s->found, name, value) {
		json_object_set(before, name, json_object_get(value, "mode"));
		json_object_set_new(value, "mode", json_string(s->mode));
		if (r == 0)
			r = mg_item_set(&t, MG_ITEM_PORT, name, value, &a, err);
	}
	snprintf(target, sizeof(target), "port %.40s", s->port);
	if (r == 0) {
		r = mg_h_commit(s->c, &t, target, before,
			json_pack("{s:s, s:s?}", "mode", s->mode, "reason", a.text), err);
		before = NULL;
	}
	json_decref(before);
	mg_txn_abort(&t);
	return r;
}

int mg_h_port_mode(struct mg_call *c, struct sk_err *err)
{
	struct switching s = {c, mg_arg_str(c, "port"), mg_arg_str(c, "mode"), json_object()};
	const char *name;
	json_t *value;
	int r = mg_item_each(mg_h_store(c), MG_ITEM_PORT, find_port, &s, err);

	if (r == 0 && !json_object_size(s.found))
		r = sk_err_set(err, -ENOENT, "port", "there is no port %s (see: port list)",
			"ポート %s はありません (一覧: port list)", s.port);
	if (r == 0)
		r = switch_all(&s, err);
	json_object_foreach (s.found, name, value)
		if (r == 0)
			r = mg_reply_row(c, shown(MG_ITEM_PORT, name, value));
	json_decref(s.found);
	return r < 0 ? r : mg_h_device_push(c);
}

/* ---- lists ------------------------------------------------------------------------------------
 */
struct listing {
	struct mg_call *c;
	enum mg_item_kind kind;
	json_t *live, *cut; /* ports as nacd has them; port → devices that would be cut off */
};

static int list_one(const char *name, const json_t *value, void *arg)
{
	static const char *const copied[] = {
		"hostapd", "admitted", "quarantined", "refused", "mode"};
	struct listing *l = arg;
	json_t *row = shown(l->kind, name, value), *p;
	size_t i;

	json_array_foreach (l->live, i, p) {
		if (!sk_streq(json_string_value(json_object_get(p, "name")), name))
			continue;
		for (size_t k = 0; k < SK_ARRAY_SIZE(copied); k++)
			json_object_set(row, copied[k], json_object_get(p, copied[k]));
		json_object_set_new(row, "link",
			json_string(json_is_true(json_object_get(p, "link")) ? "up" : "down"));
	}
	if (json_object_get(l->cut, name))
		json_object_set(row, "would_cut_today", json_object_get(l->cut, name));
	return mg_reply_row(l->c, row);
}

/* Devices seen today that would have been cut off, by port. */
static int count_cut(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows"), *row;
	struct listing *l = arg;
	size_t i;

	json_array_foreach (rows, i, row) {
		const char *port = json_string_value(json_object_get(row, "port"));
		const char *would = json_string_value(json_object_get(row, "would"));

		if (port && sk_streq(would, "cut off"))
			json_object_set_new(l->cut, port,
				json_integer(
					json_integer_value(json_object_get(l->cut, port)) + 1));
	}
	return 0;
}

int mg_h_port_list(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *status = NULL, *cut = json_object();
	struct listing l = {.c = c, .kind = MG_ITEM_PORT, .cut = cut};
	struct sk_err why = {0};
	int r;

	if (mg_daemon_nac_call(c->d, "status", NULL, NULL, NULL, &status, &why) < 0)
		mg_reply_note(c, "%s", "%s", sk_err_text(&why, c->lang));
	else
		mg_daemon_nac_call(c->d, "devices.seen", NULL, count_cut, &l, NULL, NULL);
	l.live = json_object_get(status, "ports");
	r = mg_item_each(mg_h_store(c), MG_ITEM_PORT, list_one, &l, err);
	return r;
}

int mg_h_network_list(struct mg_call *c, struct sk_err *err)
{
	struct listing l = {.c = c, .kind = MG_ITEM_NETWORK};

	return mg_item_each(mg_h_store(c), MG_ITEM_NETWORK, list_one, &l, err);
}

int mg_h_switch_list(struct mg_call *c, struct sk_err *err)
{
	struct listing l = {.c = c, .kind = MG_ITEM_SWITCH};

	return mg_item_each(mg_h_store(c), MG_ITEM_SWITCH, list_one, &l, err);
}
