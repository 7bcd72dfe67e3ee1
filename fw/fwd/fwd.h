/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's one object and what its files offer each other. Single-threaded: everything runs
 * from the event loop. Not for use outside fw/fwd.
 */
#ifndef FW_FWD_FWD_H
#define FW_FWD_FWD_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "fw/fwd/conntrack.h"
#include "fw/fwd/counters.h"
#include "fw/fwd/fold.h"
#include "fw/fwd/ifaces.h"
#include "fw/fwd/nflog.h"
#include "fw/fwd/persist.h"
#include "fw/fwd/spool.h"
#include "fw/nft/nft.h"
#include "lib/ipc.h"

#define FWD_CONFIRM_MAX 86400
#define FWD_WARNINGS 16

struct fwd_opts {
	const char *state_dir, *run_dir;
	bool no_owner;
	bool has_manager;
	uid_t manager; /* who besides root may connect */
	mode_t socket_mode;
	gid_t socket_gid;
	bool has_socket_gid;
};

/* Changes by other programs, and what was done about them. */
struct fwd_drift_state {
	int fd;
	sd_event_source *io, *debounce;
	uint32_t pid; /* of the last foreign change, 0 unknown */
	char process[32];
	int64_t last; /* wall clock, 0 never */
	uint64_t count;
	int64_t window;        /* start of the minute in which repairs are counted */
	unsigned repairs;      /* in it */
	uint64_t unreported;   /* beyond the limit in it */
	struct sk_buf foreign; /* other tables' chains, as words joined by ", " */
};

struct fwd {
	struct fwd_opts opts;
	sd_event *ev;
	int64_t started;

	struct fw_nft *nft;
	struct fwd_ct *ct;
	struct fwd_persist *disk;

	/* What the kernel is to run, and what it returns to. The same object outside a trial. */
	struct fw_policy *running, *confirmed;
	bool none;        /* no document was ever applied: running is only the built-ins */
	bool adopted;     /* and the kernel keeps the table it had */
	bool trial;       /* running waits for its confirmation */
	bool overdue;     /* and its time is up: only the way back is left */
	bool dirty;       /* the kernel does not run `running`; retried */
	int64_t retry_at; /* monotonic seconds */
	unsigned retries;
	int64_t deadline; /* wall clock, for people */
	enum fwd_loaded loaded;
	size_t expired; /* rules of the running document left out */
	sd_event_source *deadline_timer, *expiry_timer;

	struct fwd_counters counters;
	struct fwd_drift_state drift;

	struct fwd_nflog *nflog;
	sd_event_source *nflog_io;
	bool nflog_failed; /* said so already */
	struct fwd_ifaces *ifaces;
	sd_event_source *ifaces_io;
	struct fwd_fold *fold;
	struct fwd_stamp stamp;
	struct sk_buf text; /* of one event */

	struct fwd_spool *spool;
	char instance[49];
	sd_event_source *flush_timer;
	bool flush_armed;
	struct sk_buf frame;
	uint64_t lost_kernel, lost_spool; /* reported so far */
	struct sk_ipc_client *subscriber;

	struct sk_ipc_server *ipc;
	sd_event_source *tick;
	uint64_t ticks;
	int64_t tick_wall;    /* wall clock at the last minute */
	bool counters_failed; /* said so already */
	char *warnings[FWD_WARNINGS];
	size_t n_warnings;
};

/* ---- daemon.c: the whole ---- */
int fwd_new(struct fwd **ret, sd_event *ev, const struct fwd_opts *o, struct sk_err *err);
void fwd_free(struct fwd *d);
/* Load the policy into the kernel, then listen. After the sandbox is in place. */
int fwd_start(struct fwd *d, struct sk_err *err);
/* Before leaving: counters to disk, last events out. The kernel keeps its rules. */
void fwd_stop(struct fwd *d);
/* For the status; the same text only once. */
void fwd_warn(struct fwd *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Over: forget the warnings that begin so. */
void fwd_unwarn(struct fwd *d, const char *prefix);
void fwd_poll_counters(struct fwd *d);
void fwd_save_counters(struct fwd *d);

/* ---- apply.c: policies into the kernel ---- */
struct fwd_applied {
	uint64_t generation;
	char sha256[65];
	int64_t confirm_deadline; /* 0: final */
	size_t cut;
	struct fw_nft_stats stats;
};
int fwd_boot(struct fwd *d, struct sk_err *err);
int fwd_apply(struct fwd *d, const void *doc, size_t n, int confirm_s, struct fwd_applied *ret,
	struct sk_err *err);
int fwd_confirm(struct fwd *d, uint64_t generation, struct sk_err *err);
/* why: for the event, "requested" or "not confirmed". */
int fwd_rollback(struct fwd *d, const char *why, struct sk_err *err);
/* Once a second; once a minute; after the wall clock was turned back. */
void fwd_retry(struct fwd *d);
void fwd_expire(struct fwd *d);
void fwd_clock_back(struct fwd *d);
/* Has our table any rules, ours or of an earlier run? True if it cannot be said. */
bool fwd_kernel_has_rules(struct fwd *d);
/* Put running into the kernel again. */
int fwd_reapply(struct fwd *d, struct sk_err *err);

/* ---- drift.c ---- */
int fwd_drift_start(struct fwd *d, struct sk_err *err);
void fwd_drift_stop(struct fwd *d);
void fwd_drift_check(struct fwd *d);

/* ---- report.c: events to the subscriber ---- */
int fwd_report_start(struct fwd *d, struct sk_err *err);
void fwd_report_stop(struct fwd *d);
/* Bind the packet log if another process had it until now. */
void fwd_report_retry(struct fwd *d);
/* A logged packet: folded or queued. */
void fwd_report_packet(const struct fwd_event *e, void *d);
/* Close fold windows that ended (all: every one), report losses. */
void fwd_report_tick(struct fwd *d, bool all);
/* An event of fwd itself; fields is stolen and may be NULL. */
void fwd_report(struct fwd *d, const char *action, json_t *fields);
void fwd_send_events(struct fwd *d);
void fwd_subscribe(struct fwd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack);

/* ---- ipc.c, ops.c ---- */
int fwd_ipc_start(struct fwd *d, struct sk_err *err);
struct fwd_op {
	const char *name;
	unsigned peers; /* who may */
	/* Returns the code for END; *ret_extra (owned by the caller) is merged into it. */
	int (*fn)(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **ret_extra,
		struct sk_err *err);
};
#define FWD_PEER_ROOT 1u
#define FWD_PEER_MANAGER 2u
const struct fwd_op *fwd_op_find(const char *name);
/* Called after END was sent: subscribing starts only then. */
void fwd_op_after(struct fwd *d, const struct fwd_op *op, struct sk_ipc_client *c,
	const struct sk_ipc_msg *m);
json_t *fwd_status(struct fwd *d);

#endif
