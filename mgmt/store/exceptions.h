/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of the inspection: what becomes of one rule, or of one host, other than the profile
 * says. Records as those of the firewall: a number (from the same row of numbers), an applicant, a
 * purpose, an expiry, approval by another person, revisions that are never rewritten. In force when
 * approved.
 */
#ifndef MG_STORE_EXCEPTIONS_H
#define MG_STORE_EXCEPTIONS_H

#include "mgmt/store/rules.h"

#define MG_EXCEPTIONS_MAX 20000 /* that may be in force at once */

struct mg_exception {
	uint32_t number, revision;
	enum mg_intent intent;
	char state[16]; /* requested returned active expired removed superseded */
	uint32_t gid, sid;
	char source[64], destination[64]; /* address, prefix or "any" */
	char action[16];                  /* ignore alert drop reject */
	char applicant[64], approver[64];
	char *purpose, *reason, *comment; /* owned */
	int64_t registered, expiry, requested_at, approved_at, decided_at;
};
void mg_exception_done(struct mg_exception *x);
json_t *mg_exception_to_json(const struct mg_exception *x);

/* The one in force, else the newest; -ENOENT with a message. */
int mg_exception_get(
	struct mg_store *s, uint32_t number, struct mg_exception *ret, struct sk_err *err);

struct mg_exception_filter {
	const char *state; /* NULL: of each number the one in force, else the newest */
	uint32_t number;   /* every revision of it; 0 all */
	bool all;          /* removed and expired ones too */
};
int mg_exception_each(struct mg_store *s, const struct mg_exception_filter *f,
	int (*fn)(const struct mg_exception *x, void *arg), void *arg, struct sk_err *err);

/*
 * Check and store as requested; number 0 takes a new one, else the next revision of it. Needs
 * intent, sid, gid, source, destination, action, expiry, purpose, applicant; fills the rest.
 */
int mg_exception_request(struct mg_txn *t, struct mg_exception *x, int64_t now, struct sk_err *err);
/* What the approver does with the open request; *ret may be NULL. */
int mg_exception_approve(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err);
int mg_exception_return(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err);
/* The applicant takes the open request back. */
int mg_exception_withdraw(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_exception *ret, struct sk_err *err);

/* Those past their expiry, each with an audit row of "system"; *ret_n: how many. */
int mg_store_exceptions_expire(struct mg_store *s, int64_t now, size_t *ret_n, struct sk_err *err);

#endif
