/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The listener for changes of the rule set. The kernel tells of every rule and element; all but the
 * one message at the end of a transaction is dropped by a filter in the kernel, else a change of
 * 10,000 rules would overrun the buffer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netlink.h>

#include "fw/nft/int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define WATCH_BYTES (8 * 1024 * 1024)
#define NEWGEN ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWGEN)

static int attach_filter(int fd)
{
	/* nlmsg_type is in host order, and the filter loads in network order. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(NEWGEN), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog prog = {.len = SK_ARRAY_SIZE(code), .filter = code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0 ? -errno : 0;
}

static int set_up(int fd)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK, .nl_groups = 1u << (NFNLGRP_NFTABLES - 1)};
	int bytes = WATCH_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	int ret = attach_filter(fd);
	if (ret == 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		ret = -errno;
	return ret;
}

int fw_nft_watch_open(struct sk_err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	int ret = fd < 0 ? -errno : set_up(fd);

	if (ret == 0)
		return fd;
	sk_closep(&fd);
	return sk_err_set(err, ret, NULL, "cannot listen for changes of nf_tables: %s",
		"nf_tables の変更を監視できません: %s", strerror(-ret));
}

int fw_nft_watch_mute(int fd, bool mute)
{
	const int group = NFNLGRP_NFTABLES;

	return setsockopt(fd, SOL_NETLINK, mute ? NETLINK_DROP_MEMBERSHIP : NETLINK_ADD_MEMBERSHIP,
		       &group, sizeof(group)) < 0
		? -errno
		: 0;
}

static void read_gen(const struct nlmsghdr *h, struct fw_nft_gen *g)
{
	const struct nlattr *a;

	memset(g, 0, sizeof(*g));
	g->portid = h->nlmsg_pid;
	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		const size_t len = mnl_attr_get_payload_len(a);
		switch (mnl_attr_get_type(a)) {
		case NFTA_GEN_ID: g->genid = len == 4 ? ntohl(mnl_attr_get_u32(a)) : 0; break;
		case NFTA_GEN_PROC_PID: g->pid = len == 4 ? ntohl(mnl_attr_get_u32(a)) : 0; break;
		case NFTA_GEN_PROC_NAME:
			memcpy(g->comm, mnl_attr_get_payload(a), SK_MIN(len, sizeof(g->comm) - 1));
			break;
		default: break;
		}
	}
}

int fw_nft_watch_read(int fd, struct fw_nft_gen *ret)
{
	char buf[4096] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
		if (!mnl_nlmsg_ok(h, (int)n) || h->nlmsg_type != NEWGEN ||
			mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg))
			continue;
		read_gen(h, ret);
		return 1;
	}
}

bool fw_nft_own_pid(const struct fw_nft_gen *g)
{
	return g->pid == (uint32_t)getpid();
}

bool fw_nft_own_change(const struct fw_nft *n, const struct fw_nft_gen *g)
{
	return g->portid == n->sock.portid;
}
