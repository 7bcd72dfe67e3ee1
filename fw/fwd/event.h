/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A logged packet as fwd knows it, and its EVE text. The text is written by hand: this is the path
 * that a flood of blocked packets takes. Pure.
 */
#ifndef FW_FWD_EVENT_H
#define FW_FWD_EVENT_H

#include "fw/fwd/packet.h"
#include "fw/nft/log_prefix.h"
#include "fw/policy/builtin.h"
#include "lib/buf.h"

struct fwd_event {
	int64_t ts_us; /* CLOCK_REALTIME */
	char verdict;  /* FW_LOG_DROP, FW_LOG_REJECT; FW_LOG_ALLOW, FW_LOG_NAT: a rule's log flag */
	char reason[FW_LOG_REASON_MAX];
	const char *guard; /* kind of the guard's, NULL: not by it; "": it is not known why */
	uint32_t rule, revision;
	uint32_t in_if, out_if; /* interface indexes, 0 none */
	uint8_t hook;           /* NF_INET_* */
	bool has_mac;
	uint8_t mac[6];
	struct fwd_packet pkt;
};

/* Blocked, in whichever way. */
static inline bool fwd_event_blocked(const struct fwd_event *e)
{
	return e->verdict == FW_LOG_DROP || e->verdict == FW_LOG_REJECT;
}

/* Of a list that is only monitored. */
static inline bool fwd_event_monitored(const struct fwd_event *e)
{
	return e->rule == FW_B_BLOCKLIST_MONITOR;
}

/* By a blocklist, in either way. */
static inline bool fwd_event_listed(const struct fwd_event *e)
{
	return e->rule == FW_B_BLOCKLIST || fwd_event_monitored(e);
}

/* Words for the interfaces of an event. NULL: leave the field out. */
struct fwd_event_names {
	const char *in_iface, *out_iface, *zone_in, *zone_out;
	const char *direction;    /* "inbound", "outbound", "internal" */
	const char *feed, *entry; /* of a blocklist */
};

/* The further packets a summary stands for. */
struct fwd_fold_sum {
	uint64_t count;
	int64_t first_us, last_us;
};

/* Keeps the text of the current second between events; zeroed before the first. */
struct fwd_stamp {
	int64_t sec;
	char text[40];
};

/* Append one JSON object, without a line end. sum NULL: a single packet. */
void fwd_event_put(struct sk_buf *b, struct fwd_stamp *st, const struct fwd_event *e,
	const struct fwd_event_names *names, const struct fwd_fold_sum *sum);

/* Append s as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void fwd_json_put_str(struct sk_buf *b, const char *s);

#endif
