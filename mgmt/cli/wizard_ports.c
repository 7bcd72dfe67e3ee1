// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which port is for what: by plugging the cable in. The kernel tells of carriers over rtnetlink; a
 * number typed does as well.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/cli/wizard.h"
#include "mgmt/gateway/box/box.h"

/* Gigabit Ethernet takes up to four seconds to agree with the other end. */
#define SETTLE_MS 5000

struct ports {
	struct wiz *w;
	struct mg_gw_iface v[MG_BOX_IFACES_MAX];
	int role[MG_BOX_IFACES_MAX]; /* -1: none yet */
	size_t n;
	int netlink;
};

/*
 * Carriers are seen only on links that are up. Without the right to: numbers remain. Was one of
 * them down?
 */
static bool bring_up(const struct ports *p)
{
	_cleanup_(sk_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool some = false;

	for (size_t i = 0; fd >= 0 && i < p->n; i++) {
		struct ifreq q = {0};

		snprintf(q.ifr_name, sizeof(q.ifr_name), "%s", p->v[i].name);
		if (ioctl(fd, SIOCGIFFLAGS, &q) < 0 || (q.ifr_flags & IFF_UP))
			continue;
		q.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &q) == 0)
			some = true;
	}
	return some;
}

static int listen_links(void)
{
	struct sockaddr_nl sa = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void drain(int fd)
{
	char buf[8192];

	while (recv(fd, buf, sizeof(buf), 0) > 0)
		;
}

static void list(const struct ports *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct mg_gw_iface *v = &p->v[i];
		const struct sk_text *t =
			p->role[i] >= 0 ? mg_gw_role_text((enum mg_gw_role)p->role[i]) : NULL;

		fprintf(p->w->out, "  %zu) %-12s %s  %-10s %s%s%s\n", i + 1, v->name, v->mac,
			v->driver, v->carrier ? "[link] " : "", t ? "= " : "",
			t ? sk_text(t, p->w->lang) : "");
	}
	fflush(p->w->out);
}

/* A port that has just got its carrier and no role; -1: none. Carriers are taken over. */
static int plugged(struct ports *p)
{
	struct mg_gw_iface now[MG_BOX_IFACES_MAX];
	size_t n = 0;
	int found = -1;

	if (mg_box_ifaces(now, MG_BOX_IFACES_MAX, &n, NULL) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; k < n; k++) {
			if (strcmp(p->v[i].name, now[k].name) != 0)
				continue;
			if (now[k].carrier && !p->v[i].carrier && p->role[i] < 0 && found < 0)
				found = (int)i;
			p->v[i].carrier = now[k].carrier;
		}
	return found;
}

/* Links that were just set up find their carriers one by one: no cable was plugged in then. */
static void settle(struct ports *p)
{
	const uint64_t end = sk_mono_us() / 1000 + SETTLE_MS;

	wiz_say(p->w, "Looking at the cables…\n", "ケーブルの状態を調べています…\n");
	fflush(p->w->out);
	for (;;) {
		struct pollfd fds = {.fd = p->netlink, .events = POLLIN};
		const uint64_t now = sk_mono_us() / 1000;
		size_t with = 0;

		drain(p->netlink);
		plugged(p);
		for (size_t i = 0; i < p->n; i++)
			with += p->v[i].carrier;
		if (with == p->n || now >= end || poll(&fds, 1, (int)(end - now)) < 0)
			return;
	}
}

/* A typed number; -1: Enter (no port), -2: not understood. */
static int typed(const struct ports *p, const char *s)
{
	uint64_t n;

	if (!s[0])
		return -1;
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(s, p->v[i].name) == 0 && p->role[i] < 0)
			return (int)i;
	if (sk_parse_u64(s, p->n, &n) < 0 || n == 0 || p->role[n - 1] >= 0)
		return -2;
	return (int)n - 1;
}

/* The port for a role; -1: none, -EPIPE. */
static int choose(struct ports *p)
{
	for (;;) {
		struct pollfd fds[2] = {
			{.fd = p->w->fd, .events = POLLIN}, {.fd = p->netlink, .events = POLLIN}};
		char s[64];
		int found;

		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -EPIPE;
		if (fds[1].revents & POLLIN) {
			drain(p->netlink);
			found = plugged(p);
			if (found >= 0) {
				fprintf(p->w->out, "%s\n", p->v[found].name);
				return found;
			}
		}
		if (!(fds[0].revents & (POLLIN | POLLHUP)))
			continue;
		if (wiz_line(p->w, s, sizeof(s)) < 0)
			return -EPIPE;
		found = typed(p, s);
		if (found >= -1)
			return found;
		wiz_say(p->w, "  The number of a port that is free: ",
			"  未使用のポートの番号を入力してください: ");
	}
}

static int ask_role(struct ports *p, int role)
{
	const struct sk_text *t = mg_gw_role_text((enum mg_gw_role)role);

	for (;;) {
		int i;

		list(p);
		wiz_say(p->w,
			"%s (%s): plug its cable in now (or pull it out and in again), or type the "
			"port's number; Enter: no (further) port: ",
			"%s (%s): ケーブルを差し込む(または抜き差しする)か、ポートの番号を入力して"
			"ください。Enter で(これ以上)割り当てない: ",
			sk_text(t, p->w->lang), mg_gw_role_name((enum mg_gw_role)role));
		i = choose(p);
		if (i == -EPIPE)
			return i;
		if (i < 0 && role == MG_GW_WAN) {
			wiz_say(p->w, "  One port has to be the internet's.\n",
				"  インターネット側のポートは必須です。\n");
			continue;
		}
		if (i < 0)
			return 0;
		p->role[i] = role;
		if (role == MG_GW_WAN)
			return 0;
	}
}

static json_t *result(const struct ports *p)
{
	json_t *list = json_array();

	for (int role = 0; role < MG_GW_ROLES; role++)
		for (size_t i = 0; i < p->n; i++)
			if (p->role[i] == role)
				json_array_append_new(list,
					json_pack("{s:{s:s, s:s}, s:s}", "match", "mac",
						p->v[i].mac, "name", p->v[i].name, "role",
						mg_gw_role_name((enum mg_gw_role)role)));
	return list;
}

static size_t left(const struct ports *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++)
		n += p->role[i] < 0;
	return n;
}

int wiz_ports(struct wiz *w, json_t *doc, struct sk_err *err)
{
	struct ports p = {.w = w};
	int r = mg_box_ifaces(p.v, MG_BOX_IFACES_MAX, &p.n, err);

	if (r < 0)
		return r;
	if (p.n < 2)
		return sk_err_set(err, -ENODEV, "ports",
			"this machine has %zu network ports; two are needed",
			"ネットワークポートが %zu 個しかありません。2 個以上必要です", p.n);
	for (size_t i = 0; i < p.n; i++)
		p.role[i] = -1;
	p.netlink = listen_links();
	if (bring_up(&p))
		settle(&p);
	/* A shared network has two sides. */
	const int roles =
		sk_streq(json_string_value(json_object_get(doc, "operation")), "transparent")
		? MG_GW_LAN + 1
		: MG_GW_ROLES;

	for (int role = 0; r == 0 && role < roles && left(&p); role++)
		r = ask_role(&p, role);
	sk_closep(&p.netlink);
	if (r == 0 && left(&p) + 1 >= p.n)
		return sk_err_set(err, -EINVAL, "ports", "no port for the inside was chosen",
			"社内側のポートが選ばれていません");
	if (r == 0)
		json_object_set_new(doc, "ports", result(&p));
	return r;
}
