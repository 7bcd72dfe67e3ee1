// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands carried out by a program of its own. What a call needs beyond its message is kept until
 * the program has answered; a caller that leaves does not stop what was begun.
 */
#include "mgmt/mgmtd/oneshot.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/oneshot.h"
#include "lib/util.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/audit.h"

struct mg_asked {
	struct mg_asked *next;
	struct mg_daemon *d;
	struct sk_oneshot_call *call;
	struct mg_call c; /* as it was; reply is set anew */
	json_t *args, *detail;
	const char *const *result;
	struct sk_ipc_client *client; /* NULL: the manager itself, or it has left */
	uint32_t id;
	const char *name;
	char target[200];
	bool audit;
	int fd;
	int (*answer)(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err);
};

static void asked_free(struct mg_asked *a)
{
	sk_oneshot_call_free(a->call);
	json_decref(a->args);
	json_decref(a->detail);
	sk_closep(&a->fd);
	free(a);
}

static void forget(struct mg_asked *a)
{
	struct mg_asked **p = &a->d->asked;

	while (*p && *p != a)
		p = &(*p)->next;
	if (*p)
		*p = a->next;
	asked_free(a);
}

/* ---- the audit log ----------------------------------------------------------------------------
 */
static int audit(struct mg_asked *a, const char *result, struct sk_err *err)
{
	const struct mg_audit_entry e = {.time = sk_now(),
		.account = a->c.who.name,
		.uid = a->c.uid,
		.pid = a->c.pid,
		.op = a->c.cmd->op,
		.target = a->target,
		.after = a->detail,
		.result = result};
	struct mg_txn t = {0};
	int r = a->audit ? mg_txn_begin(&t, a->d->store, err) : 0;

	if (r == 0 && a->audit)
		r = mg_txn_commit(&t, &e, err);
	mg_txn_abort(&t);
	return r;
}

static void audit_end(struct mg_asked *a, int code, const struct sk_err *why)
{
	struct sk_err err = {0};
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s", why->path, why->path[0] ? ": " : "", why->en);
	if (audit(a, code < 0 ? text : "ok", &err) < 0)
		sk_log_err(LOG_ERR, "audit", &err);
	if (a->audit)
		mg_dispatch_publish(&a->c, code, why);
}

/* What the result was, beside what was asked for; the other row still has that alone. */
static void add_result(struct mg_asked *a, const json_t *end)
{
	json_t *v = a->result ? json_copy(a->detail) : NULL;

	for (const char *const *key = a->result; v && *key; key++)
		if (json_object_get(end, *key))
			json_object_set(v, *key, json_object_get(end, *key));
	if (!v)
		return;
	json_decref(a->detail);
	a->detail = v;
}

/* ---- answers ----------------------------------------------------------------------------------
 */
static void on_progress(const json_t *progress, void *arg)
{
	struct mg_asked *a = arg;
	json_t *body = json_pack("{s:O}", "progress", (json_t *)progress);

	if (a->client && body)
		sk_ipc_reply(a->client, SK_IPC_DATA, a->id, body);
	json_decref(body);
}

static void on_data(const json_t *body, int *fd, void *arg)
{
	struct mg_asked *a = arg;

	if (*fd < 0)
		return;
	sk_closep(&a->fd);
	a->fd = *fd;
	*fd = -1;
}

static int as_record(struct mg_call *c, int code, const json_t *end)
{
	json_t *v = code == 0 ? json_copy((json_t *)end) : NULL;

	if (!v)
		return code;
	json_object_del(v, "code");
	if (json_object_size(v))
		return mg_reply_record(c, v);
	json_decref(v);
	return 0;
}

static void on_done(int code, const json_t *end, const struct sk_err *why, void *arg)
{
	struct mg_asked *a = arg;
	struct sk_err err = *why;
	struct mg_reply reply;
	int r;

	a->call = NULL; /* freed by its owner after this */
	mg_reply_init(&reply, a->client, -1, a->id);
	if (!a->client)
		reply.error = -EPIPE;
	a->c.reply = &reply;
	a->c.now = sk_now();
	r = a->answer ? a->answer(&a->c, code, end, &a->fd, &err) : as_record(&a->c, code, end);
	/* Whether the answer reached anybody is not what was done. */
	if (code == 0 && reply.error)
		r = 0;
	if (r == 0)
		add_result(a, end);
	audit_end(a, r, &err);
	if (r < 0)
		sk_log_err(LOG_WARNING, a->c.cmd->op, &err);
	mg_daemon_registry_changed(a->d);
	if (a->client)
		mg_reply_end(&reply, r, &err);
	mg_reply_done(&reply);
	forget(a);
}

/* ---- asking -----------------------------------------------------------------------------------
 */
bool mg_oneshot_busy(const struct mg_daemon *d, const char *name)
{
	for (const struct mg_asked *a = d->asked; a; a = a->next)
		if (sk_streq(a->name, name))
			return true;
	return false;
}

static struct mg_asked *asked_new(struct mg_call *c, const struct mg_oneshot_ask *q)
{
	struct mg_asked *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->d = c->d;
	a->c = *c;
	a->args = json_incref((json_t *)c->args);
	a->c.args = a->args;
	a->c.reply = NULL;
	a->c.file = NULL;
	a->c.file_len = 0;
	a->detail = json_incref((json_t *)q->detail);
	a->result = q->result;
	a->client = c->reply ? c->reply->client : NULL;
	a->id = c->reply ? c->reply->id : 0;
	a->name = q->beside ? "" : q->name;
	a->audit = q->audit;
	a->answer = q->answer;
	a->fd = -1;
	snprintf(a->target, sizeof(a->target), "%s", q->target ? q->target : "");
	return a;
}

int mg_oneshot_ask(struct mg_call *c, const struct mg_oneshot_ask *q, struct sk_err *err)
{
	static const struct sk_oneshot_ops ops = {
		.progress = on_progress, .data = on_data, .done = on_done};
	struct sk_oneshot_ask ask = {
		.op = q->op, .args = q->args, .passfd = q->passfd, .patience = q->patience};
	bool busy = !q->shared && !q->beside && mg_oneshot_busy(c->d, q->name);
	struct mg_asked *a = busy ? NULL : asked_new(c, q);
	char path[256];
	int r;

	if (!a) {
		json_decref(q->args);
		return !busy
			? sk_err_nomem(err)
			: sk_err_set(err, -EBUSY, NULL,
				  "sekisho-%s is at work for somebody else; try again later",
				  "sekisho-%s は別の操作を実行中です。後で再度実行してください",
				  q->name);
	}
	snprintf(path, sizeof(path), "%.200s/%.40s.sock", c->d->o.run_dir, q->name);
	ask.socket = path;
	r = audit(a, "begun", err);
	if (r < 0)
		json_decref(q->args);
	else
		r = sk_oneshot_call(&a->call, c->d->ev, &ask, &ops, a, err);
	if (r < 0) {
		if (a->audit && err)
			audit_end(a, r, err);
		asked_free(a);
		return r;
	}
	a->next = c->d->asked;
	c->d->asked = a;
	if (c->reply)
		c->reply->following = true;
	return 0;
}

void mg_oneshot_own_call(
	struct mg_daemon *d, const char *op, const json_t *args, int64_t now, struct mg_call *ret)
{
	*ret = (struct mg_call){.d = d,
		.cmd = mg_command_find(op),
		.args = args,
		.uid = getuid(),
		.pid = getpid(),
		.now = now};
	snprintf(ret->who.name, sizeof(ret->who.name), "system");
}

void mg_oneshot_client_left(struct mg_daemon *d, const struct sk_ipc_client *c)
{
	for (struct mg_asked *a = d->asked; a; a = a->next)
		if (a->client == c)
			a->client = NULL;
}

void mg_oneshot_stop(struct mg_daemon *d)
{
	while (d->asked) {
		struct mg_asked *a = d->asked;

		d->asked = a->next;
		asked_free(a);
	}
}
