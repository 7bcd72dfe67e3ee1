/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers of records share: the caller as an actor, transactions with their audit row,
 * rows. */
#ifndef MG_H_COMMON_H
#define MG_H_COMMON_H

#include <stdint.h>

#include "mgmt/mgmtd/call.h"
#include "mgmt/mgmtd/daemon.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/store/accounts.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/generations.h"
#include "mgmt/store/reviews.h"
#include "mgmt/store/rules.h"

struct mg_store *mg_h_store(struct mg_call *c);
/* The caller; text (a comment or reason) is borrowed and may be NULL. */
struct mg_actor mg_h_actor(const struct mg_call *c, const char *text);
/* A further audit row of the open transaction; before and after are stolen and may be NULL. */
int mg_h_audit(struct mg_call *c, struct mg_txn *t, const char *target, json_t *before,
	json_t *after, struct sk_err *err);
/*
 * Commit with the call's audit row (before, after stolen). In a dry run everything is taken back
 * instead and the person told so.
 */
int mg_h_commit(struct mg_call *c, struct mg_txn *t, const char *target, json_t *before,
	json_t *after, struct sk_err *err);
/* A site document (site.import) into the open transaction, where nothing was ever applied; what was
 * set must make a policy as a whole. */
int mg_h_site_put(struct mg_call *c, struct mg_txn *t, json_t *doc, struct sk_err *err);
/* The i-th of the list argument "numbers"; false past its end. */
bool mg_h_number(const struct mg_call *c, size_t i, uint32_t *ret);
/* The arguments period, from and to as [from, to) in seconds; without any the last 24 hours. */
int mg_h_period(struct mg_call *c, int64_t *ret_from, int64_t *ret_to, struct sk_err *err);
/* {"state": name}, new reference. */
json_t *mg_h_state(const char *name);

/* A revision as a row of rule.list and rule.show: mg_rev_to_json with "direction" and "risk". */
json_t *mg_h_rev_row(const struct mg_rev *r, const struct fw_policy *base);
/* A built-in as such a row, in the caller's language. */
json_t *mg_h_builtin_row(const struct fw_builtin *b, enum sk_lang lang);
/* The risk marks of a rule; 0 also when its text has no meaning under base. */
unsigned mg_h_risk(const struct fw_rule *r, const struct fw_policy *base);
/* What distinguishes two revisions in one line: "port: 80 → 80,443; …" (free), or NULL. */
char *mg_h_diff_text(const struct fw_rule *before, const struct fw_rule *after);

#endif
