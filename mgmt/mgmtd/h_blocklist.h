/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Blocklists as rows: between h_blocklist.c and h_blockedit.c. */
#ifndef MG_H_BLOCKLIST_H
#define MG_H_BLOCKLIST_H

#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/lists.h"

/* Does anything look at names, URLs and fingerprints? */
bool mg_h_inspecting(struct mg_call *c);
/* A note if nothing does. */
int mg_h_note_inspection(struct mg_call *c);
/* A feed as a row of blocklist.list, in the caller's language. NULL without memory. */
json_t *mg_h_feed_row(struct mg_call *c, const struct mg_feed *f);

#endif
