/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects, zones, settings and changes as rows: between h_change.c and h_object.c. */
#ifndef MG_H_OBJECT_H
#define MG_H_OBJECT_H

#include "mgmt/mgmtd/h_common.h"

size_t mg_h_count_items(const char *items);
/* The "kind" argument, or the only kind in which the "name" argument exists. -ENOENT, -EINVAL
 * (both). */
int mg_h_object_kind(
	struct mg_call *c, enum mg_view view, enum mg_change_kind *ret, struct sk_err *err);
/* A change as a row; whole: long values are not cut. NULL without memory. */
json_t *mg_h_change_row(const struct mg_change *ch, bool whole);

/* Ask for it, with its audit row and its answer; ch is freed in any case. */
int mg_h_change_request(
	struct mg_call *c, struct mg_change *ch, const char *purpose, struct sk_err *err);

#endif
