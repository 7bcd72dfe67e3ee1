/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists in the engine at their real size: time to load, memory, and look-ups of names that are
 * listed, that are not, and of the longest names there are, with one hundred thousand and one
 * million domains. bench-lists [DOMAINS] prints a table; aims are those of the figures.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ips/lists/lists.h"
#include "lib/util.h"

#define PROBES 2000000u
#define NAMES 65536u

static const uint8_t seed[16] = "benchbenchbench";

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

static uint32_t mix(uint32_t x)
{
	x = (x ^ 61) ^ (x >> 16);
	x *= 9;
	x ^= x >> 4;
	x *= 0x27d4eb2d;
	return x ^ (x >> 15);
}

/* As such lists have them: 8 to 23 characters, a few ends. */
static void make_name(char dst[64], uint32_t i, bool listed)
{
	static const char *const ends[] = {
		"com", "net", "top", "xyz", "info", "ru", "org", "co.jp"};
	uint32_t h = mix(i * 2 + listed), len = 5 + h % 14;
	char label[24];

	for (uint32_t k = 0; k < len; k++)
		label[k] = (char)('a' + mix(h + k) % 26);
	label[len] = '\0';
	snprintf(dst, 64, "%s%x.%s", label, i, ends[h >> 8 & 7]);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void make_doc(struct sk_buf *b, uint32_t n)
{
	json_t *head = json_pack(
		"{s:i,s:[{s:s,s:b}]}", "generation", 1, "feeds", "name", "malware", "block", 1);
	char(*names)[64] = calloc(n, sizeof(*names));
	struct sk_bl_writer w;
	char sha256[65];

	if (!names || !head)
		exit(1);
	for (uint32_t i = 0; i < n; i++)
		make_name(names[i], i, true);
	qsort(names, n, sizeof(*names), by_text);
	if (sk_bl_write_begin(&w, b, head) < 0)
		exit(1);
	/* Half of them alone, half with all below them. */
	for (int kind = SK_BL_DOMAIN; kind <= SK_BL_SUFFIX; kind++)
		for (uint32_t i = (uint32_t)kind & 1; i < n; i += 2)
			sk_bl_write(&w, (enum sk_bl_kind)kind, names[i], strlen(names[i]), 0);
	if (sk_bl_write_end(&w, sha256) < 0)
		exit(1);
	free(names);
	json_decref(head);
}

/* Nanoseconds for one look-up; with the number of those that are listed. */
static double look_up(const struct ips_lists *l, char (*names)[256], uint32_t *ret_hits)
{
	struct ips_lists_hit hit;
	uint32_t hits = 0;
	double start;

	for (uint32_t i = 0; i < NAMES; i++)
		hits += ips_lists_name(l, names[i], strlen(names[i]), &hit) == IPS_LISTS_BLOCK;
	start = now();
	for (uint32_t i = 0; i < PROBES; i++) {
		const char *s = names[mix(i) % NAMES];

		ips_lists_name(l, s, strlen(s), &hit);
	}
	*ret_hits = hits;
	return (now() - start) * 1e9 / PROBES;
}

static void fill(char (*names)[256], uint32_t n, bool listed, const char *before)
{
	for (uint32_t i = 0; i < NAMES; i++) {
		char name[64];

		make_name(name, listed ? mix(i) % n : i, listed);
		snprintf(names[i], sizeof(names[i]), "%s%s", before, name);
	}
}

static double run(uint32_t n)
{
	char(*names)[256] = calloc(NAMES, sizeof(*names));
	double start, load, before, known, unknown, deep;
	struct ips_lists *l = NULL;
	struct sk_err err = {0};
	char labels[209] = "";
	uint32_t hits[3];
	struct sk_buf b;

	sk_buf_init(&b, SK_BL_BYTES_MAX);
	make_doc(&b, n);
	before = resident_mib();
	start = now();
	if (!names || ips_lists_new(&l, b.data, b.len, seed, &err) < 0) {
		fprintf(stderr, "%s: %s\n", err.path, err.en);
		exit(1);
	}
	load = now() - start;
	fill(names, n, true, "www.");
	known = look_up(l, names, &hits[0]);
	fill(names, n, false, "www.");
	unknown = look_up(l, names, &hits[1]);
	for (unsigned i = 0; i < 104; i++)
		memcpy(labels + 2 * i, "a.", 2);
	fill(names, n, false, labels);
	deep = look_up(l, names, &hits[2]);
	printf("%8u domains, a document of %.1f MiB\n", n, (double)b.len / 1048576);
	printf("  load            %8.3f s   %s\n", load,
		load < 1 ? "(aim: under 1 s)" : "ABOVE 1 s");
	printf("  memory          %8.1f MiB %s, resident %+.1f MiB\n",
		(double)ips_lists_info(l)->bytes / 1048576,
		ips_lists_info(l)->bytes < 64u << 20 ? "(aim: under 64 MiB)" : "ABOVE 64 MiB",
		resident_mib() - before);
	printf("  look-up, listed %8.0f ns  %s; %u of %u found\n", known,
		known < 1000 ? "(aim: under 1000 ns)" : "ABOVE 1000 ns", hits[0], NAMES);
	printf("  look-up, others %8.0f ns  %s; %u found\n", unknown,
		unknown < 1000 ? "(aim: under 1000 ns)" : "ABOVE 1000 ns", hits[1]);
	printf("  106 labels      %8.0f ns\n", deep);
	ips_lists_unref(l);
	sk_buf_done(&b);
	free(names);
	return unknown;
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	double small = run(SK_MAX(n / 10, 1000u)), all = run(n);

	printf("  look-up with ten times the list: %.2f times\n", all / small);
	return 0;
}
