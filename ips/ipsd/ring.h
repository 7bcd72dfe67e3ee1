/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A byte ring between one writing and one reading thread, of records {length, bytes}. Lock-free. */
#ifndef IPS_IPSD_RING_H
#define IPS_IPSD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ipsd_ring;
struct ipsd_ring *ipsd_ring_new(uint32_t bytes); /* a power of two */
void ipsd_ring_free(struct ipsd_ring *r);
/* Writer: append a record of two parts. False: no room. *ret_empty: the reader may be asleep. */
bool ipsd_ring_put(struct ipsd_ring *r, const void *a, uint32_t na, const void *b, uint32_t nb,
	bool *ret_empty);
/* Reader: copy the next record to dst (cap bytes; longer ones are skipped). Its length, 0: none. */
uint32_t ipsd_ring_get(struct ipsd_ring *r, void *dst, uint32_t cap);

#endif
