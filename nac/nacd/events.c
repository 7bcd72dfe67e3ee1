/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nacd tells: numbered, spooled until the subscriber has stored it, sent in frames. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/nacd/parts.h"
#include "nac/nacd/sensor.h"

#define FLUSH_US 20000
#define QUEUE_BYTES (4u << 20)
#define ENVELOPE 256
#define SPOOL_BYTES (8u << 20)

void nacd_send_events(struct nacd *d)
{
	struct sk_spool_frame f;

	while (d->subscriber && sk_ipc_client_queued(d->subscriber) < QUEUE_BYTES &&
		sk_spool_next(d->spool, SK_SPOOL_INFLIGHT, &f)) {
		sk_buf_reset(&d->frame);
		sk_buf_printf(&d->frame, "{\"instance\":\"%s\",\"seq\":%" PRIu64 ",\"events\":[",
			d->instance, f.last);
		sk_buf_put(&d->frame, f.text, f.len);
		sk_buf_puts(&d->frame, "]}");
		/* On failure the frame stays in the spool; the server closes the client. */
		if (sk_buf_error(&d->frame) ||
			sk_ipc_reply_text(d->subscriber, SK_IPC_EVENT, 0,
				(const char *)d->frame.data, d->frame.len) < 0) {
			struct sk_ipc_client *c = d->subscriber;

			d->subscriber = NULL;
			sk_spool_rewind(d->spool);
			sk_ipc_client_close(c);
		}
	}
}

static int on_flush(sd_event_source *s, uint64_t usec, void *arg)
{
	struct nacd *d = arg;

	d->flush_armed = false;
	nacd_send_events(d);
	return 0;
}

static void put_event(struct nacd *d, const char *text, size_t len)
{
	sk_spool_put(d->spool, text, len);
	if (d->flush_armed || !d->subscriber)
		return;
	if (sd_event_source_set_time_relative(d->flush_events, FLUSH_US) >= 0 &&
		sd_event_source_set_enabled(d->flush_events, SD_EVENT_ONESHOT) >= 0)
		d->flush_armed = true;
}

void nacd_subscribe(struct nacd *d, struct sk_ipc_client *c, const char *instance, uint64_t ack)
{
	if (d->subscriber && d->subscriber != c)
		sk_ipc_client_close(d->subscriber);
	d->subscriber = c;
	if (sk_streq(instance, d->instance))
		sk_spool_ack(d->spool, ack);
	sk_spool_rewind(d->spool);
	nacd_send_events(d);
}

static void set_text(json_t *o, const char *key, const char *s)
{
	if (s && s[0])
		json_object_set_new(o, key, json_string(s));
}

static void describe_record(json_t *o, const struct nac_record *r)
{
	if (!r)
		return;
	json_object_set_new(o, "device", json_integer(r->number));
	json_object_set_new(o, "revision", json_integer(r->revision));
	set_text(o, "name", r->name);
	set_text(o, "owner", r->owner);
	set_text(o, "department", r->department);
	set_text(o, "location", r->location);
}

json_t *nacd_describe(struct nacd *d, const char *port, const struct nac_mac *mac)
{
	const struct nacd_session *s = nacd_session_get(d, port, mac);
	const struct nacd_port *p = nacd_port_find(d, port);
	const struct nac_record *r = NULL;
	char text[NAC_MAC_TEXT];
	json_t *o = json_pack("{s:s,s:s,s:b}", "port", port, "mac", nac_mac_format(mac, text),
		"randomised", nac_mac_is_randomised(mac));

	if (!o)
		return json_object();
	if (d->doc && s && s->device)
		r = nac_document_by_number(d->doc, s->device);
	if (d->doc && !r)
		r = nac_document_by_mac(d->doc, mac);
	describe_record(o, r);
	if (p) {
		set_text(o, "zone", p->conf.zone);
		set_text(o, "mode", nac_mode_name(p->conf.mode));
	}
	if (s) {
		set_text(o, "state", nac_session_name(s->state));
		if (s->method != NAC_BY_NONE)
			set_text(o, "method", nac_method_name(s->method));
		set_text(o, "eap", s->eap);
		set_text(o, "identity", s->identity);
		set_text(o, "serial", s->serial);
	}
	nacd_sensor_describe(d->sensor, mac, o);
	if (!json_object_get(o, "addresses")) {
		const struct nacd_sight *v = nacd_seen_get(d->seen, mac);

		if (v && v->address[0])
			json_object_set_new(o, "addresses", json_pack("[s]", v->address));
	}
	return o;
}

void nacd_report(struct nacd *d, const char *action, json_t *fields)
{
	int64_t now = sk_now_us();
	char stamp[48];
	json_t *e, *port, *mac;
	char *text;

	if (!fields)
		fields = json_object();
	if (fields)
		json_object_set_new(fields, "action", json_string(action));
	e = json_pack("{s:s,s:I,s:s,s:o}", "timestamp",
		sk_time_format_us(now, stamp, sizeof(stamp)), "ts", (json_int_t)now, "event_type",
		"admission", "sekisho", fields);
	port = json_object_get(fields, "port");
	mac = json_object_get(fields, "mac");
	if (e && port)
		json_object_set(e, "in_iface", port);
	if (e && mac)
		json_object_set_new(e, "ether", json_pack("{s:O}", "src_mac", mac));
	text = e ? json_dumps(e, JSON_COMPACT) : NULL;
	json_decref(e);
	put_event(d, text ? text : "", text ? strlen(text) : 0);
	free(text);
}

/* Distinguishes the numbering of this run from every other one. */
static void make_instance(struct nacd *d)
{
	uint8_t random[8];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		memset(random, 0, sizeof(random));
	snprintf(d->instance, sizeof(d->instance), "%014" PRIx64, (uint64_t)sk_now_us());
	sk_hex(d->instance + strlen(d->instance), random, sizeof(random));
}

int nacd_events_start(struct nacd *d, struct sk_err *err)
{
	int r;

	make_instance(d);
	sk_buf_init(&d->frame, SK_SPOOL_FRAME + SK_SPOOL_EVENT + ENVELOPE);
	d->spool = sk_spool_new(SPOOL_BYTES);
	if (!d->spool)
		return sk_err_nomem(err);
	r = sd_event_add_time_relative(
		d->ev, &d->flush_events, CLOCK_MONOTONIC, FLUSH_US, 1000, on_flush, d);
	if (r >= 0)
		r = sd_event_source_set_enabled(d->flush_events, SD_EVENT_OFF);
	return r < 0 ? sk_err_en(err, r, NULL, "event loop: %s", strerror(-r)) : 0;
}

void nacd_events_stop(struct nacd *d)
{
	if (d->spool)
		nacd_send_events(d);
	sd_event_source_disable_unref(d->flush_events);
	sk_spool_free(d->spool);
	sk_buf_done(&d->frame);
}
