/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The secrets file, shared with the RADIUS server (clients.conf): "NAME:SECRET", a line each, no
 * blanks around the colon; lines that begin with "#" are comments. Pure.
 */
#ifndef MG_RADIUS_SECRETS_H
#define MG_RADIUS_SECRETS_H

#include <stddef.h>

#include "lib/err.h"

/*
 * The secret of name, from the file's text. 0; -ENOENT: no such line; -EINVAL: the secret is not 8
 * to cap-1 printable ASCII characters without blank and colon.
 */
int mg_radius_secret(const char *text, const char *name, char *dst, size_t cap);
/*
 * One line (n bytes, without its end): 1 and its name, in s; 0: a comment or nothing; -EINVAL: the
 * line does not count, and why, without anything of its content.
 */
int mg_radius_secret_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err);

#endif
