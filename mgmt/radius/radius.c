// SPDX-License-Identifier: GPL-2.0-or-later
/* Managed switches in mgmtd's loop. See radius.h; requests to switches are in enforce.c. */
#include "mgmt/radius/radius.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ipc.h"
#include "lib/ipc_wire.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/radius/manager.h"

#define TICK_US 500000
#define MINUTE_US 60000000
#define BATCHES 8 /* of records in one tick */

/* ---- records ----------------------------------------------------------------------------------
 */
static uint64_t stored(const char *instance, void *arg)
{
	struct mg_radius *m = arg;

	return m->ops.stored(instance, m->arg);
}

static void note(struct mg_radius *m, const struct mg_radius_record *r)
{
	struct sk_err err = {0};
	int e = 0;

	if (!m->noting)
		e = mg_radius_sessions_begin(m->sessions, &err);
	m->noting = e == 0;
	if (e == 0)
		e = mg_radius_sessions_note(m->sessions, r, &err);
	if (e < 0)
		sk_log_err(LOG_ERR, "sessions on switches", &err);
	if (r->kind == MG_RADIUS_ACCEPT && r->number && m->n_accepted < MG_RADIUS_BATCH)
		m->accepted[m->n_accepted++] = r->number;
	if (r->kind == MG_RADIUS_ACCEPT && r->mac[0])
		mg_radius_enforce_again(m, r->mac);
}

static void on_record(const struct mg_radius_record *r, bool is_stored, void *arg)
{
	struct mg_radius *m = arg;
	struct mg_radius_nas nas = {0};
	char name[256];
	json_t *e;

	note(m, r);
	if (is_stored || !mg_radius_record_tells(r))
		return;
	mg_radius_export_switch(m->x, r->source, &nas);
	e = mg_radius_record_event(
		r, nas.name, mg_radius_export_name(m->x, r->number, name, sizeof(name)));
	/* Without memory the batch is one short: its numbers do not fit, and it is refused. */
	if (e)
		json_array_append_new(m->batch, e);
	else
		m->short_of_memory = true;
}

static int on_end(const char *instance, uint64_t seq, void *arg)
{
	struct mg_radius *m = arg;
	struct sk_err err = {0};
	int r = m->short_of_memory ? -ENOMEM : 0;

	if (m->noting && mg_radius_sessions_end(m->sessions, &err) < 0)
		sk_log_err(LOG_ERR, "sessions on switches", &err);
	m->noting = m->short_of_memory = false;
	if (r == 0 && json_array_size(m->batch))
		r = m->ops.store(instance, seq, m->batch, m->arg);
	json_array_clear(m->batch);
	/* Let in by a server that did not know yet. */
	for (size_t i = 0; i < m->n_accepted; i++)
		if (i == 0 || m->accepted[i] != m->accepted[i - 1])
			mg_radius_enforce(m, m->accepted[i]);
	m->n_accepted = 0;
	return r;
}

static void read_spool(struct mg_radius *m)
{
	struct sk_err err = {0};
	int r = mg_radius_spool_read(m->spool, sk_now(), BATCHES, &err);

	if (r < 0 && !m->spool_failed)
		sk_log_err(LOG_ERR, "records of the RADIUS server", &err);
	m->spool_failed = r < 0;
}

/* ---- the loop ---------------------------------------------------------------------------------
 */
static void every_minute(struct mg_radius *m)
{
	struct sk_err err = {0};

	if (mg_radius_sessions_prune(m->sessions, sk_now(), &err) < 0)
		sk_log_err(LOG_ERR, "sessions on switches", &err);
	mg_radius_enforce_tidy(m);
	/* Whose time is up, and who could not be reached before. */
	mg_radius_enforce(m, 0);
}

static int on_tick(sd_event_source *src, uint64_t usec, void *userdata)
{
	struct mg_radius *m = userdata;
	uint64_t now = sk_mono_us();

	read_spool(m);
	if (now >= m->minute) {
		m->minute = now + MINUTE_US;
		every_minute(m);
	}
	sd_event_source_set_time(src, now + TICK_US);
	return sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

static int on_agent(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_radius *m = userdata;
	struct sk_ipc_msg msg;
	int r;

	for (int i = 0; i < 64; i++) {
		r = sk_ipc_recv(fd, 0, &msg, NULL);
		if (r == -ETIMEDOUT)
			return 0;
		if (r < 0) {
			m->agent_io = sd_event_source_disable_unref(m->agent_io);
			sk_closep(&m->agent_fd);
			m->agent_fd = -1;
			sk_log(LOG_ERR,
				"the process that speaks to switches has ended: nobody is "
				"cut off on managed switches until a restart");
			return 0;
		}
		mg_radius_agent_event(m, msg.body);
		sk_ipc_msg_done(&msg);
	}
	return 0;
}

int mg_radius_fork(int *ret_fd, const char *secrets_path, int close_fd, int (*confine)(void *arg),
	void *arg, struct sk_err *err)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return sk_err_en(err, -errno, NULL, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return sk_err_en(err, -errno, NULL, "fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		if (close_fd >= 0)
			close(close_fd);
		_exit(mg_radius_agent_main(fds[1], secrets_path, confine, arg));
	}
	close(fds[1]);
	*ret_fd = fds[0];
	return 0;
}

static int watch(struct mg_radius *m, sd_event *ev, struct sk_err *err)
{
	int r = sd_event_add_time(
		ev, &m->tick, CLOCK_MONOTONIC, sk_mono_us() + TICK_US, 10000, on_tick, m);

	if (r >= 0 && m->agent_fd >= 0)
		r = sd_event_add_io(ev, &m->agent_io, m->agent_fd, EPOLLIN, on_agent, m);
	return r < 0 ? sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r)) : 0;
}

int mg_radius_start(struct mg_radius **ret, sd_event *ev, const struct mg_radius_opts *o,
	const struct mg_radius_ops *ops, void *arg, struct sk_err *err)
{
	static const struct mg_radius_spool_ops spool_ops = {
		.stored = stored, .record = on_record, .end = on_end};
	struct mg_radius *m = calloc(1, sizeof(*m));
	uint8_t seed[16];
	int r;

	if (!m)
		return sk_err_nomem(err);
	*m = (struct mg_radius){.ops = *ops,
		.arg = arg,
		.agent_fd = o->agent_fd,
		.status_port = o->status_port,
		.server_since = sk_now(),
		.batch = json_array()};
	sk_ipc_buffers(m->agent_fd);
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) || !m->batch ||
		!(m->pending = sk_table_new(MG_RADIUS_PENDING, MG_RADIUS_MAC - 1,
			  sizeof(struct mg_radius_pending), seed)))
		r = sk_err_nomem(err);
	else if ((r = mg_radius_export_open(&m->x, o->export_path, err)) == 0 &&
		(r = mg_radius_sessions_open(&m->sessions, o->sessions_path, err)) == 0 &&
		(r = mg_radius_spool_open(&m->spool, o->spool_dir, &spool_ops, m, err)) == 0)
		r = watch(m, ev, err);
	if (r < 0) {
		mg_radius_stop(m);
		return r;
	}
	mg_radius_agent_config(m);
	*ret = m;
	return 0;
}

void mg_radius_stop(struct mg_radius *m)
{
	if (!m)
		return;
	sd_event_source_disable_unref(m->tick);
	sd_event_source_disable_unref(m->agent_io);
	sk_closep(&m->agent_fd); /* its end ends the process */
	mg_radius_spool_close(m->spool);
	mg_radius_sessions_close(m->sessions);
	mg_radius_export_close(m->x);
	sk_table_free(m->pending);
	json_decref(m->batch);
	free(m);
}

/* ---- changes ----------------------------------------------------------------------------------
 */
/* Who was let in a moment ago is known before anybody is cut off. */
static void changed(struct mg_radius *m, int64_t number)
{
	read_spool(m);
	mg_radius_enforce(m, number);
}

int mg_radius_apply(struct mg_radius *m, const struct mg_radius_view *v,
	struct mg_radius_tally *ret, struct sk_err *err)
{
	int r = mg_radius_export_all(m->x, v, ret, err);

	if (r < 0)
		return r;
	mg_radius_agent_config(m);
	changed(m, 0);
	return 0;
}

int mg_radius_put(struct mg_radius *m, const struct mg_radius_device *d, struct sk_err *err)
{
	int r = mg_radius_export_device(m->x, d, err);

	if (r > 0)
		changed(m, d->number);
	return r;
}

int mg_radius_forget(struct mg_radius *m, int64_t number, struct sk_err *err)
{
	int r = mg_radius_export_forget(m->x, number, err);

	if (r > 0)
		changed(m, number);
	return r;
}

int mg_radius_revoke(struct mg_radius *m, const char *serial, struct sk_err *err)
{
	return mg_radius_export_revoke(m->x, serial, err);
}

int mg_radius_cut(struct mg_radius *m, const char *mac, struct sk_err *err)
{
	struct mg_radius_session s;
	char key[MG_RADIUS_MAC];
	int r = mg_radius_mac_parse(mac, strlen(mac), key);

	if (r < 0)
		return sk_err_set(err, r, "mac", "is no MAC address", "MAC アドレスではありません");
	read_spool(m);
	r = mg_radius_sessions_get(m->sessions, key, &s);
	if (r == -ENOENT)
		return sk_err_set(err, r, "mac", "has no session on a managed switch",
			"管理対象スイッチ上に接続がありません");
	return r < 0 ? r : mg_radius_request_cut(m, &s, err);
}

json_t *mg_radius_status(struct mg_radius *m)
{
	static const char *const words[] = {"unknown", "down", "up"};
	struct mg_radius_spool_stat st;
	int64_t switches = mg_radius_export_switches(m->x);

	mg_radius_spool_stat(m->spool, &st);
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:b}", "server",
		switches ? words[m->server] : "off", "since", (json_int_t)m->server_since,
		"switches", (json_int_t)switches, "sessions",
		(json_int_t)mg_radius_sessions_count(m->sessions), "pending",
		(json_int_t)sk_table_count(m->pending), "records", (json_int_t)st.lines, "strange",
		(json_int_t)st.strange, "backlog", (json_int_t)st.backlog, "files", st.files,
		"agent", m->agent_fd >= 0);
}
