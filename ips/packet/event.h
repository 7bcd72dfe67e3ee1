/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decoder and stream events by the names rules use: `decode-event:ipv4.pkt_too_small` and
 * `stream-event:pkt_bad_window_update`. One number space; the table is in event.c.
 */
#ifndef IPS_PACKET_EVENT_H
#define IPS_PACKET_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#define IPS_EVENT_WORDS 5

/* Bit set over enum ips_event. */
struct ips_events {
	uint64_t w[IPS_EVENT_WORDS];
};

/* enum ips_event: IPS_EV_IPV4_PKT_TOO_SMALL, … IPS_EV_STREAM_…; the list defines the names. */
enum ips_event {
#define IPS_EVENT(id, name) IPS_EV_##id,
#include "ips/packet/event_list.def"
#undef IPS_EVENT
	IPS_EV_COUNT
};

static inline void ips_event_set(struct ips_events *e, enum ips_event ev)
{
	e->w[ev / 64] |= 1ULL << (ev % 64);
}

static inline bool ips_event_is_set(const struct ips_events *e, enum ips_event ev)
{
	return e->w[ev / 64] >> (ev % 64) & 1;
}

static inline bool ips_events_any(const struct ips_events *e)
{
	return (e->w[0] | e->w[1] | e->w[2] | e->w[3] | e->w[4]) != 0;
}

/*
 * "ipv4.pkt_too_small" or "stream.3whs_ack_in_wrong_dir" (what stands after `stream-event:` with
 * "stream." before it) to its number, or -1.
 */
int ips_event_by_name(const char *name);
const char *ips_event_name(enum ips_event ev);

#endif
