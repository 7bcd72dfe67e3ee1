/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The admission document (docs/ipc.md) out of the registry. */
#ifndef MG_STORE_ADMISSION_H
#define MG_STORE_ADMISSION_H

#include "mgmt/store/store.h"

/* The document with generation 1; the caller sets its own. NULL with err. */
json_t *mg_admission_document(struct mg_store *s, struct sk_err *err);
/* Parsed as nacd would: -errno with the field's path. */
int mg_admission_check(const json_t *doc, struct sk_err *err);

#endif
