/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-ipsd: the inspection engine. As a daemon it takes packets from the kernel's queues; with
 * --read it runs the same engine on capture files; with --check it judges rule files.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ips/ipsd/offline.h"
#include "ips/ipsd/serve.h"
#include "lib/log.h"
#include "lib/util.h"

#define MAX_RULE_ARGS 256

struct settings {
	struct ips_offline offline;
	const char *rules[MAX_RULE_ARGS];
	bool check, json, no_compile;
};

static void usage(FILE *f)
{
	fputs("usage: sekisho-ipsd --read FILE|DIR [--rules FILE...] [--blocklist FILE] --log-dir "
	      "DIR\n"
	      "                    [options]\n"
	      "       sekisho-ipsd --check --rules FILE... [--json] [--no-compile]\n"
	      "  --read PATH            a capture (pcap, pcapng) or a folder of them\n"
	      "  --rules FILE...        rule files or folders of them\n"
	      "  --blocklist FILE       a blocklist document: names, URLs, fingerprints\n"
	      "  --log-dir DIR          where eve.json is written\n"
	      "  --config FILE          JSON: vars, engine, criteria, exceptions\n"
	      "  --inline               judge captures as if in the path: drops are real\n"
	      "  --classification FILE, --reference FILE, --threshold FILE\n"
	      "                         (default: those beside the first rule file)\n"
	      "  --cache-dir DIR        keep and use compiled rules\n"
	      "  --version, --help\n",
		f);
	ipsd_serve_usage(f);
}

/* Captures and checking have options of their own. */
static bool is_offline(int argc, char **argv)
{
	static const char *const words[] = {"--read", "--check", "--version", "--help"};

	for (int i = 1; i < argc; i++)
		for (size_t k = 0; k < SK_ARRAY_SIZE(words); k++)
			if (strncmp(argv[i], words[k], strlen(words[k])) == 0)
				return true;
	return false;
}

enum {
	OPT_READ = 256,
	OPT_RULES,
	OPT_BLOCKLIST,
	OPT_LOG_DIR,
	OPT_CONFIG,
	OPT_INLINE,
	OPT_CLASS,
	OPT_REF,
	OPT_THRESHOLD,
	OPT_CACHE,
	OPT_CHECK,
	OPT_JSON,
	OPT_NO_COMPILE,
	OPT_VERSION,
	OPT_HELP
};

static const struct option options[] = {
	{"read", required_argument, NULL, OPT_READ},
	{"rules", required_argument, NULL, OPT_RULES},
	{"blocklist", required_argument, NULL, OPT_BLOCKLIST},
	{"log-dir", required_argument, NULL, OPT_LOG_DIR},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"inline", no_argument, NULL, OPT_INLINE},
	{"classification", required_argument, NULL, OPT_CLASS},
	{"reference", required_argument, NULL, OPT_REF},
	{"threshold", required_argument, NULL, OPT_THRESHOLD},
	{"cache-dir", required_argument, NULL, OPT_CACHE},
	{"check", no_argument, NULL, OPT_CHECK},
	{"json", no_argument, NULL, OPT_JSON},
	{"no-compile", no_argument, NULL, OPT_NO_COMPILE},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

/* --rules takes all words up to the next option. */
static bool add_rules(struct settings *s, int argc, char **argv)
{
	struct ips_load *l = &s->offline.load;
	const char *word = optarg;

	for (;;) {
		if (l->rules_n == MAX_RULE_ARGS) {
			fprintf(stderr, "sekisho-ipsd: at most %d rule arguments; name a folder\n",
				MAX_RULE_ARGS);
			return false;
		}
		s->rules[l->rules_n++] = word;
		if (optind >= argc || argv[optind][0] == '-')
			return true;
		word = argv[optind++];
	}
}

/* -1: go on; else the exit code. */
static int parse_args(struct settings *s, int argc, char **argv)
{
	struct ips_offline *o = &s->offline;
	int c;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case OPT_READ: o->read = optarg; break;
		case OPT_RULES:
			if (!add_rules(s, argc, argv))
				return 2;
			break;
		case OPT_BLOCKLIST: o->blocklist = optarg; break;
		case OPT_LOG_DIR: o->log_dir = optarg; break;
		case OPT_CONFIG: o->load.config = optarg; break;
		case OPT_INLINE: o->inline_mode = true; break;
		case OPT_CLASS: o->load.classification = optarg; break;
		case OPT_REF: o->load.reference = optarg; break;
		case OPT_THRESHOLD: o->load.threshold = optarg; break;
		case OPT_CACHE: o->load.cache_dir = optarg; break;
		case OPT_CHECK: s->check = true; break;
		case OPT_JSON: s->json = true; break;
		case OPT_NO_COMPILE: s->no_compile = true; break;
		case OPT_VERSION: puts("sekisho-ipsd " SK_VERSION); return 0;
		case OPT_HELP: usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct settings s = {.check = false};
	struct sk_err err = {0};
	int r;

	if (!is_offline(argc, argv))
		return ipsd_serve(argc, argv);
	r = parse_args(&s, argc, argv);
	if (r >= 0)
		return r;
	sk_log_init("sekisho-ipsd", LOG_INFO);
	s.offline.load.rules = s.rules;
	if (optind < argc || (s.offline.load.rules_n == 0 && (s.check || !s.offline.blocklist)) ||
		(!s.check && (!s.offline.read || !s.offline.log_dir))) {
		usage(stderr);
		return 2;
	}
	if (s.check)
		r = ips_check_run(&s.offline.load, s.json, !s.no_compile, &err);
	else
		r = ips_offline_run(&s.offline, &err);
	if (r < 0) {
		sk_log_err(LOG_ERR, "cannot go on", &err);
		return 1;
	}
	return 0;
}
