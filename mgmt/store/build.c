/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registry as a policy: zones, objects and settings as some view has them, and the rules on
 * top. */
#include <errno.h>
#include <string.h>

#include "mgmt/store/changes_db.h"
#include "mgmt/store/db.h"
#include "mgmt/store/rules_db.h"

struct build {
	struct fw_policy *p;
	struct sk_err *err;
	uint32_t except;
	enum fw_object_kind kind;
};

static int add_zone(const char *name, const json_t *value, uint32_t change, void *arg)
{
	struct build *b = arg;
	int r;

	if (b->p->n_zones >= FW_ZONES_MAX)
		return sk_err_set(b->err, -E2BIG, "zones", "more than %d zones",
			"ゾーンは %d 個までです", FW_ZONES_MAX);
	r = fw_zone_from_json(value, &b->p->zones[b->p->n_zones], b->err);
	if (r < 0)
		sk_err_prefix(b->err, "zone[%s]", name);
	else
		b->p->n_zones++;
	return r;
}

static int add_object(const char *name, const json_t *value, uint32_t change, void *arg)
{
	struct build *b = arg;
	const char *items = NULL;
	int r = sk_json_str(value, "items", true, &items, b->err);

	if (r == 0)
		r = fw_policy_add_object(b->p, b->kind, name, items, b->err);
	if (r < 0)
		sk_err_prefix(b->err, "object[%s]", name);
	return r;
}

static void set_ports(struct fw_site *site, const char *list)
{
	uint64_t port;
	char one[8];

	site->n_manage_ports = 0;
	while (*list && site->n_manage_ports < SK_ARRAY_SIZE(site->manage_ports)) {
		size_t len = strcspn(list, ",");

		snprintf(one, sizeof(one), "%.*s", (int)SK_MIN(len, sizeof(one) - 1), list);
		if (sk_parse_u64(one, 65535, &port) == 0)
			site->manage_ports[site->n_manage_ports++] = (uint16_t)port;
		list += len + (list[len] == ',');
	}
}

/* Values were checked when they were set: what is no number cannot be. */
static uint16_t small_number(const char *v)
{
	uint64_t n = 0;

	sk_parse_u64(v, UINT16_MAX, &n);
	return (uint16_t)n;
}

static void set_inspect(struct fw_inspect *s, const char *key, const char *v)
{
	if (sk_streq(key, "mode"))
		s->on = sk_streq(v, "on");
	else if (sk_streq(key, "fail"))
		s->open = sk_streq(v, "open");
	else if (sk_streq(key, "queues"))
		s->queues = (uint8_t)small_number(v);
	else if (sk_streq(key, "first_queue"))
		s->first_queue = small_number(v);
}

static void set_guard(struct fw_guard *g, const char *key, const char *v)
{
	const struct {
		const char *key;
		uint32_t *ret;
	} numbers[] = {
		{"block_seconds", &g->block_seconds},
		{"conn_rate", &g->conn_rate},
		{"icmp_rate", &g->icmp_rate},
		{"login_rate", &g->login_rate},
		{"scan_hosts", &g->scan_hosts},
		{"scan_ports", &g->scan_ports},
		{"syn_rate", &g->syn_rate},
		{"udp_rate", &g->udp_rate},
		{"window", &g->window},
	};
	struct fw_addrs exempt;
	uint64_t n = 0;

	if (sk_streq(key, "enabled")) {
		g->enabled = sk_streq(v, "yes");
	} else if (sk_streq(key, "inside")) {
		g->inside_block = sk_streq(v, "block");
	} else if (sk_streq(key, "exempt") && fw_guard_exempt_parse(v, &exempt, NULL) == 0) {
		fw_addrs_done(&g->exempt);
		g->exempt = exempt;
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(numbers); i++) {
		if (sk_streq(key, numbers[i].key) && sk_parse_u64(v, UINT32_MAX, &n) == 0)
			*numbers[i].ret = (uint32_t)n;
	}
}

static int add_setting(const char *name, const json_t *value, uint32_t change, void *arg)
{
	struct fw_policy *p = ((struct build *)arg)->p;
	struct fw_site *site = &p->site;
	const char *v = json_string_value(value);

	if (v == NULL)
		return 0;
	if (sk_streq(name, "site.name"))
		snprintf(site->name, sizeof(site->name), "%s", v);
	else if (sk_streq(name, "site.manage_ports"))
		set_ports(site, v);
	else if (sk_streq(name, "site.reverse_path"))
		site->reverse_path = sk_streq(v, "yes");
	else if (sk_streq(name, "site.log_broadcast"))
		site->log_broadcast = sk_streq(v, "yes");
	else if (strncmp(name, "inspection.", 11) == 0)
		set_inspect(&p->inspect, name + 11, v);
	else if (sk_streq(name, "blocklist.enabled"))
		p->blocklist = sk_streq(v, "yes");
	else if (strncmp(name, "guard.", 6) == 0)
		set_guard(&p->guard, name + 6, v);
	return 0;
}

static int add_defaults(struct build *b)
{
	size_t n;
	const struct mg_setting_def *d = mg_setting_defs(&n);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		json_t *v = json_string(d[i].def);

		r = v ? add_setting(d[i].key, v, 0, b) : sk_err_nomem(b->err);
		json_decref(v);
	}
	return r;
}

static int build_base(struct mg_store *s, enum mg_view view, uint32_t extra, struct build *b)
{
	static const struct {
		enum mg_change_kind from;
		enum fw_object_kind to;
	} objects[] = {{MG_CH_ADDRESS, FW_OBJECT_ADDRESS}, {MG_CH_SERVICE, FW_OBJECT_SERVICE}};
	int r;

	b->p = fw_policy_new();
	if (b->p == NULL)
		return sk_err_nomem(b->err);
	r = add_defaults(b);
	if (r == 0)
		r = mg_target_each_with(s, view, extra, MG_CH_SETTING, add_setting, b, b->err);
	if (r == 0)
		r = mg_target_each_with(s, view, extra, MG_CH_ZONE, add_zone, b, b->err);
	for (size_t i = 0; i < SK_ARRAY_SIZE(objects) && r == 0; i++) {
		b->kind = objects[i].to;
		r = mg_target_each_with(s, view, extra, objects[i].from, add_object, b, b->err);
	}
	return r;
}

static int add_rule(const struct mg_rule_row *row, void *arg)
{
	struct build *b = arg;

	if (row->rev->rule.number == b->except)
		return 0;
	return fw_policy_add_rule(b->p, &row->rev->rule, b->err);
}

static int build_all(struct mg_store *s, enum mg_view view, uint32_t extra, enum mg_build what,
	int64_t now, struct build *b)
{
	int r = build_base(s, view, extra, b);

	return r < 0 ? r : mg_rule_for_build(s, what, now, add_rule, b, b->err);
}

static int finish(struct build *b, int r, bool done, struct fw_policy **ret)
{
	if (r == 0 && done)
		r = fw_policy_finish(b->p, b->err);
	if (r < 0) {
		fw_policy_free(b->p);
		return r;
	}
	*ret = b->p;
	return 0;
}

int mg_store_build_base(
	struct mg_store *s, enum mg_view view, struct fw_policy **ret, struct sk_err *err)
{
	struct build b = {.err = err};

	return finish(&b, build_base(s, view, 0, &b), true, ret);
}

int mg_store_build_rules(struct mg_store *s, enum mg_build what, uint32_t except, int64_t now,
	struct fw_policy **ret, struct sk_err *err)
{
	enum mg_view view = what == MG_BUILD_ACTIVE ? MG_VIEW_ACTIVE : MG_VIEW_APPROVED;
	struct build b = {.err = err, .except = except};

	return finish(&b, build_all(s, view, 0, what, now, &b), false, ret);
}

int mg_store_build_policy(struct mg_store *s, enum mg_build what, uint64_t generation, int64_t now,
	struct fw_policy **ret, struct sk_err *err)
{
	enum mg_view view = what == MG_BUILD_ACTIVE ? MG_VIEW_ACTIVE : MG_VIEW_APPROVED;
	struct build b = {.err = err};
	struct fw_policy *p = NULL;
	int r = finish(&b, build_all(s, view, 0, what, now, &b), true, &p);

	if (r < 0)
		return r;
	p->generation = generation;
	p->created = now;
	*ret = p;
	return 0;
}

int mg_store_check(
	struct mg_store *s, enum mg_view view, uint32_t extra, int64_t now, struct sk_err *err)
{
	struct build b = {.err = err};
	struct fw_policy *p = NULL;
	int r = finish(&b, build_all(s, view, extra, MG_BUILD_WITH_APPROVED, now, &b), true, &p);

	fw_policy_free(p);
	return r;
}
