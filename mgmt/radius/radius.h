/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Managed switches, all together, in mgmtd's loop: the export that FreeRADIUS answers from, its
 * records as events, who is in by which switch, and requests to switches whenever somebody who is
 * in may be no longer, or belongs into another VLAN.
 */
#ifndef MG_RADIUS_H
#define MG_RADIUS_H

#include <jansson.h>
#include <systemd/sd-event.h>

#include "mgmt/radius/export.h"

struct mg_radius;

/* Where a gateway has it all; for whoever reads the options. */
struct mg_radius_files {
	const char *dir;     /* the export for FreeRADIUS; NULL or missing: no switches */
	const char *spool;   /* FreeRADIUS's records */
	const char *secrets; /* of the switches, may be missing */
	uint16_t port;       /* where FreeRADIUS listens on 127.0.0.1 */
};

struct mg_radius_opts {
	const char *export_path;   /* for FreeRADIUS */
	const char *sessions_path; /* our own */
	const char *spool_dir;     /* FreeRADIUS writes it */
	uint16_t status_port;      /* of FreeRADIUS on 127.0.0.1; asked while there are switches */
	int agent_fd;              /* from mg_radius_fork(); taken over */
};

struct mg_radius_ops {
	/* Number of the last stored event of an instance (mg_events_last_seq). */
	uint64_t (*stored)(const char *instance, void *arg);
	/* Store and show events; instance NULL and seq 0 for those that are numbered by nobody. */
	int (*store)(const char *instance, uint64_t seq, json_t *events, void *arg);
};

/*
 * Fork the process that knows the secrets and speaks to switches. Before rights are given up and
 * before any database is opened; close_fd (-1 none) is closed in it. *ret_fd: our end.
 */
int mg_radius_fork(int *ret_fd, const char *secrets_path, int close_fd, int (*confine)(void *arg),
	void *arg, struct sk_err *err);

int mg_radius_start(struct mg_radius **ret, sd_event *ev, const struct mg_radius_opts *o,
	const struct mg_radius_ops *ops, void *arg, struct sk_err *err);
void mg_radius_stop(struct mg_radius *m);

/*
 * As the functions of export.h; whoever is in and may not be any more is cut off at once. The next
 * request of a switch sees the change when these return.
 */
int mg_radius_apply(struct mg_radius *m, const struct mg_radius_view *v,
	struct mg_radius_tally *ret, struct sk_err *err);
int mg_radius_put(struct mg_radius *m, const struct mg_radius_device *d, struct sk_err *err);
int mg_radius_forget(struct mg_radius *m, int64_t number, struct sk_err *err);
/* A certificate. Who came in with it is cut off by its device's state, or asks again in time. */
int mg_radius_revoke(struct mg_radius *m, const char *serial, struct sk_err *err);

/* End the session of a MAC (any spelling), whatever its device's state. -ENOENT: has none. */
int mg_radius_cut(struct mg_radius *m, const char *mac, struct sk_err *err);

/*
 * New object, NULL without memory: {server: "up", "down", "unknown" or "off"; since, switches,
 * sessions, pending, records, strange, backlog, files, agent (bool)}.
 */
json_t *mg_radius_status(struct mg_radius *m);

#endif
