/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * On a bus of the test's own: RAUC's interface as far as sekisho-update and health use it, writing
 * files instead of slots (rauc_fake DIR: DIR/grubenv, DIR/slot-b, DIR/fail holds the error of the
 * next installation, which does not end while there is DIR/hold), and the service manager's Reboot
 * and PowerOff, which only leave a line in DIR/power and are refused while there is DIR/refuse, and
 * its jobs, which leave one in DIR/jobs. The real RAUC needs device-mapper, which few test machines
 * let a container have.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/util.h"

#define RAUC "de.pengutronix.rauc"
#define STEPS 5

struct fake {
	const char *dir;
	sd_bus *bus;
	sd_event *ev;
	char path[512], error[600], version[64];
	int step; /* 0: idle */
};

static void in_dir(const struct fake *f, const char *name, char dst[512])
{
	snprintf(dst, 512, "%s/%s", f->dir, name);
}

static bool read_in(const struct fake *f, const char *name, struct sk_buf *b)
{
	char path[512];

	in_dir(f, name, path);
	sk_buf_init(b, 64u << 20);
	return sk_file_read(path, b, NULL) == 0;
}

static bool is_there(const struct fake *f, const char *name)
{
	char path[512];

	in_dir(f, name, path);
	return access(path, F_OK) == 0;
}

static void env(const struct fake *f, const char *values)
{
	char cmd[1024];

	snprintf(cmd, sizeof(cmd), "grub-editenv %s/grubenv set %s", f->dir, values);
	if (system(cmd) != 0)
		fprintf(stderr, "failed: %s\n", cmd);
}

static bool env_is(const struct fake *f, const char *line)
{
	struct sk_buf b;
	bool is = read_in(f, "grubenv", &b) && strstr(sk_buf_str(&b), line);

	sk_buf_done(&b);
	return is;
}

/* ---- properties ---- */
static int get_text(sd_bus *bus, const char *path, const char *iface, const char *name,
	sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const struct fake *f = arg;
	const char *v = strcmp(name, "Compatible") == 0 ? "sekisho-amd64"
		: strcmp(name, "LastError") == 0        ? f->error
		: f->step                               ? "installing"
							: "idle";

	return sd_bus_message_append(m, "s", v);
}

static int get_progress(sd_bus *bus, const char *path, const char *iface, const char *name,
	sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const struct fake *f = arg;

	return sd_bus_message_append(m, "(isi)", f->step * 100 / STEPS, "writing", 1);
}

/* ---- slots ---- */
static int put_slot(sd_bus_message *m, const char *name, const char *boot, bool booted, bool ok,
	const char *version)
{
	int r = sd_bus_message_append(m, "(sa{sv})", name, 7, "class", "s", "root", "bootname", "s",
		boot, "state", "s", booted ? "booted" : "inactive", "boot-status", "s",
		ok ? "good" : "bad", "bundle.version", "s", version, "sha256", "s",
		version[0] ? "0123" : "", "installed.count", "u", 1);

	return r;
}

static int on_slots(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const struct fake *f = arg;
	sd_bus_message *reply = NULL;
	int r = sd_bus_message_new_method_return(m, &reply);

	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "(sa{sv})");
	if (r >= 0)
		r = put_slot(reply, "root.0", "A", true, env_is(f, "A_OK=1"), "");
	if (r >= 0)
		r = put_slot(reply, "root.1", "B", false, env_is(f, "B_OK=1"), f->version);
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_send(f->bus, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static int on_mark(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const struct fake *f = arg;
	const char *state, *slot;
	int r = sd_bus_message_read(m, "ss", &state, &slot);

	if (r < 0)
		return r;
	if (strcmp(state, "good") == 0)
		env(f, "A_OK=1 A_TRY=0");
	else if (strcmp(state, "active") == 0)
		env(f, "'ORDER=B A' B_OK=1 B_TRY=0");
	return sd_bus_reply_method_return(m, "ss", slot, "marked");
}

/* ---- installation ---- */
/* The manifest lies in clear in the signature. */
static void learn_version(struct fake *f, const struct sk_buf *b)
{
	const char *at = b->len ? memmem(b->data + (b->len > 65536 ? b->len - 65536 : 0),
					  SK_MIN(b->len, (size_t)65536), "version=", 8)
				: NULL;

	if (at)
		snprintf(f->version, sizeof(f->version), "%.*s", (int)strcspn(at + 8, "\r\n"),
			at + 8);
}

static void finish(struct fake *f)
{
	struct sk_buf b, why;
	char to[512];
	int32_t code = 0;

	in_dir(f, "slot-b", to);
	sk_buf_init(&b, 64u << 20);
	if (read_in(f, "fail", &why)) {
		snprintf(f->error, sizeof(f->error), "%s", sk_buf_str(&why));
		code = 1;
	} else if (sk_file_read(f->path, &b, NULL) < 0 ||
		sk_file_replace(to, b.data, b.len, 0600, NULL) < 0) {
		snprintf(f->error, sizeof(f->error), "cannot copy %s", f->path);
		code = 1;
	} else {
		learn_version(f, &b);
		env(f, "'ORDER=B A' B_OK=1 B_TRY=0");
	}
	sk_buf_done(&why);
	sk_buf_done(&b);
	f->step = 0;
	sd_bus_emit_signal(f->bus, "/", RAUC ".Installer", "Completed", "i", code);
}

static int on_step(sd_event_source *src, uint64_t usec, void *arg)
{
	struct fake *f = arg;

	if (f->step < STEPS || !is_there(f, "hold"))
		f->step++;
	if (f->step > STEPS) {
		finish(f);
		sd_event_source_unref(src);
		return 0;
	}
	sd_event_source_set_time_relative(src, 100000);
	return sd_event_source_set_enabled(src, SD_EVENT_ONESHOT);
}

static int on_install(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct fake *f = arg;
	sd_event_source *src = NULL;
	const char *path;
	int r = sd_bus_message_read(m, "s", &path);

	if (r < 0)
		return r;
	if (f->step)
		return sd_bus_reply_method_errorf(m, "org.gtk.GDBus.Failed", "already processing");
	snprintf(f->path, sizeof(f->path), "%s", path);
	f->error[0] = '\0';
	f->step = 1;
	env(f, "B_OK=0");
	r = sd_event_add_time_relative(f->ev, &src, CLOCK_MONOTONIC, 100000, 0, on_step, f);
	return r < 0 ? r : sd_bus_reply_method_return(m, "");
}

/* ---- the service manager ---- */
static int on_power(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const struct fake *f = arg;
	char path[512];
	FILE *out;

	if (is_there(f, "refuse"))
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_ACCESS_DENIED, "not now");
	in_dir(f, "power", path);
	out = fopen(path, "a");
	if (out) {
		fprintf(out, "%s\n", sd_bus_message_get_member(m));
		fclose(out);
	}
	return sd_bus_reply_method_return(m, "");
}

static int on_job(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	const struct fake *f = arg;
	const char *unit, *mode;
	char path[512];
	FILE *out;
	int r = sd_bus_message_read(m, "ss", &unit, &mode);

	if (r < 0)
		return r;
	in_dir(f, "jobs", path);
	out = fopen(path, "a");
	if (out) {
		fprintf(out, "%s %s\n", sd_bus_message_get_member(m), unit);
		fclose(out);
	}
	return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/job/1");
}

static const sd_bus_vtable rauc[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("InstallBundle", "sa{sv}", "", on_install, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("GetSlotStatus", "", "a(sa{sv})", on_slots, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Mark", "ss", "ss", on_mark, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("Compatible", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Operation", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("LastError", "s", get_text, 0, 0),
	SD_BUS_PROPERTY("Progress", "(isi)", get_progress, 0, 0),
	SD_BUS_SIGNAL("Completed", "i", 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable manager[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Reboot", "", "", on_power, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("PowerOff", "", "", on_power, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("RestartUnit", "ss", "o", on_job, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("TryRestartUnit", "ss", "o", on_job, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("StopUnit", "ss", "o", on_job, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

int main(int argc, char **argv)
{
	struct fake f = {.dir = argc > 1 ? argv[1] : "."};
	int r = sd_event_new(&f.ev);

	if (r >= 0)
		r = sd_bus_open_system(&f.bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(f.bus, NULL, "/", RAUC ".Installer", rauc, &f);
	if (r >= 0)
		r = sd_bus_add_object_vtable(f.bus, NULL, "/org/freedesktop/systemd1",
			"org.freedesktop.systemd1.Manager", manager, &f);
	if (r >= 0)
		r = sd_bus_request_name(f.bus, RAUC, 0);
	if (r >= 0)
		r = sd_bus_request_name(f.bus, "org.freedesktop.systemd1", 0);
	if (r >= 0)
		r = sd_bus_attach_event(f.bus, f.ev, 0);
	if (r < 0) {
		fprintf(stderr, "rauc_fake: %s\n", strerror(-r));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	return sd_event_loop(f.ev) < 0;
}
