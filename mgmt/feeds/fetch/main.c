/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-feed: one process a request (lib/oneshot.h), by sekisho-feed.socket, or by hand on a
 * socket of its own. It knows the API keys and nothing else that is worth having.
 */
#include <errno.h>
#include <getopt.h>
#include <string.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/oneshot.h"
#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"

#define MANAGER_USER "sekisho-mgmtd"
#define SECRETS_MAX 65536
#define REQUEST_S 900u /* beyond any timeout of a definition */

struct settings {
	struct sk_oneshot_opts o;
	struct mg_fetch_opts f;
	const char *secrets_path;
	int level;
};

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-feed [options]            serve the connection of the service "
	      "manager\n"
	      "       sekisho-feed --listen PATH [options]  serve a socket of its own\n"
	      "  --user NAME        run as this user when started by root\n"
	      "  --allow-user NAME  who besides root may ask, name or uid (" MANAGER_USER ")\n"
	      "  --secrets FILE     API keys, a line \"FEED = KEY\" each\n"
	      "  --ca FILE          trusted certificates instead of the system's\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --no-seccomp       without the system call filter\n"
	      "  --version, --help\n",
		f);
	return code;
}

enum { O_LISTEN = 256, O_USER, O_ALLOW, O_SECRETS, O_CA, O_LEVEL, O_NOSEC, O_VERSION, O_HELP };

static const struct option longopts[] = {
	{"listen", required_argument, NULL, O_LISTEN},
	{"user", required_argument, NULL, O_USER},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"secrets", required_argument, NULL, O_SECRETS},
	{"ca", required_argument, NULL, O_CA},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_NOSEC},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

/* -1: go on; else the exit code. */
static int option(struct settings *s, int c)
{
	uint64_t n;

	switch (c) {
	case O_LISTEN: s->o.listen = optarg; break;
	case O_USER: s->o.user = optarg; break;
	case O_ALLOW:
		if (sk_oneshot_allow(&s->o, optarg) < 0) {
			fprintf(stderr, "sekisho-feed: there is no user %s\n", optarg);
			return 2;
		}
		break;
	case O_SECRETS: s->secrets_path = optarg; break;
	case O_CA: s->f.ca_file = optarg; break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		s->level = (int)n;
		break;
	case O_NOSEC: s->f.no_seccomp = true; break;
	case O_VERSION: printf("sekisho-feed %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

/* From the file named, or from what the service manager handed over; none is no error. */
static int read_secrets(struct settings *s, struct sk_err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[512];
	struct sk_buf b;
	int r;

	if (s->secrets_path)
		snprintf(path, sizeof(path), "%s", s->secrets_path);
	else if (dir)
		snprintf(path, sizeof(path), "%.480s/feeds", dir);
	else
		return 0;
	sk_buf_init(&b, SECRETS_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0 && b.len)
		s->f.secrets = sk_buf_take(&b);
	sk_buf_done(&b);
	return r == -ENOENT && !s->secrets_path ? 0 : r;
}

static void serve(int fd, void *arg)
{
	mg_fetch_serve(fd, arg);
}

static int run(struct settings *s)
{
	struct sk_err err = {0};
	int r = read_secrets(s, &err);

	if (r < 0) {
		sk_log_err(LOG_CRIT, "start", &err);
		return 1;
	}
	r = sk_oneshot_run(&s->o);
	return r == 2 ? usage(stderr, 2) : r;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.o = {.name = "sekisho-feed", .seconds = REQUEST_S, .serve = serve, .arg = &s.f},
		.level = LOG_INFO};
	int c, r;

	sk_oneshot_allow(&s.o, MANAGER_USER);
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&s, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	sk_log_init("sekisho-feed", s.level);
	r = run(&s);
	if (s.f.secrets)
		explicit_bzero(s.f.secrets, strlen(s.f.secrets));
	free(s.f.secrets);
	return r;
}
