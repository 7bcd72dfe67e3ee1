/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transparent operation: the bridge's ports are made isolated, so that nothing crosses. Once the
 * policy is in the kernel, and the bridge asks it about every frame (nf_call_iptables,
 * br_netfilter), they are opened to each other: those in zones of the policy's bridge. What was
 * opened once and is no longer the policy's is closed before the rules that looked after it go.
 */
#ifndef FW_FWD_TRANSPARENT_H
#define FW_FWD_TRANSPARENT_H

#include "lib/err.h"

struct fwd;
struct fw_policy;
struct fwd_transparent;

int fwd_transparent_start(struct fwd *d, struct sk_err *err);
void fwd_transparent_stop(struct fwd *d);
/* p is about to take the place of what is in the kernel; on failure it must not. */
int fwd_transparent_before(struct fwd *d, const struct fw_policy *p, struct sk_err *err);
/* It did not come to that. */
void fwd_transparent_kept(struct fwd *d);
/* p is in the kernel: look after its bridge, or after none. */
void fwd_transparent_applied(struct fwd *d, const struct fw_policy *p);
/* What changed without a notification (sysfs) is found here. */
void fwd_transparent_minute(struct fwd *d);

#endif
