/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ports' cables, by rtnetlink: hostapd does not notice that one was pulled, and whoever is
 * plugged in next must not find the gate open.
 */
#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"
#include "nac/nacd/parts.h"

#define RCVBUF (1 << 20)

struct own {
	int index; /* of the interface */
	struct nac_mac mac;
};

struct nacd_links {
	struct nacd *d;
	int fd;
	sd_event_source *io;
	struct own *own;
	size_t n_own, cap_own;
};

/* ---- the gateway's own addresses --------------------------------------------------------------
 */

bool nacd_links_own(const struct nacd_links *l, const struct nac_mac *mac)
{
	for (size_t i = 0; l && i < l->n_own; i++)
		if (nac_mac_equal(&l->own[i].mac, mac))
			return true;
	return false;
}

/* mac NULL: the interface is gone. */
static void set_own(struct nacd_links *l, int index, const struct nac_mac *mac)
{
	size_t i = 0;

	while (i < l->n_own && l->own[i].index != index)
		i++;
	if (!mac || nac_mac_is_zero(mac)) {
		if (i < l->n_own)
			l->own[i] = l->own[--l->n_own];
		return;
	}
	if (i == l->n_own && sk_grow(&l->own, &l->cap_own, i + 1, sizeof(*l->own)) < 0)
		return;
	l->n_own = SK_MAX(l->n_own, i + 1);
	l->own[i] = (struct own){.index = index, .mac = *mac};
}

static void take_own(struct nacd_links *l, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	size_t left = NLMSG_PAYLOAD(h, sizeof(*i));
	const struct rtattr *a = IFLA_RTA(i);
	struct nac_mac mac = {{0}};

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_ADDRESS && RTA_PAYLOAD(a) == sizeof(mac.b))
			memcpy(mac.b, RTA_DATA(a), sizeof(mac.b));
	set_own(l, i->ifi_index, h->nlmsg_type == RTM_NEWLINK ? &mac : NULL);
}

/* ---- ports ------------------------------------------------------------------------------------
 */

static void close_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	if (strcmp(s->port, arg) != 0)
		return;
	if (nac_session_open(s->state))
		nacd_session_close(d, s, NAC_WHY_LINK_DOWN);
	s->tell_at = 0;
}

static void set_link(struct nacd *d, struct nacd_port *p, bool present, bool up, unsigned ifindex)
{
	bool fell = p->link && !up;

	p->present = present;
	p->ifindex = ifindex;
	p->link = up;
	if (fell) {
		nacd_sessions_each(d, close_one, p->name);
		memset(p->pending, 0, sizeof(p->pending));
	}
	if (p->hostapd)
		nac_hostapd_interface(p->hostapd, present);
}

static const char *name_of(const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = NLMSG_DATA(h);
	size_t left = NLMSG_PAYLOAD(h, sizeof(*i));

	for (const struct rtattr *a = IFLA_RTA(i); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_IFNAME && memchr(RTA_DATA(a), '\0', RTA_PAYLOAD(a)))
			return RTA_DATA(a);
	return NULL;
}

static void on_link(struct nacd_links *l, const struct nlmsghdr *h)
{
	struct nacd *d = l->d;
	const struct ifinfomsg *i = NLMSG_DATA(h);
	bool here = h->nlmsg_type == RTM_NEWLINK, up;
	struct nacd_port *p;
	const char *name;

	/* AF_BRIDGE messages tell of the bridge's own state of the port, not of its cable. */
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)) || i->ifi_family != AF_UNSPEC)
		return;
	take_own(l, h);
	name = name_of(h);
	up = here && (i->ifi_flags & IFF_UP) && (i->ifi_flags & IFF_LOWER_UP);
	/* Renamed away: what stands on the old name is gone. */
	for (size_t k = 0; k < d->n_ports; k++)
		if (d->ports[k].present && d->ports[k].ifindex == (unsigned)i->ifi_index &&
			(!name || strcmp(d->ports[k].name, name) != 0))
			set_link(d, &d->ports[k], false, false, 0);
	p = name ? nacd_port_find(d, name) : NULL;
	if (p)
		set_link(d, p, here, up, (unsigned)i->ifi_index);
}

static int on_io(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct nacd_links *l = arg;
	_Alignas(struct nlmsghdr) char p[32768];

	for (;;) {
		ssize_t n = recv(fd, p, sizeof(p), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS) {
			nacd_links_refresh(l); /* what was missed */
			continue;
		}
		if (n <= 0)
			return 0;
		for (struct nlmsghdr *h = (void *)p; NLMSG_OK(h, (size_t)n); h = NLMSG_NEXT(h, n))
			if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_DELLINK)
				on_link(l, h);
	}
}

void nacd_links_refresh(struct nacd_links *l)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} req = {.h = {.nlmsg_len = sizeof(req),
			 .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};

	if (send(l->fd, &req, sizeof(req), 0) < 0)
		sk_log(LOG_ERR, "links cannot be asked for: %s", strerror(errno));
}

int nacd_links_new(struct nacd_links **ret, struct nacd *d, struct sk_err *err)
{
	const struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	struct nacd_links *l = calloc(1, sizeof(*l));
	int size = RCVBUF, r;

	if (!l)
		return sk_err_nomem(err);
	l->d = d;
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	r = l->fd < 0 || bind(l->fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	if (r == 0) {
		setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		r = sd_event_add_io(d->ev, &l->io, l->fd, EPOLLIN, on_io, l);
	}
	if (r < 0) {
		nacd_links_free(l);
		return sk_err_en(err, r, NULL, "rtnetlink: %s", strerror(-r));
	}
	/* A pulled cable before anything that came over it. */
	sd_event_source_set_priority(l->io, SD_EVENT_PRIORITY_IMPORTANT);
	*ret = l;
	return 0;
}

void nacd_links_free(struct nacd_links *l)
{
	if (!l)
		return;
	sd_event_source_disable_unref(l->io);
	sk_closep(&l->fd);
	free(l->own);
	free(l);
}
