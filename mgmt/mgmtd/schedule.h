/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon does by the clock. */
#ifndef MG_MGMTD_SCHEDULE_H
#define MG_MGMTD_SCHEDULE_H

#include "mgmt/mgmtd/private.h"

int mg_schedule_new(struct mg_daemon *d, struct sk_err *err);
void mg_schedule_free(struct mg_schedule *s);

#endif
