/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traffic for the benches and network tests: numbered UDP streams with a sink that counts every
 * loss, TCP connections as fast as they come, and a spray of connections that the gateway will
 * block. Only ever pointed at addresses inside the namespaces that the run itself made.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pause_until(double when)
{
	double left = when - now();

	if (left > 0) {
		struct timespec t = {(time_t)left, (long)((left - (double)(time_t)left) * 1e9)};

		nanosleep(&t, NULL);
	}
}

static socklen_t address(const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (void *)ret;
	struct sockaddr_in6 *v6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	fprintf(stderr, "trafgen: %s is no address\n", text);
	exit(2);
}

static int die(const char *what)
{
	fprintf(stderr, "trafgen: %s: %s\n", what, strerror(errno));
	return 1;
}

/* A dual-stack listener of the type. */
static int listener(int type, uint16_t port)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, type, 0), one = 1, zero = 0, big = 64 << 20;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	if (fd < 0 || bind(fd, (void *)&a, sizeof(a)) || (type == SOCK_STREAM && listen(fd, 4096)))
		exit(die("listen"));
	return fd;
}

/* sink PORT IDLE_SECONDS: count numbered datagrams until none came for that long after the first.
 */
static int sink(uint16_t port, double idle)
{
	int fd = listener(SOCK_DGRAM, port);
	struct pollfd p = {fd, POLLIN, 0};
	uint64_t got = 0, highest = 0;

	printf("ready\n");
	fflush(stdout);
	while (poll(&p, 1, got ? (int)(idle * 1000) : -1) > 0) {
		uint64_t seq;

		while (recv(fd, &seq, sizeof(seq), MSG_DONTWAIT) == sizeof(seq)) {
			got++;
			if (seq > highest)
				highest = seq;
		}
	}
	printf("received %llu highest %llu\n", (unsigned long long)got,
		(unsigned long long)highest);
	return 0;
}

/* udp ADDR PORT RATE SECONDS: numbered datagrams on one flow. */
static int udp(const char *to, uint16_t port, double rate, double seconds)
{
	struct sockaddr_storage a;
	socklen_t n = address(to, port, &a);
	int fd = socket(a.ss_family, SOCK_DGRAM, 0);
	double begin = now();
	uint64_t seq = 0, failed = 0;

	if (connect(fd, (void *)&a, n))
		return die("connect");
	while (now() - begin < seconds) {
		uint64_t due = (uint64_t)((now() - begin) * rate);

		for (; seq < due; seq++) {
			uint64_t wire = seq + 1;

			/* a refused datagram still had its number: it counts as lost */
			if (send(fd, &wire, sizeof(wire), 0) < 0)
				failed++;
		}
		pause_until(begin + (double)(seq + 1) / rate);
	}
	printf("sent %llu refused %llu\n", (unsigned long long)seq, (unsigned long long)failed);
	return 0;
}

/* accept PORT: take every connection and close it. */
static int accept_all(uint16_t port)
{
	int fd = listener(SOCK_STREAM, port);

	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (c < 0)
			return die("accept");
		close(c);
	}
}

static int dial(int ep, const struct sockaddr_storage *a, socklen_t n)
{
	struct linger hard = {1, 0}; /* no TIME_WAIT: thousands a second */
	struct epoll_event e = {.events = EPOLLOUT};
	int fd = socket(a->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	e.data.fd = fd;
	if ((connect(fd, (const void *)a, n) && errno != EINPROGRESS) ||
		epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)) {
		close(fd);
		return -errno;
	}
	return 0;
}

/* connect ADDR PORT SECONDS AT_ONCE: completed handshakes a second. */
static int connects(const char *to, uint16_t port, double seconds, int at_once)
{
	struct sockaddr_storage a;
	socklen_t n = address(to, port, &a);
	int ep = epoll_create1(0);
	uint64_t done = 0, failed = 0;
	double begin = now(), end = begin + seconds;

	for (int i = 0; i < at_once; i++)
		if (dial(ep, &a, n))
			return die("connect");
	while (now() < end) {
		struct epoll_event e[64];
		int k = epoll_wait(ep, e, 64, 100);

		for (int i = 0; i < k; i++) {
			int err = 0;
			socklen_t len = sizeof(err);

			getsockopt(e[i].data.fd, SOL_SOCKET, SO_ERROR, &err, &len);
			if (err)
				failed++;
			else
				done++;
			close(e[i].data.fd);
			if (dial(ep, &a, n))
				failed++;
		}
	}
	printf("connections %llu failed %llu per_second %.0f\n", (unsigned long long)done,
		(unsigned long long)failed, (double)done / (now() - begin));
	return 0;
}

/* spray PREFIX4 RATE SECONDS: datagrams to ever different (address, port) pairs below a /16. */
static int spray(const char *prefix, double rate, double seconds)
{
	struct sockaddr_storage a;
	struct sockaddr_in *v4 = (void *)&a;
	socklen_t n = address(prefix, 0, &a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), big = 16 << 20;
	uint32_t base = ntohl(v4->sin_addr.s_addr) & 0xffff0000u;
	double begin = now();
	uint64_t seq = 0;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big));
	while (now() - begin < seconds) {
		uint64_t due = (uint64_t)((now() - begin) * rate);

		for (; seq < due && seq < (uint64_t)(rate * seconds); seq++) {
			v4->sin_addr.s_addr = htonl(base + 1 + (uint32_t)(seq % 60000));
			v4->sin_port = htons((uint16_t)(1024 + seq / 60000 + seq % 7));
			while (sendto(fd, &seq, sizeof(seq), 0, (void *)&a, n) < 0 &&
				errno == ENOBUFS)
				;
		}
		pause_until(now() + 0.001);
	}
	printf("sent %llu\n", (unsigned long long)seq);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	if (strcmp(mode, "sink") == 0 && argc == 4)
		return sink((uint16_t)strtoul(argv[2], NULL, 10), strtod(argv[3], NULL));
	if (strcmp(mode, "accept") == 0 && argc == 3)
		return accept_all((uint16_t)strtoul(argv[2], NULL, 10));
	if (strcmp(mode, "udp") == 0 && argc == 6)
		return udp(argv[2], (uint16_t)strtoul(argv[3], NULL, 10), strtod(argv[4], NULL),
			strtod(argv[5], NULL));
	if (strcmp(mode, "connect") == 0 && argc == 6)
		return connects(argv[2], (uint16_t)strtoul(argv[3], NULL, 10),
			strtod(argv[4], NULL), (int)strtol(argv[5], NULL, 10));
	if (strcmp(mode, "spray") == 0 && argc == 5)
		return spray(argv[2], strtod(argv[3], NULL), strtod(argv[4], NULL));
	fprintf(stderr,
		"usage: trafgen sink PORT IDLE | accept PORT | udp ADDR PORT RATE SECONDS |\n"
		"       connect ADDR PORT SECONDS AT_ONCE | spray PREFIX RATE SECONDS\n");
	return 2;
}
