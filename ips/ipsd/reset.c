/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP resets to the receiving side of a rejected connection (the sending side is told by the
 * firewall). Two raw sockets opened before the rights are given up; failures to send are not worth
 * more than the reset itself.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/log.h"

#define IPV6_HDRINCL_OPT 36 /* linux/in6.h */

void ipsd_reset_open(int fd[2])
{
	const int one = 1;

	fd[0] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	fd[1] = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (fd[1] >= 0 &&
		setsockopt(fd[1], IPPROTO_IPV6, IPV6_HDRINCL_OPT, &one, sizeof(one)) < 0) {
		close(fd[1]);
		fd[1] = -1;
	}
	if (fd[0] < 0 || fd[1] < 0)
		sk_log(LOG_WARNING,
			"no raw socket: receivers of rejected connections are not told: %s",
			strerror(errno));
}

static uint32_t sum16(const void *p, size_t n, uint32_t sum)
{
	const uint8_t *b = p;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return sum;
}

static uint16_t fold16(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* RFC 9293, 3.1: over pseudo-header and segment. */
static void tcp_checksum(
	struct tcphdr *tcp, const struct ips_addr *src, const struct ips_addr *dst, size_t addr_len)
{
	uint32_t sum = IPPROTO_TCP + sizeof(*tcp);

	sum = sum16(src->w, addr_len, sum);
	sum = sum16(dst->w, addr_len, sum);
	tcp->check = 0;
	tcp->check = fold16(sum16(tcp, sizeof(*tcp), sum));
}

static void send4(
	int fd, const struct ips_addr *src, const struct ips_addr *dst, const struct tcphdr *tcp)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} p = {.ip = {.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP}, .tcp = *tcp};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = dst->w[0]};

	p.ip.tot_len = htons(sizeof(p));
	p.ip.saddr = src->w[0];
	p.ip.daddr = dst->w[0];
	tcp_checksum(&p.tcp, src, dst, 4);
	if (sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		sk_log(LOG_DEBUG, "reset not sent: %s", strerror(errno));
}

static void send6(
	int fd, const struct ips_addr *src, const struct ips_addr *dst, const struct tcphdr *tcp)
{
	struct {
		struct ip6_hdr ip;
		struct tcphdr tcp;
	} p = {.tcp = *tcp};
	struct sockaddr_in6 to = {.sin6_family = AF_INET6};

	p.ip.ip6_flow = htonl(6u << 28);
	p.ip.ip6_plen = htons(sizeof(p.tcp));
	p.ip.ip6_nxt = IPPROTO_TCP;
	p.ip.ip6_hlim = 64;
	memcpy(&p.ip.ip6_src, src->w, 16);
	memcpy(&p.ip.ip6_dst, dst->w, 16);
	memcpy(&to.sin6_addr, dst->w, 16);
	tcp_checksum(&p.tcp, src, dst, 16);
	if (sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		sk_log(LOG_DEBUG, "reset not sent: %s", strerror(errno));
}

void ipsd_reset_send(
	const int fd[2], const struct ips_flow *f, enum ips_dir dir, uint32_t seq, uint32_t ack)
{
	const struct ips_addr *src = &f->addr[dir], *dst = &f->addr[!dir];
	struct tcphdr tcp = {
		.source = htons(f->port[dir]),
		.dest = htons(f->port[!dir]),
		.seq = htonl(seq),
		.ack_seq = htonl(ack),
		.doff = 5,
		.rst = 1,
		.ack = 1,
	};

	if (f->family == 4 && fd[0] >= 0)
		send4(fd[0], src, dst, &tcp);
	if (f->family == 6 && fd[1] >= 0)
		send6(fd[1], src, dst, &tcp);
}
