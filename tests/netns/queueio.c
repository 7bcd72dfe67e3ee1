/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet queues' own test and measure: listens through ips/queue, one thread a queue, and
 * accepts; a packet that holds the text of --drop is dropped, one that holds that of --mark gets a
 * mark. --touch reads every byte, --decode decodes. Prints its counters when it ends (SIGTERM).
 * Never installed.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ips/packet/decode.h"
#include "ips/queue/queue.h"

#define QUEUES_MAX 16
#define BUDGET 256

struct options {
	bool touch, decode;
	const char *drop, *mark;
	uint32_t mark_value;
	unsigned slow_us;
};

struct worker {
	pthread_t thread;
	struct ips_queue *q;
	struct ips_decoder *d;
	const struct options *opt;
	const atomic_bool *stop;
	uint64_t gso, dropped, marked, payload, with_dev, with_hw, partial;
	uint32_t longest;
	unsigned sum;
};

static atomic_bool stop;

static void on_signal(int sig)
{
	atomic_store(&stop, true);
}

static bool holds(const struct ips_queue_packet *p, const char *text)
{
	return text && memmem(p->frame.data, p->frame.len, text, strlen(text));
}

static void judge(const struct ips_queue_packet *p, struct ips_queue_verdict *v, void *arg)
{
	struct worker *w = arg;
	struct ips_packet pkt;

	w->gso += p->gso;
	w->with_dev += p->in_dev && p->out_dev;
	w->with_hw += p->hw_src != NULL;
	w->partial += p->csum_not_ready;
	if (p->len > w->longest)
		w->longest = p->len;
	if (w->opt->touch)
		for (uint32_t i = 0; i < p->frame.len; i++)
			w->sum += p->frame.data[i];
	if (w->opt->decode) {
		ips_decode(w->d, IPS_LINK_RAW, p->frame, p->ts_us, &pkt);
		w->payload += pkt.payload.len;
	}
	if (w->opt->slow_us)
		usleep(w->opt->slow_us);
	v->drop = holds(p, w->opt->drop);
	v->set_mark = holds(p, w->opt->mark);
	v->mark = w->opt->mark_value;
	w->dropped += v->drop;
	w->marked += v->set_mark;
}

static void *serve(void *arg)
{
	struct worker *w = arg;
	struct pollfd fd = {.fd = ips_queue_fd(w->q), .events = POLLIN};
	struct sk_err err = {.code = 0};

	while (!atomic_load(w->stop)) {
		if (poll(&fd, 1, 100) <= 0)
			continue;
		if (ips_queue_run(w->q, BUDGET, judge, w, &err) < 0) {
			fprintf(stderr, "queueio: %s\n", err.en);
			exit(1);
		}
	}
	return NULL;
}

static void report(struct worker *w, unsigned n)
{
	struct ips_queue_stats t = {0};
	struct worker s = {.q = NULL};

	for (unsigned i = 0; i < n; i++) {
		const struct ips_queue_stats *q = ips_queue_stats(w[i].q);

		t.packets += q->packets;
		t.bytes += q->bytes;
		t.batches += q->batches;
		t.verdicts += q->verdicts;
		t.overruns += q->overruns;
		t.verdict_errors += q->verdict_errors;
		t.truncated += q->truncated;
		t.malformed += q->malformed;
		s.gso += w[i].gso;
		s.dropped += w[i].dropped;
		s.marked += w[i].marked;
		s.payload += w[i].payload;
		s.with_dev += w[i].with_dev;
		s.with_hw += w[i].with_hw;
		s.partial += w[i].partial;
		s.sum += w[i].sum;
		if (w[i].longest > s.longest)
			s.longest = w[i].longest;
	}
#define U(x) (unsigned long long)(x)
	printf("packets %llu bytes %llu batches %llu verdicts %llu overruns %llu errors %llu "
	       "truncated %llu malformed %llu gso %llu dropped %llu marked %llu payload %llu "
	       "devices %llu hw %llu partial %llu longest %u sum %u\n",
		U(t.packets), U(t.bytes), U(t.batches), U(t.verdicts), U(t.overruns),
		U(t.verdict_errors), U(t.truncated), U(t.malformed), U(s.gso), U(s.dropped),
		U(s.marked), U(s.payload), U(s.with_dev), U(s.with_hw), U(s.partial), s.longest,
		s.sum);
#undef U
}

static _Noreturn void usage(void)
{
	fprintf(stderr,
		"usage: queueio [--touch] [--decode] [--full-accept] [--max-len N] [--rcvbuf "
		"BYTES] "
		"[--slow MICROSECONDS]\n               [--drop TEXT] [--mark TEXT VALUE] "
		"FIRST:QUEUES\n");
	exit(2);
}

/* The option's argument, stepped to. */
static const char *next(int argc, char **argv, int *i)
{
	if (++*i >= argc)
		usage();
	return argv[*i];
}

static void arguments(
	int argc, char **argv, struct options *o, struct ips_queue_config *cfg, unsigned *ret_n)
{
	unsigned first = 0, queues = 0;

	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];

		if (strcmp(a, "--touch") == 0) {
			o->touch = true;
		} else if (strcmp(a, "--decode") == 0) {
			o->decode = true;
		} else if (strcmp(a, "--full-accept") == 0) {
			cfg->full_accept = true;
		} else if (strcmp(a, "--max-len") == 0) {
			cfg->max_len = (uint32_t)strtoul(next(argc, argv, &i), NULL, 10);
		} else if (strcmp(a, "--rcvbuf") == 0) {
			cfg->rcvbuf = (uint32_t)strtoul(next(argc, argv, &i), NULL, 10);
		} else if (strcmp(a, "--slow") == 0) {
			o->slow_us = (unsigned)strtoul(next(argc, argv, &i), NULL, 10);
		} else if (strcmp(a, "--drop") == 0) {
			o->drop = next(argc, argv, &i);
		} else if (strcmp(a, "--mark") == 0) {
			o->mark = next(argc, argv, &i);
			o->mark_value = (uint32_t)strtoul(next(argc, argv, &i), NULL, 10);
		} else if (sscanf(a, "%u:%u", &first, &queues) != 2) {
			usage();
		}
	}
	if (queues < 1 || queues > QUEUES_MAX || first + queues > UINT16_MAX)
		usage();
	cfg->number = (uint16_t)first;
	*ret_n = queues;
}

int main(int argc, char **argv)
{
	static const uint8_t seed[16] = {1};
	struct ips_queue_config cfg = {.max_len = 8192, .rcvbuf = 32u << 20};
	const struct sigaction sa = {.sa_handler = on_signal};
	struct ips_decoder_config dec;
	struct worker w[QUEUES_MAX] = {0};
	struct sk_err err = {.code = 0};
	struct options opt = {0};
	unsigned n;

	arguments(argc, argv, &opt, &cfg, &n);
	ips_decoder_config_default(&dec, true);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	for (unsigned i = 0; i < n; i++, cfg.number++) {
		if (ips_queue_open(&w[i].q, &cfg, &err) < 0) {
			fprintf(stderr, "queueio: %s\n", err.en);
			return 1;
		}
		w[i].d = ips_decoder_new(&dec, seed);
		w[i].opt = &opt;
		w[i].stop = &stop;
	}
	for (unsigned i = 0; i < n; i++)
		if (!w[i].d || pthread_create(&w[i].thread, NULL, serve, &w[i]) != 0)
			return 1;
	printf("ready\n");
	fflush(stdout);
	for (unsigned i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	report(w, n);
	for (unsigned i = 0; i < n; i++) {
		ips_queue_close(w[i].q);
		ips_decoder_free(w[i].d);
	}
	return 0;
}
