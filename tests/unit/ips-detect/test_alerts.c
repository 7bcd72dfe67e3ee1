/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of matches: order, the limit of a packet, pass, drop, thresholds. */
#include "tests/unit/ips-detect/rig.h"

#include <stdio.h>

#define TS IPS_TOSERVER
#define TC IPS_TOCLIENT

static void order(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert udp any any -> any any (msg:\"a\"; dsize:>0; priority:3; sid:1;)\n"
		"alert udp any any -> any any (msg:\"b\"; dsize:>0; priority:1; sid:2;)\n"
		"drop udp any any -> any any (msg:\"c\"; dsize:>0; priority:3; sid:3;)\n"
		"reject udp any any -> any any (msg:\"d\"; dsize:>0; priority:1; sid:4;)\n"
		"alert udp any any -> any any (msg:\"e\"; dsize:>0; priority:1; sid:5;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "3!,4!,2,5,1");
	rig_done(&r);
}

static void at_most(void **state)
{
	char text[4096];
	size_t k = 0;
	struct rig r;

	for (int i = 1; i <= 20; i++)
		k += (size_t)snprintf(text + k, sizeof(text) - k,
			"alert udp any any -> any any (msg:\"m\"; dsize:>0; sid:%d;)\n", i);
	rig_init(&r, false, text);
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15");
	assert_int_equal(ips_detect_stats(r.d)->discarded, 5);
	rig_done(&r);
}

/* What a pass rule lets go is not reported; the flow's flag is the engine's to set. */
static void pass(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"drop udp any any -> any any (msg:\"d\"; dsize:>0; sid:1;)\n"
		"pass udp any any -> any any (msg:\"p\"; content:\"friend\"; sid:2;)\n"
		"alert udp any any -> any any (msg:\"a\"; content:\"friend\"; sid:3;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "friend", NULL), "2*");
	assert_string_equal(rig_packet(&r, TS, "foe", NULL), "1!");
	r.flow.flags |= IPS_FLOW_PASS;
	assert_string_equal(rig_packet(&r, TS, "foe", NULL), "");
	rig_done(&r);
}

static void noalert(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"alert udp any any -> any any (msg:\"a\"; dsize:>0; noalert; sid:1;)\n"
		"drop udp any any -> any any (msg:\"d\"; dsize:>0; noalert; sid:2;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "2*!");
	rig_done(&r);
}

/* A limited rule keeps dropping after it stopped telling. */
static void thresholds(void **state)
{
	struct rig r;

	rig_init(&r, false,
		"drop udp any any -> any any (msg:\"l\"; dsize:>0; "
		"threshold:type limit, track by_src, count 1, seconds 60; sid:1;)\n"
		"alert udp any any -> any any (msg:\"t\"; dsize:>0; "
		"threshold:type threshold, track by_src, count 2, seconds 60; sid:2;)\n"
		"alert udp any any -> any any (msg:\"f\"; dsize:>0; "
		"detection_filter:track by_src, count 2, seconds 60; sid:3;)\n");
	rig_udp(&r);
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1!");
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1*!,2");
	assert_string_equal(rig_packet(&r, TS, "x", NULL), "1*!,3");
	rig_done(&r);
}

/* Of one rule in two transactions the later is told first. */
static void two_transactions(void **state)
{
	const struct ips_alert *a;
	struct rig_tx tx[2];
	struct rig r;

	rig_init(&r, false,
		"alert http any any -> any any (msg:\"u\"; http.uri; content:\"/evil\"; sid:1;)\n");
	rig_app(&r, IPS_P_HTTP1);
	for (int i = 0; i < 2; i++) {
		rig_tx_add(&r, &tx[i]);
		rig_set(&tx[i], IPS_BUF_HTTP_URI, TS, IPS_BUF_FULL, "/evil");
	}
	rig_fill(&r, TS, NULL);
	assert_int_equal(ips_detect_packet(r.d, &r.p, NULL, &a), 2);
	assert_ptr_equal(a[0].tx, &tx[1].tx);
	assert_ptr_equal(a[1].tx, &tx[0].tx);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(at_most),
		cmocka_unit_test(pass),
		cmocka_unit_test(noalert),
		cmocka_unit_test(thresholds),
		cmocka_unit_test(two_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
