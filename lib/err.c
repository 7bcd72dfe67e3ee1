/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The error object for people: filled by whoever refuses, prefixed by those who know where in the
 * document the value stood, shown by the command line, the web and the logs.
 */
#include "lib/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* vsnprintf cuts between bytes; take an incomplete last UTF-8 sequence away. */
static void trim_utf8(char *s)
{
	size_t len = strlen(s), lead = len, want;
	unsigned char c;

	while (lead > 0 && len - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0)
		return;
	c = (unsigned char)s[--lead];
	want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	if (len - lead < want)
		s[lead] = '\0';
}

/* Built aside and then copied, since the arguments may point into *err. */
static void finish(struct sk_err *err, struct sk_err *e, int code, const char *path)
{
	e->code = code;
	if (path)
		snprintf(e->path, sizeof(e->path), "%s", path);
	trim_utf8(e->en);
	trim_utf8(e->ja);
	trim_utf8(e->path);
	*err = *e;
}

int sk_err_set(struct sk_err *err, int code, const char *path, const char *en, const char *ja, ...)
{
	struct sk_err e = {.code = 0};
	va_list ap;

	if (!err)
		return code;
	va_start(ap, ja);
	vsnprintf(e.en, sizeof(e.en), en, ap);
	va_end(ap);
	if (ja) {
		va_start(ap, ja);
		vsnprintf(e.ja, sizeof(e.ja), ja, ap);
		va_end(ap);
	}
	finish(err, &e, code, path);
	return code;
}

int sk_err_en(struct sk_err *err, int code, const char *path, const char *en, ...)
{
	struct sk_err e = {.code = 0};
	va_list ap;

	if (!err)
		return code;
	va_start(ap, en);
	vsnprintf(e.en, sizeof(e.en), en, ap);
	va_end(ap);
	finish(err, &e, code, path);
	return code;
}

void sk_err_prefix(struct sk_err *err, const char *fmt, ...)
{
	char prefix[sizeof(err->path)], path[2 * sizeof(err->path) + 2];
	const char *dot;
	va_list ap;

	if (!err)
		return;
	va_start(ap, fmt);
	vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);

	dot = prefix[0] && err->path[0] && err->path[0] != '[' ? "." : "";
	snprintf(path, sizeof(path), "%s%s%s", prefix, dot, err->path);
	path[sizeof(err->path) - 1] = '\0';
	trim_utf8(path);
	memcpy(err->path, path, sizeof(err->path));
}

const char *sk_err_text(const struct sk_err *err, enum sk_lang lang)
{
	return lang == SK_JA && err->ja[0] ? err->ja : err->en;
}

const char *sk_text(const struct sk_text *t, enum sk_lang lang)
{
	return lang == SK_JA && t->ja ? t->ja : t->en;
}

enum sk_lang sk_lang_from_env(void)
{
	static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

	/* POSIX: the first of them that is set and not empty decides. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);

		if (v && v[0])
			return strncmp(v, "ja", 2) == 0 ? SK_JA : SK_EN;
	}
	return SK_EN;
}

int sk_err_nomem(struct sk_err *err)
{
	return sk_err_set(err, -ENOMEM, NULL, "out of memory", "メモリが不足しています");
}
