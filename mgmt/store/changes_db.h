/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store's own files share about changes; nothing outside mgmt/store includes it. */
#ifndef MG_STORE_CHANGES_DB_H
#define MG_STORE_CHANGES_DB_H

#include "mgmt/store/changes.h"

/* As mg_target_each, with the change `extra` counted in whatever its state (0: none). */
int mg_target_each_with(struct mg_store *s, enum mg_view view, uint32_t extra,
	enum mg_change_kind kind,
	int (*fn)(const char *name, const json_t *value, uint32_t change, void *arg), void *arg,
	struct sk_err *err);
/* Zones, objects, settings in view (and extra) with all approved rules: do they make a policy? */
int mg_store_check(
	struct mg_store *s, enum mg_view view, uint32_t extra, int64_t now, struct sk_err *err);
/* account_change.c. Value and name make an account that may be: fills c->before. */
int mg_account_change_check(struct mg_txn *t, struct mg_change *c, struct sk_err *err);
/* Whether a may approve it, and the account so; -ESTALE if it was changed since the request. */
int mg_account_change_enact(
	struct mg_txn *t, const struct mg_change *c, const struct mg_actor *a, struct sk_err *err);
/* approved → active, what it replaces → superseded. */
int mg_change_activate(struct mg_txn *t, uint32_t number, int64_t now, struct sk_err *err);

#endif
