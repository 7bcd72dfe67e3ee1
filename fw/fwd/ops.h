/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of operations of docs/ipc.md. Within fw/fwd only. */
#ifndef FW_FWD_OPS_H
#define FW_FWD_OPS_H

#include "fw/fwd/fwd.h"

struct fwd_op {
	const char *name;
	unsigned peers; /* who may */
	/* Returns the code for END; *ret_extra (owned by the caller) is merged into it. */
	int (*fn)(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **ret_extra,
		struct sk_err *err);
};
#define FWD_PEER_ROOT 1u
#define FWD_PEER_MANAGER 2u
#define FWD_PEER_NAC 4u
const struct fwd_op *fwd_op_find(const char *name);
/* Called after END was sent: subscribing starts only then. */
void fwd_op_after(struct fwd *d, const struct fwd_op *op, struct sk_ipc_client *c,
	const struct sk_ipc_msg *m);
json_t *fwd_status(struct fwd *d);

/* The arguments of a request, none but keys; NULL where there are none. */
int fwd_args(const struct sk_ipc_msg *m, const char *const *keys, json_t **ret, struct sk_err *err);
/* The document that came with a request, mapped. Sealed: nobody can change it under our eyes. */
struct fwd_doc {
	void *p;
	size_t n;
};
void fwd_doc_done(struct fwd_doc *doc);
int fwd_doc_map(const struct sk_ipc_msg *m, size_t max, struct fwd_doc *ret, struct sk_err *err);

/* ---- list_ops.c ---- */
int fwd_op_list_apply(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err);
int fwd_op_list_change(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err);
int fwd_op_list_forget(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err);
int fwd_op_list_learn(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err);
int fwd_op_list_test(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err);

#endif
