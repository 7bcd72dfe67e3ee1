/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program's side of lib/oneshot.h: which socket, who asks, one request, its answer. Nothing is
 * read before the peer's uid is known to be allowed.
 */
#include "lib/oneshot.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/ipc_wire.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"

#define REQUEST_MS 10000
#define PROGRESS_US 200000

int sk_oneshot_allow(struct sk_oneshot_opts *o, const char *name)
{
	const struct passwd *pw;
	uint64_t uid;

	o->has_allow = false;
	if (sk_parse_u64(name, UINT32_MAX - 1, &uid) == 0) {
		o->allow = o->allow_gid = (uid_t)uid;
		o->has_allow = true;
		pw = getpwuid((uid_t)uid);
	} else {
		pw = getpwnam(name);
	}
	if (pw) {
		o->allow = pw->pw_uid;
		o->allow_gid = pw->pw_gid;
		o->has_allow = true;
	}
	return o->has_allow ? 0 : -ENOENT;
}

/* ---- one request ------------------------------------------------------------------------------
 */
int sk_oneshot_data(struct sk_oneshot *s, json_t *body, int passfd, struct sk_err *err)
{
	int r = body ? sk_ipc_send(s->fd, SK_IPC_DATA, s->id, body, passfd, err)
		     : sk_err_nomem(err);

	json_decref(body);
	return r;
}

void sk_oneshot_progress(
	struct sk_oneshot *s, uint64_t done, uint64_t total, const struct sk_text *step)
{
	const uint64_t now = sk_mono_us();

	if (s->told_us && now - s->told_us < PROGRESS_US)
		return;
	s->told_us = now;
	sk_oneshot_data(s,
		json_pack("{s:{s:I, s:I, s:s, s:s}}", "progress", "done", (json_int_t)done, "total",
			(json_int_t)total, "en", step->en, "ja", step->ja),
		-1, NULL);
}

int sk_oneshot_unknown(struct sk_err *err)
{
	return sk_err_en(err, -EOPNOTSUPP, "op", "there is no such operation");
}

static int handle_one(struct sk_oneshot *s, struct sk_ipc_msg *m, sk_oneshot_handler *handle,
	void *arg, json_t **extra, struct sk_err *err)
{
	struct sk_oneshot_request q = {.memfd = m->fd};
	json_t *args = NULL;
	int r = m->type == SK_IPC_REQUEST ? sk_json_str(m->body, "op", true, &q.op, err)
					  : sk_err_en(err, -EBADMSG, NULL, "is no request");

	if (r == 0)
		r = sk_json_object(m->body, "args", true, &args, err);
	if (r == 0 && m->fd >= 0)
		r = sk_memfd_check(m->fd, err);
	if (r < 0)
		return r;
	q.args = args;
	return handle(s, &q, extra, arg, err);
}

int sk_oneshot_serve(int fd, sk_oneshot_handler *handle, void *arg)
{
	struct sk_oneshot s = {.fd = fd};
	struct sk_ipc_msg m;
	struct sk_err err = {0};
	json_t *extra = NULL, *end;
	int r = sk_ipc_recv(fd, REQUEST_MS, &m, &err);

	if (r < 0) {
		sk_log_err(LOG_WARNING, "request", &err);
		return r;
	}
	s.id = m.id;
	r = handle_one(&s, &m, handle, arg, &extra, &err);
	if (r > 0)
		r = 0;
	if (r < 0) {
		json_decref(extra);
		extra = NULL;
		if (!err.code)
			sk_err_en(&err, r, NULL, "%s", strerror(-r));
		sk_log_err(LOG_WARNING, "request", &err);
	}
	end = sk_ipc_end_body(r, &err, extra);
	if (!end || sk_ipc_send(fd, SK_IPC_END, s.id, end, -1, &err) < 0)
		sk_log(LOG_WARNING, "the answer did not reach its asker");
	json_decref(end);
	sk_ipc_msg_done(&m);
	return r;
}

/* ---- a connection -----------------------------------------------------------------------------
 */
static bool may_ask(const struct sk_oneshot_opts *o, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	if (cred.uid == 0 || cred.uid == geteuid() || (o->has_allow && cred.uid == o->allow))
		return true;
	sk_log(LOG_WARNING, "uid %u may not ask", (unsigned)cred.uid);
	return false;
}

static void serve(const struct sk_oneshot_opts *o, int fd)
{
	if (!may_ask(o, fd))
		return;
	/* Whatever hangs ends. */
	if (o->seconds)
		alarm(o->seconds);
	sk_ipc_buffers(fd);
	o->serve(fd, o->arg);
}

/* ---- a socket of our own ----------------------------------------------------------------------
 */
static int listen_at(const struct sk_oneshot_opts *o, struct sk_err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	int fd;

	if (strlen(o->listen) >= sizeof(sa.sun_path))
		return sk_err_en(err, -ENAMETOOLONG, "listen", "is too long");
	memcpy(sa.sun_path, o->listen, strlen(o->listen));
	if (lstat(o->listen, &st) == 0 && !S_ISSOCK(st.st_mode))
		return sk_err_en(err, -EEXIST, "listen", "is there and no socket");
	unlink(o->listen);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody can connect before listen(), so mode and owner are in force from the start. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
		chmod(o->listen, 0600) < 0 ||
		(geteuid() == 0 && o->has_allow && chown(o->listen, o->allow, o->allow_gid) < 0) ||
		listen(fd, 16) < 0) {
		const int code = -errno;

		sk_closep(&fd);
		return sk_err_en(err, code, "listen", "%s: %s", o->listen, strerror(-code));
	}
	return fd;
}

static unsigned reap(pid_t *children)
{
	unsigned running = 0;

	for (int i = 0; i < SK_ONESHOT_CHILDREN; i++) {
		int status;

		if (!children[i])
			continue;
		if (waitpid(children[i], &status, WNOHANG) == children[i]) {
			if (WIFSIGNALED(status))
				sk_log(LOG_ERR, "a request ended by signal %d", WTERMSIG(status));
			children[i] = 0;
		} else {
			running++;
		}
	}
	return running;
}

static void start(const struct sk_oneshot_opts *o, int listener, pid_t *children)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), i = 0;
	sigset_t none;
	pid_t pid;

	if (fd < 0)
		return;
	while (i < SK_ONESHOT_CHILDREN && children[i])
		i++;
	pid = i < SK_ONESHOT_CHILDREN ? fork() : -1;
	if (pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(listener);
		serve(o, fd);
		_exit(0);
	}
	if (pid < 0)
		sk_log(LOG_ERR, "fork: %s", strerror(errno));
	else
		children[i] = pid;
	close(fd);
}

/* Until a signal comes: ends tells of SIGTERM and SIGINT. */
static void serve_all(const struct sk_oneshot_opts *o, int listener, int ends)
{
	pid_t children[SK_ONESHOT_CHILDREN] = {0};

	for (;;) {
		const unsigned running = reap(children);
		struct pollfd p[] = {{.fd = ends, .events = POLLIN},
			{.fd = running < SK_ONESHOT_CHILDREN ? listener : -1, .events = POLLIN}};

		/* Children that ended are looked for now and then. */
		if (poll(p, SK_ARRAY_SIZE(p), running ? 200 : -1) <= 0)
			continue;
		if (p[0].revents)
			break;
		if (p[1].revents & POLLIN)
			start(o, listener, children);
	}
	for (int i = 0; i < SK_ONESHOT_CHILDREN; i++)
		if (children[i])
			kill(children[i], SIGTERM);
	if (o->listen)
		unlink(o->listen);
}

static int catch_ends(struct sk_err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? sk_err_en(err, -errno, NULL, "signalfd: %s", strerror(errno)) : fd;
}

static int listen_and_serve(const struct sk_oneshot_opts *o, int listener)
{
	struct sk_err err = {0};
	int r = 0, ends = -1;

	if (listener < 0)
		listener = listen_at(o, &err);
	if (listener < 0)
		r = listener;
	if (r == 0)
		r = sk_sandbox_caps(o->user, o->caps, &err);
	if (r == 0)
		r = ends = catch_ends(&err);
	if (r < 0) {
		sk_log_err(LOG_CRIT, "start", &err);
		return 1;
	}
	sk_log(LOG_NOTICE, "%s %s is ready", o->name, SK_VERSION);
	sd_notify(0, "READY=1");
	serve_all(o, listener, ends);
	close(ends);
	return 0;
}

/* ---- which socket -----------------------------------------------------------------------------
 */
static int serve_connection(const struct sk_oneshot_opts *o, int fd)
{
	struct sk_err err = {0};
	int r = sk_sandbox_caps(o->user, o->caps, &err);

	if (r < 0)
		sk_log_err(LOG_CRIT, "start", &err);
	else
		serve(o, fd);
	return r < 0;
}

int sk_oneshot_run(struct sk_oneshot_opts *o)
{
	const int n = sd_listen_fds(1);

	signal(SIGPIPE, SIG_IGN);
	umask(0077);
	if (n > 1) {
		sk_log(LOG_CRIT, "start: %d sockets were passed, one is wanted", n);
		return 1;
	}
	if (n == 1 && sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, 0) > 0)
		return serve_connection(o, SD_LISTEN_FDS_START);
	if (n == 1 || o->listen)
		return listen_and_serve(o, n == 1 ? SD_LISTEN_FDS_START : -1);
	/* StandardInput=socket */
	if (sd_is_socket(STDIN_FILENO, AF_UNIX, SOCK_SEQPACKET, 0) > 0)
		return serve_connection(o, STDIN_FILENO);
	return 2;
}
