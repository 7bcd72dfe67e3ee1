/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One error for people: a code, the field at fault and what to do, in English and Japanese. The
 * same object travels from the pure layers through the daemons to the command line and the web.
 */
#ifndef SK_ERR_H
#define SK_ERR_H

#include <stdbool.h>

enum sk_lang { SK_EN, SK_JA };

/* A fixed text in both languages, for tables. */
struct sk_text {
	const char *en, *ja;
};

struct sk_err {
	int code;       /* negative errno, 0 if nothing was set */
	char path[128]; /* the field, such as "rules[7].destination"; empty if none */
	char en[320];
	char ja[480]; /* empty where only English exists */
};

/*
 * Fill err (which may be NULL) and return code, so that a function can end in
 * `return sk_err_set(err, -EINVAL, "port", "…", "…", …)`. Both formats take the same arguments in
 * the same order (the Japanese one may use %1$s). path may be NULL; so may ja if there
 * are no arguments. Too long text is cut on a character boundary. The arguments may point into err.
 */
int sk_err_set(struct sk_err *err, int code, const char *path, const char *en, const char *ja, ...)
	__attribute__((format(printf, 4, 6), format(printf, 5, 6)));

/* The same for what only exists in English (what a library said, an internal failure). */
int sk_err_en(struct sk_err *err, int code, const char *path, const char *en, ...)
	__attribute__((format(printf, 4, 5)));

/* Put a prefix before err->path: prefix "rules[7]" makes "rules[7].port". err may be NULL. */
void sk_err_prefix(struct sk_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The message in lang; English where no Japanese exists. Borrowed from err. */
const char *sk_err_text(const struct sk_err *err, enum sk_lang lang);

const char *sk_text(const struct sk_text *t, enum sk_lang lang);

/* From LC_ALL, LC_MESSAGES, LANG in that order: "ja…" is Japanese, all else English. */
enum sk_lang sk_lang_from_env(void);

/* -ENOMEM with its message. */
int sk_err_nomem(struct sk_err *err);

#endif
