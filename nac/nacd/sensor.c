/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sensor's observations become events and rows; its question is answered from the document. It
 * has CAP_NET_RAW for opening networks later, the one right nacd keeps.
 */
#include "nac/nacd/sensor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/discover/sensor.h"
#include "nac/observe/sight.h"

#define FRAME_MAX 128 /* of a reported frame: docs/ipc.md */

struct nacd_sensor {
	struct nacd *d;
	struct nac_sensor *s;
	sd_event_source *io;
	char journal[512];
};

/* ---- who is admitted --------------------------------------------------------------------------
 */

static const char *zone_of(const struct nacd *d, const char *ifname)
{
	for (size_t i = 0; i < d->doc->n_networks; i++)
		if (strcmp(d->doc->networks[i].interface, ifname) == 0)
			return d->doc->networks[i].zone;
	return "";
}

static bool in_zone(const struct nac_record *r, const char *zone)
{
	if (!r->zones || !zone[0])
		return true;
	for (const char **z = r->zones; *z; z++)
		if (strcmp(*z, zone) == 0)
			return true;
	return false;
}

/* A device that a port admits (a guest, say) is admitted on the network behind it as well. */
static bool in_by_port(struct nacd *d, const struct nac_mac *mac)
{
	struct nacd_session *all[8];
	size_t n = nacd_sessions_of(d, mac, all, 8);

	for (size_t i = 0; i < n; i++)
		if (nac_session_open(all[i]->state) && all[i]->state != NAC_S_QUARANTINED)
			return true;
	return false;
}

static enum nac_standing standing(void *arg, const char *ifname, const struct nac_device *dev)
{
	struct nacd *d = arg;
	const struct nac_record *r;
	int64_t now = sk_now();

	if (!d->doc)
		return NAC_STANDING_UNDECIDED;
	r = nac_document_by_mac(d->doc, &dev->mac);
	if (r && r->infrastructure)
		return NAC_STANDING_INFRASTRUCTURE;
	if (in_by_port(d, &dev->mac))
		return NAC_STANDING_ADMITTED;
	if (!r || r->state != NAC_ACTIVE || (r->expires && r->expires <= now) ||
		!in_zone(r, zone_of(d, ifname)))
		return NAC_STANDING_UNADMITTED;
	return NAC_STANDING_ADMITTED;
}

/* ---- what it saw ------------------------------------------------------------------------------
 */

static void set_ip(json_t *e, const char *key, const struct nac_ip *ip)
{
	char text[NAC_IP_TEXT];

	if (ip->family)
		json_object_set_new(e, key, json_string(nac_ip_format(ip, text)));
}

/* On a watched port the fingerprint has a say. */
static void look_again(struct nacd *d, const struct nac_mac *mac)
{
	struct nacd_session *all[8];
	size_t n = nacd_sessions_of(d, mac, all, 8);

	for (size_t i = 0; i < n; i++)
		if (nac_session_open(all[i]->state) && all[i]->method == NAC_BY_MAC)
			nacd_admit(d, all[i]->port, mac, NULL);
}

static void tell(struct nacd *d, const char *ifname, const struct nac_event *ev)
{
	char text[NAC_MAC_TEXT], differs[128];
	json_t *e = nacd_describe(d, ifname, &ev->mac);

	json_object_set_new(e, "interface", json_string(ifname));
	set_ip(e, "ip", &ev->ip);
	if (!nac_mac_is_zero(&ev->other))
		json_object_set_new(e, "other_mac", json_string(nac_mac_format(&ev->other, text)));
	if (ev->text[0])
		json_object_set_new(e, "detail", json_string(ev->text));
	if (ev->count)
		json_object_set_new(e, "count", json_integer((json_int_t)ev->count));
	if (ev->differs)
		json_object_set_new(e, "differs",
			json_string(nac_print_differs_text(ev->differs, differs, sizeof(differs))));
	nacd_report(d, nac_ev_name(ev->kind), e);
}

static void on_event(void *arg, const char *ifname, const struct nac_event *ev)
{
	struct nacd *d = arg;
	struct nacd_sight *sight;

	switch (ev->kind) {
	case NAC_EV_NEW:
		if (nacd_seen_note(d->seen, &ev->mac, ifname, sk_now(), &sight))
			tell(d, ifname, ev);
		/* New to the sensor alone, perhaps: it began anew, the admission is older. */
		look_again(d, &ev->mac);
		break;
	case NAC_EV_UPDATED:
		if (ev->news & NAC_NEWS_PRINT)
			look_again(d, &ev->mac);
		break;
	case NAC_EV_CAPTURE: sk_log(LOG_INFO, "sensor on %s: %s", ifname, ev->text); break;
	case NAC_EV_FINGERPRINT:
		tell(d, ifname, ev);
		look_again(d, &ev->mac);
		break;
	default: tell(d, ifname, ev); break;
	}
}

static int on_io(sd_event_source *src, int fd, uint32_t revents, void *arg)
{
	struct nacd_sensor *s = arg;

	nac_sensor_run(s->s);
	return 0;
}

/* ---- life -------------------------------------------------------------------------------------
 */

int nacd_sensor_new(struct nacd_sensor **ret, struct nacd *d, struct sk_err *err)
{
	struct nacd_sensor *s = calloc(1, sizeof(*s));
	struct nac_sensor_config cfg = {.arg = d, .event = on_event, .standing = standing};
	int r;

	if (!s)
		return sk_err_nomem(err);
	s->d = d;
	snprintf(s->journal, sizeof(s->journal), "%s/isolation.journal", d->opts.state_dir);
	cfg.journal = s->journal;
	r = nac_sensor_new(&cfg, &s->s, err);
	if (r == 0) {
		r = sd_event_add_io(d->ev, &s->io, nac_sensor_fd(s->s), EPOLLIN, on_io, s);
		if (r < 0)
			sk_err_en(err, r, NULL, "event loop: %s", strerror(-r));
	}
	if (r < 0) {
		nacd_sensor_free(s);
		return r;
	}
	/* Frames of strangers wait behind everything that was asked for. */
	sd_event_source_set_priority(s->io, SD_EVENT_PRIORITY_IDLE);
	*ret = s;
	return 0;
}

void nacd_sensor_free(struct nacd_sensor *s)
{
	if (!s)
		return;
	sd_event_source_disable_unref(s->io);
	nac_sensor_free(s->s);
	free(s);
}

struct lists {
	struct nac_ip ips[NAC_SERVERS_MAX];
	struct nac_mac macs[NAC_SERVERS_MAX];
	size_t n_ips, n_macs;
};

static void read_servers(const struct nac_network *n, struct lists *l)
{
	*l = (struct lists){.n_ips = 0};
	for (const char **s = n->dhcp_servers; *s; s++) {
		if (nac_mac_parse(*s, &l->macs[l->n_macs]) == 0)
			l->n_macs++;
		else if (nac_ip_parse(*s, &l->ips[l->n_ips]) == 0)
			l->n_ips++;
	}
}

int nacd_sensor_apply(struct nacd_sensor *s, struct nacd *d, struct sk_err *err)
{
	static const enum nac_isolation_mode modes[] = {[NAC_ISOLATE_OFF] = NAC_ISOLATION_OFF,
		[NAC_ISOLATE_OBSERVE] = NAC_ISOLATION_OBSERVE,
		[NAC_ISOLATE_ON] = NAC_ISOLATION_ON};
	struct nac_sensor_net nets[NAC_NETWORKS_MAX];
	struct lists *lists;
	size_t n = 0;
	int r;

	if (!s)
		return 0;
	lists = calloc(NAC_NETWORKS_MAX, sizeof(*lists));
	if (!lists)
		return sk_err_nomem(err);
	for (size_t i = 0; i < d->doc->n_networks; i++) {
		const struct nac_network *w = &d->doc->networks[i];

		if (!w->sensor)
			continue;
		read_servers(w, &lists[n]);
		nets[n] = (struct nac_sensor_net){.ifname = w->interface,
			.isolation = modes[w->isolation],
			.dhcp_ips = lists[n].ips,
			.dhcp_ip_n = lists[n].n_ips,
			.dhcp_macs = lists[n].macs,
			.dhcp_mac_n = lists[n].n_macs,
			.routers = w->routers,
			.router_n = w->n_routers};
		n++;
	}
	r = nac_sensor_networks(s->s, nets, n, err);
	free(lists);
	return r;
}

void nacd_sensor_recheck(struct nacd_sensor *s, const struct nac_mac *mac)
{
	if (s)
		nac_sensor_recheck(s->s, mac);
}

/* ---- what is known ----------------------------------------------------------------------------
 */

static const struct nac_device *find(struct nacd_sensor *s, const struct nac_mac *mac)
{
	const struct nac_document *doc = s ? s->d->doc : NULL;

	for (size_t i = 0; doc && i < doc->n_networks; i++) {
		const struct nac_device *dev =
			nac_sensor_device(s->s, doc->networks[i].interface, mac);

		if (dev)
			return dev;
	}
	return NULL;
}

bool nacd_sensor_print(struct nacd_sensor *s, const struct nac_mac *mac, struct nac_print *ret)
{
	const struct nac_device *dev = find(s, mac);

	if (!dev || nac_print_is_empty(&dev->print))
		return false;
	*ret = dev->print;
	return true;
}

static void describe_device(const struct nac_device *dev, json_t *o)
{
	json_t *addresses = json_array();
	char text[NAC_IP_TEXT];

	for (size_t i = 0; i < NAC_DEVICE_ADDRS; i++)
		if (dev->addrs[i].ip.family)
			json_array_append_new(
				addresses, json_string(nac_ip_format(&dev->addrs[i].ip, text)));
	if (json_array_size(addresses))
		json_object_set(o, "addresses", addresses);
	json_decref(addresses);
	if (dev->print.hostname[0])
		json_object_set_new(o, "hostname", json_string(dev->print.hostname));
	if (dev->print.dhcp_params[0])
		json_object_set_new(o, "dhcp", json_string(dev->print.dhcp_params));
	if (dev->model[0])
		json_object_set_new(o, "model", json_string(dev->model));
	if (!nac_print_is_empty(&dev->print))
		json_object_set_new(o, "fingerprint", nac_print_to_json(&dev->print));
}

void nacd_sensor_describe(struct nacd_sensor *s, const struct nac_mac *mac, json_t *o)
{
	const struct nac_device *dev = find(s, mac);
	const char *vendor = s ? nac_sensor_vendor(s->s, mac) : NULL;

	if (vendor)
		json_object_set_new(o, "vendor", json_string(vendor));
	if (dev)
		describe_device(dev, o);
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t unhex(const char *s, uint8_t *dst, size_t cap)
{
	size_t n = 0;

	for (; n < cap && s[0] && s[1]; s += 2) {
		int hi = nibble(s[0]), lo = nibble(s[1]);

		if (hi < 0 || lo < 0)
			break;
		dst[n++] = (uint8_t)(hi << 4 | lo);
	}
	return n;
}

void nacd_sensor_frame(struct nacd *d, const char *port, const struct nac_mac *mac,
	const json_t *frame, struct nacd_sight *sight)
{
	const char *payload = json_string_value(json_object_get(frame, "payload"));
	uint8_t p[FRAME_MAX];
	struct nac_sight seen;

	/* The whole frame, from its destination address on (docs/ipc.md). */
	if (!payload || !sight || !nac_sight_parse(p, unhex(payload, p, sizeof(p)), &seen))
		return;
	if (seen.kind == NAC_SIGHT_ARP && nac_ip_is_host(&seen.arp.spa))
		nac_ip_format(&seen.arp.spa, sight->address);
	else if (nac_ip_is_host(&seen.from))
		nac_ip_format(&seen.from, sight->address);
}

struct each {
	void (*fn)(const char *ifname, const struct nac_mac *mac, int64_t first, int64_t last,
		void *arg);
	void *arg;
};

static void one(const char *ifname, const struct nac_device *dev, bool isolated, void *arg)
{
	const struct each *e = arg;

	e->fn(ifname, &dev->mac, dev->first_us / 1000000, dev->last_us / 1000000, e->arg);
}

void nacd_sensor_each(struct nacd_sensor *s,
	void (*fn)(const char *ifname, const struct nac_mac *mac, int64_t first, int64_t last,
		void *arg),
	void *arg)
{
	struct each e = {.fn = fn, .arg = arg};

	if (s)
		nac_sensor_walk(s->s, one, &e);
}

json_t *nacd_sensor_status(struct nacd_sensor *s)
{
	struct nac_sensor_stats st = {0};

	if (s)
		nac_sensor_stats(s->s, &st);
	return json_pack("{s:I,s:I,s:I,s:I,s:i,s:i,s:i,s:i}", "frames", (json_int_t)st.frames,
		"dropped", (json_int_t)st.dropped, "malformed", (json_int_t)st.malformed, "forged",
		(json_int_t)st.forged, "networks", (int)st.networks, "up", (int)st.up, "devices",
		(int)st.devices, "isolated", (int)st.isolated);
}
