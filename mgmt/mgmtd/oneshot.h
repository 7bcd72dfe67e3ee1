/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands that a program of its own carries out (lib/oneshot.h: backup, set-up, updates), because
 * it needs rights the manager has not. The manager says who may, writes the audit rows before and
 * after, passes on how far it is, and answers when the program has.
 */
#ifndef MG_ONESHOT_H
#define MG_ONESHOT_H

#include "mgmt/mgmtd/call.h"
#include "mgmt/mgmtd/daemon.h"

struct mg_oneshot_ask {
	const char *name; /* of the socket: RUN-DIR/NAME.sock; a fixed string */
	const char *op;
	json_t *args;      /* stolen in any case; NULL: none */
	int passfd;        /* sealed memfd, borrowed; -1: none */
	unsigned patience; /* seconds without a sign of life */
	bool shared;       /* also while it is at work for others: it keeps order itself */
	bool audit;        /* one row before it begins, one with its result */
	bool beside;       /* only asks: keeps nobody from the program, and nobody it */
	const char *target;
	const json_t *detail; /* for the audit log's "after", borrowed; no secrets; may be NULL */
	/* Keys of the END body that the row of the result has as well; fixed; NULL: none. */
	const char *const *result;
	/*
	 * The program is done, with code 0 and its END body, or with a code < 0 and err. c is the
	 * call as it was (its file is gone). fd: what came with a DATA, take it by -1. What it
	 * returns is the end of the call; usually code. Replies of a caller that has left go
	 * nowhere. NULL: END body without "code" as a record.
	 */
	int (*answer)(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err);
};

/*
 * Ask; the handler returns what this returns. -EBUSY: that program is at work for somebody (not if
 * shared). -ENOENT and the like: it cannot be reached. Without a client (c->reply NULL) the manager
 * asks for itself.
 */
int mg_oneshot_ask(struct mg_call *c, const struct mg_oneshot_ask *a, struct sk_err *err);
/* Is the program at work for us? */
bool mg_oneshot_busy(const struct mg_daemon *d, const char *name);
/* A call of the manager's own, for op of the command table; without a reply. */
void mg_oneshot_own_call(
	struct mg_daemon *d, const char *op, const json_t *args, int64_t now, struct mg_call *ret);

/* For the daemon's core; the first is dispatch.c's: an event that says who did what. */
void mg_dispatch_publish(struct mg_call *c, int r, const struct sk_err *why);
struct sk_ipc_client;
void mg_oneshot_client_left(struct mg_daemon *d, const struct sk_ipc_client *c);
void mg_oneshot_stop(struct mg_daemon *d);

#endif
