/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RAUC over D-Bus: it verifies the bundle again, writes it into the slot that does not run and
 * tells the loader. Its interface: de.pengutronix.rauc.Installer (rauc.readthedocs.io, "D-Bus
 * API").
 */
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/update/run/run.h"

#define NAME "de.pengutronix.rauc"
#define IFACE "de.pengutronix.rauc.Installer"
#define CALL_US 60000000ull
#define INSTALL_US (1800ull * 1000000)
#define STEP_US 300000ull

struct mg_rauc {
	sd_bus *bus;
	bool done;
	int32_t result;
};

static int fail(struct sk_err *err, int r, const sd_bus_error *e)
{
	const char *why = e && e->message ? e->message : strerror(-r);
	char text[240];

	sk_escape(text, sizeof(text), why, strlen(why));
	return sk_err_set(err, r, NULL, "RAUC, which writes the slots: %s",
		"更新の書き込み (RAUC) に失敗しました: %s", text);
}

int mg_rauc_open(struct mg_rauc **ret, struct sk_err *err)
{
	struct mg_rauc *c = calloc(1, sizeof(*c));
	int r = c ? sd_bus_open_system(&c->bus) : -ENOMEM;

	if (r >= 0)
		r = sd_bus_set_method_call_timeout(c->bus, CALL_US);
	if (r < 0) {
		mg_rauc_close(c);
		return fail(err, r, NULL);
	}
	*ret = c;
	return 0;
}

void mg_rauc_close(struct mg_rauc *r)
{
	if (!r)
		return;
	sd_bus_flush_close_unref(r->bus);
	free(r);
}

static int text_property(
	struct mg_rauc *c, const char *name, char *dst, size_t cap, struct sk_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	char *s = NULL;
	int r = sd_bus_get_property_string(c->bus, NAME, "/", IFACE, name, &e, &s);

	if (r < 0)
		fail(err, r, &e);
	else
		snprintf(dst, cap, "%s", s);
	sd_bus_error_free(&e);
	free(s);
	return r < 0 ? r : 0;
}

int mg_rauc_compatible(struct mg_rauc *r, char *dst, size_t cap, struct sk_err *err)
{
	return text_property(r, "Compatible", dst, cap, err);
}

/* ---- slots ----
 */
/* One property of a slot: texts that people are shown, under our names. */
static int slot_value(sd_bus_message *m, json_t *row)
{
	static const struct {
		const char *theirs, *ours;
	} names[] = {{"bootname", "slot"}, {"state", "state"}, {"boot-status", "boot"},
		{"bundle.version", "version"}, {"sha256", "root_sha256"},
		{"installed.timestamp", "installed"}, {"class", "class"}};
	const char *key, *type, *text;
	int r = sd_bus_message_read(m, "s", &key);

	if (r >= 0)
		r = sd_bus_message_peek_type(m, NULL, &type);
	if (r < 0)
		return r;
	if (strcmp(type, "s") != 0)
		return sd_bus_message_skip(m, "v");
	r = sd_bus_message_read(m, "v", "s", &text);
	for (size_t i = 0; r >= 0 && i < SK_ARRAY_SIZE(names); i++)
		if (strcmp(key, names[i].theirs) == 0)
			json_object_set_new(row, names[i].ours, json_string(text));
	return r;
}

/* 0: no more slots. */
static int one_slot(sd_bus_message *m, json_t *list)
{
	json_t *row = json_object();
	const char *name;
	int r = sd_bus_message_enter_container(m, 'r', "sa{sv}");

	if (r <= 0) {
		json_decref(row);
		return r;
	}
	r = sd_bus_message_read(m, "s", &name);
	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = slot_value(m, row);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0 && json_object_get(row, "slot")) {
		json_object_del(row, "class");
		json_array_append(list, row);
	}
	json_decref(row);
	return r < 0 ? r : 1;
}

int mg_rauc_slots(struct mg_rauc *c, json_t **ret, struct sk_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	json_t *list = json_array();
	int r = sd_bus_call_method(c->bus, NAME, "/", IFACE, "GetSlotStatus", &e, &m, "");

	if (r >= 0)
		r = sd_bus_message_enter_container(m, 'a', "(sa{sv})");
	while (r >= 0 && (r = one_slot(m, list)) > 0)
		;
	if (r < 0) {
		fail(err, r, &e);
		json_decref(list);
	} else {
		*ret = list;
	}
	sd_bus_error_free(&e);
	sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

int mg_rauc_mark(struct mg_rauc *c, const char *state, const char *slot, struct sk_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(c->bus, NAME, "/", IFACE, "Mark", &e, NULL, "ss", state, slot);

	if (r < 0)
		fail(err, r, &e);
	sd_bus_error_free(&e);
	return r < 0 ? r : 0;
}

/* ---- installation ----
 */
static int on_completed(sd_bus_message *m, void *arg, sd_bus_error *e)
{
	struct mg_rauc *c = arg;

	if (sd_bus_message_read(m, "i", &c->result) < 0)
		c->result = -1;
	c->done = true;
	return 0;
}

static void tell(struct mg_rauc *c, struct sk_oneshot *s)
{
	static const struct sk_text writing = {
		"writing the other slot", "もう一方のスロットに書き込み中"};
	sd_bus_message *m = NULL;
	int32_t percent = 0, depth;
	const char *text;

	if (sd_bus_get_property(c->bus, NAME, "/", IFACE, "Progress", NULL, &m, "(isi)") >= 0 &&
		sd_bus_message_read(m, "(isi)", &percent, &text, &depth) >= 0)
		sk_oneshot_progress(s, (uint64_t)SK_MAX(percent, 0), 100, &writing);
	sd_bus_message_unref(m);
}

/* Until it says that it has ended, or is gone. */
static int wait_done(struct mg_rauc *c, struct sk_oneshot *s, struct sk_err *err)
{
	const uint64_t end = sk_mono_us() + INSTALL_US;
	char operation[32];
	int r = 0;

	while (!c->done && r >= 0) {
		r = sd_bus_process(c->bus, NULL);
		if (r > 0)
			continue;
		if (r == 0)
			r = sd_bus_wait(c->bus, STEP_US);
		if (r >= 0 && sk_mono_us() > end)
			r = -ETIMEDOUT;
		if (r >= 0)
			tell(c, s);
		if (r >= 0 && text_property(c, "Operation", operation, sizeof(operation), err) < 0)
			return -EHOSTDOWN;
	}
	return r < 0 ? fail(err, r, NULL) : 0;
}

int mg_rauc_install(struct mg_rauc *c, struct sk_oneshot *s, const char *path, struct sk_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	char why[240] = "";
	int r;

	c->done = false;
	r = sd_bus_match_signal(c->bus, NULL, NAME, "/", IFACE, "Completed", on_completed, c);
	if (r >= 0)
		r = sd_bus_call_method(
			c->bus, NAME, "/", IFACE, "InstallBundle", &e, NULL, "sa{sv}", path, 0);
	if (r < 0)
		fail(err, r, &e);
	sd_bus_error_free(&e);
	if (r < 0)
		return r;
	r = wait_done(c, s, err);
	if (r < 0 || c->result == 0)
		return r;
	text_property(c, "LastError", why, sizeof(why), NULL);
	e = (sd_bus_error){.message = why};
	return fail(err, -EIO, &e);
}
