/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Personal accounts (guideline No.113, 114). A record is never deleted: it is disabled, so that a
 * name in an old approval always means the same person. Who may change what is decided by
 * mgmt/workflow; the handlers ask it first.
 */
#ifndef MG_STORE_ACCOUNTS_H
#define MG_STORE_ACCOUNTS_H

#include "mgmt/store/store.h"

/* Fills *ret (also of a disabled account: look at enabled). -ENOENT without a message in err. */
int mg_account_get(
	struct mg_store *s, const char *name, struct mg_account *ret, struct sk_err *err);
/* The account of a Unix user, enabled or not. -ENOENT. uid -1 is nobody's. */
int mg_account_by_uid(struct mg_store *s, int64_t uid, struct mg_account *ret, struct sk_err *err);
/* Each account by name; fn returning non-zero stops and is returned. */
int mg_account_each(struct mg_store *s, int (*fn)(const struct mg_account *a, void *arg), void *arg,
	struct sk_err *err);
/* Enabled accounts that hold all of the roles. */
int mg_account_count(struct mg_store *s, unsigned roles, size_t *ret, struct sk_err *err);

/* Inside a transaction. -EEXIST if the name or the uid is taken, -EINVAL naming the field. */
int mg_account_add(struct mg_txn *t, const struct mg_account *a, struct sk_err *err);
/* Everything but name and created. */
int mg_account_update(struct mg_txn *t, const struct mg_account *a, struct sk_err *err);

/* Is a an account that may be, apart from who has its name and uid? -EINVAL naming the field. */
int mg_account_valid(const struct mg_account *a, struct sk_err *err);

/* New reference: what the audit log and account.show print. */
json_t *mg_account_to_json(const struct mg_account *a);
/* New reference: the value of a change, what may be asked for and no more. */
json_t *mg_account_value(const struct mg_account *a);

#endif
