/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what, and when: the rules of request, approval, reminder and review (guideline No.104,
 * 114, 119). Pure: people, states and times come in, a decision with its reason goes out. The state
 * table of rules itself is fw/registry/state.h.
 */
#ifndef MG_WORKFLOW_H
#define MG_WORKFLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/registry/rule.h"
#include "lib/err.h"

struct mg_person {
	const char *name;
	unsigned roles; /* enum mg_role */
	bool enabled;
};

/* What a revision asks for. */
enum mg_intent { MG_NEW, MG_MODIFY, MG_EXTEND, MG_REMOVAL, MG_IMPORT, MG_INTENTS };
const char *mg_intent_name(enum mg_intent i); /* "new" "change" "extend" "remove" "import" */
const struct sk_text *mg_intent_text(enum mg_intent i);
int mg_intent_parse(const char *s, enum mg_intent *ret);

/* Approve or return what applicant asked for: an enabled approver who is somebody else. -EPERM. */
int mg_wf_decide(const char *applicant, const struct mg_person *who, struct sk_err *err);
/* Submit, withdraw, discard: the applicant alone. */
int mg_wf_own(const char *applicant, const struct mg_person *who, struct sk_err *err);
/* Only a rule that lets something through may be suspended without approval. */
int mg_wf_suspend(enum fw_kind kind, struct sk_err *err);
/* A reason or purpose that must be there: not empty, not blank. */
int mg_wf_reason(const char *field, const char *text, struct sk_err *err);

/* Requests for objects, zones and settings. */
enum mg_change_state {
	MG_CHS_REQUESTED,
	MG_CHS_RETURNED,
	MG_CHS_APPROVED,
	MG_CHS_ACTIVE,
	MG_CHS_SUPERSEDED,
	MG_CHANGE_STATES
};
enum mg_change_event {
	MG_CHE_APPROVE,
	MG_CHE_RETURN,
	MG_CHE_APPLY,
	MG_CHE_SUPERSEDE,
	MG_CHE_EVENTS
};
/* As fw_state_next: -ESTALE where the change is past this. */
int mg_change_next(enum mg_change_state s, enum mg_change_event ev, enum mg_change_state *ret,
	struct sk_err *err);
const char *mg_change_state_name(enum mg_change_state s);
const struct sk_text *mg_change_state_text(enum mg_change_state s);
int mg_change_state_parse(const char *s, enum mg_change_state *ret);

/*
 * The reminder due now for an expiry (30, 7 or 1 days before), 0 for none. last: the smallest one
 * sent for that expiry, 0 none. One that was missed is not sent late beside a nearer one.
 */
int mg_wf_notice(int64_t now, int64_t expiry, int last);

/* Whoever applied for a rule does not review it. -EPERM. */
int mg_wf_review(const char *applicant, const struct mg_person *who, struct sk_err *err);
/* The reviewer's decision is also the approval. */
bool mg_wf_review_direct(const char *applicant, const struct mg_person *who);
/* Over a year since the last finished review, or (0) since the first rule came into force. */
bool mg_wf_review_overdue(int64_t last_finished, int64_t first_active, int64_t now);

/* [a-z][a-z0-9._-]*, at most 63, and not "system", "console" or "root". */
bool mg_wf_account_name(const char *name);
struct mg_account_step {
	const char *name;
	unsigned roles_before, roles_after;
	bool enabled_before, enabled_after, is_new;
	size_t admins; /* enabled administrators before the step */
	int64_t uid_before, uid_after;
};
/*
 * May who take the step? Nobody changes roles or state of their own account; the console sets up
 * and recovers, administrators manage; the last enabled administrator stays. -EPERM.
 */
int mg_wf_account(
	const struct mg_account_step *step, const struct mg_person *who, struct sk_err *err);
/*
 * Does the step let somebody do more than before: a new account, a role, another Unix user, an
 * account enabled again? Then two people must want it (No.105), for whoever hands out accounts
 * alone could approve their own requests through one of them. What only takes away does not wait.
 */
bool mg_wf_account_grants(const struct mg_account_step *step);
/* Approve such a step: as mg_wf_decide, and nobody approves what is given to themselves. -EPERM. */
int mg_wf_account_approve(const struct mg_account_step *step, const char *applicant,
	const struct mg_person *who, struct sk_err *err);

/* Text somebody typed: UTF-8, no control characters but (multi) newline and tab, at most max bytes.
 */
int mg_wf_text(const char *field, const char *text, size_t max, bool multi, struct sk_err *err);

#endif
