// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The notifier's loop: requests in, a bounded queue, two ways out. A way that fails is left alone
 * for a while, longer each time; what is older than a day is given up and counted.
 */
#include "mgmt/notify/notify.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/notify/limit.h"
#include "mgmt/notify/send.h"

#define QUEUE 200
#define SUMMARY_S 600
#define BACKOFF_MIN_S 5
#define BACKOFF_MAX_S 600
#define GIVE_UP_S 86400

enum { MAIL, WEBHOOK, WAYS };

struct queued {
	struct mg_message m;
	bool todo[WAYS];
	int64_t since;
};

struct way {
	int64_t not_before;
	unsigned failures; /* in a row */
};

struct notifier {
	int fd;
	struct mg_notify_config c;
	struct mg_limit *limit;
	struct queued *queue[QUEUE]; /* oldest first */
	size_t n;
	struct way way[WAYS];
	int64_t summary_at, sent_at, error_at;
	uint64_t sent, given_up, lost, lost_told, held;
	struct sk_err why;
};

/* ---- what mgmtd is told -----------------------------------------------------------------------
 */
static void tell(struct notifier *t)
{
	json_t *s = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "queued",
		(json_int_t)t->n, "sent", (json_int_t)t->sent, "given_up", (json_int_t)t->given_up,
		"lost", (json_int_t)t->lost, "held", (json_int_t)t->held, "sent_at",
		(json_int_t)t->sent_at, "error_at", (json_int_t)t->error_at, "error_path",
		t->why.path, "error", t->why.en);
	struct sk_buf b;

	sk_buf_init(&b, SK_IPC_MAX);
	/* If it does not take it now, the next one says it better. */
	if (s && sk_ipc_encode(&b, SK_IPC_EVENT, 0, s) == 0)
		(void)!send(t->fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	sk_buf_done(&b);
	json_decref(s);
}

/* ---- the queue --------------------------------------------------------------------------------
 */
static void drop(struct notifier *t, size_t i)
{
	mg_message_done(&t->queue[i]->m);
	free(t->queue[i]);
	t->n--;
	memmove(&t->queue[i], &t->queue[i + 1], (t->n - i) * sizeof(t->queue[0]));
}

/* A place for one more message, or NULL: nobody wants it, or there is no room. */
static struct queued *place(struct notifier *t)
{
	struct queued *q;

	if (!t->c.server[0] && !t->c.webhook[0])
		return NULL;
	q = t->n < QUEUE ? calloc(1, sizeof(*q)) : NULL;
	if (!q) {
		t->lost++;
		return NULL;
	}
	mg_message_init(&q->m);
	q->todo[MAIL] = t->c.server[0] && t->c.from[0] && t->c.to[0];
	q->todo[WEBHOOK] = t->c.webhook[0] != '\0';
	q->since = sk_now();
	return q;
}

static void enqueue(struct notifier *t, struct queued *q, int r)
{
	if (r == 0) {
		t->queue[t->n++] = q;
		return;
	}
	t->lost++;
	mg_message_done(&q->m);
	free(q);
}

/* ---- requests ---------------------------------------------------------------------------------
 */
static void take_text(const json_t *o, const char *key, char *dst, size_t cap)
{
	const char *s = json_string_value(json_object_get(o, key));

	snprintf(dst, cap, "%s", s ? s : "");
}

static void take_config(struct notifier *t, const json_t *o)
{
	take_text(o, "site", t->c.site, sizeof(t->c.site));
	take_text(o, "server", t->c.server, sizeof(t->c.server));
	take_text(o, "from", t->c.from, sizeof(t->c.from));
	take_text(o, "to", t->c.to, sizeof(t->c.to));
	take_text(o, "webhook", t->c.webhook, sizeof(t->c.webhook));
	t->c.starttls = json_is_true(json_object_get(o, "starttls"));
	mg_limit_set(t->limit, (unsigned)json_integer_value(json_object_get(o, "per_hour")),
		(unsigned)json_integer_value(json_object_get(o, "per_rule")));
	memset(t->way, 0, sizeof(t->way));
	/* What waits for a way that is no longer wanted. */
	for (size_t i = t->n; i-- > 0;) {
		t->queue[i]->todo[MAIL] &= t->c.server[0] != '\0';
		t->queue[i]->todo[WEBHOOK] &= t->c.webhook[0] != '\0';
		if (!t->queue[i]->todo[MAIL] && !t->queue[i]->todo[WEBHOOK])
			drop(t, i);
	}
}

static void take_alert(struct notifier *t, const json_t *event)
{
	const json_t *a = json_object_get(event, "alert");
	const char *msg = json_string_value(json_object_get(a, "signature"));
	int64_t now = sk_now();
	struct queued *q;

	if ((!t->c.server[0] && !t->c.webhook[0]) || !a)
		return;
	if (!mg_limit_take(t->limit, (uint32_t)json_integer_value(json_object_get(a, "gid")),
		    (uint32_t)json_integer_value(json_object_get(a, "signature_id")),
		    msg ? msg : "", now)) {
		t->held++;
		if (!t->summary_at)
			t->summary_at = now + SUMMARY_S;
		return;
	}
	q = place(t);
	if (q)
		enqueue(t, q, mg_message_alert(&q->m, t->c.site, event));
}

static void take(struct notifier *t, const json_t *o)
{
	const char *op = json_string_value(json_object_get(o, "op"));
	const char *who = json_string_value(json_object_get(o, "who"));
	struct queued *q = NULL;

	if (sk_streq(op, "config")) {
		take_config(t, o);
	} else if (sk_streq(op, "alert")) {
		take_alert(t, json_object_get(o, "event"));
	} else if (sk_streq(op, "blocklist")) {
		q = place(t);
		if (q)
			enqueue(t, q,
				mg_message_blocklist(
					&q->m, t->c.site, json_object_get(o, "event")));
	} else if (sk_streq(op, "admission")) {
		q = place(t);
		if (q)
			enqueue(t, q,
				mg_message_admission(
					&q->m, t->c.site, json_object_get(o, "event")));
	} else if (sk_streq(op, "update")) {
		q = place(t);
		if (q)
			enqueue(t, q,
				mg_message_update(&q->m, t->c.site, json_object_get(o, "event")));
	} else if (sk_streq(op, "expiry")) {
		q = place(t);
		if (q)
			enqueue(t, q,
				mg_message_expiry(&q->m, t->c.site, json_object_get(o, "rows")));
	} else if (sk_streq(op, "test")) {
		memset(t->way, 0, sizeof(t->way)); /* now, whatever failed before */
		q = place(t);
		if (q)
			enqueue(t, q, mg_message_test(&q->m, t->c.site, who ? who : ""));
	}
}

/* ---- sending ----------------------------------------------------------------------------------
 */
static void note_failure(struct notifier *t, struct way *w, const struct sk_err *err)
{
	int64_t wait = (int64_t)BACKOFF_MIN_S << SK_MIN(w->failures, 7u);

	w->failures++;
	w->not_before = sk_now() + SK_MIN(wait, (int64_t)BACKOFF_MAX_S);
	t->why = *err;
	t->error_at = sk_now();
	sk_log_err(LOG_WARNING, "notification", err);
}

static void try_way(struct notifier *t, struct queued *q, int way)
{
	struct way *w = &t->way[way];
	struct sk_err err = {0};
	int r;

	if (!q->todo[way] || sk_now() < w->not_before)
		return;
	r = way == MAIL ? mg_send_mail(&t->c, &q->m, &err) : mg_send_webhook(&t->c, &q->m, &err);
	if (r < 0) {
		note_failure(t, w, &err);
		return;
	}
	*w = (struct way){0};
	q->todo[way] = false;
	t->sent++;
	t->sent_at = sk_now();
	if (sk_streq(t->why.path, way == MAIL ? "mail" : "webhook"))
		t->why = (struct sk_err){0};
}

static bool waiting(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

/* Oldest first. Between two messages the socket is looked at: it must not fill up. */
static void work(struct notifier *t)
{
	for (size_t i = 0; i < t->n;) {
		struct queued *q = t->queue[i];

		for (int way = 0; way < WAYS; way++)
			try_way(t, q, way);
		if (!q->todo[MAIL] && !q->todo[WEBHOOK]) {
			drop(t, i);
		} else if (sk_now() - q->since > GIVE_UP_S) {
			t->given_up++;
			drop(t, i);
		} else {
			i++;
		}
		if (waiting(t->fd))
			return;
	}
}

static void add_held(const struct mg_limit_held *h, void *arg)
{
	json_array_append_new(arg,
		json_pack("{s:I, s:I, s:s, s:I}", "gid", (json_int_t)h->gid, "sid",
			(json_int_t)h->sid, "msg", h->msg, "count", (json_int_t)h->count));
}

static void summarise(struct notifier *t)
{
	json_t *held;
	struct queued *q;

	if (!t->summary_at || sk_now() < t->summary_at || t->n == QUEUE)
		return;
	t->summary_at = 0;
	held = json_array();
	mg_limit_summary(t->limit, add_held, held);
	q = place(t);
	if (q)
		enqueue(t, q, mg_message_summary(&q->m, t->c.site, held, t->lost - t->lost_told));
	t->lost_told = t->lost;
	json_decref(held);
}

/* Milliseconds until there is something to do. */
static int patience(const struct notifier *t)
{
	int64_t now = sk_now(), at = now + 60;

	if (t->summary_at)
		at = SK_MIN(at, t->summary_at);
	for (size_t i = 0; i < t->n; i++)
		for (int way = 0; way < WAYS; way++)
			if (t->queue[i]->todo[way])
				at = SK_MIN(at, t->way[way].not_before);
	return at <= now ? 0 : (int)((at - now) * 1000);
}

static int loop(struct notifier *t)
{
	for (;;) {
		struct pollfd p = {.fd = t->fd, .events = POLLIN};
		struct sk_ipc_msg m;
		int n = poll(&p, 1, patience(t)), r = 0;

		if (n < 0 && errno != EINTR)
			return 1;
		while (n > 0 && waiting(t->fd)) {
			r = sk_ipc_recv(t->fd, 0, &m, NULL);
			if (r < 0)
				return r == -ECONNRESET ? 0 : 1;
			if (m.type == SK_IPC_REQUEST)
				take(t, m.body);
			sk_ipc_msg_done(&m);
		}
		summarise(t);
		work(t);
		tell(t);
	}
}

/* ---- start ------------------------------------------------------------------------------------
 */
static void read_secrets(struct notifier *t, const char *path)
{
	struct stat st;
	struct sk_buf b;
	int r;

	if (!path || stat(path, &st) < 0)
		return;
	sk_buf_init(&b, 64u << 10);
	/* Of a service's credential, root's own, the group's bits are those of its access list. */
	if (st.st_mode & (S_IWGRP | S_IRWXO) || (st.st_mode & S_IRWXG && st.st_gid != 0))
		r = sk_err_set(&t->why, -EPERM, "secrets", "%s is open to others: chmod 600",
			"%s を他人が読めます。chmod 600 を実行してください", path);
	else
		r = sk_file_read(path, &b, &t->why);
	if (r == 0)
		r = mg_notify_secrets_parse(&t->c.secrets, sk_buf_str(&b), &t->why);
	if (r < 0) {
		t->error_at = sk_now();
		sk_log_err(LOG_ERR, "notification", &t->why);
	}
	sk_buf_done(&b);
}

int mg_notify_main(int fd, const char *secrets, int (*confine)(void *arg), void *arg)
{
	struct notifier *t = calloc(1, sizeof(*t));
	uint8_t seed[16];

	prctl(PR_SET_NAME, "sekisho-notify", 0, 0, 0);
	signal(SIGPIPE, SIG_IGN);
	/* A terminal's or the service manager's signals are for the daemon, whose end we see. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	if (!t || getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return 1;
	t->fd = fd;
	t->limit = mg_limit_new(seed);
	read_secrets(t, secrets);
	if (!t->limit || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || confine(arg) < 0)
		return 1;
	tell(t);
	return loop(t);
}
