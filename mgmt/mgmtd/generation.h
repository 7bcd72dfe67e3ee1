/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps from one policy to the next, and making registry and fwd agree again after a crash. */
#ifndef MG_GENERATION_H
#define MG_GENERATION_H

#include "mgmt/mgmtd/daemon.h"
#include "mgmt/store/generations.h"

/* generation.c */
struct mg_gen_step {
	enum mg_build what;
	const char *kind;
	int confirm;
	const struct mg_audit_entry *who;
};
/* The registry as an encoded document in a sealed memfd (owned by the caller), and as a policy. */
int mg_gen_document(struct mg_daemon *d, enum mg_build what, uint64_t generation, int64_t now,
	struct fw_policy **ret, int *ret_fd, struct sk_err *err);
/* Number, build, record, send, record the outcome. *ret_end: fwd's answer (owned). */
int mg_gen_send(
	struct mg_daemon *d, const struct mg_gen_step *s, json_t **ret_end, struct sk_err *err);

/* reconcile.c: make registry and fwd agree; status is fwd's */
int mg_reconcile(struct mg_daemon *d, const json_t *status, struct sk_err *err);
int mg_reconcile_now(struct mg_daemon *d, struct sk_err *err);

#endif
