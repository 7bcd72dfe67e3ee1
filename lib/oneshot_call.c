/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The caller's side of lib/oneshot.h, on an event loop: one connection for one request. What comes
 * back is only taken apart here; whoever asked judges it.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/oneshot.h"
#include "lib/util.h"

struct sk_oneshot_call {
	const struct sk_oneshot_ops *ops;
	void *arg;
	int fd;
	unsigned patience;
	bool busy, dead; /* within a callback; freed by it */
	sd_event_source *io, *timer;
};

static void destroy(struct sk_oneshot_call *c)
{
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->timer);
	sk_closep(&c->fd);
	free(c);
}

void sk_oneshot_call_free(struct sk_oneshot_call *c)
{
	if (!c)
		return;
	c->dead = true;
	if (!c->busy)
		destroy(c);
}

static void finish(struct sk_oneshot_call *c, int code, const json_t *end, const struct sk_err *err)
{
	c->busy = true;
	c->ops->done(code, end, err, c->arg);
	destroy(c);
}

static void deliver(struct sk_oneshot_call *c, struct sk_ipc_msg *m)
{
	const json_t *progress = json_object_get(m->body, "progress");

	c->busy = true;
	if (progress && m->fd < 0) {
		if (c->ops->progress)
			c->ops->progress(progress, c->arg);
	} else if (c->ops->data) {
		c->ops->data(m->body, &m->fd, c->arg);
	}
	c->busy = false;
	if (c->dead)
		destroy(c);
	else
		sd_event_source_set_time_relative(c->timer, (uint64_t)c->patience * 1000000);
}

static int on_answer(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct sk_oneshot_call *c = userdata;
	struct sk_ipc_msg m;
	struct sk_err err = {0};
	int r = sk_ipc_recv(fd, 0, &m, NULL);

	if (r == -ETIMEDOUT)
		return 0;
	if (r < 0) {
		sk_err_set(&err, -EHOSTDOWN, NULL,
			"the program ended without an answer; the log says why",
			"プログラムが応答せずに終了しました。詳細はログを確認してください");
		finish(c, -EHOSTDOWN, NULL, &err);
		return 0;
	}
	if (m.type == SK_IPC_DATA) {
		deliver(c, &m);
	} else if (m.type == SK_IPC_END) {
		r = sk_ipc_end_code(m.body, &err);
		finish(c, r, m.body, &err);
	}
	sk_ipc_msg_done(&m);
	return 0;
}

static int on_silence(sd_event_source *src, uint64_t usec, void *userdata)
{
	struct sk_err err = {0};

	sk_err_set(&err, -ETIMEDOUT, NULL, "the program does not answer; the log says more",
		"プログラムが応答しません。詳細はログを確認してください");
	finish(userdata, -ETIMEDOUT, NULL, &err);
	return 0;
}

static int watch(struct sk_oneshot_call *c, sd_event *ev, struct sk_err *err)
{
	int r = sd_event_add_io(ev, &c->io, c->fd, EPOLLIN, on_answer, c);

	if (r >= 0)
		r = sd_event_add_time_relative(ev, &c->timer, CLOCK_MONOTONIC,
			(uint64_t)c->patience * 1000000, 0, on_silence, c);
	return r < 0 ? sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r)) : 0;
}

int sk_oneshot_call(struct sk_oneshot_call **ret, sd_event *ev, const struct sk_oneshot_ask *a,
	const struct sk_oneshot_ops *ops, void *arg, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *body =
		json_pack("{s:s, s:o}", "op", a->op, "args", a->args ? a->args : json_object());
	struct sk_oneshot_call *c = body ? calloc(1, sizeof(*c)) : NULL;
	int r;

	if (!c)
		return sk_err_nomem(err);
	*c = (struct sk_oneshot_call){.ops = ops, .arg = arg, .patience = a->patience};
	c->fd = sk_ipc_connect(a->socket, err);
	r = c->fd < 0 ? c->fd : sk_ipc_send(c->fd, SK_IPC_REQUEST, 1, body, a->passfd, err);
	if (r == 0)
		r = watch(c, ev, err);
	if (r < 0) {
		destroy(c);
		return r;
	}
	*ret = c;
	return 0;
}
