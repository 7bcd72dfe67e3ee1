/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bounded table against a plain array that says what must be in it, with keys an attacker would
 * choose and at its capacity.
 */
#include "tests/unit/lib/unit.h"

#include "lib/table.h"

static const uint8_t seed[16] = {1, 2, 3};

static void put_get_del(void **state)
{
	struct sk_table *t = sk_table_new(4, 6, sizeof(uint64_t), seed);
	uint64_t *v;

	assert_null(sk_table_get(t, "aaaaaa"));
	v = sk_table_put(t, "aaaaaa");
	assert_true(*v == 0);
	*v = 9;
	assert_ptr_equal(sk_table_put(t, "aaaaaa"), v);
	assert_ptr_equal(sk_table_get(t, "aaaaaa"), v);
	assert_int_equal(sk_table_count(t), 1);
	sk_table_del(t, "bbbbbb");
	assert_int_equal(sk_table_count(t), 1);
	sk_table_del(t, "aaaaaa");
	assert_null(sk_table_get(t, "aaaaaa"));
	/* Memory of a deleted entry comes back zeroed. */
	assert_true(*(uint64_t *)sk_table_put(t, "cccccc") == 0);
	sk_table_free(t);
	sk_table_free(NULL);
}

static void full_table_says_so(void **state)
{
	struct sk_table *t = sk_table_new(1000, sizeof(uint32_t), 1, seed);

	for (uint32_t k = 0; k < 1000; k++)
		assert_non_null(sk_table_put(t, &k));
	assert_null(sk_table_put(t, &(uint32_t){1000}));
	assert_non_null(sk_table_put(t, &(uint32_t){999}));
	sk_table_del(t, &(uint32_t){500});
	assert_non_null(sk_table_put(t, &(uint32_t){1000}));
	assert_null(sk_table_put(t, &(uint32_t){500}));
	assert_int_equal(sk_table_count(t), 1000);
	sk_table_free(t);
}

static void refuses_impossible_sizes(void **state)
{
	assert_null(sk_table_new(0, 4, 4, seed));
	assert_null(sk_table_new(SIZE_MAX, 4, 4, seed));
	assert_null(sk_table_new(UINT32_MAX, 4, 4, seed));
	assert_null(sk_table_new(1u << 31, SIZE_MAX / 2, 4, seed));
	assert_null(sk_table_new(4, 0, 4, seed));
}

static void agrees_with_a_model(void **state)
{
	enum { KEYS = 300, CAP = 100, STEPS = 200000 };
	struct sk_table *t = sk_table_new(CAP, sizeof(uint16_t), sizeof(uint32_t), seed);
	uint32_t model[KEYS] = {0}; /* 0: absent */
	uint32_t rnd = 12345, n = 0;

	for (uint32_t step = 1; step <= STEPS; step++) {
		uint16_t k;
		uint32_t *v;

		rnd = rnd * 1664525 + 1013904223;
		k = (uint16_t)((rnd >> 8) % KEYS);
		if (rnd >> 31) {
			v = sk_table_put(t, &k);
			if (!v) {
				assert_int_equal(n, CAP);
				assert_int_equal(model[k], 0);
				continue;
			}
			assert_int_equal(*v, model[k]);
			n += model[k] == 0;
			*v = model[k] = step;
		} else {
			sk_table_del(t, &k);
			n -= model[k] != 0;
			model[k] = 0;
		}
		assert_int_equal(sk_table_count(t), n);
		v = sk_table_get(t, &k);
		assert_int_equal(v ? *v : 0, model[k]);
	}
	sk_table_free(t);
}

struct walk {
	struct sk_table *t;
	unsigned seen, sum;
};

static bool drop_odd(const void *key, void *val, void *arg)
{
	struct walk *w = arg;
	uint32_t k;

	memcpy(&k, key, sizeof(k));
	w->seen++;
	w->sum += *(uint32_t *)val;
	return k % 2;
}

static bool drop_other(const void *key, void *val, void *arg)
{
	struct walk *w = arg;
	uint32_t k;

	memcpy(&k, key, sizeof(k));
	w->seen++;
	sk_table_del(w->t, &(uint32_t){k ^ 1});
	return false;
}

static bool drop_self_twice(const void *key, void *val, void *arg)
{
	struct walk *w = arg;
	uint32_t k;

	memcpy(&k, key, sizeof(k));
	sk_table_del(w->t, &k);
	return true;
}

static void walk_deletes(void **state)
{
	struct walk w = {.t = sk_table_new(64, sizeof(uint32_t), sizeof(uint32_t), seed)};

	for (uint32_t k = 0; k < 50; k++)
		*(uint32_t *)sk_table_put(w.t, &k) = k;
	sk_table_walk(w.t, drop_odd, &w);
	assert_int_equal(w.seen, 50);
	assert_int_equal(w.sum, 49 * 50 / 2);
	assert_int_equal(sk_table_count(w.t), 25);
	for (uint32_t k = 0; k < 50; k++)
		assert_int_equal(sk_table_get(w.t, &k) != NULL, k % 2 == 0);
	/* The callback deleting entries itself. */
	for (uint32_t k = 0; k < 50; k++)
		sk_table_put(w.t, &k);
	w.seen = 0;
	sk_table_walk(w.t, drop_other, &w);
	assert_int_equal(w.seen, 25);
	assert_int_equal(sk_table_count(w.t), 25);
	sk_table_walk(w.t, drop_self_twice, &w);
	assert_int_equal(sk_table_count(w.t), 0);
	sk_table_free(w.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(put_get_del),
		cmocka_unit_test(full_table_says_so),
		cmocka_unit_test(refuses_impossible_sizes),
		cmocka_unit_test(agrees_with_a_model),
		cmocka_unit_test(walk_deletes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
