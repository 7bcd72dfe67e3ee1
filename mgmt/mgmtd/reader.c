// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The process that forks readers: it is made before the daemon opens any database and opens none
 * itself. For each call it gets the client's socket, forks, and the child answers on it with a
 * read-only connection of its own and ends. It trusts the daemon, and ends with it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/handlers.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/private.h"

struct forker {
	const struct mg_daemon_opts *o;
	int fd;
	pid_t pids[MG_CHILDREN + 1]; /* the last one: a job of the lists */
};

static int read_call(const json_t *body, struct mg_call *c)
{
	const char *op, *lang, *name, *display;
	json_t *args;
	int64_t roles, id;
	struct sk_err err = {0};

	if (sk_json_str(body, "op", true, &op, &err) < 0 ||
		sk_json_str(body, "lang", true, &lang, &err) < 0 ||
		sk_json_str(body, "name", true, &name, &err) < 0 ||
		sk_json_str(body, "display", true, &display, &err) < 0 ||
		sk_json_object(body, "args", true, &args, &err) < 0 ||
		sk_json_int(body, "now", true, &c->now, &err) < 0 ||
		sk_json_int(body, "uid", true, &c->uid, &err) < 0 ||
		sk_json_int(body, "pid", true, &c->pid, &err) < 0 ||
		sk_json_int(body, "account_uid", true, &c->who.uid, &err) < 0 ||
		sk_json_int(body, "roles", true, &roles, &err) < 0 ||
		sk_json_int(body, "id", true, &id, &err) < 0)
		return -EBADMSG;
	c->cmd = mg_command_find(op);
	c->args = args;
	c->lang = lang[0] == 'j' ? SK_JA : SK_EN;
	c->who.roles = (unsigned)roles;
	c->who.enabled = true;
	snprintf(c->who.name, sizeof(c->who.name), "%s", name);
	snprintf(c->who.display, sizeof(c->who.display), "%s", display);
	c->reply->id = (uint32_t)id;
	return c->cmd ? 0 : -EBADMSG;
}

/* In the child. Its exit status 0 says that the answer's END was sent or nobody took it. */
static int answer(const struct mg_daemon_opts *o, const json_t *body, int client)
{
	struct mg_daemon *d = calloc(1, sizeof(*d));
	struct sk_err err = {0};
	struct mg_reply reply;
	struct mg_call c = {.d = d, .reply = &reply};
	mg_handler *fn;
	int r;

	mg_reply_init(&reply, NULL, client, 0);
	if (!d || read_call(body, &c) < 0 || !(fn = mg_handler_find(c.cmd->op)) ||
		mg_daemon_reader(d, o, &err) < 0) {
		sk_log_err(LOG_ERR, "reader", &err);
		return 1;
	}
	r = mg_store_open_reader(&d->store, &d->paths, &err);
	if (!r)
		r = fn(&c, &err);
	r = mg_reply_end(&reply, r, &err);
	return r == 0 || r == -EPIPE || r == -ECONNRESET ? 0 : 1;
}

static int start(struct forker *f, struct sk_ipc_msg *m)
{
	pid_t pid;

	if (m->id > MG_JOB || f->pids[m->id] || m->fd < 0)
		return -EBADMSG;
	pid = fork();
	if (pid == 0) {
		signal(SIGCHLD, SIG_DFL);
		close(f->fd);
		_exit(m->id == MG_JOB ? mg_lists_work(f->o, m->fd) : answer(f->o, m->body, m->fd));
	}
	if (pid < 0)
		return -errno;
	f->pids[m->id] = pid;
	return 0;
}

static int tell(const struct forker *f, uint32_t slot, int code)
{
	json_t *body = json_pack("{s:i}", "code", code);
	int r = body ? sk_ipc_send(f->fd, SK_IPC_END, slot, body, -1, NULL) : -ENOMEM;

	json_decref(body);
	return r;
}

static int take(struct forker *f)
{
	struct sk_ipc_msg m;
	int r = sk_ipc_recv(f->fd, 0, &m, NULL);

	if (r < 0)
		return r;
	if (m.type == SK_IPC_REQUEST) {
		r = start(f, &m);
		if (r < 0)
			r = tell(f, m.id, r);
	} else if (m.type == SK_IPC_ACK && m.id <= MG_JOB && f->pids[m.id]) {
		kill(f->pids[m.id], SIGKILL);
	}
	sk_ipc_msg_done(&m);
	return r;
}

static int reap(struct forker *f)
{
	int status, r = 0;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (uint32_t i = 0; i <= MG_JOB; i++)
			if (f->pids[i] == pid) {
				bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;

				f->pids[i] = 0;
				if (!well && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL))
					sk_log(LOG_ERR, "a reader failed (status %#x)", status);
				r = tell(f, i, well ? 0 : -EIO);
			}
	return r;
}

static void on_sigchld(int sig)
{
	/* Only to interrupt the wait. */
}

int mg_reader_main(int fd, const struct mg_daemon_opts *o)
{
	struct forker f = {.o = o, .fd = fd};
	struct sigaction sa = {.sa_handler = on_sigchld};
	sigset_t block, wait;

	prctl(PR_SET_NAME, "sekisho-reader", 0, 0, 0);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &wait);
	sigdelset(&wait, SIGCHLD);
	sigaction(SIGCHLD, &sa, NULL);
	/* A terminal's or systemd's signals are for the daemon, whose end we see at the socket. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int n = ppoll(&p, 1, NULL, &wait);

		if ((n < 0 && errno != EINTR) || reap(&f) < 0)
			break;
		if (n > 0 && take(&f) < 0)
			break;
	}
	for (size_t i = 0; i <= MG_JOB; i++)
		if (f.pids[i])
			kill(f.pids[i], SIGKILL);
	return 0;
}
