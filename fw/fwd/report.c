/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a logged packet to the subscriber: names, folding, text, spool, frames. Nothing is dropped
 * without being counted, and what was counted is reported as an event of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#include "fw/fwd/contacts_watch.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define FLUSH_US 50000 /* events are gathered this long into one frame */
#define QUEUE_BYTES (4u << 20)
#define FWD_EVENT_BYTES (16u << 10) /* of one event */
#define ENVELOPE 256

/* ---- sending ---- */

void fwd_send_events(struct fwd *d)
{
	struct sk_spool_frame f;

	while (d->subscriber && sk_ipc_client_queued(d->subscriber) < QUEUE_BYTES &&
		sk_spool_next(d->spool, SK_SPOOL_INFLIGHT, &f)) {
		sk_buf_reset(&d->frame);
		sk_buf_printf(&d->frame, "{\"instance\":\"%s\",\"seq\":%" PRIu64 ",\"events\":[",
			d->instance, f.last);
		sk_buf_put(&d->frame, f.text, f.len);
		sk_buf_puts(&d->frame, "]}");
		/* On failure the frame stays in the spool and the client is closed by the server.
		 */
		if (sk_buf_error(&d->frame) ||
			sk_ipc_reply_text(d->subscriber, SK_IPC_EVENT, 0,
				(const char *)d->frame.data, d->frame.len) < 0) {
			struct sk_ipc_client *c = d->subscriber;

			d->subscriber = NULL;
			sk_spool_rewind(d->spool);
			sk_ipc_client_close(c);
		}
	}
}

static int on_flush(sd_event_source *s, uint64_t usec, void *arg)
{
	struct fwd *d = arg;

	d->flush_armed = false;
	fwd_send_events(d);
	return 0;
}

void fwd_report_text(struct fwd *d, const char *text, size_t len)
{
	sk_spool_put(d->spool, text, len);
	if (d->flush_armed || !d->subscriber)
		return;
	if (sd_event_source_set_time_relative(d->flush_timer, FLUSH_US) >= 0 &&
		sd_event_source_set_enabled(d->flush_timer, SD_EVENT_ONESHOT) >= 0)
		d->flush_armed = true;
}

void fwd_subscribe(struct fwd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack)
{
	if (d->subscriber && d->subscriber != c)
		sk_ipc_client_close(d->subscriber);
	d->subscriber = c;
	if (sk_streq(instance, d->instance))
		sk_spool_ack(d->spool, ack);
	sk_spool_rewind(d->spool);
	fwd_send_events(d);
}

/* ---- packets ---- */

static void put_packet(struct fwd *d, const struct fwd_event *e, const struct fwd_fold_sum *sum)
{
	struct fwd_event_names names;
	char entry[FWD_LIST_ENTRY_MAX];

	fwd_ifaces_names(d->ifaces, d->running, e, &names);
	if (fwd_event_listed(e))
		fwd_list_names(d, e, &names, entry);
	sk_buf_reset(&d->text);
	fwd_event_put(&d->text, &d->stamp, e, &names, sum);
	/* An empty text is counted as lost by the spool. */
	fwd_report_text(d, sk_buf_str(&d->text), sk_buf_error(&d->text) ? 0 : d->text.len);
}

void fwd_report_packet(const struct fwd_event *packet, void *arg)
{
	struct fwd *d = arg;
	struct fwd_event copy = *packet;
	const struct fwd_event *e = &copy;

	if (!fwd_guard_packet(d, &copy))
		return;
	/* Allowed connections are each a fact of its own. */
	if ((fwd_event_blocked(e) || fwd_event_monitored(e)) &&
		fwd_fold_add(d->fold, e, sk_mono_us()) == FWD_FOLD_COUNTED)
		return;
	put_packet(d, e, NULL);
}

static void on_fold(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg)
{
	put_packet(arg, first, sum);
}

/* What the blocklists say of packets seen so far is about to change. */
void fwd_report_settle(struct fwd *d)
{
	if (d->nflog)
		fwd_nflog_read(d->nflog, sk_now_us(), fwd_report_packet, d);
	fwd_fold_close(d->fold, fwd_event_listed, on_fold, d);
}

static void report_lost(struct fwd *d, const char *where, uint64_t now, uint64_t *reported)
{
	uint64_t n = now - *reported;

	if (now <= *reported)
		return;
	*reported = now;
	sk_log(LOG_WARNING, "%" PRIu64 " events could not be kept (%s)", n, where);
	fwd_report(d, "lost", json_pack("{s:s,s:I}", "where", where, "count", (json_int_t)n));
}

void fwd_report_tick(struct fwd *d, bool all)
{
	fwd_fold_sweep(d->fold, all ? UINT64_MAX : sk_mono_us(), on_fold, d);
	if (d->nflog)
		report_lost(d, "kernel", fwd_nflog_lost(d->nflog), &d->lost_kernel);
	report_lost(d, "spool", sk_spool_lost(d->spool), &d->lost_spool);
	if (all)
		fwd_send_events(d);
}

/* ---- events of fwd itself ---- */

void fwd_report(struct fwd *d, const char *action, json_t *fields)
{
	int64_t now = sk_now_us();
	char stamp[40];
	json_t *e;
	char *text;

	if (!fields)
		fields = json_object();
	if (fields)
		json_object_set_new(fields, "action", json_string(action));
	e = json_pack("{s:s,s:I,s:s,s:o}", "timestamp",
		sk_time_format_us(now, stamp, sizeof(stamp)), "ts", (json_int_t)now, "event_type",
		"firewall", "sekisho", fields);
	text = e ? json_dumps(e, JSON_COMPACT) : NULL;
	json_decref(e);
	fwd_report_text(d, text ? text : "", text ? strlen(text) : 0);
	free(text);
}

/* ---- start ---- */

static int on_nflog(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct fwd *d = arg;
	int r = fwd_nflog_read(d->nflog, sk_now_us(), fwd_report_packet, d);

	if (r < 0) {
		fwd_warn(d, "reading the packet log failed: %s", strerror(-r));
		sk_log(LOG_ERR, "reading the packet log failed: %s", strerror(-r));
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
	}
	return 0;
}

static int on_ifaces(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct fwd *d = arg;

	fwd_ifaces_changed(d->ifaces);
	return 0;
}

/* Distinguishes the numbering of this run from every other one. */
static void make_instance(struct fwd *d)
{
	uint8_t random[16];
	uint64_t started = (uint64_t)sk_now_us();

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		memset(random, 0, sizeof(random));
	snprintf(d->instance, sizeof(d->instance), "%014" PRIx64, started);
	sk_hex(d->instance + strlen(d->instance), random, 8);
}

/* Filtering goes on without the log; the status says so, and it is tried again. */
static void open_nflog(struct fwd *d)
{
	struct sk_err err = {0};
	int r = fwd_nflog_open(&d->nflog, FW_NFT_LOG_GROUP, &err);

	if (r == 0) {
		r = sd_event_add_io(
			d->ev, &d->nflog_io, fwd_nflog_fd(d->nflog), EPOLLIN, on_nflog, d);
		/* A flood of packets must not keep requests waiting. */
		if (r >= 0)
			sd_event_source_set_priority(d->nflog_io, SD_EVENT_PRIORITY_NORMAL + 10);
		else
			sk_err_set(
				&err, r, NULL, "packet log: %s", "パケットログ: %s", strerror(-r));
	}
	if (r >= 0) {
		fwd_unwarn(d, "packet log");
		return;
	}
	fwd_nflog_close(d->nflog);
	d->nflog = NULL;
	fwd_warn(d, "%s", err.en);
	if (!d->nflog_failed)
		sk_log_err(LOG_ERR, "blocked packets cannot be reported", &err);
	d->nflog_failed = true;
}

void fwd_report_retry(struct fwd *d)
{
	if (!d->nflog)
		open_nflog(d);
}

static int start_sources(struct fwd *d)
{
	int r = sd_event_add_time_relative(
		d->ev, &d->flush_timer, CLOCK_MONOTONIC, FLUSH_US, 1000, on_flush, d);

	if (r >= 0)
		r = sd_event_source_set_enabled(d->flush_timer, SD_EVENT_OFF);
	if (r >= 0 && fwd_ifaces_fd(d->ifaces) >= 0)
		r = sd_event_add_io(
			d->ev, &d->ifaces_io, fwd_ifaces_fd(d->ifaces), EPOLLIN, on_ifaces, d);
	return r;
}

int fwd_report_start(struct fwd *d, struct sk_err *err)
{
	uint8_t seed[16];
	int r;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return sk_err_set(err, -EIO, NULL, "no random numbers", "乱数を取得できません");
	sk_buf_init(&d->text, FWD_EVENT_BYTES);
	sk_buf_init(&d->frame, SK_SPOOL_FRAME + FWD_EVENT_BYTES + ENVELOPE);
	make_instance(d);
	d->fold = fwd_fold_new(FWD_FOLD_CAP, FWD_FOLD_WINDOW_US, seed);
	d->spool = sk_spool_new(SK_SPOOL_BYTES);
	d->ifaces = fwd_ifaces_new();
	if (!d->fold || !d->spool || !d->ifaces)
		return sk_err_nomem(err);
	open_nflog(d);
	r = start_sources(d);
	return r < 0
		? sk_err_set(err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r))
		: 0;
}

void fwd_report_stop(struct fwd *d)
{
	sd_event_source_disable_unref(d->flush_timer);
	sd_event_source_disable_unref(d->nflog_io);
	sd_event_source_disable_unref(d->ifaces_io);
	fwd_nflog_close(d->nflog);
	fwd_ifaces_free(d->ifaces);
	fwd_fold_free(d->fold);
	sk_spool_free(d->spool);
	sk_buf_done(&d->text);
	sk_buf_done(&d->frame);
}
