// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cards that are not there, or not what they were at the set-up: status and the console show that
 * they are; here each change goes into the audit log and the events, once, also across restarts.
 */
#include "mgmt/mgmtd/portwatch.h"

#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/gateway/box/box.h"
#include "mgmt/gateway/generate.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/mgmtd/services.h"
#include "mgmt/store/audit.h"

#define FIRST_S 5 /* cards appear while the machine starts */
#define AGAIN_S 30
#define FAILED_S 600 /* what cannot be noted is told again each time */
#define TOLD_MAX 65536

static const char *told_path(const struct mg_daemon *d, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/ports.json", d->o.state_dir);
	return dst;
}

/* {name of a port: what was wrong with it}, owned; NULL without memory. */
static json_t *told_load(const struct mg_daemon *d)
{
	char path[512];
	struct sk_buf b;
	json_t *v = NULL;

	sk_buf_init(&b, TOLD_MAX);
	if (sk_file_read(told_path(d, path, sizeof(path)), &b, NULL) == 0)
		v = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	if (json_is_object(v))
		return v;
	json_decref(v);
	return json_object();
}

static int told_save(const struct mg_daemon *d, const json_t *v, struct sk_err *err)
{
	char path[512];
	struct sk_buf b;
	int r;

	sk_buf_init(&b, TOLD_MAX);
	sk_json_put(&b, v);
	r = sk_buf_error(&b);
	if (r == 0)
		r = sk_file_replace(
			told_path(d, path, sizeof(path)), sk_buf_str(&b), b.len, 0600, err);
	sk_buf_done(&b);
	return r;
}

/* text: what is wrong now; NULL: nothing any more. */
static int tell(struct mg_daemon *d, const struct mg_gw_port *p, const struct sk_text *text,
	struct sk_err *err)
{
	const char *op = text ? "port.missing" : "port.found", *result = text ? text->en : "ok";
	struct mg_audit_entry a;
	struct mg_txn t = {0};
	char target[96];
	int r;

	snprintf(target, sizeof(target), "port %s (%s, %s)", mg_gw_role_name(p->role), p->name,
		p->mac);
	mg_daemon_audit_system(d, op, &a);
	a.target = target;
	a.result = result;
	r = mg_txn_begin(&t, d->store, err);
	if (r == 0)
		r = mg_txn_commit(&t, &a, err);
	mg_txn_abort(&t);
	if (r < 0)
		return r;
	sk_log(text ? LOG_ERR : LOG_NOTICE, "%s: %s", target, text ? text->en : "is there");
	return mg_daemon_event(d,
		json_pack("{s:s, s:{s:s, s:I, s:s, s:s, s:s, s:s}}", "event_type", "audit",
			"sekisho", "account", a.account, "uid", (json_int_t)a.uid, "op", op,
			"target", target, "result", text ? "failed" : "ok", "message",
			text ? text->en : "the port is there"),
		err);
}

/* The new state, owned; what differs from old was told. */
static json_t *compare(
	struct mg_daemon *d, struct mg_gateway *g, const json_t *old, struct sk_err *err)
{
	struct mg_gw_iface ifaces[MG_BOX_IFACES_MAX];
	json_t *now = json_object();
	size_t n = 0;
	int r = mg_box_ifaces(ifaces, MG_BOX_IFACES_MAX, &n, err);

	for (size_t i = 0; r == 0 && i < g->n_ports; i++) {
		const struct mg_gw_port *p = &g->ports[i];
		const struct sk_text *text = mg_gateway_fit_text(mg_gateway_fit(g, i, ifaces, n));
		const char *was = json_string_value(json_object_get(old, p->name));

		if (text)
			json_object_set_new(now, p->name, json_string(text->en));
		if (!sk_streq(was ? was : "", text ? text->en : ""))
			r = tell(d, p, text, err);
	}
	if (r == 0)
		return now;
	json_decref(now);
	return NULL;
}

void mg_portwatch_tick(struct mg_daemon *d, int64_t now)
{
	_cleanup_(mg_gateway_freep) struct mg_gateway *g = NULL;
	_cleanup_(sk_json_decrefp) json_t *old = NULL, *new = NULL;
	struct sk_err err = {0};

	if (now < d->ports_next || now - d->started < FIRST_S)
		return;
	d->ports_next = now + AGAIN_S;
	g = mg_services_gateway();
	if (!g || !(old = told_load(d)))
		return;
	new = compare(d, g, old, &err);
	if (!new || (!json_equal(old, new) && told_save(d, new, &err) < 0)) {
		sk_log_err(LOG_ERR, "ports", &err);
		d->ports_next = now + FAILED_S;
	}
}
