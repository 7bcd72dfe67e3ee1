/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /usr/lib/sekisho/health: run once a start by sekisho-health.service on a gateway with two boot
 * slots. Asks the daemons until all is well or the time is over, takes away what blocked everything
 * meanwhile, and has RAUC mark the slot good; if this system was on trial it ends with 1, on which
 * the service manager starts the machine again and the loader takes the other slot. What it found
 * is kept on the data partition, where the other slot reads it, and told the loader.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/update/health.h"
#include "mgmt/update/update.h"

#define CALL_MS 10000
#define AGAIN_US 500000
#define MARK_US 30000000
#define FILE_MAX 65536
#define HASH_MAX 160

extern char **environ;

struct health {
	const char *socket, *state_dir, *grubenv, *cmdline, *version_file;
	int64_t timeout; /* seconds */
	bool no_mark;

	char slot[8];        /* "A"; "" where there are no slots */
	char hash[HASH_MAX]; /* dm-verity root hash: which system this is */
	char version[64];
	bool early; /* the table of the first seconds is still there, as far as known */
};

static int usage(FILE *f, int code)
{
	fputs("usage: health [options]\n"
	      "  --socket PATH     sekisho-mgmtd (" SK_RUNDIR "/mgmt.sock)\n"
	      "  --state-dir DIR   where the result is kept (" SK_STATEDIR "/health)\n"
	      "  --grubenv FILE    state of the slots (/boot/state/grubenv)\n"
	      "  --cmdline FILE    of the kernel (/proc/cmdline)\n"
	      "  --timeout N       seconds until it is given up (150)\n"
	      "  --no-mark         do not call RAUC\n"
	      "  --version, --help\n"
	      "0: all is well, or starting again would not help; 1: the other slot should start\n",
		f);
	return code;
}

/* ---- which system this is ----
 */
static int read_text(const char *path, struct sk_buf *b)
{
	sk_buf_init(b, FILE_MAX);
	return sk_file_read(path, b, NULL);
}

/* The value of NAME=… in blank- or newline-separated words; "" if there is none. */
static void value_of(const char *text, const char *name, char *dst, size_t cap)
{
	const size_t n = strlen(name);

	dst[0] = '\0';
	for (const char *p = text; *p;) {
		const size_t len = strcspn(p, " \n");

		if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
			snprintf(dst, cap, "%.*s", (int)(len - n - 1), p + n + 1);
		p += len;
		p += strspn(p, " \n");
	}
}

static void identify(struct health *h)
{
	struct sk_buf b;

	if (read_text(h->cmdline, &b) == 0) {
		value_of(sk_buf_str(&b), "rauc.slot", h->slot, sizeof(h->slot));
		value_of(sk_buf_str(&b), "sekisho.hash", h->hash, sizeof(h->hash));
	}
	sk_buf_done(&b);
	snprintf(h->version, sizeof(h->version), "%s", SK_VERSION);
	if (read_text(h->version_file, &b) == 0 && b.len)
		snprintf(h->version, sizeof(h->version), "%.*s", (int)strcspn(sk_buf_str(&b), "\n"),
			sk_buf_str(&b));
	sk_buf_done(&b);
}

/* Whether the loader has another system to start. */
static bool other_slot(const struct health *h)
{
	struct sk_buf b;
	char ok[8] = "";

	if (h->slot[0] && read_text(h->grubenv, &b) == 0) {
		value_of(sk_buf_str(&b), h->slot[0] == 'A' ? "B_OK" : "A_OK", ok, sizeof(ok));
		sk_buf_done(&b);
	}
	return strcmp(ok, "1") == 0;
}

static void path_of(const struct health *h, const char *name, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/%s", h->state_dir, name);
}

/* The file of a slot holds the hash of the system that was last found good in it. */
static bool known_good(const struct health *h)
{
	char path[512], name[16];
	struct sk_buf b;
	bool same;

	snprintf(name, sizeof(name), "good-%s", h->slot);
	path_of(h, name, path, sizeof(path));
	same = read_text(path, &b) == 0 && h->hash[0] && strcmp(sk_buf_str(&b), h->hash) == 0;
	sk_buf_done(&b);
	return same;
}

/* ---- asking ----
 */
static int take_record(json_t *body, void *arg)
{
	json_t **ret = arg, *record = json_object_get(body, "record");

	if (record && !*ret)
		*ret = json_incref(record);
	return 0;
}

/* The record of an answer, or NULL. */
static json_t *ask(const struct health *h, const char *op)
{
	_cleanup_(sk_closep) int fd = sk_ipc_connect(h->socket, NULL);
	json_t *record = NULL;

	if (fd >= 0 &&
		sk_ipc_call(fd, op, json_object(), -1, CALL_MS, take_record, &record, NULL, NULL) <
			0) {
		json_decref(record);
		record = NULL;
	}
	return record;
}

/* 0 if the program ended well. Its output is of no interest. */
static int run(const char *const *argv)
{
	posix_spawn_file_actions_t fa;
	int r, status;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&fa, fd, "/dev/null", O_RDWR, 0);
	r = posix_spawnp(&pid, argv[0], &fa, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	if (r)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static bool has_table(void)
{
	static const char *const argv[] = {"nft", "-t", "list", "table", "inet", "sekisho", NULL};

	return run(argv) == 0;
}

/* Is it still there? */
static bool early_stays(const char *family)
{
	const char *const there[] = {"nft", "list", "table", family, "sekisho_early", NULL};
	const char *const argv[] = {"nft", "delete", "table", family, "sekisho_early", NULL};

	return run(there) == 0 && run(argv) < 0;
}

static void let_through(struct health *h)
{
	if (!h->early)
		return;
	h->early = early_stays("inet");
	h->early |= early_stays("bridge");
}

static unsigned once(struct health *h)
{
	_cleanup_(sk_json_decrefp) json_t *status = ask(h, "status"), *ips = NULL, *nac = NULL;
	struct mg_health_answers a = {.status = status, .table = has_table()};
	unsigned failed;

	if (status) {
		ips = ask(h, "ips.status");
		if (json_object_get(status, "admission"))
			nac = ask(h, "nac.status");
	}
	a.ips = ips;
	a.nac = nac;
	failed = mg_health_judge(&a);
	if (mg_health_protected(failed))
		let_through(h);
	return failed;
}

static unsigned until_well(struct health *h)
{
	const uint64_t end = sk_mono_us() + (uint64_t)h->timeout * 1000000;
	unsigned failed;

	while ((failed = once(h)) != 0 && sk_mono_us() < end)
		usleep(AGAIN_US);
	return failed;
}

/* ---- what follows ----
 */
/* state: good, or bad. */
static int mark(const char *state, struct sk_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus *bus = NULL;
	int r = sd_bus_open_system(&bus);

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(bus, MARK_US);
	if (r >= 0)
		r = sd_bus_call_method(bus, "de.pengutronix.rauc", "/",
			"de.pengutronix.rauc.Installer", "Mark", &e, NULL, "ss", state, "booted");
	if (r < 0)
		sk_err_en(err, r, NULL, "RAUC: %s", e.message ? e.message : strerror(-r));
	sd_bus_error_free(&e);
	sd_bus_flush_close_unref(bus);
	return r < 0 ? r : 0;
}

/* The loader gives a system that was found good more tries, since each power cut costs one: A_GOOD
 * or B_GOOD is its hash. In place, as the loader knows the block by its sectors. */
static void tell_loader(const struct health *h)
{
	_cleanup_(sk_closep) int fd = open(h->grubenv, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	char block[MG_GRUBENV_SIZE], name[16];
	int r = -EBADMSG;

	snprintf(name, sizeof(name), "%.1s_GOOD", h->slot);
	if (fd >= 0 && pread(fd, block, sizeof(block), 0) == (ssize_t)sizeof(block))
		r = mg_grubenv_set(block, name, h->hash);
	if (r == 0 &&
		(pwrite(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block) || fsync(fd) < 0))
		r = -errno;
	if (r < 0)
		fprintf(stderr, "sekisho-health: %s: %s\n", h->grubenv,
			strerror(fd < 0 ? errno : -r));
}

static void keep(const struct health *h, const char *name, const char *text)
{
	struct sk_err err = {0};
	char path[512];

	path_of(h, name, path, sizeof(path));
	if (sk_file_replace(path, text, strlen(text), 0644, &err) < 0)
		fprintf(stderr, "sekisho-health: %s: %s\n", path, err.en);
}

/* Why the other slot was given up, for who tells it: this start's result would take its place
 * before it was read. */
static void keep_return(const struct health *h)
{
	char path[512], to[512];
	struct sk_buf b;

	path_of(h, "last.json", path, sizeof(path));
	if (read_text(path, &b) == 0) {
		json_t *v = json_loads(sk_buf_str(&b), 0, NULL);
		const char *slot = json_string_value(json_object_get(v, "slot")),
			   *result = json_string_value(json_object_get(v, "result"));

		path_of(h, "returned.json", to, sizeof(to));
		if (slot && !sk_streq(slot, h->slot) && sk_streq(result, "return") &&
			rename(path, to) < 0)
			fprintf(stderr, "sekisho-health: %s: %s\n", to, strerror(errno));
		json_decref(v);
	}
	sk_buf_done(&b);
}

static void keep_result(const struct health *h, unsigned failed, const char *result)
{
	json_t *list = json_array(), *v;
	char boot[64] = "";
	struct sk_buf b;

	for (int i = 0; i < MG_HEALTH_CHECKS; i++)
		if (failed & 1u << i)
			json_array_append_new(
				list, json_string(mg_health_name((enum mg_health_check)i)));
	if (read_text("/proc/sys/kernel/random/boot_id", &b) == 0)
		snprintf(boot, sizeof(boot), "%.36s", sk_buf_str(&b));
	sk_buf_done(&b);
	v = json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o}", "slot", h->slot, "version", h->version,
		"hash", h->hash, "boot_id", boot, "result", result, "time", (json_int_t)sk_now(),
		"failed", list);
	sk_buf_init(&b, FILE_MAX);
	if (v)
		sk_json_put(&b, v);
	json_decref(v);
	keep_return(h);
	if (v && sk_buf_error(&b) == 0)
		keep(h, "last.json", sk_buf_str(&b));
	sk_buf_done(&b);
}

static void report(unsigned failed)
{
	for (int i = 0; i < MG_HEALTH_CHECKS; i++)
		if (failed & 1u << i)
			printf("sekisho-health: FAIL %s: %s\n",
				mg_health_name((enum mg_health_check)i),
				mg_health_text((enum mg_health_check)i)->en);
}

static double uptime(void)
{
	return (double)sk_boot_us() / 1e6;
}

/* A start on trial must be marked, or the next is of the other slot anyway. */
static int not_marked(const struct health *h, const struct sk_err *why)
{
	const bool stays = mg_health_unmarked(known_good(h), other_slot(h)) == MG_HEALTH_STAY;

	printf("sekisho-health: FAIL the slot could not be marked good: %s%s\n", why->en,
		stays ? "; it stays, another start would not help" : "");
	keep_result(h, 0, "not_marked");
	return !stays;
}

static int good(const struct health *h)
{
	struct sk_err err = {0};
	char name[16];

	if (h->slot[0] && !h->no_mark && mark("good", &err) < 0)
		return not_marked(h, &err);
	snprintf(name, sizeof(name), "good-%s", h->slot);
	if (h->slot[0]) {
		keep(h, name, h->hash);
		if (!h->no_mark)
			tell_loader(h);
	}
	keep_result(h, 0, "good");
	printf("sekisho-health: GOOD slot %s, version %s, %.1f s after start\n",
		h->slot[0] ? h->slot : "-", h->version, uptime());
	return 0;
}

static int act(const struct health *h, unsigned failed)
{
	struct sk_err err = {0};

	report(failed);
	switch (mg_health_decide(failed, known_good(h), other_slot(h))) {
	case MG_HEALTH_GOOD: return good(h);
	case MG_HEALTH_STAY:
		keep_result(h, failed, "stay");
		printf("sekisho-health: NOT GOOD slot %s, version %s; it stays, another start "
		       "would not help\n",
			h->slot[0] ? h->slot : "-", h->version);
		return 0;
	case MG_HEALTH_RETURN:
		keep_result(h, failed, "return");
		/* Not tried again, and never the one to fall back to. */
		if (!h->no_mark && mark("bad", &err) < 0)
			printf("sekisho-health: the slot could not be marked bad: %s\n", err.en);
		printf("sekisho-health: RETURN slot %s, version %s is given up, the other slot "
		       "starts\n",
			h->slot, h->version);
		return 1;
	}
	return 1;
}

enum { O_SOCKET = 256, O_STATE, O_GRUBENV, O_CMDLINE, O_TIMEOUT, O_NOMARK, O_VERSION, O_HELP };

static const struct option longopts[] = {
	{"socket", required_argument, NULL, O_SOCKET},
	{"state-dir", required_argument, NULL, O_STATE},
	{"grubenv", required_argument, NULL, O_GRUBENV},
	{"cmdline", required_argument, NULL, O_CMDLINE},
	{"timeout", required_argument, NULL, O_TIMEOUT},
	{"no-mark", no_argument, NULL, O_NOMARK},
	{"version", no_argument, NULL, O_VERSION},
	{"help", no_argument, NULL, O_HELP},
	{0},
};

/* -1: go on; else the exit code. */
static int option(struct health *h, int c)
{
	uint64_t n;

	switch (c) {
	case O_SOCKET: h->socket = optarg; break;
	case O_STATE: h->state_dir = optarg; break;
	case O_GRUBENV: h->grubenv = optarg; break;
	case O_CMDLINE: h->cmdline = optarg; break;
	case O_TIMEOUT:
		if (sk_parse_u64(optarg, 3600, &n) < 0)
			return usage(stderr, 2);
		h->timeout = (int64_t)n;
		break;
	case O_NOMARK: h->no_mark = true; break;
	case O_VERSION: printf("sekisho-health %s\n", SK_VERSION); return 0;
	case O_HELP: return usage(stdout, 0);
	default: return usage(stderr, 2);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct health h = {.socket = SK_RUNDIR "/mgmt.sock",
		.state_dir = SK_STATEDIR "/health",
		.grubenv = "/boot/state/grubenv",
		.cmdline = "/proc/cmdline",
		.version_file = SK_LIBDIR "/version",
		.timeout = 150,
		.early = true};
	int c, r;

	while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
		r = option(&h, c);
		if (r >= 0)
			return r;
	}
	if (optind < argc)
		return usage(stderr, 2);
	identify(&h);
	r = act(&h, until_well(&h));
	fflush(stdout);
	return r;
}
