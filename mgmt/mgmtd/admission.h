/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The admission document: made from the device registry, ports, networks and settings, sent to
 * nacd at every change and whenever nacd does not have it; the same for the RADIUS server of
 * managed switches. What is taken away is sent at once, not by the clock.
 */
#ifndef MG_ADMISSION_H
#define MG_ADMISSION_H

#include "mgmt/mgmtd/private.h"
#include "mgmt/store/admission.h"

int mg_admission_new(struct mg_daemon *d, struct sk_err *err);
void mg_admission_free(struct mg_admission *a);
void mg_admission_dirty(struct mg_admission *a);
void mg_admission_tick(struct mg_daemon *d, int64_t now); /* each second */
/* Both now. 1: nacd has it, 0: it is away and gets it later, -errno: it refused, or no document. */
int mg_admission_now(struct mg_daemon *d, struct sk_err *err);
/* How nacd stands with the document, into v. */
void mg_admission_status(const struct mg_daemon *d, json_t *v);

/* admitradius.c: the registry into FreeRADIUS's export. */
int mg_admission_radius(struct mg_daemon *d, struct sk_err *err);
/* admitlearn.c: how admitted devices look is kept, so that another one is noticed later. */
void mg_admission_learn(struct mg_daemon *d);

#endif
