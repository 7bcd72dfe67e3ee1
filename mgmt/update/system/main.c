/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sekisho-system: what the manager may ask of the machine itself: start it again, turn it off, or
 * have the loader erase all data at the next start (factory reset). One request a process, root's
 * uid without root's rights. It decides nothing: the manager knows who may.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/oneshot.h"
#include "lib/util.h"
#include "mgmt/update/update.h"

#define MANAGER_USER "sekisho-mgmtd"
#define REQUEST_S 120u
#define LOST_S 10
#define WHY_MAX 120

struct settings {
	const char *grubenv;
	struct sk_oneshot_opts shot;
	int level;
};

static int usage(FILE *f, int code)
{
	fputs("usage: sekisho-system [options]           serve the connection of the service "
	      "manager\n"
	      "       sekisho-system --listen PATH [options]  serve a socket of its own\n"
	      "  --grubenv FILE     state of the boot slots (/boot/state/grubenv)\n"
	      "  --allow-user NAME  who besides root may ask, name or uid (" MANAGER_USER ")\n"
	      "  --log-level N      0-7, as syslog (6)\n"
	      "  --version, --help\n",
		f);
	return code;
}

/* ---- the loader's block ----
 */
static int damaged(const char *path, const char *why, struct sk_err *err)
{
	return sk_err_set(err, -EBADMSG, NULL,
		"the loader's settings are damaged (%s: %s), so nothing is erased: write the image "
		"to the disk anew",
		"起動プログラムの設定が壊れているため (%s: %s)、消去できません。ディスクにイメージ"
		"を書き直してください",
		path, why);
}

/* In place: the loader knows the block by its sectors, and 1024 bytes are written as one. */
static int set_reset(const char *path, const char *value, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	char block[MG_GRUBENV_SIZE], after[MG_GRUBENV_SIZE];
	int r = 0;

	if (fd < 0 && errno == ENOENT)
		return sk_err_set(err, -ENOTSUP, NULL,
			"this machine is not the gateway's image: it has nothing that could be "
			"reset to the state of delivery",
			"本装置はゲートウェイ用イメージではないため、工場出荷状態に戻せません");
	if (fd < 0)
		return sk_err_en(err, -errno, NULL, "%s: %s", path, strerror(errno));
	if (pread(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block))
		return damaged(path, "too short", err);
	r = mg_grubenv_set(block, "reset", value);
	if (r < 0)
		return damaged(path, strerror(-r), err);
	if (pwrite(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block) || fsync(fd) < 0)
		return sk_err_en(err, -EIO, NULL, "%s: %s", path, strerror(errno));
	if (pread(fd, after, sizeof(after), 0) != (ssize_t)sizeof(after) ||
		memcmp(block, after, sizeof(block)) != 0)
		r = damaged(path, "not kept", err);
	return r;
}

/* ---- the machine ----
 */
/* why: what the service manager said, if it refused. */
static int power(const char *method, char why[WHY_MAX])
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			"org.freedesktop.systemd1.Manager", method, &e, NULL, "");
	if (r < 0)
		snprintf(why, WHY_MAX, "%s", e.message ? e.message : strerror(-r));
	sd_bus_error_free(&e);
	sd_bus_flush_close_unref(bus);
	return r < 0 ? r : 0;
}

/* The answer did not come; that the order did not arrive is not said by that. */
static bool is_lost(int r)
{
	return r == -ECONNRESET || r == -ENOTCONN || r == -ESHUTDOWN || r == -ETIMEDOUT;
}

/* What was refused must not happen at some later start. */
static int disarm(const struct settings *o, int code, const char *why, struct sk_err *err)
{
	struct sk_err undo = {0};

	if (set_reset(o->grubenv, "0", &undo) == 0)
		return sk_err_set(err, code, NULL,
			"the service manager refused (%s): nothing was erased, nor will be at the "
			"next start",
			"サービスマネージャーに拒否されたため "
			"(%s)、消去を取り消しました。次の起動で"
			"も消去しません",
			why);
	return sk_err_set(err, code, NULL,
		"the service manager refused (%s), and the loader's order could not be taken back "
		"(%s): ALL DATA WILL BE ERASED at the next start",
		"サービスマネージャーに拒否され (%s)、消去の取り消しにも失敗しました (%s)。次の起"
		"動ですべてのデータが消去されます",
		why, undo.en);
}

static int reset(const struct settings *o, struct sk_err *err)
{
	char why[WHY_MAX];
	int r = set_reset(o->grubenv, "1", err);

	if (r < 0)
		return r;
	r = power("Reboot", why);
	/* A machine that goes down ends this process meanwhile. */
	if (is_lost(r))
		sleep(LOST_S);
	return r < 0 ? disarm(o, r, why, err) : 0;
}

static int order(const char *method, struct sk_err *err)
{
	char why[WHY_MAX];
	int r = power(method, why);

	return r < 0 ? sk_err_set(err, r, NULL, "the service manager refused: %s",
			       "サービスマネージャーに拒否されました: %s", why)
		     : 0;
}

static int handle(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err)
{
	const struct settings *o = arg;
	const char *who = json_string_value(json_object_get(q->args, "who"));

	sk_log(LOG_NOTICE, "%s, asked for by %s", q->op, who ? who : "nobody");
	if (sk_streq(q->op, "reboot"))
		return order("Reboot", err);
	if (sk_streq(q->op, "poweroff"))
		return order("PowerOff", err);
	return sk_streq(q->op, "reset") ? reset(o, err) : sk_oneshot_unknown(err);
}

static void serve(int fd, void *arg)
{
	sk_oneshot_serve(fd, handle, arg);
}

enum { O_LISTEN = 256, O_GRUBENV, O_ALLOW, O_LEVEL, O_VERSION, O_HELP };

static const struct option longopts[] = {
	{"listen", required_argument, NULL, O_LISTEN},
	{"grubenv", required_argument, NULL, O_GRUBENV},
	{"allow-user", required_argument, NULL, O_ALLOW},
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
	case O_LISTEN: s->shot.listen = optarg; break;
	case O_GRUBENV: s->grubenv = optarg; break;
	case O_ALLOW:
		if (sk_oneshot_allow(&s->shot, optarg) < 0) {
			fprintf(stderr, "sekisho-system: there is no user %s\n", optarg);
			return 2;
		}
		break;
	case O_LEVEL:
		if (sk_parse_u64(optarg, 7, &n) < 0)
			return usage(stderr, 2);
		s->level = (int)n;
		break;
	case O_VERSION: printf("sekisho-system %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct settings s = {.grubenv = "/boot/state/grubenv",
		.shot = {.name = "sekisho-system", .seconds = REQUEST_S, .serve = serve},
		.level = LOG_INFO};
	int c, r;

	sk_oneshot_allow(&s.shot, MANAGER_USER);
	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&s, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	sk_log_init("sekisho-system", s.level);
	s.shot.arg = &s;
	r = sk_oneshot_run(&s.shot);
	return r == 2 ? usage(stderr, 2) : r;
}
