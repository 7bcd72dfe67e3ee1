// SPDX-License-Identifier: GPL-2.0-or-later
/* One RTM_GETROUTE request and its answer. Adapter: the routing table is outside the policy. */
#include "mgmt/mgmtd/route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/util.h"

static size_t put_address(const struct fw_ip *ip, uint8_t *dst)
{
	size_t n = ip->family == 4 ? 4 : 16;

	for (size_t i = 0; i < n; i++)
		dst[i] = (uint8_t)(ip->a >> (8 * (n - 1 - i)));
	return n;
}

static int ask(int fd, const struct fw_ip *ip)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg r;
		struct rtattr a;
		uint8_t addr[16];
	} req = {.h = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = 1}};
	size_t n = put_address(ip, req.addr);

	req.r.rtm_family = ip->family == 4 ? AF_INET : AF_INET6;
	req.r.rtm_dst_len = (unsigned char)(8 * n);
	req.a.rta_type = RTA_DST;
	req.a.rta_len = (unsigned short)RTA_LENGTH(n);
	req.h.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(req.r)) + RTA_LENGTH(n));
	return send(fd, &req, req.h.nlmsg_len, 0) < 0 ? -errno : 0;
}

static int read_answer(const void *p, size_t n, unsigned *ret_index, unsigned *ret_type)
{
	const struct nlmsghdr *h = p;
	const struct rtmsg *r;
	const struct rtattr *a;
	int left;

	if (!NLMSG_OK(h, n))
		return -EBADMSG;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = NLMSG_DATA(h);

		return h->nlmsg_len >= NLMSG_LENGTH(sizeof(*e)) && e->error < 0 ? e->error
										: -EBADMSG;
	}
	if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*r)))
		return -EBADMSG;
	r = NLMSG_DATA(h);
	*ret_type = r->rtm_type;
	left = (int)RTM_PAYLOAD(h);
	for (a = RTM_RTA(r); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof(int))
			memcpy(ret_index, RTA_DATA(a), sizeof(int));
	return 0;
}

static int lookup(const struct fw_ip *ip, unsigned *ret_index, unsigned *ret_type)
{
	_cleanup_(sk_closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	const struct timeval wait = {.tv_sec = 1};
	union {
		struct nlmsghdr align;
		uint8_t b[8192];
	} buf;
	ssize_t n;
	int r;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	r = ask(fd, ip);
	if (r < 0)
		return r;
	n = recv(fd, &buf, sizeof(buf), 0);
	return n < 0 ? -errno : read_answer(&buf, (size_t)n, ret_index, ret_type);
}

int mg_route_lookup(const struct fw_ip *ip, char *ret_iface, bool *ret_local, struct sk_err *err)
{
	unsigned index = 0, type = RTN_UNSPEC;
	int r = lookup(ip, &index, &type);

	if (r < 0)
		return sk_err_set(
			err, r, NULL, "no route: %s", "経路がありません (%s)", strerror(-r));
	*ret_local = type == RTN_LOCAL;
	if (*ret_local || type == RTN_BROADCAST) {
		*ret_local = true;
		return 0;
	}
	if (type != RTN_UNICAST || !if_indextoname(index, ret_iface))
		return sk_err_set(
			err, -ENETUNREACH, NULL, "it is not routed anywhere", "経路がありません");
	return 0;
}
