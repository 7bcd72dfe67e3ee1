/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that does nothing but watch the engine: it is killed when it is stopped or silent, and
 * started again when it died, within a second. It must need nothing that can block: no log to a
 * full pipe, no lock, no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define SILENCE_MS 1000
#define ENDING_MS 5000 /* what it gives back, and writes, when its settings changed */
#define START_MS 60000 /* the first sign of life: a cold compile may come before */
#define PAUSE_MIN_US 20000
#define PAUSE_MAX_US 5000000
#define STEADY_US 10000000ull /* lived that long: the next death is a first one again */

static int leave(int status, int *ret_code)
{
	*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	return 1;
}

/* The engine speaks to us alone: to the service manager the monitor is the service. */
static void first_life(bool *alive)
{
	if (!*alive)
		sd_notify(0, "READY=1");
	*alive = true;
}

static void hand_on(pid_t pid)
{
	sd_notify(0, "STOPPING=1");
	kill(pid, SIGTERM);
}

/* Until the child is gone; its wait status. Signals to end are handed on to it, and it is the last
 * one then. */
static int watch(pid_t pid, int fd, const sigset_t *wanted, bool *last)
{
	int timeout = START_MS, status, sig;
	bool alive = false;
	const struct timespec now = {0};

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char bytes[64];
		int n = poll(&p, 1, timeout);
		ssize_t got;

		while ((sig = sigtimedwait(wanted, NULL, &now)) > 0) {
			*last = true;
			hand_on(pid);
		}
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		if (n > 0 && (p.revents & POLLIN) && (got = read(fd, bytes, sizeof(bytes))) > 0) {
			timeout = memchr(bytes, IPSD_ENDS, (size_t)got) ? ENDING_MS : SILENCE_MS;
			first_life(&alive);
			continue;
		}
		if (n == 0) {
			sk_log(LOG_ERR, "the engine is silent: killed, to be started anew");
			kill(pid, SIGKILL);
		}
		if (n != 0 && (p.revents & POLLHUP))
			kill(pid, SIGKILL); /* closed its end: on its way out */
		if (n == 0 || (p.revents & POLLHUP)) {
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
			return status;
		}
	}
}

static void pause_us(uint64_t us)
{
	struct timespec ts = {
		.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};

	nanosleep(&ts, NULL);
}

int ipsd_monitor(int *ret_fd, int *ret_code)
{
	uint64_t pause = PAUSE_MIN_US;
	sigset_t wanted, before;
	bool last = false;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGTERM);
	sigaddset(&wanted, SIGINT);
	sigprocmask(SIG_BLOCK, &wanted, &before);
	for (;;) {
		uint64_t start = sk_mono_us();
		int fd[2], status;
		pid_t pid;

		if (pipe2(fd, O_CLOEXEC | O_NONBLOCK) < 0 || (pid = fork()) < 0) {
			sk_log(LOG_ERR, "cannot start the engine: %s", strerror(errno));
			return -errno;
		}
		if (pid == 0) {
			close(fd[0]);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			unsetenv("NOTIFY_SOCKET");
			sigprocmask(SIG_SETMASK, &before, NULL);
			*ret_fd = fd[1];
			return 0;
		}
		close(fd[1]);
		status = watch(pid, fd[0], &wanted, &last);
		close(fd[0]);
		/* However it ended: at a shutdown the engine may die before it is told by us, or be
		 * silent for too long while it ends. */
		if (last) {
			*ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
			return 1;
		}
		if (WIFEXITED(status) && WEXITSTATUS(status) != IPSD_EXIT_RESTART &&
			sk_mono_us() - start < STEADY_US && WEXITSTATUS(status) != 0)
			return leave(status, ret_code); /* could not start: no use in trying */
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			return leave(status, ret_code);
		pause = sk_mono_us() - start > STEADY_US ? PAUSE_MIN_US
							 : SK_MIN(pause * 2, PAUSE_MAX_US);
		pause_us(WIFEXITED(status) ? PAUSE_MIN_US : pause);
		sk_log(LOG_NOTICE, "the engine is started again");
	}
}
