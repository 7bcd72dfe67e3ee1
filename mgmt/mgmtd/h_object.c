/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Showing objects, zones, settings and the changes of them. */
#include "mgmt/mgmtd/h_object.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

#define ITEMS_SHOWN 160 /* bytes of a list in a row */

size_t mg_h_count_items(const char *items)
{
	size_t n = items[0] != '\0';

	for (; *items; items++)
		n += *items == ',';
	return n;
}

/* Cut between two items, so that no character is split. */
static json_t *items_json(const char *items, bool whole)
{
	size_t n = 0;

	if (whole || strlen(items) <= ITEMS_SHOWN)
		return json_string(items);
	for (size_t i = 0; i < ITEMS_SHOWN; i++)
		if (items[i] == ',')
			n = i + 1;
	return json_sprintf("%.*s…", (int)n, items);
}

static json_t *value_json(enum mg_change_kind kind, const json_t *v, bool whole)
{
	const char *items = json_string_value(json_object_get(v, "items"));

	if (v == NULL)
		return json_null();
	return items ? items_json(items, whole) : json_deep_copy(v);
}

json_t *mg_h_change_row(const struct mg_change *ch, bool whole)
{
	json_t *v = mg_change_to_json(ch);

	if (v == NULL)
		return NULL;
	json_object_set_new(v, "before", value_json(ch->kind, ch->before, whole));
	json_object_set_new(v, "value", value_json(ch->kind, ch->value, whole));
	return v;
}

static int reply(struct mg_call *c, json_t *v)
{
	return v ? mg_reply_row(c, v) : -ENOMEM;
}

/* ---- changes ------------------------------------------------------------------------------------
 */

static int change_row(const struct mg_change *ch, void *arg)
{
	return reply(arg, mg_h_change_row(ch, false));
}

int mg_h_change_list(struct mg_call *c, struct sk_err *err)
{
	struct mg_change_filter f = {.state = MG_CHANGE_STATES, .kind = MG_CH_KINDS};
	const char *state = mg_arg_str(c, "state");

	if (state && mg_change_state_parse(state, &f.state) < 0)
		return sk_err_set(err, -EINVAL, "state", "no such state", "状態が正しくありません");
	return mg_change_each(mg_h_store(c), &f, change_row, c, err);
}

int mg_h_change_show(struct mg_call *c, struct sk_err *err)
{
	struct mg_change ch;
	json_t *v;
	int r = mg_change_get(mg_h_store(c), (uint32_t)mg_arg_uint(c, "number"), &ch, err);

	if (r < 0)
		return r;
	v = mg_h_change_row(&ch, true);
	mg_change_done(&ch);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

/* ---- objects ------------------------------------------------------------------------------------
 */

static int parse_kind(const char *s, enum mg_change_kind *ret)
{
	*ret = sk_streq(s, "service") ? MG_CH_SERVICE : MG_CH_ADDRESS;
	return 0;
}

static bool exists(struct mg_call *c, enum mg_view view, enum mg_change_kind kind)
{
	json_t *v = NULL;
	int r = mg_target_get(mg_h_store(c), view, kind, mg_arg_str(c, "name"), &v, NULL, NULL);

	json_decref(v);
	return r == 0;
}

int mg_h_object_kind(
	struct mg_call *c, enum mg_view view, enum mg_change_kind *ret, struct sk_err *err)
{
	bool address, service;

	if (mg_arg_has(c, "kind"))
		return parse_kind(mg_arg_str(c, "kind"), ret);
	address = exists(c, view, MG_CH_ADDRESS);
	service = exists(c, view, MG_CH_SERVICE);
	if (address && service)
		return sk_err_set(err, -EINVAL, "kind",
			"%s is an address and a service: say which with kind",
			"%s はアドレスとサービスの両方にあります。kind を指定してください",
			mg_arg_str(c, "name"));
	if (!address && !service)
		return sk_err_set(err, -ENOENT, "name", "there is no object %s",
			"オブジェクト %s はありません", mg_arg_str(c, "name"));
	*ret = address ? MG_CH_ADDRESS : MG_CH_SERVICE;
	return 0;
}

struct objects {
	struct mg_call *c;
	enum mg_change_kind kind;
};

static json_t *object_json(enum mg_change_kind kind, const char *name, const json_t *value,
	uint32_t change, bool whole)
{
	const char *items = json_string_value(json_object_get(value, "items"));

	return json_pack("{ss ss so sI sI}", "kind", mg_change_kind_name(kind), "name", name,
		"items", items_json(items ? items : "", whole), "count",
		(json_int_t)mg_h_count_items(items ? items : ""), "change", (json_int_t)change);
}

static int object_row(const char *name, const json_t *value, uint32_t change, void *arg)
{
	struct objects *o = arg;

	return reply(o->c, object_json(o->kind, name, value, change, false));
}

int mg_h_object_list(struct mg_call *c, struct sk_err *err)
{
	static const enum mg_change_kind kinds[] = {MG_CH_ADDRESS, MG_CH_SERVICE};
	const char *only = mg_arg_str(c, "kind");
	int r = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(kinds) && r == 0; i++) {
		struct objects o = {c, kinds[i]};

		if (only && !sk_streq(only, mg_change_kind_name(kinds[i])))
			continue;
		r = mg_target_each(mg_h_store(c), MG_VIEW_ACTIVE, kinds[i], object_row, &o, err);
	}
	return r;
}

int mg_h_object_show(struct mg_call *c, struct sk_err *err)
{
	enum mg_change_kind kind;
	uint32_t change = 0;
	json_t *value = NULL, *v;
	int r = mg_h_object_kind(c, MG_VIEW_APPROVED, &kind, err);

	if (r == 0)
		r = mg_target_get(mg_h_store(c), MG_VIEW_APPROVED, kind, mg_arg_str(c, "name"),
			&value, &change, err);
	if (r == -ENOENT)
		return sk_err_set(err, r, "name", "there is no object %s",
			"オブジェクト %s はありません", mg_arg_str(c, "name"));
	if (r < 0)
		return r;
	v = object_json(kind, mg_arg_str(c, "name"), value, change, true);
	json_decref(value);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

static int object_change(const struct mg_change *ch, void *arg)
{
	json_t *v;

	if (ch->kind != MG_CH_ADDRESS && ch->kind != MG_CH_SERVICE)
		return 0;
	v = mg_h_change_row(ch, false);
	if (v == NULL)
		return -ENOMEM;
	json_object_set_new(v, "change", json_integer(ch->number));
	json_object_set(v, "items", json_object_get(v, "value"));
	return mg_reply_row(arg, v);
}

int mg_h_object_history(struct mg_call *c, struct sk_err *err)
{
	struct mg_change_filter f = {
		.state = MG_CHANGE_STATES, .kind = MG_CH_KINDS, .name = mg_arg_str(c, "name")};

	if (mg_arg_has(c, "kind"))
		parse_kind(mg_arg_str(c, "kind"), &f.kind);
	return mg_change_each(mg_h_store(c), &f, object_change, c, err);
}

/* ---- zones --------------------------------------------------------------------------------------
 */

static json_t *zone_json(const json_t *value, uint32_t change)
{
	json_t *v = json_deep_copy(value);
	const json_t *list = json_object_get(value, "interfaces");
	struct sk_buf b;

	if (v == NULL)
		return NULL;
	sk_buf_init(&b, 4096);
	for (size_t i = 0; i < json_array_size(list); i++)
		sk_buf_printf(&b, "%s%s", i ? "," : "", json_string_value(json_array_get(list, i)));
	json_object_set_new(v, "interfaces", json_string(sk_buf_str(&b)));
	json_object_set_new(v, "change", json_integer(change));
	sk_buf_done(&b);
	return v;
}

static int zone_row(const char *name, const json_t *value, uint32_t change, void *arg)
{
	return reply(arg, zone_json(value, change));
}

int mg_h_zone_list(struct mg_call *c, struct sk_err *err)
{
	return mg_target_each(mg_h_store(c), MG_VIEW_ACTIVE, MG_CH_ZONE, zone_row, c, err);
}

int mg_h_zone_show(struct mg_call *c, struct sk_err *err)
{
	const char *name = mg_arg_str(c, "name");
	uint32_t change = 0;
	json_t *value = NULL, *v;
	int r = mg_target_get(
		mg_h_store(c), MG_VIEW_APPROVED, MG_CH_ZONE, name, &value, &change, err);

	if (r == -ENOENT)
		return sk_err_set(
			err, r, "name", "there is no zone %s", "ゾーン %s はありません", name);
	if (r < 0)
		return r;
	v = zone_json(value, change);
	json_decref(value);
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

/* ---- settings -----------------------------------------------------------------------------------
 */

int mg_h_setting_list(struct mg_call *c, struct sk_err *err)
{
	size_t n;
	const struct mg_setting_def *d = mg_setting_defs(&n);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		uint32_t change = 0;
		json_t *value = NULL;

		r = mg_target_get(mg_h_store(c), MG_VIEW_ACTIVE, MG_CH_SETTING, d[i].key, &value,
			&change, err);
		if (r == -ENOENT)
			r = 0;
		if (r == 0)
			r = reply(c,
				json_pack("{ss ss ss ss sI}", "key", d[i].key, "value",
					value ? json_string_value(value) : d[i].def, "default",
					d[i].def, "help", sk_text(&d[i].help, c->lang), "change",
					(json_int_t)change));
		json_decref(value);
	}
	return r;
}
