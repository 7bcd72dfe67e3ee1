/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-feed: options, the socket, one process a request. The service manager hands over a
 * connection for each request (sekisho-feed.socket, Accept=yes); by hand it listens itself. It
 * knows the API keys and nothing else that is worth having.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ipc_wire.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"

#define MANAGER_USER "sekisho-mgmtd"
#define CHILDREN_MAX 4
#define SECRETS_MAX 65536
#define REQUEST_S 900u /* beyond any timeout of a definition */

struct settings {
	struct mg_fetch_opts f;
	const char *listen, *user, *secrets_path;
	uid_t manager;
	gid_t manager_gid;
	bool has_manager;
	int level;
};

static volatile sig_atomic_t ended;

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-feed [options]            serve the connection of the service "
	      "manager\n"
	      "       sekisho-feed --listen PATH [options]  serve a socket of its own\n"
	      "  --user NAME        run as this user when started by root\n"
	      "  --allow-user NAME  who besides root may ask, name or uid (" MANAGER_USER ")\n"
	      "  --secrets FILE     API keys, a line \"FEED = KEY\" each\n"
	      "  --ca FILE          trusted certificates instead of the system's\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --no-seccomp       without the system call filter\n"
	      "  --version, --help\n",
		f);
	return code;
}

enum { O_LISTEN = 256, O_USER, O_ALLOW, O_SECRETS, O_CA, O_LEVEL, O_NOSEC, O_VERSION, O_HELP };

static const struct option longopts[] = {
	{"listen", required_argument, NULL, O_LISTEN},
	{"user", required_argument, NULL, O_USER},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"secrets", required_argument, NULL, O_SECRETS},
	{"ca", required_argument, NULL, O_CA},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_NOSEC},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

/* A name, or a number that need not have one. */
static bool set_manager(struct settings *s, const char *name)
{
	const struct passwd *pw;
	uint64_t uid;

	s->has_manager = false;
	if (sk_parse_u64(name, UINT32_MAX - 1, &uid) == 0) {
		s->manager = s->manager_gid = (uid_t)uid;
		s->has_manager = true;
		pw = getpwuid((uid_t)uid);
	} else {
		pw = getpwnam(name);
	}
	if (pw) {
		s->manager = pw->pw_uid;
		s->manager_gid = pw->pw_gid;
		s->has_manager = true;
	}
	return s->has_manager;
}

/* -1: go on; else the exit code. */
static int option(struct settings *s, int c)
{
	uint64_t n;

	switch (c) {
	case O_LISTEN: s->listen = optarg; break;
	case O_USER: s->user = optarg; break;
	case O_ALLOW:
		if (!set_manager(s, optarg)) {
			fprintf(stderr, "sekisho-feed: there is no user %s\n", optarg);
			return 2;
		}
		break;
	case O_SECRETS: s->secrets_path = optarg; break;
	case O_CA: s->f.ca_file = optarg; break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		s->level = (int)n;
		break;
	case O_NOSEC: s->f.no_seccomp = true; break;
	case O_VERSION: printf("sekisho-feed %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

/* From the file named, or from what the service manager handed over; none is no error. */
static int read_secrets(struct settings *s, struct sk_err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[512];
	struct sk_buf b;
	int r;

	if (s->secrets_path)
		snprintf(path, sizeof(path), "%s", s->secrets_path);
	else if (dir)
		snprintf(path, sizeof(path), "%.480s/feeds", dir);
	else
		return 0;
	sk_buf_init(&b, SECRETS_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0 && b.len)
		s->f.secrets = sk_buf_take(&b);
	sk_buf_done(&b);
	return r == -ENOENT && !s->secrets_path ? 0 : r;
}

/* ---- a connection ----
 */
static bool may_ask(const struct settings *s, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	if (cred.uid == 0 || cred.uid == geteuid() || (s->has_manager && cred.uid == s->manager))
		return true;
	sk_log(LOG_WARNING, "uid %u may not ask", (unsigned)cred.uid);
	return false;
}

static void serve(const struct settings *s, int fd)
{
	if (!may_ask(s, fd))
		return;
	/* Whatever hangs ends. */
	alarm(REQUEST_S);
	sk_ipc_buffers(fd);
	mg_fetch_serve(fd, &s->f);
}

/* ---- a socket of our own ----
 */
static void on_signal(int sig)
{
	ended = sig;
}

static int listen_at(const struct settings *s, struct sk_err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	int fd;

	if (strlen(s->listen) >= sizeof(sa.sun_path))
		return sk_err_en(err, -ENAMETOOLONG, "listen", "is too long");
	memcpy(sa.sun_path, s->listen, strlen(s->listen));
	if (lstat(s->listen, &st) == 0 && !S_ISSOCK(st.st_mode))
		return sk_err_en(err, -EEXIST, "listen", "is there and no socket");
	unlink(s->listen);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Nobody can connect before listen(), so mode and owner are in force from the start. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ||
		chmod(s->listen, 0600) < 0 ||
		(geteuid() == 0 && s->has_manager &&
			chown(s->listen, s->manager, s->manager_gid) < 0) ||
		listen(fd, 16) < 0) {
		const int code = -errno;

		sk_closep(&fd);
		return sk_err_en(err, code, "listen", "%s: %s", s->listen, strerror(-code));
	}
	return fd;
}

static unsigned reap(pid_t *children)
{
	unsigned running = 0;

	for (int i = 0; i < CHILDREN_MAX; i++) {
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

static void start(const struct settings *s, int listener, pid_t *children)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), i = 0;
	pid_t pid;

	if (fd < 0)
		return;
	while (i < CHILDREN_MAX && children[i])
		i++;
	pid = fork();
	if (pid == 0) {
		signal(SIGTERM, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		close(listener);
		serve(s, fd);
		_exit(0);
	}
	if (pid < 0)
		sk_log(LOG_ERR, "fork: %s", strerror(errno));
	else
		children[i] = pid;
	close(fd);
}

static int serve_all(const struct settings *s, int listener)
{
	pid_t children[CHILDREN_MAX] = {0};

	while (!ended) {
		const unsigned running = reap(children);
		struct pollfd pfd = {
			.fd = running < CHILDREN_MAX ? listener : -1, .events = POLLIN};

		/* A child that ends interrupts poll; the wait is short in case it was just before.
		 */
		if (poll(&pfd, 1, running ? 200 : 1000) > 0 && (pfd.revents & POLLIN))
			start(s, listener, children);
	}
	for (int i = 0; i < CHILDREN_MAX; i++)
		if (children[i])
			kill(children[i], SIGTERM);
	if (s->listen)
		unlink(s->listen);
	return 0;
}

static int listen_and_serve(struct settings *s, int listener)
{
	const struct sigaction end = {.sa_handler = on_signal};
	struct sk_err err = {0};
	int r = 0;

	if (listener < 0)
		listener = listen_at(s, &err);
	if (listener < 0)
		r = listener;
	if (r == 0)
		r = sk_sandbox_caps(s->user, 0, &err);
	if (r < 0) {
		sk_log_err(LOG_CRIT, "start", &err);
		return 1;
	}
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sk_log(LOG_NOTICE, "sekisho-feed %s is ready", SK_VERSION);
	sd_notify(0, "READY=1");
	return serve_all(s, listener);
}

/* ---- start ----
 */
static int run(struct settings *s)
{
	const int n = sd_listen_fds(1);
	struct sk_err err = {0};
	int r = read_secrets(s, &err);

	signal(SIGPIPE, SIG_IGN);
	umask(0077);
	if (r == 0 && n > 1)
		r = sk_err_en(&err, -EINVAL, NULL, "%d sockets were passed, one is wanted", n);
	if (r < 0) {
		sk_log_err(LOG_CRIT, "start", &err);
		return 1;
	}
	if (n == 1 && sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, 0) > 0) {
		r = sk_sandbox_caps(s->user, 0, &err);
		if (r < 0)
			sk_log_err(LOG_CRIT, "start", &err);
		else
			serve(s, SD_LISTEN_FDS_START);
		return r < 0;
	}
	if (n == 1)
		return listen_and_serve(s, SD_LISTEN_FDS_START);
	return s->listen ? listen_and_serve(s, -1) : usage(stderr, 2);
}

int main(int argc, char **argv)
{
	struct settings s = {.level = LOG_INFO};
	int c, r;

	set_manager(&s, MANAGER_USER);
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&s, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	sk_log_init("sekisho-feed", s.level);
	r = run(&s);
	if (s.f.secrets)
		explicit_bzero(s.f.secrets, strlen(s.f.secrets));
	free(s.f.secrets);
	return r;
}
