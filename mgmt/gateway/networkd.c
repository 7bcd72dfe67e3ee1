// SPDX-License-Identifier: GPL-2.0-or-later
/* systemd.network(5) and systemd.netdev(5) files: addresses, bridges (also that of transparent
 * operation), prefix delegation, router advertisements. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

#include "lib/util.h"
#include "mgmt/gateway/generate.h"

#define FOLDER "systemd/network/50-sekisho-"
#define FILE_MAX 65536
#define INSIDE_TABLE 1000

static int put(
	const struct mg_gw_files *out, const char *name, struct sk_buf *b, struct sk_err *err)
{
	char path[96];
	int r = sk_buf_error(b);

	snprintf(path, sizeof(path), FOLDER "%s", name);
	if (r == 0)
		r = out->put(path, 0644, b, out->arg);
	sk_buf_done(b);
	return r < 0 ? sk_err_en(err, r, NULL, "%s: %s", path, strerror(-r)) : 0;
}

/* port NULL: iface is none. The policy goes by the name, the cable by the card: it has to be both.
 */
static void head(struct sk_buf *b, const char *iface, const struct mg_gw_port *port)
{
	const bool card = port && port->mac[0];

	sk_buf_init(b, FILE_MAX);
	sk_buf_printf(b,
		"# Made by sekisho-setup from /etc/sekisho/gateway.json at each start.\n"
		"[Match]\nName=%s\n%s%s%s\n[Link]\nRequiredForOnline=no\n\n[Network]\n"
		"LLMNR=no\nMulticastDNS=no\nLLDP=no\n",
		iface, card ? "MACAddress=" : "", card ? port->mac : "", card ? "\n" : "");
}

static void address(struct sk_buf *b, const char *key, const struct mg_gw_ip *ip, bool prefix)
{
	char text[64];

	if (ip->family)
		sk_buf_printf(b, "%s=%s\n", key, mg_gw_ip_text(ip, prefix, text, sizeof(text)));
}

static void family(struct sk_buf *b, const struct mg_gw_family *f)
{
	if (f->method != MG_GW_STATIC)
		return;
	address(b, "Address", &f->address, true);
	address(b, "Gateway", &f->gateway, false);
	for (size_t i = 0; i < f->n_dns; i++)
		address(b, "DNS", &f->dns[i], false);
}

const char *mg_gateway_line(const struct mg_gateway *g, char dst[static IFNAMSIZ])
{
	if (g->nets[MG_GW_WAN].ip4.method != MG_GW_PPPOE)
		return mg_gateway_iface(g, MG_GW_WAN, dst);
	snprintf(dst, IFNAMSIZ, "%s", MG_GW_PPP);
	return dst;
}

/* ---- the line ---------------------------------------------------------------------------------
 */
static void line6(struct sk_buf *b, const struct mg_gw_net *n)
{
	const bool learns = n->ip6.method == MG_GW_AUTO || n->ip6.method == MG_GW_DHCP;

	sk_buf_printf(b, "LinkLocalAddressing=%s\nIPv6AcceptRA=%s\n",
		n->ip6.method == MG_GW_NONE ? "no" : "ipv6", learns ? "yes" : "no");
}

/* With WithoutRA= below networkd heeds no advertisement that speaks of DHCPv6: it has to ask by
 * itself. */
static void line_dhcp(struct sk_buf *b, const struct mg_gw_net *n)
{
	const bool four = n->ip4.method == MG_GW_DHCP;
	const bool six = n->ip6.method == MG_GW_DHCP || n->delegation;

	sk_buf_printf(b, "DHCP=%s\n", four && six ? "yes" : four ? "ipv4" : six ? "ipv6" : "no");
}

static void line_sections(struct sk_buf *b, const struct mg_gw_net *n)
{
	if (n->ip4.method == MG_GW_DHCP)
		sk_buf_puts(b,
			"\n[DHCPv4]\nUseHostname=no\nUseDomains=no\nUseNTP=no\nSendHostname=no\n"
			"ClientIdentifier=mac\n");
	if (n->ip6.method != MG_GW_AUTO && n->ip6.method != MG_GW_DHCP)
		return;
	/* The way is the default router, not what an advertisement says of single networks. */
	sk_buf_puts(b, "\n[IPv6AcceptRA]\nUseDomains=no\nUseRoutePrefix=no\n");
	if (n->delegation || n->ip6.method == MG_GW_DHCP)
		sk_buf_puts(b, "DHCPv6Client=always\n");
	sk_buf_puts(b, "\n[DHCPv6]\nUseHostname=no\nUseNTP=no\n");
	/* Its address comes by advertisements; of DHCPv6 it wants the prefix alone. */
	if (n->ip6.method == MG_GW_AUTO)
		sk_buf_puts(b, "UseAddress=no\n");
	sk_buf_printf(b, "UseDelegatedPrefix=%s\n", n->delegation ? "yes" : "no");
	if (n->delegation)
		sk_buf_puts(b, "PrefixDelegationHint=::/56\nWithoutRA=solicit\n");
}

static int wan(const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	const struct mg_gw_net *n = &g->nets[MG_GW_WAN];
	const bool ppp = n->ip4.method == MG_GW_PPPOE;
	char iface[IFNAMSIZ];
	struct sk_buf b;
	int r;

	head(&b, mg_gateway_iface(g, MG_GW_WAN, iface),
		g->transparent ? NULL : mg_gateway_single(g, MG_GW_WAN));
	if (ppp) {
		/* Frames of PPPoE and nothing else. */
		sk_buf_puts(&b, "LinkLocalAddressing=no\nIPv6AcceptRA=no\nDHCP=no\n");
		r = put(out, "wan.network", &b, err);
		if (r < 0 || n->ip6.method == MG_GW_NONE)
			return r;
		head(&b, MG_GW_PPP, NULL);
		/* IPv4 there is pppd's. */
		sk_buf_puts(&b, "KeepConfiguration=yes\n");
	}
	/* A bridge has a carrier as soon as one of its ports has. */
	if (g->transparent)
		sk_buf_puts(&b, "ConfigureWithoutCarrier=yes\nIgnoreCarrierLoss=yes\n");
	line6(&b, n);
	line_dhcp(&b, n);
	if (n->ip6.method == MG_GW_STATIC)
		family(&b, &n->ip6);
	family(&b, &n->ip4);
	line_sections(&b, n);
	return put(out, ppp ? "ppp.network" : "wan.network", &b, err);
}

/* ---- inside -----------------------------------------------------------------------------------
 */
static void advertise(struct sk_buf *b, const struct mg_gateway *g, const struct mg_gw_net *n)
{
	struct mg_gw_ip net;
	char iface[IFNAMSIZ];

	if (n->ip6.method == MG_GW_NONE)
		return;
	sk_buf_printf(b, "\n[IPv6SendRA]\nEmitDNS=%s\n%s", n->dns ? "yes" : "no",
		n->dns ? "DNS=_link_local\n" : "");
	if (n->ip6.method == MG_GW_DELEGATED) {
		sk_buf_printf(b,
			"\n[DHCPPrefixDelegation]\nUplinkInterface=%s\nSubnetId=0x%x\nAnnounce="
			"yes\n",
			mg_gateway_line(g, iface), n->subnet);
		return;
	}
	net = mg_gw_ip_network(&n->ip6.address);
	sk_buf_puts(b, "\n[IPv6Prefix]\n");
	address(b, "Prefix", &net, true);
}

static int port(const struct mg_gw_port *p, const char *bridge, bool apart,
	const struct mg_gw_files *out, struct sk_err *err)
{
	char file[64];
	struct sk_buf b;

	head(&b, p->name, p);
	sk_buf_printf(&b, "LinkLocalAddressing=no\nIPv6AcceptRA=no\nBridge=%s\n", bridge);
	/* sekisho-fwd opens the ports to each other once the policy is in the kernel. */
	if (apart)
		sk_buf_puts(&b, "\n[Bridge]\nIsolated=yes\n");
	snprintf(file, sizeof(file), "port-%s.network", p->name);
	return put(out, file, &b, err);
}

static int bridge(const struct mg_gateway *g, enum mg_gw_role role, const char *name,
	const struct mg_gw_files *out, struct sk_err *err)
{
	char file[64];
	struct sk_buf b;
	int r;

	sk_buf_init(&b, FILE_MAX);
	sk_buf_printf(&b, "[NetDev]\nName=%s\nKind=bridge\n\n[Bridge]\nSTP=no\nForwardDelaySec=0\n",
		name);
	snprintf(file, sizeof(file), "%s.netdev", name);
	r = put(out, file, &b, err);
	for (size_t i = 0; r == 0 && i < g->n_ports; i++)
		if (g->ports[i].role == role)
			r = port(&g->ports[i], name, false, out, err);
	return r;
}

/*
 * Transparent operation: the line's card gives the bridge its address, so that the router knows the
 * gateway again. No snooping: the policy decides which groups cross.
 */
static int shared_bridge(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	const struct mg_gw_port *line = mg_gateway_single(g, MG_GW_WAN);
	const bool card = line && line->mac[0];
	struct sk_buf b;
	int r;

	sk_buf_init(&b, FILE_MAX);
	sk_buf_printf(&b,
		"[NetDev]\nName=" MG_GW_BRIDGE "\nKind=bridge\n%s%s%s\n[Bridge]\nSTP=no\n"
		"ForwardDelaySec=0\nMulticastSnooping=no\n",
		card ? "MACAddress=" : "", card ? line->mac : "", card ? "\n" : "");
	r = put(out, MG_GW_BRIDGE ".netdev", &b, err);
	for (size_t i = 0; r == 0 && i < g->n_ports; i++)
		if (mg_gateway_shared(g, g->ports[i].role))
			r = port(&g->ports[i], MG_GW_BRIDGE, true, out, err);
	return r;
}

/* Whatever routes the line brings (RFC 3442, RFC 4191, a lease's own network): an inside network is
 * looked up in a table of its own, first. */
static void route(struct sk_buf *b, const struct mg_gw_family *f)
{
	struct mg_gw_ip net;
	char text[64];

	if (f->method != MG_GW_STATIC)
		return;
	net = mg_gw_ip_network(&f->address);
	mg_gw_ip_text(&net, true, text, sizeof(text));
	sk_buf_printf(b,
		"\n[Route]\nDestination=%s\n%sTable=%d\n\n[RoutingPolicyRule]\nTo=%s\n"
		"Table=%d\nPriority=%d\n",
		text, net.family == AF_INET ? "Scope=link\n" : "", INSIDE_TABLE, text, INSIDE_TABLE,
		INSIDE_TABLE);
}

static int inside(const struct mg_gateway *g, enum mg_gw_role role, const struct mg_gw_files *out,
	struct sk_err *err)
{
	const struct mg_gw_net *n = &g->nets[role];
	char iface[IFNAMSIZ], file[64];
	struct sk_buf b;
	int r = 0;

	mg_gateway_iface(g, role, iface);
	if (mg_gateway_ports(g, role) > 1)
		r = bridge(g, role, iface, out, err);
	if (r < 0)
		return r;
	head(&b, iface, mg_gateway_single(g, role));
	/* Its addresses are there before a cable is: what serves on them starts once. */
	sk_buf_printf(&b,
		"ConfigureWithoutCarrier=yes\nIgnoreCarrierLoss=yes\nIPv6AcceptRA=no\n"
		"LinkLocalAddressing=%s\n",
		n->ip6.method == MG_GW_NONE ? "no" : "ipv6");
	if (n->ip6.method != MG_GW_NONE)
		sk_buf_puts(&b, "IPv6SendRA=yes\n");
	if (n->ip6.method == MG_GW_DELEGATED)
		sk_buf_puts(&b, "DHCPPrefixDelegation=yes\n");
	family(&b, &n->ip4);
	family(&b, &n->ip6);
	route(&b, &n->ip4);
	route(&b, &n->ip6);
	advertise(&b, g, n);
	snprintf(file, sizeof(file), "%s.network", mg_gw_role_name(role));
	return put(out, file, &b, err);
}

int mg_gateway_networkd(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	int r = wan(g, out, err);

	if (r == 0 && g->transparent)
		r = shared_bridge(g, out, err);
	for (int i = MG_GW_WAN + 1; r == 0 && i < MG_GW_ROLES; i++)
		if (g->nets[i].present && !mg_gateway_shared(g, (enum mg_gw_role)i))
			r = inside(g, (enum mg_gw_role)i, out, err);
	return r;
}
