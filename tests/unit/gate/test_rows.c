/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the gate: one a port and device, bounded, and what a port with them hears. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fw/gate/rows.h"
#include "fw/nft/gate_plan.h"

static const uint8_t seed[16] = {1};

static struct fw_gate_row row(
	const char *port, uint32_t n, enum fw_gate_state state, uint64_t until)
{
	const uint8_t mac[6] = {
		2, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	return (struct fw_gate_row){fw_gate_key(port, mac), state, until};
}

static void one_a_port_and_device(void **state)
{
	struct fw_gate_rows *t = fw_gate_rows_new(seed);
	struct fw_gate_row a = row("lan1", 1, FW_GATE_ADMITTED, 100);
	const struct fw_gate_row b = row("lan2", 1, FW_GATE_QUARANTINED, 50);

	assert_int_equal(fw_gate_rows_next(t), UINT64_MAX);
	assert_int_equal(fw_gate_rows_put(t, &a), 0);
	assert_int_equal(fw_gate_rows_put(t, &b), 0);
	assert_int_equal(fw_gate_rows_next(t), 50);
	a.until = 200;
	assert_int_equal(fw_gate_rows_put(t, &a), 0);
	assert_int_equal(fw_gate_rows_count(t), 2);
	assert_int_equal(fw_gate_rows_get(t, &a.key)->until, 200);
	assert_int_equal(fw_gate_rows_get(t, &b.key)->state, FW_GATE_QUARANTINED);
	fw_gate_rows_del(t, &b.key);
	assert_null(fw_gate_rows_get(t, &b.key));
	fw_gate_rows_free(t);
}

static void bounded(void **state)
{
	struct fw_gate_rows *t = fw_gate_rows_new(seed);
	struct fw_gate_row r;
	size_t n = 0;

	for (uint32_t i = 0; i < FW_GATE_ROWS_MAX; i++) {
		r = row("lan1", i, FW_GATE_ADMITTED, i);
		assert_int_equal(fw_gate_rows_put(t, &r), 0);
	}
	r = row("lan1", FW_GATE_ROWS_MAX, FW_GATE_ADMITTED, 1);
	assert_int_equal(fw_gate_rows_put(t, &r), -ENOSPC);
	struct fw_gate_row *v = fw_gate_rows_array(t, &n);
	assert_int_equal(n, FW_GATE_ROWS_MAX);
	for (size_t i = 1; i < n; i++)
		assert_true(memcmp(&v[i - 1].key, &v[i].key, sizeof(v[i].key)) < 0);
	free(v);
	fw_gate_rows_free(t);
}

/* Who listens decides what a port hears of frames to all, and for how long. */
static void groups(void **state)
{
	const struct fw_gate_port open = {.mode = FW_GATE_ENFORCE, .quarantine = true};
	const struct fw_gate_port shut = {.mode = FW_GATE_ENFORCE};
	struct fw_gate_rows *t = fw_gate_rows_new(seed);
	struct fw_gate_row r;
	struct fw_gate_tally tally;
	enum fw_gate_verdict v;
	uint64_t until = 0;

	fw_gate_rows_tally(t, "lan1", &tally);
	assert_false(fw_gate_verdict_group(&open, &tally, &v, &until));
	r = row("lan1", 1, FW_GATE_QUARANTINED, 300);
	fw_gate_rows_put(t, &r);
	r = row("lan2", 1, FW_GATE_ADMITTED, 900);
	fw_gate_rows_put(t, &r);
	fw_gate_rows_tally(t, "lan1", &tally);
	assert_true(fw_gate_verdict_group(&open, &tally, &v, &until));
	assert_int_equal(v, FW_GATE_V_OUT);
	assert_int_equal(until, 300);
	assert_true(fw_gate_verdict_group(&shut, &tally, &v, &until));
	assert_int_equal(v, FW_GATE_V_DROP);
	r = row("lan1", 2, FW_GATE_ADMITTED, 100);
	fw_gate_rows_put(t, &r);
	r = row("lan1", 3, FW_GATE_ADMITTED, 200);
	fw_gate_rows_put(t, &r);
	fw_gate_rows_tally(t, "lan1", &tally);
	assert_true(fw_gate_verdict_group(&open, &tally, &v, &until));
	assert_int_equal(v, FW_GATE_V_ACCEPT);
	assert_int_equal(until, 200); /* not as long as the quarantined one stays */
	fw_gate_rows_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_a_port_and_device),
		cmocka_unit_test(bounded),
		cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests_name("gate-rows", tests, NULL, NULL);
}
