/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between our processes: one SOCK_SEQPACKET datagram each, a 16-byte header and a JSON
 * object, at most SK_IPC_MAX bytes. A reply is any number of DATA and one END with the request's
 * id, so a long answer never needs a large message. A malformed message closes that client and
 * nothing else.
 *
 *   0      4       5      6       8        12       16
 *   | "SKIP" | version | type | flags | id (BE) | length (BE) | JSON …
 */
#ifndef SK_IPC_H
#define SK_IPC_H

#include <jansson.h>
#include <stdint.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "lib/buf.h"
#include "lib/err.h"

#define SK_IPC_VERSION 1
#define SK_IPC_MAX (192 * 1024)
#define SK_IPC_HEADER 16

enum sk_ipc_type {
	SK_IPC_REQUEST = 1, /* client → server: {"op": "...", "args": {...}, ...} */
	SK_IPC_DATA = 2,    /* server → client: part of an answer, {"rows": [...]} and the like */
	SK_IPC_END = 3, /* server → client: {"code": 0} or {"code": -n, "path":, "en":, "ja":} */
	SK_IPC_EVENT = 4, /* server → subscriber */
	SK_IPC_ACK = 5,   /* subscriber → server: {"seq": n} */
};

struct sk_ipc_msg {
	enum sk_ipc_type type;
	uint32_t id;
	json_t *body; /* owned, always an object */
	int fd;       /* received descriptor (owned) or -1 */
};

/* Decode one datagram. Pure. -EBADMSG with a message; ret untouched on failure. */
int sk_ipc_decode(const void *p, size_t n, struct sk_ipc_msg *ret, struct sk_err *err);
/* Append one encoded message to b. -EMSGSIZE when it would exceed SK_IPC_MAX. */
int sk_ipc_encode(struct sk_buf *b, enum sk_ipc_type type, uint32_t id, const json_t *body);
/* The same for a body that is already text. */
int sk_ipc_encode_text(
	struct sk_buf *b, enum sk_ipc_type type, uint32_t id, const char *json, size_t len);
void sk_ipc_msg_done(struct sk_ipc_msg *m);

/* --- blocking client ------------------------------------------------------------------------- */
int sk_ipc_connect(const char *path, struct sk_err *err); /* fd or -errno */
/* passfd (borrowed) -1 for none. Blocks until sent. */
int sk_ipc_send(int fd, enum sk_ipc_type type, uint32_t id, const json_t *body, int passfd,
	struct sk_err *err);
/* timeout_ms -1 waits. -ETIMEDOUT, -ECONNRESET (closed), -EBADMSG. */
int sk_ipc_recv(int fd, int timeout_ms, struct sk_ipc_msg *ret, struct sk_err *err);
/*
 * Send op/args and collect the reply: on_data (may be NULL) is called for each DATA body; not
 * returning 0 ends the call with that code. timeout_ms counts from the last answer. Returns the
 * END's code; err carries its message; *ret_end (may be NULL) the END body, owned. args is stolen
 * in any case.
 */
int sk_ipc_call(int fd, const char *op, json_t *args /* stolen */, int passfd, int timeout_ms,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err);
/*
 * The same for an answer that comes with a descriptor: *ret_fd is the one that came with a DATA,
 * owned, -1 if none did; should several come, the last.
 */
int sk_ipc_call_fd(int fd, const char *op, json_t *args /* stolen */, int passfd, int timeout_ms,
	int *ret_fd, json_t **ret_end, struct sk_err *err);

/*
 * END body for a result: {"code": 0} merged with extra (stolen, may be NULL; its "code" is
 * ignored), or with a negative code the error's fields. NULL without memory.
 */
json_t *sk_ipc_end_body(int code, const struct sk_err *err, json_t *extra);
/* And back: fills err from an END body, returns its code. */
int sk_ipc_end_code(const json_t *body, struct sk_err *err);

/* --- server on sd-event ---------------------------------------------------------------------- */
struct sk_ipc_server;
struct sk_ipc_client;

struct sk_ipc_ops {
	/* May refuse by returning < 0. cred is the peer's (SO_PEERCRED). */
	int (*accept)(struct sk_ipc_client *c, const struct ucred *cred, void *arg);
	/* m is owned by the server and freed after the call; take m->fd by setting it to -1. */
	void (*message)(struct sk_ipc_client *c, struct sk_ipc_msg *m, void *arg);
	/* Once for each accepted client, also on sk_ipc_server_free(); c is invalid afterwards. */
	void (*closed)(struct sk_ipc_client *c, void *arg);
};

struct sk_ipc_limits {
	unsigned clients; /* connections at once */
	unsigned per_uid; /* connections of one uid */
	/*
	 * Unsent bytes of one client; beyond, it is closed. Above a quarter of it no more requests
	 * are read from that client until it has taken its answers.
	 */
	size_t queue_bytes;
};

/*
 * Listen on path (an old socket there is unlinked first; mode applied) or take over the inherited
 * fd if fd >= 0. All callbacks run in ev's loop and may free the server.
 */
int sk_ipc_server_new(struct sk_ipc_server **ret, sd_event *ev, const char *path, mode_t mode,
	int fd, const struct sk_ipc_limits *lim, const struct sk_ipc_ops *ops, void *arg,
	struct sk_err *err);
void sk_ipc_server_free(struct sk_ipc_server *s);

/*
 * Queue a message; sent when the socket allows. -ENOBUFS or a lost peer closes the client (after
 * this call returns); -EPIPE when it is already closing; -EMSGSIZE leaves it as it is.
 */
int sk_ipc_reply(struct sk_ipc_client *c, enum sk_ipc_type type, uint32_t id, const json_t *body);
int sk_ipc_reply_text(
	struct sk_ipc_client *c, enum sk_ipc_type type, uint32_t id, const char *json, size_t len);
int sk_ipc_reply_end(struct sk_ipc_client *c, uint32_t id, int code, const struct sk_err *err);
size_t sk_ipc_client_queued(const struct sk_ipc_client *c); /* bytes not yet sent */
const struct ucred *sk_ipc_client_cred(const struct sk_ipc_client *c);
int sk_ipc_client_fd(const struct sk_ipc_client *c);
void sk_ipc_client_set_data(struct sk_ipc_client *c, void *data);
void *sk_ipc_client_data(const struct sk_ipc_client *c);
/* Deferred to the loop's next turn; closed() is called from there. What is queued may be lost. */
void sk_ipc_client_close(struct sk_ipc_client *c);
/* Each client in turn; fn may close any of them, but not free the server. */
void sk_ipc_server_each(
	struct sk_ipc_server *s, void (*fn)(struct sk_ipc_client *c, void *arg), void *arg);

#endif
