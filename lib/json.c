/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict JSON in, canonical JSON out, and getters whose errors name the field. What comes in here
 * may be hostile: nesting is measured before jansson recurses into it.
 */
#include "lib/json.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "lib/util.h"

#define MAX_DEPTH 16
#define MAX_BYTES (64u << 20)

/* Deeper than MAX_DEPTH? Counts brackets outside strings; malformed text may count either way. */
static bool too_deep(const char *s, size_t len)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char c = s[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > MAX_DEPTH)
				return true;
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return false;
}

/* jansson quotes the text it stumbled over, last: "… near '…'", "invalid Unicode escape '…'". */
static void unquote(char *text)
{
	static const char end[] = " near end of file", unicode[] = "invalid Unicode";
	const size_t n = strlen(text), k = sizeof(end) - 1;
	char *near = strstr(text, " near ");

	if (n >= k && strcmp(text + n - k, end) == 0)
		return;
	if (near)
		*near = '\0';
	else if (strncmp(text, unicode, sizeof(unicode) - 1) == 0)
		text[sizeof(unicode) - 1] = '\0';
}

static json_t *parse(const char *s, size_t len, bool quote, struct sk_err *err)
{
	json_error_t je;
	char text[256];
	json_t *v;

	if (len > MAX_BYTES || too_deep(s, len)) {
		sk_err_set(err, -EINVAL, NULL, "JSON is too large or nested more than %d deep",
			"JSON が大きすぎるか、入れ子が %d 段を超えています", MAX_DEPTH);
		return NULL;
	}
	/* Without JSON_ALLOW_NUL a \u0000 is an error, so every string is a C string. */
	v = json_loadb(s, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je);
	if (!v) {
		if (!quote)
			unquote(je.text);
		sk_escape(text, sizeof(text), je.text, strlen(je.text));
		sk_err_set(err, -EINVAL, NULL, "JSON, line %d column %d: %s",
			"JSON の %d 行 %d 桁: %s", je.line, je.column, text);
	}
	return v;
}

json_t *sk_json_parse(const char *s, size_t len, struct sk_err *err)
{
	return parse(s, len, true, err);
}

json_t *sk_json_parse_secret(const char *s, size_t len, struct sk_err *err)
{
	return parse(s, len, false, err);
}

static int put_chunk(const char *p, size_t n, void *arg)
{
	struct sk_buf *b = arg;

	sk_buf_put(b, p, n);
	return sk_buf_error(b) ? -1 : 0;
}

void sk_json_put(struct sk_buf *b, const json_t *v)
{
	const size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY;

	if (json_dump_callback(v, put_chunk, b, flags) < 0 && !b->err)
		b->err = -ENOMEM;
}

void sk_json_decrefp(json_t **v)
{
	json_decref(*v);
}

static int missing(const char *key, bool required, struct sk_err *err)
{
	if (!required)
		return 0;
	return sk_err_set(err, -ENOENT, key, "is missing", "がありません");
}

static int wrong_type(const char *key, const struct sk_text *want, struct sk_err *err)
{
	/* %.0s passes over the text of the other language. */
	return sk_err_set(err, -EINVAL, key, "%s%.0s", "%.0s%s", want->en, want->ja);
}

int sk_json_str(
	const json_t *obj, const char *key, bool required, const char **ret, struct sk_err *err)
{
	static const struct sk_text want = {"must be text", "は文字列で指定してください"};
	const json_t *v = json_object_get(obj, key);

	if (!v)
		return missing(key, required, err);
	if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
		return wrong_type(key, &want, err);
	*ret = json_string_value(v);
	return 0;
}

int sk_json_int(const json_t *obj, const char *key, bool required, int64_t *ret, struct sk_err *err)
{
	static const struct sk_text want = {"must be a whole number", "は整数で指定してください"};
	const json_t *v = json_object_get(obj, key);

	if (!v)
		return missing(key, required, err);
	if (!json_is_integer(v))
		return wrong_type(key, &want, err);
	*ret = json_integer_value(v);
	return 0;
}

int sk_json_bool(const json_t *obj, const char *key, bool required, bool *ret, struct sk_err *err)
{
	static const struct sk_text want = {
		"must be true or false", "は true または false で指定してください"};
	const json_t *v = json_object_get(obj, key);

	if (!v)
		return missing(key, required, err);
	if (!json_is_boolean(v))
		return wrong_type(key, &want, err);
	*ret = json_is_true(v);
	return 0;
}

int sk_json_array(
	const json_t *obj, const char *key, bool required, json_t **ret, struct sk_err *err)
{
	static const struct sk_text want = {"must be a list", "は配列で指定してください"};
	json_t *v = json_object_get(obj, key);

	if (!v)
		return missing(key, required, err);
	if (!json_is_array(v))
		return wrong_type(key, &want, err);
	*ret = v;
	return 0;
}

int sk_json_object(
	const json_t *obj, const char *key, bool required, json_t **ret, struct sk_err *err)
{
	static const struct sk_text want = {
		"must be an object", "はオブジェクトで指定してください"};
	json_t *v = json_object_get(obj, key);

	if (!v)
		return missing(key, required, err);
	if (!json_is_object(v))
		return wrong_type(key, &want, err);
	*ret = v;
	return 0;
}

static bool listed(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (strcmp(key, *keys) == 0)
			return true;
	return false;
}

int sk_json_only(const json_t *obj, const char *const *keys, struct sk_err *err)
{
	void *it = json_object_iter((json_t *)obj);

	for (; it; it = json_object_iter_next((json_t *)obj, it)) {
		const char *key = json_object_iter_key(it);
		char clean[64];

		if (listed(key, keys))
			continue;
		sk_escape(clean, sizeof(clean), key, strlen(key));
		return sk_err_set(err, -EINVAL, clean, "is not a known field", "は未知の項目です");
	}
	return 0;
}
