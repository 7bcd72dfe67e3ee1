/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counted memory for libraries; see libmem.h. The size of a block stands 16 bytes before it. */
#include "ips/proto/libmem.h"

#include <stdlib.h>
#include <string.h>

#define HEAD 16

void *ips_libmem_alloc(struct ips_mem *m, size_t n)
{
	uint8_t *p;

	if (n > SIZE_MAX - HEAD || !ips_mem_charge(m, n + HEAD))
		return NULL;
	p = malloc(n + HEAD);
	if (!p) {
		ips_mem_uncharge(m, n + HEAD);
		return NULL;
	}
	memcpy(p, &n, sizeof(n));
	return p + HEAD;
}

void *ips_libmem_calloc(struct ips_mem *m, size_t n, size_t size)
{
	size_t all;
	void *p;

	if (__builtin_mul_overflow(n, size, &all))
		return NULL;
	p = ips_libmem_alloc(m, all);
	if (p)
		memset(p, 0, all);
	return p;
}

static size_t size_of(const void *p)
{
	size_t n;

	memcpy(&n, (const uint8_t *)p - HEAD, sizeof(n));
	return n;
}

void *ips_libmem_realloc(struct ips_mem *m, void *p, size_t n)
{
	void *q = ips_libmem_alloc(m, n);

	if (q && p) {
		memcpy(q, p, size_of(p) < n ? size_of(p) : n);
		ips_libmem_free(m, p);
	}
	return q;
}

void ips_libmem_free(struct ips_mem *m, void *p)
{
	if (!p)
		return;
	ips_mem_uncharge(m, size_of(p) + HEAD);
	free((uint8_t *)p - HEAD);
}
