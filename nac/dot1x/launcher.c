/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts hostapd for nacd, which itself may neither fork nor exec nor change an interface. Knows
 * two words and a port's name; paths are made here, from a folder fixed at the start.
 */
#include "nac/dot1x/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"

#define CAPS (1ull << CAP_NET_ADMIN | 1ull << CAP_NET_RAW | 1ull << CAP_NET_BIND_SERVICE)

/* Its own and hostapd's, which inherits the filter. */
static const char *const syscalls[] = {
	"clone", "vfork", "execve", "wait4", "waitid", "prctl", "capset", "chown", "lchown", NULL};

struct kid {
	pid_t pid; /* 0: free */
	char port[NAC_LAUNCHER_PORT];
};

struct launcher {
	const struct nac_launcher_opts *o;
	int fd, sig;
	struct kid kids[NAC_LAUNCHER_MAX];
};

int nac_launcher_send(int fd, enum nac_launcher_word word, const char *port)
{
	struct nac_launcher_msg m = {.word = (int32_t)word};

	snprintf(m.port, sizeof(m.port), "%s", port);
	return send(fd, &m, sizeof(m), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(m) ? 0 : -errno;
}

int nac_launcher_recv(int fd, struct nac_launcher_msg *ret)
{
	struct nac_launcher_msg m;
	ssize_t n = recv(fd, &m, sizeof(m), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n != sizeof(m))
		return n < 0 ? -errno : -ECONNRESET;
	m.port[sizeof(m.port) - 1] = '\0';
	*ret = m;
	return 1;
}

static void tell(struct launcher *l, enum nac_launcher_word word, int value, const char *port)
{
	struct nac_launcher_msg m = {.word = (int32_t)word, .value = value};

	snprintf(m.port, sizeof(m.port), "%s", port);
	if (send(l->fd, &m, sizeof(m), MSG_NOSIGNAL) != sizeof(m))
		_exit(1);
}

/* A name as the document allows: no path can be made of it. */
static bool good_name(const char *s)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return s[0] && s[0] != '.' && s[0] != '-' && !s[strspn(s, allowed)];
}

static struct kid *find(struct launcher *l, const char *port, pid_t pid)
{
	for (size_t i = 0; i < NAC_LAUNCHER_MAX; i++)
		if (port ? l->kids[i].pid && strcmp(l->kids[i].port, port) == 0
			 : l->kids[i].pid == pid)
			return &l->kids[i];
	return NULL;
}

/* Through an exec without file capabilities only ambient ones are kept. */
static int raise_ambient(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0}};

	for (int c = 0; c < 64; c++) {
		if (!(CAPS >> c & 1))
			continue;
		d[c / 32].effective |= 1u << (c % 32);
		d[c / 32].permitted |= 1u << (c % 32);
		d[c / 32].inheritable |= 1u << (c % 32);
	}
	if (syscall(SYS_capset, &h, d) < 0)
		return -errno;
	for (int c = 0; c < 64; c++)
		if ((CAPS >> c & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) < 0)
			return -errno;
	return 0;
}

static void exec_hostapd(const struct launcher *l, const char *port, pid_t parent)
{
	char conf[512], log[512];
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (raise_ambient() < 0)
		_exit(126);
	snprintf(conf, sizeof(conf), "%s/%s.conf", l->o->dir, port);
	snprintf(log, sizeof(log), "%s/%s.log", l->o->dir, port);
	/* -d: the log has whose certificate it was; -f: a line is written when it is complete. */
	execl(l->o->program, "hostapd", "-d", "-f", log, conf, (char *)NULL);
	_exit(127);
}

static void start(struct launcher *l, const char *port)
{
	pid_t self = getpid(), pid;
	struct kid *k = find(l, port, 0);

	if (k || !(k = find(l, NULL, 0))) {
		tell(l, NAC_LAUNCH_STARTED, k ? -EEXIST : -ENOSPC, port);
		return;
	}
	pid = fork();
	if (pid == 0)
		exec_hostapd(l, port, self);
	if (pid < 0) {
		tell(l, NAC_LAUNCH_STARTED, -errno, port);
		return;
	}
	k->pid = pid;
	snprintf(k->port, sizeof(k->port), "%s", port);
	tell(l, NAC_LAUNCH_STARTED, pid, port);
}

static void on_child(struct launcher *l)
{
	struct signalfd_siginfo si;
	int status;
	pid_t pid;

	while (read(l->sig, &si, sizeof(si)) == sizeof(si))
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct kid *k = find(l, NULL, pid);

		if (!k)
			continue;
		k->pid = 0;
		tell(l, NAC_LAUNCH_ENDED, status, k->port);
	}
}

/* false: nacd is gone. */
static bool on_word(struct launcher *l)
{
	struct nac_launcher_msg m;
	struct kid *k;
	int r = nac_launcher_recv(l->fd, &m);

	if (r <= 0)
		return r == 0;
	if (!good_name(m.port))
		return true;
	if (m.word == NAC_LAUNCH_START)
		start(l, m.port);
	k = find(l, m.port, 0);
	if (m.word == NAC_LAUNCH_STOP && k)
		kill(k->pid, SIGKILL);
	return true;
}

static void serve(struct launcher *l)
{
	struct pollfd p[2] = {{.fd = l->fd, .events = POLLIN}, {.fd = l->sig, .events = POLLIN}};

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents)
			on_child(l);
		if (p[0].revents && !on_word(l))
			break;
	}
	for (size_t i = 0; i < NAC_LAUNCHER_MAX; i++)
		if (l->kids[i].pid)
			kill(l->kids[i].pid, SIGKILL);
}

static int prepare(struct launcher *l, struct sk_err *err)
{
	sigset_t set;
	int r;

	/* Who ends nacd ends us by closing the socket, and not before. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_SETMASK, &set, NULL);
	sigdelset(&set, SIGTERM);
	sigdelset(&set, SIGINT);
	l->sig = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->sig < 0)
		return sk_err_en(err, -errno, NULL, "signalfd: %s", strerror(errno));
	r = sk_sandbox_caps(l->o->user, CAPS, err);
	if (r == 0 && !l->o->no_seccomp)
		r = sk_sandbox_seccomp(syscalls, err);
	return r;
}

int nac_launcher_run(const struct nac_launcher_opts *o, int fd, struct sk_err *err)
{
	struct launcher l = {.o = o, .fd = fd, .sig = -1};
	int r = prepare(&l, err);

	if (r == 0)
		serve(&l);
	sk_closep(&l.sig);
	return r;
}

int nac_launcher_connect(const char *path, int *ret_fd, struct sk_err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd, r = 0;

	if (strlen(path) >= sizeof(a.sun_path))
		return sk_err_en(err, -ENAMETOOLONG, path, "is too long a path");
	memcpy(a.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		r = sk_err_set(err, -errno, path, "the launcher of hostapd does not answer: %s",
			"hostapd の起動プログラムに接続できません: %s", strerror(errno));
	if (r == 0)
		*ret_fd = fd;
	else
		sk_closep(&fd);
	return r;
}

_Noreturn static void child(const struct nac_launcher_opts *o, int fd)
{
	struct sk_err err = {0};

	prctl(PR_SET_NAME, "nacd-launcher");
	if (nac_launcher_run(o, fd, &err) < 0) {
		sk_log_err(LOG_ERR, "launcher", &err);
		_exit(1);
	}
	_exit(0);
}

int nac_launcher_fork(
	const struct nac_launcher_opts *o, int *ret_fd, pid_t *ret_pid, struct sk_err *err)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sk_err_en(err, -errno, NULL, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0) {
		int r = -errno;

		close(pair[0]);
		close(pair[1]);
		return sk_err_en(err, r, NULL, "fork: %s", strerror(-r));
	}
	if (pid == 0) {
		close(pair[0]);
		child(o, pair[1]);
	}
	close(pair[1]);
	*ret_fd = pair[0];
	*ret_pid = pid;
	return 0;
}
