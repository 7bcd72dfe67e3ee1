// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The clock of a set-up on trial. It does not ask what a restart was: whoever starts with the mark
 * of a trial on disk, and does not find it confirmed, makes the settings of before count again.
 */
#include "mgmt/mgmtd/trial.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/audit.h"

#define AGAIN_US 5000000 /* what could not be taken back is tried again */
#define PATIENCE_S 60

struct mg_trial {
	struct mg_daemon *d;
	char id[MG_TRIAL_ID];
	json_t *doc; /* NULL: nothing to confirm any more */
	sd_event_source *timer;
	uint64_t deadline_us; /* monotonic */
	const char *why;      /* of the return */
	bool asked, said;     /* sekisho-setup is at it; that it cannot be reached was logged */
};

static const char *mark(const struct mg_daemon *d, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/setup.trial", d->o.state_dir);
	return dst;
}

/* ---- back -------------------------------------------------------------------------------------
 */
static void again(struct mg_trial *t, const struct sk_err *why)
{
	if (!t->said)
		sk_log_err(LOG_ERR, "taking a set-up back", why);
	t->said = true;
	sd_event_source_set_time_relative(t->timer, AGAIN_US);
	sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

/* That it went back by itself has to be found by whoever asks why. */
static void record(struct mg_call *c, const char *why)
{
	json_t *after = json_pack("{s:s}", "why", why);
	const struct mg_audit_entry a = {.time = c->now,
		.account = c->who.name,
		.uid = c->uid,
		.pid = c->pid,
		.op = c->cmd->op,
		.target = "gateway",
		.after = after,
		.result = "ok"};
	struct sk_err err = {0};
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, c->d->store, &err);

	if (r == 0)
		r = mg_txn_commit(&t, &a, &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "audit", &err);
	mg_txn_abort(&t);
	mg_dispatch_publish(c, 0, &err);
	json_decref(after);
}

static int returned(struct mg_call *c, int code, const json_t *end, int *fd, struct sk_err *err)
{
	struct mg_trial *t = c->d->trial;

	if (!t)
		return code;
	t->asked = false;
	if (code < 0) {
		again(t, err);
		return code;
	}
	sk_log(LOG_NOTICE, "the set-up of before is in use again: %s", t->why);
	record(c, t->why);
	mg_trial_end(c->d);
	return mg_reply_note(
		c, "the settings of before are in use again", "以前の設定に戻しました");
}

/* Without a name it is of a version that gave none. */
static json_t *request(const struct mg_trial *t)
{
	return t->id[0] ? json_pack("{s:s}", "trial", t->id) : json_object();
}

static int take_back(struct mg_call *c, struct sk_err *err)
{
	const struct mg_oneshot_ask q = {.name = "setup",
		.op = "setup.revert",
		.args = request(c->d->trial),
		.passfd = -1,
		.patience = PATIENCE_S,
		.beside = true,
		.answer = returned};
	struct mg_trial *t = c->d->trial;
	int r;

	t->asked = true;
	json_decref(t->doc);
	t->doc = NULL;
	r = mg_oneshot_ask(c, &q, err);
	if (r < 0) {
		t->asked = false;
		again(t, err);
	}
	return r;
}

static int on_time(sd_event_source *source, uint64_t us, void *arg)
{
	struct mg_trial *t = arg;
	struct sk_err err = {0};
	struct mg_call own;

	if (t->asked)
		return 0;
	mg_oneshot_own_call(t->d, "setup.revert", NULL, sk_now(), &own);
	take_back(&own, &err);
	return 0;
}

/* ---- one trial --------------------------------------------------------------------------------
 */
/* as: what it is, without what this adds. */
static int arm(struct mg_daemon *d, const struct mg_trial *as, uint64_t us, struct sk_err *err)
{
	struct mg_trial *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return sk_err_nomem(err);
	*t = *as;
	t->d = d;
	t->deadline_us = sk_mono_us() + us;
	r = sd_event_add_time_relative(d->ev, &t->timer, CLOCK_MONOTONIC, us, 0, on_time, t);
	if (r < 0) {
		free(t);
		return sk_err_en(err, r, NULL, "timer of a set-up: %s", strerror(-r));
	}
	json_incref(t->doc);
	d->trial = t;
	return 0;
}

int mg_trial_prepare(struct mg_daemon *d, char ret_id[static MG_TRIAL_ID], struct sk_err *err)
{
	uint64_t n[2];
	char path[512], text[256];
	int len;

	if (getrandom(n, sizeof(n), 0) != (ssize_t)sizeof(n))
		return sk_err_en(err, -EIO, NULL, "getrandom: %s", strerror(errno));
	snprintf(ret_id, MG_TRIAL_ID, "%016llx%016llx", (unsigned long long)n[0],
		(unsigned long long)n[1]);
	len = snprintf(text, sizeof(text),
		"{\"trial\": \"%s\",\n \"is\": \"a set-up on trial; without an answer the one "
		"before "
		"returns\"}\n",
		ret_id);
	return sk_file_replace(mark(d, path, sizeof(path)), text, (size_t)len, 0600, err);
}

int mg_trial_begin(
	struct mg_daemon *d, const char *id, json_t *doc, unsigned seconds, struct sk_err *err)
{
	struct mg_trial t = {.doc = doc, .why = "not confirmed"};

	snprintf(t.id, sizeof(t.id), "%s", id);
	return arm(d, &t, (uint64_t)seconds * 1000000, err);
}

unsigned mg_trial_left(const struct mg_daemon *d)
{
	const uint64_t now = sk_mono_us();

	if (!d->trial || !d->trial->doc)
		return 0;
	return now + 1000000 < d->trial->deadline_us
		? (unsigned)((d->trial->deadline_us - now) / 1000000)
		: 1;
}

bool mg_trial_busy(const struct mg_daemon *d)
{
	return d->trial != NULL;
}

json_t *mg_trial_document(const struct mg_daemon *d)
{
	return d->trial ? d->trial->doc : NULL;
}

const char *mg_trial_id(const struct mg_daemon *d)
{
	return d->trial ? d->trial->id : "";
}

void mg_trial_end(struct mg_daemon *d)
{
	struct sk_err err = {0};
	char path[512];

	if (sk_file_remove(mark(d, path, sizeof(path)), &err) < 0)
		sk_log_err(LOG_WARNING, "set-up on trial", &err);
	mg_trial_stop(d);
}

int mg_trial_return(struct mg_call *c, struct sk_err *err)
{
	struct mg_trial *t = c->d->trial;

	if (!t || !t->doc)
		return sk_err_set(err, -ENOENT, NULL,
			"no set-up is on trial: there is nothing to take back",
			"試行中の設定はありません");
	t->why = "asked for";
	return take_back(c, err);
}

void mg_trial_fail(struct mg_daemon *d, const char *id, const char *why)
{
	struct mg_trial t = {.why = why};
	struct sk_err err = {0};

	snprintf(t.id, sizeof(t.id), "%s", id);
	if (!d->trial && arm(d, &t, 0, &err) < 0)
		sk_log_err(LOG_ERR, "taking a set-up back", &err);
}

/* ---- the daemon -------------------------------------------------------------------------------
 */
/* The trial that the mark is of; "" where that cannot be read. */
static void marked(const char *path, char id[static MG_TRIAL_ID])
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	const char *s;
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	if (sk_file_read(path, &b, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	s = json_string_value(json_object_get(v, "trial"));
	snprintf(id, MG_TRIAL_ID, "%s", s ? s : "");
	sk_buf_done(&b);
}

struct confirmed {
	const char *id;
	bool found;
};

static int is_confirmed(const json_t *row, void *arg)
{
	struct confirmed *c = arg;
	const json_t *after = json_object_get(row, "after");

	c->found = c->found ||
		(sk_streq(json_string_value(json_object_get(row, "op")), "setup.confirm") &&
			sk_streq(json_string_value(json_object_get(row, "result")), "ok") &&
			sk_streq(json_string_value(json_object_get(after, "trial")), c->id));
	return 0;
}

/* It ended between the registry's record and the removal of the mark. */
static bool confirmed(struct mg_daemon *d, const char *id)
{
	const struct mg_audit_filter f = {.target = "gateway"};
	struct confirmed c = {.id = id};
	struct sk_err err = {0};

	if (id[0] && mg_audit_each(d->store, &f, is_confirmed, &c, &err) < 0)
		sk_log_err(LOG_WARNING, "set-up on trial", &err);
	return c.found;
}

int mg_trial_start(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_trial t = {.why = "interrupted"};
	char path[512];

	if (access(mark(d, path, sizeof(path)), F_OK) < 0)
		return 0;
	marked(path, t.id);
	if (confirmed(d, t.id)) {
		sk_log(LOG_NOTICE, "a set-up on trial was confirmed before the end: it stays");
		mg_trial_end(d);
		return 0;
	}
	sk_log(LOG_NOTICE, "a set-up on trial was interrupted: the one before is taken up again");
	return arm(d, &t, 0, err);
}

void mg_trial_stop(struct mg_daemon *d)
{
	struct mg_trial *t = d->trial;

	d->trial = NULL;
	if (!t)
		return;
	sd_event_source_disable_unref(t->timer);
	json_decref(t->doc);
	free(t);
}

void mg_trial_status(struct mg_call *c, json_t *v,
	void (*warn)(struct mg_call *, json_t *, const struct sk_text *))
{
	static const struct sk_text trial = {
		"a set-up is on trial: without `sekisho setup confirm` the one before returns",
		"設定を試行中です。sekisho setup confirm を実行しないと以前の設定に戻ります"};
	static const struct sk_text back = {
		"a set-up is being taken back (sekisho system log --unit sekisho-mgmtd)",
		"以前の設定に戻しています (sekisho system log --unit sekisho-mgmtd)"};

	if (c->d->trial)
		warn(c, v, c->d->trial->doc ? &trial : &back);
}
