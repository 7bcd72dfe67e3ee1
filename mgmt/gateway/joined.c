// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports of different zones in one network: no filter would stand between them. */
#include <errno.h>
#include <string.h>

#include "mgmt/gateway/generate.h"
#include "mgmt/gateway/joined.h"

/* The zone that the policy sees p in: by its own name, or by that of its role in now. */
static const struct fw_zone *zone_of(const struct mg_gw_port *p, const struct mg_gateway *now,
	const struct fw_zone *zones, size_t n)
{
	const struct fw_zone *z = fw_zone_of_iface(zones, n, p->name);
	char iface[IFNAMSIZ];

	for (size_t i = 0; !z && now && i < now->n_ports; i++) {
		const struct mg_gw_port *q = &now->ports[i];

		if (strcmp(q->name, p->name) != 0 && !(q->mac[0] && strcmp(q->mac, p->mac) == 0))
			continue;
		z = fw_zone_of_iface(zones, n,
			q->role == MG_GW_WAN ? mg_gateway_line(now, iface)
					     : mg_gateway_iface(now, q->role, iface));
	}
	return z;
}

static int joined(const struct mg_gw_port *a, const struct fw_zone *of_a,
	const struct mg_gw_port *b, const struct fw_zone *of_b, struct sk_err *err)
{
	return sk_err_set(err, -EPERM, NULL,
		"%s is in zone %s and %s in zone %s: as one network they would be joined without "
		"anybody's approval; first have one of them taken out of its zone (sekisho zone "
		"set, sekisho zone remove)",
		"%s はゾーン %s、%s はゾーン %s に属しています。同じネットワークにすると承認なしで"
		"接続されてしまいます。先に一方をゾーンから外す申請をし、承認を受けてください "
		"(sekisho "
		"zone set、sekisho zone remove)",
		a->name, of_a->name, b->name, of_b->name);
}

int mg_gateway_check_joined(const struct mg_gateway *next, const struct mg_gateway *now,
	const struct fw_zone *zones, size_t n, struct sk_err *err)
{
	const struct fw_zone *seen[MG_GW_ROLES] = {0};
	const struct mg_gw_port *who[MG_GW_ROLES] = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < next->n_ports; i++) {
		const struct mg_gw_port *p = &next->ports[i];
		const struct fw_zone *z = zone_of(p, now, zones, n);

		if (!z || mg_gateway_shared(next, p->role))
			continue;
		if (seen[p->role] && seen[p->role] != z) {
			r = joined(who[p->role], seen[p->role], p, z, err);
			sk_err_prefix(err, "ports[%zu].role", i);
		}
		seen[p->role] = z;
		who[p->role] = p;
	}
	return r;
}
