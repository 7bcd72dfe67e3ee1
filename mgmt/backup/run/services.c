/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemons around a restore: stopped and started through systemd's own interface, or by a
 * program given for that, and asked whether they answer.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ipc.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

#define STOP_S 60

/* Who asks stops first, who is asked starts first; the manager's socket would start it again. */
static const char *const units[] = {"sekisho-mgmtd.socket", "sekisho-mgmtd.service",
	"sekisho-nacd.service", "sekisho-radius.service", "sekisho-ipsd.service",
	"sekisho-fwd.service"};

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- a program --------------------------------------------------------------------------------
 */
static int run_control(const char *program, const char *verb, struct sk_err *err)
{
	const pid_t pid = fork();
	int status = -1;

	if (pid < 0)
		return sk_err_en(err, -errno, NULL, "fork: %s", strerror(errno));
	if (pid == 0) {
		execl(program, program, verb, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return sk_err_set(err, -EIO, NULL, "the daemons could not be switched (%s %s)",
		"デーモンを操作できません (%s %s)", program, verb);
}

/* ---- systemd ----------------------------------------------------------------------------------
 */
static int bus_fail(struct sk_err *err, int r, const char *unit, const sd_bus_error *e)
{
	return sk_err_set(err, r, NULL, "%s cannot be stopped or started: %s",
		"%s を停止または起動できません (%s)", unit,
		e && e->message ? e->message : strerror(-r));
}

/* "active", "inactive", "failed"…; "" when there is no such unit. */
static void state_of(sd_bus *bus, const char *unit, char dst[32])
{
	sd_bus_message *m = NULL;
	const char *path = NULL;
	char *state = NULL;

	dst[0] = '\0';
	if (sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		    "org.freedesktop.systemd1.Manager", "GetUnit", NULL, &m, "s", unit) >= 0 &&
		sd_bus_message_read(m, "o", &path) >= 0 &&
		sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path,
			"org.freedesktop.systemd1.Unit", "ActiveState", NULL, &state) >= 0)
		snprintf(dst, 32, "%s", state);
	free(state);
	sd_bus_message_unref(m);
}

static bool runs(const char *state)
{
	return state[0] && strcmp(state, "inactive") != 0 && strcmp(state, "failed") != 0;
}

static int switch_unit(sd_bus *bus, const char *unit, bool start, struct sk_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	const uint64_t deadline = sk_mono_us() + STOP_S * 1000000ull;
	char state[32];
	int r = sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		"org.freedesktop.systemd1.Manager", start ? "StartUnit" : "StopUnit", &e, NULL,
		"ss", unit, "replace");

	if (r < 0 && !start && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
		r = 0;
	if (r < 0)
		bus_fail(err, r, unit, &e);
	sd_bus_error_free(&e);
	if (r < 0 || start)
		return SK_MIN(r, 0);
	for (state_of(bus, unit, state); runs(state); state_of(bus, unit, state)) {
		if (sk_mono_us() > deadline)
			return bus_fail(err, -ETIMEDOUT, unit, NULL);
		pause_ms(100);
	}
	return 0;
}

/* Started are those that ran and those that start by themselves with the machine. */
static bool wanted(sd_bus *bus, const char *unit)
{
	sd_bus_message *m = NULL;
	const char *state = "";
	bool yes = false;

	if (sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
		    "org.freedesktop.systemd1.Manager", "GetUnitFileState", NULL, &m, "s",
		    unit) >= 0 &&
		sd_bus_message_read(m, "s", &state) >= 0)
		yes = strncmp(state, "enabled", 7) == 0;
	sd_bus_message_unref(m);
	return yes;
}

int mg_bk_services(const struct mg_bk_opts *o, bool start, unsigned *ran, struct sk_err *err)
{
	const size_t n = SK_ARRAY_SIZE(units);
	sd_bus *bus = NULL;
	int r;

	if (o->control)
		return run_control(o->control, start ? "start" : "stop", err);
	r = sd_bus_open_system(&bus);
	if (r < 0)
		return bus_fail(err, r, "systemd", NULL);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const size_t k = start ? n - 1 - i : i;
		char state[32];

		state_of(bus, units[k], state);
		if (!start && runs(state))
			*ran |= 1u << k;
		if (!start || (*ran & 1u << k) || wanted(bus, units[k]))
			r = switch_unit(bus, units[k], start, err);
	}
	sd_bus_flush_close_unref(bus);
	return r;
}

/* ---- do they answer? --------------------------------------------------------------------------
 */
static int on_record(json_t *body, void *arg)
{
	const json_t *v = json_object_get(body, "record");

	if (v && sk_streq(json_string_value(json_object_get(v, "fwd")), "reachable"))
		*(bool *)arg = true;
	return 0;
}

int mg_bk_answers(const struct mg_bk_opts *o, unsigned seconds, struct sk_err *err)
{
	const uint64_t deadline = sk_mono_us() + seconds * 1000000ull;

	do {
		int fd = sk_ipc_connect(o->mgmt_socket, NULL);
		bool good = false;

		if (fd >= 0 &&
			sk_ipc_call(fd, "status", NULL, -1, 10000, on_record, &good, NULL, NULL) ==
				0 &&
			good) {
			close(fd);
			return 0;
		}
		sk_closep(&fd);
		pause_ms(300);
	} while (sk_mono_us() < deadline);
	return sk_err_set(err, -ETIMEDOUT, NULL,
		"the daemons did not answer with the restored state: what was there before is back",
		"復元した状態でデーモンが応答しないため、復元前の状態に戻しました");
}

void mg_bk_report(const struct mg_bk_opts *o, const char *who, const json_t *about, int code,
	const struct sk_err *why)
{
	json_t *args = json_pack("{s:s, s:O, s:i, s:s, s:s}", "who", who, "about", (json_t *)about,
		"code", code, "en", code < 0 ? why->en : "", "ja", code < 0 ? why->ja : "");
	char *text = args ? json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	struct sk_err err = {0};
	int fd = text ? sk_ipc_connect(o->mgmt_socket, &err) : -1;

	json_decref(args);
	if (fd < 0 ||
		sk_ipc_call(fd, "backup.restored", json_pack("{s:s}", "result", text), -1, 30000,
			NULL, NULL, NULL, &err) < 0)
		sk_log_err(LOG_WARNING, "telling the manager", &err);
	sk_closep(&fd);
	free(text);
}
