/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFLOG of the netdev hook (linux/netfilter/nfnetlink_log.h): the layer 2 header comes apart from
 * what follows it, the VLAN tag apart from both. The kernel's rules hold the rate down.
 */
#include "fw/fwd/gate_log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>

#include "fw/nft/gate_plan.h"
#include "lib/util.h"

#define RCVBUF (4 << 20)
#define NLBUF (64u << 10)
#define READS_MAX 256
#define VLAN_ID 0x0fff

struct fwd_gate_log {
	struct mnl_socket *nl;
	uint64_t lost;
	uint32_t seq;
	int64_t now_us;
	void (*fn)(const struct fwd_gate_frame *f, void *arg);
	void *arg;
	uint8_t buf[2 * NLBUF];
};

static int fail(struct sk_err *err, int code, const char *what)
{
	return sk_err_set(err, code, NULL, "log of frames: %s: %s", "フレームのログ: %s: %s", what,
		strerror(-code));
}

static int configure(struct mnl_socket *nl, uint16_t type, const void *data, uint16_t len)
{
	union {
		struct nlmsghdr h;
		uint8_t b[512];
	} msg;
	uint8_t answer[8192];
	struct nlmsghdr *h = mnl_nlmsg_put_header(&msg);
	struct nfgenmsg *g;

	h->nlmsg_type = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = 1;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(FW_GATE_LOG_GROUP);
	mnl_attr_put(h, type, len, data);
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	/* Frames may arrive before the answer to a later setting: they are read over. */
	for (;;) {
		const struct nlmsghdr *a = (const void *)answer;
		ssize_t n = mnl_socket_recvfrom(nl, answer, sizeof(answer));

		if (n < 0 && errno != ENOSPC && errno != ENOBUFS)
			return -errno;
		if (n < (ssize_t)sizeof(*a) || a->nlmsg_type != NLMSG_ERROR)
			continue;
		return mnl_cb_run(answer, (size_t)n, 1, 0, NULL, NULL) < 0 ? -errno : 0;
	}
}

static int set_up(struct mnl_socket *nl)
{
	const struct nfulnl_msg_config_cmd cmd = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(FW_GATE_LOG_SNAPLEN), .copy_mode = NFULNL_COPY_PACKET};
	const uint32_t nlbuf = htonl(NLBUF), qthresh = htonl(1);
	const uint16_t flags = htons(NFULNL_CFG_F_SEQ);
	int r = configure(nl, NFULA_CFG_CMD, &cmd, sizeof(cmd));

	if (r == 0)
		r = configure(nl, NFULA_CFG_NLBUFSIZ, &nlbuf, sizeof(nlbuf));
	if (r == 0)
		r = configure(nl, NFULA_CFG_QTHRESH, &qthresh, sizeof(qthresh));
	if (r == 0)
		r = configure(nl, NFULA_CFG_FLAGS, &flags, sizeof(flags));
	return r == 0 ? configure(nl, NFULA_CFG_MODE, &mode, sizeof(mode)) : r;
}

int fwd_gate_log_open(struct fwd_gate_log **ret, struct sk_err *err)
{
	struct fwd_gate_log *l = calloc(1, sizeof(*l));
	const int size = RCVBUF;
	int r;

	if (!l)
		return sk_err_nomem(err);
	l->seq = UINT32_MAX; /* the first is number 0 */
	l->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!l->nl || mnl_socket_bind(l->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		fwd_gate_log_close(l);
		return fail(err, r, "cannot open");
	}
	if (setsockopt(fwd_gate_log_fd(l), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fwd_gate_log_fd(l), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = set_up(l->nl);
	if (r < 0) {
		fwd_gate_log_close(l);
		return fail(err, r, r == -EBUSY ? "another process listens" : "cannot bind");
	}
	*ret = l;
	return 0;
}

void fwd_gate_log_close(struct fwd_gate_log *l)
{
	if (!l)
		return;
	if (l->nl)
		mnl_socket_close(l->nl);
	free(l);
}

int fwd_gate_log_fd(const struct fwd_gate_log *l)
{
	return mnl_socket_get_fd(l->nl);
}

uint64_t fwd_gate_log_lost(const struct fwd_gate_log *l)
{
	return l->lost;
}

static uint32_t get_be32(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= 4 ? ntohl(mnl_attr_get_u32(a)) : 0;
}

static uint16_t vlan_of(const struct nlattr *nest)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested (a, nest) {
		if (mnl_attr_get_type(a) == NFULA_VLAN_TCI &&
			mnl_attr_get_payload_len(a) == sizeof(uint16_t))
			return ntohs(mnl_attr_get_u16(a)) & VLAN_ID;
	}
	return 0;
}

static void append(struct fwd_gate_frame *f, const struct nlattr *a)
{
	const size_t n = a ? SK_MIN(mnl_attr_get_payload_len(a), sizeof(f->bytes) - f->len) : 0;

	if (n)
		memcpy(f->bytes + f->len, mnl_attr_get_payload(a), n);
	f->len += n;
}

static int on_frame(const struct nlmsghdr *h, void *arg)
{
	struct fwd_gate_log *l = arg;
	struct fwd_gate_frame f = {.ts_us = l->now_us};
	const struct nlattr *a, *head = NULL, *payload = NULL;

	if (h->nlmsg_type != ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case NFULA_SEQ:
			l->lost += (uint32_t)(get_be32(a) - l->seq - 1);
			l->seq = get_be32(a);
			break;
		case NFULA_PACKET_HDR:
			if (mnl_attr_get_payload_len(a) >= sizeof(struct nfulnl_msg_packet_hdr))
				f.proto = ntohs(
					((const struct nfulnl_msg_packet_hdr *)mnl_attr_get_payload(
						 a))
						->hw_protocol);
			break;
		case NFULA_IFINDEX_INDEV: f.index = (int)get_be32(a); break;
		case NFULA_L2HDR: head = a; break;
		case NFULA_VLAN: f.vlan = vlan_of(a); break;
		case NFULA_PAYLOAD: payload = a; break;
		default: break;
		}
	}
	if (!head || mnl_attr_get_payload_len(head) < ETH_HLEN)
		return MNL_CB_OK;
	append(&f, head);
	append(&f, payload);
	memcpy(f.mac, f.bytes + ETH_ALEN, ETH_ALEN);
	l->fn(&f, l->arg);
	return MNL_CB_OK;
}

int fwd_gate_log_read(struct fwd_gate_log *l, int64_t now_us,
	void (*fn)(const struct fwd_gate_frame *f, void *arg), void *arg)
{
	l->now_us = now_us;
	l->fn = fn;
	l->arg = arg;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(fwd_gate_log_fd(l), l->buf, sizeof(l->buf), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0 && (errno == ENOBUFS || errno == EINTR))
			continue; /* the gap in the numbers will say how many */
		if (n < 0)
			return -errno;
		mnl_cb_run(l->buf, (size_t)n, 0, 0, on_frame, l);
	}
	return 0;
}
