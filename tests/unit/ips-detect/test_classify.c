/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind a rule is, by which content it is found, and in which order rules are tried. */
#include "tests/unit/ips-detect/rig.h"

#include <stdio.h>
#include <stdlib.h>

static void one_rule(const char *head, const char *options, struct ips_rules **rules,
	const struct ips_rule **r, struct ips_crule *c)
{
	char text[1024];

	snprintf(text, sizeof(text), "alert %s (msg:\"m\"; %s sid:1;)\n", head, options);
	*rules = rig_rules(text);
	*r = ips_rules_at(*rules, 0);
	ips_crule_make(c, *r);
}

struct kind {
	const char *head, *options;
	enum ips_rule_type type;
};

static void kinds(void **state)
{
	static const struct kind k[] = {
		{"tcp any any -> any any", "", IPS_RT_IP_ONLY},
		{"ip 1.2.3.4 any -> any any", "xbits:isset,a,track ip_src;", IPS_RT_IP_ONLY},
		{"tcp any any -> any any", "flowbits:set,a;", IPS_RT_IP_ONLY},
		{"tcp any any -> any any", "flowbits:isset,a;", IPS_RT_PACKET},
		{"tcp any any -> any any", "flow:to_server;", IPS_RT_PACKET},
		{"tcp any any -> any any", "flow:established;", IPS_RT_PACKET},
		{"tcp any any -> any any", "flags:S;", IPS_RT_PACKET},
		{"tcp !1.2.3.4 any -> any any", "", IPS_RT_LIKE_IP},
		{"tcp any any -> any any", "app-layer-protocol:http;", IPS_RT_PROTO},
		{"tcp any any -> any any", "app-layer-protocol:http; flow:to_server;",
			IPS_RT_PROTO},
		{"tcp any any -> any any", "app-layer-protocol:http; flow:established;",
			IPS_RT_PACKET},
		{"pkthdr any any -> any any", "decode-event:ipv4.pkt_too_small;", IPS_RT_EVENT},
		{"http any any -> any any", "", IPS_RT_APP},
		{"http any any -> any any", "flow:established;", IPS_RT_PACKET},
		{"tcp any any -> any any", "content:\"abcd\";", IPS_RT_STREAM},
		{"tcp any any -> any any", "content:\"abcd\"; depth:9;", IPS_RT_PKTSTREAM},
		{"tcp any any -> any any", "content:\"abcd\"; content:\"ef\"; offset:2;",
			IPS_RT_PKTSTREAM},
		{"tcp any any -> any any", "content:\"abcd\"; stream_size:client,>,5;",
			IPS_RT_PKTSTREAM},
		{"tcp any any -> any any", "content:\"abcd\"; dsize:9;", IPS_RT_PACKET},
		{"tcp any any -> any any", "content:\"abcd\"; flags:PA;", IPS_RT_PACKET},
		{"tcp-pkt any any -> any any", "content:\"abcd\";", IPS_RT_PACKET},
		{"tcp-stream any any -> any any", "content:\"abcd\";", IPS_RT_STREAM},
		{"tcp any any -> any any", "content:\"abcd\"; flow:only_stream;", IPS_RT_STREAM},
		{"tcp any any -> any any", "content:\"abcd\"; flow:no_stream;", IPS_RT_PACKET},
		{"udp any any -> any any", "content:\"abcd\";", IPS_RT_PACKET},
		{"tls any any -> any any", "content:\"abcd\";", IPS_RT_STREAM},
		{"http any any -> any any", "http.uri; content:\"abcd\";", IPS_RT_TX},
		{"http any any -> any any", "urilen:5;", IPS_RT_TX},
		{"tcp any any -> any any", "tcp.hdr; content:\"abcd\";", IPS_RT_PACKET},
	};

	for (size_t i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
		const struct ips_rule *r;
		struct ips_rules *rules;
		struct ips_crule c;

		one_rule(k[i].head, k[i].options, &rules, &r, &c);
		if (c.type != k[i].type)
			fail_msg("%s %s: %d", k[i].head, k[i].options, c.type);
		ips_rules_free(rules);
	}
}

struct pattern {
	const char *head, *options, *want;
	unsigned limit; /* head */
};

static void patterns(void **state)
{
	static const struct pattern k[] = {
		{"udp any any -> any any", "content:\"short\"; content:\"much longer one\";",
			"much longer one", 0},
		{"udp any any -> any any",
			"content:\"short\"; fast_pattern; content:\"much longer one\";", "short",
			0},
		{"udp any any -> any any", "content:!\"much longer one\"; content:\"abcd\";",
			"abcd", 0},
		{"udp any any -> any any", "content:\"abcdefgh\"; fast_pattern:2,4;", "cdef", 0},
		{"udp any any -> any any", "content:\"|00 00|abcdef\";", "abcdef", 0},
		{"udp any any -> any any", "content:\"|00 00|\"; pcre:\"/x/\";", NULL, 0},
		{"udp any any -> any any", "content:!\"abcd\";", NULL, 0},
		{"udp any any -> any any", "content:\"abcd\"; offset:2; depth:8;", "abcd", 10},
		{"udp any any -> any any", "content:\"abcd\"; depth:1000;", "abcd", 0},
		{"udp any any -> any any", "content:\"abcd\"; startswith;", "abcd", 4},
		{"udp any any -> any any", "content:\"abcd\"; dsize:<50;", "abcd", 50},
		{"http any any -> any any",
			"http.method; content:\"PROPFIND\"; http.uri; content:\"/abcde\";",
			"/abcde", 0},
		{"http any any -> any any",
			"content:\"payload pattern\"; http.uri; content:\"/abcde\";", "/abcde", 0},
	};

	for (size_t i = 0; i < sizeof(k) / sizeof(k[0]); i++) {
		const struct ips_rule *r;
		struct ips_rules *rules;
		struct ips_crule c;
		struct ips_fast f;

		one_rule(k[i].head, k[i].options, &rules, &r, &c);
		ips_fast_choose(r, &c, &f);
		if (!k[i].want) {
			assert_null(f.list);
		} else if (!f.list || f.len != strlen(k[i].want) ||
			memcmp(f.data, k[i].want, f.len) || f.head != k[i].limit) {
			fail_msg("%s: %.*s, %u", k[i].options, f.len, (const char *)f.data, f.head);
		}
		ips_rules_free(rules);
	}
}

static int by_order(const void *a, const void *b)
{
	return ips_rule_order(
		*(const struct ips_rule *const *)a, *(const struct ips_rule *const *)b, false);
}

static void order(void **state)
{
	static const uint32_t want[] = {3, 5, 2, 6, 7, 1, 8, 9, 4};
	const struct ips_rule *list[9];
	struct ips_rules *rules = rig_rules(
		"alert ip any any -> any any (msg:\"m\"; flowbits:isset,a; priority:1; sid:1;)\n"
		"reject ip any any -> any any (msg:\"m\"; sid:2;)\n"
		"pass ip any any -> any any (msg:\"m\"; sid:3;)\n"
		"alert ip any any -> any any (msg:\"m\"; priority:2; sid:4;)\n"
		"drop ip any any -> any any (msg:\"m\"; sid:5;)\n"
		"alert ip any any -> any any (msg:\"m\"; flowbits:set,a; priority:3; sid:6;)\n"
		"alert ip any any -> any any (msg:\"m\"; flowbits:isset,a; flowbits:set,b; "
		"priority:1; sid:7;)\n"
		"alert ip any any -> any any (msg:\"m\"; priority:1; sid:9;)\n"
		"alert ip any any -> any any (msg:\"m\"; priority:1; sid:8;)\n");

	assert_int_equal(ips_rules_count(rules), 9);
	for (uint32_t i = 0; i < 9; i++)
		list[i] = ips_rules_at(rules, i);
	qsort(list, 9, sizeof(list[0]), by_order);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(list[i]->sid, want[i]);
	ips_rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(patterns),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
