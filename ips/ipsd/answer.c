/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams to a client as if from the server it asked, straight to its neighbour address: neither
 * routing nor connection tracking sees them. One packet socket, opened before the rights are given
 * up; it receives nothing. To the gateway's own resolver by the raw sockets of reset.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ips/ipsd/daemon.h"
#include "lib/log.h"

#define HOPS 64
#define DATA_MAX 1232

int ipsd_answer_open(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		sk_log(LOG_WARNING, "no packet socket: blocked queries are dropped unanswered: %s",
			strerror(errno));
	return fd;
}

static uint32_t sum16(const void *p, size_t n, uint32_t sum)
{
	const uint8_t *b = p;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return n & 1 ? sum + ((uint32_t)b[n - 1] << 8) : sum;
}

static uint16_t fold16(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* RFC 768, RFC 8200 8.1: 0 would mean none. */
static uint16_t udp_checksum(const struct ips_answer *a, const struct udphdr *udp)
{
	size_t addr = a->family == 4 ? 4 : 16;
	uint32_t sum = IPPROTO_UDP + ntohs(udp->len);
	uint16_t check;

	sum = sum16(a->src.w, addr, sum);
	sum = sum16(a->dst.w, addr, sum);
	sum = sum16(udp, sizeof(*udp), sum);
	check = fold16(sum16(a->data.data, a->data.len, sum));
	return check ? check : 0xffff;
}

static struct iphdr head4(const struct ips_answer *a, uint16_t udp_len)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)(sizeof(ip) + udp_len)),
		.frag_off = htons(IP_DF),
		.ttl = HOPS,
		.protocol = IPPROTO_UDP,
		.saddr = a->src.w[0],
		.daddr = a->dst.w[0],
	};

	ip.check = fold16(sum16(&ip, sizeof(ip), 0));
	return ip;
}

static struct ip6_hdr head6(const struct ips_answer *a, uint16_t udp_len)
{
	struct ip6_hdr ip = {0};

	ip.ip6_flow = htonl(6u << 28);
	ip.ip6_plen = htons(udp_len);
	ip.ip6_nxt = IPPROTO_UDP;
	ip.ip6_hlim = HOPS;
	memcpy(&ip.ip6_src, a->src.w, 16);
	memcpy(&ip.ip6_dst, a->dst.w, 16);
	return ip;
}

/* To a program of this machine: over its loopback, by a raw socket; no neighbour has it. */
static bool send_here(int fd, const struct ips_answer *a, struct msghdr *m)
{
	struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_addr.s_addr = a->dst.w[0]};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};

	memcpy(&to6.sin6_addr, a->dst.w, 16);
	m->msg_name = a->family == 4 ? (void *)&to4 : (void *)&to6;
	m->msg_namelen = a->family == 4 ? sizeof(to4) : sizeof(to6);
	return fd >= 0 && sendmsg(fd, m, 0) >= 0;
}

bool ipsd_answer_send(int fd, const int raw_fd[2], const struct ips_answer *a)
{
	uint16_t len = (uint16_t)(sizeof(struct udphdr) + a->data.len);
	struct udphdr udp = {.source = htons(a->sport), .dest = htons(a->dport), .len = htons(len)};
	struct iphdr ip4 = head4(a, len);
	struct ip6_hdr ip6 = head6(a, len);
	bool v4 = a->family == 4;
	struct iovec iov[] = {
		{v4 ? (void *)&ip4 : (void *)&ip6, v4 ? sizeof(ip4) : sizeof(ip6)},
		{&udp, sizeof(udp)},
		{(void *)a->data.data, a->data.len},
	};
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(v4 ? ETH_P_IP : ETH_P_IPV6),
		.sll_ifindex = (int)a->dev,
		.sll_halen = sizeof(a->mac),
	};
	struct msghdr m = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = iov, .msg_iovlen = 3};

	if (a->data.len > DATA_MAX)
		return false;
	udp.check = udp_checksum(a, &udp);
	if (a->dev == 0)
		return send_here(raw_fd[v4 ? 0 : 1], a, &m);
	if (fd < 0)
		return false;
	memcpy(to.sll_addr, a->mac, sizeof(a->mac));
	if (sendmsg(fd, &m, 0) >= 0)
		return true;
	sk_log(LOG_DEBUG, "answer not sent: %s", strerror(errno));
	return false;
}
