// SPDX-License-Identifier: GPL-2.0-or-later
/* A line is looked at by the code that reads it later. */
#include "mgmt/secret/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/secrets.h"
#include "mgmt/notify/secrets.h"
#include "mgmt/radius/secrets.h"
#include "mgmt/radius/users.h"

/* The readers' own bounds. */
static const struct {
	const char *name, *file;
	size_t max;
	int (*line)(const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err);
} kinds[MG_SECRETS] = {
	[MG_SECRET_NOTIFY] = {"notify", "notify.secrets", 64u << 10, mg_notify_secret_line},
	[MG_SECRET_FEEDS] = {"feeds", "feeds.secrets", 64u << 10, mg_fetch_secret_line},
	[MG_SECRET_RADIUS] = {"radius", "radius.secrets", MG_SECRET_BYTES_MAX,
		mg_radius_secret_line},
	[MG_SECRET_USERS] = {"radius.users", "radius.users", MG_SECRET_BYTES_MAX,
		mg_radius_user_line},
};

const char *mg_secret_name(enum mg_secret s)
{
	return kinds[s].name;
}

const char *mg_secret_file(enum mg_secret s)
{
	return kinds[s].file;
}

int mg_secret_find(const char *name, enum mg_secret *ret, struct sk_err *err)
{
	for (enum mg_secret s = 0; s < MG_SECRETS; s++)
		if (sk_streq(kinds[s].name, name)) {
			*ret = s;
			return 0;
		}
	return sk_err_en(err, -ENOENT, "secret", "there is no such file of secrets");
}

static int at_line(unsigned line, const struct sk_err *why, struct sk_err *err)
{
	return sk_err_set(
		err, -EINVAL, "file", "line %u: %s%.0s", "%u 行目: %.0s%s", line, why->en, why->ja);
}

struct names {
	json_t *list, *lines; /* name → its line */
};

/* A name twice would mean one thing to one reader and another to the next. */
static int add_name(struct names *v, const char *s, size_t n, unsigned line, struct sk_err *why)
{
	json_t *text = json_stringn(s, n);
	const char *name = json_string_value(text);
	const json_t *at = name ? json_object_get(v->lines, name) : NULL;
	int r = 0;

	if (!name)
		r = sk_err_nomem(why);
	else if (at)
		r = sk_err_set(why, -EINVAL, NULL, "the name is there already, in line %lld",
			"名前が %lld 行目と重複しています", (long long)json_integer_value(at));
	else if (json_object_set_new(v->lines, name, json_integer((json_int_t)line)) < 0 ||
		json_array_append(v->list, text) < 0)
		r = sk_err_nomem(why);
	json_decref(text);
	return r;
}

static int check_bytes(enum mg_secret s, const char *text, size_t len, struct sk_err *err)
{
	const char *nul = memchr(text, 0, len);
	unsigned line = 1;

	if (len > kinds[s].max)
		return sk_err_set(err, -EFBIG, "file", "is larger than %zu KiB",
			"大きすぎます(最大 %zu KiB)", kinds[s].max >> 10);
	if (text[strspn(text, " \t\r\n")] == '\0' && !nul)
		return sk_err_set(err, -ENODATA, "file",
			"is empty: nothing was changed (to take all of it away, give a file with a "
			"comment, \"# none\")",
			"内容が空です。何も変更していません(すべて削除する場合は、コメント「# "
			"none」"
			"だけのファイルを指定してください)");
	if (!nul)
		return 0;
	for (const char *p = text; p < nul; p++)
		line += *p == '\n';
	return at_line(line,
		&(struct sk_err){.en = "has a NUL byte: this is no plain text (UTF-8)",
			.ja = "NUL バイトがあります。UTF-8 のテキストではありません"},
		err);
}

int mg_secret_check(
	enum mg_secret s, const char *text, size_t len, json_t **ret_names, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *list = json_array();
	_cleanup_(sk_json_decrefp) json_t *lines = json_object();
	struct names v = {list, lines};
	int r = list && lines ? check_bytes(s, text, len, err) : sk_err_nomem(err);

	for (unsigned line = 1; r == 0 && *text; line++) {
		const size_t n = strcspn(text, "\n");
		struct sk_err why = {0};
		const char *name;
		size_t name_len;

		r = kinds[s].line(text, n, &name, &name_len, &why);
		if (r > 0)
			r = add_name(&v, name, name_len, line, &why);
		if (r < 0)
			return at_line(line, &why, err);
		text += n + (text[n] == '\n');
	}
	if (r < 0)
		return r;
	*ret_names = list;
	list = NULL;
	return 0;
}

static bool is_there(const json_t *names, const char *s, size_t n)
{
	const json_t *v;
	size_t i;

	json_array_foreach (names, i, v)
		if (json_string_length(v) == n && memcmp(json_string_value(v), s, n) == 0)
			return true;
	return false;
}

char *mg_secret_add(enum mg_secret s, const char *text, const json_t *names, const char *old)
{
	const size_t len = strlen(text);
	char *all = malloc(strlen(old) + len + 2), *p = all;

	while (all && *old) {
		const size_t n = strcspn(old, "\n");
		const char *name;
		size_t name_len;
		int r = kinds[s].line(old, n, &name, &name_len, NULL);

		if (r == 0 || (r > 0 && !is_there(names, name, name_len))) {
			memcpy(p, old, n);
			p += n;
			*p++ = '\n';
		}
		old += n + (old[n] == '\n');
	}
	if (all)
		memcpy(p, text, len + 1);
	return all;
}

/* ---- differences ------------------------------------------------------------------------------
 */
static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct value {
	const char *p;
	size_t n;
};

/* What stands behind a name, up to the end of its line, without what its reader leaves away. */
static struct value value_of(enum mg_secret s, const char *p)
{
	const bool feeds = s == MG_SECRET_FEEDS;
	struct value v = {feeds ? strchr(p, '=') + 1 : p, 0};

	v.n = strcspn(v.p, "\n");
	while (v.n && (feeds ? blank(v.p[v.n - 1]) : v.p[v.n - 1] == '\r'))
		v.n--;
	while (feeds && v.n && blank(v.p[0]))
		v.p++, v.n--;
	return v;
}

/* name → where its value begins: no secret is copied. */
static json_t *index_of(enum mg_secret s, const char *text)
{
	json_t *v = json_object();
	const char *p = text;

	while (v && *p) {
		const size_t n = strcspn(p, "\n");
		const char *name;
		char key[256];
		size_t len;

		if (kinds[s].line(p, n, &name, &len, NULL) > 0 && len < sizeof(key)) {
			memcpy(key, name, len);
			key[len] = '\0';
			json_object_set_new(v, key, json_integer((json_int_t)(name + len - text)));
		}
		p += n + (p[n] == '\n');
	}
	return v;
}

static bool same(enum mg_secret s, const char *a, const char *b)
{
	const struct value x = value_of(s, a), y = value_of(s, b);

	if (x.n != y.n)
		return false;
	return s == MG_SECRET_USERS ? strncasecmp(x.p, y.p, x.n) == 0 : memcmp(x.p, y.p, x.n) == 0;
}

json_t *mg_secret_diff(enum mg_secret s, const char *old, const char *text)
{
	json_t *a = index_of(s, old), *b = index_of(s, text), *v, *was;
	json_t *ret = json_pack("{s:[], s:[], s:[]}", "added", "changed", "removed");
	const char *name, *what;

	json_object_foreach (b, name, v) {
		was = json_object_get(a, name);
		what = !was ? "added"
			: same(s, old + json_integer_value(was), text + json_integer_value(v))
			? NULL
			: "changed";
		if (what)
			json_array_append_new(json_object_get(ret, what), json_string(name));
	}
	json_object_foreach (a, name, v)
		if (!json_object_get(b, name))
			json_array_append_new(json_object_get(ret, "removed"), json_string(name));
	if (!a || !b) {
		json_decref(ret);
		ret = NULL;
	}
	json_decref(a);
	json_decref(b);
	return ret;
}
