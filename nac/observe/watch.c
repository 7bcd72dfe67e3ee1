/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices of a network: taken up with their first frame, at a bounded rate and number, told of
 * as they become known. See watch.h.
 */
#include "nac/observe/watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"
#include "nac/observe/watch_int.h"

enum {
	DEVICES = 2048,
	TOLD = 1024,
	NEW_PER_S = 50,
	BURST_S = 10,
	FLOOD_HOLD_S = 10,
	STALE_S = 600,   /* a device not seen for so long makes room */
	FLEETING_S = 60, /* so does one with a random address and hardly a frame */
};

/* No padding: hashed and compared as bytes. */
struct told_key {
	uint8_t kind, mac[6], ip[17];
};
_Static_assert(sizeof(struct told_key) == 24, "key has no padding");
_Static_assert(sizeof(struct nac_ip) == 17 && sizeof(struct nac_mac) == 6, "keys of tables");

struct told {
	int64_t until_us;
	uint64_t folded;
};

const char *nac_ev_name(enum nac_ev_kind kind)
{
	static const char *const names[] = {
		[NAC_EV_NEW] = "new",
		[NAC_EV_UPDATED] = "updated",
		[NAC_EV_FINGERPRINT] = "fingerprint",
		[NAC_EV_ROGUE_DHCP] = "rogue_dhcp",
		[NAC_EV_ROGUE_RA] = "rogue_ra",
		[NAC_EV_ARP_SPOOF] = "arp_spoof",
		[NAC_EV_CONFLICT] = "conflict",
		[NAC_EV_FLOOD] = "flood",
		[NAC_EV_WOULD_ISOLATE] = "would_cut",
		[NAC_EV_ISOLATED] = "isolated",
		[NAC_EV_RELEASED] = "released",
		[NAC_EV_SPARED] = "spared",
		[NAC_EV_CAPTURE] = "capture",
	};

	return (size_t)kind < SK_ARRAY_SIZE(names) ? names[kind] : "unknown";
}

struct nac_watch *nac_watch_new(const struct nac_watch_config *cfg, const uint8_t seed[16])
{
	struct nac_watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->cfg = *cfg;
	if (w->cfg.max_devices == 0)
		w->cfg.max_devices = DEVICES;
	if (w->cfg.max_bindings == 0)
		w->cfg.max_bindings = 4 * w->cfg.max_devices;
	if (w->cfg.new_per_s == 0)
		w->cfg.new_per_s = NEW_PER_S;
	w->tokens = w->cfg.new_per_s * BURST_S;
	w->devices =
		sk_table_new(w->cfg.max_devices, sizeof(struct nac_mac), sizeof(struct dev), seed);
	w->bindings =
		sk_table_new(w->cfg.max_bindings, sizeof(struct nac_ip), sizeof(struct bind), seed);
	w->told = sk_table_new(TOLD, sizeof(struct told_key), sizeof(struct told), seed);
	if (!w->devices || !w->bindings || !w->told) {
		nac_watch_free(w);
		return NULL;
	}
	return w;
}

void nac_watch_free(struct nac_watch *w)
{
	if (!w)
		return;
	sk_table_free(w->devices);
	sk_table_free(w->bindings);
	sk_table_free(w->told);
	free(w->dhcp_ips);
	free(w->dhcp_macs);
	free(w->routers);
	free(w);
}

/* A copy of n elements; for none a small one, so that NULL is always "no memory". */
static void *copy(const void *p, size_t n, size_t size)
{
	void *q = calloc(n ? n : 1, size);

	if (q && n)
		memcpy(q, p, n * size);
	return q;
}

int nac_watch_trust(struct nac_watch *w, const struct nac_trust *t)
{
	struct nac_ip *ips = copy(t->dhcp_ips, t->dhcp_ip_n, sizeof(*ips));
	struct nac_mac *macs = copy(t->dhcp_macs, t->dhcp_mac_n, sizeof(*macs));
	struct nac_mac *routers = copy(t->routers, t->router_n, sizeof(*routers));

	if (!ips || !macs || !routers) {
		free(ips);
		free(macs);
		free(routers);
		return -ENOMEM;
	}
	free(w->dhcp_ips);
	free(w->dhcp_macs);
	free(w->routers);
	w->dhcp_ips = ips;
	w->dhcp_macs = macs;
	w->routers = routers;
	w->dhcp_ip_n = t->dhcp_ip_n;
	w->dhcp_mac_n = t->dhcp_mac_n;
	w->router_n = t->router_n;
	return 0;
}

void nac_watch_self(struct nac_watch *w, const struct nac_mac *mac, const struct nac_mac *also,
	const struct nac_own *own, size_t n)
{
	static const struct nac_mac none = {{0}};

	w->own_mac = *mac;
	w->also = also ? *also : none;
	w->own_n = SK_MIN(n, (size_t)NAC_OWN_MAX);
	if (w->own_n)
		memcpy(w->own, own, w->own_n * sizeof(*own));
}

struct dev *watch_dev(const struct nac_watch *w, const struct nac_mac *mac)
{
	return sk_table_get(w->devices, mac);
}

struct bind *watch_bind(const struct nac_watch *w, const struct nac_ip *ip)
{
	return sk_table_get(w->bindings, ip);
}

bool watch_is_own(const struct nac_watch *w, const struct nac_ip *ip)
{
	for (size_t i = 0; i < w->own_n; i++) {
		if (nac_ip_equal(&w->own[i].ip, ip))
			return true;
	}
	return false;
}

bool watch_on_link(const struct nac_watch *w, const struct nac_ip *ip)
{
	if (!nac_ip_is_host(ip))
		return false;
	if (nac_ip_is_link_local(ip))
		return true;
	for (size_t i = 0; i < w->own_n; i++) {
		if (nac_ip_in(ip, &w->own[i].ip, w->own[i].bits))
			return true;
	}
	return false;
}

static bool told_over(const void *key, void *val, void *arg)
{
	const struct told *t = val;

	return t->until_us + 600 * SECOND < *(const int64_t *)arg;
}

void watch_tell(struct nac_watch *w, struct nac_event *ev, int64_t hold_s)
{
	/* One trait's change must not hide another's. */
	struct told_key key = {.kind = (uint8_t)((int)ev->kind | ffs((int)ev->differs) << 4)};
	struct told *t;
	struct dev *d = watch_dev(w, &ev->mac);

	ev->ts_us = w->now;
	ev->device = d ? &d->d : NULL;
	memcpy(key.mac, ev->mac.b, sizeof(key.mac));
	memcpy(key.ip, &ev->ip, sizeof(key.ip));
	t = sk_table_put(w->told, &key);
	if (!t) {
		sk_table_walk(w->told, told_over, &w->now);
		t = sk_table_put(w->told, &key);
	}
	if (!t) { /* more at once than can be remembered: counted, told once a while as a flood */
		w->flood_untold++;
		return;
	}
	if (t->until_us > w->now) {
		t->folded++;
		return;
	}
	ev->count = t->folded;
	t->folded = 0;
	t->until_us = w->now + hold_s * SECOND;
	w->cfg.event(w->cfg.arg, ev);
}

struct oldest {
	const struct nac_watch *w;
	const struct dev *found;
};

static bool find_oldest(const void *key, void *val, void *arg)
{
	struct oldest *o = arg;
	const struct dev *d = val;
	int64_t idle = o->w->now - d->d.last_us;
	bool fleeting = d->d.frames < 3 && nac_mac_is_randomised(&d->d.mac);

	if (idle >= (fleeting ? FLEETING_S : STALE_S) * SECOND &&
		(!o->found || d->d.last_us < o->found->d.last_us))
		o->found = d;
	return false;
}

static void refill(struct nac_watch *w)
{
	int64_t per = SECOND / w->cfg.new_per_s, n = (w->now - w->tokens_us) / per;

	if (n <= 0)
		return;
	w->tokens_us += n * per;
	w->tokens = (uint32_t)SK_MIN((int64_t)w->tokens + n, (int64_t)w->cfg.new_per_s * BURST_S);
}

/* A device not known yet; NULL: too many. */
static struct dev *take_up(struct nac_watch *w, const struct nac_mac *mac)
{
	struct oldest o = {.w = w};
	struct nac_mac victim;
	struct dev *d = NULL;

	refill(w);
	if (w->tokens > 0) {
		d = sk_table_put(w->devices, mac);
		if (!d) {
			sk_table_walk(w->devices, find_oldest, &o);
			if (o.found) {
				victim = o.found->d.mac;
				sk_table_del(w->devices, &victim);
				d = sk_table_put(w->devices, mac);
			}
		}
	}
	if (!d) {
		w->stats.flooded++;
		w->flood_untold++;
		return NULL;
	}
	w->tokens--;
	d->d.mac = *mac;
	d->d.first_us = w->now;
	if (nac_mac_is_virtual_router(mac))
		d->d.roles |= NAC_ROLE_VIRTUAL_ROUTER;
	return d;
}

static void tell_flood(struct nac_watch *w)
{
	struct nac_event ev = {.kind = NAC_EV_FLOOD, .count = w->flood_untold, .ts_us = w->now};

	if (w->flood_untold == 0 || w->now - w->flood_told_us < FLOOD_HOLD_S * SECOND)
		return;
	snprintf(ev.text, sizeof(ev.text), "more devices or events at once than are taken up");
	w->flood_untold = 0;
	w->flood_told_us = w->now;
	w->cfg.event(w->cfg.arg, &ev);
}

/* Once a second and device at most; what comes between is told with the next. */
static void tell_news(struct nac_watch *w, struct dev *d)
{
	struct nac_event ev = {.kind = NAC_EV_UPDATED,
		.mac = d->d.mac,
		.ts_us = w->now,
		.news = d->news,
		.device = &d->d};

	if (d->news == 0 || w->now - d->told_us < SECOND)
		return;
	d->told_us = w->now;
	d->news = 0;
	w->cfg.event(w->cfg.arg, &ev);
}

static void tell_new(struct nac_watch *w, struct dev *d)
{
	struct nac_event ev = {
		.kind = NAC_EV_NEW, .mac = d->d.mac, .ts_us = w->now, .device = &d->d};

	d->told_us = w->now;
	d->news = 0;
	w->cfg.event(w->cfg.arg, &ev);
}

static void tell_asked(struct nac_watch *w, const struct nac_sight *s)
{
	const struct nac_ip *ip = NULL;

	if (s->kind == NAC_SIGHT_ARP && s->arp.op == 1 && !nac_ip_equal(&s->arp.spa, &s->arp.tpa))
		ip = &s->arp.tpa;
	else if (s->kind == NAC_SIGHT_NS && s->from.family)
		ip = &s->nd.target;
	if (ip && ip->family && w->cfg.asked)
		w->cfg.asked(w->cfg.arg, &s->src, ip);
}

void nac_watch_frame(struct nac_watch *w, const uint8_t *p, size_t len, int64_t now_us)
{
	struct nac_sight s;
	struct dev *d;
	bool fresh;

	w->now = now_us;
	w->stats.frames++;
	if (!nac_sight_parse(p, len, &s)) {
		w->stats.malformed++;
		return;
	}
	w->stats.malformed += s.malformed;
	if (nac_mac_equal(&s.src, &w->own_mac) || nac_mac_equal(&s.src, &w->also))
		return;
	d = watch_dev(w, &s.src);
	fresh = !d;
	if (fresh)
		d = take_up(w, &s.src);
	if (!d) {
		tell_flood(w);
		return;
	}
	d->d.last_us = now_us;
	d->d.frames++;
	d->d.vlan = s.vlan;
	if (!s.malformed)
		d->news |= watch_learn(w, d, &s);
	d->news |= watch_claims(w, d, &s);
	if (fresh)
		tell_new(w, d);
	watch_servers(w, d, &s);
	tell_news(w, d);
	tell_asked(w, &s);
}

static bool tick_dev(const void *key, void *val, void *arg)
{
	tell_news(arg, val);
	return false;
}

void nac_watch_tick(struct nac_watch *w, int64_t now_us)
{
	w->now = now_us;
	watch_servers_tick(w);
	watch_bindings_tick(w);
	tell_flood(w);
	sk_table_walk(w->devices, tick_dev, w);
}

const struct nac_device *nac_watch_device(const struct nac_watch *w, const struct nac_mac *mac)
{
	struct dev *d = watch_dev(w, mac);

	return d ? &d->d : NULL;
}

struct walk {
	void (*fn)(const struct nac_device *d, void *arg);
	void *arg;
};

static bool walk_dev(const void *key, void *val, void *arg)
{
	const struct walk *k = arg;

	k->fn(&((struct dev *)val)->d, k->arg);
	return false;
}

void nac_watch_walk(
	const struct nac_watch *w, void (*fn)(const struct nac_device *d, void *arg), void *arg)
{
	struct walk k = {fn, arg};

	sk_table_walk(w->devices, walk_dev, &k);
}

void nac_watch_stats(const struct nac_watch *w, struct nac_watch_stats *ret)
{
	*ret = w->stats;
	ret->devices = (uint32_t)sk_table_count(w->devices);
	ret->bindings = (uint32_t)sk_table_count(w->bindings);
}
