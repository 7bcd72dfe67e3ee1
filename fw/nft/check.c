/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy tried out on the running kernel, in a network namespace that exists for nothing else. A
 * child makes the namespace and hands out a socket of it; the socket keeps it alive. The child
 * makes no other system call than that, since it may have been forked from a process with threads.
 */
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "fw/nft/int.h"
#include "lib/util.h"

union control {
	struct cmsghdr align;
	char buf[CMSG_SPACE(sizeof(int))];
};

/* Code is what went wrong in the child; fd is passed along if there is one. */
static int send_fd(int to, int code, int fd)
{
	union control c = {0};
	struct iovec iov = {.iov_base = &code, .iov_len = sizeof(code)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		m.msg_control = c.buf;
		m.msg_controllen = sizeof(c.buf);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int receive_fd(int from)
{
	union control c = {0};
	int code = -EPROTO, fd = -1;
	struct iovec iov = {.iov_base = &code, .iov_len = sizeof(code)};
	struct msghdr m = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = c.buf,
		.msg_controllen = sizeof(c.buf)};
	ssize_t n;

	do {
		n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	const struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (n == sizeof(code) && h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS &&
		h->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	if (fd < 0)
		return code < 0 ? code : -EPROTO;
	return fd;
}

__attribute__((noreturn)) static void child(int to)
{
	int code = 0, fd = -1;

	/* A user namespace makes this work for any user; where they are forbidden, root needs none.
	 */
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 && unshare(CLONE_NEWNET) < 0)
		code = -errno;
	if (code == 0) {
		fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
		if (fd < 0)
			code = -errno;
	}
	code = send_fd(to, code, fd);
	_exit(code < 0);
}

/* A netlink socket in a namespace of its own, or -errno. */
static int scratch_socket(void)
{
	int pair[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0)
		child(pair[1]);
	int ret = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (ret == 0) {
		ret = receive_fd(pair[0]);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	close(pair[0]);
	return ret;
}

int fw_nft_check(const struct fw_policy *p, struct fw_nft_stats *ret, struct sk_err *err)
{
	struct fw_nft *n;
	int fd = scratch_socket();

	if (fd < 0)
		return sk_err_set(err, fd, NULL, "cannot make a namespace to try the rules in: %s",
			"ルールを試すための名前空間を作れません: %s", strerror(-fd));
	int r = fw_nft_new(&n, fd, err);
	if (r < 0)
		return r;
	n->scratch = true;
	r = fw_nft_ensure_table(n, err);
	if (r == 0)
		r = fw_nft_apply(n, p, NULL, 0, ret, err);
	fw_nft_close(n);
	return r;
}
