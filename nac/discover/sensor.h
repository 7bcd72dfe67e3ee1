/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The passive sensor on inside networks behind switches that are not managed: who is there, what it
 * is, who gives out addresses or claims another's; and, only where it is switched on, cutting
 * unadmitted devices off by ARP and neighbour advertisements. One thread, embedded in the caller's
 * loop; needs CAP_NET_RAW whenever a network is opened. It takes no decision on admission: it asks.
 */
#ifndef NAC_DISCOVER_SENSOR_H
#define NAC_DISCOVER_SENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"
#include "nac/observe/device.h"

enum nac_isolation_mode { NAC_ISOLATION_OFF, NAC_ISOLATION_OBSERVE, NAC_ISOLATION_ON };

/* What the registry says of a MAC on a network. Only UNADMITTED is ever cut off. */
enum nac_standing {
	NAC_STANDING_UNDECIDED, /* registry not loaded, being decided: left alone */
	NAC_STANDING_UNADMITTED,
	NAC_STANDING_ADMITTED,
	NAC_STANDING_INFRASTRUCTURE, /* gateway, server, switch, access point: never touched */
};

struct nac_sensor_config {
	const char *oui_dir; /* NULL: /usr/share/ieee-data; missing: no vendor names */
	/* Kept before anything is forged, so that a later start restores what a killed one did. */
	const char *journal;
	uint32_t max_devices; /* per network, 0: 2048 */
	/* Isolation, 0: what is named. Per network. */
	uint32_t observe_s;    /* it must have been observed for this long before it acts; 3600 */
	uint32_t settle_ms;    /* after a start, before anything is forged; 3000 */
	uint32_t frames_per_s; /* forged frames at most; 500 */
	uint32_t max_isolated; /* devices at once; more are spared and reported; 16 */
	uint32_t sampled;      /* one in so many other frames is looked at too, power of 2; 64 */
	void *arg;
	void (*event)(void *arg, const char *ifname, const struct nac_event *ev);
	enum nac_standing (*standing)(void *arg, const char *ifname, const struct nac_device *d);
};

/* A network of the admission document. Lists may be empty: then only the gateway itself may. */
struct nac_sensor_net {
	const char *ifname;
	enum nac_isolation_mode isolation;
	const struct nac_ip *dhcp_ips;
	size_t dhcp_ip_n;
	const struct nac_mac *dhcp_macs;
	size_t dhcp_mac_n;
	const struct nac_mac *routers;
	size_t router_n;
};

struct nac_sensor;

/* Strings are copied. Restores what the journal holds as its networks come up. */
int nac_sensor_new(
	const struct nac_sensor_config *cfg, struct nac_sensor **ret, struct sk_err *err);
/* Restores true bindings (at most half a second), then closes. NULL-safe. */
void nac_sensor_free(struct nac_sensor *s);

/*
 * The networks from now on; those that stay keep what they know. An interface that is not there is
 * no error: it is taken up when it appears. -EINVAL, -ENOMEM: nothing changed.
 */
int nac_sensor_networks(
	struct nac_sensor *s, const struct nac_sensor_net *nets, size_t n, struct sk_err *err);

/* An epoll descriptor, readable when nac_sensor_run has something to do (a timer is inside). */
int nac_sensor_fd(const struct nac_sensor *s);
/* Handle what is ready, bounded; calls back. Never blocks. */
void nac_sensor_run(struct nac_sensor *s);

/* standing() may answer differently now for mac, or for everybody (NULL). Takes effect at once. */
void nac_sensor_recheck(struct nac_sensor *s, const struct nac_mac *mac);

/* The device, or NULL; valid until the next nac_sensor_run or _networks. */
const struct nac_device *nac_sensor_device(
	const struct nac_sensor *s, const char *ifname, const struct nac_mac *mac);
/* Every device known, by network. fn must not call the sensor. */
void nac_sensor_walk(const struct nac_sensor *s,
	void (*fn)(const char *ifname, const struct nac_device *d, bool isolated, void *arg),
	void *arg);
/* The vendor by its MAC (IEEE registries, longest prefix), or NULL; borrowed. */
const char *nac_sensor_vendor(const struct nac_sensor *s, const struct nac_mac *mac);

struct nac_sensor_stats {
	uint64_t frames, dropped; /* seen, and lost by the kernel's buffer */
	uint64_t malformed, flooded, forged;
	uint32_t networks, up, devices, isolated;
};
void nac_sensor_stats(const struct nac_sensor *s, struct nac_sensor_stats *ret);

/* System calls beyond the base list that a process with seccomp must allow. NULL-terminated. */
const char *const *nac_sensor_syscalls(void);

#endif
