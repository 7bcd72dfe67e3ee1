/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What decoding a frame costs, in nanoseconds of processor time: a plain segment as the queue and
 * as a capture give it, and the dearer kinds. Prints figures, judges those with an aim.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ips/packet/decode.h"

#define ROUNDS 2000000
#define FRAME 1514

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(struct ips_decoder *d, enum ips_link link, struct ips_view v)
{
	struct ips_packet p;
	double begin, best = 1e9;
	uint64_t sum = 0;

	for (int k = 0; k < 3; k++) {
		begin = cpu_ns();
		for (int i = 0; i < ROUNDS; i++) {
			ips_decode(d, link, v, (uint64_t)i, &p);
			do {
				sum += p.payload.len + p.dport;
			} while (ips_decode_next(d, &p));
		}
		begin = (cpu_ns() - begin) / ROUNDS;
		best = begin < best ? begin : best;
	}
	if (sum == 0)
		abort();
	return best;
}

static void figure(const char *name, double ns, double aim)
{
	printf("  %-52s %.1f ns", name, ns);
	if (aim > 0)
		printf("  (aim <%.0f)%s", aim, ns < aim ? "" : "  MISSED");
	printf("\n");
}

/* Ethernet, IPv4, TCP with a timestamp: 1448 bytes of data. */
static const uint8_t tcp4[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0x05, 0xdc, 0, 1,
	0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 1, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0x80,
	0x10, 2, 0, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};

int main(void)
{
	static uint8_t frame[FRAME], tunnel[FRAME + 20];
	static const uint8_t seed[16] = {1};
	struct ips_decoder_config cfg;
	struct ips_decoder *d;

	ips_decoder_config_default(&cfg, true);
	d = ips_decoder_new(&cfg, seed);
	if (!d)
		return 1;
	memcpy(frame, tcp4, sizeof(tcp4));
	figure("TCP over IPv4 over Ethernet",
		measure(d, IPS_LINK_ETHERNET, (struct ips_view){frame, FRAME}), 100);
	figure("TCP over IPv4, as the queue gives it",
		measure(d, IPS_LINK_RAW, (struct ips_view){frame + 14, FRAME - 14}), 100);
	memcpy(tunnel, tcp4 + 14, 20);
	tunnel[2] = (FRAME - 14 + 20) >> 8;
	tunnel[3] = (FRAME - 14 + 20) & 0xff;
	tunnel[9] = 4;
	memcpy(tunnel + 20, frame + 14, FRAME - 14);
	figure("the same in a tunnel (two packets)",
		measure(d, IPS_LINK_RAW, (struct ips_view){tunnel, FRAME - 14 + 20}), 0);
	ips_decoder_free(d);
	return 0;
}
