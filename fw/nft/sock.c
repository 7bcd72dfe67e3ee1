/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The netlink socket to nf_tables; see sock.h. Knows nothing of policies. */
#include "fw/nft/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netlink.h>

#include "fw/nft/uapi.h"
#include "lib/util.h"

#define RX_SIZE (256u * 1024u)
#define SOCKET_BYTES (64 * 1024 * 1024)
#define WAIT_SECONDS 20
#define SEQ_BEGIN 0xfffffff0u /* of the messages around a transaction */
#define SEQ_END 0xfffffff1u

/* Answers of a large refused transaction, and the transaction itself, must fit. */
static void raise_buffers(struct fw_nft_sock *s)
{
	int want = SOCKET_BYTES, have = 0;
	socklen_t len = sizeof(have);

	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof(want)) < 0)
		setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof(want));
	s->send_max = SIZE_MAX;
	if (setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)) == 0)
		return;
	setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
	/* The kernel refuses what is longer than the buffer less a little. */
	if (getsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &have, &len) == 0 && have > 4096)
		s->send_max = (size_t)have - 1024;
}

static int set_up(struct fw_nft_sock *s)
{
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK};
	struct timeval wait = {.tv_sec = WAIT_SECONDS};
	socklen_t len = sizeof(addr);
	int one = 1;

	if (bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (getsockname(s->fd, (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	s->portid = addr.nl_pid;
	setsockopt(s->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(s->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return -errno;
	raise_buffers(s);
	return 0;
}

int fw_nft_sock_open(struct fw_nft_sock *s, int fd, struct sk_err *err)
{
	*s = (struct fw_nft_sock){.fd = fd, .seq = 1};
	if (s->fd < 0)
		s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int ret = s->fd < 0 ? -errno : set_up(s);
	if (ret == 0) {
		s->rx = malloc(RX_SIZE);
		ret = s->rx ? 0 : -ENOMEM;
	}
	if (ret < 0) {
		sk_err_set(err, ret, NULL, "cannot open the netfilter socket: %s",
			"netfilter のソケットを開けません: %s", strerror(-ret));
		fw_nft_sock_close(s);
	}
	return ret;
}

void fw_nft_sock_close(struct fw_nft_sock *s)
{
	sk_closep(&s->fd);
	s->fd = -1;
	free(s->rx);
	s->rx = NULL;
}

static ssize_t receive(struct fw_nft_sock *s, int flags)
{
	ssize_t n;

	do {
		n = recv(s->fd, s->rx, RX_SIZE, flags | MSG_TRUNC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n > RX_SIZE ? -EMSGSIZE : n;
}

/* ---- dumps ---- */

struct dump {
	uint32_t seq;
	fw_nft_dump_fn *fn;
	void *arg;
	bool torn, done;
	int ret;
};

static void dump_message(struct dump *d, const struct nlmsghdr *h)
{
	if (h->nlmsg_seq != d->seq || d->done)
		return;
	if (h->nlmsg_flags & NLM_F_DUMP_INTR)
		d->torn = true;
	if (h->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
		d->done = true;
		if (mnl_nlmsg_get_payload_len(h) >= sizeof(int32_t) && d->ret == 0)
			d->ret = e->error;
	} else if (h->nlmsg_type == NLMSG_DONE) {
		d->done = true;
	} else if (d->ret == 0 && !d->torn &&
		mnl_nlmsg_get_payload_len(h) >= sizeof(struct nfgenmsg)) {
		d->ret = d->fn(h, d->arg);
	}
}

int fw_nft_sock_dump(struct fw_nft_sock *s, struct nlmsghdr *req, fw_nft_dump_fn *fn, void *arg)
{
	struct dump d = {.seq = ++s->seq, .fn = fn, .arg = arg};

	req->nlmsg_seq = d.seq;
	if (send(s->fd, req, req->nlmsg_len, 0) < 0)
		return -errno;
	/* A single object is not followed by DONE but by an acknowledgement, if asked for. */
	while (!d.done) {
		ssize_t n = receive(s, 0);
		if (n < 0)
			return n == -EAGAIN ? -ETIMEDOUT : (int)n;
		int left = (int)n;
		for (const struct nlmsghdr *h = s->rx; mnl_nlmsg_ok(h, left);
			h = mnl_nlmsg_next(h, &left))
			dump_message(&d, h);
	}
	return d.torn ? -EINTR : d.ret;
}

static int gen_fn(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_GEN_ID && mnl_attr_get_payload_len(a) == 4)
			*(uint32_t *)arg = ntohl(mnl_attr_get_u32(a));
	}
	return 0;
}

int fw_nft_sock_genid(struct fw_nft_sock *s, uint32_t *ret)
{
	char buf[256];
	struct nlmsghdr *h = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETGEN, AF_UNSPEC, NLM_F_ACK, 0);
	uint32_t gen = 0;

	int r = fw_nft_sock_dump(s, h, gen_fn, &gen);
	if (r < 0)
		return r;
	if (!gen)
		return -EPROTO;
	*ret = gen;
	return 0;
}

/* ---- transactions ---- */

static uint32_t offset_of_fault(const struct nlmsghdr *h)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	size_t off = sizeof(*e);
	const struct nlattr *a;
	uint32_t ret = 0;

	if (!(h->nlmsg_flags & NLM_F_ACK_TLVS))
		return 0;
	if (!(h->nlmsg_flags & NLM_F_CAPPED))
		off += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (off > mnl_nlmsg_get_payload_len(h))
		return 0;
	mnl_attr_for_each (a, h, (unsigned)off) {
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS && mnl_attr_get_payload_len(a) == 4)
			ret = mnl_attr_get_u32(a);
	}
	return ret;
}

static void answer_message(struct fw_nft_answer *r, const struct nlmsghdr *h)
{
	if (h->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(h) < sizeof(struct nlmsgerr))
		return;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(h);
	if (e->error == 0) {
		r->acked = true;
		return;
	}
	if (h->nlmsg_seq == SEQ_BEGIN && e->error == -ERESTART)
		r->restart = true;
	r->errors++;
	if (r->code && h->nlmsg_seq >= r->seq)
		return;
	r->code = e->error;
	r->seq = h->nlmsg_seq;
	r->type = 0;
	if (e->msg.nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES)
		r->type = e->msg.nlmsg_type & 0xff;
	r->offset = offset_of_fault(h);
}

static void read_answers(struct fw_nft_sock *s, struct fw_nft_answer *r)
{
	for (;;) {
		/* The kernel works while we are in sendmsg: all answers are here already. */
		ssize_t n = receive(s, MSG_DONTWAIT);
		if (n == -ENOBUFS) {
			r->lost = true;
			continue;
		}
		if (n < 0)
			return;
		int left = (int)n;
		for (const struct nlmsghdr *h = s->rx; mnl_nlmsg_ok(h, left);
			h = mnl_nlmsg_next(h, &left))
			answer_message(r, h);
	}
}

/* The last message asks for an acknowledgement too: BATCH_END gets one from Linux 6.10 only. */
static void ask_for_ack(struct fw_nft_batch *b)
{
	struct iovec *c = &b->chunks[b->n_chunks - 1];
	struct nlmsghdr *h = c->iov_base, *last = h;
	int left = (int)c->iov_len;

	for (; mnl_nlmsg_ok(h, left); h = mnl_nlmsg_next(h, &left))
		last = h;
	last->nlmsg_flags |= NLM_F_ACK;
}

static size_t gather(struct iovec *iov, struct fw_nft_batch *const *segs, size_t n_segs)
{
	size_t n = 0;

	for (size_t i = 0; i < n_segs; i++) {
		if (segs[i]->n_chunks)
			memcpy(iov + n, segs[i]->chunks, segs[i]->n_chunks * sizeof(*iov));
		n += segs[i]->n_chunks;
	}
	return n;
}

int fw_nft_sock_commit(struct fw_nft_sock *s, struct fw_nft_batch *const *segs, size_t n_segs,
	uint32_t genid, struct fw_nft_answer *ret)
{
	char head[256], tail[256];
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	struct fw_nft_batch *last = NULL;
	size_t chunks = 2, n;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < n_segs; i++) {
		if (segs[i]->err)
			return segs[i]->err;
		chunks += segs[i]->n_chunks;
		if (segs[i]->n)
			last = segs[i];
	}
	if (!last) {
		ret->acked = true;
		return 0;
	}
	ask_for_ack(last);
	struct nlmsghdr *begin = nftnl_batch_begin(head, SEQ_BEGIN);
	if (genid)
		mnl_attr_put_u32(begin, NFNL_BATCH_GENID, htonl(genid));
	struct nlmsghdr *end = nftnl_batch_end(tail, SEQ_END);
	end->nlmsg_flags |= NLM_F_ACK;

	struct iovec *iov = calloc(chunks, sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	iov[0] = (struct iovec){.iov_base = begin, .iov_len = begin->nlmsg_len};
	n = 1 + gather(iov + 1, segs, n_segs);
	iov[n++] = (struct iovec){.iov_base = end, .iov_len = end->nlmsg_len};
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = iov, .msg_iovlen = n};
	ssize_t sent = sendmsg(s->fd, &m, 0);
	int code = sent < 0 ? -errno : 0;
	free(iov);
	if (code < 0)
		return code;
	read_answers(s, ret);
	return 0;
}
