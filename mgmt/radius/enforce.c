// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What sessions on switches should be, against what they are: a device that may not be in any more
 * is disconnected, one that belongs into another VLAN is told to change. Each outcome is an event.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/clock.h"
#include "lib/ipc.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/radius/manager.h"

#define AGAIN_S 60 /* after a request that was given up */

static int hand_over(struct mg_radius *m, json_t *body /* stolen */)
{
	struct sk_buf b;
	int r = body ? 0 : -ENOMEM;

	sk_buf_init(&b, SK_IPC_MAX);
	if (r == 0 && m->agent_fd < 0)
		r = -EPIPE;
	if (r == 0)
		r = sk_ipc_encode(&b, SK_IPC_REQUEST, 0, body);
	if (r == 0 && send(m->agent_fd, b.data, b.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		r = -errno;
	sk_buf_done(&b);
	json_decref(body);
	return r;
}

void mg_radius_agent_config(struct mg_radius *m)
{
	bool wanted = mg_radius_export_switches(m->x) > 0;

	if (!wanted)
		m->server = MG_SERVER_UNKNOWN;
	hand_over(m,
		json_pack(
			"{s:s, s:i}", "op", "config", "status", wanted ? (int)m->status_port : 0));
}

static void event(struct mg_radius *m, json_t *s /* stolen */)
{
	int64_t now = sk_now_us();
	char stamp[40];
	json_t *list = !s ? NULL
			  : json_pack("[{s:I, s:s, s:s, s:o}]", "ts", (json_int_t)now, "timestamp",
				    sk_time_format_us(now, stamp, sizeof(stamp)), "event_type",
				    "admission", "sekisho", s);

	if (!list || m->ops.store(NULL, 0, list, m->arg) < 0)
		sk_log(LOG_ERR, "an event of managed switches is lost");
	json_decref(list);
}

/* cause and result as docs/ipc.md has them. */
static void tell(struct mg_radius *m, const char *mac, const struct mg_radius_pending *p,
	const char *result, const json_t *details)
{
	uint32_t cause = (uint32_t)json_integer_value(json_object_get(details, "cause"));
	struct mg_radius_nas nas = {0};
	char name[256], colons[18];
	json_t *s;

	mg_radius_export_switch(m->x, p->source, &nas);
	mg_radius_export_name(m->x, p->number, name, sizeof(name));
	s = json_pack("{s:s, s:s, s:s, s:s, s:I}", "action",
		p->change ? "radius_change" : "radius_cut", "result", result, "mac",
		mg_radius_mac_colons(mac, colons), "switch_ip", p->source, "device",
		(json_int_t)p->number);
	if (s && nas.name[0])
		json_object_set_new(s, "switch", json_string(nas.name));
	if (s && name[0])
		json_object_set_new(s, "name", json_string(name));
	if (s && p->change)
		json_object_set_new(s, "vlan", json_string(p->vlan));
	if (s && cause)
		json_object_set_new(s, "why",
			mg_coa_error_name(cause)[0] ? json_string(mg_coa_error_name(cause))
						    : json_sprintf("%u", cause));
	if (s && details) {
		json_object_set(s, "tries", json_object_get(details, "tries"));
		json_object_set(s, "ms", json_object_get(details, "ms"));
	}
	event(m, s);
}

/* ---- requests ---------------------------------------------------------------------------------
 */
static int request(struct mg_radius *m, const struct mg_radius_session *s, bool change,
	const char *vlan, int64_t seconds)
{
	struct mg_radius_pending *p = sk_table_put(m->pending, s->at.mac);
	struct mg_radius_nas nas = {0};
	struct mg_coa_session at = s->at;
	int r;

	if (!p)
		return -ENOSPC; /* the next minute */
	if (p->id || p->cannot)
		return 0;
	*p = (struct mg_radius_pending){.id = ++m->next_id, .number = s->number, .change = change};
	snprintf(p->vlan, sizeof(p->vlan), "%s", vlan);
	snprintf(p->source, sizeof(p->source), "%s", s->source);
	if (mg_radius_export_switch(m->x, s->source, &nas) < 0 || !nas.coa_port) {
		p->cannot = true;
		tell(m, s->at.mac, p, "no_coa", NULL);
		return -EOPNOTSUPP;
	}
	/* RFC 5176, 3: a request names its switch. */
	if (!at.nas_ip[0] && !at.nas_id.n)
		snprintf(at.nas_ip, sizeof(at.nas_ip), "%s", s->source);
	r = hand_over(m,
		json_pack("{s:s, s:I, s:s, s:s, s:i, s:s, s:o, s:s, s:I}", "op", "send", "id",
			(json_int_t)p->id, "what", change ? "change" : "disconnect", "address",
			s->source, "port", (int)nas.coa_port, "secret", nas.secret, "session",
			mg_radius_agent_session(&at), "vlan", vlan, "seconds",
			(json_int_t)seconds));
	if (r < 0)
		sk_table_del(m->pending, s->at.mac);
	return r;
}

int mg_radius_request_cut(
	struct mg_radius *m, const struct mg_radius_session *s, struct sk_err *err)
{
	int r = request(m, s, false, "", 0);

	if (r == -EOPNOTSUPP)
		return sk_err_set(err, r, "mac", "is on a switch that takes no requests (CoA)",
			"接続先のスイッチは切断要求 (CoA) に対応していません");
	return r < 0 ? sk_err_en(err, r, "mac", "the request cannot be sent: %s", strerror(-r)) : 0;
}

struct answer {
	char verdict[32];
	long long number, seconds;
	char vlan[33];
};

static int verdict(struct mg_radius *m, const struct mg_radius_session *s, struct answer *ret)
{
	char text[128];
	struct sk_err err = {0};
	int r = mg_radius_export_verdict(
		m->x, s->at.mac, s->dot1x ? s->number : 0, text, sizeof(text), &err);

	*ret = (struct answer){0};
	if (r < 0)
		return r;
	sscanf(text, "%31[^;];%lld;%lld;%32[^;]", ret->verdict, &ret->number, &ret->seconds,
		ret->vlan);
	return 0;
}

struct enforcing {
	struct mg_radius *m;
	int64_t now;
};

static int one(const struct mg_radius_session *s, void *arg)
{
	struct enforcing *e = arg;
	struct answer a;

	if (s->tried && e->now < s->tried + AGAIN_S)
		return 0;
	/* What cannot be judged stays as it is: the switch asks again in time. */
	if (verdict(e->m, s, &a) < 0)
		return 0;
	if (strcmp(a.verdict, "ok") != 0 || a.number != s->number)
		request(e->m, s, false, "", 0);
	else if (strcmp(a.vlan, s->vlan) != 0)
		request(e->m, s, a.vlan[0] != '\0', a.vlan, a.seconds);
	return 0;
}

void mg_radius_enforce(struct mg_radius *m, int64_t number)
{
	struct enforcing e = {m, sk_now()};
	struct sk_err err = {0};

	if (mg_radius_sessions_each(m->sessions, number, one, &e, &err) < 0)
		sk_log_err(LOG_ERR, "sessions on switches", &err);
}

static bool is_over(const void *key, void *val, void *arg)
{
	const struct mg_radius_pending *p = val;
	struct mg_radius *m = arg;
	char mac[MG_RADIUS_MAC] = "";
	struct mg_radius_session s;

	memcpy(mac, key, sizeof(mac) - 1);
	return m->agent_fd < 0 ||
		(p->cannot && mg_radius_sessions_get(m->sessions, mac, &s) == -ENOENT);
}

void mg_radius_enforce_tidy(struct mg_radius *m)
{
	sk_table_walk(m->pending, is_over, m);
}

void mg_radius_enforce_again(struct mg_radius *m, const char *mac)
{
	const struct mg_radius_pending *p = sk_table_get(m->pending, mac);

	if (p && p->cannot)
		sk_table_del(m->pending, mac);
}

/* ---- what the agent says ----------------------------------------------------------------------
 */
static void settle(struct mg_radius *m, const char *mac, const struct mg_radius_pending *p,
	const char *result, uint32_t cause)
{
	struct mg_radius_session s;
	struct sk_err err = {0};
	int r;

	if (sk_streq(result, "ack") && p->change)
		r = mg_radius_sessions_moved(m->sessions, mac, p->vlan, &err);
	else if (sk_streq(result, "ack") || (sk_streq(result, "nak") && cause == MG_COA_NO_SESSION))
		r = mg_radius_sessions_drop(m->sessions, mac, &err);
	/* It cannot change: then the device comes again, into the right VLAN. */
	else if (sk_streq(result, "nak") && p->change &&
		mg_radius_sessions_get(m->sessions, mac, &s) == 0)
		r = mg_radius_request_cut(m, &s, &err);
	else
		r = mg_radius_sessions_tried(m->sessions, mac, sk_now(), &err);
	if (r < 0)
		sk_log_err(LOG_ERR, "sessions on switches", &err);
}

static void on_result(struct mg_radius *m, const json_t *body)
{
	const char *mac = json_string_value(json_object_get(body, "mac"));
	const char *result = json_string_value(json_object_get(body, "result"));
	int64_t id = json_integer_value(json_object_get(body, "id"));
	struct mg_radius_pending *found, p;
	char key[MG_RADIUS_MAC];

	if (!mac || !result || mg_radius_mac_parse(mac, strlen(mac), key) < 0)
		return;
	found = sk_table_get(m->pending, key);
	if (!found || found->id != id || found->cannot)
		return;
	p = *found;
	sk_table_del(m->pending, key);
	tell(m, key, &p, result, body);
	settle(m, key, &p, result, (uint32_t)json_integer_value(json_object_get(body, "cause")));
}

static void on_server(struct mg_radius *m, const json_t *body)
{
	bool up = json_is_true(json_object_get(body, "up"));
	const char *why = json_string_value(json_object_get(body, "why"));
	int was = m->server;

	m->server = up ? MG_SERVER_UP : MG_SERVER_DOWN;
	m->server_since = sk_now();
	/* That it came up at the start is no news. */
	if (up && was == MG_SERVER_UNKNOWN)
		return;
	event(m,
		json_pack("{s:s, s:s}", "action", up ? "radius_up" : "radius_down", "why",
			why ? why : ""));
}

void mg_radius_agent_event(struct mg_radius *m, const json_t *body)
{
	const char *what = json_string_value(json_object_get(body, "what"));

	if (sk_streq(what, "result"))
		on_result(m, body);
	else if (sk_streq(what, "server"))
		on_server(m, body);
}
