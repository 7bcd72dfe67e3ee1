/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a rule's record: states, what may happen in each, and who may do it. A pure table. */
#ifndef FW_STATE_H
#define FW_STATE_H

#include <stdbool.h>

#include "lib/err.h"

enum fw_state {
	FW_DRAFT,     /* being written */
	FW_REQUESTED, /* waits for approval */
	FW_RETURNED,  /* sent back with a reason */
	FW_APPROVED,  /* approved, not yet in the kernel */
	FW_ACTIVE,    /* in the kernel */
	FW_SUSPENDED, /* taken out of the kernel for now */
	FW_EXPIRED,   /* past its expiry date; out of the kernel */
	FW_REMOVED,   /* out of the kernel for good; the record stays */
	FW_STATES
};

enum fw_event {
	FW_EV_SUBMIT,   /* draft, returned → requested */
	FW_EV_APPROVE,  /* requested → approved */
	FW_EV_RETURN,   /* requested → returned */
	FW_EV_WITHDRAW, /* requested → draft, by the applicant */
	FW_EV_APPLY,    /* approved → active (fwd confirmed it) */
	FW_EV_SUSPEND,  /* active, approved → suspended */
	FW_EV_RESUME,   /* suspended → approved (in the kernel at the next apply) */
	FW_EV_EXPIRE,   /* active, approved, suspended → expired */
	FW_EV_RENEW,    /* expired → approved, through an approved revision with a new expiry */
	FW_EV_REMOVE,   /* all but removed → removed */
	FW_EVENTS
};

/* 0 and *ret, or -ESTALE with err saying what is possible in this state. */
int fw_state_next(enum fw_state s, enum fw_event ev, enum fw_state *ret, struct sk_err *err);
bool fw_state_in_kernel(enum fw_state s); /* belongs in the next policy: approved, active */

const char *fw_state_name(enum fw_state s);           /* "requested" */
const struct sk_text *fw_state_text(enum fw_state s); /* 承認待ち … */
int fw_state_parse(const char *s, enum fw_state *ret);
const char *fw_event_name(enum fw_event ev);

#endif
