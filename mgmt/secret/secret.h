/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of passwords and keys that programs of the gateway read: which there are, and whether one
 * would read as its reader reads it. Nothing of a content is ever in a message. Pure.
 */
#ifndef MG_SECRET_H
#define MG_SECRET_H

#include <jansson.h>
#include <stddef.h>

#include "lib/err.h"

enum mg_secret { MG_SECRET_NOTIFY, MG_SECRET_FEEDS, MG_SECRET_RADIUS, MG_SECRET_USERS, MG_SECRETS };

#define MG_SECRET_BYTES_MAX (512u << 10)

const char *mg_secret_name(enum mg_secret s); /* "notify" … */
const char *mg_secret_file(enum mg_secret s); /* in SK_SYSCONFDIR: "notify.secrets" … */
/* -ENOENT: none is called so. */
int mg_secret_find(const char *name, enum mg_secret *ret, struct sk_err *err);

/*
 * The content, NUL-terminated, line by line. 0 and the names in it (a list of strings, owned;
 * empty: nothing but comments); -EINVAL names the line; -EFBIG; -ENODATA: it is empty.
 */
int mg_secret_check(
	enum mg_secret s, const char *text, size_t len, json_t **ret_names, struct sk_err *err);

/*
 * One content (owned, free; NULL: no memory) of a checked text with its names, after what old has
 * of other names. An empty text takes the names away.
 */
char *mg_secret_add(enum mg_secret s, const char *text, const json_t *names, const char *old);

/*
 * What became of whose: {"added": [names], "changed": […], "removed": […]}, owned; NULL: no memory.
 * For the audit log, which must have nothing that a secret could be guessed by. Contents that do
 * not read count as far as they do.
 */
json_t *mg_secret_diff(enum mg_secret s, const char *old, const char *text);

#endif
