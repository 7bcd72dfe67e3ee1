/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon gives up at start: capabilities it does not need, new privileges, system calls
 * outside its list. Startup errors are fatal to the caller.
 */
#ifndef SK_SANDBOX_H
#define SK_SANDBOX_H

#include <stdint.h>

#include "lib/err.h"

/* Switch to user (its uid, gid, no supplementary groups) keeping the capabilities in keep (bit mask
 * of CAP_*), everything else dropped from all sets including bounding; no_new_privs set. user NULL
 * or not root: only the dropping. */
int sk_sandbox_caps(const char *user, uint64_t keep, struct sk_err *err);

/*
 * seccomp filter: the base list every daemon needs (memory, files, sockets, epoll, time, threads),
 * plus the NULL-terminated names in extra. Others fail with EPERM; ptrace, module and mount calls
 * kill.
 */
int sk_sandbox_seccomp(const char *const *extra, struct sk_err *err);

#endif
