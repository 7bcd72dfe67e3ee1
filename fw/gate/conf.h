/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the gate is told about its ports: which of them are watched or enforced, and where a
 * quarantined device finds the page that tells its user what to do. Pure.
 */
#ifndef FW_GATE_CONF_H
#define FW_GATE_CONF_H

#include <jansson.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define FW_GATE_PORTS_MAX 64

enum fw_gate_mode {
	FW_GATE_OFF,     /* everything passes, nothing is reported */
	FW_GATE_OBSERVE, /* everything passes, frames of unadmitted devices are reported */
	FW_GATE_ENFORCE, /* only admitted devices */
};

struct fw_gate_port {
	char name[IFNAMSIZ]; /* NUL-padded: it is also a key */
	enum fw_gate_mode mode;
	bool quarantine;    /* quarantined devices reach the page; else nothing */
	uint16_t page_port; /* of the gateway; the same on all ports, 0: there is no page */
	bool eapol;         /* an authenticator listens on it */
};

struct fw_gate_conf {
	uint64_t generation;
	struct fw_gate_port ports[FW_GATE_PORTS_MAX]; /* by name */
	size_t n;
};

const char *fw_gate_mode_name(enum fw_gate_mode m); /* "off" "observe" "enforce" */

/* {"generation": n, "ports": [{name, mode, quarantine, page_port, eapol}]}; on failure err.path
 * names the field ("ports[2].mode"). */
int fw_gate_conf_from_json(const json_t *v, struct fw_gate_conf *ret, struct sk_err *err);
json_t *fw_gate_conf_to_json(const struct fw_gate_conf *c); /* NULL without memory */

/* NULL: there is no such port. */
const struct fw_gate_port *fw_gate_conf_find(const struct fw_gate_conf *c, const char *name);
/* Where the page is, 0 if no port has one. */
uint16_t fw_gate_conf_page(const struct fw_gate_conf *c);
/* A name that an interface can have (dev_valid_name of the kernel, ASCII only). */
bool fw_gate_name_ok(const char *name);

#endif
