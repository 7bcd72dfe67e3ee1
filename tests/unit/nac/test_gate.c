/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wanted and present: each difference is told once, and the gate's own list is made equal. */
#include "tests/unit/lib/unit.h"

#include "nac/port/gate.h"

struct told {
	size_t admit, close, quarantine;
};

static void tell(const struct nac_gate_row *row, void *arg)
{
	struct told *t = arg;

	t->admit += row->state == NAC_GATE_ADMITTED;
	t->close += row->state == NAC_GATE_CLOSED;
	t->quarantine += row->state == NAC_GATE_QUARANTINED;
}

static struct told changes(struct nac_gate *g)
{
	struct told t = {0};

	nac_gate_changes(g, 100000, tell, &t);
	return t;
}

static struct nac_gate_row row(unsigned i, enum nac_gate_state state, int64_t until)
{
	struct nac_gate_row r = {.port = "lan1",
		.mac = {{0, 1, 2, 3, (uint8_t)(i >> 8), (uint8_t)i}},
		.state = state,
		.until = until};

	return r;
}

static void want(struct nac_gate *g, unsigned i, enum nac_gate_state state, int64_t until)
{
	struct nac_gate_row r = row(i, state, until);

	assert_int_equal(nac_gate_want(g, &r), 0);
}

static void differences(void **state)
{
	struct nac_gate *g = nac_gate_new((const uint8_t[16]){1});
	struct told t;

	want(g, 1, NAC_GATE_ADMITTED, 100);
	want(g, 2, NAC_GATE_QUARANTINED, 100);
	t = changes(g);
	assert_int_equal(t.admit, 1);
	assert_int_equal(t.quarantine, 1);
	t = changes(g);
	assert_int_equal(t.admit + t.close + t.quarantine, 0);
	/* A little longer is the same, much longer is not. */
	want(g, 1, NAC_GATE_ADMITTED, 100 + NAC_GATE_SLACK);
	assert_int_equal(changes(g).admit, 0);
	want(g, 1, NAC_GATE_ADMITTED, 200);
	assert_int_equal(changes(g).admit, 1);
	/* In and out before anything was told: nothing. */
	want(g, 3, NAC_GATE_ADMITTED, 100);
	want(g, 3, NAC_GATE_CLOSED, 0);
	t = changes(g);
	assert_int_equal(t.admit + t.close, 0);
	want(g, 1, NAC_GATE_CLOSED, 0);
	assert_int_equal(changes(g).close, 1);
	want(g, 2, NAC_GATE_ADMITTED, 100);
	assert_int_equal(changes(g).admit, 1);
	assert_int_equal(nac_gate_count(g), 1);
	nac_gate_free(g);
}

static void listed(void **state)
{
	struct nac_gate *g = nac_gate_new((const uint8_t[16]){1});
	struct nac_gate_row r;
	struct told t;

	for (unsigned i = 1; i <= 4; i++)
		want(g, i, NAC_GATE_ADMITTED, 1000);
	changes(g);
	nac_gate_list_begin(g);
	r = row(1, NAC_GATE_ADMITTED, 1000); /* as wanted */
	nac_gate_list_row(g, &r);
	r = row(2, NAC_GATE_QUARANTINED, 1000); /* another state */
	nac_gate_list_row(g, &r);
	r = row(3, NAC_GATE_ADMITTED, 500); /* another end */
	nac_gate_list_row(g, &r);
	r = row(9, NAC_GATE_ADMITTED, 1000); /* a stranger; and 4 is not there */
	nac_gate_list_row(g, &r);
	nac_gate_list_end(g);
	t = changes(g);
	assert_int_equal(t.admit, 3);
	assert_int_equal(t.close, 1);
	assert_int_equal(nac_gate_count(g), 4);
	nac_gate_free(g);
}

static void full(void **state)
{
	struct nac_gate *g = nac_gate_new((const uint8_t[16]){1});
	struct nac_gate_row r;

	for (unsigned i = 0; i < NAC_GATE_ROWS; i++)
		want(g, i, NAC_GATE_ADMITTED, 100);
	r = row(NAC_GATE_ROWS, NAC_GATE_ADMITTED, 100);
	assert_int_equal(nac_gate_want(g, &r), -ENOSPC);
	assert_int_equal(nac_gate_count(g), NAC_GATE_ROWS);
	assert_int_equal(nac_gate_wanted(g, "lan1", &r.mac), NAC_GATE_CLOSED);
	assert_int_equal(changes(g).admit, NAC_GATE_ROWS);
	nac_gate_free(g);
}

static void over(void **state)
{
	struct nac_gate *g = nac_gate_new((const uint8_t[16]){1});
	struct told t;

	want(g, 1, NAC_GATE_ADMITTED, 100);
	want(g, 2, NAC_GATE_ADMITTED, 200);
	changes(g);
	nac_gate_expire(g, 100);
	assert_int_equal(nac_gate_count(g), 1);
	t = changes(g);
	assert_int_equal(t.close, 0); /* the kernel forgot it by itself */
	nac_gate_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(listed),
		cmocka_unit_test(full),
		cmocka_unit_test(over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
