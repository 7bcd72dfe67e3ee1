/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interface indexes as names and zones, cached until the kernel reports a change. Adapter. */
#ifndef FW_FWD_IFACES_H
#define FW_FWD_IFACES_H

#include "fw/fwd/event.h"
#include "fw/policy/policy.h"

struct fwd_ifaces;

/* NULL without memory. */
struct fwd_ifaces *fwd_ifaces_new(void);
void fwd_ifaces_free(struct fwd_ifaces *c);
/* An rtnetlink socket that becomes readable when links change; owned by c, -1 if there is none. */
int fwd_ifaces_fd(const struct fwd_ifaces *c);
/* Read what the socket has and forget everything. */
void fwd_ifaces_changed(struct fwd_ifaces *c);
/* The words for an event under p, borrowed until the next call or the end of p. */
void fwd_ifaces_names(struct fwd_ifaces *c, const struct fw_policy *p, const struct fwd_event *e,
	struct fwd_event_names *ret);

#endif
