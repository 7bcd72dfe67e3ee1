// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DHCP, DNS, NTP and the line over PPPoE are other people's programs under our units: whether they
 * run, systemd knows. It is asked for one property each, which anybody may read.
 */
#include "mgmt/mgmtd/services.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"

#define ANSWER_US 500000
#define LEASES "/var/lib/misc/dnsmasq.leases"

struct services {
	bool dhcp, dns, ntp, pppoe;
};

/* What the set-up in force wants. */
static bool wanted(struct services *ret)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *doc = NULL;
	struct sk_buf b;

	sk_buf_init(&b, MG_GW_BYTES_MAX);
	if (sk_file_read(MG_BOX_GATEWAY, &b, NULL) == 0)
		doc = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	if (!doc || mg_gateway_parse(doc, &g, NULL) < 0)
		return false;
	ret->ntp = true; /* the gateway's own clock */
	ret->pppoe = g->nets[MG_GW_WAN].ip4.method == MG_GW_PPPOE;
	for (int i = MG_GW_WAN + 1; i < MG_GW_ROLES; i++) {
		ret->dhcp = ret->dhcp || g->nets[i].dhcp;
		ret->dns = ret->dns || g->nets[i].dns;
	}
	return true;
}

/* "active", "failed" …, owned (free); NULL: not known. */
static char *state_of(sd_bus *bus, const char *unit)
{
	_cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
	const char *path;
	char *state = NULL;

	if (!bus ||
		sd_bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
			"org.freedesktop.systemd1.Manager", "LoadUnit", NULL, &m, "s", unit) < 0 ||
		sd_bus_message_read(m, "o", &path) < 0 ||
		sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path,
			"org.freedesktop.systemd1.Unit", "ActiveState", NULL, &state) < 0)
		return NULL;
	return state;
}

struct answer {
	struct mg_call *c;
	json_t *v, *list;
	void (*warn)(json_t *v, const char *text);
	sd_bus *bus;
};

static void tell(struct answer *a, const char *name, const char *unit)
{
	_cleanup_(sk_freep) char *state = state_of(a->bus, unit);
	char text[160];

	json_object_set_new(a->list, name, json_string(state ? state : "unknown"));
	if (!state || strcmp(state, "active") == 0 || strcmp(state, "activating") == 0)
		return;
	snprintf(text, sizeof(text),
		a->c->lang == SK_JA ? "%s が動いていません (systemctl status %s)"
				    : "%s does not run (systemctl status %s)",
		unit, unit);
	a->warn(a->v, text);
}

static void count_leases(json_t *list)
{
	json_int_t n = 0;
	struct sk_buf b;

	sk_buf_init(&b, 4u << 20);
	if (sk_file_read(LEASES, &b, NULL) == 0) {
		for (const char *s = sk_buf_str(&b); *s; s += strcspn(s, "\n"), s += *s != 0)
			n += *s != '\n' && strncmp(s, "duid", 4) != 0;
		json_object_set_new(list, "leases", json_integer(n));
	}
	sk_buf_done(&b);
}

void mg_services_status(struct mg_call *c, json_t *v, void (*warn)(json_t *v, const char *text))
{
	_cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
	struct answer a = {.c = c, .v = v, .warn = warn};
	struct services s = {0};

	if (!wanted(&s) || !(a.list = json_object()))
		return;
	if (sd_bus_open_system(&bus) >= 0) {
		sd_bus_set_method_call_timeout(bus, ANSWER_US);
		a.bus = bus;
	}
	if (s.dhcp)
		tell(&a, "dhcp", "sekisho-dns.service");
	if (s.dhcp)
		count_leases(a.list);
	if (s.dns)
		tell(&a, "dns", "sekisho-dns.service");
	if (s.ntp)
		tell(&a, "ntp", "sekisho-time.service");
	if (s.pppoe)
		tell(&a, "pppoe", "sekisho-pppoe.service");
	json_object_set_new(v, "services", a.list);
}
