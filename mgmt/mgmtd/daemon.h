/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The management daemon as its handlers see it: the stores, the connection to fwd, and what the
 * other parts of the daemon want to be told. The struct's body is in daemon_private.h, for the core
 * only.
 */
#ifndef MG_DAEMON_H
#define MG_DAEMON_H

#include <jansson.h>
#include <stdint.h>

#include "lib/err.h"
#include "mgmt/events/events.h"
#include "mgmt/mgmtd/call.h"
#include "mgmt/store/store.h"

/* The registry. In a forked reader (MG_F_HEAVY) this is a read-only connection of its own. */
struct mg_store *mg_daemon_store(struct mg_daemon *d);
/* The event store's writer; NULL in a forked reader, which reads the files of
 * mg_daemon_events_dir(). */
struct mg_events *mg_daemon_events(struct mg_daemon *d);
const char *mg_daemon_events_dir(const struct mg_daemon *d);
const char *mg_daemon_state_dir(const struct mg_daemon *d);
/* Folder of *.mmdb, NULL: the usual ones. */
const char *mg_daemon_geoip_dir(const struct mg_daemon *d);
/* Path of mgmt/contacts' file, for its readers. */
const char *mg_daemon_contacts(const struct mg_daemon *d);

/*
 * One call to fwd on a connection of its own, blocking (at most 3 s, 30 s for policy.*). args is
 * stolen and may be NULL, memfd -1 for none, on_data and ret_end may be NULL. -EHOSTDOWN: fwd
 * cannot be reached.
 */
int mg_daemon_fw_call(struct mg_daemon *d, const char *op, json_t *args, int memfd,
	json_t **ret_end, struct sk_err *err);
int mg_daemon_fw_stream(struct mg_daemon *d, const char *op, json_t *args, int memfd,
	int (*on_data)(json_t *body, void *arg), void *arg, struct sk_err *err);

/* The same with ipsd: at most 1 s, with on_data 10 s. */
int mg_daemon_ips_call(struct mg_daemon *d, const char *op, json_t *args,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err);

/* The same with nacd: at most 3 s, with on_data 10 s. */
int mg_daemon_nac_call(struct mg_daemon *d, const char *op, json_t *args,
	int (*on_data)(json_t *body, void *arg), void *arg, json_t **ret_end, struct sk_err *err);
/*
 * Devices, ports or switches changed: nacd and the RADIUS server get it now. 1: nacd has it, 0: it
 * is away and gets it when it is back, -errno: it cannot be used.
 */
int mg_daemon_admission(struct mg_daemon *d, struct sk_err *err);

/* How nacd stands with it: document_state, document_generation and the like, into v. */
void mg_daemon_admission_status(const struct mg_daemon *d, json_t *v);

/*
 * Rules have left the registry (suspended, removed, expired): load the confirmed policy without
 * them, at once and final. During a trial, or while fwd is away, it is postponed and done later by
 * itself. 1: done, 0: postponed, -errno: fwd refused.
 */
int mg_daemon_tighten(struct mg_daemon *d, struct sk_err *err);

/* Records changed in a way that matters to the enrichment of events or to the expiry timer. */
void mg_daemon_registry_changed(struct mg_daemon *d);

/*
 * For events.follow: keep the call's client as a listener until it leaves (type NULL: every event).
 * -ENOSPC when there are too many. The handler then returns 0 without an END being sent.
 */
int mg_daemon_follow(struct mg_call *c, const char *type, struct sk_err *err);
/* Hand stored events to the listeners; mgmtd's own events go through mg_daemon_event(). */
void mg_daemon_publish(struct mg_daemon *d, const json_t *events);
/* Store and publish one event of mgmtd's own (stolen). */
int mg_daemon_event(struct mg_daemon *d, json_t *event, struct sk_err *err);

#endif
