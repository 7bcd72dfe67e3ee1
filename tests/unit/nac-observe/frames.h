/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames written down for the sensor's tests, byte by byte. */
#ifndef NAC_TEST_FRAMES_H
#define NAC_TEST_FRAMES_H

#include "tests/unit/lib/unit.h"

#include "nac/observe/watch.h"

#define FRAME_MAX 1600

struct frame {
	uint8_t b[FRAME_MAX];
	size_t len;
};

/*
 * of the argument list of frame_from (see there).
 */
struct frame frame_hex(const char *text);
/* Ethernet header (source mac, to everybody) and body. */
struct frame frame_from(const char *mac, uint16_t type, const char *body);
/* An IPv4 UDP datagram; an IPv6 ICMP message with hop limit 255. */
struct frame frame_udp4(
	const char *mac, const char *from, uint16_t sport, uint16_t dport, const char *body);
struct frame frame_icmp6(const char *mac, const char *from, const char *body);
struct frame frame_tcp4(const char *mac, const char *from, const char *tcp);
struct frame frame_arp(
	const char *mac, unsigned op, const char *sha, const char *spa, const char *tpa);
/* A DHCP message: op, client and options (with their end). */
struct frame frame_dhcp(
	const char *mac, const char *from, unsigned op, const char *client, const char *options);
struct nac_mac mac_of(const char *text);
struct nac_ip ip_of(const char *text);

#endif
