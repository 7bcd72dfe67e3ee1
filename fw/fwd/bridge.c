/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink for the gate: two sockets, one that listens and one that asks. All interfaces are read
 * anew at each change: there are few, and changes are rare.
 */
#include "fw/fwd/bridge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "lib/util.h"

#define ANSWER_S 5
#define RX_SIZE (64u << 10)
#define RCVBUF (1 << 20)
#define DUMP_TRIES 5

struct fwd_bridge {
	int watch, fd;
	uint32_t seq;
	struct fwd_link *links; /* by index */
	size_t n, cap;
	uint8_t rx[RX_SIZE] __attribute__((aligned(8)));
};

union message {
	struct nlmsghdr h;
	char bytes[512];
};

/* ---- asking ---- */

static int open_socket(unsigned groups)
{
	const struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = groups};
	const struct timeval wait = {.tv_sec = ANSWER_S};
	const int size = RCVBUF;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
		bind(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

static struct nlmsghdr *request(struct fwd_bridge *b, union message *m, int type, unsigned flags)
{
	struct nlmsghdr *h;

	memset(m, 0, sizeof(*m));
	h = mnl_nlmsg_put_header(m);
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++b->seq;
	return h;
}

/* Everything up to the acknowledgement or the end of the dump. */
static int answer(struct fwd_bridge *b, mnl_cb_t fn, void *arg)
{
	for (;;) {
		ssize_t n = recv(b->fd, b->rx, sizeof(b->rx), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		int r = mnl_cb_run(b->rx, (size_t)n, b->seq, 0, fn, arg);
		if (r < 0 && errno == EPROTO)
			continue; /* of a request that was given up */
		if (r <= MNL_CB_STOP)
			return r < 0 ? -errno : 0;
	}
}

static int ask(struct fwd_bridge *b, const struct nlmsghdr *h, mnl_cb_t fn, void *arg)
{
	if (send(b->fd, h, h->nlmsg_len, 0) < 0)
		return -errno;
	return answer(b, fn, arg);
}

/* ---- interfaces ---- */

static const struct nlattr *nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested (a, nest) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static bool is_set(const struct nlattr *a)
{
	return a && mnl_attr_get_payload_len(a) >= 1 && mnl_attr_get_u8(a);
}

/* Bridges alone have these attributes; without br_netfilter in the kernel nobody has. */
static void take_master(struct fwd_link *l, const struct nlattr *info)
{
	const struct nlattr *kind = nested(info, IFLA_INFO_KIND);
	const struct nlattr *data = nested(info, IFLA_INFO_DATA);

	if (!kind || mnl_attr_get_payload_len(kind) < sizeof("bridge") ||
		memcmp(mnl_attr_get_payload(kind), "bridge", sizeof("bridge")) != 0)
		return;
	l->filtered = is_set(nested(data, IFLA_BR_NF_CALL_IPTABLES)) &&
		is_set(nested(data, IFLA_BR_NF_CALL_IP6TABLES));
}

static void take_slave(struct fwd_link *l, const struct nlattr *info)
{
	const struct nlattr *kind = nested(info, IFLA_INFO_SLAVE_KIND);
	const struct nlattr *locked =
		nested(nested(info, IFLA_INFO_SLAVE_DATA), IFLA_BRPORT_LOCKED);

	l->port = kind && mnl_attr_get_payload_len(kind) >= sizeof("bridge") - 1 &&
		memcmp(mnl_attr_get_payload(kind), "bridge", sizeof("bridge") - 1) == 0;
	l->locked = l->port && is_set(locked);
	l->isolated =
		l->port && is_set(nested(nested(info, IFLA_INFO_SLAVE_DATA), IFLA_BRPORT_ISOLATED));
}

static int on_link(const struct nlmsghdr *h, void *arg)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(h);
	struct fwd_bridge *b = arg;
	struct fwd_link l = {.index = i->ifi_index, .ethernet = i->ifi_type == ARPHRD_ETHER};
	const struct nlattr *a;

	if (h->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	mnl_attr_for_each (a, h, sizeof(*i)) {
		const uint16_t len = mnl_attr_get_payload_len(a);

		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			memcpy(l.name, mnl_attr_get_payload(a), SK_MIN(len, IFNAMSIZ - 1u));
			break;
		case IFLA_ADDRESS:
			if (len == FW_MAC_LEN)
				memcpy(l.mac, mnl_attr_get_payload(a), FW_MAC_LEN);
			break;
		case IFLA_MASTER: l.master = (int)mnl_attr_get_u32(a); break;
		case IFLA_LINKINFO:
			take_slave(&l, a);
			take_master(&l, a);
			break;
		default: break;
		}
	}
	if (sk_grow(&b->links, &b->cap, b->n + 1, sizeof(l)) < 0) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	b->links[b->n++] = l;
	return MNL_CB_OK;
}

static int read_links(struct fwd_bridge *b)
{
	union message m;
	struct nlmsghdr *h = request(b, &m, RTM_GETLINK, NLM_F_DUMP);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifi_family = AF_UNSPEC;
	b->n = 0;
	return ask(b, h, on_link, b);
}

static int fail(struct sk_err *err, int code)
{
	return sk_err_set(
		err, code, NULL, "interfaces: %s", "インターフェース: %s", strerror(-code));
}

int fwd_bridge_refresh(struct fwd_bridge *b, struct sk_err *err)
{
	int r = -EINTR;

	/* The content does not matter, nor does an overflow. */
	while (recv(b->watch, b->rx, sizeof(b->rx), MSG_DONTWAIT) > 0 || errno == ENOBUFS)
		;
	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
		r = read_links(b);
	return r < 0 ? fail(err, r) : 0;
}

int fwd_bridge_open(struct fwd_bridge **ret, struct sk_err *err)
{
	struct fwd_bridge *b = calloc(1, sizeof(*b));
	int r;

	if (!b)
		return sk_err_nomem(err);
	b->watch = open_socket(RTMGRP_LINK);
	b->fd = open_socket(0);
	r = b->watch < 0 ? b->watch : b->fd < 0 ? b->fd : 0;
	if (r < 0)
		fail(err, r);
	else
		r = fwd_bridge_refresh(b, err);
	if (r < 0) {
		fwd_bridge_close(b);
		return r;
	}
	*ret = b;
	return 0;
}

void fwd_bridge_close(struct fwd_bridge *b)
{
	if (!b)
		return;
	sk_closep(&b->watch);
	sk_closep(&b->fd);
	free(b->links);
	free(b);
}

int fwd_bridge_fd(const struct fwd_bridge *b)
{
	return b->watch;
}

const struct fwd_link *fwd_bridge_link(const struct fwd_bridge *b, const char *name)
{
	for (size_t i = 0; i < b->n; i++)
		if (strncmp(b->links[i].name, name, IFNAMSIZ) == 0)
			return &b->links[i];
	return NULL;
}

const struct fwd_link *fwd_bridge_link_at(const struct fwd_bridge *b, int index)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->links[i].index == index)
			return &b->links[i];
	return NULL;
}

const struct fwd_link *fwd_bridge_links(const struct fwd_bridge *b, size_t n)
{
	return n < b->n ? &b->links[n] : NULL;
}

/* ---- ports ---- */

struct option {
	uint16_t type;
	uint16_t len;
	const void *value;
};

static int set_options(struct fwd_bridge *b, int bridge, const struct option *o, size_t n)
{
	union message m;
	struct nlmsghdr *h = request(b, &m, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifi_family = AF_UNSPEC;
	i->ifi_index = bridge;
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	for (size_t k = 0; k < n; k++)
		mnl_attr_put(h, o[k].type, o[k].len, o[k].value);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return ask(b, h, NULL, NULL);
}

/* Frames to the bridge group addresses (LLDP, EAPOL) would be learned from, locked or not. */
static int forbid_link_local(struct fwd_bridge *b, int bridge)
{
	const struct br_boolopt_multi opt = {
		.optval = 1u << BR_BOOLOPT_NO_LL_LEARN, .optmask = 1u << BR_BOOLOPT_NO_LL_LEARN};
	const struct option o = {IFLA_BR_MULTI_BOOLOPT, sizeof(opt), &opt};

	return set_options(b, bridge, &o, 1);
}

int fwd_bridge_filter(struct fwd_bridge *b, const struct fwd_link *bridge)
{
	static const uint8_t on = 1, off = 0;
	static const struct option o[] = {{IFLA_BR_NF_CALL_IPTABLES, sizeof(on), &on},
		{IFLA_BR_NF_CALL_IP6TABLES, sizeof(on), &on},
		{IFLA_BR_NF_CALL_ARPTABLES, sizeof(off), &off}};

	return set_options(b, bridge->index, o, SK_ARRAY_SIZE(o));
}

int fwd_bridge_lock(struct fwd_bridge *b, const struct fwd_link *port, bool lock)
{
	union message m;
	struct nlmsghdr *h = request(b, &m, RTM_SETLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));
	const int bridge = port->master;

	i->ifi_family = AF_BRIDGE;
	i->ifi_index = port->index;
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_PROTINFO);
	mnl_attr_put_u8(h, IFLA_BRPORT_LEARNING, !lock);
	mnl_attr_put_u8(h, IFLA_BRPORT_LOCKED, lock);
	if (lock)
		mnl_attr_put(h, IFLA_BRPORT_FLUSH, 0, NULL);
	mnl_attr_nest_end(h, info);
	int r = ask(b, h, NULL, NULL);
	return r == 0 && lock ? forbid_link_local(b, bridge) : r;
}

int fwd_bridge_isolate(struct fwd_bridge *b, const struct fwd_link *port, bool isolate)
{
	union message m;
	struct nlmsghdr *h = request(b, &m, RTM_SETLINK, NLM_F_ACK);
	struct ifinfomsg *i = mnl_nlmsg_put_extra_header(h, sizeof(*i));

	i->ifi_family = AF_BRIDGE;
	i->ifi_index = port->index;
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_PROTINFO);
	mnl_attr_put_u8(h, IFLA_BRPORT_ISOLATED, isolate);
	mnl_attr_nest_end(h, info);
	return ask(b, h, NULL, NULL);
}

/* ---- entries ---- */

static int entry(struct fwd_bridge *b, const struct fwd_link *port, const uint8_t *mac, bool add)
{
	union message m;
	struct nlmsghdr *h = request(b, &m, add ? RTM_NEWNEIGH : RTM_DELNEIGH,
		NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_REPLACE : 0u));
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));

	n->ndm_family = AF_BRIDGE;
	n->ndm_ifindex = port->index;
	/* Sticky: a port that is not locked does not take it over by sending with that source. */
	n->ndm_flags = (uint8_t)(NTF_MASTER | (add ? NTF_STICKY : 0));
	n->ndm_state = add ? NUD_NOARP : 0;
	mnl_attr_put(h, NDA_LLADDR, FW_MAC_LEN, mac);
	return ask(b, h, NULL, NULL);
}

int fwd_bridge_entry_add(struct fwd_bridge *b, const struct fwd_link *port, const uint8_t *mac)
{
	return entry(b, port, mac, true);
}

int fwd_bridge_entry_del(struct fwd_bridge *b, const struct fwd_link *port, const uint8_t *mac)
{
	return entry(b, port, mac, false);
}

struct walk {
	int (*fn)(int port_index, const uint8_t *mac, void *arg);
	void *arg;
};

static int on_entry(const struct nlmsghdr *h, void *arg)
{
	const struct ndmsg *n = mnl_nlmsg_get_payload(h);
	const struct nlattr *a, *mac = NULL, *master = NULL;
	const struct walk *w = arg;

	if (h->nlmsg_type != RTM_NEWNEIGH || !(n->ndm_state & NUD_NOARP))
		return MNL_CB_OK;
	mnl_attr_for_each (a, h, sizeof(*n)) {
		if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == FW_MAC_LEN)
			mac = a;
		else if (mnl_attr_get_type(a) == NDA_MASTER)
			master = a;
	}
	if (!mac || !master)
		return MNL_CB_OK;
	int r = w->fn(n->ndm_ifindex, mnl_attr_get_payload(mac), w->arg);
	if (r < 0)
		errno = -r;
	return r < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

int fwd_bridge_entries(
	struct fwd_bridge *b, int (*fn)(int port_index, const uint8_t *mac, void *arg), void *arg)
{
	struct walk w = {fn, arg};
	union message m;
	struct nlmsghdr *h = request(b, &m, RTM_GETNEIGH, NLM_F_DUMP);
	struct ndmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));

	n->ndm_family = AF_BRIDGE;
	return ask(b, h, on_entry, &w);
}
