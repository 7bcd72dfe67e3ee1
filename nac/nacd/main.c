/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-nacd: options, the launcher, rights, the event loop. The launcher is a unit of its own,
 * or forked first, while there are rights to give it; the daemon keeps CAP_NET_RAW alone, for the
 * sensor.
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

#include "lib/file.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"
#include "nac/dot1x/launcher.h"
#include "nac/nacd/parts.h"

#define MANAGER_USER "sekisho-mgmtd"
#define HOSTAPD_GROUP "sekisho-hostapd"
#define PAGE_PORT 8099

struct settings {
	struct nacd_opts d;
	const char *user, *hostapd;
	const char *launcher_socket; /* NULL: fork it */
	bool launcher;               /* be it */
	char fwd_socket[108], run_nac[256];
	int log_level;
	bool no_seccomp;
};

/* Beyond the base list: FIFOs for hostapd's logs. */
static const char *const syscalls[] = {"mknod", "mknodat", NULL};

static void usage(FILE *f)
{
	fputs("usage: sekisho-nacd [options]\n"
	      "  --state-dir DIR      document, sessions, certificate authority (" SK_STATEDIR
	      "/nac)\n"
	      "  --run-dir DIR        where nac.sock is made (" SK_RUNDIR ")\n"
	      "  --fwd-socket PATH    sekisho-fwd's socket (fwd.sock in the run directory)\n"
	      "  --hostapd PATH       the authenticator (/usr/sbin/hostapd)\n"
	      "  --launcher-socket PATH  who starts hostapd; without it a child of ours, as our "
	      "user\n"
	      "  --control-dir DIR    with it: where hostapd makes its control sockets (" SK_RUNDIR
	      "/hostapd)\n"
	      "  --launcher           be the one who starts hostapd, for the socket that was "
	      "passed\n"
	      "  --page-port N        TCP port of the notice page, 0: none (8099)\n"
	      "  --user NAME          run as this user\n"
	      "  --allow-user NAME    who besides root may connect, name or uid (" MANAGER_USER
	      ")\n"
	      "  --socket-group NAME  group of the socket, name or gid (our own)\n"
	      "  --socket-mode MODE   octal (0660 with a group, else 0600)\n"
	      "  --log-level NAME     err, warning, notice, info (default), debug\n"
	      "  --no-seccomp         for debugging\n"
	      "  --version, --help\n",
		f);
}

static bool number_of(const char *s, uint64_t max, uint64_t *ret)
{
	return sk_parse_u64(s, max, ret) == 0;
}

static bool set_manager(struct settings *s, const char *name)
{
	const struct passwd *pw = getpwnam(name);
	uint64_t v = 0;

	if (!pw && !number_of(name, UINT32_MAX - 1, &v))
		return false;
	s->d.has_manager = true;
	s->d.manager = pw ? pw->pw_uid : (uid_t)v;
	return true;
}

static bool set_group(struct settings *s, const char *name)
{
	const struct group *gr = getgrnam(name);
	uint64_t v = 0;

	if (!gr && !number_of(name, UINT32_MAX - 1, &v))
		return false;
	s->d.has_socket_gid = true;
	s->d.socket_gid = gr ? gr->gr_gid : (gid_t)v;
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

static bool set_page(struct settings *s, const char *text)
{
	uint64_t v;

	if (!number_of(text, UINT16_MAX, &v))
		return false;
	s->d.page_port = (uint16_t)v;
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
	O_FWD,
	O_HOSTAPD,
	O_LAUNCHER_SOCKET,
	O_CONTROL,
	O_LAUNCHER,
	O_PAGE,
	O_USER,
	O_ALLOW,
	O_GROUP,
	O_MODE,
	O_LEVEL,
	O_SECCOMP,
	O_VERSION
};

static const struct option options[] = {
	{"state-dir", required_argument, NULL, O_STATE},
	{"run-dir", required_argument, NULL, O_RUN},
	{"fwd-socket", required_argument, NULL, O_FWD},
	{"hostapd", required_argument, NULL, O_HOSTAPD},
	{"launcher-socket", required_argument, NULL, O_LAUNCHER_SOCKET},
	{"control-dir", required_argument, NULL, O_CONTROL},
	{"launcher", no_argument, NULL, O_LAUNCHER},
	{"page-port", required_argument, NULL, O_PAGE},
	{"user", required_argument, NULL, O_USER},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"socket-group", required_argument, NULL, O_GROUP},
	{"socket-mode", required_argument, NULL, O_MODE},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"no-seccomp", no_argument, NULL, O_SECCOMP},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static bool set_option(struct settings *s, int o, const char *arg)
{
	switch (o) {
	case O_STATE: s->d.state_dir = arg; return true;
	case O_RUN: s->d.run_dir = arg; return true;
	case O_FWD: s->d.fwd_socket = arg; return true;
	case O_HOSTAPD: s->hostapd = arg; return arg[0] == '/';
	case O_LAUNCHER_SOCKET: s->launcher_socket = arg; return true;
	case O_CONTROL: s->d.control_dir = arg; return strlen(arg) < 48;
	case O_LAUNCHER: s->launcher = true; return true;
	case O_PAGE: return set_page(s, arg);
	case O_USER: s->user = arg; return true;
	case O_ALLOW: return set_manager(s, arg);
	case O_GROUP: return set_group(s, arg);
	case O_MODE: return set_mode(s, arg);
	case O_LEVEL: return set_level(s, arg);
	case O_SECCOMP: s->no_seccomp = true; return true;
	default: return false;
	}
}

static void defaults(struct settings *s)
{
	if (!s->d.has_manager && getpwnam(MANAGER_USER))
		set_manager(s, MANAGER_USER);
	if (!s->d.socket_mode)
		s->d.socket_mode = s->d.has_socket_gid ? 0660 : 0600;
	snprintf(s->fwd_socket, sizeof(s->fwd_socket), "%s/fwd.sock", s->d.run_dir);
	if (!s->d.fwd_socket)
		s->d.fwd_socket = s->fwd_socket;
	if (!s->launcher_socket)
		s->d.control_dir = NULL;
	else if (!s->d.control_dir)
		s->d.control_dir = SK_RUNDIR "/hostapd";
	snprintf(s->run_nac, sizeof(s->run_nac), "%s/nac", s->d.run_dir);
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
			puts("sekisho-nacd " SK_VERSION);
			return 0;
		}
		if (o == '?')
			return 2;
		if (!set_option(s, o, optarg)) {
			fprintf(stderr, "sekisho-nacd: bad argument: %s\n", optarg ? optarg : "");
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	/* hostapd's control socket below it must fit into an address. */
	if (strlen(s->d.run_dir) > 48) {
		fprintf(stderr, "sekisho-nacd: the run directory's path is too long\n");
		return 2;
	}
	defaults(s);
	return -1;
}

/* Its directories belong to whom we are about to become. */
static int hand_over(const struct settings *s, struct sk_err *err)
{
	const struct passwd *pw;

	if (!s->user || geteuid() != 0)
		return 0;
	pw = getpwnam(s->user);
	if (!pw)
		return sk_err_set(err, -ENOENT, "user", "there is no user %s",
			"ユーザー %s がありません", s->user);
	if (chown(s->d.state_dir, pw->pw_uid, pw->pw_gid) < 0 ||
		chown(s->run_nac, pw->pw_uid, pw->pw_gid) < 0)
		return sk_err_en(err, -errno, "state-dir", "%s", strerror(errno));
	return 0;
}

static int confine(const struct settings *s, struct sk_err *err)
{
	int r = hand_over(s, err);

	if (r == 0)
		r = sk_sandbox_caps(s->user, 1ull << CAP_NET_RAW, err);
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

static struct nac_launcher_opts launcher_opts(const struct settings *s)
{
	return (struct nac_launcher_opts){.program = s->hostapd,
		.dir = s->run_nac,
		.user = s->user,
		.no_seccomp = s->no_seccomp};
}

/* hostapd's group lets it, and nobody else, at what is written for it. */
static int find_hostapd(struct settings *s, struct sk_err *err)
{
	struct stat st;

	if (!s->launcher_socket)
		return 0;
	/* Whoever made its folder is who it runs as; before its first start: as installed. */
	if (stat(s->d.control_dir, &st) == 0) {
		s->d.hostapd_gid = st.st_gid;
		return 0;
	}
	const struct group *gr = getgrnam(HOSTAPD_GROUP);
	if (!gr)
		return sk_err_set(err, -ENOENT, "control-dir", "there is no group %s",
			"グループ %s がありません", HOSTAPD_GROUP);
	s->d.hostapd_gid = gr->gr_gid;
	return 0;
}

static int start_launcher(struct settings *s, int *ret_fd, struct sk_err *err)
{
	const struct nac_launcher_opts lo = launcher_opts(s);
	pid_t pid;
	int r;

	if (!s->launcher_socket)
		return nac_launcher_fork(&lo, ret_fd, &pid, err);
	r = nac_launcher_connect(s->launcher_socket, ret_fd, err);
	return r < 0 ? r : find_hostapd(s, err);
}

static int be_launcher(const struct settings *s, struct sk_err *err)
{
	const struct nac_launcher_opts lo = launcher_opts(s);

	if (sd_listen_fds(1) != 1)
		return sk_err_en(err, -EINVAL, "launcher", "one connected socket must be passed");
	return nac_launcher_run(&lo, SD_LISTEN_FDS_START, err);
}

static int run(struct settings *s, struct sk_err *err)
{
	sd_event *ev = NULL;
	struct nacd *d = NULL;
	int launcher = -1, r;

	if (s->launcher)
		return be_launcher(s, err);
	r = sk_mkdir_p(s->d.run_dir, 0755, err);
	if (r == 0)
		r = start_launcher(s, &launcher, err);
	if (r == 0)
		r = loop_new(&ev, err);
	if (r == 0)
		r = nacd_new(&d, ev, &s->d, launcher, err);
	if (r == 0)
		r = confine(s, err);
	if (r == 0)
		r = nacd_start(d, err);
	if (r == 0) {
		sd_notify(0, "READY=1");
		r = sd_event_loop(ev);
		if (r < 0)
			sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	}
	nacd_free(d);
	sk_closep(&launcher);
	sd_event_unref(ev);
	return r;
}

int main(int argc, char **argv)
{
	struct settings s = {
		.d = {.state_dir = SK_STATEDIR "/nac",
			.run_dir = SK_RUNDIR,
			.page_port = PAGE_PORT},
		.hostapd = "/usr/sbin/hostapd",
		.log_level = LOG_INFO,
	};
	struct sk_err err = {0};
	int r = parse_options(argc, argv, &s);

	if (r >= 0)
		return r;
	sk_log_init("sekisho-nacd", s.log_level);
	umask(0077);
	r = run(&s, &err);
	if (r < 0) {
		sk_log_err(LOG_CRIT, "cannot go on", &err);
		return EXIT_FAILURE;
	}
	if (r == 0 && !s.launcher)
		sk_log(LOG_INFO, "stopped; the gate keeps what it has until its time is over");
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
