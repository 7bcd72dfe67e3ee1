/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gateway serves by programs of others, as `sekisho status` shows it. */
#ifndef MG_SERVICES_H
#define MG_SERVICES_H

#include "mgmt/mgmtd/call.h"

struct mg_gateway;

/* The set-up in force, owned; NULL: there is none. */
struct mg_gateway *mg_services_gateway(void);
/*
 * "services" into v: the state of each that the set-up asks for, from the service manager; nothing
 * where the gateway was not set up by it. warn is called with what does not run.
 */
void mg_services_status(struct mg_call *c, json_t *v, void (*warn)(json_t *v, const char *text));

#endif
