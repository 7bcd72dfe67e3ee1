/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one Ethernet frame says of its sender: the parsers of ARP, neighbour discovery, DHCP, name
 * protocols, TCP's first packets and switches' own protocols. Bytes in, one plain struct out; no
 * state, no allocation. Malformed content leaves what was read before it and sets a flag.
 */
#ifndef NAC_OBSERVE_SIGHT_H
#define NAC_OBSERVE_SIGHT_H

#include "lib/cursor.h"
#include "nac/observe/mac.h"

#define NAC_SIGHT_TEXT 64
#define NAC_SIGHT_PARAMS 160
#define NAC_RA_PREFIXES 4

enum nac_sight_kind {
	NAC_SIGHT_OTHER, /* only the headers */
	NAC_SIGHT_ARP,
	NAC_SIGHT_DHCP4,
	NAC_SIGHT_DHCP6,
	NAC_SIGHT_NS,
	NAC_SIGHT_NA,
	NAC_SIGHT_RS,
	NAC_SIGHT_RA,
	NAC_SIGHT_NAME,   /* mDNS, LLMNR, NetBIOS, SSDP */
	NAC_SIGHT_SYN,    /* TCP, first packet */
	NAC_SIGHT_SYNACK, /* and its answer */
	NAC_SIGHT_LINK,   /* LLDP, CDP, spanning tree */
};

/* RFC 826 for IPv4 over Ethernet. */
struct nac_arp {
	uint16_t op; /* 1 request, 2 reply */
	struct nac_mac sha, tha;
	struct nac_ip spa, tpa; /* family 0 for 0.0.0.0 (a probe, RFC 5227) */
};

/* RFC 2131 and 2132. type 0: BOOTP. */
struct nac_dhcp4 {
	uint8_t type; /* option 53: 1 DISCOVER, 2 OFFER, 3 REQUEST, 5 ACK… */
	bool reply;   /* op is BOOTREPLY */
	struct nac_mac chaddr;
	struct nac_ip yiaddr, ciaddr, requested, server, router; /* options 50, 54, first of 3 */
	char hostname[NAC_SIGHT_TEXT]; /* option 12, else the first label of option 81 */
	char vendor[NAC_SIGHT_TEXT];   /* option 60 */
	char params[NAC_SIGHT_PARAMS]; /* option 55: "1,3,6" */
	uint8_t client_id[32];         /* option 61 */
	uint8_t client_id_len;
};

/* RFC 8415; a relayed message is looked into. */
struct nac_dhcp6 {
	uint8_t type; /* 1 SOLICIT, 2 ADVERTISE, 3 REQUEST, 7 REPLY… */
	bool reply;   /* ADVERTISE, REPLY, RECONFIGURE: sent by a server */
	uint8_t duid[32];
	uint8_t duid_len;
	char hostname[NAC_SIGHT_TEXT]; /* option 39, first label */
	char oro[NAC_SIGHT_TEXT];      /* option 6: "23,24" */
	uint32_t enterprise;           /* option 16, 0: none */
};

/* RFC 4861. */
struct nac_nd {
	struct nac_ip target; /* NS, NA */
	bool has_mac;         /* source (NS, RS, RA) or target (NA) link-layer address option */
	struct nac_mac mac;
	uint8_t flags;     /* NA: 0x80 router, 0x40 solicited, 0x20 override; RA: 0x80 M, 0x40 O */
	uint16_t lifetime; /* RA, seconds */
	uint8_t prefix_n;
	struct nac_ip prefixes[NAC_RA_PREFIXES];
	uint8_t prefix_bits[NAC_RA_PREFIXES];
	struct nac_ip dns; /* RFC 8106, the first */
};

/* Which protocol told the name; a higher one is believed over a lower one. */
enum nac_name_rank {
	NAC_NAME_NONE,
	NAC_NAME_LLMNR,
	NAC_NAME_NBNS,
	NAC_NAME_MDNS,
	NAC_NAME_LLDP,
	NAC_NAME_DHCP6,
	NAC_NAME_DHCP4,
};

struct nac_name {
	enum nac_name_rank rank;
	char host[NAC_SIGHT_TEXT];
	char model[NAC_SIGHT_TEXT]; /* mDNS TXT (ty, md, model), SSDP's SERVER */
};

struct nac_tcp {
	uint16_t sport, dport;
	char sig[NAC_SIGHT_TEXT]; /* "64:mss,sok,ts,nop,ws7:df" */
};

enum { NAC_LINK_BRIDGE = 1, NAC_LINK_AP = 2, NAC_LINK_ROUTER = 4, NAC_LINK_PHONE = 8 };
struct nac_link {
	uint8_t caps; /* NAC_LINK_… that are enabled */
	char name[NAC_SIGHT_TEXT], model[NAC_SIGHT_TEXT];
};

struct nac_sight {
	enum nac_sight_kind kind;
	bool malformed;
	struct nac_mac src, dst;
	uint16_t vlan, type; /* outermost tag's VLAN, 0: none; EtherType behind the tags */
	struct nac_ip from, to;
	uint8_t hops; /* TTL or hop limit */
	union {
		struct nac_arp arp;
		struct nac_dhcp4 dhcp4;
		struct nac_dhcp6 dhcp6;
		struct nac_nd nd;
		struct nac_name name;
		struct nac_tcp tcp;
		struct nac_link link;
	};
};

/*
 * Read a frame from its destination address on (no FCS), cut off wherever the capture cut it.
 * false: not even a header with an individual source address; *ret then is all zero.
 */
bool nac_sight_parse(const uint8_t *p, size_t len, struct nac_sight *ret);

/* The parts, each for the payload of its protocol. false: malformed, ret filled as far as read. */
bool nac_parse_arp(struct sk_cursor *c, struct nac_arp *ret);
bool nac_parse_dhcp4(struct sk_cursor *c, struct nac_dhcp4 *ret);
bool nac_parse_dhcp6(struct sk_cursor *c, struct nac_dhcp6 *ret);
bool nac_parse_nd(struct sk_cursor *c, uint8_t icmp_type, struct nac_nd *ret);
bool nac_parse_mdns(struct sk_cursor *c, struct nac_name *ret);  /* RFC 6762 */
bool nac_parse_llmnr(struct sk_cursor *c, struct nac_name *ret); /* RFC 4795 */
bool nac_parse_nbns(struct sk_cursor *c, struct nac_name *ret);  /* RFC 1002, port 137 */
bool nac_parse_nbds(struct sk_cursor *c, struct nac_name *ret);  /* RFC 1002, port 138 */
bool nac_parse_ssdp(struct sk_cursor *c, struct nac_name *ret);  /* UPnP 1.1 */
bool nac_parse_lldp(struct sk_cursor *c, struct nac_link *ret);  /* IEEE 802.1AB */
bool nac_parse_cdp(struct sk_cursor *c, struct nac_link *ret);   /* behind its SNAP header */

/* Text from outside: printable, cut to cap, trailing dots, blanks and zeros taken off. */
void nac_text(char *dst, size_t cap, const void *p, size_t len);
/* Append "n" with a comma before it unless first; stops silently when dst is full. */
void nac_text_number(char *dst, size_t cap, unsigned n);
/* Address of the given family from the cursor (4 or 16 bytes). */
void nac_cur_ip(struct sk_cursor *c, uint8_t family, struct nac_ip *ret);
void nac_cur_mac(struct sk_cursor *c, struct nac_mac *ret);

#endif
