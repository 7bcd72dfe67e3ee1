/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The allow-list for look-ups: does it have anything to do with an entry of a feed? Pure. */
#ifndef MG_FEEDS_ALLOWED_H
#define MG_FEEDS_ALLOWED_H

#include "mgmt/feeds/list.h"

struct mg_allowed;

/* From a list (borrowed until mg_allowed_free); n 0: empty. -EINVAL, -ENOMEM. */
int mg_allowed_new(struct mg_allowed **ret, const void *p, size_t n, struct sk_err *err);
void mg_allowed_free(struct mg_allowed *a);
/*
 * Would blocking e block something that is allowed? The same value; an address within or around an
 * allowed one; a name that an allowed suffix covers; a suffix that covers an allowed name; a URL on
 * an allowed host. O(log n).
 */
bool mg_allowed_hit(const struct mg_allowed *a, const struct mg_list_entry *e);

#endif
