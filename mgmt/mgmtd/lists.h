/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists in the daemon: feeds are fetched when they are due, what came is checked and merged in
 * a forked child, and the document is handed to fwd and ipsd whenever they have another one.
 */
#ifndef MG_LISTS_H
#define MG_LISTS_H

#include "mgmt/mgmtd/private.h"
#include "mgmt/store/feeds.h"

int mg_lists_new(struct mg_daemon *d, struct sk_err *err);
void mg_lists_free(struct mg_lists *l);
/* Something in the registry changed; what concerns no list costs a query. */
void mg_lists_dirty(struct mg_lists *l);
void mg_lists_tick(struct mg_daemon *d, int64_t now); /* each second */
/* Before a batch of events is stored: what lists blocked is counted, learned addresses go to fwd.
 */
void mg_lists_events(struct mg_daemon *d, const json_t *events);

/* fwd or ipsd has come (back): what it uses is in its status. */
enum mg_lists_target { MG_LISTS_FW, MG_LISTS_IPS, MG_LISTS_TARGETS };
void mg_lists_connected(struct mg_daemon *d, enum mg_lists_target t, const json_t *status);

/* ---- for the handlers ---- */
/* A file that somebody handed over instead of a fetch. -EBUSY: try again. */
int mg_lists_upload(
	struct mg_daemon *d, const struct mg_feed *f, const void *p, size_t n, struct sk_err *err);
/* Fetch it at the next turn, whatever the schedule says. */
int mg_lists_fetch_now(struct mg_daemon *d, const char *name, struct sk_err *err);
/* Put the list that waits into use; the caller has made sure that somebody wants it. */
int mg_lists_accept(struct mg_daemon *d, struct mg_feed *f, const char *who, const char *reason,
	struct sk_err *err);
/* Its list and what was staged are no longer wanted. */
void mg_lists_forget(struct mg_daemon *d, const char *name);
/* An address that the site itself blocks from now on: fwd is told at once. False: it will be with
 * the next document. */
bool mg_lists_block_now(struct mg_daemon *d, const struct mg_entry *e);
/* Is it one whose content only ever comes by mg_lists_upload? And the path it then has. */
bool mg_lists_is_upload(const struct mg_daemon *d, const json_t *definition);
int mg_lists_path(
	const struct mg_daemon *d, const char *name, const char *suffix, char *dst, size_t cap);
/* What was blocked until now into the registry; the first instant of now's month. */
void mg_lists_flush(struct mg_daemon *d, int64_t now);
int64_t mg_lists_month(int64_t now);
/* What is known of document, firewall and inspection, into v. */
void mg_lists_status(const struct mg_daemon *d, json_t *v);

/* The child of the last job has ended: there may be another. */
void mg_lists_job_gone(struct mg_daemon *d);
/* Forked child (listwork.c): one job asked for on fd; its exit status. */
int mg_lists_work(const struct mg_daemon_opts *o, int fd);

#endif
