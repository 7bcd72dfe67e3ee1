/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One detection rule as parsed from Suricata's language, complete and checked, before compilation.
 * A rule that could not be understood in full is never made. Owned by its struct ips_rules.
 */
#ifndef IPS_RULES_RULE_H
#define IPS_RULES_RULE_H

#include "ips/rules/opt.h"

enum ips_action {
	IPS_ALERT,
	IPS_PASS,
	IPS_DROP,
	IPS_REJECT,     /* to the source of the packet (rejectsrc) */
	IPS_REJECT_DST, /* to its destination */
	IPS_REJECT_BOTH,
};

/* Sorted, disjoint, inclusive; negation and variables already resolved. */
struct ips_addr_range {
	struct ips_addr lo, hi;
};
struct ips_addr_set {
	bool any;
	struct ips_addr_range *v4, *v6;
	uint32_t v4_n, v6_n;
};
bool ips_addr_set_has(const struct ips_addr_set *s, uint8_t family, const struct ips_addr *a);

struct ips_port_range {
	uint16_t lo, hi;
};
struct ips_port_set {
	bool any;
	struct ips_port_range *r; /* sorted, disjoint */
	uint32_t n;
};
bool ips_port_set_has(const struct ips_port_set *s, uint16_t port);

/* Header protocols below the application layer, a bit set. */
enum ips_hdr_proto {
	IPS_HP_TCP = 1 << 0,
	IPS_HP_UDP = 1 << 1,
	IPS_HP_ICMP = 1 << 2,
	IPS_HP_ICMPV6 = 1 << 3,
	IPS_HP_SCTP = 1 << 4,
	IPS_HP_OTHER = 1 << 5,
	IPS_HP_IP = 0x3f,          /* "ip", "pkthdr" */
	IPS_HP_IPV4_ONLY = 1 << 8, /* "ipv4", "ip4" */
	IPS_HP_IPV6_ONLY = 1 << 9,
	IPS_HP_TCP_PKT = 1 << 10,    /* tcp-pkt: packets only */
	IPS_HP_TCP_STREAM = 1 << 11, /* tcp-stream: reassembled only */
	IPS_HP_PKTHDR = 1 << 12,
};

struct ips_rule_ref {
	const char *key, *value; /* "cve", "2021-44228" */
};

/*
 * The options on one buffer, in their order; each `http.uri; …` group makes one list, and payload
 * options (no sticky buffer) are one list with IPS_BUF_PAYLOAD. Two groups on the same MULTI buffer
 * are two lists.
 */
struct ips_match_list {
	enum ips_buf buf;
	enum ips_dir dir; /* for buffers that exist in both: given by flow, else both tried */
	bool dir_both;
	struct ips_transform *transforms;
	uint32_t transforms_n;
	struct ips_opt *opts;
	uint32_t n;
};

enum ips_rule_flag {
	IPS_RULE_NOALERT = 1 << 0,
	IPS_RULE_BIDIR = 1 << 1,     /* <> */
	IPS_RULE_PREFILTER = 1 << 2, /* `prefilter` keyword */
	IPS_RULE_TARGET_SRC = 1 << 3,
	IPS_RULE_TARGET_DST = 1 << 4,
	IPS_RULE_DISABLED = 1 << 5, /* commented out in its file (listed, never compiled) */
	IPS_RULE_ADDR_NEG = 1 << 6, /* an address was written with '!': not an address-only rule */
};

struct ips_rule {
	uint32_t gid, sid, rev;
	enum ips_action action; /* as written; policy decides what happens */
	enum ips_action effective;
	uint32_t flags;
	uint8_t severity; /* EVE alert.severity: classification's or `priority` */
	const char *msg, *classtype, *class_text;
	struct ips_rule_ref *refs;
	uint32_t refs_n;
	struct ips_rule_ref *metadata; /* key, value */
	uint32_t metadata_n;

	uint32_t hdr_proto;    /* enum ips_hdr_proto */
	enum ips_proto_id app; /* `alert http`: HTTP1 (with app_any_http set); UNKNOWN: none */
	bool app_any_http;
	struct ips_addr_set src, dst;
	struct ips_port_set sport, dport;

	struct ips_flow_opt flow;
	struct ips_match_list *lists; /* buffers, payload list included */
	uint32_t lists_n;
	struct ips_opt *conds; /* conditions on packet, flow, transaction numbers; in order */
	uint32_t conds_n;
	struct ips_opt *actions; /* done on a match: flowbits:set, xbits:set, flowint, tag… */
	uint32_t actions_n;
	struct ips_threshold threshold; /* type NONE: no limit */
	struct ips_threshold detection; /* detection_filter */
	/* The suppress and rate_filter lines of threshold.config for this rule. */
	struct ips_threshold *filters;
	uint32_t filters_n;

	const char *file;
	uint32_t line;
	const char *text; /* whole rule, for people */
};

#endif
