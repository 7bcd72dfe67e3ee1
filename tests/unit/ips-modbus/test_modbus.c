/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modbus/TCP: what requests read and write, which answers fit, what is not Modbus. */
#include "tests/unit/ips-http/talk.h"

#include "ips/rules/opt_parts.h"
#include "lib/util.h"

/* A request or answer: transaction, unit, function and so many more bytes. */
static void adu(
	struct talk *t, enum ips_dir dir, uint8_t id, uint8_t function, const char *p, uint8_t n)
{
	uint8_t b[260] = {0, id, 0, 0, 0, (uint8_t)(n + 2), 1, function};

	memcpy(b + 8, p, n);
	talk_bytes(t, dir, b, 8u + n);
}

static uint64_t number(struct talk *t, unsigned tx, enum ips_num num, unsigned i)
{
	uint64_t v = ~0ULL;

	return t->proto->number(&t->flow.app, talk_tx(t, tx), num, C2S, i, &v) ? v : ~0ULL;
}

#define NONE (~0ULL)

static void requests(size_t cut)
{
	struct talk t;

	talk_begin(&t, &ips_modbus_proto);
	t.cut = cut;
	adu(&t, C2S, 1, 3, "\0\20\0\3", 4);
	adu(&t, S2C, 1, 3, "\6\0\1\0\2\0\3", 7);
	assert_int_equal(number(&t, 0, IPS_NUM_MODBUS_FUNCTION, 0), 3);
	assert_int_equal(number(&t, 0, IPS_NUM_MODBUS_UNIT, 0), 1);
	assert_int_equal(number(&t, 0, IPS_NUM_MODBUS_ADDRESS, 0), 16);
	assert_int_equal(number(&t, 0, IPS_NUM_MODBUS_ADDRESS, 2), 18);
	assert_int_equal(number(&t, 0, IPS_NUM_MODBUS_ADDRESS, 3), NONE);
	assert_int_equal(number(&t, 0, IPS_NUM_MODBUS_VALUE, 0), NONE);
	assert_int_equal(
		number(&t, 0, IPS_NUM_MODBUS_ACCESS, 0), IPS_MODBUS_READ | IPS_MODBUS_HOLDING);
	adu(&t, C2S, 2, 16, "\0\4\0\2\4\1\2\3\4", 9);
	assert_int_equal(number(&t, 1, IPS_NUM_MODBUS_VALUE, 0), 0x102);
	assert_int_equal(number(&t, 1, IPS_NUM_MODBUS_VALUE, 1), 0x304);
	assert_int_equal(number(&t, 1, IPS_NUM_MODBUS_VALUE, 2), NONE);
	adu(&t, C2S, 3, 15, "\0\0\0\11\2\x05\1", 7);
	assert_int_equal(number(&t, 2, IPS_NUM_MODBUS_VALUE, 0), 1);
	assert_int_equal(number(&t, 2, IPS_NUM_MODBUS_VALUE, 1), 0);
	assert_int_equal(number(&t, 2, IPS_NUM_MODBUS_VALUE, 8), 1);
	assert_int_equal(number(&t, 2, IPS_NUM_MODBUS_VALUE, 9), NONE);
	adu(&t, C2S, 4, 8, "\0\4\0\0", 4);
	assert_int_equal(number(&t, 3, IPS_NUM_MODBUS_SUBFUNCTION, 0), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(talk_events(&t, i), 0);
	assert_true(talk_tx(&t, 0)->complete[S2C]);
	assert_false(talk_tx(&t, 1)->complete[S2C]);
	talk_end(&t);
}

static void test_requests(void **state)
{
	static const size_t cuts[] = {0, 1, 6, 7, 13};

	for (size_t i = 0; i < SK_ARRAY_SIZE(cuts); i++)
		requests(cuts[i]);
}

static void says(enum ips_dir dir, uint8_t function, const char *p, uint8_t n, const char *event)
{
	struct talk t;

	talk_begin(&t, &ips_modbus_proto);
	adu(&t, dir, 1, function, p, n);
	assert_true(talk_event(&t, 0, event));
	talk_end(&t);
}

static void test_events(void **state)
{
	struct talk t;

	says(S2C, 3, "\2\0\0", 3, "unsolicited_response");
	says(C2S, 0, "", 0, "invalid_function_code");
	says(C2S, 3, "\0\1\0\0", 4, "invalid_value");
	says(C2S, 1, "\0\1\x07\xd1", 4, "invalid_value");
	says(C2S, 5, "\0\1\0\1", 4, "invalid_value");
	says(C2S, 3, "\0\1", 2, "invalid_length");
	talk_begin(&t, &ips_modbus_proto);
	adu(&t, C2S, 1, 6, "\0\1\0\2", 4);
	adu(&t, S2C, 1, 6, "\0\1\0\3", 4);
	assert_true(talk_event(&t, 0, "value_mismatch"));
	adu(&t, C2S, 2, 6, "\0\1\0\2", 4);
	adu(&t, S2C, 2, 0x86, "\0", 1);
	assert_true(talk_event(&t, 1, "invalid_exception_code"));
	talk_end(&t);
}

static void test_not_modbus(void **state)
{
	struct talk t;

	talk_begin(&t, &ips_modbus_proto);
	talk_bytes(&t, C2S, "\0\1\0\1\0\2\1\1", 8); /* another protocol's number */
	assert_int_equal(t.flow.app.events[0], 1);
	adu(&t, C2S, 1, 3, "\0\1\0\1", 4);
	assert_int_equal(t.flow.app.tx_made, 1);
	talk_bytes(&t, C2S, "\0\1\0\0\1\0\1\1", 8); /* longer than any: the end of it */
	adu(&t, C2S, 2, 3, "\0\1\0\1", 4);
	assert_int_equal(t.flow.app.tx_made, 1);
	assert_int_equal(t.flow.app.events[0], 5);
	talk_end(&t);
}

/* Requests that nobody answers: bounded, and told. */
static void test_flood(void **state)
{
	bool flooded = false;
	struct talk t;

	talk_begin(&t, &ips_modbus_proto);
	for (unsigned i = 0; i < 2 * IPS_APP_TX_MAX; i++) {
		adu(&t, C2S, (uint8_t)i, 3, "\0\1\0\1", 4);
		assert_true(t.flow.app.tx_now <= IPS_APP_TX_MAX);
		flooded |= talk_event(&t, t.flow.app.tx_now - 1, "flooded");
		for (struct ips_tx *tx = t.flow.app.first; tx; tx = tx->next)
			tx->flags |= IPS_TX_LOGGED | IPS_TX_DONE_TOSERVER | IPS_TX_DONE_TOCLIENT;
		ips_app_reap(&t.flow.app, &t.ctx);
	}
	assert_true(flooded);
	talk_end(&t);
}

static void test_probe(void **state)
{
	static const uint8_t read[] = {0, 1, 0, 0, 0, 6, 1, 3, 0, 1, 0, 1},
			     other[] = {0, 1, 0, 0, 0, 7, 1, 3, 0, 1, 0, 1, 0};
	const struct ips_probe_row *row = ips_modbus_probes;

	assert_int_equal(row->probe(read, 12, C2S, false), IPS_PROBE_YES);
	assert_int_equal(row->probe(read, 7, C2S, false), IPS_PROBE_MORE);
	assert_int_equal(row->probe(other, 13, C2S, false), IPS_PROBE_NO);
	assert_int_equal(row->probe(other, 13, C2S, true), IPS_PROBE_YES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_not_modbus),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
