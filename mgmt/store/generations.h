/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generations: what was sent to fwd, exactly which revisions and changes it contained, and what
 * became of it. Every function that writes is one transaction with its audit row and may be called
 * again after a crash: the second call changes nothing, writes no audit row and returns 0.
 *
 *   n = mg_generation_next() → mg_store_build_policy(…, n, …) → fw_policy_encode() →
 *   mg_generation_create() [sent] → fwd policy.apply → mg_generation_trial() →
 *   mg_generation_confirm() | mg_generation_rollback() | mg_generation_fail()
 */
#ifndef MG_STORE_GENERATIONS_H
#define MG_STORE_GENERATIONS_H

#include "mgmt/store/store.h"

enum mg_gen_state {
	MG_GEN_SENT,  /* recorded, handed to fwd; outcome not known yet */
	MG_GEN_TRIAL, /* runs in the kernel, waits for confirmation */
	MG_GEN_CONFIRMED,
	MG_GEN_ROLLED_BACK, /* not confirmed in time, or withdrawn */
	MG_GEN_FAILED,      /* fwd refused it */
	MG_GEN_STATES
};

struct mg_generation {
	uint64_t generation;
	char sha256[65];
	char kind[16]; /* free word of the caller: "apply", "tighten", "expire"… [a-z-]* */
	char created_by[64];
	int64_t created, decided; /* decided 0 while sent or trial */
	enum mg_gen_state state;
	int64_t rules, removals, changes; /* what it contains */
	char message[256];                /* of a failure */
};

/* The next free number; never one that was used, also by a failed generation. */
int mg_generation_next(struct mg_store *s, uint64_t *ret, struct sk_err *err);

/*
 * Record p (finished and encoded: p->generation and p->sha256 are used) as sent, with the revisions
 * in p->rules and, for MG_BUILD_WITH_APPROVED, the approved removals and changes it realises.
 * `what` must be what p was built with, with nothing written in between. who: account, uid, pid, op
 * and time of the audit row; target, before, after and result are filled in here (so below too).
 * -EEXIST.
 */
int mg_generation_create(struct mg_store *s, const struct fw_policy *p, enum mg_build what,
	const char *kind, const struct mg_audit_entry *who, struct sk_err *err);
/* sent → trial. -ENOENT; -EPERM from another state (trial and confirmed: 0). */
int mg_generation_trial(
	struct mg_store *s, uint64_t n, const struct mg_audit_entry *who, struct sk_err *err);
/*
 * fwd keeps it: contained approved revisions → active, the active ones before them → superseded,
 * contained removals → removed, contained changes → active. Also from rolled_back and failed,
 * because fwd's answer is the truth after a crash; -ESTALE if a newer generation is confirmed
 * already. What was suspended, expired or removed in the meantime stays so.
 */
int mg_generation_confirm(
	struct mg_store *s, uint64_t n, const struct mg_audit_entry *who, struct sk_err *err);
/* fwd is back at the confirmed one: approved revisions and changes stay approved. -EPERM if
 * confirmed. */
int mg_generation_rollback(
	struct mg_store *s, uint64_t n, const struct mg_audit_entry *who, struct sk_err *err);
/* fwd refused it. why may be NULL. -EPERM if confirmed. */
int mg_generation_fail(struct mg_store *s, uint64_t n, const struct sk_err *why,
	const struct mg_audit_entry *who, struct sk_err *err);

/* -ENOENT without a message when there is none. */
int mg_generation_get(
	struct mg_store *s, uint64_t n, struct mg_generation *ret, struct sk_err *err);
/* The newest in that state (MG_GEN_STATES: in any). */
int mg_generation_latest(
	struct mg_store *s, enum mg_gen_state state, struct mg_generation *ret, struct sk_err *err);
/* Newest first, at most limit (0: all). fn returning non-zero stops and is returned. */
int mg_generation_each(struct mg_store *s, size_t limit,
	int (*fn)(const struct mg_generation *g, void *arg), void *arg, struct sk_err *err);
/* Is, or was, any policy in force? One that is sent may be. What fwd refused, or took back, does
 * not count. (Setting up is the console's only before.) */
int mg_generation_any(struct mg_store *s, bool *ret, struct sk_err *err);

/*
 * Does generation n hold a revision that was suspended, expired or removed since? Then the kernel
 * still has what the registry has taken out, because mgmtd died in between: push the active rules.
 */
int mg_generation_stale(struct mg_store *s, uint64_t n, bool *ret, struct sk_err *err);

/* What the next apply would change: approved revisions, approved removals, approved changes. */
struct mg_waiting {
	int64_t rules, removals, changes;
};
int mg_generation_waiting(struct mg_store *s, struct mg_waiting *ret, struct sk_err *err);

const char *mg_gen_state_name(enum mg_gen_state st); /* "rolled-back" */
const struct sk_text *mg_gen_state_text(enum mg_gen_state st);

#endif
