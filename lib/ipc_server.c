/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The serving side of lib/ipc.h on sd-event. It never blocks: what a client does not take waits in
 * its queue, and a client whose queue grows is not read from, then closed. Clients and the server
 * may be closed or freed from within any callback, so both are counted and taken apart later.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/ipc_wire.h"
#include "lib/util.h"

#define BURST 16               /* messages of one client before the others get their turn */
#define ACCEPT_PAUSE_US 200000 /* after running out of descriptors or memory */

struct packet {
	TAILQ_ENTRY(packet) link;
	size_t len;
	uint8_t data[];
};

struct sk_ipc_client {
	LIST_ENTRY(sk_ipc_client) link;
	unsigned refs;
	struct sk_ipc_server *server; /* NULL once it is off the list */
	int fd;
	struct ucred cred;
	bool accepted, closing;
	void *data;
	sd_event_source *io, *closer;
	TAILQ_HEAD(packets, packet) queue;
	size_t queued;
};

struct sk_ipc_server {
	unsigned refs;
	sd_event *ev;
	int fd;
	char *path; /* to unlink, NULL for an inherited socket */
	sd_event_source *listener, *resume;
	struct sk_ipc_limits lim;
	struct sk_ipc_ops ops;
	void *arg;
	LIST_HEAD(clients, sk_ipc_client) clients;
	unsigned n_clients;
	bool dead;
	struct sk_buf out;      /* the message being encoded */
	uint8_t in[SK_IPC_MAX]; /* the message being read */
};

static void server_unref(struct sk_ipc_server *s)
{
	if (--s->refs > 0)
		return;
	sk_buf_done(&s->out);
	sd_event_unref(s->ev);
	free(s->path);
	free(s);
}

static void client_unref(struct sk_ipc_client *c)
{
	struct packet *p;

	if (--c->refs > 0)
		return;
	while ((p = TAILQ_FIRST(&c->queue))) {
		TAILQ_REMOVE(&c->queue, p, link);
		free(p);
	}
	free(c);
}

/* Take c off the server for good. Its memory goes when the last callback using it has returned. */
static void client_finish(struct sk_ipc_client *c)
{
	struct sk_ipc_server *s = c->server;

	if (!s)
		return;
	c->closing = true;
	if (c->accepted && s->ops.closed)
		s->ops.closed(c, s->arg);
	c->server = NULL;
	LIST_REMOVE(c, link);
	s->n_clients--;
	c->io = sd_event_source_disable_unref(c->io);
	c->closer = sd_event_source_disable_unref(c->closer);
	close(c->fd);
	c->fd = -1;
	client_unref(c);
}

/* ---- sending ----------------------------------------------------------------------------------
 */

/* Above this the client is not read from until it has taken some answers. */
static bool congested(const struct sk_ipc_client *c)
{
	return c->queued > c->server->lim.queue_bytes / 4;
}

static void watch(struct sk_ipc_client *c)
{
	uint32_t events = (congested(c) ? 0 : EPOLLIN) | (c->queued ? EPOLLOUT : 0);

	sd_event_source_set_io_events(c->io, events);
}

/* 0, -EAGAIN, or why the client is lost. */
static int send_one(struct sk_ipc_client *c, const void *p, size_t n)
{
	for (;;) {
		if (send(c->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

static int flush(struct sk_ipc_client *c)
{
	struct packet *p;

	while ((p = TAILQ_FIRST(&c->queue))) {
		int r = send_one(c, p->data, p->len);

		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		TAILQ_REMOVE(&c->queue, p, link);
		c->queued -= p->len;
		free(p);
	}
	return 0;
}

static int enqueue(struct sk_ipc_client *c, const void *data, size_t len)
{
	struct packet *p;

	if (len > c->server->lim.queue_bytes || c->queued > c->server->lim.queue_bytes - len)
		return -ENOBUFS;
	p = malloc(sizeof(*p) + len);
	if (!p)
		return -ENOMEM;
	p->len = len;
	memcpy(p->data, data, len);
	TAILQ_INSERT_TAIL(&c->queue, p, link);
	c->queued += len;
	watch(c);
	return 0;
}

/* Send or queue what stands in the server's out buffer. */
static int put_out(struct sk_ipc_client *c)
{
	const struct sk_buf *b = &c->server->out;
	int r = -EAGAIN;

	if (TAILQ_EMPTY(&c->queue))
		r = send_one(c, b->data, b->len);
	if (r == -EAGAIN)
		r = enqueue(c, b->data, b->len);
	if (r < 0)
		sk_ipc_client_close(c);
	return r;
}

int sk_ipc_reply(struct sk_ipc_client *c, enum sk_ipc_type type, uint32_t id, const json_t *body)
{
	int r;

	if (c->closing)
		return -EPIPE;
	sk_buf_reset(&c->server->out);
	r = sk_ipc_encode(&c->server->out, type, id, body);
	return r < 0 ? r : put_out(c);
}

int sk_ipc_reply_text(
	struct sk_ipc_client *c, enum sk_ipc_type type, uint32_t id, const char *json, size_t len)
{
	int r;

	if (c->closing)
		return -EPIPE;
	sk_buf_reset(&c->server->out);
	r = sk_ipc_encode_text(&c->server->out, type, id, json, len);
	return r < 0 ? r : put_out(c);
}

int sk_ipc_reply_end(struct sk_ipc_client *c, uint32_t id, int code, const struct sk_err *err)
{
	json_t *body = sk_ipc_end_body(code, err, NULL);
	int r = body ? sk_ipc_reply(c, SK_IPC_END, id, body) : -ENOMEM;

	json_decref(body);
	return r;
}

/* ---- closing ----------------------------------------------------------------------------------
 */

static int on_close(sd_event_source *src, void *userdata)
{
	struct sk_ipc_client *c = userdata;
	struct sk_ipc_server *s = c->server;

	s->refs++;
	flush(c); /* a last answer may still fit */
	client_finish(c);
	server_unref(s);
	return 0;
}

void sk_ipc_client_close(struct sk_ipc_client *c)
{
	if (!c || c->closing)
		return;
	c->closing = true;
	sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
	/* closer was made with the client, so that closing cannot fail. */
	sd_event_source_set_enabled(c->closer, SD_EVENT_ONESHOT);
}

/* ---- receiving --------------------------------------------------------------------------------
 */

/* One message to the owner. False: no more now. */
static bool receive(struct sk_ipc_client *c)
{
	struct sk_ipc_server *s = c->server;
	struct sk_ipc_msg m;
	int passed = -1;
	ssize_t n = sk_ipc_read(c->fd, s->in, sizeof(s->in), MSG_DONTWAIT, &passed);

	if (n == -EAGAIN)
		return false;
	if (n <= 0 || sk_ipc_decode(s->in, (size_t)n, &m, NULL) < 0) {
		sk_closep(&passed);
		sk_ipc_client_close(c);
		return false;
	}
	m.fd = passed;
	s->ops.message(c, &m, s->arg);
	sk_ipc_msg_done(&m);
	return c->server && !c->closing && !congested(c);
}

static int on_io(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct sk_ipc_client *c = userdata;
	struct sk_ipc_server *s = c->server;
	unsigned n = 0;

	c->refs++;
	s->refs++;
	if ((revents & EPOLLOUT) && flush(c) < 0)
		sk_ipc_client_close(c);
	/* Hung up while we do not read: nobody is left to take the answers. */
	if (!c->closing && (revents & (EPOLLHUP | EPOLLERR)) && congested(c))
		sk_ipc_client_close(c);
	if (!c->closing && (revents & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		while (n++ < BURST && receive(c))
			;
	if (c->server && !c->closing)
		watch(c);
	client_unref(c);
	server_unref(s);
	return 0;
}

/* ---- accepting --------------------------------------------------------------------------------
 */

static bool room_for(const struct sk_ipc_server *s, uid_t uid)
{
	const struct sk_ipc_client *c;
	unsigned same = 0;

	LIST_FOREACH(c, &s->clients, link)
	same += c->cred.uid == uid;
	return s->n_clients < s->lim.clients && same < s->lim.per_uid;
}

static struct sk_ipc_client *client_new(struct sk_ipc_server *s, int fd, const struct ucred *cred)
{
	struct sk_ipc_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = fd;
	c->cred = *cred;
	TAILQ_INIT(&c->queue);
	if (sd_event_add_io(s->ev, &c->io, fd, EPOLLIN, on_io, c) < 0 ||
		sd_event_add_defer(s->ev, &c->closer, on_close, c) < 0) {
		sd_event_source_disable_unref(c->io);
		free(c);
		return NULL;
	}
	sd_event_source_set_enabled(c->closer, SD_EVENT_OFF);
	sd_event_source_set_description(c->io, "ipc-client");
	c->refs = 1;
	c->server = s;
	LIST_INSERT_HEAD(&s->clients, c, link);
	s->n_clients++;
	return c;
}

static void admit(struct sk_ipc_server *s, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct sk_ipc_client *c = NULL;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && room_for(s, cred.uid)) {
		sk_ipc_buffers(fd);
		c = client_new(s, fd, &cred);
	}
	if (!c) {
		close(fd);
		return;
	}
	c->refs++;
	if (!s->ops.accept || s->ops.accept(c, &c->cred, s->arg) >= 0)
		c->accepted = true;
	else
		sk_ipc_client_close(c);
	client_unref(c);
}

static int on_resume(sd_event_source *src, uint64_t usec, void *userdata)
{
	struct sk_ipc_server *s = userdata;

	return sd_event_source_set_enabled(s->listener, SD_EVENT_ON);
}

static int on_connect(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct sk_ipc_server *s = userdata;
	int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (peer >= 0) {
		s->refs++;
		admit(s, peer);
		server_unref(s);
		return 0;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		/* The connection stays pending and would wake us at once: look again later. */
		sd_event_source_set_enabled(s->listener, SD_EVENT_OFF);
		sd_event_source_set_time_relative(s->resume, ACCEPT_PAUSE_US);
		sd_event_source_set_enabled(s->resume, SD_EVENT_ONESHOT);
	}
	return 0;
}

/* ---- the server -------------------------------------------------------------------------------
 */

static int listen_at(const char *path, mode_t mode)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	struct stat st;
	int fd, r;

	if (strlen(path) >= sizeof(sa.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa.sun_path, path, strlen(path));
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* Nobody can connect before listen(), so the mode is in force from the start. */
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || chmod(path, mode) < 0 ||
		listen(fd, 64) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static int adopt(int fd)
{
	int type = 0, fl;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
		return -errno;
	if (type != SOCK_SEQPACKET)
		return -EPROTOTYPE;
	fl = fcntl(fd, F_GETFL);
	if (fl < 0 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return fd;
}

static int add_sources(struct sk_ipc_server *s)
{
	int r = sd_event_add_io(s->ev, &s->listener, s->fd, EPOLLIN, on_connect, s);

	if (r >= 0)
		r = sd_event_add_time(
			s->ev, &s->resume, CLOCK_MONOTONIC, UINT64_MAX, 0, on_resume, s);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->resume, SD_EVENT_OFF);
	return r;
}

int sk_ipc_server_new(struct sk_ipc_server **ret, sd_event *ev, const char *path, mode_t mode,
	int fd, const struct sk_ipc_limits *lim, const struct sk_ipc_ops *ops, void *arg,
	struct sk_err *err)
{
	struct sk_ipc_server *s = calloc(1, sizeof(*s));
	const char *name = fd >= 0 || !path ? "inherited socket" : path;
	int r;

	if (!s)
		return sk_err_nomem(err);
	s->refs = 1;
	s->ev = sd_event_ref(ev);
	s->lim = *lim;
	s->ops = *ops;
	s->arg = arg;
	LIST_INIT(&s->clients);
	sk_buf_init(&s->out, 2 * SK_IPC_MAX);
	r = s->fd = fd >= 0 ? adopt(fd) : path ? listen_at(path, mode) : -EINVAL;
	if (r >= 0 && fd < 0) {
		s->path = strdup(path);
		r = s->path ? 0 : -ENOMEM;
	}
	if (r >= 0)
		r = add_sources(s);
	if (r < 0) {
		/* An inherited socket stays the caller's on failure. */
		if (fd >= 0)
			s->fd = -1;
		sk_ipc_server_free(s);
		return sk_err_set(err, r, NULL, "cannot listen on %s: %s",
			"%s で待ち受けできません (%s)", name, strerror(-r));
	}
	*ret = s;
	return 0;
}

void sk_ipc_server_free(struct sk_ipc_server *s)
{
	struct sk_ipc_client *c;

	if (!s || s->dead)
		return;
	s->dead = true;
	s->listener = sd_event_source_disable_unref(s->listener);
	s->resume = sd_event_source_disable_unref(s->resume);
	while ((c = LIST_FIRST(&s->clients))) {
		flush(c);
		client_finish(c);
	}
	sk_closep(&s->fd);
	if (s->path)
		unlink(s->path);
	server_unref(s);
}

size_t sk_ipc_client_queued(const struct sk_ipc_client *c)
{
	return c->queued;
}

const struct ucred *sk_ipc_client_cred(const struct sk_ipc_client *c)
{
	return &c->cred;
}

int sk_ipc_client_fd(const struct sk_ipc_client *c)
{
	return c->fd;
}

void sk_ipc_client_set_data(struct sk_ipc_client *c, void *data)
{
	c->data = data;
}

void *sk_ipc_client_data(const struct sk_ipc_client *c)
{
	return c->data;
}

void sk_ipc_server_each(
	struct sk_ipc_server *s, void (*fn)(struct sk_ipc_client *c, void *arg), void *arg)
{
	struct sk_ipc_client *c, *next;

	for (c = LIST_FIRST(&s->clients); c; c = next) {
		next = LIST_NEXT(c, link);
		if (!c->closing)
			fn(c, arg);
	}
}
