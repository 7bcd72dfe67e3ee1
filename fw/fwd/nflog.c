/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFLOG (linux/netfilter/nfnetlink_log.h). A large buffer, few copied bytes and batches by the
 * kernel: a flood of blocked packets is read at the cost of some microseconds each. Losses show as
 * gaps in the sequence numbers, which the kernel counts before it queues.
 */
#include "fw/fwd/nflog.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RCVBUF (32 << 20)
#define COPY_BYTES 256 /* headers with options and extension headers */
#define NLBUF (64 << 10)
#define QTHRESH 50
#define TIMEOUT_CS 10 /* hundredths of a second */
#define READS_MAX 64  /* in one go, so that requests get their turn */
#define TS_TRUST_US (10 * 1000000ll)

struct fwd_nflog {
	struct mnl_socket *nl;
	uint64_t lost, strange;
	uint32_t seq; /* of the last packet */
	/* during a read */
	int64_t now_us;
	void (*fn)(const struct fwd_event *e, void *arg);
	void *arg;
	uint8_t buf[2 * NLBUF];
};

static int fail(struct sk_err *err, int code, const char *what)
{
	return sk_err_set(err, code, NULL, "packet log: %s: %s", "パケットログ: %s: %s", what,
		strerror(-code));
}

struct config {
	uint16_t type;
	uint16_t len;
	const void *data;
};

static int configure(struct mnl_socket *nl, unsigned group, const struct config *c)
{
	union {
		struct nlmsghdr h;
		uint8_t b[512];
	} msg;
	uint8_t answer[4096];
	struct nlmsghdr *h = mnl_nlmsg_put_header(&msg);
	struct nfgenmsg *g;
	ssize_t n;

	h->nlmsg_type = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	h->nlmsg_seq = 1;
	g = mnl_nlmsg_put_extra_header(h, sizeof(*g));
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons((uint16_t)group);
	mnl_attr_put(h, c->type, c->len, c->data);
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		return -errno;
	/* Packets may arrive before the answer to a later setting: they are read over. */
	for (;;) {
		const struct nlmsghdr *a = (const void *)answer;

		n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
		if (n < 0 && errno != ENOSPC && errno != ENOBUFS)
			return -errno;
		if (n < (ssize_t)sizeof(*a) || a->nlmsg_type != NLMSG_ERROR)
			continue;
		return mnl_cb_run(answer, (size_t)n, 1, 0, NULL, NULL) < 0 ? -errno : 0;
	}
}

static int setup(struct mnl_socket *nl, unsigned group)
{
	const struct nfulnl_msg_config_cmd bind_cmd = {.command = NFULNL_CFG_CMD_BIND};
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(COPY_BYTES), .copy_mode = NFULNL_COPY_PACKET};
	const uint32_t nlbuf = htonl(NLBUF), timeout = htonl(TIMEOUT_CS), qthresh = htonl(QTHRESH);
	const uint16_t flags = htons(NFULNL_CFG_F_SEQ);
	const struct config all[] = {
		{NFULA_CFG_CMD, sizeof(bind_cmd), &bind_cmd},
		{NFULA_CFG_NLBUFSIZ, sizeof(nlbuf), &nlbuf},
		{NFULA_CFG_TIMEOUT, sizeof(timeout), &timeout},
		{NFULA_CFG_QTHRESH, sizeof(qthresh), &qthresh},
		{NFULA_CFG_FLAGS, sizeof(flags), &flags},
		{NFULA_CFG_MODE, sizeof(mode), &mode},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int r = configure(nl, group, &all[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int fwd_nflog_open(struct fwd_nflog **ret, unsigned group, struct sk_err *err)
{
	struct fwd_nflog *n = calloc(1, sizeof(*n));
	const int size = RCVBUF;
	int r, fd;

	if (!n)
		return sk_err_nomem(err);
	n->seq = UINT32_MAX; /* the first is number 0 */
	n->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!n->nl || mnl_socket_bind(n->nl, 0, MNL_SOCKET_AUTOPID) < 0) {
		r = -errno;
		fwd_nflog_close(n);
		return fail(err, r, "cannot open");
	}
	fd = mnl_socket_get_fd(n->nl);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = setup(n->nl, group);
	if (r < 0) {
		fwd_nflog_close(n);
		return fail(err, r, r == -EBUSY ? "another process listens" : "cannot bind");
	}
	*ret = n;
	return 0;
}

void fwd_nflog_close(struct fwd_nflog *n)
{
	if (!n)
		return;
	if (n->nl)
		mnl_socket_close(n->nl);
	free(n);
}

int fwd_nflog_fd(const struct fwd_nflog *n)
{
	return mnl_socket_get_fd(n->nl);
}

static void take_seq(struct fwd_nflog *n, uint32_t seq)
{
	n->lost += (uint32_t)(seq - n->seq - 1);
	n->seq = seq;
}

static int64_t timestamp(const struct fwd_nflog *n, const struct nlattr *a)
{
	struct nfulnl_msg_packet_timestamp ts;
	int64_t us;

	if (mnl_attr_get_payload_len(a) < sizeof(ts))
		return n->now_us;
	memcpy(&ts, mnl_attr_get_payload(a), sizeof(ts));
	us = (int64_t)be64toh(ts.sec) * 1000000 + (int64_t)be64toh(ts.usec);
	/* Packets of our own may carry a departure time of another clock. */
	return llabs(us - n->now_us) < TS_TRUST_US ? us : n->now_us;
}

static void take_mac(struct fwd_event *e, const struct nlattr *a)
{
	struct nfulnl_msg_packet_hw hw;

	if (mnl_attr_get_payload_len(a) < sizeof(hw))
		return;
	memcpy(&hw, mnl_attr_get_payload(a), sizeof(hw));
	if (ntohs(hw.hw_addrlen) != sizeof(e->mac))
		return;
	memcpy(e->mac, hw.hw_addr, sizeof(e->mac));
	e->has_mac = true;
}

static bool take_prefix(struct fwd_event *e, const struct nlattr *a)
{
	struct fw_log_prefix p;

	if (fw_log_prefix_parse(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a), &p) < 0)
		return false;
	e->verdict = p.verdict;
	e->rule = p.number;
	e->revision = p.revision;
	memcpy(e->reason, p.reason, sizeof(e->reason));
	return true;
}

static uint32_t get_be32(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) >= 4 ? ntohl(mnl_attr_get_u32(a)) : 0;
}

static int on_packet(const struct nlmsghdr *h, void *arg)
{
	struct fwd_nflog *n = arg;
	struct fwd_event e = {.ts_us = n->now_us};
	uint32_t port_in = 0, port_out = 0; /* of a bridge */
	bool prefix = false, packet = false;
	const struct nlattr *a;

	if (h->nlmsg_type != ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		const void *p = mnl_attr_get_payload(a);
		uint16_t len = mnl_attr_get_payload_len(a);

		switch (mnl_attr_get_type(a)) {
		case NFULA_PACKET_HDR:
			if (len >= sizeof(struct nfulnl_msg_packet_hdr))
				e.hook = ((const struct nfulnl_msg_packet_hdr *)p)->hook;
			break;
		case NFULA_SEQ: take_seq(n, get_be32(a)); break;
		case NFULA_TIMESTAMP: e.ts_us = timestamp(n, a); break;
		case NFULA_IFINDEX_INDEV: e.in_if = get_be32(a); break;
		case NFULA_IFINDEX_OUTDEV: e.out_if = get_be32(a); break;
		case NFULA_IFINDEX_PHYSINDEV: port_in = get_be32(a); break;
		case NFULA_IFINDEX_PHYSOUTDEV: port_out = get_be32(a); break;
		case NFULA_HWADDR: take_mac(&e, a); break;
		case NFULA_PREFIX: prefix = take_prefix(&e, a); break;
		case NFULA_PAYLOAD: packet = fwd_packet_parse(p, len, &e.pkt) == 0; break;
		default: break;
		}
	}
	if (port_in)
		e.in_if = port_in;
	if (port_out)
		e.out_if = port_out;
	if (prefix && packet && e.pkt.midstream && strcmp(e.reason, FW_REASON_NO_RULE) == 0)
		memcpy(e.reason, FW_REASON_STRAY, sizeof(FW_REASON_STRAY));
	if (prefix && packet)
		n->fn(&e, n->arg);
	else
		n->strange++;
	return MNL_CB_OK;
}

int fwd_nflog_read(struct fwd_nflog *n, int64_t now_us,
	void (*fn)(const struct fwd_event *e, void *arg), void *arg)
{
	n->now_us = now_us;
	n->fn = fn;
	n->arg = arg;
	for (int i = 0; i < READS_MAX; i++) {
		ssize_t len = recv(fwd_nflog_fd(n), n->buf, sizeof(n->buf), MSG_DONTWAIT);

		if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		/* The gap in the numbers will say how many were lost. */
		if (len < 0 && (errno == ENOBUFS || errno == EINTR))
			continue;
		if (len < 0)
			return -errno;
		mnl_cb_run(n->buf, (size_t)len, 0, 0, on_packet, n);
	}
	return 0;
}

uint64_t fwd_nflog_lost(const struct fwd_nflog *n)
{
	return n->lost;
}

uint64_t fwd_nflog_strange(const struct fwd_nflog *n)
{
	return n->strange;
}
