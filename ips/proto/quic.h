/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QUIC's Initial packets (RFC 9000, 9001, 9369): their keys are public, so the hellos can be read.
 * What the packet layer, its cryptography and the protocol share.
 */
#ifndef IPS_PROTO_QUIC_H
#define IPS_PROTO_QUIC_H

#include "ips/proto/ja.h"
#include "ips/proto/recognise.h"

#define QUIC_CID_MAX 20
#define QUIC_V1 0x00000001u
#define QUIC_V2 0x6b3343cfu
#define QUIC_CRYPTO_MAX 16384 /* of hello bytes put together */
#define QUIC_SPANS 32

struct quic_keys {
	uint8_t key[16], iv[12], hp[16];
};

/* A long header. Offsets are from the packet's first byte. */
struct quic_header {
	uint32_t version;
	uint8_t dcid[QUIC_CID_MAX], dcid_len, scid_len;
	bool initial;
	uint32_t pn_at; /* packet number; Initial only */
	uint32_t len;   /* whole packet in the datagram */
};

/* Header at p; false: not a long header that can be followed. */
bool quic_header_parse(struct quic_header *h, const uint8_t *p, uint32_t n);
/* Both sides' keys from the client's first destination connection id. False: unknown version. */
bool quic_keys_make(const struct quic_header *h, struct quic_keys ret[2]);
/*
 * Remove protection of the packet p (h->len bytes), writing its payload to dst (at least h->len
 * bytes). Returns the payload's length, 0 if it does not authenticate.
 */
uint32_t quic_open(
	const struct quic_header *h, const struct quic_keys *k, const uint8_t *p, uint8_t *dst);

#endif
