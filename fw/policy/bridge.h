/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transparent operation: the interfaces of all zones are ports of one Linux bridge, hosts on either
 * side share one network, and what crosses from zone to zone is decided about as in routed
 * operation. What that asks of a policy. Pure.
 */
#ifndef FW_BRIDGE_H
#define FW_BRIDGE_H

#include "fw/policy/policy.h"

#define FW_BRIDGE_ZONES_MAX 4 /* a bit of the packet's mark for each, arriving and leaving */

/* The bridge's name; NULL: none of the zones is on one. */
const char *fw_policy_bridge(const struct fw_policy *p);
/* From an outside zone to one that is none, on the same bridge: where a router's advertisements and
 * a DHCP server's answers go. */
bool fw_bridge_inwards(const struct fw_zone *from, const struct fw_zone *to);
/* All zones or none; no translation, no reverse path, no addresses served: there is one network.
 * Errors carry "zones[1].bridge", "rule[1042].kind", "site.reverse_path". */
int fw_bridge_check(const struct fw_policy *p, struct sk_err *err);

#endif
