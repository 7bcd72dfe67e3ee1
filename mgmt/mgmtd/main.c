// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sekisho-mgmtd: options, rights given up, the event loop. A startup error is printed and ends it;
 * once it runs, nothing a client sends does.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/mgmtd/notifier.h"
#include "mgmt/mgmtd/switches.h"

struct options {
	struct mg_daemon_opts d;
	int level;
	char eve[256], fwd[256], ips[256], nac[256], feed[256], secrets[512], switches[512];
};

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-mgmtd [OPTION...]\n"
	      "  --state-dir DIR    registry, audit log, events (" SK_STATEDIR "/mgmtd)\n"
	      "  --run-dir DIR      where mgmt.sock is made (" SK_RUNDIR ")\n"
	      "  --fwd-socket PATH  sekisho-fwd (RUN-DIR/fwd.sock)\n"
	      "  --ips-socket PATH  sekisho-ipsd (RUN-DIR/ips.sock)\n"
	      "  --nac-socket PATH  sekisho-nacd (RUN-DIR/nac.sock)\n"
	      "  --feed-socket PATH sekisho-feed (RUN-DIR/feed.sock)\n"
	      "  --feeds DIR        definitions of blocklists (" SK_DATADIR "/feeds)\n"
	      "  --rules-dir DIR    imported rule sets (" SK_STATEDIR "/rules)\n"
	      "  --profiles DIR     profiles of the inspection (" SK_DATADIR "/ips)\n"
	      "  --geoip DIR        country and AS databases, *.mmdb (/var/lib/GeoIP, "
	      "/usr/share/GeoIP)\n"
	      "  --secrets FILE     passwords for mail and webhook\n"
	      "  --radius-dir DIR   what FreeRADIUS reads (" SK_STATEDIR "/radius); none: off\n"
	      "  --radius-spool DIR what it writes (" SK_STATEDIR "/radius-log)\n"
	      "  --radius-port N    where it listens on 127.0.0.1 (1812)\n"
	      "  --radius-secrets FILE  secrets of the switches\n"
	      "  --eve PATH         events as JSON lines for a SIEM (STATE-DIR/eve.json); none: "
	      "off\n"
	      "  --user NAME        run as this user when started by root\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --no-seccomp       without the system call filter\n"
	      "  --version, --help\n",
		f);
	return code;
}

enum {
	O_STATE = 256,
	O_RUN,
	O_FWD,
	O_IPS,
	O_NAC,
	O_FEED,
	O_FEEDS,
	O_RULES,
	O_PROFILES,
	O_GEOIP,
	O_SECRETS,
	O_RADIUS,
	O_RADIUS_SPOOL,
	O_RADIUS_PORT,
	O_RADIUS_SECRETS,
	O_EVE,
	O_USER,
	O_LEVEL,
	O_NOSEC,
	O_VERSION,
	O_HELP
};

static const struct option longopts[] = {
	{"state-dir", required_argument, NULL, O_STATE},
	{"run-dir", required_argument, NULL, O_RUN},
	{"fwd-socket", required_argument, NULL, O_FWD},
	{"ips-socket", required_argument, NULL, O_IPS},
	{"nac-socket", required_argument, NULL, O_NAC},
	{"feed-socket", required_argument, NULL, O_FEED},
	{"feeds", required_argument, NULL, O_FEEDS},
	{"rules-dir", required_argument, NULL, O_RULES},
	{"profiles", required_argument, NULL, O_PROFILES},
	{"geoip", required_argument, NULL, O_GEOIP},
	{"secrets", required_argument, NULL, O_SECRETS},
	{"radius-dir", required_argument, NULL, O_RADIUS},
	{"radius-spool", required_argument, NULL, O_RADIUS_SPOOL},
	{"radius-port", required_argument, NULL, O_RADIUS_PORT},
	{"radius-secrets", required_argument, NULL, O_RADIUS_SECRETS},
	{"eve", required_argument, NULL, O_EVE},
	{"user", required_argument, NULL, O_USER},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_NOSEC},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

/* -1: go on; else the exit code. */
static int option(struct options *o, int c)
{
	uint64_t n;

	switch (c) {
	case O_STATE: o->d.state_dir = optarg; break;
	case O_RUN: o->d.run_dir = optarg; break;
	case O_FWD: o->d.fwd_socket = optarg; break;
	case O_IPS: o->d.ips_socket = optarg; break;
	case O_NAC: o->d.nac_socket = optarg; break;
	case O_FEED: o->d.feed_socket = optarg; break;
	case O_FEEDS: o->d.feeds_dir = optarg; break;
	case O_RULES: o->d.rules_dir = optarg; break;
	case O_PROFILES: o->d.profiles_dir = optarg; break;
	case O_GEOIP: o->d.geoip_dir = optarg; break;
	case O_SECRETS: o->d.secrets = optarg; break;
	case O_RADIUS: o->d.radius.dir = optarg; break;
	case O_RADIUS_SPOOL: o->d.radius.spool = optarg; break;
	case O_RADIUS_SECRETS: o->d.radius.secrets = optarg; break;
	case O_RADIUS_PORT:
		if (sk_parse_u64(optarg, 65535, &n) < 0 || n == 0)
			return usage(stderr, 2);
		o->d.radius.port = (uint16_t)n;
		break;
	case O_EVE: o->d.eve_path = optarg; break;
	case O_USER: o->d.user = optarg; break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		o->level = (int)n;
		break;
	case O_NOSEC: o->d.no_seccomp = true; break;
	case O_VERSION: printf("sekisho-mgmtd %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

static int parse(struct options *o, int argc, char **argv)
{
	int c, r;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(o, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	if (!o->d.fwd_socket) {
		snprintf(o->fwd, sizeof(o->fwd), "%s/fwd.sock", o->d.run_dir);
		o->d.fwd_socket = o->fwd;
	}
	if (!o->d.nac_socket) {
		snprintf(o->nac, sizeof(o->nac), "%s/nac.sock", o->d.run_dir);
		o->d.nac_socket = o->nac;
	}
	if (!o->d.ips_socket) {
		snprintf(o->ips, sizeof(o->ips), "%s/ips.sock", o->d.run_dir);
		o->d.ips_socket = o->ips;
	}
	if (!o->d.feed_socket) {
		snprintf(o->feed, sizeof(o->feed), "%s/feed.sock", o->d.run_dir);
		o->d.feed_socket = o->feed;
	}
	/* What the service manager hands over: readable here, and by nobody else. */
	if (!o->d.secrets && getenv("CREDENTIALS_DIRECTORY")) {
		snprintf(o->secrets, sizeof(o->secrets), "%.480s/notify",
			getenv("CREDENTIALS_DIRECTORY"));
		o->d.secrets = o->secrets;
	}
	if (!o->d.radius.secrets && getenv("CREDENTIALS_DIRECTORY")) {
		snprintf(o->switches, sizeof(o->switches), "%.480s/radius",
			getenv("CREDENTIALS_DIRECTORY"));
		o->d.radius.secrets = o->switches;
	}
	if (sk_streq(o->d.radius.dir, "none"))
		o->d.radius.dir = NULL;
	if (!o->d.eve_path) {
		snprintf(o->eve, sizeof(o->eve), "%s/eve.json", o->d.state_dir);
		o->d.eve_path = o->eve;
	} else if (!strcmp(o->d.eve_path, "none")) {
		o->d.eve_path = NULL;
	}
	return -1;
}

/* A socket from the service manager, -1 if there is none; more than one is a mistake in the unit.
 */
static int inherited(struct sk_err *err)
{
	int n = sd_listen_fds(1);

	if (n > 1)
		return sk_err_en(err, -EINVAL, NULL, "%d sockets were passed, one is wanted", n);
	return n == 1 ? SD_LISTEN_FDS_START : -1;
}

/* No capability at all; a child may be forked for slow questions, nothing may be executed. */
static int confine(const struct options *o, struct sk_err *err)
{
	static const char *const extra[] = {"clone", "vfork", "wait4", NULL};
	int r = sk_sandbox_caps(o->d.user, 0, err);

	if (!r && !o->d.no_seccomp)
		r = sk_sandbox_seccomp(extra, err);
	return r;
}

static int on_signal(sd_event_source *src, const struct signalfd_siginfo *si, void *userdata)
{
	sd_notify(0, "STOPPING=1");
	return sd_event_exit(sd_event_source_get_event(src), 0);
}

static int loop_new(sd_event **ret)
{
	sd_event *ev = NULL;
	sigset_t set;
	int r = sd_event_new(&ev);

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (r >= 0 && sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		r = -errno;
	signal(SIGPIPE, SIG_IGN);
	if (r >= 0)
		r = sd_event_add_signal(ev, NULL, SIGTERM, on_signal, NULL);
	if (r >= 0)
		r = sd_event_add_signal(ev, NULL, SIGINT, on_signal, NULL);
	if (r >= 0)
		r = sd_event_set_watchdog(ev, true);
	if (r < 0) {
		sd_event_unref(ev);
		return r;
	}
	*ret = ev;
	return 0;
}

static int run(const struct options *o)
{
	struct mg_daemon *d = calloc(1, sizeof(*d));
	struct sk_err err = {0};
	sd_event *ev = NULL;
	int r;

	if (!d)
		return 1;
	umask(0077);
	d->listen_fd = inherited(&err);
	r = d->listen_fd < -1       ? d->listen_fd
		: d->listen_fd >= 0 ? 0
				    : sk_mkdir_p(o->d.run_dir, 0755, &err);
	/* It opens connections and knows passwords; the daemon does neither. */
	if (!r)
		r = mg_notifier_fork(d, &o->d, &err);
	if (!r)
		r = mg_switches_fork(d, &o->d, &err);
	if (!r)
		r = confine(o, &err);
	if (!r)
		r = mg_heavy_fork(d, &o->d, &err);
	if (!r && (r = loop_new(&ev)) < 0)
		sk_err_en(&err, r, NULL, "event loop: %s", strerror(-r));
	if (!r)
		r = mg_daemon_start(d, ev, &o->d, &err);
	if (r < 0) {
		sk_log_err(LOG_CRIT, "start", &err);
	} else {
		sk_log(LOG_NOTICE, "sekisho-mgmtd %s is ready", SK_VERSION);
		sd_notify(0, "READY=1");
		r = sd_event_loop(ev);
		if (r < 0)
			sk_log(LOG_CRIT, "event loop: %s", strerror(-r));
	}
	mg_daemon_stop(d);
	sd_event_unref(ev);
	free(d);
	return r < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = {
		.d = {.state_dir = SK_STATEDIR "/mgmtd",
			.run_dir = SK_RUNDIR,
			.rules_dir = SK_STATEDIR "/rules",
			.radius = {.dir = SK_STATEDIR "/radius",
				.spool = SK_STATEDIR "/radius-log",
				.port = 1812},
			.profiles_dir = SK_DATADIR "/ips",
			.feeds_dir = SK_DATADIR "/feeds"},
		.level = LOG_INFO,
	};
	int r = parse(&o, argc, argv);

	if (r >= 0)
		return r;
	sk_log_init("sekisho-mgmtd", o.level);
	return run(&o);
}
