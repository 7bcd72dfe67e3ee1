/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames to packets: link layers, IPv4 and IPv6 with extension headers, fragments put together,
 * tunnels taken apart (GRE, IP-in-IP, 6in4, VXLAN, Teredo). What is malformed is an event of the
 * packet, never an error.
 */
#ifndef IPS_PACKET_DECODE_H
#define IPS_PACKET_DECODE_H

#include "ips/packet/packet.h"

/* Link types, from pcap's DLT_ values (pcap-linktype(7)). */
enum ips_link {
	IPS_LINK_RAW, /* starts with the IP header: NFQUEUE, DLT_RAW */
	IPS_LINK_ETHERNET,
	IPS_LINK_NULL, /* BSD loopback */
	IPS_LINK_PPP,
	IPS_LINK_SLL,
	IPS_LINK_SLL2,
	IPS_LINK_UNKNOWN, /* no packet is decoded; event link.unknown */
};

struct ips_decoder_config {
	bool check_csum; /* verify checksums (off for captures and for the queue) */
	bool gso;        /* frames may be super-packets whose IP length field is 0 or cut */
	/*
	 * Fragments that overlap with different bytes: false: what a Windows receiver would make of
	 * them (captures); true: the datagram never completes (inline, RFC 5722). Inline on
	 * Sekisho's gateway the kernel's connection tracking has put fragments together before the
	 * queue sees them; a fragment that comes all the same is a packet without ports and flow.
	 */
	bool frag_refuse;
	uint8_t max_tunnels;     /* layers in one frame, tunnels and tags counted; 16 */
	uint32_t frag_trackers;  /* datagrams being put together at once, 4096 */
	uint32_t frag_bytes;     /* memory for fragments, preallocated; 8 MiB */
	uint32_t frag_timeout_s; /* since the last fragment; 60 */
	uint16_t vxlan_port;     /* 4789, 0: off */
	uint16_t geneve_port;    /* 6081, 0: off */
	bool teredo;             /* UDP port 3544 */
};
/* The values named above; checksums off, gso and frag_refuse with inline_mode, tunnels on. */
void ips_decoder_config_default(struct ips_decoder_config *cfg, bool inline_mode);

struct ips_decoder;
struct ips_decoder *ips_decoder_new(const struct ips_decoder_config *cfg, const uint8_t seed[16]);
void ips_decoder_free(struct ips_decoder *d);

/*
 * Decode a frame into *p (cleared first). Always yields one packet: at worst family 0 with events.
 * An IP fragment yields itself with IPS_PKT_FRAGMENT; when it completes a datagram, that one
 * follows from ips_decode_next. A packet whose payload follows as a packet of its own (tunnel,
 * fragment) has IPS_PKT_NO_PAYLOAD. frame must stay in place until the next ips_decode.
 */
void ips_decode(struct ips_decoder *d, enum ips_link link, struct ips_view frame, uint64_t ts_us,
	struct ips_packet *p);
/* The next packet within the last frame: a reassembled datagram or a tunnel's inner packet. */
bool ips_decode_next(struct ips_decoder *d, struct ips_packet *p);

struct ips_decoder_stats {
	uint64_t frames, bytes, invalid;
	uint64_t inner_lost; /* more packets within one frame than there is room for */
	uint64_t fragments, reassembled, frag_refused, frag_timeouts;
	uint64_t frag_no_memory; /* fragments, or datagrams given up for newer ones */
	uint32_t frag_now;       /* datagrams being put together */
};
const struct ips_decoder_stats *ips_decoder_stats(const struct ips_decoder *d);

#endif
