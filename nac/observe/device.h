/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of one MAC on one inside network, and what may be told about it. Filled by watch.c,
 * read by whoever embeds the sensor. Plain data; pure.
 */
#ifndef NAC_OBSERVE_DEVICE_H
#define NAC_OBSERVE_DEVICE_H

#include "nac/observe/mac.h"
#include "nac/observe/print.h"

#define NAC_DEVICE_ADDRS 8

/* What a device is seen to do; each is a reason not to cut it off. */
enum {
	NAC_ROLE_DHCP_SERVER = 1 << 0,    /* answers DHCP */
	NAC_ROLE_ROUTER = 1 << 1,         /* advertises itself, is named in DHCP, or forwards */
	NAC_ROLE_BRIDGE = 1 << 2,         /* says so by LLDP, CDP or spanning tree */
	NAC_ROLE_ACCESS_POINT = 1 << 3,   /* says so by LLDP */
	NAC_ROLE_VIRTUAL_ROUTER = 1 << 4, /* VRRP, CARP, HSRP */
	NAC_ROLE_MANY_ADDRESSES = 1 << 5, /* more than NAC_DEVICE_ADDRS IPv4 addresses at once */
};

struct nac_device_addr {
	struct nac_ip ip;
	int64_t last_us;
};

/* Times are microseconds since 1970. Texts are UTF-8 without control characters. */
struct nac_device {
	struct nac_mac mac;
	uint16_t vlan;      /* tag of its last frame, 0: untagged */
	uint16_t roles;     /* NAC_ROLE_… */
	uint8_t name_rank;  /* which protocol named it; internal */
	uint8_t tcp_others; /* SYNs in a row unlike the print's; internal */
	int64_t first_us, last_us;
	uint64_t frames;
	struct nac_device_addr addrs[NAC_DEVICE_ADDRS]; /* family 0: free */
	struct nac_print print;
	char model[64];     /* by mDNS, SSDP or LLDP, where it says so */
	char tcp_other[64]; /* internal */
};

/* What an update brought; NAC_EV_UPDATED carries it. */
enum {
	NAC_NEWS_ADDRESS = 1 << 0,
	NAC_NEWS_HOSTNAME = 1 << 1,
	NAC_NEWS_PRINT = 1 << 2,
	NAC_NEWS_ROLE = 1 << 3,
	NAC_NEWS_MODEL = 1 << 4,
};

enum nac_ev_kind {
	NAC_EV_NEW,           /* a MAC not known here: device */
	NAC_EV_UPDATED,       /* device, news */
	NAC_EV_FINGERPRINT,   /* device, differs, text: what it was and is */
	NAC_EV_ROGUE_DHCP,    /* mac (zero if not known), ip: the server's; text: why */
	NAC_EV_ROGUE_RA,      /* mac, ip: link-local source; text: what it advertises */
	NAC_EV_ARP_SPOOF,     /* mac claims ip, which is other's; text: why */
	NAC_EV_CONFLICT,      /* two devices use ip: mac, other */
	NAC_EV_FLOOD,         /* more new MACs than are taken up; count: how many were not */
	NAC_EV_WOULD_ISOLATE, /* observing: mac would be cut off */
	NAC_EV_ISOLATED,
	NAC_EV_RELEASED, /* true bindings were sent */
	NAC_EV_SPARED,   /* not admitted and yet not cut off; text: which safeguard */
	NAC_EV_CAPTURE,  /* text: "up" or why the network is not seen */
};

struct nac_event {
	enum nac_ev_kind kind;
	struct nac_mac mac, other;
	struct nac_ip ip;
	int64_t ts_us;
	uint32_t news, differs;
	uint64_t count;                  /* repeats folded since the last event of its kind */
	const struct nac_device *device; /* of mac, NULL if not known; until the callback returns */
	char text[224];                  /* English, for logs and the event's detail */
};

/* "new", "updated", "rogue_dhcp"…: sekisho.action of the event. */
const char *nac_ev_name(enum nac_ev_kind kind);

#endif
