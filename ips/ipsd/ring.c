/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Head and tail count bytes for ever and are taken modulo the size. The writer publishes a record
 * by moving head, the reader frees it by moving tail; each reads the other's with acquire.
 */
#include "ips/ipsd/ring.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

struct ipsd_ring {
	_Atomic uint64_t head __attribute__((aligned(64)));
	_Atomic uint64_t tail __attribute__((aligned(64)));
	uint32_t size;
	uint8_t *mem;
};

struct ipsd_ring *ipsd_ring_new(uint32_t bytes)
{
	struct ipsd_ring *r = aligned_alloc(64, sizeof(*r));

	if (!r)
		return NULL;
	memset(r, 0, sizeof(*r));
	r->size = bytes;
	r->mem = malloc(bytes);
	if (!r->mem) {
		free(r);
		return NULL;
	}
	return r;
}

void ipsd_ring_free(struct ipsd_ring *r)
{
	if (!r)
		return;
	free(r->mem);
	free(r);
}

static void copy_in(struct ipsd_ring *r, uint64_t at, const void *p, uint32_t n)
{
	uint32_t off = at & (r->size - 1), first = SK_MIN(n, r->size - off);

	memcpy(r->mem + off, p, first);
	memcpy(r->mem, (const uint8_t *)p + first, n - first);
}

static void copy_out(const struct ipsd_ring *r, uint64_t at, void *p, uint32_t n)
{
	uint32_t off = at & (r->size - 1), first = SK_MIN(n, r->size - off);

	memcpy(p, r->mem + off, first);
	memcpy((uint8_t *)p + first, r->mem, n - first);
}

bool ipsd_ring_put(struct ipsd_ring *r, const void *a, uint32_t na, const void *b, uint32_t nb,
	bool *ret_empty)
{
	uint64_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&r->tail, memory_order_acquire);
	uint32_t len = na + nb;

	if (r->size - (head - tail) < (uint64_t)len + sizeof(len))
		return false;
	copy_in(r, head, &len, sizeof(len));
	copy_in(r, head + sizeof(len), a, na);
	copy_in(r, head + sizeof(len) + na, b, nb);
	atomic_store_explicit(&r->head, head + sizeof(len) + len, memory_order_seq_cst);
	*ret_empty = atomic_load_explicit(&r->tail, memory_order_seq_cst) == head;
	return true;
}

uint32_t ipsd_ring_get(struct ipsd_ring *r, void *dst, uint32_t cap)
{
	for (;;) {
		uint64_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
		uint64_t head = atomic_load_explicit(&r->head, memory_order_acquire);
		uint32_t len;

		if (head == tail)
			return 0;
		copy_out(r, tail, &len, sizeof(len));
		if (len <= cap)
			copy_out(r, tail + sizeof(len), dst, len);
		atomic_store_explicit(&r->tail, tail + sizeof(len) + len, memory_order_seq_cst);
		if (len <= cap)
			return len;
	}
}
