/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule record as a JSON object, exactly and both ways: what the store keeps, the policy
 * document carries and the API shows. Fields that are not set are left out.
 */
#include <errno.h>
#include <string.h>

#include "fw/registry/rule.h"
#include "fw/registry/rule_fields.h"
#include "lib/util.h"

static const struct time_field {
	const char *name;
	size_t offset;
} times[] = {
	{"registered", offsetof(struct fw_rule, registered)},
	{"expiry", offsetof(struct fw_rule, expiry)},
	{"approved_at", offsetof(struct fw_rule, approved_at)},
	{"last_reviewed", offsetof(struct fw_rule, last_reviewed)},
	{"last_hit", offsetof(struct fw_rule, last_hit)},
};

static int64_t time_of(const struct fw_rule *r, const struct time_field *f)
{
	return *(const int64_t *)(const void *)((const char *)r + f->offset);
}

static int64_t *time_at(struct fw_rule *r, const struct time_field *f)
{
	return (int64_t *)(void *)((char *)r + f->offset);
}

static int put_numbers(json_t *v, const struct fw_rule *r)
{
	int bad = 0;

	if (r->number)
		bad |= json_object_set_new(v, "number", json_integer(r->number));
	if (r->revision)
		bad |= json_object_set_new(v, "revision", json_integer(r->revision));
	bad |= json_object_set_new(v, "order", json_integer(r->order));
	bad |= json_object_set_new(v, "kind", json_string(fw_kind_name(r->kind)));
	bad |= json_object_set_new(v, "state", json_string(fw_state_name(r->state)));
	bad |= json_object_set_new(v, "log", json_boolean(r->log));
	for (size_t i = 0; i < SK_ARRAY_SIZE(times); i++)
		if (time_of(r, &times[i]))
			bad |= json_object_set_new(
				v, times[i].name, json_integer(time_of(r, &times[i])));
	return bad;
}

json_t *fw_rule_to_json(const struct fw_rule *r)
{
	const struct fw_rule_string *f;
	json_t *v = json_object();
	int bad;

	if (!v)
		return NULL;
	bad = put_numbers(v, r);
	for (size_t i = 0; (f = fw_rule_string(i)); i++) {
		const char *s = fw_rule_string_of(r, f);

		if (s && s[0])
			bad |= json_object_set_new(v, f->name, json_string(s));
	}
	if (bad) {
		json_decref(v);
		return NULL;
	}
	return v;
}

static int get_number(
	const json_t *v, const char *key, int64_t max, uint32_t *ret, struct sk_err *err)
{
	int64_t n = *ret;
	int r = sk_json_int(v, key, false, &n, err);

	if (r < 0)
		return r;
	if (n < 0 || n > max)
		return sk_err_set(err, -EINVAL, key, "out of range: write a number from 0 to %lld",
			"範囲外です。0〜%lld の数字にしてください", (long long)max);
	*ret = (uint32_t)n;
	return 0;
}

static int get_enums(const json_t *v, struct fw_rule *r, struct sk_err *err)
{
	const char *kind = NULL, *state = NULL;
	int ret = sk_json_str(v, "kind", true, &kind, err);

	if (ret == 0)
		ret = sk_json_str(v, "state", false, &state, err);
	if (ret < 0)
		return ret;
	if (fw_kind_parse(kind, &r->kind) < 0)
		return sk_err_set(err, -EINVAL, "kind",
			"unknown kind; write allow, deny, dnat or snat",
			"種別が不明です。allow、deny、dnat、snat のどれかにしてください");
	if (state && fw_state_parse(state, &r->state) < 0)
		return sk_err_set(err, -EINVAL, "state", "unknown state", "状態が不明です");
	r->order = fw_order_default(r->kind);
	return 0;
}

static int get_numbers(const json_t *v, struct fw_rule *r, struct sk_err *err)
{
	int ret = get_number(v, "number", FW_NUMBER_MAX, &r->number, err);

	if (ret == 0)
		ret = get_number(v, "revision", UINT32_MAX, &r->revision, err);
	if (ret == 0)
		ret = get_number(v, "order", FW_ORDER_MAX, &r->order, err);
	if (ret == 0)
		ret = sk_json_bool(v, "log", false, &r->log, err);
	for (size_t i = 0; ret == 0 && i < SK_ARRAY_SIZE(times); i++) {
		int64_t t = 0;

		ret = sk_json_int(v, times[i].name, false, &t, err);
		if (ret == 0 && (t < 0 || t > FW_TIME_MAX))
			return sk_err_set(err, -EINVAL, times[i].name,
				"the time is out of range; write seconds since 1970",
				"日時が範囲外です。1970年からの秒数で書いてください");
		*time_at(r, &times[i]) = t;
	}
	return ret;
}

static int get_strings(const json_t *v, struct fw_rule *r, struct sk_err *err)
{
	const struct fw_rule_string *f;

	for (size_t i = 0; (f = fw_rule_string(i)); i++) {
		const char *s = NULL;
		int ret = sk_json_str(v, f->name, false, &s, err);

		if (ret < 0)
			return ret;
		if (fw_str_set(fw_rule_string_at(r, f), s) < 0)
			return sk_err_nomem(err);
	}
	return 0;
}

int fw_rule_from_json(const json_t *v, struct fw_rule *ret, struct sk_err *err)
{
	static const char *const keys[] = {"number", "revision", "order", "kind", "state", "log",
		"applicant", "source", "destination", "from", "to", "protocol", "port", "purpose",
		"registered", "expiry", "nat_to", "approver", "approved_at", "last_reviewed",
		"last_hit", "partner", "ticket", NULL};
	struct fw_rule tmp;
	int r;

	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "a rule must be a JSON object",
			"ルールは JSON オブジェクトで書いてください");
	r = sk_json_only(v, keys, err);
	if (r < 0)
		return r;
	fw_rule_init(&tmp);
	r = get_enums(v, &tmp, err);
	if (r == 0)
		r = get_numbers(v, &tmp, err);
	if (r == 0)
		r = get_strings(v, &tmp, err);
	if (r < 0) {
		fw_rule_done(&tmp);
		return r;
	}
	*ret = tmp;
	return 0;
}

static int diff_field(json_t *out, const char *key, json_t *a, json_t *b)
{
	json_t *pair;

	if (a && b && json_equal(a, b))
		return 0;
	pair = json_array();
	if (!pair)
		return -1;
	if (json_array_append_new(pair, a ? json_incref(a) : json_null()) < 0 ||
		json_array_append_new(pair, b ? json_incref(b) : json_null()) < 0) {
		json_decref(pair);
		return -1;
	}
	return json_object_set_new(out, key, pair);
}

json_t *fw_rule_diff(const struct fw_rule *before, const struct fw_rule *after)
{
	json_t *a = fw_rule_to_json(before), *b = fw_rule_to_json(after), *out = json_object(),
	       *val;
	int bad = !a || !b || !out;
	const char *key;

	if (!bad) {
		json_object_foreach (a, key, val)
			bad |= diff_field(out, key, val, json_object_get(b, key));
		json_object_foreach (b, key, val)
			if (!json_object_get(a, key))
				bad |= diff_field(out, key, NULL, val);
	}
	json_decref(a);
	json_decref(b);
	if (bad) {
		json_decref(out);
		return NULL;
	}
	return out;
}
