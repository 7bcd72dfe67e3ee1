/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the registry knows of the subject of a `why`: what its blocklists are called and whether
 * they block, the site's own entries, the allow-list. For h_why.c.
 */
#ifndef MG_WHY_REGISTRY_H
#define MG_WHY_REGISTRY_H

#include "mgmt/mgmtd/call.h"
#include "mgmt/why/subject.h"

/* title and mode of a list into its row; a list that the registry does not know stays as it is. */
void mg_why_feed(struct mg_call *c, const char *feed, json_t *row);
/*
 * The site's own entries that cover the subject, then those of the allow-list in force or asked
 * for: row is stolen.
 */
int mg_why_entries(struct mg_call *c, const struct mg_subject *s, int (*fn)(json_t *row, void *arg),
	void *arg, struct sk_err *err);
int mg_why_allowed(struct mg_call *c, const struct mg_subject *s, int (*fn)(json_t *row, void *arg),
	void *arg, struct sk_err *err);

#endif
