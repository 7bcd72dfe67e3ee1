/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may prove themselves by a password (PEAP, TTLS): the users file that the RADIUS server reads
 * (modules.conf), "NAME:NT-HASH", a line each; lines that begin with "#" are comments. Pure.
 */
#ifndef MG_RADIUS_USERS_H
#define MG_RADIUS_USERS_H

#include <stddef.h>

#include "lib/err.h"

#define MG_NT_HASH 32      /* digits */
#define MG_RADIUS_USER 127 /* bytes of a name */

/*
 * One line (n bytes, without its end): 1 and its name, in s; 0: a comment or nothing; -EINVAL: the
 * line does not count, and why, without anything of its content.
 */
int mg_radius_user_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err);

/*
 * What MSCHAPv2 needs of a password (RFC 2759, 8.3: MD4 over UTF-16LE), as hex digits. -EINVAL: it
 * is no UTF-8, or longer than the 256 characters that the protocol knows.
 */
int mg_nt_hash(const char *password, char ret[MG_NT_HASH + 1], struct sk_err *err);

#endif
