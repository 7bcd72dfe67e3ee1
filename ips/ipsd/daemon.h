/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's one object and what its files offer each other. The main thread has the event loop,
 * the socket and the events; each queue has a thread of its own (thread.c); compiling happens in a
 * third kind (apply.c). Not for use outside ips/ipsd.
 */
#ifndef IPS_IPSD_DAEMON_H
#define IPS_IPSD_DAEMON_H

#include <stdatomic.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "ips/ipsd/fold.h"
#include "ips/ipsd/load.h"
#include "ips/ipsd/thread.h"
#include "lib/ipc.h"
#include "lib/spool.h"

#define IPSD_QUEUES_MAX 16
#define IPSD_EXIT_RESTART 75 /* start anew at once: the engine's sizes changed */

struct ipsd_opts {
	const char *state_dir, *run_dir;
	uint16_t first_queue;
	unsigned queues;      /* 0: one a core */
	bool queue_full_open; /* queue full: let packets pass */
	bool has_manager;
	uid_t manager; /* who besides root may connect */
	mode_t socket_mode;
	gid_t socket_gid;
	bool has_socket_gid;
	int raw_fd[2]; /* raw sockets for resets, IPv4 and IPv6; -1 */
	int packet_fd; /* for answers to blocked queries; -1 */
};

struct ipsd_job;       /* apply.c: a policy on its way */
struct ipsd_lists_job; /* lists.c: a blocklist on its way */

struct ipsd {
	struct ipsd_opts opts;
	sd_event *ev;
	int64_t started;
	struct ips_engine_config cfg; /* the workers run with */
	struct ips_state *state;
	struct ips_ruleset *rules; /* current, or NULL */
	int64_t generation;
	char sha256[65];
	struct ips_lists *lists; /* current, or NULL */
	struct ips_learned *learned;
	struct ipsd_lists_job *lists_job; /* at most one */
	struct ipsd_thread *thread[IPSD_QUEUES_MAX];
	unsigned threads;

	struct ipsd_job *job; /* at most one */
	sd_event_source *job_io, *beat_timer, *tick_timer, *ring_io;
	int ring_fd; /* workers: events wait */

	struct sk_ipc_server *ipc;
	struct sk_ipc_client *subscriber;
	struct sk_spool *spool;
	struct ipsd_fold *fold;
	char instance[49];
	struct sk_buf frame;
	sd_event_source *flush_timer;
	bool flush_armed;
	uint64_t lost_ring, lost_spool; /* reported so far */
	uint8_t seed[16];
};

/* ---- daemon.c ---- */
int ipsd_new(struct ipsd **ret, sd_event *ev, const struct ipsd_opts *o, struct sk_err *err);
/* After the sandbox: queues, the last good policy, listening. */
int ipsd_start(struct ipsd *d, struct sk_err *err);
void ipsd_free(struct ipsd *d);

/* ---- events.c ---- */
int ipsd_events_start(struct ipsd *d, struct sk_err *err);
void ipsd_events_stop(struct ipsd *d);
void ipsd_events_tick(struct ipsd *d);
/* An event of the daemon itself: event_type "inspection"; fields is stolen and may be NULL. */
void ipsd_report(struct ipsd *d, const char *action, json_t *fields);
void ipsd_send_events(struct ipsd *d);
void ipsd_subscribe(struct ipsd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack);

/* ---- apply.c ---- */
/*
 * Begin to load and compile the policy text (copied). check: only judge it. The answer goes to
 * client/id when done (client may be NULL: the boot). -EBUSY while another one is on its way.
 */
int ipsd_apply(struct ipsd *d, const char *text, size_t n, bool check, struct sk_ipc_client *client,
	uint32_t id, struct sk_err *err);
/* The policy of last time, from disk; waits for it. No policy yet is no error. */
int ipsd_apply_saved(struct ipsd *d, struct sk_err *err);
void ipsd_apply_client_gone(struct ipsd *d, struct sk_ipc_client *c);
void ipsd_apply_stop(struct ipsd *d);

/* ---- lists.c ---- */
/* Begin to load the blocklist that came with m; the answer goes to client when done. */
int ipsd_lists_apply(struct ipsd *d, struct sk_ipc_client *client, const struct sk_ipc_msg *m,
	struct sk_err *err);
/* That of last time, from disk; -ENOENT: none. */
int ipsd_lists_saved(struct ipsd *d, struct sk_err *err);
void ipsd_lists_client_gone(struct ipsd *d, struct sk_ipc_client *c);
void ipsd_lists_stop(struct ipsd *d);
json_t *ipsd_lists_status(struct ipsd *d);
/* What becomes of a canonical value of that kind: {verdict, feed, entry, kind}. */
/* A learned address is not to be blocked: as if an unlisted name had it, too. -EINVAL: none. */
int ipsd_lists_spare(struct ipsd *d, const char *address, bool *ret_was);
json_t *ipsd_lists_test(struct ipsd *d, enum sk_bl_kind kind, const char *text, size_t n);

/* ---- answer.c ---- */
/* The socket, or -1 (told). */
int ipsd_answer_open(void);
/* raw_fd: of ipsd_reset_open, for answers to this machine. */
bool ipsd_answer_send(int fd, const int raw_fd[2], const struct ips_answer *a);

/* ---- ops.c ---- */
int ipsd_ipc_start(struct ipsd *d, struct sk_err *err);
json_t *ipsd_tally(const struct ips_ruleset *rs);

/* ---- monitor.c ---- */
/*
 * Fork; the child returns 0 with *ret_fd to write a byte to at least every half second, IPSD_ENDS
 * before it ends: that may take five. The parent stays in here: it kills a child that is silent for
 * a second or stopped, starts another one when it died, and returns the exit code once the child
 * left of its own will.
 */
#define IPSD_LIVES '.'
#define IPSD_ENDS 'e'
int ipsd_monitor(int *ret_fd, int *ret_code);

/* ---- reset.c ---- */
/* Raw sockets, before the rights are given up. Failing is told and leaves -1. */
void ipsd_reset_open(int fd[2]);
/* A reset as if from the other side, to the receiver of dir (RFC 9293, 3.5.2). */
void ipsd_reset_send(
	const int fd[2], const struct ips_flow *f, enum ips_dir dir, uint32_t seq, uint32_t ack);

#endif
