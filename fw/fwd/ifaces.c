/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets come with interface indexes; people know names and zones. A direct-mapped cache, because
 * a flood arrives on few interfaces.
 */
#include "fw/fwd/ifaces.h"

#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOTS 256

struct slot {
	uint32_t index; /* 0 empty */
	char name[IF_NAMESIZE];
};

struct fwd_ifaces {
	int fd;
	struct slot slots[2]
			 [SLOTS]; /* arriving, leaving: the two of one event never share a slot */
};

struct fwd_ifaces *fwd_ifaces_new(void)
{
	const struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	struct fwd_ifaces *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (c->fd >= 0 && bind(c->fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(c->fd);
		c->fd = -1;
	}
	return c;
}

void fwd_ifaces_free(struct fwd_ifaces *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c);
}

int fwd_ifaces_fd(const struct fwd_ifaces *c)
{
	return c->fd;
}

void fwd_ifaces_changed(struct fwd_ifaces *c)
{
	char buf[8192];

	/* The content does not matter, nor does an overflow. */
	while (c->fd >= 0 && recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
	memset(c->slots, 0, sizeof(c->slots));
}

static const char *name_of(struct slot *slots, uint32_t index)
{
	struct slot *s = &slots[index % SLOTS];

	if (index == 0)
		return NULL;
	if (s->index != index) {
		s->index = index;
		if (!if_indextoname(index, s->name))
			snprintf(s->name, sizeof(s->name), "if%u", index);
	}
	return s->name;
}

/* Which port of a bridge a packet of the gateway leaves by nobody knows yet: outwards, most likely.
 */
static const struct fw_zone *of_bridge(const struct fw_policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_zones; i++)
		if (p->zones[i].kind == FW_ZONE_OUTSIDE && strcmp(p->zones[i].bridge, name) == 0)
			return &p->zones[i];
	return NULL;
}

void fwd_ifaces_names(struct fwd_ifaces *c, const struct fw_policy *p, const struct fwd_event *e,
	struct fwd_event_names *ret)
{
	const struct fw_zone *in = NULL, *out = NULL;
	bool outside_in, outside_out;

	*ret = (struct fwd_event_names){
		.in_iface = name_of(c->slots[0], e->in_if),
		.out_iface = name_of(c->slots[1], e->out_if),
	};
	if (ret->in_iface)
		in = fw_zone_of_iface(p->zones, p->n_zones, ret->in_iface);
	if (ret->out_iface)
		out = fw_zone_of_iface(p->zones, p->n_zones, ret->out_iface);
	if (!out && ret->out_iface && e->hook == NF_INET_LOCAL_OUT)
		out = of_bridge(p, ret->out_iface);
	ret->zone_in = in ? in->name : NULL;
	ret->zone_out = out ? out->name : NULL;
	if (e->hook == NF_INET_LOCAL_OUT)
		ret->zone_in = FW_ZONE_SELF;
	if (e->hook == NF_INET_LOCAL_IN)
		ret->zone_out = FW_ZONE_SELF;
	outside_in = in && in->kind == FW_ZONE_OUTSIDE;
	outside_out = out && out->kind == FW_ZONE_OUTSIDE;
	if (outside_in && !outside_out)
		ret->direction = "inbound";
	else if (outside_out && !outside_in)
		ret->direction = "outbound";
	else if (ret->zone_in && ret->zone_out)
		ret->direction = "internal";
}
