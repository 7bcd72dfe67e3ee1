/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blocking side of lib/ipc.h, for the command line, the web server and daemons that ask
 * another, and the two socket helpers it shares with the server. Never called from an event loop
 * that others wait for, except with a short timeout.
 */
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ipc.h"
#include "lib/ipc_wire.h"
#include "lib/json.h"
#include "lib/util.h"

static const struct sk_text no_socket = {"cannot open a socket: %s", "ソケットを開けません (%s)"};
static const struct sk_text no_daemon = {
	"cannot reach the daemon: %s", "デーモンに接続できません (%s)"};
static const struct sk_text cannot_send = {
	"cannot send to the daemon: %s", "デーモンへ送信できません (%s)"};
static const struct sk_text cannot_recv = {
	"no answer from the daemon: %s", "デーモンから応答がありません (%s)"};

static int fail(struct sk_err *err, int code, const struct sk_text *what)
{
	return sk_err_set(err, code, NULL, what->en, what->ja, strerror(-code));
}

static void set_buffer(int fd, int forced, int plain)
{
	/* The kernel doubles the value for its own overhead; a message must fit with room to spare.
	 */
	const int size = 2 * SK_IPC_MAX;

	if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

void sk_ipc_buffers(int fd)
{
	set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
	set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
}

/* All descriptors of a control message: the first into *ret if it is the only one, else closed. */
static int take_fds(struct msghdr *mh, int *ret)
{
	int first = -1, extra = 0;

	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm; cm = CMSG_NXTHDR(mh, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t off = CMSG_LEN(0); off + sizeof(int) <= cm->cmsg_len;
			off += sizeof(int)) {
			int fd;

			memcpy(&fd, (uint8_t *)cm + off, sizeof(fd));
			if (first < 0) {
				first = fd;
			} else {
				close(fd);
				extra++;
			}
		}
	}
	if (extra || (mh->msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		sk_closep(&first);
		return -EBADMSG;
	}
	*ret = first;
	return 0;
}

ssize_t sk_ipc_read(int fd, void *p, size_t cap, int flags, int *ret_fd)
{
	union {
		struct cmsghdr align;
		uint8_t space[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct iovec iov = {.iov_base = p, .iov_len = cap};
	struct msghdr mh = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	ssize_t n;
	int r;

	do
		n = recvmsg(fd, &mh, flags | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r = take_fds(&mh, ret_fd);
	return r < 0 ? r : n;
}

int sk_ipc_connect(const char *path, struct sk_err *err)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd, r;

	if (strlen(path) >= sizeof(sa.sun_path))
		return fail(err, -ENAMETOOLONG, &no_daemon);
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(err, -errno, &no_socket);
	sk_ipc_buffers(fd);
	do
		r = connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		r = -errno;
		close(fd);
		return fail(err, r, &no_daemon);
	}
	return fd;
}

static int send_all(int fd, const struct sk_buf *b, int passfd)
{
	union {
		struct cmsghdr align;
		uint8_t space[CMSG_SPACE(sizeof(int))];
	} control = {.space = {0}};
	struct iovec iov = {.iov_base = b->data, .iov_len = b->len};
	struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};

	if (passfd >= 0) {
		mh.msg_control = &control;
		mh.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&mh) = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int))};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&mh)), &passfd, sizeof(passfd));
	}
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLOUT};

		if (sendmsg(fd, &mh, MSG_NOSIGNAL) >= 0)
			return 0;
		if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
			return -ECONNRESET;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (errno == EAGAIN)
			poll(&pfd, 1, -1);
	}
}

int sk_ipc_send(int fd, enum sk_ipc_type type, uint32_t id, const json_t *body, int passfd,
	struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf b;
	int r;

	sk_buf_init(&b, 2 * SK_IPC_MAX);
	r = sk_ipc_encode(&b, type, id, body);
	if (r == 0)
		r = send_all(fd, &b, passfd);
	return r < 0 ? fail(err, r, &cannot_send) : 0;
}

/* 0 when fd can be read, -ETIMEDOUT at the deadline (monotonic µs; 0 waits). */
static int wait_readable(int fd, uint64_t deadline)
{
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		int ms = -1, n;

		if (deadline) {
			uint64_t now = sk_mono_us();
			uint64_t left = now < deadline ? (deadline - now + 999) / 1000 : 0;

			ms = (int)SK_MIN(left, (uint64_t)INT32_MAX);
		}
		n = poll(&pfd, 1, ms);
		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

static uint64_t deadline_in(int timeout_ms)
{
	return timeout_ms < 0 ? 0 : sk_mono_us() + (uint64_t)timeout_ms * 1000;
}

static int recv_until(int fd, uint64_t deadline, struct sk_ipc_msg *ret, struct sk_err *err)
{
	_cleanup_(sk_freep) uint8_t *p = malloc(SK_IPC_MAX);
	struct sk_ipc_msg m;
	ssize_t n;
	int passed = -1, r;

	if (!p)
		return sk_err_nomem(err);
	do {
		r = wait_readable(fd, deadline);
		if (r < 0)
			return fail(err, r, &cannot_recv);
		n = sk_ipc_read(fd, p, SK_IPC_MAX, MSG_DONTWAIT, &passed);
	} while (n == -EAGAIN);
	if (n <= 0) {
		sk_closep(&passed);
		return fail(err, n == 0 ? -ECONNRESET : (int)n, &cannot_recv);
	}
	r = sk_ipc_decode(p, (size_t)n, &m, err);
	if (r < 0) {
		sk_closep(&passed);
		return r;
	}
	m.fd = passed;
	*ret = m;
	return 0;
}

int sk_ipc_recv(int fd, int timeout_ms, struct sk_ipc_msg *ret, struct sk_err *err)
{
	return recv_until(fd, deadline_in(timeout_ms), ret, err);
}

/* What is done with an answer; each may be NULL. */
struct taker {
	int (*on_data)(json_t *body, void *arg);
	void *arg;
	int *ret_fd;
	json_t **ret_end;
};

/* One answer to id: 1 to go on, else the result. Stolen parts of m are NULL afterwards. */
static int take_answer(struct sk_ipc_msg *m, const struct taker *t, struct sk_err *err)
{
	int r;

	if (m->type == SK_IPC_DATA) {
		if (t->ret_fd && m->fd >= 0) {
			sk_closep(t->ret_fd);
			*t->ret_fd = m->fd;
			m->fd = -1;
		}
		r = t->on_data ? t->on_data(m->body, t->arg) : 0;
		return r == 0 ? 1 : r < 0 ? r : -ECANCELED;
	}
	if (m->type != SK_IPC_END)
		return 1;
	r = sk_ipc_end_code(m->body, err);
	if (t->ret_end) {
		*t->ret_end = m->body;
		m->body = NULL;
	}
	return r;
}

/* pass_and_wait: passfd and timeout_ms as in sk_ipc_call; args is stolen. */
static int call(int fd, const char *op, json_t *args, const int pass_and_wait[2],
	const struct taker *t, struct sk_err *err)
{
	const int passfd = pass_and_wait[0], timeout_ms = pass_and_wait[1];
	/* A random id: whatever an aborted call left in the socket must not answer this one. */
	const uint32_t id = randombytes_random();
	uint64_t deadline;
	json_t *req = json_pack("{s:s, s:o}", "op", op, "args", args ? args : json_object());
	int r;

	if (!req)
		return sk_err_nomem(err);
	r = sk_ipc_send(fd, SK_IPC_REQUEST, id, req, passfd, err);
	json_decref(req);
	if (r < 0)
		return r;
	deadline = deadline_in(timeout_ms);
	for (;;) {
		struct sk_ipc_msg m;

		r = recv_until(fd, deadline, &m, err);
		if (r < 0)
			return r;
		r = 1;
		if (m.id == id) {
			r = take_answer(&m, t, err);
			deadline = deadline_in(timeout_ms);
		}
		sk_ipc_msg_done(&m);
		if (r <= 0)
			return r;
	}
}

int sk_ipc_call(int fd, const char *op, json_t *args, int passfd, int timeout_ms,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err)
{
	const struct taker t = {.on_data = on_data, .arg = arg, .ret_end = ret_end};

	return call(fd, op, args, (const int[2]){passfd, timeout_ms}, &t, err);
}

int sk_ipc_call_fd(int fd, const char *op, json_t *args, int passfd, int timeout_ms, int *ret_fd,
	json_t **ret_end, struct sk_err *err)
{
	int got = -1, r;
	const struct taker t = {.ret_fd = &got, .ret_end = ret_end};

	r = call(fd, op, args, (const int[2]){passfd, timeout_ms}, &t, err);
	*ret_fd = got;
	return r;
}
