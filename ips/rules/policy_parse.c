/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The JSON of the inspection policy (docs/ipc.md) to struct ips_policy. What is wrong is refused
 * with the field's path; unknown keys too, so that no wish is silently passed over. The engine's
 * own keys are read elsewhere.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "ips/rules/policy_int.h"
#include "ips/rules/text.h"
#include "lib/json.h"
#include "lib/util.h"

static int get_list(
	const json_t *obj, const char *key, size_t max, json_t **ret, struct sk_err *err)
{
	int r = sk_json_array(obj, key, false, ret, err);

	if (r == 0 && *ret && json_array_size(*ret) > max)
		return sk_err_set(
			err, -EINVAL, key, "has more than %zu entries", "は %zu 件までです", max);
	return r;
}

static int words(struct ips_policy *p, const json_t *obj, const char *key, struct ips_words *ret,
	struct sk_err *err)
{
	json_t *list = NULL;
	int r = get_list(obj, key, IPS_CRITERION_WORDS, &list, err);

	if (r < 0 || !list)
		return r;
	if (json_array_size(list) == 0)
		return sk_err_set(err, -EINVAL, key, "is empty: leave it out to match everything",
			"が空です。すべてに合わせるには項目ごと省いてください");
	ret->v = ips_arena_get(&p->arena, json_array_size(list) * sizeof(*ret->v));
	if (!ret->v)
		return sk_err_nomem(err);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s)
			return sk_err_set(err, -EINVAL, key, "must be a list of texts",
				"は文字列の配列で指定してください");
		ret->v[i] = ips_strings_get(&p->strings, s, strlen(s));
		if (!ret->v[i])
			return sk_err_nomem(err);
	}
	ret->n = (uint32_t)json_array_size(list);
	return 0;
}

static int severities(const json_t *obj, uint32_t *ret, struct sk_err *err)
{
	json_t *list = NULL;
	int r = get_list(obj, "severity", 31, &list, err);

	for (size_t i = 0; r == 0 && list && i < json_array_size(list); i++) {
		json_int_t n = json_integer_value(json_array_get(list, i));

		if (n < 1 || n > 31)
			return sk_err_set(err, -EINVAL, "severity",
				"must be a list of numbers from 1",
				"は 1 からの整数の配列で指定してください");
		*ret |= 1u << n;
	}
	if (r == 0 && list && *ret == 0)
		return sk_err_set(err, -EINVAL, "severity",
			"is empty: leave it out to match everything",
			"が空です。すべてに合わせるには項目ごと省いてください");
	return r;
}

static int action_of(const char *s)
{
	if (!s)
		return -1;
	if (strcmp(s, "alert") == 0)
		return IPS_ALERT;
	if (strcmp(s, "drop") == 0)
		return IPS_DROP;
	if (strcmp(s, "reject") == 0)
		return IPS_REJECT;
	return -1;
}

static int bad_action(const char *key, struct sk_err *err)
{
	return sk_err_set(err, -EINVAL, key, "must be alert, drop or reject",
		"は alert、drop、reject のいずれかです");
}

static int written(const json_t *obj, uint32_t *ret, struct sk_err *err)
{
	json_t *list = NULL;
	int r = get_list(obj, "written", 8, &list, err);

	for (size_t i = 0; r == 0 && list && i < json_array_size(list); i++) {
		int a = action_of(json_string_value(json_array_get(list, i)));

		if (a < 0)
			return bad_action("written", err);
		*ret |= 1u << a;
		if (a == IPS_REJECT)
			*ret |= 1u << IPS_REJECT_DST | 1u << IPS_REJECT_BOTH;
	}
	if (r == 0 && list && *ret == 0)
		return bad_action("written", err);
	return r;
}

static int one_criterion(
	struct ips_policy *p, const json_t *obj, struct ips_criterion *c, struct sk_err *err)
{
	static const char *const keys[] = {"severity", "confidence", "deployment", "class",
		"signature_severity", "category", "written", "max_age_days", "action", "urgent",
		"comment", NULL};
	const char *action = NULL;
	int64_t days = 0;
	int r, a;

	if (!json_is_object(obj))
		return sk_err_set(err, -EINVAL, NULL, "must be an object",
			"はオブジェクトで指定してください");
	r = sk_json_only(obj, keys, err);
	if (r == 0)
		r = severities(obj, &c->severities, err);
	if (r == 0)
		r = words(p, obj, "confidence", &c->confidence, err);
	if (r == 0)
		r = words(p, obj, "deployment", &c->deployment, err);
	if (r == 0)
		r = words(p, obj, "signature_severity", &c->signature_severity, err);
	if (r == 0)
		r = words(p, obj, "class", &c->class, err);
	if (r == 0)
		r = words(p, obj, "category", &c->category, err);
	if (r == 0)
		r = written(obj, &c->written, err);
	if (r == 0)
		r = sk_json_int(obj, "max_age_days", false, &days, err);
	if (r == 0)
		r = sk_json_bool(obj, "urgent", false, &c->urgent, err);
	if (r == 0)
		r = sk_json_str(obj, "action", true, &action, err);
	if (r < 0)
		return r;
	a = action_of(action);
	if (a < 0)
		return bad_action("action", err);
	if (days < 0 || days > 100000 || (days == 0 && json_object_get(obj, "max_age_days")))
		return sk_err_set(err, -EINVAL, "max_age_days", "must be from 1 to 100000",
			"は 1 から 100000 で指定してください");
	c->max_age_days = (uint32_t)days;
	c->action = (enum ips_action)a;
	return 0;
}

static int criteria(struct ips_policy *p, const json_t *obj, struct sk_err *err)
{
	json_t *list = NULL;
	int r = get_list(obj, "criteria", IPS_CRITERIA_MAX, &list, err);

	if (r < 0 || !list)
		return r;
	p->has_criteria = true;
	p->criteria_n = (uint32_t)json_array_size(list);
	p->criteria = ips_arena_get(&p->arena, p->criteria_n * sizeof(*p->criteria));
	if (!p->criteria)
		return sk_err_nomem(err);
	for (uint32_t i = 0; i < p->criteria_n && r == 0; i++) {
		r = one_criterion(p, json_array_get(list, i), &p->criteria[i], err);
		if (r < 0)
			sk_err_prefix(err, "criteria[%u]", i);
	}
	return r;
}

/* "any", an address or a prefix. */
static bool host(const char *s, uint8_t *family, uint8_t *len, struct ips_addr *addr)
{
	struct ips_text rest = ips_text_of(s), a;
	char text[64];
	uint64_t n;

	if (strcmp(s, "any") == 0)
		return true;
	ips_text_cut(&rest, '/', &a);
	if (a.n >= sizeof(text))
		return false;
	ips_text_copy(text, sizeof(text), a);
	memset(addr, 0, sizeof(*addr));
	*family = inet_pton(AF_INET, text, addr->w) == 1  ? 4
		: inet_pton(AF_INET6, text, addr->w) == 1 ? 6
							  : 0;
	if (!*family)
		return false;
	n = *family == 4 ? 32 : 128;
	if (rest.p && !ips_text_u64(rest, n, &n))
		return false;
	*len = (uint8_t)n;
	return true;
}

static int number_of(
	const json_t *obj, const char *key, int64_t max, int64_t *ret, struct sk_err *err)
{
	int r = sk_json_int(obj, key, false, ret, err);

	if (r == 0 && (*ret < 0 || *ret > max))
		return sk_err_set(err, -EINVAL, key, "must be from 0 to %lld",
			"は 0 から %lld で指定してください", (long long)max);
	return r;
}

static int decision_of(const char *s)
{
	static const struct {
		const char *name;
		enum ips_decision d;
	} names[] = {{"ignore", IPS_DECIDE_IGNORE}, {"alert", IPS_DECIDE_ALERT},
		{"drop", IPS_DECIDE_DROP}, {"reject", IPS_DECIDE_REJECT}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (strcmp(s, names[i].name) == 0)
			return names[i].d;
	return -1;
}

static int exception_hosts(const json_t *obj, struct ips_exception *x, struct sk_err *err)
{
	const char *src = "any", *dst = "any";
	int r = sk_json_str(obj, "src", false, &src, err);

	if (r == 0)
		r = sk_json_str(obj, "dst", false, &dst, err);
	if (r == 0 && !host(src, &x->src.family, &x->src.len, &x->src.addr))
		return sk_err_set(err, -EINVAL, "src", "must be an address, a prefix or any",
			"はアドレス、プレフィックス、any のいずれかです");
	if (r == 0 && !host(dst, &x->dst.family, &x->dst.len, &x->dst.addr))
		return sk_err_set(err, -EINVAL, "dst", "must be an address, a prefix or any",
			"はアドレス、プレフィックス、any のいずれかです");
	return r;
}

static int one_exception(const json_t *obj, struct ips_exception *x, struct sk_err *err)
{
	static const char *const keys[] = {
		"number", "gid", "sid", "src", "dst", "action", "expires", NULL};
	int64_t number = 0, gid = 1, sid = 0;
	const char *action = NULL;
	int r, d;

	if (!json_is_object(obj))
		return sk_err_set(err, -EINVAL, NULL, "must be an object",
			"はオブジェクトで指定してください");
	r = sk_json_only(obj, keys, err);
	if (r == 0)
		r = number_of(obj, "number", UINT32_MAX, &number, err);
	if (r == 0)
		r = number_of(obj, "gid", UINT32_MAX, &gid, err);
	if (r == 0)
		r = number_of(obj, "sid", UINT32_MAX, &sid, err);
	if (r == 0)
		r = number_of(obj, "expires", INT64_MAX, &x->expires, err);
	if (r == 0)
		r = sk_json_str(obj, "action", true, &action, err);
	if (r == 0)
		r = exception_hosts(obj, x, err);
	if (r < 0)
		return r;
	d = decision_of(action);
	if (d < 0)
		return sk_err_set(err, -EINVAL, "action", "must be ignore, alert, drop or reject",
			"は ignore、alert、drop、reject のいずれかです");
	if (sid == 0 && !x->src.family && !x->dst.family)
		return sk_err_set(err, -EINVAL, "sid",
			"an exception for all rules needs a source or a destination",
			"すべてのルールに対する例外には送信元か宛先が必要です");
	x->number = (uint32_t)number;
	x->gid = (uint32_t)gid;
	x->sid = (uint32_t)sid;
	x->decision = (enum ips_decision)d;
	return 0;
}

static int exceptions(struct ips_policy *p, const json_t *obj, struct sk_err *err)
{
	json_t *list = NULL;
	int r = get_list(obj, "exceptions", IPS_EXCEPTIONS_MAX, &list, err);

	if (r < 0 || !list)
		return r;
	p->exceptions_n = (uint32_t)json_array_size(list);
	p->exceptions = ips_arena_get(&p->arena, p->exceptions_n * sizeof(*p->exceptions));
	if (!p->exceptions)
		return sk_err_nomem(err);
	for (uint32_t i = 0; i < p->exceptions_n && r == 0; i++) {
		r = one_exception(json_array_get(list, i), &p->exceptions[i], err);
		if (r < 0)
			sk_err_prefix(err, "exceptions[%u]", i);
	}
	return r;
}

static int one_file(
	struct ips_policy *p, const json_t *obj, struct ips_policy_file *f, struct sk_err *err)
{
	static const char *const keys[] = {"path", "sha256", "monitor_until", NULL};
	const char *path = NULL, *sha = NULL;
	int r;

	if (!json_is_object(obj))
		return sk_err_set(err, -EINVAL, NULL, "must be an object",
			"はオブジェクトで指定してください");
	r = sk_json_only(obj, keys, err);
	if (r == 0)
		r = sk_json_str(obj, "path", true, &path, err);
	if (r == 0)
		r = sk_json_str(obj, "sha256", false, &sha, err);
	if (r == 0)
		r = number_of(obj, "monitor_until", INT64_MAX, &f->monitor_until, err);
	if (r < 0)
		return r;
	f->path = ips_strings_get(&p->strings, path, strlen(path));
	return f->path ? 0 : sk_err_nomem(err);
}

static int files(struct ips_policy *p, const json_t *obj, struct sk_err *err)
{
	json_t *list = NULL;
	int r = get_list(obj, "rules", IPS_POLICY_FILES_MAX, &list, err);

	if (r < 0 || !list)
		return r;
	p->files_n = (uint32_t)json_array_size(list);
	p->files = ips_arena_get(&p->arena, p->files_n * sizeof(*p->files));
	if (!p->files)
		return sk_err_nomem(err);
	for (uint32_t i = 0; i < p->files_n && r == 0; i++) {
		r = one_file(p, json_array_get(list, i), &p->files[i], err);
		if (r < 0)
			sk_err_prefix(err, "rules[%u]", i);
	}
	return r;
}

static int whole(struct ips_policy *p, const json_t *obj, struct sk_err *err)
{
	static const char *const keys[] = {"format", "generation", "profile", "criteria", "rules",
		"classification", "reference", "threshold", "datasets", "vars", "exceptions",
		"engine", "comment", NULL};
	const char *format = "sekisho-ips-policy-1", *profile = NULL;
	int r;

	if (!json_is_object(obj))
		return sk_err_set(err, -EINVAL, NULL, "the policy must be an object",
			"ポリシーはオブジェクトで指定してください");
	r = sk_json_only(obj, keys, err);
	if (r == 0)
		r = sk_json_str(obj, "format", false, &format, err);
	if (r == 0 && strcmp(format, "sekisho-ips-policy-1") != 0)
		return sk_err_set(err, -EINVAL, "format", "is not sekisho-ips-policy-1",
			"が sekisho-ips-policy-1 ではありません");
	if (r == 0)
		r = sk_json_str(obj, "profile", false, &profile, err);
	if (r == 0)
		r = criteria(p, obj, err);
	if (r == 0)
		r = files(p, obj, err);
	return r < 0 ? r : exceptions(p, obj, err);
}

int ips_policy_parse(struct ips_policy **ret, const char *text, size_t n, struct sk_err *err)
{
	struct ips_policy *p;
	json_t *obj = sk_json_parse(text, n, err);
	int r;

	if (!obj)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	r = p ? whole(p, obj, err) : sk_err_nomem(err);
	json_decref(obj);
	if (r < 0) {
		ips_policy_free(p);
		/* A key that is missing is as wrong as any other mistake. */
		return r == -ENOENT ? -EINVAL : r;
	}
	*ret = p;
	return 0;
}

void ips_policy_free(struct ips_policy *p)
{
	if (!p)
		return;
	ips_strings_done(&p->strings);
	ips_arena_done(&p->arena);
	free(p);
}
