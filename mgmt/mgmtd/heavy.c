// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slow questions are answered by forked readers, so that the daemon goes on taking events and
 * calls. The readers are not forked from here: SQLite's state must not cross a fork. A process that
 * never opened a database (reader.c) forks them; this is the daemon's side of its socket.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/private.h"

/* At most one reader a slot; the slot's index is the message id. */
static void release(struct mg_child *ch)
{
	ch->busy = false;
	ch->client = NULL;
}

static void start_waiting(struct mg_daemon *d);

static void on_end(struct mg_daemon *d, const struct sk_ipc_msg *m)
{
	struct mg_child *ch = m->id < MG_CHILDREN ? &d->children[m->id] : NULL;
	struct sk_err err = {0};

	if (m->id == MG_JOB)
		mg_lists_job_gone(d);
	if (!ch || !ch->busy)
		return;
	/* A reader that ended well has sent the answer's END itself. */
	if (ch->client && sk_ipc_end_code(m->body, &err) < 0) {
		sk_err_set(&err, -EIO, NULL, "the answer could not be made; the log says why",
			"処理に失敗しました。詳細はログを確認してください");
		sk_ipc_reply_end(ch->client, ch->id, -EIO, &err);
	}
	release(ch);
	start_waiting(d);
}

static int on_message(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_daemon *d = userdata;
	struct sk_ipc_msg m;
	struct sk_err err = {0};

	if (sk_ipc_recv(fd, 0, &m, &err) < 0) {
		/* Without it half of the commands are dead: start anew, the data plane waits. */
		sk_log_err(LOG_CRIT, "readers", &err);
		sd_event_exit(d->ev, 1);
		return 0;
	}
	on_end(d, &m);
	sk_ipc_msg_done(&m);
	return 0;
}

int mg_heavy_fork(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return sk_err_en(err, -errno, NULL, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return sk_err_en(err, -errno, NULL, "fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		if (d->listen_fd >= 0)
			close(d->listen_fd);
		_exit(mg_reader_main(fds[1], o));
	}
	close(fds[1]);
	d->reader_fd = fds[0];
	return 0;
}

int mg_heavy_watch(struct mg_daemon *d, struct sk_err *err)
{
	int r = sd_event_add_io(d->ev, &d->reader_source, d->reader_fd, EPOLLIN, on_message, d);

	return r < 0 ? sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r)) : 0;
}

static json_t *describe(const struct mg_call *c)
{
	return json_pack("{s:s, s:O, s:s, s:I, s:I, s:I, s:I, s:s, s:s, s:I, s:I}", "op",
		c->cmd->op, "args", (json_t *)c->args, "lang", c->lang == SK_JA ? "ja" : "en",
		"now", (json_int_t)c->now, "uid", (json_int_t)c->uid, "pid", (json_int_t)c->pid,
		"id", (json_int_t)c->reply->id, "name", c->who.name, "display", c->who.display,
		"roles", (json_int_t)c->who.roles, "account_uid", (json_int_t)c->who.uid);
}

/* body is stolen. 1: no reader is free. */
static int hand_over(struct mg_daemon *d, struct sk_ipc_client *client, uint32_t id, json_t *body,
	struct sk_err *err)
{
	size_t i = 0;
	int r;

	while (i < MG_CHILDREN && d->children[i].busy)
		i++;
	if (i == MG_CHILDREN)
		return 1;
	r = sk_ipc_send(
		d->reader_fd, SK_IPC_REQUEST, (uint32_t)i, body, sk_ipc_client_fd(client), err);
	json_decref(body);
	if (!r)
		d->children[i] = (struct mg_child){.busy = true, .client = client, .id = id};
	return r;
}

int mg_heavy_job(struct mg_daemon *d, int fd, struct sk_err *err)
{
	json_t *none = json_object();
	int r = none ? sk_ipc_send(d->reader_fd, SK_IPC_REQUEST, MG_JOB, none, fd, err)
		     : sk_err_nomem(err);

	json_decref(none);
	return r;
}

void mg_heavy_job_kill(struct mg_daemon *d)
{
	json_t *none = json_object();

	sk_ipc_send(d->reader_fd, SK_IPC_ACK, MG_JOB, none, -1, NULL);
	json_decref(none);
}

static void drop_waiter(struct mg_daemon *d, size_t i)
{
	d->n_waiting--;
	memmove(&d->waiting[i], &d->waiting[i + 1], (d->n_waiting - i) * sizeof(d->waiting[0]));
}

static void start_waiting(struct mg_daemon *d)
{
	struct sk_err err = {0};
	struct mg_waiter w;
	int r;

	if (!d->n_waiting)
		return;
	w = d->waiting[0];
	drop_waiter(d, 0);
	r = hand_over(d, w.client, w.id, w.body, &err);
	if (r < 0)
		sk_ipc_reply_end(w.client, w.id, r, &err);
}

int mg_heavy_start(struct mg_call *c, struct sk_err *err)
{
	struct mg_daemon *d = c->d;
	json_t *body = describe(c);
	int r;

	if (!body)
		return sk_err_nomem(err);
	r = hand_over(d, c->reply->client, c->reply->id, body, err);
	if (r <= 0)
		return r;
	if (d->n_waiting == MG_WAITING) {
		json_decref(body);
		return sk_err_set(err, -EBUSY, NULL, "too many questions at once; try again",
			"同時に処理できる数を超えています。少し待って再度実行してください");
	}
	d->waiting[d->n_waiting++] =
		(struct mg_waiter){.client = c->reply->client, .id = c->reply->id, .body = body};
	return 0;
}

/* Nobody waits for the answer any more: the reader is ended, its slot freed when it has. */
void mg_heavy_client_left(struct mg_daemon *d, const struct sk_ipc_client *c)
{
	json_t *none = json_object();

	for (size_t i = d->n_waiting; i-- > 0;)
		if (d->waiting[i].client == c) {
			json_decref(d->waiting[i].body);
			drop_waiter(d, i);
		}
	for (size_t i = 0; i < MG_CHILDREN; i++)
		if (d->children[i].busy && d->children[i].client == c) {
			d->children[i].client = NULL;
			sk_ipc_send(d->reader_fd, SK_IPC_ACK, (uint32_t)i, none, -1, NULL);
		}
	json_decref(none);
}

void mg_heavy_stop(struct mg_daemon *d)
{
	/* The end of its socket ends it and its readers. */
	d->reader_source = sd_event_source_disable_unref(d->reader_source);
	if (d->reader_fd > 0)
		close(d->reader_fd);
	d->reader_fd = -1;
	while (d->n_waiting)
		json_decref(d->waiting[--d->n_waiting].body);
}
