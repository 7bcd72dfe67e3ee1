/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's routing decision for an address (rtnetlink RTM_GETROUTE), without any privilege. */
#ifndef MG_ROUTE_H
#define MG_ROUTE_H

#include <net/if.h>

#include "fw/registry/addr.h"

/* *ret_local: the address is the gateway's own. ret_iface: IF_NAMESIZE bytes. -ENETUNREACH… */
int mg_route_lookup(const struct fw_ip *ip, char *ret_iface, bool *ret_local, struct sk_err *err);

#endif
