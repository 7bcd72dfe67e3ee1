// SPDX-License-Identifier: GPL-2.0-or-later
/* Settings that were made earlier, and the cards that are there now: at a start and at a return. */
#include "lib/log.h"
#include "mgmt/gateway/box/box.h"

bool mg_box_fit(struct mg_gateway *g, enum mg_gw_fit fit[static MG_GW_PORTS_MAX])
{
	struct mg_gw_iface ifaces[MG_BOX_IFACES_MAX];
	bool all = true;
	size_t n = 0;

	if (mg_box_ifaces(ifaces, MG_BOX_IFACES_MAX, &n, NULL) < 0)
		return false;
	for (size_t i = 0; i < g->n_ports; i++) {
		fit[i] = mg_gateway_fit(g, i, ifaces, n);
		all = all && fit[i] == MG_GW_FITS;
	}
	return all;
}

/* At the console, in both languages: a missing card must not take the others with it. */
void mg_box_fit_say(const struct mg_gateway *g, const enum mg_gw_fit fit[static MG_GW_PORTS_MAX])
{
	for (size_t i = 0; i < g->n_ports; i++) {
		const struct mg_gw_port *p = &g->ports[i];
		const struct sk_text *text = mg_gateway_fit_text(fit[i]);

		if (text)
			sk_log(LOG_ERR, "port %s (%s, %s): %s / %s", mg_gw_role_name(p->role),
				p->name, p->mac, text->en, text->ja);
	}
}
