/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * site.import: zones, objects and settings of a new gateway from one JSON document, by the console
 * and only before anything was ever applied. There is nobody to approve yet; the audit log says
 * what was set.
 */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/store/admission.h"
#include "mgmt/store/devices.h"

struct site {
	struct mg_call *c;
	struct mg_txn t;
	size_t n, same;
};

static int set(struct site *s, enum mg_change_kind kind, const char *name, json_t *value,
	struct sk_err *err)
{
	struct mg_change ch = {.kind = kind, .initial = true, .value = value};
	int r;

	if (value == NULL || fw_str_set(&ch.purpose, "初期設定 (initial set-up)") < 0) {
		mg_change_done(&ch);
		return sk_err_nomem(err);
	}
	snprintf(ch.name, sizeof(ch.name), "%.127s", name);
	snprintf(ch.applicant, sizeof(ch.applicant), "%s", s->c->who.name);
	r = mg_change_request(&s->t, &ch, s->c->now, err);
	mg_change_done(&ch);
	if (r == -EEXIST) {
		s->same++;
		return 0;
	}
	s->n += r == 0;
	return r;
}

/* A setting may be written as text, number, truth value or list of numbers. */
static json_t *setting_text(const json_t *v)
{
	struct sk_buf b;
	json_t *ret;

	if (json_is_string(v))
		return json_string(json_string_value(v));
	if (json_is_boolean(v))
		return json_string(json_is_true(v) ? "yes" : "no");
	if (json_is_integer(v))
		return json_sprintf("%lld", (long long)json_integer_value(v));
	sk_buf_init(&b, 1024);
	for (size_t i = 0; i < json_array_size(v); i++)
		sk_buf_printf(&b, "%s%lld", i ? "," : "",
			(long long)json_integer_value(json_array_get(v, i)));
	ret = json_string(sk_buf_str(&b));
	sk_buf_done(&b);
	return ret;
}

static int settings(struct site *s, json_t *doc, struct sk_err *err)
{
	json_t *list = NULL, *v;
	const char *key;
	char full[80];
	int r = sk_json_object(doc, "site", false, &list, err);

	if (r < 0 || list == NULL)
		return r;
	json_object_foreach (list, key, v) {
		snprintf(full, sizeof(full), "%s%.60s", strchr(key, '.') ? "" : "site.", key);
		r = set(s, MG_CH_SETTING, full, setting_text(v), err);
		if (r < 0) {
			sk_err_prefix(err, "site[%.60s]", key);
			return r;
		}
	}
	return 0;
}

static int zones(struct site *s, json_t *doc, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "zones", false, &list, err);

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		struct fw_zone z = {0};

		r = fw_zone_from_json(json_array_get(list, i), &z, err);
		if (r == 0)
			r = set(s, MG_CH_ZONE, z.name, fw_zone_to_json(&z), err);
		if (r < 0)
			sk_err_prefix(err, "zones[%zu]", i);
	}
	return r;
}

/* Items as one text or as a list. */
static json_t *object_value(const json_t *v)
{
	const json_t *items = json_object_get(v, "items");
	struct sk_buf b;
	json_t *ret;

	if (json_is_string(items))
		return json_pack("{ss}", "items", json_string_value(items));
	sk_buf_init(&b, 64u << 20);
	for (size_t i = 0; i < json_array_size(items); i++) {
		const char *one = json_string_value(json_array_get(items, i));

		sk_buf_printf(&b, "%s%s", i ? "," : "", one ? one : "");
	}
	ret = json_pack("{ss}", "items", sk_buf_str(&b));
	sk_buf_done(&b);
	return ret;
}

static int object(struct site *s, json_t *v, struct sk_err *err)
{
	static const char *const keys[] = {"kind", "name", "items", NULL};
	const char *kind = "address", *name = NULL;
	enum fw_object_kind k;
	int r = sk_json_only(v, keys, err);

	if (r == 0)
		r = sk_json_str(v, "kind", false, &kind, err);
	if (r == 0)
		r = sk_json_str(v, "name", true, &name, err);
	if (r == 0 && fw_object_kind_parse(kind, &k) < 0)
		r = sk_err_set(err, -EINVAL, "kind", "address or service",
			"address か service を指定してください");
	if (r < 0)
		return r;
	return set(s, k == FW_OBJECT_ADDRESS ? MG_CH_ADDRESS : MG_CH_SERVICE, name, object_value(v),
		err);
}

static int objects(struct site *s, json_t *doc, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "objects", false, &list, err);

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		r = object(s, json_array_get(list, i), err);
		if (r < 0)
			sk_err_prefix(err, "objects[%zu]", i);
	}
	return r;
}

/* Ports, networks and managed switches: each an object with its "name". */
static int items(
	struct site *s, json_t *doc, enum mg_item_kind kind, const char *key, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(s->c, NULL);
	json_t *list = NULL;
	int r = sk_json_array(doc, key, false, &list, err);

	for (size_t i = 0; i < json_array_size(list) && r == 0; i++) {
		json_t *value = mg_item_new(kind);
		const char *name = NULL;

		r = sk_json_str(json_array_get(list, i), "name", true, &name, err);
		json_object_update(value, json_array_get(list, i));
		json_object_del(value, "name");
		if (r == 0)
			r = mg_item_set(&s->t, kind, name, value, &a, err);
		json_decref(value);
		if (r < 0)
			sk_err_prefix(err, "%s[%zu]", key, i);
		else
			s->n++;
	}
	return r;
}

static int admission(struct site *s, json_t *doc, struct sk_err *err)
{
	json_t *made;
	int r = items(s, doc, MG_ITEM_PORT, "ports", err);

	if (r == 0)
		r = items(s, doc, MG_ITEM_NETWORK, "networks", err);
	if (r == 0)
		r = items(s, doc, MG_ITEM_SWITCH, "switches", err);
	made = r == 0 ? mg_admission_document(s->t.s, err) : NULL;
	if (r == 0)
		r = made ? mg_admission_check(made, err) : err->code;
	json_decref(made);
	return r;
}

/* What was set must make a policy as a whole. */
static int check_whole(struct mg_call *c, struct sk_err *err)
{
	struct fw_policy *p = NULL;
	int r = mg_store_build_base(mg_h_store(c), MG_VIEW_ACTIVE, &p, err);

	fw_policy_free(p);
	return r;
}

static int put(struct site *s, json_t *doc, struct sk_err *err)
{
	static const char *const keys[] = {
		"site", "zones", "objects", "ports", "networks", "switches", NULL};
	int r = sk_json_only(doc, keys, err);

	if (r == 0)
		r = settings(s, doc, err);
	if (r == 0)
		r = zones(s, doc, err);
	if (r == 0)
		r = objects(s, doc, err);
	if (r == 0)
		r = admission(s, doc, err);
	return r == 0 ? check_whole(s->c, err) : r;
}

int mg_h_site_put(struct mg_call *c, struct mg_txn *t, json_t *doc, struct sk_err *err)
{
	struct site s = {.c = c, .t = *t};

	return put(&s, doc, err);
}

static int import(struct site *s, json_t *doc, const void *data, size_t len, struct sk_err *err)
{
	uint8_t hash[32];
	char hex[65];
	int r = mg_txn_begin(&s->t, mg_h_store(s->c), err);

	if (r == 0)
		r = put(s, doc, err);
	sk_sha256(hash, data, len);
	if (r == 0)
		r = mg_h_commit(s->c, &s->t, "site", NULL,
			len <= 65536
				? json_pack("{ss sO}", "sha256", sk_hex(hex, hash, sizeof(hash)),
					  "document", doc)
				: json_pack("{ss sI}", "sha256", sk_hex(hex, hash, sizeof(hash)),
					  "set", (json_int_t)s->n),
			err);
	mg_txn_abort(&s->t);
	return r;
}

int mg_h_site_import(struct mg_call *c, struct sk_err *err)
{
	struct site s = {.c = c};
	const void *data;
	size_t len;
	bool any = true;
	json_t *doc;
	int r = mg_generation_any(mg_h_store(c), &any, err);

	if (r == 0 && !(c->who.roles & MG_CONSOLE))
		r = sk_err_set(err, -EPERM, NULL, "only the console (root) sets a gateway up",
			"初期設定はコンソール (root) だけが実行できます");
	if (r == 0 && any)
		r = sk_err_set(err, -EPERM, NULL,
			"a policy was applied before: changes go through request and approval now",
			"既に適用済みの装置です。変更は申請と承認の手順で行ってください");
	if (r == 0)
		r = mg_arg_file(c, "data", &data, &len, NULL, err);
	if (r < 0)
		return r;
	doc = sk_json_parse(data, len, err);
	if (doc == NULL)
		return -EINVAL;
	r = import(&s, doc, data, len, err);
	json_decref(doc);
	if (r == 0)
		mg_reply_note(
			c, "%zu set, %zu as before", "設定 %zu 件、変更なし %zu 件", s.n, s.same);
	return r;
}
