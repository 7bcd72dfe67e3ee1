// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Handing messages to the notifier's process without ever waiting for it: what its socket does not
 * take is counted and shown.
 */
#include "mgmt/mgmtd/notifier.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/notify/notify.h"
#include "mgmt/store/rules.h"

struct mg_notifier {
	int fd; /* -1: it has ended */
	sd_event_source *io;
	json_t *config; /* as sent last */
	json_t *status; /* as it said last */
	uint64_t not_taken;
};

static int confine(void *arg)
{
	const struct mg_daemon_opts *o = arg;
	struct sk_err err = {0};
	int r = sk_sandbox_caps(o->user, 0, &err);

	if (r == 0 && !o->no_seccomp)
		r = sk_sandbox_seccomp(NULL, &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "notifier", &err);
	return r;
}

int mg_notifier_fork(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err)
{
	int fds[2];
	pid_t pid;

	d->notifier = calloc(1, sizeof(*d->notifier));
	if (!d->notifier)
		return sk_err_nomem(err);
	d->notifier->fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return sk_err_en(err, -errno, NULL, "socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		return sk_err_en(err, -errno, NULL, "fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		if (d->listen_fd >= 0)
			close(d->listen_fd);
		_exit(mg_notify_main(fds[1], o->secrets, confine, (void *)o));
	}
	close(fds[1]);
	d->notifier->fd = fds[0];
	return 0;
}

static void ended(struct mg_notifier *n)
{
	n->io = sd_event_source_disable_unref(n->io);
	sk_closep(&n->fd);
	n->fd = -1;
	sk_log(LOG_ERR, "the notifier has ended: no mail and no webhook until a restart");
}

static int on_status(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_notifier *n = userdata;
	struct sk_ipc_msg m;

	if (sk_ipc_recv(fd, 0, &m, NULL) < 0) {
		ended(n);
		return 0;
	}
	json_decref(n->status);
	n->status = json_incref(m.body);
	sk_ipc_msg_done(&m);
	return 0;
}

int mg_notifier_watch(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_notifier *n = d->notifier;
	int r = sd_event_add_io(d->ev, &n->io, n->fd, EPOLLIN, on_status, n);

	return r < 0 ? sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r)) : 0;
}

void mg_notifier_free(struct mg_notifier *n)
{
	if (!n)
		return;
	sd_event_source_disable_unref(n->io);
	sk_closep(&n->fd); /* its end ends the process */
	json_decref(n->config);
	json_decref(n->status);
	free(n);
}

/* body is stolen. */
static void hand_over(struct mg_notifier *n, json_t *body)
{
	struct sk_buf b;

	sk_buf_init(&b, SK_IPC_MAX);
	if (n->fd >= 0 &&
		(!body || sk_ipc_encode(&b, SK_IPC_REQUEST, 0, body) < 0 ||
			send(n->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0))
		n->not_taken++;
	sk_buf_done(&b);
	json_decref(body);
}

/* ---- settings ---------------------------------------------------------------------------------
 */
static bool set_up(const struct mg_notifier *n)
{
	const char *server = json_string_value(json_object_get(n->config, "server"));
	const char *webhook = json_string_value(json_object_get(n->config, "webhook"));

	return (server && server[0]) || (webhook && webhook[0]);
}

void mg_notifier_tick(struct mg_daemon *d)
{
	static const char *const texts[][2] = {{"site", "site.name"},
		{"server", "notify.mail_server"}, {"from", "notify.mail_from"},
		{"to", "notify.mail_to"}, {"webhook", "notify.webhook"}};
	struct mg_notifier *n = d->notifier;
	json_t *c = json_pack("{s:s, s:I, s:I}", "op", "config", "per_hour",
		(json_int_t)mg_setting_int(d->store, "notify.per_hour"), "per_rule",
		(json_int_t)mg_setting_int(d->store, "notify.per_rule"));
	char text[1024];

	for (size_t i = 0; c && i < SK_ARRAY_SIZE(texts); i++) {
		text[0] = '\0';
		mg_setting_get(d->store, texts[i][1], text, sizeof(text));
		json_object_set_new(c, texts[i][0], json_string(text));
	}
	mg_setting_get(d->store, "notify.mail_tls", text, sizeof(text));
	json_object_set_new(c, "starttls", json_boolean(sk_streq(text, "starttls")));
	if (!c || json_equal(c, n->config)) {
		json_decref(c);
		return;
	}
	json_decref(n->config);
	n->config = c;
	hand_over(n, json_incref(c));
}

/* ---- messages ---------------------------------------------------------------------------------
 */
/* What somebody should look into at once. */
static bool admission_urgent(const char *action)
{
	static const char *const urgent[] = {"conflict", "fingerprint", "rogue_dhcp", "rogue_ra",
		"arp_spoof", "flood", "radius_down"};

	for (size_t i = 0; action && i < SK_ARRAY_SIZE(urgent); i++)
		if (strcmp(action, urgent[i]) == 0)
			return true;
	return false;
}

void mg_notifier_events(struct mg_daemon *d, const json_t *events)
{
	struct mg_notifier *n = d->notifier;

	for (size_t i = 0; n && set_up(n) && i < json_array_size(events); i++) {
		json_t *e = json_array_get(events, i), *s = json_object_get(e, "sekisho");
		const char *type = json_string_value(json_object_get(e, "event_type"));

		/* "count": a summary of repeats, the first of which was told. */
		if (sk_streq(type, "alert") && json_is_true(json_object_get(s, "urgent")) &&
			!json_object_get(s, "count"))
			hand_over(n, json_pack("{s:s, s:O}", "op", "alert", "event", e));
		else if (sk_streq(type, "blocklist") && json_is_true(json_object_get(s, "urgent")))
			hand_over(n, json_pack("{s:s, s:O}", "op", "blocklist", "event", e));
		else if (sk_streq(type, "update") && json_is_true(json_object_get(s, "urgent")))
			hand_over(n, json_pack("{s:s, s:O}", "op", "update", "event", e));
		else if (sk_streq(type, "admission") &&
			admission_urgent(json_string_value(json_object_get(s, "action"))))
			hand_over(n, json_pack("{s:s, s:O}", "op", "admission", "event", e));
	}
}

struct fresh {
	json_t *rows;
	int64_t created;
};

static int add_fresh(const json_t *row, void *arg)
{
	struct fresh *f = arg;

	if (json_integer_value(json_object_get(row, "created")) == f->created &&
		json_array_size(f->rows) < 500)
		json_array_append(f->rows, (json_t *)row);
	return 0;
}

void mg_notifier_expiry(struct mg_daemon *d, int64_t created)
{
	struct fresh f = {json_array(), created};
	struct sk_err err = {0};

	if (set_up(d->notifier) && mg_setting_int(d->store, "notify.expiry")) {
		if (mg_notice_each(d->store, NULL, created, add_fresh, &f, &err) < 0)
			sk_log_err(LOG_ERR, "notices", &err);
		if (json_array_size(f.rows))
			hand_over(d->notifier,
				json_pack("{s:s, s:O}", "op", "expiry", "rows", f.rows));
	}
	json_decref(f.rows);
}

int mg_notifier_test(struct mg_daemon *d, const char *who, struct sk_err *err)
{
	mg_notifier_tick(d);
	if (d->notifier->fd < 0)
		return sk_err_set(err, -EHOSTDOWN, NULL, "the notifier has ended",
			"通知プロセスが終了しています");
	if (!set_up(d->notifier))
		return sk_err_set(err, -ENODEV, NULL,
			"neither notify.mail_server nor notify.webhook is set (see: setting list)",
			"notify.mail_server と notify.webhook のどちらも設定されていません (一覧: "
			"setting list)");
	hand_over(d->notifier, json_pack("{s:s, s:s}", "op", "test", "who", who));
	return 0;
}

void mg_notifier_status(struct mg_daemon *d, json_t *v)
{
	struct mg_notifier *n = d->notifier;
	json_t *s;

	if (!n || !set_up(n))
		return;
	s = n->status ? json_copy(n->status) : json_object();
	json_object_set_new(s, "state", json_string(n->fd < 0 ? "failed" : "running"));
	if (n->not_taken)
		json_object_set_new(s, "not_taken", json_integer((json_int_t)n->not_taken));
	json_object_set_new(v, "notification", s);
}
