/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folding loses nothing: every packet is reported, counted in a summary, or reported for want of
 * room. */
#include "tests/unit/fwd/unit.h"

#include "fw/fwd/fold.h"

static const uint8_t seed[16] = {1};

static struct fwd_event drop(uint32_t src, uint16_t port, int64_t ts)
{
	struct fwd_event e = {.verdict = FW_LOG_DROP, .reason = "no_rule", .rule = 13, .ts_us = ts};

	e.pkt.family = 4;
	e.pkt.proto = 6;
	e.pkt.has_ports = true;
	e.pkt.dport = port;
	e.pkt.sport = (uint16_t)ts; /* differs in every packet, and does not matter */
	memcpy(e.pkt.src, &src, sizeof(src));
	return e;
}

struct got {
	size_t n;
	uint64_t packets;
	struct fwd_fold_sum last;
};

static void emit(const struct fwd_event *first, const struct fwd_fold_sum *sum, void *arg)
{
	struct got *g = arg;

	g->n++;
	g->packets += sum->count;
	g->last = *sum;
}

static void repeats(void **state)
{
	struct fwd_fold *f = fwd_fold_new(16, 60000000, seed);
	struct fwd_event e = drop(1, 80, 100);
	struct got g = {0};

	assert_int_equal(fwd_fold_add(f, &e, 1000), FWD_FOLD_FIRST);
	for (int i = 0; i < 5; i++) {
		e = drop(1, 80, 200 + i);
		assert_int_equal(fwd_fold_add(f, &e, 2000), FWD_FOLD_COUNTED);
	}
	e = drop(1, 81, 300);
	assert_int_equal(fwd_fold_add(f, &e, 2000), FWD_FOLD_FIRST);
	e = drop(2, 80, 300);
	assert_int_equal(fwd_fold_add(f, &e, 2000), FWD_FOLD_FIRST);

	fwd_fold_sweep(f, 60000999, emit, &g);
	assert_int_equal(g.n, 0);
	/* Only the window that counted something is reported. */
	fwd_fold_sweep(f, 60002000, emit, &g);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.last.count, 5);
	assert_int_equal(g.last.first_us, 200);
	assert_int_equal(g.last.last_us, 204);
	assert_int_equal(fwd_fold_windows(f), 0);
	e = drop(1, 80, 400);
	assert_int_equal(fwd_fold_add(f, &e, 60002001), FWD_FOLD_FIRST);
	fwd_fold_free(f);
}

static void reason_and_rule_separate(void **state)
{
	struct fwd_fold *f = fwd_fold_new(16, 60000000, seed);
	struct fwd_event e = drop(1, 80, 1);

	assert_int_equal(fwd_fold_add(f, &e, 1), FWD_FOLD_FIRST);
	e.rule = 1042;
	assert_int_equal(fwd_fold_add(f, &e, 1), FWD_FOLD_FIRST);
	snprintf(e.reason, sizeof(e.reason), "rule");
	assert_int_equal(fwd_fold_add(f, &e, 1), FWD_FOLD_FIRST);
	e.pkt.proto = 17;
	assert_int_equal(fwd_fold_add(f, &e, 1), FWD_FOLD_FIRST);
	assert_int_equal(fwd_fold_add(f, &e, 1), FWD_FOLD_COUNTED);
	fwd_fold_free(f);
}

static bool of_rule_19(const struct fwd_event *e)
{
	return e->rule == 19;
}

/* What the lists say is about to change: theirs are reported before, others go on. */
static void some_are_closed(void **state)
{
	struct fwd_fold *f = fwd_fold_new(16, 60000000, seed);
	struct fwd_event a = drop(1, 80, 1), b = drop(2, 80, 1);
	struct got g = {0};

	a.rule = 19;
	for (int i = 0; i < 3; i++) {
		fwd_fold_add(f, &a, 1);
		fwd_fold_add(f, &b, 1);
	}
	fwd_fold_close(f, of_rule_19, emit, &g);
	assert_int_equal(g.packets, 2);
	assert_int_equal(fwd_fold_windows(f), 1);
	assert_int_equal(fwd_fold_add(f, &a, 1), FWD_FOLD_FIRST);
	assert_int_equal(fwd_fold_add(f, &b, 1), FWD_FOLD_COUNTED);
	fwd_fold_free(f);
}

static void flood(void **state)
{
	struct fwd_fold *f = fwd_fold_new(1000, 60000000, seed);
	uint64_t reported = 0, sent = 0;
	struct got g = {0};

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t src = 0; src < 5000; src++) {
			struct fwd_event e = drop(src, 80, 1000 + round);

			sent++;
			reported += fwd_fold_add(f, &e, round) != FWD_FOLD_COUNTED;
		}
	}
	fwd_fold_sweep(f, UINT64_MAX, emit, &g);
	assert_int_equal(reported + g.packets, sent);
	assert_int_equal(fwd_fold_folded(f), 2000);
	assert_int_equal(fwd_fold_full(f), 12000);
	fwd_fold_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repeats),
		cmocka_unit_test(reason_and_rule_separate),
		cmocka_unit_test(some_are_closed),
		cmocka_unit_test(flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
