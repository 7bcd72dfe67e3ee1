/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bounded queue of commands before a datagram socket, and a clock on the one that is out. */
#include "nac/dot1x/ctrl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/util.h"

#define QUEUE 1024
#define COMMAND 96
#define ANSWER_US 3000000
#define DATAGRAM 4096
#define BURST 64

struct command {
	char text[COMMAND];
	nac_ctrl_answer *fn;
	void *arg;
};

struct nac_ctrl {
	const struct nac_ctrl_ops *ops;
	void *arg;
	int cmd, evt;
	char cmd_path[108], evt_path[108];
	sd_event_source *cmd_io, *evt_io, *clock;
	struct command *queue; /* a ring; the first is out when busy */
	size_t head, n;
	bool busy, dead;
};

static int open_socket(const char *own, const char *peer, bool shared)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX}, b = {.sun_family = AF_UNIX};
	int fd, size = 1 << 20, r = 0;

	if (strlen(own) >= sizeof(a.sun_path) || strlen(peer) >= sizeof(b.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, own, strlen(own));
	memcpy(b.sun_path, peer, strlen(peer));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	unlink(own);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || (shared && chmod(own, 0666) < 0) ||
		connect(fd, (struct sockaddr *)&b, sizeof(b)) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		unlink(own);
		return r;
	}
	return fd;
}

static void lose(struct nac_ctrl *c)
{
	if (c->dead)
		return;
	c->dead = true;
	c->ops->lost(c->arg);
}

/* Send what is next; false: the socket is lost. */
static bool push(struct nac_ctrl *c)
{
	const struct command *q = &c->queue[c->head];

	if (c->busy || c->n == 0)
		return true;
	if (send(c->cmd, q->text, strlen(q->text), MSG_DONTWAIT) < 0)
		return false;
	c->busy = true;
	sd_event_source_set_time_relative(c->clock, ANSWER_US);
	sd_event_source_set_enabled(c->clock, SD_EVENT_ONESHOT);
	return true;
}

static int on_clock(sd_event_source *s, uint64_t usec, void *arg)
{
	lose(arg);
	return 0;
}

static int on_cmd(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct nac_ctrl *c = arg;
	char p[DATAGRAM];
	struct command done;
	ssize_t n = recv(fd, p, sizeof(p), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0) {
		lose(c);
		return 0;
	}
	if (!c->busy || c->n == 0)
		return 0;
	done = c->queue[c->head];
	c->head = (c->head + 1) % QUEUE;
	c->n--;
	c->busy = false;
	sd_event_source_set_enabled(c->clock, SD_EVENT_OFF);
	if (!push(c))
		lose(c);
	else if (done.fn)
		done.fn(p, (size_t)n, done.arg);
	return 0;
}

static int on_evt(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct nac_ctrl *c = arg;
	char p[DATAGRAM];

	for (int i = 0; i < BURST && !c->dead; i++) {
		ssize_t n = recv(fd, p, sizeof(p), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return 0;
		if (n < 0) {
			lose(c);
			return 0;
		}
		c->ops->event(p, (size_t)n, c->arg);
	}
	return 0;
}

static int watch(struct nac_ctrl *c, sd_event *ev)
{
	int r = sd_event_add_io(ev, &c->cmd_io, c->cmd, EPOLLIN, on_cmd, c);

	if (r >= 0)
		r = sd_event_add_io(ev, &c->evt_io, c->evt, EPOLLIN, on_evt, c);
	if (r >= 0)
		r = sd_event_add_time(ev, &c->clock, CLOCK_MONOTONIC, UINT64_MAX, 0, on_clock, c);
	if (r >= 0)
		r = sd_event_source_set_enabled(c->clock, SD_EVENT_OFF);
	if (r >= 0 && send(c->evt, "ATTACH", 6, MSG_DONTWAIT) < 0)
		r = -errno;
	return r < 0 ? r : 0;
}

int nac_ctrl_open(struct nac_ctrl **ret, sd_event *ev, const struct nac_ctrl_where *w,
	const struct nac_ctrl_ops *ops, void *arg)
{
	struct nac_ctrl *c = calloc(1, sizeof(*c));
	char peer[108];
	int r = 0;

	if (!c)
		return -ENOMEM;
	c->ops = ops;
	c->arg = arg;
	c->cmd = c->evt = -1;
	c->queue = calloc(QUEUE, sizeof(*c->queue));
	if (!c->queue)
		r = -ENOMEM;
	if (snprintf(peer, sizeof(peer), "%s/%s", w->control, w->port) >= (int)sizeof(peer) ||
		snprintf(c->cmd_path, sizeof(c->cmd_path), "%s/%s.cmd", w->dir, w->port) >=
			(int)sizeof(c->cmd_path) ||
		snprintf(c->evt_path, sizeof(c->evt_path), "%s/%s.evt", w->dir, w->port) >=
			(int)sizeof(c->evt_path))
		r = -ENAMETOOLONG;
	if (r == 0)
		r = c->cmd = open_socket(c->cmd_path, peer, w->shared);
	if (r >= 0)
		r = c->evt = open_socket(c->evt_path, peer, w->shared);
	if (r >= 0)
		r = watch(c, ev);
	if (r < 0) {
		nac_ctrl_close(c);
		return r;
	}
	*ret = c;
	return 0;
}

void nac_ctrl_close(struct nac_ctrl *c)
{
	if (!c)
		return;
	c->dead = true;
	sd_event_source_disable_unref(c->cmd_io);
	sd_event_source_disable_unref(c->evt_io);
	sd_event_source_disable_unref(c->clock);
	for (; c->queue && c->n; c->n--, c->head = (c->head + 1) % QUEUE)
		if (c->queue[c->head].fn)
			c->queue[c->head].fn(NULL, 0, c->queue[c->head].arg);
	if (c->cmd >= 0) {
		close(c->cmd);
		unlink(c->cmd_path);
	}
	if (c->evt >= 0) {
		close(c->evt);
		unlink(c->evt_path);
	}
	free(c->queue);
	free(c);
}

int nac_ctrl_send(struct nac_ctrl *c, const char *cmd, nac_ctrl_answer *fn, void *arg)
{
	struct command *q;

	if (c->n == QUEUE)
		return -ENOBUFS;
	q = &c->queue[(c->head + c->n) % QUEUE];
	*q = (struct command){.fn = fn, .arg = arg};
	if (snprintf(q->text, sizeof(q->text), "%s", cmd) >= (int)sizeof(q->text))
		return -EMSGSIZE;
	c->n++;
	/* What cannot be sent now is lost with the socket, which on_clock or on_cmd will see. */
	if (!push(c)) {
		c->busy = true;
		sd_event_source_set_time_relative(c->clock, 0);
		sd_event_source_set_enabled(c->clock, SD_EVENT_ONESHOT);
	}
	return 0;
}

size_t nac_ctrl_waiting(const struct nac_ctrl *c)
{
	return c ? c->n : 0;
}
