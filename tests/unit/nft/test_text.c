/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of fw/nft that need no kernel: names, prefixes, plan, text. */
#include "tests/unit/nft/sample.h"

#include <errno.h>

#include <libnftnl/rule.h>

#include "fw/nft/batch.h"
#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan.h"
#include "lib/util.h"

static void prefix_round_trip(void **state)
{
	static const struct fw_log_prefix cases[] = {
		{'A', 1042, 3, "rule"},
		{'D', 13, 0, "no_rule"},
		{'R', FW_NUMBER_MAX, UINT32_MAX, "reverse_path"},
		{'N', 1, 1, "x"},
	};
	char s[FW_LOG_PREFIX_MAX];
	struct fw_log_prefix r;

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		const struct fw_log_prefix *c = &cases[i];
		fw_log_prefix_encode(s, c->verdict, c->number, c->revision, c->reason);
		assert_int_equal(fw_log_prefix_parse(s, strlen(s), &r), 0);
		assert_int_equal(r.verdict, c->verdict);
		assert_int_equal(r.number, c->number);
		assert_int_equal(r.revision, c->revision);
		assert_string_equal(r.reason, c->reason);
		assert_int_equal(fw_log_prefix_parse(s, sizeof(s), &r), 0); /* with its NUL */
	}
	fw_log_prefix_encode(s, 'A', 1042, 3, FW_REASON_RULE);
	assert_string_equal(s, "A 1042 3 rule");
}

static void prefix_refuses_others(void **state)
{
	static const char *const cases[] = {"", "A", "A ", "X 1 1 rule", "A1 1 rule", "A 1 1",
		"A 1 1 ", "A 0 1 rule", "A 01 1 rule", "A -1 1 rule", "A 1 1 Rule", "A 1 1 a b",
		"A 16777216 1 rule", "A 1 4294967296 rule", "A 1  1 rule",
		"A 1 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "nft-drop: "};
	struct fw_log_prefix r = {.number = 77};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		assert_int_equal(fw_log_prefix_parse(cases[i], strlen(cases[i]), &r), -EINVAL);
		assert_int_equal(r.number, 77);
	}
}

static void names(void **state)
{
	char s[FW_NFT_NAME_MAX];
	uint32_t n = 0;

	fw_nft_counter_name(s, 1042);
	assert_string_equal(s, "r1042");
	assert_true(fw_nft_counter_number(s, &n));
	assert_int_equal(n, 1042);
	fw_nft_counter_name(s, 13);
	assert_string_equal(s, "b13");
	assert_true(fw_nft_counter_number(s, &n));
	assert_int_equal(n, 13);
	/* a built-in's number with a record's letter and the like are other people's names */
	assert_false(fw_nft_counter_number("r13", &n));
	assert_false(fw_nft_counter_number("b1042", &n));
	assert_false(fw_nft_counter_number("r01042", &n));
	assert_false(fw_nft_counter_number("r1042x", &n));
	assert_false(fw_nft_counter_number("r", &n));
	fw_nft_comment(s, 1042, 3);
	assert_string_equal(s, "1042 r3");
	assert_true(fw_nft_comment_number(s, strlen(s) + 1, &n));
	assert_int_equal(n, 1042);
	fw_nft_comment(s, 4, 0);
	assert_string_equal(s, "b4");
	assert_true(fw_nft_comment_number(s, strlen(s) + 1, &n));
	assert_int_equal(n, 4);
	assert_false(fw_nft_comment_number("hello", 6, &n));
	assert_false(fw_nft_comment_number("", 0, &n));
}

static void sets_are_shared(void **state)
{
	static const struct fw_nft_span a[] = {{80, 80}, {443, 443}};
	static const struct fw_nft_span b[] = {{80, 80}, {444, 444}};
	static const struct fw_nft_span wide[] = {{1, 1}, {1000, 2000}};
	const struct fw_nft_set *x, *y, *z;
	struct fw_nft_sets s;

	fw_nft_sets_init(&s, 0);
	assert_int_equal(fw_nft_sets_get(&s, FW_NFT_SET_PORT, a, 2, 1001, &x), 0);
	assert_int_equal(fw_nft_sets_get(&s, FW_NFT_SET_PORT, a, 2, 1002, &y), 0);
	assert_ptr_equal(x, y);
	assert_int_equal(x->ref, 1001);
	assert_false(x->interval);
	assert_int_equal(fw_nft_sets_get(&s, FW_NFT_SET_PORT, b, 2, 1003, &z), 0);
	assert_string_not_equal(x->name, z->name);
	assert_ptr_equal(fw_nft_sets_find(&s, z->name), z);
	assert_null(fw_nft_sets_find(&s, "p_0123456789abcdef"));
	assert_null(fw_nft_sets_find(&s, "nonsense"));
	assert_int_equal(fw_nft_sets_get(&s, FW_NFT_SET_PORT, wide, 2, 1004, &z), 0);
	assert_true(z->interval);
	assert_int_equal(fw_nft_set_epoch(z->name), 0);
	fw_nft_sets_done(&s);

	fw_nft_sets_init(&s, 12);
	assert_int_equal(fw_nft_sets_get(&s, FW_NFT_SET_PORT, a, 2, 1001, &x), 0);
	assert_int_equal(fw_nft_set_epoch(x->name), 12);
	assert_ptr_equal(fw_nft_sets_find(&s, x->name), x);
	fw_nft_sets_done(&s);
	assert_int_equal(fw_nft_set_epoch("a4_list"), 0);
}

/* Zones "a" + "b_c" and "a_b" + "c" must not meet in one chain. */
static void chain_names_are_unique(void **state)
{
	struct fw_policy *p = t_policy();
	struct fw_nft_plan pl;

	snprintf(p->zones[T_WAN].name, sizeof(p->zones[T_WAN].name), "a");
	snprintf(p->zones[T_LAN].name, sizeof(p->zones[T_LAN].name), "b_c");
	snprintf(p->zones[T_DMZ].name, sizeof(p->zones[T_DMZ].name), "a_b");
	snprintf(p->zones[T_GUEST].name, sizeof(p->zones[T_GUEST].name), "c");
	t_add(p, &(struct t_rule){.number = 1001, .from = "a", .to = "b_c"});
	t_add(p, &(struct t_rule){.number = 1002, .from = "a_b", .to = "c"});
	t_finish(p);
	assert_int_equal(fw_nft_plan_init(&pl, p, 0), 0);
	assert_int_equal(pl.n_chains, 2);
	assert_string_not_equal(pl.chains[0].name, pl.chains[1].name);
	fw_nft_plan_done(&pl);
	fw_policy_free(p);
}

static void count_rule(const struct fw_nft_rule *r, void *arg)
{
	size_t *n = arg;

	assert_true(r->number > 0);
	/* nothing that accepts or drops without a record's counter, but exemptions and refusals */
	if (r->number >= FW_NUMBER_FIRST && r->nat == FW_NFT_NAT_NONE)
		assert_true(r->count);
	n[r->number == 1013 || r->number == 1014]++;
	if (r->number == 1014) { /* from a zone that refuses */
		assert_int_equal(r->verdict, FW_NFT_GOTO);
		assert_string_equal(r->target, FW_NFT_REFUSE);
		assert_int_equal(r->log, 0);
	}
	if (r->number == 1013)
		assert_int_equal(r->verdict, FW_NFT_DROP);
}

static void plan_of_sample(void **state)
{
	struct fw_policy *p = t_sample();
	struct fw_nft_plan pl;
	size_t n[2] = {0};

	assert_int_equal(fw_nft_plan_init(&pl, p, 0), 0);
	assert_int_equal(fw_nft_plan_rules(&pl, count_rule, n), 0);
	assert_int_equal(n[1], 2);
	assert_true(n[0] > 60);
	/* lan has two interfaces: eth1 and eth1.20 to eth0 and so on */
	assert_int_equal(pl.maps[FW_NFT_MAP_DENY].n, 2);
	assert_int_equal(pl.maps[FW_NFT_MAP_NAT_PRE].n, 1);
	assert_int_equal(pl.maps[FW_NFT_MAP_NAT_POST].n, 1);
	for (size_t i = 1; i < pl.maps[FW_NFT_MAP_FORWARD].n; i++)
		assert_true(memcmp(pl.maps[FW_NFT_MAP_FORWARD].v[i - 1].key,
				    pl.maps[FW_NFT_MAP_FORWARD].v[i].key, 32) < 0);
	fw_nft_plan_done(&pl);
	fw_policy_free(p);
}

static void text_says(const char *text, const char *line)
{
	if (!strstr(text, line))
		fail_msg("not in the text: %s", line);
}

static void text_of_sample(void **state)
{
	struct fw_policy *p = t_sample();
	struct sk_buf b;

	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	const char *s = sk_buf_str(&b);
	text_says(s, "type filter hook forward priority 0; policy drop;");
	text_says(s, "iifname . oifname vmap @d_forward comment \"b13\"");
	text_says(s,
		"th dport 443 meta nfproto ipv4 ip daddr 203.0.113.7 ip saddr 192.168.1.0/24 "
		"meta l4proto tcp counter name \"r1002\"");
	text_says(s, "ct mark set ct mark and 0x000000ff or 0x0003ea00 accept comment \"1002 r3\"");
	text_says(s, "dnat ip to 10.2.0.5:443 comment \"1015 r3\"");
	text_says(s, "dnat ip6 to [2001:db8:3::5]:8080 comment \"1016 r3\"");
	text_says(s, "\"eth1.20\" . \"eth0\" : goto f_lan.wan");
	text_says(s, "masquerade comment \"1017 r3\"");
	sk_buf_done(&b);

	sk_buf_init(&b, 1000); /* too small a buffer is an error, not a cut text */
	assert_int_equal(fw_nft_text(p, &b, NULL), -EMSGSIZE);
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* The text of a rule set with this inspection; free it. */
static char *inspection_text(struct fw_inspect s)
{
	struct fw_policy *p = t_sample();
	struct sk_buf b;

	p->inspect = s;
	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	fw_policy_free(p);
	return sk_buf_take(&b);
}

static void text_of_inspection(void **state)
{
	struct fw_inspect s = {.queues = 1, .first_queue = 103};
	char *text = inspection_text(s);

	text_says(text, "type filter hook forward priority 10; policy accept;");
	text_says(text, "type filter hook forward priority 20; policy accept;");
	/* what inspection stopped stays stopped, what it let go on goes on */
	text_says(text, "ct mark & 0x00000007 != 0 goto ips_known comment \"b15\"");
	text_says(text, "ct mark and 0x00000007 == 0x00000001 counter name \"b15\" accept");
	text_says(text,
		"ct mark & 0x00000004 != 0 counter name \"b16\" log prefix \"R 16 0 ips_flow\"");
	assert_null(strstr(text, "queue"));
	assert_null(strstr(text, "goto ips_verdict"));
	assert_null(strstr(text, "goto ips_names"));
	free(text);
	s.on = true;
	text = inspection_text(s);
	text_says(text, "\t\tcounter name \"b14\" queue to 103 comment \"b14\"");
	text_says(text, "meta mark & 0x00000007 != 0 goto ips_verdict");
	/* before any rule accepts: what a connection agrees on */
	text_says(text,
		"type filter hook forward priority 0; policy drop;\n\t\tmeta l4proto tcp "
		"tcp flags & 0x06 == 0x02 counter name \"b29\" "
		"tcp option maxseg size set rt mtu comment \"b29\"");
	/* the ports of a rejected connection, taken again */
	text_says(text,
		"ct mark set ct mark and 0xfffffff8 or 0x00000000 "
		"meta mark set meta mark and 0xfffffff8 queue to 103 comment \"b14\"");
	text_says(text,
		"meta mark & 0x00000002 != 0 counter name \"b16\" "
		"ct mark set ct mark and 0xfffffff8 or 0x00000002 drop");
	/* of the gateway's own traffic names, but for what tells of a refusal */
	text_says(text, "type filter hook input priority 10; policy accept;");
	text_says(text, "type filter hook output priority 20; policy accept;");
	text_says(text, "meta l4proto udp th dport 53 goto ips_names comment \"b14\"");
	text_says(text, "meta l4proto tcp th sport 53 goto ips_names comment \"b14\"");
	text_says(text, "meta l4proto tcp tcp flags & 0x04 != 0 accept comment \"b2\"");
	free(text);
	s = (struct fw_inspect){.on = true, .open = true, .queues = 16, .first_queue = 0};
	text = inspection_text(s);
	text_says(text, "queue flags bypass to 0-15 comment");
	free(text);
}

/* What the gateway serves in the office's network and uses in the internet. */
static void text_of_services(void **state)
{
	struct fw_policy *p = t_sample();
	struct sk_buf b;
	const char *s;

	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	for (const char *c = "\"b22\" ct\0\"b23\" ct\0\"b25\" ct\0\"b27\" ct\0"; *c;
		c += strlen(c) + 1)
		assert_null(strstr(sk_buf_str(&b), c));
	sk_buf_done(&b);
	p->zones[T_DMZ].serve = FW_SERVE_DHCP | FW_SERVE_DNS | FW_SERVE_NTP;
	p->zones[T_WAN].use = FW_USE_DNS | FW_USE_NTP | FW_USE_HTTPS | FW_USE_DHCPV6;
	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	s = sk_buf_str(&b);
	text_says(s,
		"iifname \"eth2\" meta nfproto ipv4 meta l4proto udp th sport 68 th dport 67 "
		"counter name \"b22\"");
	text_says(s,
		"oifname \"eth2\" meta nfproto ipv4 meta l4proto udp th sport 67 th dport 68 "
		"counter name \"b22\"");
	text_says(s, "iifname \"eth2\" meta l4proto udp th dport 53 counter name \"b23\"");
	text_says(s, "iifname \"eth2\" meta l4proto tcp th dport 53 counter name \"b23\"");
	text_says(s, "iifname \"eth2\" meta l4proto udp th dport 123 counter name \"b24\"");
	text_says(s, "oifname \"eth0\" meta l4proto udp th dport 53 counter name \"b25\"");
	text_says(s, "oifname \"eth0\" meta l4proto udp th dport 123 counter name \"b26\"");
	text_says(s, "oifname \"eth0\" meta l4proto tcp th dport 443 counter name \"b27\"");
	text_says(s,
		"oifname \"eth0\" meta nfproto ipv6 meta l4proto udp th dport 547 counter name "
		"\"b28\"");
	text_says(s,
		"iifname \"eth0\" meta nfproto ipv6 meta l4proto udp ip6 daddr fe80::/10 th dport "
		"546 "
		"counter name \"b28\"");
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* Transparent operation: the packet's mark says what an interface says elsewhere. */
static void text_of_bridge(void **state)
{
	struct fw_policy *p = t_many(3);
	struct sk_buf b;
	const char *s;

	p->n_zones = 2;
	p->site.reverse_path = false;
	p->zones[T_LAN].reject = true;
	for (size_t i = 0; i < p->n_zones; i++)
		snprintf(p->zones[i].bridge, IFNAMSIZ, "br-gate");
	p->inspect.on = true;
	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	s = sk_buf_str(&b);
	/* From lan (the second zone) to wan (the first). */
	text_says(s,
		"meta mark & 0x00020000 != 0 meta mark & 0x00100000 != 0 goto f_lan.wan comment");
	text_says(s, "meta mark & 0x00020000 != 0 goto deny_reject");
	text_says(s,
		"oifname \"br-gate\" meta mark set meta mark and 0xf800ffff or 0x00f00000 "
		"comment");
	/* Not inspected is what does not leave the link. */
	text_says(s,
		"ip daddr 255.255.255.255 th sport 68 th dport 67 counter name \"b33\" ct mark "
		"set ct mark and 0x000000ff or 0x00002100 meta mark set meta mark and 0xfeffffff "
		"or 0x01000000 accept");
	text_says(s,
		"meta l4proto udp th sport 67 th dport 68 counter name \"b33\" ct mark set ct "
		"mark and 0x000000ff or 0x00002100 accept");
	text_says(s, "ip6 saddr fe80::/10 ip6 daddr ff02::1:2 th dport 547 counter");
	text_says(s, "meta l4proto udp ip6 daddr fe80::/10 th dport 546 counter");
	assert_null(strstr(s, "ip6 daddr ff02::1:2 th dport 546"));
	text_says(s,
		"meta mark & 0x02000000 != 0 meta mark set meta mark and 0xfbffffff or "
		"0x04000000 comment \"b35\"");
	text_says(s, "table bridge sekisho {");
	text_says(s, "ether type 2048 accept");
	assert_null(strstr(s, "iifname . oifname vmap @d_forward"));
	/* No interface but the gateway's own and, in the bridge's table, ports. */
	assert_null(strstr(s, "iifname \"br-gate\""));
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* Sources inside are only reported unless the policy says otherwise; off is off. */
static void text_of_guard(void **state)
{
	struct fw_policy *p = t_sample();
	struct sk_buf b;
	const char *s;

	p->guard.login_rate = 0;
	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	s = sk_buf_str(&b);
	text_says(s, "tcp flags & 0x17 == 0x02 goto g_syn comment \"b17\"");
	text_says(s, "iifname \"eth0\" goto g_syn_out");
	text_says(s,
		"update @m_syn_flood4_200 { ip saddr limit rate over 200/second burst 400 packets "
		"} "
		"jump g_seen_syn");
	text_says(s,
		"update @m_syn_flood6_200 { ip6 saddr and ffff:ffff:ffff:ffff:: limit rate over "
		"200/second burst 400 packets } goto g_over_syn");
	text_says(s, "update @m_conn_rate4_1200 { ip saddr limit rate over 1200/minute");
	text_says(s, "limit rate 20/second burst 20 packets log prefix \"D 18 0 syn_flood\"");
	text_says(s, "limit rate 5/second burst 5 packets log prefix \"D 18 0 udp_flood_to\"");
	text_says(s, "meta nfproto ipv4 ip saddr @guard4 goto g_blocked");
	text_says(s, "ip6 saddr and ffff:ffff:ffff:ffff:: @guard6_net goto g_blocked");
	assert_null(strstr(s, "m_login"));
	sk_buf_done(&b);

	p->guard.inside_block = true;
	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	assert_null(strstr(sk_buf_str(&b), "jump g_seen"));
	sk_buf_done(&b);

	p->guard.enabled = false;
	sk_buf_init(&b, 4u << 20);
	assert_int_equal(fw_nft_text(p, &b, NULL), 0);
	assert_null(strstr(sk_buf_str(&b), "g_syn"));
	assert_null(strstr(sk_buf_str(&b), "m_syn"));
	text_says(sk_buf_str(&b), "set guard4 {");
	sk_buf_done(&b);
	fw_policy_free(p);
}

/* nf_tables' own queue expression, which not every kernel we test on has: libnftnl reads it. */
static void native_queue(void **state)
{
	struct fw_nft_rule r;
	struct fw_nft_batch b;
	struct nftnl_rule *rule = nftnl_rule_alloc();
	char text[512];

	assert_non_null(rule);
	fw_nft_rule_init(&r, "ips", FW_B_INSPECT, 0);
	r.verdict = FW_NFT_QUEUE;
	r.queue = 103;
	r.queues = 4;
	r.queue_open = true;
	fw_nft_batch_init(&b, 1);
	fw_nft_rule_put(&b, &r);
	assert_int_equal(b.err, 0);
	assert_int_equal(nftnl_rule_nlmsg_parse(b.chunks[0].iov_base, rule), 0);
	assert_true(nftnl_rule_snprintf(text, sizeof(text), rule, NFTNL_OUTPUT_DEFAULT, 0) > 0);
	text_says(text, "queue num 103-106 bypass");
	fw_nft_batch_done(&b);
	nftnl_rule_free(rule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefix_round_trip),
		cmocka_unit_test(prefix_refuses_others),
		cmocka_unit_test(names),
		cmocka_unit_test(sets_are_shared),
		cmocka_unit_test(chain_names_are_unique),
		cmocka_unit_test(plan_of_sample),
		cmocka_unit_test(text_of_sample),
		cmocka_unit_test(text_of_inspection),
		cmocka_unit_test(text_of_services),
		cmocka_unit_test(text_of_bridge),
		cmocka_unit_test(text_of_guard),
		cmocka_unit_test(native_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
