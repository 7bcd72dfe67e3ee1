/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for the tests, made from the inside out: each call puts a header before what is there,
 * with the lengths and checksums of that.
 */
#ifndef TEST_IPS_PACKET_BUILD_H
#define TEST_IPS_PACKET_BUILD_H

#include "ips/packet/decode.h"
#include "tests/unit/lib/unit.h"

#define BUILD_ROOM 70000u

struct build {
	uint8_t room[BUILD_ROOM];
	uint32_t at;
	bool done_csum; /* the upper layer's checksum is right already */
};

void b_init(struct build *b);
void b_put(struct build *b, const void *p, uint32_t n);
void b_text(struct build *b, const char *s);
void b_fill(struct build *b, uint8_t with, uint32_t n);
struct ips_view b_view(const struct build *b);

void b_tcp(struct build *b, uint16_t sport, uint16_t dport, uint8_t flags, const void *options,
	uint32_t n);
void b_udp(struct build *b, uint16_t sport, uint16_t dport);
/* An ICMP or ICMPv6 header of eight bytes. */
void b_icmp(struct build *b, uint8_t type, uint8_t code, uint16_t id, uint16_t seq);

struct b_ip4 {
	uint8_t proto, ttl, tos;
	uint16_t id, frag;
	const void *options;
	uint32_t options_len;
};
/* 10.0.0.1 to 10.0.0.2. Mends the checksum of a TCP, UDP or ICMP header that follows. */
void b_ip4(struct build *b, const struct b_ip4 *h);
void b_ip4_plain(struct build *b, uint8_t proto);
/* fd00::1 to fd00::2; next: what follows, upper: whose checksum to mend (0: nobody's) */
void b_ip6(struct build *b, uint8_t next, uint8_t upper);
void b_ip6_plain(struct build *b, uint8_t proto);
void b_ip6_frag(struct build *b, uint8_t next, uint32_t id, uint32_t offset, bool more);
void b_vlan(struct build *b, uint16_t id, uint16_t type);
void b_eth(struct build *b, uint16_t type);

/* A decoder with the defaults for captures, and the decoding of one frame with it. */
struct ips_decoder *t_decoder(bool inline_mode);
void t_decode(struct ips_decoder *d, enum ips_link link, struct ips_view v, struct ips_packet *p);
/* At that second. */
void t_decode_at(struct ips_decoder *d, struct ips_view v, uint64_t s, struct ips_packet *p);

bool t_has(const struct ips_packet *p, enum ips_event ev);
/* The only event, or none at all (IPS_EV_NONE). */
void t_only_event(const struct ips_packet *p, enum ips_event ev);
void t_payload_is(const struct ips_packet *p, const char *s);

#endif
