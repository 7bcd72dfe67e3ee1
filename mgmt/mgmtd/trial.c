// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The clock of a set-up on trial. It does not ask what a restart was: whoever starts with the mark
 * of a trial on disk makes the settings that are kept count again, which are those of before.
 */
#include "mgmt/mgmtd/trial.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/audit.h"

#define AGAIN_US 5000000 /* what could not be taken back is tried again */
#define PATIENCE_S 60

struct mg_trial {
	struct mg_daemon *d;
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

static int take_back(struct mg_call *c, struct sk_err *err)
{
	const struct mg_oneshot_ask q = {.name = "setup",
		.op = "setup.revert",
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
static int arm(struct mg_daemon *d, json_t *doc, uint64_t us, const char *why, struct sk_err *err)
{
	struct mg_trial *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return sk_err_nomem(err);
	*t = (struct mg_trial){.d = d, .why = why, .deadline_us = sk_mono_us() + us};
	r = sd_event_add_time_relative(d->ev, &t->timer, CLOCK_MONOTONIC, us, 0, on_time, t);
	if (r < 0) {
		free(t);
		return sk_err_en(err, r, NULL, "timer of a set-up: %s", strerror(-r));
	}
	t->doc = json_incref(doc);
	d->trial = t;
	return 0;
}

int mg_trial_prepare(struct mg_daemon *d, struct sk_err *err)
{
	static const char text[] =
		"a set-up is on trial; without an answer the one before returns\n";
	char path[512];

	return sk_file_replace(mark(d, path, sizeof(path)), text, strlen(text), 0600, err);
}

int mg_trial_begin(struct mg_daemon *d, json_t *doc, unsigned seconds, struct sk_err *err)
{
	return arm(d, doc, (uint64_t)seconds * 1000000, "not confirmed", err);
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

void mg_trial_end(struct mg_daemon *d)
{
	char path[512];

	if (unlink(mark(d, path, sizeof(path))) < 0 && errno != ENOENT)
		sk_log(LOG_WARNING, "%s: %s", path, strerror(errno));
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

void mg_trial_fail(struct mg_daemon *d, const char *why)
{
	struct sk_err err = {0};

	if (!d->trial && arm(d, NULL, 0, why, &err) < 0)
		sk_log_err(LOG_ERR, "taking a set-up back", &err);
}

/* ---- the daemon -------------------------------------------------------------------------------
 */
int mg_trial_start(struct mg_daemon *d, struct sk_err *err)
{
	char path[512];

	if (access(mark(d, path, sizeof(path)), F_OK) < 0)
		return 0;
	sk_log(LOG_NOTICE, "a set-up on trial was interrupted: the one before is taken up again");
	return arm(d, NULL, 0, "interrupted", err);
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
		"a set-up is being taken back (journalctl -u sekisho-mgmtd -u 'sekisho-setup@*')",
		"以前の設定に戻しています (journalctl -u sekisho-mgmtd -u 'sekisho-setup@*')"};

	if (c->d->trial)
		warn(c, v, c->d->trial->doc ? &trial : &back);
}
