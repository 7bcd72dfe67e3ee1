/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services: sets of (protocol, port) as sorted, merged boxes. For TCP, UDP, SCTP, DCCP, UDP-Lite
 * the port is the destination port; for ICMP and ICMPv6 it is the message type; for all else there
 * is none and the range is full (0-65535). Protocol numbers: IANA "Assigned Internet Protocol
 * Numbers".
 */
#ifndef FW_SVC_H
#define FW_SVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

struct fw_svc {
	uint8_t proto_lo, proto_hi; /* equal except for "any" (0-255) */
	uint16_t lo, hi;
};

struct fw_svcs {
	bool any; /* one entry 0-255, 0-65535 */
	struct fw_svc *v;
	size_t n, cap;
};

struct fw_objects;

void fw_svcs_done(struct fw_svcs *s);
/* -EINVAL for a box that is neither one protocol nor the whole of "any". */
int fw_svcs_add(struct fw_svcs *s, struct fw_svc one);
/* The boxes of src behind those of dst, not yet normalised. */
int fw_svcs_append(struct fw_svcs *dst, const struct fw_svcs *src);
void fw_svcs_normalise(struct fw_svcs *s);
/* dst is overwritten, not freed; untouched on failure. */
int fw_svcs_copy(struct fw_svcs *dst, const struct fw_svcs *src);
bool fw_svcs_has(const struct fw_svcs *s, uint8_t proto, uint16_t port);
bool fw_svcs_covers(const struct fw_svcs *outer, const struct fw_svcs *inner);

/*
 * A rule's protocol and port fields. protocol: "tcp", "udp", "tcp/udp", "sctp", "icmp", "icmpv6",
 * "esp", "ah", "gre", "ipip"…, a number 0-255, or "any". port: "443", "80,443", "1024-2047", a
 * named service ("https", or an object of kind service), "any"; ICMP types by name or number
 * ("echo-request", "8"); "-" (none) where the protocol has no ports. Of a named service those
 * members count that the protocol field chooses; each protocol chosen must have one. ICMP without
 * restriction is 0-65535, too. ret is overwritten, not freed. objects may be NULL. Errors name
 * "protocol" or "port".
 */
int fw_svcs_parse(const char *protocol, const char *port, const struct fw_objects *objects,
	struct fw_svcs *ret, struct sk_err *err);

/*
 * One item of a service object: "tcp/80", "tcp/udp/53", "icmp/echo-request", "esp", a well-known
 * service. -ENOENT without a message if it can only be the name of another object.
 */
int fw_svcs_add_item(struct fw_svcs *s, const char *item, struct sk_err *err);

/* One protocol by name or number; -EINVAL. Name of a number, NULL if it has none here. */
int fw_proto_parse(const char *s, uint8_t *ret);
const char *fw_proto_name(uint8_t proto);
bool fw_proto_has_ports(uint8_t proto);
/* Well-known service name of a port ("https"), or NULL. */
const char *fw_service_name(uint8_t proto, uint16_t port);
/* "tcp/80,443 udp/53", "any". */
void fw_svcs_put(struct sk_buf *b, const struct fw_svcs *s);

#endif
