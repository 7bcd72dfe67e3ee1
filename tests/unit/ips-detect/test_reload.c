/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other rules in the middle of flows and transactions; the cache of compiled databases. */
#include "tests/unit/ips-detect/rig.h"

#include <stdlib.h>

#define TS IPS_TOSERVER

static const char *const old_rules =
	"alert http any any -> any any (msg:\"u\"; http.uri; content:\"/a\"; "
	"http.user_agent; content:\"agent\"; sid:1;)\n"
	"alert tcp any any -> any any (msg:\"s\"; content:\"GET /evil\"; sid:2;)\n";
static const char *const new_rules =
	"alert tcp any any -> any any (msg:\"s\"; content:\"other\"; sid:7;)\n"
	"alert http any any -> any any (msg:\"q\"; http.uri; content:\"/a\"; sid:8;)\n"
	"alert http any any -> any any (msg:\"h\"; http.host; to_lowercase; content:\"h\"; "
	"sid:9;)\n"
	"alert http any any -> any any (msg:\"u\"; http.uri; content:\"/a\"; "
	"http.user_agent; content:\"agent\"; sid:1;)\n";

/* An unfinished transaction is inspected anew; what is done stays done. */
static void transactions(void **state)
{
	struct rig_tx tx, done;
	struct rig r;

	rig_init(&r, true, old_rules);
	rig_app(&r, IPS_P_HTTP1);
	rig_tx_add(&r, &done);
	rig_set(&done, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/a");
	rig_complete(&done, TS);
	rig_tx_add(&r, &tx);
	rig_set(&tx, IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/a");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "");
	rig_swap_rules(&r, new_rules);
	rig_set(&tx, IPS_BUF_HTTP_USER_AGENT, TS, IPS_BUF_FULL, "agent");
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~,8~");
	rig_swap_rules(&r, old_rules);
	rig_complete(&tx, TS);
	assert_string_equal(rig_packet(&r, TS, NULL, NULL), "1~");
	rig_done(&r);
}

/* Half-seen patterns of the old rules mean nothing to the new ones. */
static void streams(void **state)
{
	struct ips_raw raw = rig_raw("GET /", 0, 0);
	struct rig r;

	rig_init(&r, true, old_rules);
	assert_string_equal(rig_packet(&r, TS, "GET /", &raw), "");
	rig_swap_rules(&r, new_rules);
	raw = rig_raw("GET /evil", 5, 0);
	assert_string_equal(rig_packet(&r, TS, "evil", &raw), "");
	rig_swap_rules(&r, old_rules);
	raw = rig_raw("GET /evil", 8, 0);
	assert_string_equal(rig_packet(&r, TS, "l", &raw), "2~");
	rig_done(&r);
}

static void flowbits_stay(void **state)
{
	struct rig r;

	rig_init(&r, true,
		"alert udp any any -> any any (msg:\"s\"; dsize:3; flowbits:set,x; noalert; "
		"sid:1;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "abc", NULL), "");
	rig_swap_rules(&r,
		"alert udp any any -> any any (msg:\"o\"; flowbits:isset,y; sid:2;)\n"
		"alert udp any any -> any any (msg:\"i\"; flowbits:isset,x; sid:3;)\n");
	assert_string_equal(rig_packet(&r, TS, "a", NULL), "3");
	rig_done(&r);
}

static struct ips_ruleset *compile(const char *text, struct sk_buf *cache, bool *cached)
{
	struct ips_view v = {cache->data, (uint32_t)cache->len};
	struct ips_ruleset *rs = NULL;
	struct sk_err err;

	assert_int_equal(ips_ruleset_compile(&rs, rig_rules(text), NULL, NULL, v, cached, &err), 0);
	return rs;
}

/* The cache serves the same rules alone, and damage is noticed. */
static void cache(void **state)
{
	struct ips_ruleset *rs;
	struct sk_buf b, bad;
	bool cached = true;
	uint8_t key[2][32];

	sk_buf_init(&b, 64 << 20);
	sk_buf_init(&bad, 64 << 20);
	rs = compile(new_rules, &b, &cached);
	assert_false(cached);
	ips_ruleset_key(rs, key[0]);
	assert_int_equal(ips_ruleset_save(rs, &b), 0);
	ips_ruleset_unref(rs);
	rs = compile(new_rules, &b, &cached);
	assert_true(cached);
	ips_ruleset_key(rs, key[1]);
	assert_memory_equal(key[0], key[1], 32);
	ips_ruleset_unref(rs);
	rs = compile(old_rules, &b, &cached);
	assert_false(cached);
	ips_ruleset_key(rs, key[1]);
	assert_memory_not_equal(key[0], key[1], 32);
	ips_ruleset_unref(rs);
	for (size_t cut = 0; cut < b.len; cut += 1 + b.len / 40) {
		sk_buf_reset(&bad);
		sk_buf_put(&bad, b.data, cut);
		rs = compile(new_rules, &bad, &cached);
		assert_false(cached);
		assert_true(ips_ruleset_info(rs)->databases > 0);
		ips_ruleset_unref(rs);
	}
	sk_buf_done(&b);
	sk_buf_done(&bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions),
		cmocka_unit_test(streams),
		cmocka_unit_test(flowbits_stay),
		cmocka_unit_test(cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
