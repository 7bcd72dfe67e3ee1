/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum (RFC 1071), for the decoder and for packets made by the engine. */
#ifndef IPS_PACKET_CSUM_H
#define IPS_PACKET_CSUM_H

#include <stddef.h>

#include "ips/packet/packet.h"

/* Ones' complement sum of n bytes, to be started with 0 and continued with a former result (only
 * after an even number of bytes). */
uint32_t ips_csum_add(uint32_t sum, const void *p, size_t n);
/* The checksum in host order; 0 over data that holds its own right checksum. */
uint16_t ips_csum_end(uint32_t sum);
/* The sum of the pseudo header (RFC 793, 3.1; RFC 8200, 8.1) of n bytes of proto. */
uint32_t ips_csum_pseudo(uint8_t family, const struct ips_addr *src, const struct ips_addr *dst,
	uint8_t proto, uint32_t n);

/* Whether the IPv4 header checksum and, where all of it is there, layer 4's are right. */
bool ips_csum_verify(const struct ips_packet *p);

#endif
