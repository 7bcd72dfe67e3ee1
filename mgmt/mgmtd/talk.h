/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of contacts (mgmt/contacts) in the daemon: whom the site is known to talk to. A help
 * for people, nothing that traffic or records depend on: without it everything else runs.
 */
#ifndef MG_MGMTD_TALK_H
#define MG_MGMTD_TALK_H

#include "mgmt/mgmtd/private.h"

int mg_talk_new(struct mg_daemon *d, struct sk_err *err); /* fails without memory only */
void mg_talk_free(struct mg_talk *k);
/* Contacts of a batch of events into the store, and out of the batch. */
void mg_talk_take(struct mg_daemon *d, json_t *events);
void mg_talk_hourly(struct mg_daemon *d, int64_t now);

#endif
