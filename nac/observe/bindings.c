/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which MAC holds which address, from ARP, neighbour discovery, DHCP and the packets themselves;
 * and quarrels about one: a claim on the gateway's address or a listed server's, an address that
 * goes to and fro, one device that takes many. See watch.h.
 */
#include <stdio.h>
#include <string.h>

#include "nac/observe/watch_int.h"

enum {
	SPOOF_HOLD_S = 60,
	HELD_S = 300,      /* a holder heard less than this ago still has its address */
	QUARREL_S = 60,    /* two changes within this time are a quarrel */
	CONTESTED_S = 300, /* so long nobody is told anything of the address */
	FORGET_S = 3600,
	LEASE_S = 600,
	CLAIMS_MAX = 16, /* addresses one MAC may take within a minute */
	MANY4 = NAC_DEVICE_ADDRS,
};

static void spoof(struct nac_watch *w, const struct nac_mac *mac, const struct nac_ip *ip,
	const struct nac_mac *other, const char *why)
{
	struct nac_event ev = {.kind = NAC_EV_ARP_SPOOF, .mac = *mac, .ip = *ip, .other = *other};

	snprintf(ev.text, sizeof(ev.text), "%s", why);
	watch_tell(w, &ev, SPOOF_HOLD_S);
}

/* Into the device's list; the oldest of a family that has more than half gives way. */
static bool remember(struct nac_watch *w, struct dev *d, const struct nac_ip *ip)
{
	struct nac_device_addr *a = d->d.addrs, *slot = NULL;
	unsigned same = 0;

	for (int i = 0; i < NAC_DEVICE_ADDRS; i++) {
		if (nac_ip_equal(&a[i].ip, ip)) {
			a[i].last_us = w->now;
			return false;
		}
		same += a[i].ip.family == ip->family;
	}
	for (int i = 0; i < NAC_DEVICE_ADDRS; i++) {
		bool candidate = a[i].ip.family == 0 ||
			(a[i].ip.family == ip->family) == (same >= NAC_DEVICE_ADDRS / 2);

		if (candidate && (!slot || a[i].last_us < slot->last_us))
			slot = &a[i];
	}
	slot->ip = *ip;
	slot->last_us = w->now;
	return true;
}

static void forget_addr(struct nac_watch *w, const struct nac_mac *mac, const struct nac_ip *ip)
{
	struct dev *d = watch_dev(w, mac);

	if (!d)
		return;
	if (ip->family == 4 && d->bound4 > 0)
		d->bound4--;
	for (int i = 0; i < NAC_DEVICE_ADDRS; i++) {
		if (nac_ip_equal(&d->d.addrs[i].ip, ip))
			memset(&d->d.addrs[i], 0, sizeof(d->d.addrs[i]));
	}
}

static void tell_binding(struct nac_watch *w, const struct nac_ip *ip, const struct bind *b)
{
	if (w->cfg.binding)
		w->cfg.binding(w->cfg.arg, ip, b->contested_us > w->now ? NULL : &b->mac);
}

/* mac now holds ip. */
static uint32_t take(
	struct nac_watch *w, const struct nac_ip *ip, struct bind *b, const struct nac_mac *mac)
{
	struct dev *d = watch_dev(w, mac);
	uint32_t news = 0;

	b->mac = *mac;
	b->last_us = w->now;
	tell_binding(w, ip, b);
	if (!d)
		return 0;
	if (remember(w, d, ip))
		news |= NAC_NEWS_ADDRESS;
	if (ip->family == 4 && ++d->bound4 > MANY4 && !(d->d.roles & NAC_ROLE_MANY_ADDRESSES)) {
		d->d.roles |= NAC_ROLE_MANY_ADDRESSES;
		news |= NAC_NEWS_ROLE;
	}
	if (w->now - d->claims_us > 60 * SECOND) {
		d->claims_us = w->now;
		d->claims = 0;
	}
	if (ip->family == 4 && ++d->claims == CLAIMS_MAX && !nac_watch_trusted(w, mac)) {
		static const struct nac_ip none;

		spoof(w, mac, &none, &w->own_mac, "takes many addresses within a minute");
	}
	return news;
}

/* The second change within a minute: neither gives way. */
static void quarrel(struct nac_watch *w, const struct nac_ip *ip, struct bind *b)
{
	const struct nac_mac *late = &b->late;
	const struct dev *d = watch_dev(w, late);
	struct nac_event ev = {.kind = NAC_EV_CONFLICT, .mac = *late, .ip = *ip, .other = b->orig};

	b->contested_us = w->now + CONTESTED_S * SECOND;
	tell_binding(w, ip, b);
	/*
	 * Two machines set to one address, or one that has its own and wants another's. IPv6 hosts
	 * look before they use an address (RFC 4862), so that there it is no accident.
	 */
	if (ip->family == 6 || (d && d->bound4 > nac_mac_equal(&b->mac, late)))
		ev.kind = NAC_EV_ARP_SPOOF;
	snprintf(ev.text, sizeof(ev.text), "%s",
		ev.kind == NAC_EV_ARP_SPOOF ? "claims an address another device is using"
					    : "two devices use one address");
	watch_tell(w, &ev, SPOOF_HOLD_S);
}

/* Another MAC than the holder's claims ip. strong: by ARP or ND, so that neighbours believe it. */
static uint32_t moved(struct nac_watch *w, const struct nac_ip *ip, struct bind *b,
	const struct nac_mac *mac, bool strong)
{
	struct nac_mac old = b->mac;
	uint32_t news;

	if (nac_watch_trusted(w, &old)) {
		spoof(w, mac, ip, &old, "claims the address of a listed server or router");
		return 0;
	}
	if ((nac_mac_equal(&b->lease, mac) && w->now - b->lease_us < LEASE_S * SECOND) ||
		w->now - b->last_us > HELD_S * SECOND) {
		if (!strong)
			return 0;
		b->flips = 0;
		forget_addr(w, &old, ip);
		return take(w, ip, b, mac);
	}
	if (b->flips == 0 || w->now - b->quarrel_us > QUARREL_S * SECOND) {
		b->flips = 0;
		b->orig = old;
		b->quarrel_us = w->now;
	}
	b->flips++;
	if (!nac_mac_equal(mac, &b->orig))
		b->late = *mac;
	forget_addr(w, &old, ip);
	news = take(w, ip, b, mac);
	if (b->flips >= 2) {
		quarrel(w, ip, b);
	} else {
		/*
		 * The former holder was heard of just now and may still be there: until that is
		 * known, nobody is told anything of the address.
		 */
		b->contested_us = w->now + QUARREL_S * SECOND;
		tell_binding(w, ip, b);
	}
	return news;
}

static uint32_t claim(
	struct nac_watch *w, const struct nac_ip *ip, const struct nac_mac *mac, bool strong)
{
	struct bind *b;

	if (!nac_ip_is_host(ip) || nac_mac_is_group(mac) || nac_mac_is_zero(mac))
		return 0;
	if (watch_is_own(w, ip)) {
		if (!nac_mac_equal(mac, &w->own_mac) && !nac_mac_equal(mac, &w->also))
			spoof(w, mac, ip, &w->own_mac, "claims the gateway's address");
		return 0;
	}
	b = watch_bind(w, ip);
	if (b && nac_mac_equal(&b->mac, mac)) {
		struct dev *d = watch_dev(w, mac);

		b->last_us = w->now;
		if (d)
			remember(w, d, ip);
		return 0;
	}
	if (b && !nac_mac_is_zero(&b->mac))
		return moved(w, ip, b, mac, strong);
	if (!b)
		b = sk_table_put(w->bindings, ip);
	if (!b) {
		w->stats.bindings_full++;
		return 0;
	}
	return take(w, ip, b, mac);
}

/*
 * A probe (RFC 5227, RFC 4862) asks whether an address is free and, if nobody holds it, is followed
 * by its use. It takes nothing from anybody.
 */
static uint32_t probe(struct nac_watch *w, const struct nac_ip *ip, const struct nac_mac *mac)
{
	const struct bind *b = watch_bind(w, ip);

	if (watch_is_own(w, ip) || (b && !nac_mac_is_zero(&b->mac)))
		return 0;
	return claim(w, ip, mac, true);
}

static uint32_t claim_arp(struct nac_watch *w, const struct nac_sight *s)
{
	const struct nac_arp *a = &s->arp;

	if (a->spa.family == 0)
		return probe(w, &a->tpa, &s->src);
	if (!nac_mac_equal(&a->sha, &s->src)) {
		spoof(w, &s->src, &a->spa, &a->sha, "sends ARP in another device's name");
		return 0; /* and is not believed */
	}
	return claim(w, &a->spa, &a->sha, true);
}

static uint32_t claim_nd(struct nac_watch *w, const struct nac_sight *s)
{
	const struct nac_ip *ip = s->kind == NAC_SIGHT_NA ? &s->nd.target : &s->from;
	const struct nac_mac *mac = s->nd.has_mac ? &s->nd.mac : &s->src;

	if (ip->family == 0)
		return s->kind == NAC_SIGHT_NS ? probe(w, &s->nd.target, &s->src) : 0;
	if (!nac_mac_equal(mac, &s->src)) {
		spoof(w, &s->src, ip, mac, "sends neighbour discovery in another device's name");
		return 0;
	}
	return claim(w, ip, mac, true);
}

uint32_t watch_claims(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	if (s->malformed)
		return 0;
	switch (s->kind) {
	case NAC_SIGHT_ARP: return claim_arp(w, s);
	case NAC_SIGHT_NS:
	case NAC_SIGHT_NA:
	case NAC_SIGHT_RS:
	case NAC_SIGHT_RA: return claim_nd(w, s);
	default:
		if (!watch_on_link(w, &s->from) || (d->d.roles & NAC_ROLE_ROUTER))
			return 0;
		return claim(w, &s->from, &s->src, false);
	}
}

void watch_lease(struct nac_watch *w, const struct nac_ip *ip, const struct nac_mac *mac)
{
	struct bind *b = watch_bind(w, ip);

	if (watch_is_own(w, ip) || !watch_on_link(w, ip))
		return;
	if (!b)
		b = sk_table_put(w->bindings, ip);
	if (!b || b->contested_us > w->now)
		return;
	b->lease = *mac;
	b->lease_us = w->now;
	if (b->last_us == 0)
		b->last_us = w->now;
}

static bool tick_bind(const void *key, void *val, void *arg)
{
	struct nac_watch *w = arg;
	struct bind *b = val;

	if (b->contested_us && b->contested_us <= w->now) {
		b->contested_us = 0;
		b->flips = 0;
		tell_binding(w, key, b);
	}
	if (w->now - b->last_us < FORGET_S * SECOND)
		return false;
	forget_addr(w, &b->mac, key);
	if (w->cfg.binding)
		w->cfg.binding(w->cfg.arg, key, NULL);
	return true;
}

void watch_bindings_tick(struct nac_watch *w)
{
	sk_table_walk(w->bindings, tick_bind, w);
}

bool nac_watch_holder(const struct nac_watch *w, const struct nac_ip *ip, struct nac_mac *ret)
{
	const struct bind *b = watch_bind(w, ip);

	if (!b || nac_mac_is_zero(&b->mac) || b->contested_us > w->now)
		return false;
	*ret = b->mac;
	return true;
}
