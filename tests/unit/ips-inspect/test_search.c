/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The search for one literal against the plainest possible one, at every place and in either case.
 */
#include "ips/detect/search.h"
#include "tests/unit/ips-inspect/one.h"

static const uint8_t *plain(const struct ips_content *c, const uint8_t *hay, size_t n)
{
	for (size_t at = 0; at + c->len <= n; at++) {
		size_t i;

		for (i = 0; i < c->len; i++)
			if (c->nocase ? ips_lower(c->data[i]) != ips_lower(hay[at + i])
				      : c->data[i] != hay[at + i])
				break;
		if (i == c->len)
			return hay + at;
	}
	return NULL;
}

static uint32_t next(uint32_t *r)
{
	*r ^= *r << 13;
	*r ^= *r >> 17;
	*r ^= *r << 5;
	return *r;
}

/* Few letters, so that near misses and repeats are many. */
static void same_as_plain(void **state)
{
	static const char letters[] = "aAbBzZ@[`{\0\xe1 -";
	uint32_t r = 42;

	for (unsigned round = 0; round < 60000; round++) {
		uint8_t needle[12];
		size_t n = next(&r) % 70;
		unsigned few = 2 + next(&r) % (sizeof(letters) - 2);
		struct ips_content c = {.data = needle, .nocase = next(&r) & 1};
		uint8_t *hay = malloc(n ? n : 1);

		assert_non_null(hay);
		c.len = (uint16_t)(1 + next(&r) % sizeof(needle));
		for (size_t i = 0; i < n; i++)
			hay[i] = (uint8_t)letters[next(&r) % few];
		for (size_t i = 0; i < c.len; i++)
			needle[i] = (uint8_t)letters[next(&r) % few];
		ips_search_prepare(&c);
		assert_true(c.rare < c.len);
		assert_ptr_equal(ips_search(&c, hay, n), plain(&c, hay, n));
		free(hay);
	}
}

/* Every byte value as a one-byte pattern, alone and without case. */
static void every_byte(void **state)
{
	uint8_t hay[256];

	for (unsigned i = 0; i < 256; i++)
		hay[i] = (uint8_t)i;
	for (unsigned i = 0; i < 256; i++) {
		uint8_t b = (uint8_t)i;
		struct ips_content c = {.data = &b, .len = 1};

		ips_search_prepare(&c);
		assert_ptr_equal(ips_search(&c, hay, 256), hay + i);
		c.nocase = true;
		assert_ptr_equal(ips_search(&c, hay, 256), plain(&c, hay, 256));
	}
}

/* A byte that leads the search and is everywhere: the rest must still be found. */
static void common_leader(void **state)
{
	static uint8_t hay[4096];
	uint8_t needle[] = {0, 0, 0, 0, 0, 0, 0, 1};
	struct ips_content c = {.data = needle, .len = sizeof(needle), .rare = 0};

	assert_null(ips_search(&c, hay, sizeof(hay)));
	hay[4095] = 1;
	assert_ptr_equal(ips_search(&c, hay, sizeof(hay)), hay + 4088);
	hay[20] = 1;
	assert_ptr_equal(ips_search(&c, hay, sizeof(hay)), hay + 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_plain),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(common_leader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
