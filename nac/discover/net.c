/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One network of the sensor: what is seen goes to the watch, what the watch learns to the
 * isolation, and whom that may touch is decided here, device by device, with every safeguard. See
 * net.h.
 */
#include "nac/discover/net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "nac/observe/forge.h"

#define SECOND INT64_C(1000000)
enum {
	READ_MAX = 256,
	RETRY_S = 1,
	SELF_S = 5,
	RECENT_S = 600, /* a device not seen for so long is not begun with */
	GONE_S = 3600,  /* and one cut off is let go */
	TOLD_AGAIN_S = 86400,
	INVENTORY_S = 60,
	INVENTORY_STEP = 10,    /* questions in a tick of 50 ms */
	INVENTORY_HOSTS = 1022, /* a /22; larger networks are not asked through */
};

struct verdict {
	uint8_t why; /* enum nac_spare, plus one */
	int64_t told_us;
};

static void tell(struct nac_net *n, struct nac_event *ev)
{
	ev->ts_us = sk_now_us();
	if (!ev->device)
		ev->device = nac_watch_device(n->watch, &ev->mac);
	n->cfg->event(n->cfg->arg, n->ifname, ev);
}

void nac_net_remember(struct nac_net *n, const struct nac_mac *mac, uint16_t roles)
{
	uint16_t *r = sk_table_put(n->roles, mac);

	if (!r || (*r | roles) == *r)
		return;
	*r |= roles;
	n->roles_new = true;
}

static void on_event(void *arg, const struct nac_event *ev)
{
	struct nac_net *n = arg;
	bool decide = ev->kind == NAC_EV_NEW ||
		(ev->kind == NAC_EV_UPDATED && (ev->news & NAC_NEWS_ROLE));

	if (ev->device && ev->device->roles)
		nac_net_remember(n, &ev->mac, ev->device->roles);
	n->cfg->event(n->cfg->arg, n->ifname, ev);
	if (decide && n->mode != NAC_ISOLATION_OFF)
		nac_net_judge(n, &ev->mac, (int64_t)sk_mono_us());
}

static void on_binding(void *arg, const struct nac_ip *ip, const struct nac_mac *mac)
{
	struct nac_net *n = arg;

	nac_iso_binding(n->iso, ip, mac, false, (int64_t)sk_mono_us());
}

static void on_asked(void *arg, const struct nac_mac *who, const struct nac_ip *ip)
{
	struct nac_net *n = arg;

	if (nac_iso_targets(n->iso))
		nac_iso_asked(n->iso, who, ip, (int64_t)sk_mono_us());
}

static void send_frame(void *arg, const uint8_t *p, size_t len)
{
	struct nac_net *n = arg;

	if (n->cap)
		nac_capture_send(n->cap, p, len);
}

int nac_net_new(const struct nac_sensor_config *cfg, const char *ifname, const uint8_t seed[16],
	struct nac_net **ret, struct sk_err *err)
{
	struct nac_watch_config watch = {
		.max_devices = cfg->max_devices, .event = on_event, .binding = on_binding};
	struct nac_iso_config iso = {.frames_per_s = cfg->frames_per_s, .send = send_frame};
	struct nac_net *n;
	size_t len = strlen(ifname);

	if (len == 0 || len >= sizeof(n->ifname) || strpbrk(ifname, "/ \t\n\"\\"))
		return sk_err_set(err, -EINVAL, "interface", "not an interface's name",
			"インターフェース名ではありません");
	n = calloc(1, sizeof(*n));
	if (!n)
		return sk_err_nomem(err);
	memcpy(n->ifname, ifname, len + 1);
	n->cfg = cfg;
	watch.asked = on_asked;
	watch.arg = iso.arg = n;
	n->watch = nac_watch_new(&watch, seed);
	n->iso = nac_iso_new(&iso);
	n->verdicts = sk_table_new(cfg->max_devices ? cfg->max_devices : 2048,
		sizeof(struct nac_mac), sizeof(struct verdict), seed);
	n->roles = sk_table_new(NAC_NET_ROLES, sizeof(struct nac_mac), sizeof(uint16_t), seed);
	if (!n->watch || !n->iso || !n->verdicts || !n->roles) {
		nac_net_free(n);
		return sk_err_nomem(err);
	}
	*ret = n;
	return 0;
}

void nac_net_free(struct nac_net *n)
{
	if (!n)
		return;
	nac_capture_close(n->cap);
	nac_watch_free(n->watch);
	nac_iso_free(n->iso);
	sk_table_free(n->verdicts);
	sk_table_free(n->roles);
	free(n->recover);
	free(n);
}

/* Released devices are told of one by one. */
static void release_all(struct nac_net *n, int64_t mono)
{
	n->judge_all = true;
	nac_net_judge(n, NULL, mono);
}

int nac_net_configure(struct nac_net *n, const struct nac_sensor_net *want)
{
	const struct nac_trust t = {
		.dhcp_ips = want->dhcp_ips,
		.dhcp_macs = want->dhcp_macs,
		.routers = want->routers,
		.dhcp_ip_n = want->dhcp_ip_n,
		.dhcp_mac_n = want->dhcp_mac_n,
		.router_n = want->router_n,
	};
	int ret = nac_watch_trust(n->watch, &t);

	if (ret < 0)
		return ret;
	n->leaving = false;
	n->mode = want->isolation;
	if (n->mode == NAC_ISOLATION_OFF)
		n->observed_since = 0;
	else if (n->observed_since == 0 || n->observed_since > sk_now())
		n->observed_since = sk_now();
	release_all(n, (int64_t)sk_mono_us());
	return 0;
}

void nac_net_leave(struct nac_net *n)
{
	n->leaving = true;
	n->mode = NAC_ISOLATION_OFF;
	n->observed_since = 0;
	release_all(n, (int64_t)sk_mono_us());
}

/* ---- the interface ---- */

static void tell_capture(struct nac_net *n, const char *text)
{
	struct nac_event ev = {.kind = NAC_EV_CAPTURE};

	if (strcmp(n->down, text) == 0 || n->leaving)
		return;
	snprintf(n->down, sizeof(n->down), "%s", text);
	snprintf(ev.text, sizeof(ev.text), "%s", text);
	tell(n, &ev);
}

/* The sink: nobody's card, the same at every start, so that a switch forgets nothing. */
static void self(struct nac_net *n, int64_t mono)
{
	struct nac_own own[NAC_OWN_MAX];
	size_t own_n = 0;

	struct nac_mac mac;

	n->self_us = mono;
	memset(own, 0, sizeof(own));
	if (nac_capture_self(n->ifname, &mac, own, &own_n) < 0)
		return;
	if (n->self_known && nac_mac_equal(&mac, &n->own_mac) && own_n == n->own_n &&
		memcmp(own, n->own, sizeof(own)) == 0)
		return;
	n->own_mac = mac;
	for (size_t i = 0; i < n->own_n; i++)
		nac_iso_binding(n->iso, &n->own[i].ip, NULL, true, mono);
	memcpy(n->own, own, sizeof(own));
	n->own_n = own_n;
	n->sink = n->own_mac;
	n->sink.b[0] = 0x02;
	n->sink.b[1] = 0x5e;
	n->sink.b[2] = 0x6b;
	if (nac_mac_equal(&n->sink, &n->own_mac))
		n->sink.b[2] = 0x6c;
	nac_watch_self(n->watch, &n->own_mac, &n->sink, n->own, n->own_n);
	nac_iso_self(n->iso, &n->own_mac, &n->sink);
	for (size_t i = 0; i < n->own_n; i++)
		nac_iso_binding(n->iso, &n->own[i].ip, &n->own_mac, true, mono);
	n->self_known = true;
}

static void take_back(struct nac_net *n, int64_t mono)
{
	struct sk_err err = {.code = 0};
	struct nac_event ev = {.kind = NAC_EV_RELEASED};

	if (!n->recover)
		return;
	if (nac_iso_recover(n->iso, n->recover, strlen(n->recover), mono, &err) < 0) {
		ev.kind = NAC_EV_CAPTURE;
		snprintf(ev.text, sizeof(ev.text), "journal: %.180s", err.en);
		tell(n, &ev);
	} else if (nac_iso_restoring(n->iso)) {
		snprintf(ev.text, sizeof(ev.text), "true addresses told again after a restart");
		tell(n, &ev);
	}
	free(n->recover);
	n->recover = NULL;
}

int nac_net_open(struct nac_net *n, int64_t mono)
{
	struct sk_err err = {.code = 0};
	int ret;

	if (n->cap || mono < n->retry_us)
		return -EAGAIN;
	n->retry_us = mono + RETRY_S * SECOND;
	ret = nac_capture_open(n->ifname, n->cfg->sampled, &n->cap, &err);
	if (ret < 0) {
		tell_capture(n, err.en);
		return ret;
	}
	self(n, mono);
	n->settled_us = mono + n->cfg->settle_ms * INT64_C(1000);
	n->inventory_us = mono;
	tell_capture(n, "up");
	take_back(n, mono);
	return nac_capture_fd(n->cap);
}

void nac_net_close(struct nac_net *n, const char *why, int64_t mono)
{
	if (!n->cap)
		return;
	n->dropped_before += nac_capture_dropped(n->cap);
	nac_capture_close(n->cap);
	n->cap = NULL;
	n->retry_us = mono + RETRY_S * SECOND;
	tell_capture(n, why);
}

static void on_frame(void *arg, const uint8_t *p, size_t len, int64_t ts_us)
{
	struct nac_net *n = arg;

	nac_watch_frame(n->watch, p, len, ts_us);
}

int nac_net_read(struct nac_net *n)
{
	return nac_capture_read(n->cap, READ_MAX, on_frame, n);
}

/* ---- who is cut off ---- */

static bool is_own(const struct nac_net *n, const struct nac_mac *mac)
{
	return nac_mac_equal(mac, &n->own_mac) || nac_mac_equal(mac, &n->sink);
}

static enum nac_spare why_not(struct nac_net *n, const struct nac_device *d, int64_t mono)
{
	bool target = nac_iso_is_target(n->iso, &d->mac);
	enum nac_standing st = n->mode == NAC_ISOLATION_OFF
		? NAC_STANDING_UNDECIDED
		: n->cfg->standing(n->cfg->arg, n->ifname, d);
	const struct nac_spare_facts f = {
		.off = n->mode == NAC_ISOLATION_OFF,
		.observing = n->mode != NAC_ISOLATION_ON ||
			sk_now() - n->observed_since < n->cfg->observe_s,
		.settling = !n->cap || !n->self_known || mono < n->settled_us,
		.own = is_own(n, &d->mac),
		.admitted = st == NAC_STANDING_ADMITTED,
		.undecided = st == NAC_STANDING_UNDECIDED,
		.infrastructure = st == NAC_STANDING_INFRASTRUCTURE,
		.listed = nac_watch_trusted(n->watch, &d->mac),
		.admitted_here = n->admitted_here,
		.isolated = nac_iso_targets(n->iso) - target,
		.max_isolated = SK_MIN(n->cfg->max_isolated, (uint32_t)NAC_ISO_TARGETS),
	};

	const uint16_t *before = sk_table_get(n->roles, &d->mac);
	struct nac_device with_roles = *d;

	if (before)
		with_roles.roles |= *before;
	return nac_spare_why(&with_roles, &f);
}

/* Once for each reason, and once a day again. */
static void tell_verdict(struct nac_net *n, const struct nac_device *d, enum nac_spare why)
{
	struct nac_event ev = {.mac = d->mac, .device = d};
	struct verdict *v;

	if (why == NAC_SPARE_OBSERVING)
		ev.kind = NAC_EV_WOULD_ISOLATE;
	else if (nac_spare_is_notable(why))
		ev.kind = NAC_EV_SPARED;
	else
		return;
	v = sk_table_put(n->verdicts, &d->mac);
	if (!v || (v->why == why + 1 && sk_now_us() - v->told_us < TOLD_AGAIN_S * SECOND))
		return;
	v->why = (uint8_t)(why + 1);
	v->told_us = sk_now_us();
	snprintf(ev.text, sizeof(ev.text), "%s", nac_spare_text(why));
	tell(n, &ev);
}

static void begin(struct nac_net *n, const struct nac_device *d, int64_t mono)
{
	struct nac_event ev = {.kind = NAC_EV_ISOLATED, .mac = d->mac, .device = d};

	if (sk_now_us() - d->last_us > RECENT_S * SECOND || nac_iso_is_target(n->iso, &d->mac))
		return;
	if (nac_iso_begin(n->iso, &d->mac, mono) < 0) {
		tell_verdict(n, d, NAC_SPARE_LIMIT);
		return;
	}
	if (nac_iso_targets(n->iso) == 1)
		n->inventory_us = mono;
	snprintf(ev.text, sizeof(ev.text), "not admitted; its neighbours are told so");
	tell(n, &ev);
}

static void end(struct nac_net *n, const struct nac_device *d, const char *why, int64_t mono)
{
	struct nac_event ev = {.kind = NAC_EV_RELEASED, .mac = d->mac, .device = d};

	if (!nac_iso_is_target(n->iso, &d->mac))
		return;
	nac_iso_end(n->iso, &d->mac, mono);
	snprintf(ev.text, sizeof(ev.text), "%s", why);
	tell(n, &ev);
}

struct judging {
	struct nac_net *n;
	int64_t mono;
};

static void judge_one(const struct nac_device *d, void *arg)
{
	const struct judging *j = arg;
	enum nac_spare why = why_not(j->n, d, j->mono);

	if (why == NAC_SPARE_SETTLING && nac_iso_is_target(j->n->iso, &d->mac))
		return; /* the interface came back; nothing has changed */
	if (why == NAC_SPARE_NO && sk_now_us() - d->last_us < GONE_S * SECOND)
		begin(j->n, d, j->mono);
	else if (why == NAC_SPARE_NO)
		end(j->n, d, "not seen for an hour", j->mono);
	else
		end(j->n, d, nac_spare_text(why), j->mono);
	tell_verdict(j->n, d, why);
}

static void count_admitted(const struct nac_device *d, void *arg)
{
	struct nac_net *n = arg;
	enum nac_standing st = n->cfg->standing(n->cfg->arg, n->ifname, d);

	n->admitted_here += st == NAC_STANDING_ADMITTED || st == NAC_STANDING_INFRASTRUCTURE;
}

void nac_net_judge(struct nac_net *n, const struct nac_mac *mac, int64_t mono)
{
	struct judging j = {n, mono};
	const struct nac_device *d;
	struct nac_mac gone;

	if (n->mode == NAC_ISOLATION_OFF && nac_iso_targets(n->iso) == 0)
		return;
	if (mac) {
		d = nac_watch_device(n->watch, mac);
		if (d)
			judge_one(d, &j);
		return;
	}
	n->judge_all = false;
	n->admitted_here = 0;
	if (n->mode != NAC_ISOLATION_OFF)
		nac_watch_walk(n->watch, count_admitted, n);
	nac_watch_walk(n->watch, judge_one, &j);
	/* Those that made room for others in the list of devices. */
	for (uint32_t i = 0; nac_iso_target_at(n->iso, i, &gone);) {
		if (nac_watch_device(n->watch, &gone))
			i++;
		else
			nac_iso_end(n->iso, &gone, mono);
	}
}

/* ---- time ---- */

/* Who is there, before and while somebody is cut off: silent neighbours must be told as well. */
static void inventory(struct nac_net *n, int64_t mono)
{
	uint8_t frame[NAC_FORGE_MAX];
	const struct nac_own *own = NULL;
	uint32_t hosts, net;

	if (n->mode != NAC_ISOLATION_ON || mono < n->inventory_us || !n->cap)
		return;
	for (size_t i = 0; i < n->own_n; i++) {
		if (n->own[i].ip.family == 4 && n->own[i].bits >= 22 && n->own[i].bits < 31 && !own)
			own = &n->own[i];
		/* Answers come from the address that fits the asking one. */
		if (n->inventory_pos == 0 && n->own[i].ip.family == 6)
			send_frame(n, frame, nac_forge_echo_all(&n->own_mac, &n->own[i].ip, frame));
	}
	hosts = own ? (1u << (32 - own->bits)) - 2 : 0;
	for (int i = 0; i < INVENTORY_STEP && n->inventory_pos < hosts; i++) {
		struct nac_ip ip = own->ip;

		net = ((uint32_t)ip.a[2] << 8 | ip.a[3]) & ~(hosts + 1);
		net += ++n->inventory_pos;
		ip.a[2] = (uint8_t)(net >> 8);
		ip.a[3] = (uint8_t)net;
		if (!nac_ip_equal(&ip, &own->ip))
			send_frame(n, frame, nac_forge_arp_ask(&n->own_mac, &own->ip, &ip, frame));
	}
	if (n->inventory_pos < hosts)
		return;
	n->inventory_pos = 0;
	n->inventory_us = mono + INVENTORY_S * SECOND;
}

void nac_net_tick(struct nac_net *n, int64_t mono)
{
	if (n->cap && mono - n->self_us >= SELF_S * SECOND)
		self(n, mono);
	if (mono - n->tick_us >= SECOND) {
		n->tick_us = mono;
		nac_watch_tick(n->watch, sk_now_us());
		nac_net_judge(n, NULL, mono);
	} else if (n->judge_all) {
		nac_net_judge(n, NULL, mono);
	}
	if (n->cap && n->self_known) {
		inventory(n, mono);
		nac_iso_tick(n->iso, mono);
	}
}

bool nac_net_busy(const struct nac_net *n)
{
	return n->cap &&
		(n->mode == NAC_ISOLATION_ON || nac_iso_targets(n->iso) > 0 ||
			nac_iso_restoring(n->iso));
}

bool nac_net_journal_due(const struct nac_net *n)
{
	return nac_iso_dirty(n->iso) || n->roles_new;
}
