/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is on which port: the table, and the one way out of it. Strangers fill it at most to its end;
 * then those who are not in make room.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "nac/nacd/parts.h"

struct key {
	char port[NAC_NAME_MAX];
	struct nac_mac mac;
};

static struct key key_of(const char *port, const struct nac_mac *mac)
{
	struct key k = {.mac = *mac};

	memcpy(k.port, port, strnlen(port, sizeof(k.port) - 1));
	return k;
}

struct nacd_session *nacd_session_get(struct nacd *d, const char *port, const struct nac_mac *mac)
{
	struct key k = key_of(port, mac);

	return sk_table_get(d->sessions, &k);
}

struct room {
	int64_t before;
	size_t freed;
};

static bool make_room(const void *key, void *val, void *arg)
{
	const struct nacd_session *s = val;
	struct room *r = arg;

	if (nac_session_open(s->state) || s->last > r->before)
		return false;
	r->freed++;
	return true;
}

struct nacd_session *nacd_session_make(
	struct nacd *d, const char *port, const struct nac_mac *mac, int64_t now)
{
	struct key k = key_of(port, mac);
	struct nacd_session *s = sk_table_get(d->sessions, &k);

	if (s)
		return s;
	s = sk_table_put(d->sessions, &k);
	for (int64_t age = 3600; !s; age /= 8) {
		struct room r = {.before = now - age};

		sk_table_walk(d->sessions, make_room, &r);
		s = sk_table_put(d->sessions, &k);
		if (!s && age == 0)
			return NULL;
	}
	memcpy(s->port, k.port, sizeof(s->port));
	s->mac = *mac;
	s->state = NAC_S_SEEN;
	s->first = s->last = now;
	return s;
}

void nacd_session_count(struct nacd *d, const struct nacd_session *s, int by)
{
	struct nacd_port *p = nacd_port_find(d, s->port);
	size_t *n;

	if (!p || !nac_session_open(s->state))
		return;
	n = s->state == NAC_S_QUARANTINED ? &p->confined : &p->open;
	*n = by > 0 ? *n + 1 : *n - (*n > 0);
}

void nacd_session_close(struct nacd *d, struct nacd_session *s, enum nac_why why)
{
	enum nac_session_state was = s->state, next;
	json_t *e;

	if (!nac_session_open(was) || nac_session_next(was, NAC_SE_CLOSE, &next, NULL) < 0)
		return;
	nacd_session_count(d, s, -1);
	s->state = next;
	nacd_gate_set(d, s, NAC_GATE_CLOSED);
	/* Where it left by itself hostapd's view does not matter: only its next proof does. */
	if (s->method == NAC_BY_DOT1X && why != NAC_WHY_LOGOFF && why != NAC_WHY_LINK_DOWN &&
		why != NAC_WHY_MOVED)
		nacd_deny(d, s);
	e = nacd_describe(d, s->port, &s->mac);
	json_object_set_new(e, "why", json_string(nac_why_name(why)));
	json_object_set_new(e, "was", json_string(nac_session_name(was)));
	json_object_set_new(e, "seconds", json_integer(sk_now() - s->since));
	nacd_report(d, "closed", e);
	s->told = 0;
	d->dirty = true;
}

struct each {
	struct nacd *d;
	void (*fn)(struct nacd *d, struct nacd_session *s, void *arg);
	void *arg;
};

static bool one(const void *key, void *val, void *arg)
{
	const struct each *e = arg;

	e->fn(e->d, val, e->arg);
	return false;
}

void nacd_sessions_each(
	struct nacd *d, void (*fn)(struct nacd *d, struct nacd_session *s, void *arg), void *arg)
{
	struct each e = {.d = d, .fn = fn, .arg = arg};

	sk_table_walk(d->sessions, one, &e);
}

struct of {
	const struct nac_mac *mac;
	struct nacd_session **ret;
	size_t n, max;
};

static void collect(struct nacd *d, struct nacd_session *s, void *arg)
{
	struct of *o = arg;

	if (nac_mac_equal(&s->mac, o->mac) && o->n < o->max)
		o->ret[o->n++] = s;
}

size_t nacd_sessions_of(
	struct nacd *d, const struct nac_mac *mac, struct nacd_session **ret, size_t max)
{
	struct of o = {.mac = mac, .ret = ret, .max = max};

	nacd_sessions_each(d, collect, &o);
	return o.n;
}
