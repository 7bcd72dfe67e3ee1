/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an event says about a packet: addresses, protocol, ports. Read from the first bytes that
 * NFLOG copied, which may be cut anywhere. Pure; everything it reads was chosen by a stranger.
 */
#ifndef FW_FWD_PACKET_H
#define FW_FWD_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FWD_PACKET_EXT_MAX 12 /* IPv6 extension headers followed before giving up */

struct fwd_packet {
	uint8_t family; /* 4 or 6 */
	uint8_t proto;  /* upper-layer protocol; the last header reached if cut short */
	bool has_ports; /* TCP, UDP, UDP-Lite, DCCP, SCTP with their header at hand */
	bool has_icmp;  /* ICMP or ICMPv6 with type and code at hand */
	bool midstream; /* TCP, and not the SYN that opens a connection (RFC 9293 3.1) */
	bool opens;     /* TCP: a SYN alone, or none of SYN, ACK and RST, as only scanners send */
	bool fragment;  /* any fragment; only the first one has ports */
	uint8_t icmp_type, icmp_code;
	uint16_t sport, dport;
	uint32_t len;             /* of the packet on the wire, from its header */
	uint8_t src[16], dst[16]; /* IPv4 in the first four bytes, network order, the rest zero */
};

/*
 * Read an IPv4 (RFC 791) or IPv6 (RFC 8200) packet of which n bytes are at hand. 0 as soon as both
 * addresses are known, whatever follows; -EBADMSG else, with ret untouched.
 */
int fwd_packet_parse(const void *p, size_t n, struct fwd_packet *ret);

#endif
