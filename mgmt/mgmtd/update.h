/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the system's updates stand, as far as mgmtd knows: what sekisho-update said last, and what
 * is to be asked by the clock. Where that program is not installed, nothing is known and nothing
 * is said.
 */
#ifndef MG_MGMTD_UPDATE_H
#define MG_MGMTD_UPDATE_H

#include "mgmt/mgmtd/oneshot.h"
#include "mgmt/mgmtd/private.h"

struct mg_update {
	json_t *status; /* END of its `status`, NULL: not known */
	json_t *check;  /* END of its last `check` */
	int64_t checked, next_status, next_check;
	char told[64]; /* the version that people were told of */
	bool said_aside;
	bool settle;    /* it is to forget what everybody was told */
	char missed[8]; /* the slot that everybody was told of: it did not start */
	/* system.reset: asked for by whom, until when its code is valid */
	char reset_code[8], reset_who[64];
	int64_t reset_until;
};

void mg_update_tick(struct mg_daemon *d, int64_t now);
void mg_update_free(struct mg_update *u);
/* The daemon's; made at first use, NULL without memory. */
struct mg_update *mg_update_of(struct mg_daemon *d);
/* Something was done: ask anew at the next tick. */
void mg_update_dirty(struct mg_daemon *d);
/* What a check answered (end borrowed); an event if it is news. */
void mg_update_checked(struct mg_daemon *d, const json_t *end, int64_t now);
/* Into status' record, with warnings through warn. */
void mg_update_status(struct mg_call *c, json_t *v,
	void (*warn)(struct mg_call *c, json_t *v, const struct sk_text *text));
/* Why the last update was taken back, in words; last: as sekisho-update keeps it. */
void mg_update_why(const json_t *last, char *en, char *ja, size_t cap);

#endif
