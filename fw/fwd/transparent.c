// SPDX-License-Identifier: GPL-2.0-or-later
/* The bridge of transparent operation hands its frames to the policy; see transparent.h. */
#include "fw/fwd/transparent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fw/fwd/bridge.h"
#include "fw/fwd/fwd.h"
#include "fw/policy/bridge.h"
#include "lib/log.h"
#include "lib/util.h"

#define WARN "transparent: "
#define MODULE "/proc/sys/net/bridge" /* there as long as br_netfilter is loaded */

struct fwd_transparent {
	struct fwd *d;
	struct fwd_bridge *links;
	sd_event_source *io;
	bool known;            /* which policy is in the kernel: only then are ports touched */
	char bridge[IFNAMSIZ]; /* "": routed */
	char (*ports)[IFNAMSIZ];
	size_t n_ports;
	const char *said; /* what is wrong, NULL: nothing */
};

static void trouble(struct fwd_transparent *t, const char *what)
{
	if (!sk_streq(t->said, what)) {
		fwd_unwarn(t->d, WARN);
		if (what)
			fwd_warn(t->d, WARN "%s", what);
		if (what)
			sk_log(LOG_WARNING, "%s", what);
	}
	t->said = what;
}

/* A bridge that is not there yet networkd makes, and that is told. NULL: well. */
static const char *ask_policy(struct fwd_transparent *t)
{
	const struct fwd_link *l;

	if (access(MODULE, F_OK) < 0)
		return "br_netfilter is not loaded: nothing crosses the bridge (modprobe "
		       "br_netfilter)";
	l = fwd_bridge_link(t->links, t->bridge);
	if (!l || l->filtered)
		return NULL;
	if (fwd_bridge_filter(t->links, l) < 0)
		return "the bridge cannot be made to ask the policy: nothing crosses it";
	sk_log(LOG_INFO, "what crosses the bridge %s is decided by the policy", t->bridge);
	return NULL;
}

static const char *open_ports(struct fwd_transparent *t)
{
	const struct fwd_link *bridge = fwd_bridge_link(t->links, t->bridge), *l;

	for (size_t i = 0; bridge && i < t->n_ports; i++) {
		l = fwd_bridge_link(t->links, t->ports[i]);
		if (l && l->port && l->master == bridge->index && l->isolated &&
			fwd_bridge_isolate(t->links, l, false) < 0)
			return "a port of the bridge cannot be opened: nothing crosses it";
	}
	return NULL;
}

/* ---- what no policy looks after ---- */

/* The policy's bridge, or one that once was it: nobody else makes a single bridge ask. */
static bool was_opened(const struct fwd_transparent *t, const struct fwd_link *bridge)
{
	return bridge &&
		(bridge->filtered ||
			(t->bridge[0] && strncmp(bridge->name, t->bridge, IFNAMSIZ) == 0));
}

static bool is_port_of(const struct fw_policy *p, const struct fwd_link *l, const char *bridge)
{
	const char *name = fw_policy_bridge(p);

	return name && strncmp(name, bridge, IFNAMSIZ) == 0 &&
		fw_zone_of_iface(p->zones, p->n_zones, l->name);
}

static bool has_port(const struct fwd_transparent *t, const struct fwd_link *l, const char *bridge)
{
	for (size_t i = 0; i < t->n_ports && sk_streq(t->bridge, bridge); i++)
		if (strncmp(t->ports[i], l->name, IFNAMSIZ) == 0)
			return true;
	return false;
}

/* Ports that are in no zone of p; NULL: of the policy in the kernel. */
static int close_others(struct fwd_transparent *t, const struct fw_policy *p)
{
	const struct fwd_link *l, *bridge;
	int ret = 0, r;

	for (size_t i = 0; (l = fwd_bridge_links(t->links, i)); i++) {
		bridge = l->port && !l->isolated ? fwd_bridge_link_at(t->links, l->master) : NULL;
		if (!was_opened(t, bridge) ||
			(p ? is_port_of(p, l, bridge->name) : has_port(t, l, bridge->name)))
			continue;
		r = fwd_bridge_isolate(t->links, l, true);
		if (r < 0)
			ret = r;
		else
			sk_log(LOG_INFO, "%s is in no zone of a bridge: it is kept apart", l->name);
	}
	return ret;
}

/* Anew after a failure: a port may have gone meanwhile. */
static int keep_apart(struct fwd_transparent *t, const struct fw_policy *p)
{
	int r = -EAGAIN;

	for (int i = 0; i < 2 && r < 0; i++) {
		r = fwd_bridge_refresh(t->links, NULL);
		if (r == 0)
			r = close_others(t, p);
	}
	return r;
}

static void ensure(struct fwd_transparent *t)
{
	const char *wrong = NULL;

	if (!t->known)
		return;
	if (keep_apart(t, NULL) < 0)
		wrong = "ports that are in no zone cannot be kept apart: no port of the bridge is "
			"opened";
	if (t->bridge[0] && !wrong)
		wrong = ask_policy(t);
	if (t->bridge[0] && !wrong)
		wrong = open_ports(t);
	trouble(t, wrong);
}

static int on_links(sd_event_source *src, int fd, uint32_t revents, void *arg)
{
	struct fwd_transparent *t = arg;

	if (t->known)
		ensure(t);
	else
		fwd_bridge_refresh(t->links, NULL);
	return 0;
}

int fwd_transparent_start(struct fwd *d, struct sk_err *err)
{
	struct fwd_transparent *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return sk_err_nomem(err);
	t->d = d;
	d->transparent = t;
	r = fwd_bridge_open(&t->links, err);
	if (r < 0)
		return r;
	r = sd_event_add_io(d->ev, &t->io, fwd_bridge_fd(t->links), EPOLLIN, on_links, t);
	return r < 0
		? sk_err_set(err, r, NULL, "event loop: %s", "イベントループ: %s", strerror(-r))
		: 0;
}

void fwd_transparent_stop(struct fwd *d)
{
	struct fwd_transparent *t = d->transparent;

	if (!t)
		return;
	sd_event_source_disable_unref(t->io);
	fwd_bridge_close(t->links);
	free(t->ports);
	free(t);
	d->transparent = NULL;
}

static int copy_ports(struct fwd_transparent *t, const struct fw_policy *p)
{
	size_t n = 0;

	free(t->ports);
	t->n_ports = 0;
	t->ports = calloc(FW_BRIDGE_ZONES_MAX * FW_ZONE_IFACES_MAX, IFNAMSIZ);
	for (size_t z = 0; t->ports && z < p->n_zones; z++)
		for (size_t i = 0; i < p->zones[z].n_ifaces; i++)
			snprintf(t->ports[n++], IFNAMSIZ, "%s", p->zones[z].ifaces[i]);
	t->n_ports = n;
	return t->ports ? 0 : -ENOMEM;
}

int fwd_transparent_before(struct fwd *d, const struct fw_policy *p, struct sk_err *err)
{
	struct fwd_transparent *t = d->transparent;
	int r = t->known && !t->bridge[0] ? 0 : keep_apart(t, p);

	return r < 0 ? sk_err_set(err, r, NULL, "the ports of the bridge cannot be kept apart: %s",
			       "ブリッジのポートを切り離せません: %s", strerror(-r))
		     : 0;
}

void fwd_transparent_kept(struct fwd *d)
{
	ensure(d->transparent);
}

void fwd_transparent_applied(struct fwd *d, const struct fw_policy *p)
{
	struct fwd_transparent *t = d->transparent;
	const char *name = fw_policy_bridge(p);

	t->known = true;
	snprintf(t->bridge, IFNAMSIZ, "%s", name ? name : "");
	if (name && copy_ports(t, p) < 0)
		t->bridge[0] = '\0';
	ensure(t);
}

void fwd_transparent_minute(struct fwd *d)
{
	ensure(d->transparent);
}
