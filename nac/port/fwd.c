/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The asking side of lib/ipc.h on sd-event: a queue of what is unsent, a list of what is
 * unanswered. */
#include "nac/port/fwd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define RETRY_MIN_US 50000
#define RETRY_MAX_US 2000000
#define ANSWER_US 10000000 /* fwd applies a large policy meanwhile */
#define UNANSWERED 4096
#define BURST 64
#define ARGS_MAX (8u << 20) /* docs/ipc.md */

struct packet {
	TAILQ_ENTRY(packet) link;
	int fd; /* goes with it, or -1 */
	size_t len;
	uint8_t data[];
};

struct pending {
	TAILQ_ENTRY(pending) link;
	uint32_t id;
	struct nac_fwd_call call;
};

struct nac_fwd {
	sd_event *ev;
	char socket[108];
	const struct nac_fwd_ops *ops;
	void *arg;
	int fd;
	sd_event_source *io, *retry, *clock;
	uint64_t wait_us;
	bool told;
	uint32_t next_id;
	size_t unanswered;
	TAILQ_HEAD(packets, packet) out;
	TAILQ_HEAD(pendings, pending) waiting;
	struct sk_buf buf;
};

static void retry_later(struct nac_fwd *f)
{
	sd_event_source_set_time_relative(f->retry, f->wait_us);
	sd_event_source_set_enabled(f->retry, SD_EVENT_ONESHOT);
	f->wait_us = SK_MIN(2 * f->wait_us, (uint64_t)RETRY_MAX_US);
}

static void answer(struct nac_fwd *f, struct pending *p, int code, const json_t *body,
	const struct sk_err *err)
{
	TAILQ_REMOVE(&f->waiting, p, link);
	f->unanswered--;
	if (p->call.end)
		p->call.end(code, body, err, p->call.arg);
	free(p);
}

static void packet_free(struct packet *k)
{
	if (k->fd >= 0)
		close(k->fd);
	free(k);
}

static void drop_all(struct nac_fwd *f)
{
	struct sk_err err = {0};
	struct pending *p;
	struct packet *k;

	sk_err_en(&err, -ECONNRESET, NULL, "the connection to sekisho-fwd was lost");
	while ((k = TAILQ_FIRST(&f->out))) {
		TAILQ_REMOVE(&f->out, k, link);
		packet_free(k);
	}
	while ((p = TAILQ_FIRST(&f->waiting)))
		answer(f, p, -ECONNRESET, NULL, &err);
}

static void disconnect(struct nac_fwd *f)
{
	if (f->fd < 0)
		return;
	f->io = sd_event_source_disable_unref(f->io);
	close(f->fd);
	f->fd = -1;
	sd_event_source_set_enabled(f->clock, SD_EVENT_OFF);
	if (!f->told)
		sk_log(LOG_WARNING, "the connection to sekisho-fwd was lost");
	f->told = true;
	drop_all(f);
	f->ops->down(f->arg);
	retry_later(f);
}

static void watch_clock(struct nac_fwd *f)
{
	if (TAILQ_EMPTY(&f->waiting)) {
		sd_event_source_set_enabled(f->clock, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time_relative(f->clock, ANSWER_US);
	sd_event_source_set_enabled(f->clock, SD_EVENT_ONESHOT);
}

static void on_message(struct nac_fwd *f, const struct sk_ipc_msg *m)
{
	struct pending *p;
	struct sk_err err = {0};

	if (m->type == SK_IPC_EVENT) {
		f->ops->event(m->body, f->arg);
		return;
	}
	TAILQ_FOREACH(p, &f->waiting, link)
	if (p->id == m->id)
		break;
	if (!p)
		return;
	if (m->type == SK_IPC_DATA) {
		if (p->call.data)
			p->call.data(m->body, p->call.arg);
	} else if (m->type == SK_IPC_END) {
		int code = sk_ipc_end_code(m->body, &err);

		answer(f, p, code, m->body, &err);
	}
	if (f->fd >= 0)
		watch_clock(f);
}

static ssize_t send_packet(int fd, struct packet *k)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} u = {0};
	struct iovec v = {k->data, k->len};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (k->fd >= 0) {
		m.msg_control = u.space;
		m.msg_controllen = sizeof(u.space);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &k->fd, sizeof(int));
	}
	return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int flush(struct nac_fwd *f)
{
	struct packet *p;

	while ((p = TAILQ_FIRST(&f->out))) {
		if (send_packet(f->fd, p) < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		TAILQ_REMOVE(&f->out, p, link);
		packet_free(p);
	}
	return 0;
}

static void watch(struct nac_fwd *f)
{
	sd_event_source_set_io_events(f->io, EPOLLIN | (TAILQ_EMPTY(&f->out) ? 0 : EPOLLOUT));
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct nac_fwd *f = arg;

	if ((revents & EPOLLOUT) && flush(f) < 0) {
		disconnect(f);
		return 0;
	}
	for (int i = 0; i < BURST && f->fd == fd; i++) {
		struct sk_ipc_msg m;
		struct sk_err err = {0};
		int r = sk_ipc_recv(fd, 0, &m, &err);

		if (r == -ETIMEDOUT)
			break;
		if (r < 0) {
			disconnect(f);
			return 0;
		}
		on_message(f, &m);
		sk_ipc_msg_done(&m);
	}
	if (f->fd == fd)
		watch(f);
	return 0;
}

static int on_clock(sd_event_source *s, uint64_t usec, void *arg)
{
	struct nac_fwd *f = arg;

	sk_log(LOG_WARNING, "sekisho-fwd does not answer: connecting anew");
	f->told = true;
	disconnect(f);
	return 0;
}

static int on_retry(sd_event_source *s, uint64_t usec, void *arg)
{
	struct nac_fwd *f = arg;
	struct sk_err err = {0};
	int r;

	f->fd = sk_ipc_connect(f->socket, &err);
	if (f->fd < 0) {
		if (!f->told)
			sk_log(LOG_WARNING, "sekisho-fwd cannot be reached: %s", err.en);
		f->told = true;
		retry_later(f);
		return 0;
	}
	r = sd_event_add_io(f->ev, &f->io, f->fd, EPOLLIN, on_io, f);
	if (r < 0) {
		sk_closep(&f->fd);
		f->fd = -1;
		retry_later(f);
		return 0;
	}
	f->wait_us = RETRY_MIN_US;
	if (f->told)
		sk_log(LOG_INFO, "connected to sekisho-fwd");
	f->told = false;
	f->ops->up(f->arg);
	return 0;
}

int nac_fwd_new(struct nac_fwd **ret, sd_event *ev, const char *socket,
	const struct nac_fwd_ops *ops, void *arg, struct sk_err *err)
{
	struct nac_fwd *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return sk_err_nomem(err);
	f->ev = sd_event_ref(ev);
	f->ops = ops;
	f->arg = arg;
	f->fd = -1;
	f->wait_us = RETRY_MIN_US;
	TAILQ_INIT(&f->out);
	TAILQ_INIT(&f->waiting);
	sk_buf_init(&f->buf, 2 * SK_IPC_MAX);
	snprintf(f->socket, sizeof(f->socket), "%s", socket);
	r = sd_event_add_time_relative(ev, &f->retry, CLOCK_MONOTONIC, 0, 0, on_retry, f);
	if (r >= 0)
		r = sd_event_add_time(
			ev, &f->clock, CLOCK_MONOTONIC, UINT64_MAX, 100000, on_clock, f);
	if (r >= 0)
		r = sd_event_source_set_enabled(f->clock, SD_EVENT_OFF);
	if (r < 0) {
		nac_fwd_free(f);
		return sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	}
	*ret = f;
	return 0;
}

void nac_fwd_free(struct nac_fwd *f)
{
	if (!f)
		return;
	sd_event_source_disable_unref(f->io);
	sd_event_source_disable_unref(f->retry);
	sd_event_source_disable_unref(f->clock);
	sk_closep(&f->fd);
	f->fd = -1;
	drop_all(f);
	sk_buf_done(&f->buf);
	sd_event_unref(f->ev);
	free(f);
}

bool nac_fwd_connected(const struct nac_fwd *f)
{
	return f && f->fd >= 0;
}

/* What is too long for a message goes as a sealed memfd instead; *ret_fd: that, or -1. */
static int encode(struct nac_fwd *f, const char *op, const json_t *args, uint32_t id, int *ret_fd)
{
	json_t *req = json_pack("{s:s,s:O*}", "op", op, "args", args);
	struct sk_buf big;
	int r;

	if (!req)
		return -ENOMEM;
	*ret_fd = -1;
	sk_buf_reset(&f->buf);
	r = sk_ipc_encode(&f->buf, SK_IPC_REQUEST, id, req);
	if (r == -EMSGSIZE) {
		sk_buf_init(&big, ARGS_MAX);
		sk_json_put(&big, args);
		r = sk_buf_error(&big) ? -E2BIG : sk_memfd("args", big.data, big.len);
		sk_buf_done(&big);
		*ret_fd = r;
		json_object_del(req, "args");
		sk_buf_reset(&f->buf);
		if (r >= 0)
			r = sk_ipc_encode(&f->buf, SK_IPC_REQUEST, id, req);
	}
	json_decref(req);
	return r;
}

static int queue(struct nac_fwd *f, int fd, const struct nac_fwd_call *call)
{
	struct pending *p = calloc(1, sizeof(*p));
	struct packet *k = malloc(sizeof(*k) + f->buf.len);

	if (!p || !k) {
		free(p);
		free(k);
		return -ENOMEM;
	}
	p->id = f->next_id;
	if (call)
		p->call = *call;
	k->fd = fd;
	k->len = f->buf.len;
	memcpy(k->data, f->buf.data, f->buf.len);
	TAILQ_INSERT_TAIL(&f->out, k, link);
	TAILQ_INSERT_TAIL(&f->waiting, p, link);
	f->unanswered++;
	return 0;
}

int nac_fwd_send(struct nac_fwd *f, const char *op, json_t *args, const struct nac_fwd_call *call)
{
	int r, fd = -1;

	if (f->fd < 0 || f->unanswered >= UNANSWERED) {
		json_decref(args);
		return f->fd < 0 ? -ENOTCONN : -ENOBUFS;
	}
	r = encode(f, op, args, ++f->next_id, &fd);
	json_decref(args);
	if (r == 0)
		r = queue(f, fd, call);
	if (r < 0) {
		sk_closep(&fd);
		return r;
	}
	if (f->unanswered == 1)
		watch_clock(f);
	/* A lost connection is seen by on_io; here the caller is in the middle of something. */
	flush(f);
	watch(f);
	return 0;
}
