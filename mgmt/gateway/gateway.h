/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The set-up of the gateway itself as one document: what its ports are for, addresses, services for
 * the inside, first people. An answer file and /etc/sekisho/gateway.json are such documents; from
 * one come the configurations of other programs and the site's first zones. Pure.
 */
#ifndef MG_GATEWAY_H
#define MG_GATEWAY_H

#include <jansson.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define MG_GW_VERSION 1
#define MG_GW_BYTES_MAX (256u << 10)
#define MG_GW_PORTS_MAX 16
#define MG_GW_PEOPLE_MAX 32
#define MG_GW_SERVERS_MAX 4 /* names or addresses in one list */
#define MG_GW_RESERVED_MAX 256

enum mg_gw_role {
	MG_GW_WAN,
	MG_GW_LAN,
	MG_GW_DMZ,
	MG_GW_FACTORY,
	MG_GW_GUEST,
	MG_GW_MANAGE,
	MG_GW_ROLES
};
/* "wan" …: also the name of the zone. */
const char *mg_gw_role_name(enum mg_gw_role r);
const struct sk_text *mg_gw_role_text(enum mg_gw_role r);

struct mg_gw_ip {
	int family; /* AF_INET, AF_INET6; 0: not given */
	uint8_t b[16];
	unsigned prefix; /* the whole address where none was given */
};
/* "192.168.1.1" or, prefix, "192.168.1.1/24", of that family. -EINVAL without a message. */
int mg_gw_ip_parse(const char *s, int family, bool prefix, struct mg_gw_ip *ret);
/* Without or with its prefix; dst at least 64 bytes; returns dst. */
const char *mg_gw_ip_text(const struct mg_gw_ip *ip, bool prefix, char *dst, size_t cap);
bool mg_gw_ip_inside(const struct mg_gw_ip *net, const struct mg_gw_ip *ip);
/* The network's first address, with its prefix. */
struct mg_gw_ip mg_gw_ip_network(const struct mg_gw_ip *ip);

struct mg_gw_port {
	char mac[18];        /* lower case; "" until a matching interface was found */
	char name[IFNAMSIZ]; /* likewise */
	bool held;           /* name and card do not agree (mg_gateway_fit) */
	enum mg_gw_role role;
};

enum mg_gw_method {
	MG_GW_NONE,
	MG_GW_STATIC,
	MG_GW_DHCP,
	MG_GW_PPPOE,
	MG_GW_AUTO,      /* router advertisements, and DHCPv6 where they say so */
	MG_GW_DELEGATED, /* a part of the prefix that the line brings */
	MG_GW_METHODS
};

struct mg_gw_family { /* one of IPv4 and IPv6 of a network */
	enum mg_gw_method method;
	struct mg_gw_ip address, gateway, dns[MG_GW_SERVERS_MAX];
	size_t n_dns;
};

struct mg_gw_reserved {
	char mac[18], name[64];
	struct mg_gw_ip address;
};

struct mg_gw_net {
	bool present;
	struct mg_gw_family ip4, ip6;
	bool delegation; /* wan: ask for a prefix to hand on */
	unsigned subnet; /* delegated: which part of it */
	char pppoe_user[128], pppoe_password[128];
	unsigned pppoe_mtu;
	bool dhcp;
	struct mg_gw_ip from, to, relay; /* relay: ask that server instead */
	unsigned lease;                  /* seconds */
	struct mg_gw_reserved *reserved; /* owned */
	size_t n_reserved;
	bool dns, ntp, manage;
};

/* Numbers of Unix users that are made here. */
#define MG_GW_UID_FIRST 2000
#define MG_GW_UID_LAST 59999

struct mg_gw_person {
	char name[64], display[128], password[128];
	unsigned roles; /* enum mg_role */
};

struct mg_gateway {
	enum sk_lang lang;
	bool keyboard_us; /* at the screen; else the Japanese one */
	char site[128], hostname[64], timezone[64];
	char ntp[MG_GW_SERVERS_MAX][254];
	size_t n_ntp;
	bool transparent;
	bool dnssec; /* validate; the line's resolver has to pass signatures on */
	struct mg_gw_port ports[MG_GW_PORTS_MAX];
	size_t n_ports;
	struct mg_gw_net nets[MG_GW_ROLES];
	struct mg_gw_person people[MG_GW_PEOPLE_MAX];
	size_t n_people;
	char profile[16]; /* "monitor", "balanced", "strict" */
	bool fail_open, admission_learn, rules_web;
};

/*
 * Parsed and checked as a whole; *ret is owned (mg_gateway_free). -EINVAL and the like with the
 * field's path such as "networks[1].ipv4.address"; -EPROTO: of a newer version.
 */
int mg_gateway_parse(const json_t *doc, struct mg_gateway **ret, struct sk_err *err);
void mg_gateway_free(struct mg_gateway *g); /* passwords are wiped */
void mg_gateway_freep(struct mg_gateway **g);

/* What only a gateway that was never set up needs: an administrator and, another person, an
 * approver, each with a password. */
int mg_gateway_check_first(const struct mg_gateway *g, struct sk_err *err);
/* What may be somebody's user name, and what their full name. */
int mg_gateway_check_name(const char *name, struct sk_err *err);
int mg_gateway_check_display(const char *display, struct sk_err *err);
/* No.115: long, not of one kind of characters, no sequences, nothing of the person's name. */
int mg_gateway_check_password(const char *password, const char *name, struct sk_err *err);

/* The document to keep (new reference): without people and passwords, ports with name and MAC. */
json_t *mg_gateway_settings(const json_t *doc, const struct mg_gateway *g);

#endif
