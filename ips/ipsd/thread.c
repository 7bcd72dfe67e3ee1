/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread of a queue: take packets, ask the engine, give verdicts; between batches take over new
 * rules and let time pass. Called by the daemon's main thread through the few functions of
 * thread.h.
 */
#include "ips/ipsd/thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "ips/ipsd/ring.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"

#define RING_BYTES (4u << 20)
#define EVENT_MAX (128u << 10)
#define BATCH 128
#define TICK_MS 200
#define STATS_US 200000
#define RULES_NONE ((struct ips_ruleset *)NULL)
#define LISTS_NONE ((struct ips_lists *)NULL)

struct ipsd_thread {
	struct ipsd_thread_opts o;
	pthread_t id;
	bool running;
	_Atomic bool stop;
	struct ips_queue *queue;
	struct ips_worker *worker;
	struct ipsd_ring *ring;
	_Atomic uint64_t beat, lost;
	_Atomic bool waiting;               /* in poll(): nothing to do */
	_Atomic(struct ips_ruleset *) next; /* handed over, not yet taken */
	_Atomic int settled;
	_Atomic(struct ips_lists *) next_lists;
	_Atomic bool lists_settled;
	uint64_t seen_us, last_tick_us, last_stats_us, alerts;
	uint64_t now_us; /* wall clock of this batch */
	pthread_mutex_t stats_lock;
	struct ipsd_thread_stats stats;
	uint8_t *event; /* main thread: the record taken last */
};

static void on_event(enum ips_event_kind kind, const struct ips_event_key *key, const char *json,
	size_t len, void *arg)
{
	struct ipsd_thread *t = arg;
	const uint64_t one = 1;
	bool empty = false;

	t->alerts += kind == IPS_LOG_ALERT;
	if (len > EVENT_MAX - sizeof(*key) ||
		!ipsd_ring_put(t->ring, key, sizeof(*key), json, (uint32_t)len, &empty)) {
		atomic_fetch_add(&t->lost, 1);
		return;
	}
	if (empty && write(t->o.wake_fd, &one, sizeof(one)) < 0)
		return; /* the counter is at its limit: the reader is awake anyway */
}

static void on_reset(
	const struct ips_flow *f, enum ips_dir dir, uint32_t seq, uint32_t ack, void *arg)
{
	const struct ipsd_thread *t = arg;

	ipsd_reset_send(t->o.raw_fd, f, dir, seq, ack);
}

static bool on_answer(const struct ips_answer *a, void *arg)
{
	const struct ipsd_thread *t = arg;

	return ipsd_answer_send(t->o.packet_fd, t->o.raw_fd, a);
}

static void on_packet(const struct ips_queue_packet *p, struct ips_queue_verdict *v, void *arg)
{
	struct ipsd_thread *t = arg;
	struct ips_meta meta = {
		.ts_us = p->ts_us ? p->ts_us : t->now_us,
		.in_dev = p->in_dev,
		.out_dev = p->out_dev,
		.hw_src = p->hw_src,
	};
	struct ips_verdict got;

	ips_worker_packet(t->worker, IPS_LINK_RAW, p->frame, &meta, &got);
	atomic_fetch_add_explicit(&t->beat, 1, memory_order_relaxed);
	if (got.mark) {
		/* Accepted so that the mark is kept; the firewall's next chain acts on it. */
		v->drop = false;
		v->set_mark = true;
		v->mark = (p->mark & ~0x07u) | got.mark;
	} else {
		v->drop = got.drop;
		v->set_mark = false;
	}
}

/* New rules between two batches: no packet is in the engine now. */
static void take_rules(struct ipsd_thread *t)
{
	struct ips_ruleset *rs = atomic_exchange(&t->next, RULES_NONE);
	struct sk_err err = {0};
	int r;

	if (!rs)
		return;
	r = ips_worker_rules(t->worker, rs, &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "a worker could not take the rules", &err);
	ips_ruleset_unref(rs);
	atomic_store(&t->settled, r < 0 ? r : 1);
}

static void take_lists(struct ipsd_thread *t)
{
	struct ips_lists *l = atomic_exchange(&t->next_lists, LISTS_NONE);

	if (!l)
		return;
	ips_worker_lists(t->worker, l, t->o.learned);
	ips_lists_unref(l);
	atomic_store(&t->lists_settled, true);
}

static void publish(struct ipsd_thread *t)
{
	const struct ips_queue_stats *q = ips_queue_stats(t->queue);
	struct ips_worker_stats w;
	struct ipsd_thread_stats s = {.queue = t->o.queue.number};

	ips_worker_stats(t->worker, &w);
	s.packets = w.packets;
	s.bytes = w.bytes;
	s.dropped = w.dropped;
	s.rejected = w.rejected;
	s.bypassed = w.bypassed;
	s.own = w.own;
	s.events = w.events;
	s.pressure = w.pressure;
	s.listed = w.listed;
	s.answered = w.answered;
	s.learned = w.learned;
	s.shared = w.shared;
	s.alerts = t->alerts;
	s.overruns = q->overruns;
	s.truncated = q->truncated;
	s.flows = w.flow->now;
	s.flows_max = w.flow->max;
	s.sessions = w.stream->sessions;
	s.pool_used = w.stream->pool_used;
	s.pool_max = w.stream->pool_max;
	s.app_used = w.app->used;
	s.seen_us = t->seen_us;
	pthread_mutex_lock(&t->stats_lock);
	t->stats = s;
	pthread_mutex_unlock(&t->stats_lock);
}

static void pass_time(struct ipsd_thread *t)
{
	uint64_t mono = sk_mono_us();

	if (mono - t->last_tick_us < TICK_MS * 1000u)
		return;
	t->last_tick_us = mono;
	ips_worker_tick(t->worker, t->now_us);
	publish(t);
}

static void pin(const struct ipsd_thread *t)
{
	cpu_set_t set;

	if (t->o.cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)t->o.cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void *run(void *arg)
{
	struct ipsd_thread *t = arg;
	struct pollfd pfd = {.fd = ips_queue_fd(t->queue), .events = POLLIN};
	struct sk_err err = {0};

	pin(t);
	while (!atomic_load_explicit(&t->stop, memory_order_relaxed)) {
		int r;

		atomic_fetch_add_explicit(&t->beat, 1, memory_order_relaxed);
		take_rules(t);
		take_lists(t);
		t->now_us = (uint64_t)sk_now_us();
		r = ips_queue_run(t->queue, BATCH, on_packet, t, &err);
		if (r > 0)
			t->seen_us = sk_mono_us();
		pass_time(t);
		if (r > 0)
			continue;
		if (r < 0 && r != -EAGAIN && r != -EINTR && r != -ENOBUFS) {
			sk_log_err(LOG_ERR, "the queue is lost", &err);
			_exit(1); /* started anew at once; the queue rule's fail mode holds */
		}
		atomic_store_explicit(&t->waiting, true, memory_order_relaxed);
		poll(&pfd, 1, TICK_MS);
		atomic_store_explicit(&t->waiting, false, memory_order_relaxed);
	}
	return NULL;
}

static void thread_free(struct ipsd_thread *t)
{
	struct ips_ruleset *rs = atomic_exchange(&t->next, RULES_NONE);

	if (rs)
		ips_ruleset_unref(rs);
	ips_lists_unref(atomic_exchange(&t->next_lists, LISTS_NONE));
	ips_worker_free(t->worker);
	ips_queue_close(t->queue);
	ipsd_ring_free(t->ring);
	pthread_mutex_destroy(&t->stats_lock);
	free(t->event);
	free(t);
}

int ipsd_thread_start(
	struct ipsd_thread **ret, const struct ipsd_thread_opts *o, struct sk_err *err)
{
	static const struct ips_worker_ops ops = {
		.event = on_event, .reset = on_reset, .answer = on_answer};
	struct ipsd_thread *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return sk_err_nomem(err);
	t->o = *o;
	pthread_mutex_init(&t->stats_lock, NULL);
	atomic_store(&t->settled, 1);
	atomic_store(&t->lists_settled, true);
	t->ring = ipsd_ring_new(RING_BYTES);
	t->event = malloc(EVENT_MAX);
	r = t->ring && t->event ? 0 : sk_err_nomem(err);
	if (r == 0)
		r = ips_worker_new(&t->worker, o->engine, o->state, o->seed, &ops, t, err);
	if (r == 0 && o->rules)
		r = ips_worker_rules(t->worker, o->rules, err);
	if (r == 0)
		ips_worker_lists(t->worker, o->lists, o->learned);
	if (r == 0)
		r = ips_queue_open(&t->queue, &o->queue, err);
	if (r == 0) {
		r = -pthread_create(&t->id, NULL, run, t);
		if (r < 0)
			sk_err_en(err, r, NULL, "no thread: %s", strerror(-r));
	}
	if (r < 0) {
		thread_free(t);
		return r;
	}
	t->running = true;
	*ret = t;
	return 0;
}

void ipsd_thread_stop(struct ipsd_thread *t)
{
	if (!t)
		return;
	atomic_store(&t->stop, true);
	if (t->running)
		pthread_join(t->id, NULL);
	thread_free(t);
}

void ipsd_thread_rules(struct ipsd_thread *t, struct ips_ruleset *rs)
{
	struct ips_ruleset *old;

	atomic_store(&t->settled, 0);
	old = atomic_exchange(&t->next, rs);
	if (old)
		ips_ruleset_unref(old);
}

int ipsd_thread_settled(struct ipsd_thread *t)
{
	return atomic_load(&t->settled);
}

void ipsd_thread_lists(struct ipsd_thread *t, struct ips_lists *l)
{
	atomic_store(&t->lists_settled, false);
	ips_lists_unref(atomic_exchange(&t->next_lists, l));
}

bool ipsd_thread_lists_settled(const struct ipsd_thread *t)
{
	return atomic_load(&t->lists_settled);
}

bool ipsd_thread_busy(const struct ipsd_thread *t, uint64_t *ret_beat)
{
	*ret_beat = atomic_load(&t->beat);
	return !atomic_load(&t->waiting);
}

uint64_t ipsd_thread_lost(const struct ipsd_thread *t)
{
	return atomic_load(&t->lost);
}

bool ipsd_thread_next(struct ipsd_thread *t, struct ipsd_thread_event *ret)
{
	uint32_t n = ipsd_ring_get(t->ring, t->event, EVENT_MAX);

	if (n < sizeof(ret->key))
		return false;
	memcpy(&ret->key, t->event, sizeof(ret->key));
	ret->text = (const char *)t->event + sizeof(ret->key);
	ret->len = n - (uint32_t)sizeof(ret->key);
	return true;
}

void ipsd_thread_stats(struct ipsd_thread *t, struct ipsd_thread_stats *ret)
{
	pthread_mutex_lock(&t->stats_lock);
	*ret = t->stats;
	ret->queue = t->o.queue.number;
	pthread_mutex_unlock(&t->stats_lock);
}
