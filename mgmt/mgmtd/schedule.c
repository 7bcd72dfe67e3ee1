// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens by the clock: expiry to the second, counters every minute, reminders and the upkeep
 * of the event store every hour. Only the wall clock decides, so a clock that was set is no
 * trouble.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/backup.h"
#include "mgmt/mgmtd/admission.h"
#include "mgmt/mgmtd/inspect.h"
#include "mgmt/mgmtd/talk.h"
#include "mgmt/mgmtd/lists.h"
#include "mgmt/mgmtd/notifier.h"
#include "mgmt/mgmtd/peer.h"
#include "mgmt/mgmtd/portwatch.h"
#include "mgmt/store/allow.h"
#include "mgmt/mgmtd/schedule.h"
#include "mgmt/store/devices.h"
#include "mgmt/store/exceptions.h"
#include "mgmt/store/rules.h"
#include "mgmt/mgmtd/update.h"

#define TICK_US 1000000
#define FW_MS 1000 /* a periodic call to fwd waits no longer */
#define TIGHTEN_S 10
#define HITS_MAX 65536

struct mg_schedule {
	struct mg_daemon *d;
	sd_event_source *tick;
	int64_t minute, hour;
	/* totals as last stored, by number, to write only what moved */
	struct hit_seen {
		uint32_t number;
		uint64_t packets;
	} * seen;
	size_t n_seen, cap_seen;
	struct mg_hit *hits;
	size_t n_hits, cap_hits;
};

/* ---- expiry -----------------------------------------------------------------------------------
 */
static void expire(struct mg_schedule *s, int64_t now)
{
	_cleanup_(sk_freep) uint32_t *numbers = NULL;
	struct sk_err err = {0};
	size_t n = 0;

	if (mg_store_expire_due(s->d->store, now, &numbers, &n, &err) < 0) {
		sk_log_err(LOG_ERR, "expiry", &err);
		return;
	}
	/* What was postponed is also done when fwd comes back or a trial ends; this is the net
	 * below. */
	if (!n && (!s->d->tighten || now % TIGHTEN_S != 0 || !mg_peer_connected(s->d->fw)))
		return;
	for (size_t i = 0; i < n; i++)
		sk_log(LOG_NOTICE, "rule %u has expired", numbers[i]);
	if (n)
		mg_daemon_registry_changed(s->d);
	/* fwd has taken them out by itself; this makes its document say so. */
	if (mg_daemon_tighten(s->d, &err) < 0)
		sk_log_err(LOG_ERR, "expiry", &err);
}

static void expire_records(struct mg_schedule *s, const struct mg_record_kind *k, int64_t now)
{
	struct sk_err err = {0};
	size_t n = 0;

	if (mg_store_records_expire(k, s->d->store, now, &n, &err) < 0)
		sk_log_err(LOG_ERR, "expiry", &err);
	if (!n)
		return;
	sk_log(LOG_NOTICE, "%zu records (%s) have expired", n, mg_record_noun(k)->en);
	mg_daemon_registry_changed(s->d);
}

/* ---- counters ---------------------------------------------------------------------------------
 */
/* Both lists are sorted by number; fwd's come in that order, too. */
static struct hit_seen *seen(struct mg_schedule *s, uint32_t number)
{
	size_t lo = 0, hi = s->n_seen;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->seen[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->n_seen && s->seen[lo].number == number)
		return &s->seen[lo];
	if (s->n_seen >= HITS_MAX ||
		sk_grow(&s->seen, &s->cap_seen, s->n_seen + 1, sizeof(*s->seen)) < 0)
		return NULL;
	memmove(&s->seen[lo + 1], &s->seen[lo], (s->n_seen - lo) * sizeof(*s->seen));
	s->seen[lo] = (struct hit_seen){.number = number, .packets = UINT64_MAX};
	s->n_seen++;
	return &s->seen[lo];
}

static int take_counter(struct mg_schedule *s, const json_t *row)
{
	struct mg_hit h = {
		.number = (uint32_t)json_integer_value(json_array_get(row, 0)),
		.packets = (uint64_t)json_integer_value(json_array_get(row, 1)),
		.bytes = (uint64_t)json_integer_value(json_array_get(row, 2)),
		.last_hit = (int64_t)json_integer_value(json_array_get(row, 3)),
	};
	struct hit_seen *e = seen(s, h.number);

	if (!e || e->packets == h.packets)
		return 0;
	if (sk_grow(&s->hits, &s->cap_hits, s->n_hits + 1, sizeof(*s->hits)) < 0)
		return -ENOMEM;
	s->hits[s->n_hits++] = h;
	e->packets = h.packets;
	return 0;
}

static int on_counters(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "counters");
	int r = 0;

	for (size_t i = 0; !r && i < json_array_size(rows); i++)
		r = take_counter(arg, json_array_get(rows, i));
	return r;
}

static void counters(struct mg_schedule *s)
{
	struct sk_err err = {0};
	int r;

	s->n_hits = 0;
	if (!mg_peer_connected(s->d->fw))
		return;
	r = mg_fw_call_ms(s->d, "counters", json_object(), -1, FW_MS, on_counters, s, NULL, &err);
	if (!r && s->n_hits)
		r = mg_store_hits_update(s->d->store, s->hits, s->n_hits, &err);
	if (r < 0) {
		/* Not stored: all are new again next time. */
		s->n_seen = 0;
		sk_log_err(LOG_WARNING, "counters", &err);
	}
}

/* ---- hourly -----------------------------------------------------------------------------------
 */
static void hourly(struct mg_schedule *s, int64_t now)
{
	struct sk_err err = {0};
	size_t n = 0;

	if (mg_store_notices_due(s->d->store, now, &n, &err) < 0)
		sk_log_err(LOG_ERR, "notices", &err);
	else if (n)
		sk_log(LOG_NOTICE, "%zu reminders of rules that expire soon", n);
	if (n)
		mg_notifier_expiry(s->d, now);
	mg_talk_hourly(s->d, now);
	if (mg_daemon_events_reopen(s->d, &err) < 0 ||
		mg_events_maintain(s->d->events, now, &err) < 0)
		sk_log_err(LOG_ERR, "event store", &err);
}

/* A setting that was approved works a second later. */
static void settings(struct mg_schedule *s)
{
	struct sk_err err = {0};

	if (!s->d->settings_dirty)
		return;
	s->d->settings_dirty = false;
	if (mg_daemon_events_reopen(s->d, &err) < 0)
		sk_log_err(LOG_ERR, "event store", &err);
	mg_notifier_tick(s->d);
}

static int on_tick(sd_event_source *src, uint64_t usec, void *userdata)
{
	struct mg_schedule *s = userdata;
	int64_t now = sk_now();

	expire(s, now);
	expire_records(s, &mg_exception_kind, now);
	expire_records(s, &mg_allow_kind, now);
	expire_records(s, &mg_device_kind, now);
	settings(s);
	mg_inspect_tick(s->d, now);
	mg_admission_tick(s->d, now);
	mg_lists_tick(s->d, now);
	mg_update_tick(s->d, now);
	mg_portwatch_tick(s->d, now);
	if (now / 60 != s->minute) {
		s->minute = now / 60;
		counters(s);
		mg_backup_tick(s->d, now);
	}
	if (now / 3600 != s->hour) {
		s->hour = now / 3600;
		hourly(s, now);
	}
	sd_event_source_set_time_relative(src, TICK_US);
	return sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

int mg_schedule_new(struct mg_daemon *d, struct sk_err *err)
{
	struct mg_schedule *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return sk_err_nomem(err);
	d->schedule = s;
	s->d = d;
	/* Expiry does not wait: the first tick is now, and it comes before people's calls. */
	r = sd_event_add_time(d->ev, &s->tick, CLOCK_MONOTONIC, 0, 1000, on_tick, s);
	if (r >= 0)
		r = sd_event_source_set_priority(s->tick, SD_EVENT_PRIORITY_NORMAL - 10);
	return r < 0 ? sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r)) : 0;
}

void mg_schedule_free(struct mg_schedule *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->tick);
	free(s->seen);
	free(s->hits);
	free(s);
}
