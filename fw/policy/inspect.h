/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inspection as a policy asks for it: whether the contents of what the rules allow are inspected,
 * through which kernel queues, and what becomes of traffic while nobody inspects. Pure.
 */
#ifndef FW_INSPECT_H
#define FW_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/json.h"

#define FW_INSPECT_QUEUES_MAX 16
#define FW_INSPECT_FIRST_QUEUE 103

struct fw_inspect {
	bool on;
	bool open;      /* nobody listens: let pass ("open") or stop ("closed") */
	uint8_t queues; /* 1 to FW_INSPECT_QUEUES_MAX; a flow always goes to the same one */
	uint16_t first_queue;
};

/* Off, closed, one queue. */
void fw_inspect_init(struct fw_inspect *s);
/* -ERANGE with "queues" or "first_queue". */
int fw_inspect_check(const struct fw_inspect *s, struct sk_err *err);

/* {"mode":"on","fail":"closed","queues":2,"first_queue":103} */
json_t *fw_inspect_to_json(const struct fw_inspect *s);
/* Unknown keys are refused, missing ones are as after init. *ret is untouched on failure. */
int fw_inspect_from_json(const json_t *v, struct fw_inspect *ret, struct sk_err *err);

#endif
