/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Zones: which names and interfaces are accepted, the JSON form, and the built-ins that follow from
 * them. */
#include "tests/unit/policy/build.h"

#include <errno.h>

#include "fw/policy/bridge.h"
#include "fw/policy/builtin.h"
#include "lib/util.h"

static void names(void **state)
{
	static const char *const good[] = {"a", "lan", "lan2", "factory_line_1", "abcdefghijklmno"};
	static const char *const bad[] = {"", "Lan", "2lan", "_lan", "lan-1", "工場", "gateway",
		"abcdefghijklmnop", "lan wan"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++)
		assert_true(fw_zone_name_valid(good[i]));
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_false(fw_zone_name_valid(bad[i]));
}

/* Each way in which a set of zones can be wrong, and the field that is blamed. */
static void refused(void **state)
{
	struct fw_zone good[2] = {
		{.name = "wan", .ifaces = {"eth0"}, .n_ifaces = 1},
		{.name = "lan", .ifaces = {"eth1", "eth2"}, .n_ifaces = 2},
	};
	struct sk_err err = {0};
	struct fw_zone z[2];

	assert_int_equal(fw_zones_validate(good, 2, &err), 0);

	memcpy(z, good, sizeof(z));
	snprintf(z[1].name, sizeof(z[1].name), "wan");
	assert_true(fw_zones_validate(z, 2, &err) < 0);
	assert_string_equal(err.path, "zones[1].name");

	memcpy(z, good, sizeof(z));
	snprintf(z[1].ifaces[1], sizeof(z[1].ifaces[1]), "eth0");
	assert_true(fw_zones_validate(z, 2, &err) < 0);
	assert_string_equal(err.path, "zones[1].interfaces");
	assert_non_null(strstr(err.en, "wan"));

	memcpy(z, good, sizeof(z));
	snprintf(z[1].ifaces[1], sizeof(z[1].ifaces[1]), "eth1");
	assert_true(fw_zones_validate(z, 2, &err) < 0);
	assert_string_equal(err.path, "zones[1].interfaces");

	memcpy(z, good, sizeof(z));
	snprintf(z[0].ifaces[0], sizeof(z[0].ifaces[0]), "eth*");
	assert_true(fw_zones_validate(z, 2, &err) < 0);
	assert_string_equal(err.path, "zones[0].interfaces");

	memcpy(z, good, sizeof(z));
	z[0].kind = FW_ZONE_KINDS;
	assert_true(fw_zones_validate(z, 2, &err) < 0);
	assert_string_equal(err.path, "zones[0].kind");
	assert_non_null(strstr(err.en, "outside, inside, dmz, factory, guest, management"));

	assert_true(fw_zones_validate(good, FW_ZONES_MAX + 1, &err) < 0);
}

static void json_round_trip(void **state)
{
	struct fw_policy *p = t_policy();
	struct sk_err err = {0};

	for (size_t i = 0; i < p->n_zones; i++) {
		json_t *v = fw_zone_to_json(&p->zones[i]);
		struct fw_zone z;

		assert_non_null(v);
		memset(&z, 0xaa, sizeof(z));
		assert_int_equal(fw_zone_from_json(v, &z, &err), 0);
		assert_memory_equal(&z, &p->zones[i], sizeof(z));
		json_decref(v);
	}
	fw_policy_free(p);
}

static void services(void **state)
{
	static const char text[] =
		"{\"interfaces\":[\"eth1\"],\"kind\":\"inside\",\"name\":\"lan\","
		"\"serve\":[\"ntp\",\"dhcp\"],\"use\":[\"https\"]}";
	struct fw_zone z, back;
	struct sk_err err = {0};
	uint8_t mask = 0;
	json_t *v = sk_json_parse(text, sizeof(text) - 1, &err);

	assert_int_equal(fw_zone_from_json(v, &z, &err), 0);
	assert_int_equal(z.serve, FW_SERVE_DHCP | FW_SERVE_NTP);
	assert_int_equal(z.use, FW_USE_HTTPS);
	json_decref(v);
	v = fw_zone_to_json(&z);
	assert_int_equal(fw_zone_from_json(v, &back, &err), 0);
	assert_memory_equal(&z, &back, sizeof(z));
	json_decref(v);
	/* A zone without services has the form it always had. */
	z.serve = z.use = 0;
	v = fw_zone_to_json(&z);
	assert_null(json_object_get(v, "serve"));
	assert_null(json_object_get(v, "use"));
	json_decref(v);

	assert_int_equal(fw_zone_serve_parse(" dhcp, dns ,ntp", &mask, &err), 0);
	assert_int_equal(mask, FW_SERVE_DHCP | FW_SERVE_DNS | FW_SERVE_NTP);
	assert_int_equal(fw_zone_use_parse("none", &mask, &err), 0);
	assert_int_equal(mask, 0);
	assert_int_equal(fw_zone_use_parse("dns,dhcp", &mask, &err), -EINVAL);
	assert_string_equal(err.path, "use");
	assert_non_null(strstr(err.en, "dns, ntp, https, dhcpv6"));
}

static void json_refused(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[],\"colour\":1}", "colour"},
		{"{\"name\":\"Lan\",\"kind\":\"inside\",\"interfaces\":[]}", "name"},
		{"{\"name\":\"lan\",\"kind\":\"cellar\",\"interfaces\":[]}", "kind"},
		{"{\"name\":\"lan\",\"interfaces\":[]}", "kind"},
		{"{\"name\":\"lan\",\"kind\":\"inside\"}", "interfaces"},
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[7]}", "interfaces"},
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[\"a name too long for "
		 "it\"]}",
			"interfaces"},
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[],\"manage\":\"yes\"}",
			"manage"},
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[],\"serve\":[\"dns\","
		 "\"tftp\"]"
		 "}",
			"serve"},
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[],\"use\":[7]}", "use"},
		{"{\"name\":\"lan\",\"kind\":\"inside\",\"interfaces\":[],\"use\":\"dns\"}", "use"},
		/* an open resolver on the internet */
		{"{\"name\":\"wan\",\"kind\":\"outside\",\"interfaces\":[],\"serve\":[\"dns\"]}",
			"serve"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct sk_err err = {0};
		json_t *v = sk_json_parse(cases[i].text, strlen(cases[i].text), &err);
		struct fw_zone z;

		assert_non_null(v);
		assert_true(fw_zone_from_json(v, &z, &err) < 0);
		assert_string_equal(err.path, cases[i].path);
		json_decref(v);
	}
}

static void lookups(void **state)
{
	struct fw_policy *p = t_policy();

	assert_ptr_equal(fw_zone_find(p->zones, p->n_zones, "dmz"), &p->zones[T_DMZ]);
	assert_null(fw_zone_find(p->zones, p->n_zones, "gateway"));
	assert_ptr_equal(fw_zone_of_iface(p->zones, p->n_zones, "eth1.20"), &p->zones[T_LAN]);
	assert_null(fw_zone_of_iface(p->zones, p->n_zones, "eth9"));
	assert_string_equal(fw_policy_zone_name(p, FW_SELF), "gateway");
	assert_string_equal(fw_policy_zone_name(p, T_WAN), "wan");
	fw_policy_free(p);
}

/* Every built-in has its number, its name and a purpose in both languages. */
static void builtins(void **state)
{
	struct fw_policy *p = t_policy();
	struct fw_builtin b;
	size_t n = 0;

	p->inspect.on = p->guard.enabled = true;
	p->zones[T_LAN].serve = p->zones[T_GUEST].serve =
		FW_SERVE_DHCP | FW_SERVE_DNS | FW_SERVE_NTP;
	p->zones[T_WAN].use = FW_USE_DNS | FW_USE_NTP | FW_USE_HTTPS | FW_USE_DHCPV6;
	for (; fw_builtin_get(p, n, &b); n++) {
		assert_int_equal(b.id, n + 1);
		assert_true(b.id < FW_NUMBER_FIRST);
		assert_string_equal(b.name, fw_builtin_name(b.id));
		assert_true(b.enabled);
		assert_true(b.purpose.en[0] && b.purpose.ja[0]);
		assert_true(b.source[0] && b.destination[0] && b.protocol[0] && b.port[0] &&
			b.direction[0]);
	}
	assert_int_equal(n, FW_B_MSS); /* the bridge's need one */
	assert_true(fw_builtin_get(p, FW_B_MANAGE - 1, &b));
	assert_string_equal(b.direction, "lan->gateway");
	assert_string_equal(b.port, "443,22");
	assert_true(fw_builtin_get(p, FW_B_DHCP_CLIENT - 1, &b));
	assert_string_equal(b.direction, "wan->gateway, gateway->wan");
	assert_true(fw_builtin_get(p, FW_B_SERVE_DNS - 1, &b));
	assert_string_equal(b.direction, "lan->gateway, guest->gateway");
	assert_true(fw_builtin_get(p, FW_B_USE_HTTPS - 1, &b));
	assert_string_equal(b.direction, "gateway->wan");

	p->site.reverse_path = false;
	p->site.n_manage_ports = 0;
	p->zones[T_LAN].serve = p->zones[T_GUEST].serve = p->zones[T_WAN].use = 0;
	p->zones[T_WAN].bogons = p->zones[T_WAN].dhcp_client = p->zones[T_LAN].ping = false;
	for (n = 0; fw_builtin_get(p, n, &b); n++) {
		bool off = b.id == FW_B_MANAGE || b.id == FW_B_REVERSE_PATH ||
			b.id == FW_B_BOGONS || b.id == FW_B_DHCP_CLIENT || b.id == FW_B_RA_CLIENT ||
			b.id == FW_B_PING || (b.id >= FW_B_SERVE_DHCP && b.id <= FW_B_USE_DHCPV6);

		assert_int_equal(b.enabled, !off);
	}
	fw_policy_free(p);
}

/* wan and lan on one bridge. */
static struct fw_policy *bridged(void)
{
	struct fw_policy *p = fw_policy_new();

	p->n_zones = 2;
	snprintf(p->zones[0].name, sizeof(p->zones[0].name), "wan");
	snprintf(p->zones[1].name, sizeof(p->zones[1].name), "lan");
	p->zones[1].kind = FW_ZONE_INSIDE;
	for (size_t i = 0; i < 2; i++) {
		snprintf(p->zones[i].bridge, IFNAMSIZ, "br-gate");
		snprintf(p->zones[i].ifaces[0], IFNAMSIZ, "p%zu", i);
		p->zones[i].n_ifaces = 1;
	}
	return p;
}

static void bridge_builtins(void **state)
{
	struct fw_policy *p = bridged();
	struct fw_builtin b;
	size_t n = 0;

	assert_string_equal(fw_policy_bridge(p), "br-gate");
	for (; fw_builtin_get(p, n, &b); n++) {
		assert_int_equal(b.id, n + 1);
		if (b.id >= FW_B_BRIDGE_ND && b.id != FW_B_BRIDGE_ZONE)
			assert_true(b.enabled);
	}
	assert_int_equal(n, FW_B_LAST);
	assert_true(fw_builtin_get(p, FW_B_BRIDGE_RA - 1, &b));
	assert_string_equal(b.direction, "wan->lan");
	assert_true(fw_builtin_get(p, FW_B_BRIDGE_DHCP - 1, &b));
	assert_string_equal(b.direction, "wan->lan, lan->wan");
	assert_true(fw_builtin_get(p, FW_B_BRIDGE_ZONE - 1, &b));
	assert_false(b.enabled);
	snprintf(p->zones[1].ifaces[p->zones[1].n_ifaces++], IFNAMSIZ, "p2");
	assert_true(fw_builtin_get(p, FW_B_BRIDGE_ZONE - 1, &b));
	assert_string_equal(b.direction, "lan->lan");
	fw_policy_free(p);
}

static void bridge_refused(struct fw_policy *p, const char *path)
{
	struct sk_err err = {0};

	assert_int_equal(fw_policy_finish(p, &err), -EINVAL);
	assert_string_equal(err.path, path);
	assert_true(err.ja[0]);
	fw_policy_free(p);
}

static void bridge_checks(void **state)
{
	struct sk_err err = {0};
	struct fw_policy *p = bridged();
	struct fw_zone z;
	json_t *v;

	assert_int_equal(fw_policy_finish(p, &err), 0);
	v = fw_zone_to_json(&p->zones[1]);
	assert_int_equal(fw_zone_from_json(v, &z, NULL), 0);
	assert_string_equal(z.bridge, "br-gate");
	json_object_set_new(v, "bridge", json_string("p1"));
	assert_int_equal(fw_zone_from_json(v, &z, &err), -EINVAL);
	assert_string_equal(err.path, "bridge");
	json_decref(v);
	fw_policy_free(p);

	p = bridged();
	p->zones[0].bridge[0] = '\0';
	bridge_refused(p, "zones[0].bridge");
	p = bridged();
	snprintf(p->zones[0].bridge, IFNAMSIZ, "br-other");
	bridge_refused(p, "zones[1].bridge");
	p = bridged();
	p->zones[1].serve = FW_SERVE_DHCP;
	bridge_refused(p, "zones[1].serve");
	p = bridged();
	p->site.reverse_path = true;
	bridge_refused(p, "site.reverse_path");
}

/* More zones than the field has room for: cut with a mark, never over the end. */
static void long_direction(void **state)
{
	struct fw_policy *p = t_policy();
	struct fw_builtin b;

	for (size_t i = 0; i < FW_ZONES_MAX; i++) {
		snprintf(p->zones[i].name, sizeof(p->zones[i].name), "zone_number_%02zu", i);
		p->zones[i].dhcp_client = true;
	}
	p->n_zones = FW_ZONES_MAX;
	assert_true(fw_builtin_get(p, FW_B_DHCP_CLIENT - 1, &b));
	assert_true(strlen(b.direction) > 200 && strlen(b.direction) < sizeof(b.direction));
	assert_non_null(strstr(b.direction, "…"));
	fw_policy_free(p);
}

static void bogons(void **state)
{
	static const char *const reserved[] = {"10.1.2.3", "127.0.0.1", "169.254.1.1",
		"172.31.255.255", "192.168.0.1", "198.51.100.7", "224.0.0.251", "255.255.255.255",
		"0.0.0.0", "::1", "2001:db8::1", "fd00::1", "ff02::1", "2001:2::1"};
	static const char *const real[] = {"8.8.8.8", "172.32.0.0", "100.128.0.0", "11.0.0.0",
		"2001:4860::1", "2400::1", "fe80::1", "::", "2001:2:1::1"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(reserved); i++) {
		struct fw_ip ip = t_ip(reserved[i]);

		assert_true(fw_is_bogon(&ip));
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(real); i++) {
		struct fw_ip ip = t_ip(real[i]);

		assert_false(fw_is_bogon(&ip));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(refused),
		cmocka_unit_test(json_round_trip),
		cmocka_unit_test(services),
		cmocka_unit_test(json_refused),
		cmocka_unit_test(lookups),
		cmocka_unit_test(builtins),
		cmocka_unit_test(bridge_builtins),
		cmocka_unit_test(bridge_checks),
		cmocka_unit_test(long_direction),
		cmocka_unit_test(bogons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
