/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate in the kernel is sekisho-fwd's; this keeps it as the sessions say: changes gathered for
 * one turn of the loop, and the whole compared whenever fwd was away.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "nac/nacd/parts.h"
#include "nac/nacd/sensor.h"

#define ROWS_PER_CALL 1000
#define UNWANTED_S 60 /* whom the gate does not take is not offered to it again before */

static void list_gate(struct nacd *d);

/* ---- ports ------------------------------------------------------------------------------------
 */

static const char *gate_mode(enum nac_mode m)
{
	return m == NAC_ENFORCE ? "enforce" : "observe";
}

static void forget_ports(struct nacd *d)
{
	json_decref(d->told_ports);
	d->told_ports = NULL;
}

static void on_ports(int code, const json_t *body, const struct sk_err *err, void *arg)
{
	if (code < 0)
		forget_ports(arg);
	if (code < 0 && code != -ECONNRESET)
		sk_log(LOG_ERR, "sekisho-fwd refuses the ports: %s%s%s", err->path,
			err->path[0] ? ": " : "", err->en);
}

void nacd_gate_ports(struct nacd *d)
{
	const struct nac_fwd_call call = {.end = on_ports, .arg = d};
	json_t *list = json_array();

	for (size_t i = 0; i < d->n_ports; i++) {
		const struct nacd_port *p = &d->ports[i];

		json_array_append_new(list,
			json_pack("{s:s,s:s,s:b,s:i,s:b}", "name", p->name, "mode",
				gate_mode(p->conf.mode), "quarantine", true, "page_port",
				(int)d->opts.page_port, "eapol", p->conf.dot1x));
	}
	/* Devices come and go far more often than ports: closing one waits for nothing. */
	if (d->told_ports && json_equal(list, d->told_ports)) {
		json_decref(list);
		return;
	}
	forget_ports(d);
	d->told_ports = json_incref(list);
	nac_fwd_send(d->fwd, "nac.ports",
		json_pack("{s:I,s:o}", "generation", (json_int_t)d->doc->generation, "ports", list),
		&call);
}

/* ---- rows -------------------------------------------------------------------------------------
 */

struct batch {
	json_t *admit, *close;
	int64_t now;
};

static void add_change(const struct nac_gate_row *row, void *arg)
{
	struct batch *b = arg;
	char mac[NAC_MAC_TEXT];
	int64_t left = row->until - b->now;

	nac_mac_format(&row->mac, mac);
	if (row->state == NAC_GATE_CLOSED)
		json_array_append_new(
			b->close, json_pack("{s:s,s:s}", "port", row->port, "mac", mac));
	else
		json_array_append_new(b->admit,
			json_pack("{s:s,s:s,s:I,s:s}", "port", row->port, "mac", mac, "seconds",
				(json_int_t)(left < 1 ? 1 : left), "state",
				row->state == NAC_GATE_ADMITTED ? "admitted" : "quarantined"));
}

struct sent {
	struct nacd *d;
	json_t *rows;
};

/* One row that fwd does not take would keep all others of its message out for as long as it is
 * there. */
static void give_up(struct nacd *d, const json_t *row)
{
	const char *port = json_string_value(json_object_get(row, "port"));
	const char *text = json_string_value(json_object_get(row, "mac"));
	struct nacd_session *s = NULL;
	struct nac_mac mac;

	if (port && text && nac_mac_parse(text, &mac) == 0)
		s = nacd_session_get(d, port, &mac);
	if (!s)
		return;
	s->held = sk_now() + UNWANTED_S;
	nacd_session_close(d, s, NAC_WHY_GATE);
}

/* Whatever was refused: what fwd has decides, and the difference is sent again. */
static void on_rows(int code, const json_t *body, const struct sk_err *err, void *arg)
{
	struct sent *sent = arg;
	struct nacd *d = sent->d;
	unsigned i;

	if (code < 0 && code != -ECONNRESET) {
		sk_log(LOG_ERR, "sekisho-fwd refuses a change of the gate: %s%s%s", err->path,
			err->path[0] ? ": " : "", err->en);
		d->synced = false;
		if (sscanf(err->path, "rows[%u]", &i) == 1)
			give_up(d, json_array_get(sent->rows, i));
	}
	json_decref(sent->rows);
	free(sent);
}

static void send_rows(struct nacd *d, const char *op, json_t *rows)
{
	struct nac_fwd_call call = {.end = on_rows};
	struct sent *sent;

	if (json_array_size(rows) == 0) {
		json_decref(rows);
		return;
	}
	call.arg = sent = calloc(1, sizeof(*sent));
	if (sent)
		*sent = (struct sent){.d = d, .rows = json_incref(rows)};
	if (sent && nac_fwd_send(d->fwd, op, json_pack("{s:O}", "rows", rows), &call) < 0) {
		d->synced = false;
		json_decref(rows);
		free(sent);
	} else if (!sent) {
		d->synced = false;
	}
	json_decref(rows);
}

/* ---- registered devices -----------------------------------------------------------------------
 */

static void on_known(int code, const json_t *body, const struct sk_err *err, void *arg)
{
	struct nacd *d = arg;

	if (code == 0)
		return;
	d->known_due = true; /* with the next change, or when fwd is back */
	if (code != -ECONNRESET)
		sk_log(LOG_ERR, "sekisho-fwd refuses the registered devices: %s", err->en);
}

static json_t *known_macs(const struct nac_document *doc)
{
	json_t *list = json_array();
	char text[NAC_MAC_TEXT];

	for (size_t i = 0; i < doc->n_devices; i++) {
		const struct nac_record *r = &doc->devices[i];

		if (!r->by_dot1x || r->state == NAC_REVOKED)
			continue;
		for (size_t k = 0; k < r->n_macs; k++)
			json_array_append_new(list, json_string(nac_mac_format(&r->macs[k], text)));
	}
	return list;
}

/*
 * The gate lets few strangers at a time speak to the authenticator, however many there seem to be;
 * those who are registered for it are not among them.
 */
static void send_known(struct nacd *d)
{
	const struct nac_fwd_call call = {.end = on_known, .arg = d};

	if (!d->known_due || !d->doc)
		return;
	d->known_due = false;
	if (nac_fwd_send(
		    d->fwd, "nac.known", json_pack("{s:o}", "macs", known_macs(d->doc)), &call) < 0)
		d->known_due = true;
}

/* Closing first: nobody stays in for another's sake. */
static void flush(struct nacd *d)
{
	size_t n = ROWS_PER_CALL;

	if (!nac_fwd_connected(d->fwd) || d->listing)
		return;
	while (n == ROWS_PER_CALL) {
		struct batch b = {json_array(), json_array(), sk_now()};

		n = nac_gate_changes(d->gate, ROWS_PER_CALL, add_change, &b);
		send_rows(d, "nac.close", b.close);
		send_rows(d, "nac.admit", b.admit);
	}
	send_known(d);
}

static int on_flush(sd_event_source *s, void *arg)
{
	struct nacd *d = arg;

	sd_event_source_set_enabled(s, SD_EVENT_OFF);
	flush(d);
	return 0;
}

static void flush_soon(struct nacd *d)
{
	if (!d->flush_gate) {
		if (sd_event_add_defer(d->ev, &d->flush_gate, on_flush, d) < 0)
			return;
		/* Before whatever else is ready in this turn. */
		sd_event_source_set_priority(d->flush_gate, SD_EVENT_PRIORITY_IMPORTANT);
	}
	sd_event_source_set_enabled(d->flush_gate, SD_EVENT_ONESHOT);
}

void nacd_gate_set(struct nacd *d, const struct nacd_session *s, enum nac_gate_state state)
{
	const struct nacd_port *p = nacd_port_find(d, s->port);
	struct nac_gate_row row = {.mac = s->mac, .state = state, .until = s->until};

	/* Where all passes nobody is held back: an entry would only end the reports of it. */
	if (state == NAC_GATE_QUARANTINED && p && p->conf.mode != NAC_ENFORCE)
		row.state = NAC_GATE_CLOSED;
	memcpy(row.port, s->port, sizeof(row.port));
	if (nac_gate_want(d->gate, &row) < 0)
		sk_log(LOG_ERR, "the gate is full: %s stays closed for a device", s->port);
	flush_soon(d);
	nacd_sensor_recheck(d->sensor, &s->mac);
}

void nacd_gate_known(struct nacd *d)
{
	d->known_due = true;
	flush_soon(d);
}

void nacd_gate_forget(struct nacd *d, const char *port, const struct nac_mac *mac)
{
	char text[NAC_MAC_TEXT];

	nac_fwd_send(d->fwd, "nac.forget",
		json_pack(
			"{s:[{s:s,s:s}]}", "rows", "port", port, "mac", nac_mac_format(mac, text)),
		NULL);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int row_of(const json_t *v, int64_t now, struct nac_gate_row *ret)
{
	const char *port = json_string_value(json_object_get(v, "port"));
	const char *mac = json_string_value(json_object_get(v, "mac"));
	const char *state = json_string_value(json_object_get(v, "state"));

	*ret = (struct nac_gate_row){.state = NAC_GATE_ADMITTED};
	if (!port || !mac || !state || strlen(port) >= sizeof(ret->port) ||
		nac_mac_parse(mac, &ret->mac) < 0)
		return -EINVAL;
	memcpy(ret->port, port, strlen(port));
	if (strcmp(state, "quarantined") == 0)
		ret->state = NAC_GATE_QUARANTINED;
	ret->until = now + json_integer_value(json_object_get(v, "left"));
	return 0;
}

static void on_list_rows(const json_t *body, void *arg)
{
	struct nacd *d = arg;
	struct nac_gate_row row;
	json_t *v;
	size_t i;

	json_array_foreach (json_object_get(body, "rows"), i, v)
		if (row_of(v, sk_now(), &row) == 0)
			nac_gate_list_row(d->gate, &row);
}

static void on_list_end(int code, const json_t *body, const struct sk_err *err, void *arg)
{
	struct nacd *d = arg;

	d->listing = false;
	if (code < 0) {
		if (code != -ECONNRESET)
			sk_log(LOG_ERR, "nac.list: %s", err->en);
		return;
	}
	nac_gate_list_end(d->gate);
	d->synced = true;
	flush(d);
}

static void list_gate(struct nacd *d)
{
	const struct nac_fwd_call call = {.data = on_list_rows, .end = on_list_end, .arg = d};

	if (d->listing || nac_fwd_send(d->fwd, "nac.list", NULL, &call) < 0)
		return;
	d->listing = true;
	d->synced = true; /* unless something goes wrong from now on */
	nac_gate_list_begin(d->gate);
}

/* ---- the connection ---------------------------------------------------------------------------
 */

static void on_subscribed(int code, const json_t *body, const struct sk_err *err, void *arg)
{
	if (code < 0 && code != -ECONNRESET)
		sk_log(LOG_ERR, "nac.subscribe: %s", err->en);
}

static void on_up(void *arg)
{
	struct nacd *d = arg;
	const struct nac_fwd_call call = {.end = on_subscribed, .arg = d};

	if (d->doc)
		nacd_gate_ports(d);
	d->known_due = true; /* sent when the gate was read */
	list_gate(d);
	nac_fwd_send(d->fwd, "nac.subscribe", NULL, &call);
}

static void on_down(void *arg)
{
	struct nacd *d = arg;

	d->synced = false;
	d->listing = false;
	forget_ports(d);
}

/* ---- frames of those who are not in -----------------------------------------------------------
 */

static void tell_new(struct nacd *d, const char *port, const struct nac_mac *mac)
{
	nacd_report(d, "new", nacd_describe(d, port, mac));
}

static void on_frame(struct nacd *d, const json_t *v)
{
	const char *port = json_string_value(json_object_get(v, "port"));
	const char *text = json_string_value(json_object_get(v, "mac"));
	struct nacd_sight *sight = NULL;
	struct nac_mac mac;
	bool new;

	if (!port || !text || nac_mac_parse(text, &mac) < 0 || !nacd_port_find(d, port))
		return;
	new = nacd_seen_note(d->seen, &mac, port, sk_now(), &sight);
	nacd_sensor_frame(d, port, &mac, v, sight);
	if (new)
		tell_new(d, port, &mac);
	nacd_admit(d, port, &mac, NULL);
}

static void on_flood(struct nacd *d, const json_t *v)
{
	if (json_is_object(v))
		nacd_report(d, "flood",
			json_pack("{s:s,s:O*,s:O*}", "kind", "frames", "port",
				json_object_get(v, "port"), "count", json_object_get(v, "count")));
}

static void on_event(const json_t *body, void *arg)
{
	struct nacd *d = arg;
	json_t *v;
	size_t i;

	json_array_foreach (json_object_get(body, "frames"), i, v)
		on_frame(d, v);
	on_flood(d, json_object_get(body, "flood"));
}

const struct nac_fwd_ops nacd_fwd_ops = {.up = on_up, .down = on_down, .event = on_event};
