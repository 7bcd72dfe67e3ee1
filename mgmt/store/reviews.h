/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The yearly review (棚卸し, guideline No.104 1回/年): a snapshot of every rule in the kernel, one
 * decision for each by somebody who did not apply for it, and a sign-off when none is open. The
 * same of the registered devices (No.80), as a review of its own.
 */
#ifndef MG_STORE_REVIEWS_H
#define MG_STORE_REVIEWS_H

#include "mgmt/store/rules.h"

struct mg_review {
	uint32_t number;
	char title[256];
	char kind[16]; /* "rule" or "device": of what */
	char started_by[64], finished_by[64];
	int64_t started, due, finished; /* finished 0: open */
	int64_t items, open;
};
struct mg_review_item {
	uint32_t review, rule, revision; /* as snapshotted */
	bool builtin;
	const json_t *record; /* the snapshot, borrowed */
	const char *applicant;
	const char *decision; /* "keep" "change" "remove" "certified", or NULL */
	const char *reviewer, *reason;
	int64_t decided_at, expiry; /* the new expiry of a kept rule, 0 unchanged */
	uint32_t result;            /* the revision it led to, 0 none */
	bool open;
};

/* Snapshots the rules in the kernel and the built-ins. -EEXIST while another review is open. */
int mg_review_start(struct mg_txn *t, const char *title, int64_t due, const struct mg_actor *a,
	uint32_t *ret, struct sk_err *err);
/* The same of all devices that are permitted or in quarantine. */
int mg_review_start_devices(struct mg_txn *t, const char *title, int64_t due,
	const struct mg_actor *a, uint32_t *ret, struct sk_err *err);
/* The newest of a kind, "rule" or "device". -ENOENT with a message. */
int mg_review_newest(
	struct mg_store *s, const char *kind, struct mg_review *ret, struct sk_err *err);
/* 0: the newest. -ENOENT with a message. */
int mg_review_get(struct mg_store *s, uint32_t number, struct mg_review *ret, struct sk_err *err);
int mg_review_each(struct mg_store *s, int (*fn)(const struct mg_review *r, void *arg), void *arg,
	struct sk_err *err);
int mg_review_items(struct mg_store *s, uint32_t review,
	int (*fn)(const struct mg_review_item *i, void *arg), void *arg, struct sk_err *err);

enum mg_decision { MG_KEEP, MG_CHANGE, MG_REMOVE };
struct mg_review_decision {
	enum mg_decision decision;
	int64_t expiry; /* keep: 0 leaves it as it is */
};
/* In the open review. *ret_direct (may be NULL): approved at once; *ret_result: revision made, 0
 * none. */
int mg_review_decide(struct mg_txn *t, uint32_t rule, const struct mg_review_decision *d,
	const struct mg_actor *a, bool *ret_direct, uint32_t *ret_result, struct sk_err *err);
/* Sign-off by an approver; -EBUSY while items are open. */
int mg_review_finish(
	struct mg_txn *t, uint32_t review, const struct mg_actor *a, struct sk_err *err);

struct mg_review_status {
	uint32_t open_review; /* 0: none */
	int64_t open_items, due;
	int64_t last_finished; /* 0: never */
	bool overdue; /* over a year since the last (or since the first rule came into force), or
			 past due */
};
int mg_store_review_status(
	struct mg_store *s, int64_t now, struct mg_review_status *ret, struct sk_err *err);

#endif
