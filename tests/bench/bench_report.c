// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event store and its reports at size: bench-report DIR [ROWS [DAYS]]. Fills an empty DIR
 * through mg_events_append() with what a gateway at the Internet sees (clients retrying, services
 * probing, noise from everywhere), then asks the reports before and after the days are sealed.
 * Prints times, judges none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/events/events.h"
#include "mgmt/events/files.h"
#include "mgmt/events/rollup.h"
#include "mgmt/report/report.h"

#define BATCH 5000
#define FRAME 300 /* events in one frame of fwd */
#define US 1000000

struct bench {
	const char *dir;
	struct mg_events *e;
	int64_t start;
	int days;
	uint64_t rows, seed;
};

static uint64_t prng(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * 0x2545f4914f6cdd1dull;
}

static void die(const char *what, const struct sk_err *err)
{
	fprintf(stderr, "%s: %s\n", what, err->en);
	exit(1);
}

static double cpu_s(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		(double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / US;
}

static json_t *make_batch(size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a,
			json_pack("{s:s,s:s,s:I,s:s,s:i,s:s,s:i,s:s,s:s,s:s,s:i,s:{s:s},s:{s:s,s:i,"
				  "s:i,s:s,"
				  "s:s,s:s}}",
				"event_type", "drop", "timestamp",
				"2026-01-01T00:00:00.000000+0900", "ts", (json_int_t)0, "src_ip",
				"", "src_port", 0, "dest_ip", "", "dest_port", 0, "proto", "TCP",
				"in_iface", "lan0", "out_iface", "wan0", "pkt_len", 60, "ether",
				"src_mac", "02:00:00:00:00:01", "sekisho", "reason", "no_rule",
				"rule", 0, "revision", 0, "zone_in", "lan", "zone_out", "wan",
				"direction", "outbound"));
	return a;
}

static void set_int(json_t *ev, const char *key, int64_t v)
{
	json_integer_set(json_object_get(ev, key), v);
}

static void set_text(json_t *ev, const char *key, const char *v)
{
	json_string_set(json_object_get(ev, key), v);
}

/* Six of ten: 200 clients towards 3,000 servers; three: anybody to our two addresses; one: IPv6. */
static void vary(json_t *ev, int64_t ts, uint64_t *seed)
{
	static const int ports[] = {443, 80, 53, 123, 445, 22, 3389, 8080, 25, 5060};
	uint64_t r = prng(seed), kind = r % 10, a = prng(seed);
	bool out = kind < 6 || kind == 9;
	json_t *s = json_object_get(ev, "sekisho");
	char src[48], dst[48];

	if (kind < 6) {
		uint64_t server = (a >> 32) % 3000 * ((a >> 20) % 3000) / 3000;

		snprintf(src, sizeof(src), "192.168.%u.%u", (unsigned)(a % 2),
			(unsigned)(a / 2 % 100));
		snprintf(dst, sizeof(dst), "203.%u.%u.9", (unsigned)(server / 250),
			(unsigned)(server % 250));
	} else if (kind < 9) {
		snprintf(src, sizeof(src), "%u.%u.%u.%u", (unsigned)(a & 127) + 1,
			(unsigned)(a >> 8 & 255), (unsigned)(a >> 16 & 255),
			(unsigned)(a >> 24 & 255));
		snprintf(dst, sizeof(dst), "198.51.100.%u", (unsigned)(a >> 32 & 1) + 1);
	} else {
		snprintf(src, sizeof(src), "2001:db8:1::%x", (unsigned)(a % 200) + 1);
		snprintf(dst, sizeof(dst), "2001:db8:ffff:%x::1", (unsigned)(a >> 32) % 500);
	}
	set_int(ev, "ts", ts);
	set_text(ev, "src_ip", src);
	set_text(ev, "dest_ip", dst);
	set_int(ev, "src_port", 1024 + (int64_t)(r >> 8) % 60000);
	set_int(ev, "dest_port", out ? ports[(r >> 24) % 10] : (int64_t)(r >> 24) % 65536);
	set_text(ev, "proto", (r >> 40) % 4 ? "TCP" : "UDP");
	set_text(s, "zone_in", out ? "lan" : "wan");
	set_text(s, "zone_out", out ? "wan" : "lan");
	set_text(s, "reason", (r >> 50) % 8 ? "no_rule" : "rule");
	set_int(s, "rule", (r >> 50) % 8 ? 0 : 1000 + (int64_t)(r >> 53) % 20);
}

static void fill(struct bench *b)
{
	json_t *a = make_batch(BATCH);
	int64_t span = (int64_t)b->days * 86400 * US, store_us = 0;
	uint64_t wall = sk_mono_us(), seq = 0;
	struct sk_err err = {0};

	for (uint64_t i = 0; i < b->rows; i += BATCH) {
		uint64_t from;

		for (uint64_t k = 0; k < BATCH; k++)
			vary(json_array_get(a, k),
				b->start * US +
					(int64_t)((double)(i + k) / (double)b->rows * (double)span),
				&b->seed);
		from = sk_mono_us();
		if (mg_events_append(b->e, "bench", seq += BATCH, a, &err) < 0)
			die("append", &err);
		store_us += (int64_t)(sk_mono_us() - from);
	}
	json_decref(a);
	printf("store: %.2f M rows in batches of %d: %.0f rows/s in mg_events_append (%.1f s), "
	       "%.1f s with "
	       "generating\n",
		(double)b->rows / 1e6, BATCH, (double)b->rows / ((double)store_us / US),
		(double)store_us / US, (double)(sk_mono_us() - wall) / US);
}

/* What mgmtd does for 20,000 events a second: frames of fwd parsed and stored, with or without
 * eve.json. */
static void ingest(const char *dir, bool eve)
{
	char sub[400], path[450];
	struct mg_events_opts o = {
		.dir = sub, .eve_path = eve ? path : NULL, .retention_days = MG_RETENTION_DAYS_MIN};
	struct mg_events *e = NULL;
	struct sk_err err = {0};
	uint64_t seed = 5, seq = 0, from;
	json_t *a = make_batch(FRAME);
	const int frames = 100000 / FRAME;
	char **text = calloc((size_t)frames, sizeof(*text));
	double cpu;

	snprintf(sub, sizeof(sub), "%s/ingest-%d", dir, eve);
	snprintf(path, sizeof(path), "%s/eve.json", sub);
	if (mg_events_open(&e, &o, &err) < 0)
		die("open", &err);
	for (int i = 0; i < frames; i++) {
		for (int k = 0; k < FRAME; k++)
			vary(json_array_get(a, (size_t)k), sk_now_us() + i * 15000 + k * 50, &seed);
		text[i] = json_dumps(a, JSON_COMPACT);
	}
	from = sk_mono_us();
	cpu = cpu_s(RUSAGE_SELF);
	for (int i = 0; i < frames; i++) {
		json_t *v = sk_json_parse(text[i], strlen(text[i]), &err);

		if (!v || mg_events_append(e, "bench", seq += FRAME, v, &err) < 0)
			die("ingest", &err);
		json_decref(v);
		free(text[i]);
	}
	cpu = cpu_s(RUSAGE_SELF) - cpu;
	printf("ingest: frames of %d events parsed and stored%s: %.0f events/s, %.1f us of CPU "
	       "each; 20,000/s "
	       "take %.0f %% of one core\n",
		FRAME, eve ? " with eve.json" : "",
		(double)seq / ((double)(sk_mono_us() - from) / US), cpu / (double)seq * 1e6,
		cpu / (double)seq * 20000 * 100);
	free(text);
	json_decref(a);
	mg_events_close(e);
}

static int count_row(const json_t *row, void *arg)
{
	(void)row;
	(*(size_t *)arg)++;
	return 0;
}

static void ask(const struct bench *b, const char *what, struct mg_report_query q)
{
	struct sk_err err = {0};
	double best = 1e9, cpu = 0;
	size_t rows = 0;

	q.event_type = "drop";
	if (!q.from)
		q.from = b->start;
	q.to = b->start + (int64_t)(b->days + 1) * 86400;
	if (!q.port)
		q.port = -1;
	for (int i = 0; i < 3; i++) {
		uint64_t from = sk_mono_us();
		double before = cpu_s(RUSAGE_SELF), took;

		rows = 0;
		if (mg_report_run(b->dir, &q, count_row, &rows, &err) < 0)
			die(what, &err);
		took = (double)(sk_mono_us() - from) / US;
		if (took < best) {
			best = took;
			cpu = cpu_s(RUSAGE_SELF) - before;
		}
		if (took > 5)
			break;
	}
	printf("  %-44s %7.3f s  %7.3f CPU-s  %zu rows\n", what, best, cpu, rows);
}

static void ask_all(const struct bench *b, const char *when)
{
	int64_t last_day = b->start + (int64_t)(b->days - 1) * 86400;

	printf("reports over %d days, %s (best of 3):\n", b->days, when);
	ask(b, "by destination", (struct mg_report_query){.by = MG_BY_DESTINATION});
	ask(b, "by source", (struct mg_report_query){.by = MG_BY_SOURCE});
	ask(b, "by port", (struct mg_report_query){.by = MG_BY_PORT});
	ask(b, "by reason", (struct mg_report_query){.by = MG_BY_REASON});
	ask(b, "by zones", (struct mg_report_query){.by = MG_BY_ZONES});
	ask(b, "by day", (struct mg_report_query){.by = MG_BY_DAY});
	ask(b, "by hour", (struct mg_report_query){.by = MG_BY_HOUR});
	ask(b, "by destination, one source",
		(struct mg_report_query){.by = MG_BY_DESTINATION, .source = "192.168.1.50"});
	ask(b, "by destination, zone lan",
		(struct mg_report_query){.by = MG_BY_DESTINATION, .zone_in = "lan"});
	ask(b, "by destination, tcp/443",
		(struct mg_report_query){.by = MG_BY_DESTINATION, .proto = "tcp", .port = 443});
	ask(b, "by source, one destination /24",
		(struct mg_report_query){.by = MG_BY_SOURCE, .destination = "203.3.7.0/24"});
	ask(b, "detail, newest 1,000", (struct mg_report_query){.by = MG_BY_DETAIL});
	ask(b, "detail, a source that never was",
		(struct mg_report_query){.by = MG_BY_DETAIL, .source = "172.16.5.5"});
	ask(b, "by destination, the last day",
		(struct mg_report_query){.by = MG_BY_DESTINATION, .from = last_day + 3600});
}

static void seal(struct bench *b)
{
	uint64_t from = sk_mono_us(), longest = 0;
	struct sk_err err = {0};

	for (int i = 0; i < b->days; i++) {
		uint64_t one = sk_mono_us();

		if (mg_rollup_seal(
			    b->dir, mg_date_of(b->start + (int64_t)i * 86400 + 43200), &err) < 0)
			die("seal", &err);
		longest = SK_MAX(longest, sk_mono_us() - one);
	}
	printf("seal: %d days in %.1f s, longest %.2f s\n", b->days,
		(double)(sk_mono_us() - from) / US, (double)longest / US);
}

static void print_size(const struct bench *b, const char *when)
{
	struct mg_events_stat s;

	if (mg_events_stat(b->e, sk_now(), &s, NULL) == 0)
		printf("size, %s: %.1f MB in %d files, %.1f bytes a row\n", when,
			(double)s.bytes / 1e6, s.days, (double)s.bytes / (double)b->rows);
}

int main(int argc, char **argv)
{
	struct bench b = {.days = 30, .rows = 10000000, .seed = 88172645463325252ull};
	struct mg_events_opts o = {.retention_days = MG_RETENTION_DAYS_MIN};
	struct sk_err err = {0};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: bench-report DIR [ROWS [DAYS]]\n");
		return 2;
	}
	b.dir = o.dir = argv[1];
	if (argc > 2)
		b.rows = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		b.days = (int)strtol(argv[3], NULL, 10);
	b.start = sk_day_add(sk_day_start(sk_now()), -b.days);
	if (mg_events_open(&b.e, &o, &err) < 0)
		die("open", &err);
	fill(&b);
	print_size(&b, "filled");
	ask_all(&b, "from rows");
	mg_events_close(b.e);
	seal(&b);
	if (mg_events_open(&b.e, &o, &err) < 0)
		die("open", &err);
	print_size(&b, "sealed");
	ask_all(&b, "sealed");
	mg_events_close(b.e);
	ingest(b.dir, false);
	ingest(b.dir, true);
	return 0;
}
