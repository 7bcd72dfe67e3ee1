/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * API keys of feeds: "NAME = KEY", a line each, "#" comments. They are sent to the feed's own host
 * and never shown. Pure.
 */
#ifndef MG_FEEDS_FETCH_SECRETS_H
#define MG_FEEDS_FETCH_SECRETS_H

#include <stddef.h>

#include "lib/err.h"

#define MG_FETCH_SECRET_MAX 256 /* with the NUL */

/*
 * The secret of feed name into dst: its length, -ENOENT, or -EINVAL if it is too long or cannot
 * stand in a header.
 */
int mg_fetch_secret(const char *secrets, const char *name, char *dst, size_t cap);
/*
 * One line (n bytes, without its end): 1 and its name, in s; 0: a comment or nothing; -EINVAL: the
 * line does not count, and why, without anything of its content.
 */
int mg_fetch_secret_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err);

#endif
