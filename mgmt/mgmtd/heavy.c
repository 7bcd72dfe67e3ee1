// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slow questions are answered by a forked child with its own read-only connection to the registry,
 * so that the daemon goes on taking events and calls. The child changes nothing and ends with its
 * answer, or when its client leaves.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/private.h"

static void release(struct mg_child *ch)
{
	ch->source = sd_event_source_disable_unref(ch->source);
	ch->pid = 0;
	ch->client = NULL;
}

static int on_child_exit(sd_event_source *src, const siginfo_t *si, void *userdata)
{
	struct mg_child *ch = userdata;
	struct sk_err err = {0};

	/* A child that ended well has sent its END itself. */
	if (ch->client && !(si->si_code == CLD_EXITED && si->si_status == 0)) {
		sk_log(LOG_ERR, "a reader ended with %s %d",
			si->si_code == CLD_EXITED ? "status" : "signal", si->si_status);
		sk_err_set(&err, -EIO, NULL, "the answer could not be made; the log says why",
			"処理に失敗しました。詳細はログを確認してください");
		sk_ipc_reply_end(ch->client, ch->id, -EIO, &err);
	}
	release(ch);
	return 0;
}

/* Everything inherited but standard error and the client, which becomes descriptor 3. */
static int keep_only(int fd)
{
	if (fd != 3 && dup2(fd, 3) < 0)
		return -errno;
	close(0);
	close(1);
	return close_range(4, ~0u, 0) < 0 ? -errno : 3;
}

/* In the child: answer and end. Nothing of the parent's but memory is used. */
static _Noreturn void run(struct mg_call *c, mg_handler *fn)
{
	struct mg_daemon *d = c->d;
	struct sk_err err = {0};
	struct mg_reply r;
	int fd = keep_only(sk_ipc_client_fd(c->reply->client)), ret;

	if (fd < 0)
		_exit(1);
	mg_reply_init(&r, NULL, fd, c->reply->id);
	c->reply = &r;
	d->reader = true;
	d->store = NULL;
	d->events = NULL;
	mg_fwclient_forget(d);
	ret = mg_store_open_reader(&d->store, &d->paths, &err);
	if (!ret)
		ret = fn(c, &err);
	ret = mg_reply_end(&r, ret, &err);
	_exit(ret == 0 || ret == -EPIPE || ret == -ECONNRESET ? 0 : 1);
}

int mg_heavy_start(struct mg_call *c, mg_handler *fn, struct sk_err *err)
{
	struct mg_child *ch = NULL;
	pid_t pid;
	int r;

	for (size_t i = 0; i < MG_CHILDREN && !ch; i++)
		if (!c->d->children[i].pid)
			ch = &c->d->children[i];
	if (!ch)
		return sk_err_set(err, -EBUSY, NULL, "too many questions at once; try again",
			"同時に処理できる数を超えています。少し待って再度実行してください");
	pid = fork();
	if (pid == 0)
		run(c, fn);
	if (pid < 0)
		return sk_err_set(err, -errno, NULL, "cannot start a reader: %s",
			"処理を開始できません (%s)", strerror(errno));
	*ch = (struct mg_child){
		.pid = pid, .client = c->reply->client, .id = c->reply->id, .d = c->d};
	r = sd_event_add_child(c->d->ev, &ch->source, pid, WEXITED, on_child_exit, ch);
	if (r < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		ch->pid = 0;
		return sk_err_set(err, r, NULL, "cannot watch a reader: %s",
			"処理を開始できません (%s)", strerror(-r));
	}
	return 0;
}

void mg_heavy_client_left(struct mg_daemon *d, const struct sk_ipc_client *c)
{
	for (size_t i = 0; i < MG_CHILDREN; i++)
		if (d->children[i].pid && d->children[i].client == c) {
			d->children[i].client = NULL;
			kill(d->children[i].pid, SIGKILL);
		}
}

void mg_heavy_stop(struct mg_daemon *d)
{
	for (size_t i = 0; i < MG_CHILDREN; i++)
		if (d->children[i].pid) {
			pid_t pid = d->children[i].pid;

			release(&d->children[i]);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
}
