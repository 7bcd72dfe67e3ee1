/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every state with every event, against a matrix written out by hand. */
#include "rules.h"

#include <errno.h>
#include <string.h>

#define NO (-1)

/*  submit  approve  return  withdraw  apply  suspend  resume  expire  renew  remove */
static const int expected[FW_STATES][FW_EVENTS] = {
	/* draft */
	{FW_REQUESTED, NO, NO, NO, NO, NO, NO, NO, NO, FW_REMOVED},
	/* requested */
	{NO, FW_APPROVED, FW_RETURNED, FW_DRAFT, NO, NO, NO, NO, NO, FW_REMOVED},
	/* returned */
	{FW_REQUESTED, NO, NO, NO, NO, NO, NO, NO, NO, FW_REMOVED},
	/* approved */
	{NO, NO, NO, NO, FW_ACTIVE, FW_SUSPENDED, NO, FW_EXPIRED, NO, FW_REMOVED},
	/* active */
	{NO, NO, NO, NO, NO, FW_SUSPENDED, NO, FW_EXPIRED, NO, FW_REMOVED},
	/* suspended */
	{NO, NO, NO, NO, NO, NO, FW_APPROVED, FW_EXPIRED, NO, FW_REMOVED},
	/* expired */
	{NO, NO, NO, NO, NO, NO, NO, NO, FW_APPROVED, FW_REMOVED},
	/* removed */
	{NO, NO, NO, NO, NO, NO, NO, NO, NO, NO},
};

static void every_pair(void **state)
{
	assert_int_equal(FW_STATES, 8);
	assert_int_equal(FW_EVENTS, 10);
	for (unsigned s = 0; s < FW_STATES; s++) {
		for (unsigned e = 0; e < FW_EVENTS; e++) {
			struct sk_err err = {0};
			enum fw_state next = (enum fw_state)99;
			int r = fw_state_next((enum fw_state)s, (enum fw_event)e, &next, &err);

			if (expected[s][e] == NO) {
				assert_int_equal(r, -ESTALE);
				assert_int_equal(next, 99);
				assert_string_equal(err.path, "state");
				assert_true(err.en[0] && err.ja[0]);
				continue;
			}
			if (r != 0 || (int)next != expected[s][e])
				fail_msg("%s + %s", fw_state_name((enum fw_state)s),
					fw_event_name((enum fw_event)e));
		}
	}
}

static void refusal_says_what_is_possible(void **state)
{
	struct sk_err err = {0};
	enum fw_state next;

	assert_int_equal(fw_state_next(FW_REQUESTED, FW_EV_APPLY, &next, &err), -ESTALE);
	assert_string_equal(err.en,
		"apply is not possible while the record is requested; possible "
		"now: approve, return, withdraw, remove");
	assert_non_null(strstr(err.ja, "承認待ち"));
	assert_non_null(strstr(err.ja, "差し戻し"));
	assert_int_equal(fw_state_next(FW_REMOVED, FW_EV_RENEW, &next, &err), -ESTALE);
	assert_non_null(strstr(err.en, "nothing"));
	assert_int_equal(fw_state_next(FW_REMOVED, FW_EV_RENEW, &next, NULL), -ESTALE);
	assert_int_equal(fw_state_next(FW_STATES, FW_EV_RENEW, &next, &err), -ESTALE);
	assert_int_equal(fw_state_next(FW_DRAFT, FW_EVENTS, &next, &err), -ESTALE);
}

static void names(void **state)
{
	for (unsigned s = 0; s < FW_STATES; s++) {
		enum fw_state back = FW_STATES;

		assert_int_equal(fw_state_parse(fw_state_name((enum fw_state)s), &back), 0);
		assert_int_equal(back, s);
		assert_true(fw_state_text((enum fw_state)s)->en[0]);
		assert_true(fw_state_text((enum fw_state)s)->ja[0]);
		assert_int_equal(
			fw_state_in_kernel((enum fw_state)s), s == FW_APPROVED || s == FW_ACTIVE);
	}
	assert_string_equal(fw_state_text(FW_REQUESTED)->ja, "承認待ち");
	assert_int_equal(fw_state_parse("nosuch", &(enum fw_state){0}), -EINVAL);
	assert_int_equal(fw_state_parse(NULL, &(enum fw_state){0}), -EINVAL);
	assert_non_null(fw_state_name(FW_STATES));
	assert_non_null(fw_event_name(FW_EVENTS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair),
		cmocka_unit_test(refusal_says_what_is_possible),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
