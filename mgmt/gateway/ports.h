/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ports of a set-up and the cards of a machine: what is known by its name, what by its card.
 * Pure. */
#ifndef MG_GATEWAY_PORTS_H
#define MG_GATEWAY_PORTS_H

#include "mgmt/gateway/gateway.h"

/* Transparent operation: the ports of wan and lan are this bridge's, which has the addresses. */
#define MG_GW_BRIDGE "br-gate"
/* Is the role's network the one that both sides share? */
bool mg_gateway_shared(const struct mg_gateway *g, enum mg_gw_role r);

/* What there is on this machine. */
struct mg_gw_iface {
	char name[IFNAMSIZ], mac[18], driver[32];
	bool carrier;
};
/* When a set-up is made: name and MAC address of each port. -ENODEV "ports[1].match": no such
 * interface; -EINVAL: name and MAC address are of two. */
int mg_gateway_resolve(
	struct mg_gateway *g, const struct mg_gw_iface *ifaces, size_t n, struct sk_err *err);

enum mg_gw_fit {
	MG_GW_FITS,
	MG_GW_GONE,  /* there is no such card now */
	MG_GW_MOVED, /* the card has another name */
	MG_GW_OTHER, /* another card has the name */
};
/* What is wrong with the card, for people; NULL: nothing. */
const struct sk_text *mg_gateway_fit_text(enum mg_gw_fit fit);
/*
 * At a start: is port i the card that it was when it was set up? The policy knows a port by its
 * name, so what is on another name now, or another card, is held and gets nothing. Of several ports
 * of a role the policy knows the bridge alone: these follow their card.
 */
enum mg_gw_fit mg_gateway_fit(
	struct mg_gateway *g, size_t i, const struct mg_gw_iface *ifaces, size_t n);
/* The interface that has a role's addresses: its port, or the bridge over its ports. */
const char *mg_gateway_iface(
	const struct mg_gateway *g, enum mg_gw_role r, char dst[static IFNAMSIZ]);
size_t mg_gateway_ports(const struct mg_gateway *g, enum mg_gw_role r);
/* The only port of a role; NULL: several are a bridge, or there is none. */
const struct mg_gw_port *mg_gateway_single(const struct mg_gateway *g, enum mg_gw_role r);

#endif
