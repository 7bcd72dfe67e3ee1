/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's one object and what its files offer each other. Single-threaded: everything runs
 * from the event loop. Not for use outside fw/fwd. */
#ifndef FW_FWD_FWD_H
#define FW_FWD_FWD_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "fw/fwd/conntrack.h"
#include "fw/fwd/counters.h"
#include "fw/fwd/fold.h"
#include "fw/fwd/guard.h"
#include "fw/fwd/ifaces.h"
#include "fw/fwd/list.h"
#include "fw/fwd/nflog.h"
#include "fw/fwd/persist.h"
#include "lib/spool.h"
#include "fw/nft/nft.h"
#include "lib/ipc.h"

#define FWD_CONFIRM_MAX 86400
#define FWD_WARNINGS 16

struct fwd_opts {
	const char *state_dir, *run_dir;
	bool no_owner, has_manager, has_nac, has_socket_gid;
	uid_t manager, nac; /* who besides root may connect; nac: for the gate alone */
	mode_t socket_mode;
	gid_t socket_gid;
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
	uint64_t sealed;       /* digest on disk, 0 none */
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
	struct fwd_guard *guard;
	struct fwd_list *list;
	struct fwd_contacts_watch *contacts;
	struct fwd_gate *gate;
	struct fwd_transparent *transparent;

	struct fwd_nflog *nflog;
	sd_event_source *nflog_io;
	bool nflog_failed; /* said so already */
	struct fwd_ifaces *ifaces;
	sd_event_source *ifaces_io;
	struct fwd_fold *fold;
	struct fwd_stamp stamp;
	struct sk_buf text; /* of one event */

	struct sk_spool *spool;
	char instance[49];
	sd_event_source *flush_timer;
	bool flush_armed;
	struct sk_buf frame;
	uint64_t lost_kernel, lost_spool; /* reported so far */
	struct sk_ipc_client *subscriber;

	struct sk_ipc_server *ipc;
	sd_event_source *tick;
	uint64_t ticks;
	int64_t tick_wall; /* wall clock at the last minute */
	bool counters_failed;
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
/* For the status; each text once. */
void fwd_warn(struct fwd *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Over: forget the warnings that begin so. */
void fwd_unwarn(struct fwd *d, const char *prefix);
void fwd_poll_counters(struct fwd *d);
void fwd_save_counters(struct fwd *d);

/* ---- drift.c ---- */
int fwd_drift_start(struct fwd *d, struct sk_err *err);
void fwd_drift_stop(struct fwd *d);
void fwd_drift_check(struct fwd *d);
/* Changed while fwd was not running, and repaired by the start. */
void fwd_drift_away(struct fwd *d);
/* seal.c */
bool fwd_seal_broken(struct fwd *d); /* at start, before the kernel is touched */
void fwd_seal_break(struct fwd *d);  /* before a change of our own */
void fwd_seal_save(struct fwd *d);   /* after one, when the kernel is as it should be */
/* Not while we change the table ourselves; what came meanwhile is looked for afterwards. */
void fwd_drift_pause(struct fwd *d, bool pause);

/* ---- report.c: events to the subscriber ---- */
int fwd_report_start(struct fwd *d, struct sk_err *err);
void fwd_report_stop(struct fwd *d);
/* Bind the packet log if another process had it until now. */
void fwd_report_retry(struct fwd *d);
/* A logged packet: folded or queued. */
void fwd_report_packet(const struct fwd_event *packet, void *d);
/* Report what was seen so far, before what the blocklists say of it changes. */
void fwd_report_settle(struct fwd *d);
/* Close fold windows that ended (all: every one), report losses. */
void fwd_report_tick(struct fwd *d, bool all);
/* An event of fwd itself; fields is stolen and may be NULL. */
void fwd_report(struct fwd *d, const char *action, json_t *fields);
void fwd_send_events(struct fwd *d);
void fwd_subscribe(struct fwd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack);

int fwd_ipc_start(struct fwd *d, struct sk_err *err); /* ipc.c */

#endif
