/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long the analysis of a large policy takes, how long its document takes to read, and how much
 * memory it holds afterwards. Prints one line a case; asserts no time.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fw/policy/analyze.h"
#include "lib/util.h"

#define NOW 1800000000
#define DAY 86400

static uint32_t seed = 0x5eed5eed;

static uint32_t rnd(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % below;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const struct sk_err *err)
{
	fprintf(stderr, "%s: %s\n", err->path, err->en);
	exit(1);
}

/* How the rules of a case look. */
enum shape {
	TYPICAL,   /* hosts and networks to hosts, few ports; one in ten a deny */
	DENSE,     /* large random boxes, all over each other */
	CONTAINED, /* every rule within the ones before and after it */
	CROSSING,  /* one host to anywhere, anywhere to one host: all meet, none is covered */
	OBJECTS,   /* address objects of 100,000 entries, shared by the rules */
};

static void draw(enum shape s, uint32_t i, char src[64], char dst[64], char port[32])
{
	uint32_t a = rnd(200), b = rnd(200), c = rnd(50000), len = 1 + rnd(15000);

	if (s == TYPICAL) {
		snprintf(src, 64, rnd(3) ? "192.168.%u.%u" : "192.168.%u.0/24", rnd(64),
			1 + rnd(250));
		snprintf(dst, 64, rnd(4) ? "203.%u.%u.%u" : "any", rnd(8), rnd(250), 1 + rnd(250));
		snprintf(port, 32, "%u", rnd(2) ? 443u : 1 + rnd(10000));
	} else if (s == DENSE) {
		snprintf(src, 64, "10.0.%u.0-10.0.%u.255", a, a + 1 + rnd(54));
		snprintf(dst, 64, "10.1.%u.0-10.1.%u.255", b, b + 1 + rnd(54));
		snprintf(port, 32, "%u-%u", c + 1, c + len);
	} else if (s == CONTAINED) {
		snprintf(src, 64, "10.0.0.%u-10.%u.255.255", i % 200, 1 + i % 250);
		snprintf(dst, 64, "any");
		snprintf(port, 32, "%u-%u", 1 + i % 30000, 65535 - i % 30000);
	} else if (s == CROSSING) {
		bool host = i % 2;

		snprintf(src, 64, host ? "any" : "10.%u.%u.1", i / 250, i % 250);
		snprintf(dst, 64, host ? "11.%u.%u.1" : "any", i / 250, i % 250);
		snprintf(port, 32, "any");
	} else {
		snprintf(src, 64, "big%u", rnd(4));
		snprintf(dst, 64, rnd(2) ? "big%u" : "203.0.113.%u", rnd(4));
		snprintf(port, 32, "%u", 1 + rnd(2000));
	}
}

static void add(struct fw_policy *p, enum shape s, uint32_t i, uint32_t pairs)
{
	char from[16], to[16], src[64], dst[64], port[32], purpose[64];
	struct sk_err err = {0};
	struct fw_rule r;

	fw_rule_init(&r);
	r.number = FW_NUMBER_FIRST + i;
	r.revision = 1;
	r.kind = (s == DENSE || s == CONTAINED || s == CROSSING ? rnd(2) : rnd(10) == 0) ? FW_DENY
											 : FW_ALLOW;
	r.order = s == TYPICAL ? (r.kind == FW_DENY ? 500 : 1000) : 1 + rnd(9000);
	r.state = FW_APPROVED;
	r.registered = NOW - 100 * DAY;
	r.approved_at = NOW - 99 * DAY;
	r.expiry = NOW + 200 * DAY;
	draw(s, i, src, dst, port);
	snprintf(from, sizeof(from), "z%u", i % pairs % 5);
	snprintf(to, sizeof(to), "y%u", i % pairs / 5);
	snprintf(purpose, sizeof(purpose), "purpose of rule %u, as the applicant wrote it", i);
	if (fw_str_set(&r.applicant, i % 3 ? "tanaka" : "suzuki") ||
		fw_str_set(&r.approver, "sato") || fw_str_set(&r.from, from) ||
		fw_str_set(&r.to, to) || fw_str_set(&r.source, src) ||
		fw_str_set(&r.destination, dst) || fw_str_set(&r.protocol, i % 7 ? "tcp" : "udp") ||
		fw_str_set(&r.port, port) || fw_str_set(&r.purpose, purpose) ||
		fw_policy_add_rule(p, &r, &err))
		die(&err);
	fw_rule_done(&r);
}

static void add_objects(struct fw_policy *p)
{
	struct sk_err err = {0};
	struct sk_buf b;

	sk_buf_init(&b, 16 << 20);
	for (uint32_t o = 0; o < 4; o++) {
		char name[16];

		sk_buf_reset(&b);
		for (uint32_t i = 0; i < 100000; i++) {
			uint32_t ip = 0x14000000u + i * 16 + o * 2;

			sk_buf_printf(&b, "%u.%u.%u.%u\n", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
				ip & 255);
		}
		snprintf(name, sizeof(name), "big%u", o);
		if (fw_policy_add_object(p, FW_OBJECT_ADDRESS, name, sk_buf_str(&b), &err))
			die(&err);
	}
	sk_buf_done(&b);
}

static struct fw_policy *build(enum shape s, uint32_t n, uint32_t pairs)
{
	struct fw_policy *p = fw_policy_new();
	struct sk_err err = {0};

	if (!p)
		exit(1);
	for (uint32_t i = 0; i < 10; i++) {
		struct fw_zone *z = &p->zones[p->n_zones++];

		snprintf(z->name, sizeof(z->name), "%c%u", i < 5 ? 'z' : 'y', i % 5);
		z->kind = FW_ZONE_INSIDE;
	}
	if (s == OBJECTS)
		add_objects(p);
	for (uint32_t i = 0; i < n; i++)
		add(p, s, i, pairs);
	if (fw_policy_finish(p, &err))
		die(&err);
	return p;
}

static void run(const char *name, enum shape s, uint32_t n, uint32_t pairs)
{
	const struct fw_analyze_opts o = {.now = NOW, .expiring_days = 30, .unused_days = 90};
	struct fw_policy *p = build(s, n, pairs);
	struct fw_findings f = {0};
	struct sk_err err = {0};
	size_t kinds[FW_FINDINGS] = {0}, cut = 0;
	double start = seconds();

	if (fw_analyze(p, &o, &f, &err))
		die(&err);
	printf("analyze %u rules (%s): %.2f s;", n, name, seconds() - start);
	for (size_t i = 0; i < f.n; i++) {
		kinds[f.v[i].kind]++;
		cut += f.v[i].budget;
	}
	for (enum fw_finding_kind k = 0; k < FW_F_EXPIRED; k++)
		printf(" %s %zu", fw_finding_name(k), kinds[k]);
	printf(", not decided %zu\n", cut);
	fw_findings_done(&f);
	fw_policy_free(p);
}

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static void load(uint32_t n)
{
	struct fw_policy *p = build(TYPICAL, n, 20), *q = NULL;
	struct sk_err err = {0};
	struct sk_buf b;
	size_t before;
	double start;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	if (fw_policy_encode(p, &b, &err))
		die(&err);
	fw_policy_free(p);
	before = in_use();
	start = seconds();
	if (fw_policy_parse(b.data, b.len, FW_POLICY_STRICT, NOW, &q, NULL, &err))
		die(&err);
	printf("parse %u rules (%.1f MB document): %.2f s, %.1f MB held\n", n, (double)b.len / 1e6,
		seconds() - start, (double)(in_use() - before) / 1e6);
	fw_policy_free(q);
	sk_buf_done(&b);
}

int main(int argc, char **argv)
{
	uint64_t n = 10000;

	if (argc > 1 && sk_parse_u64(argv[1], FW_POLICY_RULES_MAX, &n) < 0) {
		fprintf(stderr, "usage: bench-analyze [RULES]\n");
		return 2;
	}
	load((uint32_t)n);
	run("20 zone pairs", TYPICAL, (uint32_t)n, 20);
	run("one zone pair", TYPICAL, (uint32_t)n, 1);
	run("one zone pair, dense boxes", DENSE, (uint32_t)n, 1);
	run("one zone pair, all overlapping", CONTAINED, (uint32_t)n, 1);
	run("one zone pair, all crossing", CROSSING, (uint32_t)n, 1);
	run("one zone pair, objects of 100,000 entries", OBJECTS, SK_MIN((uint32_t)n, 200), 1);
	return 0;
}
