/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker's inside, shared by the engine's own files. */
#ifndef IPS_ENGINE_WORKER_H
#define IPS_ENGINE_WORKER_H

#include "ips/engine/contacts.h"
#include "ips/engine/engine.h"
#include "ips/engine/expect.h"
#include "ips/engine/ring.h"
#include "ips/proto/recognise.h"

struct ips_worker {
	struct ips_engine_config cfg;
	struct ips_worker_ops ops;
	void *arg;
	struct ips_decoder *decoder;
	struct ips_flow_table *flows;
	struct ips_streams *streams;
	struct ips_detect *detect;
	struct ips_mem app_mem;
	struct ips_app_ctx app;
	struct ips_expects *expects;
	struct ips_ring *ring;
	struct ips_lists *lists; /* NULL: none */
	struct ips_learned *learned;
	struct ips_contacts *contacts; /* NULL: of a capture, which tells nothing of this site */
	struct sk_buf out;
	struct ips_packet *current; /* while a packet is being worked on */
	uint64_t now_us, frames;
	uint64_t last_pressure_us;
	struct ips_worker_stats stats;
};

/* Report and act on what detection found. */
void ips_worker_alerts(struct ips_worker *w, struct ips_packet *p, const struct ips_alert *alerts,
	unsigned n, struct ips_verdict *v);
/* A drop without a rule. */
void ips_worker_drop(
	struct ips_worker *w, struct ips_packet *p, const char *reason, struct ips_verdict *v);
/* An anomaly of the engine itself. */
void ips_worker_notice(struct ips_worker *w, struct ips_packet *p, const char *what);
/* listed.c: hold what the flow's parsers found against the blocklists. */
void ips_worker_listed(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v);
/* Nothing more of f is going to be held against them. */
bool ips_worker_listed_done(const struct ips_worker *w, const struct ips_flow *f);
/* The flow ends here: dropped, both sides told. */
void ips_worker_reject(struct ips_worker *w, struct ips_packet *p, struct ips_verdict *v);
/* w->out as an event with a key of the caller's. */
void ips_worker_send(
	struct ips_worker *w, enum ips_event_kind kind, const struct ips_event_key *key);
/* p and a (may be NULL) are what the event is about. */
void ips_worker_emit(struct ips_worker *w, enum ips_event_kind kind, const struct ips_packet *p,
	const struct ips_alert *a);

#endif
