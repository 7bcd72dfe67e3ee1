/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the accepted lists have an entry about a subject: reads DIR/NAME.list, each whole. */
#ifndef MG_WHY_LISTS_H
#define MG_WHY_LISTS_H

#include "mgmt/why/subject.h"

struct mg_why_hit {
	const char *feed, *value, *note; /* terminated; borrowed */
	enum sk_bl_kind kind;
	bool covers; /* else only near */
	int64_t since, fetched;
};
/*
 * fn non-zero stops and is returned. What only lies near is told at most near_max times a list. A
 * list that cannot be read is passed over and named: *ret_bad (names, ", " between) is appended to.
 * A missing folder has no lists.
 */
int mg_why_lists(const char *dir, const struct mg_subject *s, size_t near_max,
	int (*fn)(const struct mg_why_hit *h, void *arg), void *arg, struct sk_buf *ret_bad);

#endif
