/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams through the gateway while something else goes on there: which of those that must pass
 * were lost, which of those that must not arrived, and how long the slowest one took.
 *   flowprobe echo PORT                      answers; on SIGTERM tells how many came to which
 * address flowprobe send PORT SECONDS PASS BLOCKED one of each every 200 us, to two addresses
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"

#define GAP_US 200
#define ADDRS 16
#define LATE_US 1000000 /* an answer after that is a lost one */

static volatile sig_atomic_t over;

static void on_term(int sig)
{
	over = 1;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static int udp(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;

	if (fd < 0) {
		perror("socket");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static struct sockaddr_in address(const char *a, const char *port)
{
	struct sockaddr_in s = {.sin_family = AF_INET};
	uint64_t v = 0;

	if (inet_pton(AF_INET, a, &s.sin_addr) != 1 || sk_parse_u64(port, 65535, &v) < 0) {
		fprintf(stderr, "flowprobe: %s %s\n", a, port);
		exit(2);
	}
	s.sin_port = htons((uint16_t)v);
	return s;
}

/* ---- the far end ---- */

static void count(struct in_addr to, struct in_addr addrs[ADDRS], uint64_t counts[ADDRS])
{
	for (int i = 0; i < ADDRS; i++) {
		if (counts[i] && addrs[i].s_addr != to.s_addr)
			continue;
		addrs[i] = to;
		counts[i]++;
		return;
	}
}

static int echo(const char *port)
{
	struct sockaddr_in here = address("0.0.0.0", port), from;
	struct in_addr addrs[ADDRS] = {0};
	uint64_t counts[ADDRS] = {0};
	int fd = udp(), one = 1;
	char data[64] = {0}, control[256] = {0};

	setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		return 1;
	puts("ready");
	fflush(stdout);
	while (!over) {
		struct iovec iov = {data, sizeof(data)};
		struct msghdr m = {.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, 0);
		const struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);

		if (!c)
			continue;
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		count(info.ipi_addr, addrs, counts);
		/* The control data now says from which address to answer. */
		iov.iov_len = (size_t)n;
		sendmsg(fd, &m, 0);
	}
	for (int i = 0; i < ADDRS && counts[i]; i++)
		printf("%s %llu\n", inet_ntoa(addrs[i]), (unsigned long long)counts[i]);
	return 0;
}

/* ---- the near end ---- */

struct probe {
	int fd;
	uint64_t sent, back, slowest, *times;
};

static void take_answers(struct probe *p)
{
	uint64_t begin;

	while (recv(p->fd, &begin, sizeof(begin), MSG_DONTWAIT) == sizeof(begin)) {
		const uint64_t took = now_us() - begin;

		if (took < LATE_US)
			p->times[p->back++] = took;
		p->slowest = SK_MAX(p->slowest, took);
	}
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int send_all(char **argv)
{
	const struct sockaddr_in pass = address(argv[4], argv[2]),
				 block = address(argv[5], argv[2]);
	struct probe p = {.fd = udp()};
	uint64_t seconds = 1, begin = now_us(), next = begin, end;

	sk_parse_u64(argv[3], 3600, &seconds);
	end = begin + seconds * 1000000;
	p.times = calloc(seconds * 1000000 / GAP_US + 2, sizeof(*p.times));
	if (!p.times)
		return 1;
	while (!over && next < end) {
		struct pollfd f = {.fd = p.fd, .events = POLLIN};
		const uint64_t now = now_us();

		if (now < next) {
			const struct timespec t = {.tv_nsec = (long)(next - now) * 1000};
			ppoll(&f, 1, &t, NULL);
			take_answers(&p);
			continue;
		}
		sendto(p.fd, &now, sizeof(now), 0, (const struct sockaddr *)&pass, sizeof(pass));
		sendto(p.fd, &now, sizeof(now), 0, (const struct sockaddr *)&block, sizeof(block));
		p.sent++;
		next = SK_MAX(next + GAP_US, now);
	}
	/* Waiting, not turning: the far end may share the processor. */
	for (uint64_t last = now_us() + LATE_US; now_us() < last && p.back < p.sent;) {
		struct pollfd f = {.fd = p.fd, .events = POLLIN};

		poll(&f, 1, 10);
		take_answers(&p);
	}
	qsort(p.times, p.back, sizeof(*p.times), by_value);
	printf("sent %llu lost %llu median_us %llu p999_us %llu slowest_us %llu\n",
		(unsigned long long)p.sent, (unsigned long long)(p.sent - p.back),
		(unsigned long long)(p.back ? p.times[p.back / 2] : 0),
		(unsigned long long)(p.back ? p.times[p.back * 999 / 1000] : 0),
		(unsigned long long)p.slowest);
	free(p.times);
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction term = {.sa_handler = on_term};

	sigaction(SIGTERM, &term, NULL);
	if (argc == 3 && strcmp(argv[1], "echo") == 0)
		return echo(argv[2]);
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		return send_all(argv);
	fputs("usage: flowprobe echo PORT | send PORT SECONDS PASS BLOCKED\n", stderr);
	return 2;
}
