/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One network of the sensor: capture, watch and isolation put together. For sensor.c only. */
#ifndef NAC_DISCOVER_NET_H
#define NAC_DISCOVER_NET_H

#include "lib/buf.h"
#include "lib/table.h"
#include "nac/discover/capture.h"
#include "nac/discover/sensor.h"
#include "nac/observe/isolate.h"
#include "nac/observe/watch.h"

struct nac_net {
	char ifname[16];
	const struct nac_sensor_config *cfg;
	enum nac_isolation_mode mode;
	bool leaving; /* no longer wanted, kept until the truth is told */
	struct nac_capture *cap;
	struct nac_watch *watch;
	struct nac_iso *iso;
	struct sk_table *verdicts; /* MAC → what was last said of isolating it */
	/*
	 * MAC → uint16_t: what devices were ever seen to do here. A switch speaks of itself twice
	 * a minute, a router more seldom; after a restart nobody may be cut off for that.
	 */
	struct sk_table *roles;
	bool roles_new; /* not in the journal yet */
	struct nac_mac own_mac, sink;
	struct nac_own own[NAC_OWN_MAX];
	size_t own_n;
	bool self_known;
	int64_t settled_us, retry_us, self_us, tick_us; /* monotonic */
	int64_t observed_since;                         /* wall, seconds; 0: not observed */
	uint32_t admitted_here;
	bool judge_all;
	char *recover;  /* the journal's object of this network, until it can be used */
	char down[128]; /* why it is not seen, as told */
	int64_t inventory_us;
	uint32_t inventory_pos;
	uint64_t dropped_before;
};

/* -ENOMEM, -EINVAL. */
int nac_net_new(const struct nac_sensor_config *cfg, const char *ifname, const uint8_t seed[16],
	struct nac_net **ret, struct sk_err *err);
void nac_net_free(struct nac_net *n);
int nac_net_configure(struct nac_net *n, const struct nac_sensor_net *want);
/* No longer in the list: nothing is cut off any more, the truth is told. */
void nac_net_leave(struct nac_net *n);
/* Open if it is not; descriptor for epoll or -errno. Tells of a change by an event. */
int nac_net_open(struct nac_net *n, int64_t mono_us);
void nac_net_close(struct nac_net *n, const char *why, int64_t mono_us);
/* Frames that are there. -errno: closed. */
int nac_net_read(struct nac_net *n);
/* What time brings; often. */
void nac_net_tick(struct nac_net *n, int64_t mono_us);
/* Decide of one device (or all, NULL) again. */
void nac_net_judge(struct nac_net *n, const struct nac_mac *mac, int64_t mono_us);
bool nac_net_busy(const struct nac_net *n); /* wants ticks every 50 ms */
#define NAC_NET_ROLES 512
/* From the journal. */
void nac_net_remember(struct nac_net *n, const struct nac_mac *mac, uint16_t roles);
bool nac_net_journal_due(const struct nac_net *n);

#endif
