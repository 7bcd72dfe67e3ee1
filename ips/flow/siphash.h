/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-2-4 (Aumasson, Bernstein 2012) over whole 64-bit words, inline: the flow table hashes
 * every packet and its keys are words anyway. The words are taken as values, not as bytes, so the
 * result differs from the byte-oriented function on big-endian machines; it never leaves the table.
 */
#ifndef IPS_FLOW_SIPHASH_H
#define IPS_FLOW_SIPHASH_H

#include <stdint.h>

struct ips_sipkey {
	uint64_t k0, k1;
};

static inline uint64_t ips_rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void ips_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = ips_rotl(v[1], 13) ^ v[0];
	v[3] = ips_rotl(v[3], 16) ^ v[2];
	v[0] = ips_rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = ips_rotl(v[1], 17) ^ v[2];
	v[3] = ips_rotl(v[3], 21) ^ v[0];
	v[2] = ips_rotl(v[2], 32);
}

static inline uint64_t ips_siphash(const struct ips_sipkey *key, const uint64_t *w, unsigned n)
{
	uint64_t v[4] = {key->k0 ^ 0x736f6d6570736575ULL, key->k1 ^ 0x646f72616e646f6dULL,
		key->k0 ^ 0x6c7967656e657261ULL, key->k1 ^ 0x7465646279746573ULL};
	uint64_t last = (uint64_t)n * 8 << 56;

	for (unsigned i = 0; i < n; i++) {
		v[3] ^= w[i];
		ips_sip_round(v);
		ips_sip_round(v);
		v[0] ^= w[i];
	}
	v[3] ^= last;
	ips_sip_round(v);
	ips_sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++)
		ips_sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
