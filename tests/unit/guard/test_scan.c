/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who tried how many ports and hosts in how long; and what was reported a while ago. */
#include "tests/unit/fwd/unit.h"

#include "fw/guard/scan.h"
#include "fw/guard/seen.h"

static const uint8_t seed[16] = {7, 3};

static struct fw_guard limits(uint32_t ports, uint32_t hosts, uint32_t window)
{
	struct fw_guard g;

	fw_guard_init(&g);
	g.scan_ports = ports;
	g.scan_hosts = hosts;
	g.window = window;
	return g;
}

static struct fw_ip v4(uint32_t a)
{
	return (struct fw_ip){4, a};
}

static struct fw_scan_try attempt(uint32_t src, uint32_t dst, uint16_t port)
{
	return (struct fw_scan_try){
		.src = v4(src), .dst = v4(dst), .proto = 6, .has_port = true, .port = port};
}

static enum fw_scan_result add(
	struct fw_scan *s, struct fw_scan_try t, const struct fw_guard *g, uint32_t now)
{
	return fw_scan_add(s, &t, g, now);
}

/* The n-th different port crosses the limit, repeats never do. */
static void ports(void **state)
{
	struct fw_scan *s = fw_scan_new(16, seed);
	const struct fw_guard g = limits(5, 0, 60);

	for (int round = 0; round < 3; round++) {
		for (uint16_t p = 1; p < 5; p++)
			assert_int_equal(add(s, attempt(1, 9, p), &g, 100), FW_SCAN_NOTHING);
	}
	assert_int_equal(add(s, attempt(2, 9, 5), &g, 100), FW_SCAN_NOTHING); /* somebody else */
	assert_int_equal(add(s, attempt(1, 8, 5), &g, 100), FW_SCAN_PORTS);
	/* it starts from zero */
	assert_int_equal(fw_scan_sources(s), 1);
	assert_int_equal(add(s, attempt(1, 8, 6), &g, 100), FW_SCAN_NOTHING);
	/* the same number in UDP is another port */
	struct fw_scan_try t = attempt(1, 8, 6);
	t.proto = 17;
	for (uint16_t p = 6; p < 9; p++) {
		t.port = p;
		assert_int_equal(add(s, t, &g, 100), FW_SCAN_NOTHING);
	}
	t.port = 9;
	assert_int_equal(add(s, t, &g, 100), FW_SCAN_PORTS);
	fw_scan_free(s);
}

static void hosts(void **state)
{
	struct fw_scan *s = fw_scan_new(16, seed);
	const struct fw_guard g = limits(100, 4, 60);
	struct fw_scan_try t = attempt(1, 0, 445);

	t.src = (struct fw_ip){6, (unsigned __int128)0x20010db8 << 96 | 5};
	for (uint32_t h = 1; h < 4; h++) {
		t.dst = (struct fw_ip){6, (unsigned __int128)0x20010db8 << 96 | h << 16};
		assert_int_equal(add(s, t, &g, 1), FW_SCAN_NOTHING);
		assert_int_equal(add(s, t, &g, 1), FW_SCAN_NOTHING);
	}
	t.has_port = false; /* a ping counts as a host, too */
	t.proto = 58;
	t.dst.a += 77;
	assert_int_equal(add(s, t, &g, 1), FW_SCAN_HOSTS);
	fw_scan_free(s);
}

/* Old attempts do not count, fresh ones do, wherever the window is cut. */
static void window(void **state)
{
	struct fw_scan *s = fw_scan_new(16, seed);
	const struct fw_guard g = limits(5, 0, 10);

	for (uint32_t i = 0; i < 50; i++) /* one in three seconds: never five in ten */
		assert_int_equal(add(s, attempt(1, 9, (uint16_t)i), &g, 3 * i), FW_SCAN_NOTHING);
	fw_scan_forget(s, &(struct fw_ip){4, 1});
	assert_int_equal(fw_scan_sources(s), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(add(s, attempt(1, 9, (uint16_t)i), &g, 1008), FW_SCAN_NOTHING);
	/* in another ten seconds of the clock, within ten of theirs */
	assert_int_equal(add(s, attempt(1, 9, 4), &g, 1017), FW_SCAN_PORTS);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(add(s, attempt(1, 9, (uint16_t)i), &g, 2000), FW_SCAN_NOTHING);
	assert_int_equal(add(s, attempt(1, 9, 4), &g, 2010), FW_SCAN_NOTHING);
	fw_scan_free(s);
}

static void off(void **state)
{
	struct fw_scan *s = fw_scan_new(16, seed);
	const struct fw_guard g = limits(0, 0, 10);

	for (uint16_t p = 1; p < 200; p++)
		assert_int_equal(add(s, attempt(1, p, p), &g, 1), FW_SCAN_NOTHING);
	assert_int_equal(fw_scan_sources(s), 0);
	fw_scan_free(s);
}

/* The largest limit is reached exactly. */
static void largest(void **state)
{
	struct fw_scan *s = fw_scan_new(4, seed);
	const struct fw_guard g = limits(FW_GUARD_DISTINCT_MAX, FW_GUARD_DISTINCT_MAX, 600);

	for (uint16_t p = 1; p < FW_GUARD_DISTINCT_MAX; p++)
		assert_int_equal(add(s, attempt(1, 9, p), &g, p), FW_SCAN_NOTHING);
	assert_int_equal(add(s, attempt(1, 9, 5000), &g, 200), FW_SCAN_PORTS);
	fw_scan_free(s);
}

/* A flood of sources takes the places of those that were quiet, not of who scans. */
static void many_sources(void **state)
{
	struct fw_scan *s = fw_scan_new(8, seed);
	const struct fw_guard g = limits(5, 0, 60);

	for (uint16_t p = 1; p < 5; p++) {
		assert_int_equal(add(s, attempt(1, 9, p), &g, 1), FW_SCAN_NOTHING);
		for (uint32_t i = 0; i < 7; i++)
			add(s, attempt(1000 + p * 100u + i, 9, 80), &g, 1);
	}
	assert_int_equal(fw_scan_sources(s), 8);
	assert_int_equal(fw_scan_evicted(s), 21);
	assert_int_equal(add(s, attempt(1, 9, 5), &g, 1), FW_SCAN_PORTS);
	/* one more of the others each time, and it is forgotten */
	for (uint16_t p = 1; p < 20; p++) {
		assert_int_equal(add(s, attempt(1, 9, p), &g, 1), FW_SCAN_NOTHING);
		for (uint32_t i = 0; i < 8; i++)
			add(s, attempt(9000 + p * 100u + i, 9, 80), &g, 1);
	}
	fw_scan_free(s);
}

static void seen(void **state)
{
	struct fw_seen *s = fw_seen_new(2, seed);
	const struct fw_ip a = v4(1), b = v4(2);

	assert_true(fw_seen_add(s, &a, FW_GUARD_SCAN, false, 1000, 500));
	assert_false(fw_seen_add(s, &a, FW_GUARD_SCAN, false, 1499, 500));
	assert_true(fw_seen_add(s, &a, FW_GUARD_SCAN, false, 1500, 500)); /* again after a while */
	assert_true(fw_seen_add(s, &a, FW_GUARD_SCAN, true, 1500, 500));  /* as a destination */
	assert_int_equal(fw_seen_full(s), 0);
	assert_false(fw_seen_add(s, &b, FW_GUARD_SYN, false, 1500, 500)); /* no room: not told */
	assert_int_equal(fw_seen_full(s), 1);
	fw_seen_sweep(s, 1999);
	assert_false(fw_seen_add(s, &b, FW_GUARD_SYN, false, 1999, 500));
	fw_seen_sweep(s, 2000);
	assert_true(fw_seen_add(s, &b, FW_GUARD_SYN, false, 2000, 500));
	fw_seen_free(s);
	fw_seen_free(NULL);
	fw_scan_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(hosts),
		cmocka_unit_test(window),
		cmocka_unit_test(off),
		cmocka_unit_test(largest),
		cmocka_unit_test(many_sources),
		cmocka_unit_test(seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
