/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket of docs/ipc.md, section sekisho-nacd: who may connect, the operations, their answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/acl.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/nacd/caops.h"
#include "nac/nacd/ops.h"
#include "nac/nacd/rows.h"

#define CLIENTS 16
#define PER_UID 12
#define QUEUE_BYTES (16u << 20)
#define SESSIONS_MAX 16
#define CLOSE_S 30 /* long enough for the document that says so for good */
#define CLOSE_MAX_S 86400

int nacd_args(const struct sk_ipc_msg *m, const char *const *keys, json_t **ret, struct sk_err *err)
{
	json_t *args = NULL;
	int r = sk_json_object(m->body, "args", false, &args, err);

	if (r == 0 && args)
		r = sk_json_only(args, keys, err);
	if (r == 0)
		*ret = args;
	return r;
}

/* ret_seconds NULL: there is no such argument. */
static int mac_arg(
	const struct sk_ipc_msg *m, struct nac_mac *ret, int64_t *ret_seconds, struct sk_err *err)
{
	const char *const keys[] = {"mac", ret_seconds ? "seconds" : NULL, NULL};
	const char *text = NULL;
	json_t *args = NULL;
	int r = nacd_args(m, keys, &args, err);

	if (r == 0)
		r = sk_json_str(args, "mac", true, &text, err);
	if (r == 0 && ret_seconds)
		r = sk_json_int(args, "seconds", false, ret_seconds, err);
	if (r == 0 && ret_seconds && (*ret_seconds < 0 || *ret_seconds > CLOSE_MAX_S))
		r = sk_err_set(err, -ERANGE, "seconds", "must be 0 to %d",
			"は 0〜%d で指定してください", CLOSE_MAX_S);
	if (r == 0 && nac_mac_parse(text, ret) < 0)
		r = sk_err_set(err, -EINVAL, "mac", "is not a MAC address",
			"は MAC アドレスではありません");
	return r;
}

/* ---- the document ---- */

static int with_document(
	struct nacd *d, struct sk_ipc_msg *m, bool check, json_t **extra, struct sk_err *err)
{
	char sha256[65] = "";
	int64_t generation = 0;
	struct stat st;
	void *p;
	int r;

	if (m->fd < 0)
		return sk_err_set(err, -EINVAL, "document", "no document came with the request",
			"文書が添付されていません");
	r = sk_memfd_check(m->fd, err);
	if (r < 0)
		return r;
	if (fstat(m->fd, &st) < 0 || st.st_size <= 0 || st.st_size > (off_t)NAC_BYTES_MAX)
		return sk_err_set(err, -EFBIG, "document", "empty, or larger than %u bytes",
			"空か、%u バイトを超えています", NAC_BYTES_MAX);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, m->fd, 0);
	if (p == MAP_FAILED)
		return sk_err_set(err, -errno, "document", "cannot be read", "読み取れません");
	r = nacd_apply(d, p, (size_t)st.st_size, check, &generation, sha256, err);
	munmap(p, (size_t)st.st_size);
	if (r == 0)
		*extra = json_pack(
			"{s:I,s:s}", "generation", (json_int_t)generation, "sha256", sha256);
	return r;
}

static int op_check(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	return with_document(d, m, true, extra, err);
}

static int op_apply(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	return with_document(d, m, false, extra, err);
}

static int op_mode(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"port", "mode", NULL};
	const char *port = NULL, *word = NULL;
	enum nac_mode mode = NAC_LEARN;
	json_t *args = NULL;
	int r = nacd_args(m, keys, &args, err);

	if (r == 0)
		r = sk_json_str(args, "port", true, &port, err);
	if (r == 0)
		r = sk_json_str(args, "mode", true, &word, err);
	if (r == 0 && nac_mode_parse(word, &mode) < 0)
		r = sk_err_set(err, -EINVAL, "mode", "must be learn, rehearse or enforce",
			"は learn、rehearse、enforce のいずれかを指定してください");
	return r == 0 ? nacd_mode(d, port, mode, err) : r;
}

/* ---- one device ---- */

static int no_session(struct sk_err *err)
{
	return sk_err_set(err, -ENOENT, "mac", "is not connected", "は接続されていません");
}

static int op_close(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	struct nacd_session *all[SESSIONS_MAX];
	struct nac_mac mac;
	int64_t seconds = CLOSE_S;
	size_t n, closed = 0;
	int r = mac_arg(m, &mac, &seconds, err);

	if (r < 0)
		return r;
	n = nacd_sessions_of(d, &mac, all, SESSIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!nac_session_open(all[i]->state))
			continue;
		all[i]->held = sk_now() + seconds;
		nacd_session_close(d, all[i], NAC_WHY_REQUESTED);
		closed++;
	}
	*extra = json_pack("{s:I}", "closed", (json_int_t)closed);
	return closed ? 0 : no_session(err);
}

static int op_reauth(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	struct nacd_session *all[SESSIONS_MAX];
	struct nac_mac mac;
	size_t n, asked = 0;
	int r = mac_arg(m, &mac, NULL, err);

	if (r < 0)
		return r;
	n = nacd_sessions_of(d, &mac, all, SESSIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct nacd_port *p = nacd_port_find(d, all[i]->port);

		if (!nac_session_open(all[i]->state))
			continue;
		asked++;
		if (all[i]->method == NAC_BY_MAC)
			nacd_admit(d, all[i]->port, &mac, NULL);
		else if (p && p->hostapd)
			nac_hostapd_reauth(p->hostapd, &mac);
	}
	*extra = json_pack("{s:I}", "asked", (json_int_t)asked);
	return asked ? 0 : no_session(err);
}

static int op_explain(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	struct nac_mac mac;
	int r = mac_arg(m, &mac, NULL, err);

	if (r < 0)
		return r;
	*extra = nacd_explain(d, &mac);
	return *extra ? 0 : sk_err_nomem(err);
}

/* ---- all of it ---- */

static int op_seen(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {NULL};
	json_t *args = NULL;
	int r = nacd_args(m, keys, &args, err);

	return r == 0 ? nacd_rows_seen(d, c, m->id, err) : r;
}

static int op_status(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	*extra = nacd_status(d);
	return *extra ? 0 : sk_err_nomem(err);
}

static int op_subscribe(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"ack", "instance", NULL};
	json_t *args = NULL;
	int r = nacd_args(m, keys, &args, err);

	if (r < 0)
		return r;
	*extra = json_pack(
		"{s:s,s:I}", "instance", d->instance, "seq", (json_int_t)sk_spool_seq(d->spool));
	return *extra ? 0 : sk_err_nomem(err);
}

static void after_subscribe(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m)
{
	const json_t *args = json_object_get(m->body, "args");
	const char *instance = json_string_value(json_object_get(args, "instance"));
	json_int_t ack = json_integer_value(json_object_get(args, "ack"));

	nacd_subscribe(d, c, instance ? instance : "", ack > 0 ? (uint64_t)ack : 0);
}

/* ---- dispatch ---- */

static const struct nacd_op ops[] = {
	{"nac.check", op_check, NULL},
	{"nac.apply", op_apply, NULL},
	{"mode", op_mode, NULL},
	{"close", op_close, NULL},
	{"reauth", op_reauth, NULL},
	{"explain", op_explain, NULL},
	{"devices.seen", op_seen, NULL},
	{"status", op_status, NULL},
	{"events.subscribe", op_subscribe, after_subscribe},
};

static void on_request(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	const struct nacd_op *op = NULL;
	struct sk_err err = {0};
	const char *name = NULL;
	json_t *extra = NULL;
	int r;

	if (sk_json_str(m->body, "op", true, &name, NULL) < 0) {
		sk_ipc_client_close(c);
		return;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(ops) && !op; i++)
		if (strcmp(ops[i].name, name) == 0)
			op = &ops[i];
	if (!op)
		op = nacd_caop_find(name);
	r = op ? op->fn(d, c, m, &extra, &err)
	       : sk_err_set(&err, -EOPNOTSUPP, "op", "unknown operation", "不明な操作です");
	end = sk_ipc_end_body(r, &err, extra);
	if (!end || sk_ipc_reply(c, SK_IPC_END, m->id, end) < 0) {
		sk_ipc_client_close(c);
		return;
	}
	if (r == 0 && op->after)
		op->after(d, c, m);
}

static void on_ack(struct nacd *d, struct sk_ipc_client *c, const struct sk_ipc_msg *m)
{
	const char *instance = NULL;
	int64_t seq = 0;

	if (sk_json_str(m->body, "instance", true, &instance, NULL) < 0 ||
		sk_json_int(m->body, "seq", true, &seq, NULL) < 0 || seq < 0) {
		sk_ipc_client_close(c);
		return;
	}
	if (sk_streq(instance, d->instance))
		sk_spool_ack(d->spool, (uint64_t)seq);
	nacd_send_events(d);
}

static void on_message(struct sk_ipc_client *c, struct sk_ipc_msg *m, void *arg)
{
	struct nacd *d = arg;

	switch (m->type) {
	case SK_IPC_REQUEST: on_request(d, c, m); break;
	case SK_IPC_ACK: on_ack(d, c, m); break;
	default: sk_ipc_client_close(c); break;
	}
}

static int on_accept(struct sk_ipc_client *c, const struct ucred *cred, void *arg)
{
	const struct nacd *d = arg;

	if (cred->uid == 0 || (d->opts.has_manager && cred->uid == d->opts.manager))
		return 0;
	sk_log(LOG_WARNING, "connection of uid %u refused", (unsigned)cred->uid);
	return -EPERM;
}

static void on_closed(struct sk_ipc_client *c, void *arg)
{
	struct nacd *d = arg;

	if (c != d->subscriber)
		return;
	d->subscriber = NULL;
	if (d->spool)
		sk_spool_rewind(d->spool);
}

int nacd_ipc_start(struct nacd *d, struct sk_err *err)
{
	static const struct sk_ipc_limits limits = {
		.clients = CLIENTS, .per_uid = PER_UID, .queue_bytes = QUEUE_BYTES};
	static const struct sk_ipc_ops calls = {
		.accept = on_accept, .message = on_message, .closed = on_closed};
	char path[256];
	int r;

	if (snprintf(path, sizeof(path), "%s/nac.sock", d->opts.run_dir) >= (int)sizeof(path))
		return sk_err_set(
			err, -ENAMETOOLONG, "run-dir", "path is too long", "パスが長すぎます");
	r = sk_ipc_server_new(
		&d->ipc, d->ev, path, d->opts.socket_mode, -1, &limits, &calls, d, err);
	if (r < 0)
		return r;
	if (d->opts.has_socket_gid && chown(path, (uid_t)-1, d->opts.socket_gid) < 0)
		return sk_err_en(err, -errno, "socket-group", "%s: %s", path, strerror(errno));
	return sk_acl_allow(path, &d->opts.manager, d->opts.has_manager, err);
}
