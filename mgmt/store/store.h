/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * registry.db: records, revisions, approvals, changes, accounts, reviews, generations and the audit
 * chain in SQLite (STRICT, WAL, synchronous=FULL). Every write happens inside mg_txn together with
 * its audit row, so neither exists without the other. Nobody but mgmtd (and its forked readers)
 * opens it. Further areas have headers of their own: store/rules.h, changes.h, accounts.h,
 * reviews.h, audit.h, generations.h.
 */
#ifndef MG_STORE_H
#define MG_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "fw/policy/policy.h"
#include "lib/json.h"

struct mg_store;

struct mg_account {
	char name[64];     /* personal, [a-z][a-z0-9._-]* */
	char display[128]; /* 氏名 */
	char mail[128];
	int64_t uid; /* Unix user; -1 none */
	unsigned roles;
	bool enabled;
	int64_t created, reviewed;
};

/* key_path: the audit HMAC key (made if missing, 0600); anchor_path: the chain's head, beside it.
 */
struct mg_store_paths {
	const char *db, *key, *anchor;
};

/* Opens, creates or migrates. -EUCLEAN if the schema is newer or the file is damaged. */
int mg_store_open(struct mg_store **ret, const struct mg_store_paths *paths, struct sk_err *err);
/* A second, read-only connection to the same file, for forked readers. */
int mg_store_open_reader(
	struct mg_store **ret, const struct mg_store_paths *paths, struct sk_err *err);
void mg_store_close(struct mg_store *s);

/*
 * One change: BEGIN IMMEDIATE … audit row … COMMIT, then the anchor. Fill a, do the work between
 * begin and commit; any error: mg_txn_abort (also a no-op after commit).
 */
struct mg_txn {
	struct mg_store *s;
	bool open;
};
struct mg_audit_entry {
	int64_t time;
	const char *account; /* "system" for the scheduler */
	int64_t uid, pid;
	const char *op;               /* "rule.approve" */
	const char *target;           /* "rule 1042 r3" */
	const json_t *before, *after; /* may be NULL */
	const char *result; /* "ok" or an error's text (denied attempts are audited too) */
};
int mg_txn_begin(struct mg_txn *t, struct mg_store *s, struct sk_err *err);
int mg_txn_commit(struct mg_txn *t, const struct mg_audit_entry *a, struct sk_err *err);
void mg_txn_abort(struct mg_txn *t);

/* Settings: string values by key; defaults in settings.c; unknown keys and bad values refused. */
int mg_setting_get(struct mg_store *s, const char *key, char *dst, size_t cap);
int64_t mg_setting_int(struct mg_store *s, const char *key);

enum mg_build {
	MG_BUILD_ACTIVE,        /* what is confirmed: active rules and changes only */
	MG_BUILD_WITH_APPROVED, /* and what has been approved since: what `apply` will load */
};
/*
 * The registry as a policy with the given generation, finished (fw_policy_finish). Rules past their
 * expiry at now are left out.
 */
int mg_store_build_policy(struct mg_store *s, enum mg_build what, uint64_t generation, int64_t now,
	struct fw_policy **ret, struct sk_err *err);

#endif
