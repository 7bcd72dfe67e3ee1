/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's own parts and how they know each other. Handlers use daemon.h, never this. */
#ifndef MG_MGMTD_PRIVATE_H
#define MG_MGMTD_PRIVATE_H

#include <systemd/sd-event.h>

#include "fw/policy/policy.h"
#include "lib/ipc.h"
#include "mgmt/mgmtd/daemon.h"
#include "mgmt/mgmtd/opts.h"
#include "mgmt/radius/radius.h"
#include "mgmt/store/generations.h"

#define MG_CHILDREN 4
#define MG_WAITING 32 /* slow questions beyond MG_CHILDREN, answered in turn */
#define MG_FOLLOWERS 32
#define MG_FILE_MAX (128u << 20)

struct mg_peer;
struct mg_inspect;
struct mg_lists;
struct mg_admission;
struct mg_ingest;
struct mg_notifier;

/* Where the answer of a call goes. */
struct mg_reply {
	struct sk_ipc_client *client; /* NULL in a forked reader */
	int fd;                       /* of a forked reader, else -1 */
	uint32_t id;
	struct sk_buf rows; /* {"rows":[… not yet closed */
	int error;          /* sticky: the client is gone */
	bool following;     /* no END yet: a listener, or the answer comes later */
};

struct mg_child {
	bool busy;
	struct sk_ipc_client *client; /* NULL once it has left */
	uint32_t id;                  /* of its call */
};

struct mg_waiter {
	struct sk_ipc_client *client;
	uint32_t id;
	json_t *body; /* for the reader, owned */
};

struct mg_follower {
	struct sk_ipc_client *client; /* NULL: free */
	uint32_t id;
	char type[16];
	uint64_t skipped; /* events not sent because the client is slow */
};

/* What status counts over all rules, kept until something changes. */
struct mg_counts {
	int64_t at; /* 0: not valid */
	int64_t by_state[FW_STATES], pending, expiring;
};

/* One question about a log, as hashes. */
#define MG_ACCESSES 256
struct mg_access {
	uint64_t minute, who, what;
};

struct mg_daemon {
	sd_event *ev;
	struct mg_daemon_opts o;
	char db[256], key[256], anchor[256], events_dir[256], socket[256], contacts_db[256];
	struct mg_store_paths paths;
	struct mg_store *store;
	struct mg_events *events;
	struct mg_talk *talk;
	int retention_days;       /* as events was opened with */
	bool eve, settings_dirty; /* likewise; something was written since */
	int listen_fd;            /* from the service manager, -1 none */
	struct sk_ipc_server *server;
	struct mg_peer *fw, *ips, *nac;
	struct mg_inspect *inspect;
	struct mg_lists *lists;
	struct mg_admission *admission;
	struct mg_notifier *notifier;
	struct mg_radius *radius; /* NULL: managed switches are not served */
	int radius_fd;            /* to its agent, until that is handed over; 0 none */
	struct mg_ingest *ingest;
	struct mg_schedule *schedule;
	struct mg_asked *asked; /* oneshot.c: programs at work */
	struct mg_update *update;
	struct mg_trial *trial; /* trial.c; NULL: no set-up is on trial */
	struct mg_child children[MG_CHILDREN];
	struct mg_waiter waiting[MG_WAITING]; /* the first n_waiting, oldest first */
	size_t n_waiting;
	int reader_fd; /* to the process that forks readers */
	sd_event_source *reader_source;
	struct mg_follower followers[MG_FOLLOWERS];
	bool reader;                 /* this process is a forked reader */
	bool tighten;                /* postponed */
	uint64_t tightens;           /* how often it was asked for */
	int64_t started, ports_next; /* portwatch.c: when it looks again */
	struct mg_counts counts;
	/* audit rows of refused attempts: at most so many a minute, the rest is counted */
	int64_t denied_minute;
	unsigned denied, denied_unlogged;
	struct mg_access accesses[MG_ACCESSES]; /* a ring */
	size_t n_accesses;
};

/* daemon.c */
int mg_daemon_start(
	struct mg_daemon *d, sd_event *ev, const struct mg_daemon_opts *o, struct sk_err *err);
void mg_daemon_stop(struct mg_daemon *d); /* also half-started */
/* In a forked reader: paths and the means to call fwd, nothing else. */
int mg_daemon_reader(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err);
int mg_daemon_events_reopen(struct mg_daemon *d, struct sk_err *err); /* if its settings changed */
void mg_daemon_audit_system(const struct mg_daemon *d, const char *op, struct mg_audit_entry *ret);

/* dispatch.c: from a message to a handler */
int mg_dispatch_start(struct mg_daemon *d, struct sk_err *err);
/* access.c: before a question about logs is answered. -EBUSY: too many of them */
int mg_access_record(struct mg_call *c, struct sk_err *err);
/* heavy.c: slow questions to forked readers; mg_heavy_fork comes before any database is opened */
int mg_heavy_fork(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err);
int mg_heavy_watch(struct mg_daemon *d, struct sk_err *err);
int mg_heavy_start(struct mg_call *c, struct sk_err *err); /* -EBUSY: too many */
#define MG_JOB MG_CHILDREN /* mg_lists_work in a child of its own, until mg_lists_job_gone */
int mg_heavy_job(struct mg_daemon *d, int fd, struct sk_err *err);
void mg_heavy_job_kill(struct mg_daemon *d);
/* reader.c: the process that forks them; returns its exit status */
int mg_reader_main(int fd, const struct mg_daemon_opts *o);
void mg_heavy_client_left(struct mg_daemon *d, const struct sk_ipc_client *c);
void mg_heavy_stop(struct mg_daemon *d);
/* follow.c */
void mg_follow_client_left(struct mg_daemon *d, const struct sk_ipc_client *c);

/* call.c */
void mg_reply_init(struct mg_reply *r, struct sk_ipc_client *client, int fd, uint32_t id);
/* Rows that are left, then END. */
int mg_reply_end(struct mg_reply *r, int code, const struct sk_err *err);
void mg_reply_done(struct mg_reply *r);

/* ingest.c */
int mg_ingest_new(struct mg_daemon *d, struct sk_err *err);
void mg_ingest_free(struct mg_ingest *i);
void mg_ingest_dirty(struct mg_ingest *i);
/* Add what mgmtd knows to a batch of fwd's events; true: one of them calls for a reconcile. */
bool mg_ingest_enrich(struct mg_daemon *d, json_t *events);

#endif
