/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule sets of the inspection that were imported: one is in use, the last ones are kept to go
 * back to, the list of all stays. Their files are in the rules folder, in a folder for each
 * version.
 */
#ifndef MG_STORE_SETS_H
#define MG_STORE_SETS_H

#include "mgmt/store/store.h"

#define MG_SETS_KEPT 5

struct mg_set {
	uint32_t version;
	char sha256[65]; /* of its content, however it was packed */
	char name[128];  /* of the imported file */
	char imported_by[64], state[16];
	int64_t imported_at, trial_until;
	uint32_t rules, fresh; /* fresh: new or changed */
	json_t *files;         /* [{"name", "sha256", "monitor_until", "rules"}]; owned */
};
void mg_set_done(struct mg_set *v);
json_t *mg_set_to_json(const struct mg_set *v);

/* The set in use (version 0) or one by its version. -ENOENT: for 0 without a message. */
int mg_set_get(struct mg_store *s, uint32_t version, struct mg_set *ret, struct sk_err *err);
/* Of those not deleted the one with this content; -ENOENT without a message. */
int mg_set_by_sha(struct mg_store *s, const char *sha256, struct mg_set *ret, struct sk_err *err);
/* Newest first. all: deleted ones, too. */
int mg_set_each(struct mg_store *s, bool all, int (*fn)(const struct mg_set *v, void *arg),
	void *arg, struct sk_err *err);
/* The version the next one will get. */
int mg_set_next(struct mg_store *s, uint32_t *ret, struct sk_err *err);
/* Store v as the set in use; fills version. What was in use is kept. */
int mg_set_insert(struct mg_txn *t, struct mg_set *v, struct sk_err *err);
int mg_set_activate(struct mg_txn *t, uint32_t version, struct sk_err *err);
/* Mark those beyond MG_SETS_KEPT as deleted; their versions (newest first) are given to fn. */
int mg_set_prune(
	struct mg_txn *t, int (*fn)(uint32_t version, void *arg), void *arg, struct sk_err *err);

#endif
