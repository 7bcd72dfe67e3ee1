/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of decoder and stream events, and the way from a name to its number. Called when rules
 * are loaded and when an event is written, never for each packet.
 */
#include "ips/packet/event.h"

#include <stddef.h>
#include <string.h>

#include "lib/util.h"

static const char *const names[IPS_EV_COUNT] = {
#define IPS_EVENT(id, name) [IPS_EV_##id] = name,
#include "ips/packet/event_list.def"
#undef IPS_EVENT
};

_Static_assert(IPS_EV_COUNT <= IPS_EVENT_WORDS * 64, "more events than struct ips_events holds");

/* Rules in circulation use both spellings. */
static const struct {
	const char *name;
	enum ips_event ev;
} aliases[] = {
	{"stream.3whs_synack_resend_with_different_ack",
		IPS_EV_STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_ACK},
	{"stream.est_synack_resend_with_different_ack",
		IPS_EV_STREAM_EST_SYNACK_RESEND_WITH_DIFF_ACK},
};

int ips_event_by_name(const char *name)
{
	for (int i = IPS_EV_NONE + 1; i < IPS_EV_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	for (size_t i = 0; i < SK_ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].name, name) == 0)
			return aliases[i].ev;
	return -1;
}

const char *ips_event_name(enum ips_event ev)
{
	return (unsigned)ev < IPS_EV_COUNT ? names[ev] : "";
}
