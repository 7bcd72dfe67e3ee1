/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule as detection runs it: what kind of inspection it needs and what can be told about it
 * without looking into its options. Its index in the ruleset is its rank: rules are tried, and
 * alerts ordered, by ascending rank.
 */
#ifndef IPS_DETECT_CRULE_H
#define IPS_DETECT_CRULE_H

#include "ips/flow/flow.h"
#include "ips/rules/rule.h"

/* How often a rule is looked at follows from its type (Suricata 7 user guide, "Rule types"). */
enum ips_rule_type {
	IPS_RT_IP_ONLY,   /* once a flow and direction, through the address index */
	IPS_RT_LIKE_IP,   /* the same options, but negated addresses: every packet */
	IPS_RT_PROTO,     /* app-layer-protocol: once recognition of a direction ended */
	IPS_RT_EVENT,     /* decoder or stream events: packets that have one */
	IPS_RT_PACKET,    /* every packet, headers or payload */
	IPS_RT_PKTSTREAM, /* payload of packets and reassembled stream */
	IPS_RT_STREAM,    /* reassembled stream; packets only where they are not part of one */
	IPS_RT_APP,       /* protocol known, nothing else: every packet */
	IPS_RT_TX,        /* transactions */
};

enum ips_crule_flag {
	IPS_CR_PAYLOAD = 1 << 0,     /* has options on the payload */
	IPS_CR_PKT = 1 << 1,         /* payload options look at packets */
	IPS_CR_STREAM = 1 << 2,      /* payload options look at the stream */
	IPS_CR_STREAM_ONLY = 1 << 3, /* and never at packets */
	IPS_CR_HDR_BUF = 1 << 4,     /* has options on a header buffer (tcp.hdr …) */
	IPS_CR_PROTO_COND = 1 << 5,  /* PROTO: only when recognition ends */
	IPS_CR_RAW_FAST = 1 << 6,    /* its fast pattern is in the payload */
	IPS_CR_SLOT_FAST = 1 << 7,   /* its fast pattern is in a transaction's buffer */
	IPS_CR_BIDIR = 1 << 8,
	IPS_CR_TX_EVENT = 1 << 9,    /* needs an event in the transaction */
	IPS_CR_TX_NEGATED = 1 << 10, /* its contents in the transaction's fields are all negated */
};

/* What a packet must have; a bit set, so that one comparison rules many rules out. */
enum ips_need {
	IPS_NEED_PAYLOAD = 1 << 0, /* packet payload or stream data */
	IPS_NEED_EMPTY = 1 << 1,   /* neither */
	IPS_NEED_FLOW = 1 << 2,
	IPS_NEED_BITS = 1 << 3,  /* the flow has flowbits or variables */
	IPS_NEED_SYN = 1 << 4,   /* SYN, FIN or RST set */
	IPS_NEED_ODD = 1 << 5,   /* URG, ECE or CWR set */
	IPS_NEED_EST = 1 << 6,   /* flow:established */
	IPS_NEED_PROTO = 1 << 7, /* recognition of this direction just ended */
	IPS_NEED_EVENT = 1 << 8,
};

struct ips_crule {
	const struct ips_rule *rule;
	uint32_t hdr_proto; /* enum ips_hdr_proto */
	uint16_t flags;     /* enum ips_crule_flag */
	uint16_t need;      /* enum ips_need */
	uint8_t type;       /* enum ips_rule_type */
	uint8_t dirs;       /* 1 << IPS_TOSERVER | 1 << IPS_TOCLIENT */
	uint8_t app;        /* enum ips_proto_id; UNKNOWN: any */
	bool any_http;
	/* The fast pattern must end within so many bytes of the beginning; 0: anywhere. */
	uint16_t head;
	/* Lists whose meaning depends on the end of the data (bit set; beyond 32: all). */
	uint32_t needs_end;
};

struct ips_fast {
	const struct ips_match_list *list; /* NULL: the rule has none */
	const uint8_t *data;
	uint16_t len;
	bool nocase;
	uint16_t head; /* as in struct ips_crule */
};

/* Fill everything but rank-dependent parts. */
void ips_crule_make(struct ips_crule *c, const struct ips_rule *r);
/* Compare for the order in which rules are tried: action, flowbits …, priority, number. */
int ips_rule_order(const struct ips_rule *a, const struct ips_rule *b, bool effective);
/* The content by which the rule is found. */
void ips_fast_choose(const struct ips_rule *r, const struct ips_crule *c, struct ips_fast *ret);

/* True if the packet's header and flow fit (protocol, ports, addresses, direction). */
bool ips_crule_header(const struct ips_crule *c, const struct ips_packet *p);
/* The rule's application protocol is the flow's. */
bool ips_crule_app(const struct ips_crule *c, const struct ips_flow *f);
/* A buffer of transactions (not payload, not a header). */
bool ips_buf_is_tx(enum ips_buf b);

#endif
