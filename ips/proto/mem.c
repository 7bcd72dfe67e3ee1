/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted memory for parsers. The limit is checked before the allocator is asked, so that what
 * peers send can never grow a worker beyond its configuration.
 */
#include "ips/proto/mem.h"

#include <stdlib.h>
#include <string.h>

static bool room(struct ips_mem *m, size_t n)
{
	if (n <= m->max && m->used <= m->max - n)
		return true;
	m->refused++;
	return false;
}

void *ips_mem_alloc(struct ips_mem *m, size_t n)
{
	void *p;

	if (!room(m, n))
		return NULL;
	p = calloc(1, n ? n : 1);
	if (p)
		m->used += n;
	else
		m->refused++;
	return p;
}

void *ips_mem_grow(struct ips_mem *m, void *p, size_t old, size_t n)
{
	void *q;

	if (n <= old)
		return p;
	if (!room(m, n - old))
		return NULL;
	q = realloc(p, n);
	if (!q) {
		m->refused++;
		return NULL;
	}
	memset((char *)q + old, 0, n - old);
	m->used += n - old;
	return q;
}

void ips_mem_free(struct ips_mem *m, void *p, size_t n)
{
	if (!p)
		return;
	m->used -= n;
	free(p);
}

bool ips_mem_charge(struct ips_mem *m, size_t n)
{
	if (!room(m, n))
		return false;
	m->used += n;
	return true;
}

void ips_mem_uncharge(struct ips_mem *m, size_t n)
{
	m->used -= n;
}
