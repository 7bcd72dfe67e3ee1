/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bits and variables of flows: many of them, many flows, a pool that runs out; numbers of names. */
#include "ips/detect/state.h"
#include "lib/util.h"
#include "tests/unit/lib/unit.h"

static const uint8_t seed[16] = "flow state tests";

static void many_bits(void **state)
{
	struct ips_det_flow_pool *pool = ips_det_flow_pool_new(64);
	struct ips_flow f = {.id = 1};
	uint32_t v;

	assert_non_null(pool);
	for (uint32_t id = 1; id <= 300; id++)
		assert_true(ips_flowbit_set(pool, &f, id, true));
	for (uint32_t id = 1; id <= 300; id += 2)
		assert_true(ips_flowbit_set(pool, &f, id, false));
	for (uint32_t id = 1; id <= 300; id++)
		assert_int_equal(ips_flowbit_get(&f, id), id % 2 == 0);
	/* The freed places are used again: variables go where bits were. */
	for (uint32_t id = 1001; id <= 1150; id++)
		assert_true(ips_flowint_put(pool, &f, id, id * 3));
	for (uint32_t id = 1001; id <= 1150; id++) {
		assert_true(ips_flowint_get(&f, id, &v));
		assert_int_equal(v, id * 3);
	}
	assert_false(ips_flowint_get(&f, 1151, &v));
	assert_int_equal(ips_det_flow_pool_full(pool), 0);
	ips_det_flow_pool_gone(pool, &f);
	assert_null(f.det);
	assert_false(ips_flowbit_get(&f, 2));
	ips_det_flow_pool_gone(pool, &f);
	ips_det_flow_pool_free(pool);
}

static void pool_runs_out(void **state)
{
	struct ips_det_flow_pool *pool = ips_det_flow_pool_new(3);
	struct ips_flow f[4] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};

	for (unsigned i = 0; i < 3; i++)
		assert_true(ips_flowbit_set(pool, &f[i], 7, true));
	assert_false(ips_flowbit_set(pool, &f[3], 7, true));
	assert_false(ips_flowbit_get(&f[3], 7));
	assert_int_equal(ips_det_flow_pool_full(pool), 1);
	f[0].det->run = &f[0];
	f[0].det->progress[1] = 5;
	ips_det_flow_pool_gone(pool, &f[0]);
	assert_true(ips_flowbit_set(pool, &f[3], 8, true));
	assert_false(ips_flowbit_get(&f[3], 7)); /* nothing of the one before */
	assert_null(f[3].det->run);
	assert_int_equal(f[3].det->progress[1], 0);
	for (unsigned i = 0; i < 4; i++)
		ips_det_flow_pool_gone(pool, &f[i]);
	ips_det_flow_pool_free(pool);
}

static void bind(struct ips_state *s, int kind, const char *name, uint32_t *id, int want)
{
	const char *names[] = {name};
	struct ips_opt o = {.kind = (enum ips_opt_kind)kind};
	struct ips_rule r = {.conds = &o, .conds_n = 1};
	struct sk_err err = {0};

	o.bits.names = names;
	o.bits.ids = id;
	o.bits.n = 1;
	o.bits.track = IPS_TRACK_SRC;
	assert_int_equal(ips_state_bind(s, &r, &err), want);
	if (want < 0)
		assert_non_null(strstr(err.en, name));
}

/* The same name has the same number whenever it comes; kinds have names of their own. */
static void names(void **state)
{
	struct ips_state_config cfg;
	uint32_t a, b, c, again, x;
	struct ips_state *s;

	ips_state_config_default(&cfg);
	cfg.names = 4;
	cfg.hosts = cfg.thresholds = 16;
	s = ips_state_new(&cfg, seed);
	assert_non_null(s);
	bind(s, IPS_O_FLOWBITS, "a", &a, 0);
	bind(s, IPS_O_FLOWBITS, "b", &b, 0);
	bind(s, IPS_O_XBITS, "a", &x, 0);
	bind(s, IPS_O_HOSTBITS, "a", &c, 0);
	bind(s, IPS_O_FLOWBITS, "a", &again, 0);
	assert_true(a && b && x && a != b && a != x);
	assert_int_equal(a, again);
	assert_int_equal(x, c);
	bind(s, IPS_O_FLOWBITS, "c", &c, 0);
	bind(s, IPS_O_FLOWBITS, "one-too-many", &c, -ENOSPC);
	ips_state_free(s);
}

/* xbits of more addresses than there is room for: refused, counted, and room again once they end.
 */
static void many_hosts(void **state)
{
	uint32_t id = 5, kept = 0;
	struct ips_bits bits = {
		.cmd = IPS_BIT_SET, .ids = &id, .n = 1, .track = IPS_TRACK_SRC, .expire_s = 10};
	struct ips_packet p = {.family = 4};
	struct ips_state_config cfg;
	struct ips_state_stats st;
	struct ips_state *s;

	ips_state_config_default(&cfg);
	cfg.hosts = 128;
	cfg.thresholds = 16;
	s = ips_state_new(&cfg, seed);
	for (uint32_t i = 0; i < 1000; i++) {
		p.src.w[0] = i;
		ips_bits_act(s, &bits, &p, 5000000);
	}
	bits.cmd = IPS_BIT_ISSET;
	for (uint32_t i = 0; i < 1000; i++) {
		p.src.w[0] = i;
		kept += ips_bits_check(s, &bits, &p, 5000000);
	}
	ips_state_stats(s, &st);
	assert_true(kept > 100 && kept <= 128);
	assert_int_equal(st.hosts, kept);
	assert_int_equal(st.full, 1000 - kept);
	bits.cmd = IPS_BIT_SET;
	p.src.w[0] = 5000;
	ips_bits_act(s, &bits, &p, 20000000);
	bits.cmd = IPS_BIT_ISSET;
	assert_true(ips_bits_check(s, &bits, &p, 20000000));
	p.family = 0; /* no address, no bit */
	assert_false(ips_bits_check(s, &bits, &p, 20000000));
	ips_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_bits),
		cmocka_unit_test(pool_runs_out),
		cmocka_unit_test(names),
		cmocka_unit_test(many_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
