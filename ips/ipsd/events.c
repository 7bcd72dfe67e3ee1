/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the workers' rings to the subscriber: repeats folded, numbered, spooled, sent in frames.
 * What is lost on the way is counted and reported as an event of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"

#define FLUSH_US 50000
#define QUEUE_BYTES (4u << 20)
#define ENVELOPE 256
#define DRAIN 4096 /* events taken from one ring in one turn */

void ipsd_send_events(struct ipsd *d)
{
	struct sk_spool_frame f;

	while (d->subscriber && sk_ipc_client_queued(d->subscriber) < QUEUE_BYTES &&
		sk_spool_next(d->spool, SK_SPOOL_INFLIGHT, &f)) {
		sk_buf_reset(&d->frame);
		sk_buf_printf(&d->frame, "{\"instance\":\"%s\",\"seq\":%" PRIu64 ",\"events\":[",
			d->instance, f.last);
		sk_buf_put(&d->frame, f.text, f.len);
		sk_buf_puts(&d->frame, "]}");
		/* On failure the frame stays in the spool; the server closes the client. */
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
	struct ipsd *d = arg;

	d->flush_armed = false;
	ipsd_send_events(d);
	return 0;
}

static void put_event(struct ipsd *d, const char *text, size_t len)
{
	sk_spool_put(d->spool, text, len);
	if (d->flush_armed || !d->subscriber)
		return;
	if (sd_event_source_set_time_relative(d->flush_timer, FLUSH_US) >= 0 &&
		sd_event_source_set_enabled(d->flush_timer, SD_EVENT_ONESHOT) >= 0)
		d->flush_armed = true;
}

void ipsd_subscribe(struct ipsd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack)
{
	if (d->subscriber && d->subscriber != c)
		sk_ipc_client_close(d->subscriber);
	d->subscriber = c;
	if (sk_streq(instance, d->instance))
		sk_spool_ack(d->spool, ack);
	sk_spool_rewind(d->spool);
	ipsd_send_events(d);
}

/* The first event again, with the count of those that followed it. */
static void on_fold(const char *text, size_t len, const struct ipsd_fold_sum *sum, void *arg)
{
	_cleanup_(sk_json_decrefp) json_t *e = json_loadb(text, len, 0, NULL);
	json_t *own = json_object_get(e, "sekisho");
	struct ipsd *d = arg;
	char stamp[48], *out;

	if (!own)
		return;
	json_object_del(own, "pcap");
	json_object_set_new(own, "count", json_integer((json_int_t)sum->count));
	json_object_set_new(own, "first", json_integer((json_int_t)sum->first_us));
	json_object_set_new(own, "last", json_integer((json_int_t)sum->last_us));
	json_object_set_new(e, "ts", json_integer((json_int_t)sum->last_us));
	json_object_set_new(e, "timestamp",
		json_string(sk_time_format_us((int64_t)sum->last_us, stamp, sizeof(stamp))));
	out = json_dumps(e, JSON_COMPACT);
	put_event(d, out ? out : "", out ? strlen(out) : 0);
	free(out);
}

static bool drain(struct ipsd *d, struct ipsd_thread *t)
{
	struct ipsd_thread_event e;
	uint64_t now = (uint64_t)sk_now_us();
	unsigned n;

	for (n = 0; n < DRAIN && ipsd_thread_next(t, &e); n++)
		if (ipsd_fold_add(d->fold, &e.key, e.text, e.len, now))
			put_event(d, e.text, e.len);
	return n == DRAIN;
}

static int on_ring(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	const uint64_t one = 1;
	struct ipsd *d = arg;
	bool more = false;
	uint64_t n;

	if (read(fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return 0;
	for (unsigned i = 0; i < d->threads; i++)
		more |= drain(d, d->thread[i]);
	if (more && write(fd, &one, sizeof(one)) < 0)
		return 0;
	return 0;
}

void ipsd_report(struct ipsd *d, const char *action, json_t *fields)
{
	int64_t now = sk_now_us();
	char stamp[48];
	json_t *e;
	char *text;

	if (!fields)
		fields = json_object();
	if (fields)
		json_object_set_new(fields, "action", json_string(action));
	e = json_pack("{s:s,s:I,s:s,s:o}", "timestamp",
		sk_time_format_us(now, stamp, sizeof(stamp)), "ts", (json_int_t)now, "event_type",
		"inspection", "sekisho", fields);
	text = e ? json_dumps(e, JSON_COMPACT) : NULL;
	json_decref(e);
	put_event(d, text ? text : "", text ? strlen(text) : 0);
	free(text);
}

static void report_lost(struct ipsd *d, const char *where, uint64_t now, uint64_t *reported)
{
	uint64_t n = now - *reported;

	if (now <= *reported)
		return;
	*reported = now;
	sk_log(LOG_WARNING, "%" PRIu64 " events could not be kept (%s)", n, where);
	ipsd_report(d, "lost", json_pack("{s:s,s:I}", "where", where, "count", (json_int_t)n));
}

void ipsd_events_tick(struct ipsd *d)
{
	uint64_t lost = 0;

	ipsd_fold_sweep(d->fold, (uint64_t)sk_now_us(), false, on_fold, d);
	for (unsigned i = 0; i < d->threads; i++)
		lost += ipsd_thread_lost(d->thread[i]);
	report_lost(d, "worker", lost, &d->lost_ring);
	report_lost(d, "spool", sk_spool_lost(d->spool), &d->lost_spool);
}

/* Distinguishes the numbering of this run from every other one. */
static void make_instance(struct ipsd *d)
{
	uint8_t random[8];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		memset(random, 0, sizeof(random));
	snprintf(d->instance, sizeof(d->instance), "%014" PRIx64, (uint64_t)sk_now_us());
	sk_hex(d->instance + strlen(d->instance), random, sizeof(random));
}

int ipsd_events_start(struct ipsd *d, struct sk_err *err)
{
	int r;

	make_instance(d);
	sk_buf_init(&d->frame, SK_SPOOL_FRAME + SK_SPOOL_EVENT + ENVELOPE);
	d->spool = sk_spool_new(SK_SPOOL_BYTES);
	d->fold = ipsd_fold_new(IPSD_FOLD_CAP, d->seed);
	if (!d->spool || !d->fold)
		return sk_err_nomem(err);
	d->ring_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (d->ring_fd < 0)
		return sk_err_en(err, -errno, NULL, "eventfd: %s", strerror(errno));
	r = sd_event_add_io(d->ev, &d->ring_io, d->ring_fd, EPOLLIN, on_ring, d);
	if (r >= 0)
		r = sd_event_add_time_relative(
			d->ev, &d->flush_timer, CLOCK_MONOTONIC, FLUSH_US, 1000, on_flush, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->flush_timer, SD_EVENT_OFF);
	return r < 0 ? sk_err_en(err, r, NULL, "event loop: %s", strerror(-r)) : 0;
}

void ipsd_events_stop(struct ipsd *d)
{
	if (d->fold && d->spool) {
		ipsd_fold_sweep(d->fold, (uint64_t)sk_now_us(), true, on_fold, d);
		ipsd_send_events(d);
	}
	sd_event_source_disable_unref(d->flush_timer);
	sd_event_source_disable_unref(d->ring_io);
	/* The server closes its clients after this. */
	d->subscriber = NULL;
	ipsd_fold_free(d->fold);
	sk_spool_free(d->spool);
	d->fold = NULL;
	d->spool = NULL;
	sk_buf_done(&d->frame);
	if (d->ring_fd >= 0)
		close(d->ring_fd);
}
