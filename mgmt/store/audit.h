/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit log: each row carries an HMAC-SHA256 (RFC 2104, FIPS 198-1) over the previous row's MAC
 * and the canonical JSON of its own columns, under a key outside the database; the head of the
 * chain is kept in the anchor file, replaced after each commit. An edited, removed, inserted or
 * cut-off row is found by mg_audit_verify, by number.
 */
#ifndef MG_STORE_AUDIT_H
#define MG_STORE_AUDIT_H

#include "mgmt/store/store.h"

/* One more row within the transaction, before mg_txn_commit's own. */
int mg_audit_add(struct mg_txn *t, const struct mg_audit_entry *a, struct sk_err *err);

/*
 * A refused attempt, in a transaction of its own: nothing but the row. result is why->en with its
 * path. Never call it inside a transaction (-EBUSY).
 */
int mg_audit_denied(struct mg_store *s, const struct mg_audit_entry *a, const struct sk_err *why,
	struct sk_err *err);

struct mg_audit_filter {
	int64_t from, to;             /* [from, to); 0: open */
	const char *account, *target; /* NULL: all; target as a whole or its first word(s) */
	int64_t limit;                /* newest n; 0: 1,000 */
};
/* Rows oldest first as {"seq", "time", "account", "uid", "pid", "op", "target", "before", "after",
 * "result"}. */
int mg_audit_each(struct mg_store *s, const struct mg_audit_filter *f,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err);

enum mg_audit_fault {
	MG_AUDIT_EDITED,  /* the row does not match its MAC (or was put there without the key) */
	MG_AUDIT_MISSING, /* numbers first…last are not there */
	MG_AUDIT_CUT,     /* the end is missing: the anchor knows more rows */
	MG_AUDIT_BEYOND,  /* more than one commit after the anchor: the anchor is old, or rows were
			     added */
	MG_AUDIT_ANCHOR,  /* anchor missing or not ours */
	MG_AUDIT_FAULTS
};
struct mg_audit_finding {
	enum mg_audit_fault fault;
	int64_t first, last;
};
struct mg_audit_report {
	int64_t rows, last_seq, anchor_seq;
	char head[65]; /* hex MAC of the last row: what is printed in the evidence */
	struct mg_audit_finding *v;
	size_t n, cap;
};
/* 0 also when there are findings. */
int mg_audit_verify(struct mg_store *s, struct mg_audit_report *ret, struct sk_err *err);
void mg_audit_report_done(struct mg_audit_report *r);
const struct sk_text *mg_audit_fault_text(enum mg_audit_fault f);
const char *mg_audit_fault_name(enum mg_audit_fault f);

#endif
