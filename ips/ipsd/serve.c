/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-ipsd as a daemon: options, the monitor, rights, the event loop. Called by main() when
 * neither --read nor --check was asked for.
 */
#include "ips/ipsd/serve.h"

#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "ips/ipsd/daemon.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"

#define MANAGER_USER "sekisho-mgmtd"
#define FIRST_QUEUE 103
#define ALIVE_US 250000

struct settings {
	struct ipsd_opts d;
	const char *user;
	int log_level;
	bool no_seccomp, no_monitor;
};

/* Beyond the base list: CPU affinity of the workers. */
static const char *const syscalls[] = {"sched_setaffinity", "sched_getaffinity", NULL};

void ipsd_serve_usage(FILE *f)
{
	fputs("       sekisho-ipsd [daemon options]\n"
	      "  --state-dir DIR      last policy and compiled rules (" SK_STATEDIR "/ips)\n"
	      "  --run-dir DIR        where ips.sock is made (" SK_RUNDIR ")\n"
	      "  --queues N           queues and workers (one a core)\n"
	      "  --first-queue N      number of the first queue (103)\n"
	      "  --queue-full WORD    open: packets pass when a queue is full; closed (default)\n"
	      "  --user NAME          run as this user, with CAP_NET_ADMIN only\n"
	      "  --allow-user NAME    who besides root may connect, name or uid (" MANAGER_USER
	      ")\n"
	      "  --socket-group NAME  group of the socket (our own)\n"
	      "  --socket-mode MODE   octal (0660 with a group, else 0600)\n"
	      "  --no-monitor         no second process that restarts a dead or hung engine\n"
	      "  --log-level NAME     err, warning, notice, info (default), debug\n"
	      "  --no-seccomp         for debugging\n",
		f);
}

static bool number_of(const char *s, uint64_t max, uint64_t *ret)
{
	return sk_parse_u64(s, max, ret) == 0;
}

static bool set_manager(struct settings *s, const char *name)
{
	const struct passwd *pw = getpwnam(name);
	uint64_t uid;

	s->d.has_manager = true;
	if (pw)
		s->d.manager = pw->pw_uid;
	else if (number_of(name, UINT32_MAX - 1, &uid))
		s->d.manager = (uid_t)uid;
	else
		return false;
	return true;
}

static bool set_group(struct settings *s, const char *name)
{
	const struct group *gr = getgrnam(name);
	uint64_t gid;

	s->d.has_socket_gid = true;
	if (gr)
		s->d.socket_gid = gr->gr_gid;
	else if (number_of(name, UINT32_MAX - 1, &gid))
		s->d.socket_gid = (gid_t)gid;
	else
		return false;
	return true;
}

static bool set_mode(struct settings *s, const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 8);

	if (!text[0] || *end || v > 0777)
		return false;
	s->d.socket_mode = (mode_t)v;
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

	for (int i = 0; i < (int)SK_ARRAY_SIZE(names); i++)
		if (sk_streq(names[i], name)) {
			s->log_level = i;
			return true;
		}
	return false;
}

static bool set_queues(struct settings *s, const char *text)
{
	uint64_t v;

	if (!number_of(text, IPSD_QUEUES_MAX, &v) || v == 0)
		return false;
	s->d.queues = (unsigned)v;
	return true;
}

static bool set_first(struct settings *s, const char *text)
{
	uint64_t v;

	if (!number_of(text, UINT16_MAX - IPSD_QUEUES_MAX, &v))
		return false;
	s->d.first_queue = (uint16_t)v;
	return true;
}

static bool set_full(struct settings *s, const char *word)
{
	s->d.queue_full_open = sk_streq(word, "open");
	return s->d.queue_full_open || sk_streq(word, "closed");
}

enum {
	O_STATE = 256,
	O_RUN,
	O_QUEUES,
	O_FIRST,
	O_FULL,
	O_USER,
	O_ALLOW,
	O_GROUP,
	O_MODE,
	O_MONITOR,
	O_LEVEL,
	O_SECCOMP
};

static const struct option options[] = {
	{"state-dir", required_argument, NULL, O_STATE},
	{"run-dir", required_argument, NULL, O_RUN},
	{"queues", required_argument, NULL, O_QUEUES},
	{"first-queue", required_argument, NULL, O_FIRST},
	{"queue-full", required_argument, NULL, O_FULL},
	{"user", required_argument, NULL, O_USER},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"socket-group", required_argument, NULL, O_GROUP},
	{"socket-mode", required_argument, NULL, O_MODE},
	{"no-monitor", no_argument, NULL, O_MONITOR},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_SECCOMP},
	{NULL, 0, NULL, 0},
};

static bool set_option(struct settings *s, int o, const char *arg)
{
	switch (o) {
	case O_STATE: s->d.state_dir = arg; return true;
	case O_RUN: s->d.run_dir = arg; return true;
	case O_QUEUES: return set_queues(s, arg);
	case O_FIRST: return set_first(s, arg);
	case O_FULL: return set_full(s, arg);
	case O_USER: s->user = arg; return true;
	case O_ALLOW: return set_manager(s, arg);
	case O_GROUP: return set_group(s, arg);
	case O_MODE: return set_mode(s, arg);
	case O_MONITOR: s->no_monitor = true; return true;
	case O_LEVEL: return set_level(s, arg);
	case O_SECCOMP: s->no_seccomp = true; return true;
	default: return false;
	}
}

/* -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct settings *s)
{
	int o;

	optind = 1;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == '?')
			return 2;
		if (!set_option(s, o, optarg)) {
			fprintf(stderr, "sekisho-ipsd: bad argument: %s\n", optarg ? optarg : "");
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "sekisho-ipsd: unexpected: %s; see --help\n", argv[optind]);
		return 2;
	}
	if (!s->d.has_manager && getpwnam(MANAGER_USER))
		set_manager(s, MANAGER_USER);
	if (!s->d.socket_mode)
		s->d.socket_mode = s->d.has_socket_gid ? 0660 : 0600;
	return -1;
}

/* The state belongs to whom we are about to become. */
static int hand_over(const struct settings *s, struct sk_err *err)
{
	const struct passwd *pw;
	char cache[4096];

	if (!s->user || geteuid() != 0)
		return 0;
	pw = getpwnam(s->user);
	if (!pw)
		return sk_err_set(err, -ENOENT, "user", "there is no user %s",
			"ユーザー %s がありません", s->user);
	snprintf(cache, sizeof(cache), "%s/cache", s->d.state_dir);
	if (chown(s->d.state_dir, pw->pw_uid, pw->pw_gid) < 0 ||
		chown(cache, pw->pw_uid, pw->pw_gid) < 0)
		return sk_err_en(err, -errno, "state-dir", "%s", strerror(errno));
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

/* To the monitor: the loop turns. */
static int on_alive(sd_event_source *s, uint64_t usec, void *arg)
{
	const int *fd = arg;

	if (write(*fd, (const char[]){IPSD_LIVES}, 1) < 0 && errno != EAGAIN)
		return sd_event_exit(sd_event_source_get_event(s), 1);
	return sd_event_source_set_time_relative(s, ALIVE_US);
}

static int loop_new(sd_event **ret, int *alive_fd, struct sk_err *err)
{
	sd_event_source *alive = NULL;
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
	if (r >= 0 && *alive_fd >= 0) {
		r = sd_event_add_time_relative(
			*ret, &alive, CLOCK_MONOTONIC, 0, 1000, on_alive, alive_fd);
		if (r >= 0)
			r = sd_event_source_set_enabled(alive, SD_EVENT_ON);
		if (r >= 0)
			r = sd_event_source_set_floating(alive, 1);
		sd_event_source_unref(alive);
	}
	return r < 0 ? sk_err_en(err, r, NULL, "event loop: %s", strerror(-r)) : 0;
}

static int run(struct settings *s, int alive_fd)
{
	struct sk_err err = {0};
	sd_event *ev = NULL;
	struct ipsd *d = NULL;
	int r;

	ipsd_reset_open(s->d.raw_fd);
	s->d.packet_fd = ipsd_answer_open();
	r = loop_new(&ev, &alive_fd, &err);
	if (r == 0)
		r = ipsd_new(&d, ev, &s->d, &err);
	if (r == 0)
		r = confine(s, &err);
	if (r == 0)
		r = ipsd_start(d, &err);
	if (r == 0) {
		sd_notify(0, "READY=1");
		r = sd_event_loop(ev);
		/* Without it the monitor has no more patience than with a loop that stands still.
		 */
		if (alive_fd >= 0 && write(alive_fd, (const char[]){IPSD_ENDS}, 1) < 0)
			sk_log(LOG_DEBUG, "the monitor is gone: %s", strerror(errno));
	} else {
		sk_log_err(LOG_ERR, "cannot start", &err);
		r = 1;
	}
	ipsd_free(d);
	sd_event_unref(ev);
	sk_closep(&s->d.raw_fd[0]);
	sk_closep(&s->d.raw_fd[1]);
	sk_closep(&s->d.packet_fd);
	return r < 0 ? 1 : r;
}

int ipsd_serve(int argc, char **argv)
{
	struct settings s = {
		.d = {.state_dir = SK_STATEDIR "/ips",
			.run_dir = SK_RUNDIR,
			.first_queue = FIRST_QUEUE,
			.raw_fd = {-1, -1},
			.packet_fd = -1},
		.log_level = LOG_INFO,
	};
	int alive_fd = -1, code = 0, r = parse_options(argc, argv, &s);

	if (r >= 0)
		return r;
	sk_log_init("sekisho-ipsd", s.log_level);
	if (!s.no_monitor) {
		r = ipsd_monitor(&alive_fd, &code);
		if (r != 0)
			return r < 0 ? 1 : code;
	}
	return run(&s, alive_fd);
}
