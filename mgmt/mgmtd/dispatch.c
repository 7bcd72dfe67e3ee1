// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a message on mgmt.sock to a handler: who asks (by the socket, not by what they say), whether
 * the table lets them, whether the arguments are what the table says. Refusals are audited.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/accounts.h"
#include "mgmt/store/audit.h"

#define CLIENTS 64
#define PER_UID 32
#define QUEUE_BYTES (16u << 20)
#define DENIED_PER_MINUTE 60

static void console(struct mg_account *who)
{
	*who = (struct mg_account){
		.name = "console", .uid = 0, .roles = MG_CONSOLE, .enabled = true};
	snprintf(who->display, sizeof(who->display), "console");
}

/* The account of the peer. uid 0 without one is the console. */
static int identify(struct mg_call *c, struct sk_err *err)
{
	struct sk_err e = {0};
	int r = mg_account_by_uid(c->d->store, c->uid, &c->who, &e);

	if (r == -ENOENT && c->uid == 0) {
		console(&c->who);
		return 0;
	}
	if (r == -ENOENT) {
		snprintf(c->who.name, sizeof(c->who.name), "uid-%lld", (long long)c->uid);
		return sk_err_set(err, -EACCES, NULL,
			"no account belongs to this Unix user (uid %lld)",
			"この Unix ユーザー (uid %lld) のアカウントがありません",
			(long long)c->uid);
	}
	if (r < 0) {
		if (err)
			*err = e;
		return r;
	}
	if (!c->who.enabled)
		return sk_err_set(err, -EACCES, NULL, "the account %s is disabled",
			"アカウント %s は無効です", c->who.name);
	return 0;
}

static int check_role(const struct mg_call *c, struct sk_err *err)
{
	struct sk_buf en, ja;
	int r;

	if (c->who.roles & c->cmd->roles)
		return 0;
	sk_buf_init(&en, 256);
	sk_buf_init(&ja, 256);
	for (unsigned i = 0; i < MG_ROLES; i++)
		if (c->cmd->roles & (1u << i)) {
			sk_buf_printf(&en, "%s%s", en.len ? ", " : "", mg_role_text(1u << i)->en);
			sk_buf_printf(&ja, "%s%s", ja.len ? "、" : "", mg_role_text(1u << i)->ja);
		}
	/* %.0s passes over the list of the other language. */
	r = sk_err_set(err, -EACCES, NULL, "%s may not do this; it needs the role %s%.0s",
		"%s には権限がありません。必要な役割: %.0s%s", c->who.name, sk_buf_str(&en),
		sk_buf_str(&ja));
	sk_buf_done(&en);
	sk_buf_done(&ja);
	return r;
}

/* So that nobody fills the audit log by asking for what he may not have. */
static bool may_audit_denial(struct mg_daemon *d, int64_t now)
{
	if (now / 60 != d->denied_minute) {
		if (d->denied_unlogged)
			sk_log(LOG_WARNING, "%u more refused attempts were not audited",
				d->denied_unlogged);
		d->denied_minute = now / 60;
		d->denied = d->denied_unlogged = 0;
	}
	if (d->denied < DENIED_PER_MINUTE) {
		d->denied++;
		return true;
	}
	d->denied_unlogged++;
	return false;
}

/* For the SIEM and whoever watches: who did what, as it happens. The audit log has the rest. */
void mg_dispatch_publish(struct mg_call *c, int r, const struct sk_err *why)
{
	const char *result = r == 0 ? "ok" : r == -EPERM || r == -EACCES ? "denied" : "failed";
	json_t *s = json_pack("{s:s, s:I, s:s, s:s}", "account", c->who.name, "uid",
		(json_int_t)c->uid, "op", c->cmd->op, "result", result);
	const json_t *target = json_object_get(c->args, "number");
	struct sk_err err = {0};

	if (!s)
		return;
	if (!target)
		target = json_object_get(c->args, "name");
	if (!target)
		target = json_object_get(c->args, "address");
	if (target)
		json_object_set(s, "target", (json_t *)target);
	if (r < 0)
		json_object_set_new(s, "message", json_string(why->en));
	if (mg_daemon_event(
		    c->d, json_pack("{s:s, s:o}", "event_type", "audit", "sekisho", s), &err) < 0)
		sk_log_err(LOG_ERR, "storing events", &err);
}

/* Refused or failed: a row that says why. */
static void audit_failure(struct mg_call *c, int r, const struct sk_err *why)
{
	struct mg_audit_entry a = {.time = c->now,
		.account = c->who.name[0] ? c->who.name : "unknown",
		.uid = c->uid,
		.pid = c->pid,
		.op = c->cmd->op,
		.target = c->cmd->flags & MG_F_FAILURES ? "gateway" : "",
		.after = c->args,
		.result = "denied"};
	struct sk_err err = {0};

	if (!may_audit_denial(c->d, c->now))
		return;
	if (mg_audit_denied(c->d->store, &a, why, &err) < 0)
		sk_log_err(LOG_ERR, "audit", &err);
	mg_dispatch_publish(c, r, why);
}

static const struct mg_arg *file_arg(const struct mg_call *c)
{
	for (const struct mg_arg *a = c->cmd->args; a && a->name; a++)
		if ((a->type == MG_FILE || a->type == MG_FOLDER) &&
			json_object_get(c->args, a->name))
			return a;
	return NULL;
}

/* The content that came with the request, mapped for the length of the call. */
static int map_file(struct mg_call *c, int fd, struct sk_err *err)
{
	const struct mg_arg *a = file_arg(c);
	struct stat st;
	void *p;
	int r;

	if (!a || fd < 0)
		return 0;
	r = sk_memfd_check(fd, err);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0 || st.st_size > (off_t)SK_MIN(a->max, (uint64_t)MG_FILE_MAX))
		return sk_err_set(err, -EFBIG, a->name, "is larger than %u MiB",
			"大きすぎます(最大 %u MiB)",
			(unsigned)(SK_MIN(a->max, (uint64_t)MG_FILE_MAX) >> 20));
	if (st.st_size == 0) {
		c->file = "";
		return 0;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return sk_err_nomem(err);
	c->file = p;
	c->file_len = (size_t)st.st_size;
	return 0;
}

static int run_write(struct mg_call *c, mg_handler *fn, struct sk_err *err)
{
	uint64_t tightens = c->d->tightens;
	struct sk_err later = {0};
	int r = fn(c, err);

	if (r < 0 || c->dry_run)
		return r;
	mg_daemon_registry_changed(c->d);
	/* What was stopped must be out of the kernel before the answer says so. */
	if (!strcmp(c->cmd->op, "rule.suspend") && c->d->tightens == tightens &&
		mg_daemon_tighten(c->d, &later) < 0)
		sk_log_err(LOG_ERR, "suspend", &later);
	return r;
}

/* What comes before the handler, of somebody who may ask. */
static int prepare(struct mg_call *c, int fd, struct sk_err *err)
{
	int r;

	c->dry_run = mg_arg_flag(c, "dry_run");
	r = mg_command_check_args(c->cmd, c->args, err);
	if (r == 0)
		r = map_file(c, fd, err);
	if (r == 0 && (c->cmd->flags & MG_F_LOGS))
		r = mg_access_record(c, err);
	return r;
}

static void record_end(struct mg_call *c, int r, const struct sk_err *err)
{
	if (r == -EPERM || r == -EACCES)
		audit_failure(c, -EACCES, err);
	else if (r < 0 && (c->cmd->flags & MG_F_FAILURES) && !c->dry_run)
		audit_failure(c, r, err);
	else if ((c->cmd->flags & MG_F_WRITE) && !c->dry_run && !c->reply->following)
		mg_dispatch_publish(c, r, err);
}

/* 1: the answer comes from elsewhere (a reader, a listener). */
static int run(struct mg_call *c, int fd, struct sk_err *err)
{
	mg_handler *fn = mg_handler_find(c->cmd->op);
	int r;

	if (!fn)
		return sk_err_set(err, -EOPNOTSUPP, NULL, "%s is not for the daemon",
			"%s はデーモンの操作ではありません", c->cmd->op);
	if ((r = identify(c, err)) < 0 || (r = check_role(c, err)) < 0) {
		audit_failure(c, -EACCES, err);
		return r;
	}
	r = prepare(c, fd, err);
	if (r < 0 && !(c->cmd->flags & MG_F_FAILURES))
		return r;
	if (r == 0 && (c->cmd->flags & MG_F_HEAVY)) {
		r = mg_heavy_start(c, err);
		return r < 0 ? r : 1;
	}
	if (r == 0)
		r = c->cmd->flags & MG_F_WRITE ? run_write(c, fn, err) : fn(c, err);
	record_end(c, r, err);
	return r == 0 && c->reply->following ? 1 : r;
}

static void request(struct mg_daemon *d, struct sk_ipc_client *client, struct sk_ipc_msg *m)
{
	const struct ucred *cred = sk_ipc_client_cred(client);
	struct mg_call c = {.d = d, .now = sk_now(), .uid = cred->uid, .pid = cred->pid};
	const char *op = NULL, *lang = NULL;
	json_t *args = NULL, *none = json_object();
	struct sk_err err = {0};
	struct mg_reply reply;
	int r;

	mg_reply_init(&reply, client, -1, m->id);
	c.reply = &reply;
	r = sk_json_str(m->body, "op", true, &op, &err);
	if (!r)
		r = sk_json_str(m->body, "lang", false, &lang, &err);
	if (!r)
		r = sk_json_object(m->body, "args", false, &args, &err);
	c.lang = lang && !strncmp(lang, "ja", 2) ? SK_JA : SK_EN;
	c.args = args ? args : none;
	c.cmd = r ? NULL : mg_command_find(op);
	if (!r && !c.cmd)
		r = sk_err_set(&err, -EOPNOTSUPP, "op", "there is no operation \"%.40s\"",
			"「%.40s」という操作はありません", op);
	if (!r)
		r = run(&c, m->fd, &err);
	if (r <= 0)
		mg_reply_end(&reply, r, &err);
	mg_reply_done(&reply);
	if (c.file_len)
		munmap((void *)c.file, c.file_len);
	json_decref(none);
}

static void on_message(struct sk_ipc_client *client, struct sk_ipc_msg *m, void *arg)
{
	if (m->type == SK_IPC_REQUEST)
		request(arg, client, m);
	else
		sk_ipc_client_close(client);
}

static void on_closed(struct sk_ipc_client *client, void *arg)
{
	mg_heavy_client_left(arg, client);
	mg_follow_client_left(arg, client);
	mg_oneshot_client_left(arg, client);
}

int mg_dispatch_start(struct mg_daemon *d, struct sk_err *err)
{
	static const struct sk_ipc_limits limits = {
		.clients = CLIENTS, .per_uid = PER_UID, .queue_bytes = QUEUE_BYTES};
	static const struct sk_ipc_ops ops = {.message = on_message, .closed = on_closed};

	return sk_ipc_server_new(
		&d->server, d->ev, d->socket, 0666, d->listen_fd, &limits, &ops, d, err);
}
