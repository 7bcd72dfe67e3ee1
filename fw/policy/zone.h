/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones: named lists of interfaces between which everything is denied unless a record allows it.
 * The gateway itself is the zone "gateway", without interfaces.
 */
#ifndef FW_ZONE_H
#define FW_ZONE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/json.h"

#define FW_ZONE_NAME_MAX 15
#define FW_ZONES_MAX 32
#define FW_ZONE_IFACES_MAX 32

enum fw_zone_kind {
	FW_ZONE_OUTSIDE,
	FW_ZONE_INSIDE,
	FW_ZONE_DMZ,
	FW_ZONE_FACTORY,
	FW_ZONE_GUEST,
	FW_ZONE_MANAGEMENT,
	FW_ZONE_KINDS
};

/* What the gateway does for a zone's devices (serve) and asks of servers there itself (use). */
enum fw_zone_serve {
	FW_SERVE_DHCP = 1 << 0, /* gives addresses: DHCP, DHCPv6, router advertisements */
	FW_SERVE_DNS = 1 << 1,
	FW_SERVE_NTP = 1 << 2,
};
enum fw_zone_use {
	FW_USE_DNS = 1 << 0,    /* its resolver's questions */
	FW_USE_NTP = 1 << 1,    /* its clock */
	FW_USE_HTTPS = 1 << 2,  /* updates and lists */
	FW_USE_DHCPV6 = 1 << 3, /* its IPv6 prefix: DHCPv6 and router advertisements, no DHCP */
};

struct fw_zone {
	char name[FW_ZONE_NAME_MAX + 1]; /* [a-z][a-z0-9_]* */
	char label[128];                 /* for people, any UTF-8 */
	enum fw_zone_kind kind;
	bool reject;      /* refuse (TCP reset, ICMP) instead of silently dropping what is denied */
	bool dhcp_client; /* the gateway gets its address here by DHCP / DHCPv6 / RA */
	bool manage;      /* the gateway may be administered from here */
	bool ping;        /* the gateway answers echo requests from here */
	bool bogons;      /* drop reserved source addresses (RFC 6890) arriving here */
	uint8_t serve;    /* enum fw_zone_serve; none in outside zones */
	uint8_t use;      /* enum fw_zone_use */
	char ifaces[FW_ZONE_IFACES_MAX][IFNAMSIZ];
	size_t n_ifaces;
	/* Transparent operation: the interfaces are ports of this bridge, like those of all zones
	 * with it. "": they have networks of their own. */
	char bridge[IFNAMSIZ];
};

/* Names, kinds, interfaces in one zone only, count limits. */
int fw_zones_validate(const struct fw_zone *z, size_t n, struct sk_err *err);
const struct fw_zone *fw_zone_find(const struct fw_zone *z, size_t n, const char *name);
const struct fw_zone *fw_zone_of_iface(const struct fw_zone *z, size_t n, const char *ifname);
bool fw_zone_name_valid(const char *name);

json_t *fw_zone_to_json(const struct fw_zone *z);
int fw_zone_from_json(const json_t *v, struct fw_zone *ret, struct sk_err *err);
/*
 * Lists of services, "dhcp,dns,ntp" or "none", with spaces where one likes. -EINVAL with path
 * "serve" or "use" and the words there are.
 */
int fw_zone_serve_parse(const char *list, uint8_t *ret, struct sk_err *err);
int fw_zone_use_parse(const char *list, uint8_t *ret, struct sk_err *err);
/* "outside" "inside" "dmz" "factory" "guest" "management" */
const char *fw_zone_kind_name(enum fw_zone_kind k);
int fw_zone_kind_parse(const char *s, enum fw_zone_kind *ret);
/* What to say when that fails: -EINVAL, path "kind", the kinds there are. */
int fw_zone_kind_unknown(struct sk_err *err);
const struct sk_text *fw_zone_kind_text(enum fw_zone_kind k);

#endif
