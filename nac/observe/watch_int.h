/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by watch.c, learn.c, bindings.c and rogue.c; nobody else includes it. */
#ifndef NAC_OBSERVE_WATCH_INT_H
#define NAC_OBSERVE_WATCH_INT_H

#include "lib/table.h"
#include "nac/observe/watch.h"

#define SECOND INT64_C(1000000)
#define PENDING_MAX 8

/* A device and what is kept beside it only to judge it. */
struct dev {
	struct nac_device d;
	uint32_t news, differs; /* not told yet */
	int64_t told_us;
	uint16_t bound4; /* IPv4 addresses it holds */
	uint16_t claims; /* addresses it took in the minute from claims_us on */
	int64_t claims_us;
	struct nac_ip offlink; /* last foreign source address it sent from */
	uint8_t offlink_n;     /* how often that changed */
	char was[64];          /* for NAC_EV_FINGERPRINT: "tcp: old -> new" begins with it */
};

/* Who holds an address. */
struct bind {
	struct nac_mac mac, orig, late; /* who held it when the quarrel began, who came later */
	struct nac_mac lease;           /* whom a DHCP server gave it to */
	int64_t last_us, lease_us, quarrel_us, contested_us;
	uint16_t flips;
};

/* A DHCP server a client named, of which no MAC is known yet. */
struct pending {
	struct nac_ip ip;
	struct nac_mac client;
	int64_t since_us;
};

struct nac_watch {
	struct nac_watch_config cfg;
	struct sk_table *devices, *bindings, *told;
	struct nac_mac own_mac, also;
	struct nac_own own[NAC_OWN_MAX];
	size_t own_n;
	struct nac_ip *dhcp_ips;
	struct nac_mac *dhcp_macs, *routers;
	size_t dhcp_ip_n, dhcp_mac_n, router_n;
	struct pending pending[PENDING_MAX];
	struct nac_watch_stats stats;
	uint64_t flood_untold;
	int64_t flood_told_us, tokens_us;
	uint32_t tokens;
	int64_t now; /* of the frame or tick being handled */
};

struct dev *watch_dev(const struct nac_watch *w, const struct nac_mac *mac);
struct bind *watch_bind(const struct nac_watch *w, const struct nac_ip *ip);
bool watch_is_own(const struct nac_watch *w, const struct nac_ip *ip);
bool watch_on_link(const struct nac_watch *w, const struct nac_ip *ip);
/*
 * Tell of it, unless the same (kind, mac, ip) was told less than hold_s ago: then only counted, and
 * the count goes with the next one. ev's ts_us and device are filled in.
 */
void watch_tell(struct nac_watch *w, struct nac_event *ev, int64_t hold_s);

/* learn.c: what the frame says of its sender, into d; bits of NAC_NEWS_…. */
uint32_t watch_learn(struct nac_watch *w, struct dev *d, const struct nac_sight *s);
/* bindings.c: every address the frame claims; by whom each is held; quarrels. */
uint32_t watch_claims(struct nac_watch *w, struct dev *d, const struct nac_sight *s);
void watch_lease(struct nac_watch *w, const struct nac_ip *ip, const struct nac_mac *mac);
void watch_bindings_tick(struct nac_watch *w);
/* rogue.c */
void watch_servers(struct nac_watch *w, struct dev *d, const struct nac_sight *s);
void watch_servers_tick(struct nac_watch *w);

#endif
