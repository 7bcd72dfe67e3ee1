// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What mgmtd adds to fwd's events before they are stored: a connection that no rule allows, but
 * that a rule allowed until it expired, was suspended or removed, says so. The kernel cannot know.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/changes.h"
#include "mgmt/store/rules.h"

#define RETIRED_MAX 2000

struct retired {
	uint32_t number, revision;
	char from[FW_ZONE_NAME_MAX + 1], to[FW_ZONE_NAME_MAX + 1];
	bool any_to; /* a translated destination: which zone it led to is not in the event */
	enum fw_state state;
	struct fw_match match;
};

/* Which zone an interface belongs to: the inspection knows interfaces alone. */
#define IFACES_MAX 256
struct iface {
	char name[32], zone[FW_ZONE_NAME_MAX + 1];
	bool outside;
};
static const struct iface self = {.zone = FW_ZONE_SELF};

struct mg_ingest {
	bool dirty, zones_dirty;
	struct iface ifaces[IFACES_MAX];
	size_t n_ifaces;
	struct retired *v; /* best explanation first: nearest_first() */
	size_t n;
};

int mg_ingest_new(struct mg_daemon *d, struct sk_err *err)
{
	d->ingest = calloc(1, sizeof(*d->ingest));
	if (!d->ingest)
		return sk_err_nomem(err);
	d->ingest->dirty = d->ingest->zones_dirty = true;
	return 0;
}

static void clear(struct mg_ingest *i)
{
	for (size_t k = 0; k < i->n; k++)
		fw_match_done(&i->v[k].match);
	free(i->v);
	i->v = NULL;
	i->n = 0;
}

void mg_ingest_free(struct mg_ingest *i)
{
	if (!i)
		return;
	clear(i);
	free(i);
}

void mg_ingest_dirty(struct mg_ingest *i)
{
	if (i)
		i->dirty = i->zones_dirty = true;
}

/* ---- the retired records ----------------------------------------------------------------------
 */
/* Copies of the newest ones, as a ring: they come by number, oldest first. */
struct loading {
	struct fw_rule *ring;
	size_t total;
};

static int keep(const struct mg_rule_row *row, void *arg)
{
	const struct fw_rule *r = &row->rev->rule;
	struct loading *l = arg;
	struct fw_rule *slot = &l->ring[l->total % RETIRED_MAX];

	/* Never approved: it never allowed anything. A block that ended does not explain one. */
	if (!r->approved_at || r->kind == FW_DENY || r->kind == FW_SNAT || row->rev->superseded)
		return 0;
	if (l->total >= RETIRED_MAX)
		fw_rule_done(slot);
	if (fw_rule_copy(slot, r) < 0)
		return -ENOMEM;
	l->total++;
	return 0;
}

static const char *reason_of(enum fw_state s)
{
	switch (s) {
	case FW_EXPIRED: return "rule_expired";
	case FW_SUSPENDED: return "rule_suspended";
	default: return "rule_removed";
	}
}

static void add(struct mg_ingest *i, const struct fw_rule *r, const struct fw_objects *objects)
{
	struct retired *e = &i->v[i->n];

	/* One that names an object which is gone explains nothing any more. */
	if (!r->from || !r->to || fw_match_compile(r, objects, &e->match, NULL) < 0)
		return;
	e->number = r->number;
	e->revision = r->revision;
	e->any_to = r->kind == FW_DNAT;
	e->state = r->state;
	snprintf(e->from, sizeof(e->from), "%s", r->from);
	snprintf(e->to, sizeof(e->to), "%s", r->to);
	i->n++;
}

/* Suspended comes back soonest and is asked about most, removed never does. */
static int rank(enum fw_state s)
{
	return s == FW_SUSPENDED ? 0 : s == FW_EXPIRED ? 1 : 2;
}

/* Of several records that once allowed a connection the first explains its block. */
static int nearest_first(const void *a, const void *b)
{
	const struct retired *x = a, *y = b;

	if (x->state != y->state)
		return rank(x->state) - rank(y->state);
	return (x->number < y->number) - (x->number > y->number);
}

static int load(struct mg_daemon *d, struct loading *l, struct sk_err *err)
{
	static const char *const states[] = {"expired", "suspended", "removed"};
	_cleanup_(fw_policy_freep) struct fw_policy *base = NULL;
	struct mg_ingest *i = d->ingest;
	size_t n;
	int r = 0;

	for (size_t s = 0; !r && s < SK_ARRAY_SIZE(states); s++) {
		struct mg_rule_filter f = {.state = states[s], .all = true};

		r = mg_rule_each(d->store, &f, keep, l, err);
	}
	n = SK_MIN(l->total, (size_t)RETIRED_MAX);
	if (r < 0 || !n)
		return r;
	r = mg_store_build_base(d->store, MG_VIEW_ACTIVE, &base, err);
	if (r < 0)
		return r;
	i->v = calloc(n, sizeof(*i->v));
	if (!i->v)
		return sk_err_nomem(err);
	for (size_t k = 0; k < n; k++)
		add(i, &l->ring[k], base->objects);
	qsort(i->v, i->n, sizeof(i->v[0]), nearest_first);
	return 0;
}

static void reload(struct mg_daemon *d)
{
	struct loading l = {.ring = calloc(RETIRED_MAX, sizeof(*l.ring))};
	struct sk_err err = {0};
	int r = -ENOMEM;

	clear(d->ingest);
	d->ingest->dirty = false;
	if (l.ring)
		r = load(d, &l, &err);
	if (r < 0)
		sk_log_err(LOG_WARNING, "retired rules", &err);
	for (size_t k = 0; l.ring && k < SK_MIN(l.total, (size_t)RETIRED_MAX); k++)
		fw_rule_done(&l.ring[k]);
	free(l.ring);
}

/* ---- events -----------------------------------------------------------------------------------
 */
struct tuple {
	struct fw_ip src, dst;
	uint8_t proto;
	uint16_t port;
	const char *from, *to;
};

static int read_tuple(const json_t *e, const json_t *s, struct tuple *t)
{
	const char *src = json_string_value(json_object_get(e, "src_ip"));
	const char *dst = json_string_value(json_object_get(e, "dest_ip"));
	const char *proto = json_string_value(json_object_get(e, "proto"));
	const json_t *port = json_object_get(e, "dest_port");

	t->from = json_string_value(json_object_get(s, "zone_in"));
	t->to = json_string_value(json_object_get(s, "zone_out"));
	if (!src || !dst || !proto || !t->from || fw_ip_parse(src, &t->src, NULL) < 0 ||
		fw_ip_parse(dst, &t->dst, NULL) < 0)
		return -EINVAL;
	/* EVE writes ICMPv6 in its own way. */
	if (!strcmp(proto, "IPv6-ICMP"))
		proto = "icmpv6";
	if (fw_proto_parse(proto, &t->proto) < 0)
		return -EINVAL;
	if (!port)
		port = json_object_get(e, "icmp_type");
	t->port = (uint16_t)json_integer_value(port);
	return 0;
}

static const struct retired *find(const struct mg_ingest *i, const struct tuple *t)
{
	for (size_t k = 0; k < i->n; k++) {
		const struct retired *e = &i->v[k];

		if (!strcmp(e->from, t->from) && (e->any_to || (t->to && !strcmp(e->to, t->to))) &&
			fw_svcs_has(&e->match.svc, t->proto, t->port) &&
			fw_match_hit(&e->match, &t->src, &t->dst, t->proto, t->port))
			return e;
	}
	return NULL;
}

/* In a report the guard's kinds are reasons of their own. */
static void name_guard(json_t *s)
{
	const char *kind = json_string_value(json_object_get(s, "guard"));

	if (kind && sk_streq(json_string_value(json_object_get(s, "reason")), "guard"))
		json_object_set_new(s, "reason", json_sprintf("guard_%s", kind));
}

static void explain_drop(struct mg_daemon *d, json_t *e, json_t *s)
{
	const struct retired *found;
	struct tuple t;

	const char *reason = json_string_value(json_object_get(s, "reason"));

	/* "stray": what still comes of a connection that was cut when its rule ended. */
	if (!sk_streq(reason, "no_rule") && !sk_streq(reason, "stray"))
		return;
	if (d->ingest->dirty)
		reload(d);
	if (!d->ingest->n || read_tuple(e, s, &t) < 0)
		return;
	found = find(d->ingest, &t);
	if (!found)
		return;
	json_object_set_new(s, "reason", json_string(reason_of(found->state)));
	json_object_set_new(s, "rule", json_integer(found->number));
	json_object_set_new(s, "revision", json_integer(found->revision));
}

/* ---- zones ------------------------------------------------------------------------------------
 */
static int add_zone(const char *name, const json_t *value, uint32_t change, void *arg)
{
	struct mg_ingest *i = arg;
	struct fw_zone z = {0};

	if (fw_zone_from_json(value, &z, NULL) < 0)
		return 0;
	for (size_t k = 0; k < z.n_ifaces && i->n_ifaces < IFACES_MAX; k++) {
		struct iface *f = &i->ifaces[i->n_ifaces++];

		snprintf(f->name, sizeof(f->name), "%s", z.ifaces[k]);
		snprintf(f->zone, sizeof(f->zone), "%s", z.name);
		f->outside = z.kind == FW_ZONE_OUTSIDE;
	}
	return 0;
}

static const struct iface *zone_of(struct mg_daemon *d, const json_t *e, const char *key)
{
	const char *name = json_string_value(json_object_get(e, key));
	struct mg_ingest *i = d->ingest;
	struct sk_err err = {0};

	if (i->zones_dirty) {
		i->zones_dirty = false;
		i->n_ifaces = 0;
		if (mg_target_each(d->store, MG_VIEW_ACTIVE, MG_CH_ZONE, add_zone, i, &err) < 0)
			sk_log_err(LOG_WARNING, "zones", &err);
	}
	for (size_t k = 0; name && k < i->n_ifaces; k++)
		if (!strcmp(i->ifaces[k].name, name))
			return &i->ifaces[k];
	return NULL;
}

/* What has one interface alone came from the gateway itself, or went to it. */
static void name_zones(struct mg_daemon *d, json_t *e, json_t *s)
{
	const bool from = json_object_get(e, "in_iface"), to = json_object_get(e, "out_iface");
	const struct iface *in, *out;
	const char *direction;

	if (!s || json_object_get(s, "zone_in") || (!from && !to))
		return;
	in = from ? zone_of(d, e, "in_iface") : &self;
	out = to ? zone_of(d, e, "out_iface") : &self;
	if (in)
		json_object_set_new(s, "zone_in", json_string(in->zone));
	if (out)
		json_object_set_new(s, "zone_out", json_string(out->zone));
	if (!in || !out)
		return;
	direction = in->outside ? "inbound" : out->outside ? "outbound" : "internal";
	json_object_set_new(s, "direction", json_string(direction));
}

/* Names that others call our servers by are not whom we talk to. */
static void keep_ours(struct mg_daemon *d, const json_t *s)
{
	json_t *list = json_object_get(s, "contacts");

	for (size_t i = json_array_size(list); i-- > 0;) {
		const struct iface *in = zone_of(d, json_array_get(list, i), "in_iface");

		if (in && in->outside)
			json_array_remove(list, i);
	}
}

bool mg_ingest_enrich(struct mg_daemon *d, json_t *events)
{
	bool settle = false;

	for (size_t i = 0; i < json_array_size(events); i++) {
		json_t *e = json_array_get(events, i), *s = json_object_get(e, "sekisho");
		const char *type = json_string_value(json_object_get(e, "event_type"));
		const char *action = json_string_value(json_object_get(s, "action"));

		if (sk_streq(type, "drop")) {
			explain_drop(d, e, s);
			name_guard(s);
		}
		if (sk_streq(type, "drop") || sk_streq(type, "alert") || sk_streq(type, "allow"))
			name_zones(d, e, s);
		if (sk_streq(type, "contact"))
			keep_ours(d, s);
		if (sk_streq(type, "firewall") && action)
			settle = settle || !strcmp(action, "rollback") ||
				!strcmp(action, "fallback") || !strcmp(action, "start");
	}
	return settle;
}
