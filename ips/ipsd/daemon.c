/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon as a whole: what is opened in which order, the watch over the workers. Rules come
 * first, queues last: from the first packet on there is an engine behind every queue.
 */
#include "ips/ipsd/daemon.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"

#define BEAT_US 250000 /* workers turn at least every 200 ms */
#define HUNG_BEATS 4
#define TICK_US 1000000
#define QUEUE_LEN 8192
#define QUEUE_RCVBUF (32u << 20)

struct watch {
	struct ipsd *d;
	uint64_t beat[IPSD_QUEUES_MAX];
	unsigned still[IPSD_QUEUES_MAX];
};

/* A worker that stands still takes its queue with it: leave, and be started anew. */
static void hung(struct ipsd *d, unsigned i)
{
	sk_log(LOG_ERR, "worker %u does not move any more: starting anew", i);
	ipsd_report(d, "hung", json_pack("{s:i}", "worker", (int)i));
	ipsd_send_events(d);
	_exit(IPSD_EXIT_RESTART);
}

static int on_beat(sd_event_source *s, uint64_t usec, void *arg)
{
	struct watch *w = arg;

	for (unsigned i = 0; i < w->d->threads; i++) {
		uint64_t beat;
		bool busy = ipsd_thread_busy(w->d->thread[i], &beat);

		w->still[i] = busy && beat == w->beat[i] ? w->still[i] + 1 : 0;
		w->beat[i] = beat;
		if (w->still[i] >= HUNG_BEATS)
			hung(w->d, i);
	}
	sd_event_source_set_time_relative(s, BEAT_US);
	return 0;
}

static int on_tick(sd_event_source *s, uint64_t usec, void *arg)
{
	struct ipsd *d = arg;

	ipsd_events_tick(d);
	sd_event_source_set_time_relative(s, TICK_US);
	return 0;
}

static void free_watch(void *arg)
{
	free(arg);
}

static int start_timers(struct ipsd *d, struct sk_err *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return sk_err_nomem(err);
	w->d = d;
	r = sd_event_add_time_relative(
		d->ev, &d->beat_timer, CLOCK_MONOTONIC, BEAT_US, 1000, on_beat, w);
	if (r < 0) {
		free(w);
		return sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	}
	sd_event_source_set_destroy_callback(d->beat_timer, free_watch);
	sd_event_source_set_enabled(d->beat_timer, SD_EVENT_ON);
	r = sd_event_add_time_relative(
		d->ev, &d->tick_timer, CLOCK_MONOTONIC, TICK_US, 1000, on_tick, d);
	if (r < 0)
		return sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	sd_event_source_set_enabled(d->tick_timer, SD_EVENT_ON);
	return 0;
}

static unsigned cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : SK_MIN((unsigned)n, IPSD_QUEUES_MAX);
}

static int start_threads(struct ipsd *d, struct sk_err *err)
{
	unsigned n = d->opts.queues ? d->opts.queues : cores(), all = cores();

	for (unsigned i = 0; i < n; i++) {
		struct ipsd_thread_opts o = {
			.index = i,
			.cpu = n <= all ? (int)i : -1,
			.queue = {.number = (uint16_t)(d->opts.first_queue + i),
				.max_len = QUEUE_LEN,
				.rcvbuf = QUEUE_RCVBUF,
				.full_accept = d->opts.queue_full_open},
			.engine = &d->cfg,
			.state = d->state,
			.seed = d->seed,
			.wake_fd = d->ring_fd,
			.raw_fd = {d->opts.raw_fd[0], d->opts.raw_fd[1]},
			.packet_fd = d->opts.packet_fd,
			.rules = d->rules,
			.lists = d->lists,
			.learned = d->learned,
		};
		int r = ipsd_thread_start(&d->thread[i], &o, err);

		if (r < 0)
			return r;
		d->threads++;
	}
	return 0;
}

/* Interface names by index; asked of the kernel once for each. */
static const char *iface_name(uint32_t index, void *arg)
{
	static _Thread_local struct {
		uint32_t index;
		char name[IF_NAMESIZE];
	} known[64];
	unsigned slot = index % SK_ARRAY_SIZE(known);

	if (known[slot].index != index) {
		if (!if_indextoname(index, known[slot].name))
			return NULL;
		known[slot].index = index;
	}
	return known[slot].name;
}

static void own_config(struct ipsd *d)
{
	d->cfg.eve.ts = true;
	d->cfg.eve.iface = iface_name;
}

int ipsd_new(struct ipsd **ret, sd_event *ev, const struct ipsd_opts *o, struct sk_err *err)
{
	struct ipsd *d = calloc(1, sizeof(*d));
	char cache[4096];
	int r;

	if (!d)
		return sk_err_nomem(err);
	d->opts = *o;
	d->ev = sd_event_ref(ev);
	d->ring_fd = -1;
	d->started = sk_now();
	ips_engine_config_default(&d->cfg, true);
	r = getrandom(d->seed, sizeof(d->seed), 0) == sizeof(d->seed)
		? 0
		: sk_err_en(err, -EIO, NULL, "no random numbers");
	snprintf(cache, sizeof(cache), "%s/cache", o->state_dir);
	if (r == 0)
		r = sk_mkdir_p(cache, 0700, err);
	if (r == 0)
		r = ipsd_ipc_start(d, err);
	if (r < 0) {
		ipsd_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

static int load_saved(struct ipsd *d)
{
	struct sk_err err = {0};
	int r = ipsd_apply_saved(d, &err);

	if (r == -ENOENT)
		sk_log(LOG_NOTICE, "no policy yet: packets pass without inspection");
	else if (r < 0)
		sk_log_err(LOG_ERR, "the policy of last time cannot be used", &err);
	return r;
}

static void load_lists(struct ipsd *d)
{
	struct sk_err err = {0};
	int r = ipsd_lists_saved(d, &err);

	if (r < 0 && r != -ENOENT)
		sk_log_err(LOG_ERR, "the blocklist of last time cannot be used", &err);
}

int ipsd_start(struct ipsd *d, struct sk_err *err)
{
	struct ips_state_config sc;
	int r;

	ips_state_config_default(&sc);
	d->state = ips_state_new(&sc, d->seed);
	d->learned = ips_learned_new(d->seed);
	if (!d->state || !d->learned)
		return sk_err_nomem(err);
	r = ipsd_events_start(d, err);
	if (r < 0)
		return r;
	load_saved(d);
	load_lists(d);
	own_config(d);
	r = start_threads(d, err);
	if (r == 0)
		r = start_timers(d, err);
	if (r < 0)
		return r;
	ipsd_report(d, "start",
		json_pack("{s:I,s:I,s:I}", "generation", (json_int_t)d->generation, "queues",
			(json_int_t)d->threads, "rules",
			(json_int_t)(d->rules ? ips_ruleset_info(d->rules)->rules : 0)));
	return 0;
}

void ipsd_free(struct ipsd *d)
{
	if (!d)
		return;
	ipsd_apply_stop(d);
	ipsd_lists_stop(d);
	for (unsigned i = 0; i < d->threads; i++)
		ipsd_thread_stop(d->thread[i]);
	d->threads = 0;
	sd_event_source_disable_unref(d->beat_timer);
	sd_event_source_disable_unref(d->tick_timer);
	ipsd_events_stop(d);
	sk_ipc_server_free(d->ipc);
	ips_ruleset_unref(d->rules);
	ips_lists_unref(d->lists);
	ips_learned_free(d->learned);
	ips_state_free(d->state);
	sd_event_unref(d->ev);
	free(d);
}
