/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices are never cut off, and why this one is not; see isolate.h. */
#include "lib/util.h"
#include "nac/observe/isolate.h"

enum nac_spare nac_spare_why(const struct nac_device *d, const struct nac_spare_facts *f)
{
	const struct {
		bool holds;
		enum nac_spare why;
	} safeguards[] = {
		{f->off, NAC_SPARE_OFF},
		{f->admitted, NAC_SPARE_ADMITTED},
		{f->undecided, NAC_SPARE_UNDECIDED},
		{f->own, NAC_SPARE_OWN},
		{f->infrastructure, NAC_SPARE_INFRASTRUCTURE},
		{f->listed, NAC_SPARE_LISTED},
		{d->roles & NAC_ROLE_VIRTUAL_ROUTER, NAC_SPARE_VIRTUAL_ROUTER},
		{d->roles & NAC_ROLE_ROUTER, NAC_SPARE_ROUTER},
		{d->roles & NAC_ROLE_DHCP_SERVER, NAC_SPARE_DHCP_SERVER},
		{d->roles & NAC_ROLE_BRIDGE, NAC_SPARE_BRIDGE},
		{d->roles & NAC_ROLE_ACCESS_POINT, NAC_SPARE_ACCESS_POINT},
		{d->roles & NAC_ROLE_MANY_ADDRESSES, NAC_SPARE_MANY_ADDRESSES},
		{f->admitted_here == 0, NAC_SPARE_NOBODY_ADMITTED},
		{f->isolated >= f->max_isolated, NAC_SPARE_LIMIT},
		{f->observing, NAC_SPARE_OBSERVING},
		{f->settling, NAC_SPARE_SETTLING},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(safeguards); i++) {
		if (safeguards[i].holds)
			return safeguards[i].why;
	}
	return NAC_SPARE_NO;
}

const char *nac_spare_text(enum nac_spare why)
{
	static const char *const texts[] = {
		[NAC_SPARE_NO] = "nothing speaks against cutting it off",
		[NAC_SPARE_OFF] = "isolation is off on this network",
		[NAC_SPARE_ADMITTED] = "it is admitted",
		[NAC_SPARE_UNDECIDED] = "its admission is not decided yet",
		[NAC_SPARE_OWN] = "it is the gateway",
		[NAC_SPARE_INFRASTRUCTURE] = "it is registered as infrastructure",
		[NAC_SPARE_LISTED] = "it is listed as a DHCP server or router of this network",
		[NAC_SPARE_VIRTUAL_ROUTER] = "its address is one routers share",
		[NAC_SPARE_ROUTER] = "it routes for others",
		[NAC_SPARE_DHCP_SERVER] = "it answers DHCP",
		[NAC_SPARE_BRIDGE] = "it says it is a switch",
		[NAC_SPARE_ACCESS_POINT] = "it says it is an access point",
		[NAC_SPARE_MANY_ADDRESSES] = "it holds many addresses, as routers do",
		[NAC_SPARE_NOBODY_ADMITTED] =
			"no device of this network is admitted, so the registry cannot be right",
		[NAC_SPARE_LIMIT] = "as many devices as allowed are cut off already",
		[NAC_SPARE_OBSERVING] = "the network is being observed first",
		[NAC_SPARE_SETTLING] = "the sensor has just started",
	};

	return (size_t)why < SK_ARRAY_SIZE(texts) ? texts[why] : "unknown";
}

bool nac_spare_is_notable(enum nac_spare why)
{
	return why >= NAC_SPARE_LISTED && why <= NAC_SPARE_LIMIT;
}
