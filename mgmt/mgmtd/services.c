// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DHCP, DNS, NTP and the line over PPPoE are other people's programs under our units: whether they
 * run, systemd knows. It is asked for one property each, which anybody may read.
 */
#include "mgmt/mgmtd/services.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"
#include "mgmt/gateway/generate.h"

#define ANSWER_US 500000
#define LEASES "/var/lib/misc/dnsmasq.leases"

#define ADDRESSES6 "/proc/self/net/if_inet6"
/* Why pppd ended last (configs/lib/line-ended); not there while the line is up. */
#define PPP_ENDED "/run/sekisho-setup/ppp.ended"
/* pppd(8), EXIT STATUS. */
#define PPP_NO_ANSWER 8
#define PPP_REFUSED 19

struct services {
	bool dhcp, dns, ntp, pppoe;
	bool leased; /* IPv4 of the line comes by DHCP or PPPoE */
	char line[IFNAMSIZ];
	bool advertised, delegation;
	/* Of networks that have a part of the line's prefix; "": none. */
	char delegated[MG_GW_ROLES][IFNAMSIZ];
};

struct mg_gateway *mg_services_gateway(void)
{
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	struct mg_gateway *g = NULL;
	struct sk_buf b;

	sk_buf_init(&b, MG_GW_BYTES_MAX);
	if (sk_file_read(MG_BOX_GATEWAY, &b, NULL) == 0)
		doc = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	return doc && mg_gateway_parse(doc, &g, NULL) == 0 ? g : NULL;
}

/* What the set-up in force wants. *ret_g, owned, for its ports. */
static bool wanted(struct services *ret, struct mg_gateway **ret_g)
{
	struct mg_gateway *g = mg_services_gateway();

	if (!g)
		return false;
	ret->ntp = true; /* the gateway's own clock */
	ret->pppoe = g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE;
	ret->leased = ret->pppoe || g->nets[MG_GW_WAN].ip4.method == MG_GW_DHCP;
	mg_gateway_line(g, ret->line);
	for (int i = MG_GW_WAN + 1; i < MG_GW_ROLES; i++) {
		ret->dhcp = ret->dhcp || g->nets[i].dhcp;
		ret->dns = ret->dns || g->nets[i].dns;
		ret->advertised = ret->advertised || g->nets[i].ip6.method != MG_GW_NONE;
		if (g->nets[i].present && g->nets[i].ip6.method == MG_GW_DELEGATED)
			mg_gateway_iface(g, (enum mg_gw_role)i, ret->delegated[i]);
	}
	ret->delegation = g->nets[MG_GW_WAN].delegation;
	*ret_g = g;
	return true;
}

/* "active", "failed" …, owned (free); NULL: not known. */
static char *state_of(sd_bus *bus, const char *unit)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const char *path;
	char *state = NULL;

	if (!bus ||
		sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			"org.freedesktop.systemd1.Manager", "LoadUnit", NULL, &m, "s", unit) < 0 ||
		sd_bus_message_read(m, "o", &path) < 0 ||
		sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path,
			"org.freedesktop.systemd1.Unit", "ActiveState", NULL, &state) < 0)
		return NULL;
	return state;
}

struct answer {
	struct mg_call *c;
	json_t *v, *list;
	void (*warn)(json_t *v, const char *text);
	sd_bus *bus;
};

static void tell(struct answer *a, const char *name, const char *unit)
{
	_cleanup_(sk_freep) char *state = state_of(a->bus, unit);
	char text[160];

	json_object_set_new(a->list, name, json_string(state ? state : "unknown"));
	if (!state || strcmp(state, "active") == 0 || strcmp(state, "activating") == 0)
		return;
	snprintf(text, sizeof(text),
		a->c->lang == SK_JA ? "%s が動いていません (systemctl status %s)"
				    : "%s does not run (systemctl status %s)",
		unit, unit);
	a->warn(a->v, text);
}

static void count_leases(json_t *list)
{
	json_int_t n = 0;
	struct sk_buf b;

	sk_buf_init(&b, 4u << 20);
	if (sk_file_read(LEASES, &b, NULL) == 0) {
		for (const char *s = sk_buf_str(&b); *s; s += strcspn(s, "\n"), s += *s != 0)
			n += *s != '\n' && strncmp(s, "duid", 4) != 0;
		json_object_set_new(list, "leases", json_integer(n));
	}
	sk_buf_done(&b);
}

/* The global IPv6 network of an interface, as text; false: it has none. */
static bool network6(const char *all, const char *iface, char *dst, size_t cap)
{
	char hex[33], name[IFNAMSIZ], half[3] = "";
	unsigned index, prefix, scope, flags;
	struct mg_gw_ip ip = {.family = AF_INET6}, net;

	for (const char *s = all; *s; s += strcspn(s, "\n"), s += *s != 0) {
		if (sscanf(s, "%32s %x %x %x %x %15s", hex, &index, &prefix, &scope, &flags,
			    name) != 6 ||
			scope != 0 || strcmp(name, iface) != 0 || strlen(hex) != 32)
			continue;
		for (size_t i = 0; i < sizeof(ip.b); i++) {
			memcpy(half, hex + 2 * i, 2);
			ip.b[i] = (uint8_t)strtoul(half, NULL, 16);
		}
		/* Global unicast: a network's own addresses of fc00::/7 are not the line's. */
		if (ip.b[0] >> 5 != 1)
			continue;
		ip.prefix = prefix;
		net = mg_gw_ip_network(&ip);
		mg_gw_ip_text(&net, true, dst, cap);
		return true;
	}
	return false;
}

/* Which networks have got their part of the prefix that the line brings (DHCPv6-PD). */
static void tell_prefixes(struct answer *a, const struct services *s)
{
	json_t *list = json_array();
	char text[160], net[64];
	struct sk_buf b;

	sk_buf_init(&b, 1u << 20);
	sk_file_read(ADDRESSES6, &b, NULL);
	for (int i = 0; i < MG_GW_ROLES; i++) {
		const char *role = mg_gw_role_name((enum mg_gw_role)i);

		if (!s->delegated[i][0])
			continue;
		if (network6(sk_buf_str(&b), s->delegated[i], net, sizeof(net))) {
			json_array_append_new(list, json_sprintf("%s %s", role, net));
			continue;
		}
		json_array_append_new(list, json_sprintf("%s -", role));
		snprintf(text, sizeof(text),
			a->c->lang == SK_JA
				? "%s の IPv6 プレフィックスが回線から届いていません (networkctl "
				  "status)"
				: "the line brought no IPv6 prefix for %s (networkctl status)",
			role);
		a->warn(a->v, text);
	}
	sk_buf_done(&b);
	json_object_set_new(a->list, "ipv6_prefixes", list);
}

/* ---- the line ---------------------------------------------------------------------------------
 */
static bool address4(const char *iface, struct mg_gw_ip *ret)
{
	struct ifaddrs *all = NULL;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (const struct ifaddrs *a = all; a && !found; a = a->ifa_next) {
		struct sockaddr_in in, mask;

		if (!a->ifa_addr || a->ifa_addr->sa_family != AF_INET || !a->ifa_netmask ||
			strcmp(a->ifa_name, iface) != 0)
			continue;
		memcpy(&in, a->ifa_addr, sizeof(in));
		memcpy(&mask, a->ifa_netmask, sizeof(mask));
		*ret = (struct mg_gw_ip){.family = AF_INET,
			.prefix = (unsigned)__builtin_popcount(mask.sin_addr.s_addr)};
		memcpy(ret->b, &in.sin_addr, sizeof(in.sin_addr));
		found = true;
	}
	freeifaddrs(all);
	return found;
}

static unsigned ppp_ended(void)
{
	struct sk_buf b;
	unsigned code = 0;

	sk_buf_init(&b, 64);
	if (sk_file_read(PPP_ENDED, &b, NULL) == 0)
		code = (unsigned)strtoul(sk_buf_str(&b), NULL, 10);
	sk_buf_done(&b);
	return code;
}

static void warn_line(struct answer *a, const struct sk_text *text)
{
	a->warn(a->v, sk_text(text, a->c->lang));
}

/* pppd dials again and again; while it does, why it ended last is what helps. */
static void tell_pppoe(struct answer *a, bool up)
{
	static const struct sk_text refused = {
		"the provider refused user name or password of the line (PPPoE): correct them with "
		"`sekisho setup`",
		"回線事業者が PPPoE の接続 ID またはパスワードを拒否しました。`sekisho setup` "
		"で正しい値を設定してください"};
	static const struct sk_text silent = {
		"nobody answers on the line (PPPoE): check the cable and the provider's device",
		"回線 (PPPoE) "
		"から応答がありません。ケーブルと回線終端装置を確認してください"};
	_cleanup_(sk_freep) char *state = state_of(a->bus, "sekisho-pppoe.service");
	const unsigned code = ppp_ended();

	if (up) {
		json_object_set_new(a->list, "pppoe", json_string("connected"));
	} else if (!state || (strcmp(state, "active") != 0 && strcmp(state, "activating") != 0)) {
		tell(a, "pppoe", "sekisho-pppoe.service");
	} else {
		json_object_set_new(a->list, "pppoe",
			json_string(code == PPP_REFUSED         ? "refused"
					: code == PPP_NO_ANSWER ? "no_answer"
								: "dialling"));
		if (code == PPP_REFUSED || code == PPP_NO_ANSWER)
			warn_line(a, code == PPP_REFUSED ? &refused : &silent);
	}
}

/* What the line's own network shares with one of the inside is not reached on the line, its router
 * and name server perhaps among it. */
static void tell_overlap(struct answer *a, const struct mg_gateway *g, const struct mg_gw_ip *line)
{
	char text[400], theirs[64], ours[64];

	for (int i = MG_GW_WAN + 1; i < MG_GW_ROLES; i++) {
		const struct mg_gw_ip *own = &g->nets[i].ip4.address;
		const struct mg_gw_ip net = mg_gw_ip_network(own), far = mg_gw_ip_network(line);

		if (!g->nets[i].present || !own->family ||
			!(mg_gw_ip_inside(own, line) || mg_gw_ip_inside(line, own)))
			continue;
		mg_gw_ip_text(&net, true, ours, sizeof(ours));
		mg_gw_ip_text(&far, true, theirs, sizeof(theirs));
		snprintf(text, sizeof(text),
			a->c->lang == SK_JA ? "回線のネットワーク %s が内側の %s (%s) "
					      "と重なっています。回線側のルーターやDNSサーバーに接"
					      "続できません。`sekisho setup` "
					      "で内側のアドレスを変更してください"
					    : "the line's network %s overlaps %s of the inside "
					      "(%s): the line's router and name server cannot be "
					      "reached; give the inside other addresses with "
					      "`sekisho setup`",
			theirs, ours, mg_gw_role_name((enum mg_gw_role)i));
		a->warn(a->v, text);
	}
}

static void tell_line(struct answer *a, const struct services *s, const struct mg_gateway *g)
{
	static const struct sk_text none = {
		"the line gave no address yet (DHCP): networkctl status",
		"回線からアドレスがまだ届いていません (DHCP)。networkctl status "
		"で確認できます"};
	struct mg_gw_ip own;
	char text[64] = "-";
	const bool up = address4(s->line, &own);

	if (s->pppoe)
		tell_pppoe(a, up);
	else if (!up)
		warn_line(a, &none);
	else
		tell_overlap(a, g, &own);
	if (up)
		mg_gw_ip_text(&own, false, text, sizeof(text));
	json_object_set_new(a->list, "line_address", json_string(text));
}

/* Cards that are not there, or not what they were: the same words as at the console. */
static void tell_ports(struct answer *a, struct mg_gateway *g)
{
	struct mg_gw_iface ifaces[MG_BOX_IFACES_MAX];
	char line[512];
	size_t n = 0;

	if (mg_box_ifaces(ifaces, MG_BOX_IFACES_MAX, &n, NULL) < 0)
		return;
	for (size_t i = 0; i < g->n_ports; i++) {
		const struct sk_text *text = mg_gateway_fit_text(mg_gateway_fit(g, i, ifaces, n));
		const struct mg_gw_port *p = &g->ports[i];

		if (!text)
			continue;
		snprintf(line, sizeof(line),
			a->c->lang == SK_JA ? "ポート %s (%s, %s): %s" : "port %s (%s, %s): %s",
			mg_gw_role_name(p->role), p->name, p->mac, sk_text(text, a->c->lang));
		a->warn(a->v, line);
	}
}

void mg_services_status(struct mg_call *c, json_t *v, void (*warn)(json_t *v, const char *text))
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	struct answer a = {.c = c, .v = v, .warn = warn};
	struct services s = {0};

	if (!wanted(&s, &g) || !(a.list = json_object()))
		return;
	if (sd_bus_open_system(&bus) >= 0) {
		sd_bus_set_method_call_timeout(bus, ANSWER_US);
		a.bus = bus;
	}
	if (s.dhcp)
		tell(&a, "dhcp", "sekisho-dns.service");
	if (s.dhcp)
		count_leases(a.list);
	if (s.dns)
		tell(&a, "dns", "sekisho-dns.service");
	if (s.ntp)
		tell(&a, "ntp", "sekisho-time.service");
	if (s.leased)
		tell_line(&a, &s, g);
	if (s.advertised)
		tell(&a, "advertisements", "systemd-networkd.service");
	if (s.delegation)
		tell_prefixes(&a, &s);
	tell_ports(&a, g);
	json_object_set_new(v, "services", a.list);
}
