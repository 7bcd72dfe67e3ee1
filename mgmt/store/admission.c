// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The admission document (docs/ipc.md) from the registry: ports and networks as they were set,
 * what 802.1X accepts, and every device that was approved. Revoked and expired ones are in it too,
 * so that they are told by name, as long as nobody else has their addresses.
 */
#include "mgmt/store/admission.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/devices.h"

/* "a,b" as a list; NULL for "". */
static json_t *list_of(const char *text)
{
	json_t *list = text[0] ? json_array() : NULL;
	char one[256];

	for (const char *p = text; list && (p = mg_device_item(p, one, sizeof(one)));)
		json_array_append_new(list, json_string(one));
	return list;
}

static void set_list(json_t *v, const char *key, const char *text)
{
	json_t *list = list_of(text);

	if (list)
		json_object_set_new(v, key, list);
}

static void set_text(json_t *v, const char *key, const char *text)
{
	if (text[0])
		json_object_set_new(v, key, json_string(text));
}

/* ---- ports, networks, settings ----------------------------------------------------------------
 */
struct items {
	json_t *list;
	const char *key; /* under which the name stands */
};

static int add_item(const char *name, const json_t *value, void *arg)
{
	const struct items *i = arg;
	json_t *v = json_deep_copy(value);

	if (!v || json_object_set_new(v, i->key, json_string(name)) < 0 ||
		json_array_append_new(i->list, v) < 0)
		return -ENOMEM;
	return 0;
}

static int add_items(struct mg_store *s, json_t *doc, struct sk_err *err)
{
	struct items ports = {json_array(), "name"}, networks = {json_array(), "interface"};
	int r = mg_item_each(s, MG_ITEM_PORT, add_item, &ports, err);

	if (r == 0)
		r = mg_item_each(s, MG_ITEM_NETWORK, add_item, &networks, err);
	json_object_set_new(doc, "ports", ports.list);
	json_object_set_new(doc, "networks", networks.list);
	return r == -ENOMEM ? sk_err_nomem(err) : r;
}

static const char *setting(struct mg_store *s, const char *key, char *dst, size_t cap)
{
	dst[0] = '\0';
	mg_setting_get(s, key, dst, cap);
	return dst;
}

static void add_settings(struct mg_store *s, json_t *doc)
{
	json_t *eap = json_object(), *radius;
	char text[512];

	set_list(eap, "methods", setting(s, "nac.eap_methods", text, sizeof(text)));
	set_text(eap, "users_file", setting(s, "nac.eap_users", text, sizeof(text)));
	if (setting(s, "nac.radius_server", text, sizeof(text))[0]) {
		radius = json_pack("{s:s, s:I}", "address", text, "port",
			(json_int_t)mg_setting_int(s, "nac.radius_port"));
		set_text(
			radius, "secret_file", setting(s, "nac.radius_secret", text, sizeof(text)));
		json_object_set_new(eap, "radius", radius);
	}
	json_object_set_new(doc, "eap", eap);
	set_text(doc, "radius_down", setting(s, "nac.radius_down", text, sizeof(text)));
	json_object_set_new(
		doc, "grace_seconds", json_integer(mg_setting_int(s, "nac.grace_seconds")));
	set_text(doc, "fingerprint", setting(s, "nac.on_fingerprint", text, sizeof(text)));
	set_text(doc, "conflict", setting(s, "nac.on_conflict", text, sizeof(text)));
}

/* ---- devices ----------------------------------------------------------------------------------
 */
struct devices {
	struct mg_store *s;
	struct sk_err *err;
	json_t *list, *keys; /* addresses and identities that stand in it */
};

static bool taken(const struct devices *l, const char *text, const char *prefix, bool note)
{
	char one[256], key[264];
	bool found = false;

	for (const char *p = text; !found && (p = mg_device_item(p, one, sizeof(one)));) {
		snprintf(key, sizeof(key), "%s%s", prefix, one);
		found = json_object_get(l->keys, key) != NULL;
		if (note)
			json_object_set_new(l->keys, key, json_true());
	}
	return found;
}

static int put_device(struct devices *l, const struct mg_device *x, const char *state)
{
	const struct mg_device_info *i = &x->info;
	json_t *print = NULL, *v;
	int r = mg_device_print_get(l->s, x->rec.number, &print, l->err);

	if (r < 0)
		return r;
	v = json_pack("{s:I, s:I, s:s, s:s, s:s, s:I, s:b}", "number", (json_int_t)x->rec.number,
		"revision", (json_int_t)x->rec.revision, "name", i->name, "kind", i->kind, "state",
		state, "expires", (json_int_t)x->rec.expiry, "infrastructure",
		sk_streq(i->infrastructure, "yes"));
	if (!v) {
		json_decref(print);
		return -ENOMEM;
	}
	set_list(v, "macs", i->mac);
	set_list(v, "methods", i->method);
	set_list(v, "identities", i->identity);
	set_list(v, "ports", i->ports);
	set_list(v, "zones", i->zones);
	set_text(v, "owner", i->owner);
	set_text(v, "department", i->department);
	set_text(v, "location", i->location);
	if (print)
		json_object_set_new(v, "fingerprint", print);
	return json_array_append_new(l->list, v) < 0 ? -ENOMEM : 0;
}

static int add_device(const struct mg_record *rec, void *arg)
{
	const struct mg_device *x = (const struct mg_device *)rec;
	struct devices *l = arg;
	/* One that has expired stays as it was, with its date: nacd says so by its name. */
	const char *state = sk_streq(rec->state, "expired") ? "active" : rec->state;

	if (taken(l, x->info.mac, "", false) || taken(l, x->info.identity, "id ", false))
		return 0;
	taken(l, x->info.mac, "", true);
	taken(l, x->info.identity, "id ", true);
	return put_device(l, x, state);
}

static int add_devices(struct mg_store *s, json_t *doc, struct sk_err *err)
{
	/* In force first: what is over gives way to them. */
	static const char *const states[] = {"active", "quarantined", "revoked", "expired"};
	struct devices l = {.s = s, .err = err, .list = json_array(), .keys = json_object()};
	struct mg_record_filter f = {.fn = add_device, .arg = &l};
	int r = l.list && l.keys ? 0 : sk_err_nomem(err);

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(states); i++) {
		f.state = states[i];
		r = mg_record_each(&mg_device_kind, s, &f, err);
	}
	json_object_set_new(doc, "devices", l.list);
	json_decref(l.keys);
	return r == -ENOMEM ? sk_err_nomem(err) : r;
}

json_t *mg_admission_document(struct mg_store *s, struct sk_err *err)
{
	json_t *doc = json_pack(
		"{s:s, s:i, s:i}", "format", "sekisho-admission", "version", 1, "generation", 1);
	int r = doc ? add_items(s, doc, err) : sk_err_nomem(err);

	if (r == 0) {
		add_settings(s, doc);
		r = add_devices(s, doc, err);
	}
	if (r == 0)
		return doc;
	json_decref(doc);
	return NULL;
}

int mg_admission_check(const json_t *doc, struct sk_err *err)
{
	struct nac_document *parsed = NULL;
	struct sk_buf b;
	int r;

	sk_buf_init(&b, NAC_BYTES_MAX);
	sk_json_put(&b, doc);
	r = sk_buf_error(&b);
	if (r == 0) {
		parsed = nac_document_parse(sk_buf_str(&b), b.len, err);
		r = parsed ? 0 : err->code < 0 ? err->code : -EINVAL;
	} else {
		sk_err_nomem(err);
	}
	nac_document_free(parsed);
	sk_buf_done(&b);
	return r;
}
