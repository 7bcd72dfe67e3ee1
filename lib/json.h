/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * jansson with our manners: duplicate keys and non-UTF-8 rejected, depth and size capped, typed
 * getters that name the field at fault, canonical output.
 */
#ifndef SK_JSON_H
#define SK_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

/* Parse one value (max nesting 16). New reference, or NULL with err set (line, column). */
json_t *sk_json_parse(const char *s, size_t len, struct sk_err *err);
/* The same of a text that may hold passwords: err says where and what, and quotes nothing of it. */
json_t *sk_json_parse_secret(const char *s, size_t len, struct sk_err *err);

/* Append canonical JSON: sorted keys, no spaces, UTF-8 as is. */
void sk_json_put(struct sk_buf *b, const json_t *v);
void sk_json_decrefp(json_t **v); /* for _cleanup_ */

/*
 * Getters on an object. A missing key is -ENOENT with err set if required, else 0 and *ret
 * untouched. A wrong type is -EINVAL. Strings are borrowed from obj.
 */
int sk_json_str(
	const json_t *obj, const char *key, bool required, const char **ret, struct sk_err *err);
int sk_json_int(
	const json_t *obj, const char *key, bool required, int64_t *ret, struct sk_err *err);
int sk_json_bool(const json_t *obj, const char *key, bool required, bool *ret, struct sk_err *err);
int sk_json_array(
	const json_t *obj, const char *key, bool required, json_t **ret, struct sk_err *err);
int sk_json_object(
	const json_t *obj, const char *key, bool required, json_t **ret, struct sk_err *err);
/* -EINVAL naming the first key of obj that is not in the NULL-terminated list. */
int sk_json_only(const json_t *obj, const char *const *keys, struct sk_err *err);

#endif
