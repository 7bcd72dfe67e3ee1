/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes two packets one flow: addresses, ports (ICMP: type and code with those of the answer),
 * protocol, VLANs and tunnel depth, the same for both directions. Used by the flow table only.
 */
#ifndef IPS_FLOW_KEY_H
#define IPS_FLOW_KEY_H

#include "ips/packet/packet.h"

#define IPS_FLOW_WORDS 6

struct ips_flow_key {
	uint64_t w[IPS_FLOW_WORDS]; /* unused words are zero */
	uint8_t n;                  /* words in use: fewer for IPv4 */
};

/* An endpoint as the packet names it. */
struct ips_flow_end {
	const struct ips_addr *addr;
	uint16_t port;
};

/*
 * The key of p and its two ends, sender first. False: packets of this kind have no flow. An ICMP
 * error is none of this kind; see ips_flow_key_quoted().
 */
bool ips_flow_key_of(
	const struct ips_packet *p, struct ips_flow_key *ret, struct ips_flow_end ret_ends[2]);

/* The key of the packet that the ICMPv4 destination unreachable message p quotes; TCP, UDP only. */
bool ips_flow_key_quoted(const struct ips_packet *p, struct ips_flow_key *ret);

#endif
