// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sekisho-setup: what root has to do of setting the gateway up. One request of the manager (write,
 * activate) on the service manager's connection; or, by option, what happens at each start, when a
 * person's password changes, and what watches the line's name servers.
 */
#include <errno.h>
#include <getopt.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/oneshot.h"
#include "lib/util.h"
#include "mgmt/gateway/box/serve.h"
#include "mgmt/screen/keys.h"

enum mode { REQUEST, BOOT, UPSTREAM, PEOPLE, FIRST, KEYBOARD, PASSWORD };
struct settings {
	struct sk_oneshot_opts o;
	struct mg_box box;
	struct mg_box_first first;
	enum mode mode;
	int level;
};

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-setup [OPTION...]\n"
	      "  (none)             serve the connection of the service manager\n"
	      "  --listen PATH      serve a socket of its own\n"
	      "  --boot             make the configurations of this start\n"
	      "  --first            set a new gateway up with the answer file of a stick\n"
	      "  --keyboard         the layout of the keyboard at the screen\n"
	      "  --upstream         name servers of the line, for dnsmasq, whenever they change\n"
	      "  --people-save      keep passwords that people changed\n"
	      "  --password-check   is the password of standard input good enough for $PAM_USER?\n"
	      "  --root DIR         files lie below DIR (tests)\n"
	      "  --allow-user NAME  who besides root may ask, name or uid (sekisho-mgmtd)\n"
	      "  --mgmt-socket PATH sekisho-mgmtd, for --first (" SK_RUNDIR "/mgmt.sock)\n"
	      "  --answers FILE     this answer file, for --first\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --version, --help\n",
		f);
	return code;
}

enum { O_LISTEN = 256, O_ROOT, O_ALLOW, O_MGMT, O_ANSWERS, O_LEVEL, O_VERSION, O_HELP };

static const struct option longopts[] = {
	{"boot", no_argument, NULL, BOOT},
	{"first", no_argument, NULL, FIRST},
	{"keyboard", no_argument, NULL, KEYBOARD},
	{"upstream", no_argument, NULL, UPSTREAM},
	{"people-save", no_argument, NULL, PEOPLE},
	{"password-check", no_argument, NULL, PASSWORD},
	{"listen", required_argument, NULL, O_LISTEN},
	{"root", required_argument, NULL, O_ROOT},
	{"allow-user", required_argument, NULL, O_ALLOW},
	{"mgmt-socket", required_argument, NULL, O_MGMT},
	{"answers", required_argument, NULL, O_ANSWERS},
	{"log-level", required_argument, NULL, O_LEVEL},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

/* -1: go on; else the exit code. */
static int option(struct settings *s, int c)
{
	uint64_t n;

	switch (c) {
	case BOOT:
	case FIRST:
	case UPSTREAM:
	case KEYBOARD:
	case PASSWORD:
	case PEOPLE: s->mode = (enum mode)c; break;
	case O_LISTEN: s->o.listen = optarg; break;
	case O_ROOT: s->box.root = optarg; break;
	case O_MGMT: s->first.socket = optarg; break;
	case O_ANSWERS: s->first.file = optarg; break;
	case O_ALLOW:
		if (sk_oneshot_allow(&s->o, optarg) < 0) {
			fprintf(stderr, "sekisho-setup: there is no user %s\n", optarg);
			return 2;
		}
		break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		s->level = (int)n;
		break;
	case O_VERSION: printf("sekisho-setup %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

static void serve(int fd, void *arg)
{
	sk_oneshot_serve(fd, mg_box_serve, arg);
}

/* Cards appear, and get their names, while this runs: that is waited for. */
#define SETTLE_STEPS 20
#define STEP_US 200000

static void settle(struct mg_gateway *g)
{
	enum mg_gw_fit fit[MG_GW_PORTS_MAX] = {MG_GW_FITS};

	for (int i = 0; !mg_box_fit(g, fit) && i < SETTLE_STEPS; i++)
		usleep(STEP_US);
	mg_box_fit_say(g, fit);
}

/* Never set up is no failure: nothing has addresses then, and nothing passes. */
static int boot(const struct mg_box *b, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	int r = mg_box_people_boot(b, err);

	if (r < 0)
		return r;
	r = mg_box_load(b, &g, NULL, err);
	if (r == -ENOENT) {
		sk_log(LOG_NOTICE, "the gateway is not set up yet: sekisho setup");
		return 0;
	}
	if (r == 0)
		r = mg_box_trial(b, NULL, g, err);
	if (r == 0) {
		settle(g);
		r = mg_box_generate(b, g, err);
	}
	if (r == 0)
		r = mg_box_identity(b, g, err);
	if (r == 0 && !b->root[0] && sethostname(g->hostname, strlen(g->hostname)) < 0)
		sk_log(LOG_WARNING, "host name: %s", strerror(errno));
	return r;
}

/* Before the set-up: the Japanese one, as the set-up proposes. */
static int keyboard(const struct mg_box *b, struct sk_err *err)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	int r = mg_box_load(b, &g, NULL, err);

	if (r < 0 && r != -ENOENT)
		return r;
	return scr_keys_apply(g && g->keyboard_us ? SCR_KEYS_US : SCR_KEYS_JP, err);
}

/* For pam_exec(8): the rule of the set-up when people change their passwords; 0: good. */
static int password_check(void)
{
	char password[512];
	const size_t n = fread(password, 1, sizeof(password) - 1, stdin);
	struct sk_err err = {0};
	int r;

	password[n] = '\0';
	r = mg_gateway_check_password(password, getenv("PAM_USER"), &err);
	explicit_bzero(password, sizeof(password));
	if (r < 0)
		printf("%s\n%s\n", err.en, sk_err_text(&err, SK_JA));
	return r < 0;
}

int main(int argc, char **argv)
{
	struct settings s = {.o = {.name = "sekisho-setup", .seconds = 120, .serve = serve},
		.box = {.root = ""},
		.first = {.socket = SK_RUNDIR "/mgmt.sock"},
		.level = 6};
	struct sk_err err = {0};
	int c, r;

	sk_oneshot_allow(&s.o, "sekisho-mgmtd");
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&s, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	sk_log_init("sekisho-setup", s.level);
	s.o.arg = &s.box;
	/* Files of root, /etc/shadow's group, homes of people. */
	s.o.caps = 1ull << CAP_CHOWN | 1ull << CAP_FOWNER | 1ull << CAP_DAC_OVERRIDE;
	switch (s.mode) {
	case BOOT: r = boot(&s.box, &err); break;
	case FIRST: r = mg_box_first(&s.first, &err); break;
	case UPSTREAM: r = mg_box_upstream_watch(&s.box, &err); break;
	case KEYBOARD: r = keyboard(&s.box, &err); break;
	case PASSWORD: return password_check();
	case PEOPLE: r = mg_box_people_save(&s.box, &err); break;
	default: return sk_oneshot_run(&s.o);
	}
	if (r < 0) {
		sk_log_err(LOG_ERR, "set-up", &err);
		return 1;
	}
	return 0;
}
