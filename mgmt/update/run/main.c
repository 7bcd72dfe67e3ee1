/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-update: options and rights. The service manager starts one for each connection of the
 * manager (sekisho-update.socket); by hand it listens itself. It reads what strangers' servers say,
 * and so may do nothing but write its own folder and ask RAUC.
 */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <syslog.h>

#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/update/run/run.h"

#define MANAGER_USER "sekisho-mgmtd"
#define REQUEST_S 7200u

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-update [options]           serve the connection of the service "
	      "manager\n"
	      "       sekisho-update --listen PATH [options]  serve a socket of its own\n"
	      "  --state-dir DIR    what is fetched (" SK_STATEDIR "/update)\n"
	      "  --health-dir DIR   results of the health check (" SK_STATEDIR "/health)\n"
	      "  --keyring FILE     certificate of the update authority (/etc/rauc/keyring.pem)\n"
	      "  --cmdline FILE     of the kernel (/proc/cmdline)\n"
	      "  --grubenv FILE     state of the slots (/boot/state/grubenv)\n"
	      "  --version-file FILE  version of the system (" SK_LIBDIR "/version)\n"
	      "  --os-release FILE  of the base system (/etc/os-release)\n"
	      "  --ca FILE          trusted certificates of servers instead of the system's\n"
	      "  --timeout N        seconds for a transfer (3600)\n"
	      "  --user NAME        run as this user when started by root\n"
	      "  --allow-user NAME  who besides root may ask, name or uid (" MANAGER_USER ")\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --no-seccomp       without the system call filter\n"
	      "  --version, --help\n",
		f);
	return code;
}

enum {
	O_LISTEN = 256,
	O_STATE,
	O_HEALTH,
	O_KEYRING,
	O_CMDLINE,
	O_GRUBENV,
	O_VERSIONFILE,
	O_OSRELEASE,
	O_CA,
	O_TIMEOUT,
	O_USER,
	O_ALLOW,
	O_LEVEL,
	O_NOSEC,
	O_VERSION,
	O_HELP
};

static const struct option longopts[] = {
	{"listen", required_argument, NULL, O_LISTEN},
	{"state-dir", required_argument, NULL, O_STATE},
	{"health-dir", required_argument, NULL, O_HEALTH},
	{"keyring", required_argument, NULL, O_KEYRING},
	{"cmdline", required_argument, NULL, O_CMDLINE},
	{"grubenv", required_argument, NULL, O_GRUBENV},
	{"version-file", required_argument, NULL, O_VERSIONFILE},
	{"os-release", required_argument, NULL, O_OSRELEASE},
	{"ca", required_argument, NULL, O_CA},
	{"timeout", required_argument, NULL, O_TIMEOUT},
	{"user", required_argument, NULL, O_USER},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_NOSEC},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

struct settings {
	struct mg_run_opts run;
	struct sk_oneshot_opts shot;
	int level;
};

/* -1: go on; else the exit code. */
static int option(struct settings *s, int c)
{
	uint64_t n;

	switch (c) {
	case O_LISTEN: s->shot.listen = optarg; break;
	case O_STATE: s->run.state_dir = optarg; break;
	case O_HEALTH: s->run.health_dir = optarg; break;
	case O_KEYRING: s->run.keyring = optarg; break;
	case O_CMDLINE: s->run.cmdline = optarg; break;
	case O_GRUBENV: s->run.grubenv = optarg; break;
	case O_VERSIONFILE: s->run.version_file = optarg; break;
	case O_OSRELEASE: s->run.os_release = optarg; break;
	case O_CA: s->run.ca_file = optarg; break;
	case O_USER: s->shot.user = optarg; break;
	case O_TIMEOUT:
		if (sk_parse_u64(optarg, REQUEST_S - 600, &n) < 0 || n == 0)
			return usage(stderr, 2);
		s->run.timeout = (int64_t)n;
		break;
	case O_ALLOW:
		if (sk_oneshot_allow(&s->shot, optarg) < 0) {
			fprintf(stderr, "sekisho-update: there is no user %s\n", optarg);
			return 2;
		}
		break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		s->level = (int)n;
		break;
	case O_NOSEC: s->run.no_seccomp = true; break;
	case O_VERSION: printf("sekisho-update %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.run = {.state_dir = SK_STATEDIR "/update",
			.health_dir = SK_STATEDIR "/health",
			.keyring = "/etc/rauc/keyring.pem",
			.cmdline = "/proc/cmdline",
			.grubenv = "/boot/state/grubenv",
			.version_file = SK_LIBDIR "/version",
			.os_release = "/etc/os-release",
			.timeout = 3600},
		.shot = {.name = "sekisho-update", .seconds = REQUEST_S, .serve = mg_run_serve},
		.level = LOG_INFO,
	};
	int c, r;

	sk_oneshot_allow(&s.shot, MANAGER_USER);
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&s, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	sk_log_init("sekisho-update", s.level);
	if (sodium_init() < 0)
		return 1;
	s.shot.arg = &s.run;
	r = sk_oneshot_run(&s.shot);
	return r == 2 ? usage(stderr, 2) : r;
}
