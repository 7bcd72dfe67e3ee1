/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who besides its owner may connect to a daemon's socket: an access list of users, which its owner
 * may set without any right and without being in anybody's group.
 */
#ifndef SK_ACL_H
#define SK_ACL_H

#include <stddef.h>
#include <sys/types.h>

#include "lib/err.h"

#define SK_ACL_USERS 8

/*
 * Beyond its mode, path may be read and written by the n users (at most SK_ACL_USERS; one named
 * twice counts once). Without users nothing is changed. Where the file system has no access lists
 * everybody may, and it is left to the server to look at who connects. Errors name path.
 */
int sk_acl_allow(const char *path, const uid_t *users, size_t n, struct sk_err *err);

#endif
