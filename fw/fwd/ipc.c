/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of docs/ipc.md: who may connect, which message is which operation. A malformed message
 * closes its client; an unknown or forbidden operation is answered with its error.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fw/fwd/fwd.h"
#include "fw/fwd/gate.h"
#include "fw/fwd/ops.h"
#include "lib/acl.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define CLIENTS 32
#define PER_UID 24              /* root cannot lock the manager out, nor the manager root */
#define QUEUE_BYTES (64u << 20) /* a policy in words, or all counters */

static unsigned peer_class(const struct fwd *d, const struct ucred *cred)
{
	unsigned peer = 0;

	if (cred->uid == 0)
		peer |= FWD_PEER_ROOT;
	if (d->opts.has_manager && cred->uid == d->opts.manager)
		peer |= FWD_PEER_MANAGER;
	if (d->opts.has_nac && cred->uid == d->opts.nac)
		peer |= FWD_PEER_NAC;
	return peer;
}

static int on_accept(struct sk_ipc_client *c, const struct ucred *cred, void *arg)
{
	if (peer_class(arg, cred) != 0)
		return 0;
	sk_log(LOG_WARNING, "connection of uid %u refused", (unsigned)cred->uid);
	return -EPERM;
}

static void on_closed(struct sk_ipc_client *c, void *arg)
{
	struct fwd *d = arg;

	fwd_gate_closed(d, c);
	if (c != d->subscriber)
		return;
	d->subscriber = NULL;
	sk_spool_rewind(d->spool);
}

static int run_op(struct fwd *d, struct sk_ipc_client *c, const struct fwd_op *op,
	struct sk_ipc_msg *m, json_t **ret_extra, struct sk_err *err)
{
	if (!op)
		return sk_err_set(err, -EOPNOTSUPP, "op", "unknown operation", "不明な操作です");
	if (!(op->peers & peer_class(d, sk_ipc_client_cred(c))))
		return sk_err_set(err, -EPERM, "op", "not allowed", "許可されていません");
	return op->fn(d, c, m, ret_extra, err);
}

static void on_request(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	struct sk_err err = {0};
	const struct fwd_op *op;
	json_t *extra = NULL;
	const char *name = NULL;
	int r;

	if (sk_json_str(m->body, "op", true, &name, NULL) < 0) {
		sk_ipc_client_close(c);
		return;
	}
	op = fwd_op_find(name);
	r = run_op(d, c, op, m, &extra, &err);
	end = sk_ipc_end_body(r, &err, extra);
	if (!end || sk_ipc_reply(c, SK_IPC_END, m->id, end) < 0) {
		sk_ipc_client_close(c);
		return;
	}
	if (r == 0)
		fwd_op_after(d, op, c, m);
}

static void on_ack(struct fwd *d, struct sk_ipc_client *c, const struct sk_ipc_msg *m)
{
	const char *instance = NULL;
	int64_t seq = 0;

	if (sk_json_str(m->body, "instance", true, &instance, NULL) < 0 ||
		sk_json_int(m->body, "seq", true, &seq, NULL) < 0 || seq < 0) {
		sk_ipc_client_close(c);
		return;
	}
	/* One that was replaced may still send what it had stored: that holds, too. */
	if (sk_streq(instance, d->instance))
		sk_spool_ack(d->spool, (uint64_t)seq);
	fwd_send_events(d);
}

static void on_message(struct sk_ipc_client *c, struct sk_ipc_msg *m, void *arg)
{
	struct fwd *d = arg;

	switch (m->type) {
	case SK_IPC_REQUEST: on_request(d, c, m); break;
	case SK_IPC_ACK: on_ack(d, c, m); break;
	default: sk_ipc_client_close(c); break;
	}
}

/* The manager and nacd are in none of our groups. */
static int let_in(const struct fwd *d, const char *path, struct sk_err *err)
{
	uid_t users[2];
	size_t n = 0;

	if (d->opts.has_manager)
		users[n++] = d->opts.manager;
	if (d->opts.has_nac)
		users[n++] = d->opts.nac;
	return sk_acl_allow(path, users, n, err);
}

int fwd_ipc_start(struct fwd *d, struct sk_err *err)
{
	static const struct sk_ipc_limits limits = {
		.clients = CLIENTS, .per_uid = PER_UID, .queue_bytes = QUEUE_BYTES};
	static const struct sk_ipc_ops ops = {
		.accept = on_accept, .message = on_message, .closed = on_closed};
	char path[256];
	int r;

	r = sk_mkdir_p(d->opts.run_dir, 0755, err);
	if (r < 0)
		return r;
	if (snprintf(path, sizeof(path), "%s/fwd.sock", d->opts.run_dir) >= (int)sizeof(path))
		return sk_err_set(
			err, -ENAMETOOLONG, "run-dir", "path is too long", "パスが長すぎます");
	r = sk_ipc_server_new(&d->ipc, d->ev, path, d->opts.socket_mode, -1, &limits, &ops, d, err);
	if (r < 0)
		return r;
	if (d->opts.has_socket_gid && chown(path, (uid_t)-1, d->opts.socket_gid) < 0) {
		r = -errno;
		return sk_err_set(err, r, "socket-group", "%s: %s", "%s: %s", path, strerror(-r));
	}
	return let_in(d, path, err);
}
