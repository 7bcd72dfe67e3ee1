// SPDX-License-Identifier: GPL-2.0-or-later
/* The registry's first content out of the set-up: a zone for each role, and the site's settings. */
#include <string.h>
#include <arpa/inet.h>

#include "lib/util.h"
#include "mgmt/gateway/generate.h"

static const char *const kinds[] = {"outside", "inside", "dmz", "factory", "guest", "management"};

static json_t *interfaces(const struct mg_gateway *g, enum mg_gw_role role)
{
	char iface[IFNAMSIZ], line[IFNAMSIZ];
	json_t *list = json_array();

	if (mg_gateway_shared(g, role)) {
		for (size_t i = 0; i < g->n_ports; i++)
			if (g->ports[i].role == role)
				json_array_append_new(list, json_string(g->ports[i].name));
		return list;
	}
	json_array_append_new(list, json_string(mg_gateway_iface(g, role, iface)));
	if (role == MG_GW_WAN && strcmp(mg_gateway_line(g, line), iface) != 0)
		json_array_append_new(list, json_string(line));
	return list;
}

/* What the gateway does for the devices of a network, in the words of a zone. */
static json_t *serves(const struct mg_gw_net *n)
{
	json_t *list = json_array();

	if (n->dhcp || n->ip6.method != MG_GW_NONE)
		json_array_append_new(list, json_string("dhcp"));
	if (n->dns)
		json_array_append_new(list, json_string("dns"));
	if (n->ntp)
		json_array_append_new(list, json_string("ntp"));
	return list;
}

/* What it asks of the world for itself. */
static json_t *uses(const struct mg_gw_net *n)
{
	json_t *list = json_pack("[s, s, s]", "dns", "ntp", "https");

	if (n->ip6.method == MG_GW_AUTO || n->ip6.method == MG_GW_DHCP)
		json_array_append_new(list, json_string("dhcpv6"));
	return list;
}

static json_t *zone(const struct mg_gateway *g, enum mg_gw_role role)
{
	const struct mg_gw_net *n = &g->nets[role];
	const bool wan = role == MG_GW_WAN;
	json_t *v = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:o, s:o}", "name",
		mg_gw_role_name(role), "label", sk_text(mg_gw_role_text(role), g->lang), "kind",
		kinds[role], "reject", !wan && role != MG_GW_DMZ, "dhcp_client",
		wan && n->ip4.method == MG_GW_DHCP, "manage", n->manage, "ping",
		!wan && role != MG_GW_GUEST, "interfaces", interfaces(g, role),
		wan ? "use" : "serve", wan ? uses(n) : serves(n));

	if (v && mg_gateway_shared(g, role))
		json_object_set_new(v, "bridge", json_string(MG_GW_BRIDGE));
	return v;
}

static json_t *ports(const struct mg_gateway *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->n_ports; i++) {
		const struct mg_gw_port *p = &g->ports[i];

		if (g->admission_learn && p->role != MG_GW_WAN)
			json_array_append_new(list,
				json_pack("{s:s, s:s, s:s, s:b, s:b}", "name", p->name, "mode",
					"learn", "zone", mg_gw_role_name(p->role), "dot1x", 0,
					"mac", 1));
	}
	return list;
}

json_t *mg_gateway_site(const struct mg_gateway *g)
{
	json_t *zones = json_array(), *v;

	for (int i = 0; i < MG_GW_ROLES; i++)
		if (g->nets[i].present)
			json_array_append_new(zones, zone(g, (enum mg_gw_role)i));
	v = json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s}, s:o}", "site", "site.name", g->site,
		"site.reverse_path", g->transparent ? "no" : "yes", "site.manage_ports", "22",
		"inspection.mode", "on", "inspection.fail", g->fail_open ? "open" : "closed",
		"ips.profile", g->profile, "zones", zones);
	if (v && g->admission_learn)
		json_object_set_new(v, "ports", ports(g));
	return v;
}
