/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nacd's connection to sekisho-fwd, which alone writes the kernel: calls that do not wait for their
 * answers, the stream of unadmitted devices' frames, and being connected again after fwd's restart.
 */
#ifndef NAC_PORT_FWD_H
#define NAC_PORT_FWD_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "lib/err.h"

struct nac_fwd;

struct nac_fwd_ops {
	void (*up)(void *arg); /* connected; nothing of before is known to be in force */
	void (*down)(void *arg);
	void (*event)(const json_t *body, void *arg); /* an EVENT's body, borrowed */
};

/*
 * data: each DATA body; end: once, code 0 or negative (-ECONNRESET: the connection was lost), with
 * the END's body (NULL then). Borrowed.
 */
struct nac_fwd_call {
	void (*data)(const json_t *body, void *arg);
	void (*end)(int code, const json_t *body, const struct sk_err *err, void *arg);
	void *arg;
};

int nac_fwd_new(struct nac_fwd **ret, sd_event *ev, const char *socket,
	const struct nac_fwd_ops *ops, void *arg, struct sk_err *err);
void nac_fwd_free(struct nac_fwd *f);
bool nac_fwd_connected(const struct nac_fwd *f);
/* args is stolen. call may be NULL. Answers come in order. Negative: nothing will be called. */
int nac_fwd_send(struct nac_fwd *f, const char *op, json_t *args, const struct nac_fwd_call *call);

#endif
