/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's side of the notifier (mgmt/notify): it is forked at start and told what to tell. */
#ifndef MG_NOTIFIER_H
#define MG_NOTIFIER_H

#include "mgmt/mgmtd/private.h"

/* Before rights are given up and before any database is opened. */
int mg_notifier_fork(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err);
int mg_notifier_watch(struct mg_daemon *d, struct sk_err *err);
void mg_notifier_free(struct mg_notifier *n);

void mg_notifier_tick(struct mg_daemon *d); /* settings, if they changed */
/* Those of stored events that somebody must know at once. Never waits. */
void mg_notifier_events(struct mg_daemon *d, const json_t *events);
/* Reminders made just now (at that time). */
void mg_notifier_expiry(struct mg_daemon *d, int64_t created);
/* -ENODEV: neither mail nor webhook is set up. */
int mg_notifier_test(struct mg_daemon *d, const char *who, struct sk_err *err);
/* Counters and the last failure, into v; nothing while nothing is set up. */
void mg_notifier_status(struct mg_daemon *d, json_t *v);

#endif
