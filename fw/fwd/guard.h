/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard's side in fwd: reads from the packet log who scans, floods or guesses, decides whether
 * that source is blocked or only reported, keeps the kernel's lists and the file of blocks, and
 * tells. Not for use outside fw/fwd.
 */
#ifndef FW_FWD_GUARD_H
#define FW_FWD_GUARD_H

#include "fw/fwd/event.h"
#include "fw/guard/blocks.h"
#include "fw/policy/policy.h"
#include "lib/json.h"

struct fwd;
struct fwd_guard;

/* Tables, and what the file of an earlier run holds; before the first apply. */
int fwd_guard_start(struct fwd *d, struct sk_err *err);
void fwd_guard_stop(struct fwd *d);
/* After the start: the kernel's lists hold what ours do, and nothing else. */
void fwd_guard_settle(struct fwd *d);
/* p is in the kernel now: the lists may be new, some blocked sources exempt. */
void fwd_guard_applied(struct fwd *d, const struct fw_policy *p);

/*
 * A logged packet, before it is reported; fills e->guard. false: it was only the guard's own sign
 * that something is going on, and is no event.
 */
bool fwd_guard_packet(struct fwd *d, struct fwd_event *e);
void fwd_guard_tick(struct fwd *d); /* every second */
void fwd_guard_minute(struct fwd *d);

/*
 * By hand. seconds 0: as the policy says. -EPERM: the gateway's own address, an exempt one, or one
 * that no source has; -EEXIST: is blocked already; -ENOSPC; -EOPNOTSUPP: the guard is off.
 */
int fwd_guard_block(struct fwd *d, const struct fw_block *which, uint32_t seconds, const char *who,
	struct sk_err *err);
/* -ENOENT: is not blocked. */
int fwd_guard_release(
	struct fwd *d, const struct fw_block *which, const char *who, struct sk_err *err);
/* One block as guard.list shows it. */
json_t *fwd_guard_row(const struct fw_block *e);
struct fw_blocks *fwd_guard_blocks(struct fwd *d);
/* For the status. */
json_t *fwd_guard_status(struct fwd *d);

#endif
