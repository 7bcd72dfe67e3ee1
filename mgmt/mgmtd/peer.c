// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The two connections to a daemon that acts (fwd, ipsd, nacd): one that brings its events, always
 * there or being tried again, and one for calls, made when needed. Events are stored before they
 * are acknowledged, a bounded number at a time, so that people's calls never wait long behind a
 * flood.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/talk.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/peer.h"

#define RETRY_MIN_US 100000
#define RETRY_MAX_US 5000000
#define BATCH_EVENTS 800 /* stored at once: some 30 ms, which a call may have to wait */
#define BATCH_FRAMES 64
#define CALL_MS 3000
#define POLICY_MS 30000
#define STREAM_MS 10000
#define SHORT_MS 1000
#define HUNG_US 4000000

struct mg_peer {
	struct mg_daemon *d;
	const struct mg_peer_kind *kind;
	const char *socket;
	int fd;      /* events */
	int call_fd; /* calls */
	sd_event_source *io, *retry;
	uint64_t wait_us;
	bool down_logged;
	uint64_t hung_until; /* it took a call and did not answer: short calls fail at once */
	char instance[64];
	/* being gathered */
	json_t *events;
	uint64_t seq;
	struct sk_ipc_msg held; /* a frame of another instance, for the next round */
	bool has_held;
};

static void retry_later(struct mg_peer *f);

static void disconnect(struct mg_peer *f)
{
	f->io = sd_event_source_disable_unref(f->io);
	sk_closep(&f->fd);
	f->fd = -1;
	if (f->has_held)
		sk_ipc_msg_done(&f->held);
	f->has_held = false;
	if (f->events)
		json_array_clear(f->events);
	retry_later(f);
}

/* ---- calls ------------------------------------------------------------------------------------
 */
static bool transport(int r)
{
	return r == -ETIMEDOUT || r == -ECONNRESET || r == -EPIPE || r == -ENOTCONN ||
		r == -EBADMSG;
}

/* Not one sk_err_set: why must be in the language of the rest. */
static int unreachable(
	const struct mg_peer *f, bool hung, const struct sk_err *why, struct sk_err *err)
{
	const char *name = f->kind->name;

	if (!err)
		return -EHOSTDOWN;
	sk_err_en(err, -EHOSTDOWN, NULL, "%s cannot be reached", name);
	snprintf(err->en, sizeof(err->en), "%s cannot be reached (%.150s): see systemctl status %s",
		name, hung ? "it does not answer" : why->en, name);
	snprintf(err->ja, sizeof(err->ja),
		"%s (%s) に接続できません (%.150s)。systemctl status %s で確認してください",
		f->kind->label.ja, name, hung ? "応答がありません" : why->ja, name);
	return -EHOSTDOWN;
}

int mg_peer_call(struct mg_peer *f, const char *op, json_t *args, int memfd, int timeout_ms,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err)
{
	bool fresh = f->call_fd < 0, hung = timeout_ms <= SHORT_MS && sk_mono_us() < f->hung_until;
	struct sk_err e = {0};
	int r = -ETIMEDOUT;

	while (!hung) {
		if (f->call_fd < 0)
			f->call_fd = sk_ipc_connect(f->socket, &e);
		r = f->call_fd < 0 ? -ENOTCONN
				   : sk_ipc_call(f->call_fd, op, json_incref(args), memfd,
					     timeout_ms, on_data, arg, ret_end, &e);
		if (!transport(r))
			break;
		sk_closep(&f->call_fd);
		f->call_fd = -1;
		/* A connection left over from before fwd's restart: once more on a new one. A
		 * change is never sent twice. */
		if (fresh || r == -ETIMEDOUT || memfd >= 0)
			break;
		fresh = true;
	}
	json_decref(args);
	f->hung_until = hung ? f->hung_until : r == -ETIMEDOUT ? sk_mono_us() + HUNG_US : 0;
	if (transport(r))
		return unreachable(f, hung, &e, err);
	if (r < 0 && err)
		*err = e;
	return r;
}

int mg_fw_call_ms(struct mg_daemon *d, const char *op, json_t *args, int memfd, int timeout_ms,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err)
{
	return mg_peer_call(d->fw, op, args, memfd, timeout_ms, on_data, arg, ret_end, err);
}

int mg_daemon_fw_call(struct mg_daemon *d, const char *op, json_t *args, int memfd,
	json_t **ret_end, struct sk_err *err)
{
	int ms = strncmp(op, "policy.", 7) ? CALL_MS : POLICY_MS;

	return mg_fw_call_ms(
		d, op, args ? args : json_object(), memfd, ms, NULL, NULL, ret_end, err);
}

int mg_daemon_fw_stream(struct mg_daemon *d, const char *op, json_t *args, int memfd,
	int (*on_data)(json_t *body, void *arg), void *arg, struct sk_err *err)
{
	return mg_fw_call_ms(
		d, op, args ? args : json_object(), memfd, STREAM_MS, on_data, arg, NULL, err);
}

int mg_daemon_ips_call(struct mg_daemon *d, const char *op, json_t *args,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err)
{
	return mg_peer_call(d->ips, op, args ? args : json_object(), -1,
		on_data ? STREAM_MS : SHORT_MS, on_data, arg, ret_end, err);
}

static struct mg_peer *alloc_peer(
	struct mg_daemon *d, const struct mg_peer_kind *kind, const char *socket)
{
	struct mg_peer *f = calloc(1, sizeof(*f));

	if (f)
		*f = (struct mg_peer){.d = d,
			.kind = kind,
			.socket = socket,
			.fd = -1,
			.call_fd = -1,
			.wait_us = RETRY_MIN_US};
	return f;
}

int mg_peer_calls_only(struct mg_peer **ret, struct mg_daemon *d, const struct mg_peer_kind *kind,
	const char *socket, struct sk_err *err)
{
	*ret = alloc_peer(d, kind, socket);
	return *ret ? 0 : sk_err_nomem(err);
}

bool mg_peer_connected(const struct mg_peer *f)
{
	return f && f->fd >= 0;
}

/* ---- events -----------------------------------------------------------------------------------
 */
static int acknowledge(struct mg_peer *f)
{
	json_t *ack = json_pack("{s:s, s:I}", "instance", f->instance, "seq", (json_int_t)f->seq);
	int r = ack ? sk_ipc_send(f->fd, SK_IPC_ACK, 0, ack, -1, NULL) : -ENOMEM;

	json_decref(ack);
	return r;
}

/* They are stored; whoever watches asks for one by its number. */
static void leave_captures(json_t *events)
{
	for (size_t i = 0; i < json_array_size(events); i++)
		json_object_del(json_object_get(json_array_get(events, i), "sekisho"), "pcap");
}

/* What was gathered: enrich, store, acknowledge, show. -errno: start over with a new connection. */
static int store_batch(struct mg_peer *f)
{
	struct mg_daemon *d = f->d;
	struct sk_err err = {0};
	bool settle;
	int r;

	if (!json_array_size(f->events))
		return 0;
	settle = mg_ingest_enrich(d, f->events);
	r = d->events ? mg_events_append(d->events, f->instance, f->seq, f->events, &err)
		      : sk_err_en(&err, -EIO, NULL, "the event store is not open");
	if (r < 0) {
		/* Not acknowledged: they are kept there and sent again. */
		sk_log_err(LOG_ERR, "storing events", &err);
		return r;
	}
	f->wait_us = RETRY_MIN_US;
	mg_talk_take(d, f->events);
	leave_captures(f->events);
	mg_daemon_publish(d, f->events);
	mg_lists_events(d, f->events);
	json_array_clear(f->events);
	r = acknowledge(f);
	if (!r && settle && f->kind->settle)
		f->kind->settle(d);
	return r;
}

/* Take a frame's events. 1: it belongs to another instance and must wait for what was gathered. */
static int gather(struct mg_peer *f, struct sk_ipc_msg *m)
{
	const char *instance = NULL;
	json_t *events = NULL;
	int64_t seq = 0;

	if (m->type == SK_IPC_END) {
		struct sk_err err = {0};
		int r = sk_ipc_end_code(m->body, &err);

		if (r < 0)
			sk_log_err(LOG_ERR, "events.subscribe", &err);
		return r;
	}
	if (m->type != SK_IPC_EVENT)
		return 0;
	if (sk_json_str(m->body, "instance", true, &instance, NULL) < 0 ||
		sk_json_int(m->body, "seq", true, &seq, NULL) < 0 ||
		sk_json_array(m->body, "events", true, &events, NULL) < 0 ||
		strlen(instance) >= sizeof(f->instance))
		return -EBADMSG;
	if (!sk_streq(instance, f->instance)) {
		if (json_array_size(f->events))
			return 1;
		snprintf(f->instance, sizeof(f->instance), "%s", instance);
	}
	f->seq = (uint64_t)seq;
	return json_array_extend(f->events, events) < 0 ? -ENOMEM : 0;
}

/* The next frame: the one held back, or one from the socket; -EAGAIN none. */
static int next_frame(struct mg_peer *f, struct sk_ipc_msg *ret)
{
	struct sk_err err = {0};
	int r;

	if (f->has_held) {
		*ret = f->held;
		f->has_held = false;
		return 0;
	}
	r = sk_ipc_recv(f->fd, 0, ret, &err);
	return r == -ETIMEDOUT ? -EAGAIN : r;
}

/* Frames into the batch until it is full, the socket is empty or another instance begins. */
static int gather_all(struct mg_peer *f)
{
	int r = 0;

	for (int n = 0; n < BATCH_FRAMES && json_array_size(f->events) < BATCH_EVENTS; n++) {
		struct sk_ipc_msg m;

		r = next_frame(f, &m);
		if (r < 0)
			return r == -EAGAIN ? 0 : r;
		r = gather(f, &m);
		if (r == 1) {
			f->held = m;
			f->has_held = true;
			return 0;
		}
		sk_ipc_msg_done(&m);
		if (r < 0)
			return r;
	}
	return r;
}

static int on_io(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_peer *f = userdata;
	int r;

	do {
		r = gather_all(f);
		if (r == 0)
			r = store_batch(f);
	} while (r == 0 && f->has_held);
	if (r < 0) {
		sk_log(LOG_WARNING, "connection to %s lost: %s", f->kind->name, strerror(-r));
		f->wait_us = SK_MIN(f->wait_us * 2, (uint64_t)RETRY_MAX_US);
		disconnect(f);
	}
	return 0;
}

/* ---- connecting -------------------------------------------------------------------------------
 */
static int subscribe(struct mg_peer *f, const json_t *status, struct sk_err *err)
{
	const json_t *ev = json_object_get(status, "events");
	const char *instance = json_string_value(json_object_get(ev, "instance"));
	uint64_t ack = 0;
	json_t *body;
	int r;

	if (instance && f->d->events)
		ack = mg_events_last_seq(f->d->events, instance);
	body = json_pack("{s:s, s:{s:I, s:s}}", "op", "events.subscribe", "args", "ack",
		(json_int_t)ack, "instance", instance ? instance : "");
	if (!body)
		return sk_err_nomem(err);
	f->fd = sk_ipc_connect(f->socket, err);
	r = f->fd < 0 ? f->fd : sk_ipc_send(f->fd, SK_IPC_REQUEST, 1, body, -1, err);
	json_decref(body);
	if (r < 0)
		return r;
	r = sd_event_add_io(f->d->ev, &f->io, f->fd, EPOLLIN, on_io, f);
	if (r < 0)
		return sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r));
	/* People first. */
	return sd_event_source_set_priority(f->io, SD_EVENT_PRIORITY_NORMAL + 10);
}

static int connect_peer(struct mg_peer *f, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *status = NULL;
	int r = mg_peer_call(
		f, "status", json_object(), -1, f->kind->status_ms, NULL, NULL, &status, err);

	if (r < 0)
		return r;
	/* Before its events: they then fall on a registry that knows how things stand. */
	f->kind->connected(f->d, status);
	return subscribe(f, status, err);
}

static int on_retry(sd_event_source *src, uint64_t usec, void *userdata)
{
	struct mg_peer *f = userdata;
	struct sk_err err = {0};
	int r;

	if (f->fd >= 0)
		return 0;
	r = connect_peer(f, &err);
	if (r < 0) {
		if (!f->down_logged)
			sk_log_err(LOG_WARNING, f->kind->name, &err);
		f->down_logged = true;
		f->wait_us = SK_MIN(f->wait_us * 2, (uint64_t)RETRY_MAX_US);
		disconnect(f);
		return 0;
	}
	sk_log(LOG_INFO, "connected to %s", f->kind->name);
	f->down_logged = false;
	return 0;
}

static void retry_later(struct mg_peer *f)
{
	sd_event_source_set_time_relative(f->retry, f->wait_us);
	sd_event_source_set_enabled(f->retry, SD_EVENT_ONESHOT);
}

int mg_peer_new(struct mg_peer **ret, struct mg_daemon *d, const struct mg_peer_kind *kind,
	const char *socket, struct sk_err *err)
{
	struct mg_peer *f = alloc_peer(d, kind, socket);
	int r;

	if (!f)
		return sk_err_nomem(err);
	*ret = f;
	f->events = json_array();
	r = f->events ? 0 : -ENOMEM;
	if (!r)
		r = sd_event_add_time(d->ev, &f->retry, CLOCK_MONOTONIC, 0, 0, on_retry, f);
	return r < 0 ? sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r)) : 0;
}

void mg_peer_free(struct mg_peer *f)
{
	if (!f)
		return;
	if (f->has_held)
		sk_ipc_msg_done(&f->held);
	sd_event_source_disable_unref(f->io);
	sd_event_source_disable_unref(f->retry);
	sk_closep(&f->fd);
	sk_closep(&f->call_fd);
	json_decref(f->events);
	free(f);
}

/* ---- fwd --------------------------------------------------------------------------------------
 */
static void fwd_connected(struct mg_daemon *d, const json_t *status)
{
	struct sk_err err = {0};

	if (mg_reconcile(d, status, &err) < 0)
		sk_log_err(LOG_WARNING, "reconcile", &err);
	mg_lists_connected(d, MG_LISTS_FW, status);
}

static void fwd_settle(struct mg_daemon *d)
{
	struct sk_err err = {0};

	if (mg_reconcile_now(d, &err) < 0)
		sk_log_err(LOG_WARNING, "reconcile", &err);
}

const struct mg_peer_kind mg_peer_fwd = {
	.name = "sekisho-fwd",
	.label = {"firewall", "ファイアウォール"},
	.status_ms = CALL_MS,
	.connected = fwd_connected,
	.settle = fwd_settle,
};
