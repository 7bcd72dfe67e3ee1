/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rules cost: time and memory to compile them, from nothing and from the cache, and the rate
 * at which payload passes through detection on one core. bench-ips-scan RULEFILE... prints a table.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ips/detect/detect.h"
#include "lib/file.h"
#include "lib/util.h"

#define DATA (4u << 20)
#define WINDOW 2560
#define SECONDS 0.5

/* Processor time: other work on the machine does not count. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double resident_mib(void)
{
	char line[256];
	double kib = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtod(line + 6, NULL);
	}
	if (f)
		fclose(f);
	return kib / 1024;
}

static struct ips_rules *load(char **files, int n)
{
	struct ips_rules *rules = ips_rules_new();
	struct sk_err err = {0};

	for (int i = 0; i < n && rules; i++) {
		struct sk_buf b;

		sk_buf_init(&b, 64 << 20);
		if (sk_file_read(files[i], &b, &err) ||
			ips_rules_parse(rules, files[i], sk_buf_str(&b), b.len)) {
			fprintf(stderr, "%s: %s\n", files[i], err.en);
			exit(1);
		}
		sk_buf_done(&b);
	}
	return rules;
}

static void show(const char *what, double v, const char *unit)
{
	printf("%-44s %10.2f %s\n", what, v, unit);
}

static struct ips_ruleset *compile(
	char **files, int n, struct ips_state *state, struct sk_buf *cache, const char *how)
{
	struct ips_view v = {cache->data, (uint32_t)cache->len};
	struct ips_ruleset *rs = NULL;
	const struct ips_ruleset_info *info;
	struct ips_rules *rules;
	struct sk_err err = {0};
	double t = now(), parsed;
	bool cached = false;
	char text[128];

	rules = load(files, n);
	if (!rules)
		exit(1);
	parsed = now();
	if (ips_ruleset_compile(&rs, rules, NULL, state, v, &cached, &err)) {
		fprintf(stderr, "%s\n", err.en);
		exit(1);
	}
	snprintf(text, sizeof(text), "parse (%s)", how);
	show(text, parsed - t, "s");
	snprintf(text, sizeof(text), "compile (%s%s)", how, cached ? ", cached" : "");
	show(text, now() - parsed, "s");
	info = ips_ruleset_info(rs);
	if (cached)
		return rs;
	printf("rules %u: address %u, packet %u, stream %u, transaction %u; without pattern %u\n",
		info->rules, info->ip_only, info->packet, info->stream, info->tx,
		info->without_pattern);
	printf("databases %u\n", info->databases);
	show("databases", (double)info->database_bytes / 1048576, "MiB");
	show("resident", resident_mib(), "MiB");
	return rs;
}

/* A TCP flow to port dport whose payload comes in pieces of `piece` bytes, inline. */
static double rate(struct ips_detect *d, const uint8_t *data, uint32_t piece, uint16_t dport)
{
	struct ips_flow f = {.id = 1, .family = 4, .proto = IPPROTO_TCP, .port = {40000, dport}};
	struct ips_packet p = {.family = 4, .proto = IPPROTO_TCP, .flow = &f, .sport = 40000};
	const struct ips_alert *alerts;
	uint64_t bytes = 0;
	double t = now(), end;

	f.addr[0].w[0] = p.src.w[0] = htonl(0x0a000001);
	f.addr[1].w[0] = p.dst.w[0] = htonl(0xc0000201);
	p.dport = dport;
	p.flags = IPS_PKT_ESTABLISHED | IPS_PKT_STREAM;
	p.ts_us = 1700000000000000u;
	do {
		for (uint32_t at = 0; at + piece <= DATA; at += piece) {
			uint32_t tail = SK_MIN(at, (uint32_t)WINDOW);
			struct ips_raw raw = {data + at - tail, piece + tail, piece, 1000 + bytes,
				false, false, NULL, 0, 0};

			p.payload = (struct ips_view){data + at, piece};
			p.ts_us += 10;
			ips_detect_packet(d, &p, &raw, &alerts);
			bytes += piece;
		}
		end = now();
	} while (end - t < SECONDS);
	ips_detect_flow_gone(d, &f);
	return (double)bytes * 8 / (end - t) / 1e9;
}

/* Packets of the same flow that carry nothing: millions a second. */
static double empty(struct ips_detect *d)
{
	struct ips_flow f = {.id = 1, .family = 4, .proto = IPPROTO_TCP, .port = {40000, 5201}};
	struct ips_packet p = {.family = 4, .proto = IPPROTO_TCP, .flow = &f, .sport = 40000};
	const struct ips_alert *alerts;
	uint64_t n = 0;
	double t = now(), end;

	p.dport = 5201;
	p.flags = IPS_PKT_ESTABLISHED;
	p.tcp.flags = IPS_TCP_ACK;
	do {
		for (unsigned i = 0; i < 10000; i++, n++) {
			p.ts_us = 1700000000000000u + n;
			ips_detect_packet(d, &p, NULL, &alerts);
		}
		end = now();
	} while (end - t < SECONDS);
	ips_detect_flow_gone(d, &f);
	return (double)n / (end - t) / 1e6;
}

static void fill(uint8_t *data, bool text)
{
	static const char words[] = "the quick brown fox GET jumps /index.html over User-Agent: "
				    "lazy dog Host: example 0123456789 Content-Type: text/html\r\n";
	uint32_t s = 1;

	for (uint32_t i = 0; i < DATA; i++) {
		s = s * 1664525u + 1013904223u;
		data[i] = text
			? (uint8_t)words[(i + (s >> 29 == 0 ? s >> 24 : 0)) % (sizeof(words) - 1)]
			: (uint8_t)(s >> 24);
	}
}

static void rates(struct ips_detect *d)
{
	static const uint16_t ports[] = {5201, 80, 445};
	static const uint32_t pieces[] = {1448, 65000};
	uint8_t *data = malloc(DATA);
	char text[128];

	for (int kind = 0; kind < 2 && data; kind++) {
		fill(data, kind);
		for (size_t i = 0; i < SK_ARRAY_SIZE(ports); i++) {
			for (size_t k = 0; k < SK_ARRAY_SIZE(pieces); k++) {
				snprintf(text, sizeof(text), "%s, port %u, %u bytes a packet",
					kind ? "text" : "random", ports[i], pieces[k]);
				show(text, rate(d, data, pieces[k], ports[i]), "Gbit/s");
			}
		}
	}
	show("one byte a packet, port 5201", rate(d, data, 1, 5201) / 8 * 1e3, "M packets/s");
	show("no payload, port 5201", empty(d), "M packets/s");
	free(data);
}

int main(int argc, char **argv)
{
	static const uint8_t seed[16] = {1};
	struct ips_detect_config cfg = {.inline_mode = true, .flows = 1000, .mem_max = 64 << 20};
	const struct ips_detect_stats *s;
	struct ips_state_config sc;
	struct ips_ruleset *rs;
	struct ips_state *state;
	struct ips_detect *d;
	struct sk_err err = {0};
	struct sk_buf cache;

	if (argc < 2) {
		fprintf(stderr, "usage: bench-ips-scan RULEFILE...\n");
		return 2;
	}
	sk_buf_init(&cache, 1u << 30);
	ips_state_config_default(&sc);
	state = ips_state_new(&sc, seed);
	rs = compile(argv + 1, argc - 1, state, &cache, "cold");
	if (ips_ruleset_save(rs, &cache))
		return 1;
	show("cache", (double)cache.len / 1048576, "MiB");
	ips_ruleset_unref(rs);
	rs = compile(argv + 1, argc - 1, state, &cache, "again");
	sk_buf_done(&cache);
	d = ips_detect_new(&cfg, state, &err);
	if (!d || ips_detect_rules(d, rs, &err)) {
		fprintf(stderr, "%s\n", err.en);
		return 1;
	}
	rates(d);
	s = ips_detect_stats(d);
	printf("candidates %llu, confirmed %llu, alerts %llu of %llu packets\n",
		(unsigned long long)s->candidates, (unsigned long long)s->confirmed,
		(unsigned long long)s->alerts, (unsigned long long)s->packets);
	show("resident", resident_mib(), "MiB");
	ips_detect_free(d);
	ips_ruleset_unref(rs);
	ips_state_free(state);
	return 0;
}
