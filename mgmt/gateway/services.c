// SPDX-License-Identifier: GPL-2.0-or-later
/* dnsmasq: leases and names for the inside. chrony: the time. pppd: the line over PPPoE. */
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

#include "lib/util.h"
#include "mgmt/gateway/generate.h"

#define FOLDER "sekisho-setup/"
#define FILE_MAX 262144
#define MADE "# Made by sekisho-setup from /etc/sekisho/gateway.json at each start.\n"

static int put(const struct mg_gw_files *out, const char *name, unsigned mode, struct sk_buf *b,
	struct sk_err *err)
{
	char path[96];
	int r = sk_buf_error(b);

	snprintf(path, sizeof(path), FOLDER "%s", name);
	if (r == 0)
		r = out->put(path, mode, b, out->arg);
	if (b->data)
		explicit_bzero(b->data, b->len);
	sk_buf_done(b);
	return r < 0 ? sk_err_en(err, r, NULL, "%s: %s", path, strerror(-r)) : 0;
}

/* The network that the gateway's addresses of this role are in. */
static const struct mg_gw_net *own(const struct mg_gateway *g, int role)
{
	return &g->nets[mg_gateway_shared(g, (enum mg_gw_role)role) ? MG_GW_WAN : role];
}

/* What dnsmasq takes for private: RFC 1918, RFC 6598, RFC 5737, RFC 4193. */
static bool private_address(const struct mg_gw_ip *ip)
{
	const uint8_t *b = ip->b;

	if (ip->family == AF_INET6)
		return (b[0] & 0xfe) == 0xfc;
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
		(b[0] == 100 && (b[1] & 0xc0) == 64) || (b[0] == 192 && b[1] == 0 && b[2] == 2) ||
		(b[0] == 198 && b[1] == 51 && b[2] == 100) ||
		(b[0] == 203 && b[1] == 0 && b[2] == 113);
}

/* ---- dnsmasq ----------------------------------------------------------------------------------
 */
static void lease_options(struct sk_buf *b, const struct mg_gateway *g, int role)
{
	const struct mg_gw_net *n = &g->nets[role], *wan = &g->nets[MG_GW_WAN];
	const char *tag = mg_gw_role_name((enum mg_gw_role)role);
	char own[64];

	mg_gw_ip_text(&n->ip4.address, false, own, sizeof(own));
	sk_buf_printf(b, "dhcp-option=tag:%s,option:router,%s\n", tag, own);
	/* An empty option is none: else dnsmasq would name itself. */
	sk_buf_printf(b, "dhcp-option=tag:%s,option:dns-server%s%s\n", tag, n->dns ? "," : "",
		n->dns ? own : "");
	if (n->ntp)
		sk_buf_printf(b, "dhcp-option=tag:%s,option:ntp-server,%s\n", tag, own);
	if (wan->ip4.method == MG_GW_PPPOE)
		sk_buf_printf(b, "dhcp-option=tag:%s,option:mtu,%u\n", tag, wan->pppoe_mtu);
}

static void leases(struct sk_buf *b, const struct mg_gateway *g, int role)
{
	const struct mg_gw_net *n = &g->nets[role];
	const struct mg_gw_ip *own = &n->ip4.address;
	const uint32_t mask = ~0u << (32 - own->prefix);
	char from[64], to[64], iface[IFNAMSIZ];

	mg_gateway_iface(g, (enum mg_gw_role)role, iface);
	if (n->relay.family) {
		sk_buf_printf(b, "dhcp-relay=%s,%s\n",
			mg_gw_ip_text(own, false, from, sizeof(from)),
			mg_gw_ip_text(&n->relay, false, to, sizeof(to)));
		return;
	}
	sk_buf_printf(b, "dhcp-range=set:%s,%s,%s,%u.%u.%u.%u,%u\n",
		mg_gw_role_name((enum mg_gw_role)role),
		mg_gw_ip_text(&n->from, false, from, sizeof(from)),
		mg_gw_ip_text(&n->to, false, to, sizeof(to)), mask >> 24, mask >> 16 & 0xff,
		mask >> 8 & 0xff, mask & 0xff, n->lease);
	lease_options(b, g, role);
	/* A guest must not take the name of an office device: elsewhere reservations alone give
	 * names. */
	if (role != MG_GW_LAN)
		sk_buf_printf(
			b, "dhcp-ignore-names=tag:%s\n", mg_gw_role_name((enum mg_gw_role)role));
	for (size_t i = 0; i < n->n_reserved; i++)
		sk_buf_printf(b, "dhcp-host=%s,%s%s%s\n", n->reserved[i].mac,
			mg_gw_ip_text(&n->reserved[i].address, false, from, sizeof(from)),
			n->reserved[i].name[0] ? "," : "", n->reserved[i].name);
}

static bool private_upstream(const struct mg_gateway *g)
{
	const struct mg_gw_family *f[] = {&g->nets[MG_GW_WAN].ip4, &g->nets[MG_GW_WAN].ip6};

	for (size_t k = 0; k < SK_ARRAY_SIZE(f); k++)
		for (size_t i = 0; i < f[k]->n_dns; i++)
			if (private_address(&f[k]->dns[i]))
				return true;
	return false;
}

static int dnsmasq(const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	char iface[IFNAMSIZ];
	bool any = false;
	struct sk_buf b;

	sk_buf_init(&b, FILE_MAX);
	sk_buf_puts(&b,
		MADE "bind-dynamic\nno-hosts\nno-ping\ninterface=lo\nno-dhcp-interface=lo\n"
		     "resolv-file=/run/sekisho-setup/resolv.conf\n"
		     "domain-needed\nbogus-priv\ncache-size=10000\nedns-packet-max=1232\n"
		     "local=/lan/\ndomain=lan\ndhcp-fqdn\n"
		     "dhcp-leasefile=/var/lib/misc/dnsmasq.leases\ndhcp-authoritative\n");
	if (g->dnssec)
		sk_buf_puts(&b,
			"conf-file=/usr/share/dnsmasq-base/trust-anchors.conf\ndnssec\n"
			"dnssec-timestamp=/var/lib/misc/dnsmasq.time\n");
	/* In transparent operation the line's resolver may be the site's own. */
	if (!private_upstream(g) && !g->transparent)
		sk_buf_puts(&b, "stop-dns-rebind\nrebind-localhost-ok\n");
	for (int i = MG_GW_WAN + 1; i < MG_GW_ROLES; i++) {
		const struct mg_gw_net *n = &g->nets[i];

		if (!n->present || (!n->dns && !n->dhcp))
			continue;
		sk_buf_printf(&b, "interface=%s\n", mg_gateway_iface(g, (enum mg_gw_role)i, iface));
		if (n->dhcp) {
			leases(&b, g, i);
			any = true;
		} else {
			sk_buf_printf(&b, "no-dhcp-interface=%s\n", iface);
		}
	}
	/* Names that browsers and Windows trust by themselves are no host's (VU#598349). */
	if (any)
		sk_buf_puts(&b,
			"dhcp-lease-max=4000\n"
			"dhcp-name-match=set:no-name,wpad\ndhcp-name-match=set:no-name,isatap\n"
			"dhcp-ignore-names=tag:no-name\n");
	return put(out, "dnsmasq.conf", 0644, &b, err);
}

/* ---- chrony -----------------------------------------------------------------------------------
 */
static void allow(struct sk_buf *b, const struct mg_gw_ip *own)
{
	struct mg_gw_ip net;
	char text[64];

	if (!own->family)
		return;
	net = mg_gw_ip_network(own);
	sk_buf_printf(b, "allow %s\n", mg_gw_ip_text(&net, true, text, sizeof(text)));
}

static int chrony(const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	static const char *const usual[] = {"ntp.nict.jp", "ntp.jst.mfeed.ad.jp"};
	struct sk_buf b;

	sk_buf_init(&b, FILE_MAX);
	sk_buf_puts(&b,
		MADE "driftfile /var/lib/chrony/chrony.drift\nmakestep 1 3\nrtcsync\n"
		     "cmdport 0\nbindcmdaddress /run/chrony/chronyd.sock\n"
		     "pidfile /run/chrony/chronyd.pid\nlogchange 1\nclientloglimit 1000000\n"
		     "ratelimit interval 1 burst 16\n");
	for (size_t i = 0; i < g->n_ntp; i++)
		sk_buf_printf(&b, "server %s iburst\n", g->ntp[i]);
	for (size_t i = 0; i < SK_ARRAY_SIZE(usual) && g->n_ntp == 0; i++)
		sk_buf_printf(&b, "server %s iburst\n", usual[i]);
	for (int i = MG_GW_WAN + 1; i < MG_GW_ROLES; i++) {
		const struct mg_gw_net *n = &g->nets[i];

		if (!n->present || !n->ntp)
			continue;
		allow(&b, &own(g, i)->ip4.address);
		allow(&b, &own(g, i)->ip6.address);
		/* The policy lets nobody else in. */
		if (own(g, i)->ip4.method == MG_GW_DHCP)
			sk_buf_puts(&b, "allow 0.0.0.0/0\n");
		if (n->ip6.method == MG_GW_DELEGATED || own(g, i)->ip6.method == MG_GW_AUTO ||
			own(g, i)->ip6.method == MG_GW_DHCP)
			sk_buf_puts(&b, "allow 2000::/3\n");
	}
	return put(out, "chrony.conf", 0644, &b, err);
}

/* ---- pppd -------------------------------------------------------------------------------------
 */
/* pppd(8): a word in double quotes, backslash before what is special. */
static void quoted(struct sk_buf *b, const char *key, const char *s)
{
	sk_buf_printf(b, "%s \"", key);
	for (; *s; s++)
		sk_buf_printf(b, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
	sk_buf_puts(b, "\"\n");
}

static int pppd(const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	const struct mg_gw_net *n = &g->nets[MG_GW_WAN];
	char iface[IFNAMSIZ];
	struct sk_buf b;

	sk_buf_init(&b, FILE_MAX);
	/* It ends when the line does: with which code, says why; then its unit starts it again.
	 * Where IPv6 goes is not waited for: many providers send no router advertisements. */
	sk_buf_printf(&b,
		MADE "plugin rp-pppoe.so\nnic-%s\nifname " MG_GW_PPP "\n"
		     "noauth\nnoipdefault\ndefaultroute\nusepeerdns\nhide-password\nnodetach\n"
		     "lcp-echo-interval 10\nlcp-echo-failure 3\n"
		     "noaccomp\nnopcomp\nnodeflate\nnobsdcomp\nnovj\nmtu %u\nmru %u\n%s\n",
		mg_gateway_iface(g, MG_GW_WAN, iface), n->pppoe_mtu, n->pppoe_mtu,
		n->ip6.method != MG_GW_NONE ? "+ipv6\ndefaultroute6" : "noipv6");
	quoted(&b, "user", n->pppoe_user);
	quoted(&b, "password", n->pppoe_password);
	return put(out, "ppp.options", 0600, &b, err);
}

int mg_gateway_services(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	const struct mg_gw_port *line = mg_gateway_single(g, MG_GW_WAN);
	struct sk_buf b;
	int r = dnsmasq(g, out, err);

	if (r == 0)
		r = chrony(g, out, err);
	/* pppd would dial, and say its password, on whatever card has the name. */
	if (r == 0 && g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE && !(line && line->held))
		r = pppd(g, out, err);
	if (r < 0)
		return r;
	sk_buf_init(&b, FILE_MAX);
	mg_gateway_resolv(g, NULL, 0, &b);
	return put(out, "resolv.conf", 0644, &b, err);
}

int mg_gateway_generate(
	const struct mg_gateway *g, const struct mg_gw_files *out, struct sk_err *err)
{
	int r = mg_gateway_networkd(g, out, err);

	return r == 0 ? mg_gateway_services(g, out, err) : r;
}

/* ---- name servers -----------------------------------------------------------------------------
 */
static bool server(struct sk_buf *b, const char *s, size_t n)
{
	struct mg_gw_ip ip;
	char text[64], line[80];

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	/* networkd writes "ADDRESS%interface" for link-local ones, and "#name" after DoT's. */
	text[strcspn(text, "#")] = '\0';
	snprintf(line, sizeof(line), "nameserver %s\n", text);
	text[strcspn(text, "%")] = '\0';
	if (mg_gw_ip_parse(text, AF_INET, false, &ip) < 0 &&
		mg_gw_ip_parse(text, AF_INET6, false, &ip) < 0)
		return false;
	if (!strstr(sk_buf_str(b), line))
		sk_buf_puts(b, line);
	return true;
}

void mg_gateway_resolv(
	const struct mg_gateway *g, const char *const *found, size_t n, struct sk_buf *b)
{
	const struct mg_gw_family *f[] = {&g->nets[MG_GW_WAN].ip4, &g->nets[MG_GW_WAN].ip6};
	char text[64];

	sk_buf_puts(b, MADE);
	for (size_t k = 0; k < SK_ARRAY_SIZE(f); k++)
		for (size_t i = 0; i < f[k]->n_dns; i++) {
			mg_gw_ip_text(&f[k]->dns[i], false, text, sizeof(text));
			server(b, text, strlen(text));
		}
	for (size_t i = 0; i < n; i++)
		for (const char *s = found[i]; s && *s;) {
			const size_t len = strcspn(s, " \t\n");

			server(b, s, len);
			s += len + strspn(s + len, " \t\n");
		}
}
