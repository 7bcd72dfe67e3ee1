/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of blocklists as 16-byte keys, so that they are counted like addresses, and back. Shared
 * by the reading threads. Whoever has an entry blocked chooses its text, so keys are BLAKE2b.
 */
#ifndef MG_REPORT_NAMES_H
#define MG_REPORT_NAMES_H

#include "mgmt/events/agg.h"

#define MG_NAMES_MAX 2000000

struct mg_names;

struct mg_names *mg_names_new(void); /* NULL without memory */
void mg_names_free(struct mg_names *n);
/* Its key. -ENOMEM, -EFBIG: more than MG_NAMES_MAX. */
int mg_names_add(struct mg_names *n, const char *feed, const char *entry, struct mg_key *ret);
/* "" for a key that was never added. Valid until free. */
void mg_names_get(struct mg_names *n, const struct mg_key *key, const char **ret_feed,
	const char **ret_entry);
/* The key alone, kept nowhere. */
void mg_names_key(const char *feed, const char *entry, struct mg_key *ret);

#endif
