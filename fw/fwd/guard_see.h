/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a logged packet says to the guard: that the kernel's meters found too much, that its source
 * is blocked, or that it is one of the attempts of which a scan is made. Pure.
 */
#ifndef FW_FWD_GUARD_SEE_H
#define FW_FWD_GUARD_SEE_H

#include "fw/fwd/event.h"
#include "fw/guard/scan.h"
#include "fw/policy/policy.h"

enum fwd_sign {
	FWD_SIGN_NONE,
	FWD_SIGN_BLOCKED, /* from a blocked source */
	FWD_SIGN_SOURCE,  /* the source sends too much */
	FWD_SIGN_DEST,    /* the destination is sent too much */
};

struct fwd_guard_sign {
	enum fwd_sign what;
	enum fw_guard_kind kind; /* of SOURCE and DEST */
	struct fw_ip src, dst;
};

void fwd_guard_read(const struct fwd_event *e, struct fwd_guard_sign *ret);

/*
 * Is it an attempt to find out what is there? Blocked, or let in from outside; opens something; is
 * no late answer of a server, and not what everybody's browser does.
 */
bool fwd_guard_try(const struct fwd_event *e, const struct fwd_event_names *names,
	const struct fw_policy *p, struct fw_scan_try *ret);

#endif
