/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a frame adds to the picture of its sender: names, fingerprint, roles. A trait that was known
 * and is now another is told as a changed fingerprint. See watch.h.
 */
#include <stdio.h>
#include <string.h>

#include "nac/observe/watch_int.h"

enum {
	FINGERPRINT_HOLD_S = 60,
	TCP_OTHERS = 3,
	OFFLINK_ROUTER = 4,
	DHCP_DISCOVER = 1,
	DHCP_REQUEST = 3
};

static void changed(
	struct nac_watch *w, struct dev *d, unsigned bit, const char *was, const char *is)
{
	struct nac_event ev = {.kind = NAC_EV_FINGERPRINT, .mac = d->d.mac, .differs = bit};
	char name[24];

	snprintf(ev.text, sizeof(ev.text), "%s: \"%.80s\" is now \"%.80s\"",
		nac_print_differs_text(bit, name, sizeof(name)), was, is);
	watch_tell(w, &ev, FINGERPRINT_HOLD_S);
}

/* The print's text behind bit. */
static char *field_of(struct nac_print *p, unsigned bit, size_t *ret_cap)
{
	switch (bit) {
	case NAC_PRINT_DHCP_PARAMS: *ret_cap = sizeof(p->dhcp_params); return p->dhcp_params;
	case NAC_PRINT_DHCP_VENDOR: *ret_cap = sizeof(p->dhcp_vendor); return p->dhcp_vendor;
	case NAC_PRINT_DHCP6: *ret_cap = sizeof(p->dhcp6); return p->dhcp6;
	case NAC_PRINT_HOSTNAME: *ret_cap = sizeof(p->hostname); return p->hostname;
	default: *ret_cap = sizeof(p->tcp); return p->tcp;
	}
}

/* The trait becomes value; an empty value says nothing. */
static uint32_t trait(struct nac_watch *w, struct dev *d, unsigned bit, const char *value)
{
	size_t cap;
	char was[NAC_SIGHT_PARAMS], *field = field_of(&d->d.print, bit, &cap);

	if (!*value || strcmp(field, value) == 0)
		return 0;
	snprintf(was, sizeof(was), "%s", field);
	snprintf(field, cap, "%s", value);
	if (*was)
		changed(w, d, bit, was, field);
	return NAC_NEWS_PRINT;
}

/* A name by a better protocol replaces a lesser one's without being a change. */
static uint32_t named(struct nac_watch *w, struct dev *d, const char *host, enum nac_name_rank rank)
{
	char *name = d->d.print.hostname;

	if (!*host || rank < d->d.name_rank || strcmp(name, host) == 0)
		return 0;
	if (rank > d->d.name_rank)
		name[0] = '\0';
	d->d.name_rank = (uint8_t)rank;
	trait(w, d, NAC_PRINT_HOSTNAME, host);
	return NAC_NEWS_HOSTNAME;
}

static uint32_t role(struct dev *d, unsigned bits)
{
	if ((d->d.roles & bits) == bits)
		return 0;
	d->d.roles |= (uint16_t)bits;
	return NAC_NEWS_ROLE;
}

static uint32_t model(struct dev *d, const char *text)
{
	if (!*text || strcmp(d->d.model, text) == 0)
		return 0;
	snprintf(d->d.model, sizeof(d->d.model), "%s", text);
	return NAC_NEWS_MODEL;
}

static uint32_t dhcp4(struct nac_watch *w, struct dev *d, const struct nac_dhcp4 *m)
{
	uint32_t news;

	if (m->reply)
		return role(d, NAC_ROLE_DHCP_SERVER);
	/* A relay's frame is about somebody else; a network boot is not the device's system. */
	if (!nac_mac_equal(&m->chaddr, &d->d.mac) || strncmp(m->vendor, "PXEClient", 9) == 0 ||
		strncmp(m->vendor, "HTTPClient", 10) == 0)
		return 0;
	news = named(w, d, m->hostname, NAC_NAME_DHCP4);
	if (m->type != DHCP_DISCOVER && m->type != DHCP_REQUEST)
		return news; /* INFORM asks for other options than a lease does */
	news |= trait(w, d, NAC_PRINT_DHCP_PARAMS, m->params);
	return news | trait(w, d, NAC_PRINT_DHCP_VENDOR, m->vendor);
}

static uint32_t dhcp6(struct nac_watch *w, struct dev *d, const struct nac_dhcp6 *m)
{
	uint32_t news;

	if (m->reply)
		return role(d, NAC_ROLE_DHCP_SERVER);
	news = named(w, d, m->hostname, NAC_NAME_DHCP6);
	/* SOLICIT and REQUEST; other messages ask for other things. */
	if (m->type == 1 || m->type == 3)
		news |= trait(w, d, NAC_PRINT_DHCP6, m->oro);
	return news;
}

/*
 * Programs behind one MAC may bring stacks of their own (a virtual machine, a scanner), so another
 * stack must be all that is seen a few times in a row.
 */
static uint32_t syn(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	struct nac_device *v = &d->d;

	if (!watch_on_link(w, &s->from) || (v->roles & NAC_ROLE_ROUTER))
		return 0;
	if (!*v->print.tcp || strcmp(v->print.tcp, s->tcp.sig) == 0) {
		v->tcp_others = 0;
		return trait(w, d, NAC_PRINT_TCP, s->tcp.sig);
	}
	if (strcmp(v->tcp_other, s->tcp.sig) != 0) {
		snprintf(v->tcp_other, sizeof(v->tcp_other), "%s", s->tcp.sig);
		v->tcp_others = 0;
	}
	if (++v->tcp_others < TCP_OTHERS)
		return 0;
	v->tcp_others = 0;
	return trait(w, d, NAC_PRINT_TCP, s->tcp.sig);
}

static uint32_t synack(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	/* Ports above are given out by the system, to peers that come back (FTP, RPC). */
	if (!watch_on_link(w, &s->from) || s->tcp.sport >= 32768)
		return 0;
	return nac_print_service_add(&d->d.print, s->tcp.sport) ? NAC_NEWS_PRINT : 0;
}

static uint32_t link(struct nac_watch *w, struct dev *d, const struct nac_link *l)
{
	uint32_t news = named(w, d, l->name, NAC_NAME_LLDP) | model(d, l->model);

	/* Telephones bridge for the computer behind them, and are no infrastructure. */
	if ((l->caps & NAC_LINK_BRIDGE) && !(l->caps & NAC_LINK_PHONE))
		news |= role(d, NAC_ROLE_BRIDGE);
	if (l->caps & NAC_LINK_AP)
		news |= role(d, NAC_ROLE_ACCESS_POINT);
	if (l->caps & NAC_LINK_ROUTER)
		news |= role(d, NAC_ROLE_ROUTER);
	return news;
}

/* A device from which packets of several foreign sources come forwards for others. */
static uint32_t forwards(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	if (s->from.family != 4 || w->own_n == 0 || !nac_ip_is_host(&s->from) ||
		watch_on_link(w, &s->from) || nac_ip_equal(&d->offlink, &s->from))
		return 0;
	d->offlink = s->from;
	if (d->offlink_n < OFFLINK_ROUTER)
		d->offlink_n++;
	return d->offlink_n >= OFFLINK_ROUTER ? role(d, NAC_ROLE_ROUTER) : 0;
}

uint32_t watch_learn(struct nac_watch *w, struct dev *d, const struct nac_sight *s)
{
	uint32_t news = forwards(w, d, s);

	switch (s->kind) {
	case NAC_SIGHT_DHCP4: return news | dhcp4(w, d, &s->dhcp4);
	case NAC_SIGHT_DHCP6: return news | dhcp6(w, d, &s->dhcp6);
	case NAC_SIGHT_RA: return news | (s->nd.lifetime ? role(d, NAC_ROLE_ROUTER) : 0);
	case NAC_SIGHT_NAME:
		if (!watch_on_link(w, &s->from))
			return news;
		return news | named(w, d, s->name.host, s->name.rank) | model(d, s->name.model);
	case NAC_SIGHT_SYN: return news | syn(w, d, s);
	case NAC_SIGHT_SYNACK: return news | synack(w, d, s);
	case NAC_SIGHT_LINK: return news | link(w, d, &s->link);
	default: return news;
	}
}
