/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The secrets file, shared with the RADIUS server (clients.conf): "NAME:SECRET", a line each, no
 * blanks around the colon; lines that begin with "#" are comments. Pure.
 */
#ifndef MG_RADIUS_SECRETS_H
#define MG_RADIUS_SECRETS_H

#include <stddef.h>

/*
 * The secret of name, from the file's text. 0; -ENOENT: no such line; -EINVAL: the secret is not 8
 * to cap-1 printable ASCII characters without blank and colon.
 */
int mg_radius_secret(const char *text, const char *name, char *dst, size_t cap);

#endif
