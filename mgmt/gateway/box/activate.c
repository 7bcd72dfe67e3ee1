// SPDX-License-Identifier: GPL-2.0-or-later
/* systemd and systemd-networkd are told, over the system bus, to take up what was generated. */
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"

/* Enqueue a job; a unit that is not there is no error of the set-up, but is said. */
static void job(sd_bus *bus, const char *method, const char *unit)
{
	_cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(bus, SYSTEMD, SYSTEMD_PATH, SYSTEMD_MANAGER, method, &e, NULL,
		"ss", unit, "replace");

	if (r < 0)
		sk_log(LOG_WARNING, "%s %s: %s", method, unit,
			e.message ? e.message : strerror(-r));
}

static void reload_networks(sd_bus *bus)
{
	_cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
	int r;

	job(bus, "StartUnit", "systemd-networkd.service");
	r = sd_bus_call_method(bus, "org.freedesktop.network1", "/org/freedesktop/network1",
		"org.freedesktop.network1.Manager", "Reload", &e, NULL, "");
	if (r < 0)
		sk_log(LOG_WARNING, "networkd: %s", e.message ? e.message : strerror(-r));
}

/* systemd-hostnamed has the right to. */
static void host_name(sd_bus *bus, const char *name)
{
	_cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(bus, "org.freedesktop.hostname1", "/org/freedesktop/hostname1",
		"org.freedesktop.hostname1", "SetHostname", &e, NULL, "sb", name, 0);

	if (r < 0)
		sk_log(LOG_WARNING, "hostnamed: %s", e.message ? e.message : strerror(-r));
}

int mg_box_activate(const struct mg_gateway *g, struct sk_err *err)
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	const bool ppp = g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE;
	int r = sd_bus_open_system(&bus);

	if (r < 0)
		return sk_err_set(err, -EHOSTDOWN, NULL,
			"the service manager cannot be reached (%s): restart to use the new "
			"settings",
			"サービスマネージャーに接続できません (%s)。再起動すると新しい設定になりま"
			"す",
			strerror(-r));
	host_name(bus, g->hostname);
	reload_networks(bus);
	job(bus, ppp ? "RestartUnit" : "StopUnit", "sekisho-pppoe.service");
	job(bus, "RestartUnit", "sekisho-dns.service");
	job(bus, "RestartUnit", "sekisho-time.service");
	job(bus, "RestartUnit", "sekisho-upstream.service");
	/* Only where it runs: elsewhere the keyboard is not ours. */
	job(bus, "TryRestartUnit", "sekisho-keyboard.service");
	return 0;
}
