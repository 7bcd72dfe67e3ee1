// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking things up in the command table and checking arguments against it, for the command line
 * before it sends and for the daemon before a handler sees them. Pure.
 */
#include "mgmt/command/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/util.h"

#define LIST_MAX 1000
#define TEXT_MAX 1000
#define FILE_NAME_MAX 4096

static int compare(const void *key, const void *entry)
{
	return strcmp(key, ((const struct mg_command *)entry)->op);
}

const struct mg_command *mg_command_find(const char *op)
{
	return bsearch(op, mg_commands, mg_command_count(), sizeof(mg_commands[0]), compare);
}

static int check_text(const struct mg_arg *a, const json_t *v, struct sk_err *err)
{
	size_t max = a->type >= MG_FILE ? FILE_NAME_MAX : a->max ? a->max : TEXT_MAX;
	const unsigned char *s;

	if (!json_is_string(v))
		return sk_err_set(
			err, -EINVAL, a->name, "must be text", "文字列で指定してください");
	if (json_string_length(v) > max)
		return sk_err_set(err, -EINVAL, a->name, "is longer than %zu bytes",
			"長すぎます(最大 %zu バイト)", max);
	for (s = (const unsigned char *)json_string_value(v); *s; s++)
		if ((*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f)
			return sk_err_set(err, -EINVAL, a->name, "contains a control character",
				"制御文字が含まれています");
	return 0;
}

static int check_uint(const struct mg_arg *a, const json_t *v, struct sk_err *err)
{
	uint64_t max = a->max ? a->max : INT64_MAX;
	json_int_t n = json_integer_value(v);

	if (!json_is_integer(v))
		return sk_err_set(
			err, -EINVAL, a->name, "must be a number", "数値で指定してください");
	if (n < 0 || (uint64_t)n < a->min || (uint64_t)n > max)
		return sk_err_set(err, -EINVAL, a->name, "must be between %" PRIu64 " and %" PRIu64,
			"%" PRIu64 " から %" PRIu64 " の範囲で指定してください", a->min, max);
	return 0;
}

static int check_choice(const struct mg_arg *a, const json_t *v, struct sk_err *err)
{
	const char *s = json_string_value(v);
	struct sk_buf b;
	int ret;

	for (size_t i = 0; s && a->choices[i]; i++)
		if (!strcmp(s, a->choices[i]))
			return 0;
	sk_buf_init(&b, 256);
	for (size_t i = 0; a->choices[i]; i++)
		sk_buf_printf(&b, "%s%s", i ? ", " : "", a->choices[i]);
	ret = sk_err_set(err, -EINVAL, a->name, "must be one of %s",
		"%s のいずれかを指定してください", sk_buf_str(&b));
	sk_buf_done(&b);
	return ret;
}

static int check_date(const struct mg_arg *a, const json_t *v, struct sk_err *err)
{
	int64_t t;
	int ret = check_text(a, v, err);

	if (ret < 0)
		return ret;
	if (sk_time_parse(json_string_value(v), false, &t, err) < 0) {
		if (err)
			err->path[0] = '\0';
		sk_err_prefix(err, "%s", a->name);
		return -EINVAL;
	}
	return 0;
}

static int check_value(const struct mg_arg *a, const json_t *v, struct sk_err *err)
{
	switch (a->type) {
	case MG_STRING:
	case MG_FILE:
	case MG_FOLDER:
	case MG_OUTPUT: return check_text(a, v, err);
	case MG_UINT: return check_uint(a, v, err);
	case MG_DATE: return check_date(a, v, err);
	case MG_CHOICE: return check_choice(a, v, err);
	case MG_FLAG:
		if (json_is_boolean(v))
			return 0;
		return sk_err_set(err, -EINVAL, a->name, "must be true or false",
			"true または false で指定してください");
	}
	return -EINVAL;
}

static int check_list(const struct mg_arg *a, const json_t *v, struct sk_err *err)
{
	size_t n = json_array_size(v);
	int ret;

	if (!json_is_array(v))
		return sk_err_set(
			err, -EINVAL, a->name, "must be a list", "リストで指定してください");
	if ((!n && a->required) || n > LIST_MAX)
		return sk_err_set(err, -EINVAL, a->name, "must have 1 to %d entries",
			"1 から %d 件で指定してください", LIST_MAX);
	for (size_t i = 0; i < n; i++) {
		ret = check_value(a, json_array_get(v, i), err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int check_known(const struct mg_command *c, const json_t *args, struct sk_err *err)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)args, key, v) {
		const struct mg_arg *a = c->args;

		while (a && a->name && strcmp(a->name, key) != 0)
			a++;
		if (!a || !a->name)
			return sk_err_set(err, -EINVAL, "args", "%s takes no argument \"%.64s\"",
				"%s に引数「%.64s」はありません", c->op, key);
	}
	return 0;
}

int mg_command_check_args(const struct mg_command *c, const json_t *args, struct sk_err *err)
{
	int ret;

	if (args && !json_is_object(args))
		return sk_err_set(err, -EINVAL, "args", "must be an object", NULL);
	ret = check_known(c, args, err);
	for (const struct mg_arg *a = c->args; !ret && a && a->name; a++) {
		const json_t *v = json_object_get(args, a->name);

		if (v)
			ret = a->list ? check_list(a, v, err) : check_value(a, v, err);
		else if (a->required)
			ret = sk_err_set(
				err, -EINVAL, a->name, "is required", "必ず指定してください");
	}
	return ret;
}

int mg_exit_code(int code)
{
	switch (code < 0 ? -code : code) {
	case 0: return 0;
	case ENOENT:
	case ESRCH: return 3;
	case EINVAL:
	case EEXIST:
	case ERANGE:
	case ESTALE:
	case EBUSY:
	case EBADMSG:
	case EMSGSIZE:
	case ENOTEMPTY:
	case EFBIG: return 4;
	case EPERM:
	case EACCES: return 5;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case ENOTCONN:
	case ETIMEDOUT:
	case EHOSTDOWN: return 6;
	default: return 1;
	}
}
