/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who gives out addresses and who advertises itself as a router, against who may: the network's
 * lists and the gateway itself. See watch.h.
 */
#include <stdio.h>
#include <string.h>

#include "nac/observe/watch_int.h"

enum { ROGUE_HOLD_S = 600, PENDING_S = 5, DHCP_OFFER = 2, DHCP_REQUEST = 3, DHCP_ACK = 5 };

static bool in_macs(const struct nac_mac *list, size_t n, const struct nac_mac *mac)
{
	for (size_t i = 0; i < n; i++) {
		if (nac_mac_equal(&list[i], mac))
			return true;
	}
	return false;
}

static bool in_ips(const struct nac_watch *w, const struct nac_ip *ip)
{
	for (size_t i = 0; i < w->dhcp_ip_n; i++) {
		if (nac_ip_equal(&w->dhcp_ips[i], ip))
			return true;
	}
	return false;
}

bool nac_watch_trusted(const struct nac_watch *w, const struct nac_mac *mac)
{
	struct bind *b;

	if (in_macs(w->dhcp_macs, w->dhcp_mac_n, mac) || in_macs(w->routers, w->router_n, mac))
		return true;
	for (size_t i = 0; i < w->dhcp_ip_n; i++) {
		b = watch_bind(w, &w->dhcp_ips[i]);
		if (b && nac_mac_equal(&b->mac, mac))
			return true;
	}
	return false;
}

static void rogue(
	struct nac_watch *w, enum nac_ev_kind kind, const struct nac_mac *mac, struct nac_event *ev)
{
	ev->kind = kind;
	ev->mac = *mac;
	watch_tell(w, ev, ROGUE_HOLD_S);
}

/* By its address only while no other MAC is known to hold that. */
static bool may_serve(const struct nac_watch *w, const struct nac_mac *mac, const struct nac_ip *ip)
{
	const struct bind *b = watch_bind(w, ip);

	if (in_macs(w->dhcp_macs, w->dhcp_mac_n, mac))
		return true;
	if (!in_ips(w, ip))
		return false;
	return !b || nac_mac_is_zero(&b->mac) || nac_mac_equal(&b->mac, mac);
}

static void dhcp4_reply(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	const struct nac_dhcp4 *m = &s->dhcp4;
	struct nac_event ev = {.ip = s->from};
	struct nac_mac router;
	struct dev *r;
	char offered[NAC_IP_TEXT], gateway[NAC_IP_TEXT];

	if (may_serve(w, &d->d.mac, &s->from)) {
		if (m->type == DHCP_ACK && m->yiaddr.family)
			watch_lease(w, &m->yiaddr, &m->chaddr);
		r = nac_watch_holder(w, &m->router, &router) ? watch_dev(w, &router) : NULL;
		if (r && !(r->d.roles & NAC_ROLE_ROUTER)) {
			r->d.roles |= NAC_ROLE_ROUTER;
			r->news |= NAC_NEWS_ROLE;
		}
		return;
	}
	snprintf(ev.text, sizeof(ev.text), "answers DHCP (gives %s, router %s) and is not listed",
		m->yiaddr.family ? nac_ip_format(&m->yiaddr, offered) : "nothing",
		m->router.family ? nac_ip_format(&m->router, gateway) : "not said");
	rogue(w, NAC_EV_ROGUE_DHCP, &d->d.mac, &ev);
}

/* A client says whose offer it takes. false: it cannot be told yet whether that one may. */
static bool judge_named(
	struct nac_watch *w, const struct nac_ip *ip, const struct nac_mac *client, bool final)
{
	struct nac_event ev = {.ip = *ip, .other = *client};
	struct nac_mac mac = {{0}};
	bool known;
	char text[NAC_MAC_TEXT];

	if (watch_is_own(w, ip) || in_ips(w, ip))
		return true;
	known = nac_watch_holder(w, ip, &mac);
	if (known && in_macs(w->dhcp_macs, w->dhcp_mac_n, &mac))
		return true;
	if (!known && !final)
		return false;
	snprintf(ev.text, sizeof(ev.text), "%s takes its address from a server that is not listed",
		nac_mac_format(client, text));
	rogue(w, NAC_EV_ROGUE_DHCP, &mac, &ev);
	return true;
}

static void dhcp4_request(struct nac_watch *w, const struct nac_sight *s)
{
	struct pending *free_slot = NULL;
	const struct nac_ip *ip = &s->dhcp4.server;

	if (judge_named(w, ip, &s->src, false))
		return;
	for (int i = 0; i < PENDING_MAX; i++) {
		if (nac_ip_equal(&w->pending[i].ip, ip))
			return;
		if (w->pending[i].ip.family == 0)
			free_slot = &w->pending[i];
	}
	if (free_slot)
		*free_slot = (struct pending){*ip, s->src, w->now};
	else
		judge_named(w, ip, &s->src, true);
}

void watch_servers_tick(struct nac_watch *w)
{
	for (int i = 0; i < PENDING_MAX; i++) {
		struct pending *p = &w->pending[i];

		if (p->ip.family &&
			judge_named(
				w, &p->ip, &p->client, w->now - p->since_us >= PENDING_S * SECOND))
			memset(p, 0, sizeof(*p));
	}
}

static void advertises(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	struct nac_event ev = {.ip = s->from};
	char prefix[NAC_IP_TEXT] = "no prefix", dns[NAC_IP_TEXT] = "none";
	const struct nac_nd *nd = &s->nd;

	if (in_macs(w->routers, w->router_n, &d->d.mac))
		return;
	if (nd->prefix_n)
		nac_ip_format(&nd->prefixes[0], prefix);
	if (nd->dns.family)
		nac_ip_format(&nd->dns, dns);
	snprintf(ev.text, sizeof(ev.text),
		"advertises itself as a router for %u s (%s/%u, name server %s) and is not listed",
		nd->lifetime, prefix, nd->prefix_n ? nd->prefix_bits[0] : 0u, dns);
	rogue(w, NAC_EV_ROGUE_RA, &d->d.mac, &ev);
}

void watch_servers(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	struct nac_event ev = {.ip = s->from};

	if (s->kind == NAC_SIGHT_RA) {
		advertises(w, d, s);
	} else if (s->kind == NAC_SIGHT_DHCP4 && s->dhcp4.reply) {
		dhcp4_reply(w, d, s);
	} else if (s->kind == NAC_SIGHT_DHCP4 && s->dhcp4.type == DHCP_REQUEST &&
		s->dhcp4.server.family) {
		dhcp4_request(w, s);
	} else if (s->kind == NAC_SIGHT_DHCP6 && s->dhcp6.reply &&
		!may_serve(w, &d->d.mac, &s->from)) {
		snprintf(ev.text, sizeof(ev.text), "answers DHCPv6 and is not listed");
		rogue(w, NAC_EV_ROGUE_DHCP, &d->d.mac, &ev);
	}
}
