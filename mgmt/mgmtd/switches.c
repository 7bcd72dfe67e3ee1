// SPDX-License-Identifier: GPL-2.0-or-later
/* Managed switches in the daemon: where their files are, and their events into the store. */
#include "mgmt/mgmtd/switches.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"

static int confine(void *arg)
{
	const struct mg_daemon_opts *o = arg;
	struct sk_err err = {0};
	int r = sk_sandbox_caps(o->user, 0, &err);

	if (r == 0 && !o->no_seccomp)
		r = sk_sandbox_seccomp(NULL, &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "requests to switches", &err);
	return r;
}

int mg_switches_fork(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err)
{
	struct stat st;

	/* Without its folder this gateway serves no switches. */
	if (!o->radius.dir || stat(o->radius.dir, &st) < 0)
		return 0;
	return mg_radius_fork(
		&d->radius_fd, o->radius.secrets, d->listen_fd, confine, (void *)o, err);
}

static uint64_t stored(const char *instance, void *arg)
{
	struct mg_daemon *d = arg;

	return d->events ? mg_events_last_seq(d->events, instance) : 0;
}

static int store(const char *instance, uint64_t seq, json_t *events, void *arg)
{
	struct mg_daemon *d = arg;
	struct sk_err err = {0};
	int r = d->events ? mg_events_append(d->events, instance, seq, events, &err)
			  : sk_err_en(&err, -EIO, NULL, "the event store is not open");

	if (r < 0) {
		/* The records stay where they are and are read again. */
		sk_log_err(LOG_ERR, "storing events of switches", &err);
		return r;
	}
	mg_daemon_publish(d, events);
	return 0;
}

void mg_switches_start(struct mg_daemon *d)
{
	static const struct mg_radius_ops ops = {.stored = stored, .store = store};
	char export_path[512], sessions[512];
	struct mg_radius_opts o = {.export_path = export_path,
		.sessions_path = sessions,
		.spool_dir = d->o.radius.spool,
		.status_port = d->o.radius.port,
		.agent_fd = d->radius_fd};
	struct sk_err err = {0};

	if (d->radius_fd <= 0)
		return;
	snprintf(export_path, sizeof(export_path), "%s/export.db", d->o.radius.dir);
	snprintf(sessions, sizeof(sessions), "%s/switches.db", d->o.state_dir);
	d->radius_fd = 0;
	if (mg_radius_start(&d->radius, d->ev, &o, &ops, d, &err) < 0)
		sk_log_err(LOG_ERR, "managed switches are not served", &err);
}

void mg_switches_stop(struct mg_daemon *d)
{
	mg_radius_stop(d->radius);
	d->radius = NULL;
	if (d->radius_fd > 0)
		close(d->radius_fd);
	d->radius_fd = 0;
}

static void warn(json_t *v, const char *text)
{
	json_t *list = json_object_get(v, "warnings");

	if (!list) {
		list = json_array();
		json_object_set_new(v, "warnings", list);
	}
	json_array_append_new(list, json_string(text));
}

void mg_switches_status(struct mg_call *c, json_t *v)
{
	static const struct sk_text down = {
		"the RADIUS server (sekisho-radius) does not answer: no device can enter by a "
		"managed switch",
		"RADIUS サーバー (sekisho-radius) "
		"が応答しません。管理対象スイッチから端末が接続できません"};
	static const struct sk_text mute = {
		"the process that speaks to switches has ended: restart sekisho-mgmtd",
		"スイッチと通信する処理が停止しています。sekisho-mgmtd を再起動してください"};
	json_t *s = c->d->radius ? mg_radius_status(c->d->radius) : NULL;
	const char *server = json_string_value(json_object_get(s, "server"));

	if (!s || sk_streq(server, "off")) {
		json_decref(s);
		return;
	}
	if (sk_streq(server, "down"))
		warn(v, sk_text(&down, c->lang));
	if (json_is_false(json_object_get(s, "agent")))
		warn(v, sk_text(&mute, c->lang));
	json_object_set(v, "radius", json_object_get(s, "server"));
	json_object_set(v, "switches", json_object_get(s, "switches"));
	json_object_set(v, "switch_sessions", json_object_get(s, "sessions"));
	json_decref(s);
}
