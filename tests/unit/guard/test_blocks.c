/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of blocked sources and its file: nothing is lost, nothing lasts longer than it may. */
#include "tests/unit/fwd/unit.h"

#include <errno.h>

#include "fw/guard/blocks.h"

#define US 1000000ull

static const uint8_t seed[16] = {1};

static struct fw_block block(uint8_t family, unsigned __int128 a, uint64_t until_us)
{
	struct fw_block b = {.addr = {family, a},
		.kind = FW_GUARD_SCAN,
		.since = 1000,
		.until_us = until_us,
		.fresh = true};

	snprintf(b.zone, sizeof(b.zone), "wan");
	return b;
}

static void bounded(void **state)
{
	struct fw_blocks *b = fw_blocks_new(3, seed);
	struct fw_block e;

	for (int round = 0; round < 5; round++) {
		for (uint32_t i = 0; i < 3; i++) {
			e = block(4, i, 5 * US);
			assert_int_equal(fw_blocks_add(b, &e), 0);
			assert_int_equal(fw_blocks_add(b, &e), -EEXIST);
		}
		e = block(6, 1, 5 * US);
		assert_int_equal(fw_blocks_add(b, &e), -ENOSPC);
		assert_null(fw_blocks_find(b, &e.addr)); /* 0.0.0.1 and ::1 are two */
		for (uint32_t i = 0; i < 3; i++) {
			const struct fw_ip ip = {4, i};
			assert_int_equal(fw_blocks_find(b, &ip)->addr.a, i);
			fw_blocks_del(b, &(struct fw_block){.addr = ip});
			fw_blocks_del(b, &(struct fw_block){.addr = ip});
			assert_null(fw_blocks_find(b, &ip));
		}
		assert_int_equal(fw_blocks_count(b), 0);
	}
	fw_blocks_free(b);
	fw_blocks_free(NULL);
}

static bool over(struct fw_block *e, void *arg)
{
	return fw_block_left(e, *(uint64_t *)arg) == 0;
}

static void walking_removes(void **state)
{
	struct fw_blocks *b = fw_blocks_new(4, seed);
	uint64_t now = 10 * US;
	struct fw_block e;

	for (uint32_t i = 0; i < 4; i++) {
		e = block(4, i, (9 + i) * US);
		assert_int_equal(fw_blocks_add(b, &e), 0);
	}
	fw_blocks_walk(b, over, &now);
	assert_int_equal(fw_blocks_count(b), 2); /* those until 11 and 12 */
	for (uint32_t i = 10; i < 12; i++) {
		e = block(4, i, 20 * US);
		assert_int_equal(fw_blocks_add(b, &e), 0);
	}
	assert_int_equal(fw_blocks_add(b, &(struct fw_block){.addr = {4, 99}}), -ENOSPC);
	fw_blocks_free(b);
}

/* One address and the network it is in are two; either answers for the address. */
static void networks(void **state)
{
	static const char *const good[] = {"192.0.2.1", "2001:db8::1", "2001:db8::/64"};
	static const char *const bad[] = {"", "192.0.2.1/64", "2001:db8::1/64", "2001:db8::/63",
		"2001:db8::/64/64", "/64", "x"};
	struct fw_blocks *b = fw_blocks_new(4, seed);
	struct fw_block e = {0}, host = {0};
	struct sk_err err = {0};
	char text[64];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(fw_block_parse(good[i], &e, &err), 0);
		fw_block_format(&e, text, sizeof(text));
		assert_string_equal(text, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(fw_block_parse(bad[i], &host, &err) < 0);
	assert_int_equal(fw_block_parse("2001:db8::77", &host, &err), 0);
	assert_null(fw_blocks_find(b, &host.addr));
	assert_int_equal(fw_blocks_add(b, &e), 0);
	assert_true(fw_blocks_find(b, &host.addr)->net64);
	assert_int_equal(fw_blocks_add(b, &host), 0);
	assert_false(fw_blocks_find(b, &host.addr)->net64);
	fw_blocks_del(b, &host);
	assert_true(fw_blocks_find(b, &host.addr)->net64);
	fw_blocks_del(b, &e);
	assert_int_equal(fw_blocks_count(b), 0);
	fw_blocks_free(b);
}

static void left(void **state)
{
	const struct fw_block e = block(4, 1, 10 * US);

	assert_int_equal(fw_block_left(&e, 0), 10);
	assert_int_equal(fw_block_left(&e, 10 * US - 1), 1);
	assert_int_equal(fw_block_left(&e, 10 * US), 0);
	assert_int_equal(fw_block_left(&e, 11 * US), 0);
}

/* Over a restart, on another clock: the time that was left is left. */
static void file(void **state)
{
	struct fw_blocks *b = fw_blocks_new(8, seed), *again = fw_blocks_new(8, seed);
	struct fw_block e = block(4, 0xcb00710a, 700 * US);
	struct sk_err err = {0};
	struct sk_buf out;

	assert_int_equal(fw_blocks_add(b, &e), 0);
	e = block(6, (unsigned __int128)0x20010db8 << 96 | 1, 650 * US);
	e.kind = FW_GUARD_HAND;
	snprintf(e.who, sizeof(e.who), "tanaka");
	assert_int_equal(fw_blocks_add(b, &e), 0);
	e = block(4, 5, 600 * US); /* over when it is written */
	assert_int_equal(fw_blocks_add(b, &e), 0);
	sk_buf_init(&out, 4096);
	assert_int_equal(fw_blocks_encode(b, 50000, 600 * US, &out), 0);
	/* 60 s later, 7 s after a boot */
	assert_int_equal(fw_blocks_decode(again, out.data, out.len, 50060, 7 * US, &err), 0);
	assert_int_equal(fw_blocks_count(again), 1);
	const struct fw_block *have = fw_blocks_find(again, &(struct fw_ip){4, 0xcb00710a});
	assert_non_null(have);
	assert_int_equal(fw_block_left(have, 7 * US), 40);
	assert_int_equal(have->kind, FW_GUARD_SCAN);
	assert_string_equal(have->zone, "wan");
	assert_int_equal(have->since, 1000);
	assert_false(have->fresh);
	fw_blocks_free(again);
	/* the clock was set back by a year meanwhile: no block of a year */
	again = fw_blocks_new(1, seed); /* nor more than there is room for */
	assert_int_equal(
		fw_blocks_decode(again, out.data, out.len, 50060 - 31536000, 7 * US, &err), 0);
	assert_int_equal(fw_blocks_count(again), 1);
	have = fw_blocks_find(again, &(struct fw_ip){4, 0xcb00710a});
	if (!have)
		have = fw_blocks_find(
			again, &(struct fw_ip){6, (unsigned __int128)0x20010db8 << 96 | 1});
	assert_int_equal(fw_block_left(have, 7 * US), FW_GUARD_BLOCK_MAX);
	sk_buf_done(&out);
	fw_blocks_free(again);
	fw_blocks_free(b);
}

static void damaged_file(void **state)
{
	static const char *const cases[] = {"", "[]", "{}", "{\"format\":\"x\",\"blocks\":[]}",
		"{\"format\":\"sekisho-guard\",\"blocks\":{}}",
		"{\"format\":\"sekisho-guard\",\"blocks\":[1]}",
		"{\"format\":\"sekisho-guard\",\"blocks\":[{\"address\":\"1.2.3\",\"kind\":"
		"\"scan\","
		"\"since\":1,\"until\":9}]}",
		"{\"format\":\"sekisho-guard\",\"blocks\":[{\"address\":\"1.2.3.4\",\"kind\":\"x\","
		"\"since\":1,\"until\":9}]}",
		"{\"format\":\"sekisho-guard\",\"blocks\":[{\"address\":\"1.2.3.4\",\"kind\":"
		"\"scan\","
		"\"zone\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"since\":1,\"until\":9}]}",
		"{\"format\":\"sekisho-guard\",\"blocks\":[{\"address\":\"1.2.3.4\",\"kind\":"
		"\"scan\","
		"\"since\":1}]}"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_blocks *b = fw_blocks_new(4, seed);
		struct sk_err err = {0};

		assert_true(fw_blocks_decode(b, cases[i], strlen(cases[i]), 0, 0, &err) < 0);
		assert_true(err.en[0]);
		fw_blocks_free(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounded),
		cmocka_unit_test(walking_removes),
		cmocka_unit_test(networks),
		cmocka_unit_test(left),
		cmocka_unit_test(file),
		cmocka_unit_test(damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
