/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A blocked or allowed connection as the day files hold it: what differs from event to event in a
 * row (mg_flow), what many share in a class (mg_class): about 40 bytes an event. Pure.
 */
#ifndef MG_EVENTS_FLOW_H
#define MG_EVENTS_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/json.h"

enum mg_kind { MG_KIND_DROP, MG_KIND_ALLOW, MG_KINDS };

#define MG_CLASS_REJECTED 1u
#define MG_CLASS_NAT 2u
#define MG_CLASS_TEXT_MAX 63 /* bytes of one text */
#define MG_ENTRY_MAX 2048    /* of an entry or name */

/* "" where the event has none. */
enum mg_class_text {
	MG_PROTO,
	MG_REASON,
	MG_ZONE_IN,
	MG_ZONE_OUT,
	MG_IN_IFACE,
	MG_OUT_IFACE,
	MG_DIRECTION,
	MG_FEED, /* of the blocklist that stopped it */
	MG_CLASS_TEXTS
};

struct mg_class {
	uint8_t kind, flags;
	uint32_t rule, revision;
	const char *text[MG_CLASS_TEXTS];
};

/* An address: IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291 2.5.5.2); all ones: none. */
struct mg_addr {
	uint8_t b[16];
};

struct mg_flow {
	int64_t ts;   /* microseconds: of a folded event the last packet */
	int64_t span; /* microseconds from the first packet to ts */
	uint64_t count;
	int64_t mac; /* source MAC, -1 none */
	struct mg_addr src, dst;
	int32_t sport, dport; /* -1 none */
	int32_t icmp;         /* type << 8 | code, -1 none */
	int32_t len;          /* -1 none */
	uint32_t cls;
	/* Of a blocklist (class with a feed) or NULL; borrowed: the entry, and what was seen of it:
	 * a name below it, the host of a URL. */
	const char *entry, *name;
	const char *extra; /* JSON of all other fields, or NULL; borrowed */
};

/*
 * Take a "drop" or "allow" event apart; c's texts are borrowed from ev. What has no place in the
 * two goes to *ret_extra (owned, NULL if nothing). -ENOENT: neither drop nor allow.
 */
int mg_flow_decode(const json_t *ev, struct mg_flow *f, struct mg_class *c, json_t **ret_extra);
/* Microseconds; 0 if the event has no sensible "ts". */
int64_t mg_event_ts(const json_t *ev);

/* Address and text; the text of "none" is "" (dst: INET6_ADDRSTRLEN bytes). -EINVAL. */
int mg_addr_parse(const char *s, struct mg_addr *ret);
const char *mg_addr_text(const struct mg_addr *a, char *dst);
bool mg_addr_is_v4(const struct mg_addr *a);
bool mg_addr_is_none(const struct mg_addr *a);

#endif
