/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule records and their revisions (guideline No.104). A number is never used twice and a
 * revision's content never changes: whoever wants something else writes the next revision.
 * Functions that take a mg_txn change the registry inside the caller's transaction and leave the
 * audit rows to it.
 */
#ifndef MG_STORE_RULES_H
#define MG_STORE_RULES_H

#include "mgmt/store/store.h"
#include "mgmt/workflow/workflow.h"

/* One revision; strings are owned. Init with mg_rev_init, free with mg_rev_done. */
struct mg_rev {
	struct fw_rule rule; /* state FW_REMOVED when superseded */
	enum mg_intent intent;
	bool superseded; /* a later revision took its place, or it was discarded */
	char *reason;    /* why it is asked for (extend, remove, review) */
	int64_t requested_at;
	char *decided_by, *comment; /* approved or returned: by whom, and what they said */
	char *note;                 /* why it was suspended or resumed */
	int64_t decided_at, superseded_at;
};
void mg_rev_init(struct mg_rev *r);
void mg_rev_done(struct mg_rev *r);
const char *mg_rev_state_name(const struct mg_rev *r);
const struct sk_text *mg_rev_state_text(const struct mg_rev *r);
/* fw_rule_to_json and the fields above; new reference. */
json_t *mg_rev_to_json(const struct mg_rev *r);

/* revision 0: the one in force, else the newest that is not superseded. -ENOENT with a message. */
int mg_rule_get(struct mg_store *s, uint32_t number, uint32_t revision, struct mg_rev *ret,
	struct sk_err *err);
/* The open revision (draft, requested, returned) of the number; -ENOENT without a message. */
int mg_rule_pending(struct mg_store *s, uint32_t number, struct mg_rev *ret, struct sk_err *err);
/* What a change would start from: the newest approved one, else the newest. */
int mg_rule_base(struct mg_store *s, uint32_t number, struct mg_rev *ret, struct sk_err *err);

/* A built-in record with the keys of a rule's ("builtin": its name, "purpose" in both languages).
 */
struct fw_builtin;
json_t *mg_builtin_to_json(const struct fw_builtin *b);

struct mg_rule_filter {
	const char *state;     /* name, NULL: the one in force of every number */
	const char *applicant; /* exactly */
	const char *zone;      /* either end of the direction */
	const char *text;      /* anywhere in the text fields, literally */
	bool all;              /* removed ones too */
};
/* By number; pending is the revision waiting behind r (0 none) with its state. fn non-zero stops.
 */
struct mg_rule_row {
	const struct mg_rev *rev;
	uint32_t pending;
	const char *pending_state, *pending_intent;
	uint64_t packets, bytes; /* of the number, as fwd last reported */
};
int mg_rule_each(struct mg_store *s, const struct mg_rule_filter *f,
	int (*fn)(const struct mg_rule_row *row, void *arg), void *arg, struct sk_err *err);
/* Every revision of one number, oldest first. */
int mg_rule_history(struct mg_store *s, uint32_t number,
	int (*fn)(const struct mg_rev *r, void *arg), void *arg, struct sk_err *err);

/*
 * Store r as the next revision (number 0: a new number) in state draft or requested; a draft or
 * returned revision before it becomes superseded. -EEXIST if one is requested already. Sets number,
 * revision, state, requested_at and, if 0, registered in r.
 */
int mg_rule_insert(struct mg_txn *t, struct mg_rev *r, bool draft, int64_t now, struct sk_err *err);

/*
 * The content of r: all nine fields, objects and zones as in base (mg_store_build_base), the site's
 * longest expiry. Fills *ret_match when not NULL (fw_match_done).
 */
int mg_rule_check(struct mg_store *s, const struct fw_policy *base, const struct fw_rule *r,
	int64_t now, struct fw_match *ret_match, struct sk_err *err);

/* Who acts, in the transitions below. */
struct mg_actor {
	struct mg_person who;
	int64_t now;
	const char *text; /* comment or reason; may be NULL where none is required */
};
/* Each returns the revision as it is afterwards in *ret (mg_rev_done; may be NULL). */
int mg_rule_submit(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);
/* requested → draft; a draft or returned revision of a rule in force is discarded. */
int mg_rule_withdraw(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_rev *ret, struct sk_err *err);
int mg_rule_approve(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);
int mg_rule_return(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);
int mg_rule_suspend(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);
int mg_rule_resume(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);
/* A number that was never approved is removed at once. */
int mg_rule_discard(struct mg_txn *t, uint32_t number, const struct mg_actor *a, struct mg_rev *ret,
	struct sk_err *err);

/*
 * Mark what is past its expiry as expired, each with an audit row of "system"; one transaction.
 * *ret_numbers (free) lists them. None due: nothing is written.
 */
int mg_store_expire_due(
	struct mg_store *s, int64_t now, uint32_t **ret_numbers, size_t *ret_n, struct sk_err *err);
/* Notices 30, 7 and 1 days before expiry, each once to applicant and approver. *ret_new: how many.
 */
int mg_store_notices_due(struct mg_store *s, int64_t now, size_t *ret_new, struct sk_err *err);
/* Rows {"number", "expiry", "days", "created", "purpose", …}; account NULL: everybody's. */
int mg_notice_each(struct mg_store *s, const char *account, int64_t now,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err);

/* Counters from fwd: operational data, no revision and no audit. */
struct mg_hit {
	uint32_t number;
	uint64_t packets, bytes; /* totals as fwd keeps them */
	int64_t last_hit;        /* 0: not since */
};
int mg_store_hits_update(struct mg_store *s, const struct mg_hit *v, size_t n, struct sk_err *err);

#endif
