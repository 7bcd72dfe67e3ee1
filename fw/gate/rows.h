/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices that may pass, each at one port and for a time: what the kernel is meant to hold.
 * Times are milliseconds of a clock that only goes forward, given by the caller. Pure.
 */
#ifndef FW_GATE_ROWS_H
#define FW_GATE_ROWS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/gate/conf.h"
#include "fw/gate/mac.h"

#define FW_GATE_ROWS_MAX 16384
#define FW_GATE_KNOWN_MAX 65536u /* registered devices */

enum fw_gate_state { FW_GATE_ADMITTED, FW_GATE_QUARANTINED };

/* As the kernel has it: an interface name, an address, both filled up to whole registers. */
struct fw_gate_key {
	char port[IFNAMSIZ]; /* NUL-padded */
	uint8_t mac[FW_MAC_LEN];
	uint8_t pad[2];
};

struct fw_gate_row {
	struct fw_gate_key key;
	enum fw_gate_state state;
	uint64_t until; /* ms */
};

const char *fw_gate_state_name(enum fw_gate_state s); /* "admitted" "quarantined" */
int fw_gate_state_parse(const char *s, enum fw_gate_state *ret);
struct fw_gate_key fw_gate_key(const char *port, const uint8_t mac[FW_MAC_LEN]);

struct fw_gate_rows;

struct fw_gate_rows *fw_gate_rows_new(const uint8_t seed[16]); /* NULL without memory */
void fw_gate_rows_free(struct fw_gate_rows *t);
size_t fw_gate_rows_count(const struct fw_gate_rows *t);
/* Borrowed until the next change; NULL if it is not in. One whose time is over is in until expired.
 */
const struct fw_gate_row *fw_gate_rows_get(struct fw_gate_rows *t, const struct fw_gate_key *key);
int fw_gate_rows_put(struct fw_gate_rows *t, const struct fw_gate_row *row); /* 0 or -ENOSPC */
void fw_gate_rows_del(struct fw_gate_rows *t, const struct fw_gate_key *key);
/* In no order; fn returning true takes the row out. */
void fw_gate_rows_walk(
	struct fw_gate_rows *t, bool (*fn)(const struct fw_gate_row *row, void *arg), void *arg);
/* All of them, sorted by key; the array is the caller's (free). NULL without memory. */
struct fw_gate_row *fw_gate_rows_array(struct fw_gate_rows *t, size_t *ret_n);
/* The earliest end of a row's time, UINT64_MAX: there is none. */
uint64_t fw_gate_rows_next(struct fw_gate_rows *t);

/* How a port stands: what it may hear of frames to all. */
struct fw_gate_tally {
	size_t admitted, quarantined;
	uint64_t admitted_until, quarantined_until; /* the latest */
};
void fw_gate_rows_tally(struct fw_gate_rows *t, const char *port, struct fw_gate_tally *ret);

#endif
