/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of the RADIUS server's spool (configs/freeradius/spool.conf): an answer to a switch, or
 * what a switch accounts for. 23 fields between "|"; what others chose stands in hex. Pure.
 */
#ifndef MG_RADIUS_RECORD_H
#define MG_RADIUS_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "mgmt/radius/mac.h"

#define MG_RADIUS_LINE_MAX 8192

enum mg_radius_kind {
	MG_RADIUS_ACCEPT,
	MG_RADIUS_REJECT,
	MG_RADIUS_START,
	MG_RADIUS_UPDATE, /* no event of its own */
	MG_RADIUS_STOP,
	MG_RADIUS_ON, /* a switch begins: it knows no session any more */
	MG_RADIUS_OFF,
	MG_RADIUS_KINDS
};

/* An attribute as it came: any bytes. */
struct mg_radius_bytes {
	uint8_t n;
	uint8_t b[253];
};

struct mg_radius_record {
	enum mg_radius_kind kind;
	int64_t time;                /* seconds since 1970 */
	char source[46], nas_ip[46]; /* from where the switch asked; what it says it is ("") */
	struct mg_radius_bytes nas_id, port_id, caller, user, identity, session, detail;
	int64_t port;            /* NAS-Port, -1: none */
	char mac[MG_RADIUS_MAC]; /* of caller, or else of user; "" if neither is one */
	char method[16];         /* "mac", "tls", "peap", "ttls", "dot1x"… or "" */
	char verdict[32];        /* "ok", "expired"…, "" for accounting */
	int64_t number, seconds; /* of the device, 0: unknown; Session-Timeout */
	char vlan[33];
	char ipv4[46], ipv6[46]; /* of the device, "" unknown */
	int64_t duration;        /* of the session, seconds, -1: not said */
	uint64_t in, out;        /* bytes from and to the device */
	char cause[32];          /* Acct-Terminate-Cause */
};

/* One line without its end. 0, or -EBADMSG with what is wrong; ret is then undefined. */
int mg_radius_record_parse(
	const char *s, size_t n, struct mg_radius_record *ret, struct sk_err *err);

/* Whether it becomes an event. */
bool mg_radius_record_tells(const struct mg_radius_record *r);
/*
 * The event (docs/ipc.md): owned, NULL without memory. switch_name and device_name may be "".
 */
json_t *mg_radius_record_event(
	const struct mg_radius_record *r, const char *switch_name, const char *device_name);

#endif
