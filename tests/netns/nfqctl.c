/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for inspection: listens on kernel queues, accepts every packet, and gives a flow the
 * mark that the command line says from its n-th packet on. Prints what it saw when it ends
 * (SIGTERM, SIGINT), or each packet with --verbose. Never installed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUES_MAX 16
#define RULES_MAX 16
#define FLOWS_MAX 65536u
#define RCVBUF (8 << 20)
#define BUF (256u << 10)

struct rule {
	uint16_t port; /* either side's */
	uint32_t mark, from;
};

/* Both directions: ends in order. */
struct flow {
	uint32_t packets, seen[QUEUES_MAX];
	uint8_t a[16], b[16];
	uint16_t pa, pb;
	uint8_t proto;
};

struct packet {
	uint8_t family, proto, src[16], dst[16];
	uint16_t sport, dport;
};

static struct {
	struct rule rules[RULES_MAX];
	size_t n_rules;
	uint16_t first;
	size_t queues;
	bool verbose;
	struct mnl_socket *nl[QUEUES_MAX];
	uint64_t packets, marked, split;
	struct flow *flows;
	size_t n_flows;
	char *buf;
} g;

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- packets ---- */

static bool parse(const uint8_t *p, size_t n, struct packet *ret)
{
	size_t l4;

	memset(ret, 0, sizeof(*ret));
	if (n >= 20 && p[0] >> 4 == 4) {
		ret->family = 4;
		ret->proto = p[9];
		memcpy(ret->src, p + 12, 4);
		memcpy(ret->dst, p + 16, 4);
		l4 = (size_t)(p[0] & 15) * 4;
	} else if (n >= 40 && p[0] >> 4 == 6) {
		ret->family = 6;
		ret->proto = p[6];
		memcpy(ret->src, p + 8, 16);
		memcpy(ret->dst, p + 24, 16);
		l4 = 40;
	} else {
		return false;
	}
	if ((ret->proto == IPPROTO_TCP || ret->proto == IPPROTO_UDP) && n >= l4 + 4) {
		ret->sport = (uint16_t)(p[l4] << 8 | p[l4 + 1]);
		ret->dport = (uint16_t)(p[l4 + 2] << 8 | p[l4 + 3]);
	}
	return true;
}

static struct flow *flow_of(const struct packet *p)
{
	int d = memcmp(p->src, p->dst, 16);
	const bool swap = d > 0 || (d == 0 && p->sport > p->dport);
	struct flow k = {.proto = p->proto};
	uint32_t h = 2166136261u;

	memcpy(k.a, swap ? p->dst : p->src, 16);
	memcpy(k.b, swap ? p->src : p->dst, 16);
	k.pa = swap ? p->dport : p->sport;
	k.pb = swap ? p->sport : p->dport;
	for (size_t i = 0; i < 16; i++)
		h = (h ^ k.a[i] ^ (uint32_t)k.b[i] << 8) * 16777619u;
	h = (h ^ k.pa ^ (uint32_t)k.pb << 16 ^ k.proto) * 16777619u;
	for (uint32_t i = h % FLOWS_MAX;; i = (i + 1) % FLOWS_MAX) {
		struct flow *f = &g.flows[i];
		if (f->packets == 0) {
			if (g.n_flows++ >= FLOWS_MAX / 2) {
				fprintf(stderr, "nfqctl: too many flows\n");
				exit(1);
			}
			*f = k;
			return f;
		}
		if (f->proto == k.proto && f->pa == k.pa && f->pb == k.pb &&
			memcmp(f->a, k.a, 16) == 0 && memcmp(f->b, k.b, 16) == 0)
			return f;
	}
}

static uint32_t judge(size_t queue, const struct packet *p)
{
	struct flow *f = flow_of(p);
	uint32_t mark = 0;

	f->packets++;
	f->seen[queue]++;
	if (f->seen[queue] != f->packets)
		g.split++;
	for (size_t i = 0; i < g.n_rules; i++) {
		const struct rule *r = &g.rules[i];
		if ((p->sport == r->port || p->dport == r->port) && f->packets >= r->from)
			mark = r->mark;
	}
	if (g.verbose) {
		char a[64], b[64];
		const int af = p->family == 4 ? AF_INET : AF_INET6;
		printf("queue %zu proto %u %s %u > %s %u packet %u mark %u\n", g.first + queue,
			p->proto, inet_ntop(af, p->src, a, sizeof(a)), p->sport,
			inet_ntop(af, p->dst, b, sizeof(b)), p->dport, f->packets, mark);
		fflush(stdout);
	}
	return mark;
}

/* ---- netlink ---- */

static struct nlmsghdr *header(char *buf, uint16_t type, uint16_t queue)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = (NFNL_SUBSYS_QUEUE << 8) | type;
	h->nlmsg_flags = NLM_F_REQUEST;
	struct nfgenmsg *n = mnl_nlmsg_put_extra_header(h, sizeof(*n));
	n->nfgen_family = AF_UNSPEC;
	n->version = NFNETLINK_V0;
	n->res_id = htons(queue);
	return h;
}

static void send_to(struct mnl_socket *nl, const struct nlmsghdr *h)
{
	if (mnl_socket_sendto(nl, h, h->nlmsg_len) < 0)
		die("nfqctl: send");
}

static struct mnl_socket *open_queue(uint16_t queue)
{
	const struct nfqnl_msg_config_cmd bind_cmd = {
		.command = NFQNL_CFG_CMD_BIND, .pf = htons(AF_UNSPEC)};
	const struct nfqnl_msg_config_params copy = {
		.copy_range = htonl(128), .copy_mode = NFQNL_COPY_PACKET};
	struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
	const int size = RCVBUF, one = 1;
	char buf[512];
	struct nlmsghdr *h;
	char answer[4096];
	ssize_t n;

	if (!nl || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0)
		die("nfqctl: socket");
	setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	mnl_socket_setsockopt(nl, NETLINK_NO_ENOBUFS, (void *)&one, sizeof(one));
	h = header(buf, NFQNL_MSG_CONFIG, queue);
	mnl_attr_put(h, NFQA_CFG_CMD, sizeof(bind_cmd), &bind_cmd);
	send_to(nl, h);
	h = header(buf, NFQNL_MSG_CONFIG, queue);
	h->nlmsg_flags |= NLM_F_ACK;
	mnl_attr_put(h, NFQA_CFG_PARAMS, sizeof(copy), &copy);
	mnl_attr_put_u32(h, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(h, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(h, NFQA_CFG_QUEUE_MAXLEN, htonl(8192));
	send_to(nl, h);
	n = mnl_socket_recvfrom(nl, answer, sizeof(answer));
	if (n < 0 || mnl_cb_run(answer, (size_t)n, 0, 0, NULL, NULL) < 0)
		die("nfqctl: cannot bind the queue");
	return nl;
}

static void verdict(size_t queue, uint32_t id, uint32_t mark)
{
	const struct nfqnl_msg_verdict_hdr v = {.verdict = htonl(NF_ACCEPT), .id = id};
	char buf[256];
	struct nlmsghdr *h = header(buf, NFQNL_MSG_VERDICT, (uint16_t)(g.first + queue));

	mnl_attr_put(h, NFQA_VERDICT_HDR, sizeof(v), &v);
	if (mark) {
		mnl_attr_put_u32(h, NFQA_MARK, htonl(mark));
		g.marked++;
	}
	send_to(g.nl[queue], h);
}

static int on_packet(const struct nlmsghdr *h, void *arg)
{
	const size_t queue = *(const size_t *)arg;
	const struct nlattr *a, *payload = NULL;
	struct packet p;
	uint32_t id = 0, mark = 0;

	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFQA_PACKET_HDR)
			memcpy(&id, mnl_attr_get_payload(a), sizeof(id)); /* stays in wire order */
		else if (mnl_attr_get_type(a) == NFQA_PAYLOAD)
			payload = a;
	}
	g.packets++;
	if (payload && parse(mnl_attr_get_payload(payload), mnl_attr_get_payload_len(payload), &p))
		mark = judge(queue, &p);
	verdict(queue, id, mark);
	return MNL_CB_OK;
}

static void receive(size_t queue)
{
	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(g.nl[queue]), g.buf, BUF, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS))
			return;
		if (n < 0)
			die("nfqctl: receive");
		mnl_cb_run(g.buf, (size_t)n, 0, 0, on_packet, &queue);
	}
}

/* ---- the whole ---- */

static void report(void)
{
	uint64_t per[QUEUES_MAX] = {0};

	for (size_t i = 0; i < FLOWS_MAX; i++) {
		for (size_t q = 0; q < g.queues; q++)
			per[q] += g.flows[i].seen[q] > 0;
	}
	printf("packets %llu flows %zu marked %llu split %llu queues",
		(unsigned long long)g.packets, g.n_flows, (unsigned long long)g.marked,
		(unsigned long long)g.split);
	for (size_t q = 0; q < g.queues; q++)
		printf(" %llu", (unsigned long long)per[q]);
	printf("\n");
}

static void arguments(int argc, char **argv)
{
	unsigned first = 0, queues = 0, port, mark, from;
	int i = 1;

	if (i < argc && strcmp(argv[i], "--verbose") == 0) {
		g.verbose = true;
		i++;
	}
	if (i >= argc || sscanf(argv[i++], "%u:%u", &first, &queues) != 2 || queues < 1 ||
		queues > QUEUES_MAX || first > 65535 - queues) {
		fprintf(stderr, "usage: nfqctl [--verbose] FIRST:QUEUES [PORT=MARK[@PACKET]]...\n");
		exit(2);
	}
	g.first = (uint16_t)first;
	g.queues = queues;
	for (; i < argc && g.n_rules < RULES_MAX; i++) {
		from = 1;
		if (sscanf(argv[i], "%u=%u@%u", &port, &mark, &from) < 2) {
			fprintf(stderr, "nfqctl: %s?\n", argv[i]);
			exit(2);
		}
		g.rules[g.n_rules++] =
			(struct rule){.port = (uint16_t)port, .mark = mark, .from = from};
	}
}

int main(int argc, char **argv)
{
	struct pollfd fds[QUEUES_MAX];
	const struct sigaction sa = {.sa_handler = on_signal};

	arguments(argc, argv);
	g.flows = calloc(FLOWS_MAX, sizeof(*g.flows));
	g.buf = malloc(BUF);
	if (!g.flows || !g.buf)
		die("nfqctl: memory");
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	for (size_t q = 0; q < g.queues; q++) {
		g.nl[q] = open_queue((uint16_t)(g.first + q));
		fds[q] = (struct pollfd){.fd = mnl_socket_get_fd(g.nl[q]), .events = POLLIN};
	}
	printf("ready\n");
	fflush(stdout);
	while (!stop) {
		if (poll(fds, g.queues, -1) < 0 && errno != EINTR)
			die("nfqctl: poll");
		for (size_t q = 0; q < g.queues && !stop; q++) {
			if (fds[q].revents)
				receive(q);
		}
	}
	report();
	for (size_t q = 0; q < g.queues; q++)
		mnl_socket_close(g.nl[q]);
	free(g.flows);
	free(g.buf);
	return 0;
}
