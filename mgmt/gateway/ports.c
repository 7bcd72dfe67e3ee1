// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports by name and by card: when a set-up is made, and at each start after it. */
#include <errno.h>
#include <string.h>

#include "mgmt/gateway/ports.h"
#include "mgmt/gateway/private.h"

size_t mg_gateway_ports(const struct mg_gateway *g, enum mg_gw_role r)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_ports; i++)
		n += g->ports[i].role == r;
	return n;
}

bool mg_gateway_shared(const struct mg_gateway *g, enum mg_gw_role r)
{
	return g->transparent && (r == MG_GW_WAN || r == MG_GW_LAN);
}

static const struct mg_gw_iface *by_mac(const char *mac, const struct mg_gw_iface *ifaces, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (mac[0] && strcmp(mac, ifaces[k].mac) == 0)
			return &ifaces[k];
	return NULL;
}

static const struct mg_gw_iface *by_name(
	const char *name, const struct mg_gw_iface *ifaces, size_t n)
{
	for (size_t k = 0; k < n; k++)
		if (name[0] && strcmp(name, ifaces[k].name) == 0)
			return &ifaces[k];
	return NULL;
}

static int resolve(
	struct mg_gw_port *p, const struct mg_gw_iface *ifaces, size_t n, struct sk_err *err)
{
	const struct mg_gw_iface *found =
		p->mac[0] ? by_mac(p->mac, ifaces, n) : by_name(p->name, ifaces, n);

	if (!found)
		return sk_err_set(err, -ENODEV, NULL,
			"this machine has no port %s; see `ip -br link`",
			"この装置にポート %s はありません (ip -br link で確認できます)",
			p->mac[0] ? p->mac : p->name);
	if (p->name[0] && strcmp(p->name, found->name) != 0)
		return sk_err_set(err, -EINVAL, NULL,
			"%s is %s now, not %s: correct the name, or leave one of both out",
			"%s は現在 %s です (%s ではありません)。name を直すか、mac と name "
			"の一方を省いてください",
			p->mac, found->name, p->name);
	snprintf(p->name, sizeof(p->name), "%s", found->name);
	snprintf(p->mac, sizeof(p->mac), "%s", found->mac);
	return 0;
}

int mg_gateway_resolve(
	struct mg_gateway *g, const struct mg_gw_iface *ifaces, size_t n, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->n_ports; i++) {
		r = resolve(&g->ports[i], ifaces, n, err);
		if (r < 0)
			sk_err_prefix(err, "ports[%zu].match", i);
	}
	/* One card by its name, and again by its MAC address. */
	return r == 0 ? mg_gw_check_ports(g, err) : r;
}

const struct mg_gw_port *mg_gateway_single(const struct mg_gateway *g, enum mg_gw_role r)
{
	for (size_t i = 0; i < g->n_ports; i++)
		if (g->ports[i].role == r)
			return mg_gateway_ports(g, r) == 1 ? &g->ports[i] : NULL;
	return NULL;
}

enum mg_gw_fit mg_gateway_fit(
	struct mg_gateway *g, size_t i, const struct mg_gw_iface *ifaces, size_t n)
{
	struct mg_gw_port *p = &g->ports[i];
	const struct mg_gw_iface *card = by_mac(p->mac, ifaces, n);
	const struct mg_gw_iface *named = by_name(p->name, ifaces, n);

	p->held = false;
	if (!p->mac[0])
		return named ? MG_GW_FITS : MG_GW_GONE;
	/* Of a role's own bridge the policy knows the bridge, of a shared one the ports. */
	if (card &&
		(!p->name[0] ||
			(mg_gateway_ports(g, p->role) > 1 && !mg_gateway_shared(g, p->role))))
		snprintf(p->name, sizeof(p->name), "%s", card->name);
	if (card && strcmp(p->name, card->name) == 0)
		return MG_GW_FITS;
	p->held = true;
	return card ? MG_GW_MOVED : named ? MG_GW_OTHER : MG_GW_GONE;
}

const struct sk_text *mg_gateway_fit_text(enum mg_gw_fit fit)
{
	static const struct sk_text texts[] = {
		[MG_GW_GONE] = {"there is no such card", "このカードは見つかりません"},
		[MG_GW_MOVED] = {"the card has another name now; it gets no addresses until the "
				 "gateway was restarted or set up again",
			"カードの名前が変わりました。再起動または再設定するまでアドレスを設定しませ"
			"ん"},
		[MG_GW_OTHER] = {"another card has this name; it gets no addresses until the "
				 "gateway was set up again",
			"別のカードがこの名前になっています。再設定するまでアドレスを設定しません"},
	};

	return fit == MG_GW_FITS ? NULL : &texts[fit];
}

const char *mg_gateway_iface(
	const struct mg_gateway *g, enum mg_gw_role role, char dst[static IFNAMSIZ])
{
	dst[0] = '\0';
	if (mg_gateway_shared(g, role)) {
		snprintf(dst, IFNAMSIZ, MG_GW_BRIDGE);
		return dst;
	}
	if (mg_gateway_ports(g, role) > 1) {
		snprintf(dst, IFNAMSIZ, "br-%s", mg_gw_role_name(role));
		return dst;
	}
	for (size_t i = 0; i < g->n_ports; i++)
		if (g->ports[i].role == role)
			snprintf(dst, IFNAMSIZ, "%s", g->ports[i].name);
	return dst;
}
