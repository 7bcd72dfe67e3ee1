/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The registry across versions: before a newer schema is made, the file is copied as it is, with
 * the audit chain's anchor. A system that returned to an older version goes on from that copy; what
 * the newer one wrote is set aside, never deleted.
 */
#ifndef MG_STORE_OLDER_H
#define MG_STORE_OLDER_H

#include "mgmt/store/store.h"

struct mg_store;

/* Copy the open registry of schema `from`. -ENOSPC and the like: it must not be migrated. */
int mg_older_keep(
	struct mg_store *s, const struct mg_store_paths *p, int64_t from, struct sk_err *err);
/* The registry (closed) is of a newer schema: put the copy of schema mine in its place. -ENOENT:
 * there is none. */
int mg_older_return(const struct mg_store_paths *p, int64_t mine, struct sk_err *err);
/*
 * What a power cut within mg_older_return() left, before anything is migrated: the registry is of
 * schema mine. If a newer one lies beside it, they were exchanged, and the rest is done; else the
 * return is forgotten, as whoever starts now may never make it.
 */
int mg_older_finish(const struct mg_store_paths *p, int64_t mine, struct sk_err *err);
/* Is there a copy that an older system would go on from? Its time; 0: none. */
int64_t mg_older_time(const struct mg_store_paths *p);
/* No system of an older schema is left on the machine. */
void mg_older_forget(const struct mg_store_paths *p);
/* The schema that was set aside when s was opened; 0: none was. */
int64_t mg_store_set_aside(const struct mg_store *s);

#endif
