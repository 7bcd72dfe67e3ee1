/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decompression of a content that comes piece by piece: gzip (RFC 1952), deflate with or without
 * zlib's frame (RFC 1950, 1951) and brotli (RFC 7932). The receiver says when it has had enough.
 */
#ifndef IPS_PROTO_UNPACK_H
#define IPS_PROTO_UNPACK_H

#include "ips/packet/packet.h"
#include "ips/proto/mem.h"

enum ips_unpack_kind { IPS_UNPACK_GZIP, IPS_UNPACK_DEFLATE, IPS_UNPACK_BROTLI };

enum ips_unpack_result {
	IPS_UNPACK_OK,
	IPS_UNPACK_END,    /* the compressed content is complete; what followed was ignored */
	IPS_UNPACK_BAD,    /* not what it should be, or no memory: feed no more */
	IPS_UNPACK_ENOUGH, /* the receiver said so: feed no more */
};

struct ips_unpack;
/* The kind of a Content-Encoding value; -1: none or not known. */
int ips_unpack_kind(const uint8_t *name, size_t n);
/* NULL without memory. */
struct ips_unpack *ips_unpack_new(struct ips_mem *m, enum ips_unpack_kind kind);
void ips_unpack_free(struct ips_unpack *u);
/* out() takes each piece of output and returns false when it wants no more. */
enum ips_unpack_result ips_unpack_feed(struct ips_unpack *u, const uint8_t *p, size_t n,
	bool (*out)(const uint8_t *p, size_t n, void *arg), void *arg);

#endif
