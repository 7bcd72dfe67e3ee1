/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers about devices share. */
#ifndef MG_H_DEVICE_H
#define MG_H_DEVICE_H

#include "mgmt/mgmtd/h_record.h"
#include "mgmt/store/devices.h"

/* A device as a row: its fields, and "expiring" where it soon ends. */
json_t *mg_h_device_row(struct mg_call *c, const struct mg_record *x);
/* Is a state as people ask for it (with "expiring") that of a row? NULL: any. */
bool mg_h_device_state_is(const json_t *row, const char *state);
/*
 * Tell nacd and the RADIUS server at once; what goes wrong is a note, for the registry has it and
 * it is tried again.
 */
int mg_h_device_push(struct mg_call *c);
/* The device with this MAC (any spelling) as "number", "name", "owner" into row, if there is one.
 */
void mg_h_device_name(struct mg_store *s, const char *mac, json_t *row);

#endif
