/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one part of nacd that may start programs: a process of its own that starts and ends hostapd
 * by the port's name and nothing else. It is forked before rights are given up, or is a unit of its
 * own with a user of its own, which then is hostapd's. It lives as long as nacd does; hostapd lives
 * as long as it does. What it started and what ended it says over a socket.
 */
#ifndef NAC_DOT1X_LAUNCHER_H
#define NAC_DOT1X_LAUNCHER_H

#include <sys/types.h>

#include "lib/err.h"

#define NAC_LAUNCHER_PORT 16
#define NAC_LAUNCHER_MAX 64 /* hostapd processes */

enum nac_launcher_word {
	NAC_LAUNCH_START = 1, /* to it */
	NAC_LAUNCH_STOP,
	NAC_LAUNCH_STARTED, /* from it; value: pid, or -errno */
	NAC_LAUNCH_ENDED,   /* value: wait status */
};

struct nac_launcher_msg {
	int32_t word, value;
	char port[NAC_LAUNCHER_PORT];
};

struct nac_launcher_opts {
	const char *program; /* hostapd */
	const char *dir;     /* holds PORT.conf and the FIFO PORT.log */
	const char *user;    /* NULL: stay who we are */
	bool no_seccomp;
};

/*
 * Fork it. The caller gets the socket (SOCK_SEQPACKET, non-blocking) and its pid. It keeps
 * CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE, which hostapd needs for the PAE group
 * address, the packet socket and its DHCP socket. Does not return in the child.
 */
int nac_launcher_fork(
	const struct nac_launcher_opts *o, int *ret_fd, pid_t *ret_pid, struct sk_err *err);

/* Be it, for the other end of fd; returns when that is gone (0), or the error of its beginning. */
int nac_launcher_run(const struct nac_launcher_opts *o, int fd, struct sk_err *err);
/* To one that is a unit: -errno with err. The socket as nac_launcher_fork's. */
int nac_launcher_connect(const char *path, int *ret_fd, struct sk_err *err);

int nac_launcher_send(int fd, enum nac_launcher_word word, const char *port);
/* 1 and *ret, 0 none now, negative: it is gone. */
int nac_launcher_recv(int fd, struct nac_launcher_msg *ret);

#endif
