/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One inside network as its frames show it: which devices are there, who holds which address, and
 * who gives out addresses, advertises itself as a router or claims an address that is another's.
 * Frames and times in, events out by callback. Memory is fixed at creation; keys are hashed with a
 * secret, since anybody on the network chooses them. Pure.
 */
#ifndef NAC_OBSERVE_WATCH_H
#define NAC_OBSERVE_WATCH_H

#include "nac/observe/device.h"
#include "nac/observe/sight.h"

struct nac_watch;

struct nac_watch_config {
	uint32_t max_devices;  /* 0: 2048 */
	uint32_t max_bindings; /* addresses; 0: 4 for each device */
	uint32_t new_per_s;    /* new MACs taken up, 0: 50; ten times as many at once */
	void *arg;
	void (*event)(void *arg, const struct nac_event *ev);
	/*
	 * ip is at mac; NULL mac: no longer, or contested, so that nobody may be told anything of
	 * it. May be NULL.
	 */
	void (*binding)(void *arg, const struct nac_ip *ip, const struct nac_mac *mac);
	/* who (holding from, family 0 if not said) asks its neighbours for ip. May be NULL. */
	void (*asked)(void *arg, const struct nac_mac *who, const struct nac_ip *ip);
};

/* The gateway's own address on the network. */
struct nac_own {
	struct nac_ip ip;
	uint8_t bits;
};

struct nac_watch *nac_watch_new(const struct nac_watch_config *cfg, const uint8_t seed[16]);
void nac_watch_free(struct nac_watch *w);

/* Who may answer DHCP (by address or MAC) and advertise itself. Copied. -ENOMEM: unchanged. */
struct nac_trust {
	const struct nac_ip *dhcp_ips;
	const struct nac_mac *dhcp_macs, *routers;
	size_t dhcp_ip_n, dhcp_mac_n, router_n;
};
int nac_watch_trust(struct nac_watch *w, const struct nac_trust *t);
/* The gateway's interface. Frames from its MAC and from also (may be NULL) are not looked at. */
#define NAC_OWN_MAX 16
void nac_watch_self(struct nac_watch *w, const struct nac_mac *mac, const struct nac_mac *also,
	const struct nac_own *own, size_t n);

void nac_watch_frame(struct nac_watch *w, const uint8_t *p, size_t len, int64_t now_us);
/* What time brings; once a second. */
void nac_watch_tick(struct nac_watch *w, int64_t now_us);

const struct nac_device *nac_watch_device(const struct nac_watch *w, const struct nac_mac *mac);
/* Holder of an address; false: not known, or contested. */
bool nac_watch_holder(const struct nac_watch *w, const struct nac_ip *ip, struct nac_mac *ret);
void nac_watch_walk(
	const struct nac_watch *w, void (*fn)(const struct nac_device *d, void *arg), void *arg);
/* mac is one of those that may answer DHCP or route here. */
bool nac_watch_trusted(const struct nac_watch *w, const struct nac_mac *mac);

struct nac_watch_stats {
	uint64_t frames, malformed, flooded, bindings_full;
	uint32_t devices, bindings;
};
void nac_watch_stats(const struct nac_watch *w, struct nac_watch_stats *ret);

#endif
