/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Managed switches (mgmt/radius) in the daemon. */
#ifndef MG_SWITCHES_H
#define MG_SWITCHES_H

#include "mgmt/mgmtd/private.h"
#include "mgmt/radius/radius.h"

/* Before rights are given up and before any database is opened; nothing if it is switched off. */
int mg_switches_fork(struct mg_daemon *d, const struct mg_daemon_opts *o, struct sk_err *err);
/* A failure is logged and leaves d->radius NULL: everything else works without. */
void mg_switches_start(struct mg_daemon *d);
void mg_switches_stop(struct mg_daemon *d);
/* State, switches and sessions into the page, what is wrong as warnings; nothing while there are no
 * switches. */
void mg_switches_status(struct mg_call *c, json_t *v);

#endif
