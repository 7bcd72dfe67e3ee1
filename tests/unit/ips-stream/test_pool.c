/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages and segments against a plain array that says which bytes are there. */
#include "tests/unit/lib/unit.h"

#include "ips/stream/pool.h"
#include "lib/util.h"

#define NONE UINT32_MAX

static void pages_are_found_and_given_back(void **state)
{
	struct pool p;
	struct store a, b;
	uint8_t data[5000], back[5000];
	uint32_t n;

	assert_int_equal(pool_init(&p, 0), 0);
	store_init(&a);
	store_init(&b);
	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 3 + i / 256);
	assert_true(store_reserve(&p, &a, 1000, 5000));
	assert_int_equal(a.pages, 6);
	assert_true(store_reserve(&p, &a, 1000, 5000)); /* they are there already */
	assert_int_equal(p.pages_used, 6);
	store_write(&p, &a, 1000, data, 5000);
	store_read(&p, &a, 1000, back, 5000);
	assert_memory_equal(data, back, 5000);
	assert_true(store_equal(&p, &a, 1300, data + 300, 2000));
	data[2299] ^= 1;
	assert_false(store_equal(&p, &a, 1300, data + 300, 2000));
	assert_ptr_not_equal(store_at(&p, &a, 1023, &n), NULL);
	assert_int_equal(n, 1);
	/* Far away and in between, in any order. */
	assert_true(store_reserve(&p, &a, 1ULL << 40, 10));
	assert_true(store_reserve(&p, &a, 20 * PAGE, 10));
	assert_true(store_reserve(&p, &a, 0, 1));
	store_write(&p, &a, 20 * PAGE, data, 10);
	store_write(&p, &a, 1ULL << 40, data + 10, 10);
	assert_true(store_equal(&p, &a, 20 * PAGE, data, 10));
	assert_true(store_equal(&p, &a, 1ULL << 40, data + 10, 10));
	/* All or nothing. */
	assert_false(store_reserve(&p, &b, 0, p.pages * PAGE));
	assert_int_equal(b.pages, 0);
	n = p.pages - p.pages_used;
	assert_true(store_reserve(&p, &b, 0, n * PAGE));
	assert_false(store_reserve(&p, &b, (uint64_t)n * PAGE, 1));
	assert_true(store_reserve(&p, &b, n * PAGE - 1, 1));
	store_clear(&p, &a);
	store_clear(&p, &b);
	assert_int_equal(p.pages_used, 0);
	pool_done(&p);
}

static void segments_say_what_is_there(void **state)
{
	struct pool p;
	struct store st;
	uint32_t a, b;

	assert_int_equal(pool_init(&p, 0), 0);
	store_init(&st);
	assert_int_equal(store_seg_after(&p, &st, 0), NONE);
	b = store_seg_add(&p, &st, NONE, 100, 50, 0);
	a = store_seg_add(&p, &st, b, 10, 20, 0);
	store_seg_add(&p, &st, NONE, 150, 10, 0);
	assert_int_equal(st.seg_head, a);
	assert_int_equal(store_seg_after(&p, &st, 0), a);
	assert_int_equal(store_seg_after(&p, &st, 29), a);
	assert_int_equal(store_seg_after(&p, &st, 30), b);
	assert_int_equal(store_seg_after(&p, &st, 160), NONE);
	assert_int_equal(store_run(&p, &st, 10, 1000), 30);
	assert_int_equal(store_run(&p, &st, 15, 20), 20);
	assert_int_equal(store_run(&p, &st, 110, 1000), 160);
	assert_int_equal(store_run(&p, &st, 50, 1000), 50);
	assert_int_equal(store_run_back(&p, &st, 155, 0), 100);
	assert_int_equal(store_run_back(&p, &st, 155, 120), 120);
	assert_int_equal(store_run_back(&p, &st, 100, 0), 100);
	assert_int_equal(store_run_back(&p, &st, 0, 0), 0);
	store_trim(&p, &st, 120);
	assert_int_equal(st.segs, 2);
	assert_int_equal(p.seg[st.seg_head].off, 120);
	assert_int_equal(p.seg[st.seg_head].lead, 20);
	store_seg_del(&p, &st, st.seg_head);
	store_trim(&p, &st, 1000);
	assert_int_equal(p.segs_used, 0);
	while (store_seg_add(&p, &st, NONE, 0, 1, 0) != NONE)
		;
	assert_int_equal(p.segs_used, p.segs);
	store_clear(&p, &st);
	pool_done(&p);
}

static void agrees_with_an_array(void **state)
{
	enum { SPACE = 30000, STEPS = 3000 };
	static uint8_t bytes[SPACE];
	static bool there[SPACE];
	struct pool p;
	struct store st;
	uint32_t rnd = 9;
	uint64_t base = 0;

	assert_int_equal(pool_init(&p, 64 * 1100), 0);
	store_init(&st);
	for (unsigned s = 0; s < STEPS; s++) {
		uint32_t off, len, i;
		uint8_t data[900];

		rnd = rnd * 1103515245 + 12345;
		off = (rnd >> 8) % (SPACE - 1000);
		len = (rnd >> 4) % 900 + 1;
		if (off < base || s % 97 == 96) {
			base += s % 7 == 0 ? 200 : 0;
			store_trim(&p, &st, base);
			for (i = 0; i < base; i++)
				there[i] = false;
			continue;
		}
		/* Only into holes, as the reassembly does it. */
		i = store_seg_after(&p, &st, off);
		if (i != NONE && p.seg[i].off < off + len)
			len = p.seg[i].off > off ? (uint32_t)p.seg[i].off - off : 0;
		if (len == 0 || !store_reserve(&p, &st, off, len))
			continue;
		memset(data, (int)s, len);
		store_write(&p, &st, off, data, len);
		if (store_seg_add(&p, &st, i, off, len, 0) == NONE)
			continue;
		memcpy(bytes + off, data, len);
		memset(there + off, 1, len);
	}
	for (uint32_t at = (uint32_t)base; at < SPACE; at++) {
		uint64_t run = store_run(&p, &st, at, SPACE), want = at;

		while (want < SPACE && there[want])
			want++;
		assert_int_equal(run, want);
		assert_true(store_equal(&p, &st, at, bytes + at, (uint32_t)(run - at)));
	}
	store_clear(&p, &st);
	assert_int_equal(p.pages_used, 0);
	pool_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_found_and_given_back),
		cmocka_unit_test(segments_say_what_is_there),
		cmocka_unit_test(agrees_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
