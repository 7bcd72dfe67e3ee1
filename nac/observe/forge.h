/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames isolation sends: gratuitous ARP and neighbour advertisements to one device. Pure. */
#ifndef NAC_OBSERVE_FORGE_H
#define NAC_OBSERVE_FORGE_H

#include "nac/observe/mac.h"

#define NAC_FORGE_MAX 96

/*
 * "ip is at mac", to one device. from: Ethernet source. For IPv4 a gratuitous ARP reply (RFC 5944,
 * 4.6: both targets repeat the sender, so that stacks believe it at once); for IPv6 an unsolicited
 * neighbour advertisement with the override flag, router: with the router flag. Bytes written to
 * dst (NAC_FORGE_MAX).
 */
struct nac_forge {
	struct nac_mac from, to, mac;
	struct nac_ip ip;
	bool router;
};
size_t nac_forge(const struct nac_forge *f, uint8_t *dst);
/* "Who has ip?" to everybody, in own's name: to know the neighbours before one is cut off. */
size_t nac_forge_arp_ask(const struct nac_mac *own_mac, const struct nac_ip *own,
	const struct nac_ip *ip, uint8_t *dst);
/* An echo request to all nodes (RFC 4291, 2.7.1) from one of the gateway's. */
size_t nac_forge_echo_all(const struct nac_mac *own_mac, const struct nac_ip *own, uint8_t *dst);

#endif
