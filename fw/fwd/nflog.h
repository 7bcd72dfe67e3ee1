/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel logs to our NFLOG group, as events. Adapter over libmnl. */
#ifndef FW_FWD_NFLOG_H
#define FW_FWD_NFLOG_H

#include "fw/fwd/event.h"
#include "lib/err.h"

struct fwd_nflog;

/* Bind group; -EBUSY if another process has it. The socket is non-blocking. */
int fwd_nflog_open(struct fwd_nflog **ret, unsigned group, struct sk_err *err);
void fwd_nflog_close(struct fwd_nflog *n);
int fwd_nflog_fd(const struct fwd_nflog *n);
/*
 * Read what is there, up to a fair share, and call fn for each packet that one of our rules logged.
 * now_us stands in where the kernel gave no time. 0 or -errno.
 */
int fwd_nflog_read(struct fwd_nflog *n, int64_t now_us,
	void (*fn)(const struct fwd_event *e, void *arg), void *arg);
uint64_t fwd_nflog_lost(const struct fwd_nflog *n);    /* packets the kernel could not hand over */
uint64_t fwd_nflog_strange(const struct fwd_nflog *n); /* without our prefix, or unreadable */

#endif
