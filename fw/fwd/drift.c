/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to our table by anybody else: noticed through the kernel's notification (and looked for
 * every minute in case one was lost), undone at once, reported with the process that made them.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fw/fwd/apply.h"
#include "fw/fwd/fwd.h"
#include "fw/fwd/gate.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define DEBOUNCE_US 50000 /* a script that changes much is one change */
#define WINDOW_S 60
#define REPORTS_MAX 10 /* of repairs in a window; the rest is one event with a count */
#define FOREIGN_MAX 16384

static void remember(struct fwd_drift_state *s, const struct fw_nft_gen *g)
{
	s->pid = g->pid;
	sk_escape(s->process, sizeof(s->process), g->comm, strnlen(g->comm, sizeof(g->comm)));
}

static void arm(struct fwd *d)
{
	int on = SD_EVENT_OFF;

	/* Not pushed further: who never pauses is repaired all the same. */
	if (sd_event_source_get_enabled(d->drift.debounce, &on) >= 0 && on != SD_EVENT_OFF)
		return;
	sd_event_source_set_time_relative(d->drift.debounce, DEBOUNCE_US);
	sd_event_source_set_enabled(d->drift.debounce, SD_EVENT_ONESHOT);
}

/* What the kernel has told so far. 0, or why reading failed; *foreign: somebody else changed
 * something. */
static int listen_in(struct fwd *d, bool *foreign)
{
	struct fw_nft_gen g;
	int r;

	while ((r = fw_nft_watch_read(d->drift.fd, &g)) == 1) {
		if (fw_nft_own_change(d->nft, &g))
			continue;
		remember(&d->drift, &g);
		*foreign = true;
	}
	return r;
}

/* Who it was may have been told a moment ago. */
static void ask_who(struct fwd *d)
{
	bool foreign = false;

	if (d->drift.fd >= 0)
		listen_in(d, &foreign);
}

static int on_watch(sd_event_source *src, int fd, uint32_t revents, void *arg)
{
	struct fwd *d = arg;
	bool foreign = false;
	int r = listen_in(d, &foreign);

	if (r == -ENOBUFS)
		foreign = true;
	else if (r < 0) {
		fwd_warn(d, "watching for foreign changes failed: %s", strerror(-r));
		sk_log(LOG_ERR, "watching for foreign changes failed: %s", strerror(-r));
		sd_event_source_set_enabled(src, SD_EVENT_OFF);
	}
	if (foreign)
		arm(d);
	return 0;
}

static const char *kind_name(enum fw_drift_kind k)
{
	switch (k) {
	case FW_DRIFT_TABLE_GONE: return "table";
	case FW_DRIFT_CHAINS: return "chains";
	case FW_DRIFT_RULES: return "rules";
	case FW_DRIFT_SETS: return "sets";
	default: return "none";
	}
}

/* false: too many in this minute, counted for the summary. */
static bool may_report(struct fwd_drift_state *s, int64_t now)
{
	if (now - s->window >= WINDOW_S || now < s->window) {
		s->window = now;
		s->repairs = 0;
	}
	if (++s->repairs <= REPORTS_MAX)
		return true;
	s->unreported++;
	return false;
}

static void report_at(
	struct fwd *d, const char *table, const struct fw_drift *f, bool repaired, uint64_t folded)
{
	char what[512];
	json_t *v = json_pack("{s:s,s:s,s:b,s:s}", "table", table, "kind", kind_name(f->kind),
		"repaired", repaired, "what",
		sk_escape(what, sizeof(what), f->what, strlen(f->what)));

	if (v && d->drift.pid) {
		json_object_set_new(v, "pid", json_integer(d->drift.pid));
		json_object_set_new(v, "process", json_string(d->drift.process));
	}
	if (v && folded)
		json_object_set_new(v, "count", json_integer((json_int_t)folded));
	fwd_report(d, "drift", v);
}

static void report(struct fwd *d, const struct fw_drift *f, bool repaired, uint64_t folded)
{
	report_at(d, "inet " FW_NFT_TABLE, f, repaired, folded);
}

void fwd_drift_told(struct fwd *d, const char *table, const struct fw_drift *f, bool repaired)
{
	struct fwd_drift_state *s = &d->drift;
	const int64_t now = sk_now();

	s->last = now;
	s->count++;
	if (!may_report(s, now))
		return;
	sk_log(LOG_WARNING, "foreign change of %s by %s (pid %" PRIu32 "): %s; %s", table,
		s->pid ? s->process : "an unknown process", s->pid, f->what,
		repaired ? "repaired" : "not repaired yet");
	report_at(d, table, f, repaired, 0);
}

static void repair(struct fwd *d, const struct fw_drift *f)
{
	struct fwd_drift_state *s = &d->drift;
	int64_t now = sk_now();
	struct sk_err err = {0};
	int r;

	s->last = now;
	s->count++;
	r = fwd_repair(d, &err);
	if (!may_report(s, now))
		return;
	sk_log(LOG_WARNING, "foreign change by %s (pid %" PRIu32 "): %s; %s",
		s->pid ? s->process : "an unknown process", s->pid, f->what,
		r < 0 ? "not repaired yet" : "repaired");
	if (r < 0)
		sk_log_err(LOG_ERR, "repair", &err);
	report(d, f, r == 0, 0);
}

static void foreign_event(struct fwd *d, const char *chain)
{
	json_t *v = json_pack("{s:s}", "table", chain);

	sk_log(LOG_WARNING, "another table filters beside ours: %s", chain);
	if (v && d->drift.pid) {
		json_object_set_new(v, "pid", json_integer(d->drift.pid));
		json_object_set_new(v, "process", json_string(d->drift.process));
	}
	fwd_report(d, "foreign_table", v);
}

/* One event for each chain that was not there before. */
static void report_foreign(struct fwd *d, const struct sk_buf *now)
{
	const char *p = sk_buf_str(now), *end;

	for (; *p; p = *end ? end + 2 : end) {
		char chain[256];
		size_t n;

		end = strstr(p, ", ");
		if (!end)
			end = p + strlen(p);
		n = SK_MIN((size_t)(end - p), sizeof(chain) - 1);
		memcpy(chain, p, n);
		chain[n] = '\0';
		if (n > 0 && !strstr(sk_buf_str(&d->drift.foreign), chain))
			foreign_event(d, chain);
	}
}

static void check_foreign(struct fwd *d)
{
	struct sk_buf now;

	sk_buf_init(&now, FOREIGN_MAX);
	if (fw_nft_foreign(d->nft, &now, NULL) < 0 || sk_buf_error(&now)) {
		sk_buf_done(&now);
		return;
	}
	report_foreign(d, &now);
	sk_buf_done(&d->drift.foreign);
	d->drift.foreign = now;
}

void fwd_drift_check(struct fwd *d)
{
	struct fwd_drift_state *s = &d->drift;
	struct fw_drift f = {0};
	struct sk_err err = {0};
	int r;

	/* A summary of what was not reported singly, once its minute is over. */
	if (s->unreported && sk_now() - s->window >= WINDOW_S) {
		snprintf(f.what, sizeof(f.what), "repeated foreign changes");
		f.kind = FW_DRIFT_RULES;
		report(d, &f, true, s->unreported);
		s->unreported = 0;
		f = (struct fw_drift){0};
	}
	ask_who(d);
	fwd_gate_check(d);
	/* Nothing was ever applied: what an earlier run left stays, but never nothing at all. */
	if (d->adopted && fwd_kernel_has_rules(d)) {
		check_foreign(d);
		return;
	}
	d->adopted = false;
	r = fw_nft_drift(d->nft, &f, &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "comparing with the kernel", &err);
	else if (f.kind != FW_DRIFT_NONE && !d->dirty) {
		ask_who(d); /* it may have come while the table was read */
		repair(d, &f);
	} else if (f.kind == FW_DRIFT_NONE && !d->dirty)
		fwd_seal_save(d);
	check_foreign(d);
	s->pid = 0;
}

void fwd_drift_away(struct fwd *d)
{
	const struct fw_drift f = {
		.kind = FW_DRIFT_RULES, .what = "changed while sekisho-fwd was not running"};

	d->drift.last = sk_now();
	d->drift.count++;
	sk_log(LOG_WARNING, "the table was %s; repaired", f.what);
	report(d, &f, true, 0);
}

void fwd_drift_pause(struct fwd *d, bool pause)
{
	int r = d->drift.fd < 0 ? 0 : fw_nft_watch_mute(d->drift.fd, pause);

	if (r < 0)
		sk_log(LOG_WARNING, "watching for foreign changes: %s", strerror(-r));
	/*
	 * Look at it soon: to know what it is to be like from now on, and in case somebody changed
	 * it meanwhile (who, is not known then).
	 */
	if (!pause && d->drift.debounce)
		arm(d);
}

static int on_debounce(sd_event_source *src, uint64_t usec, void *arg)
{
	fwd_drift_check(arg);
	return 0;
}

int fwd_drift_start(struct fwd *d, struct sk_err *err)
{
	struct fwd_drift_state *s = &d->drift;
	int r;

	sk_buf_init(&s->foreign, FOREIGN_MAX);
	s->fd = fw_nft_watch_open(err);
	if (s->fd < 0)
		return s->fd;
	r = sd_event_add_io(d->ev, &s->io, s->fd, EPOLLIN, on_watch, d);
	if (r >= 0)
		r = sd_event_add_time_relative(
			d->ev, &s->debounce, CLOCK_MONOTONIC, DEBOUNCE_US, 1000, on_debounce, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(s->debounce, SD_EVENT_OFF);
	if (r < 0)
		return sk_err_set(
			err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r));
	/* Tables that were there before us are no news, but they stand in the status. */
	return fw_nft_foreign(d->nft, &s->foreign, err);
}

void fwd_drift_stop(struct fwd *d)
{
	sd_event_source_disable_unref(d->drift.io);
	sd_event_source_disable_unref(d->drift.debounce);
	if (d->drift.fd >= 0)
		close(d->drift.fd);
	sk_buf_done(&d->drift.foreign);
}
