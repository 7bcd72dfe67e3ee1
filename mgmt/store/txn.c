/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One change of the registry: BEGIN IMMEDIATE, the work, its audit rows, COMMIT, then the anchor. A
 * crash at any point leaves the whole change or nothing; only the anchor may be one commit behind.
 */
#include <assert.h>
#include <errno.h>

#include "lib/log.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/db.h"

void mg_txn_assert(const struct mg_txn *t)
{
	assert(t->open && t->s->in_txn);
}

int mg_txn_begin(struct mg_txn *t, struct mg_store *s, struct sk_err *err)
{
	int r = 0;

	t->s = s;
	t->open = false;
	if (s->reader)
		return sk_err_en(err, -EROFS, NULL, "this connection only reads");
	if (s->in_txn)
		return sk_err_en(err, -EBUSY, NULL, "a transaction is open already");
	/* The anchor may never fall more than one commit behind: verification relies on it. */
	if (s->anchor_stale)
		r = mg_audit_anchor_write(s, err);
	if (r == 0)
		r = mg_db_exec(s, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	s->tail = s->head;
	s->txn_first = s->head.seq + 1;
	s->in_txn = true;
	t->open = true;
	return 0;
}

void mg_txn_abort(struct mg_txn *t)
{
	if (!t->open)
		return;
	t->open = false;
	t->s->in_txn = false;
	/* SQLite may have rolled back by itself (disk full, I/O error): then this does nothing. */
	sqlite3_exec(t->s->db, "ROLLBACK", NULL, NULL, NULL);
}

int mg_txn_commit(struct mg_txn *t, const struct mg_audit_entry *a, struct sk_err *err)
{
	struct mg_store *s = t->s;
	struct sk_err why = {0};
	int r;

	mg_txn_assert(t);
	r = mg_audit_add(t, a, err);
	if (r == 0)
		r = mg_db_exec(s, "COMMIT", err);
	if (r < 0) {
		mg_txn_abort(t);
		return r;
	}
	t->open = false;
	s->in_txn = false;
	s->head = s->tail;
	s->anchor_lost = false;
	if (mg_audit_anchor_write(s, &why) < 0)
		sk_log_err(LOG_ERR, "audit anchor", &why);
	return 0;
}
