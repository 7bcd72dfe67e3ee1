/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sample policy; see sample.h. */
#include "tests/unit/nft/sample.h"

#include "lib/buf.h"
#include "lib/util.h"

static void object(struct fw_policy *p, const char *name, const char *items)
{
	struct sk_err err = {0};

	if (fw_policy_add_object(p, FW_OBJECT_ADDRESS, name, items, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
}

static void big_object(struct fw_policy *p)
{
	struct sk_buf b;

	sk_buf_init(&b, 1u << 20);
	for (unsigned i = 0; i < T_SAMPLE_BIG; i++)
		sk_buf_printf(&b, "%s100.%u.%u.%u", i ? "," : "", 64 + i / 25600, i / 100 % 256,
			i % 100 * 2);
	object(p, "big", sk_buf_str(&b));
	sk_buf_done(&b);
}

static const struct t_rule rules[] = {
	{.number = 1001},
	{.number = 1002, .source = "192.168.1.0/24", .destination = "203.0.113.7"},
	{.number = 1003, .source = "192.168.1.0/27,192.168.1.64/27", .port = "80,443,8080"},
	{.number = 1004, .source = "192.168.1.10-192.168.1.20", .port = "1024-2047"},
	{.number = 1005, .source = "2001:db8:1::/64", .destination = "2001:db8:2::1"},
	{.number = 1006, .source = "offices", .protocol = "tcp/udp", .port = "53"},
	{.number = 1007, .source = "hosts", .protocol = "any", .port = "any"},
	{.number = 1008, .source = "big"},
	{.number = 1009, .protocol = "icmp", .port = "echo-request"},
	{.number = 1010, .protocol = "icmpv6", .port = "128,129"},
	{.number = 1011, .protocol = "esp", .port = "any"},
	{.number = 1012, .kind = FW_DENY, .destination = "198.51.100.0/25"},
	{.number = 1013,
		.kind = FW_DENY,
		.from = "guest",
		.to = "lan",
		.protocol = "any",
		.port = "any"},
	{.number = 1014,
		.kind = FW_DENY,
		.from = "lan",
		.to = "guest",
		.protocol = "any",
		.port = "any"},
	{.number = 1015,
		.from = "wan",
		.to = "dmz",
		.kind = FW_DNAT,
		.port = "8443",
		.nat_to = "10.2.0.5:443"},
	{.number = 1016,
		.from = "wan",
		.to = "dmz",
		.kind = FW_DNAT,
		.destination = "2001:db8:ff::1",
		.nat_to = "[2001:db8:3::5]:8080"},
	{.number = 1017,
		.kind = FW_SNAT,
		.protocol = "any",
		.port = "any",
		.source = "192.168.1.0/24",
		.nat_to = "masquerade"},
	{.number = 1018,
		.kind = FW_SNAT,
		.from = "dmz",
		.protocol = "any",
		.port = "any",
		.source = "10.2.0.0/24",
		.nat_to = "203.0.113.1"},
	{.number = 1019, .from = "gateway", .to = "wan", .protocol = "udp", .port = "53,123"},
	{.number = 1020, .from = "lan", .to = "gateway", .protocol = "udp", .port = "53"},
	{.number = 1021, .from = "lan", .to = "lan"},
	{.number = 1022,
		.from = "wan",
		.to = "gateway",
		.protocol = "udp",
		.port = "500,4500,10000-20000"},
	{.number = 1023, .destination = "2001:db8:4::5-2001:db8:4::77", .port = "22"},
	{.number = 1024, .source = "10.0.0.0/8", .protocol = "sctp", .port = "2905"},
	{.number = 1025, .protocol = "icmp", .port = "0,3,8,11"},
	{.number = 1026,
		.kind = FW_SNAT,
		.from = "gateway",
		.protocol = "any",
		.port = "any",
		.nat_to = "203.0.113.9"},
	{.number = 1027,
		.from = "wan",
		.to = "gateway",
		.kind = FW_DNAT,
		.port = "2222",
		.nat_to = "10.2.0.6:22"},
};

struct fw_policy *t_sample(void)
{
	struct fw_policy *p = t_policy();

	object(p, "offices", "192.168.7.0/24,192.168.9.0/24,2001:db8:7::/48,2001:db8:9::/48");
	object(p, "hosts", "192.168.7.1,192.168.7.3,192.168.7.5,2001:db8:7::1,2001:db8:7::3");
	big_object(p);
	p->guard.enabled = true;
	if (fw_guard_exempt_parse(
		    "198.51.100.0/24,192.0.2.1,2001:db8:99::/48", &p->guard.exempt, NULL) < 0)
		fail_msg("exempt");
	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++)
		t_add(p, &rules[i]);
	t_finish(p);
	for (size_t i = 0; i < p->n_rules; i++)
		p->rules[i].rec.log = p->rules[i].rec.number % 2;
	return p;
}

struct fw_policy *t_many(size_t n)
{
	struct fw_policy *p = t_policy();
	char src[32], dst[32], port[8];

	for (size_t i = 0; i < n; i++) {
		snprintf(src, sizeof(src), "10.%zu.%zu.0/24", i / 250 % 250, i % 250);
		snprintf(dst, sizeof(dst), "172.16.%zu.%zu", i / 250 % 250, i % 250);
		snprintf(port, sizeof(port), "%zu", i % 60000 + 1);
		t_add(p,
			&(struct t_rule){.number = (uint32_t)(FW_NUMBER_FIRST + i),
				.source = src,
				.destination = dst,
				.port = port});
	}
	t_finish(p);
	return p;
}
