/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network's frames, and what is done with them, in any order: each step is a byte that says what,
 * two of length, and bytes: a frame, time that passes, a device cut off or released, the journal
 * written. At no time may others be told a lie of the gateway, or anything be said before the
 * journal has it; and in the end, once all is released, there is an end to the telling.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "nac/observe/isolate.h"
#include "nac/observe/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 256 };

struct rig {
	struct nac_watch *w;
	struct nac_iso *iso;
	int64_t now;
	struct nac_mac own, sink;
	struct nac_own addr;
	bool journaled_once;
};

static void on_event(void *arg, const struct nac_event *ev)
{
	assert(memchr(ev->text, 0, sizeof(ev->text)));
	assert(sk_utf8_valid(ev->text, strlen(ev->text)));
	assert(ev->device == NULL || nac_mac_equal(&ev->device->mac, &ev->mac));
	assert(strcmp(nac_ev_name(ev->kind), "unknown") != 0);
}

static void on_binding(void *arg, const struct nac_ip *ip, const struct nac_mac *mac)
{
	struct rig *r = arg;

	assert(!nac_ip_equal(ip, &r->addr.ip));
	assert(!mac || !nac_mac_equal(mac, &r->own));
	nac_iso_binding(r->iso, ip, mac, false, r->now);
}

static void on_asked(void *arg, const struct nac_mac *who, const struct nac_ip *ip)
{
	struct rig *r = arg;

	nac_iso_asked(r->iso, who, ip, r->now);
}

static void on_send(void *arg, const uint8_t *p, size_t len)
{
	struct rig *r = arg;
	struct nac_sight s;
	const struct nac_mac *mac;
	const struct nac_ip *ip;

	assert(nac_sight_parse(p, len, &s) && !s.malformed);
	assert(s.kind == NAC_SIGHT_ARP || s.kind == NAC_SIGHT_NA);
	mac = s.kind == NAC_SIGHT_ARP ? &s.arp.sha : &s.nd.mac;
	ip = s.kind == NAC_SIGHT_ARP ? &s.arp.spa : &s.nd.target;
	assert(r->journaled_once);
	assert(!nac_mac_equal(&s.dst, &r->own));
	if (nac_mac_equal(mac, &r->sink)) {
		/* Of the gateway only to whom is cut off. */
		assert(!nac_ip_equal(ip, &r->addr.ip) || nac_iso_is_target(r->iso, &s.dst));
	}
}

static void start(struct rig *r)
{
	static const uint8_t seed[16] = {5};
	struct nac_watch_config w = {.max_devices = 16,
		.max_bindings = 32,
		.new_per_s = 100,
		.arg = r,
		.event = on_event,
		.binding = on_binding,
		.asked = on_asked};
	struct nac_iso_config i = {.frames_per_s = 200, .arg = r, .send = on_send};
	struct nac_ip listed = {.family = 4, .a = {192, 168, 10, 5}};
	struct nac_trust t = {.dhcp_ips = &listed, .dhcp_ip_n = 1};

	memset(r, 0, sizeof(*r));
	r->w = nac_watch_new(&w, seed);
	r->iso = nac_iso_new(&i);
	assert(r->w && r->iso && nac_watch_trust(r->w, &t) == 0);
	assert(nac_mac_parse("02:00:00:00:00:01", &r->own) == 0);
	assert(nac_mac_parse("02:5e:6b:00:00:01", &r->sink) == 0);
	assert(nac_ip_parse("192.168.10.1", &r->addr.ip) == 0);
	r->addr.bits = 24;
	r->now = 1000000;
	nac_watch_self(r->w, &r->own, &r->sink, &r->addr, 1);
	nac_iso_self(r->iso, &r->own, &r->sink);
	nac_iso_binding(r->iso, &r->addr.ip, &r->own, true, r->now);
}

static void journal(struct rig *r)
{
	struct nac_iso_config cfg = {.arg = r, .send = on_send};
	struct nac_iso *again = nac_iso_new(&cfg);
	struct sk_buf b;

	assert(again);
	nac_iso_self(again, &r->own, &r->sink);
	sk_buf_init(&b, 1 << 20);
	nac_iso_journal(r->iso, &b);
	assert(sk_buf_error(&b) == 0);
	nac_iso_journaled(r->iso);
	r->journaled_once = true;
	assert(!nac_iso_dirty(r->iso));
	/* What was written must be readable, or a crash could not be mended. */
	assert(nac_iso_recover(again, sk_buf_str(&b), b.len, r->now, NULL) == 0);
	nac_iso_free(again);
	sk_buf_done(&b);
}

static void step(struct rig *r, uint8_t what, const uint8_t *p, size_t len)
{
	struct nac_mac mac = {{0}};
	uint8_t *copy;

	memcpy(mac.b, p, SK_MIN(len, sizeof(mac.b)));
	switch (what % 6) {
	case 1:
		r->now += (int64_t)(len % 4000) * 1000;
		nac_watch_tick(r->w, r->now);
		nac_iso_tick(r->iso, r->now);
		break;
	case 2:
		if (nac_watch_device(r->w, &mac))
			nac_iso_begin(r->iso, &mac, r->now);
		break;
	case 3: nac_iso_end(r->iso, &mac, r->now); break;
	case 4: journal(r); break;
	case 5: r->now += (int64_t)len * 1000000; break;
	default:
		copy = malloc(len ? len : 1);
		assert(copy);
		if (len)
			memcpy(copy, p, len);
		nac_watch_frame(r->w, copy, len, r->now);
		free(copy);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig r;
	struct nac_watch_stats st;

	start(&r);
	for (int i = 0; i < STEPS && size >= 3; i++) {
		size_t len = (size_t)(data[1] << 8 | data[2]);
		uint8_t what = data[0];

		data += 3;
		size -= 3;
		len = SK_MIN(len, size);
		step(&r, what, data, len);
		/* Time that passes takes no bytes. */
		if (what % 6 != 1 && what % 6 != 5) {
			data += len;
			size -= len;
		}
		r.now += 1000;
	}
	nac_iso_end_all(r.iso, r.now);
	for (int i = 0; i < 400 && nac_iso_restoring(r.iso); i++) {
		r.now += 50000;
		nac_iso_tick(r.iso, r.now);
	}
	assert(!nac_iso_restoring(r.iso) && nac_iso_targets(r.iso) == 0);
	nac_watch_stats(r.w, &st);
	assert(st.devices <= 16 && st.bindings <= 32);
	nac_watch_free(r.w);
	nac_iso_free(r.iso);
	return 0;
}
