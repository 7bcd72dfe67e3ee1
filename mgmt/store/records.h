/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that are in force as soon as another person approved them: exceptions of the inspection,
 * entries of the allow-list, devices. Each has a number (from the same row of numbers as the
 * firewall's rules), an applicant, a purpose, an expiry, and revisions that are never rewritten.
 * What they are about is the kind's own: its struct begins with struct mg_record.
 */
#ifndef MG_STORE_RECORDS_H
#define MG_STORE_RECORDS_H

#include "mgmt/store/rules.h"

struct mg_record {
	uint32_t number, revision;
	enum mg_intent intent;
	char state[16]; /* requested returned active expired removed superseded; devices:
			   quarantined revoked */
	char applicant[64], approver[64];
	char *purpose, *reason, *comment; /* owned */
	int64_t registered, expiry, requested_at, approved_at, decided_at;
};

struct mg_record_kind; /* mg_exception_kind, mg_allow_kind, mg_device_kind */
/* One of them, zeroed, as its kind needs it; free with mg_record_free. NULL without memory. */
struct mg_record *mg_record_new(const struct mg_record_kind *k);
void mg_record_done(const struct mg_record_kind *k, struct mg_record *x); /* leaves it zeroed */
void mg_record_free(const struct mg_record_kind *k, struct mg_record *x);
json_t *mg_record_to_json(const struct mg_record_kind *k, const struct mg_record *x);
/* "exception", "例外"; the English one is also the target of its audit rows. */
const struct sk_text *mg_record_noun(const struct mg_record_kind *k);

/* The one in force, else the newest; -ENOENT with a message. */
int mg_record_get(const struct mg_record_kind *k, struct mg_store *s, uint32_t number,
	struct mg_record *ret, struct sk_err *err);

struct mg_record_filter {
	const char *state; /* NULL: of each number the one in force, else the newest */
	uint32_t number;   /* every revision of it; 0 all */
	bool all;          /* removed and expired ones too */
	int (*fn)(const struct mg_record *x, void *arg);
	void *arg;
};
int mg_record_each(const struct mg_record_kind *k, struct mg_store *s,
	const struct mg_record_filter *f, struct sk_err *err);

/*
 * Check and store as requested; number 0 takes a new one, else the next revision of it. Needs
 * intent, expiry, purpose, applicant and what the kind is about; fills the rest.
 */
int mg_record_request(const struct mg_record_kind *k, struct mg_txn *t, struct mg_record *x,
	int64_t now, struct sk_err *err);

enum mg_record_step {
	MG_RECORD_APPROVE,
	MG_RECORD_RETURN,
	MG_RECORD_WITHDRAW, /* the applicant takes the open request back */
};
/* What a does with the open request of x->number; x then holds it as it is afterwards. */
int mg_record_step(const struct mg_record_kind *k, struct mg_txn *t, enum mg_record_step step,
	const struct mg_actor *a, struct mg_record *x, struct sk_err *err);

/* Those past their expiry, each with an audit row of "system"; *ret_n: how many. */
int mg_store_records_expire(const struct mg_record_kind *k, struct mg_store *s, int64_t now,
	size_t *ret_n, struct sk_err *err);

#endif
