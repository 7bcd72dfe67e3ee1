/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set-up on trial: its addresses are in use, and nobody has said yet that they are to stay. What
 * is kept on disk is still the one before, so a restart ends the trial by itself; otherwise the
 * manager has sekisho-setup make the one before again, when the time is over or when it starts and
 * finds that it ended in the middle.
 */
#ifndef MG_TRIAL_H
#define MG_TRIAL_H

#include <jansson.h>

#include "mgmt/mgmtd/call.h"
#include "mgmt/mgmtd/daemon.h"

#define MG_TRIAL_S 120 /* unless asked otherwise */

#define MG_TRIAL_ID 33 /* bytes of its name, with the NUL: hexadecimal */

/* Note on disk that there may be something to take back, before anything is written. */
int mg_trial_prepare(struct mg_daemon *d, char ret_id[static MG_TRIAL_ID], struct sk_err *err);
/* It is in use now: doc (borrowed) until somebody confirms, at most for so long. */
int mg_trial_begin(
	struct mg_daemon *d, const char *id, json_t *doc, unsigned seconds, struct sk_err *err);
/* Seconds left, at least 1; 0: there is none, or it is being taken back. */
unsigned mg_trial_left(const struct mg_daemon *d);
/* One is being tried, taken back or not yet taken back. */
bool mg_trial_busy(const struct mg_daemon *d);
/* The document, borrowed; NULL: there is none. */
json_t *mg_trial_document(const struct mg_daemon *d);
/*
 * Its name: the row of the audit log that confirms it has it as "trial", by which a start knows
 * that it was confirmed. "": there is none.
 */
const char *mg_trial_id(const struct mg_daemon *d);
/* It stays, or there was nothing after all: forget it. */
void mg_trial_end(struct mg_daemon *d);
/* Take it back for somebody; the handler returns what this returns. */
int mg_trial_return(struct mg_call *c, struct sk_err *err);
/* Take it back at once: "failed" … goes into the audit log. Tried until it is done. */
void mg_trial_fail(struct mg_daemon *d, const char *id, const char *why);

/* For the daemon's core. */
int mg_trial_start(struct mg_daemon *d, struct sk_err *err);
void mg_trial_stop(struct mg_daemon *d);
void mg_trial_status(struct mg_call *c, json_t *v,
	void (*warn)(struct mg_call *c, json_t *v, const struct sk_text *text));

#endif
