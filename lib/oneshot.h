/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that do one thing for the manager and end: the service manager starts one for each
 * connection (Accept=yes), it reads one request, tells how far it is, answers and exits. The server
 * side is for their main(); the calling side is for an event loop. On the wire it is lib/ipc.h: a
 * REQUEST, any number of DATA ({"progress": …}, or what comes with a descriptor), one END.
 */
#ifndef SK_ONESHOT_H
#define SK_ONESHOT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "lib/err.h"

/* ---- the program ------------------------------------------------------------------------------
 */
#define SK_ONESHOT_CHILDREN 4 /* at once, where the program listens itself */

struct sk_oneshot_opts {
	const char *name;   /* of the program, for its log */
	const char *listen; /* a socket of its own (tests, no service manager); NULL: none */
	const char *user;   /* become this user when started as root; NULL: stay */
	uint64_t caps;      /* CAP_* bits kept, everything else is dropped */
	unsigned seconds;   /* the process ends at the latest then; 0: never */
	bool has_allow;     /* see sk_oneshot_allow() */
	uid_t allow;
	gid_t allow_gid;
	/* One connection whose peer may ask; closed by the caller. Usually sk_oneshot_serve(). */
	void (*serve)(int fd, void *arg);
	void *arg;
};

/* Who besides root and the own user may ask: a name or a uid. -ENOENT: there is no such user. */
int sk_oneshot_allow(struct sk_oneshot_opts *o, const char *name);

/*
 * Serve the connection on descriptor 3 (or 0) that the service manager passed, or accept on the
 * listening socket it passed or on o->listen, with a process for each connection. Drops rights
 * first. Returns the exit status; 2: there is no socket at all. SIGPIPE is ignored, umask is 077.
 */
int sk_oneshot_run(struct sk_oneshot_opts *o);

struct sk_oneshot {
	int fd;
	uint32_t id;
	uint64_t told_us; /* last progress, monotonic */
};

struct sk_oneshot_request {
	const char *op;     /* borrowed */
	const json_t *args; /* an object, borrowed */
	int memfd;          /* sealed, borrowed; -1: none came */
};

/*
 * One request of fd (at most SK_IPC_MAX bytes, waited for 10 s): handle() is called, then END is
 * sent: 0 with *extra (an object, owned, NULL: none) merged in, or -errno with err. A handler
 * answers an op it does not know with sk_oneshot_unknown(). Returns what handle() returned or why
 * it was not called.
 */
typedef int sk_oneshot_handler(struct sk_oneshot *s, const struct sk_oneshot_request *q,
	json_t **extra, void *arg, struct sk_err *err);
int sk_oneshot_serve(int fd, sk_oneshot_handler *handle, void *arg);
int sk_oneshot_unknown(struct sk_err *err);

/*
 * How far it is: done of total (total 0: not known). Not more often than five times a second, and
 * never an error: a caller that left does not stop the work.
 */
void sk_oneshot_progress(
	struct sk_oneshot *s, uint64_t done, uint64_t total, const struct sk_text *step);
/* A part of the answer (stolen) with a descriptor (borrowed, -1 none). */
int sk_oneshot_data(struct sk_oneshot *s, json_t *body, int passfd, struct sk_err *err);

/* ---- the caller -------------------------------------------------------------------------------
 */
struct sk_oneshot_call;

struct sk_oneshot_ops {
	/* A DATA body that says how far it is: done, total, en, ja. May be NULL. */
	void (*progress)(const json_t *progress, void *arg);
	/* Any other DATA; take the descriptor by setting *fd to -1. May be NULL. */
	void (*data)(const json_t *body, int *fd, void *arg);
	/*
	 * Once. code and err are the program's, or -EHOSTDOWN (it ended without an answer) or
	 * -ETIMEDOUT; end is its END body or NULL. The call is freed after this returns.
	 */
	void (*done)(int code, const json_t *end, const struct sk_err *err, void *arg);
};

struct sk_oneshot_ask {
	const char *socket, *op;
	json_t *args;      /* stolen in any case; NULL: none */
	int passfd;        /* borrowed, -1 none */
	unsigned patience; /* seconds without any message before it is given up */
};

/*
 * Connect and ask; the answer comes from ev's loop through ops, which must outlive the call. Does
 * not block beyond the connection to a local socket. *ret may be given to sk_oneshot_call_free()
 * until done() was called. -errno: nothing was begun, done() is not called.
 */
int sk_oneshot_call(struct sk_oneshot_call **ret, sd_event *ev, const struct sk_oneshot_ask *a,
	const struct sk_oneshot_ops *ops, void *arg, struct sk_err *err);
/* Give up without done(); closing the connection does not stop what has begun. */
void sk_oneshot_call_free(struct sk_oneshot_call *c);

#endif
