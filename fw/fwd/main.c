/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-fwd: options, rights, the event loop. Opens what needs rights, gives them up, then loads
 * the policy and serves. The only process that writes nf_tables.
 */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "fw/fwd/fwd.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"

#define MANAGER_USER "sekisho-mgmtd"
#define NAC_USER "sekisho-nacd"

struct settings {
	struct fwd_opts fwd;
	const char *user;
	int log_level;
	bool no_seccomp;
};

/* Beyond the base list: the hard link of persist.c, and the throw-away network namespace of
 * policy.check, which has its own process. */
static const char *const syscalls[] = {"linkat", "unshare", "clone", "wait4", NULL};

static void usage(FILE *f)
{
	fputs("usage: sekisho-fwd [options]\n"
	      "  --state-dir DIR      documents and counters (" SK_STATEDIR "/fwd)\n"
	      "  --run-dir DIR        where fwd.sock is made (" SK_RUNDIR ")\n"
	      "  --user NAME          run as this user, with CAP_NET_ADMIN only\n"
	      "  --allow-user NAME    who besides root may connect, name or uid (" MANAGER_USER
	      ")\n"
	      "  --nac-user NAME      who may connect for the gate alone (" NAC_USER ")\n"
	      "  --socket-group NAME  group of the socket, name or gid (our own)\n"
	      "  --socket-mode MODE   octal (0660 with a group, else 0600)\n"
	      "  --no-owner           do not hold the table as its owner, only watch it\n"
	      "  --log-level NAME     err, warning, notice, info (default), debug\n"
	      "  --no-seccomp         for debugging\n"
	      "  --version, --help\n",
		f);
}

static bool number_of(const char *s, uint32_t *ret)
{
	uint64_t v;

	if (sk_parse_u64(s, UINT32_MAX - 1, &v) < 0)
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool set_manager(struct settings *s, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	s->fwd.has_manager = true;
	if (pw)
		s->fwd.manager = pw->pw_uid;
	return pw || number_of(name, &s->fwd.manager);
}

static bool set_nac(struct settings *s, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	s->fwd.has_nac = true;
	if (pw)
		s->fwd.nac = pw->pw_uid;
	return pw || number_of(name, &s->fwd.nac);
}

static bool set_group(struct settings *s, const char *name)
{
	const struct group *gr = getgrnam(name);

	s->fwd.has_socket_gid = true;
	if (gr)
		s->fwd.socket_gid = gr->gr_gid;
	return gr || number_of(name, &s->fwd.socket_gid);
}

static bool set_mode(struct settings *s, const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 8);

	if (!text[0] || *end || v > 0777)
		return false;
	s->fwd.socket_mode = (mode_t)v;
	return true;
}

static bool set_level(struct settings *s, const char *name)
{
	static const char *const names[] = {
		[LOG_ERR] = "err",
		[LOG_WARNING] = "warning",
		[LOG_NOTICE] = "notice",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};

	for (int i = 0; i < (int)SK_ARRAY_SIZE(names); i++) {
		if (!sk_streq(names[i], name))
			continue;
		s->log_level = i;
		return true;
	}
	return false;
}

enum {
	O_STATE = 256,
	O_RUN,
	O_USER,
	O_ALLOW,
	O_NAC,
	O_GROUP,
	O_MODE,
	O_OWNER,
	O_LEVEL,
	O_SECCOMP,
	O_VERSION
};

static const struct option options[] = {
	{"state-dir", required_argument, NULL, O_STATE},
	{"run-dir", required_argument, NULL, O_RUN},
	{"user", required_argument, NULL, O_USER},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"nac-user", required_argument, NULL, O_NAC},
	{"socket-group", required_argument, NULL, O_GROUP},
	{"socket-mode", required_argument, NULL, O_MODE},
	{"no-owner", no_argument, NULL, O_OWNER},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_SECCOMP},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static bool set_option(struct settings *s, int o, const char *arg)
{
	switch (o) {
	case O_STATE: s->fwd.state_dir = arg; return true;
	case O_RUN: s->fwd.run_dir = arg; return true;
	case O_USER: s->user = arg; return true;
	case O_ALLOW: return set_manager(s, arg);
	case O_NAC: return set_nac(s, arg);
	case O_GROUP: return set_group(s, arg);
	case O_MODE: return set_mode(s, arg);
	case O_OWNER: s->fwd.no_owner = true; return true;
	case O_LEVEL: return set_level(s, arg);
	case O_SECCOMP: s->no_seccomp = true; return true;
	default: return false;
	}
}

/* -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct settings *s)
{
	int o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (o == 'h') {
			usage(stdout);
			return 0;
		}
		if (o == O_VERSION) {
			puts("sekisho-fwd " SK_VERSION);
			return 0;
		}
		if (o == '?')
			return 2;
		if (!set_option(s, o, optarg)) {
			fprintf(stderr, "sekisho-fwd: bad argument: %s\n", optarg ? optarg : "");
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	if (!s->fwd.has_manager && getpwnam(MANAGER_USER))
		set_manager(s, MANAGER_USER);
	if (!s->fwd.has_nac && getpwnam(NAC_USER))
		set_nac(s, NAC_USER);
	if (!s->fwd.socket_mode)
		s->fwd.socket_mode = s->fwd.has_socket_gid ? 0660 : 0600;
	return -1;
}

/* The state directory belongs to whom we are about to become. */
static int hand_over(const struct settings *s, struct sk_err *err)
{
	const struct passwd *pw;

	if (!s->user || geteuid() != 0)
		return 0;
	pw = getpwnam(s->user);
	if (!pw)
		return sk_err_set(err, -ENOENT, "user", "there is no user %s",
			"ユーザー %s がありません", s->user);
	if (chown(s->fwd.state_dir, pw->pw_uid, pw->pw_gid) < 0)
		return sk_err_set(err, -errno, "state-dir", "%s: %s", "%s: %s", s->fwd.state_dir,
			strerror(errno));
	return 0;
}

static int confine(const struct settings *s, struct sk_err *err)
{
	int r = hand_over(s, err);

	if (r == 0)
		r = sk_sandbox_caps(s->user, 1ull << CAP_NET_ADMIN, err);
	if (r == 0 && !s->no_seccomp)
		r = sk_sandbox_seccomp(syscalls, err);
	return r;
}

static int on_signal(sd_event_source *src, const struct signalfd_siginfo *si, void *arg)
{
	sd_notify(0, "STOPPING=1");
	return sd_event_exit(sd_event_source_get_event(src), 0);
}

static int loop_new(sd_event **ret, struct sk_err *err)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	r = sd_event_new(ret);
	if (r >= 0)
		r = sd_event_add_signal(*ret, NULL, SIGTERM, on_signal, NULL);
	if (r >= 0)
		r = sd_event_add_signal(*ret, NULL, SIGINT, on_signal, NULL);
	if (r >= 0)
		r = sd_event_set_watchdog(*ret, true);
	return r < 0
		? sk_err_set(err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r))
		: 0;
}

static int run(const struct settings *s, struct sk_err *err)
{
	sd_event *ev = NULL;
	struct fwd *d = NULL;
	int r = loop_new(&ev, err);

	if (r == 0)
		r = fwd_new(&d, ev, &s->fwd, err);
	if (r == 0)
		r = confine(s, err);
	if (r == 0)
		r = fwd_start(d, err);
	if (r == 0) {
		sd_notifyf(0, "READY=1\nSTATUS=generation %llu",
			(unsigned long long)d->running->generation);
		r = sd_event_loop(ev);
		if (r < 0)
			sk_err_set(
				err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r));
		fwd_stop(d);
	}
	fwd_free(d);
	sd_event_unref(ev);
	return r;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.fwd = {.state_dir = SK_STATEDIR "/fwd", .run_dir = SK_RUNDIR},
		.log_level = LOG_INFO,
	};
	struct sk_err err = {0};
	int r = parse_options(argc, argv, &s);

	if (r >= 0)
		return r;
	sk_log_init("sekisho-fwd", s.log_level);
	umask(0077);
	if (run(&s, &err) < 0) {
		sk_log_err(LOG_CRIT, "cannot go on", &err);
		return EXIT_FAILURE;
	}
	sk_log(LOG_INFO, "stopped; the kernel keeps its rules");
	return EXIT_SUCCESS;
}
