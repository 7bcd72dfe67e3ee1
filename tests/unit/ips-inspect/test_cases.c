/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options on payloads, as the reference engine answers them: the table in cases.def. */
#include "tests/unit/ips-inspect/one.h"

static const struct {
	const char *options, *payload;
	uint32_t n;
	bool matches;
} cases[] = {
#define CASE(options, payload, matches) {options, payload, sizeof(payload) - 1, matches},
#include "tests/unit/ips-inspect/cases.def"
#undef CASE
};

static void as_the_reference(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct one o;

		one_open(&o, NULL, cases[i].options);
		if (one_match(&o, cases[i].payload, cases[i].n) != cases[i].matches) {
			print_error("%s on case %zu: expected %d\n", cases[i].options, i,
				cases[i].matches);
			wrong++;
		}
		one_close(&o);
	}
	assert_int_equal(wrong, 0);
}

/* The same answer whenever it is asked. */
static void repeated(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct one o;

		one_open(&o, NULL, cases[i].options);
		for (unsigned n = 0; n < 3; n++)
			if (one_match(&o, cases[i].payload, cases[i].n) != cases[i].matches)
				fail_msg("%s, time %u", cases[i].options, n);
		one_close(&o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_reference),
		cmocka_unit_test(repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
