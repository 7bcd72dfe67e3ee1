/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The built-in records: what makes a network work at all, each with a number below FW_NUMBER_FIRST
 * and a purpose, shown in the same list as every other rule. There is no rule in the kernel that is
 * neither a record of the registry nor one of these.
 */
#ifndef FW_BUILTIN_H
#define FW_BUILTIN_H

#include "fw/policy/policy.h"

enum fw_builtin_id {
	FW_B_ESTABLISHED = 1,  /* packets of connections that a record allowed */
	FW_B_RELATED_ICMP = 2, /* ICMP errors for them: packet too big, unreachable (RFC 4890) */
	FW_B_INVALID = 3,      /* drop packets that belong to no connection and start none */
	FW_B_LOOPBACK = 4,
	FW_B_ND = 5,                 /* IPv6 neighbour discovery, hop limit 255 (RFC 4861) */
	FW_B_MLD = 6,                /* multicast listener discovery from link-local (RFC 3810) */
	FW_B_RA_CLIENT = 7,          /* router advertisements on dhcp_client zones */
	FW_B_DHCP_CLIENT = 8,        /* DHCP and DHCPv6 client on dhcp_client zones */
	FW_B_MANAGE = 9,             /* administration from manage zones to site.manage_ports */
	FW_B_PING = 10,              /* echo requests to the gateway from ping zones */
	FW_B_REVERSE_PATH = 11,      /* drop: source not reachable through the arriving interface */
	FW_B_BOGONS = 12,            /* drop: reserved source addresses on bogons zones */
	FW_B_DEFAULT_DENY = 13,      /* drop all else */
	FW_B_INSPECT = 14,           /* contents of what is let through are inspected */
	FW_B_INSPECTED = 15,         /* connections that need no more inspection */
	FW_B_INSPECT_DROP = 16,      /* drop: connections that inspection stopped */
	FW_B_GUARD = 17,             /* drop: sources that are blocked for a time */
	FW_B_FLOOD = 18,             /* drop: what goes beyond the guard's rates */
	FW_B_BLOCKLIST = 19,         /* drop: from and to what the blocklists list */
	FW_B_BLOCKLIST_MONITOR = 20, /* the same, only reported */
	FW_B_PAGE = 21,              /* quarantined devices read the notice page */
	FW_B_SERVE_DHCP = 22,        /* the gateway gives addresses, in zones that it serves so */
	FW_B_SERVE_DNS = 23,
	FW_B_SERVE_NTP = 24,
	FW_B_USE_DNS = 25, /* what the gateway asks of servers itself, in zones for that */
	FW_B_USE_NTP = 26,
	FW_B_USE_HTTPS = 27,
	FW_B_USE_DHCPV6 = 28,
	FW_B_MSS = 29, /* TCP segments that fit the line: the rule changes, it lets nothing pass */
	/* Between the zones of a bridge (transparent operation); else there are none of these. */
	FW_B_BRIDGE_ND = 30,    /* neighbour discovery */
	FW_B_BRIDGE_RA = 31,    /* the router's advertisements, inwards */
	FW_B_BRIDGE_MLD = 32,   /* multicast listener discovery */
	FW_B_BRIDGE_DHCP = 33,  /* the inside asks, the outside answers */
	FW_B_BRIDGE_ZONE = 34,  /* ports of one zone */
	FW_B_BRIDGE_OTHER = 35, /* drop: frames that hold neither IPv4, IPv6 nor ARP */
	FW_B_LAST = FW_B_BRIDGE_OTHER,
};

/* Where in the kernel a built-in stands. */
enum fw_hook { FW_HOOK_RAW, FW_HOOK_INPUT, FW_HOOK_OUTPUT, FW_HOOK_FORWARD };

/* One built-in as it stands under a policy: what the list and the analysis show. */
struct fw_builtin {
	enum fw_builtin_id id;
	const char *name; /* "established" */
	struct sk_text purpose;
	bool allow;
	bool enabled; /* its zones and settings make it exist */
	/* the nine fields in words */
	char source[64], destination[64], protocol[32], port[64];
	char direction[256];
};

/* The last of those that a policy can have: the bridge's are at the end. */
enum fw_builtin_id fw_builtin_last(const struct fw_policy *p);
/* The n-th built-in under p (0-based); false past the last. */
bool fw_builtin_get(const struct fw_policy *p, size_t n, struct fw_builtin *ret);
const char *fw_builtin_name(enum fw_builtin_id id);
/* Does the zone open, or ask for, this built-in? False for those that ask no zone. */
bool fw_builtin_opens(enum fw_builtin_id id, const struct fw_zone *z);

/*
 * Source addresses that FW_B_BOGONS drops: the special-purpose registries (RFC 6890) and multicast
 * (RFC 1122 3.2.1.3). Left out, because neighbour discovery and DHCPv6 need them: fe80::/10 and ::.
 * Sorted, inclusive.
 */
const struct fw_range4 *fw_bogons4(size_t *ret_n);
const struct fw_range6 *fw_bogons6(size_t *ret_n);
bool fw_is_bogon(const struct fw_ip *src);

#endif
