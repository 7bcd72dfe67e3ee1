/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters only grow: across resets, deleted tables, reboots and restarts of the daemon. */
#include "tests/unit/policy/build.h"

#include "fw/fwd/counters.h"
#include "tests/unit/fwd/unit.h"

static void read_one(struct fwd_counters *c, uint32_t number, uint64_t packets, int64_t now)
{
	const struct fw_nft_counter k = {
		.number = number, .packets = packets, .bytes = packets * 100};

	assert_int_equal(fwd_counters_read(c, &k, 1, now), 0);
}

static void expect(const struct fwd_counters *c, uint32_t number, uint64_t packets, int64_t hit)
{
	const struct fwd_counter *e = fwd_counters_find(c, number);

	assert_non_null(e);
	assert_int_equal(e->packets, packets);
	assert_int_equal(e->bytes, packets * 100);
	assert_int_equal(e->last_hit, hit);
}

static void reset_by_others(void **state)
{
	struct fwd_counters c = {0};

	read_one(&c, 1001, 0, 10);
	expect(&c, 1001, 0, 0);
	read_one(&c, 1001, 5, 20);
	expect(&c, 1001, 5, 20);
	read_one(&c, 1001, 5, 30);
	expect(&c, 1001, 5, 20);
	read_one(&c, 1001, 2, 40); /* reset to 0, then 2 */
	expect(&c, 1001, 7, 40);
	read_one(&c, 1001, 3, 50);
	expect(&c, 1001, 8, 50);
	fwd_counters_done(&c);
}

static void table_deleted_and_made_again(void **state)
{
	struct fw_nft_counter *start;
	struct fwd_counters c = {0};
	size_t n;

	read_one(&c, 1001, 5, 20);
	read_one(&c, 1001, 1, 30);
	expect(&c, 1001, 6, 30);
	fwd_counters_gone(&c);
	assert_int_equal(fwd_counters_start(&c, &start, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(start[0].packets, 6);
	assert_int_equal(start[0].bytes, 600);
	free(start);
	fwd_counters_started(&c);
	read_one(&c, 1001, 6, 40);
	expect(&c, 1001, 6, 30);
	read_one(&c, 1001, 9, 50);
	expect(&c, 1001, 9, 50);
	fwd_counters_done(&c);
}

static void through_the_file(void **state)
{
	struct fwd_counters c = {0}, d = {0};
	struct sk_buf b;

	read_one(&c, 1001, 5, 20);
	read_one(&c, 1001, 9, 25);
	read_one(&c, 1001, 1, 30); /* base 9 */
	read_one(&c, 7, 3, 30);
	assert_true(c.changed);
	sk_buf_init(&b, 1 << 20);
	assert_int_equal(fwd_counters_encode(&c, 31, &b), 0);
	assert_false(c.changed);
	assert_int_equal(fwd_counters_decode(b.data, b.len, &d, NULL), 0);
	assert_int_equal(d.n, 2);
	expect(&d, 1001, 10, 30);
	/* The daemon restarted, the kernel counted on. */
	read_one(&d, 1001, 4, 40);
	expect(&d, 1001, 13, 40);
	sk_buf_done(&b);
	fwd_counters_done(&c);
	fwd_counters_done(&d);
}

static void damaged_files(void **state)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"format\":\"sekisho-counters\",\"version\":1,\"counters\":[[1,2,3]]}",
		"{\"format\":\"sekisho-counters\",\"version\":1,\"counters\":[[2,1,1,0,0,0],[1,1,1,"
		"0,0,0]]}",
		"{\"format\":\"sekisho-counters\",\"version\":1,\"counters\":[[2,1,1,0,2,0]]}",
		"{\"format\":\"sekisho-counters\",\"version\":1,\"counters\":[[2,-1,1,0,0,0]]}",
		"{\"format\":\"other\",\"version\":1,\"counters\":[]}",
	};
	struct fwd_counters c = {0};
	struct sk_err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(fwd_counters_decode(bad[i], strlen(bad[i]), &c, &err) < 0);
	assert_int_equal(c.n, 0);
}

static void first_packets_of_a_new_rule_are_hits(void **state)
{
	static const struct t_rule rule = {.number = 1500};
	struct fw_policy *p = t_policy();
	struct fwd_counters c = {0};

	t_add(p, &rule);
	t_finish(p);
	read_one(&c, 1001, 5, 10);
	assert_int_equal(fwd_counters_expect(&c, p), 0);
	fwd_counters_started(&c);
	expect(&c, 1500, 0, 0);
	read_one(&c, 1500, 2, 20);
	expect(&c, 1500, 2, 20);
	expect(&c, 1001, 5, 0); /* gone from the kernel, kept */
	fw_policy_free(p);
	fwd_counters_done(&c);
}

static void many(void **state)
{
	enum { N = 20000 };
	struct fw_nft_counter *k = calloc(N, sizeof(*k));
	struct fwd_counters c = {0};

	for (uint32_t i = 0; i < N; i++)
		k[i] = (struct fw_nft_counter){.number = 1 + (i * 7919) % N, .packets = i};
	assert_int_equal(fwd_counters_read(&c, k, N, 10), 0);
	assert_int_equal(c.n, N);
	for (uint32_t i = 0; i < N; i++)
		k[i].packets++;
	assert_int_equal(fwd_counters_read(&c, k, N, 20), 0);
	assert_int_equal(c.n, N);
	for (uint32_t i = 0; i < N; i += 99) {
		assert_int_equal(fwd_counters_find(&c, k[i].number)->packets, i + 1);
		assert_int_equal(fwd_counters_find(&c, k[i].number)->last_hit, 20);
	}
	free(k);
	fwd_counters_done(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reset_by_others),
		cmocka_unit_test(table_deleted_and_made_again),
		cmocka_unit_test(through_the_file),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(first_packets_of_a_new_rule_are_hits),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
