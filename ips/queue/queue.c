/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of one packet queue. Packets are read a handful at a time (each has a message and a
 * buffer of its own), verdicts on a handful leave in one call: runs of equal ones as one message.
 */
#include "ips/queue/queue.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "ips/queue/msg.h"
#include "lib/util.h"

#define HANDFUL 16u
/* The longest packet the kernel hands over, and all attributes around it. */
#define BUFFER (68u * 1024u)
#define COPY_RANGE 0xffffu
#define CONFIG_ROOM 256
#define ANSWER_SECONDS 5

struct ips_queue {
	int fd;
	uint16_t number;
	struct ips_queue_stats stats;
	uint8_t *buffers; /* HANDFUL of BUFFER bytes */
	struct mmsghdr msgs[HANDFUL];
	struct iovec iov[HANDFUL];
	struct sockaddr_nl from[HANDFUL];
	uint8_t out[HANDFUL * IPS_QUEUE_VERDICT_MAX] __attribute__((aligned(8)));
	uint32_t out_len;
	/* the run of equal verdicts that the next message is for */
	uint32_t run, run_id;
	struct ips_queue_verdict run_verdict;
};

/* ---- open ---- */

/* The kernel's answer to the one request under way: 0 or -errno. */
static int answer(struct ips_queue *q)
{
	union {
		struct nlmsghdr h;
		uint8_t room[8192];
	} a;

	for (;;) {
		struct ips_queue_packet p;
		int error = 0;
		ssize_t n = recv(q->fd, &a, sizeof(a), 0);

		if (n < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		/* A packet may be there already, before the last of the requests. */
		if (ips_queue_msg_ok(&a.h, (size_t)n) && ips_queue_msg_parse(&a.h, &p, &error) == 0)
			return error;
	}
}

static struct nlmsghdr *config(void *room, uint16_t number)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(room);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof(*g));

	h->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->version = NFNETLINK_V0;
	g->res_id = htons(number);
	return h;
}

static int ask(struct ips_queue *q, const struct nlmsghdr *h)
{
	if (send(q->fd, h, h->nlmsg_len, 0) < 0)
		return -errno;
	return answer(q);
}

static int bind_queue(struct ips_queue *q)
{
	uint8_t room[CONFIG_ROOM] __attribute__((aligned(8)));
	const struct nfqnl_msg_config_cmd cmd = {.command = NFQNL_CFG_CMD_BIND};
	struct nlmsghdr *h = config(room, q->number);

	mnl_attr_put(h, NFQA_CFG_CMD, sizeof(cmd), &cmd);
	return ask(q, h);
}

static int set_params(struct ips_queue *q, const struct ips_queue_config *cfg)
{
	uint8_t room[CONFIG_ROOM] __attribute__((aligned(8)));
	const struct nfqnl_msg_config_params params = {
		.copy_range = htonl(COPY_RANGE), .copy_mode = NFQNL_COPY_PACKET};
	uint32_t flags = NFQA_CFG_F_GSO | (cfg->full_accept ? NFQA_CFG_F_FAIL_OPEN : 0);
	struct nlmsghdr *h = config(room, q->number);

	mnl_attr_put(h, NFQA_CFG_PARAMS, sizeof(params), &params);
	mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(flags));
	mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
	if (cfg->max_len)
		mnl_attr_put_u32(h, NFQA_CFG_QUEUE_MAXLEN, htonl(cfg->max_len));
	return ask(q, h);
}

static int set_up(struct ips_queue *q, const struct ips_queue_config *cfg)
{
	const struct timeval wait = {.tv_sec = ANSWER_SECONDS};
	struct sockaddr_nl addr = {.nl_family = AF_NETLINK};
	int bytes = cfg->rcvbuf > INT32_MAX ? INT32_MAX : (int)cfg->rcvbuf, ret;

	q->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	if (q->fd < 0 || bind(q->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (bytes && setsockopt(q->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		return -errno;
	if (setsockopt(q->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
		return -errno;
	ret = bind_queue(q);
	/* Packets come from here on; what the mode says has to be said at once. */
	return ret < 0 ? ret : set_params(q, cfg);
}

static void point_buffers(struct ips_queue *q)
{
	for (unsigned i = 0; i < HANDFUL; i++) {
		q->iov[i] = (struct iovec){q->buffers + (size_t)i * BUFFER, BUFFER};
		q->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &q->from[i],
			.msg_namelen = sizeof(q->from[i]),
			.msg_iov = &q->iov[i],
			.msg_iovlen = 1,
		};
	}
}

int ips_queue_open(struct ips_queue **ret, const struct ips_queue_config *cfg, struct sk_err *err)
{
	struct ips_queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return sk_err_nomem(err);
	q->fd = -1;
	q->number = cfg->number;
	q->buffers = aligned_alloc(4096, HANDFUL * BUFFER);
	if (!q->buffers) {
		ips_queue_close(q);
		return sk_err_nomem(err);
	}
	point_buffers(q);
	r = set_up(q, cfg);
	if (r < 0) {
		ips_queue_close(q);
		/* The kernel says EPERM both to the unprivileged and for a queue that is taken. */
		return sk_err_set(err, r, NULL,
			"cannot listen on packet queue %u: %s (is another process listening?)",
			"パケットキュー %u を受信できません: "
			"%s（別のプロセスが使用中ではありませんか）",
			cfg->number, strerror(-r));
	}
	*ret = q;
	return 0;
}

void ips_queue_close(struct ips_queue *q)
{
	if (!q)
		return;
	sk_closep(&q->fd);
	free(q->buffers);
	free(q);
}

int ips_queue_fd(const struct ips_queue *q)
{
	return q->fd;
}

const struct ips_queue_stats *ips_queue_stats(const struct ips_queue *q)
{
	return &q->stats;
}

/* ---- verdicts ---- */

static bool same(const struct ips_queue_verdict *a, const struct ips_queue_verdict *b)
{
	return a->drop == b->drop && a->set_mark == b->set_mark &&
		(!a->set_mark || a->mark == b->mark);
}

static void end_run(struct ips_queue *q)
{
	if (!q->run)
		return;
	q->out_len += ips_queue_msg_verdict(
		q->out + q->out_len, q->number, q->run_id, &q->run_verdict, q->run > 1);
	q->run = 0;
	q->stats.verdicts++;
}

/* Packets are numbered in order and judged in order, so that "up to id" is the run and no more. */
static void add_verdict(struct ips_queue *q, uint32_t id, const struct ips_queue_verdict *v)
{
	if (q->run && !same(&q->run_verdict, v))
		end_run(q);
	q->run++;
	q->run_id = id;
	q->run_verdict = *v;
}

static int send_verdicts(struct ips_queue *q)
{
	ssize_t n;

	end_run(q);
	if (!q->out_len)
		return 0;
	do {
		n = send(q->fd, q->out, q->out_len, 0);
	} while (n < 0 && errno == EINTR);
	q->out_len = 0;
	if (n >= 0)
		return 0;
	q->stats.verdict_errors++;
	return errno == ENOBUFS || errno == EAGAIN || errno == ENOMEM ? 0 : -errno;
}

/* ---- packets ---- */

/* How many messages there are, 0 when none waits, or -errno. */
static int receive(struct ips_queue *q, unsigned want)
{
	int n;

	for (unsigned i = 0; i < want; i++)
		q->msgs[i].msg_hdr.msg_namelen = sizeof(q->from[i]);
	for (;;) {
		n = recvmmsg(q->fd, q->msgs, want, MSG_DONTWAIT, NULL);
		if (n >= 0)
			return n;
		if (errno == EAGAIN)
			return 0;
		if (errno == ENOBUFS)
			q->stats.overruns++;
		else if (errno != EINTR)
			return -errno;
	}
}

/* The packet of the i-th message; false: it is none. */
static bool packet_of(struct ips_queue *q, unsigned i, struct ips_queue_packet *p)
{
	const struct nlmsghdr *h = (const void *)(q->buffers + (size_t)i * BUFFER);
	int error = 0, r = -EBADMSG;

	/* Only the kernel has port 0: nobody else's message is a packet. */
	if (q->from[i].nl_pid == 0 && !(q->msgs[i].msg_hdr.msg_flags & MSG_TRUNC) &&
		ips_queue_msg_ok(h, q->msgs[i].msg_len))
		r = ips_queue_msg_parse(h, p, &error);
	if (r < 0)
		q->stats.malformed++;
	else if (r == 0 && error < 0)
		q->stats.verdict_errors++;
	return r > 0;
}

int ips_queue_run(struct ips_queue *q, unsigned budget,
	void (*fn)(const struct ips_queue_packet *p, struct ips_queue_verdict *v, void *arg),
	void *arg, struct sk_err *err)
{
	unsigned done = 0;

	while (done < budget) {
		unsigned want = SK_MIN(budget - done, HANDFUL), packets = 0;
		int n = receive(q, want), r;

		for (int i = 0; i < n; i++) {
			struct ips_queue_verdict v = {.drop = false};
			struct ips_queue_packet p;

			if (!packet_of(q, (unsigned)i, &p))
				continue;
			packets++;
			q->stats.packets++;
			q->stats.bytes += p.len;
			q->stats.truncated += p.frame.len < p.len;
			fn(&p, &v, arg);
			add_verdict(q, p.id, &v);
		}
		r = n < 0 ? n : send_verdicts(q);
		if (r < 0)
			return sk_err_set(err, r, NULL, "packet queue %u is lost: %s",
				"パケットキュー %u が使えなくなりました: %s", q->number,
				strerror(-r));
		done += packets;
		q->stats.batches += packets > 0;
		if (n < (int)want)
			break;
	}
	return (int)done;
}
