/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * eve.json: one canonical EVE object a line for a SIEM. A convenience beside the store: when it
 * cannot be written, the events are stored all the same and the loss is counted.
 */
#ifndef MG_EVENTS_EVE_H
#define MG_EVENTS_EVE_H

#include <jansson.h>
#include <stdint.h>

#define MG_EVE_KEPT 4 /* eve.json.1 … eve.json.4 */

struct mg_eve;

/* path NULL: an eve that does nothing. NULL without memory. Opens nothing yet. */
struct mg_eve *mg_eve_new(const char *path, uint64_t bytes_max);
void mg_eve_free(struct mg_eve *e);

/* Add an event to what the next flush writes. */
void mg_eve_add(struct mg_eve *e, const json_t *ev, int64_t ts);
/* Append and, if it has become too long, rotate. Reopens a file that was moved away. */
void mg_eve_flush(struct mg_eve *e);

uint64_t mg_eve_lost(const struct mg_eve *e); /* lines that could not be written */

#endif
