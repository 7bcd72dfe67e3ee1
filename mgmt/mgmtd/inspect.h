/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inspection policy: made from the rule set in use, the profile and the exceptions, sent to
 * ipsd at every change and whenever ipsd does not have it.
 */
#ifndef MG_INSPECT_H
#define MG_INSPECT_H

#include "mgmt/mgmtd/private.h"

int mg_inspect_new(struct mg_daemon *d, struct sk_err *err);
void mg_inspect_free(struct mg_inspect *i);
void mg_inspect_dirty(struct mg_inspect *i);
void mg_inspect_tick(struct mg_daemon *d, int64_t now); /* each second */
/* What is known of the policy and of how ipsd took it, into v. */
void mg_inspect_status(const struct mg_daemon *d, json_t *v);

/* Folder of a version's files; dst: 512 bytes. */
int mg_inspect_folder(const struct mg_daemon *d, uint32_t version, char *dst, struct sk_err *err);
/* policy.c: the document without its generation; NULL without a rule set, err says if it is more.
 */
json_t *mg_inspect_document(struct mg_daemon *d, int64_t now, struct sk_err *err);

#endif
