/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports that go missing and come back, for the audit log and the events. */
#ifndef MG_PORTWATCH_H
#define MG_PORTWATCH_H

#include <stdint.h>

struct mg_daemon;

void mg_portwatch_tick(struct mg_daemon *d, int64_t now);

#endif
