/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One operation of nacd's socket. */
#ifndef NAC_NACD_OPS_H
#define NAC_NACD_OPS_H

#include "nac/nacd/parts.h"

struct nacd_op {
	const char *name;
	int (*fn)(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
		struct sk_err *err);
	void (*after)(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m);
};

/* The request's args (NULL: none), with no key that is not listed. */
int nacd_args(
	const struct sk_ipc_msg *m, const char *const *keys, json_t **ret, struct sk_err *err);

#endif
