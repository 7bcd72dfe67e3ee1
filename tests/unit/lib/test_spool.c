/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every event reaches the subscriber at least once, in order, or is counted as lost. */
#include "tests/unit/lib/unit.h"

#include <errno.h>

#include "lib/spool.h"

static void put(struct sk_spool *s, const char *text)
{
	assert_int_equal(sk_spool_put(s, text, strlen(text)), 0);
}

static void frames_and_acks(void **state)
{
	struct sk_spool *s = sk_spool_new(1 << 20);
	struct sk_spool_frame f;

	assert_false(sk_spool_next(s, 1 << 20, &f));
	put(s, "{\"a\":1}");
	put(s, "{\"a\":2}");
	assert_true(sk_spool_waiting(s));
	assert_true(sk_spool_next(s, 1 << 20, &f));
	assert_int_equal(f.first, 1);
	assert_int_equal(f.last, 2);
	assert_int_equal(f.len, 15);
	assert_memory_equal(f.text, "{\"a\":1},{\"a\":2}", 15);
	assert_false(sk_spool_next(s, 1 << 20, &f));
	put(s, "{\"a\":3}");
	assert_true(sk_spool_next(s, 1 << 20, &f));
	assert_int_equal(f.first, 3);
	sk_spool_ack(s, 2);
	assert_int_equal(sk_spool_events(s), 1);
	sk_spool_ack(s, 99); /* never given out */
	assert_int_equal(sk_spool_events(s), 1);
	/* The next subscriber gets what was not acknowledged. */
	sk_spool_rewind(s);
	assert_true(sk_spool_next(s, 1 << 20, &f));
	assert_int_equal(f.first, 3);
	sk_spool_ack(s, 3);
	assert_int_equal(sk_spool_bytes(s), 0);
	assert_int_equal(sk_spool_lost(s), 0);
	sk_spool_free(s);
}

static void window(void **state)
{
	struct sk_spool *s = sk_spool_new(64 << 20);
	struct sk_spool_frame f;
	char text[1000];
	size_t sent = 0;

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 1000; i++)
		assert_int_equal(sk_spool_put(s, text, sizeof(text)), 0);
	while (sk_spool_next(s, 300000, &f))
		sent += f.len;
	assert_in_range(sent, 300000, 300000 + SK_SPOOL_FRAME);
	assert_true(sk_spool_waiting(s));
	sk_spool_ack(s, f.last);
	assert_true(sk_spool_next(s, 300000, &f));
	sk_spool_free(s);
}

static void overflow(void **state)
{
	struct sk_spool *s = sk_spool_new(1 << 20);
	uint64_t got = 0, last = 0, total = 20000;
	struct sk_spool_frame f;
	char text[500];

	memset(text, 'x', sizeof(text));
	assert_int_equal(sk_spool_put(s, text, sizeof(text)), 0);
	/* In flight: must survive the overflow. */
	assert_true(sk_spool_next(s, 1 << 20, &f));
	assert_int_equal(f.last, 1);
	for (uint64_t i = 1; i < total; i++)
		assert_int_equal(sk_spool_put(s, text, sizeof(text)), 0);
	assert_in_range(sk_spool_bytes(s), 1 << 19, (1 << 20) + 2 * SK_SPOOL_FRAME);
	assert_true(sk_spool_lost(s) > 0);
	assert_int_equal(sk_spool_events(s) + sk_spool_lost(s), total);
	sk_spool_rewind(s);
	while (sk_spool_next(s, 64 << 20, &f)) {
		assert_true(f.first > last);
		got += f.last - f.first + 1;
		last = f.last;
	}
	assert_int_equal(got + sk_spool_lost(s), total);
	assert_int_equal(last, total);
	sk_spool_ack(s, last);
	assert_int_equal(sk_spool_events(s), 0);
	sk_spool_free(s);
}

static void too_large(void **state)
{
	struct sk_spool *s = sk_spool_new(1 << 20);
	char *text = calloc(1, SK_SPOOL_EVENT);

	assert_int_equal(sk_spool_put(s, text, SK_SPOOL_EVENT), -EMSGSIZE);
	assert_int_equal(sk_spool_put(s, text, 0), -EMSGSIZE);
	assert_int_equal(sk_spool_lost(s), 2);
	assert_int_equal(sk_spool_seq(s), 0);
	free(text);
	sk_spool_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_and_acks),
		cmocka_unit_test(window),
		cmocka_unit_test(overflow),
		cmocka_unit_test(too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
