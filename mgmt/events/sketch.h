/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many different peers a key has: exact up to MG_SKETCH_EXACT, beyond that HyperLogLog with
 * 1,024 registers (Flajolet et al. 2007; 3 % standard error). The number depends on the set alone,
 * not on the order or on how parts were merged, so a rollup and a scan agree. Pure.
 */
#ifndef MG_EVENTS_SKETCH_H
#define MG_EVENTS_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

#define MG_SKETCH_EXACT 128
#define MG_SKETCH_REGS 1024

struct mg_sketch {
	uint32_t n; /* of the exact set; UINT32_MAX: registers */
	uint32_t cap;
	union {
		uint64_t one; /* n <= 1: no allocation */
		uint64_t *list;
		uint8_t *regs;
	} u;
};

/* Zeroed is empty. */
void mg_sketch_done(struct mg_sketch *s);
/* hash: of the peer, 64 evenly spread bits. 0 or -ENOMEM. */
int mg_sketch_add(struct mg_sketch *s, uint64_t hash);
int mg_sketch_merge(struct mg_sketch *s, const struct mg_sketch *from);
uint64_t mg_sketch_count(const struct mg_sketch *s);

/* As stored in rollups. decode adds to s; -EUCLEAN. */
void mg_sketch_encode(const struct mg_sketch *s, struct sk_buf *b);
int mg_sketch_decode(struct mg_sketch *s, const void *p, size_t n);

#endif
