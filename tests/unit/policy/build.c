/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small policies for the tests; see build.h. */
#include "tests/unit/policy/build.h"

#include "lib/util.h"

static const char * or (const char *s, const char *fallback)
{
	return s ? s : fallback;
}

struct fw_policy *t_policy(void)
{
	static const struct fw_zone zones[T_ZONES] = {
		[T_WAN] = {.name = "wan",
			.label = "インターネット",
			.kind = FW_ZONE_OUTSIDE,
			.dhcp_client = true,
			.bogons = true,
			.ifaces = {"eth0"},
			.n_ifaces = 1},
		[T_LAN] = {.name = "lan",
			.label = "社内",
			.kind = FW_ZONE_INSIDE,
			.reject = true,
			.manage = true,
			.ping = true,
			.ifaces = {"eth1", "eth1.20"},
			.n_ifaces = 2},
		[T_DMZ] = {.name = "dmz", .kind = FW_ZONE_DMZ, .ifaces = {"eth2"}, .n_ifaces = 1},
		[T_GUEST] = {.name = "guest",
			.kind = FW_ZONE_GUEST,
			.ifaces = {"eth3"},
			.n_ifaces = 1},
	};
	struct fw_policy *p = fw_policy_new();

	assert_non_null(p);
	memcpy(p->zones, zones, sizeof(zones));
	p->n_zones = T_ZONES;
	p->generation = 7;
	p->created = T_NOW - 60;
	p->site = (struct fw_site){.name = "本社",
		.manage_ports = {443, 22},
		.n_manage_ports = 2,
		.reverse_path = true};
	return p;
}

static void set(char **field, const char *value)
{
	assert_int_equal(fw_str_set(field, value), 0);
}

void t_record(struct fw_rule *r, const struct t_rule *t)
{
	fw_rule_init(r);
	r->number = t->number;
	r->revision = 3;
	r->kind = t->kind;
	r->order = t->order ? t->order : t->kind == FW_DENY ? 500 : 1000;
	r->state = FW_APPROVED;
	r->registered = T_NOW - 100 * T_DAY;
	r->expiry = T_NOW + 100 * T_DAY;
	r->approved_at = T_NOW - 99 * T_DAY;
	r->last_hit = T_NOW - T_DAY;
	set(&r->applicant, "tanaka");
	set(&r->approver, "sato");
	set(&r->purpose, "受発注システム");
	set(&r->from, or (t->from, "lan"));
	set(&r->to, or (t->to, "wan"));
	set(&r->source, or (t->source, "any"));
	set(&r->destination, or (t->destination, "any"));
	set(&r->protocol, or (t->protocol, "tcp"));
	set(&r->port, or (t->port, "443"));
	set(&r->nat_to, t->nat_to);
}

void t_add(struct fw_policy *p, const struct t_rule *t)
{
	struct sk_err err = {0};
	struct fw_rule r;

	t_record(&r, t);
	if (fw_policy_add_rule(p, &r, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	fw_rule_done(&r);
}

void t_finish(struct fw_policy *p)
{
	struct sk_err err = {0};

	if (fw_policy_finish(p, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
}

struct fw_ip t_ip(const char *s)
{
	struct fw_ip ip;

	assert_int_equal(fw_ip_parse(s, &ip, NULL), 0);
	return ip;
}

struct sk_buf t_encode(struct fw_policy *p)
{
	struct sk_err err = {0};
	struct sk_buf b;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	if (fw_policy_encode(p, &b, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	return b;
}

uint32_t t_random(struct t_rng *r, uint32_t below)
{
	r->x ^= r->x << 13;
	r->x ^= r->x >> 17;
	r->x ^= r->x << 5;
	return r->x % below;
}
