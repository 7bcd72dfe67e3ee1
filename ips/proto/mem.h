/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted memory: all protocol states of a worker together stay below a limit, whatever the peers
 * send. Parsers allocate here and give up when it says no.
 */
#ifndef IPS_PROTO_MEM_H
#define IPS_PROTO_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ips_mem {
	uint64_t used, max;
	uint64_t refused;
};
void *ips_mem_alloc(struct ips_mem *m, size_t n); /* zeroed */
void *ips_mem_grow(struct ips_mem *m, void *p, size_t old, size_t n);
void ips_mem_free(struct ips_mem *m, void *p, size_t n); /* n as allocated */
/* Count memory that a library allocates itself. False: no room, nothing counted. */
bool ips_mem_charge(struct ips_mem *m, size_t n);
void ips_mem_uncharge(struct ips_mem *m, size_t n);

#endif
