// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The device registry as FreeRADIUS sees it: devices, switches, revoked certificates. Everything is
 * given each time; the export writes what differs and ends sessions that may be no longer.
 */
#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/admission.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/devices.h"

struct view {
	struct mg_radius_device *devices;
	size_t n_devices, cap_devices;
	struct mg_radius_switch *switches;
	size_t n_switches, cap_switches;
	const char **revoked;
	size_t n_revoked, cap_revoked;
	json_t *held; /* every text of the view, alive until it was given */
	json_t *keys;
};

/* s, for as long as the view lives. */
static const char *hold(struct view *w, const char *s)
{
	json_t *v = json_string(s);

	return json_array_append_new(w->held, v) < 0 ? NULL : json_string_value(v);
}

/* The items of a list; the array is freed with the view's devices. */
static int items(struct view *w, const char *text, const char *const **ret, size_t *ret_n)
{
	const char **list = calloc(MG_RADIUS_NAMES_MAX, sizeof(*list));
	char one[256];
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	*ret = list;
	for (const char *p = text;
		n < MG_RADIUS_NAMES_MAX && (p = mg_device_item(p, one, sizeof(one)));) {
		list[n] = hold(w, one);
		if (!list[n++])
			return -ENOMEM;
	}
	*ret_n = n;
	return 0;
}

static unsigned methods_of(const char *text)
{
	unsigned bits = 0;
	char one[16];

	for (const char *p = text; (p = mg_device_item(p, one, sizeof(one)));)
		bits |= sk_streq(one, "mac") ? MG_RADIUS_BY_MAC : MG_RADIUS_BY_DOT1X;
	return bits;
}

static bool taken(struct view *w, const struct mg_device_info *i)
{
	char one[256];
	bool found = false;

	for (const char *p = i->mac; (p = mg_device_item(p, one, sizeof(one)));)
		found = found || json_object_get(w->keys, one);
	for (const char *p = i->identity; (p = mg_device_item(p, one, sizeof(one)));)
		found = found || json_object_get(w->keys, one);
	for (const char *p = i->mac; !found && (p = mg_device_item(p, one, sizeof(one)));)
		json_object_set_new(w->keys, one, json_true());
	for (const char *p = i->identity; !found && (p = mg_device_item(p, one, sizeof(one)));)
		json_object_set_new(w->keys, one, json_true());
	return found;
}

static int add_device(const struct mg_record *rec, void *arg)
{
	const struct mg_device *x = (const struct mg_device *)rec;
	struct mg_radius_device *d;
	struct view *w = arg;
	int r;

	if (taken(w, &x->info))
		return 0;
	if (sk_grow(&w->devices, &w->cap_devices, w->n_devices + 1, sizeof(*w->devices)) < 0)
		return -ENOMEM;
	d = &w->devices[w->n_devices++];
	*d = (struct mg_radius_device){.number = rec->number,
		.name = hold(w, x->info.name),
		.state = sk_streq(rec->state, "revoked")      ? MG_RADIUS_REVOKED
			: sk_streq(rec->state, "quarantined") ? MG_RADIUS_QUARANTINED
							      : MG_RADIUS_ACTIVE,
		.methods = methods_of(x->info.method),
		.vlan = hold(w, x->info.vlan),
		.expires = rec->expiry};
	r = items(w, x->info.mac, &d->macs, &d->n_macs);
	if (r == 0)
		r = items(w, x->info.identity, &d->identities, &d->n_identities);
	return d->name && d->vlan ? r : -ENOMEM;
}

static int add_switch(const char *name, const json_t *value, void *arg)
{
	const char *address = json_string_value(json_object_get(value, "address"));
	const char *secret = json_string_value(json_object_get(value, "secret"));
	struct view *w = arg;

	if (!address ||
		sk_grow(&w->switches, &w->cap_switches, w->n_switches + 1, sizeof(*w->switches)) <
			0)
		return -ENOMEM;
	w->switches[w->n_switches++] = (struct mg_radius_switch){.address = hold(w, address),
		.name = hold(w, name),
		.secret = hold(w, secret ? secret : name),
		.coa_port = (uint16_t)json_integer_value(json_object_get(value, "coa_port"))};
	return 0;
}

static int add_revoked(const struct mg_certificate *c, void *arg)
{
	struct view *w = arg;

	if (sk_grow(&w->revoked, &w->cap_revoked, w->n_revoked + 1, sizeof(*w->revoked)) < 0)
		return -ENOMEM;
	w->revoked[w->n_revoked] = hold(w, c->serial);
	return w->revoked[w->n_revoked++] ? 0 : -ENOMEM;
}

static int fill(struct mg_daemon *d, struct view *w, struct sk_err *err)
{
	static const char *const states[] = {"active", "quarantined", "revoked", "expired"};
	struct mg_record_filter f = {.fn = add_device, .arg = w};
	int r = 0;

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(states); i++) {
		f.state = states[i];
		r = mg_record_each(&mg_device_kind, d->store, &f, err);
	}
	if (r == 0)
		r = mg_item_each(d->store, MG_ITEM_SWITCH, add_switch, w, err);
	if (r == 0)
		r = mg_certificate_each(d->store, 0, true, add_revoked, w, err);
	return r == -ENOMEM ? sk_err_nomem(err) : r;
}

static void view_done(struct view *w)
{
	for (size_t i = 0; i < w->n_devices; i++) {
		free((void *)w->devices[i].macs);
		free((void *)w->devices[i].identities);
	}
	free(w->devices);
	free(w->switches);
	free(w->revoked);
	json_decref(w->held);
	json_decref(w->keys);
}

int mg_admission_radius(struct mg_daemon *d, struct sk_err *err)
{
	struct view w = {.held = json_array(), .keys = json_object()};
	struct mg_radius_view v;
	char vlan[64] = "";
	int r = 0;

	if (!d->radius)
		goto out;
	r = fill(d, &w, err);
	mg_setting_get(d->store, "nac.quarantine_vlan", vlan, sizeof(vlan));
	v = (struct mg_radius_view){.devices = w.devices,
		.n_devices = w.n_devices,
		.switches = w.switches,
		.n_switches = w.n_switches,
		.revoked = w.revoked,
		.n_revoked = w.n_revoked,
		.settings = {.reauth = (unsigned)mg_setting_int(d->store, "nac.reauth"),
			.quarantine_vlan = vlan}};
	if (r == 0)
		r = mg_radius_apply(d->radius, &v, NULL, err);
out:
	view_done(&w);
	return r;
}
