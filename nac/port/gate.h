/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the gate should hold, and how it differs from what it holds: rows of (port, MAC) that are
 * let through until a time. Pure; the caller carries the differences to sekisho-fwd.
 */
#ifndef NAC_GATE_H
#define NAC_GATE_H

#include <stddef.h>

#include "nac/observe/mac.h"

#define NAC_GATE_PORT 16
#define NAC_GATE_ROWS 16384
#define NAC_GATE_SLACK 5 /* seconds by which a timeout may be off before it is set again */

enum nac_gate_state { NAC_GATE_CLOSED, NAC_GATE_ADMITTED, NAC_GATE_QUARANTINED };

struct nac_gate_row {
	char port[NAC_GATE_PORT];
	struct nac_mac mac;
	enum nac_gate_state state;
	int64_t until; /* seconds since 1970 */
};

struct nac_gate;

struct nac_gate *nac_gate_new(const uint8_t seed[16]);
void nac_gate_free(struct nac_gate *g);

/*
 * Wanted from now on; NAC_GATE_CLOSED: not at all. Longer times for what is there count as a
 * difference, too. -ENOSPC: too many rows; nothing changed.
 */
int nac_gate_want(struct nac_gate *g, const struct nac_gate_row *row);
enum nac_gate_state nac_gate_wanted(
	const struct nac_gate *g, const char *port, const struct nac_mac *mac);
size_t nac_gate_count(const struct nac_gate *g); /* wanted rows */

/*
 * Differences to what fn was told before, at most max of them: fn gets each row with what it is to
 * become. They count as carried out. How many; fewer than max: there are no more.
 */
size_t nac_gate_changes(struct nac_gate *g, size_t max,
	void (*fn)(const struct nac_gate_row *row, void *arg), void *arg);

/*
 * The gate's own list instead of what was told: begin, each row it has, end. What is there and not
 * wanted, or wanted and not there, or with another state or end, is a difference from now on.
 */
void nac_gate_list_begin(struct nac_gate *g);
void nac_gate_list_row(struct nac_gate *g, const struct nac_gate_row *row);
void nac_gate_list_end(struct nac_gate *g);

/* Wanted rows whose time is over at now: no longer wanted, and the kernel forgot them itself. */
void nac_gate_expire(struct nac_gate *g, int64_t now);

#endif
