/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a registered device: states and what may happen in each, as a pure table. Who may do
 * it is the workflow's business. "Expiring" is no state but a question about the date.
 */
#ifndef NAC_STATE_H
#define NAC_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

#define NAC_EXPIRING_DAYS 30

enum nac_state {
	NAC_DRAFT,       /* collected by the sensor, or being written */
	NAC_REQUESTED,   /* waits for approval */
	NAC_RETURNED,    /* sent back with a reason */
	NAC_ACTIVE,      /* permitted */
	NAC_QUARANTINED, /* reaches the notice page only */
	NAC_EXPIRED,     /* past its date */
	NAC_REVOKED,     /* permission taken away */
	NAC_REMOVED,     /* gone for good; the record stays */
	NAC_STATES
};

enum nac_step {
	NAC_STEP_SUBMIT,     /* draft, returned, revoked → requested */
	NAC_STEP_APPROVE,    /* requested → active */
	NAC_STEP_RETURN,     /* requested → returned */
	NAC_STEP_WITHDRAW,   /* requested → draft, by the applicant */
	NAC_STEP_QUARANTINE, /* active → quarantined */
	NAC_STEP_RELEASE,    /* quarantined → active */
	NAC_STEP_EXPIRE,     /* active, quarantined → expired */
	NAC_STEP_RENEW,      /* active, expired → active, through an approved revision */
	NAC_STEP_REVOKE,     /* active, quarantined, expired → revoked */
	NAC_STEP_REMOVE,     /* all but removed → removed */
	NAC_STEPS
};

/* 0 and *ret, or -ESTALE with err saying what is possible in this state. */
int nac_state_next(enum nac_state s, enum nac_step ev, enum nac_state *ret, struct sk_err *err);
/* Belongs in the admission document: active, quarantined, revoked (so that it is told by name). */
bool nac_state_in_document(enum nac_state s);
/* Active, and its date (seconds since 1970; 0 none) is at most NAC_EXPIRING_DAYS ahead of now. */
bool nac_state_expiring(enum nac_state s, int64_t expires, int64_t now);

const char *nac_state_name(enum nac_state s);           /* "requested" */
const struct sk_text *nac_state_text(enum nac_state s); /* 承認待ち … */
int nac_state_parse(const char *s, enum nac_state *ret);
const char *nac_step_name(enum nac_step ev);

#endif
