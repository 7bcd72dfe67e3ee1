/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-backup: options and which of its ways it is started: for one request of the manager, at
 * boot to undo an interrupted restore, or by root on the console when there is no manager left.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

#define MANAGER_USER "sekisho-mgmtd"
#define REQUEST_S 7200u
#define SECRET_MAX 8192
#define CAPS (1ull << CAP_DAC_OVERRIDE | 1ull << CAP_CHOWN | 1ull << CAP_FOWNER)

struct settings {
	struct mg_bk_opts o;
	struct sk_oneshot_opts s;
	const char *restore, *passphrase, *key;
	bool recover;
	char backup_dir[MG_BK_PATH];
	int level;
};

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-backup [options]               serve the connection of the service "
	      "manager\n"
	      "       sekisho-backup --listen PATH [options] serve a socket of its own\n"
	      "       sekisho-backup --recover               undo a restore that was interrupted\n"
	      "       sekisho-backup --restore FILE --passphrase FILE|--key FILE\n"
	      "  --state-dir DIR    of all daemons (" SK_STATEDIR ")\n"
	      "  --etc-dir DIR      settings (" SK_SYSCONFDIR ")\n"
	      "  --backup-dir DIR   local backups (STATE-DIR/backup)\n"
	      "  --mgmt-socket PATH sekisho-mgmtd (" SK_RUNDIR "/mgmt.sock)\n"
	      "  --control PROGRAM  called with stop and start instead of asking systemd\n"
	      "  --wait SECONDS     that restored daemons have to answer (120)\n"
	      "  --allow-user NAME  who besides root may ask, name or uid (" MANAGER_USER ")\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --no-seccomp       without the system call filter\n"
	      "  --version, --help\n",
		f);
	return code;
}

enum {
	O_LISTEN = 256,
	O_RECOVER,
	O_RESTORE,
	O_PASSPHRASE,
	O_KEY,
	O_STATE,
	O_ETC,
	O_BACKUP,
	O_MGMT,
	O_CONTROL,
	O_WAIT,
	O_ALLOW,
	O_LEVEL,
	O_NOSEC,
	O_VERSION,
	O_HELP
};

static const struct option longopts[] = {
	{"listen", required_argument, NULL, O_LISTEN},
	{"recover", no_argument, NULL, O_RECOVER},
	{"restore", required_argument, NULL, O_RESTORE},
	{"passphrase", required_argument, NULL, O_PASSPHRASE},
	{"key", required_argument, NULL, O_KEY},
	{"state-dir", required_argument, NULL, O_STATE},
	{"etc-dir", required_argument, NULL, O_ETC},
	{"backup-dir", required_argument, NULL, O_BACKUP},
	{"mgmt-socket", required_argument, NULL, O_MGMT},
	{"control", required_argument, NULL, O_CONTROL},
	{"wait", required_argument, NULL, O_WAIT},
	{"allow-user", required_argument, NULL, O_ALLOW},
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
	case O_LISTEN: s->s.listen = optarg; break;
	case O_RECOVER: s->recover = true; break;
	case O_RESTORE: s->restore = optarg; break;
	case O_PASSPHRASE: s->passphrase = optarg; break;
	case O_KEY: s->key = optarg; break;
	case O_STATE: s->o.state_dir = optarg; break;
	case O_ETC: s->o.etc_dir = optarg; break;
	case O_BACKUP: s->o.backup_dir = optarg; break;
	case O_MGMT: s->o.mgmt_socket = optarg; break;
	case O_CONTROL: s->o.control = optarg; break;
	case O_WAIT:
		if (sk_parse_u64(optarg, 3600, &n) < 0 || n == 0)
			return usage(stderr, 2);
		s->o.wait = (unsigned)n;
		break;
	case O_ALLOW:
		if (sk_oneshot_allow(&s->s, optarg) < 0) {
			fprintf(stderr, "sekisho-backup: there is no user %s\n", optarg);
			return 2;
		}
		break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		s->level = (int)n;
		break;
	case O_NOSEC: s->o.no_seccomp = true; break;
	case O_VERSION: printf("sekisho-backup %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

/* ---- the manager's way ------------------------------------------------------------------------
 */
static void serve(int fd, void *arg)
{
	static const char *const extra[] = {"chown", "lchown", "fchownat", NULL};
	struct settings *s = arg;
	struct sk_err err = {0};

	/* A program that stands in for systemd (tests) would inherit the filter. */
	if (!s->o.no_seccomp && !s->o.control && sk_sandbox_seccomp(extra, &err) < 0) {
		sk_log_err(LOG_CRIT, "start", &err);
		return;
	}
	sk_oneshot_serve(fd, mg_bk_handle, &s->o);
}

/* ---- root on the console ----------------------------------------------------------------------
 */
static int complain(const struct sk_err *err)
{
	const char *text = sk_err_text(err, sk_lang_from_env());

	fprintf(stderr, "sekisho-backup: %s%s%s\n", err->path, err->path[0] ? ": " : "", text);
	return 1;
}

static int restore(struct settings *s)
{
	const char *file = s->key ? s->key : s->passphrase;
	struct mg_bk_tell t = {0};
	struct mg_bk_secret secret = {.is_key = s->key != NULL};
	struct sk_err err = {0};
	json_t *v = NULL;
	struct sk_buf b;
	int r;

	if (!file || (s->key && s->passphrase))
		return usage(stderr, 2);
	sk_buf_init(&b, SECRET_MAX);
	r = strcmp(file, "-") == 0 ? sk_fd_read(STDIN_FILENO, &b, &err)
				   : sk_file_read(file, &b, &err);
	secret.text = sk_buf_str(&b);
	secret.len = b.len;
	while (!secret.is_key && secret.len && secret.text[secret.len - 1] == '\n')
		secret.len--;
	if (r == 0)
		r = mg_bk_restore(&s->o, s->restore, &secret, "root", true, &t, &v, &err);
	if (b.data)
		sodium_memzero(b.data, b.cap);
	sk_buf_done(&b);
	if (r < 0)
		return complain(&err);
	json_dumpf(v, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
	putchar('\n');
	json_decref(v);
	return 0;
}

static int recover(const struct settings *s)
{
	struct sk_err err = {0};

	if (mg_bk_recover(&s->o, &err) == 0)
		return 0;
	sk_log_err(LOG_CRIT, "recover", &err);
	return 1;
}

int main(int argc, char **argv)
{
	struct settings s = {.level = LOG_INFO,
		.o = {.state_dir = SK_STATEDIR,
			.etc_dir = SK_SYSCONFDIR,
			.mgmt_socket = SK_RUNDIR "/mgmt.sock",
			.wait = 120},
		.s = {.name = "sekisho-backup",
			.caps = CAPS,
			.seconds = REQUEST_S,
			.serve = serve}};
	int c, r;

	sk_oneshot_allow(&s.s, MANAGER_USER);
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&s, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc || sodium_init() < 0)
		return usage(stderr, 2);
	if (!s.o.backup_dir) {
		snprintf(s.backup_dir, sizeof(s.backup_dir), "%.900s/backup", s.o.state_dir);
		s.o.backup_dir = s.backup_dir;
	}
	s.s.arg = &s;
	sk_log_init("sekisho-backup", s.level);
	umask(0077);
	signal(SIGPIPE, SIG_IGN);
	if (s.recover)
		return recover(&s);
	if (s.restore)
		return restore(&s);
	r = sk_oneshot_run(&s.s);
	return r == 2 ? usage(stderr, 2) : r;
}
