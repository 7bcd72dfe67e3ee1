/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counted memory for libraries that take an allocator (zlib, nghttp2, brotli): each block carries
 * its size, so that all of it counts against the worker's limit. Named after malloc's family.
 */
#ifndef IPS_PROTO_LIBMEM_H
#define IPS_PROTO_LIBMEM_H

#include "ips/proto/mem.h"

void *ips_libmem_alloc(struct ips_mem *m, size_t n); /* not zeroed; NULL beyond the limit */
void *ips_libmem_calloc(struct ips_mem *m, size_t n, size_t size);
void *ips_libmem_realloc(struct ips_mem *m, void *p, size_t n);
void ips_libmem_free(struct ips_mem *m, void *p);

#endif
