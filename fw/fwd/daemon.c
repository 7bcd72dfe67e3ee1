/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as a whole: what is opened in which order, the clockwork, the counters' way between
 * kernel and disk.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/apply.h"
#include "fw/fwd/contacts_watch.h"
#include "fw/fwd/fwd.h"
#include "fw/fwd/gate.h"
#include "fw/fwd/transparent.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define SECOND_US 1000000ull
#define POLL_S 10
#define MINUTE_S 60
#define COUNTERS_FILE "counters.json"
#define COUNTERS_BYTES (32u << 20)
#define CLOCK_BACK_S 60

void fwd_warn(struct fwd *d, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0)
		return;
	for (size_t i = 0; i < d->n_warnings; i++) {
		if (sk_streq(d->warnings[i], text)) {
			free(text);
			return;
		}
	}
	/* The newest are worth more than the oldest. */
	if (d->n_warnings == FWD_WARNINGS) {
		free(d->warnings[0]);
		memmove(&d->warnings[0], &d->warnings[1],
			(FWD_WARNINGS - 1) * sizeof(d->warnings[0]));
		d->n_warnings--;
	}
	d->warnings[d->n_warnings++] = text;
}

void fwd_unwarn(struct fwd *d, const char *prefix)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_warnings; i++) {
		if (strncmp(d->warnings[i], prefix, strlen(prefix)) == 0)
			free(d->warnings[i]);
		else
			d->warnings[n++] = d->warnings[i];
	}
	d->n_warnings = n;
}

/* ---- counters ---- */

void fwd_poll_counters(struct fwd *d)
{
	_cleanup_(sk_freep) struct fw_nft_counter *k = NULL;
	struct sk_err err = {0};
	size_t n = 0;
	int r = fw_nft_counters(d->nft, &k, &n, &err);

	if (r == -ENOENT) {
		fwd_counters_gone(&d->counters);
		return;
	}
	if (r == 0)
		r = fwd_counters_read(&d->counters, k, n, sk_now());
	if (r < 0 && !d->counters_failed)
		sk_log_err(LOG_WARNING, "reading counters", &err);
	d->counters_failed = r < 0;
}

void fwd_save_counters(struct fwd *d)
{
	struct sk_err err = {0};
	struct sk_buf b;
	int r;

	if (!d->counters.changed)
		return;
	sk_buf_init(&b, COUNTERS_BYTES);
	r = fwd_counters_encode(&d->counters, sk_now(), &b);
	if (r == 0)
		r = fwd_persist_write(d->disk, COUNTERS_FILE, b.data, b.len, &err);
	if (r < 0) {
		d->counters.changed = true;
		sk_log_err(LOG_WARNING, "writing counters", &err);
		fwd_warn(d, "counters could not be written: %s", err.en);
	}
	sk_buf_done(&b);
}

static void load_counters(struct fwd *d)
{
	struct sk_err err = {0};
	struct sk_buf b;
	int r;

	sk_buf_init(&b, COUNTERS_BYTES);
	r = fwd_persist_read(d->disk, COUNTERS_FILE, &b, &err);
	if (r == 0)
		r = fwd_counters_decode(b.data, b.len, &d->counters, &err);
	if (r < 0 && r != -ENOENT) {
		sk_log_err(LOG_WARNING, "counters start from zero", &err);
		fwd_warn(d, "the saved counters could not be read: %s", err.en);
	}
	sk_buf_done(&b);
}

/* ---- clockwork ---- */

static void every_minute(struct fwd *d)
{
	int64_t now = sk_now();

	if (now < d->tick_wall - CLOCK_BACK_S)
		fwd_clock_back(d);
	d->tick_wall = now;
	fwd_expire(d);
	fwd_drift_check(d);
	fwd_guard_minute(d);
	fwd_list_minute(d);
	fwd_transparent_minute(d);
	fwd_save_counters(d);
}

static int on_tick(sd_event_source *s, uint64_t usec, void *arg)
{
	struct fwd *d = arg;

	d->ticks++;
	fwd_report_tick(d, false);
	fwd_guard_tick(d);
	fwd_contacts_second(d);
	fwd_gate_tick(d);
	fwd_retry(d);
	if (d->ticks % POLL_S == 0) {
		fwd_poll_counters(d);
		fwd_report_retry(d);
		fwd_contacts_tick(d);
	}
	if (d->ticks % MINUTE_S == 0)
		every_minute(d);
	sd_event_source_set_time_relative(s, SECOND_US);
	return 0;
}

/* ---- life ---- */

int fwd_new(struct fwd **ret, sd_event *ev, const struct fwd_opts *o, struct sk_err *err)
{
	struct fw_nft_opts nft = {.no_owner = o->no_owner};
	struct fwd *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return sk_err_nomem(err);
	d->opts = *o;
	d->ev = sd_event_ref(ev);
	d->started = d->tick_wall = sk_now();
	d->drift.fd = -1;
	r = fwd_persist_open(&d->disk, o->state_dir, err);
	if (r == 0)
		r = fwd_ipc_start(d, err);
	if (r == 0)
		r = fw_nft_open(&d->nft, &nft, err);
	if (r == 0)
		r = fwd_ct_open(&d->ct, err);
	if (r < 0) {
		fwd_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

int fwd_start(struct fwd *d, struct sk_err *err)
{
	int r;

	load_counters(d);
	sk_log(LOG_INFO, "packets to inspection go through: %s",
		fw_nft_queue_form_name(fw_nft_queue_form(d->nft)));
	r = fwd_report_start(d, err);
	/* Watching from before the first change of our own, so that none by others slips through.
	 */
	if (r == 0)
		r = fwd_drift_start(d, err);
	if (r == 0)
		r = fwd_guard_start(d, err);
	if (r == 0)
		r = fwd_list_start(d, err);
	if (r == 0)
		r = fwd_contacts_start(d, err);
	if (r == 0)
		r = fwd_gate_start(d, err);
	if (r == 0)
		r = fwd_transparent_start(d, err);
	if (r == 0)
		r = fwd_boot(d, err);
	if (r < 0)
		return r;
	fwd_guard_settle(d);
	fwd_list_settle(d);
	r = sd_event_add_time_relative(
		d->ev, &d->tick, CLOCK_MONOTONIC, SECOND_US, 10000, on_tick, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->tick, SD_EVENT_ON);
	return r < 0
		? sk_err_set(err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r))
		: 0;
}

void fwd_stop(struct fwd *d)
{
	fwd_poll_counters(d);
	fwd_save_counters(d);
	fwd_list_save(d);
	fwd_report_tick(d, true);
}

void fwd_free(struct fwd *d)
{
	if (!d)
		return;
	d->subscriber = NULL;
	sk_ipc_server_free(d->ipc);
	sd_event_source_disable_unref(d->tick);
	sd_event_source_disable_unref(d->deadline_timer);
	sd_event_source_disable_unref(d->expiry_timer);
	fwd_drift_stop(d);
	fwd_guard_stop(d);
	fwd_list_stop(d);
	fwd_contacts_stop(d);
	fwd_gate_stop(d);
	fwd_transparent_stop(d);
	fwd_report_stop(d);
	fwd_ct_close(d->ct);
	fw_nft_close(d->nft);
	fwd_persist_close(d->disk);
	if (d->confirmed != d->running)
		fw_policy_free(d->confirmed);
	fw_policy_free(d->running);
	fwd_counters_done(&d->counters);
	for (size_t i = 0; i < d->n_warnings; i++)
		free(d->warnings[i]);
	sd_event_unref(d->ev);
	free(d);
}
