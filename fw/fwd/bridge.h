/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's second lock, in the bridge itself: a locked port takes no frame of a source that has
 * no entry there, whatever becomes of the rules. And what the gate must know of interfaces: which
 * exist, in which bridge they are, what the gateway's own addresses are. Adapter over rtnetlink.
 */
#ifndef FW_FWD_BRIDGE_H
#define FW_FWD_BRIDGE_H

#include "fw/gate/mac.h"
#include "lib/err.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct fwd_bridge;

struct fwd_link {
	int index, master; /* master: 0 none */
	char name[IFNAMSIZ];
	uint8_t mac[FW_MAC_LEN];
	bool ethernet, port; /* port: of a bridge */
	bool locked, isolated;
	bool filtered; /* a bridge that asks the policy about IPv4 and IPv6 that cross it */
};

int fwd_bridge_open(struct fwd_bridge **ret, struct sk_err *err);
void fwd_bridge_close(struct fwd_bridge *b);
/* Readable when interfaces change; owned by b. */
int fwd_bridge_fd(const struct fwd_bridge *b);
/* Read over what the descriptor has, then all interfaces anew. */
int fwd_bridge_refresh(struct fwd_bridge *b, struct sk_err *err);
/* NULL: there is none. Borrowed until the next refresh. */
const struct fwd_link *fwd_bridge_link(const struct fwd_bridge *b, const char *name);
const struct fwd_link *fwd_bridge_link_at(const struct fwd_bridge *b, int index);
/* The n-th, NULL past the last. */
const struct fwd_link *fwd_bridge_links(const struct fwd_bridge *b, size_t n);

/*
 * Lock or unlock a port. Locking forgets what it had learned by itself, and forbids the bridge to
 * learn from frames that are never forwarded. -EOPNOTSUPP before Linux 5.18.
 */
int fwd_bridge_lock(struct fwd_bridge *b, const struct fwd_link *port, bool lock);
/* Make a bridge ask the policy: br_netfilter, for IPv4 and IPv6, not for ARP. */
int fwd_bridge_filter(struct fwd_bridge *b, const struct fwd_link *bridge);
/* Frames between isolated ports of a bridge go nowhere. */
int fwd_bridge_isolate(struct fwd_bridge *b, const struct fwd_link *port, bool isolate);
/* The device is at this port and nowhere else, until removed. */
int fwd_bridge_entry_add(struct fwd_bridge *b, const struct fwd_link *port, const uint8_t *mac);
/* Also one that was learned. -ENOENT: there was none here. */
int fwd_bridge_entry_del(struct fwd_bridge *b, const struct fwd_link *port, const uint8_t *mac);
/*
 * Each entry at any port that somebody put there (none that was learned or is the bridge's own); fn
 * must not use b.
 */
int fwd_bridge_entries(
	struct fwd_bridge *b, int (*fn)(int port_index, const uint8_t *mac, void *arg), void *arg);

#endif
