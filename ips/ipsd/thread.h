/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One queue, one thread, one engine worker. It never waits for anybody: events go into a ring that
 * is emptied by the main thread, what does not fit is counted.
 */
#ifndef IPS_IPSD_THREAD_H
#define IPS_IPSD_THREAD_H

#include "ips/engine/engine.h"
#include "ips/queue/queue.h"

struct ipsd_thread;

struct ipsd_thread_opts {
	unsigned index;
	int cpu; /* to run on; -1: any */
	struct ips_queue_config queue;
	const struct ips_engine_config *engine;
	struct ips_state *state;
	const uint8_t *seed; /* 16 bytes */
	int wake_fd;         /* eventfd written when events wait */
	int raw_fd[2];
	int packet_fd;
	struct ips_ruleset *rules;   /* borrowed; NULL: none yet */
	struct ips_lists *lists;     /* likewise */
	struct ips_learned *learned; /* outlives the thread */
};
/* Opens the queue and starts. Without rules packets pass, tracked only. */
int ipsd_thread_start(
	struct ipsd_thread **ret, const struct ipsd_thread_opts *o, struct sk_err *err);
void ipsd_thread_stop(struct ipsd_thread *t); /* joins; NULL-safe */

/* Hand over rules (a reference is taken over by the thread) from the next batch on. */
void ipsd_thread_rules(struct ipsd_thread *t, struct ips_ruleset *rs);
/* 1 when the last rules handed over are in use, 0 not yet, -errno when they could not be taken. */
int ipsd_thread_settled(struct ipsd_thread *t);

/* The same for blocklists, which every worker can take. */
void ipsd_thread_lists(struct ipsd_thread *t, struct ips_lists *l);
bool ipsd_thread_lists_settled(const struct ipsd_thread *t);

/* Packets and loop turns so far; true while at work: not moving then for a second means hung. */
bool ipsd_thread_busy(const struct ipsd_thread *t, uint64_t *ret_beat);

/* Main thread: take the next event out of the ring; false when empty. text is valid until the next
 * call. */
struct ipsd_thread_event {
	struct ips_event_key key;
	const char *text;
	uint32_t len;
};
bool ipsd_thread_next(struct ipsd_thread *t, struct ipsd_thread_event *ret);
uint64_t ipsd_thread_lost(const struct ipsd_thread *t);

struct ipsd_thread_stats {
	uint16_t queue;
	uint64_t packets, bytes, dropped, rejected, bypassed, own, alerts, events, overruns,
		pressure, truncated, listed, answered, learned, shared;
	uint32_t flows, flows_max, sessions, pool_used, pool_max;
	uint64_t app_used, seen_us; /* last packet, CLOCK_MONOTONIC; 0 never */
};
void ipsd_thread_stats(struct ipsd_thread *t, struct ipsd_thread_stats *ret);

#endif
