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
	uint64_t w[IPS_FLOW_WORDS]; /* the lower end first; for hashing */
	uint8_t n;                  /* words in use: fewer for IPv4 */
	uint8_t family, proto, tunnel_depth;
	uint16_t vlan[2];
	/* The two ends as the packet names them, sender first. */
	struct ips_addr addr[2];
	uint16_t port[2];
};

/* False: packets of this kind have no flow, as an ICMPv4 error; see ips_flow_key_quoted(). */
bool ips_flow_key_of(const struct ips_packet *p, struct ips_flow_key *ret);

/* The key of the packet that the ICMPv4 destination unreachable message p quotes; TCP, UDP only. */
bool ips_flow_key_quoted(const struct ips_packet *p, struct ips_flow_key *ret);

#endif
