/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store's own files share about rule records; nothing outside mgmt/store includes it. */
#ifndef MG_STORE_RULES_DB_H
#define MG_STORE_RULES_DB_H

#include "mgmt/store/rules.h"

/* State lists for mg_rule_in_state: each word between blanks. */
#define MG_ST_OPEN " draft requested returned "
#define MG_ST_IN_FORCE " approved active suspended expired "

/* -ENOENT with its message. */
int mg_rule_no(uint32_t number, struct sk_err *err);
/* The newest revision of number in one of the states; -ENOENT without a message. */
int mg_rule_in_state(struct mg_store *s, uint32_t number, const char *states, struct mg_rev *ret,
	struct sk_err *err);
/* The newest revision that is active or approved and no removal; -ENOENT without a message. */
int mg_rule_in_kernel(struct mg_store *s, uint32_t number, struct mg_rev *ret, struct sk_err *err);
/* May a decide about what applicant asked for? Looks the account up inside the transaction. */
int mg_store_decider(
	struct mg_txn *t, const char *applicant, const struct mg_actor *a, struct sk_err *err);
/* The revisions that a policy built now contains, by number. */
int mg_rule_for_build(struct mg_store *s, enum mg_build what, int64_t now,
	int (*fn)(const struct mg_rule_row *row, void *arg), void *arg, struct sk_err *err);
/* One step of a revision's life (fw_state_next), stored; r->rule.state follows. */
int mg_rule_step(struct mg_txn *t, struct mg_rev *r, enum fw_event ev, struct sk_err *err);
/* It has a successor, or is discarded. */
int mg_rule_supersede(
	struct mg_txn *t, uint32_t number, uint32_t revision, int64_t now, struct sk_err *err);

#endif
