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
 * Landlock: from now on files and folders with all below are read, or also made, written and
 * removed, only here; nothing is executed. The lists end with NULL; a path that does not exist is
 * passed over. What is open stays so. A kernel without Landlock (before 5.13) leaves it to the
 * unit.
 */
struct sk_sandbox_files {
	const char *const *read[2];
	const char *const *write;
};
int sk_sandbox_files(const struct sk_sandbox_files *f, struct sk_err *err);

/* 3 GiB of address space (not under a sanitizer) and no core file: for a process of one request. */
int sk_sandbox_memory(struct sk_err *err);

/*
 * seccomp filter: the base list every daemon needs (memory, files, sockets, epoll, time, threads),
 * plus the NULL-terminated names in extra. Others fail with EPERM; ptrace, module and mount calls
 * kill.
 */
int sk_sandbox_seccomp(const char *const *extra, struct sk_err *err);

#endif
