/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows, explanations and the status, put together from sessions, sightings, sensor and document. */
#include "nac/nacd/rows.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "nac/nacd/sensor.h"

#define ROWS_PER_MSG 100
#define SESSIONS_MAX 8

/* ---- devices seen -----------------------------------------------------------------------------
 */

struct listing {
	struct nacd *d;
	struct sk_ipc_client *c;
	uint32_t id;
	json_t *rows;
	int err;
};

static void flush(struct listing *l)
{
	json_t *body;

	if (json_array_size(l->rows) == 0)
		return;
	body = json_pack("{s:o}", "rows", l->rows);
	l->rows = json_array();
	if (!body || !l->rows || sk_ipc_reply(l->c, SK_IPC_DATA, l->id, body) < 0)
		l->err = -EPIPE;
	json_decref(body);
}

static const char *would(struct nacd *d, const char *port, const struct nac_mac *mac)
{
	struct nacd_session *s = nacd_session_get(d, port, mac);
	struct nac_decision a;

	if (!d->doc || !nacd_port_find(d, port))
		return NULL;
	if (s && nac_session_open(s->state) && s->state != NAC_S_QUARANTINED)
		return "admitted";
	nacd_ask(d, port, mac, NAC_BY_MAC, NULL, &a, NULL);
	return a.verdict == NAC_ADMIT ? "admitted" : "cut off";
}

static void add_row(struct listing *l, const char *where, const struct nac_mac *mac, int64_t first,
	int64_t last)
{
	struct nacd *d = l->d;
	const struct nacd_sight *v = nacd_seen_get(d->seen, mac);
	json_t *row;

	if (l->err)
		return;
	row = nacd_describe(d, where, mac);
	if (!nacd_port_find(d, where)) {
		json_object_del(row, "port");
		json_object_set_new(row, "interface", json_string(where));
	} else {
		json_object_set_new(row, "would", json_string(would(d, where, mac)));
	}
	json_object_set_new(row, "first", json_integer(first));
	json_object_set_new(row, "last", json_integer(last));
	if (v && v->would_cut) {
		json_object_set_new(row, "would_cut", json_integer(v->would_cut));
		json_object_set_new(row, "would_cut_day", json_integer(v->day));
	}
	json_array_append_new(l->rows, row);
	if (json_array_size(l->rows) >= ROWS_PER_MSG)
		flush(l);
}

static void port_row(const struct nac_mac *mac, struct nacd_sight *v, void *arg)
{
	struct listing *l = arg;

	if (nacd_port_find(l->d, v->where))
		add_row(l, v->where, mac, v->first, v->last);
}

/* A device at a watched port stands there already, with more. */
static void sensor_row(
	const char *ifname, const struct nac_mac *mac, int64_t first, int64_t last, void *arg)
{
	struct listing *l = arg;
	const struct nacd_sight *v = nacd_seen_get(l->d->seen, mac);

	if (!v || !nacd_port_find(l->d, v->where))
		add_row(l, ifname, mac, first, last);
}

/* Devices that were admitted before any of their frames was reported (802.1X). */
static void session_row(struct nacd *d, struct nacd_session *s, void *arg)
{
	const struct nacd_sight *v = nacd_seen_get(d->seen, &s->mac);

	if (!v || strcmp(v->where, s->port) != 0)
		add_row(arg, s->port, &s->mac, s->first, s->last);
}

int nacd_rows_seen(struct nacd *d, struct sk_ipc_client *c, uint32_t id, struct sk_err *err)
{
	struct listing l = {.d = d, .c = c, .id = id, .rows = json_array()};

	if (!l.rows)
		return sk_err_nomem(err);
	nacd_sessions_each(d, session_row, &l);
	nacd_seen_each(d->seen, port_row, &l);
	nacd_sensor_each(d->sensor, sensor_row, &l);
	flush(&l);
	json_decref(l.rows);
	return l.err;
}

/* ---- explain ----------------------------------------------------------------------------------
 */

static json_t *check_row(const struct nac_checks *c, unsigned i)
{
	const struct sk_text *what = nac_check_text(i), *why = nac_reason_text(c->reason[i]);
	bool bad = c->result[i] == NAC_FAILED || c->result[i] == NAC_WARNED;

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "check", nac_check_name(i), "result",
		nac_result_name(c->result[i]), "reason", nac_reason_name(c->reason[i]), "en",
		what->en, "ja", what->ja, "why_en", bad ? why->en : "", "why_ja",
		bad ? why->ja : "");
}

static json_t *explain_port(struct nacd *d, const char *port, const struct nac_mac *mac)
{
	const struct nacd_session *s = nacd_session_get(d, port, mac);
	bool proven = s && nac_session_open(s->state) && s->method == NAC_BY_DOT1X;
	json_t *o = nacd_describe(d, port, mac), *list = json_array();
	const struct sk_text *why;
	struct nac_decision a;
	struct nac_checks c;

	nacd_ask(d, port, mac, proven ? NAC_BY_DOT1X : NAC_BY_MAC, proven ? s->identity : NULL, &a,
		&c);
	for (unsigned i = 0; i < NAC_CHECKS; i++)
		json_array_append_new(list, check_row(&c, i));
	why = nac_reason_text(a.reason);
	json_object_set_new(o, "asked_as", json_string(proven ? "dot1x" : "mac"));
	json_object_set_new(o, "checks", list);
	json_object_set_new(o, "verdict", json_string(nac_verdict_name(a.verdict)));
	json_object_set_new(o, "reason", json_string(nac_reason_name(a.reason)));
	json_object_set_new(o, "en", json_string(why->en));
	json_object_set_new(o, "ja", json_string(why->ja));
	if (s) {
		json_object_set_new(o, "first", json_integer(s->first));
		json_object_set_new(o, "last", json_integer(s->last));
	}
	if (s && nac_session_open(s->state)) {
		json_object_set_new(o, "since", json_integer(s->since));
		json_object_set_new(o, "until", json_integer(s->until));
	}
	return o;
}

json_t *nacd_explain(struct nacd *d, const struct nac_mac *mac)
{
	struct nacd_session *all[SESSIONS_MAX];
	const struct nacd_sight *v = nacd_seen_get(d->seen, mac);
	json_t *ports = json_array(), *o = nacd_describe(d, "", mac);
	size_t n = nacd_sessions_of(d, mac, all, SESSIONS_MAX);

	json_object_del(o, "port");
	for (size_t i = 0; d->doc && i < n; i++)
		json_array_append_new(ports, explain_port(d, all[i]->port, mac));
	/* Not there now: what each port would say. */
	for (size_t i = 0; d->doc && n == 0 && i < d->n_ports; i++)
		json_array_append_new(ports, explain_port(d, d->ports[i].name, mac));
	if (v) {
		json_object_set_new(o, "first", json_integer(v->first));
		json_object_set_new(o, "last", json_integer(v->last));
		json_object_set_new(o, "where", json_string(v->where));
	}
	json_object_set_new(o, "connected", json_boolean(n > 0));
	json_object_set_new(o, "ports", ports);
	return o;
}

/* ---- status -----------------------------------------------------------------------------------
 */

static const char *hostapd_word(const struct nacd_port *p)
{
	if (!p->hostapd)
		return "off";
	return nac_hostapd_state(p->hostapd) == NAC_HOSTAPD_RUNNING ? "running" : "restarting";
}

struct count {
	const struct nacd_port *p;
	size_t sessions, admitted, quarantined, refused;
};

static void count_one(struct nacd *d, struct nacd_session *s, void *arg)
{
	struct count *c = arg;

	if (strcmp(s->port, c->p->name) != 0)
		return;
	c->sessions++;
	if (s->state == NAC_S_QUARANTINED)
		c->quarantined++;
	else if (nac_session_open(s->state))
		c->admitted++;
	else if (s->state == NAC_S_REFUSED)
		c->refused++;
}

static json_t *port_status(struct nacd *d, const struct nacd_port *p)
{
	struct count c = {.p = p};
	size_t pending = 0;

	nacd_sessions_each(d, count_one, &c);
	for (size_t i = 0; i < NACD_PENDING; i++)
		pending += p->pending[i].at != 0;
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:i}", "name",
		p->name, "mode", nac_mode_name(p->conf.mode), "zone", p->conf.zone, "present",
		p->present, "link", p->link, "hostapd", hostapd_word(p), "pid",
		p->hostapd ? (int)nac_hostapd_pid(p->hostapd) : 0, "restarts",
		p->hostapd ? (int)nac_hostapd_restarts(p->hostapd) : 0, "sessions", (int)c.sessions,
		"admitted", (int)c.admitted, "quarantined", (int)c.quarantined, "refused",
		(int)c.refused, "authenticating", (int)pending, "max_devices",
		(int)p->conf.max_devices);
}

static int64_t resident(void)
{
	unsigned long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");
	int n = f ? fscanf(f, "%lu %lu", &size, &pages) : 0;

	if (f)
		fclose(f);
	return n == 2 ? (int64_t)pages * sysconf(_SC_PAGESIZE) : 0;
}

static json_t *radius_status(const struct nacd *d)
{
	if (!d->doc || !d->doc->eap.radius_address[0])
		return json_pack("{s:s}", "state", "off");
	return json_pack("{s:s,s:s,s:I}", "state", d->radius_down ? "down" : "up", "server",
		d->doc->eap.radius_address, "since", (json_int_t)d->radius_down_at);
}

json_t *nacd_status(struct nacd *d)
{
	json_t *ports = json_array();

	for (size_t i = 0; ports && i < d->n_ports; i++)
		json_array_append_new(ports, port_status(d, &d->ports[i]));
	return json_pack("{s:s,s:i,s:I,s:s,s:I,s:s,s:b,s:o,s:o,s:I,s:I,s:o,s:I,s:o}", "version",
		SK_VERSION, "pid", (int)getpid(), "started", (json_int_t)d->started, "state",
		d->doc ? "running" : "no_document", "generation",
		(json_int_t)(d->doc ? d->doc->generation : 0), "sha256", d->sha256, "gate",
		d->synced && nac_fwd_connected(d->fwd), "ports", ports, "radius", radius_status(d),
		"devices", (json_int_t)(d->doc ? d->doc->n_devices : 0), "rows",
		(json_int_t)nac_gate_count(d->gate), "sensor", nacd_sensor_status(d->sensor),
		"memory", (json_int_t)resident(), "events",
		json_pack("{s:s,s:I,s:I,s:I,s:b}", "instance", d->instance, "seq",
			(json_int_t)sk_spool_seq(d->spool), "spooled",
			(json_int_t)sk_spool_events(d->spool), "lost_spool",
			(json_int_t)sk_spool_lost(d->spool), "subscriber", d->subscriber != NULL));
}
