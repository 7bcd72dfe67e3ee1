/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was reported a while ago and need not be again: an address and a kind, until a time. Fixed
 * memory; when it is full, what cannot be remembered is counted and not reported. Pure.
 */
#ifndef FW_GUARD_SEEN_H
#define FW_GUARD_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/policy/guard.h"

#define FW_SEEN_MAX 1024

struct fw_seen;

struct fw_seen *fw_seen_new(size_t cap, const uint8_t seed[16]);
void fw_seen_free(struct fw_seen *s);

/* true: new, and remembered until now_us + hold_us. dest: the address is a destination. */
bool fw_seen_add(struct fw_seen *s, const struct fw_ip *ip, enum fw_guard_kind k, bool dest,
	uint64_t now_us, uint64_t hold_us);
/* Forget what is over. */
void fw_seen_sweep(struct fw_seen *s, uint64_t now_us);
uint64_t fw_seen_full(const struct fw_seen *s);

#endif
